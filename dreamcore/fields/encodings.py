"""Integrated positional encoding (Barron et al. 2021, "Mip-NeRF", Eq. 14): the mean of sines and cosines of a Gaussian.

Axes: L frequencies, 2^0 to 2^(L-1) along each coordinate axis.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def integrated_encoding(
    points: Float[Tensor, "*n 3"], variance: Float[Tensor, "*#n"], frequencies: int
) -> Float[Tensor, "*n features"]:
    """E[sin(2^l x)] and E[cos(2^l x)] for x normal around each point with covariance `variance` times the identity.

    Each is the function at the mean, damped by exp(-4^l variance / 2) (A.2). Of the 6 L features the sines come first;
    both halves are ordered by coordinate, then by frequency. Points are in scene units, the variance in their square.
    """
    scales = 2.0 ** torch.arange(frequencies, device=points.device, dtype=points.dtype)
    angles = points[..., None] * scales
    damping = torch.exp(-0.5 * variance[..., None] * scales * scales)[..., None, :]
    return torch.cat([(angles.sin() * damping).flatten(-2), (angles.cos() * damping).flatten(-2)], dim=-1)
