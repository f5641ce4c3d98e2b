"""A grid field as Triton functions: features with their spatial derivatives, the decoder, and their backward by hand.

Letters: r lanes (points of one scene), f features (levels x channels, padded), h hidden units (padded). The definition
is `GridField` over `interpolation`; the tests compare the two. The first spare feature is constantly 1, so that the
bias of the hidden layer is a row of its weight. A comparison with a value that is not a number is false: what must let
it through says `x <= 0` where `max(x, 0)` would hide it.
"""

# Triton reads its functions as source and knows no annotations but constexpr; jaxtyping's import hook would wrap them.
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: PLR0913, PLR0917

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Float, Int
from torch import Tensor

from dreamcore.config import LOWEST_LOG_DENSITY, GridFieldConfig
from dreamcore.fields.base import Parameters
from dreamcore.fields.interpolation import PRIMES, make_levels
from dreamcore.placement import placed

LANES = 32  # points of a program
WARPS = 1  # of a program: whether any lane needs a point is then known without shared memory
_SMALLEST = 16  # sides of a matrix that tensor cores take

_LOWEST = tl.constexpr(LOWEST_LOG_DENSITY)
_PRIME_Y, _PRIME_Z = tl.constexpr(PRIMES[1]), tl.constexpr(PRIMES[2])


@dataclass(frozen=True)
class Packed:
    """A grid field's parameters as the kernels take them. `levels` has a column a feature: the resolution of its level,
    its first row, its count of rows, whether it is dense, its channel, and what it is: 1 a feature, 2 the constant."""

    table: Float[Tensor, "scenes rows channels"]
    levels: Int[Tensor, "6 f"]
    hidden: Float[Tensor, "scenes f h"]
    output: Float[Tensor, "scenes h 4"]
    bias: Float[Tensor, "scenes 4"]

    @property
    def sizes(self) -> dict[str, int]:
        """The compile-time sizes of a kernel."""
        return {"FEATURES": self.hidden.shape[1], "HIDDEN": self.hidden.shape[2]}

    @property
    def arguments(self) -> tuple[Tensor | int, ...]:
        """In the order in which every kernel takes them."""
        _, rows, channels = self.table.shape
        return self.table, self.levels, self.hidden, self.output, self.bias, rows, channels


def constants(config: GridFieldConfig, bound: float) -> dict[str, Any]:
    """What is fixed when a kernel is compiled: the blob, the bound and the largest log-density."""
    levels = make_levels(config.resolutions, config.table_size)
    return {
        "BOUND": bound,
        "GAUSSIAN": config.blob_shape == "gaussian",
        "STRENGTH": config.blob_strength,
        "RADIUS": config.blob_radius,
        "HIGHEST": config.log_density_max,
        "HASHED": not all(level.dense for level in levels),
    }


def pack(config: GridFieldConfig, parameters: Parameters) -> Packed:
    """Differentiable by the parameters."""
    weight, bias = parameters["hidden_weight"], parameters["hidden_bias"]
    features, hidden = weight.shape[1:]
    padded = max(_SMALLEST, triton.next_power_of_2(features + 1))
    units = max(_SMALLEST, triton.next_power_of_2(hidden))
    wide = torch.nn.functional.pad(torch.cat([weight, bias], 1), (0, units - hidden, 0, padded - features - 1))
    return Packed(
        table=parameters["table"].contiguous(),
        levels=placed(_columns(config, padded), weight.device),
        hidden=wide.contiguous(),
        output=torch.nn.functional.pad(parameters["output_weight"], (0, 0, 0, units - hidden)).contiguous(),
        bias=parameters["output_bias"][:, 0].contiguous(),
    )


def _columns(config: GridFieldConfig, padded: int) -> Int[Tensor, "6 f"]:
    columns = [
        (level.resolution, level.offset, level.rows, int(level.dense), channel, 1)
        for level in make_levels(config.resolutions, config.table_size)
        for channel in range(config.channels)
    ]
    spare = [(2, 0, 1, 1, 0, 2 if place == len(columns) else 0) for place in range(len(columns), padded)]
    return torch.tensor([*columns, *spare], dtype=torch.int32).T.contiguous()


@torch.no_grad()
def density(
    config: GridFieldConfig, bound: float, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
) -> Float[Tensor, "scenes points"]:
    """Density per unit length; see `GridField.density`."""
    packed = pack(config, parameters)
    scenes, count, _ = points.shape
    found = torch.empty(scenes, count, device=points.device)
    if count == 0:
        return found
    # a stride of 0 where all scenes are asked at the same points
    strides = points.stride()
    _density[(triton.cdiv(count, LANES), scenes)](
        found, points, *strides, count, *packed.arguments,
        **packed.sizes, **constants(config, bound), LANES=LANES, num_warps=WARPS,
    )  # fmt: skip
    return found


# ---- kernels ---------------------------------------------------------------------------------------------------------


@triton.jit
@no_type_check
def _density(
    found, points, scene_stride, point_stride, axis_stride, count,
    table, levels, hidden, output, bias, rows, channels,
    FEATURES: tl.constexpr, HIDDEN: tl.constexpr, BOUND: tl.constexpr, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr,
    RADIUS: tl.constexpr, HIGHEST: tl.constexpr, HASHED: tl.constexpr, LANES: tl.constexpr,
):  # fmt: skip
    scene = tl.program_id(1).to(tl.int64)
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    here = lane < count
    at = points + scene * scene_stride + lane.to(tl.int64) * point_stride
    x = tl.load(at, mask=here, other=0.0)
    y = tl.load(at + axis_stride, mask=here, other=0.0)
    z = tl.load(at + 2 * axis_stride, mask=here, other=0.0)
    weight, out, _places = decoder(hidden, output, scene, FEATURES, HIDDEN)
    value, _sx, _sy, _sz = features(
        table + scene * rows * channels,
        levels,
        x / BOUND,
        y / BOUND,
        z / BOUND,
        here,
        channels,
        FEATURES,
        HASHED,
        False,
    )
    units = tl.dot(value, weight, input_precision="tf32x3")
    units = tl.where(units <= 0.0, 0.0, units)
    logit = tl.sum(units * column(out, 0, HIDDEN)[None, :], 1) + tl.load(bias + scene * 4)
    density, _inside = activate(logit + blob(x, y, z, GAUSSIAN, STRENGTH, RADIUS), HIGHEST)
    tl.store(found + scene * count + lane, density, mask=here)


@triton.jit
@no_type_check
def decoder(hidden, output, scene, FEATURES: tl.constexpr, HIDDEN: tl.constexpr):
    """The scene's hidden weight [f, h], its output weight [h, 16] whose columns from the fourth on are 0, and where the
    hidden weight's elements are."""
    f = tl.arange(0, FEATURES)
    h = tl.arange(0, HIDDEN)
    o = tl.arange(0, 16)
    place = f[:, None] * HIDDEN + h[None, :]
    weight = tl.load(hidden + scene * FEATURES * HIDDEN + place)
    out = tl.load(
        output + scene * HIDDEN * 4 + h[:, None] * 4 + o[None, :], mask=(h[:, None] >= 0) & (o[None, :] < 4), other=0.0
    )
    return weight, out, place


@triton.jit
@no_type_check
def column(matrix, index: tl.constexpr, HIDDEN: tl.constexpr):
    """Column `index` of [h, 16]."""
    o = tl.arange(0, 16)
    return tl.sum(tl.where(o[None, :] == index, matrix, 0.0), 1)


@triton.jit
@no_type_check
def cells(levels, x, y, z, FEATURES: tl.constexpr):
    """For points in [-1, 1]^3 the lowest corner's coordinates, the place inside the cell, and cells a unit of length,
    each [r, f]."""
    f = tl.arange(0, FEATURES)
    resolution = tl.load(levels + f)
    scale = (resolution - 1).to(tl.float32) * 0.5
    cx, px = _cell(x, scale, resolution)
    cy, py = _cell(y, scale, resolution)
    cz, pz = _cell(z, scale, resolution)
    return cx, cy, cz, px, py, pz, scale


@triton.jit
@no_type_check
def _cell(x, scale, resolution):
    clamped = tl.minimum(tl.maximum(x, -1.0), 1.0) + 1.0
    grid = clamped[:, None] * scale[None, :]
    lowest = tl.minimum(grid.to(tl.int32), (resolution - 2)[None, :])
    return lowest, grid - lowest.to(tl.float32)


@triton.jit
@no_type_check
def element(levels, cx, cy, cz, channels, FEATURES: tl.constexpr, HASHED: tl.constexpr):
    """Where the corner's feature lies in the scene's table, [r, f]."""
    f = tl.arange(0, FEATURES)
    resolution = tl.load(levels + f)[None, :]
    offset = tl.load(levels + FEATURES + f)[None, :]
    channel = tl.load(levels + 4 * FEATURES + f)[None, :]
    row = cx + (cy + cz * resolution) * resolution
    if HASHED:
        size = tl.load(levels + 2 * FEATURES + f)[None, :]
        dense = tl.load(levels + 3 * FEATURES + f)[None, :]
        mixed = cx.to(tl.int64) ^ (cy.to(tl.int64) * _PRIME_Y) ^ (cz.to(tl.int64) * _PRIME_Z)
        row = tl.where(dense > 0, row, (mixed % size.to(tl.int64)).to(tl.int32))
    return (offset + row) * channels + channel


@triton.jit
@no_type_check
def features(
    table, levels, x, y, z, active, channels, FEATURES: tl.constexpr, HASHED: tl.constexpr, SLOPES: tl.constexpr
):
    """Features [r, f] of points in [-1, 1]^3, and with `SLOPES` their derivatives by x, y and z. `table` is the
    scene's; lanes that are not `active` read nothing."""
    f = tl.arange(0, FEATURES)
    kind = tl.load(levels + 5 * FEATURES + f)[None, :]
    reads = active[:, None] & (kind == 1)
    cx, cy, cz, px, py, pz, scale = cells(levels, x, y, z, FEATURES)
    dx = px * 0.0
    value = dx + tl.where(kind == 2, 1.0, 0.0)
    dy = px * 0.0
    dz = px * 0.0
    for k in tl.static_range(2):
        for j in tl.static_range(2):
            for i in tl.static_range(2):
                at = element(levels, cx + i, cy + j, cz + k, channels, FEATURES, HASHED)
                entry = tl.load(table + at, mask=reads, other=0.0)
                wx = px if i else 1.0 - px
                wy = py if j else 1.0 - py
                wz = pz if k else 1.0 - pz
                value += wx * wy * wz * entry
                if SLOPES:
                    dx += (1.0 if i else -1.0) * wy * wz * entry
                    dy += (1.0 if j else -1.0) * wx * wz * entry
                    dz += (1.0 if k else -1.0) * wx * wy * entry
    return value, dx * scale[None, :], dy * scale[None, :], dz * scale[None, :]


@triton.jit
@no_type_check
def scatter(
    gradient, levels, x, y, z, active, back, back_x, back_y, back_z, channels,
    FEATURES: tl.constexpr, HASHED: tl.constexpr, SLOPES: tl.constexpr,
):  # fmt: skip
    """Add to the scene's table gradient what features and derivatives pass back, each [r, f]."""
    f = tl.arange(0, FEATURES)
    adds = active[:, None] & (tl.load(levels + 5 * FEATURES + f)[None, :] == 1)
    cx, cy, cz, px, py, pz, scale = cells(levels, x, y, z, FEATURES)
    for k in tl.static_range(2):
        for j in tl.static_range(2):
            for i in tl.static_range(2):
                at = element(levels, cx + i, cy + j, cz + k, channels, FEATURES, HASHED)
                wx = px if i else 1.0 - px
                wy = py if j else 1.0 - py
                wz = pz if k else 1.0 - pz
                share = wx * wy * wz * back
                if SLOPES:
                    share += scale[None, :] * (
                        (1.0 if i else -1.0) * wy * wz * back_x
                        + (1.0 if j else -1.0) * wx * wz * back_y
                        + (1.0 if k else -1.0) * wx * wy * back_z
                    )
                tl.atomic_add(gradient + at, share, mask=adds, sem="relaxed")


@triton.jit
@no_type_check
def blob(x, y, z, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr, RADIUS: tl.constexpr):
    """The bias of the log-density; `dreamcore.fields.grid.blob`."""
    square = x * x + y * y + z * z
    if GAUSSIAN:
        return STRENGTH * tl.exp(-square / (2.0 * RADIUS * RADIUS))
    return STRENGTH * (1.0 - tl.sqrt(tl.maximum(square, 1e-6)) / RADIUS)


@triton.jit
@no_type_check
def blob_slope(x, y, z, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr, RADIUS: tl.constexpr):
    """What the bias's gradient is as a multiple of the point."""
    square = x * x + y * y + z * z
    if GAUSSIAN:
        return -STRENGTH * tl.exp(-square / (2.0 * RADIUS * RADIUS)) / (RADIUS * RADIUS)
    return -STRENGTH / RADIUS / tl.sqrt(tl.maximum(square, 1e-6))


@triton.jit
@no_type_check
def activate(log_density, HIGHEST: tl.constexpr):
    """Density, and whether the log-density is inside its clamp, where it has a gradient."""
    clamped = tl.where(log_density < _LOWEST, _LOWEST, tl.where(log_density > HIGHEST, HIGHEST, log_density))
    return tl.exp(clamped), (log_density >= _LOWEST) & (log_density <= HIGHEST)
