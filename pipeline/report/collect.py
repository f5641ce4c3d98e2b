"""From storage to plain data: what is committed and failed now. A sweep that still runs can be reported."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from pipeline.plan import Plan, stored_plan, stored_spec
from pipeline.query import Sweep
from pipeline.record.journal import replay
from pipeline.report.curves import number, variant_lines
from pipeline.report.data import Judgement, Overview, Report, Trial, Variant
from pipeline.report.hours import device_hours
from pipeline.schema import CONFIG, METRIC
from pipeline.status import read_status
from pipeline.storage import Storage
from pipeline.sweeps import stored

_NUMBERS = ("steps", "seconds", "steps_per_second", "attempts")
_FACTS = ("device", "software", "guide", "note", "started_at", "finished_at")


def collect(storage: Storage, judgement: Judgement, now: float) -> Report:
    """Everything but the pictures, as of `now` (seconds since 1970). Raises UserError for a sweep with no finished and
    no failed trial."""
    sweep = Sweep(storage)
    frame = sweep.trials()
    plan = stored_plan(storage)
    trials = _in_order(frame, plan)
    completed = bool((frame["status"] == "completed").any())
    spec = stored_spec(storage)
    assert spec is not None, "a sweep has a plan"
    place = {variant: i for i, variant in enumerate(dict.fromkeys(trial.variant for trial in plan.trials))}
    lines = variant_lines(sweep.history()) if completed else {}
    return Report(
        overview=_overview(storage, plan, frame, now),
        trials=[_judged(_trial(row), judgement) for row in trials],
        lines={name: sorted(each, key=lambda line: place.get(line.name, len(place))) for name, each in lines.items()},
        judgement=_ordered(judgement, plan),
        spec=spec,
    )


def _in_order(frame: pd.DataFrame, plan: Plan) -> list[Mapping[str, object]]:
    """The rows with prompts, variants and seeds in the order of the plan; what no plan has any more comes last."""
    ranks = [{value: i for i, value in enumerate(dict.fromkeys(values))} for values in _axes(plan)]

    def place(row: Mapping[str, object]) -> list[int]:
        return [rank.get(row[name], len(rank)) for rank, name in zip(ranks, ("prompt", "variant", "seed"), strict=True)]

    return sorted(frame.to_dict("records"), key=place)  # type: ignore[arg-type]


def _axes(plan: Plan) -> Iterator[Iterable[object]]:
    """Prompts and variants in the order of the plan, seeds in their own."""
    yield [trial.prompt for trial in plan.trials]
    yield [trial.variant for trial in plan.trials]
    yield sorted({trial.seed for trial in plan.trials})


def _overview(storage: Storage, plan: Plan, frame: pd.DataFrame, now: float) -> Overview:
    status = read_status(storage, now)
    done = frame[frame["status"] == "completed"]
    span = (done["finished_at"].max() - done["started_at"].min()).total_seconds() if len(done) else None
    order = list(dict.fromkeys(trial.variant for trial in plan.trials))
    made = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return Overview(
        name=stored(storage)[0].name,
        planned=status.total,
        committed=status.committed,
        failed=len(status.failed),
        left=status.left,
        prompts=len({trial.prompt for trial in plan.trials}),
        seeds=len({trial.seed for trial in plan.trials}),
        running=status.driver,
        hours=device_hours(replay(storage)),
        span=span,
        steps=int(done["steps"].sum()),
        variants=[_variant(name, frame[frame["variant"] == name]) for name in order],
        priors=_distinct([_prior(text) for text in frame["prior"]]),
        devices=_distinct(done["device"]),
        software=_distinct(done["software"]),
        made=made.strftime("%Y-%m-%d %H:%M UTC"),
    )


def _variant(name: str, frame: pd.DataFrame) -> Variant:
    done = frame[frame["status"] == "completed"]
    return Variant(
        name=name,
        trials=len(frame),
        failed=len(frame) - len(done),
        verdicts={str(verdict): int(count) for verdict, count in done["verdict"].value_counts().items()},
        steps_per_second=number(float(done["steps_per_second"].median())) if len(done) else None,
        seconds=number(float(done["seconds"].median())) if len(done) else None,
    )


def _trial(row: Mapping[str, object]) -> Trial:
    given = {name: value for name, value in row.items() if not _is_missing(value)}
    names = [*_NUMBERS, *(name for name in given if name.startswith(METRIC))]
    numbers = {name.removeprefix(METRIC): number(float(str(given[name]))) for name in names if name in given}
    return Trial(
        trial_id=str(row["trial_id"]),
        prompt=str(row["prompt"]),
        seed=int(str(row["seed"])),
        variant=str(row["variant"]),
        status=str(row["status"]),
        verdict=str(given.get("verdict", "")),
        reason=str(given.get("reason", "")),
        tags={str(name): str(value) for name, value in _mapping(row["tags"]).items()},
        numbers={name: value for name, value in numbers.items() if value is not None},
        facts={"prior": _prior(row["prior"]), **{name: str(given[name]) for name in _FACTS if name in given}},
        differs={name.removeprefix(CONFIG): value for name, value in given.items() if name.startswith(CONFIG)},
        config=json.loads(str(given.get("config", "{}"))),
    )


def _judged(trial: Trial, judgement: Judgement) -> Trial:
    return replace(
        trial,
        numbers={**trial.numbers, **judgement.numbers.get(trial.trial_id, {})},
        facts={**judgement.facts.get(trial.trial_id, {}), **trial.facts},
        marks=tuple(judgement.marks.get(trial.trial_id, ())),
    )


def _ordered(judgement: Judgement, plan: Plan) -> Judgement:
    """The judgement with prompts and variants in the order of the plan."""
    prompts = {prompt: i for i, prompt in enumerate(dict.fromkeys(trial.prompt for trial in plan.trials))}
    variants = {variant: i for i, variant in enumerate(dict.fromkeys(trial.variant for trial in plan.trials))}
    return replace(
        judgement,
        board=sorted(judgement.board, key=lambda row: variants.get(row.variant, len(variants))),
        diversity=sorted(
            judgement.diversity,
            key=lambda row: (prompts.get(row.prompt, len(prompts)), variants.get(row.variant, len(variants))),
        ),
    )


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _prior(text: object) -> str:
    """The prior in words: its kind and whatever else names it, without what is empty."""
    found = json.loads(text) if isinstance(text, str) else {}
    return ", ".join(f"{name} {value}" if name != "kind" else str(value) for name, value in found.items() if value)


def _distinct(values: Sequence[object] | pd.Series) -> list[str]:
    return [str(value) for value in dict.fromkeys(values) if not _is_missing(value)]


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
