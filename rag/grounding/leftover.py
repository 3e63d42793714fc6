"""What of a sentence its note does not say: words that are missing, words whose place another one takes.

Takes the pairs of clauses of one sentence and one range of a note, gives weights and counts. What they
amount to is decided in verdict.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.grounding.difference import knows
from rag.grounding.lexicon import opposites
from rag.grounding.likeness import LIKE, SOFT_AT
from rag.grounding.pairing import NOMINAL, WEIGHTS, Pair
from rag.grounding.reading import Reading
from rag.grounding.slots import slots
from rag.grounding.spans import layout


@dataclass(slots=True)
class Leftover:
    """Sums over the words of a sentence, by the weights of their kinds, and counts of words.

    A rival is a word of the note that the sentence does not say and that stands in the word's place.
    """

    total: float
    said: float = 0.0  # by the paired clauses, words near in meaning in part
    copied: float = 0.0  # in the note's own form
    missing: dict[str, float] = field(default_factory=lambda: dict.fromkeys(WEIGHTS, 0.0))  # by kind
    inherited: float = 0.0  # known from title, headings or what stands before, silent subjects aside
    blurred: float = 0.0  # of nouns that are near in meaning only: what is missing to the same
    rivalled: bool = False  # a missing or blurred word has a rival
    usurped: bool = False  # a word that stands elsewhere in the note has a rival here
    unmatched: int = 0
    broken_roles: int = 0  # words that carry another particle than in the note
    inverted: int = 0  # pairs of words in the other order
    filled: bool = False  # the note fills some place with another word
    exchanged: bool = False  # ... and the sentence says that one elsewhere


def leftover(
    paired: Sequence[Pair], claim: Reading, note: Reading, window: tuple[int, int], above: set[int]
) -> Leftover:
    """Count what the pairs leave over; `above` are words of `claim` that stand over the range or before it."""
    left = Leftover(sum(WEIGHTS[word.kind] for word in claim.words) or 1.0)
    lemmas = {word.lemma for word in note.words_in(*window)}
    for pair in paired:
        _words(pair, left, above, lemmas)
        _places(pair, left)
    return left


def known_above(claim: Reading, note: Reading, window: tuple[int, int], context: Reading | None) -> set[int]:
    """Words of the sentence that title, headings or the text before the range say."""
    plan = layout(note.source)
    ranges = [*plan.over(window[0]), plan.before(window[0])]
    return {
        place
        for place, word in enumerate(claim.words)
        if knows(context, word)
        or any(start <= spot < end for spot in note.places.get(word.form, ()) for start, end in ranges)
    }


def _words(pair: Pair, left: Leftover, above: set[int], lemmas: set[str]) -> None:
    places = []
    for place in pair.here:
        word, match = pair.claim.words[place], pair.paired.get(place)
        weight = WEIGHTS[word.kind]
        strongest = max((m.strength for m in pair.found[place]), default=0.0)
        whole = any(m.strength == 1.0 and word.lemma in pair.noted[m.place].lemma for m in pair.found[place])
        if word.lemma in lemmas or whole:
            left.copied += weight
        inside = max((m.strength for m in pair.found[place] if m.place in pair.inside), default=0.0)
        left.unmatched += inside < LIKE and place not in above
        telling = word.kind in NOMINAL or word.form in opposites()
        if match is not None:
            places.append(match.place)
            left.said += weight * match.strength
            other = pair.noted[match.place].role
            left.broken_roles += bool(word.role and other and word.role != other)
            if match.strength < LIKE:
                left.blurred += weight * (1 - match.strength) * (word.kind in NOMINAL)
                left.rivalled |= telling and _has_rival(pair, place)
        elif strongest >= LIKE:
            left.usurped |= _has_rival(pair, place)
        elif place in above:
            silent = (word.role == "s" or place == 0) and not _has_own_subject(pair)
            left.inherited += 0.0 if silent else weight
            left.usurped |= _has_rival(pair, place)
        else:
            left.missing[word.kind] += weight
            left.rivalled |= telling and _has_rival(pair, place)
    left.inverted += sum(first > second for n, first in enumerate(places) for second in places[n + 1 :])


def _has_own_subject(pair: Pair) -> bool:
    """Whether the clause of the note names a subject; if not, it goes on about the one that was named before."""
    return any(pair.noted[spot].role == "s" for spot in pair.inside if spot not in pair.taken)


def _has_rival(pair: Pair, place: int) -> bool:
    word = pair.claim.words[place]
    free = [spot for spot in pair.inside if spot not in pair.taken]
    if word.kind in NOMINAL and word.role:
        if any(pair.noted[spot].role == word.role and pair.noted[spot].kind in NOMINAL for spot in free):
            return True
    position = pair.here.index(place)
    neighbours = [(pair.here[n], n - position) for n in (position + 1, position - 1) if 0 <= n < len(pair.here)]
    for spot in free:
        other = pair.noted[spot]
        if (other.kind == "verb") == (word.kind == "verb") and other.role == word.role:
            if any(spot + step in pair.strong(neighbour) for neighbour, step in neighbours):
                return True
    return False


def _places(pair: Pair, left: Leftover) -> None:
    """Places of the sentence's clause whose heads the note has too: who fills them there."""
    here = slots(pair.note, pair.noted, pair.inside)
    everywhere = [slot for part in pair.parts for slot in slots(pair.note, pair.noted, part)]
    near: dict[int, Mapping[int, float]] = {i: {m.place: m.strength for m in pair.found[i]} for i in pair.here}
    said = {spot for i in pair.here for spot, strength in near[i].items() if strength >= SOFT_AT}
    for slot in slots(pair.claim, pair.claim.words, pair.here):
        heads = set(pair.strong(slot.head))
        fillers = {s.word for s in here if s.kind == slot.kind and s.head in heads}
        fillers = fillers or {s.word for s in everywhere if s.kind == slot.kind and s.head in heads}
        if fillers and fillers.isdisjoint(near[slot.word]):
            if fillers <= said:
                left.exchanged = True
            else:
                left.filled = True
