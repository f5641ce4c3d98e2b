"""Object stores on loopback that can be made to fail: any WSGI application behind a layer that injects faults.

A fault is decided for each request by `Faults.plan`. The layer also lets one writing request through at a time: real
stores decide conditional writes atomically, and the applications behind it do not.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

Fault = Literal["", "before", "after", "slow_down", "error_after", "cut", "stall", "denied", "unconditional", "gone"]
Plan = Callable[[str, str], Fault]  # method and path

_ERRORS: dict[str, tuple[str, str]] = {
    "slow_down": ("503 Slow Down", "SlowDown"),
    "error_after": ("500 Internal Server Error", "InternalError"),
    "denied": ("403 Forbidden", "AccessDenied"),
}


def healthy(method: str, path: str) -> Fault:
    return ""


@dataclass
class Faults:
    """`plan` chooses a fault for each request:

    before       the connection is closed, nothing has happened
    after        it has happened, and the connection is closed without an answer
    slow_down    503, nothing has happened
    error_after  it has happened, and the answer is 500
    cut          the answer ends in its middle
    stall        it has happened, and no answer comes for `stall_seconds`
    denied       403, nothing has happened
    unconditional  what was asked is done without its conditions, as some stores do
    gone         what was asked is done, but a put's own metadata is lost
    """

    plan: Plan = healthy
    stall_seconds: float = 5.0
    seen: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def once(self, fault: Fault, method: str, part: str = "") -> None:
        """The first request with this method whose path has `part` meets the fault; all others are served."""
        left = [fault]

        def plan(asked: str, path: str) -> Fault:
            return left.pop() if left and asked == method and part in path else ""

        self.plan = plan

    def often(self, seed: int, share: float, kinds: tuple[Fault, ...]) -> None:
        """A share of all requests meets one of these, but never more than four in a row."""
        chance, row, lock = random.Random(seed), [0], threading.Lock()

        def plan(method: str, path: str) -> Fault:
            with lock:
                hit = chance.random() < share and row[0] < 4
                row[0] = row[0] + 1 if hit else 0
                return chance.choice(kinds) if hit else ""

        self.plan = plan

    def clear(self) -> None:
        self.plan = healthy
        self.seen.clear()
        self.requests.clear()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder of a new bucket, and the faults of its server."""

    url: str
    faults: Faults


class Faulty:
    """The WSGI layer."""

    def __init__(self, app: Any, faults: Faults) -> None:
        self._app, self._faults = app, faults
        self._writing = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        faults, method = self._faults, environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"] + ("?" + environ["QUERY_STRING"] if environ["QUERY_STRING"] else "")
        fault = faults.plan(method, path)
        faults.requests.append((method, path))
        faults.seen[fault] += 1
        if fault in ("before", "slow_down", "denied"):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return (
                self._hang_up(environ, start_response)
                if fault == "before"
                else self._error(fault, method, start_response)
            )
        if fault == "unconditional":
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if fault == "gone":
            for name in [name for name in environ if name.startswith("HTTP_X_AMZ_META_")]:
                del environ[name]
        status, headers, body = self._serve(environ, method)
        match fault:
            case "after":
                return self._hang_up(environ, start_response)
            case "stall":
                faults.closing.wait(faults.stall_seconds)
                return self._hang_up(environ, start_response)
            case "error_after":
                return self._error(fault, method, start_response)
            case "cut" if len(body) > 1:
                start_response(status, headers)
                return self._cut(environ, body)
        start_response(status, headers)
        return [body]

    def _serve(self, environ: dict[str, Any], method: str) -> tuple[str, list[tuple[str, str]], bytes]:
        with self._writing if method in ("PUT", "POST", "DELETE") else contextlib.nullcontext():
            parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)
            return status, list(headers), b"".join(parts)

    def _cut(self, environ: dict[str, Any], body: bytes) -> Iterator[bytes]:
        yield body[: len(body) // 2]
        _shut(environ)

    @staticmethod
    def _hang_up(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        _shut(environ)
        start_response("200 OK", [("Content-Length", "0")])  # nobody reads it
        return [b""]

    @staticmethod
    def _error(fault: str, method: str, start_response: Any) -> list[bytes]:
        status, code = _ERRORS[fault]
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as told</Message></Error>"
        body = b"" if method == "HEAD" else text.encode()
        start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


def _shut(environ: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the client may have gone first
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as real stores do

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def serve(app: Any, faults: Faults) -> Iterator[str]:
    """The application on a free port of 127.0.0.1; its URL."""
    server = make_server("127.0.0.1", 0, Faulty(app, faults), threaded=True, request_handler=_Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        faults.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def s3_app() -> Any:
    """A server that speaks S3, its objects in memory."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def s3_environment(url: str) -> dict[str, str]:
    """What a client of the server needs in its environment."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDFORTESTSONLY0001",
        "AWS_SECRET_ACCESS_KEY": "secret-for-tests-only-0123456789abcdef",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def make_bucket(url: str, name: str) -> None:
    """Create the bucket on the S3 server at the URL."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")) as answer:
        assert answer.status == 200
