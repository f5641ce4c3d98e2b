from __future__ import annotations

import re

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
        (RuntimeError("CUDA error: out of memory"), FailureClass.OUT_OF_MEMORY),
        (AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be"), FailureClass.OUT_OF_MEMORY),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            FailureClass.OUT_OF_MEMORY,
        ),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), FailureClass.OUT_OF_MEMORY),
        (RuntimeError("Triton Error [CUDA]: out of memory"), FailureClass.OUT_OF_MEMORY),
        (ValueError("a prompt about CUDA_out of memory"), FailureClass.USER),
        # refused before anything ran: the next call works
        (RuntimeError("CUDA error: invalid device ordinal"), FailureClass.USER),
        (RuntimeError("CUDA error: invalid configuration argument"), FailureClass.USER),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), FailureClass.USER),
        (RuntimeError("CUDA error: CUBLAS_STATUS_INVALID_VALUE when calling `cublasSgemm`"), FailureClass.USER),
        (RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"), FailureClass.USER),
        (RuntimeError("expected all tensors to be on the same device, cuda:0 and cpu"), FailureClass.USER),
    ],
)
def test_classes(error: Exception, failure: FailureClass) -> None:
    assert classify(error) is failure
    raise_if_broken(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported"),
        RuntimeError("CUDA error: unspecified launch failure"),
        RuntimeError("CUDA error: uncorrectable ECC error encountered"),
        RuntimeError("CUDA error: misaligned address"),
        RuntimeError("CUDA error: the launch timed out and was terminated"),
        RuntimeError("CUDA error: unknown error"),
        RuntimeError("CUDA driver error: device not ready"),
        RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx`"),
        RuntimeError("CUBLAS_STATUS_NOT_INITIALIZED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        RuntimeError("cuFFT error: CUFFT_EXEC_FAILED"),
        RuntimeError("Triton Error [CUDA]: an illegal memory access was encountered"),
        AcceleratorError("gone"),
    ],
    ids=str,
)
def test_device_errors_that_stay_break_the_worker(error: Exception) -> None:
    with pytest.raises(WorkerBroken, match=re.escape(told(error))):
        raise_if_broken(error)


def test_an_exception_in_one_line() -> None:
    assert told(ValueError("first\nsecond")) == "ValueError: first"
    assert told(MemoryError()) == "MemoryError"
