"""Meshes as files that other software reads: structure, axes, colours, and the Khronos validator's word."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray
from oracles.analytic import ball, still, union
from PIL import Image

from dreamcore.mesh import Mesh
from dreamcore.surface import SurfaceConfig, find_surface
from pipeline.mesh_files import FORMATS, encode_mesh, linear, to_trimesh
from pipeline.provenance import Provenance

RECORD = Provenance(
    trial_id="0123456789abcdef0123",
    prompt="a <b>cup</b>\n\u732b",
    seed=0,
    variant="base",
    prior={"kind": "embedded", "revision": "abc"},
    software="dreamsweep 0.1.0, torch 2.14.1",
)
VALIDATE = """
const fs = require('fs');
require(process.argv[1]).validateBytes(new Uint8Array(fs.readFileSync(0)), {maxIssues: 20})
  .then(report => console.log(JSON.stringify(report)));
"""


def _solid(texture: int) -> Mesh:
    """A ball with a nose at its front, +z."""
    config = SurfaceConfig(resolution=32, faces=1_000, texture=texture)
    return find_surface(still(union(ball(0.5), ball(0.15, (0.0, 0.0, 0.6)))), config).mesh


@pytest.fixture(scope="module")
def plain() -> Mesh:
    return _solid(0)


@pytest.fixture(scope="module")
def textured() -> Mesh:
    return _solid(64)


@pytest.fixture(params=["plain", "textured"])
def mesh(request: pytest.FixtureRequest) -> Mesh:
    found: Mesh = request.getfixturevalue(request.param)
    return found


def loaded(data: bytes, kind: str) -> trimesh.Trimesh:
    scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False)
    (found,) = scene.geometry.values()
    assert isinstance(found, trimesh.Trimesh)
    (node,) = scene.graph.nodes_geometry
    np.testing.assert_array_equal(scene.graph[node][0], np.eye(4))
    return found


def tree_of(glb: bytes) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(glb[20 : 20 + int.from_bytes(glb[12:16], "little")])
    return tree


def triangles(mesh: Any) -> NDArray[np.float64]:
    corners: NDArray[np.float64] = np.asarray(mesh.vertices)[np.asarray(mesh.faces)].astype(np.float64)
    return corners


def test_every_format_has_the_same_triangles(mesh: Mesh) -> None:
    for form in FORMATS:
        again = loaded(encode_mesh(mesh, form, RECORD, "m")[f"m.{form}"], form)
        np.testing.assert_allclose(triangles(again), triangles(mesh), atol=1e-6)


def test_nothing_is_turned(mesh: Mesh) -> None:
    """The nose is at +z in the file as in the scene: glTF's front."""
    for form in FORMATS:
        vertices = np.asarray(loaded(encode_mesh(mesh, form, RECORD, "m")[f"m.{form}"], form).vertices)
        assert vertices[:, 2].max() > 0.7
        assert np.abs(vertices[:, :2]).max() < 0.55
        assert vertices[:, 2].min() > -0.55


def test_watertight_once_the_cuts_are_closed(mesh: Mesh) -> None:
    again = loaded(encode_mesh(mesh, "glb", RECORD, "m")["m.glb"], "glb")
    again.merge_vertices(merge_tex=True, merge_norm=True)
    assert again.is_watertight
    assert again.volume > 0.0
    assert loaded(encode_mesh(mesh, "ply", RECORD, "m")["m.ply"], "ply").is_watertight


def test_what_a_glb_says(mesh: Mesh) -> None:
    tree = tree_of(encode_mesh(mesh, "glb", RECORD, "m")["m.glb"])
    assert tree["asset"]["version"] == "2.0"
    assert tree["asset"]["generator"] == "dreamsweep 0.1.0"
    assert tree["asset"]["extras"] == {"dreamsweep": RECORD.as_dict()}
    (material,) = tree["materials"]
    assert material["pbrMetallicRoughness"]["metallicFactor"] == 0.0
    (primitive,) = tree["meshes"][0]["primitives"]
    assert primitive["material"] == 0
    color = "COLOR_0" if mesh.texture is None else "TEXCOORD_0"
    assert set(primitive["attributes"]) == {"POSITION", "NORMAL", color}
    assert ("baseColorTexture" in material["pbrMetallicRoughness"]) == (mesh.texture is not None)


def test_colours_at_vertices_are_linear_in_a_glb_and_srgb_elsewhere(plain: Mesh) -> None:
    looks = {form: loaded(encode_mesh(plain, form, RECORD, "m")[f"m.{form}"], form).visual for form in FORMATS}
    np.testing.assert_array_equal(looks["ply"].vertex_colors[:, :3], plain.colors)
    np.testing.assert_allclose(looks["obj"].vertex_colors[:, :3], plain.colors, atol=1)
    np.testing.assert_array_equal(looks["glb"].vertex_attributes["color"][:, :3], linear(plain.colors))


def test_linear_values_of_the_standard() -> None:
    found = linear(np.array([[0, 10, 128], [188, 254, 255]], dtype=np.uint8))
    assert found.tolist() == [[0, 1, 55], [128, 253, 255]]  # IEC 61966-2-1


def test_the_texture_is_where_the_faces_are(textured: Mesh) -> None:
    """At the middle of every face the picture has the field's colour, in the GLB and in the OBJ's PNG."""
    assert textured.texture is not None
    parts = encode_mesh(textured, "obj", RECORD, "m")
    assert set(parts) == {"m.obj", "m.mtl", "m.png"}
    assert b"mtllib m.mtl" in parts["m.obj"]
    assert b"map_Kd m.png" in parts["m.mtl"]
    by_glb = loaded(encode_mesh(textured, "glb", RECORD, "m")["m.glb"], "glb")
    picture = np.asarray(by_glb.visual.material.baseColorTexture.convert("RGB"))
    np.testing.assert_array_equal(picture, textured.texture.image)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(parts["m.png"]))), textured.texture.image)
    middle = triangles(by_glb).mean(1)
    uv = np.asarray(by_glb.visual.uv)[by_glb.faces].mean(1)
    column, row = (np.clip(value * 64, 0, 63).astype(int) for value in (uv[:, 0], 1.0 - uv[:, 1]))
    sure = np.abs(middle[:, 0]) > 0.12  # away from the line between the field's two colours
    red = picture[row, column, 0][sure] > 127
    assert (red == (middle[sure, 0] > 0.0)).mean() > 0.97


def test_as_a_trimesh(mesh: Mesh) -> None:
    found = to_trimesh(mesh)
    np.testing.assert_array_equal(found.faces, mesh.faces)
    np.testing.assert_allclose(found.vertex_normals, mesh.normals, atol=1e-6)
    assert found.visual.kind == ("vertex" if mesh.texture is None else "texture")


def _validator() -> str:
    """The folder of the npm package gltf-validator, which .ci/run installs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("GLTF_VALIDATOR") or cache / "dreamsweep" / "node_modules" / "gltf-validator")
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not folder.is_dir():
        pytest.skip("the npm package gltf-validator is not installed; GLTF_VALIDATOR names its folder")
    return str(folder.resolve())


def validated(glb: bytes) -> dict[str, Any]:
    command = ["node", "-e", VALIDATE, _validator()]
    run = subprocess.run(command, input=glb, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    report: dict[str, Any] = json.loads(run.stdout)
    return report


def test_the_khronos_validator_finds_no_fault(mesh: Mesh) -> None:
    report = validated(encode_mesh(mesh, "glb", RECORD, "m")["m.glb"])
    assert report["issues"]["messages"] == []
    assert report["info"]["totalTriangleCount"] == len(mesh.faces)
    assert report["info"]["hasTextures"] == (mesh.texture is not None)


def test_the_khronos_validator_does_find_faults(mesh: Mesh) -> None:
    glb = encode_mesh(mesh, "glb", RECORD, "m")["m.glb"]
    assert validated(glb.replace(b'"version":"2.0"', b'"version":"2.x"'))["issues"]["numErrors"] > 0
