"""What a query selects of a table: rows by value and condition, and columns."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.schema import KEYS, with_tag_columns
from pipeline.where import expression

Filter = str | int | Sequence[str] | Sequence[int] | None


@dataclass(frozen=True)
class Query:
    """What is asked of `history` or `renders`: values by column, a condition, and which columns to give."""

    table: str
    wanted: Mapping[str, Filter]
    where: str | None
    columns: Sequence[str] | None

    def condition(self, joined: pa.Schema) -> pc.Expression | None:
        """All filters at once, in the form that Parquet readers skip row groups by."""
        parts = [] if self.where is None else [expression(self.where, joined)]
        return _all([*_equal(self.wanted), *parts])

    def among(self, trial_ids: frozenset[str]) -> frozenset[str]:
        """Those of the ids that a filter by `trial_id` names."""
        wanted = self.wanted.get("trial_id")
        return trial_ids if wanted is None else trial_ids.intersection(_values(wanted))

    def keys(self) -> pc.Expression | None:
        """The filters by columns that all tables share."""
        return _all(_equal({column.name: self.wanted.get(column.name) for column in KEYS}))


def filtered(trials: pa.Table, where: str | None) -> pa.Table:
    """The rows of `trials` that meet the condition, which may name tags as columns `tags.<name>`. Raises UserError."""
    if where is None:
        return trials
    tagged = with_tag_columns(trials)
    return tagged.filter(expression(where, tagged.schema)).select(trials.column_names)


def trials_frame(trials: pa.Table, columns: Sequence[str] | None) -> pd.DataFrame:
    """The table as `Sweep.trials` gives it. Raises UserError for a column that is not there."""
    frame: pd.DataFrame = trials.select(names(trials.column_names, columns)).to_pandas()
    if "tags" in frame:
        frame["tags"] = [json.loads(text) if isinstance(text, str) else {} for text in frame["tags"]]
    return frame


def names(known: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    """The columns that are asked for, all of them without `columns`. Raises UserError for one that is not there."""
    wanted = list(dict.fromkeys(known if columns is None else columns))
    for name in wanted:
        if name not in known:
            raise UserError(f"columns: {name!r}: {unknown('column', name, known)}")
    return wanted


def _equal(wanted: Mapping[str, Filter]) -> list[pc.Expression]:
    given = {column: value for column, value in wanted.items() if value is not None}
    return [pc.field(column).isin(_values(value)) for column, value in given.items()]


def _values(value: Filter) -> list[Any]:
    assert value is not None
    return [value] if isinstance(value, str | int) else list(value)


def _all(parts: Sequence[pc.Expression]) -> pc.Expression | None:
    return functools.reduce(operator.and_, parts) if parts else None
