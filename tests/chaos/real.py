"""Sweeps on real Ray clusters of several nodes on this machine, and what is done to their processes.

A fault says what it needs to see first; the sweep goes on meanwhile. Everything waits in bounded polls.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chaos.checker import check
from chaos.real_driver import HOLD, INTERVAL, PATIENCE
from killed_sweeps import is_alive, until

from pipeline.executors.draining import drain_node

TESTS = Path(__file__).parents[1]
MEMORY = 80_000_000  # of a node's object store, in bytes
NODES = 4


class RealSweep:
    """One sweep, its cluster and its driver."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.storage, self.scratch = folder / "sweep", folder / "scratch"
        self.scratch.mkdir()
        (self.scratch / HOLD).touch()
        self.cluster: Any = None
        self.nodes: list[Any] = []
        self.blocked: list[subprocess.Popen[bytes]] = []
        self.driver: subprocess.Popen[bytes] | None = None
        self.log = (folder / "driver.log").open("ab")
        self.killed = 0

    def __enter__(self) -> RealSweep:
        self.start_cluster()
        self.start_driver()
        return self

    def __exit__(self, *error: object) -> None:
        if self.driver is not None:
            self.driver.kill()
            self.driver.wait()
        self.stop_cluster()
        self.log.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # Ray leaves sockets of nodes that were killed
            gc.collect()

    # ---- cluster and driver ------------------------------------------------------------------------------------------

    def start_cluster(self) -> None:
        import ray
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = []
        for _ in range(NODES):
            self.add_node()
        ray.init(address=self.cluster.address, log_to_driver=False, logging_level="ERROR")

    def add_node(self) -> None:
        self.nodes.append(self.cluster.add_node(num_cpus=1, object_store_memory=MEMORY))

    def stop_cluster(self) -> None:
        import ray

        for process in self.blocked:
            process.kill()
            process.wait()
        self.blocked.clear()
        ray.shutdown()
        self.cluster.shutdown()

    def start_driver(self) -> None:
        arguments = [str(self.storage), str(self.scratch), self.cluster.address, str(self.seed)]
        self.driver = subprocess.Popen(
            [sys.executable, "-m", "chaos.real_driver", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def commits(self) -> int:
        return sum(1 for _ in (self.storage / "commits").glob("*.json"))

    def workers(self) -> list[int]:
        """The process ids of workers that live, oldest first."""
        path = self.scratch / "workers.log"
        return [pid for pid in map(int, path.read_text().split()) if is_alive(pid)] if path.exists() else []

    def finish(self, seconds: float) -> None:
        """Let everything go as fast as it can, and start the driver again whenever it ends too soon."""
        (self.scratch / HOLD).unlink()
        end = time.monotonic() + seconds
        while True:
            assert self.driver is not None
            left = end - time.monotonic()
            assert left > 0, f"not done in time; {self.commits()} commits; see {self.folder}/driver.log"
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self.driver.wait(min(left, 1.0)) == 0:
                    return
                self.start_driver()

    # ---- what must hold afterwards -----------------------------------------------------------------------------------

    def violations(self) -> list[str]:
        objects = {
            str(path.relative_to(self.storage)): path.read_bytes() for path in self.storage.rglob("*") if path.is_file()
        }
        return check(objects, [], INTERVAL)

    def everything_is_back(self) -> None:
        """No worker lives, and the cluster has all its cores free."""
        import ray

        until(lambda: not self.workers(), "the workers to go", 60.0)
        until(
            lambda: ray.available_resources().get("CPU") == ray.cluster_resources().get("CPU"), "the cores back", 60.0
        )


# ---- faults ----------------------------------------------------------------------------------------------------------


def _some_worker(sweep: RealSweep) -> int:
    until(lambda: bool(sweep.workers()), "a worker")
    return sweep.workers()[0]


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_worker(sweep: RealSweep) -> None:
    _signal(_some_worker(sweep), signal.SIGKILL)


def stop_worker(sweep: RealSweep) -> None:
    """It sleeps until it has been given up and others have gone on, then wakes up, if it still may."""
    until(lambda: sweep.commits() > 0, "a worker at work")
    pid, before = _some_worker(sweep), sweep.commits()
    _signal(pid, signal.SIGSTOP)
    until(lambda: _lost_after(sweep, "no answer") or not is_alive(pid), "the worker to be given up", 60.0)
    until(
        lambda: sweep.commits() > before or sweep.driver is None or sweep.driver.poll() is not None, "others to go on"
    )
    _signal(pid, signal.SIGCONT)


def _lost_after(sweep: RealSweep, words: str) -> bool:
    return any(words in path.read_text() for path in (sweep.storage / "journal").glob("*.jsonl"))


def kill_raylet(sweep: RealSweep) -> None:
    until(lambda: bool(sweep.workers()), "a worker")
    node = sweep.nodes.pop(0)
    sweep.cluster.remove_node(node, allow_graceful=False)
    sweep.add_node()


def drain(sweep: RealSweep, seconds: float) -> None:
    until(lambda: bool(sweep.workers()), "a worker")
    node = sweep.nodes.pop(0)
    sweep.add_node()
    drain_node(sweep.cluster.address, node.node_id, seconds, "spot notice")
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, "the deadline", seconds + 5.0)
    sweep.cluster.remove_node(node, allow_graceful=False)


def terminate_node(sweep: RealSweep) -> None:
    """SIGTERM to `ray start --block`, which drains its node by itself."""
    import ray

    node = sweep.nodes.pop(0)
    sweep.cluster.remove_node(node, allow_graceful=False)
    before = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
    command = [str(Path(sys.executable).with_name("ray")), "start", "--block", f"--address={sweep.cluster.address}"]
    process = subprocess.Popen(
        [*command, "--num-cpus=1", f"--object-store-memory={MEMORY}"],
        env={**os.environ, "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "8"},
        stdout=sweep.log,
        stderr=subprocess.STDOUT,
    )
    sweep.blocked.append(process)
    until(lambda: bool({node["NodeID"] for node in ray.nodes() if node["Alive"]} - before), "the node to join", 60.0)
    sweep.add_node()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60.0)


def kill_driver(sweep: RealSweep) -> None:
    assert sweep.driver is not None
    until(lambda: bool(sweep.workers()), "a worker")
    sweep.driver.kill()
    sweep.driver.wait()
    sweep.start_driver()


def kill_cluster(sweep: RealSweep) -> None:
    until(lambda: bool(sweep.workers()), "a worker")
    assert sweep.driver is not None
    sweep.driver.kill()
    sweep.driver.wait()
    sweep.stop_cluster()
    sweep.start_cluster()
    sweep.start_driver()


FAULTS: Mapping[str, Callable[[RealSweep], None]] = {
    "worker killed": kill_worker,
    "worker stopped, then woken": stop_worker,
    "raylet killed": kill_raylet,
    "node drained": lambda sweep: drain(sweep, 2 * PATIENCE),
    "node drained too late": lambda sweep: drain(sweep, 0.2),
    "node terminated": terminate_node,
    "driver killed": kill_driver,
    "cluster killed": kill_cluster,
}
