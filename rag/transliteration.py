"""Loanwords: how far apart a word in Hangul and a word in Latin letters sound ("청크", "chunk").

A dynamic programme lays the Hangul word's jamo along the Latin word's letters; a table says which letters
each jamo is written for, and at what cost. Knows no corpus and no list of words.
Source of the correspondences: the Korean loanword orthography (외래어 표기법, National Institute of Korean
Language), read backwards, with what English spelling adds (silent e, r after a vowel, doubled letters).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SYLLABLES = re.compile(r"[\uac00-\ud7a3]{2,}")
# Every syllable that is the Korean reading of a Chinese character: a word of these alone is hardly a loan from
# a European language. Source: the readings of the characters for common use (KS X 1001).
_READINGS = frozenset(
    "가각간갈감갑강개객갱거건걸검겁게격견결겸경계고곡곤골공과곽관괄광괘괴굉교구국군굴궁권궐궤귀규균귤극근글금급긍기긴길김끽"
    "나낙난날남납낭내냉녀녁년념녕노농뇌뇨눈눌뉴니닉다단달담답당대댁덕도독돈돌동두둔득등라락란람랍랑래랭략량려력련렬렴령례로록론"
    "롱뢰료룡루류륙륜률륭륵름릉리린림립마막만말망매맥맹면멸명모목몰몽묘무묵문물미민밀박반발방배백번벌범법벽변별병보복본봉부북분불"
    "붕비빈빙사삭산살삼삽상새색생서석선설섬섭성세소속손솔송쇄쇠수숙순술숭슬습승시식신실심십쌍씨아악안알암압앙애액앵야약양어억언얼"
    "엄업여역연열염엽영예오옥온올옹와완왈왕왜외요욕용우욱운울웅원월위유육윤율융은을음읍응의이익인일임입잉자작잔잠잡장재쟁저적전절"
    "점접정제조족존졸종좌죄주죽준중즉즐즙증지직진질짐집징차착찬찰참창채책처척천철첨첩청체초촉촌총촬최추축춘출충췌취측층치칙친칠"
    "침칩칭쾌타탁탄탈탐탑탕태택토통퇴투특파판팔패팽편평폐포폭표품풍피필핍하학한할함합항해핵행향허헌헐험혁현혈혐협형혜호혹혼홀홍"
    "화확환활황회획횡효후훈훼휘휴흉흑흔흘흠흡흥희"
)

# Onset, vowel, coda ("-") or a run of them, then the letters that stand for it; each "|" makes those behind it
# dearer by 0.2. A jamo that is silent in English (ㅡ) may be written by nothing.
_TABLE = """
ㄱ g gg gh|k c; ㄲ k g c|ck; ㄴ n nn kn gn; ㄷ d dd|th t; ㄸ d t; ㄹ l r ll rr rh wr; ㅁ m mm; ㅂ b bb v; ㅃ b p;
ㅅ s ss sh c sc ti ci si ssi ch|th x sch ps; ㅆ s c ss th; ㅈ j z g dg zz dge ge s|d x ti si; ㅉ z j tz zz;
ㅊ ch tch t c|tsch ti tt; ㅋ k c ck q ch cc kh qu|x; ㅌ t tt th pt|d; ㅍ p f pp ph ff; ㅎ h wh|f j;
ㅏ a|o u ah ar ai al|i e; ㅐ a ae|e ai ea; ㅑ ya ia|a; ㅒ ya; ㅓ u er ur ir or ear ou|o e a eo ar ure|i;
ㅔ e ea a ai ei|ae ay|i; ㅕ io yeo ia ya yea|o yo ye a eo u; ㅖ ye yea|e;
ㅗ o oa ow oe or|au aw ou al ore a oo u; ㅘ wa oa ua|oi; ㅙ wa we; ㅚ oe we oi; ㅛ yo io|eo;
ㅜ u oo ou w ue ui|o ew ow oe; ㅝ wo wa ua war wor|we ue; ㅞ we ue whe wha|wa; ㅟ wi ui whi we wee;
ㅠ u ew ue you yu eu iew ui; ㅡ |e u i o; ㅢ ui i; ㅣ i ee ea y ie e ey|a ei oe;
ㅏㅣ i y ie igh uy ye ai ei eye ia; ㅔㅣ a ai ay ei ey ea eigh; ㅞㅣ wei wai weigh way; ㅏㅜ ou ow au aw;
ㅗㅜ o ow; ㅣㅓ er ear eer ier ia io ea eo|e; ㅔㅓ air are ear ere; ㅏㅣㅓ ire yer iar ier yr; ㅗㅣ oi oy;
ㅗㅓ oor ore; ㅜㅓ our oor ure; ㅠㅓ ure ewer ur;
-ㄱ k c ck g q ch cc|x que gg; -ㄴ n nn gn|mn; -ㄷ t d; -ㄹ l ll|r; -ㅁ m mm mb|n; -ㅂ p b pp|f v bb;
-ㅅ t tt ght|s d ts ss; -ㅇ ng|n nk; -ㄱㅅ x cc ks; -ㄱㅅㅡ x; -ㄱㅈ x; -ㄹㄹ l ll|r; -ㅇㅋ nk nc nch; -ㅇㄱ ng;
ㅈㅡ z s ge dge g se ze ss|j th; ㅍㅡ p f ff ph fe|v; ㅊㅣ ch tch; ㅅㅣ sh ce|se; ㅌㅡ t te tt; ㅈㅣ ge dge g;
ㅊㅓ ture|cher; ㅅㅕㄴ tion sion ssion cian; ㅈㅓㄴ tion sion; ㅈㅕㄴ sion; ㅊㅠ tu chu; ㅊㅜ tu chu;
ㅈㅜ ju du su|zu zoo;
"""
_ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_CODAS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"


def distance(hangul: str, latin: str, limit: float = 2.0) -> float:
    """How far apart the two sound, for each jamo that sounds: 0 is the same, infinite is beyond `limit`.

    The first is Hangul syllables, the second Latin letters in lower case.
    """
    units = _units(hangul)
    letters = "".join(c for c in unicodedata.normalize("NFKD", latin) if c.isascii() and c.isalpha())
    if not units or not letters:
        return float("inf")
    n, m = len(units), len(letters)
    sounding = max(1, sum(unit != "ㅡ" for unit in units))
    most = limit * sounding + 1e-9
    far = float("inf")
    best = [[far] * (m + 1) for _ in range(n + 1)]
    best[0][0] = 0.0
    for i in range(n + 1):
        row = best[i]
        options = _options(units, i)
        skip = _skip_unit(units[i]) if i < n else far
        for j in range(m + 1):
            cost = row[j]
            if cost > most:
                continue
            if i < n:
                best[i + 1][j] = min(best[i + 1][j], cost + skip)
                for length, written, price in options:
                    end = j + len(written)
                    if letters.startswith(written, j) and _fits(units[i], written, letters[:j], letters[end:]):
                        place = best[i + length]
                        place[end] = min(place[end], cost + price)
            if j < m:
                row[j + 1] = min(row[j + 1], cost + _skip_letter(letters, j))
    return best[n][m] / sounding if best[n][m] <= most else far


def foreign(word: str) -> bool:
    """Whether a word may be a loan: two or more syllables of Hangul, not all of them readings of Chinese characters."""
    return bool(_SYLLABLES.fullmatch(word)) and not _READINGS.issuperset(word)


def first_letters(hangul: str) -> str:
    """The letters that a word may begin with."""
    units = _units(hangul)
    return _STARTS[units[0]] if units and units[0] not in _VOWELS else "aeiouhwy"


def pattern(hangul: str) -> str:
    """A regular expression that fits every way to write a word: a quick sieve before `distance`."""
    units = _units(hangul)
    consonants = [unit for unit in units if unit[-1] not in _VOWELS]
    parts = [f"(?=[a-z]{{2,{len(units) * 8 // 5 + 2}}}$)", _BETWEEN]
    for before, unit in zip(["", *consonants], consonants, strict=False):
        # "x" is written for two jamo, and so is one "l" between vowels.
        optional = (before.startswith("-ㄱ") and unit in "ㅅㅈ") or (before == "-ㄹ" and unit == "ㄹ")
        parts.append(f"(?:[{_STARTS[unit]}][a-z]{{0,2}}?)" + ("?" if optional else "") + _BETWEEN)
    return "".join(parts)


@lru_cache(maxsize=4096)
def _units(hangul: str) -> tuple[str, ...]:
    units = []
    for syllable in hangul:
        code = ord(syllable) - 0xAC00
        if not 0 <= code < 11172:
            return ()
        onset, vowel, coda = code // 588, code % 588 // 28, code % 28
        if _ONSETS[onset] != "ㅇ":
            units.append(_ONSETS[onset])
        units.append(_VOWELS[vowel])
        if coda:
            units.append("-" + _CODAS[coda - 1])
    return tuple(units)


def _options(units: tuple[str, ...], start: int) -> list[tuple[int, str, float]]:
    """(units, letters, cost) of what may be written from `start` on."""
    found = []
    for length in (1, 2, 3):
        if start + length <= len(units):
            key = units[start] + "".join(unit.lstrip("-") for unit in units[start + 1 : start + length])
            found += [(length, written, price) for written, price in _SPELLINGS.get(key, ())]
    return found


def _fits(unit: str, written: str, before: str, behind: str) -> bool:
    """Whether letters may sound like this where they stand: soft c and g, the ti of "nation", the ch of "machine"."""
    following = behind[:1]
    if unit == "ㅅ" and written == "ch":
        return bool(before)
    if unit[-1] in "ㅅㅆ" and written in ("c", "sc", "cc"):
        return following in ("e", "i", "y")
    if unit in ("ㅈ", "ㅉ") and written in ("g", "dg", "zg"):
        return following in ("e", "i", "y")
    if unit == "ㅅ" and written in ("ti", "ci"):
        return following in ("a", "e", "o", "u")
    return True


def _skip_unit(unit: str) -> float:
    return 0.0 if unit == "ㅡ" else 0.7 if unit in _VOWELS else 1.2


def _skip_letter(letters: str, place: int) -> float:
    letter = letters[place]
    before = letters[place - 1] if place else ""
    if letter == "e" and place == len(letters) - 1 and place > 1:
        return 0.0
    if letter == before and letter not in "aeiou":
        return 0.05
    if letter == "r" and before and before in "aeiou":
        return 0.1
    if letter == "e":
        return 0.3
    return 0.5 if letter in "aiouhwy" else 1.0


def _parsed() -> dict[str, tuple[tuple[str, float], ...]]:
    spellings = {}
    for entry in filter(None, map(str.strip, _TABLE.split(";"))):
        jamo, written = entry.split(maxsplit=1)
        groups = enumerate(written.split("|"))
        spellings[jamo] = tuple((letters, 0.2 * dearness) for dearness, group in groups for letters in group.split())
    return spellings


_SPELLINGS = _parsed()
_BETWEEN = "[aeiouwyhr]*(?:gh)?"
_STARTS = {
    unit: "".join(sorted({w[0] for key, written in _SPELLINGS.items() if key.startswith(unit) for w, _ in written}))
    for unit in [*_ONSETS, *(f"-{coda}" for coda in _CODAS)]
}
for _unit, _letters in _STARTS.items():
    # Codas that no loanword has (ㄺ, ㅆ) stand for nothing that could be found.
    _STARTS[_unit] = _letters or "0"
