"""The paper's field: a residual network on integrated positional encodings, with analytic normals (§3.1, A.2).

Axes: S scenes, P points, W units. Every layer is one batched product over the scenes. Normals are the gradient of the
log-density by position, taken by autograd with a graph of its own, so that what depends on normals reaches the
parameters through a second backward pass. SiLU and layer normalisation are smooth, which that pass needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import layer_norm, logsigmoid, silu

from dreamcore.config import LOWEST_LOG_DENSITY, ResidualFieldConfig
from dreamcore.fields.base import FieldSample, Parameters
from dreamcore.fields.encodings import integrated_encoding
from dreamcore.rng import Draws, Purpose

_FIRST_STREAM = 16  # the streams below belong to other fields


def log_blob(points: Float[Tensor, "*n 3"], strength: float, radius: float) -> Float[Tensor, "*n"]:
    """Logarithm of the density blob, a Gaussian whose peak is `strength` (A.2)."""
    return math.log(strength) - (points * points).sum(-1) / (2.0 * radius**2)


def dense(
    parameters: Parameters, name: str, values: Float[Tensor, "scenes points inputs"]
) -> Float[Tensor, "scenes points outputs"]:
    """One layer of every scene: values times `name_weight` plus `name_bias`."""
    return torch.baddbmm(parameters[f"{name}_bias"], values, parameters[f"{name}_weight"])


@dataclass(frozen=True, eq=False)
class ResidualField:
    """Made anew for each step: `variance` is the encoding's covariance scale of each scene at that step."""

    config: ResidualFieldConfig
    variance: Float[Tensor, " scenes"]

    def initialise(self, draws: Draws) -> dict[str, Tensor]:
        """Weights normal with variance 2 / fan-in, or 1 / fan-in where no SiLU follows, the output's damped by 0.3;
        biases 0. The paper does not state how it starts."""
        width, scenes, device = self.config.width, len(draws.seeds), draws.seeds.device
        inside = [layer for k in range(self.config.blocks) for layer in ((f"block{k}_in", 2.0), (f"block{k}_out", 1.0))]
        shapes = {"encoding": (6 * self.config.frequencies, width, 2.0)}
        shapes |= {name: (width, width, gain) for name, gain in inside}
        shapes["output"] = (width, 4, 0.09)
        parameters = {}
        for stream, (name, (inputs, outputs, gain)) in enumerate(shapes.items(), _FIRST_STREAM):
            weight = draws.normal(Purpose.INITIAL, (inputs, outputs), stream)
            parameters[f"{name}_weight"] = weight * (gain / inputs) ** 0.5
            parameters[f"{name}_bias"] = torch.zeros(scenes, 1, outputs, device=device)
        for k in range(1, self.config.blocks):
            parameters[f"norm{k}_scale"] = torch.ones(scenes, 1, width, device=device)
            parameters[f"norm{k}_shift"] = torch.zeros(scenes, 1, width, device=device)
        return parameters

    def rate_group(self, name: str) -> str:
        """Everything here is a network."""
        return "network"

    def density(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        return self._activate(self._log_density(self._network(parameters, points)[..., 0], points))

    def sample(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"], with_gradient: bool
    ) -> FieldSample:
        """The gradient is that of the unclamped log-density, by position. Parameters are reached through it where the
        caller records gradients; elsewhere it is taken all the same and comes without a graph."""
        if not with_gradient:
            return self._sample(parameters, points)[0]
        recording = torch.is_grad_enabled()
        with torch.enable_grad():
            at = points.detach().requires_grad_()
            found, log_density = self._sample(parameters, at)
            # a point's density depends on no other point: the gradient of the sum has each point's own
            (gradient,) = torch.autograd.grad(log_density.sum(), at, create_graph=recording)
        if recording:
            return FieldSample(found.density, found.albedo, gradient)
        return FieldSample(found.density.detach(), found.albedo.detach(), gradient)

    def _sample(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> tuple[FieldSample, Float[Tensor, "scenes points"]]:
        output = self._network(parameters, points)
        log_density = self._log_density(output[..., 0], points)
        return FieldSample(self._activate(log_density), torch.sigmoid(output[..., 1:]), None), log_density

    def _network(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points 4"]:
        variance = self.variance.to(points)[:, None]
        hidden = dense(parameters, "encoding", integrated_encoding(points, variance, self.config.frequencies))
        for k in range(self.config.blocks):
            if k > 0:  # "layer normalization between blocks" (A.2)
                hidden = layer_norm(hidden, hidden.shape[-1:])
                hidden = hidden * parameters[f"norm{k}_scale"] + parameters[f"norm{k}_shift"]
            inside = silu(dense(parameters, f"block{k}_in", hidden))
            hidden = hidden + dense(parameters, f"block{k}_out", inside)
        return dense(parameters, "output", hidden)

    def _log_density(
        self, output: Float[Tensor, "scenes points"], points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        output = output + self.config.density_bias
        blob = log_blob(points, self.config.blob_strength, self.config.blob_radius)
        if self.config.blob_added == "before":
            return output + torch.exp(blob)
        # logaddexp, whose second derivative overflows where the two are far apart
        return torch.maximum(output, blob) - logsigmoid((output - blob).abs())

    def _activate(self, log_density: Float[Tensor, "scenes points"]) -> Float[Tensor, "scenes points"]:
        return torch.exp(log_density.clamp(LOWEST_LOG_DENSITY, self.config.log_density_max))
