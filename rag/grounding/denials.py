"""Do a sentence and its note deny the same, and is neither the opposite of the other?

Takes the words of both; says what contradicts and what is merely missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.grounding.difference import Difference, form_at, prefixed
from rag.grounding.lexicon import NEGATIVE, opposites, synonymous
from rag.grounding.reading import Reading, Word

# A denied word that the answer lacks counts only in a clause that the answer speaks about.
_CLAUSE_SHARED = 0.6
_UN = re.compile(r"(?:un(?!i|der|til)|non)[a-z]{4}")


def negation_differences(claim: Reading, noted: Sequence[Word], clauses: Sequence[tuple[int, int]]) -> list[Difference]:
    """Words that one of both denies; `noted` are the note's words, `clauses` its clauses."""
    if _put_aside_instead(claim.words, noted):
        return [Difference("negation", "put aside", True)]
    denies = any(word.negated for word in claim.words)
    said = [word for word in claim.words if not word.aside]
    stated = [word for word in noted if not (word.aside and denies)]
    said_no, said_yes = _polarity(said)
    note_no, note_yes = _polarity(stated)
    only_said, only_noted = said_no - note_no, note_no - said_no
    loose = {word.form for word in (*said, *stated) if word.loose}
    turned = [form for form in only_said if form in note_yes and form not in said_yes]
    turned += [form for form in only_noted if form in said_yes and form not in note_yes]
    # Both deny something: "no loss" and "loses no performance" agree, unless what they deny is exchanged.
    exchanged = only_said & note_yes - loose and only_noted & said_yes - loose
    negative = [{word.form for word in words if _negative(word)} for words in (said, stated)]
    both = (only_said or negative[0] - note_yes) and (only_noted or negative[1] - said_yes)
    if turned and (exchanged or not both):
        return [Difference("negation", form, True) for form in turned]
    return _lost(claim, noted, clauses)


def _put_aside_instead(said: Sequence[Word], noted: Sequence[Word]) -> bool:
    """Whether the note keeps what is put aside here: "A가 아니라 B" for "B가 아니라 A"."""
    ours, theirs = ({word.form for word in words if word.aside} for words in (said, noted))
    return not (ours & theirs) and bool(ours & _polarity(noted)[1] and theirs & _polarity(said)[1])


def _lost(claim: Reading, noted: Sequence[Word], clauses: Sequence[tuple[int, int]]) -> list[Difference]:
    """A denied word of a clause that the claim otherwise says, where the claim denies nothing."""
    claimed = {word.form for word in claim.words}
    if any(word.negated or _negative(word) for word in claim.words):
        return []
    counter = {other for form in claimed for other in opposites().get(form, ())}
    stated = {word.form for word in noted if not word.negated}
    for start, end in clauses:
        words = [word for word in noted if start <= word.start < end]
        # "아가미가 아니라 폐로": what is put aside there need not be spoken of.
        denied = [w for w in words if w.negated and not w.aside and w.form not in counter and w.form not in stated]
        others = [word for word in words if not word.negated]
        if denied and others and sum(w.form in claimed for w in others) >= _CLAUSE_SHARED * len(others):
            return [Difference("negation", denied[0].form, True)]
    return []


def _negative(word: Word) -> bool:
    """Whether a word denies by itself: lack, unbroken."""
    return word.form in NEGATIVE or word.lemma in NEGATIVE or bool(_UN.match(word.form))


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
            if any(synonymous(other.form, form) for form in (claimed - {word.form}) | {word.lemma}):
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
