"""Whether a worker still has a driver.

A driver asks its workers for news all the time. One that has not asked for a while may only be busy, so the sweep's
lease has the last word: its heartbeat comes from a thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pipeline.lease import is_driven, newest_epoch
from pipeline.storage import Storage


class Orphanhood:
    """Made when the worker starts, under the driver whose epoch is the newest then. `heard` is called when that driver
    shows itself; both may be called from any thread."""

    def __init__(
        self,
        storage: Storage,
        silence_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._storage, self._silence = storage, silence_seconds
        self._clock, self._wall = clock, wall
        self._epoch: int | None = None
        self._lock = threading.Lock()
        self._heard_at = clock()

    def heard(self) -> None:
        """The driver has asked for news."""
        with self._lock:
            self._heard_at = self._clock()

    def is_certain(self) -> bool:
        """Whether the driver has been silent and its lease is old, released or another's. False while the storage does
        not answer: then nobody knows."""
        try:
            if self._epoch is None:
                self._epoch = newest_epoch(self._storage)
            with self._lock:
                silent = self._clock() - self._heard_at >= self._silence
            return silent and not is_driven(self._storage, self._epoch, self._wall())
        except OSError:
            return False
