"""Processes that train one network together: each has its own device and pictures, and the gradients are averaged.

`torchrun` starts them and says in the environment who is who; without it there is one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Place:
    """Which of `world` processes this is (`rank`), and which of those on its machine (`local`). Finding it out touches
    no device, so that processes can still be forked."""

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that logs and writes."""
        return self.rank == 0

    @staticmethod
    def of(environment: Mapping[str, str] = os.environ) -> Place:
        """As `torchrun` says. Raises ValueError for numbers that do not fit together."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
        try:
            rank, world, local = (
                int(environment.get(name, default)) for name, default in zip(names, "010", strict=True)
            )
        except ValueError as error:
            raise ValueError(f"RANK, WORLD_SIZE, LOCAL_RANK: must be whole numbers: {error}") from error
        if not 0 <= rank < world or local < 0:
            raise ValueError(f"RANK = {rank}, WORLD_SIZE = {world}: must be 0 <= RANK < WORLD_SIZE")
        return Place(rank, world, local)


@dataclass(frozen=True)
class Workers:
    """The processes, connected. With one process nothing is sent."""

    place: Place
    device: torch.device

    @staticmethod
    def join(place: Place, device: torch.device | None = None) -> Workers:
        """Wait for the others. The device is this process's CUDA device if there is one, else the CPU."""
        if device is None:
            device = torch.device("cuda", place.local) if torch.cuda.is_available() else torch.device("cpu")
        if device.type == "cuda":
            torch.cuda.set_device(device)
        if place.world > 1:
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Workers(place, device)

    def leave(self) -> None:
        if self.place.world > 1:
            distributed.destroy_process_group()

    @torch.no_grad()
    def share(self, tensors: Sequence[Tensor]) -> None:
        """Give all processes the first one's values."""
        if self.place.world > 1:
            for tensor in tensors:
                values = tensor.contiguous()
                distributed.broadcast(values, 0)
                tensor.copy_(values)

    def agree(self, value: float) -> float:
        """The first process's number: clocks differ, and all must take the same learning rate and stop together."""
        if self.place.world == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.broadcast(shared, 0)
        return shared.item()

    @torch.no_grad()
    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over the processes, all in one message."""
        if self.place.world == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.place.world
        parts = flat.split([tensor.numel() for tensor in tensors])
        torch._foreach_copy_(
            list(tensors), [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]
        )
