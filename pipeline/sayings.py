"""What the commands say: tables, how a run ended, what to try next. Text only; printing it is the command's."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.progress import duration
from pipeline.record.tracking import mlflow_uri

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pipeline.driver import Summary
    from pipeline.outlook import Outlook
    from pipeline.plan import Plan
    from pipeline.spec import SweepSpec
    from pipeline.storage import Storage

_REASONS = 20
_WIDE = 1000  # characters; lines are as long as they need


def counted(planned: Plan) -> str:
    """How many trials, and of what they are made."""
    counts = [len({getattr(trial, name) for trial in planned.trials}) for name in ("prompt", "seed", "variant")]
    return f"{len(planned)} trials ({counts[0]} prompts x {counts[1]} seeds x {counts[2]} variants)"


def ended(failed: int, cancelled: int) -> str:
    """How many trials will not be run, and why not; cancelled ones only if there are any."""
    return f"{failed} failed" + (f", {cancelled} cancelled" if cancelled else "")


def estimate(found: Outlook) -> str:
    """How long the rest takes one trial after the other."""
    if found.steps_per_second is None or found.seconds_left is None:
        return "No estimate yet: it comes from the speed of committed trials."
    return (
        f"About {duration(found.seconds_left)} for one trial after the other, at the {found.steps_per_second:.1f} "
        "steps/s measured so far."
    )


def conclusion(summary: Summary, storage: Storage, spec: SweepSpec, again: str) -> Iterator[str]:
    """How the run ended, a line each; `again` are the arguments of the command that continues it."""
    yield (
        f"{summary.committed} of {summary.total} trials committed, {summary.ran} of them in this run of "
        f"{duration(summary.seconds)}"
    )
    if summary.cancelled:
        yield f"cancelled: {summary.cancelled}"
    if summary.message:
        yield f"ended early: {summary.message}"
    for reason, count in Counter(summary.failed.values()).most_common(_REASONS):
        yield f"failed: {count} x {reason}" if count > 1 else f"failed: {reason}"
    if summary.stopped:
        yield f"stopped with {summary.remaining} trials left; continue with: {tool('dreamsweep')} {again}"
    elif summary.committed:
        yield f"Results are in {storage.url}. Next:"
        yield from (f"  {command}" for command in next_commands(storage, spec))


def next_commands(storage: Storage, spec: SweepSpec) -> list[str]:
    """Three commands to try on a sweep with results."""
    url = shlex.quote(storage.url)
    code = f'import pipeline; pipeline.open({json.dumps(storage.url)}).contact_sheet().save("contact_sheet.png")'
    uri = mlflow_uri(spec.tracking.mlflow, storage)
    look = f"{tool('dreamsweep')} status {url}"
    if uri is not None and uri.startswith("sqlite:"):
        look = f"{tool('mlflow')} ui --backend-store-uri {shlex.quote(uri)}"
    return [f"{tool('dreamsweep')} results {url}", f"{tool('python')} -c {shlex.quote(code)}", look]


def show_judged(what: str, done: int, total: int) -> None:
    """One line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {total} {what}" + ("\n" if done == total else ""))
        sys.stderr.flush()


def tool(name: str) -> str:
    """How to call a program that was installed along: by its name if that finds it, else by its path."""
    there = os.path.join(os.path.dirname(sys.executable), name)
    found = shutil.which(name)
    if not os.path.exists(there) or (found is not None and os.path.realpath(found) == os.path.realpath(there)):
        return name
    path = os.path.relpath(there)
    return shlex.quote(there if path.startswith("..") else path)


def console() -> Console:
    """Standard output; wide where it is no terminal, so that tables are not folded in files and pipes."""
    from rich.console import Console

    made = Console(highlight=False, markup=False)
    return made if made.is_terminal else Console(highlight=False, markup=False, width=_WIDE)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Cells as they are, never markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made
