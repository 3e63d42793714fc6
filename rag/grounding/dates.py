"""Dates that belong together: a day of one year is no day of another, and a year holds until another is named.

Takes quantities of two Readings; says whether they are of one date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading
from rag.grounding.spans import layout

_FOLLOWS = {"year": ("month",), "month": ("day",), "day": ()}
_JOINT = re.compile(r"[\s.,]*")


def other_date(number: Quantity, claim: Reading, note: Reading, here: Sequence[Quantity]) -> bool:
    """Whether the sentence joins a part of one date to a part of another: 1900년 10월 of "1900년 5월 ~ 1984년 10월"."""
    for earlier, later in pairwise(claim.quantities):
        if number is not later or not _joined(earlier, later, claim):
            continue
        pairs = [(a, b) for a, b in pairwise(here) if _joined(a, b, note)]
        together = any(a.same_as(earlier) and b.same_as(later) for a, b in pairs)
        mine = [b for a, b in pairs if a.same_as(earlier) and not b.same_as(later)]
        theirs = [a for a, b in pairs if b.same_as(later) and not a.same_as(earlier)]
        return not together and bool(mine) and bool(theirs)
    return False


def _joined(earlier: Quantity, later: Quantity, text: Reading) -> bool:
    return later.unit in _FOLLOWS.get(earlier.unit, ()) and (
        later.start <= earlier.end or _JOINT.fullmatch(text.source[earlier.end : later.start]) is not None
    )


def year_before(number: Quantity, note: Reading, window: tuple[int, int]) -> bool:
    """Whether the range names no year and the one that was named last before it is this."""
    if number.unit != "year" or any(q.unit == "year" for q in note.quantities_in(*window)):
        return False
    start, end = layout(note.source).before(window[0])
    years = [q for q in note.quantities_in(start, end) if q.unit == "year" and q.value >= 100]
    return bool(years) and years[-1].same_as(number)
