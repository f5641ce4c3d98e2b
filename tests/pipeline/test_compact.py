from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from stored import begin, commit_trial, fail_trial, journal, trial

from pipeline import paths
from pipeline.errors import CorruptResult
from pipeline.query import Sweep
from pipeline.record import compact as compaction
from pipeline.record.attempts import Checkpoint, save_checkpoint
from pipeline.record.compact import compact, read_manifest
from pipeline.storage import Storage


@pytest.fixture
def storage(tmp_storage: Storage) -> Storage:
    begin(tmp_storage)
    return tmp_storage


def _read(storage: Storage, table: str) -> pd.DataFrame:
    """What any Parquet reader sees of the current generation."""
    parts = json.loads(storage.read(storage.list(paths.MANIFESTS)[-1]))["parts"]
    files = [storage.path(part["key"]) for part in parts if part["table"] == table]
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def test_nothing_committed_makes_nothing(storage: Storage) -> None:
    assert compact(storage) is None
    assert storage.list(paths.DATASET) == []


def test_one_row_a_trial_sorted_with_keys_in_every_table(storage: Storage) -> None:
    for prompt, seed in [("b", 1), ("a", 10), ("a", 9)]:
        commit_trial(storage, trial(prompt, seed))
    assert compact(storage) == 1
    trials = _read(storage, "trials")
    assert list(zip(trials["prompt"], trials["seed"], strict=True)) == [("a", 9), ("a", 10), ("b", 1)]
    history = _read(storage, "history")
    assert history["step"].tolist() == [1, 2, 3, 4] * 3
    assert history["seed"].tolist() == [9] * 4 + [10] * 4 + [1] * 4
    renders = _read(storage, "renders")
    assert list(zip(renders["view"], renders["kind"], strict=True))[:4] == [
        (0, "color"),
        (0, "depth"),
        (1, "color"),
        (1, "depth"),
    ]
    assert renders["prompt"].tolist() == ["a"] * 8 + ["b"] * 4


def test_compaction_is_idempotent_and_adds_only_what_is_new(storage: Storage) -> None:
    commit_trial(storage, trial("a"))
    assert compact(storage) == 1
    assert compact(storage) is None
    commit_trial(storage, trial("b"))
    assert compact(storage) == 2
    assert compact(storage) is None
    assert _read(storage, "trials")["trial_id"].tolist() == [trial("a").trial_id, trial("b").trial_id]
    assert len(_read(storage, "history")) == 8


def test_the_previous_generation_stays_and_older_ones_go(storage: Storage) -> None:
    for number, prompt in enumerate("abcd", start=1):
        commit_trial(storage, trial(prompt))
        assert compact(storage) == number
    assert {key.split("/")[1] for key in storage.list(paths.DATASET)} == {"v3", "v4", "manifests"}
    emptied = [key for key in storage.list(paths.MANIFESTS) if storage.read(key) == b"{}"]
    assert emptied == [paths.dataset_manifest(1), paths.dataset_manifest(2)]


def test_full_parts_are_never_written_again(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "PART_BYTES", {"history": 1, "renders": 2**20})
    for prompt in "abc":
        commit_trial(storage, trial(prompt))
        compact(storage)
    manifest = read_manifest(storage)
    assert [part.key.split("/")[1] for part in manifest.of("history")] == ["v1", "v2", "v3"]
    assert [part.key.split("/")[1] for part in manifest.of("renders")] == ["v3"]
    assert len(_read(storage, "history")) == 12
    assert len(_read(storage, "renders")) == 12
    assert len(Sweep(storage).history()) == 12


def test_parts_are_of_bounded_size(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(6):
        commit_trial(storage, trial("a", seed))
    one = (
        2
        * compaction.fresh_results(storage, [trial("a", 0).trial_id])
        .detail(storage, trial("a", 0).trial_id, "renders")
        .nbytes
    )
    monkeypatch.setattr(compaction, "PART_BYTES", {"history": 2**20, "renders": one})
    compact(storage)
    assert [part.rows for part in read_manifest(storage).of("renders")] == [8, 8, 8]


def test_config_keys_that_differ_become_columns_when_they_begin_to(storage: Storage) -> None:
    commit_trial(storage, trial("a", variant="w20", guidance={"scale": 20}))
    compact(storage)
    assert "config.guidance.scale" not in _read(storage, "trials")
    commit_trial(storage, trial("a", variant="w100", guidance={"scale": 100}))
    compact(storage)
    assert dict(
        zip(*[_read(storage, "trials")[name] for name in ("variant", "config.guidance.scale")], strict=True)
    ) == {
        "w20": 20,
        "w100": 100,
    }


def test_metrics_of_old_and_new_trials_are_joined(storage: Storage) -> None:
    commit_trial(storage, trial("a"), metrics={"opacity": 0.5})
    compact(storage)
    commit_trial(storage, trial("b"), metrics={"clip": 0.25})
    compact(storage)
    trials = _read(storage, "trials").set_index("prompt")
    assert trials.loc["a", "metric_opacity"] == 0.5
    assert pd.isna(trials.loc["a", "metric_clip"])
    assert trials.loc["b", "metric_clip"] == 0.25


def test_failed_trials_have_a_row_until_they_are_committed(storage: Storage) -> None:
    fail_trial(storage, trial("a"), reason="no such colour")
    assert compact(storage) == 1
    assert compact(storage) is None
    row = _read(storage, "trials").iloc[0]
    assert (row["status"], row["steps"], row["reason"]) == ("failed", 3, "user: no such colour")
    fail_trial(storage, trial("a"), round=1)
    assert compact(storage) == 2
    commit_trial(storage, trial("a"), number=2)
    assert compact(storage) == 3
    assert _read(storage, "trials")["status"].tolist() == ["completed"]


def test_attempts_and_failures_come_from_the_journal(storage: Storage) -> None:
    made = trial("a")
    started = [{"fact": "attempt_started", "trial_id": made.trial_id, "number": n} for n in (1, 2, 3)]
    ended = [
        {"fact": "attempt_ended", "trial_id": made.trial_id, "number": n, "failure": failure}
        for n, failure in ((1, "preemption"), (2, "infrastructure"), (3, None))
    ]
    journal(storage, *started, *ended)
    commit_trial(storage, made, number=3)
    compact(storage)
    row = _read(storage, "trials").iloc[0]
    assert (row["attempt"], row["attempts"]) == (3, 3)
    assert (row["failures_preemption"], row["failures_infrastructure"], row["failures_user"]) == (1, 1, 0)


@pytest.mark.parametrize("table", ["result", "history", "renders"])
def test_a_changed_file_stops_the_compaction(storage: Storage, table: str) -> None:
    commit_trial(storage, trial("a"))
    key = paths.attempt_table(trial("a").trial_id, 1, table)
    storage.write(key, storage.read(key) + b" ")
    with pytest.raises(CorruptResult, match=f"{table}.parquet has changed"):
        compact(storage)
    storage.delete(key)
    with pytest.raises(CorruptResult, match="missing"):
        compact(storage)
    assert storage.list(paths.MANIFESTS) == []


def test_a_compaction_that_died_leaves_its_number_and_no_harm(storage: Storage) -> None:
    commit_trial(storage, trial("a"))
    assert storage.create(paths.dataset_claim(1), b"{}")
    storage.write(paths.dataset_part(1, "trials", 0), b"torn")
    assert compact(storage) == 1
    assert read_manifest(storage).folder == 2
    assert len(Sweep(storage).trials()) == 1
    assert not storage.exists(paths.dataset_part(1, "trials", 0))


def test_a_slower_writer_begins_again_from_what_overtook_it(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_trial(storage, trial("a"))
    real, once = compaction.fresh_results, []

    def overtaken(*arguments: object) -> object:
        if not once:
            once.append(True)
            commit_trial(storage, trial("b"))
            assert compact(storage) == 1
            commit_trial(storage, trial("c"))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(compaction, "fresh_results", overtaken)
    assert compact(storage) == 2
    assert read_manifest(storage).version == 2
    assert len(_read(storage, "trials")) == len(Sweep(storage).trials()) == 3


def test_a_writer_that_was_asleep_for_generations_does_no_harm(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read the current generation and claimed its folder when others make several and delete what it wrote."""
    commit_trial(storage, trial("a"))
    real, once = compaction.collect_checkpoints, []

    def overtaken(*arguments: object) -> object:
        if not once:
            once.append(True)
            for version, prompt in enumerate("bcd", start=1):
                commit_trial(storage, trial(prompt))
                assert compact(storage) == version
        return real(*arguments)  # type: ignore[arg-type, func-returns-value]

    monkeypatch.setattr(compaction, "collect_checkpoints", overtaken)
    assert compact(storage) is None
    assert read_manifest(storage).version == 3
    assert len(_read(storage, "trials")) == len(Sweep(storage).trials()) == 4


def test_the_data_set_is_plain_parquet(storage: Storage, tmp_path: Path) -> None:
    commit_trial(storage, trial("a"))
    compact(storage)
    schemas = {part.table: pq.read_schema(storage.path(part.key)) for part in read_manifest(storage).parts}
    assert b"huggingface" in schemas["renders"].metadata
    assert str(schemas["trials"].field("config").type) == "string"


@pytest.mark.parametrize("keeps_its_scene", [True, False])
def test_checkpoints_of_committed_trials_are_removed(tmp_storage: Storage, keeps_its_scene: bool) -> None:
    """Unless one kept no scene: its last checkpoint is all that there is of it. Those of others stay."""
    made, other = trial(), trial(seed=1)
    begin(tmp_storage, made, other)
    for of, number in ((made, 1), (made, 2), (other, 1)):
        checkpoint = Checkpoint(number=number, step=4, blob=b"x", rows=[], seconds=0.0)
        save_checkpoint(tmp_storage, of.trial_id, checkpoint, keep=2)
    commit_trial(tmp_storage, made, number=2, files={paths.SCENE: b"scene"} if keeps_its_scene else {})
    compact(tmp_storage)
    kept = {key.split("/")[1] for key in tmp_storage.list("attempts") if "/checkpoints/" in key}
    assert kept == ({other.trial_id} if keeps_its_scene else {made.trial_id, other.trial_id})
    assert len(Sweep(tmp_storage).trials()) == 1
