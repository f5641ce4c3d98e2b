"""A driver in a process of its own, on a real Ray cluster: `python -m chaos.real_driver URL SCRATCH ADDRESS`."""

from __future__ import annotations

import random
import signal
import sys
import threading
from pathlib import Path

from chaos.sweep import SPEC, draw_trials
from fakes import FakeFactory

from pipeline.driver import DriverOptions, drive
from pipeline.executors.ray_actors import RayExecutor, RayOptions, ensure_ray
from pipeline.plan import Plan, store_plan
from pipeline.record.compact import compact
from pipeline.record.tracking import NullTracker
from pipeline.state import Policy, Retries
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

TRIALS, STEPS, INTERVAL, PATIENCE = 50, 40, 5, 4.0
HOLD = "hold"  # a file in the scratch folder
# Deaths are what this is about: many, in a short time, and on few nodes.
RETRIES = Retries(divergence=1, infrastructure=5, backoff_seconds=0.2, backoff_limit=2.0)


def main(url: str, scratch: str, address: str, seed: str) -> None:
    storage = Storage(url)
    trials = draw_trials(random.Random(int(seed)), TRIALS, STEPS)
    store_plan(storage, Plan(trials), SPEC)
    stop = threading.Event()
    ensure_ray(address, 0)
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())  # after Ray, which puts its own
    # Steps take their time while faults are dealt out, so that the sweep is not over before the last one.
    factory = FakeFactory(slots=3, delay=0.25, scratch=scratch, die="raise", hold=str(Path(scratch) / HOLD))
    worker = WorkerOptions(every_steps=INTERVAL, progress_seconds=0.2)
    executor = RayExecutor(
        factory, storage, worker, RayOptions(address=address, patience_seconds=PATIENCE, silence_seconds=PATIENCE)
    )
    policy = Policy(max_workers=3, retries=RETRIES, stop_after_same_failures=0, max_start_failures=20)
    options = DriverOptions(policy=policy, poll_seconds=0.2, compact_commits=10)
    try:
        summary = drive(trials, storage, executor, options, NullTracker(), compact, lambda state: None, stop)
    finally:
        executor.close()
    sys.exit(0 if summary.remaining == 0 else 3)


if __name__ == "__main__":
    main(*sys.argv[1:])
