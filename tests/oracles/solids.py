"""Solids of one part for each shape, views of them, and distances worked out from many points of a surface."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dreamcore.cameras import look_at, spherical
from dreamcore.objects.solid import Draw, Paint, Pattern, Shape, Solid
from dreamcore.objects.tracer import Views

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SHAPES = tuple(shape for shape in Shape if shape != Shape.NOTHING)


def plain(colour: tuple[float, float, float] = (0.5, 0.5, 0.5), gloss: float = 0.0, count: int = 1) -> Paint:
    return Draw(np.random.default_rng(0), count).paint_of(np.asarray(colour, np.float32), gloss, jitter=0.0)


_ORIGIN = (0.0, 0.0, 0.0)
_ADD: dict[Shape, Callable[[Solid, Paint], None]] = {
    Shape.ELLIPSOID: lambda solid, paint: solid.ellipsoid(_ORIGIN, (0.7, 0.4, 0.5), paint),
    Shape.BOX: lambda solid, paint: solid.box(_ORIGIN, (0.5, 0.3, 0.6), paint, rounding=0.05),
    Shape.CONE: lambda solid, paint: solid.cylinder(_ORIGIN, 0.5, 0.6, paint, above=0.25, rounding=0.04),
    Shape.TORUS: lambda solid, paint: solid.torus(_ORIGIN, 0.55, 0.2, paint),
    Shape.CAPSULE: lambda solid, paint: solid.capsule((0.0, -0.4, 0.0), (0.0, 0.4, 0.0), 0.3, paint, end_radius=0.2),
    Shape.DOME: lambda solid, paint: solid.dome(_ORIGIN, 0.7, paint, cut_at=0.1, squash=0.8),
    Shape.PRISM: lambda solid, paint: solid.prism(_ORIGIN, 0.5, 0.6, 0.4, paint, rounding=0.02),
    Shape.ARC: lambda solid, paint: solid.arc(_ORIGIN, 0.5, 0.15, 110.0, paint),
    Shape.STAR: lambda solid, paint: solid.star(_ORIGIN, 0.8, paint, half_depth=0.2),
    Shape.HEART: lambda solid, paint: solid.heart(_ORIGIN, 0.9, 0.2, paint),
    Shape.CUP: lambda solid, paint: solid.cup(_ORIGIN, 0.5, 0.5, paint, wall=0.1, floor=0.1),
    Shape.PYRAMID: lambda solid, paint: solid.pyramid(_ORIGIN, 0.6, 0.7, paint),
    Shape.HORN: lambda solid, paint: solid.horn(_ORIGIN, 0.5, 0.2, 70.0, paint),
}


def single(shape: Shape, paint: Paint | None = None) -> Solid:
    """The shape alone, in ordinary sizes, along the axes."""
    solid = Solid(1)
    _ADD[shape](solid, plain() if paint is None else paint)
    return solid


def view(
    azimuth: float = 30.0, elevation: float = 25.0, radius: float = 3.0, focal: float = 1.8, **looks: object
) -> Views:
    """One view of the origin, lit from above the camera, unless `looks` say otherwise."""
    position = spherical(*(torch.tensor([value]) for value in (azimuth, elevation, radius)))
    given = {
        "light": position + torch.tensor([0.5, 2.0, 0.0]),
        "ambient": torch.tensor([0.4]),
        "diffuse": torch.tensor([0.6]),
        "gloss": torch.tensor([1.0]),
        "textureless": torch.tensor([False]),
    }
    rotation = look_at(position, torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 0.0]]))
    return Views(position=position, rotation=rotation, focal=torch.tensor([focal]), **{**given, **looks})  # type: ignore[arg-type]


def together(views: list[Views]) -> Views:
    return Views(**{name: torch.cat([getattr(one, name) for one in views]) for name in vars(views[0])})


def tables_of(solids: list[Solid]) -> Tensor:
    """The solids below each other, filled up with rows of NOTHING."""
    tables = [torch.from_numpy(solid.table()) for solid in solids]
    parts = max(table.shape[1] for table in tables)
    return torch.cat([torch.nn.functional.pad(table, (0, 0, 0, parts - table.shape[1])) for table in tables])


def exhibition() -> Tensor:
    """[n, p, columns]: a solid for every shape, each in another pattern, then solids that melt, cut and clip, and one
    without the part that is in the middle of the others."""
    red, blue = plain((0.8, 0.2, 0.1), gloss=0.7), plain((0.1, 0.3, 0.9))
    patterns = tuple(Pattern)
    solids = [
        single(shape, red.patterned(patterns[index % len(patterns)], 5.0, blue)).moved(turn=(20.0, 30.0, -15.0))
        for index, shape in enumerate(SHAPES)
    ]
    for how in ({"blend": 0.15}, {"cut": True}, {"clip": True}, {"when": np.array([False])}):
        solid = single(Shape.BOX, red.patterned(Pattern.DOTS, 6.0, blue))
        solid.ellipsoid((0.2, 0.3, 0.4), 0.45, blue.patterned(Pattern.CLOUDS, 7.0, red), **how)
        solid.capsule((-0.5, 0.0, 0.0), (0.0, 0.7, 0.0), 0.1, red)
        solids.append(solid)
    return tables_of(solids)


def nearest(points: Tensor, surface: Tensor) -> Tensor:
    """From each of [r, 3] to the nearest of [s, 3] surface points, in float64."""
    return torch.cdist(points.double(), surface.double(), compute_mode="donot_use_mm_for_euclid_dist").amin(1)


# ---- which points each shape of `single` holds, worked out another way -----------------------------------------------


def _in_polygon(x: Array, y: Array, corners: Sequence[tuple[float, float]]) -> Mask:
    """Whether a ray to the right crosses the outline an odd number of times."""
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) / np.where(crosses, y1 - y0, 1.0) * (x1 - x0))
    return inside


def _in_ring(x: Array, y: Array, z: Array, ring: float, tube: Callable[[Array], Array], half: float) -> Mask:
    """Within `tube` of one of many points of an arc around +x."""
    angles = np.deg2rad(np.linspace(-half, half, 361))
    spots = ring * np.stack([np.cos(angles), np.sin(angles)])
    squared = (x * x + y * y + z * z + ring * ring)[:, None] - 2.0 * np.stack([x, y], -1) @ spots
    return (squared < tube(angles / np.deg2rad(half)) ** 2).any(1)


def _in_star(x: Array, y: Array, z: Array) -> Mask:
    radii, angles = np.where(np.arange(10) % 2, 0.8 * 0.45, 0.8), np.arange(10) * np.pi / 5.0
    corners = list(zip((radii * np.sin(angles)).tolist(), (radii * np.cos(angles)).tolist(), strict=True))
    return _in_polygon(x, y, corners) & (np.abs(z) < 0.2)


def _in_heart(x: Array, y: Array, z: Array) -> Mask:
    """A square on its tip with half a disc on each of its upper sides."""
    u, v = np.abs(x) / 0.9, y / 0.9 + 0.55
    square = _in_polygon(u, v, [(0.0, 0.0), (0.5, 0.5), (0.0, 1.0), (-0.5, 0.5)])
    return (square | (np.hypot(u - 0.25, v - 0.75) < np.sqrt(0.125))) & (np.abs(z) < 0.2)


def _in_tapered_stick(x: Array, y: Array, z: Array) -> Mask:
    height = np.clip(y, -0.4, 0.4)
    return x * x + z * z + (y - height) ** 2 < (0.25 - 0.125 * height) ** 2


INSIDE: dict[Shape, Callable[[Array, Array, Array], Mask]] = {
    Shape.ELLIPSOID: lambda x, y, z: (x / 0.7) ** 2 + (y / 0.4) ** 2 + (z / 0.5) ** 2 < 1.0,
    Shape.BOX: lambda x, y, z: (np.abs(x) < 0.5) & (np.abs(y) < 0.3) & (np.abs(z) < 0.6),
    Shape.CONE: lambda x, y, z: (np.abs(y) < 0.5) & (np.hypot(x, z) < 0.425 - 0.35 * y),
    Shape.TORUS: lambda x, y, z: _in_ring(x, z, y, 0.55, lambda _: np.float64(0.2), 180.0),
    Shape.CAPSULE: _in_tapered_stick,
    Shape.DOME: lambda x, y, z: (x * x + (y / 0.8) ** 2 + z * z < 0.49) & (y > 0.1 * 0.8),
    Shape.PRISM: lambda x, y, z: _in_polygon(x, y, [(-0.5, 0.0), (0.5, 0.0), (0.0, 0.6)]) & (np.abs(z) < 0.4),
    Shape.ARC: lambda x, y, z: _in_ring(x, y, z, 0.5, lambda _: np.float64(0.15), 110.0),
    Shape.STAR: _in_star,
    Shape.HEART: _in_heart,
    Shape.CUP: lambda x, y, z: (np.hypot(x, z) < 0.5) & (np.abs(y) < 0.5) & ~((np.hypot(x, z) < 0.4) & (y > -0.4)),
    Shape.PYRAMID: lambda x, y, z: (y > 0.0) & (np.maximum(np.abs(x), np.abs(z)) < 0.6 * (1.0 - y / 0.7)),
    Shape.HORN: lambda x, y, z: _in_ring(x, y, z, 0.5, lambda u: 0.2 * (1.0 - 0.75 * u * u), 70.0),
}

# Edges are rounded, inwards or outwards, and the horn is thinner than its balls: by how much points may be off.
ROUNDED = {Shape.BOX: 0.04, Shape.CONE: 0.04, Shape.PRISM: 0.06, Shape.HEART: 0.05, Shape.HORN: 0.012}


def surface_points(shape: Shape, count: int, seed: int = 0) -> Array:
    """[count, 3] points where segments from a point inside to one outside leave the shape, by bisection."""
    generator, inside = np.random.default_rng(seed), INSIDE[shape]
    points = generator.uniform(-1.1, 1.1, (3000, 3))
    held = inside(*points.T)
    low = points[held][generator.integers(held.sum(), size=count)]
    high = points[~held][generator.integers((~held).sum(), size=count)]
    for _ in range(24):
        middle = (low + high) / 2.0
        here = inside(*middle.T)[:, None]
        low, high = np.where(here, middle, low), np.where(here, high, middle)
    return (low + high) / 2.0
