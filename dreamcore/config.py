"""What one trial is asked to do: frozen, keyword-only values that check themselves.

A `TrialConfig` holds everything that shapes an optimisation except the prompt, the seed and the prior. Lengths are in
scene units (the field lives in a sphere of radius `render.bound`), angles in degrees, image lengths in image widths.
Fractions are of `steps`, so that a shorter run keeps the shape of its schedules.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

Range = tuple[float, float]


def _require(condition: bool, name: str, value: object, bound: str) -> None:
    if not condition:
        raise ValueError(f"{name} = {value!r}: must be {bound}")


def _require_range(name: str, value: Range, low: float = -math.inf, high: float = math.inf) -> None:
    _require(low <= value[0] <= value[1] <= high, name, value, f"a pair with {low} <= first <= second <= {high}")


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A scalar that goes linearly from `start` to `end` while the progress goes from 0 to `until`, then stays."""

    start: float
    end: float
    until: float = 1.0

    def __post_init__(self) -> None:
        _require(math.isfinite(self.start) and math.isfinite(self.end), "ramp", (self.start, self.end), "finite")
        _require(0.0 < self.until <= 1.0, "until", self.until, "in (0, 1]")


def constant(value: float) -> Ramp:
    """A ramp that does not move."""
    return Ramp(start=value, end=value)


@dataclass(frozen=True, kw_only=True)
class FieldConfig:
    """The neural field: a multi-resolution grid (hashed where a level outgrows its table) and a small decoder.

    `blob_strength` and `blob_radius` are the density bias that seeds the optimisation (§3.2, A.2): the paper's
    Gaussian `strength * exp(-r^2 / (2 radius^2))`, or with `blob_shape="linear"` `strength * (1 - r / radius)`, which
    is also negative outside and so starts from empty space.
    """

    resolutions: tuple[int, ...] = (16, 32, 64)
    channels: int = 4
    table_size: int = 2**18
    hidden: int = 32
    init_scale: float = 0.05
    blob_shape: Literal["gaussian", "linear"] = "linear"
    blob_strength: float = 5.0
    blob_radius: float = 0.4
    log_density_max: float = 6.5

    def __post_init__(self) -> None:
        _require(len(self.resolutions) > 0, "field.resolutions", self.resolutions, "not empty")
        _require(min(self.resolutions, default=0) >= 2, "field.resolutions", self.resolutions, "at least 2 each")
        _require(self.channels >= 1, "field.channels", self.channels, "at least 1")
        _require(self.table_size >= 64, "field.table_size", self.table_size, "at least 64")
        _require(self.hidden >= 1, "field.hidden", self.hidden, "at least 1")
        _require(self.init_scale >= 0.0, "field.init_scale", self.init_scale, "at least 0")
        _require(self.blob_radius > 0.0, "field.blob_radius", self.blob_radius, "above 0")


@dataclass(frozen=True, kw_only=True)
class CameraConfig:
    """Cameras on a shell around the origin, looking at it, with jitter (§3.2, A.2).

    The focal length is drawn from `focal` in image widths; with `focal_follows_radius` it is that number times the
    camera's radius, so that the object keeps its size in the frame at every distance.
    """

    radius: Range = (1.0, 1.5)
    elevation: Range = (-10.0, 90.0)
    azimuth: Range = (0.0, 360.0)
    area_probability: float = 0.5
    focal: Range = (0.7, 1.35)
    focal_follows_radius: bool = False
    position_jitter: float = 0.1
    look_at_jitter: float = 0.2
    up_jitter: float = 0.02

    def __post_init__(self) -> None:
        _require_range("camera.radius", self.radius, low=1e-3)
        _require_range("camera.elevation", self.elevation, -90.0, 90.0)
        _require_range("camera.azimuth", self.azimuth)
        _require_range("camera.focal", self.focal, low=1e-3)
        _require(0.0 <= self.area_probability <= 1.0, "camera.area_probability", self.area_probability, "in [0, 1]")
        for name in ("position_jitter", "look_at_jitter", "up_jitter"):
            _require(getattr(self, name) >= 0.0, f"camera.{name}", getattr(self, name), "at least 0")


@dataclass(frozen=True, kw_only=True)
class LightConfig:
    """A point light: direction from a normal around the camera's position, distance uniform (§3.2)."""

    distance: Range = (0.8, 1.5)
    spread: float = 1.0

    def __post_init__(self) -> None:
        _require_range("light.distance", self.distance, low=1e-3)
        _require(self.spread >= 0.0, "light.spread", self.spread, "at least 0")


@dataclass(frozen=True, kw_only=True)
class ShadingConfig:
    """Which look each step renders (§3.1, A.2): albedo only for the first `albedo_fraction` of the run, then lit with
    `lit_probability`; a lit step is textureless with `textureless_probability`. Ambient strength is drawn from
    `ambient`; diffuse strength is one minus it. `textureless_albedo` is the white that replaces the albedo."""

    albedo_fraction: float = 1.0 / 15.0
    lit_probability: float = 0.75
    textureless_probability: float = 0.5
    ambient: Range = (0.1, 0.1)
    textureless_albedo: float = 1.0

    def __post_init__(self) -> None:
        for name in ("albedo_fraction", "lit_probability", "textureless_probability", "textureless_albedo"):
            _require(0.0 <= getattr(self, name) <= 1.0, f"shading.{name}", getattr(self, name), "in [0, 1]")
        _require_range("shading.ambient", self.ambient, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    """How a view becomes an image. `coarse_fraction` of the run renders at half the resolution with
    `coarse_samples`; the image is brought up to the prior's size before it is judged. `prune_every` steps the
    occupancy of space is measured anew on a grid of `prune_resolution` cells a side, and samples in cells whose
    density stays under `prune_density` are skipped; 0 turns this off."""

    resolution: int = 64
    samples: int = 48
    coarse_fraction: float = 0.0
    coarse_samples: int = 32
    bound: float = 1.0
    prune_every: int = 16
    prune_resolution: int = 40
    prune_density: float = 0.6
    background: Literal["learned", "random"] = "random"

    def __post_init__(self) -> None:
        _require(self.resolution >= 8 and self.resolution % 2 == 0, "render.resolution", self.resolution, "even, >= 8")
        _require(self.samples >= 2, "render.samples", self.samples, "at least 2")
        _require(self.coarse_samples >= 2, "render.coarse_samples", self.coarse_samples, "at least 2")
        _require(0.0 <= self.coarse_fraction <= 1.0, "render.coarse_fraction", self.coarse_fraction, "in [0, 1]")
        _require(self.bound > 0.0, "render.bound", self.bound, "above 0")
        _require(self.prune_every >= 0, "render.prune_every", self.prune_every, "at least 0")
        _require(self.prune_density >= 0.0, "render.prune_density", self.prune_density, "at least 0")
        _require(self.prune_resolution >= 4, "render.prune_resolution", self.prune_resolution, "at least 4")


@dataclass(frozen=True, kw_only=True)
class GuidanceConfig:
    """Score distillation (§2.1, §3.2). `scale` is the paper's omega: eps_hat = (1 + w) eps_cond - w eps_uncond, so a
    scale of 0 is no guidance. Others write uncond + g (cond - uncond) with g = 1 + omega."""

    scale: float = 100.0
    t_min: float = 0.02
    t_max: float = 0.98
    weighting: Literal["sigma_squared", "uniform"] = "sigma_squared"

    def __post_init__(self) -> None:
        _require(self.scale >= 0.0, "guidance.scale", self.scale, "at least 0")
        ordered = 0.0 < self.t_min <= self.t_max < 1.0
        _require(ordered, "guidance.t_min, t_max", (self.t_min, self.t_max), "0 < t_min <= t_max < 1")


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the loss terms. The distillation gradient is a mean over image values and views; `distillation`
    scales it. `opacity` (A.2) pays for opaque rays, `orientation` (A.2) for normals that face away, `entropy` for rays
    that are neither empty nor opaque (not in the paper)."""

    distillation: float = 10.0
    orientation: Ramp = Ramp(start=1e-4, end=1e-2, until=1.0 / 3.0)
    opacity: Ramp = Ramp(start=0.3, end=0.02, until=0.3)
    entropy: Ramp = Ramp(start=0.0, end=0.05)

    def __post_init__(self) -> None:
        _require(self.distillation > 0.0, "loss.distillation", self.distillation, "above 0")
        for name in ("orientation", "opacity", "entropy"):
            ramp = getattr(self, name)
            _require(min(ramp.start, ramp.end) >= 0.0, f"loss.{name}", ramp, "at least 0 everywhere")


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """Adam with a rate for the grids and one for the networks, `warmup_steps` of linear warm-up and a linear decay to
    `final_fraction` of the rate at the end."""

    grid_rate: float = 0.03
    network_rate: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.99
    epsilon: float = 1e-12
    warmup_steps: int = 20
    final_fraction: float = 0.3

    def __post_init__(self) -> None:
        for name in ("grid_rate", "network_rate", "epsilon"):
            _require(getattr(self, name) > 0.0, f"optimizer.{name}", getattr(self, name), "above 0")
        for name in ("beta1", "beta2"):
            _require(0.0 <= getattr(self, name) < 1.0, f"optimizer.{name}", getattr(self, name), "in [0, 1)")
        _require(self.warmup_steps >= 0, "optimizer.warmup_steps", self.warmup_steps, "at least 0")
        _require(0.0 <= self.final_fraction <= 1.0, "optimizer.final_fraction", self.final_fraction, "in [0, 1]")


@dataclass(frozen=True, kw_only=True)
class PromptConfig:
    """View-dependent prompts (§3.2): the view's words are appended to the prompt by azimuth and elevation."""

    view_dependent: bool = True


@dataclass(frozen=True, kw_only=True)
class HealthConfig:
    """When a scene is given up: after `max_nonfinite` steps whose gradient was not finite, or when the share of
    opaque image stays under `collapse_opacity`, or over `saturation_opacity`, past `patience_fraction` of the run."""

    max_nonfinite: int = 20
    collapse_opacity: float = 0.002
    saturation_opacity: float = 0.98
    patience_fraction: float = 0.5

    def __post_init__(self) -> None:
        _require(self.max_nonfinite >= 0, "health.max_nonfinite", self.max_nonfinite, "at least 0")
        _require(0.0 <= self.collapse_opacity < 1.0, "health.collapse_opacity", self.collapse_opacity, "in [0, 1)")
        _require(self.saturation_opacity > 0.0, "health.saturation_opacity", self.saturation_opacity, "above 0")
        _require(0.0 <= self.patience_fraction <= 1.0, "health.patience_fraction", self.patience_fraction, "in [0, 1]")


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One optimisation: `steps` updates, each from `views` rendered views."""

    steps: int = 1000
    views: int = 1
    field: FieldConfig = dataclasses.field(default_factory=FieldConfig)
    camera: CameraConfig = dataclasses.field(default_factory=CameraConfig)
    light: LightConfig = dataclasses.field(default_factory=LightConfig)
    shading: ShadingConfig = dataclasses.field(default_factory=ShadingConfig)
    render: RenderConfig = dataclasses.field(default_factory=RenderConfig)
    guidance: GuidanceConfig = dataclasses.field(default_factory=GuidanceConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    prompt: PromptConfig = dataclasses.field(default_factory=PromptConfig)
    health: HealthConfig = dataclasses.field(default_factory=HealthConfig)

    def __post_init__(self) -> None:
        _require(1 <= self.steps <= 10**8, "steps", self.steps, "from 1 to 100000000")
        _require(self.views >= 1, "views", self.views, "at least 1")


# ---- plain data in and out -------------------------------------------------------------------------------------------

C = TypeVar("C")


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def to_dict(config: object) -> dict[str, Any]:
    """A config as nested plain dicts, lists and scalars, ready for JSON. Inverse of `from_dict`."""
    assert is_dataclass(config) and not isinstance(config, type)
    return {key: _plain(value) for key, value in dataclasses.asdict(config).items()}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def from_dict(kind: type[C], data: Mapping[str, Any], prefix: str = "") -> C:
    """Build `kind` from nested plain data; fields that are absent keep their default.

    Raises ValueError for an unknown key (with the nearest known one) or a value of the wrong type.
    """
    hints = _hints(typing.cast(Any, kind))
    values = {}
    for key, value in data.items():
        if key not in hints:
            raise ValueError(_unknown_key(kind, prefix, str(key)))
        values[key] = _coerce(hints[key], value, prefix + key)
    return _checked(lambda: kind(**values), kind, prefix)


def override(config: C, changes: Mapping[str, Any]) -> C:
    """`config` with dotted keys replaced, all at once, as in {"guidance.scale": 20} or {"guidance": {"scale": 20}}.

    Raises ValueError for an unknown key (with the nearest known one), a key that is set twice or a value that the
    field refuses.
    """
    tree: dict[str, Any] = {}
    for key, value in changes.items():
        _graft(tree, str(key), value, "")
    return _replace(config, tree, "")


def dotted_keys(kind: Any, prefix: str = "") -> Iterator[str]:
    """Every key that `override` takes for this config class, dotted."""
    hints = _hints(kind)
    for item in fields(kind):
        yield prefix + item.name
        if is_dataclass(hints[item.name]):
            yield from dotted_keys(hints[item.name], f"{prefix}{item.name}.")


def _graft(tree: dict[str, Any], key: str, value: object, prefix: str) -> None:
    """Add the dotted `key` to the nested `tree`; mappings are merged, anything else may be set only once."""
    head, dot, rest = key.partition(".")
    if dot:
        value = {rest: value}
    if not isinstance(value, Mapping):
        if head in tree:
            raise ValueError(f"{prefix}{head} is set twice")
        tree[head] = value
        return
    branch = tree.setdefault(head, {})
    if not isinstance(branch, dict):
        raise ValueError(f"{prefix}{head} is set twice")
    for name, item in value.items():
        _graft(branch, str(name), item, f"{prefix}{head}.")


def _replace(config: C, tree: Mapping[str, Any], prefix: str) -> C:
    hints = _hints(typing.cast(Any, type(config)))
    values = {}
    for key, value in tree.items():
        name = prefix + key
        if key not in hints:
            raise ValueError(_unknown_key(type(config), prefix, key))
        if is_dataclass(hints[key]) and isinstance(value, Mapping):
            values[key] = _replace(getattr(config, key), value, name + ".")
        elif isinstance(value, Mapping) and value:
            raise ValueError(f"unknown key {name}.{next(iter(value))}: {name} has no keys below it")
        else:
            values[key] = _coerce(hints[key], value, name)
    return _checked(lambda: replace(config, **values), type(config), prefix)  # type: ignore[type-var]


def _checked(build: Callable[[], C], kind: type, prefix: str) -> C:
    """What `build` returns. A ramp does not know which field it fills, so its errors are given the name here."""
    try:
        return build()
    except TypeError as error:
        raise ValueError(f"{prefix.rstrip('.') or kind.__name__}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{prefix}{error}" if kind is Ramp else str(error)) from error


def _unknown_key(kind: Any, prefix: str, key: str) -> str:
    siblings = [item.name for item in fields(kind)]
    below = {name.rpartition(".")[2]: name for name in dotted_keys(kind, prefix)}
    near = difflib.get_close_matches(key, siblings, n=1) or difflib.get_close_matches(key, below, n=1)
    hint = f" Did you mean {below[near[0]]}?" if near else ""
    hints = _hints(kind)
    shown = (f"{prefix}{name}{'.*' if is_dataclass(hints[name]) else ''}" for name in siblings)
    return f"unknown key {prefix}{key}.{hint} Known keys: {', '.join(shown)}"


def _coerce(hint: Any, value: object, name: str) -> object:
    """`value` as the field's type. Numbers get one form (20 is 20.0, -0.0 is 0.0): ids are hashes of them."""
    if is_dataclass(hint):
        return _coerce_config(typing.cast(type, hint), value, name)
    origin = typing.get_origin(hint)
    if origin is Literal:
        choices = typing.get_args(hint)
        if value not in choices:
            raise ValueError(f"{name} = {value!r}: must be one of {', '.join(map(str, choices))}")
        return value
    if origin is tuple:
        return _coerce_tuple(typing.get_args(hint), value, name)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, name)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    shown = _TYPE_WORDS.get(hint, str(hint))
    raise ValueError(f"{name} = {value!r}: must be {shown}")


_TYPE_WORDS: Mapping[Any, str] = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def _finite(value: int | float, name: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    _require(math.isfinite(number), name, value, "finite")
    return number + 0.0


def _coerce_config(kind: type, value: object, name: str) -> object:
    if isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        return from_dict(kind, value, name + ".")
    if kind is Ramp and isinstance(value, int | float) and not isinstance(value, bool):
        return constant(_finite(value, name))
    raise ValueError(f"{name} = {value!r}: must be {'a number or ' if kind is Ramp else ''}a mapping")


def _coerce_tuple(arguments: tuple[Any, ...], value: object, name: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} = {value!r}: must be a list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_coerce(arguments[0], item, f"{name}[{i}]") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise ValueError(f"{name} = {value!r}: must have {len(arguments)} values")
    pairs = zip(arguments, value, strict=True)
    return tuple(_coerce(hint, item, f"{name}[{i}]") for i, (hint, item) in enumerate(pairs))
