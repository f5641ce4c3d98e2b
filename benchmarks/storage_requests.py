"""What a trial costs a store: requests and bytes, counted. And what follows for many of them, computed.

`python -m benchmarks.storage_requests` runs trials of a stand-in engine, whose scenes and renders have the sizes that
are given, on a store in memory, and prints one JSON line: requests and bytes a trial, by what they are for. Counts do
not depend on the machine. `benchmarks/results/` has one; docs/operations.md computes with it.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from dreamcore.plain import to_dict
from dreamcore.presets import preset
from pipeline.driver import DriverOptions, drive
from pipeline.engine import Outcome, StepReport, View
from pipeline.executors.inline import InlineExecutor
from pipeline.paths import SCENE
from pipeline.record.compact import compact
from pipeline.record.tracking import NullTracker
from pipeline.state import Policy
from pipeline.storage import Storage
from pipeline.stores.memory import MemoryRequests
from pipeline.trial import Trial, trial_id
from pipeline.worker import WorkerOptions

# As a store bills them: writes and listings cost ten times a read, deletions nothing.
CLASSES = {"put": "put", "put_new": "put", "page": "list", "get": "get", "nonce": "get", "remove": "delete"}


@dataclass
class Sized:
    """An engine without a device: scenes and views of given sizes."""

    scene_bytes: int
    view_bytes: int
    views: int
    device: str = "stand-in"
    steps: dict[str, list[int]] = field(default_factory=dict)

    def prepare(self) -> Generator[str, None, None]:
        yield from ()

    def capacity(self) -> int:
        return 8

    def running(self) -> Sequence[str]:
        return list(self.steps)

    def admit(self, trial: Trial, checkpoint: bytes | None) -> int:
        self.steps[trial.trial_id] = [0, trial.steps]
        return 0

    def step(self) -> Sequence[StepReport]:
        for step in self.steps.values():
            step[0] += 1
        return [
            StepReport(trial_id=key, step=step, metrics={"loss": 1.0 / step, "opacity": 0.5}, finished=step == steps)
            for key, (step, steps) in self.steps.items()
        ]

    def checkpoint(self, trial_id: str) -> bytes:
        return bytes(self.scene_bytes)

    def finish(self, trial_id: str) -> Outcome:
        del self.steps[trial_id]
        png = b"\x89PNG\r\n\x1a\n" + bytes(self.view_bytes)
        views = [
            View(index=index, kind=kind, azimuth=0.0, elevation=20.0, radius=2.5, png=png)
            for kind in ("color", "textureless")
            for index in range(self.views)
        ]
        return Outcome(views=views, metrics={"loss": 0.1}, verdict="healthy", reason="", files={SCENE: b"scene"})

    def drop(self, trial_id: str) -> None:
        self.steps.pop(trial_id)


class Count:
    """Requests by class and the first folder of their key; bytes that were put."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def wrap(self, name: str, folder: str) -> Any:
        real = getattr(MemoryRequests, name)

        def call(store: MemoryRequests, path: str, *arguments: Any, **options: Any) -> Any:
            place = path.rsplit(f"{folder}/", maxsplit=1)[-1].split("/")
            what = "checkpoints" if "checkpoints" in place else place[0]
            self.requests[f"{CLASSES[name]} {what}"] += 1
            if CLASSES[name] == "put":
                self.bytes[what] += len(arguments[0])
            return real(store, path, *arguments, **options)

        return call


def trials(count: int, steps: int) -> tuple[Trial, ...]:
    """So many trials of `practical` that differ in their seed."""
    config = {**to_dict(preset("practical")), "steps": steps}
    prior = {"kind": "embedded"}
    return tuple(
        Trial(
            trial_id=trial_id("a red mug", seed, config, prior),
            prompt="a red mug",
            seed=seed,
            variant="base",
            config=config,
            prior=prior,
            tags={},
        )
        for seed in range(count)
    )


def count(trials: tuple[Trial, ...], engine: Sized, every_steps: int) -> dict[str, Any]:
    """Run the trials, then compact; both counted, each a trial."""
    folder = f"counted-{uuid.uuid4().hex}"
    storage = Storage(f"memory://{folder}")
    worker = WorkerOptions(every_steps=every_steps, every_seconds=1e9, worth_seconds=0.0)
    options = DriverOptions(
        policy=Policy(max_workers=2), heartbeat_seconds=0.0, poll_seconds=0.001, journal_seconds=1e9
    )
    running, compacting = Count(), Count()

    def wrapped(counter: Count) -> Any:
        return mock.patch.multiple(MemoryRequests, **{name: counter.wrap(name, folder) for name in CLASSES})

    def compacted(storage: Storage) -> None:
        with wrapped(compacting):
            compact(storage)

    executor = InlineExecutor(lambda: replace(engine, steps={}), storage, worker)
    with wrapped(running):
        summary = drive(
            trials, storage, executor, options, NullTracker(), compacted, lambda state: None, threading.Event()
        )
    assert summary.committed == len(trials)
    every = len(trials)
    return {
        "trials": every,
        "steps": trials[0].steps,
        "checkpoint_every_steps": every_steps,
        "scene_bytes": engine.scene_bytes,
        "views": 2 * engine.views,
        "requests": {key: round(value / every, 2) for key, value in sorted(running.requests.items())},
        "bytes": {key: round(value / every) for key, value in sorted(running.bytes.items())},
        "compaction_requests": {key: round(value / every, 2) for key, value in sorted(compacting.requests.items())},
        "compaction_bytes": round(sum(compacting.bytes.values()) / every),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--every-steps", type=int, default=250)
    parser.add_argument("--scene-bytes", type=int, default=14_427_152, help="A checkpoint of `practical`.")
    parser.add_argument("--view-bytes", type=int, default=20_000)
    parser.add_argument("--views", type=int, default=8)
    chosen = parser.parse_args(arguments)
    engine = Sized(chosen.scene_bytes, chosen.view_bytes, chosen.views)
    json.dump(count(trials(chosen.trials, chosen.steps), engine, chosen.every_steps), sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
