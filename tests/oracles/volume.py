"""Volume rendering of one ray, sample by sample."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ray_weights(density: Sequence[float], spacing: Sequence[float]) -> list[float]:
    """alpha_i times what the samples before it let through."""
    result, transmitted = [], 1.0
    for tau, length in zip(density, spacing, strict=True):
        alpha = 1.0 - math.exp(-tau * length)
        result.append(transmitted * alpha)
        transmitted *= 1.0 - alpha
    return result


def ray_color(density: Sequence[float], spacing: Sequence[float], colors: Array) -> Array:
    total = np.zeros(colors.shape[1])
    for weight, color in zip(ray_weights(density, spacing), colors, strict=True):
        total += weight * color
    return total


def march_interval(origin: Array, direction: Array, radius: float, far: float, count: int) -> tuple[float, float]:
    """First and last distance inside the sphere, by walking the ray in `count` paces up to `far`; (0, 0) if none."""
    distances = (np.arange(count) + 0.5) * (far / count)
    inside = np.linalg.norm(origin + distances[:, None] * direction, axis=1) < radius
    return (float(distances[inside][0]), float(distances[inside][-1])) if inside.any() else (0.0, 0.0)
