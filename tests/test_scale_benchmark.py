"""The benchmark of many trials: its small form runs, and each stage leaves what the next one needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_small_form_runs(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", "--trials", "40", "--left", "4", "--folder", str(tmp_path / "new")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    machine, *stages = [json.loads(line) for line in run.stdout.splitlines()]
    assert machine["cores"] >= 1
    names = [stage["stage"] for stage in stages]
    assert names == ["plan", "schedule", "fill", "compact", "resume", "status", "query"]
    found = dict(zip(names, stages, strict=True))
    assert (found["fill"]["commits"], found["resume"]["ran"], found["query"]["rows"]) == (36, 4, 40)
