"""Sweeps of text-to-3D optimisations, and their results in pandas: `pipeline.open("runs/quickstart").trials()`.

What `__all__` names is public: it changes as docs/versions.md says. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dreamcore.public_names import imported_when_asked_for

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame
    from PIL import Image

    from pipeline.errors import StorageError, StorageUnavailable, UserError
    from pipeline.evaluation import Evaluation
    from pipeline.joined import Joined
    from pipeline.provenance import Provenance
    from pipeline.query import Sweep
    from pipeline.spec import SweepSpec, load_spec
    from pipeline.trial import Trial
    from pipeline.trial_result import TrialResult

    __version__: str

__all__ = [
    "Evaluation",
    "Joined",
    "Provenance",
    "StorageError",
    "StorageUnavailable",
    "Sweep",
    "SweepSpec",
    "Trial",
    "TrialResult",
    "UserError",
    "__version__",
    "images",
    "join",
    "load_spec",
    "open",
    "read_provenance",
]

_HOMES = {
    "Evaluation": "evaluation",
    "TrialResult": "trial_result",
    "Joined": "joined",
    "Provenance": "provenance",
    "StorageError": "errors",
    "StorageUnavailable": "errors",
    "Sweep": "query",
    "SweepSpec": "spec",
    "Trial": "trial",
    "UserError": "errors",
    "load_spec": "spec",
}  # the module of each name that is imported when it is first asked for


def open(url: str) -> Sweep:
    """The sweep at a folder or an object store URL, to read. Raises `UserError` if there is none."""
    from pipeline.query import open_sweep

    return open_sweep(url)


def join(*urls: str) -> Joined:
    """Several sweeps to read as one: each frame has a column `sweep`. Raises UserError unless all of them are there."""
    from pipeline.joined import join_sweeps

    return join_sweeps(urls)


def images(frame: DataFrame) -> list[Image.Image]:
    """The pictures of a frame of `renders`, decoded, in its order."""
    from pipeline.query import images as decoded

    return decoded(frame)


def read_provenance(path: str | Path) -> Provenance:
    """What a generated PNG, WebP, GLB, OBJ or PLY says of where it comes from. Raises `UserError` for a file that says
    nothing."""
    from pipeline.provenance import read_provenance as read

    return read(path)


__getattr__ = imported_when_asked_for(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
