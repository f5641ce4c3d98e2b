"""`tracer.trace` as one Triton kernel: a program draws a small tile of one view.

Letters: n solids, p parts, v views. The rays of a tile, `LANES` of them, go through the parts together: everything
about a part is a scalar, its shape is a branch that all rays take, and a part that no ray is near is skipped. The
functions are those of `distances` and `tracer`; the tests compare them.
"""

# A kernel has many arguments and branches. Its functions are read as source by Triton, which knows no annotations but
# constexpr; without `no_type_check`, jaxtyping's import hook would wrap them.
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: PLR0913, PLR0917, C901, PLR0912

from __future__ import annotations

import math
from typing import TYPE_CHECKING, no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from dreamcore.objects import tracer
from dreamcore.objects.solid import Column, Op, Pattern, Shape

if TYPE_CHECKING:
    from dreamcore.objects.tracer import Views

LANES = 128  # rays of a program
WARPS = 1  # of a program: with one, asking whether any ray is near a part needs no shared memory
PROGRAMS = 1 << 30  # of a launch: the grid may have 2^31 - 1

# Triton reads globals of this kind alone
_COLUMNS = tl.constexpr(Column.COUNT + 2)  # see `_prepared`
_SIGN, _ROOM = tl.constexpr(Column.COUNT), tl.constexpr(Column.COUNT + 1)
_BOUND = tl.constexpr(tracer.BOUND)
_STEPS = tl.constexpr(tracer.STEPS)
_RELAXATION = tl.constexpr(tracer.RELAXATION)
_SURFACE = tl.constexpr(tracer.SURFACE)
_BARE = tl.constexpr(tracer.BARE)
_WIDTH = tl.constexpr(tracer.WIDTH)
_FAR = tl.constexpr(tracer.FAR)
_PI = tl.constexpr(math.pi)
_VIEW = tl.constexpr(20)  # numbers of a view, see `_packed`

_OP, _BLEND = tl.constexpr(Column.OP), tl.constexpr(Column.BLEND)
_CENTRE, _TURN = tl.constexpr(Column.CENTRE.start), tl.constexpr(Column.TURN.start)
_SIZES = tl.constexpr(Column.SIZES.start)
_COLOUR, _SECOND = tl.constexpr(Column.COLOUR.start), tl.constexpr(Column.SECOND.start)
_PATTERN, _FREQUENCY = tl.constexpr(Column.PATTERN), tl.constexpr(Column.FREQUENCY)
_GLOSS = tl.constexpr(Column.GLOSS)

_MELTS, _CUTS, _CLIPS = tl.constexpr(int(Op.BLEND)), tl.constexpr(int(Op.CUT)), tl.constexpr(int(Op.CLIP))

_ELLIPSOID, _BOX = tl.constexpr(int(Shape.ELLIPSOID)), tl.constexpr(int(Shape.BOX))
_CONE, _TORUS = tl.constexpr(int(Shape.CONE)), tl.constexpr(int(Shape.TORUS))
_CAPSULE, _DOME = tl.constexpr(int(Shape.CAPSULE)), tl.constexpr(int(Shape.DOME))
_PRISM, _ARC = tl.constexpr(int(Shape.PRISM)), tl.constexpr(int(Shape.ARC))
_STAR, _HEART = tl.constexpr(int(Shape.STAR)), tl.constexpr(int(Shape.HEART))
_CUP, _PYRAMID = tl.constexpr(int(Shape.CUP)), tl.constexpr(int(Shape.PYRAMID))
_HORN = tl.constexpr(int(Shape.HORN))

_BANDS, _CHECKS = tl.constexpr(int(Pattern.BANDS)), tl.constexpr(int(Pattern.CHECKS))
_DOTS, _WOOD = tl.constexpr(int(Pattern.DOTS)), tl.constexpr(int(Pattern.WOOD))
_GRADIENT, _BRICKS = tl.constexpr(int(Pattern.GRADIENT)), tl.constexpr(int(Pattern.BRICKS))
_CLOUDS, _SECTORS = tl.constexpr(int(Pattern.CLOUDS)), tl.constexpr(int(Pattern.SECTORS))
_RIBS = tl.constexpr(int(Pattern.RIBS))


def trace(
    tables: Float[Tensor, "n p columns"], solid: Int[Tensor, " v"], views: Views, side: int, oversampling: int
) -> UInt8[Tensor, "v side side 4"]:
    """See `tracer.trace`. Runs on a CUDA device, and anywhere under Triton's interpreter."""
    samples = triton.next_power_of_2(oversampling * oversampling)
    pixels = max(1, LANES // samples)
    height = 1 << ((pixels.bit_length() - 1) // 2)
    width = pixels // height
    across = triton.cdiv(side, width)
    tiles = across * triton.cdiv(side, height)
    rows, packed, solid = _prepared(tables), _packed(views), solid.to(torch.int64)
    image = torch.empty(len(views), side, side, dtype=torch.int32, device=tables.device)
    counts = _part_counts(tables)
    share = max(1, PROGRAMS // tiles)  # views of a launch
    for start in range(0, len(views), share):
        count = min(share, len(views) - start)
        _draw[(count * tiles,)](
            image[start:], rows, counts, solid[start:], packed[start:], tables.shape[1], side, across, tiles,
            OVERSAMPLING=oversampling, SAMPLES=samples, WIDTH=width, HEIGHT=height, num_warps=WARPS,
        )  # fmt: skip
    return image.view(torch.uint8).view(len(views), side, side, 4)


def _part_counts(tables: Float[Tensor, "n p columns"]) -> Int[Tensor, " n"]:
    """Rows up to the last that is a part."""
    number = torch.arange(1, tables.shape[1] + 1, device=tables.device)
    return ((tables[:, :, Column.SHAPE] != Shape.NOTHING) * number).amax(1).to(torch.int32)


def _prepared(tables: Float[Tensor, "n p columns"]) -> Float[Tensor, "n p columns+2"]:
    """With two columns more, for `PlacedPart.near`: the sign of the distance to the parts before, and the room."""
    shape, op = tables[:, :, Column.SHAPE], tables[:, :, Column.OP]
    sign = 1.0 - 2.0 * (op == Op.CUT).float()
    room = tables[:, :, Column.REACH] + tables[:, :, Column.BLEND] + tracer.MARGIN
    room = room.masked_fill(op == Op.CLIP, 2.0 * tracer.FAR).masked_fill(shape == Shape.NOTHING, -2.0 * tracer.FAR)
    return torch.cat([tables, sign[..., None], room[..., None]], dim=2)


def _packed(views: Views) -> Float[Tensor, "v 20"]:
    """Position, rotation, focal length, light, ambient, diffuse, gloss, textureless."""
    single = (views.ambient, views.diffuse, views.gloss, views.textureless)
    return torch.cat(
        [views.position, views.rotation.flatten(1), views.focal[:, None], views.light]
        + [value.float()[:, None] for value in single],
        dim=1,
    )


# ---- the kernel ------------------------------------------------------------------------------------------------------


@triton.jit
@no_type_check
def _draw(
    image, tables, counts, solids, views, parts, side, across, tiles,
    OVERSAMPLING: tl.constexpr, SAMPLES: tl.constexpr, WIDTH: tl.constexpr, HEIGHT: tl.constexpr,
):  # fmt: skip
    """One tile of `WIDTH` x `HEIGHT` pixels, each of `OVERSAMPLING` squared rays; `SAMPLES` is the next power of 2."""
    view = tl.program_id(0) // tiles
    tile = tl.program_id(0) % tiles
    solid = tl.load(solids + view)
    row = tables + solid * parts * _COLUMNS
    count = tl.load(counts + solid)
    look = views + view.to(tl.int64) * _VIEW

    lane = tl.arange(0, WIDTH * HEIGHT * SAMPLES)
    pixel = lane // SAMPLES
    sample = lane % SAMPLES
    column = (tile % across) * WIDTH + pixel % WIDTH
    line = (tile // across) * HEIGHT + pixel // WIDTH
    fine = side * (1.0 * OVERSAMPLING)
    right = ((column * OVERSAMPLING + sample % OVERSAMPLING).to(tl.float32) + 0.5) / fine - 0.5
    up = 0.5 - ((line * OVERSAMPLING + sample // OVERSAMPLING).to(tl.float32) + 0.5) / fine
    wanted = (sample < OVERSAMPLING * OVERSAMPLING) & (column < side) & (line < side)

    focal = tl.load(look + 12)
    dx = right * tl.load(look + 3) + up * tl.load(look + 6) + focal * tl.load(look + 9)
    dy = right * tl.load(look + 4) + up * tl.load(look + 7) + focal * tl.load(look + 10)
    dz = right * tl.load(look + 5) + up * tl.load(look + 8) + focal * tl.load(look + 11)
    inverse = 1.0 / tl.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx * inverse, dy * inverse, dz * inverse
    ox, oy, oz = tl.load(look), tl.load(look + 1), tl.load(look + 2)

    hit, depth = _march(row, count, ox, oy, oz, dx, dy, dz, wanted)
    red = tl.zeros_like(dx)
    green = tl.zeros_like(dx)
    blue = tl.zeros_like(dx)
    if _any(hit):
        red, green, blue = _shade(row, count, look, ox, oy, oz, dx, dy, dz, depth, hit)

    r = _level(tl.where(hit, red, 0.0), WIDTH * HEIGHT, SAMPLES, OVERSAMPLING)
    g = _level(tl.where(hit, green, 0.0), WIDTH * HEIGHT, SAMPLES, OVERSAMPLING)
    b = _level(tl.where(hit, blue, 0.0), WIDTH * HEIGHT, SAMPLES, OVERSAMPLING)
    a = _level(tl.where(hit, 1.0, 0.0), WIDTH * HEIGHT, SAMPLES, OVERSAMPLING)
    place = tl.arange(0, WIDTH * HEIGHT)
    column = (tile % across) * WIDTH + place % WIDTH
    line = (tile // across) * HEIGHT + place // WIDTH
    target = image + view.to(tl.int64) * side * side + line * side + column
    tl.store(target, r | (g << 8) | (b << 16) | (a << 24), mask=(column < side) & (line < side))


@triton.jit
@no_type_check
def _level(value, PIXELS: tl.constexpr, SAMPLES: tl.constexpr, OVERSAMPLING: tl.constexpr):
    """The mean over each pixel's rays, in 0..255."""
    total = tl.sum(tl.reshape(value, (PIXELS, SAMPLES)), 1)
    return (total * (255.0 / (OVERSAMPLING * OVERSAMPLING)) + 0.5).to(tl.int32)


@triton.jit
@no_type_check
def _any(mask):
    return tl.max(mask.to(tl.int32), axis=0) > 0


@triton.jit
@no_type_check
def _march(row, count, ox, oy, oz, dx, dy, dz, wanted):
    b = ox * dx + oy * dy + oz * dz
    half = tl.sqrt(tl.maximum(b * b - (ox * ox + oy * oy + oz * oz) + _BOUND * _BOUND, 0.0))
    depth = tl.maximum(-b - half, 0.05)
    end = half - b
    active = wanted & (half > 0.0) & (depth < end)
    hit = active & (depth > end)  # none
    steps = 0
    while (steps < _STEPS) & _any(active):
        step = _distance(row, count, ox + depth * dx, oy + depth * dy, oz + depth * dz, active)
        arrived = step < _SURFACE
        hit = hit | (active & arrived)
        active = active & (step >= _SURFACE)
        depth = tl.where(active, depth + _RELAXATION * step, depth)
        active = active & (depth < end)
        steps += 1
    return hit, depth


@triton.jit
@no_type_check
def _shade(row, count, look, ox, oy, oz, dx, dy, dz, depth, hit):
    x, y, z = ox + depth * dx, oy + depth * dy, oz + depth * dz
    nx, ny, nz = _normals(row, count, x, y, z, hit)
    ambient, diffuse = tl.load(look + 16), tl.load(look + 17)
    gloss, textureless = tl.load(look + 18), tl.load(look + 19)
    lx, ly, lz = _unit(tl.load(look + 13) - x, tl.load(look + 14) - y, tl.load(look + 15) - z)
    brightness = ambient + diffuse * tl.maximum(nx * lx + ny * ly + nz * lz, 0.0)
    red = tl.full(x.shape, _BARE, tl.float32)
    green = tl.full(x.shape, _BARE, tl.float32)
    blue = tl.full(x.shape, _BARE, tl.float32)
    strength = tl.zeros_like(x)
    if textureless == 0.0:
        red, green, blue, strength = _paint(row, count, x, y, z, hit)
    hx, hy, hz = _unit(lx - dx, ly - dy, lz - dz)
    shine = tl.maximum(nx * hx + ny * hy + nz * hz, 0.0)
    shine = shine * shine
    shine = shine * shine
    shine = shine * shine
    highlight = 0.6 * gloss * strength * shine * shine
    red = tl.minimum(red * brightness + highlight, 1.0)
    green = tl.minimum(green * brightness + highlight, 1.0)
    blue = tl.minimum(blue * brightness + highlight, 1.0)
    return red, green, blue


@triton.jit
@no_type_check
def _unit(x, y, z):
    inverse = 1.0 / tl.maximum(tl.sqrt(x * x + y * y + z * z), 1e-12)
    return x * inverse, y * inverse, z * inverse


@triton.jit
@no_type_check
def _normals(row, count, x, y, z, active):
    nx = tl.zeros_like(x)
    ny = tl.zeros_like(x)
    nz = tl.zeros_like(x)
    for corner in range(4):  # in a loop and not unrolled: the shapes make the code long enough
        first = (corner // 2) * 2.0 - 1.0
        second = (corner % 2) * 2.0 - 1.0
        third = first * second
        value = _distance(row, count, x + _WIDTH * third, y + _WIDTH * first, z + _WIDTH * second, active)
        nx += third * value
        ny += first * value
        nz += second * value
    return _unit(nx, ny, nz)


# ---- parts -----------------------------------------------------------------------------------------------------------


@triton.jit
@no_type_check
def _distance(row, count, x, y, z, active):
    total = tl.full(x.shape, _FAR, tl.float32)
    for part in range(count):
        base = row + part * _COLUMNS
        near = _near(base, x, y, z, total)
        if _any(near & active):
            own, _, _, _ = _own(base, x, y, z)
            joined, _ = _join(base, total, own)
            total = tl.where(near, joined, total)
    return total


@triton.jit
@no_type_check
def _paint(row, count, x, y, z, active):
    total = tl.full(x.shape, _FAR, tl.float32)
    red = tl.full(x.shape, 0.5, tl.float32)
    green = tl.full(x.shape, 0.5, tl.float32)
    blue = tl.full(x.shape, 0.5, tl.float32)
    gloss = tl.full(x.shape, 0.5, tl.float32)
    for part in range(count):
        base = row + part * _COLUMNS
        near = _near(base, x, y, z, total)
        if _any(near & active):
            own, lx, ly, lz = _own(base, x, y, z)
            joined, share = _join(base, total, own)
            share = tl.where(near, share, 0.0)
            other = _pattern(base, lx, ly, lz)
            red = _mix(red, _mix(tl.load(base + _COLOUR), tl.load(base + _SECOND), other), share)
            green = _mix(green, _mix(tl.load(base + _COLOUR + 1), tl.load(base + _SECOND + 1), other), share)
            blue = _mix(blue, _mix(tl.load(base + _COLOUR + 2), tl.load(base + _SECOND + 2), other), share)
            gloss = _mix(gloss, tl.load(base + _GLOSS), share)
            total = tl.where(near, joined, total)
    return red, green, blue, gloss


@triton.jit
@no_type_check
def _mix(one, other, share):
    return one + share * (other - one)


@triton.jit
@no_type_check
def _near(base, x, y, z, total):
    u = x - tl.load(base + _CENTRE)
    v = y - tl.load(base + _CENTRE + 1)
    w = z - tl.load(base + _CENTRE + 2)
    room = tl.maximum(tl.load(base + _SIGN) * total + tl.load(base + _ROOM), 0.0)
    return u * u + v * v + w * w < room * room


@triton.jit
@no_type_check
def _join(base, total, own):
    op = tl.load(base + _OP)
    blend = tl.maximum(tl.load(base + _BLEND), 1e-6)
    joined = tl.minimum(total, own)
    share = tl.where(own < total, 1.0, 0.0)
    if op == _MELTS:
        apart = (total - own) / blend
        melt = _clamp(0.5 + 0.5 * apart)
        joined = _mix(total, own, melt) - blend * melt * (1.0 - melt)
        share = _clamp(0.5 + (0.5 / 0.35) * apart)
    elif op == _CUTS:
        joined = tl.maximum(total, -own)
        share = tl.where(-own > total - 1e-4, 1.0, 0.0)
    elif op == _CLIPS:
        joined = tl.maximum(total, own)
        share = tl.zeros_like(own)
    return joined, share


@triton.jit
@no_type_check
def _own(base, x, y, z):
    """The distance to a part, and the point in the part's coordinates."""
    u = x - tl.load(base + _CENTRE)
    v = y - tl.load(base + _CENTRE + 1)
    w = z - tl.load(base + _CENTRE + 2)
    lx = u * tl.load(base + _TURN) + v * tl.load(base + _TURN + 3) + w * tl.load(base + _TURN + 6)
    ly = u * tl.load(base + _TURN + 1) + v * tl.load(base + _TURN + 4) + w * tl.load(base + _TURN + 7)
    lz = u * tl.load(base + _TURN + 2) + v * tl.load(base + _TURN + 5) + w * tl.load(base + _TURN + 8)
    a, b = tl.load(base + _SIZES), tl.load(base + _SIZES + 1)
    c, d = tl.load(base + _SIZES + 2), tl.load(base + _SIZES + 3)
    shape = tl.load(base)
    own = tl.full(x.shape, _FAR, tl.float32)
    if shape == _ELLIPSOID:
        own = _ellipsoid(lx, ly, lz, a, b, c)
    elif shape == _BOX:
        own = _box(lx, ly, lz, a, b, c, d)
    elif shape == _CONE:
        own = _cone(lx, ly, lz, a, b, c, d)
    elif shape == _TORUS:
        own = _length(_length(lx, lz) - a, ly) - b
    elif shape == _CAPSULE:
        own = _capsule(lx, ly, lz, a, b, c)
    elif shape == _DOME:
        own = tl.maximum(_length3(lx, ly / c, lz) - a, b - ly / c) * tl.minimum(c, 1.0)
    elif shape == _PRISM:
        gable = tl.maximum((b * tl.abs(lx) + a * (ly - b)) / tl.sqrt(a * a + b * b), -ly)
        own = tl.maximum(gable, tl.abs(lz) - c) - d
    elif shape == _ARC:
        own = _arc(lx, ly, lz, a, b, c)
    elif shape == _STAR:
        own = _star(lx, ly, lz, a, b, c, d)
    elif shape == _HEART:
        own = _heart(lx, ly, lz, a, b, d)
    elif shape == _CUP:
        q = _length(lx, lz)
        own = tl.maximum(tl.maximum(q - b, tl.abs(ly) - a), -tl.maximum(q - b + c, d - a - ly))
    elif shape == _PYRAMID:
        across = tl.maximum(tl.abs(lx), tl.abs(lz))
        own = tl.maximum((b * across + a * (ly - b)) / tl.sqrt(a * a + b * b), -ly)
    elif shape == _HORN:
        own = _horn(lx, ly, lz, a, b, c)
    return own, lx, ly, lz


# ---- distances -------------------------------------------------------------------------------------------------------


@triton.jit
@no_type_check
def _length(x, y):
    return tl.sqrt(x * x + y * y)


@triton.jit
@no_type_check
def _length3(x, y, z):
    return tl.sqrt(x * x + y * y + z * z)


@triton.jit
@no_type_check
def _clamp(x):
    return tl.minimum(tl.maximum(x, 0.0), 1.0)


@triton.jit
@no_type_check
def _angle(y, x):
    """atan2 to 1e-7: the device library's is out of the interpreter's reach. Series: Abramowitz & Stegun 4.4.49."""
    u, v = tl.abs(x), tl.abs(y)
    q = tl.minimum(u, v) / tl.maximum(tl.maximum(u, v), 1e-30)
    s = q * q
    series = 0.0028662257 * s - 0.0161657367
    series = series * s + 0.0429096138
    series = series * s - 0.0752896400
    series = series * s + 0.1065626393
    series = series * s - 0.1420889944
    series = series * s + 0.1999355085
    series = series * s - 0.3333314528
    angle = q + q * s * series
    angle = tl.where(v > u, 0.5 * _PI - angle, angle)
    angle = tl.where(x < 0.0, _PI - angle, angle)
    return tl.where(y < 0.0, -angle, angle)


@triton.jit
@no_type_check
def _ellipsoid(x, y, z, a, b, c):
    u, v, w = x / a, y / b, z / c
    k0, k1 = _length3(u, v, w), _length3(u / a, v / b, w / c) + 1e-6
    return tl.where(k0 < 0.05, -0.9 * tl.minimum(a, tl.minimum(b, c)), k0 * (k0 - 1.0) / k1)


@triton.jit
@no_type_check
def _box(x, y, z, a, b, c, d):
    u, v, w = tl.abs(x) - a + d, tl.abs(y) - b + d, tl.abs(z) - c + d
    outside = _length3(tl.maximum(u, 0.0), tl.maximum(v, 0.0), tl.maximum(w, 0.0))
    return outside + tl.minimum(tl.maximum(u, tl.maximum(v, w)), 0.0) - d


@triton.jit
@no_type_check
def _cone(x, y, z, a, b, c, d):
    half, low, high = a - d, tl.maximum(b - d, 1e-4), tl.maximum(c - d, 1e-4)
    q = _length(x, z)
    k = high - low
    height = 2.0 * half
    cap_x, cap_y = q - tl.minimum(q, tl.where(y < 0.0, low, high)), tl.abs(y) - half
    share = _clamp(((high - q) * k + (half - y) * height) / (k * k + height * height))
    side_x, side_y = q - high + k * share, y - half + height * share
    nearest = tl.sqrt(tl.minimum(cap_x * cap_x + cap_y * cap_y, side_x * side_x + side_y * side_y))
    return tl.where((side_x < 0.0) & (cap_y < 0.0), -nearest, nearest) - d


@triton.jit
@no_type_check
def _capsule(x, y, z, a, b, c):
    share = _clamp((y + a) / (2.0 * a + 1e-6))
    return _length3(x, y - tl.minimum(tl.maximum(y, -a), a), z) - (b + (c - b) * share)


@triton.jit
@no_type_check
def _arc(x, y, z, a, b, c):
    ends = _length3(x - a * tl.cos(c), tl.abs(y) - a * tl.sin(c), z)
    around = _length(_length(x, y) - a, z)
    return tl.where(tl.abs(_angle(y, x)) < c, around, ends) - b


@triton.jit
@no_type_check
def _star(x, y, z, a, b, c, d):
    step = _PI / d
    angle = _angle(x, y)
    folded = angle - 2.0 * step * tl.floor(angle / (2.0 * step) + 0.5)
    radius = _length(x, y)
    u, v = radius * tl.cos(folded), tl.abs(radius * tl.sin(folded))
    edge_x, edge_y = a * b * tl.cos(step) - a, a * b * tl.sin(step)
    across = ((u - a) * edge_y - v * edge_x) / tl.sqrt(edge_x * edge_x + edge_y * edge_y)
    return tl.maximum(across, tl.abs(z) - c) * 0.9


@triton.jit
@no_type_check
def _heart(x, y, z, a, b, d):
    u, v = tl.abs(x) / a, y / a + 0.55
    lobe = _length(u - 0.25, v - 0.75) - 0.3535533905932738
    middle = tl.maximum(u + v, 0.0) / 2.0
    tip = tl.minimum(_length(u, v - 1.0), _length(u - middle, v - middle))
    flat = tl.where(u + v > 1.0, lobe, tl.where(u > v, tip, -tip)) * a
    depth = tl.abs(z) - b
    outside = _length(tl.maximum(flat, 0.0), tl.maximum(depth, 0.0))
    return outside + tl.minimum(tl.maximum(flat, depth), 0.0) - d


@triton.jit
@no_type_check
def _horn(x, y, z, a, b, c):
    angle = tl.minimum(tl.maximum(_angle(y, x), -c), c)
    u = angle / c
    return 0.8 * (_length3(x - a * tl.cos(angle), y - a * tl.sin(angle), z) - b * (1.0 - 0.75 * u * u))


# ---- patterns --------------------------------------------------------------------------------------------------------


@triton.jit
@no_type_check
def _fraction(x):
    return x - tl.floor(x)


@triton.jit
@no_type_check
def _pattern(base, x, y, z):
    pattern, f = tl.load(base + _PATTERN), tl.load(base + _FREQUENCY)
    share = tl.zeros_like(x)
    if pattern == _BANDS:
        share = tl.where(_fraction(y * f) >= 0.5, 1.0, 0.0)
    elif pattern == _CHECKS:
        checks = tl.floor(x * f) + tl.floor(y * f) + tl.floor(z * f)
        share = checks - 2.0 * tl.floor(checks * 0.5)
    elif pattern == _DOTS:
        off = _length3(_fraction(x * f) - 0.5, _fraction(y * f) - 0.5, _fraction(z * f) - 0.5)
        share = tl.where(off < 0.36, 1.0, 0.0)
    elif pattern == _WOOD:
        grain = _value_noise(x * f * 0.6, y * f * 3.0 + 7.0, z * f * 0.6)
        share = 0.3 + 0.3 * tl.sin((_length(x, z) * f * 2.0 + grain * 3.0) * 4.0)
    elif pattern == _GRADIENT:
        share = _clamp(y * f * 0.5 + 0.5)
    elif pattern == _BRICKS:
        level = tl.floor(y * f)
        odd = level - 2.0 * tl.floor(level * 0.5)
        brick = _fraction((x + z) * f * 0.5 + 0.5 * odd)
        share = tl.where((_fraction(y * f) < 0.15) | (brick < 0.1), 1.0, 0.0)
    elif pattern == _CLOUDS:
        share = _clamp((_value_noise(x * f, y * f, z * f) - 0.35) * 2.5)
    elif pattern == _SECTORS:
        share = tl.where(_fraction(_angle(x, z) * f / (2.0 * _PI)) >= 0.5, 1.0, 0.0)
    elif pattern == _RIBS:
        share = 0.25 + 0.25 * tl.sin(_angle(x, z) * f)
    return share


@triton.jit
@no_type_check
def _value_noise(x, y, z):
    i, j, k = tl.floor(x), tl.floor(y), tl.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    i, j, k = i.to(tl.int32), j.to(tl.int32), k.to(tl.int32)
    low = _mix(_noise_edge(i, j, k, u), _noise_edge(i, j + 1, k, u), v)
    high = _mix(_noise_edge(i, j, k + 1, u), _noise_edge(i, j + 1, k + 1, u), v)
    return _mix(low, high, w)


@triton.jit
@no_type_check
def _noise_edge(i, j, k, share):
    return _mix(_hash(i, j, k), _hash(i + 1, j, k), share)


@triton.jit
@no_type_check
def _hash(i, j, k):
    value = _shuffled(_shuffled(_shuffled(i) + j) + k)
    return value.to(tl.float32) / 289.0


@triton.jit
@no_type_check
def _shuffled(number):
    rest = (number % 289 + 289) % 289  # the remainder takes the sign of the number
    return (34 * rest + 1) * rest % 289
