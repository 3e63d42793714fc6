"""What can be measured about a question and its passages before anything is generated.

Takes a question and passages; returns numbers in 0..1 by name, and the words no passage holds. What
they mean for answering is decided by a calibration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.grounding.reading import Reading, Word, read
from rag.grounding.spans import layout
from rag.grounding.support import found_at
from rag.grounding.wanted import fits
from rag.nearness import cosine
from rag.text import HANGUL, bigrams
from rag.text import asked as about
from rag.types import Meaning, Passage

# Words that ask rather than name what is asked about, and those that mean the day of asking, of which no note speaks.
_ASKING = frozenset(
    "무엇 누구 언제 어디 왜 어떻 몇 얼마 어느 어떤 이유 이름 사람 인물 것 알 말하 설명 문서 뭐 무슨 방법 "
    "머 뭣 차이 차이점 공식 뜻 의미 정의 개념 예시 법 오늘 내일 어제 요즘 "
    "what who when where why how which explain describe name tell mean "
    "many much exactly difference formula meaning definition example work vs today tomorrow yesterday nowadays".split()
)
# How much a word says by its kind; with rarities at hand they multiply.
_KIND_WEIGHT = {"name": 1.5, "noun": 1.0, "verb": 0.4, "adverb": 0.3}
_RUN_CHARS = 300
# Added to every rarity, so that rare verbs and slips of spelling do not outweigh names.
_FLOOR = 2.0
# What makes a noun before it something that is done.
_DOING = re.compile(r"[하한할함해했되된될됨돼됐]|시[키킨킬켜켰]")
_PARTS = re.compile(r"[A-Za-z]+|\d+")
# Credit for a word that cannot be read: it may be there or not.
_MAY_BE = 0.5
_NOBODY_WROTE = "\ufffd"
_LONG_ENOUGH, _ALIKE = 4, 0.8
NAMES = (
    "passage",
    "place",
    "names",
    "bigrams",
    "first",
    "type",
    "absent",
    "unheard",
    "likely",
    "thin",
    "meaning",
    "ahead",
)
# Where no encoder reads the question: what half of the English questions to a course get.
UNTOLD = Meaning(nearest=0.5, ahead=0.2)
# What is lacking weighs half where so much is there: about two words of middling rarity.
_HALF = 10.0


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
    unread: bool  # a Korean noun that no dictionary has ("지피티"): the notes may spell it in another way


def signals(
    question: str,
    passages: Sequence[Passage],
    *,
    idf: Callable[[str], float] | None = None,
    meaning: Meaning | None = None,
) -> Signals:
    """How much of the question the passages speak of, its words weighted by kind and rarity.

    passage: by the best passage with its title and heading.
    place: in its best run of sentences of at most 300 characters.
    names: its names, numbers and technical terms, by the best passage.
    bigrams: its Hangul bigrams in that best place.
    first: whether the best place lies in the passage ranked first.
    type: whether that place holds what is asked for: a number for "how many", a date for "when", a name for "who" and
        "where".
    absent: whether a name, number or technical term of the question stands in no passage at all.
    unheard: the share of the question, by weight, that no note of the index speaks of, not even spelled a little
        differently; 0 without `idf`.
    likely: the share of the likelihood that the search gives its first passage.
    thin: the share that the best place lacks, times 10 / (10 + w) with the weight w of what it has: half of a long
        question is more than half of a short one.
    meaning, ahead: how near the notes come in meaning (see `Meaning`), or what is usual where no encoder reads them.

    A Korean noun that no dictionary has counts as half said wherever it is not: spelled by ear, it may stand there in
    Latin letters.
    """
    asked = read(question)
    terms = _terms(asked, idf)
    if not passages or not sum(term.weight for term in terms):
        nothing = dict.fromkeys(NAMES, 0.0) | {"thin": 1.0}
        return Signals(nothing, tuple(term.shown for term in terms))
    weights = [term.weight for term in terms]
    looks = [_look(terms, passage) for passage in passages]
    whole = [_share(weights, [max((c for _, c in spots), default=0.0) for spots in look]) for look in looks]
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
        "passage": max(whole),
        "place": best,
        "names": max(_share(own, [max((c for _, c in look[t]), default=0.0) for t in specific]) for look in looks)
        if specific
        else max(whole),
        "bigrams": best if hangul is None else hangul,
        "first": float(where == 0),
        "type": fits(question, asked, note, window),
        "absent": float(any(not everywhere[t] for t in specific)),
        "unheard": _share(weights, [float(unheard) for unheard in _unheard(terms, everywhere, passages, idf)]),
        "likely": min(1.0, max(0.0, passages[0].score)),
        "thin": (1 - best) * _HALF / (_HALF + best * sum(weights)),
        "meaning": (meaning or UNTOLD).nearest,
        "ahead": (meaning or UNTOLD).ahead,
    }
    missing = sorted((t for t in range(len(terms)) if not everywhere[t]), key=lambda t: -weights[t])
    return Signals(values, tuple(terms[t].shown for t in missing))


def _terms(asked: Reading, idf: Callable[[str], float] | None) -> list[_Term]:
    found: dict[str, _Term] = {}
    # What is to be told of a thing ("식", "동작") is blanked in a short question: few notes name it beside the thing.
    left = about(asked.source).text
    for word in asked.words:
        if word.lemma in _ASKING or word.form in _ASKING or not left[word.start : word.end].strip():
            continue
        shown = asked.source[word.start : word.end]
        specific = _is_specific(word, shown, asked)
        rarity = 1.0 if idf is None else _FLOOR + max(0.0, idf(word.lemma))
        weight = _KIND_WEIGHT[word.kind] * rarity
        found.setdefault(word.form, _Term(word, shown, weight, specific, _is_unread(word)))
    return list(found.values())


def _is_specific(word: Word, shown: str, asked: Reading) -> bool:
    """A name or a term; a capital that opens an English sentence tells none, nor what somebody does (보정하는)."""
    opens_korean = shown.isascii() and shown.lower() != shown and HANGUL.search(asked.source) is not None
    return (word.kind == "name" and not _DOING.match(asked.source, word.end)) or opens_korean


def _is_unread(word: Word) -> bool:
    """A common noun that Kiwi only guesses; those that it guesses to be names are names."""
    guessed = word.tag == "NNG" and not _knows(word.lemma)
    return guessed and _knows("나라")  # a model of Kiwi's without vectors knows none


def _knows(noun: str) -> bool:
    return cosine((noun, "NNG"), (noun, "NNG")) > 0


def _look(terms: Sequence[_Term], passage: Passage) -> list[list[tuple[int, float]]]:
    """For each term, where the passage says it and how well; what its title says holds everywhere (place -1)."""
    note = read(passage.text)
    title = read(f"{passage.title}\n{passage.chunk.heading}".strip())
    return [
        [
            *(found_at(term.word, note) or _spelled(term, passage.text)),
            *((-1, credit) for _, credit in found_at(term.word, title)[:1]),
            *([(-1, _MAY_BE)] if term.unread else []),
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
