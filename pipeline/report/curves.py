"""History frames as lines that are short enough to draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.report.data import Line
from pipeline.schema import HISTORY

MAX_POINTS = 60
_QUARTILES = (0.25, 0.5, 0.75)
_COLUMNS = frozenset(column.name for column in HISTORY)


def trial_lines(history: pd.DataFrame) -> list[Line]:
    """A line for each metric of one trial, its steps in order, thinned to `MAX_POINTS` points that include the last."""
    frame = history.sort_values("step")
    places = _spread(len(frame), MAX_POINTS)
    steps = [int(step) for step in frame["step"].to_numpy()[places]]
    return [
        Line(name=name, steps=steps, values=[number(value) for value in column[places]], gaps=_gaps(column))
        for name, column in _metrics(frame)
    ]


def variant_lines(history: pd.DataFrame) -> dict[str, list[Line]]:
    """By metric a line a variant: the median over its trials with quartiles, in at most `MAX_POINTS` bins of steps."""
    lines: dict[str, list[Line]] = {}
    for variant, frame in history.groupby("variant", sort=False):
        steps = np.unique(frame["step"].to_numpy())
        edges = steps[_spread(len(steps), MAX_POINTS)]
        bins = np.searchsorted(edges, frame["step"].to_numpy())
        for name, column in _metrics(frame):
            finite = pd.Series(np.where(np.isfinite(column), column, np.nan))
            found = finite.groupby(bins).quantile(np.array(_QUARTILES)).unstack()
            low, middle, high = ([number(value) for value in found[share]] for share in _QUARTILES)
            at = [int(edges[place]) for place in found.index]
            line = Line(name=str(variant), steps=at, values=middle, low=low, high=high, gaps=_gaps(column))
            lines.setdefault(name, []).append(line)
    return lines


def number(value: float) -> float | None:
    """The value to four digits; None if it is not finite, which JSON cannot say."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _metrics(frame: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """The metrics that the rows have, and their values; a metric that a row lacks is NaN."""
    for name in frame.columns:
        if name not in _COLUMNS and frame[name].notna().any():
            yield str(name), frame[name].to_numpy(dtype=float)


def _gaps(column: np.ndarray) -> int:
    return int((~np.isfinite(column)).sum())


def _spread(count: int, most: int) -> np.ndarray:
    """At most `most` places of `count`, evenly from the first to the last."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, most)).round().astype(int))


def as_json(lines: Mapping[str, Sequence[Line]]) -> dict[str, list[dict[str, object]]]:
    """The lines for the page's scripts."""
    return {name: [line_json(line) for line in each] for name, each in lines.items()}


def line_json(line: Line) -> dict[str, object]:
    """One line for the page's scripts; without quartiles it has none."""
    found: dict[str, object] = {"name": line.name, "steps": line.steps, "values": line.values, "gaps": line.gaps}
    return found | ({"low": line.low, "high": line.high} if line.low else {})
