"""What is said of a render when the judge is trained: by its texture, its front and what its caption leaves open."""

from __future__ import annotations

import torch

from dreamcore.objects.captions import Words
from dreamcore.objects.dataset import Pool
from dreamcore.training.contrast import targets
from dreamcore.training.judge_material import Material, over_white, probe, say
from dreamcore.training.judge_tokenizer import make_tokenizer


def words(base: str, bare: str, thing: str, look: str, **more: object) -> Words:
    known = {"kind": "thing", "second": "", "directional": False} | more
    return Words(base=base, bare=bare, things=(thing,), looks=(look,), **known)  # type: ignore[arg-type]


RED = words("a red mug", "a mug", "mug", "red")
BLUE = words("a blue mug with a red handle", "a mug", "mug", "blue", second="red")
PLAIN = words("a mug", "a mug", "mug", "white")
WHITE = words("a white mug", "a mug", "mug", "white")
CAR = words("a teal car", "a car", "car", "teal", directional=True)
TWO = words("two red mugs", "two mugs", "mug", "red", kind="count")
THREE = words("three red mugs", "three mugs", "mug", "red", kind="count")


def pool(*views: tuple[Words, bool, float, float]) -> Pool:
    """One view a scene: its words, whether it has no texture, azimuth and elevation."""
    scene = torch.arange(len(views), dtype=torch.int32)
    images = torch.arange(len(views) * 8 * 8 * 4).remainder(256).to(torch.uint8).view(-1, 8, 8, 4)
    return Pool(
        images,
        scene,
        torch.tensor([view[2] for view in views]),
        torch.tensor([view[3] for view in views]),
        scene,
        torch.tensor([view[1] for view in views]),
        tuple(view[0].base for view in views),
        tuple(view[0] for view in views),
    )


def test_views_are_told_of_things_with_a_front_only() -> None:
    directions = [(0.0, 0.0), (90.0, 0.0), (180.0, 10.0), (-100.0, 0.0), (10.0, 80.0)]
    said = say(pool((RED, False, 0.0, 0.0), *((CAR, False, *direction) for direction in directions)))
    assert [said.captions[number] for number in said.plain.tolist()] == ["a red mug"] + ["a teal car"] * 5
    names = ["front", "side", "back", "side", "overhead"]
    assert int(said.viewed[0]) == -1
    assert [said.captions[number] for number in said.viewed[1:].tolist()] == [f"a teal car, {n} view" for n in names]
    assert len(set(said.captions)) == len(said.captions)
    assert said.traits[1:, 3].tolist() == [0, 1, 2, 1, 3]


def test_every_other_view_without_texture_is_captioned_as_if_it_had_one() -> None:
    said = say(pool(*((RED, bare, 0.0, 0.0) for bare in (True, False, True, True, False, True))))
    captions = [said.captions[number] for number in said.plain.tolist()]
    assert captions == ["a mug", "a red mug", "a red mug", "a mug", "a red mug", "a red mug"]


def test_captions_that_are_not_wrong_are_left_out() -> None:
    textured = [RED, BLUE, PLAIN, WHITE, CAR]
    views = [*((of, False) for of in textured), (RED, True), (BLUE, True), (TWO, False), (THREE, False)]
    said = say(pool(*((of, bare, 0.0, 0.0) for of, bare in views)))
    traits = said.traits.clone()
    traits[:, 3] = -1  # no view is told
    same, left_out = targets(said.plain, traits)
    # 5 has no texture and is "a mug", as 2 is; 6 has none either and is called blue
    assert [pair for pair in same.nonzero().tolist() if pair[0] < pair[1]] == [[1, 6], [2, 5]]
    expected = [[0, 5], [0, 6], [1, 5], [2, 3], [2, 6], [3, 5], [3, 6], [5, 6]]
    assert [pair for pair in left_out.nonzero().tolist() if pair[0] < pair[1]] == expected


def test_probes_ask_among_the_captions_of_their_kind() -> None:
    views = pool((RED, False, 0.0, 0.0), (CAR, True, 0.0, 0.0), (RED, True, 0.0, 0.0), (CAR, False, 0.0, 0.0))
    said = say(views)
    tokenizer = make_tokenizer(said.captions, 300, 8)
    for bare, places, captions in ((False, [0, 3], ["a red mug", "a teal car"]), (True, [1, 2], ["a car", "a mug"])):
        asked = probe(views, tokenizer, bare)
        assert asked is not None
        assert torch.equal(asked.images, views.images[places])
        assert asked.tokens[asked.own].tolist() == [tokenizer.encode(text).ids for text in captions]
        assert len(asked.tokens) == 2
    assert probe(pool((RED, False, 0.0, 0.0)), tokenizer, True) is None


def test_material_has_the_tokens_of_its_captions() -> None:
    views = pool((RED, False, 0.0, 0.0), (CAR, False, 0.0, 0.0))
    said = say(views)
    tokenizer = make_tokenizer(said.captions, 300, 8)
    material = Material.of(views, said, tokenizer)
    assert material.tokens[material.plain[0]].tolist() == tokenizer.encode("a red mug").ids
    assert material.tokens[material.viewed[1]].tolist() == tokenizer.encode("a teal car, front view").ids


def test_nothing_is_white_and_a_covered_pixel_keeps_its_colour() -> None:
    images = torch.tensor([[[[0, 0, 0, 0], [51, 102, 153, 255]]]], dtype=torch.uint8).expand(1, 2, 2, 4)
    found = over_white(images)
    assert found[0, :, 0, 0].tolist() == [1.0, 1.0, 1.0]
    torch.testing.assert_close(found[0, :, 0, 1], torch.tensor([0.2, 0.4, 0.6]))
