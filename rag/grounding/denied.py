"""Which words a text denies, and which of those it only puts aside.

Takes morphemes or English text and where words start; says places in the list of words. Compares nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rag.grounding.numbers import Morpheme

_ENGLISH = re.compile(
    r"\b(?:not(?!\s+only)|never|no(?!\s+(?:more|less|fewer|later)\s+than)(?!\.\s?\d)|without|cannot|neither|nor|none|nothing|nobody)\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_STOPS = re.compile(r"[.;:!?,]\s")
_NOUNS = frozenset(["NNG", "NNP", "XSN", "SL", "SH"])
_SYMBOLS = frozenset(["SW", "SN", "SS", "SSC", "SSO"])
_NEGATING_PREFIXES = frozenset(["불", "비", "무", "미", "부"])
_PREDICATES = frozenset(["VV", "VA"])
_LOOK_BACK = 8
_AHEAD = 60
# "no" and "without" deny the thing that a short phrase ends in: without weight decay.
_OF_NOUNS, _PHRASE = ("no", "without"), 2
# Predicates that only carry another one: 할 수 있다, 정확도만 보다 says nothing of seeing.
_CARRIES = frozenset(["하", "되", "있"])
_PARTICLES_OF_PLACE = frozenset(["에", "에서", "에게", "로", "으로", "까지", "부터", "보다"])
_ASIDE = re.compile(
    r"[\w`$*{}()]{0,8}?(?:[가-힣]{1,3}\s(?:것|게|쪽|곳))?(?:이|가|은|는|이나|나)?\s?아니(?:라(?![고는])|고)"
    r"|\s(?:but|rather)\b|\s?(?:대신|말고)|[\w`$*]{0,5}?\s대신"
    r"|[가-힣\s]{0,6}?(?:없|않|아니)(?:으면(?!서)|을 때|는 경우|을 경우|다면|는다면)"
    r"|으?면(?![가-힣])(?!\s?안)"
)
_ASIDE_BEFORE = re.compile(
    r"(?:\b(?:rather than|instead of)\s(?:an? |the )?"
    r"|[,;–—(]\s?(?:and |but )?not\s"
    r"(?:(?:an?|the|its|their|his|her|our|your|these|those|this|first|two|three)\s){0,3})$",
    re.IGNORECASE,
)


class Denied(NamedTuple):
    """A place in the list of words; `loose`: the predicate that is denied is none of them, the word only stands by."""

    place: int
    loose: bool = False


def set_aside(text: str, start: int, end: int) -> bool:
    """Whether a denied word is put aside ("A가 아니라 B", "A 대신") or denied as a condition ("A가 없으면")."""
    return bool(_ASIDE.match(text, end) or _ASIDE_BEFORE.search(text, max(0, start - _AHEAD), start))


def in_korean(morphemes: Sequence[Morpheme], words: Mapping[int, int]) -> list[Denied]:
    """What 안, 못, 않다, 없다, 아니다, 없이, 커녕 and 불-, 비-, 무- deny, once for each denial.

    `words` gives for the start of a word its place.
    """
    found: list[Denied] = []
    for place, morpheme in enumerate(morphemes):
        found += _denial(morphemes, place, morpheme, words)
    return found


def _denial(morphemes: Sequence[Morpheme], place: int, here: Morpheme, words: Mapping[int, int]) -> Iterator[Denied]:
    back = morphemes[max(0, place - _LOOK_BACK) : place][::-1]
    ahead = morphemes[place + 1 : place + 3]
    only = any(one.form in ("밖에", "밖") for one in back[:5])  # 둘밖에 쓰지 않는다
    if here.tag == "XPN" and here.form in _NEGATING_PREFIXES and ahead and len(ahead[0].form) > 1:
        yield from _nearest(words, ahead[:1])
    elif here.form in ("대신", "말고") and ahead and ahead[0].tag != "XSV":
        noun = next((one for one in back[:5] if one.tag not in _SYMBOLS), None)
        yield from _nearest(words, [noun] if noun and noun.tag in _NOUNS else [])  # put aside
    elif here.tag == "MAG" and here.form in ("안", "못") and ahead and _denies(here, ahead[0]):
        yield from _nearest(words, [] if only else back if ahead[0].form in ("하", "되") else ahead)
    elif here.form == "없" and here.tag in _PREDICATES:
        if not only and not _whether(back):
            missing = _what_is_missing(back)
            yield from _nearest(words, missing or back, loose=not missing)
    elif _denies_what_is_before(here, back, ahead) and not only:
        yield from _nearest(words, back)


def _denies_what_is_before(here: Morpheme, back: Sequence[Morpheme], ahead: Sequence[Morpheme]) -> bool:
    if here.tag == "VX":
        return here.form in ("않", "아니하", "못하", "말")
    if here.tag == "VCN":
        return not _alternative(back, ahead) and not any(one.form == "뿐" for one in back[:2])
    return (here.tag == "MAG" and here.form == "없이") or here.form in ("는커녕", "은커녕", "커녕")


def _alternative(back: Sequence[Morpheme], ahead: Sequence[Morpheme]) -> bool:
    """The "or" of 일반 JSON인지 아니면 JSON Lines인지."""
    return bool(ahead) and ahead[0].form == "면" and (not back or back[0].tag in ("EC", "EF", "SF", "SP"))


def _whether(back: Sequence[Morpheme]) -> bool:
    """The second half of 있는지 없는지, which leaves both open."""
    return bool(back) and back[0].form.endswith("지") and any(one.form == "있" for one in back[1:3])


def _what_is_missing(back: Sequence[Morpheme]) -> Sequence[Morpheme]:
    """What stands before 없다, without the place where it is missing: 논문에는 게이트가 없었다, 할 수 없다."""
    rest = list(back)
    while rest and rest[0].tag.startswith("J"):
        place = any(one.form in _PARTICLES_OF_PLACE for one in rest[:2] if one.tag == "JKB")
        if not place:
            return rest
        while rest and rest[0].tag.startswith("J"):
            rest.pop(0)
        while rest and (rest[0].tag in _NOUNS or rest[0].tag in _SYMBOLS):
            rest.pop(0)
    if len(rest) < len(back) and rest and rest[0].tag == "EC":
        return []  # the clause has nothing else
    return rest if any(one.tag in _NOUNS or one.tag in _PREDICATES for one in rest[:3]) else []


def _denies(adverb: Morpheme, after: Morpheme) -> bool:
    """Not the 안 of a name: 안규홍."""
    return after.tag in ("VV", "VA", "VX", "XSV") or (after.start > adverb.end and after.tag == "NNG")


def _nearest(words: Mapping[int, int], near: Sequence[Morpheme], *, loose: bool = False) -> Iterator[Denied]:
    for one in near:
        if one.tag == "SF":
            return
        if one.start in words and one.tag != "MAG":
            yield Denied(words[one.start], loose)
            return
        loose |= one.tag in _PREDICATES and one.form not in _CARRIES


def in_english(text: str, starts: Sequence[int], ends: Sequence[int]) -> list[Denied]:
    """The word that follows not, never, no, without ... in the same clause, else the one before.

    `starts` and `ends` are those of the words, in order.
    """
    found = []
    for match in _ENGLISH.finditer(text):
        place = bisect_left(starts, match.end())
        if place < len(starts) and not _STOPS.search(text[match.end() : starts[place]]):
            if match[0].lower() in _OF_NOUNS:  # the decay is missing, not the weights
                last = min(len(starts), place + _PHRASE) - 1
                while place < last and text[ends[place] : starts[place + 1]] == " ":
                    place += 1
            found.append(Denied(place))
        elif match[0].lower() == "nothing" and place and not _STOPS.search(text[ends[place - 1] : match.start()]):
            found.append(Denied(place - 1, loose=True))
    return found
