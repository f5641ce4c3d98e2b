"""One step of S scenes that render at the same resolution: views, guidance, loss terms.

Axes: S scenes, V views a scene, R rays a view. Small draws (cameras, lights, looks, times) are made on the CPU, where
the host must know them anyway; large ones (jitter, noise) on the device. Both are the same numbers on every device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dreamcore import losses
from dreamcore.augmentations import textures
from dreamcore.batch import EMPTY, NEGATIVE, Batch
from dreamcore.cameras import Cameras, sample_cameras, sample_lights
from dreamcore.config import ProposalSamplingConfig, SceneConfig
from dreamcore.fields.background import random_color
from dreamcore.guidance.base import Directions, Guided, Query
from dreamcore.guidance.choose import make_guidance
from dreamcore.march import march
from dreamcore.model import Model
from dreamcore.placement import placed
from dreamcore.priors.base import Conditioning
from dreamcore.prompts import view_index, view_weights
from dreamcore.proposal import Histogram, anneal_exponent, proposal_loss
from dreamcore.render import Rays, Rendering, even_rays, keep_occupied, propose_rays, render
from dreamcore.rng import Purpose
from dreamcore.schedules import column, ramps
from dreamcore.sds import surrogate
from dreamcore.shading import sample_looks
from dreamcore.texts import VIEW_WORDS, prompt_texts

PerScene = Float[Tensor, " scenes"]
Parameters = Mapping[str, Tensor]


SceneBatch = Batch[SceneConfig]


def is_coarse(config: SceneConfig, step: int) -> bool:
    """Whether the scene renders at half the resolution at this step."""
    return step < config.render.coarse_fraction * config.steps


def resolution_of(batch: SceneBatch) -> int:
    """Of the rendered image, in pixels a side."""
    full = batch.configs[0].render.resolution
    return full // 2 if _coarse(batch) else full


def _coarse(batch: SceneBatch) -> bool:
    return is_coarse(batch.configs[0], int(batch.draws.steps[0]))


@dataclass(frozen=True)
class Terms:
    """Loss terms of one step and, for the record, the guidance's `residual` (mean square of eps_hat - eps), the root
    mean square of its `gradient`, and the views' mean `opacity`."""

    distillation: PerScene
    opacity_loss: PerScene
    entropy: PerScene
    orientation: PerScene
    proposal: PerScene
    transmittance: PerScene
    residual: PerScene
    gradient: PerScene
    opacity: PerScene


def total_loss(batch: SceneBatch, terms: Terms) -> PerScene:
    """The weighted sum, with each scene's weights at its progress."""
    configs, device = batch.configs, batch.prior.device
    weighted = (
        (column(configs, lambda config: config.loss.distillation), terms.distillation),
        (ramps([config.loss.opacity for config in configs], batch.progress), terms.opacity_loss),
        (ramps([config.loss.entropy for config in configs], batch.progress), terms.entropy),
        (ramps([config.loss.orientation for config in configs], batch.progress), terms.orientation),
        (column(configs, lambda config: config.loss.proposal), terms.proposal),
        (ramps([config.loss.transmittance for config in configs], batch.progress), terms.transmittance),
    )
    return torch.stack([placed(weight, device) * term for weight, term in weighted]).sum(0)


def forward(
    batch: SceneBatch, model: Model, parameters: Parameters, occupied: Bool[Tensor, "scenes x y z"] | None
) -> Terms:
    """Render the step's views, ask the guidance for their gradient, and collect the loss terms."""
    views = batch.configs[0].views
    cameras = sample_cameras(batch.draws, [config.camera for config in batch.configs], views)
    view, direction, proposal = _render(batch, model, parameters, occupied, cameras)
    image = view.over(_background(batch, model, parameters, direction))
    side = resolution_of(batch)
    square = image.unflatten(2, (side, side)).permute(0, 1, 4, 2, 3).flatten(0, 1)
    guided = _guide(batch, square, cameras)
    return _terms(batch, view, proposal, guided)


def _render(
    batch: SceneBatch,
    model: Model,
    parameters: Parameters,
    occupied: Bool[Tensor, "scenes x y z"] | None,
    cameras: Cameras,
) -> tuple[Rendering, Float[Tensor, "scenes views rays 3"], PerScene]:
    """The views, their rays' directions, and the proposal loss where samples were proposed."""
    settings, device, resolution = batch.configs[0], batch.prior.device, resolution_of(batch)
    sampling, bound = settings.sampling, settings.render.bound
    lights = sample_lights(batch.draws, [config.light for config in batch.configs], cameras.position)
    light = placed(lights, device)
    looks = sample_looks(batch.draws, [config.shading for config in batch.configs], batch.progress, settings.views)
    with_normals = bool(looks.oriented.any())
    looks, cameras = looks.to(device), cameras.to(device)
    shape = (settings.views, resolution * resolution)
    if isinstance(sampling, ProposalSamplingConfig):
        assert model.proposal is not None
        proposal = model.proposal
        rays = propose_rays(
            cameras,
            resolution,
            sampling.samples,
            bound,
            batch.device_draws.uniform(Purpose.JITTER, (*shape, len(sampling.samples))),
            placed(anneal_exponent(batch.progress, sampling.anneal_slope), device),
            lambda points: proposal.density(parameters, points),
        )
        kept = keep_occupied(rays, occupied, bound)
        view = render(model.field, parameters, rays, kept, looks, light, with_normals)
        return view, rays.direction, _proposal_term(view, rays)
    samples = sampling.coarse_samples if _coarse(batch) else sampling.samples
    jitter = batch.device_draws.uniform(Purpose.JITTER, shape)
    even = even_rays(cameras, resolution, samples, bound, jitter)
    view = march(model.field, parameters, even, occupied, bound, looks, light, with_normals)
    return view, even.direction, view.opacity.new_zeros(len(view.opacity))


def _background(
    batch: SceneBatch, model: Model, parameters: Parameters, direction: Float[Tensor, "scenes views rays 3"]
) -> Float[Tensor, "scenes views rays 3"]:
    if model.background is not None:
        return model.background.color(parameters, direction)
    if batch.configs[0].render.background == "textured":
        return textures(batch.device_draws, batch.configs[0].views, resolution_of(batch)).flatten(2, 3)
    plain = random_color(batch.draws, batch.configs[0].views)[:, :, None]
    return placed(plain, direction.device).expand_as(direction)


def _guide(batch: SceneBatch, image: Float[Tensor, "images 3 height width"], cameras: Cameras) -> Guided:
    """The guidance's gradient on every view, each under its view's prompt."""
    views, azimuth, elevation = batch.configs[0].views, cameras.azimuth(), cameras.elevation()
    by_view = torch.cat([batch.row(place) for place in range(len(VIEW_WORDS))]).view(len(VIEW_WORDS), -1).T
    guidance = make_guidance([config.guidance for config in batch.configs])
    return guidance(
        Query(
            prior=batch.prior,
            image=image,
            views=views,
            progress=batch.progress,
            draws=batch.draws,
            positive=_view_conditioning(batch, azimuth, elevation),
            empty=batch.rows(batch.row(EMPTY).repeat_interleave(views)),
            negative=batch.rows(batch.row(NEGATIVE).repeat_interleave(views)),
            directions=Directions(azimuth, elevation, batch.rows(by_view.flatten())),
            texts=_view_texts(batch, view_index(azimuth, elevation)),
        )
    )


def _view_texts(batch: SceneBatch, nearest: Int[Tensor, "scenes views"]) -> list[str]:
    """Each view's prompt in words, as `nearest` of `VIEW_WORDS` has it."""
    by_words = [prompt_texts(text, config) for text, config in zip(batch.texts, batch.configs, strict=True)]
    return [texts[place] for texts, places in zip(by_words, nearest.tolist(), strict=True) for place in places]


def _view_conditioning(
    batch: SceneBatch, azimuth: Float[Tensor, "scenes views"], elevation: Float[Tensor, "scenes views"]
) -> Conditioning:
    """The embedding of each view's prompt: of the nearest view, or blended of its neighbours (§3.2, A.2)."""
    nearest = view_index(azimuth, elevation)
    first = batch.row(0)[:, None]
    blended = torch.tensor([[config.prompt.blend == "weighted"] for config in batch.configs])
    if not bool(blended.any()):
        return batch.rows((first + nearest).flatten())
    one_hot = torch.nn.functional.one_hot(nearest, len(VIEW_WORDS)).to(azimuth.dtype)
    weights = torch.where(blended[..., None], view_weights(azimuth, elevation), one_hot)
    rows = first[..., None] + torch.arange(len(VIEW_WORDS)).expand(*nearest.shape, -1)
    device = batch.prior.device
    return batch.conditioning.blend(placed(rows.flatten(0, 1), device), placed(weights.flatten(0, 1), device))


def _terms(batch: SceneBatch, view: Rendering, proposal: PerScene, guided: Guided) -> Terms:
    views = batch.configs[0].views
    target = ramps([config.loss.transmittance_target for config in batch.configs], batch.progress)
    distillation = surrogate(guided.target, guided.gradient)
    accumulated = view.opacity.flatten(1)
    return Terms(
        distillation=distillation.unflatten(0, (-1, views)).mean(1),
        opacity_loss=losses.opacity(accumulated),
        entropy=losses.entropy(accumulated),
        orientation=losses.orientation(view.turned.flatten(1)),
        proposal=proposal,
        transmittance=losses.transmittance(view.opacity, placed(target, view.opacity.device)),
        residual=guided.residual.unflatten(0, (-1, views)).mean(1),
        gradient=guided.gradient.square().mean(dim=(1, 2, 3)).unflatten(0, (-1, views)).mean(1).sqrt(),
        opacity=accumulated.mean(-1),
    )


def _proposal_term(view: Rendering, rays: Rays) -> PerScene:
    """Mean over rays of the sum over rounds of the proposal loss."""
    assert rays.edges is not None and view.weights is not None
    final = Histogram(rays.edges, view.weights)
    terms = [proposal_loss(final, proposed).flatten(1).mean(1) for proposed in rays.proposals]
    return torch.stack(terms).sum(0)
