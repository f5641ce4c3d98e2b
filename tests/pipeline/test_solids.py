"""Meshes and turntables of finished scenes: when a trial ends, later from what it kept, and where there is nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import tiny_scene
import torch
import trimesh
from PIL import Image
from stored import begin, commit_trial, trial

import pipeline
from dreamcore.config import ImageConfig
from dreamcore.scene import Scene
from pipeline import paths
from pipeline.errors import CorruptResult, UserError
from pipeline.mesh_files import encode_mesh
from pipeline.provenance import Provenance, find_provenance
from pipeline.record.attempts import Checkpoint, save_checkpoint
from pipeline.record.commit import read_commit
from pipeline.record.results import read_file
from pipeline.solids import NoSolid, Wanted, load_scene, make, surface_config, surface_of, turntable_of
from pipeline.storage import Storage

MADE = trial("a cup", 0)
RECORD = Provenance.of(MADE)
ALL = Wanted(mesh=True, turntable=True, size=24, frames=3)


@pytest.fixture
def sweep(tmp_storage: Storage) -> Storage:
    """With one trial that kept a blob."""
    begin(tmp_storage, MADE)
    commit_trial(tmp_storage, MADE, files={paths.SCENE: tiny_scene.blob().dump_final()})
    return tmp_storage


def test_what_is_wanted_is_made() -> None:
    made = make(tiny_scene.blob(), ALL, RECORD)
    assert set(made.files) == {"scene.safetensors", "mesh.glb", "turntable.webp"}
    assert made.note == ""
    assert made.metrics["mesh_iou"] > 0.95
    assert made.metrics["mesh_threshold"] > 0.0
    assert 100 <= made.metrics["mesh_faces"] <= 20_000
    for name in (paths.MESH, paths.TURNTABLE):
        assert find_provenance(made.files[name]) == RECORD
    turning = Image.open(io.BytesIO(made.files[paths.TURNTABLE]))
    assert (turning.n_frames, turning.size) == (3, (24, 24))  # type: ignore[attr-defined]
    assert make(tiny_scene.blob(), ALL, RECORD).files == made.files


def test_nothing_but_the_scene_by_itself() -> None:
    made = make(tiny_scene.blob(), Wanted(), RECORD)
    assert set(made.files) == {paths.SCENE}
    assert made.metrics == {}
    kept = Scene.load_final(made.files[paths.SCENE])
    whole = tiny_scene.blob().tensors
    assert all(torch.equal(value, whole[name]) for name, value in kept.tensors.items())


def test_an_empty_scene_has_a_note_and_no_mesh() -> None:
    made = make(tiny_scene.empty(), ALL, RECORD)
    assert set(made.files) == {paths.SCENE, paths.TURNTABLE}
    assert made.metrics == {}
    assert made.note == ("no mesh: the scene is empty: no view shows anything opaque (the most opaque ray stops 0%)")


def test_images_have_neither() -> None:
    scene = Scene.create("a cup", 0, ImageConfig(images=1, size=8))
    made = make(scene, ALL, RECORD)
    assert set(made.files) == {paths.SCENE}
    said = "the trial makes images and no scene"
    assert made.note == f"no mesh: {said}; no turntable: {said}"


def test_a_mesh_of_the_kept_scene_is_that_of_the_scene(sweep: Storage) -> None:
    before = surface_of(tiny_scene.blob()).mesh
    after = surface_of(load_scene(sweep, MADE.trial_id)).mesh
    np.testing.assert_array_equal(before.vertices, after.vertices)
    np.testing.assert_array_equal(before.colors, after.colors)


def test_in_python(sweep: Storage) -> None:
    opened = pipeline.open(sweep.url)
    mesh = opened.mesh(MADE.trial_id, resolution=32, faces=500)
    assert isinstance(mesh, trimesh.Trimesh)
    assert mesh.is_watertight
    assert len(mesh.faces) <= 500
    assert mesh.volume > 0.0
    assert opened.mesh(MADE.trial_id, resolution=32, texture=64).visual.kind == "texture"
    assert opened.scene(MADE.trial_id).prompt == "a cup"
    assert opened.file(MADE.trial_id, "mesh.glb") is None
    assert opened.file(MADE.trial_id, "scene.safetensors") == tiny_scene.blob().dump_final()
    for call in (opened.mesh, opened.scene, lambda trial_id: opened.file(trial_id, "mesh.glb")):
        with pytest.raises(UserError, match="has no (finished|completed) trial 0{20}"):
            call("0" * 20)
    with pytest.raises(UserError, match="faces = 3: must be at least 100"):
        opened.mesh(MADE.trial_id, faces=3)


def test_files_are_compared_with_the_commit(sweep: Storage) -> None:
    entry = read_commit(sweep, MADE.trial_id)["files"][paths.SCENE]
    sweep.write(entry["key"], b"rubbish")
    with pytest.raises(CorruptResult, match="has changed since it was written"):
        load_scene(sweep, MADE.trial_id)
    sweep.delete(entry["key"])
    with pytest.raises(CorruptResult, match="is missing from storage"):
        read_file(sweep, MADE.trial_id, paths.SCENE)


def test_a_file_that_was_never_a_scene(tmp_storage: Storage) -> None:
    begin(tmp_storage, MADE)
    commit_trial(tmp_storage, MADE, files={paths.SCENE: b"rubbish"})
    with pytest.raises(CorruptResult, match=f"the scene of trial {MADE.trial_id} cannot be read"):
        load_scene(tmp_storage, MADE.trial_id)


def test_a_trial_of_an_earlier_version_has_its_last_checkpoint(tmp_storage: Storage) -> None:
    begin(tmp_storage, MADE)
    blob = tiny_scene.blob().dump()
    save_checkpoint(tmp_storage, MADE.trial_id, Checkpoint(number=1, step=4, blob=blob, rows=[], seconds=1.0), keep=2)
    commit_trial(tmp_storage, MADE)
    assert load_scene(tmp_storage, MADE.trial_id).dump() == blob


@pytest.mark.parametrize("step", [None, 3])
def test_without_one_the_message_says_so(tmp_storage: Storage, step: int | None) -> None:
    begin(tmp_storage, MADE)
    if step is not None:
        early = Checkpoint(number=1, step=step, blob=tiny_scene.blob().dump(), rows=[], seconds=1.0)
        save_checkpoint(tmp_storage, MADE.trial_id, early, keep=2)
    commit_trial(tmp_storage, MADE)
    with pytest.raises(UserError, match="by an earlier version, which kept no scene.*run it again"):
        load_scene(tmp_storage, MADE.trial_id)


def test_no_turntable_of_images() -> None:
    scene = Scene.create("a cup", 0, ImageConfig(images=1, size=8))
    with pytest.raises(NoSolid):
        turntable_of(scene, 3, 16, 20.0, RECORD)


def test_a_flat_scene_has_a_mesh() -> None:
    """Cut by the bound on all sides, and thin."""
    config = replace(tiny_scene.CONFIG, render=replace(tiny_scene.CONFIG.render, bound=0.2))
    found = surface_of(
        tiny_scene.blob(config=config), surface_config(resolution=32, faces=500, threshold=None, texture=0)
    )
    data = encode_mesh(found.mesh, "ply", RECORD, "m")["m.ply"]
    assert trimesh.load(io.BytesIO(data), file_type="ply").is_watertight
