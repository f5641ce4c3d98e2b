"""Which nodes of a Ray cluster are about to go, and when. Ray shows it, and interrupts nothing by itself.

A node drains when its `ray start --block` gets SIGTERM, when an autoscaler takes it away, or when `ray drain-node` is
called, say by a watcher of a cloud's notices. Reading that is no part of Ray's stable interface, so this is its one
place; a Ray that cannot tell has no draining nodes, and a node that goes is then noticed when its workers are gone.
"""

from __future__ import annotations

import importlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import ray

from pipeline.errors import UserError

DrainingNodes = Callable[[float], Mapping[str, float]]


def draining_nodes(now: float) -> Mapping[str, float]:
    """The seconds from `now` (since 1970) until each draining node is gone, by node id; infinite where Ray was given no
    deadline. Empty where there is none, or where this Ray cannot tell."""
    private = getattr(ray, "_private", None)
    state = getattr(getattr(private, "state", None), "state", None)
    ask = getattr(state, "get_draining_nodes", None)
    if ask is None or not ray.is_initialized():
        return {}
    deadlines: Mapping[str, int] = ask()  # milliseconds since 1970, 0 for none
    return {node: deadline / 1000.0 - now if deadline else math.inf for node, deadline in deadlines.items()}


def own_node() -> str:
    """The id of the node that this process runs on, inside an actor."""
    node: str = ray.get_runtime_context().get_node_id()
    return node


def drain_node(address: str, node: str, seconds: float, reason: str) -> None:
    """Announce that the node will be gone in `seconds`: it gets no new workers, and `draining_nodes` shows it.

    Raises UserError where this Ray has no such call, or refuses.
    """
    try:
        raylet: Any = importlib.import_module("ray._raylet")
        words: Any = importlib.import_module("ray.core.generated.autoscaler_pb2")
        kind = words.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
        client = raylet.GcsClient(address=address)
        deadline = int((time.time() + max(seconds, 0.001)) * 1000)  # 0 would mean none
        accepted, why = client.drain_node(node, kind, reason, deadline)
    except (ImportError, AttributeError, TypeError) as error:
        raise UserError(f"Ray {ray.__version__} cannot be told of a drain ({error}): use another version") from error
    if not accepted:
        raise UserError(f"Ray refuses to drain node {node}: {why}")


def drain_own_node(address: str, seconds: float, reason: str) -> None:
    """The same for the node that this process runs on. Connects to the cluster at `address`."""
    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    context = ray.get_runtime_context()
    drain_node(context.gcs_address, context.get_node_id(), seconds, reason)
