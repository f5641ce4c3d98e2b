"""The mixture against PyTorch's own densities, Monte-Carlo integration, limits and a sampler."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from dreamcore.priors.mixture import PALETTE, MixturePrior, mixture_noise, without_view


def make_case(modes: int = 4, size: int = 12, batch: int = 5, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return {
        "noised": draw(batch, size),
        "means": draw(modes, size),
        "stds": draw(modes).abs() + 0.1,
        "log_weights": draw(batch, modes).log_softmax(dim=1),
    }


def schedule(t: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t)


def test_noise_is_minus_sigma_times_the_gradient_of_the_log_density() -> None:
    case = make_case()
    alpha, sigma = schedule(torch.tensor([0.02, 0.3, 0.5, 0.8, 0.98], dtype=torch.float64))
    expected = []
    for b in range(5):
        scale = (alpha[b] ** 2 * case["stds"] ** 2 + sigma[b] ** 2).sqrt()
        components = Independent(Normal(alpha[b] * case["means"], scale[:, None].expand_as(case["means"])), 1)
        density = MixtureSameFamily(Categorical(logits=case["log_weights"][b]), components)
        z = case["noised"][b].clone().requires_grad_()
        (score,) = torch.autograd.grad(density.log_prob(z), z)
        expected.append(-sigma[b] * score)
    noise = mixture_noise(alpha=alpha, sigma=sigma, **case)
    torch.testing.assert_close(noise, torch.stack(expected), rtol=1e-9, atol=1e-9)


def test_noise_is_the_expectation_of_the_noise() -> None:
    # E[e | z] by importance sampling: x from the mixture, weighted by how likely it makes z.
    generator = torch.Generator().manual_seed(1)
    case = make_case(modes=3, size=2, batch=1, seed=2)
    alpha, sigma = schedule(torch.tensor([0.5], dtype=torch.float64))
    count = 400_000
    mode = torch.multinomial(case["log_weights"][0].exp(), count, replacement=True, generator=generator)
    unit = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    x = case["means"][mode] + case["stds"][mode, None] * unit
    e = (case["noised"] - alpha * x) / sigma
    weight = torch.exp(-0.5 * e.square().sum(1))
    estimate = (weight[:, None] * e).sum(0) / weight.sum()
    torch.testing.assert_close(mixture_noise(alpha=alpha, sigma=sigma, **case)[0], estimate, rtol=0.0, atol=0.01)


def test_one_mode_is_the_linear_estimate() -> None:
    case = make_case(modes=1)
    alpha, sigma = schedule(torch.full((5,), 0.4, dtype=torch.float64))
    a, s, std = alpha[0], sigma[0], case["stds"][0]
    expected = s * (case["noised"] - a * case["means"][0]) / (a**2 * std**2 + s**2)
    torch.testing.assert_close(mixture_noise(alpha=alpha, sigma=sigma, **case), expected)


@pytest.mark.parametrize("t", [1e-4, 1.0 - 1e-4])
def test_extremes_stay_finite(t: float) -> None:
    prior = MixturePrior.palette(size=32)
    z = 3.0 * torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    conditioning = prior.encode_prompts(["a red ball", "a ball"])
    noise = prior.predict_noise(z, torch.full((2,), t), conditioning)
    assert noise.isfinite().all()
    if t > 0.5:  # with no signal left, the noise is all there is
        torch.testing.assert_close(noise, z, rtol=0.0, atol=1e-2)


def test_a_mode_without_share_has_no_pull() -> None:
    case = make_case(modes=2)
    alone = {**case, "means": case["means"][:1], "stds": case["stds"][:1], "log_weights": torch.zeros(5, 1).double()}
    case["log_weights"] = torch.tensor([[0.0, -math.inf]], dtype=torch.float64).expand(5, 2)
    alpha, sigma = schedule(torch.full((5,), 0.3, dtype=torch.float64))
    both = mixture_noise(alpha=alpha, sigma=sigma, **case)
    torch.testing.assert_close(both, mixture_noise(alpha=alpha, sigma=sigma, **alone))


def ddim(prior: MixturePrior, prompt: str, count: int, steps: int = 40) -> Tensor:
    z = torch.randn(count, 3, prior.image_size, prior.image_size, generator=torch.Generator().manual_seed(3))
    conditioning = prior.encode_prompts([prompt])[torch.zeros(count, dtype=torch.long)]
    times = torch.linspace(0.999, 0.0, steps + 1)
    for now, after in pairwise(times):
        a, s = schedule(now)
        e = prior.predict_noise(z, now.expand(count), conditioning)
        a_after, s_after = schedule(after)
        z = a_after * (z - s * e) / a + s_after * e
    return z


def nearest_mode(images: Tensor) -> tuple[list[str], Tensor]:
    """The colour in the middle of each image and the rms distance of all its pixels from that colour's disc."""
    size = images.shape[-1]
    middle = images[:, :, size // 2 - 2 : size // 2 + 2, size // 2 - 2 : size // 2 + 2].mean(dim=(2, 3))
    colors = 2.0 * torch.tensor(list(PALETTE.values())) - 1.0
    index = torch.cdist(middle, colors).argmin(dim=1)
    return [list(PALETTE)[i] for i in index], (images[:, :, 0, 0]).abs().mean(dim=1)


def test_sampling_lands_on_the_modes_of_the_prompt() -> None:
    prior = MixturePrior.palette(size=32)
    colors, corner = nearest_mode(ddim(prior, "a red ball and a blue ball, side view", count=12))
    assert set(colors) == {"red", "blue"}
    assert corner.max() < 0.3  # three standard deviations around grey


def test_samples_spread_as_the_mode_does() -> None:
    means = torch.zeros(1, 3, 8, 8)
    prior = MixturePrior(means, torch.tensor([0.3]), {"fog": [1.0]})
    assert ddim(prior, "fog", count=20, steps=80).std().item() == pytest.approx(0.3, rel=0.1)


def test_unconditional_is_the_mean_of_all_prompts() -> None:
    prior = MixturePrior(torch.zeros(2, 3, 4, 4), torch.ones(2), {"a": [1.0, 0.0], "b": [1.0, 1.0]})
    shares = prior.unconditional().tensors["log_weights"].exp()
    torch.testing.assert_close(shares, torch.tensor([[0.75, 0.25]], dtype=torch.float64))


@pytest.mark.parametrize(
    ("prompt", "colors"),
    [
        ("a red mug", {"red"}),
        ("A Blue car, overhead view", {"blue"}),
        ("a red and white ball", {"red", "white"}),
        ("a coloured plate, front view", None),  # "red" is no word of it
    ],
)
def test_palette_reads_the_color_words(prompt: str, colors: set[str] | None) -> None:
    prior = MixturePrior.palette(size=32)
    shares = prior.encode_prompts([prompt]).tensors["log_weights"][0].exp()
    chosen = {color for color, share in zip(PALETTE, shares, strict=True) if share > 0}
    assert len(chosen) == 1 if colors is None else chosen == colors


def test_palette_ignores_the_view_and_spreads_other_prompts() -> None:
    prior = MixturePrior.palette(size=32)
    views = ["", ", front view", ", side view", ", back view", ", overhead view"]
    shares = prior.encode_prompts([f"a mug{view}" for view in views]).tensors["log_weights"]
    assert (shares == shares[0]).all()
    assert without_view("a house, a front view of it") == "a house, a front view of it"
    others = prior.encode_prompts([f"thing {i}" for i in range(60)]).tensors["log_weights"].argmax(dim=1)
    assert len(set(others.tolist())) >= 8


def test_identity_tells_mixtures_apart() -> None:
    assert MixturePrior.palette(size=32).identity == MixturePrior.palette(size=32).identity
    assert MixturePrior.palette(size=32).identity != MixturePrior.palette(size=64).identity


def test_mistakes_are_named() -> None:
    means, stds = torch.zeros(2, 3, 4, 4), torch.ones(2)
    with pytest.raises(ValueError, match="stds has 1 entries: must have one for each of the 2 means"):
        MixturePrior(means, stds[:1], {"a": [1.0, 1.0]})
    with pytest.raises(ValueError, match="must all be above 0"):
        MixturePrior(means, stds * 0, {"a": [1.0, 1.0]})
    with pytest.raises(ValueError, match="must be 2 shares >= 0, one above 0"):
        MixturePrior(means, stds, {"a": [1.0, -1.0]})
    with pytest.raises(ValueError, match="must be 2 shares"):
        MixturePrior(means, stds, {"a": [1.0]})
    with pytest.raises(ValueError, match="weights is empty"):
        MixturePrior(means, stds, {})
    prior = MixturePrior(means, stds, {"a red cup": [1.0, 0.0]})
    with pytest.raises(ValueError, match=r"no prompt 'a red cap'\. Did you mean 'a red cup'"):
        prior.encode_prompts(["a red cap"])
