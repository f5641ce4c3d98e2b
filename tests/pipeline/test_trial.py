"""Trial ids: a hash of the content, all of it and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from fakes import make_trial
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trial import Trial, check_trial_id, reseeded, trial_id

PRIOR = {"kind": "embedded"}


def test_the_id_is_the_hash_of_the_canonical_text() -> None:
    # Written out by hand: whoever changes this text gives every stored trial another id.
    text = '{"config":{"a":1.5,"steps":4},"prior":{"kind":"embedded"},"prompt":"caf\\u00e9","seed":7,"version":1}'
    expected = hashlib.sha256(text.encode()).hexdigest()[:20]
    assert trial_id("café", 7, {"steps": 4, "a": 1.5}, PRIOR) == expected


def test_the_order_of_keys_does_not_matter() -> None:
    assert trial_id("a", 0, {"x": 1, "y": 2}, PRIOR) == trial_id("a", 0, {"y": 2, "x": 1}, PRIOR)


@pytest.mark.parametrize(
    "other",
    [
        ("b", 0, {"steps": 4}, PRIOR),
        ("a", 1, {"steps": 4}, PRIOR),
        ("a", 0, {"steps": 5}, PRIOR),
        ("a", 0, {"steps": 4}, {"kind": "mixture"}),
        ("a ", 0, {"steps": 4}, PRIOR),
    ],
)
def test_each_part_of_the_content_changes_the_id(other: tuple[str, int, dict[str, Any], dict[str, Any]]) -> None:
    assert trial_id(*other) != trial_id("a", 0, {"steps": 4}, PRIOR)


def test_a_number_that_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"[Oo]ut of range float"):
        trial_id("a", 0, {"x": float("nan")}, PRIOR)


@given(st.text(max_size=30), st.integers(0, 2**63 - 1))
def test_every_id_passes_its_own_check(prompt: str, seed: int) -> None:
    made = trial_id(prompt, seed, {"steps": 4}, PRIOR)
    assert check_trial_id(made) == made


@pytest.mark.parametrize("text", ["", "../../etc/passwd/xxxx", "0123456789ABCDEF0123", "0123456789abcdef012", "²" * 20])
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(ValueError, match="is no trial id"):
        check_trial_id(text)


def test_steps_are_read_from_the_config() -> None:
    trial = Trial(trial_id="0" * 20, prompt="a", seed=0, variant="base", config={"steps": 4}, prior=PRIOR, tags={})
    assert trial.steps == 4


def test_a_child_is_the_same_trial_with_another_seed_and_knows_its_parent() -> None:
    parent = make_trial("a cup", seed=3, tags={"kind": "toy"})
    child = reseeded(parent)
    assert child == reseeded(parent)
    assert 0 <= child.seed < 2**63 and child.seed != parent.seed
    assert child.trial_id == trial_id(parent.prompt, child.seed, parent.config, parent.prior)
    assert child.parent == parent.trial_id
    assert replace(child, trial_id=parent.trial_id, seed=3, parent="") == parent
    assert reseeded(make_trial("a cup", seed=4)).seed != child.seed
