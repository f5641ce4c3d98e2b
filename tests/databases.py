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
    """`uri` is MLflow's. `forbid` has it refuse writes until `allow`, of connections that are made after that; what it
    returns is to be called in the process of the server, before that begins."""

    uri: str

    def forbid(self) -> Callable[[], None]: ...

    def allow(self) -> None: ...


class SqliteFile:
    """A copy of a file that has MLflow's tables."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.path = folder / "mlflow.db"
        shutil.copy(empty, self.path)
        self.uri = f"sqlite:///{self.path}"

    def forbid(self) -> Callable[[], None]:
        import resource

        limit = self.path.stat().st_size
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    def allow(self) -> None:
        """The limit was the process's."""


class PostgresDatabase:
    """A copy of the database `like`."""

    def __init__(self, server: Postgres, like: str) -> None:
        self.server, self.name = server, f"d{secrets.token_hex(6)}"
        server.create(self.name, like)
        self.uri = server.uri(self.name)

    def forbid(self) -> Callable[[], None]:
        self.server.query(f"ALTER DATABASE {self.name} SET default_transaction_read_only = on", "postgres")
        return lambda: None

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
