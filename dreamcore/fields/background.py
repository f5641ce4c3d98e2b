"""What is behind the object: an environment map as a small network of the ray's direction (§3.1), or plain colours.

Axes: S scenes, V views, R rays, H hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.fields.base import Parameters
from dreamcore.rng import Draws, Purpose

_FREQUENCIES = 4


def encode_direction(direction: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n features"]:
    """The direction and sines and cosines of its components at frequencies 1, 2, 4, 8 (times pi)."""
    scales = torch.pi * 2.0 ** torch.arange(_FREQUENCIES, device=direction.device, dtype=direction.dtype)
    angles = (direction[..., None] * scales).flatten(-2)
    return torch.cat([direction, angles.sin(), angles.cos()], dim=-1)


@dataclass(frozen=True)
class LearnedBackground:
    """Environment map: encoded direction -> `hidden` units -> colour. The paper does not state its size."""

    hidden: int = 32

    def initialise(self, draws: Draws) -> dict[str, Tensor]:
        inputs = 3 + 6 * _FREQUENCIES
        scenes, device = len(draws.seeds), draws.seeds.device
        first = draws.normal(Purpose.INITIAL, (inputs, self.hidden), 3)
        last = draws.normal(Purpose.INITIAL, (self.hidden, 3), 4)
        return {
            "background_hidden_weight": first * (2.0 / inputs) ** 0.5,
            "background_hidden_bias": torch.zeros(scenes, 1, self.hidden, device=device),
            "background_output_weight": last * 0.3 / self.hidden**0.5,
            "background_output_bias": torch.zeros(scenes, 1, 3, device=device),
        }

    def color(
        self, parameters: Parameters, direction: Float[Tensor, "scenes views rays 3"]
    ) -> Float[Tensor, "scenes views rays 3"]:
        """Colour in [0, 1] of each ray that meets nothing."""
        flat = encode_direction(direction).flatten(1, 2)
        hidden = torch.baddbmm(parameters["background_hidden_bias"], flat, parameters["background_hidden_weight"])
        output = torch.baddbmm(
            parameters["background_output_bias"], hidden.relu(), parameters["background_output_weight"]
        )
        return torch.sigmoid(output).reshape(direction.shape)


def random_color(draws: Draws, views: int) -> Float[Tensor, "scenes views 3"]:
    """A plain colour a view: white (30 %), a grey (15 %) or any colour. A changing background makes empty space and
    the object's own surface tell apart, so that the object becomes opaque."""
    u = draws.uniform(Purpose.BACKGROUND, (views, 5))
    choice, grey, color = u[..., :1], u[..., 1:2].expand(-1, -1, 3), u[..., 2:]
    return torch.where(choice < 0.30, torch.ones_like(color), torch.where(choice < 0.45, grey, color))
