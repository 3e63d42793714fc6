"""How near two Korean words are in meaning, by the embeddings that Kiwi's own language model carries.

Takes morphemes as (form, tag), tags without suffixes; returns cosines. Words that the model does not hold (names,
Latin, numbers) are near nothing. Knows no text. Loads with Kiwi; the first comparison of a process takes about a
second, later ones a few microseconds.
"""

from __future__ import annotations

from functools import lru_cache

from rag.text import kiwi

# What Kiwi raises for a morpheme that it does not know, and for a model without vectors.
REFUSED = (ValueError, RuntimeError, AttributeError)
# Any two nouns have a cosine of about 0.35 here: what says nothing.
UNRELATED = 0.42


@lru_cache(maxsize=1 << 17)
def cosine(first: tuple[str, str], second: tuple[str, str]) -> float:
    """Cosine of two morphemes, about 0.2 to 1; 0 where one of them is not known, or stands for several."""
    try:
        found = float(kiwi().morpheme_similarity(first, second))
    except REFUSED:
        return 0.0
    return found if found == found else 0.0  # particles that the model merges have no embedding


def kinship(first: tuple[str, str], second: tuple[str, str]) -> float:
    """The same in 0..1, 0 for what is no nearer than chance: 나라 and 국가 0.37, 나라 and 파이프 0."""
    return 1.0 if first == second else max(0.0, (cosine(first, second) - UNRELATED) / (1 - UNRELATED))
