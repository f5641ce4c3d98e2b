"""Cameras on a shell around the object, their rays, and point lights (§3.2, A.2).

Axes: S scenes, V views, R rays of a view (row by row from the top left). y is up, azimuth 0 looks from +z at the
object's front and grows towards +x; angles in degrees, lengths in scene units, focal lengths in image widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from dreamcore.config import CameraConfig, LightConfig
from dreamcore.placement import placed
from dreamcore.rng import Draws, Purpose


@dataclass(frozen=True)
class Cameras:
    """`rotation` has the camera's right, up and forward axes as rows; all orthonormal."""

    position: Float[Tensor, "scenes views 3"]
    rotation: Float[Tensor, "scenes views 3 3"]
    focal: Float[Tensor, "scenes views"]

    def azimuth(self) -> Float[Tensor, "scenes views"]:
        """Degrees in (-180, 180], of the position seen from the origin."""
        return torch.rad2deg(torch.atan2(self.position[..., 0], self.position[..., 2]))

    def elevation(self) -> Float[Tensor, "scenes views"]:
        """Degrees above the horizon."""
        return torch.rad2deg(torch.asin((self.position[..., 1] / self.radius()).clamp(-1.0, 1.0)))

    def radius(self) -> Float[Tensor, "scenes views"]:
        length: Tensor = torch.linalg.vector_norm(self.position, dim=-1)
        return length

    def to(self, device: torch.device) -> Cameras:
        return Cameras(placed(self.position, device), placed(self.rotation, device), placed(self.focal, device))


def spherical(
    azimuth: Float[Tensor, "*n"], elevation: Float[Tensor, "*n"], radius: Float[Tensor, "*n"]
) -> Float[Tensor, "*n 3"]:
    """Positions from degrees and radii."""
    a, e = torch.deg2rad(azimuth), torch.deg2rad(elevation)
    return radius[..., None] * torch.stack([a.sin() * e.cos(), e.sin(), a.cos() * e.cos()], dim=-1)


def look_at(
    position: Float[Tensor, "*n 3"], target: Float[Tensor, "*n 3"], up: Float[Tensor, "*n 3"]
) -> Float[Tensor, "*n 3 3"]:
    """Right, up and forward axes. Where `up` lies along the line of sight, right is +x."""
    forward = normalize(target - position, dim=-1)
    right = torch.linalg.cross(forward, up, dim=-1)
    # at the pole any right will do: the one of azimuth 0
    right = torch.where(right.norm(dim=-1, keepdim=True) > 1e-4, right, right.new_tensor([1.0, 0.0, 0.0]))
    right = normalize(right, dim=-1)
    return torch.stack([right, torch.linalg.cross(right, forward, dim=-1), forward], dim=-2)


def orbit(azimuth: Sequence[float], elevation: float, radius: float, focal: float, scenes: int = 1) -> Cameras:
    """One view an azimuth, without jitter, the same for every scene."""
    a = torch.tensor(list(azimuth), dtype=torch.float32).expand(scenes, -1)
    position = spherical(a, torch.full_like(a, elevation), torch.full_like(a, radius))
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(position)
    return Cameras(position, look_at(position, torch.zeros_like(position), up), torch.full_like(a, focal))


def _between(ranges: Sequence[tuple[float, float]], u: Float[Tensor, "scenes views"]) -> Float[Tensor, "scenes views"]:
    low, high = torch.tensor(list(ranges), dtype=torch.float32).unbind(1)
    return low[:, None] + (high - low)[:, None] * u


def sample_elevation(
    configs: Sequence[CameraConfig], u: Float[Tensor, "scenes views"], choice: Float[Tensor, "scenes views"]
) -> Float[Tensor, "scenes views"]:
    """Uniform in area with `area_probability`, else uniform in angle (A.2). `u` and `choice` are uniform in [0, 1)."""
    angle = _between([config.elevation for config in configs], u)
    bounds = torch.deg2rad(torch.tensor([config.elevation for config in configs], dtype=torch.float32)).sin()
    area = torch.rad2deg(torch.asin((bounds[:, :1] + (bounds[:, 1:] - bounds[:, :1]) * u).clamp(-1.0, 1.0)))
    probability = torch.tensor([[config.area_probability] for config in configs])
    return torch.where(choice < probability, area, angle)


def sample_cameras(draws: Draws, configs: Sequence[CameraConfig], views: int) -> Cameras:
    """One camera a scene and view, with the jitter of A.2, on the device of the draws (the CPU)."""
    u = draws.uniform(Purpose.CAMERA, (views, 5))
    azimuth = _between([config.azimuth for config in configs], u[..., 0])
    elevation = sample_elevation(configs, u[..., 1], u[..., 2])
    radius = _between([config.radius for config in configs], u[..., 3])
    focal = _between([config.focal for config in configs], u[..., 4])
    jitter = torch.tensor([(c.position_jitter, c.look_at_jitter, c.up_jitter) for c in configs])[:, None, :, None]

    shift = draws.uniform(Purpose.CAMERA, (views, 3), stream=1) * 2.0 - 1.0
    wobble = draws.normal(Purpose.CAMERA, (views, 2, 3), stream=2)
    position = spherical(azimuth, elevation, radius) + jitter[:, :, 0] * shift
    up = torch.tensor([0.0, 1.0, 0.0]) + jitter[:, :, 2] * wobble[:, :, 1]
    follows = torch.tensor([[config.focal_follows_radius] for config in configs])
    focal = torch.where(follows, focal * position.norm(dim=-1), focal)
    return Cameras(position, look_at(position, jitter[:, :, 1] * wobble[:, :, 0], up), focal)


def sample_lights(
    draws: Draws, configs: Sequence[LightConfig], position: Float[Tensor, "scenes views 3"]
) -> Float[Tensor, "scenes views 3"]:
    """One light a view: direction from a normal around the camera's position, distance uniform (§3.2)."""
    views = position.shape[1]
    spread = torch.tensor([config.spread for config in configs])[:, None, None]
    direction = normalize(position + spread * draws.normal(Purpose.LIGHT, (views, 3)), dim=-1)
    u = draws.uniform(Purpose.LIGHT, (views,), stream=1)
    return direction * _between([config.distance for config in configs], u)[..., None]


def ray_directions(cameras: Cameras, resolution: int) -> Float[Tensor, "scenes views rays 3"]:
    """Unit directions through the pixel centres of a square image."""
    centre = (torch.arange(resolution, device=cameras.focal.device) + 0.5) / resolution - 0.5
    y, x = torch.meshgrid(-centre, centre, indexing="ij")
    x, y = x.reshape(-1), y.reshape(-1)
    focal = cameras.focal[..., None].expand(*cameras.focal.shape, len(x))
    local = torch.stack([x.expand_as(focal), y.expand_as(focal), focal], dim=-1)
    return normalize(local @ cameras.rotation, dim=-1)


def sphere_interval(
    origin: Float[Tensor, "*n 3"], direction: Float[Tensor, "*n 3"], radius: float
) -> tuple[Float[Tensor, "*n"], Float[Tensor, "*n"]]:
    """Where rays enter and leave the sphere around the origin, not before their start; equal where they miss it."""
    b = (origin * direction).sum(-1)
    c = (origin * origin).sum(-1) - radius * radius
    half = (b * b - c).clamp(min=0.0).sqrt()
    near = (-b - half).clamp(min=0.0)
    return near, torch.maximum(-b + half, near)
