from __future__ import annotations

import json

import pytest
from fakes import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from pipeline import paths
from pipeline.errors import Fenced, StorageError
from pipeline.record.journal import Journal, replay
from pipeline.storage import Storage


def unfenced() -> None:
    pass


def make(storage: Storage, epoch: int = 1, clock: FakeClock | None = None) -> Journal:
    clock = clock or FakeClock()
    return Journal(storage, epoch, clock, unfenced, clock)


def fact(number: int, kind: str = "worker_started") -> dict[str, object]:
    return {"fact": kind, "worker_id": f"w{number}"}


def names(storage: Storage) -> list[str]:
    return [str(each["worker_id"]) for each in replay(storage)]


@given(st.lists(st.lists(st.booleans(), max_size=5), max_size=5))
def test_facts_come_back_in_order_over_flushes_and_drivers(drivers: list[list[bool]]) -> None:
    storage, written = Storage(f"memory://journal-{id(drivers)}"), []
    for epoch, flushes in enumerate(drivers, start=1):
        journal, buffered = make(storage, epoch), []
        for number, flush in enumerate(flushes):
            journal.add(fact(100 * epoch + number))
            buffered.append(f"w{100 * epoch + number}")
            if flush:
                journal.flush()
                written += buffered
                buffered = []
    assert names(storage) == written
    for key in storage.list():
        storage.delete(key)


def test_one_flush_is_one_object_and_an_empty_one_is_none(tmp_storage: Storage) -> None:
    journal = make(tmp_storage, epoch=7)
    journal.flush()
    journal.add(fact(1))
    journal.add(fact(2))
    journal.flush()
    journal.flush()
    assert tmp_storage.list(paths.JOURNAL) == ["journal/000007-00000000.jsonl"]


def test_facts_have_the_time_and_their_own_fields(tmp_storage: Storage) -> None:
    journal = make(tmp_storage, clock=FakeClock(now=123.4))
    journal.add({"fact": "committed", "trial_id": "t", "number": 2})
    journal.flush()
    assert list(replay(tmp_storage)) == [{"at": 123.4, "fact": "committed", "trial_id": "t", "number": 2}]


def test_when_it_is_due(tmp_storage: Storage) -> None:
    clock = FakeClock()
    journal = make(tmp_storage, clock=clock)
    clock.sleep(100.0)
    assert not journal.due(seconds=2.0, facts=3)
    journal.add(fact(1))
    assert journal.due(seconds=2.0, facts=3)
    journal.flush()
    for number in range(3):
        journal.add(fact(number))
    assert not journal.due(seconds=2.0, facts=3)
    journal.add(fact(3))
    assert journal.due(seconds=2.0, facts=3)


@pytest.mark.parametrize("kind", ["attempt_ended", "failed", "round_opened"])
def test_what_budgets_are_counted_from_is_urgent(tmp_storage: Storage, kind: str) -> None:
    journal = make(tmp_storage)
    journal.add(fact(1))
    assert not journal.urgent
    journal.add(fact(1, kind))
    assert journal.urgent
    assert journal.due(seconds=1e9, facts=1000)
    journal.flush()
    assert not journal.urgent


def test_a_fenced_driver_writes_nothing(tmp_storage: Storage) -> None:
    def fenced() -> None:
        raise Fenced("newer")

    journal = Journal(tmp_storage, 1, FakeClock(), fenced)
    journal.add(fact(1))
    with pytest.raises(Fenced):
        journal.flush()
    assert tmp_storage.list() == []


def test_two_writers_of_one_epoch_are_fenced(tmp_storage: Storage) -> None:
    for journal in (make(tmp_storage), make(tmp_storage)):
        journal.add(fact(1))
        if tmp_storage.list():
            with pytest.raises(Fenced):
                journal.flush()
        else:
            journal.flush()
    assert names(tmp_storage) == ["w1"]


@pytest.mark.parametrize(
    ("key", "data", "message"),
    [
        ("journal/000001-00000000.jsonl", b'{"at": 1, "fact": "committed"}\n{"at": 1, "fa', r"00000000\.jsonl is torn"),
        ("journal/000001-00000000.jsonl", b'{"at": 1, "fact": "x"}\nrubbish\n', r"00000000\.jsonl, line 2: no JSON"),
        ("journal/000001-00000000.jsonl", b"[1]\n", r"00000000\.jsonl, line 1: no fact"),
        ("journal/000001-00000000.jsonl", b'{"at": 1}\n', r"00000000\.jsonl, line 1: no fact"),
        ("journal/notes.txt", b"hello", r"journal/notes\.txt is no part of the journal"),
    ],
)
def test_what_is_no_journal_is_an_error_that_names_it(
    tmp_storage: Storage, key: str, data: bytes, message: str
) -> None:
    tmp_storage.write(key, data)
    with pytest.raises(StorageError, match=message):
        list(replay(tmp_storage))


def test_facts_are_one_line_each_whatever_is_in_them(tmp_storage: Storage) -> None:
    journal = make(tmp_storage)
    journal.add({"fact": "worker_lost", "worker_id": "w", "message": "two\nlines \u2028 and more"})
    journal.flush()
    assert len(tmp_storage.read("journal/000001-00000000.jsonl").splitlines()) == 1
    assert json.loads(tmp_storage.read("journal/000001-00000000.jsonl"))["message"] == "two\nlines \u2028 and more"
    assert next(replay(tmp_storage))["message"] == "two\nlines \u2028 and more"
