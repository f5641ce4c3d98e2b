"""The benchmark of a step: it builds the published architectures, counts what they compute, and its small form runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import architectures, rates
from benchmarks import step as benchmark


def test_the_architectures_have_the_published_sizes() -> None:
    from diffusers import AutoencoderKL, UNet2DConditionModel

    wanted = [
        (UNet2DConditionModel, architectures.SD21_UNET, 865_910_724),
        (AutoencoderKL, architectures.SD_VAE, 83_653_863),
        (UNet2DConditionModel, architectures.IF_M_UNET, 371_605_830),
        (UNet2DConditionModel, architectures.IF_XL_UNET, 4_304_700_000),
    ]
    for model, config, parameters in wanted:
        with torch.device("meta"):
            count = sum(weight.numel() for weight in model(**config).parameters())
        assert count == pytest.approx(parameters, rel=1e-9 if parameters % 100 else 1e-4)


def test_operations_are_those_of_the_layers() -> None:
    # without attention: two passes of 1.609 / 2 TFLOP through the U-Net are known from a count by hand to three digits
    assert rates.model_flops("sd21", tiny=False) == pytest.approx(3.88e12, rel=2e-2)


@pytest.mark.parametrize("prior", ["sd21", "if-xl", "if-m", "embedded"])
def test_the_small_form_runs(prior: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rows.jsonl"
    command = f"--tiny --prior {prior} --scenes 1 2 --steps 1 --warmup 0 --dtype float32 --device cpu --out {out}"
    benchmark.main(command.split())
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["prior"], row["scenes"]) for row in rows] == [(f"{prior} (tiny)", 1), (f"{prior} (tiny)", 2)]
    for row in rows:
        assert row["nonfinite_updates"] == 0
        assert row["ms_per_step"] == pytest.approx(row["scenes"] * row["ms_per_scene_step"], rel=1e-2, abs=1e-3)
        parts = [row[name] for name in ("render", "encode", "prior_ms", "backward", "optimiser")]
        assert all(part > 0.0 for part in parts)
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("left_out", [["fused", "graphs"], ["kernels", "trials"]])
def test_techniques_can_be_left_out(left_out: list[str], tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    command = f"--tiny --prior if-m --scenes 1 --steps 1 --warmup 0 --dtype float32 --device cpu --out {out} --without"
    benchmark.main([*command.split(), *left_out])
    assert json.loads(out.read_text())["without"] == left_out


def test_all_fields_run(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    for field in benchmark.FIELDS:
        command = f"--tiny --prior if-m --field {field} --scenes 1 --steps 1 --warmup 0 --dtype float32 --device cpu"
        benchmark.main([*command.split(), "--out", str(out)])
    assert [json.loads(line)["field"] for line in out.read_text().splitlines()] == list(benchmark.FIELDS)
