"""Reading a sweep: pandas frames of everything that is committed, whether compacted yet or not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from pipeline.errors import UserError
from pipeline.pictures import SheetRow, contact_sheet, decode
from pipeline.record.commit import committed_ids, failures
from pipeline.record.compact import Manifest, all_trials, read_manifest
from pipeline.record.evaluations import with_answers
from pipeline.record.results import fresh_results
from pipeline.schema import TABLES, schema
from pipeline.storage import Storage
from pipeline.sweeps import require_sweep, stored

if TYPE_CHECKING:
    from PIL import Image

    from pipeline.evaluation import Captions, Evaluation

Filter = str | int | Sequence[str] | Sequence[int] | None


class Sweep:
    """A sweep's results, read only. Every call reads storage anew, so a running sweep can be watched.

    Filters take a value or a list of values. Raises UserError where there is no sweep, or nothing in it yet.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        require_sweep(storage)

    def trials_table(self) -> pa.Table:
        """The trials as an Arrow table, sorted by prompt, seed and variant."""
        manifest, tail = self._state()
        failed = sorted(failures(self.storage).values(), key=lambda failure: failure.trial_id)
        table = all_trials(self.storage, manifest, fresh_results(self.storage, tail), failed)
        if table.num_rows == 0:
            raise self._nothing_yet()
        return with_answers(self.storage, table)

    def trials(self) -> pd.DataFrame:
        """A row a trial, completed or failed, sorted by prompt, seed and variant; `tags` as dicts."""
        frame: pd.DataFrame = self.trials_table().to_pandas()
        frame["tags"] = [json.loads(text) if isinstance(text, str) else {} for text in frame["tags"]]
        return frame

    def history(
        self, *, trial_id: Filter = None, prompt: Filter = None, seed: Filter = None, variant: Filter = None
    ) -> pd.DataFrame:
        """A row a logged step of each completed trial, sorted by prompt, seed, variant and step."""
        wanted = {"trial_id": trial_id, "prompt": prompt, "seed": seed, "variant": variant}
        return self._read("history", wanted, ["prompt", "seed", "variant", "trial_id", "step"])

    def renders(
        self,
        *,
        trial_id: Filter = None,
        prompt: Filter = None,
        seed: Filter = None,
        variant: Filter = None,
        kind: Filter = None,
        view: Filter = None,
    ) -> pd.DataFrame:
        """A row a view of each completed trial, in order. `image` is a dict of `bytes` (a PNG file) and `path`;
        `images(frame)` decodes them."""
        wanted = {"trial_id": trial_id, "prompt": prompt, "seed": seed, "variant": variant, "kind": kind, "view": view}
        return self._read("renders", wanted, ["prompt", "seed", "variant", "trial_id", "view", "kind"])

    def contact_sheet(self, kind: str = "color", side: int = 128) -> Image.Image:
        """One picture of the whole sweep: a row a completed trial, a column a view, `side` pixels each."""
        frame = self.renders(kind=kind)
        if frame.empty:
            raise UserError(f"no trial of {self.storage.url} has views of kind {kind!r}")
        rows = []
        for (prompt, seed, variant, _), views in frame.groupby(["prompt", "seed", "variant", "trial_id"]):
            pngs = [image["bytes"] for image in views["image"]]
            rows.append(SheetRow(caption=f"{prompt} · seed {seed} · {variant}", pngs=pngs))
        return contact_sheet(rows, side)

    # ---- judging -----------------------------------------------------------------------------------------------------

    def evaluate(self, judge: str | None = None, captions: Captions = None) -> Evaluation:
        """What a judge, else that of the spec, makes of all finished trials, kept beside them: only what is new is
        looked at. From now on `trials` shows it. See `pipeline.evaluation.evaluate`."""
        return self._evaluated(judge, captions, shown=True)

    def rprecision(self, judge: str | None = None, captions: Captions = None) -> pd.DataFrame:
        """`pipeline.evaluation.rprecision_table`."""
        from pipeline.evaluation import rprecision_table

        return rprecision_table(self._evaluated(judge, captions))

    def diversity(self, by: str | Sequence[str] = ("prompt", "variant"), judge: str | None = None) -> pd.DataFrame:
        """How different seeds are, by `prompt`, `variant` or both: `pipeline.diversity.diversity_table`."""
        from pipeline.diversity import diversity_table

        return diversity_table(self._evaluated(judge), [by] if isinstance(by, str) else by)

    def compare(
        self,
        first: str,
        second: str,
        judge: str | None = None,
        captions: Captions = None,
        against: Sweep | None = None,
    ) -> pd.DataFrame:
        """Whether variant `first` differs from `second`, which is of the sweep `against` if one is given:
        `pipeline.diversity.compare`."""
        from pipeline.diversity import compare

        mine = self._evaluated(judge, captions)
        other = mine if against is None else against._evaluated(judge, captions)
        return compare(mine.of(first), other.of(second))

    def best(self, judge: str | None = None, captions: Captions = None) -> pd.DataFrame:
        """The best seed of each prompt and variant, and why: `pipeline.evaluation.best_seeds`."""
        from pipeline.evaluation import best_seeds

        return best_seeds(self._evaluated(judge, captions))

    def _evaluated(self, judge: str | None, captions: Captions = None, *, shown: bool = False) -> Evaluation:
        from pipeline.evaluation import evaluate

        named = judge or stored(self.storage)[0].evaluate.judge
        return evaluate(self.storage, named, captions, shown=shown)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[Manifest, frozenset[str]]:
        """The current generation, and the commits that came after it."""
        manifest = read_manifest(self.storage)
        return manifest, committed_ids(self.storage) - manifest.commits

    def _read(self, table: str, wanted: dict[str, Filter], order: Sequence[str]) -> pd.DataFrame:
        manifest, tail = self._state()
        if not manifest.commits and not tail:
            raise self._nothing_yet()
        condition = _condition(wanted)
        found = [schema(TABLES[table]).empty_table()]
        found += self._compacted(manifest, table, condition)
        found += self._uncompacted(tail, table, condition)
        joined = pa.concat_tables(found, promote_options="default")
        frame: pd.DataFrame = joined.sort_by([(column, "ascending") for column in order]).to_pandas()
        return frame

    def _compacted(self, manifest: Manifest, table: str, condition: pc.Expression | None) -> Iterator[pa.Table]:
        files = [self.storage.path(part.key) for part in manifest.of(table)]
        if files:
            schemas = [pq.read_schema(file, filesystem=self.storage.fs) for file in files]
            joined = pa.unify_schemas(schemas)
            found = ds.dataset(files, schema=joined, filesystem=self.storage.fs, format="parquet")
            # Without Arrow's threads, for the reason that `read_parquet` gives.
            options = ds.ParquetFragmentScanOptions(pre_buffer=False)
            yield found.to_table(filter=condition, use_threads=False, fragment_scan_options=options)

    def _uncompacted(self, tail: frozenset[str], table: str, condition: pc.Expression | None) -> Iterator[pa.Table]:
        results = fresh_results(self.storage, tail)
        for trial_id in sorted(tail):
            piece = results.detail(self.storage, trial_id, table)
            yield piece if condition is None else piece.filter(condition)

    def _nothing_yet(self) -> UserError:
        return UserError(f"{self.storage.url} has no finished trial yet: see `dreamsweep status {self.storage.url}`")


def images(frame: pd.DataFrame) -> list[Image.Image]:
    """The pictures of a frame of `renders`, decoded, in its order."""
    return [decode(image["bytes"]) for image in frame["image"]]


def open_sweep(url: str) -> Sweep:
    """The sweep at a folder or object store URL. Raises UserError if there is none."""
    return Sweep(Storage(url))


def _condition(wanted: dict[str, Filter]) -> pc.Expression | None:
    """All filters at once, in the form that Parquet readers skip row groups by."""
    joined: pc.Expression | None = None
    for column, value in wanted.items():
        if value is None:
            continue
        values: Any = [value] if isinstance(value, str | int) else list(value)
        each = pc.field(column).isin(values)
        joined = each if joined is None else joined & each
    return joined
