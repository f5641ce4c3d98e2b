"""Distances of shapes: what turning, moving and colour must not change, and what must."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dreamcore.evaluate import truth
from dreamcore.evaluate.shapes import ANGLES, HEIGHTS, RADII, cylinder, packed, shape_distances, unpacked

SIDE = 64


def solid(*, turn: float = 0.0, move: tuple[float, float, float] = (0.0, 0.0, 0.0), length: float = 0.5) -> np.ndarray:
    """A bar along x with a knob at one end, turned by degrees about the vertical, moved, in a cube of [-1, 1]."""
    centre = (np.arange(SIDE) + 0.5) / SIDE * 2.0 - 1.0
    x, y, z = (axis - shift for axis, shift in zip(np.meshgrid(*[centre] * 3, indexing="ij"), move, strict=True))
    a = np.radians(turn)
    x, z = x * np.cos(a) + z * np.sin(a), z * np.cos(a) - x * np.sin(a)
    bar = (np.abs(x) < length) & (np.abs(y) < 0.15) & (np.abs(z) < 0.15)
    return bar | ((x - length) ** 2 + y**2 + z**2 < 0.25**2)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(shape_distances([cylinder(one), cylinder(other)])[0, 1])


def test_equal_shapes_have_no_distance_at_all() -> None:
    assert distance(solid(), solid()) == 0.0


def test_a_shifted_cylinder_is_the_same_shape() -> None:
    shape = cylinder(solid())
    turned = [np.roll(shape, by, axis=0) for by in (1, 17, ANGLES - 1)]
    assert not shape_distances([shape, *turned])[0].any()


@pytest.mark.parametrize("turn", [90.0, 180.0, 270.0])
def test_a_quarter_turn_of_the_cube_changes_nothing_to_speak_of(turn: float) -> None:
    assert distance(solid(), solid(turn=turn)) < 0.02


def test_turning_and_moving_count_for_little_beside_another_shape() -> None:
    same = [distance(solid(), solid(turn=turn, move=move)) for turn, move in ((33, (0, 0, 0)), (141, (0.2, -0.3, 0.1)))]
    other = distance(solid(), solid(length=0.25))
    assert max(same) < 0.15 < other / 2.0


def test_the_overlap_is_that_of_the_best_turn() -> None:
    """Once more with loops, on random cells."""
    random = np.random.default_rng(0)
    one, other = (random.random((ANGLES, RADII, HEIGHTS)) < share for share in (0.2, 0.3))
    size = np.broadcast_to((2 * np.arange(RADII) + 1)[:, None], (RADII, HEIGHTS))
    best = 0.0
    for by in range(ANGLES):
        turned = np.roll(other, by, axis=0)
        best = max(best, ((one & turned) * size).sum() / ((one | turned) * size).sum())
    found = shape_distances([one, other])
    assert found[0, 1] == found[1, 0] == pytest.approx(1.0 - best)


def test_the_distance_grows_as_shapes_part() -> None:
    found = [distance(solid(length=0.5), solid(length=length)) for length in (0.5, 0.4, 0.3, 0.2)]
    assert all(a < b for a, b in itertools.pairwise(found))


def test_cells_are_weighed_by_their_volume() -> None:
    """Half of a wide disc against the whole: as areas, whatever the radius."""
    disc = np.zeros((ANGLES, RADII, HEIGHTS), bool)
    disc[:, :, 3] = True
    half = disc.copy()
    half[: ANGLES // 2] = False
    inner = disc.copy()
    inner[:, RADII // 2 :] = False
    found = shape_distances([disc, half, inner])[0]
    assert found == pytest.approx([0.0, 1 / 2, 3 / 4])


def test_nothing_is_no_shape() -> None:
    with pytest.raises(ValueError, match="nothing is occupied"):
        cylinder(np.zeros((8, 8, 8), bool))


def test_a_shape_is_kept_in_bits() -> None:
    shape = cylinder(solid())
    assert len(packed(shape)) == ANGLES * RADII * HEIGHTS // 8
    assert np.array_equal(unpacked(packed(shape)), shape)


def test_variations_of_a_thing_are_nearer_than_other_things() -> None:
    """The library's own objects: two variations of each caption."""
    prompts = ["a teal car", "a red duck", "an orange teapot", "a black vase", "a purple house", "a silver fork"]
    shapes = [cylinder(occupied) for occupied in truth.filled(prompts, 2, 5, SIDE)]
    distances = shape_distances(shapes)
    thing = np.arange(len(shapes)) // 2
    same = distances[(thing[:, None] == thing) & ~np.eye(len(shapes), dtype=bool)]
    other = distances[thing[:, None] != thing]
    assert 0.0 < same.mean() < 0.5 * other.mean() < 0.5
