"""The fake engine of the tests with simulated time and chance troubles, and a log of every step that it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chaos.faults import Weather
from fakes import FakeEngine

from pipeline.engine import StepReport
from pipeline.trial import Trial


@dataclass(frozen=True)
class Done:
    """What a process did with a trial: `claim` attempt `number`, `start` it at step `number`, or do that `step`; or
    that somebody had it cancelled or retried by order `number`, or committed it; or, with no trial, that driver
    `number` took the lease; or, with a key instead, that it wrote that object of the journal."""

    process: str
    trial_id: str
    what: Literal["claim", "start", "step", "cancel", "retry", "commit", "lease", "journal"]
    number: int


@dataclass
class ChaosEngine(FakeEngine):
    """Each step takes `pace` simulated seconds. `log` outlives the process: the checker compares it with storage."""

    weather: Weather | None = None
    sleep: Callable[[float], None] = lambda seconds: None
    pace: float = 1.0
    process: str = ""
    log: list[Done] = field(default_factory=list)

    def admit(self, trial: Trial, checkpoint: bytes | None) -> int:
        step = super().admit(trial, checkpoint)
        self.log.append(Done(self.process, trial.trial_id, "start", step))
        return step

    def step(self) -> Sequence[StepReport]:
        assert self.weather is not None
        self.sleep(self.pace * self.weather.dice.uniform(0.8, 1.2))
        if self.weather.strikes("user exception"):
            raise ValueError("a bug that comes and goes")
        if self.weather.strikes("out of memory"):
            raise MemoryError("the fake device is full")
        if self.weather.strikes("device broken"):
            raise RuntimeError("CUDA error: unspecified launch failure (fake)")
        reports = super().step()
        self.log += [Done(self.process, report.trial_id, "step", report.step) for report in reports]
        return reports
