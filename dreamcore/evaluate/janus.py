"""Objects with more than one front (the Janus problem), by what an image-text model takes each view for.

A view is taken for a front if the model prefers "<caption>, front view" to the side and the back view. Letters: o
objects, e values of an embedding, a views around each at equal steps of azimuth, the first at azimuth 0.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

FRONT = 0  # index into `dreamcore.texts.VIEW_WORDS`, of which the first three are compared
SHARE_ALL_AROUND = 0.7  # an object that looks like a front from more directions than this has one everywhere


def looks_like_front(scores: Float[Tensor, "o a 3"]) -> Bool[Tensor, "o a"]:
    """Where the front view's caption is nearer than the side's and the back's."""
    return scores.argmax(-1) == FRONT


def front_runs(fronts: Bool[Tensor, "o a"]) -> Int[Tensor, " o"]:
    """How many separate fronts there are around the circle."""
    starts = fronts & ~fronts.roll(1, dims=1)
    return torch.where(fronts.all(1), 1, starts.sum(1))


def has_janus(fronts: Bool[Tensor, "o a"]) -> Bool[Tensor, " o"]:
    """More than one front, or a front nearly all around."""
    return (front_runs(fronts) > 1) | (fronts.float().mean(1) > SHARE_ALL_AROUND)


def view_consistency(views: Float[Tensor, "a e"]) -> float | None:
    """The mean cosine of neighbouring views around one object, of length 1 each; None with a single view."""
    return float((views * views.roll(-1, dims=0)).sum(-1).mean()) if len(views) > 1 else None


def folded(azimuth: Float[Tensor, " a"]) -> Float[Tensor, " a"]:
    """What an object with a second face instead of its back shows at each azimuth: beyond 90 degrees to either side,
    the front half once more. Made to measure how often `has_janus` notices."""
    a = torch.remainder(azimuth + 180.0, 360.0) - 180.0
    return torch.where(a.abs() > 90.0, torch.sign(a) * (180.0 - a.abs()), a)


def behind_again(count: int) -> list[int]:
    """`folded` as a rearrangement of `count` views around an object, a multiple of 4."""
    assert count % 4 == 0
    azimuth = torch.arange(count) * 360.0 / count
    return [round(place) % count for place in (folded(azimuth) * count / 360.0).tolist()]
