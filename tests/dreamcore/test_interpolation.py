"""Interpolation against a slow loop, its derivative against central differences, its backward against gradcheck."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.trilinear import features, row_of

from dreamcore.fields.interpolation import Level, corner_rows, interpolate, make_levels

RESOLUTIONS = (3, 4, 9)
TABLE_SIZE = 64  # the first two levels are dense (the second fills its table exactly), the third is hashed
LEVELS = make_levels(RESOLUTIONS, TABLE_SIZE)
SCENES, CHANNELS = 2, 3


def _table(seed: int = 0) -> torch.Tensor:
    rows = sum(level.rows for level in LEVELS)
    return torch.randn(SCENES, rows, CHANNELS, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _points(count: int, reach: float = 1.0, seed: int = 1) -> torch.Tensor:
    draws = torch.rand(SCENES, count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (draws * 2.0 - 1.0) * reach


def _slow(table: torch.Tensor, points: torch.Tensor) -> np.ndarray:
    """[features, scenes, points]."""
    cuts = np.cumsum([level.rows for level in LEVELS])[:-1]
    result = np.zeros((len(LEVELS) * CHANNELS, SCENES, points.shape[1]))
    for scene in range(SCENES):
        tables = np.split(table[scene].numpy(), cuts)
        for index, point in enumerate(points[scene].tolist()):
            result[:, scene, index] = features(tables, RESOLUTIONS, point)
    return result


def test_levels_lie_one_after_another() -> None:
    assert list(LEVELS) == [Level(3, 27, 0), Level(4, 64, 27), Level(9, 64, 91)]
    assert [level.dense for level in LEVELS] == [True, True, False]


@pytest.mark.parametrize("level", LEVELS)
def test_corner_rows(level: Level) -> None:
    cells = torch.tensor([[0, 1], [1, 0], [0, 1]])
    found = corner_rows(level, cells)
    corners = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
    for query in range(2):
        lowest = cells[:, query].tolist()
        for place, corner in enumerate(corners):
            vertex = tuple(a + b for a, b in zip(lowest, corner, strict=True))
            assert int(found[place, query]) == level.offset + row_of(vertex, level.resolution, level.rows)


@pytest.mark.parametrize("with_gradient", [False, True])
def test_values_against_the_loop(with_gradient: bool) -> None:
    table, points = _table(), _points(40, reach=1.2)  # some are outside and clamped
    special = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], [0.0, 1.0, -1.0]], dtype=torch.float64)
    points = torch.cat([points, special.expand(SCENES, -1, -1)], dim=1)
    found = interpolate(table, LEVELS, points, with_gradient)
    assert found.shape == (4 if with_gradient else 1, 9, SCENES, 43)
    np.testing.assert_allclose(found[0].numpy(), _slow(table, points), rtol=1e-12, atol=1e-12)


def test_derivatives_against_central_differences() -> None:
    """Away from the faces of the cells, where the derivative jumps."""
    table, points, step = _table(), _points(200, reach=0.99), 1e-6
    positions = [(points + 1.0) / 2.0 * (resolution - 1) for resolution in RESOLUTIONS]
    smooth = torch.stack([(p - p.round()).abs().amin(-1) > 1e-4 for p in positions]).all(0).all(0)
    points = points[:, smooth][:, :60]
    assert points.shape[1] == 60
    found = interpolate(table, LEVELS, points, True)[1:].numpy()
    for axis in range(3):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[axis] = step
        expected = (_slow(table, points + shift) - _slow(table, points - shift)) / (2.0 * step)
        np.testing.assert_allclose(found[axis], expected, rtol=1e-6, atol=1e-7)


def test_on_the_upper_faces_the_derivative_is_that_of_the_last_cell() -> None:
    table, step = _table(), 1e-6
    points = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.3, 0.9]], dtype=torch.float64).expand(SCENES, -1, -1)
    found = interpolate(table, LEVELS, points, True)[1].numpy()
    shift = torch.tensor([step, 0.0, 0.0], dtype=torch.float64)
    expected = (_slow(table, points) - _slow(table, points - shift)) / step
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_linear_functions_are_exact() -> None:
    """A dense table filled with a linear function gives back the function and its slopes."""
    levels = make_levels((5,), 200)
    axis = torch.linspace(-1.0, 1.0, 5, dtype=torch.float64)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    table = (2.0 * x - 3.0 * y + 0.5 * z + 1.0).reshape(1, -1, 1)
    points = _points(50)[:1]
    found = interpolate(table, levels, points, True)
    expected = points @ torch.tensor([2.0, -3.0, 0.5], dtype=torch.float64) + 1.0
    torch.testing.assert_close(found[0, 0], expected)
    for slope, expected_slope in zip(found[1:, 0, 0], (2.0, -3.0, 0.5), strict=True):
        torch.testing.assert_close(slope, torch.full_like(slope, expected_slope))


def test_backward_of_value_and_derivatives() -> None:
    levels = make_levels((2, 5), 64)
    rows = sum(level.rows for level in levels)
    table = torch.randn(2, rows, 1, generator=torch.Generator().manual_seed(4), dtype=torch.float64).requires_grad_()
    points = _points(3, seed=5)
    assert torch.autograd.gradcheck(lambda t: interpolate(t, levels, points, True), (table,))
    assert torch.autograd.gradcheck(lambda t: interpolate(t, levels, points, False), (table,), fast_mode=True)


def test_backward_reaches_only_the_scene_s_own_rows() -> None:
    table = _table().requires_grad_()
    interpolate(table, LEVELS, _points(5), True)[:, :, 1].square().sum().backward()
    assert table.grad is not None
    assert not bool(table.grad[0].any())
    assert bool(table.grad[1].any())


def test_scenes_together_equal_each_alone() -> None:
    table, points = _table().float(), _points(30).float()
    together = interpolate(table, LEVELS, points, True)
    for scene in range(SCENES):
        alone = interpolate(table[scene : scene + 1], LEVELS, points[scene : scene + 1], True)
        assert torch.equal(together[:, :, scene], alone[:, :, 0])
