"""What a plan has before it: which trials are done, which are to run, and how long those take."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipeline.plan import Plan
    from pipeline.storage import Storage

State = Literal["committed", "failed", "cancelled", "to run"]

_MEASURED = 50  # trials that are in no table yet, each a file of its own to read


@dataclass(frozen=True, kw_only=True)
class PlannedTrial:
    """A row of the plan and what has become of it."""

    trial_id: str
    prompt: str
    seed: int
    variant: str
    steps: int
    state: State


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """`committed` + `failed` + `cancelled` + `left` trials. `steps_left` are those of the trials left to run;
    `steps_per_second` is the median speed of committed trials, None while there is none."""

    url: str
    trials: tuple[PlannedTrial, ...]
    committed: int
    failed: int
    cancelled: int
    left: int
    steps_left: int
    steps_per_second: float | None

    @property
    def seconds_left(self) -> float | None:
        """For one trial after the other, None while no speed is known."""
        return self.steps_left / self.steps_per_second if self.steps_per_second else None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "seconds_left": self.seconds_left}


def look_ahead(storage: Storage, planned: Plan) -> Outlook:
    """What is left of the plan, by what storage holds. Writes nothing."""
    from pipeline.sweeps import finished

    over = finished(storage, planned)
    states: dict[str, State] = {
        **dict.fromkeys(over.committed, "committed"),
        **dict.fromkeys(over.failed, "failed"),
        **dict.fromkeys(over.cancelled, "cancelled"),
    }
    rows = tuple(
        PlannedTrial(
            trial_id=trial.trial_id,
            prompt=trial.prompt,
            seed=trial.seed,
            variant=trial.variant,
            steps=trial.steps,
            state=states.get(trial.trial_id, "to run"),
        )
        for trial in planned.trials
    )
    left = [row for row in rows if row.state == "to run"]
    return Outlook(
        url=storage.url,
        trials=rows,
        committed=len(over.committed),
        failed=len(over.failed),
        cancelled=len(over.cancelled),
        left=len(left),
        steps_left=sum(row.steps for row in left),
        steps_per_second=_speed(storage) if left else None,
    )


def _speed(storage: Storage) -> float | None:
    """Steps a second of committed trials: of the tables if there are any, else of some that are not in them yet."""
    from pipeline.record.commit import committed_ids
    from pipeline.record.compact import read_manifest
    from pipeline.record.results import fresh_results, read_hashed

    parts = read_manifest(storage).of("trials")
    if parts:
        table = read_hashed(storage, parts[-1].key, parts[-1].sha256)
    else:
        table = fresh_results(storage, sorted(committed_ids(storage))[:_MEASURED]).table
    rates = [rate for rate in table["steps_per_second"].to_pylist() if rate]
    return statistics.median(rates) if rates else None
