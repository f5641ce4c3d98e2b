"""What an object of the library is: its names, its usual look, and how it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dreamcore.objects.solid import Draw, Paint, Solid

Build = Callable[[Solid, Draw, Paint, Paint], None]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """`build(solid, draw, main, second)` adds the parts of all variations to an empty solid.

    `nouns` are what captions call it, the first is its name. `main` is painted in `colour` (a name of
    `solid.COLOURS`, `wood` or `stone`) or, in a share `recolour` of the scenes, in another colour that the caption
    names. `second` is painted in `second`; if `part` names what it is (with an article where English wants one), some
    captions give it another colour too: "with a red roof". `directional`: it has a front. `weight`: how often it is
    drawn, compared with the others. `phrases` are captions that describe the whole without colours, for variations
    that have the usual look.
    """

    nouns: tuple[str, ...]
    kind: str
    colour: str
    second: str
    part: str
    recolour: float
    directional: bool
    weight: float
    phrases: tuple[str, ...]
    build: Build

    @property
    def name(self) -> str:
        return self.nouns[0]


@dataclass
class Shelf:
    """The things of one kind, in the order of their definition."""

    kind: str
    things: list[Thing] = field(default_factory=list)

    def thing(
        self,
        *nouns: str,
        colour: str = "gray",
        second: str = "gray",
        part: str = "",
        recolour: float = 1.0,
        directional: bool = False,
        weight: float = 1.0,
        phrases: tuple[str, ...] = (),
    ) -> Callable[[Build], Build]:
        """Puts the thing that the decorated function builds on the shelf."""

        def put(build: Build) -> Build:
            self.things.append(
                Thing(
                    nouns=nouns,
                    kind=self.kind,
                    colour=colour,
                    second=second,
                    part=part,
                    recolour=recolour,
                    directional=directional,
                    weight=weight,
                    phrases=phrases,
                    build=build,
                )
            )
            return build

        return put
