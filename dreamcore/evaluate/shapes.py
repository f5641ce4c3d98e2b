"""Shapes by the space that they fill, however they are turned about the vertical axis and wherever they stand.

A shape is occupied cells in a cylinder around the axis through its own centre: a angles, r radii, h heights. Turning it
is then a shift along the angles. The cell at radius r is 2 r + 1 times as large as the innermost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

ANGLES, RADII, HEIGHTS = 72, 32, 64

Shape = Bool[np.ndarray, "a r h"]


def cylinder(occupied: Bool[np.ndarray, "x y z"]) -> Shape:
    """A cube's occupied cells, y up, taken to the cylinder around their centre of mass; its heights are a cube's side
    apart at most, as its radii are half of that. Raises ValueError for a cube without any."""
    if not occupied.any():
        raise ValueError("nothing is occupied")
    side = len(occupied)
    centre = np.argwhere(occupied).mean(0)
    angle = (np.arange(ANGLES) + 0.5) * 2.0 * np.pi / ANGLES
    radius = (np.arange(RADII) + 0.5) * side / (2.0 * RADII)
    height = (np.arange(HEIGHTS) + 0.5) * side / HEIGHTS - side / 2.0
    x = centre[0] + np.cos(angle)[:, None, None] * radius[:, None]
    z = centre[2] + np.sin(angle)[:, None, None] * radius[:, None]
    y = centre[1] + height
    places = np.broadcast_arrays(*(np.rint(value).astype(int) for value in (x, y, z)))
    inside = np.all([(place >= 0) & (place < side) for place in places], axis=0)
    kept = tuple(np.clip(place, 0, side - 1) for place in places)
    found: Shape = inside & occupied[kept]
    return found


def volumes(shapes: Bool[np.ndarray, "n a r h"]) -> Int[np.ndarray, " n"]:
    """In cells of the innermost radius."""
    found: Int[np.ndarray, " n"] = (shapes.sum((1, 3)) * _weights()).sum(1)
    return found


def shape_distances(shapes: Sequence[Shape]) -> Float[np.ndarray, "n n"]:
    """1 - intersection over union, the least over all turns of one against the other. Exactly 0 between equal shapes;
    1 with an empty one."""
    stack = np.stack(shapes)
    sizes = volumes(stack)
    turned = np.fft.rfft(stack.astype(np.float64), axis=1)
    common = np.zeros((len(stack), len(stack), turned.shape[1]), complex)
    weighted = turned * _weights()[:, None]
    for place in range(turned.shape[1]):  # a shift's overlap is a correlation along the angles
        left, right = weighted[:, place].reshape(len(stack), -1), turned[:, place].reshape(len(stack), -1)
        common[:, :, place] = left @ right.conj().T
    overlap = np.rint(np.fft.irfft(common, ANGLES, axis=2)).max(2)  # whole cells, so that equal is equal
    union = sizes[:, None] + sizes[None] - overlap
    distances: Float[np.ndarray, "n n"] = 1.0 - np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
    np.fill_diagonal(distances, 0.0)
    return distances


def _weights() -> Int[np.ndarray, " r"]:
    found: Int[np.ndarray, " r"] = 2 * np.arange(RADII) + 1
    return found


def packed(shape: Shape) -> bytes:
    """A shape as bits."""
    return np.packbits(shape).tobytes()


def unpacked(data: bytes) -> Shape:
    """Inverse of `packed`."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=ANGLES * RADII * HEIGHTS)
    return bits.astype(bool).reshape(ANGLES, RADII, HEIGHTS)
