"""A share of trials, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


def wilson(hits: int, count: int) -> Share:
    """The share and its interval. Raises ValueError without trials."""
    if count < 1:
        raise ValueError("no trials: a share needs at least one")
    p, z2 = hits / count, NORMAL_95 * NORMAL_95
    middle = (p + z2 / (2.0 * count)) / (1.0 + z2 / count)
    half = NORMAL_95 * math.sqrt(p * (1.0 - p) / count + z2 / (4.0 * count * count)) / (1.0 + z2 / count)
    return Share(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), count=count)
