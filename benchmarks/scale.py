"""What a sweep of very many trials costs: planning, scheduling, resuming, compacting, status and queries.

`python -m benchmarks.scale --trials 100000 --folder /somewhere` prints a JSON line for each stage: seconds by the clock
and of the processor, and the peak memory of the process that did it alone. The optimiser is a fake, and what lies in
storage before `resume` was never run: all but `--left` trials are given results, committed, and compacted by the
product's own compaction from tables in memory. Their attempts' folders hold empty files of the usual names.

`python -m benchmarks.scale --stage slots --trials 10000 --folder /somewhere` is the public benchmark of Ray Tune:
trials that take a second each, on 16 slots (its docs: 715 s; the least possible is 625 s). Nothing is played there but
the second: a Ray cluster, actors, the driver with its lease, journal, commits and compactions, files that are synced.
A slot is a place in the pack of a worker: `WORKERS_OF_SLOTS` workers of `PLACES` each.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest import mock

from fakes import FakeFactory, make_trials, png

from pipeline import paths, sweeps
from pipeline.commands import Admit, Command, Commit, CommitDecided, Event, StartWorker, SweepStarted, Tick
from pipeline.compactor import in_thread
from pipeline.driver import DriverOptions, drive
from pipeline.engine import View
from pipeline.events import TrialFinished, TrialProgress, WorkerReady
from pipeline.executors.inline import InlineExecutor
from pipeline.lease import Owner
from pipeline.plan import Plan, store_plan, stored_plan
from pipeline.query import Sweep
from pipeline.record import compact as compaction
from pipeline.record.journal import Journal
from pipeline.record.results import Results
from pipeline.record.tables import history_table, read_parquet, renders_table, trials_table
from pipeline.record.tracking import NullTracker
from pipeline.schedule import decide
from pipeline.state import Policy, Status, SweepState, TrialState
from pipeline.status import read_status
from pipeline.storage import Storage
from pipeline.trial import Trial
from pipeline.worker import WorkerOptions

GONE = Owner(host="elsewhere", boot="", pid=1, started="")
SEEDS = 10
SLOTS, WORKERS = 4, 250
WORKERS_OF_SLOTS, PLACES = 4, 4
LEFT_BEHIND = (
    "claim.json", "done.json", "result.parquet", "history.parquet", "renders.parquet", "scene.safetensors",
    "checkpoints/00000001.json", "checkpoints/00000001.safetensors", "checkpoints/latest.json",
)  # fmt: skip


def spec_file(folder: Path, trials: int) -> Path:
    """A spec of `trials` trials: a table of prompts, ten seeds each."""
    prompts = folder / "prompts.csv"
    prompts.write_text("prompt\n" + "".join(f"a thing of number {i}\n" for i in range(trials // SEEDS)))
    spec = folder / "scale.yaml"
    spec.write_text(
        f"name: scale\nstorage: {folder}\nprompts: {{path: prompts.csv}}\nseeds: {{start: 0, count: {SEEDS}}}\n"
        "set: {steps: 1}\ntracking: {mlflow: off}\n"
    )
    return spec


def plan(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """From the YAML to the plan in storage."""
    path = spec_file(folder, trials)
    spec, planned = sweeps.load(path)
    stored = store_plan(Storage(spec.url), planned, path.read_text())
    return {"trials": len(stored.trials)}


def schedule(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """Every decision of the whole sweep, with the workers' events and no storage at all."""
    state = SweepState.of((TrialState(trial=trial) for trial in _plan(folder).trials), Policy(max_workers=WORKERS))
    events: list[Event] = [SweepStarted(now=0.0)]
    decisions = 0
    while events:
        following: list[Event] = []
        for event in events:
            state, commands = decide(state, event)
            decisions += 1
            following += [answer for command in commands for answer in _answers(command)]
        events = following or ([Tick(now=state.now + 60.0)] if state.unfinished else [])
    assert state.counts[Status.COMMITTED] == trials
    return {"decisions": decisions, "workers": WORKERS, "slots": SLOTS}


def _answers(command: Command) -> list[Event]:
    """What workers that take no time make of the command."""
    match command:
        case StartWorker(worker_id=worker):
            return [WorkerReady(worker_id=worker, capacity=SLOTS, device="fake")]
        case Admit(worker_id=worker, assignment=given):
            who: Mapping[str, Any] = {
                "worker_id": worker, "trial_id": given.trial.trial_id, "number": given.number, "step": 1,
            }  # fmt: skip
            return [TrialProgress(**who, steps_per_second=1.0, metrics={}), TrialFinished(**who)]
        case Commit(trial_id=trial_id, number=number):
            return [CommitDecided(trial_id=trial_id, number=number)]
    return []


def fill(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """All but `left` trials committed, by a first driver that is gone; nothing is compacted yet."""
    storage, done = _storage(folder), _plan(folder).trials[: trials - left]
    commits = Path(storage.root) / paths.COMMITS
    commits.mkdir()
    for trial in done:
        home = Path(storage.root) / paths.attempt(trial.trial_id, 1)
        (home / "checkpoints").mkdir(parents=True)
        for name in LEFT_BEHIND:
            (home / name).touch()
        (commits / f"{trial.trial_id}.json").write_text(json.dumps(_commit(trial)))
    started = [{"fact": "attempt_started", "trial_id": t.trial_id, "number": 1, "worker_id": "e1w0"} for t in done]
    journal = Journal(storage, 1, time.time, lambda: None)
    for fact in started:
        journal.add({**fact, "round": 1, "resume_from": None})
        if journal.due(1e9, 500):
            journal.flush()
    journal.flush()
    storage.create(paths.lease(1), json.dumps({"epoch": 1, "at": 0.0, "owner": asdict(GONE)}).encode())
    return {"commits": len(done)}


def compact(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """The first generation of all commits, but for reading the attempts' files, whose contents are made up."""
    storage, done = _storage(folder), _plan(folder).trials[: trials - left]
    order = sorted(done, key=lambda trial: trial.trial_id)
    results = Results(
        trials_table([_row(trial) for trial in order]),
        {trial.trial_id: _commit(trial) for trial in order},
        {trial.trial_id: place for place, trial in enumerate(order)},
    )
    view = View(index=0, kind="color", azimuth=0.0, elevation=15.0, radius=2.5, png=png(1, 2, 3))
    tables = {
        "history": read_parquet(history_table("x", [{"step": 1, "loss": 0.5}])),
        "renders": read_parquet(renders_table("x", [view])),
    }
    with (
        mock.patch.object(compaction, "fresh_results", lambda storage, ids: results),
        mock.patch("pipeline.record.results._attempt_table", lambda storage, commit, table: tables[table]),
    ):
        began = time.perf_counter()
        compaction.compact(storage)
    return {"measured": round(time.perf_counter() - began, 2)}


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "trial_id": trial.trial_id, "prompt": trial.prompt, "seed": trial.seed, "variant": trial.variant,
        "tags": dict(trial.tags), "status": "completed", "verdict": "healthy", "reason": "", "steps": 1, "attempt": 1,
        "seconds": 1.0, "steps_per_second": 1.0, "device": "fake", "prior": dict(trial.prior),
        "config": dict(trial.config), "software": {"dreamsweep": "0"}, "started_at": 1.7e9, "finished_at": 1.7e9,
        "metrics": {f"number_{i}": 0.5 for i in range(12)},
    }  # fmt: skip


def _commit(trial: Trial) -> dict[str, Any]:
    tables = {
        name: {"key": paths.attempt_table(trial.trial_id, 1, name), "sha256": "0" * 64, "bytes": 0}
        for name in ("result", "history", "renders")
    }
    return {"trial_id": trial.trial_id, "number": 1, "step": 1, "tables": tables, "files": {}}


def resume(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """A new driver runs what is left, on two fake workers of this process, and compacts it."""
    storage, planned = _storage(folder), _plan(folder)
    seen: list[float] = []

    def observe(state: SweepState) -> None:
        if not seen:
            seen.append(time.perf_counter())

    executor = InlineExecutor(FakeFactory(slots=SLOTS), storage, WorkerOptions(progress_seconds=1e9))
    options = DriverOptions(policy=Policy(max_workers=2), poll_seconds=0.01)
    began = time.perf_counter()
    summary = drive(
        planned.trials, storage, executor, options, NullTracker(), compaction.compact, observe, threading.Event()
    )
    assert (summary.committed, summary.ran) == (trials, left)
    return {"until_the_first_trial": round(seen[0] - began, 2), "ran": summary.ran}


def status(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """What `dreamsweep status` asks of storage."""
    assert read_status(_storage(folder), time.time()).committed == trials
    return {}


def query(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """`pipeline.open(...).trials()`."""
    frame = Sweep(_storage(folder)).trials()
    assert len(frame) == trials
    return {"rows": len(frame), "columns": frame.shape[1]}


def slots(folder: Path, trials: int, left: int) -> dict[str, Any]:
    """Trials of a second each on a real Ray cluster of this machine, from the plan in storage to the last table."""
    from pipeline.executors.ray_actors import RayExecutor, RayOptions, ensure_ray

    storage = Storage(str(folder / "slots"))
    planned = Plan(make_trials(trials, steps=1))
    store_plan(storage, planned, "name: slots\n")
    ensure_ray(None, RayOptions.object_store_bytes, cpus=WORKERS_OF_SLOTS)
    executor = RayExecutor(FakeFactory(slots=PLACES, delay=1.0), storage, WorkerOptions(), RayOptions())
    commits: list[float] = []
    compactions: list[float] = []

    def observe(state: SweepState) -> None:
        if state.counts[Status.COMMITTED] > len(commits):
            commits.extend([time.perf_counter()] * (state.counts[Status.COMMITTED] - len(commits)))

    def compact(kept: Storage) -> None:
        start = time.perf_counter()
        compaction.compact(kept)
        compactions.append(round(time.perf_counter() - start, 2))

    options = DriverOptions(policy=Policy(max_workers=WORKERS_OF_SLOTS), beside=in_thread)
    began = time.perf_counter()
    try:
        summary = drive(planned.trials, storage, executor, options, NullTracker(), compact, observe, threading.Event())
        whole = time.perf_counter() - began
    finally:
        executor.close()
    assert (summary.committed, len(Sweep(storage).trials())) == (trials, trials)
    least = trials / (WORKERS_OF_SLOTS * PLACES)
    return {
        "slots": WORKERS_OF_SLOTS * PLACES, "workers": WORKERS_OF_SLOTS, "least_possible": least,
        "whole_sweep": round(whole, 2), "until_the_first_commit": round(commits[0] - began, 2),
        "until_the_last_commit": round(commits[-1] - began, 2), "compactions": compactions,
    }  # fmt: skip


STAGES = (plan, schedule, fill, compact, resume, status, query)


def _storage(folder: Path) -> Storage:
    return Storage(str(folder / "scale"))


def _plan(folder: Path) -> Plan:
    return stored_plan(_storage(folder))


def _measure(name: str, folder: Path, trials: int, left: int) -> dict[str, Any]:
    """One stage, in this process."""
    (stage,) = [stage for stage in (*STAGES, slots) if stage.__name__ == name]
    began, worked = time.perf_counter(), time.process_time()
    found = stage(folder, trials, left)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"stage": name, "trials": trials, "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2),
            "peak_gib": round(peak, 2), **found}  # fmt: skip


def _print(found: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--left", type=int, default=1000, help="trials that `resume` finds to do")
    parser.add_argument("--folder", type=Path, required=True, help="a new folder, on the disk to be measured")
    parser.add_argument("--stage", help="this one alone, in this process; the folder has what it needs")
    chosen = parser.parse_args(arguments)
    if chosen.stage:
        _print(_measure(chosen.stage, chosen.folder, chosen.trials, chosen.left))
        return
    chosen.folder.mkdir(parents=True)
    load = round(os.getloadavg()[0], 1)
    _print({"machine": platform.machine(), "cores": os.cpu_count(), "load_at_start": load})
    for stage in STAGES:
        command = [sys.executable, "-m", "benchmarks.scale", "--stage", stage.__name__]
        options = {"--trials": chosen.trials, "--left": chosen.left, "--folder": chosen.folder}
        subprocess.run([*command, *(str(part) for pair in options.items() for part in pair)], check=True)


if __name__ == "__main__":
    main()
