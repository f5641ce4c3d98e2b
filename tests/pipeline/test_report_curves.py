"""Curves against statistics computed the long way."""

from __future__ import annotations

import statistics

import numpy as np
import pandas as pd

from pipeline.report.curves import MAX_POINTS, line_json, number, trial_lines, variant_lines


def _history(values: dict[tuple[str, int], list[float]]) -> pd.DataFrame:
    rows = [
        {"trial_id": f"{v}{s}", "prompt": "p", "seed": s, "variant": v, "step": step, "loss": value}
        for (v, s), losses in values.items()
        for step, value in enumerate(losses, start=1)
    ]
    return pd.DataFrame(rows)


def test_a_trial_has_a_line_a_metric_with_its_first_and_last_step() -> None:
    frame = _history({("a", 0): [float(i) for i in range(1000)]}).assign(opacity=0.5, none=np.nan)
    lines = {line.name: line for line in trial_lines(frame.sample(frac=1.0, random_state=0))}
    assert sorted(lines) == ["loss", "opacity"]
    steps = lines["loss"].steps
    assert (len(steps), steps[0], steps[-1]) == (MAX_POINTS, 1, 1000)
    assert list(steps) == sorted(set(steps))
    assert list(lines["loss"].values) == [step - 1 for step in steps]


def test_values_that_are_not_finite_are_gaps_and_counted() -> None:
    frame = _history({("a", 0): [1.0, float("nan"), float("inf"), 2.0]})
    (line,) = trial_lines(frame)
    assert list(line.values) == [1.0, None, None, 2.0]
    assert line_json(line)["gaps"] == 2
    (median,) = variant_lines(frame)["loss"]
    assert (list(median.values), median.gaps) == ([1.0, None, None, 2.0], 2)


def test_a_variant_is_the_median_and_the_quartiles_of_its_trials() -> None:
    generator = np.random.default_rng(0)
    values = {("a", seed): [float(x) for x in generator.normal(size=5)] for seed in range(7)}
    lines = variant_lines(_history(values | {("b", 0): [1.0] * 5}))["loss"]
    assert [line.name for line in lines] == ["a", "b"]
    for place in range(5):
        column = [losses[place] for losses in values.values()]
        low, middle, high = statistics.quantiles(column, n=4, method="inclusive")
        found = [lines[0].low[place], lines[0].values[place], lines[0].high[place]]
        assert found == [number(low), number(middle), number(high)]
    assert list(lines[1].values) == list(lines[1].low) == [1.0] * 5


def test_many_steps_become_few_bins() -> None:
    lines = variant_lines(_history({("a", seed): [1.0] * 500 for seed in range(3)}))["loss"]
    assert len(lines[0].steps) == MAX_POINTS
    assert lines[0].steps[-1] == 500
