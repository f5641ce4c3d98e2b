"""The embedded prior's network: a small U-Net that predicts v from a noised image, the time and projected text.

Axes: B images of one call, C channels, H x W pixels of a level, N = H W, T text tokens, F text features, E channels of
the time-and-prompt embedding. The image is folded into patches of 2 x 2 pixels, so that the levels work at 32, 16 and 8
pixels for an image of 64. Features stay in channels-last memory: convolutions of one pixel are matrix products there.

Text takes part twice: the pooled prompt is added to the time embedding, which scales and shifts the features of every
residual block; the tokens are extra keys and values of every attention block, under one softmax with the pixels. What
depends on the prompt alone is computed once, by `project_text`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Features = Float[Tensor, "batch channels height width"]
Outputs = Float[Tensor, "batch outputs height width"]


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """The architecture. `channels` and `attention` have one entry a level, finest first."""

    channels: tuple[int, ...] = (64, 128, 256)
    attention: tuple[bool, ...] = (False, True, True)
    blocks_per_level: int = 2
    patch: int = 2
    head_channels: int = 32
    time_features: int = 128
    embedding_channels: int = 256
    text_features: int = 384
    text_channels: int = 256

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.attention):
            raise ValueError(f"attention = {self.attention!r}: must have one entry for each of {self.channels!r}")

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> UNetConfig:
        """Inverse of `dataclasses.asdict`, also after a journey through JSON. Raises TypeError for an unknown key."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return UNetConfig(**values)


@dataclass(frozen=True)
class ProjectedText:
    """What the network needs of a prompt: `embedding` joins the time embedding, `keys_values` holds the keys and values
    of the tokens for every attention block, side by side."""

    embedding: Float[Tensor, "batch embedding"]
    keys_values: Float[Tensor, "batch tokens width"]


def time_features(t: Float[Tensor, " batch"], count: int) -> Float[Tensor, "batch count"]:
    """Sines and cosines of t in [0, 1] at `count` / 2 frequencies, geometric from 1/4 to 250 turns; float32."""
    frequencies = torch.exp(torch.linspace(0.0, math.log(1000.0), count // 2, device=t.device))
    angle = t.float()[:, None] * frequencies * (math.pi / 2.0)
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def pointwise(linear: nn.Linear, x: Features) -> Outputs:
    """The same linear map at every pixel."""
    return F.linear(x.permute(0, 2, 3, 1), linear.weight, linear.bias).permute(0, 3, 1, 2)


def group_norm(channels: int) -> nn.GroupNorm:
    """Groups of 8 channels, at most 32 groups."""
    return nn.GroupNorm(min(32, channels // 8), channels)


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A convolution that keeps the image's size (divided by the stride)."""
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1)


class ResidualBlock(nn.Module):
    """Two convolutions; `modulation` holds a scale and a shift for each channel between them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1 = group_norm(inputs)
        self.conv1 = conv3x3(inputs, outputs)
        self.norm2 = group_norm(outputs)
        self.conv2 = conv3x3(outputs, outputs)
        self.skip = nn.Linear(inputs, outputs) if inputs != outputs else None

    def forward(self, x: Features, modulation: Float[Tensor, "batch scale_shift"]) -> Outputs:
        scale, shift = modulation[:, :, None, None].chunk(2, dim=1)
        h: Tensor = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h) * (1.0 + scale) + shift))
        return h + (x if self.skip is None else pointwise(self.skip, x))


class AttentionBlock(nn.Module):
    """Every pixel attends to all pixels and to the text tokens, under one softmax."""

    def __init__(self, channels: int, head_channels: int) -> None:
        super().__init__()
        self.head_channels = head_channels
        self.norm = group_norm(channels)
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.output = nn.Linear(channels, channels)

    def forward(self, x: Features, text: Float[Tensor, "batch tokens keys_values"]) -> Features:
        """`text` holds the tokens' keys, then their values, of this block."""
        batch, channels, height, width = x.shape
        heads = (channels // self.head_channels, self.head_channels)
        pixels = self.norm(x).permute(0, 2, 3, 1).flatten(1, 2)
        query, key, value = self.queries_keys_values(pixels).view(batch, -1, 3, *heads).unbind(2)
        text_key, text_value = text.view(batch, -1, 2, *heads).unbind(2)
        attended = F.scaled_dot_product_attention(
            query.transpose(1, 2),
            torch.cat([key, text_key], dim=1).transpose(1, 2),
            torch.cat([value, text_value], dim=1).transpose(1, 2),
        )
        out: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return x + out.view(batch, height, width, channels).permute(0, 3, 1, 2)


class FeedForward(nn.Module):
    """A two-layer network at every pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.expand = nn.Linear(channels, 2 * channels)
        self.contract = nn.Linear(2 * channels, channels)

    def forward(self, x: Features) -> Features:
        pixels: Tensor = self.norm(x).permute(0, 2, 3, 1)
        out: Tensor = self.contract(F.gelu(self.expand(pixels)))
        return x + out.permute(0, 3, 1, 2)


class Block(nn.Module):
    """A residual block and, where the level attends, attention and a feed-forward network."""

    def __init__(self, inputs: int, outputs: int, *, attends: bool, head_channels: int) -> None:
        super().__init__()
        self.residual = ResidualBlock(inputs, outputs)
        self.attention = AttentionBlock(outputs, head_channels) if attends else None
        self.feed_forward = FeedForward(outputs) if attends else None
        self.modulation_width = 2 * outputs
        self.text_width = 2 * outputs if attends else 0

    def forward(
        self,
        x: Features,
        modulation: Float[Tensor, "batch scale_shift"],
        text: Float[Tensor, "batch tokens keys_values"],
    ) -> Outputs:
        x = self.residual(x, modulation)
        if self.attention is not None and self.feed_forward is not None:
            x = self.feed_forward(self.attention(x, text))
        return x


class UNet(nn.Module):
    """v-prediction for images whose side is a multiple of patch x 2^(levels - 1).

    Blocks stand in order of use: `down` (finest level first), `middle`, `up` (coarsest level first). The modulations of
    all blocks come from one matrix product, in that order, and so do the keys and values of the text.
    """

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        folded = 3 * config.patch**2
        # The output convolution sees the folded input too, padded to a multiple of 8 channels.
        self._input_padding = -folded % 8

        def level(index: int, first: int, skip: int) -> list[Block]:
            width = channels[index]
            inputs = [first + skip] + [width + skip] * (config.blocks_per_level - 1)
            attends, head = config.attention[index], config.head_channels
            return [Block(size, width, attends=attends, head_channels=head) for size in inputs]

        # Plain lists beside the registered modules: they keep the blocks' type.
        self._down = [level(i, channels[max(i - 1, 0)], 0) for i in range(len(channels))]
        self._up = [level(i, channels[i], channels[i]) for i in reversed(range(len(channels)))]
        pairs = list(pairwise(channels))
        self.input = conv3x3(folded, channels[0])
        self.down = nn.ModuleList(nn.ModuleList(blocks) for blocks in self._down)
        self.downsample = nn.ModuleList(conv3x3(fine, fine, stride=2) for fine, _ in pairs)
        self.middle = Block(channels[-1], channels[-1], attends=True, head_channels=config.head_channels)
        self.up = nn.ModuleList(nn.ModuleList(blocks) for blocks in self._up)
        self.upsample = nn.ModuleList(conv3x3(coarse, fine) for fine, coarse in reversed(pairs))
        self.output_norm = group_norm(channels[0])
        self.output = conv3x3(channels[0] + folded + self._input_padding, folded)

        features, width, text = config.embedding_channels, config.text_features, config.text_channels
        self.time = nn.Sequential(nn.Linear(config.time_features, features), nn.SiLU(), nn.Linear(features, features))
        self.pooled = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, features))
        self.tokens = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, text), nn.GELU(), nn.Linear(text, text), nn.LayerNorm(text)
        )
        self.null_token = nn.Parameter(torch.zeros(1, width))
        blocks = [block for part in (self._down, [[self.middle]], self._up) for level in part for block in level]
        self._modulation_widths = [block.modulation_width for block in blocks]
        self._text_widths = [block.text_width for block in blocks]
        self.modulation = nn.Linear(features, sum(self._modulation_widths))
        self.text_keys_values = nn.Linear(text, sum(self._text_widths))

    def project_text(
        self, tokens: Float[Tensor, "batch tokens features"], pooled: Float[Tensor, "batch features"]
    ) -> ProjectedText:
        """What depends on the prompt alone. For no prompt, every token is `null_token` and `pooled` is 0."""
        return ProjectedText(self.pooled(pooled), self.text_keys_values(self.tokens(tokens)))

    def forward(
        self, noised: Float[Tensor, "batch 3 height width"], t: Float[Tensor, " batch"], text: ProjectedText
    ) -> Float[Tensor, "batch 3 height width"]:
        embedding = F.silu(self.time(time_features(t, self.config.time_features).to(noised.dtype)) + text.embedding)
        modulations = iter(torch.split(self.modulation(embedding), self._modulation_widths, dim=-1))
        texts = iter(torch.split(text.keys_values, self._text_widths, dim=-1))
        folded = F.pixel_unshuffle(noised, self.config.patch).contiguous(memory_format=torch.channels_last)

        x: Tensor = self.input(folded)
        skips = []
        for index, level in enumerate(self._down):
            if index > 0:
                x = self.downsample[index - 1](x)
            for block in level:
                x = block(x, next(modulations), next(texts))
                skips.append(x)
        x = self.middle(x, next(modulations), next(texts))
        for index, level in enumerate(self._up):
            if index > 0:
                x = self.upsample[index - 1](F.interpolate(x, scale_factor=2.0, mode="nearest"))
            for block in level:
                x = block(torch.cat([x, skips.pop()], dim=1), next(modulations), next(texts))

        padded = F.pad(folded, (0, 0, 0, 0, 0, self._input_padding))
        v = self.output(torch.cat([F.silu(self.output_norm(x)), padded], dim=1))
        return F.pixel_shuffle(v, self.config.patch)
