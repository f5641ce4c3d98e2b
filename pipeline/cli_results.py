"""The commands that show what a sweep left: results, sheet, report, export, provenance."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_options import FILES, AsJson, Format, Target, chosen_format, print_json

_TEXTURE = 1024  # pixels


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
    as_json: AsJson = False,
) -> None:
    """A row a trial, in order of prompt, seed and variant."""
    from pipeline import listing, sayings, sweeps
    from pipeline.errors import UserError
    from pipeline.joined import join_sweeps
    from pipeline.query import Sweep

    format = chosen_format(format, as_json)
    if format is Format.PARQUET and output is None:
        raise UserError("--format parquet needs --output FILE")
    places = [sweeps.locate(place) for place in (target, *(others or []))]
    source = Sweep(places[0]) if len(places) == 1 else join_sweeps([place.url for place in places])
    table = listing.select(source.trials_table(where), columns)
    if format is not Format.TABLE:
        data = listing.encode(table, FILES[format])
        if output is None:
            sys.stdout.write(data.decode())
        else:
            listing.write(data, output)
    elif output is not None:
        raise UserError("--output needs --format csv, json or parquet")
    else:
        sayings.console().print(sayings.table(*listing.cells(table)))


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
    as_json: AsJson = False,
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
    if as_json:
        counts = {"shown": made.shown, "failed": made.failed, "missing": made.missing, "replaced": made.replaced}
        print_json({"file": str(output), **counts})
        return
    older = f"; {made.replaced} of an older spec left out" if made.replaced else ""
    print(f"{output}: {made.shown} trials shown, {made.failed} failed, {made.missing} not finished{older}")


def report(
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder to write.")],
    judge: Annotated[str | None, typer.Option(help="As `evaluate` takes it, or `none`; else as the spec says.")] = None,
    as_json: AsJson = False,
) -> None:
    """One page of everything, in a folder that opens from disk. Works while the sweep runs."""
    from pipeline import sayings, sweeps
    from pipeline.report.make import make_report

    storage = sweeps.locate(target)
    chosen = judge or sweeps.judge_of(target, storage)
    made = make_report(storage, output, chosen, time.time(), sayings.show_judged)
    if as_json:
        print_json({"index": str(made.index), "trials": made.trials, "without_judgement": made.missing or None})
        return
    if made.missing:
        print(f"without a judgement: {made.missing}")
    print(f"{made.trials} trials in the report; open {made.index}")


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
    as_json: AsJson = False,
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
    told = sys.stderr if as_json else sys.stdout
    made = write_files(
        sweep, choose(sweep, chosen), output, wanted, config, turning, lambda text: print(text, file=told, flush=True)
    )
    if as_json:
        print_json({"files": [str(file) for file in made.files], "skipped": dict(made.skipped)})
        return
    print(f"{output}: {len(made.files)} files; {len(made.skipped)} trials skipped")


def provenance(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A PNG, WebP, GLB, OBJ or PLY file.")],
) -> None:
    """What a generated file says of where it comes from, as JSON."""
    from pipeline.provenance import read_provenance

    print_json(read_provenance(path).as_dict())
