"""The grid field against a numpy decoder, closed forms and central differences."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
import torch
from oracles import decoder

from dreamcore.config import GridFieldConfig
from dreamcore.fields.grid import GridField, blob, blob_gradient
from dreamcore.fields.interpolation import make_levels
from dreamcore.rng import Draws

BOUND = 1.5
CONFIG = GridFieldConfig(resolutions=(3, 6), channels=2, table_size=64, hidden=5, init_scale=0.5, blob_shape="gaussian")
FIELD = GridField(CONFIG, BOUND)
SIZES = [27, 64]
Shape = Literal["gaussian", "linear"]


def _parameters(scenes: int = 2, field: GridField = FIELD) -> dict[str, torch.Tensor]:
    """Fresh ones, in float64, with biases that are not zero."""
    draws = Draws(torch.arange(scenes) + 3, torch.zeros(scenes, dtype=torch.int64))
    parameters = {name: value.double() for name, value in field.initialise(draws).items()}
    generator = torch.Generator().manual_seed(0)
    for name in ("hidden_bias", "output_bias"):
        parameters[name] = torch.randn(parameters[name].shape, generator=generator, dtype=torch.float64) * 0.3
    parameters["output_weight"] = parameters["output_weight"] * 3.0
    return parameters


def _points(count: int, scenes: int = 2) -> torch.Tensor:
    draws = torch.rand(scenes, count, 3, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    return (draws * 2.0 - 1.0) * (BOUND / math.sqrt(3.0))


def _unblobbed(parameters: dict[str, torch.Tensor], points: torch.Tensor) -> np.ndarray:
    """The oracle's four outputs, [scenes, points, 4]."""
    rows = []
    for scene in range(len(points)):
        own = {name: value[scene].detach().numpy() for name, value in parameters.items()}
        rows.append([decoder.evaluate(own, SIZES, CONFIG.resolutions, p, BOUND) for p in points[scene].tolist()])
    return np.array(rows)


def test_the_sizes_are_those_of_the_levels() -> None:
    assert [level.rows for level in make_levels(CONFIG.resolutions, CONFIG.table_size)] == SIZES


def test_density_and_albedo_against_numpy() -> None:
    parameters, points = _parameters(), _points(20)
    outputs = _unblobbed(parameters, points)
    bias = [[decoder.blob("gaussian", 5.0, 0.4, p) for p in scene] for scene in points.tolist()]
    density = np.exp(np.clip(outputs[..., 0] + np.array(bias), -15.0, CONFIG.log_density_max))
    found = FIELD.sample(parameters, points, True)
    np.testing.assert_allclose(found.density.numpy(), density, rtol=1e-10)
    np.testing.assert_allclose(found.albedo.numpy(), 1.0 / (1.0 + np.exp(-outputs[..., 1:])), rtol=1e-10)
    without = FIELD.sample(parameters, points, False)
    assert without.gradient is None
    torch.testing.assert_close(without.density, found.density)
    torch.testing.assert_close(FIELD.density(parameters, points), found.density)


def _smooth(parameters: dict[str, torch.Tensor], points: torch.Tensor, step: float) -> torch.Tensor:
    """Points [points] around which no cell face and no rectified unit's kink lies, in any scene."""
    fine = torch.ones(points.shape[1], dtype=torch.bool)
    for resolution in CONFIG.resolutions:
        position = (points / BOUND + 1.0) / 2.0 * (resolution - 1)
        fine &= ((position - position.round()).abs() > 1e-4).all(-1).all(0)
    signs = []
    for axis in range(3):
        for way in (-step, step):
            moved = points.clone()
            moved[..., axis] += way
            signs.append(_hidden(parameters, moved) > 0)
    return fine & torch.stack([sign == signs[0] for sign in signs]).all(0).all(-1).all(0)


def _hidden(parameters: dict[str, torch.Tensor], points: torch.Tensor) -> torch.Tensor:
    from oracles.trilinear import features

    rows = []
    for scene in range(len(points)):
        tables = np.split(parameters["table"][scene].numpy(), np.cumsum(SIZES)[:-1])
        inputs = [features(tables, CONFIG.resolutions, [c / BOUND for c in p]) for p in points[scene].tolist()]
        rows.append(
            np.array(inputs) @ parameters["hidden_weight"][scene].numpy() + parameters["hidden_bias"][scene].numpy()
        )
    return torch.tensor(np.array(rows))


@pytest.mark.parametrize("shape", ["gaussian", "linear"])
def test_gradient_against_central_differences(shape: Shape) -> None:
    """It is the gradient of the log density, which points where the density's own does."""
    config = GridFieldConfig(
        resolutions=(3, 6), channels=2, table_size=64, hidden=5, init_scale=0.5, blob_shape=shape, log_density_max=40.0
    )
    field, parameters, points, step = GridField(config, BOUND), _parameters(), _points(80), 1e-6
    points = points[:, _smooth(parameters, points, step)]
    assert points.shape[1] > 30
    found = field.sample(parameters, points, True).gradient
    assert found is not None
    for axis in range(3):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[axis] = step
        high, low = (field.density(parameters, points + way * shift).log() for way in (1.0, -1.0))
        torch.testing.assert_close(found[..., axis], (high - low) / (2.0 * step), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("with_gradient", [False, True])
def test_backward_against_finite_differences(with_gradient: bool) -> None:
    """Density, albedo and the spatial gradient, by every parameter."""
    parameters, points = _parameters(scenes=1), _points(3, scenes=1)
    names = list(parameters)
    leaves = [parameters[name].requires_grad_() for name in names]

    def outputs(*values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = FIELD.sample(dict(zip(names, values, strict=True)), points, with_gradient)
        parts = (found.density, found.albedo, found.gradient)
        return tuple(part for part in parts if part is not None)

    assert torch.autograd.gradcheck(outputs, leaves, eps=1e-6, atol=1e-5, fast_mode=not with_gradient)


def test_normals_reach_tables_and_networks() -> None:
    parameters = {name: value.requires_grad_() for name, value in _parameters().items()}
    gradient = FIELD.sample(parameters, _points(50), True).gradient
    assert gradient is not None
    gradient.square().sum().backward()
    for name in ("table", "hidden_weight", "output_weight"):
        grad = parameters[name].grad
        assert grad is not None
        assert bool(grad.flatten(1).any(1).all()), name


@pytest.mark.parametrize("shape", ["gaussian", "linear"])
def test_blob_and_its_gradient(shape: Shape) -> None:
    config = GridFieldConfig(blob_shape=shape, blob_strength=4.0, blob_radius=0.3)
    points, step = _points(30)[0], 1e-6
    found = blob(config, points)
    expected = [decoder.blob(shape, 4.0, 0.3, point) for point in points.tolist()]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-10, atol=1e-12)
    for axis in range(3):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[axis] = step
        slope = (blob(config, points + shift) - blob(config, points - shift)) / (2.0 * step)
        torch.testing.assert_close(blob_gradient(config, points)[:, axis], slope, rtol=1e-6, atol=1e-7)


def test_the_paper_s_blob_is_a_gaussian_of_height_five() -> None:
    config = GridFieldConfig(blob_shape="gaussian", blob_strength=5.0, blob_radius=0.2)
    points = torch.tensor([[0.0, 0.0, 0.0], [0.2, 0.0, 0.0], [0.0, 0.0, 1.0]])
    expected = torch.tensor([5.0, 5.0 * math.exp(-0.5), 5.0 * math.exp(-12.5)])
    torch.testing.assert_close(blob(config, points), expected)


@pytest.mark.parametrize("shape", ["gaussian", "linear"])
def test_the_centre_is_finite(shape: Shape) -> None:
    config = GridFieldConfig(blob_shape=shape)
    assert bool(blob(config, torch.zeros(1, 3)).isfinite().all())
    assert torch.equal(blob_gradient(config, torch.zeros(1, 3)).abs(), torch.zeros(1, 3))


@pytest.mark.parametrize("value", [-1e30, 1e30])
def test_density_is_bounded(value: float) -> None:
    parameters = _parameters()
    parameters["output_bias"] = parameters["output_bias"] + torch.tensor([value, 0.0, 0.0, 0.0])
    density = FIELD.density(parameters, _points(5))
    expected = math.exp(CONFIG.log_density_max if value > 0 else -15.0)
    torch.testing.assert_close(density, torch.full_like(density, expected))


def test_initial_parameters() -> None:
    field = GridField(GridFieldConfig(resolutions=(16,), channels=2, hidden=64, init_scale=0.05), 1.0)
    draws = Draws(torch.tensor([1, 2]), torch.zeros(2, dtype=torch.int64))
    parameters = field.initialise(draws)
    table = parameters["table"].double()
    assert table.shape == (2, 4096, 2)
    assert float(table.abs().max()) <= 0.05
    assert float(table.std()) == pytest.approx(0.05 / math.sqrt(3.0), rel=0.02)
    assert float(parameters["hidden_weight"].std()) == pytest.approx(math.sqrt(2.0 / 2.0), rel=0.2)
    assert not bool(parameters["hidden_bias"].any())
    again = field.initialise(Draws(torch.tensor([2]), torch.tensor([0])))
    for name, value in parameters.items():
        assert torch.equal(value[1], again[name][0]), name
        assert name.endswith("bias") or not torch.equal(value[0], value[1]), "seeds differ"


def test_rate_groups() -> None:
    names = FIELD.initialise(Draws(torch.tensor([0]), torch.tensor([0])))
    assert {name for name in names if FIELD.rate_group(name) == "grid"} == {"table"}
    assert {FIELD.rate_group(name) for name in names if name != "table"} == {"network"}
