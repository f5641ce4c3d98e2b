"""A prior from its name and options, as a sweep writes them."""

from __future__ import annotations

from typing import Any

import torch

from dreamcore.priors.base import Prior
from dreamcore.priors.kinds import check_prior


def load_prior(kind: str, *, device: torch.device | str = "cpu", **options: Any) -> Prior:
    """The prior of this kind on this device. `PRIOR_OPTIONS` says which options each kind takes.

    Raises ValueError for an unknown kind, option or value, and for a model that cannot be loaded.
    """
    check_prior(kind, options)
    if kind == "mixture":
        from dreamcore.priors.mixture import MixturePrior

        return MixturePrior.palette(device, **options)
    if kind == "stable_diffusion":
        from dreamcore.priors.stable_diffusion import load_stable_diffusion

        return load_stable_diffusion(device, **options)
    if kind == "deepfloyd":
        from dreamcore.priors.deepfloyd import load_deepfloyd

        return load_deepfloyd(device, **options)
    assert kind == "embedded"
    from dreamcore.priors.embedded import EmbeddedPrior

    options.pop("revision", None)  # checked: there is but one
    return EmbeddedPrior(device, **options)
