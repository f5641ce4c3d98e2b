"""The density of a finished scene on a grid."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.config import SceneConfig
from dreamcore.model import make_model
from dreamcore.scene import Scene
from dreamcore.tasks.base import split

_POINTS_AT_ONCE = 2**16


@torch.no_grad()
def density_cube(scene: Scene, side: int) -> Float[Tensor, "x y z"]:
    """Per unit length at the centres of `side` cells each way, from -bound to bound; x to the right and z to the front
    of who stands before the scene, y up. On the scene's device."""
    config = scene.config
    assert isinstance(config, SceneConfig)
    field = make_model([config], torch.tensor([scene.progress.step / config.steps])).field
    parameters = {name: value[None] for name, value in split(scene.tensors)[0].items()}
    device = next(iter(parameters.values())).device
    centre = ((torch.arange(side, device=device) + 0.5) / side * 2.0 - 1.0) * config.render.bound
    points = torch.stack(torch.meshgrid(centre, centre, centre, indexing="ij"), dim=-1).reshape(-1, 3)
    parts = [field.density(parameters, some[None])[0] for some in points.split(_POINTS_AT_ONCE)]
    return torch.cat(parts).reshape(side, side, side)
