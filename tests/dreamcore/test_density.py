"""Densities on a grid: where the cells are, and that nothing depends on how many are asked at once."""

from __future__ import annotations

import pytest
import torch

from dreamcore import density
from dreamcore.density import density_cube
from dreamcore.model import make_model
from dreamcore.plain import override
from dreamcore.presets import preset
from dreamcore.scene import Scene
from dreamcore.tasks.base import split


@pytest.fixture(scope="module")
def scene() -> Scene:
    small = {"field.resolutions": [4, 8], "field.table_size": 512, "field.hidden": 8}
    return Scene.create("a cup", 3, override(preset("quick"), small))


def test_cells_are_asked_at_their_centres_x_first(scene: Scene) -> None:
    found, bound = density_cube(scene, 6), scene.config.render.bound  # type: ignore[union-attr]
    field = make_model([scene.config], torch.zeros(1)).field  # type: ignore[list-item]
    parameters = {name: value[None] for name, value in split(scene.tensors)[0].items()}
    for x, y, z in ((0, 0, 0), (5, 1, 2), (2, 5, 4)):
        point = (torch.tensor([x, y, z]) + 0.5) / 6 * 2.0 * bound - bound
        assert float(found[x, y, z]) == pytest.approx(float(field.density(parameters, point[None, None])), rel=1e-5)


def test_portions_change_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = density_cube(scene, 8)
    monkeypatch.setattr(density, "_POINTS_AT_ONCE", 100)
    torch.testing.assert_close(density_cube(scene, 8), whole)
