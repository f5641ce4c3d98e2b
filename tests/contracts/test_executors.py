"""What every executor promises, once for each of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from fakes import FakeFactory, make_trial, make_trials
from stored import newest_checkpoint

from pipeline.events import (
    Assignment,
    FailureClass,
    TrialCheckpointed,
    TrialFailed,
    TrialFinished,
    TrialProgress,
    WorkerEvent,
    WorkerLost,
    WorkerReady,
    WorkerStarting,
)
from pipeline.executors.base import Executor
from pipeline.executors.inline import InlineExecutor
from pipeline.record.attempts import read_done
from pipeline.storage import Storage
from pipeline.trial import Trial
from pipeline.worker import WorkerOptions

OPTIONS = WorkerOptions(every_steps=3, progress_seconds=0.05)
PATIENCE = 60.0


class Make(Protocol):
    def __call__(self, **fake: Any) -> Executor: ...


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent.parent), os.getcwd()]))
        from pipeline.executors.ray_actors import ensure_ray

        ensure_ray(None, object_store_bytes=100_000_000, cpus=2)
        yield
        ray.shutdown()


@pytest.fixture(params=["inline", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.timeout(120)])])
def make(request: pytest.FixtureRequest, tmp_storage: Storage, tmp_path: Path) -> Iterator[Make]:
    made: list[Executor] = []

    def make_inline(**fake: Any) -> Executor:
        made.append(InlineExecutor(FakeFactory(scratch=str(tmp_path), **fake), tmp_storage, OPTIONS))
        return made[-1]

    def make_ray(**fake: Any) -> Executor:
        from pipeline.executors.ray_actors import RayExecutor, RayOptions

        factory = FakeFactory(scratch=str(tmp_path), die="kill", **fake)
        made.append(RayExecutor(factory, tmp_storage, OPTIONS, RayOptions()))
        return made[-1]

    if request.param == "ray":
        request.getfixturevalue("cluster")
    yield make_ray if request.param == "ray" else make_inline
    for executor in made:
        executor.close()


def until(executor: Executor, wanted: type[WorkerEvent], count: int = 1) -> list[WorkerEvent]:
    """Poll until `count` events of this kind have come; all events."""
    events: list[WorkerEvent] = []
    end = time.monotonic() + PATIENCE
    while sum(isinstance(event, wanted) for event in events) < count:
        assert time.monotonic() < end, f"no {wanted.__name__}; got {events}"
        events += executor.poll(0.2)
    return events


def ready(executor: Executor, *worker_ids: str) -> None:
    for worker_id in worker_ids:
        executor.start(worker_id)
    events = until(executor, WorkerReady, len(worker_ids))
    assert {event.worker_id for event in events} == set(worker_ids)
    assert all(isinstance(event, WorkerReady) and event.capacity == 2 for event in events)


def assign(trial: Trial, number: int = 1, resume_from: int | None = None) -> Assignment:
    return Assignment(trial=trial, number=number, resume_from=resume_from)


def test_workers_run_trials_side_by_side(make: Make, tmp_storage: Storage) -> None:
    executor, trials = make(), make_trials(4, steps=5)
    ready(executor, "a", "b")
    for trial, worker_id in zip(trials, "aabb", strict=True):
        executor.admit(worker_id, assign(trial))
    events = until(executor, TrialFinished, 4)
    where = {event.trial_id: event.worker_id for event in events if isinstance(event, TrialFinished)}
    assert where == {trial.trial_id: worker_id for trial, worker_id in zip(trials, "aabb", strict=True)}
    for trial in trials:
        read_done(tmp_storage, trial.trial_id, 1)
    assert not [event for event in executor.poll(0.1) if isinstance(event, TrialFinished)]


def test_what_a_worker_does_first_is_told_before_it_is_ready(make: Make) -> None:
    executor = make(preparation=("embedding",))
    executor.start("a")
    starting, *rest = until(executor, WorkerReady)
    assert starting == WorkerStarting(worker_id="a", doing="embedding")
    assert [type(event) for event in rest] == [WorkerReady]


def test_events_of_a_worker_are_in_order(make: Make) -> None:
    executor, trial = make(delay=0.02), make_trial(steps=10)
    ready(executor, "a")
    executor.admit("a", assign(trial))
    events = until(executor, TrialFinished)
    assert [e.step for e in events if isinstance(e, TrialCheckpointed)] == [3, 6, 9]
    told = [e.step for e in events if isinstance(e, TrialProgress)]
    assert told
    assert told == sorted(told)
    assert isinstance(events[-1], TrialFinished)


def test_a_stop_checkpoints_reports_and_ends(make: Make) -> None:
    executor, trial = make(delay=0.01), make_trial(steps=100_000)
    ready(executor, "a")
    executor.admit("a", assign(trial))
    until(executor, TrialCheckpointed)
    executor.stop("a", 30.0)
    events = until(executor, WorkerLost)
    failed, lost = events[-2:]
    assert isinstance(failed, TrialFailed)
    assert failed.failure is FailureClass.STOPPED
    assert isinstance(lost, WorkerLost)
    assert lost.failure is FailureClass.STOPPED
    saved = [e.step for e in events if isinstance(e, TrialCheckpointed)]
    assert not saved or saved[-1] == failed.step or failed.step % 3 == 0
    assert executor.poll(0.1) == []


def test_a_stop_for_preemption_checkpoints_and_is_told_as_such(make: Make, tmp_storage: Storage) -> None:
    executor, trial = make(delay=0.01), make_trial(steps=100_000)
    ready(executor, "a")
    executor.admit("a", assign(trial))
    until(executor, TrialCheckpointed)
    executor.stop("a", 30.0, FailureClass.PREEMPTION)
    *_, failed, lost = until(executor, WorkerLost)
    assert isinstance(failed, TrialFailed)
    assert isinstance(lost, WorkerLost)
    assert (failed.failure, failed.message) == (FailureClass.PREEMPTION, "preempted")
    assert (lost.failure, lost.message) == (FailureClass.PREEMPTION, "preempted")
    checkpoint = newest_checkpoint(tmp_storage, trial.trial_id)
    assert checkpoint is not None
    assert checkpoint.step == failed.step, "not one step is lost"


def test_a_stop_while_idle_ends_at_once(make: Make) -> None:
    executor = make()
    ready(executor, "a")
    executor.stop("a", 30.0)
    began = time.monotonic()
    (lost,) = until(executor, WorkerLost)
    assert isinstance(lost, WorkerLost)
    assert lost.failure is FailureClass.STOPPED
    assert time.monotonic() - began < 20.0


def test_a_kill_ends_and_is_told_once(make: Make) -> None:
    executor = make(delay=0.01)
    ready(executor, "a")
    executor.admit("a", assign(make_trial(steps=100_000)))
    until(executor, TrialCheckpointed)
    executor.kill("a")
    executor.kill("a")
    lost = [event for event in executor.poll(0.1) if isinstance(event, WorkerLost)]
    assert [event.failure for event in lost] == [FailureClass.STOPPED]
    assert executor.poll(0.1) == []


def test_commands_to_nobody_do_nothing(make: Make) -> None:
    executor = make()
    ready(executor, "a")
    executor.admit("gone", assign(make_trial()))
    executor.cancel("gone", make_trial().trial_id)
    executor.cancel("a", make_trial().trial_id)
    executor.stop("gone", 1.0)
    executor.kill("gone")
    assert executor.poll(0.3) == []


def test_a_cancelled_trial_is_reported_stopped(make: Make) -> None:
    executor, trial = make(delay=0.01), make_trial(steps=100_000)
    ready(executor, "a")
    executor.admit("a", assign(trial))
    until(executor, TrialCheckpointed)
    executor.cancel("a", trial.trial_id)
    failed = until(executor, TrialFailed)[-1]
    assert isinstance(failed, TrialFailed)
    assert failed.failure is FailureClass.STOPPED


def test_a_worker_that_dies_is_lost_and_the_next_one_resumes(make: Make) -> None:
    executor, trial = make(), make_trial("once:kill@5", steps=8)
    ready(executor, "a")
    executor.admit("a", assign(trial))
    lost = until(executor, WorkerLost)[-1]
    assert isinstance(lost, WorkerLost)
    assert (lost.worker_id, lost.failure) == ("a", FailureClass.INFRASTRUCTURE)
    assert lost.message
    ready(executor, "b")
    executor.admit("b", assign(trial, number=2, resume_from=1))
    events = until(executor, TrialFinished)
    assert [e.step for e in events if isinstance(e, TrialCheckpointed)] == [6]


def test_an_engine_that_cannot_be_built_is_a_lost_worker(make: Make) -> None:
    executor = make(broken="no such weights")
    executor.start("a")
    (lost,) = until(executor, WorkerLost)
    assert lost == WorkerLost(worker_id="a", failure=FailureClass.USER, message="ValueError: no such weights")


def test_polling_nothing_waits_and_is_empty(make: Make) -> None:
    began = time.monotonic()
    assert make().poll(0.05) == []
    assert time.monotonic() - began < 5.0


@pytest.mark.ray
@pytest.mark.timeout(120)
def test_slots_of_this_machine(cluster: None, tmp_storage: Storage) -> None:
    from pipeline.errors import UserError
    from pipeline.executors.ray_actors import RayExecutor, RayOptions, cluster_size

    def slots(**options: Any) -> int | None:
        return RayExecutor(FakeFactory(), tmp_storage, OPTIONS, RayOptions(**options)).slots()

    assert cluster_size(None)[0] == 2
    assert (slots(cpus=1), slots(cpus=2)) == (2, 1)
    with pytest.raises(UserError, match=r"workers\.cpus = 3: this machine has 2"):
        slots(cpus=3)
    with pytest.raises(UserError, match=r"workers\.gpus = 1: this machine has 0"):
        slots(gpus=1)


def test_a_worker_drives_one_gpu_or_none() -> None:
    from pipeline.executors.ray_actors import RayOptions

    with pytest.raises(ValueError, match=r"workers\.gpus = 2"):
        RayOptions(gpus=2)
    with pytest.raises(ValueError, match=r"workers\.cpus = 0"):
        RayOptions(cpus=0)
