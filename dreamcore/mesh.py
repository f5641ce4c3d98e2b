"""Triangle meshes as arrays, and what is done to them before anybody colours or writes them.

V vertices, F faces, each three vertices in counter-clockwise order seen from outside; x y z points of a grid. Lengths
are in scene units, in the axes of `dreamcore.cameras`: y is up and the object's front looks along +z, which is also
glTF's convention, so that nothing is turned on the way into a file. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8


@dataclass(frozen=True, eq=False)
class Texture:
    """`uv` of each vertex with the origin at the image's bottom left; `image` is sRGB, from the top row down."""

    uv: Float[np.ndarray, "vertices 2"]
    image: UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True, eq=False)
class Mesh:
    """`normals` are unit vectors out of the solid; `colors` are sRGB."""

    vertices: Float[np.ndarray, "vertices 3"]
    faces: Int[np.ndarray, "faces 3"]
    normals: Float[np.ndarray, "vertices 3"]
    colors: UInt8[np.ndarray, "vertices 3"]
    texture: Texture | None = None


def keep_large(level: Float[np.ndarray, "x y z"], share: float) -> Float[np.ndarray, "x y z"]:
    """The level set without what is beside the point: pieces of the solid (`level` above 0) with less than `share` of
    the largest one's volume go, and cavities that no way leads into are filled. The surface elsewhere stays put."""
    from skimage.measure import label

    pieces, count = label(level > 0.0, connectivity=1, return_num=True)
    volumes = np.bincount(pieces.ravel(), minlength=count + 1)
    volumes[0] = 0  # the outside
    small = (volumes < share * volumes.max()) & (volumes > 0)
    solid = np.where(small[pieces], -np.abs(level), level)
    around, count = label(solid <= 0.0, connectivity=3, return_num=True)
    outside = around[0, 0, 0]
    cavity = np.ones(count + 1, dtype=bool)
    cavity[[0, outside]] = False
    return np.where(cavity[around], np.abs(solid), solid)


def zero_surface(
    level: Float[np.ndarray, "x y z"], first: float, step: float
) -> tuple[Float[np.ndarray, "vertices 3"], Int[np.ndarray, "faces 3"]]:
    """Marching cubes: the surface where `level` is 0, closed if `level` is below 0 all around. The grid's points stand
    at `first`, `first + step`, ... along each axis. There must be a point on either side."""
    from skimage.measure import marching_cubes

    # a point exactly on the surface would give triangles without area
    nudged = np.where(level == 0.0, np.float32(-1e-6), level)
    vertices, faces, _, _ = marching_cubes(nudged, 0.0, spacing=(step, step, step), gradient_direction="ascent")
    return vertices.astype(np.float32) + np.float32(first), faces.astype(np.int32)


def is_closed(faces: Int[np.ndarray, "faces 3"]) -> bool:
    """Whether every edge has exactly two faces, which go along it in opposite directions."""
    there, back = (np.sort(edges) for edges in _edges(faces))
    return bool((there[1:] != there[:-1]).all() and np.array_equal(there, back))


def decimate(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"], most: int
) -> tuple[Float[np.ndarray, "less 3"], Int[np.ndarray, "fewer 3"]]:
    """The surface with about `most` faces, by quadric error (Garland and Heckbert 1997); as it is if it has no more.
    A closed surface stays closed."""
    if len(faces) <= most:
        return vertices, faces
    from fast_simplification import simplify

    fewer, kept = simplify(vertices, faces, target_count=most)
    return part_sheets(fewer.astype(np.float32), kept.astype(np.int32)) if is_closed(faces) else (fewer, kept)


def part_sheets(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> tuple[Float[np.ndarray, "more 3"], Int[np.ndarray, "several 3"]]:
    """Sheets of a surface that were pinched together, made to touch only: afterwards every edge has two faces.

    Edges are collapsed in any order, and two sheets may end up with an edge in common. The boundary stays empty though:
    each edge has as many faces one way as the other. So the faces at it are paired, vertices are doubled where pairs
    part, and of two edges between the same vertices one gets a vertex in its middle.
    """
    faces = _without_pillows(faces)
    twin = _twins(faces)
    half = np.arange(faces.size)
    # from corner to corner around a vertex, across the twin of the edge that leads to it
    turn = twin[half - half % 3 + (half + 2) % 3]
    fan = half.copy()
    for _ in range(int(np.ceil(np.log2(max(faces.size, 2))))):
        fan = np.minimum(fan, fan[turn])
        turn = turn[turn]
    first, place = np.unique(fan, return_inverse=True)
    vertices, faces = vertices[faces.ravel()[first]], place.reshape(-1, 3).astype(np.int32)
    while len(doubled := _doubled(faces)):
        vertices, faces = _split(vertices, faces, doubled)
    return vertices, faces


def _edges(faces: Int[np.ndarray, "faces 3"]) -> tuple[Int[np.ndarray, " halves"], Int[np.ndarray, " halves"]]:
    """A number for each edge as its face goes along it, and for the way back."""
    start, end = faces.astype(np.int64).ravel(), np.roll(faces, -1, axis=1).astype(np.int64).ravel()
    count = int(faces.max()) + 1 if len(faces) else 0
    return start * count + end, end * count + start


def _twins(faces: Int[np.ndarray, "faces 3"]) -> Int[np.ndarray, " halves"]:
    """For each edge of a face, the one of another face that it is glued to. The boundary must be empty."""
    there, back = _edges(faces)
    one, other = np.argsort(there, kind="stable"), np.argsort(back, kind="stable")
    assert np.array_equal(there[one], back[other]), "the surface has a boundary"
    twin = np.empty_like(one)
    twin[one] = other
    return twin


def _without_pillows(faces: Int[np.ndarray, "faces 3"]) -> Int[np.ndarray, "fewer 3"]:
    """Pairs of faces with the same three vertices that look opposite ways enclose nothing: they go."""
    forward = np.sort(faces, axis=1)
    _, group = np.unique(forward, axis=0, return_inverse=True)
    group = group.reshape(-1)
    inverted = np.stack([np.argmin(faces, axis=1), np.arange(len(faces))])
    following = faces[inverted[1], (inverted[0] + 1) % 3]
    even = following == forward[:, 1]
    keep = np.ones(len(faces), dtype=bool)
    for shared in np.flatnonzero(np.bincount(group) > 1):
        members = np.flatnonzero(group == shared)
        ups, downs = members[even[members]], members[~even[members]]
        pairs = min(len(ups), len(downs))
        keep[ups[:pairs]] = keep[downs[:pairs]] = False
    return faces[keep]


def _doubled(faces: Int[np.ndarray, "faces 3"]) -> Int[np.ndarray, " doubled"]:
    """Edges of faces that another face goes along in the same direction: all but the first of each."""
    there, _ = _edges(faces)
    order = np.argsort(there, kind="stable")
    found: np.ndarray = order[1:][there[order][1:] == there[order][:-1]]
    return found


def _split(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"], doubled: Int[np.ndarray, " doubled"]
) -> tuple[Float[np.ndarray, "more 3"], Int[np.ndarray, "several 3"]]:
    """The first of the edges with a vertex in its middle, and the two faces at it in halves."""
    half = int(doubled[0])
    new, added = len(vertices), []
    for edge in (half, int(_twins(faces)[half])):
        face, corner = divmod(edge, 3)
        a, b, c = np.roll(faces[face], -corner)
        faces[face] = a, new, c
        added.append((new, b, c))
        middle = (vertices[a] + vertices[b]) / 2.0
    return np.concatenate([vertices, middle[None]]), np.concatenate([faces, np.array(added, dtype=faces.dtype)])


def vertex_normals(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """The mean of the faces around each vertex, weighted by their area; +y where they cancel."""
    corners = vertices[faces].astype(np.float64)
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros((len(vertices), 3))
    for corner in range(3):
        np.add.at(total, faces[:, corner], area)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    normals = np.where(length > 0.0, total / np.maximum(length, 1e-300), (0.0, 1.0, 0.0))
    return normals.astype(np.float32)


def weld(mesh: Mesh) -> Mesh:
    """The mesh without a texture, and without the doubled vertices of the cuts that a texture needs."""
    if mesh.texture is None:
        return mesh
    alike = np.concatenate([mesh.vertices, mesh.normals], axis=1)
    _, first, place = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    faces = place.reshape(-1)[mesh.faces].astype(np.int32)
    return Mesh(mesh.vertices[first], faces, mesh.normals[first], mesh.colors[first])
