"""Batches against pictures whose every pixel is known."""

from __future__ import annotations

import pytest
import torch

from dreamcore.training.batches import (
    BatchSettings,
    Pictures,
    backgrounds,
    composed,
    draw,
    generator_at,
    mirrored,
)

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_random_numbers_depend_on_the_whole_key() -> None:
    def first(*key: int | str) -> float:
        return torch.rand(1, generator=generator_at(CPU, *key), dtype=torch.float64).item()

    keys: list[tuple[int | str, ...]] = [(1, "a", 2), (1, "a", 3), (1, "b", 2), (2, "a", 2), (12, 3), (1, 23)]
    assert len({first(*key) for key in keys}) == len(keys)
    assert first(1, "a", 2) == first(1, "a", 2)


def test_full_coverage_shows_the_picture_and_none_the_background() -> None:
    picture = torch.zeros(1, 2, 2, 4, dtype=torch.uint8)
    picture[0, 0, 0] = torch.tensor([255, 0, 51, 255])  # opaque
    picture[0, 0, 1] = torch.tensor([51, 102, 0, 102])  # 40 % covered, premultiplied
    behind = torch.tensor([0.5, 1.0, 0.0])[None, :, None, None].expand(1, 3, 2, 1)
    image = (composed(picture, behind)[0] + 1.0) / 2.0
    torch.testing.assert_close(image[:, 0, 0], torch.tensor([1.0, 0.0, 0.2]))
    torch.testing.assert_close(image[:, 0, 1], torch.tensor([0.2 + 0.3, 0.4 + 0.6, 0.0]))
    torch.testing.assert_close(image[:, 1], behind[0].expand(3, 2, 2)[:, 1])
    assert composed(picture.expand(2, 2, 2, 4), behind.expand(2, 3, 2, 1)).is_contiguous(
        memory_format=torch.channels_last
    )


def test_backgrounds_come_in_their_shares() -> None:
    settings = BatchSettings(white=0.25, gray=0.25, gradient=0.2)
    colours = backgrounds(generator(), 20_000, 5, settings)[..., 0]
    assert colours.min() >= 0.0
    assert colours.max() <= 1.0
    white = (colours == 1.0).all(dim=(1, 2))
    plain = (colours == colours[:, :, :1]).all(dim=(1, 2))
    gray = (colours[:, 0, 0] == colours[:, 1, 0]) & (colours[:, 1, 0] == colours[:, 2, 0]) & ~white
    assert white.float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert gray.float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert (~plain).float().mean().item() == pytest.approx(0.2 * 0.75, abs=0.02)
    # a gradient is linear from above to below
    moving = colours[~plain]
    torch.testing.assert_close(moving[..., 2], (moving[..., 0] + moving[..., 4]) / 2.0)
    coloured = colours[~white & ~gray & plain][:, :, 0]
    torch.testing.assert_close(coloured.mean(dim=0), torch.full((3,), 0.5), atol=0.02, rtol=0.0)


def test_a_share_is_mirrored() -> None:
    images = torch.arange(4.0).expand(2000, 3, 4, 4)
    assert torch.equal(mirrored(generator(), images, 0.0), images)
    assert torch.equal(mirrored(generator(), images, 1.0), images.flip(3))
    some = mirrored(generator(), images, 0.3)[:, 0, 0, 0]
    assert set(some.tolist()) == {0.0, 3.0}
    assert (some == 3.0).float().mean().item() == pytest.approx(0.3, abs=0.04)


def pictures(count: int, side: int = 4) -> Pictures:
    """Opaque, each of a gray that is ten times its number, which is also its caption."""
    images = torch.full((count, side, side, 4), 255, dtype=torch.uint8)
    images[..., :3] = (10 * torch.arange(count, dtype=torch.uint8))[:, None, None, None]
    return Pictures(images, torch.arange(count, dtype=torch.int32))


def test_images_keep_their_captions_unless_they_lose_them() -> None:
    batch = draw(generator(), pictures(20), BatchSettings(size=4000, unconditional=0.1), nothing=99)
    number = ((batch.images[:, 0, 0, 0] + 1.0) * 127.5 / 10.0).round().long()
    assert batch.images.shape == (4000, 3, 4, 4)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    lost = batch.caption == 99
    assert torch.equal(batch.caption[~lost], number[~lost])
    assert lost.float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert torch.bincount(number, minlength=20).min() > 120  # 200 expected of each


def test_equal_generators_draw_equal_batches() -> None:
    settings = BatchSettings(size=16)
    one, two, other = (draw(generator(seed), pictures(20), settings, 99) for seed in (3, 3, 4))
    assert torch.equal(one.images, two.images)
    assert torch.equal(one.caption, two.caption)
    assert not torch.equal(one.images, other.images)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 0}, "batch.size = 0: must be positive"),
        ({"flipped": 1.5}, "batch.flipped = 1.5: must be in"),
        ({"white": 0.7, "gray": 0.7}, "batch.white [+] batch.gray = 1.4"),
    ],
)
def test_settings_check_themselves(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BatchSettings(**wrong)  # type: ignore[arg-type]
