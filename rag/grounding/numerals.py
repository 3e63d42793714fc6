"""Numbers as words: Sino-Korean (이천십구), native Korean (스물다섯) and English (twenty-five).

Takes words that are known to be numerals, returns their value. Where they stand in a text is the
business of numbers.py.
"""

from __future__ import annotations

DIGITS = {word: value for value, word in enumerate("영일이삼사오육칠팔구")} | {"공": 0, "륙": 6}
SMALL = {"십": 10, "백": 100, "천": 1000}
LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}
MAGNITUDES = SMALL | LARGE
ORDINALS = {"첫": 1, "첫째": 1, "둘째": 2, "셋째": 3, "넷째": 4, "다섯째": 5}
NATIVE_TENS = {word: 10 * (n + 1) for n, word in enumerate("열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split())}
NATIVE_TENS |= {"스무": 20}
NATIVE_ONES = {word: n + 1 for n, word in enumerate("하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉".split())}
NATIVE_ONES |= {"한": 1, "두": 2, "세": 3, "석": 3, "네": 4, "넉": 4}
ENGLISH = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
ENGLISH |= {
    word: 10 * (place + 2) for place, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())
}
ENGLISH_ORDINALS = {
    word: place + 1
    for place, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split())
}
ENGLISH_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
MONTHS = {name: number + 1 for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}


def hangul_value(word: str) -> float | None:
    """Value of a Hangul numeral without spaces; None if it is none ("수십", "몇")."""
    if word in ORDINALS:
        return float(ORDINALS[word])
    native = _native(word)
    if native is not None:
        return native
    if not word or not all(character in DIGITS or character in MAGNITUDES for character in word):
        return None
    if len(word) > 1 and all(character in DIGITS for character in word):  # 이공일구, read digit by digit
        return float("".join(str(DIGITS[character]) for character in word))
    total = section = digit = 0
    for character in word:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character in SMALL:
            section, digit = section + (digit or 1) * SMALL[character], 0
        else:
            total, section, digit = total + ((section + digit) or 1) * LARGE[character], 0, 0
    return float(total + section + digit)


def _native(word: str) -> float | None:
    if word in NATIVE_ONES:
        return float(NATIVE_ONES[word])
    for tens, value in NATIVE_TENS.items():
        rest = word.removeprefix(tens)
        if word.startswith(tens) and (not rest or rest in NATIVE_ONES):
            return float(value + NATIVE_ONES.get(rest, 0))
    return None


def english_value(words: list[str]) -> float:
    """Value of lower-case English number words: two hundred five, nineteen ninety seven."""
    total = current = 0
    for word in words:
        if word in ENGLISH:
            # Years are read in pairs of digits: nineteen ninety.
            pair = current * 100 if 10 <= current <= 20 and ENGLISH[word] >= 10 else current
            current = pair + ENGLISH[word]
        elif word == "hundred":
            current = (current or 1) * 100
        elif word in ENGLISH_SCALES:
            total, current = total + (current or 1) * ENGLISH_SCALES[word], 0
    return float(total + current)
