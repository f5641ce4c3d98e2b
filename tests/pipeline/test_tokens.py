from __future__ import annotations

import socket

import pytest

from pipeline.executors.tokens import answers, problem, refused, use_token


@pytest.mark.parametrize(
    ("before", "mode"),
    [
        ({}, None),
        ({"RAY_AUTH_TOKEN": "x"}, "token"),
        ({"RAY_AUTH_TOKEN_PATH": "/x"}, "token"),
        ({"RAY_AUTH_TOKEN": ""}, None),
        ({"RAY_AUTH_TOKEN": "x", "RAY_AUTH_MODE": "disabled"}, "disabled"),
    ],
)
def test_a_token_that_is_there_is_sent_unless_it_is_said_not_to(before: dict[str, str], mode: str | None) -> None:
    use_token(before)
    assert before.get("RAY_AUTH_MODE") == mode


def test_what_to_do_about_a_refused_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "the very secret")
    said = refused("http://head:8265")
    assert "http://head:8265 refuses the token" in said and "RAY_AUTH_MODE is not set" in said
    assert "RAY_AUTH_TOKEN_PATH" in said and "the very secret" not in said


def test_whether_something_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert problem("127.0.0.1", port) == ""
        assert answers(f"127.0.0.1:{port}")
    assert problem("127.0.0.1", port) == "Connection refused"
    assert not answers(f"127.0.0.1:{port}")
    assert not answers("auto") and not answers("ray://head") and not answers(":1x")
