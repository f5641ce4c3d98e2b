"""Ancestral sampling: what the prior itself draws of a prompt, to set what is distilled from it beside (Fig. 2).

S scenes with N images each, of C x H x W values. One step of a trial removes the noise of one step.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from dreamcore.batch import NEGATIVE, Batch
from dreamcore.config import AncestralConfig, ImageConfig, SdsConfig
from dreamcore.denoising import (
    FIRST_TIME,
    Level,
    ddim_update,
    ddpm_posterior,
    dynamic_limit,
    expected_image,
    times,
    within,
)
from dreamcore.placement import placed
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.rng import Draws, Purpose
from dreamcore.sds import Prompts, expand, guided_noise
from dreamcore.tasks.base import Advance, State

Images = Float[Tensor, "batch channels height width"]
PerImage = Float[Tensor, " batch"]


class AncestralTask:
    """Meets `dreamcore.tasks.base.Task`. The state is `z`, the images with their noise, and `t`, how much of it; a step
    whose outcome is not finite leaves both, and the next one goes further down. What must agree inside a pack is the
    number of images and their size."""

    def pack_key(self, config: ImageConfig) -> str:
        shared = {"kind": config.kind, "images": config.images, "size": config.size, "sampler": config.sampler.kind}
        return json.dumps(shared, sort_keys=True)

    def check(self, config: ImageConfig, prior: Prior) -> None:
        """Raise ValueError unless the prior noises pixels of the trial's size."""
        size = prior.image_size
        with torch.no_grad():
            shape = tuple(prior.encode_image(torch.zeros(1, 3, size, size, device=prior.device)).shape[1:])
        if shape != (3, size, size):
            raise ValueError(
                f"sampler.kind = 'ancestral': this prior noises latents of {' x '.join(map(str, shape))}, and only "
                "pixels are sampled. Use the embedded prior or DeepFloyd, or sampler.kind pixels or symmetric"
            )
        if size != config.size:
            raise ValueError(
                f"size = {config.size}: must be {size} with sampler.kind ancestral, the size that this prior noises"
            )

    def initial(self, seed: int, config: ImageConfig) -> State:
        draws = Draws(torch.tensor([seed]), torch.tensor([0]))
        noise = draws.normal(Purpose.INITIAL, (config.images, 3, config.size, config.size))
        return {"z": noise[0], "t": torch.tensor(FIRST_TIME)}

    def group(self, config: ImageConfig, step: int) -> Hashable:
        return None

    @torch.no_grad()
    def advance(self, batch: Batch[ImageConfig], state: State) -> Advance:
        count, device = batch.configs[0].images, batch.prior.device
        total = torch.tensor([float(config.steps) for config in batch.configs])
        target = placed(times(batch.draws.steps + 1.0, total), device)
        z, t = state["z"].flatten(0, 1), state["t"].repeat_interleave(count)
        now, then = _level(batch.prior, t), _level(batch.prior, target.repeat_interleave(count))
        expected = _clipped(batch, expected_image(z, _noise(batch, z, t), now))
        drawn = batch.device_draws.normal(Purpose.NOISE, tuple(state["z"].shape[1:])).flatten(0, 1)
        mean, deviation = ddpm_posterior(z, expected, now, then)
        ddpm = _marks(batch, [sampler.rule == "ddpm" for sampler in _samplers(batch)])
        moved = torch.where(ddpm, mean + expand(deviation) * drawn, ddim_update(z, expected, now, then))
        moved = moved.unflatten(0, (-1, count))
        taken = moved.isfinite().flatten(1).all(dim=1)
        state["z"].copy_(torch.where(taken[:, None, None, None, None], moved, state["z"]))
        state["t"].copy_(torch.where(taken, target, state["t"]))
        return Advance({"t": state["t"].clone()}, taken)


def images(state: Mapping[str, Tensor]) -> Float[Tensor, "images 3 size size"]:
    """The images of one trial's state as they stand, about [0, 1]; noise is left in them before the last step."""
    return (state["z"] + 1.0) / 2.0


def _samplers(batch: Batch[ImageConfig]) -> Sequence[AncestralConfig]:
    return [config.sampler for config in batch.configs if isinstance(config.sampler, AncestralConfig)]


def _level(prior: Prior, t: PerImage) -> Level:
    """The prior's noise schedule, which need not reach 0 at t = 0: there the image is."""
    alpha, sigma = prior.alpha_sigma(t)
    clean = t <= 0.0
    return torch.where(clean, 1.0, alpha), torch.where(clean, 0.0, sigma)


def _noise(batch: Batch[ImageConfig], z: Images, t: PerImage) -> Images:
    """The noise that the prior finds in z, with classifier-free guidance (§2)."""
    count = batch.configs[0].images
    rows = (batch.rows(batch.row(place).repeat_interleave(count)) for place in (0, NEGATIVE))
    guidances = [config.guidance for config in batch.configs if isinstance(config.guidance, SdsConfig)]
    omega = _per_image(batch, [guidance.scale for guidance in guidances])
    return guided_noise(batch.prior, z, t, Prompts(Conditioning.cat(list(rows))), omega)


def _clipped(batch: Batch[ImageConfig], x: Images) -> Images:
    """The expected images, each thresholded as its trial says."""
    samplers = _samplers(batch)
    dynamic = _marks(batch, [sampler.threshold == "dynamic" for sampler in samplers])
    free = _marks(batch, [sampler.threshold == "none" for sampler in samplers])
    limit = dynamic_limit(x, _per_image(batch, [sampler.percentile for sampler in samplers]))
    return torch.where(free, x, within(x, torch.where(dynamic[:, 0, 0, 0], limit, 1.0)))


def _per_image(batch: Batch[ImageConfig], values: Sequence[float]) -> PerImage:
    return placed(torch.tensor(values).repeat_interleave(batch.configs[0].images), batch.prior.device)


def _marks(batch: Batch[ImageConfig], values: Sequence[bool]) -> Bool[Tensor, "batch 1 1 1"]:
    return placed(torch.tensor(values).repeat_interleave(batch.configs[0].images), batch.prior.device)[
        :, None, None, None
    ]
