"""Furniture, lamps, and the fittings of a room."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.solid import Draw, Mask, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("furniture")

BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "teal", "light blue", "white")
SIDES = (-1, 1)


def _top(solid: Solid, height: Scalar) -> None:
    """Others can stand on the object, at this height."""
    solid.top = np.broadcast_to(np.asarray(height, np.float32), (solid.count,)).copy()


def _put(
    solid: Solid,
    other: Solid,
    shift: Triple = (0.0, 0.0, 0.0),
    turn: Triple = (0.0, 0.0, 0.0),
    when: Mask | bool = True,
) -> None:
    """Adds a group of parts, turned and then shifted."""
    solid.parts = solid.joined(other.moved(1.0, shift, turn), when).parts


def _legs(
    solid: Solid,
    x: Scalar,
    z: Scalar,
    top: Scalar,
    bottom: Scalar,
    half: Scalar,
    paint: Paint,
    when: Mask | bool = True,
) -> None:
    """Four square legs, at the corners of a rectangle."""
    middle, length = (np.asarray(top) + bottom) / 2.0, (np.asarray(top) - bottom) / 2.0
    for right in SIDES:
        for front in SIDES:
            at = (right * np.asarray(x), middle, front * np.asarray(z))
            solid.box(at, (half, length, half), paint, rounding=0.01, when=when)


def _round_legs(
    solid: Solid, inner: Scalar, outer: Scalar, top: Scalar, bottom: Scalar, radius: Scalar, paint: Paint
) -> None:
    """Four splayed round legs."""
    for right in SIDES:
        for front in SIDES:
            start = (right * np.asarray(inner), top, front * np.asarray(inner))
            end = (right * np.asarray(outer), bottom, front * np.asarray(outer))
            solid.capsule(start, end, radius, paint)


# ---- seats -----------------------------------------------------------------------------------------------------------


@SHELF.thing("chair", "dining chair", colour="wood", directional=True, weight=1.6)
def _chair(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, leg, back = draw.between(0.29, 0.34), draw.between(0.29, 0.36), draw.between(0.34, 0.44)
    style, t = draw.whole(0, 2), 0.045
    solid.box((0, 0, 0), (width, 0.055, width), main)
    _legs(solid, width - t, width - t, 0.0, -2 * leg, t, main)
    rear = t - width
    solid.box((0, back, rear), (width, back, t), main, when=style == 0)
    for side in SIDES:
        solid.box((side * (width - t), back, rear), (t, back, t), main, rounding=0.01, when=style > 0)
    solid.box((0, 2 * back - 0.07, rear), (width, 0.075, t), main, when=style > 0)
    for height in (0.75, 1.25):
        solid.box((0, back * height, rear), (width - 0.02, 0.05, 0.035), main, when=style == 1)
    for place in (-0.36, 0.0, 0.36):
        solid.box((width * place, back, rear), (0.035, back - 0.03, 0.035), main, when=style == 2)
    solid.box(
        (0, 0.075, 0.03), (width * 0.92, 0.06, width * 0.85), draw.paint(*BRIGHT), rounding=0.05, when=draw.chance(0.3)
    )


@SHELF.thing("armchair", colour="red", directional=True, weight=1.2)
def _armchair(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    back, arm, feet = draw.between(0.32, 0.42), draw.between(0.2, 0.25), draw.paint("brown", "black")
    buttons = draw.chance(0.5)
    solid.box((0, -0.15, 0), (0.3, 0.14, 0.32), main, rounding=0.05)
    solid.box((0, back - 0.22, -0.28), (0.36, back, 0.11), main, rounding=0.09)
    for side in SIDES:
        solid.box((side * 0.36, arm - 0.28, 0.02), (0.1, arm, 0.34), main, rounding=0.085)
        solid.ellipsoid((side * 0.14, back - 0.02, -0.175), 0.035, main.shaded(0.6), when=buttons)
    solid.box((0, 0.03, 0.06), (0.25, 0.08, 0.29), main.pale(0.15), rounding=0.06)
    for right in SIDES:
        for front in SIDES:
            solid.cylinder((right * 0.33, -0.35, front * 0.26), 0.08, 0.045, feet, above=0.055)


@SHELF.thing("sofa", "couch", colour="blue", directional=True, weight=1.4)
def _sofa(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, arm, feet = draw.between(0.56, 0.7), draw.between(0.19, 0.25), draw.paint("brown", "black")
    cushion = main.pale(0.15)
    solid.box((0, -0.15, 0), (width, 0.13, 0.3), main, rounding=0.05)
    solid.box((0, 0.1, -0.25), (width, 0.3, 0.12), main, rounding=0.08)
    for side in SIDES:
        solid.box((side * width, arm - 0.26, 0.02), (0.11, arm, 0.33), main, rounding=0.09)
        solid.box((side * width * 0.46, 0.02, 0.05), (width * 0.42, 0.075, 0.28), cushion, rounding=0.05)
        solid.box(
            (side * width * 0.46, 0.22, -0.14), (width * 0.41, 0.17, 0.07), cushion, rounding=0.06, turn=(-12, 0, 0)
        )
        for front in SIDES:
            solid.cylinder((side * width * 0.92, -0.32, front * 0.24), 0.07, 0.045, feet)
    throw = draw.paint(*BRIGHT)
    solid.box(
        (width * 0.7, 0.18, 0.0), (0.13, 0.13, 0.05), throw, rounding=0.045, turn=(-15, -20, 8), when=draw.chance(0.35)
    )


@SHELF.thing("stool", colour="wood", weight=0.9)
def _stool(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    four, height = draw.chance(0.5), draw.between(0.55, 0.75)
    solid.cylinder((0, 0.3, 0), 0.065, 0.34, main, rounding=0.03)
    for index in range(4):
        angle = np.where(four, 45 + 90 * index, 30 + 120 * index) * np.pi / 180
        x, z = np.cos(angle), np.sin(angle)
        start, end = (0.2 * x, 0.27, 0.2 * z), (0.33 * x, 0.27 - height, 0.33 * z)
        solid.capsule(start, end, 0.05, main, when=four | (index < 3))
    solid.torus((0, 0.27 - height * 0.6, 0), 0.27, 0.03, main, when=four)
    _top(solid, 0.365)


@SHELF.thing("bar stool", colour="red", weight=0.6)
def _bar_stool(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel = draw.paint("silver", "silver", "black", gloss=0.6)
    half = draw.between(0.42, 0.55)
    solid.cylinder((0, half + 0.06, 0), 0.1, 0.28, main.glossy(0.3), rounding=0.07)
    solid.torus((0, half - 0.03, 0), 0.27, 0.035, steel)
    solid.cylinder((0, 0, 0), half, 0.05, steel)
    solid.torus((0, -half * 0.35, 0), 0.2, 0.035, steel)
    for angle in (0, 90):
        solid.box((0, -half * 0.35, 0), (0.2, 0.03, 0.03), steel, turn=(0, angle, 0))
    solid.cylinder((0, -half, 0), 0.05, 0.32, steel, above=0.12)
    _top(solid, half + 0.16)


@SHELF.thing("bench", "park bench", colour="wood", directional=True)
def _bench(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, iron = draw.between(0.62, 0.75), draw.paint("black", "gray", "dark green")
    for place in (-0.2, 0.0, 0.2):
        solid.box((0, 0, place), (width, 0.035, 0.08), main)
    for row in range(3):
        solid.box((0, 0.16 + 0.17 * row, -0.27 - 0.035 * row), (width, 0.065, 0.03), main, turn=(-12, 0, 0))
    for side in SIDES:
        x = side * (width - 0.1)
        solid.capsule((x, -0.4, 0.22), (x, -0.04, 0.2), 0.045, iron)
        solid.capsule((x, -0.4, -0.22), (x, 0.0, -0.24), 0.045, iron)
        solid.capsule((x, 0.0, -0.26), (x, 0.52, -0.39), 0.04, iron)
        solid.capsule((x, -0.06, -0.2), (x, -0.06, 0.2), 0.04, iron)
        solid.capsule((x, 0.2, -0.28), (x, 0.2, 0.2), 0.04, iron)
        solid.capsule((x, 0.0, 0.2), (x, 0.2, 0.2), 0.04, iron)


@SHELF.thing("rocking chair", colour="wood", directional=True, weight=0.8)
def _rocking_chair(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    back = draw.between(0.36, 0.44)
    solid.box((0, 0, 0.02), (0.3, 0.05, 0.29), main, rounding=0.03)
    for side in SIDES:
        x = side * 0.27
        solid.arc((x, 0.22, -0.04), 0.66, 0.045, 46, main, turn=(0, 90, -90))
        solid.capsule((x, 0.22, 0.25), (x, -0.37, 0.25), 0.04, main)
        solid.capsule((x, 0.0, -0.22), (x, -0.37, -0.3), 0.04, main)
        solid.capsule((x, 0.0, -0.22), (x, 2 * back, -0.42), 0.045, main)
        solid.box((x, 0.25, 0.0), (0.05, 0.035, 0.33), main)
    solid.box((0, 2 * back - 0.03, -0.41), (0.31, 0.09, 0.04), main, turn=(-13, 0, 0))
    for place in (-0.13, 0.0, 0.13):
        solid.capsule((place, 0.0, -0.22), (place, 2 * back - 0.05, -0.4), 0.033, main)
    cushion = draw.paint(*BRIGHT)
    solid.box((0, 0.075, 0.03), (0.26, 0.06, 0.25), cushion, rounding=0.05, when=draw.chance(0.35))


@SHELF.thing(
    "office chair", "desk chair", "swivel chair", colour="black", second="gray", part="a base", directional=True
)
def _office_chair(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    back, steel = draw.between(0.3, 0.4), second.glossy(0.4)
    for spoke in range(5):
        angle = np.deg2rad(90 + 72 * spoke)
        x, z = 0.38 * np.cos(angle), 0.38 * np.sin(angle)
        solid.capsule((0, -0.44, 0), (x, -0.52, z), 0.045, steel)
        solid.ellipsoid((x, -0.58, z), 0.065, main.shaded(0.6))
    solid.cylinder((0, -0.25, 0), 0.22, 0.055, steel)
    solid.box((0, 0, 0.03), (0.32, 0.08, 0.31), main, rounding=0.07)
    solid.box((0, 0.15, -0.33), (0.07, 0.2, 0.03), steel, turn=(-8, 0, 0))
    solid.box((0, back + 0.16, -0.3), (0.28, back, 0.07), main, rounding=0.065, turn=(-8, 0, 0))
    arms = draw.chance(0.75)
    for side in SIDES:
        solid.capsule((side * 0.36, 0.0, 0), (side * 0.38, 0.24, 0), 0.035, steel, when=arms)
        solid.box((side * 0.38, 0.26, 0.02), (0.055, 0.035, 0.2), main.shaded(0.75), rounding=0.03, when=arms)


@SHELF.thing(
    "throne",
    "royal throne",
    colour="golden",
    second="red",
    part="cushions",
    recolour=0.5,
    directional=True,
    weight=0.8,
)
def _throne(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gold, back = main.glossy(0.6), draw.between(0.5, 0.62)
    solid.box((0, -0.52, 0.08), (0.52, 0.06, 0.48), gold)
    solid.box((0, -0.26, 0.02), (0.36, 0.24, 0.34), gold)
    solid.box((0, back - 0.3, -0.31), (0.4, back, 0.07), gold)
    solid.box((0, 0.02, 0.08), (0.27, 0.08, 0.29), second, rounding=0.06)
    solid.box((0, back - 0.12, -0.23), (0.27, back - 0.27, 0.04), second, rounding=0.035)
    solid.prism((0, 2 * back - 0.32, -0.31), 0.2, 0.24, 0.07, gold)
    solid.ellipsoid((0, 2 * back - 0.03, -0.31), 0.08, second)
    for side in SIDES:
        x = side * 0.36
        solid.ellipsoid((x, 2 * back - 0.24, -0.31), 0.1, gold)
        solid.box((x, 0.1, 0.04), (0.08, 0.12, 0.32), gold, rounding=0.03)
        solid.ellipsoid((x, 0.2, 0.36), 0.11, gold)
        solid.capsule((x, -0.45, 0.36), (x, 0.16, 0.36), 0.065, gold)


# ---- tables ----------------------------------------------------------------------------------------------------------


@SHELF.thing("table", "dining table", colour="wood", weight=1.4)
def _table(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, depth, half = draw.between(0.54, 0.68), draw.between(0.38, 0.5), draw.between(0.24, 0.33)
    leg = draw.between(0.045, 0.065)
    solid.box((0, half, 0), (width, 0.05, depth), main)
    solid.box((0, half - 0.09, 0), (width - 0.07, 0.06, depth - 0.07), main.shaded(0.85), rounding=0.01)
    _legs(solid, width - 0.1, depth - 0.1, half, -half, leg, main)
    _top(solid, half + 0.05)


@SHELF.thing("round table", colour="wood", phrases=("a round wooden table",), weight=0.9)
def _round_table(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, radius, pedestal = draw.between(0.26, 0.34), draw.between(0.58, 0.68), draw.chance(0.65)
    solid.cylinder((0, half, 0), 0.05, radius, main, rounding=0.02)
    solid.cylinder((0, 0, 0), half, 0.08, main, above=0.065, when=pedestal)
    solid.cylinder((0, -half, 0), 0.05, radius * 0.55, main, above=radius * 0.3, when=pedestal)
    for right in SIDES:
        for front in SIDES:
            inner, outer = right * radius * 0.5, right * radius * 0.55
            start = (inner, half, front * radius * 0.5)
            solid.capsule(start, (outer, -half, front * radius * 0.55), 0.05, main, when=~pedestal)
    _top(solid, half + 0.05)


@SHELF.thing("coffee table", colour="wood", weight=0.7)
def _coffee_table(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, depth, half = draw.between(0.62, 0.7), draw.between(0.34, 0.4), draw.between(0.15, 0.18)
    solid.box((0, half, 0), (width, 0.05, depth), main, rounding=0.03)
    _legs(solid, width - 0.09, depth - 0.09, half, -half, 0.055, main)
    solid.box((0, -half * 0.45, 0), (width - 0.08, 0.03, depth - 0.08), main.shaded(0.85))
    for level, paint in enumerate((draw.paint(*BRIGHT), draw.paint(*BRIGHT))):
        at = (-width * 0.25, 0.065 + 0.05 * level - half * 0.45, depth * 0.35)
        solid.box(at, (0.17, 0.025, 0.13), paint, rounding=0.0, turn=(0, 15 * level, 0))
    _top(solid, half + 0.05)


@SHELF.thing("desk", "writing desk", colour="wood", directional=True, weight=0.8)
def _desk(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, both = draw.between(0.6, 0.7), draw.chance(0.4)
    knob = draw.paint("golden", "black", "silver", gloss=0.5)
    solid.box((0, 0.3, 0), (width, 0.045, 0.36), main)
    solid.box((0, 0.08, -0.28), (width - 0.06, 0.2, 0.03), main.shaded(0.8))
    for side in SIDES:
        there = both | (side < 0)
        x = side * (width - 0.22)
        solid.box((x, -0.03, 0), (0.19, 0.31, 0.31), main.shaded(0.85), rounding=0.01, when=there)
        for row in range(3):
            y = 0.15 - 0.19 * row
            solid.box((x, y, 0.31), (0.165, 0.08, 0.03), main, rounding=0.015, when=there)
            solid.ellipsoid((x, y, 0.355), 0.04, knob, when=there)
    for front in SIDES:
        solid.box((width - 0.07, -0.02, front * 0.28), (0.05, 0.32, 0.05), main, when=~both)
    _top(solid, 0.345)


# ---- beds ------------------------------------------------------------------------------------------------------------


@SHELF.thing("bed", colour="blue", directional=True, weight=1.2)
def _bed(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, wood, white = draw.between(0.4, 0.52), draw.wood(), draw.paint("white")
    head = draw.between(0.28, 0.38)
    solid.box((0, -0.2, 0), (width, 0.08, 0.66), wood)
    solid.box((0, -0.06, 0), (width * 0.97, 0.1, 0.64), white, rounding=0.05)
    solid.box((0, -0.06, 0.17), (width + 0.035, 0.14, 0.49), main, rounding=0.06)
    solid.box((0, 0.08, -0.28), (width + 0.03, 0.03, 0.09), main.pale(0.45), rounding=0.025)
    solid.box((0, head - 0.25, -0.69), (width + 0.02, head, 0.05), wood, rounding=0.04)
    solid.box((0, -0.1, 0.69), (width + 0.02, 0.2, 0.04), wood, rounding=0.03)
    for side in SIDES:
        solid.box((side * width * 0.48, 0.09, -0.49), (width * 0.4, 0.07, 0.14), white, rounding=0.065, turn=(14, 0, 0))
    _legs(solid, width - 0.04, 0.66, -0.2, -0.4, 0.05, wood)


@SHELF.thing("bunk bed", colour="wood", directional=True, weight=0.8)
def _bunk_bed(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, white = draw.between(0.52, 0.6), draw.paint("white")
    _legs(solid, 0.64, 0.3, half, -half, 0.05, main)
    for level in (-0.62, 0.3):
        y = half * level
        cover = draw.paint(*BRIGHT)
        solid.box((0, y - 0.06, 0), (0.64, 0.06, 0.32), main)
        solid.box((-0.3, y + 0.04, 0), (0.28, 0.07, 0.28), white, rounding=0.04)
        solid.box((0.17, y + 0.045, 0.0), (0.42, 0.085, 0.3), cover, rounding=0.05)
        solid.box((-0.44, y + 0.13, 0), (0.13, 0.06, 0.2), white, rounding=0.055)
        for side in SIDES:
            solid.box((side * 0.64, y + 0.2, 0), (0.035, 0.05, 0.28), main)
    for front in SIDES:
        solid.box(
            (-0.16 if front > 0 else 0.0, half * 0.3 + 0.22, front * 0.3),
            (0.48 if front > 0 else 0.64, 0.045, 0.03),
            main,
        )
    for place in (0.26, 0.54):
        solid.box((place, -0.12, 0.38), (0.035, half - 0.1, 0.035), main, turn=(-4, 0, 0))
    for rung in range(4):
        solid.box((0.4, -half + 0.2 + 0.24 * rung, 0.39 - 0.016 * rung), (0.14, 0.035, 0.03), main)


@SHELF.thing("crib", "baby crib", colour="white", second="light blue", part="a mattress", weight=0.7)
def _crib(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half = draw.between(0.36, 0.42)
    _legs(solid, 0.58, 0.32, half, -half - 0.06, 0.05, main)
    for right in SIDES:
        for front in SIDES:
            solid.ellipsoid((right * 0.58, half + 0.05, front * 0.32), 0.075, main)
        solid.box((right * 0.58, 0.0, 0), (0.03, half - 0.04, 0.3), main)
    for front in SIDES:
        for height in (0.9, -0.55):
            solid.box((0, half * height, front * 0.32), (0.58, 0.045, 0.035), main)
        for bar in range(5):
            solid.box((-0.4 + 0.2 * bar, half * 0.17, front * 0.32), (0.032, half * 0.72, 0.03), main, rounding=0.01)
    solid.box((0, -half * 0.5, 0), (0.56, 0.07, 0.3), second, rounding=0.04)
    solid.box((-0.38, -half * 0.5 + 0.1, 0), (0.13, 0.05, 0.2), draw.paint("white", "cream"), rounding=0.045)


# ---- cupboards -------------------------------------------------------------------------------------------------------


@SHELF.thing(
    "bookshelf",
    "bookcase",
    colour="wood",
    phrases=("a wooden bookshelf with books", "a small bookshelf"),
    directional=True,
)
def _bookshelf(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, half = draw.between(0.4, 0.48), draw.between(0.56, 0.64)
    solid.box((0, 0, -0.15), (width, half, 0.03), main.shaded(0.8), rounding=0.0)
    for side in SIDES:
        solid.box((side * width, 0, 0), (0.04, half + 0.03, 0.18), main, rounding=0.01)
    rows = [-half, -half / 3.0, half / 3.0]
    for y in [*rows, half]:
        solid.box((0, y, 0), (width, 0.035, 0.18), main, rounding=0.01)
    for y in rows:
        left = 0.05 - width
        for _ in range(6):
            book, high = draw.between(0.045, 0.075), draw.between(0.1, 0.15)
            there = draw.chance(0.9) & (left + 2 * book < width)
            at = (left + book, y + 0.03 + high, 0.02)
            solid.box(at, (book * 0.94, high, 0.13), draw.paint(*BRIGHT), rounding=0.0, when=there)
            left = left + 2 * book


@SHELF.thing("wardrobe", "closet", colour="wood", directional=True, weight=0.8)
def _wardrobe(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, half = draw.between(0.42, 0.5), draw.between(0.62, 0.7)
    knob = draw.paint("golden", "black", "silver", gloss=0.5)
    solid.box((0, 0, 0), (width, half, 0.26), main.shaded(0.75), rounding=0.01)
    solid.box((0, half, 0.01), (width + 0.06, 0.055, 0.32), main)
    solid.box((0, 0.04 - half, 0.01), (width + 0.04, 0.07, 0.3), main)
    for side in SIDES:
        solid.box((side * width / 2, 0.03, 0.26), (width / 2 - 0.02, half - 0.12, 0.035), main, rounding=0.01)
        for y in (-0.46, 0.46):
            at = (side * (width / 2 + 0.02), 0.03 + y * (half - 0.06), 0.285)
            solid.box(at, (width / 2 - 0.11, half * 0.31, 0.03), main.shaded(0.85), rounding=0.02)
        solid.capsule((side * 0.065, -0.05, 0.32), (side * 0.065, 0.11, 0.32), 0.035, knob)
        solid.box((side * (width - 0.06), -half - 0.07, 0.2), (0.06, 0.06, 0.06), main.shaded(0.7))


@SHELF.thing("chest of drawers", "dresser", colour="wood", directional=True, weight=0.8)
def _chest_of_drawers(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, half = draw.between(0.46, 0.56), draw.between(0.4, 0.46)
    knob = draw.paint("golden", "black", "silver", "white", gloss=0.5)
    solid.box((0, 0, 0), (width, half, 0.28), main.shaded(0.7), rounding=0.01)
    solid.box((0, half + 0.02, 0.02), (width + 0.05, 0.045, 0.33), main)
    _legs(solid, width - 0.06, 0.22, -half, -half - 0.12, 0.055, main)
    for row in range(3):
        y = (row - 1) * half * 0.64
        solid.box((0, y - 0.01, 0.28), (width - 0.05, half * 0.28, 0.045), main, rounding=0.02)
        for side in SIDES:
            solid.ellipsoid((side * width * 0.5, y, 0.35), 0.05, knob)
    _top(solid, half + 0.065)


@SHELF.thing("nightstand", "bedside table", colour="wood", directional=True, weight=0.6)
def _nightstand(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    width, half = draw.between(0.34, 0.38), draw.between(0.42, 0.5)
    solid.box((0, half, 0), (width + 0.05, 0.045, 0.37), main)
    _legs(solid, width - 0.045, 0.28, half, -half, 0.05, main)
    solid.box((0, half * 0.55, 0), (width - 0.02, half * 0.36, 0.29), main.shaded(0.75), rounding=0.01)
    solid.box((0, half * 0.55, 0.3), (width - 0.1, half * 0.27, 0.035), main, rounding=0.02)
    solid.ellipsoid((0, half * 0.55, 0.36), 0.06, draw.paint("golden", "black", "silver", gloss=0.5))
    solid.box((0, -half * 0.55, 0), (width, 0.035, 0.31), main)
    book = draw.paint(*BRIGHT)
    solid.box((-0.04, -half * 0.55 + 0.085, 0.03), (0.19, 0.05, 0.2), book, rounding=0.0, when=draw.chance(0.5))
    _top(solid, half + 0.045)


@SHELF.thing("coat rack", "hat stand", colour="wood", weight=0.6)
def _coat_rack(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half = draw.between(0.62, 0.7)
    solid.cylinder((0, 0, 0), half, 0.05, main)
    solid.ellipsoid((0, half + 0.04, 0), 0.085, main)
    for index in range(4):
        angle = np.deg2rad(45 + 90 * index)
        x, z = np.cos(angle), np.sin(angle)
        solid.capsule((0, 0.14 - half, 0), (0.34 * x, -half, 0.34 * z), 0.05, main)
        solid.capsule((0, half - 0.22, 0), (0.26 * x, half - 0.06, 0.26 * z), 0.04, main)
        solid.ellipsoid((0.27 * x, half - 0.04, 0.27 * z), 0.06, main)
    scarf, there = draw.paint(*BRIGHT), draw.chance(0.4)
    solid.box((0.24, half - 0.36, 0.19), (0.07, 0.3, 0.06), scarf, rounding=0.05, turn=(0, -45, 0), when=there)


# ---- lamps -----------------------------------------------------------------------------------------------------------


@SHELF.thing("table lamp", "lamp", colour="yellow", second="gray", part="a base", weight=1.2)
def _table_lamp(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, style = draw.between(0.28, 0.36), draw.whole(0, 2)
    base = second.glossy(0.4)
    solid.cylinder((0, -half - 0.02, 0), 0.05, 0.25, base, rounding=0.03)
    solid.cylinder((0, 0, 0), half + 0.06, 0.04, base)
    solid.ellipsoid((0, -0.35 * half, 0), (0.17, 0.55 * half, 0.17), base, when=style == 1)
    for place in (-0.55, 0.05):
        solid.ellipsoid((0, place * half, 0), 0.13, base, when=style == 2)
    lower, upper = draw.between(0.38, 0.46), draw.between(0.2, 0.3)
    solid.cylinder((0, half + 0.16, 0), 0.24, lower, main, above=upper, rounding=0.0)
    solid.ellipsoid((0, half + 0.42, 0), 0.045, base)


@SHELF.thing("desk lamp", "reading lamp", colour="yellow", weight=1.1)
def _desk_lamp(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lean, joint = draw.between(0.12, 0.26), draw.paint("silver", "black", "golden", gloss=0.5)
    paint = main.glossy(0.4)
    elbow, high = -0.1 - lean, draw.between(0.02, 0.1)
    solid.cylinder((0, -0.6, 0), 0.055, 0.28, paint, rounding=0.03)
    solid.capsule((0, -0.56, 0), (elbow, high, 0), 0.045, paint)
    solid.ellipsoid((elbow, high, 0), 0.075, joint)
    solid.capsule((elbow, high, 0), (0.2, 0.48, 0), 0.045, paint)
    solid.ellipsoid((0.2, 0.48, 0), 0.08, joint)
    shade, tilt = Solid(solid.count), draw.between(25.0, 42.0)
    shade.cylinder((0, -0.2, 0), 0.19, 0.32, paint, above=0.1, rounding=0.0)
    shade.cylinder((0, 0.02, 0), 0.07, 0.1, paint, rounding=0.02)
    shade.ellipsoid((0, -0.38, 0), (0.2, 0.09, 0.2), draw.rgb(1.0, 0.95, 0.65))
    _put(solid, shade, (0.26, 0.46, 0), (0, 0, tilt))


@SHELF.thing("floor lamp", "standing lamp", colour="cream", second="black", part="a stand", weight=0.7)
def _floor_lamp(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, tripod = draw.between(0.66, 0.74), draw.chance(0.4)
    lower, upper = draw.between(0.28, 0.34), draw.between(0.18, 0.24)
    solid.cylinder((0, 0, 0), half, 0.04, second, when=~tripod)
    solid.cylinder((0, -half, 0), 0.04, 0.24, second, rounding=0.03, when=~tripod)
    for index in range(3):
        angle = np.deg2rad(30 + 120 * index)
        end = (0.3 * np.cos(angle), -half, 0.3 * np.sin(angle))
        solid.capsule((0, half - 0.1, 0), end, 0.04, second, when=tripod)
    solid.cylinder((0, half + 0.06, 0), 0.19, lower, main, above=upper, rounding=0.0)


@SHELF.thing("street lamp", "lamppost", "street light", colour="black", weight=0.8)
def _street_lamp(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, light = draw.between(0.56, 0.66), draw.rgb(1.0, 0.93, 0.55)
    solid.cylinder((0, 0, 0), half, 0.05, main, above=0.04)
    solid.cylinder((0, -half, 0), 0.09, 0.16, main, above=0.09)
    solid.torus((0, half * 0.3, 0), 0.045, 0.035, main)
    solid.capsule((-0.17, half - 0.14, 0), (0.17, half - 0.14, 0), 0.035, main)
    solid.cylinder((0, half + 0.02, 0), 0.03, 0.13, main)
    solid.cylinder((0, half + 0.18, 0), 0.15, 0.11, light, above=0.17)
    solid.cylinder((0, half + 0.39, 0), 0.07, 0.23, main, above=0.04)
    solid.ellipsoid((0, half + 0.49, 0), 0.05, main)
    for index in range(4):
        angle = np.deg2rad(45 + 90 * index)
        x, z = np.cos(angle), np.sin(angle)
        start, end = (0.12 * x, half + 0.03, 0.12 * z), (0.18 * x, half + 0.34, 0.18 * z)
        solid.capsule(start, end, 0.03, main)


@SHELF.thing("chandelier", colour="golden", recolour=0.5, weight=0.7)
def _chandelier(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gold, white, flame = main.glossy(0.7), draw.paint("white"), draw.rgb(1.0, 0.75, 0.2)
    ring = draw.between(0.24, 0.28)
    solid.cylinder((0, 0.62, 0), 0.04, 0.14, gold)
    solid.capsule((0, -0.2, 0), (0, 0.6, 0), 0.045, gold)
    solid.ellipsoid((0, 0.12, 0), (0.12, 0.16, 0.12), gold)
    solid.ellipsoid((0, -0.2, 0), 0.13, gold)
    solid.ellipsoid((0, -0.38, 0), (0.06, 0.09, 0.06), draw.paint("light blue", "white", gloss=0.9))
    for index in range(6):
        angle = 60 * index
        x, z = np.cos(np.deg2rad(angle)), -np.sin(np.deg2rad(angle))
        far = 2 * ring
        solid.arc((ring * x, 0.0, ring * z), ring, 0.04, 90, gold, turn=(0, angle, -90))
        solid.cylinder((far * x, 0.02, far * z), 0.03, 0.1, gold)
        solid.cylinder((far * x, 0.13, far * z), 0.12, 0.05, white)
        solid.ellipsoid((far * x, 0.31, far * z), (0.05, 0.09, 0.05), flame)


# ---- pianos ----------------------------------------------------------------------------------------------------------


def _keyboard(solid: Solid, draw: Draw, at: Triple, half: float) -> None:
    """White and black keys, around a middle."""
    x, y, z = at
    ebony = draw.paint("black", gloss=0.4)
    solid.box((x, y, z), (half, 0.03, 0.11), draw.paint("white"), rounding=0.0)
    for index in range(7):
        if index == 2:  # the gap between the groups of two and of four keys
            continue
        place = np.asarray(x) + half * (index - 3) / 3.5
        solid.box((place, np.asarray(y) + 0.03, np.asarray(z) - 0.04), (0.035, 0.03, 0.07), ebony, rounding=0.0)


@SHELF.thing("piano", "upright piano", colour="brown", directional=True)
def _piano(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, high = main.glossy(0.5), draw.between(0.5, 0.6)
    solid.box((0, high - 0.52, -0.14), (0.64, high, 0.2), paint)
    solid.box((0, 2 * high - 0.5, -0.12), (0.68, 0.035, 0.25), paint)
    solid.box((0, -0.04, 0.2), (0.64, 0.06, 0.2), paint)
    for side in SIDES:
        solid.box((side * 0.6, 0.04, 0.19), (0.05, 0.09, 0.2), paint)
        solid.box((side * 0.57, -0.3, 0.32), (0.055, 0.24, 0.055), paint)
    _keyboard(solid, draw, (0, 0.05, 0.24), 0.54)
    solid.box((0, 0.28, 0.07), (0.34, 0.12, 0.025), paint.shaded(0.75), turn=(-12, 0, 0))
    for side in SIDES:
        solid.box((side * 0.12, 0.3, 0.1), (0.11, 0.13, 0.01), draw.paint("white"), rounding=0.0, turn=(-12, 0, 0))
        solid.capsule((side * 0.09, -0.48, 0.05), (side * 0.09, -0.48, 0.16), 0.035, draw.paint("golden", gloss=0.6))


@SHELF.thing("grand piano", colour="black", directional=True, weight=0.8)
def _grand_piano(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, tilt = main.glossy(0.6), draw.between(35.0, 50.0)
    solid.box((0, 0, 0.15), (0.54, 0.12, 0.3), paint)
    solid.cylinder((-0.17, 0, -0.42), 0.12, 0.37, paint)
    solid.box((-0.36, 0, -0.25), (0.18, 0.12, 0.3), paint)
    solid.prism((0.16, 0, -0.16), 0.38, 0.3, 0.12, paint, turn=(-90, 0, 0))
    solid.cylinder((-0.15, 0.115, -0.4), 0.02, 0.3, draw.paint("golden", gloss=0.4))
    solid.box((0.0, 0.115, 0.06), (0.46, 0.02, 0.2), draw.paint("golden", gloss=0.4))
    solid.box((0, -0.07, 0.53), (0.54, 0.05, 0.14), paint)
    for side in SIDES:
        solid.box((side * 0.5, 0.0, 0.53), (0.05, 0.1, 0.14), paint)
    _keyboard(solid, draw, (0, 0.01, 0.54), 0.44)
    solid.box((0, 0.25, 0.34), (0.28, 0.13, 0.025), paint, turn=(-15, 0, 0))
    lid = Solid(solid.count)
    lid.box((0.5, 0, 0.02), (0.5, 0.025, 0.24), paint)
    lid.cylinder((0.37, 0, -0.42), 0.025, 0.37, paint, rounding=0.02)
    lid.box((0.2, 0, -0.25), (0.2, 0.025, 0.3), paint)
    _put(solid, lid, (-0.54, 0.14, 0), (0, 0, tilt))
    solid.capsule((0.46, 0.1, 0.1), (0.1, 0.14 + 0.64 * np.tan(np.deg2rad(tilt)), 0.1), 0.03, paint)
    for x, z in ((-0.43, 0.34), (0.43, 0.34), (-0.17, -0.6)):
        solid.cylinder((x, -0.34, z), 0.26, 0.05, paint, above=0.085)
        solid.ellipsoid((x, -0.61, z), 0.06, draw.paint("golden", gloss=0.5))


# ---- what stands in a room -------------------------------------------------------------------------------------------


@SHELF.thing("grandfather clock", "longcase clock", colour="wood", directional=True, weight=0.8)
def _grandfather_clock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, gold, black = main.shaded(0.75), draw.paint("golden", gloss=0.7), draw.paint("black")
    gable = draw.chance(0.5)
    solid.box((0, -0.75, 0), (0.36, 0.18, 0.26), main)
    solid.box((0, -0.95, 0), (0.41, 0.05, 0.3), dark)
    solid.box((0, -0.2, 0), (0.27, 0.42, 0.2), main)
    solid.box((0, -0.18, 0.19), (0.19, 0.33, 0.03), draw.rgb(0.12, 0.1, 0.1), rounding=0.0)
    swing = draw.between(-0.05, 0.05)
    solid.capsule((0, 0.1, 0.23), (swing, -0.34, 0.23), 0.035, gold)
    solid.cylinder((swing, -0.34, 0.23), 0.025, 0.13, gold, turn=(90, 0, 0))
    solid.box((0, 0.46, 0), (0.37, 0.3, 0.25), main)
    solid.cylinder((0, 0.46, 0.26), 0.02, 0.27, draw.paint("white", "cream"), turn=(90, 0, 0))
    for length, width in ((0.13, 0.035), (0.19, 0.03)):
        angle = draw.between(0.0, 2 * np.pi)
        end = (length * np.cos(angle), 0.46 + length * np.sin(angle), 0.29)
        solid.capsule((0, 0.46, 0.29), end, width, black)
    solid.box((0, 0.78, 0), (0.43, 0.045, 0.3), dark)
    solid.prism((0, 0.82, 0), 0.4, 0.22, 0.26, main, when=gable)
    solid.cylinder((0, 0.8, 0), 0.25, 0.34, main, turn=(90, 0, 0), when=~gable)
    solid.ellipsoid((0, np.where(gable, 1.06, 1.18), 0), 0.07, gold)


@SHELF.thing(
    "fireplace", colour="red", phrases=("a brick fireplace", "a fireplace with a burning fire"), directional=True
)
def _fireplace(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bricks = main.patterned(Pattern.BRICKS, draw.between(4.0, 5.5), draw.rgb(0.75, 0.7, 0.65))
    wide = draw.between(0.58, 0.68)
    solid.box((0, 0.0, -0.26), (wide, 0.5, 0.05), bricks, rounding=0.0)
    solid.box((0, -0.1, -0.19), (wide - 0.2, 0.42, 0.04), draw.rgb(0.1, 0.08, 0.08), rounding=0.0)
    for side in SIDES:
        solid.box((side * (wide - 0.14), -0.1, -0.06), (0.15, 0.42, 0.24), bricks, rounding=0.0)
    solid.box((0, 0.33, -0.06), (wide + 0.01, 0.14, 0.24), bricks, rounding=0.0)
    solid.box((0, 0.5, -0.02), (wide + 0.09, 0.05, 0.32), draw.wood())
    solid.box((0, 0.8, -0.12), (wide * 0.62, 0.28, 0.18), bricks, rounding=0.0)
    solid.box((0, -0.54, 0.04), (wide + 0.09, 0.05, 0.38), draw.stone())
    log = draw.paint("brown")
    for side in SIDES:
        solid.capsule((-0.24, -0.44, 0.03 * side), (0.24, -0.38, -0.05 * side), 0.06, log)
    for x, high in ((-0.17, 0.2), (0.0, 0.32), (0.16, 0.23)):
        solid.ellipsoid((x, high - 0.4, -0.04), (0.11, high, 0.08), draw.rgb(1.0, 0.45, 0.05))
        solid.ellipsoid((x, high * 0.7 - 0.4, 0.02), (0.065, high * 0.6, 0.06), draw.rgb(1.0, 0.85, 0.2))


@SHELF.thing("ladder", colour="wood", weight=0.8)
def _ladder(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    below, above = draw.between(0.24, 0.3), draw.between(0.19, 0.24)
    for side in SIDES:
        solid.capsule((side * below, -0.8, 0), (side * above, 0.8, 0), 0.05, main)
    for rung in range(6):
        y = -0.65 + 0.26 * rung
        reach = below + (above - below) * (y + 0.8) / 1.6
        solid.capsule((-reach, y, 0), (reach, y, 0), 0.042, main)


@SHELF.thing("stepladder", "folding ladder", colour="silver", directional=True, weight=0.7)
def _stepladder(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    spread, steps = draw.between(0.34, 0.42), draw.paint("black", "gray", "red")
    for side in SIDES:
        solid.capsule((side * 0.36, -0.65, spread), (side * 0.22, 0.6, 0.06), 0.05, main)
        solid.capsule((side * 0.36, -0.65, -spread), (side * 0.22, 0.6, -0.06), 0.04, main)
        solid.capsule((side * 0.33, -0.2, -spread * 0.7), (side * 0.33, -0.2, spread * 0.7), 0.03, steps)
    for step in range(4):
        share = (step + 0.6) / 4.6
        at = (0, -0.65 + 1.25 * share, spread + (0.06 - spread) * share)
        solid.box(at, (0.36 - 0.14 * share, 0.035, 0.11), main.shaded(0.85), rounding=0.01)
    solid.box((0, 0.64, 0), (0.29, 0.05, 0.17), steps)
    solid.capsule((-0.33, -0.45, -spread * 0.85), (0.33, -0.45, -spread * 0.85), 0.035, main)


@SHELF.thing("mirror", "standing mirror", colour="wood", directional=True, weight=0.8)
def _mirror(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, wide, tilt = draw.between(0.58, 0.66), draw.between(0.33, 0.38), draw.between(-14.0, -4.0)
    glass = draw.rgb(0.72, 0.86, 0.95, gloss=0.9)
    solid.ellipsoid((0, 0.12, 0), (wide, tall, 0.07), main, turn=(tilt, 0, 0))
    solid.ellipsoid((0, 0.12, 0.035), (wide - 0.075, tall - 0.075, 0.07), glass, turn=(tilt, 0, 0))
    for side in SIDES:
        x = side * (wide + 0.07)
        solid.capsule((x, -0.62, 0), (x, 0.3, 0), 0.045, main)
        solid.ellipsoid((x, 0.36, 0), 0.07, main)
        solid.capsule((x, -0.5, 0), (x, -0.66, 0.28), 0.045, main)
        solid.capsule((x, -0.5, 0), (x, -0.66, -0.28), 0.045, main)
        solid.capsule((x, 0.12, 0), (side * (wide - 0.02), 0.12, 0), 0.045, main)
    solid.capsule((-wide - 0.07, -0.52, 0), (wide + 0.07, -0.52, 0), 0.045, main)


@SHELF.thing("picture frame", "framed painting", "painting", colour="golden", directional=True, weight=0.8)
def _picture_frame(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, high, edge = draw.between(0.5, 0.64), draw.between(0.42, 0.54), 0.085
    frame = main.glossy(0.4)
    sky, meadow = (
        draw.paint("light blue", "light blue", "pink", "cream"),
        draw.paint("green", "green", "yellow", "teal"),
    )
    solid.box((0, 0, -0.02), (wide, high, 0.03), sky, rounding=0.0)
    solid.box((0, 0, -0.055), (wide, high, 0.02), frame.shaded(0.6), rounding=0.0)
    solid.box((0, -high * 0.6, -0.01), (wide, high * 0.36, 0.035), meadow, rounding=0.0)
    hill = draw.paint("dark green", "gray", "purple", "blue")
    solid.prism((-wide * 0.3, -high * 0.26, 0.0), wide * 0.45, high * 0.75, 0.02, hill)
    solid.prism((wide * 0.35, -high * 0.26, -0.005), wide * 0.4, high * 0.5, 0.02, hill.shaded(0.8))
    solid.cylinder((wide * 0.4, high * 0.5, 0.01), 0.02, 0.1, draw.paint("yellow", "red", "white"), turn=(90, 0, 0))
    for side in SIDES:
        solid.box((side * wide, 0, 0), (edge, high + edge, 0.08), frame, rounding=0.03)
        solid.box((0, side * high, 0), (wide + edge, edge, 0.08), frame, rounding=0.03)


@SHELF.thing("door", "front door", colour="brown", second="white", part="a frame", weight=0.8)
def _door(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, window = draw.between(0.68, 0.76), draw.chance(0.35)
    for side in SIDES:
        solid.box((side * 0.41, 0, 0), (0.06, high + 0.06, 0.1), second)
    solid.box((0, high + 0.03, 0), (0.47, 0.07, 0.11), second)
    solid.box((0, -high - 0.03, 0), (0.47, 0.04, 0.14), second.shaded(0.8))
    solid.box((0, 0, 0), (0.36, high, 0.05), main, rounding=0.0)
    panel = main.shaded(0.75)
    for side in SIDES:
        for y, half in ((0.5, 0.36), (-0.45, 0.34)):
            there = ~window if y > 0 else True
            solid.box((side * 0.16, y * high, 0), (0.11, half * high, 0.075), panel, rounding=0.02, when=there)
    glass = draw.paint("glass", gloss=0.8)
    solid.cylinder((0, 0.52 * high, 0), 0.07, 0.2, glass, turn=(90, 0, 0), when=window)
    solid.box((0, 0.52 * high, 0), (0.03, 0.2, 0.08), main, when=window)
    solid.box((0, 0.52 * high, 0), (0.2, 0.03, 0.08), main, when=window)
    knob = draw.paint("golden", "silver", gloss=0.7)
    for side in SIDES:
        solid.ellipsoid((0.28, 0.0, side * 0.12), 0.065, knob)


# ---- bathroom --------------------------------------------------------------------------------------------------------


@SHELF.thing("bathtub", "bath", colour="white", weight=0.8)
def _bathtub(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel, water = draw.paint("silver", "golden", gloss=0.7), draw.rgb(0.45, 0.75, 0.95, gloss=0.8)
    length, paint = draw.between(0.62, 0.74), main.glossy(0.5)
    solid.box((0, 0, 0), (length, 0.42, 0.36), paint, rounding=0.3)
    solid.box((0, 0.45, 0), (2.0, 0.3, 2.0), paint, cut=True)
    solid.box((0, 0.15, 0), (length - 0.08, 0.42, 0.28), paint, rounding=0.22, cut=True)
    solid.box((0, 0.03, 0), (length - 0.06, 0.03, 0.29), water, rounding=0.02)
    for right in SIDES:
        solid.box((0, 0.14, right * 0.35), (length - 0.1, 0.045, 0.05), paint, rounding=0.04)
        solid.cylinder((right * (length - 0.01), 0.14, 0), 0.045, 0.08, paint, rounding=0.04)
        for front in SIDES:
            solid.capsule(
                (right * length * 0.7, -0.3, front * 0.22), (right * length * 0.8, -0.47, front * 0.28), 0.07, steel
            )
    solid.capsule((-length, 0.1, 0), (-length, 0.38, 0), 0.045, steel)
    solid.capsule((-length, 0.38, 0), (0.2 - length, 0.36, 0), 0.045, steel)
    foam, there = draw.paint("white"), draw.chance(0.6)
    for x, z, radius in ((0.2, 0.08, 0.15), (0.36, -0.08, 0.13), (0.02, -0.1, 0.12), (-0.15, 0.1, 0.1)):
        solid.ellipsoid((x, 0.08, z), radius, foam, when=there)


@SHELF.thing("toilet", colour="white", directional=True, weight=0.8)
def _toilet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, raised, tank = main.glossy(0.5), draw.chance(0.7), draw.between(0.24, 0.3)
    solid.cylinder((0, -0.34, 0.08), 0.28, 0.2, paint, above=0.27)
    solid.ellipsoid((0, -0.14, 0.15), (0.3, 0.2, 0.37), paint)
    solid.box((0, 0.24, 0.15), (0.6, 0.27, 0.6), paint, cut=True)
    solid.ellipsoid((0, -0.03, 0.17), (0.2, 0.18, 0.26), paint, cut=True)
    solid.box((0, -0.3, -0.2), (0.17, 0.3, 0.2), paint, rounding=0.05)
    solid.cylinder((0, -0.58, 0.06), 0.04, 0.25, paint)
    solid.ellipsoid((0, -0.15, 0.17), (0.19, 0.03, 0.25), draw.rgb(0.5, 0.78, 0.95, gloss=0.7))
    solid.box((0, tank - 0.02, -0.33), (0.34, tank, 0.14), paint, rounding=0.05)
    solid.box((0, 2 * tank, -0.33), (0.38, 0.045, 0.18), paint)
    solid.cylinder((0, 2 * tank + 0.06, -0.33), 0.03, 0.08, draw.paint("silver", "golden", gloss=0.7))
    solid.ellipsoid((0, 0.24, -0.16), (0.27, 0.34, 0.045), paint.shaded(0.9), turn=(-6, 0, 0), when=raised)
    solid.ellipsoid((0, -0.02, 0.15), (0.31, 0.045, 0.38), paint.shaded(0.9), when=~raised)


@SHELF.thing("sink", "washbasin", colour="white", directional=True, weight=0.8)
def _sink(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, steel = main.glossy(0.5), draw.paint("silver", "golden", gloss=0.8)
    wide = draw.between(0.44, 0.52)
    solid.box((0, 0.1, 0), (wide, 0.16, 0.36), paint, rounding=0.1)
    solid.box((0, 0.32, 0), (1.0, 0.12, 1.0), paint, cut=True)
    solid.ellipsoid((0, 0.24, 0.08), (wide - 0.1, 0.22, 0.23), paint, cut=True)
    solid.cylinder((0, -0.3, -0.02), 0.32, 0.17, paint, above=0.14)
    solid.cylinder((0, -0.62, -0.02), 0.05, 0.26, paint, above=0.18)
    solid.cylinder((0, 0.06, 0.08), 0.02, 0.16, draw.rgb(0.5, 0.78, 0.95, gloss=0.7))
    solid.capsule((0, 0.18, -0.26), (0, 0.46, -0.26), 0.05, steel)
    solid.capsule((0, 0.46, -0.26), (0, 0.46, 0.02), 0.045, steel)
    solid.capsule((0, 0.46, 0.02), (0, 0.37, 0.04), 0.045, steel)
    for side, name in ((-1, "red"), (1, "blue")):
        solid.cylinder((side * 0.26, 0.24, -0.26), 0.06, 0.04, steel)
        solid.cylinder((side * 0.26, 0.32, -0.26), 0.035, 0.085, draw.paint(name))
