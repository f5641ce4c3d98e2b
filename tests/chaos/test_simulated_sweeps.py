"""Seeded sweeps under simulated chaos. Replay one: `PYTHONPATH=tests python -m chaos.run --seed N`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from chaos.faults import CHANCES, Strike
from chaos.sweep import Ended, Sweep

SEEDS = range(40)


def digest(ended: Ended) -> str:
    """Of all that lies on the disk but the nonces of claims, which are the operating system's chance."""
    told = f"{ended.seconds} {ended.drivers} {sorted(ended.faults.items())} {sorted(ended.objects)}"
    return hashlib.sha256(told.encode()).hexdigest()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeds", [SEEDS[start::4] for start in range(4)], ids=lambda seeds: f"from {seeds[0]}")
def test_no_promise_is_broken(seeds: Iterable[int]) -> None:
    faults = 0
    for seed in seeds:
        ended = Sweep(seed).run()
        assert ended.violations == (), f"seed {seed}: PYTHONPATH=tests python -m chaos.run --seed {seed}"
        faults += ended.faults.total()
    assert faults > 50, "too calm to prove anything"


def test_a_seed_replays_the_sweep_whatever_the_process() -> None:
    seed = 7
    program = (
        f"from chaos.sweep import Sweep; from test_simulated_sweeps import digest; print(digest(Sweep({seed}).run()))"
    )
    tests = Path(__file__).parents[1]
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": f"{tests}:{tests.parent}:{tests / 'chaos'}", "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert told == {f"{digest(Sweep(seed).run())}\n"}


def test_a_compaction_is_no_attempt() -> None:
    """The last driver may commit what a stale worker finished, and compacts it; it must not begin an attempt."""
    sweep = Sweep(0, trials=1)
    sweep.cluster.disk.objects = {
        f"/sweep/{key}/claim.json": (b"{}", "") for key in ("dataset/v1", f"attempts/{'0' * 20}/1")
    }
    assert sweep.claims() == 1


# ---- enumerated points -----------------------------------------------------------------------------------------------

POINTS = [kind for kind in CHANCES if kind.startswith("killed ") or kind.endswith("paused at a request")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", POINTS)
def test_at_every_request_a_process_may_die_or_fall_asleep(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Drivers and workers alike, on a sweep of three trials with compaction on the way; a sleeping driver is replaced
    and wakes up again. Every request is a point, one after the other."""
    struck: set[str] = set()
    for at in range(1, 10_000):
        strike = Strike.once(kind, at)
        sweep = Sweep(3, trials=3, weather=strike)
        sweep.cluster.options = replace(sweep.cluster.options, worth_seconds=0.0)  # so that every write is a point
        ended = sweep.run()
        if not strike.counts:
            break
        struck.add(strike.struck.removeprefix("/sweep/").partition("/")[0])
        assert ended.violations == (), f"{kind}, request {at}, at {strike.struck}"
    with capsys.disabled():
        sys.stdout.write(f" [{at - 1} points: {kind}]")
    assert at > 50, "too few points: are the requests counted?"
    expected = {"attempts"} if kind.startswith("worker") else {"attempts", "commits", "dataset", "journal", "lease"}
    assert expected <= struck
