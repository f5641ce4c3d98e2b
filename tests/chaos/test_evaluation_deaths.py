"""An evaluation that dies at any of its writes and deletes: the next one says what one that never died would have."""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path

import pytest
from colour_judge import BLUE, ColourJudge
from judged import ALL, TEXTS, commit_all, commit_views, looks, tagged
from mortal import Death, Mortal
from stored import begin, trial

from pipeline import judging
from pipeline.evaluation import Evaluation, evaluate
from pipeline.query import Sweep
from pipeline.record.compact import compact
from pipeline.storage import Storage

LATER = tagged(trial("a cat", 7), True)


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sweep that was evaluated twice, and has a trial more since: a third time makes new files and deletes old."""
    monkeypatch.setattr(judging, "load_judge", lambda name: ColourJudge(TEXTS))
    storage = Storage(str(tmp_path / "grown"))
    begin(storage, *ALL, LATER)
    commit_all(storage)
    compact(storage)
    evaluate(storage)
    evaluate(storage, captions=["a cherry", "a lime", "a cat", "a berry"])
    commit_views(storage, LATER, looks([BLUE] * 4, [BLUE] * 4))
    return tmp_path / "grown"


def told(storage: Storage, found: Evaluation) -> tuple[str, str]:
    return found.trials.to_csv(), Sweep(storage).trials().to_csv()


@pytest.mark.parametrize("after", [False, True])
def test_whenever_it_dies_the_next_one_says_the_same(
    grown: Path, tmp_path: Path, after: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Storage(str(shutil.copytree(grown, tmp_path / "whole")))
    expected = told(whole, evaluate(whole))
    keys = set(whole.list())
    for death in itertools.count(1):
        folder = str(shutil.copytree(grown, tmp_path / "mortal"))
        died = False
        try:
            evaluate(Mortal(folder, death, after))
        except Death:
            died = True
        storage = Storage(folder)
        Sweep(storage).trials()  # what is there can be read
        assert told(storage, evaluate(storage)) == expected, f"death {death}"
        assert {key for key in storage.list() if key.endswith("current.json")} <= keys
        shutil.rmtree(folder)
        if not died:
            break
    with capsys.disabled():
        sys.stdout.write(f" [{death - 1} points: evaluation, {'after' if after else 'before'} a change]")
    assert death > 4, "too few points to die at"
