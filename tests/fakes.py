"""A fast deterministic stand-in for the engine, and small builders of trials.

A fake scene's state is a running hash of (trial id, seed, step), so resumed = uninterrupted can be checked exactly.
Words in the prompt make it misbehave at a step: `fail:user@5` (exception in `step`), `fail:admit@0`, `fail:finish@0`,
`diverge@7`, `collapse@7`, `nan@7` (that step's loss), `oom@3`, `kill@4` (the process dies, or with `die="raise"` the
device breaks). With `once:`
in front (`once:kill@4`) it happens only the first time, remembered as a file in the factory's `scratch` folder.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import signal
import struct
import time
import zlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.engine import CorruptCheckpoint, Outcome, StepReport, View
from pipeline.paths import SCENE
from pipeline.trial import Trial, trial_id

_TROUBLE = re.compile(r"(once:)?(fail:user|fail:admit|fail:finish|diverge|collapse|oom|kill|nan)@(\d+)")


def make_trial(
    prompt: str = "a cup", seed: int = 0, steps: int = 10, variant: str = "base", tags: Mapping[str, str] | None = None
) -> Trial:
    """A trial for the fake engine; its config has only `steps`."""
    config: dict[str, Any] = {"steps": steps}
    prior = {"kind": "fake"}
    key = trial_id(prompt, seed, config, prior)
    return Trial(
        trial_id=key, prompt=prompt, seed=seed, variant=variant, config=config, prior=prior, tags=dict(tags or {})
    )


def make_trials(count: int, steps: int = 10, prompt: str = "a cup") -> tuple[Trial, ...]:
    return tuple(make_trial(prompt, seed, steps) for seed in range(count))


def state_after(trial: Trial, step: int) -> str:
    """The fake scene's state after `step` steps, in hexadecimal."""
    state = trial.trial_id
    for index in range(1, step + 1):
        state = _advance(state, trial.seed, index)
    return state


def state_metric(state: str) -> float:
    """The state as the number that `Outcome.metrics["state"]` has (48 bits, so exact in a float)."""
    return float(int(state[:12], 16))


def png(red: int, green: int, blue: int) -> bytes:
    """A whole PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes([0, red, green, blue]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _advance(state: str, seed: int, step: int) -> str:
    return hashlib.sha256(f"{state}:{seed}:{step}".encode()).hexdigest()


@dataclass
class _Scene:
    trial: Trial
    step: int
    state: str


@dataclass
class FakeEngine:
    """An `Engine` without a device. `admitted` lists (trial_id, step stood at) in order."""

    slots: int = 2
    delay: float = 0.0
    scratch: str = ""
    die: Literal["kill", "raise"] = "raise"
    device: str = "fake"
    preparation: Sequence[str] = ()
    hold: str = ""
    admitted: list[tuple[str, int]] = field(default_factory=list)
    scenes: dict[str, _Scene] = field(default_factory=dict)

    def prepare(self) -> Generator[str, None, None]:
        yield from self.preparation

    def capacity(self) -> int:
        return self.slots

    def admit(self, trial: Trial, checkpoint: bytes | None) -> int:
        assert trial.trial_id not in self.scenes, "admitted twice"
        self._trouble(trial, "fail:admit", 0)
        scene = _Scene(trial, 0, trial.trial_id)
        if checkpoint is not None:
            scene.step, scene.state = _read_checkpoint(trial, checkpoint)
        self.scenes[trial.trial_id] = scene
        self.admitted.append((trial.trial_id, scene.step))
        if self.scratch:
            with open(Path(self.scratch) / "admitted.log", "a") as file:
                file.write(f"{trial.trial_id} {scene.step}\n")
        return scene.step

    def running(self) -> Sequence[str]:
        return list(self.scenes)

    def step(self) -> Sequence[StepReport]:
        if self.delay and (not self.hold or Path(self.hold).exists()):
            time.sleep(self.delay)
        for scene in self.scenes.values():
            for kind in ("fail:user", "oom", "kill"):
                self._trouble(scene.trial, kind, scene.step + 1)
        return [self._step(scene) for scene in self.scenes.values()]

    def checkpoint(self, trial_id: str) -> bytes:
        scene = self.scenes[trial_id]
        return json.dumps({"trial_id": trial_id, "step": scene.step, "state": scene.state}).encode()

    def finish(self, trial_id: str) -> Outcome:
        scene = self.scenes[trial_id]
        self._trouble(scene.trial, "fail:finish", 0)
        del self.scenes[trial_id]
        color = bytes.fromhex(scene.state[:6])
        views = [
            View(index=index, kind=kind, azimuth=90.0 * index, elevation=15.0, radius=2.5, png=png(*color))
            for index in range(2)
            for kind in ("color", "depth")
        ]
        healthy = scene.step == scene.trial.steps
        return Outcome(
            views=views,
            metrics={"state": state_metric(scene.state), "opacity": 0.5},
            verdict="healthy" if healthy else "collapsed",
            reason="" if healthy else "empty",
            files={SCENE: scene.state.encode()},
            note="" if healthy else "no mesh: empty",
        )

    def drop(self, trial_id: str) -> None:
        self.scenes.pop(trial_id)

    def _step(self, scene: _Scene) -> StepReport:
        scene.step += 1
        scene.state = _advance(scene.state, scene.trial.seed, scene.step)
        nan = self._strikes(scene.trial, "nan", scene.step)
        loss = math.nan if nan else state_metric(scene.state) / 2**48
        verdict = ""
        if self._strikes(scene.trial, "diverge", scene.step):
            verdict = "diverged"
        elif self._strikes(scene.trial, "collapse", scene.step):
            verdict = "collapsed"
        return StepReport(
            trial_id=scene.trial.trial_id,
            step=scene.step,
            metrics={"loss": loss},
            verdict=verdict,
            reason=f"{verdict} at step {scene.step}" if verdict else "",
            finished=bool(verdict) or scene.step == scene.trial.steps,
        )

    def _trouble(self, trial: Trial, kind: str, step: int) -> None:
        if not self._strikes(trial, kind, step):
            return
        if kind == "oom":
            raise MemoryError("the fake device is full")
        if kind == "kill" and self.die == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "kill":
            raise RuntimeError("CUDA error: unspecified launch failure (fake)")
        raise RuntimeError(f"{kind} as told")

    def _strikes(self, trial: Trial, kind: str, step: int) -> bool:
        for once, name, at in _TROUBLE.findall(trial.prompt):
            if name == kind and int(at) == step:
                return not once or self._first_time(f"{trial.trial_id}-{kind.replace(':', '-')}-{step}")
        return False

    def _first_time(self, mark: str) -> bool:
        assert self.scratch, "`once:` needs a scratch folder"
        try:
            (Path(self.scratch) / mark).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def _read_checkpoint(trial: Trial, data: bytes) -> tuple[int, str]:
    try:
        content = json.loads(data)
        step, state, key = int(content["step"]), str(content["state"]), content["trial_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptCheckpoint(f"no fake checkpoint: {error}") from error
    if key != trial.trial_id:
        raise CorruptCheckpoint(f"the checkpoint is of trial {key}")
    return step, state


@dataclass(frozen=True)
class FakeFactory:
    """Builds fake engines; pickles. `delay` is seconds a step, with a `hold` only as long as that file exists; `broken`
    makes every build raise with that text. With a `scratch` folder, `workers.log` there lists the processes that built
    one and `admitted.log` what they admitted."""

    slots: int = 2
    delay: float = 0.0
    scratch: str = ""
    die: Literal["kill", "raise"] = "raise"
    broken: str = ""
    preparation: Sequence[str] = ()
    hold: str = ""

    def __call__(self) -> FakeEngine:
        if self.broken:
            raise ValueError(self.broken)
        if self.scratch:
            with open(Path(self.scratch) / "workers.log", "a") as file:
                file.write(f"{os.getpid()}\n")
        return FakeEngine(
            slots=self.slots,
            delay=self.delay,
            scratch=self.scratch,
            die=self.die,
            preparation=self.preparation,
            hold=self.hold,
        )


class FakeTracker:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def trial_started(self, trial: Trial, number: int) -> None:
        self.calls.append(("started", trial.trial_id, number))

    def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
        self.calls.append(("progress", trial_id, step, dict(metrics)))

    def trial_committed(self, trial_id: str, row: Mapping[str, object]) -> None:
        self.calls.append(("committed", trial_id, dict(row)))

    def trial_failed(self, trial_id: str, message: str) -> None:
        self.calls.append(("failed", trial_id, message))

    def close(self, timeout: float = 0.0) -> None:
        self.calls.append(("closed",))


class FakeClock:
    """Seconds that pass only when told, or by `tick` at every reading."""

    def __init__(self, now: float = 1_000.0, tick: float = 0.0) -> None:
        self.now = now
        self.tick = tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
