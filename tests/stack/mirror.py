"""Whether MLflow has what Parquet has, asked with MLflow's own client."""

from __future__ import annotations

import math
from typing import Any

from pipeline.query import Sweep
from pipeline.storage import Storage

_KEYS = ("trial_id", "prompt", "seed", "variant", "step")


def differences(storage: Storage, uri: str) -> list[str]:
    """What is not equal between the sweep's tables and its runs: a finished run a trial under one parent, every step of
    the history once, the same numbers. One sentence each."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    everything = list(client.search_runs(experiments, max_results=10_000))
    parents = [run for run in everything if run.data.tags.get("storage") == storage.url]
    if len(parents) != 1:
        return [f"{storage.url} has {len(parents)} runs of its own"]
    (parent,) = parents
    children = [run for run in everything if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    runs = {run.data.tags["dreamsweep.trial_id"]: run for run in children}
    trials = Sweep(storage).trials().set_index("trial_id")
    found = [f"the sweep's run is {parent.info.status}"] if parent.info.status != "FINISHED" else []
    if sorted(run.data.tags["dreamsweep.trial_id"] for run in children) != sorted(trials.index):
        found.append(f"{len(children)} runs of {len(runs)} trials for {len(trials)} rows")
    history = Sweep(storage).history()
    for trial_id in runs.keys() & set(trials.index):
        rows = history[history["trial_id"] == trial_id].sort_values("step")
        found += [f"trial {trial_id}: {what}" for what in _run(client, runs[trial_id], trials.loc[trial_id], rows)]
    return found


def _run(client: Any, run: Any, trial: Any, rows: Any) -> list[str]:
    found = [] if run.info.status == "FINISHED" else [f"its run is {run.info.status}"]
    for name in [name for name in rows.columns if name not in _KEYS]:
        logged = sorted((each.step, each.value) for each in client.get_metric_history(run.info.run_id, name))
        wanted = list(zip(rows["step"], rows[name].astype(float), strict=True))
        if len(logged) != len(wanted) or not all(a[0] == b[0] and _same(a[1], b[1]) for a, b in zip(logged, wanted)):  # noqa: B905
            found.append(
                f"{name} was logged {len(logged)} times, and there are {len(wanted)} steps of it, or it differs"
            )
    for name in [name for name in trial.index if name.startswith("metric_")]:
        value = run.data.metrics.get(f"final_{name.removeprefix('metric_')}")
        if not _same(value, trial[name]):
            found.append(f"{name} is {value}, and {trial[name]} in the table")
    if run.data.params.get("prompt") != trial["prompt"] or run.data.tags.get("attempt") != str(trial["attempt"]):
        found.append(
            f"attempt {run.data.tags.get('attempt')} of {run.data.params.get('prompt')!r}, not as in the table"
        )
    return found


def _same(one: float | None, other: float | None) -> bool:
    missing = [value is None or math.isnan(value) for value in (one, other)]
    return all(missing) if any(missing) else one == other
