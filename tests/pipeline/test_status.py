from __future__ import annotations

import json
from typing import Any

from stored import begin, commit_trial, fail_trial, trial

from pipeline import paths
from pipeline.lease import Lease, Owner
from pipeline.status import read_status
from pipeline.storage import Storage

TRIALS = tuple(trial("a cup", seed) for seed in range(4))


def _progress(*rows: Any) -> dict[str, Any]:
    running = [
        {"trial_id": row.trial_id, "number": 2, "worker_id": "w1", "step": 3, "steps": 4, "steps_per_second": 1.5}
        for row in rows
    ]
    return {"counts": {}, "workers": {"w1": {}}, "running": running, "halted": ""}


def test_a_new_sweep(tmp_storage: Storage) -> None:
    begin(tmp_storage, *TRIALS)
    found = read_status(tmp_storage, now=100.0)
    assert (found.total, found.committed, found.left, found.failed, found.running) == (4, 0, 4, (), ())
    assert (found.driver, found.heard) == ("", None)


def test_counts_and_failures(tmp_storage: Storage) -> None:
    begin(tmp_storage, *TRIALS)
    commit_trial(tmp_storage, TRIALS[0])
    commit_trial(tmp_storage, trial("of another plan"))
    fail_trial(tmp_storage, TRIALS[1], reason="no such colour")
    found = read_status(tmp_storage, now=100.0)
    assert (found.committed, len(found.failed), found.left) == (1, 1, 2)
    assert (found.failed[0].prompt, found.failed[0].seed, found.failed[0].reason) == ("a cup", 1, "no such colour")
    assert json.loads(json.dumps(found.as_dict()))["total"] == 4


def test_a_live_driver_shows_its_trials(tmp_storage: Storage) -> None:
    begin(tmp_storage, *TRIALS)
    commit_trial(tmp_storage, TRIALS[0])
    owner = Owner.current()
    lease = Lease.acquire(tmp_storage, owner, lambda: 100.0)
    lease.beat(_progress(TRIALS[0], TRIALS[2]))
    found = read_status(tmp_storage, now=104.0)
    assert found.driver == f"process {owner.pid} on {owner.host}"
    assert (found.heard, found.workers) == (4.0, 1)
    (running,) = found.running
    assert (running.seed, running.attempt, running.step, running.steps_per_second) == (2, 2, 3, 1.5)


def test_a_driver_that_left_or_died_shows_none(tmp_storage: Storage) -> None:
    begin(tmp_storage, *TRIALS)
    lease = Lease.acquire(tmp_storage, Owner.current(), lambda: 100.0)
    lease.beat(_progress(TRIALS[2]))
    silent = read_status(tmp_storage, now=100_000.0)
    assert (silent.driver, silent.running) == ("", ())
    assert silent.heard == 99_900.0
    lease.release(_progress(TRIALS[2]))
    left = read_status(tmp_storage, now=101.0)
    assert (left.driver, left.running) == ("", ())
    assert tmp_storage.exists(paths.HEARTBEAT)
