"""Cameras: their distributions against closed forms, their axes against geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.samples import kolmogorov_smirnov, standard_errors_off
from oracles.sphere import angle_uniform_moments, area_uniform_moments
from oracles.volume import march_interval

from dreamcore.cameras import (
    Cameras,
    look_at,
    orbit,
    ray_directions,
    sample_cameras,
    sample_elevation,
    sample_lights,
    sphere_interval,
    spherical,
)
from dreamcore.config import CameraConfig, LightConfig
from dreamcore.rng import Draws

COUNT = 40_000
STILL = {"position_jitter": 0.0, "look_at_jitter": 0.0, "up_jitter": 0.0}


def _draws(*seeds: int, step: int = 0) -> Draws:
    return Draws(torch.tensor(seeds), torch.full((len(seeds),), step))


def _sample(config: CameraConfig, count: int = COUNT) -> Cameras:
    return sample_cameras(_draws(11), [config], count)


def _numpy(values: torch.Tensor) -> np.ndarray:
    return values[0].double().numpy()


# ---- where cameras are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bounds", [(-10.0, 90.0), (-30.0, 45.0)])
@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_elevation_has_the_moments_of_the_mixture(bounds: tuple[float, float], probability: float) -> None:
    config = CameraConfig(elevation=bounds, area_probability=probability, **STILL)
    elevation = np.radians(_numpy(_sample(config).elevation()))
    low, high = math.radians(bounds[0]), math.radians(bounds[1])
    moments = zip(angle_uniform_moments(low, high), area_uniform_moments(low, high), strict=True)
    first, second = (probability * area + (1.0 - probability) * angle for angle, area in moments)
    assert standard_errors_off(elevation, first) < 3.5
    assert standard_errors_off(elevation**2, second) < 3.5
    assert low - 1e-3 <= elevation.min() < low + 0.1
    assert high - 0.1 < elevation.max() <= high + 1e-3


def test_elevation_by_area_covers_the_sphere_evenly() -> None:
    """Uniform in area: the height on the unit sphere is uniform (Archimedes)."""
    u = torch.linspace(0.0, 1.0, 101)[None]
    config = CameraConfig(elevation=(-90.0, 90.0), area_probability=1.0)
    height = torch.deg2rad(sample_elevation([config], u, torch.zeros_like(u))).sin()
    torch.testing.assert_close(height, 2.0 * u - 1.0, rtol=0, atol=1e-5)


def test_radius_focal_and_azimuth_are_uniform() -> None:
    cameras = _sample(CameraConfig(radius=(1.0, 1.5), focal=(0.7, 1.35), elevation=(-10.0, 80.0), **STILL))
    ranges = ((cameras.radius(), 1.0, 1.5), (cameras.focal, 0.7, 1.35), (cameras.azimuth() % 360.0, 0.0, 360.0))
    for values, low, high in ranges:
        found = _numpy(values)
        spread = high - low
        assert (
            kolmogorov_smirnov(found, lambda x, low=low, spread=spread: min(max((x - low) / spread, 0.0), 1.0)) < 1.95
        )


def test_positions_with_jitter() -> None:
    """The shift is uniform in a cube of side 2 j, independent of the position: its variance is j^2 / 3 an axis."""
    jitter, bounds = 0.3, (math.radians(-10.0), math.radians(70.0))
    config = CameraConfig(radius=(1.0, 1.5), elevation=(-10.0, 70.0), area_probability=1.0, position_jitter=jitter)
    position = _sample(config).position[0].double().numpy()
    radius, radius_square = angle_uniform_moments(1.0, 1.5)
    # uniform height between the sines of the bounds
    height, height_square = angle_uniform_moments(math.sin(bounds[0]), math.sin(bounds[1]))
    flat_square = radius_square * (1.0 - height_square) / 2.0
    assert standard_errors_off(position[:, 1], radius * height) < 3.5
    assert standard_errors_off(position[:, 1] ** 2, radius_square * height_square + jitter**2 / 3.0) < 3.5
    for axis in (0, 2):
        assert standard_errors_off(position[:, axis], 0.0) < 3.5
        assert standard_errors_off(position[:, axis] ** 2, flat_square + jitter**2 / 3.0) < 3.5
    assert standard_errors_off(position[:, 0] * position[:, 2], 0.0) < 3.5


def test_jitter_of_the_target_and_of_up_are_standard_deviations() -> None:
    """Small jitters: the axis misses the origin by two normal components, and the camera rolls by one."""
    config = CameraConfig(
        radius=(2.0, 2.0), elevation=(0.0, 0.0), position_jitter=0.0, look_at_jitter=0.02, up_jitter=0.0
    )
    cameras = _sample(config)
    forward, position = cameras.rotation[0, :, 2].double().numpy(), cameras.position[0].double().numpy()
    miss = np.linalg.norm(np.cross(position, forward), axis=1)
    assert np.mean(miss**2) == pytest.approx(2.0 * 0.02**2, rel=0.03)

    config = CameraConfig(
        radius=(2.0, 2.0), elevation=(0.0, 0.0), position_jitter=0.0, look_at_jitter=0.0, up_jitter=0.02
    )
    roll = _sample(config).rotation[0, :, 0, 1].double().numpy()
    assert np.std(roll) == pytest.approx(0.02, rel=0.03)
    assert standard_errors_off(roll, 0.0) < 3.5


def test_focal_follows_the_radius() -> None:
    config = CameraConfig(radius=(2.0, 4.0), focal=(0.6, 0.6), focal_follows_radius=True, position_jitter=0.2)
    cameras = _sample(config, 100)
    torch.testing.assert_close(cameras.focal, 0.6 * cameras.radius())


def test_scenes_have_their_own_distributions() -> None:
    configs = [
        CameraConfig(radius=(r, r), elevation=(e, e), focal=(f, f), **STILL)
        for r, e, f in ((1.0, 10.0, 0.7), (3.0, 40.0, 1.0))
    ]
    together = sample_cameras(_draws(1, 2), configs, 3)
    torch.testing.assert_close(together.radius(), torch.tensor([[1.0] * 3, [3.0] * 3]))
    torch.testing.assert_close(together.elevation(), torch.tensor([[10.0] * 3, [40.0] * 3]))
    torch.testing.assert_close(together.focal, torch.tensor([[0.7] * 3, [1.0] * 3]))
    alone = sample_cameras(_draws(2), configs[1:], 3)
    assert torch.equal(together.position[1], alone.position[0])
    assert torch.equal(together.rotation[1], alone.rotation[0])


# ---- what cameras see ------------------------------------------------------------------------------------------------


@given(st.floats(-179.0, 180.0), st.floats(-89.0, 89.0), st.floats(0.5, 5.0))
def test_accessors_invert_spherical(azimuth: float, elevation: float, radius: float) -> None:
    position = spherical(*(torch.tensor([[value]]) for value in (azimuth, elevation, radius)))
    camera = Cameras(position, torch.eye(3).expand(1, 1, 3, 3), torch.ones(1, 1))
    assert float(camera.elevation()) == pytest.approx(elevation, abs=0.02)
    assert float(camera.radius()) == pytest.approx(radius, rel=1e-5)
    turn = (float(camera.azimuth()) - azimuth + 180.0) % 360.0 - 180.0
    assert turn == pytest.approx(0.0, abs=0.01)


def test_azimuth_zero_is_the_front_and_grows_towards_x() -> None:
    positions = spherical(torch.tensor([0.0, 90.0, 180.0, 30.0]), torch.tensor([0.0, 0.0, 0.0, 90.0]), torch.ones(4))
    expected = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    torch.testing.assert_close(positions, expected, rtol=0, atol=1e-6)


def test_rotations_are_orthonormal_and_not_mirrored() -> None:
    right, up, forward = _sample(CameraConfig(), 500).rotation[0].double().unbind(1)
    for a, b, product in (
        (right, right, 1.0),
        (up, up, 1.0),
        (forward, forward, 1.0),
        (right, up, 0.0),
        (up, forward, 0.0),
    ):
        torch.testing.assert_close((a * b).sum(-1), torch.full((500,), product).double(), rtol=0, atol=1e-5)
    # right-handed with the axis that points at the viewer: a picture, not its mirror image
    torch.testing.assert_close(torch.linalg.cross(right, up), -forward, rtol=0, atol=1e-5)


def test_front_view_has_x_to_the_right_and_y_up() -> None:
    right, up, forward = orbit([0.0], 0.0, 2.0, 1.0).rotation[0, 0]
    torch.testing.assert_close(right, torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(up, torch.tensor([0.0, 1.0, 0.0]))
    torch.testing.assert_close(forward, torch.tensor([0.0, 0.0, -1.0]))


@given(*[st.tuples(*[st.floats(-2.0, 2.0)] * 3)] * 2)
def test_the_centre_ray_hits_the_target(position: Sequence[float], target: Sequence[float]) -> None:
    eye, aim = torch.tensor([[position]]).double(), torch.tensor([[target]]).double()
    distance = (aim - eye).norm(dim=-1, keepdim=True)
    if float(distance) < 1e-3:
        return
    rotation = look_at(eye, aim, torch.tensor([0.0, 1.0, 0.0]).double().expand_as(eye))
    # an odd number of pixels has one in the middle
    rays = ray_directions(Cameras(eye, rotation, torch.ones(1, 1).double()), 5)
    torch.testing.assert_close(eye + distance * rays[:, :, 12], aim, rtol=0, atol=1e-9)


@pytest.mark.parametrize("elevation", [90.0, -90.0, 89.9999, 89.9])
@pytest.mark.parametrize("azimuth", [0.0, 77.0])
def test_overhead_views_are_finite(elevation: float, azimuth: float) -> None:
    rotation = orbit([azimuth], elevation, 2.0, 1.0).rotation[0, 0].double()
    assert bool(rotation.isfinite().all())
    torch.testing.assert_close(rotation @ rotation.t(), torch.eye(3).double(), rtol=0, atol=1e-5)


def test_orbit_turns_around_the_object() -> None:
    cameras = orbit([0.0, 90.0], 20.0, 2.5, 1.2, scenes=2)
    assert cameras.position.shape == (2, 2, 3)
    torch.testing.assert_close(cameras.azimuth(), torch.tensor([[0.0, 90.0]] * 2), rtol=0, atol=1e-4)
    torch.testing.assert_close(cameras.elevation(), torch.full((2, 2), 20.0))
    # both look at the origin
    torch.testing.assert_close(cameras.rotation[..., 2, :], -cameras.position / 2.5, rtol=0, atol=1e-6)


@pytest.mark.parametrize("focal", [0.7, 1.35])
def test_field_of_view(focal: float) -> None:
    """The image is one unit wide at distance `focal`: opposite edges are 2 atan(1 / (2 focal)) apart."""
    cameras, side = orbit([30.0], 20.0, 2.0, focal), 8
    rays = ray_directions(cameras, side).double()[0, 0].reshape(side, side, 3)
    torch.testing.assert_close(rays.norm(dim=-1), torch.ones(side, side).double())
    local = rays @ cameras.rotation[0, 0].double().t()
    offset = (local[..., :2] / local[..., 2:]) * focal
    assert float(offset[0, 0, 0]) == pytest.approx(-0.5 + 0.5 / side, abs=1e-5)  # left
    assert float(offset[0, 0, 1]) == pytest.approx(0.5 - 0.5 / side, abs=1e-5)  # top
    assert float(offset[-1, -1, 0]) == pytest.approx(0.5 - 0.5 / side, abs=1e-5)
    # half a pixel beyond the outermost centres are the edges of the frame
    fine = ray_directions(cameras, 512).double()[0, 0].reshape(512, 512, 3)
    across = math.degrees(math.acos(float(fine[256, 0] @ fine[256, -1])))
    assert across == pytest.approx(math.degrees(2.0 * math.atan(1.0 / (2.0 * focal))), abs=0.2)
    # §3.2's numbers: 71.1 to 40.7 degrees
    assert across == pytest.approx({0.7: 71.1, 1.35: 40.7}[focal], abs=0.2)


@given(st.tuples(*[st.floats(-3.0, 3.0)] * 3), st.tuples(*[st.floats(-1.0, 1.0)] * 3), st.floats(0.5, 2.0))
def test_sphere_interval_against_a_march(origin: Sequence[float], towards: Sequence[float], radius: float) -> None:
    length = math.sqrt(sum(value * value for value in towards))
    if length < 0.1:
        return
    start, direction = np.array(origin), np.array(towards) / length
    near, far = sphere_interval(torch.tensor(start)[None], torch.tensor(direction)[None], radius)
    first, last = march_interval(start, direction, radius, 12.0, 6000)
    assert 0.0 <= float(near) <= float(far)
    assert float(far - near) == pytest.approx(last - first, abs=0.1 if last - first < 0.2 else 0.006)
    if last - first > 0.2:
        assert float(near) == pytest.approx(first, abs=0.003)
        assert float(far) == pytest.approx(last, abs=0.003)


# ---- lights ----------------------------------------------------------------------------------------------------------


def _lights(spread: float, position: torch.Tensor) -> np.ndarray:
    config = LightConfig(distance=(0.8, 1.5), spread=spread)
    return sample_lights(_draws(5), [config], position.expand(1, COUNT, 3))[0].double().numpy()


def test_light_distance_is_uniform() -> None:
    distance = np.linalg.norm(_lights(1.0, torch.tensor([0.0, 0.0, 1.2])), axis=1)
    assert kolmogorov_smirnov(distance, lambda x: min(max((x - 0.8) / 0.7, 0.0), 1.0)) < 1.95


def test_light_direction_is_a_normal_around_the_camera() -> None:
    """Against directions of p + N(0, I) drawn by another generator."""
    position = np.array([0.3, 0.9, -0.8])
    found = _lights(1.0, torch.tensor(position, dtype=torch.float32))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    expected = position + np.random.default_rng(0).standard_normal((400_000, 3))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    for a in range(3):
        assert standard_errors_off(found[:, a], expected[:, a].mean()) < 4.0
        for b in range(a + 1):
            assert standard_errors_off(found[:, a] * found[:, b], (expected[:, a] * expected[:, b]).mean()) < 4.0


def test_light_without_spread_stands_behind_the_camera() -> None:
    position = torch.tensor([0.3, 0.9, -0.8])
    found = torch.tensor(_lights(0.0, position))
    direction = (position / position.norm()).double().expand_as(found)
    torch.testing.assert_close(found / found.norm(dim=1, keepdim=True), direction, rtol=0, atol=1e-6)
