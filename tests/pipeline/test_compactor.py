"""When tables are compacted, and that nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from fakes import FakeClock

from pipeline.compactor import Compactor, at_once, in_thread
from pipeline.storage import Storage


class Held:
    """Work that is done when it is joined, or told to."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work: Callable[[], None] | None = work

    def join(self) -> None:
        work, self.work = self.work, None
        if work is not None:
            work()


def make(storage: Storage, compact: Callable[[Storage], object], beside: object, clock: FakeClock) -> Compactor:
    return Compactor(storage, compact, beside, 200, 600.0, clock)  # type: ignore[arg-type]


def test_it_is_due_after_so_many_commits_or_a_tenth_more_or_after_a_while(tmp_storage: Storage) -> None:
    clock, made = FakeClock(), list[Storage]()
    compactor = make(tmp_storage, made.append, at_once, clock)
    assert not compactor.is_due(199, 199)
    assert compactor.is_due(200, 200)
    compactor.begin(200)
    assert not compactor.is_due(399, 399) and compactor.is_due(400, 400)
    assert not compactor.is_due(400, 5000) and not compactor.is_due(679, 5279), "a tenth of 4,800 are 480"
    assert compactor.is_due(680, 5280)
    clock.now += 600.0
    assert compactor.is_due(201, 5000) and not compactor.is_due(200, 5000), "there has to be something new"
    assert made == [tmp_storage]


def test_one_is_at_work_at_a_time_and_the_last_waits_for_it(tmp_storage: Storage) -> None:
    clock, order, held = FakeClock(), list[str](), list[Held]()

    def beside(work: Callable[[], None]) -> Held:
        held.append(Held(work))
        return held[-1]

    compactor = make(tmp_storage, lambda storage: order.append(f"compaction {len(order)}"), beside, clock)
    compactor.begin(200)
    assert not compactor.is_due(5000, 5000), "one is at work"
    assert order == [], "nobody waited"
    compactor.finish()
    assert order == ["compaction 0", "compaction 1"]


def test_a_failure_on_the_way_is_told_once_and_one_at_the_end_is_raised(tmp_storage: Storage) -> None:
    def fail(storage: Storage) -> None:
        raise RuntimeError("not now")

    compactor = make(tmp_storage, fail, at_once, FakeClock())
    assert compactor.take_error() == ""
    compactor.begin(200)
    assert (compactor.take_error(), compactor.take_error()) == ("RuntimeError: not now", "")
    assert compactor.is_due(400, 400), "it is tried again"
    with pytest.raises(RuntimeError, match="not now"):
        compactor.finish()


def test_in_a_thread_it_holds_nothing_up(tmp_storage: Storage) -> None:
    go, seen = threading.Event(), list[str]()

    def compact(storage: Storage) -> None:
        assert go.wait(timeout=10.0)
        seen.append(threading.current_thread().name)

    compactor = make(tmp_storage, compact, in_thread, FakeClock())
    compactor.begin(1)
    assert seen == []
    go.set()
    compactor.finish()
    assert seen == ["compaction", threading.current_thread().name]
