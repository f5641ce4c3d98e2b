"""Objects in an object store: which requests are repeated, and how a create stays one although answers get lost.

A PUT may succeed and its answer be lost; the repeat then meets an object, which may be one's own. So every put carries
a nonce, and a create that is refused looks whose nonce the object has. Contents would not do: two drivers that commit
the same attempt write the same bytes.

A store without conditional writes can be used by the rule `settle`: look, write, wait, and look whose nonce is there.
Of two creates less than the wait apart the later one wins; with a slower connection both may think so. That is enough
for one driver at a time, and for nothing else.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeVar

from pipeline.errors import StorageError, StorageUnavailable
from pipeline.stores.patience import Patience
from pipeline.stores.requests import Fault, Page, Requests

CreateRule = Literal["conditional", "settle"]

_PROBE_SECONDS = 15.0  # a wrong endpoint or no network is said soon
_ADVICE = (
    "Use a store that does, or set `storage_rule: settle` and never let two drivers run this sweep at once "
    "(docs/storage.md)"
)

T = TypeVar("T")


class _There(Exception):
    """A create met an object."""


class _Unconditional(Exception):
    """The store does not know creates."""


class ObjectStore:
    """See `Store`. `url` is what messages call it."""

    def __init__(
        self,
        requests: Requests,
        url: str,
        rule: CreateRule,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._requests, self._url, self._rule, self._patience = requests, url, rule, patience
        self._clock, self._sleep, self._chance = clock, sleep, chance

    def read(self, path: str) -> bytes:
        return self._ask(path, lambda: self._requests.get(path))

    def exists(self, path: str) -> bool:
        return self._nonce(path) is not None

    def write(self, path: str, data: bytes) -> None:
        nonce = secrets.token_hex(16)
        self._ask(path, lambda: self._requests.put(path, data, nonce))

    def create(self, path: str, data: bytes) -> bool:
        try:
            return self._settled(path, data) if self._rule == "settle" else self._created(path, data)
        except _Unconditional as error:
            raise StorageUnavailable(f"storage {self._url} has no conditional writes ({error}). {_ADVICE}") from error

    def delete(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._ask(path, lambda: self._requests.remove(path))

    def paths(self, folder: str) -> Iterator[str]:
        for page in self._pages(folder, deep=True):
            yield from page.paths

    def folders(self, folder: str) -> list[str]:
        return [name for page in self._pages(folder, deep=False) for name in page.folders]

    def check_writable(self, root: str) -> None:
        hasty = self._with(replace(self._patience, seconds=min(self._patience.seconds, _PROBE_SECONDS)))
        probe = f"{root}/probe-{secrets.token_hex(6)}"
        try:
            first, second = hasty.create(probe, b"1"), hasty.create(probe, b"2")
            signed = bool(hasty._nonce(probe))
            hasty.delete(probe)
        except StorageUnavailable as error:
            with contextlib.suppress(StorageUnavailable):  # the first error is the one to tell
                self._with(replace(self._patience, seconds=0.0)).delete(probe)
            raise StorageError(str(error)) from error
        if (first, second) != (True, False):
            found = "of two creates of one object both succeeded" if second else "a create failed without an object"
            raise StorageError(f"storage {self._url} has no conditional writes ({found}). {_ADVICE}")
        if not signed:
            raise StorageError(
                f"storage {self._url} does not keep the metadata of objects, by which it is found out whether a write "
                "happened whose answer was lost. Use a store that does"
            )

    def _with(self, patience: Patience) -> ObjectStore:
        return ObjectStore(self._requests, self._url, self._rule, patience, self._clock, self._sleep, self._chance)

    # ---- creates -----------------------------------------------------------------------------------------------------

    def _created(self, path: str, data: bytes) -> bool:
        nonce = secrets.token_hex(16)
        try:
            self._ask(path, lambda: self._requests.put_new(path, data, nonce))
        except _There:
            # Always asked: clients repeat requests by themselves, so even the first refusal may be of our own object.
            return self._nonce(path) == nonce
        return True

    def _settled(self, path: str, data: bytes) -> bool:
        if self.exists(path):
            return False
        nonce = secrets.token_hex(16)
        self._ask(path, lambda: self._requests.put(path, data, nonce))
        self._sleep(self._patience.settle)
        return self._nonce(path) == nonce

    def _nonce(self, path: str) -> str | None:
        """The nonce of the object, None if there is none."""
        try:
            return self._ask(path, lambda: self._requests.nonce(path))
        except FileNotFoundError:
            return None

    # ---- asking ------------------------------------------------------------------------------------------------------

    def _pages(self, folder: str, *, deep: bool) -> Iterator[Page]:
        following: str | None = None
        while True:
            page = self._ask(folder, lambda token=following: self._requests.page(folder, token, deep=deep))  # type: ignore[misc]
            yield page
            following = page.following
            if following is None:
                return

    def _ask(self, path: str, request: Callable[[], T]) -> T:
        """The answer, asked for again while what is wrong may pass. Raises FileNotFoundError, StorageUnavailable, and
        _There or _Unconditional for a put on a condition."""
        pauses = self._patience.pauses(self._clock, self._chance)
        while True:
            try:
                return request()
            except Exception as error:  # clients raise anything: their own classes, OSErrors, parser errors
                found = self._requests.diagnose(error)
                match found.fault:
                    case Fault.ABSENT:
                        raise FileNotFoundError(f"{path} is not in {self._url}") from error
                    case Fault.THERE:
                        raise _There from error
                    case Fault.UNCONDITIONAL:
                        raise _Unconditional(found.text) from error
                    case Fault.LASTING:
                        raise StorageUnavailable(f"storage {self._url}: {found.text}") from error
                pause = next(pauses, None)
                if pause is None:
                    raise StorageUnavailable(
                        f"storage {self._url} gives no answer ({found.text}). Asked for "
                        f"{self._patience.seconds:.0f} seconds: check the network, the endpoint and the store"
                    ) from error
            self._sleep(pause)
