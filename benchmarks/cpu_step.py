"""The quickstart's step on a CPU: each technique left out, as a ratio, all in one run.

`python -m benchmarks.cpu_step` advances one scene of `quick` a few steps at a time in every way, in turns, so that what
else the machine does weighs on all of them alike. `ratio` is how many times as long a step takes as in the way that is
shipped. `--threads` is what a worker has: quickstart gives each of its workers one core of two. `--tiny` is a test.
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

import torch

from benchmarks.step import PROMPTS, TINY, step_times
from benchmarks.table import Row, add_out, report
from dreamcore import sds
from dreamcore.config import SceneConfig
from dreamcore.pack import Pack
from dreamcore.plain import override
from dreamcore.presets import preset
from dreamcore.priors.base import Conditioning
from dreamcore.priors.embedded import EmbeddedPrior
from dreamcore.priors.fuse import fuse
from dreamcore.scene import Scene

COLUMNS = ("way", "phase", "ms_per_step", "ratio", "steps_per_second")


def _apart(prior: Any, z: torch.Tensor, t: torch.Tensor, prompts: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Both halves of the guidance, a call of the prior each."""
    half = torch.arange(len(z))
    first, second = (prior.predict_noise(z, t, prompts.both[half + start]) for start in (0, len(z)))
    return first, second


def _embedded_anew(pack: Pack, keys: tuple[str, ...]) -> Conditioning:
    """The prompts of these scenes through the text encoder, at every step."""
    members = {member.key: member for member in pack._members}
    return Conditioning.cat([pack._embed(members[key].scene) for key in keys])


# Each way to take a step, by what is patched while it is taken.
WAYS: dict[str, Callable[[], Sequence[AbstractContextManager[Any]]]] = {
    "shipped": lambda: [],
    "halves apart": lambda: [mock.patch.object(sds, "_halves", _apart)],
    "prompts anew": lambda: [mock.patch.object(Pack, "_conditioning_of", _embedded_anew)],
    "both": lambda: [*WAYS["halves apart"](), *WAYS["prompts anew"]()],
    "fused network": lambda: [],
    "bfloat16": lambda: [],
    "float32": lambda: [],
}


def make_priors() -> dict[str, EmbeddedPrior]:
    """The prior of each way."""
    shipped = EmbeddedPrior("cpu")
    others = {"fused network": EmbeddedPrior("cpu")} | {
        name: EmbeddedPrior("cpu", name) for name in ("bfloat16", "float32")
    }
    fuse(others["fused network"]._unet)
    return {way: others.get(way, shipped) for way in WAYS}


def make_packs(priors: Mapping[str, EmbeddedPrior], phase: str, *, tiny: bool) -> dict[str, Pack]:
    """A scene of its own for every way, the same in all. They never finish."""
    config = override(preset("quick"), {"steps": 1_000_000} | (TINY if tiny else {}))
    config = override(config, {"render.coarse_fraction": 0.5 if phase == "coarse" else 0.0})
    assert isinstance(config, SceneConfig)
    packs = {}
    for way, prior in priors.items():
        packs[way] = Pack(prior)
        packs[way].join("scene", Scene.create(PROMPTS[0], 0, config))
    return packs


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    """One row a way and phase of the run: `coarse`, at half the resolution, and `full`."""
    torch.set_num_threads(arguments.threads)
    device = torch.device("cpu")
    priors = make_priors()
    for phase in ("coarse", "full"):
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        packs = make_packs(priors, phase, tiny=arguments.tiny)
        for turn in range(arguments.turns + 1):
            for way, pack in packs.items():
                with contextlib.ExitStack() as patches:
                    for patch in WAYS[way]():
                        patches.enter_context(patch)
                    found = step_times(pack, arguments.steps, device)
                times[way] += found if turn else []  # the first turn warms up
        shipped = statistics.median(times["shipped"])
        for way, found in times.items():
            median = statistics.median(found)
            yield {
                "way": way,
                "phase": phase,
                "ms_per_step": round(median, 2),
                "fastest_ms": round(min(found), 2),
                "ratio": round(median / shipped, 3),
                "steps_per_second": round(1000.0 / median, 2),
                "threads": arguments.threads,
                "dtype_of_auto": str(packs["shipped"]._prior.encode_prompts(["a"]).tensors["tokens"].dtype),
                "device": platform.processor() or platform.machine(),
                "torch": torch.__version__,
            }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=4, help="in a row of each way")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="shrink the scenes: a test of this script")
    add_out(parser)
    parsed = parser.parse_args(arguments)
    report(rows(parsed), COLUMNS, parsed.out)


if __name__ == "__main__":
    main(sys.argv[1:])
