"""Two things that have each other's part in what happens: who and whom, of what and into what, than which.

Takes the pairs of clauses of one Korean sentence and one range of a note; says what is exchanged. Compares cases.py's
reading of both, so that names count that Kiwi cuts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from rag.grounding.cases import Placed, cases
from rag.grounding.difference import Difference
from rag.grounding.pairing import Pair
from rag.grounding.spans import layout
from rag.text import HANGUL

_DOERS = frozenset(["t", "s"])
_OTHERS = frozenset(["o", "to", "from", "in"])
# What is exchanged says something else even where nothing else is known of the predicate.
_DIRECT = frozenset(["t", "s", "o", "to", "from", "at", "into", "than", "in", "till"])
_CAUGHT = re.compile(
    r"잡[히혀혔힌힐]|쫓[기겨겼긴길]|먹[히혀혔힌]|밀[려렸린]|짓밟[히혀혔힌]|살해당|공격당|체포되|체포된|체포됐"
)
_PASSIVE = re.compile(rf"되|된|됩|될|됐|당하|당한|당해|당했|받|빼앗[기겨겼긴]|입[은었]|맞[고아은]|{_CAUGHT.pattern}")
_BECOMES = re.compile(
    r"바[꾸꿔꾼꿀뀌뀐뀔뀝]|변경|변환|전환|교체|대체|감[싸쌌]|치환|번역|개조|변[하한했해]|옮[기겨긴길]|넘[기겨어]|이동|수정"
)
_SOURCES = frozenset(["t", "s", "o"])
_PLACES = frozenset(["into", "from", "at", "till"])
_VERBLIKE = re.compile(r"(?<![가-힣])[가-힣]+(?:[낸난린친준한된든운긴]|다|고|며|자|여|서)(?=[\s,.]|$)")
_WITHIN = 60
_AHEAD, _MARGIN, _NEXT_TO = 24, 12, 2
_LONG = 3


def exchanges(paired: Sequence[Pair]) -> list[Difference]:
    """Roles and directions that the sentence gives to the other one of two words."""
    if not paired or not HANGUL.search(paired[0].claim.source):
        return []
    claim, note = paired[0].claim.source, paired[0].note.source
    said = cases(claim)
    for start, end in _spans(paired):
        there = note[start:end]
        stated = cases(there)
        found = _turned(claim, said, there, stated)
        if found:
            return [found]
    return []


def _spans(paired: Sequence[Pair]) -> list[tuple[int, int]]:
    """The sentences of the note that the paired clauses stand in."""
    starts = [pair.noted[spot].start for pair in paired for spot in pair.inside]
    if not starts:
        return []
    return [s for s in layout(paired[0].note.source).sentences if s[0] <= max(starts) and min(starts) < s[1]]


def _turned(claim: str, said: Sequence[Placed], there: str, stated: Sequence[Placed]) -> Difference | None:
    ours, theirs = _by_stem(said), _by_stem(stated)
    for one, other in combinations(said, 2):
        if one.stem == other.stem or one.case == other.case or len(ours[one.stem]) + len(ours[other.stem]) > 2:
            continue
        a, b = _found(theirs, one.stem), _found(theirs, other.stem)
        if not a or not b or one.case in a or other.case in b or _of_the_next(one, other):
            continue
        if _voice(claim, one, other) != _voice(there, *(next(iter(found.values())) for found in (a, b))):
            continue
        if other.case in a and one.case in b and _telling(one, other) and _telling(b[one.case], a[other.case]):
            kind = "direction" if {one.case, other.case} & _PLACES else "role"
            return Difference(kind, f"{one.stem}, {other.stem}", True)
        for doer, whom, x, y in ((one, other, a, b), (other, one, b, a)):
            if _acts_on(said, doer, whom) and x.keys() & _OTHERS and y.keys() & _DOERS and not x.keys() & _DOERS:
                return Difference("role", f"{doer.stem}, {whom.stem}", True)
            if _becomes(claim, doer, whom) and "into" in x and y.keys() & _SOURCES and _BECOMES.search(there):
                return Difference("direction", f"{doer.stem}, {whom.stem}", True)
    return None


def _by_stem(placed: Sequence[Placed]) -> dict[str, dict[str, Placed]]:
    found: dict[str, dict[str, Placed]] = defaultdict(dict)
    for one in placed:
        found[one.stem].setdefault(one.case, one)
    return found


def _found(theirs: Mapping[str, dict[str, Placed]], stem: str) -> dict[str, Placed]:
    """The cases of a stem in the note; 북베트남 may be 북 베트남 there."""
    if stem in theirs:
        return theirs[stem]
    near = [
        other
        for other in theirs
        if min(len(stem), len(other)) >= _LONG and (stem.endswith(other) or other.endswith(stem))
    ]
    return theirs[near[0]] if len(near) == 1 else {}


def _of_the_next(one: Placed, other: Placed) -> bool:
    """패의 서열 is 서열 of 패, and exchanges nothing with it."""
    return other.number == one.number + 1 and one.case.startswith("of:")


def _acts_on(said: Sequence[Placed], doer: Placed, whom: Placed) -> bool:
    """Whether one is the subject of what happens to the other, as far as the order of words tells."""
    if doer.case not in _DOERS or whom.case not in _OTHERS:
        return False
    if whom.number < doer.number:
        return doer.number - whom.number <= _NEXT_TO
    return not any(doer.number < one.number < whom.number and one.case == "s" for one in said)


def _becomes(text: str, one: Placed, other: Placed) -> bool:
    return one.case in _SOURCES and other.case == "into" and bool(_BECOMES.search(text, one.start))


def _telling(one: Placed, other: Placed) -> bool:
    """Whether exchanging these two cases says something else; the subject of what is said of a topic stands behind."""
    both = {one.case, other.case}
    if both == _DOERS:
        topic, subject = (one, other) if one.case == "t" else (other, one)
        return topic.number < subject.number
    if any(case.startswith("of:") for case in both):
        return bool(both & _DOERS)
    return both <= _DIRECT and both != {"o", "to"}


def _voice(text: str, one: Placed, other: Placed) -> bool:
    """Whether what comes behind both words is said in the passive."""
    last = max(one.start, other.start)
    return bool(_PASSIVE.search(text, last, last + _AHEAD + _MARGIN))


def received(paired: Sequence[Pair]) -> list[Difference]:
    """Who does to others what the note says is done to him: 왕이 편지를 보내다 for 왕에게 편지를 보내다."""
    if not paired or not HANGUL.search(paired[0].claim.source):
        return []
    claim, note = paired[0].claim.source, paired[0].note.source
    said = _by_stem(cases(claim))
    for start, end in _spans(paired):
        there = note[start:end]
        for stem, found in _by_stem(cases(there)).items():
            mine = said.get(stem, {})
            doers = [mine[case] for case in _DOERS if case in mine]
            if not doers or "to" in mine or found.keys() & (_DOERS | {"o", "from"}) or "to" not in found:
                continue
            theirs = found["to"].start + len(stem)
            if _voice(claim, doers[0], doers[0]) == _voice(there, found["to"], found["to"]):
                if _predicates(claim[doers[0].start + len(stem) :]) & _predicates(there[theirs : theirs + _WITHIN]):
                    return [Difference("role", stem, True)]
    return []


def _predicates(text: str) -> set[str]:
    """The beginnings of words that carry no particle of a noun."""
    return {word[:2] for word in _VERBLIKE.findall(text)}


def caught(paired: Sequence[Pair]) -> list[Difference]:
    """Who is caught by whom, told as if he had caught him: 왕이 장군을 붙잡다 for 왕이 장군에게 붙잡히다."""
    if not paired or not HANGUL.search(paired[0].claim.source):
        return []
    claim, note = paired[0].claim.source, paired[0].note.source
    for start, end in _spans(paired):
        for ours, theirs in ((claim, note[start:end]), (note[start:end], claim)):
            passive = {
                one.stem
                for one in cases(ours)
                if one.case == "to" and _CAUGHT.search(ours, one.start, one.start + _AHEAD)
            }
            active = {
                one.stem
                for one in cases(theirs)
                if one.case == "o" and not _CAUGHT.search(theirs, one.start, one.start + _AHEAD)
            }
            if both := passive & active:
                return [Difference("role", min(both), True)]
    return []
