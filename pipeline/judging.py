"""What an image-text model makes of a sweep's renders: does it find each object's own caption among all?

The one module of the pipeline that sees the algorithm's judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from dreamcore.assets import JUDGE
from dreamcore.evaluate.retrieval import RPrecision, Share
from dreamcore.evaluate.score import Renders, embed, janus, janus_share, retrieval
from dreamcore.image_text import ImageTextModel, load_image_text
from pipeline.errors import UserError
from pipeline.plan import stored_plan
from pipeline.prompts import PromptFile, load_prompts
from pipeline.query import Sweep, images
from pipeline.storage import Storage

KINDS = {"color": "color", "textureless": "geometry"}  # a kind of render, and what its columns are called
EMBEDDED = "embedded"

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Of the trials of one variant. Trials without a scene have no geometry and no fronts. `janus` is among those whose
    tag `directional` is true; None without any."""

    variant: str
    trials: int
    color: RPrecision
    geometry: RPrecision | None
    janus: Share | None


@dataclass(frozen=True)
class Judged:
    """`trials`: a row a trial with `found_color` and `found_geometry` (whether its views retrieve its prompt),
    `saw_color` and `saw_geometry` (the caption that they do retrieve), and `janus` (more than one front), None where a
    trial has no front. `variants` sums them up. `judge` names the model that judged."""

    trials: pd.DataFrame
    variants: tuple[Judgement, ...]
    captions: tuple[str, ...]
    judge: str


def load_judge(name: str) -> ImageTextModel:
    """The bundled judge (`embedded`), or a folder with `open_clip_config.json` and weights. On the GPU if there is one.

    Raises UserError for a folder that cannot be loaded.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return load_image_text(str(JUDGE) if name == EMBEDDED else name, "", device)
    except ValueError as error:
        raise UserError(str(error).replace("guidance.model", "--judge")) from error


def judge_sweep(
    storage: Storage, judge: str = EMBEDDED, captions: Path | None = None, report: Report | None = None
) -> Judged:
    """Judge every committed trial. Its prompt is sought among the prompts of the table `captions`, or of the sweep.

    Raises UserError for a sweep without renders and for prompts that the table lacks.
    """
    frame = Sweep(storage).renders(kind=list(KINDS))
    if frame.empty:
        raise UserError(f"{storage.url} has no renders yet: see `dreamsweep status {storage.url}`")
    plan = stored_plan(storage)
    candidates = tuple(dict.fromkeys(trial.prompt for trial in plan.trials))
    if captions is not None:
        candidates = tuple(row.prompt for row in load_prompts(PromptFile(path=str(captions.resolve())), Path()))
    absent = sorted(set(frame["prompt"]) - set(candidates))
    if absent:
        raise UserError(f"{captions}: {absent[0]!r} is a prompt of the sweep and not among these captions: add it")
    model = load_judge(judge)
    fronts = {trial.trial_id: trial.tags.get("directional", "").lower() == "true" for trial in plan.trials}
    judged = []
    for variant, renders in frame.groupby("variant"):
        said = None if report is None else _named(report, str(variant))
        judged.append(_judge(model, renders, candidates, fronts, said))
    trials = pd.concat([rows for rows, _ in judged], ignore_index=True)
    return Judged(trials, tuple(summary for _, summary in judged), candidates, model.identity)


def _named(report: Report, variant: str) -> Callable[[int, int], None]:
    return lambda done, total: report(variant, done, total)


def _judge(
    model: ImageTextModel,
    frame: pd.DataFrame,
    captions: Sequence[str],
    fronts: Mapping[str, bool],
    report: Callable[[int, int], None] | None,
) -> tuple[pd.DataFrame, Judgement]:
    """The trials of one variant."""
    columns = ["trial_id", "prompt", "seed", "variant"]
    trials = frame.drop_duplicates("trial_id")[columns].reset_index(drop=True)
    places = {trial_id: place for place, trial_id in enumerate(trials["trial_id"])}
    own = torch.tensor([captions.index(prompt) for prompt in trials["prompt"]])
    seen = {}
    for kind, name in KINDS.items():
        shown = frame[frame["kind"] == kind]
        if shown.empty and kind != "color":
            continue
        renders = _renders(shown, places, kind)
        embedded = embed(model, renders, report)
        seen[kind] = retrieval(model, embedded, renders.item, captions, own)
        trials[f"found_{name}"] = seen[kind].found.numpy()
        trials[f"saw_{name}"] = [captions[answer] for answer in seen[kind].answer.tolist()]
        if kind == "color":
            doubled = janus(model, embedded, renders.item, list(trials["prompt"]))
    solid = "textureless" in seen
    front = torch.tensor([solid and fronts.get(trial_id, False) for trial_id in trials["trial_id"]])
    trials["janus"] = [bool(two) if has else None for two, has in zip(doubled, front, strict=True)]
    return trials, Judgement(
        variant=str(trials["variant"][0]),
        trials=len(trials),
        color=seen["color"].summary,
        geometry=seen["textureless"].summary if solid else None,
        janus=janus_share(doubled, front),
    )


def _renders(frame: pd.DataFrame, places: Mapping[str, int], kind: str) -> Renders:
    """The views of one kind, trial by trial in order of azimuth."""
    frame = frame.assign(item=frame["trial_id"].map(places)).sort_values(["item", "view"])
    counts = frame.groupby("item").size()
    pictures = [np.asarray(image.convert("RGB")) for image in images(frame)]
    if len(counts) < len(places) or counts.nunique() > 1 or len({picture.shape for picture in pictures}) > 1:
        raise UserError(
            f"not every trial has {kind} views of the same number and size: judge sweeps of one `outputs` at a time"
        )
    return Renders(torch.from_numpy(np.stack(pictures)), torch.tensor(frame["item"].tolist()))
