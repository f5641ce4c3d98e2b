from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

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


def test_a_prior_whose_answer_is_not_finite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    class Broken:
        image_size = 8
        identity = "broken"
        device = torch.device("cpu")

        def encode_image(self, image: torch.Tensor) -> torch.Tensor:
            return image

        def encode_prompts(self, prompts: list[str]) -> None:
            return None

        def predict_noise(self, noised: torch.Tensor, t: torch.Tensor, conditioning: None) -> torch.Tensor:
            return noised / 0.0

    import dreamcore.priors

    monkeypatch.setattr(dreamcore.priors, "load_prior", lambda kind: Broken(), raising=False)
    check = doctor.check_prior({"kind": "embedded"})
    assert (check.level, check.found) == (Level.FAIL, "broken: its answer is not finite")


def test_a_driver_without_a_gpu_in_torch_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

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
