"""A picture of a shelf: every thing in a row, in several variations and from several sides.

python -m dreamcore.objects.sheet dreamcore.objects.library.food -o food.png [--things apple,pear]
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from dreamcore.cameras import look_at, spherical
from dreamcore.objects.solid import Draw, Solid
from dreamcore.objects.thing import Shelf, Thing
from dreamcore.objects.tracer import Views, trace

# azimuth, elevation, whether without texture, variation
COLUMNS = (
    (30.0, 20.0, False, 0),
    (0.0, 10.0, False, 1),
    (90.0, 10.0, False, 1),
    (180.0, 10.0, False, 1),
    (0.0, 75.0, False, 1),
    (30.0, 20.0, True, 2),
    (-40.0, 25.0, False, 2),
)


def build(thing: Thing, count: int, seed: int) -> Solid:
    """`count` variations of a thing in its usual paint, fitted."""
    draw = Draw(np.random.default_rng(seed), count)
    solid = Solid(count)
    paints = [
        draw.wood() if name == "wood" else draw.stone() if name == "stone" else draw.paint(name)
        for name in (thing.colour, thing.second)
    ]
    thing.build(solid, draw, paints[0], paints[1])
    return solid.fitted()


def row(thing: Thing, side: int = 64, seed: int = 0) -> UInt8[Tensor, "side width 3"]:
    """The thing as `COLUMNS` say, over light gray."""
    azimuth, elevation, bare, which = (torch.tensor(column) for column in zip(*COLUMNS, strict=True))
    position = spherical(azimuth, elevation, torch.full_like(azimuth, 3.0))
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(position)
    flat = torch.ones(len(COLUMNS))
    views = Views(
        position=position,
        rotation=look_at(position, torch.zeros_like(position), up),
        focal=1.75 * flat,
        light=position + torch.tensor([0.5, 2.0, 0.0]),
        ambient=0.4 * flat,
        diffuse=0.6 * flat,
        gloss=flat,
        textureless=bare,
    )
    images = trace(torch.from_numpy(build(thing, 3, seed).table()), which, views, side).float() / 255.0
    shown = images[..., :3] + (1.0 - images[..., 3:]) * 0.85
    return (shown * 255.0 + 0.5).to(torch.uint8).transpose(0, 1).flatten(1, 2)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m dreamcore.objects.sheet", description="Draw a shelf.")
    parser.add_argument("module", help="a module with a SHELF")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--things", default="", help="names, separated by commas; all if left out")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    from PIL import Image, ImageDraw

    shelf: Shelf = importlib.import_module(options.module).SHELF
    wanted = [name for name in options.things.split(",") if name]
    things = [thing for thing in shelf.things if not wanted or thing.name in wanted]
    margin = 96
    sheet = Image.new("RGB", (margin + len(COLUMNS) * options.side, len(things) * options.side), "white")
    pen = ImageDraw.Draw(sheet)
    for index, thing in enumerate(things):
        sheet.paste(Image.fromarray(row(thing, options.side, options.seed).numpy()), (margin, index * options.side))
        pen.text((2, index * options.side + 24), thing.name[:15], fill="black")
        sys.stderr.write(f"\r{index + 1} of {len(things)} things")
    sheet.save(options.out)
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
