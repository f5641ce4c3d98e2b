"""The loss of an image-text model: every image is to find its caption in the batch, and every caption its image.

Letters: b pairs of a batch, t traits of what is shown, e values of an embedding.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F


def targets(caption: Int[Tensor, " b"], traits: Int[Tensor, "b t"]) -> tuple[Bool[Tensor, "b b"], Bool[Tensor, "b b"]]:
    """Which pairs belong together, and which are left out.

    Equal captions belong together. Traits are numbers, -1 where one is not told or cannot be seen: if two pairs differ
    in none that both have, neither caption is wrong of the other's image, so that they are left out.
    """
    same = caption[:, None] == caption[None]
    one, other = traits[:, None], traits[None]
    agree = ((one == other) | (one < 0) | (other < 0)).all(-1)
    return same, agree & ~same


def contrastive_loss(
    images: Float[Tensor, "b e"],
    texts: Float[Tensor, "b e"],
    scale: Float[Tensor, ""],
    same: Bool[Tensor, "b b"],
    left_out: Bool[Tensor, "b b"],
) -> Float[Tensor, ""]:
    """Cross-entropy both ways of `scale` times the cosines (Radford et al. 2021, Fig. 3), with the same weight for all
    pairs that belong together. Embeddings have length 1; `same` and `left_out` are symmetric."""
    logits = (scale * images @ texts.T).masked_fill(left_out, -torch.inf)
    wanted = same / same.sum(1, keepdim=True)
    # 0 times the log of 0 is 0 here
    losses = [
        -(wanted * F.log_softmax(way, dim=1).masked_fill(left_out, 0.0)).sum(1).mean() for way in (logits, logits.T)
    ]
    return (losses[0] + losses[1]) / 2.0
