"""The features of all captions, by the frozen text encoder, in batches on the device.

The prior's own encoder takes one prompt at a time, so that a prompt's features never depend on its neighbours; hundreds
of thousands of captions take batches, which differ from it by rounding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float16
from safetensors.torch import load_file
from torch import Tensor

from dreamcore.assets import MINILM
from dreamcore.priors.quantised import dequantise
from dreamcore.priors.text import TOKENS, bert


@torch.no_grad()
def encode_captions(
    captions: Sequence[str], device: torch.device, batch: int = 2048, folder: Path = MINILM
) -> Float16[Tensor, "captions tokens features"]:
    """The features of every token of every caption, zero for padding; computed in 16 bits on CUDA."""
    # tokenizers is quick to import; transformers takes seconds (it loads torchvision and torch's compiler).
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(length=TOKENS)
    tokenizer.enable_truncation(TOKENS)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model: Any = bert(config, dequantise(load_file(folder / "model.safetensors")))
    model.to(device, torch.float16 if device.type == "cuda" else torch.float32)
    features = torch.empty(len(captions), TOKENS, model.config.hidden_size, dtype=torch.float16, device=device)
    for start in range(0, len(captions), batch):
        encodings = tokenizer.encode_batch(list(captions[start : start + batch]))
        ids = torch.tensor([encoding.ids for encoding in encodings]).to(device)
        mask = torch.tensor([encoding.attention_mask for encoding in encodings]).to(device)
        output = model(input_ids=ids, attention_mask=mask).last_hidden_state
        features[start : start + batch] = output * mask[..., None]
    return features
