"""An evaluation as people and programs read it: tables of cells, and files."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pipeline.diversity import compare, diversity_table
from pipeline.errors import UserError
from pipeline.evaluation import best_seeds, confusions, rprecision_table

if TYPE_CHECKING:
    from pipeline.evaluation import Evaluation

_CONFUSIONS = 10
_BEST = 20

# Table 1 of the paper (arXiv 2209.14988): R-Precision in percent, colour / geometry, by three CLIP models. In
# parentheses: the same CLIP guided. *: one seed.
PUBLISHED_HEADINGS = ("method", "CLIP B/32", "CLIP B/16", "CLIP L/14")
PUBLISHED = (
    ("photographs", "77.1 / -", "79.1 / -", "- / -"),
    ("Dream Fields", "68.3 / -", "74.2 / -", "- / -"),
    ("Dream Fields, reimplemented", "78.6 / 1.3", "(99.9) / (0.8)", "82.9 / 1.4"),
    ("CLIP-Mesh", "67.8 / -", "75.8 / -", "74.5* / -"),
    ("DreamFusion", "75.1 / 42.5", "77.5 / 46.6", "79.7 / 58.5"),
)
PUBLISHED_TEXT = (
    "Table 1 of the paper, in percent, colour / geometry. These are its own figures, of other models, judged by other "
    "models among 153 other captions; parentheses: the judge had guided; *: one seed"
)


Section = tuple[str, Sequence[str], Sequence[Sequence[str]]]


def whole(evaluation: Evaluation) -> Iterator[Section]:
    """Everything that there is to say, a title, headings and rows each. With two variants, how they compare."""
    yield from precision(evaluation)
    yield diversity(diversity_table(evaluation, ["variant"]), "Diversity across seeds, by variant")
    yield diversity(diversity_table(evaluation), "Diversity across seeds, by prompt and variant")
    variants = sorted(set(evaluation.trials["variant"]))
    if len(variants) == 2:
        first, second = variants
        yield comparison(compare(evaluation.of(first), evaluation.of(second)), first, second)
    best = best_seeds(evaluation)
    rows = [[str(cell) for cell in row] for row in best[["prompt", "variant", "seed", "why"]].values.tolist()]
    more = f"; {len(rows) - _BEST} more in Python: pipeline.open(...).best()" if len(rows) > _BEST else ""
    yield f"Best seeds{more}", ("prompt", "variant", "seed", "why"), rows[:_BEST]


def precision(evaluation: Evaluation) -> Iterator[Section]:
    """R-Precision, what is taken for what, and the published figures."""
    table = rprecision_table(evaluation)
    rows = []
    for (variant, kind), both in table.groupby(["variant", "kind"], sort=True):
        together, one = (both[both["views"] == name].iloc[0] for name in ("together", "one"))
        shown = [_share(found) for found in (together, one)]
        rows.append(
            [str(variant), str(kind), str(together["trials"]), *shown, f"{together['rank']:g}", _number(one["score"])]
        )
    count = len(evaluation.captions)
    title = f"R-Precision among {count} captions, chance {100.0 / count:.2f} %; [95 %, by drawing prompts]"
    yield title, ("variant", "kind", "trials", "views together", "one view", "median rank", "CLIP score"), rows
    yield from _fronts(evaluation)
    wrong = confusions(evaluation)
    pairs = [[str(cell) for cell in row] for row in wrong.head(_CONFUSIONS).values.tolist()]
    yield "Taken for another, most frequent first", ("kind", "prompt", "seen as", "trials", "of"), pairs
    yield PUBLISHED_TEXT, PUBLISHED_HEADINGS, PUBLISHED


def _fronts(evaluation: Evaluation) -> Iterator[Section]:
    judged = evaluation.trials[evaluation.trials["janus"].notna()]
    if len(judged):
        found = judged.assign(janus=judged["janus"].astype(int)).groupby("variant")["janus"].agg(["sum", "size"])
        rows = [[str(name), str(row["sum"]), str(row["size"])] for name, row in found.iterrows()]
        yield "Two fronts (Janus)", ("variant", "trials with two", "of"), rows


def diversity(table: pd.DataFrame, title: str = "Diversity across seeds") -> Section:
    """A table of `diversity_table`, by whatever it was made."""
    keys = [name for name in ("prompt", "variant") if name in table]
    names = [*keys, "seeds", "distance", "Vendi", "between prompts"]
    if len(keys) == 2:
        names += ["nearest", "farthest"]
    names += ["geometry distance", "geometry Vendi", "between prompts"]
    rows = []
    for _, row in table.iterrows():
        cells = [*(str(row[key]) for key in keys), str(row["seeds"]), _ranged(row, "distance"), _number(row["vendi"])]
        cells.append(_number(row["between"]))
        if len(keys) == 2:
            cells += [_seeds(row["nearest_pair"]), _seeds(row["farthest_pair"])]
        cells += [
            _ranged(row, "geometry_distance"),
            *(_number(row[f"geometry_{name}"]) for name in ("vendi", "between")),
        ]
        rows.append(cells)
    return title, names, rows


def comparison(table: pd.DataFrame, first: str, second: str) -> Section:
    """A table of `compare`."""
    rows = [
        [
            row["measure"],
            *(_number(row[name]) for name in ("first", "second", "difference")),
            f"{row['p']:.4g}",
            str(row["prompts"]),
            str(row["trials"]),
            f"all {row['deals']}" if row["exact"] else f"{row['deals']} random",
        ]
        for _, row in table.iterrows()
    ]
    names = ("measure", first, second, "difference", "p", "prompts", "trials", "deals of seeds")
    return f"{first} and {second}, by permutation of the seeds of each prompt", names, rows


def check_defined(table: pd.DataFrame) -> None:
    """Raise UserError where no row of a diversity table has two seeds."""
    if table.empty or table["distance"].isna().all():
        raise UserError(
            "diversity is between seeds, and no prompt has two finished seeds of one variant: give the sweep more "
            "`seeds`, or wait until more trials have finished"
        )


def encode(frame: pd.DataFrame, form: Literal["csv", "json"]) -> bytes:
    """The frame as a file's bytes: all digits, pairs of seeds as `0 3` or lists, nothing or null for undefined."""
    if form == "csv":
        plain = frame.map(lambda cell: " ".join(map(str, cell)) if isinstance(cell, tuple) else cell)
        return plain.to_csv(index=False).encode()
    text = io.StringIO()
    frame.to_json(text, orient="records", indent=2, force_ascii=False, double_precision=15)
    return text.getvalue().encode() + b"\n"


def as_data(evaluation: Evaluation) -> dict[str, Any]:
    """The whole evaluation as plain data for JSON, with all digits; the tables as lists of rows."""
    tables = {
        "trials": evaluation.trials,
        "rprecision": rprecision_table(evaluation),
        "confusions": confusions(evaluation),
        "diversity": diversity_table(evaluation),
        "best": best_seeds(evaluation),
    }
    rows = {name: json.loads(encode(table, "json")) for name, table in tables.items()}
    return {"judge": evaluation.judge, "captions": len(evaluation.captions), **rows}


def _share(row: pd.Series[Any]) -> str:
    text = f"{100.0 * row['share']:.1f} %"
    if not math.isnan(row["low"]):
        text += f" [{100.0 * row['low']:.1f}, {100.0 * row['high']:.1f}]"
    return f"{text}, {row['found']} of {row['of']}"


def _ranged(row: pd.Series[Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return _number(row[name]) + ("" if math.isnan(low) else f" [{low:.4f}, {high:.4f}]")


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _seeds(pair: tuple[int, int] | None) -> str:
    return "-" if pair is None else f"{pair[0]} and {pair[1]}"
