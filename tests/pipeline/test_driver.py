from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeClock, FakeFactory, FakeTracker, make_trial, make_trials, state_after, state_metric
from mortal import Death, Mortal
from stored import result_row

from pipeline import paths
from pipeline.compactor import in_thread
from pipeline.driver import DriverOptions, Summary, drive
from pipeline.errors import Fenced, LeaseHeld, UserError
from pipeline.events import Assignment, FailureClass, WorkerEvent
from pipeline.executors.inline import InlineExecutor
from pipeline.lease import Lease, Owner, read_heartbeat
from pipeline.plan import Plan, store_plan, stored_plan, stored_spec, with_children
from pipeline.record.attempts import attempt_numbers
from pipeline.record.commit import committed, failures
from pipeline.record.compact import compact
from pipeline.record.journal import replay
from pipeline.record.orders import Cancel, Order, Retry, Stop, give
from pipeline.record.results import failed_table
from pipeline.state import Policy, Retries, Status, SweepState
from pipeline.storage import Storage
from pipeline.trial import Trial, reseeded
from pipeline.worker import WorkerOptions

OPTIONS = DriverOptions(
    policy=Policy(max_workers=2, retries=Retries(backoff_seconds=0.0)), poll_seconds=0.001, heartbeat_seconds=0.0
)
WORKER = WorkerOptions(every_steps=3, progress_seconds=0.0, worth_seconds=0.0)
ELSEWHERE = Owner(host="other", boot="b", pid=1, started="1")


class Run:
    """One driver over inline workers; remembers what happened."""

    def __init__(self, storage: Storage, scratch: Path | None = None, slots: int = 2, broken: str = "") -> None:
        self.storage = storage
        factory = FakeFactory(slots=slots, scratch=str(scratch or ""), broken=broken)
        self.executor = InlineExecutor(factory, storage, WORKER)
        self.tracker = FakeTracker()
        self.compactions = 0
        self.states: list[SweepState] = []
        self.stop = threading.Event()
        self.stop_when: Callable[[SweepState], bool] = lambda state: False

    def __call__(self, trials: Iterable[Trial], options: DriverOptions = OPTIONS) -> Summary:
        return drive(trials, self.storage, self.executor, options, self.tracker, self.compact, self.observe, self.stop)

    def compact(self, storage: Storage) -> None:
        self.compactions += 1

    def observe(self, state: SweepState) -> None:
        self.states.append(state)
        if self.stop_when(state):
            self.stop.set()


def states(storage: Storage) -> dict[str, float]:
    """The final fake state of every committed trial."""
    return {
        trial_id: result_row(storage, trial_id, number)["metrics"]["state"]
        for trial_id, number in committed(storage).items()
    }


def expected(trials: Iterable[Trial]) -> dict[str, float]:
    return {trial.trial_id: state_metric(state_after(trial, trial.steps)) for trial in trials}


def started(storage: Storage) -> list[str]:
    return [fact["trial_id"] for fact in replay(storage) if fact["fact"] == "attempt_started"]


def test_a_sweep_is_committed_and_told(tmp_storage: Storage) -> None:
    trials = make_trials(5, steps=6)
    run = Run(tmp_storage)
    summary = run(trials)
    assert (summary.total, summary.committed, summary.ran, summary.remaining) == (5, 5, 5, 0)
    assert (summary.failed, summary.stopped, summary.message) == ({}, False, "")
    assert states(tmp_storage) == expected(trials)
    for trial in trials:
        told = [call for call in run.tracker.calls if trial in call or trial.trial_id in call]
        assert [call[0] for call in told][:1] == ["started"] if told else True
        assert ("committed", trial.trial_id) in [call[:2] for call in run.tracker.calls]
    progress = [call for call in run.tracker.calls if call[0] == "progress"]
    assert progress
    assert run.states[0].counts[Status.PENDING] == 5
    assert run.states[-1].counts[Status.COMMITTED] == 5
    assert run.compactions == 1
    heartbeat = read_heartbeat(tmp_storage)
    assert heartbeat is not None
    assert heartbeat["released"]
    assert heartbeat["progress"]["counts"]["committed"] == 5


def test_running_again_does_nothing(tmp_storage: Storage) -> None:
    trials = make_trials(3)
    Run(tmp_storage)(trials)
    before = tmp_storage.list(paths.ATTEMPTS) + tmp_storage.list(paths.JOURNAL)
    again = Run(tmp_storage, broken="must not be built")
    summary = again(trials)
    assert (summary.committed, summary.ran, summary.message) == (3, 0, "")
    assert tmp_storage.list(paths.ATTEMPTS) + tmp_storage.list(paths.JOURNAL) == before
    assert [call[0] for call in again.tracker.calls] == []


def test_new_trials_alone_are_run(tmp_storage: Storage) -> None:
    Run(tmp_storage)(make_trials(2))
    summary = Run(tmp_storage)(make_trials(4))
    assert (summary.committed, summary.ran) == (4, 2)
    assert len(started(tmp_storage)) == 4


def test_a_user_error_costs_its_budget_plus_one_and_stays_failed(tmp_storage: Storage) -> None:
    bad, good = make_trial("fail:user@5"), make_trial()
    run = Run(tmp_storage, slots=1)
    summary = run([bad, good])
    assert (summary.committed, summary.remaining) == (1, 0)
    assert summary.failed == {bad.trial_id: "RuntimeError: fail:user as told (2 times)"}
    assert attempt_numbers(tmp_storage, bad.trial_id) == [1, 2]
    assert ("failed", bad.trial_id, summary.failed[bad.trial_id]) in run.tracker.calls
    again = Run(tmp_storage)([bad, good])
    assert (again.ran, list(again.failed)) == (0, [bad.trial_id])
    assert attempt_numbers(tmp_storage, bad.trial_id) == [1, 2]


def test_an_order_to_retry_opens_another_round_with_whole_budgets(tmp_storage: Storage) -> None:
    bad = make_trial("fail:user@5")
    for round, attempts in ((1, 2), (2, 4), (3, 6)):
        if round > 1:
            give(tmp_storage, Retry(rounds={bad.trial_id: round}), 0.0)
        summary = Run(tmp_storage)([bad])
        assert list(summary.failed) == [bad.trial_id]
        assert attempt_numbers(tmp_storage, bad.trial_id) == list(range(1, attempts + 1))
        assert failures(tmp_storage)[bad.trial_id].round == round
        assert failures(tmp_storage)[bad.trial_id].failures == {"user": 2}


def test_a_commit_overrides_an_earlier_failure(tmp_storage: Storage, tmp_path: Path) -> None:
    trial = make_trial("once:fail:user@5 fail:user@99")
    options = replace(OPTIONS, policy=replace(OPTIONS.policy, retries=Retries(user=0)))
    assert Run(tmp_storage, tmp_path)([trial], options).failed
    give(tmp_storage, Retry(rounds={trial.trial_id: 2}), 0.0)
    summary = Run(tmp_storage, tmp_path)([trial], options)
    assert (summary.committed, summary.failed) == (1, {})
    assert failures(tmp_storage) == {}


@pytest.mark.parametrize("trouble", ["once:kill@4", "once:oom@4", "once:fail:user@4", "once:fail:finish@0"])
def test_trouble_in_a_pack_changes_no_result(tmp_storage: Storage, tmp_path: Path, trouble: str) -> None:
    trials = [*make_trials(4), make_trial(trouble)]
    summary = Run(tmp_storage, tmp_path, slots=3)(trials)
    assert (summary.committed, summary.failed) == (5, {})
    assert states(tmp_storage) == expected(trials)


def test_poison_is_quarantined_and_the_others_survive(tmp_storage: Storage) -> None:
    poison = make_trial("kill@4")
    trials = [poison, *make_trials(3)]
    summary = Run(tmp_storage, slots=4)(trials)
    assert summary.committed == 3
    assert summary.failed[poison.trial_id].startswith("poison: 3 workers died")
    assert states(tmp_storage) == expected(trials[1:])


# ---- orders ----------------------------------------------------------------------------------------------------------

AT_ONCE = replace(OPTIONS, orders_seconds=0.0)


class Asked(Run):
    """A driver's run in which somebody gives an order as soon as `when` holds."""

    def __init__(self, storage: Storage, when: Callable[[SweepState], bool], *orders: Order) -> None:
        super().__init__(storage)
        self.when, self.orders = when, list(orders)

    def observe(self, state: SweepState) -> None:
        super().observe(state)
        while self.orders and self.when(state):
            give(self.storage, self.orders.pop(0), 0.0)


def test_a_trial_is_cancelled_while_it_runs_and_goes_on_when_it_is_wanted_again(tmp_storage: Storage) -> None:
    trials = make_trials(3, steps=40)
    victim = trials[0].trial_id
    order = Cancel(trial_ids=frozenset({victim}))
    summary = Asked(tmp_storage, lambda state: state.trials[victim].step >= 5, order)(trials, AT_ONCE)
    assert (summary.committed, summary.cancelled, summary.remaining, summary.stopped) == (2, 1, 0, False)
    assert victim not in committed(tmp_storage)
    again = Run(tmp_storage)(trials)
    assert (again.ran, again.cancelled) == (0, 1), "it is remembered"
    give(tmp_storage, Retry(rounds={victim: 1}), 0.0)
    last = Run(tmp_storage)(trials)
    assert (last.committed, last.ran, last.cancelled) == (3, 1, 0)
    assert states(tmp_storage) == expected(trials)
    attempts = [fact for fact in replay(tmp_storage) if fact["fact"] == "attempt_started"]
    assert [(fact["number"], fact["resume_from"]) for fact in attempts if fact["trial_id"] == victim] == [
        (1, None),
        (2, 1),
    ]


def test_a_sweep_of_which_all_is_cancelled_ends(tmp_storage: Storage) -> None:
    trials = make_trials(5, steps=1000)
    order = Cancel(trial_ids=frozenset(trial.trial_id for trial in trials))
    summary = Asked(tmp_storage, lambda state: bool(state.running()), order)(trials, AT_ONCE)
    assert (summary.committed, summary.cancelled, summary.remaining) == (0, 5, 0)


def test_a_failed_trial_is_retried_by_the_driver_that_gave_it_up(tmp_storage: Storage) -> None:
    bad, good = make_trial("fail:user@2"), make_trial(steps=200)
    run = Asked(tmp_storage, lambda state: state.counts[Status.FAILED] == 1, Retry(rounds={bad.trial_id: 2}))
    summary = run([bad, good], AT_ONCE)
    assert (summary.committed, list(summary.failed)) == (1, [bad.trial_id])
    assert failures(tmp_storage)[bad.trial_id].round == 2
    assert attempt_numbers(tmp_storage, bad.trial_id) == [1, 2, 3, 4]


def test_a_driver_is_stopped_from_outside_and_the_next_one_is_not(tmp_storage: Storage) -> None:
    trials = make_trials(2, steps=50)
    summary = Asked(
        tmp_storage, lambda state: state.running()[0].step >= 5 if state.running() else False, Stop(epoch=1)
    )(trials, AT_ONCE)
    assert (summary.stopped, summary.remaining, summary.message) == (True, 2, "")
    assert Run(tmp_storage)(trials, AT_ONCE).committed == 2
    assert states(tmp_storage) == expected(trials)


def test_another_seed_takes_the_place_of_a_trial_that_diverged(tmp_storage: Storage) -> None:
    parent = make_trial("diverge@3")
    child = reseeded(parent)
    store_plan(tmp_storage, Plan((parent,)), "the spec")
    options = replace(OPTIONS, policy=replace(OPTIONS.policy, reseed=True))
    summary = Run(tmp_storage)([parent, make_trial()], options)
    assert (summary.total, summary.committed, set(summary.failed)) == (3, 1, {parent.trial_id, child.trial_id})
    assert stored_plan(tmp_storage).trials == (parent, child)
    assert stored_spec(tmp_storage) == "the spec"
    assert failures(tmp_storage)[child.trial_id].parent == parent.trial_id
    table = failed_table([failures(tmp_storage)[key] for key in (parent.trial_id, child.trial_id)])
    assert table["parent"].to_pylist() == [None, parent.trial_id]
    again = Run(tmp_storage)(with_children(Plan((parent,)), stored_plan(tmp_storage)).trials, options)
    assert (again.total, again.ran) == (2, 0)


# ---- stops and mishaps -----------------------------------------------------------------------------------------------


def test_a_stop_checkpoints_and_the_next_run_continues(tmp_storage: Storage) -> None:
    trials = make_trials(4, steps=20)
    run = Run(tmp_storage)
    run.stop_when = lambda state: any(row.step >= 7 for row in state.running())
    summary = run(trials)
    assert summary.stopped
    assert summary.remaining == 4
    assert summary.message == ""
    assert not run.states[-1].workers
    ended = [fact for fact in replay(tmp_storage) if fact["fact"] == "attempt_ended"]
    assert ended
    assert {fact["failure"] for fact in ended} == {"stopped"}
    steps = {fact["trial_id"]: fact["step"] for fact in ended}
    again = Run(tmp_storage)
    assert again(trials).committed == 4
    assert states(tmp_storage) == expected(trials)
    starts = [call for call in again.tracker.calls if call[0] == "progress" and call[1] in steps]
    first = {call[1]: call[2] for call in reversed(starts)}
    assert all(first[trial_id] == step + 1 for trial_id, step in steps.items()), "no step was done twice"


def test_a_stop_before_the_start_starts_nothing(tmp_storage: Storage) -> None:
    run = Run(tmp_storage, broken="must not be built")
    run.stop.set()
    summary = run(make_trials(2))
    assert (summary.stopped, summary.remaining) == (True, 2)
    assert started(tmp_storage) == []


def test_every_trial_failing_alike_ends_the_sweep_with_a_message(tmp_storage: Storage) -> None:
    trials = [make_trial("fail:user@2", seed=seed) for seed in range(8)]
    summary = Run(tmp_storage, slots=1)(trials)
    assert summary.message == "every trial fails the same way: RuntimeError: fail:user as told"
    assert len(summary.failed) in (3, 4), "two workers may fail in one turn"
    assert summary.remaining == 8 - len(summary.failed)
    assert not summary.stopped


def test_a_prior_that_does_not_load_ends_the_sweep_with_a_message(tmp_storage: Storage) -> None:
    summary = Run(tmp_storage, broken="no such weights")(make_trials(2))
    assert summary.message == "no worker starts; 3 in a row failed, the last with: ValueError: no such weights"
    assert (summary.committed, summary.remaining, summary.failed) == (0, 2, {})
    assert Run(tmp_storage)(make_trials(2)).committed == 2


def test_a_second_driver_is_refused(tmp_storage: Storage) -> None:
    Lease.acquire(tmp_storage, ELSEWHERE, time.time)
    with pytest.raises(LeaseHeld):
        Run(tmp_storage)(make_trials(1))
    assert started(tmp_storage) == []


def test_a_driver_that_is_taken_over_commits_nothing_more(tmp_storage: Storage) -> None:
    trials = make_trials(6, steps=5)
    run = Run(tmp_storage, slots=1)

    def take_over(state: SweepState) -> bool:
        if state.counts[Status.COMMITTED] == 2:
            tmp_storage.create(paths.lease(2), b"{}")
        return False

    run.stop_when = take_over
    with pytest.raises(Fenced):
        run(trials)
    assert len(committed(tmp_storage)) == 2
    assert not run.executor.poll(0.0) or not run.executor._workers
    heartbeat = read_heartbeat(tmp_storage)
    assert heartbeat is not None
    assert not heartbeat["released"]


def test_an_error_releases_the_lease(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_storage)

    def refuse() -> int:
        raise UserError("workers.gpus = 1: this machine has 0")

    monkeypatch.setattr(run.executor, "slots", refuse)
    with pytest.raises(UserError, match=r"workers\.gpus"):
        run(make_trials(1))
    assert Run(tmp_storage)(make_trials(1)).committed == 1


def test_the_same_trial_twice_is_refused(tmp_storage: Storage) -> None:
    with pytest.raises(ValueError, match="in the plan twice"):
        Run(tmp_storage)([make_trial(), make_trial()])


def test_tables_are_compacted_on_the_way_and_a_failure_there_costs_nothing(tmp_storage: Storage) -> None:
    run = Run(tmp_storage)
    calls = itertools.count()

    def fail_at_first(storage: Storage) -> None:
        if next(calls) == 0:
            raise RuntimeError("not now")

    run.compact = fail_at_first  # type: ignore[method-assign]
    assert run(make_trials(6), replace(OPTIONS, compact_commits=2)).committed == 6
    assert next(calls) >= 3
    assert [f["message"] for f in replay(tmp_storage) if f["fact"] == "compaction_failed"] == ["RuntimeError: not now"]


def test_the_loop_goes_on_while_tables_are_compacted(tmp_storage: Storage) -> None:
    run, go, began = Run(tmp_storage), threading.Event(), threading.Event()

    def wait(storage: Storage) -> None:
        began.set()
        assert go.wait(timeout=10.0)

    def go_on_at_the_end(state: SweepState) -> bool:
        if state.counts[Status.COMMITTED] == 6:
            go.set()
        return False

    run.compact, run.stop_when = wait, go_on_at_the_end  # type: ignore[method-assign]
    assert run(make_trials(6), replace(OPTIONS, compact_commits=2, beside=in_thread)).committed == 6
    assert began.is_set()


def test_a_heartbeat_that_fails_is_noted_once(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what others take over by."""
    run = Run(tmp_storage)
    monkeypatch.setattr(Lease, "__init__", _without_error(Lease.__init__))
    assert run(make_trials(3)).committed == 3
    noted = [fact["message"] for fact in replay(tmp_storage) if fact["fact"] == "heartbeat_failed"]
    assert noted == ["OSError: no route"]


def _without_error(real: Callable[..., None]) -> Callable[..., None]:
    def make(lease: Lease, *arguments: object) -> None:
        real(lease, *arguments)
        lease.last_error = "OSError: no route"

    return make


def test_no_more_workers_than_slots(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_storage, slots=1)
    monkeypatch.setattr(run.executor, "slots", lambda: 1)
    run(make_trials(4))
    assert max(len(state.workers) for state in run.states) == 1


def test_a_worker_that_does_not_stop_is_killed(tmp_storage: Storage) -> None:
    class Deaf(InlineExecutor):
        killed = 0

        def stop(self, worker_id: str, seconds: float, failure: FailureClass = FailureClass.STOPPED) -> None:
            pass

        def kill(self, worker_id: str) -> None:
            self.killed += 1
            super().kill(worker_id)

        def poll(self, timeout: float) -> list[WorkerEvent]:
            return super().poll(0.0)

    run = Run(tmp_storage)
    run.executor = Deaf(FakeFactory(), tmp_storage, WORKER)
    run.stop_when = lambda state: bool(state.running())
    options = replace(OPTIONS, policy=replace(OPTIONS.policy, stop_seconds=0.0), kill_seconds=0.02)
    summary = run(make_trials(2, steps=10**6), options)
    assert summary.stopped
    assert run.executor.killed == 2
    assert {f["failure"] for f in replay(tmp_storage) if f["fact"] == "attempt_ended"} == {"stopped"}


def test_a_damaged_result_is_run_again(tmp_storage: Storage) -> None:
    class Lossy(InlineExecutor):
        """Loses a table of the first attempt before the driver hears that it is there."""

        def poll(self, timeout: float) -> list[WorkerEvent]:
            events = super().poll(timeout)
            for event in events:
                if type(event).__name__ == "TrialFinished" and event.number == 1:  # type: ignore[attr-defined]
                    tmp_storage.delete(paths.attempt_table(trial.trial_id, 1, "history"))
            return events

    trial = make_trial()
    run = Run(tmp_storage)
    run.executor = Lossy(FakeFactory(), tmp_storage, WORKER)
    assert run([trial]).committed == 1
    assert committed(tmp_storage) == {trial.trial_id: 2}
    assert states(tmp_storage) == expected([trial])


def test_a_wall_clock_that_jumps_back_holds_nothing_up(tmp_storage: Storage, tmp_path: Path) -> None:
    """The backoff after a worker's death is over when so much time has passed, whatever the date."""
    run = Run(tmp_storage, tmp_path)
    wall, steady = FakeClock(now=1e9, tick=0.1), FakeClock(tick=0.1)

    def jump(state: SweepState) -> bool:
        if any(row.status is Status.WAITING for row in state.trials):
            wall.now = 0.0
        return False

    run.stop_when = jump
    options = replace(OPTIONS, policy=replace(OPTIONS.policy, retries=Retries(backoff_seconds=50.0)))
    trials = [make_trial("once:kill@4")]
    none = FakeTracker()
    summary = drive(trials, tmp_storage, run.executor, options, none, run.compact, run.observe, run.stop, wall, steady)
    assert (summary.committed, wall.now < 1e6) == (1, True)
    assert steady.now < 2000.0, "it waited as long as it should"


# ---- a driver that dies ----------------------------------------------------------------------------------------------


@pytest.fixture
def memory_url() -> Iterator[str]:
    url = f"memory://{uuid.uuid4().hex}"
    yield url
    storage = Storage(url)
    for key in storage.list():
        storage.delete(key)


DEAD = replace(Owner.current(), started="long ago")


def die_at(url: str, death: int, after: bool, trials: list[Trial], options: DriverOptions) -> bool:
    """Drive until the `death`-th change; False if the sweep ended before that."""
    storage = Mortal(url, death, after)
    run = Run(storage)
    run.compact = compact  # type: ignore[method-assign, assignment]
    try:
        run(trials, replace(options, owner=DEAD))
    except Death:
        return True
    return False


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("second", range(4))
def test_whenever_a_driver_dies_the_next_one_finishes(memory_url: str, after: bool, second: int) -> None:
    """Every change of the storage is a point to die at, in the driver and in its workers alike; every fourth in each of
    four tests, to run side by side."""
    good, bad = [make_trial(seed=seed, steps=4) for seed in range(2)], make_trial("fail:user@3", steps=4)
    trials, truth = [*good, bad], expected(good)
    options = replace(OPTIONS, journal_seconds=0.0)
    for death in itertools.count(1 + second, 4):
        url = f"{memory_url}/{death}"
        died = die_at(url, death, after, trials, options)
        storage = Storage(url)
        final = {trial_id: attempt_numbers(storage, trial_id) for trial_id in committed(storage)}
        run = Run(storage)
        run.compact = compact  # type: ignore[method-assign, assignment]
        summary = run(trials, options)
        assert (summary.committed, list(summary.failed), summary.remaining) == (2, [bad.trial_id], 0)
        assert states(storage) == truth
        for trial_id, numbers in final.items():
            assert attempt_numbers(storage, trial_id) == numbers, "ran again after its commit"
        assert failures(storage)[bad.trial_id].failures["user"] == 2
        assert sum(f["fact"] == "attempt_ended" and f["failure"] == "user" for f in replay(storage)) == 2
        check_tables(storage, truth)
        if not died:
            assert death > 40, "too few points to die at: is the storage counted?"
            return


def check_tables(storage: Storage, truth: dict[str, float]) -> None:
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = json.loads(storage.read(storage.list(paths.MANIFESTS)[-1]))
    tables: dict[str, list[tuple[str, str]]] = {"trials": [], "history": []}
    for part in manifest["parts"]:
        if part["table"] in tables:
            rows = pq.read_table(pa.BufferReader(storage.read(part["key"]))).to_pylist()
            column = "status" if part["table"] == "trials" else "step"
            tables[part["table"]] += [(row["trial_id"], row[column]) for row in rows]
    done = [trial_id for trial_id, status in tables["trials"] if status == "completed"]
    assert sorted(done) == sorted(truth), "one row a trial"
    assert len(tables["trials"]) == 3
    assert sorted(tables["history"]) == sorted((trial_id, step) for trial_id in truth for step in range(1, 5))


def test_what_an_attempt_cost_survives_the_driver(tmp_storage: Storage) -> None:
    bad = make_trial("fail:user@5")
    run = Run(tmp_storage, slots=1)

    def die_after_first_failure(state: SweepState) -> bool:
        if state.trials[bad.trial_id].failures:
            raise Death
        return False

    run.stop_when = die_after_first_failure
    with pytest.raises(Death):
        run([bad], replace(OPTIONS, owner=DEAD))
    summary = Run(tmp_storage)([bad])
    assert summary.failed == {bad.trial_id: "RuntimeError: fail:user as told (2 times)"}
    user = [f for f in replay(tmp_storage) if f["fact"] == "attempt_ended" and f["failure"] == "user"]
    assert len(user) == 2


def test_an_attempt_that_lacks_only_its_commit_is_not_run_again(tmp_storage: Storage) -> None:
    trial = make_trial()
    run = Run(tmp_storage)
    executor = run.executor
    executor.start("w")
    executor.poll(0.0)
    executor.admit("w", Assignment(trial=trial, number=3))
    for _ in range(12):
        executor.poll(0.0)
    assert tmp_storage.exists(paths.attempt_done(trial.trial_id, 3))
    again = Run(tmp_storage, broken="must not be built")
    assert again([trial]).committed == 1
    assert committed(tmp_storage) == {trial.trial_id: 3}
    assert [call[0] for call in again.tracker.calls] == ["committed"]


def test_a_worker_of_a_dead_driver_cannot_take_the_next_attempt(tmp_storage: Storage) -> None:
    trial = make_trial()
    zombie = Run(tmp_storage).executor
    zombie.start("zombie")
    zombie.poll(0.0)
    zombie.admit("zombie", Assignment(trial=trial, number=1))
    for _ in range(5):
        zombie.poll(0.0)
    assert Run(tmp_storage)([trial]).committed == 1
    for _ in range(20):
        zombie.poll(0.0)
    assert tmp_storage.exists(paths.attempt_done(trial.trial_id, 1)), "it finished, too late"
    assert committed(tmp_storage) == {trial.trial_id: 2}
