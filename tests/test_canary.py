"""The checks that guard everything else are really on."""

from __future__ import annotations

import socket
import subprocess
import sys
import warnings

import jaxtyping
import pytest
import torch

HEAVY = {"torch", "ray", "mlflow", "pandas", "pyarrow", "transformers", "diffusers"}
LIGHT = (
    "dreamcore",
    "dreamcore.config",
    "dreamcore.presets",
    "pipeline",
    "pipeline.errors",
    "pipeline.events",
    "pipeline.engine",
    "pipeline.paths",
    "pipeline.plan",
    "pipeline.schedule",
    "pipeline.spec",
    "pipeline.state",
    "pipeline.storage",
    "pipeline.trial",
)


def test_wrong_shape_is_refused() -> None:
    from dreamcore.priors.base import Conditioning

    rows = Conditioning({"tokens": torch.zeros(3, 2)})
    assert len(rows[torch.tensor([0, 2])]) == 2
    with pytest.raises(jaxtyping.TypeCheckError, match="index"):
        rows[torch.tensor([[0, 2]])]


def test_wrong_dtype_is_refused() -> None:
    from dreamcore.priors.base import Conditioning

    with pytest.raises(jaxtyping.TypeCheckError, match="index"):
        Conditioning({"tokens": torch.zeros(3, 2)})[torch.tensor([0.0])]


def test_warning_is_an_error() -> None:
    with pytest.raises(UserWarning, match="canary"):
        warnings.warn("canary", stacklevel=1)


def test_network_is_out_of_reach() -> None:
    with socket.socket() as connection, pytest.raises(OSError, match="may not reach the network"):
        connection.connect(("example.com", 443))


def test_torch_has_one_thread() -> None:
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("module", LIGHT)
def test_light_module_stays_light(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert HEAVY.isdisjoint(run.stdout.split())
