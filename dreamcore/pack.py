"""Scenes that advance together and share every call of the prior.

S scenes of one task. They join and leave between steps. What must agree inside a pack is the task's to say (its pack
key); all else is a scene's own.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool
from torch import Tensor

from dreamcore.batch import Batch
from dreamcore.config import TrialConfig
from dreamcore.health import HEALTHY, Verdict, judge, smooth_opacity
from dreamcore.priors.base import Conditioning, Prior
from dreamcore.rng import Draws
from dreamcore.scene import Progress, Scene
from dreamcore.tasks.choose import task_of
from dreamcore.texts import negative_text, prompt_texts

_GROUPS = 4  # of members whose conditioning is kept joined


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
    return task_of(config).pack_key(config)


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
        self._joined: dict[tuple[str, ...], Conditioning] = {}  # of groups of members, until those change

    @property
    def keys(self) -> list[str]:
        """The scenes on board in order of joining."""
        return [member.key for member in self._members]

    def join(self, key: str, scene: Scene) -> None:
        """Take a scene on board. Raises ValueError for a key already there, a config of another pack key, or one that
        the prior cannot guide."""
        if key in self.keys:
            raise ValueError(f"scene {key} is already in the pack")
        if self._members and pack_key(self._members[0].scene.config) != pack_key(scene.config):
            raise ValueError(f"scene {key} differs in what a pack shares: {pack_key(scene.config)}")
        task_of(scene.config).check(scene.config, self._prior)
        self._conditioning[key] = self._embed(scene)
        self._joined.clear()
        rows = {name: value.to(self._prior.device)[None] for name, value in scene.tensors.items()}
        # a new dict: what an emptied pack of another kind left must not stay, nor half of what fails for want of memory
        self._stack = {
            name: torch.cat([self._stack[name], row]) if self._members else row.clone() for name, row in rows.items()
        }
        self._members.append(_Member(key, replace(scene, tensors={}), scene.progress))

    def _embed(self, scene: Scene) -> Conditioning:
        """The rows of `dreamcore.batch`."""
        negative = negative_text(scene.config)
        last = self._prior.encode_prompts([negative]) if negative else self._unconditional
        prompts = self._prior.encode_prompts(prompt_texts(scene.prompt, scene.config))
        return Conditioning.cat([prompts, self._unconditional, last])

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
        self._joined.clear()
        return scene

    def _index(self, key: str) -> int:
        if key not in self.keys:
            raise ValueError(f"no scene {key} in the pack; there are {', '.join(self.keys) or 'none'}")
        return self.keys.index(key)

    def step(self) -> list[StepResult]:
        """Advance every scene by one step; results in order of joining. Finished scenes stay as they are until they
        leave, and say again that they are finished."""
        groups: dict[Hashable, list[int]] = {}
        for index, member in enumerate(self._members):
            if member.last is None or not member.last.finished:
                config = member.scene.config
                groups.setdefault(task_of(config).group(config, member.progress.step), []).append(index)
        for indices in groups.values():
            members = [self._members[index] for index in indices]
            if len(indices) == len(self._members):
                stepped = self._advance(members, self._stack)
            else:
                at = torch.tensor(indices, device=self._prior.device)
                part = {name: value[at] for name, value in self._stack.items()}
                stepped = self._advance(members, part)
                for name, value in part.items():
                    self._stack[name][at] = value
            for index, (progress, result) in zip(indices, stepped, strict=True):
                self._members[index] = replace(self._members[index], progress=progress, last=result)
        return [member.last for member in self._members if member.last is not None]

    def _advance(self, members: Sequence[_Member], state: dict[str, Tensor]) -> list[tuple[Progress, StepResult]]:
        """One step of scenes of one group; updates `state` in place."""
        configs = [member.scene.config for member in members]
        steps_done = torch.tensor([member.progress.step for member in members])
        batch = Batch(
            configs=configs,
            draws=Draws(torch.tensor([member.scene.seed for member in members]), steps_done),
            progress=steps_done / torch.tensor([float(config.steps) for config in configs]),
            updates=torch.tensor([float(member.progress.updates) for member in members]),
            prior=self._prior,
            conditioning=self._conditioning_of(tuple(member.key for member in members)),
            texts=[member.scene.prompt for member in members],
        )
        advance = task_of(configs[0]).advance(batch, state)
        return _report(members, advance.metrics, advance.taken)

    def _conditioning_of(self, keys: tuple[str, ...]) -> Conditioning:
        if keys not in self._joined:
            if len(self._joined) >= _GROUPS:
                self._joined.clear()
            self._joined[keys] = Conditioning.cat([self._conditioning[key] for key in keys])
        return self._joined[keys]


def _report(
    members: Sequence[_Member], metrics: Mapping[str, Tensor], taken: Bool[Tensor, " scenes"]
) -> list[tuple[Progress, StepResult]]:
    # one transfer from the device for all of them
    values = torch.stack([*metrics.values(), taken.float()], dim=1).tolist()
    reports = []
    for member, row in zip(members, values, strict=True):
        before, config = member.progress, member.scene.config
        numbers, took = dict(zip(metrics, row[:-1], strict=True)), row[-1] > 0
        progress = Progress(
            step=before.step + 1,
            updates=before.updates + took,
            nonfinite=before.nonfinite + (not took),
            opacity=smooth_opacity(before.opacity, numbers["opacity"]) if "opacity" in numbers else None,
        )
        numbers["nonfinite"] = float(progress.nonfinite)
        verdict = judge(config.health, progress.step / config.steps, progress.nonfinite, progress.opacity)
        finished = progress.step >= config.steps or verdict is not HEALTHY
        result = StepResult(key=member.key, step=progress.step, metrics=numbers, verdict=verdict, finished=finished)
        reports.append((progress, result))
    return reports
