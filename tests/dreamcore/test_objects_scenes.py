import numpy as np
import pytest

from dreamcore.objects.attributes import colours_of
from dreamcore.objects.captions import Reading
from dreamcore.objects.hats import HATS
from dreamcore.objects.library import BY_NAME
from dreamcore.objects.orders import MOST_BASE_WORDS, SHARES, Order, draw_orders, order_for, traits
from dreamcore.objects.scenes import HALF, REACH, Scenes, build, build_scenes, scenes_of
from dreamcore.objects.solid import COLOURS, MAX_PARTS, Column, Op, Shape

SHOWN = (Op.UNION, Op.BLEND)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return build_scenes(np.random.default_rng(0), 500)


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    return draw_orders(np.random.default_rng(1), 6000)


def _pair(caption: tuple[str, str, str], count: int = 6) -> Scenes:
    one, relation, other = caption
    return scenes_of(np.random.default_rng(0), [Reading(things=(one, other), looks=("", ""), relation=relation)], count)


def _centres(scenes: Scenes, first: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean centre of the first thing's parts and of the others, [n, 3] each. Neither may cut."""
    parts = traits(BY_NAME[first]).parts
    there = scenes.tables[..., Column.SHAPE] != Shape.NOTHING
    centre = scenes.tables[..., Column.CENTRE]
    means = []
    for rows in (slice(0, parts), slice(parts, None)):
        weight = there[:, rows, None].astype(np.float64)
        means.append((centre[:, rows] * weight).sum(1) / weight.sum(1))
    return means[0], means[1]


def test_tables_are_padded_finite_and_within_the_box(scenes: Scenes) -> None:
    tables = scenes.tables
    assert tables.shape == (500, MAX_PARTS, Column.COUNT)
    assert tables.dtype == np.float32
    assert np.isfinite(tables).all()
    there = tables[..., Column.SHAPE] != Shape.NOTHING
    assert there.any(1).all()
    shown = there & np.isin(tables[..., Column.OP], SHOWN)
    # a part's centre is in the box, up to cuts of a melted part and origins at the edge of a part
    assert np.abs(tables[..., Column.CENTRE])[shown].max() < 2.0 * HALF[1]
    assert np.linalg.norm(tables[..., Column.CENTRE], axis=-1)[shown].max() < 2.0 * REACH


def test_single_things_are_fitted_as_a_solid_is() -> None:
    count = 8
    built = scenes_of(np.random.default_rng(0), [Reading(things=("cube",), looks=("red",))], count)
    half = np.abs(built.tables[:, 0, Column.SIZES])[:, :3].max(-1)
    least = min(HALF[0], REACH / np.sqrt(3.0))
    assert (half >= 0.95 * least).all() and (half <= HALF[1]).all()
    assert np.abs(built.tables[:, 0, Column.CENTRE]).max() < 1e-6


def test_kinds_are_as_frequent_as_they_should_be(orders: list[Order]) -> None:
    count = len(orders)
    kinds = [order.words.kind for order in orders]
    for kind, share in SHARES.items():
        assert abs(kinds.count(kind) / count - share) < 4.0 * np.sqrt(share * (1.0 - share) / count)
    assert sum(SHARES.values()) == pytest.approx(1.0)


def test_things_with_a_front_can_be_drawn_more_often() -> None:
    plain, more = (draw_orders(np.random.default_rng(3), 4000, fronts=fronts) for fronts in ({}, {"vehicle": 5.0}))

    def share(orders: list[Order], directional: bool) -> float:
        alone = [order.items[0].thing for order in orders if order.words.kind == "thing"]
        return sum(thing.kind == "vehicle" and thing.directional is directional for thing in alone) / len(alone)

    p, q = share(plain, True), share(plain, False)
    assert abs(share(more, True) - 5.0 * p / (1.0 + 4.0 * p)) < 0.03
    assert abs(share(more, False) - q / (1.0 + 4.0 * p)) < 0.01


def test_captions_say_what_was_built(scenes: Scenes) -> None:
    for words in scenes.words:
        assert len(words.base.split()) <= MOST_BASE_WORDS
        assert "  " not in words.base and words.base == words.base.strip()
        assert not any(f"{colour} {colour}" in words.base for colour in COLOURS)
        assert len(words.things) == len(words.looks) == (2 if words.kind in ("on", "wearing", "next to") else 1)
        assert words.things[0] in BY_NAME
        assert words.directional == BY_NAME[words.things[0]].directional
        if words.kind == "wearing":
            assert words.things[1] in HATS


def test_unusual_looks_are_always_named(orders: list[Order]) -> None:
    for order in orders:
        for item, look in zip(order.items, order.words.looks, strict=False):
            if look != item.thing.colour and look in ("red", "purple", "light blue", "golden"):
                assert look in order.words.base or (look, "gold" in order.words.base) == ("golden", True)


def test_things_without_recolouring_are_never_painted_otherwise(orders: list[Order]) -> None:
    for order in orders:
        for item in order.items:
            assert item.thing.recolour > 0.0 or item.look == item.thing.colour


def test_the_main_colour_of_a_scene_is_there(scenes: Scenes) -> None:
    checked = 0
    for table, words in zip(scenes.tables, scenes.words, strict=True):
        recoloured = BY_NAME[words.things[0]].recolour > 0.0  # else the look is but a word
        if words.kind == "thing" and recoloured and words.looks[0] in ("red", "purple", "teal", "orange"):
            colour = np.asarray(COLOURS[colours_of(words.looks[0])[0]])
            there = table[table[:, Column.SHAPE] != Shape.NOTHING]
            both = np.concatenate([there[:, Column.COLOUR], there[:, Column.SECOND]])
            assert np.abs(both - colour).max(-1).min() < 0.25, words.base
            checked += 1
    assert checked > 40


@pytest.mark.parametrize("pair", [("pineapple", "on", "cube"), ("cactus", "on", "stack of books")])
def test_what_is_on_something_is_above_it(pair: tuple[str, str, str]) -> None:
    above, below = _centres(_pair(pair), pair[0])
    assert (above[:, 1] > below[:, 1] + 0.2).all()


def test_what_is_on_a_cube_touches_it() -> None:
    built = _pair(("star", "on", "cube"))
    star, cube = built.tables[:, 0], built.tables[:, traits(BY_NAME["star"]).parts]
    top = cube[:, Column.CENTRE][:, 1] + cube[:, Column.SIZES][:, 1]
    assert (star[:, Column.CENTRE][:, 1] > top).all()
    assert (np.abs(star[:, Column.CENTRE][:, 0] - cube[:, Column.CENTRE][:, 0]) < 0.05).all()


def test_a_hat_is_on_top_of_its_wearer() -> None:
    wearer, hat = _centres(_pair(("penguin", "wearing", "crown")), "penguin")
    assert (hat[:, 1] > wearer[:, 1] + 0.3).all()
    assert (np.abs(hat[:, 0] - wearer[:, 0]) < 0.15).all()


def test_next_to_is_to_the_right_seen_from_the_front() -> None:
    first, second = _centres(_pair(("mushroom", "next to", "snail")), "mushroom")
    assert (second[:, 0] > first[:, 0] + 0.3).all()


def test_counted_things_are_as_many_as_the_caption_says(orders: list[Order]) -> None:
    counted = [order for order in orders if order.words.kind == "count"]
    assert {len(order.items) for order in counted} == {2, 3}
    for order in counted:
        assert order.words.base.startswith(("two ", "three ")[len(order.items) - 2])
        assert len(set(order.items)) == 1


def test_at_most_one_thing_of_a_scene_cuts_and_it_comes_first(orders: list[Order]) -> None:
    several = [order for order in orders if len(order.items) > 1]
    cuts = [sum(traits(item.thing).cuts for item in order.items) for order in several]
    assert set(cuts) == {0, 1}
    chosen = [[order for order, cut in zip(several, cuts, strict=True) if cut == wanted][:40] for wanted in (0, 1)]
    built = build(np.random.default_rng(6), chosen[0] + chosen[1])
    for order, table in zip(chosen[0] + chosen[1], built.tables, strict=True):
        each = [traits(item.thing) for item in order.items]
        rows = np.flatnonzero((table[:, Column.SHAPE] != Shape.NOTHING) & ~np.isin(table[:, Column.OP], SHOWN))
        if len(rows):
            assert rows.max() < next(one.parts for one in each if one.cuts)


def test_one_seed_gives_one_set_of_scenes() -> None:
    one, same = (build_scenes(np.random.default_rng(7), 20) for _ in range(2))
    other = build_scenes(np.random.default_rng(8), 20)
    assert one.words == same.words and np.array_equal(one.tables, same.tables)
    assert one.words != other.words


def test_a_scene_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="caption 'a cat on a balloon': cannot be built"):
        order_for(Reading(things=("cat", "balloon"), looks=("", ""), relation="on"))
    with pytest.raises(ValueError, match="caption 'a mug wearing a crown': cannot be built"):
        order_for(Reading(things=("mug", "crown"), looks=("", ""), relation="wearing"))
