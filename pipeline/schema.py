"""The three tables of a sweep: column names, types and what they mean.

`trials` has a row a trial, `history` a row a logged step, `renders` a row a view. All three begin with the same key
columns, so that each can be read alone or joined on `trial_id`. Metric and config columns are open: they are whatever
the trials of the sweep have, under the prefixes below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.events import FailureClass

METRIC = "metric_"
CONFIG = "config."
TAG = "tags."

IMAGE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
INSTANT = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True)
class Column:
    name: str
    type: pa.DataType
    description: str

    @property
    def field(self) -> pa.Field:
        return pa.field(self.name, self.type)


KEYS = (
    Column("trial_id", pa.string(), "20 hexadecimal digits: a hash of prompt, seed, config and prior."),
    Column("prompt", pa.string(), "The text that was optimised for."),
    Column("seed", pa.int64(), "The seed of every random draw of the trial."),
    Column("variant", pa.string(), "The name of the cell of the grid, or of the listed variant."),
)

_FAILURES = {
    FailureClass.USER: "an exception that would come again (config, prior, a bug)",
    FailureClass.INFRASTRUCTURE: "a lost worker, a lost node or failed storage",
    FailureClass.PREEMPTION: "an announced preemption; never charged to a budget",
    FailureClass.OUT_OF_MEMORY: "a full device",
    FailureClass.DIVERGENCE: "a diverged optimisation",
    FailureClass.POISON: "the death of a worker that had nothing else on board, after others had died of it too",
    FailureClass.STOPPED: "a stop that somebody asked for; never charged to a budget",
}


def failures_column(failure: FailureClass) -> str:
    """The column of `trials` that counts attempts which ended so."""
    return f"failures_{failure.value}"


TRIALS = (
    *KEYS,
    Column("tags", pa.string(), "The prompt's tags as a JSON object of strings; `Sweep.trials()` gives dicts."),
    Column(
        "parent",
        pa.string(),
        "The trial that diverged and whose place this one takes with another seed; null for what was asked for.",
    ),
    Column("status", pa.string(), "`completed` or `failed`."),
    Column("verdict", pa.string(), "`healthy`, or `collapsed`, `saturated`, `diverged`; null if it failed."),
    Column("reason", pa.string(), "Why the verdict or the failure, in a sentence."),
    Column("steps", pa.int32(), "Optimisation steps done."),
    Column("attempt", pa.int32(), "The number of the attempt whose result this is; for a failed trial the last one."),
    Column("attempts", pa.int32(), "How many attempts were started."),
    *(
        Column(failures_column(failure), pa.int32(), f"How many attempts ended by {_FAILURES[failure]}.")
        for failure in FailureClass
    ),
    Column("seconds", pa.float64(), "Seconds of optimisation over all attempts that led to the result."),
    Column("steps_per_second", pa.float64(), "Mean optimisation steps a second."),
    Column("device", pa.string(), "The device that finished the trial."),
    Column("prior", pa.string(), "The frozen diffusion model: a JSON object of kind, model and revision."),
    Column("guide", pa.string(), "The image-text model that guided and must not judge, with hashes; null without one."),
    Column("note", pa.string(), "What the trial was to leave and could not, and why; null if it left all."),
    Column("software", pa.string(), "Versions that made the result, as in `dreamsweep 0.1.0, torch 2.14.1`."),
    Column("started_at", INSTANT, "When the attempt of the result started."),
    Column("finished_at", INSTANT, "When the attempt of the result ended."),
    Column("config", pa.string(), "The whole resolved config as a JSON object."),
)

EVALUATED = (
    KEYS[0],
    Column("judge", pa.string(), "The image-text model that judged, with hashes of its weights."),
    Column("captions", pa.int32(), "Among how many captions the prompt was sought."),
    Column("views", pa.int32(), "How many colour views were judged."),
    Column("clip_score", pa.float64(), "Cosine of prompt and colour views, a mean over the views."),
    Column("clip_score_geometry", pa.float64(), "The same of the views without texture."),
    Column("rank_color", pa.int32(), "Captions that fit the colour views together as well as the prompt: 1 is found."),
    Column("rank_geometry", pa.int32(), "The same of the views without texture."),
    Column("found_color", pa.bool_(), "Whether the colour views together retrieve the prompt. A tie is a miss."),
    Column("found_geometry", pa.bool_(), "The same of the views without texture."),
    Column("saw_color", pa.string(), "The caption that the colour views together do retrieve."),
    Column("saw_geometry", pa.string(), "The same of the views without texture."),
    Column("views_found_color", pa.int32(), "How many colour views retrieve the prompt, each alone."),
    Column("views_found_geometry", pa.int32(), "The same of the views without texture."),
    Column("views_geometry", pa.int32(), "How many views without texture were judged."),
    Column("janus", pa.bool_(), "Whether there is more than one front; null where the tag `directional` is not true."),
    Column("view_consistency", pa.float64(), "Cosine of neighbouring colour views, a mean around the object."),
)

HISTORY = (*KEYS, Column("step", pa.int32(), "Steps done when the metrics were taken, from 1."))

RENDERS = (
    *KEYS,
    Column("view", pa.int32(), "The number of the view, from 0; kinds of one view share it."),
    Column(
        "kind",
        pa.string(),
        "`color`, `textureless` or `depth`; `occupancy` is no view but the space that the object fills, slice by slice "
        "from the lowest.",
    ),
    Column("azimuth", pa.float32(), "Degrees around the vertical axis; null for an image that no camera took."),
    Column("elevation", pa.float32(), "Degrees above the horizon, or null."),
    Column("radius", pa.float32(), "Distance of the camera from the origin, in scene units, or null."),
    Column("image", IMAGE, "The PNG file, as Hugging Face `Image`: a struct of `bytes` and `path`."),
)

TABLES: dict[str, tuple[Column, ...]] = {"trials": TRIALS, "history": HISTORY, "renders": RENDERS}

_TABLE_TEXTS = {
    "trials": "One row a trial, completed or failed; no images.",
    "history": "One row a logged step of a completed trial.",
    "renders": "One row a rendered view of a completed trial.",
}
_EVALUATED_TEXT = (
    "`dreamsweep evaluate` adds the following ([what they mean](evaluation.md)). They are those of its last run, and\n"
    "null where it has not been."
)
_OPEN_COLUMNS = {
    "trials": (
        (f"{METRIC}coverage", "double", "Mean opacity of the views."),
        (f"{METRIC}chroma", "double", "Greatest less least of red, green and blue, a mean over the visible object."),
        (f"{METRIC}floaters", "double", "Share of the object's opacity outside its largest connected piece."),
        (f"{METRIC}thickness", "double", "Least over largest extent of the object, along its principal axes."),
        (f"{CONFIG}<key>", "int64, double, bool or string", "A config key that differs between trials, dotted."),
        (f"{METRIC}<name>", "double", "A summary metric of the finished trial."),
    ),
    "history": (("<metric>", "float", "A metric of the step; null where the trial has none of that name."),),
    "renders": (),
}


def schema(columns: Sequence[Column], extra: Sequence[pa.Field] = ()) -> pa.Schema:
    """The Arrow schema of the columns and then the `extra` fields. Image columns are declared to Hugging Face
    `datasets` in the schema's metadata; the other types it reads from Arrow."""
    fields = [column.field for column in columns] + list(extra)
    metadata = None
    if any(column.type == IMAGE for column in columns):
        metadata = {"huggingface": json.dumps({"info": {"features": {f.name: _feature(f.type) for f in fields}}})}
    return pa.schema(fields, metadata=metadata)


def _feature(kind: pa.DataType) -> dict[str, str]:
    if kind == IMAGE:
        return {"_type": "Image"}
    return {"dtype": "float32" if kind == pa.float32() else str(kind), "_type": "Value"}


def with_config_columns(trials: pa.Table) -> pa.Table:
    """`trials` with a column `config.<key>` for every dotted config key that differs between its rows.

    The column `config` must be dictionary-encoded: each distinct config is read once.
    """
    column = trials["config"].combine_chunks()
    flat = [flat_config(json.loads(text)) if text else {} for text in column.dictionary.to_pylist()]
    keys = sorted({key for config in flat for key in config})
    used = [flat[i] for i in sorted(set(column.indices.drop_null().to_pylist()))]
    indices = column.indices
    for key in keys:
        if len({json.dumps(config.get(key)) for config in used}) > 1:
            values = _column([config.get(key) for config in flat])
            trials = trials.append_column(CONFIG + key, values.take(indices))
    return trials


def with_tag_columns(trials: pa.Table) -> pa.Table:
    """`trials` with a column of text `tags.<name>` for every tag that any row has."""
    tags = [json.loads(text) if text else {} for text in trials["tags"].to_pylist()]
    for name in dict.fromkeys(name for row in tags for name in row):
        trials = trials.append_column(TAG + name, pa.array([row.get(name) for row in tags], pa.string()))
    return trials


def flat_config(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one with dotted keys; lists become JSON text."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found |= flat_config(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = json.dumps(value) if isinstance(value, list) else value
    return found


def _column(values: Sequence[Any]) -> pa.Array:
    """The values as booleans, integers or floats if all are, else as text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int}:
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array(values, pa.float64())
    return pa.array([value if value is None or isinstance(value, str) else json.dumps(value) for value in values])


def results_reference() -> str:
    """docs/results.md: every table and column, generated from this module."""
    lines = [
        "# The tables of a sweep",
        "",
        "Generated from `pipeline/schema.py`; change it there.",
        "",
        "`pipeline.open(url)` reads them as pandas frames, results that are not compacted yet included. The Parquet",
        "files are in `dataset/` of the sweep's storage; the newest of `dataset/manifests/` lists those that are "
        "current.",
    ]
    for table, columns in TABLES.items():
        lines += ["", f"## {table}", "", _TABLE_TEXTS[table], "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {_shown(column.type)} | {column.description} |" for column in columns]
        lines += [f"| `{name}` | {kind} | {text} |" for name, kind, text in _OPEN_COLUMNS[table]]
        if table == "trials":
            lines += ["", _EVALUATED_TEXT, "", "| column | type | meaning |", "|---|---|---|"]
            lines += [f"| `{one.name}` | {_shown(one.type)} | {one.description} |" for one in EVALUATED[1:]]
    return "\n".join(lines) + "\n" + _WHERE_TEXT


_WHERE_TEXT = """
## where

`sweep.trials(where)`, `sweep.history(where)`, `sweep.renders(where)` and `dreamsweep results --where` take a condition
over the columns of that table:

```python
sweep.trials("verdict == 'healthy' and metric_opacity > 0.1", columns=["prompt", "seed", "metric_opacity"])
sweep.trials("tags.kind == 'toy' and config.guidance.scale in [20, 100]")
sweep.trials("status == 'failed' or verdict is None or finished_at > '2026-01-31T12:00'")
sweep.history("step >= 100 and step < 200 and residual > 1")
sweep.renders("kind == 'color' and 'duck' in prompt and azimuth < 90")
```

It is a small part of Python: columns, text in quotes, numbers, `True`, `False`, comparisons, `in`, `and`, `or`, `not`,
`is None`, `is not None`. Text compares with text, numbers with numbers, times with a text such as `'2026-01-31'` (UTC).
As in SQL, a row without a value meets neither a comparison with it nor the negation of one. Of `history` and `renders`
only the row groups that can hold such rows are read, and only the columns that are asked for.

To filter steps or views by what `trials` says, pass ids: `sweep.renders(trial_id=sweep.trials(where)["trial_id"])`.

## Several sweeps

`pipeline.join(url, url)` has the same `trials`, `history` and `renders` with a first column `sweep`, the name in the
spec; two sweeps of one name are told apart by their place. `joined.matches(on)` sets the trials of two sweeps side by
side, each column twice: on `"trial_id"`, which finds the same prompt, seed, config and prior and so the same content,
or on columns such as `["prompt", "seed"]`, which also finds other settings. On the command line:
`dreamsweep results A --with B`.

## Other readers

The files are plain Parquet: `select * from read_parquet(...)` in DuckDB, where an image is a struct with `image.bytes`,
and `load_dataset("parquet", data_files=...)` of Hugging Face `datasets`, which decodes the images.
`sweep.files("trials")` names the files of the current generation. They have what is compacted, which is everything once
a run has ended.
"""


def _shown(kind: pa.DataType) -> str:
    if kind == IMAGE:
        return "struct of bytes, path"
    return str(kind)
