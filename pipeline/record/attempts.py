"""The files of one attempt: its claim, checkpoints, tables and the `done.json` that ends it.

Everything is written in an order that a crash at any point leaves readable: data first, then what points to it with its
SHA-256. A checkpoint is two objects, the engine's blob and a sidecar with what the worker knows (history, seconds);
`latest.json` names both, and the checkpoints before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import paths
from pipeline.engine import View
from pipeline.storage import Storage

Row = Mapping[str, float]


class DamagedAttempt(RuntimeError):
    """The attempt's `done.json` is missing, or names a file that is not there as it was written."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trial after `step` steps: the engine's blob, the history rows up to that step, the seconds of optimisation so
    far. `number` is the attempt that wrote it. `ended` says that the scene takes no further step, though it may have
    some left."""

    number: int
    step: int
    blob: bytes
    rows: Sequence[Row]
    seconds: float
    ended: bool = False


def claim(storage: Storage, trial_id: str, number: int, worker_id: str) -> bool:
    """Take attempt `number` for one execution. False if it was taken before: then it must not be run again."""
    content = {"trial_id": trial_id, "number": number, "worker_id": worker_id}
    return storage.create(paths.attempt_claim(trial_id, number), _json(content))


# ---- checkpoints -----------------------------------------------------------------------------------------------------


def save_checkpoint(storage: Storage, trial_id: str, checkpoint: Checkpoint, keep: int) -> None:
    """Write the checkpoint, then point to it, then delete all but the newest `keep` of this attempt."""
    number, step = checkpoint.number, checkpoint.step
    known = {"step": step, "seconds": checkpoint.seconds, "history": list(checkpoint.rows), "ended": checkpoint.ended}
    sidecar = _json(known)
    entry = {
        "step": step,
        **_put(storage, paths.checkpoint_data(trial_id, number, step), checkpoint.blob),
        "sidecar": _put(storage, paths.checkpoint_sidecar(trial_id, number, step), sidecar),
    }
    before = [old for old in _entries(storage, trial_id, number) if old["step"] != step]
    storage.write(paths.checkpoint_pointer(trial_id, number), _json({**entry, "previous": before[: keep - 1]}))
    for old in before[keep - 1 :]:
        storage.delete(old["key"])
        storage.delete(old["sidecar"]["key"])


def checkpoints(storage: Storage, trial_id: str, up_to: int | None = None, above: int = 0) -> Iterator[Checkpoint]:
    """The trial's whole checkpoints, best first: the newest attempt's newest, then the one before, then those of
    earlier attempts. `up_to` leaves out attempts after it, `above` itself and those before it. Torn, altered or missing
    ones are passed over."""
    for number in sorted(attempt_numbers(storage, trial_id), reverse=True):
        if number <= above or (up_to is not None and number > up_to):
            continue
        yield from _of_attempt(storage, trial_id, number)


def _of_attempt(storage: Storage, trial_id: str, number: int) -> Iterator[Checkpoint]:
    """Its worker may live, and delete a checkpoint for a newer one while this looks: then the newer one is sought."""
    tried: set[int] = set()
    while entries := [entry for entry in _entries(storage, trial_id, number) if entry["step"] not in tried]:
        for entry in entries:
            tried.add(entry["step"])
            checkpoint = _load(storage, number, entry)
            if checkpoint is not None:
                yield checkpoint


def attempt_numbers(storage: Storage, trial_id: str) -> list[int]:
    """The numbers of the attempts that have left anything, rising."""
    prefix = f"{paths.ATTEMPTS}/{trial_id}"
    return sorted({int(key.split("/")[2]) for key in storage.list(prefix)})


def _entries(storage: Storage, trial_id: str, number: int) -> list[dict[str, Any]]:
    """What the attempt's pointer names, newest first, without what it cannot have named; empty for no pointer or one
    that cannot be read."""
    try:
        pointer = json.loads(storage.read(paths.checkpoint_pointer(trial_id, number)))
        entries = [pointer, *pointer.pop("previous")]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [entry for entry in entries if _is_entry(entry, trial_id, number)]


def _is_entry(entry: Any, trial_id: str, number: int) -> bool:
    try:
        step, data, sidecar = entry["step"], entry, entry["sidecar"]
        own = (paths.checkpoint_data(trial_id, number, step), paths.checkpoint_sidecar(trial_id, number, step))
        return (data["key"], sidecar["key"]) == own and all(isinstance(each["sha256"], str) for each in (data, sidecar))
    except (ValueError, KeyError, TypeError):
        return False


def _load(storage: Storage, number: int, entry: Mapping[str, Any]) -> Checkpoint | None:
    blob, sidecar = _get(storage, entry), _get(storage, entry.get("sidecar", {}))
    if blob is None or sidecar is None:
        return None
    try:
        known = json.loads(sidecar)
        return Checkpoint(
            number=number,
            step=entry["step"],
            blob=blob,
            rows=[{str(name): float(value) for name, value in row.items()} for row in known["history"]],
            seconds=float(known["seconds"]),
            ended=bool(known.get("ended", False)),  # earlier sweeps did not say
        )
    except (ValueError, KeyError, TypeError, AttributeError):  # whole, and yet not what a worker writes
        return None


# ---- the end of an attempt -------------------------------------------------------------------------------------------


def finish(
    storage: Storage,
    trial_id: str,
    number: int,
    row: Mapping[str, Any],
    history: Sequence[Row],
    views: Sequence[View],
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write the three tables and the `files`, then `done.json`.

    `row` is what `record.tables.result_table` takes; its scalars are also in `done.json`, for those who need a result
    and no Parquet reader. `files` are by a name of `paths.FILES`.
    """
    from pipeline.record import tables

    written = {
        "result": tables.result_table(row),
        "history": tables.history_table(trial_id, history),
        "renders": tables.renders_table(trial_id, views),
    }
    entries = {name: _put(storage, paths.attempt_table(trial_id, number, name), data) for name, data in written.items()}
    kept = {
        name: _put(storage, paths.attempt_file(trial_id, number, name), data) for name, data in (files or {}).items()
    }
    done = {"trial_id": trial_id, "number": number, "step": row["steps"], "tables": entries, "files": kept}
    done["row"] = dict(row)
    storage.write(paths.attempt_done(trial_id, number), _json(done))


def read_done(storage: Storage, trial_id: str, number: int) -> dict[str, Any]:
    """The attempt's `done.json`, after everything that it names has been read, at once, and compared. Raises
    DamagedAttempt."""
    key = paths.attempt_done(trial_id, number)
    try:
        done: dict[str, Any] = json.loads(storage.read(key))
        done.setdefault("files", {})  # earlier sweeps kept none
        entries: dict[str, Mapping[str, Any]] = {f"table {name}": entry for name, entry in done["tables"].items()}
        entries |= {f"file {name}": entry for name, entry in done["files"].items()}
        named = (done["trial_id"], done["number"])
        keys = [entry["key"] for entry in entries.values()]
    except FileNotFoundError as error:
        raise DamagedAttempt(f"{key} is missing") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedAttempt(f"{key} cannot be read: {error}") from error
    if named != (trial_id, number):
        raise DamagedAttempt(f"{key} is of another attempt: {named}")
    found = storage.read_all(keys)
    for name, entry in entries.items():
        try:
            whole = hashlib.sha256(next(found)).hexdigest() == entry["sha256"]
        except (FileNotFoundError, KeyError):
            whole = False
        if not whole:
            raise DamagedAttempt(f"{key}: {name} is missing or was altered ({entry['key']})")
    return done


# ---- hashed objects --------------------------------------------------------------------------------------------------


def _put(storage: Storage, key: str, data: bytes) -> dict[str, Any]:
    storage.write(key, data)
    return {"key": key, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _get(storage: Storage, entry: Mapping[str, Any]) -> bytes | None:
    """The object that `entry` names, or None if it is missing or not the one that was written."""
    try:
        data = storage.read(entry["key"])
    except (FileNotFoundError, KeyError):
        return None
    return data if hashlib.sha256(data).hexdigest() == entry["sha256"] else None


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True).encode()
