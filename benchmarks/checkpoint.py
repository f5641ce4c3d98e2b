"""For how long a checkpoint holds up the pack that its scene is in.

`python -m benchmarks.checkpoint --scenes 16` times what a worker does between two steps: the scene copied off the
device, turned into bytes, and written to a folder with its pointer. `all` is every scene of the pack, one after
another, as when they began together. `--tiny` shrinks everything until a CPU runs it.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from benchmarks.architectures import ARCHITECTURES
from benchmarks.step import about_device, add_scene_options, make_config, make_pack, step_times
from benchmarks.table import Row, add_out, report
from dreamcore.priors.networks import DTYPES
from pipeline.record.attempts import Checkpoint, save_checkpoint
from pipeline.storage import Storage

COLUMNS = ("prior", "scenes", "saved", "copy_ms", "bytes_ms", "write_ms", "stall_ms", "ms_per_step", "steps_lost", "mb")


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """Two rows a pack: one scene, the median of all, and all of them."""
    device = torch.device(arguments.device)
    torch.manual_seed(0)
    prior = ARCHITECTURES[arguments.prior](device, DTYPES[arguments.dtype], tiny=arguments.tiny)
    for scenes in arguments.scenes:
        pack = make_pack(prior, scenes, make_config(arguments))
        step_times(pack, arguments.warmup, device)
        usual = statistics.median(step_times(pack, arguments.steps, device))
        found = []
        with tempfile.TemporaryDirectory() as folder:
            storage = Storage(folder)
            for number, key in enumerate(pack.keys):
                scene, copy = _timed(functools.partial(pack.snapshot, key))
                blob, to_bytes = _timed(scene.dump)
                saved = Checkpoint(number=1, step=1, blob=blob, rows=[], seconds=0.0)
                save = functools.partial(save_checkpoint, storage, f"{number:016x}", saved, 2)
                _, write = _timed(save)
                found.append((copy, to_bytes, write, len(blob) / 1e6))
        for name, of in (("one", statistics.median), ("all", sum)):
            copy, to_bytes, write, size = (of(values) for values in zip(*found, strict=True))
            stall = copy + to_bytes + write
            yield {
                **about_device(arguments, arguments.prior, device),
                "scenes": scenes,
                "saved": name,
                "copy_ms": round(copy, 2),
                "bytes_ms": round(to_bytes, 2),
                "write_ms": round(write, 2),
                "stall_ms": round(stall, 2),
                "ms_per_step": round(usual, 3),
                "steps_lost": round(stall / usual, 3),
                "mb": round(size, 2),
            }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the milliseconds it takes."""
    start = time.perf_counter()
    result = work()
    return result, 1000.0 * (time.perf_counter() - start)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", choices=list(ARCHITECTURES), default="embedded")
    parser.add_argument("--scenes", type=int, nargs="+", default=[16, 64])
    add_scene_options(parser)
    add_out(parser)
    parsed = parser.parse_args(arguments)
    report(rows(parsed), COLUMNS, parsed.out)


if __name__ == "__main__":
    main(sys.argv[1:])
