"""Buildings and what stands among them. The door is in front, at +z."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.solid import Draw, Mask, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("building")

FORWARD = (90.0, 0.0, 0.0)  # a cylinder along z
ACROSS = (0.0, 0.0, 90.0)  # a cylinder along x


def _angles(count: int, first: float = 0.0) -> list[tuple[float, float]]:
    """(x, z) of evenly spaced points on the unit circle, `first` degrees from +z."""
    return [
        (float(np.sin(angle)), float(np.cos(angle))) for angle in np.deg2rad(first + 360.0 / count * np.arange(count))
    ]


def _door(solid: Solid, draw: Draw, floor: Scalar, wall: Scalar, size: float = 0.1, paint: Paint | None = None) -> None:
    """A door with a round top and a frame, on the floor, in a wall that faces the front at z = `wall`."""
    colour = paint or draw.paint("brown")
    solid.box((0, floor + size * 1.1, wall), (size, size * 1.1, 0.035), colour, rounding=0.0)
    solid.cylinder((0, floor + size * 2.2, wall), 0.035, size, colour, turn=FORWARD, rounding=0.0)
    solid.ellipsoid((size * 0.55, floor + size * 1.2, wall + 0.04), 0.028, draw.paint("golden"))


def _battlements(solid: Solid, radius: Scalar, height: Scalar, centre: Triple, paint: Paint, count: int = 6) -> None:
    for x, z in _angles(count):
        turn = (0.0, float(np.rad2deg(np.arctan2(x, z))), 0.0)
        place = (centre[0] + radius * x, height, centre[2] + radius * z)
        solid.box(place, (0.055, 0.065, 0.04), paint, rounding=0.0, turn=turn)


def _flag(solid: Solid, draw: Draw, foot: Triple, when: Mask | bool = True) -> None:
    top = foot[1] + 0.26
    solid.capsule(foot, (foot[0], top, foot[2]), 0.018, draw.paint("brown"), when=when)
    cloth = draw.paint("red", "yellow", "blue", "white")
    solid.box((foot[0] + 0.09, top - 0.05, foot[2]), (0.09, 0.06, 0.015), cloth, rounding=0.0, when=when)


# ---- houses ----------------------------------------------------------------------------------------------------------


@SHELF.thing(
    "house",
    "cottage",
    colour="white",
    second="red",
    part="a roof",
    directional=True,
    weight=1.6,
    phrases=("a white house with a red roof and a brown door",),
)
def _house(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, deep, high = draw.between(0.42, 0.52), draw.between(0.36, 0.48), draw.between(0.22, 0.32)
    roof = draw.between(0.28, 0.42)
    glass, frame = draw.paint("glass", gloss=0.5), draw.paint("white", "brown")
    top = high * 2 - 0.5
    solid.box((0, high - 0.5, 0), (wide, high, deep), main, rounding=0.01)
    solid.prism((0, top, 0), wide, roof - 0.03, deep, main)
    for side in (-1, 1):
        # Two slabs rather than one wedge: the gables keep the colour of the walls.
        slope = np.rad2deg(np.arctan2(roof, wide))
        place = (side * wide * 0.56, top + roof * 0.47, 0)
        length = np.hypot(wide, roof) * 0.5 + 0.08
        solid.box(place, (length, 0.035, deep + 0.07), second, rounding=0.01, turn=(0, 0, -side * slope))
    solid.box((0, -0.31, deep), (0.1, 0.19, 0.03), draw.paint("brown", "dark green", "blue", "red"), rounding=0.0)
    solid.ellipsoid((0.055, -0.31, deep + 0.03), 0.025, draw.paint("golden"))
    for side in (-1, 1):
        solid.box((side * wide * 0.62, -0.24, deep), (0.1, 0.1, 0.015), frame, rounding=0.0)
        solid.box((side * wide * 0.62, -0.24, deep), (0.07, 0.07, 0.025), glass, rounding=0.0)
    solid.box((0, -0.24, 0), (wide + 0.012, 0.1, 0.13), frame, rounding=0.0)
    solid.box((0, -0.24, 0), (wide + 0.02, 0.07, 0.1), glass, rounding=0.0)
    solid.box((0, -0.24, -deep), (0.15, 0.1, 0.015), frame, rounding=0.0)
    solid.box((0, -0.24, -deep), (0.12, 0.07, 0.025), glass, rounding=0.0)
    solid.cylinder((0, top + roof * 0.32, deep), 0.02, 0.07, glass, turn=FORWARD, when=draw.chance(0.5))
    bricks = draw.rgb(0.62, 0.27, 0.2).patterned(Pattern.BRICKS, 12, draw.rgb(0.8, 0.8, 0.8))
    solid.box((wide * 0.5, top + roof * 0.75, -0.1), (0.075, 0.2, 0.075), bricks, rounding=0.0, when=draw.chance(0.65))


@SHELF.thing(
    "log cabin", "wooden cabin", colour="wood", second="dark green", part="a roof", recolour=0.15, directional=True
)
def _log_cabin(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    deep = draw.between(0.34, 0.42)
    dark = main.shaded(0.75)
    solid.box((0, -0.27, 0), (0.46, 0.25, deep - 0.02), dark.shaded(0.8), rounding=0.0)
    for row in range(4):
        y = -0.45 + 0.12 * row
        for side in (-1, 1):
            log = main if row % 2 else dark
            solid.capsule((-0.6, y, side * deep), (0.6, y, side * deep), 0.065, log)
            solid.capsule((side * 0.48, y, -deep - 0.14), (side * 0.48, y, deep + 0.14), 0.06, main)
    roof = draw.between(0.3, 0.38)
    solid.prism((0, -0.04, 0), deep, roof - 0.02, 0.5, dark, turn=(0, 90, 0))
    for side in (-1, 1):
        slope = np.rad2deg(np.arctan2(roof, deep))
        half = np.hypot(deep, roof) * 0.5 + 0.1
        place = (0, -0.04 + roof * 0.48, side * deep * 0.57)
        solid.box(place, (0.62, 0.035, half), second, rounding=0.01, turn=(side * slope, 0, 0))
    solid.box((-0.1, -0.32, deep + 0.05), (0.1, 0.19, 0.04), draw.paint("brown").shaded(0.7), rounding=0.0)
    solid.box((0.25, -0.24, deep + 0.05), (0.09, 0.09, 0.04), draw.rgb(0.98, 0.85, 0.4), rounding=0.0)
    solid.box((0, -0.24, -deep - 0.05), (0.11, 0.08, 0.03), draw.rgb(0.98, 0.85, 0.4), rounding=0.0)
    solid.box((0.4, 0.14, -0.12), (0.09, 0.32, 0.09), draw.stone(), rounding=0.01)


@SHELF.thing("barn", "farm barn", colour="red", second="white", part="doors", directional=True)
def _barn(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    deep = draw.between(0.46, 0.62)
    roof = draw.paint("gray", "brown", "black")
    solid.box((0, -0.26, 0), (0.42, 0.26, deep), main, rounding=0.0)
    # A gambrel roof: a steep lower and a flat upper slope on each side.
    solid.box((0, 0.1, 0), (0.3, 0.14, deep), main, rounding=0.0)
    solid.prism((0, 0.0, 0), 0.42, 0.41, deep, main)
    for side in (-1, 1):
        solid.box((side * 0.4, 0.11, 0), (0.17, 0.035, deep + 0.07), roof, rounding=0.0, turn=(0, 0, -side * 62))
        solid.box((side * 0.17, 0.33, 0), (0.21, 0.035, deep + 0.07), roof, rounding=0.0, turn=(0, 0, -side * 27))
    front = deep + 0.01
    solid.box((0, -0.3, front), (0.24, 0.22, 0.02), second, rounding=0.0)
    for side in (-1, 1):
        solid.box((side * 0.115, -0.3, front), (0.09, 0.18, 0.03), main.shaded(0.85), rounding=0.0)
        for tilt in (-1, 1):
            solid.box((side * 0.115, -0.3, front), (0.022, 0.2, 0.045), second, rounding=0.0, turn=(0, 0, tilt * 27))
    solid.box((0, 0.16, front), (0.11, 0.1, 0.02), second, rounding=0.0)
    solid.box((0, 0.16, front), (0.075, 0.065, 0.03), draw.paint("black"), rounding=0.0)
    for z in (-0.5, 0.5):
        solid.box((0, -0.24, z * deep), (0.435, 0.08, 0.08), second, rounding=0.0)
    solid.box((0, -0.24, -deep), (0.1, 0.08, 0.02), second, rounding=0.0)


@SHELF.thing("dog house", "doghouse", "kennel", colour="red", second="blue", part="a roof", directional=True)
def _dog_house(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, deep, roof = draw.between(0.4, 0.48), draw.between(0.42, 0.52), draw.between(0.3, 0.4)
    dark = draw.rgb(0.08, 0.06, 0.05)
    solid.box((0, -0.2, 0), (wide, 0.3, deep), main, rounding=0.01)
    solid.prism((0, 0.09, 0), wide, roof, deep, main)
    # The way in is most of the front.
    solid.box((0, -0.3, deep), (0.23, 0.22, 0.3), dark, rounding=0.0, cut=True)
    solid.cylinder((0, -0.1, deep), 0.3, 0.23, dark, turn=FORWARD, rounding=0.0, cut=True)
    for side in (-1, 1):
        slope = np.rad2deg(np.arctan2(roof, wide))
        half = np.hypot(wide, roof) * 0.5 + 0.09
        place = (side * wide * 0.57, 0.09 + roof * 0.5, 0)
        solid.box(place, (half, 0.045, deep + 0.1), second, rounding=0.02, turn=(0, 0, -side * slope))
    bone = draw.paint("white", "cream", jitter=0.02)
    height = 0.2 + roof * 0.2
    solid.capsule((-0.08, height, deep), (0.08, height, deep), 0.03, bone)
    for side in (-1, 1):
        for up in (-1, 1):
            solid.ellipsoid((side * 0.1, height + up * 0.03, deep), 0.042, bone)
    bowl = draw.chance(0.4)
    solid.cylinder((0.38, -0.45, deep + 0.2), 0.05, 0.12, draw.paint("blue", "yellow"), above=0.09, when=bowl)


@SHELF.thing("igloo", "snow igloo", colour="white", recolour=0.15, directional=True)
def _igloo(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall = draw.between(0.5, 0.62)
    ice = main.patterned(Pattern.BRICKS, draw.between(6.0, 7.5), draw.rgb(0.55, 0.68, 0.82))
    solid.cylinder((0, 0, 0), tall / 2.0, 0.6, ice, rounding=0.0)
    solid.ellipsoid((0, -tall / 2.0, 0), (0.6, tall, 0.6), ice, clip=True)
    floor = -tall / 2.0
    # The tunnel, a half pipe, then the dark inside.
    solid.capsule((0, floor + 0.1, 0.3), (0, floor + 0.1, 0.62), 0.24, ice)
    solid.cylinder((0, floor + 0.1, 0.98), 0.2, 0.5, main, turn=FORWARD, cut=True, rounding=0.0)
    solid.box((0, floor - 0.3, 0), (1.2, 0.3, 1.2), main, cut=True, rounding=0.0)
    solid.cylinder((0, floor + 0.1, 0.7), 0.35, 0.15, draw.rgb(0.12, 0.16, 0.24), turn=FORWARD, cut=True, rounding=0.0)
    solid.box((0, floor + 0.03, 0.7), (0.15, 0.07, 0.35), draw.rgb(0.12, 0.16, 0.24), cut=True, rounding=0.0)
    solid.torus((0, floor + 0.1, 0.77), 0.19, 0.045, main.shaded(0.9), turn=FORWARD)
    solid.cylinder((0, floor - 0.02, 0.05), 0.03, 0.66, main.shaded(0.96), when=draw.chance(0.5))


@SHELF.thing(
    "straw hut", "hut", "thatched hut", colour="golden", second="brown", part="walls", recolour=0.2, directional=True
)
def _hut(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, roof = draw.between(0.38, 0.44), draw.between(0.5, 0.62)
    wall = second.patterned(Pattern.RIBS, 40)
    straw = main.patterned(Pattern.SECTORS, 26, main.shaded(0.72))
    solid.cylinder((0, -0.32, 0), 0.26, radius, wall)
    solid.cylinder((0, -0.06, 0), 0.07, 0.64, straw.shaded(0.85), above=0.56)
    solid.cylinder((0, roof * 0.5, 0), roof * 0.5, 0.6, straw, above=0.04)
    solid.cylinder((0, roof + 0.02, 0), 0.06, 0.1, straw.shaded(0.8), above=0.05)
    solid.box((0, -0.38, radius), (0.14, 0.2, 0.05), draw.rgb(0.1, 0.07, 0.05), rounding=0.0)
    for side in (-1, 1):
        solid.capsule((side * 0.17, -0.58, radius), (side * 0.17, -0.16, radius), 0.035, draw.wood())
    solid.capsule((-0.2, -0.16, radius), (0.2, -0.16, radius), 0.035, draw.wood())
    for side in (-1, 1):
        solid.box((side * radius, -0.3, 0), (0.03, 0.08, 0.08), draw.rgb(0.1, 0.07, 0.05), rounding=0.0)


@SHELF.thing(
    "greenhouse",
    "glass greenhouse",
    colour="white",
    recolour=0.0,
    directional=True,
    weight=0.7,
    phrases=("a glass greenhouse with plants inside",),
)
def _greenhouse(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    deep, roof = draw.between(0.5, 0.62), draw.between(0.26, 0.34)
    solid.box((0, -0.26, 0), (0.4, 0.26, deep), main, rounding=0.0)
    solid.prism((0, -0.01, 0), 0.42, roof, deep, main)
    # Panes are holes in the frame; one sees the plants through them.
    panes = draw.rgb(0.7, 0.88, 0.85)
    for half, depth in ((0.345, deep - 0.05), (0.37, deep - 0.05)):
        solid.box((0, -0.26, 0), (half, 0.22, depth), panes, rounding=0.0, cut=True)
    solid.prism((0, -0.01, 0), 0.36, roof - 0.05, deep - 0.05, panes, cut=True)
    for place in (-0.66, 0.0, 0.66):
        solid.box((0, 0.04, place * deep), (0.7, 0.42, deep * 0.27), panes, rounding=0.0, cut=True)
    solid.box((0, -0.26, 0), (0.3, 0.2, 1.0), panes, rounding=0.0, cut=True)
    solid.prism((0, 0.03, 0), 0.3, roof - 0.1, 1.0, panes, cut=True)
    bar = (0.028, 0.028)
    for side in (-1, 1):
        solid.box((side * 0.4, -0.02, 0), (*bar, deep), main, rounding=0.0)
        solid.box((side * 0.39, -0.42, 0), (0.035, 0.1, deep), draw.rgb(0.6, 0.3, 0.22), rounding=0.0)
        solid.box((0, -0.3, side * deep), (0.028, 0.24, 0.028), main, rounding=0.0)
    solid.box((0, roof - 0.02, 0), (*bar, deep), main, rounding=0.0)
    solid.box((0, -0.02, deep), (0.4, 0.028, 0.028), main, rounding=0.0)
    solid.box((0, -0.02, -deep), (0.4, 0.028, 0.028), main, rounding=0.0)
    solid.box((0, -0.5, 0), (0.42, 0.03, deep + 0.02), draw.rgb(0.45, 0.3, 0.2), rounding=0.0)
    for x in (-0.2, 0.2):
        for z in (-0.6, 0.0, 0.6):
            leaf = draw.rgb(0.15, 0.55, 0.2, jitter=0.08)
            high = draw.between(0.14, 0.24)
            solid.ellipsoid((x, -0.4 + high, z * deep), (0.15, high, 0.15), leaf)
            fruit = draw.paint("red", "yellow", "pink", "orange")
            solid.ellipsoid((x * 1.4, -0.32 + high, z * deep + 0.06), 0.06, fruit, when=draw.chance(0.6))


# ---- towers ----------------------------------------------------------------------------------------------------------


@SHELF.thing("lighthouse", colour="white", second="red", part="stripes", directional=True, weight=1.2)
def _lighthouse(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    base, neck = draw.between(0.25, 0.31), draw.between(0.15, 0.18)
    roof = draw.paint("red", "black", "dark green", "blue").where(draw.chance(0.5), second)
    solid.cylinder((0, -0.12, 0), 0.6, base, main.patterned(Pattern.BANDS, 2.5, second), above=neck)
    solid.cylinder((0, -0.74, 0), 0.07, 0.4, draw.stone(), above=0.33)
    solid.cylinder((0, 0.5, 0), 0.035, 0.26, draw.paint("black"))
    solid.torus((0, 0.6, 0), 0.24, 0.022, draw.paint("black"))
    solid.cylinder((0, 0.63, 0), 0.11, 0.13, draw.rgb(1.0, 0.92, 0.45, gloss=0.7))
    solid.cylinder((0, 0.83, 0), 0.1, 0.2, roof, above=0.02)
    solid.ellipsoid((0, 0.95, 0), 0.04, roof)
    _door(solid, draw, -0.68, base - 0.02, 0.085)
    for y in (-0.15, 0.2):
        at = base + (neck - base) * ((y + 0.72) / 1.2)
        solid.box((0, y, at), (0.05, 0.06, 0.03), draw.paint("dark glass"), rounding=0.0)


@SHELF.thing("windmill", colour="white", second="brown", part="a roof", directional=True, weight=1.2)
def _windmill(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    base, first = draw.between(0.28, 0.34), draw.between(0.0, 90.0)
    wood, cloth = draw.paint("brown"), draw.paint("cream", "white")
    solid.cylinder((0, -0.28, 0), 0.46, base, main, above=0.2)
    solid.cylinder((0, 0.19, 0), 0.035, 0.25, second.shaded(0.85))
    solid.cylinder((0, 0.35, 0), 0.15, 0.24, second, above=0.05)
    solid.capsule((0, 0.28, 0.1), (0, 0.28, 0.36), 0.055, wood)
    for blade in range(4):
        angle = np.deg2rad(first + 90.0 * blade)
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = (0.0, 0.0, first + 90.0 * blade)
        solid.box((0.33 * cosine, 0.28 + 0.33 * sine, 0.33), (0.33, 0.025, 0.025), wood, rounding=0.0, turn=turn)
        x, y = 0.42 * cosine - 0.07 * sine, 0.28 + 0.42 * sine + 0.07 * cosine
        solid.box((x, y, 0.33), (0.25, 0.08, 0.016), cloth, rounding=0.0, turn=turn)
    _door(solid, draw, -0.74, base - 0.04, 0.085)
    glass = draw.paint("dark glass")
    solid.box((0, -0.16, base * 0.86), (0.055, 0.07, 0.04), glass, rounding=0.0)
    for side in (-1, 1):
        solid.box((side * base * 0.86, -0.16, 0), (0.03, 0.07, 0.055), glass, rounding=0.0)
    solid.torus((0, -0.34, 0), base * 0.92 + 0.07, 0.035, wood, when=draw.chance(0.35))


@SHELF.thing("skyscraper", "office building", "high-rise building", colour="gray", directional=False)
def _skyscraper(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, wide = draw.between(0.62, 0.8), draw.between(0.24, 0.29)
    glass = draw.paint("glass", "dark glass", gloss=0.6)
    steps, wall = draw.chance(0.5), main.patterned(Pattern.CHECKS, draw.between(7.0, 9.0), glass)
    solid.box((0, 0, 0), (wide, high, wide), wall, rounding=0.0)
    solid.box((0, -high * 0.4, 0), (wide + 0.1, high * 0.6, wide + 0.1), wall, rounding=0.0, when=steps)
    solid.box((0, high + 0.1, 0), (wide - 0.08, 0.12, wide - 0.08), wall, rounding=0.0, when=steps)
    solid.box((0, high + 0.02, 0), (wide + 0.03, 0.03, wide + 0.03), main.plain().shaded(0.85), rounding=0.0)
    foot = wide + np.where(steps, 0.1, 0.0)
    for floor in range(7):
        y = high * (0.26 * floor - 0.8)
        ledge = np.where(y < high * 0.21, foot, wide) + 0.015
        solid.box((0, y, 0), (ledge, 0.026, ledge), main.plain(), rounding=0.0)
    solid.capsule((0, high, 0), (0, high + draw.between(0.3, 0.45), 0), 0.035, draw.paint("gray"), end_radius=0.02)
    solid.box((0, -high + 0.08, 0), (0.1, 0.08, foot + 0.03), draw.paint("dark glass"), rounding=0.0)
    solid.box((0, -high - 0.02, 0), (foot + 0.08, 0.03, foot + 0.08), draw.paint("gray").pale(0.3), rounding=0.0)


@SHELF.thing(
    "stone tower",
    "castle tower",
    "medieval tower",
    colour="stone",
    second="red",
    part="a roof",
    recolour=0.4,
    directional=True,
    weight=0.8,
)
def _stone_tower(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, roofed = draw.between(0.24, 0.29), draw.chance(0.5)
    dark = draw.rgb(0.12, 0.1, 0.1)
    solid.cylinder((0, -0.15, 0), 0.62, radius + 0.04, main, above=radius)
    solid.cylinder((0, 0.48, 0), 0.09, radius, main, above=radius + 0.08)
    solid.cylinder((0, 0.59, 0), 0.04, radius + 0.08, main)
    solid.cylinder((0, 0.64, 0), 0.04, radius - 0.01, dark, cut=True)
    for x, z in _angles(8):
        turn = (0.0, float(np.rad2deg(np.arctan2(x, z))), 0.0)
        place = ((radius + 0.035) * x, 0.66, (radius + 0.035) * z)
        solid.box(place, (0.065, 0.08, 0.045), main, rounding=0.0, turn=turn)
    solid.cylinder((0, 0.76, 0), 0.2, radius + 0.0, second, above=0.02, when=roofed)
    _flag(solid, draw, (0, 0.6, 0), ~roofed)
    _door(solid, draw, -0.77, radius + 0.03, 0.1)
    for y, angle in ((-0.12, 0.0), (0.22, 0.0), (0.05, 90.0), (0.05, -90.0)):
        x, z = float(np.sin(np.deg2rad(angle))), float(np.cos(np.deg2rad(angle)))
        solid.box((radius * x, y, radius * z), (0.04, 0.09, 0.05), dark, rounding=0.0, turn=(0, angle, 0))


@SHELF.thing("clock tower", colour="cream", second="blue", part="a roof", directional=True)
def _clock_tower(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide = draw.between(0.2, 0.25)
    spire = draw.between(0.34, 0.5)
    walls = main.patterned(Pattern.BRICKS, 10, main.shaded(0.85))
    solid.box((0, -0.2, 0), (wide, 0.55, wide), walls, rounding=0.0)
    solid.box((0, -0.7, 0), (wide + 0.07, 0.07, wide + 0.07), main.shaded(0.8), rounding=0.01)
    solid.box((0, 0.39, 0), (wide + 0.07, 0.25, wide + 0.07), main, rounding=0.01)
    solid.box((0, 0.66, 0), (wide + 0.11, 0.03, wide + 0.11), main.shaded(0.75), rounding=0.01)
    solid.pyramid((0, 0.68, 0), wide + 0.08, spire, second)
    solid.ellipsoid((0, 0.68 + spire, 0), 0.04, draw.paint("golden"))
    # Two clocks share a rod through the tower.
    face, hand = draw.paint("white", jitter=0.02), draw.paint("black", jitter=0.02)
    reach = wide + 0.07
    for turn in (FORWARD, ACROSS):
        solid.cylinder((0, 0.39, 0), reach + 0.02, 0.205, hand, turn=turn)
        solid.cylinder((0, 0.39, 0), reach + 0.03, 0.17, face, turn=turn)
    out = reach + 0.035
    for side in (-1, 1):
        solid.box((0, 0.45, side * out), (0.022, 0.075, 0.015), hand, rounding=0.0)
        solid.box((side * 0.045, 0.39, side * out), (0.06, 0.022, 0.015), hand, rounding=0.0)
        solid.box((side * out, 0.45, 0), (0.015, 0.075, 0.022), hand, rounding=0.0)
        solid.box((side * out, 0.39, -side * 0.045), (0.015, 0.022, 0.06), hand, rounding=0.0)
    _door(solid, draw, -0.76, wide + 0.06, 0.09)
    solid.box((0, -0.14, 0), (0.05, 0.12, wide + 0.015), draw.paint("dark glass"), rounding=0.0)
    solid.box((0, -0.14, 0), (wide + 0.015, 0.12, 0.05), draw.paint("dark glass"), rounding=0.0)


@SHELF.thing("water tower", colour="light blue", second="gray", part="legs", weight=0.8)
def _water_tower(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, high = draw.between(0.36, 0.42), draw.between(0.2, 0.28)
    round_tank = draw.chance(0.4)
    steel = second
    solid.cylinder((0, 0.3, 0), high, radius, main.patterned(Pattern.RIBS, 16), when=~round_tank)
    solid.ellipsoid((0, 0.3, 0), (radius + 0.04, high + 0.08, radius + 0.04), main, when=round_tank)
    solid.cylinder((0, 0.3 + high + 0.1, 0), 0.12, radius + 0.05, main.shaded(0.8), above=0.03, when=~round_tank)
    solid.ellipsoid((0, 0.3 + high + 0.08, 0), 0.06, main.shaded(0.8), when=round_tank)
    solid.cylinder((0, 0.3 - high - 0.06, 0), 0.09, 0.1, main.shaded(0.8), above=radius)
    solid.cylinder((0, -0.35, 0), 0.45, 0.06, steel)
    solid.torus((0, 0.3 - high, 0), radius + 0.04, 0.03, steel)
    for x, z in _angles(4, 45.0):
        solid.capsule((x * 0.52, -0.82, z * 0.52), (x * 0.36, 0.15, z * 0.36), 0.042, steel)
    corners = [(x * 0.46, z * 0.46) for x, z in _angles(4, 45.0)]
    for (ax, az), (bx, bz) in zip(corners, corners[1:] + corners[:1], strict=True):
        solid.capsule((ax, -0.45, az), (bx, -0.45, bz), 0.026, steel)
        solid.capsule((ax * 1.1, -0.75, az * 1.1), (bx * 0.86, -0.1, bz * 0.86), 0.022, steel)


@SHELF.thing("eiffel tower", "lattice tower", colour="brown", recolour=0.4, weight=0.7)
def _eiffel_tower(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    spread = draw.between(0.4, 0.46)
    iron = main.patterned(Pattern.BANDS, 12.0)
    for x in (-1, 1):
        for z in (-1, 1):
            foot, knee, waist = (x * spread, -0.95, z * spread), (x * 0.22, -0.42, z * 0.22), (x * 0.1, 0.1, z * 0.1)
            solid.capsule(foot, knee, 0.1, iron, end_radius=0.075)
            solid.capsule(knee, waist, 0.075, iron, end_radius=0.05)
            solid.box((x * spread, -0.97, z * spread), (0.13, 0.05, 0.13), draw.stone(), rounding=0.01)
    solid.box((0, -0.44, 0), (0.31, 0.045, 0.31), main.shaded(0.85), rounding=0.0)
    solid.box((0, -0.02, 0), (0.19, 0.04, 0.19), main.shaded(0.85), rounding=0.0)
    solid.cylinder((0, 0.38, 0), 0.4, 0.15, iron, above=0.045)
    solid.box((0, 0.74, 0), (0.085, 0.045, 0.085), main.shaded(0.85), rounding=0.0)
    solid.capsule((0, 0.74, 0), (0, 1.0, 0), 0.035, main, end_radius=0.02)
    for turn in ((0.0, 0.0, 90.0), (0.0, 90.0, 90.0)):
        for side in (-1, 1):
            place = (0.0, -0.78, side * spread * 0.78) if turn[1] == 0.0 else (side * spread * 0.78, -0.78, 0.0)
            solid.arc(place, spread * 0.68, 0.035, 80, main, turn=turn)


# ---- castles and walls -----------------------------------------------------------------------------------------------


@SHELF.thing("castle", colour="gray", second="blue", part="roofs", directional=True, weight=1.5)
def _castle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    walls = main.patterned(Pattern.BRICKS, 9, main.shaded(0.8))
    tall, back = draw.between(0.36, 0.44), draw.between(0.46, 0.58)
    dark = draw.rgb(0.14, 0.1, 0.08)
    solid.box((0, -0.26, 0), (0.42, 0.25, 0.42), walls, rounding=0.0)
    solid.box((0, -0.38, 0.46), (0.12, 0.14, 0.12), dark, rounding=0.0, cut=True)
    solid.cylinder((0, -0.24, 0.46), 0.12, 0.12, dark, turn=FORWARD, rounding=0.0, cut=True)
    solid.box((0, 0.1, -0.08), (0.2, 0.36, 0.2), walls, rounding=0.0)
    solid.pyramid((0, 0.46, -0.08), 0.25, draw.between(0.26, 0.4), second)
    for z, half in ((0.42, tall), (-0.42, back)):
        for x in (-0.42, 0.42):
            solid.cylinder((x, half - 0.52, z), half, 0.15, walls)
            solid.cylinder((x, 2.0 * half - 0.36, z), 0.17, 0.2, second, above=0.015)
    for x in (-0.2, 0.0, 0.2):
        for z in (-0.4, 0.4):
            solid.box((x, 0.03, z), (0.06, 0.065, 0.04), walls, rounding=0.0)
    for side in (-1, 1):
        solid.box((side * 0.4, 0.03, 0), (0.04, 0.065, 0.1), walls, rounding=0.0)
        solid.box((side * 0.42, -0.08, 0.56), (0.035, 0.075, 0.03), dark, rounding=0.0)
    solid.box((0, 0.24, 0.11), (0.05, 0.09, 0.03), dark, rounding=0.0)
    _flag(solid, draw, (0, 0.7, -0.08), draw.chance(0.5))


@SHELF.thing(
    "castle gate", "city gate", "gatehouse", colour="stone", second="brown", recolour=0.4, directional=True, weight=0.8
)
def _castle_gate(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, high = draw.rgb(0.1, 0.08, 0.08), draw.between(0.4, 0.5)
    solid.box((0, -0.14, 0), (0.4, 0.36, 0.16), main, rounding=0.0)
    solid.box((0, -0.32, 0), (0.2, 0.2, 0.5), dark, rounding=0.0, cut=True)
    solid.cylinder((0, -0.12, 0), 0.5, 0.2, dark, turn=FORWARD, rounding=0.0, cut=True)
    for side in (-1, 1):
        solid.cylinder((side * 0.48, high - 0.52, 0.02), high, 0.2, main)
        solid.cylinder((side * 0.48, 2.0 * high - 0.52, 0.02), 0.04, 0.24, main)
        _battlements(solid, 0.2, 2.0 * high - 0.44, (side * 0.48, 0, 0.02), main)
        solid.box((side * 0.48, 0.05, 0.21), (0.035, 0.1, 0.03), dark, rounding=0.0)
    for x in (-0.2, 0.0, 0.2):
        solid.box((x, 0.28, 0.1), (0.06, 0.07, 0.05), main, rounding=0.0)
    grid = second.shaded(0.7)
    for x in (-0.13, 0.0, 0.13):
        solid.box((x, -0.14, -0.02), (0.026, 0.2, 0.026), grid, rounding=0.0)
    for y in (-0.12, -0.26):
        solid.box((0, y, -0.02), (0.2, 0.026, 0.026), grid, rounding=0.0)


@SHELF.thing(
    "sand castle", "sandcastle", colour="golden", recolour=0.0, phrases=("a sand castle on a small mound of sand",)
)
def _sand_castle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    sand = draw.rgb(0.86, 0.72, 0.45).patterned(Pattern.CLOUDS, 30.0, draw.rgb(0.74, 0.58, 0.33))
    solid.cylinder((0, -0.5, 0), 0.09, 0.74, sand, above=0.58, rounding=0.04)
    # Towers are what a bucket leaves: they narrow upwards.
    for x in (-1, 1):
        for z in (-1, 1):
            high = draw.between(0.22, 0.28)
            solid.cylinder((x * 0.36, high - 0.44, z * 0.36), high, 0.21, sand, above=0.15, rounding=0.03)
            tip = draw.chance(0.5)
            solid.cylinder(
                (x * 0.36, 2.0 * high - 0.34, z * 0.36), 0.1, 0.15, sand, above=0.03, rounding=0.03, when=tip
            )
    for side in (-1, 1):
        solid.box((0, -0.3, side * 0.36), (0.3, 0.14, 0.09), sand, rounding=0.03)
        solid.box((side * 0.36, -0.3, 0), (0.09, 0.14, 0.3), sand, rounding=0.03)
    solid.cylinder((0, -0.1, 0), 0.36, 0.25, sand, above=0.18, rounding=0.03)
    solid.cylinder((0, 0.38, 0), 0.14, 0.2, sand, above=0.03, rounding=0.03)
    wet = draw.rgb(0.42, 0.3, 0.16)
    solid.box((0, -0.34, 0.43), (0.08, 0.1, 0.04), wet, rounding=0.0)
    solid.cylinder((0, -0.24, 0.43), 0.04, 0.08, wet, turn=FORWARD, rounding=0.0)
    solid.ellipsoid((0, 0.05, 0.22), 0.06, wet)
    _flag(solid, draw, (0, 0.46, 0))
    shell = draw.paint("pink", "white", "orange")
    for place in ((0.5, -0.4, 0.38), (-0.58, -0.4, 0.1)):
        solid.ellipsoid(place, (0.08, 0.05, 0.08), shell)


@SHELF.thing("stone arch", "arch", "triumphal arch", colour="stone", recolour=0.4)
def _arch(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, hole = draw.between(0.5, 0.6), draw.between(0.24, 0.3)
    deep = draw.between(0.18, 0.24)
    inside = main.shaded(0.8)
    solid.box((0, -0.05, 0), (wide, 0.55, deep), main, rounding=0.01)
    solid.box((0, -0.4, 0), (hole, 0.45, 1.0), inside, rounding=0.0, cut=True)
    solid.cylinder((0, 0.05, 0), 1.0, hole, inside, turn=FORWARD, rounding=0.0, cut=True)
    solid.box((0, 0.54, 0), (wide + 0.07, 0.05, deep + 0.07), main, rounding=0.01)
    solid.box((0, 0.65, 0), (wide - 0.06, 0.09, deep - 0.02), main, rounding=0.01)
    for side in (-1, 1):
        middle = side * (wide + hole) * 0.5
        solid.box((middle, -0.58, 0), ((wide - hole) * 0.5 + 0.05, 0.06, deep + 0.05), main, rounding=0.01)
        solid.box((middle, 0.06, 0), ((wide - hole) * 0.5 + 0.03, 0.03, deep + 0.03), inside, rounding=0.01)
    solid.box((0, 0.36, 0), (0.06, 0.1, deep + 0.04), main.shaded(0.9), rounding=0.01)
    solid.top = np.full(solid.count, 0.74, np.float32)


# ---- temples and churches --------------------------------------------------------------------------------------------


@SHELF.thing("church", "chapel", colour="white", second="brown", part="a roof", directional=True, weight=1.2)
def _church(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    deep, spire = draw.between(0.42, 0.52), draw.between(0.4, 0.55)
    glass = draw.paint("glass", "blue", "yellow", gloss=0.4)
    solid.box((0, -0.32, -0.12), (0.3, 0.28, deep), main, rounding=0.0)
    solid.prism((0, -0.05, -0.12), 0.37, 0.32, deep + 0.05, second)
    front = deep - 0.12
    solid.box((0, -0.1, front), (0.19, 0.5, 0.19), main, rounding=0.0)
    solid.box((0, 0.41, front), (0.22, 0.03, 0.22), main.shaded(0.85), rounding=0.0)
    solid.pyramid((0, 0.43, front), 0.22, spire, second)
    cross, high = draw.paint("golden"), 0.43 + spire
    solid.box((0, high + 0.08, front), (0.026, 0.15, 0.026), cross, rounding=0.0)
    solid.box((0, high + 0.1, front), (0.09, 0.026, 0.026), cross, rounding=0.0)
    _door(solid, draw, -0.6, front + 0.18, 0.095)
    solid.cylinder((0, -0.05, front), 0.21, 0.085, glass, turn=FORWARD)
    for turn in (FORWARD, ACROSS):
        solid.cylinder((0, 0.26, front), 0.205, 0.075, draw.paint("dark glass"), turn=turn)
    for z in (-0.7, -0.2):
        solid.box((0, -0.33, z * deep - 0.05), (0.32, 0.12, 0.06), glass, rounding=0.0)
        solid.cylinder((0, -0.21, z * deep - 0.05), 0.32, 0.06, glass, turn=ACROSS, rounding=0.0)


@SHELF.thing("greek temple", "temple with columns", "ancient temple", colour="white", second="white", recolour=0.4)
def _temple(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    deep, high = draw.between(0.42, 0.52), draw.between(0.26, 0.32)
    shade = main.shaded(0.88)
    for step in range(2):
        grow = 0.08 * (1 - step)
        solid.box((0, -0.54 + 0.08 * step, 0), (0.56 + grow, 0.045, deep + grow), shade, rounding=0.0)
    floor = -0.42
    solid.box((0, floor + high, 0), (0.3, high, deep - 0.2), shade.shaded(0.75), rounding=0.0)
    roof = floor + 2.0 * high
    for x in (-0.46, -0.155, 0.155, 0.46):
        for z in (-1, 1):
            solid.cylinder((x, floor + high, z * (deep - 0.08)), high, 0.075, main, above=0.062)
    for side in (-1, 1):
        for share in (-0.3, 0.3):
            solid.cylinder((side * 0.46, floor + high, share * deep), high, 0.075, main, above=0.062)
    solid.box((0, roof + 0.04, 0), (0.57, 0.05, deep + 0.03), main, rounding=0.0)
    solid.prism((0, roof + 0.09, 0), 0.62, draw.between(0.22, 0.28), deep + 0.06, main)
    solid.prism((0, roof + 0.12, 0), 0.42, 0.14, deep + 0.075, shade.shaded(0.8))
    solid.box((0, floor + 0.2, deep - 0.2), (0.1, 0.2, 0.03), draw.rgb(0.15, 0.12, 0.1), rounding=0.0)


@SHELF.thing("pagoda", "chinese pagoda", colour="red", second="cream", part="walls", directional=True)
def _pagoda(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    four = draw.chance(0.5)
    floors = np.where(four, 4, 3)
    step = np.where(four, 0.36, 0.44)
    gold = draw.paint("golden")
    solid.box((0, -0.78, 0), (0.5, 0.06, 0.5), draw.stone(), rounding=0.01)
    for level in range(4):
        there = level < floors
        size = 1.0 - 0.19 * level
        y = -0.72 + step * level
        solid.box((0, y + step * 0.34, 0), (0.32 * size, step * 0.34, 0.32 * size), second, rounding=0.0, when=there)
        # Flat eaves under a steeper middle: the curved roof.
        solid.pyramid((0, y + step * 0.55, 0), 0.58 * size, step * 0.38, main, when=there)
        solid.pyramid((0, y + step * 0.6, 0), 0.36 * size, step * 0.62, main.shaded(0.92), when=there)
        for x in (-1, 1):
            for z in (-1, 1):
                corner = (x * 0.55 * size, y + step * 0.57, z * 0.55 * size)
                lifted = (x * 0.62 * size, y + step * 0.57 + 0.07, z * 0.62 * size)
                solid.capsule(corner, lifted, 0.03, gold, when=there)
    tip = -0.72 + step * floors
    solid.capsule((0, tip - 0.1, 0), (0, tip + 0.2, 0), 0.04, gold, end_radius=0.02)
    solid.ellipsoid((0, tip + 0.04, 0), 0.07, gold)
    solid.box((0, -0.6, 0.32), (0.1, 0.13, 0.03), draw.paint("black"), rounding=0.0)


@SHELF.thing("pyramid", "egyptian pyramid", colour="yellow", weight=0.8, phrases=("a sandstone pyramid",))
def _pyramid(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high = draw.between(0.36, 0.46)
    bricks = main.patterned(Pattern.BRICKS, draw.between(7.0, 9.0), main.shaded(0.78))
    solid.box((0, 0, 0), (0.62, high, 0.62), bricks, rounding=0.0)
    solid.pyramid((0, -high, 0), 0.62, 2.0 * high, main, clip=True)
    solid.box((0, 0.04 - high, 0), (0.68, 0.04, 0.68), main.shaded(0.85), rounding=0.0, when=draw.chance(0.5))
    solid.box(
        (0, 0.15 - high, 0.55), (0.08, 0.13, 0.09), draw.rgb(0.15, 0.1, 0.06), rounding=0.0, when=draw.chance(0.5)
    )


@SHELF.thing("step pyramid", "mayan pyramid", colour="stone", recolour=0.4, directional=True, weight=0.6)
def _step_pyramid(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    step = draw.between(0.075, 0.09)
    for level in range(5):
        half = 0.66 - 0.115 * level
        shade = main if level % 2 else main.shaded(0.88)
        solid.box((0, step * (2 * level + 1) - 0.6, 0), (half, step, half), shade, rounding=0.0)
    top = 10.0 * step - 0.6
    solid.box((0, top + 0.1, 0), (0.15, 0.1, 0.15), main, rounding=0.0)
    solid.box((0, top + 0.23, 0), (0.19, 0.04, 0.19), main.shaded(0.8), rounding=0.0)
    solid.box((0, top + 0.08, 0.15), (0.06, 0.08, 0.02), draw.rgb(0.1, 0.08, 0.07), rounding=0.0)
    slope = np.rad2deg(np.arctan2(10.0 * step, 0.53))
    reach = np.hypot(5.0 * step, 0.265) + 0.02
    solid.box((0, top / 2.0 - 0.3, 0.47), (0.14, 0.09, reach), main.pale(0.25), rounding=0.0, turn=(slope, 0, 0))


# ---- tents -----------------------------------------------------------------------------------------------------------


@SHELF.thing("tent", "camping tent", colour="orange", directional=True)
def _tent(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, deep, high = draw.between(0.46, 0.54), draw.between(0.5, 0.62), draw.between(0.3, 0.36)
    dark = draw.rgb(0.12, 0.1, 0.1)
    solid.box((0, 0, 0), (wide, high, deep), main, rounding=0.0)
    solid.prism((0, -high, 0), wide, 2.0 * high, deep, main, clip=True)
    solid.prism((0, -high - 0.02, deep), 0.22, 1.4 * high, 0.3, dark, cut=True)
    for side in (-1, 1):
        # The flaps, folded outwards.
        flap = (side * 0.2, 0.55 * high - high, deep + 0.05)
        solid.box(flap, (0.045, high * 0.62, 0.03), main.pale(0.35), rounding=0.01, turn=(0, 0, side * 21))
        solid.capsule((side * wide, -high, deep * 0.7), (side * (wide + 0.14), -high - 0.02, deep * 0.7), 0.028, dark)
        solid.capsule((side * wide, -high, -deep * 0.7), (side * (wide + 0.14), -high - 0.02, -deep * 0.7), 0.028, dark)
    solid.capsule((0, high - 0.01, -deep - 0.03), (0, high - 0.01, deep + 0.03), 0.03, main.shaded(0.75))
    solid.box((0, -high, 0), (wide + 0.03, 0.025, deep + 0.02), main.shaded(0.6), rounding=0.0)


@SHELF.thing("teepee", "tipi", colour="cream", second="red", part="a band", directional=True)
def _teepee(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    base, high = draw.between(0.44, 0.52), draw.between(0.52, 0.6)
    wood = draw.paint("brown")

    def at(y: Scalar) -> Scalar:
        """The cover's radius at a height."""
        radius: Scalar = base + (0.07 - base) * (y + high) / (2.0 * high)
        return radius

    solid.cylinder((0, 0, 0), high, base, main, above=0.07)
    for y, half in ((-high * 0.45, 0.07), (high * 0.42, 0.05)):
        solid.cylinder((0, y, 0), half, at(y - half) + 0.012, second, above=at(y + half) + 0.012, rounding=0.0)
    # Poles cross above the cover.
    for x, z in _angles(5, 20.0):
        solid.capsule((-x * 0.05, high - 0.06, -z * 0.05), (x * 0.16, high + 0.26, z * 0.16), 0.03, wood)
    slope = np.rad2deg(np.arctan2(base - 0.07, 2.0 * high))
    middle = -high * 0.6
    door = draw.rgb(0.13, 0.1, 0.08)
    solid.ellipsoid((0, middle, at(middle) - 0.01), (0.15, high * 0.42, 0.05), door, turn=(-slope, 0, 0))
    tip = high * 0.1
    for side in (-1, 1):
        foot = (side * 0.19, -high + 0.02, at(-high) - 0.02)
        solid.capsule(foot, (0, tip - high * 0.2, at(tip - high * 0.2)), 0.03, main.shaded(0.8))


@SHELF.thing("circus tent", "big top tent", colour="red", second="white", part="stripes", directional=True)
def _circus_tent(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    stripes = draw.pick(8.0, 10.0, 12.0)
    wall, roof = draw.between(0.2, 0.26), draw.between(0.22, 0.3)
    cloth = main.patterned(Pattern.SECTORS, stripes, second)
    solid.cylinder((0, -0.5 + wall, 0), wall, 0.6, cloth)
    eaves = 2.0 * wall - 0.5
    solid.cylinder((0, eaves + roof * 0.5, 0), roof * 0.5, 0.7, cloth, above=0.26)
    solid.cylinder((0, eaves + roof * 1.5, 0), roof * 0.5, 0.26, cloth, above=0.03)
    for x, z in _angles(10, 18.0):
        solid.ellipsoid((x * 0.67, eaves - 0.02, z * 0.67), (0.11, 0.08, 0.11), second)
    dark = draw.rgb(0.15, 0.08, 0.08)
    solid.box((0, wall * 0.5 - 0.5, 0.58), (0.15, wall * 0.5, 0.05), dark, rounding=0.0)
    solid.cylinder((0, wall - 0.5, 0.58), 0.05, 0.15, dark, turn=FORWARD, rounding=0.0)
    _flag(solid, draw, (0, eaves + roof * 1.9, 0))


# ---- in the garden and on the square ---------------------------------------------------------------------------------


@SHELF.thing(
    "well", "wishing well", "stone well", colour="stone", second="red", part="a roof", recolour=0.3, directional=True
)
def _well(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    radius, high = draw.between(0.36, 0.42), draw.between(0.2, 0.26)
    wood = draw.wood()
    solid.cup((0, -0.6 + high, 0), high, radius, main, wall=0.09, floor=0.04)
    rim = -0.6 + 2.0 * high
    solid.torus((0, rim, 0), radius - 0.04, 0.06, main.shaded(0.9))
    solid.cylinder((0, rim - 0.14, 0), 0.04, radius - 0.08, draw.rgb(0.2, 0.42, 0.65, gloss=0.6))
    for side in (-1, 1):
        solid.box((side * (radius - 0.02), 0.0, 0), (0.045, 0.5, 0.045), wood, rounding=0.0)
        solid.box((0, 0.57, side * 0.17), (0.56, 0.03, 0.24), second, rounding=0.01, turn=(side * 42, 0, 0))
    solid.prism((0, 0.42, 0), 0.28, 0.26, 0.36, wood, turn=(0, 90, 0))
    solid.cylinder((0, 0.26, 0), radius + 0.08, 0.045, wood, turn=ACROSS)
    solid.capsule((radius + 0.08, 0.26, 0), (radius + 0.08, 0.12, 0.04), 0.03, wood)
    solid.capsule((radius + 0.06, 0.12, 0.04), (radius + 0.2, 0.12, 0.04), 0.03, wood)
    solid.capsule((0, 0.24, 0.03), (0, 0.08, 0.03), 0.018, draw.paint("cream"))
    solid.cylinder((0, -0.01, 0.03), 0.09, 0.08, draw.paint("brown").shaded(0.8), above=0.11)


@SHELF.thing("fountain", "water fountain", "stone fountain", colour="stone", recolour=0.4)
def _fountain(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    water = draw.rgb(0.35, 0.68, 0.93, gloss=0.8)
    high = draw.between(0.3, 0.38)
    jets = draw.chance(0.7)
    solid.cup((0, -0.5, 0), 0.13, 0.64, main, wall=0.09, floor=0.05)
    solid.torus((0, -0.37, 0), 0.6, 0.055, main.shaded(0.92))
    solid.cylinder((0, -0.46, 0), 0.05, 0.58, water)
    solid.cylinder((0, -0.4 + high * 0.5, 0), high * 0.6, 0.11, main, above=0.075)
    bowl = -0.36 + high
    solid.cylinder((0, bowl, 0), 0.07, 0.12, main, above=0.34)
    solid.torus((0, bowl + 0.07, 0), 0.31, 0.035, main.shaded(0.92))
    solid.cylinder((0, bowl + 0.06, 0), 0.02, 0.3, water)
    solid.cylinder((0, bowl + 0.18, 0), 0.14, 0.06, main)
    solid.cylinder((0, bowl + 0.32, 0), 0.04, 0.06, main, above=0.17)
    solid.capsule((0, bowl + 0.3, 0), (0, bowl + 0.55, 0), 0.05, water, end_radius=0.02)
    for angle in (0.0, 60.0, 120.0, 180.0, 240.0, 300.0):
        x, z = float(np.cos(np.deg2rad(angle))), float(-np.sin(np.deg2rad(angle)))
        # A jet leaves the bowl upwards and falls into the basin.
        place = (0.36 * x, bowl + 0.02, 0.36 * z)
        solid.arc(place, 0.14, 0.032, 75, water, turn=(0, angle, 55), when=jets)
        solid.capsule((0.47 * x, bowl - 0.02, 0.47 * z), (0.5 * x, -0.42, 0.5 * z), 0.032, water, when=jets)
    solid.ellipsoid((0, bowl + 0.42, 0), 0.09, main, when=~jets)


@SHELF.thing("gazebo", "garden pavilion", colour="white", second="dark green", part="a roof")
def _gazebo(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, roof = draw.between(0.3, 0.36), draw.between(0.3, 0.42)
    solid.cylinder((0, -0.56, 0), 0.06, 0.64, main.shaded(0.85))
    top = 2.0 * high - 0.5
    for x, z in _angles(6, 30.0):
        solid.cylinder((x * 0.52, high - 0.5, z * 0.52), high, 0.05, main)
    # The rail leaves the front open.
    for (ax, az), (bx, bz) in zip(_angles(6, 30.0)[:5], _angles(6, 30.0)[1:], strict=True):
        solid.capsule((ax * 0.52, -0.24, az * 0.52), (bx * 0.52, -0.24, bz * 0.52), 0.035, main)
        middle = ((ax + bx) * 0.26, -0.38, (az + bz) * 0.26)
        turn = (0.0, float(np.rad2deg(np.arctan2(ax + bx, az + bz))), 0.0)
        solid.box(
            middle, (0.24, 0.1, 0.018), main.patterned(Pattern.CHECKS, 9, main.shaded(0.7)), rounding=0.0, turn=turn
        )
    solid.torus((0, top, 0), 0.52, 0.05, main)
    solid.cylinder((0, top + roof * 0.5, 0), roof * 0.5, 0.68, second, above=0.1)
    solid.cylinder((0, top + roof + 0.05, 0), 0.06, 0.1, main)
    solid.cylinder((0, top + roof + 0.17, 0), 0.08, 0.14, second, above=0.02)
    solid.box((0, -0.57, 0.66), (0.2, 0.05, 0.12), main.shaded(0.85), rounding=0.0)


@SHELF.thing(
    "market stall", "lemonade stand", colour="red", second="white", part="stripes", directional=True, weight=0.8
)
def _market_stall(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wood = draw.wood()
    wide = draw.between(0.5, 0.58)
    solid.box((0, -0.38, 0.12), (wide, 0.22, 0.2), main, rounding=0.01)
    solid.box((0, -0.36, 0.32), (wide * 0.6, 0.09, 0.02), second, rounding=0.01)
    solid.box((0, -0.15, 0.14), (wide + 0.05, 0.03, 0.26), wood, rounding=0.0)
    for side in (-1, 1):
        for z in (-0.3, 0.3):
            solid.box((side * wide, 0.0, z), (0.035, 0.58, 0.035), wood, rounding=0.0)
    # The awning: strips in turn, each with a round end in front.
    for strip in range(7):
        cloth = main if strip % 2 == 0 else second
        x = (strip - 3) * (wide + 0.05) * 2.0 / 7.0
        half = (wide + 0.05) / 7.0 + 0.002
        solid.box((x, 0.52, 0.04), (half, 0.03, 0.46), cloth, rounding=0.0, turn=(22, 0, 0))
        solid.box((x, 0.29, 0.465), (half, 0.09, 0.025), cloth, rounding=0.0)
    for place in (-0.36, -0.12, 0.12, 0.36):
        fruit = draw.paint("red", "orange", "yellow", "green", "purple")
        solid.ellipsoid((place, -0.06, 0.16), (0.1, 0.085, 0.12), fruit)


# ---- bridges and works -----------------------------------------------------------------------------------------------


@SHELF.thing("stone bridge", "bridge", "arched bridge", colour="stone", second="stone", recolour=0.4)
def _stone_bridge(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    deep, radius = draw.between(0.22, 0.28), draw.between(0.95, 1.3)
    arches = draw.chance(0.5)
    top = 0.28
    inside = main.shaded(0.6)
    solid.box((0, -0.06, 0), (0.8, 0.34, deep), main, rounding=0.0)
    solid.cylinder((0, top - radius, 0), 1.0, radius, main, turn=FORWARD, rounding=0.0, clip=True)
    solid.cylinder((0, -0.4, 0), 1.0, np.where(arches, 0.3, 0.46), inside, turn=FORWARD, rounding=0.0, cut=True)
    for x in (-0.52, 0.52):
        solid.cylinder((x, -0.4, 0), 1.0, 0.16, inside, turn=FORWARD, rounding=0.0, cut=True, when=arches)
    solid.box((0, top - 0.06, 0), (0.22, 0.06, deep - 0.06), draw.rgb(0.5, 0.42, 0.33), rounding=0.0)
    # The parapets follow the hump.
    for step in range(-3, 4):
        angle = np.arcsin(0.235 * step / radius)
        x, y = radius * np.sin(angle), top - radius * (1.0 - np.cos(angle)) + 0.05
        for side in (-1, 1):
            turn = (0.0, 0.0, -np.rad2deg(angle))
            shade = main.shaded(0.9 if step % 2 else 1.0)
            solid.box((x, y, side * (deep - 0.03)), (0.125, 0.075, 0.04), shade, rounding=0.01, turn=turn)
    for side in (-1, 1):
        for front in (-1, 1):
            solid.box((side * 0.78, -0.08, front * (deep - 0.02)), (0.06, 0.32, 0.06), main, rounding=0.01)


@SHELF.thing("suspension bridge", "hanging bridge", colour="red", second="gray", recolour=0.8, weight=0.7)
def _suspension_bridge(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    place, high = draw.between(0.46, 0.54), draw.between(0.46, 0.56)
    deep = 0.17
    solid.box((0, -0.2, 0), (0.98, 0.04, deep), main, rounding=0.0)
    solid.box((0, -0.16, 0), (0.985, 0.015, deep - 0.05), draw.paint("gray").shaded(0.7), rounding=0.0)
    for side in (-1, 1):
        for front in (-1, 1):
            z = front * (deep + 0.02)
            solid.box((side * place, high * 0.5 - 0.22, z), (0.05, high * 0.5 + 0.26, 0.045), main, rounding=0.0)
            solid.capsule((side * place, high, z), (side * 0.96, -0.16, z), 0.028, main)
            solid.capsule((side * place, high, z), (side * place * 0.5, high * 0.3 - 0.05, z), 0.028, main)
            solid.capsule((side * place * 0.5, high * 0.3 - 0.05, z), (0, -0.02, z), 0.028, main)
            for x, y in ((0.5, high * 0.3 - 0.05), (1.38, high * 0.38)):
                solid.capsule((side * place * x, -0.2, z), (side * place * x, y, z), 0.02, main)
        for y in (high * 0.9, high * 0.35):
            solid.box((side * place, y, 0), (0.045, 0.04, deep + 0.02), main, rounding=0.0)
        solid.box((side * place, -0.5, 0), (0.1, 0.06, deep + 0.1), draw.stone(), rounding=0.01)


@SHELF.thing("factory", colour="brown", second="gray", directional=True, weight=0.8)
def _factory(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bricks = main.patterned(Pattern.BRICKS, 12, main.shaded(0.75))
    glass, dark = draw.paint("glass", gloss=0.4), draw.paint("black")
    tall = draw.between(0.4, 0.52)
    solid.box((0, -0.3, 0), (0.62, 0.22, 0.36), bricks, rounding=0.0)
    # The saw-tooth roof: half of each wedge is below the top of its neighbour's wall.
    for x in (-0.41, 0.0, 0.41):
        solid.prism((x, -0.09, 0), 0.205, 0.22, 0.36, second)
        solid.box((x, -0.28, 0.36), (0.13, 0.08, 0.02), glass, rounding=0.0)
    solid.box((0, -0.4, 0.37), (0.13, 0.12, 0.03), draw.paint("dark glass"), rounding=0.0)
    for side in (-1, 1):
        solid.box((side * 0.62, -0.28, 0), (0.015, 0.08, 0.22), glass, rounding=0.0)
    smoke = draw.chance(0.5)
    for x, share in ((-0.44, 1.0), (-0.16, 0.8)):
        chimney = main.shaded(0.9).patterned(Pattern.BRICKS, 12)
        half = tall * share
        solid.cylinder((x, half - 0.2, -0.2), half, 0.105, chimney, above=0.075)
        solid.cylinder((x, 2.0 * half - 0.22, -0.2), 0.04, 0.095, dark)
        puff = draw.rgb(0.85, 0.85, 0.87)
        for index, size in enumerate((0.08, 0.11, 0.14)):
            spot = (x + 0.09 * index, 2.0 * half - 0.14 + 0.12 * index, -0.2)
            solid.ellipsoid(spot, size, puff, when=smoke)


@SHELF.thing(
    "observatory",
    "astronomical observatory",
    colour="white",
    second="gray",
    part="a dome",
    directional=True,
    weight=0.6,
)
def _observatory(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, tilt = draw.between(0.2, 0.28), draw.between(35.0, 50.0)
    sine, cosine = np.sin(np.deg2rad(tilt)), np.cos(np.deg2rad(tilt))
    floor = -0.1
    solid.ellipsoid((0, floor, 0), 0.52, second.glossy(0.4))
    # The slit runs from the front over the top.
    solid.box((0, floor + 0.4, 0.4), (0.13, 0.42, 0.4), draw.rgb(0.1, 0.1, 0.14), rounding=0.0, cut=True)
    solid.box((0, floor - 0.6, 0), (1.0, 0.6, 1.0), second, rounding=0.0, cut=True)
    solid.cylinder((0, floor - high, 0), high, 0.5, main)
    solid.cylinder((0, floor, 0), 0.045, 0.56, main.shaded(0.8))
    solid.cylinder((0, floor - 2.0 * high, 0), 0.04, 0.6, draw.stone())
    solid.capsule(
        (0, floor + 0.1, 0.0), (0, floor + 0.1 + 0.62 * sine, 0.62 * cosine), 0.1, draw.paint("white", "black")
    )
    _door(solid, draw, floor - 2.0 * high, 0.49, 0.08)
    for x, z in _angles(4, 45.0):
        turn = (0.0, float(np.rad2deg(np.arctan2(x, z))), 0.0)
        solid.box(
            (0.49 * x, floor - high, 0.49 * z), (0.06, 0.07, 0.03), draw.paint("dark glass"), rounding=0.0, turn=turn
        )
