"""Is this machine ready for a sweep? Each check looks at one thing and says what to do if it is not well."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.spec import SweepSpec

_GIB = 2**30
_ENOUGH_DISK = 5 * _GIB


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """`found` is what there is; `advice` is what to do, empty when all is well."""

    name: str
    level: Level
    found: str
    advice: str = ""


def examine(spec: SweepSpec | None = None) -> list[Check]:
    """Every check, for `spec`'s prior and storage or else for the defaults. Writes nothing that stays."""
    prior = spec.prior.identity() if spec is not None else {"kind": "embedded"}
    storage = spec.url if spec is not None else "./runs"
    checks: Sequence[tuple[str, Callable[[], Check]]] = (
        ("Python", check_python),
        ("torch", check_torch),
        ("GPU", check_gpu),
        ("Ray", check_ray),
        ("prior", lambda: check_prior(prior)),
        ("storage", lambda: check_storage(storage)),
        ("disk", lambda: check_disk(storage)),
        ("MLflow", check_mlflow),
    )
    return [_guarded(name, check) for name, check in checks]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a broken installation can raise anything; the other checks go on
        return Check(name, Level.FAIL, f"{type(error).__name__}: {error}", "Mend or reinstall it, then try again.")


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """The interpreter is new enough."""
    found = ".".join(map(str, version))
    if version < (3, 11):
        return Check("Python", Level.FAIL, found, "Install Python 3.11 or newer.")
    return Check("Python", Level.OK, found)


def check_torch() -> Check:
    """PyTorch can be imported; its threads."""
    torch = importlib.import_module("torch")
    found = f"{torch.__version__}, {torch.get_num_threads()} threads on {os.cpu_count()} cores"
    return Check("torch", Level.OK, found)


def check_gpu() -> Check:
    """The GPUs that PyTorch sees, or that there are none."""
    torch = importlib.import_module("torch")
    driver = _driver_version()
    if torch.cuda.is_available():
        names = []
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            names.append(f"{name}, {free / _GIB:.0f} of {total / _GIB:.0f} GiB free")
        return Check("GPU", Level.OK, "; ".join(names) + (f"; driver {driver}" if driver else ""))
    if driver:
        advice = "Install a torch build with CUDA that fits the driver: https://pytorch.org/get-started/locally"
        return Check("GPU", Level.WARN, f"driver {driver}, but torch sees no GPU", advice)
    return Check("GPU", Level.OK, "none: trials run on the CPU (`preset: quick` is made for that)")


def _driver_version() -> str:
    """The NVIDIA driver's version, or nothing where there is no driver."""
    if shutil.which("nvidia-smi") is None:
        return ""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.split("\n")[0].strip()


def check_ray() -> Check:
    """Ray can be imported."""
    ray = importlib.import_module("ray")
    address = os.environ.get("RAY_ADDRESS")
    return Check("Ray", Level.OK, str(ray.__version__) + (f", cluster at {address} (RAY_ADDRESS)" if address else ""))


def check_prior(identity: Mapping[str, Any]) -> Check:
    """Load the prior and let it judge one noisy image."""
    torch = importlib.import_module("torch")
    priors = importlib.import_module("dreamcore.priors")
    try:
        options = {name: value for name, value in identity.items() if name != "kind"}
        prior = priors.load_prior(identity["kind"], **options)
    except (ValueError, OSError) as error:
        return Check("prior", Level.FAIL, str(error), "Check `prior:` in the spec and that its weights are there.")
    generator = torch.Generator().manual_seed(0)
    image = torch.rand((1, 3, prior.image_size, prior.image_size), generator=generator).to(prior.device)
    with torch.no_grad():
        noised = prior.encode_image(image)
        time = torch.full((1,), 0.5, device=prior.device)
        noise = prior.predict_noise(noised, time, prior.encode_prompts(["a red mug"]))
    name = prior.identity if len(prior.identity) <= 40 else prior.identity[:37] + "..."
    if noise.shape != noised.shape or not bool(torch.isfinite(noise).all()):
        return Check("prior", Level.FAIL, f"{name}: its answer is not finite", "Get its weights anew.")
    return Check("prior", Level.OK, f"{name}, {prior.image_size} x {prior.image_size}, answers")


def check_storage(url: str) -> Check:
    """A sweep can be written there."""
    from pipeline.errors import StorageError
    from pipeline.storage import Storage

    try:
        Storage(url).check_writable()
    except StorageError as error:
        return Check("storage", Level.FAIL, str(error), "Set `storage:` to a folder or bucket that you can write.")
    return Check("storage", Level.OK, f"{url} is writable")


def check_disk(url: str) -> Check:
    """There is room for results and checkpoints."""
    from pipeline.storage import Storage

    storage = Storage(url)
    folder = Path(storage.root) if storage.is_local else Path.cwd()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB free"
    if free < _ENOUGH_DISK:
        return Check("disk", Level.WARN, found, "Free some space: a trial leaves a few MB, a checkpoint tens of MB.")
    return Check("disk", Level.OK, found)


def check_mlflow() -> Check:
    """MLflow can be imported; where runs would go."""
    try:
        version = importlib.metadata.version("mlflow")
        importlib.import_module("pipeline.record.mlflow_runs")
    except ImportError as error:
        advice = "Install mlflow, or set `tracking: {mlflow: off}`."
        return Check("MLflow", Level.WARN, f"cannot be imported: {error}", advice)
    place = os.environ.get("MLFLOW_TRACKING_URI", "a SQLite file beside the sweep")
    return Check("MLflow", Level.OK, f"{version}; runs go to {place}")
