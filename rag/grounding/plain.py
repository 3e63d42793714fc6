"""Markdown as a reader hears it: text without its markup, each character knowing where it stood.

Takes any string; returns what is left of it once marks, quotes and white space no longer count,
together with the offsets of what is left. Knows no language and no meaning.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Tags that only lay out; `<unk>` and its like are content in notes about tokenisers.
_TAGS = "br|hr|p|div|span|b|i|u|em|strong|sub|sup|img|a|table|tr|td|th|thead|tbody|ul|ol|li|font|center|tip|kbd|mark"
_MARKUP = re.compile(
    rf"""
      ^[ \t]*(?:```|~~~)[^\n]*$                                  # fences
    | ^[ \t]*\|?[ \t]*:?-{{3,}}:?[ \t]*(?:\|[ \t]*:?-{{3,}}:?[ \t]*)*\|?[ \t]*$   # rules, table separators
    | ^[ \t]*(?:>[ \t]?)+                                        # quotes
    | ^[ \t]*\#{{1,6}}[ \t]+                                     # headings
    | ^[ \t]*(?:[-*+]|\d{{1,3}}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?   # list items
    | !?\[(?=[^\]\n]*\]\() | (?<=[^\s\[])\]\([^)\s]*(?:[ ]"[^"\n]*")?\)   # links
    | </?(?:{_TAGS})\b[^>\n]*>
    | \*+ | ~~ | `+ | \$+ | (?<!\w)_+(?=\S) | (?<=\S)_+(?!\w)    # emphasis, code, formulas
    | \\(?=[\\`*_{{}}\[\]()\#+.!$|-])                            # escapes
    | [\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]   # what nobody sees
    """,
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_QUOTES = frozenset("\"'`´“”‘’‚„«»‹›《》〈〉「」『』")
_DASHES = frozenset("‐‑‒–—―−~～〜")
_END_MARKS = ".!?。！？…:;,"


@dataclass(frozen=True, slots=True)
class Plain:
    """Characters that count, and where each stood: `source[offsets[i]]` became `text[i]`.

    `offsets` has one entry more than `text`: the end of the source.
    """

    text: str
    offsets: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Range of the source that `text[start:end]` (not empty) came from."""
        return self.offsets[start], self.offsets[end - 1] + 1


def plain(source: str) -> Plain:
    """`source` without Markdown's markup; table bars become spaces, white space stays."""
    characters: list[str] = []
    offsets: list[int] = []
    position = 0
    for match in [*_MARKUP.finditer(source), None]:
        stop = len(source) if match is None else match.start()
        characters.extend(" " if character == "|" else character for character in source[position:stop])
        offsets.extend(range(position, stop))
        position = stop if match is None else match.end()
    return Plain("".join(characters), (*offsets, len(source)))


def fold(text: Plain) -> Plain:
    """What is compared for "word for word": no quotes, one dash, lower case, no idle white space.

    White space goes where Korean writers differ in it, and stays between two Latin words or two
    numbers, where it tells them apart.
    """
    characters: list[str] = []
    offsets: list[int] = []
    gap = False
    for character, offset in zip(text.text, text.offsets, strict=False):
        if character.isspace():
            gap = True
            continue
        if character in _QUOTES:
            continue
        folded = "-" if character in _DASHES else unicodedata.normalize("NFKC", character).lower()
        if len(folded) != 1:
            folded = character
        if gap and characters and _latin(folded) and _latin(characters[-1]):
            characters.append(" ")
            offsets.append(offset - 1)
        gap = False
        characters.append(folded)
        offsets.append(offset)
    return Plain("".join(characters), (*offsets, text.offsets[-1]))


def folded_claim(sentence: str) -> str:
    """A sentence as it is looked for word for word: folded, without the marks that end it."""
    return fold(plain(sentence)).text.strip(" ").rstrip(_END_MARKS)


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
