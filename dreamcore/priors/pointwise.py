"""What a diffusion network does value by value, in one pass over memory each.

B images, C channels; x is [B, C, H, W] with channels next to each other, or [B, N, C].
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from dreamcore.priors.normalise import images_of, rows_of, usable

Images = Float[Tensor, "images channels height width"]


def add_residual(x: Images, residual: Images, bias: Float[Tensor, " channels"] | None, divisor: float) -> Images:
    """(x + bias + residual) / divisor, differentiable by x and by residual."""
    assert bias is None or not bias.requires_grad, "the weights must be frozen"
    if usable(x):
        result: Tensor = _AddResidual.apply(x, residual, bias, divisor)
        return result
    moved = x if bias is None else x + bias[:, None, None]
    return (moved + residual) / divisor


def gate(x: Float[Tensor, "*batch twice"]) -> Float[Tensor, "*batch width"]:
    """The first half of the last axis times the GELU of the second (Shazeer 2020, GEGLU)."""
    if usable(x) and not x.requires_grad and x.is_contiguous():
        from dreamcore.priors import pointwise_cuda

        return pointwise_cuda.gate(x)
    value, opening = x.chunk(2, dim=-1)
    return value * F.gelu(opening)


def pad_end(x: Images) -> Float[Tensor, "images channels taller wider"]:
    """A row of zeros below, and a column of zeros at the right. Differentiable."""
    if usable(x):
        result: Tensor = _PadEnd.apply(x)
        return result
    return F.pad(x, (0, 1, 0, 1))


class _PadEnd(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _reframed(x, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor]:
        return (_reframed(gradients[0], -1),)


def _reframed(x: Tensor, more: int) -> Tensor:
    from dreamcore.priors import pointwise_cuda

    height, width = (side + more for side in x.shape[2:])
    rows = x.permute(0, 2, 3, 1).contiguous()
    return pointwise_cuda.reframe(rows, height, width).permute(0, 3, 1, 2)


class _AddResidual(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, residual: Tensor, bias: Tensor | None, divisor: float) -> Tensor:
        from dreamcore.priors import pointwise_cuda

        ctx.divisor = divisor
        return images_of(pointwise_cuda.add_residual(rows_of(x), rows_of(residual), bias, 1.0 / divisor), x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        share = gradients[0] if ctx.divisor == 1.0 else gradients[0] / ctx.divisor
        return share, share, None, None
