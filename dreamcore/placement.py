"""Bringing small values from the host to a device without waiting for it."""

from __future__ import annotations

import torch
from torch import Tensor


def placed(values: Tensor, device: torch.device) -> Tensor:
    """The values on the device. The host does not wait where they come from its memory: they are staged before the call
    returns, and a step has dozens of them. Elsewhere this is `Tensor.to`."""
    return values.to(device, non_blocking=values.device.type == "cpu")
