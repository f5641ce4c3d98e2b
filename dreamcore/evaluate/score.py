"""Renders of finished objects to R-Precision and Janus rate.

Letters: v views of all objects, o objects, c candidate captions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from dreamcore.evaluate.janus import has_janus, looks_like_front
from dreamcore.evaluate.retrieval import RPrecision, mean_by_item, r_precision, retrieved, similarity
from dreamcore.evaluate.share import Share, wilson
from dreamcore.image_text import ImageTextModel
from dreamcore.texts import VIEW_WORDS

BATCH = 64
FACES = VIEW_WORDS[:3]  # front, side, back

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Renders:
    """Views of objects in one kind of look. `item` is the object of each view; an object's views go around it, the
    first from the front, at equal steps."""

    pixels: UInt8[Tensor, "v height width 3"]
    item: Int[Tensor, " v"]


@dataclass(frozen=True)
class Retrieved:
    """What the judge makes of one kind of look. `found`: of each object, whether its views together retrieve its
    caption; `answer` is the caption that they do retrieve."""

    summary: RPrecision
    found: Bool[Tensor, " o"]
    answer: Int[Tensor, " o"]


def embed(model: ImageTextModel, renders: Renders, report: Report | None = None) -> Float[Tensor, "v embedding"]:
    """A batch at a time; `report` is told how many views of how many are done."""
    parts = []
    for start in range(0, len(renders.pixels), BATCH):
        some = renders.pixels[start : start + BATCH].to(model.device)
        with torch.no_grad():
            parts.append(model.embed_images(some.permute(0, 3, 1, 2).float() / 255.0).cpu())
        if report is not None:
            report(min(start + BATCH, len(renders.pixels)), len(renders.pixels))
    return torch.cat(parts)


def retrieval(
    model: ImageTextModel,
    images: Float[Tensor, "v embedding"],
    item: Int[Tensor, " v"],
    captions: Sequence[str],
    own: Int[Tensor, " o"],
) -> Retrieved:
    """Which of `captions` the views retrieve; `own` is each object's."""
    scores = similarity(images, model.embed_texts(list(captions)).cpu())
    together = mean_by_item(scores, item, len(own))
    return Retrieved(r_precision(scores, own[item], item), retrieved(together, own), together.argmax(1))


def face_texts(caption: str) -> list[str]:
    """What a front, a side and a back of the object would be called."""
    return [f"{caption}, {view}" for view in FACES]


def janus(
    model: ImageTextModel, images: Float[Tensor, "v embedding"], item: Int[Tensor, " v"], captions: Sequence[str]
) -> Bool[Tensor, " o"]:
    """Which objects have more than one front; `captions` has one for each object, which all have equally many views in
    order of azimuth."""
    faces = model.embed_texts([text for caption in captions for text in face_texts(caption)]).cpu()
    faces = faces.unflatten(0, (len(captions), len(FACES)))
    scores = torch.einsum("ve,vfe->vf", images, faces[item])
    return has_janus(looks_like_front(scores.unflatten(0, (len(captions), -1))))


def janus_share(found: Bool[Tensor, " o"], directional: Bool[Tensor, " o"]) -> Share | None:
    """Among the objects that have a front; None if there is none."""
    count = int(directional.sum())
    return wilson(int((found & directional).sum()), count) if count else None
