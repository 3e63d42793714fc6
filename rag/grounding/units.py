"""Units of measure in Korean and English, each with its base and factor.

Takes text and a place right behind a number; knows nothing else.
"""

from __future__ import annotations

import re

# base unit -> names that stand behind a number, with their factor; what is spelled alike is one entry.
_UNITS: dict[str, dict[str, float]] = {
    "year": {"주년": 1, "년간": 1, "년대": 1, "년": 1, "years": 1, "year": 1},
    "month": {"개월": 1, "월": 1, "달": 1, "months": 1, "month": 1},
    "week": {"주일": 1, "주간": 1, "주": 1, "weeks": 1, "week": 1},
    "day": {"일간": 1, "일": 1, "days": 1, "day": 1},
    "hour": {"시간": 1, "시": 1, "hours": 1, "hour": 1, "hrs": 1},
    "minute": {"분": 1, "minutes": 1, "minute": 1, "min": 1},
    "second": {
        "밀리초": 1e-3,
        "마이크로초": 1e-6,
        "초": 1,
        "seconds": 1,
        "second": 1,
        "secs": 1,
        "sec": 1,
        "ms": 1e-3,
        "s": 1,
    },
    "century": {"세기": 1, "century": 1, "centuries": 1},
    "percent": {"퍼센트": 1, "프로": 1, "%": 1, "percent": 1, "per cent": 1},
    "point": {"퍼센트포인트": 1, "%p": 1, "%포인트": 1, "percentage points": 1},
    "metre": {
        "킬로미터": 1e3,
        "센티미터": 1e-2,
        "밀리미터": 1e-3,
        "미터": 1,
        "마일": 1609.344,
        "인치": 0.0254,
        "피트": 0.3048,
        "야드": 0.9144,
        "해리": 1852,
        "광년": 9.4607e15,
        "km": 1e3,
        "cm": 1e-2,
        "mm": 1e-3,
        "m": 1,
        "kilometres": 1e3,
        "kilometers": 1e3,
        "metres": 1,
        "meters": 1,
        "miles": 1609.344,
        "mile": 1609.344,
        "feet": 0.3048,
        "foot": 0.3048,
        "inches": 0.0254,
        "inch": 0.0254,
        "yards": 0.9144,
        "㎞": 1e3,
        "㎝": 1e-2,
        "㎜": 1e-3,
    },
    "area": {
        "제곱킬로미터": 1e6,
        "제곱미터": 1,
        "평방킬로미터": 1e6,
        "헥타르": 1e4,
        "에이커": 4046.86,
        "평": 3.3058,
        "hectares": 1e4,
        "acres": 4046.86,
        "km2": 1e6,
        "km²": 1e6,
        "m²": 1,
        "㎢": 1e6,
        "㎡": 1,
    },
    "gram": {
        "킬로그램": 1e3,
        "밀리그램": 1e-3,
        "그램": 1,
        "톤": 1e6,
        "kg": 1e3,
        "mg": 1e-3,
        "g": 1,
        "㎏": 1e3,
        "kilograms": 1e3,
        "grams": 1,
        "tons": 1e6,
        "t": 1e6,
    },
    "litre": {"밀리리터": 1e-3, "리터": 1, "ml": 1e-3, "liters": 1, "litres": 1},
    "byte": {
        "테라바이트": 1e12,
        "기가바이트": 1e9,
        "메가바이트": 1e6,
        "킬로바이트": 1e3,
        "바이트": 1,
        "tb": 1e12,
        "gb": 1e9,
        "mb": 1e6,
        "kb": 1e3,
        "gib": 2**30,
        "mib": 2**20,
        "bytes": 1,
        "byte": 1,
    },
    "watt": {"킬로와트": 1e3, "메가와트": 1e6, "와트": 1, "kw": 1e3, "mw": 1e6, "watts": 1},
    "hertz": {"헤르츠": 1, "킬로헤르츠": 1e3, "hz": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "volt": {"볼트": 1, "volts": 1},
    "calorie": {"킬로칼로리": 1e3, "칼로리": 1, "kcal": 1e3, "calories": 1},
    "horsepower": {"마력": 1},
    "bit": {"비트": 1, "bits": 1, "bit": 1, "-bit": 1},
    "krw": {"원": 1, "won": 1},
    "usd": {"달러": 1, "불": 1, "dollars": 1, "usd": 1},
    "eur": {"유로": 1, "euros": 1},
    "gbp": {"파운드": 1, "pounds": 1},
    "jpy": {"엔": 1, "yen": 1},
    "cny": {"위안": 1, "yuan": 1},
    "rub": {"루블": 1, "rubles": 1},
    "inr": {"루피": 1, "rupees": 1},
    "peso": {"페소": 1, "pesos": 1},
    "franc": {"프랑": 1, "francs": 1},
    "mark": {"마르크": 1},
    "degree": {"도": 1, "°": 1, "℃": 1, "°c": 1, "degrees": 1},
    "person": {"명": 1, "인": 1, "사람": 1, "people": 1, "persons": 1, "person": 1},
    "age": {"살": 1, "세": 1, "years old": 1},
    "times": {"차례": 1, "번": 1, "회": 1, "times": 1, "time": 1},
    "fold": {"배": 1, "x": 1, "-fold": 1},
    "ordinal": {"번째": 1, "째": 1, "위": 1, "등": 1, "st": 1, "nd": 1, "rd": 1, "th": 1},
    "item": {"개소": 1, "군데": 1, "개": 1, "가지": 1, "종류": 1, "종": 1, "건": 1, "곳": 1, "items": 1},
    "dimension": {"차원": 1, "dimensions": 1, "dimensional": 1, "-dimensional": 1, "dims": 1, "dim": 1, "d": 1},
    "token": {"토큰": 1, "tokens": 1, "token": 1},
    "layer": {"층": 1, "layers": 1, "layer": 1},
    "word": {"단어": 1, "words": 1},
    "character": {"글자": 1, "자": 1, "characters": 1},
    "epoch": {"에폭": 1, "에포크": 1, "epochs": 1, "epoch": 1},
}
_BY_NAME = {name: (unit, float(factor)) for unit, names in _UNITS.items() for name, factor in names.items()}

# Two different ones of these contradict each other; the others are loose words for counting.
HARD_UNITS = frozenset(
    "year month week day hour minute second century percent point metre area gram litre byte krw usd eur gbp jpy "
    "cny rub inr peso franc mark watt hertz volt calorie horsepower degree person fold version grid".split()
)

# A Hangul unit may be followed by particles and nouns ("3년간의", "12명이"); a Latin one ends its word.
_NAMES = "|".join(
    (name if len(name) == 1 else f"(?i:{re.escape(name)})") + r"(?![A-Za-z0-9])"
    if name[-1].isascii() and name[-1].isalpha()
    else re.escape(name)
    for name in sorted(_BY_NAME, key=len, reverse=True)
)
_UNIT = re.compile(rf"[\s-]?(?P<unit>{_NAMES})")


def unit_after(text: str, place: int) -> tuple[str, float, int]:
    """Base unit, factor and end of the unit that starts at `place`; ("", 1.0, place) where none does."""
    match = _UNIT.match(text, place)
    if match is None:
        return "", 1.0, place
    unit, factor = _BY_NAME.get(match["unit"]) or _BY_NAME[match["unit"].lower()]
    return unit, factor, match.end()


def is_unit(word: str) -> bool:
    """Whether a word of two letters or more names a unit where no number stands before it: "a number of minutes"."""
    return len(word) > 1 and word in _BY_NAME
