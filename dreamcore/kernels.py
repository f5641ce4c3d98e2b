"""Where Triton kernels can stand in for plain PyTorch: on CUDA devices, in float32, if Triton is installed."""

from __future__ import annotations

import importlib.util
from functools import cache

import torch
from torch import Tensor


@cache
def installed() -> bool:
    """Whether Triton is there."""
    return importlib.util.find_spec("triton") is not None


def usable(values: Tensor) -> bool:
    """Whether kernels can take values like these."""
    return values.device.type == "cuda" and values.dtype == torch.float32 and installed()
