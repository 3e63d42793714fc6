"""What a number counts and which way it is bounded: 500 steps and 500 epochs, at least and at most three.

Takes a pair of clauses; says where the same number is told of another unit or bounded the other way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.grounding.difference import Difference
from rag.grounding.lexicon import alike, canonical, synonymous
from rag.grounding.pairing import Pair
from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading, Word
from rag.grounding.units import HARD_UNITS

# How far from the words of a clause its numbers may stand, and how near to a number what it may count.
_EDGE, _MARGIN = 26, 12
_PHRASE = 24
_OF, _ITS, _NEXT = re.compile(r"의?\s?"), re.compile(r"의\s?"), re.compile(r"\s?")
# What these count is told behind them: 세 개의 층, 3명의 학자.
_COUNTS_NOUNS = frozenset(["item", "person", "대"])
_VAGUE = frozenset(["item", "times", "person", "ordinal", "age"])
_MOST = re.compile(
    r"(?:at most|up to|no more than|not more than|less than|fewer than|under|below|within|최대(?:한)?|많아야)\s*$",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"(?:at least|no fewer than|not less than|more than|over|above|exceeding|최소(?:한)?|적어도)\s*$", re.IGNORECASE
)
_MOST_AFTER = re.compile(r"[\s가-힣%]{0,4}?(?:이하|미만|이내|안에)|\s(?:or less|or fewer|at most)\b")
_LEAST_AFTER = re.compile(r"[\s가-힣%]{0,4}?(?:이상|초과|넘)|\s(?:or more|or higher|and more)\b")


def miscounted(pair: Pair) -> list[Difference]:
    """Numbers of the clause that its clause in the note has too, bounded otherwise or counting another thing."""
    if not pair.inside:
        return []
    said, words = pair.claim.words, pair.noted
    ours = said[pair.here[0]].start - _EDGE, said[pair.here[-1]].end + _EDGE
    theirs = words[pair.inside[0]].start - _EDGE, words[pair.inside[-1]].end + _EDGE
    found = []
    for number in pair.claim.quantities:
        if not ours[0] <= number.start <= ours[1] or not number.sure:
            continue
        inside = [q for q in pair.note.quantities if theirs[0] <= q.start <= theirs[1]]
        same = [q for q in inside if number.same_as(q)] or [q for q in inside if _in_another_measure(number, q)]
        name = pair.claim.source[number.start : number.end]
        bound, bounds = _bound(pair.claim, number), {_bound(pair.note, q) for q in same}
        if bound and -bound in bounds and bound not in bounds:
            found.append(Difference("bound", name, True))
            continue
        other = _counts_another(number, same, pair.claim, pair.note)
        if other:
            found.append(Difference("unit", f"{name}, {other}", True))
    return found


def _in_another_measure(number: Quantity, other: Quantity) -> bool:
    return number.value == other.value and not {number.measure, other.measure} <= HARD_UNITS


def _bound(text: Reading, number: Quantity) -> int:
    """1 for "at least", -1 for "at most", 0 where a number is told without a bound."""
    ahead = text.source[max(0, number.start - 18) : number.start]
    after = text.source[number.end : number.end + 14]
    if _MOST.search(ahead) or _MOST_AFTER.match(after):
        return -1
    return 1 if _LEAST.search(ahead) or _LEAST_AFTER.match(after) else 0


def _counts_another(number: Quantity, same: Sequence[Quantity], claim: Reading, note: Reading) -> str:
    """What the note counts by that number, where the sentence counts another thing; "" where it is the same."""
    loose = number.measure in _COUNTS_NOUNS
    if any((q.measure in _COUNTS_NOUNS) != loose for q in same):
        return ""
    ours, others = _counted(claim, number), [_counted(note, q) for q in same]
    if not ours or not others or not all(others):
        return ""
    if {ours[0], *(other[0] for other in others)} <= HARD_UNITS:  # compared as amounts before
        return ""
    if any(_same(ours[0], other[0]) for other in others):
        # 문장 쌍 for 단락 쌍: the same but for one word, which the note does not have at all
        new = {word for word in ours if not any(_same(word, o) for other in others for o in other)}
        gone = [o for o in others[0] if not any(_same(word, o) for word in ours)]
        return gone[0] if gone and new and not new & note.places.keys() else ""
    near = {word for word in ours[:1] for q in same for word in _around(note, q) if _same(word, ours[0])}
    return "" if near else others[0][0]


def _around(text: Reading, number: Quantity) -> list[str]:
    """The words close to a number on either side: the 문장 of "문장 3개"."""
    return [word.form for word in text.words_in(number.start - _MARGIN, number.end + _MARGIN)]


def _counted(text: Reading, number: Quantity) -> list[str]:
    """The unit or counter, or else the words right behind, the last of them first; none where neither tells."""
    if number.may_be_year:
        return []
    if number.measure and number.measure not in (*_VAGUE, "대"):
        return [number.measure]
    if number.measure and number.measure not in _COUNTS_NOUNS:
        return []
    if number.measure == "person" and not text.source[number.start : number.end].endswith(("명", "인")):
        return []
    gap = _NEXT if not number.measure else _ITS if number.measure == "person" else _OF
    words: list[Word] = []
    for word in text.words_in(number.end, number.end + _PHRASE):
        end = words[-1].end if words else number.end
        if word.kind == "verb" or not (_NEXT if words else gap).fullmatch(text.source, end, word.start):
            break
        words.append(word)
    if not words or (not number.measure and words[0].kind != "noun"):
        return []
    if number.measure:
        return [word.form for word in reversed(words)]
    plural = (word for word in words[:3] if word.lemma.isascii() and word.lemma.endswith("s"))
    return [next(plural, words[0]).form]  # chapters of "12 long chapters"


def _same(one: str, other: str) -> bool:
    return canonical(one) == canonical(other) or synonymous(one, other) or alike(one, other)
