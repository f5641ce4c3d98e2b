"""The stack is compose.yaml without Docker; and it says what is in its way before it writes anything."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from manifests import DEPLOY, check_ray_start, documents

from deploy.stack import __main__ as command
from deploy.stack import postgres, ray_nodes
from deploy.stack.addresses import free_port
from deploy.stack.store import OneWriter
from deploy.stack.topology import Stack

COMPOSE = documents(DEPLOY / "compose.yaml")[0]["services"]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if PostgreSQL were here."""
    monkeypatch.setattr(postgres, "programs", lambda: tmp_path)


@pytest.fixture
def stack(found: None) -> Stack:
    return Stack(Path("/tmp/stack-test"), lambda text: None)


def test_it_has_the_parts_of_the_compose_file(stack: Stack) -> None:
    names = {"worker" if name.startswith("worker-") else name for name in stack.services}
    assert names == set(COMPOSE) - {"schema"}
    assert stack.workers == ["worker-1", "worker-2"]


def test_nodes_and_server_are_told_what_compose_tells_them(stack: Stack) -> None:
    for name, other in (("head", "head"), ("worker-1", "worker"), ("mlflow", "mlflow")):
        wanted = set(COMPOSE[other]["environment"]) - {"AWS_REQUEST_CHECKSUM_CALCULATION"}  # of that store
        assert wanted <= set(stack.services[name].program.environment), name
    mlflow = [word.split("=")[0] for word in COMPOSE["mlflow"]["command"] if word.startswith("--")]
    assert set(mlflow) <= set(stack.services["mlflow"].program.command)
    scheme = COMPOSE["schema"]["environment"]["MLFLOW_BACKEND_STORE_URI"].partition(":")[0]
    assert stack.database.uri().partition(":")[0] == scheme


def test_ray_accepts_how_its_nodes_are_started(stack: Stack) -> None:
    head, first, second = (
        check_ray_start(stack.services[name].program.command[2:]) for name in ("head", "worker-1", "worker-2")
    )
    assert head["head"] and head["num_cpus"] == 0 and "address" not in {k for k, v in head.items() if v}
    for worker in (first, second):
        assert worker["block"] and worker["num_cpus"] == 1
        assert worker["address"] == stack.addresses.cluster
    hosts = {node["node_ip_address"] for node in (head, first, second)}
    assert len(hosts) == 3 and all(host.startswith("127.0.0.") for host in hosts)
    assert len({node["temp_dir"] for node in (head, first, second)}) == 3


def test_no_command_has_a_secret(stack: Stack) -> None:
    told = {**stack.client(), **stack.services["database"].program.environment}
    secrets = [told[name] for name in ("RAY_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD")]
    for service in stack.services.values():
        assert not [secret for secret in secrets if secret in " ".join(service.program.command)], service.program.name


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["stack", *arguments])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    return command.main()


def test_without_postgresql_one_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "programs", lambda: None)
    assert run(monkeypatch, "--folder", str(tmp_path / "s")) == 2
    assert capsys.readouterr() == (
        "",
        "error: PostgreSQL is not installed here. On Debian or Ubuntu: apt-get install postgresql\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_will_not_do_is_refused(
    found: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "--folder", str(tmp_path / ("long" * 10))) == 2
    assert "is too long a name for Ray's sockets: at most 32 letters" in capsys.readouterr().err
    monkeypatch.setattr(ray_nodes, "problem", lambda folder: "")
    before = sorted(tmp_path.rglob("*"))
    assert run(monkeypatch, "--folder", str(tmp_path)) == 2
    assert "is there already: name a folder that is not" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("method", "meetings", "patience"), [("PUT", 0, 0.3), ("GET", 2, 30.0)])
def test_one_writing_request_at_a_time_is_let_through(method: str, meetings: int, patience: float) -> None:
    """Two writers never meet inside; two readers do."""
    barrier = threading.Barrier(2)
    met: list[int] = []
    answers: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            barrier.wait(patience)
            met.append(1)
        except threading.BrokenBarrierError:
            barrier.reset()
        start_response("200 OK", [])
        return [b""]

    layer = OneWriter(app)

    def ask() -> None:
        layer({"REQUEST_METHOD": method}, lambda status, headers: answers.append(status))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(met), answers) == (meetings, ["200 OK"] * 2)


def test_a_wanted_port_is_taken_if_it_is_free() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(postgres.programs() is None, reason=postgres.MISSING)
def test_postgresql_runs_in_a_folder_of_its_own_and_asks_for_a_password() -> None:
    from databases import running_postgres

    with running_postgres() as (database, service):
        database.create("one")
        assert database.query("SELECT 1 + 1", "one") == ["2"]
        with pytest.raises(postgres.StackError, match="nonsense"):
            database.query("nonsense", "one")
        data = service.folder / "database" / "data"
        assert stat.S_IMODE(data.stat().st_mode) == 0o700 and data.stat().st_uid != 0
        assert not (service.folder / "database" / "password").exists()
        stranger = [str(postgres.programs() / "psql"), database.uri("one").replace("+psycopg2", "")]  # type: ignore[operator]
        wrong = stranger[1].partition("mlflow:")[0] + "mlflow:wrong@" + stranger[1].partition("@")[2]
        refused = subprocess.run([stranger[0], wrong, "-c", "SELECT 1"], capture_output=True, text=True, check=False)
        assert refused.returncode != 0 and "password authentication failed" in refused.stderr
