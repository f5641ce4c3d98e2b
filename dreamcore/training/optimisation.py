"""AdamW with a warm-up, a cosine, a bound on the gradient and a moving average of the weights.

No function here makes the host wait for the device: what is decided about gradients is decided there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dreamcore.config.base import require
from dreamcore.training.workers import Workers

Scalar = Float[Tensor, ""]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long to train: so many `steps`, or so many `minutes` of training, whichever is given."""

    steps: int = 0
    minutes: float = 0.0

    def __post_init__(self) -> None:
        require(self.steps >= 0, "budget.steps", self.steps, "at least 0")
        require(0.0 <= self.minutes < math.inf, "budget.minutes", self.minutes, "at least 0")
        both = {"steps": self.steps, "minutes": self.minutes}
        require((self.steps > 0) != (self.minutes > 0.0), "budget", both, "either steps or minutes")

    def share(self, step: int, elapsed: float) -> float:
        """What is spent of it after `step` steps that took `elapsed` seconds; 1 or more at the end."""
        return step / self.steps if self.steps else elapsed / (60.0 * self.minutes)


@dataclass(frozen=True, kw_only=True)
class OptimiserSettings:
    """`weight_decay` is for matrices and filters only. The learning rate rises over `warmup` steps and falls along a
    cosine to the share `floor` of `learning_rate`. `clip` bounds the norm of all gradients together. `average` is the
    decay of the moving average, which is shorter in the beginning."""

    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.01
    warmup: int = 200
    floor: float = 0.02
    clip: float = 1.0
    average: float = 0.9998

    def __post_init__(self) -> None:
        rate, betas = self.learning_rate, self.betas
        require(0.0 < rate < math.inf, "learning_rate", rate, "positive")
        require(all(0.0 <= beta < 1.0 for beta in betas), "betas", betas, "two numbers in [0, 1)")
        require(0.0 <= self.weight_decay < math.inf, "weight_decay", self.weight_decay, "at least 0")
        require(self.warmup >= 0, "warmup", self.warmup, "at least 0")
        require(0.0 <= self.floor <= 1.0, "floor", self.floor, "in [0, 1]")
        require(self.clip > 0.0, "clip", self.clip, "positive")
        require(0.0 <= self.average < 1.0, "average", self.average, "in [0, 1)")


def learning_rate(settings: OptimiserSettings, step: int, share: float) -> float:
    """The rate of step `step` (from 0), when `share` of the budget is spent."""
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(share, 1.0)))
    return settings.learning_rate * warm * (settings.floor + (1.0 - settings.floor) * cosine)


def average_decay(settings: OptimiserSettings, step: int) -> float:
    """Of the moving average after step `step` (from 0): the first weights are soon forgotten."""
    return min(settings.average, (1 + step) / (10 + step))


class Optimiser:
    """Owns the moments and the moving average of the named parameters. `average` has the averaged weights by name;
    `skipped` counts, on the device, the steps that were left out since a gradient was not finite."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], settings: OptimiserSettings) -> None:
        self.settings = settings
        self.parameters = dict(parameters)
        weights = list(self.parameters.values())
        self.average = {name: weight.detach().clone() for name, weight in self.parameters.items()}
        self.skipped = torch.zeros((), device=weights[0].device)
        self._adam = torch.optim.AdamW(
            [
                {"params": [weight for weight in weights if weight.dim() > 1], "weight_decay": settings.weight_decay},
                {"params": [weight for weight in weights if weight.dim() <= 1], "weight_decay": 0.0},
            ],
            lr=settings.learning_rate,
            betas=settings.betas,
            fused=True,
        )
        for weight in weights:
            self._adam.state[weight] = {
                "step": torch.zeros((), device=weight.device),
                "exp_avg": torch.zeros_like(weight),
                "exp_avg_sq": torch.zeros_like(weight),
            }

    @torch.no_grad()
    def step(self, step: int, share: float, workers: Workers) -> Scalar:
        """Take the step number `step` (from 0) with the gradients that the parameters have, drop them, and return their
        norm before it was bounded. `share` of the budget is spent. A gradient must lie in memory as its parameter does,
        which autograd sees to: the fused kernel goes by place."""
        weights = [weight for weight in self.parameters.values() if weight.grad is not None]
        assert len(weights) == len(self.parameters), "every parameter takes part in the loss"
        workers.average([weight.grad for weight in weights if weight.grad is not None])
        norm = nn.utils.clip_grad_norm_(weights, self.settings.clip, foreach=True)
        failed = (~norm.isfinite()).to(torch.float32)
        self.skipped += failed
        # The fused kernel leaves everything as it is where this is 1, as for a gradient scaler.
        self._adam.found_inf = failed  # type: ignore[attr-defined]
        for group in self._adam.param_groups:
            group["lr"] = learning_rate(self.settings, step, share)
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        decay = average_decay(self.settings, step)
        torch._foreach_lerp_(list(self.average.values()), list(self.parameters.values()), 1.0 - decay)
        return norm

    def state(self) -> dict[str, Tensor]:
        """Everything that a resumed training needs, by name; not copied."""
        tensors = {"skipped": self.skipped}
        for name, weight in self.parameters.items():
            tensors[f"weight/{name}"] = weight.detach()
            tensors[f"average/{name}"] = self.average[name]
            tensors |= {f"{key}/{name}": value for key, value in self._adam.state[weight].items()}
        return tensors

    @torch.no_grad()
    def begin_with(self, weights: Mapping[str, Tensor]) -> None:
        """Take over weights, as the average too, before the first step. Raises ValueError for another network's."""
        self.load(
            self.state() | {f"{kind}/{name}": weights[name] for kind in ("weight", "average") for name in weights}
        )

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over a `state`. Raises ValueError for one of another network."""
        own = self.state()
        if own.keys() != tensors.keys():
            raise ValueError(f"the checkpoint is of another network: {_difference(own.keys(), tensors.keys())}")
        for name, tensor in own.items():
            if tensor.shape != tensors[name].shape:
                shapes = f"{list(tensors[name].shape)}, here {list(tensor.shape)}"
                raise ValueError(f"the checkpoint is of another network: {name} has the shape {shapes}")
            tensor.copy_(tensors[name])


def _difference(here: Set[str], there: Set[str]) -> str:
    first = min(here ^ there)
    return f"{first} is {'missing' if first in here else 'unknown'}"
