"""The form of a finished scene: the space that it fills, and what that says of its health.

A cell is occupied if a twentieth of the scene's width at its density would stop half of the light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

_SLICES_ABREAST = 8


@dataclass(frozen=True)
class Form:
    """`occupied` is a cube around the scene, x to the right and z to the front of who stands before it, y up.
    `floaters`: which share of the opacity of occupied cells is not in their largest connected piece. `thickness`: the
    least extent over the largest, along the principal axes. Both None where nothing is occupied."""

    occupied: Bool[np.ndarray, "x y z"]
    floaters: float | None
    thickness: float | None


def form(density: Float[np.ndarray, "x y z"], bound: float) -> Form:
    """Of densities per unit length at the centres of a cube's cells, which reaches from -bound to bound."""
    from skimage.measure import label

    occupied = ~(density < math.log(2.0) * 20.0 / (2.0 * bound))  # what is not a number is not hidden
    if not occupied.any():
        return Form(occupied, None, None)
    opacity = np.where(occupied, -np.expm1(-density * 2.0 * bound / len(density)), 0.0)
    if not np.isfinite(opacity).all():
        return Form(occupied, math.nan, math.nan)
    pieces = np.bincount(label(occupied, connectivity=3).ravel(), weights=opacity.ravel())
    # the first is what is empty
    floaters = 1.0 - float(pieces[1:].max() / pieces[1:].sum())
    return Form(occupied, max(floaters, 0.0), _thickness(np.argwhere(occupied).astype(float), opacity[occupied]))


def _thickness(cells: Float[np.ndarray, "n 3"], weights: Float[np.ndarray, " n"]) -> float:
    """Extents are standard deviations; those of one cell, as wide as itself, belong to it."""
    covariance = np.cov(cells, rowvar=False, aweights=weights, ddof=0).reshape(3, 3) + np.eye(3) / 12.0
    spread = np.linalg.eigvalsh(covariance)
    return float(np.sqrt(spread[0] / spread[-1]))


def slices(occupied: Bool[np.ndarray, "x y z"]) -> UInt8[np.ndarray, "height width"]:
    """The cube as one picture (uint8, 0 or 255) of horizontal slices, left to right and then down, from the lowest on.
    Within a slice x is to the right and the front, +z, is below."""
    stack = occupied.transpose(1, 2, 0)
    rows = stack.reshape(-1, _SLICES_ABREAST, *stack.shape[1:]).transpose(0, 2, 1, 3)
    return np.where(rows.reshape(rows.shape[0] * rows.shape[1], -1), 255, 0).astype(np.uint8)


def cube(picture: UInt8[np.ndarray, "height width"]) -> Bool[np.ndarray, "x y z"]:
    """Inverse of `slices`. Raises ValueError for a picture that is none."""
    side = picture.shape[1] // _SLICES_ABREAST
    if picture.ndim != 2 or picture.shape != (side * side // _SLICES_ABREAST, side * _SLICES_ABREAST):
        raise ValueError(f"a picture of {picture.shape} has no cube's slices")
    rows = (picture > 127).reshape(side // _SLICES_ABREAST, side, _SLICES_ABREAST, side)
    return rows.transpose(0, 2, 1, 3).reshape(side, side, side).transpose(2, 0, 1)
