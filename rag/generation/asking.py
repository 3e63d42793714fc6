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
Wants = Literal["list", "compare", "how", "code", "formula", ""]

# English asks with these only where a clause opens: "the person who", "what happens when" ask for something else.
_OPENS = r"(?:^\W*|[,;?] (?:and |or )?|^(?:by|from|to|for|since|in|at|on) |\b(?:and|know|tell me|say) )"
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
            rf"누구|누가|인물|사람|(?<=\s)이는\?|왕은|감독|작가|저자|장군|아버지|어머니|배우|선수|가수"
            rf"|{_OPENS}who(?:m|se)?\b",
            re.I,
        ),
    ),
    (
        "when",
        re.compile(
            r"언제|연도|년도|시기|날짜|날은|며칠|몇\s?년|시점|시대|세기|(?:해|때)(?:는|인가|였)"
            rf"|{_OPENS}when\b|\b(?:what|which) (?:year|date)\b",
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
    ("where", re.compile(rf"어디|곳은|곳에|장소|나라|국가|도시|지역|위치|지명|{_OPENS}where\b", re.I)),
)
_DEFINE = re.compile(
    r"(?:란|이란)\s*(?:무엇|뭐|뭔|\?|$)|(?:은|는|이|가)\s*(?:무엇|뭐|뭔)[가-힣]*\s*[?？.]?$|뜻[은이]|의미[는가]|정의"
    r"|이?란\s.{0,12}(?:설명|알려)|설명해\s?(?:줘|주|봐)|알려\s?(?:줘|주)"
    r"|\bwhat (?:exactly )?(?:is|are)\b|\bexplain\b|\bstands? for\b|\bdefin|\bmean(?:s|ing)?\b",
    re.I,
)
# What form the answer should have, beside its kind; the first that matches.
_WANTS: tuple[tuple[Wants, re.Pattern[str]], ...] = (
    (
        "compare",
        re.compile(
            r"차이|다른\s?(?:가|점)|다르|비교|\bvs\b|\bdiffer|\bcompar|\bversus\b|\bdistinguish|공통점|\bsimilarit",
            re.I,
        ),
    ),
    (
        "list",
        re.compile(
            r"종류|(?:무엇|어떤\s?(?:것|게)|뭐|뭣)[가이]?\s?(?:들[이가]?\s?)?(?:있|포함|들어)|나열|목록"
            r"|\S들은\s?(?:무엇|뭐)"
            r"|[두세네]\s?가지|[2-9]\s?가지|다섯\s?가지|(?:단계|구성\s?요소|요소|조건|장점|단점|장단점|특징|절차"
            r"|과정)(?:들)?[은는이가에]"
            r"|\b(?:what|which) are (?:the|some|all)\b[^?]*\w+s\b|\blist\b|\b(?:types|kinds|steps|stages|parts"
            r"|components"
            r"|ways) (?:of|in|to|for)\b"
            r"|\bname (?:the|two|three|four|five|all)\b"
            r"|\b(?:what|which) (?:two|three|four|five|six)\b|\bwhat \w+s are (?:there|used)\b",
            re.I,
        ),
    ),
    ("formula", re.compile(r"(?:수식|공식|계산식|식)(?:은|는|이|을|\?|$)|\bformula\b|\bequation\b", re.I)),
    (
        "code",
        re.compile(
            r"코드|명령어|함수(?:는|명|\s?이름)|메서드|인자|매개\s?변수(?:는|명)|옵션|클래스(?:는|명)|스니펫"
            r"|\bcode\b|\bcommand\b|\bmethod\b|\bargument\b|\bsnippet\b|\bsyntax\b|\bfunction (?:do|is|to"
            r"|should)\b|\bAPI\b",
            re.I,
        ),
    ),
    (
        "how",
        re.compile(r"어떻게|어떤\s?방(?:법|식)|방법[은이]|하려면|\bhow (?:do|does|can|should|to|is|are|did)\b", re.I),
    ),
)
_COUNTED = {"두": 2, "세": 3, "네": 4, "다섯": 5, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COUNT = re.compile(r"\b([2-9])\s?(?:가지|개의)|([두세네]|다섯)\s?(?:가지|개의)|\b(two|three|four|five|six)\b", re.I)
# The phrase whose meaning is asked for.
_TOPIC = (
    re.compile(
        r"^(?P<topic>.{1,60}?)(?:\s?(?:이?란|은|는|이|가|의|을|를|에 대해서?))?\s*(?:무엇|뭐|뭔|뜻|의미|정의|개념"
        r"|설명|알려|\?|？|$)"
    ),
    re.compile(
        r"\b(?:what (?:exactly )?(?:is|are|does)|define|explain)\s+(?:meant by\s+)?(?:an?\s+"
        r"|the\s+)?(?P<topic>.{1,60}?)"
        r"(?:\s+(?:mean|stand for|in\s.+))?\s*[?.]?$",
        re.I,
    ),
)
_QUESTION_WORD = re.compile(r"무엇|누구|언제|어디|어느|어떤|어떻|무슨|얼마|몇|뭐|왜")
_POINTS_BACK = re.compile(
    r"그건|그것|그게|그거|이건|이것|이게|거기|그럼|그러면|\b(?:it|that|this|they|them|those)\b", re.I
)
_TERM_TAGS = frozenset(["NNG", "NNP", "NNB", "NR", "NP", "VV", "VA", "XR", "SL", "SH", "SN", "W_SERIAL", "W_URL"])
_NOUN_TAGS = frozenset(["NNG", "NNP", "NNB"])
_DOING = frozenset(["VV", "VA", "XSV", "XSA", "SL", "W_URL", "W_SERIAL"])
_STOP = frozenset(
    "무엇 누구 언제 어디 어느 어떤 몇 얼마 왜 어떻게 어떻 무슨 뭐 것 거 하 이 되 있 수 등 및 그 저 더 좀 대하 관하 "
    "위하 통하".split()
)
ENGLISH_STOP = frozenset(
    "a an the is are was were be been being am do does did done has have had can could will would should may might "
    "must of in on at to for from by with about as into than then and or not no if it its this that these those there "
    "they them their we you your i my he she his her what which who whom whose when where why how many much long "
    "between used use using mean means called name explain tell me difference differences differ different "
    "two three four five six".split()
)
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
    phrase whose meaning is asked for, squeezed and in lower case ("" unless `kind` is define).
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


def _read(text: str) -> Asked:
    (found,) = analyse_all([text])
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), "what")
    korean = language(text) == "ko"
    words = [m for m in found if m.tag in _TERM_TAGS and m.form not in _STOP | ENGLISH_STOP]
    head = _asked_for(found) if korean and not _one_compound(words) else None
    body = text if head is None else text[: head.start] + " " + text[head.end :]
    terms = dict.fromkeys(_stem(m.form) for m in words if head is None or m.form != head.form)
    wants: Wants = next((wants for wants, pattern in _WANTS if pattern.search(text)), "")
    if kind == "what" and not wants and _DEFINE.search(text) and len(terms) <= 3:
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
        wants=wants,
        count=_count(text),
        topic=_topic(text, korean) if kind == "define" else "",
    )


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
