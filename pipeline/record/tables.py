"""One attempt's tables as Parquet bytes: `result` (one row), `history` and `renders`.

An attempt's `history` and `renders` carry the trial's id alone; compaction adds prompt, seed and variant.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.engine import View
from pipeline.schema import HISTORY, IMAGE, KEYS, METRIC, RENDERS, TRIALS, schema

_TRIAL_ID = KEYS[:1]
_TRIAL_COLUMNS = {column.name: column for column in TRIALS}


def result_table(row: Mapping[str, Any]) -> bytes:
    """One row of `trials` for one attempt.

    `row` has columns of `pipeline.schema.TRIALS` by name (the four keys are needed, others may be absent) and under
    `metrics` a mapping of summary metrics. Mappings under `config`, `prior` and `tags` become JSON, under `software`
    `name version, ...`; times are `datetime`s with a zone or seconds since 1970. Raises ValueError for another key.
    """
    return parquet_bytes(trials_table([row]))


def trials_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as `result_table` takes them, as one Arrow table with the union of their metrics; `config` is
    dictionary-encoded."""
    for row in rows:
        unknown = sorted(row.keys() - _TRIAL_COLUMNS.keys() - {"metrics"})
        if unknown:
            raise ValueError(f"unknown result column {unknown[0]!r}; known: {', '.join(_TRIAL_COLUMNS)}, metrics")
        missing = [column.name for column in KEYS if column.name not in row]
        if missing:
            raise ValueError(f"a result row needs {missing[0]!r}")
    names = _union(row.get("metrics", {}) for row in rows)
    arrays = [pa.array([_cell(name, row.get(name)) for row in rows], c.type) for name, c in _TRIAL_COLUMNS.items()]
    arrays += [pa.array([_metric(row.get("metrics", {}), name) for row in rows], pa.float64()) for name in names]
    extra = [pa.field(METRIC + name, pa.float64()) for name in names]
    table = pa.Table.from_arrays(arrays, schema=schema(TRIALS, extra))
    index = table.schema.get_field_index("config")
    return table.set_column(index, "config", table["config"].dictionary_encode())


def history_table(trial_id: str, rows: Sequence[Mapping[str, float]]) -> bytes:
    """The steps of one trial: each row has `step` and metrics by name; a metric that a row lacks is null."""
    metrics = [name for name in _union(rows) if name != "step"]
    steps = HISTORY[len(KEYS) :]
    taken = {column.name for column in HISTORY} & set(metrics)
    if taken:
        raise ValueError(f"a metric cannot be called {sorted(taken)[0]!r}: that is a column of the history table")
    arrays = [pa.array([trial_id] * len(rows), pa.string()), pa.array([int(row["step"]) for row in rows], pa.int32())]
    arrays += [pa.array([_metric(row, name) for row in rows], pa.float32()) for name in metrics]
    extra = [pa.field(name, pa.float32()) for name in metrics]
    return parquet_bytes(pa.Table.from_arrays(arrays, schema=schema((*_TRIAL_ID, *steps), extra)))


def renders_table(trial_id: str, views: Sequence[View]) -> bytes:
    """The views of one trial, as Hugging Face images."""
    columns: dict[str, list[Any]] = {
        "trial_id": [trial_id] * len(views),
        "view": [view.index for view in views],
        "kind": [view.kind for view in views],
        "azimuth": [view.azimuth for view in views],
        "elevation": [view.elevation for view in views],
        "radius": [view.radius for view in views],
        "image": [{"bytes": view.png, "path": f"{trial_id}-{view.index:03d}-{view.kind}.png"} for view in views],
    }
    kept = schema((*_TRIAL_ID, *RENDERS[len(KEYS) :]))
    return parquet_bytes(pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in kept], schema=kept))


def parquet_bytes(table: pa.Table, row_group_bytes: int = 32 * 2**20) -> bytes:
    """The table as one Parquet file: zstd, but images as they are, in row groups of about `row_group_bytes`."""
    images = [field.name for field in table.schema if field.type == IMAGE]
    compression: str | dict[str, str] = "zstd"
    if images:
        # Parquet names the leaves of a struct `column.leaf`; PNG does not compress.
        compression = {leaf: "zstd" for leaf in table.schema.names if leaf not in images}
        for name in images:
            compression |= {f"{name}.bytes": "NONE", f"{name}.path": "zstd"}
    plain = [f"{name}.bytes" for name in images]
    rows = max(1, table.num_rows * row_group_bytes // max(table.nbytes, 1))
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        table.schema,
        compression=compression,
        use_dictionary=[leaf for leaf in _leaves(table.schema) if leaf not in plain],
        write_page_index=True,
        # The plain Parquet types say it all: a column that is dictionary-encoded in memory is a string for readers.
        store_schema=False,
    ) as writer:
        writer.write_table(table, row_group_size=min(rows, 1_000_000))
        writer.add_key_value_metadata(table.schema.metadata or {})
    return buffer.getvalue()


def read_parquet(data: bytes) -> pa.Table:
    """The table of a Parquet file's bytes, a `config` column dictionary-encoded as in `trials_table`.

    Raises pyarrow.ArrowInvalid for bytes that are none.
    """
    # Arrow's thread pools abort a process that ends soon after a read (apache/arrow#34314), so it reads without them.
    source = pa.BufferReader(data)
    encoded = [name for name in pq.read_schema(source).names if name == "config"]
    return pq.ParquetFile(source, read_dictionary=encoded, pre_buffer=False).read(use_threads=False)


def _leaves(kept: pa.Schema) -> list[str]:
    names = []
    for field in kept:
        inner = [child.name for child in field.type] if pa.types.is_struct(field.type) else []
        names += [f"{field.name}.{child}" for child in inner] or [field.name]
    return names


def _union(rows: Any) -> list[str]:
    """The keys of all rows, in order of first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _metric(row: Mapping[str, Any], name: str) -> float | None:
    return float(row[name]) if row.get(name) is not None else None


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Mapping):
        if name == "software":
            return ", ".join(f"{package} {version}" for package, version in value.items())
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    if name in ("started_at", "finished_at") and not isinstance(value, datetime):
        return datetime.fromtimestamp(float(value), UTC)
    return value
