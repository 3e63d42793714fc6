"""The words that a question asks with, Korean and English: which kind of answer they want, and in which form.

Plain patterns on a question's text. Knows no morphemes, no passage and no answer.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["why", "who", "when", "many", "where", "define", "what"]
Wants = Literal["list", "compare", "works", "how", "code", "formula", ""]

# English asks with these only where a clause opens: "the person who", "what happens when" ask for something else.
_OPENS = r"(?:^\W*|[,;?] (?:and |or )?|^(?:by|from|to|for|since|in|at|on) |\b(?:and|know|tell me|say) )"
# The first that matches names the kind; "what" is what is left.
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "why",
        re.compile(
            r"이유|(?:^|\s)왜(?=\s|$)|왜\s|때문|원인|까닭|계기|무엇으로 인해"
            r"|\bwhat (?:is|are|['’]s)\b.* (?:used |good )?for\W*$|\bwhy\b|\breason\b|\bcauses?\b|\bpurpose\b",
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
            r"몇|얼마|개수|횟수|(?<=\s)수는|나이(?!브)|비율|퍼센트|크기|높이|길이|무게|면적|인구|가격|금액|온도|기간|정도"
            r"|\bhow (?:many|much|long|large|big|often|old)\b|\b(?:number|size|percentage) of\b",
            re.I,
        ),
    ),
    ("where", re.compile(rf"어디|곳은|곳에|장소|나라|국가|도시|지역|위치|지명|{_OPENS}where\b", re.I)),
)
_DEFINE = re.compile(
    r"(?:란|이란)\s*(?:무엇|뭐|뭔|\?|$)|(?:(?:은|는|이|가)\s*|\s)(?:무엇|뭐|뭔|머)[가-힣]*\s*[?？.~ㅋㅎ]*$"
    r"|(?:뜻|개념)(?:[은이]|\s*[?？]?$)|의미[는가]|정의"
    r"|이?란\s.{0,12}(?:설명|알려)|설명해\s?(?:줘|주|봐)|알려\s?(?:줘|주)"
    r"|\bwhat(?:['’]?s\b| (?:exactly )?(?:is|are)\b)|\bexplain\b|\bstands? for\b|\bdefin|\bmean(?:s|ing)?\b",
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
            r"|과정)(?:들)?(?:[은는이가에]|\s*[?？]?$)"
            r"|\b(?:what|which) are (?:the|some|all)\b[^?]*\w+s\b|\blist\b|\b(?:types|kinds|steps|stages|parts"
            r"|components"
            r"|ways) (?:of|in|to|for)\b"
            r"|\bname (?:the|two|three|four|five|all)\b"
            r"|\b(?:what|which) (?:two|three|four|five|six)\b|\bwhat \w+s are (?:there|used)\b",
            re.I,
        ),
    ),
    (
        "formula",
        re.compile(
            r"(?:수식|공식|계산식|(?<![방형음의지양주])식)(?:은|는|이|을|\s?\?|$|\s(?:뭐|알))"
            r"|\bformula\b|\bequation\b",
            re.I,
        ),
    ),
    (
        "code",
        re.compile(
            r"코드|명령어|함수(?:는|명|\s?이름)|메서드|인자|매개\s?변수(?:는|명)|옵션|클래스(?:는|명)|스니펫"
            r"|함수\s?뭐|\bcode\b|\bcommand\b|\bmethod\b|\bargument\b|\bsnippet\b|\bsyntax\b|\bfunction (?:do|is|to"
            r"|should)\b|\bAPI\b",
            re.I,
        ),
    ),
    (
        "works",
        re.compile(
            r"어떻게\s?(?:[가-힣]*\s)?(?:동작|작동|돌아|굴러|이루어|이뤄|진행|계산(?:되|돼|됨)|학습(?:되|돼|됨))|(?:동작|작동)\s?(?:원리|방식|과정)"
            r"|원리|알고리즘(?:은|이|\s*[?？]?$)"
            r"|\bhow (?:does|do|is|are|did)\b(?! (?:i|we|you|one)\b)",
            re.I,
        ),
    ),
    (
        "how",
        re.compile(
            r"어떻게|어떤\s?방(?:법|식)|방법(?:[은이]|\s*[?？]?$)|[가-힣]는\s?법(?:[은이]|\s*[?？]?$)|하려면"
            r"|\bhow (?:do|can|should|to)\b",
            re.I,
        ),
    ),
)
# "온도 높이면 어떻게 돼?" asks for no degrees.
WHAT_IF = re.compile(r"[가-힣]면\s.*(?:어떻게|어때|뭐가|안\s?좋)|면\s*[?？]*$|\bwhat happens\b|\bwhat if\b", re.I)


def kind_of(text: str) -> Kind:
    """The kind of answer: a reason, a person, a time, a number, a place, or "what" for what is left."""
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), "what")
    return "what" if kind == "many" and WHAT_IF.search(text) else kind


def wants_of(text: str) -> Wants:
    """The form that the answer should have, "" where any will do."""
    return next((wants for wants, pattern in _WANTS if pattern.search(text)), "")


def asks_meaning(text: str) -> bool:
    """Whether it asks what something is."""
    return _DEFINE.search(text) is not None
