"""Keeping keys and passwords out of messages, journals, tables and logs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

HIDDEN = "***"

# Environment variables whose values are secrets, as the clients of stores and of MLflow read them.
_NAMES = re.compile(r"(?:SECRET|PASSWORD|PASSWD|TOKEN|ACCESS_KEY|API_KEY|PRIVATE_KEY)", re.IGNORECASE)
_SHORTEST = 8  # a shorter value would hide parts of ordinary words
# What stands before the last @: a password may have some, and slashes. After a colon that is no port, even with no @.
_NAMED = r"(?!arn:)[^\s/'\":@\[]+:(?!\d*(?:[/\s'\"]|$))"
_USER_INFO = re.compile(rf"(?<=://)(?:[^/\s'\"]+(?=@)|{_NAMED}[^\s'\"]*(?=@)|{_NAMED}[^\s/'\"]+)")
_PARAMETER = re.compile(
    r"(?i)\b((?:x-amz-)?(?:signature|credential|security-token)|(?:aws_?)?(?:access_?key_?id|secret_?access_?key|"
    r"session_?token)|password|passwd|api_?key|token|secret)=[^&\s'\"]+"
)


def redact(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` without user names and passwords of URLs, signed parameters, and the values of secret variables of the
    environment (the process's own, unless one is given)."""
    text = _USER_INFO.sub(HIDDEN, text)
    text = _PARAMETER.sub(rf"\1={HIDDEN}", text)
    variables = os.environ if environment is None else environment
    for name, value in variables.items():
        if _NAMES.search(name) and len(value) >= _SHORTEST and value in text:
            text = text.replace(value, HIDDEN)
    return text


def has_user_info(url: str) -> bool:
    """Whether the URL names a user or password, or has something else behind a colon where only a port may be. False
    for text that is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket that no address has; `redact` still hides what stands before an @
        return _USER_INFO.search(url) is not None
    return bool(parts.scheme) and ("@" in parts.netloc or _USER_INFO.search(url) is not None)
