"""Perp-Neg (Armandpour et al. 2023, arXiv 2304.04968): score distillation that pushes a view away from other views.

A prior that has seen an object mostly from the front puts its front on every side (the Janus problem). Denying the
front where the camera sees the back would deny the object as well, for both prompts name it. So only the part of the
denied direction that is perpendicular to the wanted one is used.

S scenes with V views each make B images. Azimuths are in degrees, 0 the front, 90 and -90 the sides, 180 the back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamcore.config import PerpNegConfig
from dreamcore.guidance.base import Directions, Guided, Images, Query, distilled, predictions
from dreamcore.placement import placed
from dreamcore.priors.base import Conditioning
from dreamcore.prompts import OVERHEAD_ELEVATION, view_weights
from dreamcore.sds import expand, noised, time_weight
from dreamcore.texts import VIEW_WORDS

_FRONT, _SIDE = 0, 1  # of VIEW_WORDS


def perpendicular(direction: Images, wanted: Images) -> Images:
    """What is left of `direction` when its part along `wanted` is taken out, image by image. All of it where
    `wanted` is zero."""
    along = (direction * wanted).sum(dim=(1, 2, 3), keepdim=True)
    square = wanted.square().sum(dim=(1, 2, 3), keepdim=True)
    share = torch.where(square > 0.0, along / square.clamp(min=torch.finfo(square.dtype).tiny), 0.0)
    return direction - share * wanted


def denied_weights(
    azimuth: Float[Tensor, "scenes views"],
    elevation: Float[Tensor, "scenes views"],
    decays: Float[Tensor, "scenes kinds 3"],
) -> Float[Tensor, "scenes views denied"]:
    """How hard the front and the side are pushed away in each view; from overhead, neither.

    `decays` has a, b, c of a exp(-b r) + c for the front and the side between front and side, then for the side and the
    front between side and back. r is 1 in the middle of the view that the decay is named after and 0 in that of the
    next; for the last two it is 1 at the side and 0 at the back.
    """
    turned = (torch.remainder(azimuth + 180.0, 360.0) - 180.0).abs() / 90.0  # 0 front, 1 side, 2 back
    a, b, c = decays[:, :, None].unbind(-1)

    def decay(kind: int, r: Float[Tensor, "scenes views"]) -> Float[Tensor, "scenes views"]:
        return a[:, kind] * torch.exp(-b[:, kind] * r) + c[:, kind]

    before = turned < 1.0
    front = torch.where(before, decay(0, 1.0 - turned), decay(3, 2.0 - turned))
    side = torch.where(before, decay(1, turned), decay(2, 2.0 - turned))
    overhead = (elevation > OVERHEAD_ELEVATION)[..., None]
    return torch.where(overhead, 0.0, torch.stack([front, side], dim=-1))


@dataclass(frozen=True)
class PerpNeg:
    """w(t) (eps_0 + (1 + omega) (d - sum_i w_i d_i^perp) - eps), where d is the blended view's prediction less eps_0
    and d_i that of the front and of the side. Four predictions in one call of the prior."""

    configs: Sequence[PerpNegConfig]

    def __call__(self, query: Query) -> Guided:
        configs, prior = self.configs, query.prior
        directions = query.directions
        assert directions is not None, "the config of images refuses Perp-Neg"
        target = prior.encode_image(query.image)
        t = query.times([config.t_min for config in configs], [config.t_max for config in configs])
        noise = query.noise(target)
        z = noised(prior, target.detach(), t, noise)
        prompts = [blended_view(directions), query.negative, *(_view(directions, place) for place in (_FRONT, _SIDE))]
        positive, empty, *denied = predictions(prior, z, t, prompts)
        wanted = positive - empty
        steered = wanted.clone()
        for found, weight in zip(denied, self._weights(query, directions), strict=True):
            steered -= expand(weight) * perpendicular(found - empty, wanted)
        guided = empty + (1.0 + expand(query.per_image([config.scale for config in configs]))) * steered
        weight = time_weight(prior, t, query.squared([config.weighting for config in configs]))
        return distilled(target, weight, guided - noise)

    def _weights(self, query: Query, directions: Directions) -> Sequence[Float[Tensor, " batch"]]:
        decays = torch.tensor(
            [(c.front_to_side, c.side_to_front, c.side_to_back, c.front_behind) for c in self.configs]
        )
        scale = torch.tensor([config.negative_scale for config in self.configs])
        weights = scale[:, None, None] * denied_weights(directions.azimuth, directions.elevation, decays)
        return placed(weights.flatten(0, 1), query.prior.device).unbind(-1)


def _rows(directions: Directions) -> Tensor:
    """Of each image, where its scene's rows begin in `by_view`, on the CPU."""
    scenes, views = directions.azimuth.shape
    return torch.arange(scenes).repeat_interleave(views) * len(VIEW_WORDS)


def _view(directions: Directions, place: int) -> Conditioning:
    """The embedding of one of `VIEW_WORDS` for each image."""
    rows = _rows(directions) + place
    return directions.by_view[placed(rows, _device(directions))]


def blended_view(directions: Directions) -> Conditioning:
    """Each view's embedding, blended from those of its neighbours (§3.2)."""
    rows = _rows(directions)[:, None] + torch.arange(len(VIEW_WORDS))
    weights = view_weights(directions.azimuth, directions.elevation).flatten(0, 1)
    device = _device(directions)
    return directions.by_view.blend(placed(rows, device), placed(weights, device))


def _device(directions: Directions) -> torch.device:
    return next(iter(directions.by_view.tensors.values())).device
