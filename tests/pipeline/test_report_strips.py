"""Views side by side in one file."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from stored import begin, commit_trial, trial

from pipeline.pictures import encode
from pipeline.provenance import Provenance, find_provenance
from pipeline.query import Sweep
from pipeline.report.strips import MAX_SIDE, make_strip, strips
from pipeline.storage import Storage

RECORD = Provenance.of(trial())


def _png(color: tuple[int, int, int], width: int, height: int) -> bytes:
    return encode(Image.new("RGB", (width, height), color))


def _decoded(data: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    assert image.format == "WEBP"
    return np.asarray(image.convert("RGB")).astype(int)


def test_frames_stand_side_by_side_in_order() -> None:
    colors = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    pixels = _decoded(make_strip([_png(color, 24, 24) for color in colors], RECORD))
    assert pixels.shape == (24, 72, 3)
    for place, color in enumerate(colors):
        middle = pixels[8:16, place * 24 + 8 : place * 24 + 16].mean(axis=(0, 1))
        assert np.abs(middle - color).max() < 12


def test_large_views_are_made_smaller_and_others_square() -> None:
    assert _decoded(make_strip([_png((0, 0, 0), 400, 400)] * 2, RECORD)).shape == (MAX_SIDE, 2 * MAX_SIDE, 3)
    wide = _decoded(make_strip([_png((0, 0, 0), 40, 20)], RECORD))
    assert wide.shape == (40, 40, 3)
    assert wide[2].min() > 240
    assert wide[20].max() < 15
    many = _decoded(make_strip([_png((0, 0, 0), MAX_SIDE, MAX_SIDE)] * 200, RECORD))
    assert many.shape[1] <= 16383


def test_every_kind_of_every_trial_has_one(tmp_storage: Storage) -> None:
    trials = [trial("a cup", seed) for seed in range(3)]
    begin(tmp_storage, *trials)
    for made in trials:
        commit_trial(tmp_storage, made)
    records = {made.trial_id: Provenance.of(made) for made in trials}
    found = list(strips(Sweep(tmp_storage), records))
    assert sorted((strip.trial_id, strip.kind) for strip in found) == sorted(
        (made.trial_id, kind) for made in trials for kind in ("color", "depth")
    )
    assert {strip.azimuths for strip in found} == {(0.0, 90.0)}
    assert all(find_provenance(strip.data) == records[strip.trial_id] for strip in found)
