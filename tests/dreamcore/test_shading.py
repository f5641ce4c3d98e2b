"""Looks, normals and light."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.samples import kolmogorov_smirnov

from dreamcore.config import ShadingConfig
from dreamcore.rng import Draws
from dreamcore.shading import lambertian, sample_looks, unit_normals

COUNT = 40_000
PAPER = ShadingConfig()
VECTOR = st.tuples(*[st.floats(-3.0, 3.0)] * 3)


def _draws(*seeds: int) -> Draws:
    return Draws(torch.tensor(seeds), torch.zeros(len(seeds), dtype=torch.int64))


def _within(found: float, expected: float) -> bool:
    """Four standard errors of a frequency."""
    return abs(found - expected) <= 4.0 * math.sqrt(expected * (1.0 - expected) / COUNT)


def test_the_paper_s_mix_of_looks() -> None:
    """A.2 after the first steps: 25 % albedo, 37.5 % shaded, 37.5 % textureless."""
    looks = sample_looks(_draws(1), [PAPER], torch.tensor([0.5]), COUNT)
    lit, bare = looks.lit.double(), looks.textureless.double()
    assert _within(float(1.0 - lit.mean()), 0.25)
    assert _within(float((lit * (1.0 - bare)).mean()), 0.375)
    assert _within(float(bare.mean()), 0.375)
    assert bool((looks.lit | ~looks.textureless).all()), "textureless without light would be a white cut-out"
    torch.testing.assert_close(looks.ambient, torch.full((1, COUNT), 0.1))
    assert looks.white.tolist() == [1.0]


@pytest.mark.parametrize(("step", "lit"), [(0, False), (999, False), (1000, True), (14999, True)])
def test_light_comes_on_after_a_fifteenth_of_the_run(step: int, lit: bool) -> None:
    looks = sample_looks(_draws(1), [PAPER], torch.tensor([step / 15000]), 1000)
    assert bool(looks.lit.any()) is lit


def test_scenes_have_their_own_looks() -> None:
    never = ShadingConfig(lit_probability=0.0)
    always = ShadingConfig(lit_probability=1.0, textureless_probability=0.0, ambient=(0.2, 0.6), textureless_albedo=0.8)
    bare = ShadingConfig(albedo_fraction=0.0, lit_probability=1.0, textureless_probability=1.0)
    progress = torch.tensor([0.5, 0.5, 0.0])
    looks = sample_looks(_draws(1, 2, 3), [never, always, bare], progress, 2000)
    assert looks.lit.double().mean(1).tolist() == [0.0, 1.0, 1.0]
    assert looks.textureless.double().mean(1).tolist() == [0.0, 0.0, 1.0]
    torch.testing.assert_close(looks.white, torch.tensor([1.0, 0.8, 1.0]))
    ambient = looks.ambient[1].double().numpy()
    assert kolmogorov_smirnov(ambient, lambda x: min(max((x - 0.2) / 0.4, 0.0), 1.0)) < 1.95
    alone = sample_looks(_draws(2), [always], progress[1:2], 2000)
    assert torch.equal(alone.lit[0], looks.lit[1])
    assert torch.equal(alone.ambient[0], looks.ambient[1])


@given(VECTOR, VECTOR, VECTOR, st.tuples(*[st.floats(0.0, 1.0)] * 3), st.floats(0.0, 1.0))
def test_lambertian_closed_form(
    normal: Sequence[float], point: Sequence[float], light: Sequence[float], albedo: Sequence[float], ambient: float
) -> None:
    way = np.array(light) - np.array(point)
    distance, length = np.linalg.norm(way), np.linalg.norm(normal)
    if distance < 1e-3 or length < 1e-3:
        return
    unit = np.array(normal) / length
    cosine = max(0.0, float(unit @ way) / distance)
    expected = np.array(albedo) * ((1.0 - ambient) * cosine + ambient)
    arguments = (torch.tensor(value, dtype=torch.float64)[None] for value in (albedo, unit, point, light, [ambient]))
    np.testing.assert_allclose(lambertian(*arguments)[0].numpy(), expected, rtol=1e-9, atol=1e-12)


def test_light_from_behind_leaves_the_ambient_part() -> None:
    albedo, normal = torch.tensor([[0.2, 0.4, 0.6]]), torch.tensor([[0.0, 0.0, 1.0]])
    behind, before = torch.tensor([[0.0, 0.0, -2.0]]), torch.tensor([[0.0, 0.0, 2.0]])
    point, ambient = torch.zeros(1, 3), torch.tensor([[0.1]])
    torch.testing.assert_close(lambertian(albedo, normal, point, behind, ambient), albedo * 0.1)
    torch.testing.assert_close(lambertian(albedo, normal, point, before, ambient), albedo)


def test_normals_of_a_round_density_point_outwards() -> None:
    """tau = exp(-4 |x|^2): its gradient is -8 x tau."""
    points = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)).double() * 0.5
    gradient = -8.0 * points * torch.exp(-4.0 * points.square().sum(-1, keepdim=True))
    cosine = (unit_normals(gradient) * points).sum(-1) / points.norm(dim=-1)
    strong = gradient.norm(dim=-1) > 0.1
    assert int(strong.sum()) > 50
    torch.testing.assert_close(cosine[strong], torch.ones_like(cosine[strong]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-3, 1.0, 1e15])
def test_normals_have_a_finite_derivative_everywhere(scale: float) -> None:
    gradient = (torch.tensor([[1.0, -2.0, 0.5]]) * scale).requires_grad_()
    normal = unit_normals(gradient)
    assert bool(normal.isfinite().all())
    assert float(normal.detach().norm()) <= 1.0 + 1e-6
    (normal * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert gradient.grad is not None
    assert bool(gradient.grad.isfinite().all())


def test_vanishing_gradient_has_no_normal() -> None:
    assert torch.equal(unit_normals(torch.zeros(2, 3)).abs(), torch.zeros(2, 3))


def test_normals_are_for_lit_views_or_for_all() -> None:
    draws = Draws(torch.arange(64), torch.zeros(64, dtype=torch.long))
    lit_only = [ShadingConfig(albedo_fraction=0.0)] * 32
    always = [ShadingConfig(albedo_fraction=0.0, normals="always")] * 32
    looks = sample_looks(draws, lit_only + always, torch.full((64,), 0.5), 2)
    assert torch.equal(looks.oriented[:32], looks.lit[:32])
    assert bool(looks.oriented[32:].all())
    assert not bool(looks.lit[32:].all())
