"""Loss terms against loops over rays and samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dreamcore import losses

RNG = np.random.default_rng(0)
WEIGHTS = RNG.uniform(0.0, 0.2, (2, 4, 5))
FACING = RNG.uniform(-1.0, 1.0, (2, 4, 5))
OPACITY = RNG.uniform(0.0, 1.0, (2, 6))


def test_orientation_against_loops() -> None:
    found = losses.orientation(losses.turned_away(torch.tensor(WEIGHTS), torch.tensor(FACING)))
    for scene in range(2):
        total = 0.0
        for ray in range(4):
            for sample in range(5):
                total += WEIGHTS[scene, ray, sample] * max(0.0, FACING[scene, ray, sample]) ** 2
        assert float(found[scene]) == pytest.approx(total / 4, rel=1e-12)


def test_orientation_does_not_reach_the_weights() -> None:
    """A.2 stops the gradient at the weights: hiding a wrong normal must not pay."""
    w, facing = torch.tensor(WEIGHTS, requires_grad=True), torch.tensor(FACING, requires_grad=True)
    losses.orientation(losses.turned_away(w * 1.0, facing)).sum().backward()
    assert w.grad is None
    assert facing.grad is not None
    np.testing.assert_allclose(facing.grad.numpy(), WEIGHTS * 2.0 * np.maximum(FACING, 0.0) / 4, rtol=1e-12)


def test_normals_that_face_the_camera_cost_nothing() -> None:
    assert float(losses.orientation(losses.turned_away(torch.ones(1, 2, 3), -torch.ones(1, 2, 3)))) == 0.0


def test_opacity_against_loops() -> None:
    found = losses.opacity(torch.tensor(OPACITY))
    for scene in range(2):
        expected = sum(math.sqrt(a * a + 0.01) for a in OPACITY[scene]) / 6
        assert float(found[scene]) == pytest.approx(expected, rel=1e-12)


def test_entropy_against_loops() -> None:
    found = losses.entropy(torch.tensor(OPACITY))
    for scene in range(2):
        expected = sum(-a * math.log(a) - (1 - a) * math.log(1 - a) for a in OPACITY[scene]) / 6
        assert float(found[scene]) == pytest.approx(expected, rel=1e-12)
    assert float(losses.entropy(torch.full((1, 3), 0.5))) == pytest.approx(math.log(2.0))


@pytest.mark.parametrize("loss", [losses.opacity, losses.entropy])
@pytest.mark.parametrize("value", [0.0, 1e-30, 1.0 - 1e-7, 1.0, 1.000001])
def test_extremes_are_finite(loss: object, value: float) -> None:
    opacity = torch.full((1, 3), value, requires_grad=True)
    result = loss(opacity)  # type: ignore[operator]
    result.sum().backward()
    assert bool(result.isfinite().all())
    assert opacity.grad is not None
    assert bool(opacity.grad.isfinite().all())


def test_scenes_are_apart() -> None:
    opacity = torch.tensor([[0.2, 0.4], [float("nan"), 0.1]])
    assert losses.opacity(opacity).isfinite().tolist() == [True, False]
    assert losses.entropy(opacity).isfinite().tolist() == [True, False]


def test_transmittance_against_loops() -> None:
    opacity, targets = RNG.uniform(0.0, 1.0, (3, 2, 6)), (0.2, 0.5, 0.9)
    found = losses.transmittance(torch.tensor(opacity), torch.tensor(targets, dtype=torch.float64))
    clipped = set()
    for scene in range(3):
        total = 0.0
        for view in range(2):
            passed = sum(1.0 - a for a in opacity[scene, view]) / 6
            clipped.add(passed > targets[scene])
            total -= min(targets[scene], passed)
        assert float(found[scene]) == pytest.approx(total / 2, rel=1e-12)
    assert clipped == {True, False}


def test_transmittance_pays_for_no_more_than_its_target() -> None:
    """An empty scene has the full reward and nothing to gain, an opaque one none and all to gain."""
    empty, opaque = (torch.full((1, 1, 4), value, requires_grad=True) for value in (0.0, 1.0))
    found = [losses.transmittance(opacity, torch.tensor([0.88])) for opacity in (empty, opaque)]
    assert [value.detach().item() for value in found] == pytest.approx([-0.88, 0.0])
    torch.cat(found).sum().backward()
    assert empty.grad is not None
    assert opaque.grad is not None
    assert empty.grad.abs().max() == 0.0
    torch.testing.assert_close(opaque.grad, torch.full((1, 1, 4), 0.25))
