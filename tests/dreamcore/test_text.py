"""The text encoder against features of the original float32 weights, computed elsewhere."""

from __future__ import annotations

import hashlib

import pytest
import torch

from dreamcore.assets import MINILM
from dreamcore.priors.text import TOKENS, TextEncoder


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


# Six values of the mean and of the fourth token, and the number of tokens, from the original weights.
@pytest.mark.parametrize(
    ("prompt", "pooled", "token", "length"),
    [
        (
            "a red mug, front view",
            [-0.02193, 0.03736, -0.03256, 0.06403, 0.01618, 0.06026],
            [-0.05912, 0.45001, -0.09791, 0.33176, -0.06771, 0.28374],
            8,
        ),
        (
            "a snowman",
            [-0.06832, 0.06223, 0.01355, 0.01531, -0.00667, -0.02689],
            [-0.39367, 0.40641, -0.1809, -0.22611, 0.39179, -0.40733],
            5,
        ),
    ],
)
def test_features_are_the_original_ones(
    encoder: TextEncoder, prompt: str, pooled: list[float], token: list[float], length: int
) -> None:
    features = encoder.encode(prompt)
    torch.testing.assert_close(features.pooled[:6], torch.tensor(pooled), rtol=0.0, atol=0.004)
    torch.testing.assert_close(features.tokens[3, :6], torch.tensor(token), rtol=0.0, atol=0.03)
    assert features.tokens.shape == (TOKENS, 384)
    assert (features.tokens[:length] != 0).any(dim=1).all()
    assert (features.tokens[length:] == 0).all()


def test_pooled_is_the_normalised_mean_of_the_real_tokens(encoder: TextEncoder) -> None:
    features = encoder.encode("a snowman")
    mean = features.tokens[:5].mean(dim=0)
    torch.testing.assert_close(features.pooled, mean / mean.norm())


def test_case_and_length_do_not_matter_beyond_the_tokens(encoder: TextEncoder) -> None:
    assert torch.equal(encoder.encode("A Red MUG").tokens, encoder.encode("a red mug").tokens)
    long = encoder.encode("word " * 50)
    assert torch.equal(long.tokens, encoder.encode("word " * 30).tokens)
    assert (long.tokens != 0).any(dim=1).all()


def test_what_was_encoded_before_does_not_matter(encoder: TextEncoder) -> None:
    first = encoder.encode("a castle")
    encoder.encode("something much longer than a castle, with many words")
    again = encoder.encode("a castle")
    assert torch.equal(first.tokens, again.tokens)
    assert torch.equal(first.pooled, again.pooled)


def test_features_can_take_part_in_a_graph(encoder: TextEncoder) -> None:
    weight = torch.ones(384, requires_grad=True)
    (encoder.encode("a castle").tokens @ weight).sum().backward()  # inference tensors would refuse
    assert weight.grad is not None


def test_building_it_draws_nothing_at_random() -> None:
    before = torch.get_rng_state()
    TextEncoder()
    assert torch.equal(before, torch.get_rng_state())


def test_the_model_card_names_the_weights(encoder: TextEncoder) -> None:
    assert encoder.sha256 == hashlib.sha256((MINILM / "model.safetensors").read_bytes()).hexdigest()
    assert encoder.sha256 in (MINILM / "MODEL_CARD.md").read_text(encoding="utf-8")
