"""Exported files: which trials, what names, and what is said where nothing can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_scene
import trimesh
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from stored import begin, commit_trial, fail_trial, trial

from dreamcore import surface
from pipeline import paths
from pipeline.errors import UserError
from pipeline.export import Choice, Turntable, choose, export, read_formats, stem
from pipeline.provenance import read_provenance
from pipeline.query import Sweep
from pipeline.solids import surface_config
from pipeline.storage import Storage

CUPS = [trial("a cup", seed) for seed in (0, 1)]
NASTY = trial("../../etc/passwd\n<b>", 0, "wide", steps=4, extra=1)
NOTHING = trial("nothing", 7)
SMALL = surface_config(resolution=24, faces=400, threshold=None, texture=0)


@pytest.fixture(autouse=True)
def _fewer_rays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the surface is belongs to tests/dreamcore/test_surface.py; here a coarse look will do."""
    monkeypatch.setattr(surface, "_VIEW_SIDE", 24)
    monkeypatch.setattr(surface, "_VIEW_SAMPLES", 64)


@pytest.fixture
def storage(tmp_storage: Storage) -> Storage:
    """Two cups, a trial whose prompt would be a path, an empty scene, and one that failed."""
    begin(tmp_storage, *CUPS, NASTY, NOTHING, trial("broken"))
    for made in (*CUPS, NASTY):
        files = {paths.SCENE: tiny_scene.blob(made.prompt, made.seed).dump_final()}
        commit_trial(tmp_storage, made, files=files, metrics={"coverage": 0.1 * (made.seed + 1)})
    commit_trial(tmp_storage, NOTHING, files={paths.SCENE: tiny_scene.empty("nothing", 7).dump_final()})
    fail_trial(tmp_storage, trial("broken"))
    return tmp_storage


def chosen(storage: Storage, **wanted: object) -> list[tuple[str, int]]:
    return [(row["prompt"], row["seed"]) for row in choose(Sweep(storage), Choice(**wanted))]  # type: ignore[arg-type]


# ---- which -----------------------------------------------------------------------------------------------------------


def test_all_finished_ones(storage: Storage) -> None:
    assert len(chosen(storage)) == 4


def test_by_what_they_are(storage: Storage) -> None:
    assert chosen(storage, prompts=["a cup"], seeds=[1]) == [("a cup", 1)]
    assert chosen(storage, variants=["wide"]) == [(NASTY.prompt, 0)]
    assert chosen(storage, trial_ids=[CUPS[0].trial_id, NOTHING.trial_id]) == [("a cup", 0), ("nothing", 7)]


def test_by_a_condition(storage: Storage) -> None:
    assert chosen(storage, prompts=["a cup"], where="metric_coverage > 0.15") == [("a cup", 1)]
    assert chosen(storage, where="seed >= 1 and verdict == 'healthy'") == [("a cup", 1), ("nothing", 7)]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"prompts": ["a mug"]}, "no completed trial has prompt 'a mug'; there are .*a cup"),
        ({"seeds": [5]}, "no completed trial has seed 5; there are 0, 1, 7"),
        ({"prompts": ["broken"]}, "no completed trial has prompt 'broken'"),
        ({"where": "colour == 'red'"}, "--where \"colour == 'red'\": there is no column colour"),
        ({"where": "__import__('os')"}, "--where .* is no condition"),
        ({"where": "seed > 100"}, "no completed trial meets all of these conditions"),
    ],
)
def test_what_there_is_none_of(storage: Storage, wanted: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen(storage, **wanted)


@pytest.mark.parametrize("text", ["", ",", "stl", "glb,usdz"])
def test_unknown_formats(text: str) -> None:
    with pytest.raises(UserError, match="--format"):
        read_formats(text)


def test_known_formats() -> None:
    assert read_formats("ply, GLB") == ("glb", "ply")
    assert read_formats("none") == ()


@pytest.mark.parametrize(("frames", "size"), [(1, 64), (24, 8), (1000, 64)])
def test_turntables_out_of_bounds(frames: int, size: int) -> None:
    with pytest.raises(UserError, match="must be from"):
        Turntable(frames=frames, size=size)


# ---- names -----------------------------------------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_a_prompt_never_becomes_a_path(prompt: str) -> None:
    name = stem({"prompt": prompt, "seed": 3, "trial_id": "0" * 20})
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name.endswith(f"seed3-{'0' * 20}")
    assert not name.startswith("-")
    assert len(name) < 100


def test_names_for_people() -> None:
    assert stem({"prompt": "A red mug!", "seed": 3, "trial_id": "ab"}) == "a-red-mug-seed3-ab"
    assert stem({"prompt": "\u732b", "seed": 3, "trial_id": "ab"}) == "seed3-ab"


# ---- files -----------------------------------------------------------------------------------------------------------


def test_everything_of_everything(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    sweep, told = Sweep(storage), []
    turning = Turntable(frames=2, size=16)
    made = export(sweep, choose(sweep, Choice()), folder, ("glb", "obj", "ply"), SMALL, turning, told.append)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in made.files)
    assert len(made.files) == 3 * 4  # the empty scene has none
    assert {path.parent for path in made.files} == {folder}
    assert not (tmp_path / "etc").exists()
    assert list(made.skipped) == [NOTHING.trial_id]
    assert any("nothing-seed7" in line and "the scene is empty" in line for line in told)
    by_id = {one.trial_id: one for one in (*CUPS, NASTY)}
    for path in made.files:
        record = read_provenance(path)
        assert record.trial_id in path.name
        assert (record.prompt, record.seed) == (by_id[record.trial_id].prompt, by_id[record.trial_id].seed)
        assert (record.prior, record.software) == ({"kind": "fake"}, "dreamsweep 0.1.0")


def test_the_same_again_is_the_same_bytes(storage: Storage, tmp_path: Path) -> None:
    sweep = Sweep(storage)
    rows = choose(sweep, Choice(seeds=[1]))
    config = surface_config(resolution=24, faces=400, threshold=None, texture=64)
    found = []
    for name in ("one", "two"):
        turning = Turntable(frames=2, size=16)
        made = export(sweep, rows, tmp_path / name, ("glb", "obj", "ply"), config, turning, lambda text: None)
        found.append({path.name: path.read_bytes() for path in made.files})
    assert found[0] == found[1]
    assert {Path(name).suffix for name in found[0]} == {".glb", ".obj", ".mtl", ".png", ".ply", ".webp"}


def test_nothing_wanted_is_a_mistake(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to export"):
        export(Sweep(storage), [], tmp_path / "x", (), SMALL, None, print)
    assert not (tmp_path / "x").exists()


def test_nothing_but_empty_scenes(storage: Storage, tmp_path: Path) -> None:
    code, out, err = run("export", storage.url, "-o", str(tmp_path / "out"), "--prompt", "nothing")
    assert code == 2
    assert "nothing-seed7" in out
    assert "error: no file was written: the scene is empty" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sweep = Sweep(storage)
    with pytest.raises(UserError, match="cannot be made"):
        export(sweep, choose(sweep, Choice(seeds=[1])), tmp_path / "file", ("glb",), SMALL, None, print)


# ---- the commands ----------------------------------------------------------------------------------------------------


def test_the_command(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    small = ("--resolution", "24", "--faces", "400", "--turntable", "--size", "16", "--frames", "2")
    code, out, err = run("export", storage.url, "-o", str(folder), "--prompt", "a cup", "--seed", "0", *small)
    assert (code, err) == (0, "")
    name = f"a-cup-seed0-{CUPS[0].trial_id}"
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.glb", f"{name}.webp"]
    assert f"{folder}: 2 files; 0 trials skipped" in out
    assert len(trimesh.load(folder / f"{name}.glb", force="mesh").faces) <= 400
    with Image.open(folder / f"{name}.webp") as turning:
        assert turning.size == (16, 16)
    code, out, _ = run("provenance", str(folder / f"{name}.glb"))
    assert (code, json.loads(out)["trial_id"]) == (0, CUPS[0].trial_id)


def test_mistakes_have_one_message_and_write_nothing(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for option in (("--format", "stl"), ("--faces", "1"), ("--seed", "9"), ("--threshold", "-1")):
        code, out, err = run("export", storage.url, "-o", str(folder), *option)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert len(err.splitlines()) == 1
    assert not folder.exists()
    assert run("provenance", str(tmp_path / "none.glb"))[0] == 2


def test_a_sweep_with_nothing_finished(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage)
    code, _, err = run("export", tmp_storage.url, "-o", str(tmp_path / "out"))
    assert code == 2
    assert "has no finished trial yet" in err
    fail_trial(tmp_storage, trial())
    code, _, err = run("export", tmp_storage.url, "-o", str(tmp_path / "out"))
    assert code == 2
    assert "has no completed trial: see `dreamsweep status" in err
    assert not (tmp_path / "out").exists()


def test_trials_of_an_earlier_version(tmp_storage: Storage, tmp_path: Path) -> None:
    begin(tmp_storage)
    commit_trial(tmp_storage, trial())
    code, _, err = run("export", tmp_storage.url, "-o", str(tmp_path / "out"))
    assert code == 2
    assert "which kept no scene" in err
    assert not (tmp_path / "out").exists()
