"""Storage: what its URLs mean, and what is special about folders. What all stores promise: contracts/test_stores.py."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gcs_app import gcs_environment

from pipeline.errors import StorageError, UserError
from pipeline.storage import Storage


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


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


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("foo://bucket/x", "storage 'foo://bucket/x': unknown kind of storage foo://. Known: a folder, s3://bucket"),
        ("https://host/x", "unknown kind of storage https://"),
        ("s3://", "must be s3://bucket/folder"),
        ("s3://bucket//x", "must be s3://bucket/folder"),
        ("s3://bucket/../other", "must be s3://bucket/folder, without `..`, `?` and `#`"),
        ("gs://bucket/x?generation=1", "must be gs://bucket/folder"),
        ("s3://AKIDKEY:topsecret@bucket/x", "storage 's3://***@bucket/x': keys and passwords do not belong in a URL"),
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
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("s3://bucket/runs/x/", "s3://bucket/runs/x"),
        ("s3a://bucket/x", "s3://bucket/x"),
        ("gcs://bucket/x", "gs://bucket/x"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("memory://bucket/x", "memory://bucket/x"),
    ],
)
def test_the_url_of_an_object_store_has_one_form(url: str, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in gcs_environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    storage = Storage(url)
    assert storage.url == Storage(storage.url).url == known
    assert not storage.is_local


def test_a_client_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pipeline.stores.s3", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(StorageError, match=r's3fs is not installed .*pip install "dreamsweep\[s3\]"'):
        Storage("s3://bucket/x")


def test_a_storage_is_the_same_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sent = [Storage("runs/x"), Storage("memory://b/x", "settle")]
    texts = [pickle.dumps(storage) for storage in sent]
    monkeypatch.chdir("/")
    got = [pickle.loads(text) for text in texts]  # noqa: S301  how Ray sends it
    assert [(storage.url, storage.rule) for storage in got] == [(storage.url, storage.rule) for storage in sent]
    assert got[0].root == str(tmp_path / "runs" / "x")


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path))
    storage.write("a/b", b"")

    def scandir(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        storage.list()
