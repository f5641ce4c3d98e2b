"""The checker sees it when a safeguard is taken away. Each test first shows that with it all is well."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from chaos.faults import BLOWS, CHANCES, Strike, Weather
from chaos.sweep import Ended, Sweep

from pipeline import driver, paths, recover, schedule
from pipeline.clerk import Run
from pipeline.engine import Engine
from pipeline.events import FailureClass
from pipeline.lease import Lease
from pipeline.record import attempts
from pipeline.record.orders import Standing
from pipeline.state import Retries
from pipeline.storage import Storage
from pipeline.stores.objects import ObjectStore
from pipeline.worker import Worker


def broken(kinds: Mapping[str, float], share: int, stop_at: str = "") -> set[str]:
    """The invariants that do not hold in a few sweeps that meet these faults alone, or in the first with `stop_at`."""
    calm = dict.fromkeys([*BLOWS, *CHANCES], 0.0)
    found: set[str] = set()
    for seed in range(6):
        weather = Weather(random.Random(seed), share, {**calm, **kinds})
        found |= invariants(Sweep(seed, trials=12, weather=weather).run())
        if stop_at in found:
            break
    return found


def invariants(ended: Ended) -> set[str]:
    return {violation.partition(":")[0] for violation in ended.violations}


def test_without_fencing_two_drivers_run_one_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = {"driver paused past its lease": 1.0}
    assert broken(pauses, share=8) == set()
    monkeypatch.setattr(Lease, "check", lambda lease: None)
    assert "I7" in broken(pauses, share=8, stop_at="I7")


def test_without_budgets_of_their_own_preemptions_use_up_those_for_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    drains = {"node drained": 1.0, "node drained too late": 1.0}
    assert broken(drains, share=20) == set()

    def joint(retries: Retries, failure: FailureClass) -> int | None:
        return None if failure is FailureClass.STOPPED else retries.user

    monkeypatch.setattr(Retries, "budget", joint)
    assert "I5" in broken(drains, share=20, stop_at="I5")


def test_without_conditional_writes_two_drivers_have_one_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    together = {"second driver": 1.0, "driver paused at a request": 0.02, "driver killed": 0.3}
    assert broken(together, share=10) == set()

    def put(store: ObjectStore, path: str, data: bytes) -> bool:
        store.write(path, data)
        return True

    monkeypatch.setattr(ObjectStore, "create", put)
    assert "I7" in broken(together, share=10, stop_at="I7")


def test_a_worker_that_saves_nothing_when_it_has_notice_does_steps_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drains = {"node drained": 1.0}
    assert broken(drains, share=20) == set()
    real = Worker._let_go

    def careless(worker: Worker, engine: Engine, run: Run, failure: FailureClass, said: str, save: bool = True) -> Any:
        return real(worker, engine, run, failure, said, save and failure is not FailureClass.PREEMPTION)

    monkeypatch.setattr(Worker, "_let_go", careless)
    assert "I4" in broken(drains, share=20, stop_at="I4")


def test_a_worker_that_begins_anew_does_steps_again(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths = {"worker killed": 1.0}
    assert broken(deaths, share=20) == set()
    monkeypatch.setattr(attempts, "checkpoints", lambda storage, trial_id, up_to, above: iter(()))
    assert "I4" in broken(deaths, share=20, stop_at="I4")


def test_a_driver_that_reads_no_orders_at_its_start_runs_what_nobody_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = {"trials cancelled": 1.0, "driver killed": 1.0}
    assert broken(ordered, share=12) == set()
    monkeypatch.setattr(driver, "standing", lambda storage: Standing(read=len(storage.list(paths.ORDERS))))
    assert "I8" in broken(ordered, share=12, stop_at="I8")


def test_without_rounds_a_retried_trial_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = {"trials retried": 1.0}
    assert broken(ordered, share=12) == set()
    monkeypatch.setattr(Standing, "reopens", lambda standing, trial_id, failed_round: False)
    monkeypatch.setattr(schedule, "next_round", lambda row, number: row)
    assert broken(ordered, share=12, stop_at="I8") & {"I1", "I8"}


def test_without_children_a_trial_that_diverged_leaves_its_place_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    deaths = {"driver killed": 1.0}
    assert broken(deaths, share=3) == set()
    for module in (schedule, recover):
        monkeypatch.setattr(module, "wants_child", lambda row, policy: False)
    assert "I8" in broken(deaths, share=3, stop_at="I8")


# ---- the commit ------------------------------------------------------------------------------------------------------


@dataclass
class Sleeper(Strike):
    """Lets a driver fall asleep over its first commit, when it has looked at the attempt and found it whole; then the
    attempt is damaged, so that the next driver has to run the trial again."""

    damage: Callable[[], None] = lambda: None

    def strikes(self, kind: str, path: str = "") -> bool:
        if not super().strikes(kind, path):
            return False
        self.damage()
        return True


def asleep_over_a_commit() -> Ended:
    sleeper = Sleeper(random.Random(0), 1, {}, kind="driver paused at a request", at=1, place="/commits/")
    sweep = Sweep(5, trials=6, weather=sleeper)
    # Listings of the folder are requests too: the first object is a commit.
    sleeper.place = "/commits/" + sweep.plan[0].trial_id

    def damage() -> None:
        sweep.simulation.pause(sweep.simulation.process, 300.0)  # longer than its lease, whatever was drawn
        objects = sweep.cluster.disk.objects
        path = max(path for path in objects if sweep.plan[0].trial_id in path and path.endswith("history.parquet"))
        data, nonce = objects[path]
        objects[path] = (data[:-1], nonce)

    sleeper.damage = damage
    ended = sweep.run()
    assert sleeper.counts, "nobody fell asleep"
    return ended


def test_without_a_conditional_commit_a_late_driver_replaces_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asleep_over_a_commit().violations == ()

    def overwrite(storage: Storage, done: Mapping[str, Any]) -> bool:
        content = {name: done[name] for name in ("trial_id", "number", "step", "tables", "files")}
        storage.write(paths.commit(done["trial_id"]), json.dumps(content, sort_keys=True).encode())
        return True

    monkeypatch.setattr(driver, "commit", overwrite)
    assert {"I1", "I7"} <= invariants(asleep_over_a_commit())
