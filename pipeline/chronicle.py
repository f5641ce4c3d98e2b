"""A sweep's journal told in words, a line a fact: what a log says, from storage alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.logs import line_of
from pipeline.record.journal import Fact, replay_after
from pipeline.storage import Storage
from pipeline.trial import Trial

_NAME = 48


def chronicle(
    storage: Storage,
    trials: Mapping[str, Trial],
    trial_id: str | None,
    more: Callable[[], bool],
    as_json: bool = False,
) -> Iterator[str]:
    """Everything so far, of one trial or of all, then whatever comes as long as `more()`, which may take its time, says
    that more may; `as_json`: as the lines of a driver's log. Raises StorageError for a journal that cannot be read."""
    read: dict[int, int] = {}
    while True:
        going = more()
        for (epoch, sequence), facts in replay_after(storage, read):
            for fact in facts:
                if trial_id is None or fact.get("trial_id") == trial_id:
                    yield line_of(fact, storage.name, describe(fact, trials)) if as_json else tell(fact, trials)
            read[epoch] = sequence + 1
        if not going:
            return


def tell(fact: Fact, trials: Mapping[str, Trial]) -> str:
    """One fact as a line: when (UTC), about what, and what happened."""
    when = datetime.fromtimestamp(fact["at"], UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{when}  {describe(fact, trials)}"


def describe(fact: Fact, trials: Mapping[str, Trial]) -> str:
    """The same without the time."""
    return f"{_subject(fact, trials)}{_words(fact)}"


def _subject(fact: Fact, trials: Mapping[str, Trial]) -> str:
    trial_id = fact.get("trial_id")
    if trial_id is None:
        return f"worker {fact['worker_id']} " if "worker_id" in fact else ""
    trial = trials.get(trial_id)
    if trial is None:
        return f"trial {trial_id}: "
    prompt = trial.prompt if len(trial.prompt) <= _NAME else trial.prompt[: _NAME - 3] + "..."
    return f"{prompt}, seed {trial.seed}, {trial.variant} ({trial_id[:8]}): "


def _words(fact: Fact) -> str:
    told = _TOLD.get(fact["fact"])
    if told is not None:
        return told.format_map(_Shown(fact))
    rest = ", ".join(f"{name} {value}" for name, value in fact.items() if name not in ("at", "fact", "trial_id"))
    return f"{fact['fact'].replace('_', ' ')}{f': {rest}' if rest else ''}"


_TOLD = {
    "worker_started": "is started",
    "worker_ready": "is ready on {device}, for {capacity} trials at once",
    "worker_draining": "has to leave: its node is gone in {seconds} seconds",
    "worker_lost": "has ended ({failure}): {message}",
    "pack_capped": "{device}: no more than {cap} trials at once from now on, it ran out of memory",
    "round_opened": "begins round {round}, with whole budgets",
    "attempt_started": "attempt {number} on worker {worker_id}, {resume_from}",
    "attempt_ended": "attempt {number} ended at step {step} ({failure}): {message}",
    "attempt_refused": "attempt {number} is refused, its files are not whole: {message}",
    "committed": "done, by attempt {number}",
    "failed": "given up ({failure}): {reason}",
    "cancelled": "cancelled",
    "reopened": "wanted again",
    "reseeded": "takes the place of {parent}, which diverged",
    "heartbeat_failed": "the driver could not say that it lives: {message}",
    "compaction_failed": "the tables could not be compacted, which is tried again: {message}",
}


class _Shown(dict[str, Any]):
    """The fact's values as the lines above want them."""

    def __missing__(self, name: str) -> str:
        return "?"

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if name == "resume_from":
            return "from the start" if value is None else f"from what attempt {value} saved"
        if name == "failure" and value is None:
            return "sent back, uncharged"
        return value
