"""Telling an experiment tracker what happens, without ever waiting for it.

The driver talks to a `Tracker`: calls return at once and never raise. Behind it one thread talks to a `Sink`, which may
be slow, fail or hang. What a sink missed is not lost: storage is the truth and the mirror is rebuilt from it.
"""

from __future__ import annotations

import os
import posixpath
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.blame import told
from pipeline.storage import Storage
from pipeline.trial import Trial


class Sink(Protocol):
    """What a tracking service is told; each call may take its time and may raise. Called by one thread only."""

    def trial_started(self, trial: Trial, number: int) -> None: ...

    def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None: ...

    def trial_committed(self, trial_id: str, row: Mapping[str, Any]) -> None: ...

    def trial_failed(self, trial_id: str, message: str) -> None: ...


class Tracker(Sink, Protocol):
    """A sink that never blocks and never raises. Calls are kept in order, and dropped for want of room."""

    def close(self, timeout: float) -> None:
        """Deliver what is left for at most `timeout` seconds, then give up."""
        ...


class NullTracker:
    """Tracks nothing."""

    def trial_started(self, trial: Trial, number: int) -> None:
        pass

    def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
        pass

    def trial_committed(self, trial_id: str, row: Mapping[str, Any]) -> None:
        pass

    def trial_failed(self, trial_id: str, message: str) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What became of the calls so far: `delivered`, `dropped` (for want of room), `failed` (given up after
    `tries` errors), `pending`. `last_error` is the sink's last complaint."""

    delivered: int = 0
    dropped: int = 0
    failed: int = 0
    pending: int = 0
    last_error: str = ""


@dataclass
class _Call:
    order: int
    method: str
    arguments: tuple[Any, ...]
    errors: int = field(default=0)


class QueuedTracker:
    """Queues every call for one daemon thread, which makes the sink and calls it.

    At most `room` progress calls wait, and ten times as many others; the oldest makes way. After `tries` errors in a
    row the circuit opens: the sink is left alone for `pause` seconds, twice as long after each failed probe.
    """

    def __init__(
        self, sink_factory: Callable[[], Sink], *, room: int = 1000, tries: int = 3, pause: float = 15.0
    ) -> None:
        self._factory = sink_factory
        self._room, self._tries, self._pause = room, tries, pause
        self._changed = threading.Condition()
        self._lifecycle: deque[_Call] = deque(maxlen=10 * room)
        self._progress: deque[_Call] = deque(maxlen=room)
        self._order = 0
        self._busy = False
        self._closing = False
        self._counters = {"delivered": 0, "dropped": 0, "failed": 0}
        self._last_error = ""
        self._thread = threading.Thread(target=self._work, name="tracker", daemon=True)
        self._thread.start()

    def trial_started(self, trial: Trial, number: int) -> None:
        self._put(self._lifecycle, "trial_started", trial, number)

    def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
        self._put(self._progress, "progress", trial_id, step, dict(metrics))

    def trial_committed(self, trial_id: str, row: Mapping[str, Any]) -> None:
        self._put(self._lifecycle, "trial_committed", trial_id, dict(row))

    def trial_failed(self, trial_id: str, message: str) -> None:
        self._put(self._lifecycle, "trial_failed", trial_id, message)

    def close(self, timeout: float) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def counters(self) -> Counters:
        with self._changed:
            pending = len(self._lifecycle) + len(self._progress) + self._busy
            return Counters(**self._counters, pending=pending, last_error=self._last_error)

    def _put(self, queue: deque[_Call], method: str, *arguments: Any) -> None:
        with self._changed:
            if len(queue) == queue.maxlen:
                self._counters["dropped"] += 1
            self._order += 1
            queue.append(_Call(self._order, method, arguments))
            self._changed.notify_all()

    # ---- the thread --------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        sink: Sink | None = None
        errors = 0
        while (call := self._take()) is not None:
            try:
                sink = sink or self._factory()
                getattr(sink, call.method)(*call.arguments)
            except Exception as error:  # whatever a tracking service does wrong stays on this thread, counted
                errors += 1
                self._put_back(call, error)
                if errors >= self._tries and not self._rest(errors):
                    return
            else:
                errors = 0
                self._done(call, "delivered")

    def _take(self) -> _Call | None:
        """The oldest call, waiting for one; None when closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._lifecycle or self._progress or self._closing)
            queues = [queue for queue in (self._lifecycle, self._progress) if queue]
            if not queues:
                return None
            self._busy = True
            return min(queues, key=lambda queue: queue[0].order).popleft()

    def _put_back(self, call: _Call, error: Exception) -> None:
        """Try the call again unless it had its chances; progress is not worth a second one."""
        with self._changed:
            self._last_error = told(error)
            call.errors += 1
            if call.method == "progress" or call.errors >= self._tries:
                self._done(call, "failed")
                return
            self._busy = False
            if len(self._lifecycle) < 10 * self._room:  # else it is the oldest, and makes way
                self._lifecycle.appendleft(call)
            else:
                self._counters["dropped"] += 1

    def _done(self, call: _Call, counter: str) -> None:
        with self._changed:
            self._busy = False
            self._counters[counter] += 1
            self._changed.notify_all()

    def _rest(self, errors: int) -> bool:
        """Leave the sink alone for a while; False if the tracker is closing, as a failing sink is not waited for."""
        seconds = min(self._pause * 2 ** (errors - self._tries), 20 * self._pause)
        end = time.monotonic() + seconds
        with self._changed:
            while not self._closing and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._closing


def mlflow_uri(setting: str | bool | None, storage: Storage) -> str | None:
    """The MLflow tracking URI for a sweep's storage, or None for no tracking.

    `setting` is `auto`, `off` or a URI. `auto` is MLFLOW_TRACKING_URI where that is set, else a SQLite file beside the
    sweep's folder, else (an object store has no place for one) nothing.
    """
    if setting in (None, False, "off"):
        return None
    if setting not in (True, "auto"):
        return str(setting)
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return os.environ["MLFLOW_TRACKING_URI"]
    if storage.is_local:
        return f"sqlite:///{posixpath.dirname(storage.root)}/mlflow.db"
    return None
