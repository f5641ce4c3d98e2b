"""A finished scene held still: its field as it ended, and the camera that shows all of it.

Axes: one scene, V views, R rays.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dreamcore.config import SceneConfig
from dreamcore.fields.base import Field, Parameters
from dreamcore.model import make_model
from dreamcore.scene import Scene
from dreamcore.tasks.base import split


@dataclass(frozen=True, eq=False)
class Still:
    """`parameters` have a scenes axis of one. `bound` is the radius of the sphere that the field lives in; below a
    density of `empty` a place is taken for empty. `radius` (scene units) is the middle of the distances and `focal`
    (image widths) the shortest of the focal lengths that the scene was trained at."""

    field: Field
    parameters: Parameters
    bound: float
    empty: float
    radius: float
    focal: float

    @property
    def device(self) -> torch.device:
        tensor: Tensor = next(iter(self.parameters.values()))
        return tensor.device


def hold_still(scene: Scene) -> Still:
    """The scene at the step it stands at, on the device of its tensors."""
    config = scene.config
    assert isinstance(config, SceneConfig)
    done = torch.tensor([scene.progress.step / config.steps])
    radius = sum(config.camera.radius) / 2.0
    return Still(
        field=make_model([config], done).field,
        parameters={name: value[None] for name, value in split(scene.tensors)[0].items()},
        bound=config.render.bound,
        empty=config.render.prune_density / 4.0,
        radius=radius,
        # the widest that the scene was trained at: what fills the frame there would be cut off by a longer lens
        focal=config.camera.focal[0] * (radius if config.camera.focal_follows_radius else 1.0),
    )
