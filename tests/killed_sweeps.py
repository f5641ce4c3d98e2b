"""Sweeps in processes of their own, to be killed: a driver over fake engines, again and again on the same storage."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fakes import make_trials, state_after, state_metric
from stored import result_row

from pipeline import paths
from pipeline.record.attempts import attempt_numbers
from pipeline.record.commit import committed
from pipeline.storage import Storage

TESTS = Path(__file__).parent
COUNT, STEPS = 4, 60

PROGRAM = """
import signal, sys, threading
from fakes import FakeFactory, FakeTracker, make_trials
from pipeline.driver import DriverOptions, drive
from pipeline.executors.inline import InlineExecutor
from pipeline.state import Policy, Retries
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

kind, url, scratch, count, steps = sys.argv[1:]
storage = Storage(url)
factory = FakeFactory(slots=2, delay=0.01, scratch=scratch, die="kill")
worker = WorkerOptions(every_steps=5, progress_seconds=0.1)
if kind == "ray":
    from pipeline.executors.ray_actors import RayExecutor, RayOptions, ensure_ray
    ensure_ray(None, object_store_bytes=100_000_000, cpus=2)
    executor = RayExecutor(factory, storage, worker, RayOptions())
else:
    executor = InlineExecutor(factory, storage, worker)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
policy = Policy(max_workers=2, retries=Retries(backoff_seconds=0.01))
options = DriverOptions(policy=policy, poll_seconds=0.05)
trials = make_trials(int(count), int(steps))
none = lambda ignored: None
summary = drive(trials, storage, executor, options, FakeTracker(), none, none, stop)
executor.close()
print(summary)
sys.exit(0 if summary.committed == len(trials) else 3)
"""


class Sweep:
    """The same sweep again and again, each time in a process of its own."""

    def __init__(self, kind: str, folder: Path, url: str | None = None) -> None:
        self.kind, self.scratch = kind, folder
        self.storage = Storage(url or str(folder / "sweep"))
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        arguments = [self.kind, self.storage.url, str(self.scratch), str(COUNT), str(STEPS)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.processes.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> None:
        output, _ = process.communicate(timeout=60.0)
        assert process.returncode == 0, output

    def workers(self) -> list[int]:
        log = self.scratch / "workers.log"
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    def checkpoints(self) -> int:
        return sum(key.endswith("latest.json") for key in self.storage.list(paths.ATTEMPTS))

    def check(self) -> None:
        trials = make_trials(COUNT, STEPS)
        done = committed(self.storage)
        assert set(done) == {trial.trial_id for trial in trials}
        for trial in trials:
            state = result_row(self.storage, trial.trial_id, done[trial.trial_id])["metrics"]["state"]
            assert state == state_metric(state_after(trial, STEPS))

    def attempts_of_committed(self) -> dict[str, list[int]]:
        return {trial_id: attempt_numbers(self.storage, trial_id) for trial_id in committed(self.storage)}

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
