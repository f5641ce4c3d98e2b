"""The permutation test: by hand, exact against random deals, calibrated under the null, and with power."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from dreamcore.evaluate.diversity import cosine_distances
from dreamcore.evaluate.permutation import EXACT_UP_TO, Spread, Values, permutation_test

TWO = np.array([True, True, False, False])


def objects(random: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """Directions around the first axis."""
    found = np.zeros((count, 8))
    found[:, 0] = 1.0
    found[:, 1:] = spread * random.normal(size=(count, 7))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def cell(random: np.random.Generator, seeds: int, spreads: tuple[float, float]) -> Spread:
    found = np.concatenate([objects(random, seeds, spread) for spread in spreads])
    return Spread(np.arange(2 * seeds) < seeds, cosine_distances(found))


def uniform_distance(values: list[float]) -> float:
    """The greatest gap between the distribution of the values and the uniform one (Kolmogorov-Smirnov)."""
    ordered = np.sort(values)
    steps = np.arange(1, len(ordered) + 1) / len(ordered)
    return float(np.max(np.maximum(np.abs(steps - ordered), np.abs(ordered - (steps - 1.0 / len(ordered))))))


def test_by_hand() -> None:
    """Of the six deals of 4, 3 | 2, 1 two are as far apart as the real one: itself and its mirror."""
    found = permutation_test([Values(TWO, np.array([4.0, 3.0, 2.0, 1.0]))])
    assert (found.difference, found.exact, found.deals) == (2.0, True, 6)
    assert found.p == pytest.approx(2 / 6)


def test_every_deal_is_every_deal() -> None:
    """Two prompts of unequal numbers of seeds, enumerated here by permuting labels."""
    random = np.random.default_rng(4)
    first = [np.array([True, True, False, False, False]), np.array([True, False, False])]
    values = [random.random(5), random.random(3)]
    found = permutation_test([Values(one, some) for one, some in zip(first, values, strict=True)])
    choices = [sorted(set(itertools.permutations(one.tolist()))) for one in first]
    sums = []
    for deal in itertools.product(*choices):
        gaps = [
            some[list(taken)].mean() - some[~np.array(taken)].mean() for taken, some in zip(deal, values, strict=True)
        ]
        sums.append(abs(sum(gaps)) / 2.0)
    assert found.deals == len(sums) == 30
    assert found.p == pytest.approx(np.mean(np.array(sums) >= abs(found.difference) - 1e-12))


def test_the_spread_of_a_variant_is_its_mean_distance() -> None:
    distances = np.array([[0, 1, 5, 5], [1, 0, 5, 5], [5, 5, 0, 3], [5, 5, 3, 0]], float)
    assert permutation_test([Spread(TWO, distances)]).difference == 1.0 - 3.0


def test_random_deals_agree_with_all_of_them() -> None:
    random = np.random.default_rng(5)
    small = [cell(random, 3, (0.3, 0.5)) for _ in range(3)]
    exact = permutation_test(small)
    assert exact.exact and exact.deals == math.comb(6, 3) ** 3 <= EXACT_UP_TO
    tiled = [Spread(one.first, one.distances) for one in small] + [Spread(TWO, np.zeros((4, 4)))]
    sampled = permutation_test(tiled)  # a prompt in which all deals are alike changes nothing but their number
    assert not sampled.exact and sampled.deals == 9999
    assert sampled.p == pytest.approx(exact.p, abs=0.02)
    assert sampled.p == permutation_test(tiled).p, "the same seed"
    assert sampled.p != permutation_test(tiled, seed=1).p


@pytest.mark.parametrize("kind", ["spread", "values"])
def test_under_the_null_p_is_uniform(kind: str) -> None:
    """400 sweeps of 4 prompts x 6 seeds x 2 variants that do not differ, prompts that do. The bound on the greatest gap
    is exceeded once in a thousand (1.95 / sqrt(n)); the seed is fixed."""
    random, found = np.random.default_rng(6), []
    for turn in range(400):
        levels = random.uniform(0.2, 0.8, 4)
        if kind == "spread":
            cells = [cell(random, 6, (level, level)) for level in levels]
        else:
            cells = [Values(np.arange(12) < 6, level + random.normal(size=12)) for level in levels]
        found.append(permutation_test(cells, seed=turn, deals=199).p)
    assert uniform_distance(found) < 1.95 / math.sqrt(400)


def test_a_real_difference_is_found() -> None:
    random = np.random.default_rng(7)
    found = [
        permutation_test([cell(random, 6, (0.6, 0.3)) for _ in range(4)], seed=turn, deals=199) for turn in range(40)
    ]
    assert sum(one.p <= 0.05 for one in found) >= 36
    assert all(one.difference > 0.0 for one in found)


def test_the_least_p_is_that_of_one_deal() -> None:
    found = permutation_test([Values(np.arange(40) < 20, np.arange(40.0))], deals=99)
    assert not found.exact and found.p == 1 / 100


def test_without_prompts_there_is_nothing_to_test() -> None:
    with pytest.raises(ValueError, match="no prompt"):
        permutation_test([])


def test_variants_of_equal_spread_that_differ_in_kind_are_not_taken_for_different_spreads() -> None:
    """The objects of one variant lie elsewhere: deals mix both places, which makes p larger, not smaller."""
    random, found = np.random.default_rng(8), []
    for turn in range(200):
        cells = []
        for _ in range(4):
            first, second = objects(random, 6, 0.3), np.roll(objects(random, 6, 0.3), 3, axis=1)
            cells.append(Spread(np.arange(12) < 6, cosine_distances(np.concatenate([first, second]))))
        found.append(permutation_test(cells, seed=turn, deals=199).p)
    assert np.mean(np.array(found) <= 0.05) <= 0.05
