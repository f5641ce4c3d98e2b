"""Whether a scene is still worth its steps, with a reason a person can read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dreamcore.config import HealthConfig

OPACITY_MEMORY = 0.95


@dataclass(frozen=True)
class Verdict:
    """`kind` is `healthy`, `diverged`, `collapsed` or `saturated`; all but the first end the run."""

    kind: str
    reason: str


HEALTHY = Verdict("healthy", "")


def smooth_opacity(before: float | None, opacity: float) -> float | None:
    """Running mean of the mean image opacity, which jumps from view to view. A value that is not finite is left out;
    None as long as there was no other."""
    if not math.isfinite(opacity):
        return before
    if before is None:
        return opacity
    return OPACITY_MEMORY * before + (1.0 - OPACITY_MEMORY) * opacity


def judge(config: HealthConfig, progress: float, nonfinite: int, opacity: float | None) -> Verdict:
    """The verdict on a scene. `opacity` is the running mean, None where none was finite; `nonfinite` the count of
    skipped updates."""
    if nonfinite > config.max_nonfinite:
        return Verdict(
            "diverged", f"{nonfinite} steps had a gradient that was not finite; {config.max_nonfinite} allowed"
        )
    if opacity is None or progress < config.patience_fraction:
        return HEALTHY
    if opacity < config.collapse_opacity:
        return Verdict(
            "collapsed", f"mean opacity {opacity:.4f} is under {config.collapse_opacity}: the scene is empty"
        )
    if opacity > config.saturation_opacity:
        return Verdict(
            "saturated", f"mean opacity {opacity:.4f} is over {config.saturation_opacity}: fog fills the view"
        )
    return HEALTHY
