"""A report's folder: written beside its place and moved there whole, so that a page is never half a report."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import UserError

MARK = "report.json"  # what tells a report from a folder of somebody's own


def check_target(folder: Path) -> None:
    """Raise UserError for a place where a report may not be written: a file, or a folder with something else in it."""
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / MARK).is_file():
            raise UserError(f"--output {folder}: has files that are no report. Choose a new or an empty folder")
    elif folder.exists() or folder.is_symlink():
        raise UserError(f"--output {folder}: is no folder. Choose a new or an empty folder")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `folder` at the end; an older report there goes. Without an end, nothing has
    changed. Raises UserError where it cannot be written."""
    check_target(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise UserError(f"--output {folder}: cannot be written: {error.strerror}") from error
    try:
        made = beside / "new"
        made.mkdir()
        yield made
        if folder.exists():
            folder.rename(beside / "old")
        made.rename(folder)
    except OSError as error:
        raise UserError(f"--output {folder}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside)


def write_mark(folder: Path, facts: dict[str, object]) -> None:
    """Say that the folder is a report, and of what."""
    (folder / MARK).write_text(json.dumps({"report": 1, **facts}, indent=1) + "\n", encoding="utf-8")
