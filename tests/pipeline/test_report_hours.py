"""How long devices were busy, from journals written by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.hours import covered, device_hours


def _fact(fact: str, at: float, **more: object) -> dict[str, object]:
    return {"fact": fact, "at": at, **more}


def test_a_pack_of_trials_is_one_device_and_another_worker_is_another() -> None:
    facts = [
        _fact("worker_ready", 0, worker_id="g", device="cuda:0 (NVIDIA H100)"),
        _fact("worker_ready", 0, worker_id="c", device="cpu (2 threads)"),
        *[_fact("attempt_started", 0, trial_id=name, number=1, worker_id="g") for name in "ab"],
        _fact("attempt_started", 0, trial_id="d", number=1, worker_id="c"),
        _fact("committed", 1800, trial_id="a", number=1),
        _fact("attempt_ended", 3600, trial_id="b", number=1, failure="preemption"),
        _fact("attempt_started", 7200, trial_id="b", number=2, worker_id="g"),
        _fact("committed", 9000, trial_id="b", number=2),
        _fact("committed", 900, trial_id="d", number=1),
    ]
    assert device_hours(facts) == {"GPU": 1.5, "CPU": 0.25}


def test_an_attempt_without_an_end_counts_until_its_worker_was_last_heard_of() -> None:
    facts = [
        _fact("worker_ready", 0, worker_id="w", device="cuda:0"),
        _fact("attempt_started", 0, trial_id="a", number=1, worker_id="w"),
        _fact("attempt_started", 1800, trial_id="b", number=1, worker_id="w"),
        _fact("committed", 3600, trial_id="a", number=1),
        _fact("worker_ready", 9000, worker_id="other", device="cuda:0"),
    ]
    assert device_hours(facts) == {"GPU": 1.0}
    assert device_hours([]) == {}


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20))), st.integers(0, 99))
def test_covered_is_the_number_of_covered_units(starts: list[tuple[int, int]], seed: int) -> None:
    intervals = [(float(start), float(start + length)) for start, length in starts]
    wanted = len({unit for start, length in starts for unit in range(start, start + length)})
    random.Random(seed).shuffle(intervals)
    assert covered(intervals) == pytest.approx(wanted)
