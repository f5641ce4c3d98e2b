"""What it costs a pack that a scene leaves and another joins.

`python -m benchmarks.pack_join --scenes 16` runs a full pack and replaces one scene after another, as finished trials
are. Cost is told in steps of the pack; `captured` counts the CUDA graphs that had to be made anew, `slower` is what the
step after the change takes more than others. `--tiny` shrinks everything until a CPU runs it.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

import torch

from benchmarks.architectures import ARCHITECTURES
from benchmarks.step import PROMPTS, about_device, add_scene_options, make_config, make_pack, step_times
from benchmarks.table import Row, add_out, report
from dreamcore.pack import Pack
from dreamcore.priors.graphed import GraphedCall
from dreamcore.priors.networks import DTYPES
from dreamcore.scene import Scene

COLUMNS = ("prior", "scenes", "event", "ms", "slower_ms", "ms_per_step", "steps_lost", "captured")


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """One row an event: a scene replaced by another, one that leaves, one that joins; medians over repetitions."""
    device = torch.device(arguments.device)
    torch.manual_seed(0)
    prior = ARCHITECTURES[arguments.prior](device, DTYPES[arguments.dtype], tiny=arguments.tiny)
    config = make_config(arguments)
    # made beforehand: a worker has a trial's checkpoint in hand when it joins
    count = 2 * arguments.repeat * len(arguments.scenes)
    spare = iter([Scene.create(PROMPTS[seed % len(PROMPTS)], seed, config) for seed in range(1000, 1000 + count)])
    for scenes in arguments.scenes:
        pack = make_pack(prior, scenes, config)
        step_times(pack, arguments.warmup, device)
        usual = statistics.median(step_times(pack, arguments.steps, device))
        events: dict[str, Callable[[], None]] = {
            "replaced": functools.partial(_replace, pack, spare),
            "left": functools.partial(_leave, pack),
            "joined": functools.partial(_join, pack, spare),
        }
        found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in events}
        for _ in range(arguments.repeat):
            for name, event in events.items():
                found[name].append(_timed(event, pack, usual, device))
        for name, times in found.items():
            cost, slower = (statistics.median(one[place] for one in times) for place in (0, 1))
            yield {
                **about_device(arguments, arguments.prior, device),
                "scenes": scenes,
                "event": name,
                "ms": round(cost, 3),
                "slower_ms": round(slower, 3),
                "ms_per_step": round(usual, 3),
                "steps_lost": round((cost + max(0.0, slower)) / usual, 4),
                "captured": sum(one[2] for one in times),
            }


def _timed(event: Callable[[], None], pack: Pack, usual: float, device: torch.device) -> tuple[float, float, int]:
    """Milliseconds of the event, those by which the next step is slower, and the graphs that were captured."""
    capture = GraphedCall._capture
    with mock.patch.object(GraphedCall, "_capture", autospec=True, side_effect=capture) as captures:
        start = time.perf_counter()
        event()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        cost = 1000.0 * (time.perf_counter() - start)
        (after,) = step_times(pack, 1, device)
    return cost, after - usual, captures.call_count


def _leave(pack: Pack) -> None:
    pack.leave(pack.keys[0])


def _join(pack: Pack, spare: Iterator[Scene]) -> None:
    scene = next(spare)
    pack.join(f"{scene.prompt} {scene.seed}", scene)


def _replace(pack: Pack, spare: Iterator[Scene]) -> None:
    _leave(pack)
    _join(pack, spare)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", choices=list(ARCHITECTURES), default="embedded")
    parser.add_argument("--scenes", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--repeat", type=int, default=8)
    add_scene_options(parser)
    add_out(parser)
    parsed = parser.parse_args(arguments)
    report(rows(parsed), COLUMNS, parsed.out)


if __name__ == "__main__":
    main(sys.argv[1:])
