"""Views of S scenes at once: rays through a field, shaded, composited over a background (§3.1).

Axes: S scenes, V views, R rays of a view, N samples of a ray, K samples kept after empty space is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dreamcore import compositing, losses
from dreamcore.cameras import Cameras, ray_directions, sphere_interval
from dreamcore.fields.base import Field, FieldSample, Parameters
from dreamcore.proposal import Histogram, middles, propose
from dreamcore.shading import Looks, lambertian, unit_normals


@dataclass(frozen=True)
class EvenRays:
    """Rays of images `width` pixels wide, row by row, with `samples` points each, spread evenly over the ray's stay in
    the sphere: from `near` on, `spacing` apart (0 where a ray misses the sphere). `jitter` in [0, 1) shifts all points
    of a ray within their interval; 0.5 is the middle."""

    origin: Float[Tensor, "scenes views 3"]
    direction: Float[Tensor, "scenes views rays 3"]
    near: Float[Tensor, "scenes views rays"]
    spacing: Float[Tensor, "scenes views rays"]
    jitter: Float[Tensor, "scenes views rays"]
    samples: int
    width: int

    @property
    def height(self) -> int:
        """Of the images, in pixels."""
        return self.near.shape[-1] // self.width

    def rows(self, start: int, end: int) -> EvenRays:
        """Some rows of the images."""
        some = slice(start * self.width, end * self.width)
        parts = {name: getattr(self, name)[:, :, some] for name in ("direction", "near", "spacing", "jitter")}
        return replace(self, **parts)

    def spread(self) -> Rays:
        """Each point by itself."""
        steps = torch.arange(self.samples, device=self.near.device, dtype=self.near.dtype)
        spacing = self.spacing[..., None]
        depth = self.near[..., None] + (steps + self.jitter[..., None]) * spacing
        return Rays(self.direction, depth, spacing, points_along(self.origin, self.direction, depth))


@dataclass(frozen=True)
class Rays:
    """Rays with sample points: `depth` of each sample along its ray and the `spacing` it stands for. `edges` are the
    ends of the samples' intervals and `proposals` the rounds that led to them, where the samples were proposed."""

    direction: Float[Tensor, "scenes views rays 3"]
    depth: Float[Tensor, "scenes views rays samples"]
    spacing: Float[Tensor, "scenes views rays #samples"]
    points: Float[Tensor, "scenes views rays samples 3"]
    edges: Float[Tensor, "scenes views rays edges"] | None = None
    proposals: Sequence[Histogram] = ()


@dataclass(frozen=True)
class Kept:
    """Which of a scene's samples are evaluated: `index` into its V x R x N samples, padded with their count where
    `valid` is false."""

    index: Int[Tensor, "scenes kept"]
    total: int

    @property
    def valid(self) -> Bool[Tensor, "scenes kept"]:
        """Which entries are samples and no padding."""
        return self.index < self.total

    def gather(self, values: Float[Tensor, "scenes total channels"]) -> Float[Tensor, "scenes kept channels"]:
        index = self.index.clamp(max=self.total - 1)[..., None].expand(-1, -1, values.shape[-1])
        return values.gather(1, index)

    def scatter(self, values: Float[Tensor, "scenes kept channels"]) -> Float[Tensor, "scenes total channels"]:
        """Back to all samples; zero where none was kept."""
        scenes, _, channels = values.shape
        full = values.new_zeros(scenes, self.total + 1, channels)
        full = full.scatter(1, self.index[..., None].expand(-1, -1, channels), values)
        return full[:, : self.total]


@dataclass(frozen=True)
class Rendering:
    """Images without and with background, and what the losses need. `turned` is how far what a ray sees turns away from
    it (`losses.turned_away`), 0 in views that are not oriented. `weights` of the samples, where those are at hand."""

    color: Float[Tensor, "scenes views rays 3"]
    opacity: Float[Tensor, "scenes views rays"]
    depth: Float[Tensor, "scenes views rays"]
    turned: Float[Tensor, "scenes views rays"]
    weights: Float[Tensor, "scenes views rays samples"] | None

    def over(self, background: Float[Tensor, "scenes views rays 3"]) -> Float[Tensor, "scenes views rays 3"]:
        """Composited by accumulated opacity (§3.1)."""
        return self.color + (1.0 - self.opacity)[..., None] * background


def even_rays(
    cameras: Cameras, resolution: int, samples: int, bound: float, jitter: Float[Tensor, "scenes views rays"]
) -> EvenRays:
    """Through the pixels of images of `resolution` pixels a side. One `jitter` shifts all samples of a ray, as mip-NeRF
    360 does in training."""
    direction = ray_directions(cameras, resolution)
    near, far = sphere_interval(_origins(cameras, direction), direction, bound)
    return EvenRays(cameras.position, direction, near, (far - near) / samples, jitter, samples, resolution)


def propose_rays(
    cameras: Cameras,
    resolution: int,
    counts: Sequence[int],
    bound: float,
    jitter: Float[Tensor, "scenes views rays rounds"],
    exponent: Float[Tensor, " scenes"],
    density: Callable[[Float[Tensor, "scenes points 3"]], Float[Tensor, "scenes points"]],
) -> Rays:
    """Samples where a proposal's `density` expects the scene, in rounds of `counts` (mip-NeRF 360, §3). `jitter` has a
    column a round, `exponent` is that of `dreamcore.proposal.anneal_exponent`."""
    direction = ray_directions(cameras, resolution)
    near, far = sphere_interval(_origins(cameras, direction), direction, bound)

    def along(depth: Float[Tensor, "scenes views rays samples"]) -> Float[Tensor, "scenes views rays samples"]:
        return density(points_along(cameras.position, direction, depth).flatten(1, 3)).view(depth.shape)

    edges, rounds = propose(along, near, far, counts, jitter, exponent[:, None, None].expand_as(near))
    depth, spacing = middles(edges), edges[..., 1:] - edges[..., :-1]
    return Rays(direction, depth, spacing, points_along(cameras.position, direction, depth), edges, rounds)


def _origins(cameras: Cameras, direction: Float[Tensor, "scenes views rays 3"]) -> Float[Tensor, "scenes views rays 3"]:
    return cameras.position[:, :, None].expand_as(direction)


def points_along(
    origin: Float[Tensor, "scenes views 3"],
    direction: Float[Tensor, "scenes views rays 3"],
    depth: Float[Tensor, "scenes views rays samples"],
) -> Float[Tensor, "scenes views rays samples 3"]:
    """The points at these depths."""
    return origin[:, :, None, None] + depth[..., None] * direction[..., None, :]


def keep_occupied(rays: Rays, occupied: Bool[Tensor, "scenes x y z"] | None, bound: float) -> Kept:
    """The samples on rays that meet the sphere and in cells that are `occupied` (None: all)."""
    points = rays.points.flatten(1, 3)
    scenes, total, _ = points.shape
    keep = (rays.spacing > 0).expand(rays.depth.shape).flatten(1)
    if occupied is not None:
        side = occupied.shape[1]
        cell = ((points / bound + 1.0) * (side / 2.0)).long().clamp(0, side - 1)
        flat = (cell[..., 0] * side + cell[..., 1]) * side + cell[..., 2]
        keep = keep & occupied.flatten(1).gather(1, flat)
    scene, sample = keep.nonzero(as_tuple=True)
    place = keep.cumsum(1)[scene, sample] - 1
    width = max(int(place.max()) + 1 if len(place) else 0, 1)
    index = torch.full((scenes, width), total, device=points.device)
    index[scene, place] = sample
    return Kept(index, total)


def _shade(
    found: FieldSample,
    points: Float[Tensor, "scenes kept 3"],
    view: Int[Tensor, "scenes kept"],
    looks: Looks,
    light: Float[Tensor, "scenes views 3"],
) -> tuple[Float[Tensor, "scenes kept 3"], Float[Tensor, "scenes kept 3"] | None]:
    """Colour of each kept sample under its view's look, and its normal."""
    if found.gradient is None:
        return found.albedo, None

    def by_view(values: Tensor) -> Tensor:
        return values.gather(1, view)[..., None]

    normal = unit_normals(found.gradient)
    bare = by_view(looks.textureless)
    albedo = torch.where(bare, looks.white[:, None, None].expand_as(found.albedo), found.albedo)
    at = light.gather(1, view[..., None].expand(-1, -1, 3))
    lit = lambertian(albedo, normal, points, at, by_view(looks.ambient))
    return torch.where(by_view(looks.lit), lit, found.albedo), normal


def render(
    field: Field,
    parameters: Parameters,
    rays: Rays,
    kept: Kept,
    looks: Looks,
    light: Float[Tensor, "scenes views 3"],
    with_normals: bool,
) -> Rendering:
    """Evaluate the kept samples, shade and composite them. Lit and oriented looks need `with_normals`."""
    scenes, views, count, samples = rays.depth.shape
    points = kept.gather(rays.points.flatten(1, 3))
    found = field.sample(parameters, points, with_normals)
    view = kept.index.clamp(max=kept.total - 1) // (count * samples)
    color, normal = _shade(found, points, view, looks, light)
    parts = [found.density[..., None], color]
    if normal is not None:
        direction = kept.gather(rays.direction[..., None, :].expand(rays.points.shape).flatten(1, 3))
        parts.append((normal * direction).sum(-1, keepdim=True))
    full = kept.scatter(torch.cat(parts, dim=-1)).reshape(scenes, views, count, samples, -1)
    w = compositing.weights(full[..., 0], rays.spacing.expand_as(rays.depth))
    turned = torch.zeros_like(w[..., 0])
    if normal is not None:
        # views that are not oriented may have normals for a neighbour's sake alone
        turned = losses.turned_away(w, full[..., 4] * looks.oriented[..., None, None])
    return Rendering(
        color=compositing.accumulate(w, full[..., 1:4]),
        opacity=w.sum(-1),
        depth=(w * rays.depth).sum(-1),
        turned=turned,
        weights=w,
    )


@torch.no_grad()
def occupancy(
    field: Field, parameters: Parameters, resolution: int, bound: float, threshold: float
) -> Bool[Tensor, "scenes x y z"]:
    """Cells of the cube around the scene whose centre, or a neighbour's, is denser than `threshold`."""
    any_parameter = next(iter(parameters.values()))
    scenes, device, dtype = any_parameter.shape[0], any_parameter.device, any_parameter.dtype
    centre = ((torch.arange(resolution, device=device, dtype=dtype) + 0.5) / resolution * 2.0 - 1.0) * bound
    points = torch.stack(torch.meshgrid(centre, centre, centre, indexing="ij"), dim=-1).reshape(1, -1, 3)
    density = field.density(parameters, points.expand(scenes, -1, -1))
    cube = density.reshape(scenes, 1, resolution, resolution, resolution)
    # not `> threshold`: a cell that is not a number must be seen and counted, not pruned away
    return ~(torch.nn.functional.max_pool3d(cube, 3, 1, 1)[:, 0] <= threshold)
