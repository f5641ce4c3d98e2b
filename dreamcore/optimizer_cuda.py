"""`optimizer.adam_step` as one Triton kernel: four arrays are read once and three written once."""

# Triton reads its functions as source and knows no annotations but constexpr; jaxtyping's import hook would wrap them.
# mypy: disable-error-code="no-untyped-def, untyped-decorator, no-untyped-call"

from __future__ import annotations

from typing import TYPE_CHECKING, no_type_check

import torch
import triton  # type: ignore[import-not-found,import-untyped,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,import-untyped,unused-ignore]
from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from dreamcore.optimizer import AdamRates

_BLOCK = 2048
_NUMBERS = tl.constexpr(7)  # of a scene, see `adam_step`


def adam_step(
    parameter: Float[Tensor, " scenes *shape"],
    gradient: Float[Tensor, " scenes *shape"],
    mean: Float[Tensor, " scenes *shape"],
    square: Float[Tensor, " scenes *shape"],
    rates: AdamRates,
) -> None:
    """See `optimizer.adam_step`. Parameter, mean and square must be contiguous: they are changed in place."""
    assert parameter.is_contiguous() and mean.is_contiguous() and square.is_contiguous()
    count = rates.updates + 1.0
    correction1 = 1.0 - rates.beta1**count
    correction2 = (1.0 - rates.beta2**count).sqrt()
    numbers = torch.stack(
        [rates.rate, rates.beta1, rates.beta2, rates.epsilon, rates.active, correction1, correction2], 1
    ).contiguous()
    size = parameter[0].numel()
    _adam[(triton.cdiv(size, _BLOCK), len(parameter))](
        parameter, gradient.contiguous(), mean, square, numbers, size, BLOCK=_BLOCK
    )


@triton.jit
@no_type_check
def _adam(parameter, gradient, mean, square, numbers, size, BLOCK: tl.constexpr):
    scene = tl.program_id(1)
    own = numbers + scene * _NUMBERS
    # scenes that are left as they are may have a gradient that is not finite
    if tl.load(own + 4) > 0.0:
        place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        here = place < size
        at = scene.to(tl.int64) * size + place
        g = tl.load(gradient + at, mask=here, other=0.0)
        m = tl.load(mean + at, mask=here, other=0.0)
        v = tl.load(square + at, mask=here, other=0.0)
        m += (g - m) * (1.0 - tl.load(own + 1))
        v += (g * g - v) * (1.0 - tl.load(own + 2))
        step = m / (tl.sqrt(v) / tl.load(own + 6) + tl.load(own + 3))
        p = tl.load(parameter + at, mask=here, other=0.0)
        tl.store(parameter + at, p - step * (tl.load(own) / tl.load(own + 5)), mask=here)
        tl.store(mean + at, m, mask=here)
        tl.store(square + at, v, mask=here)
