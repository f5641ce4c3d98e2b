"""Where a sweep stands: plain frozen data, rebuilt from storage by each driver.

A trial has a place, its position in the plan, and one row here. The table is immutable and cheap to change: rows lie in
blocks, and a changed row copies its block alone, so that 100,000 trials cost microseconds an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.events import FailureClass
from pipeline.trial import Trial

_BLOCK = 256
# Workers that may die with a trial on board before it gets one to itself.
DEATHS_TO_QUARANTINE = 2


class Status(StrEnum):
    """`waiting` is pending, but not before `not_before`. `committed` is final; `failed` and `cancelled` until
    somebody asks for another try."""

    PENDING = "pending"
    WAITING = "waiting"
    RUNNING = "running"
    COMMITTED = "committed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class TrialState:
    """One trial.

    `number` is its last attempt, 0 before the first; `resume_from` the last attempt that may have left a checkpoint to
    start from; the checkpoints of attempts up to `barred` led to divergence. `failures` counts attempts of this round
    by how they ended. `saved` is the step of its newest checkpoint; `deaths` counts the workers that died with the
    trial on board since it came further, past `died_saved`, and with too many it is `quarantined`: it gets a worker to
    itself. `since` is when its worker was given it. `pack_cap` is how many trials may be on a worker that has this one
    (None: as many as fit); until the step `alone_until` is passed it is alone there. `failed_by` is the class that used
    up its budget. A running trial with no `worker_id` has finished and awaits its commit; one that is `unwanted` is to
    be dropped by its worker.
    """

    trial: Trial
    status: Status = Status.PENDING
    round: int = 1
    number: int = 0
    resume_from: int | None = None
    barred: int = 0
    worker_id: str = ""
    since: float = 0.0
    step: int = 0
    steps_per_second: float = 0.0
    not_before: float = 0.0
    failures: Mapping[FailureClass, int] = field(default_factory=dict)
    deaths: int = 0
    died_saved: int = 0
    saved: int = 0
    pack_cap: int | None = None
    alone_until: int | None = None
    unwanted: bool = False
    failed_by: FailureClass | None = None
    reason: str = ""

    @property
    def trial_id(self) -> str:
        return self.trial.trial_id

    @property
    def quarantined(self) -> bool:
        """Whether it gets a worker to itself because others have died with it."""
        return self.deaths >= DEATHS_TO_QUARANTINE

    @property
    def pack_limit(self) -> int | None:
        """How many trials may be on a worker that has this one, now."""
        return 1 if self.quarantined or self.alone_until is not None else self.pack_cap


def device_kind(device: str) -> str:
    """The kind of a device by the name that its worker told: without the id of the one device at the end."""
    return re.sub(r"\s*\b(?:GPU-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "", device)


class WorkerStatus(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    """One worker. `running` are trial ids in order of admission: on board, waiting there for a place, or with files
    that are still being written. `since` is when its status last changed or it last
    became idle, `doing` what it does while it starts, in words."""

    worker_id: str
    status: WorkerStatus = WorkerStatus.STARTING
    capacity: int = 0
    device: str = ""
    doing: str = ""
    running: tuple[str, ...] = ()
    since: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How many retries each failure class has; preemptions and stops are never charged. Infrastructure failures wait
    `backoff_seconds`, doubled each time, at most `backoff_limit`."""

    user: int = 1
    infrastructure: int = 5
    out_of_memory: int = 2
    divergence: int = 0
    backoff_seconds: float = 2.0
    backoff_limit: float = 300.0

    def __post_init__(self) -> None:
        for name in ("user", "infrastructure", "out_of_memory", "divergence", "backoff_seconds", "backoff_limit"):
            if getattr(self, name) < 0:
                raise ValueError(f"retries.{name} = {getattr(self, name)!r}: must be at least 0")

    def budget(self, failure: FailureClass) -> int | None:
        """Retries for the class; None for a class that is never charged."""
        budgets = {
            FailureClass.USER: self.user,
            FailureClass.INFRASTRUCTURE: self.infrastructure,
            FailureClass.OUT_OF_MEMORY: self.out_of_memory,
            FailureClass.DIVERGENCE: self.divergence,
            FailureClass.POISON: 0,
        }
        return budgets.get(failure)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the scheduler may do. Times are in seconds.

    `max_workers` live at once; an idle one is kept `idle_seconds` while trials run elsewhere. Trials are spread over
    the workers that are expected: one that starts is waited for at most `patience_seconds` before others take its
    share. While trials last `ahead_seconds` at most, each worker is given as many again as it has places, so that the
    next is there when one ends (0: never). `stop_seconds` is how long workers get to checkpoint. The sweep stops when
    its first `stop_after_same_failures` failed trials failed with one user error and none succeeded (0: never), or
    after `max_start_failures` workers in a row died before they were ready. With `reseed`, a trial that failed by
    divergence gets a child with another seed.
    """

    retries: Retries = Retries()
    max_workers: int = 1
    idle_seconds: float = 30.0
    patience_seconds: float = 60.0
    ahead_seconds: float = 10.0
    stop_seconds: float = 60.0
    stop_after_same_failures: int = 3
    max_start_failures: int = 3
    reseed: bool = False

    def __post_init__(self) -> None:
        for name, least in (("max_workers", 1), ("stop_after_same_failures", 0), ("max_start_failures", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)!r}: must be at least {least}")


class TrialTable:
    """An immutable sequence of `TrialState`, also found by trial id."""

    def __init__(self, blocks: tuple[tuple[TrialState, ...], ...], places: Mapping[str, int]) -> None:
        self._blocks, self._places = blocks, places

    @staticmethod
    def of(rows: Iterable[TrialState]) -> TrialTable:
        """The table of `rows`, in order. Raises ValueError for two rows of one trial."""
        listed = tuple(rows)
        places = {row.trial_id: place for place, row in enumerate(listed)}
        if len(places) != len(listed):
            double = next(row for place, row in enumerate(listed) if places[row.trial_id] != place)
            raise ValueError(f"trial {double.trial_id} is in the plan twice (prompt {double.trial.prompt!r})")
        blocks = tuple(listed[start : start + _BLOCK] for start in range(0, len(listed), _BLOCK))
        return TrialTable(blocks, places)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[TrialState]:
        for block in self._blocks:
            yield from block

    def __contains__(self, trial_id: object) -> bool:
        return trial_id in self._places

    def __getitem__(self, trial_id: str) -> TrialState:
        return self.at(self._places[trial_id])

    def find(self, trial_id: str) -> TrialState | None:
        """The trial's row, None for a trial that is not of this sweep."""
        return self.at(self._places[trial_id]) if trial_id in self._places else None

    def at(self, place: int) -> TrialState:
        return self._blocks[place // _BLOCK][place % _BLOCK]

    def place(self, trial_id: str) -> int:
        return self._places[trial_id]

    def add(self, row: TrialState) -> TrialTable:
        """The table with one more row at its end."""
        assert row.trial_id not in self, "it is there"
        full = not self._blocks or len(self._blocks[-1]) == _BLOCK
        blocks = (*self._blocks, (row,)) if full else (*self._blocks[:-1], (*self._blocks[-1], row))
        return TrialTable(blocks, {**self._places, row.trial_id: len(self)})

    def replace(self, row: TrialState) -> TrialTable:
        """The table with this trial's row exchanged."""
        index, within = divmod(self._places[row.trial_id], _BLOCK)
        block = self._blocks[index]
        changed = (*block[:within], row, *block[within + 1 :])
        return TrialTable((*self._blocks[:index], changed, *self._blocks[index + 1 :]), self._places)


@dataclass(frozen=True, kw_only=True)
class SweepState:
    """The whole sweep.

    Trials from place `cursor` on have not been looked at in this run; `returned` are the places that wait for another
    attempt, rising. `counts` has a number for every status. `stopping` means that no trial is admitted
    any more; `pack_caps` is how many trials a worker takes at most on each kind of device that ran out of memory;
    `halted` says why if the scheduler decided that itself; `short` whether the last trial that ended lasted no longer
    than `Policy.ahead_seconds`.
    """

    trials: TrialTable
    policy: Policy
    epoch: int = 1
    now: float = 0.0
    workers: Mapping[str, WorkerState] = field(default_factory=dict)
    pack_caps: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[Status, int] = field(default_factory=dict)
    cursor: int = 0
    returned: tuple[int, ...] = ()
    workers_started: int = 0
    start_failures: int = 0
    start_not_before: float = 0.0
    first_failures: tuple[str, ...] = ()
    succeeded: bool = False
    short: bool = False
    stopping: bool = False
    halted: str = ""

    @staticmethod
    def of(
        rows: Iterable[TrialState], policy: Policy, epoch: int = 1, pack_caps: Mapping[str, int] | None = None
    ) -> SweepState:
        """A sweep with these trials and no workers yet. Raises ValueError for two rows of one trial."""
        table = TrialTable.of(rows)
        counts = dict.fromkeys(Status, 0)
        for row in table:
            counts[row.status] += 1
        return SweepState(trials=table, policy=policy, epoch=epoch, counts=counts, pack_caps=pack_caps or {})

    @property
    def unfinished(self) -> int:
        """Trials that are neither committed, failed nor cancelled."""
        over = (Status.COMMITTED, Status.FAILED, Status.CANCELLED)
        return len(self.trials) - sum(self.counts[status] for status in over)

    def running(self) -> list[TrialState]:
        """The trials on workers now, by worker and order of admission."""
        return [self.trials[trial_id] for worker in self.workers.values() for trial_id in worker.running]
