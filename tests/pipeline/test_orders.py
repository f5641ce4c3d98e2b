from __future__ import annotations

import pytest
from fakes import make_trials

from pipeline import paths
from pipeline.errors import StorageError
from pipeline.record.orders import Cancel, Retry, Standing, Stop, give, orders_from, standing
from pipeline.storage import Storage

A, B, C = (trial.trial_id for trial in make_trials(3))
ORDERS = (Cancel(trial_ids=frozenset({A, B})), Retry(rounds={A: 1, C: 3}), Stop(epoch=7), Retry(rounds={C: 2}))


def test_nothing_was_asked_of_a_new_sweep(tmp_storage: Storage) -> None:
    assert standing(tmp_storage) == Standing()


def test_orders_are_read_as_they_were_given(tmp_storage: Storage) -> None:
    assert [give(tmp_storage, order, 1.0) for order in ORDERS] == [0, 1, 2, 3]
    assert tuple(orders_from(tmp_storage, 0)) == ORDERS
    assert tuple(orders_from(tmp_storage, 2)) == ORDERS[2:]
    assert tuple(orders_from(tmp_storage, 4)) == ()


def test_later_orders_override_earlier_ones(tmp_storage: Storage) -> None:
    for order in ORDERS:
        give(tmp_storage, order, 1.0)
    found = standing(tmp_storage)
    assert (found.read, found.cancelled, found.stopped) == (4, {B}, 7)
    assert found.rounds == {A: 1, C: 3}, "a round is never wanted less"
    assert found.reopens(C, 2) and not found.reopens(C, 3) and not found.reopens(B, 1)
    assert found.after(Cancel(trial_ids=frozenset({A}))).cancelled == {A, B}


def test_an_order_that_was_removed_takes_no_later_one_with_it(tmp_storage: Storage) -> None:
    for order in ORDERS[:3]:
        give(tmp_storage, order, 1.0)
    tmp_storage.delete(paths.order(1))
    found = standing(tmp_storage)
    assert (found.read, found.cancelled, found.stopped, found.rounds) == (3, {A, B}, 7, {})
    assert give(tmp_storage, ORDERS[3], 1.0) == 3
    assert tuple(orders_from(tmp_storage, found.read)) == (ORDERS[3],), "who has read so far hears of the next"


def test_a_foreign_object_among_orders_is_named(tmp_storage: Storage) -> None:
    tmp_storage.write("orders/notes.json", b"{}")
    with pytest.raises(StorageError, match="orders/notes.json is no order: remove it"):
        standing(tmp_storage)


def test_two_who_order_at_once_get_a_number_each(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    give(tmp_storage, ORDERS[0], 1.0)
    monkeypatch.setattr(tmp_storage, "list", lambda prefix="": [])  # it has listed before the other wrote
    assert give(tmp_storage, ORDERS[2], 1.0) == 1
    assert tuple(orders_from(tmp_storage, 0)) == (ORDERS[0], ORDERS[2])


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"order": "obey"}', '{"order": "cancel", "trial_ids": ["../x"]}', '{"order": "stop"}'],
)
def test_what_is_no_order_is_named(tmp_storage: Storage, content: str) -> None:
    tmp_storage.write(paths.order(0), content.encode())
    with pytest.raises(StorageError, match="orders/000000.json is no order"):
        standing(tmp_storage)
