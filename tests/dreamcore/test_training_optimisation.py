"""The optimiser against AdamW written out, its schedule against its ends, and processes against one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from dreamcore.training.optimisation import Budget, Optimiser, OptimiserSettings, average_decay, learning_rate
from dreamcore.training.workers import Place, Workers

ALONE = Workers(Place(), torch.device("cpu"))


def parameters(seed: int = 0) -> dict[str, nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "matrix": nn.Parameter(torch.randn(3, 4, generator=generator, dtype=torch.float32)),
        "filter": nn.Parameter(
            torch.randn(2, 3, 3, 3, generator=generator).contiguous(memory_format=torch.channels_last)
        ),
        "bias": nn.Parameter(torch.randn(5, generator=generator)),
    }


def give_gradients(weights: dict[str, nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for weight in weights.values():
        gradient = torch.randn(weight.shape, generator=generator)
        weight.grad = torch.empty_like(weight).copy_(gradient)  # in memory as autograd lays it out


def test_steps_are_those_of_adamw_with_clipping_and_an_average() -> None:
    settings = OptimiserSettings(learning_rate=0.1, betas=(0.8, 0.9), weight_decay=0.3, warmup=2, clip=0.5, average=0.7)
    weights = parameters()
    optimiser = Optimiser(weights, settings)
    wanted = {name: weight.detach().double().clone() for name, weight in weights.items()}
    average = {name: value.clone() for name, value in wanted.items()}
    first = {name: torch.zeros_like(value) for name, value in wanted.items()}
    second = {name: torch.zeros_like(value) for name, value in wanted.items()}
    for step in range(4):
        give_gradients(weights, step)
        gradients = {name: weight.grad.double() for name, weight in weights.items() if weight.grad is not None}
        norm = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients.values()))
        found = optimiser.step(step, step / 4, ALONE)
        assert found.item() == pytest.approx(norm, rel=1e-5)
        rate = learning_rate(settings, step, step / 4)
        for name, gradient in gradients.items():
            clipped = gradient * min(1.0, 0.5 / norm)
            first[name] = 0.8 * first[name] + 0.2 * clipped
            second[name] = 0.9 * second[name] + 0.1 * clipped * clipped
            if name != "bias":
                wanted[name] = wanted[name] * (1.0 - rate * 0.3)
            moment, size = first[name] / (1.0 - 0.8 ** (step + 1)), second[name] / (1.0 - 0.9 ** (step + 1))
            wanted[name] = wanted[name] - rate * moment / (size.sqrt() + 1e-8)
            decay = average_decay(settings, step)
            average[name] = decay * average[name] + (1.0 - decay) * wanted[name]
    for name, weight in weights.items():
        assert weight.grad is None
        torch.testing.assert_close(weight.detach().double(), wanted[name], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(optimiser.average[name].double(), average[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_step_without_a_finite_gradient_changes_nothing_and_is_counted(value: float) -> None:
    weights = parameters()
    optimiser = Optimiser(weights, OptimiserSettings())
    give_gradients(weights, 0)
    optimiser.step(0, 0.0, ALONE)
    before = {name: tensor.clone() for name, tensor in optimiser.state().items() if not name.startswith("average")}
    give_gradients(weights, 1)
    assert weights["bias"].grad is not None
    weights["bias"].grad[2] = value
    norm = optimiser.step(1, 0.0, ALONE)
    assert not norm.isfinite()
    after = optimiser.state()
    assert after["skipped"] == before.pop("skipped") + 1 == 1
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]), name
    assert all(tensor.isfinite().all() for tensor in optimiser.average.values())


def test_a_loaded_state_goes_on_with_the_same_bits() -> None:
    def take(optimiser: Optimiser, weights: dict[str, nn.Parameter], steps: range) -> None:
        for step in steps:
            give_gradients(weights, step)
            optimiser.step(step, step / 6, ALONE)

    whole, interrupted, resumed = parameters(), parameters(), parameters(seed=1)
    settings = OptimiserSettings(warmup=3)
    one, two, three = (Optimiser(weights, settings) for weights in (whole, interrupted, resumed))
    take(one, whole, range(6))
    take(two, interrupted, range(4))
    three.load({name: tensor.contiguous().clone() for name, tensor in two.state().items()})
    take(three, resumed, range(4, 6))
    expected, found = one.state(), three.state()
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
        assert tensor.stride() == found[name].stride(), name


def test_a_state_of_another_network_is_refused() -> None:
    optimiser = Optimiser(parameters(), OptimiserSettings())
    state = optimiser.state()
    with pytest.raises(ValueError, match="weight/bias is missing"):
        optimiser.load({name: tensor for name, tensor in state.items() if name != "weight/bias"})
    with pytest.raises(ValueError, match="weight/bias has the shape \\[4\\], here \\[5\\]"):
        optimiser.load(state | {"weight/bias": torch.zeros(4)})


def test_the_rate_rises_then_falls_to_its_floor() -> None:
    settings = OptimiserSettings(learning_rate=2.0, warmup=4, floor=0.1)
    assert [learning_rate(settings, step, 0.0) for step in range(5)] == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0])
    assert learning_rate(settings, 9, 0.5) == pytest.approx(2.0 * 0.55)
    assert learning_rate(settings, 9, 1.0) == pytest.approx(0.2)
    assert learning_rate(settings, 9, 1.7) == pytest.approx(0.2)
    assert learning_rate(OptimiserSettings(learning_rate=2.0, warmup=0), 0, 0.0) == 2.0


def test_the_average_forgets_the_first_weights() -> None:
    settings = OptimiserSettings(average=0.999)
    decays = [average_decay(settings, step) for step in (0, 10, 10**6)]
    assert decays == [0.1, 0.55, 0.999]


def test_a_budget_is_steps_or_minutes() -> None:
    assert Budget(steps=8).share(2, 1e9) == 0.25
    assert Budget(minutes=2.0).share(10**9, 30.0) == 0.25
    for wrong in ({}, {"steps": 3, "minutes": 1.0}):
        with pytest.raises(ValueError, match="either steps or minutes"):
            Budget(**wrong)
    with pytest.raises(ValueError, match="budget.minutes = -1.0: must be at least 0"):
        Budget(minutes=-1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate = 0.0: must be positive"),
        ({"betas": (0.9, 1.0)}, "betas = .* two numbers in"),
        ({"average": 1.0}, "average = 1.0"),
        ({"floor": 2.0}, "floor = 2.0"),
    ],
)
def test_settings_check_themselves(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OptimiserSettings(**wrong)  # type: ignore[arg-type]


def test_the_place_is_read_from_the_environment() -> None:
    assert Place.of({}) == Place(0, 1, 0)
    assert Place.of({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}) == Place(3, 4, 1)
    assert not Place(3, 4, 1).first
    for wrong in ({"RANK": "4", "WORLD_SIZE": "4"}, {"RANK": "one"}):
        with pytest.raises(ValueError, match="RANK"):
            Place.of(wrong)


def test_alone_nothing_is_sent() -> None:
    tensors = [torch.ones(2)]
    ALONE.average(tensors)
    ALONE.share(tensors)
    assert ALONE.agree(2.5) == 2.5
    assert torch.equal(tensors[0], torch.ones(2))
