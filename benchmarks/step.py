"""What a step costs with the embedded prior, by pack size, with kernels and without.

`python -m benchmarks.step` on a GPU prints a JSON line for each pack size: times of whole steps, what the GPU is busy
with, memory. `--plainly` adds the same without Triton kernels, `--tiny` shrinks the scenes until a CPU runs them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from unittest import mock

import torch

from dreamcore import kernels
from dreamcore.config import SceneConfig
from dreamcore.pack import Pack
from dreamcore.plain import override
from dreamcore.presets import preset
from dreamcore.priors.base import Prior
from dreamcore.priors.embedded import EmbeddedPrior
from dreamcore.scene import Scene

PROMPTS = ("a red mug", "a snowman", "a blue car", "a yellow duck")
TINY = {"render.resolution": 8, "sampling.samples": 4, "render.prune_resolution": 8}
# Kernels of ours by the part of a step that they are; the rest is the prior, draws, losses and copies.
PARTS = {"_forward": "render", "_backward": "render backward", "_density": "occupancy", "_adam": "optimiser"}


@contextlib.contextmanager
def without_kernels(plainly: bool) -> Iterator[None]:
    """Inside, the definitions run on every device."""
    with mock.patch.object(kernels, "installed", return_value=False) if plainly else contextlib.nullcontext():
        yield


def make_pack(prior: Prior, scenes: int, config: SceneConfig) -> Pack:
    """Scenes of a few prompts, each with a seed of its own."""
    pack = Pack(prior)
    for seed in range(scenes):
        pack.join(str(seed), Scene.create(PROMPTS[seed % len(PROMPTS)], seed, config))
    return pack


def step_times(pack: Pack, steps: int, device: torch.device) -> list[float]:
    """Milliseconds of every step of the whole pack."""
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        pack.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1000.0 * (time.perf_counter() - start))
    return times


def busy(pack: Pack, steps: int) -> Mapping[str, float]:
    """Milliseconds a step that the GPU works on each part, by its profiler; `other` includes the prior."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        step_times(pack, steps, torch.device("cuda"))
    found = dict.fromkeys([*PARTS.values(), "other"], 0.0)
    for event in profile.key_averages():
        if event.device_type == torch.autograd.DeviceType.CUDA:
            found[PARTS.get(event.key, "other")] += event.self_device_time_total / 1000.0 / steps
    return {name: round(value, 3) for name, value in found.items()}


def measure(prior: Prior, scenes: int, arguments: argparse.Namespace, plainly: bool) -> dict[str, object]:
    """One pack size."""
    device = prior.device
    on_gpu = device.type == "cuda"
    config = override(preset(arguments.preset), TINY if arguments.tiny else {})
    assert isinstance(config, SceneConfig)
    pack = make_pack(prior, scenes, config)
    step_times(pack, arguments.warmup, device)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    times = step_times(pack, arguments.steps, device)
    return {
        "preset": arguments.preset + (" (tiny)" if arguments.tiny else ""),
        "scenes": scenes,
        "kernels": on_gpu and not plainly,
        "ms_per_step": round(statistics.median(times), 3),
        "ms_per_scene_step": round(statistics.median(times) / scenes, 4),
        "ms_per_scene_step_mean": round(statistics.fmean(times) / scenes, 4),
        "gpu_busy_ms_per_step": busy(pack, arguments.steps) if on_gpu else None,
        "peak_memory_gib": round(torch.cuda.max_memory_allocated(device) / 2**30, 2) if on_gpu else None,
        "device": torch.cuda.get_device_name(device) if on_gpu else platform.processor() or "cpu",
        "torch": torch.__version__,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="practical")
    parser.add_argument("--scenes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64, 128, 174])
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--warmup", type=int, default=8)
    parser.add_argument("--plainly", action="store_true", help="also without kernels")
    parser.add_argument("--tiny", action="store_true", help="shrink the scenes: a test of this script")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parsed = parser.parse_args(arguments)
    prior = EmbeddedPrior(parsed.device)
    for plainly in (False, True) if parsed.plainly else (False,):
        with without_kernels(plainly):
            for scenes in parsed.scenes:
                sys.stdout.write(json.dumps(measure(prior, scenes, parsed, plainly)) + "\n")
                sys.stdout.flush()
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
