"""A simulated cluster: nodes, workers as processes on them, and an executor that behaves as the one over Ray does.

Workers are the product's own `Worker`. The executor declares a worker lost when its process is dead, or when it has not
answered for `PATIENCE` seconds; such a worker may still live, and wakes up later as a stale one. A node that drains is
told of once; what dies there afterwards counts as preempted. A dead driver's workers go on for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from chaos.disk import Disk, DiskStorage
from chaos.engine import ChaosEngine, Done
from chaos.faults import Weather
from chaos.simulation import Process, Simulation

from pipeline.blame import classify, told
from pipeline.clerk import Elsewhere, Work
from pipeline.events import Assignment, FailureClass, WorkerDraining, WorkerEvent, WorkerLost, WorkerReady
from pipeline.storage import Storage
from pipeline.worker import Worker, WorkerOptions

PATIENCE = 30.0


@dataclass(eq=False)
class Cluster:
    """What outlives drivers: the disk, the nodes that are up (`drains` has deadlines), the log of all steps."""

    simulation: Simulation
    disk: Disk
    weather: Weather
    options: WorkerOptions
    slots: int
    pace: float
    nodes: list[str] = field(default_factory=list)
    drains: dict[str, float] = field(default_factory=dict)
    log: list[Done] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)
    names: count[int] = field(default_factory=lambda: count(1))

    def add_node(self) -> str:
        name = f"node{next(self.names)}"
        self.nodes.append(name)
        return name

    def lose_node(self, node: str, preempted: bool = False) -> None:
        """The node is gone, with all that ran there; another takes its place."""
        self.nodes.remove(node)
        self.drains.pop(node, None)
        for process in self.living(node):
            process.preempted = preempted
            self.simulation.kill(process)
        self.add_node()

    def living(self, node: str | None = None) -> list[Process]:
        """Workers' processes, on one node or on all."""
        return [one for one in self.workers if not one.dead and node in (None, one.node)]

    def storage(self, process: Process, role: str) -> Storage:
        def created(key: str) -> None:
            match key.split("/"):
                case ["attempts", trial_id, number, "claim.json"]:
                    self.log.append(Done(process.name, trial_id, "claim", int(number)))
                case ["commits", name]:
                    self.log.append(Done(process.name, name.removesuffix(".json"), "commit", 0))
                case ["journal", name]:
                    self.log.append(Done(process.name, key, "journal", int(name.partition("-")[0])))
                case ["lease", name]:
                    self.log.append(Done(process.name, "", "lease", int(name.removesuffix(".json"))))

        return DiskStorage(self.disk, self.simulation, process, self.weather, role, created)


@dataclass(eq=False)
class _Handle:
    """One worker as its driver sees it."""

    process: Process
    mail: list[Callable[[Worker], None]] = field(default_factory=list)
    outbox: list[WorkerEvent] = field(default_factory=list)
    over: bool = False
    told_of_drain: bool = False


class SimulatedExecutor:
    """See `Executor`. Belongs to one driver's process."""

    def __init__(self, cluster: Cluster, driver: Process) -> None:
        self._cluster, self._driver = cluster, driver
        self._handles: dict[str, _Handle] = {}
        self._events: list[WorkerEvent] = []

    def slots(self) -> int | None:
        return None

    def start(self, worker_id: str) -> None:
        cluster = self._cluster
        nodes = [node for node in cluster.nodes if node not in cluster.drains] or [cluster.add_node()]
        process = Process(f"{worker_id}/{next(cluster.names)}", cluster.weather.dice.choice(nodes))
        handle = self._handles[worker_id] = _Handle(process)
        cluster.workers.append(process)
        cluster.simulation.spawn(process, lambda: _work(cluster, worker_id, handle, self._driver))

    def admit(self, worker_id: str, assignment: Assignment) -> None:
        self._send(worker_id, lambda worker: worker.admit(assignment))

    def cancel(self, worker_id: str, trial_id: str) -> None:
        self._send(worker_id, lambda worker: worker.cancel(trial_id))

    def stop(self, worker_id: str, seconds: float, failure: FailureClass = FailureClass.STOPPED) -> None:
        self._send(worker_id, lambda worker: worker.request_stop(seconds, failure))

    def kill(self, worker_id: str) -> None:
        handle = self._handles.get(worker_id)
        if handle is not None and not self._driver.dead:
            self._cluster.simulation.kill(handle.process)
            self._let_go(worker_id, FailureClass.STOPPED, "killed")

    def poll(self, timeout: float) -> list[WorkerEvent]:
        if not self._events and not any(self._is_heard(handle) for handle in self._handles.values()):
            self._cluster.simulation.sleep(timeout)
        for worker_id, handle in list(self._handles.items()):
            self._look_at(worker_id, handle)
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        for worker_id in list(self._handles):
            self.kill(worker_id)
        self._events.clear()

    def _send(self, worker_id: str, call: Callable[[Worker], None]) -> None:
        if worker_id in self._handles and not self._driver.dead:
            self._handles[worker_id].mail.append(call)
            self._cluster.simulation.rouse(self._handles[worker_id].process)

    def _is_heard(self, handle: _Handle) -> bool:
        process = handle.process
        return bool(handle.outbox) and not process.dead and self._cluster.simulation.now >= process.paused_until

    def _look_at(self, worker_id: str, handle: _Handle) -> None:
        now, process = self._cluster.simulation.now, handle.process
        if self._is_heard(handle):
            self._events += handle.outbox
            handle.outbox = []
            if isinstance(self._events[-1], WorkerLost):
                del self._handles[worker_id]
                return
        if process.dead:
            failure = FailureClass.PREEMPTION if process.preempted else FailureClass.INFRASTRUCTURE
            self._let_go(worker_id, failure, "its process died")
        elif process.paused_until - now > PATIENCE:  # silent for as long: no answer any more, whether it lives or not
            self._let_go(worker_id, FailureClass.INFRASTRUCTURE, "no answer any more")
        elif process.node in self._cluster.drains and not handle.told_of_drain:
            handle.told_of_drain = True
            seconds = self._cluster.drains[process.node] - now
            self._events.append(WorkerDraining(worker_id=worker_id, seconds=seconds))

    def cut_off(self, process: Process) -> None:
        """Take the worker for lost although it lives and works."""
        for worker_id, handle in list(self._handles.items()):
            if handle.process is process:
                self._let_go(worker_id, FailureClass.INFRASTRUCTURE, "cut off")

    def orphans(self) -> list[Process]:
        """Workers that this driver has not let go of."""
        return [handle.process for handle in self._handles.values()]

    def _let_go(self, worker_id: str, failure: FailureClass, message: str) -> None:
        del self._handles[worker_id]
        self._events.append(WorkerLost(worker_id=worker_id, failure=failure, message=message))


def _elsewhere(simulation: Simulation, handle: _Handle, driver: Process) -> Elsewhere:
    """The worker's other threads, as tasks of its process, and its way to the driver."""

    def do(work: Work) -> None:
        def done() -> None:
            work()
            simulation.rouse(handle.process)

        simulation.spawn(handle.process, done)

    def tell(events: list[WorkerEvent]) -> None:
        if events and not handle.over:
            handle.outbox += events
            handle.over = isinstance(events[-1], WorkerLost)
            simulation.rouse(driver)

    return Elsewhere(do, tell)


def _work(cluster: Cluster, worker_id: str, handle: _Handle, driver: Process) -> None:
    """What the actor's thread does."""
    simulation, process, weather = cluster.simulation, handle.process, cluster.weather
    simulation.sleep(weather.dice.uniform(0.5, 3.0))
    engine = ChaosEngine(
        slots=cluster.slots,
        weather=weather,
        sleep=simulation.sleep,
        pace=cluster.pace,
        process=process.name,
        log=cluster.log,
    )

    def build() -> ChaosEngine:
        if weather.strikes("start failed"):
            raise OSError("the GPU is not free")
        return engine

    elsewhere = _elsewhere(simulation, handle, driver)
    tell = elsewhere.tell
    worker = Worker(
        worker_id,
        build,
        cluster.storage(process, "worker"),
        cluster.options,
        clock=lambda: simulation.steady(process),
        wall=lambda: simulation.wall(process),
        elsewhere=elsewhere,
    )

    ready = False
    try:
        while not worker.stopped:
            mail, handle.mail = handle.mail, []
            for call in mail:
                call(worker)
            events = worker.advance()
            ready = ready or any(isinstance(event, WorkerReady) for event in events)
            tell(events)
            if not worker.busy and not handle.mail:
                simulation.sleep(60.0)
        tell([WorkerLost(worker_id=worker_id, failure=worker.ending, message=worker.ending.said)])
    except Exception as error:  # the border of the thread, as in the actor
        failure = FailureClass.INFRASTRUCTURE if ready else classify(error)
        tell([WorkerLost(worker_id=worker_id, failure=failure, message=told(error))])
