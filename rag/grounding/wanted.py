"""What kind of answer a question wants, and whether a place in the notes holds one.

Takes a question and Readings; the rules are on question words, in Korean and English. Knows no passage.
"""

from __future__ import annotations

import re
from typing import Literal

from rag.grounding.reading import Reading

Wanted = Literal["number", "date", "person", "place", "other"]

_KINDS: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
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
_DATE_UNITS = frozenset(["year", "month", "day", "century", "hour"])


def asked_for(question: str) -> Wanted:
    """What kind of answer a question wants, by its question word."""
    for kind, pattern in _KINDS:
        if pattern.search(question):
            return kind
    return "other"


def fits(question: str, asked: Reading, note: Reading, window: tuple[int, int]) -> float:
    """1 if a range of a note holds something of the kind that is wanted and that the question does not say, else 0."""
    kind = asked_for(question)
    if kind == "other":
        return 1.0
    if kind in ("number", "date"):
        new = [q for q in note.quantities_in(*window) if not any(q.same_as(other) for other in asked.quantities)]
        return float(any(kind == "number" or q.unit in _DATE_UNITS or 1000 <= q.value < 2100 for q in new))
    said = {word.form for word in asked.words}
    return float(any(word.kind == "name" and word.form not in said for word in note.words_in(*window)))
