"""The worker's side of a Ray actor, as a plain class: a `Worker`, the thread that advances it, and an outbox.

Imports no Ray before it runs in an actor. A worker that has lost its driver for certain checkpoints and ends its
process, which gives its device back.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.blame import classify, told
from pipeline.clerk import Elsewhere
from pipeline.engine import Engine
from pipeline.events import Assignment, FailureClass, WorkerEvent, WorkerLost, WorkerReady
from pipeline.executors.device import check_gpu, memory
from pipeline.executors.orphan import Orphanhood
from pipeline.logs import Form, Log, in_json
from pipeline.metrics import MemoryMeter
from pipeline.storage import Storage
from pipeline.worker import EngineFactory, Worker, WorkerOptions

_WRITERS = 4  # threads for what needs no engine
_BACKLOG = 16  # trials that have ended and are being written: they fill memory


@dataclass(frozen=True, kw_only=True)
class RayOptions:
    """What every worker gets. `address` is a running cluster's (None: one of this driver's own, on this machine).

    A worker that Ray cannot speak for is waited for `patience_seconds`, then killed and given up; one that Ray takes
    for alive and that does not answer, as a stopped process, for `silence_seconds` more than an answer may take. A GPU
    must have `free_gpu_fraction` of its memory free when its worker starts. A worker whose driver has been silent for
    `orphan_seconds`, and does not hold the lease any more, takes `leave_seconds` at most to checkpoint, and ends. `log`
    is the form of what workers write to their logs.
    """

    address: str | None = None
    gpus: int = 0
    cpus: float = 1.0
    patience_seconds: float = 30.0
    silence_seconds: float = 120.0
    free_gpu_fraction: float = 0.8
    object_store_bytes: int = 150_000_000
    orphan_seconds: float = 60.0
    leave_seconds: float = 60.0
    log: Form = Form.TEXT

    def __post_init__(self) -> None:
        if self.gpus not in (0, 1):
            raise ValueError(f"workers.gpus = {self.gpus!r}: must be 0 or 1; a worker drives one GPU")
        if self.cpus <= 0:
            raise ValueError(f"workers.cpus = {self.cpus!r}: must be above 0")


@dataclass(frozen=True)
class Prepared:
    """An engine factory that first looks at what Ray gave this process. Runs in the thread that owns the engine."""

    factory: EngineFactory
    options: RayOptions

    def __call__(self) -> Engine:
        threads = max(1, int(self.options.cpus))
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(threads)
        if self.options.gpus:
            check_gpu(self.options.free_gpu_fraction)
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves it unset, which shows every GPU of the node
        engine = self.factory()
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)
        return engine


class Actor:
    """Every method but `__init__` runs in the actor's control group. `leave` ends the process."""

    def __init__(
        self,
        worker_id: str,
        factory: EngineFactory,
        storage: Storage,
        options: WorkerOptions,
        ray_options: RayOptions,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        from pipeline.executors.ray_metrics import RayMeter

        self._log = Log(sweep=storage.name, worker=worker_id)
        self.lines = contextlib.ExitStack()  # never left: the process is the worker's
        if ray_options.log is Form.JSON:
            self.lines.enter_context(in_json(self._log))
        meter = RayMeter(sweep=storage.name, worker=worker_id)
        self._pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="aside")
        elsewhere = Elsewhere(self._pool.submit, self._tell, _BACKLOG)
        self._worker = Worker(
            worker_id, Prepared(factory, ray_options), storage, options, meter=meter, elsewhere=elsewhere
        )
        self._memory = MemoryMeter(meter, memory if ray_options.gpus else None)
        self._options, self._leave = ray_options, leave
        self._orphanhood = Orphanhood(storage, ray_options.orphan_seconds)
        self._changed = threading.Condition()
        self._outbox: list[WorkerEvent] = []
        self._first = 0  # the number of the outbox's first event
        self._over = False
        threading.Thread(target=self._run, name="engine", daemon=True).start()
        threading.Thread(target=self._watch, name="orphan", daemon=True).start()

    def admit(self, assignment: Assignment) -> None:
        trial, number = assignment.trial, assignment.number
        start = "the start" if assignment.resume_from is None else f"what attempt {assignment.resume_from} saved"
        words = f"attempt {number} is to begin from {start}"
        self._log.event(
            "trial_admitted", words, trial=trial.trial_id, attempt=number, resume_from=assignment.resume_from
        )
        self._worker.admit(assignment)

    def cancel(self, trial_id: str) -> None:
        self._worker.cancel(trial_id)

    def request_stop(self, seconds: float, failure: FailureClass) -> None:
        words = f"told to save and leave within {seconds:.0f} seconds ({failure.said})"
        self._log.event("worker_stopping", words, seconds=seconds, failure=failure.value)
        self._worker.request_stop(seconds, failure)

    def node(self) -> str:
        from pipeline.executors.draining import own_node

        return own_node()

    def events(self, acknowledged: int, timeout: float) -> tuple[int, list[WorkerEvent]]:
        """The events from number `acknowledged` on, and the number of the next; waits for one up to `timeout`."""
        self._orphanhood.heard()
        with self._changed:
            del self._outbox[: acknowledged - self._first]
            self._first = acknowledged
            self._changed.wait_for(lambda: self._outbox, timeout)
            return self._first + len(self._outbox), list(self._outbox)

    def _run(self) -> None:
        ready = False
        try:
            while not self._worker.stopped:
                events = self._worker.advance()
                ready = ready or any(isinstance(event, WorkerReady) for event in events)
                self._tell(events)
                self._memory.look()
                self._worker.wait(timeout=60.0)
            self._lost(self._worker.ending, self._worker.ending.said)
        except Exception as error:  # the border of the thread: the driver hears of it, and ends this process
            self._lost(FailureClass.INFRASTRUCTURE if ready else classify(error), told(error))

    def _watch(self) -> None:
        """Look for the driver now and then. Without one, stop the worker, and end whether or not it stops in time."""
        while not self._orphanhood.is_certain():
            time.sleep(self._options.orphan_seconds / 10)
        self._worker.request_stop(self._options.leave_seconds)
        end = time.monotonic() + self._options.leave_seconds
        while not self._worker.stopped and time.monotonic() < end:
            time.sleep(0.05)
        self._leave(1)

    def _lost(self, failure: FailureClass, message: str) -> None:
        self._tell([WorkerLost(worker_id=self._worker.worker_id, failure=failure, message=message)])

    def _tell(self, events: list[WorkerEvent]) -> None:
        """What comes after the end of the worker is not told any more."""
        for event in events:
            self._log.happened(event)
        with self._changed:
            if events and not self._over:
                self._outbox += events
                self._over = isinstance(events[-1], WorkerLost)
                self._changed.notify_all()
