"""Frozen image-text models (CLIP and its relatives) through open_clip, which only this module imports.

B images or texts of one call, E values of an embedding. Weights come from safetensors files, or from PyTorch files that
hold tensors alone: nothing here runs code that a file brings along.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dreamcore.priors.base import resize_images

_FOLDER_CONFIG = "open_clip_config.json"
_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
_PARTS = ("embed_dim", "vision_cfg", "text_cfg")
_IDENTITY = re.compile(r"open_clip:.*@image-sha256-(?P<image>[0-9a-f]{64})\+text-sha256-[0-9a-f]{64}")

Tokenizer = Callable[[str], Int[Tensor, "1 tokens"]]


class ImageTextModel:
    """Images and texts as directions in one space. `identity` names the architecture and hashes the weights of either
    encoder as they were loaded, so that the same weights from another kind of file have the same hash."""

    def __init__(self, network: Any, tokenizer: Tokenizer, name: str, colors: tuple[Tensor, Tensor]) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._mean, self._deviation = (values[:, None, None] for values in colors)
        self._texts: dict[str, Tensor] = {}
        self.device = colors[0].device
        self.image_size = _side(network.visual.image_size)
        image, text = _digests(network)
        self.identity = f"open_clip:{name}@image-sha256-{image}+text-sha256-{text}"

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> Float[Tensor, "batch embedding"]:
        """Of length 1. Each text is embedded on its own and once; past the model's context it is cut."""
        for text in texts:
            if text not in self._texts:
                tokens = self._tokenizer(text).to(self._mean.device)
                self._texts[text] = self._network.encode_text(tokens, normalize=True)[0].float()
        return torch.stack([self._texts[text] for text in texts])

    def embed_images(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch embedding"]:
        """Of length 1, of images in [0, 1], which are brought to `image_size`. Differentiable by the images."""
        seen = (resize_images(images, self.image_size) - self._mean) / self._deviation
        embedding: Tensor = self._network.encode_image(seen, normalize=True)
        return embedding


def new_network(config: Mapping[str, Any]) -> nn.Module:
    """A network of open_clip with random weights, in float32 on the CPU. `config` is a `model_cfg`.

    Raises ValueError for a config that open_clip cannot build.
    """
    return _build(_Plan("a new network", "", config, {}, Path()))


def same_image_encoder(one: str, other: str) -> bool:
    """Whether two identities share the weights that look at images. What such a model guided it must not judge."""
    found = [_IDENTITY.fullmatch(identity) for identity in (one, other)]
    hashes = [match["image"] if match else None for match in found]
    return one == other or (hashes[0] is not None and hashes[0] == hashes[1])


@functools.cache
def load_image_text(model: str, pretrained: str, device: torch.device) -> ImageTextModel:
    """The model, loaded once a process and device. `model` is an architecture that open_clip knows, a folder with
    `open_clip_config.json` and weights, or a JSON file with an architecture; `pretrained` is a tag of that architecture
    or a checkpoint file, and empty for a folder. Messages name the two as `guidance.model` and `guidance.pretrained`.

    Raises ValueError for what is unknown, absent, damaged or cannot be downloaded.
    """
    plan = _plan(model, pretrained)
    network = _build(plan)
    _load_weights(network, plan)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    colors = tuple(torch.tensor(plan.preprocess[key], device=device) for key in ("mean", "std"))
    built = ImageTextModel(network.eval(), _tokenizer(plan), plan.name, (colors[0], colors[1]))
    network.to(device)
    return built


# ---- what is asked for -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plan:
    """`source` is what open_clip calls the model when it looks for a tokenizer, empty for a JSON file."""

    name: str
    source: str
    config: Mapping[str, Any]
    preprocess: Mapping[str, Any]
    weights: Path

    @property
    def named(self) -> str:
        return f"image-text model {self.name!r} with {self.weights}"


def _plan(model: str, pretrained: str) -> _Plan:
    path = Path(model).expanduser()
    if path.is_dir():
        return _plan_folder(path, pretrained)
    if path.suffix == ".json":
        whole = _read_config(path, "guidance.model")
        return _plan_of(path.stem, "", whole, _checkpoint(pretrained, "a JSON file has no tags"))
    return _plan_known(model, pretrained)


def _plan_of(name: str, source: str, whole: Mapping[str, Any], weights: Path) -> _Plan:
    from open_clip import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    usual = {"mean": OPENAI_DATASET_MEAN, "std": OPENAI_DATASET_STD}
    given = {key: whole.get("preprocess_cfg", {}).get(key) or value for key, value in usual.items()}
    return _Plan(name, source, whole["model_cfg"], given, weights)


def _plan_folder(folder: Path, pretrained: str) -> _Plan:
    if pretrained:
        raise ValueError(
            f"guidance.pretrained = {pretrained!r}: {folder} is a folder, which has its own weights. Set "
            'guidance.pretrained to ""'
        )
    whole = _read_config(folder / _FOLDER_CONFIG, "guidance.model")
    found = [file for suffix in _SUFFIXES for file in sorted(folder.glob(f"open_clip*{suffix}"))]
    if not found:
        raise ValueError(
            f"guidance.model = {str(folder)!r}: there are no weights (open_clip_model.safetensors) in this folder. "
            "Download or save the whole model again"
        )
    return _plan_of(folder.resolve().name, f"local-dir:{folder}", whole, found[0])


def _read_config(file: Path, key: str) -> dict[str, Any]:
    """`model_cfg` and `preprocess_cfg`; a file may also hold the former alone, as those of open_clip do."""
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{key}: {file} is missing. It says what the model is made of") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{key}: {file} is damaged ({error}). Download or save it again") from error
    inner = whole.get("model_cfg", whole) if isinstance(whole, dict) else None
    if not isinstance(inner, dict) or not set(_PARTS) <= inner.keys():
        raise ValueError(f"{key}: {file} is no architecture of open_clip: it lacks {', '.join(_PARTS)}")
    return {**whole, "model_cfg": inner}


def _plan_known(model: str, pretrained: str) -> _Plan:
    import open_clip

    known = open_clip.list_models()
    if model not in known:
        near = difflib.get_close_matches(model, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"guidance.model = {model!r}: there is no such folder or JSON file, nor does open_clip know an "
            f"architecture of that name.{hint} `open_clip.list_models()` lists them"
        )
    tags = open_clip.list_pretrained_tags_by_model(model)
    tag = open_clip.get_pretrained_cfg(model, pretrained)
    config = {**open_clip.get_model_config(model)}
    if not tag:
        near = difflib.get_close_matches(pretrained, tags, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        listed = f"{hint}the tags of {model} are {', '.join(tags)}" if tags else f"{model} has no tags"
        return _plan_of(model, model, {"model_cfg": config}, _checkpoint(pretrained, listed))
    # with the other activation the weights load and see wrongly; open_clip only warns
    config["quick_gelu"] = bool(tag.get("quick_gelu", False))
    return _plan_of(model, model, {"model_cfg": config, "preprocess_cfg": tag}, _download(model, pretrained, tag))


def _checkpoint(pretrained: str, otherwise: str) -> Path:
    file = Path(pretrained).expanduser()
    if not pretrained or not file.is_file():
        raise ValueError(f"guidance.pretrained = {pretrained!r}: there is no such checkpoint file, and {otherwise}")
    return file


def _download(model: str, pretrained: str, tag: Mapping[str, Any]) -> Path:
    """The tag's weights in the cache of the Hugging Face hub, downloaded if need be and allowed (HF_HUB_OFFLINE)."""
    from open_clip.pretrained import download_pretrained

    try:
        return Path(download_pretrained(dict(tag)))
    except (OSError, ValueError, RuntimeError) as error:
        repository = str(tag.get("hf_hub", "")).rpartition("/")[0]
        raise ValueError(
            f"guidance.pretrained = {pretrained!r}: these weights of {model} are not on this machine and cannot be "
            f"downloaded ({_reason(error)}). Where there is a network and HF_HUB_OFFLINE is not set run `hf download "
            f"{repository} --local-dir FOLDER`, then set guidance.pretrained to the .safetensors file in that folder"
            f"{_also(model, tag)}"
        ) from error


def _also(model: str, tag: Mapping[str, Any]) -> str:
    """A tag brings its activation along, a file does not."""
    import open_clip

    quick = f"{model}-quickgelu"
    return f" and guidance.model to {quick}" if tag.get("quick_gelu") and quick in open_clip.list_models() else ""


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


# ---- building and loading --------------------------------------------------------------------------------------------


def _build(plan: _Plan) -> nn.Module:
    """The network in float32 on the CPU, with random weights."""
    import open_clip

    config = json.loads(json.dumps(plan.config))
    # without these two, encoders from other libraries would be downloaded once more, only to be overwritten
    if "timm_model_name" in config["vision_cfg"]:
        config["vision_cfg"]["timm_model_pretrained"] = False
    if "hf_model_name" in config["text_cfg"]:
        config["text_cfg"]["hf_model_pretrained"] = False
    custom = config.pop("custom_text", False) or "hf_model_name" in config["text_cfg"]
    if "multimodal_cfg" in config:
        raise ValueError(f"guidance.model = {plan.name!r}: captioning models (CoCa) are not supported")
    try:
        network: nn.Module = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config)
    except Exception as error:  # whatever a config that does not fit leads to
        raise ValueError(
            f"guidance.model = {plan.name!r}: open_clip cannot build it ({type(error).__name__}: {_reason(error)})"
        ) from error
    return network


def _load_weights(network: nn.Module, plan: _Plan) -> None:
    import open_clip

    if plan.weights.suffix not in _SUFFIXES:
        raise ValueError(f"guidance.pretrained: {plan.weights} must be a file of {', '.join(_SUFFIXES)}")
    try:
        open_clip.load_checkpoint(network, str(plan.weights), strict=True, weights_only=True)
    except Exception as error:  # a file of somebody else's can be wrong in any way
        raise ValueError(
            f"{plan.named}: the weights cannot be loaded ({type(error).__name__}: {_reason(error)}). The file must "
            "hold the tensors of just this architecture and nothing else: safetensors, or a PyTorch state dict (no "
            "whole model, no TorchScript)"
        ) from error


def _tokenizer(plan: _Plan) -> Tokenizer:
    import open_clip

    text = plan.config["text_cfg"]
    if not plan.source:
        if text.get("hf_tokenizer_name"):
            raise ValueError(
                f"guidance.model = {plan.name!r}: its tokenizer is one of the hub. Put its files, the JSON as "
                f"{_FOLDER_CONFIG} and the weights into one folder, and set guidance.model to that"
            )
        simple: Tokenizer = open_clip.SimpleTokenizer(context_length=text.get("context_length", 77))
        return simple
    try:
        found: Tokenizer = open_clip.get_tokenizer(plan.source)
    except Exception as error:  # some need packages of their own, or files of the hub
        raise ValueError(
            f"{plan.named}: its tokenizer cannot be loaded ({type(error).__name__}: {_reason(error)})"
        ) from error
    return found


def _side(size: object) -> int:
    """The side of the square images that a network sees."""
    sides = set(size) if isinstance(size, tuple | list) else {size}
    (side,) = sides
    return int(str(side))


def _digests(network: nn.Module) -> tuple[str, str]:
    """SHA-256 of the image encoder's weights and of all others."""
    parts = {True: hashlib.sha256(), False: hashlib.sha256()}
    for name, value in sorted(network.state_dict().items()):
        digest = parts[name.startswith("visual.")]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.cpu().contiguous().numpy().data)
    return parts[True].hexdigest(), parts[False].hexdigest()
