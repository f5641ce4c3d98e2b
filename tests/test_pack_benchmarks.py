"""The benchmarks of joining, of checkpoints and of a CPU's step: their small forms run and tell of every event."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import checkpoint, cpu_step, pack_join
from dreamcore.priors.embedded import EmbeddedPrior
from dreamcore.sds import Prompts, _halves

TINY = "--tiny --prior if-m --scenes 2 --steps 1 --warmup 0 --dtype float32 --device cpu"


def test_scenes_are_replaced_leave_and_join(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    pack_join.main([*TINY.split(), "--repeat", "2", "--out", str(out)])
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["event"] for row in rows] == ["replaced", "left", "joined"]
    assert all(row["ms"] > 0.0 and row["captured"] == 0 for row in rows)


def test_a_checkpoint_is_copied_turned_to_bytes_and_written(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    checkpoint.main([*TINY.split(), "--out", str(out)])
    one, every = [json.loads(line) for line in out.read_text().splitlines()]
    assert (one["saved"], every["saved"]) == ("one", "all")
    assert every["mb"] == pytest.approx(2.0 * one["mb"], rel=1e-3)
    for row in (one, every):
        parts = row["copy_ms"] + row["bytes_ms"] + row["write_ms"]
        assert row["stall_ms"] == pytest.approx(parts, abs=0.02)


def test_every_way_of_a_cpu_is_timed(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    threads = torch.get_num_threads()
    cpu_step.main(["--tiny", "--steps", "1", "--turns", "1", "--out", str(out)])
    torch.set_num_threads(threads)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["phase"], row["way"]) for row in rows] == [
        (phase, way) for phase in ("coarse", "full") for way in cpu_step.WAYS
    ]
    assert all(row["ratio"] == 1.0 for row in rows if row["way"] == "shipped")


def test_halves_apart_are_the_halves() -> None:
    prior = EmbeddedPrior("cpu", "float32")
    z, t = torch.randn(2, 3, 64, 64), torch.tensor([0.3, 0.7])
    prompts = Prompts.pair(prior.encode_prompts(["a red mug", "a snowman"]), prior.unconditional())
    for found, expected in zip(cpu_step._apart(prior, z, t, prompts), _halves(prior, z, t, prompts), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
