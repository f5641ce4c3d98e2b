"""What a key space asks of the place that holds its objects. Paths are full: root and key in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Store(Protocol):
    """Whole objects: a reader sees one as somebody wrote it, or none. What is written or deleted is seen by every later
    call, listings included. Raises OSError, as StorageUnavailable where the store is not on this machine."""

    def read(self, path: str) -> bytes:
        """The object's bytes. Raises FileNotFoundError."""
        ...

    def exists(self, path: str) -> bool: ...

    def write(self, path: str, data: bytes) -> None:
        """Put the object, replacing any before it."""
        ...

    def create(self, path: str, data: bytes) -> bool:
        """Put the object if there is none. Of any number of calls exactly one gets True, also if its answer was lost
        on the way and it had to ask again."""
        ...

    def delete(self, path: str) -> None:
        """Remove the object if it is there."""
        ...

    def paths(self, folder: str) -> Iterable[str]:
        """The paths of all objects below the folder, in any order; none if there is no such folder."""
        ...

    def folders(self, folder: str) -> Iterable[str]:
        """The names of the folders in this folder."""
        ...

    def check_writable(self, root: str) -> None:
        """Raise StorageError, with what to do, unless objects can be created, once, and removed. Leaves nothing."""
        ...
