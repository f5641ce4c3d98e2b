"""The embedded prior against diffusers' own way of loading and running the same folder."""

from __future__ import annotations

import hashlib
import itertools
import math
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

from dreamcore.assets import EMBEDDED_PRIOR, MINILM
from dreamcore.priors.base import Conditioning
from dreamcore.priors.embedded import WEIGHTS, EmbeddedPrior
from dreamcore.priors.kinds import EMBEDDED_REVISION
from dreamcore.priors.load import load_prior

WEIGHT_FILES = {EMBEDDED_PRIOR: EMBEDDED_PRIOR / "unet" / WEIGHTS, MINILM: MINILM / "model.safetensors"}
TIMES = [0.2, 0.8]


@pytest.fixture(scope="module")
def prior() -> EmbeddedPrior:
    return EmbeddedPrior(dtype="float32")


@pytest.fixture(scope="module")
def unet() -> Any:
    loaded = diffusers.UNet2DConditionModel.from_pretrained(
        EMBEDDED_PRIOR / "unet", local_files_only=True, low_cpu_mem_usage=False
    )
    return loaded.float().requires_grad_(False)


def wave(*shape: int, step: float, scale: float) -> Tensor:
    count = math.prod(shape)
    return (scale * torch.sin(step * torch.arange(count, dtype=torch.float64))).reshape(shape).float()


def noised() -> Tensor:
    return wave(2, 3, 64, 64, step=0.37, scale=1.4)


def twice(conditioning: Conditioning) -> Conditioning:
    return conditioning[torch.tensor([0, 0])]


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("prompt", ["a red mug, front view", ""])
def test_the_noise_is_that_of_the_standard_folder(prior: EmbeddedPrior, unet: Any, prompt: str) -> None:
    """e = sigma z + alpha v, with diffusers' network and the scheduler's own table."""
    scheduler = diffusers.DDPMScheduler.from_pretrained(EMBEDDED_PRIOR / "scheduler", local_files_only=True)
    assert scheduler.config.prediction_type == "v_prediction"
    steps = torch.tensor([round(999 * t) for t in TIMES])
    kept = scheduler.alphas_cumprod[steps][:, None, None, None]
    conditioning = twice(prior.encode_prompts([prompt]))
    (v,) = unet(noised(), steps, encoder_hidden_states=conditioning.tensors["tokens"], return_dict=False)
    expected = (1.0 - kept).sqrt() * noised() + kept.sqrt() * v[:, :3]
    found = prior.predict_noise(noised(), torch.tensor(TIMES), conditioning)
    torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-4)


def test_no_prompt_is_the_empty_one(prior: EmbeddedPrior) -> None:
    nothing, empty = prior.unconditional(), prior.encode_prompts([""])
    torch.testing.assert_close(nothing.tensors["tokens"], empty.tensors["tokens"], rtol=0.0, atol=0.0)


def test_the_folder_runs_in_a_pipeline_of_diffusers(prior: EmbeddedPrior, unet: Any) -> None:
    scheduler = diffusers.DDIMScheduler.from_pretrained(
        EMBEDDED_PRIOR / "scheduler", local_files_only=True, timestep_spacing="trailing"
    )
    pipeline = diffusers.IFPipeline(
        tokenizer=None,
        text_encoder=None,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline(
        prompt_embeds=prior.encode_prompts(["a red ball"]).tensors["tokens"],
        negative_prompt_embeds=prior.unconditional().tensors["tokens"],
        guidance_scale=4.0,
        num_inference_steps=8,
        generator=torch.Generator().manual_seed(0),
        output_type="pt",
    ).images
    assert images.shape == (1, 3, 64, 64)
    red, green, blue = images[0, :, 24:40, 24:40].mean((1, 2))
    assert red > max(green, blue) + 0.15


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_it_draws_what_is_asked_for(prior: EmbeddedPrior, colour: str, channel: int) -> None:
    """Ten steps of DDIM with guidance, from the same noise: a ball of that colour in the middle."""
    generator = torch.Generator().manual_seed(3)
    z = torch.randn(1, 3, 64, 64, generator=generator)
    both = Conditioning.cat([prior.encode_prompts([f"a {colour} ball"]), prior.unconditional()])
    times = torch.linspace(0.98, 0.0, 11)
    for now, then in itertools.pairwise(times):
        conditional, nothing = prior.predict_noise(z.repeat(2, 1, 1, 1), now.repeat(2), both).chunk(2)
        noise = nothing + 3.0 * (conditional - nothing)
        (alpha, sigma), (alpha_then, sigma_then) = (prior.alpha_sigma(t[None]) for t in (now, then))
        z = alpha_then * ((z - sigma * noise) / alpha).clamp(-1.0, 1.0) + sigma_then * noise
    middle = z[0, :, 24:40, 24:40].mean((1, 2))
    assert int(middle.argmax()) == channel
    assert middle[channel] > middle.sort().values[1] + 0.3


def test_noise_of_a_flat_image_is_found(prior: EmbeddedPrior) -> None:
    # Whatever the prompt, most of what is added to a clean image at a middling t is recognised as noise.
    noise = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.4, 0.6])
    alpha, sigma = (value[:, None, None, None] for value in prior.alpha_sigma(t))
    clean = torch.zeros(2, 3, 64, 64)
    estimate = prior.predict_noise(alpha * clean + sigma * noise, t, twice(prior.encode_prompts(["a mushroom"])))
    assert ((estimate - noise).square().mean().sqrt() < 0.25).item()


def test_bfloat16_is_close_to_float32(prior: EmbeddedPrior) -> None:
    half = EmbeddedPrior(dtype="bfloat16")
    t = torch.tensor(TIMES)
    conditioning = half.unconditional()
    assert {tensor.dtype for tensor in conditioning.tensors.values()} == {torch.bfloat16}
    noise = half.predict_noise(noised(), t, twice(conditioning))
    assert noise.dtype == torch.float32
    expected = prior.predict_noise(noised(), t, twice(prior.unconditional()))
    assert ((noise - expected).square().mean().sqrt() < 0.02).item()


@pytest.mark.gpu
def test_the_gpu_agrees_with_the_cpu(prior: EmbeddedPrior) -> None:
    device = torch.device("cuda")
    t = torch.tensor(TIMES)
    expected = prior.predict_noise(noised(), t, twice(prior.unconditional()))
    for dtype, bound in (("float32", 2e-3), ("float16", 0.01), ("bfloat16", 0.03), ("auto", 0.03)):
        there = EmbeddedPrior(device, dtype=dtype)
        conditioning = there.unconditional()[torch.tensor([0, 0], device=device)]
        noise = there.predict_noise(noised().to(device), t.to(device), conditioning).cpu()
        assert ((noise - expected).square().mean().sqrt() < bound).item()


def test_nothing_is_trainable_or_random(prior: EmbeddedPrior) -> None:
    before = torch.get_rng_state()
    EmbeddedPrior(dtype="float32")
    assert torch.equal(before, torch.get_rng_state())
    assert not any(parameter.requires_grad for parameter in prior._unet.parameters())
    assert sum(parameter.numel() for parameter in prior._unet.parameters()) == 9673622


def test_identity_and_model_card_name_the_weights(prior: EmbeddedPrior) -> None:
    for folder, file in WEIGHT_FILES.items():
        assert digest(file) in prior.identity
        assert digest(file) in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="dtype = 'float8': must be one of auto, float32, bfloat16, float16"):
        EmbeddedPrior(dtype="float8")


def test_the_revision_is_that_of_the_bundled_weights() -> None:
    hashes = "".join(digest(file) for file in WEIGHT_FILES.values())
    assert hashlib.sha256(hashes.encode()).hexdigest()[:16] == EMBEDDED_REVISION
    with pytest.raises(ValueError, match="prior.revision = '0': must be one of"):
        load_prior("embedded", revision="0")
