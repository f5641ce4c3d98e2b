"""Vehicles on land, on water and in the air. They look along +z."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dreamcore.objects.solid import Draw, Numbers, Paint, Pattern, Scalar, Solid
from dreamcore.objects.thing import Shelf

SHELF = Shelf("vehicle")

FORWARD = (90.0, 0.0, 0.0)  # a cylinder along z
ACROSS = (0.0, 0.0, 90.0)  # a cylinder along x
UPRIGHT = (0.0, 90.0, 90.0)  # an arc in the yz plane, its middle above


def _tyre(draw: Draw) -> Paint:
    return draw.rgb(0.09, 0.09, 0.1)


def _window(draw: Draw) -> Paint:
    return draw.rgb(0.2, 0.28, 0.38, gloss=0.8)


def _wheels(
    solid: Solid,
    draw: Draw,
    x: Scalar,
    y: Scalar,
    places: Sequence[Scalar],
    radius: Scalar,
    half: Scalar,
    *,
    hub: Paint | None = None,
) -> None:
    """A pair of wheels at every z of `places`; one axle shows as both hubs."""
    tyre, metal = _tyre(draw), hub or draw.paint("silver", gloss=0.5)
    for z in places:
        for side in (-1, 1):
            solid.cylinder((side * x, y, z), half, radius, tyre, turn=ACROSS, rounding=0.03)
        solid.cylinder((0, y, z), x + half + 0.015, radius * 0.55, metal, turn=ACROSS)


def _arches(solid: Solid, x: Scalar, y: Scalar, places: Sequence[Scalar], radius: Scalar, paint: Paint) -> None:
    """Hollows for wheels in the sides of a body that is there already."""
    for z in places:
        for side in (-1, 1):
            solid.cylinder((side * x, y, z), 0.14, radius, paint, turn=ACROSS, rounding=0.0, cut=True)


def _slope(solid: Solid, y: Scalar, z: Scalar, tilt: Scalar, paint: Paint, front: int = 1, reach: float = 0.6) -> None:
    """Cuts away what is in front of (behind, if `front` is -1) a plane through (y, z) that leans back by `tilt`."""
    sine, cosine = np.sin(np.deg2rad(tilt)), np.cos(np.deg2rad(tilt))
    place = (0.0, y + reach * sine, z + front * reach * cosine)
    solid.box(place, (reach, reach, reach), paint, rounding=0.0, cut=True, turn=(-front * np.asarray(tilt), 0.0, 0.0))


def _lights(solid: Solid, draw: Draw, x: Scalar, y: Scalar, front: Scalar, back: Scalar, size: float = 0.06) -> None:
    """White ones in front, red ones behind."""
    lamp, red = draw.rgb(1.0, 0.96, 0.72, gloss=0.6), draw.rgb(0.8, 0.06, 0.06)
    for side in (-1, 1):
        solid.ellipsoid((side * x, y, front), (size, size, 0.035), lamp)
        solid.box((side * x, y, back), (size, size * 0.6, 0.025), red, rounding=0.01)


def _car(solid: Solid, draw: Draw, paint: Paint) -> tuple[Numbers, Numbers]:
    """A saloon or a hatchback; gives half its length and where along z the middle of the roof is. Its roof is at
    y = 0.29, its sides are at x = 0.32."""
    long, middle = draw.between(0.62, 0.7), draw.between(-0.14, -0.04)
    body, glass, dark = paint.glossy(0.6), _window(draw), draw.rgb(0.1, 0.1, 0.11)
    half = draw.between(0.4, 0.46)
    solid.box((0, 0.12, middle), (0.265, 0.17, half), body, rounding=0.05)
    solid.box((0, 0.12, middle), (0.275, 0.095, half + 0.02), glass, rounding=0.01)
    solid.box((0, 0.12, middle - 0.02), (0.282, 0.12, 0.03), body, rounding=0.01)
    _slope(solid, 0.02, middle + half, 42.0, glass)
    _slope(solid, 0.02, middle - half, draw.pick(14.0, 38.0), glass, front=-1)
    solid.box((0, 0.275, middle - 0.02), (0.25, 0.03, half - 0.2), body, rounding=0.025)
    solid.box((0, -0.1, 0), (0.32, draw.between(0.13, 0.15), long), body, rounding=0.08)
    places = (long * 0.6, -long * 0.6)
    _arches(solid, 0.34, -0.2, places, 0.185, dark)
    solid.box((0, -0.17, 0), (0.19, 0.06, long - 0.05), dark, rounding=0.01)
    _wheels(solid, draw, 0.27, -0.21, places, 0.155, 0.06)
    _lights(solid, draw, 0.21, -0.07, long - 0.005, -long)
    solid.box((0, -0.14, long), (0.13, 0.045, 0.025), draw.paint("gray"), rounding=0.01)
    return long, middle


@SHELF.thing("car", "toy car", "automobile", colour="red", directional=True, weight=1.8)
def _plain_car(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    _, middle = _car(solid, draw, main)
    rack = draw.chance(0.2)
    solid.box(
        (0, 0.36, middle - 0.02), (0.2, 0.06, 0.16), draw.paint("brown", "yellow", "blue"), rounding=0.03, when=rack
    )


@SHELF.thing(
    "taxi", "yellow cab", colour="yellow", recolour=0.0, directional=True, phrases=("a yellow taxi", "a taxi cab")
)
def _taxi(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, middle = _car(solid, draw, main)
    checks = draw.paint("black", jitter=0.02).patterned(Pattern.CHECKS, 13.0, draw.paint("white", jitter=0.02))
    solid.box((0, -0.065, -0.02), (0.328, 0.04, long * 0.36), checks, rounding=0.0)
    solid.box((0, 0.345, middle), (0.15, 0.06, 0.07), draw.paint("white", jitter=0.02), rounding=0.02)
    solid.box((0, 0.345, middle), (0.1, 0.03, 0.078), draw.paint("black", jitter=0.02), rounding=0.0)


@SHELF.thing("police car", colour="white", recolour=0.0, directional=True, phrases=("a black and white police car",))
def _police_car(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, middle = _car(solid, draw, main)
    doors = draw.paint("black", "blue", jitter=0.02)
    solid.box((0, -0.08, -0.02), (0.327, 0.11, long * 0.33), doors, rounding=0.01)
    solid.star((0.325, -0.07, -0.02), 0.09, draw.paint("golden"), half_depth=0.02, turn=(0, 90, 0))
    solid.star((-0.325, -0.07, -0.02), 0.09, draw.paint("golden"), half_depth=0.02, turn=(0, 90, 0))
    solid.box((0, 0.315, middle), (0.21, 0.02, 0.07), draw.paint("black"), rounding=0.01)
    solid.box((-0.12, 0.355, middle), (0.09, 0.045, 0.065), draw.rgb(0.95, 0.08, 0.08, gloss=0.6), rounding=0.02)
    solid.box((0.12, 0.355, middle), (0.09, 0.045, 0.065), draw.rgb(0.1, 0.2, 0.98, gloss=0.6), rounding=0.02)


@SHELF.thing("sports car", "convertible", colour="red", second="black", directional=True, weight=1.2)
def _sports_car(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, high = draw.between(0.7, 0.76), draw.between(0.12, 0.135)
    body, dark = main.glossy(0.8), draw.rgb(0.1, 0.1, 0.11)
    open_top = draw.chance(0.5)
    glass = _window(draw)
    solid.ellipsoid((0, 0.02, -0.12), (0.26, 0.2, 0.36), glass.where(~open_top, body))
    solid.ellipsoid((0, 0.12, -0.16), (0.19, 0.115, 0.2), body, when=~open_top)
    solid.box((0, 0.3, -0.2), (0.4, 0.24, 0.4), body, rounding=0.0, cut=True, when=open_top)
    solid.box((0, -0.11, 0), (0.34, high, long), body, rounding=0.09)
    _slope(solid, -0.12, long, 74.0, body)
    solid.box((0, 0.08, -0.18), (0.2, 0.16, 0.24), draw.rgb(0.14, 0.1, 0.09), rounding=0.03, cut=True, when=open_top)
    places = (long * 0.58, -long * 0.58)
    _arches(solid, 0.36, -0.19, places, 0.19, dark)
    solid.box((0, -0.17, 0), (0.21, 0.04, long - 0.06), dark, rounding=0.01)
    # With the roof down: seats and a low windscreen.
    for side in (-1, 1):
        seat = draw.paint("brown", "cream", "black")
        solid.box((side * 0.1, 0.06, -0.3), (0.075, 0.1, 0.035), seat, rounding=0.03, turn=(-12, 0, 0), when=open_top)
    solid.box(
        (0, 0.085, 0.1),
        (0.22, 0.1, 0.02),
        draw.paint("glass", gloss=0.8),
        rounding=0.0,
        turn=(-42, 0, 0),
        when=open_top,
    )
    _wheels(solid, draw, 0.29, -0.2, places, 0.16, 0.07)
    for side in (-1, 1):
        solid.box((side * 0.22, 0.08, -long + 0.08), (0.025, 0.09, 0.04), body, rounding=0.0)
        solid.ellipsoid((side * 0.22, -0.1, long - 0.05), (0.075, 0.045, 0.05), draw.rgb(1.0, 0.96, 0.72, gloss=0.6))
        solid.box((side * 0.2, -0.07, -long), (0.09, 0.035, 0.02), draw.rgb(0.8, 0.05, 0.05), rounding=0.01)
        solid.box((side * 0.335, -0.12, -0.02), (0.014, 0.03, long * 0.3), second, rounding=0.0)
    solid.box((0, 0.17, -long + 0.08), (0.32, 0.025, 0.09), body, rounding=0.01, turn=(-8, 0, 0))


@SHELF.thing(
    "race car",
    "racing car",
    "formula one car",
    colour="red",
    second="white",
    part="wings",
    directional=True,
    weight=1.3,
)
def _race_car(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body = main.glossy(0.6)
    long = draw.between(0.7, 0.78)
    front, back = long * 0.62, -long * 0.62
    solid.capsule((0, -0.02, -long * 0.5), (0, -0.08, long * 0.95), 0.17, body, end_radius=0.075)
    solid.box((0, -0.12, -0.15), (0.24, 0.1, 0.3), body, rounding=0.07)
    solid.capsule((0, 0.14, -0.2), (0, 0.06, -long * 0.75), 0.1, body, end_radius=0.05)
    solid.ellipsoid((0, 0.13, 0.1), (0.1, 0.1, 0.17), draw.rgb(0.08, 0.08, 0.09), cut=True)
    solid.ellipsoid((0, 0.15, 0.03), (0.085, 0.09, 0.09), draw.paint("white", "yellow", "blue", gloss=0.6))
    solid.box((0, 0.16, 0.1), (0.07, 0.03, 0.04), _window(draw), rounding=0.01)
    for z, x in ((front, 0.33), (back, 0.33)):
        solid.cylinder((0, -0.1, z), x, 0.03, draw.paint("gray"), turn=ACROSS)
    _wheels(solid, draw, 0.36, -0.08, (front,), 0.155, 0.075)
    _wheels(solid, draw, 0.36, -0.05, (back,), 0.185, 0.09)
    solid.box((0, -0.14, long), (0.34, 0.025, 0.1), second, rounding=0.01)
    solid.box((0, 0.28, -long), (0.3, 0.03, 0.1), second, rounding=0.01, turn=(-10, 0, 0))
    for side in (-1, 1):
        solid.box((side * 0.34, -0.11, long), (0.02, 0.06, 0.1), second, rounding=0.0)
        solid.box((side * 0.3, 0.22, -long), (0.02, 0.1, 0.12), second, rounding=0.0)
        solid.box((side * 0.08, 0.14, -long + 0.02), (0.025, 0.14, 0.04), draw.paint("black"), rounding=0.0)
        solid.cylinder((side * 0.235, -0.1, -0.12), 0.02, 0.085, second, turn=ACROSS, rounding=0.0)


@SHELF.thing("pickup truck", "pickup", colour="blue", directional=True, weight=1.2)
def _pickup(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body, glass, dark = main.glossy(0.5), _window(draw), draw.rgb(0.1, 0.1, 0.11)
    long = draw.between(0.7, 0.76)
    solid.box((0, 0.17, 0.1), (0.27, 0.19, 0.27), body, rounding=0.05)
    solid.box((0, 0.19, 0.1), (0.278, 0.09, 0.21), glass, rounding=0.01)
    solid.box((0, 0.19, 0.1), (0.2, 0.09, 0.278), glass, rounding=0.01)
    _slope(solid, 0.04, 0.37, 28.0, glass)
    solid.box((0, 0.34, 0.04), (0.26, 0.03, 0.2), body, rounding=0.025)
    solid.box((0, -0.06, 0), (0.32, 0.16, long), body, rounding=0.05)
    solid.box(
        (0, 0.09, -long * 0.5 - 0.1),
        (0.25, 0.19, long * 0.5 - 0.17),
        draw.paint("gray").shaded(0.6),
        rounding=0.0,
        cut=True,
    )
    places = (long * 0.62, -long * 0.58)
    _arches(solid, 0.34, -0.19, places, 0.2, dark)
    solid.box((0, -0.17, 0), (0.19, 0.05, long + 0.03), dark, rounding=0.01)
    _wheels(solid, draw, 0.27, -0.22, places, 0.17, 0.065)
    _lights(solid, draw, 0.23, -0.01, long, -long)
    solid.box((0, -0.02, long), (0.14, 0.06, 0.025), draw.paint("silver"), rounding=0.01)
    cargo = draw.chance(0.35)
    solid.box((-0.08, 0.09, -long * 0.55), (0.12, 0.12, 0.12), draw.wood(), rounding=0.01, when=cargo)
    solid.ellipsoid((0.12, 0.02, -long * 0.55 - 0.12), (0.1, 0.12, 0.12), draw.paint("orange", "green"), when=cargo)


def _cab(solid: Solid, draw: Draw, paint: Paint, z: Scalar, height: float = 0.3, half: float = 0.21) -> None:
    """A lorry's cab: its front is at `z`, its floor at y = -0.25."""
    glass = _window(draw)
    middle = z - half
    solid.box((0, height - 0.25, middle), (0.31, height, half), paint, rounding=0.06)
    y = 1.35 * height - 0.25
    solid.box((0, y, middle), (0.25, height * 0.36, half + 0.015), glass, rounding=0.01)
    solid.box((0, y, middle + 0.03), (0.318, height * 0.34, half * 0.55), glass, rounding=0.01)
    solid.box((0, y, middle - half), (0.29, height * 0.45, 0.04), paint, rounding=0.01)
    solid.box((0, -0.08, z), (0.16, 0.06, 0.02), draw.paint("silver"), rounding=0.01)
    solid.box((0, -0.22, z), (0.3, 0.04, 0.04), draw.paint("gray"), rounding=0.01)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.23, -0.09, z), (0.055, 0.055, 0.035), draw.rgb(1.0, 0.96, 0.72, gloss=0.6))


@SHELF.thing("truck", "lorry", "delivery truck", colour="dark green", second="dark green", directional=True)
def _truck(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body = main.glossy(0.4)
    high = draw.between(0.32, 0.38)
    back = draw.between(0.72, 0.8)
    dark = draw.rgb(0.12, 0.12, 0.13)
    middle = (0.22 - back) * 0.5
    solid.box((0, high - 0.2, middle), (0.34, high, (back + 0.22) * 0.5), main, rounding=0.02)
    for z in (-1, 0, 1):
        place = (0, high - 0.2, middle + z * (back + 0.22) * 0.5 * 0.94)
        solid.box(place, (0.352, high + 0.012, 0.026), main.shaded(0.78), rounding=0.0)
    solid.box((0, high - 0.2, -back), (0.02, high - 0.05, 0.015), dark, rounding=0.0)
    for side in (-1, 1):
        solid.box((side * 0.22, -0.14, -back), (0.06, 0.04, 0.025), draw.rgb(0.8, 0.05, 0.05), rounding=0.01)
    _cab(solid, draw, body, 0.72)
    solid.box((0, -0.25, 0), (0.26, 0.06, 0.68), dark, rounding=0.01)
    _wheels(solid, draw, 0.27, -0.33, (0.5, -back + 0.16, -back + 0.48), 0.15, 0.065)


@SHELF.thing("dump truck", "tipper truck", colour="yellow", directional=True)
def _dump_truck(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, load = draw.rgb(0.12, 0.12, 0.13), draw.chance(0.6)
    # The bed, hollow, with a slanted end and a shield over the cab.
    bed = Solid(solid.count)
    bed.box((0, 0.06, -0.28), (0.37, 0.22, 0.52), main, rounding=0.01)
    bed.box((0, 0.16, -0.28), (0.31, 0.22, 0.46), main.shaded(0.7), rounding=0.0, cut=True)
    _slope(bed, -0.16, -0.5, 40.0, main.shaded(0.8), front=-1, reach=0.7)
    tilt = draw.pick(0.0, 0.0, -16.0)
    solid.parts.extend(bed.moved(shift=(0, 0.04 - 0.006 * tilt, 0), turn=(tilt, 0, 0)).parts)
    solid.box((0, 0.32 - 0.008 * tilt, 0.36), (0.35, 0.03, 0.2), main, rounding=0.01)
    for place, size in (((0, 0.14, -0.25), (0.28, 0.2, 0.34)), ((0.08, 0.22, -0.1), (0.18, 0.14, 0.2))):
        earth = draw.rgb(0.45, 0.32, 0.2).patterned(Pattern.CLOUDS, 14.0)
        solid.ellipsoid(place, size, earth, when=load & (tilt == 0.0))
    _cab(solid, draw, main.glossy(0.4), 0.66)
    solid.box((0, -0.26, -0.05), (0.25, 0.07, 0.62), dark, rounding=0.01)
    _wheels(solid, draw, 0.29, -0.34, (0.42, -0.12, -0.5), 0.185, 0.08, hub=main.shaded(0.9))


@SHELF.thing(
    "cement mixer truck",
    "concrete mixer truck",
    colour="orange",
    second="white",
    part="stripes",
    directional=True,
    weight=0.8,
)
def _cement_mixer(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark = draw.rgb(0.12, 0.12, 0.13)
    drum = main.patterned(Pattern.BANDS, draw.between(3.0, 3.8), second)
    # The drum leans up towards the back; its stripes go around it.
    start, middle, end = (0, 0.08, 0.12), (0, 0.15, -0.2), (0, 0.32, -0.72)
    solid.capsule(start, middle, 0.2, drum, end_radius=0.32)
    solid.capsule(middle, end, 0.32, drum, end_radius=0.14)
    solid.cylinder((0, 0.36, -0.84), 0.05, 0.16, main.shaded(0.8), turn=(-72, 0, 0))
    solid.capsule((0, 0.2, -0.84), (0, -0.05, -0.98), 0.06, draw.paint("gray"))
    _cab(solid, draw, main.glossy(0.4), 0.74, 0.27)
    solid.box((0, -0.24, -0.08), (0.25, 0.07, 0.72), dark, rounding=0.01)
    solid.box((0, -0.05, -0.6), (0.16, 0.15, 0.06), dark, rounding=0.01)
    _wheels(solid, draw, 0.28, -0.33, (0.5, -0.25, -0.6), 0.16, 0.065)


@SHELF.thing(
    "fire truck",
    "fire engine",
    colour="red",
    recolour=0.0,
    directional=True,
    weight=1.2,
    phrases=("a red fire truck with a ladder",),
)
def _fire_truck(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel, white = draw.paint("silver", gloss=0.4), draw.paint("white", jitter=0.02)
    back = draw.between(0.72, 0.82)
    dark = draw.rgb(0.12, 0.12, 0.13)
    body = main.glossy(0.5)
    solid.box((0, 0.03, (0.3 - back) * 0.5), (0.31, 0.24, (back + 0.3) * 0.5), body, rounding=0.02)
    solid.box((0, -0.1, (0.3 - back) * 0.5), (0.318, 0.035, (back + 0.3) * 0.5), white, rounding=0.0)
    for z in (0.3, 0.7):
        solid.box((0, 0.11, 0.2 - z * back), (0.32, 0.09, 0.13), steel, rounding=0.0)
    _cab(solid, draw, body, 0.76, 0.29)
    solid.box((0, -0.25, 0), (0.25, 0.06, 0.7), dark, rounding=0.01)
    _wheels(solid, draw, 0.27, -0.32, (0.5, -back * 0.62), 0.165, 0.065)
    for side in (-1, 1):
        blue = draw.rgb(0.1, 0.25, 0.98, gloss=0.6)
        solid.box((side * 0.15, 0.38, 0.6), (0.08, 0.05, 0.06), blue, rounding=0.03)
    # The ladder rises a little towards the front.
    rise = draw.between(0.04, 0.3)

    def at(share: float) -> tuple[Numbers, Numbers]:
        return 0.34 + rise * share, -back - 0.02 + share * (back + 0.5)

    for side in (-1, 1):
        solid.capsule((side * 0.13, at(0.0)[0], at(0.0)[1]), (side * 0.13, at(1.0)[0], at(1.0)[1]), 0.032, white)
    for rung in range(5):
        height, place = at(0.1 + 0.2 * rung)
        solid.capsule((-0.13, height, place), (0.13, height, place), 0.028, white)
    solid.box((0, 0.29, -back * 0.55), (0.12, 0.06, 0.12), dark, rounding=0.01)


@SHELF.thing(
    "ambulance", colour="white", recolour=0.0, directional=True, phrases=("a white ambulance with a red cross",)
)
def _ambulance(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body, red, glass = main.glossy(0.4), draw.rgb(0.88, 0.08, 0.08), _window(draw)
    back, dark = draw.between(0.62, 0.7), draw.rgb(0.1, 0.1, 0.11)
    solid.box((0, 0.12, 0.28), (0.29, 0.22, 0.28), body, rounding=0.05)
    solid.box((0, 0.16, 0.34), (0.298, 0.09, 0.13), glass, rounding=0.01)
    _slope(solid, 0.04, 0.55, 30.0, glass)
    solid.box((0, -0.1, 0.1), (0.31, 0.13, 0.62), body, rounding=0.05)
    solid.box((0, 0.12, (0.18 - back) * 0.5), (0.34, 0.34, (0.18 + back) * 0.5), body, rounding=0.03)
    middle = (0.18 - back) * 0.5
    solid.box((0, -0.1, middle), (0.346, 0.045, (0.19 + back) * 0.5), red, rounding=0.0)
    places = (0.48, -back * 0.62)
    _arches(solid, 0.36, -0.23, places, 0.18, dark)
    solid.box((0, -0.2, 0), (0.2, 0.05, 0.6), dark, rounding=0.01)
    for half in ((0.35, 0.13, 0.045), (0.35, 0.045, 0.13)):
        solid.box((0, 0.17, middle), half, red, rounding=0.0)
    for half2 in ((0.11, 0.035, 0.02), (0.035, 0.11, 0.02)):
        solid.box((0, 0.2, -back), half2, red, rounding=0.0)
    for side, light in ((-1, draw.rgb(0.1, 0.25, 0.98, gloss=0.6)), (1, red)):
        solid.box((side * 0.16, 0.5, 0.04), (0.1, 0.05, 0.07), light, rounding=0.03)
    _wheels(solid, draw, 0.28, -0.24, places, 0.155, 0.06)
    _lights(solid, draw, 0.22, -0.06, 0.72, -back)


@SHELF.thing("camper van", "van", "minibus", colour="teal", second="white", part="a roof", directional=True)
def _van(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, glass, dark = draw.between(0.6, 0.68), _window(draw), draw.rgb(0.1, 0.1, 0.11)
    solid.box((0, 0.1, 0), (0.31, 0.36, long), main.glossy(0.5), rounding=0.12)
    solid.box((0, 0.4, 0), (0.295, 0.08, long - 0.02), second, rounding=0.07)
    places = (long * 0.62, -long * 0.62)
    _arches(solid, 0.33, -0.24, places, 0.185, dark)
    solid.box((0, -0.18, 0), (0.19, 0.09, long - 0.04), dark, rounding=0.01)
    for z in (-0.56, 0.0, 0.56):
        solid.box((0, 0.2, z * long), (0.318, 0.1, 0.23 * long), glass, rounding=0.01)
    for side in (-1, 1):
        solid.box((side * 0.115, 0.2, long), (0.1, 0.1, 0.015), glass, rounding=0.01)
        # The front has the white V of the old buses.
        solid.capsule((side * 0.27, 0.06, long - 0.01), (0, -0.14, long), 0.028, second)
    solid.box((0, 0.2, -long), (0.18, 0.08, 0.015), glass, rounding=0.01)
    solid.cylinder((0, -0.0, long), 0.025, 0.075, second, turn=FORWARD)
    solid.box((0, -0.23, 0), (0.26, 0.04, long + 0.03), draw.paint("silver"), rounding=0.01)
    _wheels(solid, draw, 0.26, -0.25, places, 0.155, 0.06)
    _lights(solid, draw, 0.23, -0.06, long, -long)


@SHELF.thing("school bus", "bus", colour="yellow", recolour=0.3, directional=True, weight=1.2)
def _school_bus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body, glass, dark = main.glossy(0.3), _window(draw), draw.rgb(0.1, 0.1, 0.11)
    back = draw.between(0.74, 0.84)
    middle, half = (0.46 - back) * 0.5, (0.46 + back) * 0.5
    solid.box((0, 0.1, middle), (0.31, 0.36, half), body, rounding=0.07)
    solid.box((0, -0.1, 0.5), (0.26, 0.16, 0.22), body, rounding=0.05)
    places = (0.48, -back * 0.6)
    _arches(solid, 0.33, -0.26, places, 0.17, dark)
    solid.box((0, -0.2, middle), (0.2, 0.07, half - 0.03), dark, rounding=0.01)
    for y in (-0.13, 0.05):
        solid.box((0, y, middle), (0.318, 0.02, half - 0.03), dark, rounding=0.0)
    for window in range(5):
        solid.box((0, 0.22, 0.26 - window * (back + 0.06) * 0.22), (0.32, 0.09, 0.075), glass, rounding=0.01)
    solid.box((0, 0.22, 0.46), (0.23, 0.1, 0.015), glass, rounding=0.01)
    solid.box((0, 0.2, -back), (0.17, 0.1, 0.015), glass, rounding=0.01)
    solid.box((0, -0.1, 0.72), (0.14, 0.06, 0.02), dark, rounding=0.01)
    _wheels(solid, draw, 0.27, -0.27, places, 0.15, 0.06)
    _lights(solid, draw, 0.2, -0.08, 0.715, -back)


@SHELF.thing("double-decker bus", "london bus", colour="red", directional=True, weight=0.9)
def _double_decker(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, glass, dark = draw.between(0.56, 0.64), _window(draw), draw.rgb(0.1, 0.1, 0.11)
    solid.box((0, 0.16, 0), (0.28, 0.52, long), main.glossy(0.4), rounding=0.06)
    places = (long * 0.58, -long * 0.58)
    _arches(solid, 0.3, -0.34, places, 0.16, dark)
    solid.box((0, -0.28, 0), (0.18, 0.07, long - 0.03), dark, rounding=0.01)
    for y in (0.0, 0.43):
        for z in (-0.62, 0.0, 0.62):
            solid.box((0, y, z * long), (0.288, 0.11, 0.25 * long), glass, rounding=0.01)
        solid.box((0, y, 0), (0.22, 0.11, long + 0.012), glass, rounding=0.01)
    solid.box((0, 0.22, 0), (0.292, 0.026, long + 0.01), draw.paint("cream"), rounding=0.0)
    _wheels(solid, draw, 0.24, -0.34, places, 0.14, 0.055)
    _lights(solid, draw, 0.2, -0.22, long, -long, 0.05)


# ---- at work ---------------------------------------------------------------------------------------------------------


def _tread(solid: Solid, draw: Draw, x: float, y: float, half: Scalar, height: float, wide: float) -> None:
    """A caterpillar track on each side: a belt with round ends."""
    belt, wheel = draw.rgb(0.14, 0.14, 0.15), draw.rgb(0.45, 0.45, 0.47)
    for side in (-1, 1):
        solid.box((side * x, y, 0), (wide, height, np.asarray(half) - height), belt, rounding=0.01)
        for end in (-1, 1):
            solid.cylinder((side * x, y, end * (half - height)), wide, height, belt, turn=ACROSS)
    for place in (-1.0, -0.33, 0.33, 1.0):
        reach = x + wide + 0.018
        solid.cylinder((0, y, place * (half - height)), reach, height * 0.62, wheel, turn=ACROSS)


@SHELF.thing("tank", "army tank", colour="dark green", second="gray", directional=True)
def _tank(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, rise = draw.between(0.56, 0.64), draw.between(0.02, 0.12)
    spots = main.patterned(Pattern.CLOUDS, 7.0, main.shaded(0.6)).where(draw.chance(0.5), main)
    solid.box((0, 0.0, -0.02), (0.4, 0.1, long), spots, rounding=0.02)
    _slope(solid, 0.0, long - 0.04, 55.0, main)
    solid.box((0, -0.16, 0), (0.22, 0.12, long - 0.1), main.shaded(0.7), rounding=0.02)
    _tread(solid, draw, 0.33, -0.2, long, 0.14, 0.1)
    solid.cylinder((0, 0.19, -0.06), 0.11, 0.3, spots, above=0.21, rounding=0.03)
    solid.cylinder((0.08, 0.33, -0.12), 0.04, 0.1, main.shaded(0.8))
    solid.capsule((0, 0.2, 0.1), (0, 0.2 + rise, 0.88), 0.055, main.shaded(0.85))
    solid.capsule((0, 0.2 + 0.93 * rise, 0.82), (0, 0.2 + rise, 0.92), 0.08, main.shaded(0.7))
    solid.capsule((-0.14, 0.28, -0.2), (-0.14, 0.6, -0.24), 0.016, draw.paint("black"), when=draw.chance(0.5))
    badge = draw.paint("white", "red", "yellow")
    for side in (-1, 1):
        solid.star((side * 0.265, 0.18, -0.06), 0.09, badge, half_depth=0.03, turn=(0, side * 90, 0))


@SHELF.thing("bulldozer", colour="yellow", directional=True)
def _bulldozer(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, up, dark = draw.between(0.44, 0.5), draw.between(-0.06, 0.08), draw.rgb(0.12, 0.12, 0.13)
    glass = _window(draw)
    solid.box((0, 0.0, 0.2), (0.2, 0.16, 0.3), main, rounding=0.03)
    solid.box((0, 0.02, 0.5), (0.15, 0.11, 0.02), dark, rounding=0.0)
    solid.box((0, 0.16, -0.2), (0.23, 0.34, 0.22), main, rounding=0.02)
    solid.box((0, 0.3, -0.2), (0.238, 0.13, 0.15), glass, rounding=0.01)
    solid.box((0, 0.3, -0.2), (0.16, 0.13, 0.228), glass, rounding=0.01)
    solid.box((0, 0.51, -0.19), (0.28, 0.035, 0.28), main, rounding=0.01)
    solid.cylinder((0.1, 0.27, 0.3), 0.14, 0.035, dark)
    _tread(solid, draw, 0.32, -0.2, long, 0.16, 0.1)
    # The blade: a shield that is hollow in front.
    steel = main.shaded(0.85)
    for y, tilt in ((0.11, -24.0), (-0.05, 0.0), (-0.21, 24.0)):
        lean = 0.035 if y != -0.05 else 0.0
        solid.box((0, up + y - 0.06, 0.72 + lean), (0.52, 0.095, 0.035), steel, rounding=0.01, turn=(-tilt, 0, 0))
    solid.box((0, up - 0.37, 0.79), (0.52, 0.03, 0.05), draw.paint("gray"), rounding=0.01)
    for side in (-1, 1):
        solid.capsule((side * 0.44, -0.18, -0.05), (side * 0.44, up - 0.12, 0.7), 0.045, main)


@SHELF.thing("excavator", "digger", colour="orange", directional=True, weight=1.1)
def _excavator(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    reach, dark = draw.between(0.0, 0.14), draw.rgb(0.12, 0.12, 0.13)
    glass = _window(draw)
    solid.box((0, -0.06, -0.22), (0.3, 0.14, 0.34), main, rounding=0.04)
    solid.box((0, -0.02, -0.5), (0.28, 0.18, 0.1), main.shaded(0.75), rounding=0.06)
    solid.box((-0.16, 0.2, -0.06), (0.14, 0.25, 0.18), main, rounding=0.03)
    solid.box((-0.16, 0.24, -0.06), (0.147, 0.14, 0.12), glass, rounding=0.01)
    solid.box((-0.16, 0.22, -0.06), (0.095, 0.18, 0.188), glass, rounding=0.01)
    _tread(solid, draw, 0.27, -0.34, 0.48, 0.13, 0.1)
    solid.cylinder((0, -0.22, -0.12), 0.06, 0.2, dark)
    # Boom, stick and bucket.
    knee, wrist = (0.12, 0.62, 0.42 + reach), (0.12, 0.12, 0.82 + reach)
    solid.capsule((0.12, 0.02, 0.05), (0.12, 0.5, 0.2), 0.085, main)
    solid.capsule((0.12, 0.5, 0.2), knee, 0.08, main)
    solid.capsule(knee, wrist, 0.065, main.shaded(0.9))
    solid.capsule((0.12, 0.3, 0.2), (0.12, 0.55, 0.36), 0.035, draw.paint("silver"))
    x, y, z = wrist
    solid.cylinder((x, y - 0.14, z - 0.06), 0.17, 0.17, dark, turn=ACROSS)
    solid.box((x, y - 0.1, z - 0.19), (0.13, 0.16, 0.14), dark.shaded(1.6), rounding=0.0, turn=(25, 0, 0), cut=True)
    for tooth in (-0.12, 0.0, 0.12):
        solid.capsule(
            (x + tooth, y - 0.27, z - 0.06),
            (x + tooth, y - 0.27, z - 0.2),
            0.035,
            draw.paint("silver"),
            end_radius=0.02,
        )


@SHELF.thing("forklift", "forklift truck", colour="yellow", second="gray", directional=True, weight=0.8)
def _forklift(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    lift, dark = draw.between(-0.3, 0.05), draw.rgb(0.13, 0.13, 0.14)
    loaded = draw.chance(0.4)
    solid.box((0, -0.18, -0.12), (0.26, 0.14, 0.4), main, rounding=0.04)
    solid.box((0, -0.02, -0.42), (0.26, 0.24, 0.14), main, rounding=0.07)
    solid.box((0, 0.02, -0.12), (0.14, 0.05, 0.13), dark, rounding=0.03)
    solid.box((0, 0.16, -0.26), (0.14, 0.14, 0.04), dark, rounding=0.03)
    for side in (-1, 1):
        solid.capsule((side * 0.22, -0.1, 0.22), (side * 0.22, 0.55, 0.12), 0.035, dark)
        solid.capsule((side * 0.22, 0.1, -0.46), (side * 0.22, 0.55, -0.36), 0.035, dark)
        solid.box((side * 0.13, 0.14, 0.36), (0.04, 0.5, 0.04), dark, rounding=0.0)
        solid.box((side * 0.14, lift, 0.66), (0.05, 0.03, 0.28), second, rounding=0.01)
        solid.box((side * 0.14, lift + 0.12, 0.41), (0.045, 0.14, 0.03), second, rounding=0.0)
    solid.box((0, 0.57, -0.12), (0.26, 0.035, 0.3), main, rounding=0.01)
    solid.box((0, 0.62, 0.36), (0.17, 0.035, 0.045), dark, rounding=0.0)
    solid.box((0, lift + 0.18, 0.4), (0.22, 0.04, 0.03), second, rounding=0.0)
    solid.box((0, lift + 0.2, 0.68), (0.2, 0.17, 0.2), draw.wood(), rounding=0.01, when=loaded)
    solid.torus((0, 0.14, 0.16), 0.08, 0.03, dark, turn=(60, 0, 0))
    _wheels(solid, draw, 0.24, -0.32, (0.2, -0.4), 0.155, 0.075, hub=main.shaded(0.9))


@SHELF.thing("tractor", "farm tractor", colour="green", second="yellow", part="wheels", directional=True, weight=1.2)
def _tractor(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, large = draw.rgb(0.12, 0.12, 0.13), draw.between(0.32, 0.36)
    closed = draw.chance(0.6)
    solid.box((0, 0.02, 0.3), (0.17, 0.17, 0.38), main.glossy(0.4), rounding=0.05)
    solid.box((0, 0.02, 0.675), (0.13, 0.13, 0.015), dark, rounding=0.01)
    solid.box((0, -0.08, -0.2), (0.19, 0.14, 0.3), main, rounding=0.03)
    solid.box((0, 0.3, -0.26), (0.22, 0.24, 0.22), main, rounding=0.02, when=closed)
    solid.box((0, 0.32, -0.26), (0.228, 0.16, 0.16), _window(draw), rounding=0.01, when=closed)
    solid.box((0, 0.32, -0.26), (0.16, 0.16, 0.228), _window(draw), rounding=0.01, when=closed)
    solid.box((0, 0.12, -0.32), (0.14, 0.05, 0.13), dark, rounding=0.03, when=~closed)
    solid.box((0, 0.24, -0.44), (0.14, 0.13, 0.04), dark, rounding=0.03, when=~closed)
    solid.torus((0, 0.28, -0.06), 0.1, 0.03, dark, turn=(60, 0, 0), when=~closed)
    solid.box((0, 0.55, -0.26), (0.27, 0.035, 0.28), main, rounding=0.02, when=closed)
    for side in (-1, 1):
        solid.cylinder((side * 0.33, -0.06, -0.34), 0.1, large, _tyre(draw), turn=ACROSS, rounding=0.05)
        solid.cylinder((side * 0.23, -0.28, 0.44), 0.07, 0.17, _tyre(draw), turn=ACROSS, rounding=0.04)
        solid.ellipsoid((side * 0.1, 0.06, 0.68), (0.05, 0.05, 0.03), draw.rgb(1.0, 0.96, 0.72, gloss=0.6))
        solid.arc((side * 0.33, -0.06, -0.34), large + 0.03, 0.055, 55, main, turn=UPRIGHT)
        solid.cylinder((side * 0.36, -0.06, -0.34), 0.085, large * 0.56, second, turn=ACROSS)
    solid.cylinder((0, -0.28, 0.44), 0.315, 0.095, second, turn=ACROSS)
    solid.cylinder((0.09, 0.32, 0.42), 0.18, 0.035, dark)


@SHELF.thing(
    "moon rover",
    "lunar rover",
    "moon buggy",
    colour="golden",
    second="white",
    part="a dish",
    recolour=0.4,
    directional=True,
    weight=0.7,
)
def _moon_rover(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gray, dark = draw.paint("gray"), draw.rgb(0.15, 0.15, 0.16)
    solid.box((0, -0.12, 0), (0.26, 0.06, 0.6), main, rounding=0.02)
    solid.box((0, 0.0, -0.42), (0.24, 0.1, 0.16), main.shaded(0.85), rounding=0.02)
    for side in (-1, 1):
        solid.box((side * 0.13, 0.0, -0.04), (0.1, 0.04, 0.1), second, rounding=0.02)
        solid.box((side * 0.13, 0.14, -0.16), (0.1, 0.13, 0.03), second, rounding=0.02)
        for z in (0.42, -0.42):
            solid.torus((side * 0.36, -0.22, z), 0.14, 0.065, dark, turn=ACROSS)
            solid.arc((side * 0.36, -0.22, z), 0.22, 0.045, 60, main, turn=UPRIGHT)
    for z in (0.42, -0.42):
        solid.cylinder((0, -0.22, z), 0.39, 0.09, gray, turn=ACROSS)
    # The dish on its mast, a box for the camera.
    solid.capsule((0.08, -0.1, 0.48), (0.08, 0.5, 0.48), 0.03, gray)
    solid.dome((0.08, 0.6, 0.56), 0.26, second, cut_at=0.12, squash=0.8, turn=(-125, 0, 0))
    solid.ellipsoid((0.08, 0.64, 0.62), 0.05, draw.paint("red", "golden"))
    solid.capsule((-0.18, -0.1, 0.45), (-0.18, 0.2, 0.45), 0.025, gray)
    solid.box((-0.18, 0.24, 0.47), (0.07, 0.06, 0.09), draw.paint("white"), rounding=0.02)
    solid.box((0, 0.06, 0.2), (0.03, 0.12, 0.03), gray, rounding=0.01)


# ---- on rails --------------------------------------------------------------------------------------------------------


@SHELF.thing(
    "steam locomotive",
    "train",
    "toy train",
    "steam train",
    colour="red",
    second="black",
    part="a boiler",
    directional=True,
    weight=1.3,
)
def _locomotive(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gold, glass = draw.paint("golden", gloss=0.5), draw.paint("glass", gloss=0.4)
    radius, tall = draw.between(0.2, 0.24), draw.between(0.12, 0.18)
    solid.box((0, -0.24, 0), (0.26, 0.07, 0.72), main, rounding=0.01)
    solid.cylinder((0, 0.03, 0.2), 0.44, radius, second, turn=FORWARD, rounding=0.03)
    for z in (0.0, 0.32):
        solid.cylinder((0, 0.03, z), 0.026, radius + 0.018, main, turn=FORWARD)
    solid.cylinder((0, 0.03, 0.64), 0.025, radius * 0.72, main, turn=FORWARD)
    solid.box((0, 0.14, -0.46), (0.29, 0.36, 0.25), main, rounding=0.02)
    solid.box((0, 0.53, -0.46), (0.35, 0.04, 0.33), second, rounding=0.02)
    solid.box((0, 0.28, -0.46), (0.298, 0.11, 0.13), glass, rounding=0.0)
    for side in (-1, 1):
        solid.box((side * 0.17, 0.33, -0.46), (0.08, 0.08, 0.258), glass, rounding=0.0)
        solid.box((side * 0.3, -0.33, -0.08), (0.03, 0.03, 0.36), draw.paint("silver"), rounding=0.01)
    solid.cylinder((0, radius + 0.1, 0.46), tall, 0.07, second, above=0.12)
    solid.dome((0, radius + 0.02, 0.14), 0.11, gold)
    solid.ellipsoid((0, 0.06, 0.68), (0.08, 0.08, 0.05), draw.rgb(1.0, 0.95, 0.6, gloss=0.6))
    for z, size in ((0.46, 0.12), (0.12, 0.16), (-0.22, 0.16), (-0.54, 0.16)):
        solid.cylinder((0, size - 0.5, z), 0.29, size, main.shaded(0.8), turn=ACROSS)
        solid.cylinder((0, size - 0.5, z), 0.3, size * 0.4, gold, turn=ACROSS)
    solid.box((0, -0.33, 0), (0.17, 0.17, 0.62), draw.rgb(0.1, 0.1, 0.1), rounding=0.01)
    # The cowcatcher.
    solid.cylinder((0, -0.38, 0.64), 0.12, 0.27, second, above=0.12)


@SHELF.thing(
    "train wagon", "freight wagon", "railway wagon", colour="brown", second="black", directional=True, weight=0.7
)
def _wagon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, dark = draw.between(0.62, 0.72), draw.rgb(0.13, 0.13, 0.14)
    coal, high = draw.chance(0.5), draw.between(0.26, 0.32)
    top = np.where(coal, high * 2 - 0.3 - 0.12, high * 2 - 0.3)
    solid.box((0, (top - 0.26) * 0.5, 0), (0.3, (top + 0.26) * 0.5, long), main, rounding=0.0)
    for rib in (-0.96, -0.48, 0.48, 0.96):
        solid.box(
            (0, (top - 0.26) * 0.5, rib * long), (0.325, (top + 0.26) * 0.5, 0.03), main.shaded(0.75), rounding=0.0
        )
    roof = draw.paint("gray")
    solid.box((0, top + 0.02, 0), (0.35, 0.045, long + 0.04), roof, rounding=0.03, when=~coal)
    solid.box((0, top + 0.07, 0), (0.22, 0.04, long + 0.03), roof, rounding=0.03, when=~coal)
    solid.box((0, -0.02, 0), (0.33, 0.2, 0.2), main.shaded(0.7), rounding=0.0, when=~coal)
    lump = draw.rgb(0.1, 0.1, 0.11).patterned(Pattern.CLOUDS, 16.0, draw.rgb(0.28, 0.28, 0.3))
    for z in (-0.55, 0.0, 0.55):
        solid.ellipsoid((0, top - 0.02, z * long), (0.27, 0.15, 0.26), lump, when=coal)
    solid.box((0, -0.3, 0), (0.24, 0.06, long + 0.02), dark, rounding=0.01)
    for end in (-1, 1):
        solid.capsule((0, -0.28, end * long), (0, -0.28, end * (long + 0.14)), 0.04, draw.paint("gray"))
        for side in (-1, 1):
            solid.cylinder((side * 0.16, -0.28, end * (long + 0.06)), 0.04, 0.05, draw.paint("silver"), turn=FORWARD)
    _wheels(solid, draw, 0.22, -0.38, (long * 0.72, long * 0.36, -long * 0.36, -long * 0.72), 0.12, 0.035)


@SHELF.thing(
    "tram", "streetcar", "trolley", colour="green", second="cream", part="a roof", directional=True, weight=0.8
)
def _tram(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, glass, dark = draw.between(0.74, 0.84), _window(draw), draw.rgb(0.13, 0.13, 0.14)
    solid.box((0, 0.02, 0), (0.26, 0.36, long), main.glossy(0.4), rounding=0.1)
    solid.box((0, 0.36, 0), (0.24, 0.06, long - 0.06), second, rounding=0.05)
    solid.box((0, 0.42, 0), (0.13, 0.05, long * 0.5), second.shaded(0.8), rounding=0.02)
    solid.box((0, 0.12, 0), (0.267, 0.13, long - 0.1), second, rounding=0.0)
    for z in (-0.75, -0.25, 0.25, 0.75):
        solid.box((0, 0.12, z * (long - 0.12)), (0.273, 0.1, 0.16), glass, rounding=0.01)
    solid.box((0, 0.12, 0), (0.18, 0.12, long + 0.012), glass, rounding=0.01)
    solid.ellipsoid((0, -0.13, long), (0.08, 0.08, 0.04), draw.rgb(1.0, 0.96, 0.72, gloss=0.6))
    for side in (-1, 1):
        solid.box((side * 0.14, -0.13, -long), (0.05, 0.04, 0.02), draw.rgb(0.8, 0.05, 0.05), rounding=0.01)
    solid.box((0, -0.34, 0), (0.2, 0.07, long - 0.12), dark, rounding=0.02)
    _wheels(solid, draw, 0.19, -0.38, (long * 0.62, long * 0.3, -long * 0.3, -long * 0.62), 0.1, 0.04)
    # The pole for the current.
    solid.capsule((0, 0.46, 0.1), (0, 0.64, -0.14), 0.028, dark)
    solid.capsule((0, 0.64, -0.14), (0, 0.82, 0.12), 0.028, dark)
    solid.capsule((-0.16, 0.82, 0.12), (0.16, 0.82, 0.12), 0.03, dark)


# ---- on two and three wheels -----------------------------------------------------------------------------------------


@SHELF.thing("bicycle", "bike", colour="red", second="black", directional=True, weight=1.2)
def _bicycle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    ring, dark = draw.between(0.27, 0.31), draw.rgb(0.12, 0.12, 0.13)
    rear, front = (0, -0.2, -0.46), (0, -0.2, 0.48)
    pedal, seat, head = (0, -0.2, -0.04), (0, 0.22, -0.2), (0, 0.24, 0.32)
    for hub in (rear, front):
        solid.torus(hub, ring, 0.042, dark, turn=ACROSS)
        solid.star(hub, ring, draw.paint("silver"), inner=0.14, half_depth=0.016, points=6, turn=(0, 90, 0))
        solid.cylinder(hub, 0.06, 0.05, draw.paint("gray"), turn=ACROSS)
    for start, end in ((pedal, seat), (pedal, head), (seat, head), (rear, seat), (rear, pedal), (front, head)):
        solid.capsule(start, end, 0.037, main)
    solid.capsule(seat, (0, 0.3, -0.23), 0.03, draw.paint("silver"))
    solid.ellipsoid((0, 0.33, -0.24), (0.085, 0.045, 0.14), dark)
    solid.capsule(head, (0, 0.38, 0.28), 0.03, draw.paint("silver"))
    solid.capsule((-0.24, 0.4, 0.26), (0.24, 0.4, 0.26), 0.032, dark)
    for side in (-1, 1):
        solid.capsule((side * 0.24, 0.4, 0.26), (side * 0.24, 0.38, 0.14), 0.04, second)
        solid.box((side * 0.12, -0.2 - side * 0.13, -0.04 + side * 0.03), (0.055, 0.022, 0.05), dark, rounding=0.01)
    solid.cylinder(pedal, 0.05, 0.09, draw.paint("gray"), turn=ACROSS)
    solid.box((0, 0.26, 0.5), (0.14, 0.1, 0.11), draw.rgb(0.72, 0.5, 0.28), rounding=0.02, when=draw.chance(0.35))


@SHELF.thing("motorcycle", "motorbike", colour="red", second="black", directional=True, weight=1.2)
def _motorcycle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel, dark, body = draw.paint("silver", gloss=0.6), draw.rgb(0.11, 0.11, 0.12), main.glossy(0.7)
    tall = draw.between(0.42, 0.5)
    for z in (-0.48, 0.52):
        solid.torus((0, -0.26, z), 0.2, 0.085, dark, turn=ACROSS)
        solid.cylinder((0, -0.26, z), 0.05, 0.13, steel, turn=ACROSS)
        solid.arc((0, -0.26, z), 0.29, 0.055, 58, body, turn=UPRIGHT)
    solid.ellipsoid((0, 0.14, 0.12), (0.15, 0.14, 0.25), body)
    solid.box((0, 0.1, -0.3), (0.1, 0.06, 0.22), dark, rounding=0.05)
    solid.capsule((0, 0.1, -0.4), (0, 0.16, -0.62), 0.08, body, end_radius=0.05)
    solid.box((0, -0.16, 0.05), (0.11, 0.14, 0.19), draw.paint("gray"), rounding=0.04)
    solid.cylinder((0, -0.14, 0.05), 0.15, 0.09, steel, turn=ACROSS)
    for side in (-1, 1):
        solid.capsule((side * 0.09, -0.26, 0.52), (side * 0.1, tall - 0.1, 0.28), 0.035, steel)
        solid.capsule((side * 0.06, tall - 0.06, 0.28), (side * 0.3, tall, 0.16), 0.032, dark)
        solid.capsule((side * 0.24, tall - 0.01, 0.19), (side * 0.32, tall, 0.13), 0.045, dark)
        solid.capsule((side * 0.15, -0.28, 0.0), (side * 0.17, -0.26, -0.62), 0.05, steel)
    solid.ellipsoid((0, 0.22, 0.42), (0.11, 0.11, 0.08), body)
    solid.ellipsoid((0, 0.22, 0.48), (0.085, 0.085, 0.05), draw.rgb(1.0, 0.96, 0.72, gloss=0.6))
    solid.box((0, 0.14, -0.69), (0.05, 0.035, 0.03), draw.rgb(0.85, 0.05, 0.05), rounding=0.01)
    solid.box(
        (0, 0.42, 0.4),
        (0.13, 0.12, 0.018),
        draw.paint("glass", gloss=0.8),
        rounding=0.01,
        turn=(-35, 0, 0),
        when=draw.chance(0.4),
    )


@SHELF.thing("motor scooter", "scooter", "moped", colour="teal", second="brown", part="a seat", directional=True)
def _scooter(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body, dark = main.glossy(0.6), draw.rgb(0.11, 0.11, 0.12)
    steel = draw.paint("silver", gloss=0.6)
    for z in (-0.4, 0.46):
        solid.cylinder((0, -0.36, z), 0.07, 0.155, dark, turn=ACROSS, rounding=0.05)
        solid.cylinder((0, -0.36, z), 0.08, 0.07, steel, turn=ACROSS)
    # The shield for the legs, the step, the swelling tail.
    solid.box((0, 0.02, 0.3), (0.2, 0.3, 0.04), body, rounding=0.04, turn=(-16, 0, 0))
    solid.box((0, -0.28, 0.06), (0.17, 0.04, 0.27), body, rounding=0.03)
    solid.ellipsoid((0, -0.14, -0.38), (0.2, 0.2, 0.32), body)
    solid.capsule((0, 0.02, -0.2), (0, -0.24, -0.14), 0.14, body)
    solid.box((0, 0.11, -0.34), (0.13, 0.06, 0.28), second, rounding=0.055)
    solid.arc((0, -0.36, 0.46), 0.19, 0.07, 60, body, turn=UPRIGHT)
    solid.capsule((0, -0.3, 0.44), (0, 0.44, 0.22), 0.055, body)
    solid.ellipsoid((0, 0.42, 0.26), (0.13, 0.1, 0.1), body)
    solid.ellipsoid((0, 0.43, 0.35), (0.08, 0.07, 0.04), draw.rgb(1.0, 0.96, 0.72, gloss=0.6))
    solid.capsule((-0.3, 0.47, 0.18), (0.3, 0.47, 0.18), 0.032, dark)
    for side in (-1, 1):
        solid.capsule((side * 0.24, 0.47, 0.18), (side * 0.33, 0.47, 0.17), 0.045, dark)
        solid.capsule((side * 0.2, 0.48, 0.2), (side * 0.26, 0.62, 0.22), 0.018, steel)
        solid.cylinder((side * 0.27, 0.66, 0.22), 0.02, 0.06, steel, turn=FORWARD)
    solid.box((0, -0.06, -0.7), (0.06, 0.04, 0.03), draw.rgb(0.85, 0.05, 0.05), rounding=0.01)


@SHELF.thing(
    "tricycle", "children's tricycle", colour="red", second="blue", part="wheels", directional=True, weight=0.8
)
def _tricycle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    large, dark = draw.between(0.26, 0.3), draw.rgb(0.12, 0.12, 0.13)
    yellow = draw.paint("yellow", "white")
    front = large - 0.55
    solid.cylinder((0, front, 0.38), 0.06, large, second, turn=ACROSS, rounding=0.05)
    solid.cylinder((0, front, 0.38), 0.07, large * 0.5, yellow, turn=ACROSS)
    for side in (-1, 1):
        solid.cylinder((side * 0.3, -0.39, -0.4), 0.055, 0.165, second, turn=ACROSS, rounding=0.05)
        solid.capsule((side * 0.09, front, 0.38), (side * 0.09, 0.2, 0.26), 0.035, main)
        solid.capsule((side * 0.02, 0.36, 0.2), (side * 0.26, 0.42, 0.06), 0.035, main)
        solid.capsule((side * 0.22, 0.41, 0.08), (side * 0.29, 0.43, 0.02), 0.055, yellow)
        solid.box((side * 0.17, front - side * 0.1, 0.38 + side * 0.04), (0.08, 0.03, 0.06), dark, rounding=0.01)
    solid.cylinder((0, -0.39, -0.4), 0.37, 0.07, yellow, turn=ACROSS)
    solid.capsule((0, 0.1, 0.28), (0, 0.4, 0.18), 0.06, main)
    solid.capsule((0, 0.12, 0.26), (0, -0.24, -0.06), 0.065, main)
    solid.capsule((0, -0.24, -0.06), (0, -0.32, -0.42), 0.065, main)
    solid.capsule((0, -0.22, -0.16), (0, -0.06, -0.2), 0.05, main)
    solid.box((0, -0.02, -0.22), (0.17, 0.045, 0.17), main, rounding=0.04)
    solid.box((0, 0.12, -0.37), (0.15, 0.12, 0.04), main, rounding=0.04, turn=(-15, 0, 0))


@SHELF.thing("skateboard", colour="purple", second="yellow", part="wheels", weight=1.0)
def _skateboard(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, kick = draw.between(0.48, 0.56), draw.between(20.0, 28.0)
    solid.box((0, 0.0, 0), (0.22, 0.04, long), main, rounding=0.035)
    for end in (-1, 1):
        rise = np.sin(np.deg2rad(kick)) * 0.12
        # A board ends in half a disc, bent upwards.
        solid.cylinder((0, rise * 1.1, end * (long + 0.1)), 0.04, 0.22, main, rounding=0.03, turn=(-end * kick, 0, 0))
        solid.box((0, -0.09, end * long * 0.66), (0.08, 0.06, 0.06), draw.paint("silver"), rounding=0.01)
        for side in (-1, 1):
            solid.cylinder((side * 0.2, -0.16, end * long * 0.66), 0.055, 0.095, second, turn=ACROSS, rounding=0.03)
        solid.cylinder((0, -0.16, end * long * 0.66), 0.27, 0.035, draw.paint("silver"), turn=ACROSS)
    badge = draw.paint("white", "yellow", "orange", "black")
    solid.star((0, 0.035, 0), 0.17, badge, half_depth=0.012, turn=(-90, 0, 0), when=draw.chance(0.5))


# ---- pushed and pulled -----------------------------------------------------------------------------------------------


@SHELF.thing(
    "shopping cart", "shopping trolley", colour="silver", second="red", part="a handle", recolour=0.5, directional=True
)
def _shopping_cart(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel, high = main.glossy(0.5), draw.between(0.2, 0.25)
    full = draw.chance(0.4)
    # Slots cut from a hollow box leave the wires.
    solid.box((0, 0.1, 0.04), (0.34, high, 0.5), steel, rounding=0.0)
    solid.box((0, 0.15, 0.04), (0.295, high, 0.455), steel.shaded(0.7), rounding=0.0, cut=True)
    for slot in (-0.38, -0.19, 0.0, 0.19, 0.38):
        solid.box((0, 0.1, 0.04 + slot), (0.6, high - 0.06, 0.062), steel, rounding=0.0, cut=True)
    for slot in (-0.2, 0.0, 0.2):
        solid.box((slot, 0.1, 0.04), (0.065, high - 0.06, 0.8), steel, rounding=0.0, cut=True)
    _slope(solid, 0.1 - high, 0.42, -14.0, steel)
    for side in (-1, 1):
        solid.capsule((side * 0.32, 0.1 + high, -0.42), (side * 0.32, 0.2 + high, -0.6), 0.032, steel)
        solid.capsule((side * 0.3, 0.1 - high, -0.44), (side * 0.3, -0.42, -0.38), 0.032, steel)
        solid.capsule((side * 0.3, -0.42, -0.38), (side * 0.26, -0.42, 0.4), 0.032, steel)
        for z in (-0.38, 0.4):
            solid.cylinder((side * 0.28, -0.5, z), 0.04, 0.09, _tyre(draw), turn=ACROSS)
    solid.capsule((-0.34, 0.2 + high, -0.6), (0.34, 0.2 + high, -0.6), 0.045, second)
    for x, z, size in ((-0.12, -0.14, 0.17), (0.1, 0.05, 0.19), (-0.1, 0.24, 0.16)):
        goods = draw.paint("red", "orange", "green", "yellow", "brown")
        solid.ellipsoid((x, 0.14, z), size, goods, when=full)


@SHELF.thing("wheelbarrow", colour="green", second="wood", part="handles", directional=True)
def _wheelbarrow(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    full, wood = draw.chance(0.5), second
    solid.box((0, 0.08, 0.02), (0.34, 0.2, 0.44), main, rounding=0.02)
    _slope(solid, -0.12, 0.2, -38.0, main)
    _slope(solid, -0.12, -0.34, -18.0, main, front=-1)
    solid.box((0, 0.16, 0.0), (0.29, 0.2, 0.3), main.shaded(0.7), rounding=0.0, cut=True)
    earth = draw.paint("brown").patterned(Pattern.CLOUDS, 14.0)
    solid.ellipsoid((0, 0.2, -0.01), (0.26, 0.18, 0.28), earth, when=full)
    solid.cylinder((0, -0.26, 0.56), 0.06, 0.21, _tyre(draw), turn=ACROSS, rounding=0.05)
    solid.cylinder((0, -0.26, 0.56), 0.075, 0.1, draw.paint("red", "yellow", "silver"), turn=ACROSS)
    for side in (-1, 1):
        solid.capsule((side * 0.1, -0.26, 0.56), (side * 0.26, 0.0, -0.86), 0.045, wood)
        solid.capsule((side * 0.26, -0.02, -0.74), (side * 0.27, 0.01, -0.92), 0.06, draw.paint("black"))
        solid.capsule((side * 0.22, -0.12, -0.24), (side * 0.24, -0.46, -0.36), 0.042, draw.paint("gray"))


@SHELF.thing("baby stroller", "pram", "baby carriage", colour="pink", second="white", part="wheels", directional=True)
def _stroller(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    steel, wheel = draw.paint("silver", gloss=0.5), draw.between(0.15, 0.18)
    # A tub: half a long ellipsoid, hollow; the hood, a quarter of a ball, stands at its back.
    solid.ellipsoid((0, 0.06, -0.26), (0.3, 0.42, 0.34), main.patterned(Pattern.BANDS, 5.0))
    solid.ellipsoid((0, 0.05, -0.2), (0.25, 0.36, 0.32), main.shaded(0.6), cut=True)
    solid.box((0, 0.4, 0.4), (1.0, 0.4, 0.6), main.shaded(0.6), rounding=0.0, cut=True)
    solid.ellipsoid((0, 0.02, 0.04), (0.3, 0.3, 0.56), main)
    solid.box((0, 0.5, 0.5), (1.0, 0.46, 0.7), draw.paint("white"), rounding=0.0, cut=True)
    solid.ellipsoid((0, 0.02, 0.2), (0.27, 0.1, 0.34), draw.paint("white", "light blue", "cream"))
    solid.ellipsoid((0, 0.12, -0.16), 0.1, draw.paint("skin"))
    for side in (-1, 1):
        solid.capsule((side * 0.24, -0.2, -0.2), (side * 0.26, 0.3, -0.72), 0.03, steel)
        for z in (-0.3, 0.36):
            solid.torus((side * 0.28, wheel - 0.62, z), wheel - 0.04, 0.042, _tyre(draw), turn=ACROSS)
            solid.cylinder((side * 0.28, wheel - 0.62, z), 0.03, wheel - 0.05, second, turn=ACROSS)
            solid.capsule((side * 0.22, wheel - 0.62, z), (side * 0.16, -0.2, -z * 0.2), 0.03, steel)
    solid.capsule((-0.26, 0.3, -0.72), (0.26, 0.3, -0.72), 0.042, draw.paint("black"))


@SHELF.thing(
    "carriage",
    "royal coach",
    "horse carriage",
    colour="purple",
    second="golden",
    part="wheels",
    directional=True,
    weight=0.8,
)
def _carriage(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gold, glass = second.glossy(0.5), _window(draw)
    high = draw.between(0.32, 0.38)
    solid.ellipsoid((0, 0.1, -0.1), (0.3, high, 0.44), main)
    solid.box((0, 0.18, -0.1), (0.31, 0.13, 0.14), glass, rounding=0.02)
    solid.box((0, 0.2, -0.1), (0.16, 0.11, 0.425), glass, rounding=0.02)
    solid.cylinder((0, 0.1 + high, -0.1), 0.03, 0.18, gold)
    solid.ellipsoid((0, 0.17 + high, -0.1), 0.075, gold)
    solid.box((0, -0.2, 0.1), (0.12, 0.05, 0.62), gold, rounding=0.02)
    # The coachman's bench in front.
    solid.box((0, -0.04, 0.55), (0.2, 0.05, 0.12), main.shaded(0.8), rounding=0.03)
    solid.box((0, 0.08, 0.45), (0.2, 0.12, 0.035), main.shaded(0.8), rounding=0.03)
    solid.box((0, -0.14, 0.72), (0.18, 0.04, 0.1), gold, rounding=0.02, turn=(-35, 0, 0))
    for z, size in ((-0.4, 0.28), (0.5, 0.21)):
        for side in (-1, 1):
            hub = (side * 0.34, size - 0.56, z)
            solid.torus(hub, size - 0.03, 0.04, gold, turn=ACROSS)
            solid.star(hub, size, gold, inner=0.2, half_depth=0.028, points=8, turn=(0, 90, 0))
        solid.cylinder((0, size - 0.56, z), 0.38, 0.06, main.shaded(0.7), turn=ACROSS)
    lamp = draw.rgb(1.0, 0.92, 0.5)
    for side in (-1, 1):
        solid.box((side * 0.3, 0.14, 0.3), (0.045, 0.07, 0.045), lamp, rounding=0.02)


# ---- in the air ------------------------------------------------------------------------------------------------------


def _delta(solid: Solid, paint: Paint, span: Scalar, front: float, back: float, height: float) -> None:
    """Flat triangular wings, their tip forward. The cuts reach out from the leading edges only."""
    half, middle = (front - back) * 0.5, (front + back) * 0.5
    solid.box((0, height, middle), (span, 0.028, half), paint, rounding=0.0)
    sweep, edge = np.rad2deg(np.arctan2(span, 2.0 * half)), np.hypot(span, 2.0 * half) * 0.5
    for side in (-1, 1):
        x = side * (np.asarray(span) * 0.5 + 0.4 * np.cos(np.deg2rad(sweep)))
        z = middle + 0.4 * np.sin(np.deg2rad(sweep))
        solid.box((x, height, z), (0.4, 0.05, edge), paint, rounding=0.0, turn=(0, -side * sweep, 0), cut=True)


@SHELF.thing(
    "airplane",
    "plane",
    "jet airplane",
    "airliner",
    colour="white",
    second="blue",
    part="wings",
    directional=True,
    weight=1.5,
)
def _airplane(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    sweep, jet = draw.between(14.0, 30.0), draw.chance(0.65)
    body, glass = main.glossy(0.5), _window(draw)
    solid.capsule((0, 0.02, -0.62), (0, 0, 0.0), 0.07, body, end_radius=0.15)
    solid.capsule((0, 0, -0.05), (0, 0, 0.52), 0.15, body, end_radius=0.145)
    for side in (-1, 1):
        turn = (0.0, side * sweep, 0.0)
        solid.box((side * 0.44, -0.05, 0.02 - 0.006 * sweep), (0.38, 0.028, 0.13), second, rounding=0.02, turn=turn)
        solid.box((side * 0.17, 0.05, -0.6), (0.17, 0.024, 0.08), second, rounding=0.015, turn=turn)
        solid.cylinder(
            (side * 0.34, -0.13, 0.06), 0.13, 0.065, draw.paint("gray"), turn=FORWARD, rounding=0.03, when=jet
        )
        solid.cylinder((side * 0.34, -0.13, 0.19), 0.02, 0.045, draw.paint("black"), turn=FORWARD, when=jet)
    solid.box((0, 0.2, -0.62), (0.024, 0.18, 0.1), second, rounding=0.015, turn=(-22, 0, 0))
    solid.box((0, 0.08, 0.58), (0.1, 0.045, 0.06), glass, rounding=0.03, turn=(35, 0, 0))
    for z in (-0.3, -0.15, 0.0, 0.15, 0.3):
        reach = np.where(z < 0.0, 0.15 + 0.13 * z, 0.15) + 0.004
        solid.cylinder((0, 0.045, z), reach * 0.98, 0.035, glass, turn=ACROSS, when=jet)
    solid.box(
        (0, 0.0, 0.68),
        (0.26, 0.04, 0.016),
        draw.paint("brown"),
        rounding=0.0,
        turn=(0, 0, draw.between(0, 180)),
        when=~jet,
    )
    solid.ellipsoid((0, 0, 0.67), 0.06, second, when=~jet)
    solid.ellipsoid((0, 0.12, 0.25), (0.1, 0.1, 0.2), glass, when=~jet)


@SHELF.thing("biplane", "propeller plane", colour="red", second="yellow", part="a tail", directional=True)
def _biplane(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wood, dark, gap = draw.wood(), draw.rgb(0.1, 0.1, 0.1), draw.between(0.32, 0.38)
    solid.capsule((0, 0.02, -0.66), (0, 0, 0.3), 0.06, main, end_radius=0.155)
    solid.cylinder((0, 0, 0.38), 0.1, 0.165, second, turn=FORWARD, rounding=0.04)
    solid.ellipsoid((0, 0.16, -0.08), (0.09, 0.08, 0.13), dark, cut=True)
    solid.ellipsoid((0, 0.17, -0.1), 0.085, draw.paint("brown"))
    solid.box((0, 0.18, -0.02), (0.07, 0.03, 0.02), draw.paint("golden"), rounding=0.01)
    solid.box((0, -0.09, 0.18), (0.72, 0.028, 0.14), main, rounding=0.02)
    solid.box((0, gap - 0.04, 0.22), (0.78, 0.028, 0.14), main, rounding=0.02)
    for side in (-1, 1):
        for x in (0.52, 0.12):
            for z in (0.12, 0.28):
                solid.capsule((side * x, -0.08, z), (side * x, gap - 0.04, z + 0.03), 0.024, wood)
        solid.cylinder((side * 0.2, -0.3, 0.26), 0.04, 0.1, dark, turn=ACROSS, rounding=0.03)
        solid.capsule((side * 0.08, -0.1, 0.24), (side * 0.2, -0.3, 0.26), 0.025, wood)
    solid.box((0, 0.04, -0.64), (0.26, 0.022, 0.09), second, rounding=0.015)
    solid.box((0, 0.15, -0.68), (0.022, 0.13, 0.09), second, rounding=0.015)
    solid.box((0, 0, 0.52), (0.32, 0.045, 0.016), wood, rounding=0.0, turn=(0, 0, draw.between(0, 180)))
    solid.ellipsoid((0, 0, 0.52), 0.06, draw.paint("silver"))


@SHELF.thing("fighter jet", "jet fighter", colour="gray", second="gray", directional=True, weight=0.8)
def _fighter(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    glass, dark = (
        draw.rgb(0.85, 0.6, 0.15, gloss=0.8).where(draw.chance(0.3), _window(draw)),
        draw.rgb(0.12, 0.12, 0.13),
    )
    span = draw.between(0.48, 0.56)
    _delta(solid, main.shaded(0.9), span * 0.6, -0.4, -0.78, -0.02)
    _delta(solid, main.shaded(0.9), span, 0.5, -0.5, -0.03)
    solid.capsule((0, 0.0, -0.62), (0, -0.01, 0.3), 0.115, main)
    solid.capsule((0, -0.01, 0.28), (0, -0.04, 0.94), 0.115, main, end_radius=0.02)
    solid.ellipsoid((0, 0.1, 0.3), (0.075, 0.09, 0.22), glass)
    for side in (-1, 1):
        solid.box((side * 0.14, -0.03, 0.0), (0.06, 0.085, 0.26), main.shaded(0.95), rounding=0.03)
        solid.box((side * 0.14, -0.03, 0.26), (0.045, 0.06, 0.01), dark, rounding=0.0)
        solid.box((side * 0.15, 0.19, -0.58), (0.02, 0.17, 0.11), main, rounding=0.01, turn=(-25, 0, -side * 14))
        solid.cylinder((side * 0.075, 0.0, -0.76), 0.06, 0.075, dark, turn=FORWARD)
        solid.capsule((side * 0.36, -0.09, -0.42), (side * 0.36, -0.09, -0.02), 0.035, draw.paint("white", "red"))


@SHELF.thing("helicopter", colour="red", second="black", part="rotor blades", directional=True, weight=1.2)
def _helicopter(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, first = draw.rgb(0.12, 0.12, 0.13), draw.between(0.0, 90.0)
    solid.ellipsoid((0, 0, 0.15), (0.26, 0.27, 0.4), main.glossy(0.5))
    solid.ellipsoid((0, 0.05, 0.3), (0.215, 0.2, 0.275), draw.rgb(0.3, 0.5, 0.68, gloss=0.8))
    solid.capsule((0, 0.08, -0.1), (0, 0.13, -0.8), 0.09, main, end_radius=0.045)
    solid.box((0, 0.24, -0.8), (0.025, 0.16, 0.08), main, rounding=0.01, turn=(-20, 0, 0))
    solid.box((0, 0.12, -0.66), (0.18, 0.022, 0.06), main, rounding=0.01)
    solid.cylinder((0.05, 0.24, -0.82), 0.014, 0.13, second, turn=ACROSS)
    solid.box((0, 0.24, 0.05), (0.11, 0.07, 0.2), main.shaded(0.85), rounding=0.05)
    solid.cylinder((0, 0.34, 0.08), 0.08, 0.045, dark)
    for quarter in (0.0, 90.0):
        solid.box((0, 0.41, 0.08), (0.78, 0.018, 0.055), second, rounding=0.0, turn=(0, first + quarter, 0))
    for side in (-1, 1):
        solid.capsule((side * 0.22, -0.38, -0.24), (side * 0.22, -0.38, 0.46), 0.032, dark)
        solid.capsule((side * 0.22, -0.36, 0.48), (side * 0.22, -0.3, 0.56), 0.03, dark)
        for z in (-0.06, 0.28):
            solid.capsule((side * 0.22, -0.38, z), (side * 0.12, -0.18, z), 0.028, dark)
        solid.box((side * 0.245, -0.02, 0.06), (0.02, 0.11, 0.07), draw.rgb(0.3, 0.5, 0.68, gloss=0.8), rounding=0.01)


@SHELF.thing("drone", "quadcopter", colour="white", second="black", directional=True, weight=0.9)
def _drone(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    dark, light = draw.rgb(0.14, 0.14, 0.15), draw.paint("red", "green", "blue")
    reach = draw.between(0.42, 0.48)
    guards = draw.chance(0.5)
    solid.box((0, 0.0, 0), (0.2, 0.09, 0.26), main.glossy(0.4), rounding=0.07)
    for x in (-1, 1):
        for z in (-1, 1):
            tip = (x * reach, 0.06, z * reach)
            solid.capsule((x * 0.12, 0.02, z * 0.16), tip, 0.05, main)
            solid.cylinder((x * reach, 0.1, z * reach), 0.07, 0.065, dark)
            turn = (0.0, draw.between(0.0, 180.0), 0.0)
            solid.box((x * reach, 0.18, z * reach), (0.27, 0.016, 0.042), second, rounding=0.0, turn=turn)
            solid.torus((x * reach, 0.12, z * reach), 0.29, 0.028, main, when=guards)
        solid.capsule((x * 0.18, -0.04, 0), (x * 0.24, -0.24, 0), 0.03, dark)
        solid.capsule((x * 0.24, -0.26, -0.22), (x * 0.24, -0.26, 0.22), 0.032, dark)
    solid.ellipsoid((0, -0.1, 0.22), 0.09, dark)
    solid.cylinder((0, -0.1, 0.3), 0.03, 0.05, draw.rgb(0.2, 0.4, 0.7, gloss=0.8), turn=FORWARD)
    solid.box((0, 0.02, -0.26), (0.1, 0.03, 0.02), light, rounding=0.01)


@SHELF.thing("hot air balloon", colour="red", second="yellow", part="stripes", weight=1.3)
def _hot_air_balloon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    cloth = main.patterned(Pattern.SECTORS, draw.pick(4.0, 6.0, 8.0), second)
    wide, basket = draw.between(0.44, 0.5), draw.wood()
    solid.ellipsoid((0, 0.32, 0), (wide, 0.48, wide), cloth)
    solid.cylinder((0, -0.1, 0), 0.16, 0.13, cloth, above=wide * 0.74)
    solid.torus((0, -0.26, 0), 0.12, 0.03, main.shaded(0.8))
    for x in (-1, 1):
        for z in (-1, 1):
            solid.capsule((x * 0.12, -0.55, z * 0.12), (x * 0.1, -0.26, z * 0.1), 0.02, draw.paint("brown"))
    solid.box((0, -0.62, 0), (0.15, 0.12, 0.15), basket, rounding=0.03)
    solid.box((0, -0.5, 0), (0.17, 0.03, 0.17), draw.paint("brown"), rounding=0.02)


@SHELF.thing("blimp", "airship", "zeppelin", colour="silver", second="blue", part="fins", directional=True, weight=0.8)
def _blimp(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide = draw.between(0.27, 0.33)
    solid.ellipsoid((0, 0.05, 0), (wide, wide, 0.82), main.glossy(0.3))
    solid.torus((0, 0.05, 0.3), wide * 0.92, 0.03, second, turn=FORWARD, when=draw.chance(0.5))
    for turn in (45.0, 135.0):
        solid.box((0, 0.05, -0.62), (wide + 0.1, 0.03, 0.14), second, rounding=0.02, turn=(0, 0, turn))
    solid.box((0, -0.02 - wide, 0.12), (0.1, 0.08, 0.24), second, rounding=0.05)
    solid.box((0, 0.0 - wide, 0.14), (0.107, 0.035, 0.18), draw.paint("glass", gloss=0.6), rounding=0.01)
    for side in (-1, 1):
        solid.cylinder((side * 0.15, -0.02 - wide, -0.08), 0.08, 0.045, draw.paint("gray"), turn=FORWARD)
        solid.box((side * 0.15, -0.02 - wide, -0.17), (0.1, 0.022, 0.01), draw.paint("black"), rounding=0.0)


@SHELF.thing("rocket", "space rocket", "rocket ship", colour="white", second="red", part="fins", weight=1.6)
def _rocket(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, radius = draw.between(0.3, 0.4), draw.between(0.2, 0.25)
    count, first = np.where(draw.chance(0.5), 3, 4), draw.between(-8.0, 8.0)
    body = main.glossy(0.4)
    fat, flame = draw.chance(0.4), draw.chance(0.35)
    solid.cylinder((0, 0, 0), high, radius, body, rounding=0.02)
    solid.ellipsoid((0, -0.06, 0), (radius + 0.06, high + 0.05, radius + 0.06), body, when=fat)
    solid.cylinder((0, high + 0.17, 0), 0.18, radius * 0.98, second, above=0.02, rounding=0.015)
    solid.ellipsoid((0, high + 0.36, 0), 0.04, second)
    solid.cylinder((0, -high - 0.05, 0), 0.07, radius * 0.55, draw.paint("gray"), above=radius * 0.8)
    out = radius + np.where(fat, 0.05, 0.0)
    for y, size in ((0.16, 0.11), (-0.14, 0.075)):
        solid.cylinder((0, y, out - 0.02), 0.045, size, draw.paint("silver", "golden"), turn=FORWARD)
        solid.cylinder((0, y, out - 0.01), 0.05, size * 0.68, draw.rgb(0.35, 0.68, 0.92, gloss=0.7), turn=FORWARD)
    for fin in range(4):
        turn = first + 45.0 + fin * 360.0 / count
        x, z = np.cos(np.deg2rad(turn)), -np.sin(np.deg2rad(turn))
        there = fin < count
        reach = radius + 0.09
        solid.box(
            (reach * x, -high + 0.06, reach * z),
            (0.12, 0.14, 0.028),
            second,
            rounding=0.02,
            turn=(0, turn, 0),
            when=there,
        )
        reach = radius + 0.18
        solid.box(
            (reach * x, -high - 0.08, reach * z),
            (0.055, 0.15, 0.028),
            second,
            rounding=0.02,
            turn=(0, turn, 0),
            when=there,
        )
    fire = draw.rgb(1.0, 0.85, 0.2).patterned(Pattern.GRADIENT, 5.0, draw.rgb(1.0, 0.45, 0.05))
    solid.cylinder((0, -high - 0.28, 0), 0.17, 0.02, fire, above=radius * 0.6, when=flame)


@SHELF.thing("space shuttle", colour="white", second="black", part="a belly", recolour=0.3, directional=True)
def _shuttle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    span, dark = draw.between(0.5, 0.58), draw.rgb(0.1, 0.1, 0.11)
    _delta(solid, main, span, 0.24, -0.72, -0.08)
    _delta(solid, second, span + 0.02, 0.3, -0.74, -0.13)
    solid.capsule((0, 0.02, -0.6), (0, 0.02, 0.32), 0.19, main)
    solid.capsule((0, 0.02, 0.3), (0, -0.03, 0.68), 0.19, main, end_radius=0.1)
    solid.box((0, -0.14, 0.1), (0.15, 0.06, 0.55), second, rounding=0.04)
    solid.capsule((0, -0.06, 0.62), (0, -0.07, 0.74), 0.085, second)
    solid.box((0, 0.34, -0.64), (0.026, 0.22, 0.14), main, rounding=0.01, turn=(-32, 0, 0))
    solid.box((0, 0.34, -0.78), (0.03, 0.2, 0.03), second, rounding=0.01, turn=(-32, 0, 0))
    for side in (-1, 1):
        solid.capsule((side * 0.13, 0.14, -0.75), (side * 0.12, 0.16, -0.5), 0.085, main)
        solid.cylinder((side * 0.1, -0.03, -0.86), 0.09, 0.1, dark, above=0.07, turn=FORWARD)
        solid.box((side * 0.07, 0.14, 0.52), (0.05, 0.05, 0.045), dark, rounding=0.01, turn=(35, side * 20, 0))
        solid.box((side * 0.188, 0.08, -0.1), (0.012, 0.035, 0.16), draw.paint("blue", "red"), rounding=0.0)
    solid.cylinder((0, 0.13, -0.86), 0.09, 0.1, dark, above=0.07, turn=FORWARD)


@SHELF.thing("ufo", "flying saucer", "alien spaceship", colour="silver", second="green", part="lights", weight=1.2)
def _ufo(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    thick, dome = draw.between(0.12, 0.17), draw.between(0.26, 0.31)
    alien = draw.rgb(0.35, 0.8, 0.3)
    glass = draw.rgb(0.55, 0.85, 0.95, gloss=0.9)
    solid.ellipsoid((0, 0, 0), (0.68, thick, 0.68), main.glossy(0.7))
    solid.cylinder((0, 0.0, 0), 0.028, 0.7, main.shaded(0.75))
    solid.ellipsoid((0, thick * 0.7, 0), (dome, dome, dome), glass)
    solid.torus((0, thick * 0.86, 0), dome + 0.02, 0.045, main.shaded(0.8))
    solid.cylinder((0, -thick - 0.01, 0), 0.06, 0.24, draw.paint("gray"), above=0.34)
    for lamp in range(8):
        angle = np.deg2rad(45.0 * lamp + 22.5)
        place = (0.53 * np.cos(angle), thick * 0.66, 0.53 * np.sin(angle))
        solid.ellipsoid(place, 0.068, second.glossy(0.6))
    legs = draw.chance(0.5)
    for leg in range(3):
        angle = np.deg2rad(120.0 * leg + 90.0)
        x, z = float(np.cos(angle)), float(np.sin(angle))
        solid.capsule(
            (0.26 * x, -thick * 0.7, 0.26 * z),
            (0.42 * x, -thick - 0.24, 0.42 * z),
            0.035,
            draw.paint("gray"),
            when=legs,
        )
    solid.ellipsoid((0, thick * 0.7 + dome, 0), 0.06, alien, when=draw.chance(0.4))


@SHELF.thing(
    "satellite", "space satellite", colour="golden", second="blue", part="solar panels", recolour=0.4, weight=0.9
)
def _satellite(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    long, dish = draw.between(0.3, 0.36), draw.between(0.2, 0.25)
    cells = second.glossy(0.5).patterned(Pattern.CHECKS, 10.0, second.shaded(0.65))
    steel = draw.paint("silver", gloss=0.4)
    solid.box((0, 0, 0), (0.2, 0.24, 0.2), main.glossy(0.5), rounding=0.02)
    solid.box((0, 0, 0), (0.207, 0.03, 0.207), main.shaded(0.7), rounding=0.0)
    tilt = draw.between(-50.0, -20.0)
    for side in (-1, 1):
        solid.capsule((side * 0.18, 0, 0), (side * 0.36, 0, 0), 0.035, steel)
        solid.box((side * (0.32 + long), 0, 0), (long, 0.21, 0.026), steel, rounding=0.0, turn=(tilt, 0, 0))
        solid.box((side * (0.32 + long), 0, 0), (long - 0.03, 0.18, 0.036), cells, rounding=0.0, turn=(tilt, 0, 0))
    solid.capsule((0, 0.1, 0.15), (0, 0.18, 0.36), 0.03, steel)
    solid.ellipsoid((0, 0.2, 0.42), (dish, dish * 0.4, dish), draw.paint("white", jitter=0.02), turn=(60, 0, 0))
    solid.ellipsoid(
        (0, 0.27, 0.53),
        (dish * 0.92, dish * 0.45, dish * 0.92),
        draw.paint("gray").pale(0.3),
        turn=(60, 0, 0),
        cut=True,
    )
    solid.capsule((0, 0.2, 0.4), (0, 0.28, 0.56), 0.022, steel)
    solid.ellipsoid((0, 0.28, 0.56), 0.045, draw.paint("red"))
    solid.cylinder((0, -0.3, 0), 0.07, 0.09, draw.paint("gray"), above=0.06)
    solid.capsule((0.1, 0.22, -0.1), (0.14, 0.5, -0.12), 0.022, steel)
    solid.ellipsoid((0.14, 0.5, -0.12), 0.04, draw.paint("red"))


# ---- on and under water ----------------------------------------------------------------------------------------------


def _hull(
    solid: Solid, paint: Paint, wide: Scalar, deep: Scalar, long: Scalar, deck: float, stern: float = 1.0
) -> None:
    """The lower half of an ellipsoid whose flat top is at `deck`; its stern is cut off at `stern` of its half length.
    It must come first: it takes away all that is outside."""
    solid.box((0, deck - np.asarray(deep) * 0.5, 0), (wide, np.asarray(deep) * 0.5, long), paint, rounding=0.0)
    solid.ellipsoid((0, deck, 0), (wide, deep, long), paint, clip=True)
    if stern < 1.0:
        back = -np.asarray(long) * stern
        solid.box((0, deck, back - 1.0), (2.0, 2.0, 1.0), paint.shaded(0.8), rounding=0.0, cut=True)


def _sail(solid: Solid, paint: Paint, mast: float, foot: Scalar, low: float, high: Scalar) -> None:
    """A right triangle in the yz plane: one side along a mast at z = `mast`, one from there to z = `foot`."""
    away = 1.0 if np.all(np.asarray(foot) > mast) else -1.0
    base, tall = np.abs(np.asarray(foot) - mast), np.asarray(high) - low
    solid.box((0, low + tall * 0.5, mast + away * base * 0.5), (0.024, tall * 0.5, base * 0.5), paint, rounding=0.0)
    tilt, length = np.arctan2(base, tall), np.hypot(base, tall)
    y = low + tall * 0.5 + 0.4 * np.sin(tilt)
    z = mast + away * (base * 0.5 + 0.4 * np.cos(tilt))
    turn = (-away * np.rad2deg(tilt), 0.0, 0.0)
    solid.box((0, y, z), (0.3, length * 0.5, 0.4), paint, rounding=0.0, turn=turn, cut=True)


@SHELF.thing(
    "sailboat", "sailing boat", "boat", colour="brown", second="white", part="sails", directional=True, weight=1.3
)
def _sailboat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    high, foot, wood = draw.between(0.74, 0.88), draw.between(0.5, 0.58), draw.wood()
    _hull(solid, main, 0.25, draw.between(0.26, 0.32), 0.7, -0.18, 0.86)
    solid.box((0, -0.14, -0.1), (0.15, 0.1, 0.36), main.shaded(0.6), rounding=0.04, cut=True)
    _sail(solid, second, 0.02, -foot, -0.06, high)
    _sail(solid, second.shaded(0.94), 0.1, 0.62, -0.1, high * 0.82)
    solid.cylinder((0, high * 0.5 - 0.16, 0.06), high * 0.5 + 0.12, 0.034, wood)
    solid.capsule((0, -0.08, 0.06), (0, -0.08, -foot - 0.02), 0.034, wood)
    solid.box((0, high + 0.0, -0.05), (0.018, 0.05, 0.1), draw.paint("red", "yellow", "blue"), rounding=0.0)
    solid.box((0, -0.17, 0.3), (0.12, 0.03, 0.2), main.shaded(0.8), rounding=0.02)
    solid.box((0, -0.4, -0.62), (0.025, 0.14, 0.06), main.shaded(0.7), rounding=0.0)


@SHELF.thing("cruise ship", "ship", "ocean liner", colour="blue", second="white", part="a cabin", directional=True)
def _ship(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    funnels, dark = draw.paint("red", "orange", "yellow"), _window(draw)
    _hull(solid, main, 0.24, draw.between(0.28, 0.34), 0.82, -0.05, 0.88)
    solid.prism((0, -0.05, 0.44), 0.17, 0.3, 0.07, main, turn=FORWARD)
    solid.box((0, -0.045, -0.02), (0.2, 0.02, 0.6), main.pale(0.5), rounding=0.0)
    for level, (half, back, front) in enumerate(((0.19, -0.62, 0.38), (0.165, -0.54, 0.26), (0.14, -0.46, 0.14))):
        y = 0.03 + 0.14 * level
        solid.box((0, y, (front + back) * 0.5), (half, 0.075, (front - back) * 0.5), second, rounding=0.02)
        solid.box((0, y + 0.01, (front + back) * 0.5), (half + 0.01, 0.026, (front - back) * 0.47), dark, rounding=0.0)
    solid.box((0, 0.35, 0.1), (0.12, 0.03, 0.07), dark, rounding=0.0)
    for z in (-0.32, -0.08):
        solid.cylinder((0, 0.5, z), 0.14, 0.075, funnels, turn=(-10, 0, 0))
        solid.cylinder((0, 0.62, z - 0.02), 0.03, 0.08, draw.paint("black"), turn=(-10, 0, 0))
    for z in (-0.4, -0.15, 0.1, 0.35):
        solid.cylinder((0, -0.13, z), 0.235 * np.sqrt(1.0 - (z / 0.82) ** 2) * 0.98, 0.035, second, turn=ACROSS)
    solid.capsule((0, 0.1, 0.5), (0, 0.34, 0.48), 0.022, second)


@SHELF.thing(
    "tugboat", "toy boat", "fishing boat", colour="red", second="white", part="a cabin", directional=True, weight=0.9
)
def _tugboat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    glass, dark = draw.paint("glass", gloss=0.5), draw.rgb(0.12, 0.12, 0.13)
    _hull(solid, main, 0.34, draw.between(0.32, 0.38), 0.68, -0.08, 0.84)
    solid.box((0, -0.02, -0.06), (0.25, 0.1, 0.4), main.shaded(0.6), rounding=0.05, cut=True)
    solid.ellipsoid((0, -0.08, 0.44), (0.2, 0.09, 0.2), main)
    solid.box((0, 0.1, -0.02), (0.19, 0.22, 0.2), second, rounding=0.02)
    solid.box((0, 0.34, -0.01), (0.24, 0.035, 0.25), main.shaded(0.85), rounding=0.02)
    solid.box((0, 0.18, -0.02), (0.2, 0.075, 0.11), glass, rounding=0.01)
    solid.box((0, 0.18, -0.02), (0.12, 0.075, 0.21), glass, rounding=0.01)
    funnel = draw.paint("black", "yellow", "blue")
    solid.cylinder((0, 0.22, -0.36), 0.26, 0.085, funnel)
    solid.cylinder((0, 0.42, -0.36), 0.035, 0.092, draw.paint("white", "red"))
    solid.torus((0.34, -0.16, 0.04), 0.075, 0.035, draw.paint("orange"), turn=ACROSS)
    solid.torus((-0.34, -0.16, 0.04), 0.075, 0.035, draw.paint("orange"), turn=ACROSS)
    solid.capsule((0, 0.36, 0.1), (0, 0.62, 0.1), 0.022, dark)
    solid.box((0, 0.57, 0.02), (0.014, 0.05, 0.08), draw.paint("red", "yellow"), rounding=0.0)


@SHELF.thing(
    "pirate ship", "galleon", colour="brown", second="white", part="sails", recolour=0.4, directional=True, weight=1.1
)
def _pirate_ship(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    planks, wood, black = main.patterned(Pattern.BANDS, 14.0), draw.wood(), draw.rgb(0.08, 0.08, 0.09)
    _hull(solid, planks, 0.26, draw.between(0.32, 0.38), 0.74, -0.12, 0.8)
    solid.box((0, -0.02, -0.42), (0.21, 0.15, 0.18), planks, rounding=0.02)
    solid.box((0, 0.04, -0.52), (0.2, 0.2, 0.09), planks, rounding=0.02)
    solid.prism((0, -0.08, 0.28), 0.19, 0.42, 0.08, planks, turn=FORWARD)
    gold = draw.paint("golden")
    solid.box((0, 0.12, -0.42), (0.225, 0.025, 0.2), gold, rounding=0.01)
    for side in (-1, 1):
        solid.box((side * 0.1, -0.02, -0.6), (0.05, 0.06, 0.02), draw.rgb(1.0, 0.85, 0.35), rounding=0.0)
        for z in (-0.22, 0.06, 0.32):
            x = 0.245 * np.sqrt(1.0 - (z / 0.74) ** 2)
            solid.cylinder((side * x, -0.2, z), 0.06, 0.042, black, turn=ACROSS)
    solid.capsule((0, -0.04, 0.6), (0, 0.14, 0.92), 0.035, wood)
    tall = draw.between(0.66, 0.76)
    for z, share in ((0.3, 0.88), (-0.16, 1.0)):
        solid.cylinder((0, tall * share * 0.5 - 0.1, z), tall * share * 0.5 + 0.1, 0.034, wood)
        # Square sails swell forward.
        for y, half, high in ((0.24, 0.3, 0.16), (0.68, 0.22, 0.12)):
            place = (0, y * tall * share + 0.04, z + 0.05)
            solid.ellipsoid(place, (half, high * 1.15, 0.09), second)
            solid.capsule((-half, place[1] + high, z), (half, place[1] + high, z), 0.024, wood)
    solid.box((0, tall + 0.02, -0.28), (0.016, 0.075, 0.12), black, rounding=0.0)
    solid.ellipsoid((0, tall + 0.02, -0.28), (0.03, 0.042, 0.042), draw.paint("white"))


@SHELF.thing("submarine", colour="yellow", second="gray", directional=True)
def _submarine(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    body, glass = main.glossy(0.5), draw.rgb(0.5, 0.78, 0.92, gloss=0.7)
    long, gold = draw.between(0.36, 0.44), draw.paint("golden", "red", "silver", gloss=0.4)
    solid.capsule((0, 0, -0.1), (0, 0, long), 0.26, body)
    solid.capsule((0, 0, -0.1), (0, 0, -long - 0.18), 0.26, body, end_radius=0.1)
    solid.box((0, 0.32, 0.05), (0.11, 0.15, 0.19), body, rounding=0.06)
    solid.capsule((0, 0.4, 0.1), (0, 0.66, 0.1), 0.034, second)
    solid.capsule((0, 0.66, 0.1), (0, 0.66, 0.2), 0.042, second)
    for z in (-0.2, 0.08, 0.36):
        solid.cylinder((0, 0.05, z), 0.262, 0.1, gold, turn=ACROSS)
        solid.cylinder((0, 0.05, z), 0.272, 0.068, glass, turn=ACROSS)
    solid.ellipsoid((0, 0.05, long + 0.16), (0.15, 0.15, 0.1), glass)
    end = -long - 0.3
    for turn in (20.0, 110.0):
        solid.box((0, 0, end - 0.04), (0.22, 0.05, 0.02), gold, rounding=0.01, turn=(0, 0, turn))
    solid.cylinder((0, 0, end), 0.07, 0.04, second, turn=FORWARD)
    for turn in (0.0, 90.0):
        solid.box((0, 0, end + 0.14), (0.27, 0.026, 0.07), body.shaded(0.85), rounding=0.01, turn=(0, 0, turn))


@SHELF.thing("canoe", "kayak", colour="red", second="wood", part="paddles", directional=True, weight=0.9)
def _canoe(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wide, deep = draw.between(0.26, 0.31), draw.between(0.34, 0.4)
    inside = draw.rgb(0.7, 0.5, 0.3)
    solid.box((0, -0.02, 0), (wide, deep * 0.5, 0.82), main, rounding=0.0)
    solid.ellipsoid((0, deep * 0.5, 0), (wide, deep + 0.02, 0.84), main, clip=True)
    # The gunwale sweeps up to both ends.
    solid.cylinder((0, 1.36 + deep * 0.18, 0), 2.0, 1.42, main, turn=ACROSS, rounding=0.0, cut=True)
    solid.ellipsoid((0, deep * 0.5, 0), (wide - 0.05, deep - 0.03, 0.74), inside, cut=True)
    for z in (-0.32, 0.0, 0.32):
        half = (wide - 0.02) * np.sqrt(1.0 - (z / 0.8) ** 2)
        solid.box((0, -0.02, z), (half, 0.022, 0.06), draw.wood(), rounding=0.0)
    lean = draw.between(20.0, 50.0)
    cosine, sine = np.cos(np.deg2rad(lean)), np.sin(np.deg2rad(lean))
    for end in (-1, 1):
        tip = (end * 0.44 * cosine, 0.1, -end * 0.44 * sine + 0.14)
        solid.capsule((0, 0.1, 0.14), tip, 0.03, second)
        blade = (end * 0.5 * cosine, 0.1, -end * 0.5 * sine + 0.14)
        solid.ellipsoid(blade, (0.15, 0.03, 0.075), second, turn=(0, lean, 0))
