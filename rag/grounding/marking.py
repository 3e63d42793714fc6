"""Who, whom, whence and whither, by the particles themselves.

Takes a pair of clauses; reads stems and particles off the spelling, because Kiwi may cut a foreign name to pieces
and then knows no role of it. Says where a role is exchanged or a direction is turned.
"""

from __future__ import annotations

import re
from itertools import combinations

from rag.grounding.difference import Difference
from rag.grounding.pairing import Pair

# "to" leaves out 에: it is a place as often as a goal.
_CASES = {
    "은": "s",
    "는": "s",
    "이": "s",
    "가": "s",
    "께서": "s",
    "을": "o",
    "를": "o",
    "에게": "to",
    "한테": "to",
    "께": "to",
    "로": "to",
    "으로": "to",
    "까지": "to",
    "에서": "from",
    "부터": "from",
    "에게서": "from",
    "로부터": "from",
    "으로부터": "from",
    "한테서": "from",
    "의": "of",
    "와": "with",
    "과": "with",
}
# "B를 A에게" and "A를 B로" (주다, 무장시키다) say the same of two things.
_EXCHANGES = ({"s", "o"}, {"s", "to"}, {"s", "from"}, {"o", "from"}, {"to", "from"})
_PASSIVE = re.compile(r"되|된|됩|될|됐|당하|당한|받")
_MARKED = re.compile(
    r"(?<![가-힣A-Za-z0-9])([가-힣A-Za-z0-9]{2,}?)(들)?"
    r"(으로부터|로부터|에게서|한테서|께서|에게|한테|에서|부터|까지|으로|은|는|이|가|을|를|께|로|의|와|과)"
    r"(?:는|도|만|이)?(?=[\s,.)'\"’”]|$)"
)


def marked_otherwise(pair: Pair) -> list[Difference]:
    """Two stems with each other's roles, one with the role of another object, or a direction that is turned."""
    if not pair.inside:
        return []
    said, stated = _cases(_stretch(pair, ours=True)), _cases(_stretch(pair, ours=False))
    both = [stem for stem in said if stem in stated and said[stem] != stated[stem]]
    if _passive(pair, ours=True) != _passive(pair, ours=False):
        return []
    predicate = pair.here[-1]
    same = bool(set(pair.strong(predicate)) & set(pair.inside))
    for one, other in combinations(both, 2):
        if said[one] == stated[other] and said[other] == stated[one] and {said[one], said[other]} in _EXCHANGES:
            return [Difference("role", f"{one}, {other}", True)]
    for stem in both:
        if same and {said[stem], stated[stem]} == {"from", "to"}:
            return [Difference("direction", stem, True)]
        if same and said[stem] == "o" and stated[stem] == "s" and _has_other(stated, "o", stem):
            return [Difference("role", stem, True)]
        if same and said[stem] == "s" and stated[stem] == "o" and _has_other(said, "o", stem):
            return [Difference("role", stem, True)]
    return []


def _passive(pair: Pair, *, ours: bool) -> bool:
    return bool(_PASSIVE.search(_stretch(pair, ours=ours)))


def _has_other(cases: dict[str, str], case: str, stem: str) -> bool:
    return any(found == case for other, found in cases.items() if other != stem)


def _stretch(pair: Pair, *, ours: bool) -> str:
    text, words, places = (
        (pair.claim.source, pair.claim.words, pair.here) if ours else (pair.note.source, pair.noted, pair.inside)
    )
    start, end = words[places[0]].start, words[places[-1]].end
    start = max(text.rfind(" ", 0, start), text.rfind("\n", 0, start)) + 1
    return text[start : end + 6]


def _cases(text: str) -> dict[str, str]:
    """For each stem its case; a stem with two of them has none."""
    found: dict[str, str] = {}
    twice = set()
    for match in _MARKED.finditer(text):
        case = _CASES[match[3]]
        if found.setdefault(match[1], case) != case:
            twice.add(match[1])
    return {stem: case for stem, case in found.items() if stem not in twice}
