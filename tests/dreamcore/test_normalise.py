"""The kernels of fused networks against their definitions: under Triton's interpreter, by its compiler, on a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dreamcore.priors.normalise import Activation, Norm, by_kernel, images_of, normalise_plainly, rows_of

TESTS = Path(__file__).resolve().parent.parent

# Triton looks at TRITON_INTERPRET when it is imported: another process
INTERPRETED = """
import sys
import torch
from test_normalise import by_kernels
torch.save(by_kernels("cpu"), sys.argv[1])
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    shape: tuple[int, ...]
    groups: int
    activation: Activation = "none"
    shift: int = 0  # axes of what is added first; 0 for nothing
    modulated: bool = False
    mean: float = 0.0  # of x, in its deviations


CASES = {
    "pixels": Case(shape=(2, 24, 5, 9), groups=4, activation="silu", shift=1),
    "large": Case(shape=(1, 80, 40, 33), groups=8, activation="silu", mean=50.0),
    "modulated": Case(shape=(3, 24, 4, 4), groups=3, activation="gelu", shift=2, modulated=True),
    "wide": Case(shape=(1, 256, 3, 11), groups=32, activation="silu", shift=1),
    "tokens": Case(shape=(2, 130, 7), groups=5),
}


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scene(case: Case, device: str, dtype: torch.dtype) -> tuple[Tensor, Norm, Tensor]:
    """What is normalised, how, and the gradient of a loss by the result: numbers that bfloat16 has, in `dtype`."""
    images, channels = case.shape[:2]

    def placed(value: Tensor) -> Tensor:
        return value.bfloat16().to(device, dtype)

    x = draw(*case.shape, seed=1) + case.mean
    norm = Norm(
        weight=placed(1.0 + draw(channels, seed=2)),
        bias=placed(draw(channels, seed=3)),
        groups=case.groups,
        epsilon=1e-5,
        activation=case.activation,
        shift=placed(draw(*(images, channels)[2 - case.shift :], seed=4)) if case.shift else None,
        factor=placed(draw(images, 2 * channels, seed=5))[:, :channels] if case.modulated else None,
        addend=placed(draw(images, 2 * channels, seed=5))[:, channels:] if case.modulated else None,
    )
    return placed(x), norm, placed(draw(*case.shape, seed=6))


def normalised(case: Case, device: str, dtype: torch.dtype, *, plainly: bool) -> Tensor:
    """The result and the gradient by x."""
    x, norm, gradient = scene(case, device, dtype)
    x.requires_grad_()
    y = normalise_plainly(x, norm) if plainly else by_kernel(x, norm)
    (by_x,) = torch.autograd.grad((y * gradient).sum(), x)
    return torch.stack([y.detach(), by_x]).double().cpu()


def operands() -> tuple[Tensor, Tensor, Tensor]:
    """Values, scores and a bias, all numbers that bfloat16 has."""
    made = draw(2, 9, 70, seed=7), draw(2, 5, 300, seed=7), draw(70, seed=8)
    return made[0].bfloat16().double(), made[1].bfloat16().double(), made[2].bfloat16().double()


def by_kernels(device: str, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    from dreamcore.priors import attention_cuda, pointwise_cuda

    found = {name: normalised(case, device, dtype, plainly=False) for name, case in CASES.items()}
    x, scores, bias = (value.to(device, dtype) for value in operands())
    residual = x
    found["biased sum"] = pointwise_cuda.add_residual(x, residual, bias, 0.5)
    found["sum"] = pointwise_cuda.add_residual(x, residual, None, 1.0)
    found["gate"] = pointwise_cuda.gate(x)
    image = x[..., :30].reshape(2, 3, 9, 10)
    found["larger"] = pointwise_cuda.reframe(image, 4, 10)
    found["smaller"] = pointwise_cuda.reframe(image, 2, 8)
    found["softmax"] = weights = attention_cuda.softmax(8.0 * scores, dtype)
    found["softmax gradient"] = attention_cuda.softmax_gradient(scores, weights)
    return {name: value.double().cpu() for name, value in found.items()}


def by_definition() -> dict[str, Tensor]:
    found = {name: normalised(case, "cpu", torch.float64, plainly=True) for name, case in CASES.items()}
    x, scores, bias = operands()
    image = x[..., :30].reshape(2, 3, 9, 10)
    found["larger"] = F.pad(image, (0, 0, 0, 1, 0, 1))
    found["smaller"] = image[:, :2, :8]
    found["biased sum"] = x + 0.5 * bias
    found["sum"] = 2.0 * x
    found["gate"] = x[..., :35] * F.gelu(x[..., 35:])
    leaf = (8.0 * scores).requires_grad_()
    weights = leaf.softmax(-1)
    found["softmax"] = weights.detach()
    (found["softmax gradient"],) = torch.autograd.grad((weights * scores).sum(), leaf)
    return found


def check(found: dict[str, Tensor], tolerance: float) -> None:
    expected = by_definition()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert float((found[name] - value).norm() / value.norm()) < tolerance, name
        assert float((found[name] - value).abs().max() / value.abs().max()) < 4.0 * tolerance, name


def test_rows_and_images_are_the_same_values() -> None:
    image = draw(2, 3, 4, 5, seed=1)
    rows = rows_of(image)
    assert torch.equal(rows[1, 7], image[1, :, 1, 2])
    again = images_of(rows, image)
    assert torch.equal(again, image)
    assert rows_of(again).data_ptr() == rows.data_ptr()


def test_a_trained_weight_is_refused() -> None:
    x, norm, _ = scene(CASES["pixels"], "cpu", torch.float64)
    norm.weight.requires_grad_()
    from dreamcore.priors.normalise import normalise

    with pytest.raises(AssertionError, match="frozen"):
        normalise(x, norm)


@pytest.mark.timeout(240)
def test_interpreted_kernels_give_what_the_definitions_give(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    path = os.pathsep.join(str(folder) for folder in (TESTS.parent, TESTS, TESTS / "dreamcore"))
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": path}
    out = tmp_path / "found.pt"
    command = [sys.executable, "-c", INTERPRETED, str(out)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert run.returncode == 0, run.stderr[-2000:]
    check(torch.load(out, weights_only=True), 2e-5)


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
def test_kernels_give_what_the_definitions_give(dtype: torch.dtype, tolerance: float) -> None:
    check(by_kernels("cuda", dtype), tolerance)
