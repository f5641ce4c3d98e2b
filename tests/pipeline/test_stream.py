"""Renders trial by trial: the same rows as all at once, whatever is compacted and however it is cut."""

from __future__ import annotations

import pytest
from stored import begin, commit_trial, fail_trial, trial

from pipeline.query import Sweep
from pipeline.record import compact as compaction
from pipeline.record import stream
from pipeline.record.compact import compact
from pipeline.record.stream import completed_trials, stream_renders
from pipeline.storage import Storage

TRIALS = [trial(prompt, seed) for prompt in ("a mug", "a duck", "a cup") for seed in range(3)]


@pytest.fixture(params=[0, 5, 9])
def storage(request: pytest.FixtureRequest, tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """Nine trials, of which some are compacted, in several parts."""
    monkeypatch.setattr(compaction, "PART_BYTES", {"history": 2**20, "renders": 1500})
    begin(tmp_storage, *TRIALS)
    for place, made in enumerate(TRIALS):
        if place == request.param and place:
            compact(tmp_storage)
        commit_trial(tmp_storage, made, color=place)
    if request.param == len(TRIALS):
        compact(tmp_storage)
    fail_trial(tmp_storage, trial("a failure"))
    return tmp_storage


@pytest.mark.parametrize("batch", [1, 3, 256])
def test_it_gives_each_trial_once_with_all_its_views(
    storage: Storage, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_ROWS_AT_ONCE", batch)
    found = list(stream_renders(storage, {made.trial_id for made in TRIALS}, ["color", "depth"]))
    assert sorted(table["trial_id"][0].as_py() for table in found) == sorted(made.trial_id for made in TRIALS)
    whole = Sweep(storage).renders()
    for table in found:
        (name,) = set(table["trial_id"].to_pylist())
        mine = whole[whole["trial_id"] == name]
        assert table["view"].to_pylist() == mine["view"].tolist() == [0, 0, 1, 1]
        assert table["image"].to_pylist() == mine["image"].tolist()


def test_it_gives_what_is_asked_for(storage: Storage) -> None:
    wanted = {TRIALS[1].trial_id, TRIALS[7].trial_id}
    found = list(stream_renders(storage, {*wanted, "0" * 20}, ["color"]))
    assert {table["trial_id"][0].as_py() for table in found} == wanted
    assert all(set(table["kind"].to_pylist()) == {"color"} and table.num_rows == 2 for table in found)
    assert list(stream_renders(storage, [], ["color"])) == []


def test_completed_trials_are_those_of_the_frame(storage: Storage) -> None:
    frame = Sweep(storage).trials()
    assert (
        completed_trials(storage)["trial_id"].to_pylist() == frame[frame["status"] == "completed"]["trial_id"].tolist()
    )
