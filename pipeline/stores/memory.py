"""Objects in this process's memory (fsspec's `memory://`): for tests, with the promises of an object store."""

from __future__ import annotations

import threading

import fsspec

from pipeline.stores.requests import Diagnosis, Fault, Page

_LOCK = threading.Lock()  # one for all: every instance has the same objects
_NONCES: dict[str, str] = {}


class MemoryRequests:
    """See `Requests`."""

    def __init__(self) -> None:
        self._fs = fsspec.filesystem("memory")

    def get(self, path: str) -> bytes:
        data: bytes = self._fs.cat_file(path)
        return data

    def put(self, path: str, data: bytes, nonce: str) -> None:
        with _LOCK:
            self._fs.pipe_file(path, data)
            _NONCES[path] = nonce

    def put_new(self, path: str, data: bytes, nonce: str) -> None:
        with _LOCK:
            self._fs.pipe_file(path, data, mode="create")
            _NONCES[path] = nonce

    def nonce(self, path: str) -> str:
        with _LOCK:
            if not self._fs.isfile(path):
                raise FileNotFoundError(path)
            return _NONCES.get(path, "")

    def page(self, folder: str, following: str | None, *, deep: bool) -> Page:
        inside = folder.rstrip("/") + "/"
        with _LOCK:
            found = sorted(path for path in self._fs.store if path.startswith(inside))
        names = [path.removeprefix(inside) for path in found]
        return Page(
            paths=[path for path, name in zip(found, names, strict=True) if deep or "/" not in name],
            folders=[] if deep else sorted({name.partition("/")[0] for name in names if "/" in name}),
            following=None,
        )

    def remove(self, path: str) -> None:
        with _LOCK:
            self._fs.rm_file(path)
            _NONCES.pop(path, None)

    def diagnose(self, error: Exception) -> Diagnosis:
        kinds: dict[type[Exception], Fault] = {FileNotFoundError: Fault.ABSENT, FileExistsError: Fault.THERE}
        return Diagnosis(kinds.get(type(error), Fault.LASTING), str(error) or type(error).__name__)
