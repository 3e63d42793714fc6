"""Amounts that have a word of their own: 절반, two thirds, twice, 사흘, 수백 년, 몇 시간, a few minutes, 그해.

Takes text, returns Quantities. What is written with a number is read in numbers.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rag.grounding.numerals import hangul_value
from rag.grounding.quantity import Quantity
from rag.grounding.units import unit_after

_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
_PARTS |= {"fifth": 5, "fifths": 5, "tenth": 10, "tenths": 10}
_COUNTS = {"two": 2, "three": 3, "four": 4, "nine": 9}
_SHARE = re.compile(
    r"(?P<half>절반|(?<![가-힣])반(?=으로|만|이 |을 |씩))|\b(?:by|in|as|only|about|nearly|than|to|at)\s(?P<cut>half)\b"
    r"|\b(?P<halved>half)(?=\s(?:of|the|a|as|its|their)\b)"
    r"|\b(?P<many>an?|one|two|three|four|nine)[\s-](?P<part>thirds?|quarters?|fourths?|fifths?|tenths?|half|halves)"
    r"(?=\s(?:of|as)\b|[\s.,;]*$)",
    re.IGNORECASE,
)
_TWICE = re.compile(r"갑절|\b(?:twice|doubles?|doubled|doubling)\b", re.IGNORECASE)
_NATIVE_DAYS = {
    "하루": 1,
    "이틀": 2,
    "사흘": 3,
    "나흘": 4,
    "닷새": 5,
    "엿새": 6,
    "이레": 7,
    "여드레": 8,
    "아흐레": 9,
    "열흘": 10,
    "보름": 15,
}
_DAYS = re.compile(rf"(?<![가-힣])(?:{'|'.join(_NATIVE_DAYS)})(?!달)|(?<![가-힣])일주일")
_SOME = re.compile(
    r"(?<![가-힣])(?:수|몇\s?)(?P<scale>[십백천만억조]+)"
    r"|\b(?P<scales>dozens|tens|hundreds|thousands|millions|billions)\sof\b"
    r"|\b(?:an? few|several|many|a couple of)\s(?P<few>hundred|thousand|million|billion)\b",
    re.IGNORECASE,
)
_SCALES = {"dozens": 10.0, "tens": 10.0, "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_SCALES |= {name + "s": value for name, value in _SCALES.items()}
# With a unit of time or measure behind it, even "some" tells something: hours are no minutes.
_FEW = re.compile(
    r"(?<![가-힣])(?:몇|여러|수)(?=\s?[가-힣])|\b(?:an? few|several|many|some|a couple of)(?=\s\w)", re.IGNORECASE
)
_FEW_OF = frozenset("second minute hour day week month year century metre gram byte percent".split())
_OR_SO = {
    "한두": 1,
    "두세": 2,
    "두서너": 2,
    "서너": 3,
    "너덧": 4,
    "네댓": 4,
    "네다섯": 4,
    "대여섯": 5,
    "예닐곱": 6,
    "일고여덟": 7,
}
_OR_SO_MANY = re.compile(rf"(?<![가-힣])(?:{'|'.join(_OR_SO)})(?=\s?[가-힣])")
_FEW_DAYS = re.compile(r"며칠|수일(?=[ 간만내동])")
# How many years after the one that was named last.
_THAT_YEAR = (
    (
        re.compile(
            r"그\s?해(?![가-힣]{2})|같은\s?해|이\s?해(?=[에의부 ])|동년|\b(?:that|the same) year\b", re.IGNORECASE
        ),
        0,
    ),
    (re.compile(r"이듬\s?해|다음\s?해|\bthe (?:next|following) year\b", re.IGNORECASE), 1),
)


def named_amounts(text: str) -> Iterator[Quantity]:
    """Every such amount of `text`. 그해 is of unit "that year", its value how many years later."""
    yield from _shares(text)
    for match in _DAYS.finditer(text):
        value = float(_NATIVE_DAYS.get(match[0], 7))
        yield Quantity(value, "day", *match.span(), sure=value > 1)
    for match in _SOME.finditer(text):
        name = match["scales"] or match["few"]
        some = _SCALES[name.lower()] if name else hangul_value(match["scale"])
        if some:
            yield _vague(text, some, *match.span())
    for match in _FEW.finditer(text):
        few = _vague(text, 1.0, *match.span(), sure=False)
        if few.unit in _FEW_OF:
            yield few
    for match in _OR_SO_MANY.finditer(text):
        unit, factor, stop = unit_after(text, match.end())
        yield Quantity(_OR_SO[match[0]] * factor, unit, match.start(), stop if unit else match.end())
    for match in _FEW_DAYS.finditer(text):
        yield Quantity(1.0, "day", *match.span(), sure=False, vague=True)
    for pattern, later in _THAT_YEAR:
        for match in pattern.finditer(text):
            yield Quantity(float(later), "that year", *match.span(), sure=False)


def years_named(found: Iterable[Quantity]) -> list[Quantity]:
    """All quantities, 그해 as the year that was named last; left out where none was."""
    told: list[Quantity] = []
    year = 0.0
    for quantity in found:
        if quantity.unit == "that year":
            year += quantity.value if year else 0.0
            told += [replace(quantity, value=year, unit="year")] if year else []
            continue
        told.append(quantity)
        if quantity.may_be_year or (quantity.unit == "year" and 100 <= quantity.value < 2100):
            year = quantity.value
    return told


def _shares(text: str) -> Iterator[Quantity]:
    for match in _SHARE.finditer(text):
        above = _COUNTS.get((match["many"] or "").lower(), 1)
        below = _PARTS[match["part"].lower()] if match["part"] else 2
        place = next(name for name in ("half", "cut", "halved", "many") if match[name])
        yield Quantity(above / below, "", match.start(place), match.end(), sure=False)
    for match in _TWICE.finditer(text):
        yield Quantity(2.0, "fold", *match.span(), sure=False)


def _vague(text: str, value: float, start: int, end: int, *, sure: bool = True) -> Quantity:
    unit, factor, stop = unit_after(text, end)
    return Quantity(value * factor, unit, start, stop if unit else end, sure, vague=True)
