"""Rows of a benchmark: a table to read, and JSON lines to keep."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


def add_out(parser: argparse.ArgumentParser) -> None:
    """The option that says where rows are kept."""
    parser.add_argument("--out", type=Path, help="a file that gets each row as a line of JSON, as soon as it is known")


def report(rows: Iterable[Row], columns: Sequence[str], out: Path | None) -> None:
    """Print `columns` of each row, and append all of it to `out`."""
    for index, row in enumerate(rows):
        cells = [_text(row.get(name)) for name in columns]
        widths = [max(len(name), 9) for name in columns]
        lines = [list(columns)] if index == 0 else []
        for line in [*lines, cells]:
            sys.stdout.write("  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)) + "\n")
        sys.stdout.flush()
        if out is not None:
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
