"""A worker: owns one engine and what the trials on it need besides steps: checkpoints, history, results.

One thread calls `advance` again and again and is the only one to touch the engine. `admit`, `cancel` and `request_stop`
may be called from any thread; they leave a request that the next `advance` serves. A worker writes below its attempts'
prefixes alone and never commits.

A trial waits until its attempt is claimed and there is a place on board, steps there, and leaves its place when it has
been measured: what is left to write is written aside, while others step (`pipeline.clerk`).

Who is blamed when something raises:
- admitting, checkpointing or finishing a trial: that trial;
- a step that ran out of memory: the newest trial. Such a step must have changed no scene; the others go on;
- a step with one trial on board: that trial;
- a step with several: nobody yet. All go back to the queue uncharged, and each runs alone until past that step;
- a device error that outlives the call (CUDA's are sticky): the worker; `advance` raises `WorkerBroken`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from pipeline.blame import classify, raise_if_broken, told
from pipeline.clerk import Clerk, Elsewhere, Run
from pipeline.engine import CorruptCheckpoint, Engine, Outcome, StepReport
from pipeline.events import (
    Assignment,
    FailureClass,
    TrialCheckpointed,
    TrialFinished,
    TrialProgress,
    TrialReturned,
    WorkerEvent,
    WorkerReady,
    WorkerStarting,
)
from pipeline.metrics import Meter, NullMeter, WorkerMeter
from pipeline.provenance import software
from pipeline.record import attempts
from pipeline.record.attempts import Checkpoint
from pipeline.storage import Storage

EngineFactory = Callable[[], Engine]


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """A trial is checkpointed every `every_steps` steps and every `every_seconds`, whichever comes first; its newest
    `keep` checkpoints are kept. It is once more before it is measured, where that took `worth_seconds` or more to
    compute since the last one. Progress is told every `progress_seconds`. A trial's history has about `history_rows`
    rows at most."""

    every_steps: int = 250
    every_seconds: float = 120.0
    keep: int = 2
    worth_seconds: float = 10.0
    progress_seconds: float = 1.0
    history_rows: int = 2000

    def __post_init__(self) -> None:
        if self.worth_seconds < 0:
            raise ValueError(f"worth_seconds = {self.worth_seconds!r}: must be at least 0")
        for name in ("every_steps", "keep", "history_rows"):
            if getattr(self, name) < 1:
                raise ValueError(f"checkpoint.{name} = {getattr(self, name)!r}: must be at least 1")
        if self.every_seconds <= 0:
            raise ValueError(f"checkpoint.every_seconds = {self.every_seconds!r}: must be above 0")


@dataclass(frozen=True)
class _Stop:
    deadline: float
    failure: FailureClass


class Worker:
    """See the module. `clock` measures durations, `wall` is seconds since 1970.

    What needs no engine is done `elsewhere`; by default here and at once, and `advance` tells of it.
    """

    def __init__(
        self,
        worker_id: str,
        engine_factory: EngineFactory,
        storage: Storage,
        options: WorkerOptions,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        meter: Meter | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.worker_id = worker_id
        self.stopped = False
        self.ending = FailureClass.STOPPED  # how it ends once it has stopped: stopped or preemption
        self._factory, self._storage, self._options = engine_factory, storage, options
        self._clock, self._wall = clock, wall
        self._meter = WorkerMeter(meter or NullMeter(), clock)
        self._engine: Engine | None = None
        self._preparing: Generator[str, None, None] | None = None
        self._runs: dict[str, Run] = {}
        self._most: int | None = None  # trials on board, once there were too many
        self._told_at = -math.inf
        self._leaving: _Stop | None = None
        self._changed = threading.Condition()
        self._requests: list[str | _Stop] = []
        self._news: list[WorkerEvent] = []
        elsewhere = elsewhere or Elsewhere(lambda work: work(), self._news.extend)
        self._tell = elsewhere.tell
        self._clerk = Clerk(worker_id, storage, self._changed, elsewhere)

    # ---- from any thread ---------------------------------------------------------------------------------------------

    def admit(self, assignment: Assignment) -> None:
        """Run this attempt from the next step on at which there is a place. Said again, it does nothing."""
        run = Run(assignment)
        with self._changed:
            if self._leaving or any(isinstance(request, _Stop) for request in self._requests):
                self._tell([run.failed(self.worker_id, FailureClass.STOPPED, "the worker stops")])
                return
        self._clerk.expect(run)

    def cancel(self, trial_id: str) -> None:
        """Checkpoint the trial and drop it; reported as stopped."""
        self._request(trial_id)

    def request_stop(self, seconds: float, failure: FailureClass = FailureClass.STOPPED) -> None:
        """Checkpoint what can be within `seconds`, report every trial as `failure` (stopped or preemption), and end."""
        self._request(_Stop(self._clock() + seconds, failure))

    def wait(self, timeout: float) -> None:
        """Return when there is something to do for `advance` or nothing ever will be, or after `timeout` seconds."""
        with self._changed:
            if self._leaving is not None:
                timeout = min(timeout, max(0.0, self._leaving.deadline - self._clock()))
            self._changed.wait_for(lambda: self.busy or self.stopped, timeout)

    @property
    def busy(self) -> bool:
        """Whether `advance` would do anything."""
        starting = self._engine is None or self._preparing is not None
        at_hand = bool(self._runs or self._requests or self._news) or self._clerk.next() is not None
        return not self.stopped and (starting or at_hand or self._may_leave())

    def _request(self, request: str | _Stop) -> None:
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    # ---- from the one thread -----------------------------------------------------------------------------------------

    def advance(self) -> list[WorkerEvent]:
        """Serve the requests, then step every trial once. The first calls build and prepare the engine, and raise what
        that does.

        Raises WorkerBroken when no further step is possible in this process.
        """
        if self.stopped:
            return []
        if self._engine is None:
            if self._is_stop_requested():
                return []
            self._engine = self._factory()
            self._preparing = self._engine.prepare()
        if self._preparing is not None:
            return self._prepare(self._engine, self._preparing)
        events = [event for request in self._take_requests() for event in self._serve(self._engine, request)]
        events += self._board(self._engine)
        if self._runs:
            events += self._step(self._engine)
            events += self._progress()
        if self._may_leave():
            events += self._leave()
        events = self._take_news() + events
        oldest = max((self._clock() - run.saved_at for run in self._runs.values()), default=0.0)
        self._meter.board(len(self._runs), self._engine.capacity(), oldest)
        return events

    def _prepare(self, engine: Engine, preparing: Generator[str, None, None]) -> list[WorkerEvent]:
        """One piece of what comes before the first trial."""
        if self._is_stop_requested():
            preparing.close()
            return []
        doing = next(preparing, None)
        if doing is None:
            self._preparing = None
            return [WorkerReady(worker_id=self.worker_id, capacity=engine.capacity(), device=engine.device)]
        if self._clock() - self._told_at < self._options.progress_seconds:
            return []
        self._told_at = self._clock()
        return [WorkerStarting(worker_id=self.worker_id, doing=doing)]

    def _is_stop_requested(self) -> bool:
        """Whether a stop waits while nothing is on board yet; then it is served."""
        with self._changed:
            stops = [request for request in self._requests if isinstance(request, _Stop)]
        if stops:
            self.ending, self.stopped = stops[0].failure, True
        return bool(stops)

    def _take_requests(self) -> list[str | _Stop]:
        with self._changed:
            requests, self._requests = self._requests, []
        return requests

    def _take_news(self) -> list[WorkerEvent]:
        with self._changed:
            news = list(self._news)
            self._news.clear()
        return news

    def _serve(self, engine: Engine, request: str | _Stop) -> Iterator[WorkerEvent]:
        match request:
            case str():
                run = self._runs.get(request)
                if run is not None:
                    yield from self._let_go(engine, run, FailureClass.STOPPED, "cancelled")
                for waiting in self._clerk.let_go(request):
                    yield waiting.failed(self.worker_id, FailureClass.STOPPED, "cancelled")
            case _Stop():
                yield from self._stop(engine, request)

    def _board(self, engine: Engine) -> Iterator[WorkerEvent]:
        """Take on board who has waited, while there are places."""
        while self._leaving is None and (run := self._clerk.next()) is not None:
            limits = [self._most, *(each.assignment.places for each in (run, *self._runs.values()))]
            if any(limit is not None and len(self._runs) >= limit for limit in limits):
                return
            self._clerk.board(run)
            yield from self._admit(engine, run)

    def _admit(self, engine: Engine, run: Run) -> Iterator[WorkerEvent]:
        run.started_at, run.saved_at = self._wall(), self._clock()
        try:
            self._load(engine, run)
        except Exception as error:  # whatever it is, it is this trial's
            raise_if_broken(error)
            yield self._failed(run, classify(error), told(error))
            return
        if not self._runs:
            self._told_at = self._clock()
        self._runs[run.trial.trial_id] = run
        if run.ended:  # it stood at its end when its last worker went
            yield from self._finish(engine, run)

    def _load(self, engine: Engine, run: Run) -> None:
        """Admit the trial from its best checkpoint that the engine can read, or from nothing."""
        trial_id, resume_from, above = run.trial.trial_id, run.assignment.resume_from, run.assignment.above
        found: Iterator[Checkpoint] = iter(())
        if resume_from is not None:
            found = attempts.checkpoints(self._storage, trial_id, resume_from, above)
        for checkpoint in found:
            try:
                run.step = engine.admit(run.trial, checkpoint.blob)
            except CorruptCheckpoint:
                continue  # whole, but of another version: the one before may do
            run.rows, run.seconds = list(checkpoint.rows), checkpoint.seconds
            run.saved_step, run.saved_seconds, run.told_step = run.step, run.seconds, run.step
            run.ended = checkpoint.ended or run.step >= run.trial.steps
            if run.ended and run.rows:
                run.metrics = {name: value for name, value in run.rows[-1].items() if name != "step"}
            return
        run.step = engine.admit(run.trial, None)

    def _step(self, engine: Engine) -> list[WorkerEvent]:
        began = self._clock()
        try:
            reports = engine.step()
        except Exception as error:  # blamed by the rules above
            raise_if_broken(error)
            return list(self._blame(engine, error))
        took = self._clock() - began
        self._meter.stepped(len(reports))
        return [event for report in reports for event in self._stepped(engine, report, took)]

    def _blame(self, engine: Engine, error: Exception) -> Iterator[WorkerEvent]:
        runs = list(self._runs.values())
        failure = classify(error)
        if failure is FailureClass.OUT_OF_MEMORY or len(runs) == 1:
            newest = runs[-1]
            if failure is FailureClass.OUT_OF_MEMORY:
                self._most = max(1, len(runs) - 1)
            failed = self._failed(newest, failure, told(error))
            self._drop(engine, newest)
            yield failed
            return
        for run in runs:
            self._drop(engine, run)
            yield TrialReturned(
                worker_id=self.worker_id,
                trial_id=run.trial.trial_id,
                number=run.assignment.number,
                message=f"a step of {len(runs)} trials failed: {told(error)}",
                step=run.step,
                pack=len(runs),
            )

    def _stepped(self, engine: Engine, report: StepReport, took: float) -> Iterator[WorkerEvent]:
        run = self._runs[report.trial_id]
        run.step, run.metrics = report.step, dict(report.metrics)
        run.seconds += took
        stride = -(-run.trial.steps // self._options.history_rows)
        if report.step % stride == 0 or report.finished:
            run.rows.append({"step": report.step, **report.metrics})
        if report.verdict == "diverged":
            yield self._failed(run, FailureClass.DIVERGENCE, report.reason or "diverged")
            self._drop(engine, run)
        elif report.finished:
            run.ended = True
            yield from self._finish(engine, run)
        elif self._is_due(run):
            yield from self._checkpoint(engine, run)

    def _is_due(self, run: Run) -> bool:
        late = self._clock() - run.saved_at >= self._options.every_seconds
        return late or run.step - run.saved_step >= self._options.every_steps

    def _checkpoint(self, engine: Engine, run: Run) -> Iterator[WorkerEvent]:
        """Save the trial; if that fails, give its attempt up."""
        try:
            self._save(engine, run)
        except Exception as error:  # the trial's own blob, or the storage: it is charged, others go on
            raise_if_broken(error)
            yield self._failed(run, classify(error), f"checkpoint: {told(error)}")
            self._drop(engine, run)
            return
        yield TrialCheckpointed(
            worker_id=self.worker_id, trial_id=run.trial.trial_id, number=run.assignment.number, step=run.step
        )

    def _save(self, engine: Engine, run: Run) -> None:
        self._write(run, self._taken(engine, run))

    def _taken(self, engine: Engine, run: Run) -> Checkpoint:
        """The trial as it stands."""
        return Checkpoint(
            number=run.assignment.number,
            step=run.step,
            blob=engine.checkpoint(run.trial.trial_id),
            rows=run.rows,
            seconds=run.seconds,
            ended=run.ended,
        )

    def _write(self, run: Run, checkpoint: Checkpoint) -> None:
        began = self._clock()
        attempts.save_checkpoint(self._storage, run.trial.trial_id, checkpoint, self._options.keep)
        run.saved_step, run.saved_seconds, run.saved_at = run.step, run.seconds, self._clock()
        self._meter.saved(len(checkpoint.blob), run.saved_at - began)

    def _finish(self, engine: Engine, run: Run) -> Iterator[WorkerEvent]:
        """Measure the scene as it ended, and have it written down, or else how it stood before that failed."""
        trial_id, number = run.trial.trial_id, run.assignment.number
        last: Checkpoint | None = None
        try:
            if run.step > run.saved_step and run.seconds - run.saved_seconds >= self._options.worth_seconds:
                last = self._taken(engine, run)
            outcome = engine.finish(trial_id)
            row = self._result(engine, run, outcome)
        except Exception as error:  # whatever it is, it is this trial's
            raise_if_broken(error)
            failed = self._failed(run, classify(error), f"finish: {told(error)}")
            self._drop(engine, run)
            self._clerk.close(run, lambda: self._saved_before(run, last, failed))
            return
        if outcome.verdict == "diverged":
            yield self._failed(run, FailureClass.DIVERGENCE, outcome.reason or "diverged")
            self._drop(engine, run)
            return
        self._runs.pop(trial_id)
        finished = TrialFinished(worker_id=self.worker_id, trial_id=trial_id, number=number, step=run.step)

        def write() -> WorkerEvent:
            self._saved_before(run, last, finished)
            attempts.finish(self._storage, trial_id, number, row, run.rows, outcome.views, outcome.files)
            return finished

        self._clerk.close(run, write)

    def _saved_before(self, run: Run, last: Checkpoint | None, event: WorkerEvent) -> WorkerEvent:
        if last is not None:
            self._write(run, last)
        return event

    def _result(self, engine: Engine, run: Run, outcome: Outcome) -> dict[str, object]:
        """The row of `trials` as far as a worker knows it; the counts of attempts come from the journal."""
        trial = run.trial
        return {
            "trial_id": trial.trial_id,
            "prompt": trial.prompt,
            "seed": trial.seed,
            "variant": trial.variant,
            "tags": dict(trial.tags),
            "status": "completed",
            "verdict": outcome.verdict,
            "reason": outcome.reason,
            "steps": run.step,
            "attempt": run.assignment.number,
            "seconds": run.seconds,
            "steps_per_second": run.step / run.seconds if run.seconds > 0 else None,
            "device": engine.device,
            "prior": dict(trial.prior),
            "parent": trial.parent or None,
            "guide": outcome.guide or None,
            "note": outcome.note or None,
            "software": software(),
            "started_at": run.started_at,
            "finished_at": self._wall(),
            "config": dict(trial.config),
            "metrics": {**run.metrics, **outcome.metrics},
        }

    def _stop(self, engine: Engine, stop: _Stop) -> Iterator[WorkerEvent]:
        """Let go of who waits, and checkpoint trial by trial while time is left."""
        self._leaving = stop
        for run in self._clerk.let_go():
            yield run.failed(self.worker_id, stop.failure, stop.failure.said)
        for run in list(self._runs.values()):
            save = self._clock() < stop.deadline
            yield from self._let_go(engine, run, stop.failure, stop.failure.said, save)

    def _may_leave(self) -> bool:
        """Whether it was told to stop, and nothing is being written any more or its time is over."""
        stop = self._leaving
        return stop is not None and (not self._clerk.is_writing or self._clock() >= stop.deadline)

    def _leave(self) -> Iterator[WorkerEvent]:
        assert self._leaving is not None, "told to stop"
        for run in self._clerk.abandon():
            yield run.failed(
                self.worker_id, self._leaving.failure, f"{self._leaving.failure.said} while it was written"
            )
        self.ending, self.stopped = self._leaving.failure, True

    def _let_go(
        self, engine: Engine, run: Run, failure: FailureClass, said: str, save: bool = True
    ) -> Iterator[WorkerEvent]:
        """End the attempt, with a checkpoint where there is something to save and time for it."""
        if save and run.step > run.saved_step:
            yield from self._checkpoint(engine, run)
        if run.trial.trial_id in self._runs:
            yield self._failed(run, failure, said)
            self._drop(engine, run)

    def _progress(self) -> list[WorkerEvent]:
        """About once every `progress_seconds`, one event a trial on board."""
        since = self._clock() - self._told_at
        if since < self._options.progress_seconds:
            return []
        self._told_at += since
        events: list[WorkerEvent] = []
        for run in self._runs.values():
            events.append(
                TrialProgress(
                    worker_id=self.worker_id,
                    trial_id=run.trial.trial_id,
                    number=run.assignment.number,
                    step=run.step,
                    steps_per_second=(run.step - run.told_step) / since,
                    metrics=run.metrics,
                )
            )
            run.told_step = run.step
        return events

    def _drop(self, engine: Engine, run: Run) -> None:
        trial_id = run.trial.trial_id
        self._runs.pop(trial_id)
        if trial_id in engine.running():  # a failed `finish` may have dropped it already
            engine.drop(trial_id)

    def _failed(self, run: Run, failure: FailureClass, message: str) -> WorkerEvent:
        """The event, told while it is on board, or was about to be."""
        return run.failed(self.worker_id, failure, message, len({*self._runs, run.trial.trial_id}))
