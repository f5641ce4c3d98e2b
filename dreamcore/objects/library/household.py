"""Household things: dishes, kitchen, cleaning, clocks, boxes and other small things of a home."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.solid import Draw, Numbers, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("household")

BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "teal", "light blue", "white")
SIDES = (-1, 1)


def _top(solid: Solid, height: Scalar) -> None:
    """Others can stand on the object, at this height."""
    solid.top = np.broadcast_to(np.asarray(height, np.float32), (solid.count,)).copy()


def _steel(draw: Draw) -> Paint:
    return draw.paint("silver", gloss=0.7)


def _flame(solid: Solid, draw: Draw, at: Triple, size: float) -> None:
    """A flame that stands on a point."""
    x, y, z = at
    fire = draw.rgb(1.0, 0.42, 0.05).patterned(Pattern.GRADIENT, 2.0, draw.rgb(1.0, 0.9, 0.3))
    solid.ellipsoid((x, np.asarray(y) + size, z), (0.5 * size, size, 0.5 * size), fire)
    solid.cylinder((x, np.asarray(y) + 1.9 * size, z), 0.35 * size, 0.22 * size, fire, above=0.01, rounding=0.0)


def _basin(solid: Solid, radius: Scalar, squash: Scalar, paint: Paint) -> None:
    """A bowl whose rim is at height 0."""
    reach = np.asarray(radius)
    solid.dome((0, 0, 0), reach, paint, squash=squash, turn=(180, 0, 0))
    solid.ellipsoid((0, 0.02, 0), (reach - 0.05, (reach - 0.05) * squash, reach - 0.05), paint, cut=True)


def _hands(solid: Solid, draw: Draw, z: float, reach: float, paint: Paint) -> None:
    """The hands of a clock whose middle is the origin; never one over the other."""
    minute = draw.between(50.0, 95.0)
    hour = minute + draw.between(60.0, 110.0)
    for degrees, length, width in ((minute, reach, 0.032), (hour, 0.68 * reach, 0.042)):
        angle = np.deg2rad(degrees)
        solid.capsule((0, 0, z), (length * np.cos(angle), length * np.sin(angle), z), width, paint)


def _dial(solid: Solid, draw: Draw, z: float, radius: float, paint: Paint) -> None:
    """Twelve marks around the origin, four of them bigger, and hands."""
    for index in range(12):
        angle = np.deg2rad(30 * index)
        size = 0.042 if index % 3 == 0 else 0.024
        solid.ellipsoid((radius * np.cos(angle), radius * np.sin(angle), z), size, paint)
    _hands(solid, draw, z + 0.03, 0.8 * radius, paint)


# ---- dishes ----------------------------------------------------------------------------------------------------------


@SHELF.thing("mug", "coffee mug", "cup", "coffee cup", colour="white", weight=1.6)
def _mug(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, radius, paint = draw.between(0.34, 0.44), draw.between(0.31, 0.37), main.glossy(0.5)
    solid.cup((0, 0, 0), half, radius, paint)
    solid.arc((radius, 0, 0), half * 0.6, 0.07, 100, paint)
    solid.cylinder((0, half * 0.72, 0), 0.03, radius - 0.04, draw.rgb(0.25, 0.13, 0.06), when=draw.chance(0.7))


@SHELF.thing("teacup", "cup and saucer", "tea cup", colour="white", second="golden", part="a rim")
def _teacup(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, paint = draw.between(0.4, 0.46), main.glossy(0.5)
    _basin(solid, radius, 1.0, paint)
    solid.cylinder((0, -0.14, 0), 0.02, radius - 0.05, draw.rgb(0.62, 0.3, 0.08))
    solid.torus((0, 0, 0), radius - 0.02, 0.035, second.glossy(0.6))
    solid.arc((radius - 0.02, -0.16, 0), 0.15, 0.05, 110, paint)
    solid.cylinder((0, -0.44, 0), 0.06, 0.22, paint, above=0.17)
    solid.cylinder((0, -0.5, 0), 0.05, 0.34, paint, above=0.68, rounding=0.02)
    solid.torus((0, -0.45, 0), 0.66, 0.03, second.glossy(0.6))


@SHELF.thing("teapot", colour="white", second="golden", part="a lid knob", weight=1.2)
def _teapot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, high, lift = main.glossy(0.6), draw.between(0.32, 0.4), draw.between(0.18, 0.3)
    solid.ellipsoid((0, 0, 0), (0.43, high, 0.43), paint)
    solid.capsule((0.3, -0.1, 0), (0.68, lift, 0), 0.1, paint, end_radius=0.06, blend=0.08)
    solid.arc((-0.4, 0.03, 0), 0.21, 0.06, 105, paint, turn=(0, 180, 0))
    solid.cylinder((0, high - 0.02, 0), 0.05, 0.23, paint, above=0.16, rounding=0.03)
    solid.ellipsoid((0, high + 0.1, 0), 0.09, second.glossy(0.6))
    solid.cylinder((0, -high + 0.01, 0), 0.05, 0.25, paint)


@SHELF.thing("kettle", "tea kettle", colour="silver", second="black", part="a handle")
def _kettle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, lift = main.glossy(0.7), draw.between(0.0, 0.1)
    solid.cylinder((0, -0.22, 0), 0.24, 0.5, paint, above=0.38, rounding=0.06)
    solid.dome((0, 0.0, 0), 0.38, paint, squash=0.55)
    solid.ellipsoid((0, 0.26, 0), 0.075, second)
    solid.capsule((0.32, -0.2, 0), (0.66, 0.12 + lift, 0), 0.12, paint, end_radius=0.07, blend=0.05)
    solid.arc((0, 0.1, 0), 0.42, 0.06, 88, second, turn=(0, 0, 90))
    solid.cylinder((0, -0.46, 0), 0.035, 0.52, paint.shaded(0.6))


@SHELF.thing("bottle", "wine bottle", colour="green", weight=1.2)
def _bottle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, half = main.glossy(0.8), draw.between(0.36, 0.44)
    label, mark = draw.paint("white", "cream"), draw.paint("red", "golden", "black", "blue")
    solid.cylinder((0, 0, 0), half, 0.22, paint, rounding=0.04)
    solid.cylinder((0, half + 0.1, 0), 0.13, 0.215, paint, above=0.08, rounding=0.0)
    solid.cylinder((0, half + 0.32, 0), 0.16, 0.08, paint)
    solid.cylinder((0, half + 0.45, 0), 0.08, 0.09, draw.paint("red", "brown", "golden", "black"))
    solid.cylinder((0, -0.06, 0), half * 0.5, 0.228, label, rounding=0.0)
    solid.cylinder((0, -0.06, 0), half * 0.16, 0.234, mark, rounding=0.0)


@SHELF.thing("vase", colour="blue")
def _vase(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, belly = main.glossy(0.5), draw.between(0.3, 0.4)
    neck, handles, banded = draw.between(0.13, 0.17), draw.chance(0.4), draw.chance(0.5)
    solid.ellipsoid((0, -0.15, 0), (belly, 0.42, belly), paint)
    solid.cylinder((0, 0.3, 0), 0.2, neck, paint, above=neck + 0.11, blend=0.1)
    solid.cylinder((0, 0.48, 0), 0.16, neck - 0.03, paint.shaded(0.5), above=neck + 0.06, cut=True)
    solid.cylinder((0, -0.54, 0), 0.07, 0.24, paint)
    solid.torus((0, 0.5, 0), neck + 0.09, 0.04, paint)
    solid.torus((0, -0.15, 0), belly - 0.01, 0.045, draw.paint("white", "golden", "black"), when=banded)
    for side in SIDES:
        at = (side * (neck + 0.02), 0.2, 0)
        solid.arc(at, 0.2, 0.05, 95, paint, turn=(0, 0 if side > 0 else 180, 0), when=handles)


@SHELF.thing("goblet", "wine glass", colour="silver", weight=0.8)
def _goblet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, wide = main.glossy(0.7), draw.between(0.28, 0.34)
    solid.ellipsoid((0, 0.25, 0), (wide, 0.36, wide), paint)
    solid.box((0, 0.75, 0), (0.6, 0.3, 0.6), paint, cut=True)
    solid.ellipsoid((0, 0.3, 0), (wide - 0.045, 0.34, wide - 0.045), paint, cut=True)
    wine = draw.paint("red", "purple", "golden").shaded(0.6)
    solid.cylinder((0, 0.2, 0), 0.04, wide - 0.04, wine, when=draw.chance(0.7))
    solid.cylinder((0, -0.3, 0), 0.24, 0.045, paint)
    solid.ellipsoid((0, -0.26, 0), 0.085, paint, when=draw.chance(0.5))
    solid.cylinder((0, -0.55, 0), 0.045, 0.3, paint, above=0.1)


@SHELF.thing("bowl", "soup bowl", colour="teal")
def _bowl(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, squash = main.glossy(0.5), draw.between(0.6, 0.75)
    _basin(solid, 0.62, squash, paint)
    solid.torus((0, 0, 0), 0.6, 0.035, paint.pale(0.3))
    solid.cylinder((0, -0.62 * squash, 0), 0.06, 0.26, paint)
    full, soup = draw.chance(0.6), draw.paint("orange", "cream", "red", "golden")
    solid.cylinder((0, -0.14, 0), 0.03, 0.54, soup, when=full)
    for index in range(4):
        angle = np.deg2rad(40 + 95 * index)
        at = (0.28 * np.cos(angle), -0.1, 0.28 * np.sin(angle))
        solid.ellipsoid(at, (0.1, 0.05, 0.1), draw.paint("green", "orange", "white", "red"), when=full)


@SHELF.thing("stack of plates", "plate stack", "pile of plates", colour="white", second="blue", weight=0.7)
def _plates(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    striped = draw.chance(0.35)
    for index in range(6):
        paint = (main.where(~striped, second) if index % 2 else main).glossy(0.5)
        x, z, y = draw.between(-0.03, 0.03), draw.between(-0.03, 0.03), 0.115 * index
        solid.cylinder((x, y, z), 0.045, 0.34, paint, above=0.62, rounding=0.02)
    solid.cylinder((0, 0.63, 0), 0.02, 0.4, main.shaded(0.85).glossy(0.5), rounding=0.0)


@SHELF.thing("frying pan", "pan", "skillet", colour="black", second="brown", part="a handle", weight=0.9)
def _frying_pan(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, half, lift = draw.between(0.48, 0.54), draw.between(0.11, 0.14), draw.between(0.06, 0.16)
    paint = main.glossy(0.4)
    solid.cylinder((0, 0, 0), half, radius - 0.08, paint, above=radius, rounding=0.02)
    solid.cylinder((0, 0.06, 0), half, radius - 0.12, main.shaded(0.75), above=radius - 0.04, rounding=0.0, cut=True)
    solid.capsule((radius - 0.04, 0.04, 0), (radius + 0.12, 0.06, 0), 0.055, paint)
    solid.capsule((radius + 0.12, 0.06, 0), (radius + 0.48, 0.06 + lift, 0), 0.08, second)


@SHELF.thing("cooking pot", "pot", "saucepan", colour="gray", weight=0.9)
def _pot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, half, black = main.glossy(0.6), draw.between(0.26, 0.36), draw.paint("black", "black", "brown", "golden")
    solid.cylinder((0, 0, 0), half, 0.44, paint, rounding=0.05)
    solid.torus((0, half, 0), 0.43, 0.035, paint.shaded(0.8))
    solid.dome((0, half, 0), 0.42, paint, squash=0.4)
    solid.cylinder((0, half + 0.18, 0), 0.05, 0.05, black)
    solid.ellipsoid((0, half + 0.25, 0), (0.11, 0.06, 0.11), black)
    for side in SIDES:
        solid.arc((side * 0.43, half * 0.45, 0), 0.13, 0.05, 95, black, turn=(90, 0 if side > 0 else 180, 0))


# ---- cutlery ---------------------------------------------------------------------------------------------------------


@SHELF.thing("knife", "kitchen knife", colour="silver", second="brown", part="a handle", recolour=0.5, weight=0.8)
def _knife(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, paint = draw.between(0.3, 0.36), main.glossy(0.7)
    solid.ellipsoid((-0.08, -0.05, 0), (wide, 0.7, 0.055), paint)
    solid.box((-1.08, 0, 0), (1.0, 1.5, 0.5), paint, rounding=0.0, cut=True)
    solid.box((0, -1.06, 0), (1.0, 1.0, 0.5), paint, rounding=0.0, cut=True)
    solid.box((0.0, -0.1, 0), (0.08, 0.07, 0.05), paint.shaded(0.8))
    solid.box((0.0, -0.42, 0), (0.085, 0.3, 0.065), second, rounding=0.05)
    for y in (-0.3, -0.54):
        solid.cylinder((0, y, 0), 0.075, 0.035, paint, turn=(90, 0, 0))


def _grip(solid: Solid, below: Scalar, paint: Paint) -> None:
    """The handle of a fork or a spoon, which ends at the origin."""
    solid.capsule((0, 0, 0), (0, below, 0), 0.055, paint, end_radius=0.095)


@SHELF.thing("fork", colour="silver", recolour=0.5, weight=0.8)
def _fork(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, long = main.glossy(0.7), draw.between(0.32, 0.42)
    _grip(solid, draw.between(-0.7, -0.55), paint)
    solid.ellipsoid((0, 0.12, 0), (0.26, 0.17, 0.06), paint)
    for index in range(4):
        x = -0.21 + 0.14 * index
        solid.capsule((x, 0.16, 0), (x, 0.16 + long, 0.03), 0.045, paint, end_radius=0.038)


@SHELF.thing("spoon", colour="silver", recolour=0.5, weight=0.8)
def _spoon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, wide, high = main.glossy(0.7), draw.between(0.26, 0.32), draw.between(0.34, 0.4)
    solid.ellipsoid((0, 0.92 * high, 0), (wide, high, 0.1), paint)
    solid.ellipsoid((0, 0.92 * high, 0.09), (wide - 0.045, high - 0.05, 0.12), paint.shaded(0.7), cut=True)
    _grip(solid, draw.between(-0.72, -0.58), paint)


# ---- kitchen ---------------------------------------------------------------------------------------------------------


@SHELF.thing("toaster", colour="silver", weight=0.9)
def _toaster(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, up, black = draw.between(0.46, 0.54), draw.between(0.3, 0.44), draw.paint("black")
    solid.box((0, 0, 0), (wide, 0.33, 0.3), main.glossy(0.6), rounding=0.12)
    solid.box((0, -0.33, 0), (wide - 0.05, 0.06, 0.26), black)
    toast = draw.rgb(0.85, 0.6, 0.3)
    for side in SIDES:
        solid.box((0, 0.33, side * 0.12), (wide - 0.13, 0.02, 0.075), black, rounding=0.0)
        solid.box((0, up, side * 0.12), (wide - 0.18, 0.18, 0.05), toast, rounding=0.045)
        for end in SIDES:
            solid.ellipsoid((end * (wide - 0.29), up + 0.14, side * 0.12), (0.12, 0.09, 0.05), toast)
    solid.box((wide + 0.02, 0.08, 0), (0.05, 0.05, 0.1), black)
    solid.cylinder((wide, -0.15, 0), 0.04, 0.07, black, turn=(0, 0, 90))


@SHELF.thing("blender", "mixer", colour="red", directional=True, weight=0.7)
def _blender(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, silver = draw.between(0.34, 0.42), _steel(draw)
    fruit = draw.paint("pink", "orange", "green", "yellow", "purple", gloss=0.5)
    solid.cylinder((0, -0.45, 0), 0.26, 0.38, main.glossy(0.5), above=0.25, rounding=0.04)
    solid.cylinder((0, -0.46, 0.32), 0.04, 0.1, silver, turn=(78, 0, 0))
    solid.cylinder((0, -0.17, 0), 0.035, 0.24, silver)
    solid.cylinder((0, high * 0.45 - 0.14, 0), high * 0.5, 0.235, fruit, above=0.295, rounding=0.0)
    solid.cylinder(
        (0, high * 1.5 - 0.18, 0), high * 0.55, 0.295, draw.rgb(0.8, 0.92, 0.97, gloss=0.9), above=0.36, rounding=0.0
    )
    solid.cylinder((0, 2 * high - 0.12, 0), 0.05, 0.37, main)
    solid.cylinder((0, 2 * high - 0.04, 0), 0.05, 0.13, main.shaded(0.8))
    solid.arc((0.28, high * 0.95 - 0.14, 0), high * 0.6, 0.06, 95, main.shaded(0.8))


@SHELF.thing("microwave", "microwave oven", colour="white", directional=True, weight=0.8)
def _microwave(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, high = draw.between(0.62, 0.7), draw.between(0.36, 0.42)
    dark, silver = draw.rgb(0.1, 0.12, 0.16, gloss=0.7), _steel(draw)
    split = wide * 0.42
    solid.box((0, 0, -0.02), (wide, high, 0.38), main, rounding=0.03)
    solid.box((split - wide + 0.02, 0, 0.37), (wide - split + wide * 0.02, high - 0.04, 0.03), main.shaded(0.85))
    solid.box((-wide * 0.33, 0, 0.39), (wide * 0.5, high - 0.13, 0.03), dark, rounding=0.01)
    solid.box((wide * 0.37, 0, 0.42), (0.035, high - 0.1, 0.04), silver)
    solid.box((wide * 0.73, 0, 0.37), (wide * 0.22, high - 0.06, 0.02), dark.shaded(2.2), rounding=0.01)
    solid.box((wide * 0.73, high * 0.6, 0.39), (wide * 0.17, 0.07, 0.02), draw.rgb(0.2, 0.95, 0.4), rounding=0.0)
    button = draw.paint("white", "silver", "light blue")
    for row in range(3):
        for side in SIDES:
            at = (wide * 0.73 + side * 0.07, high * 0.18 - 0.15 * row, 0.39)
            solid.box(at, (0.045, 0.05, 0.02), button, rounding=0.01)
    for side in SIDES:
        solid.box((side * wide * 0.75, -high - 0.03, 0), (0.07, 0.05, 0.3), dark)


@SHELF.thing("refrigerator", "fridge", colour="white", directional=True, weight=0.9)
def _refrigerator(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, split, gap = draw.between(0.36, 0.42), draw.between(0.2, 0.3), draw.rgb(0.15, 0.15, 0.17)
    paint, silver = main.glossy(0.4), _steel(draw)
    solid.box((0, 0, -0.05), (wide, 0.75, 0.31), paint, rounding=0.03)
    solid.box((0, 0, 0.27), (wide - 0.02, 0.73, 0.03), gap, rounding=0.0)
    upper, lower = (0.74 - split) / 2 - 0.015, (split + 0.74) / 2 - 0.015
    solid.box((0, 0.74 - upper, 0.33), (wide, upper, 0.06), paint, rounding=0.04)
    solid.box((0, lower - 0.74, 0.33), (wide, lower, 0.06), paint, rounding=0.04)
    x = 0.09 - wide
    solid.capsule((x, split + 0.12, 0.42), (x, 0.62, 0.42), 0.04, silver)
    solid.capsule((x, -0.12, 0.42), (x, split - 0.12, 0.42), 0.04, silver)
    magnets = draw.chance(0.4)
    for place, y in ((0.1, 0.5), (0.2, 0.02), (0.05, -0.12)):
        solid.box((place, y, 0.4), (0.06, 0.06, 0.02), draw.paint(*BRIGHT[:8]), rounding=0.01, when=magnets)
    for side in SIDES:
        solid.box((side * (wide - 0.08), -0.78, 0), (0.06, 0.05, 0.25), gap)


@SHELF.thing("stove", "oven", "kitchen stove", colour="white", directional=True, weight=0.9)
def _stove(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, black, silver = draw.between(0.46, 0.52), draw.rgb(0.1, 0.1, 0.12, gloss=0.4), _steel(draw)
    solid.box((0, -0.05, 0), (wide, 0.45, 0.42), main, rounding=0.03)
    solid.box((0, 0.42, 0), (wide + 0.02, 0.03, 0.44), main.shaded(0.6))
    solid.box((0, 0.54, -0.39), (wide, 0.14, 0.05), main)
    glow = draw.chance(0.4)
    ring = draw.rgb(0.95, 0.25, 0.08).where(glow, black)
    for right in SIDES:
        for front in SIDES:
            solid.cylinder((right * wide * 0.5, 0.46, front * 0.21), 0.03, 0.165, black)
            solid.torus((right * wide * 0.5, 0.48, front * 0.21), 0.08, 0.03, ring)
    solid.box((0, -0.16, 0.42), (wide - 0.06, 0.26, 0.03), main.shaded(0.85))
    solid.box((0, -0.18, 0.44), (wide - 0.17, 0.16, 0.025), black, rounding=0.01)
    solid.capsule((0.14 - wide, 0.07, 0.48), (wide - 0.14, 0.07, 0.48), 0.035, silver)
    for index in range(4):
        x = wide * (index - 1.5) * 0.48
        solid.cylinder((x, 0.25, 0.44), 0.04, 0.065, black, turn=(90, 0, 0))
    pot, there = draw.paint("red", "blue", "silver", "green", gloss=0.5), draw.chance(0.35)
    solid.cylinder((-wide * 0.5, 0.6, 0.21), 0.12, 0.19, pot, when=there)
    solid.cylinder((-wide * 0.5, 0.73, 0.21), 0.03, 0.2, pot.shaded(0.8), above=0.08, when=there)
    solid.ellipsoid((-wide * 0.5, 0.79, 0.21), 0.05, black, when=there)


@SHELF.thing("washing machine", "washer", colour="white", directional=True, weight=0.9)
def _washing_machine(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, silver = draw.between(0.44, 0.5), draw.paint("silver", "gray", gloss=0.6)
    solid.box((0, 0, 0), (wide, 0.56, 0.42), main, rounding=0.05)
    solid.torus((0, -0.09, 0.42), 0.3, 0.065, silver, turn=(90, 0, 0))
    clothes = draw.paint("glass").patterned(Pattern.CLOUDS, 3.5, draw.paint(*BRIGHT[:8]))
    solid.ellipsoid((0, -0.09, 0.4), (0.29, 0.29, 0.09), clothes.glossy(0.8))
    solid.box((0, 0.42, 0.42), (wide - 0.03, 0.09, 0.02), main.shaded(0.7), rounding=0.0)
    solid.cylinder((wide * 0.2, 0.42, 0.45), 0.045, 0.075, draw.paint("black", "blue", "silver"), turn=(90, 0, 0))
    solid.box((-wide * 0.55, 0.42, 0.44), (0.16, 0.06, 0.02), main)
    for place, name in ((0.58, "green"), (0.8, "red")):
        solid.ellipsoid((wide * place, 0.42, 0.44), 0.035, draw.paint(name))
    for side in SIDES:
        solid.box((side * (wide - 0.08), -0.59, 0), (0.06, 0.05, 0.36), draw.paint("black"))


# ---- cleaning and comfort --------------------------------------------------------------------------------------------


@SHELF.thing(
    "fan", "electric fan", "desk fan", colour="blue", second="silver", part="a cage", directional=True, weight=0.9
)
def _fan(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, blades, turned = draw.between(0.62, 0.74), draw.chance(0.5), draw.between(0.0, 90.0)
    wire = second.glossy(0.5)
    for blade in range(4):
        angle = np.deg2rad(turned + np.where(blades, 90.0, 120.0) * blade)
        at = (0.22 * np.cos(angle), 0.22 * np.sin(angle), 0.05)
        turn = (0, 0, np.rad2deg(angle))
        solid.ellipsoid(at, (0.2, 0.12, 0.035), main, turn=turn, when=blades | (blade < 3))
    for z in (-0.04, 0.12):
        solid.torus((0, 0, z), 0.48, 0.035, wire, turn=(90, 0, 0))
    for spoke in range(4):
        angle = np.deg2rad(45 * spoke)
        x, y = 0.46 * np.cos(angle), 0.46 * np.sin(angle)
        solid.capsule((-x, -y, 0.14), (x, y, 0.14), 0.02, wire)
    solid.ellipsoid((0, 0, 0.1), (0.12, 0.12, 0.09), main)
    solid.capsule((0, 0, -0.05), (0, 0, -0.24), 0.14, main, end_radius=0.1)
    solid.capsule((0, -0.1, -0.16), (0, -tall, -0.1), 0.06, main)
    solid.cylinder((0, -tall - 0.03, 0), 0.05, 0.34, main, above=0.28)


@SHELF.thing("vacuum cleaner", "hoover", colour="red", weight=0.8)
def _vacuum_cleaner(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, silver, lift = draw.paint("black"), _steel(draw), draw.between(0.0, 0.12)
    paint = main.glossy(0.5)
    solid.ellipsoid((-0.42, -0.36, 0), (0.38, 0.24, 0.27), paint)
    solid.box((-0.3, -0.2, 0), (0.14, 0.09, 0.12), black, rounding=0.08)
    for side in SIDES:
        solid.cylinder((-0.62, -0.45, side * 0.24), 0.05, 0.2, black, turn=(90, 0, 0))
        solid.cylinder((-0.62, -0.45, side * 0.29), 0.02, 0.09, silver, turn=(90, 0, 0))
        solid.cylinder((-0.2, -0.56, side * 0.18), 0.04, 0.09, black, turn=(90, 0, 0))
    solid.capsule((-0.1, -0.32, 0), (0.02, -0.15, 0), 0.06, black)
    solid.capsule((0.02, -0.15, 0), (0.0, 0.25 + lift, 0), 0.06, black)
    solid.capsule((0.0, 0.25 + lift, 0), (0.1, 0.46 + lift, 0), 0.06, black)
    solid.capsule((0.1, 0.46 + lift, 0), (0.26, 0.44 + lift, 0), 0.06, black)
    solid.capsule((0.18, 0.52 + lift, 0), (0.7, -0.52, 0), 0.055, silver)
    solid.capsule((0.12, 0.62 + lift, 0), (0.28, 0.32 + lift, 0), 0.075, paint)
    solid.box((0.78, -0.58, 0), (0.15, 0.06, 0.28), paint, rounding=0.04)


@SHELF.thing("iron", "clothes iron", colour="blue", weight=0.8)
def _iron(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    grip, high = draw.paint("black", "white", "gray"), draw.between(0.24, 0.32)
    body, sole = main.glossy(0.4), _steel(draw)
    solid.box((-0.06, -0.08, 0), (0.7, 0.2, 0.32), body, rounding=0.08)
    solid.box((0.585, 0.245, 0), (0.7, 0.3, 0.6), body, rounding=0.0, turn=(0, 0, -27), cut=True)
    for tip, paint in ((0.62, body), (0.74, sole)):
        if paint is sole:  # after the body's cuts, wider than they are
            solid.box((-0.02, -0.3, 0), (0.76, 0.06, 0.39), sole, rounding=0.02)
        for turned in (27.0, 153.0):  # the two edges that meet in the tip
            x, z = np.sin(np.deg2rad(turned)), np.cos(np.deg2rad(turned))
            solid.box((tip + 0.5 * x, 0, 0.5 * z), (1.2, 1.0, 0.5), paint, rounding=0.0, turn=(0, turned, 0), cut=True)
    solid.capsule((-0.5, 0.0, 0), (-0.44, high, 0), 0.09, body)
    solid.capsule((0.12, 0.0, 0), (0.04, high, 0), 0.09, body)
    solid.capsule((-0.5, high, 0), (0.14, high, 0), 0.1, grip)
    solid.cylinder((-0.18, 0.12, 0), 0.04, 0.11, draw.paint("white", "red", "yellow"))


@SHELF.thing("broom", colour="yellow", second="wood", part="a handle", recolour=0.5, weight=0.8)
def _broom(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    band, flare = draw.paint("red", "blue", "green", "black"), draw.between(0.28, 0.34)
    solid.capsule((0, -0.3, 0), (0, 0.95, 0), 0.05, second)
    for index in range(5):
        x = (index - 2) / 2.0
        start, end = (0.09 * x, -0.3, 0), (flare * x, -0.86, 0)
        solid.capsule(start, end, 0.07, main.shaded(0.85 if index % 2 else 1.0), end_radius=0.1)
    solid.cylinder((0, -0.3, 0), 0.08, 0.17, band, above=0.1)
    solid.box((0, -0.55, 0), (flare * 0.62, 0.04, 0.115), band, rounding=0.03)


@SHELF.thing("bucket", "pail", colour="red", weight=0.8)
def _bucket(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, up = draw.between(0.4, 0.46), draw.chance(0.6)
    solid.cylinder((0, 0, 0), 0.38, 0.3, main, above=wide)
    solid.cylinder((0, 0.15, 0), 0.3, 0.26, main.shaded(0.6), above=wide - 0.035, cut=True)
    solid.torus((0, 0.36, 0), wide, 0.04, main.shaded(0.85))
    solid.cylinder((0, 0.2, 0), 0.03, wide - 0.05, draw.paint("glass", gloss=0.8), when=draw.chance(0.3))
    steel = draw.paint("gray", "silver", "black")
    solid.arc((0, 0.36, 0), wide, 0.03, 90, steel, turn=(np.where(up, 0, 55), 0, 90))
    for side in SIDES:
        solid.ellipsoid((side * (wide + 0.02), 0.34, 0), 0.07, steel)


@SHELF.thing("watering can", colour="green", weight=0.9)
def _watering_can(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, dark = draw.between(0.28, 0.34), main.shaded(0.8)
    solid.cylinder((-0.1, -0.1, 0), half, 0.36, main, above=0.32, rounding=0.02)
    solid.cylinder((-0.1, half - 0.1, 0), 0.06, 0.25, main.shaded(0.45), cut=True)
    solid.torus((-0.1, half - 0.1, 0), 0.29, 0.045, dark)
    solid.capsule((0.16, -0.24, 0), (0.72, 0.34, 0), 0.08, main, end_radius=0.055)
    solid.cylinder((0.78, 0.4, 0), 0.07, 0.07, dark, above=0.19, turn=(0, 0, -45))
    solid.arc((-0.42, 0.02, 0), 0.28, 0.055, 105, dark, turn=(0, 180, 0))
    solid.arc((-0.1, half - 0.12, 0), 0.28, 0.045, 88, dark, turn=(0, 0, 90))


@SHELF.thing("trash can", "garbage can", "dustbin", colour="gray", weight=0.8)
def _trash_can(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, black = draw.between(0.44, 0.52), main.shaded(0.5)
    solid.cylinder((0, 0, 0), half, 0.36, main.patterned(Pattern.SECTORS, 12.0, black.shaded(1.3)), above=0.44)
    for place in (-0.92, 0.0):
        solid.torus((0, half * place, 0), 0.37 + 0.04 * (place + 0.92), 0.035, main)
    solid.cylinder((0, half, 0), 0.06, 0.49, main, rounding=0.03)
    solid.dome((0, half + 0.05, 0), 0.47, main, squash=0.4)
    solid.arc((0, half + 0.2, 0), 0.13, 0.045, 90, black, turn=(0, 0, 90))
    for side in SIDES:
        solid.arc((side * 0.41, half * 0.4, 0), 0.12, 0.045, 95, black, turn=(90, 0 if side > 0 else 180, 0))


@SHELF.thing("toothbrush", colour="blue", weight=0.8)
def _toothbrush(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paste, there = draw.paint("light blue", "red", "green"), draw.chance(0.4)
    solid.capsule((0, -0.85, 0), (0, -0.15, 0), 0.095, main, end_radius=0.08)
    solid.capsule((0, -0.2, 0), (0, 0.42, 0), 0.06, main)
    solid.box((0, 0.66, 0), (0.085, 0.3, 0.11), main, rounding=0.06)
    for index in range(5):
        white = draw.paint("light blue" if index % 2 else "white")
        solid.box((0.17, 0.44 + 0.11 * index, 0), (0.14, 0.042, 0.1), white, rounding=0.01)
    solid.capsule((0.34, 0.5, 0), (0.34, 0.76, 0), 0.07, paste, when=there)


@SHELF.thing("roll of toilet paper", "toilet paper roll", "paper roll", colour="white", recolour=0.4, weight=0.7)
def _toilet_paper(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, tail = draw.between(0.4, 0.48), draw.between(0.4, 0.6)
    solid.cylinder((0, 0, 0), 0.42, radius, main, turn=(0, 0, 90), rounding=0.02)
    solid.cylinder((0, 0, 0), 0.44, 0.17, draw.rgb(0.65, 0.48, 0.3), turn=(0, 0, 90))
    solid.cylinder((0, 0, 0), 0.6, 0.13, draw.rgb(0.3, 0.2, 0.12), turn=(0, 0, 90), cut=True)
    solid.box((0, -tail, radius - 0.02), (0.42, tail, 0.03), main, rounding=0.01)
    for place in (0.55, 1.25):
        solid.box((0, -tail * place, radius + 0.005), (0.42, 0.015, 0.025), main.shaded(0.75), rounding=0.0)


@SHELF.thing("pillow", "cushion", colour="white", weight=0.8)
def _pillow(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, high = draw.between(0.46, 0.66), draw.between(0.4, 0.46)
    solid.box((0, 0, 0), (wide, high, 0.1), main, rounding=0.09)
    solid.ellipsoid((0, 0, 0), (wide * 0.98, high * 0.98, 0.26), main, blend=0.12)
    for right in SIDES:
        for up in SIDES:
            start, end = (right * wide * 0.8, up * high * 0.8, 0), (right * (wide + 0.07), up * (high + 0.07), 0)
            solid.capsule(start, end, 0.08, main, end_radius=0.03, blend=0.06)
    button = draw.chance(0.4)
    for front in SIDES:
        solid.ellipsoid((0, 0, front * 0.26), (0.07, 0.07, 0.04), main.shaded(0.6), when=button)


@SHELF.thing("umbrella", colour="red", weight=1.2)
def _umbrella(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wood = draw.paint("brown", "black", "golden")
    canopy = main.patterned(Pattern.SECTORS, 4.0, main.shaded(0.85))
    solid.dome((0, 0.05, 0), 0.66, canopy, cut_at=0.2, squash=0.85)
    solid.ellipsoid((0, 0.05, 0), (0.6, 0.5, 0.6), main.shaded(0.6), cut=True)
    for rib in range(8):
        angle = np.deg2rad(45 * rib)
        solid.ellipsoid((0.63 * np.cos(angle), 0.23, 0.63 * np.sin(angle)), 0.045, main.shaded(0.7))
    solid.cylinder((0, -0.05, 0), 0.7, 0.035, wood)
    solid.arc((0.11, -0.73, 0), 0.11, 0.045, 90, wood, turn=(0, 0, -90))
    solid.cylinder((0, 0.66, 0), 0.07, 0.04, wood, above=0.02)


@SHELF.thing("pair of scissors", colour="red", weight=0.9)
def _scissors(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    silver, spread = _steel(draw), draw.between(0.14, 0.24)
    for side in SIDES:
        z = 0.03 * side
        solid.capsule((-side * 0.05, -0.2, z), (side * spread, 0.78, z), 0.085, silver, end_radius=0.03)
        solid.capsule((side * 0.02, -0.02, z), (-side * 0.2, -0.36, z), 0.07, main)
        solid.torus((-side * 0.25, -0.54, z), 0.19, 0.08, main, turn=(90, 0, 0))
    solid.cylinder((0, 0.0, 0), 0.1, 0.06, draw.paint("gray", "golden"), turn=(90, 0, 0))


# ---- light and time --------------------------------------------------------------------------------------------------


@SHELF.thing("candle", colour="red", weight=1.1)
def _candle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, radius = draw.between(0.32, 0.5), draw.between(0.14, 0.2)
    holder, tray = draw.paint("golden", "gray", "brown", "silver", gloss=0.5), draw.chance(0.7)
    solid.cylinder((0, 0, 0), half, radius, main, rounding=0.03)
    solid.cylinder((0, half + 0.04, 0), 0.06, 0.03, draw.paint("black"))
    _flame(solid, draw, (0, half + 0.06, 0), 0.15)
    for angle, drop in ((0.6, 0.14), (2.4, 0.2), (4.4, 0.1)):
        x, z = radius * np.cos(angle), radius * np.sin(angle)
        solid.capsule((x, half - 0.04, z), (x, half - drop, z), 0.045, main.pale(0.15))
    solid.cylinder((0, -half, 0), 0.04, 0.3, holder, above=0.38, when=tray)
    solid.torus((0.42, -half + 0.02, 0), 0.09, 0.035, holder, turn=(90, 0, 0), when=tray)


@SHELF.thing("lantern", "oil lantern", colour="black", weight=0.8)
def _lantern(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, light = draw.between(0.26, 0.34), draw.rgb(1.0, 0.88, 0.45, gloss=0.6)
    solid.cylinder((0, -half - 0.1, 0), 0.1, 0.4, main, above=0.34)
    solid.cylinder((0, 0, 0), half, 0.26, light.patterned(Pattern.GRADIENT, 1.0, draw.rgb(1.0, 0.7, 0.2)))
    for index in range(4):
        angle = np.deg2rad(45 + 90 * index)
        x, z = 0.31 * np.cos(angle), 0.31 * np.sin(angle)
        solid.capsule((x, -half, z), (x, half, z), 0.04, main)
    solid.torus((0, 0, 0), 0.3, 0.035, main)
    solid.cylinder((0, half + 0.04, 0), 0.05, 0.4, main)
    solid.cylinder((0, half + 0.18, 0), 0.12, 0.36, main, above=0.13)
    solid.cylinder((0, half + 0.34, 0), 0.05, 0.13, main)
    solid.torus((0, half + 0.55, 0), 0.17, 0.04, main, turn=(90, 0, 0))


@SHELF.thing("light bulb", "lightbulb", colour="yellow", recolour=0.5, weight=0.9)
def _light_bulb(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    round_, steel = draw.between(0.38, 0.44), draw.paint("silver", "gray", "golden", gloss=0.6)
    solid.ellipsoid((0, 0.2, 0), round_, main.glossy(0.8))
    solid.cylinder((0, -0.2, 0), 0.17, 0.18, main.glossy(0.8), above=0.32, blend=0.06)
    solid.cylinder((0, -0.47, 0), 0.13, 0.17, steel)
    for row in range(3):
        solid.torus((0, -0.38 - 0.09 * row, 0), 0.17, 0.04, steel.shaded(0.75))
    solid.cylinder((0, -0.64, 0), 0.05, 0.06, draw.paint("black"), above=0.13)


@SHELF.thing("wall clock", "clock", colour="red", directional=True)
def _wall_clock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    round_ = draw.chance(0.7)
    solid.cylinder((0, 0, 0), 0.09, 0.56, main, turn=(90, 0, 0), rounding=0.04, when=round_)
    solid.box((0, 0, 0), (0.54, 0.54, 0.09), main, rounding=0.04, when=~round_)
    solid.torus((0, 0, 0.08), 0.51, 0.06, main, turn=(90, 0, 0))
    solid.cylinder((0, 0, 0.08), 0.03, 0.48, draw.paint("white", "cream"), turn=(90, 0, 0), rounding=0.0)
    black = draw.paint("black")
    _dial(solid, draw, 0.105, 0.39, black)
    solid.ellipsoid((0, 0, 0.14), 0.05, black)


@SHELF.thing("alarm clock", colour="red", directional=True, weight=1.1)
def _alarm_clock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, brass = draw.paint("black"), draw.paint("golden", "silver", gloss=0.7)
    solid.cylinder((0, 0, 0), 0.17, 0.47, main.glossy(0.4), turn=(90, 0, 0), rounding=0.04)
    solid.cylinder((0, 0, 0.16), 0.03, 0.38, draw.paint("white", "cream"), turn=(90, 0, 0), rounding=0.0)
    _dial(solid, draw, 0.185, 0.3, black)
    for side in SIDES:
        solid.dome((side * 0.29, 0.43, 0), 0.19, brass, squash=0.85, turn=(0, 0, -side * 32))
        solid.capsule((side * 0.24, 0.38, 0), (side * 0.29, 0.46, 0), 0.05, black)
        solid.capsule((side * 0.26, -0.38, 0), (side * 0.38, -0.56, 0), 0.065, main)
    solid.capsule((0, 0.46, 0), (0, 0.6, 0), 0.035, brass)
    solid.ellipsoid((0, 0.63, 0), (0.09, 0.06, 0.06), brass)
    for side in SIDES:
        solid.cylinder((side * 0.18, 0, -0.2), 0.05, 0.06, brass, turn=(90, 0, 0))


@SHELF.thing("hourglass", "sand timer", colour="wood", recolour=0.5, weight=0.8)
def _hourglass(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    glass = draw.rgb(0.78, 0.9, 0.97, gloss=0.9)
    sand = draw.paint("golden", "orange", "yellow", "cream", "pink")
    for side in SIDES:
        solid.cylinder((0, side * 0.62, 0), 0.06, 0.42, main, rounding=0.03)
    solid.cylinder((0, 0.3, 0), 0.27, 0.05, glass, above=0.31, rounding=0.0)
    solid.cylinder((0, -0.3, 0), 0.27, 0.31, glass, above=0.05, rounding=0.0)
    level = draw.between(0.06, 0.16)
    solid.cylinder((0, 0.03 + level, 0), level, 0.06, sand, above=0.07 + 0.963 * level, rounding=0.0)
    solid.cylinder((0, -0.44, 0), 0.12, 0.315, sand, above=0.19, rounding=0.0)
    for index in range(3):
        angle = np.deg2rad(90 + 120 * index)
        x, z = 0.36 * np.cos(angle), 0.36 * np.sin(angle)
        solid.capsule((x, -0.6, z), (x, 0.6, z), 0.045, main)


# ---- locks, post -----------------------------------------------------------------------------------------------------


@SHELF.thing("key", colour="golden", weight=0.9)
def _key(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paint, clover = main.glossy(0.7), draw.chance(0.35)
    solid.torus((0, 0.5, 0), 0.22, 0.085, paint, turn=(90, 0, 0), when=~clover)
    for x, y in ((-0.2, 0.4), (0.2, 0.4), (0.0, 0.64)):
        solid.torus((x, y, 0), 0.13, 0.07, paint, turn=(90, 0, 0), when=clover)
    solid.cylinder((0, -0.2, 0), 0.52, 0.065, paint)
    solid.torus((0, 0.14, 0), 0.07, 0.045, paint)
    for y, long in ((-0.62, 0.17), (-0.46, 0.1), (-0.3, 0.15)):
        solid.box((0.04 + long, y, 0), (long, 0.055, 0.045), paint, rounding=0.01)


@SHELF.thing("padlock", "lock", colour="golden", second="silver", part="a shackle", weight=0.9)
def _padlock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, up, steel, black = draw.between(0.42, 0.5), draw.between(0.2, 0.32), second.glossy(0.7), draw.paint("black")
    solid.arc((0, up + 0.1, 0), 0.28, 0.085, 90, steel, turn=(0, 0, 90))
    for side in SIDES:
        solid.capsule((side * 0.28, -0.1, 0), (side * 0.28, up + 0.1, 0), 0.085, steel)
    solid.box((0, -0.3, 0), (wide, 0.38, 0.22), main.glossy(0.6), rounding=0.08)
    for front in SIDES:
        solid.cylinder((0, -0.24, front * 0.22), 0.02, 0.1, black, turn=(90, 0, 0))
        solid.box((0, -0.4, front * 0.22), (0.045, 0.14, 0.02), black)


@SHELF.thing("mailbox", "letter box", colour="blue", second="red", part="a flag", directional=True, weight=0.9)
def _mailbox(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    post, up, deep = draw.wood(), draw.chance(0.6), draw.between(0.42, 0.5)
    solid.box((0, -0.5, 0), (0.08, 0.5, 0.08), post, rounding=0.01)
    solid.box((0, 0.02, 0), (0.2, 0.04, deep - 0.05), post)
    solid.box((0, 0.2, 0), (0.3, 0.16, deep), main, rounding=0.01)
    solid.cylinder((0, 0.35, 0), deep, 0.3, main, turn=(90, 0, 0))
    door = main.pale(0.25)
    solid.box((0, 0.2, deep), (0.25, 0.12, 0.025), door, rounding=0.01)
    solid.cylinder((0, 0.33, deep), 0.025, 0.25, door, turn=(90, 0, 0))
    solid.ellipsoid((0, 0.46, deep + 0.05), 0.06, draw.paint("black", "silver"))
    solid.capsule((0.33, 0.3, 0), (0.33, np.where(up, 0.78, 0.3), np.where(up, 0.0, 0.4)), 0.035, second)
    solid.box((0.33, np.where(up, 0.76, 0.38), np.where(up, 0.1, 0.36)), (0.03, 0.1, 0.13), second)


# ---- boxes and books -------------------------------------------------------------------------------------------------


@SHELF.thing("basket", "wicker basket", colour="brown", weight=0.9)
def _basket(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, high, full = draw.between(0.48, 0.56), draw.between(0.22, 0.28), draw.chance(0.5)
    weave = main.patterned(Pattern.CHECKS, 5.0, main.shaded(0.6))
    solid.cylinder((0, 0, 0), high, wide - 0.14, weave, above=wide, rounding=0.02)
    solid.cylinder((0, high * 0.6, 0), high, wide - 0.16, main.shaded(0.5), above=wide - 0.01, cut=True)
    solid.torus((0, high, 0), wide, 0.055, main)
    solid.torus((0, -high + 0.03, 0), wide - 0.14, 0.045, main)
    solid.arc((0, high, 0), wide, 0.05, 90, main, turn=(0, 0, 90))
    fruit = draw.paint("red", "green", "orange", "white", "yellow", gloss=0.4)
    for index in range(5):
        angle = np.deg2rad(72 * index)
        solid.ellipsoid((0.26 * np.cos(angle), high - 0.04, 0.26 * np.sin(angle)), 0.15, fruit, when=full)
    solid.ellipsoid((0, high + 0.06, 0), 0.15, fruit, when=full)


@SHELF.thing("barrel", colour="wood", second="gray", part="hoops", weight=1.1)
def _barrel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, wide = draw.between(0.44, 0.52), draw.between(0.38, 0.44)
    end, cap = wide * 0.8, half * 0.3
    solid.cylinder((0, 0, 0), half - 2 * cap, wide, main, rounding=0.0)
    for side in SIDES:
        tip = (0, 0, 0 if side > 0 else 180)
        solid.cylinder((0, side * (half - cap), 0), cap, wide, main, above=end, turn=tip, rounding=0.0)
        solid.torus((0, side * half * 0.92, 0), end + 0.01, 0.04, second)
        solid.torus((0, side * half * 0.4, 0), wide - 0.005, 0.04, second)
    solid.cylinder((0, half - 0.01, 0), 0.02, end - 0.06, main.shaded(0.75))
    _top(solid, half + 0.01)


@SHELF.thing("crate", colour="wood", weight=0.9)
def _crate(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    size, dark, light = draw.between(0.38, 0.42), main.shaded(0.7), main.pale(0.1)
    solid.box((0, 0, 0), (size, size, size), dark, rounding=0.0)
    edge = size + 0.025
    for right in SIDES:
        for front in SIDES:
            solid.box((right * size, 0, front * size), (0.06, edge, 0.06), light, rounding=0.0)
            solid.box((right * size, front * size, 0), (0.06, 0.06, edge), light, rounding=0.0)
            solid.box((0, front * size, right * size), (edge, 0.06, 0.06), light, rounding=0.0)
    for side in SIDES:
        solid.box((0, 0, side * size), (0.06, size * 1.3, 0.035), light, rounding=0.0, turn=(0, 0, 45))
        solid.box((side * size, 0, 0), (0.035, size * 1.3, 0.06), light, rounding=0.0, turn=(45, 0, 0))
    _top(solid, size + 0.06)


@SHELF.thing("treasure chest", "pirate chest", colour="brown", second="golden", part="trim", directional=True)
def _treasure_chest(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gold, ajar, wide = second.glossy(0.6), draw.chance(0.5), draw.between(0.5, 0.56)
    planks = main.patterned(Pattern.WOOD, 5.0, main.shaded(0.6))
    lid = Solid(solid.count)  # around its hinge at the back, and first: its cuts must not take from the rest
    lid.cylinder((0, 0.0, 0.34), wide, 0.34, planks, turn=(0, 0, 90))
    for place in (-0.68, 0.68):
        lid.cylinder((wide * place, 0, 0.34), 0.055, 0.365, gold, turn=(0, 0, 90))
    lid.box((0, -0.5, 0.34), (1.0, 0.5, 1.0), planks, rounding=0.0, cut=True)
    lid.cylinder((0, 0.0, 0.34), wide - 0.06, 0.28, main.shaded(0.5), turn=(0, 0, 90), cut=True)
    solid.parts = lid.moved(1.0, (0, 0.04, -0.34), (np.where(ajar, -55.0, 0.0), 0, 0)).parts
    solid.box((0, -0.2, 0), (wide, 0.24, 0.34), planks, rounding=0.01)
    for place in (-0.68, 0.68):
        solid.box((wide * place, -0.2, 0), (0.055, 0.25, 0.36), gold, rounding=0.0)
    solid.box((0, 0.02, 0), (wide + 0.02, 0.035, 0.36), gold, rounding=0.0)
    solid.box((0, -0.06, 0.36), (0.09, 0.12, 0.03), gold)
    solid.box((0, -0.08, 0.39), (0.03, 0.05, 0.015), draw.paint("black"), rounding=0.0)
    for x, z, radius in ((-0.25, 0.05, 0.16), (0.0, 0.1, 0.18), (0.24, 0.04, 0.16), (0.1, -0.1, 0.16)):
        solid.ellipsoid((wide * x * 2.0, 0.02, z), (radius, radius * 0.8, radius), gold, when=ajar)


@SHELF.thing("suitcase", "travel case", colour="brown", weight=0.9)
def _suitcase(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, high = draw.between(0.58, 0.68), draw.between(0.38, 0.44)
    dark, gold = draw.rgb(0.25, 0.15, 0.08), draw.paint("golden", "silver", gloss=0.7)
    solid.box((0, 0, 0), (wide, high, 0.2), main, rounding=0.06)
    solid.box((0, 0, 0), (wide + 0.012, high + 0.012, 0.03), main.shaded(0.5), rounding=0.02)
    for side in SIDES:
        solid.box((side * wide * 0.58, 0, 0), (0.06, high + 0.025, 0.22), dark, rounding=0.02)
        solid.box((side * wide * 0.58, high * 0.45, 0.215), (0.08, 0.07, 0.02), gold)
        solid.box((side * 0.24, high, 0), (0.05, 0.06, 0.06), dark)
        for up in SIDES:
            solid.box(
                (side * (wide - 0.05), up * (high - 0.05), 0), (0.07, 0.07, 0.215), gold.shaded(0.8), rounding=0.04
            )
    solid.capsule((-0.18, high + 0.15, 0), (0.18, high + 0.15, 0), 0.05, dark)
    for side in SIDES:
        solid.capsule((side * 0.24, high, 0), (side * 0.18, high + 0.15, 0), 0.045, dark)
    stickers = draw.chance(0.35)
    solid.cylinder((0.0, 0.08, 0.2), 0.02, 0.13, draw.paint(*BRIGHT[:8]), turn=(90, 0, 0), when=stickers)


@SHELF.thing("gift box", "present", "gift", colour="red", second="golden", part="a ribbon", weight=1.2)
def _gift_box(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, wide = draw.between(0.28, 0.42), draw.between(0.38, 0.44)
    solid.box((0, 0, 0), (wide, half, wide), main)
    solid.box((0, half * 0.85, 0), (wide + 0.035, half * 0.2, wide + 0.035), main, rounding=0.01)
    solid.box((0, 0.01, 0), (0.085, half * 1.05 + 0.03, wide + 0.05), second, rounding=0.0)
    solid.box((0, 0.01, 0), (wide + 0.05, half * 1.05 + 0.03, 0.085), second, rounding=0.0)
    up = half * 1.05
    for side in SIDES:
        solid.ellipsoid((side * 0.18, up + 0.13, 0), (0.2, 0.12, 0.09), second, turn=(0, 0, side * 25))
    solid.ellipsoid((0, up + 0.08, 0), 0.09, second)


@SHELF.thing("cardboard box", "open box", "box", colour="brown", weight=0.9)
def _cardboard_box(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, deep, half = draw.between(0.42, 0.5), draw.between(0.36, 0.42), draw.between(0.3, 0.38)
    paper, lean = main.pale(0.2), draw.between(25.0, 50.0)
    solid.box((0, 0, 0), (wide, half, deep), paper, rounding=0.0)
    solid.box((0, 0.12, 0), (wide - 0.035, half, deep - 0.035), paper.shaded(0.6), rounding=0.0, cut=True)
    slope = np.deg2rad(lean)
    out, up = 0.16 * np.cos(slope), 0.16 * np.sin(slope)
    for side in SIDES:
        solid.box(
            (side * (wide + out), half + up, 0), (0.17, 0.025, deep), paper, turn=(0, 0, side * lean), rounding=0.01
        )
        solid.box(
            (0, half + up, side * (deep + out)), (wide, 0.025, 0.17), paper, turn=(-side * lean, 0, 0), rounding=0.01
        )
        solid.box((0, half * 0.55, side * deep), (0.1, half * 0.45, 0.01), draw.rgb(0.85, 0.75, 0.5), rounding=0.0)
    arrow = draw.rgb(0.2, 0.12, 0.06)
    solid.prism((-wide * 0.6, -half * 0.1, deep), 0.09, 0.12, 0.012, arrow)
    solid.box((-wide * 0.6, -half * 0.35, deep), (0.035, 0.1, 0.012), arrow, rounding=0.0)


@SHELF.thing("book", "closed book", colour="red", weight=1.2)
def _book(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick, high, turned = draw.between(0.09, 0.14), draw.between(0.5, 0.58), draw.between(-15.0, 15.0)
    gold = draw.paint("golden", "golden", "white", "black", gloss=0.4)
    book = Solid(solid.count)
    for side in SIDES:
        book.box((0, 0, side * thick), (0.4, high, 0.035), main, rounding=0.01)
        book.box((0.02, high * 0.4, side * (thick + 0.03)), (0.22, 0.08, 0.015), gold, rounding=0.0)
    book.box((0.01, 0, 0), (0.36, high - 0.05, thick), draw.paint("white", "cream"), rounding=0.0)
    book.box((-0.38, 0, 0), (0.045, high, thick + 0.03), main.shaded(0.85), rounding=0.03)
    for place in (-0.65, 0.65):
        book.box((-0.38, high * place, 0), (0.06, 0.04, thick + 0.045), gold, rounding=0.02)
    book.cylinder((0.02, -high * 0.25, thick + 0.03), 0.015, 0.1, gold, turn=(90, 0, 0))
    solid.parts = book.moved(1.0, (0, 0, 0), (0, turned, 0)).parts


@SHELF.thing("open book", colour="blue", directional=True, weight=0.8)
def _open_book(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    slope, page, ink = draw.between(10.0, 20.0), draw.paint("white", "cream"), draw.rgb(0.35, 0.35, 0.4)
    book, lean = Solid(solid.count), draw.between(25.0, 45.0)
    rise = np.sin(np.deg2rad(slope))
    for side in SIDES:
        turn = (0, 0, side * slope)
        book.box((side * 0.4, 0.4 * rise - 0.08, 0), (0.46, 0.045, 0.52), main, turn=turn)
        book.box((side * 0.37, 0.37 * rise, 0), (0.4, 0.07, 0.47), page, turn=turn, rounding=0.03)
        for row in range(5):
            at = (side * 0.39, 0.39 * rise + 0.068, -0.32 + 0.16 * row)
            book.box(at, (0.26, 0.012, 0.03), ink, turn=turn, rounding=0.0)
    book.cylinder((0, -0.05, 0), 0.52, 0.06, main, turn=(90, 0, 0))
    solid.parts = book.moved(1.0, (0, 0, 0), (lean, 0, 0)).parts


@SHELF.thing("stack of books", "pile of books", colour="red", second="blue", recolour=0.0, weight=0.9)
def _stack_of_books(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    height: Numbers = np.zeros(solid.count, np.float32)
    for index in range(5):
        thick, wide, deep = draw.between(0.08, 0.12), draw.between(0.44, 0.56), draw.between(0.34, 0.4)
        cover, turned, there = draw.paint(*BRIGHT[:9]), draw.between(-22.0, 22.0), draw.chance(0.7) | (index < 3)
        book, level = Solid(solid.count), height + thick
        for side in SIDES:
            book.box((0, level + side * (thick - 0.025), 0), (wide, 0.03, deep), cover, rounding=0.01)
        book.box((0, level, 0.035 - deep), (wide, thick, 0.035), cover, rounding=0.02)
        book.box((0, level, 0.0), (wide - 0.05, thick - 0.02, deep - 0.04), draw.paint("white", "cream"), rounding=0.0)
        solid.parts = solid.joined(book.moved(1.0, (0, 0, 0), (0, turned, 0)), there).parts
        height = np.where(there, height + 2 * thick, height)
    _top(solid, height)
