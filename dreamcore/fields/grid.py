"""A hash-grid field: multi-resolution tables, a decoder of one hidden layer, and a density blob to start from.

Axes: S scenes, P points, F features (levels x channels), H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.config import LOWEST_LOG_DENSITY, GridFieldConfig
from dreamcore.fields.base import FieldSample, Parameters
from dreamcore.fields.interpolation import interpolate, make_levels
from dreamcore.kernels import usable
from dreamcore.rng import Draws, Purpose


def blob(config: GridFieldConfig, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n"]:
    """The density bias at points in scene units (§3.2)."""
    square = (points * points).sum(-1)
    if config.blob_shape == "gaussian":
        return config.blob_strength * torch.exp(-square / (2.0 * config.blob_radius**2))
    return config.blob_strength * (1.0 - square.clamp(min=1e-6).sqrt() / config.blob_radius)


def blob_gradient(config: GridFieldConfig, points: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 3"]:
    """The bias's spatial gradient, by hand."""
    square = (points * points).sum(-1, keepdim=True)
    if config.blob_shape == "gaussian":
        value = config.blob_strength * torch.exp(-square / (2.0 * config.blob_radius**2))
        return -value * points / config.blob_radius**2
    return -config.blob_strength / config.blob_radius * points / square.clamp(min=1e-6).sqrt()


@dataclass(frozen=True)
class GridField:
    """`bound` is the radius of the scene: the tables span the cube around that sphere."""

    config: GridFieldConfig
    bound: float

    @property
    def _features(self) -> int:
        return len(self.config.resolutions) * self.config.channels

    def initialise(self, draws: Draws) -> dict[str, Tensor]:
        """Tables uniform in +-init_scale; weights normal with variance 2 / fan-in, output weights damped by 0.3."""
        config, features = self.config, self._features
        levels = make_levels(config.resolutions, config.table_size)
        rows = sum(level.rows for level in levels)
        table = draws.uniform(Purpose.INITIAL, (rows, config.channels))
        scenes, device = len(draws.seeds), draws.seeds.device
        return {
            "table": (table * 2.0 - 1.0) * config.init_scale,
            "hidden_weight": draws.normal(Purpose.INITIAL, (features, config.hidden), 1) * (2.0 / features) ** 0.5,
            "hidden_bias": torch.zeros(scenes, 1, config.hidden, device=device),
            "output_weight": draws.normal(Purpose.INITIAL, (config.hidden, 4), 2) * 0.3 / config.hidden**0.5,
            "output_bias": torch.zeros(scenes, 1, 4, device=device),
        }

    def rate_group(self, name: str) -> str:
        """Tables learn at the grid's rate, everything else at the network's."""
        return "grid" if name == "table" else "network"

    def density(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        if usable(points):
            from dreamcore.fields import grid_cuda

            return grid_cuda.density(self.config, self.bound, parameters, points)
        return self.density_plainly(parameters, points)

    def density_plainly(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        """The definition of `density`, which a kernel gives on a GPU."""
        return self._activate(self._decode(parameters, points, False)[0][..., 0], points)

    def sample(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"], with_gradient: bool
    ) -> FieldSample:
        output, gradient = self._decode(parameters, points, with_gradient)
        return FieldSample(self._activate(output[..., 0], points), torch.sigmoid(output[..., 1:]), gradient)

    def _activate(
        self, output: Float[Tensor, "scenes points"], points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        log_density = output + blob(self.config, points)
        return torch.exp(log_density.clamp(LOWEST_LOG_DENSITY, self.config.log_density_max))

    def _decode(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"], with_gradient: bool
    ) -> tuple[Float[Tensor, "scenes points 4"], Float[Tensor, "scenes points 3"] | None]:
        """The decoder's four outputs and the gradient of the first plus the blob's."""
        levels = make_levels(self.config.resolutions, self.config.table_size)
        features = interpolate(parameters["table"], levels, points / self.bound, with_gradient)
        weight = parameters["hidden_weight"]
        value = features[0].permute(1, 2, 0)
        hidden = torch.baddbmm(parameters["hidden_bias"], value, weight).relu()
        output = torch.baddbmm(parameters["output_bias"], hidden, parameters["output_weight"])
        if not with_gradient:
            return output, None
        # chain rule from the density output back to the features, then along their spatial derivatives
        back = (hidden > 0).to(hidden.dtype) * parameters["output_weight"][:, :, 0][:, None]
        by_feature = torch.bmm(weight, back.transpose(1, 2)).transpose(0, 1)
        gradient = (features[1:] * by_feature).sum(1).permute(1, 2, 0) / self.bound
        return output, gradient + blob_gradient(self.config, points)
