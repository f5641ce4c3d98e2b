"""Secrets stay out of texts, and out of all that a sweep leaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from fakes import FakeEngine, FakeTracker, make_trial, make_trials

from pipeline.blame import told
from pipeline.driver import DriverOptions, drive
from pipeline.engine import StepReport
from pipeline.errors import StorageError, UserError
from pipeline.executors.inline import InlineExecutor
from pipeline.plan import Plan, store_plan
from pipeline.query import Sweep
from pipeline.record.compact import compact
from pipeline.secrets import has_user_info, redact
from pipeline.spec import parse_spec
from pipeline.state import Policy, Retries
from pipeline.storage import Storage, parse_url
from pipeline.worker import WorkerOptions


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:hunter2@host/db is down", "postgresql://***@host/db is down"),
        ("s3://AKID:sec/ret@bucket/x", "s3://***@bucket/x"),  # many a secret key of AWS has a slash
        ("gs://me:hunter2/x is no bucket", "gs://***/x is no bucket"),
        ("http://head:8265/a@b and http://[::1]:8265", "http://head:8265/a@b and http://[::1]:8265"),
        ("s3://arn:aws:s3:eu:1:accesspoint/x and s3://b: no", "s3://arn:aws:s3:eu:1:accesspoint/x and s3://b: no"),
        ("postgresql://me:p@ss-w0rd@host/db", "postgresql://***@host/db"),  # passwords have what they like
        ("GET https://h/o?X-Amz-Signature=abcdef&x=1", "GET https://h/o?X-Amz-Signature=***&x=1"),
        ("aws_secret_access_key=abc password=def", "aws_secret_access_key=*** password=***"),
        ("write to a@b.example about s3://bucket/a@b", "write to a@b.example about s3://bucket/a@b"),
        ("a red mug, 3 tokens", "a red mug, 3 tokens"),
    ],
)
def test_what_is_hidden(text: str, shown: str) -> None:
    assert redact(text, {}) == shown


def test_values_of_secret_variables_are_hidden_and_others_are_not() -> None:
    environment = {
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
        "MLFLOW_TRACKING_TOKEN": "0123456789",
        "HOME": "/home/somebody",
        "TOKENIZERS_PARALLELISM": "false",
    }
    text = "wJalrXUtnFEMI/K7MDENG of /home/somebody: 0123456789 is false"
    assert redact(text, environment) == "*** of /home/somebody: *** is false"


def test_messages_of_exceptions_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    assert told(OSError("cannot sign with wJalrXUtnFEMI/K7MDENG")) == "OSError: cannot sign with ***"


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("s3://key:secret@bucket/x", True),
        ("http://me@host", True),
        ("s3://key:sec/ret@bucket/x", True),
        ("gs://me:topsecret/x", True),
        ("http://head:8265", False),
        ("s3://bucket/a@b", False),
        ("runs/a@b", False),
        ("http://[x:y@h", True),
    ],
)
def test_urls_with_a_user_are_told_from_others(url: str, has: bool) -> None:
    assert has_user_info(url) is has


@pytest.mark.parametrize(
    "line", ["storage: s3://AKID:topsecret@bucket/x", "tracking: {mlflow: 'postgresql://me:topsecret@host/db'}"]
)
def test_a_spec_with_a_password_is_refused_without_repeating_it(line: str) -> None:
    with pytest.raises(UserError, match="must not name a user or password") as caught:
        parse_spec(f"name: x\nprompts: [a]\n{line}\n", "s.yaml", None)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://AKIDKEY:top/secret@bucket/x", "gs://me:topsecret/x", "s3a://a:topsecret"])
def test_a_secret_with_a_slash_is_refused_too_without_repeating_it(url: str) -> None:
    with pytest.raises(StorageError, match="keys and passwords do not belong in a URL") as caught:
        parse_url(url)
    with pytest.raises(UserError, match="must not name a user or password") as refused:
        parse_spec(f"name: x\nprompts: [a]\nstorage: '{url}'\n", "s.yaml", None)
    for said in (str(caught.value), str(refused.value)):
        assert "topsecret" not in said and "/secret" not in said and "AKID" not in said


# ---- all that a sweep leaves -----------------------------------------------------------------------------------------

KEY, DATABASE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE", "postgresql://me:p@ss-w0rd@db.example/mlflow"


@dataclass
class Talkative(FakeEngine):
    """Tells its secrets in every exception: in a step, on admission, at the end."""

    def admit(self, trial: object, checkpoint: bytes | None) -> int:
        try:
            return super().admit(trial, checkpoint)  # type: ignore[arg-type]
        except RuntimeError as error:
            raise PermissionError(f"{error}: signed with {KEY}") from error

    def step(self) -> Sequence[StepReport]:
        try:
            return super().step()
        except RuntimeError as error:
            raise ValueError(f"{error}: no connection to {DATABASE} by aws_secret_access_key={KEY}") from error


def test_nothing_that_a_sweep_leaves_has_a_secret(
    tmp_storage: Storage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DATABASE)
    bad = [make_trial("fail:user@2", steps=3), make_trial("fail:admit@0", steps=3)]
    trials = (*make_trials(2, steps=3), *bad)
    store_plan(tmp_storage, Plan(trials), "name: x\nprompts: [a]\n")
    tracker = FakeTracker()
    executor = InlineExecutor(Talkative, tmp_storage, WorkerOptions(progress_seconds=0.0))
    options = DriverOptions(
        policy=Policy(stop_after_same_failures=0, retries=Retries(backoff_seconds=0.0)), poll_seconds=0.001
    )
    stop = threading.Event()
    summary = drive(trials, tmp_storage, executor, options, tracker, compact, lambda state: None, stop)
    assert (summary.committed, len(summary.failed)) == (2, 2)
    left = [tmp_storage.read(key).decode(errors="replace") for key in tmp_storage.list()]
    left += [Sweep(tmp_storage).trials().to_string(), json.dumps(list(summary.failed.values()))]
    left += [str(call) for call in tracker.calls]
    left += list(capfd.readouterr())
    told_of = "".join(left)
    assert "no connection to postgresql://***@db.example" in told_of and "signed with ***" in told_of
    for secret in (KEY, "K7MDENG", "ss-w0rd", "me:p"):
        assert secret not in told_of
