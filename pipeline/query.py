"""Reading a sweep: pandas frames of everything that is committed, whether compacted yet or not."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.pictures import SheetRow, contact_sheet, decode
from pipeline.record.commit import committed_ids, failures
from pipeline.record.compact import Manifest, all_trials, read_manifest
from pipeline.record.evaluations import with_answers
from pipeline.record.results import fresh_results, read_file
from pipeline.schema import TABLES, schema
from pipeline.selection import Filter, Query, filtered, names, trials_frame
from pipeline.status import read_status
from pipeline.storage import Storage
from pipeline.sweeps import require_sweep, stored

if TYPE_CHECKING:
    from PIL import Image
    from trimesh import Trimesh

    from dreamcore.scene import Scene
    from pipeline.evaluation import Captions, Evaluation
    from pipeline.trial_result import TrialResult


class Sweep:
    """A sweep's results, read only. Every call reads storage anew, so a running sweep can be watched.

    Filters take a value or a list of values; `where` takes a condition over the columns of the table that is read, and
    is pushed down to Parquet; `columns` says which to give. Raises UserError for a column that is not there, and where
    there is no sweep, or nothing in it yet.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        require_sweep(storage)

    def trials_table(self, where: str | None = None) -> pa.Table:
        """The trials as an Arrow table, sorted by prompt, seed and variant. `where` may also name `tags.<name>`."""
        manifest, tail = self._state()
        failed = sorted(failures(self.storage).values(), key=lambda failure: failure.trial_id)
        table = all_trials(self.storage, manifest, fresh_results(self.storage, tail), failed)
        if table.num_rows == 0:
            raise self._nothing_yet()
        return filtered(with_answers(self.storage, table), where)

    def trials(self, where: str | None = None, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A row a trial, completed or failed, sorted by prompt, seed and variant; `tags` as dicts.

        `where` is a condition such as `"verdict == 'healthy' and metric_opacity > 0.1"`, or of a tag: `"tags.kind ==
        'toy'"`; docs/results.md has the grammar.
        """
        return trials_frame(self.trials_table(where), columns)

    def history(
        self,
        where: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        trial_id: Filter = None,
        prompt: Filter = None,
        seed: Filter = None,
        variant: Filter = None,
    ) -> pd.DataFrame:
        """A row a logged step of each completed trial, sorted by prompt, seed, variant and step."""
        wanted = {"trial_id": trial_id, "prompt": prompt, "seed": seed, "variant": variant}
        order = ["prompt", "seed", "variant", "trial_id", "step"]
        return self._read(Query("history", wanted, where, columns), order)

    def renders(
        self,
        where: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        trial_id: Filter = None,
        prompt: Filter = None,
        seed: Filter = None,
        variant: Filter = None,
        kind: Filter = None,
        view: Filter = None,
    ) -> pd.DataFrame:
        """A row a view of each completed trial, in order. `image` is a dict of `bytes` (a PNG file) and `path`;
        `images(frame)` decodes them. Without `image` among the `columns` no picture is read."""
        wanted = {"trial_id": trial_id, "prompt": prompt, "seed": seed, "variant": variant, "kind": kind, "view": view}
        order = ["prompt", "seed", "variant", "trial_id", "view", "kind"]
        return self._read(Query("renders", wanted, where, columns), order)

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

    def files(self, table: str) -> list[str]:
        """The Parquet files of the current generation of `trials`, `history` or `renders`, for other readers: paths, or
        URLs of an object store. They have what is compacted: everything, once a run has ended."""
        if table not in TABLES:
            raise UserError(unknown("table", table, TABLES))
        paths = [self.storage.path(part.key) for part in read_manifest(self.storage).of(table)]
        return paths if self.storage.is_local else [self.storage.fs.unstrip_protocol(path) for path in paths]

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

    # ---- what trials left --------------------------------------------------------------------------------------------

    def trial(self, trial_id: str) -> TrialResult:
        """One trial, completed or failed, by its id or the beginning of it: its row, steps and pictures, and a picture
        of it in a notebook. Raises UserError unless exactly one has it."""
        from pipeline.trial_result import find_trial

        return find_trial(self, trial_id)

    def file(self, trial_id: str, name: str) -> bytes | None:
        """A file that the completed trial left (`mesh.glb`, `turntable.webp`), None if it left none of that name."""
        self._require_committed(trial_id)
        return read_file(self.storage, trial_id, name)

    def scene(self, trial_id: str) -> Scene:
        """The completed trial's scene as it ended, on the GPU if there is one."""
        from pipeline.solids import load_scene

        return load_scene(self.storage, trial_id)

    def mesh(
        self,
        trial_id: str,
        *,
        resolution: int = 128,
        faces: int = 20_000,
        threshold: float | None = None,
        texture: int = 0,
    ) -> Trimesh:
        """The completed trial's surface, made anew: on a grid of `resolution` cells a side, with at most about `faces`
        faces, at a density `threshold` or the one that fits the scene's views best, with colours at vertices or with a
        `texture` of so many pixels a side. Raises UserError for a scene that is empty."""
        from pipeline.mesh_files import to_trimesh
        from pipeline.solids import surface_config, surface_of

        config = surface_config(resolution=resolution, faces=faces, threshold=threshold, texture=texture)
        return to_trimesh(surface_of(self.scene(trial_id), config).mesh)

    def _require_committed(self, trial_id: str) -> None:
        if trial_id not in committed_ids(self.storage):
            raise UserError(f"{self.storage.url} has no completed trial {trial_id}")

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[Manifest, frozenset[str]]:
        """The current generation, and the commits that came after it."""
        manifest = read_manifest(self.storage)
        return manifest, committed_ids(self.storage) - manifest.commits

    def _read(self, query: Query, order: Sequence[str]) -> pd.DataFrame:
        manifest, tail = self._state()
        if not manifest.commits and not tail:
            raise self._nothing_yet()
        files = [self.storage.path(part.key) for part in manifest.of(query.table)]
        pieces = list(self._uncompacted(tail, query))
        schemas = [schema(TABLES[query.table])]
        schemas += [pq.read_schema(file, filesystem=self.storage.fs) for file in files]
        joined = pa.unify_schemas([*schemas, *(piece.schema for piece in pieces)])
        condition = query.condition(joined)
        read = names(joined.names, query.columns)
        kept = [*read, *(name for name in order if name not in read)]
        found = [joined.empty_table().select(kept)]
        if files:
            dataset = ds.dataset(files, schema=joined, filesystem=self.storage.fs, format="parquet")
            # Without Arrow's threads, for the reason that `read_parquet` gives.
            options = ds.ParquetFragmentScanOptions(pre_buffer=False)
            found.append(
                dataset.to_table(columns=kept, filter=condition, use_threads=False, fragment_scan_options=options)
            )
        for piece in pieces:
            whole = pa.concat_tables([joined.empty_table(), piece], promote_options="default")
            found.append((whole if condition is None else whole.filter(condition)).select(kept))
        table = pa.concat_tables(found).sort_by([(column, "ascending") for column in order])
        frame: pd.DataFrame = table.select(read).to_pandas()
        return frame

    def _uncompacted(self, tail: frozenset[str], query: Query) -> Iterator[pa.Table]:
        """The table of each commit that is not compacted yet, of those that the filters want."""
        results = fresh_results(self.storage, query.among(tail))
        keys = query.keys()
        rows = results.table if keys is None else results.table.filter(keys)
        for trial_id in rows["trial_id"].to_pylist():
            yield results.detail(self.storage, trial_id, query.table)

    def _repr_html_(self) -> str:
        """What a notebook shows: how far the sweep is."""
        found = read_status(self.storage, time.time())
        rows = {"trials": found.total, "committed": found.committed, "failed": len(found.failed), "left": found.left}
        cells = "".join(f"<tr><th>{name}</th><td>{count}</td></tr>" for name, count in rows.items())
        return f"<table><caption>{html.escape(self.storage.url)}</caption>{cells}</table>"

    def _nothing_yet(self) -> UserError:
        return UserError(f"{self.storage.url} has no finished trial yet: see `dreamsweep status {self.storage.url}`")


def images(frame: pd.DataFrame) -> list[Image.Image]:
    """The pictures of a frame of `renders`, decoded, in its order."""
    return [decode(image["bytes"]) for image in frame["image"]]


def open_sweep(url: str) -> Sweep:
    """The sweep at a folder or object store URL. Raises UserError if there is none."""
    return Sweep(Storage(url))
