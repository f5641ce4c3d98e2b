"""One trial to look at."""

from __future__ import annotations

import base64
import re

import pytest
from stored import begin, commit_trial, fail_trial, trial

from pipeline.errors import UserError
from pipeline.query import Sweep
from pipeline.storage import Storage

BAD = trial("<script>alert('x')</script> & co")
GOOD = trial("a mug")


@pytest.fixture
def sweep(tmp_storage: Storage) -> Sweep:
    begin(tmp_storage, GOOD, BAD)
    commit_trial(tmp_storage, GOOD, color=7)
    fail_trial(tmp_storage, BAD, reason="<b>as told</b>")
    return Sweep(tmp_storage)


def test_a_trial_is_found_by_the_beginning_of_its_id(sweep: Sweep) -> None:
    found = sweep.trial(GOOD.trial_id[:9])
    assert (found.trial_id, found.completed, found.row["prompt"]) == (GOOD.trial_id, True, "a mug")
    assert found.history()["step"].tolist() == [1, 2, 3, 4]
    assert [image.getpixel((0, 0)) for image in found.images()] == [(7, 0, 0), (7, 1, 0)]
    assert set(found.renders()["kind"]) == {"color", "depth"}


@pytest.mark.parametrize(("text", "message"), [("nope", "no trial has it"), ("", "2 trials have it")])
def test_an_id_must_say_which(sweep: Sweep, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        sweep.trial(text)


def test_a_notebook_shows_its_views_and_no_markup_of_others(sweep: Sweep) -> None:
    shown = sweep.trial(GOOD.trial_id)._repr_html_()
    pngs = [base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)\"", shown)]
    assert pngs == [image["bytes"] for image in sweep.renders(trial_id=GOOD.trial_id, kind="color")["image"]]
    failed = sweep.trial(BAD.trial_id)._repr_html_()
    assert "&lt;script&gt;" in failed and "&lt;b&gt;as told" in failed
    assert "<script" not in failed and "<b>" not in failed and "<img" not in failed
    assert sweep.trial(BAD.trial_id).images() == []
