from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from stored import begin, commit_trial, fail_trial, trial

import pipeline
from pipeline import paths
from pipeline.errors import UserError
from pipeline.query import Sweep
from pipeline.record.compact import compact
from pipeline.storage import Storage


@pytest.fixture
def storage(tmp_storage: Storage) -> Storage:
    """Two compacted trials, two that came after, one that failed."""
    begin(tmp_storage)
    commit_trial(tmp_storage, trial("a mug", 0), color=1)
    commit_trial(tmp_storage, trial("a mug", 2), color=2)
    compact(tmp_storage)
    commit_trial(tmp_storage, trial("a mug", 1), color=3)
    commit_trial(tmp_storage, trial("a duck", 0, "w20", guidance={"scale": 20}), color=4)
    fail_trial(tmp_storage, trial('it\'s "quoted"', 0))
    return tmp_storage


def test_trials_are_whole_and_in_order(storage: Storage) -> None:
    frame = Sweep(storage).trials()
    assert frame[["prompt", "seed", "status"]].values.tolist() == [
        ["a duck", 0, "completed"],
        ["a mug", 0, "completed"],
        ["a mug", 1, "completed"],
        ["a mug", 2, "completed"],
        ['it\'s "quoted"', 0, "failed"],
    ]
    assert frame["tags"][0] == {"kind": "toy"}
    assert frame["config.guidance.scale"].tolist()[0] == 20
    assert frame["config.guidance.scale"].isna().tolist() == [False, True, True, True, True]
    assert isinstance(frame["started_at"].dtype, pd.DatetimeTZDtype)


def test_compacting_changes_no_frame(storage: Storage) -> None:
    def frames() -> list[pd.DataFrame]:
        sweep = Sweep(storage)
        return [sweep.trials(), sweep.history(), sweep.renders()]

    before = frames()
    assert compact(storage) == 2
    for one, other in zip(before, frames(), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_history_has_every_step_of_every_committed_trial(storage: Storage) -> None:
    frame = Sweep(storage).history()
    assert frame.groupby(["prompt", "seed"], sort=True)["step"].apply(list).to_dict() == {
        (prompt, seed): [1, 2, 3, 4] for prompt, seed in [("a duck", 0), ("a mug", 0), ("a mug", 1), ("a mug", 2)]
    }
    assert frame["loss"].tolist()[:2] == [1.0, 0.5]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 16),
        ({"prompt": "a mug"}, 12),
        ({"prompt": ["a mug", "a duck"], "kind": "color"}, 8),
        ({"variant": "w20"}, 4),
        ({"seed": 1, "view": 0}, 2),
        ({"seed": [1, 2], "kind": "depth", "view": 1}, 2),
        ({"prompt": "nothing of the kind"}, 0),
    ],
)
def test_filters_hold_for_compacted_and_new_trials(storage: Storage, wanted: dict[str, object], count: int) -> None:
    assert len(Sweep(storage).renders(**wanted)) == count  # type: ignore[arg-type]


def test_renders_decode_in_one_call(storage: Storage) -> None:
    frame = Sweep(storage).renders(prompt="a mug", kind="color", view=0)
    assert [image.getpixel((0, 0)) for image in pipeline.images(frame)] == [(1, 0, 0), (3, 0, 0), (2, 0, 0)]


def test_the_contact_sheet_has_a_row_a_trial(storage: Storage) -> None:
    sheet = Sweep(storage).contact_sheet(side=32)
    colors = {color for _, color in sheet.getcolors(maxcolors=10_000)}
    assert {(4, 0, 0), (4, 1, 0), (1, 0, 0), (3, 1, 0), (2, 0, 0)} <= colors
    smaller = Sweep(storage).contact_sheet(side=16)
    assert sheet.height - smaller.height == 4 * 16
    with pytest.raises(UserError, match="kind 'colour'"):
        Sweep(storage).contact_sheet(kind="colour")


def test_a_folder_that_is_no_sweep_is_refused_with_what_is_near(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere holds no sweep: there is no such folder"):
        pipeline.open(str(tmp_path / "nowhere"))
    begin(Storage(str(tmp_path / "runs" / "quickstart")))
    with pytest.raises(UserError, match=r"runs holds no sweep; did you mean .*runs/quickstart\?"):
        pipeline.open(str(tmp_path / "runs"))


def test_a_sweep_with_no_result_yet_says_so(tmp_storage: Storage) -> None:
    begin(tmp_storage)
    sweep = pipeline.open(tmp_storage.url)
    for read in (sweep.trials, sweep.history, sweep.renders, sweep.contact_sheet):
        with pytest.raises(UserError, match="no finished trial yet"):
            read()


def test_only_failures_are_trials_but_no_history(tmp_storage: Storage) -> None:
    begin(tmp_storage)
    fail_trial(tmp_storage, trial("a"))
    sweep = Sweep(tmp_storage)
    assert sweep.trials()["status"].tolist() == ["failed"]
    with pytest.raises(UserError, match="no finished trial yet"):
        sweep.history()


def test_reading_writes_nothing(storage: Storage) -> None:
    before = storage.list()
    sweep = Sweep(storage)
    sweep.trials(), sweep.history(), sweep.renders(), sweep.contact_sheet()
    assert storage.list() == before
    assert paths.dataset_manifest(1) in before


def test_import_pipeline_is_light() -> None:
    code = "import sys, pipeline; print(sorted({'pandas', 'pyarrow', 'torch', 'ray', 'mlflow'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("status == 'failed'", ['it\'s "quoted"']),
        ("status == 'completed' and prompt != 'a mug'", ["a duck"]),
        ("config.guidance.scale > 10", ["a duck"]),
        ("tags.kind == 'toy' and seed >= 1", ["a mug", "a mug"]),
        ("verdict is None", ['it\'s "quoted"']),
    ],
)
def test_trials_where(storage: Storage, where: str, found: list[str]) -> None:
    frame = Sweep(storage).trials(where)
    assert frame["prompt"].tolist() == found
    assert not [name for name in frame if name.startswith("tags.")]


@pytest.mark.parametrize("compacted", [False, True])
def test_where_and_columns_hold_for_compacted_and_new_trials(storage: Storage, compacted: bool) -> None:
    if compacted:
        compact(storage)
    sweep = Sweep(storage)
    steps = sweep.history("step >= 3 and loss > 0.3", columns=["step", "prompt"], prompt="a mug")
    assert list(steps) == ["step", "prompt"]
    assert steps["step"].tolist() == [3, 3, 3]
    views = sweep.renders("azimuth > 45 and kind == 'color'", columns=["seed", "azimuth"])
    assert views.values.tolist() == [[0, 90.0], [0, 90.0], [1, 90.0], [2, 90.0]]
    ids = sweep.trials("variant == 'w20'")["trial_id"]
    assert len(sweep.renders(trial_id=ids)) == 4


def test_where_may_name_a_metric_that_only_some_trials_have(storage: Storage) -> None:
    made = trial("a hat")
    commit_trial(storage, made, history=[{"step": 1, "sharpness": 0.5}])
    for _ in range(2):
        frame = Sweep(storage).history("sharpness > 0.1")
        assert frame[["prompt", "step"]].values.tolist() == [["a hat", 1]]
        assert Sweep(storage).history("sharpness is None")["prompt"].nunique() == 2
        compact(storage)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"where": "promt == 'x'"}, "Did you mean prompt?"),
        ({"columns": ["promt"]}, "Did you mean prompt?"),
        ({"where": "prompt == 3"}, "the column is text"),
    ],
)
def test_a_query_that_cannot_be_is_told(storage: Storage, arguments: dict[str, object], message: str) -> None:
    for read in (Sweep(storage).trials, Sweep(storage).history, Sweep(storage).renders):
        with pytest.raises(UserError, match=message):
            read(**arguments)  # type: ignore[operator]


def test_a_notebook_shows_how_far_it_is(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "<b>mugs"))
    begin(storage, trial("a"), trial("b"))
    commit_trial(storage, trial("a"))
    shown = Sweep(storage)._repr_html_()
    assert "&lt;b&gt;mugs" in shown
    assert "<th>committed</th><td>1</td>" in shown
    assert "<th>left</th><td>1</td>" in shown
