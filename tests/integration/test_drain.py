"""Nodes that go with notice, on a real cluster of several nodes on this machine: what ran there loses no step."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeFactory, FakeTracker, make_trials, state_after, state_metric
from killed_sweeps import until
from stored import result_row

from pipeline.driver import DriverOptions, Summary, drive
from pipeline.executors.draining import drain_node, drain_own_node
from pipeline.plan import Plan, store_plan
from pipeline.query import Sweep
from pipeline.record.commit import committed
from pipeline.record.compact import compact
from pipeline.record.journal import replay
from pipeline.state import Policy, Retries, SweepState
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(180)]

TRIALS = make_trials(4, steps=500)
# No budget for anything, and no checkpoint but on notice: what is redone would show.
OPTIONS = DriverOptions(
    policy=Policy(max_workers=2, retries=Retries(user=0, infrastructure=0)), poll_seconds=0.2, heartbeat_seconds=0.0
)
WORKER = WorkerOptions(every_steps=10_000, every_seconds=10_000.0, progress_seconds=0.05)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without cores; nodes are added by the tests."""
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent.parent), os.getcwd()]))
        patch.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
        made = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "object_store_memory": 80_000_000, "include_dashboard": False},
        )
        ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
        try:
            yield made
        finally:
            ray.shutdown()
            made.shutdown()


def add_node(cluster: Any) -> str:
    node = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
    until(lambda: node.node_id in workers_nodes(), "the node to join")
    return node.node_id


def workers_nodes() -> list[str]:
    """The ids of the nodes that are alive and have cores."""
    import ray

    return [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]


def drain_from_within(node_id: str) -> None:
    """As the watcher of that node does."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(node_id, soft=False)
    task = ray.remote(num_cpus=0, scheduling_strategy=there)(drain_own_node)
    ray.get(task.remote("auto", 0.0, "spot notice"), timeout=60)


def run(storage: Storage, scratch: Path, observe: Callable[[SweepState], None]) -> Summary:
    from pipeline.executors.ray_actors import RayExecutor, RayOptions

    factory = FakeFactory(slots=2, delay=0.02, scratch=str(scratch), die="kill")
    executor = RayExecutor(factory, storage, WORKER, RayOptions(address="auto", cpus=1))
    try:
        return drive(TRIALS, storage, executor, OPTIONS, FakeTracker(), compact, observe, threading.Event())
    finally:
        executor.close()


def admissions(scratch: Path) -> dict[str, list[int]]:
    """The steps that each trial was taken up at, in order."""
    found: dict[str, list[int]] = {}
    for line in (scratch / "admitted.log").read_text().splitlines():
        trial_id, step = line.split()
        found.setdefault(trial_id, []).append(int(step))
    return found


def test_trials_of_a_draining_node_move_on_without_losing_a_step(
    cluster: Any, tmp_storage: Storage, tmp_path: Path
) -> None:
    nodes = [add_node(cluster), add_node(cluster)]
    drained: list[bool] = []

    def observe(state: SweepState) -> None:
        running = state.running()
        if not drained and len(running) == 4 and all(row.step >= 20 for row in running):
            add_node(cluster)  # the replacement
            drain_node(cluster.address, nodes[0], 20.0, "spot notice")
            drained.append(True)

    summary = run(tmp_storage, tmp_path, observe)
    assert drained
    assert (summary.committed, summary.failed, summary.remaining) == (4, {}, 0)
    facts = list(replay(tmp_storage))
    ended = [fact for fact in facts if fact["fact"] == "attempt_ended"]
    assert [fact["failure"] for fact in ended] == ["preemption", "preemption"]
    assert [fact["fact"] for fact in facts].count("worker_draining") == 1
    (lost,) = [fact for fact in facts if fact["fact"] == "worker_lost" and fact["failure"] != "stopped"]
    assert lost["failure"] == "preemption"
    (notice,) = [fact for fact in facts if fact["fact"] == "worker_draining"]
    assert lost["at"] - notice["at"] < 10.0, "it left long before the deadline"
    taken_up = admissions(tmp_path)
    for fact in ended:
        first, second = taken_up[fact["trial_id"]]
        assert first == 0
        assert second == fact["step"] >= 20, "not one step is done again"
    assert sorted(len(steps) for steps in taken_up.values()) == [1, 1, 2, 2], "the neighbours went on"
    done = committed(tmp_storage)
    for trial in TRIALS:
        state = result_row(tmp_storage, trial.trial_id, done[trial.trial_id])["metrics"]["state"]
        assert state == state_metric(state_after(trial, trial.steps))
    store_plan(tmp_storage, Plan(TRIALS), "name: sweep\nprompts: [a cup]\n")
    frame = Sweep(tmp_storage).trials()
    assert frame["failures_preemption"].sum() == 2
    assert frame["failures_infrastructure"].sum() == 0


def test_a_deadline_that_is_too_short_loses_steps_and_still_charges_nothing(
    cluster: Any, tmp_storage: Storage, tmp_path: Path
) -> None:
    """The notice is over when it is seen: no checkpoint is begun that could not be finished."""
    while len(workers_nodes()) < 2:
        add_node(cluster)
    drained: list[bool] = []

    def observe(state: SweepState) -> None:
        running = state.running()
        if not drained and len(running) == 4 and all(row.step >= 10 for row in running):
            drain_from_within(workers_nodes()[0])
            drained.append(True)

    summary = run(tmp_storage, tmp_path, observe)
    assert (summary.committed, summary.failed, summary.remaining) == (4, {}, 0)
    assert drained
    ended = [fact for fact in replay(tmp_storage) if fact["fact"] == "attempt_ended"]
    assert [fact["failure"] for fact in ended] == ["preemption", "preemption"]
