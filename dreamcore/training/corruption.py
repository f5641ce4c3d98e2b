"""What may be wrong with the images that a judge looks at, on the device, a batch at a time.

Renders of score-distilled objects are soft, foggy, spotted, over-saturated and off-centre. A judge that has only seen
clean renders would grade those faults; it is to name the object in spite of them.

Axes: B images, RGBA in [0, 1] as colour times coverage and coverage, or RGB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from dreamcore.config.base import Range, require, require_range

SHARPEST = 0.4  # width of a blur, in pixels

Images = Float[Tensor, "batch channels side side"]


@dataclass(frozen=True, kw_only=True)
class CorruptionSettings:
    """Probabilities, and largest strengths: `shift` in image sides, `angle` in degrees, `softness` (width of a blur)
    in pixels. Backgrounds are white or gray in the shares of these names, else of any colour; the share `gradient` of
    them changes its colour from above to below."""

    flip: float = 0.5
    scale: Range = (0.75, 1.2)
    shift: float = 0.1
    angle: float = 8.0
    white: float = 0.35
    gray: float = 0.25
    gradient: float = 0.2
    soft: float = 0.5
    softness: float = 1.6
    coarse: float = 0.25
    fog: float = 0.3
    see_through: float = 0.2
    noise: float = 0.4
    noise_strength: float = 0.1
    colours: float = 0.6
    blocks: float = 0.2

    def __post_init__(self) -> None:
        shares = (
            "flip",
            "white",
            "gray",
            "gradient",
            "soft",
            "coarse",
            "fog",
            "see_through",
            "noise",
            "colours",
            "blocks",
        )
        for name in shares:
            require(0.0 <= getattr(self, name) <= 1.0, f"corruption.{name}", getattr(self, name), "in [0, 1]")
        require(self.white + self.gray <= 1.0, "corruption.white + gray", self.white + self.gray, "at most 1")
        require_range("corruption.scale", self.scale, low=0.1, high=10.0)
        for name in ("shift", "angle", "noise_strength"):
            require(getattr(self, name) >= 0.0, f"corruption.{name}", getattr(self, name), "at least 0")
        require(self.softness >= SHARPEST, "corruption.softness", self.softness, f"at least {SHARPEST}")


class Corruption:
    """Draws from one generator; every method takes and gives a whole batch."""

    def __init__(self, settings: CorruptionSettings, generator: torch.Generator, device: torch.device) -> None:
        self._settings, self._generator, self._device = settings, generator, device

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._generator, device=self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator, device=self._device)

    def _chosen(self, count: int, probability: float) -> Bool[Tensor, "batch 1 1 1"]:
        return (self._uniform(count) < probability)[:, None, None, None]

    def __call__(self, layers: Float[Tensor, "batch 4 side side"]) -> Float[Tensor, "batch 3 side side"]:
        """Over a random background, with some of the faults."""
        s, count = self._settings, len(layers)
        layers = self._placed(layers)
        layers = torch.where(self._chosen(count, s.soft), self._blurred(layers), layers)
        thin = 1.0 - 0.5 * self._uniform(count, 1, 1, 1) * self._chosen(count, s.see_through)
        layers = layers * thin
        image = layers[:, :3] + (1.0 - layers[:, 3:]) * self.background(count, layers.shape[-1])
        image = torch.where(self._chosen(count, s.fog), self._fogged(image), image)
        image = torch.where(self._chosen(count, s.coarse), self._coarse(image), image)
        image = torch.where(self._chosen(count, s.colours), self._recoloured(image), image)
        image = torch.where(self._chosen(count, s.blocks), self._blocky(image), image)
        strength = s.noise_strength * self._uniform(count, 1, 1, 1) * self._chosen(count, s.noise)
        return (image + strength * self._normal(*image.shape)).clamp(0.0, 1.0)

    def background(self, count: int, side: int) -> Float[Tensor, "batch 3 side side"]:
        """White, gray or coloured, some with a vertical gradient."""
        s = self._settings
        colour, gray = self._uniform(count, 3, 1, 1), self._uniform(count, 1, 1, 1).expand(-1, 3, -1, -1)
        kind = self._uniform(count, 1, 1, 1)
        colour = torch.where(kind < s.white + s.gray, gray, colour)
        colour = torch.where(kind < s.white, 1.0, colour)
        height = torch.linspace(0.0, 1.0, side, device=self._device)[None, None, :, None]
        share = 0.6 * height * self._chosen(count, s.gradient)
        return torch.lerp(colour, self._uniform(count, 3, 1, 1), share).expand(-1, -1, -1, side)

    def _placed(self, layers: Images) -> Images:
        """Turned a little, scaled, shifted, mirrored."""
        s, count = self._settings, len(layers)
        angle = math.radians(s.angle) * (2.0 * self._uniform(count) - 1.0)
        low, high = s.scale
        inverse = 1.0 / (low + (high - low) * self._uniform(count))
        mirror = 1.0 - 2.0 * (self._uniform(count) < s.flip).float()
        shift = 2.0 * s.shift * (2.0 * self._uniform(count, 2) - 1.0)
        cosine, sine = angle.cos() * inverse, angle.sin() * inverse
        rows = [
            torch.stack([mirror * cosine, -sine, shift[:, 0]], 1),
            torch.stack([mirror * sine, cosine, shift[:, 1]], 1),
        ]
        grid = F.affine_grid(torch.stack(rows, 1), list(layers.shape), align_corners=False)
        return F.grid_sample(layers, grid, align_corners=False)

    def _blurred(self, image: Images) -> Images:
        """By a Gaussian whose width differs from image to image."""
        reach = 4
        offset = torch.arange(-reach, reach + 1, device=self._device)
        width = SHARPEST + (self._settings.softness - SHARPEST) * self._uniform(len(image), 1)
        kernel = torch.exp(-0.5 * (offset / width) ** 2)
        kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(image.shape[1], 0)
        flat = image.flatten(0, 1)[None]
        groups = flat.shape[1]
        flat = F.conv2d(flat, kernel[:, None, None, :], padding=(0, reach), groups=groups)
        flat = F.conv2d(flat, kernel[:, None, :, None], padding=(reach, 0), groups=groups)
        return flat[0].view_as(image)

    def _coarse(self, image: Images) -> Images:
        """As if rendered at half the resolution."""
        side = image.shape[-1]
        small = F.interpolate(image, size=side // 2, mode="bilinear", align_corners=False, antialias=True)
        return F.interpolate(small, size=side, mode="bilinear", align_corners=False)

    def _fogged(self, image: Images) -> Images:
        """Soft blobs of some colour floating before the object."""
        count, side = len(image), image.shape[-1]
        cloud = F.interpolate(self._normal(count, 1, 7, 7), size=side, mode="bicubic", align_corners=False)
        density = 0.6 * self._uniform(count, 1, 1, 1) * torch.sigmoid(4.0 * (cloud - 0.8))
        return torch.lerp(image, self._uniform(count, 3, 1, 1).expand_as(image), density)

    def _recoloured(self, image: Images) -> Images:
        """Saturation, contrast and brightness, within what leaves a colour its name."""
        count = len(image)
        gray = image.mean(1, keepdim=True)
        image = gray + (image - gray) * (0.7 + 0.8 * self._uniform(count, 1, 1, 1))
        middle = image.mean((1, 2, 3), keepdim=True)
        image = middle + (image - middle) * (0.8 + 0.4 * self._uniform(count, 1, 1, 1))
        return (image + 0.16 * (self._uniform(count, 1, 1, 1) - 0.5)).clamp(0.0, 1.0)

    def _blocky(self, image: Images) -> Images:
        """JPEG's loss."""
        return rounded_cosines(image, 0.02 + 0.1 * self._uniform(len(image))).clamp(0.0, 1.0)


def rounded_cosines(image: Images, step: Float[Tensor, " batch"]) -> Images:
    """Blocks of 8 x 8 pixels with their cosines rounded to multiples of a quarter `step`, of more for finer ones. Sides
    are multiples of 8."""
    index = torch.arange(8, device=image.device)
    basis = torch.cos(math.pi * (2 * index[None] + 1) * index[:, None] / 16.0) / 2.0
    basis[0] /= math.sqrt(2.0)
    blocks = image.unfold(2, 8, 8).unfold(3, 8, 8)
    steps = step[:, None, None, None, None, None] * (1.0 + index + index[:, None]) / 4.0
    rounded = ((basis @ blocks @ basis.T) / steps).round() * steps
    return (basis.T @ rounded @ basis).permute(0, 1, 2, 4, 3, 5).reshape_as(image)
