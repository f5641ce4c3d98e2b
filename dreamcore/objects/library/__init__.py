"""Every thing that scenes are made of, in a fixed order."""

from __future__ import annotations

from dreamcore.objects.library import (
    animals,
    buildings,
    characters,
    clothing,
    food,
    furniture,
    household,
    nature,
    tools,
    toys,
    vehicles,
)
from dreamcore.objects.thing import Shelf, Thing

SHELVES: tuple[Shelf, ...] = tuple(
    module.SHELF
    for module in (food, nature, buildings, vehicles, furniture, household, animals, characters, tools, toys, clothing)
)
LIBRARY: tuple[Thing, ...] = tuple(thing for shelf in SHELVES for thing in shelf.things)
KINDS: tuple[str, ...] = tuple(shelf.kind for shelf in SHELVES)
BY_NAME: dict[str, Thing] = {thing.name: thing for thing in LIBRARY}
BY_NOUN: dict[str, Thing] = {noun: thing for thing in LIBRARY for noun in thing.nouns}

_SHARED = sorted({noun for thing in LIBRARY for noun in thing.nouns if BY_NOUN[noun] is not thing})
assert not _SHARED, f"more than one thing is called {', '.join(_SHARED)}"
