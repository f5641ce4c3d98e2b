"""The stack: its parts in the order in which they need each other, from nothing to ready and back to nothing."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.stack import postgres, ray_nodes, store
from deploy.stack.addresses import LOOPBACK, Addresses
from deploy.stack.postgres import Postgres
from deploy.stack.processes import mentioning
from deploy.stack.service import Program, Service, StackError

BUCKET = "dreamsweep"
ENVIRONMENT = "environment"
_SCHEMA_SECONDS = 240.0
_ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # of the environment it is started in

Say = Callable[[str], None]


class Stack:
    """See the package. `folder` must not be there yet; it is made, and removed at the end unless `keep`. `variables`
    are added to the environment of the Ray nodes, `workers` is how many there are."""

    def __init__(
        self,
        folder: Path,
        say: Say,
        variables: Mapping[str, str] | None = None,
        workers: int = 2,
        keep: bool = False,
    ) -> None:
        self.folder, self._say, self._keep = folder, say, keep
        self.addresses = Addresses.find()
        self._key, self._secret, self.token = (secrets.token_hex(16) for _ in range(3))
        self.database = Postgres(folder / "database", self.addresses.database, secrets.token_hex(16), self._base())
        nodes = {**self.client(), **(variables or {})}
        head = ray_nodes.head(folder / "r0", self.addresses, nodes)
        several = [
            ray_nodes.worker(number, folder / f"r{number}", self.addresses, nodes) for number in range(1, workers + 1)
        ]
        programs = [self.database.program, self._store(), self._mlflow(), head, *several]
        self.services = {program.name: Service(program, folder / "logs") for program in programs}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- from nothing, and back --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; returns when all of it is ready. Raises StackError, and then nothing is left behind."""
        complaint = ray_nodes.problem(self.folder)
        if complaint:
            raise StackError(complaint)
        try:
            self._prepare()
            for services in (["database", "store"], ["mlflow"], ["head"], self.workers):
                for name in services:
                    self.services[name].start()
                for name in services:
                    self._await(name)
                if "database" in services:
                    self._make_schema()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything, what needs others first, and remove the folder. Raises StackError if a process stays."""
        for service in reversed(self.services.values()):
            service.stop()
        left = mentioning(self.folder)
        if left:
            lines = "\n".join(f"  {pid} {command[:100]}" for pid, command in left.items())
            raise StackError(f"these processes are left:\n{lines}")
        if self.folder.exists() and not self._keep:
            shutil.rmtree(self.folder)

    def tend(self) -> list[str]:
        """Start again whatever has ended, as Compose does; the names of what had."""
        ended = [name for name, service in self.services.items() if service.process is not None and not service.alive]
        for name in ended:
            self._say(f"{name} has ended; it is started again")
            self.services[name].kill()
            self.services[name].start()
        return ended

    @property
    def workers(self) -> list[str]:
        return [name for name in self.services if name.startswith("worker-")]

    def nodes(self) -> dict[str, str]:
        """The ids of the living Ray nodes, by the names of their services."""
        found = ray_nodes.alive(self.addresses, self.token)
        names = {ray_nodes.address(number): name for number, name in enumerate(["head", *self.workers])}
        return {names[host]: node for host, node in found.items() if host in names}

    def node_folder(self, name: str) -> Path:
        """Where the Ray node of this service keeps its sessions, and their logs."""
        return self.folder / f"r{0 if name == 'head' else int(name.partition('-')[2])}"

    # ---- what the parts are told -------------------------------------------------------------------------------------

    def client(self) -> dict[str, str]:
        """The environment of the Ray nodes, and of whoever submits a sweep to them."""
        return {
            **self._base(),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
            "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": str(ray_nodes.DRAIN_SECONDS),
            "RAY_JOB_STOP_WAIT_TIME_S": str(ray_nodes.DRAIN_SECONDS + 20),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": str(self.folder / "r0"),
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.addresses.store_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "MLFLOW_TRACKING_URI": self.addresses.mlflow_url,
        }

    def _base(self) -> dict[str, str]:
        """What every part gets: this Python first, and nothing to write to but the folder."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
            "PYTHONPATH": str(_ROOT),
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "DO_NOT_TRACK": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def _store(self) -> Program:
        url, command = self.addresses.store_url, [sys.executable, "-m", "deploy.stack.store"]
        return Program(
            name="store",
            command=[*command, str(self.addresses.store), BUCKET],
            environment=self._base(),
            ready=lambda: store.has_bucket(url, BUCKET),
        )

    def _mlflow(self) -> Program:
        allowed = ",".join(f"{host}:{self.addresses.mlflow}" for host in (LOOPBACK, "localhost"))
        environment = {
            **self.client(),
            "MLFLOW_BACKEND_STORE_URI": self.database.uri(),
            "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "20",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # which would leave files in /dev/shm
            "MLFLOW_S3_ENDPOINT_URL": self.addresses.store_url,
        }
        return Program(
            name="mlflow",
            command=[
                *(sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(self.addresses.mlflow)),
                *("--artifacts-destination", f"s3://{BUCKET}/mlflow", "--allowed-hosts", allowed, "--workers", "1"),
            ],
            environment=environment,
            ready=lambda: store.answers(f"{self.addresses.mlflow_url}/health"),
        )

    # ---- how -----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self.folder.exists():
            raise StackError(f"{self.folder} is there already: name a folder that is not")
        self.folder.mkdir(mode=0o711)  # the database's user passes through
        for name in ("logs", "home"):
            (self.folder / name).mkdir(mode=0o700)
        (self.folder / "tmp").mkdir()
        (self.folder / "tmp").chmod(0o1777)
        environment = self.folder / ENVIRONMENT
        environment.touch(mode=0o600)
        mine = {name: value for name, value in self.client().items() if name.startswith(("RAY_A", "AWS_", "MLFLOW_T"))}
        environment.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in mine.items()))
        self.database.prepare()

    def _make_schema(self) -> None:
        """Once, before the server: two that make the schema at the same time break it."""
        self.database.create(postgres.DATABASE)
        made = subprocess.run(
            [sys.executable, "-m", "mlflow", "db", "upgrade", self.database.uri()],
            env=self._base(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SCHEMA_SECONDS,
        )
        if made.returncode != 0:
            raise StackError(f"MLflow cannot make its tables:\n{made.stdout}")

    def _await(self, name: str) -> None:
        began = time.monotonic()
        self.services[name].wait()
        self._say(f"{name} is ready ({time.monotonic() - began:.1f} s)")
