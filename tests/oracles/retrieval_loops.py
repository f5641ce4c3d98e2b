"""R-Precision once more, by its definition: plain Python, loops, sums that do not round (math.fsum)."""

from __future__ import annotations

import math
from collections.abc import Sequence

Vector = Sequence[float]


def cosine(one: Vector, other: Vector) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def found_alone(view: Vector, captions: Sequence[Vector], own: int) -> bool:
    """Whether no other caption is as near to the view as its own."""
    mine = cosine(view, captions[own])
    return all(cosine(view, other) < mine for place, other in enumerate(captions) if place != own)


def together(views: Sequence[Vector], captions: Sequence[Vector]) -> list[float]:
    """The mean cosine of every caption."""
    return [math.fsum(cosine(view, caption) for view in views) / len(views) for caption in captions]


def rank(scores: Sequence[float], own: int) -> int:
    """The place of the own caption when all are sorted from high to low; behind its equals."""
    ordered = sorted(range(len(scores)), key=lambda place: (-scores[place], place == own))
    return ordered.index(own) + 1
