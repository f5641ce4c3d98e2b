"""Noise levels against the closed forms of the schedule, and weights against the ratios that they are made of."""

from __future__ import annotations

import math

import pytest
import torch

from dreamcore.priors.diffusion_schedule import DiffusionSchedule, cosine_betas
from dreamcore.training.noise_levels import (
    BINS,
    BinMeans,
    Levels,
    LossSettings,
    noised,
    stratified_times,
    target,
    weights,
)


@pytest.fixture
def schedule() -> DiffusionSchedule:
    kept = (1.0 - cosine_betas(1000)).cumprod(0)
    return DiffusionSchedule(kept.sqrt().float(), (1.0 - kept).sqrt().float(), "v_prediction")


def images(seed: int, count: int = 6) -> torch.Tensor:
    return torch.randn(count, 3, 4, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [1, 7, 1024])
def test_each_part_of_the_times_has_one(count: int) -> None:
    times = stratified_times(torch.Generator().manual_seed(count), count)
    assert torch.equal((times * count).floor().clamp(max=count - 1), torch.arange(count).float())
    assert times.max() <= 1.0
    other = stratified_times(torch.Generator().manual_seed(count + 1), count)
    assert not torch.equal(times, other)


def test_levels_are_what_the_network_is_told(schedule: DiffusionSchedule) -> None:
    levels = Levels.at(torch.tensor([0.0, 0.25, 0.5, 1.0]), schedule)
    assert levels.timestep.tolist() == [0, 250, 500, 999]
    # abar = cos^2 of an angle, relative to its start (Nichol and Dhariwal 2021, Eq. 17), after timestep n + 1
    angle = ((levels.timestep[:3].double() + 1.0) / 1000.0 + 0.008) / 1.008 * math.pi / 2.0
    expected = angle.cos() / math.cos(0.008 / 1.008 * math.pi / 2.0)
    torch.testing.assert_close(levels.alpha[:3].double(), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(levels.alpha.square() + levels.sigma.square(), torch.ones(4))


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_prior_finds_the_noise_in_a_perfect_prediction(schedule: DiffusionSchedule, prediction: str) -> None:
    """The prior reads what training asks for."""
    x, e, t = images(0), images(1), torch.linspace(0.0, 1.0, 6)
    levels = Levels.at(t, schedule)
    reading = DiffusionSchedule(schedule.alpha, schedule.sigma, prediction)
    found = reading.noise(target(x, e, levels, prediction), noised(x, e, levels), t)
    torch.testing.assert_close(found, e, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_min_snr_weighs_the_error_of_the_image(schedule: DiffusionSchedule, prediction: str) -> None:
    """However the network predicts, the same wrong image costs the same: min(SNR, gamma) times its squared error."""
    x, wrong, e, t = images(0), images(2), images(1), torch.linspace(0.05, 0.95, 6)
    levels = Levels.at(t, schedule)
    z = noised(x, e, levels)
    alpha, sigma = (value[:, None, None, None] for value in (levels.alpha, levels.sigma))
    believed = (z - alpha * wrong) / sigma
    error = (
        (target(wrong, believed, levels, prediction) - target(x, e, levels, prediction)).square().mean(dim=(1, 2, 3))
    )
    ratio = (levels.alpha / levels.sigma) ** 2
    expected = ratio.clamp(max=5.0) * (wrong - x).square().mean(dim=(1, 2, 3))
    settings = LossSettings(prediction=prediction, weighting="min_snr", gamma=5.0)
    torch.testing.assert_close(weights(levels, settings) * error, expected, rtol=1e-3, atol=1e-5)


def test_other_weights(schedule: DiffusionSchedule) -> None:
    levels = Levels.at(torch.tensor([0.0, 0.2, 0.5, 0.8, 0.9]), schedule)
    assert weights(levels, LossSettings()).tolist() == [1.0] * 5
    band = LossSettings(weighting="sds_band", band=(0.2, 0.8), outside=0.25)
    assert weights(levels, band).tolist() == [0.25, 1.0, 1.0, 1.0, 0.25]


def test_weights_are_finite_at_the_ends(schedule: DiffusionSchedule) -> None:
    levels = Levels.at(torch.tensor([0.0, 1.0]), schedule)
    for prediction in ("epsilon", "v_prediction"):
        assert weights(levels, LossSettings(prediction=prediction, weighting="min_snr")).isfinite().all()


def test_bins_have_means_of_their_own() -> None:
    bins = BinMeans(torch.device("cpu"))
    bins.add(torch.tensor([0.0, 0.05, 0.55, 1.0]), torch.tensor([1.0, 3.0, 5.0, 7.0]))
    bins.add(torch.tensor([0.55]), torch.tensor([6.0]))
    means = bins.means()
    assert len(means) == BINS
    assert (means[0], means[5], means[9]) == (2.0, 5.5, 7.0)
    assert [index for index, mean in enumerate(means) if math.isnan(mean)] == [1, 2, 3, 4, 6, 7, 8]
    assert bins.mean() == pytest.approx(22.0 / 5.0)
    bins.clear()
    assert all(math.isnan(mean) for mean in bins.means())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prediction": "sample"}, "loss.prediction = 'sample': must be one of epsilon, v_prediction"),
        ({"weighting": "snr"}, "loss.weighting = 'snr': must be one of uniform, min_snr, sds_band"),
        ({"band": (0.8, 0.2)}, "loss.band"),
        ({"gamma": 0.0}, "loss.gamma = 0.0"),
    ],
)
def test_settings_check_themselves(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LossSettings(**wrong)  # type: ignore[arg-type]
