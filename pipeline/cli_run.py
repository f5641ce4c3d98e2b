"""The commands that run a sweep here: plan, run, resume, status."""

from __future__ import annotations

import contextlib
import shlex
import time
from typing import TYPE_CHECKING

import typer

from pipeline.cli_judge import evaluated
from pipeline.cli_options import Address, AsJson, Executor, ExecutorChoice, NoProgress, SpecPath, Target, print_json
from pipeline.cli_remote import nothing_left
from pipeline.exit_codes import SOME_FAILED, STOPPED

if TYPE_CHECKING:
    from pipeline.plan import Plan
    from pipeline.spec import SweepSpec
    from pipeline.storage import Storage

_SHOWN = 20  # rows of a list, before the rest is only counted


def plan(spec_path: SpecPath, as_json: AsJson = False) -> None:
    """Say what would run: trials, which are done, how long. Writes nothing."""
    from pipeline import outlook, sayings, sweeps
    from pipeline.storage import Storage

    spec, planned = sweeps.load(spec_path)
    storage = Storage(spec.url)
    planned = sweeps.grown(storage, planned)
    found = outlook.look_ahead(storage, planned)
    if as_json:
        print_json(found.as_dict())
        return
    rows = [
        [row.trial_id, row.prompt, str(row.seed), row.variant, str(row.steps), row.state]
        for row in found.trials[:_SHOWN]
    ]
    sayings.console().print(sayings.table(["trial_id", "prompt", "seed", "variant", "steps", ""], rows))
    if len(planned) > _SHOWN:
        print(f"and {len(planned) - _SHOWN} more")
    counts = f"{found.committed} committed, {sayings.ended(found.failed, found.cancelled)}"
    print(f"{sayings.counted(planned)}: {counts}, {found.left} to run, in {spec.url}")
    if found.left:
        print(sayings.estimate(found))


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


def status(target: Target, as_json: AsJson = False) -> None:
    """How far a sweep is: done, running, failed and why. Asks storage only."""
    from pipeline import sayings, sweeps
    from pipeline.progress import duration
    from pipeline.status import read_status

    found = read_status(sweeps.locate(target), time.time())
    if as_json:
        print_json(found.as_dict())
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
    from pipeline import logs, sayings, sweeps
    from pipeline.launch import launch
    from pipeline.progress import display

    log = logs.Log(sweep=storage.name)
    with logs.in_json(log) if logs.chosen() is logs.Form.JSON else contextlib.nullcontext():
        over = sweeps.finished(storage, planned)
        left = planned.without(set(over.ids))
        print(
            f"{spec.name}: {len(planned)} trials, {len(over.committed)} committed, {len(left)} to run, in {storage.url}"
        )
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
            evaluated(storage.url, spec.evaluate.judge, None, shown=True)
            print(f"All that follows: {sayings.tool('dreamsweep')} evaluate {shlex.quote(storage.url)}")
        if summary.failed or summary.remaining:
            raise typer.Exit(SOME_FAILED)
