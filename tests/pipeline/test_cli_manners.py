"""What every command owes the person at the prompt and the program in the pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from commands import run
from tiny_sweep import TINY, copy_tiny

from pipeline import exit_codes
from pipeline.cli import COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
EXAMPLES = dict(zip(NAMES, (example for _, example in COMMANDS), strict=True))
WITHOUT_JSON = {
    "run",  # shows how far it is; `status --json` says how it ended
    "resume",
    "submit",
    "cancel",  # these three do something and say so in a sentence
    "retry",
    "stop",
    "provenance",  # prints nothing but JSON
}
PROGRAM = "import sys; sys.argv[0] = 'dreamsweep'; from pipeline.cli import main; main()"


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def context(line: str) -> object:
    """What the command line means, without doing it. Exits where it means nothing."""
    program, name, *arguments = shlex.split(line)
    assert program == "dreamsweep"
    return typer.main.get_command(app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


# ---- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_help_has_an_example_that_is_understood(name: str) -> None:
    assert EXAMPLES[name].startswith(f"dreamsweep {name} ")
    context(EXAMPLES[name])
    shown = " ".join(run(name, "--help").out.split())
    assert f"Example: {EXAMPLES[name]}" in shown


def test_an_option_that_is_not_there_is_not_understood() -> None:
    with pytest.raises(Exception, match="No such option"):
        context("dreamsweep status runs/x --jsno")


def test_the_version_is_that_of_the_distribution() -> None:
    import pipeline

    assert run("--version").out == f"dreamsweep {pipeline.__version__}\n"


# ---- for programs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_prints_data_prints_it_as_json_too(name: str) -> None:
    options = {option for parameter in context_parameters(name) for option in parameter.opts}  # type: ignore[attr-defined]
    assert ("--json" in options) == (name not in WITHOUT_JSON)


def context_parameters(name: str) -> list[object]:
    return list(typer.main.get_command(app).commands[name].params)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tiny(tmp_path_factory.mktemp("runs") / "tiny")


def answer(*arguments: str) -> object:
    done = run(*arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_status_results_and_plan_as_json(tiny: Path, tmp_path: Path) -> None:
    assert answer("status", str(tiny))["committed"] == 12  # type: ignore[index]
    assert len(answer("results", str(tiny), "--where", "seed == 0")) == 4  # type: ignore[arg-type]
    spec = tmp_path / "tiny.yaml"
    spec.write_text(f"name: tiny\nstorage: {tiny.parent}\nprompts: [a mug, a yellow duck]\nset: {{steps: 400}}\n")
    planned = answer("plan", str(spec))
    assert {key: planned[key] for key in ("committed", "failed", "cancelled", "left", "steps_left")} == {  # type: ignore[index]
        "committed": 0,
        "failed": 0,
        "cancelled": 0,
        "left": 2,
        "steps_left": 800,
    }
    rate = planned["steps_per_second"]  # type: ignore[index]
    assert planned["seconds_left"] == pytest.approx(800 / rate)  # type: ignore[index]
    assert [row["state"] for row in planned["trials"]] == ["to run", "to run"]  # type: ignore[index]


def test_what_the_judge_says_as_json(tiny: Path) -> None:
    whole = answer("evaluate", str(tiny))
    assert len(whole["trials"]) == 12 and whole["captions"] == 2  # type: ignore[index]
    assert whole["rprecision"] == answer("rprecision", str(tiny))  # type: ignore[index]
    assert whole["diversity"] == answer("diversity", str(tiny))  # type: ignore[index]
    assert {row["seed"] for row in whole["best"]} <= {0, 1, 2}  # type: ignore[index]
    compared = answer("diversity", str(tiny), "--compare", "w20", "w100")
    assert all(0.0 < row["p"] <= 1.0 for row in compared)  # type: ignore[union-attr]


def test_a_sheet_and_a_report_say_what_they_wrote(tiny: Path, tmp_path: Path) -> None:
    picture = tmp_path / "sheet.png"
    made = answer("sheet", str(tiny), "-o", str(picture))
    assert made == {"file": str(picture), "shown": 12, "failed": 0, "missing": 0, "replaced": 0}
    page = answer("report", str(tiny), "-o", str(tmp_path / "report"), "--judge", "none")
    assert page["trials"] == 12 and Path(page["index"]).is_file()  # type: ignore[index]


def test_two_forms_at_once_are_refused(tiny: Path) -> None:
    refused = run("results", str(tiny), "--json", "--format", "csv")
    assert (refused.code, refused.out) == (2, "")
    assert "leave one out" in refused.err


def test_a_reader_that_goes_away_is_no_fault(tiny: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} results {shlex.quote(str(tiny))} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_tables_in_files_are_not_folded(tiny: Path) -> None:
    lines = run("results", str(tiny)).out.strip().splitlines()
    assert len(lines) == 2 + 12
    assert "…" not in "".join(lines)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("submit", "plan", "run", "doctor")])
def test_a_mistake_is_one_line_and_no_traceback(name: str, tmp_path: Path) -> None:
    wanted = {"sheet": ["-o", "x.png"], "report": ["-o", "r"], "export": ["-o", "m"], "cancel": ["--all"]}
    more = {**wanted, "retry": ["--failed"]}.get(name, [])
    refused = run(name, str(tmp_path / "nowhere"), *more)
    assert (refused.code, refused.out) == (exit_codes.USER_ERROR, "")
    assert len(refused.err.splitlines()) == 1 and refused.err.startswith("error: ")
    assert not list(tmp_path.iterdir())


def test_verbose_says_where_an_error_comes_from(tmp_path: Path) -> None:
    quiet, loud = process("status", str(tmp_path)), process("-v", "status", str(tmp_path))
    assert quiet.returncode == loud.returncode == exit_codes.USER_ERROR
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in loud.stderr and loud.stderr.endswith(quiet.stderr)
    assert loud.stdout == ""


def test_exit_codes_are_documented_once_and_alike() -> None:
    table = exit_codes.table()
    assert [int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)] == [0, 1, 2, 130]
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")


# ---- terminals -------------------------------------------------------------------------------------------------------


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What the command writes to a terminal."""
    ours, its = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**plain, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    )
    os.close(its)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(ours)
    child.wait(30)
    return b"".join(pieces).decode()


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|38;5;\d+|38;2;[\d;]+)m")


def test_no_color_is_honoured() -> None:
    assert COLOUR.search(on_a_terminal("status", "--help"))
    assert not COLOUR.search(on_a_terminal("status", "--help", NO_COLOR="1"))
    assert not COLOUR.search(on_a_terminal("results", str(TINY), NO_COLOR="1"))


def test_shells_complete_commands_and_options() -> None:
    def offered(words: str, count: int) -> set[str]:
        asked = {"_DREAMSWEEP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        return set(process(**asked).stdout.split())

    assert offered("dreamsweep re", 1) == {"report", "results", "resume", "retry"}
    assert "--where" in offered("dreamsweep results --w", 2)
    script = process("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    assert "_DREAMSWEEP_COMPLETE=complete_bash" in script
