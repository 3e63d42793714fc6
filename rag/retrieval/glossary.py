"""What notes call a term otherwise, in the other language as a rule: "과적합" asked, "overfitting" written.

Reads glossary.txt beside it; knows besides how Korean spells letters ("지피티": GPT) and that two Latin words may be
written as one ("batch norm"). Knows no index: the caller says how often its notes hold a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.text import HANGUL, PARTICLES, morphemes, nouns

# A term that the notes hold themselves is only helped by a name that is so many times as common.
_COMMONER = 5
_LATIN_WORD = re.compile(r"[a-z]+")
_PAIR = re.compile(r"(?<![a-z])(?=(?P<first>[a-z]{3,})[ -](?P<second>[a-z]{3,})(?![a-z]))")
_HANGUL_WORD = re.compile(r"[\uac00-\ud7a3]+")
_LETTERS = dict(
    pair.split(":")
    for pair in (
        "에이:a 비:b 씨:c 시:c 디:d 이:e 에프:f 지:g 에이치:h 아이:i 제이:j 케이:k 엘:l 엠:m 엔:n 오:o "
        "피:p 큐:q 알:r 에스:s 티:t 유:u 브이:v 더블유:w 엑스:x 와이:y 제트:z"
    ).split()
)
_LETTER = re.compile("|".join(sorted(_LETTERS, key=len, reverse=True)))
_FEWEST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a text, `text[start:end]`, and another name of it; `known`: the notes hold a word of the term."""

    start: int
    end: int
    name: str
    known: bool


def translated(question: str, count: Callable[[str], int]) -> list[Term]:
    """The terms of a question that the notes call otherwise, in their order.

    `count` says how often the notes hold a Korean morpheme or a Latin word (lower case).
    """
    low = question.lower()
    found = list(_joined(low, count))
    for start, end, names in [*_acronyms(low), *_terms(low)]:
        if any(start < one.end and one.start < end for one in found):
            continue
        term = low[start:end]
        words = _words(term)
        mine = min(map(count, words), default=0)
        # A term that the notes write has no other name in its own language.
        others = [name for name in names if not mine or _is_korean(name) != _is_korean(term)]
        # The first of those that are written as often: the glossary puts the commonest first.
        often, name = max(
            ((min(map(count, _words(name)), default=0), name) for name in others),
            key=lambda one: one[0],
            default=(0, ""),
        )
        if often >= max(1, _COMMONER * mine) and name not in low:
            found.append(Term(start, end, name, len(words) > 1 or any(map(count, words))))
    return sorted(found, key=lambda term: term.start)


def _joined(question: str, count: Callable[[str], int]) -> Iterator[Term]:
    """Two neighbouring Latin words that the notes write as one too: "batch norm" and "batchnorm"."""
    for match in _PAIR.finditer(question):
        first, second = match["first"], match["second"]
        often = 0 if first + second in question else count(first + second)
        if often and _COMMONER * often >= min(count(first), count(second)):
            yield Term(match.start(), match.end("second"), first + second, True)


def _terms(question: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Spans of the question's terms, and their other names; the longest first where some lie in others."""
    names, pattern = _glossary()
    parts = nouns(question)
    ends = {noun.end for noun in parts} - {noun.start for noun in parts}
    for match in pattern.finditer(question):
        if not HANGUL.match(match[0]):
            yield *match.span(), names[_squeezed(match[0])]
            continue
        rest = _HANGUL_WORD.match(question, match.end())
        # Not "샘플링" of "서브샘플링" nor "인자" of "인자하신".
        ends_word = match.end() in ends or rest is None or PARTICLES.fullmatch(rest[0])
        if ends_word and not HANGUL.match(question[max(0, match.start() - 1) : match.start()]):
            yield *match.span(), names[_squeezed(match[0])]


def _acronyms(question: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Hangul words that spell Latin letters: "엘에스티엠은" as "lstm"."""
    for word in _HANGUL_WORD.finditer(question):
        letters, end = "", 0
        while match := _LETTER.match(word[0], end):
            rest = PARTICLES.fullmatch(word[0], end)
            if rest and len(letters) >= _FEWEST_LETTERS:
                break
            letters, end = letters + _LETTERS[match[0]], match.end()
        if len(letters) >= _FEWEST_LETTERS and (end == len(word[0]) or PARTICLES.fullmatch(word[0], end)):
            yield word.start(), word.start() + end, (letters,)


def _words(name: str) -> list[str]:
    """What an index counts of a name: Korean morphemes of two syllables, Latin words of three letters and more."""
    if _is_korean(name):
        return [word for word in morphemes(name) if len(word) > 1]
    return [word for word in _LATIN_WORD.findall(name) if len(word) > 2]


def _is_korean(name: str) -> bool:
    return HANGUL.search(name) is not None


def _squeezed(name: str) -> str:
    return re.sub(r"[\s\-]+", "", name)


@lru_cache(maxsize=1)
def _glossary() -> tuple[Mapping[str, tuple[str, ...]], re.Pattern[str]]:
    """The other names by term, in lower case without white space, and what finds the terms in a text in lower case."""
    others: dict[str, list[str]] = {}
    terms: list[str] = []
    for line in (Path(__file__).parent / "glossary.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        korean, english = ([name.strip().lower() for name in side.split(",")] for side in line.split("="))
        # Names of its own language last: of names as common as each other the question lacks the other language's.
        for mine, theirs in ((korean, english), (english, korean)):
            for name in mine:
                others.setdefault(_squeezed(name), []).extend(other for other in (*theirs, *mine) if other != name)
                terms.append(name)
        for name in english:
            others.setdefault(_squeezed(name) + "s", others[_squeezed(name)])
    terms.sort(key=len, reverse=True)
    return {term: tuple(names) for term, names in others.items()}, re.compile("|".join(map(_spaced, terms)))


def _spaced(name: str) -> str:
    """A term however it is spaced; a Latin one as a word of its own, in the plural too."""
    if _is_korean(name):
        return r"\s?".join(map(re.escape, name.split()))
    spaced = r"[\s-]?".join(map(re.escape, re.split(r"[ -]", name)))
    return rf"(?<![a-z]){spaced}s?(?![a-z])"
