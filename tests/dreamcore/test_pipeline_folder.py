"""What a pipeline's folder must hold, and what is said when it does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_pipelines as tiny
import torch
from safetensors.torch import load_file, save_file

from dreamcore.priors import load_prior
from dreamcore.priors.hub import Source
from dreamcore.priors.pipeline_folder import open_pipeline
from dreamcore.priors.stable_diffusion import LAYOUTS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "m"
    tiny.stable_diffusion(folder)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    shutil.copytree(original, tmp_path / "m")
    return tmp_path / "m"


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def recast(file: Path, choose: Callable[[str], torch.dtype]) -> None:
    save_file({name: tensor.to(choose(name)) for name, tensor in load_file(file).items()}, file)


def rename(folder: Path, variant: str) -> None:
    for part in ("unet", "vae", "text_encoder"):
        for file in (folder / part).glob("*.safetensors"):
            file.rename(file.with_name(f"{file.stem}.{variant}.safetensors"))


UNET = "unet/diffusion_pytorch_model.safetensors"


def half_of_the_weights_in_16_bits(folder: Path) -> None:
    recast(folder / UNET, lambda name: torch.float16 if name.startswith("down") else torch.float32)


def a_shard_is_missing(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet/diffusion_pytorch_model-00001-of-00002.safetensors")
    names = {"a": "diffusion_pytorch_model-00001-of-00002.safetensors", "b": "absent-00002-of-00002.safetensors"}
    index = folder / "unet/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": names}))


def a_weight_is_missing(folder: Path) -> None:
    tensors = load_file(folder / UNET)
    del tensors["conv_out.bias"]
    save_file(tensors, folder / UNET)


def a_weight_has_another_shape(folder: Path) -> None:
    tensors = load_file(folder / UNET)
    tensors["conv_out.bias"] = torch.zeros(7)
    save_file(tensors, folder / UNET)


def a_text_weight_is_missing(folder: Path) -> None:
    file = folder / "text_encoder/model.safetensors"
    tensors = load_file(file)
    del tensors[min(name for name in tensors if "position_embedding" in name)]
    save_file(tensors, file)


def pickles_only(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet/diffusion_pytorch_model.bin")


BROKEN: list[tuple[Callable[[Path], object], str]] = [
    (shutil.rmtree, r"prior.model = '.*/m': there is no such folder, nor is it a hub id like owner/name"),
    (
        lambda f: (f / "model_index.json").unlink(),
        r"/m is no diffusers pipeline: it has no model_index.json. Set prior",
    ),
    (lambda f: (f / "model_index.json").write_text("{"), r"model_index.json is damaged \(.*Download or save it again"),
    (lambda f: (f / "model_index.json").write_text("[]"), r"model_index.json is damaged: it holds no JSON object"),
    (
        lambda f: edit(f / "model_index.json", _class_name="FluxPipeline"),
        r"/m is a FluxPipeline; prior.model must be one of: StableDiffusionPipeline, StableDiffusionXLPipeline",
    ),
    (
        lambda f: edit(f / "model_index.json", text_encoder=[None, None]),
        r"saved without its text_encoder, which is needed. Use a complete copy",
    ),
    (lambda f: edit(f / "model_index.json", tokenizer=None), r"saved without its tokenizer, which is needed"),
    (
        lambda f: edit(f / "model_index.json", vae=["diffusers", "AutoencoderTiny"]),
        r"/m: vae is a AutoencoderTiny; must be one of: AutoencoderKL",
    ),
    (lambda f: shutil.rmtree(f / "text_encoder"), r"/m/text_encoder: text_encoder is missing. Download or save"),
    (lambda f: shutil.rmtree(f / "tokenizer"), r"/m/tokenizer: tokenizer is missing"),
    (lambda f: shutil.rmtree(f / "vae"), r"/m/vae: vae is missing"),
    (lambda f: shutil.rmtree(f / "unet"), r"/m/unet: unet is missing"),
    (lambda f: shutil.rmtree(f / "scheduler"), r"/m/scheduler: scheduler is missing"),
    (lambda f: (f / UNET).unlink(), r"/m/unet: no safetensors weights with no variant. Download or save"),
    (pickles_only, r"There are pickled weights \(.bin\), which are not read: convert them with `save_pretrained`"),
    (lambda f: rename(f, "fp16"), r"There are weights with variant 'fp16': set prior.variant accordingly"),
    (lambda f: (f / UNET).write_text("version https://git-lfs"), r"damaged or no safetensors file .*`git lfs pull`"),
    (half_of_the_weights_in_16_bits, r"/m/unet: the weights mix float16 and float32. Choose another prior.variant, or"),
    (lambda f: recast(f / UNET, lambda name: torch.int8), r"/m/unet: weights in I8 are not supported. Choose float32,"),
    (a_shard_is_missing, r"/m/unet: absent-00002-of-00002.safetensors of diffusion_.*index.json is missing. Download"),
    (a_weight_is_missing, r"/m/unet: the weights do not fit config.json: 1 are missing .*, as conv_out.bias. Download"),
    (a_weight_has_another_shape, r"/m/unet(: the weights do not fit config.json| cannot be loaded): "),
    (
        lambda f: edit(f / "scheduler/scheduler_config.json", prediction_type="sample"),
        r"scheduler_config.json: prediction_type = 'sample': must be one of epsilon, v_prediction",
    ),
    (lambda f: (f / "unet/config.json").write_text("{}{"), r"/m/unet cannot be loaded: "),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN)
def test_a_broken_folder_says_what_is_wrong(
    folder: Path, damage: Callable[[Path], object], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    damage(folder)
    with pytest.raises(ValueError, match=message):
        load_prior("stable_diffusion", model=str(folder))


def test_a_broken_text_encoder_is_found_when_it_is_needed(folder: Path, tmp_path: Path) -> None:
    a_text_weight_is_missing(folder)
    prior = load_prior("stable_diffusion", model=str(folder), cache=str(tmp_path / "c"))
    with pytest.raises(ValueError, match="/m/text_encoder: the weights do not fit config.json: 1 are missing"):
        prior.encode_prompts(["a mug"])


def test_a_folder_of_pipelines_names_them(folder: Path) -> None:
    with pytest.raises(ValueError, match=f"{folder.parent} is no diffusers pipeline.*It has pipelines in m"):
        load_prior("stable_diffusion", model=str(folder.parent))
    load_prior("stable_diffusion", model=str(folder.parent), subfolder="m")


def test_another_kind_of_pipeline_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="/m is a StableDiffusionPipeline; prior.model must be one of: IFPipeline"):
        load_prior("deepfloyd", model=str(folder))


def test_a_local_folder_has_no_revision(folder: Path) -> None:
    with pytest.raises(ValueError, match=f"prior.revision = '{COMMIT}': .* is a local folder, which has no revisions"):
        load_prior("stable_diffusion", model=str(folder), revision=COMMIT)


def test_variants_are_told_apart(folder: Path) -> None:
    plain = open_pipeline(Source(str(folder)), LAYOUTS)
    before = {path.name for path in (folder / "unet").iterdir()}
    for part in ("unet", "vae", "text_encoder"):
        for file in list((folder / part).glob("*.safetensors")):
            half = {name: tensor.half() for name, tensor in load_file(file).items()}
            save_file(half, file.with_name(f"{file.stem}.fp16.safetensors"))
    half = open_pipeline(Source(str(folder), variant="fp16"), LAYOUTS)
    assert open_pipeline(Source(str(folder)), LAYOUTS).identity == plain.identity != half.identity
    assert before < {path.name for path in (folder / "unet").iterdir()}
    load_prior("stable_diffusion", model=str(folder), variant="fp16", dtype="float16")


def test_the_identity_is_of_all_that_matters(folder: Path) -> None:
    first = open_pipeline(Source(str(folder)), LAYOUTS).identity
    (folder / "README.md").write_text("not in use")
    (folder / "unet" / "notes.md").write_text("not in use")
    assert open_pipeline(Source(str(folder)), LAYOUTS).identity == first
    for name in ("scheduler/scheduler_config.json", "text_encoder/config.json", "model_index.json"):
        edit(folder / name, extra=1)
        assert open_pipeline(Source(str(folder)), LAYOUTS).identity != first


def test_weights_in_shards_are_loaded(folder: Path) -> None:
    tensors = load_file(folder / UNET)
    (folder / UNET).unlink()
    names = sorted(tensors)
    files = [f"diffusion_pytorch_model-0000{part}-of-00002.safetensors" for part in (1, 2)]
    for part, file in enumerate(files):
        save_file({name: tensors[name] for name in names[part::2]}, folder / "unet" / file)
    index = {"metadata": {}, "weight_map": {name: files[place % 2] for place, name in enumerate(names)}}
    (folder / "unet/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    load_prior("stable_diffusion", model=str(folder))


def test_running_out_of_memory_is_no_fault_of_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import UNet2DConditionModel

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("no memory left")

    monkeypatch.setattr(UNet2DConditionModel, "from_pretrained", full)
    with pytest.raises(torch.OutOfMemoryError):
        load_prior("stable_diffusion", model=str(folder))
