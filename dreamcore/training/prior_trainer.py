"""One step of training the prior, and its loss on pictures that it does not learn from.

Letters: b images of a batch, c captions. Everything stays on the device; no step waits for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Float16
from torch import Tensor

from dreamcore.priors.diffusion_schedule import DiffusionSchedule, read_schedule
from dreamcore.training.batches import Batch, BatchSettings, Pictures, draw, generator_at
from dreamcore.training.network import build_unet, check_keys, predictor
from dreamcore.training.noise_levels import (
    Images,
    Levels,
    LossSettings,
    Times,
    noised,
    stratified_times,
    target,
    weights,
)
from dreamcore.training.optimisation import Optimiser
from dreamcore.training.settings import PriorSettings
from dreamcore.training.workers import Workers

Table = Float16[Tensor, "c tokens features"]


@dataclass(frozen=True)
class Examples:
    """What a step learns from: images, their captions' features, and the noise and time that each is given."""

    images: Images
    features: Float16[Tensor, "b tokens features"]
    noise: Images
    t: Times

    def __len__(self) -> int:
        return len(self.t)

    def parts(self, size: int) -> Iterator[Examples]:
        """At most `size` at a time, in order."""
        for start in range(0, len(self), size):
            yield Examples(**{name: value[start : start + size] for name, value in vars(self).items()})

    @staticmethod
    def cat(parts: Sequence[Examples]) -> Examples:
        return Examples(**{name: torch.cat([vars(part)[name] for part in parts]) for name in vars(parts[0])})


def draw_examples(generator: torch.Generator, pictures: Pictures, table: Table, settings: BatchSettings) -> Examples:
    """Random ones. The last row of the table has the features of the empty caption."""
    return _with_noise(generator, draw(generator, pictures, settings, len(table) - 1), table)


def _with_noise(generator: torch.Generator, batch: Batch, table: Table) -> Examples:
    noise = torch.empty_like(batch.images).normal_(generator=generator)
    return Examples(batch.images, table[batch.caption], noise, stratified_times(generator, len(batch)))


class PriorTrainer:
    """Owns the network, its compiled loss and the optimiser, on the device of `workers`. Weights are the same in all
    processes."""

    def __init__(self, settings: PriorSettings, workers: Workers) -> None:
        """Raises ValueError as `check_network` does."""
        device = workers.device
        self.settings = settings
        self._workers = workers
        self.schedule = training_schedule(settings.scheduler, settings.loss).to(device)
        self.unet = build_unet(settings.unet, settings.seed).to(device)
        parameters = dict(self.unet.named_parameters())
        workers.share([parameter.data for parameter in parameters.values()])
        self.optimiser = Optimiser(parameters, settings.optimiser)
        wanted = settings.compile != "off" and device.type == "cuda"
        mode = None if settings.compile == "default" else settings.compile
        self._losses: Any = (
            torch.compile(self._plain_losses, dynamic=False, mode=mode) if wanted else self._plain_losses
        )
        self.averaged = predictor(self.unet, self.optimiser.average)

    def _plain_losses(
        self, noised_images: Tensor, timestep: Tensor, features: Tensor, wanted: Tensor
    ) -> Float[Tensor, " b"]:
        output = predictor(self.unet)(noised_images, timestep, features)
        return (output - wanted).square().mean(dim=(1, 2, 3))

    def step(self, examples: Examples, step: int, share: float) -> tuple[Times, Float[Tensor, ""]]:
        """Take step number `step` (from 0) when `share` of the budget is spent. Returns the squared error of each
        image, not weighted, and the norm of the gradient."""
        losses = self._backward(examples)
        return losses, self.optimiser.step(step, share, self._workers)

    def _backward(self, examples: Examples) -> Times:
        levels = Levels.at(examples.t, self.schedule)
        torch.compiler.cudagraph_mark_step_begin()
        losses: Tensor = self._losses(*self._inputs(examples, levels))
        (losses * weights(levels, self.settings.loss)).mean().backward()
        return losses.detach().clone()  # a captured graph overwrites its outputs

    def _inputs(self, examples: Examples, levels: Levels) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        wanted = target(examples.images, examples.noise, levels, self.settings.loss.prediction)
        return noised(examples.images, examples.noise, levels), levels.timestep, examples.features, wanted

    def warm_up(self, token_shape: tuple[int, int], runs: int = 3) -> None:
        """Compile, which takes minutes, on meaningless images of the size of real ones. Changes nothing."""
        side, count, device = self.side, self.settings.batch.size, self._workers.device
        generator = generator_at(device, "warm-up")
        pictures = Pictures(
            torch.zeros(1, side, side, 4, dtype=torch.uint8, device=device),
            torch.zeros(1, dtype=torch.int32, device=device),
        )
        table = torch.zeros(1, *token_shape, dtype=torch.float16, device=device)
        for _ in range(runs):
            examples = draw_examples(generator, pictures, table, self.settings.batch)
            assert len(examples) == count
            self._backward(examples)
            self.unet.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()

    @property
    def side(self) -> int:
        """Of the images, in pixels."""
        config: Any = self.unet.config
        return int(config.sample_size)

    @property
    def text_features(self) -> int:
        """How many features of a token the network takes."""
        config: Any = self.unet.config
        return int(config.encoder_hid_dim or config.cross_attention_dim)

    @torch.no_grad()
    def errors(self, examples: Examples) -> Times:
        """The squared error of each image with the averaged weights, not weighted."""
        found = []
        for part in examples.parts(self.settings.batch.size):
            noisy, timestep, features, wanted = self._inputs(part, Levels.at(part.t, self.schedule))
            output = self.averaged(noisy, timestep, features)
            found.append((output - wanted).square().mean(dim=(1, 2, 3)))
        return torch.cat(found)


def check_network(settings: PriorSettings) -> None:
    """Raise ValueError for a network or a schedule that cannot be built. Computes nothing."""
    training_schedule(settings.scheduler, settings.loss)
    with torch.device("meta"):
        build_unet(settings.unet, settings.seed)


def training_schedule(scheduler: Mapping[str, Any], loss: LossSettings) -> DiffusionSchedule:
    """The schedule of a DDPMScheduler of this config, with what the network learns to predict."""
    diffusers = importlib.import_module("diffusers")
    given = scheduler_config(scheduler, loss)
    check_keys("scheduler", given.keys(), diffusers.DDPMScheduler)
    try:
        built = diffusers.DDPMScheduler(**given)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(f"scheduler: diffusers cannot build it: {error}") from error
    return read_schedule(dict(built.config), "scheduler")


def scheduler_config(scheduler: Mapping[str, Any], loss: LossSettings) -> dict[str, Any]:
    """The config that is saved beside the network. Raises ValueError if it says something else than the loss."""
    said = scheduler.get("prediction_type", loss.prediction)
    if said != loss.prediction:
        raise ValueError(f"scheduler.prediction_type = {said!r}: must be loss.prediction, {loss.prediction!r}")
    return {**scheduler, "prediction_type": loss.prediction}
