"""Sweeps as jobs of a Ray cluster: one job a sweep, whose entry point is the stateless driver.

All that a job is told is the sweep's URL: spec, prompts and plan are in storage before it begins. Its id is made of the
sweep's name and a hash of that URL, so that submitting twice finds the job that runs.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline import logs, paths
from pipeline.errors import UserError
from pipeline.lease import newest_epoch, read_heartbeat
from pipeline.state import Policy
from pipeline.storage import Storage

if TYPE_CHECKING:
    from pipeline.executors.ray_jobs import Job, JobServer

# What the cluster runs. `python` is that of the cluster, not of whoever submits.
PROGRAM: tuple[str, ...] = ("python", "-m", "pipeline.cli")
# Ray kills a job that it was told to stop after three seconds, unless this says otherwise: workers need their time.
STOP_WAIT = "RAY_JOB_STOP_WAIT_TIME_S"
_STOP_MARGIN = 30.0
_LOG_LINES = 15


@dataclass(frozen=True, kw_only=True)
class Note:
    """Which job was submitted last, and where: for `logs`."""

    job_id: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """`fresh` is False for a job that was running already; `driver` is who drives, empty if nobody does yet."""

    job_id: str
    fresh: bool
    driver: str


def check_reach(storage: Storage, address: str, shared: bool) -> None:
    """Raise UserError for a folder that the cluster cannot be expected to see."""
    host = urlsplit(address).hostname or ""
    if storage.is_local and not shared and not is_here(host):
        raise UserError(
            f"the sweep's storage {storage.url} is a folder of this machine, which {host} cannot see. Use an object "
            "store (storage: s3://...), or say --shared if every node has that folder under the same path"
        )


def is_here(host: str) -> bool:
    """Whether the host is this machine: one of its addresses can be bound to."""
    try:
        places = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    for family, kind, protocol, _, place in places:
        with socket.socket(family, kind, protocol) as probe:
            try:
                probe.bind((place[0], 0))
            except OSError:
                continue
            return True
    return False


def job_prefix(url: str) -> str:
    """What the ids of all jobs of the sweep begin with."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", posixpath.basename(url.rstrip("/")))
    return f"dreamsweep-{name}-{hashlib.sha256(url.encode()).hexdigest()[:8]}-"


def running_job(server: JobServer, storage: Storage) -> Job | None:
    """The sweep's job that is not over, if there is one."""
    return next((job for job in server.jobs(job_prefix(storage.url)) if not job.is_over), None)


def start_job(server: JobServer, storage: Storage, program: Sequence[str], packages: Sequence[str] = ()) -> Job:
    """Have the cluster run the sweep's driver. Of two who do so at once one gets the other's job. Raises UserError."""
    prefix = job_prefix(storage.url)
    taken = [job.job_id.removeprefix(prefix) for job in server.jobs(prefix)]
    job_id = f"{prefix}{max((int(number) for number in taken if number.isdigit()), default=0) + 1}"
    command = [*program, "resume", storage.url, "--address", "auto"]
    form = logs.chosen(default=logs.Form.JSON)
    variables = {STOP_WAIT: str(round(Policy().stop_seconds + _STOP_MARGIN)), logs.VARIABLE: form.value}
    try:
        server.start(job_id, command, variables, packages)
    except UserError:
        other = running_job(server, storage)
        if other is None:
            raise
        return other
    storage.write(paths.JOB, json.dumps({"job_id": job_id, "address": server.address}).encode())
    return server.look(job_id)


def await_driver(
    server: JobServer, storage: Storage, job: Job, epoch: int, seconds: float, sleep: Callable[[float], None]
) -> str:
    """Wait until the job's driver holds a lease newer than `epoch`, for up to `seconds`; who it is, or nothing.

    So the cluster has shown that it runs the program and writes this storage. Raises UserError, with the end of the
    job's log, if the job ends without that.
    """
    from pipeline.lease import Owner

    waited = 0.0
    while waited < seconds:
        beat = read_heartbeat(storage) if newest_epoch(storage) > epoch else None
        if beat is not None and beat["epoch"] > epoch:
            return str(Owner(**beat["owner"]))
        now = server.look(job.job_id)
        if now.is_over and now.status != "SUCCEEDED":
            lines = list(logs.readable([server.log(job.job_id).strip()]))[-_LOG_LINES:]
            end = "\n".join(f"  {line}" for line in (lines or [now.message]))
            raise UserError(f"Ray job {job.job_id} ended before its driver began ({now.status}):\n{end}")
        if now.is_over:
            return ""
        sleep(0.5)
        waited += 0.5
    return ""


def read_note(storage: Storage) -> Note | None:
    """The last submission, None if there was none."""
    try:
        content = json.loads(storage.read(paths.JOB))
    except FileNotFoundError:
        return None
    return Note(job_id=content["job_id"], address=content["address"])


def own_packages() -> list[str]:
    """The folders of the packages that this process runs, to be shipped along."""
    import dreamcore
    import pipeline

    return [str(Path(package.__path__[0])) for package in (dreamcore, pipeline)]
