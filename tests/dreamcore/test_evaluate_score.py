"""Renders to R-Precision and Janus rate, with a model whose embeddings are known."""

from __future__ import annotations

import pytest
import torch
from colour_judge import BLUE, GREEN, RED, ColourJudge
from torch import Tensor
from torch.nn import functional as F

from dreamcore.evaluate.score import BATCH, Renders, embed, janus, janus_share, retrieval


def plain(*colours: tuple[int, int, int]) -> Tensor:
    return torch.tensor(colours, dtype=torch.uint8)[:, None, None].expand(-1, 4, 4, 3)


def test_every_view_is_embedded_in_order_and_reported() -> None:
    colours = [(i % 251 + 1, i % 7, 0) for i in range(BATCH + 5)]
    told: list[tuple[int, int]] = []
    renders = Renders(plain(*colours), torch.arange(len(colours)))
    found = embed(ColourJudge({}), renders, lambda done, total: told.append((done, total)))
    torch.testing.assert_close(found, F.normalize(torch.tensor(colours, dtype=torch.float32), dim=1))
    assert told == [(BATCH, BATCH + 5), (BATCH + 5, BATCH + 5)]


def test_the_views_of_an_object_find_its_caption() -> None:
    model = ColourJudge({"red": RED, "green": GREEN, "blue": BLUE})
    renders = Renders(plain(RED, RED, GREEN, RED, BLUE, GREEN), torch.tensor([0, 0, 0, 1, 1, 1]))
    images = embed(model, renders)
    found = retrieval(model, images, renders.item, ["red", "green", "blue"], torch.tensor([0, 1]))
    assert found.found.tolist() == [True, False], "a tie of three is no hit"
    assert found.summary.views.value == pytest.approx(3 / 6)
    assert found.summary.objects.value == pytest.approx(1 / 2)
    assert int(found.answer[0]) == 0


def test_fronts_are_sought_in_the_object_s_own_words() -> None:
    """For the cat the front is red, for the dog it is blue."""
    texts = {"a cat, front view": RED, "a cat, side view": GREEN, "a cat, back view": BLUE}
    texts |= {"a dog, front view": BLUE, "a dog, side view": GREEN, "a dog, back view": RED}
    model = ColourJudge(texts)
    true, doubled = (RED, GREEN, BLUE, GREEN), (RED, GREEN, RED, GREEN)
    renders = Renders(plain(*true, *doubled, *true, *doubled), torch.arange(4).repeat_interleave(4))
    images = embed(model, renders)
    found = janus(model, images, renders.item, ["a cat", "a cat", "a dog", "a dog"])
    assert found.tolist() == [False, True, False, False], "a dog whose back is shown twice has no front too many"


def test_the_share_is_of_objects_with_a_front() -> None:
    found, directional = torch.tensor([True, True, False]), torch.tensor([True, False, True])
    share = janus_share(found, directional)
    assert share is not None and (share.value, share.count) == (0.5, 2)
    assert janus_share(found, torch.zeros(3, dtype=torch.bool)) is None
