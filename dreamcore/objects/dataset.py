"""Pictures with captions: random scenes, each seen from several sides.

Letters: n scenes, v views. One seed gives one data set, whatever the number of processes that build its scenes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import repeat
from multiprocessing import get_context

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from dreamcore.config.base import require
from dreamcore.objects import emoji as emojis
from dreamcore.objects.captions import CaptionSettings, Words, read, view_captions
from dreamcore.objects.emoji import Emoji
from dreamcore.objects.library import KINDS
from dreamcore.objects.scenes import SHARD, Scenes, build_scenes, joined, scenes_of
from dreamcore.objects.solid import Column, Shape
from dreamcore.objects.tracer import Views, trace
from dreamcore.objects.viewpoints import ViewSettings, sample_views

Progress = Callable[[int, int], None]  # views drawn, views in all

# what the random numbers of one seed are for
_SCENES, _VIEWS, _CAPTIONS, _JUDGED = range(4)


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """`held_out`: whether held-out combinations may be among the scenes. `fronts`: of single things with a front, how
    many times as often those of a kind are drawn, as in {"vehicle": 4}. `chunk` views are drawn at once."""

    scenes: int = 100_000
    views_per_scene: int = 4
    side: int = 64
    oversampling: int = 2
    held_out: bool = False
    fronts: Mapping[str, float] = field(default_factory=dict)
    processes: int = 1
    chunk: int = 16_384
    views: ViewSettings = field(default_factory=ViewSettings)
    captions: CaptionSettings = field(default_factory=CaptionSettings)

    def __post_init__(self) -> None:
        for name in ("scenes", "views_per_scene", "side", "oversampling", "processes", "chunk"):
            require(getattr(self, name) > 0, f"data.{name}", getattr(self, name), "positive")
        for kind, factor in self.fronts.items():
            require(kind in KINDS, "data.fronts", kind, f"a kind: {', '.join(sorted(KINDS))}")
            require(0.0 < factor < math.inf, f"data.fronts.{kind}", factor, "positive")


@dataclass(frozen=True)
class Pool:
    """All pictures, on one device: colour times coverage, and coverage, from 0 to 255. `caption` points into
    `captions`, `scene` into `words`; emoji have scene -1 and no direction."""

    images: UInt8[Tensor, "v side side 4"]
    caption: Int[Tensor, " v"]
    azimuth: Float[Tensor, " v"]
    elevation: Float[Tensor, " v"]
    scene: Int[Tensor, " v"]
    textureless: Bool[Tensor, " v"]
    captions: tuple[str, ...]
    words: tuple[Words, ...]

    def __len__(self) -> int:
        return len(self.images)


# ---- scenes ----------------------------------------------------------------------------------------------------------


def start_scenes(settings: DataSettings, seed: int) -> Callable[[], Scenes]:
    """Starts to build the scenes, in processes of their own if there are several; what it returns waits for them.
    Processes are forked: call this before CUDA is used."""
    left = [min(SHARD, settings.scenes - start) for start in range(0, settings.scenes, SHARD)]
    work = (_shard, repeat(seed), range(len(left)), left, repeat(settings.held_out), repeat(settings.fronts))
    if settings.processes == 1 or len(left) == 1:
        return lambda: joined(list(map(*work)))
    pool = ProcessPoolExecutor(min(settings.processes, len(left)), mp_context=get_context("fork"))
    shards = pool.map(*work)
    pool.shutdown(wait=False)  # of the processes, once they are done
    return lambda: joined(list(shards))


def _shard(seed: int, index: int, count: int, held_out: bool, fronts: Mapping[str, float]) -> Scenes:
    return build_scenes(np.random.default_rng([seed, _SCENES, index]), count, held_out, fronts)


# ---- pictures --------------------------------------------------------------------------------------------------------


def _silent(done: int, total: int) -> None:
    pass


def render_pool(
    settings: DataSettings,
    seed: int,
    device: torch.device,
    *,
    scenes: Scenes | None = None,
    emoji: Emoji | None = None,
    progress: Progress = _silent,
) -> Pool:
    """The data set of a seed. `scenes` are those of `start_scenes`, if they have been built already; `emoji` are added
    at the end, once each."""
    scenes = start_scenes(settings, seed)() if scenes is None else scenes
    solid = torch.arange(len(scenes)).repeat_interleave(settings.views_per_scene)
    views, azimuth, elevation = sample_views(np.random.default_rng([seed, _VIEWS]), len(solid), settings.views)
    generator = np.random.default_rng([seed, _CAPTIONS])
    texts = view_captions(
        generator,
        [scenes.words[index] for index in solid.tolist()],
        azimuth.tolist(),
        elevation.tolist(),
        views.textureless.tolist(),
        settings.captions,
    )
    images = render(scenes, solid, views, settings, device, progress)
    pool = _pool(images, texts, azimuth, elevation, solid, views.textureless, scenes.words)
    return pool if emoji is None else _with_emoji(generator, pool, emoji)


def render(
    scenes: Scenes,
    solid: Int[Tensor, " v"],
    views: Views,
    settings: DataSettings,
    device: torch.device,
    progress: Progress = _silent,
) -> UInt8[Tensor, "v side side 4"]:
    """Each view of its scene, `settings.chunk` at a time."""
    used = int(np.flatnonzero((scenes.tables[..., Column.SHAPE] != Shape.NOTHING).any(0)).max()) + 1
    tables = torch.from_numpy(np.ascontiguousarray(scenes.tables[:, :used])).to(device)
    solid, views = solid.to(device), views.to(device)
    images = torch.empty(len(views), settings.side, settings.side, 4, dtype=torch.uint8, device=device)
    for start in range(0, len(views), settings.chunk):
        chunk = slice(start, start + settings.chunk)
        images[chunk] = trace(tables, solid[chunk], views[chunk], settings.side, settings.oversampling)
        progress(min(start + settings.chunk, len(views)), len(views))
    return images


def judged_views(
    rows: Sequence[Mapping[str, str]], per_caption: int, seed: int, settings: DataSettings, device: torch.device
) -> Pool:
    """Fresh pictures of what captions ask for (`prompt` of each row): `per_caption` views of as many variations, lit,
    and then all of them again without texture. The pool's captions are the prompts. Raises ValueError for a prompt
    that names no thing of the library."""
    prompts = tuple(row["prompt"] for row in rows)
    generator = np.random.default_rng([seed, _JUDGED])
    scenes = scenes_of(generator, [read(prompt) for prompt in prompts], per_caption, prompts)
    views, azimuth, elevation = sample_views(generator, len(scenes), settings.views)
    lit = {"ambient": torch.full_like(views.ambient, 0.45), "diffuse": torch.full_like(views.diffuse, 0.55)}
    looks = [replace(views, **lit, textureless=torch.full_like(views.textureless, bare)) for bare in (False, True)]
    both = Views(**{name: torch.cat([getattr(look, name) for look in looks]) for name in vars(views)})
    solid = torch.arange(len(scenes)).repeat(2)
    images = render(scenes, solid, both, settings, device)
    texts = [scenes.words[index].base for index in solid.tolist()]
    return _pool(images, texts, azimuth.repeat(2), elevation.repeat(2), solid, both.textureless, scenes.words)


def _pool(
    images: UInt8[Tensor, "v side side 4"],
    texts: Sequence[str],
    azimuth: Float[Tensor, " v"],
    elevation: Float[Tensor, " v"],
    scene: Int[Tensor, " v"],
    textureless: Bool[Tensor, " v"],
    words: tuple[Words, ...],
) -> Pool:
    place: dict[str, int] = {}
    caption = torch.tensor([place.setdefault(text, len(place)) for text in texts], dtype=torch.int32)
    to = images.device
    return Pool(
        images,
        caption.to(to),
        azimuth.to(to),
        elevation.to(to),
        scene.to(to, torch.int32),
        textureless.to(to),
        tuple(place),
        words,
    )


def _with_emoji(generator: np.random.Generator, pool: Pool, emoji: Emoji) -> Pool:
    """The pool and after it each emoji, with one of its captions."""
    to, none = pool.images.device, torch.zeros(len(emoji), device=pool.images.device)
    texts = list(pool.captions)
    for name in emoji.names:
        choices = emojis.captions(name)
        texts.append(choices[generator.integers(len(choices))])
    caption = torch.arange(len(pool.captions), len(texts), dtype=torch.int32, device=to)
    return Pool(
        torch.cat([pool.images, torch.from_numpy(emoji.images).to(to)]),
        torch.cat([pool.caption, caption]),
        torch.cat([pool.azimuth, none]),
        torch.cat([pool.elevation, none]),
        torch.cat([pool.scene, torch.full_like(caption, -1)]),
        torch.cat([pool.textureless, none.bool()]),
        tuple(texts),
        pool.words,
    )
