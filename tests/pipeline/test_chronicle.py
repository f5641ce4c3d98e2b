from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from stored import journal, trial

from pipeline.chronicle import _TOLD, chronicle, tell
from pipeline.record import journal as journal_module
from pipeline.storage import Storage

TRIAL, OTHER = trial("a mug"), trial("a duck", 1)
TRIALS = {each.trial_id: each for each in (TRIAL, OTHER)}
NAME = f"a mug, seed 0, base ({TRIAL.trial_id[:8]})"


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        ({"fact": "worker_started", "worker_id": "e1w0"}, "worker e1w0 is started"),
        (
            {"fact": "attempt_started", "trial_id": TRIAL.trial_id, "number": 2, "worker_id": "e1w0", "resume_from": 1},
            f"{NAME}: attempt 2 on worker e1w0, from what attempt 1 saved",
        ),
        (
            {
                "fact": "attempt_ended",
                "trial_id": TRIAL.trial_id,
                "number": 2,
                "step": 7,
                "failure": None,
                "message": "?",
            },
            f"{NAME}: attempt 2 ended at step 7 (sent back, uncharged): ?",
        ),
        ({"fact": "committed", "trial_id": "0" * 20, "number": 1}, f"trial {'0' * 20}: done, by attempt 1"),
        ({"fact": "of_tomorrow", "trial_id": TRIAL.trial_id, "colour": 3}, f"{NAME}: of tomorrow: colour 3"),
        (
            {"fact": "attempt_ended", "trial_id": TRIAL.trial_id, "number": 1},
            f"{NAME}: attempt 1 ended at step ? (?): ?",
        ),
        (
            {"fact": "worker_lost", "worker_id": "w", "failure": "user", "message": "{0.__class__}"},
            "(user): {0.__class__}",
        ),
    ],
)
def test_a_fact_in_words(fact: dict[str, Any], line: str) -> None:
    told = tell({"at": 0.0, **fact}, TRIALS)
    assert told.startswith("1970-01-01 00:00:00  ")
    assert told.endswith(line)


def test_every_kind_of_fact_has_words() -> None:
    kinds = re.findall(r"^([a-z_]+) {2,}[a-z]", journal_module.__doc__ or "", re.MULTILINE)
    assert len(kinds) > 10
    assert set(kinds) == set(_TOLD)


def test_what_comes_later_is_told_once(tmp_storage: Storage) -> None:
    def fact(name: str, made: Any = TRIAL) -> dict[str, Any]:
        return {"fact": name, "trial_id": made.trial_id}

    journal(tmp_storage, fact("cancelled"), fact("cancelled", OTHER))

    def more() -> Iterator[bool]:
        yield True
        journal(tmp_storage, fact("reopened"), epoch=2)
        yield True
        yield True
        journal(tmp_storage, fact("committed"), epoch=3)
        yield False

    going = more()
    lines = [line.partition("): ")[2] for line in chronicle(tmp_storage, TRIALS, TRIAL.trial_id, lambda: next(going))]
    assert lines == ["cancelled", "wanted again", "done, by attempt ?"]
