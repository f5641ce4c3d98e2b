"""Integrated positional encoding against its definition: the mean of plain encodings of normal points."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dreamcore.fields.encodings import integrated_encoding

L = 8


@pytest.mark.parametrize("variance", [0.05, 2e-3, 0.4])
def test_against_monte_carlo_moments(variance: float) -> None:
    """Four standard errors; a pair of opposite draws counts as one."""
    count = 100_000
    generator = np.random.default_rng(0)
    point = np.array([0.3, -1.1, 0.72])
    half = generator.standard_normal((count, 3)) * math.sqrt(variance)
    found = integrated_encoding(torch.tensor(point), torch.tensor(variance, dtype=torch.float64), L)
    for axis in range(3):
        for level in range(L):
            pairs = [(point[axis] + sign * half[:, axis]) * 2.0**level for sign in (1.0, -1.0)]
            for function, start in ((np.sin, 0), (np.cos, 3 * L)):
                values = 0.5 * (function(pairs[0]) + function(pairs[1]))
                error = 4.0 * values.std() / math.sqrt(count) + 1e-9
                assert abs(float(found[start + axis * L + level]) - values.mean()) < error


@pytest.mark.parametrize(
    ("variance", "level", "factor"),
    [(5e-2, 3, 0.20), (5e-2, 4, 0.0017), (2e-3, 5, 0.36), (2e-3, 6, 0.017), (2e-3, 7, 8e-8)],
)
def test_damping_at_the_ends_of_the_paper_s_anneal(variance: float, level: int, factor: float) -> None:
    """What the schedule of lambda_Sigma lets through: exp(-4^l lambda / 2)."""
    point = torch.tensor([0.4, 0.4, 0.4], dtype=torch.float64)
    found, plain = (
        integrated_encoding(point, torch.tensor(value, dtype=torch.float64), L).unflatten(0, (2, 3, L))[:, :, level]
        for value in (variance, 0.0)
    )
    assert (found / plain).flatten().tolist() == pytest.approx([factor] * 6, rel=0.05)


def test_without_variance_it_is_the_plain_encoding() -> None:
    points = torch.rand(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = integrated_encoding(points, torch.zeros(5, dtype=torch.float64), 3)
    for i, point in enumerate(points.tolist()):
        angles = [2.0**level * x for x in point for level in range(3)]
        assert found[i].tolist() == pytest.approx([math.sin(a) for a in angles] + [math.cos(a) for a in angles])


def test_every_scene_has_its_own_variance() -> None:
    points = torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(2))
    variance = torch.tensor([5e-2, 2e-3])
    together = integrated_encoding(points, variance[:, None], L)
    assert together.shape == (2, 4, 6 * L)
    for i in range(2):
        assert torch.equal(together[i], integrated_encoding(points[i], variance[i].expand(4), L))


@pytest.mark.parametrize("variance", [0.0, 1e-30, 1.0, 1e30])
def test_finite_with_its_derivative_at_extremes(variance: float) -> None:
    points = torch.tensor([[0.0, 1e4, -1e4]], requires_grad=True)
    found = integrated_encoding(points, torch.tensor([variance]), L)
    (gradient,) = torch.autograd.grad(found.sum(), points)
    assert bool(found.isfinite().all())
    assert bool(gradient.isfinite().all())
