"""What one trial is asked to do: frozen, keyword-only values that check themselves.

A `TrialConfig` holds everything that shapes an optimisation except the prompt, the seed and the prior. Lengths are in
scene units (the field lives in a sphere of radius `render.bound`), angles in degrees, image lengths in image widths.
Fractions are of `steps`, so that a shorter run keeps the shape of its schedules.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

Range = tuple[float, float]


def require(condition: bool, name: str, value: object, bound: str) -> None:
    """Raise ValueError that names the key, its value and the bound that it breaks."""
    if not condition:
        raise ValueError(f"{name} = {value!r}: must be {bound}")


def require_range(name: str, value: Range, low: float = -math.inf, high: float = math.inf) -> None:
    """Raise ValueError unless `value` is an ordered pair between `low` and `high`."""
    require(low <= value[0] <= value[1] <= high, name, value, f"a pair with {low} <= first <= second <= {high}")


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """A scalar that goes linearly from `start` to `end` while the progress goes from 0 to `until`, then stays."""

    start: float
    end: float
    until: float = 1.0

    def __post_init__(self) -> None:
        require(math.isfinite(self.start) and math.isfinite(self.end), "ramp", (self.start, self.end), "finite")
        require(0.0 < self.until <= 1.0, "until", self.until, "in (0, 1]")


# Densities are exponentials of what a network says, from exp(-15), nothing, upwards.
LOWEST_LOG_DENSITY = -15.0


def constant(value: float) -> Ramp:
    """A ramp that does not move."""
    return Ramp(start=value, end=value)


@dataclass(frozen=True, kw_only=True)
class GridFieldConfig:
    """A field of multi-resolution grids (hashed where a level outgrows its table) and a small decoder.

    `blob_strength` and `blob_radius` are the density bias that seeds the optimisation (§3.2, A.2): the paper's
    Gaussian `strength * exp(-r^2 / (2 radius^2))`, or with `blob_shape="linear"` `strength * (1 - r / radius)`, which
    is also negative outside and so starts from empty space.
    """

    kind: Literal["grid"] = "grid"
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
        require(len(self.resolutions) > 0, "field.resolutions", self.resolutions, "not empty")
        require(min(self.resolutions, default=0) >= 2, "field.resolutions", self.resolutions, "at least 2 each")
        require(self.channels >= 1, "field.channels", self.channels, "at least 1")
        require(self.table_size >= 64, "field.table_size", self.table_size, "at least 64")
        require(self.hidden >= 1, "field.hidden", self.hidden, "at least 1")
        require(self.init_scale >= 0.0, "field.init_scale", self.init_scale, "at least 0")
        require(self.blob_radius > 0.0, "field.blob_radius", self.blob_radius, "above 0")


@dataclass(frozen=True, kw_only=True)
class ResidualFieldConfig:
    """The residual field of A.2. What a block is made of is not stated: here two layers with a SiLU between them.

    `variance` is the covariance scale lambda_Sigma of the encoding; that it multiplies the identity is our reading.
    `blob_strength * exp(-r^2 / (2 blob_radius^2))` is "added to the tau output of the NeRF MLP", which may mean
    `before` the exponential, as public implementations have it, or `after`, as a density. `density_bias` is added
    to the log-density; the paper states none, -1 is MultiNeRF's. `log_density_max` keeps the exponential finite.
    """

    kind: Literal["residual"] = "residual"
    blocks: int = 5
    width: int = 128
    frequencies: int = 8
    variance: Ramp = Ramp(start=5e-2, end=2e-3, until=1.0 / 3.0)
    blob_strength: float = 5.0
    blob_radius: float = 0.2
    blob_added: Literal["before", "after"] = "before"
    density_bias: float = -1.0
    log_density_max: float = 10.0

    def __post_init__(self) -> None:
        for name in ("blocks", "width", "frequencies"):
            require(getattr(self, name) >= 1, f"field.{name}", getattr(self, name), "at least 1")
        require(min(self.variance.start, self.variance.end) >= 0.0, "field.variance", self.variance, "at least 0")
        require(self.blob_strength > 0.0, "field.blob_strength", self.blob_strength, "above 0")
        require(self.blob_radius > 0.0, "field.blob_radius", self.blob_radius, "above 0")
        in_range = LOWEST_LOG_DENSITY < self.log_density_max <= 80.0
        require(in_range, "field.log_density_max", self.log_density_max, f"in ({LOWEST_LOG_DENSITY}, 80]")


FieldConfig = GridFieldConfig | ResidualFieldConfig


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
        require_range("camera.radius", self.radius, low=1e-3)
        require_range("camera.elevation", self.elevation, -90.0, 90.0)
        require_range("camera.azimuth", self.azimuth)
        require_range("camera.focal", self.focal, low=1e-3)
        require(0.0 <= self.area_probability <= 1.0, "camera.area_probability", self.area_probability, "in [0, 1]")
        for name in ("position_jitter", "look_at_jitter", "up_jitter"):
            require(getattr(self, name) >= 0.0, f"camera.{name}", getattr(self, name), "at least 0")


@dataclass(frozen=True, kw_only=True)
class LightConfig:
    """A point light: direction from a normal around the camera's position, distance uniform (§3.2)."""

    distance: Range = (0.8, 1.5)
    spread: float = 1.0

    def __post_init__(self) -> None:
        require_range("light.distance", self.distance, low=1e-3)
        require(self.spread >= 0.0, "light.spread", self.spread, "at least 0")


@dataclass(frozen=True, kw_only=True)
class ShadingConfig:
    """Which look each step renders (§3.1, A.2): albedo only for the first `albedo_fraction` of the run, then lit with
    `lit_probability`; a lit step is textureless with `textureless_probability`. Ambient strength is drawn from
    `ambient`; diffuse strength is one minus it. `textureless_albedo` is the white that replaces the albedo. `normals`
    are worked out at steps with a lit view only, or always, so that the orientation loss acts at every step; which the
    paper did is not stated."""

    albedo_fraction: float = 1.0 / 15.0
    lit_probability: float = 0.75
    textureless_probability: float = 0.5
    ambient: Range = (0.1, 0.1)
    textureless_albedo: float = 1.0
    normals: Literal["lit", "always"] = "lit"

    def __post_init__(self) -> None:
        for name in ("albedo_fraction", "lit_probability", "textureless_probability", "textureless_albedo"):
            require(0.0 <= getattr(self, name) <= 1.0, f"shading.{name}", getattr(self, name), "in [0, 1]")
        require_range("shading.ambient", self.ambient, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    """How a view becomes an image. `coarse_fraction` of the run renders at half the resolution; the image is brought
    up to the prior's size before it is judged. `bound` is the radius of the sphere that the field lives in (§3.1).
    `prune_every` steps the occupancy of space is measured anew on a grid of `prune_resolution` cells a side, and
    samples in cells whose density stays under `prune_density` are skipped; 0 turns this off."""

    resolution: int = 64
    coarse_fraction: float = 0.0
    bound: float = 1.0
    prune_every: int = 16
    prune_resolution: int = 40
    prune_density: float = 0.6
    background: Literal["learned", "random"] = "random"

    def __post_init__(self) -> None:
        require(self.resolution >= 8 and self.resolution % 2 == 0, "render.resolution", self.resolution, "even, >= 8")
        require(0.0 <= self.coarse_fraction <= 1.0, "render.coarse_fraction", self.coarse_fraction, "in [0, 1]")
        require(self.bound > 0.0, "render.bound", self.bound, "above 0")
        require(self.prune_every >= 0, "render.prune_every", self.prune_every, "at least 0")
        require(self.prune_density >= 0.0, "render.prune_density", self.prune_density, "at least 0")
        require(self.prune_resolution >= 4, "render.prune_resolution", self.prune_resolution, "at least 4")


@dataclass(frozen=True, kw_only=True)
class UniformSamplingConfig:
    """Samples spread evenly over a ray's stay in the sphere, all shifted alike by one jitter a ray. `coarse_samples`
    are taken while `render.coarse_fraction` lasts."""

    kind: Literal["uniform"] = "uniform"
    samples: int = 48
    coarse_samples: int = 32

    def __post_init__(self) -> None:
        require(self.samples >= 2, "sampling.samples", self.samples, "at least 2")
        require(self.coarse_samples >= 2, "sampling.coarse_samples", self.coarse_samples, "at least 2")


@dataclass(frozen=True, kw_only=True)
class ProposalSamplingConfig:
    """Sampling in rounds. The paper names mip-NeRF 360 and no numbers. `samples` are MultiNeRF's: two rounds of 64
    proposals and 32 final intervals; its proposal network has 4 layers of 256 units on scenes without bound, ours
    less. The weights are sharpened over the run with `anneal_slope`. `variance` is the covariance scale of its
    encoding."""

    kind: Literal["proposal"] = "proposal"
    samples: tuple[int, ...] = (64, 64, 32)
    layers: int = 2
    width: int = 64
    frequencies: int = 5
    variance: Ramp = Ramp(start=5e-2, end=2e-3, until=1.0 / 3.0)
    anneal_slope: float = 10.0
    blob_strength: float = 5.0
    blob_radius: float = 0.2
    density_bias: float = -1.0
    log_density_max: float = 10.0

    def __post_init__(self) -> None:
        require(len(self.samples) >= 2, "sampling.samples", self.samples, "a count a round and the final one")
        require(min(self.samples, default=0) >= 2, "sampling.samples", self.samples, "at least 2 each")
        for name in ("layers", "width", "frequencies"):
            require(getattr(self, name) >= 1, f"sampling.{name}", getattr(self, name), "at least 1")
        require(self.anneal_slope >= 1.0, "sampling.anneal_slope", self.anneal_slope, "at least 1")
        require(self.blob_strength > 0.0, "sampling.blob_strength", self.blob_strength, "above 0")
        require(self.blob_radius > 0.0, "sampling.blob_radius", self.blob_radius, "above 0")
        in_range = LOWEST_LOG_DENSITY < self.log_density_max <= 80.0
        require(in_range, "sampling.log_density_max", self.log_density_max, f"in ({LOWEST_LOG_DENSITY}, 80]")


SamplingConfig = UniformSamplingConfig | ProposalSamplingConfig


@dataclass(frozen=True, kw_only=True)
class GuidanceConfig:
    """Score distillation (§2.1, §3.2). `scale` is the paper's omega: eps_hat = (1 + w) eps_cond - w eps_uncond, so a
    scale of 0 is no guidance. Others write uncond + g (cond - uncond) with g = 1 + omega."""

    scale: float = 100.0
    t_min: float = 0.02
    t_max: float = 0.98
    weighting: Literal["sigma_squared", "uniform"] = "sigma_squared"

    def __post_init__(self) -> None:
        require(self.scale >= 0.0, "guidance.scale", self.scale, "at least 0")
        ordered = 0.0 < self.t_min <= self.t_max < 1.0
        require(ordered, "guidance.t_min, t_max", (self.t_min, self.t_max), "0 < t_min <= t_max < 1")


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the loss terms. The distillation gradient is a mean over image values and views; `distillation`
    scales it. `opacity` (A.2) pays for opaque rays, `orientation` (A.2) for normals that face away, `entropy` for rays
    that are neither empty nor opaque (not in the paper); `proposal` trains the proposal network, where there is one
    (mip-NeRF 360, Eq. 13)."""

    distillation: float = 10.0
    orientation: Ramp = Ramp(start=1e-4, end=1e-2, until=1.0 / 3.0)
    opacity: Ramp = Ramp(start=0.3, end=0.02, until=0.3)
    entropy: Ramp = Ramp(start=0.0, end=0.05)
    proposal: float = 1.0

    def __post_init__(self) -> None:
        require(self.distillation > 0.0, "loss.distillation", self.distillation, "above 0")
        require(self.proposal >= 0.0, "loss.proposal", self.proposal, "at least 0")
        for name in ("orientation", "opacity", "entropy"):
            ramp = getattr(self, name)
            require(min(ramp.start, ramp.end) >= 0.0, f"loss.{name}", ramp, "at least 0 everywhere")


@dataclass(frozen=True, kw_only=True)
class AdamConfig:
    """Adam with a rate for the grids and one for the networks, `warmup_steps` of linear warm-up and a linear decay to
    `final_fraction` of the rate at the end."""

    kind: Literal["adam"] = "adam"
    grid_rate: float = 0.03
    network_rate: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.99
    epsilon: float = 1e-12
    warmup_steps: int = 20
    final_fraction: float = 0.3

    def __post_init__(self) -> None:
        for name in ("grid_rate", "network_rate", "epsilon"):
            require(getattr(self, name) > 0.0, f"optimizer.{name}", getattr(self, name), "above 0")
        for name in ("beta1", "beta2"):
            require(0.0 <= getattr(self, name) < 1.0, f"optimizer.{name}", getattr(self, name), "in [0, 1)")
        require(self.warmup_steps >= 0, "optimizer.warmup_steps", self.warmup_steps, "at least 0")
        require(0.0 <= self.final_fraction <= 1.0, "optimizer.final_fraction", self.final_fraction, "in [0, 1]")


@dataclass(frozen=True, kw_only=True)
class ShampooConfig:
    """Distributed Shampoo (A.2): the rate goes linearly from `start_rate` to `peak_rate` over `warmup_fraction` of the
    run, then by half a cosine to `end_rate`; `exponent` (the root p), `block_size`, `epsilon` and the betas are the
    paper's. Not stated, hence Google's defaults: epsilon relative to the largest eigenvalue, roots computed anew every
    `precondition_every` updates, Nesterov momentum, a sum and no average of past directions, axes merged up to
    `merge_up_to` entries, and no matrices for tensors with an axis above `skip_above`."""

    kind: Literal["shampoo"] = "shampoo"
    start_rate: float = 1e-9
    peak_rate: float = 1e-4
    end_rate: float = 1e-6
    warmup_fraction: float = 0.2
    beta1: float = 0.9
    beta2: float = 0.9
    exponent: int = 2
    block_size: int = 128
    epsilon: float = 1e-6
    precondition_every: int = 1
    nesterov: bool = True
    average_momentum: bool = False
    merge_up_to: int = 4096
    skip_above: int = 4096
    root_precision: Literal["float32", "float64"] = "float64"

    def __post_init__(self) -> None:
        for name in ("exponent", "block_size", "precondition_every", "merge_up_to", "skip_above"):
            require(getattr(self, name) >= 1, f"optimizer.{name}", getattr(self, name), "at least 1")
        for name in ("start_rate", "peak_rate", "end_rate", "epsilon"):
            require(getattr(self, name) > 0.0, f"optimizer.{name}", getattr(self, name), "above 0")
        for name in ("beta1", "beta2"):
            require(0.0 <= getattr(self, name) < 1.0, f"optimizer.{name}", getattr(self, name), "in [0, 1)")
        require(0.0 < self.warmup_fraction < 1.0, "optimizer.warmup_fraction", self.warmup_fraction, "in (0, 1)")


OptimizerConfig = AdamConfig | ShampooConfig


@dataclass(frozen=True, kw_only=True)
class PromptConfig:
    """View-dependent prompts (§3.2): the view's words are appended to the prompt by azimuth and elevation. `blend`: the
    embedding of the nearest view, which "worked well" (A.2), or a weighted combination of neighbouring views' (§3.2).
    """

    view_dependent: bool = True
    blend: Literal["nearest", "weighted"] = "nearest"


@dataclass(frozen=True, kw_only=True)
class HealthConfig:
    """When a scene is given up: after `max_nonfinite` steps whose gradient was not finite, or when the share of
    opaque image stays under `collapse_opacity`, or over `saturation_opacity`, past `patience_fraction` of the run."""

    max_nonfinite: int = 20
    collapse_opacity: float = 0.002
    saturation_opacity: float = 0.98
    patience_fraction: float = 0.5

    def __post_init__(self) -> None:
        require(self.max_nonfinite >= 0, "health.max_nonfinite", self.max_nonfinite, "at least 0")
        require(0.0 <= self.collapse_opacity < 1.0, "health.collapse_opacity", self.collapse_opacity, "in [0, 1)")
        require(self.saturation_opacity > 0.0, "health.saturation_opacity", self.saturation_opacity, "above 0")
        require(0.0 <= self.patience_fraction <= 1.0, "health.patience_fraction", self.patience_fraction, "in [0, 1]")


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One optimisation: `steps` updates, each from `views` rendered views."""

    steps: int = 1000
    views: int = 1
    field: FieldConfig = dataclasses.field(default_factory=GridFieldConfig)
    camera: CameraConfig = dataclasses.field(default_factory=CameraConfig)
    light: LightConfig = dataclasses.field(default_factory=LightConfig)
    shading: ShadingConfig = dataclasses.field(default_factory=ShadingConfig)
    render: RenderConfig = dataclasses.field(default_factory=RenderConfig)
    sampling: SamplingConfig = dataclasses.field(default_factory=UniformSamplingConfig)
    guidance: GuidanceConfig = dataclasses.field(default_factory=GuidanceConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    optimizer: OptimizerConfig = dataclasses.field(default_factory=AdamConfig)
    prompt: PromptConfig = dataclasses.field(default_factory=PromptConfig)
    health: HealthConfig = dataclasses.field(default_factory=HealthConfig)

    def __post_init__(self) -> None:
        require(1 <= self.steps <= 10**8, "steps", self.steps, "from 1 to 100000000")
        require(self.views >= 1, "views", self.views, "at least 1")
