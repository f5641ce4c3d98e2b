"""The discrete noise schedule that a diffusers model was trained on, read at continuous times.

T training timesteps n = 0 .. T - 1 with beta_n, and abar_n = prod_{m <= n} (1 - beta_m); alpha_n = sqrt(abar_n) and
sigma_n = sqrt(1 - abar_n). A time t in [0, 1] stands for the nearest timestep n = round(t (T - 1)). The network is told
n and the image is noised with alpha_n and sigma_n, so that the two always agree: nothing is interpolated.

The network's output is the noise e (`epsilon`), or v = alpha e - sigma x (`v_prediction`), which with
z = alpha x + sigma e gives e = sigma z + alpha v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

PREDICTIONS = ("epsilon", "v_prediction")

Betas = Float[Tensor, " timesteps"]
Times = Float[Tensor, " batch"]
Images = Float[Tensor, "batch channels height width"]


def linear_betas(start: float, end: float, count: int) -> Betas:
    """Equally spaced from `start` to `end` (Ho et al. 2020); float64, as are all betas here."""
    return torch.linspace(start, end, count, dtype=torch.float64)


def scaled_linear_betas(start: float, end: float, count: int) -> Betas:
    """Square roots equally spaced: the schedule of Stable Diffusion."""
    return torch.linspace(start**0.5, end**0.5, count, dtype=torch.float64).square()


def cosine_betas(count: int, largest: float = 0.999) -> Betas:
    """From abar(s) = cos^2(pi/2 (s + 0.008) / 1.008) at s = n / T, each at most `largest` (Nichol and Dhariwal 2021,
    Eq. 17): diffusers' `squaredcos_cap_v2`."""
    time = torch.arange(count + 1, dtype=torch.float64) / count
    kept = torch.cos((time + 0.008) / 1.008 * (math.pi / 2.0)).square()
    return (1.0 - kept[1:] / kept[:-1]).clamp(max=largest)


def zero_terminal_snr(kept: Betas) -> Betas:
    """abar shifted and scaled in the square root such that the last is 0 and the first stays (Lin et al. 2023,
    Algorithm 1)."""
    root = kept.sqrt()
    return ((root - root[-1]) * (root[0] / (root[0] - root[-1]))).square()


_BETAS: Mapping[str, Callable[[float, float, int], Betas]] = {
    "linear": linear_betas,
    "scaled_linear": scaled_linear_betas,
    "squaredcos_cap_v2": lambda _start, _end, count: cosine_betas(count),
}


@dataclass(frozen=True)
class DiffusionSchedule:
    """alpha_n and sigma_n of every training timestep, float32, and what the network predicts (one of `PREDICTIONS`)."""

    alpha: Float[Tensor, " timesteps"]
    sigma: Float[Tensor, " timesteps"]
    prediction: str

    def to(self, device: torch.device) -> DiffusionSchedule:
        return DiffusionSchedule(self.alpha.to(device), self.sigma.to(device), self.prediction)

    def timestep(self, t: Times) -> Int[Tensor, " batch"]:
        """The training timestep nearest to each time."""
        last = len(self.alpha) - 1
        return (t.float() * last).round().long().clamp(0, last)

    def alpha_sigma(self, t: Times) -> tuple[Times, Times]:
        """alpha and sigma of that timestep."""
        timestep = self.timestep(t)
        return self.alpha[timestep], self.sigma[timestep]

    def noise(self, output: Images, noised: Images, t: Times) -> Images:
        """The noise that the network's output stands for."""
        if self.prediction == "epsilon":
            return output
        alpha, sigma = (value[:, None, None, None] for value in self.alpha_sigma(t))
        return sigma * noised + alpha * output


def read_schedule(config: Mapping[str, Any], where: str) -> DiffusionSchedule:
    """The schedule of a diffusers scheduler's config. `where` names the file in messages.

    Raises ValueError for a config without a training schedule, or one of a kind that is not known.
    """
    prediction = config.get("prediction_type", "epsilon")
    if prediction not in PREDICTIONS:
        raise ValueError(
            f"{where}: prediction_type = {prediction!r}: must be one of {', '.join(PREDICTIONS)}. Score distillation "
            "needs the model's estimate of the noise; choose a model that was trained to predict noise or v"
        )
    kept = (1.0 - _read_betas(config, where)).cumprod(0)
    if config.get("rescale_betas_zero_snr", False):
        kept = zero_terminal_snr(kept)
    return DiffusionSchedule(kept.sqrt().float(), (1.0 - kept).sqrt().float(), prediction)


def _read_betas(config: Mapping[str, Any], where: str) -> Betas:
    trained = config.get("trained_betas")
    if trained is not None:
        values = [_number(value, "trained_betas", where) for value in _list(trained, where)]
        return torch.tensor(values, dtype=torch.float64)
    kind = config.get("beta_schedule")
    if not isinstance(kind, str) or kind not in _BETAS:
        raise ValueError(
            f"{where}: {config.get('_class_name', 'the scheduler')} has beta_schedule = {kind!r}: must be one of "
            f"{', '.join(_BETAS)}. Flow matching and other schedules without betas are not supported; choose a model "
            "with a DDPM, DDIM, PNDM or Euler scheduler"
        )
    count = config.get("num_train_timesteps")
    if type(count) is not int or count < 2:
        raise ValueError(f"{where}: num_train_timesteps = {count!r}: must be a whole number, at least 2")
    start, end = (_number(config.get(name), name, where) for name in ("beta_start", "beta_end"))
    if not 0.0 < start < end < 1.0:
        raise ValueError(f"{where}: beta_start, beta_end = {start!r}, {end!r}: must be 0 < beta_start < beta_end < 1")
    return _BETAS[kind](start, end, count)


def _list(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"{where}: trained_betas = {value!r}: must be a list of at least 2 numbers")
    return value


def _number(value: object, name: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 1.0:
        raise ValueError(f"{where}: {name} = {value!r}: must be a number between 0 and 1")
    return float(value)
