"""What is measured of a finished trial's pictures and form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dreamcore.evaluate.form import cube, form
from dreamcore.gallery import form_of, measures, occupancy_picture
from dreamcore.presets import preset
from dreamcore.scene import Scene
from dreamcore.views import Picture


def shot(kind: str, colour: tuple[int, int, int], opacity: float | None) -> Picture:
    """A disc of this colour and opacity over white, as far as means go."""
    share = 1.0 if opacity is None else opacity
    pixels = torch.full((10, 10, 3), 255, dtype=torch.uint8)
    pixels[: round(10 * share)] = torch.tensor(colour, dtype=torch.uint8)
    return Picture(kind=kind, azimuth=0.0, elevation=0.0, radius=1.0, opacity=opacity, pixels=pixels)


def test_chroma_is_of_the_object_whatever_its_size() -> None:
    for share in (0.2, 0.5, 1.0):
        found = measures([shot("color", (204, 102, 0), share), shot("textureless", (90, 90, 90), share)], None)
        assert found["chroma"] == pytest.approx(204 / 255) and found["coverage"] == pytest.approx(share)
    assert measures([shot("color", (77, 77, 77), 0.5)], None)["chroma"] == 0.0


def test_a_view_through_which_light_falls_counts_by_its_opacity() -> None:
    """Half opaque red over white is (255, 127.5, 127.5): its chroma over its opacity is red's."""
    pixels = torch.tensor([255, 128, 128], dtype=torch.uint8).expand(4, 4, 3)
    half = Picture(kind="color", azimuth=0.0, elevation=0.0, radius=1.0, opacity=0.5, pixels=pixels)
    assert measures([half], None)["chroma"] == pytest.approx(1.0, abs=0.01)


def test_what_is_not_there_is_not_measured() -> None:
    assert measures([shot("color", (9, 99, 9), None)], None) == {}
    empty = form(np.zeros((8, 8, 8)), 1.0)
    assert measures([shot("color", (255, 255, 255), 0.0)], empty) == {"coverage": 0.0}


def test_the_form_is_measured_where_there_is_one() -> None:
    ball = form(np.where(np.indices((8, 8, 8)).sum(0) < 9, 100.0, 0.0), 1.0)
    found = measures([], ball)
    assert found == {"floaters": ball.floaters, "thickness": ball.thickness}
    picture = occupancy_picture(ball)
    assert picture.kind == "occupancy" and picture.azimuth is None
    assert np.array_equal(cube(picture.pixels.numpy()[..., 0]), ball.occupied)


def test_images_have_no_form() -> None:
    assert form_of(Scene.create("a cup", 0, preset("image"))) is None
