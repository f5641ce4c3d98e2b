"""The one loop with effects: workers' events in, the scheduler's commands out, facts to storage.

The driver holds nothing that it could not rebuild by listing the storage, so it may die at any point. It is the only
one to commit, and it asks the lease before every commit and every journal write.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
    Tick,
    TrialsCancelled,
    TrialsReopened,
)
from pipeline.compactor import Beside, Compactor, at_once
from pipeline.errors import Fenced
from pipeline.events import TrialProgress
from pipeline.executors.base import Executor
from pipeline.lease import Lease, Owner
from pipeline.metrics import DriverMeter, NullMeter
from pipeline.plan import Plan, store_plan, stored_spec
from pipeline.record.attempts import DamagedAttempt, read_done
from pipeline.record.commit import Failure, commit, read_commit, record_failure
from pipeline.record.journal import Fact, Journal
from pipeline.record.orders import Cancel, Order, Retry, Standing, Stop, orders_from, standing
from pipeline.record.tracking import Tracker
from pipeline.recover import recover
from pipeline.schedule import decide
from pipeline.state import Policy, Status, SweepState, WorkerStatus
from pipeline.storage import Storage
from pipeline.trial import Trial

_SHOWN_TRIALS = 1000  # in a heartbeat


@dataclass(frozen=True, kw_only=True)
class DriverOptions:
    """Tables are compacted after `compact_commits` commits or `compact_seconds`, `beside` the loop, and at the end.
    `heartbeat_seconds` is the pace of the lease's thread, 0 for none. New orders are looked for every `orders_seconds`.
    A worker that does not go in its time to stop is killed `kill_seconds` later."""

    policy: Policy = field(default_factory=Policy)
    poll_seconds: float = 1.0
    compact_commits: int = 200
    compact_seconds: float = 600.0
    journal_seconds: float = 2.0
    journal_facts: int = 500
    heartbeat_seconds: float = 5.0
    orders_seconds: float = 3.0
    kill_seconds: float = 10.0
    owner: Owner | None = None
    beside: Beside = at_once


@dataclass(frozen=True, kw_only=True)
class Summary:
    """How a run ended. `committed` and `failed` (reasons by trial id) are of the whole sweep, as is `cancelled`; `ran`
    counts the commits of this run, `remaining` are the trials that are left. `message` says why it ended early, else
    is empty; `stopped` whether that was asked for."""

    total: int
    committed: int
    ran: int
    remaining: int
    failed: Mapping[str, str]
    cancelled: int
    stopped: bool
    message: str
    seconds: float


def drive(  # noqa: PLR0913, PLR0917  one argument for each thing that it touches
    plan: Iterable[Trial],
    storage: Storage,
    executor: Executor,
    options: DriverOptions,
    tracker: Tracker,
    compact: Callable[[Storage], object],
    observe: Callable[[SweepState], None],
    stop: threading.Event,
    clock: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
    meter: DriverMeter | None = None,
    heard: Callable[[Fact], object] = dict,
) -> Summary:
    """Run the plan until every trial is committed or failed, or until `stop` is set; then workers have checkpointed.

    `observe` gets every state. Raises LeaseHeld if another driver lives, Fenced if a newer one took over, StorageError
    for a journal that cannot be read; workers are killed on the way out of any error. The caller closes `executor` and
    `tracker`. `clock` is seconds since 1970 and may jump; `steady` measures durations. `heard` gets every fact of the
    journal as it comes up, before it is stored; it must not raise.
    """
    lease = Lease.acquire(storage, options.owner or Owner.current(), clock)
    try:
        journal = Journal(storage, lease.epoch, clock, lease.check, steady, heard)
        asked = standing(storage)
        found = recover(plan, storage, options.policy, lease.epoch, steady(), asked)
        meter = meter or DriverMeter(NullMeter())
        driver = _Driver(
            storage, executor, options, tracker, compact, steady, lease, journal, found.state, asked, meter
        )
        for row in found.opened:
            journal.add({"fact": "round_opened", "trial_id": row.trial_id, "round": row.round})
        driver.run(found.start, observe, stop)
    except Exception as error:
        lease.stop_beating()
        if not isinstance(error, Fenced):
            with contextlib.suppress(OSError, Fenced):  # it runs out by itself; the first error is the one to tell
                lease.release({})
        raise
    lease.release(snapshot(driver.state))
    return driver.summary(stop.is_set() or driver.told_to_stop)


def snapshot(state: SweepState) -> dict[str, Any]:
    """What a heartbeat tells of the progress: counts by status, workers, and the running trials."""
    running = [
        {
            "trial_id": row.trial_id,
            "number": row.number,
            "worker_id": row.worker_id,
            "step": row.step,
            "steps": row.trial.steps,
            "steps_per_second": round(row.steps_per_second, 3),
        }
        for row in state.running()[:_SHOWN_TRIALS]
    ]
    workers = {
        worker.worker_id: {"status": worker.status, "device": worker.device, "running": len(worker.running)}
        for worker in state.workers.values()
    }
    return {"counts": dict(state.counts), "workers": workers, "running": running, "halted": state.halted}


@dataclass
class _Driver:
    """What `drive` needs to carry the commands out."""

    storage: Storage
    executor: Executor
    options: DriverOptions
    tracker: Tracker
    compact: Callable[[Storage], object]
    steady: Callable[[], float]
    lease: Lease
    journal: Journal
    state: SweepState
    asked: Standing
    meter: DriverMeter
    ran: int = 0
    began: float = field(init=False)
    asked_at: float = field(init=False)
    compactor: Compactor = field(init=False)
    heartbeat_error: str = ""

    def __post_init__(self) -> None:
        self.began = self.asked_at = self.steady()
        options = self.options
        self.compactor = Compactor(
            self.storage, self.compact, options.beside, options.compact_commits, options.compact_seconds, self.steady
        )

    def run(self, start: Event, observe: Callable[[SweepState], None], stop: threading.Event) -> None:
        try:
            if self.options.heartbeat_seconds:
                self.lease.keep_beating(lambda: snapshot(self.state), self.options.heartbeat_seconds)
            self.loop(start, observe, stop)
        except BaseException:
            for worker_id in self.state.workers:
                self.executor.kill(worker_id)
            raise
        self.journal.flush()
        self.lease.check()
        self.compactor.finish()

    def loop(self, start: Event, observe: Callable[[SweepState], None], stop: threading.Event) -> None:
        if stop.is_set():
            self.handle(StopRequested())
        if self.state.unfinished:
            self.fit()
        self.handle(start)
        observe(self.state)
        while self.state.workers or (self.state.unfinished and not self.state.stopping):
            events = self.executor.poll(self.patience())
            self.meter.woke(len(events))
            self.handle(Tick(now=self.steady()))
            self.obey_if_due()
            if stop.is_set() and not self.state.stopping:
                self.handle(StopRequested())
            for event in events:
                self.handle(event)
            self.kill_the_late()
            if self.journal.due(self.options.journal_seconds, self.options.journal_facts):
                self.journal.flush()
            self.compact_if_due()
            self.note_heartbeat()
            observe(self.state)
            self.meter.turned(self.state)

    def fit(self) -> None:
        """Have no more workers than there is room for."""
        slots = self.executor.slots()
        if slots is not None:
            policy = self.state.policy
            policy = replace(policy, max_workers=max(1, min(policy.max_workers, slots)))
            self.state = replace(self.state, policy=policy)

    def handle(self, event: Event) -> None:
        """Decide about the event, carry the commands out, and do the same with what they bring about."""
        if isinstance(event, TrialProgress):
            self.tracker.progress(event.trial_id, event.step, event.metrics)
        self.state, commands = decide(self.state, event)
        for command in commands:
            answer = self.execute(command)
            if answer is not None:
                self.handle(answer)

    def execute(self, command: Command) -> Event | None:
        match command:
            case Note(fact=fact):
                self.journal.add(fact)
                self.meter.noted(fact)
            case StartWorker(worker_id=worker_id):
                self.executor.start(worker_id)
            case StopWorker(worker_id=worker_id, seconds=seconds, failure=failure):
                self.executor.stop(worker_id, seconds, failure)
            case Admit(worker_id=worker_id, assignment=assignment):
                self.settle()
                self.executor.admit(worker_id, assignment)
                self.tracker.trial_started(assignment.trial, assignment.number)
            case Drop(worker_id=worker_id, trial_id=trial_id):
                self.executor.cancel(worker_id, trial_id)
            case Commit(trial_id=trial_id, number=number):
                return self.commit(trial_id, number)
            case RecordFailure(trial_id=trial_id):
                self.settle()
                self.record_failure(trial_id)
            case PlanTrial(trial=trial):
                self.plan_trial(trial)
        return None

    @property
    def told_to_stop(self) -> bool:
        """Whether somebody has ordered this very driver to stop."""
        return self.asked.stopped >= self.lease.epoch

    def obey_if_due(self) -> None:
        """Look for new orders now and then, and do what they ask."""
        if self.steady() - self.asked_at < self.options.orders_seconds:
            return
        for order in orders_from(self.storage, self.asked.read):
            self.asked = self.asked.after(order)
            self.obey(order)
        self.asked_at = self.steady()

    def obey(self, order: Order) -> None:
        match order:
            case Cancel(trial_ids=trial_ids):
                self.handle(TrialsCancelled(trial_ids=trial_ids))
            case Retry(rounds=rounds):
                self.handle(TrialsReopened(rounds=rounds))
            case Stop():
                if self.told_to_stop and not self.state.stopping:
                    self.handle(StopRequested())

    def settle(self) -> None:
        """Write down what attempts have cost before anything follows from it."""
        if self.journal.urgent:
            self.journal.flush()

    def commit(self, trial_id: str, number: int) -> Event:
        began = self.meter.now()
        try:
            done = read_done(self.storage, trial_id, number)
        except DamagedAttempt as error:
            self.lease.check()
            return CommitRefused(trial_id=trial_id, number=number, message=str(error))
        self.lease.check()
        made = commit(self.storage, done)
        self.meter.committed(began, made)
        if not made:
            number = int(read_commit(self.storage, trial_id)["number"])
        else:
            self.ran += 1
            self.tracker.trial_committed(trial_id, done["row"])
        return CommitDecided(trial_id=trial_id, number=number)

    def record_failure(self, trial_id: str) -> None:
        self.lease.check()
        row = self.state.trials[trial_id]
        assert row.failed_by is not None, "a trial fails by a class"
        failure = Failure.of(
            row.trial,
            round=row.round,
            failure=row.failed_by,
            reason=row.reason,
            attempts=row.number,
            step=row.step,
            failures={kind.value: count for kind, count in row.failures.items()},
        )
        record_failure(self.storage, failure)
        self.tracker.trial_failed(trial_id, row.reason)

    def plan_trial(self, trial: Trial) -> None:
        """Store the trial as one more part of the plan, unless it is there."""
        self.lease.check()
        store_plan(self.storage, Plan((trial,)), stored_spec(self.storage) or "")

    def patience(self) -> float:
        """How long to wait for events: until the next trial's backoff ends, at most `poll_seconds`."""
        ends = [row.not_before for place in self.state.returned if (row := self.state.trials.at(place)).not_before]
        soon = min((end - self.steady() for end in ends if end > self.steady()), default=self.options.poll_seconds)
        return min(self.options.poll_seconds, max(soon, 0.001))

    def kill_the_late(self) -> None:
        """End workers that were told to stop and did not. What they ran stays uncharged."""
        limit = self.state.policy.stop_seconds + self.options.kill_seconds
        for worker in self.state.workers.values():
            if worker.status is WorkerStatus.STOPPING and self.steady() - worker.since >= limit:
                self.executor.kill(worker.worker_id)

    def compact_if_due(self) -> None:
        """Compact now and then. A failure is noted and tried again."""
        error = self.compactor.take_error()
        if error:
            self.execute(Note(fact={"fact": "compaction_failed", "message": error}))
        if self.compactor.is_due(self.ran, self.state.counts[Status.COMMITTED]):
            self.journal.flush()
            self.lease.check()
            self.compactor.begin(self.ran)

    def note_heartbeat(self) -> None:
        """Say that others may soon take this driver for dead, and why."""
        before, self.heartbeat_error = self.heartbeat_error, self.lease.last_error
        error = self.heartbeat_error
        if error and error != before:
            self.execute(Note(fact={"fact": "heartbeat_failed", "message": error}))

    def summary(self, stopped: bool) -> Summary:
        failed = {row.trial_id: row.reason for row in self.state.trials if row.status is Status.FAILED}
        return Summary(
            total=len(self.state.trials),
            committed=self.state.counts[Status.COMMITTED],
            ran=self.ran,
            remaining=self.state.unfinished,
            failed=failed,
            cancelled=self.state.counts[Status.CANCELLED],
            stopped=stopped and self.state.unfinished > 0,
            message=self.state.halted,
            seconds=self.steady() - self.began,
        )
