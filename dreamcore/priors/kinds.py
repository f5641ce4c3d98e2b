"""The priors there are and the options each takes. Imports nothing heavy: a sweep is checked without PyTorch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


class Option(Protocol):
    """What an option of a prior may be. `default` is the value of an option that is not given."""

    @property
    def default(self) -> object: ...

    def fault(self, value: object) -> str:
        """What is wrong with `value`, to stand behind the option's name and the value; empty if nothing is."""
        ...


@dataclass(frozen=True)
class Choice:
    """One of `values`, of which the first is the default."""

    values: tuple[object, ...]

    @property
    def default(self) -> object:
        return self.values[0]

    def fault(self, value: object) -> str:
        # True == 1 and 64.0 == 64, but neither is what such an option means.
        if any(type(value) is type(choice) and value == choice for choice in self.values):
            return ""
        return f"must be one of {', '.join(map(str, self.values))}"


@dataclass(frozen=True)
class Text:
    """Text that `pattern` matches as a whole; `meaning` says so in words. Empty text is the default and stands for an
    option that is not given, which a `required` one must be."""

    pattern: str
    meaning: str
    required: bool = False
    default: str = ""

    def fault(self, value: object) -> str:
        given = isinstance(value, str) and value != ""
        fits = isinstance(value, str) and (re.fullmatch(self.pattern, value) if given else not self.required)
        return "" if fits else f"must be {self.meaning}"


@dataclass(frozen=True)
class Flag:
    """True or false."""

    default: bool = False

    def fault(self, value: object) -> str:
        return "" if isinstance(value, bool) else "must be true or false"


_DTYPE = Choice(("auto", "float32", "bfloat16", "float16"))
_PIPELINE: Mapping[str, Option] = {
    "model": Text(r"(?!\w+://)[^\0\n]+", "a pipeline's folder, or the id of a model like owner/name", required=True),
    "revision": Text(r"[0-9a-f]{40}", "the 40 hexadecimal digits of a commit: branches and tags can move"),
    "subfolder": Text(r"(?!.*(?:^|/)\.\.?(?:/|$))[\w.-]+(?:/[\w.-]+)*", "a folder below the model's, like a/b"),
    "variant": Text(r"[A-Za-z0-9_-]+", "the variant in the weights' file names, like fp16"),
    "dtype": _DTYPE,
    "offline": Flag(),
    "cache": Text(r"[^\0\n]+", "a folder for the prompts' embeddings"),
}

# The bundled weights, by the first digits of SHA-256 over the hashes of network and text encoder. It is part of the id
# of every trial that they guide, so that other weights are other trials.
EMBEDDED_REVISION = "eba06f4abac8aa3b"

# For every kind, its options.
PRIOR_OPTIONS: Mapping[str, Mapping[str, Option]] = {
    "embedded": {"dtype": _DTYPE, "revision": Choice((EMBEDDED_REVISION,))},
    "mixture": {"size": Choice((64, 32))},
    "stable_diffusion": _PIPELINE,
    "deepfloyd": _PIPELINE,
}
PRIOR_KINDS: tuple[str, ...] = tuple(PRIOR_OPTIONS)


def check_prior(kind: str, options: Mapping[str, object]) -> None:
    """Raises ValueError for a kind, an option or a value that is not known, with the known ones and the nearest, and
    for a required option that is missing."""
    if kind not in PRIOR_OPTIONS:
        raise ValueError(_unknown("prior", kind, PRIOR_KINDS))
    known = PRIOR_OPTIONS[kind]
    for name, value in options.items():
        if name not in known:
            raise ValueError(_unknown(f"option of prior {kind}:", name, known))
        fault = known[name].fault(value)
        if fault:
            raise ValueError(f"prior.{name} = {value!r}: {fault}")
    for name, option in known.items():
        fault = option.fault(option.default)
        if fault and name not in options:
            raise ValueError(f"prior.{name} is required for {kind}: {fault}")


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"unknown {what} {name}.{hint} Known: {', '.join(known)}"
