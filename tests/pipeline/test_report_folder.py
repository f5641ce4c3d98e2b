"""A report replaces a report and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.report.folder import check_target, replacing, write_mark


def _write(folder: Path, text: str) -> None:
    with replacing(folder) as made:
        (made / "index.html").write_text(text)
        write_mark(made, {"sweep": "s"})


def test_a_new_folder_and_an_older_report_are_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    _write(folder, "one")
    (folder / "stale.js").write_text("")
    _write(folder, "two")
    assert sorted(path.name for path in folder.iterdir()) == ["index.html", "report.json"]
    assert (folder / "index.html").read_text() == "two"
    assert [path.name for path in folder.parent.iterdir()] == ["report"]


def test_a_failure_leaves_the_older_report(tmp_path: Path) -> None:
    _write(tmp_path / "report", "one")
    with pytest.raises(RuntimeError), replacing(tmp_path / "report") as made:
        (made / "index.html").write_text("half")
        raise RuntimeError
    assert (tmp_path / "report" / "index.html").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_what_is_somebodys_own_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    check_target(own)
    (own / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="has files that are no report"):
        check_target(own)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UserError, match="is no folder"):
        check_target(file)
    with pytest.raises(UserError, match="cannot be written"), replacing(file / "below"):
        pass
