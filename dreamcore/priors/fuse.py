"""Networks of diffusers with their blocks replaced by those of `blocks`. Blocks of other kinds stay as they are.

Only adapters of diffusers' networks use this; the network is changed in place and gives what it gave, up to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from dreamcore import kernels
from dreamcore.priors import blocks
from dreamcore.priors.convolution import FrozenConvolution, replaceable


def pays(device: torch.device) -> bool:
    """Whether a network is faster fused there: where there are kernels for it."""
    return device.type == "cuda" and kernels.installed()


def fuse(network: nn.Module) -> nn.Module:
    """The same network, frozen, its blocks replaced and its convolutions' weights with channels next to each other."""
    _replace(network.requires_grad_(False).eval())
    return network.to(memory_format=torch.channels_last)


def _replace(parent: nn.Module) -> None:
    for name, child in list(parent.named_children()):
        found = _replacement(child)
        if found is not None:
            setattr(parent, name, found)
            for module in found.children():
                _replace(module)
        elif type(child).__name__ != "Attention":  # diffusers looks at what its own consist of
            _replace(child)
    _fuse_end(parent)


def _fuse_end(parent: Any) -> None:
    """What U-Nets and encoders have before their last convolution."""
    norm, act = getattr(parent, "conv_norm_out", None), getattr(parent, "conv_act", None)
    if isinstance(norm, blocks.Normalisation) and isinstance(act, nn.Module) and type(act) in blocks.ACTIVATIONS:
        norm.activation = blocks.ACTIVATIONS[type(act)]
        parent.conv_act = nn.Identity()


def _replacement(module: Any) -> nn.Module | None:
    """What takes the module's place, or None."""
    kind = type(module).__name__
    found: nn.Module | None = None
    if type(module) is nn.GroupNorm and module.affine:
        found = blocks.Normalisation(module)
    elif replaceable(module):
        found = FrozenConvolution(module)
    elif kind == "ResnetBlock2D" and _is_plain_residual(module):
        found = blocks.Residual(module)
    elif kind == "Upsample2D" and module.norm is None and module.interpolate and not module.use_conv_transpose:
        found = blocks.Enlarged(module) if module.use_conv is False or module.name == "conv" else None
    elif kind == "Downsample2D" and module.use_conv and module.padding == 0 and module.norm is None:
        found = blocks.Halved(module)
    elif kind == "GEGLU":
        found = blocks.Gate(module)
    elif kind == "Transformer2DModel" and module.is_input_continuous and module.config.norm_type == "layer_norm":
        found = blocks.SpatialTransformer(module)
    elif kind == "Attention":
        found = _attention(module)
    return found


def _is_plain_residual(block: Any) -> bool:
    resizes = block.upsample, block.downsample
    return (
        type(block.nonlinearity) in blocks.ACTIVATIONS
        and block.time_embedding_norm in ("default", "scale_shift")
        and (block.time_embedding_norm == "default" or block.time_emb_proj is not None)
        and all(resize is None or isinstance(resize, nn.Module) for resize in resizes)
    )


def _attention(attention: Any) -> nn.Module | None:
    special = (attention.spatial_norm, attention.norm_q, attention.norm_k)
    if any(layer is not None for layer in special) or attention.to_out[0].in_features % attention.heads:
        return None
    processor = type(attention.processor).__name__
    if processor == "AttnAddedKVProcessor2_0" and not attention.only_cross_attention:
        return blocks.AddedTextAttention(attention)
    if processor != "AttnProcessor2_0":
        return None
    wide = attention.to_out[0].in_features // attention.heads >= blocks.WIDE_HEAD
    if attention.group_norm is not None:
        alone = attention.heads == 1 and wide and attention.residual_connection and not attention.is_cross_attention
        return blocks.WideAttention(attention) if alone else None
    plain = not attention.residual_connection and attention.rescale_output_factor == 1.0
    return blocks.RowAttention(attention) if plain and attention.norm_cross is None else None
