from __future__ import annotations

from typing import Any

import pytest
from fakes import FakeClock, make_trial
from stored import commit_trial, fail_trial

from pipeline import paths
from pipeline.commands import CommitRefused, SweepStarted
from pipeline.events import FailureClass
from pipeline.record.attempts import Checkpoint, claim, save_checkpoint
from pipeline.record.journal import Journal
from pipeline.record.orders import Cancel, Order, Retry, Standing
from pipeline.recover import Recovered, recover
from pipeline.schedule import decide
from pipeline.state import Policy, Retries, Status
from pipeline.storage import Storage
from pipeline.trial import Trial, reseeded

TRIAL = make_trial(steps=4)
ID = TRIAL.trial_id


def look(storage: Storage, *orders: Order, **retries: Any) -> Recovered:
    policy = Policy(retries=Retries(**retries))
    asked = Standing()
    for order in orders:
        asked = asked.after(order)
    return recover([TRIAL], storage, policy, epoch=5, now=100.0, asked=asked)


def write(storage: Storage, *facts: dict[str, Any]) -> None:
    journal = Journal(storage, len(storage.list(paths.JOURNAL)) + 1, FakeClock(), lambda: None)
    for fact in facts:
        journal.add({"trial_id": ID, "round": 1, **fact})
    journal.flush()


def started(number: int) -> dict[str, Any]:
    return {"fact": "attempt_started", "number": number, "worker_id": "w", "resume_from": None}


def ended(number: int, failure: FailureClass | None, **more: Any) -> dict[str, Any]:
    fact = {"fact": "attempt_ended", "number": number, "failure": failure, "message": "boom", "step": 3}
    return {**fact, "pack": 1, "worker_lost": False, **more}


def checkpoint(storage: Storage, number: int) -> None:
    saved = Checkpoint(number=number, step=2, blob=b"", rows=[], seconds=0.0)
    save_checkpoint(storage, ID, saved, keep=1)


def test_a_new_sweep_is_all_pending(tmp_storage: Storage) -> None:
    found = look(tmp_storage)
    row = found.state.trials[ID]
    assert (row.status, row.number, row.resume_from, row.round) == (Status.PENDING, 0, None, 1)
    assert (found.state.epoch, found.start.now, found.start.finished, found.opened) == (5, 100.0, (), ())


def test_a_committed_trial_is_final_whatever_else_there_is(tmp_storage: Storage) -> None:
    fail_trial(tmp_storage, TRIAL, round=1)
    commit_trial(tmp_storage, TRIAL)
    write(tmp_storage, started(2), ended(2, FailureClass.USER))
    found = look(tmp_storage)
    assert found.state.trials[ID].status is Status.COMMITTED
    assert found.start.finished == ()


def test_numbers_that_storage_knows_are_taken_even_if_the_journal_does_not(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1))
    claim(tmp_storage, ID, 10, "zombie")
    checkpoint(tmp_storage, 9)
    row = look(tmp_storage).state.trials[ID]
    assert (row.number, row.resume_from) == (10, 10), "the zombie may have a newer checkpoint by then"


def test_an_attempt_that_has_left_nothing_yet_is_looked_at_too(tmp_storage: Storage) -> None:
    """Its worker may claim it, and come far, before the next attempt begins."""
    assert look(tmp_storage).state.trials[ID].resume_from is None
    write(tmp_storage, started(1))
    assert look(tmp_storage).state.trials[ID].resume_from == 1


def test_numbers_that_the_journal_knows_are_taken_even_if_storage_does_not(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), started(2))
    assert look(tmp_storage).state.trials[ID].number == 2


def test_what_ran_when_the_driver_died_is_not_charged(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.USER), started(2))
    row = look(tmp_storage).state.trials[ID]
    assert (row.status, row.failures) == (Status.PENDING, {FailureClass.USER: 1})


def test_backoffs_are_over(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.INFRASTRUCTURE))
    row = look(tmp_storage).state.trials[ID]
    assert (row.status, row.not_before) == (Status.PENDING, 0.0)


def test_quarantine_survives(tmp_storage: Storage) -> None:
    for number in (1, 2):
        lost = ended(number, FailureClass.INFRASTRUCTURE, worker_lost=True, pack=4, saved=2)
        write(tmp_storage, started(number), lost)
    row = look(tmp_storage).state.trials[ID]
    assert (row.deaths, row.pack_limit, row.saved) == (2, 1, 2)


def test_poison_stays_given_up(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.POISON, worker_lost=True))
    found = look(tmp_storage)
    assert (found.state.trials[ID].failed_by, found.start.unrecorded) == (FailureClass.POISON, (ID,))


def test_pack_caps_survive(tmp_storage: Storage) -> None:
    for cap in (5, 3, 4):
        write(tmp_storage, {"fact": "pack_capped", "device": "fake", "cap": cap})
    assert look(tmp_storage).state.pack_caps == {"fake": 3}


def test_a_cancelled_trial_stays_cancelled_until_it_is_reopened(tmp_storage: Storage) -> None:
    checkpoint(tmp_storage, 1)
    write(tmp_storage, started(1), ended(1, FailureClass.STOPPED))
    cancel = Cancel(trial_ids=frozenset({ID, "0" * 20}))
    found = look(tmp_storage, cancel)
    assert (found.state.trials[ID].status, found.state.unfinished) == (Status.CANCELLED, 0)
    row = look(tmp_storage, cancel, Retry(rounds={ID: 1})).state.trials[ID]
    assert (row.status, row.resume_from, row.round) == (Status.PENDING, 1, 1)


def test_a_cancelled_trial_that_lacks_only_its_commit_gets_it(tmp_storage: Storage) -> None:
    commit_trial(tmp_storage, TRIAL)
    tmp_storage.delete(paths.commit(ID))
    found = look(tmp_storage, Cancel(trial_ids=frozenset({ID})))
    assert found.start.finished == ((ID, 1),)
    torn = CommitRefused(trial_id=ID, number=1, message="torn")
    state, _ = decide(decide(found.state, found.start)[0], torn)
    assert state.trials[ID].status is Status.CANCELLED, "or it would be run again"


def test_an_order_to_retry_is_obeyed_once(tmp_storage: Storage) -> None:
    fail_trial(tmp_storage, TRIAL, round=2)
    write(tmp_storage, {"fact": "round_opened", "round": 2}, started(1), ended(1, FailureClass.USER))
    assert look(tmp_storage, Retry(rounds={ID: 2}), user=0).state.trials[ID].status is Status.FAILED
    assert look(tmp_storage, Retry(rounds={ID: 3}), user=0).state.trials[ID].round == 3


def test_a_suspect_stays_one(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, None, pack=2))
    assert look(tmp_storage).state.trials[ID].pack_limit == 1


def test_checkpoints_that_led_to_divergence_are_left_alone(tmp_storage: Storage) -> None:
    checkpoint(tmp_storage, 1)
    write(tmp_storage, started(1), ended(1, FailureClass.DIVERGENCE))
    assert look(tmp_storage, divergence=1).state.trials[ID].resume_from is None
    write(tmp_storage, started(2))
    checkpoint(tmp_storage, 2)
    assert look(tmp_storage, divergence=1).state.trials[ID].resume_from == 2


def test_a_failure_that_was_not_recorded_is_handed_on(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.USER), started(2), ended(2, FailureClass.USER))
    found = look(tmp_storage)
    row = found.state.trials[ID]
    assert (row.status, row.failed_by) == (Status.FAILED, FailureClass.USER)
    assert found.start.unrecorded == (ID,)


def test_a_recorded_failure_holds_even_if_budgets_have_grown(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.USER))
    fail_trial(tmp_storage, TRIAL, round=1)
    found = look(tmp_storage, user=9)
    assert found.state.trials[ID].status is Status.FAILED
    assert found.start.unrecorded == ()


def test_a_new_round_has_whole_budgets_and_goes_on_counting_attempts(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.USER))
    checkpoint(tmp_storage, 1)
    fail_trial(tmp_storage, TRIAL, round=1)
    found = look(tmp_storage, Retry(rounds={ID: 2}))
    row = found.state.trials[ID]
    assert found.opened == (row,)
    assert (row.status, row.round, row.failures, row.number, row.resume_from) == (Status.PENDING, 2, {}, 1, 1)


def test_an_opened_round_stays_open(tmp_storage: Storage) -> None:
    fail_trial(tmp_storage, TRIAL, round=1)
    write(tmp_storage, started(1), ended(1, FailureClass.USER), {"fact": "round_opened", "round": 2})
    row = look(tmp_storage).state.trials[ID]
    assert (row.status, row.round, row.failures) == (Status.PENDING, 2, {})


def test_of_finished_attempts_the_last_is_offered_for_the_commit(tmp_storage: Storage) -> None:
    for number in (1, 3):
        commit_trial(tmp_storage, TRIAL, number)
        tmp_storage.delete(paths.commit(ID))
    assert look(tmp_storage).start.finished == ((ID, 3),)


def test_an_attempt_that_was_refused_is_not_offered_again(tmp_storage: Storage) -> None:
    """Else every driver would charge the trial for it once more."""
    tmp_storage.write(paths.attempt_done(ID, 1), b"torn")
    assert look(tmp_storage).start.finished == ((ID, 1),)
    refused = {"fact": "attempt_refused", "number": 1, "message": "torn"}
    write(tmp_storage, started(1), refused, ended(1, FailureClass.INFRASTRUCTURE))
    found = look(tmp_storage)
    assert found.start.finished == ()
    assert found.state.trials[ID].failures == {FailureClass.INFRASTRUCTURE: 1}
    tmp_storage.write(paths.attempt_done(ID, 2), b"whole")
    assert look(tmp_storage).start.finished == ((ID, 2),)


def test_a_child_that_a_driver_did_not_live_to_plan_is_asked_for(tmp_storage: Storage) -> None:
    write(tmp_storage, started(1), ended(1, FailureClass.DIVERGENCE))
    reseeding = Policy(reseed=True)

    def start(*trials: Trial, policy: Policy = reseeding) -> SweepStarted:
        return recover(trials, tmp_storage, policy, epoch=5, now=100.0).start

    assert (start(TRIAL).unrecorded, start(TRIAL).childless) == ((ID,), ()), "it will be when the failure is recorded"
    fail_trial(tmp_storage, TRIAL, round=1)
    assert start(TRIAL).childless == (ID,)
    assert start(TRIAL, policy=Policy()).childless == ()
    assert start(TRIAL, reseeded(TRIAL)).childless == ()


def test_a_trial_twice_is_refused(tmp_storage: Storage) -> None:
    with pytest.raises(ValueError, match=f"trial {ID} is in the plan twice"):
        recover([TRIAL, TRIAL], tmp_storage, Policy(), epoch=1, now=0.0)
