"""Scenes that advance together and share every call of the prior.

Axes: S scenes, V views a scene, R rays a view. Scenes join and leave between steps. What must agree inside a pack is
its key: field, rendering and number of views; all else (prompt, seed, guidance, rates, cameras, schedules, even the
step) is a scene's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from dreamcore import losses
from dreamcore.cameras import sample_cameras, sample_lights
from dreamcore.config import TrialConfig, to_dict
from dreamcore.fields.background import LearnedBackground, random_color
from dreamcore.health import HEALTHY, Verdict, judge, smooth_opacity
from dreamcore.optimizer import AdamRates, adam_step
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.prompts import VIEW_WORDS, view_index, view_prompts
from dreamcore.render import Rendering, keep_occupied, make_rays, occupancy, render
from dreamcore.rng import Draws, Purpose
from dreamcore.scene import Progress, Scene, make_field
from dreamcore.schedules import column, learning_rate_factor, ramps
from dreamcore.sds import Prompts, distill, surrogate
from dreamcore.shading import sample_looks


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One scene after one step. `finished` when its last step is done or the verdict ends it."""

    key: str
    step: int
    metrics: Mapping[str, float]
    verdict: Verdict
    finished: bool


def pack_key(config: TrialConfig) -> str:
    """Configs with equal keys can share a pack."""
    data = to_dict(config)
    return json.dumps({name: data[name] for name in ("views", "field", "render")}, sort_keys=True)


@dataclass(frozen=True)
class _Member:
    key: str
    scene: Scene  # its tensors are those at joining; the present ones are in the stack
    progress: Progress


@dataclass(frozen=True)
class _Terms:
    """Loss terms of one step, one number a scene."""

    distillation: Float[Tensor, " scenes"]
    residual: Float[Tensor, " scenes"]
    gradient: Float[Tensor, " scenes"]
    opacity: Float[Tensor, " scenes"]
    opacity_loss: Float[Tensor, " scenes"]
    entropy: Float[Tensor, " scenes"]
    orientation: Float[Tensor, " scenes"]


class Pack:
    """Owned by one thread. A scene is known by the key it joined with."""

    def __init__(self, prior: Prior) -> None:
        self._prior = prior
        self._unconditional = prior.unconditional()
        self._members: list[_Member] = []
        self._stack: dict[str, Tensor] = {}
        self._conditioning: dict[str, Conditioning] = {}

    @property
    def keys(self) -> list[str]:
        """The scenes on board in order of joining."""
        return [member.key for member in self._members]

    def join(self, key: str, scene: Scene) -> None:
        """Take a scene on board. Raises ValueError for a key already there or a config of another pack key."""
        if key in self.keys:
            raise ValueError(f"scene {key} is already in the pack")
        if self._members and pack_key(self._members[0].scene.config) != pack_key(scene.config):
            raise ValueError(f"scene {key} differs in field, render or views from the scenes in the pack")
        views = view_prompts(scene.prompt, scene.config.prompt.view_dependent)
        self._conditioning[key] = self._prior.encode_prompts(views)
        rows = {name: value.to(self._prior.device)[None] for name, value in scene.tensors.items()}
        # a new dict: what an emptied pack of another kind left must not stay, nor half of what fails for want of memory
        self._stack = {
            name: torch.cat([self._stack[name], row]) if self._members else row.clone() for name, row in rows.items()
        }
        self._members.append(_Member(key, scene, scene.progress))

    def snapshot(self, key: str) -> Scene:
        """A copy of the scene as it stands, on the CPU."""
        index = self._index(key)
        member = self._members[index]
        tensors = {name: value[index].to("cpu", copy=True) for name, value in self._stack.items()}
        return replace(member.scene, progress=member.progress, tensors=tensors)

    def leave(self, key: str) -> Scene:
        """Take the scene off board and return it."""
        scene = self.snapshot(key)
        index = self._index(key)
        self._stack = {name: torch.cat([value[:index], value[index + 1 :]]) for name, value in self._stack.items()}
        del self._members[index], self._conditioning[key]
        return scene

    def _index(self, key: str) -> int:
        if key not in self.keys:
            raise ValueError(f"no scene {key} in the pack; there are {', '.join(self.keys) or 'none'}")
        return self.keys.index(key)

    def step(self) -> list[StepResult]:
        """Advance every scene by one step; results in order of joining. Finished scenes stay until they leave."""
        groups: dict[bool, list[int]] = {}
        for index, member in enumerate(self._members):
            groups.setdefault(_is_coarse(member), []).append(index)
        results: dict[int, StepResult] = {}
        for coarse, indices in groups.items():
            members = [self._members[index] for index in indices]
            if len(indices) == len(self._members):
                stepped = self._advance(members, self._stack, coarse)
            else:
                at = torch.tensor(indices, device=self._prior.device)
                part = {name: value[at] for name, value in self._stack.items()}
                stepped = self._advance(members, part, coarse)
                for name, value in part.items():
                    self._stack[name][at] = value
            for index, (progress, result) in zip(indices, stepped, strict=True):
                self._members[index] = replace(self._members[index], progress=progress)
                results[index] = result
        return [results[index] for index in sorted(results)]

    def _advance(
        self, members: Sequence[_Member], stack: dict[str, Tensor], coarse: bool
    ) -> list[tuple[Progress, StepResult]]:
        """One step of scenes that render at the same resolution; updates `stack` in place."""
        configs = [member.scene.config for member in members]
        steps_done = torch.tensor([member.progress.step for member in members])
        seeds = torch.tensor([member.scene.seed for member in members])
        progress = steps_done / column(configs, lambda config: config.steps)
        draws = Draws(seeds, steps_done)
        _refresh_occupancy(configs, members, stack)
        leaves = {
            name.removeprefix("parameter."): value.detach().requires_grad_()
            for name, value in stack.items()
            if name.startswith("parameter.")
        }
        terms = self._forward(members, leaves, stack.get("occupied"), draws, progress, coarse)
        device = self._prior.device
        weights = [
            column(configs, lambda config: config.loss.distillation),
            ramps([config.loss.opacity for config in configs], progress),
            ramps([config.loss.entropy for config in configs], progress),
            ramps([config.loss.orientation for config in configs], progress),
        ]
        parts = [terms.distillation, terms.opacity_loss, terms.entropy, terms.orientation]
        loss = sum(
            (weight.to(device) * part for weight, part in zip(weights, parts, strict=True)),
            start=torch.zeros(()).to(device),
        )
        gradients = dict(zip(leaves, torch.autograd.grad(loss.sum(), list(leaves.values())), strict=True))
        finite = torch.stack([value.flatten(1).sum(1) for value in gradients.values()]).isfinite().all(0)
        self._update(members, stack, gradients, finite, progress)
        return _report(members, terms, finite)

    def _forward(
        self,
        members: Sequence[_Member],
        parameters: Mapping[str, Tensor],
        occupied: Bool[Tensor, "scenes x y z"] | None,
        draws: Draws,
        progress: Float[Tensor, " scenes"],
        coarse: bool,
    ) -> _Terms:
        """Render the step's views and ask the prior for their gradient."""
        configs = [member.scene.config for member in members]
        views, settings, device = configs[0].views, configs[0].render, self._prior.device
        on_device = Draws(draws.seeds.to(device), draws.steps.to(device))
        cameras = sample_cameras(draws, [config.camera for config in configs], views)
        light = sample_lights(draws, [config.light for config in configs], cameras.position).to(device)
        looks = sample_looks(draws, [config.shading for config in configs], progress, views)
        with_normals = bool(looks.lit.any())

        resolution = settings.resolution // 2 if coarse else settings.resolution
        samples = settings.coarse_samples if coarse else settings.samples
        jitter = on_device.uniform(Purpose.JITTER, (views, resolution * resolution))
        rays = make_rays(cameras.to(device), resolution, samples, settings.bound, jitter)
        kept = keep_occupied(rays, occupied, settings.bound)
        view = render(make_field(configs[0]), parameters, rays, kept, looks.to(device), light, with_normals)
        image = view.over(_background(configs[0], parameters, rays.direction, draws, device))
        square = image.unflatten(2, (resolution, resolution)).permute(0, 1, 4, 2, 3).flatten(0, 1)

        words = view_index(cameras.azimuth(), cameras.elevation())
        rows = torch.arange(len(members))[:, None] * len(VIEW_WORDS) + words
        conditioning = Conditioning.cat([self._conditioning[member.key] for member in members])
        target = self._prior.encode_image(square)
        low, high = (
            column(configs, read)[:, None] for read in (lambda c: c.guidance.t_min, lambda c: c.guidance.t_max)
        )
        t = low + (high - low) * draws.uniform(Purpose.TIMESTEP, (views,))
        per_view = torch.stack(
            [
                column(configs, lambda config: config.guidance.scale),
                column(configs, lambda config: config.guidance.weighting == "sigma_squared"),
            ]
        ).repeat_interleave(views, dim=1)
        result = distill(
            self._prior,
            target.detach(),
            Prompts.pair(conditioning[rows.flatten().to(device)], self._unconditional),
            t.flatten().to(device),
            on_device.normal(Purpose.NOISE, (views, *target.shape[1:])).flatten(0, 1),
            *per_view.to(device),
        )
        return _terms(view, surrogate(target, result.gradient), result.residual, result.gradient, views)

    def _update(
        self,
        members: Sequence[_Member],
        stack: Mapping[str, Tensor],
        gradients: Mapping[str, Tensor],
        finite: Bool[Tensor, " scenes"],
        progress: Float[Tensor, " scenes"],
    ) -> None:
        configs = [member.scene.config.optimizer for member in members]
        updates = torch.tensor([float(member.progress.updates) for member in members])
        factor = learning_rate_factor(configs, updates, progress)
        beta1, beta2, epsilon = torch.tensor([(c.beta1, c.beta2, c.epsilon) for c in configs]).to(finite.device).T
        field = make_field(members[0].scene.config)
        for name, gradient in gradients.items():
            grid = field.rate_group(name) == "grid"
            rate = torch.tensor([c.grid_rate if grid else c.network_rate for c in configs]) * factor
            rates = AdamRates(
                rate=rate.to(finite.device),
                beta1=beta1,
                beta2=beta2,
                epsilon=epsilon,
                active=finite.float(),
                updates=updates.to(finite.device),
            )
            adam_step(stack[f"parameter.{name}"], gradient, stack[f"mean.{name}"], stack[f"square.{name}"], rates)


def _is_coarse(member: _Member) -> bool:
    config = member.scene.config
    return member.progress.step < config.render.coarse_fraction * config.steps


def _background(
    config: TrialConfig,
    parameters: Mapping[str, Tensor],
    direction: Float[Tensor, "scenes views rays 3"],
    draws: Draws,
    device: torch.device,
) -> Float[Tensor, "scenes views rays 3"]:
    if config.render.background == "learned":
        return LearnedBackground().color(parameters, direction)
    return random_color(draws, direction.shape[1])[:, :, None].to(device).expand_as(direction)


def _refresh_occupancy(configs: Sequence[TrialConfig], members: Sequence[_Member], stack: dict[str, Tensor]) -> None:
    """Measure anew which cells are occupied, for the scenes whose turn it is."""
    every = configs[0].render.prune_every
    due = [index for index, member in enumerate(members) if every and member.progress.step % every == 0]
    if not due:
        return
    settings = configs[0].render
    parameters = {
        name.removeprefix("parameter."): value[due] for name, value in stack.items() if name.startswith("parameter.")
    }
    stack["occupied"][due] = occupancy(
        make_field(configs[0]), parameters, settings.prune_resolution, settings.bound, settings.prune_density
    )


def _terms(
    view: Rendering,
    distillation: Float[Tensor, " images"],
    residual: Float[Tensor, " images"],
    gradient: Float[Tensor, "images channels height width"],
    views: int,
) -> _Terms:
    accumulated = view.opacity.flatten(1)
    facing = torch.zeros_like(view.weights) if view.facing is None else view.facing
    return _Terms(
        distillation=distillation.unflatten(0, (-1, views)).mean(1),
        residual=residual.unflatten(0, (-1, views)).mean(1),
        gradient=gradient.square().mean(dim=(1, 2, 3)).unflatten(0, (-1, views)).mean(1).sqrt(),
        opacity=accumulated.mean(-1),
        opacity_loss=losses.opacity(accumulated),
        entropy=losses.entropy(accumulated),
        orientation=losses.orientation(view.weights.flatten(1, 2), facing.flatten(1, 2)),
    )


def _report(
    members: Sequence[_Member], terms: _Terms, finite: Bool[Tensor, " scenes"]
) -> list[tuple[Progress, StepResult]]:
    names = ("residual", "gradient", "opacity", "entropy", "orientation")
    values = torch.stack([getattr(terms, name).detach() for name in names] + [finite.float()], dim=1).tolist()
    reports = []
    for member, row in zip(members, values, strict=True):
        before, config = member.progress, member.scene.config
        metrics, was_finite = dict(zip(names, row[:-1], strict=True)), row[-1] > 0
        progress = Progress(
            step=before.step + 1,
            updates=before.updates + was_finite,
            nonfinite=before.nonfinite + (not was_finite),
            opacity=smooth_opacity(before.opacity, metrics["opacity"]),
        )
        metrics["nonfinite"] = float(progress.nonfinite)
        verdict = judge(config.health, progress.step / config.steps, progress.nonfinite, progress.opacity)
        finished = progress.step >= config.steps or verdict is not HEALTHY
        result = StepResult(key=member.key, step=progress.step, metrics=metrics, verdict=verdict, finished=finished)
        reports.append((progress, result))
    return reports
