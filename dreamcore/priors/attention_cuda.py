"""The softmax of `attention` and its gradient as Triton kernels, a row a program."""

# Triton reads its functions as source and knows no annotations but constexpr; jaxtyping's import hook would wrap them.
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

from typing import no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Float
from torch import Tensor

Scores = Float[Tensor, "images places others"]


def softmax(scores: Scores, dtype: torch.dtype) -> Scores:
    """Over the last axis, in `dtype`."""
    scores = scores.contiguous()
    weights = torch.empty_like(scores, dtype=dtype)
    width = scores.shape[-1]
    block = triton.next_power_of_2(width)
    _softmax[(scores.numel() // width,)](scores, weights, width, BLOCK=block, num_warps=_warps(block))
    return weights


def softmax_gradient(gradient: Scores, weights: Scores) -> Scores:
    """By the scores, in the weights' dtype."""
    gradient = gradient.contiguous()
    result = torch.empty_like(weights)
    width = weights.shape[-1]
    block = triton.next_power_of_2(width)
    _gradient[(weights.numel() // width,)](gradient, weights, result, width, BLOCK=block, num_warps=_warps(block))
    return result


def _warps(block: int) -> int:
    return min(16, max(1, block // 512))


@triton.jit
@no_type_check
def _softmax(scores, weights, width, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * width
    column = tl.arange(0, BLOCK)
    here = column < width
    score = tl.load(scores + row + column, mask=here, other=float("-inf")).to(tl.float32)
    weight = tl.exp(score - tl.max(score, 0))
    tl.store(weights + row + column, (weight / tl.sum(weight, 0)).to(weights.dtype.element_ty), mask=here)


@triton.jit
@no_type_check
def _gradient(gradient, weights, result, width, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * width
    column = tl.arange(0, BLOCK)
    here = column < width
    weight = tl.load(weights + row + column, mask=here, other=0.0).to(tl.float32)
    g = tl.load(gradient + row + column, mask=here, other=0.0).to(tl.float32)
    # the weights add up to 1 before they are rounded
    total = tl.sum(weight * g, 0) / tl.sum(weight, 0)
    tl.store(result + row + column, (weight * (g - total)).to(result.dtype.element_ty), mask=here)
