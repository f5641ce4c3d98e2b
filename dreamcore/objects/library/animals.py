"""Animals: faces, beaks and chests in front (+z), tails behind, four-legged bodies along z."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dreamcore.objects.solid import Draw, Mask, Paint, Pattern, Scalar, Solid, Triple
from dreamcore.objects.thing import Shelf

SHELF = Shelf("animal")

# ---- shared parts ----------------------------------------------------------------------------------------------------


class Ball(NamedTuple):
    """An ellipsoid along the axes that other parts sit on."""

    centre: Triple
    radii: Triple

    def at(self, around: Scalar, above: Scalar, out: Scalar = 1.0) -> Triple:
        """The point of the surface `around` degrees from the front towards +x and `above` degrees up, `out` times as
        far from the centre."""
        a, b = np.deg2rad(around), np.deg2rad(above)
        (x, y, z), (rx, ry, rz) = self.centre, self.radii
        return (
            x + out * rx * np.sin(a) * np.cos(b),
            y + out * ry * np.sin(b),
            z + out * rz * np.cos(a) * np.cos(b),
        )


def ball(solid: Solid, centre: Triple, radii: Triple, paint: Paint, **how: Any) -> Ball:
    """Adds an ellipsoid and returns it."""
    solid.ellipsoid(centre, radii, paint, **how)
    return Ball(centre, radii)


def ink(draw: Draw) -> Paint:
    """The paint of pupils and noses."""
    return draw.rgb(0.05, 0.05, 0.06, gloss=0.8, jitter=0.02)


def dark(paint: Paint) -> Mask:
    """Where black on this paint would not be seen."""
    return np.asarray(np.minimum(paint.colour.mean(-1), paint.second.mean(-1)) < 0.34)


def eyes(
    solid: Solid,
    draw: Draw,
    head: Ball,
    skin: Paint,
    *,
    around: Scalar = 24.0,
    above: Scalar = 14.0,
    size: Scalar = 0.06,
    wide: float = 0.45,
) -> None:
    """Two black eyes, on white balls where the skin is dark and in a share `wide` of the others."""
    shown = draw.chance(wide) | dark(skin)
    black, white = ink(draw), draw.rgb(0.96, 0.96, 0.94, gloss=0.5)
    for side in (-1, 1):
        x, y, z = head.at(side * around, above, 0.97)
        solid.ellipsoid((x, y, z), size * 1.5, white, when=shown)
        lift = np.where(shown, size * 0.85, 0.0)
        solid.ellipsoid((x + side * 0.15 * lift, y, z + lift), size, black)


def wears(solid: Solid, head: Ball, *, size: Scalar = 0.7, height: Scalar = 0.85) -> None:
    """Says where a hat would sit on a head."""
    (x, y, z), (rx, ry, _) = head
    place = [x, y + height * ry, z, size * rx]
    solid.head = np.stack([np.broadcast_to(np.asarray(v, np.float32), (solid.count,)) for v in place], axis=-1)


def _belly(main: Paint, share: float = 0.62) -> Paint:
    return main.plain().pale(share)


def _sitting(
    solid: Solid, draw: Draw, main: Paint, *, belly: Paint | None = None, size: Scalar = 0.3, paws: Paint | None = None
) -> Ball:
    """A sitting body with forelegs and hind feet; returns the head."""
    feet = main if paws is None else paws
    body = draw.between(0.27, 0.32)
    solid.ellipsoid((0.0, -0.25, 0.0), (body, 0.35, 0.28), main)
    solid.ellipsoid((0.0, -0.22, 0.1), (body * 0.66, 0.26, 0.2), main if belly is None else belly)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.2, -0.5, 0.17), (0.11, 0.09, 0.18), feet)
        solid.capsule((side * 0.21, -0.04, 0.1), (side * 0.15, -0.47, 0.27), 0.085, main, end_radius=0.075)
    return ball(solid, (0.0, 0.27, 0.04), (size, size * 0.92, size * 0.9), main)


def _legs(
    solid: Solid,
    paint: Paint,
    *,
    x: Scalar,
    zs: tuple[Scalar, Scalar],
    top: Scalar,
    bottom: Scalar,
    radius: Scalar,
    hoof: Paint | None = None,
) -> None:
    """Four straight legs."""
    for side in (-1, 1):
        for z in zs:
            solid.cylinder(
                (side * x, (top + bottom) / 2.0, z),
                (top - bottom) / 2.0,
                radius * 0.92,
                paint,
                above=radius * 1.1,
                rounding=0.03,
            )
            if hoof is not None:
                solid.cylinder((side * x, bottom + 0.03, z), 0.05, radius * 1.12, hoof, rounding=0.02)


def _stalked_eye(solid: Solid, draw: Draw, centre: Triple, skin: Paint) -> None:
    """An eye that is plain from behind."""
    x, y, z = centre
    solid.ellipsoid((x, y, z), 0.09, skin)
    solid.ellipsoid((x, y, z + 0.03), (0.085, 0.085, 0.075), draw.paint("white"))
    solid.ellipsoid((x, y, z + 0.08), 0.052, ink(draw))


def _wing_pair(solid: Solid, centre: Triple, radii: Triple, paint: Paint, *, lean: Scalar = 15.0) -> None:
    x, y, z = centre
    for side in (-1, 1):
        solid.ellipsoid((side * x, y, z), radii, paint, turn=(lean, 0.0, side * 6.0))


def _bird_feet(solid: Solid, paint: Paint, *, x: Scalar, top: Scalar, bottom: Scalar, z: Scalar = 0.03) -> None:
    for side in (-1, 1):
        solid.capsule((side * x, top, z), (side * x, bottom, z), 0.032, paint)
        solid.ellipsoid((side * x, bottom - 0.01, z + 0.08), (0.075, 0.03, 0.12), paint)


# ---- pets and small animals ------------------------------------------------------------------------------------------


@SHELF.thing("cat", "kitten", colour="orange", directional=True, weight=1.5, phrases=("a sitting cat",))
def _cat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, pink = draw.paint("white"), draw.paint("pink")
    coat = main.patterned(Pattern.BANDS, 6.0).where(draw.chance(0.4), main)
    head = _sitting(solid, draw, coat, belly=white.where(draw.chance(0.5), _belly(main, 0.3)))
    for side in (-1, 1):
        lean = -side * 15.0
        solid.cylinder((side * 0.17, 0.53, 0.02), 0.15, 0.125, main, above=0.01, turn=(0.0, 0.0, lean))
        solid.cylinder((side * 0.165, 0.52, 0.075), 0.1, 0.075, pink, above=0.005, turn=(0.0, 0.0, lean))
        solid.ellipsoid((side * 0.065, 0.19, 0.29), (0.085, 0.065, 0.06), white)
    iris = draw.paint("green", "yellow", "black", "black").where(~dark(main), draw.paint("yellow", "green"))
    for side in (-1, 1):
        x, y, z = head.at(side * 26.0, 16.0, 0.97)
        solid.ellipsoid((x, y, z), (0.07, 0.075, 0.05), iris.glossy())
        solid.ellipsoid((x, y, z + 0.035), (0.032, 0.06, 0.025), ink(draw))
    solid.ellipsoid((0.0, 0.235, 0.335), (0.045, 0.03, 0.03), pink)
    solid.capsule((0.0, -0.5, -0.24), (0.3, -0.42, -0.36), 0.065, coat)
    solid.capsule((0.3, -0.42, -0.36), (0.38, draw.between(-0.1, 0.1), -0.36), 0.065, coat, end_radius=0.05)
    wears(solid, head)


@SHELF.thing("dog", "puppy", colour="brown", directional=True, weight=1.5, phrases=("a sitting dog",))
def _dog(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale, ears = _belly(main, 0.45), main.shaded(0.55)
    head = _sitting(solid, draw, main, belly=pale)
    solid.ellipsoid((0.0, 0.19, 0.31), (0.15, 0.12, 0.17), pale)
    solid.ellipsoid((0.0, 0.25, 0.46), (0.07, 0.05, 0.045), ink(draw))
    solid.ellipsoid(
        (0.0, 0.085, 0.43), (0.05, 0.08, 0.025), draw.paint("pink"), turn=(20.0, 0.0, 0.0), when=draw.chance(0.6)
    )
    length = draw.between(0.19, 0.26)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.31, 0.24, 0.0), (0.07, length, 0.13), ears, turn=(0.0, 0.0, side * 16.0))
    solid.ellipsoid(head.at(26.0, 20.0, 0.9), (0.12, 0.13, 0.06), ears, when=draw.chance(0.3))
    eyes(solid, draw, head, main, around=25.0, above=22.0, size=0.055)
    solid.capsule((0.0, -0.45, -0.25), (0.06, -0.1, -0.48), 0.07, main, end_radius=0.045)
    solid.torus((0.0, 0.03, 0.02), 0.2, 0.05, draw.paint("red", "blue", "green"), when=draw.chance(0.5))
    wears(solid, head)


@SHELF.thing("rabbit", "bunny", colour="white", directional=True, weight=1.4)
def _rabbit(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pink, white = draw.paint("pink"), draw.paint("white")
    head = _sitting(solid, draw, main, belly=_belly(main, 0.5), size=0.27)
    lean, length = draw.between(3.0, 13.0), draw.between(0.27, 0.34)
    for side in (-1, 1):
        place = (side * (0.11 + 0.004 * lean), 0.44 + length * 0.75)
        solid.ellipsoid((*place, 0.0), (0.085, length, 0.06), main, turn=(0.0, 0.0, -side * lean))
        solid.ellipsoid((*place, 0.045), (0.05, length * 0.78, 0.03), pink, turn=(0.0, 0.0, -side * lean))
        solid.ellipsoid((side * 0.06, 0.18, 0.26), (0.08, 0.07, 0.06), _belly(main, 0.5))
    solid.box((0.0, 0.11, 0.29), (0.04, 0.05, 0.02), white, rounding=0.01)
    solid.ellipsoid((0.0, 0.24, 0.31), (0.05, 0.035, 0.035), pink)
    eyes(solid, draw, head, main, around=28.0, above=16.0, size=0.055)
    solid.ellipsoid((0.0, -0.42, -0.3), 0.13, white)
    wears(solid, head, size=0.6)


@SHELF.thing("mouse", colour="gray", directional=True)
def _mouse(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pink = draw.paint("pink")
    solid.ellipsoid((0.0, -0.06, -0.16), (0.29, 0.29, 0.38), main)
    solid.ellipsoid((0.0, 0.04, 0.22), (0.23, 0.22, 0.24), main, blend=0.06)
    solid.capsule((0.0, 0.02, 0.3), (0.0, -0.03, 0.55), 0.15, main, end_radius=0.05, blend=0.05)
    solid.ellipsoid((0.0, -0.02, 0.6), 0.06, pink)
    radius = draw.between(0.18, 0.23)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.25, 0.3, 0.12), (radius, radius, 0.05), main, turn=(0.0, side * 12.0, 0.0))
        solid.ellipsoid(
            (side * 0.26, 0.3, 0.16), (radius * 0.7, radius * 0.7, 0.035), pink, turn=(0.0, side * 12.0, 0.0)
        )
        for z in (-0.3, 0.2):
            solid.ellipsoid((side * 0.17, -0.33, z), (0.08, 0.05, 0.12), pink)
    eyes(solid, draw, Ball((0.0, 0.05, 0.26), (0.2, 0.2, 0.22)), main, around=33.0, above=26.0, size=0.055)
    solid.capsule((0.0, -0.25, -0.5), (0.22, -0.3, -0.72), 0.04, pink)
    solid.capsule((0.22, -0.3, -0.72), (0.1, draw.between(-0.2, 0.15), -0.88), 0.04, pink, end_radius=0.02)
    wears(solid, Ball((0.0, 0.06, 0.22), (0.22, 0.22, 0.22)))


@SHELF.thing("squirrel", colour="brown", directional=True, weight=0.8)
def _squirrel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale = _belly(main)
    head = _sitting(solid, draw, main, belly=pale, size=0.25)
    tail = main.shaded(0.8)
    solid.capsule((0.0, -0.48, -0.24), (0.0, -0.1, -0.5), 0.13, tail, end_radius=0.2, blend=0.05)
    solid.capsule((0.0, -0.1, -0.5), (0.0, 0.38, -0.46), 0.2, tail, end_radius=0.2)
    solid.ellipsoid((0.0, 0.5, draw.between(-0.62, -0.5)), (0.18, 0.16, 0.22), tail)
    for side in (-1, 1):
        solid.cylinder((side * 0.14, 0.52, 0.0), 0.12, 0.075, main, above=0.02, turn=(0.0, 0.0, -side * 10.0))
        solid.ellipsoid((side * 0.1, 0.17, 0.2), (0.11, 0.09, 0.08), pale)
        solid.capsule((side * 0.2, -0.06, 0.14), (side * 0.07, -0.13, 0.32), 0.06, main)
    solid.ellipsoid((0.0, 0.23, 0.31), (0.045, 0.04, 0.04), ink(draw))
    eyes(solid, draw, head, main, around=31.0, above=16.0, size=0.06)
    solid.ellipsoid((0.0, -0.15, 0.38), (0.085, 0.11, 0.085), draw.rgb(0.72, 0.5, 0.2))
    solid.dome((0.0, -0.11, 0.38), 0.105, draw.rgb(0.3, 0.17, 0.07), squash=0.8)
    wears(solid, head)


@SHELF.thing("hedgehog", colour="brown", recolour=0.6, directional=True)
def _hedgehog(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = draw.rgb(0.92, 0.78, 0.6)
    solid.ellipsoid((0.0, 0.02, -0.08), (0.38, 0.34, 0.42), main)
    solid.ellipsoid((0.0, -0.1, 0.02), (0.33, 0.24, 0.4), skin)
    face = ball(solid, (0.0, -0.02, 0.24), (0.24, 0.22, 0.22), skin, blend=0.05)
    solid.capsule((0.0, -0.05, 0.36), (0.0, -0.08, 0.56), 0.13, skin, end_radius=0.05, blend=0.05)
    solid.ellipsoid((0.0, -0.07, 0.62), 0.065, ink(draw))
    eyes(solid, draw, face, skin, around=32.0, above=22.0, size=0.055)
    length, spines = draw.between(0.15, 0.2), main.shaded(0.7)
    back = Ball((0.0, 0.02, -0.08), (0.38, 0.34, 0.42))
    rows = (
        (30.0, (180.0, 135.0, 90.0, 45.0, -45.0, -90.0, -135.0)),
        (62.0, (180.0, 60.0, -60.0)),
        (0.0, (180.0, 140.0, 100.0, -100.0, -140.0)),
        (90.0, (0.0,)),
    )
    for above, turns in rows:
        for around in turns:
            solid.cylinder(
                back.at(around, above, 1.1), length, 0.1, spines, above=0.008, turn=(90.0 - above, around, 0.0)
            )
    for side in (-1, 1):
        solid.ellipsoid((side * 0.17, -0.32, 0.22), (0.08, 0.05, 0.11), skin.shaded(0.8))
        solid.ellipsoid((side * 0.21, 0.17, 0.22), (0.08, 0.08, 0.04), skin.shaded(0.85))


# ---- wild animals, sitting -------------------------------------------------------------------------------------------


@SHELF.thing("fox", colour="orange", recolour=0.4, directional=True)
def _fox(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, black = draw.paint("white"), draw.rgb(0.16, 0.1, 0.08)
    head = _sitting(solid, draw, main, belly=white, size=0.28, paws=black)
    for side in (-1, 1):
        lean = -side * 14.0
        solid.cylinder((side * 0.17, 0.54, 0.0), 0.19, 0.13, main, above=0.01, turn=(0.0, 0.0, lean))
        solid.cylinder((side * 0.2, 0.66, 0.0), 0.07, 0.055, black, above=0.005, turn=(0.0, 0.0, lean))
        solid.cylinder((side * 0.17, 0.52, 0.07), 0.11, 0.07, white, above=0.005, turn=(0.0, 0.0, lean))
        solid.ellipsoid((side * 0.17, 0.16, 0.14), (0.16, 0.1, 0.14), white, turn=(0.0, 0.0, side * 20.0))
    solid.capsule((0.0, 0.2, 0.22), (0.0, 0.16, 0.5), 0.13, main, end_radius=0.05)
    solid.ellipsoid((0.0, 0.18, 0.56), 0.055, ink(draw))
    eyes(solid, draw, head, main, around=27.0, above=22.0, size=0.055)
    reach = draw.between(0.32, 0.42)
    solid.capsule((0.0, -0.48, -0.25), (reach, -0.38, -0.42), 0.09, main, end_radius=0.17)
    solid.capsule((reach, -0.38, -0.42), (reach + 0.1, 0.0, -0.42), 0.17, main, end_radius=0.13)
    solid.capsule((reach + 0.1, 0.02, -0.42), (reach + 0.12, 0.16, -0.42), 0.125, white, end_radius=0.03)
    wears(solid, head, size=0.55)


@SHELF.thing(
    "panda", "panda bear", colour="white", recolour=0.0, directional=True, phrases=("a black and white panda",)
)
def _panda(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, white = draw.rgb(0.07, 0.07, 0.08), draw.paint("white")
    solid.ellipsoid((0.0, -0.26, 0.0), (0.35, 0.35, 0.31), white)
    solid.torus((0.0, -0.02, 0.0), 0.2, 0.1, black)
    size = draw.between(0.3, 0.35)
    head = ball(solid, (0.0, 0.28, 0.04), (size * 1.05, size * 0.9, size * 0.88), white)
    for side in (-1, 1):
        solid.ellipsoid((side * size * 0.8, 0.28 + size * 0.75, 0.0), (0.12, 0.12, 0.08), black)
        solid.ellipsoid(head.at(side * 27.0, 8.0, 0.93), (0.095, 0.125, 0.08), black, turn=(0.0, 0.0, -side * 30.0))
        x, y, z = head.at(side * 25.0, 12.0, 1.05)
        solid.ellipsoid((x, y, z + 0.04), 0.05, white.glossy())
        solid.ellipsoid((x, y, z + 0.075), 0.035, ink(draw))
        solid.capsule((side * 0.27, -0.06, 0.05), (side * 0.34, -0.3, 0.24), 0.115, black, end_radius=0.1)
        solid.capsule((side * 0.2, -0.5, 0.08), (side * 0.27, -0.52, 0.4), 0.135, black, end_radius=0.13)
    solid.ellipsoid((0.0, 0.19, 0.3), (0.14, 0.1, 0.1), white)
    solid.ellipsoid((0.0, 0.23, 0.395), (0.06, 0.04, 0.035), ink(draw))
    solid.ellipsoid((0.0, -0.42, -0.29), 0.09, white)
    wears(solid, head)


@SHELF.thing("koala", colour="gray", recolour=0.6, directional=True, weight=0.8)
def _koala(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white = draw.paint("white")
    inner = white.where(draw.chance(0.5), draw.paint("pink"))
    head = _sitting(solid, draw, main, belly=white, size=0.31)
    radius = draw.between(0.19, 0.23)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.37, 0.4, 0.02), (radius, radius, 0.1), main)
        solid.ellipsoid((side * 0.38, 0.38, 0.09), (radius * 0.68, radius * 0.68, 0.06), inner)
    solid.ellipsoid((0.0, 0.24, 0.34), (0.085, 0.13, 0.07), ink(draw))
    eyes(solid, draw, head, main, around=31.0, above=18.0, size=0.05)
    wears(solid, head)


@SHELF.thing("monkey", colour="brown", directional=True, weight=1.1)
def _monkey(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = draw.rgb(0.94, 0.76, 0.56)
    head = _sitting(solid, draw, main, belly=skin, size=0.28, paws=skin)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.32, 0.27, 0.02), (0.12, 0.13, 0.06), main)
        solid.ellipsoid((side * 0.33, 0.27, 0.06), (0.075, 0.085, 0.04), skin)
        solid.ellipsoid((side * 0.1, 0.35, 0.17), (0.13, 0.12, 0.13), skin)
    solid.ellipsoid((0.0, 0.17, 0.22), (0.2, 0.13, 0.16), skin)
    solid.ellipsoid((0.0, 0.25, 0.36), (0.055, 0.035, 0.03), draw.rgb(0.35, 0.2, 0.12))
    solid.capsule((-0.08, 0.13, 0.365), (0.08, 0.13, 0.365), 0.024, draw.rgb(0.45, 0.15, 0.12))
    eyes(solid, draw, Ball(head.centre, (0.28, 0.28, 0.28)), skin, around=21.0, above=20.0, size=0.055)
    solid.capsule((0.0, -0.5, -0.22), (0.34, -0.5, -0.4), 0.05, main)
    solid.arc((0.4, draw.between(-0.28, -0.2), -0.4), 0.22, 0.05, 140.0, main, turn=(0.0, 0.0, -40.0))
    wears(solid, head)


@SHELF.thing("kangaroo", colour="brown", recolour=0.5, directional=True, weight=0.8)
def _kangaroo(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale = _belly(main, 0.5)
    solid.capsule((0.0, -0.25, -0.05), (0.0, 0.2, 0.06), 0.28, main, end_radius=0.16)
    solid.ellipsoid((0.0, -0.2, 0.12), (0.2, 0.26, 0.18), pale)
    solid.ellipsoid((0.0, 0.44, 0.12), (0.16, 0.17, 0.17), main)
    solid.capsule((0.0, 0.4, 0.2), (0.0, 0.37, 0.36), 0.11, main, end_radius=0.08)
    solid.ellipsoid((0.0, 0.4, 0.45), (0.06, 0.045, 0.04), ink(draw))
    eyes(solid, draw, Ball((0.0, 0.45, 0.14), (0.16, 0.16, 0.17)), main, around=33.0, above=24.0, size=0.045)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.11, 0.72, 0.08), (0.065, 0.19, 0.05), main, turn=(0.0, 0.0, -side * 12.0))
        solid.ellipsoid((side * 0.24, -0.35, 0.0), (0.13, 0.24, 0.24), main, turn=(-25.0, 0.0, 0.0))
        solid.capsule((side * 0.25, -0.58, -0.1), (side * 0.25, -0.6, 0.36), 0.075, main)
        solid.capsule((side * 0.17, 0.16, 0.14), (side * 0.15, -0.02, 0.34), 0.055, main)
    solid.capsule((0.0, -0.35, -0.25), (0.0, -0.56, -0.55), 0.15, main, end_radius=0.1)
    solid.capsule((0.0, -0.56, -0.55), (0.0, -0.6, -0.92), 0.1, main, end_radius=0.05)
    joey = draw.chance(0.75)
    young = main.shaded(1.15)
    solid.ellipsoid((0.0, -0.3, 0.25), (0.19, 0.16, 0.12), pale.shaded(0.85))
    solid.ellipsoid((0.0, -0.1, 0.3), (0.1, 0.1, 0.1), young, when=joey)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.06, 0.03, 0.28), (0.035, 0.09, 0.03), young, when=joey)
        solid.ellipsoid((side * 0.045, -0.08, 0.39), 0.03, ink(draw), when=joey)
    wears(solid, Ball((0.0, 0.44, 0.12), (0.16, 0.17, 0.17)))


@SHELF.thing("lion", colour="yellow", second="brown", part="a mane", recolour=0.4, directional=True, weight=1.2)
def _lion(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale = _belly(main, 0.5)
    head = _sitting(solid, draw, main, belly=pale, size=0.25)
    mane = draw.between(0.4, 0.46)
    hair = second.patterned(Pattern.SECTORS, draw.pick(10.0, 14.0))
    solid.ellipsoid((0.0, 0.26, -0.05), (mane, 0.21, mane), hair, turn=(90.0, 0.0, 0.0))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.2, 0.5, 0.1), (0.085, 0.085, 0.06), main)
        solid.ellipsoid((side * 0.065, 0.16, 0.27), (0.09, 0.075, 0.07), pale)
    solid.ellipsoid((0.0, 0.22, 0.325), (0.06, 0.045, 0.04), ink(draw))
    eyes(solid, draw, head, main, around=27.0, above=20.0, size=0.05)
    solid.capsule((0.0, -0.5, -0.24), (0.34, -0.42, -0.42), 0.05, main)
    solid.capsule((0.34, -0.42, -0.42), (0.42, draw.between(-0.15, 0.0), -0.42), 0.05, main)
    solid.ellipsoid((0.43, 0.02, -0.42), (0.09, 0.12, 0.09), second)
    wears(solid, Ball((0.0, 0.28, 0.0), (0.3, 0.42, 0.2)))


# ---- four legs -------------------------------------------------------------------------------------------------------


@SHELF.thing("tiger", colour="orange", recolour=0.15, directional=True, phrases=("an orange tiger with black stripes",))
def _tiger(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, white = draw.rgb(0.08, 0.06, 0.05), draw.paint("white")
    striped = main.patterned(Pattern.BANDS, draw.between(4.5, 6.0), black)
    solid.ellipsoid((0.0, 0.0, -0.08), (0.25, 0.5, 0.26), striped, turn=(90.0, 0.0, 0.0))
    solid.ellipsoid((0.0, -0.12, -0.02), (0.19, 0.18, 0.4), white)
    _legs(solid, striped, x=0.15, zs=(-0.36, 0.24), top=-0.05, bottom=-0.48, radius=0.095)
    head = ball(solid, (0.0, 0.24, 0.42), (0.27, 0.25, 0.24), striped)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.2, 0.46, 0.38), (0.09, 0.09, 0.05), main.plain())
        solid.ellipsoid((side * 0.2, 0.46, 0.42), (0.05, 0.05, 0.03), black)
        solid.ellipsoid((side * 0.075, 0.15, 0.64), (0.1, 0.085, 0.07), white)
        solid.ellipsoid((side * 0.21, 0.14, 0.5), (0.09, 0.1, 0.11), white)
    solid.ellipsoid((0.0, 0.22, 0.69), (0.055, 0.04, 0.04), draw.paint("pink"))
    eyes(solid, draw, head, main, around=27.0, above=22.0, size=0.05, wide=1.0)
    solid.capsule((0.0, 0.08, -0.55), (0.0, 0.02, -0.75), 0.055, striped)
    solid.capsule((0.0, 0.02, -0.75), (0.0, draw.between(0.3, 0.45), -0.82), 0.055, striped)
    wears(solid, head)


@SHELF.thing("bear", colour="brown", directional=True, phrases=("a bear on four legs",))
def _bear(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale = _belly(main, 0.35)
    solid.ellipsoid((0.0, 0.0, -0.12), (0.33, 0.32, 0.48), main)
    solid.ellipsoid((0.0, 0.1, 0.12), (0.3, 0.3, 0.28), main, blend=0.08)
    _legs(solid, main, x=0.2, zs=(-0.36, 0.2), top=-0.1, bottom=-0.5, radius=0.125)
    head = ball(solid, (0.0, 0.24, 0.44), (0.25, 0.24, 0.23), main)
    solid.ellipsoid((0.0, 0.17, 0.65), (0.13, 0.11, 0.14), pale)
    solid.ellipsoid((0.0, 0.22, 0.78), (0.065, 0.05, 0.04), ink(draw))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.2, 0.44, 0.38), (0.095, 0.095, 0.06), main)
        solid.ellipsoid((side * 0.2, 0.44, 0.425), (0.055, 0.055, 0.03), pale)
        for z in (-0.3, 0.28):
            solid.ellipsoid((side * 0.2, -0.47, z), (0.13, 0.06, 0.15), main.shaded(0.75))
    eyes(solid, draw, head, main, around=29.0, above=22.0, size=0.05)
    solid.ellipsoid((0.0, 0.1, -0.6), 0.08, main)
    wears(solid, head)


@SHELF.thing("pig", "piglet", colour="pink", directional=True, weight=1.2)
def _pig(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    girth, snout = draw.between(0.31, 0.36), main.shaded(0.82)
    solid.ellipsoid((0.0, 0.0, -0.05), (girth, girth * 0.97, 0.46), main)
    head = ball(solid, (0.0, 0.15, 0.4), (0.28, 0.27, 0.24), main)
    solid.cylinder((0.0, 0.1, 0.65), 0.07, 0.125, snout, turn=(90.0, 0.0, 0.0), rounding=0.03)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.05, 0.1, 0.725), (0.03, 0.04, 0.02), ink(draw))
        solid.cylinder((side * 0.19, 0.41, 0.38), 0.1, 0.1, snout, above=0.015, turn=(25.0, 0.0, -side * 22.0))
    _legs(solid, main, x=0.18, zs=(-0.28, 0.22), top=-0.1, bottom=-0.46, radius=0.095, hoof=main.shaded(0.45))
    eyes(solid, draw, head, main, around=29.0, above=20.0, size=0.052)
    solid.torus((0.0, 0.12, -0.54), 0.08, 0.03, snout, turn=(0.0, 0.0, 90.0))
    wears(solid, head)


@SHELF.thing(
    "cow",
    colour="white",
    recolour=0.2,
    directional=True,
    weight=1.2,
    phrases=("a black and white cow", "a cow with black spots"),
)
def _cow(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, pink = draw.rgb(0.07, 0.07, 0.08), draw.paint("pink")
    spotted = main.patterned(Pattern.CLOUDS, draw.between(3.6, 5.0), black)
    horn = draw.rgb(0.92, 0.87, 0.72)
    solid.box((0.0, 0.0, -0.08), (0.28, 0.26, 0.46), spotted, rounding=0.2)
    head = ball(solid, (0.0, 0.24, 0.46), (0.21, 0.22, 0.22), main)
    solid.ellipsoid((0.0, 0.13, 0.64), (0.18, 0.13, 0.12), pink)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.075, 0.16, 0.745), 0.03, ink(draw))
        solid.ellipsoid((side * 0.29, 0.3, 0.42), (0.13, 0.07, 0.05), spotted, turn=(0.0, 0.0, -side * 15.0))
        solid.cylinder((side * 0.14, 0.48, 0.42), 0.1, 0.05, horn, above=0.012, turn=(0.0, 0.0, -side * 22.0))
    _legs(solid, main, x=0.17, zs=(-0.38, 0.2), top=-0.1, bottom=-0.52, radius=0.08, hoof=black)
    eyes(solid, draw, head, main, around=29.0, above=24.0, size=0.052)
    solid.ellipsoid((0.0, -0.24, -0.2), (0.13, 0.09, 0.13), pink)
    solid.capsule((0.0, 0.12, -0.53), (0.0, -0.2, -0.62), 0.032, main)
    solid.ellipsoid((0.0, -0.25, -0.63), (0.06, 0.09, 0.06), black)
    wears(solid, head)


@SHELF.thing("sheep", "lamb", colour="white", second="black", part="a face", recolour=0.5, directional=True, weight=1.2)
def _sheep(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wool = Ball((0.0, 0.0, -0.1), (0.28, 0.24, 0.36))
    solid.ellipsoid(wool.centre, (0.31, 0.28, 0.4), main)
    lump = draw.between(0.14, 0.17)
    for above, turns in ((0.0, (30.0, 90.0, 150.0, 210.0, 270.0, 330.0)), (48.0, (0.0, 72.0, 144.0, 216.0, 288.0))):
        for around in turns:
            solid.ellipsoid(wool.at(around, above), lump, main)
    head = ball(solid, (0.0, 0.17, 0.42), (0.17, 0.21, 0.19), second)
    solid.ellipsoid((0.0, 0.08, 0.53), (0.125, 0.11, 0.13), second)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.23, 0.2, 0.38), (0.12, 0.055, 0.05), second, turn=(0.0, 0.0, side * 20.0))
        solid.ellipsoid((side * 0.09, 0.35, 0.34), 0.12, main)
    _legs(solid, second, x=0.16, zs=(-0.32, 0.14), top=-0.15, bottom=-0.52, radius=0.07)
    eyes(solid, draw, head, second, around=27.0, above=18.0, size=0.048, wide=1.0)
    solid.ellipsoid((0.0, 0.0, -0.52), 0.09, main)
    wears(solid, Ball((0.0, 0.24, 0.36), (0.2, 0.22, 0.2)))


def _equine(solid: Solid, draw: Draw, coat: Paint, mane: Paint, hoof: Paint) -> Ball:
    """A standing horse."""
    rise = draw.between(0.3, 0.38)
    solid.ellipsoid((0.0, 0.0, -0.12), (0.2, 0.44, 0.22), coat, turn=(90.0, 0.0, 0.0))
    solid.capsule((0.0, 0.04, 0.18), (0.0, rise + 0.08, 0.4), 0.17, coat, end_radius=0.12)
    head = ball(solid, (0.0, rise + 0.14, 0.44), (0.145, 0.15, 0.16), coat)
    muzzle = (0.0, rise - 0.04, 0.68)
    solid.capsule((0.0, rise + 0.1, 0.46), muzzle, 0.12, coat, end_radius=0.09)
    solid.ellipsoid((0.0, rise - 0.05, 0.72), (0.1, 0.085, 0.08), coat.plain().shaded(0.65))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.045, rise - 0.02, 0.785), 0.026, ink(draw))
        solid.cylinder((side * 0.085, rise + 0.3, 0.38), 0.09, 0.05, coat, above=0.01, turn=(0.0, 0.0, -side * 10.0))
    _legs(solid, coat, x=0.12, zs=(-0.42, 0.18), top=0.0, bottom=-0.6, radius=0.07, hoof=hoof)
    eyes(solid, draw, Ball(head.centre, (0.14, 0.15, 0.15)), coat, around=52.0, above=14.0, size=0.05)
    solid.capsule((0.0, 0.2, 0.12), (0.0, rise + 0.18, 0.3), 0.09, mane)
    solid.ellipsoid((0.0, rise + 0.27, 0.44), (0.06, 0.08, 0.13), mane)
    solid.capsule((0.0, 0.08, -0.54), (0.0, -0.1, -0.68), 0.06, mane, end_radius=0.085)
    solid.capsule((0.0, -0.1, -0.68), (0.0, -0.4, -0.66), 0.085, mane, end_radius=0.03)
    wears(solid, head, size=0.85)
    return head


@SHELF.thing("horse", "pony", colour="brown", second="black", part="a mane", directional=True, weight=1.2)
def _horse(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    head = _equine(solid, draw, main, second, draw.paint("black", "gray"))
    solid.ellipsoid(head.at(0.0, 5.0, 0.96), (0.045, 0.12, 0.05), draw.paint("white"), when=draw.chance(0.5))


@SHELF.thing("unicorn", colour="white", second="pink", part="a mane", recolour=0.5, directional=True, weight=1.2)
def _unicorn(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    head = _equine(solid, draw, main, second, draw.paint("golden", "purple", "pink"))
    gold = draw.paint("golden", gloss=0.7).patterned(Pattern.BANDS, 14.0)
    x, y, z = head.at(0.0, 60.0)
    solid.cylinder((x, y + 0.15, z + 0.08), 0.22, 0.065, gold, above=0.008, turn=(30.0, 0.0, 0.0))


@SHELF.thing("zebra", colour="white", recolour=0.0, directional=True, phrases=("a black and white striped zebra",))
def _zebra(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black = draw.rgb(0.06, 0.06, 0.06)
    coat = draw.paint("white").plain().patterned(Pattern.BANDS, draw.between(5.0, 6.5), black)
    _equine(solid, draw, coat, black, black)


@SHELF.thing(
    "giraffe",
    colour="yellow",
    recolour=0.0,
    directional=True,
    weight=1.2,
    phrases=("a yellow giraffe with brown spots",),
)
def _giraffe(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    brown, yellow = draw.rgb(0.5, 0.27, 0.1), draw.rgb(0.97, 0.8, 0.38)
    coat = yellow.patterned(Pattern.DOTS, draw.between(6.0, 7.5), brown)
    solid.ellipsoid((0.0, -0.15, -0.1), (0.2, 0.19, 0.34), coat)
    tall = draw.between(0.6, 0.72)
    solid.capsule((0.0, -0.1, 0.12), (0.0, tall, 0.28), 0.14, coat, end_radius=0.1)
    head = ball(solid, (0.0, tall + 0.08, 0.32), (0.145, 0.14, 0.16), yellow)
    solid.capsule((0.0, tall + 0.06, 0.4), (0.0, tall, 0.58), 0.11, yellow.pale(0.3), end_radius=0.09)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.045, tall + 0.03, 0.665), 0.025, ink(draw))
        solid.cylinder((side * 0.07, tall + 0.25, 0.28), 0.08, 0.032, yellow, rounding=0.01)
        solid.ellipsoid((side * 0.07, tall + 0.34, 0.28), 0.05, brown)
        solid.ellipsoid((side * 0.2, tall + 0.13, 0.28), (0.1, 0.05, 0.04), yellow, turn=(0.0, 0.0, side * 20.0))
    _legs(solid, coat, x=0.12, zs=(-0.32, 0.12), top=-0.15, bottom=-0.85, radius=0.07, hoof=brown)
    eyes(solid, draw, head, yellow, around=42.0, above=14.0, size=0.055)
    solid.capsule((0.0, 0.12, 0.05), (0.0, tall + 0.1, 0.2), 0.06, brown)
    solid.capsule((0.0, -0.08, -0.42), (0.0, -0.4, -0.5), 0.032, yellow)
    solid.ellipsoid((0.0, -0.44, -0.51), (0.055, 0.085, 0.055), brown)


@SHELF.thing("deer", "reindeer", colour="brown", recolour=0.5, directional=True)
def _deer(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bone, white = draw.rgb(0.86, 0.74, 0.52), draw.paint("white")
    solid.ellipsoid((0.0, -0.06, -0.12), (0.19, 0.19, 0.38), main)
    solid.capsule((0.0, 0.0, 0.14), (0.0, 0.28, 0.3), 0.14, main, end_radius=0.1)
    solid.ellipsoid((0.0, 0.04, 0.26), (0.11, 0.16, 0.09), white)
    head = ball(solid, (0.0, 0.34, 0.34), (0.16, 0.16, 0.17), main)
    solid.capsule((0.0, 0.32, 0.42), (0.0, 0.27, 0.58), 0.105, _belly(main, 0.3), end_radius=0.075)
    solid.ellipsoid((0.0, 0.3, 0.66), 0.055, draw.paint("red", "black", "black"))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.23, 0.4, 0.3), (0.11, 0.055, 0.04), main, turn=(0.0, 0.0, side * 15.0))
        solid.capsule((side * 0.08, 0.47, 0.3), (side * 0.26, 0.7, 0.24), 0.036, bone)
        solid.capsule((side * 0.26, 0.7, 0.24), (side * 0.24, 0.94, 0.24), 0.036, bone, end_radius=0.025)
        solid.capsule((side * 0.25, 0.69, 0.24), (side * 0.43, 0.82, 0.24), 0.034, bone, end_radius=0.025)
        solid.capsule((side * 0.16, 0.57, 0.27), (side * 0.1, 0.74, 0.3), 0.034, bone, end_radius=0.025)
    _legs(solid, main, x=0.11, zs=(-0.36, 0.14), top=-0.08, bottom=-0.62, radius=0.058, hoof=draw.rgb(0.18, 0.11, 0.07))
    eyes(solid, draw, head, main, around=36.0, above=14.0, size=0.05)
    solid.ellipsoid((0.0, 0.03, -0.5), (0.07, 0.11, 0.06), white, turn=(-30.0, 0.0, 0.0))


@SHELF.thing("camel", colour="brown", recolour=0.4, directional=True, weight=0.8, phrases=("a camel with two humps",))
def _camel(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    coat = main.pale(0.22)
    solid.ellipsoid((0.0, 0.0, -0.14), (0.22, 0.21, 0.42), coat)
    high = draw.between(0.3, 0.36)
    for z in (-0.34, 0.04):
        solid.capsule((0.0, 0.1, z), (0.0, high, z), 0.17, coat, end_radius=0.08, blend=0.05)
    solid.capsule((0.0, -0.02, 0.2), (0.0, -0.02, 0.42), 0.13, coat, end_radius=0.1)
    solid.capsule((0.0, -0.02, 0.42), (0.0, 0.36, 0.52), 0.1, coat, end_radius=0.09)
    head = ball(solid, (0.0, 0.42, 0.54), (0.14, 0.13, 0.15), coat)
    solid.capsule((0.0, 0.4, 0.6), (0.0, 0.35, 0.78), 0.1, coat, end_radius=0.085)
    solid.ellipsoid((0.0, 0.31, 0.8), (0.09, 0.06, 0.08), _belly(coat, 0.4))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.045, 0.4, 0.855), 0.025, ink(draw))
        solid.ellipsoid((side * 0.13, 0.55, 0.5), (0.05, 0.07, 0.04), coat, turn=(0.0, 0.0, -side * 25.0))
    _legs(solid, coat, x=0.13, zs=(-0.4, 0.14), top=-0.02, bottom=-0.66, radius=0.068, hoof=coat.shaded(0.6))
    eyes(solid, draw, head, coat, around=42.0, above=20.0, size=0.05)
    solid.capsule((0.0, 0.02, -0.55), (0.0, -0.28, -0.6), 0.035, coat)
    solid.ellipsoid((0.0, -0.31, -0.6), (0.05, 0.08, 0.05), coat.shaded(0.5))


@SHELF.thing("elephant", colour="gray", directional=True, weight=1.4)
def _elephant(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0.0, 0.0, -0.1), (0.37, 0.36, 0.46), main)
    head = ball(solid, (0.0, 0.22, 0.36), (0.28, 0.28, 0.25), main)
    solid.capsule((0.0, 0.14, 0.56), (0.0, -0.14, 0.72), 0.11, main, end_radius=0.085)
    raised = draw.chance(0.35)
    tip = np.where(raised, 0.05, -0.36)
    solid.capsule((0.0, -0.14, 0.72), (0.0, tip, np.where(raised, 0.95, 0.78)), 0.085, main, end_radius=0.065)
    ear, white, pale = draw.between(0.22, 0.28), draw.rgb(0.96, 0.94, 0.88), _belly(main, 0.25)
    for side in (-1, 1):
        turn = (0.0, -side * 22.0, 0.0)
        solid.ellipsoid((side * 0.4, 0.22, 0.26), (ear, ear * 1.15, 0.05), main, turn=turn)
        solid.ellipsoid((side * 0.41, 0.21, 0.29), (ear * 0.72, ear * 0.85, 0.04), pale, turn=turn)
        solid.capsule((side * 0.14, 0.04, 0.54), (side * 0.17, -0.08, 0.76), 0.045, white, end_radius=0.02)
    _legs(solid, main, x=0.21, zs=(-0.34, 0.16), top=-0.15, bottom=-0.56, radius=0.125, hoof=pale)
    eyes(solid, draw, head, main, around=33.0, above=16.0, size=0.05)
    solid.capsule((0.0, 0.08, -0.53), (0.0, -0.2, -0.64), 0.035, main)
    solid.ellipsoid((0.0, -0.24, -0.65), 0.055, main.shaded(0.5))
    wears(solid, head)


@SHELF.thing("rhinoceros", "rhino", colour="gray", recolour=0.6, directional=True, weight=0.9)
def _rhinoceros(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    horn = draw.rgb(0.93, 0.89, 0.78)
    solid.ellipsoid((0.0, 0.0, -0.16), (0.34, 0.33, 0.46), main)
    solid.ellipsoid((0.0, 0.08, 0.12), (0.31, 0.3, 0.24), main, blend=0.06)
    head = ball(solid, (0.0, 0.1, 0.42), (0.22, 0.22, 0.24), main)
    solid.capsule((0.0, 0.06, 0.48), (0.0, -0.03, 0.7), 0.19, main, end_radius=0.15)
    solid.cylinder((0.0, 0.3, 0.78), draw.between(0.21, 0.27), 0.105, horn, above=0.01, turn=(12.0, 0.0, 0.0))
    solid.cylinder((0.0, 0.3, 0.57), 0.11, 0.075, horn, above=0.01, turn=(6.0, 0.0, 0.0))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.17, 0.36, 0.34), (0.06, 0.11, 0.04), main, turn=(0.0, 0.0, -side * 22.0))
        solid.ellipsoid((side * 0.07, 0.0, 0.845), 0.028, ink(draw))
    _legs(solid, main, x=0.2, zs=(-0.4, 0.14), top=-0.12, bottom=-0.5, radius=0.12, hoof=main.shaded(0.6))
    eyes(solid, draw, head, main, around=48.0, above=22.0, size=0.05, wide=0.8)
    solid.capsule((0.0, 0.1, -0.6), (0.0, -0.15, -0.68), 0.035, main)
    wears(solid, head)


@SHELF.thing("hippopotamus", "hippo", colour="gray", recolour=0.7, directional=True, weight=0.9)
def _hippopotamus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale, white = _belly(main, 0.3), draw.rgb(0.96, 0.95, 0.9)
    solid.ellipsoid((0.0, -0.02, -0.14), (0.39, 0.36, 0.48), main)
    head = ball(solid, (0.0, 0.18, 0.36), (0.25, 0.23, 0.24), main)
    solid.box((0.0, 0.1, 0.6), (0.29, 0.15, 0.19), main, rounding=0.14)
    solid.box((0.0, -0.1, 0.56), (0.24, 0.07, 0.19), pale, rounding=0.065)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.13, 0.22, 0.74), 0.07, main)
        solid.ellipsoid((side * 0.13, 0.235, 0.795), 0.032, ink(draw))
        solid.box((side * 0.13, -0.03, 0.73), (0.04, 0.07, 0.035), white, rounding=0.015)
        solid.ellipsoid((side * 0.21, 0.42, 0.3), (0.07, 0.08, 0.04), main)
        solid.ellipsoid((side * 0.21, 0.42, 0.335), (0.045, 0.05, 0.03), draw.paint("pink"))
    _legs(solid, main, x=0.22, zs=(-0.38, 0.14), top=-0.2, bottom=-0.52, radius=0.125, hoof=pale)
    eyes(solid, draw, Ball(head.centre, (0.25, 0.23, 0.2)), main, around=30.0, above=50.0, size=0.05, wide=1.0)
    solid.capsule((0.0, 0.05, -0.6), (0.0, -0.06, -0.68), 0.04, main)
    wears(solid, head)


@SHELF.thing("crocodile", "alligator", colour="green", directional=True)
def _crocodile(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale, white = _belly(main, 0.45), draw.rgb(0.97, 0.97, 0.93)
    solid.ellipsoid((0.0, 0.0, -0.05), (0.28, 0.2, 0.4), main)
    solid.ellipsoid((0.0, -0.06, 0.0), (0.25, 0.16, 0.36), pale)
    gape = draw.between(12.0, 24.0)
    rise = np.sin(np.deg2rad(gape)) * 0.26
    solid.ellipsoid((0.0, 0.1, 0.36), (0.23, 0.15, 0.19), main)
    solid.box((0.0, 0.1 + rise, 0.62), (0.16, 0.06, 0.25), main, turn=(-gape, 0.0, 0.0), rounding=0.045)
    solid.box((0.0, -0.01, 0.62), (0.15, 0.05, 0.26), pale, rounding=0.045)
    for side in (-1, 1):
        for z in (0.52, 0.66, 0.8):
            solid.cylinder((side * 0.125, 0.065, z), 0.05, 0.04, white, above=0.006, rounding=0.0)
        solid.ellipsoid((side * 0.13, 0.26, 0.38), 0.1, main)
        solid.ellipsoid((side * 0.07, 0.18 + 1.9 * rise, 0.83), 0.038, ink(draw))
        for z in (-0.26, 0.2):
            solid.capsule((side * 0.22, -0.05, z), (side * 0.37, -0.22, z + 0.04), 0.095, main, end_radius=0.075)
    eyes(solid, draw, Ball((0.0, 0.27, 0.4), (0.16, 0.1, 0.1)), main, around=50.0, above=10.0, size=0.055, wide=1.0)
    solid.capsule((0.0, 0.0, -0.35), (draw.between(-0.2, 0.2), -0.06, -0.86), 0.2, main, end_radius=0.04)
    for z in (-0.5, -0.32, -0.14, 0.04, 0.2):
        solid.cylinder((0.0, 0.23 - 0.3 * abs(z + 0.05), z), 0.08, 0.09, main.shaded(0.65), above=0.01, rounding=0.0)


# ---- birds -----------------------------------------------------------------------------------------------------------


@SHELF.thing("penguin", colour="black", recolour=0.5, directional=True, weight=1.3)
def _penguin(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, orange = draw.paint("white"), draw.paint("orange")
    girth = draw.between(0.31, 0.37)
    solid.ellipsoid((0.0, -0.1, -0.02), (girth, 0.48, 0.32), main)
    solid.ellipsoid((0.0, -0.14, 0.09), (girth * 0.76, 0.41, 0.27), white)
    head = ball(solid, (0.0, 0.4, 0.0), (0.26, 0.24, 0.24), main)
    flap = draw.between(8.0, 30.0)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.095, 0.39, 0.12), (0.115, 0.13, 0.13), white)
        solid.ellipsoid((side * (girth + 0.05), -0.06, -0.02), (0.06, 0.29, 0.14), main, turn=(0.0, 0.0, side * flap))
        solid.ellipsoid((side * 0.15, -0.57, 0.15), (0.13, 0.055, 0.18), orange)
        solid.ellipsoid((side * 0.1, 0.44, 0.235), 0.047, ink(draw))
    solid.cylinder((0.0, 0.345, 0.3), 0.11, 0.075, orange, above=0.01, turn=(90.0, 0.0, 0.0))
    solid.cylinder((0.0, -0.5, -0.3), 0.12, 0.1, main, above=0.02, turn=(-115.0, 0.0, 0.0))
    wears(solid, head)


@SHELF.thing("owl", colour="brown", directional=True, weight=1.1)
def _owl(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    orange, white = draw.paint("orange"), draw.paint("white", "cream")
    chest = _belly(main, 0.5).patterned(Pattern.DOTS, 10.0, main.plain())
    girth = draw.between(0.34, 0.39)
    solid.ellipsoid((0.0, -0.1, -0.02), (girth, 0.5, 0.32), main)
    solid.ellipsoid((0.0, -0.2, 0.09), (girth * 0.72, 0.33, 0.25), chest)
    iris = draw.paint("yellow", "orange")
    for side in (-1, 1):
        solid.ellipsoid((side * 0.155, 0.2, 0.24), (0.16, 0.16, 0.07), white)
        solid.ellipsoid((side * 0.15, 0.2, 0.285), (0.1, 0.1, 0.045), iris)
        solid.ellipsoid((side * 0.145, 0.2, 0.325), (0.06, 0.06, 0.03), ink(draw))
        solid.cylinder((side * 0.23, 0.42, 0.05), 0.15, 0.1, main, above=0.01, turn=(0.0, 0.0, -side * 20.0))
        solid.ellipsoid((side * girth, -0.14, -0.03), (0.08, 0.32, 0.2), main.shaded(0.65), turn=(0.0, 0.0, side * 8.0))
        solid.ellipsoid((side * 0.13, -0.59, 0.16), (0.1, 0.05, 0.12), orange)
    solid.cylinder((0.0, 0.08, 0.34), 0.085, 0.06, orange, above=0.008, turn=(125.0, 0.0, 0.0))
    solid.ellipsoid((0.0, -0.5, -0.3), (0.15, 0.22, 0.06), main.shaded(0.65), turn=(30.0, 0.0, 0.0))
    wears(solid, Ball((0.0, 0.15, 0.0), (0.3, 0.27, 0.3)), height=0.9)


@SHELF.thing("duck", "rubber duck", "duckling", colour="yellow", directional=True, weight=1.6)
def _duck(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    orange, z = draw.paint("orange"), draw.between(0.16, 0.24)
    solid.ellipsoid((0.0, -0.2, -0.02), (0.35, 0.27, 0.45), main)
    size = draw.between(0.24, 0.28)
    solid.ellipsoid((0.0, 0.21, z), size, main, blend=0.06)
    head = Ball((0.0, 0.21, z), (size, size, size))
    solid.ellipsoid((0.0, 0.17, z + size + 0.04), (0.13, 0.04, 0.14), orange)
    solid.ellipsoid((0.0, 0.115, z + size + 0.01), (0.105, 0.035, 0.1), orange.shaded(0.85))
    eyes(solid, draw, head, main, around=30.0, above=22.0, size=0.05)
    solid.cylinder((0.0, -0.02, -0.44), 0.17, 0.13, main, above=0.02, turn=(-55.0, 0.0, 0.0))
    _wing_pair(solid, (0.32, -0.16, -0.08), (0.075, 0.16, 0.26), main.shaded(0.85))
    wears(solid, head)


@SHELF.thing("chicken", "hen", colour="white", directional=True)
def _chicken(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    red, orange = draw.paint("red"), draw.paint("orange")
    solid.ellipsoid((0.0, -0.1, -0.04), (0.3, 0.31, 0.37), main)
    solid.capsule((0.0, 0.0, 0.18), (0.0, 0.34, 0.26), 0.19, main, end_radius=0.16, blend=0.06)
    head = Ball((0.0, 0.38, 0.26), (0.165, 0.165, 0.165))
    for y, z in ((0.52, 0.36), (0.58, 0.27), (0.54, 0.17)):
        solid.ellipsoid((0.0, y, z), (0.04, 0.085, 0.065), red)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.045, 0.24, 0.42), (0.035, 0.075, 0.04), red)
    solid.cylinder((0.0, 0.37, 0.47), 0.1, 0.06, orange, above=0.008, turn=(95.0, 0.0, 0.0))
    eyes(solid, draw, head, main, around=36.0, above=18.0, size=0.045)
    solid.cylinder((0.0, 0.12, -0.4), 0.2, 0.06, main, above=0.18, turn=(-40.0, 0.0, 0.0))
    _wing_pair(solid, (0.28, -0.08, -0.06), (0.07, 0.17, 0.23), main.shaded(0.85))
    _bird_feet(solid, orange, x=0.12, top=-0.36, bottom=-0.58)
    wears(solid, Ball((0.0, 0.4, 0.26), (0.17, 0.17, 0.17)), size=0.85)


@SHELF.thing(
    "rooster",
    "cockerel",
    colour="brown",
    recolour=0.5,
    second="dark green",
    part="tail feathers",
    directional=True,
    weight=0.8,
)
def _rooster(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    red, gold = draw.paint("red"), draw.rgb(0.93, 0.62, 0.14)
    solid.ellipsoid((0.0, -0.14, 0.0), (0.25, 0.26, 0.33), main)
    solid.capsule((0.0, -0.05, 0.2), (0.0, 0.42, 0.3), 0.2, gold, end_radius=0.12)
    head = ball(solid, (0.0, 0.5, 0.32), (0.14, 0.14, 0.15), main)
    for y, z in ((0.63, 0.43), (0.71, 0.37), (0.73, 0.28), (0.66, 0.2)):
        solid.ellipsoid((0.0, y, z), (0.038, 0.1, 0.055), red)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.04, 0.33, 0.46), (0.035, 0.1, 0.045), red)
    solid.cylinder((0.0, 0.48, 0.51), 0.09, 0.055, draw.paint("yellow"), above=0.008, turn=(95.0, 0.0, 0.0))
    eyes(solid, draw, head, main, around=38.0, above=16.0, size=0.042, wide=0.8)
    ring = draw.between(0.3, 0.36)
    for turn, shift in ((0.0, 0.0), (16.0, 0.06), (-16.0, -0.06)):
        solid.horn((shift, 0.06, -0.5), ring, 0.075, 85.0, second, turn=(0.0, 90.0 + turn, 50.0))
        solid.horn((shift, -0.06, -0.48), ring * 0.8, 0.07, 85.0, second.shaded(0.8), turn=(0.0, 90.0 + turn, 62.0))
    _wing_pair(solid, (0.24, -0.1, -0.02), (0.06, 0.15, 0.22), main.shaded(0.65))
    _bird_feet(solid, draw.paint("yellow"), x=0.1, top=-0.36, bottom=-0.62)


@SHELF.thing("bird", "songbird", colour="blue", directional=True, weight=1.1)
def _bird(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    orange, girth = draw.paint("orange", "yellow"), draw.between(0.25, 0.29)
    solid.ellipsoid((0.0, 0.0, -0.02), (girth, 0.28, 0.34), main)
    solid.ellipsoid((0.0, -0.06, 0.1), (girth * 0.78, 0.2, 0.24), draw.paint("white", "cream"))
    head = ball(solid, (0.0, 0.26, 0.16), (0.22, 0.21, 0.21), main)
    solid.cylinder((0.0, 0.24, 0.42), 0.09, 0.06, orange, above=0.008, turn=(90.0, 0.0, 0.0))
    eyes(solid, draw, head, main, around=33.0, above=16.0, size=0.05)
    solid.box((0.0, 0.05, -0.46), (0.11, 0.03, 0.2), main.shaded(0.75), turn=(12.0, 0.0, 0.0))
    _wing_pair(solid, (0.26, 0.01, -0.08), (0.06, 0.16, 0.27), main.shaded(0.7))
    _bird_feet(solid, orange, x=0.09, top=-0.25, bottom=-0.43, z=0.02)
    wears(solid, head)


@SHELF.thing("parrot", "macaw", colour="red", second="blue", part="wings", directional=True)
def _parrot(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    yellow, white = draw.paint("yellow"), draw.paint("white")
    solid.ellipsoid((0.0, -0.02, 0.02), (0.24, 0.36, 0.24), main, turn=(-12.0, 0.0, 0.0))
    head = ball(solid, (0.0, 0.42, 0.12), (0.22, 0.22, 0.22), main)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.1, 0.43, 0.2), (0.12, 0.12, 0.13), white)
        solid.ellipsoid((side * 0.24, -0.06, -0.04), (0.075, 0.32, 0.17), second, turn=(12.0, 0.0, side * 5.0))
        solid.ellipsoid((side * 0.26, 0.1, 0.0), (0.07, 0.12, 0.14), yellow)
        solid.ellipsoid((side * 0.135, 0.47, 0.29), 0.052, ink(draw))
        solid.capsule((side * 0.1, -0.36, 0.06), (side * 0.1, -0.38, 0.22), 0.05, draw.paint("gray"))
    beak = draw.rgb(0.16, 0.15, 0.15).where(draw.chance(0.6), draw.rgb(0.95, 0.85, 0.6))
    solid.capsule((0.0, 0.4, 0.33), (0.0, 0.24, 0.4), 0.085, beak, end_radius=0.03)
    solid.capsule((0.0, -0.3, -0.16), (0.0, -0.82, draw.between(-0.36, -0.24)), 0.11, second, end_radius=0.05)
    solid.capsule((0.0, -0.32, -0.12), (0.0, -0.7, -0.2), 0.09, main, end_radius=0.04)
    wears(solid, head)


@SHELF.thing(
    "eagle", "bald eagle", colour="brown", recolour=0.2, directional=True, phrases=("an eagle with spread wings",)
)
def _eagle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, yellow = draw.paint("white"), draw.paint("yellow", "orange")
    solid.ellipsoid((0.0, -0.06, 0.0), (0.22, 0.32, 0.24), main)
    head = ball(solid, (0.0, 0.32, 0.1), (0.18, 0.18, 0.19), white)
    solid.ellipsoid((0.0, 0.2, 0.06), (0.17, 0.13, 0.17), white)
    solid.capsule((0.0, 0.34, 0.28), (0.0, 0.2, 0.38), 0.075, yellow, end_radius=0.022)
    lift = draw.between(12.0, 32.0)
    up = np.sin(np.deg2rad(lift))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.44, 0.12 + 0.3 * up, -0.06), (0.36, 0.2, 0.05), main, turn=(0.0, 0.0, side * lift))
        for k in range(3):
            start = (side * (0.48 + 0.12 * k), 0.08 + (0.3 + 0.12 * k) * up, -0.06)
            end = (side * (0.56 + 0.16 * k), -0.28 + 0.12 * k + (0.36 + 0.16 * k) * up, -0.06)
            solid.capsule(start, end, 0.08, main.shaded(0.7), end_radius=0.05)
        solid.cylinder((side * 0.11, -0.4, 0.06), 0.12, 0.08, main)
        solid.ellipsoid((side * 0.11, -0.53, 0.12), (0.09, 0.045, 0.12), yellow)
    eyes(solid, draw, head, white, around=33.0, above=14.0, size=0.048, wide=0.0)
    solid.cylinder((0.0, -0.38, -0.24), 0.16, 0.17, white, above=0.08, turn=(35.0, 0.0, 0.0))
    wears(solid, head)


@SHELF.thing("peacock", colour="blue", second="green", part="tail feathers", recolour=0.3, directional=True, weight=0.9)
def _peacock(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    gold, radius = draw.paint("golden"), draw.between(0.56, 0.64)
    fan = second.patterned(Pattern.SECTORS, 14.0)
    solid.cylinder((0.0, 0.14, -0.16), 0.04, radius, fan, turn=(90.0, 0.0, 0.0), rounding=0.03)
    for k in range(7):
        angle = np.deg2rad(-78.0 + 26.0 * k)
        x, y = radius * 0.8 * np.sin(angle), 0.14 + radius * 0.8 * np.cos(angle)
        solid.ellipsoid((x, y, -0.11), (0.1, 0.1, 0.03), gold)
        solid.ellipsoid((x, y, -0.08), (0.06, 0.06, 0.03), main)
    solid.ellipsoid((0.0, -0.22, 0.04), (0.22, 0.24, 0.28), main)
    solid.ellipsoid((0.0, -0.16, -0.22), (0.2, 0.24, 0.13), draw.paint("brown", "gray"))
    solid.capsule((0.0, -0.15, 0.18), (0.0, 0.24, 0.24), 0.14, main, end_radius=0.09)
    head = ball(solid, (0.0, 0.32, 0.26), (0.13, 0.13, 0.14), main)
    solid.cylinder((0.0, 0.3, 0.43), 0.07, 0.045, draw.paint("yellow"), above=0.008, turn=(90.0, 0.0, 0.0))
    eyes(solid, draw, head, main, around=36.0, above=14.0, size=0.045, wide=1.0)
    for side in (-1, 0, 1):
        solid.capsule((0.0, 0.4, 0.26), (side * 0.09, 0.55, 0.24), 0.024, main, end_radius=0.04)
    _bird_feet(solid, draw.paint("orange"), x=0.1, top=-0.4, bottom=-0.58, z=0.06)


@SHELF.thing("swan", colour="white", recolour=0.4, directional=True)
def _swan(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    orange, black = draw.paint("orange"), draw.rgb(0.07, 0.07, 0.08)
    solid.ellipsoid((0.0, -0.3, -0.1), (0.3, 0.22, 0.46), main)
    tall = draw.between(0.32, 0.42)
    solid.capsule((0.0, -0.25, 0.24), (0.0, 0.0, 0.44), 0.13, main, end_radius=0.09)
    solid.capsule((0.0, 0.0, 0.44), (0.0, tall, 0.26), 0.09, main, end_radius=0.08)
    head = ball(solid, (0.0, tall + 0.08, 0.32), (0.13, 0.13, 0.17), main)
    solid.ellipsoid((0.0, tall + 0.09, 0.46), (0.07, 0.06, 0.07), black)
    solid.cylinder((0.0, tall + 0.04, 0.56), 0.11, 0.07, orange, above=0.03, turn=(102.0, 0.0, 0.0))
    eyes(solid, draw, head, main, around=44.0, above=22.0, size=0.045)
    for side in (-1, 1):
        solid.ellipsoid(
            (side * 0.24, -0.14, -0.16), (0.08, 0.2, 0.36), main.shaded(0.93), turn=(22.0, 0.0, -side * 14.0)
        )
        solid.ellipsoid((side * 0.22, -0.02, -0.34), (0.06, 0.14, 0.24), main, turn=(35.0, 0.0, -side * 14.0))
    solid.cylinder((0.0, -0.18, -0.56), 0.13, 0.14, main, above=0.03, turn=(-60.0, 0.0, 0.0))
    wears(solid, head)


@SHELF.thing("flamingo", colour="pink", recolour=0.4, directional=True)
def _flamingo(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, leg = draw.rgb(0.07, 0.07, 0.08), main.plain().shaded(0.82)
    solid.ellipsoid((0.0, 0.02, -0.08), (0.21, 0.2, 0.33), main)
    solid.capsule((0.0, 0.06, 0.18), (0.0, 0.34, 0.38), 0.09, main, end_radius=0.07)
    solid.capsule((0.0, 0.34, 0.38), (0.0, 0.62, 0.22), 0.07, main, end_radius=0.065)
    head = ball(solid, (0.0, 0.68, 0.26), (0.12, 0.12, 0.15), main)
    solid.capsule((0.0, 0.66, 0.38), (0.0, 0.58, 0.5), 0.065, draw.paint("cream"), end_radius=0.055)
    solid.capsule((0.0, 0.57, 0.51), (0.0, 0.46, 0.52), 0.055, black, end_radius=0.03)
    eyes(solid, draw, head, main, around=44.0, above=22.0, size=0.042)
    _wing_pair(solid, (0.19, 0.04, -0.12), (0.06, 0.14, 0.27), main.shaded(0.82))
    solid.cylinder((0.0, 0.06, -0.42), 0.1, 0.1, main.shaded(0.75), above=0.02, turn=(-105.0, 0.0, 0.0))
    bent = draw.chance(0.5)
    solid.capsule((-0.09, -0.1, -0.04), (-0.09, -0.74, -0.04), 0.038, leg)
    solid.ellipsoid((-0.09, -0.76, 0.03), (0.07, 0.028, 0.12), leg)
    solid.capsule((0.09, -0.1, -0.04), (0.09, np.where(bent, -0.34, -0.74), np.where(bent, 0.2, -0.04)), 0.038, leg)
    solid.capsule(
        (0.09, np.where(bent, -0.34, -0.76), np.where(bent, 0.2, -0.04)),
        (0.09, np.where(bent, -0.46, -0.76), np.where(bent, -0.08, 0.12)),
        0.035,
        leg,
    )


# ---- water -----------------------------------------------------------------------------------------------------------


@SHELF.thing("fish", "goldfish", colour="orange", directional=True, weight=1.3)
def _fish(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    fin, white = main.plain().shaded(0.75), draw.paint("white")
    high = draw.between(0.27, 0.34)
    scales = main.patterned(Pattern.BANDS, 2.6, white).where(draw.chance(0.3), main)
    solid.ellipsoid((0.0, 0.0, 0.06), (0.19, 0.44, high), scales, turn=(90.0, 0.0, 0.0))
    for side in (-1, 1):
        solid.ellipsoid((0.0, side * 0.16, -0.55), (0.035, 0.12, 0.24), fin, turn=(side * 40.0, 0.0, 0.0))
        solid.ellipsoid((side * 0.2, -0.08, 0.06), (0.03, 0.1, 0.15), fin, turn=(20.0, -side * 25.0, 0.0))
        solid.ellipsoid((side * 0.13, 0.08, 0.3), 0.085, white)
        solid.ellipsoid((side * 0.175, 0.085, 0.345), 0.058, ink(draw))
    solid.ellipsoid((0.0, high, -0.02), (0.035, 0.14, 0.24), fin, turn=(-12.0, 0.0, 0.0))
    solid.ellipsoid((0.0, -high, -0.04), (0.03, 0.1, 0.12), fin, turn=(30.0, 0.0, 0.0))
    solid.torus((0.0, -0.06, 0.49), 0.05, 0.028, main.plain().shaded(0.6), turn=(90.0, 0.0, 0.0))


@SHELF.thing("whale", colour="blue", directional=True, weight=1.1)
def _whale(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale = draw.paint("white").patterned(Pattern.BANDS, 9.0, draw.rgb(0.72, 0.76, 0.8))
    wide = draw.between(0.35, 0.41)
    solid.ellipsoid((0.0, 0.0, 0.1), (wide, 0.33, 0.5), main)
    solid.ellipsoid((0.0, -0.11, 0.15), (wide * 0.88, 0.25, 0.46), pale)
    solid.capsule((0.0, 0.02, -0.22), (0.0, 0.2, -0.62), 0.2, main, end_radius=0.08, blend=0.06)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.17, 0.27, -0.72), (0.21, 0.05, 0.12), main, turn=(0.0, side * 28.0, side * 8.0))
        solid.ellipsoid(
            (side * 0.42, -0.14, 0.08), (0.2, 0.045, 0.12), main.shaded(0.85), turn=(0.0, side * 20.0, -side * 28.0)
        )
    eyes(solid, draw, Ball((0.0, 0.0, 0.1), (wide, 0.33, 0.5)), main, around=52.0, above=12.0, size=0.05, wide=0.6)
    spout = draw.chance(0.65)
    water = draw.paint("light blue")
    solid.cylinder((0.0, 0.42, 0.12), 0.12, 0.05, water, above=0.04, when=spout)
    for side in (-1, 1):
        solid.ellipsoid(
            (side * 0.1, 0.57, 0.12), (0.12, 0.065, 0.075), water, turn=(0.0, 0.0, -side * 20.0), when=spout
        )


@SHELF.thing("dolphin", colour="gray", directional=True, weight=1.1)
def _dolphin(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    arch = draw.between(0.1, 0.2)
    solid.ellipsoid((0.0, 0.06, 0.08), (0.22, 0.24, 0.44), main, turn=(6.0, 0.0, 0.0))
    solid.ellipsoid((0.0, -0.03, 0.14), (0.18, 0.19, 0.4), draw.paint("white"), turn=(6.0, 0.0, 0.0))
    solid.capsule((0.0, -0.02, 0.46), (0.0, -0.05, 0.72), 0.085, main, end_radius=0.06)
    solid.capsule((0.0, 0.06, -0.2), (0.0, -arch, -0.62), 0.18, main, end_radius=0.07, blend=0.05)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.16, -arch - 0.04, -0.72), (0.18, 0.045, 0.1), main, turn=(0.0, side * 30.0, 0.0))
        solid.ellipsoid(
            (side * 0.24, -0.14, 0.14), (0.17, 0.045, 0.09), main.shaded(0.85), turn=(0.0, side * 30.0, -side * 35.0)
        )
    solid.prism((0.0, 0.24, -0.02), 0.16, 0.26, 0.03, main.shaded(0.9), turn=(0.0, 90.0, 12.0), rounding=0.03)
    eyes(solid, draw, Ball((0.0, 0.06, 0.08), (0.2, 0.22, 0.42)), main, around=40.0, above=6.0, size=0.05, wide=0.8)
    wears(solid, Ball((0.0, 0.1, 0.3), (0.16, 0.2, 0.2)))


@SHELF.thing("shark", colour="gray", directional=True, weight=1.1)
def _shark(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, red = draw.paint("white"), draw.rgb(0.55, 0.08, 0.1)
    solid.ellipsoid((0.0, 0.0, 0.06), (0.25, 0.25, 0.56), main)
    solid.ellipsoid((0.0, -0.06, 0.06), (0.22, 0.21, 0.5), white)
    solid.ellipsoid((0.0, -0.13, 0.46), (0.16, 0.075, 0.16), red)
    for side in (-1, 1):
        for x, z in ((0.035, 0.61), (0.1, 0.57)):
            solid.cylinder((side * x, -0.1, z), 0.045, 0.036, white, above=0.006, turn=(180.0, 0.0, 0.0), rounding=0.0)
        solid.ellipsoid(
            (side * 0.36, -0.12, 0.06), (0.24, 0.04, 0.11), main.shaded(0.85), turn=(0.0, side * 30.0, -side * 22.0)
        )
    tall = draw.between(0.3, 0.38)
    solid.prism((0.0, 0.18, 0.0), 0.2, tall, 0.035, main.shaded(0.85), turn=(0.0, 90.0, 8.0), rounding=0.02)
    solid.capsule((0.0, 0.0, -0.4), (0.0, 0.04, -0.7), 0.13, main, end_radius=0.05, blend=0.04)
    solid.ellipsoid((0.0, 0.22, -0.8), (0.04, 0.28, 0.1), main.shaded(0.85), turn=(-28.0, 0.0, 0.0))
    solid.ellipsoid((0.0, -0.1, -0.76), (0.04, 0.19, 0.08), main.shaded(0.85), turn=(32.0, 0.0, 0.0))
    eyes(solid, draw, Ball((0.0, 0.0, 0.06), (0.25, 0.25, 0.56)), main, around=32.0, above=22.0, size=0.048, wide=0.8)


@SHELF.thing("turtle", "tortoise", colour="green", directional=True, weight=1.2)
def _turtle(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    shell = main.plain().shaded(0.6).patterned(Pattern.CHECKS, 5.5, main.shaded(0.9))
    shell = shell.where(draw.chance(0.6), draw.paint("brown").patterned(Pattern.DOTS, 6.0))
    solid.dome((0.0, -0.06, -0.05), 0.46, shell, squash=draw.between(0.72, 0.9))
    solid.ellipsoid((0.0, -0.07, -0.05), (0.5, 0.085, 0.5), draw.paint("brown", "cream"))
    head = ball(solid, (0.0, 0.12, 0.55), (0.19, 0.18, 0.2), main)
    solid.capsule((0.0, -0.04, 0.3), (0.0, 0.06, 0.5), 0.11, main)
    eyes(solid, draw, head, main, around=31.0, above=20.0, size=0.05)
    solid.capsule((-0.08, 0.05, 0.715), (0.08, 0.05, 0.715), 0.022, main.shaded(0.4))
    for side in (-1, 1):
        for z in (-0.36, 0.28):
            solid.ellipsoid((side * 0.36, -0.17, z), (0.13, 0.11, 0.16), main, turn=(0.0, side * z * 100.0, 0.0))
    solid.capsule((0.0, -0.1, -0.5), (0.0, -0.12, -0.68), 0.06, main, end_radius=0.015)
    wears(solid, head)


@SHELF.thing("octopus", colour="purple", directional=True, weight=1.1)
def _octopus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    size, tall = draw.between(0.32, 0.37), draw.between(0.34, 0.42)
    head = ball(solid, (0.0, 0.2, 0.0), (size, tall, size), main)
    eyes(solid, draw, head, main, around=24.0, above=-4.0, size=0.07, wide=1.0)
    solid.torus((0.0, -0.02, size - 0.02), 0.05, 0.026, main.plain().shaded(0.5), turn=(80.0, 0.0, 0.0))
    for k in range(8):
        a = np.deg2rad(22.5 + 45.0 * k)
        s, c = np.sin(a), np.cos(a)
        knee = (0.44 * s, -0.4, 0.44 * c)
        solid.capsule((0.18 * s, -0.04, 0.18 * c), knee, 0.125, main, end_radius=0.085)
        solid.capsule(knee, (0.66 * s, -0.3 + 0.1 * (k % 2), 0.66 * c), 0.085, main, end_radius=0.045)
    wears(solid, head)


@SHELF.thing("crab", colour="red", directional=True)
def _crab(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0.0, 0.0, 0.0), (0.42, 0.23, 0.3), main)
    for side in (-1, 1):
        solid.capsule((side * 0.13, 0.16, 0.2), (side * 0.15, 0.34, 0.24), 0.04, main)
        _stalked_eye(solid, draw, (side * 0.15, 0.38, 0.24), main)
        solid.capsule((side * 0.34, 0.0, 0.14), (side * 0.56, 0.14, 0.28), 0.075, main)
        solid.ellipsoid((side * 0.55, 0.32, 0.32), (0.16, 0.2, 0.11), main, turn=(0.0, 0.0, side * 12.0))
        for z, low in ((0.12, -0.34), (-0.04, -0.36), (-0.2, -0.34)):
            solid.capsule((side * 0.34, -0.06, z), (side * 0.58, -0.02, z * 1.3), 0.05, main)
            solid.capsule((side * 0.58, -0.02, z * 1.3), (side * 0.66, low, z * 1.5), 0.05, main, end_radius=0.025)
    solid.capsule((-0.1, -0.03, 0.285), (0.1, -0.03, 0.285), 0.026, main.shaded(0.35))
    for side in (-1, 1):
        solid.prism((side * 0.53, 0.62, 0.32), 0.1, 0.3, 0.3, main, turn=(0.0, 0.0, 180.0 + side * 12.0), cut=True)


@SHELF.thing("jellyfish", colour="pink", weight=0.8)
def _jellyfish(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.dome((0.0, 0.1, 0.0), 0.46, main.patterned(Pattern.RIBS, 12.0), squash=draw.between(0.85, 1.1))
    solid.torus((0.0, 0.1, 0.0), 0.41, 0.07, main.pale(0.3))
    pale, length = main.plain().pale(0.35), draw.between(0.5, 0.7)
    for k in range(8):
        a = np.deg2rad(22.5 + 45.0 * k)
        s, c = np.sin(a), np.cos(a)
        sway = 0.05 if k % 2 else -0.05
        middle = ((0.33 + sway) * s, 0.05 - length * 0.5, (0.33 + sway) * c)
        solid.capsule((0.34 * s, 0.08, 0.34 * c), middle, 0.045, main)
        solid.capsule(middle, ((0.33 - sway) * s, 0.05 - length, (0.33 - sway) * c), 0.045, main, end_radius=0.025)
    for k in range(3):
        a = np.deg2rad(120.0 * k)
        solid.capsule(
            (0.1 * np.sin(a), 0.1, 0.1 * np.cos(a)),
            (0.13 * np.sin(a), -0.35, 0.13 * np.cos(a)),
            0.09,
            pale,
            end_radius=0.05,
        )


@SHELF.thing("starfish", colour="orange", directional=True, weight=0.8)
def _starfish(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0.0, 0.0, 0.0), (0.27, 0.27, 0.17), main)
    reach, knobs = draw.between(0.56, 0.64), main.plain().pale(0.45)
    for k in range(5):
        a = np.deg2rad(72.0 * k)
        s, c = np.sin(a), np.cos(a)
        solid.capsule((0.1 * s, 0.1 * c, 0.0), (reach * s, reach * c, 0.0), 0.19, main, end_radius=0.075, blend=0.06)
        for along, size in ((0.33, 0.05), (0.5, 0.04)):
            solid.ellipsoid((along * s, along * c, 0.2 - 0.22 * along), size, knobs)
    eyes(solid, draw, Ball((0.0, 0.0, 0.0), (0.25, 0.25, 0.19)), main, around=27.0, above=14.0, size=0.06, wide=0.9)
    solid.capsule((-0.07, -0.08, 0.185), (0.07, -0.08, 0.185), 0.026, main.plain().shaded(0.4))


# ---- reptiles, amphibians, insects -----------------------------------------------------------------------------------


@SHELF.thing("frog", colour="green", directional=True, weight=1.3)
def _frog(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, wide = draw.paint("white"), draw.between(0.36, 0.42)
    solid.ellipsoid((0.0, -0.1, -0.02), (wide, 0.29, 0.38), main)
    solid.ellipsoid((0.0, -0.16, 0.1), (wide * 0.8, 0.2, 0.29), _belly(main, 0.5))
    solid.ellipsoid((0.0, 0.02, 0.16), (wide * 0.95, 0.17, 0.25), main)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.21, 0.2, 0.16), 0.14, main)
        solid.ellipsoid((side * 0.21, 0.22, 0.25), (0.095, 0.095, 0.06), white)
        solid.ellipsoid((side * 0.21, 0.22, 0.3), (0.055, 0.06, 0.035), ink(draw))
        solid.ellipsoid((side * 0.41, -0.26, -0.1), (0.13, 0.14, 0.26), main, turn=(-15.0, side * 10.0, 0.0))
        solid.ellipsoid((side * 0.46, -0.38, 0.16), (0.13, 0.045, 0.16), main)
        solid.capsule((side * 0.24, -0.12, 0.28), (side * 0.25, -0.36, 0.36), 0.075, main)
        solid.ellipsoid((side * 0.25, -0.39, 0.42), (0.12, 0.04, 0.12), main)
    solid.capsule((-0.18, -0.02, 0.375), (0.18, -0.02, 0.375), 0.026, main.plain().shaded(0.35))
    wears(solid, Ball((0.0, 0.1, 0.08), (0.32, 0.16, 0.25)))


@SHELF.thing("snake", colour="green", directional=True)
def _snake(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    skin = main.patterned(Pattern.CHECKS, 7.0, main.shaded(0.55)).where(draw.chance(0.7), main)
    thick = draw.between(0.115, 0.14)
    for ring, y in ((0.42, -0.42), (0.35, -0.24), (0.27, -0.08)):
        solid.torus((0.0, y, 0.0), ring, thick, skin)
    solid.capsule((0.0, -0.06, 0.2), (0.0, 0.42, 0.26), 0.12, skin, end_radius=0.11)
    head = ball(solid, (0.0, 0.5, 0.36), (0.18, 0.13, 0.23), main)
    eyes(solid, draw, head, main, around=38.0, above=34.0, size=0.055, wide=0.8)
    red = draw.paint("red")
    solid.capsule((0.0, 0.46, 0.56), (0.0, 0.45, 0.7), 0.028, red)
    for side in (-1, 1):
        solid.capsule((0.0, 0.45, 0.7), (side * 0.06, 0.43, 0.78), 0.024, red)
    solid.capsule((-0.42, -0.42, -0.06), (-0.5, -0.36, -0.42), 0.1, skin, end_radius=0.02)
    wears(solid, head, size=0.8)


@SHELF.thing("snail", colour="yellow", second="brown", part="a shell", directional=True)
def _snail(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.capsule((0.0, -0.36, -0.58), (0.0, -0.34, 0.36), 0.06, main, end_radius=0.16)
    solid.capsule((0.0, -0.34, 0.36), (0.0, -0.02, 0.5), 0.16, main, end_radius=0.13)
    head = ball(solid, (0.0, 0.06, 0.52), (0.18, 0.17, 0.17), main)
    for side in (-1, 1):
        solid.capsule((side * 0.08, 0.16, 0.52), (side * 0.15, 0.42, 0.56), 0.038, main)
        _stalked_eye(solid, draw, (side * 0.15, 0.46, 0.57), main)
    solid.capsule((-0.06, -0.01, 0.675), (0.06, -0.01, 0.675), 0.024, main.shaded(0.4))
    size = draw.between(0.34, 0.4)
    lines = second.shaded(0.6)
    solid.ellipsoid((0.0, 0.0, -0.14), (0.24, size, size), second)
    for side in (-1, 1):
        for ring, x in ((0.75, 0.15), (0.42, 0.21)):
            solid.torus((side * x, 0.0, -0.14), size * ring, 0.04, lines, turn=(0.0, 0.0, 90.0))
        solid.ellipsoid((side * 0.22, 0.0, -0.14), (0.06, 0.065, 0.065), lines)
    wears(solid, head, size=0.5)


@SHELF.thing(
    "ladybug", "ladybird", colour="red", directional=True, weight=1.1, phrases=("a red ladybug with black spots",)
)
def _ladybug(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, squash = draw.rgb(0.07, 0.07, 0.08, gloss=0.3), draw.between(0.7, 0.85)
    solid.dome((0.0, -0.15, -0.05), 0.48, main.glossy(0.5), squash=squash)
    solid.cylinder((0.0, -0.16, -0.05), 0.03, 0.44, black)
    head = ball(solid, (0.0, -0.04, 0.4), (0.24, 0.19, 0.19), black)
    back = Ball((0.0, -0.15, -0.05), (0.48, 0.48 * squash, 0.48))
    seam = (back.at(180.0, 8.0), back.at(180.0, 38.0), back.at(180.0, 68.0), back.at(0.0, 76.0), back.at(0.0, 45.0))
    for start, end in pairwise(seam):
        solid.capsule(start, end, 0.034, black)
    for around, above in ((48.0, 34.0), (100.0, 22.0), (150.0, 34.0), (100.0, 58.0)):
        for side in (-1, 1):
            solid.ellipsoid(back.at(side * around, above, 0.96), 0.1, black)
    eyes(solid, draw, head, black, around=30.0, above=14.0, size=0.055, wide=1.0)
    for side in (-1, 1):
        solid.capsule((side * 0.08, 0.1, 0.46), (side * 0.18, 0.3, 0.54), 0.028, black)
        solid.ellipsoid((side * 0.18, 0.31, 0.54), 0.05, black)
        for z in (-0.28, -0.02, 0.22):
            solid.capsule((side * 0.4, -0.15, z), (side * 0.6, -0.26, z * 1.3), 0.038, black)


@SHELF.thing(
    "bee",
    "bumblebee",
    colour="yellow",
    recolour=0.0,
    directional=True,
    weight=1.1,
    phrases=("a yellow and black striped bee",),
)
def _bee(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    black, white = draw.rgb(0.07, 0.06, 0.06), draw.rgb(0.85, 0.93, 0.98, gloss=0.5)
    striped = draw.paint("yellow").patterned(Pattern.BANDS, draw.between(3.2, 4.0), black)
    solid.ellipsoid((0.0, 0.0, -0.06), (0.3, 0.42, 0.29), striped, turn=(90.0, 0.0, 0.0))
    head = ball(solid, (0.0, 0.05, 0.4), (0.23, 0.22, 0.2), draw.paint("yellow"))
    eyes(solid, draw, head, black, around=29.0, above=10.0, size=0.062, wide=1.0)
    solid.capsule((-0.07, -0.05, 0.58), (0.07, -0.05, 0.58), 0.026, black)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.3, 0.36, -0.02), (0.3, 0.035, 0.16), white, turn=(0.0, side * 15.0, side * 32.0))
        solid.ellipsoid((side * 0.24, 0.3, -0.24), (0.21, 0.032, 0.12), white, turn=(0.0, side * 35.0, side * 26.0))
        solid.capsule((side * 0.08, 0.22, 0.42), (side * 0.16, 0.42, 0.52), 0.028, black)
        solid.ellipsoid((side * 0.16, 0.43, 0.52), 0.05, black)
        for z in (-0.16, 0.1):
            solid.capsule((side * 0.14, -0.22, z), (side * 0.2, -0.38, z + 0.05), 0.035, black)
    solid.cylinder((0.0, 0.0, -0.53), 0.09, 0.055, black, above=0.005, turn=(-90.0, 0.0, 0.0))


@SHELF.thing("butterfly", colour="orange", second="black", part="a body", directional=True, weight=1.1)
def _butterfly(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    spot = draw.paint("white", "yellow", "light blue", "black")
    lift = draw.between(10.0, 20.0)
    solid.capsule((0.0, -0.42, 0.0), (0.0, 0.2, 0.05), 0.055, second, end_radius=0.085)
    head = ball(solid, (0.0, 0.31, 0.07), (0.125, 0.125, 0.125), second)
    for side in (-1, 1):
        turn = -side * lift
        solid.ellipsoid((side * 0.38, 0.22, -0.02), (0.36, 0.27, 0.04), main, turn=(0.0, turn, side * 28.0))
        solid.ellipsoid((side * 0.29, -0.26, -0.02), (0.26, 0.23, 0.04), main, turn=(0.0, turn, -side * 24.0))
        solid.ellipsoid((side * 0.5, 0.28, 0.05), (0.11, 0.1, 0.04), spot, turn=(0.0, turn, 0.0))
        solid.ellipsoid((side * 0.33, -0.28, 0.04), (0.1, 0.09, 0.035), spot, turn=(0.0, turn, 0.0))
        solid.capsule((side * 0.04, 0.4, 0.07), (side * 0.17, 0.62, 0.08), 0.026, second)
        solid.ellipsoid((side * 0.175, 0.63, 0.08), 0.045, second)
    eyes(solid, draw, head, second, around=30.0, above=8.0, size=0.042, wide=1.0)


@SHELF.thing("bat", colour="black", recolour=0.6, directional=True, weight=0.9)
def _bat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    white, wing = draw.paint("white"), main.plain().shaded(0.75).pale(0.12)
    solid.ellipsoid((0.0, -0.12, 0.0), (0.19, 0.24, 0.18), main)
    head = ball(solid, (0.0, 0.18, 0.03), (0.21, 0.19, 0.19), main)
    lift = draw.between(8.0, 26.0)
    up = np.tan(np.deg2rad(lift))
    for side in (-1, 1):
        solid.cylinder((side * 0.13, 0.42, 0.0), 0.14, 0.085, main, above=0.008, turn=(0.0, 0.0, -side * 14.0))
        solid.cylinder(
            (side * 0.13, 0.4, 0.05), 0.09, 0.05, draw.paint("pink"), above=0.005, turn=(0.0, 0.0, -side * 14.0)
        )
        tip, elbow = (side * 0.76, 0.05 + 0.76 * up, -0.06), (side * 0.44, 0.22 + 0.44 * up, -0.06)
        solid.capsule((side * 0.14, 0.02, -0.04), elbow, 0.04, main)
        solid.capsule(elbow, tip, 0.04, main, end_radius=0.028)
        for x, reach in ((0.27, 0.26), (0.46, 0.25), (0.62, 0.17)):
            place = (side * x, 0.0 + x * up - 0.02, -0.06)
            solid.ellipsoid(place, (0.15, reach, 0.032), wing, turn=(0.0, 0.0, side * (14.0 if x < 0.6 else 30.0)))
        solid.cylinder(
            (side * 0.05, 0.04, 0.195), 0.045, 0.028, white, above=0.005, turn=(180.0, 0.0, 0.0), rounding=0.0
        )
        solid.capsule((side * 0.08, -0.32, 0.04), (side * 0.08, -0.4, 0.08), 0.04, main)
    eyes(solid, draw, head, main, around=25.0, above=14.0, size=0.05, wide=1.0)
    wears(solid, head)


@SHELF.thing("spider", colour="black", directional=True)
def _spider(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    fangs, spots = draw.paint("white", "red"), draw.paint("red", "yellow")
    solid.ellipsoid((0.0, 0.04, -0.28), (0.33, 0.31, 0.36), main)
    head = ball(solid, (0.0, -0.02, 0.18), (0.23, 0.21, 0.22), main)
    eyes(solid, draw, head, main, around=25.0, above=22.0, size=0.065, wide=1.0)
    high, marked = draw.between(0.22, 0.32), draw.chance(0.4)
    for side in (-1, 1):
        for z, spread in ((0.26, 0.42), (0.14, 0.16), (0.0, -0.18), (-0.1, -0.5)):
            knee = (side * 0.44, high, z + spread * 0.5)
            solid.capsule((side * 0.13, 0.0, z), knee, 0.048, main)
            solid.capsule(knee, (side * 0.66, -0.32, z + spread), 0.048, main, end_radius=0.028)
        solid.cylinder((side * 0.06, -0.16, 0.36), 0.07, 0.042, fangs, above=0.006, turn=(180.0, 0.0, 0.0))
        solid.ellipsoid((side * 0.1, 0.3, -0.28), (0.08, 0.05, 0.1), spots, when=marked)


@SHELF.thing("ant", colour="black", recolour=0.7, directional=True, weight=0.8)
def _ant(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0.0, 0.02, -0.42), (0.23, 0.22, 0.32), main)
    solid.ellipsoid((0.0, 0.0, 0.0), (0.14, 0.14, 0.17), main)
    solid.capsule((0.0, 0.0, -0.2), (0.0, 0.02, 0.3), 0.05, main)
    head = ball(solid, (0.0, 0.08, 0.36), (0.22, 0.2, 0.21), main)
    eyes(solid, draw, head, main, around=36.0, above=16.0, size=0.055, wide=1.0)
    for side in (-1, 1):
        for z, spread in ((0.1, 0.3), (0.0, 0.0), (-0.1, -0.32)):
            knee = (side * 0.34, 0.12, z + spread * 0.55)
            solid.capsule((side * 0.08, 0.0, z), knee, 0.038, main)
            solid.capsule(knee, (side * 0.5, -0.32, z + spread), 0.038, main, end_radius=0.028)
        elbow = (side * 0.16, 0.42, 0.46)
        solid.capsule((side * 0.09, 0.24, 0.4), elbow, 0.032, main)
        solid.capsule(elbow, (side * 0.22, 0.46, 0.68), 0.032, main)
        solid.capsule((side * 0.09, 0.0, 0.54), (side * 0.03, -0.04, 0.66), 0.04, main, end_radius=0.02)


@SHELF.thing("caterpillar", colour="green", second="yellow", part="feet", directional=True)
def _caterpillar(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    wave, size = draw.between(0.0, 0.14), draw.between(0.18, 0.21)
    light, tips = main.plain().pale(0.35), draw.paint("red", "orange", "black")
    for k in range(5):
        z, lift = 0.24 - 0.25 * k, wave * (k % 2)
        solid.ellipsoid((0.0, lift, z), size, light if k % 2 else main)
        for side in (-1, 1):
            solid.ellipsoid((side * 0.11, lift - size, z), (0.06, 0.08, 0.06), second)
    head = ball(solid, (0.0, 0.16, 0.48), (0.24, 0.24, 0.22), main)
    eyes(solid, draw, head, main, around=27.0, above=14.0, size=0.062, wide=0.8)
    solid.capsule((-0.07, 0.06, 0.68), (0.07, 0.06, 0.68), 0.026, main.plain().shaded(0.35))
    for side in (-1, 1):
        solid.capsule((side * 0.09, 0.36, 0.46), (side * 0.16, 0.56, 0.5), 0.03, main.plain().shaded(0.5))
        solid.ellipsoid((side * 0.165, 0.58, 0.5), 0.06, tips)
    wears(solid, head, size=0.5)


# ---- dinosaurs and myths ---------------------------------------------------------------------------------------------


@SHELF.thing("dinosaur", "t-rex", "t-rex dinosaur", colour="green", directional=True, weight=1.5)
def _dinosaur(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale, white = _belly(main, 0.5), draw.paint("white")
    spikes = draw.paint("orange", "yellow", "purple", "red")
    solid.ellipsoid((0.0, 0.0, 0.0), (0.27, 0.38, 0.32), main, turn=(20.0, 0.0, 0.0))
    solid.ellipsoid((0.0, -0.02, 0.11), (0.2, 0.3, 0.24), pale, turn=(20.0, 0.0, 0.0))
    head = ball(solid, (0.0, 0.5, 0.2), (0.23, 0.21, 0.25), main)
    solid.box((0.0, 0.46, 0.44), (0.17, 0.09, 0.18), main, rounding=0.08)
    solid.box((0.0, 0.33, 0.4), (0.145, 0.045, 0.17), pale, rounding=0.04)
    for side in (-1, 1):
        for z in (0.48, 0.58):
            solid.cylinder(
                (side * (0.3 - z * 0.3), 0.375, z),
                0.04,
                0.035,
                white,
                above=0.006,
                turn=(180.0, 0.0, 0.0),
                rounding=0.0,
            )
        solid.ellipsoid((side * 0.07, 0.54, 0.61), 0.025, ink(draw))
        solid.capsule((side * 0.19, -0.22, 0.0), (side * 0.22, -0.5, 0.06), 0.15, main, end_radius=0.1)
        solid.ellipsoid((side * 0.22, -0.58, 0.14), (0.12, 0.065, 0.18), main)
        solid.capsule((side * 0.2, 0.15, 0.22), (side * 0.2, 0.05, 0.42), 0.055, main, end_radius=0.04)
    eyes(solid, draw, head, main, around=38.0, above=30.0, size=0.055, wide=0.9)
    solid.capsule((0.0, -0.15, -0.2), (0.0, -0.42, -0.55), 0.22, main, end_radius=0.1)
    solid.capsule((0.0, -0.42, -0.55), (0.0, draw.between(-0.46, -0.3), -0.92), 0.1, main, end_radius=0.025)
    for y, z in ((0.7, 0.04), (0.42, -0.12), (0.14, -0.3), (-0.1, -0.42), (-0.3, -0.6)):
        solid.cylinder((0.0, y, z), 0.09, 0.075, spikes, above=0.008, turn=(-50.0, 0.0, 0.0))
    wears(solid, head, size=0.65)


@SHELF.thing("stegosaurus", colour="green", second="orange", part="back plates", directional=True, weight=0.9)
def _stegosaurus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    solid.ellipsoid((0.0, 0.0, -0.08), (0.26, 0.29, 0.42), main)
    solid.capsule((0.0, -0.02, 0.24), (0.0, -0.06, 0.54), 0.16, main, end_radius=0.11)
    head = ball(solid, (0.0, -0.04, 0.64), (0.15, 0.14, 0.19), main)
    eyes(solid, draw, head, main, around=38.0, above=24.0, size=0.05, wide=0.8)
    solid.capsule((-0.06, -0.1, 0.81), (0.06, -0.1, 0.81), 0.022, main.shaded(0.4))
    solid.capsule((0.0, 0.0, -0.4), (0.0, -0.08, -0.92), 0.18, main, end_radius=0.04)
    _legs(solid, main, x=0.16, zs=(-0.34, 0.16), top=-0.1, bottom=-0.5, radius=0.1, hoof=main.shaded(0.6))
    tall = draw.between(0.85, 1.1)
    plates = (
        (0.1, 0.44, 0.11),
        (0.18, 0.24, 0.16),
        (0.23, 0.0, 0.2),
        (0.2, -0.25, 0.18),
        (0.11, -0.5, 0.13),
        (0.03, -0.7, 0.09),
    )
    for index, (y, z, size) in enumerate(plates):
        x, half = 0.07 if index % 2 else -0.07, size * 0.95 * tall
        solid.box((x, y + size * 0.75, z), (0.042, half, half), second, turn=(45.0, 0.0, 0.0), rounding=0.02)
    for side in (-1, 1):
        for z in (-0.78, -0.9):
            solid.cylinder(
                (side * 0.1, 0.02, z),
                0.12,
                0.04,
                draw.rgb(0.94, 0.9, 0.8),
                above=0.006,
                turn=(-25.0, 0.0, -side * 40.0),
            )


@SHELF.thing("brontosaurus", "long-necked dinosaur", "diplodocus", colour="green", directional=True, weight=0.9)
def _brontosaurus(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    spotted = main.patterned(Pattern.DOTS, 5.0, main.shaded(0.6)).where(draw.chance(0.4), main)
    tall = draw.between(0.52, 0.66)
    solid.ellipsoid((0.0, -0.14, -0.1), (0.28, 0.27, 0.4), spotted)
    solid.ellipsoid((0.0, -0.22, -0.06), (0.23, 0.22, 0.34), _belly(main, 0.45))
    solid.capsule((0.0, -0.08, 0.2), (0.0, tall, 0.42), 0.17, spotted, end_radius=0.1)
    head = ball(solid, (0.0, tall + 0.06, 0.5), (0.16, 0.145, 0.19), main)
    solid.capsule((0.0, tall + 0.03, 0.56), (0.0, tall, 0.7), 0.12, main, end_radius=0.1)
    for side in (-1, 1):
        solid.ellipsoid((side * 0.04, tall + 0.06, 0.79), 0.024, ink(draw))
    solid.capsule((-0.07, tall - 0.05, 0.775), (0.07, tall - 0.05, 0.775), 0.022, main.plain().shaded(0.4))
    eyes(solid, draw, head, main, around=40.0, above=26.0, size=0.055, wide=0.8)
    solid.capsule((0.0, -0.12, -0.4), (0.0, -0.34, -0.7), 0.17, main, end_radius=0.09)
    solid.capsule((0.0, -0.34, -0.7), (draw.between(-0.2, 0.2), -0.4, -1.02), 0.09, main, end_radius=0.025)
    _legs(solid, main, x=0.17, zs=(-0.36, 0.12), top=-0.25, bottom=-0.62, radius=0.11, hoof=main.plain().shaded(0.6))
    wears(solid, head, size=0.75)


@SHELF.thing("dragon", colour="red", second="yellow", part="wings", directional=True, weight=1.3)
def _dragon(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    bone = draw.rgb(0.95, 0.9, 0.76)
    belly = draw.rgb(0.96, 0.85, 0.5).patterned(Pattern.BANDS, 8.0)
    solid.ellipsoid((0.0, -0.18, 0.0), (0.28, 0.34, 0.28), main)
    solid.ellipsoid((0.0, -0.18, 0.1), (0.19, 0.28, 0.22), belly)
    head = ball(solid, (0.0, 0.3, 0.1), (0.24, 0.22, 0.22), main)
    solid.box((0.0, 0.24, 0.32), (0.15, 0.095, 0.16), main, rounding=0.085)
    spread = draw.between(25.0, 48.0)
    c, s = np.cos(np.deg2rad(spread)), np.sin(np.deg2rad(spread))
    for side in (-1, 1):
        solid.ellipsoid((side * 0.07, 0.31, 0.47), 0.03, ink(draw))
        solid.cylinder((side * 0.14, 0.55, 0.0), 0.14, 0.055, bone, above=0.01, turn=(-25.0, 0.0, -side * 18.0))
        solid.capsule((side * 0.22, -0.06, 0.12), (side * 0.26, -0.22, 0.3), 0.075, main, end_radius=0.06)
        solid.capsule((side * 0.2, -0.42, 0.04), (side * 0.24, -0.5, 0.24), 0.12, main, end_radius=0.09)
        for along, size in ((0.28, 0.95), (0.56, 0.75)):
            solid.prism(
                (side * (0.12 + along * c), along * s, -0.22),
                0.25 * size,
                0.42 * size,
                0.03,
                second,
                turn=(0.0, 0.0, side * (180.0 + spread)),
                rounding=0.02,
            )
        solid.capsule(
            (side * 0.14, 0.0, -0.2), (side * (0.12 + 0.76 * c), 0.76 * s, -0.22), 0.048, main, end_radius=0.03
        )
    eyes(solid, draw, head, main, around=32.0, above=26.0, size=0.052, wide=0.9)
    solid.capsule((0.0, -0.42, -0.2), (0.22, -0.5, -0.56), 0.15, main, end_radius=0.08)
    solid.capsule((0.22, -0.5, -0.56), (0.42, -0.3, -0.72), 0.08, main, end_radius=0.035)
    solid.cylinder((0.46, -0.2, -0.75), 0.11, 0.1, second, above=0.008, turn=(0.0, 0.0, -15.0))
    for y, z in ((0.53, -0.02), (0.34, -0.16), (0.08, -0.25), (-0.12, -0.3)):
        solid.cylinder((0.0, y, z), 0.08, 0.07, second, above=0.008, turn=(-50.0, 0.0, 0.0))
    wears(solid, head, size=0.6)
