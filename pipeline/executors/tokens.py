"""Ray's tokens: every call of a cluster that asks for one must bring it. Imports no Ray, for Ray reads the environment
when it is imported.

A client whose RAY_AUTH_MODE is not set sends no token to a running cluster, even if RAY_AUTH_TOKEN is (Ray 2.60). And a
refused token looks like a cluster that is not there, after twenty seconds. So both are handled here.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

_CONNECT_SECONDS = 10.0
_TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def use_token(environment: MutableMapping[str, str] = os.environ) -> None:
    """Send the token that the environment has, unless it says whether to. To be called before Ray is imported."""
    if "RAY_AUTH_MODE" not in environment and any(environment.get(name) for name in _TOKENS):
        environment["RAY_AUTH_MODE"] = "token"


def refused(address: str) -> str:
    """What to say and do when a cluster wants another token than this process has shown."""
    shown = f"RAY_AUTH_MODE is {os.environ.get('RAY_AUTH_MODE') or 'not set'}"
    return (
        f"the Ray cluster at {address} refuses the token of this process, or its having none ({shown}). Set "
        "RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the cluster's token or RAY_AUTH_TOKEN_PATH to a file with it; "
        "`ray get-auth-token` on the head prints it"
    )


def problem(host: str, port: int) -> str:
    """Why nothing can be connected to there; empty if something can."""
    try:
        socket.create_connection((host, port), _CONNECT_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def answers(address: str) -> bool:
    """Whether something accepts connections at `host:port`. False for any other form of address."""
    host, _, port = address.rpartition(":")
    return bool(host) and port.isdigit() and not problem(host.strip("[]"), int(port))
