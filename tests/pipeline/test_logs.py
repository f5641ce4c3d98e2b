"""What is logged as JSON: keys that are always there, ids, words for people, and no secrets."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

import pytest
from commands import run
from fakes import FakeFactory

from pipeline import launch
from pipeline.errors import UserError
from pipeline.events import FailureClass, TrialCheckpointed, TrialFailed, TrialProgress, WorkerLost, WorkerReady
from pipeline.logs import Form, Log, chosen, in_json, readable
from pipeline.record.journal import replay
from pipeline.storage import Storage

KEYS = ["time", "level", "sweep", "trial", "attempt", "worker", "event", "message"]
TRIAL = "0123456789abcdef0123"
say = print  # what is printed is what this is about


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class Spoken:
    """What a log wrote."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def __call__(self) -> list[dict[str, Any]]:
        return lines(self.stream.getvalue())


@pytest.fixture
def spoken() -> Spoken:
    return Spoken()


def test_a_fact_of_the_journal_has_all_ids(spoken: Spoken) -> None:
    log = Log(sweep="mugs")
    fact = {"fact": "attempt_ended", "trial_id": TRIAL, "number": 3, "failure": "user", "message": "no", "step": 7}
    with in_json(log, spoken.stream):
        log.fact({**fact, "at": 1.5}, "a mug: attempt 3 ended")
    (line,) = spoken()
    assert list(line)[: len(KEYS)] == KEYS
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "sweep": "mugs",
        "trial": TRIAL,
        "attempt": 3,
        "worker": None,
        "event": "attempt_ended",
        "message": "a mug: attempt 3 ended",
        "failure": "user",
        "reason": "no",
        "step": 7,
    }


def test_what_a_worker_tells_has_its_id_but_progress_is_left_to_the_metrics(spoken: Spoken) -> None:
    log = Log(sweep="mugs", worker="e1w0")
    ids: dict[str, Any] = {"worker_id": "e1w0", "trial_id": TRIAL, "number": 2}
    with in_json(log, spoken.stream):
        log.happened(WorkerReady(worker_id="e1w0", capacity=4, device="cpu"))
        log.happened(TrialProgress(**ids, step=3, steps_per_second=1.0, metrics={}))
        log.happened(TrialCheckpointed(**ids, step=5))
        log.happened(TrialFailed(**ids, failure=FailureClass.PREEMPTION, message="preempted", step=6))
        log.happened(WorkerLost(worker_id="e1w0", failure=FailureClass.INFRASTRUCTURE, message="gone"))
    found = [(line["event"], line["level"], line["trial"], line["attempt"]) for line in spoken()]
    assert found == [
        ("worker_ready", "info", None, None),
        ("trial_checkpointed", "info", TRIAL, 2),
        ("trial_failed", "info", TRIAL, 2),
        ("worker_lost", "warning", None, None),
    ]
    assert {line["worker"] for line in spoken()} == {"e1w0"}
    assert spoken()[1]["step"] == 5


def test_facts_that_somebody_should_look_at_are_warnings(spoken: Spoken) -> None:
    told = ("heartbeat_failed", "compaction_failed", "attempt_refused", "worker_ready")
    with in_json(Log(sweep="mugs"), spoken.stream):
        for name in told:
            Log(sweep="mugs").fact({"fact": name, "message": "the store is away"}, "in words")
    assert [(line["event"], line["level"]) for line in spoken()] == [
        (name, "info" if name == "worker_ready" else "warning") for name in told
    ]


def test_what_is_printed_and_what_libraries_log_become_lines(spoken: Spoken) -> None:
    with in_json(Log(sweep="mugs", worker="e1w0"), spoken.stream):
        say("two\nlines, and ", end="")
        say("more")
        say("  ")
        say("no end", end="")
        logging.getLogger("some.library").warning("low on %s", "disk")
        try:
            raise ValueError("as told")
        except ValueError:
            logging.getLogger("some.library").exception("broken")
    say("not this")
    found = [(line["event"], line["message"]) for line in spoken()]
    assert found == [
        ("said", "two"),
        ("said", "lines, and more"),
        ("logged", "low on disk"),
        ("logged", "broken"),
        ("said", "no end"),
    ]
    assert spoken()[2]["logger"] == "some.library" and spoken()[2]["worker"] == "e1w0"
    assert "ValueError: as told" in spoken()[3]["traceback"]


def test_nothing_secret_is_logged(spoken: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "0123456789-secret")
    with in_json(Log(sweep="mugs"), spoken.stream):
        Log(sweep="mugs").fact(
            {"fact": "failed", "failure": "user", "reason": "0123456789-secret"}, "x s3://me:pw@host"
        )
        say("token=abcdefgh 0123456789-secret")
        try:
            raise ValueError("0123456789-secret")
        except ValueError:
            logging.getLogger("some.library").exception("broken")
    text = spoken.stream.getvalue()
    assert len(spoken()) == 3
    assert "0123456789-secret" not in text and "me:pw" not in text and "abcdefgh" not in text


def test_outside_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with in_json(Log(sweep="mugs"), stream):
        pass
    Log(sweep="mugs").event("said", "hello", logging.ERROR)
    say("aloud")
    assert stream.getvalue() == ""
    assert capsys.readouterr() == ("aloud\n", "")


def test_the_form_is_chosen_by_the_environment() -> None:
    assert chosen(environment={}) is Form.TEXT
    assert chosen(Form.JSON, {}) is Form.JSON
    assert chosen(Form.JSON, {"DREAMSWEEP_LOG": "text"}) is Form.TEXT
    assert chosen(environment={"DREAMSWEEP_LOG": "json"}) is Form.JSON
    with pytest.raises(UserError, match="DREAMSWEEP_LOG=xml: must be text or json"):
        chosen(environment={"DREAMSWEEP_LOG": "xml"})


def test_people_read_what_was_said_to_them_and_what_went_wrong(spoken: Spoken) -> None:
    with in_json(Log(sweep="mugs"), spoken.stream):
        say("1 of 2 done")
        Log(sweep="mugs").fact({"fact": "committed", "trial_id": TRIAL, "number": 1}, "done")
        logging.getLogger("some.library").warning("low on disk")
    text = spoken.stream.getvalue() + "Traceback (most recent call last):\n{not json\n{}\nno end"
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    shown = ["1 of 2 done", "warning: low on disk", "Traceback (most recent call last):", "{not json", "{}", "no end"]
    assert list(readable(pieces)) == shown
    assert list(readable(pieces, whole=True)) == text.splitlines()


# ---- through the command line ----------------------------------------------------------------------------------------

SPEC = """\
name: test
storage: {folder}
prompts: [a mug, "fail:user@2 a duck"]
prior: mixture
set: {{steps: 3}}
retries: {{user: 0}}
tracking: {{mlflow: off}}
"""


@pytest.fixture
def spec(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(launch, "make_engine_factory", lambda spec, resources, left: FakeFactory(slots=1))
    (tmp_path / "sweep.yaml").write_text(SPEC.format(folder=tmp_path))
    return str(tmp_path / "sweep.yaml")


def test_a_sweep_logs_its_journal_in_lines(spec: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAMSWEEP_LOG", "json")
    result = run("run", spec, "--executor", "inline")
    assert result.code == 1, result.err
    found = lines(result.out)
    facts = list(replay(Storage(str(tmp_path / "test"))))
    told = [line for line in found if line["event"] != "said"]
    assert [line["event"] for line in told] == [fact["fact"] for fact in facts]
    for line, fact in zip(told, facts, strict=True):
        names = ("trial", "trial_id"), ("attempt", "number"), ("worker", "worker_id")
        assert [line[here] for here, _ in names] == [fact.get(there) for _, there in names]
        assert line["sweep"] == "test"
    (failed,) = [line for line in told if line["event"] == "failed"]
    assert failed["level"] == "warning" and "fail:user@2 a duck, seed 0" in failed["message"]
    said = [line["message"] for line in found if line["event"] == "said"]
    assert "1 of 2 trials committed, 1 of them in this run of 0:00" in said
    assert sys.stdout is not None


def test_the_journal_is_told_in_the_same_lines_afterwards(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAMSWEEP_LOG", "json")
    live = [line for line in lines(run("run", spec, "--executor", "inline").out) if line["event"] != "said"]
    stored = lines(run("logs", spec, "--json").out)
    for line in (*live, *stored):
        assert list(line)[: len(KEYS)] == KEYS
        line.pop("time")
    assert stored == live
    wanted = next(line["trial"] for line in live if line["trial"])
    one = lines(run("logs", spec, "--json", "--trial", wanted).out)
    assert 0 < len(one) < len(stored) and {line["trial"] for line in one} == {wanted}


def test_without_the_variable_people_are_spoken_to(spec: str) -> None:
    result = run("run", spec, "--executor", "inline")
    assert result.code == 1
    assert "1 of 2 trials committed" in result.out and '"event"' not in result.out


def test_a_form_that_is_none_is_refused_before_anything_runs(
    spec: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAMSWEEP_LOG", "xml")
    result = run("run", spec, "--executor", "inline")
    assert (result.code, result.err) == (2, "error: DREAMSWEEP_LOG=xml: must be text or json\n")
    assert not (tmp_path / "test").exists()
