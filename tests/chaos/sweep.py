"""One seeded sweep under chaos: drivers that die, and an operator who strikes and starts the next one."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Literal
from unittest.mock import patch

from chaos.blows import BLOWS
from chaos.checker import check
from chaos.cluster import Cluster, SimulatedExecutor
from chaos.disk import ROOT, Disk, DiskStorage
from chaos.engine import Done
from chaos.faults import Weather
from chaos.simulation import Death, Process, Simulation, Stuck, Task
from fakes import make_trial

from pipeline.driver import DriverOptions, Summary, drive
from pipeline.errors import Fenced, LeaseHeld
from pipeline.lease import Lease, Owner
from pipeline.plan import Plan, store_plan, stored_plan
from pipeline.record.compact import compact
from pipeline.record.orders import Order, give
from pipeline.record.tracking import NullTracker
from pipeline.state import Policy, Retries
from pipeline.storage import Storage
from pipeline.trial import Trial
from pipeline.worker import WorkerOptions

RETRIES = Retries(divergence=1, backoff_seconds=1.0, backoff_limit=20.0)
_BUDGETS = "user: 1, infrastructure: 5, out_of_memory: 2, divergence: 1"
SPEC = f"name: chaos\nretries: {{{_BUDGETS}}}\n"
RESEEDING = f"name: chaos\nretries: {{{_BUDGETS}, on_divergence: reseed}}\n"
LIMIT = 50_000.0  # simulated seconds; a clock that jumps by a day and stops a sweep shows
LATE = (
    "request timed out", "request refused", "answer lost", "storage away", "disk full", "steady clock jumped",
    "worker paused at a request", "worker paused past patience",
)  # fmt: skip
TROUBLES = ("fail:user", "diverge", "kill", "oom", "collapse", "nan", "fail:finish")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A sweep: what the checker found, which faults struck, what lies on the disk, and how many drivers it took."""

    seed: int
    trials: int
    violations: tuple[str, ...]
    faults: Counter[str]
    objects: dict[str, bytes]
    drivers: int
    seconds: float


@dataclass(eq=False)
class _Driver:
    process: Process
    stop: threading.Event
    executor: SimulatedExecutor
    task: Task | None = None
    summary: Summary | None = None


def draw_trials(dice: random.Random, count: int, steps: int) -> tuple[Trial, ...]:
    """`count` trials, every eighth or so with a trouble of its own that comes at a certain step."""
    trials = []
    for seed in range(count):
        words = "a cup"
        if dice.random() < 0.12:
            trouble = dice.choice(TROUBLES)
            words = f"{trouble}@{0 if trouble == 'fail:finish' else dice.randint(1, steps)}"
        trials.append(make_trial(words, seed=seed, steps=steps))
    return tuple(trials)


@dataclass
class Sweep:
    """See the module."""

    seed: int
    trials: int = 50
    weather: Weather | None = None
    damaged: set[str] = field(default_factory=set)
    drivers: list[_Driver] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    ordered: int = 0  # how many drivers there had been when something was ordered last

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.faults = self.weather or Weather.of(self.dice)
        self.faults.dice = self.dice
        self.interval = self.dice.randint(1, 4)
        self.plan = draw_trials(self.dice, self.trials, self.dice.randint(3, 10))
        self.simulation = Simulation(LIMIT)
        self.cluster = Cluster(
            simulation=self.simulation,
            disk=Disk(),
            weather=self.faults,
            options=WorkerOptions(
                every_steps=self.interval,
                every_seconds=1e6,
                keep=self.dice.randint(1, 3),
                worth_seconds=self.dice.choice((0.0, 3.0, 1e6)),
            ),
            slots=self.dice.randint(1, 5),
            pace=self.dice.choice((0.3, 1.0, 3.0)),
        )
        for _ in range(self.dice.randint(1, 3)):
            self.cluster.add_node()
        self.reseed = self.dice.random() < 0.5
        self.options = DriverOptions(
            policy=Policy(
                retries=RETRIES,
                max_workers=self.dice.randint(1, 5),
                idle_seconds=5.0,
                ahead_seconds=self.dice.choice((0.0, 10.0, 1e6)),
                stop_seconds=self.dice.choice((0.0, 20.0, 60.0)),
                stop_after_same_failures=0,
                reseed=self.reseed,
            ),
            compact_commits=self.dice.choice((1, 5, 20, 200)),
            journal_seconds=self.dice.choice((0.0, 2.0, 20.0)),
        )

    def run(self) -> Ended:
        """Until every trial has an end, then once more in calm weather, then the check."""
        with _beating(self.simulation):
            try:
                while not self.over():
                    self.turn()
                self.faults.share = self.faults.counts.total()
                self.settle()
            except Stuck as error:
                self.violations.append(f"I1: {error}")
            self.simulation.end()
        log = [astuple(entry) for entry in self.cluster.log]
        objects = self.cluster.disk.contents()
        if not self.violations:
            punctual = self.options.policy.stop_seconds > 0 and not any(self.faults.counts[kind] for kind in LATE)
            self.violations += check(objects, log, self.interval, self.damaged, punctual)
        return Ended(
            seed=self.seed,
            trials=len(self.plan),
            violations=tuple(self.violations),
            faults=self.faults.counts,
            objects=objects,
            drivers=len(self.drivers),
            seconds=self.simulation.now,
        )

    def over(self) -> bool:
        """Whether a driver that knew all orders found nothing more to do."""
        return any(driver.summary and driver.summary.remaining == 0 for driver in self.drivers[self.ordered :])

    def turn(self) -> None:
        """A while passes; the next driver is started if none lives, and something is struck."""
        self.simulation.sleep(self.dice.expovariate(1 / 4.0))
        self.collect()
        living = self.living()
        if not any(driver.process.paused_until <= self.simulation.now for driver in living):
            if living:  # all are paused: somebody loses patience
                self.simulation.sleep(65.0)
            self.simulation.sleep(self.dice.uniform(0.0, 30.0))
            self.start()
        blow = self.faults.blow()
        if blow is not None and BLOWS[blow](self):
            self.faults.counts[blow] += 1

    def settle(self) -> None:
        """Let who is paused wake up and who is late finish, then let a last driver find nothing to run. It may commit
        what a stale worker finished of a trial that had been given up."""
        self.simulation.sleep(500.0)
        claims = self.claims()
        while True:
            self.collect()
            driver = self.start()
            while not self.finished(driver):
                self.simulation.sleep(5.0)
            self.collect()
            if driver.summary:
                break
        if self.claims() != claims or driver.summary.remaining:
            self.violations.append(f"I1: the sweep had ended, and yet something was run: {driver.summary}")

    def claims(self) -> int:
        """How many attempts were ever begun. Compactions have claims too, and a late commit is compacted."""
        attempts = f"{ROOT}/attempts/"
        return sum(path.startswith(attempts) and path.endswith("/claim.json") for path in self.cluster.disk.objects)

    @staticmethod
    def finished(driver: _Driver) -> bool:
        return driver.task is None or driver.task.done

    # ---- orders ------------------------------------------------------------------------------------------------------

    def desk(self) -> Storage:
        """Where the operator gives orders: a connection that works unless the storage itself does not."""
        calm = Weather(self.dice, 0, self.faults.kinds)
        operator = self.simulation.process
        return DiskStorage(self.cluster.disk, self.simulation, operator, calm, "operator", lambda key: None)

    def order(self, storage: Storage, what: Literal["cancel", "retry"], order: Order, trial_ids: Iterable[str]) -> bool:
        number = give(storage, order, self.simulation.wall(self.simulation.process))
        self.cluster.log += [Done("operator", trial_id, what, number) for trial_id in trial_ids]
        self.ordered = len(self.drivers)
        return True

    # ---- drivers -----------------------------------------------------------------------------------------------------

    def start(self) -> _Driver:
        process = Process(f"driver{len(self.drivers)}", node=f"host{len(self.drivers)}")
        driver = _Driver(process, threading.Event(), SimulatedExecutor(self.cluster, process))
        self.drivers.append(driver)
        owner = Owner(host=process.node, boot="", pid=1, started="")
        storage = self.cluster.storage(process, "driver")

        def beside(work: Callable[[], None]) -> _Joined:
            return _Joined(self.simulation, self.simulation.spawn(process, work))

        def work() -> None:
            store_plan(storage, Plan(self.plan), RESEEDING if self.reseed else SPEC)
            driver.summary = drive(
                stored_plan(storage).trials,
                storage,
                driver.executor,
                replace(self.options, owner=owner, beside=beside),
                NullTracker(),
                compact,
                lambda state: None,
                driver.stop,
                lambda: self.simulation.wall(process),
                lambda: self.simulation.steady(process),
            )

        driver.task = self.simulation.spawn(process, work)
        return driver

    def living(self) -> list[_Driver]:
        return [driver for driver in self.drivers if not self.finished(driver) and not driver.process.dead]

    def collect(self) -> None:
        """Look at how drivers ended: what no fault explains is a violation. A dead driver's workers mostly go too."""
        for driver in self.drivers:
            if driver.task is None or not driver.task.done:
                continue
            error, driver.task = driver.task.error, None
            if error is not None and not isinstance(error, Death | Fenced | LeaseHeld | OSError):
                self.violations.append(f"I1: a driver ended with {type(error).__name__}: {error}")
            for handle in driver.executor.orphans():
                if self.dice.random() < 0.7:
                    self.simulation.kill(handle)


@dataclass
class _Joined:
    """A task as a thread that can be waited for."""

    simulation: Simulation
    task: Task

    def join(self) -> None:
        while not self.task.done:
            self.simulation.sleep(0.05)


@contextmanager
def _beating(simulation: Simulation) -> Iterator[None]:
    """Let heartbeats be a task of the driver's process instead of a thread."""

    def keep_beating(lease: Any, snapshot: Callable[[], dict[str, Any]], seconds: float) -> None:
        def beat() -> None:
            while not lease._beating.is_set():
                simulation.sleep(seconds)
                try:
                    if not lease._beating.is_set():
                        lease.beat(snapshot())
                except Fenced:
                    return
                except OSError as error:
                    lease.last_error = str(error)

        lease._thread = _Joined(simulation, simulation.spawn(simulation.process, beat))

    with patch.object(Lease, "keep_beating", keep_beating):
        yield
