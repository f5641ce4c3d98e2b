"""A scene as a value: made from a seed, saved and loaded bit for bit, refused when damaged."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from dreamcore.config import AncestralConfig, GridFieldConfig, ImageConfig, RenderConfig, SceneConfig
from dreamcore.plain import override
from dreamcore.presets import PRESETS
from dreamcore.scene import CorruptScene, Progress, Scene

CONFIG = SceneConfig(
    steps=7,
    field=GridFieldConfig(resolutions=(2, 3), channels=1, table_size=64, hidden=2),
    render=RenderConfig(prune_resolution=4, background="learned"),
)


def _scene() -> Scene:
    """With tensors, counts and a prompt that are not what they start with."""
    scene = Scene.create('a "red" mug\n, ünïcode', 2**62 + 1, CONFIG)
    generator = torch.Generator().manual_seed(0)
    tensors = {
        name: torch.rand(value.shape, generator=generator) > 0.5
        if value.dtype == torch.bool
        else torch.randn(value.shape, generator=generator)
        for name, value in scene.tensors.items()
    }
    tensors["parameter.hidden_weight"][0, 0] = float("nan")
    tensors["mean.table"][0, 0] = -0.0
    progress = Progress(step=5, updates=4, nonfinite=1, opacity=0.1 + 0.2)
    return dataclasses.replace(scene, progress=progress, tensors=tensors)


DATA = _scene().dump()


def _same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()


def test_round_trip_bit_for_bit() -> None:
    scene, loaded = _scene(), Scene.load(DATA)
    assert (loaded.prompt, loaded.seed, loaded.config) == (scene.prompt, scene.seed, scene.config)
    assert loaded.progress == scene.progress
    assert loaded.tensors.keys() == scene.tensors.keys()
    for name, value in scene.tensors.items():
        assert _same_bits(value, loaded.tensors[name]), name
    assert loaded.dump() == DATA, "equal scenes are equal bytes"


@pytest.mark.parametrize("name", PRESETS)
def test_presets_round_trip(name: str) -> None:
    """With a small field of the preset's kind."""
    config = PRESETS[name]
    if isinstance(config, ImageConfig):
        small: dict[str, object] = {"size": 8}
    elif isinstance(config.field, GridFieldConfig):
        small = {"field.resolutions": [4], "field.table_size": 64, "render.prune_resolution": 4}
    else:
        small = {"field.width": 8, "field.blocks": 1, "render.prune_resolution": 4}
    scene = Scene.create("a mug", 0, override(config, small))
    loaded = Scene.load(scene.dump())
    assert loaded.config == scene.config
    assert all(_same_bits(value, loaded.tensors[name]) for name, value in scene.tensors.items())


def test_a_fresh_scene() -> None:
    scene = Scene.create("a mug", 3, CONFIG)
    assert scene.progress == Progress(step=0, updates=0, nonfinite=0, opacity=None)
    kinds = {name.split(".")[0] for name in scene.tensors}
    assert kinds == {"parameter", "mean", "square", "occupied"}
    for name, value in scene.tensors.items():
        if name.startswith(("mean.", "square.")):
            assert not bool(value.any()), name
            assert value.shape == scene.tensors["parameter." + name.partition(".")[2]].shape
    assert bool(scene.tensors["occupied"].all())
    loaded = Scene.load(scene.dump())
    assert loaded.progress.opacity is None


def test_the_seed_alone_fixes_the_start() -> None:
    first, again, other = (Scene.create(prompt, seed, CONFIG) for prompt, seed in (("a", 1), ("b", 1), ("a", 2)))
    for name in first.tensors:
        assert torch.equal(first.tensors[name], again.tensors[name]), name
    assert not torch.equal(first.tensors["parameter.table"], other.tensors["parameter.table"])


def test_what_is_not_used_is_not_there() -> None:
    config = override(CONFIG, {"render.background": "random", "render.prune_every": 0})
    names = Scene.create("a mug", 0, config).tensors.keys()
    assert "occupied" not in names
    assert not any("background" in name for name in names)


@pytest.mark.parametrize(
    ("prompt", "seed", "message"), [("", 0, "prompt"), (" \n", 0, "prompt"), ("a", -1, "seed = -1")]
)
def test_user_mistakes(prompt: str, seed: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scene.create(prompt, seed, CONFIG)


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_extreme_seeds(seed: int) -> None:
    assert Scene.load(Scene.create("a", seed, CONFIG).dump()).seed == seed
    with pytest.raises(ValueError, match="seed"):
        Scene.create("a", 2**63, CONFIG)


# ---- damage ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, len(DATA) - 1))
def test_truncated(length: int) -> None:
    with pytest.raises(CorruptScene):
        Scene.load(DATA[:length])


@settings(max_examples=500)
@given(st.integers(0, len(DATA) - 1), st.integers(0, 7))
def test_flipped_bit(place: int, bit: int) -> None:
    damaged = bytearray(DATA)
    damaged[place] ^= 1 << bit
    with pytest.raises(CorruptScene):
        Scene.load(bytes(damaged))


@given(st.binary(max_size=200))
def test_noise(data: bytes) -> None:
    with pytest.raises(CorruptScene):
        Scene.load(data)


@pytest.mark.parametrize("extra", [b"\0", b"more", DATA])
def test_something_appended(extra: bytes) -> None:
    with pytest.raises(CorruptScene):
        Scene.load(DATA + extra)


def test_no_pickle_is_opened() -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (pytest.fail, ("a pickle was executed",))

    with pytest.raises(CorruptScene):
        Scene.load(pickle.dumps(Trap()))
    assert DATA[8:9] == b"{", "safetensors: a length, then JSON"


def _seal(data: bytes) -> dict[str, str]:
    (length,) = struct.unpack("<Q", data[:8])
    found: dict[str, str] = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["dreamcore"])
    return found


def _sealed(header: str, tensors: dict[str, torch.Tensor]) -> bytes:
    """A scene file with a checksum that is right, computed here anew, whatever its content."""
    digest = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.numpy().tobytes())
    seal = {"format": "dreamcore.scene/1", "scene": header, "sha256": digest.hexdigest()}
    return save_tensors(tensors, metadata={"dreamcore": json.dumps(seal)})


def test_the_checksum_is_of_header_and_tensors() -> None:
    assert Scene.load(_sealed(_seal(DATA)["scene"], load_tensors(DATA))).seed == _scene().seed


def test_another_format() -> None:
    seal = json.dumps(_seal(DATA) | {"format": "dreamcore.scene/999"})
    with pytest.raises(CorruptScene, match="scene/999"):
        Scene.load(save_tensors(load_tensors(DATA), metadata={"dreamcore": seal}))
    with pytest.raises(CorruptScene):
        Scene.load(save_tensors(load_tensors(DATA)))


def test_tensors_of_another_config() -> None:
    header, tensors = _seal(DATA)["scene"], load_tensors(DATA)
    wrong_shape = tensors | {"parameter.table": torch.zeros(3, 1)}
    wrong_type = tensors | {"mean.table": tensors["mean.table"].double()}
    missing = {name: value for name, value in tensors.items() if name != "occupied"}
    for damaged in (wrong_shape, wrong_type, missing, tensors | {"extra": torch.zeros(1)}):
        with pytest.raises(CorruptScene, match="tensors are not those of its config"):
            Scene.load(_sealed(header, damaged))


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"steps": 0}},
        {"config": {"unknown": 1}},
        {"config": []},
        {"progress": {"steps": 1}},
        {"progress": None},
        {"seed": -1},
        {"prompt": " "},
    ],
)
def test_header_that_makes_no_sense(change: dict[str, object]) -> None:
    header = json.loads(_seal(DATA)["scene"]) | change
    with pytest.raises(CorruptScene):
        Scene.load(_sealed(json.dumps(header), load_tensors(DATA)))


def test_a_final_scene_is_its_parameters() -> None:
    scene = _scene()
    again = Scene.load_final(scene.dump_final())
    assert (again.prompt, again.seed, again.config, again.progress) == (
        scene.prompt,
        scene.seed,
        scene.config,
        scene.progress,
    )
    assert set(again.tensors) == {name for name in scene.tensors if name.startswith("parameter.")}
    assert all(_same_bits(value, scene.tensors[name]) for name, value in again.tensors.items())
    assert len(scene.dump_final()) < 0.5 * len(scene.dump())
    assert again.dump_final() == scene.dump_final()


def test_a_final_scene_cannot_be_continued_nor_a_checkpoint_taken_for_one() -> None:
    with pytest.raises(CorruptScene, match="format 'dreamcore.final/1': dreamcore.scene/1 is wanted"):
        Scene.load(_scene().dump_final())
    with pytest.raises(CorruptScene, match="format 'dreamcore.scene/1': dreamcore.final/1 is wanted"):
        Scene.load_final(_scene().dump())


def test_a_trial_without_parameters_keeps_what_it_has() -> None:
    config = ImageConfig(images=1, size=8, sampler=AncestralConfig())
    scene = Scene.create("a mug", 0, config)
    assert set(Scene.load_final(scene.dump_final()).tensors) == set(scene.tensors) == {"z", "t"}
