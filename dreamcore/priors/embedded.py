"""The bundled prior: a small text-to-image model of 64 x 64 pixels. See its MODEL_CARD.md.

A standard diffusers U-Net, whose prompts are the token features of all-MiniLM-L6-v2.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors.torch import load as load_tensors
from torch import Tensor, nn

from dreamcore.assets import EMBEDDED_PRIOR, MINILM
from dreamcore.priors.base import Conditioning
from dreamcore.priors.diffusion_schedule import read_schedule
from dreamcore.priors.networks import resolve_dtype
from dreamcore.priors.pixel_prior import PixelPrior
from dreamcore.priors.text import TextEncoder

WEIGHTS = "diffusion_pytorch_model.safetensors"


class EmbeddedPrior(PixelPrior):
    """The network with its text encoder, frozen. `folder` holds `unet` and `scheduler` as diffusers saves them; without
    a prompt it is told the empty one."""

    def __init__(
        self,
        device: torch.device | str = "cpu",
        dtype: str = "auto",
        *,
        folder: Path = EMBEDDED_PRIOR,
        text_folder: Path = MINILM,
    ) -> None:
        """`dtype` is `float32`, `bfloat16`, `float16` or `auto`, the fastest for the device.

        Raises ValueError for another dtype.
        """
        device = torch.device(device)
        weights = (folder / "unet" / WEIGHTS).read_bytes()
        text_weights = (text_folder / "model.safetensors").read_bytes()
        placed = {
            name: tensor.to(device, resolve_dtype(dtype, device)) for name, tensor in load_tensors(weights).items()
        }
        scheduler = folder / "scheduler" / "scheduler_config.json"
        super().__init__(
            _network(_read(folder / "unet" / "config.json"), placed),
            read_schedule(_read(scheduler), str(scheduler)),
            self._encode,
            identity=f"embedded:{_sha256(weights)}+minilm:{_sha256(text_weights)}",
        )
        self._text_folder = text_folder
        self._encoder: TextEncoder | None = None

    @torch.no_grad()
    def _encode(self, prompts: Sequence[str]) -> Conditioning:
        """One prompt at a time, so that each depends on itself alone, bit for bit. The first call loads the encoder,
        which takes some seconds."""
        if self._encoder is None:
            self._encoder = TextEncoder(self._text_folder)
        tokens = torch.stack([self._encoder.encode(prompt).tokens for prompt in prompts])
        return Conditioning({"tokens": tokens.to(self.dtype)})

    def noise_with_graph(
        self, noised: Float[Tensor, "batch 3 h w"], t: Float[Tensor, " batch"], conditioning: Conditioning
    ) -> Float[Tensor, "batch 3 h w"]:
        """`predict_noise`, differentiable by `noised`."""
        return self._noise(noised, t, conditioning)


def _network(config: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    # Built without storage and given the weights, so that nothing is drawn at random.
    with torch.device("meta"):
        network: nn.Module = UNet2DConditionModel.from_config(config)
    network.load_state_dict(weights, assign=True)
    return network


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
