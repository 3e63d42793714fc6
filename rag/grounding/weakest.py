"""The words of a sentence that its note says least: which they are, what stands near them, how much is left over.

Takes the pairs of clauses of one sentence and one range of a note; returns figures by name. Weighs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.grounding.lexicon import opposites
from rag.grounding.likeness import LIKE, nearness
from rag.grounding.pairing import Pair
from rag.grounding.reading import Reading, Word
from rag.grounding.units import is_unit

# So well does a word count as said that stands above the range or before it.
_ABOVE = 0.9
_WORST = 3
_KINDS: Mapping[str, float] = {"name": 3.0, "noun": 2.0, "verb": 1.0, "adverb": 0.0}


@dataclass(frozen=True, slots=True)
class _Said:
    """How well a range says one word: by the tables, by the embeddings, and what speaks against it."""

    strength: float
    nearness: float
    kind: float
    above: float
    elsewhere: float  # the note has the word, but not here
    opposed: float  # its opposite stands here
    word: Word


def weakest(
    paired: Sequence[Pair], claim: Reading, note: Reading, window: tuple[int, int], above: set[int]
) -> dict[str, float]:
    """Figures of the three words that are said least, as if said where there are fewer, and sums over all."""
    noted = note.words_in(*window)
    there = {word.form for word in noted}
    said = [_said(place, paired, claim, note, noted, there, place in above) for place in range(len(claim.words))]
    ranked = sorted(said, key=lambda one: (one.strength, one.nearness))
    figures = {}
    for place in range(_WORST):
        one = ranked[place] if place < len(ranked) else None
        figures[f"worst{place}_strength"] = one.strength if one else 1.0
        figures[f"worst{place}_near"] = one.nearness if one else 1.0
        figures[f"worst{place}_kind"] = one.kind if one else 0.0
        figures[f"worst{place}_above"] = one.above if one else 0.0
        figures[f"worst{place}_elsewhere"] = one.elsewhere if one else 0.0
        figures[f"worst{place}_opposed"] = one.opposed if one else 0.0
        figures[f"worst{place}_length"] = float(len(one.word.lemma)) if one else 0.0
        figures[f"worst{place}_last"] = float(one is not None and one.word is claim.words[-1])
    count = max(1, len(said))
    verbs = [one.strength for one in said if one.word.kind == "verb"]
    figures["units_missing"] = float(sum(is_unit(one.word.lemma) and one.strength < LIKE for one in said))
    figures["elsewhere"] = sum(one.elsewhere for one in said) / count
    figures["near"] = sum(max(one.strength, one.nearness) for one in said) / count
    figures["last_verb"] = verbs[-1] if verbs else 1.0
    return figures | _left(paired, claim, noted, above)


def _said(
    place: int,
    paired: Sequence[Pair],
    claim: Reading,
    note: Reading,
    noted: Sequence[Word],
    there: set[str],
    above: bool,
) -> _Said:
    word = claim.words[place]
    strength = max((match.strength for match in paired[0].found[place]), default=0.0) if paired else 0.0
    weak = strength < LIKE
    return _Said(
        max(strength, _ABOVE) if above else strength,
        max((nearness(word, other) for other in noted), default=0.0) if weak else 1.0,
        _KINDS[word.kind],
        float(weak and above),
        float(weak and not above and word.form in note.places),
        float(weak and not there.isdisjoint(opposites().get(word.form, ()))),
        word,
    )


def _left(paired: Sequence[Pair], claim: Reading, noted: Sequence[Word], above: set[int]) -> dict[str, float]:
    """What neither text finds in the other; words that share a syllable (구분, 구별) may be the same."""
    found = paired[0].found if paired else ()
    taken = {match.place for matches in found for match in matches if match.strength >= LIKE}
    free = [word for place, word in enumerate(noted) if place not in taken]
    inside = {place for pair in paired for place in pair.inside}
    near = [noted[place] for place in inside - {spot for pair in paired for spot in pair.taken}]
    missing = [
        word
        for place, (word, matches) in enumerate(zip(claim.words, found, strict=False))
        if place not in above and not any(match.strength >= LIKE for match in matches)
    ]
    akin = sum(any(_akin(word, other) for other in free) for word in missing)
    return {
        "missing_akin": float(akin),
        "missing_strange": float(len(missing) - akin),
        "free": len(free) / max(1, len(noted)),
        "free_names": float(sum(word.kind == "name" for word in near)),
        "free_nouns": float(sum(word.kind == "noun" for word in near)),
        "free_verbs": float(sum(word.kind == "verb" for word in near)),
    }


def _akin(word: Word, other: Word) -> bool:
    return not set(word.lemma).isdisjoint(other.lemma) and (word.kind == "verb") == (other.kind == "verb")
