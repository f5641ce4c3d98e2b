"""What the judge learns from: renders, and what can be said of each.

Letters: v views, c captions, t traits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, UInt8
from tokenizers import Tokenizer
from torch import Tensor

from dreamcore.objects.captions import Words
from dreamcore.objects.dataset import Pool
from dreamcore.prompts import view_index
from dreamcore.texts import VIEW_WORDS


@dataclass(frozen=True)
class Said:
    """Of every view, the number of its caption, of the one that also says from where it is seen (-1 for things without
    a front), and its traits: the thing, its main paint, its second paint, the direction. A trait is -1 where a caption
    may say anything: paints of views without texture, and second paints that are not named."""

    captions: tuple[str, ...]
    plain: Int[Tensor, " v"]
    viewed: Int[Tensor, " v"]
    traits: Int[Tensor, "v 4"]


def say(pool: Pool) -> Said:
    """Views without texture are captioned by their shape; every other one as if it had colours, so that among captions
    that name some, those of the right shape are nearest."""
    bare = pool.textureless.cpu()
    shape_only = bare & (bare.cumsum(0) % 2 == 1)
    words = [pool.words[index] for index in pool.scene.tolist()]
    plain = [one.bare if alone else one.base for one, alone in zip(words, shape_only.tolist(), strict=True)]
    direction = view_index(pool.azimuth.cpu(), pool.elevation.cpu())
    viewed = [
        f"{text}, {VIEW_WORDS[index]}" if one.directional else None
        for one, text, index in zip(words, plain, direction.tolist(), strict=True)
    ]
    captions = tuple(dict.fromkeys([*plain, *(text for text in viewed if text is not None)]))
    number = {text: index for index, text in enumerate(captions)}
    looks = torch.stack([_numbers(one.looks for one in words), _numbers(one.second or None for one in words)], 1)
    traits = [_numbers(map(_thing, words))[:, None], looks.masked_fill(bare[:, None], -1), direction[:, None]]
    return Said(
        captions,
        torch.tensor([number[text] for text in plain]),
        torch.tensor([-1 if text is None else number[text] for text in viewed]),
        torch.cat(traits, 1),
    )


def _thing(words: Words) -> Hashable:
    """What is shown, however it is called; only the bare caption has its count."""
    return words.kind, words.things, words.bare if words.kind == "count" else ""


def _numbers(keys: Iterable[Hashable]) -> Int[Tensor, " v"]:
    """Equal numbers for equal keys, -1 for None."""
    places: dict[Hashable, int] = {}
    return torch.tensor([-1 if key is None else places.setdefault(key, len(places)) for key in keys])


def tokens_of(tokenizer: Tokenizer, captions: Sequence[str]) -> Int[Tensor, "c context"]:
    """Padded to the context's length."""
    return torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(list(captions))])


@dataclass(frozen=True)
class Material:
    """All of it on the device; see `Said`. `tokens` are those of the captions."""

    images: UInt8[Tensor, "v side side 4"]
    plain: Int[Tensor, " v"]
    viewed: Int[Tensor, " v"]
    traits: Int[Tensor, "v 4"]
    tokens: Int[Tensor, "c context"]

    @staticmethod
    def of(pool: Pool, said: Said, tokenizer: Tokenizer) -> Material:
        to = pool.images.device
        tokens = tokens_of(tokenizer, said.captions).to(to)
        return Material(pool.images, said.plain.to(to), said.viewed.to(to), said.traits.to(to), tokens)


@dataclass(frozen=True)
class Probe:
    """Views that are to retrieve their own among some captions."""

    images: UInt8[Tensor, "v side side 4"]
    tokens: Int[Tensor, "c context"]
    own: Int[Tensor, " v"]


def probe(pool: Pool, tokenizer: Tokenizer, textureless: bool) -> Probe | None:
    """The views of one kind among all plain captions of that kind; None if there are no such views."""
    chosen: Bool[Tensor, " v"] = pool.textureless == textureless
    words = [pool.words[index] for index in pool.scene[chosen].tolist()]
    texts = [one.bare if textureless else one.base for one in words]
    captions = sorted(set(texts))
    if not captions:
        return None
    to = pool.images.device
    own = torch.tensor([captions.index(text) for text in texts], device=to)
    return Probe(pool.images[chosen], tokens_of(tokenizer, captions).to(to), own)


def over_white(images: UInt8[Tensor, "v side side 4"]) -> Float[Tensor, "v 3 side side"]:
    """In [0, 1]."""
    layers = images.permute(0, 3, 1, 2).float() / 255.0
    return layers[:, :3] + 1.0 - layers[:, 3:]
