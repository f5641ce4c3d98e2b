"""An object store that speaks S3, in the memory of one process: `python -m deploy.stack.store PORT BUCKET`.

It is moto's server behind a lock. Real stores decide conditional writes atomically; moto looks and then writes, so one
writing request at a time is let through.
"""

from __future__ import annotations

import sys
import threading
import urllib.request
from collections.abc import Iterable
from typing import Any

from deploy.stack.addresses import LOOPBACK


class OneWriter:
    """The WSGI layer in front of an application that lets one writing request through at a time."""

    def __init__(self, app: Any) -> None:
        self._app, self._writing = app, threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        from werkzeug.test import run_wsgi_app

        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        else:
            with self._writing:
                parts, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        start_response(status, list(headers))
        return [b"".join(parts)]


def serve(port: int, bucket: str) -> None:
    """Serve until the process ends."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, as real stores do

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """A line a request would be all that the log has."""

    app = OneWriter(DomainDispatcherApplication(create_backend_app))
    server = make_server(LOOPBACK, port, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urllib.request.urlopen(urllib.request.Request(f"http://{LOOPBACK}:{port}/{bucket}", method="PUT")).close()
    print(f"serving bucket {bucket} at http://{LOOPBACK}:{port}", flush=True)  # noqa: T201
    threading.Event().wait()


def has_bucket(url: str, bucket: str) -> bool:
    """Whether the store answers and has the bucket."""
    return answers(urllib.request.Request(f"{url}/{bucket}", method="HEAD"))


def answers(request: urllib.request.Request | str) -> bool:
    """Whether somebody answers the request, and with success."""
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except OSError:  # of which urllib's own errors are some
        return False
    return True


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
