"""What a guidance is asked and what it answers.

S scenes with V views each make B = S x V images, the views of a scene one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.config import Ramp
from dreamcore.placement import placed
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.rng import Draws, Purpose
from dreamcore.schedules import ramps
from dreamcore.sds import expand

Images = Float[Tensor, "batch channels height width"]
PerImage = Float[Tensor, " batch"]


@dataclass(frozen=True)
class Directions:
    """From where the views of S scenes look, degrees, on the CPU; `by_view` has a row for each of
    `dreamcore.texts.VIEW_WORDS` of the first scene, then of the second, and so on."""

    azimuth: Float[Tensor, "scenes views"]
    elevation: Float[Tensor, "scenes views"]
    by_view: Conditioning


@dataclass(frozen=True)
class Query:
    """`image` is in [0, 1] and part of a graph. `positive`, `empty` and `negative` have a row an image: its prompt, no
    prompt, and the prompt to stay away from, which is no prompt where none was given. `directions` is None for images
    that no camera took. `draws` are on the CPU, `progress` is step / steps of each scene. `texts` are the prompts of
    the images in words, for a guidance that does not ask the prior; where an embedding is blended of several views',
    the nearest view's."""

    prior: Prior
    image: Float[Tensor, "batch 3 height width"]
    views: int
    progress: Float[Tensor, " scenes"]
    draws: Draws
    positive: Conditioning
    empty: Conditioning
    negative: Conditioning
    directions: Directions | None = None
    texts: Sequence[str] = ()

    @property
    def device_draws(self) -> Draws:
        """The same draws, made on the prior's device."""
        return self.draws.to(self.prior.device)

    def per_image(self, values: Sequence[float]) -> PerImage:
        """One number a scene as one an image, on the prior's device."""
        numbers = torch.tensor([float(value) for value in values])
        return placed(numbers.repeat_interleave(self.views), self.prior.device)

    def times(self, t_min: Sequence[Ramp], t_max: Sequence[Ramp]) -> PerImage:
        """A noise level an image, uniform between its scene's bounds at this step."""
        low, high = (ramps(bounds, self.progress)[:, None] for bounds in (t_min, t_max))
        t = low + (high - low) * self.draws.uniform(Purpose.TIMESTEP, (self.views,))
        return placed(t.flatten(), self.prior.device)

    def squared(self, weighting: Sequence[str]) -> PerImage:
        """1 an image whose scene's w(t) is sigma_t^2, 0 where it is 1."""
        return self.per_image([float(name == "sigma_squared") for name in weighting])

    def noise(self, like: Images) -> Images:
        """Standard normal, of the shape of `like`."""
        return self.device_draws.normal(Purpose.NOISE, (self.views, *like.shape[1:])).flatten(0, 1)


@dataclass(frozen=True)
class Guided:
    """`target` is what the gradient is of, with the graph that leads back to the image: what the prior noises, or the
    image itself. `gradient` is dL/dtarget times the count of an image's values; `residual` the mean square, image by
    image, of what the rule finds wrong."""

    target: Images
    gradient: Images
    residual: PerImage


@runtime_checkable
class Guidance(Protocol):
    """Made anew for each step, from the guidance config of each scene."""

    def __call__(self, query: Query) -> Guided: ...


@torch.no_grad()
def predictions(prior: Prior, z: Images, t: PerImage, prompts: Sequence[Conditioning]) -> tuple[Images, ...]:
    """The prior's noise prediction under each of `prompts`, which have a row an image, in one call of the prior. The
    prior is not differentiated."""
    count = len(prompts)
    answers = prior.predict_noise(torch.cat([z] * count), torch.cat([t] * count), Conditioning.cat(prompts))
    return answers.detach().chunk(count)


def distilled(target: Images, weight: PerImage, difference: Images) -> Guided:
    """The gradient `weight` times `difference`, with the mean square of the difference for the record."""
    return Guided(target, expand(weight) * difference, difference.square().mean(dim=(1, 2, 3)))
