"""The blocks of diffusers' U-Nets and VAE encoders, rebuilt of fewer and larger operations that give the same numbers.

Activations have their channels next to each other throughout: no layout is ever converted. Biases, time embeddings and
activations are part of the normalisation beside them, residuals and biases are added in one pass, queries, keys and
values come from one product. Weights are frozen.

B images, C channels, H x W places; rows are [B, N = H W, C], T tokens of text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from dreamcore.priors.attention import attend
from dreamcore.priors.convolution import FrozenConvolution
from dreamcore.priors.normalise import Activation, Norm, images_of, normalise, rows_of
from dreamcore.priors.pointwise import add_residual, gate, pad_end

Images = Float[Tensor, "images channels height width"]
Resized = Float[Tensor, "images outputs rows columns"]
Rows = Float[Tensor, "images places channels"]
Mapped = Float[Tensor, "images places outputs"]

ACTIVATIONS: dict[type[nn.Module], Activation] = {nn.SiLU: "silu", nn.GELU: "gelu", nn.Identity: "none"}
WIDE_HEAD = 256  # features from which on no fused attention kernel is fast


class Normalisation(nn.Module):
    """A `GroupNorm` and the activation behind it."""

    def __init__(self, norm: nn.GroupNorm, activation: Activation = "none") -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        self.groups, self.epsilon, self.activation = norm.num_groups, norm.eps, activation

    def forward(self, x: Float[Tensor, "images channels *places"], **around: Tensor | None) -> Tensor:
        """`around` is what `Norm` takes besides."""
        return normalise(
            x,
            Norm(
                weight=self.weight,
                bias=self.bias,
                groups=self.groups,
                epsilon=self.epsilon,
                activation=self.activation,
                **around,
            ),
        )


class Residual(nn.Module):
    """A `ResnetBlock2D`: norm, convolution, time embedding, norm, convolution, and what came in added."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        activation = ACTIVATIONS[type(block.nonlinearity)]
        self.nonlinearity = block.nonlinearity
        self.norm1, self.norm2 = (Normalisation(norm, activation) for norm in (block.norm1, block.norm2))
        self.conv1, self.conv2 = (FrozenConvolution(conv, biased=False) for conv in (block.conv1, block.conv2))
        shortcut = block.conv_shortcut
        self.shortcut = None if shortcut is None else FrozenConvolution(shortcut, biased=False)
        self.resize = _resize(block)
        self.divisor = float(block.output_scale_factor)
        self.activates_time = not block.skip_time_act
        self.modulates = block.time_embedding_norm == "scale_shift"
        self.time = block.time_emb_proj
        # the first bias, which stands before a normalisation, is part of the time embedding unless that is a factor
        self.bias1 = block.conv1.bias
        self.time_bias = None if self.time is None else self.time.bias
        if self.time is not None and not self.modulates:
            self.time_bias = _sum(self.time_bias, self.bias1)
        self.bias2 = _sum(block.conv2.bias, None if shortcut is None else shortcut.bias)

    def forward(self, x: Images, temb: Float[Tensor, "images features"] | None) -> Resized:
        hidden = self.norm1(x)
        if self.resize is not None:
            x, hidden = self.resize(x), self.resize(hidden)
        hidden = self.norm2(self.conv1(hidden), **self._around(temb))
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return add_residual(self.conv2(hidden), shortcut, self.bias2, self.divisor)

    def _around(self, temb: Tensor | None) -> dict[str, Tensor | None]:
        if temb is None or self.time is None:
            return {"shift": self.bias1}
        time = F.linear(self.nonlinearity(temb) if self.activates_time else temb, self.time.weight, self.time_bias)
        if not self.modulates:
            return {"shift": time}
        factor, addend = time.chunk(2, dim=1)
        return {"shift": self.bias1, "factor": factor, "addend": addend}


class Enlarged(nn.Module):
    """An `Upsample2D`: every pixel four times, then a convolution if there is one."""

    def __init__(self, upsample: Any) -> None:
        super().__init__()
        self.conv = FrozenConvolution(upsample.conv) if upsample.use_conv else None

    def forward(self, x: Images, output_size: tuple[int, int] | None = None) -> Resized:
        larger = enlarge(x) if output_size is None else F.interpolate(x, size=output_size, mode="nearest")
        return larger if self.conv is None else self.conv(larger)


class Halved(nn.Module):
    """A `Downsample2D` that puts zeros at the ends alone, then a convolution of stride 2."""

    def __init__(self, downsample: Any) -> None:
        super().__init__()
        self.conv = FrozenConvolution(downsample.conv)

    def forward(self, x: Images) -> Resized:
        return cast(Tensor, self.conv(pad_end(x)))


def enlarge(x: Images) -> Resized:
    """Every pixel four times, as a square."""
    rows = x.permute(0, 2, 3, 1)
    images, height, width, channels = rows.shape
    larger = rows[:, :, None, :, None].expand(-1, -1, 2, -1, 2, -1)
    return larger.reshape(images, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)


def _resize(block: Any) -> Callable[[Tensor], Tensor] | None:
    if block.upsample is not None:
        return enlarge
    return cast("Callable[[Tensor], Tensor] | None", block.downsample)


class Gate(nn.Module):
    """A `GEGLU`."""

    def __init__(self, geglu: Any) -> None:
        super().__init__()
        self.proj = geglu.proj

    def forward(self, x: Rows) -> Mapped:
        return gate(self.proj(x))


class SpatialTransformer(nn.Module):
    """A `Transformer2DModel` over the places of an image."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.norm = Normalisation(model.norm)
        self.blocks = model.transformer_blocks
        self.proj_in, self.proj_out = (_linear(layer) for layer in (model.proj_in, model.proj_out))

    def forward(
        self, hidden_states: Images, encoder_hidden_states: Tensor | None = None, **settings: object
    ) -> tuple[Images]:
        assert settings.get("attention_mask") is None and settings.get("encoder_attention_mask") is None
        rows = self.proj_in(rows_of(self.norm(hidden_states)))
        for block in self.blocks:
            rows = block(rows, encoder_hidden_states=encoder_hidden_states)
        return (images_of(self.proj_out(rows) + rows_of(hidden_states), hidden_states),)


class RowAttention(nn.Module):
    """An `Attention` over rows: of the rows themselves, or of text."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self.heads, self.out = attention.heads, attention.to_out[0]
        self.crosses = attention.is_cross_attention
        # queries by themselves: SDPA lays its result out as it finds them, and so without a gap
        self.query, self.key_value = attention.to_q, _stacked(attention.to_k, attention.to_v)

    def forward(
        self, hidden_states: Rows, encoder_hidden_states: Tensor | None = None, attention_mask: Tensor | None = None
    ) -> Rows:
        assert attention_mask is None and (not self.crosses or encoder_hidden_states is not None)
        source = encoder_hidden_states if self.crosses else hidden_states
        (query,) = split_heads(self.query(hidden_states), 1, self.heads)
        key, value = split_heads(self.key_value(source), 2, self.heads)
        return cast(Tensor, self.out(_joined(F.scaled_dot_product_attention(query, key, value))))


class AddedTextAttention(nn.Module):
    """An `Attention` over the places of an image and text together, as DeepFloyd's U-Nets have it; the image is added
    to what comes out."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self.heads, self.out = attention.heads, attention.to_out[0]
        self.norm = Normalisation(attention.group_norm)
        cross = attention.norm_cross
        self.norm_text = Normalisation(cross) if isinstance(cross, nn.GroupNorm) else cross
        self.query, self.key_value = attention.to_q, _stacked(attention.to_k, attention.to_v)
        self.text = _stacked(attention.add_k_proj, attention.add_v_proj)

    def forward(
        self, hidden_states: Images, encoder_hidden_states: Tensor, attention_mask: Tensor | None = None
    ) -> Images:
        assert attention_mask is None
        text = encoder_hidden_states
        if isinstance(self.norm_text, Normalisation):
            text = self.norm_text(text.mT).mT
        elif self.norm_text is not None:
            text = self.norm_text(text)
        own = rows_of(self.norm(hidden_states))
        (query,) = split_heads(self.query(own), 1, self.heads)
        key, value = split_heads(torch.cat([self.text(text), self.key_value(own)], dim=1), 2, self.heads)
        rows = self.out(_joined(F.scaled_dot_product_attention(query, key, value)))
        return images_of(rows + rows_of(hidden_states), hidden_states)


class WideAttention(nn.Module):
    """The `Attention` in the middle of a VAE: one head as wide as the image has channels, over all places."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self.norm, self.out = Normalisation(attention.group_norm), attention.to_out[0]
        self.all = _stacked(attention.to_q, attention.to_k, attention.to_v)
        self.divisor = float(attention.rescale_output_factor)

    def forward(self, hidden_states: Images, temb: Tensor | None = None) -> Images:
        query, key, value = self.all(rows_of(self.norm(hidden_states))).chunk(3, dim=-1)
        rows = self.out(attend(query, key, value))
        return add_residual(images_of(rows, hidden_states), hidden_states, None, self.divisor)


def split_heads(rows: Rows, parts: int, heads: int) -> tuple[Float[Tensor, "images heads places features"], ...]:
    """What `parts` linear layers gave side by side, each as SDPA takes it, without a copy."""
    split: Tensor = rows.unflatten(-1, (parts, heads, -1))
    return split.permute(2, 0, 3, 1, 4).unbind(0)


def _joined(heads: Float[Tensor, "images heads places features"]) -> Rows:
    return heads.transpose(1, 2).flatten(2)


def _stacked(*layers: nn.Linear) -> nn.Linear:
    """Several linear layers of one input as one."""
    biases: list[Tensor | None] = [layer.bias for layer in layers]
    weight = torch.cat([layer.weight for layer in layers])
    if all(bias is None for bias in biases):
        return _frozen_linear(weight, None)
    given = [
        weight.new_zeros(len(layer.weight)) if bias is None else bias
        for layer, bias in zip(layers, biases, strict=True)
    ]
    return _frozen_linear(weight, torch.cat(given))


def _linear(layer: Any) -> nn.Linear:
    """A linear layer, or a convolution of single pixels, as a linear layer."""
    return _frozen_linear(layer.weight.flatten(1), layer.bias)


def _frozen_linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    outputs, inputs = weight.shape
    linear = nn.Linear(inputs, outputs, bias=bias is not None, device="meta", dtype=weight.dtype)
    linear.weight = nn.Parameter(weight.detach(), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.detach(), requires_grad=False)
    return linear


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return nn.Parameter((one.double() + other.double()).to(one.dtype), requires_grad=False)
