"""The store of a simulated cluster: objects in one dictionary, and each process's own faulty way to them.

The product's `ObjectStore` and `Storage` are used as they are; only the requests below them are played. A request takes
simulated time, so that others come between any two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from chaos.faults import Weather
from chaos.simulation import Death, Process, Simulation

from pipeline.storage import Storage
from pipeline.stores.objects import ObjectStore
from pipeline.stores.patience import Patience
from pipeline.stores.requests import Diagnosis, Fault, Page

T = TypeVar("T")
Created = Callable[[str], None]

ROOT = "/sweep"
PATIENCE = Patience(seconds=20.0)


@dataclass(eq=False)
class Disk:
    """Every object by its path, with the nonce of its put. `away_until` and `full_until` are times without answers and
    without room."""

    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    away_until: float = 0.0
    full_until: float = 0.0

    def contents(self) -> dict[str, bytes]:
        """The sweep's objects by key."""
        return {path.removeprefix(f"{ROOT}/"): data for path, (data, _) in self.objects.items()}


class _Passing(Exception):
    pass


class _Full(Exception):
    pass


class DiskRequests:
    """See `Requests`: one process's connection, struck by faults of `weather`. `role` is `driver` or `worker`;
    `created` hears of every object that is created, by key."""

    def __init__(
        self, disk: Disk, simulation: Simulation, process: Process, weather: Weather, role: str, created: Created
    ) -> None:
        self._disk, self._simulation, self._process = disk, simulation, process
        self._weather, self._role, self._created = weather, role, created

    def get(self, path: str) -> bytes:
        return self._ask(lambda: self._object(path)[0], path)

    def put(self, path: str, data: bytes, nonce: str) -> None:
        def act() -> None:
            self._disk.objects[path] = (data, nonce)

        self._change(act, path, data)

    def put_new(self, path: str, data: bytes, nonce: str) -> None:
        def act() -> None:
            if path in self._disk.objects:
                raise FileExistsError(path)
            self._disk.objects[path] = (data, nonce)
            self._created(path.removeprefix(f"{ROOT}/"))

        self._change(act, path, data)

    def nonce(self, path: str) -> str:
        return self._ask(lambda: self._object(path)[1], path)

    def page(self, folder: str, following: str | None, *, deep: bool) -> Page:
        inside = folder.rstrip("/") + "/"

        def act() -> Page:
            paths = sorted(path for path in self._disk.objects if path.startswith(inside))
            paths = [path for path in paths if deep or "/" not in path.removeprefix(inside)]
            return Page(paths=paths, folders=[], following=None)

        return self._ask(act, folder)

    def remove(self, path: str) -> None:
        self._change(lambda: self._disk.objects.pop(path, None), path, b"")

    def diagnose(self, error: Exception) -> Diagnosis:
        faults = {FileNotFoundError: Fault.ABSENT, FileExistsError: Fault.THERE, _Passing: Fault.PASSING}
        return Diagnosis(faults.get(type(error), Fault.LASTING), str(error) or type(error).__name__)

    def _object(self, path: str) -> tuple[bytes, str]:
        if path not in self._disk.objects:
            raise FileNotFoundError(path)
        return self._disk.objects[path]

    def _change(self, act: Callable[[], object], path: str, data: bytes) -> None:
        self._wait(path)
        if self._weather.strikes("killed before a write", path):
            self._die()
        if data and self._weather.strikes("killed in a write", path):
            self._tear(path, data)
            self._die()
        if data and self._simulation.now < self._disk.full_until:
            raise _Full("no space left")
        self._answer(act, path)
        if self._weather.strikes("killed after a write", path):
            self._die()

    def _tear(self, path: str, data: bytes) -> None:
        """What a file system leaves of a write that was cut off: a hidden file; and since workers may have any file
        system below their attempts, there even a torn object."""
        folder, _, name = path.rpartition("/")
        half = data[: len(data) // 2]
        hidden = self._role == "driver" or not path.startswith(f"{ROOT}/attempts/") or path in self._disk.objects
        self._disk.objects[f"{folder}/.{name}.tmp" if hidden else path] = (half, "torn")

    def _ask(self, act: Callable[[], T], path: str) -> T:
        self._wait(path)
        return self._answer(act, path)

    def _answer(self, act: Callable[[], T], path: str) -> T:
        if self._simulation.now < self._disk.away_until:
            raise _Passing("no route to the store")
        if self._weather.strikes("request refused", path):
            raise _Passing("503 slow down")
        if self._weather.strikes("request timed out", path):
            self._simulation.sleep(PATIENCE.answer)
            raise _Passing("timed out")
        answer = act()
        if self._weather.strikes("answer lost", path):
            raise _Passing("connection reset")
        return answer

    def _wait(self, path: str) -> None:
        """The request is on its way; now and then its process is paused just then."""
        if self._weather.strikes(f"{self._role} paused at a request", path):
            self._simulation.pause(self._process, self._weather.dice.uniform(20.0, 200.0))
        self._simulation.sleep(self._weather.dice.uniform(0.001, 0.02))

    def _die(self) -> None:
        self._simulation.kill(self._process)
        raise Death


class DiskStorage(Storage):
    """The product's storage over a process's connection."""

    def __init__(
        self, disk: Disk, simulation: Simulation, process: Process, weather: Weather, role: str, created: Created
    ) -> None:
        super().__init__(f"memory:/{ROOT}")
        requests = DiskRequests(disk, simulation, process, weather, role, created)
        self.is_local = True  # `read_all` must not start threads that the simulation does not know
        self._store = ObjectStore(
            requests,
            self.url,
            "conditional",
            PATIENCE,
            clock=lambda: simulation.now,
            sleep=simulation.sleep,
            chance=weather.dice.random,
        )
