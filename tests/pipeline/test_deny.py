"""The deny-list: which prompts it finds, what it says, and that it changes no trial."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st

from pipeline import sweeps
from pipeline.deny import DenyFile, DenyList, check_prompts, load_deny, parse_entry, words
from pipeline.errors import UserError
from pipeline.spec import parse_spec

SPEC = "name: x\nstorage: {}/runs\nprior: mixture\nprompts: [a red mug, a bust of Jane Doe]\n"


def denies(entry: str, prompt: str) -> bool:
    return DenyList([parse_entry(entry, "deny[0]")]).match(prompt) is not None


@pytest.mark.parametrize(
    ("entry", "prompt"),
    [
        ("gun", "a gun"),
        ("gun", "GUN, made of glass"),
        ("gun", "toy-gun"),
        ("gun", "a \uff47\uff55\uff4e"),  # full width
        ("gun", "a g\u00adun"),  # soft hyphen
        ("gun", "a gu\u200bn"),  # a space without width
        ("Jane Doe", "a bust of jane   doe."),
        ("jane doe", "Jane-Doe's hat"),
        ("café", unicodedata.normalize("NFD", "a CAFÉ table")),
        ("straße", "STRASSE"),
        ("gun*", "many guns"),
        ("gun*", "a gun"),
        ("machine gun*", "two machine guns"),
        ("人", "一个人的雕像"),
        ("雕像", "一个人的雕像"),
        ("№ 5", "perfume no 5"),
    ],
)
def test_an_entry_is_found(entry: str, prompt: str) -> None:
    assert denies(entry, prompt)


@pytest.mark.parametrize(
    ("entry", "prompt"),
    [
        ("gun", "a begun house"),
        ("gun", "guns"),
        ("jane doe", "jane and doe"),
        ("jane doe", "doe jane"),
        ("jane doe", "jane"),
        ("gun*", "a shotgun"),
        ("machine gun*", "a machine"),
        ("像雕", "一个人的雕像"),
    ],
)
def test_an_entry_is_not_found_elsewhere(entry: str, prompt: str) -> None:
    assert not denies(entry, prompt)


@pytest.mark.parametrize("entry", ["", "  ", "*", "...", "a * b", "g*n", "gun *", "x" * 201])
def test_a_bad_entry_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="has no word|only at the end|characters"):
        parse_entry(entry, "")


@given(st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_a_word_is_found_wherever_it_stands(word: str, before: str, after: str) -> None:
    """Against an oracle without an index: a run of equal words."""
    if not words(word) or "*" in word:
        return
    entry = parse_entry(word, "")
    prompt = f"{before} {word} {after}"
    found = words(prompt)
    runs = [found[i : i + len(entry.words)] for i in range(len(found))]
    assert denies(word, prompt) is (entry.words in runs) is True


def test_the_message_names_prompt_and_entry(tmp_path: Path) -> None:
    path = tmp_path / "deny.txt"
    path.write_text("# weapons\n\ngun*\nJane Doe\n", encoding="utf-8")
    deny = load_deny(DenyFile(path="deny.txt"), tmp_path)
    check_prompts(["a mug", "a duck"], deny)
    with pytest.raises(UserError) as caught:
        check_prompts(["a mug", "a statue of Jane Doe", "two guns"], deny)
    assert str(caught.value) == (
        f"the prompt 'a statue of Jane Doe' is denied: it has 'Jane Doe', which is {path}:4. 1 more of the 3 "
        "prompts are denied too. Remove it, or change the deny-list"
    )


def test_of_files_what_is_wrong_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing.txt: cannot be read"):
        load_deny(DenyFile(path="missing.txt"), tmp_path)
    (tmp_path / "bad.txt").write_text("good\ng*n\n")
    with pytest.raises(UserError, match=r"bad.txt:2: 'g\*n' may have \* only at the end"):
        load_deny(DenyFile(path="bad.txt"), tmp_path)
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        load_deny(DenyFile(path="bytes.txt"), tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("deny: gun", "must be a list of words and phrases, or a mapping with the path"),
        ("deny: [gun, 12]", "must be a list of words and phrases"),
        ("deny: [gun, 'g*n']", "[1] = 'g*n' may have * only at the end of its last word"),
        ("deny: {file: x}", "unknown key. Known keys: path"),
        ("deny: {path: ''}", "must be a text file"),
    ],
)
def test_of_specs_what_is_wrong_is_told(line: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_spec(f"name: x\nprompts: [a]\n{line}\n", "s.yaml", None)
    assert message in str(caught.value)
    assert str(caught.value).startswith("s.yaml:3: deny")


def test_a_denied_sweep_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    spec = tmp_path / "x.yaml"
    spec.write_text(SPEC.format(tmp_path) + "deny: [weapon, jane doe]\n")
    for command in ("plan", "run"):
        refused = run(command, str(spec))
        assert refused.code == 2
        assert refused.err == (
            "error: the prompt 'a bust of Jane Doe' is denied: it has 'jane doe', which is deny[1]. Remove it, or "
            "change the deny-list\n"
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.yaml"]


def test_a_list_that_denies_nothing_changes_no_trial(tmp_path: Path) -> None:
    spec = tmp_path / "x.yaml"
    spec.write_text(SPEC.format(tmp_path))
    _, free = sweeps.load(spec)
    spec.write_text(SPEC.format(tmp_path) + "deny: [weapon]\n")
    _, checked = sweeps.load(spec)
    assert free == checked
