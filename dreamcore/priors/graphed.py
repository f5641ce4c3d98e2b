"""A network's call replayed as a CUDA graph, so that the host does not launch its hundreds of kernels one by one.

B images of one call. A graph has fixed shapes: calls are padded to the next of a few sizes, so that scenes that join or
leave a pack seldom need a new one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_KEPT = 8  # graphs; the one that was not used for longest goes first
_STEP = 16


def padded_size(count: int) -> int:
    """The batch that `count` images are run in: a power of two up to 16, then a multiple of 16."""
    if count <= _STEP:
        return 1 << (count - 1).bit_length()
    return -(-count // _STEP) * _STEP


@dataclass(frozen=True)
class _Captured:
    inputs: tuple[Tensor, ...]
    output: Tensor
    graph: Any


class GraphedCall:
    """`function` of tensors that share a leading axis, to a tensor that has it too; each row of the result depends on
    the same row of the arguments alone. Calls of more than `largest` rows are taken in parts. Never differentiated."""

    def __init__(self, function: Callable[..., Tensor], *, largest: int) -> None:
        self._function = function
        self._largest = largest
        self._captured: OrderedDict[Hashable, _Captured] = OrderedDict()
        self._pool: Any = None

    @torch.no_grad()
    def __call__(self, *inputs: Tensor) -> Tensor:
        parts = zip(*(value.split(self._largest) for value in inputs), strict=True)
        results = [self._replay(part) for part in parts]
        return results[0] if len(results) == 1 else torch.cat(results)

    def _replay(self, inputs: tuple[Tensor, ...]) -> Tensor:
        count = len(inputs[0])
        key = (padded_size(count), *((value.shape[1:], value.dtype) for value in inputs))
        captured = self._captured.pop(key, None) or self._capture(padded_size(count), inputs)
        self._captured[key] = captured
        if len(self._captured) > _KEPT:
            self._captured.popitem(last=False)
        for place, value in zip(captured.inputs, inputs, strict=True):
            place[:count].copy_(value)
        captured.graph.replay()
        return captured.output[:count].clone()  # the next replay overwrites it

    def _capture(self, size: int, inputs: tuple[Tensor, ...]) -> _Captured:
        places = tuple(value.new_zeros(size, *value.shape[1:]) for value in inputs)
        for place, value in zip(places, inputs, strict=True):
            place[: len(value)].copy_(value)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # what is set up on first use must not be captured
            self._function(*places)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # graphs are replayed one at a time and their outputs copied, so they can share their memory
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            output = self._function(*places)
        self._pool = graph.pool()
        return _Captured(places, output, graph)
