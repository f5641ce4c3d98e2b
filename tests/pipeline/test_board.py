"""An evaluation on the screen and in files, and the commands that show it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from colour_judge import GREEN, RED, ColourJudge
from commands import run
from judged import ALL, CHERRY, TEXTS, commit_all, commit_views, looks
from stored import begin, fail_trial, trial

from pipeline import board, judging
from pipeline.evaluation import evaluate
from pipeline.storage import Storage


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "load_judge", lambda name: ColourJudge(TEXTS))


@pytest.fixture
def storage(tmp_storage: Storage) -> Storage:
    begin(tmp_storage, *ALL)
    commit_all(tmp_storage)
    return tmp_storage


def cells(text: str, title: str) -> list[list[str]]:
    """The rows of the table below the line that begins so."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(title))
    rows: list[list[str]] = []
    for line in lines[start + 1 :]:
        if not line.strip() and len(rows) > 1:
            break
        parts = [part.strip() for part in line.split("   ") if part.strip()]
        if parts and not set(line) <= {" ", "─"}:
            rows.append(parts)
    return rows


def test_one_command_says_everything(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    code, out, _ = run("evaluate", storage.url, "-o", str(path))
    assert code == 0
    assert out.splitlines()[0] == f"{storage.url}: 5 trials, judged by colours"
    precision = {tuple(row[:2]): row[2:] for row in cells(out, "R-Precision among 3 captions, chance 33.33 %")}
    assert precision[("base", "color")][0] == "3" and precision[("base", "color")][1].startswith("66.7 % [")
    assert precision[("w20", "color")][1] == "50.0 %, 1 of 2"
    assert ["w20", "1", "2"] in cells(out, "Two fronts")
    assert ["color", "a cat", "a cherry", "1", "3"] in cells(out, "Taken for another")
    assert ["DreamFusion", "75.1 / 42.5", "77.5 / 46.6", "79.7 / 58.5"] in cells(out, "Table 1 of the paper")
    assert "its own figures, of other models" in out
    assert cells(out, "Diversity across seeds, by variant")[-1][:2] == ["w20", "2"]
    assert "0 and 1" in cells(out, "Diversity across seeds, by prompt and variant")[2]
    assert cells(out, "base and w20, by permutation")[1][0] == "found_color"
    assert cells(out, "Best seeds")[1][:3] == ["a cat", "base", "0"]
    assert len(pd.read_csv(path)) == 5


def test_the_answer_is_the_same_to_the_digit(storage: Storage) -> None:
    assert run("evaluate", storage.url) == run("evaluate", storage.url)


def test_precision_as_a_table_and_as_files(storage: Storage, tmp_path: Path) -> None:
    code, out, _ = run("rprecision", storage.url, "-o", str(tmp_path / "judged.csv"))
    assert code == 0 and "Table 1 of the paper" in out and "Diversity" not in out
    assert list(pd.read_csv(tmp_path / "judged.csv")["saw_geometry"])[3:] == ["a lime", "a cherry"]
    rows = json.loads(run("rprecision", storage.url, "--format", "json")[1])
    assert len(rows) == 8 and rows[0]["variant"] == "base" and rows[4]["low"] is None
    assert len(pd.read_csv(io.StringIO(run("rprecision", storage.url, "--format", "csv")[1]))) == 8


def test_diversity_as_a_table_and_as_files(storage: Storage) -> None:
    code, out, _ = run("diversity", storage.url, "--by", "variant")
    assert code == 0 and [row[0] for row in cells(out, "Diversity across seeds")[1:]] == ["base", "w20"]
    rows = json.loads(run("diversity", storage.url, "--format", "json")[1])
    strong = next(row for row in rows if row["variant"] == "w20")
    assert strong["nearest_pair"] == [0, 1] and strong["distance"] == pytest.approx(1.0 - 0.5**0.5)
    frame = pd.read_csv(io.StringIO(run("diversity", storage.url, "--format", "csv")[1]))
    assert frame.loc[frame["variant"] == "w20", "nearest_pair"].item() == "0 1"


def test_variants_are_compared_also_across_sweeps(storage: Storage, tmp_path: Path) -> None:
    code, out, _ = run("diversity", storage.url, "--compare", "base", "w20")
    assert code == 0 and cells(out, "base and w20, by permutation")[1][0] == "found_color"
    other = Storage(str(tmp_path / "other"))
    trials = [trial("a cat", seed, "mine") for seed in range(2)] + [CHERRY, trial("a lime")]
    begin(other, *trials)
    for made, colour in zip(trials, (RED, GREEN, RED, GREEN), strict=True):
        commit_views(other, made, looks([colour], [colour]))
    captions = tmp_path / "captions.csv"
    captions.write_text("prompt\na cat\na lime\na cherry\n")
    arguments = ("--compare", "w20", "mine", "--against", other.url, "--captions", str(captions), "--format", "json")
    rows = {row["measure"]: row for row in json.loads(run("diversity", storage.url, *arguments)[1])}
    assert rows["distance"]["second"] == pytest.approx(1.0) and rows["distance"]["prompts"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rprecision", "-o", "judged.png"], "--output judged.png: must end in .csv"),
        (["evaluate", "--captions", "nowhere.csv"], "nowhere.csv"),
        (["rprecision", "--format", "parquet"], "--format parquet: must be table, csv or json"),
        (["diversity", "--by", "colour"], "--by colour: must be prompt, variant or both"),
        (["diversity"], "no prompt has two finished seeds of one variant"),
        (["diversity", "--compare", "base", "w20"], "no trial of a variant 'w20' has finished; there are base"),
        (["diversity", "--against", "x"], "--against needs --compare A B"),
    ],
)
def test_the_commands_refuse_with_one_message(
    tmp_storage: Storage, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begin(tmp_storage, CHERRY)
    commit_views(tmp_storage, CHERRY, looks([RED], [RED]))
    fail_trial(tmp_storage, trial("a cherry", 1))
    code, _, error = run(arguments[0], tmp_storage.url, *arguments[1:])
    assert code == 2 and message in error and len(error.strip().splitlines()) == 1


def test_files_have_all_digits(storage: Storage) -> None:
    trials = evaluate(storage).trials
    frame = pd.read_csv(io.BytesIO(board.encode(trials, "csv")))
    assert (frame["clip_score"] == trials["clip_score"]).all()
    assert frame["janus"].isna().tolist() == [False, False, False, True, True]
