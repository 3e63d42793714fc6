"""What a clause of the sentence turns round: opposites, bounds and what is counted, who and whom.

Takes the pairs of clauses of one sentence and one range of a note; says what contradicts. Denials are compared in
turned.py, numbers, names and quantifiers in facts.py, roles over whole sentences in relations.py and exchange.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from rag.grounding.counting import miscounted
from rag.grounding.difference import Difference
from rag.grounding.direction import redirected
from rag.grounding.exchange import caught, exchanges, received
from rag.grounding.lexicon import NEGATIVE, opposites, stem, synonymous
from rag.grounding.likeness import LIKE
from rag.grounding.marking import marked_otherwise
from rag.grounding.pairing import NOMINAL, Pair
from rag.grounding.turned import lightly, turned

_PEOPLE = frozenset(["s", "o", "에게", "한테", "에게서", "한테서", "로부터", "에서", "으로", "로"])
_JOINING = frozenset(["", "와", "과", "도", "만"])
_PASSIVE = re.compile(
    r"\bby\b|\b(?:is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?\w+(?:ed|en|t|wn|ne|de|ld)\b", re.IGNORECASE
)
_NO_VERB_AFTER = ("the", "a", "an", "of", "its", "their", "in", "to", "from", "for", "with", "on")


def contrasts(paired: Sequence[Pair]) -> list[Difference]:
    """Where clauses of the sentence say the contrary of their clauses in the note."""
    found = []
    for pair in paired:
        found += _opposed(pair) or turned(pair) or lightly(pair)
        found += miscounted(pair)
        found += _exchanged(pair) or marked_otherwise(pair)
        found += _switched(pair)
    return [
        *found,
        *exchanges(paired),
        *caught(paired),
        *received(paired),
        *redirected(paired),
        *_crossed(paired),
        *_unsaid(paired),
    ]


def _unsaid(paired: Sequence[Pair]) -> list[Difference]:
    """Clauses of the sentence of which the note says nothing, however well it says the others."""
    return [
        Difference("clause", pair.claim.words[pair.here[-1]].lemma, False)
        for pair in paired
        if len(pair.here) > 1 and len(paired) > 1 and not any(pair.found[place] for place in pair.here)
    ]


def _opposed(pair: Pair) -> list[Difference]:
    """Words whose opposite the note's clause holds, where nothing else denies it: 같다 is 차이가 없다."""
    said = [pair.claim.words[place] for place in pair.here]
    there = [pair.noted[spot] for spot in pair.inside]
    denials = [sum((w.negated and not w.aside) + (w.form in NEGATIVE) for w in words) for words in (said, there)]
    if denials[0] % 2 != denials[1] % 2:
        return []
    forms, outside = {word.form for word in said}, {word.form for word in pair.noted}
    inner = {word.form for word in there}
    explained = {match.place for matches in pair.found for match in matches if match.strength >= LIKE}
    for place in pair.here:
        word = pair.claim.words[place]
        against = opposites().get(word.form, frozenset())
        if word.form in inner or any(spot in pair.inside for spot in pair.strong(place)):
            continue
        for spot in pair.inside:
            other = pair.noted[spot]
            if (
                other.form in against - forms
                and other.negated == word.negated
                and not synonymous(word.lemma, other.lemma)
                and spot not in explained
                and ((word.form not in outside and not pair.strong(place)) or _beside_the_same(pair, place, spot))
            ):
                return [Difference("opposite", word.form, True)]
    return _of_the_other(pair, {word.form for word in pair.claim.words})


def _of_the_other(pair: Pair, forms: set[str]) -> list[Difference]:
    """Both a word and its opposite stand in the note, and what the sentence says of it is said behind the opposite.

    "큰 데이터에는 20개" against "작은 데이터에는 20개, 큰 데이터에는 5개".
    """
    for place in pair.here:
        word = pair.claim.words[place]
        against = opposites().get(word.form, frozenset())
        if forms & against:
            continue
        for part in pair.parts:
            marks = [(pair.noted[spot].start, pair.noted[spot].form) for spot in part]
            marks = [(start, form) for start, form in marks if form == word.form or form in against]
            if any(spot in part and pair.noted[spot].form != word.form for spot in pair.strong(place)):
                continue
            if len({form == word.form for _, form in marks}) < 2:
                continue
            spots = [q.start for number in pair.claim.quantities for q in pair.note.quantities if number.same_as(q)]
            spots = [spot for spot in spots if marks[0][0] < spot <= pair.noted[part[-1]].end] or [
                pair.noted[m].start for i in pair.here if i > place for m in pair.strong(i) if m in part
            ]
            ahead = [
                next((form == word.form for start, form in reversed(marks) if start < spot), None) for spot in spots
            ]
            if ahead.count(False) > ahead.count(True):
                return [Difference("opposite", word.form, True)]
    return []


def _beside_the_same(pair: Pair, place: int, spot: int) -> bool:
    return any(
        place + step in pair.here
        and spot + step in pair.inside
        and pair.claim.words[place + step].form == pair.noted[spot + step].form
        for step in (1, -1)
    )


def _exchanged(pair: Pair) -> list[Difference]:
    """Two nouns that stand in each other's roles, or between each other's neighbours."""
    where = {}
    for place in pair.here:
        spots = [m.place for m in pair.found[place] if m.place in pair.inside and m.strength == 1.0]
        if len(spots) == 1 and pair.claim.words[place].kind in NOMINAL:
            where[place] = spots[0]
    for i, j in combinations(sorted(where), 2):
        one, other, a, b = pair.claim.words[i], pair.claim.words[j], pair.noted[where[i]], pair.noted[where[j]]
        if one.form == other.form:
            continue
        roles = {one.role, other.role}
        crosswise = one.role == b.role and other.role == a.role and one.role != other.role
        if (crosswise and not roles & _JOINING) or _in_each_others_place(pair, i, j, where[i], where[j]):
            # 가슴에 총을 쏘다 and 총에 가슴을 맞다 are one event.
            return [Difference("role", f"{one.form}, {other.form}", not crosswise or roles <= _PEOPLE)]
    return []


def _in_each_others_place(pair: Pair, i: int, j: int, p: int, q: int) -> bool:
    """The neighbour that i has is the neighbour of j's word in the note, and the other way round."""
    for step in (1, -1):
        x, y = i + step, j + step
        if {x, y} <= set(pair.here) and {p + step, q + step} <= set(pair.inside) and {x, y}.isdisjoint({i, j}):
            if "verb" in (pair.claim.words[x].kind, pair.claim.words[y].kind):
                continue  # 단어를 뽑는 분포, 분포에서 뽑는 단어
            mine, theirs = pair.claim.words[x].form, pair.claim.words[y].form
            if mine == pair.noted[q + step].form != pair.noted[p + step].form == theirs:
                return True
    return False


def _switched(pair: Pair) -> list[Difference]:
    """English: what stood before a word stands behind it, and what stood behind it before."""
    if not pair.claim.source.isascii() or not pair.inside:
        return []
    mine = pair.claim.source[pair.claim.words[pair.here[0]].start : pair.claim.words[pair.here[-1]].end]
    theirs = pair.note.source[pair.noted[pair.inside[0]].start : pair.noted[pair.inside[-1]].end]
    if bool(_PASSIVE.search(mine)) != bool(_PASSIVE.search(theirs)):
        return []
    known = {}
    for place in pair.here:
        spots = [m.place for m in pair.found[place] if m.strength == 1.0 and m.place in pair.inside]
        if spots:
            known[place] = spots[0]
    for pivot, spot in known.items():
        before = [known[place] for place in known if place < pivot]
        behind = [known[place] for place in known if place > pivot]
        moved = sum(place > spot for place in before)
        if stem(pair.claim.words[pivot].lemma) != stem(pair.noted[spot].lemma):
            continue  # a fire destroyed what perished
        ahead = pair.claim.source[: pair.claim.words[pivot].start].rstrip()
        if moved and moved == len(before) and any(place < spot for place in behind):
            if not ahead.endswith(_NO_VERB_AFTER):
                return [Difference("role", pair.claim.words[pivot].form, True)]
    return []


def _crossed(paired: Sequence[Pair]) -> list[Difference]:
    """Two clauses, each with a word of the other's clause in the note."""
    strays = [
        {
            match.place
            for place in pair.here
            if not any(spot in pair.inside for spot in pair.strong(place))
            for match in pair.found[place]
            if match.strength >= LIKE
        }
        for pair in paired
    ]
    for (one, mine), (other, theirs) in combinations(zip(paired, strays, strict=True), 2):
        if one.inside != other.inside and mine & set(other.inside) and theirs & set(one.inside):
            return [Difference("crossed", pair_names(one, mine & set(other.inside)), False)]
    return []


def pair_names(pair: Pair, spots: set[int]) -> str:
    """The words at some places of the note, for the reason that is shown."""
    return ", ".join(pair.noted[spot].form for spot in sorted(spots))
