"""Evenly sampled rays through a field: by one kernel where there is one, else sample by sample as tensors.

S scenes, V views.
"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from dreamcore.fields.base import Field, Parameters
from dreamcore.kernels import usable
from dreamcore.render import EvenRays, Rendering, keep_occupied, render
from dreamcore.shading import Looks


def march(
    field: Field,
    parameters: Parameters,
    rays: EvenRays,
    occupied: Bool[Tensor, "scenes x y z"] | None,
    bound: float,
    looks: Looks,
    light: Float[Tensor, "scenes views 3"],
    with_normals: bool,
) -> Rendering:
    """Views of the field, shaded and composited; samples in cells that are not `occupied` count as empty. Lit and
    oriented looks need `with_normals`. On a GPU grid fields go through one kernel, which leaves out samples behind what
    is opaque to 2e-8 and gives no `weights`."""
    from dreamcore.fields.grid import GridField

    if isinstance(field, GridField) and usable(rays.near):
        from dreamcore import march_cuda

        return march_cuda.march(field, parameters, rays, occupied, looks, light)
    return march_plainly(field, parameters, rays, occupied, bound, looks, light, with_normals)


def march_plainly(
    field: Field,
    parameters: Parameters,
    rays: EvenRays,
    occupied: Bool[Tensor, "scenes x y z"] | None,
    bound: float,
    looks: Looks,
    light: Float[Tensor, "scenes views 3"],
    with_normals: bool,
) -> Rendering:
    """The definition of `march`, for any field, device and precision."""
    points = rays.spread()
    return render(field, parameters, points, keep_occupied(points, occupied, bound), looks, light, with_normals)
