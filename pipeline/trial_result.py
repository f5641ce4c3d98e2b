"""One trial of a sweep, to look at: its row of `trials`, its steps, its pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

    from pipeline.query import Sweep

_SHOWN = ("trial_id", "prompt", "seed", "variant", "status", "verdict", "reason", "steps")
_VIEWS = 8  # pictures in a notebook
_SIDE = 96  # pixels of each


@dataclass(frozen=True)
class TrialResult:
    """`row` is the trial's row of `trials`: a completed or a failed one."""

    sweep: Sweep
    row: Mapping[str, Any]

    @property
    def trial_id(self) -> str:
        """20 hexadecimal digits."""
        return str(self.row["trial_id"])

    @property
    def completed(self) -> bool:
        """Whether it left more than its row."""
        return bool(self.row["status"] == "completed")

    def history(self) -> pd.DataFrame:
        """A row a logged step; see `Sweep.history`."""
        return self.sweep.history(trial_id=self.trial_id)

    def renders(self, kind: str | None = None) -> pd.DataFrame:
        """A row a view; see `Sweep.renders`."""
        return self.sweep.renders(trial_id=self.trial_id, kind=kind)

    def images(self, kind: str = "color") -> list[Image.Image]:
        """Its views of one kind, decoded, in order; none of a trial that failed."""
        from pipeline.query import images

        return images(self.renders(kind)) if self.completed else []

    def _repr_html_(self) -> str:
        """What a notebook shows: what it is, how it ended, its views in colour."""
        cells = "".join(
            f"<tr><th>{name}</th><td>{html.escape(str(self.row[name]))}</td></tr>"
            for name in _SHOWN
            if self.row.get(name) not in (None, "")
        )
        views = self.renders("color").head(_VIEWS)["image"].tolist() if self.completed else []
        pictures = "".join(
            f'<img width="{_SIDE}" alt="" src="data:image/png;base64,{base64.b64encode(image["bytes"]).decode()}">'
            for image in views
        )
        return f"<table>{cells}</table><div>{pictures}</div>"


def find_trial(sweep: Sweep, trial_id: str) -> TrialResult:
    """The trial with this id, or the one whose id begins so. Raises UserError if there is none, or more than one."""
    frame = sweep.trials()
    found = frame[frame["trial_id"].str.startswith(trial_id)]
    if not trial_id or len(found) != 1:
        count = "no trial has it" if found.empty else f"{len(found)} trials have it"
        raise UserError(f"trial {trial_id!r}: {count}; `trials()` of {sweep.storage.url} lists them")
    return TrialResult(sweep, {str(name): value for name, value in found.iloc[0].items()})
