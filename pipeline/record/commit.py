"""What is final: commits and failures. The only module that writes either.

A commit is for ever and overrides a failure. A failure holds until somebody opens the trial's next round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline import paths
from pipeline.events import FailureClass
from pipeline.storage import Storage
from pipeline.trial import Trial


def commit(storage: Storage, done: Mapping[str, Any]) -> bool:
    """Make the attempt the result of its trial, unless that has one; its `done.json` has just been read by `read_done`.
    True if this call did it."""
    content = {name: done[name] for name in ("trial_id", "number", "step", "tables", "files")}
    return storage.create(paths.commit(done["trial_id"]), json.dumps(content, sort_keys=True).encode())


def read_commit(storage: Storage, trial_id: str) -> dict[str, Any]:
    """The commit: {trial_id, number, step, tables: {name: {key, sha256, bytes}}, files: the same}.

    Raises FileNotFoundError.
    """
    content: dict[str, Any] = json.loads(storage.read(paths.commit(trial_id)))
    return {"files": {}, **content}  # earlier sweeps kept none


def read_commits(storage: Storage, trial_ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The commits of these trials, in order. Raises FileNotFoundError."""
    return map(json.loads, storage.read_all(paths.commit(trial_id) for trial_id in trial_ids))


def committed_ids(storage: Storage) -> frozenset[str]:
    """The ids of all committed trials, from one listing."""
    folder = f"{paths.COMMITS}/"
    return frozenset(key.removeprefix(folder).removesuffix(".json") for key in storage.list(paths.COMMITS))


def committed(storage: Storage) -> dict[str, int]:
    """The committed attempt of every committed trial. Reads every commit."""
    order = sorted(committed_ids(storage))
    return {commit["trial_id"]: int(commit["number"]) for commit in read_commits(storage, order)}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A trial that was given up in round `round`: the class that used up its budget, why in a sentence, how many
    attempts were started in all and how many ended by each class in this round. Its content is kept along, so that a
    failed trial can be shown without the plan."""

    trial_id: str
    round: int
    failure: FailureClass
    reason: str
    attempts: int
    step: int
    failures: Mapping[str, int]
    prompt: str
    seed: int
    variant: str
    tags: Mapping[str, str]
    config: Mapping[str, Any]
    prior: Mapping[str, Any]
    parent: str = ""

    @staticmethod
    def of(trial: Trial, **facts: Any) -> Failure:
        """The failure of `trial`; `facts` are the other fields."""
        return Failure(
            trial_id=trial.trial_id,
            prompt=trial.prompt,
            seed=trial.seed,
            variant=trial.variant,
            tags=trial.tags,
            config=trial.config,
            prior=trial.prior,
            parent=trial.parent,
            **facts,
        )


def record_failure(storage: Storage, failure: Failure) -> bool:
    """Write the failure of this round, unless there is one. True if this call did it."""
    data = json.dumps(asdict(failure), sort_keys=True).encode()
    return storage.create(paths.failure(failure.trial_id, failure.round), data)


def failed_rounds(storage: Storage) -> dict[str, int]:
    """The last failed round of every trial that ever failed, from one listing. Committed ones are not left out."""
    rounds: dict[str, int] = {}
    for key in storage.list(paths.FAILURES):
        _, trial_id, name = key.split("/")
        rounds[trial_id] = max(rounds.get(trial_id, 0), int(name.removesuffix(".json")))
    return rounds


def failures(storage: Storage) -> dict[str, Failure]:
    """The last failure of every trial that failed and is not committed."""
    rounds = failed_rounds(storage)
    done = committed_ids(storage) if rounds else frozenset()
    found = {}
    for trial_id, number in rounds.items():
        if trial_id not in done:
            content = json.loads(storage.read(paths.failure(trial_id, number)))
            content["failure"] = FailureClass(content["failure"])
            found[trial_id] = Failure(**content)
    return found
