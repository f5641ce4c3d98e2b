"""How trials of one kind are set up and advanced."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from dreamcore.batch import Batch
from dreamcore.priors.base import Prior
from dreamcore.update import Moment, Optimizer

State = dict[str, Tensor]
_OF = "parameter."


@dataclass(frozen=True)
class Advance:
    """What one step did to S scenes: numbers for the record, and which of them took the update."""

    metrics: Mapping[str, Float[Tensor, " scenes"]]
    taken: Bool[Tensor, " scenes"]


@runtime_checkable
class Task(Protocol):
    """One a kind of trial; without state. `config` is always of the kind. The tensors of a state are named; in a pack
    they have a leading scenes axis, in a scene they have none."""

    def pack_key(self, config: Any) -> str:
        """Configs with equal keys can share a pack."""
        ...

    def check(self, config: Any, prior: Prior) -> None:
        """Raise ValueError if this prior cannot guide such a trial."""
        ...

    def initial(self, seed: int, config: Any) -> State:
        """The state at step 0, on the CPU: `parameter.*`, the optimiser's, and what else a step needs."""
        ...

    def group(self, config: Any, step: int) -> Hashable:
        """Scenes of a pack with equal groups can be advanced in one go."""
        ...

    def advance(self, batch: Batch[Any], state: State) -> Advance:
        """One step of scenes of one group; updates `state` in place. Scenes that did not take it are left as they
        are."""
        ...


# ---- what tasks that follow a gradient share -------------------------------------------------------------------------


def split(state: Mapping[str, Tensor]) -> tuple[State, State]:
    """The parameters under their own names, and everything else."""
    parameters = {name.removeprefix(_OF): value for name, value in state.items() if name.startswith(_OF)}
    return parameters, {name: value for name, value in state.items() if not name.startswith(_OF)}


def leaves_of(state: Mapping[str, Tensor]) -> State:
    """The parameters as the leaves of a graph."""
    return {name: value.detach().requires_grad_() for name, value in split(state)[0].items()}


def descend(
    batch: Batch[Any], state: State, leaves: State, loss: Float[Tensor, " scenes"], optimizer: Optimizer
) -> Bool[Tensor, " scenes"]:
    """One update of `state` in place along the gradient of each scene's loss; the scenes that took it. Those whose
    gradient is not finite are left exactly as they are."""
    gradients = dict(zip(leaves, torch.autograd.grad(loss.sum(), list(leaves.values())), strict=True))
    # norms, since an optimiser keeps squares: what overflows there is as bad as what is not finite here
    norms = torch.stack([torch.linalg.vector_norm(value.flatten(1), dim=1) for value in gradients.values()])
    parameters, rest = split(state)
    moment = Moment(batch.progress, batch.updates, norms.isfinite().all(0))
    return optimizer.update(parameters, gradients, rest, moment)
