"""What every store promises, once for each of them, and once more for those whose answers get lost on the way."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from object_server import Place

from pipeline.errors import StorageError
from pipeline.storage import Storage
from pipeline.stores.patience import Patience

# Longer than any run of faults takes; pauses are short.
PATIENCE = Patience(seconds=60.0, first=0.002, longest=0.02, answer=2.0, settle=0.05)
STORES = ["folder", "memory", "s3", "s3 with faults", "gs"]


@pytest.fixture(params=STORES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A new storage that does not exist yet, of each kind."""
    name = secrets.token_hex(4)
    match request.param:
        case "folder":
            return Storage(str(tmp_path / "a b" / "é"))
        case "memory":
            return Storage(f"memory://{name}/s")
    place: Place = request.getfixturevalue("gs" if request.param == "gs" else "s3")
    if request.param == "s3 with faults":
        place.faults.often(seed=7, share=0.3, kinds=("before", "after", "error_after", "cut", "slow_down"))
    return Storage(f"{place.url}/a b/{name}/é", patience=PATIENCE)


def test_what_is_written_is_read(storage: Storage) -> None:
    storage.write("a/b.bin", b"\x00one")
    assert storage.read("a/b.bin") == b"\x00one"
    storage.write("a/b.bin", b"two")
    assert storage.read("a/b.bin") == b"two"
    assert storage.exists("a/b.bin")
    assert not storage.exists("a")
    assert not storage.exists("a/c.bin")


@pytest.mark.parametrize("size", [0, 1, 1_000_003])
def test_objects_are_read_as_long_as_they_were_written(storage: Storage, size: int) -> None:
    data = secrets.token_bytes(size)
    storage.write("data", data)
    assert storage.read("data") == data
    assert storage.create("other", data)
    assert storage.read("other") == data


def test_a_missing_object_is_not_found(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("a/b")
    storage.write("a/b", b"")
    with pytest.raises(FileNotFoundError):
        storage.read("a/c")


def test_many_are_read_in_order(storage: Storage) -> None:
    keys = [f"many/{i}" for i in range(40)]
    for key in keys:
        storage.write(key, key.encode())
    assert list(storage.read_all(reversed(keys))) == [key.encode() for key in reversed(keys)]
    assert next(iter(storage.read_all(keys))) == b"many/0"
    with pytest.raises(FileNotFoundError):
        list(storage.read_all([*keys[:3], "many/x", *keys[3:]]))
    assert list(storage.read_all([])) == []


def test_create_succeeds_once_and_keeps_the_first(storage: Storage) -> None:
    assert storage.create("c/x.json", b"first")
    assert not storage.create("c/x.json", b"second")
    assert not storage.create("c/x.json", b"first"), "not even with the same content"
    assert storage.read("c/x.json") == b"first"
    assert storage.list("c") == ["c/x.json"]


def test_what_was_written_cannot_be_created(storage: Storage) -> None:
    storage.write("a", b"1")
    assert not storage.create("a", b"1")
    storage.delete("a")
    assert storage.create("a", b"2")


def test_of_racing_creates_one_succeeds(storage: Storage) -> None:
    """All of them with the same content, as drivers that commit the same attempt."""
    with ThreadPoolExecutor(6) as pool:
        for key in map(str, range(6)):
            gate = threading.Barrier(6)

            def race(_: int, key: str = key, gate: threading.Barrier = gate) -> bool:
                gate.wait()
                return storage.create(f"c/{key}", b"same")

            assert list(pool.map(race, range(6))).count(True) == 1
    assert storage.list("c") == [f"c/{i}" for i in range(6)]


def test_list_gives_every_key_below_sorted_and_only_those(storage: Storage) -> None:
    for key in ("j/2.json", "j/10.json", "j/deep/1.json", "journal/1.json", "top.json"):
        storage.write(key, b"")
    assert storage.list("j") == ["j/10.json", "j/2.json", "j/deep/1.json"]
    assert storage.list() == ["j/10.json", "j/2.json", "j/deep/1.json", "journal/1.json", "top.json"]
    assert storage.folders() == ["j", "journal"]


def test_a_missing_folder_lists_nothing(storage: Storage) -> None:
    assert storage.list() == []
    assert storage.list("nothing/here") == []
    assert storage.folders() == []
    storage.write("file", b"")
    assert storage.list("file") == []


def test_a_list_shows_every_change_at_once(storage: Storage) -> None:
    keys = [f"k/{i}" for i in range(8)]
    for count, key in enumerate(keys, start=1):
        assert storage.create(key, b"")
        assert storage.list("k") == keys[:count]
    storage.delete(keys[3])
    assert storage.list("k") == keys[:3] + keys[4:]


def test_delete_removes_and_may_be_repeated(storage: Storage) -> None:
    storage.write("a", b"")
    storage.delete("a")
    storage.delete("a")
    assert not storage.exists("a")


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "./a", ".hidden", "a/.b/c", "a\0b", "a\\b"])
def test_a_key_that_could_leave_or_hide_is_refused(storage: Storage, key: str) -> None:
    with pytest.raises(StorageError, match="bad storage key"):
        storage.write(key, b"")
    assert storage.list() == []


def test_check_writable_leaves_nothing_behind(storage: Storage) -> None:
    storage.check_writable()
    assert storage.list() == []


def test_another_process_would_see_the_same(storage: Storage) -> None:
    storage.write("a/b", b"1")
    again = Storage(storage.url, patience=PATIENCE)
    assert again.list() == ["a/b"]
    assert not again.create("a/b", b"2")
    assert again.read("a/b") == b"1"
