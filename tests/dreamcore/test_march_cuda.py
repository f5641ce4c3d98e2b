"""The kernels of a grid field against their definitions: under Triton's interpreter, by its compiler, and on a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from dreamcore.cameras import Cameras, orbit
from dreamcore.config import GridFieldConfig
from dreamcore.fields.grid import GridField
from dreamcore.march import march_plainly
from dreamcore.optimizer import AdamRates, adam_step, adam_step_plainly
from dreamcore.render import EvenRays, Rendering, even_rays
from dreamcore.rng import Draws, Purpose
from dreamcore.shading import Looks

TESTS = Path(__file__).resolve().parent.parent
CUDA = torch.device("cuda")

# Triton looks at TRITON_INTERPRET when it is imported: another process
INTERPRETED = """
import sys
import torch
from test_march_cuda import CASES, by_kernel, density_by_kernel
found = {name: (by_kernel(case, "cpu"), density_by_kernel(case, "cpu")) for name, case in CASES.items()}
torch.save(found, sys.argv[1])
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    config: GridFieldConfig
    side: int
    samples: int
    pruned: bool
    seed: int = 0
    strength: float = 8.0  # of the tables, so that the field is no smooth blob


SMALL = Case(config=GridFieldConfig(resolutions=(4, 8)), side=6, samples=6, pruned=True)
CASES = {
    "small": SMALL,
    "hashed": replace(
        SMALL,
        config=GridFieldConfig(resolutions=(4, 9), channels=2, hidden=20, table_size=64, blob_shape="gaussian"),
        pruned=False,
    ),
    "opaque": replace(
        SMALL, config=GridFieldConfig(resolutions=(4,), blob_strength=60.0, blob_radius=2.0), pruned=False
    ),
}
LARGE = {
    "presets": Case(config=GridFieldConfig(), side=64, samples=64, pruned=True, strength=20.0),
    "hashed": Case(config=GridFieldConfig(resolutions=(16, 96), table_size=2**14), side=40, samples=33, pruned=False),
}


def parameters_of(case: Case) -> dict[str, torch.Tensor]:
    field = GridField(case.config, 1.0)
    parameters = dict(field.initialise(Draws(torch.tensor([3, 5]), torch.tensor([0, 0]))))
    parameters["table"] = parameters["table"] * case.strength
    generator = torch.Generator().manual_seed(case.seed)
    for name in ("hidden_bias", "output_bias"):
        parameters[name] = 0.1 * torch.randn(parameters[name].shape, generator=generator)
    return parameters


def scene_of(case: Case) -> tuple[EvenRays, torch.Tensor | None, Looks, torch.Tensor, torch.Tensor]:
    """Rays of two views of two scenes, what is occupied, looks, lights, and the gradient of a loss by all outputs."""
    generator = torch.Generator().manual_seed(case.seed + 1)
    around = [orbit([10.0, 100.0], 20.0, 2.6, 1.8), orbit([200.0, 300.0], -5.0, 2.4, 1.7)]
    cameras = Cameras(
        *(torch.cat([getattr(one, name) for one in around]) for name in ("position", "rotation", "focal"))
    )
    jitter = torch.rand(2, 2, case.side**2, generator=generator)
    looks = Looks(
        lit=torch.tensor([[True, False], [True, False]]),
        textureless=torch.tensor([[False, False], [True, False]]),
        ambient=torch.tensor([[0.3, 0.5], [0.4, 0.6]]),
        white=torch.tensor([0.85, 0.8]),
        oriented=torch.tensor([[True, False], [True, True]]),
    )
    occupied = torch.rand(2, 10, 10, 10, generator=generator) < 0.7 if case.pruned else None
    light = 2.0 * torch.randn(2, 2, 3, generator=generator)
    gradient = torch.randn(2, 2, case.side**2, 6, generator=generator)
    return even_rays(cameras, case.side, case.samples, 1.0, jitter), occupied, looks, light, gradient


def joined(view: Rendering) -> torch.Tensor:
    return torch.cat([view.color, torch.stack([view.opacity, view.depth, view.turned], -1)], -1)


def answer(view: Rendering, gradient: torch.Tensor, leaves: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    image = joined(view)
    found = torch.autograd.grad((image * gradient).sum(), list(leaves.values()))
    return {"image": image.detach().cpu().double()} | {
        name: value.cpu().double() for name, value in zip(leaves, found, strict=True)
    }


def leaves_of(case: Case, device: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return {name: value.to(device, dtype).requires_grad_() for name, value in parameters_of(case).items()}


def by_definition(case: Case) -> dict[str, torch.Tensor]:
    """In float64."""
    rays, occupied, looks, light, gradient = scene_of(case)
    double = EvenRays(
        *(getattr(rays, name).double() for name in ("origin", "direction", "near", "spacing", "jitter")),
        samples=rays.samples,
        width=rays.width,
    )
    seen = replace(looks, ambient=looks.ambient.double(), white=looks.white.double())
    leaves = leaves_of(case, "cpu", torch.float64)
    view = march_plainly(GridField(case.config, 1.0), leaves, double, occupied, 1.0, seen, light.double(), True)
    return answer(view, gradient.double(), leaves)


def by_kernel(case: Case, device: str) -> dict[str, torch.Tensor]:
    from dreamcore import march_cuda

    rays, occupied, looks, light, gradient = scene_of(case)
    there = EvenRays(
        *(getattr(rays, name).to(device) for name in ("origin", "direction", "near", "spacing", "jitter")),
        samples=rays.samples,
        width=rays.width,
    )
    cells = None if occupied is None else occupied.to(device)
    leaves = leaves_of(case, device, torch.float32)
    field = GridField(case.config, 1.0)
    view = march_cuda.march(field, leaves, there, cells, looks.to(torch.device(device)), light.to(device))
    return answer(view, gradient.to(device), leaves)


def points_of(case: Case) -> torch.Tensor:
    return 2.0 * torch.rand(2, 70, 3, generator=torch.Generator().manual_seed(case.seed + 2)) - 1.0


def density_by_kernel(case: Case, device: str) -> torch.Tensor:
    from dreamcore.fields import grid_cuda

    parameters = {name: value.to(device) for name, value in parameters_of(case).items()}
    return grid_cuda.density(case.config, 1.0, parameters, points_of(case).to(device)).cpu()


def check(found: dict[str, torch.Tensor], case: Case, tolerance: float) -> None:
    expected = by_definition(case)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert bool(value.any()), name
        assert float((found[name] - value).norm() / value.norm()) < tolerance, name


def check_but_for_spikes(found: dict[str, torch.Tensor], case: Case, tolerance: float) -> None:
    """Where the density hardly changes its normal turns with every rounding, and its gradient with it: all rows of the
    table but the 200 that are furthest off are compared."""
    expected = by_definition(case)["table"]
    off = (found["table"] - expected).square().sum(-1).flatten()
    assert len(off) > 20_000
    rest = off.sum() - off.topk(200).values.sum()
    assert float(rest.clamp(min=0.0).sqrt() / expected.norm()) < tolerance


def check_density(found: torch.Tensor, case: Case, tolerance: float) -> None:
    field = GridField(case.config, 1.0)
    expected = field.density_plainly(parameters_of(case), points_of(case))
    assert float(((found - expected).abs() / expected).max()) < tolerance


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, torch.Tensor], torch.Tensor]]:
    pytest.importorskip("triton")
    path = os.pathsep.join(str(folder) for folder in (TESTS.parent, TESTS, TESTS / "dreamcore"))
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": path}
    out = tmp_path_factory.mktemp("interpreted") / "found.pt"
    command = [sys.executable, "-c", INTERPRETED, str(out)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, tuple[dict[str, torch.Tensor], torch.Tensor]] = torch.load(out, weights_only=True)
    return found


@pytest.mark.slow
@pytest.mark.timeout(360)
@pytest.mark.parametrize("name", CASES)
def test_interpreted_kernels_give_what_the_definitions_give(
    interpreted: dict[str, tuple[dict[str, torch.Tensor], torch.Tensor]], name: str
) -> None:
    march, density = interpreted[name]
    check(march, CASES[name], 3e-5)
    check_density(density, CASES[name], 1e-5)


@pytest.mark.slow
@pytest.mark.timeout(360)
def test_kernels_compile_for_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    triton = pytest.importorskip("triton")
    from triton.backends import backends
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from dreamcore import march_cuda, optimizer_cuda, rng_cuda
    from dreamcore.fields import grid_cuda

    if "nvidia" not in backends:
        pytest.skip("Triton has no compiler for NVIDIA's GPUs here")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    field = {
        "table": "*fp32", "levels": "*i32", "hidden": "*fp32", "output": "*fp32", "bias": "*fp32",
        "rows": "i32", "channels": "i32",
    }  # fmt: skip
    launch = {
        "origins": "*fp32", "rays": "*fp32", "looks": "*fp32", "occupied": "*u8",
        "views": "i32", "width": "i32", "height": "i32", "samples": "i32",
    }  # fmt: skip
    sizes = {"FEATURES": 16, "HIDDEN": 32, **grid_cuda.constants(GridFieldConfig(), 1.0)}
    tile = {"CELLS": 40, "WIDTH": march_cuda.WIDTH, "HEIGHT": march_cuda.HEIGHT, "PRECISION": march_cuda.PRECISION}
    kept = {"optical": "*fp32", "before": "*fp32", "ends": "*i32"}
    back = dict.fromkeys(("given", "to_table", "to_hidden", "to_output", "to_bias"), "*fp32")
    strides = dict.fromkeys(("scene_stride", "point_stride", "axis_stride", "count"), "i32")
    adam = dict.fromkeys(("parameter", "gradient", "mean", "square", "numbers"), "*fp32")
    draws = {**dict.fromkeys(("found", "seeds", "steps"), "*i64"), "word": "i32", "blocks": "i32"}
    kernels = [
        (march_cuda._forward, {"found": "*fp32", **kept, **launch, **field}, {**sizes, **tile}),
        (march_cuda._backward, {**back, **kept, **launch, **field}, {**sizes, **tile}),
        (grid_cuda._density, {"found": "*fp32", "points": "*fp32", **strides, **field}, {**sizes, "LANES": 32}),
        (optimizer_cuda._adam, {**adam, "size": "i32"}, {"BLOCK": 256}),
        (rng_cuda._bits, draws, {"BLOCKS": 64}),
    ]
    for function, types, constants in kernels:
        source = ASTSource(
            fn=function, signature={**types, **dict.fromkeys(constants, "constexpr")}, constexprs=constants
        )
        kernel = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": march_cuda.WARPS})
        assert f".visible .entry {function.__name__}" in kernel.asm["ptx"]


@pytest.mark.gpu
@pytest.mark.parametrize("name", [*CASES, *LARGE])
def test_gpu_gives_what_the_definitions_give(name: str) -> None:
    for case in ({**CASES, **LARGE}[name], CASES.get(name, SMALL)):
        found = by_kernel(case, "cuda")
        if case in LARGE.values():
            check_but_for_spikes(found, case, 1e-4)
            check(found, case, 5e-2)
        else:
            check(found, case, 5e-3)
        check_density(density_by_kernel(case, "cuda"), case, 5e-3)


@pytest.mark.gpu
def test_gpu_takes_adam_s_step() -> None:
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(3, 41, 7, generator=generator) for _ in range(3)] + [torch.rand(3, 41, 7, generator=generator)]
    made[1][1, 0, 0] = float("nan")
    column = torch.tensor([0.1, 0.2, 0.3])
    rates = AdamRates(
        rate=column, beta1=1.0 - column, beta2=1.0 - 0.1 * column, epsilon=1e-8 * column,
        active=torch.tensor([1.0, 0.0, 1.0]), updates=torch.tensor([0.0, 3.0, 7.0]),
    )  # fmt: skip
    there = [value.cuda() for value in made]
    adam_step_plainly(*made, rates)
    adam_step(*there, AdamRates(**{name: value.cuda() for name, value in vars(rates).items()}))
    for one, other in zip(made, there, strict=True):
        torch.testing.assert_close(other.cpu(), one, rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.gpu
def test_gpu_draws_the_same_bits() -> None:
    draws = Draws(torch.tensor([0, 5, 2**62 + 9]), torch.tensor([0, 7, 10**8]))
    there = Draws(draws.seeds.cuda(), draws.steps.cuda())
    for count in (1, 4, 5, 4099):
        assert torch.equal(draws.bits(Purpose.NOISE, count, 3), there.bits(Purpose.NOISE, count, 3).cpu())
