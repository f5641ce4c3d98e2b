"""Which trial runs on which worker, and which workers there are. Pure; a part of the scheduler.

A free place comes before a place to wait, and a trial that may have only few others beside it has nobody wait behind
it. While trials are short a worker is given as many again as it has places, so that the next is there when one ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace

from pipeline.commands import Admit, StartWorker, StopWorker
from pipeline.events import Assignment, FailureClass
from pipeline.state import Status, SweepState, TrialState, WorkerState, WorkerStatus
from pipeline.turn import Turn


def place(turn: Turn) -> None:
    """Wake who has waited long enough, admit trials, start workers and stop those that nobody needs."""
    if not turn.state.stopping:
        _wake(turn)
        _admit(turn)
        _start_workers(turn)
    _stop_workers(turn)


def _wake(turn: Turn) -> None:
    for place in turn.state.returned:
        row = turn.state.trials.at(place)
        if row.status is Status.WAITING and row.not_before <= turn.state.now:
            turn.put(replace(row, status=Status.PENDING))


def _candidates(state: SweepState) -> Iterator[int]:
    """Places that may hold a pending trial, in plan order; those past the cursor without end in sight."""
    last = -1
    for place in heapq.merge(state.returned, range(state.cursor, len(state.trials))):
        if place != last:
            yield place
        last = place


def _admit(turn: Turn) -> None:
    if not any(_has_room(turn.state, worker) for worker in turn.state.workers.values()):
        return
    share = _share(turn.state)
    for place in _candidates(turn.state):
        row = turn.state.trials.at(place)
        if row.status is Status.PENDING:
            worker, places = _roomiest(turn.state, row, share)
            if worker is None and row.pack_limit is None:
                return  # no trial without a cap can go anywhere
            _pass(turn, row, waiting=worker is None)
            if worker is not None:
                _assign(turn, row, worker, places)
        else:
            _pass(turn, row, waiting=row.status is Status.WAITING)


def _pass(turn: Turn, row: TrialState, waiting: bool) -> None:
    """The trial has been considered: move the cursor over it, keep it among the returned if it still waits."""
    place = turn.state.trials.place(row.trial_id)
    if place >= turn.state.cursor:
        turn.set(cursor=place + 1)
    if waiting:
        turn.queue(row.trial_id)
    else:
        turn.unqueue(place)


def _assign(turn: Turn, row: TrialState, worker: WorkerState, places: int) -> None:
    row = replace(
        row,
        status=Status.RUNNING,
        number=row.number + 1,
        worker_id=worker.worker_id,
        since=turn.state.now,
        reason="",
    )
    turn.put(row)
    turn.put_worker(replace(worker, running=(*worker.running, row.trial_id), since=turn.state.now))
    turn.note(
        "attempt_started",
        trial_id=row.trial_id,
        number=row.number,
        round=row.round,
        worker_id=worker.worker_id,
        resume_from=row.resume_from,
    )
    assignment = Assignment(
        trial=row.trial, number=row.number, resume_from=row.resume_from, above=row.barred, places=places
    )
    turn.do(Admit(worker_id=worker.worker_id, assignment=assignment))


def _has_room(state: SweepState, worker: WorkerState) -> bool:
    return worker.status is WorkerStatus.READY and len(worker.running) < _most(state, worker)


def _most(state: SweepState, worker: WorkerState) -> int:
    """How many trials the worker is given: those on board, and those that wait there for a place."""
    return 2 * worker.capacity if state.short else worker.capacity


def _roomiest(state: SweepState, row: TrialState, share: int) -> tuple[WorkerState | None, int]:
    """The worker that may take this one too and has a free place and the fewest trials, or else the fewest trials; and
    how many may be on board with it. Nobody waits for or behind a trial with a cap."""
    best: tuple[bool, int] = (True, 2**31)
    found: tuple[WorkerState | None, int] = (None, 0)
    for worker in state.workers.values():
        count = len(worker.running)
        if not _has_room(state, worker) or (count >= worker.capacity, count) >= best:
            continue
        aboard = (row, *(state.trials[trial_id] for trial_id in worker.running))
        caps = [each.pack_limit for each in aboard if each.pack_limit is not None]
        most = worker.capacity if caps else _most(state, worker)
        if count < min([most, share, *caps]):
            best, found = (count >= worker.capacity, count), (worker, min([worker.capacity, *caps]))
    return found


def _share(state: SweepState) -> int:
    """How many trials a worker should have, so that those that are still starting get theirs."""
    soon = state.now - state.policy.patience_seconds
    expected = sum(
        worker.status is WorkerStatus.READY or (worker.status is WorkerStatus.STARTING and worker.since >= soon)
        for worker in state.workers.values()
    )
    open_trials = state.counts[Status.PENDING] + sum(len(worker.running) for worker in state.workers.values())
    return -(-open_trials // max(1, expected))


def _start_workers(turn: Turn) -> None:
    state = turn.state
    if state.now < state.start_not_before:
        return
    starting = sum(worker.status is WorkerStatus.STARTING for worker in state.workers.values())
    wanted = min(state.counts[Status.PENDING] - starting, state.policy.max_workers - len(state.workers))
    for _ in range(wanted):
        worker_id = f"e{state.epoch}w{turn.state.workers_started}"
        turn.put_worker(WorkerState(worker_id=worker_id, since=state.now))
        turn.set(workers_started=turn.state.workers_started + 1)
        turn.note("worker_started", worker_id=worker_id)
        turn.do(StartWorker(worker_id=worker_id))


def _stop_workers(turn: Turn) -> None:
    state = turn.state
    everything = state.stopping or not state.unfinished
    queued = state.counts[Status.PENDING] + state.counts[Status.WAITING]
    for worker in state.workers.values():
        if worker.status is WorkerStatus.STOPPING:
            continue
        idle = worker.status is WorkerStatus.READY and not worker.running and not queued
        if everything or (idle and state.now - worker.since >= state.policy.idle_seconds):
            stop_worker(turn, worker, state.policy.stop_seconds, FailureClass.STOPPED)


def stop_worker(turn: Turn, worker: WorkerState, seconds: float, failure: FailureClass) -> None:
    """Have the worker leave, within the time that the policy has for that and never later than in `seconds`."""
    if worker.status is not WorkerStatus.STOPPING:
        turn.put_worker(replace(worker, status=WorkerStatus.STOPPING, since=turn.state.now))
        within = max(0.0, min(seconds, turn.state.policy.stop_seconds))
        turn.do(StopWorker(worker_id=worker.worker_id, seconds=within, failure=failure))
