"""Calls replayed as CUDA graphs give what plain calls give."""

from __future__ import annotations

import pytest
import torch

from dreamcore.priors.graphed import GraphedCall, padded_size


def test_calls_are_padded_to_few_sizes() -> None:
    sizes = [padded_size(count) for count in range(1, 200)]
    assert sizes[:17] == [1, 2, 4, 4, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16, 32]
    assert all(count <= size < max(2 * count, count + 16) for count, size in enumerate(sizes, 1))
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 4 + 13


@pytest.mark.gpu
def test_graphs_give_what_calls_give() -> None:
    layer = torch.nn.Conv2d(3, 3, 3, padding=1).cuda()

    def call(image: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = layer(image) * t[:, None, None, None]
        return result

    graphed = GraphedCall(call, largest=16)
    kept = []
    for count in (3, 5, 3, 20, 1, 20):
        image, t = torch.randn(count, 3, 8, 8, device="cuda"), torch.rand(count, device="cuda")
        kept.append((graphed(image, t), call(image, t).detach()))
    for found, expected in kept:  # at the end: no replay may reach what an earlier one has given
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        assert not found.requires_grad
