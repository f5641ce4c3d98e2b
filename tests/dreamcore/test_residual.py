"""The residual field against one written out for a single scene and point, and its normals against differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from dreamcore.config import Ramp, ResidualFieldConfig
from dreamcore.fields.base import Field
from dreamcore.fields.residual import ResidualField
from dreamcore.rng import Draws

SMALL: dict[str, Any] = {"blocks": 3, "width": 8, "frequencies": 4}
VARIANCE = torch.tensor([0.05, 0.002])


def _field(variance: Tensor = VARIANCE, **options: Any) -> ResidualField:
    return ResidualField(ResidualFieldConfig(**(SMALL | options)), variance)


def _parameters(field: ResidualField, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Fresh ones, shaken so that no bias or shift is zero and no scale is one."""
    draws = Draws(torch.tensor([1, 2]), torch.tensor([0, 0]))
    generator = torch.Generator().manual_seed(0)
    parameters = field.initialise(draws).items()
    return {
        name: (value + 0.3 * torch.randn(value.shape, generator=generator)).to(dtype).requires_grad_()
        for name, value in parameters
    }


def _points(count: int = 6, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(2, count, 3, generator=torch.Generator().manual_seed(3), dtype=dtype) * 2.0 - 1.0


def _plain(config: ResidualFieldConfig, parameters: Mapping[str, Tensor], variance: float, point: Tensor) -> Tensor:
    """Log-density and colour of one point of one scene, [4], written out from the paper's description."""

    def layer(name: str, x: Tensor) -> Tensor:
        return parameters[f"{name}_weight"].T @ x + parameters[f"{name}_bias"][0]

    sines, cosines = [], []
    for axis in range(3):
        for level in range(config.frequencies):
            damping = math.exp(-(4.0**level) * variance / 2.0)
            sines.append(torch.sin(2.0**level * point[axis]) * damping)
            cosines.append(torch.cos(2.0**level * point[axis]) * damping)
    x = layer("encoding", torch.stack(sines + cosines))
    for k in range(config.blocks):
        if k:
            centred = x - x.mean()
            x = centred / torch.sqrt((centred * centred).mean() + 1e-5)
            x = x * parameters[f"norm{k}_scale"][0] + parameters[f"norm{k}_shift"][0]
        inside = layer(f"block{k}_in", x)
        x = x + layer(f"block{k}_out", inside * torch.sigmoid(inside))
    output = layer("output", x)
    blob = config.blob_strength * torch.exp(-(point @ point) / (2.0 * config.blob_radius**2))
    raw = output[0] + config.density_bias
    log_density = raw + blob if config.blob_added == "before" else torch.log(torch.exp(raw) + blob)
    return torch.cat([log_density[None], 1.0 / (1.0 + torch.exp(-output[1:]))])


def _scene(parameters: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    return {name: value[index] for name, value in parameters.items()}


def _as_protocol(field: Field) -> Field:
    return field  # the type checker's proof that the class meets the protocol


@pytest.mark.parametrize("added", ["before", "after"])
def test_density_and_albedo_against_the_plain_network(added: str) -> None:
    field = _field(blob_added=added)
    parameters, points = _parameters(field), _points()
    found = _as_protocol(field).sample(parameters, points, False)
    assert found.gradient is None
    for i in range(2):
        for j in range(points.shape[1]):
            expected = _plain(field.config, _scene(parameters, i), float(VARIANCE[i]), points[i, j])
            torch.testing.assert_close(found.density[i, j].log(), expected[0], rtol=1e-6, atol=1e-7)
            torch.testing.assert_close(found.albedo[i, j], expected[1:], rtol=1e-6, atol=1e-7)
    assert torch.equal(field.density(parameters, points), found.density)


@pytest.mark.parametrize("added", ["before", "after"])
def test_normals_against_central_differences(added: str) -> None:
    field = _field(blob_added=added)
    parameters, points, step = _parameters(field), _points() * 0.5, 1e-5
    gradient = field.sample(parameters, points, True).gradient
    assert gradient is not None
    for axis in range(3):
        shift = torch.zeros(3, dtype=torch.float64)
        shift[axis] = step
        ahead, behind = (field.density(parameters, points + sign * shift).log() for sign in (1.0, -1.0))
        torch.testing.assert_close(gradient[..., axis], (ahead - behind) / (2.0 * step), rtol=1e-6, atol=1e-7)


def test_gradient_through_normals_reaches_every_parameter() -> None:
    """The double backward: equal to that of the plain network's normals, one point at a time, for a loss of normals
    alone. Only constants added behind the last bend have no share in a gradient, nor have colours."""
    field = _field()
    parameters, points = _parameters(field), _points(3)
    weights = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    gradient = field.sample(parameters, points, True).gradient
    assert gradient is not None
    names = [name for name in parameters if name not in ("output_bias", "block2_out_bias")]
    found = dict(
        zip(names, torch.autograd.grad((gradient * weights).sum(), [parameters[n] for n in names]), strict=True)
    )

    total = torch.zeros((), dtype=torch.float64)
    for i in range(2):
        for j in range(3):
            at = points[i, j].clone().requires_grad_()
            log_density = _plain(field.config, _scene(parameters, i), float(VARIANCE[i]), at)[0]
            (normal,) = torch.autograd.grad(log_density, at, create_graph=True)
            total = total + (normal * weights[i, j]).sum()
    expected = torch.autograd.grad(total, [parameters[name] for name in names])
    for name, value in zip(names, expected, strict=True):
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-8, msg=name)
        assert bool((found[name].flatten(1).abs().amax(1) > 0.0).all()), f"{name} was not reached"
    assert bool((found["output_weight"][..., 1:] == 0.0).all())


def test_density_colour_and_normals_together_reach_all_of_every_parameter() -> None:
    field = _field()
    parameters = _parameters(field, torch.float32)
    found = field.sample(parameters, _points(64, torch.float32), True)
    assert found.gradient is not None
    loss = found.density.sum() + found.albedo.square().sum() + found.gradient.square().sum()
    for name, value in zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True):
        assert bool(value.isfinite().all()), name
        assert float((value != 0.0).float().mean()) > 0.99, name


def test_normals_without_a_graph_inside_no_grad() -> None:
    field = _field()
    parameters, points = _parameters(field), _points()
    recorded = field.sample(parameters, points, True)
    with torch.no_grad():
        found = field.sample(parameters, points, True)
    for name in ("density", "albedo", "gradient"):
        value = getattr(found, name)
        assert not value.requires_grad
        torch.testing.assert_close(value, getattr(recorded, name).detach(), rtol=1e-12, atol=1e-12)
        assert getattr(recorded, name).requires_grad


def test_two_scenes_together_equal_each_alone() -> None:
    field = _field()
    parameters, points = _parameters(field, torch.float32), _points(50, torch.float32)
    together = field.sample(parameters, points, True)
    for i in range(2):
        alone = _field(VARIANCE[i : i + 1]).sample(
            {name: value[i : i + 1] for name, value in parameters.items()}, points[i : i + 1], True
        )
        for name in ("density", "albedo", "gradient"):
            torch.testing.assert_close(getattr(together, name)[i], getattr(alone, name)[0], rtol=1e-4, atol=1e-5)


def test_a_fresh_scene_does_not_depend_on_its_neighbour() -> None:
    seeds, steps = torch.tensor([5, 6]), torch.tensor([0, 0])
    together = _field().initialise(Draws(seeds, steps))
    alone = _field().initialise(Draws(seeds[1:], steps[1:]))
    assert all(torch.equal(together[name][1:], alone[name]) for name in together)
    assert not torch.equal(together["block0_in_weight"][0], together["block0_in_weight"][1])
    assert not torch.equal(together["block0_in_weight"], together["block1_in_weight"])


def test_the_paper_s_size_and_start() -> None:
    """A.2: five blocks of 128, eight frequencies, lambda_Sigma 5e-2 to 2e-3. It starts as a blob: densest in the
    middle, where it points outwards."""
    config = ResidualFieldConfig()
    assert config.variance == Ramp(start=5e-2, end=2e-3, until=1.0 / 3.0)
    field = ResidualField(config, torch.tensor([0.05]))
    parameters = field.initialise(Draws(torch.tensor([1]), torch.tensor([0])))
    assert parameters["encoding_weight"].shape == (1, 48, 128)
    assert [name for name in parameters if name.endswith("in_weight")] == [f"block{k}_in_weight" for k in range(5)]
    assert {field.rate_group(name) for name in parameters} == {"network"}
    points = torch.randn(1, 200, 3, generator=torch.Generator().manual_seed(6))
    points = points / points.norm(dim=-1, keepdim=True)
    with torch.no_grad():
        near = field.sample(parameters, 0.2 * points, True)
    assert near.gradient is not None
    outward = -(near.gradient * points).sum(-1) / near.gradient.norm(dim=-1)
    assert float(outward.min()) > 0.5
    assert float(near.density.mean()) > 3.0 * float(field.density(parameters, 0.8 * points).mean())
    assert float(near.albedo.min()) > 0.05
    assert float(near.albedo.max()) < 0.95


def test_blob_after_the_exponential_is_a_density() -> None:
    """Five in the middle, on top of what the network says."""
    field = _field(blob_added="after", density_bias=-12.0)
    parameters = {name: torch.zeros_like(value) for name, value in _parameters(field).items()}
    points = torch.tensor([[[0.0, 0.0, 0.0], [0.2, 0.0, 0.0]]] * 2, dtype=torch.float64)
    found = field.density(parameters, points)
    assert found[0].tolist() == pytest.approx([5.0, 5.0 * math.exp(-0.5)], rel=1e-4)


@pytest.mark.parametrize("added", ["before", "after"])
@pytest.mark.parametrize(
    ("size", "place", "variance"),
    [(0.0, 1.0, 0.0), (1e3, 1.0, 0.05), (1e-12, 1.0, 0.05), (1.0, 1e4, 0.05), (1.0, 0.0, 1e6)],
)
def test_finite_at_extremes(added: str, size: float, place: float, variance: float) -> None:
    field = _field(torch.full((2,), variance), blob_added=added)
    parameters = {
        name: (value * size).detach().requires_grad_() for name, value in _parameters(field, torch.float32).items()
    }
    found = field.sample(parameters, _points(8, torch.float32) * place, True)
    assert found.gradient is not None
    for value in (found.density, found.albedo, found.gradient):
        assert bool(value.isfinite().all())
    loss = (found.density.mean() + found.albedo.mean()) + (
        found.gradient / (1.0 + found.gradient.detach().abs())
    ).mean()
    for name, value in zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True):
        assert bool(value.isfinite().all()), name


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("blocks", 0),
        ("width", 0),
        ("frequencies", 0),
        ("blob_radius", 0.0),
        ("blob_strength", 0.0),
        ("log_density_max", 99.0),
    ],
)
def test_bad_settings_are_named(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"field.{key} = {value}"):
        ResidualFieldConfig(**{key: value})
