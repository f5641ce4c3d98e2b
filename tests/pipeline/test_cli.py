from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from colour_judge import ColourJudge
from commands import run
from fakes import FakeFactory
from stored import begin, commit_trial, fail_trial, trial

from pipeline import judging, launch, paths, sweeps
from pipeline.errors import UserError
from pipeline.launch import Machine, Resources, resolve_workers
from pipeline.paths import COMMITS
from pipeline.plan import stored_plan
from pipeline.query import Sweep
from pipeline.record.attempts import attempt_numbers
from pipeline.record.compact import read_manifest
from pipeline.spec import Workers
from pipeline.storage import Storage

SPEC = """\
name: test
storage: {folder}/runs
prompts: [a mug, a duck]
seeds: {{start: 0, count: 2}}
prior: mixture
set: {{steps: 10}}
tracking: {{mlflow: off}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(SPEC.format(folder=tmp_path))
    return path


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "runs" / "test"))


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory())
    monkeypatch.setattr(launch, "find_machine", lambda kind, address: Machine(cores=2, gpus=0))


def edit(spec: Path, old: str, new: str) -> None:
    text = spec.read_text()
    assert old in text
    spec.write_text(text.replace(old, new))


# ---- the whole -------------------------------------------------------------------------------------------------------


def test_a_sweep_from_plan_to_results(spec: Path, storage: Storage, tmp_path: Path) -> None:
    planned = run("plan", str(spec))
    assert planned.code == 0
    assert "4 trials (2 prompts x 2 seeds x 1 variants): 0 committed, 0 failed, 4 to run" in planned.out
    assert not (tmp_path / "runs").exists(), "plan writes nothing"

    done = run("run", str(spec), "--executor", "inline")
    assert done.code == 0, done.out + done.err
    assert "4 of 4 trials committed, 4 of them in this run" in done.out
    assert f"Results are in {storage.url}" in done.out
    next_commands = done.out.partition("Next:\n")[2].strip().splitlines()
    assert len(next_commands) == 3
    assert len(Sweep(storage).trials()) == 4
    assert len(read_manifest(storage).commits) == 4

    shown = run("results", str(spec))
    assert shown.out.count("completed") == 4
    assert run("status", storage.url).out.startswith(f"{storage.url}: 4 of 4 done, 0 failed, 0 left")
    assert "at the" in run("plan", str(spec)).out or "0 to run" in run("plan", str(spec)).out


def test_again_does_nothing_and_more_seeds_run_only_those(spec: Path, storage: Storage) -> None:
    run("run", str(spec), "--executor", "inline", "--no-progress")
    before = storage.list()
    again = run("run", str(spec))
    assert (again.code, again.out) == (0, f"nothing to do: 4 of 4 trials are committed in {storage.url}\n")
    assert storage.list() == before

    edit(spec, "count: 2", "count: 3")
    assert "4 committed, 0 failed, 2 to run" in run("plan", str(spec)).out
    more = run("run", str(spec), "--executor", "inline", "--no-progress")
    assert "6 of 6 trials committed, 2 of them in this run" in more.out
    assert all(attempt_numbers(storage, each.trial_id) == [1] for each in stored_plan(storage).trials)
    assert len(Sweep(storage).trials()) == 6


def test_resume_goes_by_the_settings_of_the_last_run(
    spec: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = spec.read_text()
    run("run", str(spec), "--executor", "inline")
    assert sweeps.stored(storage)[0].workers.max == "auto"
    storage.delete(f"{COMMITS}/{stored_plan(storage).trials[0].trial_id}.json")
    spec.write_text(text + "workers: {max: 7}\n")
    assert run("run", str(spec), "--executor", "inline").code == 0
    assert sweeps.stored(storage)[0].workers.max == 7, "though it asked for no new trial"
    assert len(storage.list(paths.PLAN)) == 1
    storage.delete(f"{COMMITS}/{stored_plan(storage).trials[0].trial_id}.json")
    spec.write_text(text)
    assert run("run", str(spec), "--executor", "inline").code == 0
    assert sweeps.stored(storage)[0].workers.max == "auto"


def test_nothing_to_do_imports_nothing_heavy(spec: Path) -> None:
    run("run", str(spec), "--executor", "inline")
    code = (
        f"import sys; sys.argv = ['dreamsweep', 'run', {str(spec)!r}]\n"
        "from pipeline.cli import main\n"
        "main_error = None\n"
        "try:\n    main()\nexcept SystemExit as error:\n    main_error = error.code\n"
        "print(main_error, sorted({'torch', 'ray', 'mlflow', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_what_a_dead_driver_left_uncompacted_is_compacted(spec: Path, storage: Storage) -> None:
    begin(storage)
    for each in run_plan(spec):
        commit_trial(storage, each)
    assert run("run", str(spec)).code == 0
    assert len(read_manifest(storage).commits) == 4


def run_plan(spec: Path) -> tuple:  # type: ignore[type-arg]
    from pipeline import sweeps

    return sweeps.load(spec)[1].trials


def test_a_failed_trial_is_one_line_and_exit_code_1(spec: Path, storage: Storage) -> None:
    edit(spec, "[a mug, a duck]", "[a mug, 'a duck fail:user@3']")
    failed = run("run", str(spec), "--executor", "inline")
    assert failed.code == 1
    assert "2 of 4 trials committed" in failed.out
    assert "failed:" in failed.out
    again = run("run", str(spec), "--executor", "inline")
    assert again.code == 1
    assert "2 failed; another round for them: " in again.out and " --failed" in again.out
    assert "fail:user as told" in run("status", str(spec)).out
    frame = Sweep(storage).trials()
    assert frame["status"].value_counts().to_dict() == {"completed": 2, "failed": 2}
    assert "2 trials wanted again" in run("retry", str(spec), "--failed").out
    retried = run("run", str(spec), "--executor", "inline", "--no-progress")
    assert retried.code == 1
    assert Sweep(storage).trials()["attempts"].max() > frame["attempts"].max()


def test_resume_needs_no_yaml(spec: Path, storage: Storage) -> None:
    edit(spec, "[a mug, a duck]", "[a mug]")
    run("run", str(spec), "--executor", "inline")
    victim = stored_plan(storage).trials[0].trial_id
    storage.delete(f"{COMMITS}/{victim}.json")  # as if the driver had died before it
    spec.unlink()
    resumed = run("resume", storage.url, "--executor", "inline")
    assert resumed.code == 0, resumed.out + resumed.err
    assert "2 of 2 trials committed, 1 of them in this run" in resumed.out
    assert "nothing to do" in run("resume", storage.url).out


def test_a_second_driver_is_refused(spec: Path, storage: Storage) -> None:
    from pipeline.lease import Lease, Owner

    Lease.acquire(storage, Owner(host="elsewhere", boot="x", pid=1, started="0"), time.time)
    refused = run("run", str(spec), "--executor", "inline")
    assert refused.code == 2
    assert refused.err.startswith("error: another driver runs this sweep: process 1 on elsewhere")


# ---- stopping --------------------------------------------------------------------------------------------------------


def test_a_signal_checkpoints_and_the_next_run_continues(
    spec: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory(delay=0.01))
    edit(spec, "steps: 10", "steps: 300")

    def interrupt() -> None:
        end = time.monotonic() + 20
        while not storage.list("attempts") and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=interrupt)
    thread.start()
    stopped = run("run", str(spec), "--executor", "inline")
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is handler
    assert stopped.code == 130, stopped.out + stopped.err
    assert "stopping: workers write their checkpoints" in stopped.out
    assert "continue with: " in stopped.out
    assert f"dreamsweep run {spec}\n" in stopped.out
    assert any(key.endswith("latest.json") for key in storage.list("attempts"))
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory())
    assert run("run", str(spec), "--executor", "inline").code == 0


def test_the_second_signal_ends_at_once() -> None:
    code = (
        "import os, signal, sys, threading\n"
        "from pipeline.launch import stopping\n"
        "stop = threading.Event()\n"
        "with stopping(stop, lambda text: None):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    assert stop.wait(5)\n"
        "    print('first', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    threading.Event().wait(5)\n"
        "print('never')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "first\n")


# ---- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds:", "seed:", "seeds"),
        ("[a mug, a duck]", "[]", "prompts"),
        ("[a mug, a duck]", "[a mug, a mug]", "twice"),
        ("{start: 0, count: 2}", "[zero]", "seeds"),
        ("[a mug, a duck]", "{path: nowhere.csv}", "nowhere.csv"),
        ("prior: mixture", "prior: mixtur", "mixture"),
        ("steps: 10", "stps: 10", "steps"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_bad_spec_is_one_message_and_nothing_written(
    spec: Path, tmp_path: Path, command: str, old: str, new: str, message: str
) -> None:
    edit(spec, old, new)
    refused = run(command, str(spec))
    assert refused.code == 2
    assert refused.err.startswith("error: ")
    assert message in refused.err
    assert "Traceback" not in refused.err
    assert refused.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.yaml"]


def test_an_unwritable_storage_is_refused(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    refused = run("run", str(spec))
    assert refused.code == 2
    assert "is not writable" in refused.err
    assert (tmp_path / "runs").read_text() == "a file"


@pytest.mark.parametrize("command", ["status", "results", "resume", "mlflow-sync"])
def test_a_target_that_is_no_sweep_is_refused(tmp_path: Path, command: str) -> None:
    refused = run(command, str(tmp_path / "nowhere"))
    assert (refused.code, refused.out) == (2, "")
    assert "nowhere holds no sweep" in refused.err
    assert list(tmp_path.iterdir()) == []
    missing = run(command, str(tmp_path / "no.yaml"))
    assert missing.code == 2
    assert "no.yaml" in missing.err


def test_unknown_options_are_refused_with_usage(spec: Path) -> None:
    refused = run("run", str(spec), "--exekutor", "inline")
    assert refused.code == 2
    assert "--exekutor" in refused.err


# ---- results ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def finished(tmp_storage: Storage) -> Iterator[Storage]:
    trials = [trial('a, "mug"', 0), trial("a duck", 1, "w20", guidance={"scale": 20})]
    begin(tmp_storage, *trials, trial("b"))
    for each in trials:
        commit_trial(tmp_storage, each)
    fail_trial(tmp_storage, trial("b"))
    yield tmp_storage


def test_results_as_csv_and_json(finished: Storage) -> None:
    csv = pd.read_csv(io.StringIO(run("results", finished.url, "--format", "csv", "--columns", "all").out))
    assert csv["prompt"].tolist() == ["a duck", 'a, "mug"', "b"]
    rows = json.loads(run("results", finished.url, "--format", "json").out)
    assert [row["status"] for row in rows] == ["completed", "completed", "failed"]
    assert [row["config.guidance.scale"] for row in rows] == [20.0, None, None]
    assert rows[0]["metric_opacity"] == 0.5


def test_results_as_a_parquet_file(finished: Storage, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    assert run("results", finished.url, "--format", "parquet", "--output", str(target)).code == 0
    assert pd.read_parquet(target)["prompt"].tolist() == ["a duck", 'a, "mug"', "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "sweep"]


def test_results_where_and_of_two_sweeps(finished: Storage, tmp_path: Path) -> None:
    options = ("--format", "csv", "--columns", "prompt,seed")
    shown = run("results", finished.url, *options, "--where", "config.guidance.scale == 20 or status == 'failed'")
    assert shown.out.splitlines() == ["prompt,seed", "a duck,1", "b,0"]
    other = Storage(str(tmp_path / "other"))
    begin(other, trial("a hat"))
    commit_trial(other, trial("a hat"))
    both = run("results", finished.url, "--with", other.url, "--where", "seed == 0", "--format", "json")
    assert [(row["sweep"], row["prompt"]) for row in json.loads(both.out)] == [
        (finished.url, 'a, "mug"'),
        (finished.url, "b"),
        (other.url, "a hat"),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "promt == 'x'"], "Did you mean prompt?"),
        (["--columns", "prompt,sed"], "Did you mean seed?"),
        (["--columns", ","], "--columns is empty"),
        (["--format", "parquet"], "needs --output"),
        (["--output", "x"], "--output needs --format"),
        (["--format", "csv", "--output", "/nowhere/x.csv"], "/nowhere/x.csv cannot be written"),
    ],
)
def test_results_that_cannot_be_are_refused(finished: Storage, options: list[str], message: str) -> None:
    refused = run("results", finished.url, *options)
    assert (refused.code, refused.out) == (2, "")
    assert message in refused.err


def test_a_prompt_is_never_markup(tmp_storage: Storage) -> None:
    made = trial("[red]a mug[/red] [link=x]")
    begin(tmp_storage, made)
    commit_trial(tmp_storage, made)
    assert "[red]a mug[/red] [link=x]" in run("results", tmp_storage.url, "--columns", "prompt").out


def test_status_as_json(finished: Storage) -> None:
    found = json.loads(run("status", finished.url, "--json").out)
    assert (found["total"], found["committed"], found["left"]) == (3, 2, 0)
    assert found["failed"][0]["reason"] == "as told"


# ---- workers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "trials", "machine", "found"),
    [
        ({}, 4, (2, 0), (0, 1, 2, 1)),
        ({}, 1, (8, 0), (0, 8, 1, 1)),
        ({}, 100, (8, 0), (0, 1, 8, 1)),
        ({"max": 2}, 100, (8, 0), (0, 4, 2, 1)),
        ({"cpus": 4}, 100, (8, 0), (0, 4, 2, 1)),
        ({"cpus": 4, "pack": 3}, 100, (2, 0), (0, 4, 1, 3)),
        ({}, 100, (64, 4), (1, 4, 4, 25)),
        ({}, 2, (64, 4), (1, 4, 2, 1)),
        ({}, 9, (64, 2), (1, 4, 2, 5)),
        ({"pack": 9}, 9, (64, 2), (1, 4, 2, 9)),
        ({}, 100, (4, 4), (1, 1, 4, 25)),
        ({}, 10_000, (4, 4), (1, 1, 4, 256)),
        ({"gpus": 0}, 100, (4, 4), (0, 1, 4, 1)),
        ({"gpus": 1, "max": 16, "pack": 1}, 100, (32, 8), (1, 4, 16, 1)),
    ],
)
def test_auto_workers(
    wanted: dict[str, object], trials: int, machine: tuple[int, int], found: tuple[int, int, int, int]
) -> None:
    gpus, cpus, workers, pack = found
    resources = resolve_workers(Workers(**wanted), trials, Machine(cores=machine[0], gpus=machine[1]))  # type: ignore[arg-type]
    measured = bool(gpus) and "pack" not in wanted and pack > 8
    assert resources == Resources(gpus=gpus, cpus=cpus, workers=workers, pack=pack, measured=measured)


def test_a_cluster_may_bring_the_gpus_that_it_lacks_now() -> None:
    found = resolve_workers(Workers(gpus=1, max=3, cpus=2), 10, Machine(cores=0, gpus=0), grows=True)
    assert (found.gpus, found.cpus, found.workers) == (1, 2, 3)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match=r"workers\.gpus = 1"):
        resolve_workers(Workers(gpus=1), 1, Machine(cores=2, gpus=0))


def test_a_gpu_that_will_come_is_waited_for() -> None:
    at_rest = Machine(cores=0, gpus=0)
    resources = resolve_workers(Workers(gpus=1, max=4), 100, at_rest, grows=True)
    assert resources == Resources(gpus=1, cpus=4, workers=4, pack=25, measured=True)
    assert resolve_workers(Workers(gpus=1), 100, at_rest, grows=True).workers == 1, "nobody knows how many will come"


@pytest.mark.parametrize(("gpus", "said"), [(1, "wait until it adds one"), (0, "set workers.gpus to 1")])
def test_a_cluster_at_rest_is_told_of(gpus: int, said: str) -> None:
    assert said in launch._no_gpu_yet(Resources(gpus=gpus, cpus=1, workers=1, pack=1))


def test_tracking_that_breaks_costs_a_notice_only(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(storage: Storage, uri: str, total: int) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(launch, "_sync", broken)
    monkeypatch.setattr(launch, "_tracking", lambda spec, storage, say: (launch.NullTracker(), "http://nowhere"))
    done = run("run", str(spec), "--executor", "inline", "--no-progress")
    assert done.code == 0
    assert "MLflow at http://nowhere is not complete (ConnectionError: no route to host); results are" in done.out


# ---- evaluating ------------------------------------------------------------------------------------------------------


def test_a_sweep_that_asks_for_it_is_evaluated_when_it_is_done(
    spec: Path, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    views = {name: (255, 0, 0) for name in ("a mug", "a duck")}

    def judge(name: str) -> ColourJudge:
        asked.append(name)
        return ColourJudge(views)

    monkeypatch.setattr(judging, "load_judge", judge)
    edit(spec, "tracking:", "evaluate: {judge: mine, auto: true}\ntracking:")
    done = run("run", str(spec), "--executor", "inline")
    assert done.code == 0, done.out + done.err
    assert asked == ["mine"] and "4 trials, judged by colours" in done.out
    assert Sweep(storage).trials()["rank_color"].tolist() == [2] * 4, "the judge cannot tell the two"
    edit(spec, "judge: mine", "judge: another")
    assert run("rprecision", str(spec)).code == 0 and asked[-1] == "another", "the file's, not the stored one"
    assert run("rprecision", storage.url).code == 0 and asked[-1] == "mine"
    assert run("rprecision", storage.url, "--judge", "third").code == 0 and asked[-1] == "third"


def test_a_sweep_that_does_not_ask_for_it_is_not_evaluated(spec: Path, storage: Storage) -> None:
    assert run("run", str(spec), "--executor", "inline").code == 0
    assert not storage.exists(paths.EVALUATION_POINTER)
    assert Sweep(storage).trials()["judge"].isna().all()
