"""When the driver has the data set compacted, and where: beside its loop, which must not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from pipeline.blame import told
from pipeline.storage import Storage

# A compaction writes all rows of `trials`, so it waits for a tenth more of them: then each is written ten times or so.
GROWTH = 0.1


class Joinable(Protocol):
    def join(self) -> None:
        """Wait until the work is done."""
        ...


Beside = Callable[[Callable[[], None]], Joinable]


class _Done:
    def join(self) -> None:
        """It is."""


def at_once(work: Callable[[], None]) -> Joinable:
    """Do the work here and now."""
    work()
    return _Done()


def in_thread(work: Callable[[], None]) -> Joinable:
    """Do the work in a thread that ends with the process."""
    thread = threading.Thread(target=work, name="compaction", daemon=True)
    thread.start()
    return thread


class Compactor:
    """Compacts `storage` when `commits` and a tenth of those before are new, or when any are after `seconds`."""

    def __init__(
        self,
        storage: Storage,
        compact: Callable[[Storage], object],
        beside: Beside,
        commits: int,
        seconds: float,
        steady: Callable[[], float],
    ) -> None:
        self._storage, self._compact, self._beside = storage, compact, beside
        self._commits, self._seconds, self._steady = commits, seconds, steady
        self._began_at, self._counted = steady(), 0
        self._running: Joinable | None = None
        self._over = threading.Event()
        self._error = ""

    def is_due(self, ran: int, committed: int) -> bool:
        """Whether to begin: `ran` commits of this driver, `committed` of all. Never while one is at work."""
        if self._running is not None and not self._over.is_set():
            return False
        fresh = ran - self._counted
        late = self._steady() - self._began_at >= self._seconds
        return fresh >= max(self._commits, GROWTH * (committed - fresh)) or (fresh > 0 and late)

    def begin(self, ran: int) -> None:
        """Compact, for the first `ran` commits at least, which are in storage with all facts about them."""
        self._began_at, self._counted = self._steady(), ran
        self._over.clear()
        self._running = self._beside(self._work)

    def take_error(self) -> str:
        """What went wrong with the last one; said once. Empty for nothing."""
        if not self._over.is_set():
            return ""
        error, self._error = self._error, ""
        return error

    def finish(self) -> None:
        """Wait for the one at work, and bring the data set up to what is there. Raises what that raises."""
        if self._running is not None:
            self._running.join()
        self._compact(self._storage)

    def _work(self) -> None:
        try:
            self._compact(self._storage)
        except Exception as error:  # told by the journal, and tried again: it must not cost running trials
            self._error = told(error)
        finally:
            self._over.set()
