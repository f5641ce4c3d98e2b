"""Traced images against silhouettes, normals and brightness in closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from oracles.solids import exhibition, plain, single, tables_of, together, view
from torch import Tensor

from dreamcore.cameras import orbit, ray_directions
from dreamcore.objects.solid import Op, Paint, Pattern, Shape, Solid
from dreamcore.objects.tracer import (
    BARE,
    FAR,
    SURFACE,
    Views,
    distance,
    march,
    normals,
    paint,
    parts_of,
    pixel_directions,
    trace,
    trace_plainly,
)

RED, BLUE = plain((1.0, 0.0, 0.0)), plain((0.0, 0.0, 1.0))


def ball(radius: float = 0.5, colour: Paint = RED) -> Solid:
    solid = Solid(1)
    solid.ellipsoid((0.0, 0.0, 0.0), radius, colour)
    return solid


def picture(solid: Solid, seen: Views, side: int = 32, oversampling: int = 2) -> Tensor:
    return trace(tables_of([solid]), torch.zeros(len(seen), dtype=torch.int64), seen, side, oversampling)


def covered(solid: Solid, seen: Views, side: int = 48) -> Tensor:
    return picture(solid, seen, side, 1)[0, :, :, 3] == 255


def at(solid: Solid, *points: tuple[float, float, float]) -> list[float]:
    return distance(parts_of(tables_of([solid])[0]), torch.tensor(points).T).tolist()


def offsets(side: int) -> tuple[Tensor, Tensor]:
    """Of pixel centres from the middle of the image, in image widths, to the right and up."""
    centre = (torch.arange(side) + 0.5) / side - 0.5
    up, right = torch.meshgrid(-centre, centre, indexing="ij")
    return right, up


# ---- silhouettes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("azimuth", "elevation"), [(0.0, 0.0), (130.0, 40.0), (20.0, 90.0)])
def test_a_ball_is_a_disc_of_the_right_radius(azimuth: float, elevation: float) -> None:
    radius, away, focal = 0.6, 2.5, 1.5
    right, up = offsets(48)
    # the rays that touch a ball make a cone whose sine is radius over distance
    rim = focal * math.tan(math.asin(radius / away))
    expected = torch.hypot(right, up)
    shown = covered(ball(radius), view(azimuth, elevation, away, focal))
    clear = (expected - rim).abs() > 0.006
    assert torch.equal(shown[clear], (expected < rim)[clear])


def test_a_box_from_the_front_is_its_front() -> None:
    solid = Solid(1)
    solid.box((0.1, 0.2, 0.0), (0.5, 0.3, 0.4), RED, rounding=0.0)
    right, up = offsets(48)
    scale = 1.5 / (2.5 - 0.4)  # focal length over the distance of the front
    shown = covered(solid, view(0.0, 0.0, 2.5, 1.5))
    sides = torch.stack([(right / scale - 0.1).abs() - 0.5, (up / scale - 0.2).abs() - 0.3]).amax(0)
    clear = sides.abs() > 0.015
    assert torch.equal(shown[clear], (sides < 0.0)[clear])


def test_azimuth_90_shows_the_right_side() -> None:
    solid = ball(0.3, BLUE)
    solid.box((0.6, 0.0, 0.0), (0.1, 0.1, 0.1), RED)
    side = picture(solid, view(90.0, 0.0))[0]
    assert side[16, 16].tolist()[0] > 2 * side[16, 16].tolist()[2]
    front = picture(solid, view(0.0, 0.0))[0, 16]
    right_most = int(torch.nonzero(front[:, 3] == 255)[-1])
    assert right_most > 20
    assert front[right_most, 0] > front[right_most, 2]


def test_rays_are_those_of_the_scene_cameras() -> None:
    cameras = orbit([20.0, 200.0], 35.0, 2.7, 1.4)
    expected = ray_directions(cameras, 9)[0]
    for rays, rotation, focal in zip(expected, cameras.rotation[0], cameras.focal[0], strict=True):
        assert torch.allclose(pixel_directions(rotation, focal, 9), rays.T, atol=1e-6)


def test_depth_of_a_ball_is_where_the_quadratic_says() -> None:
    origin = torch.tensor([[0.0], [0.0], [3.0]])
    angle = torch.linspace(-0.25, 0.25, 51)
    direction = torch.stack([angle.sin(), torch.zeros_like(angle), -angle.cos()])
    hit, depth = march(parts_of(tables_of([ball(0.5)])[0]), origin, direction)
    root = 0.25 - 9.0 * angle.sin() ** 2
    clear = root.abs() > 0.02
    assert torch.equal(hit[clear], (root > 0.0)[clear])
    exact = 3.0 * angle.cos() - root.clamp(min=0.0).sqrt()
    # it stops SURFACE before the surface, measured along its normal
    assert float((depth - exact)[hit & clear].abs().max()) < SURFACE * 5.0


# ---- normals, light and colour ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [Shape.TORUS, Shape.CONE, Shape.CAPSULE, Shape.ELLIPSOID])
def test_normals_are_the_gradient_of_the_distance(shape: Shape) -> None:
    parts = parts_of(tables_of([single(shape)])[0])
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(3, 4000, generator=generator) * 2.0 - 1.0
    points = points[:, distance(parts, points).abs() < 0.05]
    assert points.shape[1] > 50
    axes = 0.004 * torch.eye(3)[:, :, None]
    slopes = torch.stack([distance(parts, points + axis) - distance(parts, points - axis) for axis in axes])
    expected = slopes / slopes.norm(dim=0)
    assert float((normals(parts, points) * expected).sum(0).quantile(0.05)) > 0.999


def test_a_ball_s_normals_point_away_from_its_centre() -> None:
    points = torch.randn(3, 200, generator=torch.Generator().manual_seed(0))
    points = 0.5 * points / points.norm(dim=0)
    assert torch.allclose(normals(parts_of(tables_of([ball(0.5)])[0]), points), 2.0 * points, atol=6e-3)


def test_brightness_is_lambert_s() -> None:
    colour = torch.tensor([0.8, 0.4, 0.2])
    seen = view(0.0, 0.0, 3.0, 1.8, light=torch.tensor([[2.0, 1.5, 3.0]]))
    shown = picture(ball(0.6, plain((0.8, 0.4, 0.2))), seen, 33, 1)[0].float() / 255.0
    rays = pixel_directions(seen.rotation[0], seen.focal[0], 33)
    origin = torch.tensor([[0.0], [0.0], [3.0]])
    b = (rays * origin).sum(0)
    root = b * b - 9.0 + 0.36
    points = origin + rays * (-b - root.clamp(min=0.0).sqrt())
    towards = torch.tensor([[2.0], [1.5], [3.0]]) - points
    lambert = ((points / 0.6) * towards / towards.norm(dim=0)).sum(0).clamp(min=0.0)
    expected = (colour[:, None] * (0.4 + 0.6 * lambert)).T.reshape(33, 33, 3)
    clear = (root > 0.05).reshape(33, 33)
    assert clear.sum() > 100
    assert float((shown[..., :3] - expected)[clear].abs().max()) < 0.012


def test_unlit_views_show_the_albedo_alone() -> None:
    flat = view(ambient=torch.tensor([1.0]), diffuse=torch.tensor([0.0]), gloss=torch.tensor([0.0]))
    shown = picture(ball(0.6, plain((0.8, 0.4, 0.2), gloss=0.9)), flat)[0]
    inside = shown[shown[..., 3] == 255]
    assert torch.equal(inside[:, :3].unique(dim=0), torch.tensor([[204, 102, 51]], dtype=torch.uint8))


def test_textureless_views_know_no_paint() -> None:
    bare = view(textureless=torch.tensor([True]))
    one = picture(ball(0.6, RED.glossy(1.0)), bare)
    assert torch.equal(one, picture(ball(0.6, BLUE.patterned(Pattern.DOTS, 5.0)), bare))
    assert torch.equal(one[..., 0], one[..., 2])
    white = replace(bare, ambient=torch.tensor([1.0]), diffuse=torch.tensor([0.0]))
    assert int(picture(ball(), white)[..., 0].max()) == int(BARE * 255.0 + 0.5)


def test_highlights_are_where_the_normal_halves_the_angle() -> None:
    seen = view(0.0, 0.0, 3.0, 1.8, light=torch.tensor([[3.0, 0.0, 3.0]]))
    matt, glossy = (picture(ball(0.6, plain((0.3, 0.3, 0.3), gloss)), seen, 32)[0].int() for gloss in (0.0, 1.0))
    shine = (glossy - matt)[..., 0]
    assert int(shine.max()) == pytest.approx(0.6 * 255.0, abs=6)
    line, column = divmod(int(shine.argmax()), 32)
    # half way between the light at 45 degrees and the camera, so about 22.5 degrees to the right
    assert (column - 15.5) / 32 == pytest.approx(1.8 * 0.6 * math.sin(math.radians(22.5)) / 2.45, abs=0.03)
    assert line in (15, 16)


def test_colour_is_premultiplied_by_coverage() -> None:
    flat = view(ambient=torch.tensor([1.0]), diffuse=torch.tensor([0.0]))
    edge = picture(ball(0.6, plain((1.0, 1.0, 1.0))), flat, 24, 3)[0]
    assert torch.equal(edge[..., 0], edge[..., 3])
    assert set(edge[..., 3].unique().tolist()) == {int(255.0 * k / 9.0 + 0.5) for k in edge[..., 3].unique() // 28}


# ---- how parts join --------------------------------------------------------------------------------------------------


def pair(**how: object) -> Solid:
    """A red ball of radius 1 / 2 and a blue one 0.6 to the right of it."""
    solid = ball(0.5)
    solid.ellipsoid((0.6, 0.0, 0.0), 0.5, BLUE, **how)
    return solid


def test_union_is_the_nearer() -> None:
    assert at(pair(), (-1.0, 0.0, 0.0), (1.6, 0.0, 0.0)) == pytest.approx([0.5, 0.5], abs=1e-4)


def test_cut_takes_away() -> None:
    solid = pair(cut=True)
    kept, taken, never = at(solid, (-0.3, 0.0, 0.0), (0.3, 0.0, 0.0), (0.9, 0.0, 0.0))
    assert kept < 0.0 < min(taken, never)
    assert taken == pytest.approx(0.2, abs=1e-4)  # to the cut's surface


def test_clip_keeps_what_is_inside() -> None:
    gone, kept, never = at(pair(clip=True), (-0.3, 0.0, 0.0), (0.3, 0.0, 0.0), (0.9, 0.0, 0.0))
    assert kept < 0.0 < min(gone, never)
    assert gone == pytest.approx(0.4, abs=1e-4)


def test_blend_fills_the_crease_and_fades_away_from_it() -> None:
    crease, back = (0.3, 0.45, 0.0), (-0.8, 0.0, 0.0)
    sharp, melted = at(pair(), crease, back), at(pair(blend=0.2), crease, back)
    assert melted[0] < sharp[0] - 0.03
    assert melted[1] == pytest.approx(sharp[1], abs=1e-5)
    # where both are as far, a polynomial smooth minimum is a quarter of its length less
    assert melted[0] == pytest.approx(sharp[0] - 0.2 / 4.0, abs=1e-4)


def test_parts_join_in_their_order() -> None:
    cut_last, cut_first = Solid(1), Solid(1)
    cut_last.ellipsoid((0.0, 0.0, 0.0), 0.5, RED)
    cut_last.ellipsoid((0.4, 0.0, 0.0), 0.3, RED)
    cut_last.box((0.5, 0.0, 0.0), (0.3, 0.3, 0.3), RED, cut=True)
    cut_first.ellipsoid((0.0, 0.0, 0.0), 0.5, RED)
    cut_first.box((0.5, 0.0, 0.0), (0.3, 0.3, 0.3), RED, cut=True)
    cut_first.ellipsoid((0.4, 0.0, 0.0), 0.3, RED)
    point = (0.5, 0.0, 0.0)
    assert at(cut_last, point)[0] > 0.0 > at(cut_first, point)[0]


def test_colours_are_those_of_the_parts() -> None:
    points = torch.tensor([(-0.5, 0.0, 0.0), (1.1, 0.0, 0.0)]).T
    looks = paint(parts_of(tables_of([pair()])[0]), points)
    assert torch.allclose(looks[:3].T, torch.tensor([(1.0, 0.0, 0.0), (0.0, 0.0, 1.0)]))
    cut = paint(parts_of(tables_of([pair(cut=True)])[0]), torch.tensor([[0.1], [0.0], [0.0]]))
    assert torch.allclose(cut[:3, 0], torch.tensor([0.0, 0.0, 1.0]))  # the inside of a cut has the cut's colour
    clip = paint(parts_of(tables_of([pair(clip=True)])[0]), torch.tensor([[0.1], [0.0], [0.0]]))
    assert torch.allclose(clip[:3, 0], torch.tensor([1.0, 0.0, 0.0]))


def test_absent_parts_are_not_there() -> None:
    assert at(pair(when=np.array([False])), (1.2, 0.3, 0.1)) == at(ball(0.5), (1.2, 0.3, 0.1))
    nothing = Solid(1)
    nothing.ellipsoid((0.0, 0.0, 0.0), 0.5, RED, when=False)
    assert parts_of(tables_of([nothing])[0]) == []
    assert int(picture(nothing, view()).max()) == 0


def test_skipping_parts_changes_no_distance() -> None:
    """Against the joins of `solid.Op` written out over all points."""
    points = torch.rand(3, 3000, generator=torch.Generator().manual_seed(1)) * 2.2 - 1.1
    for table in exhibition()[13:]:
        parts = parts_of(table)
        total = torch.full((3000,), FAR)
        for part in parts:
            own = distance([replace(part, op=Op.UNION)], points)
            total = part.joined(total, own)[0]
        outside = total > 0.0
        close = (distance(parts, points) - total)[outside].abs() < 1e-4
        # the ellipsoid's distance is less than that to its sphere here and there
        assert float(close.float().mean()) > 0.95
        assert torch.equal(distance(parts, points) > 0.0, outside)


# ---- many views ------------------------------------------------------------------------------------------------------


def test_views_do_not_know_of_each_other() -> None:
    tables = exhibition()
    views = together([view(azimuth=70.0 * index, elevation=10.0 * index) for index in range(4)])
    solid = torch.tensor([13, 2, 2, 0])
    images = trace_plainly(tables, solid, views, 12)
    assert images.shape == (4, 12, 12, 4)
    assert torch.equal(images, trace_plainly(tables, solid, views, 12))
    order = torch.tensor([2, 0, 3, 1])
    assert torch.equal(trace_plainly(tables, solid[order], views[order], 12), images[order])
    assert torch.equal(trace_plainly(tables[2:3], torch.tensor([0]), views[1:2], 12), images[1:2])
    assert len(trace_plainly(tables, solid[:0], views[:0], 12)) == 0


def test_oversampling_is_the_mean_of_finer_pixels() -> None:
    seen = view()
    solid = single(Shape.STAR)
    fine, coarse = picture(solid, seen, 24, 1)[0].float(), picture(solid, seen, 12, 2)[0].float()
    mean = fine.view(12, 2, 12, 2, 4).mean(dim=(1, 3))
    assert float((mean - coarse).abs().max()) <= 1.0
