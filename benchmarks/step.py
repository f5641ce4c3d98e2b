"""What a whole step costs: by prior, number of scenes in the pack, and field.

`python -m benchmarks.step --prior sd21 --scenes 1 2 4 8 16 32` on a GPU. The full-size priors have random weights.
`--without` leaves techniques out, one by one, `--tiny` shrinks everything until a CPU runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import torch

from benchmarks.architectures import ARCHITECTURES
from benchmarks.rates import matmul_rate, model_flops
from benchmarks.spans import instrumented
from benchmarks.table import Row, add_out, report
from dreamcore import kernels
from dreamcore.config import SceneConfig
from dreamcore.pack import Pack
from dreamcore.plain import override
from dreamcore.presets import preset
from dreamcore.priors import convolution, fuse, graphed, pixel_prior, stable_diffusion
from dreamcore.priors.base import Prior
from dreamcore.priors.networks import DTYPES
from dreamcore.scene import Scene

PROMPTS = ("a red mug", "a snowman", "a blue car", "a yellow duck")
TINY = {"render.resolution": 8, "sampling.samples": 4, "render.prune_resolution": 8}
FIELDS = ("grid", "residual")
COLUMNS = (
    "prior", "field", "scenes", "ms_per_scene_step", "render", "encode", "prior_ms", "backward", "optimiser", "other",
    "peak_gib", "mib_per_scene", "tflops", "share",
)  # fmt: skip


def _plain_call(graph: Any, *inputs: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = graph._function(*inputs)
    return result


# What a step is fast by, and how it is left out.
TECHNIQUES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "kernels": lambda: mock.patch.object(kernels, "installed", return_value=False),
    "fused": lambda: _nowhere("pays"),
    "graphs": lambda: mock.patch.object(graphed.GraphedCall, "__call__", torch.no_grad()(_plain_call)),
    "trials": lambda: mock.patch.object(convolution, "_fastest", contextlib.nullcontext),
}


@contextlib.contextmanager
def _nowhere(name: str) -> Iterator[None]:
    with contextlib.ExitStack() as patches:
        for module in (fuse, pixel_prior, stable_diffusion):
            patches.enter_context(mock.patch.object(module, name, return_value=False))
        yield


def make_pack(prior: Prior, scenes: int, config: SceneConfig) -> Pack:
    """Scenes of a few prompts, each with a seed of its own."""
    pack = Pack(prior)
    for seed in range(scenes):
        pack.join(str(seed), Scene.create(PROMPTS[seed % len(PROMPTS)], seed, config))
    return pack


def make_config(arguments: argparse.Namespace) -> SceneConfig:
    """The scenes that are asked for. They never finish."""
    config = override(preset(arguments.preset), TINY if arguments.tiny else {})
    config = override(config, {"steps": 1_000_000, "field": {"kind": arguments.field}})
    assert isinstance(config, SceneConfig)
    return config


def step_times(pack: Pack, steps: int, device: torch.device) -> list[float]:
    """Milliseconds of every step of the whole pack, up to when its results are known."""
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        pack.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(1000.0 * (time.perf_counter() - start))
    return times


def measure(prior: Prior, scenes: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """One pack."""
    device = prior.device
    on_gpu = device.type == "cuda"
    before = torch.cuda.memory_allocated(device) if on_gpu else 0
    pack = make_pack(prior, scenes, make_config(arguments))
    first = step_times(pack, 1, device)[0]
    step_times(pack, arguments.warmup, device)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    times = step_times(pack, arguments.steps, device)
    peak = torch.cuda.max_memory_allocated(device) if on_gpu else 0
    with instrumented(prior) as spans:
        step_times(pack, arguments.steps, device)
    parts = {name: total / arguments.steps for name, total in spans.totals().items()}
    nonfinite = sum(result.metrics["nonfinite"] for result in pack.step())
    each = statistics.median(times) / scenes
    return {
        "scenes": scenes,
        "ms_per_step": round(statistics.median(times), 3),
        "ms_per_scene_step": round(each, 4),
        "ms_per_scene_step_mean": round(statistics.fmean(times) / scenes, 4),
        **{"prior_ms" if name == "prior" else name: round(value / scenes, 4) for name, value in parts.items()},
        "other": round(each - sum(parts.values()) / scenes, 4),
        "peak_gib": round(peak / 2**30, 2) if on_gpu else None,
        "mib_per_scene": round((peak - before) / scenes / 2**20, 1) if on_gpu else None,
        "first_step_s": round(first / 1000.0, 2),  # with all that is compiled, tried and captured
        "nonfinite_updates": int(nonfinite),
        "kernels": hot(pack, device) if on_gpu and scenes in arguments.profile else None,
    }


def hot(pack: Pack, device: torch.device) -> dict[str, float]:
    """The kernels that most of the GPU's time goes to, milliseconds a step, and the whole time it is busy."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        step_times(pack, 3, device)
    on_device = [e for e in profile.key_averages() if e.device_type == torch.autograd.DeviceType.CUDA]
    found = sorted(((event.self_device_time_total / 3000.0, event.key) for event in on_device), reverse=True)
    named = {f"{number} {key[:60]}..{key[-60:]}": round(ms, 3) for number, (ms, key) in enumerate(found[:40])}
    return {"busy": round(sum(ms for ms, _ in found), 3)} | named


def about_device(arguments: argparse.Namespace, prior: str, device: torch.device) -> dict[str, Any]:
    """What every row says: what was run, and on what."""
    on_gpu = device.type == "cuda"
    return {
        "prior": prior + (" (tiny)" if arguments.tiny else ""),
        "field": arguments.field,
        "preset": arguments.preset,
        "device": torch.cuda.get_device_name(device) if on_gpu else platform.processor() or "cpu",
        "torch": torch.__version__,
        "dtype": arguments.dtype,
    }


def add_scene_options(parser: argparse.ArgumentParser) -> None:
    """What benchmarks of packs have in common."""
    parser.add_argument("--preset", choices=["quick", "practical"], default="practical")
    parser.add_argument("--field", choices=FIELDS, default="grid")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--warmup", type=int, default=6)
    parser.add_argument("--dtype", choices=list(DTYPES), default="bfloat16")
    parser.add_argument("--tiny", action="store_true", help="shrink prior and scenes: a test of this script")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """All that is asked for, prior by prior. What does not fit into memory gives a row that says so."""
    for name in arguments.prior:
        yield from _rows_of(name, arguments)


def _rows_of(name: str, arguments: argparse.Namespace) -> Iterator[Row]:
    device = torch.device(arguments.device)
    on_gpu = device.type == "cuda"
    ceiling = matmul_rate(device, tiny=arguments.tiny) if on_gpu else None
    flops = model_flops(name, tiny=arguments.tiny)
    about = about_device(arguments, name, device) | {
        "without": arguments.without,
        "matmul_tflops": ceiling and round(ceiling / 1e12, 1),
        "model_tflop_per_scene_step": round(flops / 1e12, 6),
    }
    with contextlib.ExitStack() as left_out:
        for technique in arguments.without:
            left_out.enter_context(TECHNIQUES[technique]())
        torch.manual_seed(0)
        prior = ARCHITECTURES[name](device, DTYPES[arguments.dtype], tiny=arguments.tiny)
        for scenes in arguments.scenes:
            try:
                found = measure(prior, scenes, arguments)
            except torch.OutOfMemoryError as error:
                yield about | {"scenes": scenes, "error": str(error).partition(". ")[0]}
                continue
            rate = flops / found["ms_per_scene_step"] * 1000.0
            yield about | found | {"tflops": round(rate / 1e12, 4), "share": ceiling and round(rate / ceiling, 4)}
            if on_gpu:
                torch.cuda.empty_cache()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", choices=list(ARCHITECTURES), nargs="+", default=["embedded"])
    parser.add_argument("--scenes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--without", choices=list(TECHNIQUES), nargs="*", default=[])
    parser.add_argument("--profile", type=int, nargs="*", default=[], help="pack sizes of which to keep the kernels")
    add_scene_options(parser)
    add_out(parser)
    parsed = parser.parse_args(arguments)
    report(rows(parsed), COLUMNS, parsed.out)


if __name__ == "__main__":
    main(sys.argv[1:])
