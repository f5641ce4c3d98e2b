"""Group normalisation with what stands around it in a diffusion network, as one operation of frozen weights.

B images, C channels in groups, any number of places an image: pixels of [B, C, H, W] or tokens of [B, C, N].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from dreamcore import kernels

Activation = Literal["none", "silu", "gelu"]
Images = Float[Tensor, "images channels *places"]
PerChannel = Float[Tensor, " channels"]
PerImage = Float[Tensor, "images channels"]


@dataclass(frozen=True, kw_only=True)
class Norm:
    """y = activation((weight GN(x + shift) + bias) (1 + factor) + addend), where GN makes each group of channels have
    mean 0 and variance 1 - `epsilon` counted in - over all places of an image.

    `shift` is what a bias or a time embedding would have added to x; `factor` and `addend` come together or not at all.
    """

    weight: PerChannel
    bias: PerChannel
    groups: int
    epsilon: float
    activation: Activation = "none"
    shift: PerChannel | PerImage | None = None
    factor: PerImage | None = None
    addend: PerImage | None = None


def normalise(x: Images, norm: Norm) -> Images:
    """y of `Norm`. Differentiable by x alone; the result is laid out with channels next to each other."""
    given = (norm.weight, norm.bias, norm.shift, norm.factor, norm.addend)
    assert not any(value is not None and value.requires_grad for value in given), "the weights must be frozen"
    return by_kernel(x, norm) if usable(x) else normalise_plainly(x, norm)


def usable(x: Tensor) -> bool:
    """Whether kernels can take it."""
    return x.device.type == "cuda" and x.dtype is not torch.float64 and kernels.installed()


def normalise_plainly(x: Images, norm: Norm) -> Images:
    """The definition of `normalise`, for any device and precision."""

    def spread(values: Tensor) -> Tensor:
        return values.reshape(*(values.shape if values.dim() == 2 else (1, -1)), *[1] * (x.dim() - 2))

    moved = x if norm.shift is None else x + spread(norm.shift)
    y = F.group_norm(moved, norm.groups, norm.weight, norm.bias, norm.epsilon)
    if norm.factor is not None and norm.addend is not None:
        y = y * (1.0 + spread(norm.factor)) + spread(norm.addend)
    if norm.activation == "none":
        return y
    return F.silu(y) if norm.activation == "silu" else F.gelu(y)


def by_kernel(x: Images, norm: Norm) -> Images:
    """`normalise` by Triton kernels."""
    y: Tensor = _Normalise.apply(x, norm)
    return y


def rows_of(x: Images) -> Float[Tensor, "images places channels"]:
    """The same values with channels next to each other; no copy if they are so already."""
    return x.movedim(1, -1).contiguous().flatten(1, -2)


def images_of(rows: Float[Tensor, "images _ channels"], like: Float[Tensor, "images _ *places"]) -> Images:
    """The inverse of `rows_of`, without a copy, at the places of `like`."""
    images: Tensor = rows.unflatten(1, like.shape[2:])
    return images.movedim(-1, 1)


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, norm: Norm) -> Tensor:
        from dreamcore.priors import normalise_cuda

        rows = rows_of(x)
        y, saved = normalise_cuda.forward(rows, norm)
        ctx.save_for_backward(rows)
        ctx.saved, ctx.groups, ctx.activation = saved, norm.groups, norm.activation
        return images_of(y, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        from dreamcore.priors import normalise_cuda

        (gradient,), (rows,) = gradients, ctx.saved_tensors
        found = normalise_cuda.backward(rows_of(gradient), rows, ctx.saved, ctx.groups, ctx.activation)
        return images_of(found, gradient), None
