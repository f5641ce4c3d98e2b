"""Dream Fields (Jain et al. 2022, arXiv 2112.01455): an image-text model in the place of the diffusion model.

The baseline that DreamFusion compares itself with. B images of one call, N crops of each, E values of an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.augmentations import crop_length, crops_of, random_corners
from dreamcore.config import DreamFieldsConfig, GuidanceConfig
from dreamcore.guidance.base import Guided, PerImage, Query
from dreamcore.image_text import ImageTextModel, load_image_text


def cosine_loss(seen: Float[Tensor, "batch crops embedding"], told: Float[Tensor, "batch embedding"]) -> PerImage:
    """-g(I) . h(y) (Eq. 7), a mean over the crops of each image; all embeddings have length 1."""
    return -(seen * told[:, None]).sum(-1).mean(-1)


@dataclass(frozen=True)
class DreamFields:
    """The gradient of the cosine by the image, whose crops are judged by the prompt's own words; the prior is not
    asked. Scenes of a pack share the settings. The residual is the mean square of g(I) - h(y), that is 2 - 2 cos."""

    configs: Sequence[DreamFieldsConfig]

    def __call__(self, query: Query) -> Guided:
        settings, side = self.configs[0], query.image.shape[-1]
        model = guide_of(settings, query.prior.device)
        assert len(query.texts) == len(query.image), "whoever asks gives the prompts in words"
        length = crop_length(side, settings.crop_fraction)
        corners = random_corners(query.draws, query.views, settings.crops, side, length).flatten(0, 1)
        image = query.image.detach().requires_grad_()
        with torch.enable_grad():
            crops = crops_of(image, corners, length, model.image_size)
            seen = model.embed_images(crops.flatten(0, 1)).unflatten(0, crops.shape[:2])
            loss = cosine_loss(seen, model.embed_texts(query.texts))
            (gradient,) = torch.autograd.grad(loss.sum(), image)
        return Guided(query.image, gradient * image[0].numel(), 2.0 + 2.0 * loss.detach())


def guide_of(config: DreamFieldsConfig, device: torch.device) -> ImageTextModel:
    """The image-text model that guides such trials on this device. Raises ValueError if it cannot be loaded."""
    return load_image_text(config.model, config.pretrained, device)


def guide_identity(config: GuidanceConfig, device: torch.device) -> str:
    """What names the image-text model that guides such trials, with the hashes of its weights; empty if none does.
    Raises ValueError if it cannot be loaded."""
    return guide_of(config, device).identity if isinstance(config, DreamFieldsConfig) else ""
