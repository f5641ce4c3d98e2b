"""The kernel against the definition: under Triton's interpreter, by its compiler for a GPU, and on one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles.solids import exhibition, together, view

from dreamcore.objects.tracer import Views, trace, trace_plainly
from dreamcore.objects.viewpoints import ViewSettings, sample_views

TESTS = Path(__file__).resolve().parent.parent

# The solids, the side and the oversampling of what is drawn under the interpreter
DRAWINGS = ((0, 13, 8, 1), (13, 17, 8, 1), (0, 1, 3, 3))

# Triton looks at TRITON_INTERPRET when it is imported: another process
INTERPRETED = """
import sys
import torch
from oracles.solids import exhibition
from test_objects_tracer_cuda import DRAWINGS, views_of_the_exhibition
from dreamcore.objects import tracer_cuda

tables = exhibition()
views = views_of_the_exhibition(len(tables))
images = [
    tracer_cuda.trace(tables, torch.arange(first, last), views[first:last], side, oversampling)
    for first, last, side, oversampling in DRAWINGS
]
torch.save(images, sys.argv[1])
"""


def views_of_the_exhibition(count: int) -> Views:
    """The last one without texture."""
    bare = [torch.tensor([index == count - 1]) for index in range(count)]
    return together([view(azimuth=40.0 * index, textureless=bare[index]) for index in range(count)])


def agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal but for rounding: here and there a ray passes an edge on the other side."""
    apart = (one.int() - other.int()).abs()
    return bool(apart.float().mean() < 0.5 and (apart.amax(-1) <= 3).float().mean() > 0.99)


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory: pytest.TempPathFactory) -> list[torch.Tensor]:
    """What the kernel draws under the interpreter, for each of `DRAWINGS`."""
    pytest.importorskip("triton")
    path = os.pathsep.join(str(folder) for folder in (TESTS.parent, TESTS, TESTS / "dreamcore"))
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": path}
    out = tmp_path_factory.mktemp("interpreted") / "images.pt"
    command = [sys.executable, "-c", INTERPRETED, str(out)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr[-2000:]
    images: list[torch.Tensor] = torch.load(out, weights_only=True)
    return images


@pytest.mark.slow
@pytest.mark.timeout(360)
@pytest.mark.parametrize("number", range(len(DRAWINGS)), ids=str)
def test_interpreted_kernel_draws_what_the_definition_draws(interpreted: list[torch.Tensor], number: int) -> None:
    first, last, side, oversampling = DRAWINGS[number]
    tables = exhibition()
    views = views_of_the_exhibition(len(tables))[first:last]
    expected = trace_plainly(tables, torch.arange(first, last), views, side, oversampling)
    assert (expected[..., 3] > 0).flatten(1).any(1).all()
    assert agree(interpreted[number], expected)


@pytest.mark.slow
@pytest.mark.timeout(360)
def test_kernel_compiles_for_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    triton = pytest.importorskip("triton")
    from triton.backends import backends
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from dreamcore.objects import tracer_cuda

    if "nvidia" not in backends:
        pytest.skip("Triton has no compiler for NVIDIA's GPUs here")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    types = {
        "image": "*i32", "tables": "*fp32", "counts": "*i32", "solids": "*i64", "views": "*fp32",
        "parts": "i32", "side": "i32", "across": "i32", "tiles": "i32",
    }  # fmt: skip
    constants = {"OVERSAMPLING": 2, "SAMPLES": 4, "WIDTH": 4, "HEIGHT": 4}
    source = ASTSource(
        fn=tracer_cuda._draw, signature={**types, **dict.fromkeys(constants, "constexpr")}, constexprs=constants
    )
    kernel = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": tracer_cuda.WARPS})
    assert ".visible .entry _draw" in kernel.asm["ptx"]
    assert len(kernel.asm["cubin"]) > 0


@pytest.mark.gpu
@pytest.mark.parametrize("oversampling", [1, 2, 3])
def test_gpu_draws_what_the_definition_draws(oversampling: int) -> None:
    tables = exhibition()
    views = sample_views(np.random.default_rng(3), 2 * len(tables), ViewSettings())[0]
    solid = torch.arange(len(views)) % len(tables)
    drawn = trace(tables.cuda(), solid.cuda(), views.to(torch.device("cuda")), 64, oversampling)
    assert agree(drawn.cpu(), trace_plainly(tables, solid, views, 64, oversampling))


@pytest.mark.gpu
def test_launches_of_a_few_views_give_what_one_launch_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from dreamcore.objects import tracer_cuda

    tables, views = exhibition().cuda(), views_of_the_exhibition(17).to(torch.device("cuda"))
    solid = torch.arange(17, device="cuda")
    whole = trace(tables, solid, views, 24)
    monkeypatch.setattr(tracer_cuda, "PROGRAMS", 100)
    assert torch.equal(trace(tables, solid, views, 24), whole)
