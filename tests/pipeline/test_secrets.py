"""Secrets stay out of texts."""

from __future__ import annotations

import pytest

from pipeline.blame import told
from pipeline.errors import UserError
from pipeline.secrets import has_user_info, redact
from pipeline.spec import parse_spec


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:hunter2@host/db is down", "postgresql://***@host/db is down"),
        ("s3://AKID:sec/ret@bucket/x", "s3://AKID:sec/ret@bucket/x"),  # a slash ends the host: no user there
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
