"""Pictures of what captions ask for, as they should look, and its shapes: what judges and distances are measured with.

Letters: v views. Pictures are colour times coverage, and coverage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor

from dreamcore.cameras import orbit
from dreamcore.objects.captions import read
from dreamcore.objects.dataset import DataSettings, Progress, judged_views, render
from dreamcore.objects.scenes import scenes_of
from dreamcore.objects.tracer import Views, distance, parts_of
from dreamcore.views import azimuths

LOOKS = ("color", "geometry")
# as `dreamcore.views` takes pictures of finished scenes
ELEVATION = 20.0
AMBIENT = {"color": 0.6, "geometry": 0.25}
_REACH = 1.25  # half the side of the cubes of `filled`
RADIUS, FOCAL = 2.9, 0.65  # the focal length is times the radius


@dataclass(frozen=True)
class Truth:
    """Views in one look. `item` is the caption that each is of."""

    images: UInt8[Tensor, "v side side 4"]
    item: Int[Tensor, " v"]


def anywhere(
    prompts: Sequence[str], each: int, seed: int, settings: DataSettings, device: torch.device
) -> dict[str, Truth]:
    """Of every caption `each` variations, each from somewhere else. Raises ValueError for a caption that names nothing
    of the library."""
    pool = judged_views([{"prompt": prompt} for prompt in prompts], each, seed, settings, device)
    item = torch.arange(len(prompts)).repeat_interleave(each)
    bare = pool.textureless.cpu()
    return {look: Truth(pool.images[bare == (look == "geometry")], item) for look in LOOKS}


def around(
    prompts: Sequence[str], each: int, seed: int, settings: DataSettings, device: torch.device, progress: Progress
) -> dict[str, Truth]:
    """Of every caption one object, `each` views around it at equal steps, the first from the front, lit from above the
    camera. Raises ValueError for a caption that names nothing of the library."""
    readings = [read(prompt) for prompt in prompts]
    scenes = scenes_of(np.random.default_rng([seed, 1]), readings, 1, prompts)
    item = torch.arange(len(prompts)).repeat_interleave(each)
    views = _ring(len(prompts), each)
    found = {}
    for look in LOOKS:
        ambient = torch.full_like(views.ambient, AMBIENT[look])
        bare = torch.full_like(views.textureless, look == "geometry")
        seen = replace(views, ambient=ambient, diffuse=1.0 - ambient, textureless=bare)
        found[look] = Truth(render(scenes, item, seen, settings, device, progress), item)
    return found


def filled(prompts: Sequence[str], each: int, seed: int, side: int) -> Iterator[Bool[np.ndarray, "x y z"]]:
    """The space that `each` variations of every caption fill, one after the other: cubes of `side` cells each way, in
    which the largest objects reach about half across. Raises ValueError for a caption that names nothing of the
    library."""
    scenes = scenes_of(np.random.default_rng([seed, 1]), [read(prompt) for prompt in prompts], each, prompts)
    centre = ((torch.arange(side) + 0.5) / side * 2.0 - 1.0) * _REACH
    points = torch.stack(torch.meshgrid(centre, centre, centre, indexing="ij")).flatten(1)
    for table in torch.from_numpy(scenes.tables).float():
        inside: Bool[np.ndarray, "x y z"] = (distance(parts_of(table), points) < 0.0).unflatten(0, (side,) * 3).numpy()
        yield inside


def _ring(objects: int, each: int) -> Views:
    """The same views of every object, one object after the other."""
    camera = orbit(azimuths(each), ELEVATION, RADIUS, FOCAL * RADIUS)
    position = camera.position[0].repeat(objects, 1)
    zero = torch.zeros(len(position))
    return Views(
        position=position,
        rotation=camera.rotation[0].repeat(objects, 1, 1),
        focal=camera.focal[0].repeat(objects),
        light=position + RADIUS * position.new_tensor([0.0, 1.0, 0.0]),
        ambient=zero,
        diffuse=zero,
        gloss=zero,
        textureless=zero.bool(),
    )
