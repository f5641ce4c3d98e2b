"""Score distillation sampling (§2.1 Eq. 3): the prior's noise prediction as a gradient on the image.

B images of one call; z_t = alpha x + sigma eps. omega is the paper's guidance weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.priors.base import Conditioning, Prior

Images = Float[Tensor, "batch channels height width"]
PerImage = Float[Tensor, " batch"]


@dataclass(frozen=True)
class Distillation:
    """`gradient` is dL/dx of the distillation loss, `residual` the mean square of eps_hat - eps of each image."""

    gradient: Images
    residual: PerImage


@dataclass(frozen=True)
class Prompts:
    """What the images of one call are guided by: each image's prompt, then as often the unconditional one."""

    both: Conditioning

    @staticmethod
    def pair(conditional: Conditioning, unconditional: Conditioning) -> Prompts:
        """`unconditional` is a single row, repeated for every image."""
        device = next(iter(unconditional.tensors.values())).device
        rows = torch.zeros(len(conditional), dtype=torch.long, device=device)
        return Prompts(Conditioning.cat([conditional, unconditional[rows]]))


def expand(values: PerImage) -> Float[Tensor, "batch 1 1 1"]:
    """One number an image, ready to multiply images."""
    return values[:, None, None, None]


def guided_noise(prior: Prior, noised: Images, t: PerImage, prompts: Prompts, omega: PerImage) -> Images:
    """eps_hat = (1 + omega) eps(z; y, t) - omega eps(z; t) (§2), both halves in one call of the prior."""
    both = prior.predict_noise(torch.cat([noised, noised]), torch.cat([t, t]), prompts.both)
    conditional, unconditional = both.chunk(2)
    return unconditional + (1.0 + expand(omega)) * (conditional - unconditional)


def distill(
    prior: Prior,
    image: Images,
    prompts: Prompts,
    t: PerImage,
    noise: Images,
    omega: PerImage,
    sigma_squared: PerImage,
) -> Distillation:
    """w(t) (eps_hat - eps): the gradient with the U-Net's Jacobian left out (§2.1 Eq. 3).

    `image` is what the prior noises (pixels in [-1, 1] or latents) and `sigma_squared` is 1 where w(t) = sigma_t^2
    (§3.2), 0 where w(t) = 1. The prior is never differentiated.
    """
    with torch.no_grad():
        alpha, sigma = prior.alpha_sigma(t)
        noised = expand(alpha) * image + expand(sigma) * noise
        difference = guided_noise(prior, noised, t, prompts, omega) - noise
        weight = torch.where(sigma_squared > 0.5, sigma * sigma, torch.ones_like(sigma))
        return Distillation(expand(weight) * difference, (difference * difference).mean(dim=(1, 2, 3)))


def surrogate(image: Images, gradient: Images) -> PerImage:
    """A number whose derivative by the image is `gradient` over the count of its values."""
    return (image * gradient.detach()).mean(dim=(1, 2, 3))
