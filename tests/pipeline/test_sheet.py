"""Contact sheets: every trial in its cell, with what has become of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from commands import run
from PIL import Image
from stored import PRIOR, begin, commit_attempt, commit_trial, fail_trial, trial

from pipeline.engine import View as Rendered
from pipeline.errors import UserError
from pipeline.pictures import Cell, Grid, Tiles, decode, draw_grid, encode
from pipeline.plan import stored_plan
from pipeline.query import Sweep
from pipeline.record.attempts import finish
from pipeline.record.compact import compact
from pipeline.sheet import View, make_sheet, make_tiles
from pipeline.storage import Storage
from pipeline.trial import Trial

SIDE = 20
WHITE, PALE, ALARM = (255, 255, 255), (170, 170, 170), (180, 30, 30)
Color = tuple[int, ...]


def tagged(made: Trial, **tags: str) -> Trial:
    return dataclasses.replace(made, tags=tags)


MUG = [tagged(trial("a mug", seed), kind="kitchen", size="small") for seed in (0, 1)]
MUG_STRONG = [tagged(trial("a mug", seed, "w20", scale=20), kind="kitchen", size="small") for seed in (0, 1)]
DUCK = [tagged(trial("a duck", seed), kind="toy", size="small") for seed in (0, 1)]
DUCK_STRONG = [tagged(trial("a duck", seed, "w20", scale=20), kind="toy", size="small") for seed in (0, 1)]


@pytest.fixture
def storage(tmp_storage: Storage) -> Storage:
    """Two prompts, seeds and variants: one trial compacted, three committed since, one failed, three not finished."""
    begin(tmp_storage, *MUG, *DUCK, *MUG_STRONG, *DUCK_STRONG)
    commit_trial(tmp_storage, MUG[0], color=11)
    compact(tmp_storage)
    commit_trial(tmp_storage, MUG[1], color=22)
    commit_trial(tmp_storage, DUCK[1], color=33)
    commit_trial(tmp_storage, DUCK_STRONG[0], color=44)
    fail_trial(tmp_storage, MUG_STRONG[0])
    return tmp_storage


def sheet(storage: Storage, rows: str = "prompt", columns: str = "variant,seed", **view: object) -> Image.Image:
    return make_sheet(storage, rows, columns, View(side=SIDE, **view)).image  # type: ignore[arg-type]


def cells(image: Image.Image, rows: int, columns: int, views: int = 1, lines: int = 2) -> list[list[list[Color]]]:
    """The colour in the middle of the upper quarter of every picture: found by counting from the lower right corner."""
    width = views * (SIDE + 2) - 2
    assert image.size[1] == 6 + lines * 16 + rows * (SIDE + 6)
    found = []
    for row in range(rows):
        top = image.height - (rows - row) * (SIDE + 6) + SIDE // 4
        lefts = [image.width - (columns - column) * (width + 6) for column in range(columns)]
        found.append([[image.getpixel((left + j * (SIDE + 2) + 3, top)) for j in range(views)] for left in lefts])
    return found  # type: ignore[return-value]


def has(image: Image.Image, box: tuple[int, int, int, int], color: Color) -> bool:
    return color in {found for _, found in image.crop(box).getcolors(maxcolors=10_000)}  # type: ignore[union-attr]


# ---- the grid --------------------------------------------------------------------------------------------------------


def test_each_trial_is_in_the_cell_of_its_prompt_variant_and_seed(storage: Storage) -> None:
    made = make_sheet(storage, "prompt", "variant,seed", View(side=SIDE))
    assert (made.shown, made.failed, made.missing, made.replaced) == (4, 1, 3, 0)
    colors = [[views[0] for views in row] for row in cells(made.image, 2, 4)]
    assert colors == [[(11, 0, 0), (22, 0, 0), WHITE, WHITE], [WHITE, (33, 0, 0), (44, 0, 0), WHITE]]


@pytest.mark.parametrize(
    ("rows", "columns", "expected", "lines"),
    [
        ("variant,seed", "prompt", [[11, None], [22, 33], [None, 44], [None, None]], 1),
        ("seed", "prompt,variant", [[11, None, None, 44], [22, None, 33, None]], 2),
        ("seed", "variant,prompt", [[11, None, None, 44], [22, 33, None, None]], 2),
        ("kind", "variant,seed", [[11, 22, None, None], [None, 33, 44, None]], 2),
        ("size,prompt,variant,seed", "kind", [[11, None], [22, None], [None] * 2, [None] * 2,
                                              [None] * 2, [None, 33], [None, 44], [None] * 2], 1),
    ],
)  # fmt: skip
def test_any_axis_goes_on_either_side(
    storage: Storage, rows: str, columns: str, expected: list[list[int | None]], lines: int
) -> None:
    image = sheet(storage, rows, columns)
    colors = [[views[0] for views in row] for row in cells(image, len(expected), len(expected[0]), lines=lines)]
    assert colors == [[WHITE if value is None else (value, 0, 0) for value in row] for row in expected]


def test_what_is_missing_has_a_grey_mark_and_what_failed_says_so(storage: Storage) -> None:
    image = sheet(storage)
    boxes = []
    for column in range(4):
        left, top = image.width - (4 - column) * (SIDE + 6), image.height - 2 * (SIDE + 6)
        boxes.append((left, top, left + SIDE, top + SIDE))
    assert [has(image, box, PALE) for box in boxes] == [False, False, True, True]
    assert [has(image, box, ALARM) for box in boxes] == [False, False, True, False]


def test_a_trial_without_a_tag_has_a_place_of_its_own(tmp_storage: Storage) -> None:
    begin(tmp_storage, MUG[0], tagged(trial("a duck"), size="big"))
    commit_trial(tmp_storage, MUG[0], color=11)
    colors = [[views[0] for views in row] for row in cells(sheet(tmp_storage, "kind", "size"), 2, 2, lines=1)]
    assert colors == [[(11, 0, 0), WHITE], [WHITE, WHITE]]


def test_views_stand_side_by_side_and_kinds_are_apart(storage: Storage) -> None:
    found = cells(sheet(storage, count=2), 2, 4, views=2)
    assert found[0][:2] == [[(11, 0, 0), (11, 1, 0)], [(22, 0, 0), (22, 1, 0)]]
    assert cells(sheet(storage, first=1), 2, 4)[0][0] == [(11, 1, 0)]
    assert cells(sheet(storage, kind="depth"), 2, 4)[0][0] == [(11, 0, 0)]
    # a view that a trial does not have is missing by itself
    assert cells(sheet(storage, first=1, count=2), 2, 4, views=2)[0][0] == [(11, 1, 0), WHITE]


def test_tiles_follow_the_plan_in_rows_of_the_wanted_length(storage: Storage) -> None:
    made = make_tiles(storage, 3, 1, View(side=SIDE))
    assert (made.shown, made.failed, made.missing) == (4, 1, 3)
    tiles = Tiles(across=3, count=8, side=SIDE, views=1)
    assert made.image.size == tiles.size == (6 + 3 * (SIDE + 6), 6 + 3 * (16 + SIDE + 6))
    plan = [t.trial_id for t in stored_plan(storage).trials]
    shades = {MUG[0].trial_id: 11, MUG[1].trial_id: 22, DUCK[1].trial_id: 33, DUCK_STRONG[0].trial_id: 44}
    for place, trial_id in enumerate(plan):
        left, top = tiles.corner(place)
        pixel = made.image.getpixel((left + SIDE // 2, top + SIDE // 4))
        assert pixel == ((shades[trial_id], 0, 0) if trial_id in shades else WHITE), place
    last = tiles.corner(8)
    assert made.image.crop((*last, last[0] + SIDE, last[1] + SIDE)).getcolors() == [(SIDE * SIDE, WHITE)]
    some = make_tiles(storage, 3, 2, View(side=SIDE))
    assert some.shown + some.failed + some.missing == 4
    with pytest.raises(UserError, match="choose a smaller --side"):
        make_tiles(storage, 8, 1, View(side=1024, count=30))


def test_a_sheet_may_be_made_while_the_sweep_runs(tmp_storage: Storage) -> None:
    begin(tmp_storage, *MUG)
    with pytest.raises(UserError, match="no finished trial yet"):
        sheet(tmp_storage)
    commit_trial(tmp_storage, MUG[0], color=11)
    assert make_sheet(tmp_storage, "prompt", "seed", View()).missing == 1
    commit_trial(tmp_storage, MUG[1], color=22)
    before = tmp_storage.list()
    assert make_sheet(tmp_storage, "prompt", "seed", View()).missing == 0
    assert tmp_storage.list() == before, "reading writes nothing"


def test_of_trials_planned_again_the_latest_is_shown(tmp_storage: Storage) -> None:
    begin(tmp_storage, MUG[0])
    commit_trial(tmp_storage, MUG[0], color=11)
    longer = trial("a mug", 0, steps=8)
    begin(tmp_storage, longer)
    assert make_sheet(tmp_storage, "prompt", "variant,seed", View()).missing == 1
    commit_trial(tmp_storage, longer, color=99)
    made = make_sheet(tmp_storage, "prompt", "variant,seed", View(side=SIDE))
    assert (made.shown, made.missing, made.replaced) == (1, 0, 1)
    assert cells(made.image, 1, 1)[0][0] == [(99, 0, 0)]


def test_images_that_no_camera_took_are_shown_too(tmp_storage: Storage) -> None:
    """Their camera is null, in the table and in the frame."""
    begin(tmp_storage, MUG[0])
    png = encode(Image.new("RGB", (4, 4), (7, 8, 9)))
    row = {"trial_id": MUG[0].trial_id, "prompt": "a mug", "seed": 0, "variant": "base", "steps": 4, "prior": PRIOR}
    views = [Rendered(index=0, kind="color", azimuth=None, elevation=None, radius=None, png=png)]
    finish(tmp_storage, MUG[0].trial_id, 1, row | {"status": "completed"}, [{"step": 4, "t": 0.0}], views)
    assert commit_attempt(tmp_storage, MUG[0].trial_id, 1)
    for _ in range(2):  # before and after compaction
        frame = Sweep(tmp_storage).renders()
        assert frame[["azimuth", "elevation", "radius"]].isna().all(axis=None)
        assert cells(sheet(tmp_storage), 1, 1)[0][0] == [(7, 8, 9)]
        compact(tmp_storage)


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (
            "promt",
            "seed",
            "--rows: 'promt': unknown name. Did you mean prompt? Known names: prompt, seed, variant, kind",
        ),
        ("prompt", "seed,color", "--columns: 'color': unknown name. Known names: prompt, seed, variant, kind, size"),
        ("prompt", " , ", "--columns is empty: name one of prompt, seed, variant, kind, size, or several"),
        ("prompt,seed", "variant,seed", "--rows prompt,seed --columns variant,seed: seed is named twice"),
        ("seed,seed", "prompt", "seed is named twice"),
        ("prompt", "variant", "trials that differ in seed would share a cell: add seed to --rows or --columns"),
        ("size", "kind", "trials that differ in seed would share a cell"),
        ("size", "seed", "trials that differ in prompt would share a cell: add prompt to"),
    ],
)
def test_bad_axes_are_errors_that_name_the_known_ones(storage: Storage, rows: str, columns: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        sheet(storage, rows, columns)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ({"kind": "colour"}, "--kind colour: no trial has views of that kind; there are color, depth"),
        ({"first": 7}, "--view 7: no trial has as many views of kind color; they are counted from 0"),
        ({"count": 2000}, "million are allowed: choose a smaller --side or fewer --views"),
    ],
)
def test_bad_views_are_errors(storage: Storage, view: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        make_sheet(storage, "prompt", "variant,seed", View(**{"side": 1024, **view}))  # type: ignore[arg-type]
    assert message in str(error.value)


# ---- drawing ---------------------------------------------------------------------------------------------------------


def test_long_captions_stay_in_their_places() -> None:
    label = "a very long prompt of many words " * 20
    grid = Grid(rows=[(label,)], columns=[("x" * 500, label)], side=SIDE, views=1)
    png = encode(Image.new("RGB", (2, 2), (1, 2, 3)))
    image = draw_grid(grid, {(0, 0): Cell(pngs=[png])})
    assert image.size == grid.size
    left, top = grid.corner(0, 0)
    assert image.crop((left, top, left + SIDE, top + SIDE)).getcolors() == [(SIDE * SIDE, (1, 2, 3))]
    right = image.crop((left + SIDE, 0, image.width, image.height))
    assert right.getcolors() == [(right.width * right.height, WHITE)]


def test_a_label_that_columns_share_is_written_once() -> None:
    shared = Grid(rows=[("r",)], columns=[("wide", "1"), ("wide", "2")], side=SIDE, views=1)
    apart = Grid(rows=[("r",)], columns=[("wide", "1"), ("other", "2")], side=SIDE, views=1)
    left, _ = shared.corner(0, 1)
    heading = (left, 0, left + SIDE, 20)
    assert draw_grid(shared, {}).crop(heading).tobytes() != draw_grid(apart, {}).crop(heading).tobytes()


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_png_and_says_what_is_on_it(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    path.write_bytes(b"an older one")
    done = run("sheet", storage.url, "-o", str(path), "--views", "2", "--side", "32")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{path}: 4 trials shown, 1 failed, 3 not finished\n"
    assert (
        decode(path.read_bytes()).size
        == make_sheet(storage, "prompt", "variant,seed", View(count=2, side=32)).image.size
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "sheet.jpg"], "error: --output sheet.jpg: must end in .png"),
        (["-o", "sheet.png", "--rows", "promt"], "error: --rows: 'promt': unknown name. Did you mean prompt?"),
        (["-o", "nowhere/sheet.png"], "error: nowhere/sheet.png cannot be written: No such file or directory"),
    ],
)
def test_the_command_refuses_and_writes_nothing(
    storage: Storage,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    refused = run("sheet", storage.url, *arguments)
    assert refused.code == 2
    assert message in refused.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_sheet_of_one_trial_says_which(tmp_storage: Storage) -> None:
    begin(tmp_storage, MUG[0], MUG[1])
    commit_trial(tmp_storage, MUG[0])
    made = make_sheet(tmp_storage, "prompt", "variant,seed", View(side=SIDE))
    assert made.record is not None
    assert (made.record.trial_id, made.record.software) == (MUG[0].trial_id, "dreamsweep 0.1.0")
    commit_trial(tmp_storage, MUG[1])
    assert make_sheet(tmp_storage, "prompt", "variant,seed", View(side=SIDE)).record is None
