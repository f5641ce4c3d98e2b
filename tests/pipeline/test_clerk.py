"""What a worker does aside: here, by hand and later, so that every order of things can be had."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from fakes import FakeClock, FakeEngine, make_trial, make_trials, state_after
from stored import newest_checkpoint

from pipeline import paths
from pipeline.clerk import Elsewhere
from pipeline.events import Assignment, FailureClass, TrialFailed, TrialFinished, WorkerEvent
from pipeline.record.attempts import claim, read_done
from pipeline.storage import Storage
from pipeline.worker import Worker, WorkerOptions

QUIET = WorkerOptions(every_steps=1000, every_seconds=1e9, progress_seconds=1e9, worth_seconds=0.0)


class Later:
    """Work that waits until it is told to be done, and what was told meanwhile."""

    def __init__(self, storage: Storage, options: WorkerOptions = QUIET, slots: int = 2) -> None:
        self.work: list[Callable[[], None]] = []
        self.told: list[WorkerEvent] = []
        self.clock = FakeClock()
        self.engine = FakeEngine(slots=slots)
        elsewhere = Elsewhere(self.work.append, self.told.extend)
        self.worker = Worker("w", lambda: self.engine, storage, options, self.clock, self.clock, elsewhere=elsewhere)
        self.worker.advance()

    def do(self) -> None:
        """All of it."""
        work, self.work[:] = list(self.work), []
        for each in work:
            each()


def assignment(seed: int = 0, steps: int = 1, places: int | None = 2) -> Assignment:
    return Assignment(trial=make_trial(seed=seed, steps=steps), number=1, places=places)


def test_a_trial_has_its_place_when_its_attempt_is_claimed(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    later.worker.admit(given)
    assert not later.worker.busy
    assert later.worker.advance() == [] and later.engine.admitted == []
    later.do()
    assert later.worker.busy
    later.worker.advance()
    assert later.engine.admitted == [(given.trial.trial_id, 0)]


def test_others_step_while_the_files_of_one_that_ended_are_written(tmp_storage: Storage) -> None:
    later = Later(tmp_storage)
    short, long = assignment(0, steps=1), assignment(1, steps=3)
    later.worker.admit(short)
    later.worker.admit(long)
    later.do()
    later.worker.advance()
    assert later.told == [] and later.engine.running() == [long.trial.trial_id], "its place is free"
    later.worker.advance()
    assert later.engine.scenes[long.trial.trial_id].step == 2
    later.do()
    (finished,) = later.told
    assert finished == TrialFinished(worker_id="w", trial_id=short.trial.trial_id, number=1, step=1)
    assert read_done(tmp_storage, short.trial.trial_id, 1)["step"] == 1


def test_who_waits_takes_the_place_of_one_that_ends(tmp_storage: Storage) -> None:
    later = Later(tmp_storage)
    for seed in range(4):
        later.worker.admit(assignment(seed))
    later.do()
    ids = [trial.trial_id for trial in make_trials(4, steps=1)]
    later.worker.advance()
    assert [trial_id for trial_id, _ in later.engine.admitted] == ids[:2]
    later.worker.advance()
    assert [trial_id for trial_id, _ in later.engine.admitted] == ids, "nobody had to answer in between"


def test_one_that_waits_and_is_not_wanted_any_more_is_never_run(tmp_storage: Storage) -> None:
    later = Later(tmp_storage)
    for seed in range(3):
        later.worker.admit(assignment(seed, steps=2))
    waits = make_trial(seed=2, steps=2).trial_id
    later.do()
    later.worker.advance()
    later.worker.cancel(waits)
    (failed,) = later.worker.advance()
    assert isinstance(failed, TrialFailed)
    assert (failed.trial_id, failed.failure, failed.step) == (waits, FailureClass.STOPPED, 0)
    later.do()
    assert waits not in dict(later.engine.admitted)


def test_a_claim_that_comes_after_a_cancel_brings_nothing_back(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    later.worker.admit(given)
    later.worker.cancel(given.trial.trial_id)
    assert [type(event) for event in later.worker.advance()] == [TrialFailed]
    later.do()
    assert not later.worker.busy and later.told == []


def test_an_attempt_that_was_claimed_before_is_not_run(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    assert claim(tmp_storage, given.trial.trial_id, 1, "another")
    later.worker.admit(given)
    later.do()
    (failed,) = later.told
    assert isinstance(failed, TrialFailed) and "executed before" in failed.message
    assert later.engine.admitted == [] and not later.worker.busy


def test_the_same_assignment_said_again_does_nothing_wherever_the_trial_is(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    for _ in range(4):  # waiting, on board, being written, over
        later.worker.admit(given)
        later.worker.admit(given)
        later.do()
        later.worker.advance()
    assert [type(event) for event in later.told] == [TrialFinished]
    assert len(later.engine.admitted) == 1


def test_a_worker_that_stops_waits_for_what_is_being_written(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    later.worker.admit(given)
    later.do()
    later.worker.advance()
    later.worker.request_stop(10.0)
    later.worker.advance()
    assert not later.worker.stopped and not later.worker.busy
    later.do()
    assert later.worker.busy
    later.worker.advance()
    assert later.worker.stopped and [type(event) for event in later.told] == [TrialFinished]


def test_a_worker_waits_no_longer_than_it_may_and_says_what_was_not_written(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    later.worker.admit(given)
    later.do()
    later.worker.advance()
    later.worker.request_stop(10.0, FailureClass.PREEMPTION)
    assert later.worker.advance() == []
    later.clock.now += 10.0
    (failed,) = later.worker.advance()
    assert isinstance(failed, TrialFailed) and failed.failure is FailureClass.PREEMPTION
    assert later.worker.stopped
    later.do()
    assert later.told == [], "one attempt, one end"


def test_what_cannot_be_written_is_charged_to_its_trial(tmp_storage: Storage) -> None:
    later, given = Later(tmp_storage), assignment()
    later.worker.admit(given)
    later.do()
    later.worker.advance()
    blocked = paths.attempt_table(given.trial.trial_id, 1, "result")
    tmp_storage.write(f"{blocked}/in-the-way", b"")  # a folder where the file should be
    later.do()
    (failed,) = later.told
    assert isinstance(failed, TrialFailed)
    assert failed.message.startswith("finish: ") and failed.step == 1
    found = newest_checkpoint(tmp_storage, given.trial.trial_id)
    assert found is not None and found.ended, "the scene as it ended is not lost"
    assert state_after(given.trial, 1).encode() in found.blob


def test_a_scene_that_took_no_time_is_not_saved_before_it_is_measured(tmp_storage: Storage) -> None:
    cheap = Later(tmp_storage, WorkerOptions(every_steps=1000, worth_seconds=5.0))
    dear = Later(tmp_storage, WorkerOptions(every_steps=1000, worth_seconds=5.0))
    dear.clock.tick = 6.0  # a step
    for later, seed in ((cheap, 0), (dear, 1)):
        later.worker.admit(assignment(seed))
        later.do()
        later.worker.advance()
        later.do()
    saved = [newest_checkpoint(tmp_storage, make_trial(seed=seed, steps=1).trial_id) for seed in (0, 1)]
    assert saved[0] is None and saved[1] is not None and saved[1].ended


def test_the_engine_waits_when_too_many_are_being_written_and_messages_come_through(tmp_storage: Storage) -> None:
    """Writing hangs, as when the store is away."""
    go, work = threading.Event(), list[threading.Thread]()

    def hang(piece: Callable[[], None]) -> None:
        def do() -> None:
            assert go.wait(timeout=20.0)
            piece()

        work.append(threading.Thread(target=do if engine.admitted else piece))
        work[-1].start()
        if not engine.admitted:
            work[-1].join()

    engine, told = FakeEngine(slots=3), list[WorkerEvent]()
    worker = Worker("w", lambda: engine, tmp_storage, QUIET, elsewhere=Elsewhere(hang, told.extend, most=2))
    worker.advance()
    for seed in range(3):
        worker.admit(assignment(seed, places=3))
    stepping = threading.Thread(target=worker.advance)
    stepping.start()
    deadline = time.monotonic() + 20.0
    while len(work) < 5 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(work) == 5 and stepping.is_alive(), "three claims, two that are written, one that waits"
    worker.admit(assignment(7, places=3))
    worker.cancel("nobody")
    go.set()
    stepping.join(timeout=20.0)
    for thread in work:
        thread.join(timeout=20.0)
    assert sorted(type(event).__name__ for event in told) == ["TrialFinished"] * 3


def test_a_pack_that_was_too_much_is_not_filled_up_by_those_who_wait(tmp_storage: Storage) -> None:
    later = Later(tmp_storage)
    later.worker.admit(assignment(0, steps=5))
    later.worker.admit(Assignment(trial=make_trial("oom@1", steps=5), number=1, places=2))
    later.worker.admit(assignment(2, steps=5))
    later.do()
    (failed,) = later.worker.advance()
    assert isinstance(failed, TrialFailed) and (failed.failure, failed.pack) == (FailureClass.OUT_OF_MEMORY, 2)
    later.worker.advance()
    assert len(later.engine.running()) == 1
