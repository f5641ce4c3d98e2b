"""The state of a sweep from what storage holds: plan, commits, failures, journal and attempts.

Commits and failures are the truth about what is final. The journal tells what budgets are spent. The listing of the
attempts tells which numbers are taken, and which one finished without its commit because its driver died first. Which
checkpoint is the newest, a worker finds out when it takes the trial up: those of a dead driver may go on writing.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from pipeline import paths
from pipeline.commands import SweepStarted
from pipeline.events import FailureClass
from pipeline.record.commit import committed_ids, failed_rounds
from pipeline.record.journal import Fact, replay
from pipeline.record.orders import Standing
from pipeline.retry import Ending, end_attempt, next_round, wants_child
from pipeline.state import Policy, Status, SweepState, TrialState
from pipeline.storage import Storage
from pipeline.trial import Trial, reseeded


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """The state, the event to begin with, and the trials whose next round this driver opens."""

    state: SweepState
    start: SweepStarted
    opened: tuple[TrialState, ...]


@dataclass
class _Traces:
    """What the listing shows of a trial's attempts; 0 for none."""

    newest: int = 0
    finished: int = 0


def recover(
    trials: Iterable[Trial], storage: Storage, policy: Policy, epoch: int, now: float, asked: Standing | None = None
) -> Recovered:
    """Where the sweep stands. Failed trials stay failed and cancelled ones cancelled, unless `asked` reopens them.

    Raises ValueError for a trial that is in the plan twice, StorageError for a journal that cannot be read.
    """
    done, failed, asked = committed_ids(storage), failed_rounds(storage), asked or Standing()
    caps: dict[str, int] = {}
    rows = {}
    for trial in trials:
        if trial.trial_id in rows:
            raise ValueError(f"trial {trial.trial_id} is in the plan twice (prompt {trial.prompt!r})")
        status = Status.COMMITTED if trial.trial_id in done else Status.PENDING
        rows[trial.trial_id] = TrialState(trial=trial, status=status, step=trial.steps if trial.trial_id in done else 0)
    finished: list[tuple[str, int]] = []
    opened: list[TrialState] = []
    if len(done & rows.keys()) < len(rows):
        refused = _replay(rows, caps, replay(storage), policy)
        traces = _list_attempts(storage, refused)
        for row in [row for row in rows.values() if row.status is not Status.COMMITTED]:
            trial_id, trace = row.trial_id, traces.get(row.trial_id, _Traces())
            settled = _settle(row, trace, recorded=failed.get(trial_id, -1) >= row.round)
            if trace.finished:
                finished.append((trial_id, trace.finished))
            elif settled.status is Status.FAILED and asked.reopens(trial_id, settled.round):
                settled = next_round(settled, asked.rounds[trial_id])
                opened.append(settled)
            if settled.status is Status.PENDING and trial_id in asked.cancelled:
                if trace.finished:  # committed if the attempt is whole, cancelled if it is not
                    settled = replace(settled, unwanted=True)
                else:
                    settled = replace(settled, status=Status.CANCELLED, reason="cancelled")
            rows[trial_id] = settled
    unrecorded = tuple(
        trial_id
        for trial_id, row in rows.items()
        if row.status is Status.FAILED and failed.get(trial_id, -1) < row.round and trial_id not in dict(finished)
    )
    return Recovered(
        state=SweepState.of(rows.values(), policy, epoch, caps),
        start=SweepStarted(
            now=now, finished=tuple(finished), unrecorded=unrecorded, childless=_childless(rows, policy, unrecorded)
        ),
        opened=tuple(opened),
    )


def _childless(rows: Mapping[str, TrialState], policy: Policy, unrecorded: Collection[str]) -> tuple[str, ...]:
    """The recorded failures whose driver died, or had another policy, before another seed took their place."""
    return tuple(
        trial_id
        for trial_id, row in rows.items()
        if row.status is Status.FAILED
        and wants_child(row, policy)
        and trial_id not in unrecorded
        and reseeded(row.trial).trial_id not in rows
    )


def _replay(
    rows: dict[str, TrialState], caps: dict[str, int], facts: Iterable[Fact], policy: Policy
) -> set[tuple[str, int]]:
    """Let the journal happen again to the rows that are not committed, and to the caps of packs; which attempts were
    refused."""
    refused = set()
    for fact in facts:
        if fact["fact"] == "pack_capped":
            caps[fact["device"]] = min(fact["cap"], caps.get(fact["device"], fact["cap"]))
        row = rows.get(fact.get("trial_id", ""))
        if row is None or row.status is Status.COMMITTED:
            continue
        match fact["fact"]:
            case "attempt_started":
                row = replace(row, number=max(row.number, fact["number"]))
            case "attempt_refused":
                refused.add((row.trial_id, fact["number"]))
            case "round_opened":
                row = next_round(row, fact["round"])
            case "attempt_ended" if row.status is not Status.FAILED:
                row = replace(row, number=max(row.number, fact["number"]))
                row = end_attempt(row, _ending(fact), policy.retries, now=0.0)
        rows[row.trial_id] = row
    return refused


def _ending(fact: Fact) -> Ending:
    failure = fact["failure"]
    return Ending(
        failure=FailureClass(failure) if failure is not None else None,
        message=fact["message"],
        step=fact["step"],
        pack=fact["pack"],
        worker_lost=fact["worker_lost"],
        saved=fact.get("saved", 0),
    )


def _settle(row: TrialState, trace: _Traces, recorded: bool) -> TrialState:
    """The row without what the last driver's death has undone: backoffs are over, nothing runs."""
    status = Status.FAILED if recorded or row.status is Status.FAILED else Status.PENDING
    number = max(row.number, trace.newest)
    return replace(
        row,
        status=status,
        number=number,
        # Even if it has left nothing yet: a worker of the dead driver may claim it now and come far.
        resume_from=number if number > row.barred else None,
        worker_id="",
        not_before=0.0,
        reason=row.reason or ("failed in an earlier run" if recorded else ""),
    )


def _list_attempts(storage: Storage, refused: Container[tuple[str, int]]) -> Mapping[str, _Traces]:
    found: dict[str, _Traces] = {}
    for key in storage.list(paths.ATTEMPTS):
        parts = key.split("/")
        trial_id, number, name = parts[1], int(parts[2]), parts[-1]
        trace = found.setdefault(trial_id, _Traces())
        trace.newest = max(trace.newest, number)
        if name == "done.json" and (trial_id, number) not in refused:
            trace.finished = max(trace.finished, number)
    return found
