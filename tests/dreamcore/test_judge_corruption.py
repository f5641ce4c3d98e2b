"""What spoils the judge's images: nothing when nothing is wanted, and never out of range."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from dreamcore.training.corruption import Corruption, CorruptionSettings, rounded_cosines

CPU = torch.device("cpu")
NOTHING = {
    "flip": 0.0, "scale": (1.0, 1.0), "shift": 0.0, "angle": 0.0, "white": 1.0, "gray": 0.0, "gradient": 0.0,
    "soft": 0.0, "coarse": 0.0, "fog": 0.0, "see_through": 0.0, "noise": 0.0, "colours": 0.0, "blocks": 0.0,
}  # fmt: skip


def spoilt(layers: Tensor, seed: int = 0, **settings: object) -> Tensor:
    chosen = CorruptionSettings(**{**NOTHING, **settings})  # type: ignore[arg-type]
    return Corruption(chosen, torch.Generator().manual_seed(seed), CPU)(layers)


def layers(count: int = 3, side: int = 16) -> Tensor:
    """Colour times coverage, and coverage."""
    drawn = torch.rand(count, 4, side, side, generator=torch.Generator().manual_seed(9))
    return torch.cat([drawn[:, :3] * drawn[:, 3:], drawn[:, 3:]], 1)


def white(images: Tensor) -> Tensor:
    return images[:, :3] + 1.0 - images[:, 3:]


def test_without_faults_an_image_is_over_white() -> None:
    torch.testing.assert_close(spoilt(layers()), white(layers()))


def test_a_flip_is_a_mirror() -> None:
    torch.testing.assert_close(spoilt(layers(), flip=1.0), white(layers()).flip(-1))


def test_twice_the_scale_shows_the_middle() -> None:
    """Of blocks of 2 x 2 equal pixels, bilinear sampling between their centres meets each original block's colour."""
    image = torch.ones(1, 4, 16, 16)
    image[:, 0, :, :8] = 0.0
    image[:, 1, 4:12, 4:12] = 0.0
    found = spoilt(image, scale=(2.0, 2.0))
    assert float(found[0, 1].max()) <= 0.5, "the inner square fills the frame"
    assert float(found[0, 0, :, :7].max()) == 0.0 and float(found[0, 0, :, 9:].min()) == 1.0
    small = spoilt(image, scale=(0.5, 0.5), white=0.0, gray=1.0)
    border = small[0, :, 0, 0]
    assert float((small[0, :, :3] - border[:, None, None]).abs().max()) == 0.0, "outside there is background"


def test_a_shift_moves_by_at_most_its_share() -> None:
    dot = torch.zeros(200, 4, 32, 32)
    dot[:, 3, 16, 16] = 1.0  # black, covering
    places = (1.0 - spoilt(dot, shift=0.25)[:, 0]).flatten(1).argmax(1)
    y, x = places // 32, places % 32
    for moved in (x - 16, y - 16):
        assert int(moved.abs().max()) <= 8
        assert int(moved.max()) >= 6 and int(moved.min()) <= -6


def test_a_turn_is_by_at_most_its_angle() -> None:
    dot = torch.zeros(200, 4, 64, 64)
    dot[:, 3, 31:33, 60:62] = 1.0
    places = (1.0 - spoilt(dot, angle=10.0)[:, 0]).flatten(1).argmax(1)
    y, x = (places // 64).double() - 31.5, (places % 64).double() - 31.5
    angle = torch.rad2deg(torch.atan2(y, x))
    assert float(angle.abs().max()) < 12.0 and float(angle.max()) > 8.0 and float(angle.min()) < -8.0
    assert float((torch.hypot(x, y) - 29.0).abs().max()) < 1.5


def test_a_blur_keeps_a_plain_colour_and_the_sum() -> None:
    plain = torch.ones(2, 4, 32, 32)
    middle = spoilt(plain, soft=1.0, softness=1.0)[:, :, 6:-6, 6:-6]
    torch.testing.assert_close(middle, torch.ones_like(middle))
    dot = torch.zeros(2, 4, 32, 32)
    dot[:, 3, 16, 16] = 1.0
    ink = 1.0 - spoilt(dot, soft=1.0, softness=1.2)[:, 0]
    torch.testing.assert_close(ink.sum((1, 2)), torch.ones(2), rtol=1e-4, atol=1e-4)
    assert float(ink.amax((1, 2)).max()) < 0.99
    torch.testing.assert_close(ink[:, 1:, 1:], ink[:, 1:, 1:].flip(-1), rtol=0.0, atol=1e-6)


def test_a_coarse_image_has_half_the_detail() -> None:
    checkered = (torch.arange(32)[:, None] + torch.arange(32)) % 2
    image = torch.cat([checkered.expand(1, 3, -1, -1).float(), torch.ones(1, 1, 32, 32)], 1)
    found = spoilt(image, coarse=1.0)
    assert float((found[:, :, 2:-2, 2:-2] - 0.5).abs().max()) < 0.05


def test_fog_and_recolouring_leave_the_place_of_things() -> None:
    square = torch.zeros(64, 4, 32, 32)
    square[:, 3, 8:24, 8:24] = 1.0
    for fault in ("fog", "colours", "see_through"):
        found = spoilt(square, **{fault: 1.0})
        inside, outside = found[:, :, 10:22, 10:22].mean((1, 2, 3)), found[:, :, :4].mean((1, 2, 3))
        assert bool((outside > inside).all()), fault
        assert float((found - white(square)).abs().amax((1, 2, 3)).median()) > 0.02, fault


def test_cosines_with_fine_steps_are_the_image() -> None:
    image = layers()[:, :3]
    torch.testing.assert_close(rounded_cosines(image, torch.full((3,), 1e-6)), image, rtol=0.0, atol=1e-5)


def test_rounded_cosines_are_multiples_of_their_steps() -> None:
    """By the definition of the DCT, in double precision."""
    image = layers(1, 8)[:, :1]
    found = rounded_cosines(image, torch.tensor([0.2]))[0, 0].numpy()
    n, k = np.arange(8), np.arange(8)[:, None]
    basis = np.where(k == 0, math.sqrt(1 / 8), math.sqrt(2 / 8)) * np.cos(math.pi * (2 * n + 1) * k / 16)
    for rows, value in ((found, None), (image[0, 0].numpy(), "original")):
        cosines = basis @ rows @ basis.T / (0.05 * (1 + n + k))
        off = np.abs(cosines - np.round(cosines)).max()
        assert off < 1e-4 if value is None else off > 0.1
    assert np.abs(basis @ (found - image[0, 0].numpy()) @ basis.T / (0.05 * (1 + n + k))).max() <= 0.5 + 1e-4


def test_everything_at_once_stays_in_range_and_depends_on_the_generator_alone() -> None:
    every = {name: 1.0 for name in ("soft", "coarse", "fog", "see_through", "noise", "colours", "blocks")}
    image = layers(8, 32)
    found = Corruption(CorruptionSettings(**every, noise_strength=0.5), torch.Generator().manual_seed(1), CPU)(image)
    assert found.shape == (8, 3, 32, 32)
    assert float(found.min()) >= 0.0 and float(found.max()) <= 1.0 and bool(found.isfinite().all())
    chosen = CorruptionSettings()
    one, again, other = (Corruption(chosen, torch.Generator().manual_seed(seed), CPU)(image) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(image, layers(8, 32)), "what it is given stays as it was"


@pytest.mark.parametrize(("white", "gray"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_backgrounds_have_their_shares(white: float, gray: float) -> None:
    empty = torch.zeros(64, 4, 8, 8)
    found = spoilt(empty, white=white, gray=gray)
    assert torch.equal(found, found[:, :, :1, :1].expand_as(found)), "one colour without a gradient"
    colour = found[:, :, 0, 0]
    assert bool((colour == 1.0).all()) == (white == 1.0)
    assert bool((colour == colour[:, :1]).all()) == (white + gray == 1.0)
    moves = spoilt(empty, white=white, gray=gray, gradient=1.0)
    assert torch.equal(moves, moves[:, :, :, :1].expand_as(moves)) and not torch.equal(moves[:, :, 0], moves[:, :, 7])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fog": 1.5}, "corruption.fog = 1.5: must be in [0, 1]"),
        ({"white": 0.8, "gray": 0.4}, "corruption.white + gray"),
        ({"scale": (0.0, 1.0)}, "corruption.scale"),
        ({"scale": (1.2, 1.0)}, "corruption.scale"),
        ({"softness": 0.1}, "corruption.softness"),
        ({"noise_strength": -1.0}, "corruption.noise_strength"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError) as error:
        CorruptionSettings(**settings)  # type: ignore[arg-type]
    assert message in str(error.value)
