"""Priors that noise pixels: a diffusers U-Net that reads prompts as a sequence of token features and nothing else.

B images of one call, N tokens a prompt, F features a token. Some U-Nets give 6 channels: the noise, then the variance
of a sampling step, which score distillation does not need.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dreamcore.priors.base import Conditioning, resize_images
from dreamcore.priors.diffusion_schedule import DiffusionSchedule
from dreamcore.priors.fuse import fuse, pays
from dreamcore.priors.graphed import GraphedCall
from dreamcore.priors.networks import config_of, frozen
from dreamcore.priors.pipeline_prior import Embed, PipelinePrior


class PixelPrior(PipelinePrior):
    """The network, frozen. `embed` gives prompts their conditioning: `tokens`, of [P, N, F] for P prompts."""

    LARGEST: ClassVar[int] = 512  # images of one call on a GPU; more bring no speed and take memory

    def __init__(self, unet: nn.Module, schedule: DiffusionSchedule, embed: Embed, *, identity: str) -> None:
        """Raises ValueError for a network that does not noise pixels or mixes dtypes."""
        _check_network(config_of(unet))
        # Unlike Stable Diffusion's, these U-Nets gain from channels-last memory also where they are not fused.
        unet = frozen(unet, "unet").to(memory_format=torch.channels_last)
        unet = fuse(unet) if pays(next(unet.parameters()).device) else unet
        super().__init__(unet, schedule, embed, identity)
        self.image_size: int = config_of(unet).sample_size
        on_gpu = self.device.type == "cuda"
        self._graphed = GraphedCall(self._noise_of_tokens, largest=self.LARGEST) if on_gpu else None

    def encode_image(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 h w"]:
        """Pixels in [-1, 1] at the network's size."""
        return 2.0 * resize_images(images, self.image_size) - 1.0

    @torch.no_grad()
    def predict_noise(
        self, noised: Float[Tensor, "batch 3 h w"], t: Float[Tensor, " batch"], conditioning: Conditioning
    ) -> Float[Tensor, "batch 3 h w"]:
        if self._graphed is not None:
            return self._graphed(noised, t, conditioning.tensors["tokens"])
        return self._noise(noised, t, conditioning)

    def _noise(
        self, noised: Float[Tensor, "batch 3 h w"], t: Float[Tensor, " batch"], conditioning: Conditioning
    ) -> Float[Tensor, "batch 3 h w"]:
        return self._noise_of_tokens(noised, t, conditioning.tensors["tokens"])

    def _noise_of_tokens(
        self, noised: Float[Tensor, "batch 3 h w"], t: Float[Tensor, " batch"], tokens: Float[Tensor, "batch n f"]
    ) -> Float[Tensor, "batch 3 h w"]:
        (output,) = self._unet(
            noised.to(self.dtype, memory_format=torch.channels_last),
            self._schedule.timestep(t),
            encoder_hidden_states=tokens,
            return_dict=False,
        )
        return self._schedule.noise(output[:, :3].float(), noised.float(), t)


def _check_network(unet: Any) -> None:
    if unet.in_channels != 3 or unet.out_channels not in (3, 6) or unet.class_embed_type is not None:
        raise ValueError(
            f"unet takes {unet.in_channels} and gives {unet.out_channels} channels; stage I of DeepFloyd IF takes 3 "
            "and gives 6. Choose a model with IF-I in its name, not the upscalers IF-II and IF-III"
        )
    if not isinstance(unet.sample_size, int):
        raise ValueError(f"unet.sample_size = {unet.sample_size!r}: must be a whole number")
