"""R-Precision on similarities made by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dreamcore.evaluate.retrieval import mean_by_item, r_precision, retrieved, similarity
from dreamcore.evaluate.share import wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [  # published values of Wilson's interval at 95 %
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_s_interval_has_its_published_values(hits: int, count: int, low: float, high: float) -> None:
    found = wilson(hits, count)
    assert found.value == pytest.approx(hits / count)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
    assert found.count == count


@given(st.integers(1, 500), st.data())
def test_the_ends_of_the_interval_are_where_the_normal_test_just_fails(count: int, data: st.DataObject) -> None:
    """Wilson's ends p0 solve |p - p0| = z sqrt(p0 (1 - p0) / n)."""
    hits = data.draw(st.integers(0, count))
    found = wilson(hits, count)
    for end in (found.low, found.high):
        gap = abs(found.value - end) - 1.959964 * math.sqrt(end * (1.0 - end) / count)
        assert abs(gap) < 1e-6
    mirrored = wilson(count - hits, count)
    assert mirrored.low == pytest.approx(1.0 - found.high, abs=1e-12)
    assert found.low - 1e-12 <= found.value <= found.high + 1e-12


def test_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="no trials"):
        wilson(0, 0)


def test_similarities_are_cosines() -> None:
    images, captions = torch.tensor([[1.0, 0.0], [0.6, 0.8]]), torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.8, -0.6]])
    torch.testing.assert_close(similarity(images, captions), torch.tensor([[0.0, 1.0, 0.8], [0.8, 0.6, 0.0]]))


SCORES = torch.tensor(
    [
        [0.9, 0.1, 0.2],  # item 0: own caption 0
        [0.5, 0.6, 0.2],  # narrowly missed, but found together
        [0.3, 0.3, 0.1],  # item 1: caption 1: a tie is a miss
        [0.2, 0.4, 0.4],
        [0.1, 0.2, 0.9],  # item 2: caption 1
        [0.1, 0.8, 0.5],
    ]
)
ITEM, OWN = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([0, 0, 1, 1, 1, 1])


def test_a_caption_is_retrieved_if_it_is_nearer_than_every_other() -> None:
    assert retrieved(SCORES, OWN).tolist() == [True, False, False, False, False, True]


def test_captions_that_cannot_be_told_apart_are_not_retrieved() -> None:
    assert not retrieved(torch.ones(3, 2), torch.tensor([0, 1, 0])).any()
    assert retrieved(torch.ones(3, 1), torch.tensor([0, 0, 0])).all()


def test_the_views_of_an_object_retrieve_by_their_mean() -> None:
    means = mean_by_item(SCORES, ITEM, 3)
    torch.testing.assert_close(means, torch.stack([SCORES[2 * i : 2 * i + 2].mean(0) for i in range(3)]))
    found = r_precision(SCORES, OWN, ITEM)
    assert (found.views.value, found.views.count) == (pytest.approx(2 / 6), 6)
    assert (found.objects.value, found.objects.count) == (pytest.approx(2 / 3), 3)
    assert found.chance == pytest.approx(1 / 3)


def test_the_order_of_views_does_not_matter_and_objects_may_have_different_numbers() -> None:
    order = torch.tensor([4, 0, 3, 5, 2])  # item 0 has lost a view
    found = r_precision(SCORES[order], OWN[order], ITEM[order])
    assert (found.objects.count, found.views.count) == (3, 5)
    torch.testing.assert_close(mean_by_item(SCORES[order], ITEM[order], 3)[0], SCORES[0])


def test_random_scores_are_at_chance() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(4000, 10, generator=generator)
    found = r_precision(scores, torch.arange(4000) % 10, torch.arange(4000))
    assert found.views.low < found.chance < found.views.high
