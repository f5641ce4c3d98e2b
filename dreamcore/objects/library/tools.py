"""Tools, instruments, devices and what stands in a street."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.library.shapes import circle
from dreamcore.objects.solid import Draw, Paint, Pattern, Solid
from dreamcore.objects.thing import Shelf

SHELF = Shelf("tool")

TO_X, TO_Z = (0, 0, -90), (90, 0, 0)  # turns that lay a part's y axis along x, along z


def _screen(draw: Draw) -> Paint:
    """A lit screen."""
    sky = draw.rgb(0.45, 0.72, 0.95, gloss=0.5, jitter=0.08)
    return sky.patterned(Pattern.GRADIENT, 2.0, draw.paint("blue", "teal", "green", "purple", jitter=0.1))


def _letters_stop(solid: Solid, ink: Paint, depth: float) -> None:
    """The word STOP around the origin, 0.84 wide."""
    for x, y, half_x, half_y in (
        *((-0.33, y, 0.08, 0.028) for y in (-0.14, 0.0, 0.14)),
        (-0.385, 0.07, 0.025, 0.07),
        (-0.275, -0.07, 0.025, 0.07),
        (-0.11, 0.14, 0.09, 0.03),
        (-0.11, 0.0, 0.03, 0.16),
        *((0.11 + x, 0.0, 0.028, 0.16) for x in (-0.065, 0.065)),
        *((0.11, y, 0.07, 0.03) for y in (-0.14, 0.14)),
        (0.27, 0.0, 0.03, 0.165),
    ):
        solid.box((x, y, depth), (half_x, half_y, 0.02), ink, rounding=0)
    solid.torus((0.33, 0.075, depth), 0.06, 0.03, ink, turn=TO_Z)


# ---- hand tools ------------------------------------------------------------------------------------------------------


@SHELF.thing("hammer", second="wood", part="a handle", weight=1.2)
def _hammer(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, claw = main.glossy(0.5), draw.chance(0.75)
    solid.cylinder((0, -0.2, 0), draw.between(0.5, 0.6), 0.085, second, above=0.065, rounding=0.04)
    solid.cylinder((0.02, 0.42, 0), 0.2, 0.13, metal, turn=TO_X)
    solid.cylinder((0.27, 0.42, 0), 0.09, 0.18, metal, turn=TO_X, rounding=0.03)
    solid.cylinder((-0.27, 0.42, 0), 0.09, 0.18, metal, turn=TO_X, rounding=0.03, when=~claw)
    for side in (-1, 1):
        solid.prism((-0.12, 0.45, 0.085 * side), 0.11, 0.46, 0.045, metal, turn=(0, 0, 108), when=claw)


@SHELF.thing("axe", "hatchet", colour="silver", second="wood", part="a handle")
def _axe(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, double = main.glossy(0.6), draw.chance(0.25)
    for side in (1, -1):
        there = double if side < 0 else True
        solid.cylinder((0.2 * side, 0.4, 0), 0.05, 0.36, metal, turn=TO_Z, when=there)
        for up in (-1, 1):
            solid.cylinder((0.12 * side, 0.4 + 0.46 * up, 0), 0.2, 0.31, metal, turn=TO_Z, cut=True, when=there)
    solid.box((-0.6, 0.4, 0), (0.5, 0.6, 0.3), metal, cut=True, when=~double)
    solid.box((0, 0.4, 0), (0.13, 0.13, 0.1), metal)
    solid.cylinder((0, -0.08, 0), draw.between(0.68, 0.76), 0.08, second, above=0.065, rounding=0.03)


@SHELF.thing("sword", colour="silver", second="golden", part="a hilt")
def _sword(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    blade, hilt, wide = main.glossy(0.8), second.glossy(0.6), draw.between(0.11, 0.15)
    solid.box((0, 0.18, 0), (wide, 0.5, 0.04), blade, rounding=0.02)
    solid.prism((0, 0.66, 0), wide, 0.22, 0.035, blade)
    solid.box((0, 0.2, 0), (0.032, 0.46, 0.05), blade.shaded(0.8), rounding=0)
    solid.box((0, -0.37, 0), (draw.between(0.27, 0.36), 0.055, 0.07), hilt, rounding=0.03)
    solid.cylinder((0, -0.55, 0), 0.18, 0.06, draw.paint("brown", "black"))
    solid.ellipsoid((0, -0.76, 0), 0.1, hilt)


@SHELF.thing("shield", colour="blue", second="golden", part="a trim", directional=True)
def _shield(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    trim, heater, cross = second.glossy(0.5), draw.chance(0.5), draw.chance(0.5)
    solid.cylinder((0, 0, 0), 0.05, 0.58, trim, turn=TO_Z, rounding=0.03, when=~heater)
    solid.cylinder((0, 0, 0.04), 0.05, 0.48, main, turn=TO_Z, rounding=0.03, when=~heater)
    for half, drop, depth, paint in ((0.5, 0.62, 0.0, trim), (0.41, 0.51, 0.04, main)):
        solid.box((0, 0.28, depth), (half, half * 0.62, 0.05), paint, rounding=0, when=heater)
        solid.prism((0, 0.285 - 0.62 * half, depth), half, drop, 0.05, paint, turn=(0, 0, 180), when=heater)
    solid.box((0, 0.08, 0.08), (0.42, 0.065, 0.03), trim, rounding=0, when=cross)
    solid.box((0, 0.02, 0.08), (0.065, 0.42, 0.03), trim, rounding=0, when=cross)
    solid.ellipsoid((0, 0.08, 0.1), (0.16, 0.16, 0.09), trim)
    solid.arc((0, 0.05, -0.04), 0.16, 0.04, 90, draw.paint("brown"), turn=(0, 90, 0))


@SHELF.thing("saw", "hand saw", colour="silver", second="wood", part="a handle")
def _saw(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    blade = main.glossy(0.6)
    solid.box((-0.52, 0, 0), (0.2, 0.26, 0.07), second, rounding=0.06, turn=(0, 0, -12))
    solid.ellipsoid((-0.53, 0, 0), (0.08, 0.15, 0.3), second.shaded(0.6), cut=True, turn=(0, 0, -12))
    long = draw.between(0.48, 0.56)
    solid.box((long - 0.4, 0.02, 0), (long, 0.17, 0.032), blade, rounding=0)
    solid.box((0.2, 0.36, 0), (1.2, 0.2, 0.3), blade, cut=True, turn=(0, 0, -9))
    for index in range(8):
        x = long * (0.25 * index - 0.72) - 0.4 + long
        solid.prism((x, -0.14, 0), 0.075, 0.12, 0.032, blade, turn=(0, 0, 180))


@SHELF.thing("screwdriver", colour="red")
def _screwdriver(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal = draw.paint("silver", gloss=0.6)
    grip = main.glossy(0.4).patterned(Pattern.RIBS, 8.0)
    solid.cylinder((0, 0.4, 0), 0.3, 0.17, grip, rounding=0.08)
    solid.cylinder((0, 0.06, 0), 0.08, 0.12, grip, rounding=0.04)
    solid.cylinder((0, -0.35, 0), draw.between(0.36, 0.42), 0.055, metal)
    solid.box((0, -0.76, 0), (0.1, 0.1, 0.032), metal, rounding=0.01)


@SHELF.thing("wrench", "spanner", colour="silver")
def _wrench(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, ring = main.glossy(0.6), draw.chance(0.6)
    solid.box((0, 0, 0), (0.09, 0.5, 0.05), metal, rounding=0.03)
    for y, open_end in ((0.55, True), (-0.55, ~ring)):
        side = np.sign(y)
        solid.cylinder((0, y, 0), 0.075, 0.23, metal, turn=TO_Z, rounding=0.03)
        solid.box(
            (0.06 * side, y + 0.17 * side, 0), (0.105, 0.2, 0.3), metal, turn=(0, 0, -14), cut=True, when=open_end
        )
    solid.cylinder((0, -0.55, 0), 0.3, 0.12, metal, turn=TO_Z, cut=True, when=ring)


@SHELF.thing("shovel", "spade", second="wood", part="a handle")
def _shovel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, wide = main.glossy(0.4), draw.between(0.25, 0.3)
    solid.box((0, -0.5, 0), (wide, 0.2, 0.05), metal, rounding=0.04)
    solid.ellipsoid((0, -0.66, 0), (wide, 0.3, 0.05), metal)
    solid.ellipsoid((0, -0.55, 0.09), (wide * 0.7, 0.28, 0.08), metal.shaded(0.75), cut=True)
    solid.cylinder((0, -0.24, 0), 0.12, 0.07, metal, rounding=0.03)
    solid.cylinder((0, 0.25, 0), 0.5, 0.055, second)
    handle = draw.chance(0.6)
    solid.torus((0, 0.82, 0), 0.14, 0.05, second, turn=TO_Z, when=handle)
    solid.capsule((-0.16, 0.78, 0), (0.16, 0.78, 0), 0.06, second, when=~handle)


@SHELF.thing("pickaxe", second="wood", part="a handle", weight=0.8)
def _pickaxe(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.horn((0, -0.18, 0), draw.between(0.64, 0.72), 0.13, 49, main.glossy(0.5), turn=(0, 0, 90))
    solid.box((0, 0.5, 0), (0.13, 0.12, 0.12), main.glossy(0.5))
    solid.cylinder((0, -0.1, 0), draw.between(0.7, 0.8), 0.075, second, above=0.065, rounding=0.03)


@SHELF.thing("rake", colour="red", second="wood", part="a handle", weight=0.8)
def _rake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.cylinder((0, 0.15, 0), draw.between(0.5, 0.56), 0.06, second)
    solid.box((0, -0.48, 0), (0.46, 0.06, 0.06), main, rounding=0.02)
    solid.prism((0, -0.46, 0), 0.24, 0.26, 0.045, main)
    for index in range(6):
        x = 0.164 * (index - 2.5)
        solid.capsule((x, -0.5, 0), (x, -0.8, 0.12), 0.055, main, end_radius=0.035)


@SHELF.thing("paintbrush", "paint brush", colour="red", second="blue", part="a tip", weight=0.8)
def _paintbrush(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, long = draw.between(0.2, 0.3), draw.between(0.5, 0.62)
    solid.capsule((0, 0.12, 0), (0, long, 0), 0.12, main.glossy(0.5), end_radius=0.065)
    solid.box((0, 0.0, 0), (wide, 0.13, 0.1), draw.paint("silver", gloss=0.6), rounding=0.03)
    solid.box((0, -0.27, 0), (wide - 0.02, 0.2, 0.085), draw.paint("cream"), rounding=0.02)
    solid.box((0, -0.48, 0), (wide, 0.14, 0.1), second, rounding=0.06)


# ---- writing and looking ---------------------------------------------------------------------------------------------


@SHELF.thing("pencil", colour="yellow")
def _pencil(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long = draw.between(0.5, 0.6)
    solid.star((0, 0, 0), 0.15, main, inner=0.866, half_depth=long, points=6, turn=TO_Z)
    solid.cylinder((0, -long - 0.13, 0), 0.14, 0.03, draw.rgb(0.9, 0.74, 0.5), above=0.135, rounding=0)
    solid.cylinder((0, -long - 0.25, 0), 0.06, 0.015, draw.paint("black"), above=0.055, rounding=0)
    solid.cylinder((0, long + 0.06, 0), 0.07, 0.14, draw.paint("silver", gloss=0.6))
    solid.cylinder((0, long + 0.18, 0), 0.09, 0.13, draw.paint("pink"), rounding=0.04)


@SHELF.thing("crayon", "wax crayon", colour="blue", weight=0.8)
def _crayon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ink, paper = draw.paint("black", "white"), main.pale(0.35)
    solid.cylinder((0, -0.06, 0), 0.54, 0.2, main, rounding=0.02)
    solid.cylinder((0, -0.1, 0), 0.4, 0.225, paper, rounding=0)
    for y in (-0.42, 0.22):
        solid.cylinder((0, y, 0), 0.035, 0.24, ink, rounding=0)
    solid.cylinder((0, 0.6, 0), 0.14, 0.16, main, above=0.07, rounding=0.03)


@SHELF.thing("magnifying glass", colour="black")
def _magnifying_glass(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ring = draw.between(0.33, 0.38)
    solid.ellipsoid((0, 0.3, 0), (ring, ring, 0.06), draw.paint("light blue", gloss=0.9).pale(0.5))
    solid.torus((0, 0.3, 0), ring, 0.07, main.glossy(0.5), turn=TO_Z)
    solid.cylinder((0, 0.24 - ring, 0), 0.08, 0.06, draw.paint("silver", "golden", gloss=0.6))
    solid.cylinder((0, -0.4, 0), 0.34, 0.11, main.glossy(0.5), above=0.085, rounding=0.05)


@SHELF.thing("telescope", colour="golden", second="wood", part="a tripod")
def _telescope(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    tilt, metal = np.deg2rad(draw.between(18.0, 32.0)), main.glossy(0.6)
    ahead, up = np.cos(tilt), np.sin(tilt)
    turn = (0, 0, np.rad2deg(tilt) - 90)
    for start, half, radius in ((0.27, 0.3, 0.17), (-0.2, 0.2, 0.13), (-0.52, 0.16, 0.09)):
        solid.cylinder((start * ahead, 0.25 + start * up, 0), half, radius, metal, turn=turn)
    for start, radius, paint in ((0.57, 0.195, metal.shaded(0.75)), (-0.01, 0.16, metal.shaded(0.75))):
        solid.cylinder((start * ahead, 0.25 + start * up, 0), 0.04, radius, paint, turn=turn)
    solid.cylinder((0.6 * ahead, 0.25 + 0.6 * up, 0), 0.03, 0.14, draw.paint("glass", gloss=0.9), turn=turn)
    solid.cylinder((0, 0.08, 0), 0.07, 0.09, draw.paint("black"))
    for x, z, _ in circle(3, 0.38, 30):
        solid.capsule((0, 0.06, 0), (x, -0.72, z), 0.055, second, end_radius=0.045)


@SHELF.thing("microscope", colour="white", weight=0.7)
def _microscope(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, metal, tilt = draw.paint("black"), draw.paint("silver", gloss=0.6), -24
    solid.box((0.02, -0.66, 0), (0.4, 0.07, 0.28), main, rounding=0.05)
    solid.arc((-0.02, -0.1, 0), 0.42, 0.1, 88, main.shaded(0.9), turn=(0, 0, 180))
    solid.box((0.04, -0.24, 0), (0.3, 0.04, 0.24), dark, rounding=0.02)
    solid.cylinder((0.12, 0.32, 0), 0.3, 0.14, main, turn=(0, 0, -tilt), rounding=0.03)
    solid.cylinder((-0.02, 0.68, 0), 0.13, 0.095, dark, turn=(0, 0, -tilt))
    solid.cylinder((0.26, -0.04, 0), 0.13, 0.06, metal, above=0.09, turn=(0, 0, -tilt))
    for side in (-1, 1):
        solid.cylinder((-0.36, -0.2, 0.12 * side), 0.07, 0.12, dark, turn=TO_Z, rounding=0.02)


@SHELF.thing("camera", colour="black", directional=True)
def _camera(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    band = draw.paint("gray", "silver", "brown").where(main.colour.sum(-1) < 1.0, draw.paint("black"))
    solid.box((0, 0, 0), (0.56, 0.36, 0.19), main, rounding=0.06)
    solid.box((0, 0.26, 0), (0.565, 0.07, 0.195), band, rounding=0.03)
    solid.cylinder((0, -0.05, 0.28), 0.14, 0.27, draw.paint("gray"), turn=TO_Z, rounding=0.03)
    solid.cylinder((0, -0.05, 0.36), 0.09, 0.2, draw.rgb(0.08, 0.1, 0.22, gloss=0.9), turn=TO_Z, rounding=0.03)
    solid.ellipsoid((0.07, 0.03, 0.45), (0.05, 0.05, 0.02), draw.paint("white"))
    solid.box((0, 0.4, 0), (0.18, 0.09, 0.13), main, rounding=0.03)
    solid.box((0, 0.4, 0.12), (0.11, 0.05, 0.03), draw.rgb(0.95, 0.95, 0.8, gloss=0.8), rounding=0)
    solid.cylinder((0.39, 0.39, 0), 0.06, 0.09, draw.paint("red"))
    solid.cylinder((-0.38, 0.38, 0), 0.05, 0.11, draw.paint("silver"))
    solid.box((0, -0.05, -0.19), (0.3, 0.2, 0.015), draw.rgb(0.35, 0.5, 0.6, gloss=0.6), rounding=0)


# ---- devices ---------------------------------------------------------------------------------------------------------


@SHELF.thing("television", "tv", colour="black", directional=True, weight=1.2)
def _television(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, high = main.shaded(0.6), draw.between(0.36, 0.42)
    solid.box((0, 0, 0), (0.58, high, 0.27), main, rounding=0.06)
    solid.box((0, 0, -0.3), (0.42, high * 0.75, 0.12), dark, rounding=0.08)
    solid.box((-0.11, 0, 0.255), (0.41, high - 0.07, 0.03), draw.paint("silver", "cream"), rounding=0.03)
    solid.box((-0.11, 0, 0.275), (0.36, high - 0.12, 0.03), _screen(draw), rounding=0.03)
    for y in (0.2, 0.02):
        solid.cylinder((0.44, y, 0.29), 0.05, 0.075, draw.paint("silver", "golden", gloss=0.5), turn=TO_Z)
    for y in (-0.14, -0.23):
        solid.box((0.44, y, 0.27), (0.08, 0.025, 0.02), draw.paint("silver"), rounding=0)
    for side in (-1, 1):
        end = (0.42 * side, high + 0.48, 0)
        solid.capsule((0, high, 0), end, 0.032, draw.paint("silver"))
        solid.ellipsoid(end, 0.055, draw.paint("silver", "red"))
        solid.capsule((0.36 * side, -high, 0), (0.44 * side, -high - 0.16, 0), 0.05, dark)
    solid.dome((0, high - 0.02, 0), 0.13, dark)


@SHELF.thing("laptop", "notebook computer", colour="gray", directional=True)
def _laptop(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    keys = draw.paint("black").where(main.colour.sum(-1) > 0.8, draw.paint("white", "silver"))
    lean = draw.between(-22.0, -12.0)
    solid.box((0, -0.36, 0.12), (0.62, 0.045, 0.42), main, rounding=0.03)
    for row in range(3):
        solid.box((0, -0.315, -0.1 + 0.13 * row), (0.52, 0.016, 0.045), keys, rounding=0)
    solid.box((0, -0.315, 0.37), (0.17, 0.012, 0.1), main.shaded(0.7), rounding=0)
    up, back = np.cos(np.deg2rad(lean)) * 0.42, np.sin(np.deg2rad(lean)) * 0.42
    turn = (lean, 0, 0)
    solid.box((0, -0.33 + up, -0.29 + back), (0.62, 0.42, 0.04), main, rounding=0.03, turn=turn)
    solid.box((0, -0.33 + up, -0.25 + back), (0.56, 0.36, 0.02), _screen(draw), rounding=0, turn=turn)
    solid.ellipsoid((0, -0.33 + up, -0.33 + back), (0.1, 0.1, 0.03), draw.paint("white"), turn=turn)


@SHELF.thing("computer monitor", "computer screen", colour="black", directional=True, weight=0.8)
def _monitor(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, high = draw.between(0.6, 0.7), draw.between(0.36, 0.42)
    solid.box((0, 0.15, 0), (wide, high, 0.06), main, rounding=0.03)
    solid.box((0, 0.18, 0.055), (wide - 0.06, high - 0.09, 0.015), _screen(draw), rounding=0)
    solid.box((0, 0.15, -0.08), (wide * 0.5, high * 0.55, 0.06), main.shaded(0.7), rounding=0.04)
    solid.box((0, -0.36, -0.08), (0.1, 0.2, 0.05), main.shaded(0.8), rounding=0.01)
    solid.box((0, -0.55, 0.0), (0.34, 0.04, 0.22), main, rounding=0.03)
    solid.box((0, 0.17 - high + 0.03, 0.06), (0.05, 0.02, 0.015), draw.paint("white", "green"), rounding=0)


@SHELF.thing("mobile phone", "smartphone", colour="black", directional=True)
def _mobile_phone(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, 0, 0), (0.36, 0.7, 0.06), main.glossy(0.5), rounding=0.06)
    solid.box((0, 0.04, 0.052), (0.31, 0.56, 0.015), _screen(draw), rounding=0)
    for row in range(3):
        for x in (-0.19, 0.0, 0.19):
            icon = draw.paint("red", "yellow", "green", "white", "orange", "pink")
            solid.box((x, 0.4 - 0.2 * row, 0.07), (0.065, 0.065, 0.015), icon, rounding=0.01)
    solid.cylinder((0, -0.61, 0.06), 0.015, 0.06, draw.paint("silver"), turn=TO_Z)
    solid.box((-0.17, 0.47, -0.06), (0.12, 0.14, 0.03), main.shaded(0.6), rounding=0.02)
    for y in (0.41, 0.53):
        solid.cylinder((-0.17, y, -0.09), 0.02, 0.05, draw.paint("dark glass", gloss=0.9), turn=TO_Z)


@SHELF.thing("radio", colour="red", directional=True)
def _radio(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal = draw.paint("silver", gloss=0.6)
    wide = draw.between(0.58, 0.66)
    solid.box((0, -0.12, 0), (wide, 0.36, 0.17), main, rounding=0.06)
    solid.cylinder((-0.28, -0.16, 0.17), 0.03, 0.25, metal, turn=TO_Z)
    mesh = draw.paint("black").patterned(Pattern.CHECKS, 14.0, draw.paint("gray"))
    solid.cylinder((-0.28, -0.16, 0.19), 0.025, 0.2, mesh, turn=TO_Z)
    solid.box((0.28, 0.06, 0.165), (0.24, 0.09, 0.02), draw.paint("cream"), rounding=0)
    solid.box((0.33, 0.06, 0.18), (0.02, 0.08, 0.015), draw.paint("red", "black"), rounding=0)
    for x in (0.14, 0.42):
        solid.cylinder((x, -0.26, 0.2), 0.05, 0.1, metal, turn=TO_Z, rounding=0.02)
    for side in (-1, 1):
        solid.capsule((0.36 * side, 0.22, 0), (0.36 * side, 0.4, 0), 0.045, main.shaded(0.7))
    solid.capsule((-0.36, 0.41, 0), (0.36, 0.41, 0), 0.055, main.shaded(0.7))
    solid.capsule((0.5, 0.22, -0.1), (0.72, 0.78, -0.1), 0.03, metal)


@SHELF.thing("pair of headphones", "headphones", colour="black", second="gray", part="ear pads")
def _headphones(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ring = draw.between(0.45, 0.5)
    solid.arc((0, 0.02, 0), ring, 0.07, 92, main, turn=(0, 0, 90))
    solid.arc((0, 0.0, 0), ring - 0.05, 0.08, 50, second, turn=(0, 0, 90))
    for side in (-1, 1):
        solid.cylinder(((ring + 0.02) * side, -0.16, 0), 0.09, 0.27, main.glossy(0.5), turn=TO_X, rounding=0.05)
        solid.cylinder(((ring - 0.11) * side, -0.16, 0), 0.07, 0.25, second, turn=TO_X, rounding=0.06)
        solid.cylinder(((ring + 0.1) * side, -0.16, 0), 0.04, 0.14, second, turn=TO_X)


@SHELF.thing("microphone", colour="black")
def _microphone(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    mesh = draw.paint("silver", gloss=0.4).patterned(Pattern.CHECKS, 16.0, draw.paint("gray"))
    stand = draw.chance(0.5)
    solid.ellipsoid((0.22, 0.5, 0), 0.23, mesh)
    solid.cylinder((0.13, 0.31, 0), 0.05, 0.22, draw.paint("silver", gloss=0.6), turn=(0, 0, -25))
    solid.cylinder((-0.04, -0.06, 0), 0.38, 0.09, main.glossy(0.4), above=0.18, turn=(0, 0, -25))
    solid.box((0.06, 0.06, 0.14), (0.04, 0.08, 0.03), draw.paint("red", "white"), turn=(0, 0, -25), rounding=0.01)
    solid.capsule((-0.03, -0.06, 0), (-0.03, -0.78, 0), 0.045, draw.paint("gray"), when=stand)
    solid.cylinder((-0.03, -0.8, 0), 0.045, 0.34, main, rounding=0.03, when=stand)
    solid.capsule((-0.2, -0.4, 0), (-0.3, -0.62, 0), 0.04, main, when=~stand)


# ---- musical instruments ---------------------------------------------------------------------------------------------


@SHELF.thing("guitar", "acoustic guitar", colour="brown", directional=True, weight=1.2)
def _guitar(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, wood = draw.rgb(0.22, 0.13, 0.07), main.glossy(0.4)
    solid.cylinder((0, -0.42, 0), 0.12, 0.4, wood, turn=TO_Z, rounding=0.02)
    solid.cylinder((0, 0.03, 0), 0.12, 0.29, wood, turn=TO_Z, rounding=0.02, blend=0.12)
    solid.cylinder((0, -0.12, 0.12), 0.012, 0.14, draw.paint("black"), turn=TO_Z)
    solid.box((0, -0.54, 0.13), (0.19, 0.04, 0.03), dark, rounding=0)
    solid.box((0, 0.42, 0.1), (0.07, 0.4, 0.045), dark, rounding=0.01)
    for y in (0.34, 0.5, 0.66):
        solid.box((0, y, 0.14), (0.072, 0.018, 0.012), draw.paint("silver"), rounding=0)
    solid.box((0, 0.88, 0.08), (0.12, 0.15, 0.045), wood, rounding=0.01)
    solid.box((0, -0.12, 0.15), (0.022, 0.42, 0.012), draw.paint("cream"), rounding=0)
    for y in (0.81, 0.96):
        for side in (-1, 1):
            solid.ellipsoid((0.16 * side, y, 0.07), 0.05, draw.paint("silver", "cream"))


@SHELF.thing("violin", "fiddle", colour="brown", directional=True, weight=0.8)
def _violin(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, wood = draw.paint("black"), main.glossy(0.6)
    solid.cylinder((0, -0.42, 0), 0.1, 0.32, wood, turn=TO_Z, rounding=0.04)
    solid.cylinder((0, 0.04, 0), 0.1, 0.26, wood, turn=TO_Z, rounding=0.04)
    solid.box((0, -0.2, 0), (0.22, 0.25, 0.1), wood, rounding=0.03)
    for side in (-1, 1):
        solid.cylinder((0.34 * side, -0.16, 0), 0.3, 0.19, wood.shaded(0.8), turn=TO_Z, cut=True)
        solid.capsule((0.13 * side, -0.27, 0.09), (0.11 * side, -0.08, 0.09), 0.03, dark)
    solid.box((0, 0.25, 0.12), (0.055, 0.42, 0.035), dark, rounding=0.01)
    solid.prism((0, -0.3, 0.11), 0.08, 0.4, 0.05, dark, turn=(0, 0, 180))
    solid.box((0, -0.22, 0.13), (0.12, 0.03, 0.05), draw.paint("cream"), rounding=0)
    solid.box((0, 0.72, 0.06), (0.06, 0.12, 0.045), wood, rounding=0.01)
    solid.cylinder((0, 0.86, 0.05), 0.07, 0.08, wood, turn=TO_X)
    for side, y in ((-1, 0.76), (1, 0.68)):
        solid.capsule((0, y, 0.06), (0.16 * side, y, 0.06), 0.035, dark)
    solid.capsule((0.5, -0.7, 0.02), (0.42, 0.82, 0.02), 0.035, draw.paint("brown"))
    solid.capsule((0.41, -0.66, 0.02), (0.36, 0.78, 0.02), 0.024, draw.paint("white", "cream"))
    solid.box((0.455, -0.64, 0.02), (0.065, 0.06, 0.04), dark, rounding=0.01)


@SHELF.thing("drum", colour="red", second="golden", part="a rim")
def _drum(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    half, rim = draw.between(0.26, 0.34), second.glossy(0.5)
    solid.cylinder((0, 0, 0), half, 0.5, main)
    solid.cylinder((0, 0, 0), half + 0.02, 0.47, draw.paint("white", "cream"))
    for x, z, angle in circle(6, 0.5):
        for side in (-1, 1):
            low = np.deg2rad(angle + 30 * side)
            solid.capsule(
                (x, half, z), (0.5 * np.cos(low), -half, 0.5 * np.sin(low)), 0.026, draw.paint("white", "cream")
            )
    for side in (-1, 1):
        solid.torus((0, half * side, 0), 0.49, 0.06, rim)
        start, end = (-0.3 * side, half + 0.07, 0.28), (0.34 * side, half + 0.12, -0.2 - 0.05 * side)
        solid.capsule(start, end, 0.035, draw.rgb(0.75, 0.55, 0.32))
        solid.ellipsoid(start, 0.065, draw.rgb(0.75, 0.55, 0.32))


@SHELF.thing("trumpet", colour="golden")
def _trumpet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    brass = main.glossy(0.9)
    solid.capsule((-0.72, 0.16, 0), (0.3, 0.16, 0), 0.05, brass)
    solid.cylinder((0.42, 0.16, 0), 0.2, 0.05, brass, above=0.14, turn=TO_X, rounding=0)
    solid.cylinder((0.67, 0.16, 0), 0.08, 0.13, brass, above=0.3, turn=TO_X, rounding=0)
    solid.cylinder((0.76, 0.16, 0), 0.06, 0.1, brass.shaded(0.4), above=0.26, turn=TO_X, rounding=0)
    solid.capsule((-0.36, -0.16, 0), (0.28, -0.16, 0), 0.05, brass)
    solid.arc((0.28, 0, 0), 0.16, 0.05, 90, brass)
    solid.arc((-0.36, 0, 0), 0.16, 0.05, 90, brass, turn=(0, 0, 180))
    for x in (-0.2, -0.02, 0.16):
        solid.cylinder((x, 0.0, 0), 0.24, 0.075, brass.shaded(0.9), rounding=0.02)
        solid.cylinder((x, 0.3, 0), 0.08, 0.03, draw.paint("silver", gloss=0.6))
        solid.cylinder((x, 0.38, 0), 0.025, 0.065, draw.paint("silver", "white", gloss=0.6))
    solid.cylinder((-0.76, 0.16, 0), 0.06, 0.09, draw.paint("silver", gloss=0.6), above=0.05, turn=TO_X)


@SHELF.thing("xylophone", colour="wood", recolour=0.3, weight=0.8, phrases=("a colourful xylophone",))
def _xylophone(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    rainbow = ("red", "orange", "yellow", "green", "teal", "blue", "purple")
    tilt = draw.between(15.0, 30.0)
    ahead, up = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    for index, colour in enumerate(rainbow):
        x, half = 0.195 * (index - 3), 0.46 - 0.04 * index
        solid.box((x, 0.03, 0.0), (0.078, 0.035, half), draw.paint(colour, gloss=0.4), turn=(tilt, 0, 0))
    for side in (-1, 1):
        z, y = 0.22 * side * ahead, -0.05 - 0.22 * side * up
        solid.box((0, y, z), (0.72, 0.06, 0.05), main, turn=(tilt, 0, side * 3.0))
    for start, end in (((-0.5, 0.14, 0.3), (0.15, 0.3, -0.1)), ((0.55, 0.14, 0.28), (0.0, 0.32, 0.1))):
        solid.capsule(start, end, 0.03, draw.paint("brown"))
        solid.ellipsoid(end, 0.09, draw.paint("red", "white", "yellow"))


@SHELF.thing("bell", colour="golden")
def _bell(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, handle = main.glossy(0.8), draw.chance(0.35)
    solid.dome((0, 0.1, 0), 0.3, metal, squash=1.2)
    solid.cylinder((0, -0.05, 0), 0.2, 0.44, metal, above=0.29, rounding=0.02)
    solid.torus((0, -0.25, 0), 0.45, 0.055, metal)
    solid.ellipsoid((0, -0.34, 0), 0.13, draw.paint("brown", "black"))
    solid.torus((0, 0.53, 0), 0.1, 0.045, metal, turn=TO_Z, when=~handle)
    solid.capsule((0, 0.45, 0), (0, 0.85, 0), 0.09, draw.paint("brown", "black"), end_radius=0.07, when=handle)


# ---- iron ------------------------------------------------------------------------------------------------------------


@SHELF.thing("magnet", "horseshoe magnet", colour="red", weight=0.8)
def _magnet(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    legs = draw.between(0.2, 0.28)
    solid.arc((0, 0, 0), 0.38, 0.15, 90, main, turn=(0, 0, 90))
    for side in (-1, 1):
        solid.cylinder((0.38 * side, -legs, 0), legs, 0.15, main)
        solid.cylinder((0.38 * side, -2 * legs, 0), 0.11, 0.155, draw.paint("silver", gloss=0.5))


@SHELF.thing("anchor", colour="gray")
def _anchor(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    iron, ring = main.glossy(0.4), draw.between(0.46, 0.52)
    solid.torus((0, 0.62, 0), 0.13, 0.055, iron, turn=TO_Z)
    solid.cylinder((0, -0.05, 0), 0.55, 0.08, iron)
    solid.capsule((-0.3, 0.34, 0), (0.3, 0.34, 0), 0.07, iron)
    solid.arc((0, -0.1, 0), ring, 0.085, 78, iron, turn=(0, 0, -90))
    for side in (-1, 1):
        solid.prism((0.97 * ring * side, -0.12, 0), 0.17, 0.28, 0.07, iron, turn=(0, 0, 12 * side))
        solid.ellipsoid((0.31 * side, 0.34, 0), 0.09, iron)


@SHELF.thing("cannon", colour="black", second="wood", part="wheels", directional=True)
def _cannon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    iron, tilt = main.glossy(0.5), draw.between(14.0, 26.0)
    ahead, up = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    turn = (90 - tilt, 0, 0)
    solid.cylinder((0, 0.12 + 0.15 * up, 0.15 * ahead), 0.55, 0.25, iron, above=0.17, turn=turn)
    for start, radius in ((0.68, 0.22), (0.2, 0.24), (-0.38, 0.28)):
        solid.cylinder((0, 0.12 + start * up, start * ahead), 0.055, radius, iron, turn=turn, rounding=0.03)
    solid.cylinder((0, 0.12 + 0.72 * up, 0.72 * ahead), 0.06, 0.12, draw.rgb(0.25, 0.25, 0.26), turn=turn)
    solid.ellipsoid((0, 0.12 - 0.5 * up, -0.5 * ahead), 0.12, iron)
    solid.box((0, -0.22, -0.3), (0.16, 0.09, 0.5), draw.wood(), rounding=0.02, turn=(-20, 0, 0))
    for side in (-1, 1):
        solid.torus((0.32 * side, -0.12, 0.1), 0.32, 0.07, second, turn=TO_X)
        for angle in (0, 60, 120):
            solid.box((0.32 * side, -0.12, 0.1), (0.04, 0.31, 0.04), second, turn=(angle, 0, 0), rounding=0)
        solid.cylinder((0.34 * side, -0.12, 0.1), 0.08, 0.09, iron, turn=TO_X)


@SHELF.thing("bomb", colour="black", phrases=("a cartoon bomb with a burning fuse",))
def _bomb(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0, -0.1, 0), 0.5, main.glossy(0.9))
    solid.cylinder((0, 0.42, 0), 0.1, 0.16, draw.paint("gray"))
    solid.arc((0.18, 0.5, 0), 0.18, 0.04, 70, draw.paint("cream", "brown"), turn=(0, 0, 115))
    solid.star((0.33, 0.64, 0), 0.22, draw.paint("orange"), half_depth=0.05, points=7)
    solid.ellipsoid((0.33, 0.64, 0), (0.1, 0.1, 0.1), draw.paint("yellow"))


@SHELF.thing("gear", "cogwheel", colour="gray")
def _gear(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, hole = main.glossy(0.5), draw.between(0.13, 0.2)
    for x, y, angle in circle(8, 0.5):
        solid.box((x, y, 0), (0.13, 0.095, 0.12), metal, turn=(0, 0, angle), rounding=0.02)
    solid.cylinder((0, 0, 0), 0.12, 0.45, metal, turn=TO_Z)
    for side in (-1, 1):
        solid.torus((0, 0, 0.13 * side), 0.31, 0.05, metal.shaded(0.7), turn=TO_Z, cut=True)
    solid.cylinder((0, 0, 0), 0.3, hole, metal.shaded(0.7), turn=TO_Z, cut=True)


# ---- in the street ---------------------------------------------------------------------------------------------------


@SHELF.thing("fire hydrant", "hydrant", colour="red", second="silver", part="a cap")
def _fire_hydrant(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.cylinder((0, -0.6, 0), 0.07, 0.38, main, rounding=0.03)
    solid.cylinder((0, -0.15, 0), 0.45, 0.27, main, rounding=0.02)
    solid.cylinder((0, 0.3, 0), 0.06, 0.34, main, rounding=0.03)
    solid.dome((0, 0.34, 0), 0.29, second, squash=0.95)
    solid.cylinder((0, 0.64, 0), 0.07, 0.08, second, rounding=0.02)
    for side in (-1, 1):
        solid.cylinder((0.32 * side, 0.08, 0), 0.11, 0.13, main, turn=TO_X)
        solid.cylinder((0.44 * side, 0.08, 0), 0.05, 0.16, second, turn=TO_X, rounding=0.02)
    solid.cylinder((0, -0.02, 0.3), 0.09, 0.16, main, turn=TO_Z)
    solid.cylinder((0, -0.02, 0.4), 0.05, 0.19, second, turn=TO_Z, rounding=0.02)


@SHELF.thing("traffic light", colour="black", recolour=0.4, directional=True)
def _traffic_light(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pole = draw.chance(0.7)
    solid.box((0, 0.2, 0), (0.26, 0.62, 0.17), main, rounding=0.06)
    for y, colour in ((0.58, "red"), (0.2, "yellow"), (-0.18, "green")):
        solid.ellipsoid((0, y, 0.16), (0.155, 0.155, 0.09), draw.paint(colour, gloss=0.6))
        solid.arc((0, y, 0.25), 0.17, 0.035, 80, main, turn=(0, 0, 90))
        solid.arc((0, y, 0.2), 0.17, 0.035, 80, main, turn=(0, 0, 90))
    solid.cylinder((0, -0.72, 0), 0.36, 0.07, draw.paint("gray"), when=pole)
    solid.cylinder((0, -1.05, 0), 0.05, 0.2, draw.paint("gray"), when=pole)


@SHELF.thing("stop sign", colour="red", recolour=0.0, directional=True, weight=0.8, phrases=("a red stop sign",))
def _stop_sign(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, tall = draw.paint("white"), draw.between(0.36, 0.5)
    solid.star((0, 0.3, 0), 0.6, white, inner=0.924, half_depth=0.035, points=8, turn=(0, 0, 22.5))
    solid.star((0, 0.3, 0.02), 0.53, main, inner=0.924, half_depth=0.035, points=8, turn=(0, 0, 22.5))
    solid.star((0, 0.3, -0.04), 0.59, draw.paint("silver"), inner=0.924, half_depth=0.02, points=8, turn=(0, 0, 22.5))
    solid.cylinder((0, -0.2 - tall / 2, -0.04), tall / 2 + 0.4, 0.055, draw.paint("gray", "silver"))
    word = Solid(solid.count)
    _letters_stop(word, white, 0.05)
    solid.parts.extend(word.moved(1.05, (0, 0.3, 0.0)).parts)


@SHELF.thing("traffic cone", colour="orange", second="white", part="stripes", weight=1.2)
def _traffic_cone(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.box((0, -0.5, 0), (0.44, 0.05, 0.44), main, rounding=0.03)
    solid.cylinder((0, 0, 0), 0.5, 0.31, main, above=0.07, rounding=0.01)
    solid.cylinder((0, -0.08, 0), 0.1, 0.247, second, above=0.203, rounding=0.0)
    solid.cylinder((0, 0.22, 0), 0.07, 0.179, second, above=0.146, rounding=0.0, when=draw.chance(0.8))


@SHELF.thing("fire extinguisher", colour="red")
def _fire_extinguisher(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, tall = draw.paint("black"), draw.between(0.42, 0.5)
    solid.cylinder((0, -0.15, 0), tall, 0.26, main.glossy(0.6), rounding=0.04)
    solid.dome((0, tall - 0.2, 0), 0.26, main.glossy(0.6), squash=0.6)
    solid.cylinder((0, tall, 0), 0.08, 0.09, draw.paint("silver", "black"))
    solid.box((0, -0.12, 0.23), (0.17, 0.17, 0.04), draw.paint("white", "cream"), rounding=0.0)
    solid.capsule((-0.04, tall + 0.04, 0), (0.26, tall + 0.1, 0), 0.05, dark)
    solid.capsule((-0.04, tall + 0.1, 0), (0.24, tall + 0.26, 0), 0.05, dark)
    solid.arc((-0.2, tall - 0.12, 0), 0.2, 0.045, 82, dark, turn=(0, 0, 102))
    solid.capsule((-0.395, tall - 0.14, 0), (-0.38, -0.32, 0), 0.045, dark)
    solid.cylinder((-0.38, -0.42, 0), 0.13, 0.1, dark, above=0.05)


# ---- prizes and maps -------------------------------------------------------------------------------------------------


@SHELF.thing("globe", "globe on a stand", colour="blue", second="golden", part="a stand", recolour=0.0)
def _globe(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    sea = main.patterned(Pattern.CLOUDS, draw.between(3.5, 5.0), draw.paint("green"))
    stand = second.glossy(0.6)
    solid.ellipsoid((0, 0.18, 0), 0.42, sea)
    solid.arc((0, 0.18, 0), 0.5, 0.05, 95, stand, turn=(0, 0, -20))
    for side in (-1, 1):
        x, y = -0.17 * side, 0.47 * side
        solid.capsule((x * 0.85, 0.18 + y * 0.85, 0), (x * 1.1, 0.18 + y * 1.1, 0), 0.05, stand)
    solid.cylinder((0.0, -0.45, 0), 0.14, 0.06, stand, above=0.05)
    solid.cylinder((0, -0.6, 0), 0.06, 0.32, stand, above=0.2, rounding=0.02)


@SHELF.thing("trophy", "trophy cup", colour="golden", recolour=0.4)
def _trophy(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal = main.glossy(0.9)
    solid.cylinder((0, 0.2, 0), 0.3, 0.16, metal, above=0.36, rounding=0.03)
    solid.cylinder((0, 0.45, 0), 0.12, 0.3, metal.shaded(0.55), cut=True)
    solid.cylinder((0, -0.2, 0), 0.16, 0.07, metal)
    solid.ellipsoid((0, -0.16, 0), 0.1, metal)
    solid.cylinder((0, -0.4, 0), 0.07, 0.2, metal, above=0.1)
    solid.box((0, -0.57, 0), (0.28, 0.12, 0.28), draw.paint("black", "brown"))
    solid.star((0, 0.24, 0.29), 0.15, metal.shaded(0.7), half_depth=0.05, when=draw.chance(0.5))
    for side in (-1, 1):
        solid.arc((0.3 * side, 0.22, 0), 0.19, 0.055, 100, metal, turn=(0, 0 if side > 0 else 180, 0))


@SHELF.thing("medal", colour="golden", second="red", part="a ribbon", recolour=0.5)
def _medal(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, star = main.glossy(0.8), draw.chance(0.6)
    for side in (-1, 1):
        solid.box((0.17 * side, 0.38, -0.01 * side), (0.12, 0.4, 0.03), second, turn=(0, 0, -24 * side), rounding=0)
    solid.torus((0, 0.1, 0), 0.08, 0.04, metal, turn=TO_Z)
    solid.cylinder((0, -0.32, 0), 0.06, 0.4, metal, turn=TO_Z, rounding=0.02)
    solid.torus((0, -0.32, 0), 0.36, 0.075, metal, turn=TO_Z)
    solid.star((0, -0.32, 0), 0.25, metal.shaded(0.75), half_depth=0.1, when=star)
    solid.box((0, -0.32, 0.05), (0.045, 0.18, 0.05), metal.shaded(0.6), rounding=0, when=~star)
    solid.box((-0.06, -0.22, 0.05), (0.05, 0.045, 0.05), metal.shaded(0.6), rounding=0, when=~star)
