"""Reports of sweeps in every state, and the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import run
from stored import begin, commit_trial, fail_trial, journal, trial

from pipeline.errors import UserError
from pipeline.report.collect import collect
from pipeline.report.data import Judgement
from pipeline.report.make import NO_JUDGE, make_report
from pipeline.storage import Storage

NOW = 1_800_000_000.0


def _data(folder: Path, path: str) -> Any:
    """What a script of the report puts."""
    found = re.fullmatch(r"dreamsweep\.put\(.*?, JSON\.parse\((\".*\")\)\);\n", (folder / path).read_text())
    assert found is not None
    return json.loads(json.loads(found.group(1)))


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_finished_sweep(tmp_storage: Storage, tmp_path: Path) -> None:
    done, dull, lost = trial("a cup"), trial("a duck", 1, "w20", guidance={"scale": 20}), trial("a hat", 2)
    begin(tmp_storage, done, dull, lost)
    commit_trial(tmp_storage, done, files={"mesh.glb": b"glTF mesh", "turntable.webp": b"RIFF turn"})
    commit_trial(tmp_storage, dull, verdict="flat")
    fail_trial(tmp_storage, lost)
    made = make_report(tmp_storage, tmp_path / "out", NO_JUDGE, NOW)
    folder = tmp_path / "out"
    assert (made.index, made.trials) == (folder / "index.html", 3)
    cards = _data(folder, "data/trials.js")["trials"]
    assert [(card["prompt"], card["status"], card["verdict"]) for card in cards] == [
        ("a cup", "completed", "healthy"),
        ("a duck", "completed", "flat"),
        ("a hat", "failed", ""),
    ]
    assert [(card["views"], card["kinds"], card["mesh"], card["turntable"]) for card in cards] == [
        (2, ["color", "depth"], True, True),
        (2, ["color", "depth"], False, False),
        (0, [], False, False),
    ]
    assert cards[0]["numbers"]["opacity"] == 0.5
    wanted = {f"views/{one.trial_id}-{kind}.webp" for one in (done, dull) for kind in ("color", "depth")}
    wanted |= {f"trials/{one.trial_id}.js" for one in (done, dull, lost)}
    wanted |= {f"meshes/{done.trial_id}.js", f"turntables/{done.trial_id}.webp", "index.html", "report.json"}
    assert wanted <= _files(folder)
    detail = _data(folder, f"trials/{dull.trial_id}.js")
    assert detail["differs"] == {"guidance.scale": 20}
    assert [line["name"] for line in detail["lines"]] == ["loss"]
    assert detail["azimuths"] == [0.0, 90.0]
    page = (folder / "index.html").read_text()
    assert "2 of 3 trials failed or look wrong" in page
    assert "looks flat" in page
    assert "name: sweep\nprompts: [a cup]" in page
    assert "No judge was asked" in page


def test_a_sweep_that_runs_shows_what_is_committed(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage, trial("a cup"), trial("a duck"), trial("a hat", 0, "later"))
    commit_trial(tmp_storage, trial("a cup"))
    journal(tmp_storage, {"fact": "attempt_started", "trial_id": trial("a duck").trial_id, "number": 1})
    made = make_report(tmp_storage, tmp_path / "out", NO_JUDGE, NOW)
    assert made.trials == 1
    page = made.index.read_text()
    assert "It is not finished" in page
    assert "1 done, 0 failed, 2 left" in page
    assert "3 trials of 3 prompts, 1 seed and 2 variants" in page


def test_only_failures(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage, trial("a cup"))
    fail_trial(tmp_storage, trial("a cup"), reason="no such prior")
    made = make_report(tmp_storage, tmp_path / "out", "embedded", NOW)
    assert "no finished trial" in made.missing
    page = made.index.read_text()
    assert page.count("no such prior") == 1
    assert _data(tmp_path / "out", "data/lines.js") == {"metrics": {}}


def test_an_empty_sweep_is_told_and_nothing_is_written(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage)
    refused = run("report", tmp_storage.url, "-o", str(tmp_path / "out"))
    assert (refused.code, refused.out) == (2, "")
    assert "no finished trial yet" in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["sweep"]


def test_a_judge_that_is_not_there_is_told_in_the_report(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage)
    commit_trial(tmp_storage, trial())
    shown = run("report", tmp_storage.url, "-o", str(tmp_path / "out"), "--judge", str(tmp_path / "nowhere"))
    assert shown.code == 0
    assert "without a judgement: " in shown.out
    assert "nowhere" in (tmp_path / "out" / "index.html").read_text()


def test_a_folder_of_somebodys_own_is_refused(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage)
    commit_trial(tmp_storage, trial())
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.tex").write_text("")
    refused = run("report", tmp_storage.url, "-o", str(tmp_path / "own"), "--judge", "none")
    assert (refused.code, refused.out) == (2, "")
    assert "has files that are no report" in refused.err
    assert _files(tmp_path / "own") == {"thesis.tex"}


def test_a_damaged_mesh_is_told_and_the_older_report_stays(tmp_storage: Storage, tmp_path: Path) -> None:
    made = trial()
    begin(tmp_storage, made)
    commit_trial(tmp_storage, made, files={"mesh.glb": b"whole"})
    make_report(tmp_storage, tmp_path / "out", NO_JUDGE, NOW)
    before = _files(tmp_path / "out")
    tmp_storage.write(f"attempts/{made.trial_id}/1/mesh.glb", b"torn")
    with pytest.raises(UserError, match=r"mesh.glb has changed"):
        make_report(tmp_storage, tmp_path / "out", NO_JUDGE, NOW)
    assert _files(tmp_path / "out") == before


def test_trials_come_in_the_order_of_the_plan(tmp_storage: Storage) -> None:
    trials = [trial(prompt, seed, variant) for variant in "ba" for prompt in ("z", "y") for seed in (10, 9)]
    begin(tmp_storage, *trials[:1], *[each for each in trials[1:] if each.variant == "b"])
    kept = [each for each in trials if each.variant == "b"]
    for each in reversed(kept):
        commit_trial(tmp_storage, each)
    report = collect(tmp_storage, Judgement(), NOW)
    assert [(each.prompt, each.seed) for each in report.trials] == [("z", 9), ("z", 10), ("y", 9), ("y", 10)]
    assert report.overview.made == "2027-01-15 08:00 UTC"


def test_the_same_tables_make_the_same_report(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage, trial("a cup"), trial("a duck"))
    for prompt in ("a cup", "a duck"):
        commit_trial(tmp_storage, trial(prompt))
    for name in ("one", "two"):
        make_report(tmp_storage, tmp_path / name, "embedded", NOW)
    first, second = tmp_path / "one", tmp_path / "two"
    assert _files(first) == _files(second)
    assert not [name for name in _files(first) if (first / name).read_bytes() != (second / name).read_bytes()]
    assert "among 2 captions" in (first / "index.html").read_text()
