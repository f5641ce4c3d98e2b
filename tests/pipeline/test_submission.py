"""Submitting, with a job server that is a list."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fakes import FakeClock

from pipeline import paths, submission
from pipeline.errors import UserError
from pipeline.executors.ray_jobs import Job, JobServer
from pipeline.lease import Lease, Owner
from pipeline.state import Policy
from pipeline.storage import Storage

PROGRAM = ("dreamsweep",)


class Server:
    """Jobs that stay as they are until a test changes them."""

    address = "http://head:8265"

    def __init__(self) -> None:
        self.known: dict[str, Job] = {}
        self.started: list[tuple[Sequence[str], Mapping[str, str], Sequence[str]]] = []

    def jobs(self, prefix: str) -> list[Job]:
        return [job for job in self.known.values() if job.job_id.startswith(prefix)]

    def look(self, job_id: str) -> Job:
        return self.known[job_id]

    def start(
        self, job_id: str, command: Sequence[str], variables: Mapping[str, str], packages: Sequence[str] = ()
    ) -> None:
        if job_id in self.known:
            raise UserError("taken")
        self.known[job_id] = Job(job_id=job_id, status="PENDING", message="")
        self.started.append((command, variables, packages))

    def log(self, job_id: str) -> str:
        return "first\nlast\n"

    def end(self, job_id: str, status: str) -> None:
        self.known[job_id] = replace(self.known[job_id], status=status)


@pytest.fixture
def server() -> Any:
    return Server()


def test_the_job_is_told_the_url_alone_and_given_time_to_stop(server: Any, tmp_storage: Storage) -> None:
    job = submission.start_job(server, tmp_storage, PROGRAM, ["pkg"])
    ((command, variables, packages),) = server.started
    assert command == ["dreamsweep", "resume", tmp_storage.url, "--address", "auto"]
    assert int(variables["RAY_JOB_STOP_WAIT_TIME_S"]) >= Policy().stop_seconds + 10
    assert variables["DREAMSWEEP_LOG"] == "json"
    assert packages == ["pkg"]
    assert submission.read_note(tmp_storage) == submission.Note(job_id=job.job_id, address=server.address)


def test_who_submits_may_want_a_log_for_people(
    server: Any, tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAMSWEEP_LOG", "text")
    submission.start_job(server, tmp_storage, PROGRAM)
    ((_, variables, _),) = server.started
    assert variables["DREAMSWEEP_LOG"] == "text"


def test_the_job_is_named_after_the_sweep(tmp_storage: Storage) -> None:
    url = "s3://bucket/runs/my.sweep/"
    assert submission.job_prefix(url).startswith("dreamsweep-my-sweep-")
    assert submission.job_prefix(url) != submission.job_prefix("s3://other/runs/my.sweep/")
    assert submission.read_note(tmp_storage) is None


def test_submitting_again_finds_the_job_that_runs_and_else_takes_the_next_number(
    server: Any, tmp_storage: Storage
) -> None:
    first = submission.start_job(server, tmp_storage, PROGRAM)
    assert submission.running_job(server, tmp_storage) == first
    server.end(first.job_id, "FAILED")
    assert submission.running_job(server, tmp_storage) is None
    second = submission.start_job(server, tmp_storage, PROGRAM)
    assert (first.job_id[-2:], second.job_id[-2:]) == ("-1", "-2")


def test_of_two_who_submit_at_once_one_gets_the_others_job(
    server: Any, tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submission.start_job(server, tmp_storage, PROGRAM)
    seen = iter([[], [first]])  # it looked before the other's job was there
    monkeypatch.setattr(server, "jobs", lambda prefix: next(seen))
    assert submission.start_job(server, tmp_storage, PROGRAM) == first
    assert len(server.started) == 1


def test_a_refusal_that_is_no_race_is_passed_on(
    server: Any, tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*ignored: Any) -> None:
        raise UserError("no room")

    monkeypatch.setattr(server, "start", refuse)
    with pytest.raises(UserError, match="no room"):
        submission.start_job(server, tmp_storage, PROGRAM)
    assert not tmp_storage.exists(paths.JOB)


# ---- waiting for the driver ------------------------------------------------------------------------------------------


def test_the_driver_is_waited_for_and_named(server: Any, tmp_storage: Storage) -> None:
    job = submission.start_job(server, tmp_storage, PROGRAM)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            owner = Owner(host="head", boot="", pid=7, started="", job=job.job_id)
            Lease.acquire(tmp_storage, owner, time.time)

    driver = submission.await_driver(server, tmp_storage, job, 0, 60.0, sleep)
    assert (driver, len(waited)) == (f"process 7 on head (Ray job {job.job_id})", 3)


def test_an_earlier_driver_is_not_taken_for_this_one(server: Any, tmp_storage: Storage) -> None:
    Lease.acquire(tmp_storage, Owner.current(), time.time).release({})
    job = submission.start_job(server, tmp_storage, PROGRAM)
    clock = FakeClock(0.0)
    assert submission.await_driver(server, tmp_storage, job, 1, 10.0, clock.sleep) == ""
    assert clock.now == pytest.approx(10.0)


def test_a_job_that_fails_first_is_told_with_its_log(server: Any, tmp_storage: Storage) -> None:
    job = submission.start_job(server, tmp_storage, PROGRAM)
    server.end(job.job_id, "FAILED")
    with pytest.raises(UserError, match=r"before its driver began \(FAILED\):\n  first\n  last$"):
        submission.await_driver(server, tmp_storage, job, 0, 10.0, lambda seconds: None)


# ---- where the storage is --------------------------------------------------------------------------------------------


def test_this_machine_is_known() -> None:
    assert submission.is_here("127.0.0.1") and submission.is_here("localhost")
    assert submission.is_here(socket.gethostname())
    assert not submission.is_here("192.0.2.77")
    assert not submission.is_here("")
    assert not submission.is_here("no such host")


def test_a_folder_is_refused_for_a_cluster_elsewhere(tmp_storage: Storage) -> None:
    submission.check_reach(tmp_storage, "http://127.0.0.1:8265", shared=False)
    submission.check_reach(tmp_storage, "http://192.0.2.77:8265", shared=True)
    submission.check_reach(Storage("memory://sweep"), "http://192.0.2.77:8265", shared=False)
    with pytest.raises(UserError, match="is a folder of this machine, which 192.0.2.77 cannot see.*--shared"):
        submission.check_reach(tmp_storage, "http://192.0.2.77:8265", shared=False)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("head:6379", "must be the head's dashboard, such as http://HOST:8265"),
        ("ray://head:10001", "must be the head's dashboard"),
        ("http://user:secret@head:8265", "must not name a user or password"),
        ("http://127.0.0.1:9", "no Ray cluster answers at http://127.0.0.1:9 .Connection refused."),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        JobServer(address)
    assert "secret" not in str(refused.value)
