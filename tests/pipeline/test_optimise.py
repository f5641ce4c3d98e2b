"""The engine of real sweeps: what it is built from, and that a text encoder is loaded once for all prompts."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_image_text
import tiny_pipelines as tiny
import torch
from PIL import Image

from dreamcore.evaluate.form import cube
from dreamcore.priors import deepfloyd
from dreamcore.priors.text import TextEncoder
from dreamcore.scene import Scene
from pipeline.launch import Resources, make_engine_factory
from pipeline.optimise import SceneEngine, SceneEngineFactory, texts_of
from pipeline.plan import Plan, make_plan
from pipeline.prompts import load_prompts
from pipeline.provenance import Provenance, find_provenance
from pipeline.spec import SweepSpec, parse_spec

SPEC = """\
name: x
prompts: [a red mug, a snowman]
seeds: {start: 0, count: 3}
prior: PRIOR
set: {steps: 1, field.resolutions: [4, 8], field.table_size: 512, field.hidden: 8, render.resolution: 8}
grid: {prompt.view_dependent: [true, false]}
outputs: {views: 1, size: 16}
"""
ONE_CPU = Resources(gpus=0, cpus=1, workers=1, pack=2)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deepfloyd") / "m"
    tiny.deepfloyd(folder)
    return folder


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts of a pipeline that are loaded, as they are; the cache of embeddings is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    parts: list[str] = []
    original = deepfloyd.load_network

    def counting(folder: Any, component: str, *rest: Any) -> Any:
        parts.append(component)
        return original(folder, component, *rest)

    monkeypatch.setattr(deepfloyd, "load_network", counting)
    return parts


def planned(prior: str, **changes: str) -> tuple[SweepSpec, Plan]:
    text = SPEC.replace("PRIOR", prior)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    spec = parse_spec(text, "x.yaml", None)
    return spec, make_plan(spec, load_prompts(spec.prompts, Path()))


def make_engine(factory: SceneEngineFactory) -> SceneEngine:
    return pickle.loads(pickle.dumps(factory))()  # noqa: S301  as Ray does


def test_the_factory_has_what_the_spec_says() -> None:
    spec, plan = planned("mixture", views="elevation: -15, views")
    some = Plan(plan.trials[1:4])
    factory = make_engine_factory(spec, ONE_CPU, some)
    assert isinstance(factory, SceneEngineFactory)
    assert (factory.views, factory.size, factory.elevation) == (1, 16, -15.0)
    assert (factory.pack, factory.device, factory.prior) == (2, "cpu", {"kind": "mixture"})
    sides = ("front", "side", "back", "overhead")
    views = [f"{prompt}, {side} view" for prompt in ("a red mug", "a snowman") for side in sides]
    assert set(factory.texts) == {*views, ""}


@pytest.mark.parametrize(
    ("settings", "texts"),
    [
        (
            "{}",
            ["a red mug, front view", "a red mug, side view", "a red mug, back view", "a red mug, overhead view", ""],
        ),
        ("{prompt.view_dependent: false, guidance.negative: blurry}", ["a red mug", "blurry"]),
    ],
)
def test_each_text_that_is_embedded_comes_once(settings: str, texts: list[str]) -> None:
    spec = parse_spec(f"name: x\nprompts: [a red mug]\nseeds: [0, 1]\nset: {settings}\n", "x.yaml", None)
    trials = make_plan(spec, load_prompts(spec.prompts, Path())).trials
    copy = [dataclasses.replace(trial, config=dict(trial.config)) for trial in trials]
    assert list(texts_of([*trials, *copy])) == texts
    assert texts_of([]) == ()


def test_the_encoder_is_loaded_once_for_all_prompts_and_not_again(pipeline: Path, loads: list[str]) -> None:
    spec, plan = planned(f"{{kind: deepfloyd, model: {pipeline}, dtype: float32}}")
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    told: list[list[str]] = []
    for _ in range(2):
        engine = make_engine(factory)
        told.append(list(engine.prepare()))
        for trial in (plan.trials[0], plan.trials[-1]):
            engine.admit(trial, None)
        engine.step()
    assert loads == ["unet", "text_encoder", "unet"]
    # two prompts from four sides and without a side, and the empty prompt
    assert told == [["loading the text encoder", *(f"embedding prompts, {n} of 11" for n in range(1, 12))], []]


def test_workers_that_start_at_once_take_turns(pipeline: Path, loads: list[str]) -> None:
    spec, plan = planned(f"{{kind: deepfloyd, model: {pipeline}}}")
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    first, second = (make_engine(factory).prepare() for _ in range(2))
    assert next(first) == "loading the text encoder"
    assert next(second).startswith("waiting for another process")
    list(first)
    assert list(second) == []
    assert loads.count("text_encoder") == 1


@pytest.mark.parametrize("prior", ["embedded", "mixture"])
def test_priors_with_a_cheap_encoder_start_at_once(prior: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: TextEncoder, *arguments: object) -> None:
        raise AssertionError("the text encoder was loaded")

    monkeypatch.setattr(TextEncoder, "__init__", never)
    spec, plan = planned(prior)
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    assert list(make_engine(factory).prepare()) == []


class NoTime:
    """A meter that sees no cost in a scene: twice as many are always twice as fast."""

    memory = 2**40

    def __init__(self) -> None:
        self._now = 0.0

    def begin(self) -> None:
        pass

    def used(self) -> int:
        return 1

    def now(self) -> float:
        self._now += 1.0
        return self._now


def test_a_worker_takes_as_many_trials_as_it_has_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spec, plan = planned("mixture", **{"grid: {prompt.view_dependent: [true, false]}": "grid: {views: [1, 2]}"})
    measured = Resources(gpus=1, cpus=1, workers=1, pack=12, measured=True)
    factory = make_engine_factory(spec, measured, plan)
    assert isinstance(factory, SceneEngineFactory)
    assert [config["views"] for _, config in factory.probes] == [1, 2], "one for each pack key, whatever the seed"
    engine = make_engine(dataclasses.replace(factory, device="cpu"))
    assert list(engine.prepare()) == []
    assert engine.capacity() == 12, "a CPU measures nothing"
    assert list(engine.measure(NoTime())) == [f"measuring a pack of {size}" for size in (8, 12)] * 2
    assert engine.capacity() == 12
    small = make_engine(dataclasses.replace(factory, device="cpu", pack=5))
    assert list(small.measure(NoTime())) == []
    assert small.capacity() == 5
    assert make_engine_factory(spec, ONE_CPU, plan).probes == ()  # type: ignore[attr-defined]
    assert engine.running() == []


def test_a_scene_that_was_given_up_is_so_for_the_next_worker_too() -> None:
    """Between its last checkpoint and its result the worker may change."""
    health = "{steps: 4, health.collapse_opacity: 0.999, health.patience_fraction: 0.0,"
    spec, plan = planned("mixture", **{"{steps: 1,": health})
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    first, second = make_engine(factory), make_engine(factory)
    trial = plan.trials[0]
    first.admit(trial, None)
    (report,) = first.step()
    assert report.finished
    assert report.step == 1
    assert second.admit(trial, first.checkpoint(trial.trial_id)) == 1
    here, there = first.finish(trial.trial_id), second.finish(trial.trial_id)
    assert (there.verdict, there.reason) == (here.verdict, here.reason) == ("collapsed", report.reason)
    assert [view.png for view in there.views] == [view.png for view in here.views]


@pytest.mark.parametrize("elevation", [-90.0, 0.0, 30.0, 90.0])
def test_finished_trials_are_rendered_at_the_elevation(elevation: float) -> None:
    spec, plan = planned("mixture", views=f"elevation: {elevation}, views")
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    engine = make_engine(factory)
    trial = plan.trials[0]
    with contextlib.closing(engine.prepare()):
        engine.admit(trial, None)
    outcome = engine.finish(trial.trial_id)
    views = [view for view in outcome.views if view.kind != "occupancy"]
    assert {view.elevation for view in views} == {elevation}
    assert sorted((view.kind, view.index) for view in views) == [("color", 0), ("textureless", 0)]
    assert 0.0 < outcome.metrics["coverage"] <= 1.0
    assert all(Image.open(io.BytesIO(view.png)).size == (16, 16) for view in views)


def test_a_finished_scene_leaves_the_space_that_it_fills() -> None:
    spec, plan = planned("mixture")
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    engine = make_engine(factory)
    engine.admit(plan.trials[0], None)
    outcome = engine.finish(plan.trials[0].trial_id)
    (kept,) = [view for view in outcome.views if view.kind == "occupancy"]
    assert (kept.azimuth, kept.elevation, kept.radius) == (None, None, None)
    occupied = cube(np.asarray(Image.open(io.BytesIO(kept.png)).convert("L")))
    assert occupied.shape == (64, 64, 64)
    assert 0 < occupied.sum() < occupied.size / 8, "the blob that every field starts from"
    assert outcome.metrics["floaters"] == 0.0 and outcome.metrics["thickness"] > 0.9


def test_the_model_that_guided_goes_with_the_outcome(tmp_path: Path) -> None:
    """So that a judge can be told from it: its name with hashes, and nothing where the prior was the guide."""
    model, pretrained = tiny_image_text.save_files(tmp_path)
    variants = (
        f"variants: {{a: {{guidance: {{kind: dream_fields, model: {model}, pretrained: {pretrained}}}}}, b: {{}}}}"
    )
    spec, plan = planned("mixture", **{"grid: {prompt.view_dependent: [true, false]}": variants})
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    engine, guides = make_engine(factory), {}
    for trial in (plan.trials[0], plan.trials[-1]):
        engine.admit(trial, None)
        engine.step()
        guides[trial.variant] = engine.finish(trial.trial_id).guide
    assert guides["b"] == ""
    assert guides["a"].startswith("open_clip:")
    assert "sha256" in guides["a"]


@pytest.mark.parametrize("wanted", [False, True])
def test_a_finished_trial_leaves_what_the_spec_wants(wanted: bool) -> None:
    outputs = f"mesh: {str(wanted).lower()}, turntable: {str(wanted).lower()}, views"
    spec, plan = planned("mixture", views=outputs)
    factory = make_engine_factory(spec, ONE_CPU, plan)
    assert isinstance(factory, SceneEngineFactory)
    engine, trial = make_engine(factory), plan.trials[0]
    engine.admit(trial, None)
    engine.step()
    kept = engine.checkpoint(trial.trial_id)
    outcome = engine.finish(trial.trial_id)
    solids = {"mesh.glb", "turntable.webp"} if wanted else set()
    assert set(outcome.files) == {"scene.safetensors"} | solids
    assert ("mesh_iou" in outcome.metrics) == wanted
    assert outcome.note == ""
    final, scene = Scene.load_final(outcome.files["scene.safetensors"]), Scene.load(kept)
    assert (final.prompt, final.progress) == (trial.prompt, scene.progress)
    assert all(torch.equal(value, scene.tensors[name]) for name, value in final.tensors.items())
    stamped = [view.png for view in outcome.views] + [outcome.files[name] for name in sorted(solids)]
    assert [find_provenance(data) for data in stamped] == [Provenance.of(trial)] * len(stamped)
