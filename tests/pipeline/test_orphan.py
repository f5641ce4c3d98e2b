from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import FakeClock

from pipeline import paths
from pipeline.errors import StorageUnavailable
from pipeline.executors.orphan import Orphanhood
from pipeline.lease import FRESH_SECONDS, Lease, Owner
from pipeline.storage import Storage

DRIVER = Owner(host="other", boot="b", pid=1, started="1")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def worker(storage: Storage, clock: FakeClock) -> Orphanhood:
    made = Orphanhood(storage, 60.0, clock, clock)
    assert not made.is_certain()
    return made


def test_a_driver_that_is_only_busy_keeps_its_workers(tmp_storage: Storage, clock: FakeClock) -> None:
    lease = Lease.acquire(tmp_storage, DRIVER, clock)
    made = worker(tmp_storage, clock)
    for _ in range(10):
        clock.sleep(50.0)
        lease.beat({})
        assert not made.is_certain()


def test_a_driver_whose_lease_is_old_has_left_orphans(tmp_storage: Storage, clock: FakeClock) -> None:
    Lease.acquire(tmp_storage, DRIVER, clock)
    made = worker(tmp_storage, clock)
    clock.sleep(FRESH_SECONDS - 1.0)
    assert not made.is_certain()
    clock.sleep(1.0)
    assert made.is_certain()
    made.heard()
    assert not made.is_certain(), "it is back"


def test_a_lease_that_was_released_or_taken_over_leaves_orphans(tmp_storage: Storage, clock: FakeClock) -> None:
    first = Lease.acquire(tmp_storage, DRIVER, clock)
    made = worker(tmp_storage, clock)
    first.release({})
    assert not made.is_certain(), "it has been silent for a moment only"
    clock.sleep(61.0)
    Lease.acquire(tmp_storage, DRIVER, clock)
    assert made.is_certain(), "the next driver is not its own"
    made.heard()
    assert not made.is_certain()


def test_while_storage_does_not_answer_nothing_is_certain(
    tmp_storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lease.acquire(tmp_storage, DRIVER, clock)
    made = worker(tmp_storage, clock)
    clock.sleep(1000.0)
    read = tmp_storage.read

    def away(key: str) -> Any:
        raise StorageUnavailable("no answer")

    monkeypatch.setattr(tmp_storage, "read", away)
    assert not made.is_certain()
    monkeypatch.setattr(tmp_storage, "read", read)
    assert json.loads(tmp_storage.read(paths.HEARTBEAT))["epoch"] == 1
    assert made.is_certain()
