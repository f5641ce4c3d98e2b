"""What a driver and its workers log where DREAMSWEEP_LOG is `json`: an object a line, on standard output.

Every line has these keys, null where there is nothing to say:

time      UTC, as in 2026-11-28T17:00:00.123Z
level     info, warning or error
sweep     the sweep's name
trial     the id of the trial that it is about
attempt   the number of the attempt at that trial
worker    the worker that it is about, or that says it
event     what happened: a fact of the journal (see `pipeline.record.journal`), an event of a worker (`worker_ready`,
          `trial_admitted`, `trial_checkpointed`, ...), `said` for a line that is for people, `logged` for a record of
          a library
message   the same in words

and then whatever else the event has. Nothing passes that is secret (`pipeline.secrets`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TextIO

from pipeline.errors import UserError
from pipeline.events import TrialEvent, TrialFailed, TrialProgress, WorkerEvent, WorkerLost, WorkerStarting
from pipeline.secrets import redact

VARIABLE = "DREAMSWEEP_LOG"
SAID, LOGGED = "said", "logged"
_NAME = "dreamsweep"
_IDS = ("sweep", "trial", "attempt", "worker")
_RENAMED = {"trial_id": "trial", "number": "attempt", "worker_id": "worker", "message": "reason"}
_TROUBLES = frozenset({"attempt_refused", "compaction_failed", "heartbeat_failed"})  # facts that have no class
_ORDINARY = frozenset({"stopped", "preemption", None})  # classes of failure that nobody need look at

logging.getLogger(_NAME).addHandler(logging.NullHandler())
logging.getLogger(_NAME).propagate = False


class Form(StrEnum):
    """`text` is for people at a terminal: the display alone speaks."""

    TEXT = "text"
    JSON = "json"


def chosen(default: Form = Form.TEXT, environment: Mapping[str, str] | None = None) -> Form:
    """What DREAMSWEEP_LOG says. Raises UserError for what is no form."""
    variables = os.environ if environment is None else environment
    word = variables.get(VARIABLE, "") or default
    try:
        return Form(word)
    except ValueError:
        raise UserError(f"{VARIABLE}={word}: must be {' or '.join(Form)}") from None


@dataclass(frozen=True, kw_only=True)
class Log:
    """Events of one sweep, from its driver or from one worker. They go nowhere unless `in_json` has begun."""

    sweep: str
    worker: str | None = None

    def event(self, name: str, message: str, level: int = logging.INFO, /, **details: Any) -> None:
        """One event. `trial`, `attempt` and `worker` among the details are the ids of every line."""
        told = {"sweep": self.sweep, "worker": self.worker, **details, "event": name}
        logging.getLogger(_NAME).log(level, "%s", message, extra={"told": told})

    def fact(self, fact: Mapping[str, Any], message: str) -> None:
        """A fact of the journal, and the same in words."""
        self.event(fact["fact"], message, _level(fact), **_details(fact))

    def happened(self, event: WorkerEvent) -> None:
        """What a worker tells its driver, but for its progress, which the metrics have."""
        if isinstance(event, TrialProgress | WorkerStarting):
            return
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
        words = name.replace("_", " ")
        if isinstance(event, TrialEvent):
            words += f" at attempt {event.number}"
        if isinstance(event, TrialFailed | WorkerLost):
            words += f": {event.message}"
        content = dataclasses.asdict(event)
        self.event(name, words, _level(content), **_details(content))


class JsonLines(logging.Formatter):
    """Records as lines. `log` gives the ids of records that have none, as those of libraries."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def format(self, record: logging.LogRecord) -> str:
        told = dict(getattr(record, "told", None) or {"event": LOGGED, "logger": record.name, **vars(self._log)})
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return _line(record.created, record.levelno, record.getMessage(), told)


class _Said(io.TextIOBase):
    """A stream whose lines become events."""

    def __init__(self, log: Log) -> None:
        self._log, self._rest = log, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            self._log.event(SAID, line.rstrip())
        return len(text)

    def finish(self) -> None:
        self.write("\n" if self._rest else "")


@contextlib.contextmanager
def in_json(log: Log, stream: TextIO | None = None) -> Iterator[None]:
    """While inside, all that this process logs or prints is written as lines, to what is its standard output now unless
    another `stream` is given."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(log))
    loggers = [logging.getLogger(_NAME), logging.getLogger()]
    level = loggers[0].level
    loggers[0].setLevel(logging.INFO)
    for logger in loggers:
        logger.addHandler(handler)
    said = _Said(log)
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        said.finish()
        loggers[0].setLevel(level)
        for logger in loggers:
            logger.removeHandler(handler)


def readable(pieces: Iterable[str], whole: bool = False) -> Iterator[str]:
    """The lines of a log that is read piece by piece, for people: what was said to them, what libraries warn of, and
    whatever is no line of ours, such as a traceback. With `whole`, all lines as they are."""
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        yield from (shown for line in lines if (shown := _shown(line, whole)) is not None)
    if rest and (shown := _shown(rest, whole)) is not None:
        yield shown


def line_of(fact: Mapping[str, Any], sweep: str, message: str) -> str:
    """The line that the driver's log has of a fact that is in the journal."""
    return _line(fact["at"], _level(fact), message, {"sweep": sweep, "event": fact["fact"], **_details(fact)})


def _line(seconds: float, level: int, message: str, told: Mapping[str, Any]) -> str:
    """One line, its keys in the order of the module's list."""
    line: dict[str, Any] = {"time": _time(seconds), "level": logging.getLevelName(level).lower()}
    line |= {name: told.get(name) for name in (*_IDS, "event")}
    line["message"] = message
    line |= {name: value for name, value in told.items() if name not in line}
    redacted = {name: redact(value) if isinstance(value, str) else value for name, value in line.items()}
    return json.dumps(redacted, default=str)


def _shown(line: str, whole: bool) -> str | None:
    if whole or not line.startswith("{"):
        return line
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict) or not {"event", "message", "level"} <= told.keys():
        return line
    if told["event"] == SAID:
        return str(told["message"])
    return f"{told['level']}: {told['message']}" if told["event"] == LOGGED else None


def _details(content: Mapping[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in content.items() if name not in ("fact", "at")}


def _level(content: Mapping[str, Any]) -> int:
    noteworthy = content.get("failure") not in _ORDINARY or content.get("fact") in _TROUBLES
    return logging.WARNING if noteworthy else logging.INFO


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
