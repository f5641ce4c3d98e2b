"""Sweeps in storage without running anything: committed and failed trials, made by the record's own writers; and what
attempts have left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fakes import png

from pipeline import paths
from pipeline.engine import View
from pipeline.events import FailureClass
from pipeline.plan import Plan, store_plan
from pipeline.record.attempts import Checkpoint, checkpoints, finish, read_done
from pipeline.record.commit import Failure, commit, record_failure
from pipeline.record.journal import Journal
from pipeline.storage import Storage
from pipeline.trial import Trial, trial_id

PRIOR = {"kind": "fake"}
SPEC = "name: sweep\nprompts: [a cup]\ntracking: {mlflow: off}\n"


def trial(prompt: str = "a cup", seed: int = 0, variant: str = "base", **config: Any) -> Trial:
    """A trial whose config is `steps` and whatever is given."""
    content = {"steps": 4, **config}
    return Trial(
        trial_id=trial_id(prompt, seed, content, PRIOR),
        prompt=prompt,
        seed=seed,
        variant=variant,
        config=content,
        prior=PRIOR,
        tags={"kind": "toy"},
    )


def begin(storage: Storage, *trials: Trial) -> None:
    """What makes a folder a sweep: a plan of these trials, or of one."""
    store_plan(storage, Plan(trials or (trial(),)), SPEC)


def commit_attempt(storage: Storage, trial_id: str, number: int) -> bool:
    """Commit it as a driver does. Raises DamagedAttempt unless everything that its `done.json` names is there as it was
    written."""
    return commit(storage, read_done(storage, trial_id, number))


def result_row(storage: Storage, trial_id: str, number: int) -> dict[str, Any]:
    """The row that `finish` was given. Raises FileNotFoundError."""
    row: dict[str, Any] = json.loads(storage.read(paths.attempt_done(trial_id, number)))["row"]
    return row


def newest_checkpoint(storage: Storage, trial_id: str, up_to: int | None = None) -> Checkpoint | None:
    """What the next attempt begins from; None for nothing."""
    return next(checkpoints(storage, trial_id, up_to), None)


def commit_trial(
    storage: Storage,
    made: Trial,
    number: int = 1,
    color: int = 10,
    metrics: Mapping[str, float] | None = None,
    history: Sequence[Mapping[str, float]] | None = None,
    verdict: str = "healthy",
    views: Sequence[View] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """A finished and committed attempt with a history of four steps and two views of two kinds, each 1 x 1 pixels,
    unless others are given."""
    row = {
        "trial_id": made.trial_id,
        "prompt": made.prompt,
        "seed": made.seed,
        "variant": made.variant,
        "tags": dict(made.tags),
        "status": "completed",
        "verdict": verdict,
        "reason": "" if verdict == "healthy" else f"looks {verdict}",
        "steps": made.steps,
        "attempt": number,
        "seconds": 2.0,
        "steps_per_second": 2.0,
        "device": "fake",
        "prior": dict(made.prior),
        "software": {"dreamsweep": "0.1.0"},
        "started_at": 1_700_000_000.0,
        "finished_at": 1_700_000_002.0,
        "config": dict(made.config),
        "metrics": dict(metrics or {"opacity": 0.5}),
    }
    steps = history or [{"step": step, "loss": 1.0 / step} for step in range(1, made.steps + 1)]
    views = views or [
        View(index=i, kind=kind, azimuth=90.0 * i, elevation=15.0, radius=2.5, png=png(color, i, 0))
        for i in range(2)
        for kind in ("color", "depth")
    ]
    finish(storage, made.trial_id, number, row, steps, views, files)
    assert commit_attempt(storage, made.trial_id, number)


def fail_trial(storage: Storage, made: Trial, round: int = 0, reason: str = "as told") -> None:
    """A trial that was given up after one attempt."""
    facts = {"round": round, "failure": FailureClass.USER, "reason": reason, "attempts": 1, "step": 3}
    assert record_failure(storage, Failure.of(made, failures={"user": 1}, **facts))


def journal(storage: Storage, *facts: Mapping[str, Any], epoch: int = 1) -> None:
    """One flushed journal object."""
    written = Journal(storage, epoch, lambda: 0.0, lambda: None)
    for fact in facts:
        written.add(fact)
    written.flush()
