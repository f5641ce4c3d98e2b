"""Sweeps as jobs of real clusters: submitted, watched, cancelled, stopped, and continued on another cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import state_after, state_metric
from ray_head import TESTS, Head, running_head
from stored import result_row

from pipeline import paths, submission
from pipeline.errors import UserError
from pipeline.executors.ray_jobs import JobServer
from pipeline.lease import newest_epoch
from pipeline.plan import stored_plan
from pipeline.record.attempts import attempt_numbers
from pipeline.record.commit import committed
from pipeline.record.journal import replay
from pipeline.storage import Storage

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(180)]

STEPS = 60
SPEC = f"""\
name: test
storage: {{folder}}/runs
prompts: [a mug, a duck]
seeds: {{{{start: 0, count: 2}}}}
prior: mixture
set: {{{{steps: {STEPS}}}}}
checkpoint: {{{{every_steps: 10}}}}
tracking: {{{{mlflow: off}}}}
"""


class Sweep:
    """One sweep and the command line to it, each call a process of its own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.spec = folder / "sweep.yaml"
        self.spec.write_text(SPEC.format(folder=folder))
        self.storage = Storage(str(folder / "runs" / "test"))
        self.variables = variables

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """What the command prints, if it ends with this exit code."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
        environment = {name: value for name, value in environment.items() if not name.startswith("RAY_AUTH")}
        done = subprocess.run(
            [sys.executable, str(TESTS / "fake_dreamsweep.py"), *arguments],
            env={**environment, **self.variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def submit(self, head: Head, *options: str) -> str:
        return self("submit", str(self.spec), "--address", head.address, *options)

    def edit(self, old: str, new: str) -> None:
        assert old in self.spec.read_text()
        self.spec.write_text(self.spec.read_text().replace(old, new))

    def status(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self("status", self.storage.url, "--json"))
        return found

    def facts(self, name: str) -> list[dict[str, object]]:
        return [dict(fact) for fact in replay(self.storage) if fact["fact"] == name]

    def checkpoints(self) -> list[str]:
        return [key for key in self.storage.list(paths.ATTEMPTS) if key.endswith("latest.json")]

    def check(self, count: int) -> None:
        """All is committed, once, and as if nothing had ever been interrupted."""
        done = committed(self.storage)
        trials = stored_plan(self.storage).trials
        assert len(done) == len(trials) == count
        for trial in trials:
            state = result_row(self.storage, trial.trial_id, done[trial.trial_id])["metrics"]["state"]
            assert state == state_metric(state_after(trial, STEPS))


def until(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """While this file is there, a sweep takes its time."""
    return tmp_path_factory.mktemp("hold") / "hold"


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory, hold: Path) -> Iterator[Head]:
    variables = {"FAKE_DELAY": "2.0", "FAKE_HOLD": str(hold)}
    with running_head(tmp_path_factory.mktemp("head"), variables=variables) as made:
        yield made


@pytest.fixture
def sweep(tmp_path: Path, hold: Path) -> Sweep:
    hold.touch()
    return Sweep(tmp_path)


def workers(head: Head) -> list[int]:
    """The processes of the sweep's actors."""
    found = []
    for pid in head.processes():
        try:
            if "Actor" in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
        except OSError:
            continue
    return found


def test_a_sweep_is_submitted_watched_cancelled_in_part_and_extended(head: Head, sweep: Sweep, hold: Path) -> None:
    said = sweep.submit(head)
    job_id = f"{submission.job_prefix(sweep.storage.url)}1"
    assert f"submitted as Ray job {job_id} at {head.address}" in said
    assert "its driver has begun: process" in said and f"(Ray job {job_id})" in said
    assert f"Ray job {job_id} runs this sweep already" in sweep.submit(head)
    assert f"(Ray job {job_id})" in str(sweep.status()["driver"])
    refused = sweep("resume", sweep.storage.url, "--executor", "inline", code=2)
    assert "another driver runs this sweep" in refused and f"(Ray job {job_id})" in refused

    until(lambda: sweep.facts("attempt_started"), "the first attempts")
    assert "2 trials cancelled" in sweep("cancel", sweep.storage.url, "--prompt", "a mug")
    until(lambda: len(sweep.facts("cancelled")) == 2, "both to be dropped")
    hold.unlink()
    log = sweep("logs", sweep.storage.url, "--follow")
    assert "2 of 4 trials committed" in log and log.count("cancelled: a mug") == 2
    found = sweep.status()
    assert (found["committed"], found["cancelled"], found["left"], found["driver"]) == (2, 2, 0, "")
    until(lambda: not workers(head), "the workers' processes to end")

    sweep.edit("count: 2", "count: 3")
    sweep.edit("a duck", "a duck, a hat")
    assert "2 trials wanted again" in sweep("retry", sweep.storage.url, "--cancelled")
    assert f"submitted as Ray job {job_id[:-1]}2" in sweep.submit(head)
    assert "9 of 9 trials committed, 7 of them in this run" in sweep("logs", str(sweep.spec), "-f")
    sweep.check(9)
    ducks = [trial for trial in stored_plan(sweep.storage).trials if (trial.prompt, trial.seed) == ("a duck", 0)]
    assert attempt_numbers(sweep.storage, ducks[0].trial_id) == [1], "what was committed is left alone"
    assert "nothing to do: 9 of 9" in sweep.submit(head)


def test_the_next_cluster_continues_where_the_dead_one_stood(sweep: Sweep, tmp_path: Path) -> None:
    with running_head(tmp_path, variables={"FAKE_DELAY": "0.3"}) as first:
        sweep.submit(first)
        until(lambda: len(sweep.checkpoints()) == 4 and len(sweep.facts("attempt_started")) == 4, "checkpoints")
    found = sweep.status()
    assert (found["total"], found["committed"], found["driver"]) == (4, 0, ""), "storage alone tells"
    told = sweep("logs", sweep.storage.url)
    assert "attempt 1 on worker e1w0, from the start" in told
    with running_head(tmp_path, variables={"FAKE_DELAY": "0.02"}) as second:
        sweep("submit", sweep.storage.url, "--address", second.address)
        assert "4 of 4 trials committed" in sweep("logs", sweep.storage.url, "--follow")
    sweep.check(4)
    again = [fact["resume_from"] for fact in sweep.facts("attempt_started") if fact["number"] == 2]
    assert again == [1] * 4, "from checkpoints"


def test_a_token_is_asked_for_and_a_stopped_job_has_time_to_checkpoint(tmp_path: Path) -> None:
    token, sweep = "a" * 40, Sweep(tmp_path)
    with running_head(tmp_path, token, {"FAKE_DELAY": "5.0"}) as head:
        for variables in ({}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "b" * 40}):
            sweep.variables = variables
            refused = sweep("submit", str(sweep.spec), "--address", head.address, code=2)
            assert "refuses the token of this process" in refused and "Traceback" not in refused
            assert "b" * 40 not in refused
            assert sweep.storage.list() == [], "nothing was written"
        path = tmp_path / "token"
        path.write_text(token)
        sweep.variables = {"RAY_AUTH_TOKEN_PATH": str(path)}  # enough: the mode is not asked for
        job_id = sweep.submit(head).partition("Ray job ")[2].partition(" ")[0]
        until(lambda: sweep.facts("attempt_started"), "the first attempts")
        # Ray's own command, which sends SIGTERM and would kill after three seconds; a step takes five.
        stop = [str(Path(sys.executable).parent / "ray"), "job", "stop", "--address", head.address, "--no-wait", job_id]
        variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
        subprocess.run(stop, env={**os.environ, **variables}, check=True, capture_output=True, timeout=60)
        until(lambda: not sweep.status()["driver"], "the driver to end")
        assert "4 trials left; continue with" in sweep("logs", sweep.storage.url)
    ended = sweep.facts("attempt_ended")
    assert ended and {fact["failure"] for fact in ended} == {"stopped"}
    assert any(fact["saved"] for fact in ended), "with checkpoints"


def test_a_running_job_is_stopped_through_storage(head: Head, sweep: Sweep, hold: Path) -> None:
    sweep.submit(head)
    until(lambda: sweep.facts("attempt_started"), "the first attempts")
    assert "will hear of it within seconds" in sweep("stop", sweep.storage.url)
    assert "trials left; continue with" in sweep("logs", sweep.storage.url, "--follow")
    assert "nobody runs" in sweep("stop", sweep.storage.url, code=2)
    hold.unlink()
    sweep.submit(head)
    assert "4 of 4 trials committed" in sweep("logs", sweep.storage.url, "--follow")
    sweep.check(4)


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_job_that_ends_before_its_driver_began_says_why(head: Head, sweep: Sweep) -> None:
    server = JobServer(head.address)
    program = ("python", "-c", "raise SystemExit('no dreamsweep in this image')")
    job = submission.start_job(server, sweep.storage, program)
    with pytest.raises(UserError, match=r"ended before its driver began \(FAILED\):\n(.*\n)*  no dreamsweep in this"):
        submission.await_driver(server, sweep.storage, job, newest_epoch(sweep.storage), 60.0, time.sleep)
    again = submission.start_job(server, sweep.storage, ("python", "-c", "pass"))
    assert (job.job_id[-2:], again.job_id[-2:]) == ("-1", "-2")


def test_a_package_that_is_shipped_is_the_one_that_runs(head: Head, sweep: Sweep) -> None:
    server = JobServer(head.address)
    program = (
        "python",
        "-c",
        "import dreamcore, pipeline; print(dreamcore.__path__, pipeline.__path__)",
    )
    job = submission.start_job(server, sweep.storage, program, submission.own_packages())
    until(lambda: server.look(job.job_id).is_over, "the job to end")
    assert server.log(job.job_id).count("py_modules_files") == 2


def test_where_no_cluster_answers_nothing_is_written(sweep: Sweep) -> None:
    refused = sweep("submit", str(sweep.spec), "--address", "http://127.0.0.1:9", code=2)
    assert "no Ray cluster answers at http://127.0.0.1:9 (Connection refused)" in refused
    assert sweep.storage.list() == []
