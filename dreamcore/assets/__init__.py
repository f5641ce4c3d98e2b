"""Bundled weights, each folder with its model card. They are data: nothing here is imported except the paths."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

EMBEDDED_PRIOR = _HERE / "embedded_prior"
MINILM = _HERE / "minilm"
JUDGE = _HERE / "judge"
