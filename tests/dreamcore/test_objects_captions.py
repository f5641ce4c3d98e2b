import numpy as np
import pytest
import torch

from dreamcore.objects.captions import (
    CLAY,
    MOST_WORDS,
    PREFIXES,
    CaptionSettings,
    Reading,
    Words,
    article,
    is_countable,
    part_phrase,
    phrase,
    plural,
    read,
    view_captions,
    view_words,
)  # fmt: skip
from dreamcore.prompts import view_index
from dreamcore.texts import VIEW_WORDS

MUG = Words(
    base="a purple mug", bare="a mug", kind="thing", things=("mug",), looks=("purple",), second="", directional=False
)


@pytest.mark.parametrize(
    "said",
    [
        "a mug", "an apple", "an orange car", "a ufo", "a unicorn", "an hourglass", "an umbrella", "a t-rex",
        "a ukulele", "headphones", "the planet earth", "santa claus", "a pair of scissors", "an ear of corn",
    ],
)  # fmt: skip
def test_articles(said: str) -> None:
    first, _, rest = said.partition(" ")
    assert article(rest if first in ("a", "an", "the") else said) == said


def test_an_adjective_takes_the_article_and_the_only_one_of_its_kind_becomes_one_of_many() -> None:
    assert phrase("apple", "red") == "a red apple"
    assert phrase("mug", "orange", "a red handle") == "an orange mug with a red handle"
    assert phrase("ufo", "orange") == "an orange ufo"
    assert phrase("planet earth") == "the planet earth"
    assert phrase("planet earth", "golden") == "a golden planet earth"
    assert phrase("scissors", "red") == "red scissors"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("apple", "apples"), ("box", "boxes"), ("bus", "buses"), ("candy", "candies"), ("toy", "toys"),
        ("knife", "knives"), ("slice of pizza", "slices of pizza"), ("loaf of bread", "loaves of bread"),
        ("snowman", "snowmen"), ("starfish", "starfish"), ("church", "churches"), ("bookshelf", "bookshelves"),
        ("cactus in a clay pot", "cactuses in a clay pot"), ("pair of scissors", "pairs of scissors"),
    ],
)  # fmt: skip
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_what_is_many_already_is_not_counted() -> None:
    assert [noun for noun in ("apple", "scissors", "popcorn", "earth", "pair of scissors") if is_countable(noun)] == [
        "apple",
        "pair of scissors",
    ]


def test_parts_take_a_colour_before_their_noun() -> None:
    assert part_phrase("a roof", "red") == "a red roof"
    assert part_phrase("an antenna", "red") == "a red antenna"
    assert part_phrase("a lid knob", "orange") == "an orange lid knob"
    assert part_phrase("wheels", "red") == "red wheels"


def test_the_words_of_a_view_are_those_of_the_prompts() -> None:
    azimuth = np.concatenate([np.arange(-360.0, 721.0, 7.3), [-45.0, 45.0, 135.0, -135.0, 180.0, 225.0, 315.0]])
    elevation = np.tile([-10.0, 30.0, 60.0, 60.5, 90.0], len(azimuth))
    azimuth = np.repeat(azimuth, 5)
    wanted = view_index(torch.from_numpy(azimuth), torch.from_numpy(elevation))
    said = [view_words(*pair) for pair in zip(azimuth.tolist(), elevation.tolist(), strict=True)]
    assert said == [VIEW_WORDS[index] for index in wanted.tolist()]


def _captions(settings: CaptionSettings, textureless: bool, count: int = 2000) -> list[str]:
    generator = np.random.default_rng(0)
    return view_captions(generator, [MUG] * count, [0.0] * count, [0.0] * count, [textureless] * count, settings)


def test_as_many_captions_as_asked_have_a_view_and_a_prefix() -> None:
    said = _captions(CaptionSettings(view=0.75, prefix=0.25), False)
    bound = 4.0 * np.sqrt(0.25 / len(said))
    assert abs(np.mean([text.endswith(", front view") for text in said]) - 0.75) < bound
    assert abs(np.mean([text.startswith(PREFIXES) for text in said]) - 0.25) < bound
    assert all("a purple mug" in text for text in said)
    assert set(_captions(CaptionSettings(view=0.0, prefix=0.0), False)) == {"a purple mug"}


def test_without_texture_no_caption_names_a_colour_of_the_thing() -> None:
    said = _captions(CaptionSettings(), True)
    assert not any("purple" in text for text in said)
    assert {"a mug", "a mug, front view", f"{CLAY[0]} a mug"} <= set(said)
    assert set(_captions(CaptionSettings(view=0.0, clay=0.0), True)) == {"a mug"}


def test_no_caption_is_too_long() -> None:
    long = Words(**{**vars(MUG), "base": " ".join(["word"] * 13)})
    settings = CaptionSettings(view=1.0, prefix=1.0)
    said = view_captions(np.random.default_rng(0), [long, MUG] * 50, [90.0] * 100, [0.0] * 100, [False] * 100, settings)
    assert max(len(text.split()) for text in said) <= MOST_WORDS
    assert sum(text.startswith(PREFIXES) for text in said) >= 50


def test_shares_must_be_shares() -> None:
    with pytest.raises(ValueError, match=r"view = 1.5: must be between 0 and 1"):
        CaptionSettings(view=1.5)


def test_plain_captions_are_read() -> None:
    assert read("a light blue coffee mug") == Reading(things=("mug",), looks=("light blue",))
    assert read("a wooden chair") == Reading(things=("chair",), looks=("wood",))
    assert read("an orange") == read("an orange and a half")  # a noun of the library before a colour
    assert read("a grey cat on top of a stool") == Reading(things=("cat", "stool"), looks=("gray", ""), relation="on")
    assert read("a penguin wearing a red hat") == Reading(
        things=("penguin", "hat"), looks=("", "red"), relation="wearing"
    )
    with pytest.raises(ValueError, match="caption 'a purple idea': names no thing of the library"):
        read("a purple idea")
