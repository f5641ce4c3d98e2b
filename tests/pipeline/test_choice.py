from __future__ import annotations

import pytest
from stored import trial

from pipeline.choice import Choice
from pipeline.errors import UserError
from pipeline.plan import Plan

PLAN = Plan(
    tuple(
        trial(prompt, seed, variant, scale=scale)
        for variant, scale in (("base", 1), ("strong", 2))
        for prompt in ("a mug", "a duck")
        for seed in (0, 1)
    )
)


def chosen(choice: Choice) -> list[tuple[str, int, str]]:
    return [(each.prompt, each.seed, each.variant) for each in choice.of(PLAN)]


def test_nothing_said_means_all() -> None:
    assert len(chosen(Choice())) == 8
    assert not Choice()


def test_what_is_said_narrows() -> None:
    assert chosen(Choice(prompts=["a duck"], variants=["strong"])) == [("a duck", 0, "strong"), ("a duck", 1, "strong")]
    assert len(chosen(Choice(prompts=["a duck", "a mug"]))) == 8
    assert Choice(variants=["base"])


def test_an_id_may_be_cut_short() -> None:
    one = PLAN.trials[3]
    assert Choice(trials=[one.trial_id[:8]]).of(PLAN) == (one,)
    assert Choice(trials=[one.trial_id], prompts=["a mug"]).of(PLAN) == ()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(prompts=["a dukc"]), "--prompt 'a dukc': unknown prompt. Did you mean a duck?"),
        (Choice(variants=["weak"]), "Known variants: base, strong"),
        (Choice(trials=["zzzz"]), "--trial 'zzzz': no trial has it"),
        (Choice(trials=[PLAN.trials[0].trial_id[:3]]), "give at least 4 characters"),
        (Choice(trials=[""]), "give at least 4 characters"),
    ],
)
def test_a_name_that_no_trial_has_is_refused(choice: Choice, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        choice.of(PLAN)
