"""The commands that steer a sweep through its storage, and the log that is told from there."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from commands import Result, run
from fakes import FakeFactory
from stored import begin, commit_trial, fail_trial, journal, trial

from pipeline import launch, paths
from pipeline.lease import Lease, Owner
from pipeline.query import Sweep
from pipeline.record.orders import Cancel, Retry, Stop, orders_from, standing
from pipeline.storage import Storage

DONE, FAILED, OPEN, STRONG = (
    trial("a mug"),
    trial("a mug", 1),
    trial("a duck"),
    trial("a duck", 0, "strong", scale=2),
)
ELSEWHERE = Owner(host="head", boot="x", pid=7, started="0", job="dreamsweep-x-1")


@pytest.fixture
def sweep(tmp_storage: Storage) -> Storage:
    begin(tmp_storage, DONE, FAILED, OPEN, STRONG)
    commit_trial(tmp_storage, DONE)
    fail_trial(tmp_storage, FAILED, round=1)
    return tmp_storage


def orders(storage: Storage) -> list[object]:
    return list(orders_from(storage, 0))


def refused(result: Result) -> str:
    assert (result.code, result.out) == (2, "")
    return result.err


# ---- cancel ----------------------------------------------------------------------------------------------------------


def test_cancel_leaves_alone_what_is_finished(sweep: Storage) -> None:
    said = run("cancel", sweep.url, "--all").out
    assert said == "2 trials cancelled. Nobody runs the sweep now; the next driver knows\n"
    assert orders(sweep) == [Cancel(trial_ids=frozenset({OPEN.trial_id, STRONG.trial_id}))]
    assert "4 done, 1 failed, 2 cancelled, 0 left" in run("status", sweep.url).out
    assert json.loads(run("status", sweep.url, "--json").out)["cancelled"] == 2
    assert "nothing to cancel" in run("cancel", sweep.url, "--all").out
    assert len(orders(sweep)) == 1


def test_cancel_by_prompt_variant_and_id(sweep: Storage) -> None:
    assert "1 trial cancelled" in run("cancel", sweep.url, "--prompt", "a duck", "--variant", "strong").out
    assert standing(sweep).cancelled == {STRONG.trial_id}
    assert "1 trial cancelled" in run("cancel", sweep.url, "--trial", OPEN.trial_id[:8]).out
    assert "nothing to cancel" in run("cancel", sweep.url, "--trial", DONE.trial_id).out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "cancel needs either --all, or --trial"),
        (["--all", "--prompt", "a duck"], "cancel needs either --all"),
        (["--prompt", "a dukc"], "Did you mean a duck?"),
        (["--trial", "nope"], "no trial has it"),
    ],
)
def test_a_cancel_that_means_nothing_is_refused(sweep: Storage, options: list[str], message: str) -> None:
    assert message in refused(run("cancel", sweep.url, *options))
    assert orders(sweep) == []


# ---- retry -----------------------------------------------------------------------------------------------------------


def test_retry_asks_for_the_next_round(sweep: Storage) -> None:
    run("cancel", sweep.url, "--prompt", "a duck")
    said = run("retry", sweep.url, "--failed").out
    assert said.startswith("1 trial wanted again. Nobody runs the sweep now; the next driver knows\nRun them: ")
    assert orders(sweep)[1:] == [Retry(rounds={FAILED.trial_id: 2})]
    assert "nothing to retry" in run("retry", sweep.url, "--failed").out, "it is asked for already"
    assert "1 trial wanted again" in run("retry", sweep.url, "--cancelled", "--variant", "strong").out
    assert standing(sweep).cancelled == {OPEN.trial_id}
    found = json.loads(run("status", sweep.url, "--json").out)
    assert (found["failed"], found["cancelled"], found["left"]) == ([], 1, 2)


def test_retry_needs_to_know_what(sweep: Storage) -> None:
    assert "retry needs --failed, --cancelled or both" in refused(run("retry", sweep.url))


def test_one_story_from_failure_to_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "sweep.yaml"
    spec.write_text(
        f"name: test\nstorage: {tmp_path}/runs\nprompts: ['once:fail:admit@0', a duck]\nprior: mixture\n"
        "set: {steps: 5}\nretries: {user: 0}\ntracking: {mlflow: off}\n"
    )
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory(scratch=str(tmp_path)))
    assert run("cancel", str(spec), "--prompt", "a duck").code == 2, "there is no sweep yet"
    assert run("run", str(spec), "--executor", "inline").code == 1
    again = run("run", str(spec), "--executor", "inline")
    assert (again.code, "1 failed; another round for them: " in again.out) == (1, True)
    assert "1 trial wanted again" in run("retry", str(spec), "--failed").out
    assert "1 committed, 0 failed, 1 to run" in run("plan", str(spec)).out
    assert run("run", str(spec), "--executor", "inline").code == 0
    assert Sweep(Storage(f"{tmp_path}/runs/test")).trials()["attempts"].tolist() == [1, 2]


def test_a_sweep_that_reseeds_is_one_sweep_by_its_yaml_and_by_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "sweep.yaml"
    spec.write_text(
        f"name: test\nstorage: {tmp_path}/runs\nprompts: ['diverge@3', a duck]\nprior: mixture\n"
        "set: {steps: 5}\nretries: {on_divergence: reseed}\ntracking: {mlflow: off}\n"
    )
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory())
    assert run("run", str(spec), "--executor", "inline").code == 1
    storage = Storage(f"{tmp_path}/runs/test")
    trials = Sweep(storage).trials().set_index("trial_id")
    (child,) = trials[trials["parent"].notna()].itertuples()
    assert (len(trials), child.prompt) == (3, "diverge@3")
    assert (trials.loc[child.parent]["seed"], trials.loc[child.parent]["prompt"]) == (0, "diverge@3")
    for target in (str(spec), storage.url):
        assert "1 of 3 done, 2 failed, 0 left" in run("status", target).out
    assert "1 committed, 2 failed, 0 to run" in run("plan", str(spec)).out
    assert "nothing to do: 1 of 3" in run("run", str(spec), "--executor", "inline").out


def test_cancelled_trials_are_not_run_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(str(tmp_path / "runs" / "test"))
    spec = tmp_path / "sweep.yaml"
    spec.write_text(
        f"name: test\nstorage: {tmp_path}/runs\nprompts: [a mug]\nseeds: [0]\nprior: mixture\nset: {{steps: 5}}\n"
        "tracking: {mlflow: off}\n"
    )
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory())
    run("run", str(spec), "--executor", "inline")
    spec.write_text(spec.read_text().replace("[0]", "[0, 1, 2]"))
    monkeypatch.setattr(launch, "launch", lambda *given, **more: pytest.fail("nothing should run"))
    from pipeline import sweeps
    from pipeline.plan import store_plan

    store_plan(storage, sweeps.load(spec)[1], spec.read_text())
    run("cancel", str(spec), "--all")
    nothing = run("run", str(spec), "--executor", "inline")
    assert nothing.code == 0
    assert "nothing to do: 1 of 3 trials are committed" in nothing.out
    assert "2 cancelled; to want them again: " in nothing.out
    assert "0 failed, 2 cancelled, 0 to run" in run("plan", str(spec)).out


# ---- stop and logs ---------------------------------------------------------------------------------------------------


def test_stop_is_for_the_driver_that_there_is(sweep: Storage) -> None:
    assert "nobody runs" in refused(run("stop", sweep.url))
    Lease.acquire(sweep, ELSEWHERE, time.time)
    assert run("stop", sweep.url).out.startswith("process 7 on head (Ray job dreamsweep-x-1) will hear of it")
    assert orders(sweep) == [Stop(epoch=1)]
    assert "process 7 on head" in run("cancel", sweep.url, "--all").out


def test_logs_are_told_from_storage_where_there_is_no_job(sweep: Storage) -> None:
    started = {"fact": "attempt_started", "number": 1, "worker_id": "e1w0", "resume_from": None, "round": 1}
    journal(sweep, {**started, "trial_id": OPEN.trial_id}, {**started, "trial_id": DONE.trial_id})
    whole = run("logs", sweep.url)
    assert (whole.code, whole.err, len(whole.out.splitlines())) == (0, "", 2)
    one = run("logs", sweep.url, "--trial", OPEN.trial_id[:6], "--follow")
    assert len(one.out.splitlines()) == 1 and "a duck, seed 0, base" in one.out
    assert "no trial has it" in refused(run("logs", sweep.url, "--trial", "nope"))


def test_logs_of_a_cluster_that_is_gone_are_told_from_storage(sweep: Storage) -> None:
    sweep.write(paths.JOB, json.dumps({"job_id": "j", "address": "http://127.0.0.1:9"}).encode())
    journal(sweep, {"fact": "worker_started", "worker_id": "e1w0"})
    told = run("logs", sweep.url)
    assert "worker e1w0 is started" in told.out
    assert told.err.startswith("told from storage, for no Ray cluster answers at http://127.0.0.1:9")


# ---- submit ----------------------------------------------------------------------------------------------------------


def test_a_submission_that_cannot_work_writes_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "sweep.yaml"
    spec.write_text(f"name: test\nstorage: {tmp_path}/runs\nprompts: [a mug]\nprior: mixture\n")
    for address, message in (
        ("http://192.0.2.77:8265", "is a folder of this machine, which 192.0.2.77 cannot see"),
        ("http://127.0.0.1:9", "no Ray cluster answers"),
        ("127.0.0.1:6379", "is a folder of this machine"),
    ):
        assert message in refused(run("submit", str(spec), "--address", address))
    assert "Missing option" in run("submit", str(spec)).err
    assert not (tmp_path / "runs").exists()
