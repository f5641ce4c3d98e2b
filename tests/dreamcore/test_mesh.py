"""Triangle meshes from level sets: closed forms of a sphere and a torus, and what is cleaned away."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dreamcore.mesh import decimate, is_closed, keep_large, part_sheets, vertex_normals, zero_surface

SIDE = 64
STEP = 2.4 / SIDE
AXIS = -1.2 + STEP * np.arange(SIDE + 1)
X, Y, Z = np.meshgrid(AXIS, AXIS, AXIS, indexing="ij")
CUBE = np.array(
    [
        [0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4],
        [2, 3, 7], [2, 7, 6], [0, 4, 7], [0, 7, 3], [1, 2, 6], [1, 6, 5],
    ]
)  # fmt: skip


def _ball(radius: float, x: float = 0.0) -> NDArray[np.float32]:
    level: NDArray[np.float32] = (radius - np.sqrt((X - x) ** 2 + Y**2 + Z**2)).astype(np.float32)
    return level


def _mesh(level: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    return zero_surface(level, -1.2, STEP)


def _volume(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> float:
    """By the divergence theorem: positive if the faces look outwards."""
    a, b, c = np.moveaxis(vertices[faces].astype(np.float64), 1, 0)
    return float((a * np.cross(b, c)).sum() / 6.0)


def _area(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> float:
    a, b, c = np.moveaxis(vertices[faces].astype(np.float64), 1, 0)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)


def _euler(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> int:
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0)
    return len(np.unique(faces)) - len(edges) + len(faces)


def test_a_sphere() -> None:
    vertices, faces = _mesh(_ball(0.8))
    assert np.abs(np.linalg.norm(vertices, axis=1) - 0.8).max() < 0.02 * STEP
    assert _volume(vertices, faces) == pytest.approx(4.0 / 3.0 * math.pi * 0.8**3, rel=2e-3)
    assert _area(vertices, faces) == pytest.approx(4.0 * math.pi * 0.8**2, rel=2e-3)
    assert _euler(vertices, faces) == 2
    assert is_closed(faces)
    normals = vertex_normals(vertices, faces)
    outwards = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    assert (normals * outwards).sum(1).min() > 0.99


def test_a_torus_has_one_hole() -> None:
    level = (0.3 - np.hypot(np.hypot(X, Z) - 0.7, Y)).astype(np.float32)
    vertices, faces = _mesh(level)
    assert _euler(vertices, faces) == 0  # 2 - 2 x genus
    assert is_closed(faces)
    assert _volume(vertices, faces) == pytest.approx(2.0 * math.pi**2 * 0.7 * 0.3**2, rel=5e-3)
    assert _area(vertices, faces) == pytest.approx(4.0 * math.pi**2 * 0.7 * 0.3, rel=5e-3)


def test_points_on_the_surface_are_no_trouble() -> None:
    """A box whose sides go through points of the grid."""
    level = np.full((9, 9, 9), -1.0, dtype=np.float32)
    level[2:7, 2:7, 2:7] = 0.0
    level[3:6, 3:6, 3:6] = 1.0
    vertices, faces = zero_surface(level, 0.0, 1.0)
    assert is_closed(faces)
    assert _area(vertices, faces) > 0.0
    corners = vertices[faces]
    assert np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).min() > 0.0


def test_small_pieces_go_and_large_ones_stay() -> None:
    level = np.maximum(np.maximum(_ball(0.5, -0.6), _ball(0.3, 0.5)), _ball(0.08, 1.0))
    cleaned = keep_large(level, 0.02)  # volumes are as 1 : 0.216 : 0.004
    assert _euler(*_mesh(level)) == 6
    assert _euler(*_mesh(cleaned)) == 4
    assert _volume(*_mesh(cleaned)) == pytest.approx(
        _volume(*_mesh(_ball(0.5))) + _volume(*_mesh(_ball(0.3))), rel=1e-3
    )
    assert _euler(*_mesh(keep_large(level, 1.0))) == 2
    np.testing.assert_array_equal(keep_large(level, 0.0), level)


def test_cavities_are_filled_and_tunnels_are_not() -> None:
    hollow = np.minimum(_ball(0.9), -_ball(0.4))
    assert _volume(*_mesh(hollow)) < _volume(*_mesh(keep_large(hollow, 0.02)))
    assert _euler(*_mesh(hollow)) == 4
    filled = _mesh(keep_large(hollow, 0.02))
    assert _euler(*filled) == 2
    assert _volume(*filled) == pytest.approx(_volume(*_mesh(_ball(0.9))), rel=1e-6)
    drilled = np.minimum(hollow, np.hypot(X, Z).astype(np.float32) - 0.15)
    np.testing.assert_array_equal(keep_large(drilled, 0.0), drilled)


def test_closed_or_not() -> None:
    assert is_closed(CUBE)
    assert not is_closed(CUBE[1:])
    assert not is_closed(np.concatenate([CUBE[1:], CUBE[:1, ::-1]]))  # one face looks inwards
    assert not is_closed(np.concatenate([CUBE, CUBE]))  # four faces an edge


@pytest.mark.parametrize("most", [200, 1000, 5000])
def test_fewer_faces_keep_the_shape(most: int) -> None:
    vertices, faces = decimate(*_mesh(_ball(0.8)), most)
    assert len(faces) <= most
    assert is_closed(faces)
    assert _volume(vertices, faces) == pytest.approx(4.0 / 3.0 * math.pi * 0.8**3, rel=20.0 / most)


def test_few_faces_stay_as_they_are() -> None:
    vertices, faces = _mesh(_ball(0.8))
    same = decimate(vertices, faces, len(faces))
    np.testing.assert_array_equal(same[0], vertices)
    np.testing.assert_array_equal(same[1], faces)


@given(st.integers(0, 2**32 - 1))
def test_any_level_set_gives_a_closed_surface_whatever_is_left_out(seed: int) -> None:
    """Random volumes with thin bridges and pinches; decimation may pinch them more."""
    drawn = np.random.default_rng(seed)
    level = np.full((12, 12, 12), -1.0, dtype=np.float32)
    level[1:-1, 1:-1, 1:-1] = drawn.normal(-0.5, 1.0, (10, 10, 10)).astype(np.float32)
    level[6, 6, 6] = 1.0
    vertices, faces = zero_surface(keep_large(level, 0.02), 0.0, 1.0)
    assert _volume(vertices, faces) > 0.0
    assert is_closed(faces)
    for share in (2, 8):
        fewer, kept = decimate(vertices, faces, len(faces) // share)
        assert is_closed(kept)
        assert len(np.unique(kept)) == len(fewer)
        assert len(kept) <= 1.1 * len(faces) / share + 20


def _cube_at(corner: tuple[float, float, float]) -> NDArray[np.float32]:
    unit = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]
    moved: NDArray[np.float32] = (np.array(unit) + corner).astype(np.float32)
    return moved


def _joined(*corners: tuple[float, float, float]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Cubes, with one vertex wherever corners meet."""
    points = np.concatenate([_cube_at(corner) for corner in corners])
    vertices, place = np.unique(points, axis=0, return_inverse=True)
    faces = np.concatenate([CUBE + 8 * i for i in range(len(corners))])
    return vertices, place.reshape(-1)[faces].astype(np.int32)


@pytest.mark.parametrize("corner", [(1.0, 1.0, 0.0), (1.0, 1.0, 1.0)], ids=["edge", "vertex"])
def test_cubes_that_touch_are_parted(corner: tuple[float, float, float]) -> None:
    vertices, faces = _joined((0.0, 0.0, 0.0), corner)
    assert len(vertices) < 16
    parted, kept = part_sheets(vertices, faces)
    assert is_closed(kept)
    assert _euler(parted, kept) in (2, 4)  # pairs at an edge may be either of two
    assert _volume(parted, kept) == pytest.approx(2.0)
    assert len(np.unique(parted, axis=0)) == len(vertices)
    assert len(parted) > len(vertices)


def test_what_is_closed_stays_as_it_is() -> None:
    vertices, faces = _mesh(_ball(0.8))
    same = part_sheets(vertices, faces)
    np.testing.assert_array_equal(same[0][same[1]], vertices[faces])
    assert len(same[0]) == len(vertices)


def test_pillows_go() -> None:
    pillow = np.array([[8, 9, 10], [9, 8, 10]])
    vertices = np.concatenate([_cube_at((0, 0, 0)), np.eye(3, dtype=np.float32) + 5])
    parted, kept = part_sheets(vertices, np.concatenate([CUBE, pillow]).astype(np.int32))
    assert (len(parted), len(kept)) == (8, 12)


def test_normals_where_nothing_is_known() -> None:
    vertices = np.zeros((3, 3), dtype=np.float32)
    np.testing.assert_array_equal(vertex_normals(vertices, np.array([[0, 1, 2]])), [[0.0, 1.0, 0.0]] * 3)
