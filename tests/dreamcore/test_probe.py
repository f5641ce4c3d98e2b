"""The check of a prior before a sweep: it passes good ones and names what is wrong with others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import torch

from dreamcore.priors.base import Conditioning
from dreamcore.priors.mixture import MixturePrior
from dreamcore.priors.probe import probe

NAN = float("nan")


@pytest.fixture
def prior() -> MixturePrior:
    return MixturePrior.palette(torch.device("cpu"), size=32)


def ticks() -> Iterator[float]:
    return (float(second) for second in count())


def test_a_good_prior_has_no_problems(prior: MixturePrior) -> None:
    clock = ticks()
    report = probe(prior, clock=lambda: next(clock))
    assert report.problems == ()
    assert (report.identity, report.image_size, report.latents) == (prior.identity, 32, (3, 32, 32))
    assert (report.embed_seconds, report.step_seconds) == (1.0, 1.0)
    assert (report.device, report.memory) == ("cpu", 0)


class NoNoise(MixturePrior):
    def predict_noise(self, noised: torch.Tensor, t: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
        return noised * NAN


class NoImage(MixturePrior):
    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        return images * torch.inf


class NoEmbedding(MixturePrior):
    def unconditional(self) -> Conditioning:
        return Conditioning({name: tensor * NAN for name, tensor in super().unconditional().tensors.items()})


class Constant(MixturePrior):
    def encode_image(self, images: torch.Tensor) -> torch.Tensor:
        return 0.0 * images


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (NoNoise, "the guided prediction is not finite"),
        (NoImage, "the encoded image is not finite"),
        (NoEmbedding, "the embedding of the empty prompt has NaN"),
        (Constant, "the gradient of the image is zero"),
    ],
)
def test_faults_are_named(kind: type[MixturePrior], problem: str) -> None:
    means = torch.zeros(1, 3, 8, 8)
    report = probe(kind(means, torch.ones(1), {"a red mug": [1.0]}))
    assert problem in report.problems
