"""The grid field at one point, in numpy: a layer of rectified units and four outputs, the first a log density."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from oracles.trilinear import features

Array = NDArray[np.float64]


def blob(shape: str, strength: float, radius: float, point: Sequence[float]) -> float:
    distance = math.sqrt(sum(p * p for p in point))
    if shape == "gaussian":
        return strength * math.exp(-(distance**2) / (2.0 * radius**2))
    return strength * (1.0 - distance / radius)


def evaluate(
    parameters: Mapping[str, Array],
    sizes: Sequence[int],
    resolutions: Sequence[int],
    point: Sequence[float],
    bound: float,
) -> Array:
    """The four outputs without the blob. `sizes` are the rows of each level's table, which lie one after another."""
    tables = np.split(parameters["table"], np.cumsum(sizes)[:-1])
    inputs = features(tables, resolutions, [p / bound for p in point])
    hidden = np.maximum(parameters["hidden_weight"].T @ inputs + parameters["hidden_bias"][0], 0.0)
    result: Array = parameters["output_weight"].T @ hidden + parameters["output_bias"][0]
    return result
