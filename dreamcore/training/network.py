"""The prior's network: diffusers' UNet2DConditionModel on pixels, told the prompt by token features alone."""

from __future__ import annotations

import importlib
import inspect
import json
import shutil
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from dreamcore.training.checkpoints import write

IMAGE_CHANNELS = 3
_LAST = ("conv_out.weight", "conv_out.bias")

Images = Float[Tensor, "b 3 side side"]
Features = Float[Tensor, "b tokens features"]
Timesteps = Int[Tensor, " b"]
Predict = Callable[[Images, Timesteps, Features], Images]


def build_unet(config: Mapping[str, Any], seed: int) -> nn.Module:
    """The network with new weights, channels last. Raises ValueError for a config that diffusers does not take, or of
    a network that does not map three channels to three."""
    diffusers = importlib.import_module("diffusers")
    check_keys("unet", config.keys(), diffusers.UNet2DConditionModel)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            unet = diffusers.UNet2DConditionModel(**_tuples(config))
        except (TypeError, ValueError, IndexError, ZeroDivisionError, NotImplementedError) as error:
            raise ValueError(f"unet: diffusers cannot build it: {error}") from error
    assert isinstance(unet, nn.Module)
    _check(unet.config)
    _start_quietly(unet)
    return unet.to(memory_format=torch.channels_last)


def check_keys(section: str, given: Set[str], component: type) -> None:
    """Raise ValueError for a key that no config of the component has; diffusers would pass over it."""
    known = inspect.signature(component).parameters.keys()
    unknown = sorted(given - known)
    if unknown:
        raise ValueError(f"{section}.{unknown[0]}: unknown key. Known keys: {', '.join(sorted(known))}")


def _tuples(config: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as diffusers' own configs have them."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}


def _check(config: Any) -> None:
    channels = (config.in_channels, config.out_channels)
    if channels != (3, 3):
        raise ValueError(f"unet.in_channels, unet.out_channels = {channels}: must be (3, 3)")
    if not isinstance(config.sample_size, int):
        raise ValueError(f"unet.sample_size = {config.sample_size!r}: must be the side of the images")


def _start_quietly(unet: nn.Module) -> None:
    """Every block begins as the identity and the whole puts out 0 (Dhariwal and Nichol 2021): the last layer of each
    residual branch is set to 0."""
    for name, module in unet.named_modules():
        last = name.endswith((".conv2", ".to_out.0")) or name == "conv_out"
        if last and isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.zeros_(module.weight)
            assert module.bias is not None
            nn.init.zeros_(module.bias)


def predictor(unet: nn.Module, weights: Mapping[str, Tensor] | None = None) -> Predict:
    """The network as a function; in bfloat16 where the device is CUDA. `weights` replace its own."""

    def predict(noised: Images, timestep: Timesteps, features: Features) -> Images:
        given = {"encoder_hidden_states": features.float(), "return_dict": False}
        with torch.autocast(noised.device.type, torch.bfloat16, enabled=noised.device.type == "cuda"):
            if weights is None:
                (output,) = unet(noised, timestep, **given)
            else:
                (output,) = torch.func.functional_call(unet, dict(weights), (noised, timestep), given)
        result: Tensor = output.float()
        return result

    return predict


def load_weights(folder: Path, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights, in float32, of a pipeline that `save_pipeline` wrote, without the three channels that are 0.

    Raises ValueError if the folder has no U-Net of that `config`."""
    try:
        there = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise ValueError(f"{folder}: has no U-Net to begin with: {error}") from error
    for key, wanted in {**config, "out_channels": 2 * IMAGE_CHANNELS}.items():
        if there.get(key) != wanted:
            raise ValueError(f"unet.{key} = {wanted!r}, but {folder} has {there.get(key)!r}: use its settings")
    weights = {name: tensor.float() for name, tensor in tensors.items()}
    return weights | {name: weights[name][:IMAGE_CHANNELS] for name in _LAST}


def save_pipeline(folder: Path, unet: nn.Module, weights: Mapping[str, Tensor], scheduler: Mapping[str, Any]) -> None:
    """Write a folder as diffusers lays out pipelines: the U-Net with these weights in float16, the scheduler, and the
    index, which refers to a tokenizer and a text encoder that are kept elsewhere. It replaces the folder at once.

    Pipelines of DeepFloyd IF expect three channels more, which they drop unless the scheduler learns variances: here
    they are 0."""
    diffusers = importlib.import_module("diffusers")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    config: Any = unet.config
    copy = diffusers.UNet2DConditionModel.from_config({**config, "out_channels": 2 * IMAGE_CHANNELS})
    plain = {name: tensor.detach().cpu() for name, tensor in weights.items()}
    plain |= {name: torch.cat([plain[name], torch.zeros_like(plain[name])]) for name in _LAST}
    copy.load_state_dict(plain)
    copy.half().save_pretrained(unfinished / "unet", safe_serialization=True)
    diffusers.DDPMScheduler(**scheduler).save_pretrained(unfinished / "scheduler")
    index = {
        "_class_name": "IFPipeline",
        "_diffusers_version": diffusers.__version__,
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "DDPMScheduler"],
        "text_encoder": ["transformers", "BertModel"],
        "tokenizer": ["transformers", "BertTokenizerFast"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "watermarker": [None, None],
    }
    text = json.dumps(index, indent=2) + "\n"
    write(unfinished / "model_index.json", lambda place: place.write_text(text, encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
