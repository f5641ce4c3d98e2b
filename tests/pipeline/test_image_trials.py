"""Trials that make images: from a spec to the three tables, and what an image has not is null there."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from commands import run
from PIL import Image

from dreamcore.plain import to_dict
from pipeline import sweeps
from pipeline.launch import Resources, make_engine_factory
from pipeline.optimise import SceneEngine
from pipeline.query import Sweep
from pipeline.sheet import View, make_sheet
from pipeline.storage import Storage
from pipeline.trial import Trial

SPEC = """\
name: pictures
storage: {folder}
prompts: [a red ball]
preset: image
prior: mixture
set: {{steps: 3}}
variants:
  pixels: {{images: 2}}
  symmetric: {{sampler.kind: symmetric}}
  ddpm: {{sampler.kind: ancestral}}
  small: {{sampler.kind: ancestral, size: 32}}
workers: {{pack: 4}}
retries: {{user: 0}}
outputs: {{views: 5, size: 16}}
tracking: {{mlflow: off}}
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    path = folder / "sweep.yaml"
    path.write_text(SPEC.format(folder=folder))
    return path


@pytest.fixture(scope="module")
def sweep(spec: Path) -> Sweep:
    """The sweep after its run, of which one trial has failed."""
    assert run("run", str(spec), "--executor", "inline", "--no-progress").code == 1
    return Sweep(Storage(str(spec.parent / "pictures")))


def test_no_number_is_made_up_for_an_image(sweep: Sweep) -> None:
    trials = sweep.trials().set_index("variant")
    assert trials["status"].to_dict() == {
        "pixels": "completed",
        "symmetric": "completed",
        "ddpm": "completed",
        "small": "failed",
    }
    done = trials[trials["status"] == "completed"]
    assert set(done["verdict"]) == {"healthy"}
    metrics = {name.removeprefix("metric_") for name in trials.columns if name.startswith("metric_")}
    assert metrics == {"residual", "gradient", "nonfinite", "t"}
    assert done["metric_nonfinite"].tolist() == [0.0] * 3
    assert done["metric_residual"].isna().to_dict() == {"pixels": False, "symmetric": False, "ddpm": True}
    assert done["metric_t"].isna().to_dict() == {"pixels": True, "symmetric": True, "ddpm": False}


def test_a_trial_that_the_prior_cannot_make_says_what_to_do(sweep: Sweep) -> None:
    (failed,) = sweep.trials().query("status == 'failed'").to_dict("records")
    assert "size = 32: must be 64 with sampler.kind ancestral" in failed["reason"]


def test_the_history_has_every_step(sweep: Sweep) -> None:
    history = sweep.history()
    steps = history.groupby("variant")["step"].apply(list).to_dict()
    assert steps == {variant: [1, 2, 3] for variant in ("ddpm", "pixels", "symmetric")}
    assert not {"opacity", "coverage"} & set(history.columns)
    assert history.query("variant == 'ddpm'")["t"].tolist() == pytest.approx([0.666, 0.3333, 0.0], abs=1e-3)


def test_each_image_is_a_render_without_a_camera(sweep: Sweep) -> None:
    renders = sweep.renders()
    assert renders.groupby("variant")["view"].apply(list).to_dict() == {"ddpm": [0], "pixels": [0, 1], "symmetric": [0]}
    assert set(renders["kind"]) == {"color"}
    assert renders[["azimuth", "elevation", "radius"]].isna().all(axis=None)
    assert all(Image.open(io.BytesIO(image["bytes"])).size == (16, 16) for image in renders["image"])


def test_they_come_on_one_sheet(sweep: Sweep) -> None:
    made = make_sheet(sweep.storage, "variant", "prompt,seed", View(count=2, side=16))
    assert (made.shown, made.failed, made.missing) == (3, 1, 0)


def test_the_sweep_of_figure_2_sets_samples_beside_distillation() -> None:
    """Both ancestral variants differ in the rule alone, both of distillation in the image, the last in the guidance."""
    path = Path(__file__).resolve().parents[2] / "sweeps" / "figure2.yaml"
    loaded, plan = sweeps.load(path)
    config = {name: to_dict(config) for name, config in loaded.configs()}
    assert list(config) == re.findall(r"^#   (\w+)  ", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(plan) == len(config) * 2 * 4
    ddpm, ddim = config["ddpm"]["sampler"], config["ddim"]["sampler"]
    assert (ddpm["kind"], ddpm["rule"], {**ddpm, "rule": "ddim"}) == ("ancestral", "ddpm", ddim)
    assert {**config["ddpm"], "sampler": ddim} == config["ddim"]
    assert {**config["sds"], "sampler": config["sds_symmetric"]["sampler"]} == config["sds_symmetric"]
    assert (config["sds"]["sampler"]["kind"], config["sds_symmetric"]["sampler"]["kind"]) == ("pixels", "symmetric")
    assert config["direct"]["guidance"]["kind"] == "diffusion_loss"
    assert config["direct"]["guidance"]["scale"] == 0.0, "the paper's loss has no guidance"


@pytest.mark.parametrize("variant", ["pixels", "symmetric", "ddpm"])
def test_a_resumed_trial_ends_with_the_same_picture(spec: Path, variant: str) -> None:
    loaded, plan = sweeps.load(spec)
    trial = next(trial for trial in plan.trials if trial.variant == variant)

    def engine() -> SceneEngine:
        made = make_engine_factory(loaded, Resources(gpus=0, cpus=1, workers=1, pack=1), plan)()
        assert isinstance(made, SceneEngine)
        return made

    whole, first, second = engine(), engine(), engine()
    whole.admit(trial, None)
    first.admit(trial, None)
    first.step()
    assert second.admit(trial, first.checkpoint(trial.trial_id)) == 1
    assert _picture(whole, trial, 3) == _picture(second, trial, 2)


def _picture(engine: SceneEngine, trial: Trial, steps: int) -> bytes:
    for _ in range(steps):
        (report,) = engine.step()
    assert report.finished
    return engine.finish(trial.trial_id).views[0].png
