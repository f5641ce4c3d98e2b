"""Pictures of a whole sweep, for those who look at it from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.pictures import encode
from pipeline.record.commit import committed_ids
from pipeline.sheet import View, make_sheet
from pipeline.storage import Storage

MOST = 400  # trials on one picture: more are neither seen nor quickly read


def sweep_figures(storage: Storage) -> Mapping[str, bytes]:
    """PNG files by name: `sheet.png`, a row a prompt and a column a variant and seed. Nothing for a sweep without a
    committed trial, or with too many for one picture."""
    if not 0 < len(committed_ids(storage)) <= MOST:
        return {}
    return {"sheet.png": encode(make_sheet(storage, "prompt", "variant,seed", View()).image)}
