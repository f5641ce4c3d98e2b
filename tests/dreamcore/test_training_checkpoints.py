"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dreamcore.training.checkpoints import join_file, load_checkpoint, save_checkpoint, split_file, write


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "new" / "checkpoint.safetensors"
    filters = torch.randn(2, 3, 3, 3).contiguous(memory_format=torch.channels_last)
    tensors = {"a/b": filters, "step": torch.tensor(3.0), "half": torch.randn(4).half()}
    save_checkpoint(path, tensors, {"step": 3, "elapsed": 0.1 + 0.2, "settings": {"name": "ä", "list": [1, None]}})
    loaded, facts = load_checkpoint(path)
    assert facts == {"step": 3, "elapsed": 0.1 + 0.2, "settings": {"name": "ä", "list": [1, None]}}
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)


def test_an_unfinished_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fill(place: Path) -> None:
        place.write_text("ne")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write(path, fill)
    assert path.read_text() == "old"
    write(path, lambda place: place.write_text("new"))
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, b"", b"rubbish that is long enough to have a header"])
def test_other_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "checkpoint.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="there is no checkpoint" if content is None else "damaged or no checkpoint"):
        load_checkpoint(path)


def test_weights_without_facts_are_no_checkpoint(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="no checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize(("length", "parts"), [(0, 1), (1, 1), (10, 1), (11, 2), (30, 3), (31, 4)])
def test_parts_make_the_whole_again(tmp_path: Path, length: int, parts: int) -> None:
    path = tmp_path / "weights.safetensors"
    content = bytes(range(length))
    path.write_bytes(content)
    found = split_file(path, 10)
    assert [part.name for part in found] == [f"weights.safetensors.{number:03}" for number in range(parts)]
    assert max(part.stat().st_size for part in found) <= 10
    assert not path.exists()
    join_file(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_part_is_told(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x" * 25)
    split_file(path, 10)[1].unlink()
    with pytest.raises(ValueError, match="parts are missing; there are weights.000, weights.002"):
        join_file(path)
    with pytest.raises(ValueError, match="there are none"):
        join_file(tmp_path / "other")
