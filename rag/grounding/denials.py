"""Do a sentence and its note deny the same, and is neither the opposite of the other?

Takes the words of both; says what contradicts and what is merely missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rag.grounding.difference import Difference, form_at, prefixed
from rag.grounding.lexicon import NEGATIVE, opposites
from rag.grounding.reading import Reading, Word

# A denied word that the answer lacks counts only in a clause that the answer speaks about.
_CLAUSE_SHARED = 0.6


def negation_differences(claim: Reading, noted: Sequence[Word], clauses: Sequence[tuple[int, int]]) -> list[Difference]:
    """Words that one of both denies; `noted` are the note's words, `clauses` its clauses."""
    said = _meant(claim)
    said_no, said_yes = _polarity(said)
    note_no, note_yes = _polarity(noted)
    only_said, only_noted = said_no - note_no, note_no - said_no
    turned = [form for form in only_said if form in note_yes]
    turned += [form for form in only_noted if form in said_yes and form not in note_yes]
    # Both deny something: "no loss" and "loses no performance" agree, unless what they deny is exchanged.
    exchanged = only_said & note_yes and only_noted & said_yes
    both = (only_said or said_yes & NEGATIVE - note_yes) and (only_noted or note_yes & NEGATIVE - said_yes)
    if turned and (exchanged or not both):
        return [Difference("negation", form, True) for form in turned]
    claimed = said_no | said_yes
    if only_noted and not said_no and not said_yes & NEGATIVE:
        counter = {other for form in claimed for other in opposites().get(form, ())}
        for start, end in clauses:
            words = [word for word in noted if start <= word.start < end]
            # "아가미가 아니라 폐로": what is put aside there need not be spoken of.
            denied = [word for word in words if word.negated and word.form not in counter and not word.aside]
            others = [word for word in words if not word.negated]
            if denied and others and sum(w.form in claimed for w in others) >= _CLAUSE_SHARED * len(others):
                return [Difference("negation", denied[0].form, True)]
    return []


def _meant(claim: Reading) -> list[Word]:
    """Words without what "A가 아니라 B" and "A 대신" put aside; an English "not the" may deny all the same."""
    english = claim.source.isascii()
    return [word for word in claim.words if english or not word.aside]


def _polarity(words: Sequence[Word]) -> tuple[set[str], set[str]]:
    return {word.form for word in words if word.negated}, {word.form for word in words if not word.negated}


def opposite_differences(said: Sequence[Word], noted: Sequence[Word]) -> list[Difference]:
    """Words whose opposite the note uses of the same thing: in both texts the same word stands beside."""
    claimed = {word.form for word in said}
    there = {word.form for word in noted}
    found = []
    for place, word in enumerate(said):
        opposed = opposites().get(word.form, frozenset())
        for spot, other in enumerate(noted):
            if other.negated != word.negated or not (other.form in opposed or prefixed(word.form, other.form)):
                continue
            if word.form not in there and other.form not in claimed:
                differs = bool(_neighbours(said, place) & _neighbours(noted, spot))
            else:  # both texts use both words: 왼쪽 어깨 for 오른쪽 어깨
                head = form_at(said, place + 1)
                differs = head == form_at(noted, spot + 1) != "" and (word.form, head) not in _pairs(noted)
            if differs:  # where the note uses both words, each may stand in its right place
                found.append(Difference("opposite", word.form, word.form not in there))
    return found


def _pairs(words: Sequence[Word]) -> set[tuple[str, str]]:
    return {(first.form, second.form) for first, second in pairwise(words)}


def _neighbours(words: Sequence[Word], place: int) -> set[str]:
    """What a word is said of: in Korean what stands before a predicate, else the words on both sides."""
    word = words[place]
    if word.kind == "verb":
        return {other.form for other in words[max(0, place - 2) : place] if other.kind != "verb"}
    return {other.form for other in (*words[max(0, place - 2) : place], *words[place + 1 : place + 3])}
