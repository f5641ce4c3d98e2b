"""What a running sweep tells Prometheus: every metric there is, and how the driver and the workers come to tell it.

A `Meter` takes the numbers; the one on Ray's metrics API is `pipeline.executors.ray_metrics`. Ray puts `ray_` in front
of every name and `_total` behind a counter's. Times are seconds, sizes bytes. Labels are few and their values too:
`sweep` on all, `worker` on what a worker tells, never a trial.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pipeline.record.tracking import Counters
    from pipeline.state import SweepState

_EVERY_SECONDS = 2.0  # Ray exports every ten
_MEMORY_SECONDS = 5.0


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`labels` are those beside `sweep`; `bounds` a histogram's bucket limits."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def exported(self) -> frozenset[str]:
        """The names of its series in Prometheus."""
        name = f"ray_{self.name}"
        ends = {Kind.COUNTER: ("_total",), Kind.GAUGE: ("",), Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}
        return frozenset(name + end for end in ends[self.kind])


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=f"dreamsweep_{name}", kind=Kind.COUNTER, help=text, labels=labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=f"dreamsweep_{name}", kind=Kind.GAUGE, help=text, labels=labels)


def _seconds(name: str, text: str, *labels: str) -> Metric:
    bounds = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0)
    return Metric(name=f"dreamsweep_{name}_seconds", kind=Kind.HISTOGRAM, help=text, labels=labels, bounds=bounds)


# ---- the driver's ----------------------------------------------------------------------------------------------------

TRIALS = _gauge("trials", "Trials by status; pending and waiting ones are the queue.", "status")
WORKERS = _gauge("workers", "Workers by status.", "status")
EVENTS = _counter("events", "Events of workers that the driver took.")
BUSY = _counter("driver_busy_seconds", "Seconds in which the driver did not wait for events.")
ATTEMPTS_ENDED = _counter("attempts_ended", "Attempts that ended without a result, by class.", "failure")
WORKERS_LOST = _counter("workers_lost", "Workers that are gone, by class.", "failure")
TRIALS_FAILED = _counter("trials_failed", "Trials that were given up, by class.", "failure")
COMMITS = _counter("commits", "Trials committed.")
COMMIT = _seconds("commit", "From the attempt's end to its commit, checks included.")
COMPACTIONS_FAILED = _counter("compactions_failed", "Compactions that failed; they are tried again.")
MLFLOW_PENDING = _gauge("mlflow_pending", "Calls that wait for MLflow.")
MLFLOW_MISSED = _gauge("mlflow_missed", "Calls that MLflow has missed in this run; mlflow-sync repairs that.")

# ---- a worker's ------------------------------------------------------------------------------------------------------

STEPS = _counter("steps", "Steps of scenes: a pack of eight makes eight at once.", "worker")
PACK = _gauge("pack", "Trials on board.", "worker")
PACK_CAPACITY = _gauge("pack_capacity", "Trials that fit on board.", "worker")
CHECKPOINT_AGE = _gauge("checkpoint_age_seconds", "Age of the oldest last checkpoint of the trials on board.", "worker")
CHECKPOINT_BYTES = _counter("checkpoint_bytes", "Bytes of scenes written as checkpoints.", "worker")
CHECKPOINT = _seconds("checkpoint", "From a scene on the device to a checkpoint in the store.", "worker")
GPU_MEMORY = _gauge(
    "gpu_memory_bytes", "Memory of the worker's GPU: `used` by any process, and the `total`.", "worker", "kind"
)

METRICS = (
    TRIALS, WORKERS, EVENTS, BUSY, ATTEMPTS_ENDED, WORKERS_LOST, TRIALS_FAILED, COMMITS, COMMIT, COMPACTIONS_FAILED,
    MLFLOW_PENDING, MLFLOW_MISSED, STEPS, PACK, PACK_CAPACITY, CHECKPOINT_AGE, CHECKPOINT_BYTES, CHECKPOINT, GPU_MEMORY,
)  # fmt: skip


class Meter(Protocol):
    """Takes numbers. `labels` are the metric's; those of the meter itself, such as the sweep, are added by it."""

    def add(self, metric: Metric, amount: float, **labels: str) -> None:
        """More of a counter; nothing for an amount of 0."""
        ...

    def put(self, metric: Metric, value: float, **labels: str) -> None:
        """A gauge's value from now on."""
        ...

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        """One more value of a histogram."""
        ...


class NullMeter:
    """Tells nobody."""

    def add(self, metric: Metric, amount: float, **labels: str) -> None:
        pass

    def put(self, metric: Metric, value: float, **labels: str) -> None:
        pass

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        pass


class DriverMeter:
    """What the driver has to tell, in its own words. `mirror` says how far MLflow is behind, None where nothing is
    tracked. Gauges are told every two seconds."""

    def __init__(
        self,
        meter: Meter,
        mirror: Callable[[], Counters] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter, self._mirror, self._clock = meter, mirror, clock
        self._woke = clock()
        self._told_at = -math.inf
        self._statuses: set[str] = set()

    def woke(self, events: int) -> None:
        """The driver has waited, and now has this many events to handle."""
        self._woke = self._clock()
        self._meter.add(EVENTS, events)

    def turned(self, state: SweepState) -> None:
        """All that came is handled, and this is the state."""
        now = self._clock()
        self._meter.add(BUSY, now - self._woke)
        if now - self._told_at >= _EVERY_SECONDS:
            self._told_at = now
            self.state(state)

    def state(self, state: SweepState) -> None:
        """The gauges, now."""
        for trials, count in state.counts.items():
            self._meter.put(TRIALS, count, status=str(trials))
        workers = [str(worker.status) for worker in state.workers.values()]
        self._statuses |= set(workers)
        for status in sorted(self._statuses):
            self._meter.put(WORKERS, workers.count(status), status=status)
        if self._mirror is not None:
            behind = self._mirror()
            self._meter.put(MLFLOW_PENDING, behind.pending)
            self._meter.put(MLFLOW_MISSED, behind.dropped + behind.failed)

    def noted(self, fact: Mapping[str, Any]) -> None:
        """A fact of the journal. One of an attempt that went back uncharged has no class: `returned`."""
        counted = {"attempt_ended": ATTEMPTS_ENDED, "worker_lost": WORKERS_LOST, "failed": TRIALS_FAILED}
        if fact["fact"] in counted:
            self._meter.add(counted[fact["fact"]], 1, failure=str(fact["failure"] or "returned"))
        elif fact["fact"] == "compaction_failed":
            self._meter.add(COMPACTIONS_FAILED, 1)

    def committed(self, began: float, made: bool) -> None:
        """A commit that began at `began` of `now` is decided; `made` if this driver made it."""
        self._meter.observe(COMMIT, self._clock() - began)
        self._meter.add(COMMITS, int(made))

    def now(self) -> float:
        """The time that `committed` takes."""
        return self._clock()


class WorkerMeter:
    """What a worker has to tell. Everything but checkpoints is gathered and told every two seconds."""

    def __init__(self, meter: Meter, clock: Callable[[], float] = time.monotonic) -> None:
        self._meter, self._clock = meter, clock
        self._told_at = -math.inf
        self._steps = 0
        self._pack = -1

    def stepped(self, scenes: int) -> None:
        """So many scenes have made a step."""
        self._steps += scenes

    def saved(self, size: int, seconds: float) -> None:
        """A checkpoint of `size` bytes is in the store."""
        self._meter.add(CHECKPOINT_BYTES, size)
        self._meter.observe(CHECKPOINT, seconds)

    def board(self, pack: int, capacity: int, unsaved_seconds: float) -> None:
        """So many trials are on board of so many; the one longest without a checkpoint for `unsaved_seconds`."""
        now = self._clock()
        emptied = pack == 0 and self._pack != 0  # nothing may come after this for long
        self._pack = pack
        if now - self._told_at < _EVERY_SECONDS and not emptied:
            return
        self._told_at = now
        self._meter.add(STEPS, self._steps)
        self._steps = 0
        self._meter.put(PACK, pack)
        self._meter.put(PACK_CAPACITY, capacity)
        self._meter.put(CHECKPOINT_AGE, unsaved_seconds)


class MemoryMeter:
    """Tells how full the worker's GPU is, every five seconds. `read` gives free and total bytes; None for no GPU."""

    def __init__(
        self,
        meter: Meter,
        read: Callable[[], tuple[int, int]] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter, self._read, self._clock = meter, read, clock
        self._told_at = -math.inf

    def look(self) -> None:
        """Tell it, if it is time."""
        if self._read is None or self._clock() - self._told_at < _MEMORY_SECONDS:
            return
        self._told_at = self._clock()
        free, total = self._read()
        self._meter.put(GPU_MEMORY, total - free, kind="used")
        self._meter.put(GPU_MEMORY, total, kind="total")
