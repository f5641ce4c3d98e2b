"""From albedo and normals to colour (§3.1): a point light and an ambient one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from dreamcore.config import ShadingConfig
from dreamcore.placement import placed
from dreamcore.rng import Draws, Purpose


@dataclass(frozen=True)
class Looks:
    """How each view is lit: l_a = `ambient` and l_rho = 1 - `ambient` where `lit`, else albedo alone; `textureless`
    replaces the albedo by `white`. Where `oriented`, the orientation loss acts on the view's normals."""

    lit: Bool[Tensor, "scenes views"]
    textureless: Bool[Tensor, "scenes views"]
    ambient: Float[Tensor, "scenes views"]
    white: Float[Tensor, " scenes"]
    oriented: Bool[Tensor, "scenes views"]

    def to(self, device: torch.device) -> Looks:
        return Looks(
            lit=placed(self.lit, device),
            textureless=placed(self.textureless, device),
            ambient=placed(self.ambient, device),
            white=placed(self.white, device),
            oriented=placed(self.oriented, device),
        )


def sample_looks(
    draws: Draws, configs: Sequence[ShadingConfig], progress: Float[Tensor, " scenes"], views: int
) -> Looks:
    """The shading schedule of A.2, drawn for each view."""
    u = draws.uniform(Purpose.SHADING, (views, 3))
    fields = [(c.albedo_fraction, c.lit_probability, c.textureless_probability, *c.ambient) for c in configs]
    start, p_lit, p_bare, low, high = torch.tensor(fields)[:, :, None].unbind(1)
    lit = (progress[:, None] >= start) & (u[..., 0] < p_lit)
    white = torch.tensor([config.textureless_albedo for config in configs])
    always = torch.tensor([[config.normals == "always"] for config in configs])
    return Looks(lit, lit & (u[..., 1] < p_bare), low + (high - low) * u[..., 2], white, lit | always)


def unit_normals(gradient: Float[Tensor, "*n 3"], epsilon: float = 1e-3) -> Float[Tensor, "*n 3"]:
    """n = -grad tau / |grad tau| (§3.1). Where the gradient vanishes the normal does too, with a finite derivative."""
    return -gradient / torch.sqrt((gradient * gradient).sum(-1, keepdim=True) + epsilon * epsilon)


def lambertian(
    albedo: Float[Tensor, "*n 3"],
    normal: Float[Tensor, "*n 3"],
    point: Float[Tensor, "*n 3"],
    light: Float[Tensor, "*n 3"],
    ambient: Float[Tensor, "*n 1"],
) -> Float[Tensor, "*n 3"]:
    """c = rho (l_rho max(0, n . (l - mu) / |l - mu|) + l_a) with l_rho = 1 - l_a (§3.1)."""
    cosine = (normal * normalize(light - point, dim=-1)).sum(-1, keepdim=True).clamp(min=0.0)
    return albedo * (ambient + (1.0 - ambient) * cosine)
