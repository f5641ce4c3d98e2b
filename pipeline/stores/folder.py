"""Objects as files of a folder, local or on a network file system with hard links."""

from __future__ import annotations

import contextlib
import os
import posixpath
import secrets
import tempfile
from collections.abc import Iterator

from pipeline.errors import StorageError


class FolderStore:
    """See `Store`. A file is written beside its place, synced, then renamed or linked."""

    def read(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def exists(self, path: str) -> bool:
        return os.path.isfile(path)

    def write(self, path: str, data: bytes) -> None:
        with _temporary(path, data) as temporary:
            os.replace(temporary, path)
        _sync_folder(os.path.dirname(path))

    def create(self, path: str, data: bytes) -> bool:
        with _temporary(path, data) as temporary:
            try:
                os.link(temporary, path)
            except FileExistsError:
                # A network file system may lose the reply to a link that it made and refuse the repeat.
                if os.stat(temporary).st_nlink != 2:
                    return False
        _sync_folder(os.path.dirname(path))
        return True

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def paths(self, folder: str) -> Iterator[str]:
        """Files that come and go meanwhile are no error; a folder that cannot be read is."""

        def refuse(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                raise error

        for inner, _, files in os.walk(folder, onerror=refuse):
            yield from (posixpath.join(inner, name) for name in files)

    def folders(self, folder: str) -> list[str]:
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in entries if entry.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def check_writable(self, root: str) -> None:
        """Permissions are not asked but tried: what they say is not the whole truth for root and on read-only mounts.
        A folder that is not there yet is tried in the one that it would be made in."""
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


@contextlib.contextmanager
def _temporary(target: str, data: bytes) -> Iterator[str]:
    """A synced file with `data` beside `target`; removed at the end unless it was renamed."""
    folder, name = os.path.split(target)
    _make_folders(folder)
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


def _make_folders(folder: str) -> None:
    """Make the folder and those above it. A new one is an entry of the one above, which is synced: else a machine that
    loses its power may keep a commit and lose the folder of what it names."""
    if os.path.isdir(folder):
        return
    above = os.path.dirname(folder)
    _make_folders(above)
    with contextlib.suppress(FileExistsError):  # another process was faster, and syncs it, too
        os.mkdir(folder)
    _sync_folder(above)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
