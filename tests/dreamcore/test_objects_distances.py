"""Distances of parts against memberships and surfaces worked out another way; patterns against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from oracles.solids import INSIDE, ROUNDED, SHAPES, Array, nearest, single, surface_points
from torch import Tensor

from dreamcore.objects.distances import DISTANCES, SHARES, value_noise
from dreamcore.objects.solid import Pattern, Shape
from dreamcore.objects.tracer import RELAXATION, distance, parts_of

every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name.lower())


def distances(shape: Shape, points: Array) -> Array:
    parts = parts_of(torch.from_numpy(single(shape).table())[0])
    return distance(parts, torch.tensor(points.T, dtype=torch.float32)).double().numpy()


def cloud(count: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).uniform(-1.1, 1.1, (count, 3))


def own(shape: Shape, points: list[tuple[float, float, float]], *sizes: float) -> list[float]:
    x, y, z = torch.tensor(points).T
    a, b, c, d = (torch.tensor(size) for size in (*sizes, *[0.0] * (4 - len(sizes))))
    return DISTANCES[shape](x, y, z, a, b, c, d).tolist()


# ---- shapes ----------------------------------------------------------------------------------------------------------


def test_there_is_a_function_for_every_shape_and_pattern() -> None:
    assert set(DISTANCES) == set(SHAPES)
    assert set(SHARES) == set(Pattern)


@every_shape
def test_sign_says_inside_or_outside(shape: Shape) -> None:
    points = cloud(4000)
    value, inside = distances(shape, points), INSIDE[shape](*points.T)
    clear = np.abs(value) > ROUNDED.get(shape, 1e-4)
    assert inside.sum() > 30
    assert np.array_equal((value < 0.0)[clear], inside[clear])


@every_shape
def test_surface_is_at_zero(shape: Shape) -> None:
    assert np.abs(distances(shape, surface_points(shape, 500))).max() < ROUNDED.get(shape, 1e-4)


@every_shape
def test_no_step_goes_past_the_surface(shape: Shape) -> None:
    points = cloud(2000)
    outside = points[~INSIDE[shape](*points.T)]
    away = nearest(torch.tensor(outside), torch.tensor(surface_points(shape, 3000))).numpy()
    assert np.all(RELAXATION * distances(shape, outside) < away + ROUNDED.get(shape, 1e-3))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != Shape.HORN], ids=lambda shape: shape.name)
def test_distance_grows_no_faster_than_the_way(shape: Shape) -> None:
    points = cloud(2000)
    value = distances(shape, points)
    moved = points + 0.01 * np.random.default_rng(2).normal(size=points.shape)
    change = np.abs(distances(shape, moved) - value) / np.linalg.norm(moved - points, axis=1)
    assert change[value > 0.02].max() < 1.02


@every_shape
def test_reach_holds_the_whole_shape(shape: Shape) -> None:
    reach = parts_of(torch.from_numpy(single(shape).table())[0])[0].reach
    farthest = np.linalg.norm(surface_points(shape, 2000), axis=1).max()
    assert farthest < reach < 1.7 * farthest


@every_shape
def test_bounds_hold_the_whole_shape_turned(shape: Shape) -> None:
    solid = single(shape).moved(0.7, (0.1, -0.2, 0.3), (20.0, 50.0, -35.0))
    low, high = solid.bounds()
    parts = parts_of(torch.from_numpy(solid.table())[0])
    points = cloud(20000)
    inside = points[distance(parts, torch.tensor(points.T, dtype=torch.float32)).numpy() < -0.002]
    slack = ROUNDED.get(shape, 0.0)
    assert len(inside) > 50
    assert np.all(inside > low - slack)
    assert np.all(inside < high + slack)


def test_sphere_and_box_by_hand() -> None:
    assert own(Shape.ELLIPSOID, [(3.0, 0.0, 4.0), (0.0, 0.5, 0.0)], 2.0, 2.0, 2.0) == pytest.approx(
        [3.0, -1.5], abs=1e-4
    )
    corner, face, inside = own(Shape.BOX, [(2.0, 3.0, 5.0), (0.0, 2.5, 0.0), (0.9, 0.0, 0.0)], 1.0, 1.0, 3.0)
    assert [corner, face, inside] == pytest.approx([3.0, 1.5, -0.1], abs=1e-5)
    # with rounding, a corner is that of the smaller box, less the rounding
    rounded = own(Shape.BOX, [(2.0, 2.0, 2.0)], 1.0, 1.0, 1.0, 0.2)[0]
    assert rounded == pytest.approx(math.sqrt(3.0) * 1.2 - 0.2, abs=1e-5)


def test_cylinder_and_frustum_by_hand() -> None:
    beside, above, edge = own(Shape.CONE, [(3.0, 0.0, 0.0), (0.0, 3.0, 0.0), (4.0, 6.0, 0.0)], 2.0, 1.0, 1.0)
    assert [beside, above, edge] == pytest.approx([2.0, 1.0, 5.0], abs=1e-5)
    # the side of a cone of half height 1 and radii 2 and 0 has the normal (1, 1) / sqrt 2
    assert own(Shape.CONE, [(2.0, 1.0, 0.0)], 1.0, 2.0, 0.0)[0] == pytest.approx(math.sqrt(2.0), abs=1e-3)


def test_a_cup_is_empty_and_a_tube_has_no_floor() -> None:
    axis = [(0.0, 0.3, 0.0), (0.0, -0.48, 0.0)]
    empty, floor = own(Shape.CUP, axis, 0.5, 0.5, 0.1, 0.1)
    assert empty > 0.0 > floor
    assert min(own(Shape.CUP, axis, 0.5, 0.5, 0.1, -0.1)) > 0.0


# ---- patterns --------------------------------------------------------------------------------------------------------


def share(pattern: Pattern, f: float, points: Tensor) -> Tensor:
    x, y, z = points.unbind(1)
    return SHARES[pattern](x, y, z, f)


@pytest.mark.parametrize("pattern", list(Pattern), ids=lambda pattern: pattern.name.lower())
def test_shares_are_shares_and_both_colours_show(pattern: Pattern) -> None:
    shown = share(pattern, 5.0, torch.tensor(cloud(5000), dtype=torch.float32))
    assert float(shown.min()) >= 0.0
    assert float(shown.max()) <= 1.0
    assert (float(shown.std()) > 0.1) == (pattern != Pattern.PLAIN)


@pytest.mark.parametrize(
    ("pattern", "step"),
    [
        (Pattern.BANDS, (0.3, 1.0 / 4.0, -0.2)),
        (Pattern.CHECKS, (1.0 / 4.0, 1.0 / 4.0, 0.0)),
        (Pattern.DOTS, (1.0 / 4.0, -1.0 / 4.0, 2.0 / 4.0)),
        (Pattern.BRICKS, (1.0 / 4.0, 1.0 / 4.0, 0.0)),  # every second row is half a brick off
    ],
)
def test_patterns_repeat(pattern: Pattern, step: tuple[float, float, float]) -> None:
    points = torch.tensor(cloud(2000), dtype=torch.float32)
    same = share(pattern, 4.0, points) == share(pattern, 4.0, points + torch.tensor(step))
    assert float(same.float().mean()) > 0.995


@pytest.mark.parametrize("pattern", [Pattern.SECTORS, Pattern.RIBS])
def test_patterns_around_the_axis_repeat_as_often_as_they_say(pattern: Pattern) -> None:
    angle = torch.rand(1000) * (2.0 * math.pi) - math.pi
    radius, height = torch.rand(1000) + 0.1, torch.rand(1000)

    def around(turn: Tensor) -> Tensor:
        return share(pattern, 6.0, torch.stack([radius * turn.sin(), height, radius * turn.cos()], dim=1))

    near = (around(angle) - around(angle + math.pi / 3.0)).abs() < 1e-3
    assert float(near.float().mean()) > 0.99
    far = (around(angle) - around(angle + math.pi / 6.0)).abs() > 0.1
    assert float(far.float().mean()) > 0.5


def test_gradient_goes_from_below_to_above() -> None:
    points = torch.tensor([[0.0, -0.6, 0.0], [0.0, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.9, 0.0]])
    assert share(Pattern.GRADIENT, 2.0, points).tolist() == pytest.approx([0.0, 0.5, 0.75, 1.0])


def test_noise_is_continuous_and_uniform_at_the_lattice() -> None:
    points = 40.0 * torch.tensor(cloud(4000), dtype=torch.float32)
    x, y, z = points.unbind(1)
    lattice = value_noise(x.round(), y.round(), z.round())
    assert abs(float(lattice.mean()) - 0.5) < 4.0 / math.sqrt(12.0 * 4000.0)
    assert float(lattice.std()) == pytest.approx(math.sqrt(1.0 / 12.0), rel=0.05)
    assert (
        abs(float(torch.corrcoef(torch.stack([lattice, value_noise(x.round() + 1.0, y.round(), z.round())]))[0, 1]))
        < 0.08
    )
    # the steepest slope of the interpolation is 1.5 an axis
    assert float((value_noise(x + 1e-3, y, z) - value_noise(x, y, z)).abs().max()) < 1.6e-3


def test_noise_at_a_lattice_point_by_hand() -> None:
    def shuffled(number: int) -> int:
        rest = number % 289
        return (34 * rest + 1) * rest % 289

    point = torch.tensor([[3.0, -2.0, 300.0]])
    expected = shuffled(shuffled(shuffled(3) - 2) + 300) / 289.0
    assert float(value_noise(*point.unbind(1))) == pytest.approx(expected, abs=1e-6)
