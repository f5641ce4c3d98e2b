"""Workers in this process and this thread: `poll` steps them. For debugging, tests, and machines without Ray."""

from __future__ import annotations

import time
from collections.abc import Callable

from pipeline.blame import classify, told
from pipeline.events import Assignment, FailureClass, WorkerEvent, WorkerLost, WorkerReady
from pipeline.storage import Storage
from pipeline.worker import EngineFactory, Worker, WorkerOptions


class InlineExecutor:
    """See `Executor`. `sleep` is called when no worker has anything to do."""

    def __init__(
        self,
        engine_factory: EngineFactory,
        storage: Storage,
        options: WorkerOptions,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._factory, self._storage, self._options = engine_factory, storage, options
        self._clock, self._sleep = clock, sleep
        self._workers: dict[str, Worker] = {}
        self._ready: set[str] = set()
        self._events: list[WorkerEvent] = []

    def slots(self) -> int | None:
        return None

    def start(self, worker_id: str) -> None:
        self._workers[worker_id] = Worker(worker_id, self._factory, self._storage, self._options, self._clock)

    def admit(self, worker_id: str, assignment: Assignment) -> None:
        if worker_id in self._workers:
            self._workers[worker_id].admit(assignment)

    def cancel(self, worker_id: str, trial_id: str) -> None:
        if worker_id in self._workers:
            self._workers[worker_id].cancel(trial_id)

    def stop(self, worker_id: str, seconds: float, failure: FailureClass = FailureClass.STOPPED) -> None:
        if worker_id in self._workers:
            self._workers[worker_id].request_stop(seconds, failure)

    def kill(self, worker_id: str) -> None:
        if self._workers.pop(worker_id, None) is not None:
            self._lost(worker_id, FailureClass.STOPPED, "killed")

    def poll(self, timeout: float) -> list[WorkerEvent]:
        """One step of every worker that has something to do."""
        if not self._events and not any(worker.busy for worker in self._workers.values()):
            self._sleep(timeout)
        for worker_id, worker in list(self._workers.items()):
            self._advance(worker_id, worker)
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        self._workers.clear()

    def _advance(self, worker_id: str, worker: Worker) -> None:
        try:
            events = worker.advance()
        except Exception as error:  # the border between a worker and its driver
            self._workers.pop(worker_id)
            started = worker_id in self._ready
            self._lost(worker_id, FailureClass.INFRASTRUCTURE if started else classify(error), told(error))
            return
        self._ready.update(event.worker_id for event in events if isinstance(event, WorkerReady))
        self._events += events
        if worker.stopped:
            self._workers.pop(worker_id)
            self._lost(worker_id, worker.ending, worker.ending.said)

    def _lost(self, worker_id: str, failure: FailureClass, message: str) -> None:
        self._events.append(WorkerLost(worker_id=worker_id, failure=failure, message=message))
