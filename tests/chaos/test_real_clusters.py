"""A few seeded sweeps on real clusters, each with some of the faults, so that together they meet all of them."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from chaos.real import FAULTS, TESTS, RealSweep

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(280)]

SWEEPS = 2


def dealt(seed: int) -> list[str]:
    """The faults of sweep `seed` of `SWEEPS`."""
    kinds = sorted(FAULTS)
    random.Random(6).shuffle(kinds)
    return kinds[seed::SWEEPS]


@pytest.mark.parametrize("seed", range(SWEEPS))
def test_no_promise_is_broken(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS.parent), str(TESTS)]))
    monkeypatch.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
    with RealSweep(tmp_path, seed) as sweep:
        for kind in dealt(seed):
            FAULTS[kind](sweep)
            sys.stderr.write(f"[{kind}: {sweep.commits()} commits] ")
        sweep.finish(seconds=150.0)
        assert sweep.violations() == [], f"sweep {seed} with {dealt(seed)}: see {tmp_path}"
        sweep.everything_is_back()
