"""How an encoder reads a text: its tokenizer, its prefixes and its window.

Made from the model's `tokenizer.json` alone (no weights, no torch), so that splitting, the audit and
`ask-notes tokens` start at once. Knows nothing of vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import NoModel

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

# A particle hangs on a Latin word ("mask는"): each script is a word of its own.
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+|[\uac00-\ud7a3]+|\d+|[^\W\d_A-Za-z\u00c0-\u024f\uac00-\ud7a3]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One token as the encoder sees it; `start:end` are the characters it stands for."""

    id: int
    mask: int
    text: str
    start: int
    end: int
    unknown: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """How well words are read: how many, how many hold [UNK], and the share that is read as words.

    A word counts as read when no piece of it is unknown and it has fewer pieces than characters: an
    encoder that spells a word letter by letter (or jamo by jamo) has never learnt it.
    """

    words: int
    unknown: int
    read: float


class EncoderTokenizer:
    """An encoder's own tokenizer with its prefixes and window."""

    def __init__(self, folder: Path, *, query_prefix: str, passage_prefix: str, window: int) -> None:
        self.folder = folder
        self.query_prefix = query_prefix
        self.passage_prefix = passage_prefix
        self.window = window

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        file = self.folder / "tokenizer.json"
        if not file.is_file():
            raise NoModel(f"{self.folder.name} holds no tokenizer.json. Take a model folder with a fast tokenizer.")
        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _unknown_id(self) -> int | None:
        for name in ("[UNK]", "<unk>"):
            if (found := self._tokenizer.token_to_id(name)) is not None:
                return int(found)
        return None

    @cached_property
    def special_tokens(self) -> int:
        """Tokens that the model puts around every text ([CLS], [SEP])."""
        return int(self._tokenizer.num_special_tokens_to_add(is_pair=False))

    def passage_input(self, heading: str, text: str) -> str:
        """What the encoder reads for a chunk: prefix, heading path, text."""
        return f"{self.passage_prefix}{heading}\n{text}" if heading else f"{self.passage_prefix}{text}"

    def encode(self, texts: Sequence[str], *, special: bool = True) -> list[Encoding]:
        """Encodings of the texts as given, without prefix, truncation or padding."""
        return list(self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=special))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text as given, special tokens included."""
        return [len(encoding.ids) for encoding in self.encode(texts)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Character range of each token of `text`, without special tokens."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def pieces(self, text: str) -> list[Piece]:
        """Every token of `text` as given, special tokens included."""
        encoding = self._tokenizer.encode(text)
        return [
            Piece(token, mask, piece, start, end, token == self._unknown_id)
            for token, mask, piece, (start, end) in zip(
                encoding.ids, encoding.attention_mask, encoding.tokens, encoding.offsets, strict=True
            )
        ]

    def reading(self, text: str) -> Reading:
        """How well the words of `text` are read."""
        words = [match.span() for match in _WORD.finditer(text)]
        if not words:
            return Reading(0, 0, 1.0)
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        pieces, unknown, read = [0] * len(words), [False] * len(words), 0
        position = 0
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            while position < len(words) and words[position][1] <= start:
                position += 1
            if position < len(words) and end > words[position][0]:
                pieces[position] += 1
                unknown[position] |= token == self._unknown_id
        for (start, end), count, missing in zip(words, pieces, unknown, strict=True):
            read += not missing and (count < end - start or (end - start <= 2 and count <= 1))
        return Reading(len(words), sum(unknown), read / len(words))
