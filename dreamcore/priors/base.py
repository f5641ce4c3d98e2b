"""What score distillation asks of a frozen text-to-image diffusion model.

Axes: B images of one call, C channels, H x W values. Times t lie in [0, 1], 0 clean and 1 noise, and
z_t = alpha x + sigma e.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Conditioning:
    """Prompt embeddings: named tensors that share a leading axis of prompts. Only the prior that made them reads
    inside."""

    tensors: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __getitem__(self, index: Int[Tensor, " batch"]) -> Conditioning:
        return Conditioning({name: tensor[index] for name, tensor in self.tensors.items()})

    def blend(self, index: Int[Tensor, "batch prompts"], weights: Float[Tensor, "batch prompts"]) -> Conditioning:
        """Weighted sums of prompts' embeddings; of tensors that hold no real numbers, such as masks, the prompt with
        the largest weight."""
        largest = index.gather(1, weights.argmax(1, keepdim=True))[:, 0]

        def mixed(tensor: Tensor) -> Tensor:
            if not tensor.is_floating_point():
                return tensor[largest]
            factor = weights.to(tensor.dtype).reshape(*weights.shape, *[1] * (tensor.dim() - 1))
            # what has no weight has no say, even where it is infinite (a mixture's log-weights are)
            return torch.where(factor > 0, tensor[index] * factor, 0.0).sum(1)

        return Conditioning({name: mixed(tensor) for name, tensor in self.tensors.items()})

    def to(self, device: torch.device) -> Conditioning:
        return Conditioning({name: tensor.to(device) for name, tensor in self.tensors.items()})

    @staticmethod
    def cat(parts: Sequence[Conditioning]) -> Conditioning:
        """The prompts of all parts, one after another."""
        names = parts[0].tensors.keys()
        return Conditioning({name: torch.cat([part.tensors[name] for part in parts]) for name in names})


@runtime_checkable
class Prior(Protocol):
    """A frozen diffusion model. `image_size` is the side of the square images it reads, `identity` names its weights
    exactly (kind, model, hash), so that results can be traced to them."""

    image_size: int
    identity: str
    device: torch.device

    def encode_prompts(self, prompts: Sequence[str]) -> Conditioning:
        """One embedding a prompt. Each prompt's embedding depends on that prompt alone, bit for bit."""
        ...

    def unconditional(self) -> Conditioning:
        """The one embedding that stands for no prompt."""
        ...

    def encode_image(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch channels h w"]:
        """Images in [0, 1] to what is noised: pixels in [-1, 1], or latents. Differentiable."""
        ...

    def alpha_sigma(self, t: Float[Tensor, " batch"]) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
        """The noise schedule at t: alpha^2 + sigma^2 = 1."""
        ...

    def predict_noise(
        self, noised: Float[Tensor, "batch channels h w"], t: Float[Tensor, " batch"], conditioning: Conditioning
    ) -> Float[Tensor, "batch channels h w"]:
        """The prior's estimate of the noise in `noised`, without guidance. Never differentiated; float32."""
        ...


@runtime_checkable
class DifferentiablePrior(Prior, Protocol):
    """A prior that autograd can go back through. Score distillation never does; minimising the diffusion loss must."""

    def noise_with_graph(
        self, noised: Float[Tensor, "batch channels h w"], t: Float[Tensor, " batch"], conditioning: Conditioning
    ) -> Float[Tensor, "batch channels h w"]:
        """`predict_noise`, differentiable by `noised`. The weights stay frozen."""
        ...


@runtime_checkable
class PreparesPrompts(Protocol):
    """A prior whose text encoder is dear to load, so that all prompts of a sweep are best embedded at once."""

    def prepare(self, prompts: Sequence[str]) -> Generator[str, None, None]:
        """Embed the prompts, and the one that stands for none, so that `encode_prompts` needs no encoder for them.

        Each item says in words what is done next. The encoder stays loaded until the generator ends or is closed.
        """
        ...


def resize_images(images: Float[Tensor, "batch 3 height width"], size: int) -> Float[Tensor, "batch 3 {size} {size}"]:
    """Images of any size at `size` x `size`, bilinear, averaging over what each pixel covers when they shrink.
    Differentiable; images that have the size already pass unchanged."""
    if images.shape[-2:] == (size, size):
        return images
    if images.device.type == "cuda":
        return resized_by_products(images, size)
    return _interpolated(images, size, size)


def resized_by_products(
    images: Float[Tensor, "batch 3 height width"], size: int
) -> Float[Tensor, "batch 3 {size} {size}"]:
    """`resize_images` as the linear map that it is: two products of matrices, whose gradient is as quick and adds in
    a fixed order."""
    height, width = images.shape[-2:]
    down, across = (_resizing(side, size, images.device, images.dtype) for side in (height, width))
    return down @ images @ across.T


@functools.lru_cache(maxsize=8)
def _resizing(side: int, size: int, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "{size} {side}"]:
    """What interpolation makes of each pixel of a line."""
    lines = torch.eye(side, dtype=dtype)[None, None]
    return _interpolated(lines, size, side)[0, 0].to(device)


def _interpolated(images: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(images, size=(height, width), mode="bilinear", align_corners=False, antialias=True)


def cosine_schedule(t: Float[Tensor, " batch"]) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """The pair alpha = cos(pi t / 2) and sigma = sin(pi t / 2)."""
    angle = t * (math.pi / 2.0)
    return torch.cos(angle), torch.sin(angle)
