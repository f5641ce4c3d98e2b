"""One step of S scenes that render at the same resolution: views, guidance, loss terms.

Axes: S scenes, V views a scene, R rays a view. Small draws (cameras, lights, looks, times) are made on the CPU, where
the host must know them anyway; large ones (jitter, noise) on the device. Both are the same numbers on every device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from dreamcore import losses
from dreamcore.cameras import Cameras, sample_cameras, sample_lights
from dreamcore.config import ProposalSamplingConfig, TrialConfig
from dreamcore.fields.background import random_color
from dreamcore.model import Model, make_model
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.prompts import VIEW_WORDS, view_index, view_weights
from dreamcore.proposal import Histogram, anneal_exponent, proposal_loss
from dreamcore.render import Rays, Rendering, keep_occupied, make_rays, propose_rays, render
from dreamcore.rng import Draws, Purpose
from dreamcore.schedules import column, ramps
from dreamcore.sds import Distillation, Prompts, distill, surrogate
from dreamcore.shading import sample_looks

PerScene = Float[Tensor, " scenes"]
Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class Batch:
    """Scenes at their present steps. `coarse` ones render at half the resolution; `conditioning` has a row for each
    of `VIEW_WORDS` of the first scene, then of the second, and so on."""

    configs: Sequence[TrialConfig]
    draws: Draws
    progress: PerScene
    coarse: bool
    prior: Prior
    conditioning: Conditioning
    unconditional: Conditioning

    @property
    def views(self) -> int:
        return self.configs[0].views

    @property
    def resolution(self) -> int:
        """Of the rendered image, in pixels a side."""
        full = self.configs[0].render.resolution
        return full // 2 if self.coarse else full

    @property
    def device_draws(self) -> Draws:
        """The same draws, made on the prior's device."""
        device = self.prior.device
        return Draws(self.draws.seeds.to(device), self.draws.steps.to(device))

    def model(self) -> Model:
        return make_model(self.configs, self.progress)


@dataclass(frozen=True)
class Terms:
    """Loss terms of one step and, for the record, the guidance's `residual` (mean square of eps_hat - eps), the root
    mean square of its `gradient`, and the views' mean `opacity`."""

    distillation: PerScene
    opacity_loss: PerScene
    entropy: PerScene
    orientation: PerScene
    proposal: PerScene
    residual: PerScene
    gradient: PerScene
    opacity: PerScene


def total_loss(batch: Batch, terms: Terms) -> PerScene:
    """The weighted sum, with each scene's weights at its progress."""
    configs, device = batch.configs, batch.prior.device
    weighted = (
        (column(configs, lambda config: config.loss.distillation), terms.distillation),
        (ramps([config.loss.opacity for config in configs], batch.progress), terms.opacity_loss),
        (ramps([config.loss.entropy for config in configs], batch.progress), terms.entropy),
        (ramps([config.loss.orientation for config in configs], batch.progress), terms.orientation),
        (column(configs, lambda config: config.loss.proposal), terms.proposal),
    )
    return torch.stack([weight.to(device) * term for weight, term in weighted]).sum(0)


def forward(batch: Batch, parameters: Parameters, occupied: Bool[Tensor, "scenes x y z"] | None) -> Terms:
    """Render the step's views, ask the prior for their gradient, and collect the loss terms."""
    cameras = sample_cameras(batch.draws, [config.camera for config in batch.configs], batch.views)
    view, rays = _render(batch, parameters, occupied, cameras)
    image = view.over(_background(batch, parameters, rays))
    square = image.unflatten(2, (batch.resolution, batch.resolution)).permute(0, 1, 4, 2, 3).flatten(0, 1)
    target = batch.prior.encode_image(square)
    guided = _guide(batch, target, cameras)
    return _terms(batch.views, view, rays, surrogate(target, guided.gradient), guided)


def _render(
    batch: Batch, parameters: Parameters, occupied: Bool[Tensor, "scenes x y z"] | None, cameras: Cameras
) -> tuple[Rendering, Rays]:
    settings, device, model = batch.configs[0], batch.prior.device, batch.model()
    light = sample_lights(batch.draws, [config.light for config in batch.configs], cameras.position).to(device)
    shading = [config.shading for config in batch.configs]
    looks = sample_looks(batch.draws, shading, batch.progress, batch.views)
    with_normals = bool(looks.oriented.any())
    rays = _place_samples(batch, model, parameters, cameras.to(device))
    kept = keep_occupied(rays, occupied, settings.render.bound)
    return render(model.field, parameters, rays, kept, looks.to(device), light, with_normals), rays


def _place_samples(batch: Batch, model: Model, parameters: Parameters, cameras: Cameras) -> Rays:
    sampling, bound, resolution = batch.configs[0].sampling, batch.configs[0].render.bound, batch.resolution
    shape = (batch.views, resolution * resolution)
    if isinstance(sampling, ProposalSamplingConfig):
        assert model.proposal is not None
        proposal = model.proposal
        jitter = batch.device_draws.uniform(Purpose.JITTER, (*shape, len(sampling.samples)))
        exponent = anneal_exponent(batch.progress, sampling.anneal_slope).to(batch.prior.device)
        return propose_rays(
            cameras,
            resolution,
            sampling.samples,
            bound,
            jitter,
            exponent,
            lambda points: proposal.density(parameters, points),
        )
    samples = sampling.coarse_samples if batch.coarse else sampling.samples
    return make_rays(cameras, resolution, samples, bound, batch.device_draws.uniform(Purpose.JITTER, shape))


def _background(batch: Batch, parameters: Parameters, rays: Rays) -> Float[Tensor, "scenes views rays 3"]:
    background = batch.model().background
    if background is not None:
        return background.color(parameters, rays.direction)
    plain = random_color(batch.draws, batch.views)[:, :, None]
    return plain.to(rays.direction.device).expand_as(rays.direction)


def _guide(batch: Batch, target: Float[Tensor, "images channels height width"], cameras: Cameras) -> Distillation:
    """The prior's gradient on every view, each under its view's prompt."""
    configs, device = batch.configs, batch.prior.device
    low = column(configs, lambda config: config.guidance.t_min)[:, None]
    high = column(configs, lambda config: config.guidance.t_max)[:, None]
    t = low + (high - low) * batch.draws.uniform(Purpose.TIMESTEP, (batch.views,))
    omega = column(configs, lambda config: config.guidance.scale).repeat_interleave(batch.views)
    squared = column(configs, lambda config: config.guidance.weighting == "sigma_squared")
    noise = batch.device_draws.normal(Purpose.NOISE, (batch.views, *target.shape[1:]))
    return distill(
        batch.prior,
        target.detach(),
        Prompts.pair(_view_conditioning(batch, cameras), batch.unconditional),
        t.flatten().to(device),
        noise.flatten(0, 1),
        omega.to(device),
        squared.repeat_interleave(batch.views).to(device),
    )


def _view_conditioning(batch: Batch, cameras: Cameras) -> Conditioning:
    """The embedding of each view's prompt: of the nearest view, or blended of its neighbours (§3.2, A.2)."""
    azimuth, elevation, device = cameras.azimuth(), cameras.elevation(), batch.prior.device
    nearest = view_index(azimuth, elevation)
    first = torch.arange(len(batch.configs))[:, None] * len(VIEW_WORDS)
    blended = torch.tensor([[config.prompt.blend == "weighted"] for config in batch.configs])
    if not bool(blended.any()):
        return batch.conditioning[(first + nearest).flatten().to(device)]
    one_hot = torch.nn.functional.one_hot(nearest, len(VIEW_WORDS)).to(azimuth.dtype)
    weights = torch.where(blended[..., None], view_weights(azimuth, elevation), one_hot)
    rows = first[..., None] + torch.arange(len(VIEW_WORDS)).expand(*nearest.shape, -1)
    return batch.conditioning.blend(rows.flatten(0, 1).to(device), weights.flatten(0, 1).to(device))


def _terms(
    views: int,
    view: Rendering,
    rays: Rays,
    distillation: Float[Tensor, " images"],
    guided: Distillation,
) -> Terms:
    accumulated = view.opacity.flatten(1)
    facing = torch.zeros_like(view.weights) if view.facing is None else view.facing
    return Terms(
        distillation=distillation.unflatten(0, (-1, views)).mean(1),
        opacity_loss=losses.opacity(accumulated),
        entropy=losses.entropy(accumulated),
        orientation=losses.orientation(view.weights.flatten(1, 2), facing.flatten(1, 2)),
        proposal=_proposal_terms(view, rays),
        residual=guided.residual.unflatten(0, (-1, views)).mean(1),
        gradient=guided.gradient.square().mean(dim=(1, 2, 3)).unflatten(0, (-1, views)).mean(1).sqrt(),
        opacity=accumulated.mean(-1),
    )


def _proposal_terms(view: Rendering, rays: Rays) -> PerScene:
    """Mean over rays of the sum over rounds of the proposal loss; nothing where samples were spread evenly."""
    if rays.edges is None:
        return torch.zeros_like(view.opacity[:, 0, 0])
    final = Histogram(rays.edges, view.weights)
    terms = [proposal_loss(final, proposed).flatten(1).mean(1) for proposed in rays.proposals]
    return torch.stack(terms).sum(0)
