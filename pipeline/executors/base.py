"""What the driver asks of whatever runs its workers."""

from __future__ import annotations

from typing import Protocol

from pipeline.events import Assignment, FailureClass, WorkerEvent


class Executor(Protocol):
    """Starts workers and carries messages. One thread calls it.

    A worker id is used once. Of every started worker `poll` tells at most one `WorkerReady` (any number of
    `WorkerStarting` before it), at most one `WorkerDraining` and, however it ends, one `WorkerLost` (of the class that
    `stop` was given when that ended it); after that nothing more. Commands to a worker that is gone, and
    cancels of a trial that it does not run, do nothing. No method waits for a worker but `poll`.
    """

    def slots(self) -> int | None:
        """How many workers there is room for; None if that is not known or may change."""
        ...

    def start(self, worker_id: str) -> None:
        """Begin to bring up a worker."""
        ...

    def admit(self, worker_id: str, assignment: Assignment) -> None:
        """Give the worker an attempt to run beside those it has."""
        ...

    def cancel(self, worker_id: str, trial_id: str) -> None:
        """Have the worker checkpoint a trial and drop it."""
        ...

    def stop(self, worker_id: str, seconds: float, failure: FailureClass = FailureClass.STOPPED) -> None:
        """Have the worker checkpoint what it runs within `seconds`, then end; it and its attempts as `failure`, which
        is stopped or preemption."""
        ...

    def kill(self, worker_id: str) -> None:
        """End the worker now. Its `WorkerLost` is of class `stopped`."""
        ...

    def poll(self, timeout: float) -> list[WorkerEvent]:
        """What happened since, in order for each worker. Waits up to `timeout` seconds for something."""
        ...

    def close(self) -> None:
        """Kill what still runs and let go of everything."""
        ...
