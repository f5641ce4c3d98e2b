"""Is this machine ready for a sweep? Each check looks at one thing and says what to do if it is not well."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamcore.priors.hub import NotHere
from dreamcore.priors.kinds import PRIOR_OPTIONS
from pipeline.secrets import redact

if TYPE_CHECKING:
    from pipeline.spec import SweepSpec
    from pipeline.stores.objects import CreateRule

_GIB = 2**30
_ENOUGH_DISK = 5 * _GIB
_MEND = "Mend `prior:` in the spec or the folder as it says. docs/priors.md lists models and messages."
_REINSTALL = "Its weights come with dreamsweep: install that anew."


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


def examine(spec: SweepSpec | None = None, *, try_prior: bool = False) -> list[Check]:
    """Every check, for `spec`'s prior and storage or else for the defaults; with `try_prior` the prior is loaded and
    used where a worker would, else only looked at. Writes nothing that stays, but for what a prior downloads."""
    prior = spec.prior.identity() if spec is not None else {"kind": "embedded"}
    gpus = spec.workers.gpus if spec is not None else "auto"
    storage = spec.url if spec is not None else "./runs"
    judge = spec.evaluate.judge if spec is not None and spec.evaluate.auto else None
    checks: Sequence[tuple[str, Callable[[], Check | list[Check]]]] = (
        ("Python", check_python),
        ("torch", check_torch),
        ("GPU", check_gpu),
        ("Ray", check_ray),
        ("prior", lambda: load_prior(prior, gpus) if try_prior else check_prior(prior)),
        ("judge", lambda: check_judge(judge)),
        ("storage", lambda: check_storage(storage, spec.storage_rule if spec is not None else "conditional")),
        ("disk", lambda: check_disk(storage)),
        ("MLflow", check_mlflow),
    )
    return [found for name, check in checks for found in _guarded(name, check)]


def _guarded(name: str, check: Callable[[], Check | list[Check]]) -> list[Check]:
    try:
        found = check()
    except Exception as error:  # a broken installation can raise anything; the other checks go on
        found = Check(name, Level.FAIL, f"{type(error).__name__}: {error}", "Mend or reinstall it, then try again.")
    return [found] if isinstance(found, Check) else found


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """The interpreter is new enough."""
    found = ".".join(map(str, version))
    if version < (3, 11):
        return Check("Python", Level.FAIL, found, "Install Python 3.11 or newer.")
    return Check("Python", Level.OK, found)


def check_judge(name: str | None) -> list[Check]:
    """The judge that will be asked when the sweep is done, if one will, can be loaded."""
    if name is None:
        return []
    from pipeline.errors import UserError
    from pipeline.judging import load_judge

    try:
        return [Check("judge", Level.OK, load_judge(name).identity)]
    except UserError as error:
        text = str(error).replace("--judge", "evaluate.judge")
        return [
            Check("judge", Level.FAIL, text, "Mend `evaluate:` in the spec. docs/evaluation.md says what it takes.")
        ]


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
    """A prior that comes with dreamsweep answers on the CPU; of others all parts are on this machine, as far as file
    names and headers tell. Downloads nothing."""
    kind, options = _kind_and_options(identity)
    try:
        path = importlib.import_module("dreamcore.priors.load").find_prior(kind, **options)
    except NotHere:
        found = f"{options['model']} is not on this machine; workers would download it"
        return Check("prior", Level.WARN, found, "`dreamsweep doctor --prior SPEC` downloads and tries it now.")
    except (ValueError, OSError) as error:
        return Check("prior", Level.FAIL, str(error), _MEND)
    if path is not None:
        return Check("prior", Level.OK, f"{kind}: all parts are in {path}; `--prior` loads and tries it")
    report = _probe(kind, options, "cpu")
    if report.problems:
        return Check("prior", Level.FAIL, f"{_short(report.identity)}: {', '.join(report.problems)}", _REINSTALL)
    found = f"{_short(report.identity)}, {report.image_size} x {report.image_size}, answers"
    return Check("prior", Level.OK, found)


def load_prior(identity: Mapping[str, Any], gpus: int | str) -> list[Check]:
    """Load the prior where a worker with `gpus` (0, 1 or auto) would, downloading it if need be, and take a step with
    it: what it is, how it does, and every fault."""
    torch = importlib.import_module("torch")
    kind, options = _kind_and_options(identity)
    has_gpu = torch.cuda.is_available()
    try:
        report = _probe(kind, options, "cuda" if has_gpu and gpus != 0 else "cpu")
    except (ValueError, OSError) as error:
        return [Check("prior", Level.FAIL, str(error), _MEND)]
    except (torch.OutOfMemoryError, MemoryError) as error:
        advice = "Free the device (nvidia-smi shows who uses it), set prior.dtype: bfloat16, or take a smaller model."
        return [Check("prior", Level.FAIL, f"the memory does not suffice: {str(error).splitlines()[0]}", advice)]
    side, (channels, height, width) = report.image_size, report.latents
    device = Check("  device", Level.OK, f"{report.device}, " + _memory(report.memory))
    if gpus == 1 and not has_gpu:
        advice = "There is no GPU here. Do this on a machine like the workers' (workers.gpus = 1)."
        device = Check("  device", Level.WARN, device.found, advice)
    return [
        Check("prior", Level.OK, report.identity),
        device,
        Check(
            "  images", Level.OK, f"{side} x {side} pixels; noise is added to {channels} x {height} x {width} values"
        ),
        Check("  prompts", Level.OK, f"{report.embed_seconds:.2f} s to load the text encoder and embed two"),
        Check("  step", Level.OK, f"{report.step_seconds:.3g} s for a guided prediction and its gradient, one image"),
        *[Check("  fault", Level.FAIL, problem, _remedy(kind)) for problem in report.problems],
    ]


def _kind_and_options(identity: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return str(identity["kind"]), {name: value for name, value in identity.items() if name != "kind"}


def _probe(kind: str, options: Mapping[str, Any], device: str) -> Any:
    """What `dreamcore.priors.probe` reports. Prompts are embedded anew, so that the text encoder is tried too."""
    load, probe = (importlib.import_module(f"dreamcore.priors.{name}") for name in ("load", "probe"))
    with tempfile.TemporaryDirectory() as folder:
        own_cache = {"cache": folder} if "cache" in PRIOR_OPTIONS.get(kind, {}) else {}
        return probe.probe(load.load_prior(kind, device=device, **options, **own_cache))


def _remedy(kind: str) -> str:
    if "model" in PRIOR_OPTIONS[kind]:
        return "With prior.dtype: float16, set bfloat16 or float32; else get its weights anew or choose another model."
    return _REINSTALL


def _memory(peak: int) -> str:
    return f"{peak / _GIB:.2f} GiB at most" if peak else "whose memory is not counted"


def _short(identity: str) -> str:
    return identity if len(identity) <= 40 else identity[:37] + "..."


def check_storage(url: str, rule: CreateRule = "conditional") -> Check:
    """A sweep can be written there."""
    from pipeline.errors import StorageError
    from pipeline.storage import Storage

    try:
        Storage(url, rule).check_writable()
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
    place = redact(os.environ.get("MLFLOW_TRACKING_URI", "a SQLite file beside the sweep"))
    return Check("MLflow", Level.OK, f"{version}; runs go to {place}")
