"""The judge's word pieces: any word can be spelt, and the end is where open_clip looks for it."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from dreamcore.training.judge_tokenizer import END, PAD, START, UNKNOWN, load_tokenizer, make_tokenizer, save_tokenizer

CAPTIONS = [
    f"{colour} {thing}, {view} view"
    for colour in ("a red", "a blue", "a green", "an orange")
    for thing in ("mug", "teddy bear", "house", "guitar")
    for view in ("front", "side", "back", "overhead")
]
CONTEXT = 12


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return make_tokenizer(CAPTIONS, 300, CONTEXT)


def test_the_end_is_the_largest_number_and_the_padding_zero(tokenizer: Tokenizer) -> None:
    assert tokenizer.get_vocab_size() <= 300
    assert tokenizer.token_to_id(END) == max(tokenizer.get_vocab().values()) == tokenizer.get_vocab_size() - 1
    assert tokenizer.token_to_id(PAD) == 0


def test_captions_are_words_between_start_and_end(tokenizer: Tokenizer) -> None:
    found = tokenizer.encode("a red mug")
    assert len(found.ids) == CONTEXT
    assert found.tokens[0] == START
    assert found.tokens[found.tokens.index(END) + 1 :] == [PAD] * (CONTEXT - 1 - found.tokens.index(END))
    assert tokenizer.decode(found.ids) == "a red mug"
    assert "mug" in found.tokens, "what captions often say is one piece"
    assert tokenizer.encode("A Red MUG").ids == found.ids


def test_the_same_captions_give_the_same_numbers_in_any_order(tokenizer: Tokenizer) -> None:
    assert make_tokenizer(CAPTIONS[::-1], 300, CONTEXT).to_str() == tokenizer.to_str()


def test_where_there_is_no_room_rare_words_are_spelt() -> None:
    small = make_tokenizer(["red red blue"], 109, CONTEXT)
    assert small.get_vocab_size() == 109
    assert small.encode("red blue").tokens[:6] == [START, "red", "b", "##l", "##u", "##e"]
    assert small.token_to_id(END) == 108
    with pytest.raises(ValueError, match="vocab_size = 90: must be at least 108"):
        make_tokenizer(["red"], 90, CONTEXT)


@pytest.mark.parametrize("word", ["zyzzyva", "x9k2", string.ascii_lowercase[:8], "quokka", "0147"])
def test_any_word_can_be_spelt(tokenizer: Tokenizer, word: str) -> None:
    found = tokenizer.encode(word)
    assert UNKNOWN not in found.tokens
    assert tokenizer.decode(found.ids) == word


def test_every_letter_starts_and_goes_on_with_a_word(tokenizer: Tokenizer) -> None:
    for letter in string.ascii_lowercase + string.digits:
        for word in (letter, f"q{letter}"):
            assert UNKNOWN not in tokenizer.encode(word).tokens, word


def test_what_is_too_long_is_cut_before_its_end(tokenizer: Tokenizer) -> None:
    found = tokenizer.encode("a red mug " * 20)
    assert len(found.ids) == CONTEXT
    assert found.tokens[0] == START and found.tokens[-1] == END and found.tokens.count(END) == 1


def test_the_saved_one_is_the_same_and_open_clip_agrees(tokenizer: Tokenizer, tmp_path: Path) -> None:
    import json

    import open_clip

    save_tokenizer(tokenizer, tmp_path, CONTEXT)
    text = {"context_length": CONTEXT, "vocab_size": 300, "hf_tokenizer_name": "tokenizer.json"}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"text_cfg": text}}))
    texts = ["a red mug", "A blue Guitar, back view", "an unheard-of thing", "a red mug " * 20, ""]
    wanted = [tokenizer.encode(one).ids for one in texts]
    assert [load_tokenizer(tmp_path).encode(one).ids for one in texts] == wanted
    assert open_clip.get_tokenizer(f"local-dir:{tmp_path}")(texts).tolist() == wanted


def test_a_missing_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no tokenizer"):
        load_tokenizer(tmp_path)
