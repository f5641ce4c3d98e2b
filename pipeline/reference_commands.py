"""docs/commands.md: every command with its arguments, options and an example, from the commands themselves."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from typer.models import OptionInfo

from pipeline import cli, exit_codes

_INTRODUCTION = f"""# Commands

Generated from the code by `python -m pipeline.reference`; a test compares the two.

`SPEC` is a sweep's YAML file. `SPEC_OR_URL` is that, or the folder or URL that the sweep lives in: `runs/quickstart`,
`s3://bucket/folder/quickstart`. `dreamsweep COMMAND --help` says the same as this page.

{exit_codes.table()}

**For programs.** `--json` prints JSON on standard output and nothing else there; messages, warnings and logs go to
standard error. `provenance` prints nothing but JSON. `run` and `resume` show how far they are; how they ended is in the
exit code and in `status --json`. Tables are as wide as they need to be where standard output is no terminal.

**For people.** On a terminal `run` and `resume` redraw a table; in a file, a pipe or a log they write a line now and
then, and when a trial ends. `--no-progress` writes neither. `NO_COLOR=1` takes the colours away. `dreamsweep -v
COMMAND` logs to standard error and shows where an error comes from; `-vv` logs more.

**Completion.** `dreamsweep --install-completion` teaches bash, zsh, fish or PowerShell the commands and options;
`--show-completion` prints what it would install. Open a new shell afterwards.

**Errors.** A mistake of yours is one message that begins with `error:`, without a traceback. A traceback is a fault of
ours: please report it, with the command and `dreamsweep --version`.
"""


_WORDS = {int: "N", float: "X", Path: "PATH"}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """An argument or an option, as the command's function declares it. `value` names what an option takes, and is empty
    for a switch."""

    option: bool
    names: tuple[str, ...]
    value: str
    default: str
    meaning: str


def commands_reference() -> str:
    """The whole page as Markdown."""
    root = "## dreamsweep\n\nBefore the command's name:\n\n" + _table(parameters(cli.root))
    sections = [_section(function, example) for function, example in cli.COMMANDS]
    return "\n".join(part.rstrip("\n") + "\n" for part in [_INTRODUCTION, root, *sections])


def command_name(function: Callable[..., None]) -> str:
    """As it is typed."""
    return function.__name__.replace("_", "-")


def parameters(function: Callable[..., None]) -> list[Parameter]:
    """In order, from the annotations and defaults."""
    hints = typing.get_type_hints(function, include_extras=True)
    return [
        _parameter(name, hints[name], declared.default)
        for name, declared in inspect.signature(function).parameters.items()
    ]


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    kind, (info, *_) = hint.__origin__, hint.__metadata__
    option = isinstance(info, OptionInfo)
    given = [decl for decl in (info.default, *(info.param_decls or ())) if isinstance(decl, str)]  # Typer's order
    decls = tuple(decl for decl in given if decl.startswith("-")) or ("--" + name.replace("_", "-"),)
    more = f" Else from the variable `{info.envvar}`." if info.envvar else ""
    return Parameter(
        option=option,
        names=decls if option else (),
        value="" if kind is bool or getattr(info, "count", False) else info.metavar or _takes(kind),
        default=_default(default),
        meaning=" ".join((info.help or "").split()).replace("|", "\\|") + more,
    )


def _takes(kind: Any) -> str:
    """A word for the type."""
    members = [each for each in (*typing.get_args(kind), kind) if isinstance(each, type)]
    if any(issubclass(each, StrEnum) for each in members):
        (choices,) = (each for each in members if issubclass(each, StrEnum))
        return "\\|".join(choices)
    inner = {part for each in (kind, *typing.get_args(kind)) for part in (each, *typing.get_args(each))}
    return next((word for type_, word in _WORDS.items() if type_ in inner), "TEXT")


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value is False:
        return "none"
    return f"`{getattr(value, 'value', value)}`"


def _section(function: Callable[..., None], example: str) -> str:
    declared = parameters(function)
    name = command_name(function)
    usage = " ".join(["dreamsweep", name, *(each.value for each in declared if not each.option)])
    options = [each for each in declared if each.option]
    told = [f"## {name}", " ".join((inspect.getdoc(function) or "").split()), f"```sh\n{example}\n```"]
    told += [f"`{usage}`, with:", _table(options)] if options else [f"`{usage}`"]
    return "\n\n".join(told)


def _table(options: Sequence[Parameter]) -> str:
    rows = ["| option | default | meaning |", "|---|---|---|"]
    for each in options:
        names = ", ".join(f"`{name}`" for name in each.names)
        value = f" `{each.value}`" if each.value else ""
        rows.append(f"| {names}{value} | {each.default} | {each.meaning} |")
    return "\n".join(rows)
