"""What a judge made of the trials, kept beside the data set: derived from it, so that all of it can be made again.

For every judge there is a folder with one pointer, `current.json`, which is switched last. It names files by their
content, so that writers who race write the same bytes or other keys, and a reader sees whole files only:

- `objects`: a row a trial with what the judge sees in its views, and the shape of its object. A file that has reached
  its full size is never written again; the open one is joined with what is new.
- `texts`: what the judge reads in captions.
- `answers`: a row a trial, one file a set of captions: the columns that `trials` shows.

`evaluation/current.json` names the answers that were asked for last. A file is deleted when neither the pointer nor the
one before it lists it any more. Of writers who race the last pointer holds; what it lacks is made again when asked.
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
    """What there is of one judge. `answers` by fingerprint of the captions. `previous` are the keys that the pointer
    before this one listed, kept for readers that have it open."""

    judge: str
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
    try:
        data = json.loads(storage.read(paths.evaluation_pointer(folder_of(judge))))
    except (FileNotFoundError, ValueError):
        return Kept(judge=judge)
    if data["version"] != VERSION or data["judge"] != judge:
        return Kept(judge=judge)
    return Kept(
        judge=judge,
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


def switch(storage: Storage, before: Kept, after: Kept) -> Kept:
    """Make `after` what there is of the judge, and remove what only the pointer before `before` listed. Files that no
    pointer lists yet may be another writer's."""
    made = replace(after, previous=before.keys())
    storage.write(
        paths.evaluation_pointer(folder_of(made.judge)), json.dumps({"version": VERSION, **asdict(made)}).encode()
    )
    for key in set(before.previous) - {*made.keys(), *made.previous}:
        storage.delete(key)
    return made


def show(storage: Storage, shown: Shown) -> None:
    """Let `trials` show these answers."""
    content = json.dumps({"version": VERSION, **asdict(shown)}).encode()
    storage.write(paths.EVALUATION_POINTER, content)


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
