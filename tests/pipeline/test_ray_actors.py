"""What a real cluster does too rarely to wait for: silence, preemption, calls that get lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakeClock, FakeFactory, make_trial
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError

from pipeline.events import Assignment, FailureClass, TrialCheckpointed, WorkerDraining, WorkerLost
from pipeline.executors import draining, ray_actors
from pipeline.executors.ray_actors import RayExecutor, RayOptions
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

EVENT = TrialCheckpointed(worker_id="a", trial_id=make_trial().trial_id, number=1, step=3)


class Reference:
    """A call that is on its way: which method, with what."""

    def __init__(self, method: str, arguments: tuple[Any, ...]) -> None:
        self.method, self.arguments = method, arguments


class Cluster:
    """Stands in for the `ray` module and one actor. `answer` maps a call to its result, or raises."""

    def __init__(self) -> None:
        self.answer: Any = lambda reference: (0, [])
        self.calls: list[Reference] = []
        self.killed = 0
        self.hangs = False

    def is_initialized(self) -> bool:
        return True

    def remote(self, **wants: Any) -> Any:
        assert (wants["max_restarts"], wants["max_task_retries"]) == (0, 0)
        return lambda actor_class: SimpleNamespace(remote=lambda *arguments: self)

    def __getattr__(self, method: str) -> Any:
        def call(*arguments: Any) -> Reference:
            self.calls.append(Reference(method, arguments))
            return self.calls[-1]

        return SimpleNamespace(options=lambda concurrency_group: SimpleNamespace(remote=call))

    def wait(self, references: list[Reference], num_returns: int, timeout: float) -> tuple[list[Reference], list[Any]]:
        return ([], references) if self.hangs else (references, [])

    def get(self, reference: Reference) -> Any:
        return self.answer(reference)

    def kill(self, actor: Any, no_restart: bool) -> None:
        assert no_restart
        self.killed += 1


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(ray_actors, "ray", made)
    monkeypatch.setattr(ray_actors.time, "sleep", lambda seconds: None)
    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def executor(cluster: Cluster, clock: FakeClock, tmp_storage: Storage) -> RayExecutor:
    executor = RayExecutor(FakeFactory(), tmp_storage, WorkerOptions(), RayOptions(patience_seconds=30.0), clock)
    executor.start("a")
    return executor


def unavailable(reference: Reference) -> Any:
    raise ActorUnavailableError("no answer", None)


def test_a_silent_worker_is_asked_again_and_loses_nothing(
    executor: RayExecutor, cluster: Cluster, clock: FakeClock
) -> None:
    cluster.answer = unavailable
    for _ in range(5):
        clock.sleep(5.0)
        assert executor.poll(0.0) == []
    assert not cluster.killed
    cluster.answer = lambda reference: (1, [EVENT])
    clock.sleep(2.0)
    assert executor.poll(0.0) == [EVENT]
    assert cluster.calls[-1].arguments[0] == 1, "the event is acknowledged"
    cluster.answer = unavailable
    clock.sleep(29.0)
    assert executor.poll(0.0) == []
    assert not cluster.killed, "patience begins anew"


def test_a_worker_that_stays_silent_is_killed_and_given_up(
    executor: RayExecutor, cluster: Cluster, clock: FakeClock
) -> None:
    cluster.answer = unavailable
    assert executor.poll(0.0) == []
    clock.sleep(31.0)
    (lost,) = executor.poll(0.0)
    assert isinstance(lost, WorkerLost)
    assert lost.failure is FailureClass.INFRASTRUCTURE
    assert lost.message.startswith("no answer any more")
    assert cluster.killed == 1
    assert executor.poll(0.0) == []


def test_a_worker_that_hangs_is_killed_and_given_up(executor: RayExecutor, cluster: Cluster, clock: FakeClock) -> None:
    """Ray takes a stopped process for alive: its calls are just never answered."""
    assert executor.poll(0.0) == []
    cluster.hangs = True
    clock.sleep(129.0)
    assert executor.poll(0.0) == []
    clock.sleep(1.0)
    (lost,) = executor.poll(0.0)
    assert isinstance(lost, WorkerLost)
    assert (lost.failure, lost.message) == (FailureClass.INFRASTRUCTURE, "no answer for 130 seconds")
    assert cluster.killed == 1


def test_a_worker_that_waits_for_a_node_is_not_given_up(
    executor: RayExecutor, cluster: Cluster, clock: FakeClock
) -> None:
    cluster.hangs = True
    clock.sleep(100_000.0)
    assert executor.poll(0.0) == []
    assert not cluster.killed


def test_a_driver_that_slept_does_not_blame_its_workers(
    executor: RayExecutor, cluster: Cluster, clock: FakeClock
) -> None:
    assert executor.poll(0.0) == []
    clock.sleep(10_000.0)
    assert executor.poll(0.0) == []
    assert not cluster.killed


@pytest.mark.parametrize("preempted", [False, True])
def test_a_preempted_worker_is_not_charged(executor: RayExecutor, cluster: Cluster, preempted: bool) -> None:
    def die(reference: Reference) -> Any:
        raise RayActorError(None, "gone", preempted=preempted)

    cluster.answer = die
    (lost,) = executor.poll(0.0)
    assert isinstance(lost, WorkerLost)
    assert lost.failure is (FailureClass.PREEMPTION if preempted else FailureClass.INFRASTRUCTURE)


def test_a_worker_on_a_draining_node_is_told_of_once(cluster: Cluster, clock: FakeClock, tmp_storage: Storage) -> None:
    drains: dict[str, float] = {}
    executor = RayExecutor(FakeFactory(), tmp_storage, WorkerOptions(), RayOptions(), clock, lambda now: dict(drains))
    cluster.answer = lambda reference: "node-1" if reference.method == "node" else (0, [])
    executor.start("a")
    assert executor.poll(0.0) == []
    drains.update({"node-2": 5.0})
    clock.sleep(2.0)
    assert executor.poll(0.0) == [], "another node"
    drains.update({"node-1": 25.0})
    assert executor.poll(0.0) == [], "asked once a second"
    clock.sleep(2.0)
    assert executor.poll(0.0) == [WorkerDraining(worker_id="a", seconds=25.0)]
    clock.sleep(2.0)
    assert executor.poll(0.0) == []
    executor.stop("a", 25.0, FailureClass.PREEMPTION)
    assert cluster.calls[-1].arguments == (25.0, FailureClass.PREEMPTION)


def test_a_ray_that_cannot_tell_of_drains_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "ray", SimpleNamespace(is_initialized=lambda: True))
    assert draining.draining_nodes(0.0) == {}
    told = SimpleNamespace(get_draining_nodes=lambda: {"a": 12_000, "b": 0})
    ours = SimpleNamespace(is_initialized=lambda: True, _private=SimpleNamespace(state=SimpleNamespace(state=told)))
    monkeypatch.setattr(draining, "ray", ours)
    assert draining.draining_nodes(2.0) == {"a": 10.0, "b": float("inf")}


def test_a_control_call_without_an_answer_is_made_again(
    executor: RayExecutor, cluster: Cluster, clock: FakeClock
) -> None:
    assignment = Assignment(trial=make_trial(), number=1)
    cluster.answer = lambda reference: unavailable(reference) if reference.method == "admit" else (0, [])
    executor.admit("a", assignment)
    executor.poll(0.0)
    cluster.answer = lambda reference: None if reference.method == "admit" else (0, [])
    clock.sleep(2.0)
    executor.poll(0.0)
    executor.poll(0.0)
    admits = [call.arguments for call in cluster.calls if call.method == "admit"]
    assert admits == [(assignment,), (assignment,)]


def test_a_control_call_to_a_dead_worker_is_left_to_its_events(executor: RayExecutor, cluster: Cluster) -> None:
    def die(reference: Reference) -> Any:
        raise ActorDiedError()

    executor.cancel("a", "t")
    cluster.answer = die
    assert [type(event) for event in executor.poll(0.0)] == [WorkerLost]
    assert executor.poll(0.0) == []
