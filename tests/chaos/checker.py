"""Reads what a sweep left in storage, and says what of its promises does not hold. Shares no code with the product.

`objects` are all objects of the sweep by key. `log` is what workers did, in order: (process, trial id, `claim`,
number of the attempt), or `start` or `step` with the step that the trial was at; besides, who was cancelled or retried
by which order, who was committed when, when which driver took the lease, and when which object of the journal was
written. `interval` is the steps between checkpoints.

I1 every trial of the plan ends in one commit, or else in a failure with a class and a reason, or is cancelled
I2 the data set has one row for each trial, and for each step and view of a completed one; nothing was lost
I3 a result is what an uninterrupted run would have had, bit for bit
I4 a fault costs at most the steps between two checkpoints; with notice, none
I5 budgets hold: preemptions and stops are never charged, a class that gives a trial up has cost its budget + 1 attempts
I6 no object outside `attempts/` is half or foreign
I7 what stale attempts and drivers wrote counts for nothing: one result, one start of an attempt, the last driver's
   word; and no driver that began after a trial's commit has it run again
I8 orders hold: a cancelled trial is not run again unless ordered, a retried one has one more round with whole budgets,
   one that takes the place of a trial that diverged remembers it

What a driver wrote into the journal after the next one took the lease, that one may not have read, so these facts may
come on top of what budgets allow. No other fact may; and it is one object at most. Without a log, which is so on real
clusters, it is taken for the last object of each driver that was replaced.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow.parquet as pq
import yaml

LogEntry = tuple[str, str, str, int]

CHARGED = ("user", "infrastructure", "out_of_memory", "divergence", "poison")
DEATHS = 3  # of workers, for poison, the last one with nothing else on board
ENOUGH_NOTICE = 15.0
_KNOWN = re.compile(
    r"spec/\d{4}\.yaml|plan/\d{4}\.parquet|journal/\d{6}-\d{8}\.jsonl|lease/(\d{6}|heartbeat)\.json"
    r"|orders/\d+\.json|commits/[0-9a-f]{20}\.json|failures/[0-9a-f]{20}/\d{4}\.json|mlflow\.json"
    r"|dataset/v\d+/(claim\.json|(trials|history|renders)/part-\d{4}\.parquet)|dataset/manifests/\d{6}\.json"
    r"|job\.json|settings\.yaml"
)


def check(
    objects: Mapping[str, bytes],
    log: Sequence[LogEntry],
    interval: int,
    damaged: Iterable[str] = (),
    punctual: bool = True,
    undisturbed: Mapping[str, bytes] | None = None,
) -> list[str]:
    """The violations, each a sentence that begins with its invariant. `damaged` are trials whose checkpoints were
    tampered with, so that more than one interval may have to be done again; `punctual` says that nothing kept workers
    from their checkpoints when they had notice. `undisturbed` are the objects of a sweep of the same trials that ended
    well without a fault: what results are compared with. Without it, they are those of the fake optimiser."""
    calm = _Seen(_visible(undisturbed)) if undisturbed is not None else None
    seen = _Seen(_visible(objects), _late(log), calm)
    try:
        return [
            *_objects(seen), *_ends(seen), *_dataset(seen), *_results(seen), *_budgets(seen), *_stale(seen),
            *_again(log), *_redone(seen, log, interval, set(damaged), _with_notice(seen) if punctual else set()),
            *_cancelled(seen, log), *_rounds(seen), *_children(seen), *_parents(seen),
        ]  # fmt: skip
    except (KeyError, ValueError, TypeError, OSError) as error:
        return [f"I6: storage cannot be read: {type(error).__name__}: {error}"]


@dataclass(frozen=True)
class _Trial:
    trial_id: str
    prompt: str
    seed: int
    steps: int
    parent: str

    def told(self, word: str) -> int | None:
        """The step of `word@step` in the prompt, if the trial gets there."""
        found = re.search(rf"(?<!once:){word}@(\d+)", self.prompt)
        return int(found[1]) if found and int(found[1]) <= self.steps else None

    @property
    def last(self) -> int:
        return self.told("collapse") or self.steps

    def states(self) -> list[str]:
        """The scene's state after each step, from 0 on."""
        states = [self.trial_id]
        for step in range(1, self.last + 1):
            states.append(hashlib.sha256(f"{states[-1]}:{self.seed}:{step}".encode()).hexdigest())
        return states

    def losses(self) -> list[float]:
        """Of each step from 1 on, in the single precision of the table."""
        exact = [int(state[:12], 16) / 2**48 for state in self.states()[1:]]
        return [struct.unpack("f", struct.pack("f", loss))[0] for loss in exact]


@dataclass(frozen=True)
class _Seen:
    objects: Mapping[str, bytes]
    late: Mapping[int, Sequence[str]] | None = None
    undisturbed: _Seen | None = None

    def json(self, key: str) -> Any:
        return json.loads(self.objects[key])

    def under(self, folder: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(f"{folder}/"))

    def rows(self, key: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.ParquetFile(io.BytesIO(self.objects[key])).read(use_threads=False).to_pylist()
        return rows

    @cached_property
    def plan(self) -> dict[str, _Trial]:
        rows = [row for key in self.under("plan") for row in self.rows(key)]
        trials = [
            _Trial(row["trial_id"], row["prompt"], row["seed"], row["steps"], row["parent"] or "") for row in rows
        ]
        return {trial.trial_id: trial for trial in trials}

    @cached_property
    def spec(self) -> dict[str, Any]:
        content: dict[str, Any] = yaml.safe_load(self.objects[self.under("spec")[-1]])
        return content

    @cached_property
    def orders(self) -> list[dict[str, Any]]:
        return [self.json(key) for key in self.under("orders")]

    @cached_property
    def cancelled(self) -> set[str]:
        """Who is not wanted after all orders."""
        found: set[str] = set()
        for order in self.orders:
            found |= set(order.get("trial_ids", ()))
            found -= set(order.get("rounds", ()))
        return found

    @cached_property
    def rounds(self) -> dict[str, set[int]]:
        """The rounds that each trial may have had."""
        found: dict[str, set[int]] = {}
        for order in self.orders:
            for trial_id, number in order.get("rounds", {}).items():
                found.setdefault(trial_id, {1}).add(number)
        return found

    @cached_property
    def budgets(self) -> dict[str, int]:
        given = {kind: count for kind, count in self.spec.get("retries", {}).items() if kind in CHARGED}
        return {
            "user": 1,
            "infrastructure": 5,
            "out_of_memory": 2,
            "divergence": 0,
            "poison": 0,
            **given,
        }

    @cached_property
    def commits(self) -> dict[str, Any]:
        return {_stem(key): self.json(key) for key in self.under("commits")}

    @cached_property
    def failures(self) -> dict[str, Any]:
        """The last round's failure of each trial that failed and is not committed."""
        return {
            key.split("/")[1]: self.json(key) for key in self.under("failures") if key.split("/")[1] not in self.commits
        }

    @cached_property
    def epochs(self) -> int:
        return max((int(_stem(key)) for key in self.under("lease") if _stem(key).isdigit()), default=0)

    @cached_property
    def journal(self) -> list[tuple[dict[str, Any], bool]]:
        """Every fact, and whether it may be a late one."""
        keys = self.under("journal")
        last = {key.split("-")[0]: key for key in keys}
        newest = f"journal/{self.epochs:06d}"
        late = {key for key in last.values() if not key.startswith(newest)}
        if self.late is not None:
            late = {key for found in self.late.values() for key in found}
        return [(json.loads(line), key in late) for key in keys for line in self.objects[key].decode().splitlines()]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The current generation; there need be none where all was cancelled."""
        keys = self.under("dataset/manifests")
        content: dict[str, Any] = self.json(keys[-1]) if keys else {"parts": [], "commits": []}
        return content

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of the current generation."""
        found: dict[str, list[dict[str, Any]]] = {"trials": [], "history": [], "renders": []}
        for part in self.manifest["parts"]:
            found[part["table"]] += self.rows(part["key"])
        return found

    def count(self, fact: str, **wanted: Any) -> tuple[int, int]:
        """How many such facts there are at least, without the late ones, and at most."""
        found = [
            late
            for content, late in self.journal
            if content["fact"] == fact and all(content.get(key) == value for key, value in wanted.items())
        ]
        return found.count(False), len(found)


def _visible(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    return {key: data for key, data in objects.items() if "/." not in f"/{key}"}


def _late(log: Sequence[LogEntry]) -> dict[int, list[str]] | None:
    """The journal objects that each driver wrote after the next one took the lease; None if the log does not tell."""
    late: dict[int, list[str]] = {}
    epoch = 0
    for _, key, what, number in log:
        if what == "lease":
            epoch = max(epoch, number)
        elif what == "journal" and number < epoch:
            late.setdefault(number, []).append(key)
    return late if epoch else None


def _stem(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]


# ---- I6 --------------------------------------------------------------------------------------------------------------


def _objects(seen: _Seen) -> Iterator[str]:
    for key, data in seen.objects.items():
        if key.startswith("attempts/"):
            continue
        if not _KNOWN.fullmatch(key):
            yield f"I6: {key} is no object of a sweep"
            continue
        try:
            if key.endswith(".json"):
                json.loads(data)
            elif key.endswith(".parquet"):
                pq.ParquetFile(io.BytesIO(data))
            elif key.endswith(".jsonl"):
                if not data.endswith(b"\n"):
                    raise ValueError("no end of line")
                for line in data.splitlines():
                    json.loads(line)
        except (ValueError, OSError) as error:
            yield f"I6: {key} is half or damaged: {error}"


# ---- I1 --------------------------------------------------------------------------------------------------------------


def _ends(seen: _Seen) -> Iterator[str]:
    for trial_id in seen.plan:
        failure = seen.failures.get(trial_id)
        if trial_id not in seen.commits and failure is None and trial_id not in seen.cancelled:
            yield f"I1: trial {trial_id} has no end"
        elif failure is not None and not (failure["failure"] and failure["reason"]):
            yield f"I1: trial {trial_id} failed without a reason"
    for trial_id in [*seen.commits, *seen.failures]:
        if trial_id not in seen.plan:
            yield f"I1: trial {trial_id} is not in the plan"
    for trial_id, commit in seen.commits.items():
        prefix = f"attempts/{trial_id}/{commit['number']}/"
        for name, entry in {**commit["tables"], **commit["files"]}.items():
            data = seen.objects.get(entry["key"])
            if not entry["key"].startswith(prefix) or commit["trial_id"] != trial_id:
                yield f"I1: the commit of {trial_id} names a file of another attempt: {entry['key']}"
            elif data is None or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                yield f"I1: the commit of {trial_id} has lost its {name}"


# ---- I2, I7 ----------------------------------------------------------------------------------------------------------


def _dataset(seen: _Seen) -> Iterator[str]:
    for part in seen.manifest["parts"]:
        data = seen.objects.get(part["key"])
        if data is None or hashlib.sha256(data).hexdigest() != part["sha256"]:
            yield f"I2: the data set has lost {part['key']}"
            return
    tables = seen.tables
    if set(seen.manifest["commits"]) != set(seen.commits):
        yield "I2: the data set is not made of the commits"
    counts = Counter(row["trial_id"] for row in tables["trials"])
    for trial_id in seen.plan:
        if counts[trial_id] != (trial_id in seen.commits or trial_id in seen.failures):
            yield f"I2: trial {trial_id} has {counts[trial_id]} rows in the data set"
    rows = {row["trial_id"]: row for row in tables["trials"]}
    steps, views = _by_trial(tables["history"]), _by_trial(tables["renders"])
    for trial_id, row in rows.items():
        commit = seen.commits.get(trial_id)
        if (row["status"] == "completed") is not (commit is not None):
            yield f"I2: trial {trial_id} is {row['status']} in the data set"
        if commit is None or trial_id not in seen.plan:
            continue
        if row["attempt"] != commit["number"]:
            yield f"I7: trial {trial_id} shows attempt {row['attempt']}, committed is {commit['number']}"
        trial, details = seen.plan[trial_id], (row, steps.get(trial_id, []), views.get(trial_id, []))
        yield from _details(trial, *details) if seen.undisturbed is None else _alike(trial, seen.undisturbed, *details)


def _details(
    trial: _Trial, row: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], views: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    state = trial.states()[-1]
    if row["metric_state"] != float(int(state[:12], 16)):
        yield f"I3: trial {trial.trial_id} has another state than an uninterrupted run"
    if [one["step"] for one in steps] != list(range(1, trial.last + 1)):
        yield f"I2: trial {trial.trial_id} has the steps {[one['step'] for one in steps]}"
    nan = trial.told("nan")
    for one, loss in zip(steps, trial.losses(), strict=False):
        value = one["loss"]
        if not math.isnan(value) if one["step"] == nan else value != loss:
            yield f"I3: trial {trial.trial_id} has loss {value} at step {one['step']}, not {loss}"
    shown = sorted((one["view"], one["kind"]) for one in views)
    if shown != [(view, kind) for view in range(2) for kind in ("color", "depth")]:
        yield f"I2: trial {trial.trial_id} has the views {shown}"


def _alike(
    trial: _Trial,
    other: _Seen,
    row: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    views: Sequence[Mapping[str, Any]],
) -> Iterator[str]:
    """As in the other sweep, to the bit; an attempt's number, its times and its device may differ."""
    tables = other.tables
    (wanted,) = [one for one in tables["trials"] if one["trial_id"] == trial.trial_id]
    for name in [name for name in wanted if name.startswith("metric_") or name in ("steps", "verdict", "status")]:
        if not _same(row[name], wanted[name]):
            yield f"I3: trial {trial.trial_id} has {name} = {row[name]}, undisturbed {wanted[name]}"
    for table, found, order in (("history", steps, ("step",)), ("renders", views, ("view", "kind"))):
        rows = [one for one in tables[table] if one["trial_id"] == trial.trial_id]
        if [[one[name] for name in order] for one in found] != [[one[name] for name in order] for one in rows]:
            yield f"I2: trial {trial.trial_id} has {len(found)} rows of {table}, undisturbed {len(rows)}"
            continue
        unlike = [at for at, (one, two) in enumerate(zip(found, rows, strict=True)) if not _same(one, two)]
        if unlike:
            yield f"I3: trial {trial.trial_id} differs in {table} from an undisturbed run, first in row {unlike[0]}"


def _same(one: Any, other: Any) -> bool:
    """Equal, where what is no number is equal to itself, and rows may have their columns in another order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return repr(one) == repr(other)


def _by_trial(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["trial_id"], []).append(row)
    return found


# ---- I3 --------------------------------------------------------------------------------------------------------------


def _results(seen: _Seen) -> Iterator[str]:
    for trial_id, commit in seen.commits.items():
        trial = seen.plan[trial_id]
        if seen.undisturbed is not None:
            yield from _scene_alike(seen, seen.undisturbed, trial_id)
            continue
        scene = seen.objects.get(f"attempts/{trial_id}/{commit['number']}/scene.safetensors", b"")
        if scene.decode(errors="replace") != trial.states()[-1]:
            yield f"I3: trial {trial_id} left another scene than an uninterrupted run"
        if commit["step"] != trial.last:
            yield f"I3: trial {trial_id} was committed at step {commit['step']} of {trial.last}"
        if any(trial.told(word) for word in ("fail:user", "diverge")):
            yield f"I5: trial {trial_id} cannot succeed ({trial.prompt!r}), and did"


def _scene_alike(seen: _Seen, other: _Seen, trial_id: str) -> Iterator[str]:
    here, there = (
        each.objects.get(f"attempts/{trial_id}/{each.commits[trial_id]['number']}/scene.safetensors")
        for each in (seen, other)
    )
    if here is None or here != there:
        yield f"I3: trial {trial_id} left another scene than an undisturbed run"
    if seen.commits[trial_id]["step"] != other.commits[trial_id]["step"]:
        yield f"I3: trial {trial_id} was committed at step {seen.commits[trial_id]['step']}"


# ---- I5 --------------------------------------------------------------------------------------------------------------


def _budgets(seen: _Seen) -> Iterator[str]:
    ended: Counter[tuple[str, int, str]] = Counter()
    for fact, late in seen.journal:
        if fact["fact"] == "attempt_ended" and fact["failure"] in CHARGED and not late:
            ended[fact["trial_id"], fact["round"], fact["failure"]] += 1
    for (trial_id, attempt_round, kind), count in ended.items():
        if count > seen.budgets[kind] + 1:
            yield f"I5: trial {trial_id} was charged {count} times with {kind} in round {attempt_round}"
    for trial_id, failure in seen.failures.items():
        kind = failure["failure"]
        if kind not in CHARGED:
            yield f"I5: trial {trial_id} was given up by {kind}, which is never charged"
            continue
        facts = {"trial_id": trial_id, "round": failure["round"], "failure": kind}
        _, most = seen.count("attempt_ended", **facts)
        if kind == "poison":
            _, deaths = seen.count("attempt_ended", trial_id=trial_id, round=failure["round"], worker_lost=True)
            if deaths < DEATHS:
                yield f"I5: trial {trial_id} was given up as poison after {deaths} deaths"
        if most < seen.budgets[kind] + 1 or failure["failures"].get(kind) != seen.budgets[kind] + 1:
            yield f"I5: trial {trial_id} was given up after {most} failures by {kind}, said {failure['failures']}"


# ---- I7 --------------------------------------------------------------------------------------------------------------


def _stale(seen: _Seen) -> Iterator[str]:
    starts = Counter(
        (fact["trial_id"], fact["number"])
        for fact, late in seen.journal
        if fact["fact"] == "attempt_started" and not late
    )
    for (trial_id, number), count in starts.items():
        if count > 1:
            yield f"I7: attempt {number} of trial {trial_id} was started {count} times"
    for fact, _ in seen.journal:
        if fact["fact"] == "committed" and seen.commits.get(fact["trial_id"], {}).get("number") != fact["number"]:
            yield f"I7: attempt {fact['number']} of {fact['trial_id']} was committed, and then another"
    for epoch, keys in (seen.late or {}).items():
        if len(keys) > 1:
            yield f"I7: driver {epoch} went on writing the journal after it was replaced: {keys}"
    heartbeat = seen.json("lease/heartbeat.json")
    if heartbeat["epoch"] != seen.epochs or not heartbeat["released"]:
        yield f"I7: the last word is of driver {heartbeat['epoch']} of {seen.epochs}, released: {heartbeat['released']}"


def _again(log: Sequence[LogEntry]) -> Iterator[str]:
    for trial_id, epoch in _run_later(log, "commit"):
        yield f"I7: trial {trial_id} was committed, and then run by driver {epoch}, which began later"


def _run_later(log: Sequence[LogEntry], ends: str, reopens: str = "") -> Iterator[tuple[str, int]]:
    """(trial, epoch) of every claim for a driver that began after what `ends` the trial, unless it was reopened."""
    begun: dict[int, int] = {}
    ended: dict[str, int] = {}  # since which place in the log
    for place, (process, trial_id, what, number) in enumerate(log):
        if what == "lease":
            begun[number] = place
        elif what == ends:
            ended[trial_id] = place
        elif what == reopens:
            ended.pop(trial_id, None)
        elif what == "claim" and trial_id in ended:
            (epoch,) = map(int, re.findall(r"^e(\d+)w", process))
            if begun.get(epoch, -1) > ended[trial_id]:
                yield trial_id, epoch


# ---- I4 --------------------------------------------------------------------------------------------------------------


def _redone(
    seen: _Seen, log: Sequence[LogEntry], interval: int, damaged: set[str], noticed: set[tuple[str, int, int]]
) -> Iterator[str]:
    """Every start is compared with how far the attempts before it had come when it was claimed. What happens in an
    attempt after a later one was claimed is a stale worker's: nobody waits for that, nor for what happens after the
    commit, with which the checkpoints go. Who may still claim it then, I7 says."""
    owned: dict[tuple[str, str], int] = {}
    reached: dict[str, dict[int, int]] = {}
    before: dict[tuple[str, int], tuple[int, int]] = {}  # the last attempt's number, how far all had come
    committed = {trial_id: place for place, (_, trial_id, what, _) in enumerate(log) if what == "commit"}
    for place, (process, trial_id, what, number) in enumerate(log):
        attempts = reached.setdefault(trial_id, {})
        if what not in ("claim", "start", "step"):
            continue
        if what == "claim":
            owned[process, trial_id] = number
            before[trial_id, number] = (max(attempts, default=0), max(attempts.values(), default=0))
            attempts[number] = 0
            continue
        attempt = owned.get((process, trial_id))
        if attempt is None:
            yield f"I7: trial {trial_id} was run by {process}, which had not claimed it"
        elif attempt < max(attempts) or place > committed.get(trial_id, len(log)):
            continue
        elif what == "step":
            attempts[attempt] = number
        elif trial_id not in damaged and seen.plan[trial_id].told("diverge") is None:
            last, came = before[trial_id, attempt]
            if came - number > interval:
                yield f"I4: trial {trial_id} was at {came} and began at {number}, with {interval} between checkpoints"
            if came > number and (trial_id, last, came) in noticed:
                yield f"I4: trial {trial_id} was at {came} and began at {number} after a notice"


def _with_notice(seen: _Seen) -> set[tuple[str, int, int]]:
    """(trial, attempt, step) of those that ended by a preemption with notice enough, on a living worker."""
    facts = [fact for fact, _ in seen.journal]
    drained = {
        fact["worker_id"] for fact in facts if fact["fact"] == "worker_draining" and fact["seconds"] > ENOUGH_NOTICE
    }
    there = {
        (fact["trial_id"], fact["number"])
        for fact in facts
        if fact["fact"] == "attempt_started" and fact["worker_id"] in drained
    }
    ended = [fact for fact in facts if fact["fact"] == "attempt_ended" and fact["failure"] == "preemption"]
    return {
        (fact["trial_id"], fact["number"], fact["step"])
        for fact in ended
        if not fact["worker_lost"] and (fact["trial_id"], fact["number"]) in there
    }


# ---- I8 --------------------------------------------------------------------------------------------------------------


def _cancelled(seen: _Seen, log: Sequence[LogEntry]) -> Iterator[str]:
    """No driver that began after a cancel has the trial run, unless it is ordered again."""
    for trial_id, epoch in _run_later(log, "cancel", "retry"):
        yield f"I8: trial {trial_id} was cancelled, and then run by driver {epoch}, which began later"
    yield from _noted(seen)


def _noted(seen: _Seen) -> Iterator[str]:
    """A driver that has noted a cancel has the trial not run any more, unless it has noted that it is wanted again."""
    noted: set[tuple[str, str]] = set()
    for key in seen.under("journal"):
        for line in seen.objects[key].decode().splitlines():
            fact = json.loads(line)
            name = (_stem(key).partition("-")[0], fact.get("trial_id", ""))
            if fact["fact"] in ("attempt_started", "failed", "cancelled") and name in noted:
                yield f"I8: trial {name[1]} was cancelled, and then {fact['fact']} by the same driver"
            elif fact["fact"] == "cancelled":
                noted.add(name)
            elif fact["fact"] in ("reopened", "round_opened"):
                noted.discard(name)


def _rounds(seen: _Seen) -> Iterator[str]:
    """One round each, and one more for every retry that asked for it; what was asked for has been heard."""
    for fact, _ in seen.journal:
        number, trial_id = fact.get("round", 1), fact.get("trial_id", "")
        if number not in seen.rounds.get(trial_id, {1}):
            yield f"I8: trial {trial_id} had a round {number} that nobody had asked for"
    for trial_id, failure in seen.failures.items():
        if failure["round"] < max(seen.rounds.get(trial_id, {1})) and trial_id not in seen.cancelled:
            yield f"I8: trial {trial_id} was to be retried, and its last round is {failure['round']}"


def _children(seen: _Seen) -> Iterator[str]:
    """A trial that diverged for good has another seed in its place, if that was wanted, and no other trial has."""
    failed = [seen.json(key) for key in seen.under("failures")]
    diverged = {failure["trial_id"] for failure in failed if failure["failure"] == "divergence"}
    children = Counter(trial.parent for trial in seen.plan.values() if trial.parent)
    wanted = seen.spec.get("retries", {}).get("on_divergence") == "reseed"
    for trial in seen.plan.values():
        parent = seen.plan.get(trial.parent)
        if not trial.parent:
            if wanted and trial.trial_id in diverged & seen.failures.keys() and children[trial.trial_id] != 1:
                yield f"I8: trial {trial.trial_id} diverged, and {children[trial.trial_id]} seeds took its place"
        elif parent is None or parent.parent or trial.parent not in diverged:
            yield f"I8: trial {trial.trial_id} takes the place of {trial.parent}, which nobody may do"
        elif (parent.prompt, parent.steps) != (trial.prompt, trial.steps) or parent.seed == trial.seed:
            yield f"I8: trial {trial.trial_id} is not {trial.parent} with another seed"


def _parents(seen: _Seen) -> Iterator[str]:
    for part in seen.manifest["parts"]:
        for row in seen.rows(part["key"]) if part["table"] == "trials" else ():
            if (row["parent"] or "") != seen.plan[row["trial_id"]].parent:
                yield f"I8: trial {row['trial_id']} shows the parent {row['parent']}"
