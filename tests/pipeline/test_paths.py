"""Keys: where things lie, that numbers sort as text, and that nothing can climb out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import paths
from pipeline.errors import StorageError
from pipeline.storage import Storage

ID = "0123456789abcdef0123"


def test_the_layout_is_what_the_documents_say() -> None:
    assert paths.spec_part(0) == "spec/0000.yaml"
    assert paths.plan_part(12) == "plan/0012.parquet"
    assert paths.journal(3, 4) == "journal/000003-00000004.jsonl"
    assert paths.lease(3) == "lease/000003.json"
    assert paths.checkpoint_data(ID, 2, 250) == f"attempts/{ID}/2/checkpoints/00000250.safetensors"
    assert paths.checkpoint_pointer(ID, 2) == f"attempts/{ID}/2/checkpoints/latest.json"
    assert paths.attempt_table(ID, 2, "history") == f"attempts/{ID}/2/history.parquet"
    assert paths.attempt_done(ID, 2) == f"attempts/{ID}/2/done.json"
    assert paths.commit(ID) == f"commits/{ID}.json"
    assert paths.evaluation_pointer("judge-ab", 3) == "evaluation/judge-ab/pointers/000003.json"
    assert paths.evaluation_file("judge-ab", "texts", "0f") == "evaluation/judge-ab/texts-0f.parquet"
    assert paths.dataset_part(1, "renders", 0) == "dataset/v1/renders/part-0000.parquet"


@given(st.integers(0, 10**6))
def test_part_numbers_are_read_back(number: int) -> None:
    assert paths.part_number(paths.spec_part(number)) == number
    assert paths.part_number(paths.plan_part(number)) == number


@pytest.mark.parametrize("key", ["plan/x.parquet", "plan/0000.yaml", "plan/a/0000.parquet", "0000.parquet", "plan/²"])
def test_a_foreign_key_has_no_part_number(key: str) -> None:
    assert paths.part_number(key) is None


@given(st.integers(0, 999_998), st.integers(0, 99_999_998))
def test_journal_keys_sort_in_order_of_epoch_and_sequence(epoch: int, sequence: int) -> None:
    assert paths.journal(epoch, sequence) < paths.journal(epoch, sequence + 1) < paths.journal(epoch + 1, 0)


def test_a_hostile_id_cannot_leave_the_storage(tmp_storage: Storage) -> None:
    with pytest.raises(StorageError, match="bad storage key"):
        tmp_storage.write(paths.commit("../../escaped"), b"")
