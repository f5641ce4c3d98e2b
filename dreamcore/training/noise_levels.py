"""How much noise an image of a batch gets, what the network is to predict of it, and how much its error counts.

Letters: b images of a batch, each at a time t in [0, 1], 0 clean and 1 noise; z = alpha x + sigma e as in
`dreamcore.priors.diffusion_schedule`, whose nearest training timestep a time stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dreamcore.config.base import Range, require, require_range
from dreamcore.priors.diffusion_schedule import PREDICTIONS, DiffusionSchedule
from dreamcore.sds import expand

BINS = 10

Times = Float[Tensor, " b"]
Images = Float[Tensor, "b 3 side side"]


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """How the squared error of what the network predicts is weighted: `uniform` not at all, `min_snr` by the
    signal-to-noise ratio up to `gamma`, `sds_band` by `outside` for times out of `band`."""

    prediction: str = "v_prediction"
    weighting: str = "uniform"
    gamma: float = 5.0
    band: Range = (0.2, 0.8)
    outside: float = 0.5

    def __post_init__(self) -> None:
        prediction, weighting = self.prediction, self.weighting
        require(prediction in PREDICTIONS, "loss.prediction", prediction, f"one of {', '.join(PREDICTIONS)}")
        require(weighting in _WEIGHTS, "loss.weighting", weighting, f"one of {', '.join(_WEIGHTS)}")
        require(self.gamma > 0.0, "loss.gamma", self.gamma, "positive")
        require_range("loss.band", self.band, 0.0, 1.0)
        require(0.0 <= self.outside <= 1.0, "loss.outside", self.outside, "in [0, 1]")


@dataclass(frozen=True)
class Levels:
    """The noise level of each image: its time, alpha and sigma there, and the timestep that the network is told."""

    t: Times
    alpha: Times
    sigma: Times
    timestep: Int[Tensor, " b"]

    @staticmethod
    def at(t: Times, schedule: DiffusionSchedule) -> Levels:
        alpha, sigma = schedule.alpha_sigma(t)
        return Levels(t, alpha, sigma, schedule.timestep(t))


def stratified_times(generator: torch.Generator, count: int) -> Times:
    """One time in each of `count` equal parts of [0, 1], in order: images are drawn at random anyway."""
    offset = torch.rand(count, generator=generator, device=generator.device)
    # float32 rounds (count - 1 + 0.99999997) / count up to 1
    return ((torch.arange(count, device=generator.device) + offset) / count).clamp(max=1.0)


def noised(images: Images, noise: Images, levels: Levels) -> Images:
    """z = alpha x + sigma e."""
    return expand(levels.alpha) * images + expand(levels.sigma) * noise


def target(images: Images, noise: Images, levels: Levels, prediction: str) -> Images:
    """What the network is to put out: e, or v = alpha e - sigma x."""
    if prediction == "epsilon":
        return noise
    return expand(levels.alpha) * noise - expand(levels.sigma) * images


def _uniform(levels: Levels, settings: LossSettings) -> Times:
    return torch.ones_like(levels.t)


def _min_snr(levels: Levels, settings: LossSettings) -> Times:
    """min(SNR, gamma) for the error of x (Hang et al. 2023, §3.4): that of e is the error of x times SNR, that of v the
    error of x times SNR + 1."""
    ratio = (levels.alpha / levels.sigma).square()
    wanted = ratio.clamp(max=settings.gamma)
    return wanted / (ratio if settings.prediction == "epsilon" else ratio + 1.0)


def _band(levels: Levels, settings: LossSettings) -> Times:
    low, high = settings.band
    return torch.where((levels.t >= low) & (levels.t <= high), 1.0, settings.outside)


_WEIGHTS: Mapping[str, Callable[[Levels, LossSettings], Times]] = {
    "uniform": _uniform,
    "min_snr": _min_snr,
    "sds_band": _band,
}


def weights(levels: Levels, settings: LossSettings) -> Times:
    """The factor of each image's squared error."""
    return _WEIGHTS[settings.weighting](levels, settings)


@dataclass
class BinMeans:
    """Means of the losses of `BINS` equal parts of [0, 1], collected on a device without waiting for it."""

    device: torch.device
    sums: Tensor = field(init=False)
    counts: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.sums = torch.zeros(BINS, device=self.device)
        self.counts = torch.zeros(BINS, device=self.device)

    def add(self, t: Times, losses: Times) -> None:
        place = (t * BINS).long().clamp(max=BINS - 1)
        self.sums.index_add_(0, place, losses.float())
        self.counts.index_add_(0, place, torch.ones_like(t))

    def means(self) -> list[float]:
        """Waits for the device. NaN where nothing was added."""
        found: list[float] = (self.sums / self.counts).tolist()
        return found

    def mean(self) -> float:
        """Of everything that was added, whatever its bin."""
        return (self.sums.sum() / self.counts.sum()).item()
