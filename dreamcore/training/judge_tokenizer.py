"""The judge's word pieces: a small vocabulary of its own, of the words that its captions have, and of letters."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
_LETTERS = string.ascii_lowercase + string.digits


def make_tokenizer(captions: Iterable[str], size: int, context: int) -> Tokenizer:
    """At most `size` pieces: the most frequent words, and every letter and digit, so that any word can be spelt. END
    has the largest number, as open_clip's text tower reads its output where the number is largest; PAD is 0. The same
    captions give the same numbers. Raises ValueError for a size that does not hold the letters."""
    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    counts = Counter(
        word for caption in captions for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(caption))
    )
    pieces = _pieces(counts, size)
    place = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(place, unk_token=UNKNOWN))
    tokenizer.add_special_tokens([PAD, UNKNOWN, START, END])
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, place[START]), (END, place[END])]
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(context)
    tokenizer.enable_padding(length=context, pad_id=place[PAD], pad_token=PAD)
    return tokenizer


def _pieces(counts: Counter[str], size: int) -> Sequence[str]:
    """In the order of their numbers."""
    spelling = [PAD, UNKNOWN, START, *_LETTERS, *string.punctuation, *(f"##{letter}" for letter in _LETTERS)]
    room = size - len(spelling) - 1
    if room < 0:
        raise ValueError(f"network.text_cfg.vocab_size = {size}: must be at least {len(spelling) + 1}")
    words = sorted(counts.keys() - set(spelling), key=lambda word: (-counts[word], word))
    return [*spelling, *words[:room], END]


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context: int) -> None:
    """As the files from which open_clip's HFTokenizer loads it."""
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "pad_token": PAD,
        "unk_token": UNKNOWN,
        "cls_token": START,
        "sep_token": END,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_tokenizer(folder: Path) -> Tokenizer:
    """What `save_tokenizer` wrote. Raises ValueError if it is not there."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ValueError(f"{path}: there is no tokenizer beside the checkpoint")
    return Tokenizer.from_file(str(path))
