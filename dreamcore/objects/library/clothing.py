"""Clothes, shoes, hats and what is worn with them."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.library.shapes import circle
from dreamcore.objects.solid import Draw, Paint, Pattern, Solid
from dreamcore.objects.thing import Shelf

SHELF = Shelf("clothing")

TO_X, TO_Z = (0, 0, -90), (90, 0, 0)  # turns that lay a part's y axis along x, along z


def _contrast(draw: Draw, paint: Paint) -> Paint:
    """Dark on light paints, white on dark ones."""
    return draw.paint("black", "brown").where(paint.colour.sum(-1) > 1.3, draw.paint("white", "cream"))


# ---- hats ------------------------------------------------------------------------------------------------------------


@SHELF.thing("crown", colour="golden", second="red", part="jewels", recolour=0.6)
def _crown(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, jewel = main.glossy(0.8), second.glossy(0.8)
    solid.cup((0, -0.12, 0), 0.2, 0.46, metal, wall=0.06, floor=-0.1)
    solid.torus((0, -0.3, 0), 0.44, 0.055, metal)
    solid.dome((0, -0.15, 0), 0.4, draw.paint("red", "purple", "blue"), squash=0.8, when=draw.chance(0.35))
    tall = draw.between(0.3, 0.42)
    for x, z, _ in circle(7, 0.43, 90):
        solid.capsule((x, 0, z), (1.06 * x, tall, 1.06 * z), 0.12, metal, end_radius=0.03)
        solid.ellipsoid((1.07 * x, tall + 0.04, 1.07 * z), 0.07, jewel)
    for x, z, _ in circle(7, 0.45, 90):
        solid.ellipsoid((x, -0.12, z), 0.075, jewel)


@SHELF.thing("top hat", colour="black", second="red", part="a band", weight=0.9)
def _top_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall = draw.between(0.28, 0.38)
    solid.cylinder((0, -0.3, 0), 0.035, 0.58, main, rounding=0.02)
    solid.cylinder((0, tall - 0.3, 0), tall, 0.34, main, above=0.38, rounding=0.03)
    solid.cylinder((0, -0.19, 0), 0.085, 0.357, second, above=0.362)


@SHELF.thing("party hat", colour="blue", second="yellow", part="dots", weight=0.8)
def _party_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    paper = main.patterned(Pattern.DOTS, draw.between(4.5, 6.0), second)
    solid.cylinder((0, 0, 0), 0.5, 0.38, paper, above=0.02)
    solid.ellipsoid((0, 0.53, 0), 0.13, second)
    solid.torus((0, -0.49, 0), 0.38, 0.04, second)


@SHELF.thing("cowboy hat", colour="brown", second="black", part="a band")
def _cowboy_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    curl = draw.between(20.0, 34.0)
    solid.ellipsoid((0, -0.26, 0), (0.5, 0.06, 0.5), main)
    for side in (-1, 1):
        solid.ellipsoid((0.5 * side, -0.17, 0), (0.24, 0.055, 0.42), main, turn=(0, 0, curl * side), blend=0.08)
    solid.cylinder((0, 0.0, 0), 0.28, 0.33, main, above=0.27, rounding=0.09)
    solid.capsule((0, 0.36, -0.3), (0, 0.3, 0.3), 0.12, main.shaded(0.8), cut=True)
    solid.cylinder((0, -0.16, 0), 0.06, 0.345, second, above=0.33)


@SHELF.thing("baseball cap", "cap", colour="red", second="white", part="a visor", directional=True)
def _baseball_cap(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.dome((0, -0.12, 0), 0.46, main, squash=0.95)
    solid.cylinder((0, -0.16, 0), 0.06, 0.46, main)
    solid.ellipsoid((0, -0.17, -0.46), (0.16, 0.14, 0.2), draw.paint("gray", "black"), cut=True)
    solid.cylinder((0, -0.18, 0.36), 0.04, 0.4, second, turn=(8, 0, 0), rounding=0.03)
    solid.box((0, -0.18, -0.24), (0.4, 0.06, 0.1), main, rounding=0)
    solid.ellipsoid((0, 0.33, 0), (0.07, 0.05, 0.07), second)
    solid.star((0, 0.08, 0.4), 0.15, second, half_depth=0.06, turn=(-20, 0, 0), when=draw.chance(0.5))


@SHELF.thing("woolly hat", "beanie", colour="blue", second="white", part="a pompom", weight=0.8)
def _woolly_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wool = main.patterned(Pattern.RIBS, 18.0)
    solid.dome((0, -0.15, 0), 0.44, wool, squash=draw.between(1.1, 1.3))
    solid.torus((0, -0.2, 0), 0.39, 0.115, wool.shaded(0.85))
    solid.ellipsoid((0, 0.44, 0), 0.18, second)


@SHELF.thing("witch hat", "wizard hat", colour="purple", second="yellow", part="a band", weight=0.9)
def _witch_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    sway = draw.between(0.1, 0.28)
    solid.cylinder((0, -0.42, 0), 0.035, 0.64, main, rounding=0.02)
    solid.capsule((0, -0.38, 0), (0, 0.2, 0), 0.32, main, end_radius=0.15)
    solid.box((0, -0.76, 0), (1.0, 0.3, 1.0), main.shaded(0.7), rounding=0, cut=True)
    solid.capsule((0, 0.2, 0), (sway, 0.6, 0), 0.15, main, end_radius=0.035)
    solid.cylinder((0, -0.29, 0), 0.09, 0.345, second, above=0.315)
    solid.box((0, -0.29, 0.33), (0.1, 0.09, 0.04), draw.paint("golden", "silver", gloss=0.6), rounding=0.02)


@SHELF.thing("santa hat", "christmas hat", colour="red", second="white", part="trim", recolour=0.2, weight=0.8)
def _santa_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.capsule((0, -0.22, 0), (0.08, 0.2, 0), 0.38, main, end_radius=0.24)
    solid.box((0, -0.6, 0), (1.0, 0.3, 1.0), main.shaded(0.7), rounding=0, cut=True)
    solid.capsule((0.08, 0.28, 0), (0.42, 0.3, 0), 0.2, main, end_radius=0.1, blend=0.05)
    solid.capsule((0.42, 0.3, 0), (0.58, 0.02, 0), 0.1, main, end_radius=0.05)
    solid.torus((0, -0.29, 0), 0.37, 0.125, second)
    solid.ellipsoid((0.6, -0.06, 0), 0.14, second)


@SHELF.thing("hard hat", "construction helmet", colour="yellow", directional=True, weight=0.8)
def _hard_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.6)
    solid.dome((0, -0.15, 0), 0.47, gloss, squash=0.95)
    solid.cylinder((0, -0.17, 0), 0.035, 0.53, gloss, rounding=0.02)
    solid.ellipsoid((0, -0.17, 0.38), (0.4, 0.04, 0.34), gloss)
    for x in (-0.17, 0.0, 0.17):
        high = 0.43 * np.sqrt(1.0 - (x / 0.47) ** 2)
        solid.arc((x, -0.15, 0), high, 0.055, 85, gloss.shaded(0.9), turn=(0, 90, 90))


@SHELF.thing("motorcycle helmet", "helmet", colour="red", second="white", part="a stripe", directional=True)
def _helmet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss = main.glossy(0.8)
    solid.ellipsoid((0, 0, 0), (0.46, 0.48, 0.52), gloss)
    solid.box((0, -0.28, 0.22), (0.28, 0.16, 0.32), gloss, rounding=0.12)
    solid.box((0, -0.75, 0), (1.0, 0.34, 1.0), draw.paint("black"), rounding=0, cut=True)
    solid.torus((0, 0, 0), 0.475, 0.05, second, turn=TO_X)
    solid.box((0, 0.02, 0.3), (0.41, 0.17, 0.4), draw.paint("black"), rounding=0.06, cut=True)
    solid.ellipsoid((0, 0, 0.01), (0.44, 0.44, 0.5), draw.paint("dark glass", gloss=0.9))
    solid.box((0, -0.68, 0), (1.0, 0.34, 1.0), draw.paint("black"), rounding=0, cut=True)
    for side in (-1, 1):
        solid.cylinder((0.45 * side, 0.03, 0.05), 0.03, 0.09, draw.paint("silver", "black", gloss=0.5), turn=TO_X)


# ---- shoes -----------------------------------------------------------------------------------------------------------


@SHELF.thing("boot", colour="brown", second="black", part="a sole", directional=True)
def _boot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tall, laced = draw.between(0.32, 0.44), draw.chance(0.5)
    solid.cylinder((0, tall - 0.3, -0.17), tall, 0.22, main, above=0.25, rounding=0.03)
    solid.capsule((0, -0.27, -0.14), (0, -0.3, 0.3), 0.22, main, end_radius=0.19, blend=0.08)
    solid.cylinder((0, 2 * tall - 0.28, -0.17), 0.12, 0.19, main.shaded(0.4), above=0.2, cut=True)
    solid.torus((0, 2 * tall - 0.31, -0.17), 0.22, 0.05, main.shaded(0.75))
    solid.box((0, -0.5, 0.08), (0.22, 0.06, 0.44), second, rounding=0.05)
    solid.box((0, -0.58, -0.22), (0.2, 0.08, 0.15), second, rounding=0.02)
    for index in range(3):
        y, z = -0.13 + 0.15 * index, 0.11 - 0.05 * index
        solid.capsule((-0.12, y, z), (0.12, y, z), 0.035, draw.paint("white", "cream"), when=laced)


@SHELF.thing("sneaker", "running shoe", colour="red", second="white", part="a sole", directional=True)
def _sneaker(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lace = _contrast(draw, main)
    solid.capsule((0, -0.12, -0.36), (0, -0.16, 0.36), 0.24, main, end_radius=0.21)
    solid.capsule((0, 0.12, -0.36), (0, -0.08, 0.26), 0.21, main, end_radius=0.18, blend=0.08)
    solid.box((0, -0.62, 0), (1.0, 0.36, 1.0), main, rounding=0, cut=True)
    solid.ellipsoid((0, 0.34, -0.33), (0.15, 0.34, 0.2), main.shaded(0.35), cut=True)
    solid.ellipsoid((0, -0.2, 0.48), (0.215, 0.17, 0.16), second)
    solid.box((0, -0.32, 0.03), (0.25, 0.08, 0.64), second, rounding=0.075)
    for index in range(3):
        y, z = 0.17 - 0.08 * index, 0.03 + 0.13 * index
        solid.capsule((-0.11, y, z), (0.11, y, z), 0.035, lace)
    for side in (-1, 1):
        solid.capsule((0.23 * side, -0.17, -0.25), (0.21 * side, 0.0, 0.02), 0.045, second)


@SHELF.thing("high heel shoe", "high heel", colour="red", directional=True, weight=0.8)
def _high_heel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss, heel = main.glossy(0.7), draw.between(0.0, 0.1)
    solid.ellipsoid((0, -0.34, 0.44), (0.2, 0.16, 0.3), gloss)
    solid.capsule((0, -0.32, 0.36), (0, heel, -0.36), 0.17, gloss, blend=0.06)
    solid.capsule((0, heel, -0.4), (0, heel + 0.16, -0.44), 0.18, gloss, end_radius=0.16, blend=0.05)
    lining = draw.paint("cream", "black")
    solid.capsule((0, heel + 0.26, -0.42), (0, -0.14, 0.24), 0.13, lining, end_radius=0.125, cut=True)
    solid.box((0, -0.7, 0.4), (0.5, 0.24, 0.7), gloss.shaded(0.6), rounding=0, cut=True)
    solid.capsule((0, heel - 0.02, -0.5), (0, -0.42, -0.53), 0.09, gloss, end_radius=0.05)


@SHELF.thing("sock", colour="blue", second="white", part="a toe")
def _sock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    knit, long = main.patterned(Pattern.BANDS, draw.between(2.5, 4.0)).where(draw.chance(0.4), main), 0.55
    solid.capsule((-0.2, long, 0), (-0.2, -0.3, 0), 0.2, knit, end_radius=0.18)
    solid.box((-0.2, long + 0.28, 0), (0.5, 0.22, 0.5), main.shaded(0.5), rounding=0, cut=True)
    solid.capsule((-0.18, -0.34, 0), (0.3, -0.46, 0), 0.19, knit, end_radius=0.17, blend=0.08)
    solid.capsule((0.31, -0.462, 0), (0.4, -0.48, 0), 0.18, second, end_radius=0.16)
    solid.ellipsoid((-0.24, -0.4, 0), (0.17, 0.16, 0.17), second)
    solid.torus((-0.2, long - 0.02, 0), 0.16, 0.075, second)


# ---- clothes ---------------------------------------------------------------------------------------------------------


@SHELF.thing("t-shirt", "shirt", colour="blue", second="white", part="a star", weight=1.1)
def _t_shirt(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    print_ = draw.chance(0.5)
    solid.box((0, -0.08, 0), (0.4, 0.52, 0.15), main, rounding=0.1)
    for side in (-1, 1):
        solid.box((0.46 * side, 0.22, 0), (0.23, 0.17, 0.135), main, turn=(0, 0, -38 * side), rounding=0.08)
    solid.ellipsoid((0, 0.5, 0.02), (0.19, 0.17, 0.3), main.shaded(0.6), cut=True)
    solid.star((0, 0.02, 0.15), 0.2, second, half_depth=0.03, when=print_)
    solid.box((0, -0.3, 0), (0.402, 0.06, 0.155), second, rounding=0.03, when=~print_)
    solid.box((0, 0.0, 0), (0.402, 0.06, 0.155), second, rounding=0.03, when=~print_)


@SHELF.thing("dress", "gown", colour="pink", second="white", part="a belt")
def _dress(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, sleeves = draw.between(0.42, 0.52), draw.chance(0.7)
    solid.cylinder((0, -0.3, 0), 0.42, wide, main, above=0.17, rounding=0.03)
    solid.cylinder((0, 0.3, 0), 0.22, 0.17, main, above=0.25, rounding=0.05)
    for side in (-1, 1):
        solid.ellipsoid((0.28 * side, 0.42, 0), (0.15, 0.13, 0.14), main, when=sleeves)
        solid.capsule((0.15 * side, 0.42, 0), (0.13 * side, 0.7, 0), 0.05, main)
    solid.ellipsoid((0, 0.56, 0.0), (0.12, 0.14, 0.4), main.shaded(0.6), cut=True)
    solid.cylinder((0, 0.11, 0), 0.06, 0.2, second, rounding=0.02)
    solid.torus((0, -0.68, 0), wide - 0.02, 0.05, second)
    for side in (-1, 1):
        solid.prism((0.19 * side, 0.11, 0.19), 0.1, 0.18, 0.035, second, turn=(0, 0, 90 * side))


@SHELF.thing("pair of trousers", "pair of pants", colour="blue", second="brown", part="a belt")
def _trousers(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    flare = draw.between(0.14, 0.19)
    solid.box((0, 0.5, 0), (0.35, 0.2, 0.18), main, rounding=0.08)
    for side in (-1, 1):
        solid.cylinder((0.2 * side, -0.08, 0), 0.6, flare, main, above=0.18, turn=(0, 0, 4 * side), rounding=0.02)
        solid.cylinder((0.24 * side, -0.66, 0), 0.06, flare + 0.02, main.shaded(0.75), rounding=0.02)
        solid.box((0.19 * side, 0.44, -0.18), (0.1, 0.1, 0.02), main.shaded(0.75), rounding=0)
    solid.box((0, 0.64, 0), (0.365, 0.065, 0.19), second, rounding=0.03)
    solid.box((0, 0.64, 0.19), (0.08, 0.07, 0.03), draw.paint("golden", "silver", gloss=0.6), rounding=0.02)


@SHELF.thing("mitten", colour="red", second="white", part="a cuff")
def _mitten(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, 0.16, 0), (0.32, 0.44, 0.15), main, rounding=0.145)
    solid.ellipsoid((0, 0.4, 0), (0.31, 0.28, 0.16), main)
    solid.capsule((-0.24, -0.06, 0), (-0.48, 0.22, 0), 0.145, main, end_radius=0.12, blend=0.04)
    solid.box((0, -0.36, 0), (0.3, 0.14, 0.18), second, rounding=0.08)
    solid.star((0.02, 0.24, 0.14), 0.18, second, half_depth=0.04, points=6, when=draw.chance(0.4))


@SHELF.thing("glove", colour="black", second="gray", part="a cuff", weight=0.8)
def _glove(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, -0.1, 0), (0.3, 0.28, 0.13), main, rounding=0.12)
    for x, tip in ((-0.225, 0.52), (-0.075, 0.64), (0.075, 0.6), (0.225, 0.46)):
        solid.capsule((x, 0.05, 0), (1.35 * x, tip, 0), 0.085, main, end_radius=0.075)
    solid.capsule((-0.22, -0.2, 0), (-0.52, 0.12, 0), 0.1, main, end_radius=0.085)
    solid.box((0, -0.46, 0), (0.27, 0.13, 0.16), second, rounding=0.06)


@SHELF.thing("necktie", "tie", colour="red", weight=0.7)
def _necktie(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.capsule((0, 0.5, 0), (0, -0.3, 0), 0.1, main, end_radius=0.25)
    solid.box((0, 0, 0), (1.0, 1.0, 0.06), main, rounding=0, clip=True)
    solid.prism((0, -0.4, 0), 0.235, 0.28, 0.06, main, turn=(0, 0, 180))
    solid.cylinder((0, 0.6, 0), 0.12, 0.1, main.shaded(0.85), above=0.19, rounding=0.03)
    solid.torus((0, 0.72, -0.2), 0.22, 0.06, main.shaded(0.85), turn=(14, 0, 0))


@SHELF.thing("bow tie", colour="red", second="white", part="a knot", weight=0.8)
def _bow_tie(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high = draw.between(0.34, 0.42)
    for side in (-1, 1):
        solid.cylinder((0.36 * side, 0, 0), 0.32, 0.1, main, above=high, turn=(0, 0, -90 * side), rounding=0.04)
    solid.box((0, 0, 0), (1.0, 1.0, 0.12), main, rounding=0, clip=True)
    solid.box((0, 0, 0), (0.13, 0.16, 0.18), second, rounding=0.06)


# ---- worn or carried -------------------------------------------------------------------------------------------------


@SHELF.thing("backpack", "school bag", colour="blue", second="brown", part="straps", directional=True)
def _backpack(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, 0, 0), (0.4, 0.5, 0.21), main, rounding=0.17)
    solid.box((0, -0.2, 0.22), (0.29, 0.21, 0.11), main.shaded(0.8), rounding=0.07)
    solid.box((0, 0.2, 0.2), (0.33, 0.035, 0.03), draw.paint("golden", "silver"), rounding=0)
    solid.box((0, -0.1, 0.32), (0.2, 0.028, 0.025), draw.paint("golden", "silver"), rounding=0)
    solid.arc((0, 0.47, 0), 0.12, 0.045, 90, second, turn=(0, 0, 90))
    for side in (-1, 1):
        solid.ellipsoid((0.41 * side, -0.26, 0), (0.09, 0.18, 0.15), main.shaded(0.8))
        solid.arc((0.2 * side, 0.0, -0.04), 0.34, 0.07, 80, second, turn=(0, 90, 0))


@SHELF.thing("handbag", "purse", colour="red", second="golden", part="a clasp")
def _handbag(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, bag = draw.between(0.46, 0.56), main.glossy(0.3)
    solid.box((0, -0.25, 0), (wide, 0.32, 0.2), bag, rounding=0.09)
    solid.prism((0, 0.08, 0.03), wide * 0.92, 0.34, 0.2, bag.shaded(0.82), turn=(0, 0, 180), rounding=0.01)
    solid.arc((0, 0.06, 0), 0.3, 0.055, 90, bag.shaded(0.7), turn=(0, 0, 90))
    solid.cylinder((0, -0.22, 0.23), 0.04, 0.085, second.glossy(0.7), turn=TO_Z)
    for side in (-1, 1):
        solid.torus((0.3 * side, 0.07, 0), 0.07, 0.035, second.glossy(0.7), turn=TO_Z)


@SHELF.thing("engagement ring", "finger ring", colour="golden", second="light blue", part="a gem", recolour=0.5)
def _engagement_ring(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, gem, wide = main.glossy(0.9), second.glossy(0.9), draw.between(0.24, 0.3)
    solid.torus((0, -0.2, 0), 0.42, draw.between(0.06, 0.08), metal, turn=TO_Z)
    solid.cylinder((0, 0.27, 0), 0.08, 0.1, metal, above=0.2)
    solid.cylinder((0, 0.4, 0), 0.12, 0.06, gem, above=wide, rounding=0)
    solid.cylinder((0, 0.57, 0), 0.05, wide, gem.pale(0.25), above=wide * 0.6, rounding=0)
    for x, z, _ in circle(4, wide - 0.03, 45):
        solid.capsule((0.4 * x, 0.26, 0.4 * z), (x, 0.52, z), 0.035, metal)


@SHELF.thing("pair of glasses", "pair of spectacles", colour="black", directional=True)
def _glasses(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ring, glass = draw.between(0.24, 0.28), draw.paint("light blue", gloss=0.9).pale(0.5)
    for side in (-1, 1):
        solid.cylinder((0.34 * side, 0, 0), 0.02, ring, glass, turn=TO_Z)
        solid.torus((0.34 * side, 0, 0), ring, 0.065, main.glossy(0.5), turn=TO_Z)
        solid.capsule((0.64 * side, 0.06, 0), (0.62 * side, 0.06, -0.75), 0.045, main)
        solid.capsule((0.62 * side, 0.06, -0.75), (0.6 * side, -0.12, -0.92), 0.05, main)
    solid.arc((0, 0.0, 0), 0.09, 0.05, 80, main, turn=(0, 0, 90))


@SHELF.thing("pair of sunglasses", "pair of dark glasses", colour="black", directional=True, weight=0.8)
def _sunglasses(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    frame, lens = main.glossy(0.6), draw.rgb(0.05, 0.05, 0.08, gloss=1.0)
    for side in (-1, 1):
        solid.ellipsoid((0.35 * side, -0.04, 0), (0.33, 0.27, 0.065), frame)
        solid.ellipsoid((0.35 * side, -0.05, 0.04), (0.27, 0.21, 0.06), lens)
        solid.capsule((0.64 * side, 0.1, 0), (0.62 * side, 0.1, -0.75), 0.055, frame)
        solid.capsule((0.62 * side, 0.1, -0.75), (0.6 * side, -0.08, -0.92), 0.055, frame)
    solid.box((0, 0.17, 0), (0.66, 0.075, 0.06), frame, rounding=0.04)


@SHELF.thing("wrist watch", "watch", colour="brown", second="golden", part="a case", directional=True)
def _wrist_watch(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    case, ink = second.glossy(0.7), draw.paint("black", "blue")
    solid.cup((0, 0, -0.42), 0.18, 0.54, main, wall=0.07, floor=-0.1, turn=TO_X)
    solid.cylinder((0, 0, 0.12), 0.08, 0.36, case, turn=TO_Z, rounding=0.03)
    solid.cylinder((0, 0, 0.19), 0.025, 0.3, draw.paint("white", "cream"), turn=TO_Z)
    solid.capsule((0, 0, 0.23), (0, 0.22, 0.23), 0.032, ink)
    solid.capsule((0, 0, 0.23), (0.14, -0.08, 0.23), 0.036, ink)
    for x, y, _ in circle(4, 0.24):
        solid.ellipsoid((x, y, 0.21), 0.036, ink)
    solid.cylinder((0.39, 0, 0.12), 0.05, 0.065, case, turn=TO_X)
    solid.box((0, 0, -0.96), (0.2, 0.13, 0.035), case, rounding=0.02)


@SHELF.thing("carnival mask", "masquerade mask", colour="purple", second="golden", part="feathers", directional=True)
def _carnival_mask(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gloss, inside = main.glossy(0.5), main.shaded(0.5)
    for side in (-1, 1):
        solid.ellipsoid((0.3 * side, 0, 0), (0.36, 0.27, 0.12), gloss, turn=(0, 8 * side, 16 * side), blend=0.05)
    solid.ellipsoid((0, -0.1, 0.06), (0.11, 0.2, 0.14), gloss, blend=0.06)
    for side in (-1, 1):
        solid.ellipsoid((0.29 * side, 0.02, 0), (0.17, 0.1, 0.6), inside, turn=(0, 0, 16 * side), cut=True)
    solid.box((0, 0, -0.35), (1.0, 1.0, 0.3), inside, rounding=0, cut=True)
    for x, lean in ((-0.16, 14), (0.0, 0), (0.16, -14)):
        solid.ellipsoid((1.5 * x, 0.42, 0.02), (0.085, 0.28, 0.05), second, turn=(0, 0, lean))
    solid.ellipsoid((0, 0.2, 0.1), (0.09, 0.09, 0.06), draw.paint("red", "green", "blue", gloss=0.8))
    for side in (-1, 1):
        solid.ellipsoid((0.6 * side, 0.16, 0.05), 0.06, second)
