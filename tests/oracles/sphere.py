"""Integrals over elevations on a sphere, and the outline of a ball."""

from __future__ import annotations

import math


def angle_uniform_moments(low: float, high: float) -> tuple[float, float]:
    """First and second moment of an angle uniform in [low, high]."""
    return (low + high) / 2.0, (low * low + low * high + high * high) / 3.0


def area_uniform_moments(low: float, high: float) -> tuple[float, float]:
    """The same, in radians, for points uniform in area: the density of the elevation is its cosine."""

    def first(e: float) -> float:
        return e * math.sin(e) + math.cos(e)

    def second(e: float) -> float:
        return e * e * math.sin(e) + 2.0 * e * math.cos(e) - 2.0 * math.sin(e)

    area = math.sin(high) - math.sin(low)
    return (first(high) - first(low)) / area, (second(high) - second(low)) / area


def outline_area(radius: float, distance: float, focal: float) -> float:
    """The share of a square image of side 1 that a ball of `radius` covers, seen from `distance` straight ahead with
    `focal` in image widths: tangent rays make the angle asin(radius / distance) with the axis."""
    edge = focal * math.tan(math.asin(radius / distance))
    assert edge < 0.5, "the ball must fit into the frame"
    return math.pi * edge * edge
