"""Frozen text-to-image diffusion models behind one Protocol. `kinds` names them without importing PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dreamcore.priors.kinds import PRIOR_KINDS

if TYPE_CHECKING:
    from dreamcore.priors.load import load_prior

__all__ = ["PRIOR_KINDS", "load_prior"]


def __getattr__(name: str) -> Any:
    """`load_prior` on first use: it needs PyTorch, the names of the kinds do not (PEP 562)."""
    if name == "load_prior":
        from dreamcore.priors.load import load_prior

        return load_prior
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
