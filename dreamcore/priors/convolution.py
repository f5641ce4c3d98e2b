"""Convolutions of frozen weights.

Their gradient is by the image alone, so what they read need not be kept, and the library may try its algorithms and
keep the fastest. The gradient of a convolution of stride 1 is a convolution too, with the kernel turned around and the
channels exchanged, for which the library's kernels are better than for what it calls a gradient.
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

from dreamcore.priors.normalise import images_of, rows_of

Images = Float[Tensor, "images channels height width"]
Resized = Float[Tensor, "images outputs rows columns"]


class FrozenConvolution(nn.Module):
    """A `Conv2d` whose weights are never trained. Without its bias where what follows adds that."""

    def __init__(self, conv: nn.Conv2d, *, biased: bool = True) -> None:
        super().__init__()
        assert isinstance(conv.padding, tuple)
        self.weight, self.bias = conv.weight, conv.bias if biased else None
        self.stride, self.padding = conv.stride, conv.padding
        self._turned: Tensor | None = None

    def forward(self, x: Images) -> Resized:
        if self.weight.shape[2:] == (1, 1) and self.stride == (1, 1) and self.padding == (0, 0):
            # of single pixels: a product of matrices
            return images_of(F.linear(rows_of(x), self.weight.flatten(1), self.bias), x)
        result: Tensor = _Convolve.apply(x, self)
        return result

    def run(self, x: Images) -> Resized:
        """The convolution itself."""
        with _fastest():
            return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def run_back(self, gradient: Resized, size: torch.Size) -> Images:
        """The gradient by the image, which has this size."""
        with _fastest():
            if self.stride != (1, 1):
                strided: Tensor = conv2d_input(size, self.weight, gradient, self.stride, self.padding)
                return strided
            reach = [kernel - 1 - pad for kernel, pad in zip(self.weight.shape[2:], self.padding, strict=True)]
            return F.conv2d(gradient, self.turned(), padding=reach)

    def turned(self) -> Float[Tensor, "channels outputs kernel_height kernel_width"]:
        """The weights of the convolution that gives the gradient. Made when first asked for: not all are."""
        if self._turned is None:
            turned = self.weight.flip(2, 3).transpose(0, 1)
            self._turned = turned.contiguous(memory_format=torch.channels_last)
        return self._turned


def replaceable(module: nn.Module) -> bool:
    """Whether a `FrozenConvolution` does what this module does."""
    if (
        type(module) is not nn.Conv2d
        or module.groups != 1
        or module.dilation != (1, 1)
        or module.padding_mode != "zeros"
    ):
        return False
    kernel, padding = module.kernel_size, module.padding
    return isinstance(padding, tuple) and all(one < other for one, other in zip(padding, kernel, strict=True))


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: FrozenConvolution) -> Tensor:
        ctx.conv, ctx.size = conv, x.shape
        return conv.run(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.conv.run_back(gradients[0], ctx.size), None


@contextlib.contextmanager
def _fastest() -> Iterator[None]:
    """Inside, algorithms are tried once a shape, unless somebody asked for determinism."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = before or not torch.are_deterministic_algorithms_enabled()
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
