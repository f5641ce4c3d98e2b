"""The paper's learning rate."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from dreamcore.schedules import warmup_cosine

STEPS = 15_000


def _rate(steps: list[float], warmup: float = 0.2) -> list[float]:
    progress = torch.tensor(steps, dtype=torch.float64) / STEPS
    values = (torch.full_like(progress, value) for value in (warmup, 1e-9, 1e-4, 1e-6))
    return warmup_cosine(progress, *values).tolist()


def test_milestones_of_the_paper() -> None:
    """A.2: 1e-9 to 1e-4 over 3,000 steps, cosine decay to 1e-6 at 15,000."""
    found = _rate([0, 1500, 3000, 9000, 15_000])
    assert found == pytest.approx([1e-9, (1e-9 + 1e-4) / 2, 1e-4, (1e-4 + 1e-6) / 2, 1e-6], rel=1e-9)


def test_every_step_against_the_formula() -> None:
    for step, found in enumerate(_rate([float(step) for step in range(0, STEPS, 7)])):
        at = 7 * step
        if at < 3000:
            expected = 1e-9 + (1e-4 - 1e-9) * at / 3000
        else:
            expected = 1e-6 + (1e-4 - 1e-6) * math.cos(math.pi * (at - 3000) / 12_000 / 2) ** 2
        assert found == pytest.approx(expected, rel=1e-9)


def test_it_rises_then_falls() -> None:
    found = _rate([float(step) for step in range(0, STEPS + 1, 50)])
    assert all(a < b for a, b in pairwise(found[:61]))
    assert all(a > b for a, b in pairwise(found[60:]))


def test_each_scene_has_its_own() -> None:
    def settings() -> list[Tensor]:
        return [torch.tensor(row) for row in ((0.1, 0.6), (0.2, 0.5), (0.0, 1e-3), (1.0, 2.0), (0.5, 0.1))]

    together = warmup_cosine(*settings())
    alone = [warmup_cosine(*(value[i : i + 1] for value in settings())) for i in range(2)]
    assert torch.equal(together, torch.cat(alone))
    assert together.tolist() == pytest.approx([0.5, 0.1 + 1.9 * 0.5 * (1 + math.cos(0.2 * math.pi))])


def test_single_precision_keeps_the_smallest_rate() -> None:
    one = torch.ones(1)
    assert float(warmup_cosine(0 * one, 0.2 * one, 1e-9 * one, 1e-4 * one, 1e-6 * one)) == pytest.approx(1e-9, rel=1e-6)
