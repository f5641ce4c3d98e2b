"""`Draws.bits` as one Triton kernel, which has Philox4x32-10 built in."""

# Triton reads its functions as source and knows no annotations but constexpr; jaxtyping's import hook would wrap them.
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

from typing import no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Int
from torch import Tensor

_BLOCKS = 256  # of four words, a program


def bits(seeds: Int[Tensor, " scenes"], steps: Int[Tensor, " scenes"], word: int, count: int) -> Int[Tensor, "s n"]:
    """`count` random 32-bit words a scene, as int64; `word` tells draws of one step apart."""
    blocks = (count + 3) // 4
    found = torch.empty(len(seeds), blocks, 4, dtype=torch.int64, device=seeds.device)
    if found.numel():
        _bits[(triton.cdiv(blocks, _BLOCKS), len(seeds))](found, seeds, steps, word, blocks, BLOCKS=_BLOCKS)
    return found.flatten(1)[:, :count]


@triton.jit
@no_type_check
def _bits(found, seeds, steps, word, blocks, BLOCKS: tl.constexpr):
    scene = tl.program_id(1)
    block = tl.program_id(0) * BLOCKS + tl.arange(0, BLOCKS)
    seed = tl.load(seeds + scene)
    step = (block * 0 + tl.load(steps + scene).to(tl.int32)).to(tl.uint32)
    kind = (block * 0 + word).to(tl.uint32)
    w0, w1, w2, w3 = tl.philox(seed, block.to(tl.uint32), kind, step, (block * 0).to(tl.uint32), n_rounds=10)
    at = found + (scene.to(tl.int64) * blocks + block) * 4
    here = block < blocks
    tl.store(at, w0.to(tl.int64), mask=here)
    tl.store(at + 1, w1.to(tl.int64), mask=here)
    tl.store(at + 2, w2.to(tl.int64), mask=here)
    tl.store(at + 3, w3.to(tl.int64), mask=here)
