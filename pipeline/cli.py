"""The command `dreamsweep`: each command parses, calls, prints. Nothing heavy is imported before it is needed.

The commands are in `cli_run`, `cli_remote`, `cli_results`, `cli_judge` and `cli_check`; exit codes are in `exit_codes`.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from pipeline import cli_check, cli_judge, cli_remote, cli_results, cli_run
from pipeline.exit_codes import USER_ERROR

COMMANDS = (
    (cli_run.plan, "dreamsweep plan sweeps/quickstart.yaml"),
    (cli_run.run, "dreamsweep run sweeps/quickstart.yaml"),
    (cli_run.resume, "dreamsweep resume runs/quickstart"),
    (cli_run.status, "dreamsweep status runs/quickstart --json"),
    (cli_remote.submit, "dreamsweep submit sweeps/paper.yaml --address http://head:8265"),
    (cli_remote.logs, "dreamsweep logs sweeps/paper.yaml --follow"),
    (cli_remote.cancel, 'dreamsweep cancel runs/quickstart --prompt "a yellow duck"'),
    (cli_remote.retry, "dreamsweep retry runs/quickstart --failed"),
    (cli_remote.stop, "dreamsweep stop s3://bucket/folder/paper"),
    (cli_results.results, "dreamsweep results runs/quickstart --where \"verdict == 'healthy'\" --format csv"),
    (cli_results.sheet, "dreamsweep sheet runs/quickstart -o sheet.png --side 128"),
    (cli_judge.evaluate, "dreamsweep evaluate sweeps/diversity.yaml --captions sweeps/prompts/judged.csv"),
    (cli_judge.rprecision, "dreamsweep rprecision runs/quickstart --json"),
    (cli_judge.diversity, "dreamsweep diversity runs/diversity --compare w20 w100"),
    (cli_results.report, "dreamsweep report runs/quickstart -o report"),
    (cli_results.export, "dreamsweep export runs/quickstart -o meshes --format glb,obj --texture"),
    (cli_results.provenance, "dreamsweep provenance sheet.png"),
    (cli_check.mlflow_sync, "dreamsweep mlflow-sync runs/quickstart"),
    (cli_check.doctor, "dreamsweep doctor sweeps/quickstart.yaml"),
)  # each with an example

app = typer.Typer(
    name="dreamsweep",
    help="Sweeps of text-to-3D optimisations: prompts x seeds x settings, on Ray, resumable, into Parquet.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _command, _example in COMMANDS:
    app.command(epilog=f"Example: {_example}")(_command)

_log = logging.getLogger(__name__)
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def _show_version(wanted: bool) -> None:
    if wanted:
        from pipeline import __version__

        print(f"dreamsweep {__version__}")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="Log to standard error, with tracebacks; -vv logs more."),
    ] = 0,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options of every command."""
    if verbose:
        logging.basicConfig(
            level=_LEVELS[min(verbose, len(_LEVELS) - 1)], format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )


def main() -> None:
    """The console script. The one place that turns an error of the user's into a message and an exit code."""
    from pipeline import logs
    from pipeline.errors import Fenced, StorageUnavailable, UserError

    try:
        logs.chosen()  # a wrong choice is told before anything happens
        app()
    except (UserError, StorageUnavailable, Fenced) as error:
        _log.info("refused", exc_info=error)
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(USER_ERROR) from None


if __name__ == "__main__":
    main()
