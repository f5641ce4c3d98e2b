from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from fakes import FakeClock
from killed_sweeps import until

from pipeline import paths
from pipeline.errors import Fenced, LeaseHeld
from pipeline.lease import FRESH_SECONDS, Lease, Owner, is_driven, living_driver, newest_epoch, read_heartbeat
from pipeline.storage import Storage

HERE = Owner.current()
ELSEWHERE = Owner(host="other", boot="b", pid=1, started="1")


def test_epochs_rise(tmp_storage: Storage) -> None:
    clock = FakeClock()
    for epoch in (1, 2, 3):
        lease = Lease.acquire(tmp_storage, HERE, clock)
        assert lease.epoch == newest_epoch(tmp_storage) == epoch
        lease.release({})


def test_a_living_driver_keeps_others_out_and_they_are_told(tmp_storage: Storage) -> None:
    clock = FakeClock(now=1_700_000_000.0)
    lease = Lease.acquire(tmp_storage, ELSEWHERE, clock)
    clock.sleep(FRESH_SECONDS - 1)
    with pytest.raises(LeaseHeld, match=r"process 1 on other, since 2023-11-14 22:13:20 UTC.*59 seconds ago.*Stop it"):
        Lease.acquire(tmp_storage, HERE, clock)
    lease.beat({})
    clock.sleep(FRESH_SECONDS - 1)
    with pytest.raises(LeaseHeld):
        Lease.acquire(tmp_storage, HERE, clock)


def test_a_silent_driver_is_taken_over_and_fenced(tmp_storage: Storage) -> None:
    clock = FakeClock()
    old = Lease.acquire(tmp_storage, ELSEWHERE, clock)
    old.check()
    clock.sleep(FRESH_SECONDS)
    new = Lease.acquire(tmp_storage, HERE, clock)
    new.check()
    for call in (old.check, lambda: old.beat({}), lambda: old.release({})):
        with pytest.raises(Fenced, match="epoch 2"):
            call()
    heartbeat = read_heartbeat(tmp_storage)
    assert heartbeat is not None
    assert heartbeat["epoch"] == 2


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_sign_of_life_from_another_time_keeps_nobody_out(tmp_storage: Storage, jump: float) -> None:
    clock = FakeClock()
    Lease.acquire(tmp_storage, ELSEWHERE, FakeClock(now=clock.now + jump))
    assert Lease.acquire(tmp_storage, HERE, clock).epoch == 2


def test_a_dead_process_of_this_machine_is_taken_over_at_once(tmp_storage: Storage) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    alive = replace(HERE, pid=child.pid, started=_started(child.pid))
    clock = FakeClock()
    Lease.acquire(tmp_storage, alive, clock)
    with pytest.raises(LeaseHeld):
        Lease.acquire(tmp_storage, HERE, clock)
    child.communicate(b"\n")
    assert Lease.acquire(tmp_storage, HERE, clock).epoch == 2


def test_another_process_with_the_same_pid_is_another_process() -> None:
    assert not HERE.is_dead()
    assert replace(HERE, started="long ago").is_dead()
    assert not replace(ELSEWHERE, pid=HERE.pid).is_dead()
    assert not replace(HERE, boot="before the last boot", started="then").is_dead()


def test_of_two_that_start_together_one_wins(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    create = Storage.create

    def lose(self: Storage, key: str, data: bytes) -> bool:
        if key == paths.lease(1):
            assert create(self, key, data)
        return create(self, key, data)

    monkeypatch.setattr(Storage, "create", lose)
    with pytest.raises(LeaseHeld, match="same moment"):
        Lease.acquire(tmp_storage, HERE, FakeClock())


def test_a_claim_without_a_heartbeat_counts_as_one(tmp_storage: Storage) -> None:
    clock = FakeClock()
    Lease.acquire(tmp_storage, ELSEWHERE, clock)
    tmp_storage.delete(paths.HEARTBEAT)
    with pytest.raises(LeaseHeld):
        Lease.acquire(tmp_storage, HERE, clock)
    clock.sleep(FRESH_SECONDS)
    assert Lease.acquire(tmp_storage, HERE, clock).epoch == 2


def test_the_heartbeat_tells_the_progress(tmp_storage: Storage) -> None:
    clock = FakeClock()
    lease = Lease.acquire(tmp_storage, HERE, clock)
    lease.beat({"counts": {"running": 3}})
    heartbeat = read_heartbeat(tmp_storage)
    assert heartbeat is not None
    assert heartbeat["progress"] == {"counts": {"running": 3}}
    assert heartbeat["owner"]["pid"] == os.getpid()
    assert not heartbeat["released"]


def test_it_beats_from_a_thread_until_released(tmp_storage: Storage) -> None:
    lease = Lease.acquire(tmp_storage, HERE, FakeClock(tick=1.0))
    asked = []

    def snapshot() -> dict[str, int]:
        asked.append(1)
        return {"asked": len(asked)}

    lease.keep_beating(snapshot, seconds=0.001)
    until(lambda: (read_heartbeat(tmp_storage) or {"progress": {}})["progress"].get("asked", 0) >= 3, "beats")
    lease.release({"asked": -1})
    heartbeat = read_heartbeat(tmp_storage)
    assert heartbeat is not None
    assert heartbeat["released"]
    assert heartbeat["progress"] == {"asked": -1}


def test_beats_outlive_a_storage_that_fails(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Lease.acquire(tmp_storage, HERE, FakeClock())
    third, failed = threading.Event(), []

    def fail(progress: object, released: bool) -> None:
        failed.append(progress)
        if len(failed) == 3:
            third.set()
        raise OSError("no route to host")

    with monkeypatch.context() as patch:
        patch.setattr(lease, "_write", fail)
        lease.keep_beating(dict, seconds=0.001)
        assert third.wait(timeout=10.0)
        lease.stop_beating()
    assert lease.last_error == "OSError: no route to host"


def _started(pid: int) -> str:
    from pipeline.lease import _process_start

    return _process_start(pid)


# ---- who drives ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "job"),
    [
        (json.dumps({"runtime_env": {}, "metadata": {"job_submission_id": "dreamsweep-x-1"}}), "dreamsweep-x-1"),
        ("{}", ""),
        ("no json", ""),
        ('{"metadata": null}', ""),
    ],
)
def test_a_driver_knows_the_ray_job_that_it_is(monkeypatch: pytest.MonkeyPatch, variable: str, job: str) -> None:
    assert Owner.current().job == ""
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", variable)
    assert Owner.current().job == job


def test_whoever_is_refused_is_told_the_job(tmp_storage: Storage) -> None:
    holder = replace(ELSEWHERE, job="dreamsweep-x-1")
    Lease.acquire(tmp_storage, holder, FakeClock())
    with pytest.raises(LeaseHeld, match=r"process 1 on other \(Ray job dreamsweep-x-1\), since .*dreamsweep stop"):
        Lease.acquire(tmp_storage, ELSEWHERE, FakeClock())


def test_a_claim_of_an_older_version_is_read(tmp_storage: Storage) -> None:
    Lease.acquire(tmp_storage, ELSEWHERE, FakeClock())
    for key in (paths.lease(1), paths.HEARTBEAT):
        content = json.loads(tmp_storage.read(key))
        del content["owner"]["job"]
        tmp_storage.write(key, json.dumps(content).encode())
    assert living_driver(tmp_storage, FakeClock()()) == "process 1 on other"


def test_who_drives_by_the_heartbeat(tmp_storage: Storage) -> None:
    clock = FakeClock()
    assert (living_driver(tmp_storage, clock()), is_driven(tmp_storage, 1, clock())) == ("", False)
    lease = Lease.acquire(tmp_storage, ELSEWHERE, clock)
    assert living_driver(tmp_storage, clock()) == "process 1 on other"
    assert is_driven(tmp_storage, 1, clock()) and not is_driven(tmp_storage, 2, clock())
    late = clock() + FRESH_SECONDS
    assert (living_driver(tmp_storage, late), is_driven(tmp_storage, 1, late)) == ("", False)
    lease.release({})
    assert (living_driver(tmp_storage, clock()), is_driven(tmp_storage, 1, clock())) == ("", False)
