"""Convolutions of frozen weights.

Their gradient is by the image alone, so what they read need not be kept, and the library may try its algorithms and
keep the fastest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

Images = Float[Tensor, "images channels height width"]


class FrozenConvolution(nn.Module):
    """A `Conv2d` whose weights are never trained. Without its bias where what follows adds that."""

    def __init__(self, conv: nn.Conv2d, *, biased: bool = True) -> None:
        super().__init__()
        assert isinstance(conv.padding, tuple) and conv.groups == 1 and conv.padding_mode == "zeros"
        self.weight, self.bias = conv.weight, conv.bias if biased else None
        self.stride, self.padding, self.dilation = conv.stride, conv.padding, conv.dilation

    def forward(self, x: Images) -> Float[Tensor, "images outputs rows columns"]:
        result: Tensor = _Convolve.apply(x, self)
        return result


def replaceable(module: nn.Module) -> bool:
    """Whether a `FrozenConvolution` does what this module does."""
    return type(module) is nn.Conv2d and isinstance(module.padding, tuple) and module.groups == 1


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: FrozenConvolution) -> Tensor:
        ctx.conv, ctx.size = conv, x.shape
        with _fastest():
            return F.conv2d(x, conv.weight, conv.bias, conv.stride, conv.padding, conv.dilation)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        conv = ctx.conv
        with _fastest():
            found = conv2d_input(ctx.size, conv.weight, gradients[0], conv.stride, conv.padding, conv.dilation)
        return found, None


@contextlib.contextmanager
def _fastest() -> Iterator[None]:
    """Inside, algorithms are tried once a shape, unless somebody asked for determinism."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or not torch.are_deterministic_algorithms_enabled()
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
