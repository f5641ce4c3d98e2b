"""`where` over typed columns: against pandas, against SQL's rule for what is missing, and against nonsense."""

from __future__ import annotations

import datetime
import io

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.where import expression

TABLE = pa.table(
    {
        "row": [0, 1, 2, 3],
        "prompt": ["a red mug", "a duck", 'it\'s "odd"', None],
        "seed": pa.array([0, 1, None, 3], pa.int64()),
        "loss": pa.array([0.5, float("nan"), None, -1.5], pa.float32()),
        "config.use": pa.array([True, False, None, True]),
        "config.guidance.scale": pa.array([20.0, 100.0, 100.0, None]),
        "at": pa.array(
            [datetime.datetime(2026, 1, day, tzinfo=datetime.UTC) for day in (1, 2, 3)] + [None],
            pa.timestamp("ms", "UTC"),
        ),
        "config": pa.array(["{}", "{}", "[]", None]).dictionary_encode(),
    }
)


def _rows(text: str) -> list[int]:
    rows: list[int] = TABLE.filter(expression(text, TABLE.schema))["row"].to_pylist()
    return rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("prompt == 'a duck'", [1]),
        ("prompt != 'a duck'", [0, 2]),
        ("not prompt == 'a duck'", [0, 2]),
        ("'a' in prompt", [0, 1]),
        ("'.' in prompt", []),
        ("prompt == 'it\\'s \"odd\"'", [2]),
        ("seed >= 1", [1, 3]),
        ("0 < seed <= 3", [1, 3]),
        ("seed > 0.5 and seed < 2.5", [1]),
        ("seed in [0, 3]", [0, 3]),
        ("seed not in (0, 3)", [1]),
        ("not (seed in {0, 3})", [1]),
        ("seed in []", []),
        ("seed is None", [2]),
        ("seed is not None and seed < 9", [0, 1, 3]),
        ("loss < 1", [0, 3]),
        ("loss > -9", [0, 3]),
        ("loss != 0.5", [1, 3]),
        ("loss == 0.5 or loss is None", [0, 2]),
        ("seed > loss", [3]),
        ("config.use == True", [0, 3]),
        ("config.use != True", [1]),
        ("config.guidance.scale == 100 and config.use == False", [1]),
        ("at >= '2026-01-02'", [1, 2]),
        ("at < '2026-01-01T01:00:00+02:00'", []),
        ("config == '[]'", [2]),
        ("100 == config.guidance.scale", [1, 2]),
    ],
)
def test_rows_that_meet_it(text: str, rows: list[int]) -> None:
    assert _rows(text) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("promt == 'x'", r"where \"promt == 'x'\": .*Did you mean prompt\?"),
        ("prompt == duck", r"Text needs quotes"),
        ("prompt == 3", r"3\.0 is a number, and the column is text"),
        ("seed == '3'", r"'3' is text, and the column is a number"),
        ("seed == True", r"True is true or false, and the column is a number"),
        ("seed == prompt", r"prompt is text and cannot be compared with a number"),
        ("at > 'soon'", r"'soon' is no time: write 2026-01-31"),
        ("seed in prompt", r"a column in a list, or for a text in a column of text"),
        ("'1' in seed", r"a column in a list, or for a text in a column of text"),
        ("seed == None", r"'None' is not allowed"),
        ("seed is 3", r"not allowed"),
        ("1 == 1", r"not allowed"),
        ("seed", r"is no condition"),
        ("seed ==", r"cannot be read"),
        ("__import__('os').system('true') == 0", r"not allowed"),
        ("prompt.__class__ == 'x'", r"prompt.__class__"),
        ("prompt.upper() == 'A'", r"not allowed"),
        ("seed + 1 == 2", r"not allowed"),
        ("(lambda: 1) == 1", r"not allowed"),
        ("seed and loss == 1", r"'seed' is not allowed"),
        ("-seed == 1", r"not allowed"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        expression(text, TABLE.schema)


@given(st.lists(st.one_of(st.none(), st.integers(-5, 5))), st.integers(-5, 5), st.integers(-5, 5))
def test_a_condition_its_negation_and_what_is_missing_are_all_rows(
    values: list[int | None], low: int, high: int
) -> None:
    table = pa.table({"n": pa.array(values, pa.int64())})

    def kept(text: str) -> list[int]:
        found: list[int] = table.filter(expression(text, table.schema))["n"].to_pylist()
        return found

    text = f"n > {low} and n in [{low + 1}, {high}] or n == {high}"
    known = [value for value in values if value is not None]
    wanted = [n for n in known if (n > low and n in [low + 1, high]) or n == high]
    assert kept(text) == wanted
    assert sorted(kept(f"not ({text})")) == sorted(n for n in known if n not in wanted)
    assert len(kept("n is None")) == len(values) - len(known)


@pytest.mark.parametrize(("text", "groups"), [("step >= 30", 1), ("step in [5, 35]", 2), ("name == 'zzz'", 0)])
def test_parquet_skips_row_groups_by_it(text: str, groups: int) -> None:
    table = pa.table({"step": list(range(40)), "name": [f"n{i:02d}" for i in range(40)]})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=10)
    fragment = ds.ParquetFileFormat().make_fragment(pa.BufferReader(buffer.getvalue()))
    assert len(fragment.split_by_row_group(expression(text, table.schema), schema=table.schema)) == groups
