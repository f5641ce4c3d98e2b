"""What a plan has before it, against trials that were written by hand."""

from __future__ import annotations

from stored import begin, commit_trial, fail_trial, trial

from pipeline.outlook import look_ahead
from pipeline.plan import Plan
from pipeline.record.compact import compact
from pipeline.storage import Storage

DONE, FAILED, OPEN, LATER = trial("a mug"), trial("a mug", 1), trial("a duck"), trial("a duck", 1)
PLAN = Plan((DONE, FAILED, OPEN, LATER))


def test_nothing_is_known_of_the_speed_before_a_commit(tmp_storage: Storage) -> None:
    begin(tmp_storage, *PLAN.trials)
    found = look_ahead(tmp_storage, PLAN)
    assert (found.left, found.steps_left) == (4, sum(each.steps for each in PLAN.trials))
    assert found.steps_per_second is None and found.seconds_left is None


def test_states_counts_and_the_speed_of_what_is_committed(tmp_storage: Storage) -> None:
    begin(tmp_storage, *PLAN.trials)
    commit_trial(tmp_storage, DONE)  # 2 steps a second
    fail_trial(tmp_storage, FAILED)
    before = look_ahead(tmp_storage, PLAN)
    assert [row.state for row in before.trials] == ["committed", "failed", "to run", "to run"]
    assert (before.committed, before.failed, before.cancelled, before.left) == (1, 1, 0, 2)
    assert before.steps_per_second == 2.0
    assert before.seconds_left == (OPEN.steps + LATER.steps) / 2.0
    compact(tmp_storage)
    for key in tmp_storage.list("attempts"):
        tmp_storage.delete(key)
    assert look_ahead(tmp_storage, PLAN) == before, "the tables know it, too"


def test_a_plan_that_is_done_asks_for_no_speed(tmp_storage: Storage) -> None:
    begin(tmp_storage, DONE)
    commit_trial(tmp_storage, DONE)
    done = look_ahead(tmp_storage, Plan((DONE,)))
    assert (done.left, done.steps_left, done.steps_per_second) == (0, 0, None)
