"""Packs are sized by what is measured: where more scenes stop to pay, what fits, and what was measured before."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import torch

from dreamcore import fitting
from dreamcore.config import SceneConfig
from dreamcore.fitting import Measured, best_size, expected_memory, fit, next_size
from dreamcore.pack import Pack, StepResult
from dreamcore.plain import override
from dreamcore.presets import preset
from dreamcore.priors.mixture import MixturePrior

GIB = 2**30
CONFIG = override(
    preset("quick"),
    {"steps": 5, "field.resolutions": [4], "field.table_size": 64, "render.resolution": 8, "sampling.samples": 4},
)


def test_it_is_doubled_while_it_pays_and_fits() -> None:
    def row(scenes: int, seconds: float, memory: int) -> Measured:
        return Measured(scenes=scenes, seconds=seconds, memory=memory)

    eight, sixteen, more = row(8, 1.0, 4 * GIB), row(16, 1.2, 5 * GIB), row(32, 2.35, 7 * GIB)
    assert next_size([], 80 * GIB, 100) == 8
    assert next_size([], 80 * GIB, 5) == 5
    assert next_size([eight], 80 * GIB, 100) == 16
    assert next_size([eight], 80 * GIB, 11) == 11
    assert next_size([eight], 80 * GIB, 8) is None
    assert next_size([eight], 8 * GIB, 100) is None, "in proportion 8 GiB, of which a tenth is kept free"
    assert expected_memory([eight, sixteen], 32) == 7 * GIB
    assert next_size([eight, sixteen], 80 * GIB, 100) == 32
    assert next_size([eight, sixteen], 7 * GIB, 100) is None
    assert next_size([eight, sixteen, more], 80 * GIB, 100) is None, "2 % more is not worth it"
    assert best_size([eight, sixteen, more]) == 16
    assert best_size([eight]) == 8
    assert best_size([]) == 1


class Bench:
    """A `Meter` of a device that does not exist: a step takes `fixed` + `each` seconds a scene, a scene takes `size`
    bytes, and what is over `memory` does not fit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fixed: float, each: float, size: int, memory: int) -> None:
        self.memory, self.tried = memory, list[int]()
        self._now, self._used = 0.0, 0
        step = Pack.step

        def measured_step(pack: Pack) -> list[StepResult]:
            scenes = len(pack.keys)
            if not self.tried or self.tried[-1] != scenes:
                self.tried.append(scenes)
            if scenes * size > memory:
                raise torch.OutOfMemoryError("too much")
            self._used = scenes * size
            self._now += fixed + each * scenes
            results = step(pack)
            assert not any(result.finished for result in results)
            return results

        monkeypatch.setattr(Pack, "step", measured_step)

    def begin(self) -> None:
        self._used = 0

    def used(self) -> int:
        return self._used

    def now(self) -> float:
        return self._now


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return lambda **settings: Bench(monkeypatch, **settings)


def result_of(steps: Generator[str, None, int]) -> int:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            size: int = end.value
            return size


def fitted(bench: Bench, most: int) -> int:
    assert isinstance(CONFIG, SceneConfig)
    return result_of(fit(MixturePrior.palette("cpu", 32), "a red ball", CONFIG, most, bench))


def test_the_knee_is_found(bench: Callable[..., Bench]) -> None:
    there = bench(fixed=1.0, each=0.1, size=1, memory=10_000)
    # scene-steps a second: 4.44, 6.15, 7.62, 8.65, 9.28, 9.52
    assert fitted(there, 200) == 128
    assert there.tried == [8, 16, 32, 64, 128, 200]


def test_what_was_measured_is_kept(bench: Callable[..., Bench], tmp_path: Path) -> None:
    there = bench(fixed=0.0, each=1.0, size=1, memory=10_000)
    assert fitted(there, 40) == 8
    assert there.tried == [8, 16]
    there.tried.clear()
    assert (fitted(there, 40), fitted(there, 12), fitted(there, 5)) == (8, 8, 5)
    assert there.tried == []
    (file,) = (tmp_path / "dreamsweep" / "packs").iterdir()
    file.write_text("[{")
    assert fitted(there, 40) == 8
    assert there.tried == [8, 16]


def test_a_larger_sweep_is_measured_further(bench: Callable[..., Bench]) -> None:
    there = bench(fixed=100.0, each=0.0, size=1, memory=10_000)
    assert fitted(there, 8) == 8
    assert fitted(there, 32) == 32
    assert there.tried == [8, 16, 32]


@pytest.mark.parametrize(
    ("size", "found", "tried"), [(30, 2, [8, 4, 2]), (60, 1, [8, 4, 2, 1]), (200, 1, [8, 4, 2, 1])]
)
def test_what_does_not_fit_is_halved(bench: Callable[..., Bench], size: int, found: int, tried: list[int]) -> None:
    there = bench(fixed=1.0, each=0.0, size=size, memory=100)
    assert fitted(there, 40) == found
    assert there.tried == tried


def test_a_scene_is_measured_in_the_middle_of_its_run_at_its_full_resolution() -> None:
    assert isinstance(CONFIG, SceneConfig)
    scene = fitting._halfway("a red ball", 3, CONFIG)
    assert (scene.progress.step, scene.config.steps) == (50, 100)
    assert isinstance(scene.config, SceneConfig)
    assert scene.config.render.coarse_fraction == 0.0
    assert CONFIG.render.coarse_fraction > 0.0
