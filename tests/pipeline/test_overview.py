"""The picture of a whole sweep that goes where others look."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from stored import begin, commit_trial, trial

from pipeline import overview
from pipeline.overview import sweep_figures
from pipeline.storage import Storage


def test_a_sheet_of_what_is_finished(tmp_storage: Storage) -> None:
    begin(tmp_storage, trial("a", 0), trial("a", 1), trial("b", 0))
    assert sweep_figures(tmp_storage) == {}
    commit_trial(tmp_storage, trial("a", 0))
    one = sweep_figures(tmp_storage)
    commit_trial(tmp_storage, trial("b", 0))
    two = sweep_figures(tmp_storage)
    assert set(one) == set(two) == {"sheet.png"}
    first, second = (Image.open(io.BytesIO(found["sheet.png"])) for found in (one, two))
    assert first.size == second.size
    assert first.tobytes() != second.tobytes()


def test_not_of_too_many(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(tmp_storage, trial("a", 0), trial("a", 1))
    for seed in (0, 1):
        commit_trial(tmp_storage, trial("a", seed))
    monkeypatch.setattr(overview, "MOST", 1)
    assert sweep_figures(tmp_storage) == {}
