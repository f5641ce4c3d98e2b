"""What workers tell the driver. Plain frozen values that pickle; times are seconds of the driver's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.trial import Trial


class FailureClass(StrEnum):
    """Why an attempt ended without a result. Each class has its own budget."""

    USER = "user"  # an exception that will come again: bad config, bad prior, a bug
    INFRASTRUCTURE = "infrastructure"  # the worker or its node vanished, storage failed
    PREEMPTION = "preemption"  # announced; never charged
    OUT_OF_MEMORY = "out_of_memory"
    DIVERGENCE = "divergence"  # the scene's own verdict: diverged
    POISON = "poison"  # workers die of it; never tried again
    STOPPED = "stopped"  # asked for by the user; never charged

    @property
    def said(self) -> str:
        """What happened, in a word or two."""
        return "preempted" if self is FailureClass.PREEMPTION else self.value.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A trial given to a worker as attempt `number`. It starts from the newest checkpoint of the attempts up to
    `resume_from`, and after `above`; from nothing if there is none. It waits until fewer than `places` trials are on
    board (None: it does not wait)."""

    trial: Trial
    number: int
    resume_from: int | None = None
    above: int = 0
    places: int | None = None


@dataclass(frozen=True, kw_only=True)
class WorkerEvent:
    worker_id: str


@dataclass(frozen=True, kw_only=True)
class WorkerStarting(WorkerEvent):
    """What the worker does before it is ready, in words. Never needed for correctness."""

    doing: str


@dataclass(frozen=True, kw_only=True)
class WorkerReady(WorkerEvent):
    """The prior is loaded; `capacity` trials can run at once. `device` is for people (name, UUID)."""

    capacity: int
    device: str


@dataclass(frozen=True, kw_only=True)
class WorkerDraining(WorkerEvent):
    """The worker's node will be gone in `seconds`. It goes on working until it is told to stop."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class WorkerLost(WorkerEvent):
    """The worker is gone for certain; what it ran goes back to the queue, charged to `failure`."""

    failure: FailureClass
    message: str


@dataclass(frozen=True, kw_only=True)
class TrialEvent(WorkerEvent):
    trial_id: str
    number: int


@dataclass(frozen=True, kw_only=True)
class TrialProgress(TrialEvent):
    """Steps done so far and the latest metrics; sent about once a second, never needed for correctness."""

    step: int
    steps_per_second: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class TrialCheckpointed(TrialEvent):
    step: int


@dataclass(frozen=True, kw_only=True)
class TrialFinished(TrialEvent):
    """The attempt's tables and its `done.json` are in storage; only the commit is missing."""

    step: int


@dataclass(frozen=True, kw_only=True)
class TrialFailed(TrialEvent):
    """`pack` is how many trials were on board, itself included; None if it was not on board any more, or not yet."""

    failure: FailureClass
    message: str
    step: int
    pack: int | None = None


@dataclass(frozen=True, kw_only=True)
class TrialReturned(TrialEvent):
    """The attempt ended and nobody knows whose fault it was: a step of a pack of several failed. Not charged; the next
    attempt is alone on its worker until it is past that step, so that the fault shows itself there. `pack` as in
    `TrialFailed`."""

    message: str
    step: int
    pack: int | None = None
