from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import make_trial

from pipeline.events import FailureClass
from pipeline.retry import Ending, backoff, blamed, end_attempt
from pipeline.state import Retries, Status, TrialState

ROW = TrialState(trial=make_trial(), status=Status.RUNNING, number=1, worker_id="w")


def ending(failure: FailureClass | None, pack: int = 1, worker_lost: bool = False, saved: int = 0) -> Ending:
    return Ending(failure=failure, message="boom", step=3, pack=pack, worker_lost=worker_lost, saved=saved)


def died(pack: int = 1, saved: int = 0) -> Ending:
    return ending(FailureClass.INFRASTRUCTURE, pack, worker_lost=True, saved=saved)


@pytest.mark.parametrize(
    ("failure", "budget"),
    [
        (FailureClass.USER, Retries(user=2)),
        (FailureClass.INFRASTRUCTURE, Retries(infrastructure=2)),
        (FailureClass.OUT_OF_MEMORY, Retries(out_of_memory=2)),
        (FailureClass.DIVERGENCE, Retries(divergence=2)),
    ],
)
def test_a_budget_counts_retries(failure: FailureClass, budget: Retries) -> None:
    row = ROW
    for _ in range(2):
        row = end_attempt(row, ending(failure), budget, now=0.0)
        assert row.status in (Status.PENDING, Status.WAITING)
    row = end_attempt(row, ending(failure), budget, now=0.0)
    assert (row.status, row.failed_by, row.reason) == (Status.FAILED, failure, "boom (3 times)")


@pytest.mark.parametrize("failure", [FailureClass.PREEMPTION, FailureClass.STOPPED])
def test_preemptions_and_stops_are_never_charged(failure: FailureClass) -> None:
    row = ROW
    for _ in range(100):
        row = end_attempt(row, ending(failure, worker_lost=True), Retries(infrastructure=0), now=0.0)
    assert row.status is Status.PENDING
    assert row.deaths == 0
    assert row.failures[failure] == 100


def test_budgets_are_separate() -> None:
    retries, row = Retries(user=1, infrastructure=1), ROW
    for failure in (FailureClass.USER, FailureClass.INFRASTRUCTURE):
        row = end_attempt(row, ending(failure), retries, now=0.0)
    assert row.status is Status.WAITING
    assert end_attempt(row, ending(FailureClass.USER), retries, now=0.0).status is Status.FAILED


def test_out_of_memory_goes_to_a_smaller_pack_then_alone() -> None:
    first = end_attempt(ROW, ending(FailureClass.OUT_OF_MEMORY, pack=4), Retries(), now=0.0)
    assert first.pack_limit == 3
    assert end_attempt(first, ending(FailureClass.OUT_OF_MEMORY, pack=3), Retries(), now=0.0).pack_limit == 1


def test_a_trial_that_kills_workers_is_tried_alone_then_given_up_as_poison() -> None:
    row = ROW
    for deaths in (1, 2):
        row = end_attempt(row, died(pack=3), Retries(), now=0.0)
        assert (row.deaths, row.pack_limit) == (deaths, 1 if deaths == 2 else None)
    row = end_attempt(row, died(), Retries(), now=0.0)
    assert (row.status, row.failed_by) == (Status.FAILED, FailureClass.POISON)
    assert row.failures == {FailureClass.INFRASTRUCTURE: 2, FailureClass.POISON: 1}
    assert row.reason.startswith("poison: 3 workers died")


def test_a_trial_that_comes_further_each_time_is_no_poison_but_has_its_budget() -> None:
    row, retries = ROW, Retries(infrastructure=5)
    for death in range(1, 6):
        row = end_attempt(row, died(saved=10 * death), retries, now=0.0)
        assert (row.status, row.deaths, row.pack_limit) == (Status.WAITING, 1, None)
    row = end_attempt(row, died(saved=60), retries, now=0.0)
    assert (row.status, row.failed_by) == (Status.FAILED, FailureClass.INFRASTRUCTURE)


def test_a_quarantined_trial_that_comes_further_is_released() -> None:
    row = ROW
    for _ in range(2):
        row = end_attempt(row, died(pack=3, saved=30), Retries(), now=0.0)
    assert row.quarantined
    row = end_attempt(row, died(saved=40), Retries(), now=0.0)
    assert (row.status, row.quarantined, row.failures) == (Status.WAITING, False, {FailureClass.INFRASTRUCTURE: 3})


def test_a_death_in_company_is_never_the_last_proof() -> None:
    row = replace(ROW, deaths=2)
    assert blamed(row, died(pack=2)) is FailureClass.INFRASTRUCTURE
    assert blamed(row, died(pack=1)) is FailureClass.POISON
    assert blamed(row, ending(FailureClass.PREEMPTION, worker_lost=True)) is FailureClass.PREEMPTION


def test_a_live_ending_and_its_fact_replayed_agree() -> None:
    row = replace(ROW, deaths=2, failures={FailureClass.INFRASTRUCTURE: 2})
    live = end_attempt(row, died(), Retries(), now=0.0)
    replayed = end_attempt(row, replace(died(), failure=blamed(row, died())), Retries(), now=0.0)
    assert live == replayed


def test_what_a_lost_worker_saved_is_looked_for_though_it_did_not_come_to_tell() -> None:
    row = replace(ROW, number=4, resume_from=2, barred=1)
    assert end_attempt(row, died(), Retries(), now=0.0).resume_from == 4
    assert end_attempt(row, ending(FailureClass.PREEMPTION, worker_lost=True), Retries(), now=0.0).resume_from == 4
    assert end_attempt(row, ending(FailureClass.USER), Retries(), now=0.0).resume_from == 2


def test_lost_storage_is_no_death() -> None:
    row = ROW
    for _ in range(5):
        row = end_attempt(row, ending(FailureClass.INFRASTRUCTURE), Retries(), now=0.0)
    assert (row.deaths, row.pack_limit, row.status) == (0, None, Status.WAITING)


def test_a_trial_sent_back_is_alone_until_past_the_step_and_keeps_its_cap() -> None:
    row = end_attempt(replace(ROW, pack_cap=2), ending(None, pack=2), Retries(), now=0.0)
    assert (row.status, row.pack_limit, row.alone_until) == (Status.PENDING, 1, 3)
    assert not row.failures
    assert replace(row, alone_until=None).pack_limit == 2


def test_a_diverged_trial_starts_anew_without_its_checkpoints() -> None:
    row = replace(ROW, resume_from=1, number=2)
    row = end_attempt(row, ending(FailureClass.DIVERGENCE), Retries(divergence=1), now=0.0)
    assert (row.resume_from, row.barred) == (None, 2)


def test_a_worker_that_died_may_have_left_a_checkpoint_that_nobody_heard_of() -> None:
    row = replace(ROW, resume_from=None, number=3)
    for failure in (FailureClass.INFRASTRUCTURE, FailureClass.PREEMPTION):
        assert end_attempt(row, ending(failure, worker_lost=True), Retries(), now=0.0).resume_from == 3
        assert end_attempt(row, ending(failure), Retries(), now=0.0).resume_from is None


def test_backoff_doubles_up_to_its_limit_with_a_jitter_of_its_own() -> None:
    retries = Retries(backoff_seconds=2.0, backoff_limit=20.0)
    delays = [backoff(retries, "a", 1, count) for count in range(1, 8)]
    assert delays == [backoff(retries, "a", 1, count) for count in range(1, 8)]
    for count, delay in enumerate(delays):
        assert 0.5 <= delay / min(2.0 * 2**count, 20.0) <= 1.5
    assert backoff(retries, "a", 1, 1) != backoff(retries, "a", 2, 1) != backoff(retries, "b", 1, 1)
    assert backoff(retries, "a", 1, 10_000) <= 30.0


def test_infrastructure_failures_wait() -> None:
    row = end_attempt(ROW, ending(FailureClass.INFRASTRUCTURE), Retries(backoff_seconds=8.0), now=100.0)
    assert row.status is Status.WAITING
    assert 104.0 <= row.not_before <= 112.0
