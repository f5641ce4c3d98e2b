"""`pointwise` as Triton kernels."""

# Triton reads its functions as source and knows no annotations but constexpr; jaxtyping's import hook would wrap them.
# ruff: noqa: PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

from typing import no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Float
from torch import Tensor

Rows = Float[Tensor, "images places channels"]

_BLOCK = 2048


def add_residual(x: Rows, residual: Rows, bias: Float[Tensor, " channels"] | None, factor: float) -> Rows:
    """(x + bias + residual) factor."""
    result = torch.empty_like(x)
    size = x.numel()
    with_bias = bias is not None
    _add[(triton.cdiv(size, _BLOCK),)](
        x, residual, bias if with_bias else x, result, size, x.shape[-1], factor, BIASED=with_bias, BLOCK=_BLOCK
    )
    return result


def gate(x: Float[Tensor, "*batch twice"]) -> Float[Tensor, "*batch width"]:
    """The first half times the GELU of the second."""
    width = x.shape[-1] // 2
    result = x.new_empty(*x.shape[:-1], width)
    rows = result.numel() // width
    block = min(1024, triton.next_power_of_2(width))
    _gate[(rows, triton.cdiv(width, block))](x, result, width, BLOCK=block)
    return result


def reframe(
    x: Float[Tensor, "images height width channels"], height: int, width: int
) -> Float[Tensor, "images {height} {width} channels"]:
    """The same images with rows and columns cut off, or zeros put, at their ends."""
    images, rows, columns, channels = x.shape
    result = x.new_empty(images, height, width, channels)
    grid = (images * height, triton.cdiv(width * channels, _BLOCK))
    _reframe[grid](x, result, rows, columns * channels, height, width * channels, BLOCK=_BLOCK)
    return result


@triton.jit
@no_type_check
def _add(x, residual, bias, result, size, width, factor, BIASED: tl.constexpr, BLOCK: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    here = at < size
    total = tl.load(x + at, mask=here, other=0.0).to(tl.float32)
    total += tl.load(residual + at, mask=here, other=0.0).to(tl.float32)
    if BIASED:
        total += tl.load(bias + at % width, mask=here, other=0.0).to(tl.float32)
    tl.store(result + at, (total * factor).to(result.dtype.element_ty), mask=here)


@triton.jit
@no_type_check
def _gate(x, result, width, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    here = column < width
    value = tl.load(x + row * 2 * width + column, mask=here, other=0.0).to(tl.float32)
    opening = tl.load(x + row * 2 * width + width + column, mask=here, other=0.0).to(tl.float32)
    opened = 0.5 * opening * (1.0 + tl.erf(opening * 0.7071067811865476))
    tl.store(result + row * width + column, (value * opened).to(result.dtype.element_ty), mask=here)


@triton.jit
@no_type_check
def _reframe(x, result, rows, length, height, new_length, BLOCK: tl.constexpr):
    image = tl.program_id(0) // height
    row = tl.program_id(0) % height
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    there = (at < length) & (row < rows)
    value = tl.load(x + (image * rows + row).to(tl.int64) * length + at, mask=there, other=0.0)
    tl.store(result + tl.program_id(0).to(tl.int64) * new_length + at, value, mask=at < new_length)
