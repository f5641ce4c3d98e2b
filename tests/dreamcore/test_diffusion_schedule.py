"""Discrete schedules against diffusers' own, and the conversions between noise, v and image."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dreamcore.priors.diffusion_schedule import DiffusionSchedule, read_schedule

SD: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
CONFIGS: list[dict[str, Any]] = [
    SD,
    SD | {"beta_schedule": "linear", "num_train_timesteps": 50},
    SD | {"beta_schedule": "squaredcos_cap_v2"},
    SD | {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
    SD | {"trained_betas": [0.01, 0.02, 0.3, 0.5], "num_train_timesteps": 4},
]


def theirs(config: dict[str, Any]) -> Any:
    from diffusers import DDPMScheduler

    return DDPMScheduler(**config)


def images(seed: int) -> torch.Tensor:
    return torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("config", CONFIGS)
def test_it_is_diffusers_schedule(config: dict[str, Any]) -> None:
    scheduler = theirs(config)
    schedule = read_schedule(dict(scheduler.config), "here")
    assert schedule.alpha.dtype == torch.float32
    torch.testing.assert_close(schedule.alpha, scheduler.alphas_cumprod.sqrt(), rtol=2e-5, atol=1e-6)
    torch.testing.assert_close(schedule.alpha.square() + schedule.sigma.square(), torch.ones(len(schedule.alpha)))
    assert (schedule.alpha.diff() < 0).all() and (schedule.sigma.diff() > 0).all()


def test_times_are_the_nearest_timesteps_everywhere() -> None:
    schedule = read_schedule(SD, "here")
    t = torch.tensor([0.0, 0.02, 0.5, 0.98, 1.0])
    timestep = schedule.timestep(t)
    assert timestep.tolist() == [0, 20, 500, 979, 999]  # 0.5 x 999 = 499.5 rounds to even
    alpha, sigma = schedule.alpha_sigma(t)
    assert torch.equal(alpha, schedule.alpha[timestep]) and torch.equal(sigma, schedule.sigma[timestep])
    exact = torch.arange(1000) / 999
    assert torch.equal(schedule.timestep(exact), torch.arange(1000))
    assert torch.equal(schedule.timestep(exact + 0.4 / 999), torch.arange(1000))
    assert schedule.timestep(torch.tensor([1.0 + 1e-3, -1e-3])).tolist() == [999, 0]


@pytest.mark.parametrize("config", CONFIGS[:4])
def test_noise_is_recovered_from_v_as_diffusers_defines_it(config: dict[str, Any]) -> None:
    scheduler = theirs(config)
    schedule = read_schedule(dict(scheduler.config) | {"prediction_type": "v_prediction"}, "here")
    t = torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])
    timestep, clean, noise = schedule.timestep(t), images(0), images(1)
    noised = scheduler.add_noise(clean, noise, timestep)
    velocity = scheduler.get_velocity(clean, noise, timestep)
    torch.testing.assert_close(schedule.noise(velocity, noised, t), noise, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_noise_gives_diffusers_estimate_of_the_image(prediction: str) -> None:
    """For any output of a network, (z - sigma e) / alpha is what diffusers' step calls the predicted original."""
    scheduler = theirs(SD | {"prediction_type": prediction, "clip_sample": False})
    schedule = read_schedule(dict(scheduler.config), "here")
    for t in (0.05, 0.4, 0.8):
        time = torch.full((5,), t)
        noised, output = images(2), images(3)
        alpha, sigma = (value[:, None, None, None] for value in schedule.alpha_sigma(time))
        estimate = (noised - sigma * schedule.noise(output, noised, time)) / alpha
        step = scheduler.step(output, int(schedule.timestep(time)[0]), noised, generator=torch.manual_seed(0))
        torch.testing.assert_close(estimate, step.pred_original_sample, rtol=1e-3, atol=1e-4)


def test_at_zero_signal_v_is_minus_the_image_and_the_noise_is_what_is_seen() -> None:
    schedule = read_schedule(CONFIGS[3], "here")
    assert schedule.alpha[-1] == 0.0 and schedule.sigma[-1] == 1.0
    noised = images(4)
    assert torch.equal(schedule.noise(images(5), noised, torch.ones(5)), noised)


def test_it_moves_as_a_whole() -> None:
    schedule = DiffusionSchedule(torch.tensor([0.9, 0.1]), torch.tensor([0.1, 0.9]), "epsilon")
    moved = schedule.to(torch.device("meta"))
    assert moved.alpha.device.type == moved.sigma.device.type == "meta"
    assert moved.prediction == "epsilon"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prediction_type": "sample"}, "s.json: prediction_type = 'sample': must be one of epsilon, v_prediction. Sc"),
        ({"beta_schedule": "sigmoid"}, "beta_schedule = 'sigmoid': must be one of linear, scaled_linear, squaredcos"),
        ({"beta_schedule": None, "_class_name": "FlowMatchX"}, "FlowMatchX has beta_schedule = None: .*not supported"),
        ({"num_train_timesteps": None}, "num_train_timesteps = None: must be a whole number, at least 2"),
        ({"num_train_timesteps": 1000.0}, "num_train_timesteps = 1000.0: must be a whole number"),
        ({"beta_start": None}, "beta_start = None: must be a number between 0 and 1"),
        ({"beta_end": 1.5}, "beta_end = 1.5: must be a number between 0 and 1"),
        ({"beta_start": 0.1}, "beta_start, beta_end = 0.1, 0.012: must be 0 < beta_start < beta_end < 1"),
        ({"trained_betas": [0.1]}, "trained_betas = .0.1.: must be a list of at least 2 numbers"),
        ({"trained_betas": [0.1, True]}, "trained_betas = True: must be a number between 0 and 1"),
    ],
)
def test_other_schedules_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_schedule(SD | change, "s.json")


def test_an_old_config_without_a_prediction_type_predicts_noise() -> None:
    assert read_schedule(SD, "here").prediction == "epsilon"
