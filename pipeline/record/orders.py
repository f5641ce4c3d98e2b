"""What people ask of a sweep that may be running elsewhere: numbered orders in its storage, never changed.

A driver reads those before its start at its start, and looks for new ones every few seconds. So whoever can write the
storage can cancel, retry and stop, with or without a connection to the cluster, and what was asked outlives every
driver. Later orders override earlier ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pipeline import paths
from pipeline.errors import StorageError
from pipeline.storage import Storage
from pipeline.trial import check_trial_id


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """These trials are not wanted any more. What is final stays so."""

    trial_ids: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Retry:
    """These trials are wanted again: cancelled ones go on, failed ones begin the named round with whole budgets."""

    rounds: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The driver of this epoch is to checkpoint everything and end."""

    epoch: int


Order = Cancel | Retry | Stop


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the first `read` orders come to: the trials that are cancelled, the round that each retried trial is wanted
    in, the newest epoch that was to stop."""

    read: int = 0
    cancelled: frozenset[str] = frozenset()
    rounds: Mapping[str, int] = field(default_factory=dict)
    stopped: int = 0

    def after(self, order: Order) -> Standing:
        """With one more order."""
        match order:
            case Cancel(trial_ids=trial_ids):
                change = replace(self, cancelled=self.cancelled | trial_ids)
            case Retry(rounds=rounds):
                wanted = {key: max(number, self.rounds.get(key, 0)) for key, number in rounds.items()}
                change = replace(self, cancelled=self.cancelled - rounds.keys(), rounds={**self.rounds, **wanted})
            case Stop(epoch=epoch):
                change = replace(self, stopped=max(self.stopped, epoch))
        return replace(change, read=self.read + 1)

    def reopens(self, trial_id: str, failed_round: int) -> bool:
        """Whether the trial that failed in that round is wanted again."""
        return failed_round < self.rounds.get(trial_id, 0)


def give(storage: Storage, order: Order, now: float) -> int:
    """Keep the order; its number. Of several who give one at a time each gets a number of their own."""
    content = {"order": type(order).__name__.lower(), "at": round(now, 3), **_content(order)}
    data = json.dumps(content, sort_keys=True).encode()
    number = _last(storage) + 1
    while not storage.create(paths.order(number), data):
        number += 1
    return number


def orders_from(storage: Storage, number: int) -> Iterator[Order]:
    """The orders from this number on, in order, up to the first number that is free: nothing new costs one look-up.

    Raises StorageError for an object that is no order.
    """
    while storage.exists(paths.order(number)):
        yield _read(paths.order(number), storage.read(paths.order(number)))
        number += 1


def standing(storage: Storage) -> Standing:
    """What all orders so far come to. One that was removed leaves a gap, and those after it hold. Raises
    StorageError."""
    found = Standing()
    for number, key in _numbered(storage):
        found = replace(found.after(_read(key, storage.read(key))), read=number + 1)
    return found


def _numbered(storage: Storage) -> list[tuple[int, str]]:
    """The numbers and keys of all orders, rising. Raises StorageError for what is none."""
    found = []
    for key in storage.list(paths.ORDERS):
        stem = key.removeprefix(f"{paths.ORDERS}/").removesuffix(".json")
        if not stem.isdigit() or paths.order(int(stem)) != key:
            raise StorageError(f"{key} is no order: remove it")
        found.append((int(stem), key))
    return sorted(found)


def _last(storage: Storage) -> int:
    """The highest number that is taken, -1 for none."""
    return max((number for number, _ in _numbered(storage)), default=-1)


def _content(order: Order) -> dict[str, Any]:
    if isinstance(order, Cancel):
        return {"trial_ids": sorted(order.trial_ids)}
    return asdict(order)


def _read(key: str, data: bytes) -> Order:
    try:
        content = json.loads(data)
        match content["order"]:
            case "cancel":
                return Cancel(trial_ids=frozenset(map(check_trial_id, content["trial_ids"])))
            case "retry":
                return Retry(rounds={check_trial_id(name): int(at) for name, at in content["rounds"].items()})
            case "stop":
                return Stop(epoch=int(content["epoch"]))
            case other:
                raise ValueError(f"unknown order {other!r}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{key} is no order ({error}): remove it") from error
