"""Stable Diffusion 1.x, 2.x and XL through diffusers: a U-Net that works on the latents of a VAE.

B images of one call, P prompts, N tokens a prompt, F features a token. The VAEs of these models turn an
image of S x S pixels into latents of S/8 x S/8, 4 channels each.

`encode_image` returns the mean of the VAE's posterior and draws nothing: the Protocol knows no randomness, the
posterior's deviation is small beside the noise that is added to the latents next, and a mean has no variance to add to
the gradient.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dreamcore.priors.base import Conditioning, resize_images
from dreamcore.priors.diffusion_schedule import DiffusionSchedule
from dreamcore.priors.embedding_cache import Embedding, Encoder
from dreamcore.priors.fuse import fuse, pays
from dreamcore.priors.graphed import GraphedCall
from dreamcore.priors.networks import config_of, frozen, load_network, with_scaled_gradient
from dreamcore.priors.pipeline_folder import Layout, PipelineFolder
from dreamcore.priors.pipeline_prior import Embed, PipelineOptions, PipelinePrior, open_on

_LARGEST = 32  # images of one call of the U-Net on a GPU: the gain is complete (docs/log.md)
_ENCODED = 8  # images that the VAE encodes together

_ONE_ENCODER: Mapping[str, tuple[str, ...]] = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL",),
    "scheduler": (),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
}
_TWO_ENCODERS: Mapping[str, tuple[str, ...]] = {
    **_ONE_ENCODER,
    "text_encoder_2": ("CLIPTextModelWithProjection",),
    "tokenizer_2": ("CLIPTokenizer", "CLIPTokenizerFast"),
}
LAYOUTS: Mapping[str, Layout] = {
    "StableDiffusionPipeline": Layout(_ONE_ENCODER, one_dtype=("unet", "vae")),
    "StableDiffusionXLPipeline": Layout(_TWO_ENCODERS, one_dtype=("unet", "vae")),
}


class StableDiffusionPrior(PipelinePrior):
    """The networks, frozen. `embed` gives prompts their conditioning: `tokens`, and for XL also `pooled`.

    `zero_unconditional` stands zeros for no prompt, as XL was trained, instead of the embedding of the empty prompt.
    """

    def __init__(
        self,
        unet: nn.Module,
        vae: nn.Module,
        schedule: DiffusionSchedule,
        embed: Embed,
        *,
        identity: str,
        zero_unconditional: bool = False,
    ) -> None:
        """Raises ValueError for networks that do not fit each other or mix dtypes."""
        _check_networks(config_of(unet), config_of(vae))
        networks = [frozen(unet, "unet"), frozen(vae, "vae")]
        self._fused = pays(next(unet.parameters()).device)
        unet, vae = map(fuse, networks) if self._fused else networks
        super().__init__(unet, schedule, embed, identity)
        self._vae: Any = vae
        self._vae_dtype = next(vae.parameters()).dtype
        factor = 2 ** (len(config_of(vae).block_out_channels) - 1)
        self.image_size: int = config_of(unet).sample_size * factor
        self._latent_scale: float = config_of(vae).scaling_factor
        self._zero_unconditional = zero_unconditional
        # XL is told the image's original size, the corner of its crop and the size it is wanted at.
        size = float(self.image_size)
        is_xl = config_of(unet).addition_embed_type == "text_time"
        sizes = [[size, size, 0.0, 0.0, size, size]]
        self._time_ids = torch.tensor(sizes, device=self.device, dtype=self.dtype) if is_xl else None
        on_gpu = self.device.type == "cuda"
        self._predict: Callable[..., Tensor] = GraphedCall(self._noise, largest=_LARGEST) if on_gpu else self._noise

    def unconditional(self) -> Conditioning:
        """The empty prompt, or zeros."""
        empty = super().unconditional()
        if not self._zero_unconditional:
            return empty
        return Conditioning({name: torch.zeros_like(tensor) for name, tensor in empty.tensors.items()})

    def encode_image(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch channels h w"]:
        """Latents: the posterior mean times the scaling factor, float32."""
        pixels = 2.0 * resize_images(images, self.image_size) - 1.0
        if self._vae_dtype is not torch.float16:
            return self._encode(pixels)
        return with_scaled_gradient(self._encode, pixels)

    def _encode(self, pixels: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch channels h w"]:
        parts = pixels.to(self._vae_dtype, memory_format=self._layout).split(_ENCODED)
        mean = torch.cat([self._vae.encode(part).latent_dist.mean for part in parts])
        return mean.float() * self._latent_scale

    @property
    def _layout(self) -> torch.memory_format:
        """Networks of diffusers' own blocks are slower with channels next to each other."""
        return torch.channels_last if self._fused else torch.contiguous_format

    @torch.no_grad()
    def predict_noise(
        self, noised: Float[Tensor, "batch channels h w"], t: Float[Tensor, " batch"], conditioning: Conditioning
    ) -> Float[Tensor, "batch channels h w"]:
        tensors = conditioning.tensors
        return self._predict(noised, t, *(tensors[name] for name in ("tokens", "pooled") if name in tensors))

    def _noise(
        self,
        noised: Float[Tensor, "batch channels h w"],
        t: Float[Tensor, " batch"],
        tokens: Float[Tensor, "batch n f"],
        pooled: Float[Tensor, "batch g"] | None = None,
    ) -> Float[Tensor, "batch channels h w"]:
        added = None
        if self._time_ids is not None:
            added = {"text_embeds": pooled, "time_ids": self._time_ids.expand(len(noised), -1)}
        (output,) = self._unet(
            noised.to(self.dtype, memory_format=self._layout),
            self._schedule.timestep(t),
            encoder_hidden_states=tokens,
            added_cond_kwargs=added,
            return_dict=False,
        )
        return self._schedule.noise(output.float(), noised.float(), t)


def _check_networks(unet: Any, vae: Any) -> None:
    """Raises ValueError for a U-Net and a VAE that this adapter would use wrongly."""
    channels = vae.latent_channels
    if unet.in_channels != channels or unet.out_channels != channels:
        raise ValueError(
            f"unet takes {unet.in_channels} and gives {unet.out_channels} channels, vae {channels}: must be the same. "
            "Choose a plain text-to-image model, not one for inpainting, depth or upscaling"
        )
    if not isinstance(unet.sample_size, int):
        raise ValueError(f"unet.sample_size = {unet.sample_size!r}: must be a whole number; only square models work")
    if unet.addition_embed_type not in (None, "text_time") or unet.class_embed_type is not None:
        raise ValueError("unet takes a conditioning other than text; choose a plain text-to-image model")
    for name in ("shift_factor", "latents_mean", "latents_std"):
        if getattr(vae, name, None) is not None:
            raise ValueError(f"vae.{name} is set: such latents are not supported. Choose a Stable Diffusion model")


# ---- loading ---------------------------------------------------------------------------------------------------------


def load_stable_diffusion(device: torch.device | str, options: PipelineOptions) -> StableDiffusionPrior:
    """The prior of a Stable Diffusion pipeline. Raises ValueError for one that is missing, incomplete or of another
    kind."""
    found = open_on(device, options, LAYOUTS)
    folder, dtype = found.folder, found.dtype
    diffusers = importlib.import_module("diffusers")
    unet = load_network(folder, "unet", diffusers.UNet2DConditionModel, dtype)
    # XL's VAE overflows in float16 and says so in its config.
    is_xl = folder.pipeline == "StableDiffusionXLPipeline"
    overflows = is_xl and dtype is torch.float16 and folder.config("vae").get("force_upcast", True)
    vae = load_network(folder, "vae", diffusers.AutoencoderKL, torch.float32 if overflows else dtype)
    return StableDiffusionPrior(
        unet.to(found.device),
        vae.to(found.device),
        found.schedule,
        found.embeddings(load_clip_pair if is_xl else load_clip),
        identity=f"stable_diffusion:{folder.identity}",
        zero_unconditional=is_xl and folder.settings.get("force_zeros_for_empty_prompt", True),
    )


def load_clip(folder: PipelineFolder, device: torch.device, dtype: torch.dtype) -> Encoder:
    """The text encoder of 1.x and 2.x: the last layer's features of every token, `tokens` of [1, N, F]."""
    transformers = importlib.import_module("transformers")
    model = load_network(folder, "text_encoder", transformers.CLIPTextModel, dtype).to(device)
    tokenizer = _tokenizer(folder, "tokenizer")
    masked = bool(getattr(config_of(model), "use_attention_mask", False))

    @torch.no_grad()
    def encode(prompt: str) -> Embedding:
        inputs = _tokenize(tokenizer, model, prompt)
        mask = inputs["attention_mask"].to(device) if masked else None
        return {"tokens": model(inputs["input_ids"].to(device), attention_mask=mask)[0]}

    return encode


def load_clip_pair(folder: PipelineFolder, device: torch.device, dtype: torch.dtype) -> Encoder:
    """The two text encoders of XL: the features of the last layer but one, side by side, and the second's projection of
    the whole prompt, `pooled` of [1, F]."""
    transformers = importlib.import_module("transformers")
    models = [
        load_network(folder, "text_encoder", transformers.CLIPTextModel, dtype).to(device),
        load_network(folder, "text_encoder_2", transformers.CLIPTextModelWithProjection, dtype).to(device),
    ]
    tokenizers = [_tokenizer(folder, "tokenizer"), _tokenizer(folder, "tokenizer_2")]

    @torch.no_grad()
    def encode(prompt: str) -> Embedding:
        outputs = [
            model(_tokenize(tokenizer, model, prompt)["input_ids"].to(device), output_hidden_states=True)
            for tokenizer, model in zip(tokenizers, models, strict=True)
        ]
        tokens = torch.cat([output.hidden_states[-2] for output in outputs], dim=-1)
        return {"tokens": tokens, "pooled": outputs[1].text_embeds}

    return encode


def _tokenizer(folder: PipelineFolder, part: str) -> Any:
    transformers = importlib.import_module("transformers")
    return transformers.CLIPTokenizer.from_pretrained(folder.path / part, local_files_only=True)


def _tokenize(tokenizer: Any, model: nn.Module, prompt: str) -> Any:
    """Token ids of [1, N], padded to the encoder's length; longer prompts are cut."""
    length = min(tokenizer.model_max_length, config_of(model).max_position_embeddings)
    return tokenizer([prompt], padding="max_length", max_length=length, truncation=True, return_tensors="pt")
