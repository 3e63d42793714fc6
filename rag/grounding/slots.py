"""Which word stands to which: the places that words fill in a clause, and who fills them.

Takes a Reading and a range of its words; returns slots such as "the object of 팔다" or "right before
gate" with the word in them. Korean goes by particles and endings, English by neighbours and prepositions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rag.grounding.reading import Reading, Word

_NOUNS = frozenset(["name", "noun"])
_SUBJECT = "s"
_ALIKE_ROLES = {
    "으로": "로",
    "으로부터": "로부터",
    "과": "와",
    "하고": "와",
    "한테": "에게",
    "께": "에게",
    "이나": "나",
}
_LIGHT = re.compile(
    r"\b(?:the|an?|its|their|his|her|this|these|those|has|have|had|is|are|was|were|been|being|be|only|also|then|"
    r"will|would|can|could|may|might|must|should|do|does|did|instead|therefore|just|very|much|so|too)\b|[\s*`\"'()]+"
)


@dataclass(frozen=True, slots=True)
class Slot:
    """`word` fills the place `kind` of `head`; both are places in a list of words."""

    kind: str
    head: int
    word: int


def slots(text: Reading, words: Sequence[Word], clause: Sequence[int]) -> list[Slot]:
    """Every place of a clause that is filled; `clause` are places in `words`, in order."""
    if not clause:
        return []
    span = text.source[words[clause[0]].start : words[clause[-1]].end]
    korean = any("\uac00" <= character <= "\ud7a3" for character in span)
    return _korean(text, words, clause) if korean else _english(text, words, clause)


def _korean(text: Reading, words: Sequence[Word], clause: Sequence[int]) -> list[Slot]:
    found = []
    verbs = [place for place in clause if words[place].kind == "verb"]
    for place, after in zip_longest(clause, clause[1:]):
        word = words[place]
        if after is not None and (kind := _leans_on(text, word, words[after])):
            found.append(Slot(kind, after, place))
        elif word.kind in _NOUNS and word.role not in ("", "의"):
            rulers = [verb for verb in verbs if verb > place]
            rulers = rulers[:1] + (rulers[1:][-1:] if word.role == _SUBJECT else [])
            found += [Slot(_ALIKE_ROLES.get(word.role, word.role), ruler, place) for ruler in rulers]
    return found


def _leans_on(text: Reading, word: Word, head: Word) -> str:
    """How a word leans on the next one: "front" of a noun (배치 크기, 낮은 음역), "manner" of a predicate, or ""."""
    between = text.source[word.end : head.start]
    nominal = head.kind in _NOUNS
    if word.kind in _NOUNS:
        beside = between.strip("`*\"'‘’“”《》()") in ("", " ")
        return "front" if (nominal and (beside or word.role == "의")) or (beside and not word.role) else ""
    if word.kind == "adverb":
        return "manner" if head.kind == "verb" and len(between) <= 1 else ""
    if re.fullmatch(r"\S{0,3} ", between):
        if nominal and _adnominal(between):
            return "front"
        if head.kind == "verb" and between.rstrip().endswith("게"):
            return "manner"
    return ""


def _adnominal(ending: str) -> bool:
    syllable = ending.rstrip()[-1:]
    return not syllable or (("가" <= syllable <= "힣") and (ord(syllable) - 0xAC00) % 28 in (4, 8))


def _english(text: Reading, words: Sequence[Word], clause: Sequence[int]) -> list[Slot]:
    found = []
    for position in range(len(clause) - 1):
        one, two = clause[position], clause[position + 1]
        link = _LIGHT.sub(" ", text.source[words[one].end : words[two].start].lower()).strip()
        found.append(Slot(f"before {link}", two, one))
        found.append(Slot(f"behind {link}", one, two))
    return found
