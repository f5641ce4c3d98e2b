"""How far a sweep is, from storage alone: it asks no driver and no cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.lease import living_driver, read_heartbeat
from pipeline.plan import stored_plan
from pipeline.record.commit import failures
from pipeline.storage import Storage
from pipeline.sweeps import finished


@dataclass(frozen=True, kw_only=True)
class RunningTrial:
    """A trial that a worker has on board."""

    trial_id: str
    prompt: str
    seed: int
    variant: str
    attempt: int
    step: int
    steps: int
    steps_per_second: float


@dataclass(frozen=True, kw_only=True)
class FailedTrial:
    """A trial that was given up, and why."""

    trial_id: str
    prompt: str
    seed: int
    variant: str
    attempts: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class SweepStatus:
    """`committed` + `failed` + `cancelled` + `left` = `total`. `driver` says who drives, and is empty if nobody
    does; `heard` is how many seconds ago a driver was last heard of, None for never."""

    url: str
    total: int
    committed: int
    failed: tuple[FailedTrial, ...]
    cancelled: int
    left: int
    running: tuple[RunningTrial, ...]
    driver: str
    heard: float | None
    workers: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def read_status(storage: Storage, now: float) -> SweepStatus:
    """The status at `now` (seconds since 1970). Raises StorageError for a plan that cannot be read."""
    plan = stored_plan(storage)
    trials = {trial.trial_id: trial for trial in plan.trials}
    over = finished(storage, plan)
    done = over.committed
    failed = tuple(
        FailedTrial(
            trial_id=failure.trial_id,
            prompt=failure.prompt,
            seed=failure.seed,
            variant=failure.variant,
            attempts=failure.attempts,
            reason=failure.reason,
        )
        for trial_id, failure in failures(storage).items()
        if trial_id in over.failed
    )
    beat = read_heartbeat(storage)
    driver = living_driver(storage, now)
    progress: Mapping[str, Any] = beat["progress"] if beat is not None and driver else {}
    running = tuple(
        RunningTrial(
            trial_id=row["trial_id"],
            prompt=trials[row["trial_id"]].prompt,
            seed=trials[row["trial_id"]].seed,
            variant=trials[row["trial_id"]].variant,
            attempt=row["number"],
            step=row["step"],
            steps=row["steps"],
            steps_per_second=row["steps_per_second"],
        )
        for row in progress.get("running", [])
        if row["trial_id"] in trials and row["trial_id"] not in done
    )
    return SweepStatus(
        url=storage.url,
        total=len(trials),
        committed=len(done),
        failed=failed,
        cancelled=len(over.cancelled),
        left=len(trials) - len(over.ids),
        running=running,
        driver=driver,
        heard=max(now - beat["at"], 0.0) if beat is not None else None,
        workers=len(progress.get("workers", {})),
    )
