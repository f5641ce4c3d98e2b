"""What a judge sees in finished trials and answers about them, each asked once and kept.

Only trials that have finished since the last time are looked at, and only captions that are new are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dreamcore.evaluate.form import cube
from dreamcore.evaluate.shapes import cylinder, packed
from pipeline import judging
from pipeline.judging import Directions
from pipeline.pictures import decode
from pipeline.record.evaluations import (
    ANSWERS,
    OBJECTS,
    OBJECTS_IN_FILE,
    TEXTS,
    File,
    Kept,
    fingerprint,
    read_rows,
    switch,
    write_rows,
)
from pipeline.record.stream import stream_renders
from pipeline.schema import EVALUATED
from pipeline.storage import Storage

if TYPE_CHECKING:
    from dreamcore.image_text import ImageTextModel

COLOR, GEOMETRY, OCCUPANCY = "color", "textureless", "occupancy"

Report = Callable[[str, int, int], None]


# ---- looking ---------------------------------------------------------------------------------------------------------


def captions_id(names: Sequence[str]) -> str:
    """Names a set of captions."""
    return fingerprint(names)[:16]


def look_at(
    storage: Storage, model: ImageTextModel, kept: Kept, trial_ids: Sequence[str], report: Report | None
) -> tuple[Kept, pa.Table]:
    """Everything that the judge has seen, in no order. What is new is kept file by file, so that little is lost if
    this is stopped."""
    pairs = [(file, read_rows(storage, [file], OBJECTS)[0]) for file in kept.objects]
    full = [(file, table) for file, table in pairs if table.num_rows == file.rows >= OBJECTS_IN_FILE]
    seen = [table for _, table in full]
    batch = [table for file, table in pairs if table.num_rows == file.rows < OBJECTS_IN_FILE]
    there = {trial_id for table in (*seen, *batch) for trial_id in table["trial_id"].to_pylist()}
    missing = [trial_id for trial_id in trial_ids if trial_id not in there]
    files, new = [file for file, _ in full], 0
    for done, row in enumerate(_looked_at(storage, model, missing), 1):
        batch.append(row)
        new += 1
        if report is not None:
            report("trials looked at", done, len(missing))
        if sum(table.num_rows for table in batch) >= OBJECTS_IN_FILE:
            kept, files = _keep(storage, kept, files, batch)
            seen, batch, new = [*seen, pa.concat_tables(batch)], [], 0
    if new:
        kept, _ = _keep(storage, kept, files, batch)
    return kept, pa.concat_tables([OBJECTS.empty_table(), *seen, *batch])


def _keep(storage: Storage, kept: Kept, files: list[File], batch: list[pa.Table]) -> tuple[Kept, list[File]]:
    made = write_rows(storage, kept.judge, "objects", pa.concat_tables(batch).combine_chunks())
    return switch(storage, kept, replace(kept, objects=(*files, made))), [*files, made]


def _looked_at(storage: Storage, model: ImageTextModel, trial_ids: Sequence[str]) -> Iterator[pa.Table]:
    """A row of `OBJECTS` for each of these trials that has colour views."""
    if not trial_ids:
        return
    for views in stream_renders(storage, trial_ids, [COLOR, GEOMETRY, OCCUPANCY]):
        pngs: dict[str, list[bytes]] = {COLOR: [], GEOMETRY: [], OCCUPANCY: []}
        for kind, image in zip(views["kind"].to_pylist(), views["image"].to_pylist(), strict=True):
            pngs[kind].append(image["bytes"])
        if not pngs[COLOR]:
            continue
        columns = {
            "trial_id": [views["trial_id"][0].as_py()],
            COLOR: [list(judging.look(model, pngs[COLOR]))],
            GEOMETRY: [list(judging.look(model, pngs[GEOMETRY])) if pngs[GEOMETRY] else None],
            "shape": [_shape(pngs[OCCUPANCY][0]) if pngs[OCCUPANCY] else None],
        }
        yield pa.Table.from_arrays([pa.array(columns[one.name], one.type) for one in OBJECTS], schema=OBJECTS)


def _shape(png: bytes) -> bytes | None:
    """None for a scene in which nothing is."""
    occupied = cube(np.asarray(decode(png).convert("L")))
    return packed(cylinder(occupied)) if occupied.any() else None


# ---- answers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """One trial that the judge has seen: its prompt, what was seen of it, whether it has a front."""

    trial_id: str
    prompt: str
    objects: pa.Table
    place: int
    front: bool

    def views(self) -> dict[str, Directions]:
        """By `color` and, where there is a scene, `geometry`."""
        found = {}
        for name, kind in (("color", COLOR), ("geometry", GEOMETRY)):
            directions = self.objects[kind][self.place].values
            if directions is not None:
                found[name] = directions.flatten().to_numpy().reshape(len(directions), -1).astype(np.float64)
        return found


def in_order(trials: pa.Table, objects: pa.Table, fronts: set[str]) -> list[Seen]:
    """Those of `trials` that are among `objects`, in order; `fronts` are the ids of those with a front."""
    places = {trial_id: place for place, trial_id in enumerate(objects["trial_id"].to_pylist())}
    keys = zip(trials["trial_id"].to_pylist(), trials["prompt"].to_pylist(), strict=True)
    objects = objects.combine_chunks()
    return [
        Seen(trial_id, prompt, objects, places[trial_id], trial_id in fronts)
        for trial_id, prompt in keys
        if trial_id in places
    ]


def answer_all(
    storage: Storage, model: ImageTextModel, kept: Kept, seen: Sequence[Seen], names: Sequence[str]
) -> tuple[Kept, pa.Table]:
    """The rows of `ANSWERS`: those that are kept if they are of just these trials, else made anew and kept."""
    of = fingerprint(f"{one.trial_id} {one.front}" for one in seen)
    there = kept.answers.get(captions_id(names))
    if there is not None and there.of == of:
        table, whole = read_rows(storage, [there], ANSWERS)
        if whole:
            return kept, table
    prompts = dict.fromkeys(one.prompt for one in seen if one.front)
    kept, read = _read(storage, model, kept, judging.texts_for(names, list(prompts)))
    texts = np.stack([read[name] for name in names]).astype(np.float64)
    places = {name: place for place, name in enumerate(names)}
    rows = []
    for one in seen:
        faces = np.stack([read[text] for text in judging.texts_for([], [one.prompt])]) if one.front else None
        found = judging.answers_of(one.views(), texts, names, places[one.prompt], faces)
        rows.append({"trial_id": one.trial_id, "judge": kept.judge, "captions": len(names), **found})
    arrays = [pa.array([row.get(column.name) for row in rows], column.type) for column in EVALUATED]
    table = pa.Table.from_arrays(arrays, schema=ANSWERS)
    made = write_rows(storage, kept.judge, f"answers-{captions_id(names)}", table, of)
    return switch(storage, kept, replace(kept, answers={**kept.answers, captions_id(names): made})), table


def _read(
    storage: Storage, model: ImageTextModel, kept: Kept, texts: Sequence[str]
) -> tuple[Kept, dict[str, Directions]]:
    """What the judge reads in the texts; new ones are kept."""
    files = [] if kept.texts is None else [kept.texts]
    rows = read_rows(storage, files, TEXTS)[0].to_pylist()
    read = {row["text"]: np.array(row["direction"], np.float32) for row in rows}
    new = [text for text in texts if text not in read]
    if new:
        read |= dict(zip(new, judging.read_texts(model, new), strict=True))
        columns = [pa.array(list(read), pa.string()), pa.array(list(read.values()), pa.list_(pa.float32()))]
        made = write_rows(storage, kept.judge, "texts", pa.Table.from_arrays(columns, schema=TEXTS))
        kept = switch(storage, kept, replace(kept, texts=made))
    return kept, read
