"""Sweeps of text-to-3D optimisations, and their results in pandas: `pipeline.open("runs/quickstart").trials()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame
    from PIL import Image

    from pipeline.joined import Joined
    from pipeline.provenance import Provenance
    from pipeline.query import Sweep

__all__ = ["images", "join", "open", "read_provenance"]


def open(url: str) -> Sweep:
    """The sweep at a folder or an object store URL, to read. Raises `pipeline.errors.UserError` if there is none."""
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
    """What a generated PNG, WebP, GLB, OBJ or PLY says of where it comes from. Raises `pipeline.errors.UserError` for a
    file that says nothing."""
    from pipeline.provenance import read_provenance as read

    return read(path)
