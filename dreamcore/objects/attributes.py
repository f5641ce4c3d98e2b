"""What the main and the second paint of a thing look like.

A look is a word or a few: the name of a plain colour, "golden", "silver", "wood", "stone", any other of
`solid.COLOURS`, or two plain colours and a pattern, "red and white striped".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from dreamcore.objects.solid import COLOURS, Draw, Paint, Pattern

PLAIN = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray", "teal",
    "light blue", "dark green",
)  # fmt: skip
METALS = ("golden", "silver")
MATERIALS = ("wood", "stone")
NAMED = (*PLAIN, *METALS, *MATERIALS)  # what captions name besides two-coloured looks
PATTERNS: dict[str, tuple[Pattern, float]] = {
    "striped": (Pattern.BANDS, 5.5),
    "checkered": (Pattern.CHECKS, 5.0),
    "polka dot": (Pattern.DOTS, 6.0),
}

_JITTER = 0.035  # with more, gold is as often yellow
RECOLOURED = 0.62  # of the scenes of a thing whose `recolour` is 1
_OTHER_LOOKS = ("plain", "golden", "silver", "wood", "stone", "pattern")
_OTHER_SHARES = (0.70, 0.08, 0.05, 0.05, 0.04, 0.08)
_NEAR = (
    {"golden", "yellow"}, {"silver", "gray"}, {"silver", "white"}, {"wood", "brown"}, {"stone", "gray"},
    {"dark green", "green"}, {"light blue", "blue"}, {"teal", "blue"}, {"teal", "green"},
)  # fmt: skip

_ADJECTIVES = {
    "gray": ("gray", "gray", "gray", "grey", "grey"),
    "golden": ("golden", "golden", "golden", "gold"),
    "teal": ("teal", "teal", "teal", "cyan"),
    "silver": ("silver", "silver", "silver", "metal"),
    "wood": ("wooden",),
    "stone": ("stone",),
}
_CANONICAL = {adjective: look for look, adjectives in _ADJECTIVES.items() for adjective in adjectives}


def adjectives(look: str) -> tuple[str, ...]:
    """What captions call a look, as often as each is said; empty if they have no word for it."""
    if look in _ADJECTIVES:
        return _ADJECTIVES[look]
    return (look,) if look in PLAIN or is_pattern(look) else ()


def look_of(adjective: str) -> str:
    """The look that a caption's adjective stands for."""
    return _CANONICAL.get(adjective, adjective)


def is_pattern(look: str) -> bool:
    """Whether it has two colours."""
    return " and " in look


@cache
def colours_of(look: str) -> tuple[str, ...]:
    """The two colours of a pattern, else the look itself. Raises ValueError for a look that there is not."""
    if is_pattern(look):
        first, rest = look.split(" and ", 1)
        for name in PATTERNS:
            if rest.endswith(f" {name}"):
                return (*colours_of(first), *colours_of(rest.removesuffix(f" {name}")))
    if look not in COLOURS and look not in MATERIALS:
        raise ValueError(
            f"look {look!r}: must be one of {', '.join((*COLOURS, *MATERIALS))}, "
            f"or two colours and one of {', '.join(PATTERNS)}"
        )
    return (look,)


def alike(one: str, other: str) -> bool:
    """Whether two plain looks could be taken for each other."""
    return one == other or {one, other} in _NEAR


def draw_look(generator: np.random.Generator, usual: str, recolour: float) -> tuple[str, bool]:
    """A look of the main paint, and whether it is another one than usual."""
    if generator.random() >= RECOLOURED * recolour:
        return usual, False
    kind = _OTHER_LOOKS[generator.choice(len(_OTHER_LOOKS), p=_OTHER_SHARES)]
    if kind == "plain":
        look = PLAIN[generator.integers(len(PLAIN))]
    elif kind == "pattern":
        look = draw_pattern(generator)
    else:
        look = kind
    return look, look != usual


def draw_pattern(generator: np.random.Generator) -> str:
    """Two colours that can be told apart, and a pattern."""
    while True:
        first, second = (PLAIN[index] for index in generator.choice(len(PLAIN), 2, replace=False))
        if not alike(first, second):
            return f"{first} and {second} {tuple(PATTERNS)[generator.integers(len(PATTERNS))]}"


def draw_second(generator: np.random.Generator, main: str) -> str:
    """A plain colour that can be told from the main look."""
    while True:
        look = PLAIN[generator.integers(len(PLAIN))]
        if not any(alike(look, colour) for colour in colours_of(main)):
            return look


def paint(draw: Draw, looks: Sequence[str]) -> Paint:
    """The paint of n variations, each with its own look."""
    layouts = [_layout(look) for look in looks]
    first = np.asarray([layout[0] for layout in layouts], np.float32)
    second = np.asarray([layout[1] for layout in layouts], np.float32)
    pattern = np.asarray([layout[2] for layout in layouts], np.float32)
    frequency = np.asarray([layout[3] for layout in layouts], np.float32)
    base = draw.paint_of(first, jitter=_JITTER)
    other = draw.paint_of(second, jitter=_JITTER)
    patterned = pattern != Pattern.PLAIN
    shine = np.where(draw.chance(0.3), draw.between(0.3, 0.7), np.float32(0.0))
    result = replace(
        base,
        second=np.where(patterned[:, None], other.colour, base.colour),
        pattern=pattern,
        frequency=np.where(patterned, frequency * draw.between(0.85, 1.2), frequency),
        gloss=np.where([look in METALS for look in looks], np.float32(1.0), shine),
    )
    wooden, stony = (np.asarray([look == material for look in looks]) for material in MATERIALS)
    if wooden.any():
        result = draw.wood().where(wooden, result)
    if stony.any():
        result = draw.stone().where(stony, result)
    return result


@cache
def _layout(look: str) -> tuple[tuple[float, ...], tuple[float, ...], float, float]:
    """Both colours, pattern and frequency. Those of wood and stone are painted over."""
    names = colours_of(look)
    first, second = (COLOURS.get(name, COLOURS["gray"]) for name in (names[0], names[-1]))
    for name, (pattern, frequency) in PATTERNS.items():
        if is_pattern(look) and look.endswith(name):
            return first, second, float(pattern), frequency
    return first, second, float(Pattern.PLAIN), 1.0
