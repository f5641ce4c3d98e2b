"""Distributed Shampoo for one tensor of one scene, in float64, block by block.

Follows Google's optax implementation as described in the paper on it (Anil et al. 2020): statistics first, then roots,
the whole tensor grafted to the norm of the gradient's signs, momentum of the grafted direction, Nesterov's step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def inverse_root(matrix: Array, exponent: int, epsilon: float) -> Array:
    """By singular values: for a positive semi-definite matrix they are its eigenvalues."""
    _, values, rows = np.linalg.svd(matrix)
    ridge = epsilon * max(values[0], 1e-6)
    return sum(
        (value + ridge) ** (-1.0 / exponent) * np.outer(row, row) for value, row in zip(values, rows, strict=True)
    )


def merged_shape(shape: tuple[int, ...], limit: int) -> tuple[int, ...]:
    result: list[int] = []
    product = 1
    for size in shape:
        if product * size <= limit:
            product *= size
        else:
            if product > 1:
                result.append(product)
            product = size
    if product > 1 or not result:
        result.append(product)
    return tuple(result)


def cuts(size: int, block: int) -> list[slice]:
    return [slice(start, min(start + block, size)) for start in range(0, size, block)]


@dataclass
class Reference:
    """`step` returns the tensor after one more gradient."""

    value: Array
    block: int
    merge_up_to: int = 4096
    exponent: int = 2
    epsilon: float = 1e-6
    every: int = 1
    nesterov: bool = True
    average: bool = False
    count: int = 0
    statistics: dict[tuple[int, int, str], Array] = field(default_factory=dict)
    roots: dict[tuple[int, int, str], Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.value = self.value.astype(np.float64).copy()
        self.momentum = np.zeros_like(self.value)

    def _matrix(self, tensor: Array) -> Array:
        shape = merged_shape(tensor.shape, self.merge_up_to)
        return tensor.reshape(shape if len(shape) == 2 else (shape[0], 1))

    def direction(self, gradient: Array, beta2: float) -> Array:
        matrix = self._matrix(gradient)
        is_vector = len(merged_shape(gradient.shape, self.merge_up_to)) == 1
        result = np.zeros_like(matrix)
        for i, rows in enumerate(cuts(matrix.shape[0], self.block)):
            for j, columns in enumerate(cuts(matrix.shape[1], self.block)):
                g = matrix[rows, columns]
                left = self._root((i, j, "left"), g @ g.T, beta2)
                result[rows, columns] = left @ g
                if not is_vector:
                    result[rows, columns] = result[rows, columns] @ self._root((i, j, "right"), g.T @ g, beta2)
        return result.reshape(gradient.shape)

    def _root(self, key: tuple[int, int, str], gram: Array, beta2: float) -> Array:
        before = self.statistics.get(key, self.epsilon * np.eye(len(gram)))
        self.statistics[key] = beta2 * before + (1.0 - beta2) * gram
        if self.count % self.every == 0:
            self.roots[key] = inverse_root(self.statistics[key], self.exponent, self.epsilon)
        return self.roots[key]

    def step(self, gradient: Array, rate: float, beta1: float, beta2: float) -> Array:
        gradient = gradient.astype(np.float64)
        direction = self.direction(gradient, beta2)
        update = direction * np.sqrt(np.count_nonzero(gradient)) / (np.linalg.norm(direction) + 1e-16)
        weight = 1.0 - beta1 if self.average else 1.0
        self.momentum = beta1 * self.momentum + weight * update
        self.value = self.value - rate * (weight * update + beta1 * self.momentum if self.nesterov else self.momentum)
        self.count += 1
        return self.value
