"""A condition over the typed columns of a table as an Arrow expression, which Parquet readers skip row groups by.

The grammar is that of `pipeline.condition`, and: columns have types, so text compares with text and numbers with
numbers; dotted names are columns, as in `config.guidance.scale`; `True` and `False`; `is None` and `is not None`.
A column without a value meets no other comparison, and neither does the negation of one, as in SQL.
"""

from __future__ import annotations

import ast
import datetime
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.condition import constant, parse, refuse
from pipeline.document import unknown
from pipeline.errors import UserError

_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def expression(text: str, schema: pa.Schema) -> pc.Expression:
    """The condition for a table of this schema. Raises UserError for what is outside the grammar, for a column that is
    not there, and for a comparison of different types; each message begins with `where`."""
    try:
        return _Reader(text, schema).truth(parse(text))
    except UserError as error:
        raise UserError(f"where {text!r}: {error}") from error


class _Reader:
    """One text against one schema."""

    def __init__(self, text: str, schema: pa.Schema) -> None:
        self._text = text
        self._schema = schema

    def truth(self, node: ast.expr) -> pc.Expression:
        """The expression of a condition."""
        if isinstance(node, ast.BoolOp):
            combine = operator.and_ if isinstance(node.op, ast.And) else operator.or_
            return functools.reduce(combine, [self.truth(part) for part in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.truth(node.operand)
        if isinstance(node, ast.Compare):
            return self._chain(node)
        raise refuse(self._text, node)

    def _chain(self, node: ast.Compare) -> pc.Expression:
        sides = [node.left, *node.comparators]
        parts = [self._comparison(node, *part) for part in zip(sides, node.ops, node.comparators, strict=False)]
        return functools.reduce(operator.and_, parts)

    def _comparison(self, whole: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pc.Expression:
        if isinstance(op, ast.In | ast.NotIn):
            found = self._contains(left, right)
            return ~found if isinstance(op, ast.NotIn) else found
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None) or _dotted(left) is None:
                raise refuse(self._text, whole)
            field = pc.field(self._column(left).name)
            return field.is_valid() if isinstance(op, ast.IsNot) else field.is_null()
        # A column says what type its partner must have; of two columns the left one does.
        kind = self._kind(left) or self._kind(right)
        if kind is None or type(op) not in _ORDER:
            raise refuse(self._text, whole)
        return _ORDER[type(op)](self._operand(left, kind), self._operand(right, kind))

    def _contains(self, item: ast.expr, container: ast.expr) -> pc.Expression:
        """In a list, an equal item; in a column's text, a part of it."""
        if isinstance(container, ast.List | ast.Tuple | ast.Set):
            column = self._column(item)
            values = [self._value(each, column.type) for each in container.elts]
            # Not isin: that calls a column without a value not in the list.
            return functools.reduce(
                operator.or_, [pc.field(column.name) == value for value in values], pc.scalar(False)
            )
        column, part = self._column(container), constant(item)
        if not pa.types.is_string(column.type) or not isinstance(part, str):
            raise UserError("`in` asks for a column in a list, or for a text in a column of text")
        return pc.match_substring(pc.field(column.name), part)

    def _column(self, node: ast.expr) -> pa.Field:
        name = _dotted(node)
        if name is None:
            raise refuse(self._text, node)
        if name not in self._schema.names:
            raise UserError(f"{unknown('column', name, self._schema.names)}. Text needs quotes")
        field = self._schema.field(name)
        return field.with_type(_plain(field.type))

    def _kind(self, node: ast.expr) -> pa.DataType | None:
        """The type of a column; None for a constant."""
        return None if _dotted(node) is None else self._column(node).type

    def _operand(self, node: ast.expr, kind: pa.DataType) -> Any:
        if _dotted(node) is None:
            return pc.scalar(self._value(node, kind))
        column = self._column(node)
        if _family(column.type) != _family(kind):
            raise UserError(f"{column.name} is {_family(column.type)} and cannot be compared with {_family(kind)}")
        return pc.field(column.name)

    def _value(self, node: ast.expr, kind: pa.DataType) -> pa.Scalar:
        """The constant as a value of the column's type."""
        value: object = constant(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            value = node.value
        if value is None:
            raise refuse(self._text, node)
        family = _family(kind)
        if family == "a time" and isinstance(value, str):
            return pa.scalar(_instant(value), kind)
        said = "true or false" if isinstance(value, bool) else "text" if isinstance(value, str) else "a number"
        if said != family:
            raise UserError(f"{value!r} is {said}, and the column is {family}")
        # A whole-number column may be asked for 2.5: compare as floats then.
        return pa.scalar(value, kind if family != "a number" else _number_type(float(str(value)), kind))


def _number_type(value: float, kind: pa.DataType) -> pa.DataType:
    """The column's own type where it holds the value exactly, so that row groups can be skipped by it."""
    if pa.types.is_integer(kind) and value.is_integer() and abs(value) < 2**31:
        return kind
    return pa.float64()


def _instant(text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{text!r} is no time: write 2026-01-31 or 2026-01-31T12:00") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)


def _dotted(node: ast.expr) -> str | None:
    """The column name that a name, or names with dots between, write down; None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return None if base is None else f"{base}.{node.attr}"
    return None


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _family(kind: pa.DataType) -> str:
    families: Sequence[tuple[Callable[[pa.DataType], bool], str]] = (
        (pa.types.is_string, "text"),
        (pa.types.is_boolean, "true or false"),
        (pa.types.is_timestamp, "a time"),
        (pa.types.is_integer, "a number"),
        (pa.types.is_floating, "a number"),
    )
    for matches, family in families:
        if matches(kind):
            return family
    return "of a type that has no order"
