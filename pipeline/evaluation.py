"""What a judge makes of a sweep: asked once of every finished trial, kept beside the data set, and read from there.

The first evaluation looks at all renders, a later one at those of trials that have finished since. Everything that is
told of the sweep (R-Precision, confusions, diversity, the best seeds) is computed from what was kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dreamcore.evaluate.bootstrap import mean_interval
from dreamcore.evaluate.diversity import over_views
from dreamcore.evaluate.shapes import Shape, unpacked
from dreamcore.evaluate.share import wilson
from pipeline import judging, paths
from pipeline.diversity import diversity_table
from pipeline.errors import UserError
from pipeline.judging import EMBEDDED, Directions
from pipeline.looking import Report, answer_all, captions_id, in_order, look_at
from pipeline.plan import stored_plan
from pipeline.prompts import PromptFile, load_prompts
from pipeline.record.commit import failed_rounds
from pipeline.record.evaluations import Overtaken, read_kept, show
from pipeline.record.stream import completed_trials
from pipeline.schema import EVALUATED, KEYS, METRIC
from pipeline.storage import Storage
from pipeline.sweeps import require_sweep

if TYPE_CHECKING:
    from dreamcore.image_text import ImageTextModel

__all__ = [
    "Evaluation", "best_seeds", "confusions", "diversity_table", "evaluate", "rprecision_table",
]  # fmt: skip

Captions = Path | Sequence[str] | None


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What one judge made of the finished trials of a sweep. `trials`: a row a trial in order of prompt, seed and
    variant, with the keys, verdict and metrics of `trials` and the columns of `pipeline.schema.EVALUATED`.
    `directions[i]` is what the colour views of row i show together, `shapes[i]` the packed shape of its object, None
    where the trial left none."""

    judge: str
    captions: tuple[str, ...]
    trials: pd.DataFrame
    directions: Directions
    shapes: tuple[bytes | None, ...]

    def of(self, variant: str) -> Evaluation:
        """The trials of one variant. Raises UserError for one that there is not."""
        known = sorted(set(self.trials["variant"]))
        if variant not in known:
            raise UserError(f"no trial of a variant {variant!r} has finished; there are {', '.join(known)}")
        return self.rows(np.flatnonzero((self.trials["variant"] == variant).to_numpy()))

    def rows(self, places: Sequence[int] | np.ndarray) -> Evaluation:
        """Some of the trials, by their places."""
        chosen = [int(place) for place in places]
        return replace(
            self,
            trials=self.trials.iloc[chosen].reset_index(drop=True),
            directions=self.directions[chosen],
            shapes=tuple(self.shapes[place] for place in chosen),
        )

    def shape(self, place: int) -> Shape | None:
        """The shape of the object of row `place`."""
        data = self.shapes[place]
        return None if data is None else unpacked(data)


def evaluate(
    storage: Storage,
    judge: str = EMBEDDED,
    captions: Captions = None,
    report: Report | None = None,
    shown: bool = True,
) -> Evaluation:
    """Let `judge` (as `pipeline.judging.load_judge` takes it) look at every finished trial that it has not seen yet,
    keep that, and say what it makes of all. Prompts are sought among `captions`: a table, texts, or else all prompts of
    the sweep. If `shown`, from now on `trials` has these answers; the first ones it has in any case.

    Raises UserError for a sweep without views, for prompts that the captions lack, and for a judge that has guided.
    """
    require_sweep(storage)
    trials = completed_trials(storage)
    if trials.num_rows == 0:
        raise _nothing_yet(storage)
    plan = stored_plan(storage)
    names = _names(captions, [trial.prompt for trial in plan.trials])
    absent = sorted(set(trials["prompt"].to_pylist()) - set(names))
    if absent:
        source = f"{captions}: " if isinstance(captions, Path) else ""
        raise UserError(f"{source}{absent[0]!r} is a prompt of the sweep and not among these captions: add it")
    model = judging.load_judge(judge)
    judging.check_impartial(model.identity, _guides(trials))
    fronts = {trial.trial_id for trial in plan.trials if trial.tags.get("directional", "").lower() == "true"}
    while True:
        try:
            objects, answers = _asked(storage, model, trials, fronts, names, report)
            break
        except Overtaken:  # what the other one has seen need not be seen again
            continue
    if shown or not storage.exists(paths.EVALUATION_POINTER):
        show(storage, model.identity, captions_id(names), len(names))
    return _evaluation(model.identity, names, trials, objects, answers)


def _asked(
    storage: Storage,
    model: ImageTextModel,
    trials: pa.Table,
    fronts: set[str],
    names: Sequence[str],
    report: Report | None,
) -> tuple[pa.Table, pa.Table]:
    """What the judge has seen and what it answers. Raises Overtaken if another evaluation keeps something first."""
    kept = read_kept(storage, model.identity)
    kept, objects = look_at(storage, model, kept, trials["trial_id"].to_pylist(), report)
    if objects.num_rows == 0:
        raise UserError(f"no trial of {storage.url} has colour views: there is nothing to judge")
    _, answers = answer_all(storage, model, kept, in_order(trials, objects, fronts), names)
    return objects, answers


def _nothing_yet(storage: Storage) -> UserError:
    failed = len(failed_rounds(storage))
    told = f"no finished trial: {failed} have failed" if failed else "no finished trial yet"
    return UserError(f"{storage.url} has {told}; see `dreamsweep status {storage.url}`")


def _names(captions: Captions, prompts: Sequence[str]) -> tuple[str, ...]:
    """The captions to seek among, each once."""
    if captions is None:
        return tuple(dict.fromkeys(prompts))
    if isinstance(captions, Path):
        return tuple(row.prompt for row in load_prompts(PromptFile(path=str(captions.resolve())), Path()))
    return tuple(dict.fromkeys(captions))


def _guides(trials: pa.Table) -> dict[str, str]:
    """What guided each variant that an image-text model guided."""
    rows = trials.select(["variant", "guide"]).to_pylist()
    return {row["variant"]: row["guide"] for row in rows if row["guide"]}


def _evaluation(
    judge: str, names: tuple[str, ...], trials: pa.Table, objects: pa.Table, answers: pa.Table
) -> Evaluation:
    seen = in_order(trials, objects, set())
    metrics = [name for name in trials.column_names if name.startswith(METRIC)]
    columns = [*(column.name for column in KEYS), "verdict", "reason", *metrics]
    frame: pd.DataFrame = trials.select(columns).to_pandas().merge(answers.to_pandas(), on="trial_id", how="inner")
    assert frame["trial_id"].tolist() == [one.trial_id for one in seen]
    shapes: list[Any] = objects["shape"].to_pylist()
    return Evaluation(
        judge=judge,
        captions=names,
        trials=_typed(frame),
        directions=np.stack([over_views(one.views()["color"]) for one in seen]),
        shapes=tuple(shapes[one.place] for one in seen),
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers and truths stay such beside nulls."""
    kinds = {pa.int32(): "Int32", pa.bool_(): "boolean"}
    return frame.astype({column.name: kinds[column.type] for column in EVALUATED if column.type in kinds})


# ---- tables ----------------------------------------------------------------------------------------------------------

LOOKS = ("color", "geometry")


def rprecision_table(evaluation: Evaluation) -> pd.DataFrame:
    """R-Precision (§4, Table 1), a row a variant, kind (`color`, `geometry`) and way of looking: `views` is `together`
    (the views of an object retrieve by their mean cosine) or `one` (each alone, as published).

    `found` of `of` retrieved; `low` to `high` is the 95 % interval by drawing prompts, NaN with a single one;
    `wilson_low` to `wilson_high` takes trials as independent, which seeds of a prompt are not. `rank` is the median
    rank of the right caption, `score` its mean cosine, `chance` what guessing gives. A variant without scenes has no
    geometry.
    """
    rows = []
    for variant, trials in evaluation.trials.groupby("variant", sort=True):
        for kind in LOOKS:
            judged = trials[trials[f"found_{kind}"].notna()]
            if len(judged):
                rows += [_precision(judged, str(variant), kind, together, evaluation) for together in (True, False)]
    return pd.DataFrame(rows)


def _precision(trials: pd.DataFrame, variant: str, kind: str, together: bool, evaluation: Evaluation) -> dict[str, Any]:
    plain = "" if kind == "color" else f"_{kind}"
    views = trials[f"views{plain}"].to_numpy(int)
    found = trials[f"found_{kind}" if together else f"views_found_{kind}"].to_numpy(int)
    of = np.ones_like(views) if together else views
    interval = mean_interval(found / of, pd.factorize(trials["prompt"])[0], weights=of)
    share = wilson(int(found.sum()), int(of.sum()))
    return {
        "variant": variant,
        "kind": kind,
        "views": "together" if together else "one",
        "trials": len(trials),
        "found": int(found.sum()),
        "of": int(of.sum()),
        "share": share.value,
        "low": interval.low if interval else math.nan,
        "high": interval.high if interval else math.nan,
        "wilson_low": share.low,
        "wilson_high": share.high,
        "chance": 1.0 / len(evaluation.captions),
        "rank": float(trials[f"rank_{kind}"].median()),
        "score": float(trials[f"clip_score{plain}"].mean()),
    }


def confusions(evaluation: Evaluation) -> pd.DataFrame:
    """What was taken for what, by the views together, most frequent first: `kind`, `prompt`, `saw`, `count` and
    `trials`, how many there are of the prompt."""
    frames = []
    for kind in LOOKS:
        judged = evaluation.trials[evaluation.trials[f"found_{kind}"].notna()]
        trials = judged.groupby("prompt").size()
        wrong = judged[judged["prompt"] != judged[f"saw_{kind}"]]
        found = wrong.groupby(["prompt", f"saw_{kind}"]).size().rename("count").reset_index()
        found = found.rename(columns={f"saw_{kind}": "saw"})
        frames.append(found.assign(kind=kind, trials=found["prompt"].map(trials)))
    joined = pd.concat(frames).sort_values(["count", "kind", "prompt", "saw"], ascending=[False, True, True, True])
    return joined[["kind", "prompt", "saw", "count", "trials"]].reset_index(drop=True)


def best_seeds(evaluation: Evaluation) -> pd.DataFrame:
    """The best trial of each prompt and variant: `prompt`, `variant`, `seed`, `trial_id`, `why`. Healthy ones come
    first, of those the ones whose colour views retrieve the prompt, of those the ones without a second front; of what
    is left the highest CLIP score, and of equals the smallest seed."""
    trials = evaluation.trials.assign(
        ill=evaluation.trials["verdict"] != "healthy",
        missed=~evaluation.trials["found_color"].astype(bool),
        doubled=evaluation.trials["janus"].fillna(False).astype(bool),
        least=-evaluation.trials["clip_score"],
    ).sort_values(["prompt", "variant", "ill", "missed", "doubled", "least", "seed"])
    rows = []
    for (prompt, variant), seeds in trials.groupby(["prompt", "variant"], sort=True):
        best = seeds.iloc[0]
        why = f"{_why(best)}; CLIP score {best['clip_score']:.3f}, of {len(seeds)} seeds"
        rows.append([prompt, variant, int(best["seed"]), best["trial_id"], why])
    return pd.DataFrame(rows, columns=["prompt", "variant", "seed", "trial_id", "why"])


def _why(trial: pd.Series[Any]) -> str:
    said = [str(trial["verdict"]), f"taken for {trial['saw_color']!r}" if trial["missed"] else "found"]
    if not pd.isna(trial["janus"]):
        said.append("two fronts" if trial["doubled"] else "one front")
    return ", ".join(said)
