"""Fronts around an object: all patterns of eight views, and objects whose back is a second front."""

from __future__ import annotations

import itertools

import pytest
import torch

from dreamcore.evaluate.janus import behind_again, folded, front_runs, has_janus, looks_like_front


def test_a_view_is_a_front_if_that_word_fits_best() -> None:
    scores = torch.tensor([[[0.9, 0.1, 0.2], [0.1, 0.9, 0.2], [0.1, 0.2, 0.9], [0.31, 0.3, 0.3]]])
    assert looks_like_front(scores).tolist() == [[True, False, False, True]]


def test_runs_are_those_of_the_circle_written_as_text() -> None:
    """Every pattern of eight views: turned until a view that is no front comes first, the runs are words of a line."""
    patterns = list(itertools.product([False, True], repeat=8))
    found = front_runs(torch.tensor(patterns)).tolist()
    for pattern, runs in zip(patterns, found, strict=True):
        text = "".join("x" if front else " " for front in pattern)
        start = text.find(" ")
        expected = 1 if start < 0 else len((text[start:] + text[:start]).split())
        assert runs == expected, text


def test_two_fronts_are_janus_and_so_is_one_nearly_all_around() -> None:
    patterns = list(itertools.product([False, True], repeat=8))
    fronts = torch.tensor(patterns)
    for pattern, janus, runs in zip(patterns, has_janus(fronts).tolist(), front_runs(fronts).tolist(), strict=True):
        assert janus == (runs >= 2 or sum(pattern) >= 6), pattern


@pytest.mark.parametrize("turn", range(8))
def test_turning_an_object_changes_nothing(turn: int) -> None:
    fronts = torch.tensor(list(itertools.product([False, True], repeat=8)))
    assert torch.equal(has_janus(fronts.roll(turn, dims=1)), has_janus(fronts))


def test_a_folded_object_shows_its_front_half_twice() -> None:
    azimuth = torch.tensor([0.0, 30.0, 89.0, 91.0, 135.0, 180.0, 225.0, 269.0, 271.0, 330.0, -120.0])
    expected = torch.tensor([0.0, 30.0, 89.0, 89.0, 45.0, 0.0, -45.0, -89.0, -89.0, -30.0, -60.0])
    torch.testing.assert_close(folded(azimuth), expected)
    a = torch.linspace(-180.0, 180.0, 721)
    assert float(folded(a).abs().max()) <= 90.0
    # from behind it looks as it does from the mirrored place in front: same x, opposite z
    torch.testing.assert_close(torch.deg2rad(folded(a)).sin(), torch.deg2rad(a).sin(), rtol=0.0, atol=1e-5)
    torch.testing.assert_close(torch.deg2rad(folded(a)).cos(), torch.deg2rad(a).cos().abs(), rtol=0.0, atol=1e-5)


def test_views_of_a_folded_object_are_views_of_the_true_one() -> None:
    assert behind_again(8) == [0, 1, 2, 1, 0, 7, 6, 7]
    assert behind_again(4) == [0, 1, 0, 3]
    true = torch.tensor([[True, True, False, False, False, False, False, True]])
    assert not has_janus(true).any()
    assert has_janus(true[:, behind_again(8)]).all()
