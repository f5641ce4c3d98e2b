"""Where a sweep lives: a flat space of keys over a folder or an object store.

Keys are relative, with forward slashes; no part of a key begins with a dot, so that temporary and foreign hidden files
are never taken for data. A write is whole or absent: readers never see half an object. `create` is the one primitive
that decides races: of any number of callers with the same key exactly one gets True, for ever.
"""

from __future__ import annotations

import os
import posixpath
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.errors import StorageError
from pipeline.secrets import has_user_info, redact
from pipeline.stores.base import Store
from pipeline.stores.folder import FolderStore
from pipeline.stores.objects import CreateRule, ObjectStore
from pipeline.stores.patience import Patience
from pipeline.stores.requests import Requests

_READERS = 8  # requests of one `read_all` at once
_EXTRAS = {"s3": "s3fs", "gs": "gcsfs"}
_KNOWN = "Known: a folder, s3://bucket/folder, gs://bucket/folder"


class Storage:
    """A key space rooted at `url`, such as `./runs/quickstart` or `s3://bucket/runs/quickstart`.

    A folder's `url` is made absolute, so that it means the same to a process with another current directory. `rule` is
    how an object store without conditional writes is used, see `pipeline.stores.objects`. Pickles; another process
    gets its own connections.

    Every method raises OSError, as StorageUnavailable where an object store does not answer or refuses.
    """

    def __init__(self, url: str, rule: CreateRule = "conditional", patience: Patience | None = None) -> None:
        kind, self.root = parse_url(url)
        self.is_local = kind == "file"
        self.url = self.root if self.is_local else f"{kind}://{self.root.lstrip('/')}"
        self.rule, self._patience = rule, patience or Patience()
        self._store: Store = FolderStore() if self.is_local else self._object_store(kind)

    def __reduce__(self) -> tuple[Any, ...]:
        return Storage, (self.url, self.rule, self._patience)

    def by_rule(self, rule: CreateRule) -> Storage:
        """The same place, used by this rule."""
        return self if rule == self.rule else Storage(self.url, rule, self._patience)

    @property
    def name(self) -> str:
        """The root's own name, which is the sweep's."""
        return posixpath.basename(self.root.rstrip("/"))

    @cached_property
    def fs(self) -> Any:
        """The fsspec file system, for readers that want one, such as Arrow's data sets. Writers use this class."""
        return fsspec.core.url_to_fs(self.url, use_listings_cache=False)[0]

    def path(self, key: str) -> str:
        """The key's full path on `self.fs`. Raises StorageError for a key that would leave the root."""
        if "\0" in key or "\\" in key or any(part == "" or part.startswith(".") for part in key.split("/")):
            raise StorageError(f"bad storage key {key!r}")
        return posixpath.join(self.root, key)

    def check_writable(self) -> None:
        """Raise StorageError unless an object can be created, once, and removed here. Leaves nothing behind."""
        self._store.check_writable(self.root)

    def read(self, key: str) -> bytes:
        """The object's bytes. Raises FileNotFoundError."""
        return self._store.read(self.path(key))

    def read_all(self, keys: Iterable[str]) -> Iterator[bytes]:
        """The objects' bytes, in the order of the keys; several are on their way at once, where that helps.
        Raises FileNotFoundError."""
        if self.is_local:
            yield from map(self.read, keys)
            return
        with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
            waiting: deque[Future[bytes]] = deque()
            try:
                for key in keys:
                    waiting.append(pool.submit(self.read, key))
                    if len(waiting) >= 2 * _READERS:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def exists(self, key: str) -> bool:
        return self._store.exists(self.path(key))

    def write(self, key: str, data: bytes) -> None:
        """Put the object, replacing any before it, atomically."""
        self._store.write(self.path(key), data)

    def create(self, key: str, data: bytes) -> bool:
        """Put the object if there is none. True if this call made it; of racing calls exactly one gets True."""
        return self._store.create(self.path(key), data)

    def folders(self) -> list[str]:
        """The names of the folders right below the root, sorted, hidden ones left out."""
        return sorted(name for name in self._store.folders(self.root) if not name.startswith("."))

    def list(self, prefix: str = "") -> list[str]:
        """All keys below the folder `prefix`, sorted; hidden files and folders are left out. Empty if there is none."""
        start = self.path(prefix) if prefix else self.root
        base = self.root.rstrip("/") + "/"
        keys = (path.removeprefix(base) for path in self._store.paths(start))
        return sorted(key for key in keys if not key.startswith(".") and "/." not in key)

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        self._store.delete(self.path(key))

    def _object_store(self, kind: str) -> ObjectStore:
        try:
            requests = _requests(kind, self._patience)
        except ImportError as error:
            raise StorageError(
                f"storage {self.url}: {_EXTRAS[kind]} is not installed ({error}). Install it: "
                f'pip install "dreamsweep[{kind}]"'
            ) from error
        except Exception as error:  # a client that cannot even be set up: bad configuration, no credentials
            raise StorageError(f"storage {self.url} cannot be opened: {redact(str(error))}") from error
        return ObjectStore(requests, self.url, self.rule, self._patience)


def parse_url(url: str) -> tuple[str, str]:
    """The kind of store, `file`, `s3`, `gs` or `memory`, and the root: an absolute folder, or bucket and folder.

    Raises StorageError, which never repeats a password.
    """
    if has_user_info(url):
        raise StorageError(
            f"storage {redact(url)!r}: keys and passwords do not belong in a URL, which is kept with the results. Set "
            "them in the environment"
        )
    if not url.strip() or "\0" in url:
        raise StorageError(f"storage {url!r}: must be a folder or a URL")
    if "::" in url:
        raise StorageError(f"storage {url!r}: chained URLs (::) cannot be written safely")
    kind, separator, rest = url.partition("://")
    if not separator or kind in {"file", "local"}:
        return "file", os.path.abspath(LocalFileSystem._strip_protocol(url))
    kind = {"gcs": "gs", "s3a": "s3"}.get(kind, kind)
    root = rest.strip("/")
    if kind == "memory":
        return kind, f"/{root}"
    if kind not in _EXTRAS:
        raise StorageError(f"storage {redact(url)!r}: unknown kind of storage {kind}://. {_KNOWN}")
    if any(part in {"", ".", ".."} for part in root.split("/")) or any(c in root for c in "?#\\"):
        raise StorageError(f"storage {redact(url)!r}: must be {kind}://bucket/folder, without `..`, `?` and `#`")
    return kind, root


def _requests(kind: str, patience: Patience) -> Requests:
    if kind == "s3":
        from pipeline.stores.s3 import S3Requests

        return S3Requests(patience.answer)
    if kind == "gs":
        from pipeline.stores.gcs import GcsRequests

        return GcsRequests(patience.answer)
    from pipeline.stores.memory import MemoryRequests

    return MemoryRequests()
