"""Options and arguments that several commands have, and what becomes of them."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.board import Section


class ExecutorChoice(StrEnum):
    RAY = "ray"
    INLINE = "inline"


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


FILES: dict[Format, Literal["csv", "json", "parquet"]] = {
    Format.CSV: "csv",
    Format.JSON: "json",
    Format.PARQUET: "parquet",
}

SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="The sweep's YAML file.")]
Target = Annotated[str, typer.Argument(metavar="SPEC_OR_URL", help="The sweep's YAML file, or its folder or URL.")]
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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def chosen_format(format: Format, as_json: bool) -> Format:
    """`--json` is short for `--format json`. Raises UserError for both with another format."""
    from pipeline.errors import UserError

    if as_json and format not in (Format.TABLE, Format.JSON):
        raise UserError(f"--json and --format {format.value} are two answers: leave one out")
    return Format.JSON if as_json else format


def text_form(format: Format) -> Literal["csv", "json"] | None:
    """The form of a table that is printed, None for people. Raises UserError for Parquet, which is no text."""
    from pipeline.errors import UserError

    if format is Format.PARQUET:
        raise UserError("--format parquet: must be table, csv or json")
    form = FILES.get(format)
    assert form != "parquet"
    return form


def print_json(data: Any) -> None:
    """Plain data on standard output, for programs."""
    print(json.dumps(data, indent=2, ensure_ascii=False))


def show(sections: Iterable[Section]) -> None:
    """Tables with their titles; those without rows are left out."""
    from pipeline import sayings

    for title, names, rows in sections:
        if rows:
            print(f"\n{title}")
            sayings.console().print(sayings.table(names, rows))
