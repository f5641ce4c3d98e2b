"""The scheduler by examples, and by a machine that makes things happen in any order and checks what always holds."""

from __future__ import annotations

from collections import Counter

import pytest
from by_hand import Sweep, admitted
from fakes import make_trial, make_trials
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline.commands import (
    Admit,
    Command,
    Commit,
    CommitDecided,
    CommitRefused,
    Drop,
    Event,
    Note,
    PlanTrial,
    RecordFailure,
    StartWorker,
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
    TrialFailed,
    TrialFinished,
    TrialProgress,
    TrialReturned,
    WorkerDraining,
    WorkerLost,
    WorkerReady,
    WorkerStarting,
)
from pipeline.schedule import decide
from pipeline.state import Policy, Retries, Status, SweepState, TrialState, WorkerStatus
from pipeline.trial import Trial, reseeded


def test_what_a_worker_does_while_it_starts_is_known_and_moves_nothing() -> None:
    sweep = Sweep(make_trials(2), Policy())
    (worker_id,) = sweep.state.workers
    assert sweep.tell(WorkerStarting(worker_id=worker_id, doing="embedding prompts, 1 of 2")) == []
    worker = sweep.state.workers[worker_id]
    assert (worker.status, worker.doing) == (WorkerStatus.STARTING, "embedding prompts, 1 of 2")
    assert sweep.tell(WorkerStarting(worker_id="gone", doing="x")) == []
    assert list(sweep.state.workers) == [worker_id]


def test_trials_are_admitted_in_plan_order_and_spread_over_the_workers() -> None:
    trials = make_trials(4)
    sweep = Sweep(trials, Policy(max_workers=2))
    assert sweep.commands == [StartWorker(worker_id="e1w0"), StartWorker(worker_id="e1w1")]
    first = admitted(sweep.ready("e1w0", capacity=4))
    assert first == [("e1w0", trials[0].trial_id), ("e1w0", trials[1].trial_id)]
    second = admitted(sweep.ready("e1w1", capacity=4))
    assert second == [("e1w1", trials[2].trial_id), ("e1w1", trials[3].trial_id)]


def test_a_worker_that_does_not_come_loses_its_share_after_a_while() -> None:
    sweep = Sweep(make_trials(4), Policy(max_workers=2, patience_seconds=60.0))
    assert len(admitted(sweep.ready("e1w0", capacity=4))) == 2
    assert admitted(sweep.tell(Tick(now=59.0))) == []
    assert len(admitted(sweep.tell(Tick(now=61.0)))) == 2


def test_no_more_workers_than_trials() -> None:
    assert len(Sweep(make_trials(2), Policy(max_workers=8)).commands) == 2


def test_an_empty_sweep_starts_nothing() -> None:
    assert Sweep((), Policy(max_workers=8)).commands == []


def test_workers_stop_when_everything_is_done() -> None:
    (trial,) = trials = make_trials(1)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0")
    assert sweep.finish(trial) == [StopWorker(worker_id="e1w0", seconds=60.0)]


def test_an_idle_worker_is_retired_while_others_work() -> None:
    trials = make_trials(2)
    sweep = Sweep(trials, Policy(max_workers=2, idle_seconds=30.0))
    sweep.ready("e1w0"), sweep.ready("e1w1")
    sweep.tell(Tick(now=10.0))
    assert sweep.finish(trials[0]) == []
    assert sweep.tell(Tick(now=39.0)) == []
    assert sweep.tell(Tick(now=40.0)) == [StopWorker(worker_id="e1w0", seconds=60.0)]


def test_a_retry_continues_from_the_attempt_that_checkpointed() -> None:
    (trial,) = trials = make_trials(1)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0")
    sweep.tell(TrialCheckpointed(worker_id="e1w0", trial_id=trial.trial_id, number=1, step=5))
    (again,) = sweep.fail(trial, FailureClass.USER)
    assert isinstance(again, Admit)
    assert (again.assignment.number, again.assignment.resume_from) == (2, 1)
    (record,) = [c for c in sweep.fail(trial, FailureClass.USER) if isinstance(c, RecordFailure)]
    assert record.trial_id == trial.trial_id


def test_an_infrastructure_failure_waits_for_its_backoff() -> None:
    (trial,) = trials = make_trials(1)
    sweep = Sweep(trials, Policy(retries=Retries(backoff_seconds=10.0)))
    sweep.ready("e1w0")
    assert sweep.fail(trial, FailureClass.INFRASTRUCTURE) == []
    assert admitted(sweep.tell(Tick(now=4.9))) == []
    assert len(admitted(sweep.tell(Tick(now=15.1)))) == 1


def test_a_lost_worker_is_replaced_and_its_trials_continue() -> None:
    trials = make_trials(2)
    sweep = Sweep(trials, Policy(retries=Retries(backoff_seconds=0.0)))
    sweep.ready("e1w0")
    lost = WorkerLost(worker_id="e1w0", failure=FailureClass.PREEMPTION, message="drained")
    assert sweep.tell(lost) == [StartWorker(worker_id="e1w1")]
    assert len(admitted(sweep.ready("e1w1"))) == 2
    assert sweep.tell(lost) == []


def test_a_worker_whose_node_drains_leaves_and_costs_its_trials_nothing() -> None:
    trials = make_trials(3)
    sweep = Sweep(trials, Policy(max_workers=1, retries=Retries(infrastructure=0, user=0)))
    sweep.ready("e1w0")
    draining = WorkerDraining(worker_id="e1w0", seconds=25.0)
    assert sweep.tell(draining) == [StopWorker(worker_id="e1w0", seconds=25.0, failure=FailureClass.PREEMPTION)]
    assert sweep.tell(draining) == []
    assert sweep.fail(trials[0], FailureClass.PREEMPTION, step=7) == []
    assert sweep.fail(trials[1], FailureClass.PREEMPTION, step=7) == []
    lost = WorkerLost(worker_id="e1w0", failure=FailureClass.PREEMPTION, message="preempted")
    assert sweep.tell(lost) == [StartWorker(worker_id="e1w1")]
    assert len(admitted(sweep.ready("e1w1"))) == 2
    counts = [sweep.state.trials[trial.trial_id].failures for trial in trials]
    assert counts == [{FailureClass.PREEMPTION: 1}, {FailureClass.PREEMPTION: 1}, {}]


@pytest.mark.parametrize(("seconds", "within"), [(1000.0, 60.0), (float("inf"), 60.0), (-3.0, 0.0)])
def test_a_draining_worker_leaves_within_the_time_to_stop(seconds: float, within: float) -> None:
    sweep = Sweep(make_trials(1), Policy())
    sweep.ready("e1w0")
    (stop,) = sweep.tell(WorkerDraining(worker_id="e1w0", seconds=seconds))
    assert isinstance(stop, StopWorker)
    assert stop.seconds == within


def test_out_of_memory_shrinks_the_worker_and_keeps_the_others() -> None:
    trials = make_trials(3)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0", capacity=3)
    assert sweep.fail(trials[2], FailureClass.OUT_OF_MEMORY) == []
    assert sweep.state.workers["e1w0"].capacity == 2
    assert admitted(sweep.finish(trials[0])) == [("e1w0", trials[2].trial_id)]


def test_suspects_run_alone_until_past_the_step() -> None:
    trials = make_trials(2)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0")
    for trial in trials:
        sweep.tell(TrialReturned(worker_id="e1w0", trial_id=trial.trial_id, number=1, message="who?", step=4))
    assert admitted(sweep.commands) == [("e1w0", trials[0].trial_id)]
    facts = {"worker_id": "e1w0", "trial_id": trials[0].trial_id, "number": 2, "steps_per_second": 1.0, "metrics": {}}
    sweep.tell(TrialProgress(**facts, step=4))
    assert admitted(sweep.tell(Tick(now=1.0))) == []
    sweep.tell(TrialProgress(**facts, step=5))
    assert admitted(sweep.tell(Tick(now=2.0))) == []  # the other one must be alone, too
    assert admitted(sweep.finish(trials[0])) == [("e1w0", trials[1].trial_id)]


def test_events_of_attempts_that_are_over_change_nothing() -> None:
    (trial,) = trials = make_trials(1)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0")
    sweep.fail(trial, FailureClass.USER)
    before = sweep.state
    late = {"worker_id": "e1w0", "trial_id": trial.trial_id, "number": 1, "step": 9}
    assert sweep.tell(TrialFinished(**late)) == []
    assert sweep.tell(TrialCheckpointed(**late)) == []
    assert sweep.tell(TrialFailed(**late, failure=FailureClass.USER, message="again")) == []
    assert sweep.state == before


def test_a_refused_commit_is_charged_to_infrastructure() -> None:
    (trial,) = trials = make_trials(1)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0")
    sweep.tell(TrialFinished(worker_id="e1w0", trial_id=trial.trial_id, number=1, step=10))
    sweep.tell(CommitRefused(trial_id=trial.trial_id, number=1, message="damaged"))
    row = sweep.state.trials[trial.trial_id]
    assert (row.status, row.failures) == (Status.WAITING, {FailureClass.INFRASTRUCTURE: 1})


def test_a_refused_attempt_of_a_failed_trial_changes_nothing() -> None:
    """A stale worker finished it, badly, when the trial had been given up."""
    (trial,) = make_trials(1)
    row = TrialState(
        trial=trial, status=Status.FAILED, number=2, failures={FailureClass.USER: 2}, failed_by=FailureClass.USER
    )
    state = SweepState.of([row], Policy())
    state, commands = decide(state, SweepStarted(now=0.0, finished=((trial.trial_id, 2),)))
    assert commands == [Commit(trial_id=trial.trial_id, number=2)]
    state, commands = decide(state, CommitRefused(trial_id=trial.trial_id, number=2, message="torn"))
    assert state.trials[trial.trial_id] == row
    assert RecordFailure(trial_id=trial.trial_id) in commands
    assert state.unfinished == 0


def test_a_stop_stops_every_worker_and_admits_nothing() -> None:
    sweep = Sweep(make_trials(3), Policy(max_workers=2))
    sweep.ready("e1w0", capacity=1)
    stops = sweep.tell(StopRequested())
    assert stops == [StopWorker(worker_id="e1w0", seconds=60.0), StopWorker(worker_id="e1w1", seconds=60.0)]
    assert sweep.ready("e1w1") == []
    assert sweep.state.workers["e1w1"].status is WorkerStatus.STOPPING
    for worker_id in ("e1w0", "e1w1"):
        assert sweep.tell(WorkerLost(worker_id=worker_id, failure=FailureClass.STOPPED, message="stopped")) == []
    assert not sweep.state.workers
    assert sweep.state.unfinished == 3


def test_the_sweep_stops_when_every_trial_fails_the_same_way() -> None:
    trials = make_trials(5)
    sweep = Sweep(trials, Policy(retries=Retries(user=0)))
    sweep.ready("e1w0", capacity=1)
    for number in (1, 2):
        sweep.fail(trials[number - 1], FailureClass.USER, f"KeyError: weights of {number}")
        assert not sweep.state.stopping
    sweep.fail(trials[2], FailureClass.USER, "KeyError: weights of 3")
    assert sweep.state.stopping
    assert sweep.state.halted == "every trial fails the same way: KeyError: weights of 3"


@pytest.mark.parametrize("disturbance", ["success", "other message", "other class"])
def test_the_sweep_goes_on_when_failures_differ(disturbance: str) -> None:
    trials = make_trials(6)
    sweep = Sweep(trials, Policy(retries=Retries(user=0, infrastructure=0)))
    sweep.ready("e1w0", capacity=1)
    sweep.fail(trials[0], FailureClass.USER)
    if disturbance == "success":
        sweep.finish(trials[1])
    elif disturbance == "other message":
        sweep.fail(trials[1], FailureClass.USER, "bang")
    else:
        sweep.fail(trials[1], FailureClass.INFRASTRUCTURE)
    for trial in trials[2:5]:
        sweep.fail(trial, FailureClass.USER)
    assert not sweep.state.stopping


def test_workers_that_never_come_up_end_the_sweep() -> None:
    sweep = Sweep(make_trials(2), Policy(max_workers=1, retries=Retries(backoff_seconds=0.0)))
    for start in range(3):
        assert not sweep.state.halted
        lost = WorkerLost(worker_id=f"e1w{start}", failure=FailureClass.USER, message="no such prior")
        sweep.tell(lost)
    assert sweep.state.halted.endswith("the last with: no such prior")
    assert not sweep.state.workers


def test_finished_attempts_of_a_dead_driver_are_committed_without_a_worker() -> None:
    (trial,) = make_trials(1)
    state = SweepState.of([TrialState(trial=trial, number=3)], Policy())
    state, commands = decide(state, SweepStarted(now=0.0, finished=((trial.trial_id, 2),)))
    assert [c for c in commands if not isinstance(c, Note)] == [Commit(trial_id=trial.trial_id, number=2)]
    state, _ = decide(state, CommitDecided(trial_id=trial.trial_id, number=2))
    assert state.unfinished == 0
    assert not state.workers


def test_finished_trials_are_passed_over_once() -> None:
    trials = make_trials(2000)
    rows = [TrialState(trial=trial, status=Status.COMMITTED) for trial in trials[:-1]]
    state = SweepState.of([*rows, TrialState(trial=trials[-1])], Policy())
    state, _ = decide(state, SweepStarted(now=0.0))
    state, commands = decide(state, WorkerReady(worker_id="e1w0", capacity=1, device=""))
    assert len(admitted(commands)) == 1
    assert state.cursor == 2000
    assert state.returned == ()


# ---- what people ask for ---------------------------------------------------------------------------------------------


def cancel(*trials: Trial) -> TrialsCancelled:
    return TrialsCancelled(trial_ids=frozenset(trial.trial_id for trial in trials))


def reopen(*trials: Trial, number: int = 2) -> TrialsReopened:
    return TrialsReopened(rounds={trial.trial_id: number for trial in trials})


def test_a_cancelled_trial_that_waits_is_over_at_once_and_never_admitted() -> None:
    trials = make_trials(3)
    sweep = Sweep(trials, Policy())
    assert sweep.tell(cancel(*trials[:2])) == []
    assert sweep.state.counts[Status.CANCELLED] == 2
    assert admitted(sweep.ready("e1w0", capacity=3)) == [("e1w0", trials[2].trial_id)]


def test_a_cancelled_trial_that_runs_is_dropped_by_its_worker_and_told_again() -> None:
    (trial,) = make_trials(1)
    sweep = Sweep((trial,), Policy())
    sweep.ready("e1w0")
    drop = Drop(worker_id="e1w0", trial_id=trial.trial_id)
    assert sweep.tell(cancel(trial)) == [drop]
    facts = {"worker_id": "e1w0", "trial_id": trial.trial_id, "number": 1, "step": 3}
    assert sweep.tell(TrialProgress(**facts, steps_per_second=1.0, metrics={})) == [drop], "it may not have heard"
    sweep.tell(TrialCheckpointed(**facts))
    commands = sweep.fail(trial, FailureClass.STOPPED)
    row = sweep.state.trials[trial.trial_id]
    assert (row.status, row.resume_from, row.unwanted) == (Status.CANCELLED, 1, False)
    assert [type(command) for command in commands] == [StopWorker], "nothing is left to do"


def test_a_cancelled_trial_that_finishes_first_is_committed() -> None:
    (trial,) = make_trials(1)
    sweep = Sweep((trial,), Policy())
    sweep.ready("e1w0")
    sweep.tell(cancel(trial))
    finished = TrialFinished(worker_id="e1w0", trial_id=trial.trial_id, number=1, step=10)
    assert Commit(trial_id=trial.trial_id, number=1) in sweep.tell(finished)
    sweep.tell(CommitDecided(trial_id=trial.trial_id, number=1))
    sweep.tell(cancel(trial))
    assert sweep.state.trials[trial.trial_id].status is Status.COMMITTED


def test_a_cancelled_trial_whose_last_attempt_is_refused_is_not_run_again() -> None:
    (trial,) = make_trials(1)
    sweep = Sweep((trial,), Policy())
    sweep.ready("e1w0")
    sweep.tell(TrialFinished(worker_id="e1w0", trial_id=trial.trial_id, number=1, step=10))
    assert sweep.tell(cancel(trial)) == []
    sweep.tell(CommitRefused(trial_id=trial.trial_id, number=1, message="torn"))
    assert sweep.state.trials[trial.trial_id].status is Status.CANCELLED


def test_a_reopened_trial_goes_on_from_its_checkpoint_with_what_is_left_of_its_budgets() -> None:
    one, other = make_trials(2)
    sweep = Sweep((one, other), Policy(retries=Retries(user=1)))
    sweep.ready("e1w0")
    sweep.fail(one, FailureClass.USER)
    sweep.tell(TrialCheckpointed(worker_id="e1w0", trial_id=one.trial_id, number=2, step=3))
    sweep.tell(cancel(one))
    sweep.fail(one, FailureClass.STOPPED)
    assert admitted(sweep.tell(reopen(one))) == [("e1w0", one.trial_id)]
    row = sweep.state.trials[one.trial_id]
    assert (row.number, row.resume_from, row.round, row.failures[FailureClass.USER]) == (3, 2, 1, 1)


def test_a_failed_trial_is_reopened_once_with_whole_budgets() -> None:
    one, other = make_trials(2)
    sweep = Sweep((one, other), Policy(retries=Retries(user=0)))
    sweep.ready("e1w0")
    sweep.fail(one, FailureClass.USER)
    assert sweep.state.trials[one.trial_id].status is Status.FAILED
    assert admitted(sweep.tell(reopen(one, number=2))) == [("e1w0", one.trial_id)]
    assert (sweep.state.trials[one.trial_id].round, sweep.state.trials[one.trial_id].failures) == (2, {})
    sweep.fail(one, FailureClass.USER)
    assert sweep.tell(reopen(one, number=2)) == [], "that round has been"


def test_an_order_about_a_trial_of_another_sweep_changes_nothing() -> None:
    sweep = Sweep(make_trials(1), Policy())
    before = sweep.state
    assert sweep.tell(cancel(make_trial("another"))) + sweep.tell(reopen(make_trial("another"))) == []
    assert sweep.state == before


# ---- other seeds -----------------------------------------------------------------------------------------------------


def test_another_seed_takes_the_place_of_a_trial_that_diverged_once() -> None:
    one, other = make_trials(2)
    sweep = Sweep((one, other), Policy(retries=Retries(divergence=1), reseed=True))
    sweep.ready("e1w0")
    child = reseeded(one)
    assert PlanTrial(trial=child) not in sweep.fail(one, FailureClass.DIVERGENCE), "it has a retry"
    commands = sweep.fail(one, FailureClass.DIVERGENCE)
    assert commands[:2] == [RecordFailure(trial_id=one.trial_id), PlanTrial(trial=child)]
    assert admitted(commands[2:]) == [("e1w0", child.trial_id)], "stored before it is run"
    assert (sweep.state.unfinished, len(sweep.state.trials)) == (2, 3)
    for _ in range(2):
        commands = sweep.fail(child, FailureClass.DIVERGENCE)
        assert not any(isinstance(command, PlanTrial) for command in commands), "its place is not taken again"
    assert sweep.state.trials[child.trial_id].status is Status.FAILED


@pytest.mark.parametrize(
    ("policy", "failure"),
    [(Policy(), FailureClass.DIVERGENCE), (Policy(retries=Retries(user=0), reseed=True), FailureClass.USER)],
)
def test_else_no_trial_is_added(policy: Policy, failure: FailureClass) -> None:
    (trial,) = make_trials(1)
    sweep = Sweep((trial,), policy)
    sweep.ready("e1w0")
    assert not any(isinstance(command, PlanTrial) for command in sweep.fail(trial, failure))
    assert sweep.state.unfinished == 0


# ---- packs -----------------------------------------------------------------------------------------------------------


def test_a_pack_that_was_too_much_is_too_much_for_every_device_of_that_kind_and_for_the_next_driver() -> None:
    trials = make_trials(12)
    uuid = "GPU-8f6c3a52-1c1b-4c52-9a5e-0123456789ab"
    sweep = Sweep(trials, Policy(max_workers=3, retries=Retries(out_of_memory=2)))
    for index, device in enumerate((f"NVIDIA H100 {uuid}", f"NVIDIA H100 {uuid[:-1]}c", "NVIDIA L4")):
        sweep.tell(WorkerReady(worker_id=f"e1w{index}", capacity=4, device=device))
    first = next(row for row in sweep.state.running() if row.worker_id == "e1w0")
    state, commands = decide(
        sweep.state,
        TrialFailed(
            worker_id="e1w0",
            trial_id=first.trial_id,
            number=1,
            failure=FailureClass.OUT_OF_MEMORY,
            message="full",
            step=3,
        ),
    )
    assert {worker.worker_id: worker.capacity for worker in state.workers.values()} == {"e1w0": 3, "e1w1": 3, "e1w2": 4}
    notes = [command.fact for command in commands if isinstance(command, Note)]
    assert {"fact": "pack_capped", "device": "NVIDIA H100", "cap": 3} in notes
    again = SweepState.of([TrialState(trial=trial) for trial in trials], Policy(), 2, state.pack_caps)
    again, _ = decide(again, SweepStarted(now=0.0))
    again, commands = decide(again, WorkerReady(worker_id="e2w0", capacity=4, device=f"NVIDIA H100 {uuid[:-1]}d"))
    assert len(admitted(commands)) == 3


def test_the_only_trial_left_is_tried_again_when_what_the_last_driver_left_of_it_is_refused() -> None:
    """It waits for its backoff, no worker is there, and the plan has not been looked at."""
    (trial,) = make_trials(1)
    state = SweepState.of([TrialState(trial=trial, number=1)], Policy(), epoch=2)
    state, commands = decide(state, SweepStarted(now=0.0, finished=((trial.trial_id, 1),)))
    assert commands == [Commit(trial_id=trial.trial_id, number=1)]
    state, _ = decide(state, CommitRefused(trial_id=trial.trial_id, number=1, message="torn"))
    assert state.counts[Status.WAITING] == 1
    state, commands = decide(state, Tick(now=1000.0))
    assert StartWorker(worker_id="e2w0") in commands
    state, commands = decide(state, WorkerReady(worker_id="e2w0", capacity=1, device="fake"))
    assert admitted(commands) == [("e2w0", trial.trial_id)]


# ---- short trials ----------------------------------------------------------------------------------------------------


def test_while_trials_are_short_the_next_ones_wait_on_the_worker() -> None:
    trials = make_trials(9)
    sweep = Sweep(trials, Policy(ahead_seconds=10.0))
    assert len(admitted(sweep.ready("e1w0", capacity=2))) == 2, "nobody knows yet how long they last"
    sweep.tell(Tick(now=9.0))
    assert admitted(sweep.finish(trials[0])) == [("e1w0", trial.trial_id) for trial in trials[2:5]]
    assert [sweep.state.trials[trial.trial_id].since for trial in trials[1:3]] == [0.0, 9.0]
    sweep.tell(Tick(now=19.0))
    assert admitted(sweep.finish(trials[2])) == [], "that one took ten seconds"
    assert admitted(sweep.finish(trials[1])) == []
    assert admitted(sweep.finish(trials[3])) == [("e1w0", trials[5].trial_id)]


def test_a_free_place_comes_before_a_place_to_wait() -> None:
    trials = make_trials(12)
    sweep = Sweep(trials, Policy(max_workers=2))
    sweep.ready("e1w0", capacity=1)
    sweep.ready("e1w1", capacity=3)
    assert len(sweep.state.running()) == 4
    given = admitted(sweep.finish(trials[0]))
    assert [worker for worker, _ in given].count("e1w1") == 3, "as many again as it has places"
    assert given[0][0] == "e1w0"


def test_nobody_waits_behind_a_trial_that_has_to_be_alone() -> None:
    trials = make_trials(6)
    sweep = Sweep(trials, Policy())
    sweep.ready("e1w0", capacity=1)
    sweep.finish(trials[0])
    assert len(sweep.state.running()) == 2
    row = sweep.state.trials[trials[1].trial_id]
    facts = {"worker_id": "e1w0", "trial_id": row.trial_id, "number": row.number, "step": 1}
    sweep.tell(TrialReturned(**facts, message="who?", pack=2))
    assert [row.trial_id for row in sweep.state.running()] == [trials[2].trial_id, trials[3].trial_id]
    for trial in trials[2:]:
        assert trials[1].trial_id not in [trial_id for _, trial_id in admitted(sweep.finish(trial))[:-1]]
    assert [row.trial_id for row in sweep.state.running()] == [trials[1].trial_id], "when it has the worker to itself"


def test_what_a_pack_was_the_worker_knows_best() -> None:
    trials = make_trials(9)
    sweep = Sweep(trials, Policy(retries=Retries(out_of_memory=2)))
    sweep.ready("e1w0", capacity=3)
    sweep.finish(trials[0])
    row = sweep.state.running()[0]
    facts = {"worker_id": "e1w0", "trial_id": row.trial_id, "number": 1, "step": 1}
    sweep.tell(TrialFailed(**facts, failure=FailureClass.OUT_OF_MEMORY, message="full", pack=3))
    assert sweep.state.workers["e1w0"].capacity == 2, "one less than were on board, whoever waited"
    assert sweep.state.trials[row.trial_id].pack_cap == 2


# ---- in any order ----------------------------------------------------------------------------------------------------

RETRIES = Retries(user=1, infrastructure=2, out_of_memory=1, divergence=0, backoff_seconds=4.0)


class AnyOrder(RuleBasedStateMachine):
    """Workers that come, go, finish and fail as they like. `runs` is what they truly run: (worker, trial) -> number."""

    @initialize(
        count=st.integers(0, 7), workers=st.integers(1, 3), stop_after=st.sampled_from([0, 3]), reseed=st.booleans()
    )
    def begin(self, count: int, workers: int, stop_after: int, reseed: bool) -> None:
        trials = tuple(make_trial(seed=seed) for seed in range(count))
        policy = Policy(retries=RETRIES, max_workers=workers, stop_after_same_failures=stop_after, reseed=reseed)
        self.state = SweepState.of([TrialState(trial=trial) for trial in trials], policy)
        self.now = 0.0
        self.alive: set[str] = set()
        self.ready: dict[str, int] = {}
        self.stopping: set[str] = set()
        self.runs: dict[tuple[str, str], int] = {}
        self.started: Counter[str] = Counter()
        self.charged: Counter[tuple[str, FailureClass]] = Counter()
        self.deaths: Counter[str] = Counter()  # of workers with the trial on board, since it came further
        self.saved: Counter[str] = Counter()  # the step of its newest checkpoint
        self.saved_then: Counter[str] = Counter()  # the same at the last death
        self.committed: set[str] = set()
        self.given_up: set[str] = set()
        self.planned = {trial.trial_id for trial in trials}
        self.unwanted: set[str] = set()
        self.dropping: set[tuple[str, str]] = set()
        self.send(SweepStarted(now=0.0))

    def send(self, event: Event) -> None:
        self.state, commands = decide(self.state, event)
        for command in commands:
            self.obey(command)

    def obey(self, command: Command) -> None:
        match command:
            case StartWorker(worker_id=worker_id):
                assert worker_id not in self.alive
                self.alive.add(worker_id)
                assert len(self.alive) <= self.state.policy.max_workers
                assert not self.state.stopping
            case StopWorker(worker_id=worker_id):
                assert worker_id in self.alive
                assert worker_id not in self.stopping
                self.stopping.add(worker_id)
            case PlanTrial(trial=trial):
                assert self.state.policy.reseed
                assert trial.parent in self.given_up and trial.trial_id not in self.planned
                assert self.charged[trial.parent, FailureClass.DIVERGENCE]
                self.planned.add(trial.trial_id)
            case Drop(worker_id=worker_id, trial_id=trial_id):
                assert trial_id in self.unwanted
                assert (worker_id, trial_id) in self.runs
                self.dropping.add((worker_id, trial_id))
            case Admit(worker_id=worker_id, assignment=assignment):
                assert assignment.places is not None
                self.check_admission(worker_id, assignment.trial.trial_id, assignment.number, assignment.places)
            case Commit(trial_id=trial_id, number=number):
                assert trial_id not in self.committed
                self.committed.add(trial_id)
                self.send(CommitDecided(trial_id=trial_id, number=number))
            case RecordFailure(trial_id=trial_id):
                assert trial_id not in self.committed | self.given_up
                self.given_up.add(trial_id)
                self.unwanted.discard(trial_id)

    def check_admission(self, worker_id: str, trial_id: str, number: int, places: int) -> None:
        assert worker_id in self.ready, "admitted to a worker that is not ready"
        assert worker_id not in self.stopping, "admitted to a worker that was told to stop"
        assert trial_id not in self.committed | self.given_up, "runs again after its end"
        assert trial_id in self.planned, "runs before it is stored"
        assert trial_id not in self.unwanted, "runs though nobody wants it"
        assert trial_id not in [running for _, running in self.runs], "runs twice at once"
        self.started[trial_id] += 1
        assert number == self.started[trial_id], "attempt numbers rise by one"
        self.runs[worker_id, trial_id] = number
        on_board = [running for worker, running in self.runs if worker == worker_id]
        limits = [self.state.trials[running].pack_limit for running in on_board]
        assert all(limit is None or len(on_board) <= limit for limit in limits), "in bad company"
        if len(on_board) > self.ready[worker_id]:
            assert self.state.short, "nobody waits for a trial that may take long"
            assert set(limits) == {None} and len(on_board) <= 2 * self.ready[worker_id], "too many wait"
        assert places <= self.ready[worker_id], "more than the worker can take"

    @rule(seconds=st.sampled_from([0.5, 5.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.send(Tick(now=self.now))

    @precondition(lambda self: self.alive - self.ready.keys())
    @rule(data=st.data(), capacity=st.integers(1, 3))
    def a_worker_comes(self, data: st.DataObject, capacity: int) -> None:
        worker_id = data.draw(st.sampled_from(sorted(self.alive - self.ready.keys())))
        self.ready[worker_id] = capacity
        self.send(WorkerReady(worker_id=worker_id, capacity=capacity, device="fake"))

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), seconds=st.sampled_from([-1.0, 3.0, float("inf")]))
    def a_node_drains(self, data: st.DataObject, seconds: float) -> None:
        worker_id = data.draw(st.sampled_from(sorted(self.alive)))
        self.send(WorkerDraining(worker_id=worker_id, seconds=seconds))
        assert worker_id in self.stopping

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), failure=st.sampled_from([FailureClass.INFRASTRUCTURE, FailureClass.PREEMPTION]))
    def a_worker_goes(self, data: st.DataObject, failure: FailureClass) -> None:
        worker_id = data.draw(st.sampled_from(sorted(self.alive)))
        self.lose(worker_id, FailureClass.STOPPED if worker_id in self.stopping else failure)

    def lose(self, worker_id: str, failure: FailureClass) -> None:
        self.alive.discard(worker_id)
        self.ready.pop(worker_id, None)
        self.stopping.discard(worker_id)
        lost = [key for key in self.runs if key[0] == worker_id]
        for key in lost:
            del self.runs[key]
            self.charged[key[1], self.blame(key[1], failure, alone=len(lost) == 1)] += 1
        self.send(WorkerLost(worker_id=worker_id, failure=failure, message="gone"))

    def blame(self, trial_id: str, failure: FailureClass, alone: bool) -> FailureClass:
        """Of a trial that two workers died with, one after the other and without a checkpoint in between, a third one
        that has nothing else on board dies by poison."""
        if failure is not FailureClass.INFRASTRUCTURE:
            return failure
        further = self.saved[trial_id] > self.saved_then[trial_id]
        poison = alone and not further and self.deaths[trial_id] >= 2
        self.deaths[trial_id] = 1 if further else self.deaths[trial_id] + 1
        self.saved_then[trial_id] = self.saved[trial_id]
        return FailureClass.POISON if poison else failure

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), failure=st.sampled_from([*FailureClass, None, "finished"]), step=st.integers(1, 9))
    def an_attempt_ends(self, data: st.DataObject, failure: FailureClass | str | None, step: int) -> None:
        (worker_id, trial_id), number = data.draw(st.sampled_from(sorted(self.runs.items())))
        del self.runs[worker_id, trial_id]
        facts = {"worker_id": worker_id, "trial_id": trial_id, "number": number, "step": step}
        if failure == "finished":
            self.send(TrialFinished(**facts))
        elif failure is None:
            self.send(TrialReturned(**facts, message="who?"))
        else:
            assert isinstance(failure, FailureClass)
            self.charged[trial_id, failure] += 1
            if failure is FailureClass.OUT_OF_MEMORY:
                left = sum(worker == worker_id for worker, _ in self.runs)
                self.ready[worker_id] = max(1, min(self.ready[worker_id], left))
            self.send(TrialFailed(**facts, failure=failure, message=f"boom {trial_id}"))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), step=st.integers(1, 9))
    def a_trial_advances(self, data: st.DataObject, step: int) -> None:
        (worker_id, trial_id), number = data.draw(st.sampled_from(sorted(self.runs.items())))
        facts = {"worker_id": worker_id, "trial_id": trial_id, "number": number, "step": step}
        self.send(TrialProgress(**facts, steps_per_second=1.0, metrics={}))
        self.send(TrialCheckpointed(**facts))
        self.saved[trial_id] = step

    @precondition(lambda self: len(self.state.trials))
    @rule(data=st.data())
    def somebody_cancels(self, data: st.DataObject) -> None:
        trial_id = data.draw(st.sampled_from(sorted(row.trial_id for row in self.state.trials)))
        self.unwanted |= {trial_id} - self.committed - self.given_up
        self.send(TrialsCancelled(trial_ids=frozenset({trial_id})))

    @precondition(lambda self: self.unwanted | self.given_up)
    @rule(data=st.data())
    def somebody_retries(self, data: st.DataObject) -> None:
        trial_id = data.draw(st.sampled_from(sorted(self.unwanted | self.given_up)))
        if trial_id in self.given_up:
            for failure in FailureClass:
                del self.charged[trial_id, failure]
            for ledger in (self.deaths, self.saved, self.saved_then):
                del ledger[trial_id]
        self.unwanted.discard(trial_id)
        self.given_up.discard(trial_id)
        self.send(TrialsReopened(rounds={trial_id: self.state.trials[trial_id].round + 1}))

    @precondition(lambda self: self.dropping & self.runs.keys())
    @rule(data=st.data())
    def a_worker_lets_go(self, data: st.DataObject) -> None:
        worker_id, trial_id = data.draw(st.sampled_from(sorted(self.dropping & self.runs.keys())))
        number = self.runs.pop((worker_id, trial_id))
        self.dropping.discard((worker_id, trial_id))
        self.charged[trial_id, FailureClass.STOPPED] += 1
        facts = {"worker_id": worker_id, "trial_id": trial_id, "number": number, "step": 1}
        self.send(TrialFailed(**facts, failure=FailureClass.STOPPED, message="cancelled"))

    @rule()
    def somebody_stops_it(self) -> None:
        if self.now > 300.0:
            self.send(StopRequested())

    @invariant()
    def the_state_is_what_truly_runs(self) -> None:
        known = {
            (worker.worker_id, trial_id): self.state.trials[trial_id].number
            for worker in self.state.workers.values()
            for trial_id in worker.running
        }
        assert known == self.runs
        assert set(self.state.workers) == self.alive
        assert Counter(row.status for row in self.state.trials) == +Counter(self.state.counts)
        for row in self.state.trials:
            assert (row.status is Status.COMMITTED) == (row.trial_id in self.committed)
            assert (row.status is Status.FAILED) == (row.trial_id in self.given_up)
            wanted = row.trial_id not in self.unwanted - self.committed - self.given_up
            assert not wanted or row.status is not Status.CANCELLED
            assert wanted or row.status in (Status.CANCELLED, Status.RUNNING)

    @invariant()
    def budgets_are_exact(self) -> None:
        for row in self.state.trials:
            spent = {failure: self.charged[row.trial_id, failure] for failure in FailureClass}
            assert {failure: count for failure, count in spent.items() if count} == dict(row.failures)
            over = [f for f in FailureClass if (b := RETRIES.budget(f)) is not None and spent[f] > b]
            assert (row.status is Status.FAILED) == bool(over)
            assert all(spent[f] == (RETRIES.budget(f) or 0) + 1 for f in over)

    def teardown(self) -> None:
        """Left in peace, every sweep comes to its end."""
        if not hasattr(self, "state"):
            return
        for _ in range(200):
            if not self.state.workers and (self.state.stopping or not self.state.unfinished):
                break
            self.now += 100.0
            self.send(Tick(now=self.now))
            for worker_id in sorted(self.stopping):
                self.lose(worker_id, FailureClass.STOPPED)
            for worker_id in sorted(self.alive - self.ready.keys()):
                self.ready[worker_id] = 2
                self.send(WorkerReady(worker_id=worker_id, capacity=2, device="fake"))
            for (worker_id, trial_id), number in sorted(self.runs.items()):
                if self.runs.pop((worker_id, trial_id), None) is not None:
                    facts = {"worker_id": worker_id, "trial_id": trial_id, "number": number}
                    self.send(TrialFinished(**facts, step=10))
        assert not self.state.workers, "workers are left over"
        assert self.state.stopping or not self.state.unfinished, "trials are left over"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
