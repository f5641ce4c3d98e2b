"""The part of Google Cloud Storage's JSON API that gcsfs uses to read, write, list and delete objects, in memory:
uploads in one request or in resumable parts, `ifGenerationMatch`, metadata, pages and delimiters. A WSGI application.
"""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response


@dataclass
class _Object:
    data: bytes
    metadata: dict[str, str]
    generation: int


@dataclass
class GcsApp:
    """`buckets` has the objects by name. A request for another bucket is answered 404."""

    buckets: dict[str, dict[str, _Object]] = field(default_factory=dict)
    uploads: dict[str, tuple[str, str, dict[str, str], bool, bytearray]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        with self.lock:
            response = self._answer(request)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.environ.get("RAW_URI", request.path).partition("?")[0]
        if path.startswith("http"):
            path = "/" + path.split("/", 3)[3]
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[:1] == ["resumable"]:
            return self._part(request, parts[1])
        uploading = parts[:1] == ["upload"]
        parts = parts[1:] if uploading else parts
        assert parts[:3] == ["storage", "v1", "b"], path
        bucket = self.buckets.get(parts[3])
        if bucket is None:
            return _error(404, "The specified bucket does not exist.")
        if uploading:
            return self._upload(request, parts[3])
        return self._page(request, bucket) if len(parts) == 5 else self._object(request, bucket, parts[5])

    def _object(self, request: Request, bucket: dict[str, _Object], name: str) -> Response:
        if name not in bucket:
            return _error(404, f"No such object: {name}")
        if request.method == "DELETE":
            del bucket[name]
            return Response(status=204)
        if request.args.get("alt") == "media":
            return Response(bucket[name].data, mimetype="application/octet-stream")
        return _json(_resource(name, bucket[name]))

    def _upload(self, request: Request, bucket: str) -> Response:
        create = request.args.get("ifGenerationMatch") == "0"
        if request.args["uploadType"] == "resumable":
            token = str(next(self.numbers))
            name = request.args["name"]
            self.uploads[token] = (bucket, name, request.get_json().get("metadata", {}), create, bytearray())
            return Response(headers={"Location": f"{request.host_url}resumable/{token}"})
        boundary = request.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
        _, about, content, _ = request.get_data().split(b"--" + boundary, 3)
        told = json.loads(about.split(b"\n\n", 1)[1])
        data = content.split(b"\n\n", 1)[1].removesuffix(b"\n")
        return self._store(bucket, told["name"], data, told.get("metadata", {}), create)

    def _part(self, request: Request, token: str) -> Response:
        if request.method == "DELETE":
            self.uploads.pop(token, None)
            return Response(status=499)
        bucket, name, metadata, create, data = self.uploads[token]
        span, _, total = request.headers["Content-Range"].removeprefix("bytes ").partition("/")
        start = int(span.partition("-")[0])
        data[start:] = request.get_data()
        if len(data) < int(total):
            return Response(status=308, headers={"Range": f"bytes=0-{len(data) - 1}"})
        return self._store(bucket, name, bytes(data), metadata, create)

    def _store(self, bucket: str, name: str, data: bytes, metadata: dict[str, str], create: bool) -> Response:
        if create and name in self.buckets[bucket]:
            return _error(412, "At least one of the pre-conditions you specified did not hold.")
        self.buckets[bucket][name] = _Object(data, dict(metadata), next(self.numbers))
        return _json(_resource(name, self.buckets[bucket][name]))

    def _page(self, request: Request, bucket: dict[str, _Object]) -> Response:
        prefix, delimiter = request.args.get("prefix", ""), request.args.get("delimiter")
        entries: dict[str, bool] = {}  # names, and folders as True
        for name in sorted(bucket):
            if name.startswith(prefix):
                head, cut, _ = name.removeprefix(prefix).partition(delimiter) if delimiter else (name, "", "")
                entries[prefix + head + cut if cut else name] = bool(cut)
        start, count = int(request.args.get("pageToken", 0)), int(request.args["maxResults"])
        chosen = list(entries.items())[start : start + count]
        answer: dict[str, Any] = {
            "items": [_resource(name, bucket[name]) for name, is_folder in chosen if not is_folder],
            "prefixes": [name for name, is_folder in chosen if is_folder],
        }
        if start + count < len(entries):
            answer["nextPageToken"] = str(start + count)
        return _json(answer)


def gcs_environment(url: str) -> dict[str, str]:
    """What a client of the server needs in its environment; it has no credentials."""
    return {"STORAGE_EMULATOR_HOST": url, "NO_GCE_CHECK": "true", "GOOGLE_CLOUD_PROJECT": "tests"}


def _resource(name: str, found: _Object) -> dict[str, Any]:
    return {
        "name": name,
        "size": str(len(found.data)),
        "metadata": found.metadata,
        "generation": str(found.generation),
    }


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), mimetype="application/json")


def _error(status: int, message: str) -> Response:
    return Response(json.dumps({"error": {"code": status, "message": message}}), status, mimetype="application/json")
