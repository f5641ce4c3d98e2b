"""Score distillation against Gaussians, in closed form.

Images x ~ N(mu, s^2 I), noised z = alpha x + sigma e with alpha = cos(pi t / 2), sigma = sin(pi t / 2): the best guess
of e is sigma (z - alpha mu) / v with v = alpha^2 s^2 + sigma^2.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cosine(t: float) -> tuple[float, float]:
    return math.cos(math.pi * t / 2.0), math.sin(math.pi * t / 2.0)


def gaussian_noise(z: Array, t: float, mean: Array, std: float) -> Array:
    alpha, sigma = cosine(t)
    return sigma * (z - alpha * mean) / (alpha**2 * std**2 + sigma**2)


def expected_gradient(
    x: Array, t: float, omega: float, mean: Array, std: float, other_mean: Array, other_std: float
) -> Array:
    """E_e[(1 + omega) e_y(z) - omega e_0(z) - e] for two Gaussians: with and without the prompt. The noise itself has
    mean zero, so only what is linear in x - mu remains."""
    alpha, sigma = cosine(t)
    guess = sigma * alpha * (x - mean) / (alpha**2 * std**2 + sigma**2)
    without = sigma * alpha * (x - other_mean) / (alpha**2 * other_std**2 + sigma**2)
    return (1.0 + omega) * guess - omega * without


def pull_towards_mode(distance: float, gap: float, std: float, omega: float, times: Array) -> float:
    """The expected gradient, weighted by sigma^2 and averaged over `times`, along the line through two modes.

    The prompt is one mode at 0, no prompt an equal mixture of it and one at `gap`; both have standard deviation `std`.
    The image is on that line at `distance`. Only the noise along the line matters: Gauss-Hermite quadrature.
    """
    nodes, shares = np.polynomial.hermite_e.hermegauss(81)
    shares = shares / shares.sum()
    total = 0.0
    for t in times:
        alpha, sigma = cosine(float(t))
        v = alpha**2 * std**2 + sigma**2
        z = alpha * distance + sigma * nodes
        named = sigma * z / v
        # log odds of the other mode at z
        odds = (z**2 - (z - alpha * gap) ** 2) / (2.0 * v)
        other = 1.0 / (1.0 + np.exp(-np.clip(odds, -700.0, 700.0)))
        unnamed = sigma * (z - other * alpha * gap) / v
        total += sigma**2 * float((shares * ((1.0 + omega) * named - omega * unnamed)).sum())
    return total / len(times)


def resting_place(gap: float, std: float, omega: float, times: Array) -> float:
    """Where descent by `pull_towards_mode` ends: its root, by bisection between -5 gaps and the middle."""
    low, high = -5.0 * gap, gap / 2.0
    assert pull_towards_mode(low, gap, std, omega, times) < 0.0 < pull_towards_mode(high, gap, std, omega, times)
    for _ in range(60):
        middle = (low + high) / 2.0
        if pull_towards_mode(middle, gap, std, omega, times) > 0.0:
            high = middle
        else:
            low = middle
    return (low + high) / 2.0
