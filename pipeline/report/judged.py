"""What the judge says of a sweep, from the frames of `pipeline.evaluation` to plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.report.curves import number
from pipeline.report.data import Confusion, Diverse, Judgement, Retrieved

_NUMBERS = {"clip_score": "CLIP score", "view_consistency": "view consistency"}
_RANKS = {"rank_color": "rank of the prompt, colour", "rank_geometry": "rank of the prompt, geometry"}
_SAW = {"color": "colour", "geometry": "geometry"}
_VIEWS = {"together": "all of an object", "one": "one"}
BEST = "best seed"


@dataclass(frozen=True, kw_only=True)
class Frames:
    """What `pipeline.evaluation` and `pipeline.diversity` give, of one judge and so many captions: `trials` of an
    `Evaluation`, `rprecision_table`, `confusions`, `diversity_table`, `best_seeds`."""

    judge: str
    captions: int
    trials: pd.DataFrame
    rprecision: pd.DataFrame
    confusions: pd.DataFrame
    diversity: pd.DataFrame
    best: pd.DataFrame


def board(frame: pd.DataFrame) -> list[Retrieved]:
    """Rows of `rprecision_table`."""
    return [
        Retrieved(
            variant=str(row["variant"]),
            kind=_SAW[str(row["kind"])],
            views=_VIEWS[str(row["views"])],
            found=int(row["found"]),
            of=int(row["of"]),
            share=_number(row["share"]),
            low=_number(row["low"]),
            high=_number(row["high"]),
            chance=float(row["chance"]),
        )
        for row in frame.to_dict("records")
    ]


def confused(frame: pd.DataFrame) -> list[Confusion]:
    """Rows of `confusions`, the most frequent first."""
    rows = frame.sort_values(["count", "prompt", "saw"], ascending=[False, True, True]).to_dict("records")
    return [
        Confusion(kind=_SAW[str(r["kind"])], prompt=str(r["prompt"]), saw=str(r["saw"]), count=int(r["count"]))
        for r in rows
    ]


def diverse(frame: pd.DataFrame) -> list[Diverse]:
    """Rows of `diversity_table`."""
    return [
        Diverse(
            prompt=str(row["prompt"]),
            variant=str(row["variant"]),
            seeds=int(row["seeds"]),
            distance=_number(row["distance"]),
            low=_number(row["distance_low"]),
            high=_number(row["distance_high"]),
            vendi=_number(row["vendi"]),
            between=_number(row["between"]),
            geometry=_number(row["geometry_distance"]),
            nearest=_pair(row["nearest_pair"], row["nearest"]),
            farthest=_pair(row["farthest_pair"], row["farthest"]),
        )
        for row in frame.to_dict("records")
    ]


def trial_numbers(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """By trial id the scores and ranks that a gallery can be sorted by."""
    names = {name: shown for name, shown in (_NUMBERS | _RANKS).items() if name in frame}
    found: dict[str, dict[str, float]] = {}
    for row in frame.to_dict("records"):
        values = {shown: _number(row[name]) for name, shown in names.items()}
        found[str(row["trial_id"])] = {shown: value for shown, value in values.items() if value is not None}
    return found


def trial_facts(frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    """By trial id what the judge says in words: which prompt it saw, and whether there are two fronts."""
    return {str(row["trial_id"]): _facts(row) for row in frame.to_dict("records")}


def judgement(frames: Frames) -> Judgement:
    """All of it."""
    facts = trial_facts(frames.trials)
    for trial_id, why in zip(frames.best["trial_id"], frames.best["why"], strict=True):
        facts[str(trial_id)] |= {BEST: str(why)}
    return Judgement(
        judge=frames.judge,
        captions=frames.captions,
        board=board(frames.rprecision),
        confusions=confused(frames.confusions),
        diversity=diverse(frames.diversity),
        numbers=trial_numbers(frames.trials),
        facts=facts,
        marks={str(trial_id): (BEST,) for trial_id in frames.best["trial_id"]},
    )


def _facts(row: Mapping[object, object]) -> dict[str, str]:
    said = {}
    for kind, shown in _SAW.items():
        found, saw = row.get(f"found_{kind}"), row.get(f"saw_{kind}")
        if isinstance(saw, str):
            said[f"seen in {shown}"] = "its prompt" if found else saw
    janus = row.get("janus")
    if janus is not None and not _is_missing(janus):
        said["fronts"] = "more than one" if janus else "one"
    return said


def _pair(pair: object, distance: object) -> str:
    """Seeds such as (0, 3) and their distance, in words; nothing where there is no pair."""
    if pair is None or _is_missing(pair):
        return ""
    seeds = pair if isinstance(pair, str) else " and ".join(str(seed) for seed in pair)  # type: ignore[attr-defined]
    value = _number(distance)
    return seeds if value is None else f"{seeds} ({value:.3f})"


def _number(value: object) -> float | None:
    return None if value is None or _is_missing(value) else number(float(str(value)))


def _is_missing(value: object) -> bool:
    return value is pd.NA or (isinstance(value, float) and math.isnan(value))
