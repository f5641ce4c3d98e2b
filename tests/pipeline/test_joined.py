"""Two sweeps as one frame, and side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from stored import begin, commit_trial, trial

import pipeline
from pipeline.errors import UserError
from pipeline.joined import Joined
from pipeline.plan import Plan, store_plan
from pipeline.storage import Storage


def _sweep(folder: Path, name: str, scale: int, *seeds: int) -> str:
    storage = Storage(str(folder / name))
    trials = [trial("a cup", seed, "base", guidance={"scale": scale}) for seed in seeds]
    store_plan(storage, Plan(tuple(trials)), f"name: {name}\nprompts: [a cup]\n")
    for made in trials:
        commit_trial(storage, made, metrics={"opacity": scale / 100})
    return storage.url


@pytest.fixture
def joined(tmp_path: Path) -> Joined:
    return pipeline.join(_sweep(tmp_path, "low", 20, 0, 1), _sweep(tmp_path, "high", 100, 1, 2))


def test_frames_have_a_column_sweep_and_the_configs_that_differ_between_them(joined: Joined) -> None:
    frame = joined.trials()
    assert list(frame)[:3] == ["sweep", "trial_id", "prompt"]
    assert frame[["sweep", "seed", "config.guidance.scale"]].values.tolist() == [
        ["low", 0, 20],
        ["low", 1, 20],
        ["high", 1, 100],
        ["high", 2, 100],
    ]
    assert joined.trials("sweep == 'high' and config.guidance.scale > 50 and seed == 2", columns=["seed"]).values == [
        [2]
    ]
    assert joined.history().groupby("sweep")["step"].count().to_dict() == {"low": 8, "high": 8}
    assert joined.renders("view == 0", kind="color", columns=["seed"]).values.tolist() == [
        ["low", 0],
        ["low", 1],
        ["high", 1],
        ["high", 2],
    ]


def test_trials_match_by_content_or_by_what_is_named(joined: Joined, tmp_path: Path) -> None:
    assert joined.matches().empty, "the guidance scale differs, so no trial has the same content"
    pairs = joined.matches(["prompt", "seed"])
    assert pairs[["seed", "metric_opacity_low", "metric_opacity_high"]].values.tolist() == [[1, 0.2, 1.0]]
    again = pipeline.join(str(tmp_path / "low"), _sweep(tmp_path, "again", 20, 1))
    assert again.matches()[["seed_low", "seed_again"]].values.tolist() == [[1, 1]]


def test_sweeps_of_one_name_are_told_apart_by_their_place(tmp_path: Path) -> None:
    first, second = Storage(str(tmp_path / "a")), Storage(str(tmp_path / "b"))
    for storage in (first, second):
        begin(storage)
        commit_trial(storage, trial())
    assert pipeline.join(first.url, second.url).trials()["sweep"].tolist() == [first.url, second.url]


def test_what_cannot_be_joined_is_told(joined: Joined, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is named twice"):
        pipeline.join(str(tmp_path / "low"), str(tmp_path / "low"))
    with pytest.raises(UserError, match="holds no sweep"):
        pipeline.join(str(tmp_path / "low"), str(tmp_path / "lost"))
    with pytest.raises(UserError, match=r"Did you mean prompt\?"):
        joined.matches(["promt"])
    with pytest.raises(UserError, match="these are 1"):
        pipeline.join(str(tmp_path / "low")).matches()
    with pytest.raises(UserError, match="name the sweeps"):
        pipeline.join()
