"""Where the parts of a stack listen: all on loopback, each Ray node on an address of its own."""

from __future__ import annotations

import socket
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
HEAD = "127.0.0.2"  # Ray takes 127.0.0.1 for any address of the machine


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Ports on 127.0.0.1. `gcs` and `dashboard` are the Ray head's (`gcs` on its own
    address), which a head that replaces it takes over."""

    database: int
    store: int
    mlflow: int
    gcs: int
    dashboard: int

    @staticmethod
    def find() -> Addresses:
        """The ports of `compose.yaml` where they are free, else others."""
        return Addresses(
            database=free_port(5432),
            store=free_port(8333),
            mlflow=free_port(5000),
            gcs=free_port(6379, HEAD),
            dashboard=free_port(8265),
        )

    @property
    def store_url(self) -> str:
        return f"http://{LOOPBACK}:{self.store}"

    @property
    def mlflow_url(self) -> str:
        return f"http://{LOOPBACK}:{self.mlflow}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{LOOPBACK}:{self.dashboard}"

    @property
    def cluster(self) -> str:
        return f"{HEAD}:{self.gcs}"


def free_port(wanted: int = 0, host: str = LOOPBACK) -> int:
    """A port that nobody listens on now: `wanted` if that is one."""
    for port in dict.fromkeys((wanted, 0)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"{host} has no free port")
