"""An image-text model that looks at renders and reads captions: the one module of the pipeline that sees a judge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from dreamcore.assets import JUDGE
from dreamcore.evaluate.janus import has_janus, looks_like_front, view_consistency
from dreamcore.evaluate.retrieval import Answer, answer
from dreamcore.evaluate.score import Renders, embed, face_texts
from dreamcore.image_text import ImageTextModel, load_image_text, same_image_encoder
from pipeline.errors import UserError
from pipeline.pictures import decode

EMBEDDED = "embedded"

Directions = Float[np.ndarray, "views embedding"]


def load_judge(name: str) -> ImageTextModel:
    """The bundled judge (`embedded`); a folder with `open_clip_config.json` and weights; or a model of open_clip as
    `ARCHITECTURE/TAG` or `ARCHITECTURE/CHECKPOINT_FILE`. On the GPU if there is one.

    Raises UserError for one that cannot be loaded.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, pretrained = (str(JUDGE) if name == EMBEDDED else name), ""
    if not (Path(model).expanduser().is_dir() or model.startswith(("/", "~", "."))):
        model, _, pretrained = model.partition("/")
    try:
        return load_image_text(model, pretrained, device)
    except ValueError as error:
        text = str(error).replace(f"guidance.model = {model!r}", f"--judge = {name!r}")
        raise UserError(re.sub(r"guidance\.(model|pretrained)", "--judge", text)) from error


def check_impartial(judge: str, guides: Mapping[str, str]) -> None:
    """Raise UserError if the judge has guided: `guides` has the identity of what guided each variant (§5.1)."""
    for variant, guide in guides.items():
        if same_image_encoder(guide, judge):
            raise UserError(
                f"the judge {judge.partition('@')[0]} guided the trials of {variant!r}: a model must not judge what it "
                "has guided. Choose another --judge"
            )


def look(model: ImageTextModel, pngs: Sequence[bytes]) -> Directions:
    """What the judge sees in the views of one object, a row each. They are looked at together and with no others, so
    that the rest of the sweep changes nothing.

    Raises UserError for views of different sizes.
    """
    pictures = [np.asarray(decode(png).convert("RGB")) for png in pngs]
    if len({picture.shape for picture in pictures}) > 1:
        raise UserError("the views of a trial have different sizes: it cannot be judged")
    pixels = torch.from_numpy(np.stack(pictures))
    return embed(model, Renders(pixels, torch.zeros(len(pixels), dtype=torch.int64))).numpy()


def read_texts(model: ImageTextModel, texts: Sequence[str]) -> Directions:
    """What the judge reads in each text."""
    return model.embed_texts(texts).cpu().numpy()


def texts_for(captions: Sequence[str], directional: Sequence[str]) -> tuple[str, ...]:
    """All that has to be read to seek among the captions, and to tell the fronts of the prompts that have one."""
    faces = [text for prompt in directional for text in face_texts(prompt)]
    return tuple(dict.fromkeys([*captions, *faces]))


def answers_of(
    views: Mapping[str, Directions], captions: Directions, names: Sequence[str], own: int, faces: Directions | None
) -> dict[str, Any]:
    """Columns of `pipeline.schema.EVALUATED` for one trial. `views` by `color` and, where there is a scene, `geometry`;
    `names` are the captions, `own` the number of the trial's; `faces` what its prompt's front, side and back are
    read as, None without a front."""
    texts = torch.from_numpy(captions).double()
    row: dict[str, Any] = {}
    for kind, seen in views.items():
        row |= _columns(kind, answer(torch.from_numpy(seen).double(), texts, own), names)
    color = torch.from_numpy(views["color"]).double()
    row["view_consistency"] = view_consistency(color)
    if faces is not None and "geometry" in views:
        row["janus"] = bool(has_janus(looks_like_front((color @ torch.from_numpy(faces).double().T)[None]))[0])
    return row


def _columns(kind: str, found: Answer, names: Sequence[str]) -> dict[str, Any]:
    plain = "" if kind == "color" else f"_{kind}"
    return {
        f"views{plain}": found.views,
        f"clip_score{plain}": found.score,
        f"rank_{kind}": found.rank,
        f"found_{kind}": found.rank == 1,
        f"saw_{kind}": names[found.answer],
        f"views_found_{kind}": found.alone,
    }
