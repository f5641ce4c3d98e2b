"""From a file per attempt to three tables: the data set, built from commits alone.

A generation has a manifest, `dataset/manifests/<k>.json`, which lists the parts of all tables, wherever they are. The
one with the highest number is current. The scheme:

- `trials` is small and written whole by each generation, sorted by prompt, seed and variant.
- `history` and `renders` only grow. A part that has reached its full size is never written again: later generations
  refer to it. The one part a table that is not full yet is read and written anew together with the new trials.
- A writer first claims a folder `dataset/v<k>/` (create-if-absent), so two of them never write the same keys, and
  creates the manifest last. Generation k + 1 is made from generation k alone, and created once: a writer that comes too
  late, however late, has written for nothing and begins again. For that, old manifests are emptied and never deleted.
- Readers take the current manifest and then every commit that is not in it.
- Files that neither the current nor the previous manifest lists are deleted, unless a later writer has claimed them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import paths
from pipeline.errors import CorruptResult
from pipeline.record.commit import Failure, committed_ids, failures
from pipeline.record.results import Results, failed_table, fresh_results, read_hashed, with_counts
from pipeline.record.tables import parquet_bytes
from pipeline.record.tally import Tally, count_on
from pipeline.schema import CONFIG, with_config_columns
from pipeline.storage import Storage

# In memory, so less in the file.
PART_BYTES = {"history": 64 * 2**20, "renders": 96 * 2**20}

_KEY_ORDER = ("prompt", "seed", "variant", "trial_id")
_ORDER = {
    "trials": _KEY_ORDER,
    "history": (*_KEY_ORDER, "step"),
    "renders": (*_KEY_ORDER, "view", "kind"),
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One Parquet file of the data set; one that is not `full` is written anew by the next generation."""

    key: str
    table: str
    rows: int
    full: bool
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One generation: its parts, the commits they hold, and which failures are among its rows. `previous` are the keys
    that the generation before it listed, kept for readers that have it open. `folder` is the number of the folder that
    it wrote into. `tally` is what was counted of the journal for trials that it has no commit of."""

    version: int
    folder: int
    parts: tuple[Part, ...]
    commits: frozenset[str]
    failures: str
    previous: tuple[str, ...]
    tally: Tally = field(default_factory=Tally)

    def of(self, table: str) -> list[Part]:
        return [part for part in self.parts if part.table == table]


EMPTY = Manifest(version=0, folder=0, parts=(), commits=frozenset(), failures="", previous=())


def read_manifest(storage: Storage) -> Manifest:
    """The current generation, or `EMPTY` before the first."""
    while keys := storage.list(paths.MANIFESTS):
        data = json.loads(storage.read(keys[-1]))
        if data:
            return _manifest(data)  # else two generations were made since the listing
    return EMPTY


def _manifest(data: dict[str, Any]) -> Manifest:
    return Manifest(
        version=data["version"],
        folder=data["folder"],
        parts=tuple(Part(**part) for part in data["parts"]),
        commits=frozenset(data["commits"]),
        failures=data["failures"],
        previous=tuple(data["previous"]),
        tally=Tally.from_dict(data["tally"]) if "tally" in data else Tally(),
    )


def compact(storage: Storage) -> int | None:
    """Bring the data set up to what is committed and failed; the new generation's number, or None if nothing is new.

    Raises CorruptResult when a committed table is missing or has changed; the current generation then stays.
    """
    while True:
        current = read_manifest(storage)
        made = _next(storage, current)
        if made is None:
            return None
        if storage.create(paths.dataset_manifest(made.version), _manifest_json(made)):
            _delete_unlisted(storage, made)
            return made.version


def _next(storage: Storage, current: Manifest) -> Manifest | None:
    """The generation after the current one, written but for its manifest; None if nothing is new."""
    fresh = committed_ids(storage) - current.commits
    failed = sorted(failures(storage).values(), key=lambda failure: failure.trial_id)
    fingerprint = " ".join(f"{failure.trial_id}/{failure.round}" for failure in failed)
    if not fresh and fingerprint == current.failures:
        return None
    folder = _claim(storage, current.folder + 1)
    results = fresh_results(storage, fresh)
    tally = count_on(storage, current.tally)
    trials = _joined_trials(storage, current, results, failed, tally)
    parts = [_write(storage, paths.dataset_part(folder, "trials", 0), "trials", trials, full=False)]
    order = [trial_id for trial_id in trials["trial_id"].to_pylist() if trial_id in fresh]
    for table in PART_BYTES:
        pieces = (results.detail(storage, trial_id, table) for trial_id in order)
        parts += _grow(storage, folder, table, current.of(table), pieces)
    collect_checkpoints(storage, results)
    return Manifest(
        version=current.version + 1,
        folder=folder,
        parts=tuple(parts),
        commits=current.commits | fresh,
        failures=fingerprint,
        previous=tuple(part.key for part in current.parts),
        tally=tally.without(current.commits | fresh),
    )


def all_trials(storage: Storage, manifest: Manifest, results: Results, failed: Sequence[Failure]) -> pa.Table:
    """The trials of the manifest, of commits after it and those that failed: one row each, in order.

    Raises CorruptResult if a trial has two.
    """
    return _joined_trials(storage, manifest, results, failed, count_on(storage, manifest.tally))


def collect_checkpoints(storage: Storage, results: Results) -> None:
    """Remove the checkpoints of committed trials: nobody goes back to them. Those of a trial that kept no scene stay:
    its last one is all that there is of it."""
    for trial_id, commit in results.commits.items():
        if paths.SCENE not in commit.get("files", {}):
            continue
        for key in storage.list(f"{paths.ATTEMPTS}/{trial_id}"):
            if "/checkpoints/" in key:
                storage.delete(key)


def _joined_trials(
    storage: Storage, manifest: Manifest, results: Results, failed: Sequence[Failure], tally: Tally
) -> pa.Table:
    tables = [read_hashed(storage, part.key, part.sha256) for part in manifest.of("trials")]
    tables = [table.filter(pc.field("status") == "completed") for table in tables]
    new = pa.concat_tables([results.table, failed_table(failed)], promote_options="default")
    tables.append(with_counts(new.unify_dictionaries(), tally))
    plain = [table.select([name for name in table.column_names if not name.startswith(CONFIG)]) for table in tables]
    joined = pa.concat_tables(plain, promote_options="default").unify_dictionaries()
    if pc.count_distinct(joined["trial_id"]).as_py() != joined.num_rows:
        raise CorruptResult("a trial has two rows in the data set")
    return _sorted(with_config_columns(joined), "trials")


def _grow(storage: Storage, folder: int, table: str, kept: Sequence[Part], pieces: Iterable[pa.Table]) -> list[Part]:
    """The table's parts: the full ones as they are, the open one joined with the pieces and cut where it is full."""
    pieces = iter(pieces)
    first = next(pieces, None)
    if first is None:
        return list(kept)
    parts = [part for part in kept if part.full]
    opened = (read_hashed(storage, part.key, part.sha256) for part in kept if not part.full)
    numbers = itertools.count()
    batch: list[pa.Table] = []
    size = 0
    for piece in itertools.chain(opened, [first], pieces):
        batch.append(piece)
        size += piece.nbytes
        if size >= PART_BYTES[table]:
            key = paths.dataset_part(folder, table, next(numbers))
            parts.append(_write(storage, key, table, _joined(batch, table), full=True))
            batch, size = [], 0
    if batch:
        key = paths.dataset_part(folder, table, next(numbers))
        parts.append(_write(storage, key, table, _joined(batch, table), full=False))
    return parts


def _joined(tables: Sequence[pa.Table], table: str) -> pa.Table:
    return _sorted(pa.concat_tables(tables, promote_options="default"), table)


def _sorted(table: pa.Table, name: str) -> pa.Table:
    return table.sort_by([(column, "ascending") for column in _ORDER[name]])


def _write(storage: Storage, key: str, table: str, data: pa.Table, *, full: bool) -> Part:
    content = parquet_bytes(data)
    storage.write(key, content)
    return Part(key=key, table=table, rows=data.num_rows, full=full, sha256=hashlib.sha256(content).hexdigest())


def _claim(storage: Storage, folder: int) -> int:
    """The first folder from `folder` on that nobody has begun."""
    while not storage.create(paths.dataset_claim(folder), b"{}"):
        folder += 1
    return folder


def _manifest_json(manifest: Manifest) -> bytes:
    content = asdict(manifest)
    content["commits"] = sorted(manifest.commits)
    content["tally"] = manifest.tally.as_dict()
    return json.dumps(content).encode()


def _delete_unlisted(storage: Storage, manifest: Manifest) -> None:
    """Remove the files that neither this manifest nor the one before it lists, in folders that were claimed before this
    one's: whoever else writes there has read this manifest's predecessor or an older one, and so comes too late."""
    listed = {part.key for part in manifest.parts} | set(manifest.previous)
    if manifest.version > 2:
        storage.write(paths.dataset_manifest(manifest.version - 2), b"{}")
    for key in storage.list(paths.DATASET):
        place = key.split("/")[1]
        if key not in listed and place.startswith("v") and int(place.removeprefix("v")) < manifest.folder:
            storage.delete(key)
