"""What comes first and what after it, turned round: before, after, then, 전에, 뒤에, 먼저, 다음.

Takes the pairs of clauses of one sentence and one range of a note; gives figures by name. Weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.grounding.pairing import Pair
from rag.grounding.reading import Reading, Word
from rag.grounding.spans import layout
from rag.text import HANGUL

# The event that a marker goes with is said in the words just before it (Korean) or behind it (English).
_EVENT = 3
_KOREAN_BEFORE = re.compile(r"(?:\s|기\s?)(?:전|이전|직전)(?:에|에는|까지|의)(?![가-힣])|에 앞서|이전(?=[,.])")
_KOREAN_AFTER = re.compile(
    r"[가-힣]\s(?:뒤|후|이후|다음|직후)(?:에|에야|에는)?(?=[\s,.])|이후(?:에|로)?(?=[\s,])"
    r"|고 나서|고 난|을 거쳐|에 이어|\s후임으로"
)
_KOREAN_THEN = re.compile(r"(?:그다음|그런 다음|그 뒤|그 후|이어서|그러고 나서|그리고 나서|그 다음|나중에|마지막으로)")
_ENGLISH_BEFORE = re.compile(r"\b(?:before|prior to|until)\b", re.IGNORECASE)
_ENGLISH_AFTER = re.compile(r"\b(?:after|once|following)\b", re.IGNORECASE)
_ENGLISH_THEN = re.compile(r"(?<!\bif )\b(?:and then|then|followed by|later|afterwards|next|finally)\b", re.IGNORECASE)
_STOP = re.compile(r"[,.;:\n]")


@dataclass(frozen=True, slots=True)
class Order:
    """Places of words that tell what is earlier, and of those that tell what is later."""

    early: frozenset[int]
    late: frozenset[int]


def order(paired: Sequence[Pair]) -> dict[str, float]:
    """`order_against`: what comes first here comes after in the note; `order_agrees`: both have the same order."""
    against = agrees = False
    if paired and paired[0].noted:
        claim, note, noted = paired[0].claim, paired[0].note, paired[0].noted
        ours = list(_sequences(claim, claim.words, (0, len(claim.source))))
        spans = [s for s in layout(note.source).sentences if s[0] <= noted[-1].start and noted[0].start < s[1]]
        theirs = [one for span in spans for one in _sequences(note, noted, span)] if ours else []
        for mine in ours:
            here = Order(_spots(paired[0], mine.early), _spots(paired[0], mine.late))
            seen = [_compared(here, other) for other in theirs]
            against |= -1 in seen and 1 not in seen
            agrees |= 1 in seen
    return {"order_against": float(against), "order_agrees": float(agrees)}


def _spots(pair: Pair, places: frozenset[int]) -> frozenset[int]:
    return frozenset(spot for place in places for spot in pair.strong(place))


def _compared(one: Order, other: Order) -> int:
    """1 for the same order, -1 for the other, 0 where too little is shared."""
    straight = len(one.early & other.early) + len(one.late & other.late)
    crosswise = len(one.early & other.late) + len(one.late & other.early)
    if crosswise > straight and (straight == 0 or crosswise > straight + 1):
        return -1
    return int(straight > crosswise)


def _sequences(text: Reading, words: Sequence[Word], span: tuple[int, int]) -> Iterator[Order]:
    """What each marker within a sentence puts before what."""
    inside = [place for place, word in enumerate(words) if span[0] <= word.start < span[1]]
    for start, end, later, own in _marks(text, span):
        if own == "ahead":
            event = [place for place in inside if words[place].start < start][-_EVENT:]
            rest = [place for place in inside if words[place].start >= end]
        elif own == "behind":
            stop = _STOP.search(text.source, end, span[1])
            event = [place for place in inside if end <= words[place].start < (stop.start() if stop else span[1])]
            rest = [place for place in inside if place not in event]
        else:
            event = [place for place in inside if words[place].start < start]
            rest = [place for place in inside if words[place].start >= end]
        if event and rest:
            yield Order(frozenset(rest), frozenset(event)) if later else Order(frozenset(event), frozenset(rest))


def _marks(text: Reading, span: tuple[int, int]) -> Iterator[tuple[int, int, bool, str]]:
    """Where a marker stands, whether the event that it goes with is the later one, and where that event is told."""
    kinds = (
        ((_ENGLISH_BEFORE, True, "behind"), (_ENGLISH_AFTER, False, "behind"), (_ENGLISH_THEN, False, "both"))
        if not HANGUL.search(text.source, *span)
        else ((_KOREAN_BEFORE, True, "ahead"), (_KOREAN_AFTER, False, "ahead"), (_KOREAN_THEN, False, "both"))
    )
    for pattern, later, own in kinds:
        for match in pattern.finditer(text.source, *span):
            yield match.start() + (own == "ahead"), match.end(), later, own
