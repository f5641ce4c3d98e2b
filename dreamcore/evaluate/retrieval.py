"""R-Precision: how often an image-text model retrieves an object's own caption from its renders (§4, Table 1).

Letters: v views, o objects, c candidate captions, e values of an embedding. Embeddings have length 1. `own[v]` is the
caption that a view was made from, `item[v]` the object that it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dreamcore.evaluate.share import Share, wilson


@dataclass(frozen=True, kw_only=True)
class RPrecision:
    """`views`: every view retrieves alone, as published; `objects`: the views of an object retrieve together, by their
    mean similarity. The intervals treat trials as independent, which the views of one object are not: theirs is too
    narrow. `chance` is that of guessing among the captions."""

    views: Share
    objects: Share
    chance: float


def similarity(images: Float[Tensor, "v e"], captions: Float[Tensor, "c e"]) -> Float[Tensor, "v c"]:
    """Cosines."""
    return images @ captions.T


def ranks(scores: Float[Tensor, "v c"], own: Int[Tensor, " v"]) -> Int[Tensor, " v"]:
    """How many captions score at least as high as the own one, itself among them: 1 where it is retrieved."""
    return (scores >= scores.gather(1, own[:, None])).sum(1)


def retrieved(scores: Float[Tensor, "v c"], own: Int[Tensor, " v"]) -> Bool[Tensor, " v"]:
    """Where the own caption scores above every other. A tie is a miss: two captions that the model cannot tell apart
    are not retrieved."""
    return ranks(scores, own) == 1


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


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the views of one object say. `score`: the mean cosine of its own caption; `rank` and `answer`: the own
    caption's rank by the views together, and which caption is first; `alone`: how many views retrieve the own one
    alone, of `views`."""

    score: float
    rank: int
    answer: int
    alone: int
    views: int


def answer(views: Float[Tensor, "v e"], captions: Float[Tensor, "c e"], own: int) -> Answer:
    """Of one object whose caption is number `own`."""
    scores = similarity(views, captions)
    together = scores.mean(0, keepdim=True)
    place = torch.tensor([own], device=scores.device)
    return Answer(
        score=float(together[0, own]),
        rank=int(ranks(together, place)),
        answer=int(together.argmax()),
        alone=int(retrieved(scores, place.expand(len(scores))).sum()),
        views=len(scores),
    )
