"""The DeepFloyd adapter on a small pipeline of diffusers' own classes, saved to a folder and loaded back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tiny_pipelines as tiny
import torch

from dreamcore.config import GridFieldConfig, RenderConfig, SceneConfig, UniformSamplingConfig
from dreamcore.pack import Pack
from dreamcore.priors import deepfloyd, load_prior
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.priors.deepfloyd import DeepFloydPrior
from dreamcore.priors.diffusion_schedule import DiffusionSchedule
from dreamcore.scene import Scene

PROMPTS = ["a red mug, front view", "a snowman", "a blue car"]


@dataclass(frozen=True)
class Saved:
    pipeline: Any
    folder: Path
    cache: Path
    prior: DeepFloydPrior

    def load(self, **options: object) -> DeepFloydPrior:
        prior = load_prior("deepfloyd", model=str(self.folder), **({"cache": str(self.cache)} | options))
        assert isinstance(prior, DeepFloydPrior)
        return prior


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("deepfloyd")
    pipeline = tiny.deepfloyd(folder / "m")
    prior = load_prior("deepfloyd", model=str(folder / "m"), cache=str(folder / "c"), dtype="float32")
    assert isinstance(prior, DeepFloydPrior)
    return Saved(pipeline, folder / "m", folder / "c", prior)


@pytest.fixture(scope="module")
def conditioning(saved: Saved) -> Conditioning:
    return saved.prior.encode_prompts(PROMPTS)


def images(count: int, size: int = tiny.SIDE) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(count))


def test_it_meets_the_protocol(saved: Saved) -> None:
    assert isinstance(saved.prior, Prior)
    assert saved.prior.image_size == tiny.SIDE
    kind, _, rest = saved.prior.identity.partition(":")
    assert (kind, len(rest.partition("sha256-")[2])) == ("deepfloyd", 64)
    assert not saved.prior._unet.training
    assert not any(weight.requires_grad for weight in saved.prior._unet.parameters())


@pytest.mark.parametrize("size", [tiny.SIDE, tiny.SIDE // 2, 50])
def test_images_are_pixels(saved: Saved, size: int) -> None:
    picture = images(2, size).requires_grad_()
    encoded = saved.prior.encode_image(picture)
    assert encoded.shape == (2, 3, tiny.SIDE, tiny.SIDE)
    assert encoded.abs().max() <= 1.0 + 1e-6
    encoded.sum().backward()
    assert picture.grad is not None
    assert picture.grad.sum().item() == pytest.approx(2.0 * encoded.numel(), rel=1e-4)


def test_the_schedule_is_the_pipeline_s(saved: Saved) -> None:
    expected = saved.pipeline.scheduler.alphas_cumprod
    alpha, sigma = saved.prior.alpha_sigma(torch.arange(1000) / 999)
    torch.testing.assert_close(alpha, expected.sqrt(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(alpha.square() + sigma.square(), torch.ones(1000))


def test_embeddings_are_the_pipeline_s(saved: Saved, conditioning: Conditioning) -> None:
    assert conditioning.tensors["tokens"].shape == (3, 77, 16)
    for index, prompt in enumerate(PROMPTS):
        expected, nothing = saved.pipeline.encode_prompt(prompt, device="cpu", clean_caption=False)
        torch.testing.assert_close(conditioning.tensors["tokens"][index], expected[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(saved.prior.unconditional().tensors["tokens"], nothing, rtol=1e-5, atol=1e-5)


def test_prompts_are_told_apart_but_not_their_case(saved: Saved) -> None:
    tokens = saved.prior.encode_prompts(["a red mug", " A RED Mug ", "a red car"]).tensors["tokens"]
    assert torch.equal(tokens[0], tokens[1])
    assert not torch.equal(tokens[0], tokens[2])


def test_a_prompt_s_embedding_depends_on_it_alone(saved: Saved, conditioning: Conditioning, tmp_path: Path) -> None:
    prior = saved.load(cache=str(tmp_path), dtype="float32")
    for index, prompt in enumerate(PROMPTS):
        alone = prior.encode_prompts([prompt]).tensors["tokens"]
        assert torch.equal(alone[0], conditioning.tensors["tokens"][index])


def test_t5_is_loaded_once_for_all_prompts(saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    original = deepfloyd.load_network

    def counting(folder: Any, component: str, *rest: Any) -> Any:
        loads.append(component)
        return original(folder, component, *rest)

    monkeypatch.setattr(deepfloyd, "load_network", counting)
    prior = saved.load(cache=str(tmp_path))
    prior.encode_prompts(["", *PROMPTS])
    prior.unconditional()
    prior.encode_prompts(PROMPTS)
    saved.load(cache=str(tmp_path)).encode_prompts(PROMPTS)
    assert loads == ["unet", "text_encoder", "unet"]


def test_the_noise_is_what_the_pipeline_s_network_predicts(saved: Saved, conditioning: Conditioning) -> None:
    z, t = torch.randn(3, 3, tiny.SIDE, tiny.SIDE, generator=torch.Generator().manual_seed(0)), torch.full((3,), 0.6)
    found = saved.prior.predict_noise(z, t, conditioning)
    with torch.no_grad():
        output = saved.pipeline.unet(z, 599, encoder_hidden_states=conditioning.tensors["tokens"]).sample
    assert output.shape[1] == 6
    torch.testing.assert_close(found, output[:, :3], rtol=1e-4, atol=1e-5)
    assert found.dtype == torch.float32 and not found.requires_grad
    # The scheduler splits off the variance itself; it clips its estimate by a quantile unless told not to.
    scheduler = type(saved.pipeline.scheduler).from_config(saved.pipeline.scheduler.config, thresholding=False)
    expected = scheduler.step(output, 599, z).pred_original_sample
    alpha, sigma = (value[:, None, None, None] for value in saved.prior.alpha_sigma(t))
    torch.testing.assert_close((z - sigma * found) / alpha, expected, rtol=1e-3, atol=1e-3)


def test_the_prompt_and_the_time_matter(saved: Saved, conditioning: Conditioning) -> None:
    z, half = images(1) - 0.5, torch.tensor([0.5])
    first, last = (conditioning[torch.tensor([index])] for index in (0, 2))
    noise = saved.prior.predict_noise(z, half, first)
    assert (noise - saved.prior.predict_noise(z, half, last)).abs().max() > 1e-5
    assert (noise - saved.prior.predict_noise(z, torch.tensor([0.4]), first)).abs().max() > 1e-5


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_16_bits_are_close_to_32(saved: Saved, conditioning: Conditioning, dtype: str) -> None:
    prior = saved.load(dtype=dtype)
    prompts = prior.encode_prompts(PROMPTS)
    assert prompts.tensors["tokens"].dtype == getattr(torch, dtype)
    z, t = images(3) - 0.5, torch.tensor([0.1, 0.5, 0.9])
    noise = prior.predict_noise(z, t, prompts)
    assert noise.dtype == torch.float32
    torch.testing.assert_close(noise, saved.prior.predict_noise(z, t, conditioning), rtol=0.1, atol=0.1)


def test_scenes_learn_from_it_and_stay_finite(saved: Saved) -> None:
    config = SceneConfig(
        steps=3,
        field=GridFieldConfig(resolutions=(4, 8), channels=2, table_size=512, hidden=8),
        render=RenderConfig(resolution=16, prune_every=0),
        sampling=UniformSamplingConfig(samples=8),
    )
    pack = Pack(saved.prior)
    for seed, prompt in enumerate(("a red mug", "a snowman")):
        pack.join(prompt, Scene.create(prompt, seed, config))
    for _ in range(3):
        for result in pack.step():
            assert result.metrics["nonfinite"] == 0.0
            assert result.metrics["gradient"] > 0.0
    for key in pack.keys:
        assert all(bool(value.isfinite().all()) for value in pack.snapshot(key).tensors.values())


def nothing(prompts: Sequence[str]) -> Conditioning:
    return Conditioning({"tokens": torch.zeros(len(prompts), 77, 16)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 6}, "unet takes 6 and gives 4 channels; stage I of DeepFloyd IF takes 3 and gives 6"),
        ({"in_channels": 3, "out_channels": 6, "class_embed_type": "timestep"}, "not the upscalers IF-II and IF-III"),
        ({"in_channels": 3, "out_channels": 6, "sample_size": None}, "unet.sample_size = None: must be a whole number"),
    ],
)
def test_other_stages_are_refused(options: dict[str, Any], message: str) -> None:
    schedule = DiffusionSchedule(torch.tensor([0.9, 0.1]), torch.tensor([0.4, 0.99]), "epsilon")
    with pytest.raises(ValueError, match=message):
        DeepFloydPrior(tiny.unet(16, **options), schedule, nothing, identity="x")


def test_a_sentencepiece_tokenizer_asks_for_its_package(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    copy = tmp_path / "m"
    shutil.copytree(saved.folder, copy)
    (copy / "tokenizer" / "tokenizer.json").unlink()
    (copy / "tokenizer" / "spiece.model").write_bytes(b"")
    monkeypatch.setattr("dreamcore.priors.deepfloyd.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="tokenizer: reading it needs a package: pip install sentencepiece protobuf"):
        load_prior("deepfloyd", model=str(copy))
