"""Solids to images, by sphere tracing.

Letters: n solids, p parts, v views, r rays or points of a view; y is up, azimuth 0 looks from +z at the front. This is
the definition in plain PyTorch, a view at a time, for any device; on CUDA devices `tracer_cuda` draws the same faster.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from dreamcore.objects.distances import DISTANCES, SHARES, Size
from dreamcore.objects.solid import Column, Op, Pattern, Shape

BOUND = 1.15  # solids lie inside the sphere of this radius
STEPS = 72
RELAXATION = 0.85  # of each distance, as some are slightly too long
SURFACE = 0.0025
WIDTH = 0.004  # of the differences that are normals
MARGIN = 0.001  # by which a part's reach is taken larger, above rounding and `CUT_EDGE`
CUT_EDGE = 1e-4  # how far from a cut its paint begins
BARE = 0.85  # albedo of a view without texture
FAR = 1e3


@dataclass(frozen=True)
class Views:
    """Cameras, lights and looks. `rotation` has right, up and forward as rows, `focal` is in image widths. A point's
    colour is albedo (ambient + diffuse max(0, n l)) plus highlights of strength gloss; `textureless` views replace the
    albedo by `BARE` and have no highlights."""

    position: Float[Tensor, "v 3"]
    rotation: Float[Tensor, "v 3 3"]
    focal: Float[Tensor, " v"]
    light: Float[Tensor, "v 3"]
    ambient: Float[Tensor, " v"]
    diffuse: Float[Tensor, " v"]
    gloss: Float[Tensor, " v"]
    textureless: Bool[Tensor, " v"]

    def __len__(self) -> int:
        return len(self.focal)

    def __getitem__(self, index: slice | Tensor) -> Views:
        return Views(**{name: value[index] for name, value in vars(self).items()})

    def to(self, device: torch.device) -> Views:
        return Views(**{name: value.to(device) for name, value in vars(self).items()})


def trace(
    tables: Float[Tensor, "n p columns"], solid: Int[Tensor, " v"], views: Views, side: int, oversampling: int = 2
) -> UInt8[Tensor, "v side side 4"]:
    """Colour times coverage, and coverage, as seen by each view of its solid: the mean over `oversampling` squared
    rays a pixel."""
    if tables.is_cuda and importlib.util.find_spec("triton"):
        from dreamcore.objects import tracer_cuda

        return tracer_cuda.trace(tables, solid, views, side, oversampling)
    return trace_plainly(tables, solid, views, side, oversampling)


def trace_plainly(
    tables: Float[Tensor, "n p columns"], solid: Int[Tensor, " v"], views: Views, side: int, oversampling: int = 2
) -> UInt8[Tensor, "v side side 4"]:
    """The definition of `trace`."""
    images = torch.empty(len(views), side, side, 4, dtype=torch.uint8, device=tables.device)
    for view, which in enumerate(solid.tolist()):
        seen = _seen(parts_of(tables[which]), views[view : view + 1], side * oversampling)
        image = seen.unflatten(1, (side, oversampling, side, oversampling)).mean(dim=(2, 4)).permute(1, 2, 0)
        images[view] = (image * 255.0 + 0.5).to(torch.uint8)
    return images


# ---- parts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlacedPart:
    """A row of `Solid.table`, taken apart."""

    shape: Shape
    op: Op
    blend: float
    reach: float
    centre: Float[Tensor, "3 1"]
    axes: Float[Tensor, "3 3"]  # the part's axes as rows
    sizes: tuple[Size, Size, Size, Size]
    look: Float[Tensor, "4 1"]  # colour and gloss
    second: Float[Tensor, "4 1"]
    pattern: Pattern
    frequency: float

    def local(self, points: Float[Tensor, "3 r"]) -> Float[Tensor, "3 r"]:
        return self.axes @ (points - self.centre)

    def near(self, gap: Float[Tensor, " r"], total: Float[Tensor, " r"]) -> Int[Tensor, " near"]:
        """The points whose distance `total` to the parts before it can change by this part: its bounding sphere is
        nearer or, if it cuts, they are deeper in the solid than it is away. `gap`: see `_gaps`."""
        if self.op == Op.CLIP:
            return torch.arange(len(total), device=total.device)
        return torch.nonzero(gap < (-total if self.op == Op.CUT else total))[:, 0]

    def joined(
        self, total: Float[Tensor, " r"], own: Float[Tensor, " r"]
    ) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        """The distance to all parts so far, and the share of this part's paint at a point of the surface."""
        match self.op:
            case Op.CUT:
                return torch.maximum(total, -own), (-own > total - CUT_EDGE).float()
            case Op.CLIP:
                return torch.maximum(total, own), torch.zeros_like(own)
            case Op.BLEND:
                blend = max(self.blend, 1e-6)
                apart = (total - own) / blend
                share = (0.5 + 0.5 * apart).clamp(0.0, 1.0)
                # the colour changes over a third of the length over which the shapes melt
                sharp = (0.5 + 0.5 / 0.35 * apart).clamp(0.0, 1.0)
                return torch.lerp(total, own, share) - blend * share * (1.0 - share), sharp
            case _:
                return torch.minimum(total, own), (own < total).float()

    def paint(self, local: Float[Tensor, "3 r"]) -> Float[Tensor, "4 r"]:
        x, y, z = local.unbind(0)
        return torch.lerp(self.look, self.second, SHARES[self.pattern](x, y, z, self.frequency))


def parts_of(table: Float[Tensor, "p columns"]) -> list[PlacedPart]:
    """The parts that a solid has."""
    return [_placed(row, row.tolist()) for row in table[table[:, Column.SHAPE] != Shape.NOTHING]]


def _placed(row: Float[Tensor, " columns"], numbers: Sequence[float]) -> PlacedPart:
    gloss = row[Column.GLOSS : Column.GLOSS + 1]
    a, b, c, d = row[Column.SIZES].unbind(0)
    return PlacedPart(
        shape=Shape(int(numbers[Column.SHAPE])),
        op=Op(int(numbers[Column.OP])),
        blend=numbers[Column.BLEND],
        reach=numbers[Column.REACH],
        centre=row[Column.CENTRE, None],
        axes=row[Column.TURN].view(3, 3).T.contiguous(),
        sizes=(a, b, c, d),
        look=torch.cat([row[Column.COLOUR], gloss])[:, None],
        second=torch.cat([row[Column.SECOND], gloss])[:, None],
        pattern=Pattern(int(numbers[Column.PATTERN])),
        frequency=numbers[Column.FREQUENCY],
    )


def _gaps(parts: Sequence[PlacedPart], points: Float[Tensor, "3 r"]) -> Float[Tensor, "p r"]:
    """From each point to the sphere that holds all that a part does."""
    reaches = points.new_tensor([part.reach + part.blend + MARGIN for part in parts])
    centres = torch.cat([points.new_empty(3, 0), *(part.centre for part in parts)], dim=1)[:, :, None]
    x, y, z = points.unbind(0)
    u, v, w = x - centres[0], y - centres[1], z - centres[2]
    return (u * u + v * v + w * w).sqrt() - reaches[:, None]


def distance(parts: Sequence[PlacedPart], points: Float[Tensor, "3 r"]) -> Float[Tensor, " r"]:
    """Of each point to the solid."""
    total = torch.full_like(points[0], FAR)
    for part, gap in zip(parts, _gaps(parts, points), strict=True):
        near = part.near(gap, total)
        if len(near):
            x, y, z = part.local(points.index_select(1, near)).unbind(0)
            total[near] = part.joined(total[near], DISTANCES[part.shape](x, y, z, *part.sizes))[0]
    return total


def paint(parts: Sequence[PlacedPart], points: Float[Tensor, "3 r"]) -> Float[Tensor, "4 r"]:
    """Colour and gloss of points on the surface."""
    total = torch.full_like(points[0], FAR)
    seen = points.new_full((4, points.shape[1]), 0.5)
    for part, gap in zip(parts, _gaps(parts, points), strict=True):
        near = part.near(gap, total)
        if len(near):
            local = part.local(points.index_select(1, near))
            x, y, z = local.unbind(0)
            total[near], share = part.joined(total[near], DISTANCES[part.shape](x, y, z, *part.sizes))
            seen[:, near] = torch.lerp(seen[:, near], part.paint(local), share)
    return seen


def _unit(vectors: Float[Tensor, "3 r"]) -> Float[Tensor, "3 r"]:
    return vectors / vectors.square().sum(0).sqrt().clamp(min=1e-12)


# ---- rays ------------------------------------------------------------------------------------------------------------


def march(
    parts: Sequence[PlacedPart], origin: Float[Tensor, "3 1"], direction: Float[Tensor, "3 r"]
) -> tuple[Bool[Tensor, " r"], Float[Tensor, " r"]]:
    """Which rays hit the solid, and how far away."""
    b = (origin * direction).sum(0)
    half = (b * b - origin.square().sum() + BOUND * BOUND).clamp(min=0.0).sqrt()
    depth, end = (-b - half).clamp(min=0.05), -b + half
    hit = torch.zeros_like(depth, dtype=torch.bool)
    active = torch.nonzero((half > 0.0) & (depth < end))[:, 0]
    for _ in range(STEPS):
        if len(active) == 0:
            break
        step = distance(parts, origin + depth[active] * direction[:, active])
        hit[active[step < SURFACE]] = True
        active, step = active[step >= SURFACE], step[step >= SURFACE]
        depth[active] += RELAXATION * step
        active = active[depth[active] < end[active]]
    return hit, depth


_TETRAHEDRON = ((1.0, -1.0, -1.0), (-1.0, -1.0, 1.0), (-1.0, 1.0, -1.0), (1.0, 1.0, 1.0))


def normals(parts: Sequence[PlacedPart], points: Float[Tensor, "3 r"]) -> Float[Tensor, "3 r"]:
    """Directions in which the distance grows, from four differences."""
    total = torch.zeros_like(points)
    for corner in _TETRAHEDRON:
        offset = points.new_tensor(corner)[:, None]
        total = total + offset * distance(parts, points + WIDTH * offset)
    return _unit(total)


def pixel_directions(rotation: Float[Tensor, "3 3"], focal: Float[Tensor, ""], side: int) -> Float[Tensor, "3 pixels"]:
    """Unit directions through the pixel centres of a square image, row by row from the top left."""
    centre = (torch.arange(side, device=focal.device) + 0.5) / side - 0.5
    y, x = torch.meshgrid(-centre, centre, indexing="ij")
    x, y = x.reshape(-1), y.reshape(-1)
    return _unit(rotation.T @ torch.stack([x, y, focal.expand_as(x)]))


def _seen(parts: Sequence[PlacedPart], view: Views, side: int) -> Float[Tensor, "4 pixels"]:
    """What each ray of the only view sees: colour and coverage."""
    origin = view.position.T
    direction = pixel_directions(view.rotation[0], view.focal[0], side)
    hit, depth = march(parts, origin, direction)
    seen = direction.new_zeros(4, direction.shape[1])
    found = torch.nonzero(hit)[:, 0]
    if len(found):
        seen[:3, found] = _shaded(parts, view, origin + depth[found] * direction[:, found], direction[:, found])
        seen[3, found] = 1.0
    return seen


def _shaded(
    parts: Sequence[PlacedPart], view: Views, points: Float[Tensor, "3 r"], direction: Float[Tensor, "3 r"]
) -> Float[Tensor, "3 r"]:
    bare = bool(view.textureless)
    look = torch.full_like(points[:1], BARE).expand(4, -1) if bare else paint(parts, points)
    normal = normals(parts, points)
    light = _unit(view.light.T - points)
    lambert = (normal * light).sum(0).clamp(min=0.0)
    halfway = _unit(light - direction)
    strength = 0.0 if bare else look[3] * view.gloss
    highlight = 0.6 * strength * (normal * halfway).sum(0).clamp(min=0.0) ** 16
    return (look[:3] * (view.ambient + view.diffuse * lambert) + highlight).clamp(max=1.0)
