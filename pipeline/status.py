"""How far a sweep is, from storage alone: it asks no driver and no cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.lease import FRESH_SECONDS, Owner, read_heartbeat
from pipeline.plan import stored_plan
from pipeline.record.commit import committed_ids, failures
from pipeline.storage import Storage


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
    """`committed` + `failed` + `left` = `total`. `driver` says where the driver runs, and is empty if none does;
    `heard` is how many seconds ago a driver was last heard of, None for never."""

    url: str
    total: int
    committed: int
    failed: tuple[FailedTrial, ...]
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
    trials = {trial.trial_id: trial for trial in stored_plan(storage).trials}
    done = committed_ids(storage) & trials.keys()
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
        if trial_id in trials
    )
    beat = read_heartbeat(storage)
    driver = _driver(beat, now) if beat is not None else ""
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
        left=len(trials) - len(done) - len(failed),
        running=running,
        driver=driver,
        heard=max(now - beat["at"], 0.0) if beat is not None else None,
        workers=len(progress.get("workers", {})),
    )


def _driver(beat: Mapping[str, Any], now: float) -> str:
    """Where the driver of the heartbeat runs, or nothing if it has gone."""
    owner = Owner(**beat["owner"])
    if beat["released"] or abs(now - beat["at"]) >= FRESH_SECONDS or owner.is_dead():
        return ""
    return f"process {owner.pid} on {owner.host}"
