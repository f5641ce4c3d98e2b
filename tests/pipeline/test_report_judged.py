"""From the judge's frames, made by hand, to what the report shows of them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from pipeline.report.judged import BEST, Frames, judgement


def _frames(**changed: Any) -> Frames:
    trials = pd.DataFrame(
        {
            "trial_id": ["a", "b"],
            "clip_score": [0.31237, 0.2],
            "rank_color": pd.array([1, 3], "Int32"),
            "rank_geometry": pd.array([None, 2], "Int32"),
            "found_color": pd.array([True, False], "boolean"),
            "found_geometry": pd.array([None, True], "boolean"),
            "saw_color": ["a cup", "<i>a hat</i>"],
            "saw_geometry": [None, "a cup"],
            "janus": pd.array([None, True], "boolean"),
            "view_consistency": [0.9, math.nan],
        }
    )
    row = {"variant": "base", "kind": "geometry", "views": "one", "trials": 2, "found": 3, "of": 4, "share": 0.75}
    board = pd.DataFrame([{**row, "low": math.nan, "high": math.nan, "chance": 0.5}])
    diversity = pd.DataFrame(
        [
            {"prompt": "a cup", "variant": "base", "seeds": 3, "distance": 0.25, "distance_low": 0.2}
            | {"distance_high": 0.3, "vendi": 1.5, "between": 0.8, "geometry_distance": math.nan}
            | {"nearest": 0.1, "nearest_pair": (0, 2), "farthest": 0.4, "farthest_pair": (1, 2)},
            {"prompt": "a hat", "variant": "base", "seeds": 1, "distance": math.nan, "distance_low": math.nan}
            | {"distance_high": math.nan, "vendi": math.nan, "between": 0.8, "geometry_distance": math.nan}
            | {"nearest": math.nan, "nearest_pair": None, "farthest": math.nan, "farthest_pair": None},
        ]
    )
    confusions = pd.DataFrame({"kind": ["color"] * 2, "prompt": ["x", "y"], "saw": ["y", "x"], "count": [1, 2]})
    best = pd.DataFrame({"prompt": ["a cup"], "variant": ["base"], "seed": [0], "trial_id": ["a"], "why": ["healthy"]})
    given = {"trials": trials, "rprecision": board, "confusions": confusions, "diversity": diversity, "best": best}
    return Frames(judge="j@1", captions=2, **{**given, **changed})


def test_trials_have_numbers_to_sort_by_and_words() -> None:
    found = judgement(_frames())
    assert found.numbers == {
        "a": {"CLIP score": 0.3124, "view consistency": 0.9, "rank of the prompt, colour": 1},
        "b": {"CLIP score": 0.2, "rank of the prompt, colour": 3, "rank of the prompt, geometry": 2},
    }
    assert found.facts["a"] == {"seen in colour": "its prompt", BEST: "healthy"}
    assert found.facts["b"] == {
        "seen in colour": "<i>a hat</i>",
        "seen in geometry": "its prompt",
        "fronts": "more than one",
    }
    assert found.marks == {"a": (BEST,)}


def test_what_is_not_defined_is_nothing_and_no_number() -> None:
    found = judgement(_frames())
    (row,) = found.board
    assert (row.kind, row.views, row.found, row.of, row.share, row.low) == ("geometry", "one", 3, 4, 0.75, None)
    cup, hat = found.diversity
    assert (cup.distance, cup.low, cup.high, cup.geometry) == (0.25, 0.2, 0.3, None)
    assert (cup.nearest, cup.farthest) == ("0 and 2 (0.100)", "1 and 2 (0.400)")
    assert (hat.distance, hat.vendi, hat.nearest) == (None, None, "")


def test_the_most_frequent_confusion_comes_first() -> None:
    assert [(row.prompt, row.count) for row in judgement(_frames()).confusions] == [("y", 2), ("x", 1)]
    empty = _frames(confusions=pd.DataFrame(columns=["kind", "prompt", "saw", "count", "trials"]))
    assert judgement(empty).confusions == []
