"""Scenes that advance together and share every call of the prior.

S scenes. They join and leave between steps. What must agree inside a pack is
its key: field, sampling, rendering, number of views and kind of optimiser; all else (prompt, seed, guidance, rates,
cameras, schedules, even the step) is a scene's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor

from dreamcore.config import ShampooConfig, TrialConfig
from dreamcore.health import HEALTHY, Verdict, judge, smooth_opacity
from dreamcore.model import Model, make_model
from dreamcore.plain import to_dict
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.prompts import view_prompts
from dreamcore.render import occupancy
from dreamcore.rng import Draws
from dreamcore.scene import Progress, Scene
from dreamcore.schedules import column
from dreamcore.step import Batch, Terms, forward, total_loss
from dreamcore.update import Moment, make_optimizer


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
    shared = {name: data[name] for name in ("views", "field", "sampling", "render")}
    # Adam's settings are a scene's own; the shapes of Shampoo's state follow from its settings
    shared["optimizer"] = data["optimizer"] if isinstance(config.optimizer, ShampooConfig) else "adam"
    return json.dumps(shared, sort_keys=True)


@dataclass(frozen=True)
class _Member:
    key: str
    scene: Scene  # without its tensors, which are in the stack
    progress: Progress
    last: StepResult | None = None


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
            raise ValueError(f"scene {key} differs in what a pack shares (field, sampling, render, views, optimizer)")
        views = view_prompts(scene.prompt, scene.config.prompt.view_dependent)
        self._conditioning[key] = self._prior.encode_prompts(views)
        rows = {name: value.to(self._prior.device)[None] for name, value in scene.tensors.items()}
        # a new dict: what an emptied pack of another kind left must not stay, nor half of what fails for want of memory
        self._stack = {
            name: torch.cat([self._stack[name], row]) if self._members else row.clone() for name, row in rows.items()
        }
        self._members.append(_Member(key, replace(scene, tensors={}), scene.progress))

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
        """Advance every scene by one step; results in order of joining. Finished scenes stay as they are until they
        leave, and say again that they are finished."""
        groups: dict[bool, list[int]] = {}
        for index, member in enumerate(self._members):
            if member.last is None or not member.last.finished:
                groups.setdefault(_is_coarse(member), []).append(index)
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
                self._members[index] = replace(self._members[index], progress=progress, last=result)
        return [member.last for member in self._members if member.last is not None]

    def _advance(
        self, members: Sequence[_Member], stack: dict[str, Tensor], coarse: bool
    ) -> list[tuple[Progress, StepResult]]:
        """One step of scenes that render at the same resolution; updates `stack` in place."""
        configs = [member.scene.config for member in members]
        steps_done = torch.tensor([member.progress.step for member in members])
        batch = Batch(
            configs=configs,
            draws=Draws(torch.tensor([member.scene.seed for member in members]), steps_done),
            progress=steps_done / column(configs, lambda config: config.steps),
            coarse=coarse,
            prior=self._prior,
            conditioning=Conditioning.cat([self._conditioning[member.key] for member in members]),
            unconditional=self._unconditional,
        )
        model = batch.model()
        _refresh_occupancy(model, members, stack)
        parameters, rest = _split(stack)
        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        terms = forward(batch, leaves, stack.get("occupied"))
        loss = total_loss(batch, terms).sum()
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
        # squares, since an optimiser keeps those: what overflows there is as bad as what is not finite here
        squares = torch.stack([value.flatten(1).square().sum(1) for value in gradients.values()])
        finite = squares.isfinite().all(0)
        updates = torch.tensor([float(member.progress.updates) for member in members])
        optimizer = make_optimizer([config.optimizer for config in configs], model.field.rate_group)
        taken = optimizer.update(parameters, gradients, rest, Moment(batch.progress, updates, finite))
        return _report(members, terms, taken)


def _is_coarse(member: _Member) -> bool:
    config = member.scene.config
    return member.progress.step < config.render.coarse_fraction * config.steps


def _split(stack: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters under their own names, and everything else."""
    parameters = {
        name.removeprefix("parameter."): value for name, value in stack.items() if name.startswith("parameter.")
    }
    return parameters, {name: value for name, value in stack.items() if not name.startswith("parameter.")}


def _refresh_occupancy(model: Model, members: Sequence[_Member], stack: dict[str, Tensor]) -> None:
    """Measure anew which cells are occupied, for the scenes whose turn it is."""
    settings = members[0].scene.config.render
    every = settings.prune_every
    due = [index for index, member in enumerate(members) if every and member.progress.step % every == 0]
    if not due:
        return
    parameters = {name: value[due] for name, value in _split(stack)[0].items()}
    field = (
        model.field
        if len(due) == len(members)
        else make_model(
            [members[index].scene.config for index in due],
            torch.tensor([members[index].progress.step / members[index].scene.config.steps for index in due]),
        ).field
    )
    stack["occupied"][due] = occupancy(
        field, parameters, settings.prune_resolution, settings.bound, settings.prune_density
    )


def _report(
    members: Sequence[_Member], terms: Terms, finite: Bool[Tensor, " scenes"]
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
