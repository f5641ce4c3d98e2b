from __future__ import annotations

import pytest

from pipeline.blame import WorkerBroken, classify, raise_if_broken, told
from pipeline.errors import StorageError
from pipeline.events import FailureClass


class OutOfMemoryError(RuntimeError):
    """As torch names it."""


class AcceleratorError(RuntimeError):
    """As torch names it."""


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (MemoryError(), FailureClass.OUT_OF_MEMORY),
        (OutOfMemoryError("CUDA out of memory"), FailureClass.OUT_OF_MEMORY),
        (ConnectionResetError(), FailureClass.INFRASTRUCTURE),
        (TimeoutError(), FailureClass.INFRASTRUCTURE),
        (OSError(28, "No space left on device"), FailureClass.INFRASTRUCTURE),
        (FileNotFoundError("weights"), FailureClass.USER),
        (StorageError("bad key"), FailureClass.USER),
        (ValueError("steps"), FailureClass.USER),
        (ZeroDivisionError(), FailureClass.USER),
    ],
)
def test_classes(error: Exception, failure: FailureClass) -> None:
    assert classify(error) is failure
    raise_if_broken(error)


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: an illegal memory access"), AcceleratorError("gone")])
def test_device_errors_that_stay_break_the_worker(error: Exception) -> None:
    with pytest.raises(WorkerBroken, match=str(error)):
        raise_if_broken(error)


def test_an_exception_in_one_line() -> None:
    assert told(ValueError("first\nsecond")) == "ValueError: first"
    assert told(MemoryError()) == "MemoryError"
