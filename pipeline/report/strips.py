"""The views of a trial as one picture: its frames side by side, each square, as a lossy WebP file.

A browser shows one frame of a strip by moving it under a square window, so that a turntable is one small file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from PIL import Image, ImageOps

from pipeline.pictures import decode
from pipeline.provenance import Provenance
from pipeline.query import Sweep

KINDS = ("color", "textureless", "depth")  # of renders that are views, the first is shown first
MAX_SIDE = 192  # pixels of a frame; smaller renders stay as they are
_TRIALS_AT_ONCE = 64
_MAX_WIDTH = 16383  # of a WebP file


@dataclass(frozen=True)
class Strip:
    """The frames of one kind of a trial's renders, in order of view; an azimuth is None for an image that no camera
    took."""

    trial_id: str
    kind: str
    azimuths: tuple[float | None, ...]
    data: bytes


def strips(sweep: Sweep, records: Mapping[str, Provenance]) -> Iterator[Strip]:
    """A strip for each kind of each trial whose record is given. Reads the renders of some trials at a time."""
    trial_ids = list(records)
    for start in range(0, len(trial_ids), _TRIALS_AT_ONCE):
        frame = sweep.renders(trial_id=trial_ids[start : start + _TRIALS_AT_ONCE], kind=KINDS)
        for (trial_id, kind), views in frame.sort_values("view").groupby(["trial_id", "kind"], sort=False):
            azimuths = tuple(None if pd.isna(azimuth) else float(azimuth) for azimuth in views["azimuth"])
            pngs = [image["bytes"] for image in views["image"]]
            name = str(trial_id)
            yield Strip(name, str(kind), azimuths, make_strip(pngs, records[name]))


def make_strip(pngs: Sequence[bytes], record: Provenance) -> bytes:
    """The pictures side by side, each fitted into a square, with the record of the trial that they show."""
    frames = [decode(png).convert("RGB") for png in pngs]
    side = min(max(max(frame.size) for frame in frames), MAX_SIDE, _MAX_WIDTH // len(frames))
    strip = Image.new("RGB", (side * len(frames), side), "white")
    for place, frame in enumerate(frames):
        strip.paste(ImageOps.pad(frame, (side, side), color="white"), (place * side, 0))
    buffer = io.BytesIO()
    strip.save(buffer, format="WEBP", quality=82, method=4, xmp=record.xmp())
    return buffer.getvalue()
