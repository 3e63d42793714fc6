"""How often, or of what each: 매초, 하루에, every epoch, per batch.

Takes Readings; says where a sentence tells of another turn than its note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.grounding.difference import Difference
from rag.grounding.lexicon import alike, canonical, is_stop, synonymous
from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading

_BEFORE_NUMBER = re.compile(r"(시간당|분당|초당|하루|주당|월|연간|연|매월|매년|매주|인당|개당|건당)(?:에|평균)?\s*$")
_REACH = 40
_TURNS = {
    "second": r"매\s?초|초당|초마다|1초에|\b(?:every|each|per|a) second\b",
    "minute": r"매\s?분(?!기)|분당|분마다|1분에|\b(?:every|each|per|a) minute\b",
    "hour": r"매\s?시간?(?![가-힣])|시간당|시간마다|한 시간에|\b(?:every|each|per|an) hour\b|\bhourly\b",
    "day": r"매일|하루에|하루 (?:평균|약|최대|최소)|날마다|일일|\b(?:every|each|per|a) day\b|\bdaily\b",
    "week": r"매주|주당|주마다|일주일에|한 주에|\b(?:every|each|per|a) week\b|\bweekly\b",
    "month": r"매월|매달|달마다|한 달에|월간|\b(?:every|each|per|a) month\b|\bmonthly\b",
    "year": r"매년|매해|해마다|연간|한 해에|1년에|일\s?년에|\b(?:every|each|per|a) year\b|\b(?:yearly|annually)\b",
}
_TURN = {unit: re.compile(pattern, re.IGNORECASE) for unit, pattern in _TURNS.items()}
# Words that say of how many things: what stands behind the same one must be the same.
_EACH = re.compile(r"\b(?:every|each|per)\s(?!time\b)", re.IGNORECASE)
_NUMBER = re.compile(r"\b(?:number|amount) of\s(?:the\s)?|\bhow many\s", re.IGNORECASE)
_SOME = re.compile(r"\b(?:several|many|(?:a )?few|multiple|various|some)\s", re.IGNORECASE)
_EACH_OF = re.compile(r"([가-힣]{2,})(?:마다|당)(?=[\s,])|(?<![가-힣])매\s([가-힣]{2,})")


def rate_of(text: Reading, number: Quantity) -> str:
    """The turn right before a number, "" where there is none."""
    found = _BEFORE_NUMBER.search(text.source[: number.start])
    return found[1] if found else ""


def rate_differences(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """Turns and counted things that the range does not have, where it has others."""
    here = note.source[slice(*window)]
    found = []
    ours, theirs = _turns(claim.source), _turns(here)
    if ours and theirs and not ours & theirs:
        found.append(Difference("unit", ", ".join(sorted(ours)), True))
    said, noted = _each(claim.source), _each(here)
    new = {thing for thing in said - noted if thing not in note.places}
    if new and noted - said:
        found.append(Difference("unit", f"{min(new)}, {min(noted - said)}", True))
    for pattern in (_EACH, _NUMBER, _SOME):
        found += _other_things(pattern, claim, note, window)
    return found


def _other_things(pattern: re.Pattern[str], claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """What stands behind "each" in the sentence and never in the range, where another thing stands in its place."""
    theirs = [_phrase(note, match.end(), pattern is _EACH) for match in pattern.finditer(note.source, *window)]
    forms = {word.form for word in note.words_in(*window)}
    for match in pattern.finditer(claim.source):
        ours = _phrase(claim, match.end(), pattern is _EACH)
        if not ours.thing or any(_same(ours.thing, other) for other in theirs):
            continue
        for other in theirs:
            beside = (ours.before and ours.before == other.before) or (ours.after and ours.after == other.after)
            if other.thing and not _same(other.thing, ours) and (beside or ours.thing not in forms):
                return [Difference("unit", f"{ours.thing}, {other.thing}", True)]
    return []


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What is counted behind a place, with all words of its phrase, and the words before and behind that."""

    thing: str
    words: frozenset[str]
    before: str
    after: str


def _phrase(text: Reading, place: int, single: bool) -> _Phrase:
    """`single`: the first word is the thing, else the first plural of three words in a row."""
    behind = text.words_in(place, place + _REACH)
    row = 0
    while row < min(3, len(behind)) and behind[row].start == (behind[row - 1].end + 1 if row else place):
        row += 1
    head = 0 if single else next((n for n, word in enumerate(behind[:row]) if word.lemma.endswith("s")), row)
    before = [word.form for word in text.words_in(max(0, place - _REACH), place) if word.end <= place]
    return _Phrase(
        behind[head].form if head < row else "",
        frozenset(word.form for word in behind[:row]),
        before[-1] if before else "",
        behind[head + 1].form if head + 1 < len(behind) else "",
    )


def _same(thing: str, other: _Phrase) -> bool:
    return any(thing == word or synonymous(thing, word) or alike(thing, word) for word in other.words)


def _turns(text: str) -> set[str]:
    return {unit for unit, pattern in _TURN.items() if pattern.search(text)}


def _each(text: str) -> set[str]:
    words = {match[1] or match[2] for match in _EACH_OF.finditer(text)}
    return {canonical(word) for word in words if not is_stop(word)}
