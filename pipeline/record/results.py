"""Committed attempts and failed trials as Arrow tables, each file compared with the hash that its commit holds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.errors import CorruptResult
from pipeline.events import FailureClass
from pipeline.record.commit import Failure, read_commit, read_commits
from pipeline.record.tables import read_parquet, trials_table
from pipeline.record.tally import Tally
from pipeline.schema import KEYS, TABLES, failures_column, schema
from pipeline.storage import Storage


@dataclass(frozen=True)
class Results:
    """Committed trials: `table` has their rows of `trials` by trial id, without what only the journal knows (see
    `with_counts`); `commits` is what each commit says."""

    table: pa.Table
    commits: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, int]

    def row(self, trial_id: str) -> dict[str, Any]:
        """The trial's row of `trials`."""
        row: dict[str, Any] = self.table.slice(self.places[trial_id], 1).to_pylist()[0]
        return row

    def detail(self, storage: Storage, trial_id: str, table: str) -> pa.Table:
        """The trial's `history` or `renders` with all key columns. Raises CorruptResult."""
        found = _attempt_table(storage, self.commits[trial_id], table)
        keys = self.table.slice(self.places[trial_id], 1)
        for i, column in enumerate(KEYS):
            value = keys[column.name][0].as_py()
            if column.name in found.column_names:
                found = found.drop_columns([column.name])
            found = found.add_column(i, column.field, pa.array([value] * found.num_rows, column.type))
        extra = [field for field in found.schema if field.name not in {column.name for column in TABLES[table]}]
        return found.cast(schema(TABLES[table], extra))


def fresh_results(storage: Storage, trial_ids: Collection[str]) -> Results:
    """The committed results of these trials. Raises CorruptResult."""
    order = sorted(trial_ids)
    commits = dict(zip(order, read_commits(storage, order), strict=True))
    empty = trials_table([])
    rows = _read_all_hashed(storage, [commit["tables"]["result"] for commit in commits.values()])
    table = pa.concat_tables([empty, *rows], promote_options="default").unify_dictionaries().combine_chunks()
    if table["trial_id"].to_pylist() != order:
        raise CorruptResult("a committed result is of another trial than its commit")
    return Results(table, commits, {trial_id: i for i, trial_id in enumerate(order)})


def failed_table(failed: Sequence[Failure]) -> pa.Table:
    """Rows of `trials` for trials that were given up, without what only the journal knows."""
    rows = [
        {
            "trial_id": failure.trial_id,
            "prompt": failure.prompt,
            "seed": failure.seed,
            "variant": failure.variant,
            "tags": failure.tags,
            "status": "failed",
            "reason": f"{failure.failure}: {failure.reason}",
            "steps": failure.step,
            "attempt": failure.attempts,
            "attempts": failure.attempts,
            "prior": failure.prior,
            "parent": failure.parent or None,
            "config": failure.config,
        }
        for failure in failed
    ]
    return trials_table(rows)


def read_hashed(storage: Storage, key: str, sha256: str) -> pa.Table:
    """The Parquet file, a `config` column dictionary-encoded as in `trials_table`. Raises CorruptResult."""
    return read_parquet(read_bytes(storage, key, sha256))


def read_file(storage: Storage, trial_id: str, name: str) -> bytes | None:
    """A file of `paths.FILES` that the committed trial left, None if it left none of that name. Raises CorruptResult,
    FileNotFoundError for a trial that is not committed."""
    entry = read_commit(storage, trial_id)["files"].get(name)
    return None if entry is None else read_bytes(storage, entry["key"], entry["sha256"])


def read_bytes(storage: Storage, key: str, sha256: str) -> bytes:
    """The object, compared with its hash. Raises CorruptResult."""
    return next(_read_all_bytes(storage, [{"key": key, "sha256": sha256}]))


def _read_all_hashed(storage: Storage, entries: Sequence[Mapping[str, Any]]) -> Iterator[pa.Table]:
    yield from map(read_parquet, _read_all_bytes(storage, entries))


def _read_all_bytes(storage: Storage, entries: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    found = storage.read_all(entry["key"] for entry in entries)
    for entry in entries:
        key = entry["key"]
        try:
            data = next(found)
        except FileNotFoundError as error:
            raise CorruptResult(f"{key} is missing from storage") from error
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise CorruptResult(f"{key} has changed since it was written")
        yield data


def with_counts(table: pa.Table, tally: Tally) -> pa.Table:
    """The rows with `attempts` and the failures by class as the journal has them."""
    wanted = table["trial_id"].to_pylist()
    if not wanted:
        return table
    known = table["attempt"].to_pylist()
    attempts = [
        max(tally.started.get(trial_id, 0), number or 0) for trial_id, number in zip(wanted, known, strict=True)
    ]
    columns = {"attempts": attempts}
    for failure in FailureClass:
        columns[failures_column(failure)] = [tally.ended.get(trial_id, {}).get(failure.value, 0) for trial_id in wanted]
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.field(index), pa.array(values, table.field(index).type))
    return table


def _attempt_table(storage: Storage, commit: Mapping[str, Any], table: str) -> pa.Table:
    entry = commit["tables"][table]
    return read_hashed(storage, entry["key"], entry["sha256"])
