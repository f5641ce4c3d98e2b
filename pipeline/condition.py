"""A condition over the columns of a row, as in `kind == 'food' and colour in ['red', 'green']`.

The grammar is a small part of Python's, read with `ast` and evaluated here: column names, text, numbers, comparisons,
`in`, `and`, `or`, `not`. Nothing is called and no attribute is read. All columns are text; beside a number a column is
read as a number.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.errors import UserError

MAX_CHARACTERS = 1000
_ALLOWED = "Use column names, text in quotes, numbers, comparisons, in, and, or, not"

_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
Value = str | float | list[str | float]


class Condition:
    """Checks itself on construction: raises UserError for anything outside the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = parse(text)
        self._columns = list(dict.fromkeys(self._check(self._tree)))

    def check_columns(self, known: Sequence[str]) -> None:
        """Raise UserError if the condition names a column that is not known."""
        for name in self._columns:
            if name not in known:
                raise UserError(f"there is no column {name}. Columns: {', '.join(known)}. Text needs quotes")

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether the row, a text for every column, meets the condition."""
        return self._truth(self._tree, row)

    def _refuse(self, node: ast.AST) -> UserError:
        return refuse(self.text, node)

    def _check(self, node: ast.expr) -> Iterator[str]:
        """Yield the columns of a truth; raise UserError for anything else."""
        if isinstance(node, ast.BoolOp):
            for part in node.values:
                yield from self._check(part)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield from self._check(node.operand)
        elif isinstance(node, ast.Compare):
            yield from self._check_value(node.left)
            for op, right in zip(node.ops, node.comparators, strict=True):
                if isinstance(op, ast.In | ast.NotIn):
                    yield from self._check_container(right)
                elif type(op) in _ORDER:
                    yield from self._check_value(right)
                else:
                    raise self._refuse(node)
        else:
            raise self._refuse(node)

    def _check_value(self, node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.Name):
            yield node.id
        elif constant(node) is None:
            raise self._refuse(node)

    def _check_container(self, node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            for item in node.elts:
                if constant(item) is None:
                    raise self._refuse(item)
        elif isinstance(node, ast.Name):
            yield node.id
        else:
            raise self._refuse(node)

    def _truth(self, node: ast.expr, row: Mapping[str, str]) -> bool:
        if isinstance(node, ast.BoolOp):
            combine = all if isinstance(node.op, ast.And) else any
            return combine(self._truth(part, row) for part in node.values)
        if isinstance(node, ast.UnaryOp):
            return not self._truth(node.operand, row)
        assert isinstance(node, ast.Compare)
        left = _value(node.left, row)
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = _value(comparator, row)
            if not self._compare(op, left, right):
                return False
            left = right
        return True

    def _compare(self, op: ast.cmpop, left: Value, right: Value) -> bool:
        if isinstance(op, ast.In | ast.NotIn):
            return _contains(right, left) == isinstance(op, ast.In)
        if isinstance(left, float) != isinstance(right, float):
            numbers = _number(left), _number(right)
            if not any(math.isnan(number) for number in numbers):
                left, right = numbers
            elif not isinstance(op, ast.Eq | ast.NotEq):
                raise UserError(f"cannot order {left!r} and {right!r}: one is no number")
        return bool(_ORDER[type(op)](left, right))


def parse(text: str) -> ast.expr:
    """The tree of a condition, its outermost node a comparison, `and`, `or` or `not`; what is inside is not checked
    yet. Raises UserError."""
    if len(text) > MAX_CHARACTERS:
        raise UserError(f"has {len(text)} characters, at most {MAX_CHARACTERS} are allowed")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise UserError(f"cannot be read ({reason}). {_ALLOWED}") from error
    if not isinstance(tree, ast.BoolOp | ast.Compare | ast.UnaryOp):
        raise UserError("is no condition. Compare a column, as in kind == 'food'")
    return tree


def refuse(text: str, node: ast.AST) -> UserError:
    """The error for a part of the text that is outside the grammar."""
    part = ast.get_source_segment(text.strip(), node) or type(node).__name__
    return UserError(f"{part!r} is not allowed. {_ALLOWED}")


def constant(node: ast.expr) -> str | float | None:
    """The text or number that the node writes down; None if it is anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = constant(node.operand)
        return -inner if isinstance(inner, float) else None
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int | float):
        number = _number(str(node.value))
        return None if math.isnan(number) else number
    return node.value if isinstance(node.value, str) else None


def _value(node: ast.expr, row: Mapping[str, str]) -> Value:
    if isinstance(node, ast.Name):
        return row[node.id]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [item for item in map(constant, node.elts) if item is not None]
    found = constant(node)
    assert found is not None
    return found


def _contains(container: Value, item: Value) -> bool:
    """In a list, an equal item; in a column's text, a part of it."""
    if isinstance(container, list):
        return any(item == each or (isinstance(each, float) and _number(item) == each) for each in container)
    return str(item) in str(container)


def _number(value: Value) -> float:
    """`value` as a number, NaN if it is none."""
    try:
        return float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return math.nan
