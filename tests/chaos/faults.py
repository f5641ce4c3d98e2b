"""Which faults strike, and when: drawn from the seed, counted, and over once the sweep has had its share."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# What the operator does (`chaos.blows`) to a running sweep, by how often relative to each other.
BLOWS: Mapping[str, float] = {
    "worker killed": 3.0,
    "worker paused past patience": 2.0,
    "worker cut off": 1.0,
    "node lost": 1.0,
    "node drained": 2.0,
    "node drained too late": 1.0,
    "driver killed": 2.0,
    "driver paused past its lease": 2.0,
    "second driver": 1.0,
    "cluster killed": 0.5,
    "stop asked for": 0.7,
    "trials cancelled": 1.5,
    "trials retried": 1.5,
    "storage away": 0.7,
    "disk full": 0.5,
    "wall clock jumped": 1.0,
    "steady clock jumped": 0.5,
    "checkpoint cut short": 1.5,
    "checkpoint bit flipped": 1.5,
}

# What strikes by itself, as a chance for each request, step or start.
CHANCES: Mapping[str, float] = {
    "killed before a write": 0.004,
    "killed after a write": 0.004,
    "killed in a write": 0.002,
    "driver paused at a request": 0.001,
    "worker paused at a request": 0.001,
    "request refused": 0.006,
    "request timed out": 0.003,
    "answer lost": 0.006,
    "user exception": 0.002,
    "out of memory": 0.004,
    "device broken": 0.002,
    "start failed": 0.05,
}


@dataclass
class Weather:
    """The faults of one sweep, drawn. A sweep has some kinds of fault and not others, some often and others rarely, so
    that rare combinations come up too. `share` is how many strike at most."""

    dice: random.Random
    share: int
    kinds: Mapping[str, float]
    counts: Counter[str] = field(default_factory=Counter)

    @staticmethod
    def of(dice: random.Random) -> Weather:
        share = dice.choice((0, 5, 15, 25, 40, 60))
        kinds = {kind: often * dice.choice((0.0, 0.3, 1.0, 3.0)) for kind, often in {**BLOWS, **CHANCES}.items()}
        return Weather(dice, share, kinds)

    @property
    def over(self) -> bool:
        return self.counts.total() >= self.share

    def strikes(self, kind: str, path: str = "") -> bool:
        """Whether the fault happens here; counted if so. `path` is of the object that a request is about."""
        if self.over or self.dice.random() >= self.kinds[kind]:
            return False
        self.counts[kind] += 1
        return True

    def blow(self) -> str | None:
        """What the operator does next; not counted yet. None if nothing."""
        kinds = {kind: self.kinds[kind] for kind in BLOWS if self.kinds[kind]}
        if self.over or not kinds:
            return None
        return self.dice.choices(list(kinds), list(kinds.values()))[0]


@dataclass
class Strike(Weather):
    """One fault, at the `at`-th chance for it, from 1 on, of those at objects whose path has `place` in it. `chances`
    is how many there were, `struck` the path that it struck."""

    kind: str = ""
    at: int = 0
    place: str = ""
    chances: int = 0
    struck: str = ""

    @staticmethod
    def once(kind: str, at: int, place: str = "") -> Strike:
        return Strike(random.Random(0), 1, {}, kind=kind, at=at, place=place)

    def strikes(self, kind: str, path: str = "") -> bool:
        if kind != self.kind or self.place not in path:
            return False
        self.chances += 1
        if self.chances != self.at:
            return False
        self.counts[kind] += 1
        self.struck = path
        return True

    def blow(self) -> str | None:
        return None
