import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dreamcore.cameras import look_at
from dreamcore.objects import dataset
from dreamcore.objects.captions import CLAY, Words
from dreamcore.objects.dataset import DataSettings, Pool, judged_views, render, render_pool, start_scenes
from dreamcore.objects.emoji import Emoji
from dreamcore.objects.library import BY_NAME
from dreamcore.objects.scenes import Scenes
from dreamcore.objects.solid import COLOURS, MAX_PARTS, Column, Draw, Solid
from dreamcore.objects.tracer import Views
from dreamcore.objects.viewpoints import ViewSettings
from dreamcore.prompts import view_index
from dreamcore.texts import VIEW_WORDS

CPU = torch.device("cpu")
TINY = DataSettings(scenes=3, views_per_scene=2, side=10, oversampling=1, chunk=4)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return start_scenes(TINY, 3)()


@pytest.fixture(scope="module")
def pool(scenes: Scenes) -> Pool:
    return render_pool(TINY, 3, CPU, scenes=scenes)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """One colour a picture, by scene and camera, instead of tracing: for what is not about pictures."""

    def trace(tables: Tensor, solid: Tensor, views: Views, side: int, oversampling: int) -> Tensor:
        colour = torch.cat([tables[solid, 0, Column.COLOUR], views.position[:, :1]], dim=1) * 50.0
        return colour.remainder(255.0).to(torch.uint8)[:, None, None].expand(-1, side, side, -1)

    monkeypatch.setattr(dataset, "trace", trace)


def _equal(one: Pool, other: Pool) -> bool:
    tensors = ("images", "caption", "azimuth", "elevation", "scene", "textureless")
    return (one.captions, one.words) == (other.captions, other.words) and all(
        torch.equal(getattr(one, name), getattr(other, name)) for name in tensors
    )


def test_the_pool_has_every_view_of_every_scene(pool: Pool, scenes: Scenes) -> None:
    assert len(pool) == 6
    assert pool.images.shape == (6, 10, 10, 4) and pool.images.dtype == torch.uint8
    assert pool.scene.tolist() == [index for index in range(3) for _ in range(2)]
    assert pool.words == scenes.words
    assert len(set(pool.captions)) == len(pool.captions)
    assert sorted(set(pool.caption.tolist())) == list(range(len(pool.captions)))
    assert (pool.images[..., 3].flatten(1) > 0).any(1).all()
    # colour times coverage is never more than coverage
    assert (pool.images[..., :3] <= pool.images[..., 3:].int() + 1).all()


@pytest.mark.usefixtures("plain")
def test_captions_fit_their_views() -> None:
    settings = replace(TINY, scenes=16, views_per_scene=10)
    pool = render_pool(settings, 0, CPU)
    directions = view_index(pool.azimuth, pool.elevation).tolist()
    with_words = 0
    for index, caption in enumerate(pool.caption.tolist()):
        text, words = pool.captions[caption], pool.words[pool.scene[index]]
        assert (words.bare if pool.textureless[index] else words.base) in text
        assert pool.textureless[index] or not text.startswith(CLAY)
        for which, view in enumerate(VIEW_WORDS):
            assert not text.endswith(f", {view}") or directions[index] == which
            with_words += text.endswith(f", {view}")
    assert 0.5 < with_words / len(pool) < 0.95


@pytest.mark.usefixtures("plain")
def test_one_seed_gives_one_pool() -> None:
    pool = render_pool(TINY, 3, CPU)
    assert _equal(pool, render_pool(TINY, 3, CPU))
    assert not _equal(pool, render_pool(TINY, 4, CPU))


def test_pictures_do_not_depend_on_the_chunks(pool: Pool, scenes: Scenes) -> None:
    assert _equal(pool, render_pool(replace(TINY, chunk=6), 3, CPU, scenes=scenes))


def test_processes_build_the_same_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "SHARD", 7)
    settings = replace(TINY, scenes=20, fronts={"vehicle": 1000.0})
    alone, together = (start_scenes(replace(settings, processes=count), 5)() for count in (1, 2))
    assert len(alone) == 20
    assert alone.words == together.words
    assert np.array_equal(alone.tables, together.tables)
    assert len({words.base for words in alone.words}) > 10  # shards differ
    singles = [words.things[0] for words in alone.words if words.kind == "thing"]
    assert all(BY_NAME[name].kind == "vehicle" for name in singles)


@pytest.mark.usefixtures("plain")
def test_progress_ends_with_all_views(scenes: Scenes) -> None:
    told: list[tuple[int, int]] = []
    render_pool(TINY, 3, CPU, scenes=scenes, progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 6), (6, 6)]


def test_a_ball_is_drawn_where_it_is() -> None:
    draw, solid = Draw(np.random.default_rng(0), 1), Solid(1)
    solid.ellipsoid((0, 0, 0), 0.5, draw.rgb(1.0, 0.0, 0.0, jitter=0.0))
    tables = np.zeros((1, MAX_PARTS, Column.COUNT), np.float32)
    tables[:, :1] = solid.table()
    words = Words(base="", bare="", kind="thing", things=("ball",), looks=("red",), second="", directional=False)
    position, one = torch.tensor([[0.0, 0.0, 3.0]]), torch.ones(1)
    views = Views(
        position=position,
        rotation=look_at(position, torch.zeros(1, 3), torch.tensor([[0.0, 1.0, 0.0]])),
        focal=2.0 * one,
        light=position,
        ambient=one,
        diffuse=0.0 * one,
        gloss=0.0 * one,
        textureless=torch.zeros(1, dtype=torch.bool),
    )
    settings = replace(TINY, side=32)
    image = render(Scenes(tables, (words,)), torch.zeros(1, dtype=torch.long), views, settings, CPU)[0]
    # the outline of a ball of radius r at distance d: tan = r / sqrt(d^2 - r^2)
    radius = 32 * 2.0 * 0.5 / np.sqrt(3.0**2 - 0.5**2)
    assert (image[..., 3] > 0).sum().item() == pytest.approx(np.pi * radius**2, rel=0.06)
    assert image[16, 16].tolist() == [255, 0, 0, 255]


@pytest.mark.usefixtures("plain")
def test_emoji_come_after_the_scenes(scenes: Scenes) -> None:
    pool = render_pool(TINY, 3, CPU, scenes=scenes)
    images = np.full((2, 10, 10, 4), 7, np.uint8)
    more = render_pool(TINY, 3, CPU, scenes=scenes, emoji=Emoji(images, ("dog face", "hamburger")))
    assert len(more) == len(pool) + 2
    assert torch.equal(more.images[:-2], pool.images) and (more.images[-2:] == 7).all()
    assert more.scene[-2:].tolist() == [-1, -1]
    assert "hamburger" in more.captions[more.caption[-1]]
    assert len(set(more.captions)) == len(more.captions)


def test_judged_views_show_what_the_captions_ask_for() -> None:
    path = Path(__file__).resolve().parents[2] / "sweeps" / "prompts" / "judged.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["prompt"] in ("a purple mug", "a teal star")]
    pool = judged_views(rows, 2, 0, replace(TINY, side=24, views=ViewSettings(light_spread=0.1)), CPU)
    assert pool.captions == ("a purple mug", "a teal star")
    assert pool.caption.tolist() == [0, 0, 1, 1] * 2
    assert pool.textureless.tolist() == [False] * 4 + [True] * 4
    assert torch.equal(pool.images[:4, ..., 3], pool.images[4:, ..., 3])  # the same views
    for view, colour in enumerate(("purple", "purple", "teal", "teal")):
        inside = pool.images[view, ..., 3] == 255
        mean = pool.images[view][inside][:, :3].float().mean(0)
        wanted = torch.tensor(COLOURS[colour])
        assert torch.cosine_similarity(mean, wanted, dim=0) > 0.95
        bare = pool.images[view + 4][inside][:, :3].float()
        assert (bare.max(1).values - bare.min(1).values).max() <= 1.0  # gray


def test_judged_views_need_a_thing() -> None:
    with pytest.raises(ValueError, match="caption 'a purple idea': names no thing"):
        judged_views([{"prompt": "a purple idea"}], 1, 0, TINY, CPU)


def test_settings_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"data.views_per_scene = 0: must be positive"):
        DataSettings(views_per_scene=0)
    with pytest.raises(ValueError, match=r"data.fronts = 'boat': must be a kind: animal, "):
        DataSettings(fronts={"boat": 2.0})
    with pytest.raises(ValueError, match=r"data.fronts.vehicle = 0.0: must be positive"):
        DataSettings(fronts={"vehicle": 0.0})
