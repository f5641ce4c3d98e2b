"""A YAML text as plain data that remembers where each value stood, so that every complaint can name its line.

A path is a tuple of keys and list positions, `("seeds", 1)`. Only plain values pass: text, numbers, booleans, null,
lists (as tuples) and mappings with text keys. Nothing is constructed from tags, and what aliases expand to is bounded.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import UserError
from pipeline.secrets import redact

MAX_BYTES = 2**20
MAX_VALUES = 100_000
MAX_DEPTH = 20

Place = tuple[str | int, ...]

_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}


@dataclass(frozen=True)
class Problem:
    """Something wrong with the value at `place`; `text` is shown behind the place and the value."""

    place: Place
    text: str


@dataclass(frozen=True)
class Document:
    """`lines` has the line, from 1, of every value and of every key. `problems` are the faults of the YAML itself."""

    source: str
    data: Mapping[str, Any]
    lines: Mapping[Place, int]
    problems: tuple[Problem, ...] = ()

    def line(self, place: Place) -> int:
        """The line of the value, or of the nearest mapping or list around it."""
        return self.lines[place] if place in self.lines or not place else self.line(place[:-1])

    def describe(self, problem: Problem) -> str:
        """`file:line: key = value: what is wrong`, in one line."""
        value = self._value(problem.place)
        shown = f"{dotted(problem.place)}{value}: " if problem.place else ""
        return _one_line(f"{self.source}:{self.line(problem.place)}: {shown}{problem.text}")

    def check(self, problems: Iterable[Problem]) -> None:
        """Raise UserError that tells all of them, in the order of the file. Do nothing if there is none."""
        ordered = sorted(problems, key=lambda problem: self.line(problem.place))
        if ordered:
            raise UserError("\n".join(dict.fromkeys(self.describe(problem) for problem in ordered)))

    def _value(self, place: Place) -> str:
        value: Any = self.data
        for part in place:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return ""
        return f" = {shown_value(value)}"


def _one_line(text: str) -> str:
    """What does not print is escaped: it could break the line, or command a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def dotted(place: Place) -> str:
    """`("seeds", 1)` as `seeds[1]`, `("set", "guidance.scale")` as `set.guidance.scale`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def shown_value(value: object, limit: int = 60) -> str:
    """A plain value as it would stand in YAML's flow style, without secrets, cut to about `limit` characters."""
    text = redact(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= limit else text[: limit - 4] + " ..."


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """What to say of a `name` that is none of `known`; `what` is `key`, say."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"unknown {what}.{f' Did you mean {near[0]}?' if near else ''} Known {what}s: {', '.join(names)}"


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file. Raises UserError if it is missing, too large or no text."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: is over {MAX_BYTES} bytes. Keep long prompt tables in a file of their own")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: is not UTF-8 text ({error.reason})") from error


def parse_document(text: str, source: str) -> Document:
    """Read one YAML mapping. `source` names the text in messages.

    Raises UserError for text that is no YAML, more than one document, or anything but a mapping at the top.
    """
    if len(text) > MAX_BYTES:
        raise UserError(f"{source}: is over {MAX_BYTES} characters")
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{source}:{line}: has a character that YAML forbids (#x{error.character:04x})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tab = " Indent with spaces." if "\\t" in str(error.problem) else ""
        line = mark.line + 1 if mark else 1
        raise UserError(f"{source}:{line}: is not valid YAML: {error.problem or error.context}.{tab}") from error
    if root is None:
        raise UserError(f"{source}:1: is empty. A sweep needs at least a name and prompts")
    reader = _Reader(source)
    data = reader.read(root, (), 0)
    if not isinstance(data, dict):
        raise UserError(f"{source}:{root.start_mark.line + 1}: must be a mapping of keys such as name and prompts")
    return Document(source, data, reader.lines, tuple(reader.problems))


class _Loader(yaml.SafeLoader):
    """YAML as people write it today: 1e-3 is a number, 1:30 and 2024-01-01 are text, << is no merge. Stops at text
    that is too deep or too long for a spec before it costs much."""

    depth = 0
    values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self.values += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_DEPTH} levels of nesting", mark)
        if self.values > MAX_VALUES:
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_VALUES} values", mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


_DROPPED = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp", "merge", "value")}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DIGITS = list("-+0123456789")
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+)$"), _DIGITS
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF|nan|NaN|NAN))$"
    ),
    [*_DIGITS, "."],
)


class _Reader:
    """One walk over the composed nodes; collects lines and problems on its way."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, place: Place, depth: int) -> Any:
        """The value of the node; `depth` is that of the aliases expanded, which may lead back to where they stand."""
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if len(self.lines) > MAX_VALUES:
            raise UserError(f"{self.source}:{line}: has more than {MAX_VALUES} values, aliases expanded")
        if depth > MAX_DEPTH:
            raise UserError(f"{self.source}:{line}: has more than {MAX_DEPTH} levels of nesting, aliases expanded")
        if node.tag not in _TAGS:
            self.problems.append(Problem(place, f"the tag {node.tag} is not allowed: write plain values"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.read(item, (*place, i), depth + 1) for i, item in enumerate(node.value))
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if key_node.tag != "tag:yaml.org,2002:str" or not isinstance(key, str):
                shown = key if isinstance(key, str) else "a list or mapping"
                self.lines[(*place, str(shown))] = line
                self.problems.append(Problem((*place, str(shown)), "a key must be text: put it in quotes"))
                continue
            inner = (*place, key)
            if key in data:
                self.problems.append(Problem(inner, f"is given twice, again in line {line}"))
                continue
            # A scalar may stand on a line of its own below its key; a block is better found by its key.
            if not isinstance(value_node, yaml.ScalarNode):
                self.lines[inner] = line
            data[key] = self.read(value_node, inner, depth + 1)
        return data

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            self.problems.append(Problem(place, f"{node.value!r} is not what its tag {node.tag} says"))
            return None
