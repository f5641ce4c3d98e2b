"""The scheduler, driven by hand."""

from __future__ import annotations

from typing import Any

from pipeline.commands import Admit, Command, Commit, CommitDecided, Event, Note, SweepStarted
from pipeline.events import FailureClass, TrialFailed, TrialFinished, WorkerReady
from pipeline.schedule import decide
from pipeline.state import Policy, SweepState, TrialState
from pipeline.trial import Trial


class Sweep:
    """A state that is driven by hand. `commands` are those of the last event without notes, `notes` its facts."""

    def __init__(self, trials: tuple[Trial, ...], policy: Policy) -> None:
        self.state = SweepState.of([TrialState(trial=trial) for trial in trials], policy)
        self.commands: list[Command] = []
        self.notes: list[dict[str, Any]] = []
        self.tell(SweepStarted(now=0.0))

    def tell(self, event: Event) -> list[Command]:
        self.state, commands = decide(self.state, event)
        self.commands = [command for command in commands if not isinstance(command, Note)]
        self.notes = [dict(command.fact) for command in commands if isinstance(command, Note)]
        return self.commands

    def ready(self, worker_id: str, capacity: int = 2) -> list[Command]:
        return self.tell(WorkerReady(worker_id=worker_id, capacity=capacity, device="fake"))

    def fail(self, trial: Trial, failure: FailureClass, message: str = "boom", step: int = 3) -> list[Command]:
        row = self.state.trials[trial.trial_id]
        return self.tell(
            TrialFailed(
                worker_id=row.worker_id,
                trial_id=row.trial_id,
                number=row.number,
                failure=failure,
                message=message,
                step=step,
            )
        )

    def finish(self, trial: Trial) -> list[Command]:
        row = self.state.trials[trial.trial_id]
        facts = {"worker_id": row.worker_id, "trial_id": row.trial_id, "number": row.number}
        first, *more = self.tell(TrialFinished(**facts, step=trial.steps))
        assert first == Commit(trial_id=row.trial_id, number=row.number)
        return [*more, *self.tell(CommitDecided(trial_id=row.trial_id, number=row.number))]


def admitted(commands: list[Command]) -> list[tuple[str, str]]:
    return [(c.worker_id, c.assignment.trial.trial_id) for c in commands if isinstance(c, Admit)]
