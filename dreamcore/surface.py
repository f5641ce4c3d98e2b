"""From a field to a mesh: where its surface is, and what colour.

A field has no surface, only a density. The surface is put where the density passes a threshold, and the threshold is
the one whose solid has the silhouettes that the field's own views have (`silhouette_threshold`).

Axes: one scene; R rays, N samples a ray, P points, V vertices, F faces, x y z points of a grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from dreamcore.cameras import Cameras, look_at, spherical
from dreamcore.compositing import accumulate, weights
from dreamcore.mesh import Mesh, decimate, keep_large, vertex_normals, zero_surface
from dreamcore.render import even_rays, keep_occupied, occupancy
from dreamcore.scene import Scene
from dreamcore.still import Still, hold_still
from dreamcore.texture import with_texture

_AT_ONCE = 2**17  # points: memory goes with them
_TOLERANCE = 0.002  # of the silhouettes' IoU: thresholds this near to the best are as good
_VIEW_SIDE, _VIEW_SAMPLES, _PRUNE_SIDE = 64, 128, 64
_FEWEST = 4  # rays that must be stopped for there to be anything
_DEEP = 16  # samples, half a cell apart, around a point of the surface that its colour is taken from
_STEEPEST = 10.0  # of the level: e^10 times the threshold is solid, whatever is beyond


class NoSurface(ValueError):
    """There is nothing to put a surface around; the message says why."""


@dataclass(frozen=True, kw_only=True)
class SurfaceConfig:
    """`resolution` cells along each side of the cube around the scene; at most about `faces` faces; pieces with less
    than `smallest` of the largest one's volume are left out. `threshold` is a density per scene unit, None for the one
    that fits the views. `texture` is the side of a picture around the mesh in pixels, 0 for colours at vertices alone.
    """

    resolution: int = 128
    faces: int = 20_000
    smallest: float = 0.02
    threshold: float | None = None
    texture: int = 0

    def __post_init__(self) -> None:
        if not 8 <= self.resolution <= 512:
            raise ValueError(f"resolution = {self.resolution}: must be from 8 to 512")
        if self.faces < 100:
            raise ValueError(f"faces = {self.faces}: must be at least 100")
        if not 0.0 <= self.smallest <= 1.0:
            raise ValueError(f"smallest = {self.smallest}: must be in [0, 1]")
        if self.threshold is not None and not 0.0 < self.threshold < math.inf:
            raise ValueError(f"threshold = {self.threshold}: must be above 0")
        if self.texture and not 64 <= self.texture <= 8192:
            raise ValueError(f"texture = {self.texture}: must be 0 or from 64 to 8192")


@dataclass(frozen=True, eq=False)
class Surface:
    """`threshold` is the density of the surface and `iou` how well the silhouettes of what is denser agree with those
    of the field's own views, before small pieces were left out."""

    mesh: Mesh
    threshold: float
    iou: float


def surface_of(scene: Scene, config: SurfaceConfig = SurfaceConfig()) -> Surface:
    """The scene's surface, found on the device of its tensors. Raises NoSurface for a scene that is empty."""
    return find_surface(hold_still(scene), config)


@torch.no_grad()
def find_surface(still: Still, config: SurfaceConfig) -> Surface:
    """The same of a field by itself."""
    peak, opacity = seen(still)
    if config.threshold is None:
        threshold, iou = silhouette_threshold(peak, opacity, math.log(2.0) / (2.0 * still.bound))
    else:
        threshold, iou = config.threshold, silhouette_iou(peak, opacity, config.threshold)
    step = 2.0 * still.bound / config.resolution
    level = level_set(still, threshold, config.resolution)
    if np.isnan(level).any():
        raise NoSurface(f"the density is not a number at {np.isnan(level).sum()} of {level.size} points")
    level = keep_large(level, config.smallest)
    if not (level > 0.0).any():
        raise NoSurface(f"no point of a grid of {config.resolution} cells a side is denser than {threshold:.3g}")
    vertices, faces = decimate(*zero_surface(level, -still.bound - step, step), config.faces)
    normals = vertex_normals(vertices, faces)
    mesh = Mesh(vertices, faces, normals, surface_colors(still, vertices, normals, step))
    if config.texture:
        mesh = with_texture(mesh, config.texture, lambda points, out: surface_colors(still, points, out, step))
    return Surface(mesh, threshold, iou)


# ---- the threshold ---------------------------------------------------------------------------------------------------


def silhouette_iou(peak: Float[Tensor, " rays"], opacity: Float[Tensor, " rays"], threshold: float) -> float:
    """Of the rays that meet a density of `threshold` and those that are at least half stopped: how many are both, as
    a share of those that are either. `peak` is the largest density on each ray."""
    solid, stopped = peak >= threshold, opacity >= 0.5
    either = (solid | stopped).sum()
    return float((solid & stopped).sum() / either) if either else 1.0


def silhouette_threshold(
    peak: Float[Tensor, " rays"], opacity: Float[Tensor, " rays"], least: float
) -> tuple[float, float]:
    """The density whose solid has the silhouettes of the views, and their IoU.

    All thresholds are tried at once: a ray's peak is the threshold at which it leaves the silhouette. Of those that
    are as good as the best one within a tolerance, the (geometric) middle is taken, far from either edge. `least` is
    the lowest edge there can be: a density that hardly stops half the light on the longest way through. Raises
    NoSurface where hardly a ray is stopped.
    """
    stopped = opacity >= 0.5
    if bool(peak.isnan().any()):
        raise NoSurface(f"the density is not a number on {int(peak.isnan().sum())} of {len(peak)} rays")
    if int(stopped.sum()) < _FEWEST:
        most = float(opacity.max()) if len(opacity) else 0.0
        raise NoSurface(f"the scene is empty: no view shows anything opaque (the most opaque ray stops {most:.0%})")
    falling, order = torch.sort(peak, descending=True, stable=True)
    inside = stopped[order]
    iou = inside.cumsum(0) / (inside.sum() + (~inside).cumsum(0))
    # rays with equal peaks enter together: only the last of them is a choice
    last = torch.cat([falling[1:] < falling[:-1], falling.new_ones(1, dtype=torch.bool)]) & (falling > 0.0)
    falling, iou = falling[last], iou[last]
    best = int(iou.argmax())
    good = iou >= iou[best] - _TOLERANCE
    first = int((~good[:best]).nonzero().max()) + 1 if not bool(good[:best].all()) else 0
    beyond = (~good[best:]).nonzero()
    end = best + int(beyond.min()) if len(beyond) else len(good)
    high = float(falling[first])
    low = float(falling[end]) if end < len(falling) else min(least, high)
    return math.sqrt(high * low), float(iou[best])


def seen(still: Still) -> tuple[Float[Tensor, " rays"], Float[Tensor, " rays"]]:
    """Peak density and opacity of every ray of 12 views all around, from above and from below."""
    around = torch.tensor([30.0 * view for view in range(12)])
    height = torch.tensor([0.0, 40.0, -30.0]).repeat(4)
    occupied = occupancy(still.field, still.parameters, _PRUNE_SIDE, still.bound, still.empty)
    found = [_look(still, camera, occupied) for camera in _cameras(still, around, height)]
    return torch.cat([peak for peak, _ in found]), torch.cat([opacity for _, opacity in found])


def _cameras(still: Still, azimuth: Float[Tensor, " views"], elevation: Float[Tensor, " views"]) -> Iterator[Cameras]:
    position = spherical(azimuth, elevation, torch.full_like(azimuth, still.radius))
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(position)
    rotation = look_at(position, torch.zeros_like(position), up)
    for view in range(len(azimuth)):
        focal = torch.full((1, 1), still.focal)
        yield Cameras(position[None, view : view + 1], rotation[None, view : view + 1], focal).to(still.device)


def _look(
    still: Still, camera: Cameras, occupied: Bool[Tensor, "1 x y z"]
) -> tuple[Float[Tensor, " rays"], Float[Tensor, " rays"]]:
    middle = torch.full((1, 1, _VIEW_SIDE**2), 0.5, device=still.device)
    rays = even_rays(camera, _VIEW_SIDE, _VIEW_SAMPLES, still.bound, middle).spread()
    kept = keep_occupied(rays, occupied, still.bound)
    found = _density(still, kept.gather(rays.points.flatten(1, 3))[0])
    density = kept.scatter(found[None, :, None]).view(rays.depth.shape)
    opacity = weights(density, rays.spacing.expand_as(density)).sum(-1)
    return density.amax(-1).flatten(), opacity.flatten()


# ---- the grid --------------------------------------------------------------------------------------------------------


def level_set(still: Still, threshold: float, resolution: int) -> Float[np.ndarray, "x y z"]:
    """log(density / threshold) on the points of a grid of `resolution` cells a side and one more around it, cut off by
    the sphere that the field lives in: above 0 inside. The logarithm is what fields learn, and so nearly linear between
    neighbouring points; where the sphere cuts, the level is the distance to it in cells."""
    step = 2.0 * still.bound / resolution
    axis = (torch.arange(resolution + 3, device=still.device) - 1.0) * step - still.bound
    planes = []
    for x in axis:
        y, z = torch.meshgrid(axis, axis, indexing="ij")
        points = torch.stack([x.expand_as(y), y, z], dim=-1).flatten(0, 1)
        density = _density(still, points)
        logarithm = torch.log(density / threshold).clamp(-_STEEPEST, _STEEPEST)
        depth = (still.bound - torch.linalg.vector_norm(points, dim=-1)) / step
        planes.append(torch.minimum(logarithm, depth).view(y.shape).cpu())
    grid: np.ndarray = torch.stack(planes).float().numpy()
    return grid


def _density(still: Still, points: Float[Tensor, "points 3"]) -> Float[Tensor, " points"]:
    parts = [still.field.density(still.parameters, some[None])[0] for some in points.split(_AT_ONCE)]
    return torch.cat(parts)


# ---- colours ---------------------------------------------------------------------------------------------------------


def surface_colors(
    still: Still,
    points: Float[np.ndarray, "points 3"],
    normals: Float[np.ndarray, "points 3"],
    step: float,
) -> UInt8[np.ndarray, "points 3"]:
    """What a ray straight onto each point of the surface sees of the albedo, as sRGB, from 4 cells before it to 4 cells
    behind: the field is soft, and what is seen is not what is at the surface alone. `step` is a cell's side."""
    found = []
    offsets = (torch.arange(_DEEP, device=still.device) - _DEEP / 2.0) * (step / 2.0)
    for part in range(0, len(points), _AT_ONCE // _DEEP):
        at, out = (
            torch.from_numpy(values[part : part + _AT_ONCE // _DEEP]).to(still.device) for values in (points, normals)
        )
        along = at[:, None] - offsets[:, None] * out[:, None]
        sample = still.field.sample(still.parameters, along.flatten(0, 1)[None], False)
        w = weights(sample.density.view(along.shape[:2]), offsets.new_full((1, 1), step / 2.0).expand(along.shape[:2]))
        w = w + 1e-6  # where nothing is dense all count alike
        albedo = accumulate(w, sample.albedo.view(along.shape)) / w.sum(-1, keepdim=True)
        found.append((albedo.clamp(0.0, 1.0) * 255.0 + 0.5).to(torch.uint8).cpu())
    colors: np.ndarray = torch.cat(found).numpy()
    return colors
