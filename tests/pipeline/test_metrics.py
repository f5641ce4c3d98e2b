"""What driver and workers tell a meter, against what is known of the sweep otherwise."""

from __future__ import annotations

import re
import threading
from collections import Counter
from typing import Any

import pytest
from fakes import FakeClock, FakeFactory, FakeTracker, make_trial, make_trials

from pipeline import metrics, paths
from pipeline.driver import DriverOptions, Summary, drive
from pipeline.events import Assignment, FailureClass
from pipeline.executors.inline import InlineExecutor
from pipeline.metrics import METRICS, DriverMeter, Kind, MemoryMeter, Metric, NullMeter, WorkerMeter
from pipeline.record.attempts import attempt_numbers
from pipeline.record.journal import replay
from pipeline.record.tracking import Counters
from pipeline.state import Policy, Retries, Status, SweepState
from pipeline.storage import Storage
from pipeline.trial import Trial
from pipeline.worker import Worker, WorkerOptions

Key = tuple[str, tuple[tuple[str, str], ...]]


class Heard:
    """A meter that remembers: sums of counters, last values of gauges, all values of histograms."""

    def __init__(self) -> None:
        self.sums: Counter[Key] = Counter()
        self.values: dict[Key, float] = {}
        self.observed: dict[str, list[float]] = {}

    def add(self, metric: Metric, amount: float, **labels: str) -> None:
        assert metric.kind is Kind.COUNTER and amount >= 0
        self.sums[self.key(metric, labels)] += amount

    def put(self, metric: Metric, value: float, **labels: str) -> None:
        assert metric.kind is Kind.GAUGE
        self.values[self.key(metric, labels)] = value

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        assert metric.kind is Kind.HISTOGRAM and not labels
        self.observed.setdefault(metric.name, []).append(value)

    def key(self, metric: Metric, labels: dict[str, str]) -> Key:
        assert metric in METRICS
        assert set(labels) == set(metric.labels) - {"worker"}, "worker is the meter's own"
        return metric.name, tuple(sorted(labels.items()))

    def sum(self, metric: Metric, **labels: str) -> float:
        return self.sums[self.key(metric, labels)]

    def value(self, metric: Metric, **labels: str) -> float:
        return self.values[self.key(metric, labels)]


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_names_are_those_of_prometheus() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    exported = [name for metric in METRICS for name in metric.exported]
    assert len(set(exported)) == len(exported)
    for metric in METRICS:
        assert re.fullmatch(r"dreamsweep_[a-z][a-z_]*[a-z]", metric.name)
        assert not metric.name.endswith(("_total", "_bucket", "_count", "_sum"))
        assert metric.help.endswith(".")
        assert bool(metric.bounds) == (metric.kind is Kind.HISTOGRAM)
    assert metrics.STEPS.exported == {"ray_dreamsweep_steps_total"}
    assert metrics.PACK.exported == {"ray_dreamsweep_pack"}
    assert metrics.COMMIT.exported == {f"ray_dreamsweep_commit_seconds_{end}" for end in ("bucket", "sum", "count")}


def test_every_metric_of_the_module_is_listed() -> None:
    assert [metric for metric in vars(metrics).values() if isinstance(metric, Metric)] == list(METRICS)


# ---- the driver ------------------------------------------------------------------------------------------------------


def run(storage: Storage, trials: tuple[Trial, ...], meter: DriverMeter | None, **counts: int) -> Summary:
    executor = InlineExecutor(FakeFactory(slots=2), storage, WorkerOptions(every_steps=3, progress_seconds=0.0))
    policy = Policy(max_workers=2, retries=Retries(user=1, backoff_seconds=0.0))
    options = DriverOptions(policy=policy, poll_seconds=0.001, heartbeat_seconds=0.0, **counts)  # type: ignore[arg-type]

    def compact(storage: Storage) -> None:
        if not executor.slots() and counts and storage.list(paths.COMMITS) and not compacted:
            compacted.append(1)
            raise OSError("the store is full")

    compacted: list[int] = []
    stop, tracker = threading.Event(), FakeTracker()
    return drive(trials, storage, executor, options, tracker, compact, lambda state: None, stop, meter=meter)


def test_a_sweep_is_told_as_its_journal_has_it(tmp_storage: Storage, heard: Heard) -> None:
    trials = (*make_trials(4, steps=6), make_trial("fail:user@5"), make_trial("diverge@3"))
    run(tmp_storage, trials, DriverMeter(heard, clock=FakeClock(tick=1.0)))
    facts = list(replay(tmp_storage))
    ended = Counter(fact["failure"] for fact in facts if fact["fact"] == "attempt_ended")
    assert ended[FailureClass.USER] == 2
    for failure, count in ended.items():
        assert heard.sum(metrics.ATTEMPTS_ENDED, failure=failure or "returned") == count
    assert heard.sum(metrics.TRIALS_FAILED, failure="user") == 1
    assert heard.sum(metrics.TRIALS_FAILED, failure="divergence") == 1
    assert heard.sum(metrics.COMMITS) == 4
    assert len(heard.observed[metrics.COMMIT.name]) == 4
    lost = sum(1 for fact in facts if fact["fact"] == "worker_lost")
    assert heard.sum(metrics.WORKERS_LOST, failure="stopped") == lost > 0
    assert heard.sum(metrics.EVENTS) >= 4 + lost
    assert heard.sum(metrics.BUSY) > 0
    assert heard.value(metrics.TRIALS, status="committed") == 4
    assert heard.value(metrics.TRIALS, status="failed") == 2
    assert heard.value(metrics.TRIALS, status="pending") == 0


def test_a_sweep_is_the_same_without_a_meter(tmp_storage: Storage) -> None:
    assert run(tmp_storage, make_trials(2), None).committed == 2


def test_a_failed_compaction_is_counted(tmp_storage: Storage, heard: Heard) -> None:
    run(tmp_storage, make_trials(4), DriverMeter(heard), compact_commits=1)
    assert heard.sum(metrics.COMPACTIONS_FAILED) == 1
    assert [fact["fact"] for fact in replay(tmp_storage)].count("compaction_failed") == 1


def test_a_sweep_that_runs_again_commits_nothing_twice(tmp_storage: Storage, heard: Heard) -> None:
    meter = DriverMeter(heard)
    meter.committed(meter.now(), made=False)
    assert heard.sum(metrics.COMMITS) == 0
    assert len(heard.observed[metrics.COMMIT.name]) == 1


def test_time_between_waking_and_waiting_is_busy(heard: Heard) -> None:
    clock = FakeClock()
    meter = DriverMeter(heard, clock=clock)
    state = SweepState.of([], Policy())
    for busy, waiting in ((0.5, 4.0), (0.25, 1.0)):
        meter.woke(events=3)
        clock.now += busy
        meter.turned(state)
        clock.now += waiting
    assert heard.sum(metrics.BUSY) == 0.75
    assert heard.sum(metrics.EVENTS) == 6


def test_gauges_are_told_every_two_seconds(heard: Heard) -> None:
    clock = FakeClock()
    behind = Counters(delivered=9, pending=4, dropped=2, failed=1)
    meter = DriverMeter(heard, mirror=lambda: behind, clock=clock)
    empty = SweepState.of([], Policy())
    meter.turned(empty)
    assert (heard.value(metrics.MLFLOW_PENDING), heard.value(metrics.MLFLOW_MISSED)) == (4, 3)
    heard.values.clear()
    clock.now += 1.9
    meter.turned(empty)
    assert heard.values == {}
    clock.now += 0.1
    meter.turned(empty)
    assert heard.value(metrics.TRIALS, status=Status.RUNNING) == 0


def test_a_status_that_no_worker_has_any_more_is_zero(heard: Heard) -> None:
    from dataclasses import replace

    from pipeline.state import WorkerState, WorkerStatus

    meter = DriverMeter(heard)
    empty = SweepState.of([], Policy())
    meter.state(replace(empty, workers={"a": WorkerState(worker_id="a", status=WorkerStatus.READY)}))
    assert heard.value(metrics.WORKERS, status="ready") == 1
    meter.state(empty)
    assert heard.value(metrics.WORKERS, status="ready") == 0


# ---- a worker --------------------------------------------------------------------------------------------------------


def test_a_worker_tells_steps_checkpoints_and_its_pack(tmp_storage: Storage, heard: Heard) -> None:
    clock = FakeClock(tick=0.01)
    options = WorkerOptions(every_steps=3, progress_seconds=0.0, worth_seconds=0.0)
    worker = Worker("w", FakeFactory(slots=2), tmp_storage, options, clock, meter=heard)
    trials = make_trials(2, steps=7)
    for trial in trials:
        worker.admit(Assignment(trial=trial, number=1))
    packs: list[float] = []
    while worker.busy:
        worker.advance()
        clock.now += 3.0
        packs.append(heard.values.get((metrics.PACK.name, ()), -1.0))
    assert heard.sum(metrics.STEPS) == sum(trial.steps for trial in trials)
    assert max(packs) == 2 and packs[-1] == 0
    assert heard.value(metrics.PACK_CAPACITY) == 2
    saved = [entry for trial in trials for entry in checkpoints_of(tmp_storage, trial)]
    assert len(heard.observed[metrics.CHECKPOINT.name]) == 6, "steps 3, 6 and 7 of both"
    assert heard.sum(metrics.CHECKPOINT_BYTES) >= sum(saved) > 0, "older ones are deleted"
    assert heard.value(metrics.CHECKPOINT_AGE) == 0.0


def checkpoints_of(storage: Storage, trial: Trial) -> list[int]:
    """The sizes of the trial's checkpoints in storage."""
    folder = paths.checkpoints(trial.trial_id, attempt_numbers(storage, trial.trial_id)[-1])
    return [len(storage.read(key)) for key in storage.list(folder) if key.endswith(".safetensors")]


def test_the_age_is_that_of_the_oldest(tmp_storage: Storage, heard: Heard) -> None:
    clock = FakeClock()
    options = WorkerOptions(every_steps=100, every_seconds=1e9)
    worker = Worker("w", FakeFactory(slots=2), tmp_storage, options, clock, meter=heard)
    first, second = make_trials(2, steps=50)
    worker.advance()
    worker.advance()
    worker.admit(Assignment(trial=first, number=1))
    worker.advance()
    clock.now += 100.0
    worker.admit(Assignment(trial=second, number=1))
    worker.advance()
    clock.now += 5.0
    worker.advance()
    assert heard.value(metrics.CHECKPOINT_AGE) == 105.0


def test_memory_is_looked_at_now_and_then(heard: Heard) -> None:
    clock, free = FakeClock(), [60]
    meter = MemoryMeter(heard, lambda: (free[0], 80), clock)
    meter.look()
    assert (heard.value(metrics.GPU_MEMORY, kind="used"), heard.value(metrics.GPU_MEMORY, kind="total")) == (20, 80)
    free[0] = 10
    clock.now += 4.9
    meter.look()
    assert heard.value(metrics.GPU_MEMORY, kind="used") == 20
    clock.now += 0.1
    meter.look()
    assert heard.value(metrics.GPU_MEMORY, kind="used") == 70


def test_without_a_gpu_nothing_is_said_of_its_memory(heard: Heard) -> None:
    MemoryMeter(heard, None).look()
    assert heard.values == {}


def test_a_worker_without_a_meter_tells_nobody() -> None:
    meter: Any = WorkerMeter(NullMeter())
    meter.stepped(3)
    meter.saved(10, 0.1)
    meter.board(1, 2, 3.0)
