"""The whole line: a sweep's storage in, a folder with its report out."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import UserError
from pipeline.paths import MESH, TURNTABLE
from pipeline.provenance import Provenance
from pipeline.query import Sweep
from pipeline.record.results import read_file
from pipeline.report import pages
from pipeline.report.collect import collect
from pipeline.report.curves import trial_lines
from pipeline.report.data import Judgement, Line, Report, Trial
from pipeline.report.folder import check_target, replacing, write_mark
from pipeline.report.judged import Frames, judgement
from pipeline.report.strips import KINDS, Strip, strips
from pipeline.storage import Storage

NO_JUDGE = "none"
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Made:
    """`index` is the page to open; `missing` is why there is no judgement, if there is none."""

    index: Path
    trials: int
    missing: str


def make_report(storage: Storage, folder: Path, judge: str, now: float, told: Told | None = None) -> Made:
    """Write the report of what is committed and failed at `now` (seconds since 1970). A report there is replaced.

    `judge` is as `pipeline.evaluation.evaluate` takes it, or `none`; `told` hears how far it is. A judge that cannot
    judge is no error: the report says why. Raises UserError, and writes nothing, for a sweep with nothing to show and
    for a folder of somebody's own.
    """
    check_target(folder)
    sweep = Sweep(storage)
    sweep.trials_table()  # raises for an empty sweep before the judge sets to work
    report = collect(storage, _ask(storage, judge, told), now)
    with replacing(folder) as made:
        report = _write_pictures(sweep, report, made)
        _write_pages(sweep, report, made)
    return Made(folder / "index.html", len(report.trials), report.judgement.missing)


def _ask(storage: Storage, judge: str, told: Told | None) -> Judgement:
    """What the judge says, or why it says nothing: it lacks, or the sweep is none that it can judge."""
    if judge == NO_JUDGE:
        return Judgement(missing="No judge was asked (--judge none).")
    from pipeline.diversity import diversity_table  # brings torch
    from pipeline.evaluation import best_seeds, confusions, evaluate, rprecision_table

    try:
        evaluation = evaluate(storage, judge, report=told, shown=False)
    except (UserError, OSError) as error:  # it keeps what it saw beside the sweep, which may not be ours to write
        return Judgement(missing=str(error))
    frames = Frames(
        judge=evaluation.judge,
        captions=len(evaluation.captions),
        trials=evaluation.trials,
        rprecision=rprecision_table(evaluation),
        confusions=confusions(evaluation),
        diversity=diversity_table(evaluation),
        best=best_seeds(evaluation),
    )
    return judgement(frames)


def _write_pictures(sweep: Sweep, report: Report, folder: Path) -> Report:
    """Write views, turntables and meshes; the report with what each trial has of them."""
    for name in ("views", "turntables", "meshes"):
        (folder / name).mkdir()
    done = [trial.trial_id for trial in report.trials if trial.status == "completed"]
    had: dict[str, list[Strip]] = {}
    rows = sweep.trials_table("status == 'completed'").to_pylist()
    records = {row["trial_id"]: Provenance.of_row(row) for row in rows}
    for strip in strips(sweep, {trial_id: records[trial_id] for trial_id in done}):
        (folder / "views" / f"{strip.trial_id}-{strip.kind}.webp").write_bytes(strip.data)
        had.setdefault(strip.trial_id, []).append(strip)
    left = {trial_id: _write_solids(sweep.storage, trial_id, folder) for trial_id in done}
    return replace(
        report,
        trials=[
            with_pictures(trial, had.get(trial.trial_id, ()), left.get(trial.trial_id, frozenset()))
            for trial in report.trials
        ],
    )


def _write_solids(storage: Storage, trial_id: str, folder: Path) -> frozenset[str]:
    """The names of what the trial left. A mesh becomes a script: a page from disk may run one, but not read a file."""
    turntable, mesh = (read_file(storage, trial_id, name) for name in (TURNTABLE, MESH))
    if turntable is not None:
        (folder / "turntables" / f"{trial_id}.webp").write_bytes(turntable)
    if mesh is not None:
        text = pages.script(f"mesh-{trial_id}", base64.b64encode(mesh).decode("ascii"))
        _write(folder / "meshes" / f"{trial_id}.js", text)
    return frozenset(name for name, data in ((TURNTABLE, turntable), (MESH, mesh)) if data is not None)


def with_pictures(trial: Trial, had: Sequence[Strip], left: frozenset[str]) -> Trial:
    """The trial with what there is to show of it, in the order of `KINDS`."""
    kinds = sorted((strip.kind for strip in had), key=KINDS.index)
    azimuths = had[0].azimuths if had else ()
    return replace(
        trial,
        kinds=kinds,
        views=len(azimuths),
        azimuths=azimuths,
        mesh=MESH in left,
        turntable=TURNTABLE in left,
    )


def _write_pages(sweep: Sweep, report: Report, folder: Path) -> None:
    shutil.copytree(pages.ASSETS, folder / "assets")
    for name in ("data", "trials"):
        (folder / name).mkdir()
    _write(folder / "data" / "trials.js", pages.script("gallery", pages.gallery(report)))
    _write(folder / "data" / "lines.js", pages.script("lines", pages.lines(report)))
    curves = _curves(sweep, report.trials)
    for trial in report.trials:
        data = pages.detail(trial, curves.get(trial.trial_id, ()))
        _write(folder / "trials" / f"{trial.trial_id}.js", pages.script(trial.trial_id, data))
    _write(folder / "index.html", pages.page(report))
    overview = report.overview
    write_mark(folder, {"sweep": overview.name, "trials": len(report.trials), "made": overview.made})


def _curves(sweep: Sweep, trials: Sequence[Trial]) -> Mapping[str, Sequence[Line]]:
    if not any(trial.status == "completed" for trial in trials):
        return {}
    return {str(trial_id): trial_lines(frame) for trial_id, frame in sweep.history().groupby("trial_id")}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
