"""Do a sentence and its note agree about numbers: the same ones, in the same units, of the same things?

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.grounding.difference import Difference
from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading
from rag.grounding.units import HARD_UNITS


def number_differences(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Numbers of the sentence that the range lacks, counts in another unit, or gives to something else."""
    found = []
    here = note.quantities_in(*window)
    unclaimed = [q for q in here if q.sure and not any(q.same_as(other) for other in claim.quantities)]
    for number in claim.quantities:
        if not number.sure:
            continue
        name = claim.source[number.start : number.end]
        if _is_identifier(number, claim, note) or _is_interval(number, claim, note):
            continue
        matches = [q for q in here if number.same_as(q)]
        if matches:
            rates = {_rate(note, match) for match in matches}
            other_rate = _rate(claim, number) != "" and "" not in rates and _rate(claim, number) not in rates
            if other_rate or _said_of_another(number, matches, claim, note, here):
                found.append(Difference("number", name, True))
            continue
        rival = any(_same_kind(number, other) for other in unclaimed)
        elsewhere = any(number.same_as(q) for q in note.quantities)
        found.append(Difference("number", name, rival or not elsewhere))
    return found


def _is_identifier(number: Quantity, claim: Reading, note: Reading) -> bool:
    """Part of a name that the note knows: the 1 of "1호선"."""
    named = re.match(r"[\d.]+(?:호선?|형|차|세대|기|판)", claim.source[number.start :])
    return named is not None and named[0] in note.source


def _is_interval(number: Quantity, claim: Reading, note: Reading) -> bool:
    """The 3 of "3년 뒤인 1446년", where the note names both years."""
    after = re.match(r"\s?(?:뒤|후|만에|later|after)", claim.source[number.end :])
    years = {q.value for q in note.quantities if 1000 <= q.value < 2100}
    return after is not None and any(abs(a - b) == number.value for a in years for b in years if a != b)


_RATES = re.compile(r"(시간당|분당|초당|하루|주당|월|연간|연|매월|매년|매주|인당|개당|건당)(?:에|평균)?\s*$")


def _rate(text: Reading, number: Quantity) -> str:
    found = _RATES.search(text.source[: number.start])
    return found[1] if found else ""


def _same_kind(number: Quantity, other: Quantity) -> bool:
    if number.unit and other.unit:
        return number.unit == other.unit or (
            number.unit in HARD_UNITS and other.unit in HARD_UNITS and abs(number.value - other.value) < 1e-9
        )
    return True


def _said_of_another(
    number: Quantity, matches: Sequence[Quantity], claim: Reading, note: Reading, here: Sequence[Quantity]
) -> bool:
    """Whether the note gives this number to something else, and another number to what is claimed.

    "학습률은 64였다" against "학습률은 0.001을 썼고 배치 크기는 64였다": the word beside the number is
    beside another one in the note.
    """
    beside = _beside(number, claim)
    own = {form for match in matches for form in _beside(match, note)}
    rivals = [q for q in here if q.sure and not number.same_as(q) and number.unit == q.unit]
    lead, leads = _ahead(number, claim), {_ahead(match, note) for match in matches}
    dated = number.unit in _DATES or 1000 <= number.value < 2100
    if not dated and lead and lead not in leads and lead in {_ahead(rival, note) for rival in rivals}:
        return True
    return bool(beside) and not beside & own and any(beside & _beside(rival, note) for rival in rivals)


_DATES = frozenset(["year", "month", "day", "century"])


def _ahead(number: Quantity, text: Reading) -> str:
    """The word right before a number, nothing but spaces and marks between."""
    before = [word for word in text.words if word.end <= number.start][-1:]
    return (
        before[0].form
        if before and not re.search(r"[가-힣\w,.;]{3,}", text.source[before[0].end : number.start])
        else ""
    )


def _beside(number: Quantity, text: Reading) -> frozenset[str]:
    """The content words right before and right behind a number."""
    before = [word for word in text.words if word.end <= number.start]
    behind = [word for word in text.words if word.start >= number.end]
    return frozenset(word.form for word in (*before[-1:], *behind[:1]))
