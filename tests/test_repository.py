"""What the repository promises as a whole: its README, its commands, its words, its modules."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (".ci", "benchmarks", "deploy", "docs", "dreamcore", "examples", "pipeline", "sweeps", "tests")
BINARY = {".gif", ".glb", ".jpg", ".mp4", ".parquet", ".png", ".pyc", ".safetensors", ".webp"}
MODULES = sorted(path for package in ("dreamcore", "pipeline") for path in (ROOT / package).rglob("*.py"))
HEAVY = {"torch", "ray", "mlflow", "pandas", "pyarrow", "transformers", "diffusers"}

# What only one machine has: its folders, its registry.
FOREIGN = re.compile(r"(?<![\w.~-])/(?:work|farm|root|opt/pypi)\b|pythonhosted\.org|pypi\.org/simple|extra-index-url")


def _texts() -> Iterator[Path]:
    files = (path for path in ROOT.iterdir() if path.is_file() and path.name != ".git")  # a file in a second worktree
    yield from (path for path in files if path.suffix not in (*BINARY, ".db"))
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix not in BINARY and "__pycache__" not in path.parts:
                yield path


def _section(markdown: str, heading: str) -> str:
    """The text below `## heading`, up to the next heading of that level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL)
    assert found, f"README has no section {heading!r}"
    return found.group(1)


def _commands(markdown: str) -> list[str]:
    """The lines of the shell blocks, without comments."""
    blocks = re.findall(r"^```(?:sh|bash|shell)\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
    lines = (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def test_readme_has_two_set_up_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert _commands(_section(readme, "Set up")) == ["make quickstart", "make test"]
    assert "pip install" not in readme


def test_readme_names_every_command() -> None:
    import typer.main

    from pipeline.cli import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    listed = set(re.findall(r"dreamsweep ([a-z-]+)", _section((ROOT / "README.md").read_text(), "Commands")))
    assert listed == set(commands)


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text())):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_continuous_integration_runs_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert "make test" in script.read_text().splitlines()


def test_no_file_names_one_machine() -> None:
    found = []
    for path in _texts():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if FOREIGN.search(line) and path != Path(__file__):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_the_search_for_foreign_words_finds_some() -> None:
    assert FOREIGN.search("see " + "/work" + "/main/x.py")
    assert FOREIGN.search("https://files." + "pythonhosted.org" + "/a")
    assert not FOREIGN.search("the frame/work and a/root of unity")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body, "a module with code needs a docstring"


def test_modules_do_not_import_from_tests_or_drawers() -> None:
    assert not [path for path in MODULES if path.stem in ("utils", "util", "helpers", "common", "misc")]


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['dreamsweep', '--help']; from pipeline.cli import main; main()"
    run = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "Usage" in run.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    assert "pipeline.cli" in imported
    assert HEAVY.isdisjoint(imported)


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {_canonical(re.split(r"[\[<>=,;! ]", requirement)[0]) for requirement in asked}
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert names <= {_canonical(line.split("==")[0]) for line in lines}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_has_a_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    pages = "\n".join(path.read_text() for path in (ROOT / "docs" / "decisions").glob("dependencies-*.md"))
    for requirement in asked:
        name = re.split(r"[\[<>=,;! ]", requirement)[0]
        assert re.search(rf"\b{re.escape(name)}\b", pages), name


def test_links_of_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, "\n".join(broken)
