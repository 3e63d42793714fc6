"""What stands around a span: where the question's words are, which predicate governs it, and what kind of thing it is.

Meaning comes from the embeddings of Kiwi's language model (rag/nearness.py): a sentence may say "세우다" where the
question says "설립하다", and "독일" is nearer to "나라" than "베를린" is. Numbers by name; knows no weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.generation.asking import Asked, Morpheme
from rag.generation.candidates import Candidate
from rag.nearness import cosine, kinship

_CONTENT = frozenset("NNG NNP NR VV VA XR SL SH SN NNB MAG".split())
_NAMES = frozenset("NNG NNP NNB XSN SL SN NR XR".split())
_ASKING = frozenset(
    "무엇 누구 언제 어디 어느 어떤 몇 얼마 왜 어떻게 어떻 무슨 뭐 것 거 하 이 되 있 수 등 및 그 저 더 좀 대하 관하 "
    "위하 통하".split()
)
# What a kind of question asks for where it has no noun that says so.
_ASKS_FOR = {
    "who": ("사람", "NNG"),
    "where": ("곳", "NNG"),
    "when": ("때", "NNG"),
    "many": ("수", "NNG"),
    "why": ("이유", "NNG"),
}
# Nouns whose nearness tells what sort of thing a word is.
SORTS = (
    ("사람", "NNG"),
    ("나라", "NNG"),
    ("도시", "NNG"),
    ("회사", "NNG"),
    ("단체", "NNG"),
    ("책", "NNG"),
    ("영화", "NNG"),
    ("법", "NNG"),
    ("전쟁", "NNG"),
    ("물질", "NNG"),
    ("동물", "NNG"),
    ("년", "NNB"),
    ("이유", "NNG"),
    ("방법", "NNG"),
    ("대학", "NNG"),
    ("산", "NNG"),
)
_REACHES = (3.0, 10.0)
_FAR = 4.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question as spans are held against it: its words by rarity, its predicate, the noun that it asks for."""

    words: tuple[tuple[Morpheme, float], ...]
    verb: Morpheme | None
    sort: tuple[str, str] | None
    named: bool

    def met(self, morpheme: Morpheme) -> tuple[float, float]:
        """How far a morpheme says a word of the question: by that word's weight, and without; 0..1 each."""
        weighed = bare = 0.0
        for word, weight in self.words:
            same = _same(word, morpheme)
            weighed, bare = max(weighed, same * weight), max(bare, same)
        return weighed, bare


def wanted(asked: Asked, texts: Sequence[str]) -> Wanted:
    """`texts` are all candidates of the passages: a word of the question weighs more the fewer of them hold it."""
    head = next((m for m in reversed(asked.morphemes) if asked.head and m.tag in _NAMES and m.form == asked.head), None)
    lowered = [text.lower() for text in texts]
    words: dict[str, tuple[Morpheme, float]] = {}
    for morpheme in asked.morphemes:
        if morpheme.tag in _CONTENT and morpheme.form not in _ASKING and morpheme != head:
            holding = sum(morpheme.form in text for text in lowered)
            rarity = math.log(1 + (len(lowered) - holding + 0.5) / (holding + 0.5))
            words.setdefault(morpheme.form, (morpheme, rarity))
    total = sum(weight for _, weight in words.values()) or 1.0
    sort = (head.form, head.tag) if head else _ASKS_FOR.get(asked.kind)
    shares = tuple((morpheme, weight / total) for morpheme, weight in words.values())
    return Wanted(shares, _predicate(asked.morphemes, head), sort, head is not None)


def _predicate(morphemes: Sequence[Morpheme], head: Morpheme | None) -> Morpheme | None:
    """The last predicate before what is asked for; of "설립하다" the noun."""
    for place in range(len(morphemes) - 1, -1, -1):
        here, before = morphemes[place], morphemes[place - 1] if place else None
        if head is not None and here.start >= head.start:
            continue
        if here.tag in ("VV", "VA") and here.form not in _ASKING:
            return here
        if here.tag in ("XSV", "XSA", "VCP") and before is not None and before.form not in _ASKING:
            return before
    return None


def _same(asked: Morpheme, said: Morpheme) -> float:
    if asked.form == said.form or (len(asked.form) > 1 and said.form.startswith(asked.form)):
        return 1.0
    return kinship((asked.form, asked.tag), (said.form, said.tag))


class Surroundings:
    """What the spans of one sentence share."""

    def __init__(self, asks: Wanted, candidate: Candidate, morphemes: Sequence[Morpheme], beside: str) -> None:
        """`beside` is all that was read of the same passage, in lower case."""
        self.asks, self.candidate, self.morphemes, self.beside = asks, candidate, morphemes, beside
        nothing = (0.0, 0.0)
        said = [asks.met(m) if m.tag in _CONTENT and m.form not in _ASKING else nothing for m in morphemes]
        self.met = [weighed for weighed, _ in said]
        self.bare = [bare for _, bare in said]
        self.clause, number = [], 0
        for morpheme in morphemes:
            self.clause.append(number)
            number += morpheme.tag == "EC" or morpheme.form == ","
        self.verbs = [(place, verb) for place, m in enumerate(morphemes) if (verb := self._verb(place, m)) is not None]
        best = [
            (max((_same(word, m) for m in morphemes if m.tag in _CONTENT), default=0.0), w) for word, w in asks.words
        ]
        self.covered = sum(weight * (same == 1.0) for same, weight in best)
        self.touched = sum(weight * same for same, weight in best)

    def features(self, start: int, end: int) -> dict[str, float]:
        """Numbers by name for the span of the sentence's text."""
        inside = [place for place, m in enumerate(self.morphemes) if start <= m.start and m.end <= end]
        if not inside:
            return {}
        first, last = inside[0], inside[-1]
        inner = self.morphemes[first : last + 1]
        names = [m for m in inner if m.tag in _NAMES] or list(inner)
        own = sum(self.met[place] for place in inside)
        clause = sum(met for met, number in zip(self.met, self.clause, strict=True) if number == self.clause[first])
        before = self.morphemes[first - 1] if first else None
        after = self.morphemes[last + 1] if last + 1 < len(self.morphemes) else None
        words = self.candidate.text[start:end].lower()
        row = {
            "inside": own,
            "inside_best": max(self.bare[place] for place in inside),
            "in_clause": clause - sum(self.met[p] for p in inside if self.clause[p] == self.clause[first]),
            "covered": self.covered,
            "touched": self.touched,
            "place_in_sentence": start / max(1, len(self.candidate.text)),
            "sentence_length": math.log(len(self.candidate.text)),
            "from_start": math.log1p(first),
            "to_end": math.log1p(len(self.morphemes) - last),
            "morphemes": float(len(inner)),
            "characters": float(end - start),
            "proper_share": sum(m.tag in ("NNP", "SL") for m in inner) / len(inner),
            "number_share": sum(m.tag in ("SN", "NR") for m in inner) / len(inner),
            "after_noun": float(before is not None and before.tag in _NAMES),
            "after_of": float(before is not None and before.tag == "JKG"),
            "before_noun": float(after is not None and after.tag in _NAMES),
            "common_first": math.log1p(max(0, names[0].code)),
            "common_last": math.log1p(max(0, names[-1].code)),
            "repeated": math.log1p(self.beside.count(words)),
            "sort_named": float(self.asks.named),
        }
        for reach in _REACHES:
            left = sum(self.met[p] * math.exp((p - first) / reach) for p in range(first))
            right = sum(self.met[p] * math.exp((last - p) / reach) for p in range(last + 1, len(self.morphemes)))
            row[f"left_{reach:.0f}"], row[f"right_{reach:.0f}"] = left, right
        return row | self._governed(first, last) | self._sort(names, before, after)

    def _governed(self, first: int, last: int) -> dict[str, float]:
        """The predicates behind the span, and one that modifies it: do they say what the question's does?"""
        behind = [(place, verb) for place, verb in self.verbs if place > last][:2]
        row = {"verb_distance": math.log1p(behind[0][0] - last) if behind else _FAR}
        for number, (_, verb) in enumerate(behind, 1):
            row[f"verb_{number}"] = _same(self.asks.verb, verb) if self.asks.verb else 0.0
            row[f"verb_{number}_any"] = self.asks.met(verb)[1]
        if first and self.morphemes[first - 1].tag == "ETM":
            ahead = next((verb for place, verb in reversed(self.verbs) if place < first), None)
            row["modifier"] = _same(self.asks.verb, ahead) if self.asks.verb and ahead else 0.0
        return row

    def _sort(self, names: Sequence[Morpheme], before: Morpheme | None, after: Morpheme | None) -> dict[str, float]:
        last = (names[-1].form, names[-1].tag)
        row = {f"near_{sort[0]}": cosine(last, sort) for sort in SORTS}
        sort = self.asks.sort
        if sort is None:
            return row
        near = [cosine((m.form, m.tag), sort) for m in names]
        row |= {"sort_first": near[0], "sort_last": near[-1], "sort_best": max(near)}
        row["sort_before"] = cosine((before.form, before.tag), sort) if before and before.tag in _NAMES else 0.0
        row["sort_after"] = cosine((after.form, after.tag), sort) if after and after.tag in _NAMES else 0.0
        profile = _profile(sort)
        row["sort_like"] = sum(a * b for a, b in zip(profile, _profile(last), strict=True))
        return row

    def _verb(self, place: int, morpheme: Morpheme) -> Morpheme | None:
        if morpheme.tag in ("VV", "VA"):
            return morpheme
        light = morpheme.tag in ("XSV", "XSA", "VCP", "VCN")
        return self.morphemes[place - 1] if light and place else None


def _profile(word: tuple[str, str]) -> tuple[float, ...]:
    """How near a word is to each of SORTS, as a unit vector around its mean."""
    near = [cosine(word, sort) for sort in SORTS]
    mean = sum(near) / len(near)
    length = math.sqrt(sum((value - mean) ** 2 for value in near)) or 1.0
    return tuple((value - mean) / length for value in near)
