"""Fruit, vegetables, dishes and sweets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dreamcore.objects.library.shapes import around, chain, direction
from dreamcore.objects.solid import Draw, Number, Numbers, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("food")

SWEET = ("red", "yellow", "light blue", "white", "green", "purple")


def _bow(degrees: Sequence[Number], ring: Scalar, wide: Scalar = 1.0) -> list[Triple]:
    """Points of an ellipse in the xy plane; angle 0 is its lowest point."""
    return [(wide * ring * s, -ring * c, 0.0) for c, s in map(direction, degrees)]


def _leaf(solid: Solid, draw: Draw, centre: Triple, length: Number = 0.2, tilt: Number = 25.0) -> None:
    solid.ellipsoid(centre, (length, 0.045, 0.5 * length), draw.paint("green"), turn=(0, draw.between(-50, 50), tilt))


def _bun(draw: Draw) -> Paint:
    return draw.rgb(0.82, 0.53, 0.25)


# ---- fruit -----------------------------------------------------------------------------------------------------------


@SHELF.thing("apple", colour="red", weight=1.5, phrases=("a shiny red apple",))
def _apple(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, skin = draw.between(0.4, 0.47), main.glossy(0.5)
    solid.ellipsoid((0, 0.06, 0), (0.5, tall, 0.5), skin)
    solid.ellipsoid((0, -0.22, 0), (0.33, 0.28, 0.33), skin, blend=0.12)
    solid.ellipsoid((0, tall + 0.19, 0), (0.26, 0.24, 0.26), skin, cut=True)
    solid.ellipsoid((0, -0.62, 0), 0.18, skin, cut=True)
    solid.capsule((0, tall - 0.1, 0), (draw.between(-0.1, 0.1), tall + 0.3, 0), 0.04, draw.paint("brown"))
    _leaf(solid, draw, (0.19, tall + 0.2, 0), 0.2)


@SHELF.thing("pear", colour="green", phrases=("a green pear",))
def _pear(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, lean = main.glossy(0.3), draw.between(-0.06, 0.06)
    solid.ellipsoid((0, -0.22, 0), (0.43, draw.between(0.36, 0.42), 0.43), skin)
    solid.ellipsoid((lean, 0.26, 0), (0.23, draw.between(0.3, 0.36), 0.23), skin, blend=0.25)
    solid.capsule((lean, 0.52, 0), (lean + 0.06, 0.76, 0), 0.04, draw.paint("brown"))
    _leaf(solid, draw, (lean + 0.19, 0.66, 0), 0.17)


@SHELF.thing("banana", colour="yellow", recolour=0.6, weight=1.2)
def _banana(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick, tip = draw.between(0.15, 0.2), draw.paint("brown")
    points = _bow((-66, -52, -35, -12, 12, 35, 52, 66), draw.between(0.64, 0.74), 1.05)
    chain(solid, points, [thick * share for share in (0.4, 0.72, 0.92, 1.0, 1.0, 0.9, 0.68, 0.36)], main, 0.08)
    (x, y, _), (u, v, _) = points[0], points[-1]
    solid.capsule((x, y, 0), (x - 0.05, y + 0.16, 0), 0.055, tip)
    solid.ellipsoid((u + 0.01, v + 0.05, 0), 0.06, tip)


def _gourd(solid: Solid, draw: Draw, skin: Paint) -> Numbers:
    """A pumpkin; returns half its height."""
    tall = draw.between(0.34, 0.46)
    solid.ellipsoid((0, 0, 0), (0.4, tall * 0.92, 0.4), skin)
    for c, s in around(9, 9, 90):
        solid.ellipsoid((0.29 * c, 0, 0.29 * s), (0.23, tall, 0.23), skin)
    stem = draw.paint("dark green", "brown")
    solid.capsule((0, tall * 0.85, 0), (0.03, tall + 0.14, 0), 0.1, stem, end_radius=0.06)
    solid.capsule((0.03, tall + 0.14, 0), (0.13, tall + 0.22, 0.02), 0.06, stem)
    return tall


@SHELF.thing("pumpkin", colour="orange", weight=1.3)
def _pumpkin(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _gourd(solid, draw, main)


@SHELF.thing("jack-o-lantern", "carved halloween pumpkin", colour="orange", directional=True)
def _jack(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _gourd(solid, draw, main)
    glow, wide = draw.rgb(0.99, 0.88, 0.25), draw.between(0.19, 0.23)
    for side in (-1, 1):
        solid.prism((side * wide, 0.03, 0.5), 0.14, 0.21, 0.28, glow, cut=True)
    solid.prism((0, -0.06, 0.55), 0.06, 0.1, 0.22, glow, cut=True)
    solid.prism((0, -0.09, 0.5), 0.4, draw.between(0.24, 0.29), 0.28, glow, turn=(0, 0, 180), cut=True)
    for x in (-0.14, 0.14):
        solid.box((x, -0.11, 0.44), (0.05, 0.06, 0.06), main)
    solid.box((0, -0.28, 0.42), (0.05, 0.05, 0.06), main, when=draw.chance(0.5))


@SHELF.thing("pineapple", colour="yellow", recolour=0.5, weight=1.2)
def _pineapple(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, leaf = draw.between(0.4, 0.5), draw.paint("green", "dark green")
    skin = main.patterned(Pattern.CHECKS, 9.0, main.shaded(0.62))
    solid.ellipsoid((0, -0.15, 0), (0.34, tall, 0.34), skin)
    top = tall - 0.22
    for index, (c, s) in enumerate(around(5, 10, 20)):
        reach, up = (0.3, 0.3) if index < 5 else (0.17, 0.48)
        x, z = (c, s) if index < 5 else (s, c)
        solid.capsule((0.05 * x, top, 0.05 * z), (reach * x, top + up, reach * z), 0.08, leaf, end_radius=0.02)
    solid.capsule((0, top, 0), (0, top + 0.6, 0), 0.09, leaf, end_radius=0.02)


@SHELF.thing("strawberry", colour="red", recolour=0.5, weight=1.2)
def _strawberry(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = main.patterned(Pattern.DOTS, 7.5, draw.rgb(0.98, 0.88, 0.45)).glossy(0.3)
    leaf = draw.paint("green")
    solid.capsule((0, draw.between(-0.42, -0.34), 0), (0, 0.14, 0), 0.13, skin, end_radius=0.43)
    solid.ellipsoid((0, 0.04, 0), (0.42, 0.42, 0.42), skin, blend=0.2)
    for c, s in around(6, 6):
        solid.capsule((0, 0.5, 0), (0.24 * c, 0.49, 0.24 * s), 0.08, leaf)
        solid.capsule((0.24 * c, 0.49, 0.24 * s), (0.42 * c, 0.56, 0.42 * s), 0.08, leaf, end_radius=0.03)
    solid.capsule((0, 0.5, 0), (0.06, 0.76, 0), 0.05, leaf)


@SHELF.thing("slice of watermelon", "watermelon slice", colour="red", recolour=0.0)
def _watermelon_slice(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick, flat = draw.between(0.12, 0.17), (90.0, 0.0, 0.0)
    rinds = (main, draw.rgb(0.93, 0.96, 0.82), draw.paint("dark green"))
    for index, (radius, rind) in enumerate(zip((0.5, 0.56, 0.64), rinds, strict=True)):
        deep = thick - 0.006 * index
        solid.box((0, -radius / 2 - 0.005 * index, 0), (radius, radius / 2, deep), rind, rounding=0.0)
        solid.cylinder((0, 0, 0), 0.5, radius, rind, turn=flat, clip=True)
    seed = draw.paint("black", gloss=0.5, jitter=0.02)
    for x, y in (
        (-0.33, -0.13),
        (-0.11, -0.12),
        (0.11, -0.12),
        (0.33, -0.13),
        (-0.2, -0.29),
        (0.02, -0.33),
        (0.22, -0.29),
    ):
        solid.ellipsoid((x, y, 0), (0.035, 0.06, thick + 0.03), seed)


@SHELF.thing("watermelon", colour="green", recolour=0.0, weight=0.7)
def _watermelon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = main.patterned(Pattern.SECTORS, 8.0, draw.paint("dark green")).glossy(0.3)
    flesh, seed = draw.paint("red"), draw.paint("black", jitter=0.02)
    solid.ellipsoid((0, 0, 0), (draw.between(0.42, 0.46), 0.56, draw.between(0.42, 0.46)), skin, turn=(0, 0, 90))
    solid.box((0.25, 0.45, 0.42), (0.36, 0.4, 0.42), flesh, turn=(0, 0, draw.between(-8, 8)), rounding=0.0, cut=True)
    for x, y, z in ((0.1, 0.05, 0.2), (0.25, 0.05, 0.27), (0.36, 0.05, 0.15), (0.0, 0.18, 0.0), (0.2, 0.2, 0.0)):
        solid.ellipsoid((x, y, z), (0.045, 0.03, 0.03), seed)


@SHELF.thing("pair of cherries", "cherries", colour="red", recolour=0.4)
def _cherries(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, stem = main.glossy(0.7), draw.rgb(0.35, 0.5, 0.15)
    top = (draw.between(-0.02, 0.1), 0.62, 0.0)
    for side in (-1, 1):
        drop = draw.between(-0.36, -0.26)
        bend = (side * 0.24, 0.18, 0)
        solid.ellipsoid((side * 0.31, drop, 0), (0.28, 0.26, 0.28), skin)
        chain(solid, ((side * 0.3, drop + 0.2, 0), bend, top), (0.035, 0.035, 0.035), stem)
    _leaf(solid, draw, (0.27, 0.6, 0), 0.25, -12)


@SHELF.thing("bunch of grapes", "grapes", colour="purple", recolour=0.6)
def _grapes(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = main.glossy(0.5)
    for height, radius, count in ((0.26, 0.27, 6), (0.05, 0.29, 6), (-0.16, 0.2, 5), (-0.36, 0.12, 3), (-0.54, 0.0, 1)):
        for c, s in around(count, count, 50.0 * height * count + draw.between(-6, 6)):
            wobble = draw.between(-0.03, 0.03)
            solid.ellipsoid((radius * c, height + wobble, radius * s), draw.between(0.145, 0.17), skin)
    solid.ellipsoid((0, 0.36, 0), 0.18, skin)
    solid.capsule((0, 0.4, 0), (0.06, 0.72, 0), 0.04, draw.paint("brown"))
    for side in (-1, 1):
        _leaf(solid, draw, (side * 0.24, 0.56, 0), 0.22, side * 18.0)


@SHELF.thing("lemon", colour="yellow", recolour=0.3)
def _lemon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, long = main.glossy(0.3), draw.between(0.46, 0.54)
    solid.ellipsoid((0, 0, 0), (long, 0.38, 0.38), skin)
    solid.capsule((0, 0, 0), (long + 0.1, 0, 0), 0.2, skin, end_radius=0.07, blend=0.12)
    solid.capsule((0, 0, 0), (-long - 0.05, 0, 0), 0.2, skin, end_radius=0.08, blend=0.12)
    solid.ellipsoid((-long - 0.11, 0.01, 0), 0.055, draw.rgb(0.35, 0.45, 0.15))
    solid.ellipsoid(
        (-long + 0.1, 0.36, 0), (0.24, 0.04, 0.12), draw.paint("green"), turn=(0, draw.between(-30, 30), 20)
    )


@SHELF.thing("orange and a half", "orange cut in half", "orange", colour="orange", recolour=0.0)
def _orange(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, face = main.glossy(0.3), draw.between(-25, 5)
    solid.ellipsoid((-0.24, 0.08, -0.18), 0.42, skin)
    solid.cylinder((-0.24, 0.48, -0.18), 0.05, 0.05, draw.rgb(0.3, 0.45, 0.15))
    _leaf(solid, draw, (-0.06, 0.53, -0.18), 0.18, 15)
    c, s = direction(face)
    for depth, radius, paint in (
        (0.1, 0.37, skin),
        (0.115, 0.34, draw.rgb(0.98, 0.9, 0.72)),
        (0.13, 0.3, main.patterned(Pattern.SECTORS, 9.0, draw.rgb(0.99, 0.78, 0.4))),
    ):
        solid.cylinder((0.36 + 0.05 * s, 0.03, 0.26 + 0.05 * c), depth, radius, paint, turn=(90, face, 0))
    solid.ellipsoid((0.36 - 0.05 * s, 0.03, 0.26 - 0.05 * c), (0.37, 0.37, 0.2), skin, turn=(0, face, 0))


@SHELF.thing("coconut", "coconut cut in half", colour="brown", recolour=0.0)
def _coconut(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    shell = main.patterned(Pattern.CLOUDS, 12.0)
    flesh, dark = draw.rgb(0.98, 0.97, 0.93), draw.rgb(0.15, 0.09, 0.05)
    solid.ellipsoid((0.26, -0.04, 0.2), 0.42, shell)
    solid.box((0.26, 0.33, 0.56), (0.7, 0.3, 0.7), shell, turn=(40, 12, 0), rounding=0.0, cut=True)
    solid.ellipsoid((0.26, -0.04, 0.2), 0.37, flesh, blend=0.0)
    solid.box((0.26, 0.33, 0.56), (0.7, 0.29, 0.7), flesh, turn=(40, 12, 0), rounding=0.0, cut=True)
    solid.ellipsoid((0.27, 0.04, 0.29), 0.27, flesh.shaded(0.88), cut=True)
    solid.ellipsoid((-0.26, 0.04, -0.24), (0.42, 0.44, 0.42), shell)
    for x, y in ((-0.36, 0.3), (-0.2, 0.33), (-0.29, 0.18)):
        solid.ellipsoid((x, y, 0.07), 0.055, dark)


@SHELF.thing("avocado half", "half avocado", "avocado", colour="dark green", recolour=0.0)
def _avocado(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    flesh, slim = draw.rgb(0.85, 0.88, 0.45), draw.between(0.24, 0.3)
    for shrink, depth, paint in ((0.0, 0.0, main), (0.055, 0.02, flesh)):
        solid.ellipsoid((0, -0.16, 0), (0.44 - shrink, 0.46 - shrink, 0.3), paint)
        solid.ellipsoid((0, 0.3, 0), (slim - shrink, 0.42 - shrink, 0.22), paint, blend=0.14)
        solid.box((0, 0, 0.5 + depth), (1, 1, 0.5), paint, rounding=0.0, cut=True)
    solid.ellipsoid((0, -0.19, 0.04), draw.between(0.19, 0.24), draw.rgb(0.48, 0.27, 0.12).glossy(0.5))


# ---- vegetables ------------------------------------------------------------------------------------------------------


@SHELF.thing("carrot", colour="orange", recolour=0.5)
def _carrot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, wide, leaf = draw.between(0.42, 0.54), draw.between(0.22, 0.29), draw.paint("green")
    solid.capsule((0, -long, 0), (0, long, 0), 0.035, main, end_radius=wide)
    for index, side in enumerate((-1, 1, -1)):
        y, thick = long * (0.7 - 0.5 * index), wide * (0.84 - 0.22 * index)
        solid.torus((side * 0.03, y, 0), thick - 0.01, 0.022, main.shaded(0.75))
    for c, s in around(5, 5, draw.between(0, 72)):
        base, tip = (0.05 * c, long + wide * 0.8, 0.05 * s), (0.2 * c, long + 0.52, 0.2 * s)
        solid.capsule(base, tip, 0.045, leaf, end_radius=0.085)
    solid.capsule((0, long + 0.1, 0), (0, long + 0.6, 0), 0.05, leaf, end_radius=0.085)


@SHELF.thing("tomato", colour="red", recolour=0.5)
def _tomato(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, leaf, tall = main.glossy(0.7), draw.paint("green"), draw.between(0.36, 0.44)
    for index, (c, s) in enumerate(around(5, 5, 18)):
        solid.ellipsoid((0.15 * c, 0, 0.15 * s), (0.38, tall, 0.38), skin, blend=0.06 if index else 0)
    solid.ellipsoid((0, tall + 0.1, 0), (0.18, 0.16, 0.18), skin, cut=True)
    for c, s in around(5, 5, draw.between(0, 72)):
        solid.capsule((0, tall, 0), (0.28 * c, tall + 0.02, 0.28 * s), 0.07, leaf, end_radius=0.025)
        solid.capsule((0.28 * c, tall + 0.02, 0.28 * s), (0.38 * c, tall + 0.1, 0.38 * s), 0.03, leaf)
    solid.capsule((0, tall, 0), (0.05, tall + 0.2, 0), 0.05, leaf)


@SHELF.thing("corn cob", "ear of corn", "corn on the cob", colour="yellow", recolour=0.3)
def _corn(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    grain = main.patterned(Pattern.CHECKS, draw.between(11, 13), main.shaded(0.8))
    husk, wide = draw.rgb(0.45, 0.7, 0.25), draw.between(0.2, 0.25)
    solid.ellipsoid((0, 0.12, 0), (wide, 0.66, wide), grain)
    for y in (-0.16, 0.02, 0.2, 0.38, 0.54):
        thick = 0.045 if y < 0.5 else 0.035
        ring = wide * np.sqrt(1 - ((y - 0.12) / 0.66) ** 2) - 0.025
        solid.torus((0, y, 0), ring, thick, grain)
    for index, (c, s) in enumerate(around(4, 4, draw.between(-20, 20))):
        tip, spread = (0.1, 0.34) if index % 2 else (0.26, 0.42)
        husks = husk.shaded(1.0 if index % 2 else 0.8)
        middle = (0.26 * c, -0.25, 0.26 * s)
        chain(solid, ((0.04 * c, -0.58, 0.04 * s), middle, (spread * c, tip, spread * s)), (0.1, 0.13, 0.03), husks)
    solid.cylinder((0, -0.7, 0), 0.1, 0.1, husk.shaded(0.85))


@SHELF.thing("broccoli", colour="green", recolour=0.3)
def _broccoli(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    head, stem = main.patterned(Pattern.CLOUDS, 16.0), draw.rgb(0.65, 0.8, 0.4)
    solid.cylinder((0, -0.4, 0), 0.26, 0.15, stem, above=0.17, rounding=0.04)
    for c, s in around(5, 5, 18):
        solid.capsule((0.05 * c, -0.3, 0.05 * s), (0.28 * c, -0.02, 0.28 * s), 0.1, stem, blend=0.04)
    for c, s in around(6, 6, draw.between(0, 60)):
        solid.ellipsoid((0.34 * c, draw.between(0.04, 0.12), 0.34 * s), draw.between(0.2, 0.25), head)
    for c, s in around(3, 3, draw.between(0, 120)):
        solid.ellipsoid((0.17 * c, draw.between(0.28, 0.36), 0.17 * s), draw.between(0.22, 0.26), head)


@SHELF.thing("eggplant", "aubergine", colour="purple", recolour=0.3)
def _eggplant(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, cap = main.glossy(0.8), draw.paint("green", "dark green")
    lean = draw.between(0.08, 0.18)
    solid.ellipsoid((0, -0.28, 0), (0.34, 0.38, 0.34), skin)
    solid.capsule((0, -0.2, 0), (lean, 0.42, 0), 0.3, skin, end_radius=0.19, blend=0.1)
    for c, s in around(5, 5):
        solid.capsule((lean, 0.6, 0), (lean + 0.2 * c, 0.4, 0.2 * s), 0.09, cap, end_radius=0.035)
    solid.capsule((lean, 0.58, 0), (lean + 0.1, 0.84, 0), 0.075, cap, end_radius=0.055)


@SHELF.thing("bell pepper", "pepper", colour="red")
def _bell_pepper(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, stem, tall = main.glossy(0.7), draw.paint("green"), draw.between(0.36, 0.46)
    for index, (c, s) in enumerate(around(4, 4, 45)):
        blend = 0.05 if index else 0
        solid.capsule(
            (0.14 * c, -tall + 0.1, 0.14 * s),
            (0.21 * c, tall - 0.2, 0.21 * s),
            0.18,
            skin,
            end_radius=0.25,
            blend=blend,
        )
    solid.ellipsoid((0, tall + 0.1, 0), (0.2, 0.17, 0.2), skin, cut=True)
    solid.capsule((0, tall - 0.12, 0), (0.02, tall + 0.16, 0), 0.09, stem, end_radius=0.06)
    solid.capsule((0.02, tall + 0.16, 0), (0.1, tall + 0.26, 0), 0.06, stem, end_radius=0.075)


@SHELF.thing("onion", colour="golden", recolour=0.5)
def _onion(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, root = main.glossy(0.4), draw.rgb(0.9, 0.85, 0.7)
    tall = draw.between(0.36, 0.42)
    for index, (c, s) in enumerate(around(8, 8)):
        solid.ellipsoid((0.2 * c, 0, 0.2 * s), (0.3, tall, 0.3), skin, blend=0.02 if index else 0)
    solid.capsule((0, 0.3, 0), (0.02, 0.58, 0), 0.2, skin, end_radius=0.07, blend=0.16)
    for index, side in enumerate((-1, 0, 1)):
        tip = (0.02 + side * draw.between(0.08, 0.13), 0.76 + 0.05 * (index == 1), 0.03 * side)
        solid.capsule((0.02, 0.55, 0), tip, 0.055, skin.shaded(0.9), end_radius=0.03)
    for c, s in around(5, 5):
        solid.capsule((0.03 * c, -0.36, 0.03 * s), (0.13 * c, -0.52, 0.13 * s), 0.035, root, end_radius=0.03)


@SHELF.thing("chili pepper", "hot pepper", colour="red", recolour=0.6)
def _chili(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, cap = main.glossy(0.7), draw.paint("green")
    wide = draw.between(0.15, 0.2)
    points = [(-0.5, 0.3, 0.0), (-0.3, 0.08, 0.0), (0.0, -0.1, 0.0), (0.35, -0.16, 0.0), (0.7, -0.02, 0.0)]
    chain(solid, points, (wide, wide * 1.02, wide * 0.85, wide * 0.52, 0.025), skin, 0.03)
    solid.ellipsoid((-0.57, 0.38, 0), (wide * 1.08, wide * 0.7, wide * 1.08), cap, turn=(0, 0, 42))
    solid.capsule((-0.58, 0.42, 0), (-0.66, 0.68, 0), 0.06, cap, end_radius=0.045)


# ---- dishes ----------------------------------------------------------------------------------------------------------


@SHELF.thing("hamburger", "burger", "cheeseburger", colour="brown", recolour=0.0, weight=1.5)
def _hamburger(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bun, tomato = _bun(draw), draw.chance(0.7)
    meat = draw.rgb(0.33, 0.17, 0.09).patterned(Pattern.CLOUDS, 9.0)
    solid.cylinder((0, -0.32, 0), 0.1, 0.46, bun, above=0.5, rounding=0.07)
    solid.cylinder((0, -0.16, 0), 0.08, 0.52, meat, rounding=0.05)
    solid.box((0, -0.065, 0), (0.43, 0.025, 0.43), draw.paint("yellow"), turn=(0, draw.between(0, 90), 0))
    solid.cylinder((0, -0.01, 0), 0.035, 0.55, draw.paint("green"), rounding=0.03)
    solid.cylinder((0, 0.05, 0), 0.035, 0.47, draw.paint("red"), when=tomato)
    squash = draw.between(0.65, 0.85)
    solid.ellipsoid((0, 0.06, 0), (0.52, 0.12, 0.52), bun)
    solid.dome((0, 0.08, 0), 0.52, bun, squash=squash)
    sesame = draw.rgb(0.97, 0.92, 0.72)
    for index, (c, s) in enumerate(around(7, 8, draw.between(0, 50))):
        out = 0.0 if index == 7 else 0.2 + 0.16 * (index % 2)
        y = 0.085 + squash * np.sqrt(0.52**2 - out**2)
        solid.ellipsoid((out * c, y, out * s), (0.04, 0.025, 0.04), sesame)


@SHELF.thing("hot dog", colour="brown", recolour=0.0)
def _hot_dog(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bun, sausage = _bun(draw), draw.rgb(0.75, 0.24, 0.12).glossy(0.5)
    for side in (-1, 1):
        solid.capsule((-0.45, 0, side * 0.17), (0.45, 0, side * 0.17), 0.19, bun)
    solid.capsule((-0.45, -0.08, 0), (0.45, -0.08, 0), 0.18, bun)
    solid.capsule((-0.62, 0.1, 0), (0.62, 0.1, 0), 0.16, sausage)
    sauce = draw.paint("yellow", "yellow", "red", gloss=0.4)
    for index in range(8):
        x, z = -0.52 + 0.13 * index, 0.06 * (-1) ** index
        solid.capsule((x, 0.25, z), (x + 0.13, 0.25, -z), 0.042, sauce)


@SHELF.thing("sandwich", colour="cream", recolour=0.0)
def _sandwich(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    crust, crumb = draw.rgb(0.72, 0.47, 0.22), draw.rgb(0.96, 0.89, 0.72)
    rows = ((0.0, "yellow"), (0.09, "red"), (0.18, "green")), ((0.0, "green"), (0.09, "yellow"), (0.18, "pink"))
    for y in (-0.14, 0.32):
        solid.box((0, y, 0), (0.55, 0.095, 0.55), crust, rounding=0.03)
        solid.box((0, y, 0), (0.525, 0.1, 0.525), crumb, rounding=0.03)
    first = draw.chance(0.5)
    for (height, one), (_, other) in zip(*rows, strict=True):
        filling = draw.paint(one).where(first, draw.paint(other))
        solid.box((0, height, 0), (0.58, 0.05, 0.58), filling, rounding=0.045)
    solid.box((-1.05, 0, -1.05), (1.5, 1.5, 1.5), crumb, turn=(0, 45, 0), rounding=0.0, clip=True)


@SHELF.thing("taco", colour="golden", recolour=0.0)
def _taco(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    shell, lean = draw.rgb(0.93, 0.72, 0.3).patterned(Pattern.CLOUDS, 7.0), draw.between(8, 13)
    for side in (-1, 1):
        solid.box((0, 0.27, side * 0.13), (0.62, 0.3, 0.04), shell, turn=(side * lean, 0, 0))
    solid.capsule((-0.55, 0, 0), (0.55, 0, 0), 0.1, shell)
    solid.cylinder((0, -0.03, 0), 0.6, 0.6, shell, turn=(90, 0, 0), clip=True)
    names = ("green", "red", "green", "brown", "green", "yellow", "green", "red", "green")
    for name, (c, s) in zip(names, [direction(14 + 19 * index) for index in range(9)], strict=True):
        size = draw.between(0.1, 0.13)
        solid.ellipsoid((0.52 * c, 0.53 * s, draw.between(-0.04, 0.04)), (size, size, 0.14), draw.paint(name))
    solid.ellipsoid((0, 0.2, 0), (0.45, 0.28, 0.1), draw.rgb(0.35, 0.18, 0.1))


@SHELF.thing("sushi roll", "maki roll", colour="black", recolour=0.0)
def _maki(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    seaweed, rice = (
        draw.rgb(0.08, 0.13, 0.1),
        draw.rgb(0.97, 0.96, 0.93).patterned(Pattern.CLOUDS, 18.0, draw.rgb(0.85, 0.84, 0.8)),
    )
    fill, green = draw.paint("orange", "red", "pink"), draw.rgb(0.5, 0.75, 0.3)
    tall = draw.between(0.26, 0.34)
    for x, z, turn in ((-0.34, -0.3, (0.0, 0.0, 0.0)), (0.3, 0.3, (78.0, 18.0, 0.0))):
        standing = turn[0] == 0
        piece = Solid(solid.count)
        piece.cylinder((0, 0, 0), tall, 0.42, seaweed, rounding=0.03)
        piece.cylinder((0, 0, 0), tall + 0.025, 0.36, rice, rounding=0.03)
        piece.cylinder((-0.06, 0, 0), tall + 0.05, 0.15, fill, rounding=0.03)
        piece.box((0.14, 0, 0.03), (0.07, tall + 0.05, 0.1), green)
        placed = piece.moved(shift=(x, 0.0 if standing else 0.42 - tall, z), turn=turn)
        solid.parts.extend(placed.parts)


@SHELF.thing("piece of sushi", "salmon nigiri", colour="orange", recolour=0.0, weight=0.7)
def _nigiri(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    rice = draw.rgb(0.97, 0.96, 0.93).patterned(Pattern.CLOUDS, 18.0, draw.rgb(0.85, 0.84, 0.8))
    fish = draw.rgb(0.98, 0.5, 0.3).where(draw.chance(0.7), draw.rgb(0.85, 0.2, 0.22))
    solid.box((0, -0.14, 0), (0.5, 0.2, 0.26), rice, rounding=0.14)
    solid.box((0, 0.14, 0), (0.64, 0.13, 0.33), fish, rounding=0.12)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.6, 0.06, 0), (0.13, 0.1, 0.3), fish, turn=(0, 0, side * -40), blend=0.1)
    for x in (-0.36, -0.12, 0.12, 0.36):
        solid.box((x, 0.16, 0), (0.025, 0.125, 0.33), fish.pale(0.6), turn=(0, 25, 0), rounding=0.01)
    solid.box((0, 0.0, 0), (0.13, 0.3, 0.36), draw.rgb(0.08, 0.13, 0.1), rounding=0.06, when=draw.chance(0.6))


@SHELF.thing("slice of pizza", "pizza slice", colour="yellow", recolour=0.0, weight=1.2)
def _pizza(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, sausage = draw.between(0.4, 0.48), draw.rgb(0.78, 0.16, 0.1)
    solid.box((0, 0, 0), (wide, 0.6, 0.07), main, rounding=0.0)
    solid.box((0, 0, -0.035), (wide, 0.6, 0.06), draw.rgb(0.85, 0.62, 0.32), rounding=0.0)
    solid.prism((0, 0.6, 0), wide, 1.2, 0.5, main, turn=(0, 0, 180), clip=True)
    solid.capsule((-wide, 0.6, 0), (wide, 0.6, 0), 0.11, draw.rgb(0.78, 0.52, 0.25))
    for x, y in ((-0.17, 0.34), (0.18, 0.3), (-0.03, 0.05), (0.02, -0.27)):
        solid.cylinder((x, y, 0.03), 0.07, 0.1, sausage, turn=(90, 0, 0), rounding=0.02)
    for x, y in ((0.02, 0.4), (-0.13, 0.15), (0.1, -0.06)):
        topping = draw.paint("green", "black")
        solid.ellipsoid((x, y, 0.07), (0.07, 0.035, 0.04), topping, turn=(0, 0, draw.between(0, 180)))


@SHELF.thing("fried egg", colour="white", recolour=0.0, weight=0.7, phrases=("a fried egg, sunny side up",))
def _egg(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    egg = Solid(solid.count)
    egg.ellipsoid((0, 0, 0), (0.46, 0.08, 0.42), main)
    for c, s in around(3, 3, draw.between(0, 360)):
        size = draw.between(0.26, 0.36)
        egg.ellipsoid((0.28 * c, 0, 0.28 * s), (size, 0.07, size), main, blend=0.08)
    egg.ellipsoid((0.03, 0.06, 0), (0.22, 0.18, 0.22), draw.rgb(0.99, 0.66, 0.08).glossy(0.6))
    solid.parts.extend(egg.moved(turn=(draw.between(25, 45), 0, 0)).parts)


@SHELF.thing("box of popcorn", "popcorn", colour="red", second="white", part="stripes", recolour=0.6)
def _popcorn(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    striped = main.patterned(Pattern.SECTORS, 8.0, second)
    solid.cylinder((0, -0.2, 0), 0.45, 0.28, striped, above=0.42)
    solid.torus((0, 0.24, 0), 0.41, 0.05, main)
    solid.torus((0, -0.62, 0), 0.27, 0.045, main)
    corn = draw.rgb(0.98, 0.93, 0.72).where(draw.chance(0.5), draw.rgb(0.98, 0.86, 0.5))
    for radius, height, count in ((0.31, 0.28, 8), (0.18, 0.38, 5), (0.0, 0.46, 1)):
        for c, s in around(count, count, 25.0 * count):
            bump = height + draw.between(-0.03, 0.04)
            solid.ellipsoid(
                (radius * c, bump, radius * s), draw.between(0.12, 0.16), corn.shaded(draw.between(0.9, 1.0))
            )
    for x, y, z in ((0.08, 0.5, 0.14), (-0.16, 0.46, 0.1), (0.12, 0.49, -0.12)):
        solid.ellipsoid((x, y, z), 0.1, corn)


@SHELF.thing("box of french fries", "french fries", colour="red", recolour=0.6)
def _fries(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, -0.25, 0), (0.38, 0.4, 0.17), main, rounding=0.03)
    solid.ellipsoid((0, 0.26, 0.22), (0.32, 0.24, 0.24), main.shaded(0.8), cut=True)
    solid.ellipsoid((0, -0.25, 0.17), (0.15, 0.15, 0.035), draw.paint("yellow", "white"), when=draw.chance(0.6))
    fry = draw.rgb(0.98, 0.8, 0.3)
    for index, x in enumerate((-0.3, -0.18, -0.06, 0.06, 0.18, 0.3, -0.24, -0.1, 0.03, 0.17, 0.27)):
        back = index < 6
        top, tilt = draw.between(0.16, 0.3) - 0.1 * (not back), draw.between(-6, 6) - 16 * x
        solid.box(
            (x, top, -0.07 if back else 0.06), (0.05, 0.34, 0.05), fry.shaded(1.0 if back else 0.92), turn=(0, 0, tilt)
        )


@SHELF.thing("stack of pancakes", "pancakes", colour="golden", recolour=0.0)
def _pancakes(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    cake, syrup = draw.rgb(0.86, 0.6, 0.28), draw.rgb(0.42, 0.2, 0.06).glossy(0.8)
    solid.cylinder((0, -0.42, 0), 0.035, 0.62, draw.paint("white", "light blue"), above=0.7)
    many = draw.whole(3, 5)
    top: Numbers = -0.32 + 0.15 * (many - 1)
    for index in range(5):
        x, z = draw.between(-0.03, 0.03), draw.between(-0.03, 0.03)
        there = index < many
        solid.cylinder((x, -0.32 + 0.15 * index, z), 0.07, 0.5, cake, rounding=0.065, when=there)
        solid.cylinder((x, -0.32 + 0.15 * index, z), 0.025, 0.51, cake.pale(0.45), rounding=0.02, when=there)
    solid.cylinder((0, top + 0.065, 0), 0.03, 0.38, syrup, rounding=0.025)
    for c, s in around(5, 5, draw.between(0, 70)):
        solid.capsule((0.3 * c, top + 0.06, 0.3 * s), (0.47 * c, top + 0.05, 0.47 * s), 0.06, syrup)
        low = top - draw.between(0.08, 0.28)
        solid.capsule((0.49 * c, top + 0.04, 0.49 * s), (0.5 * c, low, 0.5 * s), 0.055, syrup)
    solid.box((0, top + 0.14, 0), (0.13, 0.06, 0.13), draw.rgb(0.99, 0.9, 0.45), turn=(0, draw.between(0, 90), 0))


# ---- bread and cheese ------------------------------------------------------------------------------------------------


@SHELF.thing("croissant", colour="brown", recolour=0.0)
def _croissant(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dough = draw.rgb(0.85, 0.56, 0.24)
    bend = draw.between(0.86, 1.0)
    for index, radius in enumerate((0.12, 0.2, 0.28, 0.33, 0.28, 0.2, 0.12)):
        turn = 27.0 * (index - 3) * bend
        c, s = direction(turn)
        shade = dough.shaded(1.0 if index % 2 else 0.86)
        solid.ellipsoid((0.56 * s, 0.46 * c, 0), (0.17, radius, radius * 0.9), shade, turn=(0, 0, -turn))


@SHELF.thing("pretzel", colour="brown", recolour=0.0)
def _pretzel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dough = draw.rgb(0.62, 0.34, 0.13).glossy(0.3)
    thick = draw.between(0.085, 0.11)
    path = (
        (0.0, -0.5),
        (0.32, -0.42),
        (0.56, -0.1),
        (0.52, 0.26),
        (0.27, 0.42),
        (0.08, 0.24),
        (-0.02, 0.0),
        (-0.26, -0.44),
    )
    for side in (-1, 1):
        points = [(side * x, y, 0.05 * side if index > 4 else 0.0) for index, (x, y) in enumerate(path)]
        chain(solid, points, [thick] * len(points), dough)
    salt = draw.paint("white", jitter=0.02)
    for x, y in ((-0.5, 0.08), (0.5, 0.08), (-0.38, 0.35), (0.38, 0.35), (-0.42, -0.28), (0.42, -0.28), (0.0, -0.48)):
        solid.box((x, y, 0), (0.03, 0.03, thick + 0.02), salt, turn=(0, 0, draw.between(0, 90)))


@SHELF.thing("loaf of bread", "bread loaf", colour="brown", recolour=0.0)
def _bread(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    crust, crumb = draw.rgb(0.74, 0.45, 0.18), draw.rgb(0.96, 0.86, 0.64)
    long, tall = draw.between(0.58, 0.66), draw.between(0.24, 0.3)
    solid.capsule((-long + 0.3, 0, 0), (long - 0.3, 0, 0), 0.3, crust)
    solid.ellipsoid((0, 0.05, 0), (long, tall + 0.04, 0.34), crust, blend=0.05)
    solid.box((0, -0.6, 0), (1, 0.42, 1), crust.shaded(0.8), rounding=0.0, cut=True)
    for x in (-0.34, -0.12, 0.1, 0.32):
        solid.ellipsoid((x, tall + 0.06, 0), (0.06, 0.11, 0.26), crumb, turn=(0, 25, 0), cut=True)


@SHELF.thing("wedge of cheese", "cheese wedge", "piece of cheese", colour="yellow", recolour=0.3)
def _cheese(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, wide, hole = draw.between(0.22, 0.3), draw.between(0.4, 0.48), main.shaded(0.78)
    solid.box((0, 0, 0), (0.65, tall, wide), main, rounding=0.0)
    solid.prism((-0.65, 0, 0), wide, 1.3, 1.0, main, turn=(-90, 0, -90), clip=True)
    for x, y, size in ((-0.42, 0.05, 0.11), (-0.05, -0.1, 0.1), (0.22, 0.08, 0.07), (-0.2, 0.14, 0.06)):
        z = wide * (0.65 - x) / 1.3
        for side in (-1, 1):
            solid.ellipsoid((x, y, side * z), size * draw.between(0.85, 1.2), hole, cut=True)
    for x, across in ((-0.45, 0.12), (-0.15, -0.08), (0.2, 0.02)):
        solid.ellipsoid((x, tall, across), draw.between(0.07, 0.11), hole, cut=True)
    for y, across in ((0.05, 0.2), (-0.08, -0.12)):
        solid.ellipsoid((-0.65, y, across), draw.between(0.09, 0.13), hole, cut=True)


# ---- sweets ----------------------------------------------------------------------------------------------------------


@SHELF.thing("donut", "doughnut", colour="pink", weight=1.3)
def _donut(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ring, tube = draw.between(0.36, 0.42), draw.between(0.18, 0.22)
    solid.torus((0, 0, 0), ring, tube, draw.rgb(0.8, 0.55, 0.28))
    solid.torus((0, 0.05, 0), ring, tube * 0.99, main.glossy(0.4))
    sprinkled = draw.chance(0.8)
    for index, (c, s) in enumerate(around(14, 14, draw.between(0, 25))):
        out = draw.between(-0.1, 0.1)
        y = 0.055 + np.sqrt(np.square(tube * 0.99) - np.square(out))
        u, v = direction(draw.between(0, 180))
        x, z = (ring + out) * c, (ring + out) * s
        sugar = draw.paint(SWEET[index % len(SWEET)])
        solid.capsule((x - 0.05 * u, y, z - 0.05 * v), (x + 0.05 * u, y, z + 0.05 * v), 0.027, sugar, when=sprinkled)


@SHELF.thing("ice cream cone", "ice cream", colour="pink", weight=1.3)
def _ice_cream(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    waffle = draw.rgb(0.85, 0.62, 0.3).patterned(Pattern.CHECKS, 13.0, draw.rgb(0.66, 0.43, 0.17))
    solid.cylinder((0, -0.4, 0), 0.42, 0.03, waffle, above=0.29, rounding=0.02)
    count, mixed = draw.whole(1, 3), draw.chance(0.4)
    height = np.full(solid.count, 0.12, np.float32)
    for index in range(3):
        there, radius = index < count, 0.33 - 0.035 * index
        scoop = main if index == 0 else draw.paint("white", "pink", "brown", "cream").where(mixed, main)
        solid.ellipsoid((0, height, 0), radius, scoop, when=there)
        solid.torus((0, height - 0.14, 0), radius - 0.08, 0.09, scoop, when=there)
        height = height + np.where(there, radius * 1.1, 0.0)
    solid.ellipsoid((0, height - 0.04, 0), 0.1, draw.paint("red", gloss=0.6), when=draw.chance(0.4))


@SHELF.thing("birthday cake", "cake", colour="pink", recolour=1.0, phrases=("a birthday cake with candles",))
def _cake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    icing, tiered = draw.paint("white", "cream").where(draw.chance(0.8), main.pale(0.5)), draw.chance(0.4)
    solid.cylinder((0, -0.56, 0), 0.03, 0.62, draw.paint("white", "silver"))
    solid.cylinder((0, -0.27, 0), 0.27, 0.52, main, rounding=0.04)
    solid.cylinder((0, 0.0, 0), 0.04, 0.53, icing, rounding=0.03)
    for index, (c, s) in enumerate(around(10, 10)):
        drop = -0.06 if index % 2 else -0.13
        solid.capsule((0.5 * c, 0, 0.5 * s), (0.5 * c, drop, 0.5 * s), 0.06, icing)
    solid.cylinder((0, 0.16, 0), 0.15, 0.33, main, rounding=0.04, when=tiered)
    solid.cylinder((0, 0.31, 0), 0.035, 0.34, icing, rounding=0.03, when=tiered)
    top, count = np.where(tiered, 0.34, 0.04), draw.whole(3, 6)
    wax, flame = draw.paint("red", "blue", "yellow", "green"), draw.rgb(1.0, 0.65, 0.1)
    for index, (c, s) in enumerate(around(count, 6, draw.between(0, 90))):
        x, z, there = 0.22 * c, 0.22 * s, index < count
        solid.cylinder((x, top + 0.13, z), 0.13, 0.04, wax, when=there)
        solid.ellipsoid((x, top + 0.33, z), (0.045, 0.075, 0.045), flame, when=there)


@SHELF.thing("slice of cake", "piece of cake", colour="cream", recolour=0.4)
def _cake_slice(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, berry = draw.between(0.42, 0.5), draw.paint("red", gloss=0.4)
    sponge = draw.rgb(0.9, 0.7, 0.4).where(draw.chance(0.6), draw.rgb(0.42, 0.24, 0.12))
    layers = ((-0.27, 0.13, sponge), (-0.1, 0.05, main), (0.06, 0.13, sponge), (0.24, 0.07, main))
    for y, half, paint in layers:
        solid.box((0, y, 0), (0.62, half, wide), paint, rounding=0.0)
    solid.box((-0.6, -0.05, 0), (0.06, 0.36, wide), main, rounding=0.0)
    solid.prism((-0.66, 0, 0), wide, 1.3, 1.0, main, turn=(-90, 0, -90), clip=True)
    for z in (-0.22, 0.22):
        solid.ellipsoid((-0.48, 0.34, z), (0.14, 0.12, 0.14), main)
    solid.capsule((-0.3, 0.36, 0), (-0.3, 0.54, 0), 0.17, berry, end_radius=0.06)


def _cupcake_of(solid: Solid, draw: Draw, cream: Paint, paper: Paint) -> None:
    pleats = paper.patterned(Pattern.SECTORS, 16.0, paper.shaded(0.7))
    solid.cylinder((0, -0.32, 0), 0.24, 0.27, pleats, above=0.4)
    for y, half, low, high in ((-0.03, 0.11, 0.46, 0.4), (0.14, 0.1, 0.35, 0.28), (0.29, 0.1, 0.23, 0.08)):
        solid.cylinder((0, y, 0), half, low, cream, above=high, rounding=0.08)
    cherry = draw.chance(0.6)
    solid.ellipsoid((0, 0.44, 0), 0.11, draw.paint("red", gloss=0.6), when=cherry)
    for index, (c, s) in enumerate(around(7, 7, draw.between(0, 50))):
        x, y = (0.43, 0.0) if index % 2 else (0.32, 0.17)
        solid.ellipsoid((x * c, y, x * s), 0.045, draw.paint(SWEET[index % len(SWEET)]), when=~cherry)


@SHELF.thing("cupcake", colour="pink", second="brown", part="a wrapper")
def _cupcake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _cupcake_of(solid, draw, main, second)


@SHELF.thing("chocolate cupcake", "chocolate muffin", colour="brown", recolour=0.0, weight=0.7)
def _chocolate_cupcake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _cupcake_of(solid, draw, main.shaded(0.85), draw.paint("brown", "cream", "golden"))


@SHELF.thing(
    "lollipop",
    colour="red",
    second="white",
    part="a swirl",
    recolour=0.8,
    weight=0.8,
    phrases=("a red and white lollipop",),
)
def _lollipop(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    size, face = draw.between(0.34, 0.4), (90.0, 0.0, 0.0)
    sugar = main.patterned(Pattern.SECTORS, draw.pick(5, 6, 7), second).glossy(0.5)
    solid.cylinder((0, 0.3, 0), 0.1, size, sugar, turn=face, rounding=0.07)
    solid.torus((0, 0.3, 0), size - 0.03, 0.075, main.glossy(0.5), turn=face)
    solid.torus((0, 0.3, 0), size * 0.5, 0.115, sugar, turn=face)
    solid.ellipsoid((0, 0.3, 0), 0.13, second)
    solid.cylinder((0, -0.4, 0), 0.4, 0.04, draw.paint("white", "cream"))


@SHELF.thing("popsicle", "ice lolly", colour="orange")
def _popsicle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, bitten = draw.between(0.26, 0.32), draw.chance(0.5)
    ice = main.glossy(0.4)
    solid.box((0, 0.18, 0), (wide, 0.5, 0.15), ice, rounding=0.14)
    for side in (-1, 1):
        solid.capsule((side * 0.11, -0.12, 0.18), (side * 0.11, 0.48, 0.18), 0.06, ice.shaded(0.8), cut=True)
        solid.capsule((side * 0.11, -0.12, -0.18), (side * 0.11, 0.48, -0.18), 0.06, ice.shaded(0.8), cut=True)
    for x, y in ((0.3, 0.7), (0.14, 0.74), (0.36, 0.52)):
        solid.ellipsoid((x, y, 0), (0.14, 0.14, 0.4), ice.pale(0.4), cut=True, when=bitten)
    solid.box((0, -0.52, 0), (0.075, 0.24, 0.045), draw.wood().plain().pale(0.3), rounding=0.04)


@SHELF.thing("wrapped candy", "candy", colour="red", second="white", part="stripes")
def _candy(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    sugar = main.patterned(Pattern.SECTORS, 6.0, second).where(draw.chance(0.7), main).glossy(0.6)
    solid.ellipsoid((0, 0, 0), (0.32, 0.36, 0.32), sugar, turn=(0, 0, 90))
    for side in (-1, 1):
        solid.cylinder((side * 0.53, 0, 0), 0.2, 0.06, main, above=0.3, turn=(0, 0, -90 * side), rounding=0.02)
        solid.ellipsoid((side * 0.77, 0, 0), (0.08, 0.22, 0.22), main.shaded(0.7), cut=True)
        for c, s in around(5, 5, 90):
            solid.capsule((side * 0.42, 0, 0), (side * 0.7, 0.27 * c, 0.27 * s), 0.035, main, end_radius=0.06)


@SHELF.thing("bar of chocolate", "chocolate bar", colour="brown", recolour=0.0, weight=0.8)
def _chocolate(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    block = draw.rgb(0.38, 0.2, 0.1).glossy(0.4)
    solid.box((0, 0.05, 0), (0.42, 0.62, 0.08), block.shaded(0.8))
    for x in (-0.27, 0.0, 0.27):
        for y in (0.52, 0.26, 0.0):
            solid.box((x, y, 0), (0.115, 0.11, 0.14), block, rounding=0.03)
    solid.box((0, -0.42, 0), (0.46, 0.26, 0.15), draw.paint("red", "blue", "purple", "golden"), rounding=0.02)
    foil = draw.paint("silver", gloss=0.8)
    for index in range(5):
        x = -0.36 + 0.18 * index
        solid.prism((x, -0.2, 0), 0.1, 0.16, 0.145, foil)


@SHELF.thing("chocolate chip cookie", "cookie", colour="golden", recolour=0.0)
def _cookie(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dough, chip = draw.rgb(0.82, 0.58, 0.3).patterned(Pattern.CLOUDS, 8.0), draw.rgb(0.28, 0.14, 0.07)
    flat, thick = (90.0, 0.0, 0.0), draw.between(0.1, 0.14)
    solid.cylinder((0, 0, 0), thick, 0.55, dough, turn=flat, rounding=0.09)
    bitten = draw.chance(0.4)
    for x, y in ((0.5, 0.48), (0.34, 0.58), (0.6, 0.3)):
        solid.ellipsoid((x, y, 0), (0.17, 0.17, 0.4), dough.pale(0.3), cut=True, when=bitten)
    for index, (c, s) in enumerate(around(7, 10, draw.between(0, 50))):
        out = 0.38 if index < 7 else 0.15
        side = np.where(draw.chance(0.5), 0.02, -0.02)
        there = ~(bitten & (out * c > 0.16) & (out * s > 0.16))
        solid.ellipsoid((out * c, out * s, side), (0.08, 0.075, thick + 0.04), chip, when=there)


@SHELF.thing("gingerbread man", "gingerbread cookie", colour="brown", recolour=0.0, directional=True)
def _gingerbread(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dough, icing = draw.rgb(0.66, 0.4, 0.18), draw.paint("white", jitter=0.02)
    spread, thick = draw.between(0.36, 0.48), 0.13
    solid.box((0, -0.1, 0), (0.2, 0.3, thick), dough, rounding=0.1)
    solid.cylinder((0, 0.42, 0), thick, 0.29, dough, turn=(90, 0, 0), rounding=0.1)
    for side in (-1, 1):
        hand, foot = (side * (spread + 0.12), 0.12, 0), (side * 0.3, -0.68, 0)
        solid.capsule((side * 0.1, 0.08, 0), hand, 0.135, dough)
        solid.capsule((side * 0.1, -0.3, 0), foot, 0.15, dough)
        solid.cylinder((side * spread, 0.115, 0), 0.03, 0.155, icing, turn=(0, 0, 84), rounding=0.02)
        solid.cylinder((side * 0.27, -0.58, 0), 0.03, 0.17, icing, turn=(0, 0, side * 28), rounding=0.02)
        solid.ellipsoid((side * 0.11, 0.48, thick), (0.05, 0.06, 0.04), draw.paint("black", jitter=0.02))
    solid.arc((0, 0.42, thick), 0.14, 0.03, 55, icing, turn=(0, 0, -90))
    for y, name in ((0.08, "red"), (-0.09, "green"), (-0.26, "red")):
        solid.ellipsoid((0, y, thick), (0.06, 0.06, 0.05), draw.paint(name))
    solid.head = np.tile(np.asarray([0.0, 0.62, 0.0, 0.28], np.float32), (solid.count, 1))


# ---- drinks ----------------------------------------------------------------------------------------------------------


@SHELF.thing("milkshake", colour="pink", recolour=0.7)
def _milkshake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    glass, cream = draw.paint("glass", gloss=0.8), draw.paint("white", jitter=0.02)
    solid.cylinder((0, -0.72, 0), 0.04, 0.3, glass)
    solid.cylinder((0, -0.62, 0), 0.1, 0.09, glass)
    solid.cylinder((0, -0.12, 0), 0.43, 0.2, main.glossy(0.6), above=0.36, rounding=0.03)
    solid.torus((0, 0.3, 0), 0.34, 0.045, glass)
    for y, wide in ((0.36, 0.33), (0.5, 0.23), (0.61, 0.12)):
        solid.ellipsoid((0, y, 0), (wide, 0.14, wide), cream)
    solid.ellipsoid((0, 0.78, 0), 0.11, draw.paint("red", gloss=0.7))
    straw = draw.paint("red", "light blue", "green").patterned(Pattern.BANDS, 8.0, cream)
    solid.capsule((0.1, 0.2, 0), (0.36, 0.95, 0), 0.045, straw)


@SHELF.thing("soda can", "can of soda", colour="red", second="white", part="a stripe")
def _soda(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, tall = draw.paint("silver", gloss=0.8), draw.between(0.5, 0.6)
    solid.cylinder((0, 0, 0), tall, 0.34, main.glossy(0.6))
    solid.cylinder((0, draw.between(-0.1, 0.15), 0), 0.11, 0.345, second.glossy(0.6))
    solid.cylinder((0, tall + 0.05, 0), 0.06, 0.34, metal, above=0.26)
    solid.cylinder((0, -tall - 0.04, 0), 0.05, 0.27, metal, above=0.34)
    solid.cylinder((0, tall + 0.14, 0), 0.06, 0.22, metal.shaded(0.6), cut=True)
    solid.cylinder((0, tall + 0.105, 0.05), 0.025, 0.1, metal, turn=(8, 0, 0))
    solid.ellipsoid((0, tall + 0.08, -0.12), (0.08, 0.02, 0.06), draw.paint("black"))
    straw = draw.chance(0.3)
    solid.capsule((0.05, tall, -0.1), (0.16, tall + 0.45, -0.1), 0.045, draw.paint("yellow", "white"), when=straw)
