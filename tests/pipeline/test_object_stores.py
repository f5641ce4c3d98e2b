"""An object store's requests: which are repeated and for how long, whose object it is after a lost answer, the weaker
rule. On a scripted client, a clock that only sleep moves, and once more on a server whose answers get lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import pytest
from fakes import FakeClock
from object_server import Fault as ServerFault
from object_server import Place

from pipeline.errors import StorageError, StorageUnavailable
from pipeline.storage import Storage
from pipeline.stores.objects import CreateRule, ObjectStore
from pipeline.stores.patience import Patience
from pipeline.stores.requests import Diagnosis, Fault, Page

T = TypeVar("T")

SHORT = Patience(seconds=10.0, first=0.002, longest=0.02, answer=0.5, settle=0.05)


class Trouble(Exception):
    """What the scripted client raises; carries its own diagnosis."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass
class Scripted:
    """Objects in a dict. `trouble(method, count)` says what happens to the count-th request: nothing, a fault, or
    `after`: it is done and its answer lost."""

    trouble: Callable[[str, int], Fault | Literal["after"] | None] = lambda method, count: None
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    conditional: bool = True

    def get(self, path: str) -> bytes:
        return self._ask("get", lambda: self._found(path)[0])

    def put(self, path: str, data: bytes, nonce: str) -> None:
        self._ask("put", lambda: self.objects.update({path: (data, nonce)}))

    def put_new(self, path: str, data: bytes, nonce: str) -> None:
        def create() -> None:
            if path in self.objects and self.conditional:
                raise Trouble(Fault.THERE)
            self.objects[path] = (data, nonce)

        self._ask("put_new", create)

    def nonce(self, path: str) -> str:
        return self._ask("nonce", lambda: self._found(path)[1])

    def page(self, folder: str, following: str | None, *, deep: bool) -> Page:
        start = int(following or 0)
        found = sorted(path for path in self.objects if path.startswith(f"{folder}/"))
        more = str(start + 2) if start + 2 < len(found) else None
        return self._ask("page", lambda: Page(paths=found[start : start + 2], folders=[], following=more))

    def remove(self, path: str) -> None:
        self._ask("remove", lambda: self.objects.pop(path, None))

    def diagnose(self, error: Exception) -> Diagnosis:
        assert isinstance(error, Trouble)
        return Diagnosis(error.fault, error.fault.value)

    def _found(self, path: str) -> tuple[bytes, str]:
        if path not in self.objects:
            raise Trouble(Fault.ABSENT)
        return self.objects[path]

    def _ask(self, method: str, act: Callable[[], T]) -> T:
        self.asked.append(method)
        what = self.trouble(method, len(self.asked))
        if isinstance(what, Fault):
            raise Trouble(what)
        answer = act()
        if what == "after":
            raise Trouble(Fault.PASSING)
        return answer


def make(client: Scripted, rule: CreateRule = "conditional", **patience: float) -> tuple[ObjectStore, FakeClock]:
    clock = FakeClock()
    waits = replace(Patience(), **patience)  # type: ignore[arg-type]
    return ObjectStore(client, "s3://b/x", rule, waits, clock, clock.sleep, lambda: 0.999), clock


def first(*faults: Fault | Literal["after"]) -> Callable[[str, int], Fault | Literal["after"] | None]:
    """These faults for the first requests, none for the rest."""
    return lambda method, count: faults[count - 1] if count <= len(faults) else None


# ---- repeats ---------------------------------------------------------------------------------------------------------


def test_what_may_pass_is_asked_again_and_what_lasts_is_not() -> None:
    client = Scripted(first(Fault.PASSING, Fault.PASSING), {"x/a": (b"1", "")})
    assert make(client)[0].read("x/a") == b"1"
    assert client.asked == ["get"] * 3
    client = Scripted(first(Fault.LASTING), {"x/a": (b"1", "")})
    with pytest.raises(StorageUnavailable, match="storage s3://b/x: lasting"):
        make(client)[0].read("x/a")
    assert client.asked == ["get"]


def test_patience_ends_and_says_so() -> None:
    client = Scripted(lambda method, count: Fault.PASSING)
    store, clock = make(client, seconds=30.0)
    began = clock.now
    with pytest.raises(StorageUnavailable, match=r"s3://b/x gives no answer \(passing\). Asked for 30 seconds"):
        store.write("x/a", b"")
    assert 15.0 < clock.now - began <= 30.0
    assert 5 < len(client.asked) < 15


def test_pauses_double_up_to_the_longest_and_are_drawn_from_the_whole() -> None:
    patience = Patience(seconds=100.0, first=1.0, longest=8.0)
    assert list(itertools.islice(patience.pauses(lambda: 0.0, lambda: 0.5), 6)) == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert list(itertools.islice(patience.pauses(lambda: 0.0, lambda: 0.0), 3)) == [0.0, 0.0, 0.0]


def test_each_page_of_a_listing_is_asked_again_by_itself() -> None:
    objects = {f"x/{i}": (b"", "") for i in range(5)}
    client = Scripted(lambda method, count: Fault.PASSING if count % 2 else None, objects)
    assert list(make(client)[0].paths("x")) == sorted(objects)
    assert len(client.asked) == 6


# ---- whose object it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_create_whose_answer_was_lost_is_still_ours(lost: int) -> None:
    client = Scripted(first(*["after"] * lost))
    store, _ = make(client)
    assert store.create("x/a", b"1")
    assert not store.create("x/a", b"1")


def test_a_create_that_lost_to_another_while_asking_again_is_not_ours() -> None:
    client = Scripted()

    def trouble(method: str, count: int) -> Fault | None:
        if count > 1:
            return None
        client.objects["x/a"] = (b"1", "somebody")
        return Fault.PASSING

    client.trouble = trouble
    assert not make(client)[0].create("x/a", b"1")
    assert client.objects["x/a"] == (b"1", "somebody")


def test_an_object_that_went_meanwhile_is_nobodys() -> None:
    client = Scripted(first(Fault.THERE))
    assert not make(client)[0].create("x/a", b"1")
    assert client.asked == ["put_new", "nonce"]


# ---- stores without conditional writes -------------------------------------------------------------------------------


def test_a_store_that_ignores_conditions_is_refused() -> None:
    client = Scripted(conditional=False)
    with pytest.raises(StorageError, match=r"no conditional writes \(of two creates of one object both succeeded\)"):
        make(client)[0].check_writable("x")
    assert client.objects == {}


def test_a_store_that_does_not_know_conditions_is_refused() -> None:
    client = Scripted(lambda method, count: Fault.UNCONDITIONAL if method == "put_new" else None)
    with pytest.raises(StorageError, match=r"no conditional writes \(unconditional\).*`storage_rule: settle`"):
        make(client)[0].check_writable("x")


def test_with_the_weaker_rule_such_a_store_can_be_used() -> None:
    client = Scripted(lambda method, count: Fault.UNCONDITIONAL if method == "put_new" else None)
    store, clock = make(client, rule="settle", settle=2.0)
    store.check_writable("x")
    began = clock.now
    assert store.create("x/a", b"1")
    assert clock.now - began == 2.0
    assert not store.create("x/a", b"2")
    assert client.objects["x/a"][0] == b"1"


def test_by_the_weaker_rule_the_later_of_two_close_creates_wins() -> None:
    client = Scripted()
    store, _ = make(client, rule="settle")
    other, _ = make(client, rule="settle")
    results: list[bool] = []

    def meanwhile(seconds: float) -> None:
        client.objects.pop("x/a")  # the other has looked before our put, and puts after it
        results.append(other.create("x/a", b"other"))

    store._sleep = meanwhile
    assert not store.create("x/a", b"ours")
    assert results == [True]
    assert client.objects["x/a"][0] == b"other"


# ---- on a server -----------------------------------------------------------------------------------------------------

PASSING_FAULTS: tuple[ServerFault, ...] = ("before", "after", "slow_down", "error_after", "cut", "stall")


@pytest.fixture
def storage(s3: Place) -> Storage:
    return Storage(f"{s3.url}/x", patience=SHORT)


@pytest.fixture
def answers(storage: Storage) -> Iterator[dict[str, Callable[[], object]]]:
    """A call of each kind, by the HTTP method that it begins with, and the answer that it must give."""
    storage.write("w", b"x" * 100)
    yield {
        "PUT": lambda: storage.create("c", b"y" * 100),
        "GET": lambda: storage.read("w") == b"x" * 100,
        "HEAD": lambda: storage.exists("w"),
        "DELETE": lambda: storage.delete("w") is None,
    }


@pytest.mark.parametrize("fault", PASSING_FAULTS)
@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD", "DELETE"])
def test_every_fault_of_every_request_passes(
    s3: Place, answers: dict[str, Callable[[], object]], method: str, fault: ServerFault
) -> None:
    s3.faults.clear()
    s3.faults.once(fault, method)
    assert answers[method]() is True
    assert s3.faults.seen[fault] == 1


@pytest.mark.parametrize("fault", ["after", "error_after", "stall"])
def test_a_lost_answer_to_googles_store_passes_too(gs: Place, fault: ServerFault) -> None:
    storage = Storage(f"{gs.url}/x", patience=replace(SHORT, seconds=30.0))
    gs.faults.once(fault, "POST")
    assert storage.create("a", b"1")
    assert gs.faults.seen[fault] == 1
    assert not storage.create("a", b"1")


def test_a_server_that_drops_metadata_is_found_out_too(s3: Place, storage: Storage) -> None:
    s3.faults.plan = lambda method, path: "gone"
    with pytest.raises(StorageError, match="does not keep the metadata of objects"):
        storage.check_writable()
    assert storage.list() == []


def test_a_server_without_conditions_is_found_out_before_anything_is_written(s3: Place, storage: Storage) -> None:
    s3.faults.plan = lambda method, path: "unconditional"
    with pytest.raises(StorageError, match="of two creates of one object both succeeded"):
        storage.check_writable()
    assert storage.list() == []
    settled = storage.by_rule("settle")
    settled.check_writable()
    assert settled.create("a", b"1")
    assert not settled.create("a", b"1")


@pytest.mark.parametrize("fault", [None, "after", "error_after"])
def test_large_objects_are_created_in_parts_and_once(s3: Place, fault: ServerFault | None) -> None:
    from pipeline.stores.s3 import S3Requests

    part = 5 * 2**20  # the smallest that S3 takes
    store = ObjectStore(S3Requests(5.0, part_bytes=part), s3.url, "conditional", replace(SHORT, seconds=30.0))
    path, data = f"{s3.url.removeprefix('s3://')}/large", bytes(range(256)) * (2 * part // 256) + b"end"
    if fault is not None:
        s3.faults.once(fault, "POST", "?uploadId=")
    assert store.create(path, data)
    assert store.read(path) == data
    assert not store.create(path, data[:-1])
    assert store.read(path) == data
    assert [asked for asked in s3.faults.requests if "partNumber=2" in asked[1]]


def test_large_objects_of_googles_store_are_created_once(gs: Place) -> None:
    from pipeline.stores.gcs import GcsRequests

    store = ObjectStore(GcsRequests(5.0, part_bytes=2**18), gs.url, "conditional", SHORT)
    path, data = "bucket/runs/large", bytes(range(256)) * 2**11 + b"end"
    assert store.create(path, data)
    assert not store.create(path, data[:-1])
    assert store.read(path) == data
    assert [asked for asked in gs.faults.requests if asked[1].startswith("/resumable/")]


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_listings_of_many_pages_are_whole(kind: str, request: pytest.FixtureRequest) -> None:
    from pipeline.stores.gcs import GcsRequests
    from pipeline.stores.s3 import S3Requests

    place: Place = request.getfixturevalue(kind)
    client = S3Requests(5.0, page_size=3) if kind == "s3" else GcsRequests(5.0, page_size=3)
    store = ObjectStore(client, place.url, "conditional", SHORT)
    root = place.url.partition("://")[2]
    paths = [f"{root}/{i % 4}/{i:02}" for i in range(10)]
    for path in paths:
        store.write(path, b"")
    place.faults.requests.clear()
    assert sorted(store.paths(root)) == sorted(paths)
    assert len(place.faults.requests) == 4
    assert sorted(store.folders(root)) == ["0", "1", "2", "3"]
