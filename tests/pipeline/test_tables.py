from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import png

from pipeline.engine import View
from pipeline.record.tables import history_table, renders_table, result_table

ID = "0123456789abcdef0123"
ROW = {"trial_id": ID, "prompt": "a cup", "seed": 7, "variant": "base"}


def _views(count: int = 2) -> list[View]:
    return [
        View(index=i, kind="color", azimuth=45.0 * i, elevation=15, radius=2.5, png=png(i, 0, 0)) for i in range(count)
    ]


def _frame(data: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(data))


def test_a_result_is_one_row_with_its_metrics() -> None:
    row = {
        **ROW,
        "tags": {"kind": "toy"},
        "config": {"steps": 3},
        "prior": {"kind": "embedded"},
        "software": {"dreamsweep": "0.1.0", "torch": "2.14.1"},
        "started_at": 1_700_000_000.5,
        "finished_at": datetime(2026, 1, 2, tzinfo=UTC),
        "metrics": {"loss": 0.25},
    }
    frame = _frame(result_table(row))
    assert len(frame) == 1
    found = frame.iloc[0]
    assert (found["trial_id"], found["prompt"], found["seed"], found["variant"]) == (ID, "a cup", 7, "base")
    assert found["metric_loss"] == 0.25
    assert json.loads(found["tags"]) == {"kind": "toy"}
    assert json.loads(found["config"]) == {"steps": 3}
    assert found["software"] == "dreamsweep 0.1.0, torch 2.14.1"
    assert found["started_at"] == pd.Timestamp("2023-11-14T22:13:20.5Z")
    assert found["finished_at"] == pd.Timestamp("2026-01-02", tz="UTC")
    assert pd.isna(found["device"])


def test_an_unknown_or_missing_result_column_is_named() -> None:
    with pytest.raises(ValueError, match="unknown result column 'los'"):
        result_table({**ROW, "los": 1.0})
    with pytest.raises(ValueError, match="needs 'seed'"):
        result_table({key: value for key, value in ROW.items() if key != "seed"})


def test_history_has_the_union_of_the_metrics_and_nulls() -> None:
    data = history_table(ID, [{"step": 1, "loss": 0.5}, {"step": 2, "loss": float("nan"), "opacity": 0.25}])
    table = pq.read_table(pa.BufferReader(data))
    assert table.schema.names == ["trial_id", "step", "loss", "opacity"]
    assert table.schema.field("step").type == pa.int32()
    assert table.schema.field("loss").type == pa.float32()
    assert table["opacity"].to_pylist() == [None, 0.25]
    assert table["loss"].null_count == 0, "a NaN is a fact, not a gap"


def test_an_empty_history_is_a_table() -> None:
    assert len(_frame(history_table(ID, []))) == 0


def test_a_metric_may_not_take_a_key_column() -> None:
    with pytest.raises(ValueError, match="'prompt'"):
        history_table(ID, [{"step": 1, "prompt": 2.0}])


def test_renders_are_hugging_face_images() -> None:
    data = renders_table(ID, _views())
    kept = pq.read_schema(pa.BufferReader(data))
    features = json.loads(kept.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert set(features) == set(kept.names)
    frame = _frame(data)
    assert [image["bytes"] for image in frame["image"]] == [png(0, 0, 0), png(1, 0, 0)]
    assert frame["image"][1]["path"] == f"{ID}-001-color.png"
    assert frame["azimuth"].tolist() == [0.0, 45.0]


def test_images_are_not_compressed_again_and_the_rest_is() -> None:
    meta = pq.ParquetFile(pa.BufferReader(renders_table(ID, _views()))).metadata.row_group(0)
    codecs = {meta.column(i).path_in_schema: meta.column(i).compression for i in range(meta.num_columns)}
    assert codecs.pop("image.bytes") == "UNCOMPRESSED"
    assert set(codecs.values()) == {"ZSTD"}


def test_datasets_opens_the_renders(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    (tmp_path / "renders.parquet").write_bytes(renders_table(ID, _views()))
    loaded = datasets.load_dataset("parquet", data_files=str(tmp_path / "renders.parquet"), cache_dir=str(tmp_path))
    assert loaded["train"][1]["image"].getpixel((0, 0)) == (1, 0, 0)
