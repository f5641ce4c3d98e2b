"""What captions say: a small grammar of English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dreamcore.objects.attributes import NAMED, adjectives, look_of
from dreamcore.objects.hats import HATS
from dreamcore.objects.library import BY_NOUN
from dreamcore.objects.thing import Thing
from dreamcore.texts import VIEW_WORDS

MOST_WORDS = 16
NUMBERS = {2: "two", 3: "three"}
RELATIONS: dict[str, tuple[str, ...]] = {  # as captions say them
    "on": ("on", "on", "on top of"),
    "wearing": ("wearing",),
    "next to": ("next to",),
}


@dataclass(frozen=True, kw_only=True)
class Words:
    """What can be said of a scene. `kind` is thing, count, or a key of `RELATIONS`; `things` are the names of what is
    in it, a repeated one once, and `looks` their main paints, whether `base` names them or not; `second` is the look
    of the first thing's second paint if `base` names it, else empty. `base` is the caption, `bare` that of shapes."""

    base: str
    bare: str
    kind: str
    things: tuple[str, ...]
    looks: tuple[str, ...]
    second: str
    directional: bool


@dataclass(frozen=True, kw_only=True)
class CaptionSettings:
    """`view`: share with a view's words; `prefix`: share with "a photo of " or its like; `clay`: share of textureless
    views that are said to be so."""

    view: float = 0.75
    prefix: float = 0.25
    clay: float = 0.4

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} = {value}: must be between 0 and 1")


# ---- nouns -----------------------------------------------------------------------------------------------------------

_SPOKEN_VOWEL = ("hour", "honest", "mp3", "x-ray", "suv", "f1 ")
_SPOKEN_CONSONANT = ("uni", "ufo", "uku", "euro", "one", "usb", "ute")
_THE = ("earth", "planet earth", "moon", "sun", "eiffel tower")  # one of its kind, while no adjective is before it
_NAMES = ("saturn", "planet saturn", "santa", "santa claus", "father christmas")
_MASS = ("popcorn", "broccoli", "corn on the cob", "toilet paper")
_MANY = (
    "glasses",
    "sunglasses",
    "headphones",
    "trousers",
    "pants",
    "jeans",
    "shorts",
    "scissors",
    "binoculars",
    "goggles",
    "pliers",
    "stairs",
    "cherries",
    "grapes",
    "pancakes",
    "fries",
    "gloves",
    "mittens",
    "sneakers",
    "shoes",
    "boots",
    "socks",
    "skis",
    "dumbbells",
    "blocks",
    "bricks",
)
_IRREGULAR = {
    "man": "men", "mouse": "mice", "goose": "geese", "tooth": "teeth", "foot": "feet", "knife": "knives",
    "leaf": "leaves", "wolf": "wolves", "loaf": "loaves", "scarf": "scarves", "half": "halves",
    "sheep": "sheep", "deer": "deer", "moose": "moose", "aircraft": "aircraft", "die": "dice",
    "dice": "dice", "tomato": "tomatoes", "potato": "potatoes", "cactus": "cactuses", "person": "people",
    "child": "children", "ox": "oxen", "octopus": "octopuses", "volcano": "volcanoes", "superhero": "superheroes",
}  # fmt: skip


def article(phrase: str, noun: str | None = None) -> str:
    """The phrase, which ends in `noun`, with the article that it needs."""
    noun = phrase if noun is None else noun
    if (phrase == noun and noun in _NAMES) or is_many(noun):
        return phrase
    if phrase == noun and noun in _THE:
        return f"the {phrase}"
    vowel = phrase.startswith(_SPOKEN_VOWEL) or (phrase[0] in "aeiou" and not phrase.startswith(_SPOKEN_CONSONANT))
    return f"{'an' if vowel else 'a'} {phrase}"


def is_countable(noun: str) -> bool:
    """Whether there can be two of it, in words."""
    return not (is_many(noun) or noun in _THE or noun in _NAMES or " and " in noun)


def is_many(noun: str) -> bool:
    """Whether a noun takes no "a": "headphones", "broccoli"."""
    return noun in _MASS or noun.partition(" of ")[0].rpartition(" ")[2] in _MANY


def plural(noun: str) -> str:
    """Of "apple", "slice of pizza", "cactus in a pot" or "snowman"."""
    for link in (" of ", " in "):
        if link in noun:
            head, rest = noun.split(link, 1)
            return f"{plural(head)}{link}{rest}"
    first, space, last = noun.rpartition(" ")
    return f"{first}{space}{_plural_word(last)}"


def _plural_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for end, many in (("man", "men"), ("shelf", "shelves"), ("fish", "fish")):
        if word.endswith(end):
            return word.removesuffix(end) + many
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"


def part_phrase(part: str, adjective: str) -> str:
    """With "red", "a roof" is "a red roof" and "wheels" are "red wheels"."""
    for start in ("a ", "an "):
        if part.startswith(start):
            return article(f"{adjective} {part.removeprefix(start)}")
    return f"{adjective} {part}"


def phrase(noun: str, adjective: str = "", clause: str = "") -> str:
    """As in "a red house with a blue roof"."""
    named = article(f"{adjective} {noun}" if adjective else noun, noun)
    return f"{named} with {clause}" if clause else named


def adjective(generator: np.random.Generator, look: str) -> str:
    """One of the words for a look; empty if there is none."""
    choices = adjectives(look)
    return choices[generator.integers(len(choices))] if choices else ""


# ---- captions --------------------------------------------------------------------------------------------------------

PREFIXES = (
    "a photo of", "a 3d render of", "a DSLR photo of", "a rendering of", "an image of", "a 3d model of",
    "a picture of", "a rendered image of", "a toy model of",
)  # fmt: skip
CLAY = ("a textureless rendering of", "a gray clay model of", "an untextured model of", "a plain gray 3d model of")


def view_words(azimuth: float, elevation: float) -> str:
    """What `dreamcore.prompts.view_index` points to."""
    away = abs((azimuth + 180.0) % 360.0 - 180.0)
    return VIEW_WORDS[3 if elevation > 60.0 else 0 if away < 45.0 else 2 if away > 135.0 else 1]


def view_captions(
    generator: np.random.Generator,
    words: Sequence[Words],
    azimuth: Sequence[float],
    elevation: Sequence[float],
    textureless: Sequence[bool],
    settings: CaptionSettings,
) -> list[str]:
    """A caption for each view, of the words of its scene. None has more than `MOST_WORDS` words."""
    drawn = generator.random((len(words), 3))
    result = []
    for index, of in enumerate(words):
        start, which, end = drawn[index].tolist()
        bare = textureless[index]
        text, openings = (of.bare, CLAY) if bare else (of.base, PREFIXES)
        share = settings.clay if bare else settings.prefix
        suffix = f", {view_words(azimuth[index], elevation[index])}" if end < settings.view else ""
        if start < share:
            opened = f"{openings[int(which * len(openings))]} {text}"
            text = opened if len(f"{opened}{suffix}".split()) <= MOST_WORDS else text
        result.append(text + suffix)
    return result


# ---- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a plain caption asks for: one thing, or two and their relation (else empty). Looks are empty where the
    caption does not name them."""

    things: tuple[str, ...]
    looks: tuple[str, ...]
    relation: str = ""


def read(caption: str) -> Reading:
    """Of "a red mug" or "a penguin wearing a crown". Raises ValueError for words that it does not know."""
    alone = _read_one(caption, BY_NOUN)
    if alone is not None:
        return Reading(things=(alone[0].name,), looks=(alone[1],))
    for relation, spoken in RELATIONS.items():
        for words in sorted(set(spoken), key=len, reverse=True):
            first, _, second = caption.partition(f" {words} ")
            one, other = _read_one(first, BY_NOUN), _read_one(second, HATS if relation == "wearing" else BY_NOUN)
            if one is not None and other is not None:
                return Reading(things=(one[0].name, other[0].name), looks=(one[1], other[1]), relation=relation)
    raise ValueError(f"caption {caption!r}: names no thing of the library, with or without a colour, and no two")


_ADJECTIVES = sorted({word for look in NAMED for word in adjectives(look)}, key=len, reverse=True)


def _read_one(text: str, nouns: Mapping[str, Thing]) -> tuple[Thing, str] | None:
    """The thing and its look, if the caption names one."""
    for start in ("a ", "an ", "the "):
        text = text.removeprefix(start)
    if text in nouns:
        return nouns[text], ""
    for word in _ADJECTIVES:
        noun = text.removeprefix(f"{word} ")
        if noun != text and noun in nouns:
            return nouns[noun], look_of(word)
    return None
