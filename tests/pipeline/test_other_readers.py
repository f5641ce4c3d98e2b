"""The tables of a sweep in DuckDB and in Hugging Face `datasets`."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from stored import begin, commit_trial, trial

from pipeline.errors import UserError
from pipeline.query import Sweep
from pipeline.record.compact import compact
from pipeline.storage import Storage


@pytest.fixture
def sweep(tmp_storage: Storage) -> Sweep:
    trials = [trial("a cup", 0), trial("a duck", 1, "w20", guidance={"scale": 20})]
    begin(tmp_storage, *trials)
    for color, made in enumerate(trials):
        commit_trial(tmp_storage, made, color=color)
    compact(tmp_storage)
    return Sweep(tmp_storage)


def test_duckdb_joins_the_tables_and_reads_images(sweep: Sweep) -> None:
    duckdb = pytest.importorskip("duckdb")
    trials, renders = sweep.files("trials"), sweep.files("renders")
    rows = duckdb.sql(
        """select t.prompt, r.view, r.azimuth, r.image.bytes, t."config.guidance.scale", t.metric_opacity
        from read_parquet($trials) t join read_parquet($renders) r using (trial_id)
        where r.kind = 'color' order by t.prompt, r.view""",
        params={"trials": trials, "renders": renders},
    ).fetchall()
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("a cup", 0, 0.0),
        ("a cup", 1, 90.0),
        ("a duck", 0, 0.0),
        ("a duck", 1, 90.0),
    ]
    assert all(row[3].startswith(b"\x89PNG") for row in rows)
    assert [row[4] for row in rows] == [None, None, 20, 20]
    assert {row[5] for row in rows} == {0.5}
    steps = duckdb.sql("select count(*) from read_parquet($files)", params={"files": sweep.files("history")}).fetchall()
    assert steps == [(8,)]


def test_datasets_opens_all_tables_and_decodes_images(sweep: Sweep, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its own imports deprecate
        datasets = pytest.importorskip("datasets")
    cache = str(tmp_path / "cache")
    found = {
        name: datasets.load_dataset("parquet", data_files=sweep.files(name), split="train", cache_dir=cache)
        for name in ("trials", "history", "renders")
    }
    assert found["trials"]["prompt"][:] == ["a cup", "a duck"]
    assert len(found["history"]) == 8
    colors = found["renders"].filter(lambda kind: kind == "color", input_columns="kind")
    assert [image.getpixel((0, 0)) for image in colors["image"]] == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)]


def test_an_unknown_table_is_told(sweep: Sweep) -> None:
    with pytest.raises(UserError, match="trials"):
        sweep.files("trails")
