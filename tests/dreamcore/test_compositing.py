"""Compositing against a loop, a closed form and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.volume import ray_color, ray_weights

from dreamcore.compositing import accumulate, weights

RAYS = st.integers(1, 12).flatmap(
    lambda count: st.tuples(
        arrays(np.float64, count, elements=st.floats(0.0, 200.0)),
        arrays(np.float64, count, elements=st.floats(0.0, 0.5)),
    )
)


@given(RAYS)
def test_weights_against_a_loop(ray: tuple[np.ndarray, np.ndarray]) -> None:
    density, spacing = ray
    found = weights(torch.tensor(density), torch.tensor(spacing))
    torch.testing.assert_close(
        found, torch.tensor(ray_weights(density, spacing), dtype=torch.float64), rtol=1e-9, atol=1e-12
    )


def test_colors_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    density, spacing, colors = (
        rng.uniform(0, 9, (2, 3, 7)),
        rng.uniform(0, 0.2, (2, 3, 7)),
        rng.uniform(0, 1, (2, 3, 7, 3)),
    )
    found = accumulate(weights(torch.tensor(density), torch.tensor(spacing)), torch.tensor(colors))
    for index in np.ndindex(2, 3):
        expected = ray_color(density[index], spacing[index], colors[index])
        np.testing.assert_allclose(found[index].numpy(), expected, rtol=1e-12)


def test_whatever_axes_the_rays_have_samples_are_summed() -> None:
    w, values = torch.tensor([0.5, 0.25]), torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    expected = torch.tensor([2.5, 5.0, 10.0])
    assert torch.equal(accumulate(w, values), expected)
    assert torch.equal(accumulate(w.expand(4, 2), values.expand(4, 2, 3)), expected.expand(4, 3))


@pytest.mark.parametrize("samples", [1, 2, 64])
@pytest.mark.parametrize(("tau", "length"), [(0.01, 2.0), (3.0, 0.7), (800.0, 2.0)])
def test_constant_density_has_a_closed_form(samples: int, tau: float, length: float) -> None:
    spacing = torch.full((samples,), length / samples, dtype=torch.float64)
    opacity = float(weights(torch.full_like(spacing, tau), spacing).sum())
    assert opacity == pytest.approx(1.0 - math.exp(-tau * length), rel=1e-12)


@given(st.lists(st.floats(0.0, 2.0**127, width=32), min_size=1, max_size=20), st.floats(2.0**-20, 16.0, width=32))
def test_weights_are_shares_at_any_density(density: list[float], spacing: float) -> None:
    tau = torch.tensor(density)
    w = weights(tau, torch.full_like(tau, spacing))
    assert bool((w >= 0.0).all())
    assert float(w.double().sum()) <= 1.0 + 1e-5


def test_a_wall_hides_what_is_behind_and_not_what_is_before() -> None:
    """Adding up and subtracting again would lose the thin sample in front of the wall."""
    w = weights(torch.tensor([5.0, 1e30, 1e30]), torch.ones(3))
    torch.testing.assert_close(w, torch.tensor([1.0 - math.exp(-5.0), math.exp(-5.0), 0.0]))


def test_thin_samples_keep_their_digits() -> None:
    w = weights(torch.full((4,), 1e-6), torch.full((4,), 1e-3))
    torch.testing.assert_close(w, torch.full((4,), 1e-9), rtol=1e-5, atol=0)


@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0, 1e30])
def test_gradients_are_finite_at_extremes(level: float) -> None:
    density = torch.full((3, 5), level, requires_grad=True)
    color = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    accumulate(weights(density, torch.full((3, 5), 0.1)), color).sum().backward()
    for leaf in (density, color):
        assert leaf.grad is not None
        assert bool(leaf.grad.isfinite().all())


def test_gradient_against_finite_differences() -> None:
    generator = torch.Generator().manual_seed(3)
    density = (torch.rand(2, 6, generator=generator).double() * 5.0).requires_grad_()
    spacing = torch.rand(2, 6, generator=generator).double().requires_grad_()
    color = torch.rand(2, 6, 3, generator=generator).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda d, s, c: accumulate(weights(d, s), c), (density, spacing, color))


def test_empty_rays_have_no_weight() -> None:
    assert torch.equal(weights(torch.zeros(2, 4), torch.ones(2, 4)), torch.zeros(2, 4))
    assert torch.equal(weights(torch.ones(2, 4), torch.zeros(2, 4)), torch.zeros(2, 4))
