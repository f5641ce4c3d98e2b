"""What the scheduler is asked besides the workers' events, and what it answers. Plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.events import Assignment, FailureClass, WorkerEvent
from pipeline.trial import Trial

# ---- the driver's own events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SweepStarted:
    """The driver begins. `finished` are attempts whose tables are complete and only lack the commit, `unrecorded` are
    trials whose failure is known from the journal, but not recorded, `childless` failed ones that should have been
    reseeded."""

    now: float
    finished: tuple[tuple[str, int], ...] = ()
    unrecorded: tuple[str, ...] = ()
    childless: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Time has passed."""

    now: float


@dataclass(frozen=True, kw_only=True)
class StopRequested:
    """The user wants everything checkpointed and stopped."""


@dataclass(frozen=True, kw_only=True)
class TrialsCancelled:
    """Nobody wants these trials any more."""

    trial_ids: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class TrialsReopened:
    """These trials are wanted again: cancelled ones go on, failed ones begin the named round."""

    rounds: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class CommitDecided:
    """The trial is committed, now or before, by this driver or another; for ever."""

    trial_id: str
    number: int


@dataclass(frozen=True, kw_only=True)
class CommitRefused:
    """The attempt's files are not what they should be, so that it cannot be committed."""

    trial_id: str
    number: int
    message: str


Event = (
    WorkerEvent | SweepStarted | Tick | StopRequested | TrialsCancelled | TrialsReopened | CommitDecided | CommitRefused
)

# ---- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class StartWorker:
    worker_id: str


@dataclass(frozen=True, kw_only=True)
class StopWorker:
    """Checkpoint what is on board within `seconds`, then go. `failure`, stopped or preemption, is how its attempts
    end."""

    worker_id: str
    seconds: float
    failure: FailureClass = FailureClass.STOPPED


@dataclass(frozen=True, kw_only=True)
class Admit:
    worker_id: str
    assignment: Assignment


@dataclass(frozen=True, kw_only=True)
class Drop:
    """Have the worker checkpoint the trial and let go of it. May be said more than once."""

    worker_id: str
    trial_id: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    trial_id: str
    number: int


@dataclass(frozen=True, kw_only=True)
class RecordFailure:
    """The trial is given up; its row in the state says why."""

    trial_id: str


@dataclass(frozen=True, kw_only=True)
class PlanTrial:
    """Add a trial to the stored plan. A later command may admit it."""

    trial: Trial


@dataclass(frozen=True, kw_only=True)
class Note:
    """A fact for the journal."""

    fact: Mapping[str, Any]


Command = StartWorker | StopWorker | Admit | Drop | Commit | RecordFailure | PlanTrial | Note
