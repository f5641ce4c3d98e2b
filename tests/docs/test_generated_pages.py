"""Pages that the code writes are up to date, and leave nothing out."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dreamcore
import pipeline
from pipeline.cli import COMMANDS
from pipeline.reference_commands import command_name, commands_reference, parameters
from pipeline.reference_python import python_reference

ROOT = Path(__file__).resolve().parents[2]


def test_every_generated_page_is_up_to_date() -> None:
    """In a process of its own: the tests' check of shapes changes signatures."""
    code = (
        "from pathlib import Path; from pipeline.reference import pages\n"
        "print([str(path) for path, text in pages(Path.cwd()).items() if path.read_text(encoding='utf-8') != text])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", "run `python -m pipeline.reference`"


@pytest.mark.parametrize(("function", "example"), COMMANDS, ids=lambda value: getattr(value, "__name__", ""))
def test_every_command_option_and_example_is_there(function: object, example: str) -> None:
    page = commands_reference()
    name = command_name(function)  # type: ignore[arg-type]
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert f"```sh\n{example}\n```" in section[1]
    declared = parameters(function)  # type: ignore[arg-type]
    assert [each for each in declared if each.option] or name in ("stop", "provenance")
    for option in (each for each in declared if each.option):
        assert option.meaning, f"{name}: {option.names} has no help"
        row = next(line for line in section[1].splitlines() if line.startswith(f"| `{option.names[0]}`"))
        assert all(f"`{other}`" in row for other in option.names)


def test_options_are_those_that_the_command_line_takes() -> None:
    """Told by Typer itself, which the page does not ask."""
    import typer.main

    from pipeline.cli import app

    for function, _ in COMMANDS:
        command = typer.main.get_command(app).commands[command_name(function)]  # type: ignore[attr-defined]
        taken = {option for each in command.params if each.param_type_name == "option" for option in each.opts}
        told = {option for each in parameters(function) for option in each.names}
        assert taken - {"--help"} == told, command.name


def test_defaults_and_words_for_values() -> None:
    page = commands_reference()
    assert "| `--executor` `ray\\|inline` | `ray` |" in page
    assert "| `--wait` `X` | `120.0` |" in page
    assert "| `--seed` `N` | none |" in page
    assert "| `--captions` `PATH` | none |" in page
    assert "| `--verbose`, `-v` | `0` |" in page
    assert "Else from the variable `RAY_API_SERVER_ADDRESS`" in page


@pytest.mark.parametrize("package", [pipeline, dreamcore], ids=["pipeline", "dreamcore"])
def test_every_public_name_and_method_is_there(package: object) -> None:
    page = python_reference()
    for name in package.__all__:  # type: ignore[attr-defined]
        if name == "__version__":
            continue
        assert f"### {package.__name__}.{name}\n" in page  # type: ignore[attr-defined]
        value = getattr(package, name)
        if inspect.isclass(value):
            own = [each for each, member in vars(value).items() if inspect.isfunction(member) and member.__doc__]
            for method in (each for each in own if not each.startswith("_")):
                assert f"- `{method}(" in page, method


def test_every_row_has_as_many_cells_as_its_heading() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", commands_reference(), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table
