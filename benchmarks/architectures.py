"""Priors of the published architectures at full size, with random weights.

Speed, memory and finiteness do not depend on what the weights know, so nothing is downloaded. `tiny` shrinks them until
a CPU runs them in a second.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from dreamcore.priors.base import Conditioning, Prior
from dreamcore.priors.deepfloyd import DeepFloydPrior
from dreamcore.priors.diffusion_schedule import read_schedule
from dreamcore.priors.embedded import EmbeddedPrior
from dreamcore.priors.stable_diffusion import StableDiffusionPrior

TOKENS = 77

SD21_UNET: dict[str, Any] = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
SD_VAE: dict[str, Any] = {
    "sample_size": 512,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
SD_SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
IF_XL_UNET: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 3,
    "out_channels": 6,
    "block_out_channels": (704, 1408, 2112, 2816),
    "layers_per_block": 3,
    "down_block_types": ("ResnetDownsampleBlock2D", *("SimpleCrossAttnDownBlock2D",) * 3),
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": (*("SimpleCrossAttnUpBlock2D",) * 3, "ResnetUpsampleBlock2D"),
    "cross_attention_dim": 2816,
    "attention_head_dim": 64,
    "encoder_hid_dim": 4096,
    "addition_embed_type": "text",
    "cross_attention_norm": "group_norm",
    "resnet_time_scale_shift": "scale_shift",
    "act_fn": "gelu",
}
# The published text gives 400 million parameters for M; the widths are those that come nearest in the family of XL,
# whose config is public.
IF_M_UNET: dict[str, Any] = IF_XL_UNET | {"block_out_channels": (192, 384, 576, 768), "cross_attention_dim": 768}
IF_SCHEDULE = SD_SCHEDULE | {"beta_schedule": "squaredcos_cap_v2"}

TINY_SD = {"sample_size": 8, "block_out_channels": (32, 32, 64, 64), "cross_attention_dim": 32}
TINY_VAE = {"sample_size": 64, "block_out_channels": (32, 32, 32, 32)}
TINY_IF = {"sample_size": 16, "block_out_channels": (64, 64, 64, 64), "cross_attention_dim": 64, "encoder_hid_dim": 64}


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Weights that are made inside have this dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def stable_diffusion(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Prior:
    """The architecture of Stable Diffusion 2.1-base."""
    diffusers = importlib.import_module("diffusers")
    config = SD21_UNET | (TINY_SD if tiny else {})
    with torch.device(device), default_dtype(dtype):
        unet = diffusers.UNet2DConditionModel(**config)
        vae = diffusers.AutoencoderKL(**(SD_VAE | (TINY_VAE if tiny else {})))
    embed = random_embeddings(config["cross_attention_dim"], dtype)
    schedule = read_schedule(SD_SCHEDULE, "Stable Diffusion")
    return StableDiffusionPrior(unet, vae, schedule, embed, identity="random:sd21")


def deepfloyd_m(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Prior:
    """The architecture of DeepFloyd IF-I-M."""
    return _deepfloyd(IF_M_UNET, device, dtype, tiny)


def deepfloyd_xl(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Prior:
    """The architecture of DeepFloyd IF-I-XL."""
    return _deepfloyd(IF_XL_UNET, device, dtype, tiny)


def _deepfloyd(full: dict[str, Any], device: torch.device, dtype: torch.dtype, tiny: bool) -> Prior:
    diffusers = importlib.import_module("diffusers")
    config = full | (TINY_IF if tiny else {})
    with torch.device(device), default_dtype(dtype):
        unet = diffusers.UNet2DConditionModel(**config)
    embed = random_embeddings(config["encoder_hid_dim"], dtype)
    return DeepFloydPrior(unet, read_schedule(IF_SCHEDULE, "DeepFloyd"), embed, identity="random:if")


def embedded(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Prior:
    """The bundled prior; `tiny` changes nothing of it."""
    return EmbeddedPrior(device, str(dtype).removeprefix("torch."))


ARCHITECTURES = {"sd21": stable_diffusion, "if-xl": deepfloyd_xl, "if-m": deepfloyd_m, "embedded": embedded}


def random_embeddings(features: int, dtype: torch.dtype) -> Callable[[Sequence[str]], Conditioning]:
    """What stands for a text encoder: each prompt has its own normal numbers."""

    def embedding(prompt: str) -> Tensor:
        seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:4], "big")
        return torch.randn(1, TOKENS, features, generator=torch.Generator().manual_seed(seed)).to(dtype)

    return lambda prompts: Conditioning({"tokens": torch.cat([embedding(prompt) for prompt in prompts])})
