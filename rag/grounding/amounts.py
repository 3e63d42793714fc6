"""Do a sentence and its note agree about numbers: the same ones, in the same units, of the same things?

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.grounding.counters import apart
from rag.grounding.dates import other_date, year_before
from rag.grounding.difference import Difference
from rag.grounding.nearby import beside_others
from rag.grounding.quantity import Quantity
from rag.grounding.rates import rate_differences, rate_of
from rag.grounding.reading import Reading
from rag.grounding.units import HARD_UNITS

_TIMES = frozenset("second minute hour day week month year century".split())
_DATES = frozenset(["year", "month", "day", "century"])
_WORD_BEFORE = re.compile(r"([가-힣A-Za-z]*[가-힣A-Za-z])\s?$")
_SMALL = r"(?!(?:the|an?|of|and|or|is|was|are|in|on|to|that|this|its|our|your|their|with|for|we|you)\b)"
_LAST, _NEXT = re.compile(rf"\b{_SMALL}(\w+)\s$", re.IGNORECASE), re.compile(rf"\s{_SMALL}([\w,]*\w)", re.IGNORECASE)
_ALONE = re.compile(r"(?:와|과|을|를|은|는|도|만|로|에|가)(?![가-힣]{2})")
_PAIR = 20
# So few may have been counted by whoever wrote the sentence: 두 학자 of 킹과 주크스.
_FEW = 5
# So many words of the sentence stand beside another number, and none beside this one.
_PERHAPS, _SURELY = 2, 3


def number_differences(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Numbers of the sentence that the range lacks, counts in another unit, or gives to something else."""
    found = []
    here = note.quantities_in(*window)
    free = [q for q in here if not any(q.same_as(other) for other in claim.quantities)]
    for number in claim.quantities:
        name = claim.source[number.start : number.end]
        matches = _matches(number, claim, here)
        if not number.sure:
            if any(_instead(number, q, claim, note, here) for q in here):
                found.append(Difference("number", name, True))
            continue
        if _is_identifier(number, claim, note) or _is_interval(number, claim, note):
            continue
        if matches:
            rates = {rate_of(note, match) for match in matches}
            other_rate = rate_of(claim, number) != "" and "" not in rates and rate_of(claim, number) not in rates
            if (
                other_rate
                or _in_another_unit(number, matches, claim, note, here)
                or _said_of_another(number, matches, claim, note, here)
                or _twice(number, matches, claim, free)
                or other_date(number, claim, note, here)
            ):
                found.append(Difference("number", name, True))
            else:
                rivals = [q for q in free if q.sure and _group(q) == _group(number)]
                others = beside_others(number, matches, rivals, claim, note, window)
                found += [Difference("number", name, others >= _SURELY)] if others >= _PERHAPS else []
            continue
        if year_before(number, note, window):
            continue
        rivals = [q for q in free if q.sure and _same_kind(number, q)]
        if _named_elsewhere(number, rivals, claim, note):
            continue
        elsewhere = any(number.same_as(q) for q in note.quantities) or _may_be_counted(number)
        found.append(Difference("number", name, bool(rivals) or not elsewhere))
    return [*found, *rate_differences(claim, note, window)]


def _matches(number: Quantity, claim: Reading, here: Sequence[Quantity]) -> list[Quantity]:
    """The same amounts; a vague one is left to what is vague in the sentence: 몇 달 is not the 8 of "몇 달, 8달"."""
    vague = {q.unit for q in claim.quantities if q.vague}
    return [q for q in here if number.same_as(q) and not (q.vague and not number.vague and q.unit in vague)]


def _may_be_counted(number: Quantity) -> bool:
    return number.value <= _FEW and number.measure not in HARD_UNITS - {"person", "fold"}


def _named_elsewhere(number: Quantity, rivals: Sequence[Quantity], claim: Reading, note: Reading) -> bool:
    """Whether number and word before it stand in the note together, as a name: 협주곡 5번, 2월 혁명."""
    lead = _lead(number, claim)
    if not lead or any(_lead(rival, note) == lead for rival in rivals):
        return False
    return any(number.same_as(q) and number.measure == q.measure and _lead(q, note) == lead for q in note.quantities)


def _lead(number: Quantity, text: Reading) -> str:
    found = _WORD_BEFORE.search(text.source, max(0, number.start - 20), number.start)
    return found[1] if found else ""


def _instead(number: Quantity, other: Quantity, claim: Reading, note: Reading, here: Sequence[Quantity]) -> bool:
    """Whether the note has another amount where a loose one stands: 한 번 for 두 번, 몇 분 for 몇 시간."""
    if number.same_as(other):
        return False
    if number.vague:
        own = {number.unit} & _TIMES
        return other.unit in _TIMES and bool(own) and not any(q.unit in own for q in (*here, *_told(other, claim)))
    if other.vague or number.unit == "fold" or apart(number.measure, other.measure):
        return False
    reach = 1 if number.measure == "ordinal" else 2
    ours, theirs = _setting(number, claim, reach), _setting(other, note, 1)
    return (
        not ours.isdisjoint(theirs)
        and all(ours.isdisjoint(_setting(q, note, 1)) for q in here if number.same_as(q))
        and all(theirs.isdisjoint(_setting(q, claim, reach)) for q in _told(other, claim))
    )


def _told(other: Quantity, claim: Reading) -> list[Quantity]:
    return [q for q in claim.quantities if q.same_as(other)]


def _in_another_unit(
    number: Quantity, matches: Sequence[Quantity], claim: Reading, note: Reading, here: Sequence[Quantity]
) -> bool:
    """Whether it stands there with another unit, and else only as a bare number: two weeks of "part 2: two days"."""
    if not number.measure or any(q.measure for q in matches):
        return False
    others = [q for q in here if abs(q.value - number.value) < 1e-9 and apart(number.measure, q.measure)]
    ours = _setting(number, claim, 1)
    return any(not ours.isdisjoint(_setting(q, note, 1)) for q in others)


def _is_identifier(number: Quantity, claim: Reading, note: Reading) -> bool:
    """Part of a name that the note knows: the 1 of "1호선"."""
    named = re.match(r"[\d.]+(?:호선?|형|차|세대|기|판)", claim.source[number.start :])
    return named is not None and named[0] in note.source


def _is_interval(number: Quantity, claim: Reading, note: Reading) -> bool:
    """The 3 of "3년 뒤인 1446년", where the note names both years."""
    after = re.match(r"\s?(?:뒤|후|만에|later|after)", claim.source[number.end :])
    years = {q.value for q in note.quantities if 1000 <= q.value < 2100}
    later = number.unit == "year" and after is not None
    return later and any(abs(a - b) == number.value for a in years for b in years if a != b)


def _twice(number: Quantity, matches: Sequence[Quantity], claim: Reading, free: Sequence[Quantity]) -> bool:
    """Whether the sentence has a number twice, and the note once, with another one beside it: 1-1 of 1-0."""
    again = [q for q in claim.quantities if q is not number and q.same_as(number) and q.measure == number.measure]
    near = [q for q in again if abs(q.start - number.start) <= _PAIR]
    one = matches[0]
    return (
        bool(near)
        and len(matches) == 1
        and any(q.measure == one.measure and abs(q.start - one.start) <= _PAIR for q in free)
    )


def _group(number: Quantity) -> str:
    return "year" if number.may_be_year else number.measure


def _same_kind(number: Quantity, other: Quantity) -> bool:
    if number.measure and other.measure:
        return number.measure == other.measure or abs(number.value - other.value) < 1e-9
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
    dated = number.unit in _DATES or number.may_be_year
    if not dated and lead and lead not in leads and lead in {_ahead(rival, note) for rival in rivals}:
        return True
    return bool(beside) and not beside & own and any(beside & _beside(rival, note) for rival in rivals)


def _ahead(number: Quantity, text: Reading) -> str:
    """The word right before a number, nothing but spaces and marks between."""
    before = [word for word in text.words if word.end <= number.start][-1:]
    return (
        before[0].form
        if before and not re.search(r"[가-힣\w,.;]{3,}", text.source[before[0].end : number.start])
        else ""
    )


def _setting(number: Quantity, text: Reading, reach: int) -> set[str]:
    """The words behind a number and its counter, at most so many; of an English one the very next words too."""
    if not number.measure and _ALONE.match(text.source, number.end):
        return set()  # 하나와, 둘은: what they count stands before them
    end = next((q.start for q in text.quantities if q.start >= number.end), len(text.source))
    behind = [word for word in text.words if number.end + len(number.counter) <= word.start < end][:reach]
    found = {word.form for word in behind if not re.search(r"[,.;:()]", text.source[number.end : word.start])}
    if text.source[number.start : number.end].isascii():
        before = _LAST.search(text.source, max(0, number.start - 20), number.start)
        after = _NEXT.match(text.source, number.end)
        found |= {f"{match[1].lower()} {side}" for match, side in ((before, "_"), (after, "-")) if match}
    return found


def _beside(number: Quantity, text: Reading) -> frozenset[str]:
    """The content words right before and right behind a number."""
    before = [word for word in text.words if word.end <= number.start]
    behind = [word for word in text.words if word.start >= number.end]
    return frozenset(word.form for word in (*before[-1:], *behind[:1]))
