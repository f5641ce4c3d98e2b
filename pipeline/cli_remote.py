"""The commands for a sweep that runs elsewhere: submit it, read its log, cancel, retry, stop. See docs/clusters.md.

All but `submit`, and a log that only the cluster has, need nothing but the sweep's storage.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli_options import Target
from pipeline.exit_codes import SOME_FAILED

if TYPE_CHECKING:
    from pipeline.choice import Choice
    from pipeline.plan import Plan
    from pipeline.storage import Storage

_FOLLOW_SECONDS = 2.0

Server = Annotated[
    str,
    typer.Option("--address", envvar="RAY_API_SERVER_ADDRESS", help="The head's dashboard, as in http://HOST:8265."),
]
Trials = Annotated[list[str] | None, typer.Option("--trial", help="A trial's id, or its beginning. Repeatable.")]
Prompts = Annotated[list[str] | None, typer.Option("--prompt", help="All trials of a prompt. Repeatable.")]
Variants = Annotated[list[str] | None, typer.Option("--variant", help="All trials of a variant. Repeatable.")]


def submit(
    target: Target,
    address: Server,
    shared: Annotated[
        bool, typer.Option("--shared", help="The storage is a folder that every node has under the same path.")
    ] = False,
    package: Annotated[
        bool, typer.Option("--package", help="Ship this installation of dreamsweep; the cluster's is not asked for.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until the driver begins.")] = 120.0,
) -> None:
    """Run a sweep as a job of a Ray cluster, and leave. Submitting it again finds the job that runs."""
    from pipeline import sayings, submission
    from pipeline.executors.tokens import use_token
    from pipeline.lease import newest_epoch
    from pipeline.plan import store_plan, store_settings

    spec_text, storage, planned = _asked_for(target)
    submission.check_reach(storage, address, shared)
    use_token()
    from pipeline.executors.ray_jobs import JobServer

    server = JobServer(address)
    storage.check_writable()
    if spec_text is not None and not nothing_left(storage, planned, quiet=True):
        store_plan(storage, planned, spec_text)
        store_settings(storage, spec_text)
    if nothing_left(storage, planned):
        return
    job, epoch = submission.running_job(server, storage), newest_epoch(storage)
    if job is not None:
        print(f"Ray job {job.job_id} runs this sweep already ({job.status.lower()}); trials that are new wait for")
        print("the next submission")
    else:
        job = submission.start_job(server, storage, submission.PROGRAM, submission.own_packages() if package else ())
        print(f"submitted as Ray job {job.job_id} at {server.address}")
        driver = submission.await_driver(server, storage, job, epoch, wait, time.sleep)
        print(f"its driver has begun: {driver}" if driver else f"its driver has not begun within {wait:.0f} seconds")
    url, tool = shlex.quote(storage.url), sayings.tool("dreamsweep")
    print(f"watch it:   {tool} status {url}")
    print(f"            {tool} logs {url} --follow")
    print(f"stop it:    {tool} stop {url}   (it goes on with the next submit, here or on another cluster)")


def logs(
    target: Target,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the driver ends.")] = False,
    trial: Annotated[str | None, typer.Option(help="Only what happened to this trial, from storage.")] = None,
    address: Annotated[
        str | None, typer.Option(envvar="RAY_API_SERVER_ADDRESS", help="The cluster's, if it has another by now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print lines of JSON for programs.")] = False,
) -> None:
    """What the sweep's driver says: the log of its Ray job where that can be had, else the journal in words."""
    from pipeline import submission, sweeps
    from pipeline.errors import UserError
    from pipeline.logs import readable

    storage = sweeps.locate(target)
    note = submission.read_note(storage)
    if trial is None and note is not None:
        try:
            for line in readable(_job_log(address or note.address, note.job_id, follow), whole=as_json):
                print(line, flush=True)
            return
        except UserError as error:
            print(f"told from storage, for {error}", file=sys.stderr)
    for line in _chronicle(storage, trial, follow, as_json):
        print(line, flush=True)


def cancel(
    target: Target,
    trial: Trials = None,
    prompt: Prompts = None,
    variant: Variants = None,
    everything: Annotated[bool, typer.Option("--all", help="All trials that are not finished.")] = False,
) -> None:
    """Want trials no more. Running ones write a checkpoint and end; none is run again until `retry --cancelled`."""
    from pipeline import sweeps
    from pipeline.errors import UserError
    from pipeline.record.orders import Cancel, give

    choice = _choice(trial, prompt, variant)
    if bool(choice) == everything:
        raise UserError("cancel needs either --all, or --trial, --prompt or --variant (several of which narrow it)")
    storage, planned = _stored(target)
    over = sweeps.finished(storage, planned)
    ids = frozenset(each.trial_id for each in choice.of(planned)) - over.ids
    if not ids:
        print("nothing to cancel: all of them are finished, or cancelled already")
        return
    give(storage, Cancel(trial_ids=ids), time.time())
    print(f"{_trials(len(ids))} cancelled. {_who_obeys(storage)}")


def retry(
    target: Target,
    failed: Annotated[bool, typer.Option("--failed", help="Failed trials: another round, with whole budgets.")] = False,
    cancelled: Annotated[bool, typer.Option("--cancelled", help="Cancelled trials: they go on.")] = False,
    trial: Trials = None,
    prompt: Prompts = None,
    variant: Variants = None,
) -> None:
    """Want failed or cancelled trials again. They run under the driver that is there, or with the next one."""
    from pipeline import sayings, sweeps
    from pipeline.errors import UserError
    from pipeline.record.commit import failed_rounds
    from pipeline.record.orders import Retry, give

    if not (failed or cancelled):
        raise UserError("retry needs --failed, --cancelled or both")
    storage, planned = _stored(target)
    over, rounds = sweeps.finished(storage, planned), failed_rounds(storage)
    wanted = (over.failed if failed else frozenset()) | (over.cancelled if cancelled else frozenset())
    ids = wanted & {each.trial_id for each in _choice(trial, prompt, variant).of(planned)}
    if not ids:
        print("nothing to retry: no such trial has failed or was cancelled")
        return
    give(storage, Retry(rounds={each: rounds.get(each, 0) + 1 for each in ids}), time.time())
    print(f"{_trials(len(ids))} wanted again. {_who_obeys(storage)}")
    if not _driver(storage):
        url = shlex.quote(storage.url)
        print(f"Run them: {sayings.tool('dreamsweep')} resume {url}, or submit {url}")


def stop(target: Target) -> None:
    """Have the driver, wherever it runs, checkpoint everything and end. `resume` or `submit` go on from there."""
    from pipeline.errors import UserError
    from pipeline.lease import newest_epoch
    from pipeline.record.orders import Stop, give

    storage, _ = _stored(target)
    driver = _driver(storage)
    if not driver:
        raise UserError(f"nobody runs {storage.url}")
    give(storage, Stop(epoch=newest_epoch(storage)), time.time())
    print(f"{driver} will hear of it within seconds, and end when its workers have written their checkpoints")


# ---- what they share -------------------------------------------------------------------------------------------------


def nothing_left(storage: Storage, planned: Plan, quiet: bool = False) -> bool:
    """Whether no trial is left to run; then says so, unless `quiet`, and raises Exit if some have failed."""
    from pipeline import sayings, sweeps

    over = sweeps.finished(storage, planned)
    if len(over.ids) < len(planned) or quiet:
        return len(over.ids) >= len(planned)
    from pipeline.record.compact import compact

    compact(storage)  # a driver that died after its last commit has left this
    print(f"nothing to do: {len(over.committed)} of {len(planned)} trials are committed in {storage.url}")
    again = f"{sayings.tool('dreamsweep')} retry {shlex.quote(storage.url)}"
    if over.cancelled:
        print(f"{len(over.cancelled)} cancelled; to want them again: {again} --cancelled")
    if over.failed:
        print(f"{len(over.failed)} failed; another round for them: {again} --failed")
        raise typer.Exit(SOME_FAILED)
    return True


def _asked_for(target: str) -> tuple[str | None, Storage, Plan]:
    """The spec's text if the target is a file of one, where its sweep lives, and its plan."""
    from pipeline import sweeps
    from pipeline.storage import Storage

    if sweeps.is_file(target):
        spec, planned = sweeps.load(Path(target))
        storage = Storage(spec.url, spec.storage_rule)
        return Path(target).read_text(encoding="utf-8"), storage, sweeps.grown(storage, planned)
    return None, *_stored(target)


def _stored(target: str) -> tuple[Storage, Plan]:
    """Where the sweep lives, and the plan that is stored there."""
    from pipeline import sweeps

    storage = sweeps.locate(target)
    spec, planned = sweeps.stored(storage)
    return storage.by_rule(spec.storage_rule), planned


def _choice(trial: list[str] | None, prompt: list[str] | None, variant: list[str] | None) -> Choice:
    from pipeline.choice import Choice

    return Choice(trials=trial or (), prompts=prompt or (), variants=variant or ())


def _driver(storage: Storage) -> str:
    from pipeline.lease import living_driver

    return living_driver(storage, time.time())


def _who_obeys(storage: Storage) -> str:
    driver = _driver(storage)
    return f"{driver} will hear of it within seconds" if driver else "Nobody runs the sweep now; the next driver knows"


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _job_log(address: str, job_id: str, follow: bool) -> Iterator[str]:
    from pipeline.executors.tokens import use_token

    use_token()
    from pipeline.executors.ray_jobs import JobServer

    server = JobServer(address)
    if follow:
        yield from server.follow(job_id)
    else:
        yield server.log(job_id)


def _chronicle(storage: Storage, trial: str | None, follow: bool, as_json: bool) -> Iterator[str]:
    from pipeline.chronicle import chronicle
    from pipeline.plan import stored_plan

    planned = stored_plan(storage)
    chosen = _choice([trial], None, None).of(planned)[0].trial_id if trial is not None else None

    def more() -> bool:
        if not follow or not _driver(storage):
            return False
        time.sleep(_FOLLOW_SECONDS)
        return True

    return chronicle(storage, {each.trial_id: each for each in planned.trials}, chosen, more, as_json)
