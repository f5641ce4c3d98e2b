"""A picture wrapped around a mesh: charts of the surface laid out flat, and every pixel of theirs coloured.

V vertices, F faces, C covered pixels (texels) of an image of `side` x `side`, rows from the top down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from dreamcore.mesh import Mesh, Texture

_GAP = 4  # pixels between charts, filled from their edges, so that smaller copies of the picture do not bleed

Paint = Callable[[Float[np.ndarray, "points 3"], Float[np.ndarray, "points 3"]], UInt8[np.ndarray, "points 3"]]


def with_texture(mesh: Mesh, side: int, paint: Paint) -> Mesh:
    """The mesh cut into charts, which doubles the vertices along the cuts, with a picture of `side` pixels. `paint`
    gives the colours of points on the surface, by their normals too."""
    cut, uv = unwrap(mesh, side)
    pixels, face, shares = covered(uv, cut.faces, side)
    corners = cut.faces[face]
    points = (cut.vertices[corners] * shares[..., None]).sum(1).astype(np.float32)
    normals = (cut.normals[corners] * shares[..., None]).sum(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    image = np.zeros((side * side, 3), dtype=np.uint8)
    image[pixels] = paint(points, normals.astype(np.float32))
    known = np.zeros(side * side, dtype=bool)
    known[pixels] = True
    return replace(cut, texture=Texture(uv, spread(image.reshape(side, side, 3), known.reshape(side, side))))


def unwrap(mesh: Mesh, side: int) -> tuple[Mesh, Float[np.ndarray, "vertices 2"]]:
    """The mesh cut into charts, and where its vertices are in the picture, `uv` as in `Texture`."""
    import xatlas

    pack = xatlas.PackOptions()
    pack.resolution, pack.padding = side, _GAP
    while True:
        atlas = xatlas.Atlas()
        atlas.add_mesh(mesh.vertices, mesh.faces.astype(np.uint32), mesh.normals)
        atlas.generate(pack_options=pack)
        if atlas.atlas_count == 1:
            break
        pack.texels_per_unit = atlas.texels_per_unit * 0.9  # the charts did not fit into one picture
    origin, faces, uv = atlas[0]
    cut = Mesh(mesh.vertices[origin], faces.astype(np.int32), mesh.normals[origin], mesh.colors[origin])
    return cut, np.clip(uv, 0.0, 1.0).astype(np.float32)


def covered(
    uv: Float[np.ndarray, "vertices 2"], faces: Int[np.ndarray, "faces 3"], side: int
) -> tuple[Int[np.ndarray, " covered"], Int[np.ndarray, " covered"], Float[np.ndarray, "covered 3"]]:
    """The pixels whose centre lies in a face: their flat index, the face, and the shares of its corners."""
    place = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1).astype(np.float64) * side
    corners = place[faces]
    low = np.clip(np.ceil(corners.min(1) - 0.5), 0, side).astype(np.int64)
    high = np.clip(np.floor(corners.max(1) - 0.5) + 1, 0, side).astype(np.int64)
    width, height = np.maximum(high - low, 0).T
    # every pixel of every face's box, one after another
    face = np.repeat(np.arange(len(faces)), width * height)
    inside = np.arange(len(face)) - np.repeat(np.cumsum(width * height) - width * height, width * height)
    column = low[face, 0] + inside % np.maximum(width[face], 1)
    row = low[face, 1] + inside // np.maximum(width[face], 1)
    shares = _shares(corners[face], np.stack([column, row], axis=1) + 0.5)
    within = (shares >= 0.0).all(1)
    return (row * side + column)[within], face[within], shares[within]


def _shares(
    corners: Float[np.ndarray, "points 3 2"], point: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, "points 3"]:
    """Barycentric coordinates; all -1 in a triangle without area."""
    along, other, offset = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], point - corners[:, 0]
    area = along[:, 0] * other[:, 1] - along[:, 1] * other[:, 0]
    safe = np.where(area == 0.0, 1.0, area)
    second = (offset[:, 0] * other[:, 1] - offset[:, 1] * other[:, 0]) / safe
    third = (along[:, 0] * offset[:, 1] - along[:, 1] * offset[:, 0]) / safe
    found = np.stack([1.0 - second - third, second, third], axis=1)
    return np.where((area == 0.0)[:, None], -1.0, found)


def spread(
    image: UInt8[np.ndarray, "height width 3"], known: Bool[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Pixels that are not known take the mean of known neighbours, `_GAP` rounds long; the rest that of all known."""
    values, known = image.astype(np.float64), known.copy()
    rest = values[known].mean(0) if known.any() else np.zeros(3)
    for _ in range(_GAP):
        total, count = np.zeros_like(values), np.zeros(known.shape)
        padded = np.pad(values * known[..., None], ((1, 1), (1, 1), (0, 0)))
        there = np.pad(known, 1)
        height, width = known.shape
        for down in range(3):
            for right in range(3):
                total += padded[down : down + height, right : right + width]
                count += there[down : down + height, right : right + width]
        fresh = ~known & (count > 0)
        values[fresh] = total[fresh] / count[fresh, None]
        known |= fresh
    values[~known] = rest
    return (values + 0.5).clip(0, 255).astype(np.uint8)
