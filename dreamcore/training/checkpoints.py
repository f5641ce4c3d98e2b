"""Files of a training that may be cut off at any moment: each is written beside its place and then renamed.

A checkpoint is one safetensors file; what is no tensor is JSON in its header, so that the two cannot disagree.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

PART_BYTES = 15 * 2**20
_FACTS = "facts"


def write(path: Path, fill: Callable[[Path], object]) -> None:
    """Have `fill` write a file that appears at `path` only once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    fill(unfinished)
    os.replace(unfinished, path)


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """`facts` is what JSON can hold."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write(path, lambda place: save_file(plain, place, metadata={_FACTS: json.dumps(facts)}))


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors on the CPU, and facts. Raises ValueError for a file that is missing or no checkpoint."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged or no checkpoint ({error})") from error
    return tensors, facts


def split_file(path: Path, size: int = PART_BYTES) -> list[Path]:
    """Replace a file by parts of at most `size` bytes, `name.000`, `name.001` and so on."""
    assert size > 0
    parts: list[Path] = []
    with path.open("rb") as whole:
        while (piece := whole.read(size)) or not parts:
            part = path.with_name(f"{path.name}.{len(parts):03}")
            part.write_bytes(piece)
            parts.append(part)
    path.unlink()
    return parts


def join_file(path: Path) -> None:
    """Undo `split_file`. Raises ValueError if a part is missing."""
    parts = sorted(path.parent.glob(f"{path.name}.[0-9][0-9][0-9]"))
    numbers = [int(part.suffix[1:]) for part in parts]
    if not parts or numbers != list(range(len(parts))):
        raise ValueError(f"{path}: parts are missing; there are {', '.join(part.name for part in parts) or 'none'}")

    def fill(place: Path) -> None:
        with place.open("wb") as whole:
            for part in parts:
                whole.write(part.read_bytes())

    write(path, fill)
    for part in parts:
        part.unlink()
