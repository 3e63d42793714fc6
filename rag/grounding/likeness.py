"""How near two words are in meaning: the same, of one group, of one stem, or close in Kiwi's embeddings.

Takes Words, returns a figure in 0..1. The embeddings come with Kiwi's own model; nothing else is loaded.
"""

from __future__ import annotations

from functools import lru_cache

from rag.grounding.lexicon import alike, opposites, stem, synonymous
from rag.grounding.reading import Word
from rag.nearness import cosine

LIKE = 0.85  # a compound or derivation of the word
SOFT_AT = 0.54
# Opposites and siblings (오른쪽, 왼쪽) are nearer to each other than words that mean the same.
_TOO_NEAR = 0.735


@lru_cache(maxsize=50_000)
def _nearness(form: str, tag: str, other: str, other_tag: str) -> float:
    if not tag or not other_tag or "NNP" in (tag, other_tag):
        return 0.0
    return max(
        cosine((form, one), (other, two))
        for one in (tag, tag + "-I", tag + "-R")
        for two in (other_tag, other_tag + "-I", other_tag + "-R")
    )


def nearness(word: Word, other: Word) -> float:
    """The cosine of two words in Kiwi's embeddings, opposites' too; 0 of names and where it has none."""
    return _nearness(word.lemma, word.tag, other.lemma, other.tag)


def _likeness(word: Word, other: Word) -> float:
    near = 0.0 if "name" in (word.kind, other.kind) else nearness(word, other)
    return near if SOFT_AT <= near <= _TOO_NEAR else 0.0


def _key(word: Word) -> str:
    return stem(word.lemma) if word.lemma.isascii() else word.lemma


def likeness(word: Word, other: Word) -> float:
    """1 for the same word or one of its group, less for a compound of it, less again for one near in meaning."""
    if word.form == other.form:
        return 1.0
    if other.form in opposites().get(word.form, ()):
        return 0.0
    if synonymous(_key(word), _key(other)):
        return 0.95
    if word.kind != "name" and len(word.form) >= 2 and alike(word.form, other.form):
        return LIKE
    return min(LIKE - 0.05, _likeness(word, other))
