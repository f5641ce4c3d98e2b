from __future__ import annotations

import json
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import pytest
import tiny_pipelines as tiny
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from dreamcore.priors import deepfloyd, load
from dreamcore.priors.mixture import MixturePrior
from pipeline import doctor
from pipeline.doctor import Check, Level
from pipeline.spec import parse_spec


@pytest.fixture(autouse=True)
def _stand_in_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray and MLflow take seconds to import and have tests of their own."""
    for name in ("ray", "pipeline.record.mlflow_runs"):
        module = types.ModuleType(name)
        module.__version__ = "2.60.0"  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)


def _levels(checks: list[Check]) -> dict[str, Level]:
    return {check.name: check.level for check in checks}


def test_a_good_machine_has_no_failure(tmp_path: Path) -> None:
    spec = parse_spec(f"name: x\nprompts: [a mug]\nprior: mixture\nstorage: {tmp_path}\n", "x.yaml", None)
    checks = doctor.examine(spec)
    assert [check.name for check in checks] == ["Python", "torch", "GPU", "Ray", "prior", "storage", "disk", "MLflow"]
    assert Level.FAIL not in _levels(checks).values(), checks
    assert list(tmp_path.iterdir()) == []


def test_every_complaint_has_advice(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spec = parse_spec(f"name: x\nprompts: [a mug]\nprior: mixture\nstorage: {tmp_path}/file\n", "x.yaml", None)
    checks = doctor.examine(spec)
    assert _levels(checks)["storage"] is Level.FAIL
    assert all(check.advice for check in checks if check.level is not Level.OK)


def test_a_judge_that_will_be_asked_is_tried(tmp_path: Path) -> None:
    text = f"name: x\nprompts: [a mug]\nprior: mixture\nstorage: {tmp_path}\nevaluate: {{judge: JUDGE, auto: true}}\n"
    for judge, level, found in (
        ("embedded", Level.OK, "open_clip:judge@image-sha256-"),
        ("./nowhere", Level.FAIL, "evaluate.judge = './nowhere': there is no such folder"),
    ):
        checks = doctor.examine(parse_spec(text.replace("JUDGE", judge), "x.yaml", None))
        (check,) = [check for check in checks if check.name == "judge"]
        assert check.level is level and check.found.startswith(found)
        assert bool(check.advice) == (level is Level.FAIL)


def test_an_old_python_fails() -> None:
    assert doctor.check_python((3, 10)).level is Level.FAIL


def test_a_broken_module_fails_its_check_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Check:
        raise OSError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(doctor, "check_gpu", broken)
    monkeypatch.setattr(doctor, "check_prior", lambda identity: Check("prior", Level.OK, "there"))
    checks = {check.name: check for check in doctor.examine()}
    assert checks["GPU"].level is Level.FAIL
    assert "libcudart" in checks["GPU"].found
    assert checks["MLflow"].level is Level.OK


def test_the_embedded_prior_answers() -> None:
    check = doctor.check_prior({"kind": "embedded"})
    assert check.level is Level.OK, check
    assert check.found.startswith("embedded")


def test_a_prior_that_is_none_fails() -> None:
    check = doctor.check_prior({"kind": "nonsense"})
    assert check.level is Level.FAIL
    assert "nonsense" in check.found
    (tried,) = doctor.load_prior({"kind": "nonsense"}, "auto")
    assert (tried.level, tried.found) == (Level.FAIL, check.found)


def test_a_prior_whose_answer_is_not_finite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MixturePrior, "predict_noise", lambda self, noised, t, conditioning: noised / 0.0)
    check = doctor.check_prior({"kind": "mixture"})
    assert check.level is Level.FAIL
    assert "the guided prediction is not finite" in check.found
    tried = doctor.load_prior({"kind": "mixture"}, "auto")
    faults = [each for each in tried if each.level is Level.FAIL]
    assert [each.found for each in faults] == [
        "the guided prediction is not finite",
        "the gradient of the image is not finite",
    ]
    assert all(each.advice for each in faults)


# ---- --prior ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pipelines")
    tiny.stable_diffusion(folder / "sd")
    tiny.deepfloyd(folder / "if")
    return {"stable_diffusion": folder / "sd", "deepfloyd": folder / "if"}


@pytest.fixture
def never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("weights were loaded")

    for module in ("deepfloyd", "stable_diffusion"):
        monkeypatch.setattr(f"dreamcore.priors.{module}.load_network", refuse)


class Result:
    def __init__(self, code: int, out: str, levels: dict[str, str]) -> None:
        self.code, self.out, self.levels = code, out, levels


def run(folder: Path, prior: str, *options: str) -> Result:
    """`dreamsweep doctor` for a sweep with this prior; `levels` has the level of each row by its name."""
    spec = folder / "sweep.yaml"
    spec.write_text(f"name: x\nprompts: [a mug]\nstorage: {folder}/runs\nprior: {prior}\n")
    done = commands.run("doctor", str(spec), *options)
    rows = [line.split() for line in done.out.splitlines()]
    levels = {row[1]: row[0] for row in rows if len(row) > 1 and row[0] in list(Level)}
    return Result(done.code, " ".join(done.out.split()), levels)


@pytest.mark.parametrize(
    ("kind", "images"),
    [
        ("stable_diffusion", "32 x 32 pixels; noise is added to 4 x 16 x 16 values"),
        ("deepfloyd", "16 x 16 pixels; noise is added to 3 x 16 x 16 values"),
    ],
)
def test_a_pipeline_is_loaded_and_tried(kind: str, images: str, pipelines: dict[str, Path], tmp_path: Path) -> None:
    done = run(tmp_path, f"{{kind: {kind}, model: {pipelines[kind]}}}", "--prior")
    assert done.code == 0, done.out
    assert f"{kind}:{pipelines[kind].name}@sha256-" in done.out
    assert "cpu, whose memory is not counted" in done.out
    assert images in done.out
    assert "s to load the text encoder and embed two" in done.out
    assert "s for a guided prediction and its gradient, one image" in done.out
    names = ("prior", "device", "images", "prompts", "step")
    assert {name: done.levels[name] for name in names} == dict.fromkeys(names, "ok")


def test_the_text_encoder_is_tried_every_time(
    pipelines: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    loads: list[str] = []
    original = deepfloyd.load_t5

    def counting(*arguments: Any) -> Any:
        loads.append("t5")
        return original(*arguments)

    monkeypatch.setattr(deepfloyd, "load_t5", counting)
    identity = {"kind": "deepfloyd", "model": str(pipelines["deepfloyd"])}
    for _ in range(2):
        assert all(check.level is Level.OK for check in doctor.load_prior(identity, "auto"))
    assert len(loads) == 2 * 2  # the prompt, then the empty one
    assert not (tmp_path / "cache").exists()


def test_without_the_option_nothing_is_loaded(
    pipelines: dict[str, Path], tmp_path: Path, never_loaded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dreamcore.priors.pipeline_folder._local_identity", lambda *_: pytest.fail("weights were read"))
    for kind, folder in pipelines.items():
        done = run(tmp_path, f"{{kind: {kind}, model: {folder}}}")
        assert done.code == 0, done.out
        assert f"{kind}: all parts are in {folder}" in done.out


def drop_the_text_encoder(folder: Path) -> None:
    shutil.rmtree(folder / "text_encoder")


def mix_dtypes(folder: Path) -> None:
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    save_file({name: tensor.half() if "conv" in name else tensor for name, tensor in tensors.items()}, file)


def predict_the_image(folder: Path) -> None:
    file = folder / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"prediction_type": "sample"}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (shutil.rmtree, "there is no such folder, nor is it a hub id like owner/name"),
        (lambda folder: (folder / "model_index.json").unlink(), "is no diffusers pipeline: it has no model_index.json"),
        (drop_the_text_encoder, "text_encoder is missing. Download or save the whole pipeline again"),
        (mix_dtypes, "the weights mix float16 and float32"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--prior",)])
def test_a_bad_pipeline_is_one_row_with_advice(
    pipelines: dict[str, Path], tmp_path: Path, damage: Callable[[Path], object], message: str, options: tuple[str, ...]
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(pipelines["deepfloyd"], folder)
    damage(folder)
    done = run(tmp_path, f"{{kind: deepfloyd, model: {folder}}}", *options)
    assert (done.code, done.levels["prior"]) == (2, "fail")
    assert message in doctor.check_prior({"kind": "deepfloyd", "model": str(folder)}).found
    assert message.split(maxsplit=1)[0] in done.out and "Mend `prior:`" in done.out
    assert "device" not in done.levels


def test_what_only_loading_shows_is_told_then(pipelines: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(pipelines["deepfloyd"], folder)
    predict_the_image(folder)
    (check,) = doctor.load_prior({"kind": "deepfloyd", "model": str(folder)}, "auto")
    assert check.level is Level.FAIL and "prediction_type = 'sample'" in check.found


def test_a_model_of_the_hub_that_is_not_here_is_a_warning_and_without_network_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    prior = f"{{kind: deepfloyd, model: owner/name, revision: {40 * 'a'}}}"
    looked = run(tmp_path, prior)
    assert (looked.code, looked.levels["prior"]) == (0, "warn")
    assert "owner/name is not on this machine; workers would download it" in looked.out
    tried = run(tmp_path, prior, "--prior")  # the tests run with HF_HUB_OFFLINE
    assert (tried.code, tried.levels["prior"]) == (2, "fail")
    assert "is not on this machine and cannot be downloaded" in tried.out


def test_a_model_of_the_hub_s_cache_is_looked_at_without_network(
    pipelines: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, never_loaded: None
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    snapshot = tmp_path / "hub" / "models--owner--name" / "snapshots" / (40 * "a")
    shutil.copytree(pipelines["deepfloyd"], snapshot)
    identity = {"kind": "deepfloyd", "model": "owner/name", "revision": 40 * "a"}
    assert doctor.check_prior(identity).level is Level.OK
    drop_the_text_encoder(snapshot)
    check = doctor.check_prior(identity)
    assert check.level is Level.FAIL and "text_encoder is missing" in check.found


def test_a_prior_that_does_not_fit_into_memory_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.\nmore")

    monkeypatch.setattr(load, "load_prior", full)
    (check,) = doctor.load_prior({"kind": "embedded"}, "auto")
    assert check.level is Level.FAIL
    assert check.found == "the memory does not suffice: CUDA out of memory. Tried to allocate 9.00 GiB."


@pytest.mark.parametrize(
    ("gpus", "has_gpu", "device"), [("auto", True, "cuda"), (1, True, "cuda"), (0, True, "cpu"), ("auto", False, "cpu")]
)
def test_the_device_is_a_worker_s(gpus: int | str, has_gpu: bool, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    def remember(kind: str, *, device: str, **options: object) -> None:
        devices.append(device)
        raise ValueError("enough")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(load, "load_prior", remember)
    doctor.load_prior({"kind": "embedded"}, gpus)
    assert devices == [device]


def test_a_gpu_that_is_wanted_and_not_here_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    checks = {check.name.strip(): check for check in doctor.load_prior({"kind": "mixture"}, 1)}
    assert checks["device"].level is Level.WARN
    assert "workers.gpus = 1" in checks["device"].advice


def test_a_driver_without_a_gpu_in_torch_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "_driver_version", lambda: "570.1")
    assert doctor.check_gpu().level is Level.WARN
    monkeypatch.setattr(doctor, "_driver_version", lambda: "")
    assert doctor.check_gpu().level is Level.OK


def test_a_broken_nvidia_smi_is_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")

    def fail(*arguments: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 20)

    monkeypatch.setattr(doctor.subprocess, "run", fail)
    assert doctor._driver_version() == ""


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = types.SimpleNamespace(free=10 * 2**20)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert doctor.check_disk(str(tmp_path / "not" / "there")).level is Level.WARN
