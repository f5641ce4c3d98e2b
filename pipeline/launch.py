"""From a spec and a plan to a driver at work: workers of the right size, the tracker, the display, the signals."""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

from pipeline import logs
from pipeline.blame import told
from pipeline.errors import UserError
from pipeline.record.tracking import NullTracker, QueuedTracker, Tracker, mlflow_uri
from pipeline.secrets import redact
from pipeline.storage import Storage

if TYPE_CHECKING:
    from pipeline.driver import Summary
    from pipeline.executors.base import Executor
    from pipeline.metrics import DriverMeter
    from pipeline.plan import Plan
    from pipeline.progress import Display
    from pipeline.spec import SweepSpec, Workers
    from pipeline.state import Policy
    from pipeline.worker import EngineFactory, WorkerOptions

ExecutorKind = Literal["ray", "inline"]
Say = Callable[[str], None]

_GPU_PACK = 256  # at most: a step of more takes long, and so does saving them all
_MEASURED_FROM = 9  # trials a GPU: fewer are simply tried together
_GPU_WORKER_CORES = 4
_TRACKER_SECONDS = 30.0
_SYNC_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What there is for workers: CPU cores and GPUs of the cluster or of this machine."""

    cores: int
    gpus: int


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What each worker gets, how many there are at most, and how many trials each advances together: `pack`, or as many
    as it has `measured` to suit its GPU if that is less."""

    gpus: int
    cpus: int
    workers: int
    pack: int
    measured: bool = False


def resolve_workers(wanted: Workers, trials: int, machine: Machine, grows: bool = False) -> Resources:
    """`wanted` with every `auto` decided, for `trials` that are left to run.

    With a GPU: one a worker, as many workers as GPUs, packs of an even share of the trials, or what a worker finds to
    suit its GPU if that is less. Without: as many workers as trials or cores, the cores shared out evenly, one trial
    each. Raises UserError for GPUs that are not there, but for a cluster that `grows`: what it lacks now may come when
    it is asked for.
    """
    gpus = (1 if machine.gpus else 0) if wanted.gpus == "auto" else wanted.gpus
    if gpus > machine.gpus and not grows:
        raise UserError(f"workers.gpus = {gpus}: there is no GPU here; set it to 0 or auto")
    cores_each = 1 if wanted.cpus == "auto" else wanted.cpus
    most = machine.gpus // gpus if gpus else machine.cores // cores_each
    workers = max(1, min(trials, most)) if wanted.max == "auto" else wanted.max
    to_come = gpus > machine.gpus  # nodes that nobody can count yet
    share = _GPU_WORKER_CORES if to_come else max(1, machine.cores // max(1, min(workers, most)))
    cpus = (min(share, _GPU_WORKER_CORES) if gpus else share) if wanted.cpus == "auto" else wanted.cpus
    even = max(1, -(-trials // max(1, workers)))
    pack = (min(_GPU_PACK, even) if gpus else 1) if wanted.pack == "auto" else wanted.pack
    measured = wanted.pack == "auto" and gpus > 0 and pack >= _MEASURED_FROM
    return Resources(gpus=gpus, cpus=cpus, workers=workers, pack=pack, measured=measured)


def find_machine(kind: ExecutorKind, address: str | None) -> Machine:
    """What `kind` of executor has to work with. Starts Ray, or connects to it, where that is asked for."""
    if kind == "ray":
        from pipeline.executors.tokens import use_token

        if address is not None:
            use_token()
        from pipeline.executors.ray_actors import cluster_size

        cores, gpus = cluster_size(address)
        return Machine(cores=cores, gpus=gpus)
    import torch

    return Machine(cores=os.cpu_count() or 1, gpus=1 if torch.cuda.is_available() else 0)


def make_engine_factory(spec: SweepSpec, resources: Resources, left: Plan) -> EngineFactory:
    """The engine of real sweeps, for the trials that are left to run; tests put another one here."""
    from pipeline.optimise import SceneEngineFactory, probes_of, texts_of
    from pipeline.solids import Wanted

    outputs = spec.outputs

    return SceneEngineFactory(
        prior=spec.prior.identity(),
        views=outputs.views,
        size=outputs.size,
        elevation=outputs.elevation,
        solids=Wanted(mesh=outputs.mesh, turntable=outputs.turntable, size=outputs.size, elevation=outputs.elevation),
        pack=resources.pack,
        device="cuda" if resources.gpus else "cpu",
        texts=texts_of(left.trials),
        probes=probes_of(left.trials) if resources.measured else (),
    )


def make_executor(
    kind: ExecutorKind, address: str | None, factory: EngineFactory, storage: Storage, spec: SweepSpec, found: Resources
) -> Executor:
    """The executor of this kind, with workers as found."""
    options = _worker_options(spec)
    if kind == "inline":
        from pipeline.executors.inline import InlineExecutor

        return InlineExecutor(factory, storage, options)
    from pipeline.executors.actor import RayOptions
    from pipeline.executors.ray_actors import RayExecutor

    log = logs.chosen()
    return RayExecutor(
        factory, storage, options, RayOptions(address=address, gpus=found.gpus, cpus=found.cpus, log=log)
    )


def launch(
    spec: SweepSpec,
    plan: Plan,
    left: Plan,
    storage: Storage,
    *,
    kind: ExecutorKind,
    address: str | None,
    show: Display,
    say: Say,
) -> Summary:
    """Run the plan, of which the trials `left` are not finished, until it is done or a signal stops it.

    Raises UserError, and what `pipeline.driver.drive` raises.
    """
    from pipeline.compactor import in_thread
    from pipeline.driver import DriverOptions, drive
    from pipeline.record.compact import compact

    stop = threading.Event()
    with stopping(stop, say):
        machine = find_machine(kind, address)
        grows = kind == "ray" and address is not None
        resources = resolve_workers(spec.workers, len(left), machine, grows)
        if grows and not machine.gpus:
            say(_no_gpu_yet(resources))
        factory = make_engine_factory(spec, resources, left)
        workers = 1 if kind == "inline" else resources.workers
        options = DriverOptions(policy=_policy(spec, workers), beside=in_thread)
        executor = make_executor(kind, address, factory, storage, spec, resources)
        tracker, uri = _tracking(spec, storage, say)
        meter, heard = _meter(kind, storage, tracker), _log(storage, plan)
        try:
            with stopping(stop, say), show:  # again: Ray puts its own handler for SIGTERM
                summary = drive(
                    plan.trials,
                    storage,
                    executor,
                    options,
                    tracker,
                    compact,
                    show.observe,
                    stop,
                    meter=meter,
                    heard=heard,
                )
        finally:
            executor.close()
        if uri is not None:
            _finish_tracking(tracker, storage, uri, len(plan), say)
    return summary


def _worker_options(spec: SweepSpec) -> WorkerOptions:
    from pipeline.worker import WorkerOptions

    checkpoint = spec.checkpoint
    return WorkerOptions(
        every_steps=checkpoint.every_steps, every_seconds=checkpoint.every_seconds, keep=checkpoint.keep
    )


def _policy(spec: SweepSpec, workers: int) -> Policy:
    from pipeline.state import Policy, Retries

    wanted = spec.retries
    retries = Retries(
        user=wanted.user,
        infrastructure=wanted.infrastructure,
        out_of_memory=wanted.out_of_memory,
        divergence=wanted.divergence,
    )
    return Policy(retries=retries, max_workers=workers, reseed=wanted.on_divergence == "reseed")


def _no_gpu_yet(resources: Resources) -> str:
    if resources.gpus:
        return "the cluster has no GPU yet: workers wait until it adds one (`ray status` shows what is asked for)"
    return "the cluster has no GPU: workers take CPU cores. If it adds GPU nodes when asked, set workers.gpus to 1"


def _meter(kind: ExecutorKind, storage: Storage, tracker: Tracker) -> DriverMeter:
    """Where the driver's metrics go: to Ray, if that runs the workers."""
    from pipeline.metrics import DriverMeter, NullMeter

    if kind == "inline":
        return DriverMeter(NullMeter())
    from pipeline.executors.ray_metrics import RayMeter

    mirror = tracker.counters if isinstance(tracker, QueuedTracker) else None
    return DriverMeter(RayMeter(sweep=storage.name), mirror)


def _log(storage: Storage, plan: Plan) -> Callable[[Mapping[str, Any]], object]:
    """What logs the facts of the journal, if lines are wanted."""
    if logs.chosen() is logs.Form.TEXT:
        return dict
    from pipeline.chronicle import describe

    log, trials = logs.Log(sweep=storage.name), {trial.trial_id: trial for trial in plan.trials}
    return lambda fact: log.fact(fact, describe(fact, trials))


# ---- tracking --------------------------------------------------------------------------------------------------------


def _tracking(spec: SweepSpec, storage: Storage, say: Say) -> tuple[Tracker, str | None]:
    """The tracker and its URI, None where nothing is tracked."""
    uri = mlflow_uri(spec.tracking.mlflow, storage)
    if uri is None:
        if spec.tracking.mlflow == "auto":
            say("MLflow is off: set MLFLOW_TRACKING_URI or `tracking: {mlflow: <uri>}` to have the sweep there")
        return NullTracker(), None

    def sink() -> object:
        from pipeline.record.mlflow_runs import MlflowSink

        return MlflowSink(storage, uri)

    return QueuedTracker(sink), uri  # type: ignore[arg-type]


def _finish_tracking(tracker: Tracker, storage: Storage, uri: str, total: int, say: Say) -> None:
    """Deliver what is queued, then compare MLflow with storage; neither is waited for without end."""
    tracker.close(_TRACKER_SECONDS)
    problem = _in_time(functools.partial(_sync, storage, uri, total), _SYNC_SECONDS)
    if problem:
        later = f"dreamsweep mlflow-sync {storage.url}"
        say(f"MLflow at {redact(uri)} is not complete ({problem}); results are. Later: {later}")


def _sync(storage: Storage, uri: str, total: int) -> None:
    from pipeline.overview import sweep_figures
    from pipeline.record.mlflow_runs import sync

    sync(storage, uri, total, lambda: sweep_figures(storage))


def _in_time(work: Callable[[], None], seconds: float) -> str:
    """Do the work on a thread; what went wrong, or nothing. What takes longer is left behind."""
    problems = [f"no answer within {seconds:.0f} seconds"]

    def run() -> None:
        try:
            work()
            problems[0] = ""
        except Exception as error:  # a mirror that breaks must not take the sweep's end with it
            problems[0] = told(error)

    thread = threading.Thread(target=run, name="mlflow-sync", daemon=True)
    thread.start()
    thread.join(seconds)
    return problems[0]


# ---- signals ---------------------------------------------------------------------------------------------------------


@contextmanager
def stopping(stop: threading.Event, say: Say) -> Iterator[None]:
    """While inside, the first SIGINT or SIGTERM sets `stop`; the second ends the process at once, exit code 130."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            sys.stderr.write("\x1b[?25h" if sys.stderr.isatty() else "")  # a live table hides the cursor
            sys.stderr.flush()
            os._exit(130)
        stop.set()
        say("stopping: workers write their checkpoints (once more to quit at once)")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
