"""How different the seeds of a prompt came out, and whether two variants differ in that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from dreamcore.evaluate.bootstrap import Interval, mean_interval, pair_interval
from dreamcore.evaluate.diversity import (
    Pair,
    cosine_distances,
    distance_between_groups,
    farthest,
    mean_distance,
    nearest,
    vendi,
)
from dreamcore.evaluate.permutation import Cell, PermutationTest, Spread, Values, permutation_test
from dreamcore.evaluate.shapes import shape_distances
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.evaluation import Evaluation

CELL = ("prompt", "variant")
_YARDSTICK = 48  # shapes; all pairs of a large sweep would take long
_MEANS = ("distance", "vendi", "geometry_distance", "geometry_vendi")

Distances = Float[np.ndarray, "n n"]


def diversity_table(evaluation: Evaluation, by: Sequence[str] = CELL) -> pd.DataFrame:
    """How different seeds are. By prompt and variant a row each:

    `seeds`, finished; `distance`, the mean cosine distance of two, with a 95 % interval by drawing seeds (NaN with
    fewer than three); `vendi`, how many different ones there seem to be; `nearest` and `farthest` pair, by seeds;
    `between`, the distance of two objects of different prompts of the variant, as a yardstick; and with `geometry_`
    before the name the same of the shapes alone, of the `shapes` that there are (`geometry_between` of some of them).
    With one seed there is no distance: all of them are NaN.

    By `variant` (or `prompt`) alone: means over its prompts (or variants) that have two seeds, how many they are, and
    intervals by drawing those. Raises UserError for another `by`.
    """
    if not by or not set(by) <= set(CELL):
        raise UserError(f"--by {','.join(by)}: must be prompt, variant or both, with a comma between them")
    between = {variant: _yardsticks(evaluation.of(variant)) for variant in sorted(set(evaluation.trials["variant"]))}
    rows = []
    for (prompt, variant), trials in evaluation.trials.groupby(list(CELL), sort=True):
        cell = evaluation.rows(trials.index.to_numpy())
        rows.append({"prompt": prompt, "variant": variant, **_measures(cell), **between[variant]})
    table = pd.DataFrame(rows)
    return table if set(by) == set(CELL) else _means(table, by[0])


def _yardsticks(evaluation: Evaluation) -> dict[str, float]:
    """How far objects of different prompts of one variant are apart."""
    prompts = pd.factorize(evaluation.trials["prompt"])[0]
    looks = distance_between_groups(evaluation.directions, prompts)
    shaped = np.flatnonzero([shape is not None for shape in evaluation.shapes])
    some = np.sort(np.random.default_rng(0).permutation(shaped)[:_YARDSTICK])
    other = prompts[some][:, None] != prompts[some]
    shapes = float(_shape_distances(evaluation, some)[other].mean()) if other.any() else math.nan
    return {"between": math.nan if looks is None else looks, "geometry_between": shapes}


def _measures(cell: Evaluation) -> dict[str, Any]:
    """Of the seeds of one prompt and variant."""
    seeds = [int(seed) for seed in cell.trials["seed"]]
    shapes = [place for place, shape in enumerate(cell.shapes) if shape is not None]
    row: dict[str, Any] = {"seeds": len(seeds)}
    row |= _figures("", cosine_distances(cell.directions), seeds)
    row["shapes"] = len(shapes)
    row |= _figures("geometry_", _shape_distances(cell, shapes), [seeds[place] for place in shapes])
    return row


def _shape_distances(evaluation: Evaluation, places: Sequence[int] | np.ndarray) -> Distances:
    found = [shape for place in places if (shape := evaluation.shape(place)) is not None]
    return shape_distances(found) if found else np.zeros((0, 0))


def _figures(prefix: str, distances: Distances, seeds: Sequence[int]) -> dict[str, Any]:
    """`prefix` before each name. Undefined with fewer than two seeds."""
    defined = len(seeds) > 1
    interval = pair_interval(distances)
    pairs = (nearest(distances), farthest(distances)) if defined else (None, None)
    return {
        f"{prefix}distance": mean_distance(distances) if defined else math.nan,
        **_bounds(f"{prefix}distance", interval),
        f"{prefix}vendi": vendi(distances) if defined else math.nan,
        **_pair(f"{prefix}nearest", pairs[0], seeds),
        **_pair(f"{prefix}farthest", pairs[1], seeds),
    }


def _bounds(name: str, interval: Interval | None) -> dict[str, float]:
    low, high = (interval.low, interval.high) if interval else (math.nan, math.nan)
    return {f"{name}_low": low, f"{name}_high": high}


def _pair(name: str, pair: Pair | None, seeds: Sequence[int]) -> dict[str, Any]:
    if pair is None:
        return {name: math.nan, f"{name}_pair": None}
    return {name: pair.distance, f"{name}_pair": (seeds[pair.first], seeds[pair.second])}


def _means(table: pd.DataFrame, by: str) -> pd.DataFrame:
    (other,) = set(CELL) - {by}
    rows = []
    for name, cells in table.groupby(by, sort=True):
        defined = cells[cells["distance"].notna()]
        row: dict[str, Any] = {by: name, f"{other}s": len(defined), "seeds": int(defined["seeds"].sum())}
        for measure in _MEANS:
            values = defined[measure].dropna().to_numpy(float)
            row[measure] = float(values.mean()) if len(values) else math.nan
            row |= _bounds(measure, mean_interval(values, np.arange(len(values))) if len(values) else None)
        row |= {name: float(cells[name].mean()) for name in ("between", "geometry_between")}
        rows.append(row)
    return pd.DataFrame(rows)


# ---- comparing -------------------------------------------------------------------------------------------------------


def compare(first: Evaluation, second: Evaluation, seed: int = 0) -> pd.DataFrame:
    """Do the trials of two variants, of one sweep or of two, differ? A row a `measure`: `first`, `second` and their
    `difference`, means over the `prompts` that both have; `p` of a permutation test that deals the seeds of each prompt
    to the two anew, `exact` or of `deals` random ones (the same for the same `seed`); `trials` that were compared.

    `distance` and `geometry_distance` need two seeds of each in a prompt. Raises UserError for other judges or
    captions, and if there is no prompt in common.
    """
    if first.judge != second.judge or first.captions != second.captions:
        raise UserError("the two were not judged alike: compare sweeps by one judge, among the same captions")
    common = sorted(set(first.trials["prompt"]) & set(second.trials["prompt"]))
    if not common:
        raise UserError("the two have no prompt in common: there is nothing to compare")
    pairs = [(_prompt(first, prompt), _prompt(second, prompt)) for prompt in common]
    tests = [_spread(pairs, "distance", seed), _spread(pairs, "geometry_distance", seed)]
    tests += [_values(pairs, name, seed) for name in ("found_color", "found_geometry", "clip_score")]
    rows = [row for row in tests if row is not None]
    return pd.DataFrame(rows)


def _prompt(evaluation: Evaluation, prompt: str) -> Evaluation:
    return evaluation.rows(np.flatnonzero((evaluation.trials["prompt"] == prompt).to_numpy()))


def _spread(pairs: Sequence[tuple[Evaluation, Evaluation]], measure: str, seed: int) -> dict[str, Any] | None:
    cells = []
    for sides in pairs:
        distances, counts = _pooled(sides, measure)
        if min(counts) > 1:
            cells.append(Spread(np.arange(sum(counts)) < counts[0], distances))
    return _row(measure, cells, seed)


def _pooled(sides: tuple[Evaluation, Evaluation], measure: str) -> tuple[Distances, list[int]]:
    """All distances among the objects of both sides, those of the first first, and how many each has."""
    if measure == "distance":
        return cosine_distances(np.concatenate([side.directions for side in sides])), [len(x.trials) for x in sides]
    shapes = [[one for place in range(len(side.shapes)) if (one := side.shape(place)) is not None] for side in sides]
    counts = [len(found) for found in shapes]
    return (shape_distances([*shapes[0], *shapes[1]]) if min(counts) > 1 else np.zeros((0, 0))), counts


def _values(pairs: Sequence[tuple[Evaluation, Evaluation]], measure: str, seed: int) -> dict[str, Any] | None:
    cells = []
    for sides in pairs:
        values = [side.trials[measure].dropna().to_numpy(float) for side in sides]
        counts = [len(found) for found in values]
        if min(counts) > 0:
            cells.append(Values(np.arange(sum(counts)) < counts[0], np.concatenate(values)))
    return _row(measure, cells, seed)


def _row(measure: str, cells: Sequence[Cell], seed: int) -> dict[str, Any] | None:
    """None where no prompt has what is compared."""
    if not cells:
        return None
    test: PermutationTest = permutation_test(cells, seed)
    means = [float(np.mean([cell.means((cell.first == side)[None])[0] for cell in cells])) for side in (True, False)]
    return {
        "measure": measure,
        "first": means[0],
        "second": means[1],
        "difference": test.difference,
        "p": test.p,
        "prompts": len(cells),
        "trials": sum(len(cell.first) for cell in cells),
        "deals": test.deals,
        "exact": test.exact,
    }
