"""Intervals by resampling whole clusters (Efron 1979; Field and Welsh 2007).

Objects of one prompt resemble each other, so that prompts are drawn and not objects. Letters: n values, k clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

DRAWS = 2000
LEVEL = 0.95
_AT_ONCE = 100


@dataclass(frozen=True)
class Interval:
    """`low` to `high` hold the middle 95 % of the draws."""

    low: float
    high: float


def mean_interval(
    values: Float[np.ndarray, " n"],
    cluster: Int[np.ndarray, " n"],
    weights: Int[np.ndarray, " n"] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Interval | None:
    """Of the mean of the values, by drawing clusters with replacement. None with fewer than two clusters: one prompt
    says nothing of others. `cluster` numbers them in any way; `weights` are 1 if not given."""
    _, place = np.unique(cluster, return_inverse=True)
    weights = np.ones(len(values), int) if weights is None else weights
    sums, sizes = np.bincount(place, weights=values * weights), np.bincount(place, weights=weights)
    if len(sums) < 2:
        return None
    random = np.random.default_rng(seed)
    means = []
    for start in range(0, draws, _AT_ONCE):
        drawn = random.integers(0, len(sums), (min(_AT_ONCE, draws - start), len(sums)))
        means.append(sums[drawn].sum(1) / sizes[drawn].sum(1))
    return middle(np.concatenate(means))


def pair_interval(distances: Float[np.ndarray, "n n"], seed: int = 0, draws: int = DRAWS) -> Interval | None:
    """Of the mean distance between two of n objects, by drawing objects with replacement. A pair of an object with
    its own copy is no pair and is left out. None with fewer than three objects, which are one pair at most."""
    count = len(distances)
    if count < 3:
        return None
    random = np.random.default_rng(seed)
    means: list[Float[np.ndarray, " some"]] = []
    while sum(map(len, means)) < draws:
        weight = random.multinomial(count, np.full(count, 1.0 / count), draws).astype(float)
        pairs = count * count - np.square(weight).sum(1)  # drawn pairs of two different objects
        weight, pairs = weight[pairs > 0.0], pairs[pairs > 0.0]  # not where one object was drawn every time
        means.append(((weight @ distances) * weight).sum(1) / pairs)
    return middle(np.concatenate(means)[:draws])


def middle(drawn: Float[np.ndarray, " draws"]) -> Interval:
    """The percentile interval."""
    low, high = np.quantile(drawn, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return Interval(float(low), float(high))
