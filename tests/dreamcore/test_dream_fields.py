"""Dream Fields: the gradient is that of the cosine, and trials of it are trials like others."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import open_clip
import pytest
import tiny_image_text as tiny
import torch
from torch.nn import functional as F

from dreamcore import image_text
from dreamcore.augmentations import random_corners
from dreamcore.config import (
    CameraConfig,
    DreamFieldsConfig,
    GridFieldConfig,
    ImageConfig,
    LossConfig,
    PromptConfig,
    RenderConfig,
    SceneConfig,
    SdsConfig,
    ShadingConfig,
    UniformSamplingConfig,
    constant,
)
from dreamcore.guidance import dream_fields as module
from dreamcore.guidance.base import Guided, Query
from dreamcore.guidance.dream_fields import DreamFields, cosine_loss, guide_identity
from dreamcore.image_text import ImageTextModel, load_image_text
from dreamcore.pack import Pack, StepResult, pack_key
from dreamcore.plain import from_dict, override, to_dict
from dreamcore.priors.mixture import MixturePrior
from dreamcore.rng import Draws
from dreamcore.scene import Scene

CPU = torch.device("cpu")
STEPS = 10
TEXTS = ["a red mug", "a blue car", "two dogs", "a red mug"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return tiny.save_files(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def guidance(files: tuple[Path, Path]) -> DreamFieldsConfig:
    return DreamFieldsConfig(model=str(files[0]), pretrained=str(files[1]), crops=3)


@pytest.fixture(scope="module")
def config(guidance: DreamFieldsConfig) -> SceneConfig:
    """The variant of sweeps/baselines.yaml, made small."""
    return SceneConfig(
        steps=STEPS,
        field=GridFieldConfig(resolutions=(4, 8), channels=2, table_size=512, hidden=8),
        camera=CameraConfig(
            radius=(4.0, 4.0),
            elevation=(30.0, 30.0),
            focal=(1.6667, 1.6667),
            position_jitter=0.0,
            look_at_jitter=0.0,
            up_jitter=0.0,
        ),
        shading=ShadingConfig(lit_probability=0.0, textureless_probability=0.0),
        render=RenderConfig(resolution=16, prune_every=4, prune_resolution=8, background="textured"),
        sampling=UniformSamplingConfig(samples=8, coarse_samples=6),
        guidance=guidance,
        loss=LossConfig(
            distillation=1.0,
            orientation=constant(0.0),
            opacity=constant(0.0),
            entropy=constant(0.0),
            transmittance=constant(0.5),
        ),
        prompt=PromptConfig(view_dependent=False),
    )


class SilentPrior(MixturePrior):
    """Fails where it is asked for a noise prediction."""

    def predict_noise(self, *arguments: Any) -> torch.Tensor:
        raise AssertionError("the prior has no say")


def pack() -> Pack:
    return Pack(SilentPrior.palette(size=8))


def run(scene: Scene, steps: int) -> tuple[Scene, list[StepResult]]:
    one = pack()
    one.join("it", scene)
    results = [one.step()[0] for _ in range(steps)]
    return one.leave("it"), results


def same(a: Scene, b: Scene) -> None:
    assert a.progress == b.progress
    for name, value in a.tensors.items():
        assert torch.equal(value, b.tensors[name]), name


# ---- the gradient ----------------------------------------------------------------------------------------------------


def query(image: torch.Tensor, scenes: int = 2) -> Query:
    prior = SilentPrior.palette(size=8)
    nothing = prior.encode_prompts([""] * len(image))
    return Query(
        prior=prior,
        image=image,
        views=len(image) // scenes,
        progress=torch.zeros(scenes),
        draws=Draws(torch.arange(scenes), torch.full((scenes,), 3)),
        positive=nothing,
        empty=nothing,
        negative=nothing,
        texts=TEXTS[: len(image)],
    )


@pytest.fixture
def exact(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ImageTextModel:
    """The guide in float64, so that finite differences say something."""
    model = load_image_text.__wrapped__(str(files[0]), str(files[1]), CPU)
    model._network.double()
    monkeypatch.setattr(module, "guide_of", lambda config, device: model)
    return model


def losses(image: torch.Tensor, corners: torch.Tensor, length: int) -> list[float]:
    """-cos of each image, crop by crop, with open_clip alone."""
    network, tokenizer = tiny.network().double(), open_clip.SimpleTokenizer(context_length=16)
    mean, deviation = (
        torch.tensor(values, dtype=torch.float64)[:, None, None]
        for values in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    found = []
    for one, places, text in zip(image, corners.tolist(), TEXTS, strict=False):
        total = 0.0
        for row, column in places:
            crop = one[None, :, row : row + length, column : column + length]
            crop = F.interpolate(crop, size=(16, 16), mode="bilinear", antialias=True)
            with torch.no_grad():
                seen = network.encode_image((crop - mean) / deviation)
                told = network.encode_text(tokenizer([text]))
            total -= float(F.cosine_similarity(seen, told.double()))
        found.append(total / len(places))
    return found


def test_gradient_against_finite_differences(exact: ImageTextModel, guidance: DreamFieldsConfig) -> None:
    image = torch.rand(4, 3, 20, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    asked = query(image.requires_grad_())
    guided = DreamFields([guidance, guidance])(asked)
    length = 18  # 20 x 154 / 168
    corners = random_corners(asked.draws, 2, 3, 20, length).flatten(0, 1)
    assert len({tuple(place) for place in corners.flatten(0, 1).tolist()}) > 3
    still = image.detach()
    for scale, number in zip(guided.residual.tolist(), losses(still, corners, length), strict=True):
        assert scale == pytest.approx(2.0 + 2.0 * number, abs=1e-6)
    generator, step = torch.Generator().manual_seed(2), 1e-4
    for _ in range(3):
        direction = torch.randn(still.shape, generator=generator, dtype=torch.float64)
        ahead, behind = (losses(still + sign * step * direction, corners, length) for sign in (1.0, -1.0))
        along = (guided.gradient * direction).sum(dim=(1, 2, 3)) / (3 * 20 * 20)
        for found, one, other in zip(along.tolist(), ahead, behind, strict=True):
            assert found == pytest.approx((one - other) / (2.0 * step), rel=1e-4, abs=1e-8)


def test_target_is_the_image_with_its_graph(guidance: DreamFieldsConfig) -> None:
    parameter = torch.zeros(2, 3, 12, 12, requires_grad=True)
    guided = DreamFields([guidance])(query(parameter.sigmoid(), scenes=1))
    assert isinstance(guided, Guided)
    assert not guided.gradient.requires_grad
    (found,) = torch.autograd.grad((guided.target * guided.gradient).sum(), parameter)
    assert bool(found.isfinite().all())
    assert float(found.abs().max()) > 0.0


def test_an_image_has_its_own_prompt_and_no_neighbour(guidance: DreamFieldsConfig) -> None:
    image = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(0)).expand(2, -1, -1, -1)
    together = DreamFields([guidance])(query(image, scenes=1))
    alone = DreamFields([guidance])(query(image[:1], scenes=1))
    torch.testing.assert_close(together.gradient[:1], alone.gradient)
    assert float((together.residual[0] - together.residual[1]).abs()) > 1e-3, "another text, another distance"


def test_cosine_loss_at_its_limits() -> None:
    told = F.normalize(torch.randn(2, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    for sign in (1.0, -1.0):
        torch.testing.assert_close(cosine_loss(sign * told[:, None].expand(2, 3, 5), told), torch.full((2,), -sign))
    mixed = torch.stack([told, -told], dim=1)
    torch.testing.assert_close(cosine_loss(mixed, told), torch.zeros(2))


# ---- trials ----------------------------------------------------------------------------------------------------------


def test_an_image_by_itself_comes_closer_to_its_prompt(guidance: DreamFieldsConfig) -> None:
    config = ImageConfig(steps=40, images=2, size=16, guidance=guidance)
    end, results = run(Scene.create("a red mug", 1, config), 40)
    assert end.progress.nonfinite == 0
    found = [result.metrics["residual"] for result in results]
    assert sum(found[-5:]) / 5 < 0.7 * sum(found[:5]) / 5


def test_a_scene_trains_and_every_parameter_is_reached(config: SceneConfig) -> None:
    before = Scene.create("a red mug", 3, config)
    after, results = run(before, STEPS)
    assert (after.progress.updates, after.progress.nonfinite) == (STEPS, 0)
    for name, value in after.tensors.items():
        assert bool(value.isfinite().all()), name
        if name.startswith("parameter."):
            assert not torch.equal(value, before.tensors[name]), f"{name} never moved"
    assert all(math.isfinite(number) for result in results for number in result.metrics.values())
    assert all(0.0 < result.metrics["residual"] < 4.0 for result in results)


@pytest.mark.parametrize("step", [1, 6])
def test_it_resumes_bit_for_bit(config: SceneConfig, step: int) -> None:
    whole, _ = run(Scene.create("a red mug", 3, config), STEPS)
    part, _ = run(Scene.create("a red mug", 3, config), step)
    rest, _ = run(Scene.load(part.dump()), STEPS - step)
    same(rest, whole)


def test_a_scene_in_a_pack_ends_where_it_ends_alone(config: SceneConfig) -> None:
    config = override(config, {"views": 2})
    prompts = {"a red mug": 3, "a blue car": 4, "two dogs": 5}
    together = pack()
    for prompt, seed in prompts.items():
        together.join(prompt, Scene.create(prompt, seed, config))
    for _ in range(5):
        together.step()
    ends = {}
    for prompt, seed in prompts.items():
        alone, _ = run(Scene.create(prompt, seed, config), 5)
        ends[prompt] = together.leave(prompt)
        for name, value in alone.tensors.items():
            if name.startswith("parameter."):
                torch.testing.assert_close(value, ends[prompt].tensors[name], rtol=0.0, atol=2e-4)
    moved = ends["a red mug"].tensors["parameter.table"] - ends["two dogs"].tensors["parameter.table"]
    assert float(moved.abs().max()) > 0.01


def test_the_transmittance_loss_empties_the_scene_up_to_its_target(config: SceneConfig) -> None:
    thin = {
        "field.blob_radius": 1.5,
        "field.blob_strength": 1.0,
        "optimizer.grid_rate": 0.1,
        "optimizer.warmup_steps": 0,
    }
    full = override(config, {**thin, "loss.transmittance": 0.0})
    without, results = run(Scene.create("a red mug", 3, full), 8)
    content, _ = run(Scene.create("a red mug", 3, weighed(full, 50.0, target=0.0)), 8)
    for name, value in without.tensors.items():
        assert torch.equal(value, content.tensors[name]), "what has reached its target is left alone"
    _, emptied = run(Scene.create("a red mug", 3, weighed(full, 50.0, target=0.99)), 8)
    assert emptied[-1].metrics["opacity"] < 0.95 * results[-1].metrics["opacity"]


def weighed(config: SceneConfig, weight: float, target: float) -> SceneConfig:
    return override(config, {"loss.transmittance": weight, "loss.transmittance_target": target})


@pytest.mark.parametrize("view_dependent", [False, True])
def test_the_prompt_is_asked_as_the_config_has_it(
    config: SceneConfig, view_dependent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bare prompt, as published, or the words of the side on which the camera stands."""
    asked: list[list[str]] = []
    embed = ImageTextModel.embed_texts

    def spy(model: ImageTextModel, texts: list[str]) -> torch.Tensor:
        asked.append(list(texts))
        return embed(model, texts)

    monkeypatch.setattr(ImageTextModel, "embed_texts", spy)
    run(Scene.create("a mug", 3, override(config, {"prompt.view_dependent": view_dependent, "views": 3})), 5)
    texts = {text for batch in asked for text in batch}
    assert all(len(batch) == 3 for batch in asked)
    if view_dependent:
        assert texts <= {f"a mug, {side} view" for side in ("front", "side", "back")}
        assert len(texts) > 1
    else:
        assert texts == {"a mug"}


def test_textured_backgrounds_are_behind_the_object(config: SceneConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an empty scene shows is its background, another one each step."""
    shown: list[torch.Tensor] = []
    call = DreamFields.__call__

    def spy(self: DreamFields, asked: Query) -> Guided:
        shown.append(asked.image.detach())
        return call(self, asked)

    monkeypatch.setattr(DreamFields, "__call__", spy)
    run(Scene.create("a mug", 3, override(config, {"field.blob_strength": 0.0, "field.blob_radius": 0.01})), 4)
    assert all(float(image.std()) > 0.02 for image in shown)
    assert all(float((one - other).abs().max()) > 0.1 for one, other in itertools.pairwise(shown))


# ---- packs and admission ---------------------------------------------------------------------------------------------


def test_a_pack_shares_one_guide(config: SceneConfig, files: tuple[Path, Path]) -> None:
    for changes in ({"loss.transmittance": 0.1}, {"guidance.crops": 3}, {"camera.radius": [2.0, 3.0]}):
        assert pack_key(override(config, changes)) == pack_key(config)
    for changes in (
        {"guidance.crops": 4},
        {"guidance.crop_fraction": 0.5},
        {"guidance.model": "ViT-B-16"},
        {"guidance.pretrained": "x.pt"},
        {"guidance": {"kind": "sds"}},
        {"render.background": "random"},
    ):
        assert pack_key(override(config, changes)) != pack_key(config)


def test_a_guide_that_is_not_there_is_named_when_the_trial_is_admitted(config: SceneConfig, tmp_path: Path) -> None:
    broken = override(config, {"guidance.pretrained": str(tmp_path / "gone.safetensors")})
    images = ImageConfig(size=16, guidance=broken.guidance)
    for trial in (broken, images):
        one = pack()
        with pytest.raises(ValueError, match="guidance.pretrained = '.*gone.safetensors': there is no such checkpoint"):
            one.join("it", Scene.create("a red mug", 3, trial))
        assert one.keys == []


def test_all_scenes_share_the_guide(config: SceneConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    run(Scene.create("a red mug", 3, config), 1)
    monkeypatch.setattr(image_text, "_build", lambda plan: pytest.fail("loaded again"))
    run(Scene.create("a blue car", 4, config), 2)


# ---- who may judge ---------------------------------------------------------------------------------------------------


def test_the_guide_is_known_by_its_weights(guidance: DreamFieldsConfig, tmp_path: Path) -> None:
    copy = load_image_text(str(tiny.save_folder(tmp_path / "copy")), "", CPU)
    other = load_image_text(str(tiny.save_folder(tmp_path / "other", seed=1)), "", CPU)
    guide = guide_identity(guidance, CPU)
    assert image_text.same_image_encoder(guide, copy.identity), "another name, another file, the same eyes"
    assert copy.identity != guide
    assert not image_text.same_image_encoder(guide, other.identity)
    assert not image_text.same_image_encoder(guide, "embedded")


def test_no_image_text_model_guides_score_distillation(guidance: DreamFieldsConfig) -> None:
    assert guide_identity(SdsConfig(), CPU) == ""
    assert not image_text.same_image_encoder("", guide_identity(guidance, CPU))


# ---- the config ------------------------------------------------------------------------------------------------------


def test_plain_data_comes_back(config: SceneConfig) -> None:
    assert from_dict(SceneConfig, json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"guidance.crops": 0}, "guidance.crops = 0: must be at least 1"),
        ({"guidance.crop_fraction": 0.0}, "guidance.crop_fraction = 0.0: must be in (0, 1]"),
        ({"guidance.crop_fraction": 1.1}, "guidance.crop_fraction = 1.1: must be in (0, 1]"),
        ({"guidance.model": " "}, "guidance.model = ' ': must be an architecture, a folder or a JSON file"),
        ({"loss.transmittance": -0.1}, "loss.transmittance"),
        ({"loss.transmittance_target": 1.2}, "loss.transmittance_target"),
        ({"loss.transmittance_target.start": -0.1}, "must be from 0 to 1 everywhere"),
        ({"render.background": "texture"}, "must be one of learned, random, textured"),
    ],
)
def test_bad_values_are_named(config: SceneConfig, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        override(config, changes)
    assert message in str(caught.value)
