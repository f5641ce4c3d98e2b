"""The command `dreamsweep`: each command parses, calls, prints. Nothing heavy is imported before it is needed.

Exit codes: 0 all is well, 1 some trials failed, 2 the user can mend it (one message, nothing written), 130 stopped with
work left.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline import cli_remote
from pipeline.cli_remote import SOME_FAILED, Target, nothing_left

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.board import Section
    from pipeline.evaluation import Evaluation
    from pipeline.plan import Plan
    from pipeline.spec import SweepSpec
    from pipeline.storage import Storage

app = typer.Typer(
    name="dreamsweep",
    help="Sweeps of text-to-3D optimisations: prompts x seeds x settings, on Ray, resumable, into Parquet.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

USER_ERROR, STOPPED = 2, 130
_TEXTURE = 1024  # pixels
_SHOWN = 20  # rows of a list, before the rest is only counted


class ExecutorChoice(StrEnum):
    RAY = "ray"
    INLINE = "inline"


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


_FILES: dict[Format, Literal["csv", "json", "parquet"]] = {
    Format.CSV: "csv",
    Format.JSON: "json",
    Format.PARQUET: "parquet",
}

SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="The sweep's YAML file.")]
Address = Annotated[str | None, typer.Option(help="A running Ray cluster; without it, one is started here.")]
Executor = Annotated[ExecutorChoice, typer.Option("--executor", help="`inline` runs in this process, without Ray.")]
Judge = Annotated[
    str | None,
    typer.Option(help="`embedded`, a folder with open_clip_config.json, or ARCHITECTURE/TAG; else as the spec says."),
]
CaptionTable = Annotated[
    Path | None, typer.Option(help="A table of captions to seek among; else the prompts of the sweep.")
]
TrialsFile = Annotated[Path | None, typer.Option("--output", "-o", help="A .csv file to write, a row a trial.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show nothing while running.")]


def main() -> None:
    """The console script. The one place that turns an error of the user's into a message and an exit code."""
    from pipeline import logs
    from pipeline.errors import Fenced, StorageUnavailable, UserError

    try:
        logs.chosen()  # a wrong choice is told before anything happens
        app()
    except (UserError, StorageUnavailable, Fenced) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(USER_ERROR) from None


# ---- commands --------------------------------------------------------------------------------------------------------


@app.command()
def plan(spec_path: SpecPath) -> None:
    """Say what would run: trials, which are done, how long. Writes nothing."""
    from pipeline import sayings, sweeps
    from pipeline.storage import Storage

    spec, planned = sweeps.load(spec_path)
    storage = Storage(spec.url)
    planned = sweeps.grown(storage, planned)
    over = sweeps.finished(storage, planned)
    states = {
        **dict.fromkeys(over.committed, "committed"),
        **dict.fromkeys(over.failed, "failed"),
        **dict.fromkeys(over.cancelled, "cancelled"),
    }
    rows = [
        [t.trial_id, t.prompt, str(t.seed), t.variant, str(t.steps), states.get(t.trial_id, "to run")]
        for t in planned.trials[:_SHOWN]
    ]
    sayings.console().print(sayings.table(["trial_id", "prompt", "seed", "variant", "steps", ""], rows))
    if len(planned) > _SHOWN:
        print(f"and {len(planned) - _SHOWN} more")
    left = len(planned) - len(over.ids)
    counts = f"{len(over.committed)} committed, {sayings.ended(len(over.failed), len(over.cancelled))}"
    print(f"{sayings.counted(planned)}: {counts}, {left} to run, in {spec.url}")
    if left:
        print(sayings.estimate(storage, planned, over.ids))


@app.command()
def run(
    spec_path: SpecPath,
    address: Address = None,
    executor: Executor = ExecutorChoice.RAY,
    no_progress: NoProgress = False,
) -> None:
    """Run what is not committed yet, here and now. Ctrl-C checkpoints and stops; running it again continues."""
    from pipeline import sweeps
    from pipeline.plan import store_plan, store_settings
    from pipeline.storage import Storage

    spec, planned = sweeps.load(spec_path)
    storage = Storage(spec.url, spec.storage_rule)
    storage.check_writable()
    planned = sweeps.grown(storage, planned)
    if nothing_left(storage, planned):
        return
    text = spec_path.read_text(encoding="utf-8")
    store_plan(storage, planned, text)
    store_settings(storage, text)
    _run(spec, planned, storage, address, executor, no_progress, f"run {shlex.quote(str(spec_path))}")


@app.command()
def resume(
    target: Target,
    address: Address = None,
    executor: Executor = ExecutorChoice.RAY,
    no_progress: NoProgress = False,
) -> None:
    """Continue a sweep with the plan and settings in its storage, whatever has become of its YAML file."""
    from pipeline import sweeps

    storage = sweeps.locate(target)
    spec, planned = sweeps.stored(storage)
    storage = storage.by_rule(spec.storage_rule)
    storage.check_writable()
    if nothing_left(storage, planned):
        return
    _run(spec, planned, storage, address, executor, no_progress, f"resume {shlex.quote(target)}")


@app.command()
def status(
    target: Target, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False
) -> None:
    """How far a sweep is: done, running, failed and why. Asks storage only."""
    from pipeline import sayings, sweeps
    from pipeline.progress import duration
    from pipeline.status import read_status

    found = read_status(sweeps.locate(target), time.time())
    if as_json:
        print(json.dumps(found.as_dict(), indent=2))
        return
    ended = sayings.ended(len(found.failed), found.cancelled)
    print(f"{found.url}: {found.committed} of {found.total} done, {ended}, {found.left} left")
    if found.driver:
        print(f"running: {found.driver}, {found.workers} workers, heard of {duration(found.heard or 0)} ago")
    elif found.left:
        heard = f" (last heard of {duration(found.heard)} ago)" if found.heard is not None else ""
        print(f"not running{heard}; continue with: {sayings.tool('dreamsweep')} resume {shlex.quote(target)}")
    names = ["prompt", "seed", "variant", "attempt", "step", "steps/s"]
    running = [
        (row.prompt, row.seed, row.variant, row.attempt, f"{row.step}/{row.steps}", f"{row.steps_per_second:.1f}")
        for row in found.running[:_SHOWN]
    ]
    if running:
        sayings.console().print(sayings.table(names, [[str(cell) for cell in row] for row in running]))
    for trial in found.failed[:_SHOWN]:
        print(f"failed: {trial.prompt}, seed {trial.seed}, {trial.variant}: {trial.reason}")


@app.command()
def results(
    target: Target,
    format: Annotated[Format, typer.Option("--format", help="How to print the table.")] = Format.TABLE,
    columns: Annotated[str | None, typer.Option(help="Columns, with commas between them; `all` for every one.")] = None,
    output: Annotated[Path | None, typer.Option(help="A file to write instead of printing.")] = None,
    where: Annotated[
        str | None, typer.Option(help="Which trials, as in \"verdict == 'healthy' and seed < 3\"; docs/results.md.")
    ] = None,
    others: Annotated[
        list[str] | None, typer.Option("--with", metavar="SPEC_OR_URL", help="Another sweep to list along; repeatable.")
    ] = None,
) -> None:
    """A row a trial, in order of prompt, seed and variant."""
    from pipeline import listing, sayings, sweeps
    from pipeline.errors import UserError
    from pipeline.joined import join_sweeps
    from pipeline.query import Sweep

    if format is Format.PARQUET and output is None:
        raise UserError("--format parquet needs --output FILE")
    places = [sweeps.locate(place) for place in (target, *(others or []))]
    source = Sweep(places[0]) if len(places) == 1 else join_sweeps([place.url for place in places])
    table = listing.select(source.trials_table(where), columns)
    if format is not Format.TABLE:
        data = listing.encode(table, _FILES[format])
        if output is None:
            sys.stdout.write(data.decode())
        else:
            listing.write(data, output)
    elif output is not None:
        raise UserError("--output needs --format csv, json or parquet")
    else:
        sayings.console().print(sayings.table(*listing.cells(table)))


@app.command()
def sheet(  # noqa: PLR0913, PLR0917  one argument for each option
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.png", help="The picture to write.")],
    rows: Annotated[str, typer.Option(help="prompt, seed, variant or a tag; several with commas.")] = "prompt",
    columns: Annotated[str, typer.Option(help="The same for the columns.")] = "variant,seed",
    kind: Annotated[str, typer.Option(help="color, textureless or depth.")] = "color",
    view: Annotated[int, typer.Option(min=0, help="Which view of each trial, from 0.")] = 0,
    views: Annotated[int, typer.Option(min=1, help="How many views from that one, side by side.")] = 1,
    side: Annotated[int, typer.Option(min=16, max=1024, help="Side of a view in pixels.")] = 96,
    wrap: Annotated[
        int | None, typer.Option(min=1, help="Not a grid: trials one after another, so many in a row, with prompts.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="With --wrap, every how many trials one is shown.")] = 1,
) -> None:
    """One picture of a sweep: its trials as a grid, finished ones with a view. Works while it runs."""
    from pipeline import listing, pictures, sweeps
    from pipeline.errors import UserError
    from pipeline.sheet import View, make_sheet, make_tiles

    if output.suffix.lower() != ".png":
        raise UserError(f"--output {output}: must end in .png")
    shown, storage = View(kind=kind, first=view, count=views, side=side), sweeps.locate(target)
    made = make_tiles(storage, wrap, every, shown) if wrap else make_sheet(storage, rows, columns, shown)
    listing.write(pictures.encode(made.image, made.record), output)
    older = f"; {made.replaced} of an older spec left out" if made.replaced else ""
    print(f"{output}: {made.shown} trials shown, {made.failed} failed, {made.missing} not finished{older}")


@app.command()
def evaluate(target: Target, judge: Judge = None, captions: CaptionTable = None, output: TrialsFile = None) -> None:
    """Let an image-text model look at all finished trials; then say all that follows. Later commands build on it."""
    from pipeline import board

    evaluation = _evaluated(target, judge, captions, output, shown=True)
    _show(board.whole(evaluation))


@app.command()
def rprecision(
    target: Target,
    judge: Judge = None,
    captions: CaptionTable = None,
    output: TrialsFile = None,
    format: Annotated[Format, typer.Option("--format", help="table, csv or json.")] = Format.TABLE,
) -> None:
    """How often an image-text model retrieves each object's prompt from its renders, by variant."""
    from pipeline import board
    from pipeline.evaluation import rprecision_table

    form = _text_form(format)
    evaluation = _evaluated(target, judge, captions, output, quiet=form is not None)
    if form is not None:
        sys.stdout.write(board.encode(rprecision_table(evaluation), form).decode())
    else:
        _show(board.precision(evaluation))


@app.command()
def diversity(
    target: Target,
    by: Annotated[str, typer.Option(help="prompt, variant, or both with a comma.")] = "prompt,variant",
    compare: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="Two variants: do they differ, and how surely?")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="SPEC_OR_URL", help="With --compare: the sweep that B is of, if another.")
    ] = None,
    judge: Judge = None,
    captions: CaptionTable = None,
    format: Annotated[Format, typer.Option("--format", help="table, csv or json.")] = Format.TABLE,
) -> None:
    """How different the seeds of a prompt came out, and whether two variants differ in that."""
    from pipeline import board
    from pipeline.diversity import compare as compared
    from pipeline.diversity import diversity_table
    from pipeline.errors import UserError

    form = _text_form(format)
    if against is not None and compare is None:
        raise UserError("--against needs --compare A B: a variant of each sweep")
    evaluation = _evaluated(target, judge, captions, quiet=form is not None)
    if compare is None:
        table = diversity_table(evaluation, [name.strip() for name in by.split(",")])
        board.check_defined(table)
        section = board.diversity(table)
    else:
        other = evaluation if against is None else _evaluated(against, judge, captions, quiet=form is not None)
        table = compared(evaluation.of(compare[0]), other.of(compare[1]))
        section = board.comparison(table, *compare)
    if form is not None:
        sys.stdout.write(board.encode(table, form).decode())
    else:
        _show([section])


@app.command()
def report(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder to write.")],
    judge: Annotated[str | None, typer.Option(help="As `evaluate` takes it, or `none`; else as the spec says.")] = None,
) -> None:
    """One page of everything, in a folder that opens from disk. Works while the sweep runs."""
    from pipeline import sayings, sweeps
    from pipeline.report.make import make_report

    storage = sweeps.locate(target)
    chosen = judge or sweeps.judge_of(target, storage)
    made = make_report(storage, output, chosen, time.time(), sayings.show_judged)
    if made.missing:
        print(f"without a judgement: {made.missing}")
    print(f"{made.trials} trials in the report; open {made.index}")


@app.command()
def export(  # noqa: PLR0913, PLR0917  one argument for each option
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the files go.")],
    formats: Annotated[str, typer.Option("--format", help="glb, obj, ply, with commas; or none.")] = "glb",
    prompt: Annotated[list[str] | None, typer.Option(help="Only of this prompt; may be repeated.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Only of this seed; may be repeated.")] = None,
    variant: Annotated[list[str] | None, typer.Option(help="Only of this variant; may be repeated.")] = None,
    trial: Annotated[list[str] | None, typer.Option(help="Only the trial of this id; may be repeated.")] = None,
    where: Annotated[str, typer.Option(help='Only where this holds: "metric_coverage > 0.1".')] = "",
    texture: Annotated[bool, typer.Option("--texture", help="A picture of 1024 pixels around GLB and OBJ.")] = False,
    resolution: Annotated[int, typer.Option(help="Cells along each side of the grid.")] = 128,
    faces: Annotated[int, typer.Option(help="Faces of a mesh, about and at most.")] = 20_000,
    threshold: Annotated[float | None, typer.Option(help="Density of the surface; else what fits the views.")] = None,
    turntable: Annotated[bool, typer.Option("--turntable", help="An animated WebP, too.")] = False,
    size: Annotated[int, typer.Option(help="Its side in pixels.")] = 256,
    frames: Annotated[int, typer.Option(help="Its pictures, once around.")] = 36,
) -> None:
    """Meshes and turntables of finished trials, as files that say where they come from."""
    from pipeline import sweeps
    from pipeline.export import Choice, Turntable, choose, read_formats
    from pipeline.export import export as write_files
    from pipeline.query import Sweep
    from pipeline.solids import surface_config

    wanted = read_formats(formats)
    config = surface_config(resolution=resolution, faces=faces, threshold=threshold, texture=_TEXTURE if texture else 0)
    turning = Turntable(frames=frames, size=size) if turntable else None
    sweep = Sweep(sweeps.locate(target))
    chosen = Choice(trial_ids=trial or (), prompts=prompt or (), seeds=seed or (), variants=variant or (), where=where)
    made = write_files(
        sweep, choose(sweep, chosen), output, wanted, config, turning, lambda text: print(text, flush=True)
    )
    print(f"{output}: {len(made.files)} files; {len(made.skipped)} trials skipped")


@app.command()
def provenance(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A PNG, WebP, GLB, OBJ or PLY file.")],
) -> None:
    """What a generated file says of where it comes from, as JSON."""
    from pipeline.provenance import read_provenance

    print(json.dumps(read_provenance(path).as_dict(), indent=2))


@app.command()
def doctor(
    spec_path: Annotated[Path | None, typer.Argument(metavar="[SPEC]", help="Check for this sweep.")] = None,
    prior: Annotated[
        bool, typer.Option("--prior", help="Load the prior as a worker would, downloading it if need be, and try it.")
    ] = False,
) -> None:
    """Check Python, torch, GPU, Ray, prior, storage, disk and MLflow, and say what to do."""
    from pipeline import sayings
    from pipeline.doctor import Level, examine
    from pipeline.spec import load_spec

    spec = load_spec(spec_path) if spec_path is not None else None
    if prior:
        print("loading the prior; what is not on this machine is downloaded first", flush=True)
    checks = examine(spec, try_prior=prior)
    sayings.console().print(
        sayings.table(["", "", "found", "what to do"], [[c.level, c.name, c.found, c.advice] for c in checks])
    )
    if any(check.level is Level.FAIL for check in checks):
        raise typer.Exit(USER_ERROR)


@app.command()
def mlflow_sync(
    target: Target, uri: Annotated[str | None, typer.Option(help="The tracking server; else as the spec says.")] = None
) -> None:
    """Make MLflow equal to the sweep's results. Running it again changes nothing."""
    from pipeline import sweeps
    from pipeline.errors import UserError
    from pipeline.record.tracking import mlflow_uri
    from pipeline.secrets import redact

    storage = sweeps.locate(target)
    spec, planned = sweeps.stored(storage)
    setting = spec.tracking.mlflow if spec.tracking.mlflow != "off" else "auto"
    place = uri or mlflow_uri(setting, storage)
    if place is None:
        raise UserError("no MLflow server is known for this storage: give --uri or set MLFLOW_TRACKING_URI")
    from pipeline.overview import sweep_figures
    from pipeline.record.mlflow_runs import sync

    count = sync(storage, place, len(planned), lambda: sweep_figures(storage))
    print(f"MLflow at {redact(place)} is complete: {count} runs were not")


for command in (cli_remote.submit, cli_remote.logs, cli_remote.cancel, cli_remote.retry, cli_remote.stop):
    app.command()(command)


# ---- what commands share ---------------------------------------------------------------------------------------------


def _text_form(format: Format) -> Literal["csv", "json"] | None:
    from pipeline.errors import UserError

    if format is Format.PARQUET:
        raise UserError("--format parquet: must be table, csv or json")
    form = _FILES.get(format)
    assert form != "parquet"
    return form


def _evaluated(
    target: str,
    judge: str | None,
    captions: Path | None,
    output: Path | None = None,
    *,
    quiet: bool = False,
    shown: bool = False,
) -> Evaluation:
    """The evaluation of all finished trials, by the spec's judge unless one is named. Says who judged, unless `quiet`;
    `shown`: `trials` has it from now on."""
    from pipeline import board, listing, sayings, sweeps
    from pipeline.errors import UserError
    from pipeline.evaluation import evaluate

    if output is not None and output.suffix.lower() != ".csv":
        raise UserError(f"--output {output}: must end in .csv")
    storage = sweeps.locate(target)
    chosen = judge or sweeps.judge_of(target, storage)
    evaluation = evaluate(storage, chosen, captions, sayings.show_judged, shown)
    if output is not None:
        listing.write(board.encode(evaluation.trials, "csv"), output)
    if not quiet:
        print(f"{storage.url}: {len(evaluation.trials)} trials, judged by {evaluation.judge}")
    return evaluation


def _show(sections: Iterable[Section]) -> None:
    """Tables with their titles; those without rows are left out."""
    from pipeline import sayings

    for title, names, rows in sections:
        if rows:
            print(f"\n{title}")
            sayings.console().print(sayings.table(names, rows))


def _run(
    spec: SweepSpec,
    planned: Plan,
    storage: Storage,
    address: str | None,
    executor: ExecutorChoice,
    no_progress: bool,
    again: str,
) -> None:
    """Launch the sweep, then say how it ended. `again` is the command that continues it."""
    from pipeline import logs

    log = logs.Log(sweep=storage.name)
    with logs.in_json(log) if logs.chosen() is logs.Form.JSON else contextlib.nullcontext():
        _run_aloud(spec, planned, storage, address, executor, no_progress, again)


def _run_aloud(
    spec: SweepSpec,
    planned: Plan,
    storage: Storage,
    address: str | None,
    executor: ExecutorChoice,
    no_progress: bool,
    again: str,
) -> None:
    from pipeline import sayings, sweeps
    from pipeline.launch import launch
    from pipeline.progress import display

    over = sweeps.finished(storage, planned)
    left = planned.without(set(over.ids))
    print(f"{spec.name}: {len(planned)} trials, {len(over.committed)} committed, {len(left)} to run, in {storage.url}")
    console = sayings.console()
    summary = launch(
        spec,
        planned,
        left,
        storage,
        kind=executor.value,
        address=address,
        show=display(console, wanted=not no_progress),
        say=lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True),
    )
    for line in sayings.conclusion(summary, storage, spec, again):
        print(line)
    if summary.stopped:
        raise typer.Exit(STOPPED)
    if spec.evaluate.auto and summary.committed:
        _evaluated(storage.url, spec.evaluate.judge, None, shown=True)
        print(f"All that follows: {sayings.tool('dreamsweep')} evaluate {shlex.quote(storage.url)}")
    if summary.failed or summary.remaining:
        raise typer.Exit(SOME_FAILED)


if __name__ == "__main__":
    main()
