"""Surfaces of fields: solids known in closed form, a distilled scene, and scenes without any."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from oracles.analytic import Distance, ball, box, still, torus, union, without
from oracles.raster import overlap, rasterise
from torch import Tensor

from dreamcore.cameras import orbit
from dreamcore.config import GridFieldConfig, RenderConfig, ResidualFieldConfig, SceneConfig
from dreamcore.mesh import Mesh, is_closed
from dreamcore.render import even_rays
from dreamcore.scene import Scene
from dreamcore.still import Still, hold_still
from dreamcore.surface import (
    NoSurface,
    SurfaceConfig,
    find_surface,
    level_set,
    silhouette_iou,
    silhouette_threshold,
    surface_of,
)

CONFIG = SurfaceConfig(resolution=64, faces=8_000)


def volume(mesh: Mesh) -> float:
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces].astype(np.float64), 1, 0)
    return float((a * np.cross(b, c)).sum() / 6.0)


def opaque(held: Still, azimuth: float, elevation: float, side: int) -> np.ndarray:
    """Which pixels the field stops at least half of the light of."""
    camera = orbit([azimuth], elevation, held.radius, held.focal)
    rays = even_rays(camera, side, 256, held.bound, torch.full((1, 1, side * side), 0.5)).spread()
    with torch.no_grad():
        density = held.field.density(held.parameters, rays.points.flatten(1, 3)).view(rays.depth.shape)
    opacity = 1.0 - torch.exp(-(density * rays.spacing).sum(-1))
    mask: np.ndarray = (opacity >= 0.5).view(side, side).numpy()
    return mask


def worst_overlap(held: Still, mesh: Mesh, side: int = 96) -> float:
    """The least IoU of the mesh's silhouette with the field's, over views that the threshold was not chosen by."""
    found = []
    for azimuth, elevation in ((15.0, 20.0), (105.0, -15.0), (195.0, 55.0), (285.0, 20.0)):
        camera = {"azimuth": azimuth, "elevation": elevation, "distance": held.radius, "focal": held.focal}
        mask, _ = rasterise(mesh.vertices, mesh.faces, mesh.colors / 255.0, side, **camera)
        found.append(overlap(mask, opaque(held, azimuth, elevation, side)))
    return min(found)


# ---- the threshold ---------------------------------------------------------------------------------------------------


def test_the_threshold_is_the_best_of_all() -> None:
    drawn = torch.Generator().manual_seed(3)
    peak = torch.rand(500, generator=drawn) * 40.0
    opacity = (peak / 40.0 + 0.3 * torch.randn(500, generator=drawn)).clamp(0.0, 1.0)
    threshold, iou = silhouette_threshold(peak, opacity, 0.5)
    every = [silhouette_iou(peak, opacity, float(value)) for value in peak]
    assert iou == pytest.approx(max(every), abs=1e-6)
    assert silhouette_iou(peak, opacity, threshold) >= iou - 0.005


def test_the_middle_of_equally_good_thresholds() -> None:
    peak = torch.tensor([0.0] * 10 + [1.0] * 10 + [100.0] * 10)
    opacity = torch.tensor([0.0] * 20 + [1.0] * 10)
    threshold, iou = silhouette_threshold(peak, opacity, 0.5)
    assert iou == 1.0
    assert threshold == pytest.approx(10.0)


def test_a_hard_object_in_empty_space() -> None:
    peak, opacity = torch.tensor([0.0] * 10 + [50.0] * 10), torch.tensor([0.0] * 10 + [1.0] * 10)
    assert silhouette_threshold(peak, opacity, 0.5) == (5.0, 1.0)
    assert silhouette_threshold(peak, opacity, 60.0) == (50.0, 1.0)


@pytest.mark.parametrize("opacity", [0.0, 0.49])
def test_nothing_opaque_has_no_threshold(opacity: float) -> None:
    with pytest.raises(NoSurface, match=f"empty.*stops {opacity:.0%}"):
        silhouette_threshold(torch.ones(100), torch.full((100,), opacity), 0.5)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("resolution", 7, "resolution = 7: must be from 8 to 512"),
        ("faces", 99, "faces = 99: must be at least 100"),
        ("smallest", 1.5, "smallest = 1.5: must be in [0, 1]"),
        ("threshold", 0.0, "threshold = 0.0: must be above 0"),
        ("threshold", math.nan, "threshold = nan: must be above 0"),
        ("texture", 32, "texture = 32: must be 0 or from 64 to 8192"),
    ],
)
def test_config_checks_itself(field: str, value: float, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        SurfaceConfig(**{field: value})  # type: ignore[arg-type]
    assert str(caught.value) == message


# ---- solids ----------------------------------------------------------------------------------------------------------


def test_a_ball_where_its_density_is_half() -> None:
    found = find_surface(still(ball(0.6), skin=0.03), SurfaceConfig(resolution=64, faces=50_000, threshold=100.0))
    radius = np.linalg.norm(found.mesh.vertices, axis=1)
    assert np.abs(radius - 0.6).max() < 0.1 * 2.0 / 64
    assert volume(found.mesh) == pytest.approx(4.0 / 3.0 * math.pi * 0.6**3, rel=0.01)
    outwards = found.mesh.vertices / radius[:, None]
    assert (found.mesh.normals * outwards).sum(1).min() > 0.98


SOLIDS = {
    "ball": ball(0.6),
    "torus": torus(0.55, 0.2),
    "off_centre": ball(0.3, (0.4, 0.2, -0.3)),
    "disc": box(0.7, 0.04, 0.7),
    "two": union(ball(0.3, (-0.5, 0.0, 0.0)), ball(0.25, (0.5, 0.0, 0.2))),
    "shell": without(ball(0.7), ball(0.5)),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_silhouettes_are_those_of_the_field(name: str) -> None:
    held = still(SOLIDS[name])
    found = find_surface(held, CONFIG)
    assert found.iou > 0.985
    assert is_closed(found.mesh.faces)
    assert worst_overlap(held, found.mesh) > 0.965


def test_soft_solids_too() -> None:
    """Fog whose edge is wide: a fixed density would be far off."""
    held = still(ball(0.5), peak=12.0, skin=0.08)
    found = find_surface(held, CONFIG)
    assert worst_overlap(held, found.mesh) > 0.95


def test_what_the_bound_cuts_is_capped() -> None:
    held = still(box(2.0, 0.2, 2.0), skin=0.03)
    found = find_surface(held, SurfaceConfig(resolution=64, faces=50_000, threshold=100.0))
    assert is_closed(found.mesh.faces)
    radius = np.linalg.norm(found.mesh.vertices, axis=1)
    assert radius.max() < 1.0 + 0.1 * 2.0 / 64
    # the slab of a ball between two parallel planes
    assert volume(found.mesh) == pytest.approx(2.0 * math.pi * (0.2 - 0.2**3 / 3.0), rel=0.015)


def test_fog_everywhere_is_the_whole_ball() -> None:
    held = still(ball(5.0))
    found = find_surface(held, CONFIG)
    assert is_closed(found.mesh.faces)
    assert volume(found.mesh) == pytest.approx(4.0 / 3.0 * math.pi, rel=0.01)


def test_specks_are_left_out() -> None:
    held = still(union(ball(0.5), ball(0.06, (0.8, 0.0, 0.0))))
    kept = find_surface(held, SurfaceConfig(resolution=64, threshold=100.0, smallest=0.0)).mesh
    cleaned = find_surface(held, SurfaceConfig(resolution=64, threshold=100.0)).mesh
    assert kept.vertices[:, 0].max() > 0.8
    assert cleaned.vertices[:, 0].max() < 0.52


def test_front_and_sides_are_where_the_cameras_say() -> None:
    """A nose towards azimuth 0 is at +z, one towards azimuth 90 at +x, and up is +y: glTF's axes."""
    for azimuth, axis in ((0.0, 2), (90.0, 0)):
        toward = orbit([azimuth], 0.0, 0.7, 1.0).position[0, 0]
        nose: Distance = ball(0.1, tuple(toward.tolist()))
        mesh = find_surface(still(union(ball(0.4), nose)), CONFIG).mesh
        assert mesh.vertices[:, axis].max() > 0.7
        assert mesh.vertices[:, axis].min() > -0.5
    mesh = find_surface(still(union(ball(0.4), ball(0.1, (0.0, 0.7, 0.0)))), CONFIG).mesh
    assert mesh.vertices[:, 1].max() > 0.7
    assert mesh.vertices[:, 1].min() > -0.5


def test_colours_are_the_fields_own() -> None:
    mesh = find_surface(still(ball(0.6)), CONFIG).mesh
    right, left = mesh.vertices[:, 0] > 0.05, mesh.vertices[:, 0] < -0.05
    assert np.abs(mesh.colors[right].astype(int) - [255, 64, 0]).max() <= 1
    assert np.abs(mesh.colors[left].astype(int) - [0, 64, 255]).max() <= 1


def test_the_level_is_a_logarithm_inside_and_a_distance_at_the_bound() -> None:
    held = still(ball(0.5), peak=50.0)
    level = level_set(held, 5.0, 16)
    assert level.shape == (19, 19, 19)
    assert level[9, 9, 9] == pytest.approx(math.log(10.0))
    assert level[0].max() < 0.0
    assert level[9, 9, 1] == pytest.approx(min(0.0, float(level[9, 9, 1])))
    assert np.isfinite(level).all()


def test_the_same_field_gives_the_same_mesh() -> None:
    one, other = (find_surface(still(SOLIDS["two"]), CONFIG).mesh for _ in range(2))
    for name in ("vertices", "faces", "normals", "colors"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


# ---- without a surface -----------------------------------------------------------------------------------------------


def test_an_empty_field() -> None:
    with pytest.raises(NoSurface, match="the scene is empty"):
        find_surface(still(ball(0.6), peak=0.01), CONFIG)


def test_a_threshold_that_nothing_reaches() -> None:
    with pytest.raises(NoSurface, match="no point of a grid of 64 cells a side is denser than 1e\\+06"):
        find_surface(still(ball(0.6)), SurfaceConfig(resolution=64, threshold=1e6))


@pytest.mark.parametrize(("threshold", "where"), [(None, "rays"), (5.0, "points")])
def test_what_is_not_a_number_is_told(threshold: float | None, where: str) -> None:
    def broken(points: Tensor) -> Tensor:
        distance = ball(0.6)(points)
        return torch.where(distance.abs() < 0.1, torch.nan, distance)

    with pytest.raises(NoSurface, match=f"the density is not a number (on|at) [0-9]+ of [0-9]+ {where}"):
        find_surface(still(broken), SurfaceConfig(resolution=24, threshold=threshold))


def test_a_threshold_of_ones_own_shows_faint_scenes_too() -> None:
    found = find_surface(still(ball(0.6), peak=0.4, skin=0.03), SurfaceConfig(resolution=48, threshold=0.2))
    assert volume(found.mesh) == pytest.approx(4.0 / 3.0 * math.pi * 0.6**3, rel=0.02)


def test_a_point_that_the_grid_misses() -> None:
    with pytest.raises(NoSurface):
        find_surface(still(ball(0.01, (0.03, 0.03, 0.03)), skin=0.001, peak=1e4), SurfaceConfig(resolution=16))


# ---- scenes ----------------------------------------------------------------------------------------------------------


FIELDS = {
    "grid": GridFieldConfig(resolutions=(4, 8), channels=2, table_size=512, hidden=8, blob_radius=0.5),
    "residual": ResidualFieldConfig(width=8, blocks=1, frequencies=2),
}


@pytest.mark.parametrize("kind", FIELDS)
def test_a_fresh_scene_is_a_blob(kind: str) -> None:
    """With a learned background too, which is no part of the object."""
    render = RenderConfig(prune_resolution=8, background="learned")
    scene = Scene.create("a mug", 3, SceneConfig(field=FIELDS[kind], render=render))
    found = surface_of(scene, CONFIG)
    assert is_closed(found.mesh.faces)
    assert worst_overlap(hold_still(scene), found.mesh, 48) > 0.95
