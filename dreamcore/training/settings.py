"""Settings of a training, read from JSON into frozen dataclasses that check themselves."""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from dreamcore.config.base import require
from dreamcore.objects.dataset import DataSettings
from dreamcore.training.batches import BatchSettings
from dreamcore.training.noise_levels import LossSettings
from dreamcore.training.optimisation import Budget, OptimiserSettings

_HERE = Path(__file__).parent
COMPILE = ("off", "default", "reduce-overhead")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """Images drawn from `prompts`, `images` of each, in `steps` steps with guidance weight `guidance`."""

    prompts: tuple[str, ...] = ("a red mug", "a purple mug")
    images: int = 4
    steps: int = 40
    guidance: float = 3.0

    def __post_init__(self) -> None:
        require(self.images > 0, "samples.images", self.images, "positive")
        require(self.steps > 1, "samples.steps", self.steps, "at least 2")


@dataclass(frozen=True, kw_only=True)
class PriorSettings:
    """`unet` and `scheduler` are configs of diffusers' UNet2DConditionModel and DDPMScheduler. Intervals are in steps;
    0 means at the end only. `held_out` is how many pictures of held-out scenes the loss is watched on, and `compile`
    what torch.compile does with the loss on CUDA."""

    seed: int = 0
    budget: Budget
    unet: Mapping[str, Any]
    scheduler: Mapping[str, Any]
    data: DataSettings
    batch: BatchSettings = field(default_factory=BatchSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: OptimiserSettings = field(default_factory=OptimiserSettings)
    samples: SampleSettings = field(default_factory=SampleSettings)
    held_out: int = 512
    log_every: int = 100
    held_out_every: int = 500
    sample_every: int = 0
    checkpoint_every: int = 0
    compile: str = "default"

    def __post_init__(self) -> None:
        require(self.held_out > 0, "held_out", self.held_out, "positive")
        require(self.log_every > 0, "log_every", self.log_every, "positive")
        for name in ("held_out_every", "sample_every", "checkpoint_every"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        side = self.unet.get("sample_size")
        require(side == self.data.side, "unet.sample_size", side, f"data.side, {self.data.side}")
        require(self.compile in COMPILE, "compile", self.compile, f"one of {', '.join(COMPILE)}")


def settings_file(name: Path) -> Path:
    """The file of this name, or the one that comes with this package. Raises ValueError if there is neither."""
    bundled = _HERE / name
    if name.is_file() or not bundled.is_file():
        if not name.is_file():
            known = ", ".join(sorted(path.name for path in _HERE.glob("*.json")))
            raise ValueError(f"{name}: there is no such file. Settings that come with the package: {known}")
        return name
    return bundled


def read_settings(kind: type[T], name: Path) -> T:
    """A settings file as a dataclass. Raises ValueError that names the file, the key and what was expected."""
    path = settings_file(name)
    try:
        return parse(kind, json.loads(path.read_text(encoding="utf-8")), "")
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def parse(kind: type[T], data: object, where: str) -> T:
    """A dataclass of a JSON object; `where` is the key of the object in the whole, empty for the whole."""
    assert is_dataclass(kind)
    if not isinstance(data, dict):
        raise ValueError(f"{where or 'the settings'} = {data!r}: must be an object with keys")
    hints = get_type_hints(kind)
    known = {item.name for item in fields(kind) if item.init}
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f". Did you mean {near[0]}?" if near else ""
            raise ValueError(f"{_join(where, key)}: unknown key{hint} Known keys: {', '.join(sorted(known))}")
    for item in fields(kind):
        if item.name not in data and item.default is MISSING and item.default_factory is MISSING:
            raise ValueError(f"{_join(where, item.name)}: is missing")
    return kind(**{key: _value(hints[key], value, _join(where, key)) for key, value in data.items()})


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _value(kind: Any, value: object, where: str) -> Any:
    """A JSON value as the type that the annotation asks for."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return parse(kind, value, where)
    if origin is types.UnionType:
        return None if value is None else _value(next(one for one in inner if one is not type(None)), value, where)
    if origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) == len(value):
            return tuple(
                _value(one, part, f"{where}[{i}]") for i, (one, part) in enumerate(zip(kinds, value, strict=True))
            )
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in (bool, int, float, str) and type(value) is kind:
        return value
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, dict):
        return value
    raise ValueError(f"{where} = {value!r}: must be {_expected(kind)}")


def _expected(kind: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        return "a list" if inner[-1] is Ellipsis else f"a list of {len(inner)}"
    return names.get(kind, "an object with keys")
