"""Where a sweep lives: a flat space of keys over a folder or an object store (fsspec).

Keys are relative, with forward slashes; no part of a key begins with a dot, so that temporary and foreign hidden files
are never taken for data. A write is whole or absent: readers never see half an object. `create` is the one primitive
that decides races: of any number of callers with the same key exactly one gets True, for ever.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import secrets
import tempfile
from collections.abc import Iterator

import fsspec.core
from fsspec.implementations.local import LocalFileSystem

from pipeline.errors import StorageError


class Storage:
    """A key space rooted at `url`, such as `./runs/quickstart` or `s3://bucket/runs/quickstart`.

    A folder's `url` is made absolute, so that it means the same to a process with another current directory.
    """

    def __init__(self, url: str) -> None:
        if not url.strip() or "\0" in url:
            raise StorageError(f"storage {url!r}: must be a folder or a URL")
        if "::" in url:
            raise StorageError(f"storage {url!r}: chained URLs (::) cannot be written safely")
        try:
            # Listings must be fresh: other processes write here.
            self.fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise StorageError(f"storage {url!r} cannot be opened: {error}") from error
        self.is_local = isinstance(self.fs, LocalFileSystem)
        self.root: str = os.path.abspath(root) if self.is_local else root.rstrip("/")
        self.url = self.root if self.is_local else url

    def path(self, key: str) -> str:
        """The key's full path on `self.fs`. Raises StorageError for a key that would leave the root."""
        if "\0" in key or "\\" in key or any(part == "" or part.startswith(".") for part in key.split("/")):
            raise StorageError(f"bad storage key {key!r}")
        return posixpath.join(self.root, key)

    def check_writable(self) -> None:
        """Raise StorageError unless an object can be created and removed here. Leaves nothing behind."""
        try:
            if self.is_local:
                _probe_folder(self.root)
            else:
                probe = self.path(f"probe-{secrets.token_hex(6)}")
                self.fs.pipe_file(probe, b"")
                self.fs.rm_file(probe)
        except StorageError:
            raise
        except Exception as error:  # an object store raises its client's own classes
            text = str(error) or type(error).__name__
            raise StorageError(f"storage {self.url} is not writable: {text}. Choose another storage") from error

    def read(self, key: str) -> bytes:
        """The object's bytes. Raises FileNotFoundError."""
        data: bytes = self.fs.cat_file(self.path(key))
        return data

    def exists(self, key: str) -> bool:
        return bool(self.fs.isfile(self.path(key)))

    def write(self, key: str, data: bytes) -> None:
        """Put the object, replacing any before it, atomically."""
        target = self.path(key)
        if not self.is_local:
            self.fs.pipe_file(target, data)
            return
        with _temporary(target, data) as temporary:
            os.replace(temporary, target)
        _sync_folder(os.path.dirname(target))

    def create(self, key: str, data: bytes) -> bool:
        """Put the object if there is none. True if this call made it; of racing calls exactly one gets True."""
        target = self.path(key)
        if not self.is_local:
            try:
                self.fs.pipe_file(target, data, mode="create")
            except FileExistsError:
                return False
            return True
        with _temporary(target, data) as temporary:
            try:
                os.link(temporary, target)
            except FileExistsError:
                # A network file system may lose the reply to a link that it made and refuse the repeat.
                if os.stat(temporary).st_nlink != 2:
                    return False
        _sync_folder(os.path.dirname(target))
        return True

    def list(self, prefix: str = "") -> list[str]:
        """All keys below the folder `prefix`, sorted; hidden files and folders are left out. Empty if there is none."""
        start = self.path(prefix) if prefix else self.root
        base = self.root.rstrip("/") + "/"
        paths = _walk(start) if self.is_local else self._find(start)
        keys = (path.removeprefix(base) for path in paths)
        return sorted(key for key in keys if not any(part.startswith(".") for part in key.split("/")))

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.fs.rm_file(self.path(key))

    def _find(self, start: str) -> Iterator[str]:
        if self.fs.isdir(start):
            yield from self.fs.find(start)


def _walk(start: str) -> Iterator[str]:
    """The files below the folder. Files that come and go meanwhile are no error; a folder that cannot be read is."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise error

    for folder, _, files in os.walk(start, onerror=refuse):
        yield from (posixpath.join(folder, name) for name in files)


@contextlib.contextmanager
def _temporary(target: str, data: bytes) -> Iterator[str]:
    """A synced file with `data` beside `target`; removed at the end unless it was renamed."""
    folder, name = os.path.split(target)
    os.makedirs(folder, exist_ok=True)
    temporary = f"{folder}/.{name}.{secrets.token_hex(6)}"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _probe_folder(root: str) -> None:
    """Raise StorageError unless files can be made and linked in `root`, or in the folder that it would be made in.

    Permissions are not asked but tried: what they say is not the whole truth for root and on read-only mounts.
    """
    folder = root
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        raise StorageError(f"storage {root} is not writable: {folder} is no folder. Choose another storage")
    try:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=folder) as probe:
            first = os.path.join(probe, "a")
            with open(first, "xb"):
                pass
            os.link(first, os.path.join(probe, "b"))  # `create` needs hard links
    except OSError as error:
        raise StorageError(
            f"storage {root} is not writable ({folder}: {error.strerror}). Choose another storage"
        ) from error


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
