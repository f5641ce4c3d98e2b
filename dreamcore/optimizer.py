"""Adam over stacked parameters: each scene has its own rate, betas and count of updates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.kernels import usable

PerScene = Float[Tensor, " scenes"]


@dataclass(frozen=True)
class AdamRates:
    """Settings of one update. `active` is 1 for scenes that take it and 0 for those left exactly as they are; `updates`
    counts the updates taken before this one."""

    rate: PerScene
    beta1: PerScene
    beta2: PerScene
    epsilon: PerScene
    active: PerScene
    updates: PerScene


def _align(values: PerScene, like: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (like.dim() - 1))


@torch.no_grad()
def adam_step(
    parameter: Float[Tensor, " scenes *shape"],
    gradient: Float[Tensor, " scenes *shape"],
    mean: Float[Tensor, " scenes *shape"],
    square: Float[Tensor, " scenes *shape"],
    rates: AdamRates,
) -> None:
    """One update in place (Kingma and Ba 2015, Algorithm 1), vectorised over scenes.

    Inactive scenes may have a gradient that is not finite: none of it reaches their state.
    """
    if usable(parameter):
        from dreamcore import optimizer_cuda

        optimizer_cuda.adam_step(parameter, gradient, mean, square, rates)
    else:
        adam_step_plainly(parameter, gradient, mean, square, rates)


@torch.no_grad()
def adam_step_plainly(
    parameter: Float[Tensor, " scenes *shape"],
    gradient: Float[Tensor, " scenes *shape"],
    mean: Float[Tensor, " scenes *shape"],
    square: Float[Tensor, " scenes *shape"],
    rates: AdamRates,
) -> None:
    """The definition of `adam_step`, which a kernel takes on a GPU."""
    active = _align(rates.active, parameter)
    if not bool((rates.active > 0).all()):
        gradient = torch.where(active > 0, gradient, torch.zeros_like(gradient))
    mean.add_((gradient - mean).mul_(_align((1.0 - rates.beta1) * rates.active, parameter)))
    square.add_((gradient * gradient).sub_(square).mul_(_align((1.0 - rates.beta2) * rates.active, parameter)))
    count = rates.updates + 1.0
    correction1 = 1.0 - rates.beta1**count
    correction2 = (1.0 - rates.beta2**count).sqrt()
    denominator = square.sqrt().div_(_align(correction2, parameter)).add_(_align(rates.epsilon, parameter))
    parameter.sub_(mean.div(denominator).mul_(_align(rates.rate * rates.active / correction1, parameter)))
