"""The watcher of a node, on imitations of two clouds' metadata services."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.errors import UserError
from pipeline.executors import draining, notices
from pipeline.executors.notices import Aws, Gcp, Notice, watch

NOW = 1_788_997_600.0  # 2026-09-09T23:46:40Z


@dataclass
class Metadata:
    """What the service says, and the requests that it got. `tokens` are good once it gave them out."""

    url: str = ""
    notice: str | None = None
    preempted: str = "FALSE"
    tokens: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        self.asked.append(f"{method} {path}")
        if path.startswith("/computeMetadata/"):
            if headers.get("metadata-flavor") != "Google":
                return 403, ""
            return 200, self.preempted
        if (method, path) == ("PUT", "/latest/api/token"):
            assert int(headers["x-aws-ec2-metadata-token-ttl-seconds"]) <= 21_600
            self.tokens.add(f"token-{len(self.asked)}")
            return 200, f"token-{len(self.asked)}"
        if headers.get("x-aws-ec2-metadata-token") not in self.tokens:
            return 401, ""
        return (404, "") if self.notice is None else (200, self.notice)


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    made = Metadata()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = made.answer(self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_PUT = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def watched(cloud: Aws | Gcp, later: Callable[[int], None]) -> tuple[list[Notice], int]:
    """What was drained, after how many looks; `later` is called between looks with their count."""
    drained: list[Notice] = []
    looks = [0]

    def sleep(seconds: float) -> None:
        assert seconds == notices.EVERY_SECONDS
        looks[0] += 1
        later(looks[0])

    watch(cloud, drained.append, lambda: NOW, sleep)
    return drained, looks[0]


def test_a_spot_notice_of_aws_drains_by_its_deadline(metadata: Metadata) -> None:
    def later(looks: int) -> None:
        if looks == 3:
            metadata.notice = '{"action": "terminate", "time": "2026-09-09T23:48:40Z"}'

    drained, looks = watched(Aws(metadata.url), later)
    assert drained == [Notice(seconds=120.0, text="spot terminate at 2026-09-09T23:48:40Z")]
    assert looks == 3
    assert metadata.asked.count("PUT /latest/api/token") == 1


def test_a_token_that_ran_out_is_asked_for_again(metadata: Metadata) -> None:
    def later(looks: int) -> None:
        metadata.tokens.clear()
        if looks == 2:
            metadata.notice = '{"action": "stop", "time": "2026-09-09T23:46:50Z"}'

    drained, _ = watched(Aws(metadata.url), later)
    assert [notice.seconds for notice in drained] == [10.0]
    assert metadata.asked.count("PUT /latest/api/token") == 3


def test_a_preemption_of_google_drains_in_half_a_minute(metadata: Metadata) -> None:
    def later(looks: int) -> None:
        metadata.preempted = "TRUE" if looks == 2 else "FALSE"

    assert watched(Gcp(metadata.url), later) == ([Notice(seconds=30.0, text="preempted")], 2)


def test_an_answer_that_fails_now_and_then_is_asked_for_again(
    metadata: Metadata, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = Aws(metadata.url)

    def later(looks: int) -> None:
        metadata.notice = "no json" if looks == 1 else '{"action": "stop", "time": "2026-09-09T23:46:50Z"}'

    drained, looks = watched(cloud, later)
    assert (len(drained), looks) == (1, 2)
    assert "the metadata service gave no answer" in capsys.readouterr().err


@pytest.mark.parametrize("cloud", [Aws, Gcp])
def test_a_machine_of_no_such_cloud_is_told_at_once(cloud: type[Aws] | type[Gcp]) -> None:
    with pytest.raises(UserError, match="no metadata service of this cloud answers here"):
        watched(cloud("http://127.0.0.1:9"), lambda looks: None)


def test_the_command_drains_the_node_that_it_runs_on(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[str, float, str]] = []
    monkeypatch.setitem(notices.CLOUDS, "gcp", lambda: Gcp(metadata.url))
    monkeypatch.setattr(draining, "drain_own_node", lambda *arguments: calls.append(arguments))
    metadata.preempted = "TRUE"
    assert notices.main(["gcp", "--address", "head:6379"]) == 0
    assert calls == [("head:6379", 30.0, "preempted")]
    assert capsys.readouterr().out == "draining this node: preempted\n"
    monkeypatch.setitem(notices.CLOUDS, "aws", lambda: Aws("http://127.0.0.1:9"))
    assert notices.main(["aws"]) == 2
    assert capsys.readouterr().err.startswith("error: no metadata service")
