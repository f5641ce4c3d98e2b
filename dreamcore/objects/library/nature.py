"""Plants, weather, and what lies about outdoors."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.library.shapes import around, chain, direction
from dreamcore.objects.solid import Draw, Number, Numbers, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("nature")

FLAT = (90.0, 0.0, 0.0)  # turns a disc to face the front


def _stem(solid: Solid, draw: Draw, top: Scalar, low: Number, thick: Number = 0.05, leaf: Number = 0.24) -> None:
    """A green stalk with two leaves."""
    green = draw.paint("green")
    solid.capsule((0, low, 0), (0, top, 0), thick, green)
    for side in (-1, 1):
        tilt, y = draw.between(25, 45), low + 0.28 + 0.12 * (side > 0)
        c, s = direction(tilt)
        solid.ellipsoid((side * leaf * c, y + leaf * s, 0), (leaf, 0.08, 0.12), green, turn=(0, 0, side * tilt))


def _pot(solid: Solid, clay: Paint, top: Number, tall: Number, wide: Scalar) -> None:
    """A flower pot with earth in it."""
    solid.cylinder((0, top - tall / 2, 0), tall / 2, np.asarray(wide) * 0.68, clay, above=wide)
    solid.cylinder((0, top - 0.05, 0), 0.07, np.asarray(wide) + 0.05, clay, rounding=0.02)
    soil = np.asarray(wide) - 0.02
    solid.ellipsoid((0, top, 0), (soil, 0.06, soil), clay.plain().shaded(0.3))


def _puff(solid: Solid, draw: Draw, paint: Paint, floor: Number) -> None:
    """A cloud with a flat bottom."""
    solid.ellipsoid((0, 0.06, 0), (0.4, draw.between(0.34, 0.42), 0.32), paint)
    for x, y, size in (
        (-0.42, -0.08, 0.28),
        (0.42, -0.1, 0.26),
        (-0.2, 0.12, 0.27),
        (0.24, 0.14, 0.26),
        (-0.66, -0.2, 0.17),
    ):
        radius = size * draw.between(0.9, 1.15)
        solid.ellipsoid((x, y, draw.between(-0.08, 0.08)), (radius, radius, radius * 0.9), paint, blend=0.04)
    for x, z in ((-0.2, 0.2), (0.2, 0.22), (0.1, -0.22), (0.66, 0)):
        solid.ellipsoid((x, -0.14, z), draw.between(0.18, 0.24), paint, blend=0.04)
    solid.box((0, floor - 0.5, 0), (1.5, 0.5, 1), paint, rounding=0.0, cut=True)


# ---- trees -----------------------------------------------------------------------------------------------------------


@SHELF.thing("tree", colour="green", second="brown", part="a trunk", weight=1.5)
def _tree(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.cylinder((0, -0.48, 0), 0.34, 0.13, second, above=0.09)
    for side in (-1, 1):
        solid.capsule((0, -0.3, 0), (side * 0.22, 0.0, 0), 0.05, second)
    count, crown = draw.whole(1, 6), draw.between(0.36, 0.44)
    solid.ellipsoid((0, 0.22, 0), (crown, draw.between(0.34, 0.46), crown), main)
    for index, (c, s) in enumerate(around(5, 5, draw.between(0, 360))):
        there = index < count - 1
        solid.ellipsoid(
            (0.3 * c, draw.between(0.0, 0.4), 0.3 * s), draw.between(0.22, 0.3), main, blend=0.05, when=there
        )


def _fir(solid: Solid, green: Paint, trunk: Paint, layers: Scalar, wide: Scalar) -> None:
    """Cones on a trunk: the lowest is the largest; 2 to 4 `layers`."""
    many = np.broadcast_to(np.asarray(layers), (solid.count,))
    solid.cylinder((0, -0.66, 0), 0.2, 0.1, trunk)
    for index in range(4):
        share, last = 1.0 - 0.23 * index, many == index + 1
        radius = np.asarray(wide) * share
        above = np.where(last, 0.02, radius * 0.35)
        solid.cylinder((0, -0.28 + 0.32 * index, 0), 0.27, radius, green, above=above, rounding=0.02, when=index < many)


@SHELF.thing("pine tree", "fir tree", colour="dark green", second="brown", part="a trunk")
def _pine(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _fir(solid, main, second, draw.whole(2, 4), draw.between(0.4, 0.52))


@SHELF.thing("christmas tree", colour="dark green", recolour=0.3, phrases=("a christmas tree with a star on top",))
def _christmas_tree(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, gold = draw.between(0.48, 0.56), draw.paint("yellow", "golden", gloss=0.4)
    _fir(solid, main, draw.paint("brown"), 3, wide)
    for turn in (0, 90):
        solid.star((0, 0.74, 0), 0.22, gold, half_depth=0.05, turn=(0, turn, 0))
    names = ("red", "golden", "blue", "silver", "red", "pink")
    for layer, count in enumerate((7, 5, 4)):
        radius = wide * (1 - 0.23 * layer) - 0.02
        for index, (c, s) in enumerate(around(count, count, draw.between(0, 60))):
            ball = draw.paint(names[(index + 2 * layer) % len(names)], gloss=0.7)
            solid.ellipsoid((radius * c, -0.5 + 0.32 * layer, radius * s), 0.07, ball)


@SHELF.thing("palm tree", colour="green", second="brown", part="a trunk", recolour=0.3, weight=0.9)
def _palm(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lean, nut = draw.between(0.05, 0.3), draw.chance(0.6)
    points: list[Triple] = [(-lean, -0.72, 0), (-lean * 0.6, -0.3, 0), (0, 0.08, 0), (lean * 0.7, 0.42, 0)]
    chain(solid, points, (0.12, 0.085, 0.075, 0.07), second)
    x: Numbers = lean * 0.7
    for index, (c, s) in enumerate(around(8, 8, draw.between(0, 45))):
        rise = 0.56 if index % 2 else 0.64
        middle, tip = (x + 0.33 * c, rise, 0.33 * s), (x + 0.62 * c, rise - draw.between(0.26, 0.36), 0.62 * s)
        chain(solid, ((x, 0.46, 0), middle, tip), (0.05, 0.085, 0.02), main.shaded(1.0 if index % 2 else 0.85))
    for c, s in around(3, 3, 90):
        solid.ellipsoid((x + 0.12 * c, 0.37, 0.12 * s), 0.085, draw.rgb(0.3, 0.17, 0.08), when=nut)
    sand = draw.chance(0.4)
    solid.ellipsoid((-lean, -0.76, 0), (0.42, 0.1, 0.36), draw.rgb(0.93, 0.82, 0.55), when=sand)


@SHELF.thing("bonsai tree", "bonsai", colour="green", second="blue", part="a pot", recolour=0.4, weight=0.8)
def _bonsai(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bark, leaf = draw.paint("brown"), main.patterned(Pattern.CLOUDS, 12.0)
    solid.box((0, -0.56, 0), (0.46, 0.12, 0.3), second, rounding=0.04)
    solid.box((0, -0.45, 0), (0.51, 0.035, 0.35), second, rounding=0.02)
    solid.ellipsoid((0, -0.43, 0), (0.44, 0.06, 0.28), draw.rgb(0.3, 0.4, 0.15))
    trunk = [(0.08, -0.44, 0), (-0.14, -0.2, 0), (0.1, 0.05, 0), (0.0, 0.35, 0)]
    chain(solid, trunk, (0.13, 0.1, 0.08, 0.06), bark)
    solid.capsule((-0.12, -0.18, 0), (-0.42, 0.0, 0.04), 0.055, bark)
    solid.capsule((0.08, 0.02, 0), (0.42, 0.16, -0.04), 0.05, bark)
    for x, y, z, wide in ((-0.46, 0.07, 0.04, 0.28), (0.46, 0.24, -0.04, 0.27), (0.0, 0.48, 0.0, 0.34)):
        spread = wide * draw.between(0.9, 1.1)
        solid.ellipsoid((x, y, z), (spread, 0.13, spread * 0.8), leaf)
        solid.ellipsoid((x + 0.04, y + 0.09, z), (spread * 0.65, 0.11, spread * 0.55), leaf)


@SHELF.thing("bush", "shrub", colour="green", second="red", part="berries", weight=0.8)
def _bush(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    leaf = main.patterned(Pattern.CLOUDS, 11.0, main.shaded(0.8))
    solid.ellipsoid((0, 0, 0), (0.46, 0.4, 0.42), leaf)
    for c, s in around(7, 7, draw.between(0, 50)):
        solid.ellipsoid((0.38 * c, draw.between(-0.16, 0.0), 0.34 * s), draw.between(0.22, 0.28), leaf)
    for c, s in around(4, 4, draw.between(0, 90)):
        solid.ellipsoid((0.25 * c, draw.between(0.16, 0.24), 0.24 * s), draw.between(0.2, 0.25), leaf)
    for index in range(14):
        c, s = direction(137.5 * index + draw.between(-15, 15))
        height = 0.42 - 0.045 * index
        out = 0.2 + 0.43 * np.sqrt(index / 13)
        solid.ellipsoid((out * c, height, 0.93 * out * s), 0.065, second)
    solid.box((0, -0.8, 0), (1, 0.5, 1), leaf, rounding=0.0, cut=True)


@SHELF.thing("log", "tree log", colour="brown", recolour=0.0, weight=0.8)
def _log(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick, bark = draw.between(0.22, 0.28), main.patterned(Pattern.CLOUDS, 10.0)
    pale, lying = draw.rgb(0.86, 0.68, 0.42), (0.0, 0.0, 90.0)
    solid.cylinder((0, 0, 0), 0.6, thick, bark, turn=lying, rounding=0.02)
    for share, paint in ((0.86, pale), (0.6, pale.shaded(0.72)), (0.46, pale), (0.2, pale.shaded(0.72))):
        solid.cylinder((0, 0, 0), 0.625 - 0.02 * share, thick * share, paint, turn=lying)
    solid.capsule((0.15, 0, 0.05), (0.3, thick + 0.14, 0.16), 0.085, bark, end_radius=0.07)
    solid.ellipsoid((0.32, thick + 0.19, 0.18), 0.055, pale)
    for x in (-0.35, -0.05, 0.4):
        solid.torus((x, 0, 0), thick - 0.01, 0.025, bark.shaded(0.75), turn=lying)
    moss = draw.chance(0.4)
    solid.ellipsoid((-0.25, thick - 0.04, 0), (0.22, 0.07, 0.14), draw.paint("green"), when=moss)
    solid.top = thick


@SHELF.thing("tree stump", "stump", colour="brown", recolour=0.0, weight=0.8)
def _stump(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, wide = draw.between(0.26, 0.36), draw.between(0.38, 0.46)
    bark, pale = main.patterned(Pattern.SECTORS, 20.0, main.shaded(0.8)), draw.rgb(0.86, 0.68, 0.42)
    solid.cylinder((0, 0, 0), tall, wide * 1.1, bark, above=wide)
    for share, paint in ((0.88, pale), (0.66, pale.shaded(0.72)), (0.54, pale), (0.3, pale.shaded(0.72)), (0.18, pale)):
        solid.cylinder((0, tall, 0), 0.03 - 0.008 * share, wide * share, paint, rounding=0.005)
    for c, s in around(5, 5, draw.between(0, 70)):
        solid.capsule(
            (0.7 * wide * c, -tall * 0.4, 0.7 * wide * s),
            (1.55 * wide * c, -tall, 1.55 * wide * s),
            0.15,
            main,
            end_radius=0.06,
            blend=0.05,
        )
    solid.box((0, -tall - 0.54, 0), (1.5, 0.5, 1.5), main, rounding=0.0, cut=True)
    solid.top = tall + 0.03


# ---- smaller plants --------------------------------------------------------------------------------------------------


@SHELF.thing("cactus", colour="green", weight=1.2)
def _cactus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = main.patterned(Pattern.SECTORS, 12.0)
    tall, sandy = draw.between(0.5, 0.64), draw.chance(0.4)
    solid.capsule((0, -0.6, 0), (0, tall, 0), 0.17, skin)
    three = draw.chance(0.3)
    for side, low, when in ((1, draw.between(-0.15, 0.1), True), (-1, draw.between(0.0, 0.25), True)):
        out, up = (side * 0.36, low, 0), (side * 0.37, low + draw.between(0.24, 0.38), 0)
        solid.capsule((0, low - 0.03, 0), out, 0.1, skin, when=when)
        solid.capsule(out, up, 0.1, skin)
    solid.capsule((0, -0.25, 0), (0, -0.2, 0.34), 0.09, skin, when=three)
    solid.capsule((0, -0.2, 0.34), (0, 0.05, 0.35), 0.09, skin, when=three)
    solid.ellipsoid((0, tall + 0.18, 0), (0.11, 0.07, 0.11), draw.paint("pink", "red", "white"), when=draw.chance(0.4))
    solid.ellipsoid((0, -0.66, 0), (0.45, 0.1, 0.45), draw.rgb(0.93, 0.82, 0.55), when=sandy)


@SHELF.thing("cactus in a clay pot", "potted cactus", colour="green", second="orange", part="a pot")
def _potted_cactus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _pot(solid, second.shaded(0.85), -0.14, 0.46, draw.between(0.3, 0.36))
    skin, spine = main, draw.rgb(0.98, 0.96, 0.85)
    tall, wide, arms = draw.between(0.3, 0.46), draw.between(0.23, 0.29), draw.chance(0.5)
    for index, (c, s) in enumerate(around(8, 8)):
        solid.ellipsoid((0.1 * c, tall - 0.14, 0.1 * s), (wide - 0.08, tall, wide - 0.08), skin)
        for y in (0.28, 0.04, -0.1) if index % 2 else (0.17,):
            height = tall - 0.14 + y * tall * 2
            out = 0.1 + (wide - 0.08) * np.sqrt(1 - np.square(y * 2))
            solid.ellipsoid((out * c, height, out * s), 0.035, spine)
    for side, low in ((-1, 0.12), (1, 0.24)):
        solid.capsule((side * 0.2, low, 0), (side * 0.4, low + 0.02, 0), 0.09, skin, when=arms)
        solid.capsule((side * 0.4, low + 0.02, 0), (side * 0.41, low + 0.22, 0), 0.09, skin, when=arms)
    solid.ellipsoid((0, 2 * tall - 0.13, 0), (0.13, 0.08, 0.13), draw.paint("pink", "red", "yellow"))


@SHELF.thing("flower", colour="red", second="yellow", part="a center", weight=1.5)
def _flower(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    count, long = draw.pick(5, 6, 8), draw.between(0.19, 0.23)
    _stem(solid, draw, 0.3, -0.72)
    wide = np.where(count == 5, 0.17, np.where(count == 6, 0.14, 0.11))
    for index, (c, s) in enumerate(around(count, 8, 90)):
        turn = 90 + 360.0 * index / count
        centre = (0.28 * c, 0.35 + 0.28 * s, 0.03)
        solid.ellipsoid(centre, (long, wide, 0.07), main, turn=(0, 0, turn), when=index < count)
    solid.ellipsoid((0, 0.35, 0.04), (0.16, 0.16, 0.12), second)


@SHELF.thing("sunflower", colour="yellow", recolour=0.0)
def _sunflower(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _stem(solid, draw, 0.2, -0.85, 0.06, 0.28)
    for index, (c, s) in enumerate(around(14, 14)):
        solid.capsule(
            (0.24 * c, 0.33 + 0.24 * s, 0.02),
            (0.54 * c, 0.33 + 0.54 * s, 0.03 + 0.05 * (index % 2)),
            0.08,
            main.shaded(1.0 if index % 2 else 0.9),
            end_radius=0.025,
        )
    seeds = draw.rgb(0.35, 0.2, 0.08)
    centre = draw.between(0.26, 0.31)
    solid.ellipsoid((0, 0.33, 0.04), (centre, centre, 0.12), seeds.patterned(Pattern.CHECKS, 14.0, seeds.shaded(0.6)))
    solid.ellipsoid((0, 0.33, -0.05), (0.24, 0.24, 0.09), draw.paint("green"))


@SHELF.thing("tulip", colour="red", weight=0.9)
def _tulip(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    green, tall = draw.paint("green"), draw.between(0.52, 0.62)
    solid.capsule((0, -0.8, 0), (0, 0.2, 0), 0.05, green)
    for side in (-1, 1):
        tip = (side * draw.between(0.3, 0.4), draw.between(-0.15, 0.1), 0)
        chain(solid, ((0, -0.78, 0), (side * 0.2, -0.45, 0), tip), (0.06, 0.085, 0.02), green)
    for index in range(6):
        inner = index >= 3
        c, s = direction(30 + 120 * index + 60 * inner)
        out = 0.16 if inner else 0.22
        petal = main.shaded(0.85 if inner else 1.0)
        rim = (out * c, tall + 0.05 * inner, out * s)
        solid.capsule((0.1 * c, 0.22, 0.1 * s), rim, 0.17, petal, end_radius=0.06)
    solid.ellipsoid((0, 0.22, 0), (0.24, 0.22, 0.24), main)


@SHELF.thing("rose", colour="red")
def _rose(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _stem(solid, draw, 0.2, -0.85, 0.045, 0.2)
    solid.capsule((0.02, -0.2, 0.02), (0.12, -0.14, 0.02), 0.035, draw.paint("green"), end_radius=0.015)
    solid.capsule((-0.02, 0.0, 0.02), (-0.12, 0.06, 0.02), 0.035, draw.paint("green"), end_radius=0.015)
    solid.ellipsoid((0, 0.38, 0), (0.25, 0.26, 0.25), main.shaded(0.75))
    for ring, (out, height, size, tilt, shade) in enumerate(
        ((0.26, 0.34, 0.25, 28, 1.0), (0.17, 0.42, 0.22, 14, 0.88), (0.09, 0.5, 0.16, 5, 1.0))
    ):
        count = (5, 4, 3)[ring]
        for index in range(count):
            angle = 360.0 * index / count + 40.0 * ring
            c, s = direction(angle)
            petal = main.shaded(shade * draw.between(0.93, 1.03))
            solid.ellipsoid((out * s, height, out * c), (size, size * 0.95, 0.07), petal, turn=(tilt, angle, 0))
    for c, s in around(5, 5):
        solid.capsule((0, 0.12, 0), (0.26 * c, 0.07, 0.26 * s), 0.05, draw.paint("green"), end_radius=0.02)


@SHELF.thing("vase of flowers", "bouquet of flowers in a vase", colour="pink", second="white", part="a vase")
def _bouquet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    glaze, green, yolk = second.glossy(0.6), draw.paint("green"), draw.paint("yellow")
    solid.ellipsoid((0, -0.42, 0), (0.28, 0.3, 0.28), glaze)
    solid.cylinder((0, -0.12, 0), 0.14, 0.15, glaze, above=0.21, blend=0.06)
    solid.cylinder((0, -0.7, 0), 0.05, 0.19, glaze)
    for index, (c, s) in enumerate(around(5, 6, draw.between(0, 70))):
        out, height = (0.34, 0.26) if index < 5 else (0.0, 0.48)
        rise = height + draw.between(-0.04, 0.06)
        x, z = out * c, out * s
        solid.capsule((0.05 * c, -0.1, 0.05 * s), (x, rise, z), 0.035, green)
        tilt = Solid(solid.count)
        tilt.star((0, 0, 0), 0.27, main.shaded(1.0 if index % 2 else 0.9), inner=0.62, half_depth=0.06, points=6)
        tilt.ellipsoid((0, 0, 0.05), (0.1, 0.1, 0.07), yolk)
        # the heads look outwards and up
        facing = np.rad2deg(np.arctan2(c, s))
        solid.parts.extend(tilt.moved(shift=(x, rise, z), turn=(-40 if index < 5 else -75, facing, 0)).parts)
    for c, s in around(4, 4, 45):
        solid.ellipsoid((0.2 * c, 0.04, 0.2 * s), (0.13, 0.13, 0.13), green.shaded(0.8))


@SHELF.thing("potted plant", "flower pot with a plant", colour="green", second="orange", part="a pot")
def _potted_plant(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _pot(solid, second, -0.16, 0.5, draw.between(0.3, 0.38))
    for index in range(9):
        c, s = direction(137.5 * index + draw.between(-12, 12))
        out = draw.between(0.32, 0.5) if index < 5 else draw.between(0.12, 0.26)
        rise = draw.between(0.14, 0.36) if index < 5 else draw.between(0.5, 0.66)
        leaf = main.shaded(draw.between(0.8, 1.05))
        middle = (0.55 * out * c, rise * 0.85, 0.55 * out * s)
        chain(solid, ((0, -0.16, 0), middle, (out * c, rise, out * s)), (0.035, 0.12, 0.03), leaf)


@SHELF.thing("mushroom", "toadstool", colour="red", second="white", part="spots", weight=1.5)
def _mushroom(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    flesh, wide, squash = draw.paint("cream"), draw.between(0.44, 0.56), draw.between(0.65, 0.95)
    solid.cylinder((0, -0.3, 0), 0.34, draw.between(0.16, 0.22), flesh, above=draw.between(0.1, 0.15), rounding=0.05)
    solid.torus((0, -0.1, 0), 0.14, 0.06, flesh.shaded(0.92), when=draw.chance(0.4))
    solid.dome((0, 0, 0), wide, main.glossy(0.3), squash=squash)
    solid.cylinder((0, -0.005, 0), 0.02, wide * 0.94, flesh.shaded(0.85))
    for index in range(11):
        climb = (18.0, 32.0, 22.0, 46.0, 30.0, 20.0, 58.0, 36.0, 24.0, 50.0, 82.0)[index]
        c, s = direction(137.5 * index)
        level, up = direction(climb)
        centre = (wide * level * c, wide * squash * up, wide * level * s)
        solid.ellipsoid(centre, draw.between(0.065, 0.1), second)


@SHELF.thing("four-leaf clover", "clover", colour="green", recolour=0.4, weight=0.7)
def _clover(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    size, thick = draw.between(0.54, 0.6), draw.between(0.05, 0.08)
    for turn in (45, 135, 225, 315):
        c, s = direction(turn + 90.0)
        solid.heart((0.34 * c, 0.16 + 0.34 * s, 0), size, thick, main, turn=(0, 0, turn))
        solid.capsule((0.06 * c, 0.16 + 0.06 * s, 0), (0.36 * c, 0.16 + 0.36 * s, 0), thick + 0.045, main.shaded(0.75))
    chain(solid, ((0, 0.16, 0), (0.05, -0.4, 0), (0.18, -0.72, 0)), (0.06, 0.05, 0.05), main.shaded(0.8))


@SHELF.thing("acorn", colour="brown", recolour=0.0, weight=0.7)
def _acorn(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    nut, cap = draw.rgb(0.72, 0.46, 0.18).glossy(0.5), main.shaded(0.8)
    long = draw.between(0.42, 0.5)
    solid.ellipsoid((0, -0.1, 0), (0.36, long, 0.36), nut)
    solid.capsule((0, -long, 0), (0, -long - 0.2, 0), 0.09, nut, end_radius=0.035, blend=0.08)
    solid.dome((0, 0.08, 0), 0.44, cap.patterned(Pattern.CHECKS, 11.0, cap.pale(0.2)), squash=0.75)
    solid.torus((0, 0.1, 0), 0.38, 0.075, cap)
    solid.capsule((0, 0.36, 0), (0.08, 0.62, 0), 0.06, cap)


# ---- earth -----------------------------------------------------------------------------------------------------------


@SHELF.thing("rock", "boulder", "big stone", colour="stone", weight=0.8)
def _rock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, 0, 0), (0.56, draw.between(0.36, 0.46), draw.between(0.4, 0.5)), main, rounding=0.03)
    for half in (0.46, 0.5, 0.48, 0.44):
        turn = (draw.between(20, 70), draw.between(0, 360), draw.between(20, 70))
        high = half * draw.between(0.9, 1.1)
        solid.box(
            (draw.between(-0.06, 0.06), 0, 0), (high, high, high + 0.1), main, turn=turn, rounding=0.02, clip=True
        )
    side = draw.pick(-1, 1)
    solid.box((0.42 * side, -0.24, 0.22), (0.2, 0.17, 0.2), main, turn=(20, 35, 30), rounding=0.05)
    solid.box((0, -0.9, 0), (2, 0.5, 2), main, rounding=0.0, cut=True)


@SHELF.thing("mountain", "snowy mountain", "mountain peak", colour="gray", recolour=0.3)
def _mountain(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    cliff, snow = main.patterned(Pattern.CLOUDS, 7.0), draw.paint("white", jitter=0.02)
    peaks = (
        (0.05, 0.0, draw.between(0.5, 0.58), 0.6, 5),
        (-0.46, 0.1, draw.between(0.28, 0.38), 0.42, 4),
        (0.5, 0.04, draw.between(0.22, 0.32), 0.4, 4),
    )
    for x, z, half, wide, ridges in peaks:
        high, share = 2 * half, 0.36
        solid.cylinder((x, half - 0.5, z), half, wide, cliff, above=0.02)
        for index, (c, s) in enumerate(around(ridges, ridges, draw.between(0, 70))):
            out, up = (0.42, 0.58) if index % 2 else (0.2, 0.8)
            solid.capsule(
                (x + out * wide * c, high * up - 0.5, z + out * wide * s),
                (x + wide * c, -0.44, z + wide * s),
                0.03,
                cliff,
                end_radius=0.09,
                blend=0.04,
            )
        middle = high * (1 - share / 2) - 0.48
        solid.cylinder((x, middle, z), half * share, wide * share + 0.03, snow, above=0.03)
        for c, s in around(3, 3, draw.between(0, 120)):
            out = wide * share
            foot = (x + (out + 0.05) * c, high * (1 - share) - 0.58, z + (out + 0.05) * s)
            solid.capsule((x + 0.5 * out * c, middle, z + 0.5 * out * s), foot, 0.07, snow, end_radius=0.04)
    solid.box((0, -1.0, 0), (2, 0.5, 2), cliff, rounding=0.0, cut=True)


@SHELF.thing("volcano", colour="brown", recolour=0.0)
def _volcano(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    cliff = main.shaded(0.8).patterned(Pattern.CLOUDS, 8.0)
    lava, smoke = draw.rgb(1.0, 0.38, 0.05), draw.paint("gray").pale(0.3)
    mouth = draw.between(0.22, 0.28)
    solid.cylinder((0, -0.15, 0), 0.42, 0.72, cliff, above=mouth, rounding=0.03)
    for c, s in around(6, 6, draw.between(0, 60)):
        solid.capsule((0.2 * c, 0.2, 0.2 * s), (0.66 * c, -0.52, 0.66 * s), 0.06, cliff, end_radius=0.13, blend=0.05)
    solid.ellipsoid((0, 0.34, 0), (mouth * 0.8, 0.14, mouth * 0.8), lava.shaded(0.8), cut=True)
    solid.ellipsoid((0, 0.2, 0), (mouth * 0.95, 0.06, mouth * 0.95), lava)
    for c, s in around(4, 4, draw.between(0, 90)):
        low = draw.between(-0.3, 0.0)
        out = mouth + (0.72 - mouth) * (0.27 - low) / 0.84
        chain(solid, ((mouth * c, 0.28, mouth * s), (out * c, low, out * s)), (0.07, 0.085), lava)
    awake = draw.chance(0.75)
    for x, y, size in ((0.02, 0.44, 0.14), (-0.08, 0.6, 0.17), (0.1, 0.72, 0.2), (-0.12, 0.82, 0.16)):
        solid.ellipsoid((x, y, 0), size * draw.between(0.9, 1.1), smoke, when=awake)


@SHELF.thing("campfire", "bonfire", colour="orange", recolour=0.0)
def _campfire(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wood, stone = draw.wood(), draw.stone()
    for c, s in around(5, 5, draw.between(0, 72)):
        solid.capsule((-0.1 * c, -0.16, -0.1 * s), (0.5 * c, -0.36, 0.5 * s), 0.085, wood)
        solid.ellipsoid((0.55 * c, -0.38, 0.55 * s), 0.07, draw.rgb(0.86, 0.68, 0.42))
    for c, s in around(9, 9):
        size = draw.between(0.1, 0.14)
        solid.ellipsoid((0.64 * c, -0.42, 0.64 * s), (size, 0.1, size), stone, when=draw.chance(0.97))
    tall = draw.between(0.5, 0.7)
    solid.capsule((0, -0.08, 0), (draw.between(-0.06, 0.06), tall, 0), 0.25, main, end_radius=0.02)
    for index, (c, s) in enumerate(around(4, 4, draw.between(0, 90))):
        tip = draw.between(0.22, 0.42)
        tongue = main if index % 2 else draw.rgb(0.95, 0.3, 0.06)
        solid.capsule((0.15 * c, -0.12, 0.15 * s), (0.24 * c, tip, 0.24 * s), 0.15, tongue, end_radius=0.02)
    for c, s in around(4, 4, draw.between(0, 90)):
        solid.capsule(
            (0.18 * c, -0.14, 0.18 * s), (0.2 * c, 0.14, 0.2 * s), 0.12, draw.paint("yellow"), end_radius=0.02
        )


@SHELF.thing("seashell", "scallop shell", colour="pink", weight=0.8)
def _seashell(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale, spread = main.pale(0.45), draw.between(58, 68)
    for index in range(9):
        c, s = direction(spread * (index - 4) / 4)
        reach = 0.74 + 0.16 * c
        out, depth = reach * s, 0.05 + 0.1 * c
        middle = (0.55 * out, 0.55 * reach * c - 0.5, depth)
        chain(
            solid,
            ((0.02 * s, -0.5, 0), middle, (out, reach * c - 0.5, 0)),
            (0.05, 0.105, 0.115),
            pale if index % 2 else main,
        )
    solid.box((0, -0.5, 0), (0.26, 0.1, 0.07), main, rounding=0.05)


# ---- sky -------------------------------------------------------------------------------------------------------------


@SHELF.thing("cloud", colour="white", recolour=0.5)
def _cloud(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _puff(solid, draw, main, -0.28)


@SHELF.thing("rain cloud", colour="gray", second="blue", part="raindrops", recolour=0.4)
def _rain_cloud(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _puff(solid, draw, main, -0.2)
    for index, x in enumerate((-0.5, -0.25, 0.0, 0.25, 0.5, -0.38, -0.12, 0.14, 0.4)):
        y, z = (-0.42, 0.12) if index < 5 else (-0.62, -0.05)
        drop = y + draw.between(-0.05, 0.05)
        solid.capsule((x, drop - 0.08, z), (x + 0.03, drop + 0.08, z), 0.065, second.glossy(0.5), end_radius=0.02)


@SHELF.thing("storm cloud", "cloud with a lightning bolt", colour="gray", recolour=0.2, weight=0.7)
def _storm_cloud(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _puff(solid, draw, main, -0.2)
    bolt = draw.rgb(1.0, 0.85, 0.1)
    for x, y, half, turn in ((0.05, -0.35, 0.22, -28), (0.04, -0.52, 0.15, 68), (0.0, -0.74, 0.24, -28)):
        solid.box((x, y, 0), (0.07, half, 0.06), bolt, turn=(0, 0, turn), rounding=0.01)


@SHELF.thing("sun", colour="yellow", recolour=0.3)
def _sun(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    size, ray = draw.between(0.32, 0.38), main.where(draw.chance(0.5), draw.paint("orange"))
    solid.ellipsoid((0, 0, 0), (size, size, size * 0.8), main)
    for index in range(12):
        turn = 30.0 * index
        c, s = direction(turn + 90.0)
        half = 0.13 if index % 2 else 0.17
        out = size + half + 0.05
        solid.cylinder((out * c, out * s, 0), half, 0.1, ray, above=0.015, turn=(0, 0, turn), rounding=0.01)


@SHELF.thing("snowflake", colour="light blue", recolour=0.7)
def _snowflake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick, branch = draw.between(0.05, 0.065), draw.between(0.2, 0.26)
    long = draw.between(0.62, 0.7)
    for index in range(6):
        angle = 60.0 * index + 90.0
        c, s = direction(angle)
        solid.capsule((0, 0, 0), (long * c, long * s, 0), thick, main)
        for side in (-1, 1):
            u, v = direction(angle + 50.0 * side)
            solid.capsule((0.38 * c, 0.38 * s, 0), (0.38 * c + branch * u, 0.38 * s + branch * v, 0), thick * 0.9, main)
    solid.star((0, 0, 0), 0.24, main, inner=0.8, half_depth=thick, points=6)


@SHELF.thing("rainbow", "rainbow with clouds", colour="red", recolour=0.0, weight=0.8)
def _rainbow(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    names = ("purple", "blue", "green", "yellow", "orange", "red")
    for index, name in enumerate(names):
        radius, deep = 0.38 + 0.075 * index, 0.12 - 0.004 * index
        solid.box((0, radius / 2, 0), (radius, radius / 2, deep), draw.paint(name), rounding=0.0)
        solid.cylinder((0, 0, 0), 0.5, radius, main, turn=FLAT, clip=True)
    solid.cylinder((0, 0, 0), 0.5, 0.31, draw.paint("purple"), turn=FLAT, cut=True)
    puff = draw.paint("white", jitter=0.02)
    for side in (-1, 1):
        for x, y, size in ((0.53, 0.06, 0.19), (0.36, 0.0, 0.15), (0.72, 0.0, 0.15)):
            solid.ellipsoid((side * x, y, 0), (size, size, size * 1.1), puff)
