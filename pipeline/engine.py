"""What a worker drives: scenes that advance together. `dreamcore` behind it in earnest, a fake in tests."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.trial import Trial


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """One scene after one step. `verdict` is empty while healthy, else `collapsed`, `saturated`, `diverged` or `flat`
    and `reason` says why in a sentence; `finished` when the last step is done or the verdict ends the run."""

    trial_id: str
    step: int
    metrics: Mapping[str, float]
    verdict: str = ""
    reason: str = ""
    finished: bool = False


@dataclass(frozen=True, kw_only=True)
class View:
    """One rendered view as PNG bytes with the camera that took it (degrees, scene units), None for an image that none
    took. `kind` is `color`, `textureless`, `depth` or `occupancy`."""

    index: int
    kind: str
    azimuth: float | None
    elevation: float | None
    radius: float | None
    png: bytes


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished scene leaves: views, summary metrics (one number each) and its health verdict (`healthy` or as in
    StepReport) with a reason. `guide` names the image-text model that guided it, with hashes of its weights; empty if
    none did."""

    views: Sequence[View]
    metrics: Mapping[str, float]
    verdict: str
    reason: str
    guide: str = ""


class Engine(Protocol):
    """Owned by one thread. A scene is known by its trial's id; scenes join and leave between steps."""

    device: str

    def prepare(self) -> Generator[str, None, None]:
        """Do what has to be done once before the first trial, in pieces; each item says in words what comes next."""
        ...

    def capacity(self) -> int:
        """How many scenes can run at once."""
        ...

    def admit(self, trial: Trial, checkpoint: bytes | None) -> int:
        """Start the trial, or continue it from `checkpoint`; return the step it stands at.

        Raises ValueError for a trial this engine cannot run, `CorruptCheckpoint` for bytes it cannot read.
        """
        ...

    def running(self) -> Sequence[str]:
        """The ids of the scenes on board, in order of admission."""
        ...

    def step(self) -> Sequence[StepReport]:
        """Advance every scene by one step. Raises MemoryError when the device is full."""
        ...

    def checkpoint(self, trial_id: str) -> bytes:
        """The scene as it stands, as one blob that `admit` takes."""
        ...

    def finish(self, trial_id: str) -> Outcome:
        """Render and measure the scene, then drop it."""
        ...

    def drop(self, trial_id: str) -> None:
        """Forget the scene."""
        ...


class CorruptCheckpoint(ValueError):
    """The checkpoint's bytes are not a whole scene of this trial."""
