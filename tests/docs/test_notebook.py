"""The notebook runs on the sweep that comes along, and what it shows is what is there."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import marimo
import matplotlib.pyplot as plt
import pytest
from PIL import Image
from tiny_sweep import EXAMPLES, TINY, copy_tiny

import pipeline

NOTEBOOK = EXAMPLES / "query_a_sweep.py"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Any], Mapping[str, Any]]]:
    """What every cell shows, and every name that the cells define; on a copy, of which nothing is changed."""
    folder = tmp_path_factory.mktemp("examples")
    tiny = copy_tiny(folder / "tiny")
    before = {path: path.stat().st_mtime_ns for path in tiny.rglob("*")}
    space: dict[str, Any] = {"__name__": "notebook", "__file__": str(folder / NOTEBOOK.name)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "show", lambda *_, **__: pytest.fail("a window"))
        plt.switch_backend("agg")
        exec(compile(NOTEBOOK.read_text(encoding="utf-8"), str(NOTEBOOK), "exec"), space)
        assert isinstance(space["app"], marimo.App)
        shown, names = space["app"].run()
    yield list(shown), names
    plt.close("all")
    after = {path: path.stat().st_mtime_ns for path in tiny.rglob("*")}
    assert after == before, "it only reads; if judgements are kept in another way now, see examples/README.md"


def test_its_frames_are_those_of_the_sweep(ran: tuple[list[Any], Mapping[str, Any]]) -> None:
    _, names = ran
    assert len(names["trials"]) == 12 and set(names["trials"]["verdict"]) == {"healthy"}
    assert len(names["history"]) == 12 * 400
    assert [picture.size for picture in names["front"]["picture"]] == [(48, 48)] * 12
    expected = pipeline.open(str(TINY)).trials().groupby(["prompt", "variant"])["clip_score"].mean()
    assert names["means"]["clip_score"].tolist() == expected.tolist()
    assert sorted(set(names["best"]["prompt"])) == sorted(set(names["trials"]["prompt"]))
    assert names["compared"]["p"].between(0.0, 1.0).all()
    assert (names["spread"]["seeds"] == 3).all()


def test_every_cell_shows_something_and_figures_are_not_blank(ran: tuple[list[Any], Mapping[str, Any]]) -> None:
    shown, names = ran
    assert [output is not None for output in shown[1:]] == [True] * (len(shown) - 1)
    assert "data:image/png;base64," in names["trial"]._repr_html_()
    for figure in (names["curves"], names["sheet"], names["bars"]):
        data = io.BytesIO()
        figure.savefig(data, format="png")
        colours = Image.open(data).convert("RGB").getcolors(2**24)
        assert colours is not None and len(colours) > 20


def test_no_output_is_kept_in_the_file() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not re.search(r"base64|<table|iVBOR", text)
    tree = ast.parse(text)
    assert all(function.name != "_" for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)), "named"


def test_the_sweep_that_comes_along_is_small_and_whole() -> None:
    files = [path for path in TINY.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 800_000
    sweep = pipeline.open(str(TINY))
    planned = pipeline.load_spec(EXAMPLES / "tiny.yaml")
    assert len(sweep.trials("status == 'completed'")) == 2 * len(planned.seeds) * len(planned.configs())
    assert not [path for path in files if path.suffix in (".pkl", ".pt", ".safetensors")]
    assert Path(sweep.files("renders")[0]).is_file()
