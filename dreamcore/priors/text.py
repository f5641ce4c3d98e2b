"""Prompts to features: all-MiniLM-L6-v2, frozen, as the embedded prior was trained on it.

Letters: T = 20 tokens a prompt ([CLS], words, [SEP], padding; longer prompts are cut), F = 384 features.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from safetensors.torch import load as load_tensors
from torch import Tensor
from torch.nn import functional as F

from dreamcore.assets import MINILM
from dreamcore.priors.quantised import dequantise

if TYPE_CHECKING:
    from transformers.models.bert.modeling_bert import BertModel

TOKENS = 20


@dataclass(frozen=True)
class TextFeatures:
    """One prompt: a feature vector a token, zero for padding, and their mean over the real tokens, of length 1."""

    tokens: Float[Tensor, "tokens features"]
    pooled: Float[Tensor, " features"]


class TextEncoder:
    """Owns the model and its tokenizer, on the CPU in float32. `sha256` is that of the weights file."""

    def __init__(self, folder: Path = MINILM) -> None:
        # tokenizers is quick to import; transformers takes seconds (it loads torchvision and torch's compiler).
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_padding(length=TOKENS)
        self._tokenizer.enable_truncation(TOKENS)
        data = (folder / "model.safetensors").read_bytes()
        self.sha256 = hashlib.sha256(data).hexdigest()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._model = bert(config, dequantise(load_tensors(data)))

    @torch.no_grad()
    def encode(self, prompt: str) -> TextFeatures:
        """The features of one prompt. Prompts are encoded one at a time: the products of a batch round otherwise, and
        a prompt's features must not depend on its neighbours."""
        encoding = self._tokenizer.encode(prompt)
        mask = torch.tensor([encoding.attention_mask])
        output = self._model(input_ids=torch.tensor([encoding.ids]), attention_mask=mask)
        tokens = output.last_hidden_state[0] * mask[0, :, None]
        return TextFeatures(tokens, F.normalize(tokens.sum(0) / mask.sum(), dim=0))


def bert(config: dict[str, Any], weights: dict[str, Tensor]) -> BertModel:
    """The encoder of this config with these weights, frozen, without the pooling of sentence embeddings."""
    from transformers.models.bert.configuration_bert import BertConfig
    from transformers.models.bert.modeling_bert import BertModel

    # Built without storage and given the weights, so that nothing is drawn at random for 23 million parameters.
    with torch.device("meta"):
        model = BertModel(BertConfig(**config), add_pooling_layer=False)
    model.load_state_dict(weights, assign=True)
    embeddings = model.embeddings
    positions = torch.arange(embeddings.position_ids.shape[1])[None]
    embeddings.register_buffer("position_ids", positions, persistent=False)
    embeddings.register_buffer("token_type_ids", torch.zeros_like(positions), persistent=False)
    model.requires_grad_(False)
    model.train(False)
    return model
