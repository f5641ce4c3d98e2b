"""Stacked Adam against PyTorch's, one optimiser a scene."""

from __future__ import annotations

import math

import pytest
import torch

from dreamcore.optimizer import AdamRates, adam_step

SETTINGS = [(0.1, 0.9, 0.999, 1e-8), (0.03, 0.0, 0.99, 1e-12), (1.0, 0.5, 0.9, 1e-3), (1e-4, 0.99, 0.9, 1e-15)]


def _rates(rates: list[float], active: list[float], updates: list[float], dtype: torch.dtype) -> AdamRates:
    _, beta1, beta2, epsilon = torch.tensor(SETTINGS, dtype=dtype).unbind(1)
    rate, flags, counts = (torch.tensor(values, dtype=dtype) for values in (rates, active, updates))
    return AdamRates(rate, beta1, beta2, epsilon, flags, counts)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-10), (torch.float32, 2e-4)])
def test_fifty_steps_against_torch(dtype: torch.dtype, rtol: float) -> None:
    """Every scene has its own rate, which moves, its own betas, and skips steps of its own."""
    generator = torch.Generator().manual_seed(0)
    stack = torch.randn(4, 3, 2, generator=generator, dtype=dtype)
    mean, square = torch.zeros_like(stack), torch.zeros_like(stack)
    leaves = [stack[i].clone().requires_grad_() for i in range(4)]
    peers = [
        torch.optim.Adam([leaf], lr=rate, betas=(beta1, beta2), eps=epsilon)
        for leaf, (rate, beta1, beta2, epsilon) in zip(leaves, SETTINGS, strict=True)
    ]
    updates = [0.0] * 4
    for step in range(50):
        gradient = torch.randn(4, 3, 2, generator=generator, dtype=dtype) * 10.0 ** (step % 5 - 2)
        active = [float((step + i) % (i + 2) > 0 or i == 0) for i in range(4)]
        factor = 1.0 - 0.01 * step
        adam_step(stack, gradient, mean, square, _rates([s[0] * factor for s in SETTINGS], active, updates, dtype))
        for i, (leaf, peer) in enumerate(zip(leaves, peers, strict=True)):
            if active[i]:
                peer.param_groups[0]["lr"] = SETTINGS[i][0] * factor
                leaf.grad = gradient[i]
                peer.step()
                updates[i] += 1.0
    for i, leaf in enumerate(leaves):
        torch.testing.assert_close(stack[i], leaf.detach(), rtol=rtol, atol=rtol)
    assert len(set(updates)) > 2


def test_the_first_step_is_the_rate() -> None:
    """Bias correction: whatever the gradient's size, the first step has the size of the rate."""
    for size in (1e-6, 1.0, 1e6):
        parameter = torch.zeros(4, 1, dtype=torch.float64)
        state = torch.zeros(4, 1, dtype=torch.float64), torch.zeros(4, 1, dtype=torch.float64)
        rates = [s[0] for s in SETTINGS]
        adam_step(
            parameter, torch.full_like(parameter, size), *state, _rates(rates, [1.0] * 4, [0.0] * 4, torch.float64)
        )
        for i in (0, 1, 3):  # the third has a large epsilon
            assert float(parameter[i]) == pytest.approx(-rates[i], rel=0.02)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e38])
def test_inactive_scenes_are_untouched_bit_for_bit(bad: float) -> None:
    generator = torch.Generator().manual_seed(1)
    state = [torch.randn(4, 5, generator=generator) for _ in range(2)]
    state.append(torch.rand(4, 5, generator=generator))
    before = [value.clone() for value in state]
    gradient = torch.randn(4, 5, generator=generator)
    gradient[2] = bad
    active = [1.0, 0.0, 0.0, 1.0]
    parameter, mean, square = state
    adam_step(parameter, gradient, mean, square, _rates([0.1] * 4, active, [3.0] * 4, torch.float32))
    for value, old in zip(state, before, strict=True):
        assert torch.equal(value[1:3], old[1:3])
        assert bool((value[[0, 3]] != old[[0, 3]]).all())
        assert bool(value.isfinite().all())


def test_a_neighbour_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(2)
    start, gradient = (torch.randn(4, 3, generator=generator) for _ in range(2))
    together, alone = start.clone(), start[:1].clone()
    rates = _rates([0.1] * 4, [1.0, 1.0, 0.0, 1.0], [0.0] * 4, torch.float32)
    first = AdamRates(*(getattr(rates, name)[:1] for name in AdamRates.__dataclass_fields__))
    adam_step(together, gradient, torch.zeros(4, 3), torch.zeros(4, 3), rates)
    adam_step(alone, gradient[:1], torch.zeros(1, 3), torch.zeros(1, 3), first)
    assert torch.equal(together[:1], alone)


def test_no_gradient_no_move() -> None:
    parameter = torch.ones(4, 2)
    adam_step(
        parameter,
        torch.zeros(4, 2),
        torch.zeros(4, 2),
        torch.zeros(4, 2),
        _rates([0.1] * 4, [1.0] * 4, [0.0] * 4, torch.float32),
    )
    assert torch.equal(parameter, torch.ones(4, 2))
