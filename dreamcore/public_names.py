"""Public names of a package that are imported from their modules when they are first asked for (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def imported_when_asked_for(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of the package. `homes` has the module of each name; `__version__` is that of the installed
    distribution, which pyproject.toml alone states."""

    def getattr_of_package(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version

            return version("dreamsweep")
        if name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return getattr_of_package
