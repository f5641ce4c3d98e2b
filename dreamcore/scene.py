"""The 3D state of one optimisation as a value: it can be saved, loaded elsewhere and continued."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from dreamcore.config import TrialConfig, from_dict, to_dict
from dreamcore.fields.background import LearnedBackground
from dreamcore.fields.grid import GridField
from dreamcore.rng import Draws

_FORMAT = "dreamcore.scene/1"


class CorruptScene(ValueError):
    """The bytes are not a whole scene."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Counts of one scene: `step` steps done, of which `updates` moved the parameters and `nonfinite` were skipped
    because a gradient was not finite; `opacity` is the running mean of its views' opacity, None before the first."""

    step: int = 0
    updates: int = 0
    nonfinite: int = 0
    opacity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`tensors` have no scenes axis: `parameter.*`, Adam's `mean.*` and `square.*`, and `occupied` where space is
    pruned. A seed fixes every draw."""

    prompt: str
    seed: int
    config: TrialConfig
    progress: Progress
    tensors: Mapping[str, Tensor]

    @staticmethod
    def create(prompt: str, seed: int, config: TrialConfig) -> Scene:
        """A fresh scene on the CPU. Raises ValueError for an empty prompt or a seed outside [0, 2^63)."""
        if not prompt.strip():
            raise ValueError("prompt is empty")
        if not 0 <= seed < 2**63:
            raise ValueError(f"seed = {seed}: must be in [0, 2^63)")
        draws = Draws(torch.tensor([seed]), torch.tensor([0]))
        parameters = make_field(config).initialise(draws)
        if config.render.background == "learned":
            parameters |= LearnedBackground().initialise(draws)
        tensors = {}
        for name, value in parameters.items():
            tensors[f"parameter.{name}"] = value[0]
            tensors[f"mean.{name}"] = torch.zeros_like(value[0])
            tensors[f"square.{name}"] = torch.zeros_like(value[0])
        if config.render.prune_every:
            side = config.render.prune_resolution
            tensors["occupied"] = torch.ones(side, side, side, dtype=torch.bool)
        return Scene(prompt=prompt, seed=seed, config=config, progress=Progress(), tensors=tensors)

    def dump(self) -> bytes:
        """Safetensors with the counts and the config as JSON in its header."""
        header = {"prompt": self.prompt, "seed": self.seed, "config": to_dict(self.config)}
        header["progress"] = asdict(self.progress)
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.tensors.items()}
        text = json.dumps(header)
        return save(tensors, metadata={"format": _FORMAT, "scene": text, "sha256": _digest(text, tensors)})

    @staticmethod
    def load(data: bytes) -> Scene:
        """Inverse of `dump`. Raises CorruptScene for anything that is not a whole scene."""
        try:
            length = int.from_bytes(data[:8], "little")
            metadata = json.loads(data[8 : 8 + length])["__metadata__"]
            if metadata["format"] != _FORMAT:
                raise CorruptScene(f"scene format {metadata['format']!r}: only {_FORMAT} is known")
            tensors = load(data)
            if metadata["sha256"] != _digest(metadata["scene"], tensors):
                raise CorruptScene("its checksum does not match")
            header = json.loads(metadata["scene"])
            scene = Scene(
                prompt=header["prompt"],
                seed=header["seed"],
                config=from_dict(TrialConfig, header["config"]),
                progress=Progress(**header["progress"]),
                tensors=tensors,
            )
            expected = Scene.create(scene.prompt, scene.seed, scene.config).tensors
        except (AttributeError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise CorruptScene(f"not a scene: {error}") from error
        kinds = {name: (value.shape, value.dtype) for name, value in scene.tensors.items()}
        if kinds != {name: (value.shape, value.dtype) for name, value in expected.items()}:
            raise CorruptScene("not a scene: its tensors are not those of its config")
        return scene


def _digest(header: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the header and of every tensor: safetensors does not notice a flipped bit."""
    digest = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy().data)
    return digest.hexdigest()


def make_field(config: TrialConfig) -> GridField:
    """The field that the config describes."""
    return GridField(config.field, config.render.bound)
