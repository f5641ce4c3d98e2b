"""Signed distances of the parts of a solid, and the colours of their patterns.

Letters: r points; x, y, z a point in the part's own coordinates; a, b, c, d the part's sizes (see `Shape`); f the
frequency of a pattern. Distances are negative inside. Those of squashed shapes are lower bounds, which sphere tracing
may use as well. `tracer_cuda` has the same functions for its kernel.
"""

# ruff: noqa: D103 - the functions are named after what `Shape` and `Pattern` describe

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamcore.objects.solid import Pattern, Shape

Values = Float[Tensor, " r"]
Size = Float[Tensor, ""]
Distance = Callable[[Values, Values, Values, Size, Size, Size, Size], Values]
Share = Callable[[Values, Values, Values, float], Values]


def _length(*parts: Tensor) -> Tensor:
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = total + part * part
    return total.sqrt()


def ellipsoid(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    """k0 (k0 - 1) / k1 with k0 = |p / r| and k1 = |p / r^2|: exact to first order at the surface."""
    u, v, w = x / a, y / b, z / c
    k0, k1 = _length(u, v, w), _length(u / a, v / b, w / c) + 1e-6
    least = torch.minimum(a, torch.minimum(b, c))
    return torch.where(k0 < 0.05, -0.9 * least, k0 * (k0 - 1.0) / k1)


def box(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    u, v, w = x.abs() - a + d, y.abs() - b + d, z.abs() - c + d
    outside = _length(u.clamp(min=0.0), v.clamp(min=0.0), w.clamp(min=0.0))
    return outside + torch.maximum(u, torch.maximum(v, w)).clamp(max=0.0) - d


def cone(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    half, low, high = a - d, (b - d).clamp(min=1e-4), (c - d).clamp(min=1e-4)
    q = _length(x, z)
    k, height = high - low, 2.0 * half
    cap_x, cap_y = q - torch.minimum(q, torch.where(y < 0.0, low, high)), y.abs() - half
    share = (((high - q) * k + (half - y) * height) / (k * k + height * height)).clamp(0.0, 1.0)
    side_x, side_y = q - high + k * share, y - half + height * share
    sign = torch.where((side_x < 0.0) & (cap_y < 0.0), -1.0, 1.0)
    nearest = torch.minimum(cap_x * cap_x + cap_y * cap_y, side_x * side_x + side_y * side_y)
    return sign * nearest.sqrt() - d


def torus(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    return _length(_length(x, z) - a, y) - b


def capsule(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    """The radius follows the height along the axis linearly: a lower bound where the two differ."""
    share = ((y + a) / (2.0 * a + 1e-6)).clamp(0.0, 1.0)
    return _length(x, y - torch.minimum(torch.maximum(y, -a), a), z) - (b + (c - b) * share)


def dome(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    height = y / c
    return torch.maximum(_length(x, height, z) - a, b - height) * c.clamp(max=1.0)


def prism(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    slope = _length(a, b)
    triangle = torch.maximum((b * x.abs() + a * (y - b)) / slope, -y)
    return torch.maximum(triangle, z.abs() - c) - d


def arc(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    ends = _length(x - a * c.cos(), y.abs() - a * c.sin(), z)
    around = _length(_length(x, y) - a, z)
    return torch.where(torch.atan2(y, x).abs() < c, around, ends) - b


def star(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    step = math.pi / d
    angle = torch.atan2(x, y)
    folded = angle - 2.0 * step * torch.floor(angle / (2.0 * step) + 0.5)
    radius = _length(x, y)
    u, v = radius * folded.cos(), (radius * folded.sin()).abs()
    edge_x, edge_y = a * b * step.cos() - a, a * b * step.sin()
    size = _length(edge_x, edge_y)
    across = ((u - a) * edge_y - v * edge_x) / size
    return torch.maximum(across, z.abs() - c) * 0.9


def heart(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    u, v = x.abs() / a, y / a + 0.55
    lobe = _length(u - 0.25, v - 0.75) - math.sqrt(2.0) / 4.0
    middle = (u + v).clamp(min=0.0) / 2.0
    tip = torch.minimum(_length(u, v - 1.0), _length(u - middle, v - middle)) * torch.where(u > v, 1.0, -1.0)
    flat, depth = torch.where(u + v > 1.0, lobe, tip) * a, z.abs() - b
    return _length(flat.clamp(min=0.0), depth.clamp(min=0.0)) + torch.maximum(flat, depth).clamp(max=0.0) - d


def cup(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    q = _length(x, z)
    outer = torch.maximum(q - b, y.abs() - a)
    inner = torch.maximum(q - b + c, d - a - y)
    return torch.maximum(outer, -inner)


def pyramid(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    across = torch.maximum(x.abs(), z.abs())
    return torch.maximum((b * across + a * (y - b)) / _length(a, b), -y)


def horn(x: Values, y: Values, z: Values, a: Size, b: Size, c: Size, d: Size) -> Values:
    angle = torch.minimum(torch.maximum(torch.atan2(y, x), -c), c)
    u = angle / c
    # near the ring's middle the thick part is nearer than the point of the arc at the same angle
    return 0.8 * (_length(x - a * angle.cos(), y - a * angle.sin(), z) - b * (1.0 - 0.75 * u * u))


DISTANCES: Mapping[Shape, Distance] = {
    Shape.ELLIPSOID: ellipsoid,
    Shape.BOX: box,
    Shape.CONE: cone,
    Shape.TORUS: torus,
    Shape.CAPSULE: capsule,
    Shape.DOME: dome,
    Shape.PRISM: prism,
    Shape.ARC: arc,
    Shape.STAR: star,
    Shape.HEART: heart,
    Shape.CUP: cup,
    Shape.PYRAMID: pyramid,
    Shape.HORN: horn,
}


# ---- patterns: the share in [0, 1] of the second colour --------------------------------------------------------------


def _shuffled(number: Int[Tensor, " r"]) -> Int[Tensor, " r"]:
    rest = number % 289
    return (34 * rest + 1) * rest % 289


def _edge(line: list[Int[Tensor, " r"]], k: Int[Tensor, " r"], share: Values) -> Values:
    """Noise along a cell's edge, between its two ends."""
    start, end = (_shuffled(value + k) / 289.0 for value in line)
    return torch.lerp(start, end, share)


def value_noise(x: Values, y: Values, z: Values) -> Values:
    """Smooth noise in [0, 1) from hashed lattice points. The hash is one of whole numbers, a permutation polynomial: it
    is the same on every device, which sines of large numbers are not."""
    cells = [torch.floor(value) for value in (x, y, z)]
    shares = [value - cell for value, cell in zip((x, y, z), cells, strict=True)]
    u, v, w = (share * share * (3.0 - 2.0 * share) for share in shares)
    i, j, k = (cell.int() for cell in cells)
    columns = [_shuffled(i), _shuffled(i + 1)]
    lines = [[_shuffled(column + j + step) for column in columns] for step in (0, 1)]
    low, high = (torch.lerp(_edge(lines[0], k + step, u), _edge(lines[1], k + step, u), v) for step in (0, 1))
    return torch.lerp(low, high, w)


def _fraction(x: Values) -> Values:
    return x - x.floor()


def bands(x: Values, y: Values, z: Values, f: float) -> Values:
    return (_fraction(y * f) >= 0.5).float()


def checks(x: Values, y: Values, z: Values, f: float) -> Values:
    return (torch.floor(x * f) + torch.floor(y * f) + torch.floor(z * f)) % 2.0


def dots(x: Values, y: Values, z: Values, f: float) -> Values:
    return (_length(_fraction(x * f) - 0.5, _fraction(y * f) - 0.5, _fraction(z * f) - 0.5) < 0.36).float()


def wood(x: Values, y: Values, z: Values, f: float) -> Values:
    grain = value_noise(x * f * 0.6, y * f * 3.0 + 7.0, z * f * 0.6)
    return 0.3 + 0.3 * ((_length(x, z) * f * 2.0 + grain * 3.0) * 4.0).sin()


def gradient(x: Values, y: Values, z: Values, f: float) -> Values:
    return (y * f * 0.5 + 0.5).clamp(0.0, 1.0)


def bricks(x: Values, y: Values, z: Values, f: float) -> Values:
    along = _fraction((x + z) * f * 0.5 + 0.5 * (torch.floor(y * f) % 2.0))
    return ((_fraction(y * f) < 0.15) | (along < 0.1)).float()


def clouds(x: Values, y: Values, z: Values, f: float) -> Values:
    return ((value_noise(x * f, y * f, z * f) - 0.35) * 2.5).clamp(0.0, 1.0)


def sectors(x: Values, y: Values, z: Values, f: float) -> Values:
    return (_fraction(torch.atan2(x, z) * f / (2.0 * math.pi)) >= 0.5).float()


def ribs(x: Values, y: Values, z: Values, f: float) -> Values:
    return 0.25 + 0.25 * (torch.atan2(x, z) * f).sin()


def plain(x: Values, y: Values, z: Values, f: float) -> Values:
    return torch.zeros_like(x)


SHARES: Mapping[Pattern, Share] = {
    Pattern.PLAIN: plain,
    Pattern.BANDS: bands,
    Pattern.CHECKS: checks,
    Pattern.DOTS: dots,
    Pattern.WOOD: wood,
    Pattern.GRADIENT: gradient,
    Pattern.BRICKS: bricks,
    Pattern.CLOUDS: clouds,
    Pattern.SECTORS: sectors,
    Pattern.RIBS: ribs,
}
