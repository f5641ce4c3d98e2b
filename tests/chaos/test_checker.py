"""The checker finds each kind of damage: the storage of a calm sweep, with one thing changed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from chaos.checker import check
from chaos.faults import Strike
from chaos.sweep import Sweep

Objects = dict[str, bytes]


@pytest.fixture(scope="module")
def calm() -> Objects:
    ended = Sweep(1, trials=10, weather=Strike.once("none", 1)).run()
    assert ended.violations == ()
    return ended.objects


def committed(objects: Objects) -> str:
    return min(key for key in objects if key.startswith("commits/")).removeprefix("commits/").removesuffix(".json")


def edit(objects: Objects, key: str, change: Callable[[Any], None]) -> None:
    content = json.loads(objects[key])
    change(content)
    objects[key] = json.dumps(content).encode()


def add_facts(objects: Objects, *facts: dict[str, Any]) -> None:
    objects["journal/000099-00000000.jsonl"] = b"".join(json.dumps(fact).encode() + b"\n" for fact in facts)
    objects["lease/000099.json"] = b"{}"
    edit(objects, "lease/heartbeat.json", lambda beat: beat.update(epoch=99))


def rewrite(objects: Objects, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a table of the data set and the hash with it, so that only its content is wrong."""
    import hashlib

    newest = max(key for key in objects if key.startswith("dataset/manifests/"))
    manifest = json.loads(objects[newest])
    (part,) = [part for part in manifest["parts"] if part["table"] == table]
    sink = io.BytesIO()
    pq.write_table(change(pq.read_table(io.BytesIO(objects[part["key"]]))), sink)
    objects[part["key"]] = sink.getvalue()
    part["sha256"] = hashlib.sha256(sink.getvalue()).hexdigest()
    objects[newest] = json.dumps(manifest).encode()


def lose_a_commit(objects: Objects) -> None:
    del objects[f"commits/{committed(objects)}.json"]


def lose_a_file(objects: Objects) -> None:
    trial_id = committed(objects)
    del objects[f"attempts/{trial_id}/1/renders.parquet"]


def lose_a_part(objects: Objects) -> None:
    del objects[max(key for key in objects if key.startswith("dataset/v") and "/history/" in key)]


def lose_a_row(objects: Objects) -> None:
    rewrite(objects, "trials", lambda table: table.slice(1))


def double_steps(objects: Objects) -> None:
    rewrite(objects, "history", lambda table: pa.concat_tables([table, table.slice(0, 1)]))


def alter_a_state(objects: Objects) -> None:
    def alter(table: pa.Table) -> pa.Table:
        values = [None if value is None else value + 1.0 for value in table["metric_state"].to_pylist()]
        return table.set_column(table.schema.get_field_index("metric_state"), "metric_state", pa.array(values))

    rewrite(objects, "trials", alter)


def show_another_attempt(objects: Objects) -> None:
    def alter(table: pa.Table) -> pa.Table:
        values = pa.array([7] * table.num_rows, table["attempt"].type)
        return table.set_column(table.schema.get_field_index("attempt"), "attempt", values)

    rewrite(objects, "trials", alter)


def charge_too_often(objects: Objects) -> None:
    ended = {"fact": "attempt_ended", "trial_id": committed(objects), "number": 1, "round": 1, "failure": "user"}
    add_facts(objects, *[{**ended, "message": "", "step": 0, "pack": 1, "worker_lost": False}] * 3)


def start_twice(objects: Objects) -> None:
    started = {"fact": "attempt_started", "trial_id": committed(objects), "number": 9, "round": 1, "worker_id": "w"}
    add_facts(objects, started, started)


def commit_another(objects: Objects) -> None:
    add_facts(objects, {"fact": "committed", "trial_id": committed(objects), "number": 9})


def speak_last(objects: Objects) -> None:
    objects["lease/000099.json"] = b"{}"


def order(objects: Objects, **content: Any) -> None:
    objects[f"orders/{sum(key.startswith('orders/') for key in objects):06d}.json"] = json.dumps(content).encode()


def forget_a_retry(objects: Objects) -> None:
    """It failed in round 1, and a second one was ordered."""
    trial_id = committed(objects)
    row = {"trial_id": trial_id, "round": 1, "failure": "user", "reason": "x", "failures": {"user": 2}}
    del objects[f"commits/{trial_id}.json"]
    objects[f"failures/{trial_id}/0001.json"] = json.dumps(row).encode()
    order(objects, order="retry", rounds={trial_id: 2})


def have_a_round_that_nobody_ordered(objects: Objects) -> None:
    add_facts(objects, {"fact": "round_opened", "trial_id": committed(objects), "round": 2})


def go_on_after_a_cancel(objects: Objects) -> None:
    trial_id = committed(objects)
    started = {"fact": "attempt_started", "trial_id": trial_id, "number": 9, "round": 1, "worker_id": "w"}
    add_facts(objects, {"fact": "cancelled", "trial_id": trial_id}, started)


def forget_a_parent(objects: Objects) -> None:
    def alter(table: pa.Table) -> pa.Table:
        parents = pa.array([committed(objects)] * table.num_rows, pa.string())
        return table.set_column(table.schema.get_field_index("parent"), "parent", parents)

    rewrite(objects, "trials", alter)


def plan_a_child_that_nobody_needs(objects: Objects) -> None:
    (key,) = [key for key in objects if key.startswith("plan/")]
    table = pq.read_table(io.BytesIO(objects[key]))
    parents = [None] * (table.num_rows - 1) + [table["trial_id"][0].as_py()]
    sink = io.BytesIO()
    index = table.schema.get_field_index("parent")
    pq.write_table(table.set_column(index, "parent", pa.array(parents, pa.string())), sink)
    objects[key] = sink.getvalue()


def leave_half_an_object(objects: Objects) -> None:
    objects["journal/000001-00009999.jsonl"] = b'{"fact": "comm'


def leave_a_foreign_object(objects: Objects) -> None:
    objects["commits/notes.txt"] = b"hello"


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        (lose_a_commit, "I1"),
        (lose_a_file, "I1"),
        (lose_a_part, "I2"),
        (lose_a_row, "I2"),
        (double_steps, "I2"),
        (alter_a_state, "I3"),
        (charge_too_often, "I5"),
        (leave_half_an_object, "I6"),
        (leave_a_foreign_object, "I6"),
        (show_another_attempt, "I7"),
        (start_twice, "I7"),
        (commit_another, "I7"),
        (speak_last, "I7"),
        (forget_a_retry, "I8"),
        (have_a_round_that_nobody_ordered, "I8"),
        (go_on_after_a_cancel, "I8"),
        (forget_a_parent, "I8"),
        (plan_a_child_that_nobody_needs, "I8"),
    ],
)
def test_damage_is_found(calm: Objects, damage: Callable[[Objects], None], invariant: str) -> None:
    objects = dict(calm)
    assert check(objects, [], 1) == []
    damage(objects)
    assert invariant in {violation.partition(":")[0] for violation in check(objects, [], 1)}


def test_what_is_run_after_a_cancel_is_found(calm: Objects) -> None:
    """By a driver that began after it. One that had begun before may not have heard of it yet."""
    trial_id = committed(calm)
    claim, begun = ("e2w0/7", trial_id, "claim", 2), ("driver1", "", "lease", 2)
    cancel, retry = ("operator", trial_id, "cancel", 0), ("operator", trial_id, "retry", 1)
    assert check(calm, [begun, cancel, claim], 1) == []
    assert check(calm, [cancel, begun, retry, claim], 1) == []
    (violation,) = check(calm, [cancel, begun, claim], 1)
    assert violation.startswith("I8")


def test_what_a_driver_wrote_before_it_was_replaced_is_not_late(calm: Objects) -> None:
    """The last object of driver 99 charges too often; the log knows whether driver 100 can have read it."""
    objects = dict(calm)
    charge_too_often(objects)
    objects["lease/000100.json"] = b"{}"
    edit(objects, "lease/heartbeat.json", lambda beat: beat.update(epoch=100))
    key = "journal/000099-00000000.jsonl"
    wrote, taken = ("driver0", key, "journal", 99), ("driver1", "", "lease", 100)
    assert check(objects, [], 1) == [] and check(objects, [taken, wrote], 1) == []
    (violation,) = check(objects, [wrote, taken], 1)
    assert violation.startswith("I5")
    (violation,) = check(objects, [taken, wrote, wrote], 1)
    assert violation.startswith("I7"), "it goes on writing"


def test_a_trial_that_nobody_wants_needs_no_end(calm: Objects) -> None:
    objects, trial_id = dict(calm), committed(calm)
    lose_a_commit(objects)
    assert any(violation.startswith("I1") and trial_id in violation for violation in check(objects, [], 1))
    order(objects, order="cancel", trial_ids=[trial_id])
    assert not any(violation.startswith("I1") for violation in check(objects, [], 1))


def test_steps_that_are_done_again_are_found(calm: Objects) -> None:
    """Attempt 1 came to step 3 and attempt 2 began at 0."""
    objects, trial_id = dict(calm), committed(calm)
    log = [
        ("a", trial_id, "claim", 1), ("a", trial_id, "start", 0), ("a", trial_id, "step", 3),
        ("b", trial_id, "claim", 2), ("a", trial_id, "step", 9), ("b", trial_id, "start", 0),
    ]  # fmt: skip
    assert check(objects, log, interval=3) == []
    (violation,) = check(objects, log, interval=2)
    assert violation.startswith("I4")
    (violation,) = check(objects, [("nobody", trial_id, "start", 0)], interval=2)
    assert violation.startswith("I7"), "nobody had claimed it"


def test_what_a_stale_worker_does_again_after_the_commit_is_nobodys_loss(calm: Objects) -> None:
    """Attempt 2 was claimed and given up, attempt 1 was committed and its checkpoints went, and then 2 woke up."""
    trial_id = committed(calm)
    first = [("e1w0/1", trial_id, "claim", 1), ("e1w0/1", trial_id, "start", 0), ("e1w0/1", trial_id, "step", 9)]
    claim, start = ("e1w1/2", trial_id, "claim", 2), ("e1w1/2", trial_id, "start", 0)
    commit = ("driver1", trial_id, "commit", 0)
    assert check(calm, [*first, claim, commit, start], interval=3) == []
    (violation,) = check(calm, [*first, claim, start, commit], interval=3)
    assert violation.startswith("I4"), "it was not over yet"


def test_what_is_run_after_its_commit_is_found(calm: Objects) -> None:
    """By a driver that began after it. What one had ordered before may come late."""
    trial_id = committed(calm)
    commit, claim, begun = (
        ("driver0", trial_id, "commit", 0),
        ("e2w0/7", trial_id, "claim", 2),
        ("driver1", "", "lease", 2),
    )
    assert check(calm, [begun, commit, claim], 1) == []
    retry = ("operator", trial_id, "retry", 1)
    (violation,) = check(calm, [commit, begun, retry, claim], 1)
    assert violation.startswith("I7"), "no order opens it again"


# ---- beside an undisturbed sweep -------------------------------------------------------------------------------------


def lose_a_step(objects: Objects) -> None:
    rewrite(objects, "history", lambda table: table.slice(1))


def alter_a_loss(objects: Objects) -> None:
    def change(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        rows[0]["loss"] = 0.125
        return pa.Table.from_pylist(rows, table.schema)

    rewrite(objects, "history", change)


def alter_a_scene(objects: Objects) -> None:
    """With the hash in the commit, so that only its content is wrong."""
    import hashlib

    trial_id = committed(objects)
    commit = json.loads(objects[f"commits/{trial_id}.json"])
    entry = commit["files"]["scene.safetensors"]
    objects[entry["key"]] = b"another"
    entry["sha256"] = hashlib.sha256(b"another").hexdigest()
    objects[f"commits/{trial_id}.json"] = json.dumps(commit).encode()


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        (lose_a_row, "I2"),
        (lose_a_step, "I2"),
        (alter_a_state, "I3"),
        (alter_a_loss, "I3"),
        (alter_a_scene, "I3"),
        (lose_a_commit, "I1"),
        (speak_last, "I7"),
    ],
)
def test_damage_is_found_by_comparing(calm: Objects, damage: Callable[[Objects], None], invariant: str) -> None:
    objects = dict(calm)
    assert check(objects, [], 1, undisturbed=calm) == []
    damage(objects)
    assert invariant in {violation.partition(":")[0] for violation in check(objects, [], 1, undisturbed=calm)}
