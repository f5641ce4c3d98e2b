"""Which failure class an exception belongs to."""

from __future__ import annotations

import re

from pipeline.errors import StorageError
from pipeline.events import FailureClass
from pipeline.secrets import redact

# These come again however often one tries; other OSErrors are the network's or the disk's and may pass.
_LASTING = (FileNotFoundError, NotADirectoryError, IsADirectoryError, StorageError)

# Messages of torch and the libraries below it. An error of CUDA is sticky, every later call of the process meets it
# again, unless it is one of the harmless: then the call was refused before anything ran.
_OF_CUDA = re.compile(
    r"CUDA (driver )?error|Triton Error \[CUDA\]|CU(BLAS|SPARSE|SOLVER|FFT)_\w+|cuDNN error|CUDNN_STATUS_\w+|"
    r"uncorrectable ECC|device-side assert|illegal memory access|unspecified launch failure",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"CUDA (driver )?error: out of memory|CU\w+_(STATUS_)?ALLOC_FAILED|\[CUDA\]: out of memory", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"invalid (argument|configuration argument|device ordinal|device function|resource handle)|no kernel image|"
    r"out of resource|too many resources requested|operation not supported|peer access|"
    r"_(INVALID_VALUE|INVALID_SIZE|NOT_SUPPORTED|BAD_PARAM|ARCH_MISMATCH)\b",
    re.IGNORECASE,
)


class WorkerBroken(RuntimeError):
    """The device is lost to this process; only a new one helps."""


def classify(error: BaseException) -> FailureClass:
    """Out of memory (Python's or a device's), infrastructure (storage, network), else the user's."""
    full = isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    if full or (isinstance(error, RuntimeError) and _FULL.search(str(error))):
        return FailureClass.OUT_OF_MEMORY
    if isinstance(error, OSError) and not isinstance(error, _LASTING):
        return FailureClass.INFRASTRUCTURE
    return FailureClass.USER


def told(error: BaseException) -> str:
    """The exception in one line for people: its type and its message's first line, without secrets."""
    message = redact(str(error).strip().partition("\n")[0])
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def raise_if_broken(error: Exception) -> None:
    """Raise WorkerBroken for a device error that every later call of this process would meet again."""
    of_device = type(error).__name__ == "AcceleratorError" or _OF_CUDA.search(str(error)) is not None
    if of_device and not _HARMLESS.search(str(error)) and classify(error) is not FailureClass.OUT_OF_MEMORY:
        raise WorkerBroken(told(error)) from error
