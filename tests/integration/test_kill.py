"""kill -9 of real processes: whatever dies, running the command again finishes the sweep as if nothing had happened."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import make_trials
from killed_sweeps import COUNT, STEPS, Sweep, is_alive, until

from pipeline.record.attempts import attempt_numbers


@pytest.fixture
def sweep(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sweep]:
    made = Sweep(request.param, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("sweep", ["inline"], indirect=True)
def test_the_driver_is_killed_again_and_again(sweep: Sweep) -> None:
    for seen in (1, 3):
        process = sweep.start()
        until(lambda seen=seen: sweep.checkpoints() >= seen, "checkpoints")  # type: ignore[misc]
        process.kill()
        process.wait()
    before = sweep.attempts_of_committed()
    sweep.finish(sweep.start())
    sweep.check()
    for trial_id, numbers in before.items():
        assert attempt_numbers(sweep.storage, trial_id) == numbers, "ran again after its commit"
    assert max(len(attempt_numbers(sweep.storage, trial.trial_id)) for trial in make_trials(COUNT, STEPS)) > 1


@pytest.mark.parametrize("sweep", ["inline"], indirect=True)
def test_sigterm_stops_cleanly_and_the_next_run_does_no_step_twice(sweep: Sweep) -> None:
    process = sweep.start()
    until(lambda: sweep.checkpoints() >= 2, "checkpoints")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30.0)
    assert process.returncode == 3, output
    sweep.finish(sweep.start())
    sweep.check()
    admitted = [line.split() for line in (sweep.scratch / "admitted.log").read_text().splitlines()]
    last = {trial_id: int(step) for trial_id, step in admitted}
    assert sum(step > 0 for step in last.values()) >= 2


@pytest.mark.ray
@pytest.mark.parametrize("sweep", ["ray"], indirect=True)
def test_a_worker_is_killed_and_the_driver_goes_on(sweep: Sweep) -> None:
    process = sweep.start()
    until(lambda: sweep.checkpoints() >= 1, "a checkpoint")
    os.kill(sweep.workers()[0], signal.SIGKILL)
    sweep.finish(process)
    sweep.check()
    assert len(sweep.workers()) > 2, "another worker took over"


@pytest.mark.ray
@pytest.mark.parametrize("sweep", ["ray"], indirect=True)
def test_the_driver_of_ray_workers_is_killed(sweep: Sweep) -> None:
    process = sweep.start()
    until(lambda: sweep.checkpoints() >= 2, "checkpoints")
    process.kill()
    process.wait()
    before, orphans = sweep.attempts_of_committed(), sweep.workers()
    sweep.finish(sweep.start())
    sweep.check()
    for trial_id, numbers in before.items():
        assert attempt_numbers(sweep.storage, trial_id) == numbers, "ran again after its commit"
    assert orphans
    assert len(before) < COUNT, "killed too late to matter"
    until(lambda: not any(is_alive(pid) for pid in orphans), "the dead driver's workers to go")
