"""The table of results as text or a file: which columns, in which form."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.record.tables import parquet_bytes
from pipeline.schema import CONFIG, METRIC

if TYPE_CHECKING:
    import pandas as pd

FileFormat = Literal["csv", "json", "parquet"]

_SHORT = ("prompt", "seed", "variant", "status", "verdict", "steps", "attempts", "seconds", "steps_per_second")


def select(trials: pa.Table, columns: str | None) -> pa.Table:
    """`columns` of the table: names with commas between them, `all`, or None for the few that say most.

    Raises UserError that names the nearest column for one that is not there.
    """
    if columns == "all":
        return trials
    if columns is None:
        differing = [name for name in trials.column_names if name.startswith((CONFIG, METRIC))]
        return trials.select([*(name for name in ("sweep", *_SHORT) if name in trials.column_names), *differing])
    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    for name in wanted:
        if name not in trials.column_names:
            raise UserError(f"--columns: {name!r}: {unknown('column', name, trials.column_names)}")
    if not wanted:
        raise UserError("--columns is empty: name some columns, with commas between them, or `all`")
    return trials.select(wanted)


def encode(table: pa.Table, form: FileFormat) -> bytes:
    """The table as a file's bytes. CSV and JSON have times as ISO 8601; JSON is a list of objects with nulls."""
    if form == "parquet":
        return parquet_bytes(table)
    frame: pd.DataFrame = table.to_pandas()
    if form == "csv":
        return frame.to_csv(index=False).encode()
    text = io.StringIO()
    frame.to_json(text, orient="records", date_format="iso", indent=2, force_ascii=False)
    return text.getvalue().encode() + b"\n"


def write(data: bytes, path: Path) -> None:
    """Write the file, whole or not at all. Raises UserError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error


def cells(table: pa.Table) -> tuple[list[str], list[list[str]]]:
    """Headings and rows for people: metrics without their prefix, four digits, nothing for null."""
    headings = [name.removeprefix(METRIC) for name in table.column_names]
    return headings, [[_shown(value) for value in row.values()] for row in table.to_pylist()]


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)
