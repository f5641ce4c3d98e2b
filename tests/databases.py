"""Databases for MLflow servers of tests: a SQLite file each, or one of a PostgreSQL of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from deploy.stack import postgres
from deploy.stack.addresses import free_port
from deploy.stack.postgres import Postgres
from deploy.stack.processes import mentioning
from deploy.stack.service import Service


class Database(Protocol):
    """`uri` is MLflow's. To have no write succeed until `allow`, call what `limit` gives, if anything, in the server's
    process before that begins, and `forbid` when it serves: it wants to write when it starts."""

    uri: str

    def limit(self) -> Callable[[], None] | None: ...

    def forbid(self) -> None: ...

    def allow(self) -> None: ...


class SqliteFile:
    """A copy of a file that has MLflow's tables."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.path = folder / "mlflow.db"
        shutil.copy(empty, self.path)
        self.uri = f"sqlite:///{self.path}"

    def limit(self) -> Callable[[], None]:
        import resource

        size = self.path.stat().st_size
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def forbid(self) -> None:
        """The limit does."""

    def allow(self) -> None:
        """The limit was the process's."""


class PostgresDatabase:
    """A copy of the database `like`."""

    def __init__(self, server: Postgres, like: str) -> None:
        self.server, self.name = server, f"d{secrets.token_hex(6)}"
        server.create(self.name, like)
        self.uri = server.uri(self.name)

    def limit(self) -> None:
        """It needs none."""

    def forbid(self) -> None:
        self.server.query(f"ALTER DATABASE {self.name} SET default_transaction_read_only = on", "postgres")
        ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname"
        self.server.query(f"{ends} = '{self.name}'", "postgres")  # open connections would not hear of it

    def allow(self) -> None:
        self.server.query(f"ALTER DATABASE {self.name} RESET default_transaction_read_only", "postgres")


@contextmanager
def running_postgres() -> Iterator[tuple[Postgres, Service]]:
    """A PostgreSQL of one's own, with everything below a folder that goes with it. Skips where there is none."""
    if postgres.programs() is None:
        pytest.skip(postgres.MISSING)
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))  # which its user can reach
    folder.chmod(0o711)
    database = Postgres(folder / "database", free_port(), secrets.token_hex(16), {"PATH": os.environ["PATH"]})
    service = Service(database.program, folder)
    try:
        database.prepare()
        service.start()
        service.wait()
        yield database, service
    finally:
        service.stop()
        left = mentioning(folder)
        shutil.rmtree(folder)
        assert not left
