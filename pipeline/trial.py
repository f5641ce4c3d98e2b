"""One cell of a sweep: prompt x seed x variant, known by a hash of exactly that content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

# Raised when the meaning of a trial's content changes, so that old results are not taken for new ones.
CONTENT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`config` is the whole resolved `dreamcore` config and `prior` the resolved prior (kind, model, revision), both as
    plain data. Not part of the id are `variant`, the name of the cell of the grid, `tags`, which are the prompt's, and
    `parent`: the trial that diverged and whose place this one takes, empty for a trial that was asked for."""

    trial_id: str
    prompt: str
    seed: int
    variant: str
    config: Mapping[str, Any]
    prior: Mapping[str, Any]
    tags: Mapping[str, str]
    parent: str = ""

    @property
    def steps(self) -> int:
        return int(self.config["steps"])


def trial_id(prompt: str, seed: int, config: Mapping[str, Any], prior: Mapping[str, Any]) -> str:
    """20 hexadecimal digits of SHA-256 over the canonical JSON of the content."""
    content = {"version": CONTENT_VERSION, "prompt": prompt, "seed": seed, "config": config, "prior": prior}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def reseeded(trial: Trial) -> Trial:
    """The same trial with another seed, always the same one, to take the place of a trial that diverged."""
    seed = int.from_bytes(hashlib.sha256(f"reseed:{trial.trial_id}".encode()).digest()[:8]) >> 1
    key = trial_id(trial.prompt, seed, trial.config, trial.prior)
    return replace(trial, trial_id=key, seed=seed, parent=trial.trial_id)


def check_trial_id(text: str) -> str:
    """`text` if it is a trial id. Raises ValueError: ids become storage keys, so nothing else may pass."""
    if len(text) != 20 or any(character not in "0123456789abcdef" for character in text):
        raise ValueError(f"{text!r} is no trial id (20 hexadecimal digits)")
    return text
