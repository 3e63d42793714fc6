"""What headings say of sections: that they are about just what a question names, or that nothing stands under them.

A short question says little but the name of its topic, and notes put that over what they say of it: "2. BPE (Byte
Pair Encoding)". Takes a question, heading paths and texts; knows no index.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.text import SHORT_QUESTION, asked, bigrams, latin_words
from rag.types import HEADING_SEPARATOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERING = re.compile(r"^[\s\d.\-]+(?:강|장|주차)?[\s.]*")
_ASIDE = re.compile(r"[(（\[]([^)）\]]*)[)）\]]")
# What stands further up is about more than the section.
_OUTER = 0.7
_ONLY_HEADING = re.compile(r"\s*#{1,6}[^\n]*\s*")
_OUTLINE = re.compile(r"(?:범위|주제|목차|내용|다루는 것|topics?|outline|agenda|contents)\s?[:：]", re.IGNORECASE)
_OUTLINE_CHARS = 400


def named(query: str, headings: Sequence[str]) -> NDArray[np.float32]:
    """How far each heading path names just what a short question names, float32 (len(headings),) in 0..1."""
    about = asked(query)
    mine = {*bigrams(" ".join(about.named)), *latin_words(" ".join(about.named))}
    if len(about.morphemes) > SHORT_QUESTION or not mine:
        return np.zeros(len(headings), dtype=np.float32)
    return np.array([_named(mine, heading) for heading in headings], dtype=np.float32)


def _named(mine: set[str], heading: str) -> float:
    best, weight = 0.0, 1.0
    for part in reversed(heading.split(HEADING_SEPARATOR)):
        bare = _NUMBERING.sub("", part)
        for name in (_ASIDE.sub(" ", bare), *_ASIDE.findall(bare)):
            theirs = {*bigrams(name), *latin_words(name)}
            shared = len(mine & theirs)
            if shared:
                best = max(best, weight * shared / len(theirs) * shared / len(mine))
        weight *= _OUTER
    return best


def is_bare(text: str) -> bool:
    """Whether a section is a heading and nothing under it."""
    return _ONLY_HEADING.fullmatch(text) is not None


def is_outline(text: str) -> bool:
    """Whether a section lists what a lecture is about: every question meets a word there, and none is answered."""
    return len(text) <= _OUTLINE_CHARS and _OUTLINE.search(text) is not None
