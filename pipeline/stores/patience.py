"""How long a store is asked again, and how long between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """A request is repeated until `seconds` have passed. The n-th pause is drawn from 0 to `first` x 2^n, at most
    `longest` seconds ("full jitter"), so that a thousand workers that were throttled at once do not come back at once.
    `answer` is how long a connection may be silent. `settle` is the wait of the weaker rule for creates."""

    seconds: float = 60.0
    first: float = 0.2
    longest: float = 10.0
    answer: float = 30.0
    settle: float = 1.0

    def pauses(self, clock: Callable[[], float], chance: Callable[[], float]) -> Iterator[float]:
        """Seconds to wait before each repeat; ends when there is no time for another. `chance` draws from [0, 1)."""
        end = clock() + self.seconds
        ceiling = self.first
        while True:
            pause = chance() * ceiling
            if clock() + pause >= end:
                return
            yield pause
            ceiling = min(2.0 * ceiling, self.longest)
