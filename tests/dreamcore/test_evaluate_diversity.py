"""Diversity of directions: closed forms, limits, and growth as copies give way to distinct objects."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from dreamcore.evaluate.diversity import (
    cosine_distances,
    distance_between_groups,
    farthest,
    mean_distance,
    nearest,
    over_views,
    vendi,
)


def directions(count: int, size: int = 16, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, size))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_identical_objects_are_no_diversity_at_all() -> None:
    distances = cosine_distances(np.repeat(directions(1).astype(np.float32), 6, axis=0))
    assert mean_distance(distances) == 0.0
    assert vendi(distances) == 1.0


def test_orthogonal_objects_are_as_many_as_they_are() -> None:
    distances = cosine_distances(np.eye(7))
    assert mean_distance(distances) == 1.0
    assert vendi(distances) == pytest.approx(7.0)


def test_vendi_of_groups_of_copies_is_the_entropy_of_their_sizes() -> None:
    """Copies of orthogonal directions: K / n has the shares of the groups as its eigenvalues."""
    sizes = [5, 2, 1]
    shares = [size / 8 for size in sizes]
    distances = cosine_distances(np.repeat(np.eye(3), sizes, axis=0))
    assert vendi(distances) == pytest.approx(math.exp(-sum(p * math.log(p) for p in shares)))


def test_two_objects_by_hand() -> None:
    """K / 2 of two directions at cosine c has the eigenvalues (1 + c) / 2 and (1 - c) / 2."""
    cosine = 0.6
    distances = cosine_distances(np.array([[1.0, 0.0], [cosine, 0.8]]))
    assert mean_distance(distances) == pytest.approx(0.4)
    assert vendi(distances) == pytest.approx(math.exp(-(0.8 * math.log(0.8) + 0.2 * math.log(0.2))))


@pytest.mark.parametrize("seed", range(5))
def test_it_grows_with_every_copy_that_gives_way_to_another_object(seed: int) -> None:
    found = directions(6, seed=seed)
    steps = [
        cosine_distances(np.concatenate([np.repeat(found[:1], 6 - k, axis=0), found[1 : 1 + k]])) for k in range(6)
    ]
    means, scores = [mean_distance(step) for step in steps], [vendi(step) for step in steps]
    assert means[0] == 0.0 and all(a < b for a, b in itertools.pairwise(means))
    assert scores[0] == 1.0 and all(a < b for a, b in itertools.pairwise(scores))


def test_the_nearest_and_the_farthest_pair() -> None:
    distances = np.array([[0.0, 0.3, 0.9], [0.3, 0.0, 0.2], [0.9, 0.2, 0.0]])
    one, other = nearest(distances), farthest(distances)
    assert (one.first, one.second, one.distance) == (1, 2, 0.2)
    assert (other.first, other.second, other.distance) == (0, 2, 0.9)


def test_the_distance_between_groups_is_that_of_all_pairs_across() -> None:
    found, group = directions(11), [0, 0, 0, 1, 1, 2, 2, 2, 2, 5, 5]
    across = [1.0 - float(found[i] @ found[j]) for i, j in itertools.combinations(range(11), 2) if group[i] != group[j]]
    assert distance_between_groups(found, np.array(group)) == pytest.approx(sum(across) / len(across))
    assert distance_between_groups(found, np.zeros(11, int)) is None


def test_views_together_point_where_their_sum_does() -> None:
    assert over_views(np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx([math.sqrt(0.5)] * 2)
    with pytest.raises(ValueError, match="no mean direction"):
        over_views(np.array([[1.0, 0.0], [-1.0, 0.0]]))


def test_one_object_has_no_distance() -> None:
    with pytest.raises(ValueError, match="two seeds at least"):
        mean_distance(cosine_distances(directions(1)))
