"""Statistics of samples: is this the distribution it should be?"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def uniform_cdf(x: float) -> float:
    return min(max(x, 0.0), 1.0)


def normal_cdf(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def kolmogorov_smirnov(values: Array, cdf: Callable[[float], float]) -> float:
    """sqrt(n) times the largest distance to the distribution. Over 1.95 has a chance of 0.1 %, over 2.23 of 0.01 %."""
    ordered = np.sort(values.ravel())
    n = len(ordered)
    expected = np.array([cdf(x) for x in ordered])
    above = np.arange(1, n + 1) / n - expected
    below = expected - np.arange(n) / n
    return float(math.sqrt(n) * max(above.max(), below.max()))


def standard_errors_off(values: Array, mean: float) -> float:
    """How many standard errors the sample's mean is away from `mean`."""
    error = values.std(ddof=1) / math.sqrt(values.size)
    return float(abs(values.mean() - mean) / error)


def correlation(a: Array, b: Array) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
