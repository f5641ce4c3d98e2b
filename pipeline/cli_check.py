"""The commands that look after what a sweep stands on: doctor, mlflow-sync."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli_options import AsJson, Target, print_json
from pipeline.exit_codes import USER_ERROR


def doctor(
    spec_path: Annotated[Path | None, typer.Argument(metavar="[SPEC]", help="Check for this sweep.")] = None,
    prior: Annotated[
        bool, typer.Option("--prior", help="Load the prior as a worker would, downloading it if need be, and try it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check Python, torch, GPU, Ray, prior, storage, disk and MLflow, and say what to do."""
    from pipeline import sayings
    from pipeline.doctor import Level, examine
    from pipeline.spec import load_spec

    spec = load_spec(spec_path) if spec_path is not None else None
    if prior and not as_json:
        print("loading the prior; what is not on this machine is downloaded first", flush=True)
    checks = examine(spec, try_prior=prior)
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        rows = [[check.level, check.name, check.found, check.advice] for check in checks]
        sayings.console().print(sayings.table(["", "", "found", "what to do"], rows))
    if any(check.level is Level.FAIL for check in checks):
        raise typer.Exit(USER_ERROR)


def mlflow_sync(
    target: Target,
    uri: Annotated[str | None, typer.Option(help="The tracking server; else as the spec says.")] = None,
    as_json: AsJson = False,
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
    if as_json:
        print_json({"mlflow": redact(place), "mended": count})
        return
    print(f"MLflow at {redact(place)} is complete: {count} runs were not")
