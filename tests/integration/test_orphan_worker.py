"""A driver that stands still for longer than its lease: its workers checkpoint, end, and give their slots back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes import make_trials, state_after, state_metric
from killed_sweeps import TESTS, is_alive, until
from stored import newest_checkpoint, result_row

from pipeline import paths
from pipeline.lease import FRESH_SECONDS
from pipeline.record.commit import committed
from pipeline.storage import Storage

PROGRAM = """
import sys, threading
from fakes import FakeFactory, FakeTracker, make_trials
from pipeline.driver import DriverOptions, drive
from pipeline.executors.actor import RayOptions
from pipeline.executors.ray_actors import RayExecutor, ensure_ray
from pipeline.state import Policy, Retries
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

url, scratch, delay = sys.argv[1:]
storage = Storage(url)
factory = FakeFactory(slots=2, delay=float(delay), scratch=scratch)
worker = WorkerOptions(every_steps=1_000_000, progress_seconds=0.1)
ensure_ray(None, object_store_bytes=100_000_000, cpus=1)
executor = RayExecutor(factory, storage, worker, RayOptions(orphan_seconds=1.0))
options = DriverOptions(policy=Policy(retries=Retries(backoff_seconds=0.01)), poll_seconds=0.05)
none = lambda ignored: None
summary = drive(make_trials(2, 400), storage, executor, options, FakeTracker(), none, none, threading.Event())
executor.close()
sys.exit(0 if summary.committed == 2 else 3)
"""


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_workers_of_a_driver_that_stands_still_save_themselves_and_the_sweep_goes_on(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "sweep"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
    command = [sys.executable, "-c", PROGRAM, storage.root, str(tmp_path), "0.05"]
    driver = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log = tmp_path / "admitted.log"
    try:
        until(lambda: log.exists() and len(log.read_text().splitlines()) == 2, "the trials to be on board")
        (worker,) = map(int, (tmp_path / "workers.log").read_text().split())
        driver.send_signal(signal.SIGSTOP)
        time.sleep(0.5)  # a beat that was under way
        assert is_alive(worker)
        beat = json.loads(storage.read(paths.HEARTBEAT))  # a minute passes for those who look at the lease
        storage.write(paths.HEARTBEAT, json.dumps({**beat, "at": time.time() - FRESH_SECONDS}).encode())
        until(lambda: not is_alive(worker), "the orphan to end")
        trials = make_trials(2, 400)
        for trial in trials:
            saved = newest_checkpoint(storage, trial.trial_id)
            assert saved is not None and 0 < saved.step < 400, "though no checkpoint was due"
        driver.send_signal(signal.SIGCONT)
        output, _ = driver.communicate(timeout=90.0)
        assert driver.returncode == 0, output
    finally:
        driver.kill()
        driver.communicate()
    steps = [int(line.split()[1]) for line in log.read_text().splitlines()]
    assert steps[:2] == [0, 0] and min(steps[2:]) > 0, "from the checkpoints"
    done = committed(storage)
    for trial in trials:
        state = result_row(storage, trial.trial_id, done[trial.trial_id])["metrics"]["state"]
        assert state == state_metric(state_after(trial, 400))
