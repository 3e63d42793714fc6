"""One difference between a sentence and a note, and what is needed to look for any.

Takes Readings and words of them. What counts as a difference is in facts.py and relations.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.grounding.reading import Reading, Word


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` says in what; `contradicts` False: the note does not say otherwise, it does not say so."""

    kind: str
    what: str
    contradicts: bool


def knows(context: Reading | None, word: Word) -> bool:
    """Whether title or headings hold the word; spelled together counts, since Kiwi may cut names differently."""
    return context is not None and (
        any(word.form == other.form for other in context.words) or word.lemma.lower() in context.folded.text
    )


def abbreviates(word: Word, note: Reading) -> bool:
    """Whether the note spells the letters of an abbreviation out: BPE for byte-pair encoding."""
    if not 2 <= len(word.lemma) <= 6 or not word.lemma.isascii() or not word.lemma.isalpha():
        return False
    initials = "".join(match[0] for match in _INITIALS.findall(note.source.lower()))
    return word.lemma in initials


_INITIALS = re.compile(r"(?<![a-z])[a-z](?=[a-z])")


def spelled(note: Reading, window: tuple[int, int]) -> str:
    """What a range of the note says, without spaces and in lower case."""
    return note.source[window[0] : window[1]].replace(" ", "").lower()


def form_at(words: Sequence[Word], place: int) -> str:
    """The form at a place, "" outside."""
    return words[place].form if 0 <= place < len(words) else ""


def prefixed(first: str, second: str) -> bool:
    """Supervised and unsupervised, linear and nonlinear."""
    short, long = sorted((first, second), key=len)
    return short.isascii() and len(short) > 3 and long in {p + short for p in ("un", "non", "in", "dis", "ir", "im")}
