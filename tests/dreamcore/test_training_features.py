"""Captions encoded in batches against the prior's encoder, which takes them one at a time."""

from __future__ import annotations

import torch

from dreamcore.priors.text import TextEncoder
from dreamcore.training.features import encode_captions

CAPTIONS = [
    "a red mug, front view",
    "",
    "a snowman",
    "a photo of a light blue guitar on top of a wooden table, side view, and more words than there are tokens for it",
    "A Castle",
]


def test_batches_are_the_encoder_s_features_up_to_rounding() -> None:
    encoder = TextEncoder()
    found = encode_captions(CAPTIONS, torch.device("cpu"), batch=2)
    assert found.dtype == torch.float16
    assert found.shape == (len(CAPTIONS), 20, 384)
    for caption, features in zip(CAPTIONS, found, strict=True):
        expected = encoder.encode(caption).tokens
        torch.testing.assert_close(features.float(), expected, rtol=1e-3, atol=1e-3)
        assert torch.equal(features.abs().sum(1) == 0, expected.abs().sum(1) == 0)
