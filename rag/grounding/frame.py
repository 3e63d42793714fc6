"""How a sentence is put together beside its note: topics, cases, places that words fill, order.

Takes the pairs of clauses of one sentence and one range of a note; returns figures by name. Weighs nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from rag.grounding.pairing import Pair
from rag.grounding.reading import Reading, Word
from rag.grounding.slots import slots
from rag.grounding.spans import layout

_MOST = 2
_TOPIC = re.compile(r"[^\s,.]{0,8}?[은는](?=[\s,])")
_CASES = {"s": "subject", "o": "object", "의": "of"}
_TURNS = [
    (one, other)
    for one in ("subject", "object", "other")
    for other in ("same", "subject", "object", "of", "other", "missing")
    if one != other
]


def frame(paired: Sequence[Pair], claim: Reading, note: Reading, window: tuple[int, int]) -> dict[str, float]:
    """Figures of how words of the sentence that the range has too are put together there."""
    noted = note.words_in(*window)
    strong = [_strong(paired, place) for place in range(len(claim.words))]
    return {
        **_topics(claim, note, noted, strong),
        **_cases(paired, claim, noted, strong),
        **_slots(paired, claim, note, noted),
        **_order(claim, noted, strong),
    }


def _strong(paired: Sequence[Pair], place: int) -> tuple[int, ...]:
    """Words of the range that say the same as this one."""
    return paired[0].strong(place) if paired else ()


def _topics(claim: Reading, note: Reading, noted: Sequence[Word], strong: Sequence[Sequence[int]]) -> dict[str, float]:
    """Whether what is said of a subject is said of it in the note: not x of "x는 a, y는 b" for y."""
    here, there = (
        _ruled(claim, claim.words, [(0, len(claim.source))]),
        _ruled(note, noted, layout(note.source).sentences),
    )
    states: Counter[str] = Counter()
    for place, spots in enumerate(strong):
        if here[place] and spots:
            topics = {spot for ruler in here[place] for spot in strong[ruler]}
            states[min((_state(spot, there[spot], topics) for spot in spots), key="good none bad".split().index)] += 1
    total = max(1, states.total())
    return {
        "topic_good": states["good"] / total,
        "topic_bad": states["bad"] / total,
        "topics_bad": float(states["bad"]),
    }


def _state(spot: int, rulers: set[int], topics: set[int]) -> str:
    if spot in topics or rulers & topics:
        return "good"
    ahead = [topic for topic in topics if topic < spot]
    return "none" if not rulers or (ahead and max(rulers) <= max(ahead)) else "bad"


def _ruled(text: Reading, words: Sequence[Word], sentences: Sequence[tuple[int, int]]) -> list[set[int]]:
    """For each word the nearest subject before it in its sentence, and the nearest one with 은 or 는.

    "LSTM은 두 사람이 만든 신경망이다": it is LSTM that is the network, whoever else stands between.
    """
    starts = [start for start, _ in sentences]
    ruled: list[set[int]] = []
    nearest: dict[bool, int] = {}
    current = -1
    for place, word in enumerate(words):
        sentence = bisect_right(starts, word.start)
        nearest = nearest if sentence == current else {}
        current = sentence
        ruled.append(set(nearest.values()))
        if word.role == "s":
            nearest[bool(_TOPIC.match(text.source, word.end))] = place
    return ruled


def _cases(
    paired: Sequence[Pair], claim: Reading, noted: Sequence[Word], strong: Sequence[Sequence[int]]
) -> dict[str, float]:
    """How often a subject of the sentence is an object of the note, and so on."""
    inside = {place for pair in paired for place in pair.inside}
    turns: Counter[tuple[str, str]] = Counter()
    for word, spots in zip(claim.words, strong, strict=True):
        if word.role and word.kind != "verb":
            near = [spot for spot in spots if spot in inside] or spots
            case = _CASES.get(word.role, "other")
            turns[case, _turned(word.role, {noted[spot].role for spot in near})] += 1
    taken = {spot for spots in strong for spot in spots}
    free = sum(noted[place].role == "s" for place in inside - taken)
    return {f"{one}_{other}": float(min(_MOST, turns[one, other])) for one, other in _TURNS} | {
        "free_subject": float(min(_MOST, free)),
        "has_subject": float(any(word.role == "s" for word in claim.words)),
    }


def _turned(role: str, roles: set[str]) -> str:
    if not roles:
        return "missing"
    if role in roles:
        return "same"
    if "" in roles:
        return "none"
    return next((name for case, name in _CASES.items() if case in roles), "other")


def _slots(paired: Sequence[Pair], claim: Reading, note: Reading, noted: Sequence[Word]) -> dict[str, float]:
    """Places that words fill: the note fills them with the same word, with another one, or does not have them."""
    everywhere = [slot for part in (paired[0].parts if paired else ()) for slot in slots(note, noted, part)]
    agree = conflict = unknown = 0
    for pair in paired:
        for slot in slots(claim, claim.words, pair.here):
            heads, mine = set(pair.strong(slot.head)), set(pair.strong(slot.word))
            there = [other for other in everywhere if other.head in heads]
            if any(other.word in mine for other in there):
                agree += 1
            elif any(other.kind == slot.kind for other in there):
                conflict += 1
            else:
                unknown += 1
    count = max(1, agree + conflict + unknown)
    return {
        "slots_agree": agree / count,
        "slots_conflict": conflict / count,
        "slots_unknown": unknown / count,
        "conflicts": float(conflict),
    }


def _order(claim: Reading, noted: Sequence[Word], strong: Sequence[Sequence[int]]) -> dict[str, float]:
    """How far apart neighbours of the sentence stand in the note, and what stands there in the same order."""
    gaps = [
        min(abs(one - other) for one in strong[place] for other in strong[place - 1])
        for place in range(1, len(strong))
        if strong[place] and strong[place - 1]
    ]
    run, kept = _common([word.form for word in claim.words], [word.form for word in noted])
    count = max(1, len(claim.words))
    return {
        "gap_most": float(max(gaps, default=0)),
        "gap": sum(gaps) / len(gaps) if gaps else 0.0,
        "run": run / count,
        "in_order": kept / count,
    }


def _common(first: Sequence[str], second: Sequence[str]) -> tuple[int, int]:
    """Lengths of the longest common run and of the longest common subsequence."""
    longest = 0
    runs, kept = [0] * (len(second) + 1), [0] * (len(second) + 1)
    for one in first:
        new_runs, new_kept = [0], [0]
        for place, other in enumerate(second, 1):
            new_runs.append(runs[place - 1] + 1 if one == other else 0)
            new_kept.append(kept[place - 1] + 1 if one == other else max(kept[place], new_kept[-1]))
        runs, kept = new_runs, new_kept
        longest = max(longest, *runs)
    return longest, kept[-1]
