"""What a worker does aside, in any thread, while its engine steps: claim attempts, and write what ended ones left.

An attempt waits here until it is claimed and there is a place for it on board, and is here again when it has ended and
its files are being written. How it ends, one event tells, unless the worker has let go of it before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.blame import classify, told
from pipeline.events import Assignment, FailureClass, TrialFailed, WorkerEvent
from pipeline.record import attempts
from pipeline.storage import Storage
from pipeline.trial import Trial

Work = Callable[[], None]


@dataclass(frozen=True)
class Elsewhere:
    """`do` does work now or later, once, in any thread; `tell` gets the events that it brings about. The engine waits
    while `most` attempts that have ended are still being written (None: never)."""

    do: Callable[[Work], object]
    tell: Callable[[list[WorkerEvent]], None]
    most: int | None = None


@dataclass
class Run:
    """One attempt. `claimed` says that it is this worker's. `seconds` is optimisation time, over the attempts before
    too, `saved_seconds` of it before the last checkpoint; `saved_step` is the step of that, `told_step` that of the
    last progress event. `ended` says that there is no further step to do."""

    assignment: Assignment
    claimed: bool = False
    step: int = 0
    started_at: float = 0.0
    rows: list[attempts.Row] = field(default_factory=list)
    seconds: float = 0.0
    saved_seconds: float = 0.0
    saved_step: int = 0
    saved_at: float = 0.0
    told_step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    ended: bool = False

    @property
    def trial(self) -> Trial:
        return self.assignment.trial

    def failed(self, worker_id: str, failure: FailureClass, message: str, pack: int | None = None) -> TrialFailed:
        """The event that says so."""
        return TrialFailed(
            worker_id=worker_id,
            trial_id=self.trial.trial_id,
            number=self.assignment.number,
            failure=failure,
            message=message,
            step=self.step,
            pack=pack,
        )


class Clerk:
    """See the module. `changed` guards everything and is notified when there is something to do for the worker."""

    def __init__(self, worker_id: str, storage: Storage, changed: threading.Condition, elsewhere: Elsewhere) -> None:
        self._worker_id, self._storage, self._changed = worker_id, storage, changed
        self._elsewhere = elsewhere
        self._expected: dict[str, int] = {}  # the last attempt of each trial
        self._waiting: dict[str, Run] = {}  # in order
        self._closing: dict[str, Run] = {}

    # ---- before ------------------------------------------------------------------------------------------------------

    def expect(self, run: Run) -> None:
        """Let the attempt wait for a place, and claim it meanwhile; once, however often this is said."""
        trial_id, number = run.trial.trial_id, run.assignment.number
        with self._changed:
            if number <= self._expected.get(trial_id, 0):
                return
            self._expected[trial_id] = number
            self._waiting[trial_id] = run
        self._elsewhere.do(lambda: self._claim(run))

    def next(self) -> Run | None:
        """The first that is claimed and waits for a place."""
        with self._changed:
            return next((run for run in self._waiting.values() if run.claimed), None)

    def board(self, run: Run) -> None:
        """It has its place."""
        with self._changed:
            del self._waiting[run.trial.trial_id]

    def _claim(self, run: Run) -> None:
        trial_id, number = run.trial.trial_id, run.assignment.number
        try:
            if attempts.claim(self._storage, trial_id, number, self._worker_id):
                with self._changed:
                    run.claimed = True
                    self._changed.notify_all()
                return
            failure, message = FailureClass.INFRASTRUCTURE, f"attempt {number} has been executed before"
        except Exception as error:  # the storage's; it is charged to this attempt
            failure, message = classify(error), told(error)
        self._settle(self._waiting, run, run.failed(self._worker_id, failure, message))

    # ---- after -------------------------------------------------------------------------------------------------------

    def close(self, run: Run, write: Callable[[], WorkerEvent]) -> None:
        """The attempt has ended, and `write` writes what is left of it and says how. Only the engine's thread waits
        here, never one that a stop or a cancel comes by."""
        most = self._elsewhere.most
        with self._changed:
            self._changed.wait_for(lambda: most is None or len(self._closing) < most)
            self._closing[run.trial.trial_id] = run
        self._elsewhere.do(lambda: self._write(run, write))

    def _write(self, run: Run, write: Callable[[], WorkerEvent]) -> None:
        try:
            event = write()
        except Exception as error:  # the storage's, or of what was to be written
            event = run.failed(self._worker_id, classify(error), f"finish: {told(error)}")
        self._settle(self._closing, run, event)

    def _settle(self, place: dict[str, Run], run: Run, event: WorkerEvent) -> None:
        with self._changed:
            if place.get(run.trial.trial_id) is run:
                self._elsewhere.tell([event])
                del place[run.trial.trial_id]
                self._changed.notify_all()

    # ---- both --------------------------------------------------------------------------------------------------------

    @property
    def is_writing(self) -> bool:
        with self._changed:
            return bool(self._closing)

    def let_go(self, trial_id: str | None = None) -> list[Run]:
        """Forget who waits, all or this trial; it has no place yet, and gets none."""
        with self._changed:
            gone = [run for run in self._waiting.values() if trial_id in (None, run.trial.trial_id)]
            for run in gone:
                del self._waiting[run.trial.trial_id]
            return gone

    def abandon(self) -> list[Run]:
        """Forget those whose files are being written, too."""
        with self._changed:
            gone = [*self._waiting.values(), *self._closing.values()]
            self._waiting.clear()
            self._closing.clear()
            return gone
