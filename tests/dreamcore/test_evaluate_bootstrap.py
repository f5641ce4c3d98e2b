"""Intervals by resampling: against the normal distribution, on clusters, and where there is nothing to resample."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dreamcore.evaluate.bootstrap import mean_interval, pair_interval


def test_of_single_values_it_is_the_normal_interval() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = mean_interval(values, np.arange(400))
    assert found is not None
    half = 1.96 * values.std() / math.sqrt(400)
    assert (found.low, found.high) == (
        pytest.approx(values.mean() - half, abs=0.05),
        pytest.approx(values.mean() + half, abs=0.05),
    )


def test_copies_of_a_cluster_s_value_add_no_certainty() -> None:
    few = np.random.default_rng(1).random(30)
    alone = mean_interval(few, np.arange(30))
    copied = mean_interval(np.repeat(few, 10), np.repeat(np.arange(30), 10))
    assert alone is not None and copied is not None
    assert (copied.low, copied.high) == (pytest.approx(alone.low), pytest.approx(alone.high))
    blind = mean_interval(np.repeat(few, 10), np.arange(300))
    assert blind is not None and blind.high - blind.low < 0.5 * (copied.high - copied.low)


def test_a_weight_counts_as_so_many_values() -> None:
    values, weights, cluster = np.array([0.0, 1.0, 0.5]), np.array([3, 1, 2]), np.array([7, 7, 4])
    weighted = mean_interval(values, cluster, weights)
    assert weighted == mean_interval(np.repeat(values, weights), np.repeat(cluster, weights))


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Prompts differ, and seeds within them: 40 prompts x 3 seeds, 200 times."""
    random, held = np.random.default_rng(2), 0
    for turn in range(200):
        values = np.repeat(random.normal(size=40), 3) + random.normal(size=120)
        found = mean_interval(values, np.repeat(np.arange(40), 3), seed=turn, draws=400)
        assert found is not None
        held += found.low <= 0.0 <= found.high
    assert 0.89 <= held / 200 <= 0.99


def test_the_same_seed_draws_the_same() -> None:
    values, cluster = np.random.default_rng(3).random(20), np.arange(20) // 2
    assert mean_interval(values, cluster) == mean_interval(values, cluster)
    assert mean_interval(values, cluster) != mean_interval(values, cluster, seed=1)


def test_one_cluster_has_no_interval() -> None:
    assert mean_interval(np.array([1.0, 0.0]), np.array([5, 5])) is None


def test_pairs_of_equal_distance_have_a_sure_mean() -> None:
    """Would a copy of an object count as its pair, the mean would be smaller."""
    distances = 0.25 * (1.0 - np.eye(5))
    found = pair_interval(distances)
    assert found is not None and (found.low, found.high) == (pytest.approx(0.25), pytest.approx(0.25))


def test_an_outlier_widens_the_interval_upwards() -> None:
    distances = 0.1 * (1.0 - np.eye(6))
    distances[0, 1:] = distances[1:, 0] = 0.9
    found = pair_interval(distances)
    mean = distances.sum() / 30
    assert found is not None and found.low == pytest.approx(0.1) and found.low < mean < found.high < 0.9


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_pair_has_no_interval(count: int) -> None:
    assert pair_interval(np.zeros((count, count))) is None
