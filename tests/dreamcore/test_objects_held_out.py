import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dreamcore.objects.attributes import NAMED, alike
from dreamcore.objects.captions import Words, read
from dreamcore.objects.held_out import ATTRIBUTES, COMPOSITIONS, READINGS, is_held_out
from dreamcore.objects.library import BY_NAME
from dreamcore.objects.orders import Order, draw_orders, order_for
from dreamcore.objects.scenes import held_out_scenes

PROMPTS = Path(__file__).resolve().parents[2] / "sweeps" / "prompts"


def _rows(name: str) -> list[dict[str, str]]:
    with (PROMPTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _words(caption: str) -> Words:
    return order_for(read(caption)).words


def test_the_list_is_long_and_varied() -> None:
    colours = Counter(colour for several in ATTRIBUTES.values() for colour in several)
    assert colours.total() >= 110
    assert len(ATTRIBUTES) >= 70
    assert len(colours) >= 12 and max(colours.values()) < 0.15 * colours.total()
    assert len({BY_NAME[name].kind for name in ATTRIBUTES}) >= 10
    assert len(set(COMPOSITIONS)) == len(COMPOSITIONS) >= 15
    assert {relation for _, relation, _ in COMPOSITIONS} == {"on", "wearing", "next to"}
    assert len(READINGS) == colours.total() + len(COMPOSITIONS)


@pytest.mark.parametrize(
    "caption",
    [
        "a purple mug", "a pink chair", "a green rocket", "a teal car", "a blue teddy bear", "a blue mushroom",
        "a red duck", "a purple house", "a pink robot", "an orange teapot", "a green snowman", "a light blue guitar",
        "a penguin wearing a golden crown", "a purple coffee mug", "a purple mug on a table",
        "an apple next to a pink chair", "a white cat on a wooden stool",
    ],
)  # fmt: skip
def test_held_out(caption: str) -> None:
    assert is_held_out(_words(caption))


@pytest.mark.parametrize(
    "caption",
    ["a red mug", "a purple bowl", "a penguin", "a golden crown", "a cat wearing a crown", "a cat next to a stool"],
)
def test_not_held_out(caption: str) -> None:
    assert not is_held_out(_words(caption))


def test_a_pattern_with_a_held_out_colour_is_held_out() -> None:
    plain = _words("a red mug")
    for look, wanted in (("white and purple striped", True), ("white and red striped", False)):
        assert is_held_out(Words(**{**vars(plain), "looks": (look,)})) == wanted


def test_held_out_colours_are_such_that_the_thing_is_painted_in_but_not_usually() -> None:
    for name, colours in ATTRIBUTES.items():
        thing = BY_NAME[name]
        assert thing.recolour >= 0.35, name
        assert not any(alike(colour, thing.colour) for colour in colours), name
        assert set(colours) <= set(NAMED)


def test_random_orders_never_hold_them_unless_asked() -> None:
    orders = draw_orders(np.random.default_rng(0), 4_000)
    assert not any(is_held_out(order.words) for order in orders)
    # what is built has the looks that were said
    assert all(_looks(order) == order.words.looks for order in orders)
    asked = draw_orders(np.random.default_rng(0), 2_000, held_out=True)
    assert 0.005 < np.mean([is_held_out(order.words) for order in asked]) < 0.1


def _looks(order: Order) -> tuple[str, ...]:
    return tuple(item.look for item in order.items[: len(order.words.looks)])


def test_held_out_scenes_are_exactly_the_list() -> None:
    scenes = held_out_scenes(np.random.default_rng(0), 2)
    assert len(scenes) == 2 * len(READINGS)
    assert all(is_held_out(words) for words in scenes.words)
    assert [read(words.base) for words in scenes.words[::2]] == list(READINGS)
    assert scenes.words[::2] == scenes.words[1::2]
    assert not np.array_equal(scenes.tables[::2], scenes.tables[1::2])


# ---- the tables of prompts -------------------------------------------------------------------------------------------


def test_the_judged_captions_are_what_their_columns_say() -> None:
    rows = _rows("judged.csv")
    assert list(rows[0]) == list(_rows("captions.csv")[0])
    for row in rows:
        reading = read(row["prompt"])
        thing = BY_NAME[row["class"]]
        assert reading.things[0] == thing.name, row
        assert row["kind"] == thing.kind, row
        assert row["directional"] == str(thing.directional).lower(), row
        assert row["colour"] == ("mixed" if reading.relation else reading.looks[0] or thing.colour), row
        assert row["seen"] == str(not is_held_out(_words(row["prompt"]))).lower(), row


def test_the_judged_captions_are_many_and_cannot_be_confused() -> None:
    rows = _rows("judged.csv")
    seen = Counter(row["seen"] for row in rows)
    assert seen["false"] >= 104 and seen["true"] >= 56
    assert len({row["prompt"] for row in rows}) == len(rows)
    assert max(Counter(row["class"] for row in rows).values()) <= 3
    assert 0.4 < np.mean([row["directional"] == "true" for row in rows]) < 0.5
    single = [(row["class"], row["colour"]) for row in rows if row["colour"] != "mixed"]
    for name, colour in single:
        assert not any(alike(colour, other) for same, other in single if same == name and other != colour), name
    assert len(set(single)) == len(single)


def test_the_other_captions_are_marked_as_held_out_where_they_are() -> None:
    read_rows = 0
    for row in _rows("captions.csv"):
        try:
            words = _words(row["prompt"])
        except ValueError:  # richer captions than the ones that are read
            continue
        read_rows += 1
        assert row["seen"] == str(not is_held_out(words)).lower(), row["prompt"]
    assert read_rows > 90
