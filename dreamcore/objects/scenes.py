"""Random scenes of the library's things: single ones, one on another, with a hat, two side by side, and several.

Letters: n scenes, p parts, i items (the things of all scenes, scene by scene). Each thing is built once for all of its
items. Scenes are drawn in shards that have their own random numbers, so that processes can share the work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from dreamcore.objects.attributes import paint
from dreamcore.objects.captions import Reading, Words
from dreamcore.objects.held_out import READINGS
from dreamcore.objects.orders import NO_FRONTS, Item, Order, draw_orders, order_for, traits
from dreamcore.objects.solid import MAX_PARTS, Column, Draw, Solid
from dreamcore.objects.thing import Thing

SHARD = 16_384  # scenes
HALF = (0.60, 0.70)  # largest half side of a scene
REACH = 0.92  # of a corner of its bounding box

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Scenes:
    """What the tracer draws, and what captions say of it."""

    tables: Float[np.ndarray, "n p columns"]
    words: tuple[Words, ...]

    def __len__(self) -> int:
        return len(self.words)


def joined(parts: Sequence[Scenes]) -> Scenes:
    """All scenes of the parts, in their order."""
    return Scenes(
        np.concatenate([part.tables for part in parts]), tuple(words for part in parts for words in part.words)
    )


def build_scenes(
    generator: np.random.Generator, count: int, held_out: bool = False, fronts: Mapping[str, float] = NO_FRONTS
) -> Scenes:
    """`count` random scenes, of orders as `draw_orders` draws them."""
    return build(generator, draw_orders(generator, count, held_out, fronts))


def held_out_scenes(generator: np.random.Generator, variations: int) -> Scenes:
    """Every held-out combination, each `variations` times in a row."""
    return scenes_of(generator, READINGS, variations)


def scenes_of(
    generator: np.random.Generator, readings: Sequence[Reading], variations: int, captions: Sequence[str] = ()
) -> Scenes:
    """What each caption asks for, `variations` times in a row. `captions` replace the plain wording."""
    bases = captions or [""] * len(readings)
    orders = [order_for(reading, base) for reading, base in zip(readings, bases, strict=True)]
    return build(generator, [order for order in orders for _ in range(variations)])


# ---- building --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Built:
    """The variations of one thing, and which items they are."""

    solid: Solid
    items: Int[np.ndarray, " variations"]


@dataclass(frozen=True)
class _Shapes:
    """Of every item: its bounding box, its top (height) and head (centre and radius); 0 where it has none."""

    low: Float[np.ndarray, "i 3"]
    high: Float[np.ndarray, "i 3"]
    top: Float[np.ndarray, " i"]
    head: Float[np.ndarray, "i 4"]


def build(generator: np.random.Generator, orders: Sequence[Order]) -> Scenes:
    """The scenes that were ordered."""
    items = [item for order in orders for item in order.items]
    scene = np.repeat(np.arange(len(orders)), [len(order.items) for order in orders])
    built = _build_things(generator, items)
    shapes = _shapes(built, len(items))
    scale, shift = _arranged(generator, orders, shapes)
    low, high = shapes.low * scale[:, None] + shift, shapes.high * scale[:, None] + shift
    fit, middle = _fit(generator, scene, low, high, len(orders))
    scale, shift = scale * fit[scene], (shift - middle[scene]) * fit[scene, None]
    tables = np.zeros((len(orders), MAX_PARTS, Column.COUNT), np.float32)
    start = _starts(orders)
    for one in built:
        rows = one.solid.moved(scale[one.items], tuple(shift[one.items].T)).table()
        place = start[one.items, None] + np.arange(rows.shape[1])
        tables[scene[one.items, None], place] = rows
    return Scenes(tables, tuple(order.words for order in orders))


def _build_things(generator: np.random.Generator, items: Sequence[Item]) -> list[_Built]:
    groups: dict[Thing, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(item.thing, []).append(index)
    built = []
    for thing, indices in groups.items():
        solid, draw = Solid(len(indices)), Draw(generator, len(indices))
        main = paint(draw, [items[index].look for index in indices])
        second = paint(draw, [items[index].second or thing.second for index in indices])
        thing.build(solid, draw, main, second)
        built.append(_Built(solid, np.asarray(indices)))
    return built


def _shapes(built: Sequence[_Built], count: int) -> _Shapes:
    shapes = _Shapes(
        np.zeros((count, 3), np.float32),
        np.zeros((count, 3), np.float32),
        np.zeros(count, np.float32),
        np.zeros((count, 4), np.float32),
    )
    for one in built:
        shapes.low[one.items], shapes.high[one.items] = one.solid.bounds()
        if one.solid.top is not None:
            shapes.top[one.items] = one.solid.top
        if one.solid.head is not None:
            shapes.head[one.items] = one.solid.head
    return shapes


def _starts(orders: Sequence[Order]) -> Int[np.ndarray, " i"]:
    """The first row of each item in its scene's table. One that cuts comes first: it would cut the others too."""
    starts = []
    for order in orders:
        each = [traits(item.thing) for item in order.items]
        row, own = 0, [0] * len(each)
        for index in sorted(range(len(each)), key=lambda index: not each[index].cuts):
            own[index], row = row, row + each[index].parts
        starts += own
    return np.asarray(starts, np.int64)


def _fit(
    generator: np.random.Generator, scene: Int[np.ndarray, " i"], low: Rows, high: Rows, count: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n 3"]]:
    """The scale that fits each scene into its box as `Solid.fitted` does, and its centre before."""
    least, most = np.full((count, 3), np.inf, np.float32), np.full((count, 3), -np.inf, np.float32)
    np.minimum.at(least, scene, low)
    np.maximum.at(most, scene, high)
    size = (most - least) / 2.0
    half = generator.uniform(*HALF, count).astype(np.float32)
    return np.minimum(half / size.max(-1), REACH / np.linalg.norm(size, axis=-1)), (least + most) / 2.0


# ---- arranging -------------------------------------------------------------------------------------------------------


def _arranged(
    generator: np.random.Generator, orders: Sequence[Order], shapes: _Shapes
) -> tuple[Float[np.ndarray, " i"], Float[np.ndarray, "i 3"]]:
    """How each item is scaled and then shifted to where it belongs, before the scene is fitted."""
    scale, shift = np.ones(len(shapes.top), np.float32), np.zeros((len(shapes.top), 3), np.float32)
    sizes = [len(order.items) for order in orders]
    first = np.cumsum([0, *sizes[:-1]])
    for kind, arrange in (("on", _on), ("wearing", _wearing), ("next to", _beside)):
        a = first[np.asarray([order.words.kind == kind for order in orders], bool)]
        if len(a):
            arrange(generator, shapes, a, a + 1, scale, shift)
    for number in (2, 3):
        counted = [order.words.kind == "count" and len(order.items) == number for order in orders]
        rows = first[np.asarray(counted, bool), None] + np.arange(number)
        if len(rows):
            _row(generator, shapes, rows, scale, shift)
    return scale, shift


def _on(
    generator: np.random.Generator,
    shapes: _Shapes,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    scale: Rows,
    shift: Rows,
) -> None:
    """a on top of b: not much larger, standing over the middle."""
    size, ground = shapes.high[a] - shapes.low[a], shapes.high[b] - shapes.low[b]
    wanted = generator.uniform(0.75, 1.05, len(a)) * ground.max(-1) / size.max(-1)
    across = 1.2 * np.minimum(ground[:, 0], ground[:, 2])[:, None] / size[:, (0, 2)]
    scale[a] = np.minimum(wanted, np.maximum(across.min(-1), 0.5 * wanted))
    shift[a] = _middle(shapes, b) - scale[a, None] * _middle(shapes, a)
    shift[a, 1] = shapes.top[b] - scale[a] * shapes.low[a, 1] - 0.01 * ground.max(-1)


def _wearing(
    generator: np.random.Generator,
    shapes: _Shapes,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    scale: Rows,
    shift: Rows,
) -> None:
    """b on the head of a."""
    radius = shapes.head[a, 3]
    scale[b] = radius * generator.uniform(0.95, 1.1, len(a))
    shift[b] = shapes.head[a, :3]
    shift[b, 1] -= 0.12 * radius


def _beside(
    generator: np.random.Generator,
    shapes: _Shapes,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    scale: Rows,
    shift: Rows,
) -> None:
    """b to the right of a, of similar size, on the same ground."""
    for which, side in ((a, -1.0), (b, 1.0)):
        size = shapes.high[which] - shapes.low[which]
        scale[which] = generator.uniform(0.85, 1.15, len(a)) / np.maximum(size.max(-1), 1.5 * size[:, 0])
        half = 0.5 * scale[which] * size[:, 0]
        _stand(shapes, which, side * (half + generator.uniform(0.02, 0.06, len(a))), scale, shift)


def _row(
    generator: np.random.Generator, shapes: _Shapes, items: Int[np.ndarray, "n k"], scale: Rows, shift: Rows
) -> None:
    """Equal things side by side, each as high as the first, three of them with the middle one set back."""
    size = shapes.high[items] - shapes.low[items]
    scale[items] = 1.0 / size.max(-1)
    step = (scale[items] * size[..., 0]).max(-1) * generator.uniform(1.04, 1.15, len(items))
    back = (scale[items] * size[..., 2]).max(-1) * generator.uniform(0.0, 0.6, len(items))
    for index in range(items.shape[1]):
        place = index - (items.shape[1] - 1) / 2.0
        _stand(shapes, items[:, index], place * step, scale, shift)
        shift[items[:, index], 2] -= back * (items.shape[1] == 3 and index == 1)


def _stand(shapes: _Shapes, items: NDArray[np.int64], x: NDArray[np.float64], scale: Rows, shift: Rows) -> None:
    """Puts the middle of each item's box at x, its lower side on the ground."""
    shift[items] = -scale[items, None] * _middle(shapes, items)
    shift[items, 0] += x
    shift[items, 1] = -scale[items] * shapes.low[items, 1]


def _middle(shapes: _Shapes, items: NDArray[np.int64]) -> Rows:
    middle: Rows = (shapes.low[items] + shapes.high[items]) / 2.0
    return middle
