"""Workers as Ray actors, one a GPU or CPU slot. With `draining` beside it, the only module that imports Ray.

The actor is the plain class of `actor`, with its control methods in a concurrency group of their own, so that a long
step blocks none of them. Ray restarts nothing and retries nothing: a lost actor is a lost worker, and the
next one is another actor. Events stay with the actor until the driver's next `events` call acknowledges them, so a call
that Ray cannot answer for loses none and can be made again.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, AuthenticationError, RayActorError

from pipeline.errors import UserError
from pipeline.events import Assignment, FailureClass, WorkerDraining, WorkerEvent, WorkerLost
from pipeline.executors.actor import Actor, RayOptions
from pipeline.executors.draining import DrainingNodes, draining_nodes
from pipeline.executors.tokens import answers, refused
from pipeline.secrets import redact
from pipeline.storage import Storage
from pipeline.worker import EngineFactory, WorkerOptions

# An `events` call that has nothing to tell returns after this, so that silence tells something.
_LONG_POLL_SECONDS = 10.0
# How soon a worker that Ray cannot speak for is asked again.
_ASK_AGAIN_SECONDS = 1.0
# How often Ray is asked which nodes are about to go. Its own notice is 30 seconds long, a cloud's may be as short.
_DRAINS_SECONDS = 1.0


def ensure_ray(address: str | None, object_store_bytes: int, cpus: int | None = None) -> None:
    """Connect to the cluster at `address`, or start one of this process's own. Does nothing if that is done already.

    A cluster of one's own dies with the process, however that dies. Its token, where Ray asks for one, is only in the
    environment; RAY_AUTH_MODE, RAY_AUTH_TOKEN and RAY_AUTH_TOKEN_PATH are respected.
    """
    if ray.is_initialized():
        return
    if address is not None:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        return
    # RAY_AUTH_MODE is Ray's to set: it is read when Ray is imported. Unset means tokens, which Ray then announces.
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        address="local",
        num_cpus=cpus,
        include_dashboard=False,
        object_store_memory=object_store_bytes,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def cluster_size(address: str | None, object_store_bytes: int = RayOptions.object_store_bytes) -> tuple[int, int]:
    """The CPU cores and GPUs of the cluster, after `ensure_ray`. Raises UserError if none answers at `address`."""
    try:
        ensure_ray(address, object_store_bytes)
    except AuthenticationError as error:
        raise UserError(refused(address or "local")) from error
    except ConnectionError as error:
        if address is not None and answers(address):  # so Ray says of a refused token, too
            raise UserError(refused(address)) from error
        raise UserError(f"no Ray cluster answers at {address}: check the address, or leave it out") from error
    has: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(has.get("CPU", 0)), int(has.get("GPU", 0))


_Call = tuple[Any, ...]  # method name, then its arguments


@dataclass
class _Handle:
    """One live actor: its pending `events` call, made at `asked_at` (None while Ray cannot speak for it, since
    `silent_since`), whether it ever answered a call, the events acknowledged, the control calls that have to be made
    again, its node once that is known, and whether it was told that the node drains."""

    actor: Any
    reference: Any = None
    asked_at: float = 0.0
    answered: bool = False
    acknowledged: int = 0
    silent_since: float | None = None
    ask_at: float = 0.0
    unsent: list[_Call] = field(default_factory=list)
    node: str | None = None
    draining: bool = False


class RayExecutor:
    """See `Executor`. Ray is started, or connected to, with the first worker."""

    def __init__(
        self,
        engine_factory: EngineFactory,
        storage: Storage,
        options: WorkerOptions,
        ray_options: RayOptions,
        clock: Callable[[], float] = time.monotonic,
        draining: DrainingNodes = draining_nodes,
    ) -> None:
        self._factory, self._options = engine_factory, options
        self._draining, self._drains_at = draining, 0.0
        self._storage = storage  # its URL is absolute: a worker's folder is not the driver's
        self._ray_options, self._clock = ray_options, clock
        self._handles: dict[str, _Handle] = {}
        self._calls: dict[Any, tuple[str, _Call]] = {}
        self._events: list[WorkerEvent] = []

    def slots(self) -> int | None:
        """Of a cluster of one's own: what the machine has. Raises UserError if not even one worker fits."""
        options = self._ray_options
        ensure_ray(options.address, options.object_store_bytes)
        if options.address is not None:
            return None
        has: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        fits = [(name, int(has.get(key, 0) // need)) for name, key, need in _needs(options)]
        for (name, count), (_, key, need) in zip(fits, _needs(options), strict=True):
            if count < 1:
                raise UserError(f"{name} = {need:g}: this machine has {has.get(key, 0):g}; lower it in the spec")
        return min(count for _, count in fits)

    def start(self, worker_id: str) -> None:
        ensure_ray(self._ray_options.address, self._ray_options.object_store_bytes)
        wants: dict[str, Any] = {
            "num_gpus": self._ray_options.gpus,
            "num_cpus": self._ray_options.cpus,
            "max_restarts": 0,
            "max_task_retries": 0,
            "concurrency_groups": {"control": 4},
        }
        actor_class = ray.remote(**wants)(Actor)
        actor = actor_class.remote(worker_id, self._factory, self._storage, self._options, self._ray_options)
        handle = self._handles[worker_id] = _Handle(actor)
        self._listen(handle)
        self._call(worker_id, "node")

    def admit(self, worker_id: str, assignment: Assignment) -> None:
        self._call(worker_id, "admit", assignment)

    def cancel(self, worker_id: str, trial_id: str) -> None:
        self._call(worker_id, "cancel", trial_id)

    def stop(self, worker_id: str, seconds: float, failure: FailureClass = FailureClass.STOPPED) -> None:
        self._call(worker_id, "request_stop", seconds, failure)

    def kill(self, worker_id: str) -> None:
        if worker_id in self._handles:
            self._give_up(worker_id, FailureClass.STOPPED, "killed")

    def poll(self, timeout: float) -> list[WorkerEvent]:
        self._ask_again()
        self._look_for_drains()
        asked = {handle.reference: worker_id for worker_id, handle in self._handles.items() if handle.reference}
        references = [*asked, *self._calls]
        if references:
            ray.wait(references, num_returns=1, timeout=0 if self._events else timeout)
            ready, _ = ray.wait(references, num_returns=len(references), timeout=0)
            for reference in ready:
                if reference in asked:
                    self._collect(asked[reference], reference)
                elif reference in self._calls:  # not of a worker that was let go a moment ago
                    self._confirm(reference)
        elif not self._events:
            time.sleep(min(timeout, _ASK_AGAIN_SECONDS))
        self._give_up_the_silent()  # last: this process may have slept itself, and the answers were there
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        for worker_id in list(self._handles):
            self.kill(worker_id)
        self._events.clear()

    def _look_for_drains(self) -> None:
        """Tell once of each worker whose node is about to go."""
        if not self._handles or self._clock() < self._drains_at:
            return
        self._drains_at = self._clock() + _DRAINS_SECONDS
        for node, seconds in self._draining(time.time()).items():
            for worker_id, handle in self._handles.items():
                if handle.node == node and not handle.draining:
                    handle.draining = True
                    self._events.append(WorkerDraining(worker_id=worker_id, seconds=seconds))

    def _call(self, worker_id: str, *call: Any) -> None:
        if worker_id in self._handles:
            method, *arguments = call
            remote = getattr(self._handles[worker_id].actor, method).options(concurrency_group="control")
            self._calls[remote.remote(*arguments)] = (worker_id, call)

    def _listen(self, handle: _Handle) -> None:
        remote = handle.actor.events.options(concurrency_group="control")
        handle.reference = remote.remote(handle.acknowledged, _LONG_POLL_SECONDS)
        handle.asked_at = self._clock()

    def _confirm(self, reference: Any) -> None:
        """Look whether a control call arrived. Any of them may arrive twice."""
        worker_id, call = self._calls.pop(reference)
        try:
            answer = ray.get(reference)
            if call[0] == "node":
                self._handles[worker_id].node, self._handles[worker_id].answered = answer, True
        except ActorUnavailableError:
            self._handles[worker_id].unsent.append(call)
        except ActorDiedError:
            pass  # its `events` call says so too

    def _collect(self, worker_id: str, reference: Any) -> None:
        handle = self._handles[worker_id]
        handle.reference = None
        try:
            handle.acknowledged, events = ray.get(reference)
        except ActorUnavailableError as error:
            self._wonder(worker_id, handle, error)
            return
        except RayActorError as error:
            failure = FailureClass.PREEMPTION if error.preempted else FailureClass.INFRASTRUCTURE
            self._give_up(worker_id, failure, _reason(error))
            return
        handle.silent_since, handle.answered = None, True
        self._events += events
        if events and isinstance(events[-1], WorkerLost):
            self._let_go(worker_id)
        else:
            self._listen(handle)

    def _wonder(self, worker_id: str, handle: _Handle, error: Exception) -> None:
        """Ask a silent actor again in a while, until patience ends."""
        now = self._clock()
        handle.silent_since = now if handle.silent_since is None else handle.silent_since
        handle.ask_at = now + _ASK_AGAIN_SECONDS
        if now - handle.silent_since >= self._ray_options.patience_seconds:
            self._give_up(worker_id, FailureClass.INFRASTRUCTURE, f"no answer any more: {_reason(error)}")

    def _ask_again(self) -> None:
        for worker_id, handle in self._handles.items():
            if self._clock() < handle.ask_at:
                continue
            if handle.reference is None:
                self._listen(handle)
            unsent, handle.unsent = handle.unsent, []
            for call in unsent:
                self._call(worker_id, *call)

    def _give_up_the_silent(self) -> None:
        """End workers that answered once and do not any more. One that never did may still wait for a node."""
        limit = _LONG_POLL_SECONDS + self._ray_options.silence_seconds
        for worker_id, handle in list(self._handles.items()):
            late = handle.reference is not None and self._clock() - handle.asked_at >= limit
            if late and handle.answered:
                self._give_up(worker_id, FailureClass.INFRASTRUCTURE, f"no answer for {limit:.0f} seconds")

    def _give_up(self, worker_id: str, failure: FailureClass, message: str) -> None:
        self._let_go(worker_id)
        self._events.append(WorkerLost(worker_id=worker_id, failure=failure, message=message))

    def _let_go(self, worker_id: str) -> None:
        handle = self._handles.pop(worker_id)
        self._calls = {reference: call for reference, call in self._calls.items() if call[0] != worker_id}
        ray.kill(handle.actor, no_restart=True)


def _needs(options: RayOptions) -> list[tuple[str, str, float]]:
    """(key of the spec, Ray's name, how much a worker needs) of everything that is needed."""
    needs = [("workers.cpus", "CPU", options.cpus), ("workers.gpus", "GPU", float(options.gpus))]
    return [need for need in needs if need[2] > 0]


def _reason(error: Exception) -> str:
    """Ray's message in one line, without colours, markers, advice, and the ids that differ every time."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).partition("Some common causes include")[0]
    noise = ("class_name:", "actor_id:", "namespace:", "pid:", "ip:", "File ", "traceback:", "^")
    kept = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith(noise)]
    told_by_ray = redact(" ".join(kept))
    exit_detail = told_by_ray.partition("Worker exit detail: ")[2].strip()
    return f"its process died: {exit_detail}"[:400] if exit_detail else told_by_ray[:400] or type(error).__name__
