"""Plain data as the page and its scripts. The one module that imports Jinja, which escapes everything.

Prompts are of strangers: in HTML they are text; in a script they are JSON in which `<`, `>` and `&` are escaped, so
that no text can end a script or begin a tag; in file names they do not occur, trials have their ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.progress import duration
from pipeline.report.curves import as_json, line_json
from pipeline.report.data import Diverse, Line, Report, Trial

_HERE = Path(__file__).parent
ASSETS = _HERE / "assets"
MAX_ROWS = 200  # of a table, before the rest is only counted
COVER = 8

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def page(report: Report) -> str:
    """index.html."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "shown": shown, "counted": counted}
    unwell = [trial for trial in report.trials if trial.status == "failed" or trial.verdict != "healthy"]
    return environment.get_template("index.html").render(
        report=report,
        overview=report.overview,
        judgement=report.judgement,
        unwell=unwell,
        max_rows=MAX_ROWS,
        best=[trial for trial in report.trials if trial.marks],
        ranges=_ranges(report),
        spreads=_spreads(report.judgement.diversity),
    )


def shown(value: float) -> str:
    """A number for people: three digits, or all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def counted(count: int, noun: str) -> str:
    """As in `1 seed`, `2 seeds`."""
    return f"{shown(count)} {noun}{'' if count == 1 else 's'}"


def script(name: str, value: object) -> str:
    """A script that hands the value to the page under this name. Raises ValueError for a NaN.

    The value goes through `JSON.parse`: in a literal, a tag that is called `__proto__` would be more than a name.
    """
    text = json.dumps(json.dumps(value, allow_nan=False, separators=(",", ":")))
    for character, escaped in _ESCAPES.items():
        text = text.replace(character, escaped)
    return f"dreamsweep.put({json.dumps(name)}, JSON.parse({text}));\n"


def gallery(report: Report) -> dict[str, object]:
    """What the gallery must know of all trials, and which of them to show first."""
    return {"trials": [_card(trial) for trial in report.trials], "cover": cover(report.trials)}


def lines(report: Report) -> dict[str, object]:
    """The curves of the variants."""
    return {"metrics": as_json(report.lines)}


def detail(trial: Trial, curves: Sequence[Line]) -> dict[str, object]:
    """What only the trial's own view needs."""
    return {
        "facts": trial.facts,
        "tags": trial.tags,
        "differs": trial.differs,
        "config": json.dumps(trial.config, indent=1),
        "azimuths": [None if azimuth is None else round(azimuth, 1) for azimuth in trial.azimuths],
        "lines": [line_json(line) for line in curves],
    }


def cover(trials: Sequence[Trial]) -> list[str]:
    """The ids of a few trials to show first, one a prompt: the best seed if there is one, else a healthy one."""
    chosen: dict[str, Trial] = {}
    for trial in trials:
        before = chosen.get(trial.prompt)
        if trial.views and (before is None or _appeal(trial) > _appeal(before)):
            chosen[trial.prompt] = trial
    return [trial.trial_id for trial in list(chosen.values())[:COVER]]


def _appeal(trial: Trial) -> tuple[bool, bool, float]:
    return bool(trial.marks), trial.verdict == "healthy", trial.numbers.get("CLIP score", 0.0)


def _card(trial: Trial) -> dict[str, object]:
    return {
        "id": trial.trial_id,
        "prompt": trial.prompt,
        "seed": trial.seed,
        "variant": trial.variant,
        "status": trial.status,
        "verdict": trial.verdict,
        "reason": trial.reason,
        "numbers": trial.numbers,
        "kinds": trial.kinds,
        "views": trial.views,
        "mesh": trial.mesh,
        "turntable": trial.turntable,
        "marks": trial.marks,
    }


def _ranges(report: Report) -> Mapping[str, float]:
    """What the axes of the drawn intervals end at."""
    rows = report.judgement.diversity
    reached = [value for row in rows for value in (row.high, row.distance) if value is not None]
    yardsticks = [row.between for row in rows if row.between is not None]
    end = max(reached, default=0.0) or 1.0
    return {"distance": end, "between": max([end, *yardsticks])}


def _spreads(rows: Sequence[Diverse]) -> list[Mapping[str, object]]:
    """Of each variant the distances of its prompts, their mean, and the yardstick."""
    found: list[Mapping[str, object]] = []
    for variant in dict.fromkeys(row.variant for row in rows):
        own = [row for row in rows if row.variant == variant]
        distances = [row.distance for row in own if row.distance is not None]
        if distances:
            mean = sum(distances) / len(distances)
            found.append({"variant": variant, "distances": distances, "mean": mean, "between": own[0].between})
    return found
