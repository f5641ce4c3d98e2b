"""A mapping of the spec as a pydantic model, and what pydantic finds wrong with it in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Immutable, exact types, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_WORDS = {
    "missing": "is required",
    "string_type": "must be text. Put words like yes and 12 in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be finite",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must not be empty",
    "too_long": "has too many entries, at most {max_length} are allowed",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


def fault_text(fault: Mapping[str, Any]) -> str:
    """What one entry of `ValidationError.errors()` says, to stand behind a key and its value."""
    words = _WORDS.get(fault["type"])
    return words.format(**fault.get("ctx", {})) if words else str(fault["msg"])
