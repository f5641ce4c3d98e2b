"""Draws are a function of (seed, step, purpose, stream, index), and have the distribution they should."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import UInt64
from oracles.philox import philox as philox_oracle
from oracles.samples import correlation, kolmogorov_smirnov, normal_cdf, standard_errors_off, uniform_cdf

from dreamcore.rng import Draws, Purpose, philox

WORDS = st.integers(0, 2**32 - 1)
SEEDS = st.integers(0, 2**63 - 1)
STEPS = st.integers(0, 10**8)
PURPOSES = st.sampled_from(list(Purpose))

# kat_vectors of Random123
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def _words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def _array(words: object) -> UInt64[np.ndarray, ...]:
    return np.array(words, dtype=np.uint64)


def _one(seed: int, step: int) -> Draws:
    return Draws(torch.tensor([seed]), torch.tensor([step]))


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_known_answers(counter: str, key: str, expected: str) -> None:
    assert philox(_array(_words(counter)), _array(_words(key))).tolist() == _words(expected)
    assert list(philox_oracle(tuple(_words(counter)), tuple(_words(key)))) == _words(expected)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=5))
def test_philox_against_python_integers(columns: list[tuple[int, ...]]) -> None:
    table = _array(columns).T
    found = philox(table[:4], table[4:]).T.tolist()
    assert found == [list(philox_oracle(column[:4], column[4:])) for column in columns]


@given(SEEDS, STEPS, PURPOSES, st.integers(0, 2**16 - 1), st.integers(1, 9))
def test_bits_are_the_documented_counter(seed: int, step: int, purpose: Purpose, stream: int, count: int) -> None:
    key = (seed % 2**32, seed // 2**32)
    blocks = [philox_oracle((block, int(purpose) * 2**16 + stream, step, 0), key) for block in range((count + 3) // 4)]
    expected = [word for block in blocks for word in block][:count]
    assert _one(seed, step).bits(purpose, count, stream).tolist() == [expected]


@given(st.lists(st.tuples(SEEDS, STEPS), min_size=1, max_size=6), PURPOSES, st.integers(0, 3), st.data())
def test_a_scene_draws_the_same_alone_and_among_others(
    scenes: list[tuple[int, int]], purpose: Purpose, stream: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(scenes) - 1))
    seeds, steps = torch.tensor(scenes).unbind(1)
    together, alone = Draws(seeds, steps), _one(*scenes[index])
    for draw in (Draws.uniform, Draws.normal):
        assert torch.equal(draw(together, purpose, (2, 3), stream)[index], draw(alone, purpose, (2, 3), stream)[0])


def test_a_second_call_draws_the_same() -> None:
    draws = _one(7, 3)
    assert torch.equal(draws.normal(Purpose.NOISE, (5,)), draws.normal(Purpose.NOISE, (5,)))


def test_every_part_of_the_name_matters() -> None:
    """No two of these share a word, although the top bits of the seed, the stream and the step are tried alone."""
    names = itertools.product((1, 2, 1 + 2**32, 1 + 2**62), (0, 1, 10**6), (Purpose.CAMERA, Purpose.NOISE), (0, 1))
    words = [
        word for seed, step, purpose, stream in names for word in _one(seed, step).bits(purpose, 8, stream)[0].tolist()
    ]
    assert len(set(words)) == len(words)


def test_purposes_never_change_their_numbers() -> None:
    names = ["INITIAL", "CAMERA", "LIGHT", "SHADING", "JITTER", "BACKGROUND", "TIMESTEP", "NOISE"]
    assert [Purpose[name].value for name in names] == list(range(len(names)))


@given(SEEDS, STEPS, st.integers(1, 7), st.integers(1, 3))
def test_shapes_and_bounds(seed: int, step: int, rows: int, columns: int) -> None:
    draws = _one(seed, step)
    uniform, normal = draws.uniform(Purpose.JITTER, (rows, columns)), draws.normal(Purpose.NOISE, (rows, columns))
    assert uniform.shape == normal.shape == (1, rows, columns)
    assert uniform.dtype == normal.dtype == torch.float32
    assert bool(((uniform >= 0.0) & (uniform < 1.0)).all())
    assert bool(normal.isfinite().all())


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_uniform_distribution(seed: int) -> None:
    values = _one(seed, 5).uniform(Purpose.CAMERA, (40_000,))[0].double().numpy()
    assert kolmogorov_smirnov(values, uniform_cdf) < 1.95
    assert standard_errors_off(values, 1 / 2) < 3.5
    assert standard_errors_off(values**2, 1 / 3) < 3.5


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_normal_distribution(seed: int) -> None:
    values = _one(seed, 5).normal(Purpose.NOISE, (40_000,))[0].double().numpy()
    assert kolmogorov_smirnov(values, normal_cdf) < 1.95
    for power, moment in enumerate((0.0, 1.0, 0.0, 3.0), start=1):
        assert standard_errors_off(values**power, moment) < 3.5
    # the two halves of Box and Muller's pairs are independent
    assert abs(correlation(values[:20_000], values[20_000:])) < 4 / np.sqrt(20_000)
    assert abs(correlation(values[:20_000] ** 2, values[20_000:] ** 2)) < 4 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("seeds", "steps", "purposes", "streams"),
    [
        ((8, 9), (4, 4), (Purpose.NOISE, Purpose.NOISE), (0, 0)),
        ((8, 8 + 2**32), (4, 4), (Purpose.NOISE, Purpose.NOISE), (0, 0)),
        ((8, 8), (4, 5), (Purpose.NOISE, Purpose.NOISE), (0, 0)),
        ((8, 8), (4, 4), (Purpose.NOISE, Purpose.TIMESTEP), (0, 0)),
        ((8, 8), (4, 4), (Purpose.NOISE, Purpose.NOISE), (0, 1)),
    ],
)
def test_neighbours_are_not_correlated(
    seeds: tuple[int, int], steps: tuple[int, int], purposes: tuple[Purpose, Purpose], streams: tuple[int, int]
) -> None:
    names = zip(seeds, steps, purposes, streams, strict=True)
    a, b = (_one(seed, step).uniform(purpose, (20_000,), stream) for seed, step, purpose, stream in names)
    assert abs(correlation(a.double().numpy(), b.double().numpy())) < 4 / np.sqrt(20_000)


def test_first_draws_of_neighbouring_steps_are_uniform() -> None:
    """What a run really sees: one word of each step, and one of each seed."""
    counts = torch.arange(20_000)
    by_step = Draws(torch.full_like(counts, 3), counts).uniform(Purpose.TIMESTEP, (1,))
    by_seed = Draws(counts, torch.zeros_like(counts)).uniform(Purpose.TIMESTEP, (1,))
    for values in (by_step[:, 0].double().numpy(), by_seed[:, 0].double().numpy()):
        assert kolmogorov_smirnov(values, uniform_cdf) < 1.95
        assert abs(correlation(values[1:], values[:-1])) < 4 / np.sqrt(20_000)
