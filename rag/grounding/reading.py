"""What a text says, laid out for comparison: words, quantities, names and what is negated.

Takes a sentence or a passage, returns a frozen Reading whose places are offsets into that very
text. Kiwi does the Korean; Latin words and digits are read here, because Kiwi may cut them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rag.grounding.lexicon import canonical, is_stop, stem
from rag.grounding.numbers import Morpheme, quantities
from rag.grounding.plain import Plain, fold, plain
from rag.grounding.quantity import Quantity
from rag.text import HANGUL, kiwi

Kind = Literal["name", "noun", "verb", "adverb"]

_LATIN = re.compile(r"[A-Za-z]+(?:[-.]?\d+[A-Za-z]*)*(?:['’]t\b)?")
_ENGLISH_NEGATION = re.compile(
    r"\b(?:not(?!\s+only)|never|no(?!\s+(?:more|less|fewer|later)\s+than)(?!\.\s?\d)|without|cannot|neither|nor|none|nothing|nobody)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_OF_NOUNS = ("no", "without")
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
_CLOSERS = "\"'”’)」』》>"
_NEGATING_PREFIXES = frozenset(["불", "비", "무", "미", "부"])
_LOOK_BACK = 8
_JOINTS = frozenset(
    "고 며 으며 지만 으나 나 는데 ᆫ데 은데 던데 면서 으면서 아서 어서 여서 자 니 으니 니까 므로 으므로 "
    "거나 다가 면 으면 려고 도록".split()
)
_CLAUSE_ENDS = re.compile(r"[.!?。;:](?=\s)|\n")
_ENGLISH_JOINTS = re.compile(
    r"(?<=;)\s+|,?\s(?=(?:and|but|while|whereas|because|since|so|which|who|although|though|when|if|unless|until)\s)"
)
_ASIDE = re.compile(
    r"(?:이|가|은|는|이나|나)?\s?아니라|\s(?:but|rather)\b|\s?(?:대신|말고)"
    r"|[가-힣\s]{0,6}?(?:없|않|아니)(?:으면|을 때|는 경우|을 경우|다면|는다면)"
)
_ASIDE_BEFORE = re.compile(
    r"\b(?:rather than|instead of|(?<!does )(?<!do )(?<!did )(?<!can )(?<!will )(?<!has )(?<!have )not)"
    r"\s(?:an? |the )?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """A content word: its canonical form, its own, its range in the source, whether it is denied.

    `aside` marks what "A가 아니라 B" puts aside, and what is denied only as a condition ("A가 없으면"). `role` is the
    particle that the word's noun phrase ends in: "s" for 이, 가, 은, 는 (subject or topic), "o" for 을, 를, others
    as they are (에게, 에서, 의); "" for none.
    """

    form: str
    lemma: str
    kind: Kind
    start: int
    end: int
    negated: bool = False
    role: str = ""
    aside: bool = False
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
    denied = [*_korean_denials(morphemes, words), *_english_denials(text.text, words)]
    placed = tuple(_placed(word, text, denied.count(place) % 2 == 1) for place, word in enumerate(words))
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
            words.append(Word(canonical(lemma), lemma, kind, morpheme.start, morpheme.end, role=role, tag=morpheme.tag))
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


def _korean_denials(morphemes: Sequence[Morpheme], words: Sequence[Word]) -> list[int]:
    """Places in `words` of what 안, 못, 않다, 없다, 아니다 and 불-, 비-, 무- deny, once for each denial."""
    by_start = {word.start: place for place, word in enumerate(words)}
    denied: list[int] = []
    for place, morpheme in enumerate(morphemes):
        before = morphemes[place - 1] if place else None
        after = morphemes[place + 1] if place + 1 < len(morphemes) else None
        if morpheme.tag == "XPN" and morpheme.form in _NEGATING_PREFIXES and after and len(after.form) > 1:
            _deny(denied, by_start, morphemes[place + 1 : place + 2])
        elif morpheme.tag == "VX" and morpheme.form in ("않", "아니하", "못하", "말"):
            if not any(m.form == "밖에" for m in morphemes[max(0, place - 5) : place]):  # 둘밖에 쓰지 않는다
                _deny(denied, by_start, morphemes[max(0, place - _LOOK_BACK) : place][::-1])
        elif morpheme.tag == "MAG" and morpheme.form in ("안", "못") and after and _denies(morpheme, after):
            light = after.form in ("하", "되")
            back = morphemes[max(0, place - _LOOK_BACK) : place][::-1]
            if not (before and before.form == "밖에"):
                _deny(denied, by_start, back if light else morphemes[place + 1 : place + 3])
        elif morpheme.form in ("대신", "말고") and before and before.tag in _NOUNS and after and after.tag != "XSV":
            _deny(denied, by_start, [before])  # put aside, see _ASIDE
        elif (morpheme.tag == "VCN" and not _only(morphemes, place, "뿐")) or (
            morpheme.form == "없" and morpheme.tag in ("VA", "VV") and not _only(morphemes, place, "밖에")
        ):
            _deny(denied, by_start, morphemes[max(0, place - _LOOK_BACK) : place][::-1])
    return denied


def _denies(adverb: Morpheme, after: Morpheme) -> bool:
    """Not the 안 of a name: 안규홍."""
    return after.tag in ("VV", "VA", "VX", "XSV") or (after.start > adverb.end and after.tag == "NNG")


def _only(morphemes: Sequence[Morpheme], place: int, word: str) -> bool:
    return any(morpheme.form == word for morpheme in morphemes[max(0, place - 2) : place])


def _deny(denied: list[int], by_start: dict[int, int], near: Sequence[Morpheme]) -> None:
    for morpheme in near:
        if morpheme.tag == "SF":
            return
        if morpheme.start in by_start and morpheme.tag != "MAG":
            denied.append(by_start[morpheme.start])
            return


def _english_denials(text: str, words: Sequence[Word]) -> list[int]:
    """Places in `words` of the word that follows not, never, no, without ... in the same clause."""
    starts = [word.start for word in words]
    denied = []
    for match in _ENGLISH_NEGATION.finditer(text):
        place = bisect_left(starts, match.end())
        if place < len(words) and not re.search(r"[.;:!?,]\s", text[match.end() : words[place].start]):
            if match[0].lower() in _OF_NOUNS:  # without weight decay: the decay is missing, not the weights
                while place + 1 < len(words) and text[words[place].end : words[place + 1].start] == " ":
                    place += 1
            denied.append(place)
    return denied


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


def _placed(word: Word, text: Plain, negated: bool) -> Word:
    start, end = text.span(word.start, word.end)
    aside = negated and bool(_ASIDE.match(text.text, word.end) or _ASIDE_BEFORE.search(text.text[: word.start]))
    return replace(word, start=start, end=end, negated=negated, aside=aside)


def _moved(number: Quantity, text: Plain) -> Quantity:
    start, end = text.span(number.start, number.end)
    return replace(number, start=start, end=end)


def _within(place: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in ranges)
