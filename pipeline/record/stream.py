"""The renders of a sweep trial by trial, so that a large sweep never lies in memory as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.record.commit import committed_ids
from pipeline.record.compact import all_trials, read_manifest
from pipeline.record.results import fresh_results
from pipeline.schema import RENDERS, schema
from pipeline.storage import Storage

_ROWS_AT_ONCE = 256


def completed_trials(storage: Storage) -> pa.Table:
    """The committed trials in order, as in `trials`."""
    manifest = read_manifest(storage)
    tail = committed_ids(storage) - manifest.commits
    return all_trials(storage, manifest, fresh_results(storage, tail), [])


def stream_renders(storage: Storage, trial_ids: Collection[str], kinds: Sequence[str]) -> Iterator[pa.Table]:
    """The views of these kinds, a table a trial, for those of `trial_ids` that are committed. Each trial comes once."""
    manifest = read_manifest(storage)
    wanted = pc.field("kind").isin(list(kinds)) & pc.field("trial_id").isin(sorted(trial_ids))
    files = [storage.path(part.key) for part in manifest.of("renders")]
    if files and not manifest.commits.isdisjoint(trial_ids):
        found = ds.dataset(files, schema=schema(RENDERS), filesystem=storage.fs, format="parquet")
        # without Arrow's threads, for the reason that `read_parquet` gives
        options = ds.ParquetFragmentScanOptions(pre_buffer=False)
        yield from _by_trial(
            found.to_batches(filter=wanted, batch_size=_ROWS_AT_ONCE, use_threads=False, fragment_scan_options=options)
        )
    results = fresh_results(storage, (committed_ids(storage) - manifest.commits) & set(trial_ids))
    for trial_id in results.commits:
        piece = results.detail(storage, trial_id, "renders").filter(wanted)
        if piece.num_rows:
            yield piece.sort_by([("view", "ascending"), ("kind", "ascending")])


def _by_trial(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """A part of the data set is sorted and has all rows of its trials: those of one follow each other."""
    rest: pa.Table | None = None
    for batch in batches:
        if batch.num_rows == 0:
            continue
        table = pa.Table.from_batches([batch])
        table = table if rest is None else pa.concat_tables([rest, table])
        starts = _starts(table["trial_id"].to_pylist())
        for start, end in itertools.pairwise(starts):
            yield table.slice(start, end - start)
        rest = table.slice(starts[-1])
    if rest is not None:
        yield rest


def _starts(names: Sequence[str]) -> list[int]:
    return [place for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
