"""The sweep in MLflow: one experiment, a parent run a sweep, a child run a trial. The only module that imports mlflow.

Runs are found by tag before they are made, so attempts and drivers of a trial share one run. What was logged stays: a
step is logged once, parameters once; what changes from attempt to attempt is a tag. Everything here can be rebuilt from
storage by `sync`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import logging
import os
import posixpath
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

# Read by mlflow: do not wait long for a server, do not print a line for every run, and do not call home.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from pipeline import paths
from pipeline.errors import StorageError, UserError
from pipeline.pictures import SheetRow, contact_sheet, encode
from pipeline.provenance import Provenance
from pipeline.record.commit import committed_ids, failures
from pipeline.record.results import Results, failed_table, fresh_results, read_file
from pipeline.schema import KEYS, METRIC, flat_config
from pipeline.secrets import redact
from pipeline.storage import Storage
from pipeline.trial import Trial

for _logger in ("mlflow", "alembic"):
    logging.getLogger(_logger).setLevel(logging.ERROR)

EXPERIMENT = "dreamsweep"
PARENT = "mlflow.parentRunId"
SWEEP, TRIAL, SYNCED = "dreamsweep.sweep_id", "dreamsweep.trial_id", "dreamsweep.synced"
SHOWN = "dreamsweep.shown"  # the state of the sweep that the parent's figures show

# One metric whose steps are those that were logged, so that they are asked for once and not once a metric.
STEP = "step"
_BATCH_METRICS, _BATCH_PARAMS, _BATCH_TAGS = 1000, 100, 100
_TAG_LENGTH, _PARAM_LENGTH = 5000, 6000
_PAGE = 1000
_LOCK = 0x647265616D  # any number that nobody else takes
_KEYS = [column.name for column in KEYS]

T = TypeVar("T")


class MlflowSink:
    """Makes and fills the runs of one sweep. Raises what MLflow raises."""

    def __init__(self, storage: Storage, uri: str) -> None:
        self._storage = storage
        with _alone(uri):
            self._client = MlflowClient(tracking_uri=uri)
            self._client.search_experiments(max_results=1)  # makes the tables of a new database
        self._sweep_id = sweep_id(storage)
        self._experiment = self._find_experiment(uri)
        self._runs: dict[str, str] = {}
        self._logged: dict[str, int] = {}
        self.parent = self._find_parent()

    # ---- Sink --------------------------------------------------------------------------------------------------------

    def trial_started(self, trial: Trial, number: int) -> None:
        run_id = self._child(vars(trial))
        self._client.set_tag(run_id, "attempt", str(number))
        self._client.update_run(run_id, status="RUNNING")

    def progress(self, trial_id: str, step: int, metrics: Mapping[str, float]) -> None:
        run_id = self._runs.get(trial_id)
        if run_id is None or step <= self._last_step(run_id):
            return
        # In single precision, as the history in storage will have it.
        single = {name: ctypes.c_float(value).value for name, value in metrics.items()}
        self._log_rows(run_id, [{STEP: step, **single}])

    def trial_committed(self, trial_id: str, row: Mapping[str, Any]) -> None:
        self.mirror(fresh_results(self._storage, [trial_id]), trial_id)

    def trial_failed(self, trial_id: str, message: str) -> None:
        run_id = self._runs.get(trial_id)
        if run_id is not None:
            self._end(run_id, "FAILED", {"reason": message})

    # ---- from storage ------------------------------------------------------------------------------------------------

    def mirror(self, results: Results, trial_id: str) -> None:
        """Make the run of a committed trial whole: every step of its history, its metrics, a contact sheet, and its
        turntable if it left one."""
        row = results.row(trial_id)
        run_id = self._child(row)
        known = self._steps(run_id)
        history = results.detail(self._storage, trial_id, "history").drop_columns(_KEYS).to_pylist()
        self._log_rows(run_id, [step for step in history if step[STEP] not in known])
        self._log_result(run_id, row)
        renders = results.detail(self._storage, trial_id, "renders").to_pylist()
        pngs = [view["image"]["bytes"] for view in renders if view["kind"] == "color"]
        if pngs:
            sheet = contact_sheet([SheetRow(caption=_name(row), pngs=pngs)])
            self._log_file(run_id, "contact_sheet.png", encode(sheet, Provenance.of_row(row)))
        turntable = read_file(self._storage, trial_id, paths.TURNTABLE)
        if turntable is not None:
            self._log_file(run_id, paths.TURNTABLE, turntable)
        self._end(run_id, "FINISHED", {**_facts(row), SYNCED: str(row["attempt"])})

    def mirror_failure(self, row: Mapping[str, Any]) -> None:
        """Make the run of a failed trial say so."""
        self._end(self._child(row), "FAILED", _facts(row))

    def show_sweep(self, state: str, figures: Callable[[], Mapping[str, bytes]]) -> None:
        """Put the figures on the parent run, unless those of this `state` of the sweep are there."""
        if self._client.get_run(self.parent).data.tags.get(SHOWN) == state:
            return
        for name, data in figures().items():
            self._log_file(self.parent, name, data)
        self._client.set_tag(self.parent, SHOWN, state)

    def _log_file(self, run_id: str, name: str, data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            self._client.log_artifact(run_id, str(path))

    def end_sweep(self, completed: int, failed: int, total: int | None) -> None:
        """Close the parent run with the counts; it is FINISHED if no trial of `total` is left."""
        left = total is not None and completed + failed < total
        self._end(self.parent, "KILLED" if left else "FINISHED", {"completed": str(completed), "failed": str(failed)})

    def synced(self) -> frozenset[str]:
        """The ids of trials whose run is whole already."""
        query = f"tags.`{PARENT}` = '{self.parent}' and tags.`{SYNCED}` != ''"
        return frozenset(run.data.tags[TRIAL] for run in self._search(query))

    # ---- runs --------------------------------------------------------------------------------------------------------

    def _find_experiment(self, uri: str) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        # A server knows where artifacts go; beside a SQLite file they go beside it.
        place = None
        if uri.startswith("sqlite:///"):
            place = f"file://{posixpath.dirname(os.path.abspath(uri.removeprefix('sqlite:///')))}/mlartifacts"
        try:
            return str(self._client.create_experiment(EXPERIMENT, artifact_location=place))
        except MlflowException:
            found = self._client.get_experiment_by_name(EXPERIMENT)  # another sweep was first
            if found is None:
                raise
            return str(found.experiment_id)

    def _find_parent(self) -> str:
        name = posixpath.basename(self._storage.root)
        tags = {SWEEP: self._sweep_id, "storage": self._storage.url}
        run = self._find(f"tags.`{SWEEP}` = '{self._sweep_id}'") or self._create(name, tags)
        self._client.update_run(run.info.run_id, status="RUNNING")
        return str(run.info.run_id)

    def _child(self, row: Mapping[str, Any]) -> str:
        """The run of the trial of `row`, found or made, with its parameters."""
        trial_id = row["trial_id"]
        if trial_id in self._runs:
            return self._runs[trial_id]
        run = self._find(f"tags.`{TRIAL}` = '{trial_id}' and tags.`{PARENT}` = '{self.parent}'")
        if run is None:
            tags = {f"tag.{name}": value for name, value in _mapping(row["tags"]).items()}
            run = self._create(_name(row), {**tags, "variant": row["variant"], TRIAL: trial_id, PARENT: self.parent})
        params = [Param(key, value) for key, value in _params(row).items() if key not in run.data.params]
        for batch in _batches(params, _BATCH_PARAMS):
            self._client.log_batch(run.info.run_id, params=batch)
        self._runs[trial_id] = str(run.info.run_id)
        return self._runs[trial_id]

    def _find(self, query: str) -> Run | None:
        """The oldest run of the query. A request that was repeated after a lost reply may have made twins; they go."""
        runs = list(self._search(query))
        for twin in runs[1:]:
            self._client.delete_run(twin.info.run_id)
        return runs[0] if runs else None

    def _search(self, query: str) -> Iterator[Run]:
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], query, max_results=_PAGE, order_by=["attributes.start_time ASC"], page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _create(self, name: str, tags: Mapping[str, str]) -> Run:
        return self._client.create_run(self._experiment, run_name=name[:200], tags=_cut(tags))

    def _end(self, run_id: str, status: str, tags: Mapping[str, str]) -> None:
        for batch in _batches([RunTag(key, value) for key, value in _cut(tags).items()], _BATCH_TAGS):
            self._client.log_batch(run_id, tags=batch)
        self._client.set_terminated(run_id, status)

    # ---- metrics -----------------------------------------------------------------------------------------------------

    def _steps(self, run_id: str) -> set[int]:
        return {metric.step for metric in self._client.get_metric_history(run_id, STEP)}

    def _last_step(self, run_id: str) -> int:
        if run_id not in self._logged:
            self._logged[run_id] = max(self._steps(run_id), default=-1)
        return self._logged[run_id]

    def _log_rows(self, run_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Log the rows, each whole in one request, so that a step is either logged or not."""
        now = int(time.time() * 1000)
        batch: list[Metric] = []
        for row in rows:
            step = int(row[STEP])
            metrics = [Metric(name, float(value), now, step) for name, value in row.items() if value is not None]
            if len(batch) + len(metrics) > _BATCH_METRICS:
                self._client.log_batch(run_id, metrics=batch)
                batch = []
            batch += metrics
            self._logged[run_id] = max(self._logged.get(run_id, -1), step)
        if batch:
            self._client.log_batch(run_id, metrics=batch)

    def _log_result(self, run_id: str, row: Mapping[str, Any]) -> None:
        """Log the summary metrics that the run does not have yet."""
        known = self._client.get_run(run_id).data.metrics
        found = {name: row[name] for name in ("seconds", "steps_per_second")}
        found |= {name.removeprefix(METRIC): value for name, value in row.items() if name.startswith(METRIC)}
        wanted = {f"final_{name}": value for name, value in found.items() if value is not None}
        for name, value in wanted.items():
            if name not in known:
                self._client.log_metric(run_id, name, float(value), step=int(row["steps"]))


@contextlib.contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Be the only one here, for a SQLite file of this machine or for PostgreSQL: two that make the tables of a database
    at once both fail. A server makes its own."""
    if uri.startswith("postgresql"):
        with _locked(uri):
            yield
        return
    if not uri.startswith("sqlite:///"):
        yield
        return
    with open(f"{uri.removeprefix('sqlite:///').partition('?')[0]}.lock", "ab") as lock:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _locked(uri: str) -> Iterator[None]:
    """Hold the database's own lock of this number; it goes with the connection, however that ends."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(uri)
        connection = engine.connect()
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    except (SQLAlchemyError, ImportError) as error:  # no answer, or no driver
        raise MlflowException(str(error)) from error
    try:
        yield
    finally:
        connection.close()
        engine.dispose()


def sync(
    storage: Storage, uri: str, total: int | None = None, figures: Callable[[], Mapping[str, bytes]] = dict
) -> int:
    """Make MLflow equal to storage, for a sweep of `total` trials; the number of runs that were not whole before.
    `figures` draws the files of the parent run, by name; it is asked only if trials have come since the last time.

    Raises UserError with MLflow's own words where it cannot; running it again goes on where it stopped.
    """
    try:
        return _sync(storage, uri, total, figures)
    except MlflowException as error:
        reason = redact(str(error).splitlines()[0])
        raise UserError(f"MLflow at {redact(uri)} cannot be brought up to date: {reason}") from error


def _sync(storage: Storage, uri: str, total: int | None, figures: Callable[[], Mapping[str, bytes]]) -> int:
    sink = MlflowSink(storage, uri)
    committed = committed_ids(storage)
    missing = sorted(committed - sink.synced())
    for trial_id in missing:
        sink.mirror(fresh_results(storage, [trial_id]), trial_id)
    failed = failed_table(list(failures(storage).values())).to_pylist()
    for row in failed:
        sink.mirror_failure(row)
    state = hashlib.sha256(" ".join(sorted(committed)).encode()).hexdigest()
    sink.show_sweep(state, figures)
    sink.end_sweep(len(committed), len(failed), total)
    return len(missing)


def sweep_id(storage: Storage) -> str:
    """What the sweep is called among MLflow's runs: drawn once and kept in its storage, so that it survives moving."""
    storage.create(paths.MLFLOW, json.dumps({"sweep_id": secrets.token_hex(16)}).encode())
    found = json.loads(storage.read(paths.MLFLOW))["sweep_id"]
    if re.fullmatch(r"[0-9a-f]{32}", found) is None:
        raise StorageError(f"{paths.MLFLOW} in {storage.url} holds no sweep id: remove it")
    return str(found)


# ---- rows as MLflow wants them ---------------------------------------------------------------------------------------


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['prompt']} · seed {row['seed']} · {row['variant']}"


def _params(row: Mapping[str, Any]) -> dict[str, str]:
    """What makes the trial, and so never changes."""
    prior = {f"prior.{key}": value for key, value in _mapping(row["prior"]).items()}
    values = {"prompt": row["prompt"], "seed": row["seed"], **prior, **flat_config(_mapping(row["config"]))}
    return {key: str(value)[:_PARAM_LENGTH] for key, value in values.items()}


def _facts(row: Mapping[str, Any]) -> dict[str, str]:
    """What depends on the attempt."""
    names = ("attempt", "verdict", "reason", "device", "software", "note")
    return {name: "" if row[name] is None else str(row[name]) for name in names}


def _mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or the JSON text of one, or nothing."""
    if isinstance(value, str):
        value = json.loads(value)
    return value if isinstance(value, Mapping) else {}


def _cut(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value[:_TAG_LENGTH] for key, value in tags.items()}


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
