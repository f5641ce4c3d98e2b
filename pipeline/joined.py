"""Several sweeps read as one: their frames under each other, and trials of two of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.query import Sweep
from pipeline.schema import CONFIG, with_config_columns
from pipeline.selection import Filter, filtered, trials_frame
from pipeline.storage import Storage
from pipeline.sweeps import stored

SWEEP = "sweep"


@dataclass(frozen=True)
class Joined:
    """Sweeps by name, in order. The frames are those of `Sweep`, sweep by sweep, with a first column `sweep`; a column
    that only some of the sweeps have is empty for the others."""

    sweeps: Mapping[str, Sweep]

    def trials_table(self, where: str | None = None) -> pa.Table:
        """The trials as an Arrow table, with the config keys that differ between any two of them as columns."""
        tables = []
        for name, sweep in self.sweeps.items():
            table = sweep.trials_table()
            plain = table.select([column for column in table.column_names if not column.startswith(CONFIG)])
            tables.append(plain.add_column(0, SWEEP, pa.array([name] * table.num_rows, pa.string())))
        joined = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
        return filtered(with_config_columns(joined), where)

    def trials(self, where: str | None = None, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A row a trial; see `Sweep.trials`. `where` and `columns` may also name `sweep`."""
        return trials_frame(self.trials_table(where), columns)

    def history(
        self, where: str | None = None, *, columns: Sequence[str] | None = None, **wanted: Filter
    ) -> pd.DataFrame:
        """A row a logged step; see `Sweep.history`."""
        return self._each(lambda sweep: sweep.history(where, columns=columns, **wanted))

    def renders(
        self, where: str | None = None, *, columns: Sequence[str] | None = None, **wanted: Filter
    ) -> pd.DataFrame:
        """A row a view; see `Sweep.renders`."""
        return self._each(lambda sweep: sweep.renders(where, columns=columns, **wanted))

    def matches(self, on: str | Sequence[str] = "trial_id", where: str | None = None) -> pd.DataFrame:
        """Trials of two sweeps that agree in the columns `on`, a row a pair, the other columns as `<name>_<sweep>`.

        `trial_id` pairs trials of the same content; `("prompt", "seed")` pairs those of the same prompt and seed,
        whatever their settings, and each with each where a sweep has several. Raises UserError unless there are two
        sweeps and both have the columns.
        """
        if len(self.sweeps) != 2:
            raise UserError(f"trials of two sweeps can be matched, and these are {len(self.sweeps)}")
        keys = [on] if isinstance(on, str) else list(on)
        frames = [sweep.trials(where) for sweep in self.sweeps.values()]
        for frame in frames:
            for key in keys:
                if key not in frame:
                    raise UserError(f"on: {key!r}: {unknown('column', key, map(str, frame.columns))}")
        first, second = (
            frame.rename(columns={column: f"{column}_{name}" for column in frame if column not in keys})
            for name, frame in zip(self.sweeps, frames, strict=True)
        )
        return first.merge(second, on=keys, how="inner")

    def _each(self, read: Callable[[Sweep], pd.DataFrame]) -> pd.DataFrame:
        frames = []
        for name, sweep in self.sweeps.items():
            frame = read(sweep)
            frame.insert(0, SWEEP, name)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)


def join_sweeps(urls: Sequence[str]) -> Joined:
    """The sweeps at these folders or URLs, under the names of their specs; where two have the same, under their place.

    Raises UserError if one of them is not there or is named twice.
    """
    sweeps = [Sweep(Storage(url)) for url in urls]
    places = [sweep.storage.url for sweep in sweeps]
    for place in places:
        if places.count(place) > 1:
            raise UserError(f"{place} is named twice")
    if not sweeps:
        raise UserError("name the sweeps to join")
    names = [stored(sweep.storage)[0].name for sweep in sweeps]
    if len(set(names)) < len(names):
        names = places
    return Joined(dict(zip(names, sweeps, strict=True)))
