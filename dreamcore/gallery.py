"""Pictures of what a trial made, whatever it is about, and what is measured of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore import views
from dreamcore.config import AncestralConfig, ImageConfig, SceneConfig
from dreamcore.density import density_cube
from dreamcore.evaluate.form import Form, form, slices
from dreamcore.priors.base import resize_images
from dreamcore.scene import Scene
from dreamcore.tasks import ancestral, images


def pictures(scene: Scene, count: int, size: int, elevation: float) -> Iterator[views.Picture]:
    """Of a scene `count` views around it at `elevation` (degrees) for each kind of look; of images each of them.
    `size` is the side in pixels."""
    if isinstance(scene.config, ImageConfig):
        for image in resize_images(_images(scene, scene.config), size):
            pixels = (image.permute(1, 2, 0).clamp(0.0, 1.0) * 255.0 + 0.5).to(torch.uint8).cpu()
            yield views.Picture(kind="color", azimuth=None, elevation=None, radius=None, opacity=None, pixels=pixels)
    else:
        yield from views.pictures(scene, count, size, elevation)


FORM_SIDE = 64  # cells each way, as many as are kept


def form_of(scene: Scene) -> Form | None:
    """The space that the scene fills; None for images."""
    if not isinstance(scene.config, SceneConfig):
        return None
    return form(density_cube(scene, FORM_SIDE).double().cpu().numpy(), scene.config.render.bound)


def occupancy_picture(found: Form) -> views.Picture:
    """The occupied cells, slice by slice, as `dreamcore.evaluate.form.slices`."""
    pixels = torch.from_numpy(np.repeat(slices(found.occupied)[..., None], 3, axis=2))
    return views.Picture(kind="occupancy", azimuth=None, elevation=None, radius=None, opacity=None, pixels=pixels)


def measures(shots: Sequence[views.Picture], found: Form | None) -> dict[str, float]:
    """Of the views of a finished trial and its form, where it has one: `coverage`, the mean opacity of the views;
    `chroma`, how far the greatest of red, green and blue lies above the least, a mean over the visible object (over
    white, so that the background adds nothing); `floaters` and `thickness` as in `Form`, where anything is there."""
    measured: dict[str, float] = {}
    opacities = [shot.opacity for shot in shots if shot.opacity is not None]
    if opacities:  # images that no camera took have none
        measured["coverage"] = sum(opacities) / len(opacities)
    seen = [(shot.pixels, shot.opacity) for shot in shots if shot.kind == "color" and shot.opacity is not None]
    opacity = sum(value for _, value in seen)
    if opacity > 0.0:
        chroma = sum(float((pixels.amax(-1).float() - pixels.amin(-1).float()).mean()) for pixels, _ in seen)
        measured["chroma"] = chroma / 255.0 / opacity
    if found is not None and found.floaters is not None and found.thickness is not None:
        measured |= {"floaters": found.floaters, "thickness": found.thickness}
    return measured


def _images(scene: Scene, config: ImageConfig) -> Float[Tensor, "images 3 side side"]:
    if isinstance(config.sampler, AncestralConfig):
        return ancestral.images(scene.tensors)
    return images.images(scene.tensors, scene.seed, config)
