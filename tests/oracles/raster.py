"""A picture of a triangle mesh by a z-buffer, in NumPy: no code in common with the renderer of fields.

The camera stands at `azimuth` and `elevation` (degrees) at `distance` from the origin and looks at it, y up; `focal` is
in image widths.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def project(points: Array, azimuth: float, elevation: float, distance: float, focal: float, side: int) -> Array:
    """Column, row (pixels, from the top left corner) and depth of each point."""
    a, e = np.radians(azimuth), np.radians(elevation)
    back = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
    right = np.array([np.cos(a), 0.0, -np.sin(a)])
    up = np.cross(back, right)
    depth = distance - points @ back
    column = (points @ right / depth * focal + 0.5) * side
    row = (0.5 - points @ up / depth * focal) * side
    return np.stack([column, row, depth], axis=1)


def rasterise(
    vertices: Array, faces: NDArray[np.int64], colors: Array, side: int, **camera: float
) -> tuple[NDArray[np.bool_], Array]:
    """Which of `side` x `side` pixel centres a face covers, and the colour of the nearest one (1 elsewhere)."""
    corners = project(np.asarray(vertices, np.float64), side=side, **camera)[faces]
    nearest = np.full((side, side), np.inf)
    image = np.ones((side, side, 3))
    for triangle, shades in zip(corners, np.asarray(colors, np.float64)[faces], strict=True):
        (left, top), (right, bottom) = triangle[:, :2].min(0), triangle[:, :2].max(0)
        columns = np.arange(max(int(np.ceil(left - 0.5)), 0), min(int(np.floor(right - 0.5)) + 1, side))
        rows = np.arange(max(int(np.ceil(top - 0.5)), 0), min(int(np.floor(bottom - 0.5)) + 1, side))
        if not len(columns) or not len(rows):
            continue
        p, q, r = triangle[:, :2]
        area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        if area == 0.0:
            continue
        x, y = columns[None] + 0.5, rows[:, None] + 0.5
        second = ((x - p[0]) * (r[1] - p[1]) - (y - p[1]) * (r[0] - p[0])) / area
        third = ((q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])) / area
        first = 1.0 - second - third
        depth = first * triangle[0, 2] + second * triangle[1, 2] + third * triangle[2, 2]
        place = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        seen = (first >= 0.0) & (second >= 0.0) & (third >= 0.0) & (depth < nearest[place])
        nearest[place][seen] = depth[seen]
        mixed = first[..., None] * shades[0] + second[..., None] * shades[1] + third[..., None] * shades[2]
        image[place][seen] = mixed[seen]
    return np.isfinite(nearest), image


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((one & other).sum() / (one | other).sum())
