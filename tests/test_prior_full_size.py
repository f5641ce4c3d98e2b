"""The benchmark of the full-size priors: it builds the published architectures, and its small form runs."""

from __future__ import annotations

import json

import pytest
import torch

from benchmarks import prior_full_size as benchmark


def test_the_architectures_have_the_published_sizes() -> None:
    from diffusers import AutoencoderKL, UNet2DConditionModel

    wanted = [
        (UNet2DConditionModel, benchmark.SD21_UNET, 865_910_724),
        (AutoencoderKL, benchmark.SD_VAE, 83_653_863),
        (UNet2DConditionModel, benchmark.IF_M_UNET, 371_605_830),
    ]
    for model, config, parameters in wanted:
        with torch.device("meta"):
            assert sum(weight.numel() for weight in model(**config).parameters()) == parameters


@pytest.mark.parametrize("model", ["sd21", "if-m"])
def test_the_small_form_runs(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"--tiny --model {model} --scenes 1 --steps 1 --warmup 0 --resolution 8 --dtype float32 --device cpu"
    benchmark.main(command.split())
    result = json.loads(capsys.readouterr().out)
    assert result["model"] == f"{model} (tiny)"
    assert (result["nonfinite_updates"], result["scenes_finite"]) == (0, True)
    assert result["ms_per_scene_step"] > 0.0
