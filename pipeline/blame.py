"""Which failure class an exception belongs to."""

from __future__ import annotations

from pipeline.errors import StorageError
from pipeline.events import FailureClass
from pipeline.secrets import redact

# These come again however often one tries; other OSErrors are the network's or the disk's and may pass.
_LASTING = (FileNotFoundError, NotADirectoryError, IsADirectoryError, StorageError)


class WorkerBroken(RuntimeError):
    """The device is lost to this process; only a new one helps."""


def classify(error: BaseException) -> FailureClass:
    """Out of memory (Python's or a device's), infrastructure (storage, network), else the user's."""
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return FailureClass.OUT_OF_MEMORY
    if isinstance(error, OSError) and not isinstance(error, _LASTING):
        return FailureClass.INFRASTRUCTURE
    return FailureClass.USER


def told(error: BaseException) -> str:
    """The exception in one line for people: its type and its message's first line, without secrets."""
    message = redact(str(error).strip().partition("\n")[0])
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def raise_if_broken(error: Exception) -> None:
    """Raise WorkerBroken for a device error that every later call would meet again (CUDA's are sticky)."""
    sticky = type(error).__name__ == "AcceleratorError" or "CUDA error" in str(error)
    if sticky and classify(error) is not FailureClass.OUT_OF_MEMORY:
        raise WorkerBroken(told(error)) from error
