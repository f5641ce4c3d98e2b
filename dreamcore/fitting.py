"""How many scenes a device should advance together: measured in a few steps, and kept for the next time.

Packs of twice as many scenes are tried as long as a scene-step becomes clearly cheaper and the next pack will fit.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch

from dreamcore.config import SceneConfig, TrialConfig
from dreamcore.pack import Pack, pack_key
from dreamcore.priors.base import Prior
from dreamcore.priors.embedding_cache import cache_folder
from dreamcore.scene import Scene

FIRST = 8  # scenes; smaller packs are tried only if these do not fit
_MARGIN = 0.1  # of the memory, kept free: scenes render larger views when they finish
_GAIN = 0.05  # less than this is not worth another doubling
_STEPS = 3
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A pack of so many `scenes`: `seconds` of one step, and `memory` in bytes, the prior's included."""

    scenes: int
    seconds: float
    memory: int

    @property
    def rate(self) -> float:
        """Scene-steps a second."""
        return self.scenes / self.seconds


@runtime_checkable
class Meter(Protocol):
    """What is measured with. `memory` is what this process can have in all, in bytes."""

    memory: int

    def begin(self) -> None:
        """Free what is left of the pack before, and forget its peak."""
        ...

    def used(self) -> int:
        """The most bytes that were taken since."""
        ...

    def now(self) -> float:
        """Seconds, when all work that was asked for is done."""
        ...


class CudaMeter:
    """A `Meter` of a GPU."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        free, _ = torch.cuda.mem_get_info(device)
        self.memory = free + torch.cuda.memory_reserved(device)

    def begin(self) -> None:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self._device)

    def used(self) -> int:
        return torch.cuda.max_memory_reserved(self._device)

    def now(self) -> float:
        torch.cuda.synchronize(self._device)
        return time.perf_counter()


# ---- deciding --------------------------------------------------------------------------------------------------------


def next_size(found: Sequence[Measured], memory: int, most: int) -> int | None:
    """The pack to try after those that were `found`, rising; None when enough is known."""
    if not found:
        return min(FIRST, most)
    last = found[-1]
    wanted = min(2 * last.scenes, most)
    gains = len(found) < 2 or last.rate >= (1.0 + _GAIN) * found[-2].rate
    fits = expected_memory(found, wanted) <= (1.0 - _MARGIN) * memory
    return wanted if wanted > last.scenes and gains and fits else None


def expected_memory(found: Sequence[Measured], scenes: int) -> float:
    """Of a pack of `scenes`: along the line through the last two, or in proportion to a single one, which is more."""
    last = found[-1]
    if len(found) == 1:
        return last.memory * scenes / last.scenes
    each = (last.memory - found[-2].memory) / (last.scenes - found[-2].scenes)
    return last.memory + each * (scenes - last.scenes)


def best_size(found: Sequence[Measured]) -> int:
    """The smallest pack that is within a few per cent of the fastest; 1 if none fitted."""
    fastest = max((one.rate for one in found), default=0.0)
    return min((one.scenes for one in found if one.rate >= (1.0 - _GAIN) * fastest), default=1)


# ---- measuring -------------------------------------------------------------------------------------------------------


def fit(prior: Prior, prompt: str, config: TrialConfig, most: int, meter: Meter) -> Generator[str, None, int]:
    """The best size of packs of scenes like this, `most` at most. Each item says in words what is done next.

    What was measured is kept in the user's cache and not measured again there for the same device, prior and pack key.
    """
    kept = _file(prior, config, meter)
    found = _read(kept)
    if found is None or (found[-1].scenes < most and next_size(found, meter.memory, most) is not None):
        found = yield from measure(prior, prompt, config, most, meter)
        _write(kept, found)
    return min(best_size(found), most)


def measure(
    prior: Prior, prompt: str, config: TrialConfig, most: int, meter: Meter
) -> Generator[str, None, list[Measured]]:
    """Every pack that was tried and fitted, rising. A pack that does not fit ends it, or, if it is the first, is halved
    until one does."""
    found: list[Measured] = []
    size = next_size(found, meter.memory, most)
    while size is not None:
        yield f"measuring a pack of {size}"
        one = _measured(prior, prompt, config, size, meter)
        if one is not None:
            found.append(one)
            size = next_size(found, meter.memory, most)
        else:
            size = size // 2 if not found and size > 1 else None
            most = size or most  # nothing larger than what has just failed to fit
    meter.begin()
    return found


def _measured(prior: Prior, prompt: str, config: TrialConfig, size: int, meter: Meter) -> Measured | None:
    """None where it does not fit."""
    meter.begin()
    try:
        pack = Pack(prior)
        for seed in range(size):
            pack.join(str(seed), _halfway(prompt, seed, config))
        pack.step()  # what is set up on first use
        start = meter.now()
        for _ in range(_STEPS):
            pack.step()
        return Measured(scenes=size, seconds=(meter.now() - start) / _STEPS, memory=meter.used())
    except torch.OutOfMemoryError:
        return None


def _halfway(prompt: str, seed: int, config: TrialConfig) -> Scene:
    """A scene in the middle of its run, where all that a step can need is at work, and at its full resolution."""
    config = replace(config, steps=max(config.steps, 100))
    if isinstance(config, SceneConfig):
        config = replace(config, render=replace(config.render, coarse_fraction=0.0))
    scene = Scene.create(prompt, seed, config)
    return replace(scene, progress=replace(scene.progress, step=config.steps // 2))


# ---- keeping ---------------------------------------------------------------------------------------------------------


def _file(prior: Prior, config: TrialConfig, meter: Meter) -> Path:
    on_gpu = prior.device.type == "cuda"
    name = torch.cuda.get_device_name(prior.device) if on_gpu else str(prior.device)
    gib = meter.memory >> 30  # a GPU that others use has less
    about = json.dumps([_FORMAT, name, gib, torch.__version__, prior.identity, pack_key(config)])
    return cache_folder().parent / "packs" / f"{hashlib.sha256(about.encode()).hexdigest()}.json"


def _read(file: Path) -> list[Measured] | None:
    """None for what is not there or is damaged."""
    try:
        return [Measured(**one) for one in json.loads(file.read_text(encoding="utf-8"))] or None
    except (OSError, ValueError, TypeError):
        return None


def _write(file: Path, found: Sequence[Measured]) -> None:
    """Whole or not at all. A cache that cannot be written is done without."""
    temporary = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps([asdict(one) for one in found]), encoding="utf-8")
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)
