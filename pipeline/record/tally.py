"""How many attempts each trial had, and how they ended: counts of the journal's facts, and how far it was read.

A generation of the data set keeps the tally of trials that are not committed, so that neither the next compaction nor
a reader replays what was counted before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.record.journal import replay_after
from pipeline.storage import Storage


@dataclass(frozen=True, kw_only=True)
class Tally:
    """`read` is how many journal objects of each epoch are counted. `started` counts attempts by trial, `ended` those
    that ended by a failure, by trial and class."""

    read: Mapping[int, int] = field(default_factory=dict)
    started: Mapping[str, int] = field(default_factory=dict)
    ended: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def without(self, trial_ids: Collection[str]) -> Tally:
        """Without what is not asked for again, as of committed trials."""
        return Tally(
            read=self.read,
            started={key: count for key, count in self.started.items() if key not in trial_ids},
            ended={key: counts for key, counts in self.ended.items() if key not in trial_ids},
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "read": {str(epoch): count for epoch, count in self.read.items()},
            "started": dict(self.started),
            "ended": {key: dict(counts) for key, counts in self.ended.items()},
        }

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> Tally:
        read = {int(epoch): count for epoch, count in content["read"].items()}
        return Tally(read=read, started=content["started"], ended=content["ended"])


def count_on(storage: Storage, tally: Tally) -> Tally:
    """The tally with what the journal has had since. Raises StorageError for a journal that cannot be read."""
    read, started = dict(tally.read), Counter(tally.started)
    ended = {key: Counter(counts) for key, counts in tally.ended.items()}
    for (epoch, sequence), facts in replay_after(storage, tally.read):
        for fact in facts:
            if fact["fact"] == "attempt_started":
                started[fact["trial_id"]] += 1
            elif fact["fact"] == "attempt_ended" and fact["failure"] is not None:
                ended.setdefault(fact["trial_id"], Counter())[fact["failure"]] += 1
        read[epoch] = sequence + 1
    return Tally(read=read, started=started, ended=ended)
