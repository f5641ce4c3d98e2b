"""`normalise.normalise` and its gradient as Triton kernels over rows of channels.

B images, N places (pixels or tokens) an image, C channels in G groups; x is [B, N, C], channels next to each other.
Statistics are gathered in K chunks of places, channel by channel, and then joined by groups, all in float32.
"""

# Triton reads its functions as source and knows no annotations but constexpr; jaxtyping's import hook would wrap them.
# ruff: noqa: PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from dreamcore.priors.normalise import Norm

Rows = Float[Tensor, "images places channels"]
PerChannel = Float[Tensor, "images channels"]
PerGroup = Float[Tensor, "images groups"]

_ROWS = 32  # places that a program looks at together
_GATHERED, _APPLIED = 64, 128  # channels that it looks at: each the better one for its kernels (docs/log.md)
_PROGRAMS = 2048  # enough to fill any GPU
_MOST_CHUNKS = 256
_ACTIVATIONS = {"none": 0, "silu": 1, "gelu": 2}


@dataclass(frozen=True)
class Saved:
    """What the gradient needs: u = (x - center) gain + offset is what goes into the activation, gain = rstd gamma."""

    center: PerChannel
    gain: PerChannel
    offset: PerChannel
    rstd: PerGroup


@dataclass(frozen=True)
class _Tiles:
    """How places and channels are cut up."""

    channels: int
    blocks: int
    rows: int
    chunks: int
    images: int

    @property
    def grid(self) -> tuple[int, int, int]:
        """The programs: one a chunk, a block of channels and an image."""
        return self.chunks, self.blocks, self.images

    @property
    def launch(self) -> dict[str, int]:
        """What every kernel over tiles is compiled for."""
        return {"ROWS": _ROWS, "BLOCK": self.channels, "num_warps": max(1, _ROWS * self.channels // 512)}

    @staticmethod
    def of(x: Rows, most: int) -> _Tiles:
        images, places, width = x.shape
        channels = min(most if width % most == 0 else _GATHERED, triton.next_power_of_2(width))
        blocks = triton.cdiv(width, channels)
        wanted = min(_MOST_CHUNKS, max(1, _PROGRAMS // (images * blocks)), triton.cdiv(places, _ROWS))
        rows = triton.cdiv(triton.cdiv(places, wanted), _ROWS) * _ROWS
        return _Tiles(channels, blocks, rows, triton.cdiv(places, rows), images)


def forward(x: Rows, norm: Norm) -> tuple[Rows, Saved]:
    """See `normalise.normalise`."""
    images, places, width = x.shape
    tiles = _Tiles.of(x, _GATHERED)
    partial = torch.empty(2, images, tiles.chunks, width, device=x.device, dtype=torch.float32)
    _gather[tiles.grid](x, partial, partial[1], places, width, tiles.rows, **tiles.launch)
    saved = _join(partial, norm, places, tiles)
    y = torch.empty_like(x)
    tiles = _Tiles.of(x, _APPLIED)
    _apply[tiles.grid](
        x,
        y,
        saved.center,
        saved.gain,
        saved.offset,
        places,
        width,
        tiles.rows,
        ACTIVATION=_ACTIVATIONS[norm.activation],
        **tiles.launch,
    )
    return y, saved


def _join(partial: Float[Tensor, "two images chunks channels"], norm: Norm, places: int, tiles: _Tiles) -> Saved:
    _, images, chunks, width = partial.shape
    center, gain, offset = torch.empty(3, images, width, device=partial.device, dtype=torch.float32)
    rstd = torch.empty(images, norm.groups, device=partial.device, dtype=torch.float32)
    none = norm.weight  # stands for what is not there, and is not read
    shift, scale, bias = norm.shift, norm.factor, norm.addend
    _finish[(norm.groups, images)](
        partial,
        partial[1],
        norm.weight,
        norm.bias,
        none if shift is None else shift,
        0 if shift is None or shift.dim() == 1 else shift.stride(0),
        none if scale is None else scale,
        none if bias is None else bias,
        0 if scale is None else scale.stride(0),
        center,
        gain,
        offset,
        rstd,
        places,
        width,
        chunks,
        tiles.rows,
        norm.epsilon,
        GROUP=width // norm.groups,
        CHANNELS=triton.next_power_of_2(width // norm.groups),
        CHUNKS=triton.next_power_of_2(chunks),
        SHIFTED=shift is not None,
        MODULATED=scale is not None,
    )
    return Saved(center, gain, offset, rstd)


def backward(gradient: Rows, x: Rows, saved: Saved, groups: int, activation: str) -> Rows:
    """The gradient by x."""
    images, places, width = x.shape
    tiles = _Tiles.of(x, _GATHERED)
    partial = torch.empty(2, images, tiles.chunks, width, device=x.device, dtype=torch.float32)
    coefficients = (saved.center, saved.gain, saved.offset)
    kind = _ACTIVATIONS[activation]
    _gather_back[tiles.grid](
        gradient, x, partial, partial[1], *coefficients, places, width, tiles.rows, ACTIVATION=kind, **tiles.launch
    )
    # means over each group, for all of its places and channels
    first, second = partial.sum(2).unflatten(-1, (groups, -1)).sum(-1) / (places * (width // groups))
    second = second * saved.rstd.square()
    result = torch.empty_like(x)
    tiles = _Tiles.of(x, _APPLIED)
    _apply_back[tiles.grid](
        gradient,
        x,
        result,
        *coefficients,
        first,
        second,
        places,
        width,
        groups,
        tiles.rows,
        ACTIVATION=kind,
        **tiles.launch,
    )
    return result


@triton.jit
@no_type_check
def _gather(x, means, squares, places, width, rows, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    """Of each channel in a chunk: the mean, and the sum of squared distances from it."""
    chunk, image = tl.program_id(0), tl.program_id(2)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    within = channel < width
    start = chunk * rows
    end = tl.minimum(start + rows, places)
    base = x + image.to(tl.int64) * places * width
    # near the mean, so that the squares of what is left do not cancel
    pivot = tl.load(base + start * width + channel, mask=within, other=0.0).to(tl.float32)
    total = tl.zeros([ROWS, BLOCK], tl.float32)
    square = tl.zeros([ROWS, BLOCK], tl.float32)
    for first in range(start, end, ROWS):
        place = first + tl.arange(0, ROWS)
        here = (place < end)[:, None] & within[None]
        value = tl.load(base + place[:, None] * width + channel[None], mask=here, other=0.0).to(tl.float32)
        away = tl.where(here, value - pivot[None], 0.0)
        total += away
        square += away * away
    count = (end - start).to(tl.float32)
    mean = tl.sum(total, 0) / count
    at = (image * tl.num_programs(0) + chunk) * width + channel
    tl.store(means + at, pivot + mean, mask=within)
    tl.store(squares + at, tl.sum(square, 0) - mean * mean * count, mask=within)


@triton.jit
@no_type_check
def _finish(
    means,
    squares,
    weight,
    bias,
    shift,
    shift_stride,
    factor,
    addend,
    factor_stride,
    center,
    gain,
    offset,
    rstd,
    places,
    width,
    chunks,
    rows,
    epsilon,
    GROUP: tl.constexpr,
    CHANNELS: tl.constexpr,
    CHUNKS: tl.constexpr,
    SHIFTED: tl.constexpr,
    MODULATED: tl.constexpr,
):
    group, image = tl.program_id(0), tl.program_id(1)
    lane = tl.arange(0, CHANNELS)
    channel = group * GROUP + lane
    chunk = tl.arange(0, CHUNKS)
    within = lane < GROUP
    here = (chunk < chunks)[:, None] & within[None]
    count = tl.minimum(rows, places - chunk * rows).to(tl.float32)[:, None]
    at = (image * chunks + chunk)[:, None] * width + channel[None]
    mean = tl.load(means + at, mask=here, other=0.0)
    moved = tl.zeros([CHANNELS], tl.float32)
    if SHIFTED:
        moved = tl.load(shift + image * shift_stride + channel, mask=within, other=0.0).to(tl.float32)
        mean += moved[None]
    number = places * GROUP * 1.0
    middle = tl.sum(tl.where(here, mean * count, 0.0)) / number
    away = mean - middle
    inside = tl.load(squares + at, mask=here, other=0.0)
    variance = tl.sum(tl.where(here, inside + away * away * count, 0.0)) / number
    root = 1.0 / tl.sqrt(variance + epsilon)
    scale = tl.load(weight + channel, mask=within, other=0.0).to(tl.float32)
    added = tl.load(bias + channel, mask=within, other=0.0).to(tl.float32)
    if MODULATED:
        more = 1.0 + tl.load(factor + image * factor_stride + channel, mask=within, other=0.0).to(tl.float32)
        scale *= more
        added = added * more + tl.load(addend + image * factor_stride + channel, mask=within, other=0.0).to(tl.float32)
    to = image * width + channel
    tl.store(center + to, middle - moved, mask=within)
    tl.store(gain + to, scale * root, mask=within)
    tl.store(offset + to, added, mask=within)
    tl.store(rstd + image * tl.num_programs(0) + group, root)


@triton.jit
@no_type_check
def _activate(u, ACTIVATION: tl.constexpr):
    if ACTIVATION == 1:
        u = u / (1.0 + tl.exp(-u))
    elif ACTIVATION == 2:
        u = 0.5 * u * (1.0 + tl.erf(u * 0.7071067811865476))
    return u


@triton.jit
@no_type_check
def _slope(u, ACTIVATION: tl.constexpr):
    """The derivative of the activation."""
    slope = u * 0.0 + 1.0
    if ACTIVATION == 1:
        s = 1.0 / (1.0 + tl.exp(-u))
        slope = s * (1.0 + u * (1.0 - s))
    elif ACTIVATION == 2:
        slope = 0.5 * (1.0 + tl.erf(u * 0.7071067811865476)) + u * tl.exp(-0.5 * u * u) * 0.3989422804014327
    return slope


@triton.jit
@no_type_check
def _apply(
    x,
    y,
    center,
    gain,
    offset,
    places,
    width,
    rows,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    ACTIVATION: tl.constexpr,
):
    chunk, image = tl.program_id(0), tl.program_id(2)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    within = channel < width
    own = image * width + channel
    c = tl.load(center + own, mask=within, other=0.0)[None]
    a = tl.load(gain + own, mask=within, other=0.0)[None]
    b = tl.load(offset + own, mask=within, other=0.0)[None]
    base = image.to(tl.int64) * places * width
    end = tl.minimum(chunk * rows + rows, places)
    for first in range(chunk * rows, end, ROWS):
        place = first + tl.arange(0, ROWS)
        here = (place < end)[:, None] & within[None]
        at = base + place[:, None] * width + channel[None]
        value = tl.load(x + at, mask=here, other=0.0).to(tl.float32)
        tl.store(y + at, _activate((value - c) * a + b, ACTIVATION).to(y.dtype.element_ty), mask=here)


@triton.jit
@no_type_check
def _gather_back(
    gradient,
    x,
    firsts,
    seconds,
    center,
    gain,
    offset,
    places,
    width,
    rows,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    ACTIVATION: tl.constexpr,
):
    """Of each channel in a chunk: the sums of h and h (x - center), h the gradient by x before the mean's and
    deviation's share."""
    chunk, image = tl.program_id(0), tl.program_id(2)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    within = channel < width
    own = image * width + channel
    c = tl.load(center + own, mask=within, other=0.0)[None]
    a = tl.load(gain + own, mask=within, other=0.0)[None]
    b = tl.load(offset + own, mask=within, other=0.0)[None]
    base = image.to(tl.int64) * places * width
    one = tl.zeros([ROWS, BLOCK], tl.float32)
    two = tl.zeros([ROWS, BLOCK], tl.float32)
    end = tl.minimum(chunk * rows + rows, places)
    for first in range(chunk * rows, end, ROWS):
        place = first + tl.arange(0, ROWS)
        here = (place < end)[:, None] & within[None]
        at = base + place[:, None] * width + channel[None]
        away = tl.load(x + at, mask=here, other=0.0).to(tl.float32) - c
        h = tl.load(gradient + at, mask=here, other=0.0).to(tl.float32) * _slope(away * a + b, ACTIVATION) * a
        one += h
        two += h * away
    at = (image * tl.num_programs(0) + chunk) * width + channel
    tl.store(firsts + at, tl.sum(one, 0), mask=within)
    tl.store(seconds + at, tl.sum(two, 0), mask=within)


@triton.jit
@no_type_check
def _apply_back(
    gradient,
    x,
    result,
    center,
    gain,
    offset,
    first_means,
    second_means,
    places,
    width,
    groups,
    rows,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    ACTIVATION: tl.constexpr,
):
    chunk, image = tl.program_id(0), tl.program_id(2)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    within = channel < width
    own = image * width + channel
    c = tl.load(center + own, mask=within, other=0.0)[None]
    a = tl.load(gain + own, mask=within, other=0.0)[None]
    b = tl.load(offset + own, mask=within, other=0.0)[None]
    group = image * groups + channel // (width // groups)
    p = tl.load(first_means + group, mask=within, other=0.0)[None]
    q = tl.load(second_means + group, mask=within, other=0.0)[None]
    base = image.to(tl.int64) * places * width
    end = tl.minimum(chunk * rows + rows, places)
    for first in range(chunk * rows, end, ROWS):
        place = first + tl.arange(0, ROWS)
        here = (place < end)[:, None] & within[None]
        at = base + place[:, None] * width + channel[None]
        away = tl.load(x + at, mask=here, other=0.0).to(tl.float32) - c
        h = tl.load(gradient + at, mask=here, other=0.0).to(tl.float32) * _slope(away * a + b, ACTIVATION) * a
        tl.store(result + at, (h - p - away * q).to(result.dtype.element_ty), mask=here)
