"""The counts of attempts: the same however often and wherever the counting is interrupted."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from stored import begin, commit_trial, fail_trial, journal, trial

from pipeline.query import Sweep
from pipeline.record.compact import compact, read_manifest
from pipeline.record.tally import Tally, count_on
from pipeline.storage import Storage

STARTED = st.fixed_dictionaries({"fact": st.just("attempt_started"), "trial_id": st.sampled_from("abc")})
ENDED = st.fixed_dictionaries(
    {
        "fact": st.just("attempt_ended"),
        "trial_id": st.sampled_from("abc"),
        "failure": st.sampled_from(["user", "preemption", None]),
    }
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.lists(st.one_of(STARTED, ENDED), min_size=1, max_size=4), st.booleans()), max_size=6))
def test_counting_on_equals_counting_anew(flushes: list[tuple[list[dict[str, str | None]], bool]]) -> None:
    """An epoch a flush; a tally that went through JSON in between; an oracle that counts in one go."""
    storage = Storage(f"memory://{id(flushes)}-{len(flushes)}/s")
    for key in storage.list():
        storage.delete(key)
    tally = Tally()
    for epoch, (facts, pause) in enumerate(flushes, start=1):
        journal(storage, *facts, epoch=epoch)
        if pause:
            tally = Tally.from_dict(json.loads(json.dumps(count_on(storage, tally).as_dict())))
    tally = count_on(storage, tally)
    told = [fact for facts, _ in flushes for fact in facts]
    for trial_id in "abc":
        mine = [fact for fact in told if fact["trial_id"] == trial_id]
        assert tally.started.get(trial_id, 0) == sum(fact["fact"] == "attempt_started" for fact in mine)
        for failure in ("user", "preemption"):
            wanted = sum(fact.get("failure") == failure for fact in mine)
            assert tally.ended.get(trial_id, {}).get(failure, 0) == wanted


def test_a_driver_that_was_fenced_late_is_counted_too(tmp_storage: Storage) -> None:
    journal(tmp_storage, {"fact": "attempt_started", "trial_id": "a"}, epoch=2)
    tally = count_on(tmp_storage, Tally())
    journal(tmp_storage, {"fact": "attempt_started", "trial_id": "a"}, epoch=1)
    assert count_on(tmp_storage, tally).started == {"a": 2}


def test_what_is_compacted_is_not_replayed(tmp_storage: Storage) -> None:
    done, failed = trial(), trial("a duck")
    begin(tmp_storage, done, failed)
    fail_trial(tmp_storage, failed)
    ended = {"fact": "attempt_ended", "failure": "preemption"}
    for made in (done, failed):
        key = {"trial_id": made.trial_id}
        journal(tmp_storage, {"fact": "attempt_started", **key}, {**ended, **key}, epoch=1 if made is done else 2)
    commit_trial(tmp_storage, done)
    compact(tmp_storage)
    tally = read_manifest(tmp_storage).tally
    assert tally.read == {1: 1, 2: 1}
    assert set(tally.started) == {failed.trial_id}
    for key in tmp_storage.list("journal"):  # a second replay would fail
        tmp_storage.write(key, b"torn")
    journal(tmp_storage, {"fact": "attempt_started", "trial_id": failed.trial_id}, epoch=3)
    fail_trial(tmp_storage, failed, round=1)
    compact(tmp_storage)
    frame = Sweep(tmp_storage).trials().set_index("prompt")
    assert frame["attempts"].to_dict() == {"a cup": 1, "a duck": 2}
    assert frame["failures_preemption"].to_dict() == {"a cup": 1, "a duck": 1}
