"""What a question asks for: its words that carry meaning, the kind of answer, the noun that names it.

A question becomes an `Asked`; the rules are on question words, in Korean and English. Knows no
passage and no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.generation.question_words import Kind, Wants, asks_meaning, kind_of, wants_of
from rag.text import bigrams, kiwi, language
from rag.types import Question

# Words of a question up to which words that only explain ("동작", "work") are no terms of it.
FEW = 5
_COUNTED = {"두": 2, "세": 3, "네": 4, "다섯": 5, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COUNT = re.compile(r"\b([2-9])\s?(?:가지|개의)|([두세네]|다섯)\s?(?:가지|개의)|\b(two|three|four|five|six)\b", re.I)
# The phrase whose meaning is asked for.
_TOPIC = (
    re.compile(
        r"^(?P<topic>.{1,60}?)(?:\s?(?:이?란|은|는|이|가|의|을|를|에 대해서?))?\s*(?:무엇|뭐|뭔|머|뜻|의미|정의|개념"
        r"|설명|알려|\?|？|$)"
    ),
    re.compile(
        r"\b(?:what(?:['’]?s| (?:exactly )?(?:is|are|does))|define|explain)\s+(?:meant by\s+)?(?:an?\s+"
        r"|the\s+)?(?P<topic>.{1,60}?)"
        r"(?:\s+(?:mean|stand for|in\s.+|(?:used |good )?for|about|do))?\s*[?.]?$",
        re.I,
    ),
)
_QUESTION_WORD = re.compile(r"무엇|누구|언제|어디|어느|어떤|어떻|무슨|얼마|몇|뭐|왜")
_POINTS_BACK = re.compile(
    r"그건|그것|그게|그거|이건|이것|이게|거기|그럼|그러면|\b(?:it|that|this|they|them|those)\b", re.I
)
_TERM_TAGS = frozenset(["NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "XR", "SL", "SH", "SN", "W_SERIAL", "W_URL"])
_NOUN_TAGS = frozenset(["NNG", "NNP", "NNB"])
_VERBS = frozenset(["VV", "VA"])
_DOING = frozenset(["VV", "VA", "XSV", "XSA", "SL", "W_URL", "W_SERIAL"])
_STOP = frozenset(
    "무엇 누구 언제 어디 어느 어떤 몇 얼마 왜 어떻게 어떻 무슨 뭐 머 것 거 하 이 되 있 수 등 및 그 저 더 좀 대하 관하 "
    "위하 통하".split()
)
ENGLISH_STOP = frozenset(
    "a an the is are was were be been being am do does did done has have had can could will would should may might "
    "must of in on at to for from by with about as into than then and or not no if it its this that these those there "
    "they them their we you your i my he she his her what which who whom whose when where why how many much long "
    "between used use using mean means called name explain tell me difference differences differ different "
    "two three four five six".split()
)
# Words of a short question that say what is asked of the thing, not which thing: they stand beside no answer.
_OF_ASKING = re.compile(
    r"동작|작동|원리|방식|방법|공식|수식|계산식?|식|이유|차이점?|비교|종류|장점|단점|장단점|특징|개념|뜻|의미|정의|설명|역할"
    r"|함수|코드|명령어|쓰|사용|필요|필요성|이용|돌아가|이루어지|예시|예|정리|목적|효과"
    r"|점수|score?|값|values?|metric|지표"
    r"|work|comput|calculat|formula|equation|function|code|purpose|reason|definition|concept|example|happen|do|vs|diff"
    r"|compar|versus|advantag|kind|type|step"
)
# "패딩(padding)": the same word once more, in the other script.
_AGAIN = re.compile(r"([가-힣A-Za-z0-9]+(?:[- ][A-Za-z]+)?)\(([A-Za-z가-힣][A-Za-z가-힣 \-]*)\)")
_ENDING = re.compile(r"(?:ations?|ing|ies|ied|ed|es|s|ly|e)$")


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme with its place: `text[start:end]`; `tag` as Kiwi names it, without suffixes.

    `code` is Kiwi's number of it: the commoner it is, the lower; names and numbers that it does not know share a few.
    """

    form: str
    tag: str
    start: int
    end: int
    code: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, read; all words lower-cased.

    `terms` are meaningful words as stems that a sentence can be searched for, without `head`, the
    noun that names the kind of answer ("...한 나라는?": 나라) and so seldom stands beside it. `wants` is the
    form that the answer should have, `count` how many things it should name (0: not said), `topic` the
    phrase whose meaning is asked for, squeezed and in lower case ("" unless `kind` is define). `subject`
    are the words of the thing itself, without those that say what is asked of it ("동작", "formula"), once for each
    way it is written in the question: "패딩(padding)" is two ways.
    """

    text: str
    korean: bool
    kind: Kind
    terms: tuple[str, ...]
    head: str
    grams: frozenset[str]
    morphemes: tuple[Morpheme, ...]
    wants: Wants = ""
    count: int = 0
    topic: str = ""
    subject: tuple[tuple[str, ...], ...] = ()
    topics: tuple[str, ...] = ()


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
            Morpheme(token.form.lower(), token.tag.split("-")[0], token.start, token.start + token.len, token.id)
            for token in tokens
        )


def _named(found: Sequence[Morpheme]) -> list[Morpheme]:
    """Names of letters and digits in one piece again: the analyser makes two of F1, three of word2vec."""
    whole: list[Morpheme] = []
    for m in found:
        last = whole[-1] if whole else None
        if last and last.end == m.start and {last.tag, m.tag} <= {"SL", "SN"} and "SL" in (last.tag, m.tag):
            whole[-1] = replace(last, form=last.form + m.form, tag="SL", end=m.end)
        else:
            whole.append(m)
    return whole


def _read(text: str) -> Asked:
    (found,) = analyse_all([text])
    kind, wants = kind_of(text), wants_of(text)
    korean = language(text) == "ko"
    words = [m for m in _named(found) if m.tag in _TERM_TAGS and m.form not in _STOP | ENGLISH_STOP]
    head = _asked_for(found) if korean and not _one_compound(words) else None
    body = text if head is None else text[: head.start] + " " + text[head.end :]
    terms = dict.fromkeys(_stem(m.form) for m in words if head is None or m.form != head.form)
    bare = {term: None for term in terms if not _OF_ASKING.fullmatch(term)}
    if bare and len(terms) <= FEW and (kind == "why" or wants in ("works", "formula", "code")):
        terms = bare
    alone = _names_alone(found)
    if kind == "what" and not wants and len(terms) <= 3 and (alone or asks_meaning(text)):
        kind = "define"
    if korean:
        grams = frozenset(bigrams(_QUESTION_WORD.sub(" ", body)))
    else:
        grams = frozenset(gram for m in words for gram in bigrams(_stem(m.form)))
    topics: tuple[str, ...] = ()
    if kind == "define":
        topics = tuple(dict.fromkeys(_topic(way, korean) for way in _ways(text)))
        topics = (*topics, squeezed(text)) if alone and squeezed(text) not in topics else topics
    return Asked(
        text,
        korean,
        kind,
        tuple(terms),
        _stem(head.form) if head else "",
        grams,
        found,
        wants=wants,
        count=_count(text),
        topic=topics[0] if topics else "",
        subject=_subject(words, text),
        topics=tuple(topic for topic in topics if topic),
    )


def _names_alone(found: Sequence[Morpheme]) -> bool:
    """Whether a question is only a name: "HNSW", "k-means?"."""
    words = [m for m in found if m.tag in _TERM_TAGS]
    return (
        0 < len(words) <= 4
        and not any(m.form in ENGLISH_STOP | _STOP for m in words)
        and all(m.tag in _NOUN_TAGS or m.tag in ("SL", "SN") or m.tag[0] == "S" for m in found)
    )


def _ways(text: str) -> list[str]:
    """The question with the one and with the other where brackets say a word again: "패딩(padding)이란?"."""
    first, second = _AGAIN.sub(r"\1", text), _AGAIN.sub(r"\2", text)
    return [first, second] if first != second else [text]


def _subject(words: Sequence[Morpheme], text: str) -> tuple[tuple[str, ...], ...]:
    again = list(_AGAIN.finditer(text))
    ways = []
    for left_out in (2, 1):
        spans = [found.span(left_out) for found in again]
        kept = [m for m in words if not any(a <= m.start < b for a, b in spans)]
        things = [m for m in kept if m.tag not in _VERBS] or kept
        forms = list(dict.fromkeys(_stem(m.form) for m in things))
        ways.append(tuple(form for form in forms if not _OF_ASKING.fullmatch(form)) or tuple(forms))
    return tuple(dict.fromkeys(way for way in ways if way))


def _count(text: str) -> int:
    found = _COUNT.search(text)
    if found is None:
        return 0
    word = next(group for group in found.groups() if group)
    return int(word) if word.isdigit() else _COUNTED[word.lower()]


def _topic(text: str, korean: bool) -> str:
    found = _TOPIC[0 if korean else 1].search(text.strip())
    return squeezed(found["topic"]) if found else ""


def squeezed(text: str) -> str:
    """Letters and digits alone, in lower case: what is left when spacing and marks don't count."""
    return "".join(character for character in text.lower() if character.isalnum())


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
