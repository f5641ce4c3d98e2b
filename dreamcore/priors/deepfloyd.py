"""DeepFloyd IF, stage I, through diffusers: a pixel-space model of 64 x 64 pixels with a T5 text encoder.

B images of one call, P prompts, N = 77 tokens a prompt, F features a token. The U-Net gives 6 channels: the noise, then
the variance of a sampling step, which score distillation does not need.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping

import torch

from dreamcore.priors.embedding_cache import Embedding, Encoder
from dreamcore.priors.networks import load_network
from dreamcore.priors.pipeline_folder import Layout, PipelineFolder
from dreamcore.priors.pipeline_prior import PipelineOptions, open_on
from dreamcore.priors.pixel_prior import PixelPrior

TOKENS = 77  # what the model was trained with; T5 itself has no limit

LAYOUTS: Mapping[str, Layout] = {
    "IFPipeline": Layout(
        {
            "unet": ("UNet2DConditionModel",),
            "scheduler": (),
            "text_encoder": ("T5EncoderModel",),
            "tokenizer": ("T5Tokenizer", "T5TokenizerFast"),
        },
        one_dtype=("unet",),
    )
}


class DeepFloydPrior(PixelPrior):
    """Stage I, with the features of T5."""

    LARGEST = 64


# ---- loading ---------------------------------------------------------------------------------------------------------


def load_deepfloyd(device: torch.device | str, options: PipelineOptions) -> DeepFloydPrior:
    """The prior of a stage I pipeline. Raises ValueError for one that is missing, incomplete or of another kind."""
    found = open_on(device, options, LAYOUTS)
    _check_tokenizer(found.folder)
    diffusers = importlib.import_module("diffusers")
    unet = load_network(found.folder, "unet", diffusers.UNet2DConditionModel, found.dtype).to(found.device)
    return DeepFloydPrior(
        unet, found.schedule, found.embeddings(load_t5), identity=f"deepfloyd:{found.folder.identity}"
    )


def _check_tokenizer(folder: PipelineFolder) -> None:
    """The published models have a SentencePiece tokenizer, which needs a package of its own to read."""
    path = folder.path / "tokenizer"
    if not (path / "tokenizer.json").is_file() and importlib.util.find_spec("sentencepiece") is None:
        raise ValueError(f"{path}: reading it needs a package: pip install sentencepiece protobuf")


def load_t5(folder: PipelineFolder, device: torch.device, dtype: torch.dtype) -> Encoder:
    """The text encoder: the features of every token, `tokens` of [1, N, F]. Prompts are put in lower case and nothing
    else is cleaned."""
    transformers = importlib.import_module("transformers")
    model = load_network(folder, "text_encoder", transformers.T5EncoderModel, dtype).to(device)
    tokenizer = transformers.T5TokenizerFast.from_pretrained(folder.path / "tokenizer", local_files_only=True)

    @torch.no_grad()
    def encode(prompt: str) -> Embedding:
        inputs = tokenizer(
            [prompt.lower().strip()], padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
        )
        mask = inputs["attention_mask"].to(device)
        features = model(inputs["input_ids"].to(device), attention_mask=mask)[0]
        # Where float16 would overflow T5 computes in float32.
        return {"tokens": features.to(dtype)}

    return encode
