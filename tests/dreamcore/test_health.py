"""Verdicts: when a scene is given up, and what the reason says."""

from __future__ import annotations

import math

import pytest

from dreamcore.config import HealthConfig
from dreamcore.health import HEALTHY, OPACITY_MEMORY, judge, smooth_opacity

CONFIG = HealthConfig(max_nonfinite=2, collapse_opacity=0.01, saturation_opacity=0.9, patience_fraction=0.5)


@pytest.mark.parametrize(
    ("progress", "nonfinite", "opacity", "kind"),
    [
        (0.9, 0, 0.3, "healthy"),
        (0.9, 0, 0.01, "healthy"),
        (0.9, 0, 0.0099, "collapsed"),
        (0.9, 0, 0.0, "collapsed"),
        (0.49, 0, 0.0, "healthy"),
        (0.5, 0, 0.0, "collapsed"),
        (0.9, 0, 0.9, "healthy"),
        (0.9, 0, 0.91, "saturated"),
        (0.49, 0, 1.0, "healthy"),
        (0.0, 2, 0.3, "healthy"),
        (0.0, 3, 0.3, "diverged"),
        (0.9, 3, 0.0, "diverged"),
        (0.9, 2, None, "healthy"),
        (0.9, 3, None, "diverged"),
    ],
)
def test_verdicts(progress: float, nonfinite: int, opacity: float | None, kind: str) -> None:
    verdict = judge(CONFIG, progress, nonfinite, opacity)
    assert verdict.kind == kind
    assert (verdict is HEALTHY) == (kind == "healthy")
    assert bool(verdict.reason) == (kind != "healthy")


def test_reasons_have_value_and_bound() -> None:
    assert judge(CONFIG, 0.0, 3, 0.3).reason == "3 steps had a gradient that was not finite; 2 allowed"
    assert "0.0050 is under 0.01" in judge(CONFIG, 0.9, 0, 0.005).reason
    assert "0.9500 is over 0.9" in judge(CONFIG, 0.9, 0, 0.95).reason


def test_zero_patience_with_nonfinite_steps() -> None:
    assert judge(HealthConfig(max_nonfinite=0), 0.0, 1, 0.5).kind == "diverged"
    assert judge(HealthConfig(max_nonfinite=0), 0.0, 0, 0.5).kind == "healthy"


def test_running_mean_starts_at_the_first_value_and_follows() -> None:
    assert smooth_opacity(None, 0.4) == 0.4
    assert smooth_opacity(0.4, 0.8) == pytest.approx(OPACITY_MEMORY * 0.4 + (1.0 - OPACITY_MEMORY) * 0.8)
    value: float | None = None
    for _ in range(500):
        value = smooth_opacity(value, 0.7)
    assert value == pytest.approx(0.7)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_running_mean_leaves_out_what_is_not_finite(bad: float) -> None:
    assert smooth_opacity(0.4, bad) == 0.4
    assert smooth_opacity(None, bad) is None
    assert smooth_opacity(smooth_opacity(None, bad), 0.3) == 0.3
