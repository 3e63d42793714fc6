"""Clause by clause: which clause of a note says what a clause of the sentence says.

Takes two Readings and a range of the second; pairs each clause of the sentence with the clause of the
note that shares most of it. What is left over is counted in leftover.py, what contradicts in contrast.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rag.grounding.likeness import LIKE, likeness
from rag.grounding.reading import Reading, Word

WEIGHTS: Mapping[str, float] = {"name": 1.5, "noun": 1.0, "verb": 0.6, "adverb": 0.3}
NOMINAL = frozenset(["name", "noun"])
# What is said last, in Korean the predicate and what stands before it, tells more than of whom it is said.
_LAST_WORDS, _LAST_WEIGHT = 2, 0.4
# A word of the paired clause stands for one of the sentence unless another clause has it better by this.
_BETTER = 0.3


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the note that may stand for one of the sentence: its place, and how well, 0..1."""

    place: int
    strength: float


@dataclass(frozen=True)
class Pair:
    """One clause of the sentence beside one of the note; words are named by their places.

    `here` are places in `claim.words`, `inside` (empty: no clause shares anything), `parts` (all clauses of
    the range) and matches are places in `noted`, the words of the range; `found` has an entry for each word of the
    claim.
    """

    claim: Reading
    here: tuple[int, ...]
    note: Reading
    noted: tuple[Word, ...]
    inside: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]
    found: tuple[tuple[Match, ...], ...]

    @cached_property
    def taken(self) -> frozenset[int]:
        """Words of the note that this clause of the sentence says."""
        return frozenset(match.place for place in self.here for match in self.found[place] if match.strength >= LIKE)

    @cached_property
    def paired(self) -> dict[int, Match]:
        """For words of the clause, the word of the paired clause that stands for them."""
        paired = {}
        for place in self.here:
            matches = self.found[place]
            best = max((m for m in matches if m.place in self.inside), key=_strength, default=None)
            if best is not None and best.strength >= max(map(_strength, matches)) - _BETTER:
                paired[place] = best
        return paired

    def strong(self, place: int) -> tuple[int, ...]:
        """Words of the range that say the same as this one."""
        return tuple(match.place for match in self.found[place] if match.strength >= LIKE)

    def part_of(self, spot: int) -> tuple[int, ...]:
        """The clause of the note that a word stands in."""
        return next((part for part in self.parts if spot in part), ())


def pairs(claim: Reading, note: Reading, window: tuple[int, int]) -> list[Pair]:
    """Every clause of `claim` that says something, with its clause of `note.source[window]`."""
    noted = note.words_in(*window)
    parts = tuple(_places(noted, span) for span in _clauses(note, *window))
    found = tuple(_matches(word, noted, note) for word in claim.words)
    paired = []
    for span in _clauses(claim, 0, len(claim.source)):
        here = _places(claim.words, span)
        if here:
            paired.append(Pair(claim, here, note, noted, _nearest(claim, here, found, parts), parts, found))
    return paired


def _strength(match: Match) -> float:
    return match.strength


def _clauses(text: Reading, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [start, *(place for place in text.breaks if start < place < end), end]
    spans: list[tuple[int, int]] = []
    for span in pairwise(cuts):
        # A piece of one word is no clause: it goes to the one before.
        if spans and len(text.words_in(*span)) < 2:
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    return spans


def _places(words: Sequence[Word], span: tuple[int, int]) -> tuple[int, ...]:
    return tuple(place for place, word in enumerate(words) if span[0] <= word.start < span[1])


def _matches(word: Word, noted: Sequence[Word], note: Reading) -> tuple[Match, ...]:
    found = []
    for place, other in enumerate(noted):
        strength = likeness(word, other)
        if strength:
            found.append(Match(place, strength))
    if not any(match.strength == 1.0 for match in found) and len(word.form) >= 2 and not word.form.isascii():
        # Kiwi may cut the same word in two ways: 송악산, and 송악 + 산.
        pieces = [note.source[other.start : other.end].replace(" ", "") for other in noted]
        at, length = "".join(pieces).find(word.lemma), 0
        for place, piece in enumerate(pieces if at >= 0 else ()):
            length += len(piece)
            if length > at:
                found.append(Match(place, 1.0))
                break
    return tuple(found)


def _nearest(
    claim: Reading, here: Sequence[int], found: Sequence[Sequence[Match]], parts: Sequence[tuple[int, ...]]
) -> tuple[int, ...]:
    best: tuple[int, ...] = ()
    most = 0.0
    for part in parts:
        inside = set(part)
        said = {i: max((m.strength for m in found[i] if m.place in inside), default=0.0) for i in here}
        score = sum(WEIGHTS[claim.words[i].kind] * strength for i, strength in said.items())
        score += _LAST_WEIGHT * sum(said[i] for i in here[-_LAST_WORDS:])
        if score > most + 1e-9:
            best, most = part, score
    return best
