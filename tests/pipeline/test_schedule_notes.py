"""What the scheduler tells the journal: each fact whole, as later drivers, counts and people read it."""

from __future__ import annotations

import pytest
from by_hand import Sweep
from fakes import make_trial, make_trials

from pipeline.commands import (
    CommitDecided,
    CommitRefused,
    Drop,
    RecordFailure,
    StopRequested,
    StopWorker,
    SweepStarted,
    Tick,
    TrialsCancelled,
    TrialsReopened,
)
from pipeline.events import (
    FailureClass,
    TrialCheckpointed,
    TrialFinished,
    TrialProgress,
    TrialReturned,
    WorkerDraining,
    WorkerLost,
    WorkerReady,
)
from pipeline.retry import backoff
from pipeline.schedule import decide
from pipeline.state import Policy, Retries, Status, SweepState, TrialState, WorkerStatus
from pipeline.trial import reseeded

FIRST, SECOND = make_trials(2)
AT_ONCE = Policy(retries=Retries(backoff_seconds=0.0))


def started(trial_id: str, number: int = 1, **changes: object) -> dict[str, object]:
    fact = {"fact": "attempt_started", "trial_id": trial_id, "number": number, "round": 1, "worker_id": "e1w0"}
    return {**fact, "resume_from": None, **changes}


def ended(trial_id: str, **changes: object) -> dict[str, object]:
    fact = {"fact": "attempt_ended", "trial_id": trial_id, "number": 1, "round": 1, "failure": FailureClass.USER}
    return {**fact, "message": "boom", "step": 3, "pack": 1, "worker_lost": False, "saved": 0, **changes}


def failed(trial_id: str, failure: FailureClass, reason: str, round: int = 1) -> dict[str, object]:
    return {"fact": "failed", "trial_id": trial_id, "round": round, "failure": failure, "reason": reason}


def test_from_the_start_to_a_commit() -> None:
    sweep = Sweep((FIRST,), Policy())
    assert sweep.notes == [{"fact": "worker_started", "worker_id": "e1w0"}]
    sweep.ready("e1w0")
    ready = {"fact": "worker_ready", "worker_id": "e1w0", "capacity": 2, "device": "fake"}
    assert sweep.notes == [ready, started(FIRST.trial_id)]
    facts = {"worker_id": "e1w0", "trial_id": FIRST.trial_id, "number": 1}
    sweep.tell(TrialProgress(**facts, step=2, steps_per_second=5.0, metrics={}))
    row = sweep.state.trials[FIRST.trial_id]
    assert (sweep.notes, row.step, row.steps_per_second) == ([], 2, 5.0)
    sweep.tell(TrialCheckpointed(**facts, step=1))
    row = sweep.state.trials[FIRST.trial_id]
    assert (sweep.notes, row.step, row.saved, row.resume_from) == ([], 2, 1, 1), "a checkpoint takes no step back"
    sweep.tell(TrialFinished(**facts, step=FIRST.steps))
    row = sweep.state.trials[FIRST.trial_id]
    assert (sweep.notes, row.status, row.worker_id, row.step) == ([], Status.RUNNING, "", FIRST.steps)
    sweep.tell(CommitDecided(trial_id=FIRST.trial_id, number=1))
    assert sweep.notes == [{"fact": "committed", "trial_id": FIRST.trial_id, "number": 1}]
    row = sweep.state.trials[FIRST.trial_id]
    assert (row.status, row.worker_id, row.number, row.reason) == (Status.COMMITTED, "", 1, "")
    assert sweep.state.succeeded


def test_a_failure_and_its_retry() -> None:
    sweep = Sweep((FIRST, SECOND), Policy(retries=Retries(user=1)))
    sweep.ready("e1w0")
    sweep.tell(TrialCheckpointed(worker_id="e1w0", trial_id=FIRST.trial_id, number=1, step=2))
    sweep.fail(FIRST, FailureClass.USER)
    assert sweep.notes == [
        ended(FIRST.trial_id, pack=2, saved=2),
        started(FIRST.trial_id, 2, resume_from=1),
    ]
    sweep.fail(FIRST, FailureClass.USER, message="bang", step=4)
    assert sweep.notes == [
        ended(FIRST.trial_id, number=2, message="bang", step=4, pack=2, saved=2),
        failed(FIRST.trial_id, FailureClass.USER, "bang (2 times)"),
    ]
    assert RecordFailure(trial_id=FIRST.trial_id) in sweep.commands


def test_a_trial_that_is_sent_back() -> None:
    sweep = Sweep((FIRST, SECOND), Policy())
    sweep.ready("e1w0")
    sweep.tell(TrialReturned(worker_id="e1w0", trial_id=FIRST.trial_id, number=1, message="who?", step=4))
    assert sweep.notes == [ended(FIRST.trial_id, failure=None, message="who?", step=4, pack=2)]


def test_a_worker_that_is_lost_with_its_trials() -> None:
    sweep = Sweep((FIRST, SECOND), AT_ONCE)
    sweep.ready("e1w0")
    sweep.tell(TrialCheckpointed(worker_id="e1w0", trial_id=SECOND.trial_id, number=1, step=6))
    sweep.tell(WorkerLost(worker_id="e1w0", failure=FailureClass.INFRASTRUCTURE, message="gone"))
    lost = {"failure": FailureClass.INFRASTRUCTURE, "message": "gone"}
    assert sweep.notes == [
        {"fact": "worker_lost", "worker_id": "e1w0", **lost},
        ended(FIRST.trial_id, **lost, step=0, pack=2, worker_lost=True),
        ended(SECOND.trial_id, **lost, step=6, pack=2, worker_lost=True, saved=6),
        {"fact": "worker_started", "worker_id": "e1w1"},
    ]
    assert list(sweep.state.workers) == ["e1w1"]


def test_a_node_that_drains() -> None:
    sweep = Sweep((FIRST,), Policy())
    sweep.ready("e1w0")
    sweep.tell(Tick(now=7.0))
    sweep.tell(WorkerDraining(worker_id="e1w0", seconds=25.00049))
    assert sweep.notes == [{"fact": "worker_draining", "worker_id": "e1w0", "seconds": 25.0}]
    worker = sweep.state.workers["e1w0"]
    assert (worker.status, worker.since) == (WorkerStatus.STOPPING, 7.0)
    assert sweep.tell(WorkerDraining(worker_id="gone", seconds=1.0)) == [] == sweep.notes


def test_a_device_that_is_full_holds_less_from_then_on_and_others_like_it_too() -> None:
    sweep = Sweep(make_trials(6), Policy(max_workers=3))
    for worker_id, device in (("e1w0", "A100 one"), ("e1w1", "A100 one"), ("e1w2", "H100 two")):
        sweep.tell(WorkerReady(worker_id=worker_id, capacity=4, device=device))
    (running, *_) = sweep.state.workers["e1w0"].running
    trial = sweep.state.trials[running].trial
    pack = len(sweep.state.workers["e1w0"].running)
    sweep.fail(trial, FailureClass.OUT_OF_MEMORY)
    (capped,) = [note for note in sweep.notes if note["fact"] == "pack_capped"]
    cap = max(1, pack - 1)
    assert capped["cap"] == cap and sweep.state.pack_caps == {capped["device"]: cap}
    capacities = {name: worker.capacity for name, worker in sweep.state.workers.items()}
    assert capacities == {"e1w0": cap, "e1w1": cap, "e1w2": 4}
    sweep.tell(WorkerReady(worker_id="e1w1", capacity=3, device="A100 one"))
    assert sweep.state.workers["e1w1"].capacity == cap, "a new one of the kind, too"


def test_cancelled_and_wanted_again() -> None:
    sweep = Sweep((FIRST, SECOND), Policy())
    sweep.ready("e1w0", capacity=1)
    assert sweep.tell(TrialsCancelled(trial_ids=frozenset({"!", FIRST.trial_id, SECOND.trial_id}))) == [
        Drop(worker_id="e1w0", trial_id=FIRST.trial_id)
    ]
    assert sweep.notes == [{"fact": "cancelled", "trial_id": SECOND.trial_id}]
    row = sweep.state.trials[SECOND.trial_id]
    assert (row.status, row.reason, row.not_before) == (Status.CANCELLED, "cancelled", 0.0)
    sweep.fail(FIRST, FailureClass.STOPPED, message="dropped")
    assert sweep.notes == [
        ended(FIRST.trial_id, failure=FailureClass.STOPPED, message="dropped"),
        {"fact": "cancelled", "trial_id": FIRST.trial_id},
    ]
    sweep.tell(TrialsReopened(rounds={"!": 1, SECOND.trial_id: 1, FIRST.trial_id: 1}))
    assert sorted(note["trial_id"] for note in sweep.notes if note["fact"] == "reopened") == sorted(
        [FIRST.trial_id, SECOND.trial_id]
    ), "one that nobody knows holds up none"
    assert {sweep.state.trials[trial.trial_id].reason for trial in (FIRST, SECOND)} == {""}


def test_another_round_for_one_that_failed() -> None:
    sweep = Sweep((FIRST,), Policy(retries=Retries(user=0)))
    sweep.ready("e1w0")
    sweep.fail(FIRST, FailureClass.USER)
    assert sweep.tell(TrialsReopened(rounds={FIRST.trial_id: 1})) == [], "that round is over"
    assert sweep.notes == []
    sweep.tell(TrialsReopened(rounds={FIRST.trial_id: 2}))
    assert sweep.notes[0] == {"fact": "round_opened", "trial_id": FIRST.trial_id, "round": 2}
    row = sweep.state.trials[FIRST.trial_id]
    assert (row.round, row.failures, row.number) == (2, {}, 1)


def test_one_that_is_wanted_again_before_its_worker_let_go_goes_on() -> None:
    sweep = Sweep((FIRST,), Policy())
    sweep.ready("e1w0")
    sweep.tell(TrialsCancelled(trial_ids=frozenset({FIRST.trial_id})))
    assert sweep.state.trials[FIRST.trial_id].unwanted
    assert sweep.tell(TrialsReopened(rounds={FIRST.trial_id: 1})) == [] == sweep.notes
    assert not sweep.state.trials[FIRST.trial_id].unwanted


def test_an_attempt_that_is_refused() -> None:
    sweep = Sweep((FIRST,), AT_ONCE)
    sweep.ready("e1w0")
    sweep.tell(TrialFinished(worker_id="e1w0", trial_id=FIRST.trial_id, number=1, step=10))
    sweep.tell(CommitRefused(trial_id=FIRST.trial_id, number=1, message="torn"))
    assert sweep.notes[:2] == [
        {"fact": "attempt_refused", "trial_id": FIRST.trial_id, "number": 1, "message": "torn"},
        ended(FIRST.trial_id, failure=FailureClass.INFRASTRUCTURE, message="torn", step=0),
    ]


def test_an_attempt_of_one_that_was_given_up_is_refused() -> None:
    row = TrialState(
        trial=FIRST, status=Status.FAILED, number=2, failed_by=FailureClass.USER, reason="why", failures={}, round=3
    )
    state, _ = decide(SweepState.of([row], Policy()), SweepStarted(now=0.0, finished=((FIRST.trial_id, 2),)))
    _, commands = decide(state, CommitRefused(trial_id=FIRST.trial_id, number=2, message="torn"))
    assert [getattr(command, "fact", None) for command in commands][:2] == [
        {"fact": "attempt_refused", "trial_id": FIRST.trial_id, "number": 2, "message": "torn"},
        failed(FIRST.trial_id, FailureClass.USER, "why", round=3),
    ]


def test_another_seed_takes_the_place_of_one_that_diverged() -> None:
    sweep = Sweep((FIRST,), Policy(retries=Retries(divergence=0), reseed=True))
    sweep.ready("e1w0")
    sweep.fail(FIRST, FailureClass.DIVERGENCE, message="nan")
    child = reseeded(FIRST)
    assert sweep.notes == [
        ended(FIRST.trial_id, failure=FailureClass.DIVERGENCE, message="nan"),
        failed(FIRST.trial_id, FailureClass.DIVERGENCE, "nan (once)"),
        {"fact": "reseeded", "trial_id": child.trial_id, "parent": FIRST.trial_id, "seed": child.seed},
        started(child.trial_id),
    ]
    statuses = [row.status for row in sweep.state.trials]
    assert {status: sweep.state.counts[status] for status in set(statuses)} == {Status.FAILED: 1, Status.RUNNING: 1}
    assert sweep.state.counts[Status.PENDING] == 0


def test_what_a_dead_driver_left_undone_is_told() -> None:
    failing = TrialState(trial=FIRST, status=Status.FAILED, failed_by=FailureClass.USER, reason="why")
    orphan = TrialState(trial=SECOND, status=Status.FAILED, failed_by=FailureClass.DIVERGENCE, reason="nan")
    state = SweepState.of([failing, orphan], Policy(reseed=True))
    begun = SweepStarted(now=4.0, unrecorded=(FIRST.trial_id,), childless=(SECOND.trial_id,))
    state, commands = decide(state, begun)
    child = reseeded(SECOND)
    notes = [dict(command.fact) for command in commands if hasattr(command, "fact")]
    assert notes[:2] == [
        failed(FIRST.trial_id, FailureClass.USER, "why"),
        {"fact": "reseeded", "trial_id": child.trial_id, "parent": SECOND.trial_id, "seed": child.seed},
    ]
    assert state.now == 4.0


# ---- workers that do not start ---------------------------------------------------------------------------------------


def test_a_worker_that_did_not_start_is_replaced_after_a_pause_that_grows() -> None:
    retries = Retries(backoff_seconds=10.0)
    sweep = Sweep((FIRST,), Policy(max_workers=1, retries=retries, max_start_failures=3))
    now = 100.0
    sweep.tell(Tick(now=now))
    for count in (1, 2):
        worker_id = f"e1w{count - 1}"
        lost = WorkerLost(worker_id=worker_id, failure=FailureClass.INFRASTRUCTURE, message="no room")
        assert sweep.tell(lost) == []
        assert sweep.state.start_failures == count
        until = now + backoff(retries, worker_id, 0, count)
        assert sweep.state.start_not_before == until
        assert sweep.tell(Tick(now=until - 0.01)) == []
        assert len(sweep.tell(Tick(now=until))) == 1, "at that moment, not after it"
        now = until
    sweep.tell(WorkerLost(worker_id="e1w2", failure=FailureClass.INFRASTRUCTURE, message="no room"))
    assert sweep.state.halted == "no worker starts; 3 in a row failed, the last with: no room"
    assert sweep.state.stopping


def test_one_that_starts_ends_the_row_of_those_that_did_not() -> None:
    sweep = Sweep(make_trials(2), Policy(max_workers=1, retries=Retries(backoff_seconds=0.0)))
    sweep.tell(WorkerLost(worker_id="e1w0", failure=FailureClass.USER, message="x"))
    sweep.ready("e1w1", capacity=1)
    assert sweep.state.start_failures == 0


@pytest.mark.parametrize("failure", [FailureClass.PREEMPTION, FailureClass.STOPPED])
def test_one_that_was_taken_away_while_it_started_counts_for_nothing(failure: FailureClass) -> None:
    sweep = Sweep((FIRST,), Policy(max_workers=1))
    sweep.tell(WorkerLost(worker_id="e1w0", failure=failure, message="x"))
    assert (sweep.state.start_failures, sweep.state.start_not_before) == (0, 0.0)


# ---- idle workers ----------------------------------------------------------------------------------------------------


def test_a_worker_is_idle_from_its_last_trial_on() -> None:
    trials = (make_trial(seed=0), make_trial(seed=1))
    sweep = Sweep(trials, Policy(max_workers=2, idle_seconds=30.0, stop_seconds=45.0))
    sweep.ready("e1w0"), sweep.ready("e1w1")
    for now in (10.0, 20.0):
        sweep.tell(Tick(now=now))
    assert sweep.tell(Tick(now=15.0)) == [] and sweep.state.now == 20.0, "a clock that goes back is not followed"
    sweep.finish(trials[0])
    assert sweep.state.workers["e1w0"].since == 20.0
    assert sweep.tell(Tick(now=49.9)) == []
    assert sweep.tell(Tick(now=50.0)) == [StopWorker(worker_id="e1w0", seconds=45.0)]
    assert sweep.tell(Tick(now=51.0)) == [], "it is told once"


# ---- small things that workers and people rely on --------------------------------------------------------------------


def test_a_commit_of_another_attempt_is_taken_as_it_is() -> None:
    """A stale driver may have committed what this one runs again."""
    sweep = Sweep((FIRST, SECOND), AT_ONCE)
    sweep.ready("e1w0", capacity=1)
    sweep.fail(FIRST, FailureClass.USER)
    sweep.tell(CommitDecided(trial_id=FIRST.trial_id, number=7))
    row = sweep.state.trials[FIRST.trial_id]
    assert (row.number, row.step, row.worker_id, row.reason) == (7, FIRST.steps, "", "")


def test_times_of_workers_are_those_of_what_happened_last() -> None:
    sweep = Sweep(make_trials(3), Policy(max_workers=1, patience_seconds=5.0))
    assert sweep.state.workers["e1w0"].since == 0.0
    sweep.tell(Tick(now=5.0))
    sweep.ready("e1w0", capacity=2)
    assert sweep.state.workers["e1w0"].since == 5.0
    sweep.tell(Tick(now=9.0))
    first = sweep.state.trials[sweep.state.workers["e1w0"].running[0]].trial
    facts = {"worker_id": "e1w0", "trial_id": first.trial_id, "number": 1}
    sweep.tell(TrialFinished(**facts, step=first.steps))
    assert sweep.state.workers["e1w0"].since == 9.0, "it was given another"
    sweep.tell(Tick(now=12.0))
    second = sweep.state.trials[sweep.state.workers["e1w0"].running[0]].trial
    sweep.tell(TrialFinished(worker_id="e1w0", trial_id=second.trial_id, number=1, step=second.steps))
    assert sweep.state.workers["e1w0"].since == 9.0, "it has one on board, and was given none"


def test_a_new_worker_is_as_old_as_its_start() -> None:
    sweep = Sweep((FIRST,), AT_ONCE)
    sweep.tell(Tick(now=3.0))
    sweep.tell(WorkerLost(worker_id="e1w0", failure=FailureClass.PREEMPTION, message="x"))
    assert sweep.state.workers["e1w1"].since == 3.0


def test_workers_that_start_are_counted_in() -> None:
    sweep = Sweep(make_trials(3), Policy(max_workers=8))
    assert len(sweep.commands) == 3
    assert sweep.tell(Tick(now=1.0)) == []
    assert sweep.ready("e1w0", capacity=1) and len(sweep.state.workers) == 3


def test_nobody_is_let_go_while_a_trial_waits() -> None:
    sweep = Sweep((FIRST,), Policy(idle_seconds=1.0, retries=Retries(backoff_seconds=100.0)))
    sweep.ready("e1w0")
    sweep.fail(FIRST, FailureClass.INFRASTRUCTURE)
    assert sweep.tell(Tick(now=20.0)) == []


def test_a_retry_after_a_divergence_starts_after_all_that_came_before() -> None:
    sweep = Sweep((FIRST,), Policy(retries=Retries(divergence=1)))
    sweep.ready("e1w0")
    (again,) = sweep.fail(FIRST, FailureClass.DIVERGENCE)
    assert (again.assignment.number, again.assignment.resume_from, again.assignment.above) == (2, None, 1)  # type: ignore[union-attr]
    assert sweep.state.trials[FIRST.trial_id].reason == "", "what went wrong before is no reason any more"


def test_what_waits_for_its_commit_is_not_dropped() -> None:
    sweep = Sweep((FIRST,), Policy())
    sweep.ready("e1w0")
    sweep.tell(TrialFinished(worker_id="e1w0", trial_id=FIRST.trial_id, number=1, step=FIRST.steps))
    assert sweep.tell(TrialsCancelled(trial_ids=frozenset({FIRST.trial_id}))) == [] == sweep.notes


def test_one_that_waits_and_is_cancelled_waits_for_nothing() -> None:
    sweep = Sweep((FIRST,), Policy(retries=Retries(backoff_seconds=100.0)))
    sweep.ready("e1w0")
    sweep.fail(FIRST, FailureClass.INFRASTRUCTURE)
    assert sweep.state.trials[FIRST.trial_id].not_before > 0.0
    sweep.tell(TrialsCancelled(trial_ids=frozenset({FIRST.trial_id})))
    assert sweep.state.trials[FIRST.trial_id].not_before == 0.0


def test_a_suspect_has_company_again_when_it_is_past_the_step() -> None:
    one, two, three = make_trials(3)
    sweep = Sweep((one, two, three), Policy())
    sweep.ready("e1w0", capacity=2)
    sweep.tell(TrialsCancelled(trial_ids=frozenset({three.trial_id})))
    sweep.tell(TrialReturned(worker_id="e1w0", trial_id=one.trial_id, number=1, message="who?", step=4))
    sweep.finish(two)
    assert sweep.state.workers["e1w0"].running == (one.trial_id,)
    sweep.tell(TrialsReopened(rounds={three.trial_id: 1}))
    facts = {"worker_id": "e1w0", "trial_id": one.trial_id, "number": 2, "steps_per_second": 1.0, "metrics": {}}
    for step, company in ((4, False), (5, True)):
        sweep.tell(TrialProgress(**facts, step=step))
        sweep.tell(Tick(now=float(step)))
        assert (three.trial_id in sweep.state.workers["e1w0"].running) == company, step


def test_failures_are_alike_but_for_their_numbers_and_ids() -> None:
    sweep = Sweep(make_trials(5), Policy(retries=Retries(user=0)))
    sweep.ready("e1w0", capacity=1)
    for trial, name in zip(make_trials(5), ("abcdefab", "bcdefabc", "cdefabcd"), strict=False):
        sweep.fail(trial, FailureClass.USER, f"KeyError: object {name} of 12")
    assert sweep.state.halted == "every trial fails the same way: KeyError: object cdefabcd of 12"


def test_of_workers_with_equal_loads_the_first_is_taken_and_full_ones_are_passed_over() -> None:
    trials = make_trials(4)
    sweep = Sweep(trials, Policy(max_workers=3))
    for worker_id in ("e1w0", "e1w1", "e1w2"):
        sweep.ready(worker_id, capacity=1)
    sweep.tell(TrialsCancelled(trial_ids=frozenset({trials[3].trial_id})))
    for trial in trials[1:3]:
        sweep.finish(trial)
    sweep.tell(TrialsReopened(rounds={trials[3].trial_id: 1}))
    assert sweep.state.workers["e1w0"].running == (trials[0].trial_id,)
    assert sweep.state.workers["e1w1"].running == (trials[3].trial_id,)
    assert sweep.state.workers["e1w2"].running == ()


def test_a_stop_reaches_those_behind_one_that_leaves_already() -> None:
    sweep = Sweep(make_trials(2), Policy(max_workers=2))
    sweep.ready("e1w0", capacity=1), sweep.ready("e1w1", capacity=1)
    sweep.tell(WorkerDraining(worker_id="e1w0", seconds=9.0))
    assert sweep.tell(StopRequested()) == [StopWorker(worker_id="e1w1", seconds=60.0)]


@pytest.mark.parametrize("capacity", [1, 3])
def test_an_assignment_says_how_many_may_be_on_board(capacity: int) -> None:
    sweep = Sweep((FIRST,), Policy())
    (admit,) = sweep.ready("e1w0", capacity=capacity)
    assert admit.assignment.places == capacity  # type: ignore[union-attr]
