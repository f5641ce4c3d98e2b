from __future__ import annotations

import json
import math

import pytest
from fakes import make_trial
from hypothesis import given
from hypothesis import strategies as st
from stored import commit_trial, newest_checkpoint, result_row

from pipeline import paths
from pipeline.record.attempts import (
    Checkpoint,
    DamagedAttempt,
    attempt_numbers,
    checkpoints,
    claim,
    read_done,
    save_checkpoint,
)
from pipeline.storage import Storage

ID = make_trial().trial_id


def checkpoint(number: int, step: int) -> Checkpoint:
    rows = [{"step": i, "loss": 1.0 / i} for i in range(1, step + 1)]
    return Checkpoint(number=number, step=step, blob=f"{number}:{step}".encode(), rows=rows, seconds=0.5 * step)


def save(storage: Storage, number: int, *steps: int, keep: int = 2) -> None:
    for step in steps:
        save_checkpoint(storage, ID, checkpoint(number, step), keep)


def found(storage: Storage, up_to: int | None = None) -> list[tuple[int, int]]:
    return [(each.number, each.step) for each in checkpoints(storage, ID, up_to)]


def test_a_checkpoint_comes_back_with_its_history(tmp_storage: Storage) -> None:
    save(tmp_storage, 1, 4)
    assert newest_checkpoint(tmp_storage, ID) == checkpoint(1, 4)


def test_none_of_a_new_trial(tmp_storage: Storage) -> None:
    assert newest_checkpoint(tmp_storage, ID) is None


def test_the_last_are_kept_and_the_others_deleted(tmp_storage: Storage) -> None:
    save(tmp_storage, 1, 2, 4, 6, 8, keep=2)
    assert found(tmp_storage) == [(1, 8), (1, 6)]
    kept = [key for key in tmp_storage.list() if "latest" not in key]
    assert sorted({key.rpartition("/")[2].partition(".")[0] for key in kept}) == ["00000006", "00000008"]


def test_newer_attempts_come_first_and_later_ones_can_be_left_out(tmp_storage: Storage) -> None:
    save(tmp_storage, 1, 2, 4)
    save(tmp_storage, 3, 6)
    claim(tmp_storage, ID, 10, "w")
    assert found(tmp_storage) == [(3, 6), (1, 4), (1, 2)]
    assert found(tmp_storage, up_to=2) == [(1, 4), (1, 2)]
    assert attempt_numbers(tmp_storage, ID) == [1, 3, 10]


@pytest.mark.parametrize("victim", ["blob", "sidecar"])
@pytest.mark.parametrize("damage", ["torn", "altered", "missing"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_storage: Storage, victim: str, damage: str) -> None:
    save(tmp_storage, 1, 2)
    save(tmp_storage, 2, 4, 6)
    path = paths.checkpoint_data if victim == "blob" else paths.checkpoint_sidecar
    for step, left in ((6, [(2, 4), (1, 2)]), (4, [(1, 2)])):
        key = path(ID, 2, step)
        data = tmp_storage.read(key)
        if damage == "missing":
            tmp_storage.delete(key)
        else:
            tmp_storage.write(key, data[: len(data) // 2] if damage == "torn" else b"x" + data[1:])
        assert found(tmp_storage) == left


@pytest.mark.parametrize("pointer", [b"", b"{", b"[]", b"{}", b"null"])
def test_a_damaged_pointer_falls_back_to_the_attempt_before(tmp_storage: Storage, pointer: bytes) -> None:
    save(tmp_storage, 1, 2)
    save(tmp_storage, 2, 4)
    tmp_storage.write(paths.checkpoint_pointer(ID, 2), pointer)
    assert found(tmp_storage) == [(1, 2)]


@given(at=st.integers(min_value=0, max_value=10_000), bit=st.integers(min_value=0, max_value=7))
def test_a_pointer_with_any_bit_flipped_raises_nothing(at: int, bit: int) -> None:
    storage = Storage("memory://flipped")
    save(storage, 1, 2)
    save(storage, 2, 4, 6)
    key = paths.checkpoint_pointer(ID, 2)
    changed = bytearray(storage.read(key))
    changed[at % len(changed)] ^= 1 << bit
    storage.write(key, bytes(changed))
    assert {(1, 2)} <= set(found(storage)) <= {(2, 6), (2, 4), (1, 2)}


def test_a_checkpoint_that_is_replaced_while_it_is_sought_is_sought_again(
    tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale worker goes on, keeps one, and is quicker than who reads its pointer."""
    save(tmp_storage, 1, 2)
    save(tmp_storage, 2, 4, keep=1)
    read = tmp_storage.read

    def overtaken(key: str) -> bytes:
        if key == paths.checkpoint_data(ID, 2, 4):
            monkeypatch.setattr(tmp_storage, "read", read)
            save(tmp_storage, 2, 6, keep=1)
        return read(key)

    monkeypatch.setattr(tmp_storage, "read", overtaken)
    assert newest_checkpoint(tmp_storage, ID) == checkpoint(2, 6)


def test_a_crash_before_the_pointer_leaves_the_one_before(tmp_storage: Storage) -> None:
    save(tmp_storage, 1, 2)
    tmp_storage.write(paths.checkpoint_data(ID, 1, 4), b"1:4")
    assert found(tmp_storage) == [(1, 2)]


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_history_keeps_every_number(value: float) -> None:
    storage = Storage(f"memory://attempts-{id(value)}")
    save_checkpoint(storage, ID, Checkpoint(number=1, step=1, blob=b"", rows=[{"step": 1, "x": value}], seconds=0), 1)
    back = newest_checkpoint(storage, ID)
    assert back is not None
    assert back.rows[0]["x"] == value or math.isnan(value)
    for key in storage.list():
        storage.delete(key)


def test_an_attempt_is_claimed_once(tmp_storage: Storage) -> None:
    assert claim(tmp_storage, ID, 1, "w1")
    assert not claim(tmp_storage, ID, 1, "w2")
    assert claim(tmp_storage, ID, 2, "w2")


def test_a_finished_attempt_names_and_hashes_its_tables(tmp_storage: Storage) -> None:
    trial = make_trial(steps=4)
    commit_trial(tmp_storage, trial, number=3)
    done = read_done(tmp_storage, trial.trial_id, 3)
    assert (done["trial_id"], done["number"], done["step"]) == (trial.trial_id, 3, 4)
    assert set(done["tables"]) == {"result", "history", "renders"}
    assert result_row(tmp_storage, trial.trial_id, 3)["prompt"] == "a cup"


@pytest.mark.parametrize("table", ["result", "history", "renders"])
def test_an_altered_table_is_damage(tmp_storage: Storage, table: str) -> None:
    trial = make_trial(steps=4)
    commit_trial(tmp_storage, trial)
    tmp_storage.write(paths.attempt_table(trial.trial_id, 1, table), b"rubbish")
    with pytest.raises(DamagedAttempt, match=f"table {table} is missing or was altered"):
        read_done(tmp_storage, trial.trial_id, 1)


def test_no_done_and_foreign_done_are_damage(tmp_storage: Storage) -> None:
    with pytest.raises(DamagedAttempt, match="is missing"):
        read_done(tmp_storage, ID, 1)
    tmp_storage.write(paths.attempt_done(ID, 1), b"{")
    with pytest.raises(DamagedAttempt, match="cannot be read"):
        read_done(tmp_storage, ID, 1)
    other = {"trial_id": ID, "number": 2, "tables": {}}
    tmp_storage.write(paths.attempt_done(ID, 1), json.dumps(other).encode())
    with pytest.raises(DamagedAttempt, match="of another attempt"):
        read_done(tmp_storage, ID, 1)


def test_files_beside_the_tables_are_named_and_hashed_too(tmp_storage: Storage) -> None:
    trial = make_trial(steps=4)
    commit_trial(tmp_storage, trial, files={paths.SCENE: b"a scene", paths.MESH: b"a mesh"})
    done = read_done(tmp_storage, trial.trial_id, 1)
    assert set(done["files"]) == {"scene.safetensors", "mesh.glb"}
    assert tmp_storage.read(done["files"]["mesh.glb"]["key"]) == b"a mesh"
    tmp_storage.write(done["files"]["mesh.glb"]["key"], b"another mesh")
    with pytest.raises(DamagedAttempt, match=r"file mesh\.glb is missing or was altered"):
        read_done(tmp_storage, trial.trial_id, 1)


def test_attempts_of_before_there_were_files(tmp_storage: Storage) -> None:
    trial = make_trial(steps=4)
    commit_trial(tmp_storage, trial)
    key = paths.attempt_done(trial.trial_id, 1)
    done = json.loads(tmp_storage.read(key))
    del done["files"]
    tmp_storage.write(key, json.dumps(done).encode())
    assert read_done(tmp_storage, trial.trial_id, 1)["files"] == {}


def test_only_known_names_become_keys(tmp_storage: Storage) -> None:
    with pytest.raises(AssertionError, match="unknown file"):
        paths.attempt_file(ID, 1, "../x")
