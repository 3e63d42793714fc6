"""Words reduced to what they say: English stems, one word for all that mean the same, and opposites.

Takes and returns single words, Korean ones as Kiwi stems them. The tables are in
synonyms.txt and antonyms.txt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

_TABLES = Path(__file__).parent

_STOP_PREDICATES = frozenset(
    "하 되 있 없 이 가지 대하 위하 따르 의하 관하 통하 인하 말하 만하 보 오 가 듯하 그렇 이렇 어떻 그러 이러 뜻하 "
    "밝히 알리 알려지 되어".split()
)
_STOP_KOREAN = frozenset(
    "것 수 등 때 경우 정도 다음 이것 그것 저것 여기 거기 이 그 저 나 우리 자신 및 또한 또 매우 아주 즉 바로 주로 "
    "역시 다시 함께 서로 가장 특히 이미 아직 계속 현재 당시 이때 그때 어느 어떤 무슨 여러 각 각각 본 당 이런 그런 "
    "다른 한 중 안 못 말 간 쪽 뒤 내 외 곳 점 바 측 적 데 년 월 일 명 개 번 시 분 초 원 살 세 회 차 약 "
    "전혀 결코 통해 위해 대해 의해 때문 덕분 관련 해당 대상 의미 사실 내용 뜻 라는".split()
)
_STOP_ENGLISH = frozenset(
    "a an the this that these those it its he she they them their his her him we you your our i me my is are was were "
    "be been being am do does did done have has had having will would shall should can could may might must of in on "
    "at by for with from to into onto as than then and or but if so also too very just only such which who whom whose "
    "what when where why how there here not no nor never none n't cannot without while during through about over under "
    "between within per each both either neither other another any some own because since until up out off "
    "again s t re ve ll d m one e g i.e etc via called known according".split()
)


def _lines(table: str) -> list[str]:
    lines = (_TABLES / table).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@lru_cache(maxsize=1)
def _same() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in _lines("synonyms.txt"):
        head, *others = line.split()
        for word in (head, *others):
            key = stem(word) if word.isascii() else word
            found.setdefault(key, head)
    return found


@lru_cache(maxsize=1)
def _groups() -> Mapping[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate([*_lines("synonyms.txt"), *_lines("thesaurus.txt")]):
        for word in line.split():
            found.setdefault(_stemmed(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def synonymous(first: str, second: str) -> bool:
    """Whether any group of the table holds both; a word may belong to several (오르다: a price, a throne)."""
    groups = _groups()
    return not groups.get(first, frozenset()).isdisjoint(groups.get(second, frozenset()))


@lru_cache(maxsize=1)
def opposites() -> Mapping[str, frozenset[str]]:
    """For a canonical form, the canonical forms that contradict it."""
    found: dict[str, set[str]] = {}
    for line in _lines("antonyms.txt"):
        left, right = ([canonical(_stemmed(word)) for word in side.strip().split("/")] for side in line.split("~"))
        for one, other in [(one, other) for one in left for other in right]:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


@lru_cache(maxsize=1)
def rivals() -> Mapping[str, frozenset[int]]:
    """For a word or a name, the numbers of the classes it belongs to: red and blue cannot both be meant.

    Korean words stand as they are, English ones as their stems; names of several words are joined by _ and lower-cased.
    """
    found: dict[str, set[int]] = {}
    for number, line in enumerate(_lines("rivals.txt")):
        for name in line.split():
            lower = name.lower()
            found.setdefault(lower if "_" in name else _stemmed(lower), set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


def canonical(form: str) -> str:
    """The word that stands for all that say the same."""
    return _same().get(form, form)


# Words that deny without a "not": a claim may use one where the note uses the other.
NEGATIVE = frozenset(
    "피하 면하 벗어나 독립 무관 무료 삼가 "
    "independent unrelated irrelevant free without instead stop block "
    "금지 거절 없애 생략 제외 실패 부재 부족 막 중단 금하 모르 불법 결여 면제 무산 취소 "
    "lack miss fail exclud forbid unknown little few hardly rarely drop skip omit los loss".split()
)


def is_stop(form: str, *, predicate: bool = False) -> bool:
    """Whether a word says nothing by itself; verbs and adjectives have a list of their own."""
    return form in (_STOP_PREDICATES if predicate else _STOP_KOREAN) or form in _STOP_ENGLISH


_IRREGULAR = {
    "used": "use",
    "wrote": "write",
    "written": "write",
    "led": "lead",
    "lost": "lose",
    "chose": "choose",
    "chosen": "choose",
}
_IRREGULAR |= {"gave": "give", "given": "give", "took": "take", "taken": "take", "began": "begin", "begun": "begin"}
_IRREGULAR |= {"became": "become", "grew": "grow", "grown": "grow", "fell": "fall", "fallen": "fall", "kept": "keep"}
_IRREGULAR |= {"found": "find", "held": "hold", "sent": "send", "spent": "spend", "taught": "teach", "men": "man"}
_IRREGULAR |= {"shown": "show", "went": "go", "gone": "go", "ran": "run", "saw": "see", "seen": "see", "women": "woman"}
_IRREGULAR |= {"indices": "index", "matrices": "matrix", "vertices": "vertex", "children": "child", "mice": "mouse"}


def _stemmed(word: str) -> str:
    return stem(word) if word.isascii() else word


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """An English word, lower-cased, without plural, -ed, -ing and -ly: light, never below three letters."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ingly", "edly", "ing", "ed", "ly"):
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= 3 and re.search("[aeiouy]", rest):
            word = rest
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word.removesuffix("e") if len(word) > 3 else word


@lru_cache(maxsize=50_000)
def alike(first: str, second: str) -> bool:
    """Compounds and derivations: one begins or ends with the other, and they share most characters."""
    short, long = sorted((first, second), key=len)
    minimum = 4 if short.isascii() else 2
    return len(short) >= minimum and len(long) <= 2 * len(short) and (long.startswith(short) or long.endswith(short))
