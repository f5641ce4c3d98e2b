"""The finished sweep that comes along in `examples/`, for tests that read one."""

from __future__ import annotations

import shutil
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TINY = EXAMPLES / "tiny"


def copy_tiny(folder: Path) -> Path:
    """A copy that may be written to."""
    shutil.copytree(TINY, folder)
    return folder
