"""What the command's exit codes mean. The table is printed in the documentation."""

from __future__ import annotations

OK, SOME_FAILED, USER_ERROR, STOPPED = 0, 1, 2, 130

MEANINGS = {
    OK: "all is well",
    SOME_FAILED: "some trials failed; the others are committed",
    USER_ERROR: "something that you can mend: one message says what, and nothing was written",
    STOPPED: "stopped with work left",
}


def table() -> str:
    """The codes as a table of Markdown."""
    rows = ["| exit code | meaning |", "|---|---|"]
    return "\n".join([*rows, *(f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())])
