"""A real MLflow server that is down, dies, hangs or has no room: the sweep does not notice, and `sync` makes up for it.

That the sweep does not wait is shown by what happens while the server cannot answer, not by a watch.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import Database, PostgresDatabase, SqliteFile, running_postgres
from fakes import FakeFactory, make_trials
from killed_sweeps import TESTS, until
from stack.mirror import differences
from stored import begin, commit_trial, trial

from deploy.stack.postgres import Postgres
from deploy.stack.service import Service
from pipeline.driver import DriverOptions, drive
from pipeline.executors.inline import InlineExecutor
from pipeline.plan import Plan, store_plan
from pipeline.query import Sweep
from pipeline.record.compact import compact
from pipeline.record.tracking import Counters, QueuedTracker, Sink
from pipeline.state import Policy, Status, SweepState
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(240),
    # Of MLflow and what it is built on.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]

TRIALS = make_trials(6, steps=5)


class MlflowServer:
    """`mlflow server` over a database, in a process group of its own, always at the same address."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.log = (folder / "server.log").open("ab")

    def start(self, writable: bool = True) -> None:
        """Begin to serve, over a database that refuses every write if it is not to be `writable`."""
        self.database.allow()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
                *("--workers", "1", "--artifacts-destination", str(self.folder / "artifacts")),
            ],
            env={
                **os.environ,
                "MLFLOW_BACKEND_STORE_URI": self.database.uri,
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes more, and files in /dev/shm
            },
            stdout=self.log if writable else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=None if writable else self.database.limit(),  # noqa: PLW1509  no threads of ours hold locks here
        )
        until(self.answers, "the server", 120.0)
        if not writable:
            self.database.forbid()

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5.0) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.nightly)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[tuple[Postgres, Service]]:
    """A PostgreSQL whose database `empty` has MLflow's tables and nothing in them."""
    with running_postgres() as (server, service):
        server.create("empty")
        upgrade = [sys.executable, "-m", "mlflow", "db", "upgrade", server.uri("empty")]
        subprocess.run(upgrade, check=True, capture_output=True, timeout=200)
        yield server, service


@pytest.fixture(scope="module", params=KINDS)
def make_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Database]:
    """Makes databases of one kind with MLflow's tables and nothing in them."""
    from mlflow import MlflowClient

    import pipeline.record.mlflow_runs  # noqa: F401  sets MLflow's environment

    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("mlflow") / "empty.db"
        MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
        return lambda folder: SqliteFile(folder, path)
    server, _ = request.getfixturevalue("postgres")
    return lambda folder: PostgresDatabase(server, "empty")


@pytest.fixture
def server(make_database: Callable[[Path], Database], tmp_path: Path) -> Iterator[MlflowServer]:
    made = MlflowServer(tmp_path, make_database(tmp_path))
    yield made
    made.stop()
    made.log.close()


def run(
    storage: Storage, url: str, then: Callable[[SweepState], None] = lambda state: None
) -> tuple[QueuedTracker, list[int]]:
    """A whole sweep, its tracker as the sweep left it, and a list as long as the sinks that were made."""
    made: list[int] = []

    def sink() -> Sink:
        from pipeline.record.mlflow_runs import MlflowSink

        made.append(len(made))
        return MlflowSink(storage, url)

    store_plan(storage, Plan(TRIALS), "name: sweep\nprompts: [a cup]\n")
    tracker = QueuedTracker(sink, pause=60.0)
    executor = InlineExecutor(FakeFactory(slots=2), storage, WorkerOptions(progress_seconds=0.0))
    options = DriverOptions(policy=Policy(max_workers=1), poll_seconds=0.01, heartbeat_seconds=0.0)
    summary = drive(TRIALS, storage, executor, options, tracker, compact, then, threading.Event())
    assert (summary.committed, summary.failed) == (len(TRIALS), {})
    return tracker, made


def at(count: int, action: Callable[[], None]) -> Callable[[SweepState], None]:
    """Do it once, when so many trials are committed."""
    done: list[bool] = []

    def look(state: SweepState) -> None:
        if not done and state.counts[Status.COMMITTED] >= count:
            done.append(True)
            action()

    return look


def mirrored(storage: Storage, url: str) -> None:
    """After `sync`, MLflow has what Parquet has: a finished run a trial, each step once, the same numbers."""
    from pipeline.record.mlflow_runs import sync

    sync(storage, url, len(TRIALS))
    assert sync(storage, url, len(TRIALS)) == 0
    assert len(Sweep(storage).history()) == sum(trial.steps for trial in TRIALS)
    assert differences(storage, url) == []


def settled(tracker: QueuedTracker) -> Counters:
    tracker.close(timeout=60.0)
    return tracker.counters()


def test_a_server_that_is_down_from_the_start(tmp_storage: Storage, server: MlflowServer) -> None:
    tracker, made = run(tmp_storage, server.url)
    until(lambda: len(made) == 3, "the circuit to open")
    assert tracker.counters().delivered == 0
    assert len(made) == 3, "then it is left alone"
    settled(tracker)
    server.start()
    mirrored(tmp_storage, server.url)


def test_a_server_that_dies_on_the_way(tmp_storage: Storage, server: MlflowServer) -> None:
    server.start()
    tracker, _ = run(tmp_storage, server.url, at(3, server.stop))
    assert settled(tracker).last_error
    server.start()
    mirrored(tmp_storage, server.url)


def test_a_server_that_hangs(tmp_storage: Storage, server: MlflowServer) -> None:
    """The sweep ends while the server is stopped, with calls that wait: nobody waited for them."""
    server.start()
    tracker, _ = run(tmp_storage, server.url, at(1, lambda: server.signal(signal.SIGSTOP)))
    assert tracker.counters().pending > 0
    server.signal(signal.SIGCONT)
    settled(tracker)
    mirrored(tmp_storage, server.url)


def test_a_server_without_room(tmp_storage: Storage, server: MlflowServer) -> None:
    """Its database may not grow, or be written to: every write fails inside the server."""
    server.start(writable=False)
    tracker, _ = run(tmp_storage, server.url)
    assert settled(tracker).last_error
    assert server.answers(), "it lives, but cannot write"
    server.stop()
    server.start()
    mirrored(tmp_storage, server.url)


class SlowDoor:
    """Lets connections through to a server, but each of its answers only after `seconds`, until it is `open`."""

    def __init__(self, port: int, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self.open = threading.Event()
        self.answers = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:  # closed
                return
            other = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(caller, other, 0.0), daemon=True).start()
            threading.Thread(target=self._pass, args=(other, caller, self._seconds), daemon=True).start()

    def _pass(self, here: socket.socket, there: socket.socket, seconds: float) -> None:
        with contextlib.suppress(OSError), there:
            while data := here.recv(65536):
                if seconds:
                    self.answers += 1
                    self.open.wait(seconds)
                there.sendall(data)

    def close(self) -> None:
        self.open.set()
        self._socket.close()


@pytest.mark.nightly
def test_a_server_that_is_slow(tmp_storage: Storage, server: MlflowServer) -> None:
    """Seconds an answer: the sweep is over while the first of them is waited for."""
    server.start()
    door = SlowDoor(server.port, seconds=4.0)
    try:
        tracker, _ = run(tmp_storage, door.url, at(1, lambda: until(lambda: door.answers > 0, "the first answer")))
        assert tracker.counters().pending > len(TRIALS)
        door.open.set()
        assert settled(tracker).last_error == ""
    finally:
        door.close()
    mirrored(tmp_storage, server.url)


@pytest.mark.nightly
def test_a_database_that_dies_under_its_server(
    tmp_storage: Storage, postgres: tuple[Postgres, Service], tmp_path: Path
) -> None:
    """PostgreSQL is killed in mid-sweep and comes back; the server lives through it, without being started again."""
    database, service = postgres
    own = PostgresDatabase(database, "empty")
    made = MlflowServer(tmp_path, own)

    def kill() -> None:
        until(lambda: database.query("SELECT count(*) FROM runs", own.name) > ["1"], "the first run of a trial")
        service.kill()

    try:
        made.start()
        tracker, _ = run(tmp_storage, made.url, at(2, kill))
        assert settled(tracker).last_error
        assert made.answers(), "it lives, without its database"
        service.start()
        service.wait()
        mirrored(tmp_storage, made.url)
    finally:
        if not service.alive:
            service.start()
            service.wait()
        made.stop()
        made.log.close()


RACER = """
import sys
from pipeline.record.mlflow_runs import sync
from pipeline.storage import Storage
sys.stdin.readline()
print(sync(Storage(sys.argv[1]), sys.argv[2]))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_several_sweeps_that_are_the_first_to_use_a_database(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """MLflow makes its tables at the first use, and two that do so at once stumble over each other."""
    uri, names = f"sqlite:///{tmp_path}/mlflow.db", ("a", "b", "c")
    if kind == "postgres":
        uri = PostgresDatabase(request.getfixturevalue("postgres")[0], "template1").uri
    racers: list[subprocess.Popen[str]] = []
    for name in names:
        storage = Storage(str(tmp_path / name))
        begin(storage)
        commit_trial(storage, trial("a cup"))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
        command = [sys.executable, "-c", RACER, storage.url, uri]
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        racers.append(subprocess.Popen(command, env=environment, text=True, **pipes))
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        output, error = racer.communicate(timeout=200.0)
        assert (racer.returncode, output) == (0, "1\n"), error
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    (experiment,) = [each.experiment_id for each in client.search_experiments() if each.name == "dreamsweep"]
    runs = client.search_runs([experiment])
    assert sorted(each.info.run_name for each in runs if "mlflow.parentRunId" not in each.data.tags) == list(names)
    assert len(runs) == 2 * len(names)
