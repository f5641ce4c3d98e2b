from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from stored import trial

from pipeline.record.tracking import Counters, NullTracker, QueuedTracker, mlflow_uri
from pipeline.storage import Storage
from pipeline.trial import Trial


class Recorder:
    """A sink that keeps its calls; `before` is called first, with the number of the call from 0."""

    def __init__(self, before: Callable[[int], None] = lambda number: None) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.seen = 0
        self._before = before

    def _take(self, *call: object) -> None:
        self.seen += 1
        self._before(self.seen - 1)
        self.calls.append(call)

    def trial_started(self, trial: Trial, number: int) -> None:
        self._take("started", trial.trial_id, number)

    def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
        self._take("progress", trial_id, step)

    def trial_committed(self, trial_id: str, row: Mapping[str, Any]) -> None:
        self._take("committed", trial_id)

    def trial_failed(self, trial_id: str, message: str) -> None:
        self._take("failed", trial_id, message)


def _until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.002)


def assert_soon(event: threading.Event) -> None:
    assert event.wait(10)


def _broken(number: int) -> None:
    raise ConnectionError(f"down ({number})")


def test_calls_arrive_in_order() -> None:
    sink = Recorder()
    tracker = QueuedTracker(lambda: sink)
    made = trial()
    tracker.trial_started(made, 1)
    for step in range(1, 4):
        tracker.progress("a", step, {"loss": 1.0})
    tracker.trial_committed("a", {})
    tracker.trial_failed("b", "why")
    tracker.close(5.0)
    assert sink.calls == [
        ("started", made.trial_id, 1),
        ("progress", "a", 1),
        ("progress", "a", 2),
        ("progress", "a", 3),
        ("committed", "a"),
        ("failed", "b", "why"),
    ]
    assert tracker.counters() == Counters(delivered=6)


def test_a_hanging_sink_holds_nobody_up_and_drops_progress_first() -> None:
    release = threading.Event()
    sink = Recorder(before=lambda number: assert_soon(release))
    tracker = QueuedTracker(lambda: sink, room=10)
    began = time.monotonic()
    tracker.trial_started(trial(), 1)
    _until(lambda: sink.seen == 1)
    for step in range(100):
        tracker.progress("a", step, {})
        tracker.trial_committed(f"t{step}", {})
    tracker.close(0.05)
    assert time.monotonic() - began < 3.0
    assert tracker.counters().dropped == 90
    assert tracker.counters().pending == 111
    release.set()
    _until(lambda: tracker.counters().pending == 0)
    kinds = [call[0] for call in sink.calls]
    assert (kinds.count("committed"), kinds.count("progress"), kinds.count("started")) == (100, 10, 1)
    assert [call[2] for call in sink.calls if call[0] == "progress"] == list(range(90, 100))


def test_a_raising_sink_is_given_up_call_by_call_and_left_alone() -> None:
    sink = Recorder(before=_broken)
    tracker = QueuedTracker(lambda: sink, tries=3, pause=30.0)
    tracker.trial_committed("a", {})
    tracker.trial_committed("b", {})
    _until(lambda: tracker.counters().failed == 1)
    tracker.close(5.0)  # does not wait for the pause to end
    counters = tracker.counters()
    assert (counters.delivered, counters.failed, counters.pending) == (0, 1, 1)
    assert sink.seen == 3
    assert counters.last_error == "ConnectionError: down (2)"


def test_a_sink_that_recovers_gets_what_waited() -> None:
    def sometimes(number: int) -> None:
        if number < 4:
            raise TimeoutError("slow")

    sink = Recorder(before=sometimes)
    tracker = QueuedTracker(lambda: sink, tries=3, pause=0.01)
    for name in "abc":
        tracker.trial_committed(name, {})
    _until(lambda: tracker.counters().pending == 0)
    assert [call[1] for call in sink.calls] == ["b", "c"]
    assert tracker.counters().failed == 1
    tracker.close(5.0)


def test_a_sink_that_cannot_be_made_is_tried_again() -> None:
    made: list[int] = []

    def factory() -> Recorder:
        made.append(1)
        if len(made) < 3:
            raise OSError("no database")
        return sink

    sink = Recorder()
    tracker = QueuedTracker(factory, tries=5, pause=0.01)
    tracker.trial_committed("a", {})
    tracker.close(5.0)
    assert sink.calls == [("committed", "a")]


def test_what_is_passed_is_copied() -> None:
    gate = threading.Event()
    seen: list[object] = []

    class Keeper(Recorder):
        def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
            gate.wait(5)
            seen.append(dict(metrics))

    tracker = QueuedTracker(Keeper)
    metrics = {"loss": 1.0}
    tracker.progress("a", 1, metrics)
    metrics["loss"] = 2.0
    gate.set()
    tracker.close(5.0)
    assert seen == [{"loss": 1.0}]


def test_the_null_tracker_takes_everything() -> None:
    tracker = NullTracker()
    tracker.trial_started(trial(), 1)
    tracker.progress("a", 1, {})
    tracker.trial_committed("a", {})
    tracker.trial_failed("a", "")
    tracker.close(0.0)


def test_where_mlflow_is(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Storage("memory://bucket/sweep")
    folder = tmp_storage.root.rpartition("/")[0]
    assert mlflow_uri("auto", tmp_storage) == f"sqlite:///{folder}/mlflow.db"
    assert mlflow_uri("auto", remote) is None
    assert mlflow_uri("off", tmp_storage) is None
    assert mlflow_uri("http://host:5000", remote) == "http://host:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team:5000")
    assert mlflow_uri("auto", tmp_storage) == mlflow_uri("auto", remote) == "http://team:5000"
    assert mlflow_uri("off", remote) is None


def test_a_sink_that_hangs_costs_a_bounded_queue() -> None:
    """However long a sweep goes on meanwhile, what waits is bounded, and what made way is counted."""
    held, let_go = threading.Event(), threading.Event()

    def hang(number: int) -> None:
        held.set()
        assert let_go.wait(10)

    tracker = QueuedTracker(lambda: Recorder(hang), room=2)
    tracker.trial_failed("first", "")
    assert_soon(held)
    for number in range(100):
        tracker.trial_failed(str(number), "")
        tracker.progress(str(number), number, {})
    counters = tracker.counters()
    assert counters.pending == 1 + 20 + 2
    assert counters.dropped == 80 + 98
    let_go.set()
    tracker.close(timeout=10.0)
    assert tracker.counters().delivered == 1 + 20 + 2
