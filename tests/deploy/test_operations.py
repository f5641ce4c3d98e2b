"""docs/operations.md: its figures follow from what is counted, and its recipes work."""

from __future__ import annotations

import json
import re
import shutil
import threading
from pathlib import Path

import pytest
from fakes import FakeFactory, FakeTracker, make_trials, state_after, state_metric
from manifests import ROOT

from benchmarks import storage_requests
from pipeline.driver import DriverOptions, Summary, drive
from pipeline.executors.inline import InlineExecutor
from pipeline.metrics import METRICS
from pipeline.plan import Plan, store_plan
from pipeline.query import Sweep
from pipeline.record.commit import committed
from pipeline.record.compact import compact
from pipeline.state import Policy, Status, SweepState
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

PAGE = (ROOT / "docs" / "operations.md").read_text()
COUNTED = json.loads((ROOT / "benchmarks" / "results" / "storage_requests_2026-11-28.json").read_text())
TRIALS = make_trials(4, steps=12)


def requests(kind: str) -> float:
    """Requests of a trial of this kind; less than half a request is the sweep's, not the trial's."""
    return sum(round(count) for name, count in COUNTED["requests"].items() if name.startswith(f"{kind} "))


def test_what_is_counted_does_not_depend_on_the_day() -> None:
    trials = storage_requests.trials(20, steps=30)
    engine = storage_requests.Sized(scene_bytes=10, view_bytes=20_000, views=8)
    again = storage_requests.count(trials, engine, every_steps=7)  # five checkpoints as well
    for name, count in again["requests"].items():
        assert round(count) == round(COUNTED["requests"].get(name, 0.0)), name


def test_the_page_has_the_counted_figures() -> None:
    put, get = requests("put"), requests("get")
    written = COUNTED["bytes"]["checkpoints"] / 1e6
    assert f"{put:.0f} writes, {get:.0f} reads, {requests('list'):.0f} listing" in PAGE
    assert f"{written:.1f} MB of checkpoints, none of which stay" in PAGE
    assert requests("delete") == 5 * 2 + 1, "a blob and a sidecar of each, and the pointer"
    compacting = COUNTED["compaction_requests"]
    alone = {name: count - compacting.get(name, 0.0) for name, count in COUNTED["requests"].items()}
    serial = sum(round(alone[name]) for name in ("get attempts", "get commits", "get lease", "put commits"))
    assert serial == 7 and "seven of these requests in the driver, in four rounds" in PAGE


def test_the_table_is_computed_from_the_measured_figures() -> None:
    table = {
        cells[0]: cells[1:]
        for line in PAGE.splitlines()
        if len(cells := [c.strip() for c in line.strip("|").split("|")]) == 4
    }

    def number(text: str) -> float:
        return float(re.sub(r"[^\d.]", "", text))

    steps, ms, checkpoints = (1200, 1200, 15_000), (0.340, 33.4, 230.0 / 2), (5, 5, 60)
    sizes = (COUNTED["scene_bytes"], COUNTED["scene_bytes"], 8.0e6)
    for column in range(3):
        rate = 1000 / (steps[column] * ms[column] / 1000)
        put, get = 7 + 3 * checkpoints[column], 10 + checkpoints[column]
        assert number(table["trials a second"][column]) == pytest.approx(rate, rel=0.02)
        assert number(table["writes a second"][column]) == pytest.approx(rate * put, rel=0.02)
        assert number(table["reads a second"][column]) == pytest.approx(rate * get, rel=0.02)
        moved = rate * checkpoints[column] * sizes[column] / 1e9
        assert number(table["checkpoint bytes a second"][column]) == pytest.approx(moved, rel=0.03)
        dollars = 1e6 * ((put + 1) * 0.005 + get * 0.0004) / 1000  # a listing costs as much as a write
        assert number(table["requests, dollars"][column]) == pytest.approx(dollars, rel=0.02)


def test_every_metric_is_explained() -> None:
    assert [name for metric in METRICS if (name := metric.name.removeprefix("dreamsweep_")) not in PAGE] == []


# ---- recipes ---------------------------------------------------------------------------------------------------------


def run(storage: Storage, until: int = len(TRIALS)) -> Summary:
    """Run the sweep, and stop it once `until` trials are committed."""
    executor = InlineExecutor(FakeFactory(slots=1), storage, WorkerOptions(every_steps=3, progress_seconds=0.0))
    options = DriverOptions(policy=Policy(max_workers=1), poll_seconds=0.001, heartbeat_seconds=0.0)
    stop = threading.Event()

    def observe(state: SweepState) -> None:
        if state.counts[Status.COMMITTED] >= until:
            stop.set()

    store_plan(storage, Plan(TRIALS), "name: moved\nprompts: [a cup]\n")
    return drive(TRIALS, storage, executor, options, FakeTracker(), compact, observe, stop)


def states(storage: Storage) -> dict[str, float]:
    table = Sweep(storage).trials()
    return dict(zip(table["trial_id"], table["metric_state"], strict=True))


EXPECTED = {trial.trial_id: state_metric(state_after(trial, trial.steps)) for trial in TRIALS}


def test_a_sweep_that_was_moved_goes_on(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new" / "place"
    assert run(Storage(str(old)), until=2).stopped
    shutil.copytree(old, new)
    shutil.rmtree(old)
    storage = Storage(str(new))
    assert len(committed(storage)) == 2
    assert run(storage).ran == 2
    assert states(storage) == EXPECTED
    assert not old.exists()


def test_checkpoints_may_go_when_all_is_done(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "sweep"))
    run(storage)
    before = Sweep(storage).renders()
    folders = list((tmp_path / "sweep" / "attempts").glob("*/*/checkpoints"))
    assert len(folders) == len(TRIALS)
    for folder in folders:
        shutil.rmtree(folder)
    assert run(storage).ran == 0
    assert states(storage) == EXPECTED
    assert len(Sweep(storage).renders()) == len(before) > 0


def test_tables_that_are_lost_are_made_again(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "sweep"))
    run(storage)
    shutil.rmtree(tmp_path / "sweep" / "dataset")
    assert run(storage).ran == 0
    assert list((tmp_path / "sweep" / "dataset" / "manifests").iterdir())
    assert states(storage) == EXPECTED
