"""What the two packages offer by name: there, typed, and light until it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import dreamcore
import pipeline

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"dreamcore": dreamcore, "pipeline": pipeline}


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_every_public_name_is_there_and_documented(package: object) -> None:
    for name in package.__all__:  # type: ignore[attr-defined]
        value = getattr(package, name)
        assert name in {"__version__", "TrialConfig"} or value.__doc__, name
        assert name in dir(package)
    assert package.__version__ == version("dreamsweep")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = package.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PACKAGES)
def test_the_package_says_that_it_is_typed(name: str) -> None:
    assert (ROOT / name / "py.typed").read_bytes() == b""


def test_importing_both_is_cheap() -> None:
    code = "import dreamcore, pipeline, sys; print(sorted({'torch', 'pandas', 'pyarrow', 'ray'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
