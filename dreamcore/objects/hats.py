"""Hats for heads: around the origin, brim at y = 0, made for a head of radius 1."""

from __future__ import annotations

import numpy as np

from dreamcore.objects.solid import Draw, Paint, Solid
from dreamcore.objects.thing import Shelf, Thing

SHELF = Shelf("hat")


@SHELF.thing("top hat", colour="black", recolour=0.3, weight=1.2)
def _top_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    height = draw.between(0.6, 0.8)
    band = draw.paint("red", "white", "golden", "purple")
    solid.cylinder((0, 0.06, 0), 0.06, 1.35, main)
    solid.cylinder((0, height, 0), height, 0.82, main, above=0.9)
    solid.cylinder((0, 0.28, 0), 0.16, 0.88, band)


@SHELF.thing("party hat", colour="blue", recolour=1.0)
def _party_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    height = draw.between(0.8, 1.0)
    solid.cylinder((0, height, 0), height, 0.85, main, above=0.05)
    dots = draw.paint("yellow", "white", "pink", "light blue")
    for index in range(7):
        angle, level = index * 2.4, 0.25 + 0.17 * index
        radius = 0.85 - 0.8 * level / (2.0 * height)
        solid.ellipsoid((radius * np.sin(angle), level, radius * np.cos(angle)), 0.15, dots)
    solid.ellipsoid((0, 2.0 * height, 0), 0.24, dots)


@SHELF.thing("crown", colour="golden", recolour=0.25, weight=1.2)
def _crown(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    metal, jewels = main.glossy(0.8), draw.paint("red", "blue", "green")
    solid.cup((0, 0.3, 0), 0.3, 0.95, metal, wall=0.12, floor=0.08)
    for index in range(6):
        angle = np.deg2rad(60.0 * index)
        x, z = 0.88 * np.sin(angle), 0.88 * np.cos(angle)
        solid.cylinder((x, 0.75, z), 0.3, 0.3, metal, above=0.04)
        solid.ellipsoid((x, 1.1, z), 0.16, jewels)


@SHELF.thing("hat", "beanie", "woolly hat", colour="red", recolour=1.0, weight=1.6)
def _beanie(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    pale = draw.paint("white", "cream")
    solid.dome((0, 0.0, 0), 1.02, main, squash=draw.between(0.9, 1.15))
    solid.torus((0, 0.08, 0), 0.98, 0.17, pale.where(draw.chance(0.6), main.shaded(0.75)))
    solid.ellipsoid((0, 1.12, 0), 0.27, pale)


@SHELF.thing("wizard hat", "pointed hat", colour="purple", recolour=0.8, weight=0.8)
def _wizard_hat(solid: Solid, draw: Draw, main: Paint, second: Paint) -> None:
    stars = draw.paint("yellow", "golden")
    solid.cylinder((0, 0.06, 0), 0.06, 1.4, main)
    solid.cylinder((0, 1.0, 0), 0.95, 0.9, main, above=0.06)
    solid.cylinder((0, 0.22, 0), 0.12, 0.95, stars)
    for index in range(4):
        angle = np.deg2rad(90.0 * index)
        solid.ellipsoid((0.62 * np.sin(angle), 0.75, 0.62 * np.cos(angle)), 0.16, stars)


HATS: dict[str, Thing] = {noun: thing for thing in SHELF.things for noun in thing.nouns}
