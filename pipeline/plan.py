"""What a sweep will run: an immutable, ordered table of trials, and where it is kept.

The order is variant, then prompt, then seed. A trial's id depends on its own content alone, so a sweep that grows keeps
the ids it had. In storage a plan is a row of numbered parts that never change: what each extension of the sweep added.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dreamcore.plain import to_dict
from pipeline import paths
from pipeline.errors import StorageError, UserError
from pipeline.prompts import PromptRow
from pipeline.spec import SweepSpec
from pipeline.storage import Storage
from pipeline.trial import Trial, check_trial_id, trial_id

if TYPE_CHECKING:
    import pyarrow as pa

MAX_TRIALS = 1_000_000
_SPEC_KEY = b"dreamsweep.spec"


@dataclass(frozen=True)
class Plan:
    """Raises UserError if two trials have the same id, and so would be the same run."""

    trials: tuple[Trial, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[str, Trial] = {}
        for trial in self.trials:
            if trial.trial_id in seen:
                first, second = _shown(seen[trial.trial_id]), _shown(trial)
                raise UserError(f"the same trial is planned twice, as {first} and as {second}. Drop one")
            seen[trial.trial_id] = trial

    def __len__(self) -> int:
        return len(self.trials)

    def without(self, ids: set[str]) -> Plan:
        """The trials whose id is not among `ids`, in the same order."""
        return Plan(tuple(trial for trial in self.trials if trial.trial_id not in ids))


def _shown(trial: Trial) -> str:
    return f"(prompt {trial.prompt!r}, seed {trial.seed}, variant {trial.variant})"


def make_plan(spec: SweepSpec, prompts: Sequence[PromptRow]) -> Plan:
    """Every variant x prompt x seed of the spec. Raises UserError if two of them are the same or there are too many."""
    configs = [(name, to_dict(config)) for name, config in spec.configs()]
    count = len(configs) * len(prompts) * len(spec.seeds)
    if count > MAX_TRIALS:
        raise UserError(
            f"{len(configs)} variants x {len(prompts)} prompts x {len(spec.seeds)} seeds are {count} trials; "
            f"a sweep may have {MAX_TRIALS}"
        )
    prior = spec.prior.identity()
    return Plan(
        tuple(
            Trial(
                trial_id=trial_id(row.prompt, seed, config, prior),
                prompt=row.prompt,
                seed=seed,
                variant=name,
                config=config,
                prior=prior,
                tags=row.tags,
            )
            for name, config in configs
            for row in prompts
            for seed in spec.seeds
        )
    )


# ---- as a table ------------------------------------------------------------------------------------------------------


def to_table(plan: Plan) -> pa.Table:
    """A row a trial; `config`, `prior` and `tags` are JSON objects as text."""
    import pyarrow as pa

    trials = plan.trials
    return pa.table(
        {
            "trial_id": pa.array([trial.trial_id for trial in trials], pa.string()),
            "variant": pa.array([trial.variant for trial in trials], pa.string()),
            "prompt": pa.array([trial.prompt for trial in trials], pa.string()),
            "seed": pa.array([trial.seed for trial in trials], pa.int64()),
            "steps": pa.array([trial.steps for trial in trials], pa.int32()),
            "parent": pa.array([trial.parent or None for trial in trials], pa.string()),
            "tags": _json_column([trial.tags for trial in trials]),
            "prior": _json_column([trial.prior for trial in trials]),
            "config": _json_column([trial.config for trial in trials]),
        }
    )


def _json_column(values: Sequence[Mapping[str, Any]]) -> pa.DictionaryArray:
    """The mappings as JSON text, each distinct object once: all trials of a variant share one long config."""
    import pyarrow as pa

    distinct = {id(value): value for value in values}
    position = {key: i for i, key in enumerate(distinct)}
    texts = [json.dumps(dict(value)) for value in distinct.values()]
    indices = pa.array([position[id(value)] for value in values], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, pa.string()))


def from_table(table: pa.Table) -> Plan:
    """The plan that `to_table` wrote. Raises ValueError for a table that holds no plan."""
    parse = functools.cache(json.loads)  # trials of a variant share one config, here as in a plan that was just made
    try:
        trials = [
            Trial(
                trial_id=check_trial_id(row["trial_id"]),
                prompt=row["prompt"],
                seed=row["seed"],
                variant=row["variant"],
                config=parse(row["config"]),
                prior=parse(row["prior"]),
                tags=parse(row["tags"]),
                parent=check_trial_id(parent) if (parent := row.get("parent")) else "",
            )
            for row in table.to_pylist()
        ]
    except KeyError as error:
        raise ValueError(f"a plan has a column {error}, this table has none") from error
    return Plan(tuple(trials))


# ---- in storage ------------------------------------------------------------------------------------------------------


def stored_plan(storage: Storage) -> Plan:
    """All trials that the sweep was ever asked for, in the order of asking; empty for a new sweep."""
    return Plan(
        tuple(trial for number in _numbers(storage, paths.PLAN) for trial in _read_part(storage, number)[0].trials)
    )


def with_children(plan: Plan, stored: Plan) -> Plan:
    """The plan and those stored trials that took the place of one of its own."""
    ids = {trial.trial_id for trial in plan.trials}
    children = (trial for trial in stored.trials if trial.parent in ids and trial.trial_id not in ids)
    return Plan((*plan.trials, *children))


def stored_spec(storage: Storage) -> str | None:
    """The YAML text that the sweep was last run by, or else that added the newest part of the plan; None for a new
    sweep."""
    if storage.exists(paths.SETTINGS):
        return storage.read(paths.SETTINGS).decode()
    numbers = _numbers(storage, paths.PLAN)
    return _read_part(storage, numbers[-1])[1] if numbers else None


def store_settings(storage: Storage, spec_text: str) -> None:
    """Let later drivers go by this spec, also where it asks for no new trials but, say, for more workers."""
    if stored_spec(storage) != spec_text:
        storage.write(paths.SETTINGS, spec_text.encode())


def store_plan(storage: Storage, plan: Plan, spec_text: str) -> Plan:
    """Add the trials that storage does not have, as one more part, and return them.

    Nothing new writes nothing. Of writers that race for a number one wins; the others look again at what is missing.
    """
    while True:
        numbers = _numbers(storage, paths.PLAN)
        new = plan.without({trial.trial_id for trial in stored_plan(storage).trials})
        if not new.trials:
            _restore_specs(storage, numbers)
            return new
        number = numbers[-1] + 1 if numbers else 0
        if storage.create(paths.plan_part(number), _encode(new, spec_text)):
            _restore_specs(storage, [*numbers, number])
            return new


def _numbers(storage: Storage, folder: str) -> list[int]:
    return sorted(number for key in storage.list(folder) if (number := paths.part_number(key)) is not None)


def _restore_specs(storage: Storage, numbers: Sequence[int]) -> None:
    """Write the copies for people of the spec texts that the plan parts hold. A writer may have died before it did."""
    there = _numbers(storage, paths.SPEC)
    for number in numbers:
        if number not in there:
            storage.create(paths.spec_part(number), _read_part(storage, number)[1].encode())


def _encode(plan: Plan, spec_text: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(to_table(plan).replace_schema_metadata({_SPEC_KEY: spec_text.encode()}), sink)
    return bytes(sink.getvalue())


def _read_part(storage: Storage, number: int) -> tuple[Plan, str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    key = paths.plan_part(number)
    try:
        # Arrow's thread pools abort a process that ends soon after a read (apache/arrow#34314): read without them.
        table = pq.ParquetFile(pa.BufferReader(storage.read(key)), pre_buffer=False).read(use_threads=False)
        return from_table(table), (table.schema.metadata or {}).get(_SPEC_KEY, b"").decode()
    except (pa.ArrowException, ValueError) as error:
        raise StorageError(f"{storage.path(key)} cannot be read as a plan: {error}") from error
