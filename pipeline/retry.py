"""What becomes of a trial whose attempt ended without a result: retried, how soon and in what company, or given up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from pipeline.events import FailureClass
from pipeline.state import Policy, Retries, Status, TrialState


@dataclass(frozen=True, kw_only=True)
class Ending:
    """An attempt without a result. `failure` is None for one that was sent back (see `TrialReturned`), `pack` is how
    many trials were on board, `worker_lost` whether the worker died under it, `saved` the step of its newest
    checkpoint."""

    failure: FailureClass | None
    message: str
    step: int
    pack: int = 1
    worker_lost: bool = False
    saved: int = 0


def end_attempt(row: TrialState, ending: Ending, retries: Retries, now: float) -> TrialState:
    """The trial after an attempt of it ended so: pending, waiting or failed. The same for a live event and for a fact
    replayed from the journal."""
    failure, further = blamed(row, ending), _came_further(row, ending)
    row = replace(
        row,
        status=Status.PENDING,
        worker_id="",
        steps_per_second=0.0,
        step=ending.step,
        saved=max(row.saved, ending.saved),
        # A worker that dies may have saved more than it came to tell.
        resume_from=row.number if ending.worker_lost else row.resume_from,
        reason=ending.message,
        unwanted=False,
    )
    if failure is None:
        return replace(row, alone_until=max(ending.step, row.alone_until or 0))
    count = row.failures.get(failure, 0) + 1
    row = replace(row, failures={**row.failures, failure: count})
    budget = retries.budget(failure)
    if budget is None:
        return row
    if ending.worker_lost and failure in (FailureClass.INFRASTRUCTURE, FailureClass.POISON):
        row = replace(row, deaths=1 if further else row.deaths + 1, died_saved=row.saved)
    if failure is FailureClass.POISON:
        why = f"poison: {row.deaths} workers died with it on board, the last one with it alone"
        return replace(row, status=Status.FAILED, failed_by=failure, reason=f"{why}: {ending.message}")
    if count > budget:
        times = "once" if count == 1 else f"{count} times"
        return replace(row, status=Status.FAILED, failed_by=failure, reason=f"{ending.message} ({times})")
    return _retried(row, ending, count, retries, now)


def blamed(row: TrialState, ending: Ending) -> FailureClass | None:
    """The class that the ending counts as: `poison` for the death of a worker that a quarantined trial was alone on,
    and came no further; else the ending's own."""
    died = ending.worker_lost and ending.failure is FailureClass.INFRASTRUCTURE
    if died and row.quarantined and ending.pack == 1 and not _came_further(row, ending):
        return FailureClass.POISON
    return ending.failure


def wants_child(row: TrialState, policy: Policy) -> bool:
    """Whether another seed is to take the trial's place. A child's place is not taken again."""
    return policy.reseed and row.failed_by is FailureClass.DIVERGENCE and not row.trial.parent


def next_round(row: TrialState, number: int) -> TrialState:
    """The trial in round `number`, with whole budgets again; attempt numbers go on."""
    return TrialState(trial=row.trial, round=number, number=row.number, resume_from=row.resume_from, barred=row.barred)


def _came_further(row: TrialState, ending: Ending) -> bool:
    """Whether it has been checkpointed since the last worker died: then it is hardly the trial that kills."""
    return max(row.saved, ending.saved) > row.died_saved


def _retried(row: TrialState, ending: Ending, count: int, retries: Retries, now: float) -> TrialState:
    match ending.failure:
        case FailureClass.INFRASTRUCTURE:
            delay = backoff(retries, row.trial_id, row.number, count)
            return replace(row, status=Status.WAITING, not_before=now + delay)
        case FailureClass.OUT_OF_MEMORY:
            return replace(row, pack_cap=max(1, ending.pack - 1) if count == 1 else 1)
        case FailureClass.DIVERGENCE:
            return replace(row, resume_from=None, barred=row.number, step=0, saved=0)
    return row


def backoff(retries: Retries, trial_id: str, number: int, count: int) -> float:
    """Seconds before the retry after the `count`-th infrastructure failure: doubling, within a factor of 0.5 to 1.5
    drawn from the trial and the attempt."""
    digest = hashlib.sha256(f"{trial_id}:{number}".encode()).digest()
    jitter = 0.5 + int.from_bytes(digest[:8]) / 2**64
    return min(retries.backoff_seconds * 2.0 ** min(count - 1, 60), retries.backoff_limit) * jitter
