"""What several shelves build with: points and directions on a circle, and sticks along a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dreamcore.objects.solid import Paint, Scalar, Solid, Triple


def direction(degrees: Scalar) -> tuple[Scalar, Scalar]:
    """Cosine and sine."""
    angle = np.deg2rad(np.asarray(degrees, np.float32))
    return np.cos(angle), np.sin(angle)


def circle(count: int, radius: Scalar, start: Scalar = 0.0) -> Iterator[tuple[Scalar, Scalar, Scalar]]:
    """`count` points of a circle and their angles in degrees."""
    for index in range(count):
        angle = start + 360.0 * index / count
        yield radius * np.cos(np.deg2rad(angle)), radius * np.sin(np.deg2rad(angle)), angle


def around(count: Scalar, limit: int, start: Scalar = 0.0) -> list[tuple[Scalar, Scalar]]:
    """`limit` directions, spaced as for `count` on a full circle; `start` in degrees."""
    return [direction(np.asarray(start) + 360.0 * index / np.asarray(count)) for index in range(limit)]


def chain(solid: Solid, points: Sequence[Triple], radii: Sequence[Scalar], paint: Paint, blend: Scalar = 0.0) -> None:
    """Round sticks from point to point; the second and later ones melt into the one before over `blend`."""
    for index in range(len(points) - 1):
        solid.capsule(
            points[index],
            points[index + 1],
            radii[index],
            paint,
            end_radius=radii[index + 1],
            blend=blend if index else 0.0,
        )
