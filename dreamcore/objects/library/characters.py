"""People, toys and creatures that stand upright: faces and chests in front (+z), packs, capes and hair behind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dreamcore.objects.library.animals import Ball, ball, eyes, ink, wears
from dreamcore.objects.solid import Draw, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("character")

# ---- shared parts ----------------------------------------------------------------------------------------------------

HEAD = Ball((0.0, 0.42, 0.0), (0.24, 0.25, 0.23))
_SKINS = np.asarray([(0.96, 0.80, 0.67), (0.90, 0.70, 0.54), (0.72, 0.50, 0.35), (0.46, 0.30, 0.20)], np.float32)
_HAIRS = np.asarray([(0.12, 0.08, 0.06), (0.35, 0.20, 0.10), (0.85, 0.65, 0.30), (0.65, 0.27, 0.10)], np.float32)


class Hands(NamedTuple):
    """Where the hands are: at -x and at +x."""

    left: Triple
    right: Triple


def _skin(draw: Draw) -> Paint:
    return draw.paint_of(_SKINS[draw.whole(0, 3)], jitter=0.03)


def _hair(draw: Draw) -> Paint:
    return draw.paint_of(_HAIRS[draw.whole(0, 3)], jitter=0.03)


def _face(solid: Solid, draw: Draw, skin: Paint, *, mouth: bool = True, size: float = 0.05) -> None:
    """Eyes, nose and mouth on the head."""
    eyes(solid, draw, HEAD, skin, around=23.0, above=8.0, size=size, wide=0.7)
    solid.ellipsoid((0.0, 0.385, 0.235), (0.042, 0.045, 0.05), skin.shaded(0.9))
    if mouth:
        solid.capsule((-0.06, 0.29, 0.195), (0.06, 0.29, 0.195), 0.024, draw.rgb(0.65, 0.16, 0.16))


def _arms(solid: Solid, draw: Draw, sleeve: Paint, hand: Paint, *, holds: bool = False, waves: float = 0.2) -> Hands:
    """Two arms; one that `holds` something reaches forward at +x, one of the others is raised in a share `waves`."""
    low = draw.between(-0.2, -0.1)
    raised = draw.chance(waves)
    left: Triple = (np.where(raised, -0.46, -0.38), np.where(raised, 0.32, low), 0.07)
    right: Triple = (0.4, -0.06, 0.2) if holds else (0.38, draw.between(-0.2, -0.1), 0.07)
    for side, place in ((-1, left), (1, right)):
        solid.capsule((side * 0.2, 0.12, 0.0), place, 0.085, sleeve, end_radius=0.075)
        solid.ellipsoid(place, 0.085, hand)
    return Hands(left, right)


def _trunk(solid: Solid, shirt: Paint, trousers: Paint, shoes: Paint, *, wide: Scalar = 0.22) -> None:
    """A chest on two legs with shoes."""
    solid.box((0.0, -0.04, 0.0), (wide, 0.25, 0.15), shirt, rounding=0.1)
    solid.box((0.0, -0.26, 0.0), (wide * 0.95, 0.08, 0.145), trousers, rounding=0.06)
    for side in (-1, 1):
        solid.capsule((side * 0.115, -0.3, 0.0), (side * 0.125, -0.58, 0.0), 0.1, trousers, end_radius=0.09)
        solid.ellipsoid((side * 0.13, -0.66, 0.06), (0.105, 0.075, 0.17), shoes)


def _gown(solid: Solid, robe: Paint, *, wide: Scalar = 0.38) -> None:
    """A long dress to the ground."""
    solid.cylinder((0.0, -0.26, 0.0), 0.44, wide, robe, above=0.17, rounding=0.03)


def _head(solid: Solid, draw: Draw, skin: Paint, *, mouth: bool = True) -> None:
    ball(solid, HEAD.centre, HEAD.radii, skin)
    _face(solid, draw, skin, mouth=mouth)


def _back_hair(solid: Solid, hair: Paint) -> None:
    """Hair on top and behind, clear of the face."""
    solid.ellipsoid((0.0, 0.49, -0.065), (0.262, 0.225, 0.21), hair)


def _beard(solid: Solid, paint: Paint, *, length: Scalar = 0.2) -> None:
    solid.ellipsoid((0.0, 0.3 - length * 0.35, 0.16), (0.19, length, 0.1), paint)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.065, 0.33, 0.235), (0.085, 0.04, 0.045), paint, turn=(0.0, 0.0, -side * 12.0))


def _belt(solid: Solid, paint: Paint, buckle: Paint, *, y: float = -0.2, wide: Scalar = 0.225) -> None:
    solid.box((0.0, y, 0.0), (wide, 0.045, 0.158), paint, rounding=0.03)
    solid.box((0.0, y, 0.155), (0.06, 0.055, 0.025), buckle, rounding=0.01)


# ---- snow and toys ---------------------------------------------------------------------------------------------------


@SHELF.thing("snowman", colour="white", second="red", part="a scarf", recolour=0.35, directional=True, weight=1.6)
def _snowman(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    a, b, c = draw.between(0.36, 0.42), draw.between(0.26, 0.3), draw.between(0.2, 0.24)
    middle = a * 0.85 + b * 0.72
    top = middle + b * 0.7 + c * 0.8
    black, stick = draw.rgb(0.07, 0.07, 0.08), draw.rgb(0.36, 0.22, 0.12)
    coal = draw.paint("white").where(main.colour.mean(-1) < 0.2, black)
    solid.ellipsoid((0.0, 0.0, 0.0), a, main)
    solid.ellipsoid((0.0, middle, 0.0), b, main)
    solid.ellipsoid((0.0, top, 0.0), c, main)
    for side in (-1, 1):
        solid.ellipsoid((side * c * 0.38, top + c * 0.28, c * 0.86), 0.046, coal)
        raised = draw.between(0.1, 0.3)
        elbow = (side * (b + 0.26), middle + raised, 0.04)
        solid.capsule((side * b * 0.85, middle + 0.05, 0.0), elbow, 0.034, stick)
        solid.capsule(
            (side * (b + 0.18), middle + 0.05 + 0.65 * (raised - 0.05), 0.03),
            (side * (b + 0.3), middle + raised - 0.08, 0.1),
            0.03,
            stick,
        )
    solid.cylinder((0.0, top - 0.02, c + 0.12), 0.16, 0.062, draw.paint("orange"), above=0.008, turn=(90.0, 0.0, 0.0))
    solid.torus((0.0, top - c * 0.8, 0.0), c * 0.8, 0.075, second)
    solid.box((c * 0.5, top - c * 1.55, b * 0.88), (0.065, 0.15, 0.04), second, turn=(-12.0, 0.0, 8.0))
    for k in range(3):
        solid.ellipsoid((0.0, middle + 0.1 - 0.13 * k, b * (0.95 - 0.05 * abs(k - 1))), 0.045, coal)
    hat = draw.chance(0.5)
    solid.cylinder((0.0, top + c * 0.82, 0.0), 0.03, c * 1.25, black, when=hat)
    solid.cylinder((0.0, top + c * 0.82 + 0.16, 0.0), 0.15, c * 0.78, black, when=hat)
    solid.cylinder((0.0, top + c * 0.82 + 0.06, 0.0), 0.035, c * 0.81, second, when=hat)


@SHELF.thing("teddy bear", "teddy", colour="brown", directional=True, weight=1.6)
def _teddy_bear(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    size, pale = draw.between(0.29, 0.34), main.plain().pale(0.5)
    solid.ellipsoid((0.0, -0.25, 0.0), (0.33, 0.36, 0.3), main)
    solid.ellipsoid((0.0, -0.24, 0.1), (0.23, 0.27, 0.22), pale)
    head = ball(solid, (0.0, 0.28, 0.02), (size, size * 0.92, size * 0.9), main)
    solid.ellipsoid((0.0, 0.2, 0.26), (0.155, 0.12, 0.12), pale)
    solid.ellipsoid((0.0, 0.25, 0.375), (0.065, 0.045, 0.04), ink(draw))
    eyes(solid, draw, head, main, around=24.0, above=21.0, size=0.052, wide=0.1)
    for side in (-1, 1):
        ear = (side * size * 0.8, 0.28 + size * 0.72)
        solid.ellipsoid((*ear, 0.0), (0.13, 0.13, 0.08), main)
        solid.ellipsoid((*ear, 0.055), (0.08, 0.08, 0.045), pale)
        solid.capsule((side * 0.27, -0.06, 0.02), (side * 0.46, -0.27, 0.16), 0.115, main, end_radius=0.105)
        solid.capsule((side * 0.19, -0.5, 0.08), (side * 0.27, -0.53, 0.36), 0.135, main, end_radius=0.13)
        solid.ellipsoid((side * 0.275, -0.53, 0.465), (0.09, 0.09, 0.045), pale)
    bow = draw.chance(0.35)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.09, 0.02, 0.28), (0.09, 0.065, 0.045), second, when=bow, turn=(0.0, 0.0, side * 10.0))
    solid.ellipsoid((0.0, -0.42, -0.29), 0.09, main)
    wears(solid, head)


@SHELF.thing("robot", "toy robot", colour="gray", second="yellow", part="eyes", directional=True, weight=1.6)
def _robot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    coat, joints = main.glossy(0.5), main.plain().shaded(0.55)
    panel = draw.paint("light blue", "green", "orange", "red")
    wide = draw.between(0.22, 0.3)
    solid.box((0.0, -0.08, 0.0), (0.28, 0.27, 0.2), coat, rounding=0.04)
    solid.box((0.0, 0.42, 0.0), (wide, 0.2, 0.2), coat, rounding=0.04)
    solid.cylinder((0.0, 0.22, 0.0), 0.07, 0.09, joints)
    round_eyes = draw.chance(0.7)
    for side in (-1, 1):
        x = side * wide * 0.46
        solid.cylinder((x, 0.46, 0.2), 0.025, 0.085, second.glossy(), turn=(90.0, 0.0, 0.0), when=round_eyes)
        solid.box((x, 0.46, 0.2), (0.075, 0.06, 0.025), second.glossy(), when=~round_eyes)
        solid.ellipsoid((x, 0.46, 0.225), (0.036, 0.036, 0.02), ink(draw))
        solid.cylinder((side * (wide + 0.03), 0.43, 0.0), 0.04, 0.075, joints, turn=(0.0, 0.0, 90.0))
        hand = (side * 0.44, draw.between(-0.3, -0.15), 0.08)
        solid.capsule((side * 0.31, 0.1, 0.0), hand, 0.075, joints)
        solid.ellipsoid(hand, 0.105, coat)
        solid.box((side * 0.14, -0.5, 0.0), (0.085, 0.17, 0.095), joints, rounding=0.02)
        solid.box((side * 0.14, -0.67, 0.05), (0.115, 0.06, 0.17), coat, rounding=0.03)
    solid.box((0.0, 0.31, 0.2), (0.12, 0.034, 0.02), joints.shaded(0.6), rounding=0.0)
    solid.box((0.0, -0.04, 0.2), (0.17, 0.12, 0.025), panel, rounding=0.01)
    for k in range(3):
        solid.ellipsoid((-0.09 + 0.09 * k, -0.26, 0.2), 0.036, draw.paint("red", "yellow", "white"))
    antenna = draw.chance(0.65)
    solid.capsule((0.0, 0.6, 0.0), (0.0, 0.76, 0.0), 0.032, joints, when=antenna)
    solid.ellipsoid((0.0, 0.79, 0.0), 0.07, draw.paint("red", "yellow"), when=antenna)
    solid.box((0.0, -0.04, -0.23), (0.17, 0.17, 0.06), joints, rounding=0.02)
    wears(solid, Ball((0.0, 0.42, 0.0), (0.26, 0.2, 0.2)), height=1.0)


@SHELF.thing("nutcracker", colour="red", recolour=0.5, directional=True, weight=0.7)
def _nutcracker(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, white, gold = draw.rgb(0.07, 0.07, 0.08), draw.paint("white"), draw.paint("golden", gloss=0.6)
    skin = draw.rgb(0.95, 0.78, 0.62)
    solid.cylinder((0.0, -0.72, 0.0), 0.06, 0.28, draw.paint("brown", "dark green"), rounding=0.02)
    for side in (-1, 1):
        solid.cylinder((side * 0.1, -0.45, 0.0), 0.22, 0.085, white)
        solid.cylinder((side * 0.1, -0.58, 0.02), 0.1, 0.095, black)
        solid.capsule((side * 0.26, 0.08, 0.0), (side * 0.29, -0.2, 0.03), 0.08, main)
        solid.ellipsoid((side * 0.29, -0.26, 0.03), 0.08, white)
        solid.ellipsoid((side * 0.24, 0.14, 0.0), (0.12, 0.05, 0.12), gold)
    solid.cylinder((0.0, -0.05, 0.0), 0.21, 0.2, main, above=0.22)
    _belt(solid, black, gold, y=-0.2, wide=0.21)
    for k in range(3):
        solid.ellipsoid((0.0, 0.08 - 0.09 * k, 0.215), 0.038, gold)
    head = Ball((0.0, 0.36, 0.0), (0.2, 0.21, 0.2))
    solid.cylinder(head.centre, 0.19, 0.19, skin, rounding=0.05)
    eyes(solid, draw, Ball((0.0, 0.36, 0.0), (0.19, 0.19, 0.19)), skin, around=26.0, above=14.0, size=0.045, wide=1.0)
    solid.ellipsoid((0.0, 0.35, 0.2), (0.035, 0.05, 0.05), skin.shaded(0.9))
    solid.box((0.0, 0.24, 0.18), (0.1, 0.035, 0.03), white, rounding=0.0)
    solid.ellipsoid((0.0, 0.15, 0.16), (0.12, 0.09, 0.07), white)
    solid.ellipsoid((0.0, 0.36, -0.08), (0.22, 0.2, 0.15), white)
    solid.cylinder((0.0, 0.7, 0.0), 0.18, 0.2, black, above=0.22, rounding=0.02)
    solid.cylinder((0.0, 0.55, 0.0), 0.03, 0.215, gold)
    solid.ellipsoid((0.0, 0.7, 0.2), (0.075, 0.085, 0.03), gold)


# ---- people ----------------------------------------------------------------------------------------------------------


@SHELF.thing("man", "person", colour="blue", second="red", part="a shirt", recolour=0.0, directional=True, weight=1.3)
def _man(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair = _skin(draw), _hair(draw)
    _trunk(solid, second, draw.paint("blue", "black", "gray", "brown"), draw.paint("black", "brown", "white"))
    _arms(solid, draw, second, skin, waves=0.3)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    beard = draw.chance(0.3)
    solid.ellipsoid((0.0, 0.25, 0.13), (0.18, 0.09, 0.11), hair, when=beard)
    solid.box((0.0, 0.02, 0.145), (0.045, 0.14, 0.02), draw.paint("black", "white", "blue"), when=draw.chance(0.3))
    wears(solid, HEAD)


@SHELF.thing("woman", "lady", colour="red", second="red", part="a dress", recolour=0.0, directional=True, weight=1.1)
def _woman(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, shoes = _skin(draw), _hair(draw), draw.paint("black", "red", "white")
    solid.box((0.0, 0.0, 0.0), (0.18, 0.2, 0.13), second, rounding=0.1)
    solid.cylinder((0.0, -0.27, 0.0), 0.2, draw.between(0.29, 0.36), second, above=0.14, rounding=0.03)
    for side in (-1, 1):
        solid.capsule((side * 0.1, -0.4, 0.0), (side * 0.1, -0.64, 0.0), 0.07, skin)
        solid.ellipsoid((side * 0.1, -0.7, 0.05), (0.08, 0.055, 0.14), shoes)
        solid.ellipsoid((side * 0.2, 0.3, -0.08), (0.1, 0.26, 0.12), hair)
    _arms(solid, draw, second.where(draw.chance(0.5), skin), skin)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    solid.ellipsoid((0.0, 0.24, -0.16), (0.22, 0.3, 0.1), hair)
    wears(solid, HEAD)


@SHELF.thing(
    "girl", "little girl", colour="pink", second="pink", part="a dress", recolour=0.0, directional=True, weight=1.1
)
def _girl(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, ribbon = _skin(draw), _hair(draw), draw.paint("red", "pink", "yellow", "blue")
    solid.cylinder((0.0, -0.12, 0.0), 0.3, 0.35, second, above=0.15, rounding=0.03)
    for side in (-1, 1):
        solid.capsule((side * 0.12, -0.4, 0.0), (side * 0.12, -0.58, 0.0), 0.075, draw.paint("white"))
        solid.ellipsoid((side * 0.12, -0.64, 0.05), (0.095, 0.07, 0.15), ribbon)
        solid.ellipsoid((side * 0.31, 0.33, -0.04), (0.1, 0.2, 0.1), hair, turn=(0.0, 0.0, side * 24.0))
        solid.ellipsoid((side * 0.26, 0.5, -0.04), 0.075, ribbon)
    _arms(solid, draw, second, skin, waves=0.3)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    solid.ellipsoid((0.0, 0.6, 0.12), (0.18, 0.07, 0.12), hair)
    wears(solid, HEAD)


@SHELF.thing("astronaut", "spaceman", colour="white", second="red", recolour=0.3, directional=True, weight=1.4)
def _astronaut(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gray, trim = draw.paint("gray"), draw.paint("red", "blue", "orange")
    _trunk(solid, main, main, gray, wide=0.25)
    _arms(solid, draw, main, gray, waves=0.3)
    solid.ellipsoid((0.0, 0.44, 0.0), (0.32, 0.31, 0.31), main)
    visor = draw.rgb(0.08, 0.1, 0.2, gloss=1.0).where(draw.chance(0.6), draw.rgb(0.85, 0.6, 0.12, gloss=1.0))
    solid.ellipsoid((0.0, 0.44, 0.13), (0.24, 0.2, 0.22), visor)
    solid.torus((0.0, 0.2, 0.0), 0.17, 0.06, trim)
    solid.box((0.0, 0.0, -0.25), (0.22, 0.27, 0.12), gray, rounding=0.04)
    for side in (-1, 1):
        solid.cylinder((side * 0.12, -0.27, -0.27), 0.06, 0.065, gray.shaded(0.6))
        solid.ellipsoid((side * 0.33, 0.42, 0.0), (0.06, 0.1, 0.1), gray)
    solid.box((0.0, 0.0, 0.15), (0.13, 0.09, 0.045), gray.pale(0.3), rounding=0.02)
    for k in range(3):
        solid.ellipsoid((-0.08 + 0.08 * k, 0.0, 0.195), 0.032, draw.paint("red", "green", "blue"))
    for side in (-1, 1):
        solid.torus((side * 0.12, -0.45, 0.0), 0.085, 0.03, trim)


@SHELF.thing(
    "knight",
    "knight in armour",
    colour="silver",
    second="red",
    part="a plume",
    recolour=0.3,
    directional=True,
    weight=1.2,
)
def _knight(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel, black = main.glossy(0.8), draw.rgb(0.05, 0.05, 0.06)
    dull = main.plain().shaded(0.65).glossy(0.5)
    _trunk(solid, steel, dull, dull, wide=0.24)
    hands = _arms(solid, draw, dull, steel, holds=True, waves=0.0)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.25, 0.16, 0.0), (0.12, 0.1, 0.13), steel)
    solid.cylinder((0.0, 0.38, 0.0), 0.2, 0.235, steel, above=0.225, rounding=0.04)
    solid.dome((0.0, 0.56, 0.0), 0.23, steel, squash=0.8)
    solid.box((0.0, 0.44, 0.2), (0.18, 0.036, 0.06), black, rounding=0.0)
    solid.box((0.0, 0.32, 0.22), (0.036, 0.11, 0.03), black, rounding=0.0)
    solid.ellipsoid((0.0, 0.78, -0.04), (0.06, 0.13, 0.16), second)
    solid.ellipsoid((0.0, 0.66, -0.22), (0.06, 0.16, 0.1), second)
    x, y, z = hands.right
    blade, hilt = draw.paint("silver", gloss=0.8), draw.paint("golden", gloss=0.6)
    solid.box((x, y + 0.42, z), (0.05, 0.34, 0.03), blade, rounding=0.01)
    solid.box((x, y + 0.09, z), (0.13, 0.034, 0.045), hilt)
    solid.cylinder((x, y - 0.05, z), 0.12, 0.036, hilt)
    shield = draw.chance(0.6)
    lx, ly, lz = hands.left
    solid.cylinder((lx, ly + 0.06, lz + 0.12), 0.035, 0.21, second, turn=(90.0, 0.0, 0.0), when=shield)
    solid.box((lx, ly + 0.06, lz + 0.15), (0.16, 0.034, 0.02), blade, when=shield)
    solid.box((lx, ly + 0.06, lz + 0.15), (0.034, 0.16, 0.02), blade, when=shield)


@SHELF.thing("wizard", colour="purple", directional=True, weight=1.3)
def _wizard(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, white = _skin(draw), draw.paint("white", "white", "gray")
    robe = main.where(draw.chance(0.6), main.patterned(Pattern.DOTS, 5.0, draw.paint("yellow")))
    _gown(solid, robe, wide=draw.between(0.34, 0.4))
    hands = _arms(solid, draw, robe, skin, holds=True)
    _head(solid, draw, skin, mouth=False)
    _beard(solid, white, length=draw.between(0.22, 0.34))
    solid.ellipsoid((0.0, 0.36, -0.1), (0.24, 0.24, 0.16), white)
    solid.cylinder((0.0, 0.58, 0.0), 0.03, 0.4, main, rounding=0.02)
    solid.cylinder((0.0, 0.86, -0.02), 0.3, 0.245, robe, above=0.02, turn=(-6.0, 0.0, 0.0))
    x, y, z = hands.right
    solid.capsule((x, -0.68, z), (x, y + 0.5, z), 0.036, draw.rgb(0.42, 0.26, 0.13))
    solid.ellipsoid((x, y + 0.57, z), 0.095, draw.paint("light blue", "yellow", "red", gloss=0.8))


@SHELF.thing("king", colour="red", recolour=0.4, directional=True, weight=1.1)
def _king(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, gold = _skin(draw), _hair(draw), draw.paint("golden", gloss=0.7)
    fur = draw.paint("white").patterned(Pattern.DOTS, 8.0, draw.rgb(0.1, 0.1, 0.1))
    _gown(solid, main)
    solid.torus((0.0, -0.66, 0.0), 0.34, 0.075, fur)
    solid.box((0.0, -0.26, 0.22), (0.06, 0.4, 0.1), fur, turn=(14.0, 0.0, 0.0), rounding=0.03)
    solid.torus((0.0, 0.16, 0.0), 0.2, 0.085, fur)
    hands = _arms(solid, draw, main, skin, holds=True, waves=0.0)
    _head(solid, draw, skin, mouth=False)
    _back_hair(solid, hair)
    _beard(solid, hair, length=0.15)
    solid.cup((0.0, 0.66, 0.0), 0.08, 0.215, gold, wall=0.04, floor=0.0)
    for k in range(5):
        a = np.deg2rad(72.0 * k)
        place = (0.195 * np.sin(a), 0.79, 0.195 * np.cos(a))
        solid.cylinder(place, 0.08, 0.06, gold, above=0.008, rounding=0.0)
    solid.ellipsoid((0.0, 0.665, 0.21), 0.05, draw.paint("red", "blue", "green", gloss=0.8))
    x, y, z = hands.right
    solid.capsule((x, y - 0.22, z), (x, y + 0.28, z), 0.034, gold)
    solid.ellipsoid((x, y + 0.34, z), 0.08, gold)


@SHELF.thing("princess", "queen", colour="pink", recolour=0.7, directional=True)
def _princess(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, gold = _skin(draw), _hair(draw), draw.paint("golden", gloss=0.7)
    solid.dome((0.0, -0.68, 0.0), draw.between(0.42, 0.48), main, squash=1.25)
    solid.torus((0.0, -0.64, 0.0), 0.42, 0.06, main.pale(0.5))
    solid.box((0.0, 0.02, 0.0), (0.17, 0.18, 0.13), main, rounding=0.1)
    solid.torus((0.0, -0.14, 0.0), 0.16, 0.04, main.pale(0.5))
    _arms(solid, draw, skin, skin, waves=0.3)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.21, 0.14, 0.0), (0.11, 0.1, 0.11), main.pale(0.5))
        solid.ellipsoid((side * 0.21, 0.24, -0.08), (0.09, 0.32, 0.12), hair)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    solid.ellipsoid((0.0, 0.18, -0.17), (0.22, 0.36, 0.1), hair)
    solid.torus((0.0, 0.66, 0.0), 0.17, 0.034, gold)
    for x, z in ((0.0, 0.17), (0.1, 0.14), (-0.1, 0.14), (0.15, 0.05), (-0.15, 0.05)):
        solid.cylinder((x, 0.75, z), 0.09, 0.05, gold, above=0.008, rounding=0.0)


@SHELF.thing("pirate", colour="black", recolour=0.0, directional=True, phrases=("a pirate with an eye patch",))
def _pirate(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, black = _skin(draw), _hair(draw), draw.rgb(0.08, 0.07, 0.08)
    white, gold = draw.paint("white"), draw.paint("golden", gloss=0.6)
    coat, striped = draw.paint("red", "blue", "brown"), white.patterned(Pattern.BANDS, 8.0, draw.paint("red", "blue"))
    _trunk(solid, striped, draw.paint("brown", "black", "gray"), black)
    for side in (-1, 1):
        solid.box((side * 0.17, -0.1, 0.02), (0.085, 0.3, 0.165), coat, rounding=0.06)
    solid.box((0.0, -0.1, -0.1), (0.22, 0.3, 0.08), coat, rounding=0.06)
    hands = _arms(solid, draw, coat, skin, holds=True, waves=0.0)
    _belt(solid, black, gold, wide=0.265)
    ball(solid, HEAD.centre, HEAD.radii, skin)
    x, y, z = HEAD.at(-23.0, 10.0, 1.0)
    solid.ellipsoid((x, y, z), (0.085, 0.08, 0.035), black)
    solid.torus((0.0, 0.48, 0.0), 0.225, 0.026, black, turn=(0.0, 0.0, 12.0))
    ex, ey, ez = HEAD.at(23.0, 8.0, 0.97)
    solid.ellipsoid((ex, ey, ez), 0.07, white)
    solid.ellipsoid((ex, ey, ez + 0.042), 0.045, ink(draw))
    solid.ellipsoid((0.0, 0.385, 0.235), (0.045, 0.045, 0.05), skin.shaded(0.9))
    solid.ellipsoid((0.0, 0.24, 0.12), (0.19, 0.12, 0.12), hair)
    solid.ellipsoid((0.0, 0.4, -0.1), (0.24, 0.25, 0.15), hair)
    solid.ellipsoid((0.0, 0.63, -0.02), (0.24, 0.15, 0.22), black)
    solid.ellipsoid((0.0, 0.68, 0.14), (0.36, 0.17, 0.05), black, turn=(-14.0, 0.0, 0.0))
    solid.ellipsoid((0.0, 0.7, 0.19), (0.075, 0.075, 0.03), white)
    hx, hy, hz = hands.right
    solid.capsule(
        (hx, hy + 0.04, hz), (hx + 0.1, hy + 0.42, hz + 0.02), 0.04, draw.paint("silver", gloss=0.8), end_radius=0.03
    )
    solid.torus((hx, hy + 0.06, hz), 0.07, 0.03, gold)


@SHELF.thing("chef", "cook", colour="white", recolour=0.0, directional=True, weight=0.9)
def _chef(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, white = _skin(draw), _hair(draw), draw.paint("white")
    black = draw.rgb(0.08, 0.08, 0.09)
    _trunk(solid, white, draw.paint("black", "gray", "blue"), black, wide=draw.between(0.22, 0.28))
    solid.box((0.0, -0.3, 0.13), (0.17, 0.2, 0.04), white, rounding=0.03)
    hands = _arms(solid, draw, white, skin, holds=True)
    for k in range(2):
        for side in (-1, 1):
            solid.ellipsoid((side * 0.075, 0.08 - 0.12 * k, 0.148), 0.032, black)
    solid.torus((0.0, 0.2, 0.0), 0.14, 0.055, draw.paint("red", "blue"))
    _head(solid, draw, skin, mouth=False)
    _back_hair(solid, hair)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.065, 0.32, 0.225), (0.085, 0.036, 0.045), hair, turn=(0.0, 0.0, side * 14.0))
    solid.cylinder((0.0, 0.68, 0.0), 0.11, 0.22, white, above=0.23, rounding=0.02)
    for k in range(5):
        a = np.deg2rad(72.0 * k)
        solid.ellipsoid((0.16 * np.sin(a), 0.86, 0.16 * np.cos(a)), 0.15, white)
    x, y, z = hands.right
    solid.capsule((x, y - 0.06, z), (x, y + 0.28, z), 0.034, draw.rgb(0.55, 0.36, 0.18))
    solid.ellipsoid((x, y + 0.33, z), (0.075, 0.1, 0.04), draw.rgb(0.55, 0.36, 0.18))


@SHELF.thing("cowboy", colour="brown", second="red", part="a shirt", recolour=0.0, directional=True, weight=0.9)
def _cowboy(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, leather = _skin(draw), _hair(draw), draw.rgb(0.45, 0.27, 0.13)
    gold = draw.paint("golden", gloss=0.6)
    _trunk(solid, second, draw.paint("blue"), leather)
    for side in (-1, 1):
        solid.box((side * 0.155, -0.02, 0.01), (0.085, 0.2, 0.158), leather, rounding=0.05)
        solid.cylinder((side * 0.125, -0.56, 0.0), 0.1, 0.105, leather)
    solid.box((0.0, -0.02, -0.1), (0.2, 0.2, 0.065), leather, rounding=0.05)
    _belt(solid, draw.rgb(0.2, 0.12, 0.07), gold)
    _arms(solid, draw, second, skin, waves=0.35)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    solid.torus((0.0, 0.19, 0.02), 0.13, 0.06, draw.paint("red", "blue", "yellow"))
    solid.star((-0.14, 0.07, 0.17), 0.075, gold, half_depth=0.025)
    hat = leather.where(draw.chance(0.7), draw.paint("black", "white", "cream"))
    solid.ellipsoid((0.0, 0.6, 0.0), (0.42, 0.045, 0.36), hat)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.36, 0.65, 0.0), (0.1, 0.05, 0.26), hat, turn=(0.0, 0.0, side * 40.0))
    solid.cylinder((0.0, 0.72, 0.0), 0.14, 0.235, hat, above=0.19, rounding=0.05)
    solid.cylinder((0.0, 0.645, 0.0), 0.034, 0.24, hat.shaded(0.45))


@SHELF.thing("clown", colour="yellow", recolour=0.0, directional=True, weight=0.9)
def _clown(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    face, red = draw.rgb(0.97, 0.92, 0.88), draw.paint("red")
    suit = draw.paint("yellow", "blue", "green", "purple").patterned(
        Pattern.DOTS, 5.0, draw.paint("red", "white", "orange")
    )
    wig = draw.paint("orange", "red", "blue", "green", "purple")
    solid.ellipsoid((0.0, -0.12, 0.0), (0.28, 0.32, 0.24), suit)
    for side in (-1, 1):
        solid.capsule((side * 0.13, -0.32, 0.0), (side * 0.15, -0.56, 0.0), 0.13, suit, end_radius=0.11)
        solid.ellipsoid((side * 0.18, -0.66, 0.12), (0.12, 0.08, 0.26), red)
        solid.ellipsoid((side * 0.29, 0.47, -0.03), (0.17, 0.19, 0.17), wig)
    solid.ellipsoid((0.0, 0.45, -0.14), (0.24, 0.2, 0.16), wig)
    _arms(solid, draw, suit, draw.paint("white"), waves=0.5)
    solid.cylinder((0.0, 0.17, 0.0), 0.035, 0.3, draw.paint("white"), rounding=0.03)
    ball(solid, HEAD.centre, HEAD.radii, face)
    eyes(solid, draw, HEAD, face, around=24.0, above=14.0, size=0.05, wide=1.0)
    solid.ellipsoid((0.0, 0.4, 0.26), 0.085, red.glossy())
    solid.capsule((-0.09, 0.29, 0.19), (0.09, 0.29, 0.19), 0.04, red)
    hat = draw.chance(0.5)
    solid.cylinder(
        (0.04, 0.78, 0.0),
        0.16,
        0.13,
        draw.paint("blue", "green", "purple"),
        above=0.01,
        turn=(0.0, 0.0, -8.0),
        when=hat,
    )
    solid.ellipsoid((0.06, 0.95, 0.0), 0.06, draw.paint("yellow", "white"), when=hat)
    for k in range(2):
        solid.ellipsoid((0.0, 0.03 - 0.16 * k, 0.225), 0.065, red)


@SHELF.thing("santa claus", "santa", "father christmas", colour="red", recolour=0.15, directional=True, weight=1.2)
def _santa(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, white, black = draw.rgb(0.96, 0.78, 0.66), draw.paint("white"), draw.rgb(0.07, 0.07, 0.08)
    girth = draw.between(0.3, 0.35)
    solid.ellipsoid((0.0, -0.12, 0.0), (girth, 0.34, 0.28), main)
    solid.torus((0.0, -0.38, 0.0), girth * 0.68, 0.07, white)
    for side in (-1, 1):
        solid.capsule((side * 0.13, -0.36, 0.0), (side * 0.14, -0.54, 0.0), 0.12, main)
        solid.ellipsoid((side * 0.14, -0.64, 0.06), (0.12, 0.09, 0.18), black)
    _arms(solid, draw, main, black, waves=0.3)
    solid.cylinder((0.0, -0.14, 0.0), 0.05, girth + 0.005, black)
    solid.box((0.0, -0.14, 0.285), (0.075, 0.065, 0.03), draw.paint("golden"))
    _head(solid, draw, skin, mouth=False)
    solid.ellipsoid((0.0, 0.38, 0.265), 0.052, draw.rgb(0.92, 0.5, 0.45))
    _beard(solid, white, length=draw.between(0.17, 0.24))
    solid.ellipsoid((0.0, 0.38, -0.08), (0.25, 0.2, 0.17), white)
    solid.torus((0.0, 0.59, 0.0), 0.19, 0.065, white)
    lean = draw.pick(-1.0, 1.0)
    solid.capsule((0.0, 0.6, 0.0), (0.05 * lean, 0.78, -0.03), 0.2, main, end_radius=0.11)
    solid.capsule((0.05 * lean, 0.78, -0.03), (0.24 * lean, 0.84, -0.06), 0.11, main, end_radius=0.05)
    solid.ellipsoid((0.28 * lean, 0.82, -0.06), 0.085, white)
    sack = draw.chance(0.45)
    brown = draw.rgb(0.5, 0.33, 0.18)
    solid.ellipsoid((0.16, -0.05, -0.36), (0.26, 0.32, 0.2), brown, when=sack)
    solid.capsule((0.16, 0.22, -0.34), (0.2, 0.33, -0.32), 0.07, brown, end_radius=0.1, when=sack)


@SHELF.thing("ninja", colour="black", second="red", part="a belt", recolour=0.6, directional=True)
def _ninja(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, steel = _skin(draw), draw.paint("silver", gloss=0.8)
    _trunk(solid, main, main, main.shaded(0.6))
    _arms(solid, draw, main, skin, waves=0.4)
    ball(solid, HEAD.centre, (0.255, 0.265, 0.245), main)
    solid.box((0.0, 0.455, 0.13), (0.19, 0.075, 0.118), skin, rounding=0.06)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.09, 0.455, 0.235), (0.062, 0.058, 0.03), draw.paint("white"))
        solid.ellipsoid((side * 0.085, 0.455, 0.26), 0.036, ink(draw))
    solid.torus((0.0, 0.56, 0.0), 0.225, 0.042, second)
    for side in (-1, 1):
        solid.capsule((0.03, 0.55, -0.25), (0.03 + side * 0.1, 0.38, -0.38), 0.042, second)
    _belt(solid, second, second.shaded(0.7))
    solid.capsule(
        (-0.2, -0.2, -0.2), (0.22, 0.42, -0.24), 0.045, steel.where(draw.chance(0.3), draw.rgb(0.25, 0.12, 0.1))
    )
    solid.capsule((0.25, 0.46, -0.24), (0.36, 0.63, -0.25), 0.042, draw.paint("golden", "red"))
    solid.ellipsoid((0.24, 0.44, -0.24), (0.09, 0.09, 0.04), draw.paint("golden"))
    wears(solid, HEAD, height=1.0)


@SHELF.thing("witch", colour="black", recolour=0.5, directional=True)
def _witch(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = draw.rgb(0.52, 0.75, 0.35).where(draw.chance(0.6), _skin(draw))
    hair, band = draw.paint("orange", "gray", "purple", "black"), draw.paint("orange", "purple", "green")
    _gown(solid, main, wide=draw.between(0.34, 0.4))
    hands = _arms(solid, draw, main, skin, holds=True, waves=0.0)
    _head(solid, draw, skin)
    solid.cylinder((0.0, 0.375, 0.3), 0.09, 0.055, skin.shaded(0.9), above=0.015, turn=(105.0, 0.0, 0.0))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.22, 0.28, -0.05), (0.085, 0.26, 0.12), hair, turn=(0.0, 0.0, side * 10.0))
    solid.ellipsoid((0.0, 0.28, -0.15), (0.22, 0.3, 0.1), hair)
    solid.cylinder((0.0, 0.6, 0.0), 0.03, 0.44, main, rounding=0.02)
    solid.cylinder((0.0, 0.76, 0.0), 0.17, 0.235, main, above=0.13)
    solid.cylinder((0.0, 0.66, 0.0), 0.045, 0.24, band, above=0.215)
    bend = draw.pick(-1.0, 1.0)
    solid.capsule((0.0, 0.9, 0.0), (0.15 * bend, 1.06, -0.02), 0.125, main, end_radius=0.02)
    solid.torus((0.0, -0.08, 0.0), 0.21, 0.045, band)
    x, y, z = hands.right
    straw = draw.rgb(0.85, 0.66, 0.28)
    solid.capsule((x, y + 0.3, z), (x, -0.42, z), 0.034, draw.rgb(0.42, 0.26, 0.13))
    solid.cylinder((x, -0.52, z), 0.15, 0.13, straw.patterned(Pattern.SECTORS, 12.0), above=0.05)


@SHELF.thing("superhero", colour="blue", second="red", part="a cape", directional=True, weight=1.1)
def _superhero(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, gold = _skin(draw), _hair(draw), draw.paint("yellow")
    _trunk(solid, main, main, second, wide=0.25)
    solid.box((0.0, -0.27, 0.0), (0.225, 0.09, 0.155), second, rounding=0.06)
    _belt(solid, gold, gold.shaded(0.8), y=-0.19, wide=0.235)
    for side in (-1, 1):
        raised = side == 1
        place = (side * 0.36, 0.5, 0.06) if raised else (side * 0.36, -0.18, 0.12)
        solid.capsule((side * 0.22, 0.12, 0.0), place, 0.095, main, end_radius=0.08)
        solid.ellipsoid(place, 0.095, second)
        solid.cylinder((side * 0.125, -0.56, 0.0), 0.1, 0.112, second)
        solid.ellipsoid((side * 0.12, 0.14, -0.13), (0.1, 0.08, 0.07), second)
    solid.ellipsoid((0.0, 0.05, 0.145), (0.12, 0.1, 0.03), gold)
    solid.star((0.0, 0.05, 0.17), 0.085, second, half_depth=0.02)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    mask = draw.chance(0.5)
    for side in (-1, 1):
        x, y, z = HEAD.at(side * 23.0, 8.0, 0.93)
        solid.ellipsoid((x, y, z), (0.115, 0.08, 0.06), second, when=mask)
    lean, flare = draw.between(12.0, 20.0), draw.between(0.38, 0.48)
    foot = -0.09 - 1.15 * np.sin(np.deg2rad(lean))
    solid.prism((0.0, -0.58, foot), flare, 1.15, 0.04, second, turn=(lean, 0.0, 0.0), rounding=0.02)
    wears(solid, HEAD)


@SHELF.thing("angel", colour="white", recolour=0.3, directional=True, weight=0.9)
def _angel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair, gold = _skin(draw), _hair(draw), draw.paint("golden", gloss=0.7)
    _gown(solid, main)
    _arms(solid, draw, main, skin, waves=0.2)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    solid.torus((0.0, 0.8, -0.02), 0.2, 0.042, gold, turn=(8.0, 0.0, 0.0))
    spread, white = draw.between(20.0, 35.0), draw.paint("white")
    for side in (-1, 1):
        solid.ellipsoid((side * 0.22, 0.3, -0.12), (0.08, 0.2, 0.12), hair)
        solid.ellipsoid((side * 0.42, 0.14, -0.22), (0.32, 0.15, 0.045), white, turn=(0.0, side * 12.0, side * spread))
        solid.ellipsoid(
            (side * 0.36, -0.02, -0.22), (0.24, 0.13, 0.045), white, turn=(0.0, side * 12.0, side * (spread - 22.0))
        )
        solid.ellipsoid(
            (side * 0.28, -0.16, -0.22), (0.16, 0.11, 0.045), white, turn=(0.0, side * 12.0, side * (spread - 45.0))
        )
    solid.torus((0.0, -0.08, 0.0), 0.2, 0.036, gold)


@SHELF.thing(
    "gnome", "garden gnome", colour="blue", second="red", part="a hat", recolour=0.5, directional=True, weight=1.1
)
def _gnome(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, white, black = draw.rgb(0.96, 0.78, 0.64), draw.paint("white"), draw.rgb(0.1, 0.08, 0.07)
    girth = draw.between(0.28, 0.33)
    solid.ellipsoid((0.0, -0.3, 0.0), (girth, 0.3, 0.26), main)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.14, -0.6, 0.08), (0.13, 0.09, 0.2), black)
        solid.capsule((side * 0.24, -0.16, 0.04), (side * 0.26, -0.34, 0.22), 0.09, main)
        solid.ellipsoid((side * 0.24, -0.36, 0.26), 0.085, skin)
    solid.cylinder((0.0, -0.36, 0.0), 0.04, girth * 0.99, black)
    solid.box((0.0, -0.36, 0.25), (0.06, 0.055, 0.03), draw.paint("golden"))
    head = ball(solid, (0.0, 0.08, 0.02), (0.23, 0.22, 0.22), skin)
    eyes(solid, draw, head, skin, around=25.0, above=12.0, size=0.045)
    solid.ellipsoid((0.0, 0.05, 0.27), 0.085, skin.shaded(0.92))
    solid.ellipsoid((0.0, -0.14, 0.18), (0.2, draw.between(0.22, 0.28), 0.11), white)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.09, -0.02, 0.24), (0.1, 0.05, 0.05), white, turn=(0.0, 0.0, -side * 15.0))
        solid.ellipsoid((side * 0.22, 0.02, 0.02), (0.05, 0.14, 0.1), white)
    tall = draw.between(0.28, 0.38)
    solid.cylinder((0.0, 0.18 + tall, -0.03), tall, 0.255, second, above=0.015, turn=(-7.0, 0.0, 0.0))


@SHELF.thing("scarecrow", colour="brown", recolour=0.0, directional=True, weight=0.8)
def _scarecrow(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    straw, sack = draw.rgb(0.9, 0.72, 0.3), draw.rgb(0.85, 0.7, 0.46)
    pole, hat = draw.rgb(0.45, 0.29, 0.15), draw.paint("brown", "black", "gray")
    shirt = draw.paint("red", "blue", "green").patterned(Pattern.CHECKS, 6.0, draw.paint("white", "yellow", "black"))
    solid.capsule((0.0, -0.9, -0.02), (0.0, 0.2, -0.02), 0.05, pole)
    solid.capsule((-0.66, 0.12, -0.02), (0.66, 0.12, -0.02), 0.036, pole)
    solid.box((0.0, -0.06, 0.0), (0.21, 0.25, 0.14), shirt, rounding=0.08)
    solid.box((0.0, -0.4, 0.0), (0.19, 0.15, 0.13), draw.paint("blue", "brown"), rounding=0.04)
    for side in (-1, 1):
        solid.capsule((side * 0.18, 0.12, 0.0), (side * 0.48, 0.1, 0.0), 0.1, shirt)
        solid.cylinder(
            (side * 0.6, 0.11, 0.0),
            0.09,
            0.1,
            straw.patterned(Pattern.SECTORS, 10.0),
            above=0.05,
            turn=(0.0, 0.0, side * 90.0),
        )
        solid.cylinder((side * 0.1, -0.6, 0.0), 0.09, 0.085, straw, above=0.06)
        solid.ellipsoid((side * 0.1, 0.47, 0.2), 0.055, ink(draw))
        solid.capsule((side * 0.22, 0.52, 0.0), (side * 0.3, 0.36, 0.02), 0.06, straw, end_radius=0.03)
    solid.ellipsoid((0.0, 0.42, 0.0), (0.23, 0.24, 0.22), sack)
    solid.prism((0.0, 0.37, 0.22), 0.05, 0.075, 0.03, draw.paint("orange", "red"))
    solid.capsule((-0.1, 0.3, 0.185), (0.1, 0.3, 0.185), 0.026, draw.rgb(0.2, 0.1, 0.07))
    for x in (-0.06, 0.06):
        solid.capsule((x, 0.27, 0.18), (x, 0.33, 0.2), 0.024, draw.rgb(0.2, 0.1, 0.07))
    solid.torus((0.0, 0.2, 0.0), 0.13, 0.05, straw)
    solid.cylinder((0.0, 0.58, 0.0), 0.03, 0.4, hat)
    solid.cylinder((0.0, 0.72, 0.0), 0.16, 0.23, hat, above=0.12, rounding=0.05)
    solid.cylinder((0.0, 0.63, 0.0), 0.034, 0.24, draw.paint("red", "yellow"))


# ---- creatures -------------------------------------------------------------------------------------------------------


@SHELF.thing("ghost", colour="white", recolour=0.5, directional=True, weight=1.1)
def _ghost(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, size = draw.rgb(0.05, 0.05, 0.07), draw.between(0.35, 0.4)
    solid.ellipsoid((0.0, 0.16, 0.0), size, main)
    solid.cylinder((0.0, -0.15, 0.0), 0.33, size * 1.08, main, above=size, rounding=0.03)
    for k in range(8):
        a = np.deg2rad(45.0 * k)
        solid.ellipsoid((0.33 * np.sin(a), -0.47, 0.33 * np.cos(a)), 0.13, main)
    head = Ball((0.0, 0.16, 0.0), (size, size, size))
    bright = main.colour.mean(-1) < 0.3
    holes = draw.paint("white").where(bright, black)
    for side in (-1, 1):
        solid.ellipsoid(head.at(side * 22.0, 14.0, 0.98), (0.075, 0.11, 0.05), holes)
        solid.ellipsoid((side * 0.43, draw.between(-0.1, 0.12), 0.12), (0.14, 0.09, 0.1), main)
    solid.ellipsoid(head.at(0.0, -20.0, 0.99), (0.07, 0.085, 0.045), holes)
    wears(solid, head)


@SHELF.thing("alien", "green alien", colour="green", recolour=0.6, directional=True, weight=1.2)
def _alien(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black = ink(draw)
    solid.ellipsoid((0.0, -0.26, 0.0), (0.18, 0.24, 0.15), main)
    solid.capsule((0.0, -0.1, 0.0), (0.0, 0.1, 0.0), 0.075, main)
    wide = draw.between(0.3, 0.36)
    head = ball(solid, (0.0, 0.42, 0.0), (wide, 0.28, 0.28), main)
    solid.ellipsoid((0.0, 0.22, 0.05), (wide * 0.55, 0.15, 0.18), main, blend=0.08)
    three, tips = draw.chance(0.25), draw.paint("yellow", "red", "green")
    for side in (-1, 1):
        x, y, z = head.at(side * 27.0, -4.0, 0.95)
        solid.ellipsoid((x, y, z), (0.12, 0.165, 0.07), black, turn=(0.0, side * 20.0, side * 28.0))
        solid.ellipsoid((x + 0.03, y + 0.06, z + 0.06), 0.034, draw.paint("white"))
        solid.capsule((side * 0.12, 0.64, 0.0), (side * 0.22, 0.84, 0.0), 0.034, main)
        solid.ellipsoid((side * 0.23, 0.87, 0.0), 0.075, tips)
        hand = (side * 0.4, draw.between(-0.4, -0.1), 0.1)
        solid.capsule((side * 0.16, -0.12, 0.0), hand, 0.055, main)
        solid.ellipsoid(hand, 0.08, main)
        solid.capsule((side * 0.09, -0.42, 0.0), (side * 0.12, -0.64, 0.0), 0.065, main)
        solid.ellipsoid((side * 0.13, -0.69, 0.06), (0.095, 0.05, 0.15), main)
    x, y, z = head.at(0.0, 32.0, 0.97)
    solid.ellipsoid((x, y, z), 0.08, draw.paint("white"), when=three)
    solid.ellipsoid((x, y, z + 0.05), 0.048, black, when=three)
    solid.capsule((-0.06, 0.2, 0.235), (0.06, 0.2, 0.235), 0.024, main.shaded(0.4))
    wears(solid, head, size=0.6)


@SHELF.thing("mermaid", colour="skin", second="teal", part="a tail", recolour=0.0, directional=True)
def _mermaid(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin, hair = _skin(draw), draw.paint("red", "orange", "brown", "yellow", "purple")
    scales = second.patterned(Pattern.CHECKS, 8.0, second.shaded(0.75))
    shells = draw.paint("purple", "pink", "red")
    solid.box((0.0, 0.02, 0.0), (0.17, 0.2, 0.12), skin, rounding=0.09)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.085, 0.06, 0.1), (0.085, 0.075, 0.06), shells)
    bend = draw.between(0.05, 0.2)
    solid.capsule((0.0, -0.16, 0.0), (0.0, -0.45, bend), 0.19, scales, end_radius=0.14)
    solid.capsule((0.0, -0.45, bend), (0.0, -0.74, 0.0), 0.14, scales, end_radius=0.07)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.17, -0.86, -0.03), (0.21, 0.1, 0.045), second, turn=(0.0, 0.0, -side * 30.0))
        solid.ellipsoid((side * 0.21, 0.2, -0.1), (0.1, 0.36, 0.12), hair, turn=(0.0, 0.0, side * 6.0))
    _arms(solid, draw, skin, skin, waves=0.4)
    _head(solid, draw, skin)
    _back_hair(solid, hair)
    solid.ellipsoid((0.0, 0.15, -0.17), (0.23, 0.4, 0.1), hair)
    solid.star(
        (0.16, 0.6, 0.12), 0.09, draw.paint("orange", "yellow", "pink"), half_depth=0.03, turn=(-30.0, 25.0, 0.0)
    )


@SHELF.thing("marble bust", "bust", "statue of a head", colour="stone", recolour=0.3, directional=True, weight=0.8)
def _bust(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, pedestal = main.shaded(0.55), main.shaded(0.85)
    solid.cylinder((0.0, -0.62, 0.0), 0.06, 0.26, pedestal, rounding=0.02)
    solid.cylinder((0.0, -0.48, 0.0), 0.1, 0.16, pedestal)
    solid.ellipsoid((0.0, -0.24, 0.0), (0.42, 0.24, 0.2), main)
    solid.cylinder((0.0, 0.0, 0.0), 0.16, 0.14, main, above=0.12)
    head = ball(solid, (0.0, 0.36, 0.02), (0.24, 0.3, 0.25), main)
    solid.capsule((0.0, 0.42, 0.25), (0.0, 0.31, 0.31), 0.04, main, end_radius=0.055)
    for side in (-1, 1):
        x, y, z = head.at(side * 23.0, 9.0, 0.96)
        solid.ellipsoid((x, y, z), (0.07, 0.045, 0.04), dark)
        solid.ellipsoid((x, y + 0.075, z + 0.005), (0.09, 0.03, 0.04), main)
        solid.ellipsoid((side * 0.245, 0.34, 0.0), (0.04, 0.075, 0.055), main)
    solid.capsule((-0.06, 0.21, 0.235), (0.06, 0.21, 0.235), 0.03, dark)
    beard = draw.chance(0.5)
    solid.ellipsoid((0.0, 0.13, 0.16), (0.17, 0.15, 0.12), main.shaded(0.9), when=beard)
    curls = main.shaded(0.82)
    solid.ellipsoid((0.0, 0.47, -0.07), (0.265, 0.24, 0.235), curls)
    for around in (-65.0, -22.0, 22.0, 65.0):
        solid.ellipsoid(head.at(around, 50.0, 1.0), 0.095, curls)
    wears(solid, head, height=1.0)
