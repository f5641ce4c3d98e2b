"""Sweeps in storage whose renders are plain colours, for a judge that reads colours."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from colour_judge import BLUE, GREEN, RED, Colour
from PIL import Image
from stored import PRIOR, commit_attempt, trial

from dreamcore.evaluate.form import slices
from pipeline.engine import View
from pipeline.pictures import encode
from pipeline.record.attempts import finish
from pipeline.storage import Storage
from pipeline.trial import Trial

Views = Sequence[Colour]

TEXTS: dict[str, Colour] = {"a cherry": RED, "a lime": GREEN, "a cat": BLUE, "a berry": (255, 0, 255)}
TEXTS |= {f"{name}, {view} view": colour for name in list(TEXTS) for view, colour in
          (("front", RED), ("side", GREEN), ("back", BLUE))}  # fmt: skip


def tagged(made: Trial, front: bool) -> Trial:
    return dataclasses.replace(made, tags={"directional": str(front).lower()})


def looks(color: Views, textureless: Views) -> dict[str, Views]:
    return {"color": color, "textureless": textureless}


def commit_views(
    storage: Storage,
    made: Trial,
    shown: Mapping[str, Views],
    side: int = 4,
    occupied: np.ndarray | None = None,
    **row: object,
) -> None:
    """A finished and committed attempt with these colours as its views, and the space that its object fills."""
    pixels = {
        kind: np.array(colours, np.uint8)[:, None, None].repeat(side, 1).repeat(side, 2)
        for kind, colours in shown.items()
    }
    commit_pictures(storage, made, pixels, occupied, **row)


def commit_pictures(
    storage: Storage,
    made: Trial,
    shown: Mapping[str, np.ndarray],
    occupied: np.ndarray | None = None,
    **row: object,
) -> None:
    """The same with pictures (views, height, width, 3)."""
    views = [
        View(index=i, kind=kind, azimuth=90.0 * i, elevation=20.0, radius=2.5, png=encode(Image.fromarray(pixels)))
        for kind, pictures in shown.items()
        for i, pixels in enumerate(pictures)
    ]
    if occupied is not None:
        png = encode(Image.fromarray(slices(occupied)))
        views.append(View(index=99, kind="occupancy", azimuth=None, elevation=None, radius=None, png=png))
    facts = {"trial_id": made.trial_id, "prompt": made.prompt, "seed": made.seed, "variant": made.variant, "steps": 4}
    facts |= {"status": "completed", "prior": PRIOR, "verdict": "healthy", **row}
    finish(storage, made.trial_id, 1, facts, [{"step": 4, "t": 0.0}], views)
    assert commit_attempt(storage, made.trial_id, 1)


CHERRY, LIME, CAT = tagged(trial("a cherry"), False), tagged(trial("a lime"), False), tagged(trial("a cat"), True)
STRONG = [tagged(trial("a cat", seed, "w20", scale=20), True) for seed in (0, 1)]
ALL = (CHERRY, LIME, CAT, *STRONG)


def commit_all(storage: Storage) -> None:
    """Five trials of three prompts and two variants."""
    commit_views(storage, CHERRY, looks([RED] * 4, [GREEN] * 4))
    commit_views(storage, LIME, looks([GREEN, GREEN, GREEN, RED], [GREEN, GREEN, RED, RED]))
    commit_views(storage, CAT, looks([RED, GREEN, BLUE, GREEN], [BLUE] * 4))
    commit_views(storage, STRONG[0], looks([RED, BLUE, RED, BLUE], [BLUE] * 4))
    commit_views(storage, STRONG[1], looks([BLUE] * 4, [BLUE, BLUE, BLUE, RED]))
