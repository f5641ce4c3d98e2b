"""Hierarchical sampling against numpy, one ray at a time, and closed forms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.samples import kolmogorov_smirnov
from torch import Tensor

from dreamcore import compositing
from dreamcore.config import ProposalSamplingConfig
from dreamcore.fields.proposal import ProposalField
from dreamcore.proposal import (
    Histogram,
    anneal_exponent,
    dilate,
    invert_cdf,
    middles,
    outer_measure,
    proposal_loss,
    propose,
    range_maximum,
    resample,
    strata,
    uniform_edges,
)
from dreamcore.rng import Draws

WEIGHTS = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9)
EPS = 1e-6


def _ray(weights: Sequence[float], seed: int = 0) -> tuple[Tensor, Tensor]:
    """Uneven edges of one ray, and its weights."""
    widths = np.random.default_rng(seed).uniform(0.1, 1.0, len(weights))
    edges = torch.tensor(np.concatenate([[0.5], 0.5 + np.cumsum(widths)]))
    return edges[None], torch.tensor(list(weights), dtype=torch.float64)[None]


def _random(shape: tuple[int, ...], intervals: int, seed: int) -> Histogram:
    """Float32 histograms between 0.5 and 2."""
    generator = torch.Generator().manual_seed(seed)
    inner = torch.rand(*shape, intervals - 1, generator=generator).sort(-1).values * 1.5 + 0.5
    ends = torch.full((*shape, 1), 0.5)
    weights = torch.rand(*shape, intervals, generator=generator) / intervals
    return Histogram(torch.cat([ends, inner, ends + 1.5], dim=-1), weights)


# ---- the inverse of the distribution ---------------------------------------------------------------------------------


@given(WEIGHTS.filter(lambda w: sum(w) > 1e-3), st.lists(st.floats(0.0, 0.999), min_size=1, max_size=5))
def test_inverse_cdf_against_numpy(weights: list[float], u: list[float]) -> None:
    edges, w = _ray([value + EPS for value in weights])  # numpy wants it strictly rising
    cdf = np.concatenate([[0.0], np.cumsum(w[0].numpy())])
    expected = np.interp(u, cdf / cdf[-1], edges[0].numpy())
    found = invert_cdf(edges, w, torch.tensor(u, dtype=torch.float64)[None])
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-6, atol=1e-9)


def test_inverse_cdf_of_two_slabs() -> None:
    """Density 1 on [0, 1], none on [1, 3], 3 on [3, 4]: the quantile is 4u up to a quarter, then 3 + (4u - 1) / 3."""
    edges = torch.tensor([[0.0, 1.0, 3.0, 4.0]], dtype=torch.float64)
    w = torch.tensor([[1.0, 0.0, 3.0]], dtype=torch.float64)
    u = torch.tensor([[0.0, 0.1, 0.2, 0.25, 0.5, 0.9, 0.9999]], dtype=torch.float64)
    expected = torch.where(u < 0.25, 4.0 * u, 3.0 + (4.0 * u - 1.0) / 3.0)
    torch.testing.assert_close(invert_cdf(edges, w, u), expected)


def test_samples_follow_the_histogram() -> None:
    edges, w = _ray([0.2, 0.0, 0.5, 0.1, 0.2])
    jitter = torch.rand(4000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    places = [array.expand(4000, -1) for array in (edges, w)]
    samples = invert_cdf(*places, strata(jitter, 4)).flatten().numpy()
    cdf = np.concatenate([[0.0], np.cumsum(w[0].numpy())])
    assert kolmogorov_smirnov(samples, lambda x: float(np.interp(x, edges[0].numpy(), cdf))) < 1.95
    inside = (samples > float(edges[0, 1]) + 1e-9) & (samples < float(edges[0, 2]) - 1e-9)
    assert not inside.any(), "an interval without weight got a sample"


def test_strata_shift_together_and_are_centred_for_evaluation() -> None:
    assert strata(torch.tensor([0.5]), 4).tolist() == [[0.125, 0.375, 0.625, 0.875]]
    jitter = torch.tensor([[0.0, 0.25], [0.5, 0.999]])
    u = strata(jitter, 5)
    torch.testing.assert_close(u.diff(dim=-1), torch.full((2, 2, 4), 0.2))
    assert bool((u >= 0.0).all())
    assert bool((u < 1.0).all())


def test_resampled_intervals_surround_their_samples() -> None:
    edges, w = _ray([0.2, 0.6, 0.2])
    u = strata(torch.tensor([0.5], dtype=torch.float64), 6)
    new = resample(edges, w, u)
    samples = invert_cdf(edges, w, u)
    assert new.shape == (1, 7)
    assert bool((new[:, :-1] < samples).all() & (samples < new[:, 1:]).all())
    torch.testing.assert_close(new[:, 1:-1], 0.5 * (samples[:, 1:] + samples[:, :-1]))
    assert float(new[0, 0]) >= float(edges[0, 0])
    assert float(new[0, -1]) <= float(edges[0, -1])


def test_even_weights_resample_to_even_intervals() -> None:
    near, far = torch.tensor([1.0], dtype=torch.float64), torch.tensor([3.0], dtype=torch.float64)
    u = strata(torch.tensor([0.5], dtype=torch.float64), 4)
    one = torch.ones(1, 1, dtype=torch.float64)
    torch.testing.assert_close(resample(uniform_edges(near, far, 1), one, u), uniform_edges(near, far, 4))


# ---- dilation --------------------------------------------------------------------------------------------------------


@given(WEIGHTS.filter(lambda w: sum(w) > 1e-3), st.floats(0.01, 2.0), st.integers(0, 20))
def test_dilated_density_is_the_highest_within_reach(weights: list[float], amount: float, seed: int) -> None:
    edges, w = _ray(weights, seed)
    wide, spread = dilate(edges, w, torch.tensor([amount], dtype=torch.float64))
    assert wide.shape == (1, 2 * len(weights))
    assert (wide[0, 0], wide[0, -1]) == (edges[0, 0], edges[0, -1])
    assert bool((wide.diff() >= 0.0).all())
    assert float(spread.sum()) == pytest.approx(1.0)
    density = (w / edges.diff())[0].tolist()
    spans = list(zip(edges[0, :-1].tolist(), edges[0, 1:].tolist(), strict=True))
    heights = []
    for place in middles(wide)[0].tolist():
        reach = [d for d, (a, b) in zip(density, spans, strict=True) if a - amount < place < b + amount]
        heights.append(max(reach, default=0.0))
    mass = np.array(heights) * wide.diff()[0].numpy()
    np.testing.assert_allclose(spread[0].numpy(), mass / mass.sum(), rtol=1e-9, atol=1e-12)


@given(st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=20), st.data())
def test_range_maximum(values: list[float], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(values) - 1))
    last = data.draw(st.integers(first, len(values) - 1))
    found = range_maximum(torch.tensor([values]), torch.tensor([[first]]), torch.tensor([[last]]))
    assert float(found) == pytest.approx(max(values[first : last + 1]))


def test_anneal_goes_from_nothing_to_all() -> None:
    """Schlick's bias with slope 10."""
    found = anneal_exponent(torch.tensor([0.0, 0.1, 0.5, 1.0]))
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0 / 1.9, 5.0 / 5.5, 1.0]))


# ---- the proposal's loss ---------------------------------------------------------------------------------------------


@given(WEIGHTS, WEIGHTS, st.integers(0, 20))
def test_outer_measure_against_all_pairs(inner: list[float], outer: list[float], seed: int) -> None:
    edges, _ = _ray(inner, seed)
    around, envelope = _ray(outer, seed + 1)
    found = outer_measure(edges, around, envelope)[0].tolist()
    for value, low, high in zip(found, edges[0, :-1].tolist(), edges[0, 1:].tolist(), strict=True):
        spans = zip(around[0, :-1].tolist(), around[0, 1:].tolist(), outer, strict=True)
        assert value == pytest.approx(sum(w for a, b, w in spans if a < high and b > low), abs=1e-9)


def test_loss_is_zero_for_identical_histograms() -> None:
    histogram = _random((2, 5), 24, 0)
    exact = Histogram(histogram.edges.double(), histogram.weights.double())
    assert float(proposal_loss(exact, exact).max()) < 1e-20
    assert float(proposal_loss(histogram, histogram).max()) < 1e-9


def test_loss_is_zero_for_an_enclosing_histogram() -> None:
    """Coarser intervals that hold as much, and more of it."""
    final = _random((2, 5), 24, 1)
    coarse = Histogram(final.edges[..., ::4], final.weights.unflatten(-1, (6, 4)).sum(-1) * 1.0001)
    assert float(proposal_loss(final, coarse).max()) == 0.0


def test_loss_of_a_shortfall() -> None:
    """Eq. 13 by hand: max(0, 0.5 - 0.2)^2 / 0.5 in the second interval, nothing in the others."""
    edges = torch.tensor([[0.0, 1.0, 2.0, 3.0]], dtype=torch.float64)
    final = Histogram(edges, torch.tensor([[0.1, 0.5, 0.2]], dtype=torch.float64))
    proposed = Histogram(edges, torch.tensor([[0.3, 0.2, 0.2]], dtype=torch.float64))
    assert proposal_loss(final, proposed).tolist() == pytest.approx([0.09 / 0.5], rel=1e-6)


def test_loss_is_positive_where_weight_is_elsewhere() -> None:
    final = _random((3, 4), 16, 2)
    away = Histogram(final.edges, final.weights.flip(-1) * 0.1)
    assert float(proposal_loss(final, away).min()) > 0.0


def test_gradient_reaches_the_proposal_alone() -> None:
    final, proposed = _random((2, 3), 16, 3), _random((2, 3), 8, 4)
    leaves = [value.requires_grad_() for value in (final.edges, final.weights, proposed.edges, proposed.weights)]
    loss = proposal_loss(Histogram(leaves[0], leaves[1]), Histogram(leaves[2], leaves[3] * 0.1)).sum()
    found = torch.autograd.grad(loss, leaves, allow_unused=True)
    assert found[:3] == (None, None, None)
    assert found[3] is not None
    assert bool((found[3] <= 1e-6).all()), "more weight never costs"
    assert bool((found[3] < -0.1).any())


# ---- all rounds ------------------------------------------------------------------------------------------------------


def _wall(t: Tensor) -> Tensor:
    """A thin wall at 1.3 of a way from 0.5 to 2.5."""
    return 200.0 * torch.exp(-0.5 * ((t - 1.3) / 0.02) ** 2)


def test_rounds_close_in_on_a_wall() -> None:
    near, far = torch.full((2, 3), 0.5), torch.full((2, 3), 2.5)
    jitter = torch.rand(2, 3, 3, generator=torch.Generator().manual_seed(5))
    edges, rounds = propose(_wall, near, far, (64, 64, 32), jitter, torch.ones(2, 1))
    assert edges.shape == (2, 3, 33)
    assert [histogram.weights.shape for histogram in rounds] == [(2, 3, 64), (2, 3, 64)]
    # the wall hides most of what is behind its first two sigma
    assert bool(((middles(edges) - 1.28).abs() < 0.1).float().mean() > 0.75)
    final = Histogram(edges, compositing.weights(_wall(middles(edges)), edges.diff()))
    assert float(proposal_loss(final, rounds[-1]).max()) < 0.3
    assert bool((edges.diff() >= 0.0).all())


def test_rounds_are_a_function_of_the_jitter() -> None:
    near, far, middle = torch.full((4,), 0.5), torch.full((4,), 2.5), torch.full((4, 2), 0.5)
    once, again = (propose(_wall, near, far, (16, 8), middle, torch.ones(4))[0] for _ in range(2))
    other, _ = propose(_wall, near, far, (16, 8), middle * 0.5, torch.ones(4))
    assert torch.equal(once, again)
    assert torch.equal(once[0], once[3])
    assert not torch.equal(once, other)


@pytest.mark.parametrize("density", [0.0, 1e-30, 1e6])
@pytest.mark.parametrize("far", [0.5, 2.0])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_shapes_stay_and_numbers_are_finite_at_extremes(density: float, far: float, exponent: float) -> None:
    """Empty rays, opaque ones and rays that miss the sphere (far = near)."""
    level = torch.tensor(density, requires_grad=True)
    near, ends = torch.full((2, 3), 0.5), torch.full((2, 3), far)
    jitter = torch.tensor([[[0.0, 0.5, 0.999]] * 3] * 2)
    edges, rounds = propose(lambda t: level + 0.0 * t, near, ends, (8, 8, 4), jitter, torch.full((2, 1), exponent))
    assert edges.shape == (2, 3, 5)
    assert bool(edges.isfinite().all())
    assert bool((edges >= 0.5).all() & (edges <= far).all() & (edges.diff() >= 0.0).all())
    final = Histogram(edges, torch.full((2, 3, 4), 0.25) * float(far > 0.5))
    loss = sum((proposal_loss(final, histogram).sum() for histogram in rounds), start=torch.zeros(()))
    (gradient,) = torch.autograd.grad(loss, level)
    assert bool(gradient.isfinite())


# ---- the network -----------------------------------------------------------------------------------------------------


def test_proposal_network_learns_to_enclose() -> None:
    """From its start, a blob, to a wall at a distance: the loss falls, and only its own parameters moved it."""
    draws = Draws(torch.tensor([1, 2]), torch.tensor([0, 0]))
    field = ProposalField(ProposalSamplingConfig(width=16), torch.tensor([0.01, 0.01]))
    parameters = {name: value.requires_grad_() for name, value in field.initialise(draws).items()}
    assert all(name.startswith("proposal_") for name in parameters)
    optimiser = torch.optim.Adam(parameters.values(), lr=0.02)
    near, far, middle = torch.full((2, 4), 0.2), torch.full((2, 4), 2.2), torch.full((2, 4, 2), 0.5)
    directions = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(6))
    directions = directions / directions.norm(dim=-1, keepdim=True)

    def density(t: Tensor) -> Tensor:
        points = directions[:, :, None] * (t[..., None] - 1.2)
        return field.density(parameters, points.flatten(1, 2)).unflatten(1, t.shape[1:])

    def wall(t: Tensor) -> Tensor:
        return 20.0 * torch.exp(-0.5 * ((t - 0.6) / 0.05) ** 2)

    losses = []
    for _ in range(40):
        edges, rounds = propose(density, near, far, (24, 12), middle, torch.ones(2, 1))
        final = Histogram(edges, compositing.weights(wall(middles(edges)), edges.diff()))
        loss = proposal_loss(final, rounds[0]).mean()
        optimiser.zero_grad()
        loss.backward()
        assert all(value.grad is not None and bool(value.grad.isfinite().all()) for value in parameters.values())
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]


def test_proposals_of_two_scenes_equal_each_alone() -> None:
    draws = Draws(torch.tensor([1, 2]), torch.tensor([0, 0]))
    variance = torch.tensor([0.05, 0.002])
    parameters = ProposalField(ProposalSamplingConfig(), variance).initialise(draws)
    points = torch.rand(2, 20, 3, generator=torch.Generator().manual_seed(7)) - 0.5
    together = ProposalField(ProposalSamplingConfig(), variance).density(parameters, points)
    assert bool((together > 0.0).all())
    for i in range(2):
        one = {name: value[i : i + 1] for name, value in parameters.items()}
        alone = ProposalField(ProposalSamplingConfig(), variance[i : i + 1]).density(one, points[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-6)
    fresh = ProposalField(ProposalSamplingConfig(), variance).initialise(Draws(draws.seeds[1:], draws.steps[1:]))
    assert all(torch.equal(parameters[name][1:], fresh[name]) for name in fresh)


def test_bad_settings_are_named() -> None:
    for key, value in (("samples", (32,)), ("samples", (1, 32)), ("layers", 0), ("anneal_slope", 0.5)):
        with pytest.raises(ValueError, match=f"sampling.{key} = "):
            ProposalSamplingConfig(**{key: value})  # type: ignore[arg-type]


def test_a_place_in_between_has_the_expected_width() -> None:
    """Dilation of one interval by its own half doubles it, cut at the ends of the ray."""
    edges = torch.tensor([[0.0, 1.0, 2.0, 3.0, 4.0]], dtype=torch.float64)
    w = torch.tensor([[0.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    wide, spread = dilate(edges, w, torch.tensor([0.5], dtype=torch.float64))
    filled = wide.diff()[spread > 0.0].sum()
    assert float(filled) == pytest.approx(2.0)
    assert float(wide[:, :-1][spread > 0.0].min()) == pytest.approx(0.5)
    assert math.isclose(float(spread.sum()), 1.0)
