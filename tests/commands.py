"""The command line in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple

import pytest

from pipeline.cli import main


class Result(NamedTuple):
    """The exit code, and what went to standard output and to standard error."""

    code: int
    out: str
    err: str


def run(*arguments: str) -> Result:
    """The command in this process."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dreamsweep", *arguments])
        try:
            main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 0
    return Result(code, out.getvalue(), err.getvalue())
