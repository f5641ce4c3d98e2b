"""Pictures of a finished scene: views around it in colour and without texture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from dreamcore.cameras import Cameras, orbit
from dreamcore.config import SceneConfig
from dreamcore.fields.base import Field, Parameters
from dreamcore.march import march
from dreamcore.model import make_model
from dreamcore.render import even_rays, occupancy
from dreamcore.scene import Scene
from dreamcore.shading import Looks

KINDS = ("color", "textureless")
_SAMPLES = 128
_PRUNE_SIDE = 64
_RAYS_AT_ONCE = 2048  # a scene full of fog has nothing to prune, and memory goes with samples
_AMBIENT = {"color": 0.6, "textureless": 0.25}


@dataclass(frozen=True)
class Picture:
    """`pixels` over white; camera in degrees and scene units; `opacity` the mean over the image. Where no camera looked
    there is neither."""

    kind: str
    azimuth: float | None
    elevation: float | None
    radius: float | None
    opacity: float | None
    pixels: UInt8[Tensor, "height width 3"]


def azimuths(count: int) -> list[float]:
    """`count` directions evenly around the object, the first from its front."""
    return [index * 360.0 / count for index in range(count)]


@torch.no_grad()
def pictures(
    scene: Scene, count: int, size: int, elevation: float = 20.0, kinds: Sequence[str] = KINDS
) -> Iterator[Picture]:
    """`count` views around the scene for each kind, lit from above the camera.

    The distance is the middle and the focal length the shortest of what the config trained with; `elevation` is in
    degrees.
    """
    config = scene.config
    assert isinstance(config, SceneConfig)
    done = torch.tensor([scene.progress.step / config.steps])
    field, bound = make_model([config], done).field, config.render.bound
    parameters = {
        name.removeprefix("parameter."): value[None]
        for name, value in scene.tensors.items()
        if name.startswith("parameter.")
    }
    radius = sum(config.camera.radius) / 2.0
    # the widest that the scene was trained at: what fills the frame there would be cut off by a longer lens
    focal = config.camera.focal[0] * (radius if config.camera.focal_follows_radius else 1.0)
    occupied = occupancy(field, parameters, _PRUNE_SIDE, bound, config.render.prune_density / 4.0)
    device = occupied.device
    for kind in kinds:
        looks = Looks(
            lit=torch.ones(1, 1, dtype=torch.bool),
            textureless=torch.full((1, 1), kind == "textureless"),
            ambient=torch.full((1, 1), _AMBIENT[kind]),
            white=torch.full((1,), config.shading.textureless_albedo),
            oriented=torch.ones(1, 1, dtype=torch.bool),
        ).to(device)
        for azimuth in azimuths(count):
            camera = orbit([azimuth], elevation, radius, focal).to(device)
            image = _shoot(field, parameters, camera, size, occupied, bound, looks)
            yield Picture(
                kind=kind,
                azimuth=azimuth,
                elevation=elevation,
                radius=radius,
                opacity=float(image[..., 3].mean()),
                pixels=(image[..., :3].clamp(0.0, 1.0) * 255.0 + 0.5).to(torch.uint8).cpu(),
            )


def _shoot(
    field: Field,
    parameters: Parameters,
    camera: Cameras,
    size: int,
    occupied: Bool[Tensor, "1 x y z"],
    bound: float,
    looks: Looks,
) -> Float[Tensor, "size size 4"]:
    """Colour over white and opacity of one view."""
    light = camera.position + camera.radius()[..., None] * camera.position.new_tensor([0.0, 1.0, 0.0])
    jitter = torch.full((1, 1, size * size), 0.5, device=occupied.device)
    rays = even_rays(camera, size, _SAMPLES, bound, jitter)
    parts, rows = [], max(1, _RAYS_AT_ONCE // size)
    for start in range(0, size, rows):
        part = rays.rows(start, start + rows)
        view = march(field, parameters, part, occupied, bound, looks, light, with_normals=True)
        parts.append(torch.cat([view.over(torch.ones_like(part.direction)), view.opacity[..., None]], dim=-1)[0, 0])
    image: Tensor = torch.cat(parts).unflatten(0, (size, size))
    return image
