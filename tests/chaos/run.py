"""Simulated sweeps under chaos, from the command line: `PYTHONPATH=tests python -m chaos.run --sweeps 100`.

Replay one: `PYTHONPATH=tests python -m chaos.run --seed 17`. Exit code 1 if any promise was broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from chaos.sweep import Ended, Sweep


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one alone")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--sweeps", type=int, default=100)
    parser.add_argument("--trials", type=int, default=50, help="of each sweep")
    parser.add_argument("--json", help="write the summary there")
    chosen = parser.parse_args(arguments)
    seeds = [chosen.seed] if chosen.seed is not None else range(chosen.first, chosen.first + chosen.sweeps)
    faults: Counter[str] = Counter()
    broken: list[Ended] = []
    began, trials, drivers = time.monotonic(), 0, 0
    for done, seed in enumerate(seeds, start=1):
        ended = Sweep(seed, chosen.trials).run()
        faults += ended.faults
        trials, drivers = trials + ended.trials, drivers + ended.drivers
        if ended.violations:
            broken.append(ended)
            _say(f"\nseed {seed}: " + "\n  ".join(ended.violations[:5]) + "\n")
        line = f"{done} of {len(seeds)} sweeps, {trials} trials, {faults.total()} faults, {len(broken)} broken"
        _say(f"\r{line}" if sys.stdout.isatty() else f"{line}\n")
    summary = {
        "sweeps": len(seeds),
        "trials": trials,
        "drivers": drivers,
        "faults": faults.total(),
        "by_kind": dict(sorted(faults.items())),
        "broken": [ended.seed for ended in broken],
        "seconds": round(time.monotonic() - began, 1),
    }
    _say(f"\n{json.dumps(summary, indent=1)}\n")
    if chosen.json:
        with open(chosen.json, "w") as file:
            file.write(json.dumps(summary, indent=1) + "\n")
    return 1 if broken else 0


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
