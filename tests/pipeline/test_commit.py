from __future__ import annotations

import json
import threading
from dataclasses import fields

import pytest
from fakes import make_trial
from stored import commit_attempt, commit_trial, fail_trial

from pipeline import paths
from pipeline.events import FailureClass
from pipeline.record import commit as commit_module
from pipeline.record.attempts import DamagedAttempt
from pipeline.record.commit import Failure, committed, committed_ids, failed_rounds, failures, read_commit
from pipeline.storage import Storage
from pipeline.trial import reseeded

TRIAL = make_trial(steps=4)
OTHER = make_trial(seed=1, steps=4)


def finish_only(storage: Storage, number: int) -> None:
    """A finished attempt that nobody has committed."""
    commit_trial(storage, TRIAL, number)
    storage.delete(paths.commit(TRIAL.trial_id))


def test_the_first_commit_wins_for_ever(tmp_storage: Storage) -> None:
    finish_only(tmp_storage, 1)
    finish_only(tmp_storage, 2)
    assert commit_attempt(tmp_storage, TRIAL.trial_id, 2)
    assert not commit_attempt(tmp_storage, TRIAL.trial_id, 1)
    assert not commit_attempt(tmp_storage, TRIAL.trial_id, 2)
    assert committed(tmp_storage) == {TRIAL.trial_id: 2}


def test_of_racing_commits_one_wins(tmp_storage: Storage) -> None:
    for number in range(1, 9):
        finish_only(tmp_storage, number)
    won: list[int] = []
    barrier = threading.Barrier(8)

    def race(number: int) -> None:
        barrier.wait()
        if commit_attempt(tmp_storage, TRIAL.trial_id, number):
            won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert committed(tmp_storage) == {TRIAL.trial_id: won[0]}


def test_a_commit_has_what_readers_need(tmp_storage: Storage) -> None:
    commit_trial(tmp_storage, TRIAL, number=3)
    found = read_commit(tmp_storage, TRIAL.trial_id)
    assert (found["trial_id"], found["number"], found["step"]) == (TRIAL.trial_id, 3, 4)
    for table, entry in found["tables"].items():
        assert entry["key"] == paths.attempt_table(TRIAL.trial_id, 3, table)
        assert len(tmp_storage.read(entry["key"])) == entry["bytes"]


def test_damage_is_never_committed(tmp_storage: Storage) -> None:
    finish_only(tmp_storage, 1)
    tmp_storage.delete(paths.attempt_table(TRIAL.trial_id, 1, "renders"))
    with pytest.raises(DamagedAttempt):
        commit_attempt(tmp_storage, TRIAL.trial_id, 1)
    assert committed_ids(tmp_storage) == frozenset()


def test_a_failure_is_kept_with_the_trial_and_its_round(tmp_storage: Storage) -> None:
    fail_trial(tmp_storage, TRIAL, round=1)
    fail_trial(tmp_storage, TRIAL, round=2, reason="still")
    assert failed_rounds(tmp_storage) == {TRIAL.trial_id: 2}
    failure = failures(tmp_storage)[TRIAL.trial_id]
    assert (failure.round, failure.reason, failure.failure) == (2, "still", FailureClass.USER)
    assert (failure.prompt, failure.seed, failure.config) == (TRIAL.prompt, TRIAL.seed, TRIAL.config)


def test_a_failure_is_written_once_a_round(tmp_storage: Storage) -> None:
    fail_trial(tmp_storage, TRIAL, round=1, reason="first")
    with pytest.raises(AssertionError):  # `fail_trial` asserts that it wrote
        fail_trial(tmp_storage, TRIAL, round=1, reason="second")
    assert failures(tmp_storage)[TRIAL.trial_id].reason == "first"


def test_a_commit_overrides_a_failure(tmp_storage: Storage) -> None:
    fail_trial(tmp_storage, TRIAL, round=1)
    fail_trial(tmp_storage, OTHER, round=1)
    commit_trial(tmp_storage, TRIAL)
    assert set(failures(tmp_storage)) == {OTHER.trial_id}


def test_an_empty_storage_has_neither(tmp_storage: Storage) -> None:
    assert committed(tmp_storage) == {}
    assert failures(tmp_storage) == {}


def test_a_commit_has_the_files_and_old_ones_have_none(tmp_storage: Storage) -> None:
    with_files, without = make_trial("a"), make_trial("b")
    commit_trial(tmp_storage, with_files, files={paths.SCENE: b"a scene"})
    commit_trial(tmp_storage, without)
    assert read_commit(tmp_storage, with_files.trial_id)["files"][paths.SCENE]["bytes"] == 7
    key = paths.commit(without.trial_id)
    content = json.loads(tmp_storage.read(key))
    del content["files"]
    tmp_storage.write(key, json.dumps(content).encode())
    assert read_commit(tmp_storage, without.trial_id)["files"] == {}


def test_what_is_final_has_one_spelling(tmp_storage: Storage) -> None:
    """Equal content, equal bytes: whoever writes it again writes the same."""
    commit_trial(tmp_storage, TRIAL)
    fail_trial(tmp_storage, OTHER, round=1)
    for key in (paths.commit(TRIAL.trial_id), paths.failure(OTHER.trial_id, 1)):
        names = list(json.loads(tmp_storage.read(key)))
        assert names == sorted(names)


def test_a_failure_has_all_that_its_trial_has() -> None:
    child = reseeded(TRIAL)
    facts = {
        "round": 3,
        "failure": FailureClass.USER,
        "reason": "why",
        "attempts": 2,
        "step": 1,
        "failures": {"user": 2},
    }
    failure = Failure.of(child, **facts)
    for field in fields(Failure):
        wanted = facts[field.name] if field.name in facts else getattr(child, field.name)
        assert getattr(failure, field.name) == wanted, field.name
    assert failure.parent == TRIAL.trial_id


def test_rounds_are_numbers_and_begin_at_nought(tmp_storage: Storage) -> None:
    """Listed as text, 10 comes before 9."""
    fail_trial(tmp_storage, OTHER, round=0)
    for round in (9, 10):
        fail_trial(tmp_storage, TRIAL, round=round)
    assert failed_rounds(tmp_storage) == {TRIAL.trial_id: 10, OTHER.trial_id: 0}


def test_without_failures_nobody_asks_for_commits(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_module, "committed_ids", lambda storage: pytest.fail("a listing for nothing"))
    assert failures(tmp_storage) == {}
