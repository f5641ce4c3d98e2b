"""Judging a sweep: renders whose colours are known, and a judge that reads colours."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from colour_judge import BLUE, GREEN, RED, Colour, ColourJudge
from PIL import Image
from stored import PRIOR, begin, trial

from pipeline import judging
from pipeline.cli import main
from pipeline.engine import View
from pipeline.errors import UserError
from pipeline.judging import Judged, judge_sweep
from pipeline.pictures import encode
from pipeline.record.attempts import finish
from pipeline.record.commit import commit
from pipeline.storage import Storage
from pipeline.trial import Trial

TEXTS = {"a cherry": RED, "a lime": GREEN, "a cat": BLUE, "a berry": (255, 0, 255)}
TEXTS |= {f"{name}, {view} view": colour for name in TEXTS for view, colour in
          (("front", RED), ("side", GREEN), ("back", BLUE))}  # fmt: skip
Views = Sequence[Colour]


def tagged(made: Trial, front: bool) -> Trial:
    return dataclasses.replace(made, tags={"directional": str(front).lower()})


def commit_views(storage: Storage, made: Trial, looks: dict[str, Views], side: int = 4) -> None:
    row = {"trial_id": made.trial_id, "prompt": made.prompt, "seed": made.seed, "variant": made.variant, "steps": 4}
    views = [
        View(index=i, kind=kind, azimuth=90.0 * i, elevation=20.0, radius=2.5,
             png=encode(Image.new("RGB", (side, side), colour)))
        for kind, colours in looks.items()
        for i, colour in enumerate(colours)
    ]  # fmt: skip
    finish(storage, made.trial_id, 1, row | {"status": "completed", "prior": PRIOR}, [{"step": 4, "t": 0.0}], views)
    assert commit(storage, made.trial_id, 1)


def looks(color: Views, textureless: Views) -> dict[str, Views]:
    return {"color": color, "textureless": textureless}


CHERRY, LIME, CAT = tagged(trial("a cherry"), False), tagged(trial("a lime"), False), tagged(trial("a cat"), True)
STRONG = [tagged(trial("a cat", seed, "w20", scale=20), True) for seed in (0, 1)]


@pytest.fixture
def storage(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setattr(judging, "load_judge", lambda name: ColourJudge(TEXTS))
    begin(tmp_storage, CHERRY, LIME, CAT, *STRONG)
    commit_views(tmp_storage, CHERRY, looks([RED] * 4, [GREEN] * 4))
    commit_views(tmp_storage, LIME, looks([GREEN, GREEN, GREEN, RED], [GREEN, GREEN, RED, RED]))
    commit_views(tmp_storage, CAT, looks([RED, GREEN, BLUE, GREEN], [BLUE] * 4))
    commit_views(tmp_storage, STRONG[0], looks([RED, BLUE, RED, BLUE], [BLUE] * 4))
    commit_views(tmp_storage, STRONG[1], looks([BLUE] * 4, [BLUE, BLUE, BLUE, RED]))
    return tmp_storage


def rows(judged: Judged, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in judged.trials[list(columns)].itertuples(index=False)]


def test_each_trial_and_variant_is_judged_by_its_renders(storage: Storage) -> None:
    told: list[tuple[str, int, int]] = []
    judged = judge_sweep(storage, report=lambda *progress: told.append(progress))
    assert judged.captions == ("a cherry", "a lime", "a cat") and judged.judge == "colours"
    assert rows(judged, "prompt", "variant", "seed", "found_color", "found_geometry", "saw_geometry") == [
        ("a cat", "base", 0, False, True, "a cat"),  # half its views are green
        ("a cherry", "base", 0, True, False, "a lime"),
        ("a lime", "base", 0, True, False, "a cherry"),  # a tie is a miss; of the two the first is named
        ("a cat", "w20", 0, False, True, "a cat"),
        ("a cat", "w20", 1, True, True, "a cat"),
    ]
    base, strong = judged.variants
    assert (base.variant, base.trials, strong.variant, strong.trials) == ("base", 3, "w20", 2)
    assert base.color.views.value == pytest.approx((4 + 3 + 1) / 12)
    assert base.color.objects.value == pytest.approx(2 / 3)
    assert base.geometry.views.value == pytest.approx((0 + 2 + 4) / 12)
    assert base.geometry.objects.value == pytest.approx(1 / 3)
    assert base.color.chance == pytest.approx(1 / 3)
    assert {name for name, _, _ in told} == {"base", "w20"} and told[-1][1:] == (8, 8)


def test_fronts_are_counted_where_there_is_one(storage: Storage) -> None:
    judged = judge_sweep(storage)
    # red is a front: only the first strong cat has two
    assert rows(judged, "prompt", "janus") == [
        ("a cat", False), ("a cherry", None), ("a lime", None), ("a cat", True), ("a cat", False),
    ]  # fmt: skip
    base, strong = (one.janus for one in judged.variants)
    assert base is not None and (base.value, base.count) == (0.0, 1)
    assert strong is not None and (strong.value, strong.count) == (0.5, 2)


def test_a_sweep_without_fronts_has_no_janus_rate(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "load_judge", lambda name: ColourJudge(TEXTS))
    begin(tmp_storage, CHERRY)
    commit_views(tmp_storage, CHERRY, looks([RED] * 2, [RED] * 2))
    assert judge_sweep(tmp_storage).variants[0].janus is None


def test_a_table_of_captions_makes_it_harder(storage: Storage, tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.write_text("prompt\n" + "\n".join(["a berry", "a cherry", "a lime", "a cat"]))
    judged = judge_sweep(storage, captions=table)
    assert judged.captions[0] == "a berry"
    assert judged.variants[0].color.chance == 0.25
    strong = judged.trials[(judged.trials["variant"] == "w20") & (judged.trials["seed"] == 0)]
    assert list(strong["saw_color"]) == ["a berry"], "red and blue are purple"


# ---- what is refused -------------------------------------------------------------------------------------------------


def refused(storage: Storage, **options: Path) -> str:
    with pytest.raises(UserError) as error:
        judge_sweep(storage, **options)  # type: ignore[arg-type]
    return str(error.value)


def test_a_prompt_that_the_table_lacks_is_named(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("prompt\na cherry\na lime\n")
    message = refused(storage, captions=tmp_path / "few.csv")
    assert "few.csv: 'a cat' is a prompt of the sweep and not among these captions: add it" in message


def test_a_sweep_without_renders_is_refused(tmp_storage: Storage) -> None:
    begin(tmp_storage, CHERRY, LIME)
    assert "no finished trial yet" in refused(tmp_storage)
    commit_views(tmp_storage, CHERRY, {"depth": [RED]})
    assert "has no renders yet" in refused(tmp_storage)


@pytest.mark.parametrize(
    ("second", "side"),
    [(looks([RED], [RED]), 4), ({"color": [RED] * 2}, 4), (looks([RED] * 2, [RED] * 2), 8)],
)
def test_trials_with_other_outputs_are_refused(
    tmp_storage: Storage, second: dict[str, Views], side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "load_judge", lambda name: ColourJudge(TEXTS))
    begin(tmp_storage, CHERRY, LIME)
    commit_views(tmp_storage, CHERRY, looks([RED] * 2, [RED] * 2))
    commit_views(tmp_storage, LIME, second, side)
    assert "judge sweeps of one `outputs` at a time" in refused(tmp_storage)


# ---- the command -----------------------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dreamsweep", "rprecision", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_the_command_prints_a_row_a_variant_and_writes_a_row_a_trial(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "judged.csv"
    assert run(monkeypatch, storage.url, "-o", str(path)) == 0
    printed = capsys.readouterr().out.splitlines()
    base = next(line for line in printed if line.split()[:1] == ["base"])
    assert base.split()[1] == "3" and "66.7 %" in base and "33.3 %" in base
    assert printed[-1] == "among 3 captions: chance is 33.33 %"
    frame = pd.read_csv(path)
    assert list(frame["saw_color"])[1:3] == ["a cherry", "a lime"] and len(frame) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--judge", "nowhere"], "--judge = 'nowhere': there is no such folder"),
        (["-o", "judged.png"], "--output judged.png: must end in .csv"),
        (["--captions", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_the_command_refuses_and_writes_nothing(
    tmp_storage: Storage,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    begin(tmp_storage, CHERRY)
    commit_views(tmp_storage, CHERRY, looks([RED], [RED]))
    before = sorted(tmp_path.iterdir())
    assert run(monkeypatch, tmp_storage.url, *arguments) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
