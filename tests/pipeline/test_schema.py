from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from pipeline.events import FailureClass
from pipeline.schema import HISTORY, KEYS, RENDERS, TABLES, TRIALS, results_reference, with_config_columns

ROOT = Path(__file__).resolve().parents[2]


def _trials(*configs: object) -> pa.Table:
    texts = pa.array([None if config is None else json.dumps(config) for config in configs], pa.string())
    return pa.table({"config": texts.dictionary_encode()})


def test_the_reference_page_is_generated() -> None:
    assert (ROOT / "docs" / "results.md").read_text() == results_reference(), (
        "run: python -c 'import pipeline.schema as s; print(s.results_reference(), end=\"\")' > docs/results.md"
    )


def test_every_column_is_described_once_and_all_tables_share_the_keys() -> None:
    for columns in TABLES.values():
        names = [column.name for column in columns]
        assert len(set(names)) == len(names)
        assert columns[: len(KEYS)] == KEYS
        assert all(column.description.endswith(".") for column in columns)
    assert {"step"} == {column.name for column in HISTORY} - {column.name for column in KEYS}
    assert "image" in {column.name for column in RENDERS}


def test_every_failure_class_has_a_column() -> None:
    names = {column.name for column in TRIALS}
    assert {f"failures_{failure.value}" for failure in FailureClass} <= names


def test_config_columns_are_those_that_differ() -> None:
    table = with_config_columns(
        _trials(
            {"steps": 4, "guidance": {"scale": 20, "t_min": 0.02}},
            {"steps": 4, "guidance": {"scale": 100.0, "t_min": 0.02}},
            {"steps": 4, "guidance": {"scale": 20, "t_min": 0.02}},
        )
    )
    assert table.column_names == ["config", "config.guidance.scale"]
    assert table["config.guidance.scale"].to_pylist() == [20.0, 100.0, 20.0]


def test_config_columns_keep_types_and_gaps() -> None:
    table = with_config_columns(
        _trials(
            {"a": 1, "b": True, "c": [1, 2], "d": "x", "e": 1, "f": 1},
            {"a": 2, "b": False, "c": [1], "d": "y", "e": "two"},
            None,
        )
    )
    found = {name.removeprefix("config."): table[name].to_pylist() for name in table.column_names[1:]}
    assert found == {
        "a": [1, 2, None],
        "b": [True, False, None],
        "c": ["[1, 2]", "[1]", None],
        "d": ["x", "y", None],
        "e": ["1", "two", None],
        "f": [1, None, None],
    }


def test_one_config_makes_no_columns() -> None:
    assert with_config_columns(_trials({"a": 1}, {"a": 1})).column_names == ["config"]
    assert with_config_columns(_trials()).column_names == ["config"]
