"""Random views: their distributions, their geometry, their looks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracles.samples import kolmogorov_smirnov, standard_errors_off, uniform_cdf

from dreamcore.objects.tracer import BOUND
from dreamcore.objects.viewpoints import ViewSettings, sample_views

COUNT = 20_000
STILL = {"position_jitter": 0.0, "look_at_jitter": 0.0, "up_jitter": 0.0}


def sample(count: int = COUNT, seed: int = 5, **settings: object) -> tuple:  # type: ignore[type-arg]
    return sample_views(np.random.default_rng(seed), count, ViewSettings(**settings))  # type: ignore[arg-type]


def test_azimuth_is_uniform() -> None:
    _, azimuth, _ = sample()
    assert kolmogorov_smirnov(azimuth.double().numpy() / 360.0 + 0.5, uniform_cdf) < 1.95


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_more_views_are_from_the_front_or_the_back(share: float) -> None:
    _, azimuth, _ = sample(front_or_back=share, **STILL)
    away = azimuth.double().abs()
    for quarter in (away < 45.0, away > 135.0):
        expected = share / 2.0 + (1.0 - share) / 4.0
        assert abs(float(quarter.double().mean()) - expected) <= 4.0 * (expected * (1.0 - expected) / COUNT) ** 0.5
    front = azimuth.double()[away < 45.0].numpy()
    assert kolmogorov_smirnov((front + 45.0) / 90.0, uniform_cdf) < 1.95


@pytest.mark.parametrize("share", [0.2, 0.6, 1.0])
def test_the_asked_share_lies_below_40_degrees(share: float) -> None:
    _, _, elevation = sample(below_40=share, **STILL)
    assert float(elevation.min()) >= -10.001
    assert abs(float((elevation < 40.0).double().mean()) - share) <= 4.0 * (share * (1.0 - share) / COUNT) ** 0.5


def test_elevation_is_uniform_in_angle_or_area() -> None:
    low, high = -10.0, 40.0
    _, _, angle = sample(below_40=1.0, area_probability=0.0, **STILL)
    assert kolmogorov_smirnov((angle.double().numpy() - low) / (high - low), uniform_cdf) < 1.95
    _, _, area = sample(below_40=1.0, area_probability=1.0, **STILL)
    bottom, top = np.sin(np.deg2rad([low, high]))
    height = (np.sin(np.deg2rad(area.double().numpy())) - bottom) / (top - bottom)
    assert kolmogorov_smirnov(height, uniform_cdf) < 1.95


def test_angles_are_those_of_the_camera_s_position() -> None:
    views, azimuth, elevation = sample(500)
    x, y, z = views.position.double().numpy().T
    assert np.allclose(np.rad2deg(np.arctan2(x, z)), azimuth.numpy(), atol=1e-3)
    assert np.allclose(np.rad2deg(np.arctan2(y, np.hypot(x, z))), elevation.numpy(), atol=0.02)


def test_cameras_are_outside_and_look_at_the_object() -> None:
    views, _, _ = sample()
    right, up, forward = views.rotation.unbind(1)
    away = views.position.norm(dim=1)
    assert float(away.min()) > BOUND
    assert torch.allclose(views.rotation @ views.rotation.transpose(1, 2), torch.eye(3).expand(COUNT, 3, 3), atol=1e-5)
    # how far the line of sight passes the origin: the look-at jitter, two of its three axes
    passing = torch.linalg.cross(views.position, forward).norm(dim=1)
    assert float(passing.square().mean().sqrt()) == pytest.approx(0.03 * 2.0**0.5, rel=0.05)
    assert float((up[:, 1] > -0.1).float().mean()) == 1.0
    assert float(right[:, 1].abs().mean()) < 0.1


def test_object_keeps_its_size_in_the_frame() -> None:
    views, _, _ = sample()
    ratio = ((views.focal / views.position.norm(dim=1)) - 0.55) / 0.25
    assert kolmogorov_smirnov(ratio.double().numpy(), uniform_cdf) < 1.95
    radius = sample(**STILL)[0].position.norm(dim=1)
    assert kolmogorov_smirnov(radius.double().numpy() - 2.4, uniform_cdf) < 1.95


def test_lights_are_around_the_camera_and_at_their_distance() -> None:
    views, _, _ = sample()
    distance = views.light.norm(dim=1)
    assert kolmogorov_smirnov((distance.double().numpy() - 2.5) / 1.5, uniform_cdf) < 1.95
    at_camera, _, _ = sample(200, light_spread=0.0)
    aside = torch.linalg.cross(at_camera.light, at_camera.position).norm(dim=1)
    assert float(aside.max()) < 1e-4
    cosine = torch.cosine_similarity(views.light, views.position)
    assert 0.2 < float(cosine.mean()) < 0.8
    assert float(cosine.min()) < -0.5


def test_looks_are_drawn_with_their_shares() -> None:
    views, _, _ = sample()
    unlit, bare, glossy = views.diffuse == 0.0, views.textureless, views.gloss > 0.0
    assert standard_errors_off(unlit.double().numpy(), 0.35) < 4.0
    assert standard_errors_off(bare[~unlit].double().numpy(), 0.12) < 4.0
    assert standard_errors_off(glossy[~unlit & ~bare].double().numpy(), 0.25) < 4.0
    assert not (bare & unlit).any()
    assert not (glossy & (unlit | bare)).any()
    assert torch.equal(views.ambient[unlit], torch.ones(int(unlit.sum())))
    assert torch.allclose(views.ambient + views.diffuse, torch.ones(COUNT))
    assert kolmogorov_smirnov((views.ambient[~unlit].double().numpy() - 0.3) / 0.3, uniform_cdf) < 1.95


def test_same_seed_gives_the_same_views() -> None:
    (one, _, _), (other, _, _), (third, _, _) = sample(50), sample(50), sample(50, seed=6)
    assert all(torch.equal(value, getattr(other, name)) for name, value in vars(one).items())
    assert not torch.equal(one.position, third.position)


@pytest.mark.parametrize(
    ("name", "value"),
    [("elevation", (50.0, 90.0)), ("radius", (1.0, 2.0)), ("glossy", 1.5), ("up_jitter", -0.1), ("focal", (0.8, 0.5))],
)
def test_settings_name_what_is_wrong(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        ViewSettings(**{name: value})  # type: ignore[arg-type]
