"""Everything that a training of the prior looks at, ready on the device: pictures, their captions' features, a fixed
batch of held-out pictures, and the prompts that samples are drawn of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float16
from torch import Tensor

from dreamcore.objects.dataset import Pool
from dreamcore.training.batches import BatchSettings, Pictures, generator_at
from dreamcore.training.features import encode_captions
from dreamcore.training.prior_trainer import Examples, Table, draw_examples


@dataclass(frozen=True)
class Material:
    """What is learned, what the loss is watched on, and what is drawn. The last row of `table` has the features of the
    empty caption."""

    pictures: Pictures
    table: Table
    held_out: Examples
    prompts: Float16[Tensor, "p tokens features"]


def prepare(
    pool: Pool, held_out: Pool, prompts: Sequence[str], batch: BatchSettings, watched: int, device: torch.device
) -> Material:
    """`watched` is how many held-out pictures the loss is measured on: always the same, with the same noise and all
    with their captions."""
    seen, unseen = len(pool.captions), len(held_out.captions)
    features = encode_captions([*pool.captions, *held_out.captions, *prompts, ""], device)
    nothing = features[-1:]
    own = torch.cat([features[seen : seen + unseen], nothing])
    plain = replace(batch, size=watched, unconditional=0.0)
    generator = generator_at(device, "held out")
    watch = draw_examples(generator, Pictures(held_out.images, held_out.caption), own, plain)
    # a copy, so that the table can leave out the rows that training never reads
    table = torch.cat([features[:seen], nothing])
    asked = features[seen + unseen : -1].clone()
    return Material(Pictures(pool.images, pool.caption), table, watch, asked)
