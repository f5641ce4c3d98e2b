"""Volume rendering along rays (§3.1). N samples a ray, in order of distance."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def weights(
    density: Float[Tensor, "*rays samples"], spacing: Float[Tensor, "*rays samples"]
) -> Float[Tensor, "*rays samples"]:
    """w_i = a_i prod_{j<i} (1 - a_j) with a_i = 1 - exp(-tau_i d_i): density per unit length, spacing a length."""
    optical = density * spacing
    # shifted, not `cumsum - optical`: that cancels what lies before a very dense sample
    before = torch.nn.functional.pad(torch.cumsum(optical, dim=-1)[..., :-1], (1, 0))
    return torch.exp(-before) * -torch.expm1(-optical)


def accumulate(
    w: Float[Tensor, "*rays samples"], values: Float[Tensor, "*rays samples channels"]
) -> Float[Tensor, "*rays channels"]:
    """sum_i w_i v_i."""
    return (w[..., None] * values).sum(dim=-2)
