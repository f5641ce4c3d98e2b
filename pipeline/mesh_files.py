"""Meshes as trimesh objects and as files. The one module that imports trimesh.

Nothing is turned or scaled: our axes are glTF's (y up, front towards +z, right-handed), and a scene unit is written as
a metre. Equal meshes give equal bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dreamcore.mesh import Mesh, weld

if TYPE_CHECKING:
    import trimesh
    from jaxtyping import UInt8

    from pipeline.provenance import Provenance

MeshFormat = Literal["glb", "obj", "ply"]
_VERTICES, _INDICES = 34962, 34963  # what a glTF buffer view is for
FORMATS: tuple[MeshFormat, ...] = get_args(MeshFormat)


def to_trimesh(mesh: Mesh) -> trimesh.Trimesh:
    """The mesh with its normals, and with its texture if it has one, else with its colours (sRGB)."""
    return _trimesh(mesh, _colored(mesh) if mesh.texture is None else _textured(mesh))


def encode_mesh(mesh: Mesh, form: MeshFormat, record: Provenance, stem: str) -> dict[str, bytes]:
    """The files of the mesh by name; `stem` is their name without its ending. PLY has colours at vertices and never a
    texture; a textured OBJ is three files."""
    if form == "glb":
        return {f"{stem}.glb": _glb(mesh, record)}
    if form == "ply":
        return {f"{stem}.ply": _ply(mesh, record)}
    return _obj(mesh, record, stem)


def _trimesh(mesh: Mesh, visual: Any) -> trimesh.Trimesh:
    import trimesh

    return trimesh.Trimesh(
        vertices=mesh.vertices, faces=mesh.faces, vertex_normals=mesh.normals, visual=visual, process=False
    )


def _colored(mesh: Mesh) -> Any:
    from trimesh.visual import ColorVisuals

    return ColorVisuals(vertex_colors=_opaque(mesh.colors))


def _textured(mesh: Mesh) -> Any:
    from PIL import Image
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    assert mesh.texture is not None
    image = Image.fromarray(mesh.texture.image)
    material = PBRMaterial(name="albedo", baseColorTexture=image, metallicFactor=0.0, roughnessFactor=1.0)
    return TextureVisuals(uv=mesh.texture.uv, material=material)


def _opaque(colors: UInt8[np.ndarray, "vertices 3"]) -> UInt8[np.ndarray, "vertices 4"]:
    return np.concatenate([colors, np.full((len(colors), 1), 255, dtype=np.uint8)], axis=1)


def linear(colors: UInt8[np.ndarray, "vertices 3"]) -> UInt8[np.ndarray, "vertices 3"]:
    """sRGB as linear values (IEC 61966-2-1): what glTF wants at vertices, where a texture is sRGB."""
    value = colors / 255.0
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return (light * 255.0 + 0.5).astype(np.uint8)


def _glb(mesh: Mesh, record: Provenance) -> bytes:
    from trimesh.exchange.gltf import export_glb
    from trimesh.visual import ColorVisuals

    def finish(tree: dict[str, Any]) -> None:
        primitive, views = tree["meshes"][0]["primitives"][0], tree["bufferViews"]
        tree["asset"]["generator"] = record.software.partition(",")[0]
        tree["asset"]["extras"] = {"dreamsweep": record.as_dict()}
        if not tree.get("materials"):  # glTF's default is a metal
            tree["materials"] = [
                {"name": "albedo", "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 1.0}}
            ]
            primitive["material"] = 0
        for accessor in primitive["attributes"].values():
            views[tree["accessors"][accessor]["bufferView"]]["target"] = _VERTICES
        views[tree["accessors"][primitive["indices"]]["bufferView"]]["target"] = _INDICES

    plain = mesh.texture is None
    visual = ColorVisuals(vertex_colors=_opaque(linear(mesh.colors))) if plain else _textured(mesh)
    data: bytes = export_glb(_trimesh(mesh, visual), include_normals=True, tree_postprocessor=finish)
    return data


def _ply(mesh: Mesh, record: Provenance) -> bytes:
    from trimesh.exchange.ply import export_ply

    whole = weld(mesh)
    data: bytes = export_ply(_trimesh(whole, _colored(whole)), vertex_normal=True)
    first, second, rest = data.split(b"\n", 2)
    return b"\n".join([first, second, f"comment dreamsweep {record.json()}".encode(), rest])


def _obj(mesh: Mesh, record: Provenance, stem: str) -> dict[str, bytes]:
    """Vertex colours follow the positions, as most software reads them; a texture stands beside it with its MTL."""
    from trimesh.exchange.obj import export_obj

    mark = f"# dreamsweep {record.json()}\n"
    shape: str = export_obj(
        to_trimesh(mesh),
        include_normals=True,
        include_texture=mesh.texture is not None,
        header=None,
        write_texture=False,
    )
    if mesh.texture is None:
        return {f"{stem}.obj": f"{mark}{shape}\n".encode()}
    from PIL import Image

    from pipeline.pictures import encode

    lines = [line for line in shape.splitlines() if not line.startswith(("mtllib", "usemtl"))]
    material = f"{mark}newmtl albedo\nKa 0 0 0\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {stem}.png\n"
    return {
        f"{stem}.obj": "\n".join([f"{mark}mtllib {stem}.mtl", "usemtl albedo", *lines, ""]).encode(),
        f"{stem}.mtl": material.encode(),
        f"{stem}.png": encode(Image.fromarray(mesh.texture.image), record),
    }
