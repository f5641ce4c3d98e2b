"""What happens next: `decide(state, event) -> (state, commands)`. Pure; no clock, no I/O.

Trials are admitted in plan order, spread over the workers, each worker up to its capacity and up to the smallest pack
cap on board. While trials are short, a worker also has the next ones, which wait there for a place.

How an attempt ended decides what becomes of its trial:

user             retried at once, from its checkpoint
infrastructure   retried after a backoff; a trial that was on board when two workers died, and came no further between
                 the two, is tried alone; a worker that dies of it even so is its last one (poison)
out_of_memory    retried in a pack one smaller, then alone; workers on that kind of device take one trial less from then
                 on
divergence       retried from the start; then, if the policy says so, a trial with another seed takes its place
preemption, stopped, returned   never charged, retried at once

A trial that nobody wants any more is dropped by its worker, with a checkpoint, and is cancelled until it is reopened.

A budget counts retries: a trial that always fails costs its budget plus one attempts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from pipeline.commands import (
    Command,
    Commit,
    CommitDecided,
    CommitRefused,
    Drop,
    Event,
    PlanTrial,
    RecordFailure,
    StopRequested,
    SweepStarted,
    Tick,
    TrialsCancelled,
    TrialsReopened,
)
from pipeline.events import (
    FailureClass,
    TrialCheckpointed,
    TrialEvent,
    TrialFailed,
    TrialFinished,
    TrialProgress,
    TrialReturned,
    WorkerDraining,
    WorkerLost,
    WorkerReady,
    WorkerStarting,
)
from pipeline.placement import place, stop_worker
from pipeline.retry import Ending, backoff, blamed, end_attempt, next_round, wants_child
from pipeline.state import Status, SweepState, TrialState, WorkerState, WorkerStatus, device_kind
from pipeline.trial import Trial, reseeded
from pipeline.turn import Turn


def decide(state: SweepState, event: Event) -> tuple[SweepState, list[Command]]:
    """The state after `event`, and what to do about it, in order. Events of attempts that are over are ignored."""
    turn = Turn(state)
    _apply(turn, event)
    if not isinstance(event, TrialProgress | TrialCheckpointed | WorkerStarting):
        place(turn)
    return turn.state, turn.commands


# ---- applying one event ----------------------------------------------------------------------------------------------


def _apply(turn: Turn, event: Event) -> None:
    match event:
        case Tick(now=now):
            turn.set(now=max(now, turn.state.now))
        case SweepStarted():
            _start(turn, event)
        case StopRequested() | TrialsCancelled() | TrialsReopened():
            _obey(turn, event)
        case CommitDecided(trial_id=trial_id, number=number):
            row = turn.state.trials[trial_id]
            turn.put(
                replace(row, status=Status.COMMITTED, worker_id="", step=row.trial.steps, number=number, reason="")
            )
            turn.set(succeeded=True)
            turn.note("committed", trial_id=trial_id, number=number)
        case CommitRefused():
            _refuse(turn, event)
        case WorkerStarting() | WorkerReady() | WorkerDraining() | WorkerLost():
            _apply_to_worker(turn, event)
        case TrialEvent():
            row_or_none = turn.live(event)
            if row_or_none is not None:
                _apply_to_trial(turn, row_or_none, event)
        case _:
            raise AssertionError(f"unknown event {event!r}")


def _start(turn: Turn, event: SweepStarted) -> None:
    turn.set(now=event.now)
    for trial_id, number in event.finished:
        turn.put(replace(turn.state.trials[trial_id], status=Status.RUNNING, worker_id=""))
        turn.do(Commit(trial_id=trial_id, number=number))
    for trial_id in event.unrecorded:
        _give_up(turn, turn.state.trials[trial_id])
    for trial_id in event.childless:
        _reseed(turn, turn.state.trials[trial_id].trial)


def _apply_to_worker(turn: Turn, event: WorkerStarting | WorkerReady | WorkerDraining | WorkerLost) -> None:
    worker = turn.state.workers.get(event.worker_id)
    if worker is None:
        return
    if isinstance(event, WorkerStarting):
        turn.put_worker(replace(worker, doing=event.doing))
        return
    if isinstance(event, WorkerDraining):
        turn.note("worker_draining", worker_id=event.worker_id, seconds=round(event.seconds, 3))
        stop_worker(turn, worker, event.seconds, FailureClass.PREEMPTION)
        return
    if isinstance(event, WorkerReady):
        turn.note("worker_ready", worker_id=event.worker_id, capacity=event.capacity, device=event.device)
        status = WorkerStatus.READY if worker.status is WorkerStatus.STARTING else worker.status
        cap = turn.state.pack_caps.get(device_kind(event.device), event.capacity)
        capacity = max(1, min(event.capacity, cap))
        turn.put_worker(replace(worker, status=status, capacity=capacity, device=event.device, since=turn.state.now))
        turn.set(start_failures=0)
        return
    turn.note("worker_lost", worker_id=event.worker_id, failure=event.failure, message=event.message)
    turn.set(workers={key: other for key, other in turn.state.workers.items() if key != event.worker_id})
    for trial_id in worker.running:
        row = turn.state.trials[trial_id]
        ending = Ending(
            failure=event.failure,
            message=event.message,
            step=row.step,
            pack=len(worker.running),
            worker_lost=True,
            saved=row.saved,
        )
        _end(turn, row, ending)
    if worker.status is WorkerStatus.STARTING and turn.state.policy.retries.budget(event.failure) is not None:
        _start_failed(turn, event)


def _start_failed(turn: Turn, event: WorkerLost) -> None:
    failed = turn.state.start_failures + 1
    delay = backoff(turn.state.policy.retries, event.worker_id, 0, failed)
    turn.set(start_failures=failed, start_not_before=turn.state.now + delay)
    if failed >= turn.state.policy.max_start_failures:
        turn.set(stopping=True, halted=f"no worker starts; {failed} in a row failed, the last with: {event.message}")


def _apply_to_trial(turn: Turn, row: TrialState, event: TrialEvent) -> None:
    match event:
        case TrialProgress(step=step, steps_per_second=speed):
            row = _past(replace(row, step=step, steps_per_second=speed))
            turn.put(row)
            if row.unwanted:  # the worker may have been told before it had the trial
                turn.do(Drop(worker_id=row.worker_id, trial_id=row.trial_id))
        case TrialCheckpointed(step=step):
            turn.put(replace(row, step=max(step, row.step), saved=step, resume_from=row.number))
        case TrialFinished(step=step):
            turn.unload(row.worker_id, row.trial_id)
            turn.set(short=turn.state.now - row.since < turn.state.policy.ahead_seconds)
            turn.put(replace(row, worker_id="", step=step))
            turn.do(Commit(trial_id=row.trial_id, number=row.number))
        case TrialFailed(failure=failure, message=message, step=step):
            aboard = turn.unload(row.worker_id, row.trial_id)
            pack = event.pack or aboard
            if failure is FailureClass.OUT_OF_MEMORY:
                _cap_packs(turn, turn.state.workers[row.worker_id], max(1, pack - 1))
            _end(turn, row, Ending(failure=failure, message=message, step=step, pack=pack, saved=row.saved))
        case TrialReturned(message=message, step=step):
            pack = turn.unload(row.worker_id, row.trial_id)
            pack = event.pack or pack
            _end(turn, row, Ending(failure=None, message=message, step=step, pack=pack, saved=row.saved))
        case _:
            raise AssertionError(f"unknown event {event!r}")


def _cap_packs(turn: Turn, full: WorkerState, cap: int) -> None:
    """Let no worker on this kind of device take more than `cap` trials any more; the next driver's neither."""
    kind = device_kind(full.device)
    if cap >= turn.state.pack_caps.get(kind, full.capacity):
        return
    turn.set(pack_caps={**turn.state.pack_caps, kind: cap})
    turn.note("pack_capped", device=kind, cap=cap)
    for worker in turn.state.workers.values():
        if worker.status is not WorkerStatus.STARTING and device_kind(worker.device) == kind:
            turn.put_worker(replace(worker, capacity=min(worker.capacity, cap)))


# ---- what people ask for ---------------------------------------------------------------------------------------------


def _obey(turn: Turn, event: StopRequested | TrialsCancelled | TrialsReopened) -> None:
    match event:
        case StopRequested():
            turn.set(stopping=True)
        case TrialsCancelled(trial_ids=trial_ids):
            _cancel(turn, trial_ids)
        case TrialsReopened(rounds=rounds):
            _reopen(turn, rounds)


def _cancel(turn: Turn, trial_ids: Collection[str]) -> None:
    """Want these no more: those that wait are over at once, those that run when their worker has let go of them."""
    for trial_id in sorted(trial_ids):
        row = turn.state.trials.find(trial_id)
        if row is None:
            continue
        if row.status in (Status.PENDING, Status.WAITING):
            _end_unwanted(turn, row)
        elif row.status is Status.RUNNING:
            turn.put(replace(row, unwanted=True))
            if row.worker_id:
                turn.do(Drop(worker_id=row.worker_id, trial_id=trial_id))


def _end_unwanted(turn: Turn, row: TrialState) -> None:
    turn.put(replace(row, status=Status.CANCELLED, not_before=0.0, reason="cancelled"))
    turn.note("cancelled", trial_id=row.trial_id)


def _reopen(turn: Turn, rounds: Mapping[str, int]) -> None:
    for trial_id, number in sorted(rounds.items()):
        row = turn.state.trials.find(trial_id)
        if row is None:
            continue
        if row.status is Status.FAILED and row.round < number:
            turn.put(next_round(row, number))
            turn.note("round_opened", trial_id=trial_id, round=number)
            turn.queue(trial_id)
        elif row.status is Status.CANCELLED:
            turn.put(replace(row, status=Status.PENDING, reason=""))
            turn.note("reopened", trial_id=trial_id)
            turn.queue(trial_id)
        elif row.unwanted:
            turn.put(replace(row, unwanted=False))


# ---- how an attempt ends ---------------------------------------------------------------------------------------------


def _past(row: TrialState) -> TrialState:
    if row.alone_until is not None and row.step > row.alone_until:
        return replace(row, alone_until=None)
    return row


def _end(turn: Turn, row: TrialState, ending: Ending) -> None:
    turn.note(
        "attempt_ended",
        trial_id=row.trial_id,
        number=row.number,
        round=row.round,
        failure=blamed(row, ending),
        message=ending.message,
        step=ending.step,
        pack=ending.pack,
        worker_lost=ending.worker_lost,
        saved=ending.saved,
    )
    ended = end_attempt(row, ending, turn.state.policy.retries, turn.state.now)
    turn.put(ended)
    if ended.status is Status.FAILED:
        _give_up(turn, ended)
        _same_again(turn, ending)
    elif row.unwanted:
        _end_unwanted(turn, ended)
    else:
        turn.queue(row.trial_id)


def _refuse(turn: Turn, event: CommitRefused) -> None:
    """The attempt is over and is never looked at again. A trial that had been given up before stays so."""
    row = turn.state.trials[event.trial_id]
    turn.note("attempt_refused", trial_id=event.trial_id, number=event.number, message=event.message)
    if row.failed_by is not None:
        turn.put(replace(row, status=Status.FAILED))
        _give_up(turn, row)
    else:
        _end(turn, row, Ending(failure=FailureClass.INFRASTRUCTURE, message=event.message, step=0))


def _give_up(turn: Turn, row: TrialState) -> None:
    turn.note("failed", trial_id=row.trial_id, round=row.round, failure=row.failed_by, reason=row.reason)
    turn.do(RecordFailure(trial_id=row.trial_id))
    if wants_child(row, turn.state.policy):
        _reseed(turn, row.trial)


def _reseed(turn: Turn, parent: Trial) -> None:
    """Let the same trial with another seed take its place."""
    child = reseeded(parent)
    if child.trial_id not in turn.state.trials:
        counts = {**turn.state.counts, Status.PENDING: turn.state.counts[Status.PENDING] + 1}
        turn.set(trials=turn.state.trials.add(TrialState(trial=child)), counts=counts)
        turn.note("reseeded", trial_id=child.trial_id, parent=parent.trial_id, seed=child.seed)
        turn.do(PlanTrial(trial=child))


def _same_again(turn: Turn, ending: Ending) -> None:
    """Stop a sweep whose first failures are all alike, with no success in between."""
    limit = turn.state.policy.stop_after_same_failures
    if not limit or turn.state.succeeded or len(turn.state.first_failures) >= limit:
        return
    told = re.sub(r"[0-9a-f]{8,}|\d+", "#", ending.message) if ending.failure is FailureClass.USER else ""
    turn.set(first_failures=(*turn.state.first_failures, told))
    alike = len(turn.state.first_failures) == limit and set(turn.state.first_failures) == {told} and told
    if alike and turn.state.unfinished:
        turn.set(stopping=True, halted=f"every trial fails the same way: {ending.message}")
