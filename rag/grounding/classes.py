"""Words of which only one can be meant: red and blue, encoder and decoder, Monday and Friday.

Takes the pairs of clauses of one sentence and one range of a note; returns figures by name. The classes are in
rivals.txt. Weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from rag.grounding.lexicon import rivals, stem, synonymous
from rag.grounding.pairing import Pair
from rag.grounding.reading import Reading

_MOST = 3.0
_SPACES = re.compile(r"[\s_*`-]+")


def classes(
    paired: Sequence[Pair], claim: Reading, note: Reading, window: tuple[int, int], above: set[int]
) -> dict[str, float]:
    """In how many classes the sentence names one and the range, which lacks it, another that the sentence lacks."""
    noted = paired[0].noted if paired else ()
    theirs = {name for word in noted for name in _names(word.lemma, word.form)} | set(
        _phrases(note.source[slice(*window)])
    )
    phrases = _phrases(claim.source)
    mine = {name for word in claim.words for name in _names(word.lemma, word.form)} | set(phrases)
    against: set[int] = set()
    over: set[int] = set()
    for place, word in enumerate(claim.words):
        for name in () if paired and paired[0].strong(place) else _names(word.lemma, word.form):
            found = _against(name, mine, theirs)
            (over if place in above else against).update(found)
    for name in phrases:
        against.update(_against(name, mine, theirs))
    forms = {word.form for word in noted}
    rest = [word.form in forms for word in claim.words if not _names(word.lemma, word.form)]
    return {
        "class_against": min(_MOST, float(len(against))),
        "class_copied_against": (1 + sum(rest)) / (1 + len(rest)) if against else 0.0,  # where the rest is the note's
        "class_above": min(_MOST, float(len(over - against))),  # what the sentence names stands over the range
    }


def _against(name: str, mine: set[str], theirs: set[str]) -> Iterator[int]:
    """Classes of a name of which the range has another one; in another script it may be the same in translation."""
    if name in theirs:
        return
    for number in rivals()[name]:
        others = [other for other in theirs - mine if number in rivals()[other] and other.isascii() == name.isascii()]
        if any(not synonymous(name, other) and name not in other and other not in name for other in others):
            yield number


@lru_cache(maxsize=20_000)
def _names(lemma: str, form: str) -> tuple[str, ...]:
    """The names of the table that a word is, or is with one syllable more: 빨강 of 빨강색."""
    table = rivals()
    if lemma.isascii():
        return tuple(name for name in {stem(lemma), lemma} if name in table)
    whole = tuple(name for name in {lemma, form} if name in table)
    return whole or tuple(part for part in (lemma[:-1], lemma[1:]) if len(part) > 1 and part in table)


@lru_cache(maxsize=1)
def _of_several() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Names of several words, with and without what joins them, by their first two letters."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in rivals():
        if "_" in name:
            letters = _SPACES.sub("", name)
            found.setdefault(letters[:2], []).append((name, letters))
    return found


@lru_cache(maxsize=512)
def _phrases(text: str) -> frozenset[str]:
    """The names of several words that a text has, however they are joined."""
    spelled = _SPACES.sub("", text.lower())
    names = _of_several()
    return frozenset(
        name
        for place in range(len(spelled) - 1)
        for name, letters in names.get(spelled[place : place + 2], ())
        if spelled.startswith(letters, place)
    )
