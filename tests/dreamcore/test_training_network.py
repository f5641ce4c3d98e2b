"""The shipped network, small ones, the pipeline that is saved of them, and images drawn by a model that is known."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from dreamcore.priors.diffusion_schedule import read_schedule
from dreamcore.training.network import build_unet, predictor, save_pipeline
from dreamcore.training.noise_levels import LossSettings
from dreamcore.training.prior_trainer import scheduler_config, training_schedule
from dreamcore.training.sampling import ddim, save_sheet, sheet
from dreamcore.training.settings import PriorSettings, read_settings

TOY = read_settings(PriorSettings, Path("prior_toy.json"))


def noise(count: int, side: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def awake(unet: nn.Module) -> nn.Module:
    """With the layers that begin as 0 drawn at random."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in unet.parameters():
            if not weight.any():
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
    return unet


@pytest.mark.parametrize("name", ["prior.json", "prior_toy.json"])
def test_every_weight_of_the_shipped_networks_is_of_use(name: str) -> None:
    settings = read_settings(PriorSettings, Path(name))
    unet = awake(build_unet(settings.unet, 0))
    side = settings.data.side
    output = predictor(unet)(noise(2, side), torch.tensor([5, 900]), torch.randn(2, 20, 384).half())
    assert output.shape == (2, 3, side, side)
    output.square().mean().backward()
    for path, weight in unet.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.isfinite().all(), path
        assert weight.grad.any(), path


def test_a_network_is_its_seed_and_begins_with_nothing() -> None:
    before = torch.get_rng_state()
    one, two, other = (build_unet(TOY.unet, seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    same = [torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True)]
    assert all(same)
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    output = predictor(one)(noise(1, 16), torch.tensor([500]), torch.randn(1, 20, 384))
    assert not output.any()


def test_prompt_and_time_matter() -> None:
    predict = predictor(awake(build_unet(TOY.unet, 0)))
    prompts = torch.randn(2, 20, 384)
    base = predict(noise(1, 16), torch.tensor([500]), prompts[:1])
    assert not torch.allclose(base, predict(noise(1, 16), torch.tensor([500]), prompts[1:]), atol=1e-3)
    assert not torch.allclose(base, predict(noise(1, 16), torch.tensor([100]), prompts[:1]), atol=1e-3)


def test_weights_can_be_replaced_for_a_call() -> None:
    own, other = (awake(build_unet(TOY.unet, seed)) for seed in (0, 1))
    arguments = (noise(1, 16), torch.tensor([500]), torch.randn(1, 20, 384))
    replaced = predictor(own, {name: weight.detach() for name, weight in other.named_parameters()})
    torch.testing.assert_close(replaced(*arguments), predictor(other)(*arguments))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block_channels": [16, 32]}, "unet.block_channels: unknown key. Known keys: act_fn, "),
        ({"out_channels": 6}, "must be \\(3, 3\\)"),
        ({"block_out_channels": [16]}, "unet: diffusers cannot build it"),
        ({"down_block_types": ["DownBlock2D", "NoBlock"]}, "unet: diffusers cannot build it"),
        ({"norm_num_groups": 5}, "unet: diffusers cannot build it"),
    ],
)
def test_networks_that_cannot_be_built_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_unet({**TOY.unet, **change}, 0)


def test_the_saved_pipeline_is_diffusers_own(tmp_path: Path) -> None:
    diffusers: Any = importlib.import_module("diffusers")
    unet = awake(build_unet(TOY.unet, 0))
    weights = {name: weight.detach() + 0.01 for name, weight in unet.named_parameters()}
    folder = tmp_path / "prior"
    folder.mkdir()
    (folder / "old").touch()
    save_pipeline(folder, unet, weights, scheduler_config(TOY.scheduler, TOY.loss))
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        ["model_index.json", "config.json", "diffusion_pytorch_model.safetensors", "scheduler_config.json"]
    )
    index = json.loads((folder / "model_index.json").read_text())
    assert index["_class_name"] == "IFPipeline"
    assert index["unet"] == ["diffusers", "UNet2DConditionModel"]
    assert index["text_encoder"] == ["transformers", "BertModel"]
    half = diffusers.UNet2DConditionModel.from_pretrained(
        folder / "unet", torch_dtype=torch.float16, low_cpu_mem_usage=False
    )
    for name, weight in half.named_parameters():
        assert weight.dtype == torch.float16
        assert torch.equal(weight[: len(weights[name])], weights[name].half()), name
        assert not weight[len(weights[name]) :].any(), name  # the variance, which is not learned
    scheduler = diffusers.DDPMScheduler.from_pretrained(folder / "scheduler")
    schedule = read_schedule(json.loads((folder / "scheduler" / "scheduler_config.json").read_text()), "saved")
    torch.testing.assert_close(schedule.alpha.square(), scheduler.alphas_cumprod, rtol=1e-4, atol=1e-7)
    assert schedule.prediction == "v_prediction"


def test_a_scheduler_that_predicts_something_else_is_refused() -> None:
    with pytest.raises(
        ValueError, match="scheduler.prediction_type = 'v_prediction': must be loss.prediction, 'epsilon'"
    ):
        training_schedule(TOY.scheduler, LossSettings(prediction="epsilon"))


def test_samples_of_a_known_model_are_what_it_knows() -> None:
    """A prior that believes in one image for the prompt and another without: guidance goes past the first."""
    schedule = training_schedule(TOY.scheduler, TOY.loss)
    known, other = 0.3 * torch.ones(3, 8, 8), 0.1 * torch.ones(3, 8, 8)

    def predict(z: torch.Tensor, timestep: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        alpha, sigma = (value[timestep][:, None, None, None] for value in (schedule.alpha, schedule.sigma))
        x = torch.where(features[:, :1, :1, None] > 0.5, known, other)
        return alpha * (z - alpha * x) / sigma - sigma * x

    for guidance, expected in ((0.0, 0.3), (2.0, 0.7), (9.0, 1.0)):
        prompt, nothing = torch.ones(2, 20, 4), torch.zeros(1, 20, 4)
        images = ddim(predict, schedule, prompt, nothing, noise(2, 8), 10, guidance)
        torch.testing.assert_close(images, torch.full_like(images, expected), atol=5e-3, rtol=0.0)


def test_a_sheet_has_a_row_for_every_prompt(tmp_path: Path) -> None:
    from PIL import Image

    images = torch.linspace(-1.0, 1.0, 6)[:, None, None, None].expand(6, 3, 4, 4).clone()
    images[3, 1] = 7.0
    picture = sheet(images, 3)
    assert picture.shape == (8, 12, 3)
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[7, 11].tolist() == [255, 255, 255]
    assert picture[4, 0].tolist() == [153, 255, 153]
    save_sheet(tmp_path / "a" / "sheet.png", images, 3)
    assert torch.equal(torch.from_numpy(np.array(Image.open(tmp_path / "a" / "sheet.png"))), picture)
