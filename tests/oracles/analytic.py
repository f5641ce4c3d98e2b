"""Fields that are solids with soft skins, known in closed form, and what is known of the solids."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dreamcore.fields.base import FieldSample, Parameters
from dreamcore.rng import Draws
from dreamcore.still import Still

Distance = Callable[[Tensor], Tensor]


def ball(radius: float, centre: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Distance:
    return lambda points: torch.linalg.vector_norm(points - torch.tensor(centre), dim=-1) - radius


def torus(ring: float, tube: float) -> Distance:
    """Around the y axis."""

    def distance(points: Tensor) -> Tensor:
        flat = torch.linalg.vector_norm(points[..., [0, 2]], dim=-1) - ring
        return torch.hypot(flat, points[..., 1]) - tube

    return distance


def box(x: float, y: float, z: float) -> Distance:
    def distance(points: Tensor) -> Tensor:
        beyond = points.abs() - torch.tensor([x, y, z])
        return torch.linalg.vector_norm(beyond.clamp(min=0.0), dim=-1) + beyond.amax(-1).clamp(max=0.0)

    return distance


def union(*parts: Distance) -> Distance:
    return lambda points: torch.stack([part(points) for part in parts]).amin(0)


def without(solid: Distance, hole: Distance) -> Distance:
    return lambda points: torch.maximum(solid(points), -hole(points))


@dataclass(frozen=True)
class SoftField:
    """Density `peak` inside, falling through peak / 2 at the surface within about `skin`; red where x > 0, else blue,
    on a ground of green 0.25."""

    distance: Distance
    peak: float = 200.0
    skin: float = 0.01

    def initialise(self, draws: Draws) -> dict[str, Tensor]:
        return {"nothing": torch.zeros(1, 1)}

    def rate_group(self, name: str) -> str:
        return "network"

    def density(self, parameters: Parameters, points: Tensor) -> Tensor:
        return self.peak * torch.sigmoid(-self.distance(points) / self.skin)

    def sample(self, parameters: Parameters, points: Tensor, with_gradient: bool) -> FieldSample:
        assert not with_gradient
        right = (points[..., 0] > 0.0).to(points.dtype)
        albedo = torch.stack([right, torch.full_like(right, 0.25), 1.0 - right], dim=-1)
        return FieldSample(self.density(parameters, points), albedo, None)


def still(distance: Distance, bound: float = 1.0, peak: float = 200.0, skin: float = 0.01) -> Still:
    """The solid as a scene that stands still, seen from 3 units away so that the sphere of `bound` fills the frame."""
    field = SoftField(distance, peak, skin)
    focal = 0.5 / math.tan(math.asin(bound / 3.0))
    return Still(field, {"nothing": torch.zeros(1, 1)}, bound, 0.15, 3.0, focal)
