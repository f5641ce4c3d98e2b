"""Solids made of simple parts, many variations at once.

n variations of one object share their list of parts; every number of a part may differ from variation to variation.
y is up, the front faces +z, +x is to the right of a viewer in front; lengths in units of about half an object, angles
in degrees. Parts are combined in the order in which they were added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_PARTS = 48

Numbers = NDArray[np.float32]  # [n]
Mask = NDArray[np.bool_]  # [n]
Number = float | int | np.floating[Any] | np.integer[Any]
Scalar = Number | NDArray[Any]  # one number for all variations, or [n]
Triple = Sequence[Scalar]


class Shape(IntEnum):
    """What a part is, and what its four sizes mean. All are centred on the part's origin unless said otherwise."""

    NOTHING = 0
    ELLIPSOID = 1  # radii x, y, z
    BOX = 2  # half sides x, y, z, rounding
    CONE = 3  # frustum along y: half height, radius below, radius above, rounding
    TORUS = 4  # ring around y: radius of the ring, radius of the tube
    CAPSULE = 5  # along y: half length, radius below, radius above
    DOME = 6  # sphere squashed along y, cut off below: radius, where it is cut (y before squashing), squash
    PRISM = 7  # triangle in the xy plane with its base on the origin: half base, height, half depth, rounding
    ARC = 8  # part of a ring in the xy plane around +x: radius of the ring, of the tube, half opening angle (radians)
    STAR = 9  # prism in the xy plane, one point up: outer radius, inner over outer radius, half depth, points
    HEART = 10  # prism in the xy plane, tip down: size, half depth, 0, rounding
    CUP = 11  # cylinder along y, hollow and open above: half height, outer radius, wall, floor
    PYRAMID = 12  # square, base on the origin: half side of the base, height
    HORN = 13  # an arc as ARC's that tapers towards both ends (a banana): ring radius, tube radius, half angle


class Pattern(IntEnum):
    """How the two colours of a paint are laid out, in the part's own coordinates; `frequency` in periods a unit."""

    PLAIN = 0
    BANDS = 1  # stripes along y
    CHECKS = 2
    DOTS = 3
    WOOD = 4
    GRADIENT = 5  # from below to above
    BRICKS = 6
    CLOUDS = 7
    SECTORS = 8  # stripes around y, `frequency` of them
    RIBS = 9  # soft SECTORS


class Op(IntEnum):
    """How a part joins those before it."""

    UNION = 0
    BLEND = 1  # smooth union over a length
    CUT = 2  # takes away from everything before it
    CLIP = 3  # keeps of everything before it what is inside


# ---- paints ----------------------------------------------------------------------------------------------------------

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.10, 0.10),
    "orange": (0.97, 0.50, 0.08),
    "yellow": (0.97, 0.83, 0.12),
    "green": (0.16, 0.62, 0.20),
    "blue": (0.12, 0.28, 0.85),
    "purple": (0.50, 0.18, 0.70),
    "pink": (0.97, 0.52, 0.70),
    "brown": (0.45, 0.27, 0.13),
    "black": (0.07, 0.07, 0.08),
    "white": (0.95, 0.95, 0.95),
    "gray": (0.50, 0.50, 0.52),
    "teal": (0.05, 0.58, 0.58),
    "light blue": (0.50, 0.78, 0.97),
    "dark green": (0.05, 0.32, 0.12),
    "golden": (0.92, 0.70, 0.18),
    "silver": (0.75, 0.77, 0.80),
    "cream": (0.93, 0.88, 0.78),
    "skin": (0.95, 0.78, 0.64),
    "glass": (0.50, 0.75, 0.92),
    "dark glass": (0.20, 0.28, 0.38),
}


@dataclass(frozen=True)
class Paint:
    """Colours in [0, 1], linear in what is shown; `gloss` in [0, 1] is the strength of highlights."""

    colour: NDArray[np.float32]  # [n, 3]
    second: NDArray[np.float32]  # [n, 3]
    pattern: NDArray[np.float32]  # [n]
    frequency: NDArray[np.float32]  # [n]
    gloss: NDArray[np.float32]  # [n]

    def shaded(self, factor: Scalar) -> Paint:
        """Darker (below 1) or lighter (above 1), in both colours."""
        scale = np.asarray(factor, np.float32).reshape(-1, 1)
        return replace(
            self, colour=np.clip(self.colour * scale, 0.0, 1.0), second=np.clip(self.second * scale, 0.0, 1.0)
        )

    def pale(self, share: float = 0.4) -> Paint:
        """Mixed with white."""
        return replace(
            self, colour=self.colour + share * (1.0 - self.colour), second=self.second + share * (1.0 - self.second)
        )

    def plain(self) -> Paint:
        """The first colour alone."""
        return replace(self, second=self.colour, pattern=np.zeros_like(self.pattern))

    def glossy(self, gloss: Number = 0.6) -> Paint:
        return replace(self, gloss=np.full_like(self.gloss, gloss))

    def patterned(self, pattern: Pattern, frequency: Scalar, second: Paint | None = None) -> Paint:
        """With a pattern, unless the paint has one already; the other colour is `second`'s, or a darker shade."""
        other = self.colour * np.float32(0.7) if second is None else second.colour
        free = self.pattern == 0
        return replace(
            self,
            second=np.where(free[:, None], other, self.second),
            pattern=np.where(free, np.float32(pattern), self.pattern),
            frequency=np.where(free, np.asarray(frequency, np.float32), self.frequency),
        )

    def where(self, mask: Mask, other: Paint) -> Paint:
        """This paint where `mask` holds, the other elsewhere."""
        return Paint(
            *(
                np.where(mask.reshape(-1, *[1] * (mine.ndim - 1)), mine, its)
                for mine, its in (
                    (self.colour, other.colour),
                    (self.second, other.second),
                    (self.pattern, other.pattern),
                    (self.frequency, other.frequency),
                    (self.gloss, other.gloss),
                )
            )
        )


class Draw:
    """The random choices of n variations."""

    def __init__(self, generator: np.random.Generator, count: int) -> None:
        self.generator, self.count = generator, count

    def between(self, low: Number, high: Number) -> Numbers:
        return self.generator.uniform(low, high, self.count).astype(np.float32)

    def whole(self, low: int, high: int) -> NDArray[np.int64]:
        """Whole numbers from `low` to `high`, both included."""
        return self.generator.integers(low, high + 1, self.count)

    def chance(self, probability: Number) -> Mask:
        return self.generator.random(self.count) < probability

    def pick(self, *values: Number) -> Numbers:
        return np.asarray(values, np.float32)[self.generator.integers(len(values), size=self.count)]

    def paint(self, *names: str, gloss: Number = 0.0, jitter: Number = 0.05) -> Paint:
        """One of the named colours a variation, a little off."""
        table = np.asarray([COLOURS[name] for name in names], np.float32)
        return self.paint_of(table[self.generator.integers(len(names), size=self.count)], gloss, jitter)

    def paint_of(self, colour: NDArray[np.float32], gloss: Number = 0.0, jitter: Number = 0.05) -> Paint:
        """A plain paint of [3] or [n, 3] colours."""
        noise = self.generator.uniform(-jitter, jitter, (self.count, 3))
        shown = np.clip(np.asarray(colour) + noise, 0.0, 1.0).astype(np.float32)
        zeros = np.zeros(self.count, np.float32)
        return Paint(shown, shown, zeros, zeros + 1.0, zeros + np.float32(gloss))

    def rgb(self, red: Number, green: Number, blue: Number, gloss: Number = 0.0, jitter: Number = 0.03) -> Paint:
        return self.paint_of(np.asarray([red, green, blue], np.float32), gloss, jitter)

    def wood(self) -> Paint:
        base = self.rgb(0.62, 0.42, 0.22, jitter=0.06)
        return base.patterned(Pattern.WOOD, self.between(4.0, 7.0), self.rgb(0.40, 0.25, 0.11))

    def stone(self) -> Paint:
        base = self.rgb(0.62, 0.61, 0.58)
        return base.patterned(Pattern.CLOUDS, self.between(8.0, 14.0), self.rgb(0.42, 0.41, 0.40))


# ---- parts -----------------------------------------------------------------------------------------------------------


@dataclass
class Part:
    """One part of every variation. `extent` are its half sides along its own axes, for the bounding box."""

    shape: NDArray[np.float32]  # [n]: NOTHING where a variation has no such part
    op: Op
    blend: NDArray[np.float32]  # [n]
    centre: NDArray[np.float32]  # [n, 3]
    turn: NDArray[np.float32]  # [n, 3, 3], the part's axes as columns
    sizes: NDArray[np.float32]  # [n, 4]
    extent: NDArray[np.float32]  # [n, 3]
    paint: Paint


@dataclass
class Solid:
    """n variations of an object. `top` is the height of a flat top that things can stand on, `head` the centre of the
    top of a head and its radius, for hats; None for an object without."""

    count: int
    parts: list[Part] = field(default_factory=list)
    top: NDArray[np.float32] | None = None  # [n]
    head: NDArray[np.float32] | None = None  # [n, 4]

    # Every method adds one part. `turn` are degrees around x, y, z: first z, then x, then y. `blend` melts the part
    # into those before it over that length; `cut` takes it away from them, `clip` keeps what of them is inside;
    # `when` says which variations have it.

    def add(
        self, shape: Shape, centre: Triple, sizes: Sequence[Scalar], extent: Triple, paint: Paint, **how: Any
    ) -> None:
        self._add(
            shape, self._rows(centre), self._rows([*sizes, *[0.0] * (4 - len(sizes))]), self._rows(extent), paint, **how
        )

    def _add(  # noqa: PLR0913
        self,
        shape: Shape,
        centre: NDArray[np.float32],
        sizes: NDArray[np.float32],
        extent: NDArray[np.float32],
        paint: Paint,
        *,
        turn: Triple | NDArray[np.float32] = (0.0, 0.0, 0.0),
        blend: Scalar = 0.0,
        cut: bool = False,
        clip: bool = False,
        when: Mask | bool = True,
    ) -> None:
        axes = turn if isinstance(turn, np.ndarray) and turn.ndim == 3 else rotation(self._rows(list(turn)))
        melt = self._column(blend)
        op = Op.CUT if cut else Op.CLIP if clip else Op.BLEND if np.any(melt > 0.0) else Op.UNION
        present = np.broadcast_to(np.asarray(when), (self.count,))
        kind = np.where(present, np.float32(shape), np.float32(Shape.NOTHING)).astype(np.float32)
        self.parts.append(Part(kind, op, melt, centre, axes, sizes, extent, paint))

    def _column(self, value: Scalar) -> NDArray[np.float32]:
        return np.broadcast_to(np.asarray(value, np.float32), (self.count,)).copy()

    def _rows(self, values: Sequence[Scalar]) -> NDArray[np.float32]:
        rows = np.empty((self.count, len(values)), np.float32)
        for index, value in enumerate(values):
            rows[:, index] = value
        return rows

    def ellipsoid(self, centre: Triple, radii: Scalar | Triple, paint: Paint, **how: Any) -> None:
        """`radii` may be one number: a sphere."""
        sizes: Triple = radii if isinstance(radii, list | tuple) else [radii] * 3  # type: ignore[list-item]
        self.add(Shape.ELLIPSOID, centre, sizes, sizes, paint, **how)

    def box(self, centre: Triple, half: Triple, paint: Paint, *, rounding: Scalar = 0.02, **how: Any) -> None:
        least = np.minimum.reduce([self._column(side) for side in half])
        self.add(Shape.BOX, centre, [*half, np.minimum(self._column(rounding), 0.95 * least)], half, paint, **how)

    def cylinder(
        self,
        centre: Triple,
        half_height: Scalar,
        radius: Scalar,
        paint: Paint,
        *,
        above: Scalar | None = None,
        rounding: Scalar = 0.01,
        **how: Any,
    ) -> None:
        """Along y. `above` is the upper radius where it differs: a frustum or, near 0, a cone."""
        half, low = self._column(half_height), self._column(radius)
        high = low if above is None else self._column(above)
        widest = np.maximum(low, high)
        edge = np.minimum(self._column(rounding), 0.9 * np.minimum(half, widest))
        self.add(Shape.CONE, centre, [half, low, high, edge], [widest, half, widest], paint, **how)

    def torus(self, centre: Triple, ring: Scalar, tube: Scalar, paint: Paint, **how: Any) -> None:
        """Lying flat: around y."""
        reach = self._column(ring) + self._column(tube)
        self.add(Shape.TORUS, centre, [ring, tube], [reach, tube, reach], paint, **how)

    def capsule(
        self, start: Triple, end: Triple, radius: Scalar, paint: Paint, *, end_radius: Scalar | None = None, **how: Any
    ) -> None:
        """A round stick from `start` to `end`, tapering to `end_radius`."""
        a, b = self._rows(start), self._rows(end)
        length = np.linalg.norm(b - a, axis=-1)
        low = self._column(radius)
        high = low if end_radius is None else self._column(end_radius)
        widest = np.maximum(low, high)
        sizes = np.stack([length / 2.0, low, high, np.zeros_like(low)], axis=-1)
        extent = np.stack([widest, length / 2.0 + widest, widest], axis=-1)
        self._add(Shape.CAPSULE, (a + b) / 2.0, sizes, extent, paint, turn=along(b - a), **how)

    def dome(
        self, centre: Triple, radius: Scalar, paint: Paint, *, cut_at: Scalar = 0.0, squash: Scalar = 1.0, **how: Any
    ) -> None:
        """The part of a ball above `cut_at`, squashed along y."""
        height = self._column(radius) * self._column(squash)
        self.add(Shape.DOME, centre, [radius, cut_at, squash], [radius, height, radius], paint, **how)

    def prism(
        self,
        centre: Triple,
        half_base: Scalar,
        height: Scalar,
        half_depth: Scalar,
        paint: Paint,
        *,
        rounding: Scalar = 0.0,
        **how: Any,
    ) -> None:
        """A gable: the triangle's base is at the centre, its tip above."""
        self.add(
            Shape.PRISM,
            centre,
            [half_base, height, half_depth, rounding],
            [half_base, height, half_depth],
            paint,
            **how,
        )

    def arc(self, centre: Triple, ring: Scalar, tube: Scalar, half_angle: Number, paint: Paint, **how: Any) -> None:
        """A handle: part of a ring in the xy plane, open towards -x."""
        reach = self._column(ring) + self._column(tube)
        self.add(Shape.ARC, centre, [ring, tube, np.deg2rad(half_angle)], [reach, reach, tube], paint, **how)

    def horn(self, centre: Triple, ring: Scalar, tube: Scalar, half_angle: Number, paint: Paint, **how: Any) -> None:
        """An arc that tapers towards both ends."""
        reach = self._column(ring) + self._column(tube)
        self.add(Shape.HORN, centre, [ring, tube, np.deg2rad(half_angle)], [reach, reach, tube], paint, **how)

    def star(
        self,
        centre: Triple,
        radius: Scalar,
        paint: Paint,
        *,
        inner: Scalar = 0.45,
        half_depth: Scalar = 0.1,
        points: Scalar = 5,
        **how: Any,
    ) -> None:
        """In the xy plane."""
        self.add(Shape.STAR, centre, [radius, inner, half_depth, points], [radius, radius, half_depth], paint, **how)

    def heart(
        self, centre: Triple, size: Scalar, half_depth: Scalar, paint: Paint, *, rounding: Scalar = 0.03, **how: Any
    ) -> None:
        """In the xy plane, tip down."""
        reach, depth = 0.75 * self._column(size), self._column(half_depth) + self._column(rounding)
        self.add(Shape.HEART, centre, [size, half_depth, 0.0, rounding], [reach, reach, depth], paint, **how)

    def cup(
        self,
        centre: Triple,
        half_height: Scalar,
        radius: Scalar,
        paint: Paint,
        *,
        wall: Scalar = 0.045,
        floor: Scalar = 0.05,
        **how: Any,
    ) -> None:
        """A hollow cylinder, open above; without a floor of 0 or more it is a tube."""
        self.add(Shape.CUP, centre, [half_height, radius, wall, floor], [radius, half_height, radius], paint, **how)

    def pyramid(self, centre: Triple, half_side: Scalar, height: Scalar, paint: Paint, **how: Any) -> None:
        """The square base is at the centre, the tip above."""
        self.add(Shape.PYRAMID, centre, [half_side, height], [half_side, height, half_side], paint, **how)

    # ---- the whole ---------------------------------------------------------------------------------------------------

    def bounds(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The lower and the upper corner of every variation's bounding box, each [n, 3]. Cuts are not looked at."""
        low, high = np.full((self.count, 3), np.inf, np.float32), np.full((self.count, 3), -np.inf, np.float32)
        for part in self.parts:
            if part.op in (Op.CUT, Op.CLIP):
                continue
            middle, reach = part.centre + _offset(part), _reach(part)
            there = (part.shape != Shape.NOTHING)[:, None]
            low = np.where(there, np.minimum(low, middle - reach), low)
            high = np.where(there, np.maximum(high, middle + reach), high)
        return low, high

    def moved(self, scale: Scalar = 1.0, shift: Triple = (0.0, 0.0, 0.0), turn: Triple = (0.0, 0.0, 0.0)) -> Solid:
        """Turned, then scaled, then shifted."""
        factor, offset, axes = self._column(scale), self._rows(shift), rotation(self._rows(turn))
        parts = [
            Part(
                part.shape,
                part.op,
                part.blend * factor,
                _placed(part.centre, axes, factor, offset),
                axes @ part.turn,
                _scaled(part, factor),
                part.extent * factor[:, None],
                replace(part.paint, frequency=_scaled_frequency(part.paint, factor)),
            )
            for part in self.parts
        ]
        top = None if self.top is None else self.top * factor + offset[:, 1]
        head = None
        if self.head is not None:
            head = np.concatenate(
                [_placed(self.head[:, :3], axes, factor, offset), (self.head[:, 3] * factor)[:, None]], axis=-1
            )
        return Solid(self.count, parts, top, head)

    def joined(self, other: Solid, when: Mask | bool = True) -> Solid:
        """This solid and another, in the variations that `when` names; cuts of the other would take from this one
        too, so it must have none."""
        present = np.broadcast_to(np.asarray(when), (self.count,))
        added = [
            replace(part, shape=np.where(present, part.shape, np.float32(Shape.NOTHING)).astype(np.float32))
            for part in other.parts
        ]
        return Solid(self.count, [*self.parts, *added], self.top, self.head)

    def fitted(self, half: Scalar = 0.66, reach: Number = 0.92) -> Solid:
        """Centred, its largest half side `half` unless a corner of the box would be more than `reach` away."""
        low, high = self.bounds()
        middle, size = (low + high) / 2.0, (high - low) / 2.0
        scale = np.minimum(self._column(half) / size.max(-1), reach / np.linalg.norm(size, axis=-1))
        return self.moved(1.0, tuple(-middle.T)).moved(scale)

    def table(self) -> NDArray[np.float32]:
        """[n, parts, COLUMNS], what the tracer reads; see `Column`."""
        rows = [
            np.concatenate(
                [
                    part.shape[:, None],
                    np.full((self.count, 1), float(part.op)),
                    part.blend[:, None],
                    part.centre,
                    part.turn.reshape(self.count, 9),
                    part.sizes,
                    part.paint.colour,
                    part.paint.second,
                    part.paint.pattern[:, None],
                    part.paint.frequency[:, None],
                    part.paint.gloss[:, None],
                    _sphere(part)[:, None] * 1.02,
                ],
                axis=-1,
            )
            for part in self.parts
        ]
        return np.stack(rows, axis=1).astype(np.float32)


class Column:
    """Where the numbers of a part are in a row of `Solid.table`."""

    SHAPE, OP, BLEND = 0, 1, 2
    CENTRE = slice(3, 6)
    TURN = slice(6, 15)  # row by row; its columns are the part's axes
    SIZES = slice(15, 19)
    COLOUR = slice(19, 22)
    SECOND = slice(22, 25)
    PATTERN, FREQUENCY, GLOSS, REACH = 25, 26, 27, 28  # REACH: no point of the part is farther from its centre
    COUNT = 29


def rotation(degrees: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, 3, 3] from angles around x, y, z: turned around z first, then x, then y."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(degrees)).T, np.sin(np.deg2rad(degrees)).T
    o, i = np.zeros_like(cx), np.ones_like(cx)
    x = np.stack([i, o, o, o, cx, -sx, o, sx, cx], -1).reshape(-1, 3, 3)
    y = np.stack([cy, o, sy, o, i, o, -sy, o, cy], -1).reshape(-1, 3, 3)
    z = np.stack([cz, -sz, o, sz, cz, o, o, o, i], -1).reshape(-1, 3, 3)
    turned: NDArray[np.float32] = (y @ x @ z).astype(np.float32)
    return turned


def along(direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, 3, 3] rotations whose y axis points along [n, 3] directions."""
    y = direction / np.maximum(np.linalg.norm(direction, axis=-1, keepdims=True), 1e-9)
    helper = np.where(np.abs(y[:, :1]) < 0.9, np.asarray([1.0, 0.0, 0.0]), np.asarray([0.0, 0.0, 1.0]))
    x = np.cross(y, helper)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1).astype(np.float32)


def _box(part: Part) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The box around a part along its own axes, [n, 3] each: its middle, and its half sides. Shapes that are not
    centred on their origin have a tighter one than `extent` says."""
    a, b, c, _ = part.sizes.T
    middle, half = np.zeros_like(part.extent), part.extent.copy()
    height = a * np.sin(np.minimum(c, np.pi / 2.0)) + b
    for axis, low, high, *shapes in (
        (1, np.zeros_like(b), b, Shape.PRISM, Shape.PYRAMID),
        (1, b * c, a * c, Shape.DOME),
        (0, a * np.cos(c) - b, a + b, Shape.ARC, Shape.HORN),
        (1, -height, height, Shape.ARC, Shape.HORN),
    ):
        here = np.isin(part.shape, shapes)
        middle[here, axis], half[here, axis] = ((low + high) / 2.0)[here], ((high - low) / 2.0)[here]
    return middle, half


def _placed(
    points: NDArray[np.float32], axes: NDArray[np.float32], factor: NDArray[np.float32], offset: NDArray[np.float32]
) -> NDArray[np.float32]:
    """[n, 3] points turned, then scaled, then shifted."""
    return (axes @ points[:, :, None])[:, :, 0] * factor[:, None] + offset


def _offset(part: Part) -> NDArray[np.float32]:
    """From a part's origin to the middle of its box, along the world's axes, [n, 3]."""
    offset: NDArray[np.float32] = np.einsum("nij,nj->ni", part.turn, _box(part)[0])
    return offset


def _reach(part: Part) -> NDArray[np.float32]:
    """Half sides of the part's bounding box along the world's axes, [n, 3]."""
    if np.any(part.shape == Shape.ELLIPSOID):
        squares: NDArray[np.float32] = np.square(part.turn * part.extent[:, None, :]).sum(-1)
        return np.sqrt(squares)
    y = np.abs(part.turn[:, :, 1])
    across: NDArray[np.float32] = np.sqrt(np.maximum(0.0, 1.0 - y * y))
    if np.any((part.shape == Shape.CONE) | (part.shape == Shape.CUP)):
        return y * part.extent[:, 1:2] + across * part.extent[:, :1]
    if np.any(part.shape == Shape.CAPSULE):
        radius: NDArray[np.float32] = part.sizes[:, 1:3].max(axis=1, keepdims=True)
        return y * part.sizes[:, :1] + radius
    if np.any(part.shape == Shape.TORUS):
        return across * part.sizes[:, :1] + part.sizes[:, 1:2]
    reach: NDArray[np.float32] = np.einsum("nij,nj->ni", np.abs(part.turn), _box(part)[1])
    return reach


def _sphere(part: Part) -> NDArray[np.float32]:
    """The radius of a sphere around the part's origin that holds it, [n]."""
    x, y, z = part.extent.T
    widest = part.extent.max(axis=1)
    rounded = (Shape.ELLIPSOID, Shape.TORUS, Shape.CAPSULE, Shape.DOME, Shape.ARC, Shape.HORN)
    radii: NDArray[np.float32] = np.select(
        [
            np.isin(part.shape, rounded),
            np.isin(part.shape, (Shape.CONE, Shape.CUP)),
            part.shape == Shape.STAR,
            part.shape == Shape.PYRAMID,
        ],
        [widest, np.hypot(x, y), np.hypot(x, z), np.maximum(np.hypot(x, z), y)],
        np.linalg.norm(part.extent, axis=1),
    )
    return radii


# How many of the four sizes are lengths, and which besides the first ones.
_LENGTHS: dict[Shape, tuple[int, ...]] = {
    Shape.ELLIPSOID: (0, 1, 2),
    Shape.BOX: (0, 1, 2, 3),
    Shape.CONE: (0, 1, 2, 3),
    Shape.TORUS: (0, 1),
    Shape.CAPSULE: (0, 1, 2),
    Shape.DOME: (0, 1),
    Shape.PRISM: (0, 1, 2, 3),
    Shape.ARC: (0, 1),
    Shape.STAR: (0, 2),
    Shape.HEART: (0, 1, 3),
    Shape.CUP: (0, 1, 2, 3),
    Shape.PYRAMID: (0, 1),
    Shape.HORN: (0, 1),
}
_IS_LENGTH = np.asarray([[index in _LENGTHS.get(shape, ()) for index in range(4)] for shape in Shape])


def _scaled(part: Part, factor: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = _IS_LENGTH[part.shape.astype(np.int64)]
    return np.where(lengths, part.sizes * factor[:, None], part.sizes)


def _scaled_frequency(paint: Paint, factor: NDArray[np.float32]) -> NDArray[np.float32]:
    around = (paint.pattern == Pattern.SECTORS) | (paint.pattern == Pattern.RIBS)
    return np.where(around, paint.frequency, paint.frequency / factor).astype(np.float32)
