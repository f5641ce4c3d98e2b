"""Variants: names, order, and what a listed one and a grid may set."""

from __future__ import annotations

from typing import Any

import pytest

from dreamcore.plain import override
from dreamcore.presets import preset
from pipeline.document import dotted
from pipeline.variants import override_problems, resolve, variants


def test_without_any_there_is_the_base() -> None:
    assert list(variants({}, {})) == [("base", {})]


def test_the_last_grid_key_moves_fastest() -> None:
    names = [name for name, _ in variants({}, {"guidance.scale": (20, 100.5), "steps": (10, 20)})]
    assert names == [
        "guidance.scale=20,steps=10",
        "guidance.scale=20,steps=20",
        "guidance.scale=100.5,steps=10",
        "guidance.scale=100.5,steps=20",
    ]


def test_listed_variants_keep_their_names_and_meet_every_cell() -> None:
    listed = {"b": {"views": 2}, "a": {}}
    assert list(variants(listed, {})) == [("b", {"views": 2}), ("a", {})]
    assert list(variants(listed, {"steps": (1, 2)})) == [
        ("b/steps=1", {"views": 2, "steps": 1}),
        ("b/steps=2", {"views": 2, "steps": 2}),
        ("a/steps=1", {"steps": 1}),
        ("a/steps=2", {"steps": 2}),
    ]


def test_values_that_are_no_numbers_have_short_names_too() -> None:
    grid = {"render.background": ("learned",), "prompt.view_dependent": (True,), "camera.radius": ((1, 2.5),)}
    names = [name for name, _ in variants({}, {**grid, "loss.opacity": ({"end": 1},)})]
    expected = 'render.background=learned,prompt.view_dependent=true,camera.radius=[1,2.5],loss.opacity={"end":1}'
    assert names == [expected]


def test_configs_are_the_base_with_the_overrides() -> None:
    base = preset("quick")
    made = dict(resolve(base, {"a": {"views": 2}}, {"steps": (7,)}))
    assert made == {"a/steps=7": override(override(base, {"views": 2}), {"steps": 7})}


def _places(data: dict[str, Any]) -> list[str]:
    return [dotted(problem.place) for problem in override_problems(data)]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"set": {"guidance.t_min": 0.985, "guidance.t_max": 0.99}},
        # a value that is bad with the preset but good in every cell
        {"set": {"guidance.t_max": 0.99}, "grid": {"guidance.t_min": (0.985, 0.02)}},
        {"grid": {"guidance.t_min": (0.985,), "guidance.t_max": (0.99,)}},
        {"variants": {"a": {"steps": 1}, "b": None}, "grid": {"views": (1, 2)}},
        # what is no mapping or list is for others to complain about
        {"set": 3, "grid": ("a",), "variants": {"a": 3}, "preset": ("x",)},
        {"grid": {"steps": 3}, "preset": "none"},
    ],
)
def test_no_problem(data: dict[str, Any]) -> None:
    assert override_problems(data) == []


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ({"set": {"guidance.scal": 1, "steps": 0, "views": 1}}, ["set.guidance.scal", "set.steps"]),
        ({"set": {"guidance.t_min": 0.6, "guidance.t_max": 0.5}}, ["set.guidance.t_max"]),
        ({"set": {"guidance.scale": 1, "guidance": {"scale": 2}}}, ["set.guidance"]),
        ({"variants": {"a": {"steps": 0}, "b": {"steps": 1}}}, ["variants.a.steps"]),
        ({"grid": {"steps": (1, 0, "x")}}, ["grid.steps[1]", "grid.steps[2]"]),
        ({"grid": {"steps": (0,), "views": (1, 2, 3)}}, ["grid.steps[0]"]),
        ({"grid": {"guidance.scale": (1,), "guidance": ({"t_min": 0.1},)}}, ["grid.guidance"]),
        ({"variants": {"a": {"guidance": {"scale": 1}}}, "grid": {"guidance.scale": (1,)}}, ["variants.a.guidance"]),
        ({"variants": {"a": {"steps": 1}}, "grid": {"steps": (1,)}}, ["variants.a.steps"]),
        ({"grid": {"steps": tuple(range(1, 102)), "views": tuple(range(1, 101))}}, ["grid"]),
    ],
)
def test_each_problem_has_its_place(data: dict[str, Any], places: list[str]) -> None:
    assert _places(data) == places
