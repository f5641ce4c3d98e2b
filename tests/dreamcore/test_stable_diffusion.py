"""The Stable Diffusion adapter on small pipelines of diffusers' own classes, saved to a folder and loaded back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tiny_pipelines as tiny
import torch

from dreamcore.config import GridFieldConfig, RenderConfig, SceneConfig, UniformSamplingConfig
from dreamcore.pack import Pack
from dreamcore.priors import load_prior
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.priors.diffusion_schedule import DiffusionSchedule, read_schedule
from dreamcore.priors.stable_diffusion import StableDiffusionPrior
from dreamcore.scene import Scene

PROMPTS = ["a red mug, front view", "a snowman", "a blue car"]
SIZE = 2 * tiny.SIDE


@dataclasses.dataclass(frozen=True)
class Case:
    """A pipeline as diffusers has it, and our prior of its folder."""

    pipeline: Any
    folder: Path
    cache: Path
    prior: StableDiffusionPrior

    def load(self, **options: object) -> StableDiffusionPrior:
        prior = load_prior("stable_diffusion", model=str(self.folder), cache=str(self.cache), **options)
        assert isinstance(prior, StableDiffusionPrior)
        return prior


def case(kind: str, folder: Path) -> Case:
    makers = {
        "v1": lambda: tiny.stable_diffusion(folder / kind),
        "v2": lambda: tiny.stable_diffusion(folder / kind, prediction_type="v_prediction", rescale_betas_zero_snr=True),
        "xl": lambda: tiny.stable_diffusion_xl(folder / kind),
    }
    pipeline = makers[kind]()
    cache = folder / "cache"
    prior = load_prior("stable_diffusion", model=str(folder / kind), cache=str(cache), dtype="float32")
    assert isinstance(prior, StableDiffusionPrior)
    return Case(pipeline, folder / kind, cache, prior)


@pytest.fixture(scope="module", params=["v1", "v2", "xl"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case(request.param, tmp_path_factory.mktemp("pipelines"))


@pytest.fixture(scope="module")
def conditioning(saved: Case) -> Conditioning:
    return saved.prior.encode_prompts(PROMPTS)


def images(count: int, size: int = SIZE) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(count))


def latents(count: int) -> torch.Tensor:
    return torch.randn(count, 4, tiny.SIDE, tiny.SIDE, generator=torch.Generator().manual_seed(count))


# ---- the protocol ----------------------------------------------------------------------------------------------------


def test_it_meets_the_protocol(saved: Case) -> None:
    prior = saved.prior
    assert isinstance(prior, Prior)
    assert prior.image_size == SIZE
    assert prior.device == torch.device("cpu")
    assert prior.dtype == torch.float32


def test_the_noise_has_shape_and_type_and_no_graph(saved: Case, conditioning: Conditioning) -> None:
    z = saved.prior.encode_image(images(2)).requires_grad_()
    noise = saved.prior.predict_noise(z, torch.tensor([0.1, 0.9]), conditioning[torch.tensor([0, 1])])
    assert noise.shape == z.shape == (2, 4, tiny.SIDE, tiny.SIDE)
    assert noise.dtype == torch.float32
    assert noise.isfinite().all()
    assert not noise.requires_grad
    (noise * z).sum().backward()  # it can stand in a graph all the same
    assert z.grad is not None and torch.equal(z.grad, noise)


def test_the_networks_are_frozen(saved: Case) -> None:
    for module in (saved.prior._unet, saved.prior._vae):
        assert not module.training
        assert not any(weight.requires_grad for weight in module.parameters())


def test_the_schedule_keeps_variance(saved: Case) -> None:
    t = torch.linspace(0.0, 1.0, 2001)
    alpha, sigma = saved.prior.alpha_sigma(t)
    torch.testing.assert_close(alpha.square() + sigma.square(), torch.ones(2001))
    assert (alpha.diff() <= 0).all() and (sigma.diff() >= 0).all()
    expected = saved.pipeline.scheduler.alphas_cumprod.sqrt()
    torch.testing.assert_close(alpha[::2][(t[::2] * 999).round() == (t[::2] * 999)], expected[[0, -1]])


def test_a_batch_is_its_images_one_by_one(saved: Case, conditioning: Conditioning) -> None:
    z, t = latents(4), torch.tensor([0.05, 0.3, 0.6, 0.95])
    mixed = Conditioning.cat([conditioning, saved.prior.unconditional()])
    together = saved.prior.predict_noise(z, t, mixed)
    alone = [saved.prior.predict_noise(z[i : i + 1], t[i : i + 1], mixed[torch.tensor([i])]) for i in range(4)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0.0, atol=1e-4)


def test_the_prompt_and_the_time_matter(saved: Case, conditioning: Conditioning) -> None:
    z, half = latents(1), torch.tensor([0.5])
    first = saved.prior.predict_noise(z, half, conditioning[torch.tensor([0])])
    other = conditioning[torch.tensor([2])]
    assert (first - saved.prior.predict_noise(z, half, other)).abs().max() > 1e-5
    same = conditioning[torch.tensor([0])]
    assert (first - saved.prior.predict_noise(z, torch.tensor([0.4]), same)).abs().max() > 1e-5


# ---- against diffusers -----------------------------------------------------------------------------------------------


def theirs(saved: Case, prompts: Sequence[str]) -> dict[str, torch.Tensor]:
    """The embeddings that the pipeline itself makes, of the prompts and of no prompt."""
    parts = [
        saved.pipeline.encode_prompt(prompt, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True)
        for prompt in prompts
    ]
    names = ("tokens", "no tokens", "pooled", "no pooled")
    return {name: torch.cat(values) for name, values in zip(names, zip(*parts, strict=True), strict=False)}


def test_embeddings_are_the_pipeline_s(saved: Case, conditioning: Conditioning) -> None:
    expected = theirs(saved, PROMPTS)
    nothing = saved.prior.unconditional()
    for name, tensor in conditioning.tensors.items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(nothing.tensors[name], expected[f"no {name}"][:1], rtol=1e-5, atol=1e-5)


def test_a_prompt_s_embedding_depends_on_it_alone(saved: Case, conditioning: Conditioning, tmp_path: Path) -> None:
    prior = dataclasses.replace(saved, cache=tmp_path).load(dtype="float32")
    for index, prompt in enumerate(PROMPTS):
        alone = prior.encode_prompts([prompt])
        for name, tensor in alone.tensors.items():
            assert torch.equal(tensor[0], conditioning.tensors[name][index]), name


def test_long_prompts_are_cut(saved: Case) -> None:
    words = "a red mug " * 200
    embedding = saved.prior.encode_prompts([words, words + "a snowman"])
    assert embedding.tensors["tokens"].shape[1] == 77
    assert torch.equal(embedding.tensors["tokens"][0], embedding.tensors["tokens"][1])


def test_latents_are_the_mean_of_the_pipeline_s_vae(saved: Case) -> None:
    pixels, vae = images(2), saved.pipeline.vae
    with torch.no_grad():
        expected = vae.encode(saved.pipeline.image_processor.preprocess(pixels)).latent_dist.mode()
    torch.testing.assert_close(saved.prior.encode_image(pixels), expected * vae.config.scaling_factor)
    assert torch.equal(saved.prior.encode_image(pixels), saved.prior.encode_image(pixels))


@pytest.mark.parametrize("size", [SIZE, SIZE // 2, 2 * SIZE, 50])
def test_images_of_any_size_are_encoded_differentiably(saved: Case, size: int) -> None:
    picture = images(1, size).requires_grad_()
    encoded = saved.prior.encode_image(picture)
    assert encoded.shape == (1, 4, tiny.SIDE, tiny.SIDE)
    encoded.square().sum().backward()
    assert picture.grad is not None and picture.grad.isfinite().all()
    assert (picture.grad != 0).float().mean() > 0.99


def test_the_gradient_of_the_latents_is_right(saved: Case) -> None:
    """Against central differences along one direction."""
    picture, direction = images(1).double(), torch.randn(1, 3, SIZE, SIZE, generator=torch.manual_seed(0)).double()
    prior, weights = saved.load(dtype="float32"), latents(1)
    prior._vae.double()
    prior._vae_dtype = torch.float64
    leaf = picture.clone().requires_grad_()
    (prior.encode_image(leaf) * weights).sum().backward()
    assert leaf.grad is not None
    step = 1e-3
    ends = [(prior.encode_image(picture + sign * step * direction) * weights).sum() for sign in (1, -1)]
    assert (leaf.grad * direction).sum().item() == pytest.approx((ends[0] - ends[1]).item() / (2 * step), rel=1e-2)


def test_the_noise_is_what_the_pipeline_s_network_predicts(saved: Case, conditioning: Conditioning) -> None:
    """The predicted image, (z - sigma e) / alpha, against the step of the pipeline's own scheduler."""
    pipeline, z, t = saved.pipeline, latents(3), torch.full((3,), 0.6)
    step = int(read_schedule(dict(pipeline.scheduler.config), "").timestep(t)[0])
    added = None
    if "pooled" in conditioning.tensors:
        size = (SIZE, SIZE)
        ids = pipeline._get_add_time_ids(size, (0, 0), size, torch.float32, text_encoder_projection_dim=24)
        added = {"text_embeds": conditioning.tensors["pooled"], "time_ids": ids.repeat(3, 1)}
    with torch.no_grad():
        output = pipeline.unet(
            z, step, encoder_hidden_states=conditioning.tensors["tokens"], added_cond_kwargs=added
        ).sample
    expected = pipeline.scheduler.step(output, step, z).pred_original_sample
    alpha, sigma = (value[:, None, None, None] for value in saved.prior.alpha_sigma(t))
    found = (z - sigma * saved.prior.predict_noise(z, t, conditioning)) / alpha
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


# ---- precision -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_16_bits_are_close_to_32(saved: Case, conditioning: Conditioning, dtype: str) -> None:
    prior = saved.load(dtype=dtype)
    assert prior.dtype == getattr(torch, dtype)
    prompts = prior.encode_prompts(PROMPTS)
    assert prompts.tensors["tokens"].dtype == prior.dtype
    z, t = latents(3), torch.tensor([0.1, 0.5, 0.9])
    noise = prior.predict_noise(z, t, prompts)
    assert noise.dtype == torch.float32
    torch.testing.assert_close(noise, saved.prior.predict_noise(z, t, conditioning), rtol=0.1, atol=0.1)
    encoded = prior.encode_image(images(2))
    assert encoded.dtype == torch.float32
    torch.testing.assert_close(encoded, saved.prior.encode_image(images(2)), rtol=0.1, atol=0.02)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e6])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_gradients_of_any_size_survive_the_vae(saved: Case, dtype: str, size: float) -> None:
    """float16 holds 6e-8 to 65504; that of a mean over latents is smaller, that of a strongly guided sum larger."""
    gradients = []
    for prior in (saved.prior, saved.load(dtype=dtype)):
        picture = images(2).requires_grad_()
        weights = latents(2) * torch.tensor([size, 1.0])[:, None, None, None]
        (prior.encode_image(picture) * weights).sum().backward()
        assert picture.grad is not None
        gradients.append(picture.grad)
    for expected, found in zip(*gradients, strict=True):
        assert (found - expected).norm() < 0.05 * expected.norm()


def test_a_gradient_that_is_not_finite_stays_with_its_image(saved: Case) -> None:
    picture = images(3).requires_grad_()
    weights = latents(3)
    weights[0, 0, 0, 0], weights[1] = float("nan"), 0.0
    (saved.load(dtype="float16").encode_image(picture) * weights).sum().backward()
    assert picture.grad is not None
    assert picture.grad[0].isnan().any()
    assert not picture.grad[1].any()
    assert picture.grad[2].isfinite().all() and picture.grad[2].any()


def test_only_xl_in_float16_needs_a_wider_vae(saved: Case) -> None:
    assert saved.load(dtype="bfloat16")._vae_dtype == torch.bfloat16
    is_xl = "pooled" in saved.prior.unconditional().tensors
    assert saved.load(dtype="float16")._vae_dtype == (torch.float32 if is_xl else torch.float16)


# ---- cache and identity ----------------------------------------------------------------------------------------------


def test_the_text_encoder_is_loaded_only_for_new_prompts(
    saved: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dreamcore.priors import stable_diffusion

    loaded: list[str] = []
    original = stable_diffusion.load_network

    def counting(folder: Any, component: str, *rest: Any) -> Any:
        loaded.append(component)
        return original(folder, component, *rest)

    monkeypatch.setattr(stable_diffusion, "load_network", counting)
    prior = dataclasses.replace(saved, cache=tmp_path).load()
    assert loaded == ["unet", "vae"]
    prior.encode_prompts(PROMPTS)
    encoders = loaded[2:]
    assert encoders in (["text_encoder"], ["text_encoder", "text_encoder_2"])
    prior.encode_prompts(PROMPTS[::-1])
    assert loaded[2:] == encoders


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    first = case("v1", tmp_path / "a")
    again = case("v1", tmp_path / "b")
    kind, _, rest = first.prior.identity.partition(":")
    assert (kind, len(rest.partition("sha256-")[2])) == ("stable_diffusion", 64)
    assert first.prior.identity == again.prior.identity
    with torch.no_grad():
        again.pipeline.unet.conv_out.bias += 1e-3
    again.pipeline.save_pretrained(again.folder)
    assert again.load().identity != first.prior.identity


def test_xl_without_zeros_embeds_the_empty_prompt(tmp_path: Path) -> None:
    pipeline = tiny.stable_diffusion_xl(tmp_path / "m", force_zeros_for_empty_prompt=False)
    prior = load_prior("stable_diffusion", model=str(tmp_path / "m"), cache=str(tmp_path / "c"), dtype="float32")
    _, expected, _, pooled = pipeline.encode_prompt("a", device="cpu", do_classifier_free_guidance=True)
    torch.testing.assert_close(prior.unconditional().tensors["tokens"], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(prior.unconditional().tensors["pooled"], pooled, rtol=1e-5, atol=1e-5)


# ---- in use ----------------------------------------------------------------------------------------------------------


def test_scenes_learn_from_it_and_stay_finite(saved: Case) -> None:
    config = SceneConfig(
        steps=3,
        field=GridFieldConfig(resolutions=(4, 8), channels=2, table_size=512, hidden=8),
        render=RenderConfig(resolution=16, prune_every=0),
        sampling=UniformSamplingConfig(samples=8),
    )
    pack = Pack(saved.prior)
    scenes = {prompt: Scene.create(prompt, seed, config) for seed, prompt in enumerate(("a red mug", "a snowman"))}
    for key, scene in scenes.items():
        pack.join(key, scene)
    for _ in range(3):
        for result in pack.step():
            assert all(torch.isfinite(torch.tensor(value)) for value in result.metrics.values())
            assert result.metrics["nonfinite"] == 0.0
            assert result.metrics["gradient"] > 0.0
    for key, scene in scenes.items():
        after = pack.snapshot(key).tensors
        assert all(bool(value.isfinite().all()) for value in after.values())
        assert any(not torch.equal(value, after[name]) for name, value in scene.tensors.items())


# ---- networks that do not fit ----------------------------------------------------------------------------------------


def nothing(prompts: Sequence[str]) -> Conditioning:
    return Conditioning({"tokens": torch.zeros(len(prompts), 77, 16)})


SCHEDULE = DiffusionSchedule(torch.tensor([0.9, 0.1]), torch.tensor([0.4, 0.99]), "epsilon")


@pytest.mark.parametrize(
    ("unet", "vae", "message"),
    [
        ({"in_channels": 9}, {}, "unet takes 9 and gives 4 channels, vae 4: must be the same. Choose a plain text-to-"),
        ({}, {"latent_channels": 8}, "unet takes 4 and gives 4 channels, vae 8: must be the same"),
        ({"sample_size": (16, 24)}, {}, "unet.sample_size = .16, 24.: must be a whole number"),
        ({"class_embed_type": "timestep"}, {}, "a conditioning other than text"),
        ({}, {"shift_factor": 0.1}, "vae.shift_factor is set: such latents are not supported"),
    ],
)
def test_other_models_are_refused(unet: dict[str, Any], vae: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StableDiffusionPrior(tiny.unet(16, **unet), tiny.vae(**vae), SCHEDULE, nothing, identity="x")


def test_mixed_dtypes_are_refused() -> None:
    mixed = tiny.unet(16)
    mixed.conv_out.half()
    with pytest.raises(ValueError, match="unet: weights in float16 and float32: convert it to a single dtype"):
        StableDiffusionPrior(mixed, tiny.vae(), SCHEDULE, nothing, identity="x")
    StableDiffusionPrior(tiny.unet(16).half(), tiny.vae(), SCHEDULE, nothing, identity="x")  # each of one dtype


@pytest.mark.gpu
def test_it_runs_on_the_gpu(saved: Case) -> None:
    prior = load_prior("stable_diffusion", device="cuda", model=str(saved.folder), cache=str(saved.cache))
    picture = images(2).cuda().requires_grad_()
    z = prior.encode_image(picture)
    noise = prior.predict_noise(z.detach(), torch.tensor([0.1, 0.9]).cuda(), prior.encode_prompts(PROMPTS[:2]))
    assert noise.isfinite().all() and noise.device.type == "cuda"
    z.sum().backward()
    assert picture.grad is not None and picture.grad.isfinite().all()
