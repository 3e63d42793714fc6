"""What a number counts and which way it is bounded: 500 steps and 500 epochs, at least and at most three.

Takes a pair of clauses; says where the same number is told of another unit or bounded the other way.
"""

from __future__ import annotations

import re

from rag.grounding.difference import Difference
from rag.grounding.lexicon import alike, canonical, synonymous
from rag.grounding.pairing import Pair
from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading
from rag.grounding.units import HARD_UNITS

_MARGIN = 12
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
    ours = said[pair.here[0]].start - _MARGIN, said[pair.here[-1]].end + _MARGIN
    theirs = words[pair.inside[0]].start - _MARGIN, words[pair.inside[-1]].end + _MARGIN
    found = []
    for number in pair.claim.quantities:
        if not ours[0] <= number.start <= ours[1] or not number.sure:
            continue
        same = [q for q in pair.note.quantities if theirs[0] <= q.start <= theirs[1] and number.same_as(q)]
        name = pair.claim.source[number.start : number.end]
        bound, bounds = _bound(pair.claim, number), {_bound(pair.note, q) for q in same}
        if bound and -bound in bounds and bound not in bounds:
            found.append(Difference("bound", name, True))
            continue
        counted, others = _counted(pair.claim, number), [_counted(pair.note, q) for q in same]
        real = {counted, *others} <= HARD_UNITS  # compared as amounts before
        if counted and others and all(others) and not real and not any(_same(counted, other) for other in others):
            found.append(Difference("unit", f"{name}, {others[0]}", True))
    return found


def _bound(text: Reading, number: Quantity) -> int:
    """1 for "at least", -1 for "at most", 0 where a number is told without a bound."""
    ahead = text.source[max(0, number.start - 18) : number.start]
    after = text.source[number.end : number.end + 14]
    if _MOST.search(ahead) or _MOST_AFTER.match(after):
        return -1
    return 1 if _LEAST.search(ahead) or _LEAST_AFTER.match(after) else 0


def _counted(text: Reading, number: Quantity) -> str:
    """The unit, or the word right behind; "" where neither is telling."""
    if not number.unit and 1000 <= number.value < 2100:
        return ""
    if number.unit:
        return "" if number.unit in _VAGUE else number.unit
    for word in text.words:
        if word.start >= number.end:
            beside = text.source[number.end : word.start] in ("", " ")
            return word.form if beside and word.kind == "noun" else ""
    return ""


def _same(one: str, other: str) -> bool:
    return canonical(one) == canonical(other) or synonymous(one, other) or alike(one, other)
