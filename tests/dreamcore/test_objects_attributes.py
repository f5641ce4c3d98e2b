import numpy as np
import pytest

from dreamcore.objects.attributes import (
    METALS,
    NAMED,
    PATTERNS,
    PLAIN,
    RECOLOURED,
    adjectives,
    alike,
    colours_of,
    draw_look,
    draw_pattern,
    draw_second,
    look_of,
    paint,
)  # fmt: skip
from dreamcore.objects.solid import COLOURS, Draw, Pattern


def test_there_are_fourteen_plain_colours_and_all_can_be_painted() -> None:
    assert len(set(PLAIN)) == 14
    assert set(PLAIN) | set(METALS) <= COLOURS.keys()


def test_every_adjective_leads_back_to_its_look() -> None:
    for look in NAMED:
        assert adjectives(look)
        assert {look_of(word) for word in adjectives(look)} == {look}


def test_a_paint_has_the_colour_of_its_look_in_every_variation() -> None:
    looks = [*PLAIN, *METALS] * 3
    colours = paint(Draw(np.random.default_rng(0), len(looks)), looks).colour
    table = {name: np.asarray(COLOURS[name]) for name in (*PLAIN, *METALS)}
    for look, colour in zip(looks, colours, strict=True):
        nearest = min(table, key=lambda name: float(np.abs(table[name] - colour).sum()))
        assert nearest == look


def test_patterns_have_both_colours_and_their_layout() -> None:
    looks = [f"red and white {name}" for name in PATTERNS] + ["red"]
    painted = paint(Draw(np.random.default_rng(1), len(looks)), looks)
    assert painted.pattern.tolist() == [float(pattern) for pattern, _ in PATTERNS.values()] + [0.0]
    assert np.abs(painted.colour - COLOURS["red"]).max() <= 0.0351
    assert np.abs(painted.second[:-1] - COLOURS["white"]).max() <= 0.0351
    assert np.array_equal(painted.second[-1], painted.colour[-1])


def test_materials_have_their_patterns_beside_plain_variations() -> None:
    painted = paint(Draw(np.random.default_rng(2), 4), ["wood", "red", "stone", "golden"])
    assert painted.pattern.tolist() == [Pattern.WOOD, Pattern.PLAIN, Pattern.CLOUDS, Pattern.PLAIN]
    assert painted.gloss[3] == 1.0


def test_the_colours_of_a_pattern_are_read_back() -> None:
    assert colours_of("dark green and light blue polka dot") == ("dark green", "light blue")
    assert colours_of("wood") == ("wood",)
    with pytest.raises(ValueError, match="look 'mauve': must be one of red, orange"):
        colours_of("mauve")
    with pytest.raises(ValueError, match="look 'red and white spotted'"):
        colours_of("red and white spotted")


@pytest.mark.parametrize("recolour", [0.0, 0.5, 1.0])
def test_looks_are_unusual_as_often_as_asked(recolour: float) -> None:
    generator, count = np.random.default_rng(3), 4000
    drawn = [draw_look(generator, "cream", recolour) for _ in range(count)]  # no look that is drawn is cream
    share = sum(other for _, other in drawn) / count
    assert abs(share - RECOLOURED * recolour) < 4.0 * np.sqrt(0.25 / count)
    assert all((look == "cream") != other for look, other in drawn)


def test_colours_that_are_drawn_together_can_be_told_apart() -> None:
    generator = np.random.default_rng(4)
    for _ in range(500):
        first, second = colours_of(draw_pattern(generator))
        assert not alike(first, second)
        assert not alike(draw_second(generator, "golden"), "golden")
    assert alike("dark green", "green")
    assert not alike("red", "green")
