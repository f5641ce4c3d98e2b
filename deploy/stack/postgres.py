"""PostgreSQL in a folder of its own: where its programs are, who runs them, and a database for MLflow.

PostgreSQL does not run as root. Root has it run as `postgres` or, where there is no such user, `nobody`; anybody else
runs it himself.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.stack.addresses import LOOPBACK
from deploy.stack.service import Program, StackError, group_of

USER = DATABASE = "mlflow"
_DEBIAN = Path("/usr/lib/postgresql")
_COMMANDS = ("initdb", "postgres", "pg_isready", "psql")
MISSING = "PostgreSQL is not installed here. On Debian or Ubuntu: apt-get install postgresql"
_INIT_SECONDS = 120.0


def programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs, None if there is none here."""
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
    found = shutil.which("postgres")
    for folder in [*reversed(folders), *([Path(found).parent] if found else [])]:
        if all((folder / name).exists() for name in _COMMANDS):
            return folder
    return None


def runner() -> str:
    """The user that PostgreSQL has to run as; empty for the one that asks."""
    if os.geteuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise StackError("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")


class Postgres:
    """A database cluster below `folder`, made by `prepare`; its `program` serves it."""

    def __init__(self, folder: Path, port: int, password: str, environment: Mapping[str, str]) -> None:
        found = programs()
        if found is None:
            raise StackError(MISSING)
        self._bin, self._user = found, runner()
        self._data, self._port, self._password = folder / "data", port, password
        self._folder = folder
        self._environment = {**environment, "PGPASSWORD": password}

    def uri(self, database: str = DATABASE) -> str:
        return f"postgresql+psycopg2://{USER}:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def prepare(self) -> None:
        """Make the cluster. Raises StackError with what `initdb` says if it cannot."""
        self._folder.mkdir(mode=0o700)
        secret = self._folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        if self._user:
            for path in (self._folder, secret):
                shutil.chown(path, self._user)
        made = self._call(
            "initdb",
            *("--pgdata", str(self._data), "--username", USER, "--pwfile", str(secret)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        if made.returncode != 0:
            raise StackError(f"initdb cannot make a database in {self._data}:\n{made.stdout}")
        secret.unlink()

    @property
    def program(self) -> Program:
        """The server. It keeps everything below its folder and, as that goes with the stack, waits for no disk."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self._port),
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",
            "fsync": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="database",
            command=[str(self._bin / "postgres"), "-D", str(self._data), *options],
            environment=self._environment,
            ready=self.answers,
            user=self._user,
            goodbye=signal.SIGINT,  # ends open connections,
            start_seconds=60.0,
        )

    def answers(self) -> bool:
        return self._call("pg_isready", "--timeout", "5", *self._place).returncode == 0

    def create(self, database: str, like: str = "template1") -> None:
        """Make a database that is a copy of another. Raises StackError if it is there."""
        self.query(f'CREATE DATABASE "{database}" TEMPLATE "{like}"', "postgres")

    def query(self, statement: str, database: str = DATABASE) -> list[str]:
        """The rows that the statement gives, each with `|` between its values. Raises StackError."""
        options = ("--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set", "ON_ERROR_STOP=1")
        where = (*self._place, "--username", USER, "--dbname", database)
        told = self._call("psql", *options, *where, "--command", statement)
        if told.returncode != 0:
            raise StackError(f"PostgreSQL refuses {statement!r}:\n{told.stdout}")
        return told.stdout.splitlines()

    @property
    def _place(self) -> tuple[str, ...]:
        return ("--host", LOOPBACK, "--port", str(self._port))

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._bin / program), *arguments],
            env=self._environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_INIT_SECONDS,
            user=self._user or None,
            group=group_of(self._user),
            extra_groups=[] if self._user else None,
        )
