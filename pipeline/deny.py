"""Words that no prompt of a sweep may have.

An entry is a word or several in a row. It matches whole words, whatever their case, accents' encoding and letter width;
`*` at the end of an entry stands for any ending. There is nothing else to write: no expression that a long prompt could
make slow. Letters of other alphabets that merely look alike are other letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from pipeline.document import read_text
from pipeline.errors import UserError
from pipeline.section import Section

MAX_ENTRIES = 20_000
MAX_CHARACTERS = 200

# Scripts that put no space between words: there each character is a word, so that an entry is found inside a sentence.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def _check_path(path: str) -> str:
    if not path.strip() or "\0" in path:
        raise ValueError("must be a text file with an entry a line")
    return path


class DenyFile(Section):
    """A deny-list in a file of its own."""

    path: Annotated[str, AfterValidator(_check_path)] = Field(
        description="A UTF-8 text file with an entry a line; lines that begin with # are comments. Relative to the "
        "folder of the YAML.",
    )


Deny = tuple[str, ...] | DenyFile


@dataclass(frozen=True)
class Entry:
    """`text` as it was written in `place`; its `words`, of which the last is a beginning if it is `open`."""

    text: str
    place: str
    words: tuple[str, ...]
    open: bool


class DenyList:
    """Entries, found by their first word."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_first: dict[str, list[Entry]] = {}
        self._by_beginning: dict[str, list[Entry]] = {}
        for entry in entries:
            single = entry.open and len(entry.words) == 1
            (self._by_beginning if single else self._by_first).setdefault(entry.words[0], []).append(entry)

    def match(self, prompt: str) -> Entry | None:
        """The first entry that the prompt has, by where it stands in the prompt; None if it has none."""
        found = words(prompt)
        for place, word in enumerate(found):
            for end in range(1, len(word) + 1 if self._by_beginning else 1):
                for entry in self._by_beginning.get(word[:end], ()):
                    return entry
            for entry in self._by_first.get(word, ()):
                if _stands_at(entry, found[place : place + len(entry.words)]):
                    return entry
        return None


def words(text: str) -> tuple[str, ...]:
    """The words of a text in the form in which they are compared: runs of letters, marks and digits."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    inside = False
    for character in text:
        category = unicodedata.category(character)
        if category == "Cf":  # joiners, soft hyphens, marks of direction: nobody sees them
            continue
        if category[0] not in "LMN":
            inside = False
        elif category == "Lo" and unicodedata.name(character, "").startswith(_UNSPACED):
            found.append(character)
            inside = False
        elif inside:
            found[-1] += character
        else:
            found.append(character)
            inside = True
    return tuple(found)


def parse_entry(text: str, place: str) -> Entry:
    """Raises ValueError for an entry without a word, one that is too long, and a `*` anywhere but at the end."""
    plain = text.strip()
    if len(plain) > MAX_CHARACTERS:
        raise ValueError(f"has {len(plain)} characters. An entry may have {MAX_CHARACTERS}")
    open_ended = plain.endswith("*")
    plain = plain.removesuffix("*")
    if "*" in plain or (open_ended and plain != plain.rstrip()):
        raise ValueError("may have * only at the end of its last word")
    found = words(plain)
    if not found:
        raise ValueError("has no word in it")
    return Entry(text=text.strip(), place=place, words=found, open=open_ended)


def load_deny(source: Deny, folder: Path) -> DenyList:
    """The list of `source`; `folder` is where a relative path starts. Raises UserError for a file that is missing or
    no text, and for a bad entry."""
    if not isinstance(source, DenyFile):
        return DenyList(parse_entry(text, f"deny[{place}]") for place, text in enumerate(source))
    path = folder / Path(source.path).expanduser()
    entries = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                entries.append(parse_entry(line, f"{path}:{number}"))
            except ValueError as error:
                raise UserError(f"{path}:{number}: {line.strip()[:60]!r} {error}") from error
    if len(entries) > MAX_ENTRIES:
        raise UserError(f"{path}: has {len(entries)} entries. A deny-list may have {MAX_ENTRIES}")
    return DenyList(entries)


def check_prompts(prompts: Sequence[str], deny: DenyList) -> None:
    """Raise UserError, naming the first denied prompt and the entry that it has, if any is denied."""
    denied = [(prompt, entry) for prompt in prompts if (entry := deny.match(prompt)) is not None]
    if not denied:
        return
    prompt, entry = denied[0]
    more = f" {len(denied) - 1} more of the {len(prompts)} prompts are denied too." if len(denied) > 1 else ""
    raise UserError(
        f"the prompt {prompt!r} is denied: it has {entry.text!r}, which is {entry.place}.{more} Remove it, or change "
        "the deny-list"
    )


def _stands_at(entry: Entry, found: Sequence[str]) -> bool:
    if len(found) < len(entry.words):
        return False
    *inner, last = entry.words
    ends = found[-1].startswith(last) if entry.open else found[-1] == last
    return ends and list(found[:-1]) == inner
