"""The picture of a shelf: a row a thing, a column a view."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from dreamcore.objects.sheet import COLUMNS, build, main, row
from dreamcore.objects.solid import Draw, Paint, Solid
from dreamcore.objects.thing import Shelf

MARGIN = 96


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf("toy")

    @shelf.thing("ball", colour="red")
    def ball(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
        solid.ellipsoid((0.0, 0.0, 0.0), draw.between(0.3, 0.6), main)

    @shelf.thing("brick", colour="stone", second="wood")
    def brick(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
        solid.box((5.0, 5.0, 5.0), (0.5, 0.2, 0.2), main)

    module = ModuleType("a_shelf_of_toys")
    module.SHELF = shelf  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return shelf


def test_things_are_built_fitted_and_the_same_for_a_seed(shelf: Shelf) -> None:
    low, high = build(shelf.things[1], 4, 0).bounds()
    assert np.allclose(low, -high, atol=1e-5)
    assert high.max() == pytest.approx(0.66, abs=1e-4)
    one, same, other = (build(shelf.things[0], 4, seed).table() for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_row_shows_a_red_ball_and_a_white_one(shelf: Shelf) -> None:
    shown = row(shelf.things[0], 16).view(16, len(COLUMNS), 16, 3)
    middle = shown[8, :, 8].int()
    bare = [textureless for _, _, textureless, _ in COLUMNS]
    for colour, textureless in zip(middle.tolist(), bare, strict=True):
        assert (colour[0] == colour[2]) if textureless else (colour[0] > 3 * colour[2])
    assert shown[0, :, 0].unique().tolist() == [int(0.85 * 255.0 + 0.5)]


def test_command_draws_the_things_that_it_is_asked_for(shelf: Shelf, tmp_path: Path) -> None:
    out = tmp_path / "toys.png"
    main(["a_shelf_of_toys", "-o", str(out), "--side", "16"])
    with Image.open(out) as image:
        assert image.size == (MARGIN + 16 * len(COLUMNS), 32)
        whole = np.asarray(image)
    main(["a_shelf_of_toys", "-o", str(out), "--side", "16", "--things", "brick"])
    with Image.open(out) as image:
        assert image.size == (MARGIN + 16 * len(COLUMNS), 16)
        assert np.array_equal(np.asarray(image)[:, MARGIN:], whole[16:, MARGIN:])
