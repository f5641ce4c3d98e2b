"""What keeps a scene in shape besides the guidance. S scenes; each returns one number a scene."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

PerScene = Float[Tensor, " scenes"]


def turned_away(w: Float[Tensor, "*rays samples"], facing: Float[Tensor, "*rays samples"]) -> Float[Tensor, "*rays"]:
    """sum_i stopgrad(w_i) max(0, n_i . v)^2 of each ray (A.2); `facing` is n . v with v the ray's direction."""
    return (w.detach() * facing.clamp(min=0.0) ** 2).sum(-1)


def orientation(turned: Float[Tensor, "scenes rays"]) -> PerScene:
    """Mean over rays of `turned_away` (A.2)."""
    return turned.mean(-1)


def opacity(accumulated: Float[Tensor, "scenes rays"]) -> PerScene:
    """Mean over rays of sqrt((sum_i w_i)^2 + 0.01) (A.2)."""
    return torch.sqrt(accumulated * accumulated + 0.01).mean(-1)


def entropy(accumulated: Float[Tensor, "scenes rays"]) -> PerScene:
    """Mean over rays of the binary entropy of their opacity, in nats; small where rays are empty or opaque."""
    a = accumulated.clamp(1e-4, 1.0 - 1e-4)
    return -(a * a.log() + (1.0 - a) * (1.0 - a).log()).mean(-1)


def transmittance(accumulated: Float[Tensor, "scenes views rays"], target: PerScene) -> PerScene:
    """Mean over views of -min(target, the mean over rays of 1 - opacity) (Dream Fields, Eq. 8): light that passes is
    rewarded until as much of it does as `target`, in [0, 1], asks for."""
    passed = 1.0 - accumulated.mean(-1)
    return -torch.minimum(passed, target[:, None]).mean(-1)
