"""The proposal network: a small field of density alone that says where the large one is worth asking.

Axes: S scenes, P points. A perceptron on the encoding of the residual field, as in mip-NeRF 360, rather than a small
grid: a proposal has to enclose the scene's weights, not to follow them, so what a grid resolves is of no use here, and
the paper's optimiser keeps its matrices for layers of at most some thousand rows, which the tables of a grid exceed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import silu

from dreamcore.config import LOWEST_LOG_DENSITY, ProposalSamplingConfig
from dreamcore.fields.base import Parameters
from dreamcore.fields.encodings import integrated_encoding
from dreamcore.fields.residual import dense, log_blob
from dreamcore.rng import Draws, Purpose

_FIRST_STREAM = 64


@dataclass(frozen=True, eq=False)
class ProposalField:
    """Made anew for each step: `variance` is the encoding's covariance scale of each scene at that step. Its parameters
    are named `proposal_*`, so that they can stand beside a field's."""

    config: ProposalSamplingConfig
    variance: Float[Tensor, " scenes"]

    def initialise(self, draws: Draws) -> dict[str, Tensor]:
        """Weights normal with variance 2 / fan-in, the output's damped by 0.3; biases 0. It starts near the blob."""
        scenes, device = len(draws.seeds), draws.seeds.device
        sizes = [6 * self.config.frequencies, *[self.config.width] * self.config.layers, 1]
        parameters = {}
        for k, (inputs, outputs) in enumerate(pairwise(sizes)):
            gain = 2.0 if k < self.config.layers else 0.09
            weight = draws.normal(Purpose.INITIAL, (inputs, outputs), _FIRST_STREAM + k)
            parameters[f"proposal_layer{k}_weight"] = weight * (gain / inputs) ** 0.5
            parameters[f"proposal_layer{k}_bias"] = torch.zeros(scenes, 1, outputs, device=device)
        return parameters

    def density(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        """Density per unit length."""
        hidden = integrated_encoding(points, self.variance.to(points)[:, None], self.config.frequencies)
        for k in range(self.config.layers):
            hidden = silu(dense(parameters, f"proposal_layer{k}", hidden))
        output = dense(parameters, f"proposal_layer{self.config.layers}", hidden)[..., 0] + self.config.density_bias
        log_density = output + torch.exp(log_blob(points, self.config.blob_strength, self.config.blob_radius))
        return torch.exp(log_density.clamp(LOWEST_LOG_DENSITY, self.config.log_density_max))
