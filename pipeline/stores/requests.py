"""The requests that object stores have in common, and what can be wrong with an answer.

A path is `bucket/key`. Each request is sent once; who repeats it, and when that is safe, is decided in
`pipeline.stores.objects` alone. Every put carries a nonce in the object's metadata: it tells whose put made the object.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

NONCE = "dreamsweep-nonce"  # the key among an object's own metadata


class Fault(Enum):
    """What an exception of a store's client means."""

    ABSENT = "absent"  # there is no such object
    THERE = "there"  # a create met an object
    PASSING = "passing"  # throttled, a fault on the way or on the server, no or no whole answer: ask again
    UNCONDITIONAL = "unconditional"  # the store does not know creates
    LASTING = "lasting"  # refused, and would be again


@dataclass(frozen=True)
class Diagnosis:
    """`text` is for people: one line, and for what is lasting, what to do."""

    fault: Fault
    text: str


@dataclass(frozen=True)
class Page:
    """Part of a listing. `following` is the token of the next page, None on the last."""

    paths: list[str]
    folders: list[str]
    following: str | None


class Requests(Protocol):
    """One request a call. Raises whatever the client raises; `diagnose` knows what it means."""

    def get(self, path: str) -> bytes: ...

    def put(self, path: str, data: bytes, nonce: str) -> None: ...

    def put_new(self, path: str, data: bytes, nonce: str) -> None:
        """Put, on the condition that there is no object."""
        ...

    def nonce(self, path: str) -> str:
        """The nonce of the object's put, empty for one without."""
        ...

    def page(self, folder: str, following: str | None, *, deep: bool) -> Page:
        """A page of what is in the folder: with `deep` all objects below it, else its own objects and folders."""
        ...

    def remove(self, path: str) -> None: ...

    def diagnose(self, error: Exception) -> Diagnosis: ...
