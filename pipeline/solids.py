"""What is made of a finished scene: meshes and turntables, when a trial ends or at any time after.

Sees the algorithm, as `pipeline.optimise` and `pipeline.judging` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline import paths
from pipeline.errors import CorruptResult, UserError
from pipeline.mesh_files import encode_mesh
from pipeline.pictures import animate
from pipeline.provenance import Provenance
from pipeline.record import attempts
from pipeline.record.commit import committed_ids, read_commit
from pipeline.record.results import read_file
from pipeline.storage import Storage

if TYPE_CHECKING:
    from dreamcore.scene import Scene
    from dreamcore.surface import Surface, SurfaceConfig

_TURN_SECONDS = 4.0


class NoSolid(UserError):
    """There is nothing to make a mesh or turntable of: the scene is empty or was not kept, or the trial is about
    images."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a finished trial leaves besides its renders; `size` (pixels) and `elevation` (degrees) are the turntable's,
    which has `frames` pictures."""

    mesh: bool = False
    turntable: bool = False
    size: int = 128
    elevation: float = 20.0
    frames: int = 24


@dataclass(frozen=True, kw_only=True)
class Made:
    """`files` by name, `metrics` of the mesh, and what there is not, with the reason."""

    files: Mapping[str, bytes]
    metrics: Mapping[str, float]
    note: str


def make(scene: Scene, wanted: Wanted, record: Provenance) -> Made:
    """The scene's own file, and what is wanted of the others; on the device of the scene's tensors."""
    files, metrics, note = {paths.SCENE: scene.dump_final()}, {}, ""
    if wanted.mesh:
        try:
            surface = surface_of(scene)
        except NoSolid as error:
            note = f"no mesh: {error}"
        else:
            files |= {paths.MESH: encode_mesh(surface.mesh, "glb", record, "mesh")["mesh.glb"]}
            metrics = {
                "mesh_threshold": surface.threshold,
                "mesh_iou": surface.iou,
                "mesh_faces": float(len(surface.mesh.faces)),
            }
    if wanted.turntable:
        try:
            files[paths.TURNTABLE] = turntable_of(scene, wanted.frames, wanted.size, wanted.elevation, record)
        except NoSolid as error:
            note = f"{note}; no turntable: {error}" if note else f"no turntable: {error}"
    return Made(files=files, metrics=metrics, note=note)


def surface_config(*, resolution: int, faces: int, threshold: float | None, texture: int) -> SurfaceConfig:
    """Raises UserError for a value out of bounds."""
    from dreamcore.surface import SurfaceConfig

    try:
        return SurfaceConfig(resolution=resolution, faces=faces, threshold=threshold, texture=texture)
    except ValueError as error:
        raise UserError(str(error)) from error


def surface_of(scene: Scene, config: SurfaceConfig | None = None) -> Surface:
    """The surface of the scene. Raises NoSolid where it has none."""
    from dreamcore.surface import NoSurface, SurfaceConfig, surface_of

    _require_scene(scene)
    try:
        return surface_of(scene, config or SurfaceConfig())
    except NoSurface as error:
        raise NoSolid(str(error)) from error


def turntable_of(scene: Scene, frames: int, size: int, elevation: float, record: Provenance) -> bytes:
    """The scene's colour renders once around it, from the front on, as an animated WebP."""
    from PIL import Image

    from dreamcore.views import pictures

    _require_scene(scene)
    shots = pictures(scene, frames, size, elevation, kinds=("color",))
    return animate([Image.fromarray(shot.pixels.numpy()) for shot in shots], _TURN_SECONDS, record)


def _require_scene(scene: Scene) -> None:
    from dreamcore.config import SceneConfig

    if not isinstance(scene.config, SceneConfig):
        raise NoSolid("the trial makes images and no scene")


def load_scene(storage: Storage, trial_id: str) -> Scene:
    """The committed trial's scene as it ended, to look at, on the GPU if there is one. Raises UserError for a trial
    that is not committed, NoSolid for one that kept no scene, CorruptResult for one that storage has changed."""
    from dreamcore.scene import CorruptScene, Scene

    if trial_id not in committed_ids(storage):
        raise UserError(f"{storage.url} has no finished trial {trial_id}")
    data = read_file(storage, trial_id, paths.SCENE)
    try:
        scene = Scene.load_final(data) if data is not None else Scene.load(_last_checkpoint(storage, trial_id))
    except CorruptScene as error:
        raise CorruptResult(f"the scene of trial {trial_id} cannot be read: {error}") from error
    return _on_device(scene)


def _last_checkpoint(storage: Storage, trial_id: str) -> bytes:
    """Of a trial that was committed before scenes were kept: where it stood at its end."""
    commit = read_commit(storage, trial_id)
    for checkpoint in attempts.checkpoints(storage, trial_id, commit["number"]):
        if (checkpoint.number, checkpoint.step) == (commit["number"], commit["step"]):
            return checkpoint.blob
    raise NoSolid(
        f"trial {trial_id} was finished by an earlier version, which kept no scene, and its last checkpoint is gone: "
        "run it again, under another sweep's name, to have one"
    )


def _on_device(scene: Scene) -> Scene:
    import torch

    if not torch.cuda.is_available():
        return scene
    return replace(scene, tensors={name: value.cuda() for name, value in scene.tensors.items()})
