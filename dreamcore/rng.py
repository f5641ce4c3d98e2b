"""Random numbers as a function of (seed, step, purpose, index): nothing random is ever stored.

Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), so that the bits are the same on
every device, in every pack and after every resume. S scenes, each with its own seed and step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from jaxtyping import Float, Int, UInt64
from torch import Tensor

from dreamcore import kernels
from dreamcore.placement import placed

_MASK, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ROUNDS = 10

Words = UInt64[np.ndarray, " 4 *n"]


class Purpose(IntEnum):
    """What a draw is for. Numbers are part of the results' identity: add new ones at the end."""

    INITIAL = 0
    CAMERA = 1
    LIGHT = 2
    SHADING = 3
    JITTER = 4
    BACKGROUND = 5
    TIMESTEP = 6
    NOISE = 7
    CROP = 8
    LATENT = 9


def philox(counter: Words, key: UInt64[np.ndarray, " 2 *#n"]) -> Words:
    """Ten rounds of Philox4x32, on 32-bit words. In NumPy: most draws are of a few numbers, for which PyTorch's
    operations cost several times as much."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIER_0, c2 * _MULTIPLIER_1
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _MASK, (p0 >> _HALF) ^ c3 ^ k1, p0 & _MASK
        k0, k1 = (k0 + _WEYL_0) & _MASK, (k1 + _WEYL_1) & _MASK
    return np.stack([c0, c1, c2, c3])


@dataclass(frozen=True)
class Draws:
    """The draws of S scenes at their present steps. `seeds` and `steps` are int64 on the device of the draws."""

    seeds: Int[Tensor, " scenes"]
    steps: Int[Tensor, " scenes"]

    def to(self, device: torch.device) -> Draws:
        return Draws(placed(self.seeds, device), placed(self.steps, device))

    def bits(self, purpose: Purpose, count: int, stream: int = 0) -> Int[Tensor, "scenes count"]:
        """`count` random 32-bit words a scene. `stream` separates draws of one purpose and step."""
        word = (int(purpose) << 16) | stream
        if self.seeds.is_cuda and kernels.installed():
            from dreamcore import rng_cuda

            return rng_cuda.bits(self.seeds, self.steps, word, count)
        return self._bits_plainly(word, count).to(self.seeds.device)

    def _bits_plainly(self, word: int, count: int) -> Int[Tensor, "scenes count"]:
        seeds, steps = (values.cpu().numpy().astype(np.uint64)[:, None] for values in (self.seeds, self.steps))
        blocks = np.arange((count + 3) // 4, dtype=np.uint64)[None]
        counter = np.stack(np.broadcast_arrays(blocks, np.uint64(word), steps, np.uint64(0)))
        mixed = philox(counter, np.stack([seeds & _MASK, seeds >> _HALF]))
        words = mixed.transpose(1, 2, 0).reshape(len(seeds), -1)[:, :count]
        return torch.from_numpy(words.astype(np.int64))

    def uniform(self, purpose: Purpose, shape: tuple[int, ...], stream: int = 0) -> Float[Tensor, " scenes *shape"]:
        """Uniform in [0, 1), float32 with 24 random bits."""
        bits = self.bits(purpose, math.prod(shape), stream)
        return ((bits >> 8).to(torch.float32) * 2.0**-24).reshape(-1, *shape)

    def normal(self, purpose: Purpose, shape: tuple[int, ...], stream: int = 0) -> Float[Tensor, " scenes *shape"]:
        """Standard normal, float32, by Box and Muller."""
        count = math.prod(shape)
        bits = self.bits(purpose, 2 * ((count + 1) // 2), stream)
        u = ((bits >> 8).to(torch.float32) + 0.5) * 2.0**-24
        u1, u2 = u.chunk(2, dim=1)
        radius, angle = torch.sqrt(-2.0 * torch.log(u1)), (2.0 * math.pi) * u2
        values = torch.cat([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)
        return values[:, :count].reshape(-1, *shape)
