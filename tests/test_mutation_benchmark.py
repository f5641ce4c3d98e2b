"""The arithmetic of the mutation scores, and that they are of modules and tests that there are."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from benchmarks.mutation import MODULES, configuration, score

ROOT = Path(__file__).resolve().parent.parent


def test_a_change_is_missed_if_tests_pass_or_never_run_it() -> None:
    found = score({"a": 1, "b": 0, "c": 33, "d": -24, "e": 1})
    assert (found.noticed, found.missed, found.share) == (3, ["b", "c"], 0.6)
    assert score({}).share == 1.0
    with pytest.raises(ValueError, match="1 changes were not tried, as b"):
        score({"a": 1, "b": None})


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_tests_are_there_and_only_they_are_touched(module: str) -> None:
    assert all((ROOT / path).is_file() for path in (module, *MODULES[module]))
    settings = tomllib.loads(configuration((ROOT / "pyproject.toml").read_text(encoding="utf-8"), module))
    assert settings["tool"]["mutmut"]["only_mutate"] == [module]
    assert not [option for option in settings["tool"]["pytest"]["ini_options"]["addopts"] if "jaxtyping" in option]
