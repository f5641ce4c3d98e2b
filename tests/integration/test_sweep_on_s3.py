"""Whole sweeps on a server that speaks S3, with answers that get lost, drivers that are killed, and two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeFactory, FakeTracker, make_trials, state_after, state_metric
from killed_sweeps import COUNT, TESTS, Sweep, until
from object_server import Place
from stored import result_row

import pipeline
from pipeline.driver import DriverOptions, Summary, drive
from pipeline.errors import Fenced, LeaseHeld, StorageUnavailable
from pipeline.executors.inline import InlineExecutor
from pipeline.lease import Owner
from pipeline.plan import Plan, store_plan
from pipeline.record.attempts import attempt_numbers
from pipeline.record.commit import committed
from pipeline.record.compact import compact
from pipeline.record.journal import replay
from pipeline.state import Policy, Retries, Status, SweepState
from pipeline.storage import Storage
from pipeline.stores.patience import Patience
from pipeline.worker import WorkerOptions

TRIALS = make_trials(6, steps=12)
PATIENCE = Patience(seconds=60.0, first=0.002, longest=0.02, answer=2.0)
OPTIONS = DriverOptions(
    policy=Policy(max_workers=2, retries=Retries(backoff_seconds=0.0)), poll_seconds=0.001, heartbeat_seconds=0.05
)


NEXT = replace(OPTIONS, owner=Owner(host="other", boot="b", pid=1, started="1"), heartbeat_seconds=0.0)


def later() -> float:
    """When the heartbeat of a driver that has gone silent is old."""
    return time.time() + 1000.0


@pytest.fixture
def storage(s3: Place) -> Storage:
    return Storage(f"{s3.url}/sweep", patience=PATIENCE)


def run(
    storage: Storage,
    options: DriverOptions = OPTIONS,
    observe: Callable[[SweepState], None] = lambda state: None,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.time,
) -> Summary:
    executor = InlineExecutor(FakeFactory(), storage, WorkerOptions(every_steps=3, progress_seconds=0.0))
    return drive(TRIALS, storage, executor, options, FakeTracker(), compact, observe, stop or threading.Event(), clock)


def stop_after(count: int, stop: threading.Event) -> Callable[[SweepState], None]:
    def observe(state: SweepState) -> None:
        if state.counts[Status.COMMITTED] >= count:
            stop.set()

    return observe


def check_results(storage: Storage) -> None:
    """One commit a trial with the result of an undisturbed run, and one row a trial in the tables."""
    done = committed(storage)
    assert set(done) == {trial.trial_id for trial in TRIALS}
    for trial in TRIALS:
        state = result_row(storage, trial.trial_id, done[trial.trial_id])["metrics"]["state"]
        assert state == state_metric(state_after(trial, trial.steps))
    store_plan(storage, Plan(TRIALS), "name: sweep\nprompts: [a cup]\n")
    frame = pipeline.open(storage.url).trials()
    assert sorted(frame["trial_id"]) == sorted(done)
    assert len(pipeline.open(storage.url).history()) == sum(trial.steps for trial in TRIALS)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_an_interrupted_sweep_goes_on(s3: Place, storage: Storage, seed: int | None) -> None:
    if seed is not None:
        s3.faults.often(seed, share=0.15, kinds=("before", "after", "error_after", "cut", "slow_down"))
    stop = threading.Event()
    summary = run(storage, observe=stop_after(2, stop), stop=stop)
    assert summary.stopped
    assert 2 <= summary.committed < len(TRIALS)
    before = {trial_id: attempt_numbers(storage, trial_id) for trial_id in committed(storage)}
    summary = run(storage)
    assert (summary.committed, summary.failed, summary.remaining) == (len(TRIALS), {}, 0)
    assert (s3.faults.seen["after"] > 3) is (seed is not None)
    s3.faults.clear()
    assert {trial_id: attempt_numbers(storage, trial_id) for trial_id in before} == before, "ran again"
    assert not [fact for fact in replay(storage) if fact["fact"] == "attempt_ended" and fact["failure"] == "user"]
    check_results(storage)


@pytest.mark.parametrize("when", ["journal", "checkpoints", "commits"])
def test_an_outage_stops_the_driver_and_the_next_one_continues(s3: Place, storage: Storage, when: str) -> None:
    """The store answers nothing any more from the first write of this kind on."""
    hasty = Storage(storage.url, patience=replace(PATIENCE, seconds=0.2))
    down = threading.Event()

    def plan(method: str, path: str) -> str:
        if method == "PUT" and f"/{when}/" in path:
            down.set()
        return "slow_down" if down.is_set() else ""

    s3.faults.plan = plan  # type: ignore[assignment]
    with pytest.raises(StorageUnavailable, match=rf"{storage.url} gives no answer \((SlowDown|503): "):
        run(hasty)
    s3.faults.clear()
    assert run(storage, NEXT, clock=later).committed == len(TRIALS)
    check_results(storage)


@pytest.fixture
def killed(s3: Place, tmp_path: Path) -> Iterator[Sweep]:
    sweep = Sweep("inline", tmp_path, f"{s3.url}/sweep")
    yield sweep
    sweep.close()


def test_a_killed_driver_is_continued(s3: Place, killed: Sweep) -> None:
    process = killed.start()
    until(lambda: killed.checkpoints() >= 2, "checkpoints")
    process.kill()
    process.wait()
    before = killed.attempts_of_committed()
    assert len(before) < COUNT
    s3.faults.often(3, share=0.1, kinds=("before", "after", "error_after"))
    killed.finish(killed.start())
    s3.faults.clear()
    killed.check()
    for trial_id, numbers in before.items():
        assert attempt_numbers(killed.storage, trial_id) == numbers, "ran again after its commit"
    admitted = [line.split() for line in (killed.scratch / "admitted.log").read_text().splitlines()]
    assert any(int(step) > 0 for _, step in admitted), "continued from checkpoints"


@pytest.mark.ray
def test_workers_on_a_cluster_use_the_store_too(s3: Place, tmp_path: Path) -> None:
    sweep = Sweep("ray", tmp_path, f"{s3.url}/sweep")
    s3.faults.often(5, share=0.1, kinds=("before", "after", "error_after"))
    try:
        process = sweep.start()
        until(lambda: sweep.checkpoints() >= 1, "a checkpoint")
        os.kill(sweep.workers()[0], signal.SIGKILL)
        sweep.finish(process)
    finally:
        sweep.close()
    s3.faults.clear()
    sweep.check()


def test_a_second_driver_is_refused_and_a_newer_one_fences_the_first(storage: Storage) -> None:
    """The first stands still until its heartbeat is old; a driver elsewhere takes the sweep over and finishes it."""
    outcome: list[Summary] = []

    def meanwhile(state: SweepState) -> None:
        if state.counts[Status.COMMITTED] < 1 or outcome:
            return
        with pytest.raises(LeaseHeld, match="another driver runs this sweep"):
            run(storage, NEXT)
        outcome.append(run(storage, NEXT, clock=later))

    with pytest.raises(Fenced, match="a newer driver has taken this sweep over"):
        run(storage, replace(OPTIONS, heartbeat_seconds=0.0), observe=meanwhile)
    assert [second.committed for second in outcome] == [len(TRIALS)]
    check_results(storage)


def test_of_drivers_that_start_at_the_same_moment_one_drives(s3: Place, storage: Storage) -> None:
    s3.faults.often(4, share=0.2, kinds=("after", "error_after"))
    gate, results = threading.Barrier(3), []

    def start() -> None:
        mine = Storage(storage.url, patience=PATIENCE)
        gate.wait()
        try:
            results.append(run(mine).committed)
        except (LeaseHeld, Fenced) as error:
            results.append(type(error).__name__)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    s3.faults.clear()
    assert sorted(map(str, results)) == [str(len(TRIALS)), "LeaseHeld", "LeaseHeld"]
    check_results(storage)


# ---- what a person gets wrong ----------------------------------------------------------------------------------------

SPEC = """\
name: x
storage: {}
prompts: [a mug]
prior: mixture
set: {{steps: 2}}
outputs: {{views: 1, size: 16}}
tracking: {{mlflow: off}}
"""


def command(folder: Path, url: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own, on a spec with this storage."""
    (folder / "x.yaml").write_text(SPEC.format(url))
    known = {**os.environ, "PYTHONPATH": str(TESTS.parent), **environment}
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words, str(folder / "x.yaml"), "--executor", "inline", "--no-progress"],
        env={name: value for name, value in known.items() if value},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One message with these words, exit code 2, no secret."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in done.stderr
    assert os.environ["AWS_ACCESS_KEY_ID"] not in done.stderr


def test_a_bucket_that_is_not_there(s3: Place, tmp_path: Path) -> None:
    done = command(tmp_path, "s3://no-such-bucket-here/runs", "run")
    refused(done, "storage s3://no-such-bucket-here/runs/x", "the bucket does not exist", "correct `storage`")


def test_no_permission(s3: Place, tmp_path: Path) -> None:
    s3.faults.plan = lambda method, path: "denied"
    refused(command(tmp_path, s3.url, "run"), "access is denied (AccessDenied", "docs/storage.md")


def test_no_permission_to_write_writes_nothing(s3: Place, tmp_path: Path) -> None:
    s3.faults.plan = lambda method, path: "denied" if method == "PUT" else ""
    refused(command(tmp_path, s3.url, "run"), "access is denied")
    s3.faults.clear()
    assert Storage(s3.url).list() == []


def test_no_credentials(s3: Place, tmp_path: Path) -> None:
    done = command(tmp_path, s3.url, "run", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    refused(done, "no usable credentials", "AWS_ACCESS_KEY_ID")


def test_nobody_at_the_endpoint(s3: Place, tmp_path: Path) -> None:
    done = command(tmp_path, s3.url, "run", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    refused(done, "gives no answer", "http://127.0.0.1:9", "Asked for 15 seconds")


def test_keys_in_the_url(s3: Place, tmp_path: Path) -> None:
    done = command(tmp_path, "s3://AKIDKEY:topsecret@bucket/runs", "run")
    refused(done, "must not name a user or password")
    assert "topsecret" not in done.stderr


def test_a_sweep_that_is_not_there(s3: Place, tmp_path: Path) -> None:
    Storage(f"{s3.url}/other/y").write("plan/0000.parquet", b"")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "status", f"{s3.url}/other"],
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, f"{s3.url}/other holds no sweep; did you mean {s3.url}/other/y?")


def test_no_key_is_kept_anywhere(s3: Place, tmp_path: Path) -> None:
    done = command(tmp_path, s3.url, "run")
    assert done.returncode == 0, done.stderr
    storage = Storage(f"{s3.url}/x")
    kept = [storage.read(key) for key in storage.list()]
    assert len(kept) > 8
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert not [data for data in kept if os.environ[name].encode() in data]
        assert os.environ[name] not in done.stdout + done.stderr
