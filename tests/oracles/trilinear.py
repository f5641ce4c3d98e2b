"""Trilinear interpolation in dense and hashed tables, one point at a time, in float64.

A point in [-1, 1]^3 lies in a lattice of R = `resolution` vertices a side; vertex (x, y, z) is row x + R y + R^2 z of a
dense table, or the XOR of products with three primes, modulo the table's rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
PRIMES = (1, 2654435761, 805459861)


def row_of(vertex: tuple[int, ...], resolution: int, rows: int) -> int:
    if resolution**3 <= rows:
        return vertex[0] + resolution * vertex[1] + resolution**2 * vertex[2]
    mixed = 0
    for coordinate, prime in zip(vertex, PRIMES, strict=True):
        mixed ^= coordinate * prime
    return mixed % rows


def interpolate_point(table: Array, resolution: int, point: Sequence[float]) -> Array:
    """The features of one level, [channels], at a point."""
    position = [(min(max(p, -1.0), 1.0) + 1.0) / 2.0 * (resolution - 1) for p in point]
    low = [min(math.floor(p), resolution - 2) for p in position]
    total = np.zeros(table.shape[1])
    for corner in itertools.product((0, 1), repeat=3):
        share = 1.0
        for axis in range(3):
            fraction = position[axis] - low[axis]
            share *= fraction if corner[axis] else 1.0 - fraction
        vertex = tuple(low[axis] + corner[axis] for axis in range(3))
        total += share * table[row_of(vertex, resolution, len(table))]
    return total


def features(tables: Sequence[Array], resolutions: Sequence[int], point: Sequence[float]) -> Array:
    """The features of all levels, one after another."""
    pairs = zip(tables, resolutions, strict=True)
    return np.concatenate([interpolate_point(table, resolution, point) for table, resolution in pairs])
