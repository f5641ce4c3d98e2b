"""The Ray nodes of a stack: a head without cores for tasks, and workers of one core, each on a loopback address of its
own, so that a node is told from its neighbours as machines are."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.stack.addresses import HEAD, LOOPBACK, Addresses, free_port
from deploy.stack.service import Program
from deploy.stack.store import answers

OBJECT_STORE_BYTES = 80_000_000
DRAIN_SECONDS = 20
_LONGEST_FOLDER = 32  # the names of Ray's sockets end in some 75 letters more, and the system allows 107


def head(folder: Path, addresses: Addresses, environment: Mapping[str, str]) -> Program:
    """The head with its job server."""
    command = [
        *_start(address(0), folder),
        *("--head", "--port", str(addresses.gcs), "--num-cpus", "0", "--num-gpus", "0"),
        *("--dashboard-host", LOOPBACK, "--dashboard-port", str(addresses.dashboard)),
        *("--ray-client-server-port", str(free_port()), "--disable-usage-stats"),
    ]
    return Program(
        name="head",
        command=command,
        environment=environment,
        ready=lambda: answers(_asking(f"{addresses.dashboard_url}/api/version", environment["RAY_AUTH_TOKEN"])),
        disk=folder,
        stop_seconds=DRAIN_SECONDS + 30.0,
    )


def worker(number: int, folder: Path, addresses: Addresses, environment: Mapping[str, str]) -> Program:
    """The worker of this number, from 1 on. On SIGTERM it drains: whatever runs there saves and leaves."""
    host = address(number)
    command = [
        *_start(host, folder),
        *("--address", addresses.cluster, "--num-cpus", "1", "--num-gpus", "0"),
        *("--resources", json.dumps({f"worker-{number}": 1})),
    ]
    return Program(
        name=f"worker-{number}",
        command=command,
        environment=environment,
        ready=lambda: host in alive(addresses, environment["RAY_AUTH_TOKEN"]),
        disk=folder,
        stop_seconds=DRAIN_SECONDS + 30.0,
    )


def address(number: int) -> str:
    """Of the worker of this number; 0 is the head."""
    return f"127.0.0.{int(HEAD.rpartition('.')[2]) + number}"


def alive(addresses: Addresses, token: str) -> dict[str, str]:
    """The ids of the nodes that the cluster takes for alive, by address; empty if it does not answer."""
    url = f"{addresses.dashboard_url}/api/v0/nodes?limit=100"
    try:
        with urllib.request.urlopen(_asking(url, token), timeout=10) as answer:
            content = json.load(answer)
    except (OSError, ValueError):
        return {}
    rows: Sequence[Mapping[str, str]] = content["data"]["result"]["result"]
    return {row["node_ip"]: row["node_id"] for row in rows if row["state"] == "ALIVE"}


def problem(folder: Path) -> str:
    """Why Ray cannot live in the folder, or nothing."""
    if len(str(folder)) > _LONGEST_FOLDER:
        return f"{folder} is too long a name for Ray's sockets: at most {_LONGEST_FOLDER} letters"
    return ""


def _start(host: str, folder: Path) -> list[str]:
    """What every node is told. A folder of its own keeps two that start at once from taking the same sockets."""
    return [
        *(str(Path(sys.executable).with_name("ray")), "start", "--block", "--node-ip-address", host),
        *("--temp-dir", str(folder)),
        *("--object-store-memory", str(OBJECT_STORE_BYTES), "--metrics-export-port", str(free_port())),
        *("--dashboard-agent-listen-port", str(free_port()), "--min-worker-port", "0", "--max-worker-port", "0"),
    ]


def _asking(url: str, token: str) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
