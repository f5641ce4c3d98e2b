"""A contact sheet of a sweep: what its trials made so far as a grid, one axis against another.

An axis is `prompt`, `seed`, `variant` or a tag. A side of the sheet has one or several; the first moves slowest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.pictures import Cell, Grid, Tiles, draw_grid, draw_tiles
from pipeline.plan import Plan, stored_plan
from pipeline.provenance import Provenance
from pipeline.query import Sweep
from pipeline.record.commit import failures
from pipeline.record.results import fresh_results
from pipeline.storage import Storage
from pipeline.trial import Trial

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

AXES = ("prompt", "seed", "variant")
MAX_PIXELS = 200_000_000

Label = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class View:
    """What is shown of a trial: `count` views of this kind from the one numbered `first`, `side` pixels each."""

    kind: str = "color"
    first: int = 0
    count: int = 1
    side: int = 96


@dataclass(frozen=True)
class Sheet:
    """`shown`, `failed` and `missing` count the trials of `image`; `replaced` those that a later version of the spec
    planned anew for the same prompt, seed and variant, and that are left out. `record` is of the trial that is shown,
    if there is only one."""

    image: Image.Image
    shown: int
    failed: int
    missing: int
    replaced: int
    record: Provenance | None


def read_axes(text: str, option: str, plan: Plan) -> tuple[str, ...]:
    """The axes that an option names, with commas between them. Raises UserError that lists the known ones."""
    tags = dict.fromkeys(tag for trial in plan.trials for tag in trial.tags if tag not in AXES)
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in (*AXES, *tags):
            raise UserError(f"{option}: {name!r}: {unknown('name', name, (*AXES, *tags))}")
    if not names:
        raise UserError(f"{option} is empty: name one of {', '.join((*AXES, *tags))}, or several with commas between")
    return names


def make_sheet(storage: Storage, rows: str, columns: str, view: View) -> Sheet:
    """The sheet of what is committed now. A running sweep can be watched with it.

    Raises UserError for an unknown axis or one that is given twice, for trials that would share a cell, for a kind or
    view that there is none of, and for a sheet that is too large.
    """
    plan = stored_plan(storage)
    down, across = read_axes(rows, "--rows", plan), read_axes(columns, "--columns", plan)
    twice = [name for i, name in enumerate((*down, *across)) if name in (*down, *across)[:i]]
    if twice:
        raise UserError(f"--rows {rows} --columns {columns}: {twice[0]} is named twice")
    places, replaced = _places(plan, down, across)
    row_places, column_places = _labels(places, 0), _labels(places, 1)
    grid = Grid(rows=tuple(row_places), columns=tuple(column_places), side=view.side, views=view.count)
    _check_size(*grid.size)
    pictures = _pictures(storage, view)
    failed = failures(storage).keys()
    cells = {}
    for (row, column), trial in places.items():
        cell = _cell(trial, pictures.get(trial.trial_id, {}), trial.trial_id in failed, view)
        cells[row_places[row], column_places[column]] = cell
    notes = [cell.note for cell in cells.values()]
    return Sheet(
        draw_grid(grid, cells),
        shown=notes.count(""),
        failed=notes.count("failed"),
        missing=notes.count("missing"),
        replaced=replaced,
        record=_only(storage, [trial for trial in places.values() if trial.trial_id in pictures]),
    )


def make_tiles(storage: Storage, wrap: int, every: int, view: View) -> Sheet:
    """Every `every`th of the planned trials one after another, `wrap` in a row, each under its prompt.

    Raises UserError for a kind or view that there is none of, and for a sheet that is too large."""
    plan = stored_plan(storage)
    newest = list({(trial.prompt, trial.seed, trial.variant): trial for trial in plan.trials}.values())
    trials = newest[::every]
    tiles = Tiles(across=wrap, count=len(trials), side=view.side, views=view.count)
    _check_size(*tiles.size)
    pictures, failed = _pictures(storage, view), failures(storage).keys()
    cells = [_cell(trial, pictures.get(trial.trial_id, {}), trial.trial_id in failed, view) for trial in trials]
    notes = [cell.note for cell in cells]
    return Sheet(
        draw_tiles(tiles, [trial.prompt for trial in trials], cells),
        shown=notes.count(""),
        failed=notes.count("failed"),
        missing=notes.count("missing"),
        replaced=len(plan) - len(newest),
        record=_only(storage, [trial for trial in trials if trial.trial_id in pictures]),
    )


def _cell(trial: Trial, pngs: Mapping[int, bytes], failed: bool, view: View) -> Cell:
    shown = [pngs.get(view.first + i) for i in range(view.count)]
    return Cell(pngs=shown, note="failed" if failed else "" if pngs else "missing")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UserError(
            f"the sheet would be {width} x {height} pixels, and {MAX_PIXELS // 10**6} million are allowed: "
            "choose a smaller --side or fewer --views"
        )


def _only(storage: Storage, shown: Sequence[Trial]) -> Provenance | None:
    """Where the picture of one trial comes from; None for a picture of several."""
    if len(shown) != 1:
        return None
    trial_id = shown[0].trial_id
    return Provenance.of_row(fresh_results(storage, [trial_id]).row(trial_id))


def _places(plan: Plan, down: Sequence[str], across: Sequence[str]) -> tuple[dict[tuple[Label, Label], Trial], int]:
    """The trial of each cell, and how many were replaced by later ones. Raises UserError for two in one cell."""
    newest = {(trial.prompt, trial.seed, trial.variant): trial for trial in plan.trials}
    places: dict[tuple[Label, Label], Trial] = {}
    for trial in newest.values():
        cell = (_label(trial, down), _label(trial, across))
        other = places.setdefault(cell, trial)
        differing = [name for name in AXES if getattr(other, name) != getattr(trial, name)]
        if differing:
            raise UserError(
                f"trials that differ in {' and '.join(differing)} would share a cell: add {','.join(differing)} "
                "to --rows or --columns"
            )
    return places, len(plan) - len(newest)


def _label(trial: Trial, axes: Sequence[str]) -> Label:
    return tuple(_caption(trial, axis) for axis in axes)


def _caption(trial: Trial, axis: str) -> str:
    if axis == "seed":
        return f"seed {trial.seed}"
    if axis in AXES:
        return str(getattr(trial, axis))
    return trial.tags.get(axis, f"no {axis}")


def _labels(places: Mapping[tuple[Label, Label], Trial], side: int) -> dict[Label, int]:
    """The labels of a side with their places, the values of each axis in the order of the plan."""
    found = list(dict.fromkeys(cell[side] for cell in places))
    ranks = [{value: i for i, value in enumerate(dict.fromkeys(values))} for values in zip(*found, strict=True)]
    found.sort(key=lambda label: [rank[value] for rank, value in zip(ranks, label, strict=True)])
    return {label: place for place, label in enumerate(found)}


def _pictures(storage: Storage, view: View) -> dict[str, dict[int, bytes]]:
    """Each committed trial's PNG files by number of the view."""
    sweep = Sweep(storage)
    wanted = list(range(view.first, view.first + view.count))
    frame: pd.DataFrame = sweep.renders(kind=view.kind, view=wanted)
    if frame.empty:
        raise UserError(_nothing_to_show(sweep, view))
    found: dict[str, dict[int, bytes]] = {}
    for trial_id, number, image in zip(frame["trial_id"], frame["view"], frame["image"], strict=True):
        found.setdefault(trial_id, {})[int(number)] = image["bytes"]
    return found


def _nothing_to_show(sweep: Sweep, view: View) -> str:
    kinds = sorted(set(sweep.renders(columns=["kind"])["kind"]))
    if view.kind in kinds:
        return f"--view {view.first}: no trial has as many views of kind {view.kind}; they are counted from 0"
    return f"--kind {view.kind}: no trial has views of that kind; there are {', '.join(kinds)}"
