"""Toys, balls, games, plain shapes and heavenly bodies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from dreamcore.objects.library.shapes import circle
from dreamcore.objects.solid import Draw, Numbers, Paint, Pattern, Scalar, Solid
from dreamcore.objects.thing import Shelf

SHELF = Shelf("toy")

TO_X, TO_Z = (0, 0, -90), (90, 0, 0)  # turns that lay a part's y axis along x, along z
BRIGHT = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "teal")
GOLDEN = (1.0 + 5.0**0.5) / 2.0


def _against(draw: Draw, paint: Paint) -> Paint:
    """Black on light paints, white on dark ones."""
    return draw.paint("black").where(paint.colour.sum(-1) > 1.1, draw.paint("white"))


def _shuffled(draw: Draw, paints: list[Paint]) -> list[Paint]:
    """The paints in an order that differs from variation to variation."""
    order = np.argsort(draw.generator.random((draw.count, len(paints))), axis=1)
    mixed = []
    for place in range(len(paints)):
        paint = paints[0]
        for index, other in enumerate(paints[1:], start=1):
            paint = other.where(order[:, place] == index, paint)
        mixed.append(paint)
    return mixed


# ---- balls -----------------------------------------------------------------------------------------------------------


@SHELF.thing("balloon", colour="red", weight=1.2)
def _balloon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    rubber, sway = main.glossy(0.8), draw.between(-0.1, 0.1)
    solid.ellipsoid((0, 0.3, 0), (0.42, draw.between(0.46, 0.52), 0.42), rubber)
    solid.cylinder((0, -0.12, 0), 0.12, 0.09, rubber, above=0.22, blend=0.08)
    solid.cylinder((0, -0.24, 0), 0.05, 0.1, rubber, above=0.04)
    string = draw.paint("white", "gray")
    solid.capsule((0, -0.26, 0), (sway, -0.52, 0), 0.03, string)
    solid.capsule((sway, -0.52, 0), (-0.5 * sway, -0.8, 0), 0.03, string)


@SHELF.thing("beach ball", colour="red", second="white", part="stripes", weight=0.8)
def _beach_ball(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lean, roll = draw.between(-40.0, 40.0), draw.between(-40.0, 40.0)
    solid.ellipsoid((0, 0, 0), 0.5, main.patterned(Pattern.SECTORS, draw.pick(3.0, 4.0), second), turn=(lean, 0, roll))
    tilt, side = np.deg2rad(lean), np.deg2rad(roll)
    pole = np.stack([-np.sin(side), np.cos(side) * np.cos(tilt), np.cos(side) * np.sin(tilt)])
    for end in (-1, 1):
        x, y, z = 0.47 * end * pole
        solid.cylinder((x, y, z), 0.045, 0.12, draw.paint("white", "yellow"), turn=(lean, 0, roll))


@SHELF.thing("soccer ball", "football", colour="white", second="black", part="patches", recolour=0.2)
def _soccer_ball(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0, 0, 0), 0.5, main)
    spin = draw.between(0.0, 72.0)
    long = np.sqrt(1.0 + GOLDEN**2)
    for one in (-1.0, 1.0):
        for other in (-GOLDEN, GOLDEN):
            for corner in ((0.0, one, other), (one, other, 0.0), (other, 0.0, one)):
                x, y, z = (0.44 * value / long for value in corner)
                # Around y and then tipped: the prism's axis points away from the centre.
                yaw, pitch = np.rad2deg(np.arctan2(x, z)), np.rad2deg(np.arcsin(-y / 0.44))
                solid.star((x, y, z), 0.19, second, inner=0.809, half_depth=0.055, turn=(pitch, yaw, spin))


@SHELF.thing("basketball", colour="orange", recolour=0.2)
def _basketball(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, turn = draw.paint("black"), draw.between(0.0, 360.0)
    ball = Solid(solid.count)
    ball.ellipsoid((0, 0, 0), 0.5, main)
    ball.torus((0, 0, 0), 0.5, 0.035, black, cut=True)
    ball.torus((0, 0, 0), 0.5, 0.035, black, turn=TO_X, cut=True)
    for side in (-1, 1):
        ball.torus((0, 0, 0.42 * side), 0.36, 0.035, black, turn=TO_Z, cut=True)
    solid.parts.extend(ball.moved(turn=(draw.between(-25.0, 25.0), turn, draw.between(-25.0, 25.0))).parts)


@SHELF.thing("american football", "rugby ball", colour="brown", second="white", part="laces", weight=0.7)
def _american_football(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0, 0, 0), (0.66, draw.between(0.36, 0.4), 0.38), main)
    for side in (-1, 1):
        solid.cylinder((0.4 * side, 0, 0), 0.035, 0.315, second, turn=TO_X, rounding=0)
    solid.box((0, 0.26, 0.26), (0.24, 0.04, 0.03), second, turn=(45, 0, 0), rounding=0.01)
    for index in range(4):
        solid.box((0.14 * (index - 1.5), 0.26, 0.26), (0.032, 0.06, 0.11), second, turn=(45, 0, 0), rounding=0.01)


@SHELF.thing("tennis ball", colour="yellow", second="white", part="a seam", recolour=0.2, weight=0.6)
def _tennis_ball(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    green = draw.rgb(0.78, 0.92, 0.15)
    ball = Solid(solid.count)
    ball.ellipsoid((0, 0, 0), 0.5, green.where(main.colour[:, 0] > 0.8, main))
    for side in (-1, 1):
        ball.torus((0.3 * side, 0, 0), 0.4, 0.045, second, turn=TO_X)
    solid.parts.extend(
        ball.moved(turn=(draw.between(-30.0, 30.0), draw.between(0.0, 180.0), draw.between(20.0, 70.0))).parts
    )


# ---- sports ----------------------------------------------------------------------------------------------------------


@SHELF.thing("tennis racket", "tennis racquet", colour="red", second="black", part="a handle")
def _tennis_racket(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0, 0.35, 0), (0.42, 0.5, 0.09), main.glossy(0.4))
    solid.ellipsoid((0, 0.35, 0), (0.33, 0.41, 0.3), main, cut=True)
    string = draw.paint("white", "cream")
    for index in range(-2, 3):
        reach = np.sqrt(1.0 - (index / 3.2) ** 2)
        solid.box((0.115 * index, 0.35, 0), (0.018, 0.43 * reach, 0.02), string, rounding=0)
        solid.box((0, 0.35 + 0.14 * index, 0), (0.35 * reach, 0.018, 0.02), string, rounding=0)
    for side in (-1, 1):
        solid.capsule((0.2 * side, -0.09, 0), (0.02 * side, -0.35, 0), 0.045, main)
    solid.cylinder((0, -0.54, 0), 0.24, 0.08, second, rounding=0.03)
    solid.ellipsoid((0.42, -0.58, 0), 0.13, draw.rgb(0.8, 0.92, 0.15), when=draw.chance(0.5))


@SHELF.thing("baseball bat", colour="wood", second="black", part="a grip", weight=0.8)
def _baseball_bat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lean = draw.between(0.12, 0.3)
    solid.capsule((-0.3 * lean, -0.3, 0), (lean, 0.62, 0), 0.075, main, end_radius=0.17)
    solid.capsule((-lean, -0.7, 0), (-0.3 * lean, -0.3, 0), 0.072, second)
    solid.ellipsoid((-lean - 0.01, -0.78, 0), (0.13, 0.06, 0.13), main)
    ball = draw.chance(0.5)
    solid.ellipsoid((0.42, -0.6, 0), 0.19, draw.paint("white"), when=ball)
    for side in (-1, 1):
        solid.torus((0.42 + 0.12 * side, -0.6, 0), 0.15, 0.025, draw.paint("red"), turn=TO_X, when=ball)


@SHELF.thing("bowling pin", colour="white", second="red", part="stripes", weight=0.9)
def _bowling_pin(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.6)
    solid.ellipsoid((0, -0.25, 0), (0.27, 0.42, 0.27), gloss)
    solid.cylinder((0, -0.6, 0), 0.1, 0.16, gloss, above=0.21)
    solid.cylinder((0, 0.2, 0), 0.28, 0.2, gloss, above=0.12, blend=0.1)
    solid.ellipsoid((0, 0.52, 0), (0.17, 0.2, 0.17), gloss, blend=0.08)
    for y, radius in ((0.24, 0.165), (0.36, 0.155)):
        solid.cylinder((0, y, 0), 0.038, radius, second)


@SHELF.thing("dumbbell", colour="gray", second="silver", part="a bar", weight=0.8)
def _dumbbell(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    hexagon, iron = draw.chance(0.4), main.glossy(0.4)
    solid.cylinder((0, 0, 0), 0.62, 0.075, second.glossy(0.6), turn=TO_X)
    for side in (-1, 1):
        solid.cylinder((0.34 * side, 0, 0), 0.09, 0.36, iron, turn=TO_X, rounding=0.03, when=~hexagon)
        solid.cylinder((0.51 * side, 0, 0), 0.08, 0.27, iron, turn=TO_X, rounding=0.03, when=~hexagon)
        solid.star(
            (0.44 * side, 0, 0), 0.34, iron, inner=0.866, half_depth=0.18, points=6, turn=(0, 90, 30), when=hexagon
        )


# ---- games -----------------------------------------------------------------------------------------------------------


@SHELF.thing("dice", "die", colour="white")
def _dice(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ink, gap = _against(draw, main), 0.21
    solid.box((0, 0, 0), (0.45, 0.45, 0.45), main.glossy(0.4), rounding=0.1)
    corners = ((-gap, -gap), (gap, gap), (-gap, gap), (gap, -gap))
    faces: tuple[tuple[int, int, tuple[tuple[float, float], ...]], ...] = (
        (2, 1, ((0.0, 0.0),)),
        (2, -1, (*corners, (-gap, 0.0), (gap, 0.0))),
        (0, 1, (*corners[:2], (0.0, 0.0))),
        (0, -1, corners),
        (1, 1, (*corners, (0.0, 0.0))),
        (1, -1, corners[:2]),
    )
    for axis, side, spots in faces:
        for u, v in spots:
            place = [0.0, 0.0, 0.0]
            place[axis], place[(axis + 1) % 3], place[(axis + 2) % 3] = 0.46 * side, u, v
            solid.ellipsoid(place, 0.14 if len(spots) == 1 else 0.095, ink, cut=True)
    solid.top = np.full(solid.count, 0.45, np.float32)


@SHELF.thing("rubik's cube", "puzzle cube", colour="white", recolour=0.0, phrases=("a colourful rubik's cube",))
def _rubiks_cube(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    colours = [draw.paint(name, gloss=0.4) for name in ("red", "green", "orange", "blue")]
    for y in (-0.3, 0.0, 0.3):
        shift = draw.whole(0, 3)
        for index, (x, z, _) in enumerate(circle(4, 0.405)):
            paint = colours[0]
            for step in range(1, 4):
                paint = colours[step].where((shift + index) % 4 == step, paint)
            half = (0.045, 0.15, 0.45) if index % 2 == 0 else (0.45, 0.15, 0.045)
            solid.box((x, y, z), half, paint, rounding=0.03)
    solid.box((0, 0.405, 0), (0.45, 0.045, 0.45), draw.paint("white", gloss=0.4), rounding=0.03)
    solid.box((0, -0.405, 0), (0.45, 0.045, 0.45), draw.paint("yellow", gloss=0.4), rounding=0.03)
    black = draw.paint("black")
    for axis in range(3):
        for side in (-1, 1):
            groove, place = [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]
            groove[axis], place[axis] = 0.024, 0.15 * side
            solid.box(place, groove, black, rounding=0, cut=True)
    for x, z, _ in circle(4, 0.45 * 2**0.5, 45):
        solid.box((x, 0, z), (0.03, 1.0, 0.03), black, rounding=0, cut=True)
    solid.box((0, 0, 0), (0.425, 0.425, 0.425), black)
    solid.top = np.full(solid.count, 0.45, np.float32)


@SHELF.thing("puzzle piece", "jigsaw piece", colour="blue")
def _puzzle_piece(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick = draw.between(0.08, 0.12)
    solid.box((0, 0, 0), (0.42, 0.42, thick), main, rounding=0.04)
    for x, y in ((0.0, -1.0), (-1.0, 0.0)):
        solid.cylinder((0.31 * x, 0.31 * y, 0), 0.3, 0.14, main.shaded(0.8), turn=TO_Z, cut=True)
        solid.box((0.44 * x, 0.44 * y, 0), (0.075, 0.075, 0.3), main.shaded(0.8), rounding=0, cut=True)
    for x, y in ((0.0, 1.0), (1.0, 0.0)):
        solid.cylinder((0.53 * x, 0.53 * y, 0), thick, 0.16, main, turn=TO_Z, rounding=0.03)
        solid.box((0.4 * x, 0.4 * y, 0), (0.08, 0.08, thick), main, rounding=0)


def _chess_foot(solid: Solid, main: Paint) -> None:
    solid.cylinder((0, -0.62, 0), 0.1, 0.38, main, rounding=0.04)
    solid.cylinder((0, -0.47, 0), 0.07, 0.32, main, above=0.24, rounding=0.03)


@SHELF.thing("chess pawn", "pawn", colour="white")
def _chess_pawn(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.5)
    _chess_foot(solid, gloss)
    solid.cylinder((0, -0.15, 0), 0.35, 0.25, gloss, above=0.13, rounding=0.01)
    solid.cylinder((0, 0.15, 0), 0.05, 0.25, gloss, rounding=0.03)
    solid.ellipsoid((0, 0.4, 0), draw.between(0.23, 0.27), gloss)


@SHELF.thing("chess rook", "rook", colour="black")
def _chess_rook(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.5)
    _chess_foot(solid, gloss)
    solid.cylinder((0, -0.08, 0), 0.38, 0.27, gloss, above=0.21, rounding=0.01)
    solid.cylinder((0, 0.26, 0), 0.06, 0.31, gloss, rounding=0.03)
    solid.cylinder((0, 0.48, 0), 0.2, 0.3, gloss, rounding=0.01)
    solid.cylinder((0, 0.68, 0), 0.24, 0.2, gloss.shaded(0.7), cut=True)
    for angle in (0, 60, 120):
        solid.box((0, 0.66, 0), (0.5, 0.14, 0.06), gloss.shaded(0.7), rounding=0, turn=(0, angle, 0), cut=True)


@SHELF.thing("chess knight", "knight chess piece", colour="black")
def _chess_knight(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.5)
    _chess_foot(solid, gloss)
    solid.capsule((-0.05, -0.32, 0), (-0.1, 0.2, 0), 0.25, gloss, end_radius=0.2, blend=0.05)
    solid.capsule((-0.08, 0.32, 0), (0.32, 0.12, 0), 0.19, gloss, end_radius=0.12, blend=0.06)
    solid.box((0.42, 0.03, 0), (0.1, 0.022, 0.3), gloss.shaded(0.5), rounding=0, turn=(0, 0, -25), cut=True)
    for side in (-1, 1):
        solid.cylinder((-0.1, 0.55, 0.09 * side), 0.13, 0.08, gloss, above=0.01, turn=(8 * side, 0, 0))
        solid.ellipsoid((0.08, 0.31, 0.165 * side), 0.045, _against(draw, main))
    for x, y in ((-0.24, 0.42), (-0.31, 0.22), (-0.31, 0.0), (-0.29, -0.2)):
        solid.ellipsoid((x, y, 0), (0.1, 0.13, 0.09), gloss.shaded(0.85))


# ---- toys ------------------------------------------------------------------------------------------------------------


@SHELF.thing(
    "stack of coloured rings", "stacking ring toy", colour="yellow", recolour=0.0, phrases=("a toy of coloured rings",)
)
def _stack_of_rings(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    rings = _shuffled(draw, [draw.paint(name, gloss=0.4) for name in ("red", "orange", "yellow", "green", "blue")])
    solid.cylinder((0, -0.62, 0), 0.06, 0.44, draw.wood(), rounding=0.03)
    solid.cylinder((0, 0, 0), 0.58, 0.08, draw.wood())
    for index, paint in enumerate(rings):
        solid.torus((0, -0.43 + 0.215 * index, 0), 0.34 - 0.05 * index, 0.125, paint)
    solid.ellipsoid((0, 0.68, 0), 0.14, draw.paint("red", "purple", "yellow"))


@SHELF.thing("spinning top", colour="red", second="yellow", part="a stripe", weight=0.8)
def _spinning_top(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.5)
    solid.cylinder((0, -0.32, 0), 0.32, 0.04, gloss, above=0.52, rounding=0)
    solid.cylinder((0, 0.03, 0), 0.06, 0.55, second, rounding=0.03)
    solid.cylinder((0, 0.17, 0), 0.11, 0.52, gloss, above=0.16, rounding=0.02)
    solid.cylinder((0, 0.42, 0), draw.between(0.2, 0.28), 0.065, draw.wood(), rounding=0.03)
    solid.ellipsoid((0, 0.66, 0), 0.1, second)
    solid.ellipsoid((0, -0.64, 0), 0.06, draw.paint("silver"))


@SHELF.thing("kite", colour="red", second="yellow", part="a cross", weight=0.9)
def _kite(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, sway = draw.between(0.7, 0.85), draw.between(0.07, 0.14)
    solid.star((0, 0.25, 0), 0.58, main, inner=wide, half_depth=0.035, points=2)
    solid.box((0, 0.25, 0), (0.035, 0.52, 0.06), second, rounding=0)
    solid.box((0, 0.25, 0), (0.56 * wide, 0.035, 0.06), second, rounding=0)
    points: list[tuple[Scalar, Scalar]] = [(0.0, -0.32), (sway, -0.5), (-sway, -0.72)]
    for (x, y), (next_x, next_y) in pairwise(points):
        solid.capsule((x, y, 0), (next_x, next_y, 0), 0.032, draw.paint("white"))
        bow = draw.paint("yellow", "blue", "green", "pink")
        for side in (-1, 1):
            solid.prism((next_x + 0.19 * side, next_y, 0), 0.11, 0.2, 0.045, bow, turn=(0, 0, 90 * side))


@SHELF.thing("yo-yo", colour="red", second="yellow", part="a centre", weight=0.7)
def _yo_yo(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    string, sway = draw.paint("white", "cream"), draw.between(-0.15, 0.15)
    for side in (-1, 1):
        solid.cylinder((0, -0.3, 0.15 * side), 0.1, 0.42, main.glossy(0.6), turn=TO_Z, rounding=0.06)
        solid.cylinder((0, -0.3, 0.25 * side), 0.03, 0.22, second, turn=TO_Z, rounding=0.02)
    solid.cylinder((0, -0.3, 0), 0.1, 0.2, string, turn=TO_Z)
    solid.capsule((0.0, -0.1, 0), (sway, 0.56, 0), 0.032, string)
    solid.torus((sway, 0.68, 0), 0.12, 0.035, string, turn=TO_Z)


@SHELF.thing(
    "tower of building blocks", "stack of toy blocks", colour="red", recolour=0.0, phrases=("colourful toy blocks",)
)
def _building_blocks(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paints = _shuffled(draw, [draw.paint(name) for name in BRIGHT[:6]])
    for side, paint in ((-1, paints[0]), (1, paints[1])):
        solid.box((0.24 * side, -0.46, 0), (0.2, 0.2, 0.2), paint)
        solid.cylinder((0.24 * side, -0.46, 0.19), 0.03, 0.1, draw.paint("white", "yellow"), turn=TO_Z)
    solid.box((0, -0.14, 0), (0.46, 0.11, 0.2), paints[2], turn=(0, draw.between(-8.0, 8.0), 0))
    solid.box((-0.16, 0.15, 0), (0.18, 0.18, 0.18), paints[3], turn=(0, draw.between(-15.0, 15.0), 0))
    solid.cylinder((0.24, 0.15, 0), 0.18, 0.15, paints[4], rounding=0.02)
    solid.prism((-0.16, 0.34, 0), 0.24, 0.3, 0.18, paints[5])
    solid.ellipsoid((0.24, 0.46, 0), 0.13, paints[0], when=draw.chance(0.5))


@SHELF.thing("toy brick", "plastic building brick", colour="red", weight=0.9)
def _toy_brick(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.6)
    solid.box((0, -0.05, 0), (0.66, 0.24, 0.34), gloss, rounding=0.015)
    for x in (-0.48, -0.16, 0.16, 0.48):
        for z in (-0.17, 0.17):
            solid.cylinder((x, 0.25, z), 0.08, 0.105, gloss, rounding=0.015)
    solid.top = np.full(solid.count, 0.33, np.float32)


@SHELF.thing("rocking horse", colour="wood", second="red", part="a saddle", directional=True)
def _rocking_horse(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    mane = draw.paint("brown", "black", "cream", "white")
    solid.ellipsoid((0, 0, 0), (0.2, 0.2, 0.42), main)
    solid.capsule((0, 0.1, 0.28), (0, 0.45, 0.5), 0.16, main, end_radius=0.13)
    solid.capsule((0, 0.5, 0.5), (0, 0.36, 0.78), 0.14, main, end_radius=0.1)
    solid.capsule((0, 0.62, 0.42), (0, 0.2, 0.22), 0.1, mane)
    solid.capsule((0, 0.12, -0.4), (0, -0.2, -0.62), 0.1, mane, end_radius=0.05)
    solid.ellipsoid((0, 0.13, -0.02), (0.21, 0.12, 0.2), second)
    solid.capsule((-0.26, 0.42, 0.48), (0.26, 0.42, 0.48), 0.04, second)
    for side in (-1, 1):
        solid.ellipsoid((0.12 * side, 0.5, 0.58), 0.045, draw.paint("black"))
        solid.cylinder((0.08 * side, 0.66, 0.46), 0.08, 0.06, main, above=0.01)
        for z in (-0.28, 0.26):
            solid.capsule((0.12 * side, -0.08, z), (0.2 * side, -0.5, 1.4 * z), 0.075, main, end_radius=0.06)
        curve = ((-0.62, -0.4), (-0.36, -0.54), (0.0, -0.6), (0.36, -0.54), (0.62, -0.4))
        for (start, low), (end, next_low) in pairwise(curve):
            solid.capsule((0.2 * side, low, start), (0.2 * side, next_low, end), 0.06, second)


@SHELF.thing("matryoshka doll", "russian doll", colour="red", second="yellow", part="an apron", directional=True)
def _matryoshka(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss, flower = main.glossy(0.5), draw.paint("red", "pink", "blue", "white")
    solid.ellipsoid((0, -0.25, 0), (0.38, 0.5, 0.38), gloss)
    solid.ellipsoid((0, 0.32, 0), 0.29, gloss, blend=0.1)
    solid.box((0, -0.9, 0), (1.0, 0.25, 1.0), gloss.shaded(0.7), rounding=0, cut=True)
    solid.ellipsoid((0, -0.27, 0.12), (0.26, 0.36, 0.29), second)
    solid.ellipsoid((0, 0.33, 0.1), (0.2, 0.2, 0.21), draw.paint("skin", jitter=0.03))
    solid.ellipsoid((0, 0.46, 0.12), (0.17, 0.09, 0.18), draw.paint("brown", "black", "golden"))
    for side in (-1, 1):
        solid.ellipsoid((0.075 * side, 0.36, 0.3), 0.035, draw.paint("black"))
        solid.ellipsoid((0.11 * side, 0.27, 0.27), 0.045, draw.paint("pink"))
    solid.ellipsoid((0, 0.235, 0.28), (0.05, 0.025, 0.03), draw.paint("red"))
    solid.ellipsoid((0, 0.03, 0.29), (0.1, 0.05, 0.06), flower)
    for x, y, _ in circle(5, 0.095, 90):
        solid.ellipsoid((x, y - 0.25, 0.4), (0.06, 0.06, 0.035), flower)
    solid.ellipsoid((0, -0.25, 0.42), (0.05, 0.05, 0.03), draw.paint("yellow", "white"))


@SHELF.thing("slingshot", "catapult", colour="wood", weight=0.6)
def _slingshot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    band, wide = draw.rgb(0.25, 0.2, 0.2), draw.between(0.3, 0.36)
    solid.capsule((0, -0.7, 0), (0, -0.1, 0), 0.11, main)
    for side in (-1, 1):
        solid.capsule((0, -0.1, 0), (wide * side, 0.22, 0), 0.1, main, end_radius=0.085)
        solid.capsule((wide * side, 0.22, 0), (wide * side, 0.6, 0), 0.085, main)
        solid.cylinder((wide * side, 0.52, 0), 0.06, 0.11, band)
        solid.capsule((wide * side, 0.52, 0), (0, 0.3, -0.3), 0.04, band)
    solid.ellipsoid((0, 0.29, -0.32), (0.13, 0.1, 0.06), draw.paint("brown"))


@SHELF.thing("pinwheel", "toy windmill", colour="red", second="yellow", part="vanes", weight=0.8)
def _pinwheel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    for index, (x, y, angle) in enumerate(circle(4, 0.29, 20)):
        paint = main if index % 2 == 0 else second
        solid.prism((x, y + 0.25, 0.03), 0.29, 0.36, 0.045, paint, turn=(0, 0, angle))
        solid.capsule((0, 0.25, 0.09), (2 * x, 0.25 + 2 * y, 0.05), 0.055, paint.shaded(0.75), end_radius=0.04)
    solid.ellipsoid((0, 0.25, 0.13), 0.1, draw.paint("white", "golden"))
    solid.cylinder((0, -0.3, -0.06), 0.56, 0.05, draw.paint("white", "brown"))


# ---- in the playground -----------------------------------------------------------------------------------------------


@SHELF.thing("playground slide", "slide", colour="red", second="blue", part="a ladder")
def _slide(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide = 0.2
    solid.box((0.16, -0.05, 0), (0.62, 0.04, wide), main, turn=(0, 0, -38))
    solid.box((0.74, -0.46, 0), (0.16, 0.04, wide), main, turn=(0, 0, -8))
    solid.box((-0.42, 0.34, 0), (0.16, 0.045, wide), second)
    for side in (-1, 1):
        solid.box((0.18, 0.0, wide * side), (0.64, 0.1, 0.035), main, turn=(0, 0, -38))
        solid.capsule((-0.56, 0.62, 0.18 * side), (-0.66, -0.6, 0.18 * side), 0.05, second)
        solid.capsule((-0.3, 0.32, 0.18 * side), (-0.24, -0.6, 0.18 * side), 0.045, second)
        solid.capsule((-0.56, 0.62, 0.18 * side), (-0.24, 0.42, 0.18 * side), 0.045, second)
    for y in (-0.4, -0.16, 0.08):
        x = -0.66 + 0.082 * (y + 0.6)
        solid.capsule((x, y, -0.18), (x, y, 0.18), 0.045, second)


@SHELF.thing("swing", "swing set", colour="red", second="yellow", part="a seat")
def _swing(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    sway = draw.between(-0.25, 0.25)
    solid.capsule((-0.62, 0.6, 0), (0.62, 0.6, 0), 0.06, main)
    for side in (-1, 1):
        for z in (-0.36, 0.36):
            solid.capsule((0.58 * side, 0.6, 0), (0.64 * side, -0.66, z), 0.055, main)
        solid.capsule((0.24 * side, 0.6, 0), (0.24 * side, -0.22, sway), 0.03, draw.paint("gray", "silver"))
    solid.box((0, -0.25, sway), (0.32, 0.045, 0.15), second)


@SHELF.thing("seesaw", "teeter-totter", colour="red", second="yellow", part="seats", weight=0.8)
def _seesaw(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tilt = draw.between(10.0, 18.0) * draw.pick(-1.0, 1.0)
    across, up = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    solid.prism((0, -0.42, 0), 0.22, 0.46, 0.17, draw.paint("blue", "gray", "green"))
    solid.box((0, 0.0, 0), (0.86, 0.05, 0.13), main, turn=(0, 0, tilt))
    for side in (-1, 1):
        x, y = 0.7 * side * across, 0.7 * side * up
        solid.box((x, y + 0.07, 0), (0.14, 0.04, 0.18), second, turn=(0, 0, tilt))
        x, y = 0.46 * side * across, 0.46 * side * up
        solid.capsule((x, y, 0), (x, y + 0.24, 0), 0.04, draw.paint("gray"))
        solid.capsule((x, y + 0.24, -0.13), (x, y + 0.24, 0.13), 0.045, second)


# ---- plain shapes ----------------------------------------------------------------------------------------------------


def _level(solid: Solid, height: Scalar) -> Numbers:
    return np.broadcast_to(np.asarray(height, np.float32), (solid.count,)).copy()


@SHELF.thing("ball", "sphere", colour="red")
def _ball(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0, 0, 0), 0.5, main.glossy(0.3))


@SHELF.thing("cube", colour="blue")
def _cube(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, 0, 0), (0.45, 0.45, 0.45), main, rounding=draw.between(0.01, 0.1))
    solid.top = _level(solid, 0.45)


@SHELF.thing("cylinder", colour="green", weight=0.6)
def _cylinder(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half = draw.between(0.35, 0.6)
    solid.cylinder((0, 0, 0), half, draw.between(0.28, 0.42), main, rounding=0.02)
    solid.top = half


@SHELF.thing("cone", colour="purple", weight=0.6)
def _cone(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.cylinder((0, 0, 0), 0.5, draw.between(0.36, 0.5), main, above=0.01)


@SHELF.thing("ring", "torus", colour="teal", weight=0.6)
def _ring(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.torus((0, 0, 0), 0.45, draw.between(0.1, 0.19), main, turn=(draw.between(0.0, 90.0), 0, 0))


@SHELF.thing("star", colour="yellow")
def _star(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.star((0, 0, 0), 0.6, main, inner=draw.between(0.42, 0.5), half_depth=draw.between(0.1, 0.18))


@SHELF.thing("heart", colour="red")
def _heart(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.heart((0, 0, 0), 0.75, draw.between(0.1, 0.18), main.glossy(0.4), rounding=0.07)


# ---- heavenly bodies -------------------------------------------------------------------------------------------------


@SHELF.thing("crescent moon", "half moon", colour="yellow", weight=0.7)
def _crescent_moon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.cylinder((0, 0, 0), draw.between(0.1, 0.16), 0.6, main, turn=TO_Z, rounding=0.05)
    solid.cylinder((0.3, 0.1, 0), 0.4, draw.between(0.46, 0.5), main.shaded(0.85), turn=TO_Z, cut=True)


@SHELF.thing("ringed planet", "planet with rings", colour="orange", second="brown", part="rings")
def _ringed_planet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lean = draw.between(10.0, 24.0)
    solid.ellipsoid((0, 0, 0), 0.42, main.patterned(Pattern.BANDS, draw.between(3.0, 5.0)), turn=(lean, 0, 15))
    solid.cup((0, 0, 0), 0.03, 0.8, second, wall=0.22, floor=-0.1, turn=(lean, 0, 15))


@SHELF.thing(
    "earth", "planet earth", colour="blue", recolour=0.0, weight=0.7, phrases=("the planet earth", "the earth")
)
def _earth(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    land = draw.paint("green")
    sea = main.patterned(Pattern.CLOUDS, draw.between(3.2, 4.4), land)
    solid.ellipsoid(
        (0, 0, 0), 0.5, sea, turn=(draw.between(-20.0, 20.0), draw.between(0.0, 360.0), draw.between(-20.0, 20.0))
    )
    for side in (-1, 1):
        solid.dome((0, 0, 0), 0.508, draw.paint("white"), cut_at=0.46, turn=(0 if side > 0 else 180, 0, 0))
