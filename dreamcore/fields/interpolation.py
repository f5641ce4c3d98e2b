"""Trilinear interpolation in multi-resolution tables, with the spatial derivative, and its backward by hand.

Axes: Q queries (levels x scenes x points), 8 corners of a cell, C channels of a table's row, K outputs of a query: the
value alone, or the value and its derivatives by x, y and z. All are linear in the table's rows, so one set of corner
indices serves them and one scatter serves their backward; normals reach the tables through plain first-order
backpropagation. Queries are the last axis throughout: long contiguous rows are what both CPUs and GPUs like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

# Primes of the spatial hash (Müller et al. 2022, "Instant neural graphics primitives", Eq. 4)
PRIMES = (1, 2654435761, 805459861)
_CORNERS = tuple((x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1))


@dataclass(frozen=True)
class Level:
    """One table: `resolution` vertices a side over [-1, 1]^3, stored densely or hashed into `rows` rows."""

    resolution: int
    rows: int
    offset: int

    @property
    def dense(self) -> bool:
        return self.resolution**3 <= self.rows


def make_levels(resolutions: Sequence[int], table_size: int) -> tuple[Level, ...]:
    """Levels laid out one after another in a single table of rows."""
    levels, offset = [], 0
    for resolution in resolutions:
        rows = min(resolution**3, table_size)
        levels.append(Level(resolution, rows, offset))
        offset += rows
    return tuple(levels)


def corner_rows(level: Level, cell: Int[Tensor, "3 queries"]) -> Int[Tensor, "8 queries"]:
    """The rows of the eight corners of a cell given by its lowest vertex."""
    corners = torch.tensor(_CORNERS, device=cell.device)
    if level.dense:
        strides = (1, level.resolution, level.resolution**2)
        lowest = cell[0] + cell[1] * strides[1] + cell[2] * strides[2]
        return lowest + (corners * torch.tensor(strides, device=cell.device)).sum(1, keepdim=True) + level.offset
    x, y, z = ((cell[axis] + corners[:, axis, None]) * PRIMES[axis] for axis in range(3))
    return torch.remainder(x ^ y ^ z, level.rows) + level.offset


def corner_weights(
    fraction: Float[Tensor, "3 queries"], scale: float, with_gradient: bool
) -> Float[Tensor, "outputs 8 queries"]:
    """Trilinear weights of the corners; `with_gradient` three more rows, their derivatives by position (x, y, z).

    `scale` is the derivative of the fraction by position: cells a unit of length.
    """
    low = 1.0 - fraction
    x, y, z = ((low[axis], fraction[axis]) for axis in range(3))
    slope = (-scale, scale)
    yz = [[y[j] * z[k] for j in (0, 1)] for k in (0, 1)]
    rows = [yz[k][j] * x[i] for i, j, k in _CORNERS]
    if with_gradient:
        xz = [[x[i] * z[k] for i in (0, 1)] for k in (0, 1)]
        xy = [[x[i] * y[j] for i in (0, 1)] for j in (0, 1)]
        rows += [yz[k][j] * slope[i] for i, j, k in _CORNERS]
        rows += [xz[k][i] * slope[j] for i, j, k in _CORNERS]
        rows += [xy[j][i] * slope[k] for i, j, k in _CORNERS]
    stacked: Tensor = torch.stack(rows).unflatten(0, (-1, 8))
    return stacked


class _Gather(torch.autograd.Function):
    """Weighted sums of a table's rows, [outputs, channels, queries]; differentiable by the table alone."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weights)
        ctx.shape = table.shape
        corners = torch.nn.functional.embedding(rows, table).transpose(1, 2).contiguous()
        result = torch.zeros(len(weights), table.shape[1], rows.shape[1], dtype=table.dtype, device=table.device)
        for corner in range(8):
            result.addcmul_(weights[:, corner, None], corners[corner])
        return result

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        rows, weights = ctx.saved_tensors
        contribution = grads[0].new_zeros(8, ctx.shape[1], rows.shape[1])
        for weight, grad in zip(weights, grads[0], strict=True):
            contribution.addcmul_(weight[:, None], grad)
        result = grads[0].new_zeros(ctx.shape)
        result.index_add_(0, rows.flatten(), contribution.transpose(1, 2).flatten(0, 1))
        return result, None, None


def interpolate(
    table: Float[Tensor, "scenes rows channels"],
    levels: Sequence[Level],
    points: Float[Tensor, "scenes points 3"],
    with_gradient: bool,
) -> Float[Tensor, "outputs features scenes points"]:
    """Features of all levels at `points` in [-1, 1]^3 (clamped to it): one output, the value, or `with_gradient` four,
    the value and its derivatives by x, y and z. Features are ordered level by level."""
    scenes, count, _ = points.shape
    height, channels = table.shape[1:]
    base = (torch.arange(scenes, device=points.device) * height).repeat_interleave(count)
    unit = (points.detach().clamp(-1.0, 1.0) + 1.0).flatten(0, 1).t().contiguous()
    rows, weights = [], []
    for level in levels:
        scale = (level.resolution - 1) / 2.0
        grid = unit * scale
        cell = grid.floor().clamp(max=level.resolution - 2)
        rows.append(corner_rows(level, cell.long()) + base)
        weights.append(corner_weights(grid - cell, scale, with_gradient))
    gathered: Tensor = _Gather.apply(table.reshape(-1, channels), torch.cat(rows, dim=1), torch.cat(weights, dim=2))
    shaped = gathered.reshape(-1, channels, len(levels), scenes, count).transpose(1, 2)
    return shaped.flatten(1, 2)
