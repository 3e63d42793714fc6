"""Quantities in running text: 3만 5천 명, 이천십구년, 2019. 3. 5., twelve layers, 0.6B, 92.5 %.

Takes text and the morphemes Kiwi saw in it; returns values with a unit and a place. Whether two
texts agree about them is decided in facts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from rag.grounding.numerals import (
    ENGLISH,
    ENGLISH_ORDINALS,
    ENGLISH_SCALES,
    MAGNITUDES,
    MONTHS,
    NATIVE_ONES,
    NATIVE_TENS,
    english_value,
    hangul_value,
)
from rag.grounding.units import HARD_UNITS, unit_after


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme as Kiwi tags it, with its range in the analysed text."""

    form: str
    tag: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in its unit's base ("km" counts metres), `unit` "" where none is known.

    `sure` is False for words that often are no number (한, one, first): they may confirm another
    number, never contradict it. `approximate` follows 약, 여, about.
    """

    value: float
    unit: str
    start: int
    end: int
    sure: bool = True
    approximate: bool = False

    def same_as(self, other: Quantity) -> bool:
        """Whether both speak of the same amount; an unknown unit fits every unit."""
        if self.unit != other.unit and self.unit in _SECONDS and other.unit in _SECONDS:
            return _close(self.value * _SECONDS[self.unit], other.value * _SECONDS[other.unit])
        if self.unit != other.unit and self.unit in HARD_UNITS and other.unit in HARD_UNITS:
            return False
        if _close(self.value, other.value):
            return True
        loose = self if self.approximate else other if other.approximate else None
        if loose is None:
            return False
        exact = other if loose is self else self
        return exact.value > 0 and abs(loose.value - exact.value) <= 0.05 * exact.value


# Lengths of time that are the same however they are counted; months and years are not.
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_MONTH = r"(?P<month>(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?|May)"
_SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_DATES = [
    re.compile(r"(?<![\d.])(?P<y>\d{4})\s?[-/.]\s?(?P<m>0?[1-9]|1[0-2])\s?[-/.]\s?(?P<d>[0-2]?\d|3[01])(?!\d)"),
    re.compile(r"(?<![\d.])(?P<y>\d{4})\.\s?(?P<m>0?[1-9]|1[0-2])\.(?!\d)"),
    re.compile(rf"\b{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>\d{{4}})\b)?"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b(?:,?\s+(?P<y>\d{{4}})\b)?"),
    re.compile(rf"\b{_MONTH}\s+(?:of\s+)?(?P<y>\d{{4}})\b"),
]
_NAME_AHEAD = re.compile(r"[가-힣]{2}$")
_NAME_BEHIND = re.compile(r"동|호|가|리|구|지구")
_CLOCK = re.compile(r"(?<![\d:])(?P<h>[01]?\d|2[0-3]):(?P<min>[0-5]\d)(?![\d:])")
_FRACTION = re.compile(r"(?P<below>\d+)\s?분의\s?(?P<above>\d+)")
_PLAIN = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*"
_NUMBER = re.compile(rf"(?<![A-Za-z_\d])(?:{_PLAIN})")
_APPROXIMATE = re.compile(
    r"(?:약|대략|거의|무려|around|about|approximately|nearly|roughly|over|almost)\s*$", re.IGNORECASE
)
_WORD = "|".join(sorted([*ENGLISH, *ENGLISH_SCALES], key=len, reverse=True))
_WORDS = re.compile(
    rf"\b(?:{_WORD})(?:[\s-]+(?:and\s+)?(?:{_WORD}))*\b"
    rf"|\b(?:{'|'.join(ENGLISH_ORDINALS)})\b",
    re.IGNORECASE,
)


def quantities(text: str, morphemes: Sequence[Morpheme]) -> list[Quantity]:
    """Every number of `text` in order of place, dates taken apart into year, month and day."""
    taken = bytearray(len(text) + 1)
    found: list[Quantity] = []
    # Earlier readings win: "2019. 3. 5." is a date before it is three numbers.
    for reading in (_dates(text), _fractions(text), _written(text, morphemes), _hangul(text, morphemes), _worded(text)):
        for group in reading:
            start, end = group[0].start, max(quantity.end for quantity in group)
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.extend(group)
    found.sort(key=lambda quantity: (quantity.start, quantity.end))
    return _share_units(text, found)


def _dates(text: str) -> Iterator[list[Quantity]]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            yield _date(match)
    for match in _CLOCK.finditer(text):
        span = match.span()
        yield [Quantity(float(match["h"]), "hour", *span), Quantity(float(match["min"]), "minute", *span)]


def _fractions(text: str) -> Iterator[list[Quantity]]:
    for match in _FRACTION.finditer(text):
        if float(match["below"]):
            yield [Quantity(float(match["above"]) / float(match["below"]), "", *match.span())]


def _written(text: str, morphemes: Sequence[Morpheme]) -> Iterator[list[Quantity]]:
    numerals = {place for m in morphemes if m.tag == "NR" for place in range(m.start, m.end)}
    end = 0
    for match in _NUMBER.finditer(text):
        if match.start() >= end:
            quantity = _digits(text, match, numerals)
            end = max(quantity.end, match.end())
            yield [quantity]


def _worded(text: str) -> Iterator[list[Quantity]]:
    for match in _WORDS.finditer(text):
        yield [_english(text, match)]


def _date(match: re.Match[str]) -> list[Quantity]:
    parts = match.groupdict()
    month = parts.get("m") or parts.get("month") or ""
    number = int(month) if month.isdigit() else MONTHS[month[:3].lower()]
    values = [(parts.get("y"), "year"), (str(number), "month"), (parts.get("d"), "day")]
    return [Quantity(float(value), unit, *match.span()) for value, unit in values if value]


def _digits(text: str, match: re.Match[str], numerals: Set[int]) -> Quantity:
    """A number that starts with digits, with the magnitudes that follow: 3만 5천, 1.2억, 22.7M."""
    start, end = match.span()
    written = match[0].replace(",", "")
    if written.count(".") > 1:  # a version or a section: 3.11.2 is not a quantity, but must be the same
        value = float(sum(int(part) * 1000.0**-place for place, part in enumerate(written.split("."))))
        return Quantity(value, "version", start, end)
    value = float(written)
    total, scaled = 0.0, False
    while end < len(text) and end in numerals and text[end] in MAGNITUDES:
        factor = 1
        while end < len(text) and end in numerals and text[end] in MAGNITUDES:
            factor *= MAGNITUDES[text[end]]
            end += 1
        total, value, scaled = total + value * factor, 0.0, True
        more = re.compile(rf"\s?(?P<n>{_PLAIN})").match(text, end)
        if not more or more.end() >= len(text) or more.end() not in numerals:
            break
        value, end = float(more["n"].replace(",", "")), more.end()
    if scaled:
        value = total + value
    elif end < len(text) and text[end] in _SUFFIXES and not text[end + 1 : end + 2].isalnum():
        value, end = value * _SUFFIXES[text[end]], end + 1
    elif scale := re.compile(r"[\s-]?(hundred|thousand|million|billion|trillion)\b", re.IGNORECASE).match(text, end):
        value, end = value * ENGLISH_SCALES[scale[1].lower()], scale.end()
    # The 2 of 송현2동 and 서울3호 is part of a name.
    named = _NAME_AHEAD.search(text[max(0, start - 2) : start]) and _NAME_BEHIND.match(text, end)
    return _with_unit(text, value, start, end, sure=not named)


def _hangul(text: str, morphemes: Sequence[Morpheme]) -> Iterator[list[Quantity]]:
    """Numbers spelled in Hangul, from runs of morphemes that Kiwi takes for numerals."""
    position = 0
    while position < len(morphemes):
        run = position
        while run < len(morphemes) and _is_numeral(morphemes[run]) and _adjoin(morphemes, position, run):
            run += 1
        if run > position:
            word = "".join(text[m.start : m.end] for m in morphemes[position:run])
            start, end = morphemes[position].start, morphemes[run - 1].end
            counted = run < len(morphemes) and (
                morphemes[run].tag.startswith(("NNB", "XSN"))
                or morphemes[run].form in _COUNTED
                or (morphemes[run].tag == "NNG" and len(morphemes[run].form) == 1 and len(word) > 1)  # 일곱 구
            )
            value = hangul_value(word)
            if value is not None and (counted or morphemes[run - 1].tag == "NR"):
                sure = counted and word not in ("한", "첫", "하나")
                yield [_with_unit(text, value, start, end, sure=sure)]
        position = max(run, position + 1)


_COUNTED = frozenset(["배", "사람", "단계", "종류", "층", "시간", "달", "부분", "단어", "문장", "방법", "나라", "세기"])


def _is_numeral(morpheme: Morpheme) -> bool:
    return morpheme.tag == "NR" or (
        morpheme.tag == "MM" and (morpheme.form in NATIVE_ONES or morpheme.form in NATIVE_TENS or morpheme.form == "첫")
    )


def _adjoin(morphemes: Sequence[Morpheme], first: int, here: int) -> bool:
    return here == first or morphemes[here].start - morphemes[here - 1].end <= 1


def _english(text: str, match: re.Match[str]) -> Quantity:
    words = re.split(r"[\s-]+", match[0].lower())
    if words[0] in ENGLISH_ORDINALS:
        return Quantity(float(ENGLISH_ORDINALS[words[0]]), "ordinal", *match.span(), sure=False)
    # Alone these are rarely an amount: "one of them", "thousands".
    vague = len(words) == 1 and (words[0] in ("one", "zero") or words[0] in ENGLISH_SCALES)
    return _with_unit(text, english_value(words), *match.span(), sure=not vague)


def _with_unit(text: str, value: float, start: int, end: int, *, sure: bool = True) -> Quantity:
    following = re.compile(r"\s?여(?=\s?[가-힣])").match(text, end)
    approximate = following is not None or _APPROXIMATE.search(text, max(0, start - 16), start) is not None
    unit, factor, stop = unit_after(text, following.end() if following else end)
    if not unit and (sign := re.search(r"([$€£¥₩])\s?$", text[max(0, start - 2) : start])):
        unit, factor = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₩": "krw"}[sign[1]], 1.0
    return Quantity(value * factor, unit, start, max(stop, end) if unit else end, sure, approximate)


def _share_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """In "20~30 단어" the first number takes the second's unit, scaled as the second is."""
    shared = list(found)
    for place in range(len(found) - 2, -1, -1):
        here, after = shared[place], shared[place + 1]
        if not here.unit and after.unit and re.fullmatch(r"\s?(?:[-~–—]|to|에서)\s?", text[here.end : after.start]):
            _, factor, _ = unit_after(text, _number_end(text, after.start))
            shared[place] = Quantity(here.value * factor, after.unit, here.start, here.end, here.sure, here.approximate)
    return shared


def _number_end(text: str, start: int) -> int:
    match = _NUMBER.match(text, start)
    return match.end() if match else start


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= 1e-9 * max(1.0, abs(first), abs(second))
