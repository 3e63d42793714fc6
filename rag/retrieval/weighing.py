"""What each word of a Korean question weighs, and how far sections say it: with a word, or with one that is like it.

How rare a word is tells not enough: a question opens with what it is about and ends in what it asks for ("장소는?"),
which the answer seldom repeats. A word's traits say where it stands and what hangs on it; their weights were fitted by
`python -m benchmarks.rerank_fit`. Knows no score of a section.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.kin import Kin
from rag.retrieval.lexical import LexicalIndex
from rag.text import HANGUL, Asked, bigrams, latin_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAITS = (
    "rarity",  # logarithm of the idf
    "unknown",  # 1 where no section holds it
    "place",  # where in the question it stands, from -.5 to .5
    "first",  # 1 for the first word
    "last",  # for the last one
    "last_noun",
    "name",  # a proper noun
    "long",  # of three syllables or more
    "noun_behind",  # a noun hangs on it: a part of a compound
    "subject",  # 이, 가
    "of",  # 의
    "doing",  # 하다, 되다 and their like make it a verb
)
_NOUNS = ("NNG", "NNP", "NNB")
_LONG = 3
# Cosine of two of Kiwi's morphemes from which on they count as somewhat the same, and how much the nearest counts.
_AKIN, _KIN = 0.45, 0.8
# How much a word counts that is there by all its bigrams, but is no word of the notes.
_SPELLED = 0.7
# The idf that the traits are measured from, as a logarithm.
_USUAL = 1.5


@dataclass(frozen=True, slots=True)
class Words:
    """A question's words, each once: as Kiwi has them, as the index has them, and their traits.

    forms: (morpheme, tag); terms: as `lexical.terms` writes them; grams: the bigrams of each; traits: float32
    (words, len(TRAITS)); rarity: float32 (words,), idf, of an unknown word that of the rarest.
    """

    forms: list[tuple[str, str]]
    terms: list[str]
    grams: list[list[str]]
    traits: NDArray[np.float32]
    rarity: NDArray[np.float32]

    def weights(self, of_traits: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """What each word weighs, float32 (words,), summing to one."""
        weighed = self.rarity * np.exp(self.traits @ (TRAIT_WEIGHTS if of_traits is None else of_traits))
        shares: NDArray[np.float32] = (weighed / max(float(weighed.sum()), 1e-6)).astype(np.float32)
        return shares


def words(about: Asked, lexical: LexicalIndex) -> Words:
    """The words of a question; none of one without Korean."""
    kept: dict[tuple[str, str], tuple[str, float, str]] = {}
    for form, tag, place, behind in zip(about.morphemes, about.tags, about.places, about.behind, strict=True):
        term = f"m:{form}" if HANGUL.search(form) else next(iter(latin_words(form)), "")
        if term:
            kept.setdefault((form, tag), (term, place, behind))
    if not any(term.startswith("m:") for term, _, _ in kept.values()):
        return Words([], [], [], np.zeros((0, len(TRAITS)), np.float32), np.zeros(0, np.float32))
    terms = [term for term, _, _ in kept.values()]
    idf = lexical.sections.idf(terms)
    rarity = np.where(idf > 0, idf, np.log1p((lexical.sections.rows + 0.5) / 0.5)).astype(np.float32)
    last_noun = max((at for at, (_, tag) in enumerate(kept) if tag.split("-")[0] in _NOUNS), default=-1)
    traits = np.zeros((len(kept), len(TRAITS)), dtype=np.float32)
    for at, ((form, tag), (_, place, behind)) in enumerate(kept.items()):
        traits[at] = (
            np.log(max(float(rarity[at]), 0.1)) - _USUAL,
            idf[at] == 0,
            place - 0.5,
            at == 0,
            at == len(kept) - 1,
            at == last_noun,
            tag.startswith("NNP"),
            len(form) >= _LONG,
            behind in _NOUNS,
            behind == "JKS",
            behind == "JKG",
            behind == "XSV",
        )
    return Words(list(kept), terms, [bigrams(form) if len(form) > 1 else [] for form, _ in kept], traits, rarity)


def degrees(
    asked: Words, held: NDArray[np.bool_], place_of: Mapping[str, int], rows: NDArray[np.int64], kin: Kin | None
) -> NDArray[np.float32]:
    """How far each chunk says each word, float32 (words, len(rows)) in 0..1.

    `held` (terms, len(rows)) says which chunk holds which term and `place_of` where a term is in it; it must know the
    terms and bigrams of all words. Without `kin` no other word counts.
    """
    said = held[[place_of[term] for term in asked.terms]].astype(np.float32)
    missing = 1 - said
    if kin is not None:
        like = kin.likeness(asked.forms, rows)
        missing *= 1 - np.float32(_KIN) * np.clip((like - np.float32(_AKIN)) / np.float32(1 - _AKIN), 0, 1)
    for at, grams in enumerate(asked.grams):
        if grams:
            missing[at] *= 1 - np.float32(_SPELLED) * held[[place_of[gram] for gram in grams]].mean(axis=0) ** 2
    degree: NDArray[np.float32] = (1 - missing).astype(np.float32)
    return degree


def headed(asked: Words, headings: Sequence[str], parts: Sequence[set[str]]) -> NDArray[np.float32]:
    """How far each heading says each word, float32 (words, len(headings)); `parts`: its bigrams and Latin words."""
    said = np.zeros((len(asked.forms), len(headings)), dtype=np.float32)
    for number, (heading, has) in enumerate(zip(headings, parts, strict=True)):
        low = heading.lower()
        for at, ((form, _), term, grams) in enumerate(zip(asked.forms, asked.terms, asked.grams, strict=True)):
            if term in has or (term.startswith("m:") and form in low):
                said[at, number] = 1
            elif len(form) >= _LONG and grams:
                said[at, number] = _SPELLED * (sum(gram in has for gram in grams) / len(grams)) ** 2
    return said


def together(
    weights: NDArray[np.float32], degree: NDArray[np.float32], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """What sections say of a question: as a whole, in one chunk, in two neighbouring ones; float32 (sections,) each.

    `weights` (words,) sum to one, `degree` (words, chunks), `starts` are the first chunks of the sections.
    """
    one = weights @ degree
    two = one.copy()
    neighbours = weights @ np.maximum(degree[:, :-1], degree[:, 1:])
    # The last chunk of a section has no neighbour behind it.
    neighbours[starts[1:] - 1] = 0
    two[:-1] = np.maximum(two[:-1], neighbours)
    whole = weights @ np.maximum.reduceat(degree, starts, axis=1)
    return whole, np.maximum.reduceat(one, starts), np.maximum.reduceat(two, starts)


TRAIT_WEIGHTS = np.array(
    [-0.058, 0.092, -0.613, 0.483, -0.433, -0.422, 0.415, -0.638, 0.266, 0.174, 0.266, -0.552], dtype=np.float32
)
