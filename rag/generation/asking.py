"""What a question asks for: its words that carry meaning, the kind of answer, the noun that names it.

A question becomes an `Asked`; the rules are on question words, in Korean and English. Knows no
passage and no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from rag.text import bigrams, kiwi, language
from rag.types import Question

Kind = Literal["why", "who", "when", "many", "where", "define", "what"]

# The first that matches names the kind; "what" is what is left.
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "why",
        re.compile(
            r"이유|(?:^|\s)왜(?=\s|$)|왜\s|때문|원인|까닭|계기|무엇으로 인해"
            r"|\bwhy\b|\breason\b|\bcauses?\b|\bpurpose\b",
            re.I,
        ),
    ),
    (
        "who",
        re.compile(
            r"누구|누가|인물|사람|(?<=\s)이는\?|왕은|감독|작가|저자|장군|아버지|어머니|배우|선수|가수|\bwho(?:m|se)?\b",
            re.I,
        ),
    ),
    (
        "when",
        re.compile(
            r"언제|연도|년도|시기|날짜|날은|며칠|몇\s?년|시점|시대|세기|(?:해|때)(?:는|인가|였)"
            r"|\bwhen\b|\b(?:what|which) (?:year|date)\b",
            re.I,
        ),
    ),
    (
        "many",
        re.compile(
            r"몇|얼마|개수|횟수|(?<=\s)수는|나이|비율|퍼센트|크기|높이|길이|무게|면적|인구|가격|금액|온도|기간|정도"
            r"|\bhow (?:many|much|long|large|big|often|old)\b|\b(?:number|size|percentage) of\b",
            re.I,
        ),
    ),
    ("where", re.compile(r"어디|곳은|곳에|장소|나라|국가|도시|지역|위치|지명|\bwhere\b", re.I)),
)
_DEFINE = re.compile(
    r"(?:란|이란)\s*(?:무엇|뭐|뭔|\?|$)|(?:은|는|이|가)\s*(?:무엇|뭐|뭔)[가-힣]*\s*[?？.]?$|뜻[은이]|의미[는가]|정의"
    r"|\bwhat (?:is|are)\b|\bdefin|\bmean(?:s|ing)?\b",
    re.I,
)
_QUESTION_WORD = re.compile(r"무엇|누구|언제|어디|어느|어떤|어떻|무슨|얼마|몇|뭐|왜")
_POINTS_BACK = re.compile(
    r"그건|그것|그게|그거|이건|이것|이게|거기|그럼|그러면|\b(?:it|that|this|they|them|those)\b", re.I
)
_TERM_TAGS = frozenset(["NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "XR", "SL", "SH", "SN", "W_SERIAL", "W_URL"])
_NOUN_TAGS = frozenset(["NNG", "NNP", "NNB"])
_DOING = frozenset(["VV", "VA", "XSV", "XSA", "SL", "W_URL", "W_SERIAL"])
_STOP = frozenset(
    "무엇 누구 언제 어디 어느 어떤 몇 얼마 왜 어떻게 무슨 뭐 것 거 하 이 되 있 수 등 및 그 저 더 좀 대하 관하 "
    "위하 통하".split()
)
ENGLISH_STOP = frozenset(
    "a an the is are was were be been being am do does did done has have had can could will would should may might "
    "must of in on at to for from by with about as into than then and or not no if it its this that these those there "
    "they them their we you your i my he she his her what which who whom whose when where why how many much long "
    "between used use using mean means called name explain tell me".split()
)
_ENDING = re.compile(r"(?:ations?|ing|ies|ied|ed|es|s|ly|e)$")


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme with its place: `text[start:end]`; `tag` as Kiwi names it, without suffixes."""

    form: str
    tag: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, read; all words lower-cased.

    `terms` are meaningful words as stems that a sentence can be searched for, without `head`, the
    noun that names the kind of answer ("...한 나라는?": 나라) and so seldom stands beside it.
    """

    text: str
    korean: bool
    kind: Kind
    terms: tuple[str, ...]
    head: str
    grams: frozenset[str]
    morphemes: tuple[Morpheme, ...]


def read_question(question: Question) -> Asked:
    """Analyse a question; one that only points back ("그건 왜?") borrows the words of the question before it."""
    asked = _read(question.text)
    earlier = [turn.content for turn in question.history if turn.role == "user"]
    if earlier and (len(asked.terms) <= 1 or _POINTS_BACK.search(question.text)):
        before = _read(earlier[-1])
        terms = tuple(dict.fromkeys([*asked.terms, *before.terms, *([before.head] if before.head else [])]))
        return replace(asked, terms=terms, grams=asked.grams | before.grams)
    return asked


def analyse_all(texts: Sequence[str]) -> Iterator[tuple[Morpheme, ...]]:
    """Morphemes of each text with their places, lower-cased, tags without suffixes."""
    for tokens in kiwi().tokenize(texts):
        yield tuple(
            Morpheme(token.form.lower(), token.tag.split("-")[0], token.start, token.start + token.len)
            for token in tokens
        )


def _read(text: str) -> Asked:
    (found,) = analyse_all([text])
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), "what")
    korean = language(text) == "ko"
    words = [m for m in found if m.tag in _TERM_TAGS and m.form not in _STOP | ENGLISH_STOP]
    head = _asked_for(found) if korean and not _one_compound(words) else None
    body = text if head is None else text[: head.start] + " " + text[head.end :]
    terms = dict.fromkeys(_stem(m.form) for m in words if head is None or m.form != head.form)
    if kind == "what" and _DEFINE.search(text) and len(terms) <= 2:
        kind = "define"
    if korean:
        grams = frozenset(bigrams(_QUESTION_WORD.sub(" ", body)))
    else:
        grams = frozenset(gram for m in words for gram in bigrams(_stem(m.form)))
    return Asked(
        text,
        korean,
        kind,
        tuple(terms),
        _stem(head.form) if head else "",
        grams,
        found,
    )


def _asked_for(found: Sequence[Morpheme]) -> Morpheme | None:
    """The noun a question ends in: "...한 나라는 어디인가?"; none where it ends in doing: "...는 왜 생기나?"."""
    for morpheme in reversed(found):
        if morpheme.tag in _DOING and (morpheme.form not in _STOP or morpheme.tag.startswith("X")):
            return None
        if morpheme.tag in _NOUN_TAGS and morpheme.form not in _STOP:
            return morpheme
    return None


def _one_compound(words: Sequence[Morpheme]) -> bool:
    """Whether they are one word that the analyser took apart: 드롭 + 아웃."""
    return len({m.form for m in words}) < 2 or all(a.end == b.start for a, b in pairwise(words))


def _stem(word: str) -> str:
    """English words lose their ending as far as four letters stay; others are as they are."""
    if not word.isascii() or len(word) < 5:
        return word
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= 4 else word
