"""Rendering against loops, closed forms and itself: pruned and not, alone and together."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles.sphere import outline_area
from oracles.volume import march_interval, ray_weights

from dreamcore import losses
from dreamcore.cameras import Cameras, orbit
from dreamcore.config import GridFieldConfig
from dreamcore.fields.base import FieldSample
from dreamcore.fields.grid import GridField
from dreamcore.render import Kept, Rays, even_rays, keep_occupied, occupancy, render
from dreamcore.rng import Draws
from dreamcore.shading import Looks

ALBEDO = (0.9, 0.5, 0.2)


@dataclass(frozen=True)
class Ball:
    """Constant density inside a radius, one for each scene: parameter `radius`, [scenes, 1]."""

    density_inside: float

    def initialise(self, draws: Draws) -> dict[str, torch.Tensor]:
        raise NotImplementedError

    def rate_group(self, name: str) -> str:
        raise NotImplementedError

    def density(self, parameters: Mapping[str, torch.Tensor], points: torch.Tensor) -> torch.Tensor:
        return self.density_inside * (points.norm(dim=-1) < parameters["radius"]).to(points.dtype)

    def sample(self, parameters: Mapping[str, torch.Tensor], points: torch.Tensor, with_gradient: bool) -> FieldSample:
        albedo = torch.tensor(ALBEDO, dtype=points.dtype).expand_as(points)
        return FieldSample(self.density(parameters, points), albedo, -100.0 * points if with_gradient else None)


def _double(cameras: Cameras) -> Cameras:
    return Cameras(cameras.position.double(), cameras.rotation.double(), cameras.focal.double())


def _looks(scenes: int, views: int, lit: bool = False, textureless: bool = False, ambient: float = 0.1) -> Looks:
    flags = torch.ones(scenes, views, dtype=torch.bool)
    strength = torch.full((scenes, views), ambient, dtype=torch.float64)
    white = torch.full((scenes,), 0.8, dtype=torch.float64)
    return Looks(flags & lit, flags & textureless, strength, white, flags & lit)


def _rays(cameras: Cameras, resolution: int, samples: int, bound: float = 1.0, jitter: float = 0.5) -> Rays:
    shape = (*cameras.focal.shape, resolution * resolution)
    jitters = torch.full(shape, jitter, dtype=torch.float64)
    return even_rays(_double(cameras), resolution, samples, bound, jitters).spread()


def _all(rays: Rays) -> Kept:
    return keep_occupied(rays, None, 1.0)


# ---- samples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("distance", [0.4, 2.5])
def test_samples_lie_evenly_in_the_sphere(jitter: float, distance: float) -> None:
    """Also for a camera inside it, whose rays start at the camera."""
    rays, samples = _rays(orbit([20.0], 10.0, distance, 0.8), 6, 7, 1.0, jitter), 7
    origin = orbit([20.0], 10.0, distance, 0.8).position[0, 0].double().numpy()
    hit = 0
    for ray in range(36):
        direction = rays.direction[0, 0, ray].numpy()
        near, far = march_interval(origin, direction, 1.0, 6.0, 60_000)
        spacing = float(rays.spacing[0, 0, ray, 0])
        assert spacing * samples == pytest.approx(far - near, abs=3e-4)
        expected = near + (np.arange(samples) + jitter) * spacing
        if spacing > 0.001:
            hit += 1
            np.testing.assert_allclose(rays.depth[0, 0, ray].numpy(), expected, atol=3e-4)
            points = origin + rays.depth[0, 0, ray].numpy()[:, None] * direction
            np.testing.assert_allclose(rays.points[0, 0, ray].numpy(), points, atol=1e-9)
            assert np.linalg.norm(points, axis=1).max() <= 1.0 + 1e-6
    assert hit > 10


def test_every_ray_has_its_own_jitter() -> None:
    cameras = _double(orbit([0.0, 90.0], 10.0, 2.0, 1.0))
    jitter = torch.rand(1, 2, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    moved, still = (even_rays(cameras, 4, 5, 1.0, shift).spread() for shift in (jitter, torch.zeros_like(jitter)))
    torch.testing.assert_close(moved.depth - still.depth, (jitter[..., None] * still.spacing).expand_as(still.depth))


# ---- what is kept ----------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0))
def test_kept_samples_against_a_loop(seed: int, share: float) -> None:
    """Two scenes with different grids: who is kept, that gather and scatter are inverse, and what padding holds."""
    generator = torch.Generator().manual_seed(seed)
    occupied = torch.rand(2, 4, 4, 4, generator=generator) < share
    rays = _rays(orbit([10.0, 200.0], 30.0, 2.0, 1.1, scenes=2), 4, 3, 0.9)
    kept = keep_occupied(rays, occupied, 0.9)
    points, spacing = rays.points.flatten(1, 3), rays.spacing.expand(rays.depth.shape).flatten(1)
    assert kept.total == points.shape[1] == 2 * 16 * 3
    for scene in range(2):
        expected = []
        for index, point in enumerate(points[scene].tolist()):
            cell = tuple(min(max(math.floor((c / 0.9 + 1.0) * 2.0), 0), 3) for c in point)
            if float(spacing[scene, index]) > 0.0 and bool(occupied[scene][cell]):
                expected.append(index)
        assert kept.index[scene][kept.valid[scene]].tolist() == expected
        assert bool((kept.index[scene][~kept.valid[scene]] == kept.total).all())
    values = torch.randn(2, kept.total, 3, generator=generator)
    mask = torch.zeros(2, kept.total + 1, dtype=torch.bool).scatter(1, kept.index, True)[:, : kept.total]
    back = kept.scatter(kept.gather(values) * kept.valid[..., None])
    assert torch.equal(back, torch.where(mask[..., None], values, torch.zeros(())))


def test_width_is_that_of_the_fullest_scene() -> None:
    rays = _rays(orbit([0.0], 10.0, 2.0, 1.0, scenes=2), 4, 3)
    occupied = torch.zeros(2, 4, 4, 4, dtype=torch.bool)
    assert keep_occupied(rays, occupied, 1.0).index.shape == (2, 1)
    occupied[1] = True
    everything = keep_occupied(rays, None, 1.0)
    kept = keep_occupied(rays, occupied, 1.0)
    assert kept.index.shape == everything.index.shape
    assert kept.valid.sum(1).tolist() == [0, int(everything.valid[1].sum())]


def test_backward_through_padding_is_the_mask() -> None:
    rays = _rays(orbit([0.0], 10.0, 2.0, 1.0, scenes=2), 4, 3)
    occupied = torch.zeros(2, 4, 4, 4, dtype=torch.bool)
    occupied[1] = True
    kept = keep_occupied(rays, occupied, 1.0)
    values = torch.ones(2, kept.index.shape[1], 1, requires_grad=True)
    (kept.scatter(values * kept.valid[..., None]) * 3.0).sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad[..., 0], kept.valid * 3.0)


# ---- images ----------------------------------------------------------------------------------------------------------


def _ball(radius: float, resolution: int, *, look: Looks | None = None, density: float = 1e4) -> tuple[Rays, object]:
    camera = orbit([0.0], 0.0, 3.0, 1.2)
    rays = _rays(camera, resolution, 96, bound=1.0)
    parameters = {"radius": torch.tensor([[radius]], dtype=torch.float64)}
    lit = look is not None
    view = render(
        Ball(density), parameters, rays, _all(rays), look or _looks(1, 1), camera.position.double(), with_normals=lit
    )
    return rays, view


@pytest.mark.parametrize("radius", [0.3, 0.6])
def test_silhouette_of_a_solid_ball(radius: float) -> None:
    rays, view = _ball(radius, 65)
    assert float(view.opacity.mean()) == pytest.approx(outline_area(radius, 3.0, 1.2), rel=0.02)
    image = view.over(torch.ones_like(rays.direction))[0, 0].unflatten(0, (65, 65))
    torch.testing.assert_close(image[32, 32], torch.tensor(ALBEDO).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(image[0, 0], torch.ones(3).double())
    # the middle ray meets the ball where it should, to a sample's spacing
    assert float(view.depth[0, 0, 32 * 65 + 32]) == pytest.approx(3.0 - radius, abs=2.0 / 96)
    # a ball is the same from the left and the right, from above and below
    opacity = view.opacity[0, 0].unflatten(0, (65, 65))
    assert float((opacity - opacity.flip(0)).abs().mean()) < 1e-3
    assert float((opacity - opacity.flip(1)).abs().mean()) < 1e-3


def test_fog_has_the_closed_form_of_its_chord() -> None:
    """A ball that fills the scene with density 1.3: every ray sees 1 - exp(-1.3 chord)."""
    camera = orbit([40.0], 25.0, 2.0, 0.9)
    rays = _rays(camera, 8, 400)
    view = render(
        Ball(1.3),
        {"radius": torch.full((1, 1), 2.0).double()},
        rays,
        _all(rays),
        _looks(1, 1),
        camera.position.double(),
        False,
    )
    origin = camera.position[0, 0].double().numpy()
    for ray in range(64):
        along = float(origin @ rays.direction[0, 0, ray].numpy())
        half = math.sqrt(max(along**2 - 4.0 + 1.0, 0.0))
        assert float(view.opacity[0, 0, ray]) == pytest.approx(1.0 - math.exp(-1.3 * 2.0 * half), abs=1e-5)


def test_a_lit_ball_is_bright_in_the_middle_and_dark_at_the_rim() -> None:
    """The light is at the camera, so the cosine is that of the surface's tilt: sqrt(1 - (r / R)^2) from far away."""
    _, view = _ball(0.6, 65, look=_looks(1, 1, lit=True, ambient=0.1))
    image = view.color[0, 0].unflatten(0, (65, 65)) / torch.tensor(ALBEDO).double()
    assert float(image[32, 32, 0]) == pytest.approx(1.0, abs=0.01)
    # at pixel column 32 + k the ray passes the middle at 3 tan(angle), and meets the ball before that
    for column in (40, 44):
        slope = (column - 32) / 65 / 1.2
        near = (3.0 - math.sqrt(9.0 - (1.0 + slope**2) * (9.0 - 0.36))) / (1.0 + slope**2)
        point = np.array([slope * near, 0.0, 3.0 - near])
        to_light = np.array([0.0, 0.0, 3.0]) - point
        cosine = float(point @ to_light) / 0.6 / float(np.linalg.norm(to_light))
        assert float(image[32, column, 0]) == pytest.approx(0.1 + 0.9 * cosine, abs=0.04)
    assert float(image[32, 32, 0]) > float(image[32, 40, 0]) > float(image[32, 44, 0])


def test_textureless_replaces_the_albedo_by_white() -> None:
    _, view = _ball(0.6, 33, look=_looks(1, 1, lit=True, textureless=True, ambient=1.0))
    middle = view.color[0, 0, 16 * 33 + 16]
    torch.testing.assert_close(middle, torch.full((3,), 0.8).double(), rtol=0, atol=1e-6)


def test_composited_over_a_background() -> None:
    _, view = _ball(0.6, 9, density=1.0)
    background = torch.rand(1, 1, 81, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = view.color + (1.0 - view.opacity[..., None]) * background
    torch.testing.assert_close(view.over(background), expected)
    empty = view.opacity[0, 0] == 0
    assert bool(empty.any())
    assert torch.equal(view.over(background)[0, 0][empty], background[0, 0][empty])


# ---- a learned field -------------------------------------------------------------------------------------------------

CONFIG = GridFieldConfig(resolutions=(4, 8), channels=2, table_size=512, hidden=6, init_scale=0.3, blob_radius=0.5)
FIELD = GridField(CONFIG, 1.0)


def _parameters(*seeds: int) -> dict[str, torch.Tensor]:
    draws = Draws(torch.tensor(seeds), torch.zeros(len(seeds), dtype=torch.int64))
    return {name: value.double() for name, value in FIELD.initialise(draws).items()}


def _mixed_looks() -> Looks:
    """Scene 0: albedo and shaded. Scene 1: textureless and albedo."""
    lit = torch.tensor([[False, True], [True, False]])
    bare = torch.tensor([[False, False], [True, False]])
    ambient = torch.tensor([[0.1, 0.3], [0.2, 0.1]], dtype=torch.float64)
    return Looks(lit, bare, ambient, torch.tensor([1.0, 0.8], dtype=torch.float64), lit)


LIGHT = torch.tensor([[[1.0, 2.0, 1.5], [0.0, 3.0, 0.5]], [[-1.0, 1.0, 2.0], [2.0, 0.1, 0.0]]], dtype=torch.float64)


def test_views_against_a_loop_over_samples() -> None:
    parameters, rays, looks = (
        _parameters(1, 2),
        _rays(orbit([10.0, 100.0], 20.0, 2.2, 1.3, scenes=2), 3, 8),
        _mixed_looks(),
    )
    view = render(FIELD, parameters, rays, _all(rays), looks, LIGHT, True)
    assert view.weights is not None
    found = FIELD.sample(parameters, rays.points.flatten(1, 3), True)
    assert found.gradient is not None
    shape = rays.depth.shape
    density, albedo = found.density.reshape(shape).numpy(), found.albedo.reshape(*shape, 3).numpy()
    slope = found.gradient.reshape(*shape, 3).numpy()
    for scene, v, ray in np.ndindex(*shape[:3]):
        weights = ray_weights(density[scene, v, ray], [float(rays.spacing[scene, v, ray, 0])] * shape[3])
        color, depth, turned = np.zeros(3), 0.0, 0.0
        for i, weight in enumerate(weights):
            rho, point = albedo[scene, v, ray, i], rays.points[scene, v, ray, i].numpy()
            gradient = slope[scene, v, ray, i]
            normal = -gradient / math.sqrt(float(gradient @ gradient) + 1e-6)
            to_light = LIGHT[scene, v].numpy() - point
            cosine = max(0.0, float(normal @ to_light) / float(np.linalg.norm(to_light)))
            if looks.lit[scene, v]:
                ambient = float(looks.ambient[scene, v])
                rho = float(looks.white[scene]) * np.ones(3) if looks.textureless[scene, v] else rho
                rho = rho * (ambient + (1.0 - ambient) * cosine)
            color, depth = color + weight * rho, depth + weight * float(rays.depth[scene, v, ray, i])
            facing = float(normal @ rays.direction[scene, v, ray].numpy()) if looks.lit[scene, v] else 0.0
            turned += weight * max(0.0, facing) ** 2
        np.testing.assert_allclose(view.color[scene, v, ray].numpy(), color, atol=1e-9)
        np.testing.assert_allclose(view.weights[scene, v, ray].numpy(), weights, atol=1e-9)
        assert float(view.opacity[scene, v, ray]) == pytest.approx(sum(weights), abs=1e-9)
        assert float(view.depth[scene, v, ray]) == pytest.approx(depth, abs=1e-9)
        assert float(view.turned[scene, v, ray]) == pytest.approx(turned, abs=1e-9)


def _results(view: object) -> list[torch.Tensor]:
    return [getattr(view, name) for name in ("color", "opacity", "depth", "weights", "turned")]


def test_an_all_true_grid_is_no_pruning() -> None:
    parameters, rays = _parameters(1, 2), _rays(orbit([10.0, 100.0], 20.0, 2.2, 1.0, scenes=2), 6, 8)
    everywhere = torch.ones(2, 5, 5, 5, dtype=torch.bool)
    plain = render(FIELD, parameters, rays, _all(rays), _mixed_looks(), LIGHT, True)
    pruned = render(FIELD, parameters, rays, keep_occupied(rays, everywhere, 1.0), _mixed_looks(), LIGHT, True)
    for a, b in zip(_results(plain), _results(pruned), strict=True):
        assert torch.equal(a, b)


def test_pruning_thin_cells_changes_little() -> None:
    parameters, rays = _parameters(1, 2), _rays(orbit([10.0, 100.0], 20.0, 2.2, 1.0, scenes=2), 12, 16)
    occupied = occupancy(FIELD, parameters, 24, 1.0, 0.05)
    kept = keep_occupied(rays, occupied, 1.0)
    assert 0 < int(kept.valid.sum()) < 0.9 * int(_all(rays).valid.sum())
    plain = render(FIELD, parameters, rays, _all(rays), _mixed_looks(), LIGHT, True)
    pruned = render(FIELD, parameters, rays, kept, _mixed_looks(), LIGHT, True)
    # what is skipped is thinner than 0.05 a unit (a cell's neighbours included), over at most 2 units
    assert float((plain.opacity - pruned.opacity).abs().max()) < 0.1
    assert float((plain.color - pruned.color).abs().max()) < 0.1


@pytest.mark.parametrize("pruned", [False, True])
def test_two_scenes_together_equal_each_alone(pruned: bool) -> None:
    """In value and in the parameters' gradients, whatever the neighbour's look and occupancy."""
    seeds, looks, light = (1, 2), _mixed_looks(), LIGHT
    cameras = orbit([10.0, 100.0], 20.0, 2.2, 1.0, scenes=2)
    occupied = torch.ones(2, 6, 6, 6, dtype=torch.bool)
    occupied[1, :3] = not pruned

    def run(chosen: slice) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
        part = Cameras(cameras.position[chosen], cameras.rotation[chosen], cameras.focal[chosen])
        mine = Looks(
            lit=looks.lit[chosen],
            textureless=looks.textureless[chosen],
            ambient=looks.ambient[chosen],
            white=looks.white[chosen],
            oriented=looks.oriented[chosen],
        )
        parameters = {name: value.requires_grad_() for name, value in _parameters(*seeds[chosen]).items()}
        rays = _rays(part, 6, 8)
        view = render(FIELD, parameters, rays, keep_occupied(rays, occupied[chosen], 1.0), mine, light[chosen], True)
        orientation = losses.orientation(view.turned.flatten(1))
        (view.color.square().mean((1, 2, 3)) + orientation + view.opacity.mean((1, 2))).sum().backward()
        grads = {name: value.grad for name, value in parameters.items() if value.grad is not None}
        assert grads.keys() == parameters.keys()
        return _results(view), grads

    together, together_grads = run(slice(0, 2))
    for scene in range(2):
        alone, alone_grads = run(slice(scene, scene + 1))
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[scene], b[0], rtol=1e-10, atol=1e-12)
        for name, value in alone_grads.items():
            torch.testing.assert_close(together_grads[name][scene], value[0], rtol=1e-9, atol=1e-12)


def test_normals_for_a_neighbour_s_sake_change_nothing() -> None:
    """An unlit scene pays no orientation loss, whether or not another scene of the pack needs normals."""
    parameters, rays = _parameters(1), _rays(orbit([10.0], 20.0, 2.2, 1.0), 6, 8)
    light = LIGHT[:1, :1]
    bare = render(FIELD, parameters, rays, _all(rays), _looks(1, 1), light, with_normals=False)
    rich = render(FIELD, parameters, rays, _all(rays), _looks(1, 1), light, with_normals=True)
    assert not bool(bare.turned.any()) and not bool(rich.turned.any())
    torch.testing.assert_close(rich.color, bare.color, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(rich.weights, bare.weights, rtol=1e-12, atol=1e-14)


def test_an_unlit_view_that_is_oriented_keeps_its_colour_and_pays_the_orientation_loss() -> None:
    parameters, rays = _parameters(1), _rays(orbit([10.0], 20.0, 2.2, 1.0), 6, 8)
    looks = dataclasses.replace(_looks(1, 1), oriented=torch.ones(1, 1, dtype=torch.bool))
    bare = render(FIELD, parameters, rays, _all(rays), _looks(1, 1), LIGHT[:1, :1], with_normals=False)
    found = render(FIELD, parameters, rays, _all(rays), looks, LIGHT[:1, :1], with_normals=True)
    assert bool(found.turned.any())
    torch.testing.assert_close(found.color, bare.color, rtol=1e-12, atol=1e-14)


def test_lit_views_move_the_geometry() -> None:
    """Normals alone reach tables and networks: the weights are held still."""
    parameters = {name: value.requires_grad_() for name, value in _parameters(3).items()}
    rays = _rays(orbit([10.0], 20.0, 2.2, 1.0), 6, 8)
    view = render(
        FIELD, parameters, rays, _all(rays), _looks(1, 1, lit=True, textureless=True), LIGHT[:1, :1], with_normals=True
    )
    view.turned.sum().backward()
    for name in ("table", "hidden_weight", "output_weight"):
        grad = parameters[name].grad
        assert grad is not None
        assert bool(grad.any())


def test_an_empty_scene_is_its_background() -> None:
    parameters, rays = _parameters(1), _rays(orbit([10.0], 20.0, 2.2, 1.0), 6, 8)
    leaves = {name: value.requires_grad_() for name, value in parameters.items()}
    nowhere = torch.zeros(1, 4, 4, 4, dtype=torch.bool)
    view = render(FIELD, leaves, rays, keep_occupied(rays, nowhere, 1.0), _looks(1, 1, lit=True), LIGHT[:1, :1], True)
    background = torch.full_like(rays.direction, 0.3)
    assert torch.equal(view.over(background), background)
    view.color.sum().backward()
    for value in leaves.values():
        assert value.grad is not None
        assert not bool(value.grad.any())


# ---- occupancy -------------------------------------------------------------------------------------------------------


def test_occupancy_against_a_loop() -> None:
    """A cell counts where its centre or one of its 26 neighbours' is denser than the threshold."""
    side, bound, radius = 9, 1.5, (0.5, 0.9)
    found = occupancy(Ball(2.0), {"radius": torch.tensor([[r] for r in radius])}, side, bound, 1.0)
    centre = ((np.arange(side) + 0.5) / side * 2.0 - 1.0) * bound
    for scene in range(2):
        dense = (
            np.linalg.norm(np.stack(np.meshgrid(centre, centre, centre, indexing="ij"), -1), axis=-1) < radius[scene]
        )
        expected = np.zeros_like(dense)
        for x, y, z in zip(*np.nonzero(dense), strict=True):
            expected[max(x - 1, 0) : x + 2, max(y - 1, 0) : y + 2, max(z - 1, 0) : z + 2] = True
        assert 0 < expected.sum() < expected.size
        np.testing.assert_array_equal(found[scene].numpy(), expected)


def test_occupancy_axes_are_those_of_the_points() -> None:
    """A ball off the centre would be pruned away if an axis were swapped or mirrored."""

    @dataclass(frozen=True)
    class Aside(Ball):
        def density(self, parameters: Mapping[str, torch.Tensor], points: torch.Tensor) -> torch.Tensor:
            return super().density(parameters, points - points.new_tensor([0.5, 0.2, -0.3]))

    field, parameters = Aside(50.0), {"radius": torch.full((1, 1), 0.25).double()}
    rays = _rays(orbit([35.0], 20.0, 3.0, 1.4), 24, 48)
    light = LIGHT[:1, :1]
    plain = render(field, parameters, rays, _all(rays), _looks(1, 1), light, False)
    occupied = occupancy(field, parameters, 20, 1.0, 0.5)
    assert float(occupied.double().mean()) < 0.1
    pruned = render(field, parameters, rays, keep_occupied(rays, occupied, 1.0), _looks(1, 1), light, False)
    assert float(plain.opacity.mean()) > 0.01
    torch.testing.assert_close(pruned.opacity, plain.opacity, rtol=0, atol=1e-12)


def test_cells_that_are_not_numbers_are_not_pruned_away() -> None:
    """Or a fault in one corner of the tables would never be rendered, and so never counted."""
    parameters = _parameters(1)
    parameters["table"][0, 0] = math.nan  # the lowest vertex of the coarse level
    found = occupancy(FIELD, parameters, 8, 1.0, 1e6)
    assert bool(found[0, 0, 0, 0])
    assert not bool(found[0, 4:, 4:, 4:].any())


def test_occupancy_never_wants_a_gradient() -> None:
    parameters = {name: value.requires_grad_() for name, value in _parameters(1).items()}
    found = occupancy(FIELD, parameters, 6, 1.0, 0.5)
    assert found.dtype == torch.bool
    assert not found.requires_grad
