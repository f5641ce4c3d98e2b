from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes import FakeClock, FakeEngine, FakeFactory, make_trial, make_trials, state_after, state_metric
from stored import newest_checkpoint, result_row

from pipeline import paths
from pipeline.blame import WorkerBroken
from pipeline.events import (
    Assignment,
    FailureClass,
    TrialCheckpointed,
    TrialEvent,
    TrialFailed,
    TrialFinished,
    TrialProgress,
    TrialReturned,
    WorkerEvent,
    WorkerReady,
    WorkerStarting,
)
from pipeline.record.attempts import read_done
from pipeline.storage import Storage
from pipeline.trial import Trial
from pipeline.worker import Worker, WorkerOptions

QUIET = WorkerOptions(every_steps=1000, every_seconds=1e9, progress_seconds=1e9, worth_seconds=0.0)


def make(storage: Storage, options: WorkerOptions = QUIET, clock: FakeClock | None = None, **fake: object) -> Worker:
    """A worker that is ready."""
    clock = clock or FakeClock()
    worker = Worker("w", FakeFactory(**{"slots": 3, **fake}), storage, options, clock, wall=clock)  # type: ignore[arg-type]
    (ready,) = worker.advance()
    assert ready == WorkerReady(worker_id="w", capacity=3, device="fake")
    return worker


def run(worker: Worker, *trials: Trial, number: int = 1, resume_from: int | None = None) -> list[WorkerEvent]:
    """Everything the worker tells until it has nothing to do."""
    for trial in trials:
        worker.admit(Assignment(trial=trial, number=number, resume_from=resume_from))
    events = []
    for _ in range(200):
        if not worker.busy:
            return events
        events += worker.advance()
    raise AssertionError("the worker does not come to rest")


def steps(worker: Worker, count: int) -> list[WorkerEvent]:
    return [event for _ in range(count) for event in worker.advance()]


def told(events: list[WorkerEvent]) -> list[tuple[str, object]]:
    """(kind, trial's failure class or step) of each event."""
    names = []
    for event in events:
        assert isinstance(event, TrialEvent)
        names.append((type(event).__name__, event.failure if isinstance(event, TrialFailed) else event.step))
    return names


def history(storage: Storage, trial: Trial, number: int = 1) -> list[int]:
    table = pq.read_table(io.BytesIO(storage.read(paths.attempt_table(trial.trial_id, number, "history"))))
    return [int(step) for step in table["step"].to_pylist()]


def test_preparation_is_told_at_its_pace_and_ends_in_readiness(tmp_storage: Storage) -> None:
    clock = FakeClock()
    factory = FakeFactory(preparation=("loading", "1 of 3", "2 of 3", "3 of 3"))
    worker = Worker("w", factory, tmp_storage, WorkerOptions(progress_seconds=1.0), clock, wall=clock)
    told: list[WorkerEvent] = []
    for _ in range(5):
        assert worker.busy
        told += worker.advance()
        clock.sleep(0.5)
    assert told[:-1] == [WorkerStarting(worker_id="w", doing=doing) for doing in ("loading", "2 of 3")]
    assert isinstance(told[-1], WorkerReady)
    assert not worker.busy


def test_a_stop_ends_the_preparation(tmp_storage: Storage) -> None:
    closed: list[bool] = []

    class Slow(FakeEngine):
        def prepare(self) -> Generator[str, None, None]:
            try:
                while True:
                    yield "embedding"
            finally:
                closed.append(True)

    worker = Worker("w", Slow, tmp_storage, QUIET, FakeClock())
    assert worker.advance() == [WorkerStarting(worker_id="w", doing="embedding")]
    worker.request_stop(10.0)
    assert worker.advance() == []
    assert (worker.stopped, worker.busy, closed) == (True, False, [True])


def test_a_preparation_that_fails_is_told(tmp_storage: Storage) -> None:
    class Broken(FakeEngine):
        def prepare(self) -> Generator[str, None, None]:
            yield "loading"
            raise ValueError("no such encoder")

    worker = Worker("w", Broken, tmp_storage, QUIET, FakeClock())
    worker.advance()
    with pytest.raises(ValueError, match="no such encoder"):
        worker.advance()


def test_a_trial_runs_to_its_tables(tmp_storage: Storage) -> None:
    trial = make_trial(steps=7)
    (finished,) = run(make(tmp_storage), trial)
    assert finished == TrialFinished(worker_id="w", trial_id=trial.trial_id, number=1, step=7)
    read_done(tmp_storage, trial.trial_id, 1)
    assert history(tmp_storage, trial) == [1, 2, 3, 4, 5, 6, 7]
    row = result_row(tmp_storage, trial.trial_id, 1)
    assert row["metrics"]["state"] == state_metric(state_after(trial, 7))
    assert (row["verdict"], row["steps"], row["attempt"], row["device"]) == ("healthy", 7, 1, "fake")
    table = pq.read_table(io.BytesIO(tmp_storage.read(paths.attempt_table(trial.trial_id, 1, "result")))).to_pylist()
    assert table[0]["prompt"] == "a cup"
    assert tmp_storage.list(paths.COMMITS) == []


def test_a_finished_trial_keeps_its_scene_and_says_what_it_could_not_leave(tmp_storage: Storage) -> None:
    whole, empty = make_trial(steps=7), make_trial("collapse@3", steps=7)
    run(make(tmp_storage), whole, empty)
    for trial, step, note in ((whole, 7, None), (empty, 3, "no mesh: empty")):
        (name,) = read_done(tmp_storage, trial.trial_id, 1)["files"]
        kept = tmp_storage.read(paths.attempt_file(trial.trial_id, 1, name))
        assert (name, kept.decode()) == ("scene.safetensors", state_after(trial, step))
        assert result_row(tmp_storage, trial.trial_id, 1)["note"] == note


def test_trials_of_a_pack_do_not_disturb_each_other(tmp_storage: Storage) -> None:
    trials = make_trials(3, steps=6)
    run(make(tmp_storage), *trials)
    for trial in trials:
        state = result_row(tmp_storage, trial.trial_id, 1)["metrics"]["state"]
        assert state == state_metric(state_after(trial, 6))


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_resumed_trial_is_the_uninterrupted_one_with_a_whole_history(tmp_storage: Storage, cut: int) -> None:
    trial = make_trial(steps=8)
    first = make(tmp_storage)
    first.admit(Assignment(trial=trial, number=1))
    steps(first, cut)
    first.request_stop(10.0)
    assert told(first.advance()) == [("TrialCheckpointed", cut), ("TrialFailed", FailureClass.STOPPED)]
    assert first.stopped
    run(make(tmp_storage), trial, number=2, resume_from=1)
    assert result_row(tmp_storage, trial.trial_id, 2)["metrics"]["state"] == state_metric(state_after(trial, 8))
    assert history(tmp_storage, trial, 2) == list(range(1, 9))


def test_seconds_add_up_over_attempts(tmp_storage: Storage) -> None:
    trial = make_trial(steps=4)
    first = make(tmp_storage, clock=FakeClock(tick=1.0))
    first.admit(Assignment(trial=trial, number=1))
    steps(first, 2)
    first.request_stop(100.0)
    first.advance()
    run(make(tmp_storage, clock=FakeClock(tick=1.0)), trial, number=2, resume_from=1)
    row = result_row(tmp_storage, trial.trial_id, 2)
    assert row["seconds"] == pytest.approx(4.0)  # the clock ticks once within each step
    assert row["steps_per_second"] == pytest.approx(1.0)


def test_checkpoints_that_are_barred_are_left_alone(tmp_storage: Storage, tmp_path: Path) -> None:
    trial = make_trial(steps=9)
    first = make(tmp_storage, replace(QUIET, every_steps=2))
    first.admit(Assignment(trial=trial, number=1))
    steps(first, 5)
    assert newest_checkpoint(tmp_storage, trial.trial_id, up_to=1) is not None
    second = make(tmp_storage, scratch=str(tmp_path))
    second.admit(Assignment(trial=trial, number=3, resume_from=2, above=1))
    second.advance()
    assert (tmp_path / "admitted.log").read_text().split() == [trial.trial_id, "0"]


def test_without_resume_from_it_starts_anew(tmp_storage: Storage) -> None:
    trial = make_trial(steps=4)
    first = make(tmp_storage)
    first.admit(Assignment(trial=trial, number=1))
    steps(first, 2)
    first.request_stop(10.0)
    first.advance()
    second = make(tmp_storage)
    run(second, trial, number=2, resume_from=None)
    assert isinstance(second._engine, FakeEngine)
    assert second._engine.admitted == [(trial.trial_id, 0)]


def test_checkpoints_by_steps_and_by_seconds(tmp_storage: Storage) -> None:
    trial = make_trial(steps=9)
    events = run(make(tmp_storage, replace(QUIET, every_steps=4)), trial)
    assert told(events) == [("TrialCheckpointed", 4), ("TrialCheckpointed", 8), ("TrialFinished", 9)]
    other = make_trial(seed=1, steps=5)
    clock = FakeClock()
    worker = make(tmp_storage, replace(QUIET, every_seconds=10.0), clock)
    worker.admit(Assignment(trial=other, number=1))
    steps(worker, 2)
    clock.sleep(10.0)
    assert told(worker.advance()) == [("TrialCheckpointed", 3)]
    assert told(worker.advance()) == []


def test_the_last_state_is_kept_too(tmp_storage: Storage) -> None:
    trial = make_trial(steps=5)
    run(make(tmp_storage), trial)
    last = newest_checkpoint(tmp_storage, trial.trial_id)
    assert last is not None
    assert last.step == 5


def test_a_trial_that_failed_to_finish_does_not_step_again(tmp_storage: Storage, tmp_path: Path) -> None:
    trial = make_trial("once:fail:finish@0", steps=5)
    assert told(run(make(tmp_storage, scratch=str(tmp_path)), trial)) == [("TrialFailed", FailureClass.USER)]
    events = run(make(tmp_storage, scratch=str(tmp_path)), trial, number=2, resume_from=1)
    assert told(events) == [("TrialFinished", 5)]
    assert history(tmp_storage, trial, 2) == [1, 2, 3, 4, 5]


def test_a_trial_that_ended_early_has_ended_for_the_next_worker_too(tmp_storage: Storage, tmp_path: Path) -> None:
    """Its worker went between the last checkpoint and the tables."""
    trial = make_trial("collapse@3 once:fail:finish@0", steps=9)
    assert told(run(make(tmp_storage, scratch=str(tmp_path)), trial)) == [("TrialFailed", FailureClass.USER)]
    events = run(make(tmp_storage, scratch=str(tmp_path)), trial, number=2, resume_from=1)
    assert told(events) == [("TrialFinished", 3)]
    row = result_row(tmp_storage, trial.trial_id, 2)
    assert (row["verdict"], row["steps"]) == ("collapsed", 3)
    assert row["metrics"]["state"] == state_metric(state_after(trial, 3))
    assert row["metrics"]["loss"] == state_metric(state_after(trial, 3)) / 2**48, "of the step that it did not do"
    assert history(tmp_storage, trial, 2) == [1, 2, 3]


def test_barred_checkpoints_are_not_fallen_back_to(tmp_storage: Storage) -> None:
    """Attempt 1 led to divergence, attempt 2 left nothing."""
    trial = make_trial(steps=9)
    first = make(tmp_storage, replace(QUIET, every_steps=3))
    first.admit(Assignment(trial=trial, number=1))
    steps(first, 7)
    third = make(tmp_storage)
    third.admit(Assignment(trial=trial, number=3, resume_from=2, above=1))
    steps(third, 1)
    assert isinstance(third._engine, FakeEngine)
    assert third._engine.admitted == [(trial.trial_id, 0)]


def test_a_corrupt_checkpoint_falls_back(tmp_storage: Storage) -> None:
    trial = make_trial(steps=9)
    first = make(tmp_storage, replace(QUIET, every_steps=3))
    first.admit(Assignment(trial=trial, number=1))
    steps(first, 7)
    tmp_storage.write(paths.checkpoint_data(trial.trial_id, 1, 6), b"torn")
    second = make(tmp_storage)
    run(second, trial, number=2, resume_from=1)
    assert isinstance(second._engine, FakeEngine)
    assert second._engine.admitted == [(trial.trial_id, 3)]
    assert history(tmp_storage, trial, 2) == list(range(1, 10))


def test_a_checkpoint_that_the_engine_cannot_read_falls_back(tmp_storage: Storage) -> None:
    from pipeline.record.attempts import Checkpoint, save_checkpoint

    trial = make_trial(steps=4)
    foreign = Checkpoint(number=1, step=2, blob=b"another version", rows=[{"step": 1}, {"step": 2}], seconds=1.0)
    save_checkpoint(tmp_storage, trial.trial_id, foreign, keep=2)
    run(make(tmp_storage), trial, number=2, resume_from=1)
    assert history(tmp_storage, trial, 2) == [1, 2, 3, 4]


def test_an_attempt_is_executed_once(tmp_storage: Storage) -> None:
    trial = make_trial(steps=3)
    run(make(tmp_storage), trial)
    (failed,) = run(make(tmp_storage), trial)
    assert isinstance(failed, TrialFailed)
    assert failed.failure is FailureClass.INFRASTRUCTURE
    assert "executed before" in failed.message


def test_the_same_request_sent_twice_is_one(tmp_storage: Storage) -> None:
    trial = make_trial(steps=3)
    worker = make(tmp_storage)
    worker.admit(Assignment(trial=trial, number=1))
    assert told(run(worker, trial)) == [("TrialFinished", 3)]


@pytest.mark.parametrize("where", ["admit", "finish"])
def test_what_one_trial_raises_does_not_touch_the_others(tmp_storage: Storage, where: str) -> None:
    bad, good = make_trial(f"fail:{where}@0", steps=3), make_trial(steps=3)
    events = run(make(tmp_storage), bad, good)
    failed = next(event for event in events if isinstance(event, TrialFailed))
    assert (failed.trial_id, failed.failure) == (bad.trial_id, FailureClass.USER)
    assert f"fail:{where} as told" in failed.message
    assert told(events)[-1] == ("TrialFinished", 3)


def test_out_of_memory_hits_the_newest_and_the_others_go_on(tmp_storage: Storage) -> None:
    old, new = make_trial(steps=5), make_trial("oom@2", steps=5)
    events = run(make(tmp_storage), old, new)
    assert told(events) == [("TrialFailed", FailureClass.OUT_OF_MEMORY), ("TrialFinished", 5)]
    assert isinstance(events[0], TrialFailed)
    assert (events[0].trial_id, events[0].step) == (new.trial_id, 1)


def test_a_failed_step_of_one_is_charged_of_several_sent_back(tmp_storage: Storage) -> None:
    bad, good = make_trial("fail:user@3", steps=5), make_trial(steps=5)
    events = run(make(tmp_storage), good, bad)
    assert [type(event) for event in events] == [TrialReturned, TrialReturned]
    assert told(events) == [("TrialReturned", 2), ("TrialReturned", 2)]
    (alone,) = run(make(tmp_storage), bad, number=2)
    assert isinstance(alone, TrialFailed)
    assert (alone.failure, alone.message) == (FailureClass.USER, "RuntimeError: fail:user as told")


def test_divergence_fails_and_other_verdicts_are_results(tmp_storage: Storage) -> None:
    diverged, collapsed = make_trial("diverge@4", steps=9), make_trial("collapse@6", steps=9)
    events = run(make(tmp_storage), diverged, collapsed)
    assert told(events) == [("TrialFailed", FailureClass.DIVERGENCE), ("TrialFinished", 6)]
    assert isinstance(events[0], TrialFailed)
    assert events[0].message == "diverged at step 4"
    row = result_row(tmp_storage, collapsed.trial_id, 1)
    assert (row["verdict"], row["steps"]) == ("collapsed", 6)


def test_a_lost_device_breaks_the_worker(tmp_storage: Storage) -> None:
    worker = make(tmp_storage)
    worker.admit(Assignment(trial=make_trial("kill@2"), number=1))
    worker.advance()
    with pytest.raises(WorkerBroken, match="CUDA error"):
        worker.advance()


def test_storage_that_fails_is_charged_to_infrastructure(tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(key: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    trial = make_trial(steps=6)
    worker = make(tmp_storage, replace(QUIET, every_steps=2))
    worker.admit(Assignment(trial=trial, number=1))
    worker.advance()
    monkeypatch.setattr(tmp_storage, "write", full)
    (failed,) = worker.advance()
    assert isinstance(failed, TrialFailed)
    assert failed.failure is FailureClass.INFRASTRUCTURE
    assert "No space left" in failed.message
    assert not worker.busy


def test_a_stop_out_of_time_skips_the_checkpoints(tmp_storage: Storage) -> None:
    clock = FakeClock()
    worker = make(tmp_storage, clock=clock)
    worker.admit(Assignment(trial=make_trial(), number=1))
    steps(worker, 3)
    worker.request_stop(5.0, FailureClass.PREEMPTION)
    clock.sleep(6.0)
    assert told(worker.advance()) == [("TrialFailed", FailureClass.PREEMPTION)]


def test_a_stop_before_the_engine_is_built_builds_none(tmp_storage: Storage) -> None:
    worker = Worker("w", FakeFactory(broken="must not be built"), tmp_storage, QUIET)
    worker.request_stop(10.0)
    assert worker.advance() == []
    assert worker.stopped


def test_an_assignment_that_meets_a_stop_is_handed_back(tmp_storage: Storage) -> None:
    worker = make(tmp_storage)
    worker.request_stop(10.0)
    worker.admit(Assignment(trial=make_trial(), number=1))
    assert told(worker.advance()) == [("TrialFailed", FailureClass.STOPPED)]
    assert tmp_storage.list() == []


def test_a_cancelled_trial_is_checkpointed_and_dropped(tmp_storage: Storage) -> None:
    one, other = make_trials(2, steps=4)
    worker = make(tmp_storage)
    for trial in (one, other):
        worker.admit(Assignment(trial=trial, number=1))
    worker.advance()
    worker.cancel(one.trial_id)
    worker.cancel("not here")
    events = run(worker)
    assert told(events) == [("TrialCheckpointed", 1), ("TrialFailed", FailureClass.STOPPED), ("TrialFinished", 4)]
    saved = newest_checkpoint(tmp_storage, one.trial_id)
    assert saved is not None and saved.step == 1


def test_progress_about_once_a_second(tmp_storage: Storage) -> None:
    clock = FakeClock()
    worker = make(tmp_storage, replace(QUIET, progress_seconds=1.0), clock)
    trial = make_trial(steps=100)
    worker.admit(Assignment(trial=trial, number=1))
    events = []
    for _ in range(41):
        clock.sleep(0.1)
        events += worker.advance()
    assert len(events) == 4
    for event in events:
        assert isinstance(event, TrialProgress)
        assert event.steps_per_second == pytest.approx(10.0, rel=0.12)
        assert set(event.metrics) == {"loss"}


def test_long_histories_are_thinned(tmp_storage: Storage) -> None:
    trial = make_trial(steps=25)
    run(make(tmp_storage, replace(QUIET, history_rows=10)), trial)
    assert history(tmp_storage, trial) == [3, 6, 9, 12, 15, 18, 21, 24, 25]


def test_resuming_twice_doubles_no_step(tmp_storage: Storage) -> None:
    trial = make_trial(steps=9)
    for number, cut in ((1, 4), (2, 2)):
        worker = make(tmp_storage, replace(QUIET, every_steps=3))
        worker.admit(Assignment(trial=trial, number=number, resume_from=number - 1 or None))
        steps(worker, cut)  # then the process dies, one step after its checkpoint or before any
    events = run(make(tmp_storage, replace(QUIET, every_steps=3)), trial, number=3, resume_from=1)
    assert told(events) == [("TrialCheckpointed", 6), ("TrialFinished", 9)]
    assert history(tmp_storage, trial, 3) == list(range(1, 10))


@pytest.mark.parametrize(("field", "value"), [("every_steps", 0), ("keep", 0), ("every_seconds", 0.0)])
def test_bad_options_are_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"checkpoint\.{field} = {value}"):
        WorkerOptions(**{field: value})  # type: ignore[arg-type]


def test_checkpoints_are_told(tmp_storage: Storage) -> None:
    trial = make_trial(steps=4)
    events = run(make(tmp_storage, replace(QUIET, every_steps=2)), trial)
    assert events[0] == TrialCheckpointed(worker_id="w", trial_id=trial.trial_id, number=1, step=2)
