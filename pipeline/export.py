"""Meshes and turntables of finished trials as files in a folder, made from the scenes that the trials kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import listing
from pipeline.condition import Condition
from pipeline.document import unknown
from pipeline.errors import UserError
from pipeline.mesh_files import FORMATS, MeshFormat, encode_mesh
from pipeline.provenance import Provenance
from pipeline.query import Sweep
from pipeline.solids import NoSolid, load_scene, surface_of, turntable_of

if TYPE_CHECKING:
    from dreamcore.scene import Scene
    from dreamcore.surface import SurfaceConfig

_WORDS = 40  # characters of a prompt in a file's name

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which finished trials: all those that meet everything given. `where` is a condition over the columns of
    `trials`, as in `metric_coverage > 0.1 and verdict == 'healthy'`."""

    trial_ids: Collection[str] = ()
    prompts: Collection[str] = ()
    seeds: Collection[int] = ()
    variants: Collection[str] = ()
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class Turntable:
    """`size` in pixels, `elevation` in degrees."""

    frames: int = 36
    size: int = 256
    elevation: float = 20.0

    def __post_init__(self) -> None:
        for name, value, low, high in (("frames", self.frames, 2, 720), ("size", self.size, 16, 4096)):
            if not low <= value <= high:
                raise UserError(f"--{name} {value}: must be from {low} to {high}")


@dataclass(frozen=True)
class Exported:
    """`files` that were written; `skipped` trials, by id, with the reason."""

    files: Sequence[Path]
    skipped: Mapping[str, str]


def read_formats(text: str) -> tuple[MeshFormat, ...]:
    """Formats with commas between them, or `none`. Raises UserError for an unknown one."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    for name in names:
        if name not in FORMATS:
            raise UserError(f"--format {name}: {unknown('format', name, (*FORMATS, 'none'))}")
    if not names:
        raise UserError(f"--format is empty: name some of {', '.join(FORMATS)}, or none")
    return tuple(form for form in FORMATS if form in names)


def choose(sweep: Sweep, choice: Choice) -> list[dict[str, Any]]:
    """The rows of `trials` that are meant, in order. Raises UserError where there is none."""
    frame = sweep.trials()
    frame = frame[frame["status"] == "completed"]
    if frame.empty:
        raise UserError(f"{sweep.storage.url} has no completed trial: see `dreamsweep status {sweep.storage.url}`")
    wanted = {
        "trial_id": choice.trial_ids,
        "prompt": choice.prompts,
        "seed": choice.seeds,
        "variant": choice.variants,
    }
    for column, values in wanted.items():
        absent = [value for value in values if value not in set(frame[column])]
        if absent:
            known = [repr(value) for value in frame[column].drop_duplicates().tolist()[:10]]
            raise UserError(f"no completed trial has {column} {absent[0]!r}; there are {', '.join(known)}")
        if values:
            frame = frame[frame[column].isin(list(values))]
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    if choice.where:
        rows = _meeting(rows, choice.where, list(frame.columns))
    if not rows:
        raise UserError("no completed trial meets all of these conditions: leave one out")
    return rows


def _meeting(rows: Sequence[dict[str, Any]], text: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    try:
        condition = Condition(text)
        condition.check_columns(columns)
        return [row for row in rows if condition.holds({name: _text(value) for name, value in row.items()})]
    except UserError as error:
        raise UserError(f"--where {text!r}: {error}") from error


def _text(value: object) -> str:
    """A cell as text; nothing for null."""
    return "" if value is None or value != value else str(value)  # noqa: PLR0124  only NaN differs from itself


def export(
    sweep: Sweep,
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    formats: Sequence[MeshFormat],
    config: SurfaceConfig,
    turntable: Turntable | None,
    say: Say,
) -> Exported:
    """Write the files of these trials, each whole or not at all. A trial without a solid is told and passed over.

    Raises UserError where the folder cannot be written, or no trial has a solid; then nothing is written.
    """
    if not formats and turntable is None:
        raise UserError("nothing to export: name a --format, or ask for a --turntable")
    written: list[Path] = []
    skipped: dict[str, str] = {}
    for row in rows:
        name = stem(row)
        try:
            scene = load_scene(sweep.storage, row["trial_id"])
            files = _files(scene, row, name, formats, config, turntable)
        except NoSolid as error:
            skipped[row["trial_id"]] = str(error)
            say(f"{name}: skipped: {error}")
            continue
        _make_folder(folder)
        for file, data in files.items():
            listing.write(data, folder / file)
            written.append(folder / file)
            say(str(folder / file))
    if not written:
        raise UserError(f"no file was written: {next(iter(skipped.values()))}")
    return Exported(written, skipped)


def _files(
    scene: Scene,
    row: Mapping[str, Any],
    name: str,
    formats: Sequence[MeshFormat],
    config: SurfaceConfig,
    turntable: Turntable | None,
) -> dict[str, bytes]:
    """All files of a trial by name. Raises NoSolid."""
    record = Provenance.of_row(row)
    files: dict[str, bytes] = {}
    if formats:
        mesh = surface_of(scene, config).mesh
        for form in formats:
            files |= encode_mesh(mesh, form, record, name)
    if turntable is not None:
        data = turntable_of(scene, turntable.frames, turntable.size, turntable.elevation, record)
        files[f"{name}.webp"] = data
    return files


def stem(row: Mapping[str, Any]) -> str:
    """A file's name for a trial without its ending: letters and digits of the prompt for people, and the trial's id,
    which no two trials share. Whatever the prompt is, it names no other folder and no hidden file."""
    words = re.sub(r"[^a-z0-9]+", "-", str(row["prompt"]).lower())[:_WORDS].strip("-")
    return "-".join(part for part in (words, f"seed{row['seed']}", row["trial_id"]) if part)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror}") from error
