"""How different objects of one prompt are, by directions that an image-text model gives them.

Letters: v views of an object, n objects, e values of an embedding of length 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

_NOTHING = 1e-12  # a direction shorter than this has none; a cosine this near to 1 is 1


@dataclass(frozen=True)
class Pair:
    """Two objects by their places, the smaller first, and how far they are apart."""

    first: int
    second: int
    distance: float


def over_views(embeddings: Float[np.ndarray, "v e"]) -> Float[np.ndarray, " e"]:
    """The direction of the views together. Raises ValueError if they cancel out."""
    total: Float[np.ndarray, " e"] = embeddings.astype(np.float64).mean(0)
    length = np.linalg.norm(total)
    if not length > _NOTHING:
        raise ValueError("the embeddings of the views have no mean direction")
    direction: Float[np.ndarray, " e"] = total / length
    return direction


def cosine_distances(directions: Float[np.ndarray, "n e"]) -> Float[np.ndarray, "n n"]:
    """1 - cosine, between 0 and 2; exactly 0 between equal directions."""
    vectors = directions.astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)  # of length 1 to more digits than they were kept in
    distances = 1.0 - vectors @ vectors.T
    distances[np.abs(distances) < _NOTHING] = 0.0
    both: Float[np.ndarray, "n n"] = (distances + distances.T) / 2.0
    return both


def mean_distance(distances: Float[np.ndarray, "n n"]) -> float:
    """Between two different objects. Raises ValueError with fewer than two."""
    count = len(distances)
    if count < 2:
        raise ValueError("one object has no distance: there must be two seeds at least")
    return float(distances.sum() / (count * (count - 1)))


def vendi(distances: Float[np.ndarray, "n n"]) -> float:
    """The Vendi score (Friedman and Dieng 2023) of the similarities K = 1 - distance: how many different objects there
    seem to be, from 1 to n. It is exp of the entropy of the eigenvalues of K / n."""
    values = np.linalg.eigvalsh((1.0 - distances) / len(distances))
    kept = values[values > _NOTHING]
    kept = kept / kept.sum()
    return float(np.exp(-(kept * np.log(kept)).sum()))


def nearest(distances: Float[np.ndarray, "n n"]) -> Pair:
    """The two most alike; the first of equals."""
    return _extreme(distances, -1.0)


def farthest(distances: Float[np.ndarray, "n n"]) -> Pair:
    """The two least alike; the first of equals."""
    return _extreme(distances, 1.0)


def _extreme(distances: Float[np.ndarray, "n n"], sign: float) -> Pair:
    rows, columns = np.triu_indices(len(distances), 1)
    best = int(np.argmax(sign * distances[rows, columns]))
    row, column = int(rows[best]), int(columns[best])
    return Pair(row, column, float(distances[row, column]))


def distance_between_groups(directions: Float[np.ndarray, "n e"], group: Int[np.ndarray, " n"]) -> float | None:
    """The mean cosine distance of two objects of different groups, as of different prompts; None if there is one group
    only. Without all n x n pairs: sums of directions have the sums of their cosines."""
    vectors = directions.astype(np.float64)
    names, place = np.unique(group, return_inverse=True)
    if len(names) < 2:
        return None
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, place, vectors)
    sizes = np.bincount(place)
    cosines = np.square(sums.sum(0)).sum() - np.square(sums).sum()
    pairs = len(vectors) ** 2 - np.square(sizes).sum()
    return float(1.0 - cosines / pairs)
