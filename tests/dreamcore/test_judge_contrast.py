"""The contrastive loss: CLIP's where all captions differ, and blind to pairs of which nobody knows."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dreamcore.training.contrast import contrastive_loss, targets


def directions(count: int, seed: int, size: int = 5) -> Tensor:
    return F.normalize(torch.randn(count, size, generator=torch.Generator().manual_seed(seed)), dim=1)


def number(value: float) -> Tensor:
    return torch.tensor(value)


def pairs(count: int, *chosen: tuple[int, int]) -> Tensor:
    made = torch.zeros(count, count, dtype=torch.bool)
    for i, j in chosen:
        made[i, j] = made[j, i] = True
    return made


# ---- what belongs together -------------------------------------------------------------------------------------------


def test_equal_captions_belong_together_whatever_their_traits() -> None:
    same, left_out = targets(torch.tensor([4, 7, 4]), torch.tensor([[0, 1], [1, 1], [0, 2]]))
    assert same.tolist() == [[True, False, True], [False, True, False], [True, False, True]]
    assert not left_out.any()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([0, 3, 1], [0, 3, 1], True),  # the same in other words
        ([0, 3, -1], [0, 3, 1], True),  # one does not say
        ([0, -1, 2], [0, 3, -1], True),  # each is silent of what the other says
        ([0, 3, 1], [0, 3, 2], False),  # both say, and differ
        ([0, -1, -1], [5, -1, -1], False),
        ([0, 3, -1], [0, 4, -1], False),
    ],
)
def test_captions_that_do_not_contradict_each_other_are_left_out(
    one: list[int], other: list[int], expected: bool
) -> None:
    same, left_out = targets(torch.tensor([0, 1]), torch.tensor([one, other]))
    assert same.tolist() == [[True, False], [False, True]]
    assert left_out.tolist() == [[False, expected], [expected, False]]


def test_targets_are_symmetric_and_disjoint() -> None:
    generator = torch.Generator().manual_seed(0)
    caption = torch.randint(6, (40,), generator=generator)
    traits = torch.randint(-1, 2, (40, 3), generator=generator)
    same, left_out = targets(caption, traits)
    assert torch.equal(same, same.T) and torch.equal(left_out, left_out.T)
    assert bool(same.diagonal().all()) and not bool((same & left_out).any()) and bool(left_out.any())


# ---- the loss --------------------------------------------------------------------------------------------------------


def test_with_distinct_captions_it_is_clip_s() -> None:
    images, texts, count = directions(6, 0), directions(6, 1), 6
    logits, own = 7.0 * images @ texts.T, torch.arange(count)
    expected = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2.0
    found = contrastive_loss(images, texts, number(7.0), pairs(6, *((i, i) for i in range(6))), pairs(6))
    torch.testing.assert_close(found, expected)


def test_where_all_belong_together_chance_is_the_best() -> None:
    """Four pairs of one caption cannot be told apart: the loss is log 4 at best, with equal similarities."""
    text = directions(1, 0).expand(4, -1)
    every = torch.ones(4, 4, dtype=torch.bool)
    found = contrastive_loss(text, text, number(10.0), every, pairs(4))
    assert float(found) == pytest.approx(math.log(4.0), abs=1e-6)
    assert float(contrastive_loss(directions(4, 1), text, number(10.0), every, pairs(4))) >= math.log(4.0) - 1e-6


def test_pairs_of_one_caption_weigh_the_same() -> None:
    """Against a loop over rows and columns."""
    images, texts = directions(4, 2).double(), directions(4, 3).double()
    same = pairs(4, (0, 0), (1, 1), (2, 2), (3, 3), (0, 2))
    total = 0.0
    for rows in (3.0 * images @ texts.T, 3.0 * texts @ images.T):
        for i in range(4):
            wanted = [j for j in range(4) if bool(same[i, j])]
            whole = math.log(sum(math.exp(float(value)) for value in rows[i]))
            total += sum(whole - float(rows[i, j]) for j in wanted) / len(wanted) / 8.0
    found = contrastive_loss(images, texts, number(3.0).double(), same, pairs(4))
    assert float(found) == pytest.approx(total, abs=1e-12)


def test_what_is_left_out_has_no_influence() -> None:
    """Pairs 0 and 1, and no others, are of unknown agreement: image 0 does not feel text 1."""
    own = pairs(3, (0, 0), (1, 1), (2, 2))

    def slope(left_out: Tensor, seed: int) -> Tensor:
        images, texts = directions(3, seed), directions(3, 5).requires_grad_()
        weights = torch.zeros(3, 1).index_fill(0, torch.tensor([1, 2]), 1.0)
        loss = contrastive_loss(images * (1.0 - weights) + 0.0 * images, texts, number(4.0), own, left_out)
        loss.backward()
        assert texts.grad is not None and bool(texts.grad.isfinite().all())
        return texts.grad

    # only image 0 is not zero, so that text 1 is pulled by image 0 alone
    assert float(slope(pairs(3), 4)[1].abs().max()) > 1e-3
    assert float(slope(pairs(3, (0, 1)), 4)[1].abs().max()) == 0.0
    assert float(slope(pairs(3, (0, 1)), 4)[2].abs().max()) > 1e-3


def test_it_is_the_same_for_images_and_texts_exchanged_and_in_any_order() -> None:
    images, texts = directions(5, 6), directions(5, 7)
    same = pairs(5, *((i, i) for i in range(5)), (1, 4))
    left_out = pairs(5, (0, 2), (3, 4))
    found = contrastive_loss(images, texts, number(5.0), same, left_out)
    torch.testing.assert_close(contrastive_loss(texts, images, number(5.0), same, left_out), found)
    order = torch.tensor([3, 0, 4, 1, 2])
    turned = contrastive_loss(
        images[order], texts[order], number(5.0), same[order][:, order], left_out[order][:, order]
    )
    torch.testing.assert_close(turned, found)
