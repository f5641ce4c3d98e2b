"""The `where` of a prompt table: a small part of Python that can compare and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.condition import Condition
from pipeline.errors import UserError

ROW = {"prompt": "a red mug", "kind": "thing", "colour": "red", "size": "10", "note": ""}


@pytest.mark.parametrize(
    "text",
    [
        "kind == 'thing'",
        "kind != 'food'",
        " kind == 'thing' and colour == 'red' ",
        "kind == 'food' or not colour == 'blue'",
        "kind in ['food', 'thing']",
        "kind in ('thing',)",
        "kind in {'thing'}",
        "kind not in ['food']",
        "'red' in prompt",
        "'blue' not in prompt",
        "size == 10",
        "size == 10.0",
        "size > 9",
        "9 < size <= 10",
        "size > -1",
        "size in [9, 10]",
        "note == ''",
        "note != 3",
        "kind < 'z'",
        "size < '9'",  # beside text a column is text
        "kind == 'x' or (kind == 'thing' and (size == 10 or note == 'y'))",
    ],
)
def test_true_of_the_row_and_its_negation_false(text: str) -> None:
    assert Condition(text).holds(ROW)
    assert not Condition(f"not ({text.strip()})").holds(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('ls') == 0",
        "kind.upper() == 'A'",
        "kind.__class__ == 'A'",
        "@kind == 'A'",
        "kind[0] == 'A'",
        "len(kind) > 3",
        "[x for x in kind] == 'a'",
        "(lambda: 1) == 1",
        "(kind := 'a') == 'a'",
        "f'{kind}' == 'a'",
        "kind + 'a' == 'a'",
        "(kind == 'a') & (size == 1)",
        "kind is 'a'",
        "kind == None",
        "kind == True",
        "kind == b'a'",
        "size == 1j",
        "size ** 9 == 1",
        "kind in [kind]",
        "kind in 'thing'",
        "kind if kind else kind",
        "kind and 'a'",
        "-kind == 1",
        "~size == 1",
        "kind",
        "'a'",
        "1",
        "",
        "kind = 'a'",
        "kind == 'a'; kind",
        "kind == 'a",
        "kind == '\0'",
        "(" * 300 + "kind == 'a'" + ")" * 300,
        "not " * 240 + "kind",
        "kind == '" + "x" * 1000 + "'",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"not allowed|cannot be read|is no condition|at most 1000 are allowed"):
        Condition(text)


def test_an_unknown_column_lists_the_known() -> None:
    condition = Condition("kind == food")
    with pytest.raises(UserError, match=r"there is no column food. Columns: prompt, kind. Text needs quotes"):
        condition.check_columns(["prompt", "kind"])
    condition.check_columns(["kind", "food"])


def test_text_cannot_be_ordered_beside_a_number() -> None:
    with pytest.raises(UserError, match=r"cannot order 'thing' and 3.0"):
        Condition("kind > 3").holds(ROW)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_numbers_compare_as_numbers(first: float, second: float) -> None:
    assert Condition(f"size < {second!r}").holds({"size": repr(first)}) == (first < second)
    assert Condition(f"size == {second!r}").holds({"size": repr(first)}) == (first == second)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), st.text(max_size=20))
def test_text_compares_as_text(constant: str, column: str) -> None:
    assert Condition(f"kind == {constant!r}").holds({"kind": column}) == (constant == column)
    assert Condition(f"kind in [{constant!r}]").holds({"kind": column}) == (constant == column)
