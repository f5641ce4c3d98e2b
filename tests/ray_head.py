"""A real Ray cluster of one node in processes of its own, with the job server on a loopback port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).parent
_START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Head:
    """The head node of a cluster, with two CPUs. Programs that it runs find the tests' modules. `end` kills every
    process of it at once, as a machine that loses its power."""

    def __init__(self, folder: Path, token: str | None = None, variables: Mapping[str, str] | None = None) -> None:
        self.gcs, dashboard, agent = free_port(), free_port(), free_port()
        self.address = f"http://127.0.0.1:{dashboard}"
        self.folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))  # sockets have short names
        path = [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token" if token else "disabled",
            **({"RAY_AUTH_TOKEN": token} if token else {}),
            **(variables or {}),
        }
        command = f"""ray start --head --block --node-ip-address 127.0.0.1 --port {self.gcs} --num-cpus 2
            --dashboard-host 127.0.0.1 --dashboard-port {dashboard} --dashboard-agent-listen-port {agent}
            --ray-client-server-port {free_port()} --min-worker-port 0 --max-worker-port 0
            --object-store-memory 100000000 --disable-usage-stats --temp-dir {self.folder}"""
        self._log = (folder / f"head-{self.gcs}.log").open("w")
        self.process = subprocess.Popen(
            command.split(),
            env=environment,
            cwd=self.folder,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Return when the job server answers, if only that it wants a token."""
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < end, Path(self._log.name).read_text()
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/api/version", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code == 401
        except OSError:
            return False
        return True

    def processes(self) -> list[int]:
        """Everything that belongs to it: what it started, and what that started, by the folder or the session."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                ours = str(self.folder).encode() in told or int(stat[3]) == self.process.pid
                if ours and stat[0] not in "ZX":
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        end = time.monotonic() + 20.0
        while left := self.processes():
            assert time.monotonic() < end, f"processes {left} do not end"
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        self.process.wait()
        self._log.close()
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)


@contextlib.contextmanager
def running_head(folder: Path, token: str | None = None, variables: Mapping[str, str] | None = None) -> Iterator[Head]:
    head = Head(folder, token, variables)
    try:
        head.wait()
        yield head
    finally:
        head.end()
