"""Which things are to be built, in which paints, and what can be said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from dreamcore.objects.attributes import NAMED, adjectives, draw_look, draw_second, paint
from dreamcore.objects.captions import (
    NUMBERS,
    RELATIONS,
    Reading,
    Words,
    adjective,
    article,
    is_countable,
    part_phrase,
    phrase,
    plural,
)
from dreamcore.objects.hats import HATS, SHELF
from dreamcore.objects.held_out import is_held_out
from dreamcore.objects.library import BY_NAME, LIBRARY
from dreamcore.objects.solid import MAX_PARTS, Draw, Op, Solid
from dreamcore.objects.thing import Thing

SHARES = {"thing": 0.82, "on": 0.06, "wearing": 0.05, "next to": 0.03, "count": 0.04}
MOST_BASE_WORDS = 14
COUNTED_PARTS = 16
NO_FRONTS: Mapping[str, float] = MappingProxyType({})

Role = tuple[tuple[Thing, ...], tuple[float, ...]]  # things, and the shares up to and with each


@dataclass(frozen=True, kw_only=True)
class Item:
    """One object of a scene. An empty second look is the usual one."""

    thing: Thing
    look: str
    second: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    items: tuple[Item, ...]
    words: Words


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What does not depend on the variation. `cuts`: it takes away from whatever was there before."""

    parts: int
    cuts: bool
    top: bool
    head: bool


@cache
def traits(thing: Thing) -> Traits:
    """Of a thing, found by building one."""
    solid, draw = Solid(1), Draw(np.random.default_rng(0), 1)
    thing.build(solid, draw, paint(draw, [thing.colour]), paint(draw, [thing.second]))
    return Traits(
        parts=len(solid.parts),
        cuts=any(part.op in (Op.CUT, Op.CLIP) for part in solid.parts),
        top=solid.top is not None,
        head=solid.head is not None,
    )


# ---- random orders ---------------------------------------------------------------------------------------------------


def draw_orders(
    generator: np.random.Generator, count: int, held_out: bool = False, fronts: Mapping[str, float] = NO_FRONTS
) -> list[Order]:
    """Random ones; with held-out combinations only if `held_out`. Of the scenes of one thing, those with a front are
    drawn as many times as often as `fronts` says of their kind."""
    kinds = generator.choice(len(SHARES), size=count, p=list(SHARES.values()))
    role = _role("any", tuple(sorted(fronts.items())))
    return [_draw_order(generator, tuple(SHARES)[kind], held_out, role) for kind in kinds]


def _draw_order(generator: np.random.Generator, kind: str, held_out: bool, alone: Role) -> Order:
    while True:
        order = _draw_thing(generator, alone) if kind == "thing" else _DRAWS[kind](generator)
        if _fits(order) and (held_out or not is_held_out(order.words)):
            return order


def _fits(order: Order) -> bool:
    each = [traits(item.thing) for item in order.items]
    return (
        sum(one.parts for one in each) <= MAX_PARTS
        and sum(one.cuts for one in each) <= 1  # the one that cuts is built first
        and len(order.words.base.split()) <= MOST_BASE_WORDS
    )


def _draw_thing(generator: np.random.Generator, alone: Role) -> Order:
    thing = _pick_of(generator, alone)
    look, other = draw_look(generator, thing.colour, thing.recolour)
    noun = _noun(generator, thing, look, other)
    said = _said(generator, thing, noun, look, other)
    second = clause = ""
    if thing.part and generator.random() < 0.4:
        second = draw_second(generator, look) if generator.random() < 0.75 else thing.second
        word = adjective(generator, second)
        clause = part_phrase(thing.part, word) if word and word not in thing.part.split() else ""
        second = second if clause else ""
    base = phrase(noun, said, clause)
    if thing.phrases and not (other or clause) and generator.random() < 0.35:
        base = thing.phrases[generator.integers(len(thing.phrases))]
    item = Item(thing=thing, look=look, second=second)
    return _order("thing", [item], base, article(noun))


def _draw_on(generator: np.random.Generator) -> Order:
    return _draw_pair(generator, "on", _pick(generator, "small"), _pick(generator, "top"))


def _draw_wearing(generator: np.random.Generator) -> Order:
    weights = np.asarray([hat.weight for hat in SHELF.things])
    hat = SHELF.things[generator.choice(len(weights), p=weights / weights.sum())]
    return _draw_pair(generator, "wearing", _pick(generator, "head"), hat)


def _draw_beside(generator: np.random.Generator) -> Order:
    while True:
        first, second = _pick(generator, "any"), _pick(generator, "any")
        if first is not second:
            return _draw_pair(generator, "next to", first, second)


def _draw_pair(generator: np.random.Generator, relation: str, first: Thing, second: Thing) -> Order:
    items, texts, bare = [], [], []
    for thing in (first, second):
        look, other = draw_look(generator, thing.colour, thing.recolour)
        noun = _noun(generator, thing, look, other)
        items.append(Item(thing=thing, look=look))
        texts.append(phrase(noun, _said(generator, thing, noun, look, other)))
        bare.append(article(noun))
    spoken = RELATIONS[relation]
    return _order(
        relation, items, f" {spoken[generator.integers(len(spoken))]} ".join(texts), f" {relation} ".join(bare)
    )


def _draw_count(generator: np.random.Generator) -> Order:
    thing = _pick(generator, "few parts")
    number = 2 if generator.random() < 0.6 or 3 * traits(thing).parts > MAX_PARTS else 3
    look, other = draw_look(generator, thing.colour, thing.recolour)
    said = _said(generator, thing, thing.name, look, other)
    many = f"{NUMBERS[number]} {said} {plural(thing.name)}".replace("  ", " ")
    return _order("count", [Item(thing=thing, look=look)] * number, many, f"{NUMBERS[number]} {plural(thing.name)}")


_DRAWS: dict[str, Callable[[np.random.Generator], Order]] = {
    "on": _draw_on,
    "wearing": _draw_wearing,
    "next to": _draw_beside,
    "count": _draw_count,
}


def _order(kind: str, items: Sequence[Item], base: str, bare: str) -> Order:
    named = items[:1] if kind == "count" else items
    words = Words(
        base=base,
        bare=bare,
        kind=kind,
        things=tuple(item.thing.name for item in named),
        looks=tuple(item.look for item in named),
        second=items[0].second,
        directional=items[0].thing.directional,
    )
    return Order(items=tuple(items), words=words)


_ROLES: dict[str, Callable[[Thing], bool]] = {
    "any": lambda thing: True,
    "top": lambda thing: traits(thing).top,
    "head": lambda thing: traits(thing).head,
    "small": lambda thing: not traits(thing).top and thing.kind != "building",
    "few parts": lambda thing: (
        traits(thing).parts <= COUNTED_PARTS
        and not traits(thing).cuts
        and thing.kind != "building"
        and is_countable(thing.name)
    ),
}


@cache
def _role(name: str, fronts: tuple[tuple[str, float], ...] = ()) -> Role:
    """The things that can play a role. Those with a front are drawn more often by the factor of their kind."""
    things = tuple(thing for thing in LIBRARY if _ROLES[name](thing))
    factors = dict(fronts)
    weights = [thing.weight * (factors.get(thing.kind, 1.0) if thing.directional else 1.0) for thing in things]
    total = sum(weights)
    return things, tuple(np.cumsum([weight / total for weight in weights]).tolist())


def _pick(generator: np.random.Generator, role: str) -> Thing:
    return _pick_of(generator, _role(role))


def _pick_of(generator: np.random.Generator, role: Role) -> Thing:
    things, shares = role
    return things[min(int(np.searchsorted(shares, generator.random(), side="right")), len(things) - 1)]


_COLOUR_WORDS = {word for look in NAMED for word in adjectives(look)}


def _noun(generator: np.random.Generator, thing: Thing, look: str, other: bool) -> str:
    """One of a thing's nouns; none that names another look than it has ("a red stone tower")."""
    nouns = thing.nouns
    if other:
        nouns = tuple(noun for noun in nouns if not _COLOUR_WORDS & set(noun.split())) or nouns
    return nouns[generator.integers(len(nouns))]


def _said(generator: np.random.Generator, thing: Thing, noun: str, look: str, other: bool) -> str:
    """The adjective that a caption uses: always if the look is unusual, else in a third of the captions."""
    if not other and (thing.recolour == 0.0 or generator.random() > 1.0 / 3.0):
        return ""
    if not other and _COLOUR_WORDS & set(noun.split()):
        return ""
    return adjective(generator, look)


# ---- orders for given captions ---------------------------------------------------------------------------------------


def order_for(reading: Reading, base: str = "") -> Order:
    """What a plain caption asks for. Looks that it leaves open are the usual ones. Raises ValueError where the things
    cannot be so combined."""
    names = [BY_NAME, HATS if reading.relation == "wearing" else BY_NAME]
    items = [
        Item(thing=table[name], look=look or table[name].colour)
        for name, look, table in zip(reading.things, reading.looks, names, strict=False)
    ]
    said = [adjectives(look)[0] if look else "" for look in reading.looks]
    nouns = [item.thing.name for item in items]
    between = f" {reading.relation} "
    order = _order(
        reading.relation or "thing",
        items,
        base or between.join(phrase(noun, word) for noun, word in zip(nouns, said, strict=True)),
        between.join(article(noun) for noun in nouns),
    )
    first, last = traits(items[0].thing), traits(items[-1].thing)
    if (
        not _fits(order)
        or (reading.relation == "on" and not last.top)
        or (reading.relation == "wearing" and not first.head)
    ):
        raise ValueError(f"caption {order.words.base!r}: cannot be built of the things of the library")
    return order
