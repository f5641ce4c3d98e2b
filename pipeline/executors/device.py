"""What a GPU worker asserts before it begins: one device, and its memory free. Names whoever holds the rest."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence

Run = Callable[[Sequence[str]], str]

_SMI_SECONDS = 20.0
_SHOWN = 5


def check_gpu(free_fraction: float) -> None:
    """Raise OSError unless this process sees exactly one CUDA device with enough of its memory free."""
    import torch

    visible = torch.cuda.device_count()
    if visible != 1:
        raise OSError(f"this worker sees {visible} CUDA devices instead of one (CUDA_VISIBLE_DEVICES, driver, Ray)")
    free, total = torch.cuda.mem_get_info(0)
    if free < free_fraction * total:
        raise OSError(
            f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB of the GPU are free, {free_fraction:.0%} are needed: "
            f"{holders(f'GPU-{torch.cuda.get_device_properties(0).uuid}')}"
        )


def memory() -> tuple[int, int]:
    """The bytes that are free of this process's GPU, and all there are."""
    import torch

    free, total = torch.cuda.mem_get_info(0)
    return free, total


def holders(uuid: str, run: Run | None = None) -> str:
    """Who holds memory of the GPU, in words: what `nvidia-smi` tells, run by `run`."""
    query = "--query-compute-apps=pid,used_memory,process_name"
    try:
        answer = (run or _run)(["nvidia-smi", query, "--format=csv,noheader", f"--id={uuid}"])
    except (OSError, subprocess.SubprocessError) as error:
        return f"another process uses it (nvidia-smi cannot say which: {str(error) or type(error).__name__})"
    rows = [row for line in answer.splitlines() if len(row := [cell.strip() for cell in line.split(",", 2)]) == 3]
    if not rows:
        return "a process uses it that cannot be seen from here, as of another container (nvidia-smi on the node)"
    shown = [f"process {pid} ({name}) has {memory}" for pid, memory, name in rows[:_SHOWN]]
    more = [f"{len(rows) - _SHOWN} more"] if len(rows) > _SHOWN else []
    return "; ".join(shown + more)


def _run(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        raise FileNotFoundError("it is not installed")
    return subprocess.run(list(command), capture_output=True, text=True, check=True, timeout=_SMI_SECONDS).stdout
