"""Do a sentence and its note agree about how many, and on which occasion: all, most, some, only, when training?

Takes two Readings and a range of the second; says what contradicts and what is merely missing.
"""

from __future__ import annotations

import re
from itertools import pairwise

from rag.grounding.difference import Difference
from rag.grounding.reading import Reading
from rag.grounding.spans import layout

# From all to some; a step up is more than the note says.
_ALL = re.compile(
    r"(?:모두|모든|전부|전원|항상|언제나|늘 )|\b(?:all|every|everyone|always|entirely|each)\b", re.IGNORECASE
)
_MOST = re.compile(
    r"(?:대부분|대다수|대개|대체로|보통은|주로|거의)|\b(?:most|mostly|usually|often|generally|typically|nearly|almost|many)\b",
    re.IGNORECASE,
)
_SOME = re.compile(
    r"(?:일부|몇몇|가끔|때때로|간혹|드물게)|\b(?:some|sometimes|occasionally|few|rarely|certain)\b", re.IGNORECASE
)


# What a note may say for "all" and for "some" besides; a sentence that says more than any of them says too much.
_UNIVERSAL = re.compile(
    rf"{_ALL.pattern}|반드시|무조건|누구나|전혀|결코|완전|마다|각자|각기|전체|온통|매번|\b(?:never|any|entire|no|completely|both)\b",
    re.IGNORECASE,
)
_PARTIAL = re.compile(rf"{_SOME.pattern}|이따금|부분|절반|중 하나|\b(?:part|partly|half|halves|rare)\b", re.IGNORECASE)
_CLAIMED_ALL = re.compile(rf"{_ALL.pattern}|반드시|무조건|누구나|전혀|결코|완전히", re.IGNORECASE)
_CLAIMED_SOME = re.compile(rf"{_SOME.pattern}|부분적", re.IGNORECASE)
_ONLY = re.compile(
    r"(?<!지)(?<!조금)(?<!얼마)만(?=[\s,.을이은으])|뿐|밖에|오직|유일|단일|단독|단방향|하나로|한 가지"
    r"|\bsingle\b|\b(?:only|solely|alone|just|nothing but)\b",
    re.IGNORECASE,
)
# "모두 여덟 통" is a sum.
_SUM = re.compile(r"(?:모두|전부|총|all)\s*$", re.IGNORECASE)


def quantifier_differences(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """All for most or some, most for some; "some" for "all" says less, and so differs without contradicting.

    So does an "all", "only" or "some" of which the note says nothing.
    """
    here = note.source[slice(*window)]
    steps = [(_ALL, "all"), (_MOST, "most"), (_SOME, "some")]
    claimed = [place for place, (pattern, _) in enumerate(steps) if pattern.search(claim.source)]
    stated = [place for place, (pattern, _) in enumerate(steps) if pattern.search(here)]
    if claimed and stated and not set(claimed) & set(stated):
        return [Difference("quantifier", steps[claimed[0]][1], claimed[0] < stated[0])]
    around = [span for span in layout(note.source).sentences if window[0] < span[1] and span[0] < window[1]]
    whole = note.source[around[0][0] : around[-1][1]] if around else here
    summed = any(_SUM.search(claim.source[: number.start]) for number in claim.quantities)
    for name, said, known in (
        ("all", _CLAIMED_ALL, _UNIVERSAL),
        ("some", _CLAIMED_SOME, _PARTIAL),
        ("only", _ONLY, _ONLY),
    ):
        if said.search(claim.source) and not known.search(whole) and not (name == "all" and summed):
            return [Difference("quantifier", f"{name}, not said", False)]
    return []


_CONDITION = re.compile(
    r"([가-힣A-Za-z]{2,}?)(?:할|하는|될|되는|일)?\s?(?:때|시에는|시에|시는|시점)(?:는|만|에|마다)?(?=[\s,])"
)


def condition_differences(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Difference]:
    """What holds "추론할 때" said of "학습할 때": the clause that says it names another occasion."""
    wanted = [match[1] for match in _CONDITION.finditer(claim.source)]
    if not wanted:
        return []
    cuts = [window[0], *(m.end() for m in _CLAUSES.finditer(note.source, *window)), window[1]]
    clauses = [span for span in pairwise(cuts) if span[0] < span[1]]
    rest = {word.form for word in claim.words if not any(word.lemma in occasion for occasion in wanted)}
    if not clauses or not rest:
        return []
    does = claim.words[-1].form
    forms = {span: {word.form for word in note.words_in(*span)} for span in clauses}
    core = max(clauses, key=lambda span: (does in forms[span], len(forms[span] & rest)))
    stated = [match[1] for match in _CONDITION.finditer(note.source[slice(*core)] + " ")]
    elsewhere = any(occasion in note.source for occasion in wanted)
    if stated and elsewhere and not any(a in b or b in a for a in wanted for b in stated):
        return [Difference("condition", f"{wanted[0]}, {stated[0]}", False)]
    return []


_CLAUSES = re.compile(r"[,;]\s|(?<=[가-힣])(?:고|며|지만|으나|는데)\s|[.]\s|\n")
