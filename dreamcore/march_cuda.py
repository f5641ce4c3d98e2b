"""`march.march` as two Triton kernels: a program takes a small tile of one view along its rays, sample by sample, and
keeps nothing of a sample but its optical depth and what lies before it.

Letters: s scenes, v views, r rays, n samples; G is the derivative of the loss by a sample's weight. The definition is
`march.march_plainly`; the tests compare the two. Samples behind what is opaque to `OPAQUE` are left out: their weights
are below exp(-OPAQUE).

Backward (§3.1): with o_i the optical depth of sample i and w_i = exp(-sum_{j<i} o_j) (1 - exp(-o_i)),
dL/do_i = exp(-sum_{j<=i} o_j) G_i - sum_{j>i} w_j G_j. Samples are taken from the last to the first, so that the second
sum is added up and never a difference of large numbers.
"""

# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"
# ruff: noqa: PLR0913, PLR0915, PLR0917

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from dreamcore.fields import grid_cuda
from dreamcore.fields.grid_cuda import activate, blob, blob_slope, column, decoder, features, scatter
from dreamcore.render import EvenRays, Rendering
from dreamcore.shading import Looks

if TYPE_CHECKING:
    from dreamcore.fields.base import Parameters
    from dreamcore.fields.grid import GridField

WIDTH, HEIGHT = 8, 4  # pixels of a tile
WARPS = 4
PRECISION = "ieee"  # three TF32 products take as long (docs/log.md)
OPAQUE = 18.0

_OPAQUE = tl.constexpr(OPAQUE)
_SOFT = tl.constexpr(1e-6)  # the square of `shading.unit_normals`' epsilon
_LOOK = tl.constexpr(8)  # numbers of a view, see `_looks`
_OUT = tl.constexpr(6)  # of a ray: colour, opacity, depth, turned


@dataclass(frozen=True)
class _Launch:
    """What both kernels are told besides the field."""

    origin: Float[Tensor, "scenes views 3"]
    rays: Float[Tensor, "scenes views rays 6"]
    looks: Float[Tensor, "scenes views 8"]
    occupied: UInt8[Tensor, "scenes x y z"] | None
    samples: int
    width: int
    height: int

    @property
    def grid(self) -> tuple[int]:
        scenes, views, _ = self.origin.shape
        return (scenes * views * triton.cdiv(self.width, WIDTH) * triton.cdiv(self.height, HEIGHT),)

    @property
    def arguments(self) -> tuple[Any, ...]:
        views = self.origin.shape[1]
        cells = self.origin if self.occupied is None else self.occupied
        return self.origin, self.rays, self.looks, cells, views, self.width, self.height, self.samples

    @property
    def constants(self) -> dict[str, Any]:
        return {
            "CELLS": 0 if self.occupied is None else self.occupied.shape[1],
            "WIDTH": WIDTH,
            "HEIGHT": HEIGHT,
            "PRECISION": PRECISION,
            "num_warps": WARPS,
        }


def march(
    field: GridField,
    parameters: Parameters,
    rays: EvenRays,
    occupied: Bool[Tensor, "scenes x y z"] | None,
    looks: Looks,
    light: Float[Tensor, "scenes views 3"],
) -> Rendering:
    """See `march.march`. Runs on a CUDA device, and anywhere under Triton's interpreter."""
    cells = None if occupied is None else occupied.contiguous().view(torch.uint8)
    launch = _Launch(
        origin=rays.origin.contiguous(),
        rays=torch.cat([rays.direction, rays.near[..., None], rays.spacing[..., None], rays.jitter[..., None]], -1),
        looks=_looks(looks, light),
        occupied=cells,
        samples=rays.samples,
        width=rays.width,
        height=rays.height,
    )
    packed = grid_cuda.pack(field.config, parameters)
    fixed = grid_cuda.constants(field.config, field.bound)
    found = _March.apply(packed.table, packed.hidden, packed.output, packed.bias, packed.levels, launch, fixed)
    return Rendering(
        color=found[..., :3], opacity=found[..., 3], depth=found[..., 4], turned=found[..., 5], weights=None
    )


def _looks(looks: Looks, light: Float[Tensor, "scenes views 3"]) -> Float[Tensor, "scenes views 8"]:
    """Light, ambient, white, lit, textureless, oriented."""
    white = looks.white[:, None].expand_as(looks.ambient)
    flags = [looks.lit.float(), looks.textureless.float(), looks.oriented.float()]
    return torch.cat([light, torch.stack([looks.ambient, white, *flags], -1)], -1).contiguous()


class _March(torch.autograd.Function):
    """[s, v, r, 6]; differentiable by the field's parameters."""

    @staticmethod
    def forward(
        ctx: Any,
        table: Tensor,
        hidden: Tensor,
        output: Tensor,
        bias: Tensor,
        levels: Tensor,
        launch: _Launch,
        fixed: dict[str, Any],
    ) -> Tensor:
        packed = grid_cuda.Packed(table, levels, hidden, output, bias)
        scenes, views, rays, _ = launch.rays.shape
        device = table.device
        found = torch.empty(scenes, views, rays, 6, device=device)
        # zero where a sample is not evaluated, which tells the way back
        optical = torch.zeros(launch.grid[0], launch.samples, WIDTH * HEIGHT, device=device)
        before = torch.empty_like(optical)
        ends = torch.empty(launch.grid[0], dtype=torch.int32, device=device)
        _forward[launch.grid](
            found, optical, before, ends, *launch.arguments, *packed.arguments,
            **packed.sizes, **fixed, **launch.constants,
        )  # fmt: skip
        ctx.save_for_backward(table, hidden, output, bias, levels, optical, before, ends)
        ctx.launch, ctx.fixed = launch, fixed
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        table, hidden, output, bias, levels, optical, before, ends = ctx.saved_tensors
        launch, packed = ctx.launch, grid_cuda.Packed(table, levels, hidden, output, bias)
        results = [torch.zeros_like(value) for value in (table, hidden, output, bias)]
        _backward[launch.grid](
            grads[0].contiguous(), *results, optical, before, ends, *launch.arguments, *packed.arguments,
            **packed.sizes, **ctx.fixed, **launch.constants,
        )  # fmt: skip
        return *results, None, None, None


# ---- the kernels -----------------------------------------------------------------------------------------------------


@triton.jit
@no_type_check
def _place(program, width, height, WIDTH: tl.constexpr, HEIGHT: tl.constexpr):
    """The view of a program, and for each lane its ray among those of all views and whether there is one."""
    across = (width + WIDTH - 1) // WIDTH
    tiles = across * ((height + HEIGHT - 1) // HEIGHT)
    view = program // tiles
    tile = program % tiles
    lane = tl.arange(0, WIDTH * HEIGHT)
    x = (tile % across) * WIDTH + lane % WIDTH
    y = (tile // across) * HEIGHT + lane // WIDTH
    return view, view.to(tl.int64) * width * height + y * width + x, (x < width) & (y < height)


@triton.jit
@no_type_check
def _ray(origins, rays, view, ray, here):
    """Each lane's origin, direction, first depth, spacing and jitter; 0 where there is no ray."""
    ox, oy, oz = tl.load(origins + view * 3), tl.load(origins + view * 3 + 1), tl.load(origins + view * 3 + 2)
    own = rays + ray * 6
    dx = tl.load(own, mask=here, other=0.0)
    dy = tl.load(own + 1, mask=here, other=0.0)
    dz = tl.load(own + 2, mask=here, other=0.0)
    near = tl.load(own + 3, mask=here, other=0.0)
    spacing = tl.load(own + 4, mask=here, other=0.0)
    return ox, oy, oz, dx, dy, dz, near, spacing, tl.load(own + 5, mask=here, other=0.0)


@triton.jit
@no_type_check
def _seen_by(look):
    """A view's light, ambient strength and white, and whether it is lit, textureless and oriented; see `_looks`."""
    lit, bare, oriented = tl.load(look + 5) > 0.0, tl.load(look + 6) > 0.0, tl.load(look + 7) > 0.0
    ambient, white = tl.load(look + 3), tl.load(look + 4)
    return tl.load(look), tl.load(look + 1), tl.load(look + 2), ambient, white, lit, bare, oriented


@triton.jit
@no_type_check
def _occupied(cells, scene, x, y, z, here, CELLS: tl.constexpr, BOUND: tl.constexpr):
    """Whether a sample's cell is occupied; `render.keep_occupied`."""
    if CELLS == 0:
        return here
    cx = tl.minimum(tl.maximum(((x / BOUND + 1.0) * (CELLS / 2.0)).to(tl.int32), 0), CELLS - 1)
    cy = tl.minimum(tl.maximum(((y / BOUND + 1.0) * (CELLS / 2.0)).to(tl.int32), 0), CELLS - 1)
    cz = tl.minimum(tl.maximum(((z / BOUND + 1.0) * (CELLS / 2.0)).to(tl.int32), 0), CELLS - 1)
    at = (cx * CELLS + cy) * CELLS + cz
    return here & (tl.load(cells + scene * (CELLS * CELLS * CELLS) + at, mask=here, other=0) > 0)


@triton.jit
@no_type_check
def _absorbed(optical):
    """1 - exp(-o), also where o is small."""
    series = optical * (1.0 - optical * (0.5 - optical * (1.0 / 6.0 - optical * (1.0 / 24.0 - optical / 120.0))))
    return tl.where(optical < 0.1, series, 1.0 - tl.exp(-optical))


@triton.jit
@no_type_check
def _sigmoid(x):
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
@no_type_check
def _decode(value, weight, out, bias, PRECISION: tl.constexpr):
    """Hidden units before and after their activation, and the four outputs, each [r]."""
    raw = tl.dot(value, weight, input_precision=PRECISION)
    units = tl.where(raw <= 0.0, 0.0, raw)
    o0 = tl.sum(units * column(out, 0, out.shape[0])[None, :], 1) + tl.load(bias)
    o1 = tl.sum(units * column(out, 1, out.shape[0])[None, :], 1) + tl.load(bias + 1)
    o2 = tl.sum(units * column(out, 2, out.shape[0])[None, :], 1) + tl.load(bias + 2)
    o3 = tl.sum(units * column(out, 3, out.shape[0])[None, :], 1) + tl.load(bias + 3)
    return raw, units, o0, o1, o2, o3


@triton.jit
@no_type_check
def _normal(by_feature, sx, sy, sz, x, y, z, BOUND: tl.constexpr, slope):
    """The log-density's gradient, and one over its softened length."""
    gx = tl.sum(by_feature * sx, 1) / BOUND + slope * x
    gy = tl.sum(by_feature * sy, 1) / BOUND + slope * y
    gz = tl.sum(by_feature * sz, 1) / BOUND + slope * z
    return gx, gy, gz, 1.0 / tl.sqrt(gx * gx + gy * gy + gz * gz + _SOFT)


@triton.jit
@no_type_check
def _towards(light_x, light_y, light_z, x, y, z):
    """The direction to the light."""
    lx, ly, lz = light_x - x, light_y - y, light_z - z
    length = tl.maximum(tl.sqrt(lx * lx + ly * ly + lz * lz), 1e-12)
    return lx / length, ly / length, lz / length


@triton.jit
@no_type_check
def _forward(
    found, optical, before, ends,
    origins, rays, looks, occupied, views, width, height, samples,
    table, levels, hidden, output, bias, rows, channels,
    FEATURES: tl.constexpr, HIDDEN: tl.constexpr, BOUND: tl.constexpr, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr,
    RADIUS: tl.constexpr, HIGHEST: tl.constexpr, HASHED: tl.constexpr, PRECISION: tl.constexpr,
    CELLS: tl.constexpr, WIDTH: tl.constexpr, HEIGHT: tl.constexpr,
):  # fmt: skip
    view, ray, here = _place(tl.program_id(0), width, height, WIDTH, HEIGHT)
    look = looks + view * _LOOK
    if tl.load(look + 5) + tl.load(look + 7) > 0.0:
        _forward_rays(
            found, optical, before, ends, origins, rays, look, occupied, view, ray, here, views, samples,
            table, levels, hidden, output, bias, rows, channels,
            FEATURES, HIDDEN, BOUND, GAUSSIAN, STRENGTH, RADIUS, HIGHEST, HASHED, PRECISION, CELLS, True,
        )  # fmt: skip
    else:
        _forward_rays(
            found, optical, before, ends, origins, rays, look, occupied, view, ray, here, views, samples,
            table, levels, hidden, output, bias, rows, channels,
            FEATURES, HIDDEN, BOUND, GAUSSIAN, STRENGTH, RADIUS, HIGHEST, HASHED, PRECISION, CELLS, False,
        )  # fmt: skip


@triton.jit
@no_type_check
def _forward_rays(
    found, optical, before, ends, origins, rays, look, occupied, view, ray, here, views, samples,
    table, levels, hidden, output, bias, rows, channels,
    FEATURES: tl.constexpr, HIDDEN: tl.constexpr, BOUND: tl.constexpr, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr,
    RADIUS: tl.constexpr, HIGHEST: tl.constexpr, HASHED: tl.constexpr, PRECISION: tl.constexpr, CELLS: tl.constexpr,
    NORMALS: tl.constexpr,
):  # fmt: skip
    scene = (view // views).to(tl.int64)
    ox, oy, oz, dx, dy, dz, near, spacing, jitter = _ray(origins, rays, view, ray, here)
    light_x, light_y, light_z, ambient, white, lit, bare, oriented = _seen_by(look)
    weight, out, _place_of_weight = decoder(hidden, output, scene, FEATURES, HIDDEN)
    base = table + scene * rows * channels
    meets = here & (spacing > 0.0)
    lanes: tl.constexpr = here.shape[0]
    kept = tl.program_id(0).to(tl.int64) * samples * lanes + tl.arange(0, lanes)

    behind = near * 0.0
    red, green, blue, opacity, far, turned = behind, behind, behind, behind, behind, behind
    i = 0
    goes = tl.max(meets.to(tl.int32), 0) > 0
    while goes:
        depth = near + (i + jitter) * spacing
        x, y, z = ox + depth * dx, oy + depth * dy, oz + depth * dz
        active = _occupied(occupied, scene, x, y, z, meets, CELLS, BOUND)
        if tl.max(active.to(tl.int32), 0) > 0:
            value, sx, sy, sz = features(
                base, levels, x / BOUND, y / BOUND, z / BOUND, active, channels, FEATURES, HASHED, NORMALS
            )
            raw, _units, o0, o1, o2, o3 = _decode(value, weight, out, bias + scene * 4, PRECISION)
            density, _inside = activate(o0 + blob(x, y, z, GAUSSIAN, STRENGTH, RADIUS), HIGHEST)
            r, g, b = _sigmoid(o1), _sigmoid(o2), _sigmoid(o3)
            facing = behind * 0.0
            if NORMALS:
                back = tl.where(raw > 0.0, column(out, 0, HIDDEN)[None, :], 0.0)
                by_feature = tl.dot(back, tl.trans(weight), input_precision=PRECISION)
                slope = blob_slope(x, y, z, GAUSSIAN, STRENGTH, RADIUS)
                gx, gy, gz, inverse = _normal(by_feature, sx, sy, sz, x, y, z, BOUND, slope)
                nx, ny, nz = -gx * inverse, -gy * inverse, -gz * inverse
                lx, ly, lz = _towards(light_x, light_y, light_z, x, y, z)
                cosine = nx * lx + ny * ly + nz * lz
                shade = ambient + (1.0 - ambient) * tl.where(cosine <= 0.0, 0.0, cosine)
                r = tl.where(lit, tl.where(bare, white, r) * shade, r)
                g = tl.where(lit, tl.where(bare, white, g) * shade, g)
                b = tl.where(lit, tl.where(bare, white, b) * shade, b)
                facing = nx * dx + ny * dy + nz * dz
                facing = tl.where(oriented, tl.where(facing <= 0.0, 0.0, facing), 0.0)
            o = tl.where(active, density * spacing, 0.0)
            w = tl.where(active, tl.exp(-behind) * _absorbed(o), 0.0)
            red += tl.where(active, w * r, 0.0)
            green += tl.where(active, w * g, 0.0)
            blue += tl.where(active, w * b, 0.0)
            opacity += w
            far += w * depth
            turned += tl.where(active, w * facing * facing, 0.0)
            tl.store(optical + kept + i * lanes, o)
            tl.store(before + kept + i * lanes, behind)
            behind += o
        i += 1
        # not `behind < OPAQUE`: a ray that is not a number must be seen and counted, not ended
        goes = (i < samples) & (tl.max((meets & ~(behind >= _OPAQUE)).to(tl.int32), 0) > 0)
    tl.store(ends + tl.program_id(0), i)
    result = found + ray * _OUT
    tl.store(result, red, mask=here)
    tl.store(result + 1, green, mask=here)
    tl.store(result + 2, blue, mask=here)
    tl.store(result + 3, opacity, mask=here)
    tl.store(result + 4, far, mask=here)
    tl.store(result + 5, turned, mask=here)


@triton.jit
@no_type_check
def _backward(
    given, to_table, to_hidden, to_output, to_bias, optical, before, ends,
    origins, rays, looks, occupied, views, width, height, samples,
    table, levels, hidden, output, bias, rows, channels,
    FEATURES: tl.constexpr, HIDDEN: tl.constexpr, BOUND: tl.constexpr, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr,
    RADIUS: tl.constexpr, HIGHEST: tl.constexpr, HASHED: tl.constexpr, PRECISION: tl.constexpr,
    CELLS: tl.constexpr, WIDTH: tl.constexpr, HEIGHT: tl.constexpr,
):  # fmt: skip
    view, ray, here = _place(tl.program_id(0), width, height, WIDTH, HEIGHT)
    look = looks + view * _LOOK
    if tl.load(look + 5) + tl.load(look + 7) > 0.0:
        _backward_rays(
            given, to_table, to_hidden, to_output, to_bias, optical, before, ends,
            origins, rays, look, view, ray, here, views, samples,
            table, levels, hidden, output, bias, rows, channels,
            FEATURES, HIDDEN, BOUND, GAUSSIAN, STRENGTH, RADIUS, HIGHEST, HASHED, PRECISION, True,
        )  # fmt: skip
    else:
        _backward_rays(
            given, to_table, to_hidden, to_output, to_bias, optical, before, ends,
            origins, rays, look, view, ray, here, views, samples,
            table, levels, hidden, output, bias, rows, channels,
            FEATURES, HIDDEN, BOUND, GAUSSIAN, STRENGTH, RADIUS, HIGHEST, HASHED, PRECISION, False,
        )  # fmt: skip


@triton.jit
@no_type_check
def _backward_rays(
    given, to_table, to_hidden, to_output, to_bias, optical, before, ends,
    origins, rays, look, view, ray, here, views, samples,
    table, levels, hidden, output, bias, rows, channels,
    FEATURES: tl.constexpr, HIDDEN: tl.constexpr, BOUND: tl.constexpr, GAUSSIAN: tl.constexpr, STRENGTH: tl.constexpr,
    RADIUS: tl.constexpr, HIGHEST: tl.constexpr, HASHED: tl.constexpr, PRECISION: tl.constexpr, NORMALS: tl.constexpr,
):  # fmt: skip
    scene = (view // views).to(tl.int64)
    ox, oy, oz, dx, dy, dz, near, spacing, jitter = _ray(origins, rays, view, ray, here)
    light_x, light_y, light_z, ambient, white, lit, bare, oriented = _seen_by(look)
    weight, out, place = decoder(hidden, output, scene, FEATURES, HIDDEN)
    first = column(out, 0, HIDDEN)
    base = table + scene * rows * channels
    lanes: tl.constexpr = here.shape[0]
    kept = tl.program_id(0).to(tl.int64) * samples * lanes + tl.arange(0, lanes)
    wanted = given + ray * _OUT
    by_red, by_green, by_blue = (
        tl.load(wanted, mask=here, other=0.0), tl.load(wanted + 1, mask=here, other=0.0),
        tl.load(wanted + 2, mask=here, other=0.0),
    )  # fmt: skip
    by_opacity, by_depth = tl.load(wanted + 3, mask=here, other=0.0), tl.load(wanted + 4, mask=here, other=0.0)
    by_turned = tl.load(wanted + 5, mask=here, other=0.0)

    o16 = tl.arange(0, 16)
    later = near * 0.0  # sum of w_j G_j over the samples behind
    sum0, sum1, sum2, sum3 = later, later, later, later
    sum_weight = tl.zeros((FEATURES, HIDDEN), tl.float32)
    sum_out = tl.zeros((HIDDEN, 16), tl.float32)
    i = tl.load(ends + tl.program_id(0)) - 1
    while i >= 0:
        optic = tl.load(optical + kept + i * lanes)
        # an evaluated sample has some density; one that is not a number counts as evaluated
        active = ~(optic <= 0.0)
        if tl.max(active.to(tl.int32), 0) > 0:
            depth = near + (i + jitter) * spacing
            x, y, z = ox + depth * dx, oy + depth * dy, oz + depth * dz
            value, sx, sy, sz = features(
                base, levels, x / BOUND, y / BOUND, z / BOUND, active, channels, FEATURES, HASHED, NORMALS
            )
            raw, units, o0, o1, o2, o3 = _decode(value, weight, out, bias + scene * 4, PRECISION)
            density, inside = activate(o0 + blob(x, y, z, GAUSSIAN, STRENGTH, RADIUS), HIGHEST)
            red, green, blue = _sigmoid(o1), _sigmoid(o2), _sigmoid(o3)
            behind = tl.load(before + kept + i * lanes)
            w = tl.where(active, tl.exp(-behind) * _absorbed(optic), 0.0)
            to_red, to_green, to_blue = w * by_red, w * by_green, w * by_blue
            r, g, b = red, green, blue
            if NORMALS:
                back = tl.where(raw > 0.0, first[None, :], 0.0)
                by_feature = tl.dot(back, tl.trans(weight), input_precision=PRECISION)
                slope = blob_slope(x, y, z, GAUSSIAN, STRENGTH, RADIUS)
                gx, gy, gz, inverse = _normal(by_feature, sx, sy, sz, x, y, z, BOUND, slope)
                nx, ny, nz = -gx * inverse, -gy * inverse, -gz * inverse
                lx, ly, lz = _towards(light_x, light_y, light_z, x, y, z)
                cosine = nx * lx + ny * ly + nz * lz
                shade = ambient + (1.0 - ambient) * tl.where(cosine <= 0.0, 0.0, cosine)
                r = tl.where(bare, white, red)
                g = tl.where(bare, white, green)
                b = tl.where(bare, white, blue)
                by_cosine = (1.0 - ambient) * (to_red * r + to_green * g + to_blue * b)
                by_cosine = tl.where(lit, tl.where(cosine >= 0.0, by_cosine, 0.0), 0.0)
                r = tl.where(lit, r * shade, red)
                g = tl.where(lit, g * shade, green)
                b = tl.where(lit, b * shade, blue)
                share = tl.where(lit, tl.where(bare, 0.0, shade), 1.0)
                to_red, to_green, to_blue = to_red * share, to_green * share, to_blue * share
                facing = nx * dx + ny * dy + nz * dz
                by_facing = tl.where(oriented, tl.where(facing > 0.0, 2.0 * by_turned * w * facing, 0.0), 0.0)
                # through n = -g / sqrt(g.g + e) to the gradient g
                mx, my, mz = (
                    by_cosine * lx + by_facing * dx,
                    by_cosine * ly + by_facing * dy,
                    by_cosine * lz + by_facing * dz,
                )
                along = inverse * inverse * inverse * (gx * mx + gy * my + gz * mz)
                hx = tl.where(active, along * gx - inverse * mx, 0.0)
                hy = tl.where(active, along * gy - inverse * my, 0.0)
                hz = tl.where(active, along * gz - inverse * mz, 0.0)
            # G, and through the optical depth to the density
            by_weight = r * by_red + g * by_green + b * by_blue + by_opacity + by_depth * depth
            by_optical = tl.exp(-behind - optic) * by_weight - later
            later += tl.where(active, w * by_weight, 0.0)
            p0 = tl.where(active & inside, by_optical * spacing * density, 0.0)
            p1 = tl.where(active, to_red * red * (1.0 - red), 0.0)
            p2 = tl.where(active, to_green * green * (1.0 - green), 0.0)
            p3 = tl.where(active, to_blue * blue * (1.0 - blue), 0.0)
            sum0 += p0
            sum1 += p1
            sum2 += p2
            sum3 += p3
            outputs = tl.where(o16[None, :] == 0, p0[:, None], 0.0)
            outputs = tl.where(o16[None, :] == 1, p1[:, None], outputs)
            outputs = tl.where(o16[None, :] == 2, p2[:, None], outputs)
            outputs = tl.where(o16[None, :] == 3, p3[:, None], outputs)
            sum_out += tl.dot(tl.trans(units), outputs, input_precision=PRECISION)
            by_units = tl.dot(outputs, tl.trans(out), input_precision=PRECISION)
            by_raw = tl.where(raw > 0.0, by_units, 0.0)
            sum_weight += tl.dot(tl.trans(value), by_raw, input_precision=PRECISION)
            to_value = tl.dot(by_raw, tl.trans(weight), input_precision=PRECISION)
            bx, by, bz = to_value, to_value, to_value
            if NORMALS:
                by_by = (hx[:, None] * sx + hy[:, None] * sy + hz[:, None] * sz) / BOUND
                sum_weight += tl.dot(tl.trans(by_by), back, input_precision=PRECISION)
                by_back = tl.where(raw > 0.0, tl.dot(by_by, weight, input_precision=PRECISION), 0.0)
                only = tl.where((o16[None, :] == 0) & active[:, None], 1.0, 0.0)
                sum_out += tl.dot(tl.trans(by_back), only, input_precision=PRECISION)
                bx, by, bz = (
                    hx[:, None] * by_feature / BOUND, hy[:, None] * by_feature / BOUND,
                    hz[:, None] * by_feature / BOUND,
                )  # fmt: skip
            scatter(
                to_table + scene * rows * channels, levels, x / BOUND, y / BOUND, z / BOUND, active,
                to_value, bx, by, bz, channels, FEATURES, HASHED, NORMALS,
            )  # fmt: skip
        i -= 1
    h = tl.arange(0, HIDDEN)
    tl.atomic_add(to_hidden + scene * FEATURES * HIDDEN + place, sum_weight, sem="relaxed")
    tl.atomic_add(
        to_output + scene * HIDDEN * 4 + h[:, None] * 4 + o16[None, :], sum_out,
        mask=(h[:, None] >= 0) & (o16[None, :] < 4), sem="relaxed",
    )  # fmt: skip
    tl.atomic_add(to_bias + scene * 4, tl.sum(sum0, 0), sem="relaxed")
    tl.atomic_add(to_bias + scene * 4 + 1, tl.sum(sum1, 0), sem="relaxed")
    tl.atomic_add(to_bias + scene * 4 + 2, tl.sum(sum2, 0), sem="relaxed")
    tl.atomic_add(to_bias + scene * 4 + 3, tl.sum(sum3, 0), sem="relaxed")
