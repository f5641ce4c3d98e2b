from collections import Counter

import numpy as np
import pytest
import torch

from dreamcore.cameras import look_at, spherical
from dreamcore.objects.attributes import NAMED
from dreamcore.objects.hats import SHELF as HAT_SHELF
from dreamcore.objects.library import BY_NOUN, LIBRARY, SHELVES
from dreamcore.objects.solid import COLOURS, MAX_PARTS, Draw, Paint, Shape, Solid
from dreamcore.objects.thing import Shelf, Thing
from dreamcore.objects.tracer import Views, trace

COUNT = 5
ALL_SHELVES = (*SHELVES, HAT_SHELF)


def _built(thing: Thing, seed: int, main: Paint | None = None) -> Solid:
    draw = Draw(np.random.default_rng(seed), COUNT)
    solid = Solid(COUNT)
    thing.build(solid, draw, draw.paint("red") if main is None else main, draw.paint("teal"))
    return solid


def _faults(thing: Thing, seed: int) -> list[str]:
    """What is wrong with five variations of a thing."""
    solid = _built(thing, seed)
    table, (low, high) = solid.fitted().table(), solid.bounds()
    colours = np.stack([part.paint.colour for part in solid.parts])
    faults = {
        "has too many parts": len(solid.parts) > MAX_PARTS,
        "has numbers that are not finite": not (np.isfinite(table).all() and np.isfinite(low).all()),
        "is flat": bool(((high - low).min(-1) < 0.02 * (high - low).max(-1)).any()),
        "is thinner than a hundredth": bool(((high - low).min(-1) < 0.01).any()),
        "has colours outside of [0, 1]": bool(colours.min() < 0.0 or colours.max() > 1.0),
        "leaves its box when fitted": bool((np.abs(table[..., 3:6]).max(axis=(1, 2)) > 1.6).any()),
        "has a variation without parts": bool((table[..., 0] == Shape.NOTHING).all(1).any()),
        "has a top outside of its box": solid.top is not None
        and bool(((solid.top < low[:, 1]) | (solid.top > high[:, 1] + 0.02)).any()),
        "has its head outside of its box": solid.head is not None
        and bool(((solid.head[:, :3] < low - 0.05) | (solid.head[:, :3] > high + 0.05)).any()),
        "has a head without size": solid.head is not None and bool((solid.head[:, 3] <= 0.0).any()),
    }
    return [f"{thing.name} {fault}" for fault, there in faults.items() if there]


@pytest.mark.parametrize("shelf", ALL_SHELVES, ids=[shelf.kind for shelf in ALL_SHELVES])
def test_every_thing_of_a_shelf_can_be_built(shelf: Shelf) -> None:
    assert shelf.things
    assert [fault for thing in shelf.things for fault in _faults(thing, 0)] == []


@pytest.mark.parametrize("shelf", ALL_SHELVES, ids=[shelf.kind for shelf in ALL_SHELVES])
def test_every_thing_of_a_shelf_says_what_it_is(shelf: Shelf) -> None:
    looks = {*COLOURS, "wood", "stone"}
    for thing in shelf.things:
        assert thing.kind == shelf.kind
        assert {thing.colour, thing.second} <= looks, thing.name
        assert 0.0 <= thing.recolour <= 1.0, thing.name
        assert thing.weight > 0.0, thing.name
        assert all(noun == noun.strip().lower() and not noun.startswith(("a ", "an ", "the ")) for noun in thing.nouns)


def test_the_same_seed_builds_the_same() -> None:
    for thing in LIBRARY[::40]:
        assert np.array_equal(_built(thing, 3).table(), _built(thing, 3).table())


def test_no_two_things_share_a_noun() -> None:
    nouns = Counter(noun for thing in LIBRARY for noun in thing.nouns)
    assert [noun for noun, count in nouns.items() if count > 1] == []
    assert len(BY_NOUN) == len(nouns)


def test_a_noun_that_names_a_look_is_a_thing_that_has_it() -> None:
    # else "a green alien" could be read in two ways
    for noun, thing in BY_NOUN.items():
        for look in NAMED:
            both = BY_NOUN.get(f"{look} {noun}")
            assert both is None or (both is thing and thing.colour == look), noun


def _recoloured_share(thing: Thing) -> float:
    """The share of a thing's pixels, seen from above its front, in the colour of its main paint."""
    zeros = np.zeros(COUNT, np.float32)
    magenta = np.tile(np.float32([1.0, 0.0, 1.0]), (COUNT, 1))
    table = _built(thing, 0, Paint(magenta, magenta, zeros, zeros + 1.0, zeros)).fitted().table()[:2]
    flat = torch.ones(2)
    position = spherical(35.0 * flat, 25.0 * flat, 3.0 * flat)
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(position)
    views = Views(
        position=position,
        rotation=look_at(position, torch.zeros_like(position), up),
        focal=2.0 * flat,
        light=position,
        ambient=flat,
        diffuse=0.0 * flat,
        gloss=0.0 * flat,
        textureless=torch.zeros(2, dtype=torch.bool),
    )
    image = trace(torch.from_numpy(table), torch.arange(2), views, 24, 1)
    red, green, blue, cover = image[image[..., 3] > 0].float().T
    assert len(cover) > 20
    return float(((green < 0.45 * red) & ((red - blue).abs() < 0.25 * red)).float().mean())


HANDFUL = ("apple", "house", "car", "chair", "mug", "cat", "guitar", "star", "t-shirt", "robot", "mushroom")


@pytest.mark.parametrize("name", HANDFUL)
def test_the_main_paint_covers_enough_to_name_the_thing_by_its_colour(name: str) -> None:
    assert _recoloured_share(BY_NOUN[name]) > 0.3
