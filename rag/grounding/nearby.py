"""Which of several numbers the words of a sentence stand beside in its note: 1994년 or 1998년.

Takes a number of a sentence, what it may be in a range of the note, and its rivals there; counts words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from rag.grounding.quantity import Quantity
from rag.grounding.reading import Reading


def beside_others(
    number: Quantity,
    matches: Sequence[Quantity],
    rivals: Sequence[Quantity],
    claim: Reading,
    note: Reading,
    window: tuple[int, int],
) -> int:
    """How many words of the number's clause stand nearer to a rival in the note; 0 if any stands nearer to the number.

    A word that the note has several times tells nothing unless all its places agree.
    """
    if not rivals:
        return 0
    clause = _clause(claim, number.start)
    forms = {word.form for word in claim.words if _clause(claim, word.start) == clause}
    places: dict[str, list[int]] = {}
    for word in note.words_in(*window):
        if word.form in forms:
            places.setdefault(word.form, []).append(word.start)
    both = [(q.start, True, _clause(note, q.start)) for q in matches]
    both += [(q.start, False, _clause(note, q.start)) for q in rivals]
    against = 0
    for starts in places.values():
        nearest = {
            min((abs(place - start), own) for place, own, part in both if part == _clause(note, start))[1]
            for start in starts
            if any(part == _clause(note, start) for _, _, part in both)
        }
        if nearest == {True}:
            return 0
        against += nearest == {False}
    return against


def _clause(text: Reading, place: int) -> int:
    return bisect_right(text.breaks, place)
