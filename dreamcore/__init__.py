"""DreamFusion in PyTorch: neural fields optimised by score distillation against a frozen text-to-image model.

A `Scene` joins a `Pack`, which is stepped until the scene's result is `finished`; docs/python.md has it in five lines.
What `__all__` names is public: it changes as docs/versions.md says. Nothing is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dreamcore.public_names import imported_when_asked_for

if TYPE_CHECKING:
    from dreamcore.config import ImageConfig, SceneConfig, TrialConfig
    from dreamcore.mesh import Mesh
    from dreamcore.pack import Pack, StepResult, pack_key
    from dreamcore.presets import preset
    from dreamcore.priors.base import Prior
    from dreamcore.priors.load import load_prior
    from dreamcore.scene import CorruptScene, Progress, Scene
    from dreamcore.surface import Surface, SurfaceConfig, surface_of

    __version__: str

__all__ = [
    "CorruptScene",
    "ImageConfig",
    "Mesh",
    "Pack",
    "Prior",
    "Progress",
    "Scene",
    "SceneConfig",
    "StepResult",
    "Surface",
    "SurfaceConfig",
    "TrialConfig",
    "__version__",
    "load_prior",
    "pack_key",
    "preset",
    "surface_of",
]

_HOMES = {
    "CorruptScene": "scene",
    "ImageConfig": "config",
    "Mesh": "mesh",
    "Pack": "pack",
    "Prior": "priors.base",
    "Progress": "scene",
    "Scene": "scene",
    "SceneConfig": "config",
    "StepResult": "pack",
    "Surface": "surface",
    "SurfaceConfig": "surface",
    "TrialConfig": "config",
    "load_prior": "priors.load",
    "pack_key": "pack",
    "preset": "presets",
    "surface_of": "surface",
}  # the module of each name that is imported when it is first asked for


__getattr__ = imported_when_asked_for(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
