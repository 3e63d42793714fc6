"""How far a heading is just the thing that a question asks about: "2.3 HNSW (Hierarchical ...)" for "What is HNSW?".

Takes the question's words and a heading or the path of headings over a sentence; gives shares in 0..1. Knows no
sentences and no weights.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.generation.asking import Asked, squeezed

_NUMBERING = re.compile(r"^[\s\d.\-]+")
_MARKS = re.compile(r"[\[\]*`]")
_ASIDE = re.compile(r"[(（]([^)）]*)[)）]")
_BETWEEN = re.compile(r" > |\s#{1,6}\s|\n")
# What a heading says of its thing and not which thing it is: "왜 RAG인가", "How attention works".
_FILLER = re.compile(
    r"왜|인가요?|이?란|무엇|동작|작동|원리|방식|방법|과정|절차|구조|개념|정의|소개|개요|이해하?기?|알고리즘|함수|수식|공식|의\s|필요한?|이유"
    r"|\b(?:what|why|how|is|are|an?|the|do|does|works?|to|of|for|in|introduction|introducing|understanding|building"
    r"|overview|basics?|definition|algorithm)\b",
    re.IGNORECASE,
)
_HALF = 0.5
_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)*)")


def meets(term: str, text: str) -> bool:
    """Whether a lower-case text has a term.

    One of up to three Latin letters must stand as a word ("rag" is not in "fragment"), and what stands between a name
    and its number does not count ("k1" is in "$k_1$", "gpt2" in "GPT-2").
    """
    if not term.isascii() or (len(term) > 3 and not term[-1].isdigit()):
        return term in text
    return _word(term).search(text) is not None


def named(asked: Asked, heading: str) -> float:
    """How much of a heading the asked thing is, times how much of the thing it names: 1 where it is just that.

    0 below a half: such a heading is about another thing.
    """
    return _named(asked.subject, heading) if heading else 0.0


@lru_cache(maxsize=4096)
def _named(subject: tuple[tuple[str, ...], ...], heading: str) -> float:
    bare = _NUMBERING.sub("", _MARKS.sub("", heading))
    names = [_ASIDE.sub(" ", bare), *_ASIDE.findall(bare)]
    share = max((_share(way, name) for way in subject for name in names), default=0.0)
    return share if share >= _HALF else 0.0


def path(heading: str) -> list[str]:
    """The headings over a sentence, outermost first."""
    return [part.strip("# \t") for part in _BETWEEN.split(heading) if part.strip("# \t")]


@lru_cache(maxsize=4096)
def parent(heading: str) -> str:
    """The heading over the innermost one; "" where there is none, or where numbers tell that it stands beside it."""
    parts = path(heading)
    if len(parts) < 2:
        return ""
    inner, outer = _NUMBER.match(parts[-1]), _NUMBER.match(parts[-2])
    beside = inner and outer and not inner[1].startswith(f"{outer[1]}.")
    return "" if beside else parts[-2]


def _share(way: tuple[str, ...], name: str) -> float:
    lowered = name.lower()
    met = [word for term in way if (word := _word_in(term, lowered))]
    whole = squeezed(_FILLER.sub(" ", name)) or squeezed(name)
    if not met or not whole:
        return 0.0
    # A particle or an ending stands behind each word.
    letters = sum(map(len, met))
    return len(met) / len(way) * min(1.0, letters / max(1, len(whole) - 2 * len(met)))


def _word_in(term: str, text: str) -> str:
    """What of a text meets the term, "" for nothing; a Latin one opens its word, so that QLoRA is no LoRA."""
    if not meets(term, text):
        return ""
    if not term.isascii() or len(term) <= 3 or term[-1].isdigit():
        return term
    found = re.search(rf"(?<![a-z]){re.escape(term)}[a-z]*", text)
    return found[0] if found else ""


@lru_cache(maxsize=1024)
def _word(term: str) -> re.Pattern[str]:
    parted = re.fullmatch(r"([a-z]+)(\d+)", term)
    if parted:
        return re.compile(rf"(?<![a-z]){parted[1]}[\s_{{-]{{0,2}}{parted[2]}(?!\d)")
    return re.compile(rf"(?<![a-z]){re.escape(term)}(?:e?s|[a-z]?ing|[a-z]?ed)?(?![a-z])")
