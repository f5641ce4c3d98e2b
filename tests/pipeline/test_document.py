"""YAML with line numbers: what passes, what is refused, and where it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.document import MAX_BYTES, Problem, dotted, parse_document, read_text, shown_value
from pipeline.errors import UserError

TEXT = """\
name: q
seeds:
  - 1
  - 2
set:
  guidance.scale:
    20
  deep: {a: [x, y]}
"""


def test_data_is_plain_and_lists_are_tuples() -> None:
    data = parse_document(TEXT, "x.yaml").data
    assert data == {"name": "q", "seeds": (1, 2), "set": {"guidance.scale": 20, "deep": {"a": ("x", "y")}}}


@pytest.mark.parametrize(
    ("place", "line"),
    [((), 1), (("name",), 1), (("seeds",), 2), (("seeds", 1), 4), (("set", "guidance.scale"), 7), (("set", "gone"), 5)],
)
def test_each_value_knows_its_line(place: tuple[str | int, ...], line: int) -> None:
    assert parse_document(TEXT, "x.yaml").line(place) == line


def test_problems_are_told_in_the_order_of_the_file_each_once() -> None:
    document = parse_document(TEXT, "x.yaml")
    late, early = Problem(("set", "deep"), "is deep"), Problem(("seeds", 1), "is two")
    with pytest.raises(UserError) as caught:
        document.check([late, early, late])
    assert str(caught.value).splitlines() == [
        "x.yaml:4: seeds[1] = 2: is two",
        'x.yaml:8: set.deep = {"a": ["x", "y"]}: is deep',
    ]
    document.check([])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("5.", 5.0),
        (".5", 0.5),
        ("-1_000", -1000),
        ("0x1F", 31),
        ("012", "012"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("off", False),
        ("yes", True),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
    ],
)
def test_scalars_are_read_as_people_mean_them(text: str, value: Any) -> None:
    read = parse_document(f"a: {text}\n", "x").data["a"]
    assert read == value
    assert type(read) is type(value)


def test_anchors_and_aliases_repeat_values() -> None:
    assert parse_document("a: &x [1, 2]\nb: *x\n", "x").data == {"a": (1, 2), "b": (1, 2)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x:1: is empty"),
        ("# only a comment\n", "x:1: is empty"),
        ("- a\n- b\n", "x:1: must be a mapping"),
        ("\njust text\n", "x:2: must be a mapping"),
        ("a: 1\nb:\n\t- 2\n", "x:3: is not valid YAML: found character '\\t' that cannot start any token. Indent with"),
        ("a: [1\nb: 2\n", "x:2: is not valid YAML"),
        ("a: 'x\n", "x:2: is not valid YAML: found unexpected end of stream"),
        ("a: *b\n", "x:1: is not valid YAML: found undefined alias 'b'"),
        ("a: 1\n---\nb: 1\n", "x:2: is not valid YAML: but found another document"),
        ("a: 1\nb: \x00\n", "x:2: has a character that YAML forbids (#x0000)"),
        ("a: " + "[" * 30 + "]" * 30, "x:1: is not valid YAML: more than 20 levels of nesting"),
        ("a: " + "[" * 10_000, "x:1: is not valid YAML: more than 20 levels of nesting"),
        ("a: " + "{a: " * 1000, "more than 20 levels of nesting"),
        ("a: &x [*x]\n", "x:1: has more than 20 levels of nesting, aliases expanded"),
    ],
)
def test_text_that_is_no_mapping_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_document(text, "x")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "x:1: a = 1: is given twice, again in line 3"),
        ("a: {b: 1, b: 2}\n", "x:1: a.b = 1: is given twice, again in line 1"),
        ("a: 1\n2: 3\n", "x:2: 2: a key must be text"),
        ("yes: 3\n", "x:1: yes: a key must be text"),
        ("[a]: 3\n", "x:1: a list or mapping: a key must be text"),
        ("a: !!python/object/apply:os.system [ls]\n", "python/object/apply:os.system is not allowed"),
        ("a: !own x\n", "the tag !own is not allowed"),
        ("a: !!set {x}\n", "set is not allowed"),
        ("a: !!int x\n", "'x' is not what its tag"),
        ("a: !!bool x\n", "'x' is not what its tag"),
        ("a: " + "9" * 5000, "is not what its tag"),
    ],
)
def test_faults_inside_a_mapping_become_problems(text: str, message: str) -> None:
    document = parse_document(text, "x")
    assert [message in document.describe(problem) for problem in document.problems] == [True]


def test_what_does_not_print_is_escaped() -> None:
    document = parse_document('a: {"x\\u0085y\\e[31m": "z\\u2028"}\n', "x")
    (key,) = document.data["a"]
    line = document.describe(Problem(("a", key), "is odd"))
    assert line.isprintable()
    assert line.startswith(r"x:1: a.x\x85y\x1b[31m = ")


def test_merge_keys_are_ordinary_keys() -> None:
    assert parse_document("<<: {a: 1}\n", "x").data == {"<<": {"a": 1}}


def test_a_long_list_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.document.MAX_VALUES", 1000)
    with pytest.raises(UserError, match="x:1: is not valid YAML: more than 1000 values"):
        parse_document("a: [" + "x," * 2000, "x")


def test_an_alias_bomb_is_stopped() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    bomb += "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    with pytest.raises(UserError, match="has more than 100000 values, aliases expanded"):
        parse_document(bomb, "x")


def test_files_are_read_as_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: caf\xc3\xa9\r\n")
    assert parse_document(read_text(path), "x").data == {"name": "café"}


def test_files_that_are_no_spec_are_refused(tmp_path: Path) -> None:
    big, latin = tmp_path / "big.yaml", tmp_path / "latin.yaml"
    big.write_bytes(b"#" * (MAX_BYTES + 1))
    latin.write_bytes("name: x\n# café\n".encode("latin-1"))
    for path, message in [
        (tmp_path / "none.yaml", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (big, "is over 1048576 bytes"),
        (latin, "latin.yaml:2: is not UTF-8 text"),
    ]:
        with pytest.raises(UserError) as caught:
            read_text(path)
        assert message in str(caught.value)


def test_places_and_values_are_shown_short() -> None:
    assert dotted(("set", "guidance.scale")) == "set.guidance.scale"
    assert dotted(("prompts", 3, "tags", "a")) == "prompts[3].tags.a"
    assert shown_value(("a", 1, None, True)) == '["a", 1, null, true]'
    assert len(shown_value("x" * 1000)) == 60
