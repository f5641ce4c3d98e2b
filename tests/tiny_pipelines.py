"""Pipelines of diffusers' own classes, small and with random weights, saved to a folder as a download would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

WORDS = ("a", "red", "mug", "snowman", "blue", "car", "front", "back", "side", "view", "of", ",")
SIDE = 16  # of the latents, or of the pixels of DeepFloyd's stage I


def clip_tokenizer(folder: Path) -> Any:
    """A CLIP tokenizer from a vocabulary and merges written here: the words above, and letters for others."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    tokens = letters + [f"{letter}</w>" for letter in letters]
    merges: list[str] = []
    for word in WORDS:
        parts = [*word[:-1], f"{word[-1]}</w>"]
        while len(parts) > 1:
            merge = f"{parts[0]} {parts[1]}"
            if merge not in merges:
                merges.append(merge)
            parts = [parts[0] + parts[1], *parts[2:]]
            if parts[0] not in tokens:
                tokens.append(parts[0])
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 77
    return tokenizer


def t5_tokenizer() -> Any:
    """A T5 tokenizer over the words above, a unigram model."""
    from transformers import T5TokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    pieces += [(f"▁{word}", -2.0) for word in WORDS] + [(chr(code), -6.0) for code in range(ord("a"), ord("z") + 1)]
    return T5TokenizerFast(vocab=pieces, extra_ids=0)


def clip(tokenizer: Any, *, projected: bool = False, width: int = 16, seed: int = 0) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        projection_dim=width,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def unet(width: int, **options: Any) -> Any:
    from diffusers import UNet2DConditionModel

    torch.manual_seed(1)
    settings: dict[str, Any] = {
        "sample_size": SIDE,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "cross_attention_dim": width,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    }
    return UNet2DConditionModel(**(settings | options)).eval()


def vae(**options: Any) -> Any:
    from diffusers import AutoencoderKL

    torch.manual_seed(2)
    settings: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D", "DownEncoderBlock2D"),
        "up_block_types": ("UpDecoderBlock2D", "UpDecoderBlock2D"),
        "block_out_channels": (16, 32),
        "latent_channels": 4,
        "norm_num_groups": 8,
        "sample_size": 2 * SIDE,
    }
    return AutoencoderKL(**(settings | options)).eval()


def scheduler(**options: Any) -> Any:
    """The training schedule of Stable Diffusion."""
    from diffusers import DDPMScheduler

    settings: dict[str, Any] = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "steps_offset": 1,
        "clip_sample": False,
    }
    return DDPMScheduler(**(settings | options))


def stable_diffusion(folder: Path, **schedule: Any) -> Any:
    """The architecture of 1.x and 2.x; latents are half the image's side here. Saved to `folder` and returned."""
    from diffusers import StableDiffusionPipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    pipeline = StableDiffusionPipeline(
        vae=vae(),
        text_encoder=clip(tokenizer),
        tokenizer=tokenizer,
        unet=unet(16),
        scheduler=scheduler(**schedule),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return pipeline


def stable_diffusion_xl(folder: Path, **options: Any) -> Any:
    from diffusers import StableDiffusionXLPipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    pipeline = StableDiffusionXLPipeline(
        vae=vae(),
        text_encoder=clip(tokenizer),
        text_encoder_2=clip(tokenizer, projected=True, width=24, seed=3),
        tokenizer=tokenizer,
        tokenizer_2=clip_tokenizer(folder / "tokenizer_2"),
        unet=unet(
            16 + 24,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 24,
        ),
        scheduler=scheduler(),
        add_watermarker=False,
        **options,
    )
    pipeline.save_pretrained(folder)
    return pipeline


def deepfloyd_unet() -> Any:
    """Stage I's architecture in small: 3 channels in, noise and variance out, the prompt as extra embedding too."""
    return unet(
        32,
        in_channels=3,
        out_channels=6,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=(32, 64),
        addition_embed_type="text",
        addition_embed_type_num_heads=2,
        cross_attention_norm="group_norm",
        encoder_hid_dim=16,
        resnet_time_scale_shift="scale_shift",
        act_fn="gelu",
        norm_num_groups=32,
    )


def deepfloyd(folder: Path) -> Any:
    from diffusers import IFPipeline
    from transformers import T5Config, T5EncoderModel

    tokenizer = t5_tokenizer()
    torch.manual_seed(4)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    pipeline = IFPipeline(
        tokenizer=tokenizer,
        text_encoder=T5EncoderModel(config).eval(),
        unet=deepfloyd_unet(),
        scheduler=scheduler(beta_schedule="squaredcos_cap_v2", variance_type="learned_range", thresholding=True),
        safety_checker=None,
        feature_extractor=None,
        watermarker=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return pipeline
