"""What is given away: the wheel and the source, with weights, scripts and licences; who made it; how to cite it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SPEC = """\
name: two
prompts: [a yellow duck]
set: {steps: 2}
outputs: {views: 1, size: 32}
tracking: {mlflow: off}
"""


def test_the_version_is_stated_once_and_is_semantic() -> None:
    version = PROJECT["version"]
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\w.]+)?", version)
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for path in [*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "dreamcore").rglob("*.py")]:
        assert f'"{version}"' not in path.read_text(encoding="utf-8"), path


def test_the_citation_is_valid_and_of_this_version() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.citation-file-format", "CITATION.cff"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == PROJECT["version"]
    assert cited["license"] == PROJECT["license"]
    assert [each["name"] for each in cited["authors"]] == [each["name"] for each in PROJECT["authors"]]


def test_every_bundled_datum_is_in_the_notice_with_a_licence_and_a_card() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    folders = [path for path in (ROOT / "dreamcore" / "assets").iterdir() if path.is_dir() and "__" not in path.name]
    assert len(folders) == 3
    for folder in folders:
        entry = re.search(rf"dreamcore/assets/{folder.name}:(.*?)(?=\n\n|\Z)", notice, re.DOTALL)
        assert entry is not None and "Apache" in entry[1], folder.name
        card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
        assert "Apache" in card and len(card) > 1000, folder.name
    scripts = [path for path in (ROOT / "pipeline" / "report" / "assets").iterdir() if path.stat().st_size > 50_000]
    for script in scripts:
        assert f"pipeline/report/assets/{script.name}:" in notice
        assert script.with_suffix(".LICENSE.txt").is_file()
    assert "examples/tiny" in notice


# ---- the wheel -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built from a copy of what they are built of."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("dreamcore", "pipeline"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    code = "from setuptools import build_meta as b; b.build_wheel('dist'); b.build_sdist('dist')"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "dist"


def shipped() -> set[str]:
    """Every file of both packages that git knows, or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "dreamcore", "pipeline"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(listed.stdout.split())


@pytest.mark.nightly
def test_wheel_and_source_hold_every_file_and_the_licences(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        text = wheel.read(metadata).decode()
    assert shipped() <= names
    assert {f"{metadata.rsplit('/', 1)[0]}/licenses/{name}" for name in ("LICENSE", "NOTICE")} <= names
    assert f"Version: {PROJECT['version']}\n" in text and "License-Expression: Apache-2.0\n" in text
    with tarfile.open(next(built.glob("*.tar.gz"))) as source:
        inside = {name.partition("/")[2] for name in source.getnames()}
    assert shipped() | {"LICENSE", "NOTICE", "README.md", "pyproject.toml"} <= inside


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_sweep_runs_from_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    """In an environment of its own, which borrows the packages that dreamsweep needs, and far from the checkout."""
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(next(built.glob("*.whl")))], check=True)
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (home / "two.yaml").write_text(SPEC)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=home, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    program = str(python.with_name("dreamsweep"))
    where = run(str(python), "-c", "import dreamcore, pipeline; print(dreamcore.__file__, pipeline.__file__)").split()
    assert all(Path(each).is_relative_to(site) for each in where), where
    assert run(program, "--version") == f"dreamsweep {PROJECT['version']}\n"
    assert "1 of 1 trials committed" in run(program, "run", "two.yaml", "--executor", "inline", "--no-progress")
    assert "completed" in run(program, "results", "runs/two")
    assert "judged by" in run(program, "rprecision", "runs/two")
    run(program, "report", "runs/two", "-o", "report", "--judge", "none")
    assert (home / "report" / "index.html").is_file()
