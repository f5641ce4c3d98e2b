"""Where the time of a step goes: its parts, timed by events on the device or by the host's clock."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch

from dreamcore import step, update
from dreamcore.priors.base import Prior
from dreamcore.tasks import base

PARTS = ("render", "encode", "prior", "backward", "optimiser")


class Spans:
    """Times of named parts, in milliseconds. On a GPU they are what passes there between the part's first and last
    kernel, also while it waits for the host."""

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._found: list[tuple[str, Any, Any]] = []

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, each call of which is a span."""

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            start = self._now()
            result = function(*arguments, **named)
            self._found.append((name, start, self._now()))
            return result

        return call

    def _now(self) -> Any:
        if not self._on_gpu:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def totals(self) -> dict[str, float]:
        """The sum of each part."""
        if self._on_gpu:
            torch.cuda.synchronize()
        sums = dict.fromkeys(PARTS, 0.0)
        for name, start, end in self._found:
            sums[name] += start.elapsed_time(end) if self._on_gpu else 1000.0 * (end - start)
        return sums


@contextlib.contextmanager
def instrumented(prior: Prior) -> Iterator[Spans]:
    """Inside, the parts of every step are timed."""
    spans = Spans(prior.device)
    with contextlib.ExitStack() as patches:
        for owner, attribute, name in (
            (step, "_render", "render"),
            (prior, "encode_image", "encode"),
            (prior, "predict_noise", "prior"),
            (base.torch.autograd, "grad", "backward"),
            (update.Adam, "update", "optimiser"),
            (update.Shampoo, "update", "optimiser"),
        ):
            timed = spans.timed(name, getattr(owner, attribute))
            patches.enter_context(mock.patch.object(owner, attribute, timed))
        yield spans
