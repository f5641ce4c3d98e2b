"""Storage: whole objects, one winner, nothing left behind, the same over a folder and over an object store."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import StorageError, UserError
from pipeline.storage import Storage


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A new storage that does not exist yet, of either kind."""
    return Storage(str(tmp_path / "a b" / "é") if request.param == "folder" else f"memory://{secrets.token_hex(8)}/s")


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_is_written_is_read(storage: Storage) -> None:
    storage.write("a/b.bin", b"\x00one")
    assert storage.read("a/b.bin") == b"\x00one"
    storage.write("a/b.bin", b"two")
    assert storage.read("a/b.bin") == b"two"
    assert storage.exists("a/b.bin")
    assert not storage.exists("a")
    assert not storage.exists("a/c.bin")


def test_a_missing_object_is_not_found(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read("a/b")


def test_create_succeeds_once_and_keeps_the_first(storage: Storage) -> None:
    assert storage.create("c/x.json", b"first")
    assert not storage.create("c/x.json", b"second")
    assert storage.read("c/x.json") == b"first"
    assert storage.list("c") == ["c/x.json"]


def test_list_gives_every_key_below_sorted_and_only_those(storage: Storage) -> None:
    for key in ("j/2.json", "j/10.json", "j/deep/1.json", "journal/1.json", "top.json"):
        storage.write(key, b"")
    assert storage.list("j") == ["j/10.json", "j/2.json", "j/deep/1.json"]
    assert storage.list() == ["j/10.json", "j/2.json", "j/deep/1.json", "journal/1.json", "top.json"]


def test_a_missing_folder_lists_nothing(storage: Storage) -> None:
    assert storage.list() == []
    assert storage.list("nothing/here") == []
    storage.write("file", b"")
    assert storage.list("file") == []


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


def test_check_writable_leaves_nothing_behind(storage: Storage, tmp_path: Path) -> None:
    storage.check_writable()
    assert storage.list() == []
    assert _names(tmp_path) == []


def test_hidden_files_and_folders_are_no_keys(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write("j/1.json", b"")
    (tmp_path / "j" / ".1.json.abc").write_bytes(b"")
    (tmp_path / "j" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "j" / ".ipynb_checkpoints" / "1.json").write_bytes(b"")
    assert storage.list("j") == storage.list() == ["j/1.json"]


def test_a_hidden_folder_above_the_storage_hides_nothing(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / ".cache" / "runs"))
    storage.write("a", b"")
    assert storage.list() == ["a"]


def test_writes_leave_no_temporary_files(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a", b"1")
    storage.create("b", b"1")
    storage.create("b", b"2")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        storage.write("folder", b"an object cannot replace a folder")
    assert _names(tmp_path) == ["a", "b", "folder"]


def test_of_racing_threads_one_creates(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        for key in map(str, range(20)):
            won = list(pool.map(lambda i, key=key: storage.create(key, b"%d" % i), range(8)))
            assert won.count(True) == 1
            assert storage.read(key) == b"%d" % won.index(True)


RACER = """
import sys
from pipeline.storage import Storage
storage = Storage(sys.argv[1])
sys.stdin.readline()
print(",".join(str(i) for i in range(100) if storage.create(f"c/{i}", sys.argv[2].encode())))
"""


def test_of_racing_processes_one_creates(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACER, str(tmp_path)]
    pipe = subprocess.PIPE
    racers = [subprocess.Popen([*command, str(n)], stdin=pipe, stdout=pipe, text=True) for n in range(3)]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    won = [[int(i) for i in racer.communicate(timeout=60)[0].strip().split(",") if i] for racer in racers]
    assert sorted(i for keys in won for i in keys) == list(range(100))
    storage = Storage(str(tmp_path))
    for name, keys in enumerate(won):
        assert all(storage.read(f"c/{i}") == b"%d" % name for i in keys)


def test_readers_never_see_half_an_object_nor_an_error_while_others_write(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    sizes = (1, 300_000)
    storage.write("j/x", b"x" * sizes[0])

    def write(_: int) -> None:
        for i in range(20):
            storage.write("j/x", b"x" * sizes[i % 2])

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(write, i) for i in range(2)]
        while not all(future.done() for future in running):
            assert len(storage.read("j/x")) in sizes
            assert storage.list("j") == ["j/x"]
        for future in running:
            future.result()


def test_a_link_whose_reply_was_lost_is_still_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def link(source: str, target: str) -> None:
        real(source, target)
        raise FileExistsError(target)

    monkeypatch.setattr(os, "link", link)
    storage = Storage(str(tmp_path))
    assert storage.create("a", b"1")
    assert not storage.create("a", b"2")
    assert storage.read("a") == b"1"


def test_a_folder_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("runs/x", "./runs/../runs/x/", f"file://{tmp_path}/runs/x"):
        assert Storage(url).url == str(tmp_path / "runs" / "x")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Storage("~/runs/x").root == str(tmp_path / "runs" / "x")


@pytest.mark.parametrize("place", ["file", "file/below/it", "dangling", "dangling/below"])
def test_a_file_where_the_folder_should_be_is_told_at_once(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match=r"is not writable: .* is no folder. Choose another storage"):
        Storage(str(tmp_path / place)).check_writable()
    assert _names(tmp_path) == ["dangling", "file"]


def test_an_unwritable_folder_is_told_even_to_root() -> None:
    with pytest.raises(StorageError, match=r"is not writable \(/"):
        Storage("/proc/dreamsweep/runs").check_writable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_forbidden_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"):
        Storage(str(tmp_path / "runs")).check_writable()
    tmp_path.chmod(0o700)


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(StorageError, match="Operation not permitted"):
        Storage(str(tmp_path)).check_writable()
    assert _names(tmp_path) == []


def test_an_object_store_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage("memory://bucket/runs")

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("access denied")

    monkeypatch.setattr(storage.fs, "pipe_file", refuse)
    with pytest.raises(StorageError, match="memory://bucket/runs is not writable: access denied"):
        storage.check_writable()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("foo://bucket/x", "storage 'foo://bucket/x' cannot be opened: Protocol not known: foo"),
        ("", "must be a folder or a URL"),
        ("  ", "must be a folder or a URL"),
        ("a\0b", "must be a folder or a URL"),
        ("simplecache::s3://b/x", "chained URLs"),
    ],
)
def test_a_url_that_means_nothing_is_a_user_error(url: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        Storage(url)
    assert message in str(caught.value)


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a/b", b"")

    def scandir(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        storage.list()
