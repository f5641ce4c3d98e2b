"""The embedded prior against numbers of the training code's network on the same weights, computed elsewhere."""

from __future__ import annotations

import hashlib
import math

import pytest
import torch
from torch import Tensor

from dreamcore.assets import EMBEDDED_PRIOR, MINILM
from dreamcore.assets.convert import convert_prior
from dreamcore.priors.base import Conditioning
from dreamcore.priors.embedded import EmbeddedPrior
from dreamcore.priors.kinds import EMBEDDED_REVISION
from dreamcore.priors.load import load_prior
from dreamcore.priors.unet import UNetConfig, time_features

# Where the golden numbers were read: channel, row, column.
PLACES = [(0, 0, 0), (1, 31, 32), (2, 63, 5), (0, 20, 40)]
TIMES = [0.2, 0.8]


@pytest.fixture(scope="module")
def prior() -> EmbeddedPrior:
    return EmbeddedPrior(dtype="float32")


def wave(*shape: int, step: float, scale: float) -> Tensor:
    count = math.prod(shape)
    return (scale * torch.sin(step * torch.arange(count, dtype=torch.float64))).reshape(shape).float()


def noised() -> Tensor:
    return wave(2, 3, 64, 64, step=0.37, scale=1.4)


def at_places(images: Tensor) -> Tensor:
    return torch.stack([torch.stack([image[place] for place in PLACES]) for image in images])


def twice(conditioning: Conditioning) -> Conditioning:
    return conditioning[torch.tensor([0, 0])]


def test_the_network_is_the_training_code_s(prior: EmbeddedPrior) -> None:
    tokens, pooled = wave(2, 20, 384, step=0.11, scale=0.5), wave(2, 384, step=0.23, scale=0.07)
    with torch.no_grad():
        text = prior._network.project_text(tokens, pooled)
        v = prior._network(noised(), torch.tensor(TIMES), text)
    golden = [[-0.24335, -0.84848, 0.68609, -1.35776], [-0.23514, -0.08145, -0.32031, 0.52718]]
    torch.testing.assert_close(at_places(v), torch.tensor(golden), rtol=0.0, atol=1e-4)
    assert v.mean().item() == pytest.approx(0.034866, abs=1e-4)
    assert v.std().item() == pytest.approx(0.803614, abs=1e-4)


# From the original text encoder: the 8-bit one moves the noise by up to 0.003.
@pytest.mark.parametrize(
    ("prompt", "golden"),
    [
        (
            "a red mug, front view",
            [[-0.31899, -1.0486, 1.02184, -1.6942], [-0.92319, -0.23407, -1.4273, 1.25735]],
        ),
        ("a snowman", [[-0.3279, -1.06724, 1.05834, -1.6613], [-0.91571, -0.22791, -1.4269, 1.27585]]),
    ],
)
def test_the_noise_of_a_prompt(prior: EmbeddedPrior, prompt: str, golden: list[list[float]]) -> None:
    noise = prior.predict_noise(noised(), torch.tensor(TIMES), twice(prior.encode_prompts([prompt])))
    torch.testing.assert_close(at_places(noise), torch.tensor(golden), rtol=0.0, atol=0.004)


def test_the_noise_without_a_prompt(prior: EmbeddedPrior) -> None:
    noise = prior.predict_noise(noised(), torch.tensor(TIMES), twice(prior.unconditional()))
    golden = [[-0.31306, -1.04733, 1.01743, -1.63409], [-0.91874, -0.22008, -1.43578, 1.26934]]
    torch.testing.assert_close(at_places(noise), torch.tensor(golden), rtol=0.0, atol=1e-4)


def test_noise_of_a_flat_image_is_found(prior: EmbeddedPrior) -> None:
    # Whatever the prompt, most of what is added to a clean image at a middling t is recognised as noise.
    noise = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.4, 0.6])
    alpha, sigma = (value[:, None, None, None] for value in prior.alpha_sigma(t))
    clean = torch.zeros(2, 3, 64, 64)
    estimate = prior.predict_noise(alpha * clean + sigma * noise, t, twice(prior.encode_prompts(["a mushroom"])))
    assert ((estimate - noise).square().mean().sqrt() < 0.25).item()


def test_bfloat16_is_close_to_float32(prior: EmbeddedPrior) -> None:
    half = EmbeddedPrior(dtype="bfloat16")
    t = torch.tensor(TIMES)
    conditioning = half.unconditional()
    assert {tensor.dtype for tensor in conditioning.tensors.values()} == {torch.bfloat16}
    noise = half.predict_noise(noised(), t, twice(conditioning))
    assert noise.dtype == torch.float32
    expected = prior.predict_noise(noised(), t, twice(prior.unconditional()))
    assert ((noise - expected).square().mean().sqrt() < 0.02).item()


@pytest.mark.gpu
def test_the_gpu_agrees_with_the_cpu(prior: EmbeddedPrior) -> None:
    device = torch.device("cuda")
    t = torch.tensor(TIMES)
    expected = prior.predict_noise(noised(), t, twice(prior.unconditional()))
    for dtype, bound in (("float32", 2e-3), ("float16", 0.01), ("bfloat16", 0.03), ("auto", 0.03)):
        there = EmbeddedPrior(device, dtype=dtype)
        conditioning = there.unconditional()[torch.tensor([0, 0], device=device)]
        noise = there.predict_noise(noised().to(device), t.to(device), conditioning).cpu()
        assert ((noise - expected).square().mean().sqrt() < bound).item()


def test_nothing_is_trainable_or_random(prior: EmbeddedPrior) -> None:
    before = torch.get_rng_state()
    EmbeddedPrior(dtype="float32")
    assert torch.equal(before, torch.get_rng_state())
    assert not any(parameter.requires_grad for parameter in prior._network.parameters())
    assert sum(parameter.numel() for parameter in prior._network.parameters()) == 15_024_908


def test_identity_and_model_card_name_the_weights(prior: EmbeddedPrior) -> None:
    for folder in (EMBEDDED_PRIOR, MINILM):
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        assert digest in prior.identity
        assert digest in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_time_features_at_the_ends() -> None:
    features = time_features(torch.tensor([0.0, 1.0]), 8)
    torch.testing.assert_close(features[0], torch.tensor([0.0] * 4 + [1.0] * 4))
    angles = [math.pi / 2 * 1000 ** (i / 3) for i in range(4)]
    expected = [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
    torch.testing.assert_close(features[1], torch.tensor(expected), rtol=0.0, atol=1e-3)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="dtype = 'float8': must be one of auto, float32, bfloat16, float16"):
        EmbeddedPrior(dtype="float8")
    with pytest.raises(ValueError, match="attention = "):
        UNetConfig(channels=(8, 16), attention=(True,))
    with pytest.raises(ValueError, match=r"not of this architecture.* middle\.residual\.conv1\.weight"):
        convert_prior({"inp.weight": torch.zeros(64, 12, 3, 3)}, UNetConfig())


def test_the_revision_is_that_of_the_bundled_weights() -> None:
    hashes = [
        hashlib.sha256((folder / "model.safetensors").read_bytes()).digest() for folder in (EMBEDDED_PRIOR, MINILM)
    ]
    assert hashlib.sha256(b"".join(hashes)).hexdigest()[:16] == EMBEDDED_REVISION
    with pytest.raises(ValueError, match="prior.revision = '0': must be one of"):
        load_prior("embedded", revision="0")
