from __future__ import annotations

import subprocess
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from pipeline.executors import device
from pipeline.executors.device import check_gpu, holders


@pytest.mark.parametrize(
    ("visible", "free", "message"),
    [
        (1, 0.9, ""),
        (0, 0.9, "sees 0 CUDA devices"),
        (8, 0.9, "sees 8 CUDA devices"),
        (1, 0.5, "64.0 of 128.0 GiB of the GPU are free, 80% are needed: somebody uses GPU-u"),
    ],
)
def test_a_gpu_worker_looks_at_its_gpu(
    monkeypatch: pytest.MonkeyPatch, visible: int, free: float, message: str
) -> None:
    import torch

    total = 128 * 2**30
    monkeypatch.setattr(torch.cuda, "device_count", lambda: visible)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free * total), total))
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="u"))
    monkeypatch.setattr(device, "holders", lambda uuid: f"somebody uses {uuid}")
    if not message:
        check_gpu(0.8)
        return
    with pytest.raises(OSError, match=message):
        check_gpu(0.8)


def test_holders_of_memory_are_named() -> None:
    asked: list[Sequence[str]] = []

    def smi(command: Sequence[str]) -> str:
        asked.append(command)
        return "4711, 20480 MiB, /usr/bin/python, with a comma\n4712, 512 MiB, [Not Found]\n"

    found = holders("GPU-u", smi)
    assert found == (
        "process 4711 (/usr/bin/python, with a comma) has 20480 MiB; process 4712 ([Not Found]) has 512 MiB"
    )
    assert "--id=GPU-u" in asked[0]


def test_a_long_list_of_holders_is_cut() -> None:
    assert holders("u", lambda command: "1, 1 MiB, a\n" * 7).endswith("; 2 more")


def test_holders_that_cannot_be_seen() -> None:
    assert "another container" in holders("u", lambda command: "\n")

    def broken(command: Sequence[str]) -> str:
        raise subprocess.TimeoutExpired("nvidia-smi", 20.0)

    assert "nvidia-smi cannot say which" in holders("u", broken)
