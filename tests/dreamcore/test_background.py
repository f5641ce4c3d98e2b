"""What is behind the object."""

from __future__ import annotations

import math

import numpy as np
import torch
from oracles.samples import kolmogorov_smirnov

from dreamcore.fields.background import LearnedBackground, encode_direction, random_color
from dreamcore.rng import Draws

COUNT = 20_000


def _draws(*seeds: int, step: int = 0) -> Draws:
    return Draws(torch.tensor(seeds), torch.full((len(seeds),), step))


def _directions(*shape: int) -> torch.Tensor:
    found = torch.randn(*shape, 3, generator=torch.Generator().manual_seed(0))
    return found / found.norm(dim=-1, keepdim=True)


def test_encoding_against_loops() -> None:
    direction = _directions(4).double()
    for row, found in zip(direction.tolist(), encode_direction(direction).tolist(), strict=True):
        waves = [(component, math.pi * 2.0**level) for component in row for level in range(4)]
        expected = row + [math.sin(c * f) for c, f in waves] + [math.cos(c * f) for c, f in waves]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_learned_colors_against_numpy() -> None:
    background, direction = LearnedBackground(hidden=7), _directions(2, 3, 5)
    parameters = background.initialise(_draws(1, 2))
    parameters["background_hidden_bias"] = torch.randn(2, 1, 7, generator=torch.Generator().manual_seed(1))
    found = background.color(parameters, direction)
    assert found.shape == (2, 3, 5, 3)
    for scene in range(2):
        own = {name.removeprefix("background_"): value[scene].numpy() for name, value in parameters.items()}
        inputs = encode_direction(direction[scene]).numpy()
        hidden = np.maximum(inputs @ own["hidden_weight"] + own["hidden_bias"], 0.0)
        expected = 1.0 / (1.0 + np.exp(-(hidden @ own["output_weight"] + own["output_bias"])))
        np.testing.assert_allclose(found[scene].numpy(), expected, atol=1e-5)


def test_learned_colors_reach_every_parameter_of_their_scene_alone() -> None:
    background = LearnedBackground()
    parameters = {name: value.requires_grad_() for name, value in background.initialise(_draws(1, 2)).items()}
    background.color(parameters, _directions(2, 2, 50))[1].square().sum().backward()
    for name, value in parameters.items():
        assert value.grad is not None
        assert value.grad.flatten(1).any(1).tolist() == [False, True], name


def test_random_colors_are_white_grey_or_anything() -> None:
    color = random_color(_draws(1), COUNT)[0].double().numpy()
    white = (color == 1.0).all(1)
    grey = (color == color[:, :1]).all(1) & ~white
    for found, expected in ((white.mean(), 0.30), (grey.mean(), 0.15)):
        assert abs(found - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / COUNT)
    rest = color[~white & ~grey]
    for channel in range(3):
        assert kolmogorov_smirnov(rest[:, channel], lambda x: min(max(x, 0.0), 1.0)) < 1.95
    assert kolmogorov_smirnov(color[grey][:, 0], lambda x: min(max(x, 0.0), 1.0)) < 1.95


def test_random_colors_change_with_step_and_seed_and_not_with_neighbours() -> None:
    together = random_color(_draws(1, 2), 3)
    assert torch.equal(together[1:], random_color(_draws(2), 3))
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(together, random_color(_draws(1, 2, step=1), 3))
