"""Do two variants differ? A permutation test, paired by prompt.

If they did not, it would not matter which of a prompt's objects came from which variant. So the objects of each prompt
are dealt to the two variants anew, as many to each as there were, and the difference is taken again: p is the share of
deals whose difference is at least as large, to either side. Letters: n objects of a prompt from both variants, m deals.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

DEALS = 9999
EXACT_UP_TO = 20_000
_AT_ONCE = 2048
_ROUNDING = 1e-12


@runtime_checkable
class Cell(Protocol):
    """The objects of one prompt. `first[i]`: whether object i is of the first variant."""

    @property
    def first(self) -> Bool[np.ndarray, " n"]: ...

    def means(self, deals: Bool[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        """What is compared, of the objects that each deal gives to one variant."""
        ...


@dataclass(frozen=True)
class Values:
    """A number an object; compared are the means."""

    first: Bool[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]

    def means(self, deals: Bool[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        found: Float[np.ndarray, " m"] = deals.astype(float) @ self.values / deals.sum(1)
        return found


@dataclass(frozen=True)
class Spread:
    """Distances between objects; compared is the mean distance within a variant, which needs two objects of each."""

    first: Bool[np.ndarray, " n"]
    distances: Float[np.ndarray, "n n"]

    def means(self, deals: Bool[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
        taken, count = deals.astype(float), deals.sum(1)
        found: Float[np.ndarray, " m"] = ((taken @ self.distances) * taken).sum(1) / (count * (count - 1.0))
        return found


def differences(cell: Cell, deals: Bool[np.ndarray, "m n"]) -> Float[np.ndarray, " m"]:
    """First less second variant, had each deal been the real one."""
    found: Float[np.ndarray, " m"] = cell.means(deals) - cell.means(~deals)
    return found


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """`difference` is the mean over prompts of first less second. `p`, two-sided, is exact if every deal was looked at,
    else (b + 1) / (m + 1) with b of m random deals as extreme (Phipson and Smyth 2010)."""

    difference: float
    p: float
    deals: int
    exact: bool


def permutation_test(cells: Sequence[Cell], seed: int = 0, deals: int = DEALS) -> PermutationTest:
    """All deals where there are at most `EXACT_UP_TO`, else `deals` random ones; the same for the same seed. Raises
    ValueError without a prompt."""
    if not cells:
        raise ValueError("no prompt has objects of both variants")
    observed = float(np.mean([differences(cell, cell.first[None])[0] for cell in cells]))
    counts = [math.comb(len(cell.first), int(cell.first.sum())) for cell in cells]
    exact = math.prod(counts) <= EXACT_UP_TO
    drawn = _all_sums(cells) if exact else _random_sums(cells, seed, deals)
    extreme = int((np.abs(drawn / len(cells)) >= abs(observed) - _ROUNDING).sum())
    p = extreme / len(drawn) if exact else (extreme + 1) / (deals + 1)
    return PermutationTest(difference=observed, p=p, deals=len(drawn), exact=exact)


def _all_sums(cells: Sequence[Cell]) -> Float[np.ndarray, " m"]:
    """The sum over prompts for every combination of deals."""
    sums = np.zeros(1)
    for cell in cells:
        count, taken = len(cell.first), int(cell.first.sum())
        deals = np.zeros((math.comb(count, taken), count), bool)
        for row, places in enumerate(itertools.combinations(range(count), taken)):
            deals[row, list(places)] = True
        sums = (sums[:, None] + differences(cell, deals)).ravel()
    return sums


def _random_sums(cells: Sequence[Cell], seed: int, count: int) -> Float[np.ndarray, " m"]:
    random = np.random.default_rng(seed)
    sums = np.zeros(count)
    for cell in cells:
        for start in range(0, count, _AT_ONCE):
            some = slice(start, min(start + _AT_ONCE, count))
            deals = random.permuted(np.tile(cell.first, (some.stop - some.start, 1)), axis=1)
            sums[some] += differences(cell, deals)
    return sums
