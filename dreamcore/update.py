"""How gradients move stacked parameters: one class for each optimiser, state in plain named tensors.

S scenes. `progress` is step / steps of each, `updates` counts the updates it has taken, `finite` is false for scenes
whose gradient must not touch them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from dreamcore.config import AdamConfig, OptimizerConfig, ShampooConfig
from dreamcore.optimizer import AdamRates, adam_step
from dreamcore.placement import placed
from dreamcore.schedules import learning_rate_factor, warmup_cosine
from dreamcore.shampoo import ShampooRates, init_state, shampoo_step

PerScene = Float[Tensor, " scenes"]
Stacked = Mapping[str, Tensor]


@dataclass(frozen=True)
class Moment:
    """Where the scenes of an update stand. `progress` and `updates` are on the CPU, `finite` on the device."""

    progress: PerScene
    updates: PerScene
    finite: Bool[Tensor, " scenes"]


@runtime_checkable
class Optimizer(Protocol):
    """Changes parameters and its own state in place."""

    def initial(self, parameters: Stacked) -> dict[str, Tensor]:
        """The state that has seen no gradient."""
        ...

    def update(
        self, parameters: Stacked, gradients: Stacked, state: Stacked, moment: Moment
    ) -> Bool[Tensor, " scenes"]:
        """One update; returns the scenes that took it. The others are left exactly as they are."""
        ...


@dataclass(frozen=True)
class Adam:
    """`rate_group` says of a parameter's name whether it learns at the `grid` or the `network` rate."""

    configs: Sequence[AdamConfig]
    rate_group: Callable[[str], str]

    def initial(self, parameters: Stacked) -> dict[str, Tensor]:
        """Both moments of each parameter: `mean.NAME` and `square.NAME`, zero."""
        kinds = ("mean", "square")
        return {f"{kind}.{name}": torch.zeros_like(value) for name, value in parameters.items() for kind in kinds}

    def update(
        self, parameters: Stacked, gradients: Stacked, state: Stacked, moment: Moment
    ) -> Bool[Tensor, " scenes"]:
        device = moment.finite.device
        factor = learning_rate_factor(self.configs, moment.updates, moment.progress)
        settings = torch.tensor([(c.beta1, c.beta2, c.epsilon) for c in self.configs])
        beta1, beta2, epsilon = placed(settings, device).T
        for name, gradient in gradients.items():
            grid = self.rate_group(name) == "grid"
            rate = torch.tensor([c.grid_rate if grid else c.network_rate for c in self.configs]) * factor
            rates = AdamRates(
                rate=placed(rate, device),
                beta1=beta1,
                beta2=beta2,
                epsilon=epsilon,
                active=moment.finite.float(),
                updates=placed(moment.updates, device),
            )
            adam_step(parameters[name], gradient, state[f"mean.{name}"], state[f"square.{name}"], rates)
        return moment.finite


@dataclass(frozen=True)
class Shampoo:
    """All parameters learn at one rate (A.2)."""

    configs: Sequence[ShampooConfig]

    def initial(self, parameters: Stacked) -> dict[str, Tensor]:
        return init_state(parameters, self.configs[0])

    def update(
        self, parameters: Stacked, gradients: Stacked, state: Stacked, moment: Moment
    ) -> Bool[Tensor, " scenes"]:
        device = moment.finite.device
        columns = [(c.warmup_fraction, c.start_rate, c.peak_rate, c.end_rate, c.beta1, c.beta2) for c in self.configs]
        warmup, start, peak, end, beta1, beta2 = torch.tensor(columns).T
        rates = ShampooRates(
            rate=placed(warmup_cosine(moment.progress, warmup, start, peak, end), device),
            beta1=placed(beta1, device),
            beta2=placed(beta2, device),
            active=moment.finite.float(),
            updates=placed(moment.updates, device),
        )
        return shampoo_step(parameters, gradients, state, rates, self.configs[0])


def make_optimizer(configs: Sequence[OptimizerConfig], rate_group: Callable[[str], str]) -> Optimizer:
    """The optimiser of scenes that share a pack key."""
    shampoo = [config for config in configs if isinstance(config, ShampooConfig)]
    if shampoo:
        return Shampoo(shampoo)
    return Adam([config for config in configs if isinstance(config, AdamConfig)], rate_group)
