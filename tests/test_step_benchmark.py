"""The benchmark of a step: its small form runs, and says how many scenes shared it."""

from __future__ import annotations

import json

import pytest

from benchmarks import step as benchmark


def test_the_small_form_runs(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(["--tiny", "--scenes", "1", "2", "--steps", "1", "--warmup", "0", "--plainly", "--device", "cpu"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["scenes"], row["kernels"]) for row in found] == [(1, False), (2, False)] * 2
    for row in found:
        assert row["ms_per_step"] == pytest.approx(row["scenes"] * row["ms_per_scene_step"], rel=1e-2, abs=1e-3)
        assert row["ms_per_step"] > 0.0
