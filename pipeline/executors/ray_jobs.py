"""Drivers as Ray jobs, through the job server of a cluster's head (HTTP, usually port 8265).

Every answer that is not a plain one becomes a `UserError` in one line: no server, a refused token, a refused job.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ray.exceptions import AuthenticationError
from ray.job_submission import JobSubmissionClient

from pipeline.errors import UserError
from pipeline.executors.tokens import problem, refused

_OVER = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
_ADDRESSES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")  # Ray lets these override an explicit address
_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Job:
    """`status` is Ray's: PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED; `message` is what Ray says about it."""

    job_id: str
    status: str
    message: str

    @property
    def is_over(self) -> bool:
        return self.status in _OVER


class JobServer:
    """The job server at `address`, such as http://head:8265. Raises UserError if none answers there, or if it refuses
    this process's token."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.ERROR)
        _reach(self.address)
        with _explicit():
            self._client = self._ask(lambda: JobSubmissionClient(self.address))

    def jobs(self, prefix: str) -> list[Job]:
        """The jobs whose ids begin so, in no order."""
        found = self._ask(self._client.list_jobs)
        return [_job(each) for each in found if (each.submission_id or "").startswith(prefix)]

    def look(self, job_id: str) -> Job:
        """The job as it is now. Raises UserError if the server knows none of that id."""
        return _job(self._ask(lambda: self._client.get_job_info(job_id)))

    def start(
        self, job_id: str, command: Sequence[str], variables: Mapping[str, str], packages: Sequence[str] = ()
    ) -> None:
        """Run the command on the head as a job, with these environment variables, and with these folders of Python
        packages shipped to every node. Raises UserError, also for an id that is taken."""
        environment: dict[str, Any] = {"env_vars": dict(variables)}
        if packages:
            environment["py_modules"] = list(packages)
        self._ask(
            lambda: self._client.submit_job(
                entrypoint=shlex.join(command), submission_id=job_id, runtime_env=environment
            )
        )

    def log(self, job_id: str) -> str:
        """What the job's command has printed so far."""
        text: str = self._ask(lambda: self._client.get_job_logs(job_id))
        return text

    def follow(self, job_id: str) -> Iterator[str]:
        """What it has printed, piece by piece, until it ends."""
        loop = asyncio.new_event_loop()
        pieces = self._client.tail_job_logs(job_id)
        assert isinstance(pieces, AsyncGenerator)  # so that it can be closed
        try:
            while True:
                try:
                    yield loop.run_until_complete(anext(pieces))
                except StopAsyncIteration:
                    return
        finally:
            loop.run_until_complete(pieces.aclose())
            loop.close()

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except AuthenticationError as error:
            raise UserError(refused(self.address)) from error
        except (RuntimeError, OSError) as error:  # requests' own errors are OSErrors
            raise UserError(f"the Ray cluster at {self.address} refuses: {_first_line(error)}") from error


def _reach(address: str) -> None:
    """Raise UserError unless something accepts connections there, well before Ray's client would give up."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"--address {address}: must be the head's dashboard, such as http://HOST:8265")
    if parts.username or parts.password:
        raise UserError("--address must not name a user or password: set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH")
    why = problem(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    if why:
        raise UserError(f"no Ray cluster answers at {address} ({why}): check the address, and that it runs")


@contextmanager
def _explicit() -> Iterator[None]:
    """While inside, no environment variable overrides the address that was given."""
    hidden = {name: os.environ.pop(name) for name in _ADDRESSES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _job(details: Any) -> Job:
    status = getattr(details.status, "value", details.status)
    return Job(job_id=details.submission_id or "", status=str(status), message=details.message or "")


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines and lines[0].startswith("Request failed") else (lines or [type(error).__name__])[0]
