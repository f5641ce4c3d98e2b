"""The state of one optimisation as a value: it can be saved, loaded elsewhere and continued."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from dreamcore.config import TrialConfig
from dreamcore.plain import read_config, to_dict
from dreamcore.tasks.choose import task_of

_FORMAT = "dreamcore.scene/1"
_FINAL_FORMAT = "dreamcore.final/1"


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
    """`tensors` have no scenes axis: `parameter.*`, the optimiser's state, and what else the task keeps, as `occupied`
    where space is pruned. A seed fixes every draw."""

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
        tensors = task_of(config).initial(seed, config)
        return Scene(prompt=prompt, seed=seed, config=config, progress=Progress(), tensors=tensors)

    def dump(self) -> bytes:
        """Safetensors with the counts and the config as JSON in its header."""
        return self._dump(_FORMAT, self.tensors)

    def dump_final(self) -> bytes:
        """The same without the optimiser's state: enough to look at the scene, not to continue it."""
        return self._dump(_FINAL_FORMAT, {name: self.tensors[name] for name in _lasting(self.tensors)})

    def _dump(self, form: str, kept: Mapping[str, Tensor]) -> bytes:
        header = {"prompt": self.prompt, "seed": self.seed, "config": to_dict(self.config)}
        header["progress"] = asdict(self.progress)
        tensors = {name: value.detach().cpu().contiguous() for name, value in kept.items()}
        text = json.dumps(header)
        seal = {"format": form, "sha256": _digest(text, tensors), "scene": text}
        # one key: safetensors writes several in any order, and equal scenes should be equal bytes
        return save(tensors, metadata={"dreamcore": json.dumps(seal)})

    @staticmethod
    def load(data: bytes) -> Scene:
        """Inverse of `dump`. Raises CorruptScene for anything that is not a whole scene."""
        return _load(data, _FORMAT)

    @staticmethod
    def load_final(data: bytes) -> Scene:
        """Inverse of `dump_final`, to look at. Raises CorruptScene for anything that is not whole."""
        return _load(data, _FINAL_FORMAT)


def _lasting(names: Iterable[str]) -> list[str]:
    """The names of the tensors that make a scene what it is: its parameters; all of them where it has none."""
    names = list(names)
    return [name for name in names if name.startswith("parameter.")] or names


def _load(data: bytes, form: str) -> Scene:
    try:
        length = int.from_bytes(data[:8], "little")
        seal = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["dreamcore"])
        if seal["format"] != form:
            raise CorruptScene(f"scene format {seal['format']!r}: {form} is wanted")
        tensors = load(data)
        if seal["sha256"] != _digest(seal["scene"], tensors):
            raise CorruptScene("its checksum does not match")
        header = json.loads(seal["scene"])
        scene = Scene(
            prompt=header["prompt"],
            seed=header["seed"],
            config=read_config(header["config"]),
            progress=Progress(**header["progress"]),
            tensors=tensors,
        )
        expected = Scene.create(scene.prompt, scene.seed, scene.config).tensors
    except (AttributeError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise CorruptScene(f"not a scene: {error}") from error
    wanted = _lasting(expected) if form == _FINAL_FORMAT else list(expected)
    kinds = {name: (value.shape, value.dtype) for name, value in scene.tensors.items()}
    if kinds != {name: (value.shape, value.dtype) for name, value in expected.items() if name in wanted}:
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
