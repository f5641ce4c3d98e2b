"""Score distillation against closed forms: the guided noise, the expected gradient, and where it leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from oracles.diffusion import cosine, expected_gradient, gaussian_noise, rescaled_image, resting_place

from dreamcore.priors.base import Conditioning
from dreamcore.priors.mixture import MixturePrior
from dreamcore.sds import Prompts, distill, guided_noise, rescaled_noise, surrogate


class GaussianPrior:
    """One Gaussian for every prompt and one for no prompt. Its guess depends on a weight that wants a gradient, and it
    turns gradients on by force, so that a caller who differentiates it is found out."""

    image_size = 4
    identity = "gaussian"
    device = torch.device("cpu")

    def __init__(self, means: dict[str, float], stds: dict[str, float]) -> None:
        self.names = list(means)
        self.means = torch.tensor(list(means.values()), dtype=torch.float64)
        self.stds = torch.tensor(list(stds.values()), dtype=torch.float64)
        self.weight = torch.ones((), dtype=torch.float64, requires_grad=True)
        self.calls = 0
        self.grad_modes: list[bool] = []

    def encode_prompts(self, prompts: Sequence[str]) -> Conditioning:
        return Conditioning({"index": torch.tensor([self.names.index(prompt) for prompt in prompts])})

    def unconditional(self) -> Conditioning:
        return self.encode_prompts([""])

    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        return 2.0 * images - 1.0

    def alpha_sigma(self, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pairs = torch.tensor([cosine(float(value)) for value in t], dtype=t.dtype)
        return pairs[:, 0], pairs[:, 1]

    def predict_noise(self, noised: torch.Tensor, t: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
        self.calls += 1
        self.grad_modes.append(torch.is_grad_enabled())
        index = conditioning.tensors["index"]
        rows = [
            gaussian_noise(z.detach().numpy(), float(time), float(self.means[i]), float(self.stds[i]))
            for z, time, i in zip(noised, t, index.tolist(), strict=True)
        ]
        with torch.enable_grad():
            return torch.tensor(np.array(rows)) * self.weight


PRIOR_MEANS = {"a": 0.8, "b": -0.3, "": 0.1}
PRIOR_STDS = {"a": 0.2, "b": 0.5, "": 0.7}
BATCH = 3


def _prior() -> GaussianPrior:
    return GaussianPrior(PRIOR_MEANS, PRIOR_STDS)


def _prompts(prior: GaussianPrior, names: Sequence[str]) -> Prompts:
    return Prompts.pair(prior.encode_prompts(names), prior.unconditional())


def _normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _doubles(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_pairs_repeat_the_unconditional_row() -> None:
    prior = _prior()
    assert _prompts(prior, ["b", "a", "b"]).both.tensors["index"].tolist() == [1, 0, 1, 2, 2, 2]


def test_guided_noise_has_the_paper_s_form() -> None:
    """eps_hat = (1 + omega) eps_y - omega eps_0, each image with its own omega and prompt, in one call."""
    prior, noised, names = _prior(), _normal(BATCH, 3, 4, 4), ["a", "b", "a"]
    t, omega = _doubles(0.1, 0.5, 0.9), _doubles(0.0, 7.5, 100.0)
    with torch.no_grad():
        found = guided_noise(prior, noised, t, _prompts(prior, names), omega)
    assert prior.calls == 1
    for i, name in enumerate(names):
        z, time, w = noised[i].numpy(), float(t[i]), float(omega[i])
        conditional = gaussian_noise(z, time, PRIOR_MEANS[name], PRIOR_STDS[name])
        unconditional = gaussian_noise(z, time, PRIOR_MEANS[""], PRIOR_STDS[""])
        np.testing.assert_allclose(
            found[i].numpy(), (1.0 + w) * conditional - w * unconditional, rtol=1e-10, atol=1e-12
        )


@pytest.mark.parametrize("sigma_squared", [(1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 1.0)])
def test_gradient_is_weighted_difference(sigma_squared: tuple[float, float, float]) -> None:
    prior, image, noise = _prior(), _normal(BATCH, 3, 4, 4), _normal(BATCH, 3, 4, 4, seed=1)
    t, omega = _doubles(0.02, 0.5, 0.98), _doubles(3.0, 0.0, 20.0)
    found = distill(prior, image, _prompts(prior, ["a", "b", "b"]), t, noise, omega, _doubles(*sigma_squared))
    for i, name in enumerate("abb"):
        alpha, sigma = cosine(float(t[i]))
        z, w = alpha * image[i].numpy() + sigma * noise[i].numpy(), float(omega[i])
        guess = (1.0 + w) * gaussian_noise(z, float(t[i]), PRIOR_MEANS[name], PRIOR_STDS[name])
        guess = guess - w * gaussian_noise(z, float(t[i]), PRIOR_MEANS[""], PRIOR_STDS[""])
        difference = guess - noise[i].numpy()
        weight = sigma**2 if sigma_squared[i] else 1.0
        np.testing.assert_allclose(found.gradient[i].numpy(), weight * difference, rtol=1e-9, atol=1e-12)
        assert float(found.residual[i]) == pytest.approx(float((difference**2).mean()), rel=1e-10)


def test_the_prior_is_never_differentiated() -> None:
    prior, image = _prior(), _normal(1, 3, 4, 4).requires_grad_()
    result = distill(
        prior, image, _prompts(prior, ["a"]), _doubles(0.5), _normal(1, 3, 4, 4, seed=1), _doubles(10.0), _doubles(1.0)
    )
    assert prior.grad_modes == [False]
    assert not result.gradient.requires_grad
    assert not result.residual.requires_grad
    surrogate(image, result.gradient).sum().backward()
    assert prior.weight.grad is None
    assert image.grad is not None
    # nothing of the Jacobian: exactly the gradient over the count of values
    torch.testing.assert_close(image.grad, result.gradient / 48.0, rtol=1e-12, atol=0)


def test_surrogate_is_stopped_at_the_gradient() -> None:
    image, gradient = _normal(2, 3, 4, 4).requires_grad_(), _normal(2, 3, 4, 4, seed=1).requires_grad_()
    values = surrogate(image, gradient * 1.0)
    assert values.shape == (2,)
    values.sum().backward()
    assert gradient.grad is None
    assert image.grad is not None
    torch.testing.assert_close(image.grad, gradient.detach() / 48.0)


@pytest.mark.parametrize("omega", [0.0, 5.0])
@pytest.mark.parametrize("t", [0.1, 0.5, 0.95])
def test_mean_gradient_equals_the_analytic_expectation(omega: float, t: float) -> None:
    """The mean over 4,000 draws of noise, value by value, within its standard error."""
    count, prior, image = 4000, _prior(), _normal(1, 3, 2, 2)
    alike = torch.full((count,), t, dtype=torch.float64)
    found = distill(
        prior,
        image.expand(count, -1, -1, -1),
        _prompts(prior, ["a"] * count),
        alike,
        _normal(count, 3, 2, 2, seed=5),
        torch.full_like(alike, omega),
        torch.zeros_like(alike),
    ).gradient.numpy()
    means, stds = PRIOR_MEANS, PRIOR_STDS
    expected = expected_gradient(image[0].numpy(), t, omega, means["a"], stds["a"], means[""], stds[""])
    errors = np.abs(found.mean(0) - expected) / (found.std(0, ddof=1) / np.sqrt(count))
    assert errors.max() < 4.0
    assert np.sqrt((errors**2).mean()) < 1.6
    assert np.abs(expected).max() > 0.01


# ---- rescaled guidance -----------------------------------------------------------------------------------------------


def _predictions() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """z, t, sigma, guided and conditional predictions of five images; guidance made the guided ones wilder."""
    z, t = _normal(5, 3, 4, 4), _doubles(0.02, 0.3, 0.5, 0.8, 0.98)
    conditional = 0.9 * z + 0.2 * _normal(5, 3, 4, 4, seed=1)
    guided = conditional + 3.0 * _normal(5, 3, 4, 4, seed=2)
    return z, t, _prior().alpha_sigma(t)[1], guided, conditional


def test_rescaling_is_that_of_the_expected_image() -> None:
    """Each image with its own share, against the definition in numpy."""
    z, t, sigma, guided, conditional = _predictions()
    share = _doubles(0.0, 0.3, 0.7, 0.9, 1.0)
    found = rescaled_noise(z, sigma, guided, conditional, share)
    for i in range(5):
        arrays = (values[i].numpy() for values in (guided, conditional))
        expected = rescaled_image(z[i].numpy(), float(t[i]), *arrays, float(share[i]))
        np.testing.assert_allclose(found[i].numpy(), expected, rtol=1e-9, atol=1e-9)


def test_fully_rescaled_the_expected_image_has_the_contrast_of_the_conditional_one() -> None:
    z, _, sigma, guided, conditional = _predictions()
    after = rescaled_noise(z, sigma, guided, conditional, torch.ones(5).double())
    level = sigma[:, None, None, None]
    found, wanted = ((z - level * noise).flatten(1).std(dim=1) for noise in (after, conditional))
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=0)


def test_without_guidance_or_share_nothing_is_rescaled() -> None:
    z, _, sigma, guided, conditional = _predictions()
    assert torch.equal(rescaled_noise(z, sigma, guided, conditional, torch.zeros(5).double()), guided)
    assert torch.equal(rescaled_noise(z, sigma, conditional, conditional, torch.ones(5).double()), conditional)


def test_an_image_without_contrast_is_left_alone() -> None:
    flat, (z, _, sigma, _, conditional) = torch.zeros(5, 3, 4, 4).double(), _predictions()
    assert torch.equal(rescaled_noise(flat, sigma, flat, conditional, torch.ones(5).double()), flat)
    assert torch.equal(rescaled_noise(flat + 0.5, sigma, flat, conditional, torch.ones(5).double()), flat), "a grey one"
    assert (
        rescaled_noise(z, sigma, z / sigma[:, None, None, None], conditional, torch.ones(5).double()).isfinite().all()
    )


def test_the_gradient_is_of_the_rescaled_prediction() -> None:
    prior, image, noise = _prior(), _normal(BATCH, 3, 4, 4), _normal(BATCH, 3, 4, 4, seed=1)
    t, omega, flags, share = (
        _doubles(0.05, 0.5, 0.95),
        _doubles(9.0, 9.0, 9.0),
        torch.ones(BATCH),
        _doubles(0.0, 0.5, 1.0),
    )
    prompts = _prompts(prior, ["a", "b", "b"])
    found = distill(prior, image, prompts, t, noise, omega, flags, share)
    plain = distill(prior, image, prompts, t, noise, omega, flags)
    assert torch.equal(found.gradient[0], plain.gradient[0])
    for i, name in enumerate("abb"):
        alpha, sigma = cosine(float(t[i]))
        z = alpha * image[i].numpy() + sigma * noise[i].numpy()
        conditional = gaussian_noise(z, float(t[i]), PRIOR_MEANS[name], PRIOR_STDS[name])
        guided = 10.0 * conditional - 9.0 * gaussian_noise(z, float(t[i]), PRIOR_MEANS[""], PRIOR_STDS[""])
        guided = rescaled_image(z, float(t[i]), guided, conditional, float(share[i]))
        np.testing.assert_allclose(
            found.gradient[i].numpy(), sigma**2 * (guided - noise[i].numpy()), rtol=1e-7, atol=1e-9
        )


# ---- where it leads --------------------------------------------------------------------------------------------------

SIDE, STD, T_RANGE = 6, 0.15, (0.02, 0.98)
VALUES = 3 * SIDE * SIDE
TIMES = np.linspace(*T_RANGE, 200)


def _modes() -> tuple[MixturePrior, torch.Tensor]:
    means = torch.stack([torch.full((3, SIDE, SIDE), 0.25), torch.full((3, SIDE, SIDE), -0.25)])
    means[:, 0] *= torch.tensor([1.0, -1.0])[:, None, None]  # same red, opposite in the rest
    weights = {"warm": (1.0, 0.0), "cold": (0.0, 1.0)}
    return MixturePrior(means, torch.full((2,), STD), weights), means.double()


def _descend(prior: MixturePrior, prompt: str, omega: float, start: torch.Tensor) -> torch.Tensor:
    """Pixels as parameters: plain descent with a falling rate, 8 draws a step, the mean of the last steps."""
    generator = torch.Generator().manual_seed(0)
    draws, steps = 8, 200
    prompts = Prompts.pair(prior.encode_prompts([prompt] * draws), prior.unconditional())
    pixels, tail = start.clone(), torch.zeros_like(start, dtype=torch.float64)
    for step in range(steps):
        t = T_RANGE[0] + (T_RANGE[1] - T_RANGE[0]) * torch.rand(draws, generator=generator)
        noise = torch.randn(draws, 3, SIDE, SIDE, generator=generator)
        leaf = pixels.expand(draws, -1, -1, -1).clone().requires_grad_()
        target = prior.encode_image(leaf)
        result = distill(prior, target.detach(), prompts, t, noise, torch.full((draws,), omega), torch.ones(draws))
        surrogate(target, result.gradient).sum().backward()
        assert leaf.grad is not None
        pixels = pixels - VALUES * leaf.grad.mean(0) * 2.0 / (1.0 + omega) / (1.0 + step / 15.0)
        if step >= steps // 2:
            tail += prior.encode_image(pixels[None])[0].double() / (steps - steps // 2)
    return tail


@pytest.mark.parametrize(("prompt", "index", "omega"), [("warm", 0, 0.0), ("warm", 0, 3.0), ("cold", 1, 3.0)])
def test_descent_ends_where_the_closed_form_says(prompt: str, index: int, omega: float) -> None:
    """From grey to the mode that the prompt names; guidance rests a little beyond it, away from the other mode."""
    prior, means = _modes()
    end = _descend(prior, prompt, omega, torch.full((3, SIDE, SIDE), 0.5))
    named, other = means[index], means[1 - index]
    gap = float((other - named).norm())
    along = (other - named) / gap
    beyond = resting_place(gap, STD, omega, TIMES)
    if omega == 0.0:
        assert beyond == pytest.approx(0.0, abs=1e-9)
    else:
        assert beyond < -0.1 * gap
    offset = end - named
    assert float((offset * along).sum()) == pytest.approx(beyond, abs=0.05 * gap)
    # across the line between the modes nothing pulls: what is left is noise
    assert float((offset - (offset * along).sum() * along).square().mean().sqrt()) < 0.05
    # and the other prompt ends elsewhere
    assert float((end - named).norm()) < 0.7 * float((end - other).norm())
