"""Score distillation through Stable Diffusion 2.1-base and DeepFloyd IF-I-M at full size, with random weights.

Speed, memory and finiteness do not depend on what the weights know, so nothing is downloaded. Prints a JSON line for
each model. `python -m benchmarks.prior_full_size --scenes 4 --steps 200` on a GPU; `--tiny` shrinks both models until a
CPU runs them in seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import importlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dreamcore.pack import Pack
from dreamcore.presets import preset
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.priors.deepfloyd import DeepFloydPrior
from dreamcore.priors.diffusion_schedule import read_schedule
from dreamcore.priors.networks import DTYPES
from dreamcore.priors.stable_diffusion import StableDiffusionPrior
from dreamcore.scene import Scene

PROMPTS = ("a red mug", "a snowman", "a blue car", "a rubber duck")
TOKENS = 77

SD21_UNET: dict[str, Any] = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
SD_VAE: dict[str, Any] = {
    "sample_size": 512,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}
SD_SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
# The published text gives 400 million parameters for M; the widths are those that come nearest in the family of XL,
# whose config is public (704 channels, cross-attention 2816, else the same).
IF_M_UNET: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 3,
    "out_channels": 6,
    "block_out_channels": (192, 384, 576, 768),
    "layers_per_block": 3,
    "down_block_types": ("ResnetDownsampleBlock2D", *("SimpleCrossAttnDownBlock2D",) * 3),
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": (*("SimpleCrossAttnUpBlock2D",) * 3, "ResnetUpsampleBlock2D"),
    "cross_attention_dim": 768,
    "attention_head_dim": 64,
    "encoder_hid_dim": 4096,
    "addition_embed_type": "text",
    "cross_attention_norm": "group_norm",
    "resnet_time_scale_shift": "scale_shift",
    "act_fn": "gelu",
}
IF_SCHEDULE = SD_SCHEDULE | {"beta_schedule": "squaredcos_cap_v2"}

TINY_SD = {"sample_size": 8, "block_out_channels": (32, 32, 64, 64), "cross_attention_dim": 32}
TINY_VAE = {"sample_size": 64, "block_out_channels": (32, 32, 32, 32)}
TINY_IF = {"sample_size": 16, "block_out_channels": (64, 64, 64, 64), "cross_attention_dim": 64, "encoder_hid_dim": 64}


@contextlib.contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Weights that are made inside have this dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def stable_diffusion(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> tuple[Prior, Sequence[nn.Module]]:
    """The prior with the architecture of 2.1-base, and its networks."""
    diffusers = importlib.import_module("diffusers")
    config = SD21_UNET | (TINY_SD if tiny else {})
    with torch.device(device), default_dtype(dtype):
        unet = diffusers.UNet2DConditionModel(**config)
        vae = diffusers.AutoencoderKL(**(SD_VAE | (TINY_VAE if tiny else {})))
    embed = random_embeddings(config["cross_attention_dim"], dtype)
    schedule = read_schedule(SD_SCHEDULE, "Stable Diffusion")
    return StableDiffusionPrior(unet, vae, schedule, embed, identity="random:sd21"), (unet, vae)


def deepfloyd(device: torch.device, dtype: torch.dtype, *, tiny: bool) -> tuple[Prior, Sequence[nn.Module]]:
    """The prior with the architecture of IF-I-M, and its network."""
    diffusers = importlib.import_module("diffusers")
    config = IF_M_UNET | (TINY_IF if tiny else {})
    with torch.device(device), default_dtype(dtype):
        unet = diffusers.UNet2DConditionModel(**config)
    embed = random_embeddings(config["encoder_hid_dim"], dtype)
    return DeepFloydPrior(unet, read_schedule(IF_SCHEDULE, "DeepFloyd"), embed, identity="random:if-m"), (unet,)


MODELS = {"sd21": stable_diffusion, "if-m": deepfloyd}


def random_embeddings(features: int, dtype: torch.dtype) -> Callable[[Sequence[str]], Conditioning]:
    """What stands for a text encoder: each prompt has its own normal numbers."""

    def embedding(prompt: str) -> Tensor:
        seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:4], "big")
        return torch.randn(1, TOKENS, features, generator=torch.Generator().manual_seed(seed)).to(dtype)

    return lambda prompts: Conditioning({"tokens": torch.cat([embedding(prompt) for prompt in prompts])})


def step_seconds(pack: Pack, steps: int, device: torch.device, counts: dict[str, float]) -> Iterator[float]:
    """The time of every step of the whole pack. `counts` holds the skipped updates of every scene so far."""
    for _ in range(steps):
        start = time.perf_counter()
        results = pack.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        yield time.perf_counter() - start
        counts.update({result.key: result.metrics["nonfinite"] for result in results})


def measure(name: str, arguments: argparse.Namespace) -> dict[str, object]:
    """Run one model and say what it took."""
    device, dtype = torch.device(arguments.device), DTYPES[arguments.dtype]
    on_gpu = device.type == "cuda"
    torch.manual_seed(0)
    prior, modules = MODELS[name](device, dtype, tiny=arguments.tiny)
    base = preset("practical")
    render = dataclasses.replace(base.render, resolution=arguments.resolution)
    config = dataclasses.replace(base, steps=arguments.warmup + arguments.steps, render=render)
    pack = Pack(prior)
    for seed in range(arguments.scenes):
        prompt = PROMPTS[seed % len(PROMPTS)]
        pack.join(f"{prompt} {seed}", Scene.create(prompt, seed, config))
    counts: dict[str, float] = {}
    for _ in step_seconds(pack, arguments.warmup, device, counts):
        pass
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    times = list(step_seconds(pack, arguments.steps, device, counts))
    finite = all(bool(tensor.isfinite().all()) for key in pack.keys for tensor in pack.snapshot(key).tensors.values())
    each = [1000.0 * seconds / arguments.scenes for seconds in times]
    gib = torch.cuda.max_memory_allocated(device) / 2**30 if on_gpu else 0.0
    return {
        "model": name + (" (tiny)" if arguments.tiny else ""),
        "million_parameters": [round(sum(p.numel() for p in module.parameters()) / 1e6, 1) for module in modules],
        "device": torch.cuda.get_device_name(device) if on_gpu else platform.processor() or "cpu",
        "torch": torch.__version__,
        "dtype": arguments.dtype,
        "image_size": prior.image_size,
        "resolution": arguments.resolution,
        "scenes": arguments.scenes,
        "steps": arguments.steps,
        "ms_per_scene_step": round(statistics.median(each), 3),
        "ms_per_scene_step_mean": round(statistics.fmean(each), 3),
        "peak_memory_gib": round(gib, 2),
        "nonfinite_updates": int(sum(counts.values())),
        "scenes_finite": finite,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=[*MODELS, "all"], default="all")
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--resolution", type=int, default=64, help="of the rendered views, in pixels")
    parser.add_argument("--dtype", choices=list(DTYPES), default="bfloat16")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--tiny", action="store_true", help="shrink the models: a test of this script")
    parsed = parser.parse_args(arguments)
    for name in MODELS if parsed.model == "all" else [parsed.model]:
        sys.stdout.write(json.dumps(measure(name, parsed)) + "\n")
        sys.stdout.flush()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
