"""One program of the stack as a process: its log, its sign of life, its end.

A process is the leader of a session of its own. What it starts belongs to it, and ends with it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.processes import family

_POLL_SECONDS = 0.1
_LOG_LINES = 15


class StackError(RuntimeError):
    """The stack cannot start or go on; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run. `ready` says whether it does its work; it is given `start_seconds`. `goodbye` asks it to end, for
    which it has `stop_seconds`. `user` is whom it runs as, empty for whoever runs the stack. `disk` is a folder that is
    empty whenever it starts: the next process of a machine's name is another machine's."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    user: str = ""
    disk: Path | None = None
    goodbye: signal.Signals = signal.SIGTERM
    start_seconds: float = 120.0
    stop_seconds: float = 30.0


class Service:
    """A program and the process that it runs in now, if any. Its log is appended to by each of its processes."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.log = folder / f"{program.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Begin; `wait` says when it works."""
        program = self.program
        if program.disk is not None and program.disk.exists():
            shutil.rmtree(program.disk)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                program.command,
                env=dict(program.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=program.user or None,
                group=group_of(program.user),
                extra_groups=[] if program.user else None,
            )
        self.starts += 1

    def wait(self) -> None:
        """Return when it is ready. Raises StackError with the end of its log if it ends or takes too long."""
        end = time.monotonic() + self.program.start_seconds
        while not self.program.ready():
            if not self.alive:
                raise StackError(f"{self.program.name} ended as it began:\n{self.said()}")
            if time.monotonic() >= end:
                limit = f"{self.program.start_seconds:.0f} seconds"
                raise StackError(f"{self.program.name} is not ready after {limit}:\n{self.said()}")
            time.sleep(_POLL_SECONDS)

    def said(self) -> str:
        """The end of its log, and where the rest is."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if self.log.exists() else []
        return "\n".join([*(f"  {line}" for line in lines), f"  ({self.log})"])

    def signal(self, number: signal.Signals) -> None:
        """To its first process, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end; what has not ended in its time is killed."""
        if self.process is None:
            return
        left = family(self.process.pid)
        self.signal(self.program.goodbye)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(self.program.stop_seconds)
        self.kill(left)

    def kill(self, others: frozenset[int] = frozenset()) -> None:
        """End every process of it at once, as a machine that loses its power, and whatever lives of `others`."""
        if self.process is None:
            return
        end = time.monotonic() + self.program.stop_seconds
        known = others
        while living := family(self.process.pid, known):
            known |= living
            if time.monotonic() >= end:
                raise StackError(f"processes {sorted(living)} of {self.program.name} do not end")
            for pid in living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.poll()
            time.sleep(_POLL_SECONDS / 2)
        self.process.wait()
        self.process = None


def group_of(user: str) -> int | None:
    """The user's own group; None for nobody in particular."""
    return pwd.getpwnam(user).pw_gid if user else None
