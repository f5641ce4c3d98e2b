"""Each rule beside score distillation against closed forms for Gaussians, and against score distillation at its
limits. Perp-Neg has a file of its own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from oracles.diffusion import cosine, flowed, gaussian_noise, inverted, loss_gradient
from queries import GaussianPrior, OpenGaussianPrior, answer, pair, pictures, question

from dreamcore.config import (
    CsdConfig,
    DiffusionLossConfig,
    GuidanceConfig,
    NfsdConfig,
    Ramp,
    SdiConfig,
    SdsConfig,
    constant,
)
from dreamcore.guidance.base import Query
from dreamcore.guidance.choose import make_guidance
from dreamcore.guidance.inversion import invert
from dreamcore.priors.base import Conditioning, DifferentiablePrior
from dreamcore.priors.embedded import EmbeddedPrior
from dreamcore.priors.mixture import MixturePrior

STD = 0.3
COLORS = {"a": (0.6, 0.6, 0.6), "b": (-0.5, -0.5, -0.5), "": (0.1, 0.1, 0.1), "bad": (-0.2, -0.2, -0.2)}
MEANS = {name: color[0] for name, color in COLORS.items()}
NEAR = {"rtol": 2e-5, "atol": 2e-5}


def _prior() -> OpenGaussianPrior:
    return OpenGaussianPrior(COLORS, STD)


def _ask(config: GuidanceConfig, image: torch.Tensor, t: float, **options: object) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient at one noise level, and the image in [-1, 1]."""
    config = dataclasses.replace(config, t_min=constant(t), t_max=constant(t))
    return pair(answer(config, question(_prior(), image, **options)))  # type: ignore[arg-type]


def _noise(image: torch.Tensor, **options: object) -> np.ndarray:
    return question(_prior(), image, **options).noise(image.detach()).double().numpy()  # type: ignore[arg-type]


def _variance(t: float) -> float:
    alpha, sigma = cosine(t)
    return alpha**2 * STD**2 + sigma**2


# ---- classifier score distillation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("weighting", ["sigma_squared", "uniform"])
def test_it_is_what_guidance_adds_to_score_distillation(t: float, weighting: str) -> None:
    image = pictures(2)
    strong, plain = (_ask(SdsConfig(scale=w, weighting=weighting), image, t)[0] for w in (7.0, 0.0))
    found, _ = _ask(CsdConfig(scale=7.0, weighting=weighting), image, t)
    torch.testing.assert_close(found, strong - plain, **NEAR)


@pytest.mark.parametrize("t", [0.05, 0.5, 0.95])
def test_between_gaussians_of_one_width_the_classifier_s_pull_is_the_same_everywhere(t: float) -> None:
    """Whatever the image and the noise: sigma^2 scale sigma alpha (mu_0 - mu_y) / v, and so for the denied prompt."""
    alpha, sigma = cosine(t)
    slope = sigma**2 * sigma * alpha / _variance(t)
    found, _ = _ask(CsdConfig(scale=3.0), pictures(2), t)
    expected = 3.0 * slope * (MEANS[""] - MEANS["a"])
    torch.testing.assert_close(found, torch.full_like(found, expected), **NEAR)
    denied, _ = _ask(CsdConfig(scale=3.0, negative="bad", negative_scale=constant(2.0)), pictures(2), t, negative="bad")
    expected += 2.0 * slope * (MEANS["bad"] - MEANS[""])
    torch.testing.assert_close(denied, torch.full_like(denied, expected), **NEAR)


def test_the_denied_prompt_s_weight_moves_over_the_run_of_each_scene() -> None:
    config = CsdConfig(scale=1.0, negative="bad", negative_scale=Ramp(start=2.0, end=0.0), t_min=constant(0.5))
    config = dataclasses.replace(config, t_max=constant(0.5))
    halfway, begun = (0.5, 0.0)
    query = question(_prior(), pictures(2), ("a", "a"), negative="bad", progress=(begun, halfway))
    found = answer(config, query).gradient
    slope = 0.5 * 0.5 / _variance(0.5)  # sigma^2 sigma alpha / v at t = 1/2
    toward, away = MEANS[""] - MEANS["a"], MEANS["bad"] - MEANS[""]
    for gradient, weight in zip(found, (2.0, 1.0), strict=True):
        expected = torch.full_like(gradient, slope * (toward + weight * away))
        torch.testing.assert_close(gradient, expected, **NEAR)


def test_the_empty_prompt_has_no_classifier() -> None:
    found, _ = _ask(CsdConfig(), pictures(2), 0.5, prompts=("",))
    assert not found.any()


# ---- noise-free score distillation -----------------------------------------------------------------------------------


def test_little_noise_is_taken_as_it_is_predicted() -> None:
    """Under the threshold: score distillation to which the noise that was drawn is given back."""
    image, t = pictures(2), 0.15
    found, _ = _ask(NfsdConfig(negative="bad"), image, t, negative="bad")
    distilled, _ = _ask(SdsConfig(scale=6.5), image, t)
    expected = distilled.double() + cosine(t)[1] ** 2 * torch.tensor(_noise(image))
    torch.testing.assert_close(found.double(), expected, **NEAR)


@pytest.mark.parametrize("t", [0.25, 0.5, 0.95])
def test_above_the_threshold_no_noise_is_left(t: float) -> None:
    """delta_D + s delta_C with s = 1 + omega = 7.5; between Gaussians of one width neither knows the noise."""
    alpha, sigma = cosine(t)
    slope = sigma**2 * sigma * alpha / _variance(t)
    domain, condition = MEANS["bad"] - MEANS[""], MEANS[""] - MEANS["a"]
    for seeds in ((0,), (1,)):
        found, _ = _ask(NfsdConfig(negative="bad"), pictures(2), t, negative="bad", seeds=seeds)
        torch.testing.assert_close(found, torch.full_like(found, slope * (domain + 7.5 * condition)), **NEAR)


def test_with_an_empty_prompt_for_bad_pictures_it_is_the_classifier_s() -> None:
    image = pictures(2)
    found, _ = _ask(NfsdConfig(scale=6.5, negative="x"), image, 0.5, negative="")
    expected, _ = _ask(CsdConfig(scale=7.5), image, 0.5)
    torch.testing.assert_close(found, expected, **NEAR)


def test_each_image_is_on_its_own_side_of_the_threshold() -> None:
    """Two scenes at one level, which is little noise for one of them only."""
    image = pictures(2)
    levels = {"t_min": constant(0.3), "t_max": constant(0.3), "negative": "bad"}
    kinds = [NfsdConfig(clean_below=0.2, **levels), NfsdConfig(clean_below=0.4, **levels)]
    one, other = (answer(config, question(_prior(), image, ("a", "a"), negative="bad")).gradient for config in kinds)
    query = question(_prior(), image, ("a", "a"), negative="bad")
    mixed = make_guidance(kinds)(query).gradient
    assert torch.equal(mixed[0], one[0]) and torch.equal(mixed[1], other[1])
    assert not torch.allclose(one, other, rtol=0.0, atol=0.01)


# ---- score distillation via inversion --------------------------------------------------------------------------------


def _predict(query: Query, omega: float) -> object:
    def predict(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        with_prompt = query.prior.predict_noise(z, t, query.positive)
        without = query.prior.predict_noise(z, t, query.empty)
        return without + (1.0 + omega) * (with_prompt - without)

    return predict


@pytest.mark.parametrize("omega", [0.0, -7.5])
def test_inversion_is_ddim_backwards_on_each_image_s_own_grid(omega: float) -> None:
    prior, image = _prior(), 2.0 * pictures(4).detach() - 1.0
    query = question(prior, pictures(4))
    times, steps = torch.tensor([0.2, 0.5, 0.9, 0.98]), [3, 10, 1, 5]
    found = invert(prior, image, times, steps, _predict(query, omega))  # type: ignore[arg-type]
    assert len(prior.asked) == 2 * max(steps)
    for z, x, t, count in zip(found, image, times.tolist(), steps, strict=True):
        expected = inverted(x.double().numpy(), t, count, omega, MEANS["a"], MEANS[""], STD)
        np.testing.assert_allclose(z.numpy(), expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("t", [0.2, 0.7, 0.95])
def test_with_more_steps_inversion_comes_to_the_probability_flow(t: float) -> None:
    """Of a Gaussian it is known. The error halves as the steps double, and DDIM back ends where it began."""
    prior, image = _prior(), 2.0 * pictures(1).detach() - 1.0
    predict, exact = _predict(question(prior, pictures(1)), 0.0), flowed(image.double().numpy(), t, MEANS["a"], STD)
    errors = []
    for steps in (20, 40, 80):
        z = invert(prior, image, torch.tensor([t]), [steps], predict)  # type: ignore[arg-type]
        errors.append(float(np.abs(z.numpy() - exact).max()))
    scale = float(np.abs(exact).max())
    assert errors[-1] < 0.03 * scale
    for coarse, fine in pairwise(errors):
        assert 1.6 < coarse / fine < 2.4


@pytest.mark.parametrize("t", [0.2, 0.7, 0.95])
def test_its_gradient_on_a_gaussian_is_a_share_of_the_way_to_the_mean(t: float) -> None:
    """x less the expected image is (x - mu) (1 - alpha s / sqrt(v)) when the inversion is exact: no noise is in it, the
    mean is a fixed point, and none of the way is left where there is no noise."""
    config, image = SdiConfig(scale=0.0, inversion_scale=0.0, inversion_steps=100), pictures(1)
    found, x = _ask(config, image, t)
    alpha, _ = cosine(t)
    share = 1.0 - alpha * STD / math.sqrt(_variance(t))
    torch.testing.assert_close(found, share * (x - MEANS["a"]), rtol=0.05, atol=3e-3)
    again, _ = _ask(config, image, t, seeds=(99,))
    assert torch.equal(found, again), "nothing is drawn"
    rest, _ = _ask(config, torch.full((1, 3, 8, 8), (MEANS["a"] + 1.0) / 2.0, requires_grad=True), t)
    assert rest.abs().max() < 1e-4


@pytest.mark.parametrize("t", [0.2, 0.7, 0.95])
def test_its_gradient_is_x_less_the_image_that_is_then_expected(t: float) -> None:
    """With guidance forwards and backwards, against plain DDIM in numpy."""
    config, image = SdiConfig(scale=2.0, inversion_scale=-2.0, inversion_steps=4), pictures(1)
    found, x = _ask(config, image, t)
    alpha, sigma = cosine(t)
    z = inverted(x.double().numpy(), t, 4, -2.0, MEANS["a"], MEANS[""], STD)
    noise = [gaussian_noise(z, t, np.asarray(MEANS[name]), STD) for name in ("a", "")]
    expected = x.double().numpy() - (z - sigma * (3.0 * noise[0] - 2.0 * noise[1])) / alpha
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-3, atol=2e-3)


def test_its_calls_are_the_steps_and_one_more() -> None:
    prior = _prior()
    answer(SdiConfig(inversion_steps=6), question(prior, pictures(4), ("a", "b")))
    assert len(prior.asked) == 7
    assert {len(asked) for asked in prior.asked} == {8}


# ---- the diffusion loss ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("weighting", ["sigma_squared", "uniform"])
def test_its_gradient_has_the_jacobian_that_score_distillation_leaves_out(t: float, weighting: str) -> None:
    image = pictures(2)
    found, x = _ask(DiffusionLossConfig(weighting=weighting), image, t)
    alpha, sigma = cosine(t)
    weight = sigma**2 if weighting == "sigma_squared" else 1.0
    expected = weight * loss_gradient(x.double().numpy(), t, _noise(image), MEANS["a"], STD)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3, atol=1e-5)
    distilled, _ = _ask(SdsConfig(scale=0.0, weighting=weighting), image, t)
    torch.testing.assert_close(found, alpha * sigma / _variance(t) * distilled, rtol=1e-3, atol=1e-5)


def test_it_is_the_derivative_of_the_loss_also_with_guidance() -> None:
    """Central differences of the guided loss on a mixture, whose Jacobian is no multiple of the identity."""
    means = 0.4 * torch.tensor([1.0, -1.0])[:, None, None, None].expand(2, 3, 8, 8)
    shares: dict[str, Sequence[float]] = {"a": (1.0, 0.0), "b": (0.0, 1.0)}
    prior = MixturePrior(means, torch.full((2,), 0.5), shares)
    assert isinstance(prior, DifferentiablePrior)
    image, t = pictures(1), 0.7
    query = dataclasses.replace(
        question(GaussianPrior(), image),
        prior=prior,
        positive=prior.encode_prompts(["a"]),
        empty=prior.unconditional(),
        negative=prior.unconditional(),
    )
    level = {"t_min": constant(t), "t_max": constant(t)}
    gradient, x = pair(answer(DiffusionLossConfig(scale=1.5, weighting="uniform", **level), query))
    noise, (alpha, sigma) = query.noise(x), cosine(t)

    def loss(at: torch.Tensor) -> float:
        z = alpha * at + sigma * noise
        with_prompt, without = (
            prior.predict_noise(z, torch.tensor([t]), prompt).double() for prompt in (query.positive, query.empty)
        )
        return float(0.5 * (2.5 * with_prompt - 1.5 * without - noise.double()).square().sum())

    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    direction = direction + torch.sign(means[:1])  # the Jacobian is not trivial along the line between the modes
    step = 1e-3
    slope = (loss(x + step * direction) - loss(x - step * direction)) / (2.0 * step)
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=5e-3)


def test_it_goes_through_the_embedded_network_in_either_dtype() -> None:
    """The network's gradient is that of its differences; in bfloat16 it is finite and near it. The weights stay."""
    wide, narrow = EmbeddedPrior(dtype="float32"), EmbeddedPrior(dtype="bfloat16")
    z = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    t, direction = torch.tensor([0.5]), torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    gradients = []
    for prior in (wide, narrow):
        assert isinstance(prior, DifferentiablePrior)
        leaf = z.clone().requires_grad_()
        value = (prior.noise_with_graph(leaf, t, prior.unconditional()) * direction).sum()
        (gradient,) = torch.autograd.grad(value, leaf)
        gradients.append(gradient)
        assert not any(weight.requires_grad for weight in prior._unet.parameters())
        assert not prior.predict_noise(leaf, t, prior.unconditional()).requires_grad
    ends = [
        (wide.predict_noise(z + step * direction, t, wide.unconditional()) * direction).sum() for step in (0.01, -0.01)
    ]
    assert float((gradients[0] * direction).sum()) == pytest.approx(float(ends[0] - ends[1]) / 0.02, rel=0.02)
    difference = (gradients[1] - gradients[0]).norm() / gradients[0].norm()
    assert difference < 0.1


def test_without_guidance_it_asks_for_the_prompt_alone() -> None:
    counts = []
    for config in (DiffusionLossConfig(), DiffusionLossConfig(scale=1.0)):
        prior = _prior()
        answer(config, question(prior, pictures(4), ("a", "b")))
        counts.append([len(asked) for asked in prior.asked])
    assert counts == [[4], [8]]


def test_a_prior_without_a_graph_is_told_apart() -> None:
    assert isinstance(OpenGaussianPrior(), DifferentiablePrior)
    assert not isinstance(GaussianPrior(), DifferentiablePrior)
    assert isinstance(_prior().unconditional(), Conditioning)
