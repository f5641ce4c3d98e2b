"""Random views of solids for the training data, as DreamFusion draws them while it optimises (§3.1, §3.2, A.2).

Letters: v views; angles in degrees, lengths in scene units, focal lengths in image widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from dreamcore.cameras import Cameras, look_at, spherical
from dreamcore.config.base import Range, require, require_range
from dreamcore.objects.tracer import Views

HIGH = 40.0  # degrees: views from above it are a stratum of their own


@dataclass(frozen=True, kw_only=True)
class ViewSettings:
    """What views are drawn from. In a share `front_or_back` of them the camera is within 45 degrees of azimuth of the
    front or the back; in the others it is anywhere around. Elevations are below 40 degrees in a share `below_40` of the
    views; there and above, they are uniform in area with `area_probability`, else uniform in angle. `focal` is times
    the camera's distance. The light's direction is a normal of standard deviation `light_spread` around the direction
    of the camera. A share `albedo_only` of the views is unlit; of the lit ones a share `textureless` has no texture,
    and of the others a share `glossy` has highlights. Diffuse strength is one minus ambient strength."""

    front_or_back: float = 0.0
    elevation: Range = (-10.0, 90.0)
    below_40: float = 0.6
    area_probability: float = 0.5
    radius: Range = (2.4, 3.4)
    focal: Range = (0.55, 0.80)
    position_jitter: float = 0.05
    look_at_jitter: float = 0.03
    up_jitter: float = 0.02
    light_spread: float = 1.3
    light_distance: Range = (2.5, 4.0)
    albedo_only: float = 0.35
    ambient: Range = (0.3, 0.6)
    textureless: float = 0.12
    glossy: float = 0.25

    def __post_init__(self) -> None:
        require_range("elevation", self.elevation, -90.0, 90.0)
        require(self.elevation[0] < HIGH < self.elevation[1], "elevation", self.elevation, f"around {HIGH}")
        require_range("radius", self.radius, low=1.5)  # outside the sphere that holds the solid
        require_range("focal", self.focal, low=1e-3)
        require_range("light_distance", self.light_distance, low=1e-3)
        require_range("ambient", self.ambient, 0.0, 1.0)
        for name in ("front_or_back", "below_40", "area_probability", "albedo_only", "textureless", "glossy"):
            require(0.0 <= getattr(self, name) <= 1.0, name, getattr(self, name), "in [0, 1]")
        for name in ("position_jitter", "look_at_jitter", "up_jitter", "light_spread"):
            require(getattr(self, name) >= 0.0, name, getattr(self, name), "at least 0")


def sample_views(
    generator: np.random.Generator, count: int, settings: ViewSettings
) -> tuple[Views, Float[Tensor, " v"], Float[Tensor, " v"]]:
    """Views, and the azimuth in (-180, 180] and elevation of their cameras."""
    cameras = _cameras(generator, count, settings)
    position = cameras.position[0]
    around = normalize(position, dim=1) + settings.light_spread * _normal(generator, count)
    unlit = _chance(generator, count, settings.albedo_only)
    textureless = _chance(generator, count, settings.textureless) & ~unlit
    glossy = _chance(generator, count, settings.glossy) & ~unlit & ~textureless
    ambient = torch.where(unlit, 1.0, _uniform(generator, count, settings.ambient))
    views = Views(
        position=position,
        rotation=cameras.rotation[0],
        focal=cameras.focal[0],
        light=normalize(around, dim=1) * _uniform(generator, count, settings.light_distance)[:, None],
        ambient=ambient,
        diffuse=1.0 - ambient,
        gloss=glossy.float(),
        textureless=textureless,
    )
    return views, cameras.azimuth()[0], cameras.elevation()[0]


def _cameras(generator: np.random.Generator, count: int, settings: ViewSettings) -> Cameras:
    azimuth = _azimuths(generator, count, settings)
    elevation = _tensor(_elevations(generator, count, settings))
    jitter = settings.position_jitter
    shift = _tensor(generator.uniform(-jitter, jitter, (count, 3)))
    position = spherical(azimuth, elevation, _uniform(generator, count, settings.radius)) + shift
    up = torch.tensor([0.0, 1.0, 0.0]) + settings.up_jitter * _normal(generator, count)
    rotation = look_at(position, settings.look_at_jitter * _normal(generator, count), up)
    focal = position.norm(dim=1) * _uniform(generator, count, settings.focal)
    return Cameras(position[None], rotation[None], focal[None])


def _azimuths(generator: np.random.Generator, count: int, settings: ViewSettings) -> Float[Tensor, " v"]:
    around = _uniform(generator, count, (0.0, 360.0))
    if settings.front_or_back == 0.0:
        return around
    behind = 180.0 * _chance(generator, count, 0.5)
    return torch.where(_chance(generator, count, settings.front_or_back), around / 4.0 - 45.0 + behind, around)


def _elevations(generator: np.random.Generator, count: int, settings: ViewSettings) -> NDArray[np.float64]:
    below = generator.random(count) < settings.below_40
    low, high = np.where(below, settings.elevation[0], HIGH), np.where(below, HIGH, settings.elevation[1])
    u = generator.random(count)
    bottom, top = np.sin(np.deg2rad(low)), np.sin(np.deg2rad(high))
    area = np.rad2deg(np.arcsin(bottom + (top - bottom) * u))
    return np.where(generator.random(count) < settings.area_probability, area, low + (high - low) * u)


def _tensor(values: NDArray[np.float64]) -> Float[Tensor, "*shape"]:
    return torch.from_numpy(values.astype(np.float32))


def _uniform(generator: np.random.Generator, count: int, bounds: Range) -> Float[Tensor, " v"]:
    return _tensor(generator.uniform(*bounds, count))


def _normal(generator: np.random.Generator, count: int) -> Float[Tensor, "v 3"]:
    return _tensor(generator.standard_normal((count, 3)))


def _chance(generator: np.random.Generator, count: int, probability: float) -> Bool[Tensor, " v"]:
    return torch.from_numpy(generator.random(count) < probability)
