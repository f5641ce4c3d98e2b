from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from stack.mirror import differences
from stored import SPEC, begin, commit_trial, fail_trial, trial

from pipeline import paths
from pipeline.errors import StorageError
from pipeline.plan import Plan, store_plan
from pipeline.storage import Storage

# The first use of a SQLite file makes MLflow's schema, which takes many seconds: one file serves the module.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    # Of MLflow and what it is built on.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mlflow import MlflowClient

    import pipeline.record.mlflow_runs  # noqa: F401  sets MLflow's environment

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def uri(empty_database: Path, tmp_path: Path) -> str:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def storage(tmp_storage: Storage) -> Storage:
    begin(tmp_storage)
    return tmp_storage


class Server:
    """What is in MLflow, asked for without the code under test."""

    def __init__(self, uri: str) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(tracking_uri=uri)

    def runs(self) -> list:  # type: ignore[type-arg]
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        return list(self.client.search_runs(experiments))

    def parents(self) -> list:  # type: ignore[type-arg]
        return [run for run in self.runs() if "mlflow.parentRunId" not in run.data.tags]

    def children(self) -> dict:  # type: ignore[type-arg]
        found = [run for run in self.runs() if "mlflow.parentRunId" in run.data.tags]
        by_trial = {run.data.tags["dreamsweep.trial_id"]: run for run in found}
        assert len(by_trial) == len(found), "a trial has two runs"
        return by_trial

    def steps(self, run_id: str, metric: str) -> list[tuple[int, float]]:
        return sorted((each.step, each.value) for each in self.client.get_metric_history(run_id, metric))

    def everything(self) -> list[object]:
        runs = sorted(self.runs(), key=lambda run: run.info.run_id)
        return [
            (
                run.info.run_id,
                run.info.status,
                run.data.params,
                run.data.tags,
                {name: self.steps(run.info.run_id, name) for name in run.data.metrics},
                [artifact.path for artifact in self.client.list_artifacts(run.info.run_id)],
            )
            for run in runs
        ]


@pytest.fixture
def server(uri: str) -> Iterator[Server]:
    yield Server(uri)


def test_a_trial_followed_live_has_one_run_across_attempts(storage: Storage, uri: str, server: Server) -> None:
    from pipeline.record.mlflow_runs import MlflowSink

    made = trial('it\'s a "mug"', guidance={"scale": 20})
    sink = MlflowSink(storage, uri)
    sink.trial_started(made, 1)
    sink.progress(made.trial_id, 1, {"loss": 1.0})
    sink.progress(made.trial_id, 2, {"loss": 0.5, "nan": math.nan})
    assert server.children()[made.trial_id].info.status == "RUNNING"

    sink = MlflowSink(storage, uri)  # a new driver
    sink.trial_started(made, 2)
    sink.progress(made.trial_id, 2, {"loss": 99.0})
    sink.progress(made.trial_id, 3, {"loss": 1.0 / 3.0})
    commit_trial(storage, made, number=2)
    sink.trial_committed(made.trial_id, {})

    (parent,) = server.parents()
    run = server.children()[made.trial_id]
    assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert run.info.status == "FINISHED"
    assert [step for step, _ in server.steps(run.info.run_id, "loss")] == [1, 2, 3, 4]
    assert [value for _, value in server.steps(run.info.run_id, "loss")] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert math.isnan(server.steps(run.info.run_id, "nan")[0][1])
    assert run.data.metrics["final_opacity"] == 0.5
    assert run.data.params["prompt"] == 'it\'s a "mug"'
    assert (run.data.params["seed"], run.data.params["guidance.scale"]) == ("0", "20")
    assert (run.data.tags["attempt"], run.data.tags["tag.kind"], run.data.tags["verdict"]) == ("2", "toy", "healthy")
    assert [artifact.path for artifact in server.client.list_artifacts(run.info.run_id)] == ["contact_sheet.png"]


def test_a_failed_trial_is_failed_until_it_is_committed(storage: Storage, uri: str, server: Server) -> None:
    from pipeline.record.mlflow_runs import MlflowSink, sync

    made = trial("a")
    sink = MlflowSink(storage, uri)
    sink.trial_started(made, 1)
    sink.trial_failed(made.trial_id, "user: as told")
    run = server.children()[made.trial_id]
    assert (run.info.status, run.data.tags["reason"]) == ("FAILED", "user: as told")
    commit_trial(storage, made, number=2)
    sync(storage, uri)
    run = server.children()[made.trial_id]
    assert (run.info.status, run.data.tags["reason"]) == ("FINISHED", "")


def test_sync_rebuilds_everything_and_again_changes_nothing(storage: Storage, uri: str, server: Server) -> None:
    from pipeline.record.mlflow_runs import sync

    for seed in range(3):
        commit_trial(storage, trial("a", seed))
    fail_trial(storage, trial("b"))
    assert sync(storage, uri, total=5) == 3
    (parent,) = server.parents()
    assert (parent.info.status, parent.data.tags["completed"], parent.data.tags["failed"]) == ("KILLED", "3", "1")
    children = server.children()
    assert sorted(run.info.status for run in children.values()) == ["FAILED", "FINISHED", "FINISHED", "FINISHED"]
    before = server.everything()
    assert sync(storage, uri, total=5) == 0
    assert server.everything() == before
    assert sync(storage, uri, total=4) == 0
    assert server.parents()[0].info.status == "FINISHED"


def test_sync_goes_on_where_it_broke_off(storage: Storage, uri: str, server: Server) -> None:
    from pipeline.record.mlflow_runs import MlflowSink, sync

    made = trial("a", steps=40)
    commit_trial(storage, made)
    sink = MlflowSink(storage, uri)
    sink.trial_started(made, 1)
    sink.progress(made.trial_id, 17, {"loss": 1 / 17})  # live progress that came out of order with the rest
    sync(storage, uri)
    run = server.children()[made.trial_id]
    assert [step for step, _ in server.steps(run.info.run_id, "loss")] == list(range(1, 41))


def test_two_sweeps_on_one_server_do_not_share_runs(tmp_path: Path, uri: str, server: Server) -> None:
    from pipeline.record.mlflow_runs import sync

    for name in ("one", "two"):
        storage = Storage(str(tmp_path / name))
        begin(storage)
        commit_trial(storage, trial("a"))
        sync(storage, uri)
    assert sorted(run.info.run_name for run in server.parents()) == ["one", "two"]
    assert len(server.runs()) == 4


def test_artifacts_go_beside_the_database(storage: Storage, uri: str, tmp_path: Path) -> None:
    from pipeline.record.mlflow_runs import sync

    commit_trial(storage, trial("a"))
    sync(storage, uri)
    assert [path.name for path in (tmp_path / "mlartifacts").rglob("*.png")] == ["contact_sheet.png"]


def test_a_sweep_id_that_is_none_is_refused(storage: Storage) -> None:
    from pipeline.record.mlflow_runs import sweep_id

    first = sweep_id(storage)
    assert sweep_id(storage) == first
    storage.write(paths.MLFLOW, b'{"sweep_id": "x\' or 1=1"}')
    with pytest.raises(StorageError, match="no sweep id"):
        sweep_id(storage)


def test_pictures_of_each_trial_and_of_the_sweep(storage: Storage, uri: str, server: Server, tmp_path: Path) -> None:
    from pipeline.overview import sweep_figures
    from pipeline.provenance import find_provenance
    from pipeline.record.mlflow_runs import sync

    turning, still = trial("a"), trial("b")
    record = b"RIFF....WEBP of the trial"
    store_plan(storage, Plan((turning, still)), SPEC)
    commit_trial(storage, turning, files={paths.TURNTABLE: record})
    asked = []

    def figures() -> Mapping[str, bytes]:
        asked.append(len(asked))
        return sweep_figures(storage)

    sync(storage, uri, 3, figures)
    commit_trial(storage, still)
    sync(storage, uri, 3, figures)
    sync(storage, uri, 3, figures)
    assert asked == [0, 1]  # not again where nothing has come
    by_name = {trial_id: _artifacts(server, run) for trial_id, run in server.children().items()}
    assert set(by_name[turning.trial_id]) == {"contact_sheet.png", "turntable.webp"}
    assert by_name[turning.trial_id]["turntable.webp"] == record
    assert set(by_name[still.trial_id]) == {"contact_sheet.png"}
    found = find_provenance(by_name[still.trial_id]["contact_sheet.png"])
    assert found is not None
    assert (found.trial_id, found.prompt) == (still.trial_id, "b")
    (parent,) = server.parents()
    assert _artifacts(server, parent)["sheet.png"] == sweep_figures(storage)["sheet.png"]


def _artifacts(server: Server, run: Any) -> dict[str, bytes]:
    """Files are beside the database."""
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_note_goes_along(storage: Storage, uri: str, server: Server) -> None:
    from pipeline.record.mlflow_runs import sync

    commit_trial(storage, trial("a"))
    sync(storage, uri)
    (run,) = server.children().values()
    assert (run.data.tags["verdict"], run.data.tags["note"]) == ("healthy", "")


def test_what_differs_from_parquet_is_found(storage: Storage, uri: str, server: Server) -> None:
    """The comparison that tests of failures trust says so when MLflow has something else."""
    from pipeline.record.mlflow_runs import sync

    for seed in range(3):
        commit_trial(storage, trial("a", seed))
    assert differences(storage, uri) == [f"{storage.url} has 0 runs of its own"]
    sync(storage, uri, 3)
    assert differences(storage, uri) == []
    first, second, third = (run.info.run_id for run in server.children().values())
    server.client.log_metric(first, "loss", 0.5, step=2)
    server.client.log_metric(second, "final_opacity", 0.75, step=9)
    server.client.set_terminated(third, "KILLED")
    found = differences(storage, uri)
    assert len(found) == 3
    assert "loss was logged 5 times, and there are 4 steps of it" in " ".join(found)
    assert "metric_opacity is 0.75, and 0.5 in the table" in " ".join(found)
    assert "its run is KILLED" in " ".join(found)
    server.client.delete_run(third)
    assert "2 runs of 2 trials for 3 rows" in " ".join(differences(storage, uri))
