"""One turn of the scheduler: the state and the commands of a call of `decide`, while they come about."""

from __future__ import annotations

import bisect
from dataclasses import replace
from typing import Any

from pipeline.commands import Command, Note
from pipeline.events import TrialEvent
from pipeline.state import Status, SweepState, TrialState, WorkerState


class Turn:
    """See the module."""

    def __init__(self, state: SweepState) -> None:
        self.state = state
        self.commands: list[Command] = []

    def set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def do(self, command: Command) -> None:
        self.commands.append(command)

    def note(self, fact: str, **facts: Any) -> None:
        self.do(Note(fact={"fact": fact, **facts}))

    def put(self, row: TrialState) -> None:
        before = self.state.trials[row.trial_id].status
        self.set(trials=self.state.trials.replace(row))
        if row.status is not before:
            counts = dict(self.state.counts)
            counts[before] -= 1
            counts[row.status] += 1
            self.set(counts=counts)

    def put_worker(self, worker: WorkerState) -> None:
        self.set(workers={**self.state.workers, worker.worker_id: worker})

    def unload(self, worker_id: str, trial_id: str) -> int:
        """Take the trial off the worker; how many were on board with it."""
        worker = self.state.workers[worker_id]
        running = tuple(other for other in worker.running if other != trial_id)
        self.put_worker(replace(worker, running=running, since=worker.since if running else self.state.now))
        return len(worker.running)

    def queue(self, trial_id: str) -> None:
        """Remember that the trial wants another attempt."""
        place, returned = self.state.trials.place(trial_id), self.state.returned
        if place not in returned:
            at = bisect.bisect(returned, place)
            self.set(returned=(*returned[:at], place, *returned[at:]))

    def unqueue(self, place: int) -> None:
        if place in self.state.returned:
            self.set(returned=tuple(other for other in self.state.returned if other != place))

    def live(self, event: TrialEvent) -> TrialState | None:
        """The row of the attempt that the event is about, or None if that attempt is over."""
        if event.trial_id not in self.state.trials:
            return None
        row = self.state.trials[event.trial_id]
        if row.status is Status.RUNNING and (row.worker_id, row.number) == (event.worker_id, event.number):
            return row
        return None
