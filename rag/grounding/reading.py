"""What a text says, laid out for comparison: words, quantities, names and what is negated.

Takes a sentence or a passage, returns a frozen Reading whose places are offsets into that very
text. Kiwi does the Korean; Latin words and digits are read here, because Kiwi may cut them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rag.grounding.denied import in_english, in_korean, set_aside
from rag.grounding.lexicon import canonical, is_stop, stem
from rag.grounding.numbers import Morpheme, quantities
from rag.grounding.plain import Plain, fold, plain
from rag.grounding.quantity import Quantity
from rag.text import HANGUL, kiwi

Kind = Literal["name", "noun", "verb", "adverb"]

_LATIN = re.compile(r"[A-Za-z]+(?:[-.]?\d+[A-Za-z]*)*(?:['’]t\b)?")
_KINDS: dict[str, Kind] = {
    "NNP": "name",
    "NNG": "noun",
    "XR": "noun",
    "SH": "noun",
    "VV": "verb",
    "VA": "verb",
    "MAG": "adverb",
}
_ADVERBS = frozenset("more most less least before after".split())
_ROLES = {"이": "s", "가": "s", "은": "s", "는": "s", "ᆫ": "s", "께서": "s", "을": "o", "를": "o", "ᆯ": "o"}
_NOUNS = frozenset(["NNG", "NNP", "XSN", "SL", "SH"])
_WITHIN_PHRASE = _NOUNS | {"NNB", "XR", "SSO", "SSC", "SN", "SW"}
# What stands behind these is another phrase: 지도 아래 그는.
_ENDS_PHRASE = frozenset(
    "아래 뒤 후 전 때 당시 이후 이전 동안 직후 직전 무렵 결과 경우 가운데 중 사이 대신 때문 끝 오늘날".split()
)
# Adverbs in 없이 that deny nothing: without end is always.
_NEVERTHELESS = frozenset("끊임없이 틀림없이 어김없이 변함없이 아낌없이 거침없이 여지없이 쉴새없이 가차없이".split())
_CLOSERS = "\"'”’)」』》>"
_JOINTS = frozenset(
    "고 며 으며 지만 으나 나 는데 ᆫ데 은데 던데 면서 으면서 아서 어서 여서 자 니 으니 니까 므로 으므로 "
    "거나 다가 면 으면 려고 도록".split()
)
_CLAUSE_ENDS = re.compile(r"[.!?。;:](?=\s)|\n")
_ENGLISH_JOINTS = re.compile(
    r"(?<=;)\s+|,?\s(?=(?:and|but|while|whereas|because|since|so|which|who|although|though|when|if|unless|until)\s)"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A content word: its canonical form, its own, its range in the source, whether it is denied.

    `aside` marks what "A가 아니라 B" puts aside, and what is denied only as a condition ("A가 없으면"). `role` is the
    particle that the word's noun phrase ends in: "s" for 이, 가, 은, 는 (subject or topic), "o" for 을, 를, others
    as they are (에게, 에서, 의); "" for none. `loose` marks a denied word that only stands by the predicate that is
    denied ("정확도만 보아서는 안 된다").
    """

    form: str
    lemma: str
    kind: Kind
    start: int
    end: int
    negated: bool = False
    role: str = ""
    aside: bool = False
    loose: bool = False
    tag: str = ""  # as Kiwi tags it; "" for Latin words


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, read; every start and end counts characters of `source`."""

    source: str
    plain: Plain
    folded: Plain
    words: tuple[Word, ...]
    quantities: tuple[Quantity, ...]
    particles: frozenset[int]
    places: Mapping[str, tuple[int, ...]]  # where each form stands
    breaks: tuple[int, ...]  # where one clause ends and the next begins

    def words_in(self, start: int, end: int) -> tuple[Word, ...]:
        """Words that start within the range."""
        first = bisect_left(self.words, start, key=_start)
        return self.words[first : bisect_left(self.words, end, lo=first, key=_start)]

    def quantities_in(self, start: int, end: int) -> tuple[Quantity, ...]:
        """Quantities that start within the range."""
        return tuple(quantity for quantity in self.quantities if start <= quantity.start < end)


@lru_cache(maxsize=128)
def read(source: str) -> Reading:
    """Analyse one sentence or passage; a passage of 1,200 characters takes about 20 ms, once."""
    text = plain(source)
    morphemes = (
        [
            Morpheme(token.form, token.tag.split("-")[0], token.start, token.start + token.len)
            for token in kiwi().tokenize(text.text)
        ]
        if HANGUL.search(text.text)
        else []
    )
    numbers = quantities(text.text, morphemes)
    latin = [match for match in _LATIN.finditer(text.text)]
    identifiers = [match.span() for match in latin if any(character.isdigit() for character in match[0])]
    numbers = [number for number in numbers if not _within(number.start, identifiers)]
    taken = [(number.start, number.end) for number in numbers]
    words = [*_korean_words(morphemes, taken), *_latin_words(text.text, latin, morphemes, taken)]
    words.sort(key=lambda word: (word.start, word.end))
    starts, ends = [word.start for word in words], [word.end for word in words]
    found = [
        *in_korean(morphemes, {start: place for place, start in enumerate(starts)}),
        *in_english(text.text, starts, ends),
    ]
    counts = Counter(one.place for one in found)
    loose = {one.place for one in found if one.loose}
    placed = tuple(_placed(word, text, counts[place] % 2 == 1, place in loose) for place, word in enumerate(words))
    places: dict[str, tuple[int, ...]] = {}
    for word in placed:
        places[word.form] = (*places.get(word.form, ()), word.start)
    particles = frozenset(text.offsets[m.start] for m in morphemes if m.tag.startswith(("J", "VCP")))
    breaks = tuple(sorted({text.offsets[place] for place in _breaks(text.text, morphemes)}))
    moved = tuple(_moved(number, text) for number in numbers)
    return Reading(source, text, fold(text), placed, moved, particles, places, breaks)


def _start(word: Word) -> int:
    return word.start


def _korean_words(morphemes: Sequence[Morpheme], taken: Sequence[tuple[int, int]]) -> list[Word]:
    words = []
    roles = _roles(morphemes)
    for place, morpheme in enumerate(morphemes):
        kind = _KINDS.get(morpheme.tag)
        predicate = kind == "verb"
        if kind == "noun" and place + 1 < len(morphemes) and morphemes[place + 1].tag in ("XSV", "XSA"):
            kind = "verb"  # 제안하다 is what happens, not what it happens to
        if kind and not is_stop(morpheme.form, predicate=predicate) and not _within(morpheme.start, taken):
            lemma = morpheme.form.replace(" ", "")
            if predicate and len(lemma) > 2:
                lemma = lemma.removesuffix("하")  # 온화하다 and 온화 are one word
            if lemma == "빌리" and any(m.form == "주" and m.tag == "VX" for m in morphemes[place + 1 : place + 3]):
                lemma = "빌려주"  # the other side of the same deal
            role = "" if predicate else roles[place]
            denies = morpheme.tag == "MAG" and len(lemma) > 3 and lemma.endswith("없이") and lemma not in _NEVERTHELESS
            if denies:  # 성별과 관계없이
                lemma, kind = lemma[:-2], "noun"
            where = morpheme.start, morpheme.end
            words.append(Word(canonical(lemma), lemma, kind, *where, negated=denies, role=role, tag=morpheme.tag))
    return words


def _roles(morphemes: Sequence[Morpheme]) -> list[str]:
    """For each morpheme, the particle that ends the noun phrase it stands in: 독일 상법은."""
    roles = [""] * len(morphemes)
    for place in range(len(morphemes) - 2, -1, -1):
        here, after = morphemes[place], morphemes[place + 1]
        gap = after.start - here.end
        if gap == 0 and after.tag.startswith("J"):
            roles[place] = _ROLES.get(after.form, after.form)
        elif gap == 1 and here.form in _ENDS_PHRASE:
            continue
        elif (gap == 0 and after.tag in _WITHIN_PHRASE) or (gap == 1 and here.tag in _NOUNS and after.tag in _NOUNS):
            roles[place] = roles[place + 1]
    return roles


def _latin_words(
    text: str, latin: Sequence[re.Match[str]], morphemes: Sequence[Morpheme], taken: Sequence[tuple[int, int]]
) -> list[Word]:
    words = []
    particles = {m.start: _ROLES.get(m.form, m.form) for m in morphemes if m.tag.startswith("J")}
    for match in latin:
        written = match[0]
        lower = written.lower().replace("-", "").replace("’", "'")
        bound = lower in ("least", "most") and text[: match.start()].lower().endswith("at ")
        if is_stop(lower) or lower.endswith("n't") or bound or _within(match.start(), taken):
            continue
        digits = any(character.isdigit() for character in written)
        # At the start of an English sentence every word has a capital: only a second one tells a name.
        opens = not re.search(r"[\w,;:)]\s*$", text[: match.start()])
        name = digits or written[1:].lower() != written[1:] or (written[0].isupper() and not opens)
        kind: Kind = "name" if name else "adverb" if lower in _ADVERBS else "noun"
        behind = match.end()
        while behind < len(text) and text[behind] in _CLOSERS:
            behind += 1
        form = canonical(lower if digits else stem(lower))
        words.append(Word(form, lower, kind, *match.span(), role=particles.get(behind, "")))
    return words


def _breaks(text: str, morphemes: Sequence[Morpheme]) -> Iterator[int]:
    """Ends of clauses: full stops, Korean connective endings, a comma behind a particle, English conjunctions."""
    for match in _CLAUSE_ENDS.finditer(text):
        yield match.end()
    for match in _ENGLISH_JOINTS.finditer(text):
        yield match.start()
    for morpheme, after in pairwise(morphemes):
        gap = after.start > morpheme.end
        if (morpheme.tag == "EC" and morpheme.form in _JOINTS and (gap or after.tag == "SP")) or (
            after.tag == "SP" and morpheme.tag == "JKB"
        ):
            yield morpheme.end


def _placed(word: Word, text: Plain, denied: bool, loose: bool) -> Word:
    start, end = text.span(word.start, word.end)
    negated = denied != word.negated  # 관계없이 denies by itself
    aside = negated and set_aside(text.text, word.start, word.end)
    return replace(word, start=start, end=end, negated=negated, aside=aside, loose=negated and loose)


def _moved(number: Quantity, text: Plain) -> Quantity:
    start, end = text.span(number.start, number.end)
    return replace(number, start=start, end=end)


def _within(place: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in ranges)
