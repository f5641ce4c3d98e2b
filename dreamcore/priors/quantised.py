"""Matrices kept as 8-bit integers in a safetensors file, with one 16-bit scale for every 64 entries of a row.

A matrix `name` [rows, columns] is stored as `name` int8 and `name.scale` float16 [rows, columns / 64]; an entry is the
integer times the scale of its block. Other tensors are stored as 16-bit floats.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float, Float16, Int8
from torch import Tensor

BLOCK = 64
SCALE_SUFFIX = ".scale"


def quantise_matrix(
    matrix: Float[Tensor, "rows columns"],
) -> tuple[Int8[Tensor, "rows columns"], Float16[Tensor, "rows blocks"]]:
    """Integers in [-127, 127] and scales, each entry off by about half its block's scale at most."""
    blocks = matrix.float().view(len(matrix), -1, BLOCK)
    # A block of zeros: any positive scale stores it exactly.
    scale = (blocks.abs().amax(dim=-1) / 127.0).clamp(min=1e-7).half()
    integers = (blocks / scale.float()[..., None]).round().clamp(-127, 127)
    return integers.flatten(1).to(torch.int8), scale


def dequantise_matrix(
    integers: Int8[Tensor, "rows columns"], scale: Float16[Tensor, "rows blocks"]
) -> Float[Tensor, "rows columns"]:
    """float32."""
    blocks = integers.float().view(len(integers), -1, BLOCK)
    return (blocks * scale.float()[..., None]).flatten(1)


def quantise(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What to store for these float tensors. Inverse of `dequantise` up to rounding."""
    stored = {}
    for name, tensor in tensors.items():
        if tensor.ndim == 2 and tensor.shape[1] % BLOCK == 0:
            stored[name], stored[name + SCALE_SUFFIX] = quantise_matrix(tensor)
        else:
            stored[name] = tensor.half()
    return stored


def dequantise(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The float32 tensors that were stored."""
    return {
        name: dequantise_matrix(tensor, stored[name + SCALE_SUFFIX]) if tensor.dtype == torch.int8 else tensor.float()
        for name, tensor in stored.items()
        if not name.endswith(SCALE_SUFFIX)
    }
