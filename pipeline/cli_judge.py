"""The commands that ask a judge: evaluate, rprecision, diversity."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli_options import (
    AsJson,
    CaptionTable,
    Format,
    Judge,
    Target,
    TrialsFile,
    chosen_format,
    print_json,
    show,
    text_form,
)

if TYPE_CHECKING:
    from pipeline.evaluation import Evaluation


def evaluate(
    target: Target,
    judge: Judge = None,
    captions: CaptionTable = None,
    output: TrialsFile = None,
    as_json: AsJson = False,
) -> None:
    """Let an image-text model look at all finished trials; then say all that follows. Later commands build on it."""
    from pipeline import board

    evaluation = evaluated(target, judge, captions, output, quiet=as_json, shown=True)
    if as_json:
        print_json(board.as_data(evaluation))
    else:
        show(board.whole(evaluation))


def rprecision(
    target: Target,
    judge: Judge = None,
    captions: CaptionTable = None,
    output: TrialsFile = None,
    format: Annotated[Format, typer.Option("--format", help="table, csv or json.")] = Format.TABLE,
    as_json: AsJson = False,
) -> None:
    """How often an image-text model retrieves each object's prompt from its renders, by variant."""
    from pipeline import board
    from pipeline.evaluation import rprecision_table

    form = text_form(chosen_format(format, as_json))
    evaluation = evaluated(target, judge, captions, output, quiet=form is not None)
    if form is not None:
        sys.stdout.write(board.encode(rprecision_table(evaluation), form).decode())
    else:
        show(board.precision(evaluation))


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
    as_json: AsJson = False,
) -> None:
    """How different the seeds of a prompt came out, and whether two variants differ in that."""
    from pipeline import board
    from pipeline.diversity import compare as compared
    from pipeline.diversity import diversity_table
    from pipeline.errors import UserError

    form = text_form(chosen_format(format, as_json))
    if against is not None and compare is None:
        raise UserError("--against needs --compare A B: a variant of each sweep")
    evaluation = evaluated(target, judge, captions, quiet=form is not None)
    if compare is None:
        table = diversity_table(evaluation, [name.strip() for name in by.split(",")])
        board.check_defined(table)
        section = board.diversity(table)
    else:
        other = evaluation if against is None else evaluated(against, judge, captions, quiet=form is not None)
        table = compared(evaluation.of(compare[0]), other.of(compare[1]))
        section = board.comparison(table, *compare)
    if form is not None:
        sys.stdout.write(board.encode(table, form).decode())
    else:
        show([section])


def evaluated(
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
