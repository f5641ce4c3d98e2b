"""What moving, fitting and joining solids must leave as it is, and what a table says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.solids import SHAPES, plain, single

from dreamcore.objects.solid import Column, Draw, Op, Pattern, Shape, Solid, along, rotation
from dreamcore.objects.tracer import distance, paint, parts_of

RED, BLUE = plain((0.9, 0.1, 0.1)), plain((0.1, 0.1, 0.9))
angles = st.floats(-180.0, 180.0)
turns = st.tuples(angles, angles, angles)
shifts = st.tuples(*[st.floats(-0.5, 0.5)] * 3)


def cloud(count: int = 400) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.9, 0.9, (count, 3)).astype(np.float32)


def values(solid: Solid, points: np.ndarray) -> np.ndarray:
    return distance(parts_of(torch.from_numpy(solid.table()[0])), torch.from_numpy(points.T.copy())).numpy()


def matrix(turn: tuple[float, float, float]) -> np.ndarray:
    return rotation(np.asarray([turn], np.float32))[0]


# ---- moving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name.lower())
@settings(max_examples=15)
@given(scale=st.floats(0.3, 2.0), shift=shifts, turn=turns)
def test_moved_solid_is_as_far_from_moved_points(
    shape: Shape, scale: float, shift: tuple[float, float, float], turn: tuple[float, float, float]
) -> None:
    points, solid = cloud(), single(shape)
    moved = scale * points @ matrix(turn).T + np.asarray(shift, np.float32)
    expected = scale * values(solid, points)
    assert np.allclose(values(solid.moved(scale, shift, turn), moved), expected, atol=2e-4 * max(1.0, scale))


@settings(max_examples=10)
@given(scale=st.floats(0.3, 2.0), turn=turns)
def test_patterns_move_with_their_solid(scale: float, turn: tuple[float, float, float]) -> None:
    for pattern in Pattern:
        solid = single(Shape.BOX, RED.patterned(pattern, 3.0, BLUE))
        points = cloud()
        before = paint(parts_of(torch.from_numpy(solid.table()[0])), torch.from_numpy(points.T.copy()))
        after = paint(
            parts_of(torch.from_numpy(solid.moved(scale, (0.0, 0.0, 0.0), turn).table()[0])),
            torch.from_numpy((scale * points @ matrix(turn).T).T.copy()),
        )
        assert float(((before - after).abs().amax(0) < 0.02).float().mean()) > 0.97


def test_tops_and_heads_move_along() -> None:
    solid = single(Shape.BOX)
    solid.top, solid.head = np.float32([0.3]), np.float32([[0.0, 0.5, 0.2, 0.1]])
    moved = solid.moved(2.0, (1.0, 1.0, 0.0), (0.0, 90.0, 0.0))
    assert moved.top == pytest.approx(np.float32([1.6]))
    assert moved.head == pytest.approx(np.float32([[1.4, 2.0, 0.0, 0.2]]), abs=1e-6)


@given(turn=turns)
def test_rotations_are_rotations(turn: tuple[float, float, float]) -> None:
    axes = matrix(turn).astype(np.float64)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-5)
    assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-5)


def test_rotations_turn_the_way_they_say() -> None:
    x, y, z = np.eye(3, dtype=np.float32)
    assert matrix((90.0, 0.0, 0.0)) @ y == pytest.approx(z, abs=1e-6)
    assert matrix((0.0, 90.0, 0.0)) @ z == pytest.approx(x, abs=1e-6)
    assert matrix((0.0, 0.0, 90.0)) @ x == pytest.approx(y, abs=1e-6)
    # first z, then x: x becomes y, y becomes z
    assert matrix((90.0, 0.0, 90.0)) @ x == pytest.approx(z, abs=1e-6)


@given(direction=st.tuples(*[st.floats(-1.0, 1.0)] * 3).filter(lambda d: float(np.linalg.norm(d)) > 0.01))
def test_along_points_y_there(direction: tuple[float, float, float]) -> None:
    axes = along(np.asarray([direction], np.float32))[0].astype(np.float64)
    assert np.allclose(axes[:, 1], np.asarray(direction) / np.linalg.norm(direction), atol=1e-5)
    assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-4)


# ---- fitting and joining ---------------------------------------------------------------------------------------------


@given(scale=st.floats(0.2, 3.0), shift=shifts, half=st.floats(0.3, 0.8))
def test_fitted_solid_is_centred_and_as_large_as_asked(
    scale: float, shift: tuple[float, float, float], half: float
) -> None:
    solid = single(Shape.BOX).moved(scale, shift)
    fitted = solid.fitted(half)
    low, high = fitted.bounds()
    assert np.allclose(low, -high, atol=1e-4)
    size = high[0]
    if np.linalg.norm(size) < 0.919:
        assert size.max() == pytest.approx(half, abs=1e-4)
    else:
        assert np.linalg.norm(size) == pytest.approx(0.92, abs=1e-4)
        assert size.max() <= half + 1e-4
    # it looks the same wherever it was
    assert np.allclose(values(fitted, cloud()), values(single(Shape.BOX).fitted(half), cloud()), atol=2e-4)


def test_cuts_do_not_count_for_the_bounds() -> None:
    solid = single(Shape.BOX)
    low, high = solid.bounds()
    solid.ellipsoid((2.0, 0.0, 0.0), 0.5, RED, cut=True)
    solid.ellipsoid((0.0, 0.0, 0.0), 5.0, RED, clip=True)
    assert [corner.tolist() for corner in solid.bounds()] == [low.tolist(), high.tolist()]


def test_joined_solid_is_the_nearer_of_both_where_it_should_be() -> None:
    one, other, gray = Solid(2), Solid(2), plain(count=2)
    one.ellipsoid((0.0, 0.0, 0.0), 0.3, gray)
    other.box((0.6, 0.0, 0.0), (0.1, 0.1, 0.1), gray)
    table = one.joined(other, np.array([True, False])).table()
    points = torch.from_numpy(cloud().T.copy())
    alone = [distance(parts_of(torch.from_numpy(solid.table()[0])), points) for solid in (one, other)]
    both, first = (distance(parts_of(torch.from_numpy(row)), points) for row in table)
    # a part that is farther than what is there is looked at by its sphere alone
    assert torch.allclose(both, torch.minimum(*alone), atol=1e-4)
    assert torch.equal(first, alone[0])


# ---- tables and paints -----------------------------------------------------------------------------------------------


def test_a_table_has_the_numbers_of_every_variation() -> None:
    solid, gray = Solid(3), plain(count=3)
    radius = np.float32([0.1, 0.2, 0.3])
    solid.ellipsoid((0.0, radius, 0.0), radius, gray, when=radius > 0.15)
    solid.torus((0.0, 0.0, 0.0), 0.5, radius, gray.patterned(Pattern.DOTS, 4.0), blend=0.05)
    table = solid.table()
    assert table.shape == (3, 2, Column.COUNT)
    assert table[:, 0, Column.SHAPE].tolist() == [Shape.NOTHING, Shape.ELLIPSOID, Shape.ELLIPSOID]
    assert table[:, 1, Column.OP].tolist() == [Op.BLEND] * 3
    assert table[:, 0, Column.CENTRE] == pytest.approx(np.stack([0 * radius, radius, 0 * radius], -1))
    assert table[:, 1, Column.SIZES] == pytest.approx(np.stack([0 * radius + 0.5, radius, 0 * radius, 0 * radius], -1))
    assert table[:, 1, Column.PATTERN].tolist() == [Pattern.DOTS] * 3
    assert table[0, 1, Column.TURN].reshape(3, 3).tolist() == np.eye(3).tolist()


def test_same_generator_gives_the_same_draws() -> None:
    def drawn(seed: int) -> list[list[float]]:
        draw = Draw(np.random.default_rng(seed), 5)
        paints = (draw.paint("red", "blue"), draw.wood())
        return [
            draw.between(0.0, 1.0).tolist(),
            draw.pick(1.0, 2.0).tolist(),
            *(p.colour.ravel().tolist() for p in paints),
        ]

    assert drawn(1) == drawn(1) != drawn(2)


def test_draws_stay_within_their_bounds() -> None:
    draw = Draw(np.random.default_rng(0), 2000)
    whole = draw.whole(2, 4)
    assert set(whole.tolist()) == {2, 3, 4}
    assert 0.2 <= float(draw.between(0.2, 0.4).min()) <= float(draw.between(0.2, 0.4).max()) <= 0.4
    assert abs(float(draw.chance(0.3).mean()) - 0.3) < 0.05
    colour = draw.paint("white", jitter=0.2).colour
    assert 0.0 <= float(colour.min()) <= float(colour.max()) <= 1.0


def test_paints_change_only_what_they_say() -> None:
    patterned = RED.patterned(Pattern.BANDS, 4.0, BLUE)
    assert patterned.patterned(Pattern.DOTS, 9.0).pattern.tolist() == [Pattern.BANDS]
    assert patterned.plain().second.tolist() == RED.colour.tolist()
    assert RED.shaded(0.5).colour == pytest.approx(0.5 * RED.colour)
    assert RED.shaded(100.0).colour.max() == 1.0
    assert RED.pale(1.0).colour == pytest.approx(np.ones((1, 3)))
    assert RED.where(np.array([False]), BLUE).colour.tolist() == BLUE.colour.tolist()
