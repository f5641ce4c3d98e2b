"""One driver at a time: an epoch that only rises, and a heartbeat that says its driver lives.

An epoch is claimed by creating `lease/<epoch>.json`, which one driver alone can do. Whoever holds the newest epoch
drives; an older one finds out at its next `check` and stops. The heartbeat also carries a snapshot of the progress,
for `status`. Freshness compares wall clocks, so hosts must agree to within a few seconds; if they do not, two drivers
may compute at once for a while, but only the newer one commits.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import paths
from pipeline.blame import told
from pipeline.errors import Fenced, LeaseHeld
from pipeline.storage import Storage

FRESH_SECONDS = 60.0
BEAT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A process. `boot` tells machines (and containers) with one name apart, `started` processes with one pid; `job` is
    the Ray job that it is the driver of, if it is one."""

    host: str
    boot: str
    pid: int
    started: str
    job: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" + (f" (Ray job {self.job})" if self.job else "")

    @staticmethod
    def current() -> Owner:
        pid = os.getpid()
        return Owner(host=platform.node(), boot=_boot(), pid=pid, started=_process_start(pid), job=_job())

    def is_dead(self) -> bool:
        """True only if that is certain: it ran here, and no such process is here now."""
        here = (self.host, self.boot) == (platform.node(), _boot())
        return here and _process_start(self.pid) != self.started


class Lease:
    """The right to drive a sweep. Made by `acquire`."""

    def __init__(self, storage: Storage, owner: Owner, clock: Callable[[], float], epoch: int) -> None:
        self._storage, self._owner, self._clock = storage, owner, clock
        self.epoch = epoch
        self._beating = threading.Event()
        self._thread: threading.Thread | None = None
        self.last_error = ""

    @staticmethod
    def acquire(storage: Storage, owner: Owner, clock: Callable[[], float]) -> Lease:
        """Claim the next epoch. Raises LeaseHeld while another driver lives: its heartbeat is younger than 60 seconds
        and it is not known to be dead."""
        epoch = newest_epoch(storage)
        if epoch:
            _refuse_if_alive(storage, epoch, clock())
        content = {"epoch": epoch + 1, "at": clock(), "owner": asdict(owner)}
        if not storage.create(paths.lease(epoch + 1), json.dumps(content).encode()):
            raise LeaseHeld("another driver of this sweep started at the same moment: leave it to that one")
        lease = Lease(storage, owner, clock, epoch + 1)
        lease.beat({})
        return lease

    def check(self) -> None:
        """Raise Fenced if a newer driver has taken over. Epochs have no gaps, so one look-up tells."""
        if self._storage.exists(paths.lease(self.epoch + 1)):
            raise Fenced(f"a newer driver has taken this sweep over (epoch {self.epoch + 1}): this one stops")

    def beat(self, progress: Mapping[str, Any]) -> None:
        """Say that this driver lives, and how far it is. Raises Fenced."""
        self.check()
        self._write(progress, released=False)

    def keep_beating(self, snapshot: Callable[[], Mapping[str, Any]], seconds: float = BEAT_SECONDS) -> None:
        """Beat from a thread until `release` or `stop_beating`. A beat that fails is tried again at the next one;
        `last_error` has the reason, and `check` finds out whether the lease was lost meanwhile."""

        def work() -> None:
            while not self._beating.wait(seconds):
                try:
                    self.beat(snapshot())
                    self.last_error = ""
                except Fenced:
                    return
                except Exception as error:  # object stores raise anything; the lease must outlive it
                    self.last_error = told(error)

        self._thread = threading.Thread(target=work, name="heartbeat", daemon=True)
        self._thread.start()

    def stop_beating(self) -> None:
        self._beating.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def release(self, progress: Mapping[str, Any]) -> None:
        """Let the next driver in at once."""
        self.stop_beating()
        self.check()
        self._write(progress, released=True)

    def _write(self, progress: Mapping[str, Any], released: bool) -> None:
        content = {
            "epoch": self.epoch,
            "at": self._clock(),
            "owner": asdict(self._owner),
            "released": released,
            "progress": dict(progress),
        }
        self._storage.write(paths.HEARTBEAT, json.dumps(content).encode())


def newest_epoch(storage: Storage) -> int:
    """The newest claimed epoch; 0 before the first."""
    names = (key.removeprefix(f"{paths.LEASES}/").removesuffix(".json") for key in storage.list(paths.LEASES))
    return max((int(name) for name in names if name.isdigit()), default=0)


def read_heartbeat(storage: Storage) -> dict[str, Any] | None:
    """The last heartbeat: {epoch, at, owner, released, progress}, or None before the first."""
    try:
        content: dict[str, Any] = json.loads(storage.read(paths.HEARTBEAT))
    except FileNotFoundError:
        return None
    return content


def living_driver(storage: Storage, now: float) -> str:
    """Who drives the sweep, by the last heartbeat; empty if nobody does."""
    beat = read_heartbeat(storage)
    if beat is None or beat["released"] or not _is_fresh(beat, now):
        return ""
    owner = Owner(**beat["owner"])
    return "" if owner.is_dead() else str(owner)


def is_driven(storage: Storage, epoch: int, now: float) -> bool:
    """Whether the driver of this epoch lives, by the last heartbeat."""
    beat = read_heartbeat(storage)
    return beat is not None and beat["epoch"] == epoch and not beat["released"] and _is_fresh(beat, now)


def _is_fresh(beat: Mapping[str, Any], now: float) -> bool:
    """A sign of life from the future is no better than one from long ago: the clock that dated it has jumped."""
    return bool(abs(now - beat["at"]) < FRESH_SECONDS)


def _refuse_if_alive(storage: Storage, epoch: int, now: float) -> None:
    claim = json.loads(storage.read(paths.lease(epoch)))
    beat = read_heartbeat(storage)
    if beat is None or beat["epoch"] != epoch:
        beat = {"at": claim["at"], "released": False}  # the claim is all that this driver has said
    owner = Owner(**claim["owner"])
    age = now - beat["at"]
    if beat["released"] or not _is_fresh(beat, now) or owner.is_dead():
        return
    since = datetime.fromtimestamp(claim["at"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    raise LeaseHeld(
        f"another driver runs this sweep: {owner}, since {since}, last heard of {max(age, 0.0):.0f} seconds ago. Stop "
        f"it (dreamsweep stop), or wait: {FRESH_SECONDS:.0f} seconds after its last sign of life a new driver may take "
        "over"
    )


# ---- who a process is ------------------------------------------------------------------------------------------------


def _boot() -> str:
    """Changes with every boot, and from one process-id name space to another."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux
        return ""


def _job() -> str:
    """The id of the Ray job whose entry point this process is; Ray tells it in the job's config."""
    try:
        metadata = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}"))["metadata"]
        return str(metadata["job_submission_id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _process_start(pid: int) -> str:
    """When the process started, in whatever form this system tells it; empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
        return subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else fields[18]
