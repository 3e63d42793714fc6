"""What can be measured about a question and its passages before anything is generated.

Takes a question and passages; returns numbers in 0..1 by name, and the words no passage holds. What
they mean for answering is decided by a calibration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from rag.grounding.reading import Reading, Word, read
from rag.grounding.spans import layout
from rag.grounding.support import found_at
from rag.text import HANGUL, bigrams
from rag.types import Passage

Asked = Literal["number", "date", "person", "place", "other"]

_KINDS: tuple[tuple[Asked, re.Pattern[str]], ...] = (
    (
        "date",
        re.compile(
            r"언제|몇\s?(?:년|월|일|세기|연도|시)|어느\s?(?:해|날|시기)|연도|날짜"
            r"|\bwhen\b|\bwhat (?:year|date|day|month|century)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "number",
        re.compile(
            r"몇|얼마|개수|비율|퍼센트|\bhow (?:many|much|long|far|old|large|big|often|tall)\b|\bpercentage\b",
            re.IGNORECASE,
        ),
    ),
    ("person", re.compile(r"누구|누가|누굴|사람은|인물은|사람의 이름|\bwho(?:m|se)?\b", re.IGNORECASE)),
    (
        "place",
        re.compile(
            r"어디|어느\s?(?:나라|도시|지역|곳|섬|주)|(?:곳|장소|지역|나라|도시)(?:은|는|의 이름)"
            r"|\bwhere\b|\bwhich (?:country|city|place)\b",
            re.IGNORECASE,
        ),
    ),
)
# Words that ask rather than name what is asked about.
_ASKING = frozenset(
    "무엇 누구 언제 어디 왜 어떻 몇 얼마 어느 어떤 이유 이름 사람 인물 것 알 말하 설명 문서 뭐 무슨 방법 "
    "what who when where why how which explain describe name tell mean".split()
)


_DATE_UNITS = frozenset(["year", "month", "day", "century", "hour"])
# How much a word says by its kind; with rarities at hand they multiply.
_KIND_WEIGHT = {"name": 1.5, "noun": 1.0, "verb": 0.4, "adverb": 0.3}
_RUN_CHARS = 300
# Added to every rarity, so that rare verbs and slips of spelling do not outweigh names.
_FLOOR = 2.0
# What makes a noun before it something that is done.
_DOING = re.compile(r"[하한할함해했되된될됨돼됐]|시[키킨킬켜켰]")
_PARTS = re.compile(r"[A-Za-z]+|\d+")
_NOBODY_WROTE = "\ufffd"
_LONG_ENOUGH, _ALIKE = 4, 0.8
NAMES = (
    "passage",
    "place",
    "union",
    "names",
    "bigrams",
    "margin",
    "first",
    "type",
    "absent",
    "unheard",
    "likely",
)


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals by name, each in 0..1, and the question's words that no passage holds, weightiest first."""

    values: Mapping[str, float]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    word: Word
    shown: str
    weight: float
    specific: bool  # a name, a number, a term with capitals or digits


def signals(question: str, passages: Sequence[Passage], *, idf: Callable[[str], float] | None = None) -> Signals:
    """How much of the question the passages speak of, its words weighted by kind and rarity.

    passage: by the best passage with its title and heading; place: in its best run of sentences of at
    most 300 characters; union: by all passages together; names: its names, numbers and technical
    terms, by the best passage; bigrams: its Hangul bigrams in that best place; margin: how far the
    best passage is ahead of the second; first: whether the best place lies in the passage ranked
    first; type: whether that place holds what is asked for (a number for "how many", a date for
    "when", a name for "who" and "where"); absent: whether a name, number or technical term of the
    question stands in no passage at all; unheard: the share of the question, by weight, that no note of the
    index speaks of, not even spelled a little differently (0 without `idf`); likely: the share of the likelihood that
    the search gives its first passage.
    """
    asked = read(question)
    terms = _terms(asked, idf)
    if not passages or not sum(term.weight for term in terms):
        return Signals(dict.fromkeys(NAMES, 0.0), tuple(term.shown for term in terms))
    weights = [term.weight for term in terms]
    looks = [_look(terms, passage) for passage in passages]
    whole = [_share(weights, [max((c for _, c in spots), default=0.0) for spots in look]) for look in looks]
    ranked = sorted(whole, reverse=True)
    best, where, window = max(
        (
            _best_place(weights, look, passage.text, -place)
            for place, (look, passage) in enumerate(zip(looks, passages, strict=True))
        ),
    )
    note = read(passages[-where].text)
    everywhere = [max((c for look in looks for _, c in look[t]), default=0.0) for t in range(len(terms))]
    specific = [t for t in range(len(terms)) if terms[t].specific]
    own = [weights[t] for t in specific]
    hangul = _bigrams_shared(asked, note, window)
    values = {
        "passage": ranked[0],
        "place": best,
        "union": _share(weights, everywhere),
        "names": max(_share(own, [max((c for _, c in look[t]), default=0.0) for t in specific]) for look in looks)
        if specific
        else ranked[0],
        "bigrams": best if hangul is None else hangul,
        "margin": ranked[0] - (ranked[1] if len(ranked) > 1 else 0.0),
        "first": float(where == 0),
        "type": _fits(question, asked, note, window),
        "absent": float(any(not everywhere[t] for t in specific)),
        "unheard": _share(weights, [float(unheard) for unheard in _unheard(terms, everywhere, passages, idf)]),
        "likely": min(1.0, max(0.0, passages[0].score)),
    }
    missing = sorted((t for t in range(len(terms)) if not everywhere[t]), key=lambda t: -weights[t])
    return Signals(values, tuple(terms[t].shown for t in missing))


def _terms(asked: Reading, idf: Callable[[str], float] | None) -> list[_Term]:
    found: dict[str, _Term] = {}
    for word in asked.words:
        if word.lemma in _ASKING or word.form in _ASKING:
            continue
        shown = asked.source[word.start : word.end]
        specific = _is_specific(word, shown, asked)
        rarity = 1.0 if idf is None else _FLOOR + max(0.0, idf(word.lemma))
        found.setdefault(word.form, _Term(word, shown, _KIND_WEIGHT[word.kind] * rarity, specific))
    return list(found.values())


def _is_specific(word: Word, shown: str, asked: Reading) -> bool:
    """A name or a term; a capital that opens an English sentence tells none, nor what somebody does (보정하는)."""
    opens_korean = shown.isascii() and shown.lower() != shown and HANGUL.search(asked.source) is not None
    return (word.kind == "name" and not _DOING.match(asked.source, word.end)) or opens_korean


def _look(terms: Sequence[_Term], passage: Passage) -> list[list[tuple[int, float]]]:
    """For each term, where the passage says it and how well; what its title says holds everywhere (place -1)."""
    note = read(passage.text)
    title = read(f"{passage.title}\n{passage.chunk.heading}".strip())
    return [
        [
            *(found_at(term.word, note) or _spelled(term, passage.text)),
            *((-1, credit) for _, credit in found_at(term.word, title)[:1]),
        ]
        for term in terms
    ]


def _spelled(term: _Term, source: str) -> list[tuple[int, float]]:
    """Where a term in Latin letters stands in another dress: L1 as $L_1$, SmolLM2 in SmolLM2-135M."""
    if not (term.specific and term.shown.isascii() and term.shown.isalnum()):
        return []
    parts = map(re.escape, _PARTS.findall(term.shown))
    pattern = rf"(?<![A-Za-z0-9]){r'[-_{ ]{0,2}'.join(parts)}(?![A-Za-z0-9])"
    return [(match.start(), 1.0) for match in re.finditer(pattern, source, re.IGNORECASE)]


def _best_place(
    weights: Sequence[float], look: Sequence[Sequence[tuple[int, float]]], source: str, place: int
) -> tuple[float, int, tuple[int, int]]:
    best = (0.0, place, (0, len(source)))
    for start, end in _runs(source):
        credits_here = [max((c for spot, c in spots if spot < 0 or start <= spot < end), default=0.0) for spots in look]
        share = _share(weights, credits_here)
        if share > best[0]:
            best = (share, place, (start, end))
    return best


def _unheard(
    terms: Sequence[_Term],
    everywhere: Sequence[float],
    passages: Sequence[Passage],
    idf: Callable[[str], float] | None,
) -> list[bool]:
    """For each term, whether it stands in no note at all: nothing is rarer than a word that nobody wrote."""
    if idf is None:
        return [False] * len(terms)
    rarest = idf(_NOBODY_WROTE) - 1e-6
    # An index of bigrams knows a Hangul word in part: one bigram that nobody wrote is enough.
    silent = [
        not known and any(idf(part) >= rarest for part in (term.word.lemma, *bigrams(term.word.lemma)))
        for term, known in zip(terms, everywhere, strict=True)
    ]
    if not any(silent):
        return silent
    written = {word.lemma for passage in passages for word in read(passage.text).words}
    return [
        unknown and not any(_alike(term.word.lemma, lemma) for lemma in written)
        for unknown, term in zip(silent, terms, strict=True)
    ]


def _alike(asked: str, written: str) -> bool:
    """Whether one may be a slip of the other: they begin alike and differ in a fifth of their letters at most."""
    longest = max(len(asked), len(written))
    if longest < _LONG_ENOUGH or asked[0] != written[0] or 5 * abs(len(asked) - len(written)) > longest:
        return False
    return SequenceMatcher(None, asked, written, autojunk=False).ratio() >= _ALIKE


def _share(weights: Sequence[float], earned: Sequence[float]) -> float:
    total = sum(weights)
    return sum(weight * part for weight, part in zip(weights, earned, strict=True)) / total if total else 0.0


def _runs(source: str) -> list[tuple[int, int]]:
    """Runs of sentences, from each sentence on as many as fit into 300 characters."""
    whole = layout(source).sentences
    found = []
    for first, (start, end) in enumerate(whole):
        for _, later in whole[first + 1 :]:
            if later - start > _RUN_CHARS:
                break
            end = later
        found.append((start, end))
    return found


def _bigrams_shared(asked: Reading, note: Reading, window: tuple[int, int]) -> float | None:
    wanted = {pair for word in asked.words for pair in bigrams(asked.source[word.start : word.end])}
    there = set(bigrams(note.source[window[0] : window[1]]))
    return len(wanted & there) / len(wanted) if wanted else None


def asked_for(question: str) -> Asked:
    """What kind of answer a question wants, by its question word."""
    for kind, pattern in _KINDS:
        if pattern.search(question):
            return kind
    return "other"


def _fits(question: str, asked: Reading, note: Reading, window: tuple[int, int]) -> float:
    kind = asked_for(question)
    if kind == "other":
        return 1.0
    if kind in ("number", "date"):
        new = [q for q in note.quantities_in(*window) if not any(q.same_as(other) for other in asked.quantities)]
        return float(any(kind == "number" or q.unit in _DATE_UNITS or 1000 <= q.value < 2100 for q in new))
    said = {word.form for word in asked.words}
    return float(any(word.kind == "name" and word.form not in said for word in note.words_in(*window)))
