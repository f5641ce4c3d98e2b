"""Processes that take turns under a simulated clock, so that a seed replays every interleaving.

A task is a thread that only runs while it holds the baton. It hands the baton on wherever it sleeps, and everything
that takes time in a sweep sleeps: a step, a storage request, a wait for events. Whoever wakes first goes on; ties are
broken by the order of sleeping. A process is one or more tasks that live, pause and die together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

START = 1_700_000_000.0  # seconds since 1970


class Death(BaseException):
    """The process is gone: nothing catches this, and nothing it does afterwards has an effect."""


class Stuck(AssertionError):
    """The sweep gets nowhere."""


@dataclass(eq=False)
class Process:
    """One operating system process on one node. Its clocks may be off by what `wall_skew` and `steady_skew` say."""

    name: str
    node: str = "head"
    dead: bool = False
    preempted: bool = False  # its node went with notice
    paused_until: float = 0.0
    wall_skew: float = 0.0
    steady_skew: float = 0.0


def _held() -> threading.Lock:
    """A lock that somebody else releases: the quickest way to hand on a turn."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Task:
    """`baton` is released for the task's next turn. `error` is what ended it."""

    process: Process
    wake: float
    order: int
    baton: threading.Lock = field(default_factory=_held)
    error: BaseException | None = None
    done: bool = False


class Simulation:
    """See the module. The thread that makes it is the first task, the operator: it alone never dies."""

    def __init__(self, limit: float) -> None:
        self.now, self.limit = 0.0, limit
        self._order = 0
        self.operator = Task(Process("operator"), 0.0, 0)
        self._tasks = [self.operator]
        self._current = self.operator

    @property
    def process(self) -> Process:
        """Who runs now."""
        return self._current.process

    def wall(self, process: Process) -> float:
        """Seconds since 1970 on the process's clock."""
        return START + self.now + process.wall_skew

    def steady(self, process: Process) -> float:
        """The process's clock for durations."""
        return self.now + process.steady_skew

    def spawn(self, process: Process, work: Callable[[], None]) -> Task:
        """Begin `work` as a task of the process, at its next turn."""
        task = Task(process, self.now, self._next_order())

        def run() -> None:
            task.baton.acquire()
            try:
                if not process.dead:
                    work()
            except BaseException as error:  # the border of the thread; the operator looks at it
                task.error = error
            task.done = True
            self._tasks.remove(task)
            self._hand_on()

        self._tasks.append(task)
        threading.Thread(target=run, name=process.name, daemon=True).start()
        return task

    def sleep(self, seconds: float) -> None:
        """Let others run. Raises Death if the process has died meanwhile, and Stuck past the limit."""
        me = self._current
        if me.process.dead:
            raise Death
        me.wake, me.order = self.now + seconds, self._next_order()
        if self._hand_on() is not me:
            me.baton.acquire()
        if me.process.dead:
            raise Death
        if me is self.operator and self.now > self.limit:
            self.limit = float("inf")  # said once; the end must be able to sleep
            raise Stuck(f"not done after {self.now:.0f} simulated seconds")

    def rouse(self, process: Process) -> None:
        """Let what the process waits for come true now."""
        for task in self._tasks:
            if task.process is process:
                task.wake = min(task.wake, self.now)

    def kill(self, process: Process) -> None:
        process.dead = True
        self.rouse(process)

    def pause(self, process: Process, seconds: float) -> None:
        process.paused_until = max(process.paused_until, self.now + seconds)

    def living(self) -> list[Process]:
        """Every process that has a task, but the operator's."""
        return list(dict.fromkeys(task.process for task in self._tasks if task is not self.operator))

    def end(self) -> None:
        """Kill every process and let its tasks unwind."""
        while living := self.living():
            for process in living:
                self.kill(process)
            self.sleep(0.0)

    def _next_order(self) -> int:
        self._order += 1
        return self._order

    def _due(self, task: Task) -> tuple[float, int]:
        held = 0.0 if task.process.dead else task.process.paused_until
        return max(task.wake, held), task.order

    def _hand_on(self) -> Task:
        """Give the baton to the next task; the caller waits for its own unless it is that one."""
        me, chosen = self._current, min(self._tasks, key=self._due)
        self.now = max(self.now, self._due(chosen)[0])
        self._current = chosen
        if chosen is not me:
            chosen.baton.release()
        return chosen
