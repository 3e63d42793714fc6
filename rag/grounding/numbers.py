"""Quantities in running text: 3만 5천 명, 이천십구년, 2019. 3. 5., twelve layers, 0.6B, 92.5 %.

Takes text and the morphemes Kiwi saw in it; returns values with a unit and a place. Whether two
texts agree about them is decided in amounts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from rag.grounding.counters import counter_class
from rag.grounding.named_amounts import named_amounts, years_named
from rag.grounding.numerals import (
    DIGITS,
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
from rag.grounding.quantity import Quantity
from rag.grounding.units import unit_after


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme as Kiwi tags it, with its range in the analysed text."""

    form: str
    tag: str
    start: int
    end: int


_MONTH = r"(?P<month>(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?|May)"
_LATIN_NEXT = re.compile(r"[A-Za-z0-9]")
_SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_DATES = [
    re.compile(r"(?<![\d.])(?P<y>\d{4})\s?[-/.]\s?(?P<m>0?[1-9]|1[0-2])\s?[-/.]\s?(?P<d>[0-2]?\d|3[01])(?!\d)"),
    re.compile(r"(?<![\d.])(?P<y>\d{4})\.\s?(?P<m>0?[1-9]|1[0-2])\.(?!\d)"),
    re.compile(r"(?<![\d./])(?P<m>0?[1-9]|1[0-2])/(?P<d>1[3-9]|2\d|3[01])(?![\d./])"),
    re.compile(r"(?<!\d)(?P<m>[1-9]|1[0-2])\s?[·ㆍ‧]\s?(?P<d>[1-9]|[12]\d|3[01])(?=\s?[가-힣]{2})"),  # 3·1 운동
    re.compile(rf"\b{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>\d{{4}})\b)?"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b(?:,?\s+(?P<y>\d{{4}})\b)?"),
    re.compile(rf"\b{_MONTH}\s+(?:of\s+)?(?P<y>\d{{4}})\b"),
]
_NAME_AHEAD = re.compile(r"[가-힣]{2}$")
_NAME_BEHIND = re.compile(r"동|호|가|리|구|지구")
_CLOCK = re.compile(r"(?<![\d:])(?P<h>[01]?\d|2[0-3]):(?P<min>[0-5]\d)(?![\d:])")
_FRACTION = re.compile(
    r"(?P<below>\d+)\s?분의\s?(?P<above>\d+)|(?<![\d./])(?P<over>1(?=/)|2(?=/3)|3(?=/4))/(?P<under>[2-9]|10)(?![\d./])"
)
_GRID = re.compile(r"(?<![\d.A-Za-z])(?P<rows>\d{1,4})\s?[×xX]\s?(?P<columns>\d{1,4})(?![\d.A-Za-z])")
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
    for reading in (
        _dates(text),
        _fractions(text),
        _grids(text),
        ([amount] for amount in named_amounts(text)),
        _written(text, morphemes),
        _hangul(text, morphemes),
        _worded(text),
    ):
        for group in reading:
            start, end = group[0].start, max(quantity.end for quantity in group)
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.extend(group)
    found.sort(key=lambda quantity: (quantity.start, quantity.end))
    starts = {morpheme.start: morpheme for morpheme in morphemes}
    return _share_units(text, years_named(filter(None, (_counted(text, starts, quantity) for quantity in found))))


def _counted(text: str, starts: Mapping[int, Morpheme], number: Quantity) -> Quantity | None:
    """The quantity with the counter behind it, and without a unit that only begins a word: 3 분석, 두 세트."""
    if number.unit:
        cut = _cut_word(text, starts, number)
        if cut is None:
            return number
        if number.vague and not number.sure:
            return None
        _, factor, _ = unit_after(text, cut)
        end = cut - 1 if text[cut - 1] == " " else cut
        number = replace(number, value=number.value / factor, unit="", end=end)
    behind = re.compile(r"(?:\s?여)?\s?").match(text, number.end)
    word = starts.get(behind.end()) if behind else None
    counter = counter_class(word.form) if word and word.tag in (*_COUNTING, "XSN", "NR") else ""
    return replace(number, counter=counter) if counter else number


_COUNTING = ("NNB", "NNG", "NNP")


def _cut_word(text: str, starts: Mapping[int, Morpheme], number: Quantity) -> int | None:
    """Where the word begins of which the unit is a part only, if it is."""
    unit = re.compile(r"[가-힣]+$").search(text, number.start, number.end)
    for place in range(*unit.span()) if unit else ():
        word = starts.get(place)
        if word and word.tag in _COUNTING:
            while word.end < number.end and word.end in starts:
                word = starts[word.end]
            return place if word.end > number.end and word.tag in ("NNG", "NNP") else None
    return None


def _dates(text: str) -> Iterator[list[Quantity]]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            yield _date(match)
    for match in _CLOCK.finditer(text):
        span = match.span()
        yield [Quantity(float(match["h"]), "hour", *span), Quantity(float(match["min"]), "minute", *span)]


def _fractions(text: str) -> Iterator[list[Quantity]]:
    for match in _FRACTION.finditer(text):
        above, below = float(match["above"] or match["over"]), float(match["below"] or match["under"])
        if below:
            yield [Quantity(above / below, "", *match.span())]


def _grids(text: str) -> Iterator[list[Quantity]]:
    """3×3 is one thing, not two threes."""
    for match in _GRID.finditer(text):
        yield [Quantity(float(match["rows"]) * 10_000 + float(match["columns"]), "grid", *match.span())]


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
    elif end < len(text) and text[end] in _SUFFIXES and not _LATIN_NEXT.match(text, end + 1):
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
            start, end = _attached(text, morphemes[position].start), morphemes[run - 1].end
            word = re.sub(r"\s", "", text[start:end])
            counted = run < len(morphemes) and (
                morphemes[run].tag.startswith(("NNB", "XSN"))
                or morphemes[run].form in _COUNTED
                or (morphemes[run].tag == "NNG" and len(morphemes[run].form) == 1 and len(word) > 1)  # 일곱 구
                or counter_class(morphemes[run].form)
            )
            loose = run < len(morphemes) and morphemes[position].tag == "MM" and morphemes[run].tag in _COUNTING
            value = hangul_value(word)
            if value is not None and (counted or loose or morphemes[run - 1].tag == "NR"):
                # Without a space between them Kiwi may have cut a word: 두건.
                cut = run < len(morphemes) and len(word) == 1 and end == morphemes[run].start
                sure = (
                    bool(counted) and word not in ("한", "첫", "하나") and not (cut and morphemes[run].form in _CUT_OFF)
                )
                yield [_with_unit(text, value, start, end, sure=sure)]
        position = max(run, position + 1)


def _attached(text: str, start: int) -> int:
    """Where the numeral begins whose end Kiwi took for one: it may cut 오천여 before 천."""
    begin = start
    while begin and (text[begin - 1] in DIGITS or text[begin - 1] in MAGNITUDES):
        begin -= 1
    return start if begin and "가" <= text[begin - 1] <= "힣" else begin


_CUT_OFF = frozenset(["건", "모", "상", "발", "부", "제", "자", "기", "대", "계", "포"])
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
