from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import make_trials
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import FailureClass
from pipeline.state import Policy, Retries, Status, SweepState, TrialState, TrialTable, device_kind

TRIALS = make_trials(600)
ROWS = tuple(TrialState(trial=trial) for trial in TRIALS)


@given(st.lists(st.integers(0, 599), max_size=30))
def test_a_table_changes_like_a_list_and_old_ones_stay(places: list[int]) -> None:
    table, model = TrialTable.of(ROWS), list(ROWS)
    for step, place in enumerate(places):
        row = replace(model[place], step=step + 1)
        before = table
        table, model[place] = before.replace(row), row
        assert before[row.trial_id] != row
        assert table.at(place) == table[row.trial_id] == row
    assert list(table) == model
    assert list(TrialTable.of(ROWS)) == list(ROWS)


def test_a_table_finds_by_id() -> None:
    table = TrialTable.of(ROWS)
    assert len(table) == 600
    assert table.place(TRIALS[300].trial_id) == 300
    assert TRIALS[5].trial_id in table
    assert "no such trial" not in table


def test_the_same_trial_twice_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=rf"{TRIALS[1].trial_id} is in the plan twice \(prompt 'a cup'\)"):
        TrialTable.of([*ROWS[:3], ROWS[1]])


def test_a_table_grows_at_its_end() -> None:
    table = TrialTable.of([])
    for count, row in enumerate(ROWS):
        grown = table.add(row)
        assert (len(table), len(grown), grown.place(row.trial_id)) == (count, count + 1, count)
        table = grown
    assert table.find(ROWS[599].trial_id) == table.at(599) and table.find("x") is None
    assert tuple(table) == ROWS


def test_the_kind_of_a_device_is_its_name_without_its_id() -> None:
    uuid = "8f6c3a52-1c1b-4c52-9a5e-0123456789ab"
    assert device_kind(f"NVIDIA H100 80GB HBM3 {uuid}") == "NVIDIA H100 80GB HBM3"
    assert device_kind(f"NVIDIA H100 80GB HBM3 GPU-{uuid}") == "NVIDIA H100 80GB HBM3"
    assert device_kind("cpu (4 threads)") == "cpu (4 threads)"


def test_counts_and_unfinished() -> None:
    rows = [ROWS[0], replace(ROWS[1], status=Status.COMMITTED), replace(ROWS[2], status=Status.FAILED), ROWS[3]]
    state = SweepState.of(rows, Policy())
    assert state.counts[Status.PENDING] == 2
    assert state.unfinished == 2
    assert state.running() == []


def test_what_is_never_charged_has_no_budget() -> None:
    retries = Retries(user=3)
    assert retries.budget(FailureClass.USER) == 3
    assert retries.budget(FailureClass.PREEMPTION) is None
    assert retries.budget(FailureClass.STOPPED) is None


def test_bad_policies_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"retries\.user = -1: must be at least 0"):
        Retries(user=-1)
    with pytest.raises(ValueError, match="max_workers = 0: must be at least 1"):
        Policy(max_workers=0)
