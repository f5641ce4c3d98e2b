"""Every block of code in the documentation is run, read by what reads it, or named here with the reason why not.

Commands are parsed by the real command line, and those that only read are run on a finished sweep; YAML goes through
the spec's own reader; Python is run, page by page, in a folder where the sweeps that the pages speak of are.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer.main
import yaml
from commands import run
from tiny_sweep import copy_tiny

import pipeline
from pipeline.cli import app
from pipeline.plan import make_plan
from pipeline.prompts import load_prompts
from pipeline.spec import SweepSpec, parse_spec

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "examples/*.md", "sweeps/*.md", "dreamcore/**/*.md")
    for page in ROOT.glob(pattern)
)
SWEEPS = ("quickstart", "diversity", "mugs", "shelf", "light", "weights", "empty", "figure2", "paper")
FOREIGN = {
    "apt-get",
    "aws",
    "docker",
    "export",
    "hf",
    "jq",
    "kubectl",
    ".venv/bin/marimo",
    "openssl",
    "ray",
    "sbatch",
    "tar",
    "torchrun",
    "$EDITOR",
}
READING = {"diversity", "doctor", "evaluate", "plan", "results", "rprecision", "sheet", "status"}
PARSED_ONLY = {
    "evaluate sweeps/diversity.yaml": "its captions are not those of the sweep that stands in for it",
    "doctor": "looks at the whole machine: tests/pipeline/test_doctor.py",
    "diversity runs/light": "compares variants that the sweep that stands in for it does not have",
}
NOT_RUN = {
    "docs/training.md": "draws emoji of a package that has to be fetched first",
    "docs/log.md": "speaks of a sweep of images of 64 pixels",
}


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks, those in lists without their indentation."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^( *)```(\S*)[^\n]*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        inner = re.sub(rf"^{found[1]}", "", found[3], flags=re.MULTILINE)
        yield Block(str(page.relative_to(ROOT)), text[: found.start()].count("\n") + 1, found[2], inner)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def commands(block: Block) -> list[list[str]]:
    """The commands of a shell block as words, those of a pipe one by one; lines that end in a backslash go on."""
    lines = block.text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    pipes = [list(part) for line in words for bar, part in itertools.groupby(line, lambda word: word == "|") if not bar]
    return [command for command in pipes if command]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the sweeps of the checkout, the finished one under every name that a page uses, and the specs that
    the pages tell to write."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("sweeps", "examples", "dreamcore"):
        (folder / name).symlink_to(ROOT / name)
    for name in SWEEPS:
        copy_tiny(folder / "runs" / name)
    for block in of("yaml"):
        data = yaml.safe_load(block.text)
        if is_spec(data) and data["name"] not in ("cheap",):
            (folder / f"{data['name']}.yaml").write_text(block.text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def is_spec(data: dict[str, object]) -> bool:
    return {"name", "prompts"} <= set(data)


def test_there_is_no_other_language() -> None:
    assert {block.language for block in BLOCKS} <= {"", "sh", "yaml", "python", "json", "{toctree}"}
    assert len(BLOCKS) > 80


def test_blocks_without_a_language_are_no_code() -> None:
    for block in of(""):
        assert not re.search(r"^(dreamsweep|make|python|import|\$) ", block.text, re.MULTILINE), str(block)


# ---- shell -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_every_command_is_one_that_there_is(block: Block) -> None:
    for given in commands(block):
        words = list(itertools.dropwhile(lambda word: re.fullmatch(r"[A-Z_]+=\S*", word), given))  # variables first
        program, rest = Path(words[0]).name, words[1:]
        if program == "dreamsweep":
            parse(rest)
        elif program == "make":
            targets = [word for word in rest if "=" not in word]
            makefile = (ROOT / "Makefile").read_text()
            assert targets and all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
        elif program == "python":
            check_module(rest)
        else:
            assert words[0] in FOREIGN, f"{block}: {words[0]}"
            if program == "torchrun":
                check_module(rest[rest.index("-m") :])


def parse(words: list[str]) -> None:
    """By the real command line, without doing it."""
    group = typer.main.get_command(app)
    if words[0].startswith("-"):
        group.make_context("dreamsweep", words, resilient_parsing=True)
        return
    group.commands[words[0]].make_context(words[0], words[1:])  # type: ignore[attr-defined]


def check_module(words: list[str]) -> None:
    """`python -m MODULE --option ...`: the module is there, and its text has the options."""
    assert words[0] == "-m"
    if words[1] in ("pip", "pytest"):
        return
    name = (
        f"tests.{words[1]}" if (ROOT / "tests" / words[1].replace(".", "/")).with_suffix(".py").exists() else words[1]
    )
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None, words
    source = Path(spec.origin).read_text(encoding="utf-8")
    for word in words[2:]:
        if word.startswith("-"):
            assert f'"{word}"' in source, f"{words[1]} has no {word}"


def test_a_command_that_is_not_there_is_found() -> None:
    with pytest.raises(KeyError):
        parse(["runn", "x.yaml"])
    with pytest.raises(Exception, match="No such option"):
        parse(["run", "x.yaml", "--fast"])
    with pytest.raises(AssertionError, match="has no --jugde"):
        check_module(["-m", "dreamcore.evaluate.calibration", "--jugde", "x"])


def readable() -> list[tuple[Block, list[str]]]:
    """Commands that change nothing, on targets that a reader of the pages has."""
    found = []
    for block in of("sh"):
        for words in commands(block):
            if words[0] != "dreamsweep" or words[1] not in READING or "://" in " ".join(words):
                continue
            if not any(" ".join(words[1:]).startswith(each) for each in PARSED_ONLY):
                found.append((block, words[1:]))
    return found


@pytest.mark.parametrize(("block", "words"), readable(), ids=lambda value: value if isinstance(value, Block) else "")
def test_commands_that_only_read_are_run(block: Block, words: list[str], place: Path) -> None:
    done = run(*words)
    assert done.code == 0, f"{block}: {' '.join(words)}\n{done.err}"
    assert done.out


def test_many_commands_are_run() -> None:
    assert {words[0] for _, words in readable()} == READING - {"doctor"}
    everything = [" ".join(words[1:]) for block in of("sh") for words in commands(block) if words[0] == "dreamsweep"]
    for start in PARSED_ONLY:
        assert any(line.startswith(start) for line in everything), f"{start} is nowhere: take it off the list"


# ---- YAML, JSON ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_every_spec_is_read_and_planned(block: Block) -> None:
    data = yaml.safe_load(block.text)
    assert set(data) <= set(SweepSpec.model_fields)
    text = block.text if is_spec(data) else f"name: fragment\nprompts: [a mug]\n{block.text}"
    spec = parse_spec(text, str(block), ROOT / "sweeps")
    trials = make_plan(spec, load_prompts(spec.prompts, ROOT / "sweeps")).trials
    assert len(trials) == len({trial.trial_id for trial in trials}) > 0


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


# ---- Python ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", sorted({block.page for block in of("python")}))
def test_python_is_run_page_by_page(page: str, place: Path) -> None:
    """In one namespace a page, with what a reader has by then: `sweep`, and the modules that pages do not import."""
    names = {"pipeline": pipeline, "sweep": pipeline.open("runs/quickstart"), "np": np, "itertools": itertools}
    for block in of("python"):
        if block.page == page:
            code = compile(block.text.replace("captions=...", "captions=None"), str(block), "exec")
            if page not in NOT_RUN:
                exec(code, names)


def test_what_is_not_run_is_still_there() -> None:
    assert set(NOT_RUN) <= {block.page for block in of("python")}
