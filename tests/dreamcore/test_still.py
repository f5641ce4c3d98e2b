"""A finished scene held still: the camera that shows all of it, and its own parameters."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tiny_scene
import torch

from dreamcore.config import CameraConfig
from dreamcore.scene import Scene
from dreamcore.still import hold_still


def test_parameters_without_the_optimisers() -> None:
    scene = tiny_scene.blob()
    still = hold_still(scene)
    assert set(still.parameters) == {"table", "hidden_weight", "hidden_bias", "output_weight", "output_bias"}
    assert torch.equal(still.parameters["table"][0], scene.tensors["parameter.table"])
    assert still.device == torch.device("cpu")
    final = hold_still(Scene.load_final(scene.dump_final()))
    points = torch.rand(1, 50, 3) - 0.5
    assert torch.equal(still.field.density(still.parameters, points), final.field.density(final.parameters, points))


@pytest.mark.parametrize(("follows", "focal"), [(True, 0.5 * 2.5), (False, 0.5)])
def test_the_widest_lens_at_the_middle_distance(follows: bool, focal: float) -> None:
    camera = CameraConfig(radius=(2.0, 3.0), focal=(0.5, 0.7), focal_follows_radius=follows)
    still = hold_still(tiny_scene.blob(config=replace(tiny_scene.CONFIG, camera=camera)))
    assert (still.radius, still.focal) == (2.5, pytest.approx(focal))
    assert (still.bound, still.empty) == (1.0, pytest.approx(0.15))
