"""Progress while a sweep runs: a live table on a terminal, a line now and then elsewhere.

A display is a context manager and the driver's `observe`; it never changes what it is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from pipeline.state import Status, SweepState, TrialState, WorkerStatus

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table

_BAR = 20
_NAME = 48
_DOINGS = 3  # of workers that start at once, most do the same


class Display(Protocol):
    """Shows states until it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def observe(self, state: SweepState) -> None: ...


# ---- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Overall:
    """The sweep in numbers. `seconds_left` is None while nothing moves."""

    total: int
    done: int
    running: int
    failed: int
    workers: int
    seconds_left: float | None

    def __str__(self) -> str:
        left = f", about {duration(self.seconds_left)} left" if self.seconds_left is not None else ""
        return f"{self.done} of {self.total} done, {self.running} running, {self.failed} failed{left}"


def overall(state: SweepState, mean_steps: float) -> Overall:
    """`mean_steps` are the steps of a trial of this sweep on average; the time left assumes today's pace."""
    running = state.running()
    pace = sum(row.steps_per_second for row in running)
    steps = state.unfinished * mean_steps - sum(row.step for row in running)
    return Overall(
        total=len(state.trials),
        done=state.counts[Status.COMMITTED],
        running=len(running),
        failed=state.counts[Status.FAILED],
        workers=len(state.workers),
        seconds_left=max(steps, 0.0) / pace if pace > 0 else None,
    )


def mean_steps(state: SweepState) -> float:
    """Steps of a trial on average. Looks at every trial."""
    return sum(row.trial.steps for row in state.trials) / max(len(state.trials), 1)


def trial_name(row: TrialState) -> str:
    """The trial for people, short."""
    prompt = row.trial.prompt if len(row.trial.prompt) <= _NAME else row.trial.prompt[: _NAME - 3] + "..."
    return f"{prompt}, seed {row.trial.seed}" + (f", {row.trial.variant}" if row.trial.variant != "base" else "")


def pace(row: TrialState) -> tuple[str, str]:
    """Steps a second and the time left, as text; empty while the trial has not moved."""
    if row.steps_per_second <= 0:
        return "", ""
    left = (row.trial.steps - row.step) / row.steps_per_second
    return f"{row.steps_per_second:.1f} steps/s", duration(left)


def duration(seconds: float) -> str:
    """Seconds as `m:ss`, `h:mm:ss`, or days and hours."""
    whole = round(seconds)
    if whole >= 48 * 3600:
        return f"{whole // 86400} days {whole % 86400 // 3600} h"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


# ---- the displays ----------------------------------------------------------------------------------------------------


class NoDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def observe(self, state: SweepState) -> None:
        pass


class PlainDisplay:
    """A line every `every` seconds, and one when a trial ends or is sent back. `write` takes a line."""

    def __init__(
        self, write: Callable[[str], None], every: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write, self._every, self._clock = write, every, clock
        self._mean: float | None = None
        self._watched: set[str] = set()
        self._told_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def observe(self, state: SweepState) -> None:
        if self._mean is None:
            self._mean = mean_steps(state)
            self._told_at = self._clock()
            self._write(str(overall(state, self._mean)))
        for trial_id in [each for each in self._watched if state.trials[each].status is not Status.RUNNING]:
            self._watched.remove(trial_id)
            self._ended(state, state.trials[trial_id])
        self._watched.update(row.trial_id for row in state.running())
        if self._clock() - self._told_at >= self._every:
            self._told_at = self._clock()
            self._write(str(overall(state, self._mean)))
            for row in state.running():
                speed, left = pace(row)
                details = f", {speed}, {left} left" if speed else ""
                self._write(f"  {trial_name(row)}: step {row.step} of {row.trial.steps}{details}")
            if not state.running():
                self._write(f"  {_waiting(state)}")

    def _ended(self, state: SweepState, row: TrialState) -> None:
        counts = f"{state.counts[Status.COMMITTED]} of {len(state.trials)} done"
        match row.status:
            case Status.COMMITTED:
                self._write(f"done: {trial_name(row)} ({counts})")
            case Status.FAILED:
                self._write(f"failed: {trial_name(row)}: {row.reason}")
            case Status.CANCELLED:
                self._write(f"cancelled: {trial_name(row)}, at step {row.step}")
            case Status.PENDING | Status.WAITING if not state.stopping:
                self._write(f"again: {trial_name(row)}, from step {row.step}{': ' + row.reason if row.reason else ''}")


class LiveDisplay:
    """A table that redraws itself: a line a running trial, and the whole below."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._console = console
        self._state: SweepState | None = None
        self._mean = 0.0
        self._live: Live = Live(
            get_renderable=self._picture, console=console, refresh_per_second=4, transient=True, redirect_stdout=False
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def observe(self, state: SweepState) -> None:
        if self._state is None:
            self._mean = mean_steps(state)
        self._state = state

    def _picture(self) -> Group:
        from rich.console import Group
        from rich.text import Text

        state = self._state
        if state is None:
            return Group(Text("starting"))
        rows = state.running()
        shown = rows[: max(self._console.height - 4, 3)]
        lines = [self._table(shown)]
        rest = [Text(f"and {len(rows) - len(shown)} more")] if len(rows) > len(shown) else []
        if not rows:
            rest.append(Text(_waiting(state)))
        return Group(*lines, *rest, Text(str(overall(state, self._mean)), style="bold"))

    def _table(self, rows: list[TrialState]) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for row in rows:
            speed, left = pace(row)
            table.add_row(
                Text(trial_name(row), no_wrap=True),
                ProgressBar(total=row.trial.steps, completed=row.step, width=_BAR),
                Text(f"{row.step}/{row.trial.steps}", justify="right"),
                Text(speed, justify="right"),
                Text(left, justify="right"),
            )
        return table


def _waiting(state: SweepState) -> str:
    if state.stopping:
        return "stopping: workers write their checkpoints"
    starting = [worker for worker in state.workers.values() if worker.status is WorkerStatus.STARTING]
    if not starting:
        return "waiting for a trial to begin" if state.workers else "waiting for a worker"
    doing = list(dict.fromkeys(worker.doing for worker in starting if worker.doing))[:_DOINGS]
    count = "a worker is" if len(starting) == 1 else f"{len(starting)} workers are"
    return f"{count} starting" + (f": {'; '.join(doing)}" if doing else "")


def display(console: Console, wanted: bool) -> Display:
    """What suits the console: live on a terminal, plain lines elsewhere, nothing if not wanted."""
    if not wanted:
        return NoDisplay()
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console)
    return PlainDisplay(lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))
