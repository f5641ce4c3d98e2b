"""What happened, in order: facts as JSON lines, append-only, a new object for every flush.

Each fact is a flat mapping with `fact` (its kind) and `at` (seconds since 1970). The kinds and what they carry:

worker_started     worker_id
worker_ready       worker_id, capacity, device
worker_draining    worker_id, seconds (until its node is gone)
worker_lost        worker_id, failure, message
round_opened       trial_id, round
attempt_started    trial_id, number, round, worker_id, resume_from
attempt_ended      trial_id, number, round, failure (null: sent back uncharged), message, step, pack (how many trials
                   were on board, itself included), worker_lost (whether the worker died under it), saved (the step
                   of its newest checkpoint)
pack_capped        device (its kind), cap (trials on a worker at most from now on)
cancelled          trial_id
reopened           trial_id (it was cancelled)
reseeded           trial_id, parent (the trial that diverged), seed
attempt_refused    trial_id, number, message (its files are not whole: it is never committed)
committed          trial_id, number
failed             trial_id, round, failure, reason
compaction_failed  message (it is tried again)
heartbeat_failed   message (tried again, too; after a minute of it another driver may take over)
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline import paths
from pipeline.errors import Fenced, StorageError
from pipeline.storage import Storage

Fact = Mapping[str, Any]

# A driver that dies must not forget these: they are what budgets are counted from.
_URGENT = frozenset({"attempt_ended", "failed", "round_opened"})


class Journal:
    """The facts of one driver, buffered. `check` is called before each write and raises `Fenced` if a newer driver has
    taken over. `clock` dates the facts, `steady` measures how long they have waited, `heard` gets each as it is added.
    """

    def __init__(
        self,
        storage: Storage,
        epoch: int,
        clock: Callable[[], float],
        check: Callable[[], None],
        steady: Callable[[], float] = time.monotonic,
        heard: Callable[[Fact], object] = dict,
    ) -> None:
        self._heard = heard
        self._storage, self._epoch, self._clock, self._check, self._steady = storage, epoch, clock, check, steady
        self._sequence = 0
        self._lines: list[str] = []
        self._flushed_at = steady()
        self.urgent = False

    def add(self, fact: Fact) -> None:
        """Buffer one fact. `urgent` says whether one is waiting that should be flushed before anything follows it."""
        self._lines.append(json.dumps({"at": round(self._clock(), 3), **fact}))
        self.urgent = self.urgent or fact["fact"] in _URGENT
        self._heard(fact)

    def due(self, seconds: float, facts: int) -> bool:
        """Whether facts wait, and are urgent, older than `seconds` or more than `facts`."""
        late = self._steady() - self._flushed_at >= seconds or len(self._lines) > facts
        return bool(self._lines) and (self.urgent or late)

    def flush(self) -> None:
        """Write what is buffered as one object. Raises Fenced."""
        if not self._lines:
            return
        self._check()
        data = ("\n".join(self._lines) + "\n").encode()
        if not self._storage.create(paths.journal(self._epoch, self._sequence), data):
            raise Fenced(f"another driver writes the journal of epoch {self._epoch}")
        self._sequence += 1
        self._lines.clear()
        self._flushed_at = self._steady()
        self.urgent = False


def replay(storage: Storage) -> Iterator[Fact]:
    """All facts of all drivers, in order. Raises StorageError, naming the object, for anything that is no journal."""
    for _, facts in replay_after(storage, {}):
        yield from facts


def replay_after(storage: Storage, read: Mapping[int, int]) -> Iterator[tuple[tuple[int, int], Iterator[Fact]]]:
    """The objects after the first `read[epoch]` of each epoch, in order: their epoch and sequence, and their facts. An
    epoch has one writer, who makes its objects in order. Raises as `replay`."""
    places = {key: _place(key) for key in storage.list(paths.JOURNAL)}
    keys = [key for key, (epoch, sequence) in places.items() if sequence >= read.get(epoch, 0)]
    for key, data in zip(keys, storage.read_all(keys), strict=True):
        yield places[key], _facts(key, data)


def _facts(key: str, data: bytes) -> Iterator[Fact]:
    lines = data.decode(errors="replace").split("\n")
    if lines.pop() != "":
        raise StorageError(f"{key} is torn: its last line has no end. Restore it, or remove it")
    for number, line in enumerate(lines, start=1):
        yield _parse(key, number, line)


def _place(key: str) -> tuple[int, int]:
    """The epoch and sequence of the object."""
    name = key.removeprefix(f"{paths.JOURNAL}/").removesuffix(".jsonl")
    parts = name.split("-")
    if not key.endswith(".jsonl") or len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise StorageError(f"{key} is no part of the journal: remove it")
    return int(parts[0]), int(parts[1])


def _parse(key: str, number: int, line: str) -> Fact:
    try:
        fact = json.loads(line)
    except ValueError as error:
        raise StorageError(f"{key}, line {number}: no JSON ({error}). Restore the object, or remove it") from error
    if not isinstance(fact, dict) or "fact" not in fact or "at" not in fact:
        raise StorageError(f"{key}, line {number}: no fact ({line[:80]!r}). Restore the object, or remove it")
    return fact
