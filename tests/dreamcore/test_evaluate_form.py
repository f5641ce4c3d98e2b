"""The form of densities whose pieces and extents are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dreamcore.evaluate.form import cube, form, slices

BOUND, SIDE = 1.0, 48
DENSE = 40.0


def grid() -> list[np.ndarray]:
    centre = (np.arange(SIDE) + 0.5) / SIDE * 2.0 * BOUND - BOUND
    return np.meshgrid(centre, centre, centre, indexing="ij")


def ellipsoid(*radii: float, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    terms = [((axis - shift) / radius) ** 2 for axis, shift, radius in zip(grid(), at, radii, strict=True)]
    return np.where(sum(terms) < 1.0, DENSE, 0.0)


def test_one_ball_has_no_floaters_and_is_as_thick_as_long() -> None:
    found = form(ellipsoid(0.5, 0.5, 0.5), BOUND)
    assert found.floaters == 0.0 and found.thickness == pytest.approx(1.0)


def test_a_small_ball_apart_floats_by_its_share_of_the_volume() -> None:
    found = form(np.maximum(ellipsoid(0.4, 0.4, 0.4, at=(0.4, 0, 0)), ellipsoid(0.2, 0.2, 0.2, at=(-0.5, 0, 0))), BOUND)
    assert found.floaters == pytest.approx(0.2**3 / (0.4**3 + 0.2**3), abs=0.01)


def test_pieces_that_touch_at_a_corner_are_one() -> None:
    density = np.zeros((8, 8, 8))
    density[2, 2, 2] = density[3, 3, 3] = 1000.0
    assert form(density, BOUND).floaters == 0.0
    density[6, 6, 6] = 1000.0
    assert form(density, BOUND).floaters == pytest.approx(1 / 3)


@pytest.mark.parametrize("least", [0.1, 0.2, 0.4])
def test_the_thickness_of_an_ellipsoid_is_the_ratio_of_its_axes(least: float) -> None:
    assert form(ellipsoid(0.8, 0.6, least), BOUND).thickness == pytest.approx(least / 0.8, abs=0.02)


def test_thickness_does_not_depend_on_where_the_axes_point() -> None:
    x, y, z = grid()
    a, b = (x + y) / math.sqrt(2.0), (x - y) / math.sqrt(2.0)
    tilted = np.where((a / 0.8) ** 2 + (b / 0.2) ** 2 + (z / 0.5) ** 2 < 1.0, DENSE, 0.0)
    assert form(tilted, BOUND).thickness == pytest.approx(0.25, abs=0.02)


def test_occupied_is_what_stops_half_of_the_light_over_a_twentieth_of_the_width() -> None:
    edge = 20.0 * math.log(2.0) / (2.0 * BOUND)
    found = form(np.array([[[edge * 0.999, edge * 1.001]]]), BOUND)
    assert found.occupied.tolist() == [[[False, True]]]


def test_fog_is_no_object() -> None:
    found = form(np.full((8, 8, 8), 0.5), BOUND)
    assert not found.occupied.any() and found.floaters is None and found.thickness is None


def test_what_is_not_a_number_shows() -> None:
    density = ellipsoid(0.5, 0.5, 0.5)
    density[0, 0, 0] = math.nan
    found = form(density, BOUND)
    assert found.floaters is not None and math.isnan(found.floaters)
    assert found.occupied[0, 0, 0]


def test_slices_lie_from_below_in_reading_order() -> None:
    occupied = np.zeros((16, 16, 16), bool)
    occupied[3, 0, 5] = occupied[7, 9, 2] = True  # x, y, z
    picture = slices(occupied)
    assert picture.shape == (32, 128)
    # height 9 is the second of the second row; within a slice x is to the right and z is down
    assert {(int(row), int(column)) for row, column in np.argwhere(picture)} == {(5, 3), (16 + 2, 16 + 7)}


def test_slices_are_read_back() -> None:
    occupied = np.random.default_rng(0).random((16, 16, 16)) < 0.3
    assert np.array_equal(cube(slices(occupied)), occupied)
    with pytest.raises(ValueError, match="no cube"):
        cube(np.zeros((10, 128), np.uint8))
