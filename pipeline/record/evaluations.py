"""What a judge made of the trials, kept beside the data set: derived from it, so that all of it can be made again.

For every judge there is a folder with numbered pointers, of which the newest holds. One is made last, from the one
before, and created once: of writers who race one wins, and the others begin again from there (`Overtaken`). Old ones
are emptied and never deleted, so that nobody who comes late makes one of them again. A pointer names files by their
content, so that writers write the same bytes or other keys, and a reader sees whole files only:

- `objects`: a row a trial with what the judge sees in its views, and the shape of its object. A file that has reached
  its full size is never written again; the open one is joined with what is new.
- `texts`: what the judge reads in captions.
- `answers`: a row a trial, one file a set of captions: the columns that `trials` shows.

`evaluation/current.json` names the answers that were asked for last. A file is deleted when neither this nor the newest
pointer nor the one before it lists it any more.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa

from pipeline import paths
from pipeline.errors import CorruptResult
from pipeline.record.results import read_hashed
from pipeline.record.tables import parquet_bytes
from pipeline.schema import EVALUATED, schema
from pipeline.storage import Storage

VERSION = 1
OBJECTS_IN_FILE = 512

_VIEWS = pa.list_(pa.list_(pa.float32()))
OBJECTS = pa.schema(
    [
        ("trial_id", pa.string()),
        ("color", _VIEWS),  # a direction a view, in order
        ("textureless", _VIEWS),
        ("shape", pa.binary()),  # `dreamcore.evaluate.shapes.packed`; null where the trial left none
    ]
)
TEXTS = pa.schema([("text", pa.string()), ("direction", pa.list_(pa.float32()))])
ANSWERS = schema(EVALUATED)


@dataclass(frozen=True, kw_only=True)
class File:
    """`rows` of a file; `of` is what its rows are about, by a hash."""

    key: str
    sha256: str
    rows: int
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What there is of one judge, by pointer `version`, 0 before the first. `answers` by fingerprint of the captions.
    `previous` are the keys that the pointer before this one listed, kept for readers that have it open."""

    judge: str
    version: int = 0
    objects: tuple[File, ...] = ()
    texts: File | None = None
    answers: Mapping[str, File] = field(default_factory=dict)
    previous: tuple[str, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """Of all files."""
        texts = [] if self.texts is None else [self.texts]
        return tuple(file.key for file in (*self.objects, *texts, *self.answers.values()))


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The evaluation that `trials` shows."""

    judge: str
    captions: int
    file: File


class Overtaken(Exception):
    """Another writer has made the pointer after this one: begin again from that."""


def folder_of(judge: str) -> str:
    """The name of a judge's folder: what people call it, and a hash of its whole identity."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", judge.partition("@")[0].removeprefix("open_clip:")).strip("-") or "judge"
    return f"{name[:40]}-{fingerprint([judge])[:12]}"


def fingerprint(texts: Iterable[str]) -> str:
    """Of texts in their order."""
    return hashlib.sha256(json.dumps(list(texts), ensure_ascii=False).encode()).hexdigest()


def read_kept(storage: Storage, judge: str) -> Kept:
    """What there is of the judge; nothing before the first evaluation, if another version wrote it, or if it is
    damaged: it can be made again."""
    number, content = _newest(storage, folder_of(judge))
    try:
        data = json.loads(content)
    except ValueError:
        return Kept(judge=judge, version=number)
    if not data or data["format"] != VERSION or data["judge"] != judge:
        return Kept(judge=judge, version=number)
    return Kept(
        judge=judge,
        version=number,
        objects=tuple(File(**file) for file in data["objects"]),
        texts=None if data["texts"] is None else File(**data["texts"]),
        answers={captions: File(**file) for captions, file in data["answers"].items()},
        previous=tuple(data["previous"]),
    )


def read_rows(storage: Storage, files: Sequence[File], kind: pa.Schema) -> tuple[pa.Table, tuple[File, ...]]:
    """The rows of the files that are as they were written, and those files. What is lost is to be made again."""
    tables, whole = [kind.empty_table()], []
    for file in files:
        try:
            tables.append(read_hashed(storage, file.key, file.sha256).cast(kind))
            whole.append(file)
        except CorruptResult:
            continue
    return pa.concat_tables(tables), tuple(whole)


def write_rows(storage: Storage, judge: str, name: str, table: pa.Table, of: str = "") -> File:
    """A file named `name` and its content. Not listed anywhere yet."""
    content = parquet_bytes(table)
    digest = hashlib.sha256(content).hexdigest()
    key = paths.evaluation_file(folder_of(judge), name, digest[:16])
    storage.write(key, content)
    return File(key=key, sha256=digest, rows=table.num_rows, of=of)


def _newest(storage: Storage, folder: str) -> tuple[int, bytes]:
    """The number and content of the newest pointer; 0 and nothing before the first."""
    keys = storage.list(paths.evaluation_pointers(folder))
    while keys:
        content = storage.read(keys[-1])
        last, keys = keys[-1], storage.list(paths.evaluation_pointers(folder))
        if keys[-1] == last:  # else it may have been emptied meanwhile
            return int(last.rpartition("/")[2].removesuffix(".json")), content
    return 0, b"{}"


def switch(storage: Storage, before: Kept, after: Kept) -> Kept:
    """Make `after` what there is of the judge, and remove what only the pointer before `before` listed. Files that no
    pointer lists yet may be another writer's. Raises Overtaken."""
    folder, made = folder_of(after.judge), replace(after, version=before.version + 1, previous=before.keys())
    content = json.dumps({"format": VERSION, **asdict(made)}).encode()
    if not storage.create(paths.evaluation_pointer(folder, made.version), content):
        raise Overtaken
    if made.version > 2:
        storage.write(paths.evaluation_pointer(folder, made.version - 2), b"{}")
    for key in set(before.previous) - {*made.keys(), *made.previous, _shown(storage)}:
        storage.delete(key)
    return made


def _shown(storage: Storage) -> str:
    """The key of the file that `trials` shows; empty for none."""
    try:
        return str(json.loads(storage.read(paths.EVALUATION_POINTER))["file"]["key"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ""


def show(storage: Storage, judge: str, captions_id: str, captions: int) -> None:
    """Let `trials` show the judge's answers about these captions, of which there are so many. If newer answers are made
    meanwhile, these: the older ones may be deleted."""
    file = read_kept(storage, judge).answers[captions_id]
    while True:
        content = json.dumps({"version": VERSION, **asdict(Shown(judge=judge, captions=captions, file=file))}).encode()
        storage.write(paths.EVALUATION_POINTER, content)
        newest = read_kept(storage, judge).answers.get(captions_id, file)
        if newest == file:
            return
        file = newest


def with_answers(storage: Storage, trials: pa.Table) -> pa.Table:
    """`trials` with the columns of the newest evaluation; null where a trial is not evaluated yet.

    Raises CorruptResult where they are lost.
    """
    answers = ANSWERS.empty_table()
    try:
        data = json.loads(storage.read(paths.EVALUATION_POINTER))
        if data["version"] == VERSION:
            answers = read_hashed(storage, data["file"]["key"], data["file"]["sha256"]).cast(ANSWERS)
    except FileNotFoundError:
        pass  # not evaluated yet
    except (CorruptResult, ValueError) as error:
        found = error if isinstance(error, CorruptResult) else f"{paths.EVALUATION_POINTER} is damaged"
        raise CorruptResult(f"{found}. Make it again: dreamsweep evaluate {storage.url}") from error
    places = {trial_id: place for place, trial_id in enumerate(answers["trial_id"].to_pylist())}
    indices = pa.array([places.get(trial_id) for trial_id in trials["trial_id"].to_pylist()], pa.int64())
    for column in EVALUATED[1:]:
        trials = trials.append_column(column.field, answers[column.name].combine_chunks().take(indices))
    return trials
