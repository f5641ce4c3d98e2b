import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dreamcore.objects.emoji import FILL, captions, fetch, name_of, read

HAMBURGER, DOG, ARROW = "1f354", "1f436", "2b06"


def _png(colour: tuple[int, int, int, int], side: int = 64) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (side, side), colour).save(file, "PNG")
    return file.getvalue()


def _archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return path


def test_pictures_of_things_are_read_with_their_names(tmp_path: Path) -> None:
    archive = _archive(
        tmp_path / "a.tgz",
        {
            f"img/google/64/{HAMBURGER}.png": _png((200, 100, 0, 255)),
            f"img/google/64/{DOG}-fe0f.png": _png((200, 100, 50, 128)),
            f"img/google/64/{ARROW}.png": _png((0, 0, 0, 255)),
            "img/google/64/1f468-200d-1f469.png": _png((0, 0, 0, 255)),
            "img/google/sheets/32.png": _png((0, 0, 0, 255)),
            "package.json": b"{}",
        },
    )
    emoji = read(archive, 32)
    assert emoji.names == ("dog face", "hamburger")
    assert emoji.images.shape == (2, 32, 32, 4)
    assert emoji.images[1, 16, 16].tolist() == [200, 100, 0, 255]
    # half covered: colour times coverage
    assert np.abs(emoji.images[0, 16, 16].astype(int) - [100, 50, 25, 128]).max() <= 1
    # framed by nothing
    covered = (emoji.images[1, ..., 3] > 0).sum(0)
    assert covered.max() == round(FILL * 32)
    assert not emoji.images[:, 0].any() and not emoji.images[:, :, -1].any()


def test_an_archive_without_pictures_is_refused(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "a.tgz", {"package.json": b"{}"})
    with pytest.raises(ValueError, match="a.tgz: has no picture that is called after a code point"):
        read(archive, 32)


def test_signs_have_no_name() -> None:
    assert [name_of(code) for code in (HAMBURGER, DOG, ARROW, "0041", "e000")] == ["hamburger", "dog face", "", "", ""]


def test_captions_are_about_the_name() -> None:
    assert "a flat drawing of hamburger" in captions("hamburger")
    assert len(set(captions("hamburger"))) == len(captions("hamburger"))


def test_an_archive_that_is_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    there = tmp_path / "lobehub-fluent-emoji-3d-1.0.0.tgz"
    there.touch()
    assert fetch("@lobehub/fluent-emoji-3d", tmp_path) == there


def test_what_is_missing_is_packed_by_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text('#!/bin/sh\nfor last; do :; done\n: > "$last/$2-1.2.3.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent))
    assert fetch("some-emoji", tmp_path / "data") == tmp_path / "data" / "some-emoji-1.2.3.tgz"
    npm.write_text("#!/bin/sh\necho no such package >&2\nexit 1\n")
    with pytest.raises(ValueError, match="emoji package 'other': npm could not get it: no such package"):
        fetch("other", tmp_path / "data")
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(ValueError, match="emoji package 'other': npm is not installed; run `npm pack other`"):
        fetch("other", tmp_path / "data")
