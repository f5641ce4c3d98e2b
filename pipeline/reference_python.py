"""docs/python.md: the public names of both packages, from their signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Iterator
from typing import Any

import dreamcore
import pipeline

_INTRODUCTION = """# Python

Generated from the code by `python -m pipeline.reference`; a test compares the two. What is on this page changes only as
[versions](versions.md) says; everything else may change at any time. Both packages are typed (`py.typed`).

`pipeline` reads sweeps:

```python
import pipeline

sweep = pipeline.open("runs/quickstart")
best = sweep.best()
sweep.trial(best["trial_id"][0])  # in a notebook: what it is, and its views
```

`dreamcore` is the algorithm without the sweeps; it needs no Ray, no storage and no YAML:

```python
from dataclasses import replace

from dreamcore import Pack, Scene, load_prior, preset

pack = Pack(load_prior("embedded"))
pack.join("mug", Scene.create("a red mug", 0, replace(preset("quick"), steps=2)))
while not pack.step()[0].finished:
    pass
scene = pack.leave("mug")
```
"""


def python_reference() -> str:
    """The whole page as Markdown."""
    parts = [_INTRODUCTION]
    for package in (pipeline, dreamcore):
        parts.append(f"## {package.__name__}")
        parts += [_entry(package, name) for name in package.__all__ if name != "__version__"]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _entry(package: types.ModuleType, name: str) -> str:
    value = getattr(package, name)
    title = f"### {package.__name__}.{name}"
    if inspect.isclass(value):
        return "\n\n".join([title, *_class(value)])
    if callable(value):
        return f"{title}\n\n`{name}{_signature(value)}`\n\n{_text(value)}"
    kinds = " or ".join(f"`{kind.__name__}`" for kind in value.__args__)
    return f"{title}\n\n{kinds}, in `dreamcore.config`."


def _class(kind: type) -> Iterator[str]:
    yield _text(kind)
    if dataclasses.is_dataclass(kind):
        fields = [field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")]
        yield "Fields: " + ", ".join(f"`{name}`" for name in fields) + "."
    methods = [f"- `{name}`: {_text(method)}" if _text(method) else f"- `{name}`" for name, method in _methods(kind)]
    if methods:
        yield "\n".join(methods)


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    """What the class itself defines and documents, in order; a property by its name alone."""
    for name, member in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield name, member.fget
            continue
        function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
        if inspect.isfunction(function) and function.__doc__:
            yield f"{name}{_signature(function)}", function


class _Plain(str):
    """An annotation that is shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _signature(function: Any) -> str:
    """Without `self`."""
    signature = inspect.signature(inspect.unwrap(function))
    kept = [_plain(parameter) for parameter in signature.parameters.values() if parameter.name != "self"]
    return str(signature.replace(parameters=kept, return_annotation=_Plain(signature.return_annotation)))


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(annotation=_Plain(parameter.annotation))


def _text(value: Any) -> str:
    return " ".join((inspect.getdoc(value) or "").split())
