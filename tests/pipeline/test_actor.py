"""The actor's class in this process, with its threads; no Ray."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from fakes import FakeFactory, make_trial
from stored import newest_checkpoint

from pipeline.events import Assignment, FailureClass, TrialCheckpointed, TrialFinished, WorkerEvent, WorkerLost
from pipeline.executors.actor import Actor, RayOptions
from pipeline.lease import Lease, Owner
from pipeline.logs import Form
from pipeline.storage import Storage
from pipeline.worker import WorkerOptions

TRIAL = make_trial(steps=1_000_000)
OPTIONS = WorkerOptions(every_steps=1_000_000, progress_seconds=0.05)


class Process:
    """What the actor would end: here an event."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.code: int | None = None

    def leave(self, code: int) -> None:
        self.code = code
        self.ended.set()


def actor(storage: Storage, process: Process, **options: float | Form) -> Actor:
    factory = FakeFactory(delay=0.001)
    return Actor("w", factory, storage, OPTIONS, RayOptions(**options), process.leave)  # type: ignore[arg-type]


def test_an_orphan_checkpoints_and_ends_its_process(tmp_storage: Storage) -> None:
    process = Process()
    made = actor(tmp_storage, process, orphan_seconds=0.3)
    made.admit(Assignment(trial=TRIAL, number=1))
    assert process.ended.wait(30.0)
    assert process.code == 1
    saved = newest_checkpoint(tmp_storage, TRIAL.trial_id)
    assert saved is not None and saved.step > 0


def test_a_worker_whose_driver_lives_does_not_end(tmp_storage: Storage) -> None:
    lease = Lease.acquire(tmp_storage, Owner.current(), time.time)
    process = Process()
    made = actor(tmp_storage, process, orphan_seconds=0.1)
    made.admit(Assignment(trial=TRIAL, number=1))
    assert not process.ended.wait(0.5), "it has not been asked, but the lease is fresh"
    lease.release({})
    assert process.ended.wait(30.0)


def test_an_orphan_that_cannot_stop_ends_all_the_same(tmp_storage: Storage) -> None:
    release = threading.Event()

    class Stuck:
        def __call__(self) -> object:
            release.wait(60.0)
            raise OSError("too late")

    process = Process()
    Actor(
        "w",
        Stuck(),  # type: ignore[arg-type]
        tmp_storage,
        OPTIONS,
        RayOptions(orphan_seconds=0.1, leave_seconds=0.2),
        process.leave,
    )
    assert process.ended.wait(30.0)
    release.set()


def until(made: Actor, kind: type[WorkerEvent]) -> WorkerEvent:
    acknowledged, end = 0, time.monotonic() + 30.0
    while time.monotonic() < end:
        acknowledged, events = made.events(acknowledged, 0.1)
        for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"no {kind.__name__}")


def test_a_broken_device_is_told_as_a_lost_worker(tmp_storage: Storage) -> None:
    made = actor(tmp_storage, Process())
    made.admit(Assignment(trial=make_trial("kill@3"), number=1))
    lost = until(made, WorkerLost)
    assert isinstance(lost, WorkerLost)
    assert (lost.failure, "CUDA error" in lost.message) == (FailureClass.INFRASTRUCTURE, True)


@pytest.mark.parametrize("form", Form)
def test_what_a_worker_does_is_in_its_log(form: Form, tmp_storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    made, trial = actor(tmp_storage, Process(), log=form), make_trial(steps=3)
    made.admit(Assignment(trial=trial, number=2))
    until(made, TrialFinished)
    made.request_stop(20.0, FailureClass.PREEMPTION)
    until(made, WorkerLost)
    made.lines.close()  # the process of a real one ends
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    if form is Form.TEXT:
        assert found == []
        return
    told = {line["event"]: (line["trial"], line["attempt"]) for line in found}
    assert told["worker_ready"] == told["worker_stopping"] == told["worker_lost"] == (None, None)
    assert told["trial_admitted"] == told["trial_finished"] == (trial.trial_id, 2)
    assert {(line["sweep"], line["worker"]) for line in found} == {("sweep", "w")}


def test_a_cancelled_trial_is_checkpointed(tmp_storage: Storage) -> None:
    made = actor(tmp_storage, Process())
    made.admit(Assignment(trial=TRIAL, number=1))
    end = time.monotonic() + 30.0
    while not tmp_storage.list("attempts"):
        assert time.monotonic() < end
        time.sleep(0.01)
    made.cancel(TRIAL.trial_id)
    assert isinstance(until(made, TrialCheckpointed), TrialCheckpointed)


@pytest.mark.parametrize("bad", [{"gpus": 2}, {"cpus": 0.0}])
def test_options_out_of_bounds_are_refused(bad: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"workers.{next(iter(bad))}"):
        RayOptions(**bad)  # type: ignore[arg-type]
