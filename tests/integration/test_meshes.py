"""From a prompt to a file: a trial is distilled, and its GLB has the silhouettes of its field."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from oracles.raster import overlap, rasterise

import pipeline
from dreamcore.cameras import orbit
from dreamcore.render import even_rays
from dreamcore.still import Still, hold_still
from pipeline.launch import launch
from pipeline.plan import make_plan, store_plan
from pipeline.progress import display
from pipeline.prompts import load_prompts
from pipeline.sayings import console
from pipeline.spec import parse_spec
from pipeline.storage import Storage

SPEC = """\
name: duck
storage: {folder}
prompts: [a yellow duck]
set: {{steps: 120}}
outputs: {{views: 2, size: 32, mesh: true, turntable: true}}
tracking: {{mlflow: off}}
"""
SIDE = 96


def opaque(still: Still, azimuth: float, elevation: float) -> np.ndarray:
    """The pixels where the field stops at least half of the light."""
    camera = orbit([azimuth], elevation, still.radius, still.focal)
    rays = even_rays(camera, SIDE, 128, still.bound, torch.full((1, 1, SIDE**2), 0.5)).spread()
    points = rays.points.reshape(1, -1, 3)
    with torch.no_grad():
        density = torch.cat([still.field.density(still.parameters, some) for some in points.split(2**17, dim=1)], dim=1)
    opacity = 1.0 - torch.exp(-(density.view(rays.depth.shape) * rays.spacing).sum(-1))
    mask: np.ndarray = (opacity >= 0.5).view(SIDE, SIDE).numpy()
    return mask


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_distilled_mesh_has_the_silhouettes_of_its_field(tmp_path: Path) -> None:
    """At least 0.96 of the union in every view, none of which the threshold was chosen by."""
    text = SPEC.format(folder=tmp_path)
    spec = parse_spec(text, "duck.yaml", None)
    plan = make_plan(spec, load_prompts(spec.prompts, tmp_path))
    storage = Storage(spec.url)
    store_plan(storage, plan, text)
    options = {"kind": "inline", "address": None}
    summary = launch(spec, plan, plan, storage, show=display(console(), wanted=False), say=lambda said: None, **options)  # type: ignore[arg-type]
    assert summary.committed == 1

    sweep, trial_id = pipeline.open(spec.url), plan.trials[0].trial_id
    row = sweep.trials().iloc[0]
    assert row["note"] is None or row["note"] != row["note"]
    assert row["metric_mesh_iou"] > 0.95
    glb = sweep.file(trial_id, "mesh.glb")
    assert glb is not None
    (mesh,) = trimesh.load_scene(io.BytesIO(glb), file_type="glb", process=False).geometry.values()
    assert mesh.is_watertight
    still = hold_still(sweep.scene(trial_id))
    for azimuth, elevation in ((15.0, 20.0), (105.0, -15.0), (195.0, 55.0), (285.0, 20.0)):
        camera = {"azimuth": azimuth, "elevation": elevation, "distance": still.radius, "focal": still.focal}
        mask, _ = rasterise(mesh.vertices, mesh.faces, np.zeros((len(mesh.vertices), 3)), SIDE, **camera)
        assert overlap(mask, opaque(still, azimuth, elevation)) > 0.96, (azimuth, elevation)
