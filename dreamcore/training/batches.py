"""Random batches of pictures, drawn, flipped and put over backgrounds on the device.

Letters: v pictures, c captions, b images of a batch. Pictures are stored as colour times coverage, and coverage.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from dreamcore.config.base import require


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """`size` images; the share `flipped` is mirrored, the share `unconditional` has no caption. Backgrounds are white
    or of a plain gray in the shares of these names, else of any plain colour; the share `gradient` of those that are
    not white changes its colour from above to below."""

    size: int = 1024
    flipped: float = 0.5
    unconditional: float = 0.1
    white: float = 0.25
    gray: float = 0.25
    gradient: float = 0.2

    def __post_init__(self) -> None:
        require(self.size > 0, "batch.size", self.size, "positive")
        for name in ("flipped", "unconditional", "white", "gray", "gradient"):
            value = getattr(self, name)
            require(0.0 <= value <= 1.0, f"batch.{name}", value, "in [0, 1]")
        require(self.white + self.gray <= 1.0, "batch.white + batch.gray", self.white + self.gray, "at most 1")


@dataclass(frozen=True)
class Pictures:
    """All pictures, and which caption each has, on the device."""

    images: UInt8[Tensor, "v side side 4"]
    caption: Int[Tensor, " v"]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Batch:
    """Images in [-1, 1], channels last in memory, and which caption each has."""

    images: Float[Tensor, "b 3 side side"]
    caption: Int[Tensor, " b"]

    def __len__(self) -> int:
        return len(self.images)


def generator_at(device: torch.device, *key: int | str) -> torch.Generator:
    """Random numbers that depend on the key alone, so that a resumed training draws what an uninterrupted one does."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def backgrounds(
    generator: torch.Generator, count: int, side: int, settings: BatchSettings
) -> Float[Tensor, "b 3 side 1"]:
    """Colours in [0, 1] of every row."""

    def uniform(channels: int) -> Tensor:
        return torch.rand(count, channels, 1, 1, generator=generator, device=generator.device)

    kind, gray, colour, other = uniform(1), uniform(1), uniform(3), uniform(3)
    white = kind < settings.white
    colour = torch.where(white, 1.0, torch.where(kind < settings.white + settings.gray, gray, colour))
    moves = (uniform(1) < settings.gradient) & ~white
    height = torch.linspace(0.0, 1.0, side, device=generator.device)[:, None]
    return torch.lerp(colour, torch.where(moves, other, colour), 0.6 * height)


def composed(
    pictures: UInt8[Tensor, "b side side 4"], behind: Float[Tensor, "b 3 side #side"]
) -> Float[Tensor, "b 3 side side"]:
    """Images in [-1, 1] of pictures in front of what is behind."""
    values = pictures.permute(0, 3, 1, 2).float() / 255.0
    image = values[:, :3] + (1.0 - values[:, 3:]) * behind
    return (2.0 * image - 1.0).contiguous(memory_format=torch.channels_last)


def mirrored(generator: torch.Generator, images: Tensor, share: float) -> Tensor:
    """A random `share` of the images with left and right exchanged, along the last axis."""
    chosen = torch.rand(len(images), generator=generator, device=images.device) < share
    return torch.where(chosen[(...,) + (None,) * (images.dim() - 1)], images.flip(-1), images)


def draw(generator: torch.Generator, pictures: Pictures, settings: BatchSettings, nothing: int) -> Batch:
    """A batch of pictures drawn with replacement; `nothing` is the caption of those without."""
    device, count = pictures.images.device, settings.size
    index = torch.randint(len(pictures), (count,), generator=generator, device=device)
    chosen = pictures.images[index]
    images = composed(chosen, backgrounds(generator, count, chosen.shape[1], settings))
    dropped = torch.rand(count, generator=generator, device=device) < settings.unconditional
    caption = torch.where(dropped, nothing, pictures.caption[index].long())
    return Batch(mirrored(generator, images, settings.flipped), caption)
