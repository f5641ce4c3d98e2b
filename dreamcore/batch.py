"""Scenes that are advanced in one go, at their present steps.

S scenes. What is embedded of a scene's prompt is some rows: its views' prompts first, then the empty prompt and the one
to stay away from (`EMPTY`, `NEGATIVE`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamcore.config import TrialConfig
from dreamcore.placement import placed
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.rng import Draws

PerScene = Float[Tensor, " scenes"]
C = TypeVar("C", bound=TrialConfig)
EMPTY, NEGATIVE = -2, -1


@dataclass(frozen=True)
class Batch(Generic[C]):
    """`draws`, `progress` (step / steps) and `updates` (taken so far) are on the CPU. `conditioning` has the rows of
    the first scene, then of the second, and so on, as many for each. `texts` has each scene's prompt in words."""

    configs: Sequence[C]
    draws: Draws
    progress: PerScene
    updates: PerScene
    prior: Prior
    conditioning: Conditioning
    texts: Sequence[str]

    @cached_property
    def device_draws(self) -> Draws:
        """The same draws, made on the prior's device."""
        return self.draws.to(self.prior.device)

    @property
    def prompts(self) -> int:
        """How many rows of a scene are prompts."""
        return len(self.conditioning) // len(self.configs) - 2

    def row(self, place: int) -> Int[Tensor, " scenes"]:
        """Where each scene's row at `place` stands; from the end if negative."""
        rows = self.prompts + 2
        return torch.arange(len(self.configs)) * rows + place % rows

    def rows(self, index: Int[Tensor, " batch"]) -> Conditioning:
        return self.conditioning[placed(index, self.prior.device)]
