"""A picture around a mesh: every face has its own place in it, and every place the colour of its point."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from oracles.analytic import ball, still, torus

from dreamcore.mesh import Mesh, is_closed, weld
from dreamcore.surface import SurfaceConfig, find_surface
from dreamcore.texture import covered, spread, unwrap, with_texture

SIDE = 256


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    return find_surface(still(torus(0.55, 0.2)), SurfaceConfig(resolution=48, faces=2_000)).mesh


def position_as_colour(points: NDArray[np.float32], normals: NDArray[np.float32]) -> NDArray[np.uint8]:
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)
    colors: NDArray[np.uint8] = ((points * 0.5 + 0.5) * 255.0 + 0.5).clip(0, 255).astype(np.uint8)
    return colors


def test_cutting_moves_nothing(mesh: Mesh) -> None:
    cut, uv = unwrap(mesh, SIDE)
    assert uv.shape == (len(cut.vertices), 2)
    assert (uv.min(), uv.max()) >= (0.0, 0.0)
    assert uv.max() <= 1.0
    assert len(cut.vertices) > len(mesh.vertices)
    # the same triangles in some order
    ours, theirs = (np.sort(m.vertices[m.faces].reshape(-1, 9), axis=0) for m in (mesh, cut))
    np.testing.assert_array_equal(ours, theirs)


def test_no_two_faces_share_a_pixel(mesh: Mesh) -> None:
    cut, uv = unwrap(mesh, SIDE)
    pixels, faces, shares = covered(uv, cut.faces, SIDE)
    assert len(np.unique(pixels)) >= 0.999 * len(pixels)  # but for centres exactly on an edge
    assert len(pixels) > 0.2 * SIDE**2
    np.testing.assert_allclose(shares.sum(1), 1.0, atol=1e-9)
    assert len(np.unique(faces)) > 0.95 * len(cut.faces)


def test_a_pixel_belongs_to_the_triangle_around_its_centre() -> None:
    uv = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    pixels, _, shares = covered(uv, np.array([[0, 1, 2]], dtype=np.int32), 4)
    # v grows upwards and rows downwards: the lower left half
    assert sorted(pixels.tolist()) == [0, 4, 5, 8, 9, 10, 12, 13, 14, 15]
    centre = shares[pixels.tolist().index(12)]
    np.testing.assert_allclose(centre, [0.75, 0.125, 0.125])


def test_a_face_without_area_covers_nothing() -> None:
    uv = np.array([[0.25, 0.25], [0.5, 0.5], [0.75, 0.75]], dtype=np.float32)
    pixels, _, _ = covered(uv, np.array([[0, 1, 2]], dtype=np.int32), 16)
    assert len(pixels) == 0


def test_the_picture_has_the_colour_of_every_point(mesh: Mesh) -> None:
    """Looked up at random points of the faces, as a viewer does."""
    painted = with_texture(mesh, SIDE, position_as_colour)
    assert painted.texture is not None
    drawn = np.random.default_rng(0)
    face = drawn.integers(len(painted.faces), size=5_000)
    shares = drawn.dirichlet([1.0, 1.0, 1.0], size=5_000)[..., None]
    at = (painted.vertices[painted.faces[face]] * shares).sum(1)
    u, v = (painted.texture.uv[painted.faces[face]] * shares).sum(1).T
    column, row = (np.clip(value * SIDE, 0, SIDE - 1).astype(int) for value in (u, 1.0 - v))
    found = painted.texture.image[row, column] / 255.0 * 2.0 - 1.0
    error = np.linalg.norm(found - at, axis=1)
    assert np.quantile(error, 0.99) < 0.04  # about two pixels on the surface
    assert error.max() < 0.1


def test_the_same_mesh_gives_the_same_picture(mesh: Mesh) -> None:
    one, other = (with_texture(mesh, SIDE, position_as_colour).texture for _ in range(2))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.uv, other.uv)


def test_welding_undoes_the_cuts(mesh: Mesh) -> None:
    painted = with_texture(mesh, SIDE, position_as_colour)
    assert not is_closed(painted.faces)
    whole = weld(painted)
    assert is_closed(whole.faces)
    assert len(whole.vertices) == len(mesh.vertices)
    assert whole.texture is None
    assert weld(mesh) is mesh


def test_colours_spread_around_what_is_known() -> None:
    image = np.zeros((12, 12, 3), dtype=np.uint8)
    known = np.zeros((12, 12), dtype=bool)
    image[1, 1], known[1, 1] = (200, 100, 0), True
    image[1, 10], known[1, 10] = (0, 100, 200), True
    filled = spread(image, known)
    assert filled[1, 1].tolist() == filled[3, 3].tolist() == filled[5, 1].tolist() == [200, 100, 0]
    assert filled[1, 8].tolist() == [0, 100, 200]
    assert filled[11, 5].tolist() == [100, 100, 100]  # far from both: the mean
    assert (spread(image, np.zeros_like(known)) == 0).all()


def test_colours_of_a_field_in_a_picture() -> None:
    config = SurfaceConfig(resolution=48, faces=1_000, texture=128)
    painted = find_surface(still(ball(0.6)), config).mesh
    assert painted.texture is not None
    pixels, _, _ = covered(painted.texture.uv, painted.faces, 128)
    seen = painted.texture.image.reshape(-1, 3)[pixels].astype(int)
    pure = np.minimum(np.abs(seen - [255, 64, 0]).max(1), np.abs(seen - [0, 64, 255]).max(1)) <= 1
    assert pure.mean() > 0.97
