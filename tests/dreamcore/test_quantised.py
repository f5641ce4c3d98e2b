from __future__ import annotations

import torch

from dreamcore.priors.quantised import dequantise, quantise, quantise_matrix


def test_entries_are_off_by_half_a_step_at_most() -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(7, 192, generator=generator) * torch.logspace(-3, 2, 7)[:, None]
    back = dequantise(quantise({"w": matrix}))["w"]
    largest = matrix.reshape(7, 3, 64).abs().amax(dim=-1)
    step = (largest / 127).repeat_interleave(64, dim=1)
    # half a step, and the relative rounding of a 16-bit scale
    assert ((back - matrix).abs() <= 0.5 * step + 1e-3 * matrix.abs()).all()


def test_zeros_and_outliers() -> None:
    matrix = torch.zeros(2, 128)
    matrix[1, 5] = 1000.0
    integers, scale = quantise_matrix(matrix)
    assert integers.dtype == torch.int8 and scale.shape == (2, 2)
    back = dequantise(quantise({"w": matrix}))["w"]
    torch.testing.assert_close(back, matrix, rtol=1e-3, atol=0.0)


def test_vectors_and_odd_matrices_are_kept_as_floats() -> None:
    tensors = {"bias": torch.linspace(-1.0, 1.0, 65), "odd": torch.linspace(-1.0, 1.0, 30).reshape(3, 10)}
    stored = quantise(tensors)
    assert {name: tensor.dtype for name, tensor in stored.items()} == {"bias": torch.float16, "odd": torch.float16}
    for name, tensor in dequantise(stored).items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, tensors[name], rtol=1e-3, atol=1e-6)
