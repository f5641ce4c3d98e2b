"""What the renderer asks of a neural field.

Axes: S scenes, P points of a scene. A field owns no tensors: parameters are a dict of tensors with a leading scenes
axis, so that scenes can be stacked, taken out and continued elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from dreamcore.rng import Draws

Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class FieldSample:
    """The field at P points: density per unit length, albedo in [0, 1], and where asked the spatial gradient of the
    density before its activation, which points where the density's own gradient points."""

    density: Float[Tensor, "scenes points"]
    albedo: Float[Tensor, "scenes points 3"]
    gradient: Float[Tensor, "scenes points 3"] | None


@runtime_checkable
class Field(Protocol):
    """A volume of density and albedo inside a sphere, without view dependence (§3.1)."""

    def initialise(self, draws: Draws) -> dict[str, Tensor]:
        """Fresh parameters for each scene of `draws`."""
        ...

    def rate_group(self, name: str) -> str:
        """`grid` or `network`: which learning rate the parameter `name` takes."""
        ...

    def density(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"]
    ) -> Float[Tensor, "scenes points"]:
        """Density alone."""
        ...

    def sample(
        self, parameters: Parameters, points: Float[Tensor, "scenes points 3"], with_gradient: bool
    ) -> FieldSample:
        """Density, albedo and, `with_gradient`, the spatial gradient, through which parameters can be reached."""
        ...
