"""R-Precision: how often an image-text model retrieves an object's own caption from its renders (§4, Table 1).

Letters: v views, o objects, c candidate captions, e values of an embedding. Embeddings have length 1. `own[v]` is the
caption that a view was made from, `item[v]` the object that it shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

NORMAL_95 = 1.959964  # two-sided quantile of the normal distribution


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of `count` trials with its 95 % interval (Wilson 1927)."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{100.0 * self.value:.1f} % [{100.0 * self.low:.1f}, {100.0 * self.high:.1f}], n = {self.count}"


@dataclass(frozen=True, kw_only=True)
class RPrecision:
    """`views`: every view retrieves alone, as published; `objects`: the views of an object retrieve together, by their
    mean similarity. The intervals treat trials as independent, which the views of one object are not: theirs is too
    narrow. `chance` is that of guessing among the captions."""

    views: Share
    objects: Share
    chance: float


def wilson(hits: int, count: int) -> Share:
    """The share and its interval. Raises ValueError without trials."""
    if count < 1:
        raise ValueError("no trials: a share needs at least one")
    p, z2 = hits / count, NORMAL_95 * NORMAL_95
    middle = (p + z2 / (2.0 * count)) / (1.0 + z2 / count)
    half = NORMAL_95 * math.sqrt(p * (1.0 - p) / count + z2 / (4.0 * count * count)) / (1.0 + z2 / count)
    return Share(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), count=count)


def similarity(images: Float[Tensor, "v e"], captions: Float[Tensor, "c e"]) -> Float[Tensor, "v c"]:
    """Cosines."""
    return images @ captions.T


def retrieved(scores: Float[Tensor, "v c"], own: Int[Tensor, " v"]) -> Bool[Tensor, " v"]:
    """Where the own caption scores above every other. A tie is a miss: two captions that the model cannot tell apart
    are not retrieved."""
    mine = scores.gather(1, own[:, None])
    return (scores >= mine).sum(1) == 1


def mean_by_item(scores: Float[Tensor, "v c"], item: Int[Tensor, " v"], count: int) -> Float[Tensor, "{count} c"]:
    """The mean over the views of each object; every object must have one."""
    total = torch.zeros(count, scores.shape[1], dtype=scores.dtype, device=scores.device)
    total = total.index_add(0, item, scores)
    views = torch.bincount(item, minlength=count)
    assert bool((views > 0).all()), "an object without views"
    return total / views[:, None]


def r_precision(scores: Float[Tensor, "v c"], own: Int[Tensor, " v"], item: Int[Tensor, " v"]) -> RPrecision:
    """Of views whose similarities to all candidates are `scores`. All views of an object have the same caption."""
    count = int(item.max()) + 1
    hits = retrieved(scores, own)
    own_of_item = torch.zeros(count, dtype=own.dtype, device=own.device).index_copy(0, item, own)
    together = retrieved(mean_by_item(scores, item, count), own_of_item)
    return RPrecision(
        views=wilson(int(hits.sum()), len(hits)),
        objects=wilson(int(together.sum()), count),
        chance=1.0 / scores.shape[1],
    )
