"""Attention of one wide head by products of whole matrices.

Fused attention kernels are made for heads of up to 128 or 256 features. A VAE has one head of 512 over all places of an
image: its matrix of weights fits into memory, and plain products of matrices run at the device's full rate.

B images, N places, F features.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.priors.normalise import usable

Heads = Float[Tensor, "images places features"]
Scores = Float[Tensor, "images places places"]

_MOST_SCORES = 2**27  # of one pass, half a GiB in float32


def attend(query: Heads, key: Heads, value: Heads) -> Heads:
    """softmax(query key^T / sqrt(F)) value, differentiable by all three."""
    images = max(1, _MOST_SCORES // query.shape[1] ** 2)
    parts = zip(query.split(images), key.split(images), value.split(images), strict=True)
    return torch.cat([_Attend.apply(*part) for part in parts])


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        scaled = query * query.shape[-1] ** -0.5
        weights = softmax(_product(scaled, key.mT), query.dtype)
        ctx.save_for_backward(scaled, key, value, weights)
        return weights @ value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (gradient,), (scaled, key, value, weights) = gradients, ctx.saved_tensors
        inner = softmax_gradient(_product(gradient, value.mT), weights)
        scale = scaled.shape[-1] ** -0.5
        return (inner @ key) * scale, inner.mT @ scaled, weights.mT @ gradient


def _product(one: Tensor, other: Tensor) -> Scores:
    """In float32 where there is a kernel that gives it: 16 bits are too few for what goes into an exponential."""
    if usable(one) and one.dtype is not torch.float32 and hasattr(torch.ops.aten.bmm, "dtype"):
        return torch.bmm(one, other, out_dtype=torch.float32)
    return one @ other


def softmax(scores: Scores, dtype: torch.dtype) -> Scores:
    """Over the last axis."""
    if usable(scores):
        from dreamcore.priors import attention_cuda

        return attention_cuda.softmax(scores, dtype)
    return scores.softmax(-1).to(dtype)


def softmax_gradient(gradient: Scores, weights: Scores) -> Scores:
    """By the scores, from that by the `weights` that the softmax gave, in the weights' dtype."""
    if usable(gradient):
        from dreamcore.priors import attention_cuda

        return attention_cuda.softmax_gradient(gradient, weights)
    total = (gradient * weights).sum(-1, keepdim=True) / weights.sum(-1, keepdim=True)  # 1, but for rounding
    return (weights * (gradient - total)).to(weights.dtype)
