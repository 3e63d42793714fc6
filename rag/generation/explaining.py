"""What makes a sentence good for a question that wants something explained: what it is, how it works, why, its formula.

A short question says one name and little else, so where a sentence stands tells more than the words it repeats: under
a heading that is just the asked thing, among the steps there, under "Why ...". Takes a question that was read and a
candidate; gives numbers by name. Knows neither the other candidates nor any weight.
"""

from __future__ import annotations

import re

from rag.generation.asking import FEW, Asked
from rag.generation.candidates import Candidate
from rag.generation.headings import meets, named, parent
from rag.generation.question_words import WHAT_IF

# Headings over steps and over reasons.
OF_STEPS = re.compile(
    r"절차|과정|단계|동작|작동|원리|알고리즘|방법|순서|\b(?:steps?|how|algorithm|procedure|process|works?)\b",
    re.IGNORECASE,
)
OF_REASONS = re.compile(
    r"왜|이유|배경|필요|동기|목적|문제|장점|효과|한계"
    r"|\b(?:why|motivation|reasons?|purpose|benefits?|advantages?|need|problems?)\b",
    re.IGNORECASE,
)
# How something goes on: first this, then that.
_PROCESS = re.compile(
    r"먼저|첫\s?번째|첫째|다음(?:으로| |,)|그런 다음|그다음|마지막으로|반복|한 뒤|한 후|하면서|단계|차례|순서|각각|마다"
    r"|통해|→"
    r"|\b(?:first|then|next|finally|steps?|by \w+ing|repeat\w*|each|based on|using|instead|until)\b",
    re.IGNORECASE,
)
# Where a thing comes from is not what it is, nor how it works.
_HISTORY = re.compile(
    r"(?:19|20)\d\d\D*(?:제안|발표|고안|만들|소개|등장)|(?:처음|최초로?) (?:만들|소개|제안|고안|등장)"
    r"|(?:에 의해|표준이) (?:처음|제안|개발|되었)"
    r"|\boriginat|\b(?:was|were|been) (?:first )?(?:introduced|proposed|invented|developed|published)\b|\bet al\b",
    re.IGNORECASE,
)
_IF_THEN = re.compile(r"[가-힣]면\b|[가-힣]수록\b|→|\\to\b|\b(?:if|when|higher|lower|larger|smaller|the more)\b", re.I)
_EXAMPLE = re.compile(r"\W*(?:예를 들어|예컨대|예:|가령|for (?:example|instance)\b|e\.g\.)", re.IGNORECASE)
_DRAWBACK = re.compile(
    r"\W*(?:단점|한계|주의|문제점?|메모리|비용|disadvantages?|drawbacks?|limitations?|caution)\b", re.IGNORECASE
)
_ASKS_DRAWBACK = re.compile(r"단점|한계|주의|문제|메모리|비용|disadvantage|drawback|limit|caution|memory|cost", re.I)
# What only says what was or will be spoken of.
_PREAMBLE = re.compile(
    r"(?:이전|지난|앞) (?:섹션|절|장|챕터|강의|글|단원)(?:에서|의)|소개하겠|여정을|시작하겠|논의하겠|설명하겠"
    r"|배웠습니다|회상합니다|상기하|기억하십시오|배워\s?보(?:겠|자)"
    r"|\bthis (?:section|chapter|video|notebook|unit|course|page) (?:\w+ )?"
    r"(?:dives?|covers?|introduces?|explains?|shows?|will|gives?|walks?)\b"
    r"|\bnow that we\b|\bbefore (?:diving|we dive)\b|\bdive (?:into|deeper)\b|\bbreak down how\b"
    r"|\bwe['’]ve (?:seen|covered|learned)\b|\bwe can (?:see|then|now)\b",
    re.IGNORECASE,
)
# Torn out of a quiz or a table of options.
_DEBRIS = re.compile(r"\s*[}\]),{]+\s|.*\b(?:explain|correct|text):\s*(?:\"|true|false)", re.DOTALL)
_FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
_QUOTED = re.compile(r"\$[^$\n]*\$|`[^`]*`")
_EQUATION = re.compile(r"[=≈∝]")
# "F1 = 2PR/(P+R)", "return a / b": a formula without marks around it.
_WRITTEN_OUT = re.compile(r"[\w)\]}]\s*(?:=|≈|∝|:=)\s*[^=\s].*[/*+^√·\\(]|return\b.*[/*+@-]", re.DOTALL)
# "$P=Q$" is no formula that anybody asks for.
_REAL_FORMULA = 14
_DERIVED = re.compile(r"\\frac\{(?:d|\\partial)\b|도함수|미분")
_ASKS_DERIVED = re.compile(r"미분|도함수|기울기|gradient|deriv|backprop|역전파", re.IGNORECASE)
_OPENS_CODE = re.compile(r"(?:import|from|def|class|@|#|%|!pip|pip |print\()\s*")
_IDENTIFIER = re.compile(r"`[^`\n]*[A-Za-z]+(?:_[A-Za-z]+|\.[a-z]\w*|\()[^`\n]*`|`[a-z]+[A-Z]\w*`")
# Code answers "how do I ...?" where it repeats so much of the question.
_HALF = 0.5


def explaining(asked: Asked, candidate: Candidate, shared: float) -> dict[str, float]:
    """Numbers by name, mostly 0 to 1; `shared` 0..1: how much of the question the candidate repeats."""
    text, form, kind, wants = candidate.text, candidate.form, asked.kind, asked.wants
    prose, code = form == "prose", form == "code"
    told = kind in ("why", "define", "what")  # a date, a name or a number is known by its own signs
    placed = told and len(asked.terms) <= FEW  # a long question is about more than one heading can name
    here = named(asked, candidate.section) if placed else 0.0
    over = named(asked, parent(candidate.heading)) if placed and here < 1 else 0.0
    works = told and wants in ("works", "how")
    spoken = told and prose
    place = here * here * prose  # a heading that names half of the thing counts a quarter
    return {
        "named": place,
        "named_first": place / (1 + candidate.order),
        "named_code": max(here, over) * code,
        "unsaid": place * (1 - shared),
        "works_first": place * (wants == "works" and not candidate.run) / (1 + candidate.order),
        "steps": _step(candidate, max(here, over)) if works and prose and candidate.run else 0.0,
        "process": float(works and prose and _PROCESS.search(text) is not None),
        "reasons": max(here, over) * (kind == "why" and prose and OF_REASONS.search(candidate.section) is not None),
        "formula_here": _formula(asked, candidate, max(here, over)) if wants == "formula" else 0.0,
        "row_elsewhere": (1 - here) * (form == "row" and told and wants not in ("compare", "code")),
        "code_works": float(code and (wants == "works" or kind in ("why", "define"))),
        "opens_code": float(code and _OPENS_CODE.match(text) is not None),
        "identifier": float(
            told
            and (wants == "code" or (wants == "how" and shared >= _HALF))
            and (code or _IDENTIFIER.search(text) is not None)
        ),
        "compared": _spoken(asked, f"{candidate.columns}\n{text}") if wants == "compare" else 0.0,
        "if_then": float(prose and _IF_THEN.search(text) is not None and WHAT_IF.search(asked.text) is not None),
        "history": float(spoken and (kind != "what" or wants == "works") and _HISTORY.search(text) is not None),
        "example": (1 - shared) * (spoken and _EXAMPLE.match(text) is not None),
        "drawback": float(spoken and _DRAWBACK.match(text) is not None and not _ASKS_DRAWBACK.search(asked.text)),
        "preamble": float(spoken and _PREAMBLE.search(text) is not None),
        "debris": float(prose and _DEBRIS.match(text) is not None),
    }


def written_out(candidate: Candidate) -> bool:
    """Whether it holds a formula that is more than a sign or two."""
    text = candidate.text
    bare = _QUOTED.sub("", text) if candidate.form == "prose" else text
    return _WRITTEN_OUT.search(bare) is not None or any(
        len(formula) > _REAL_FORMULA and _EQUATION.search(formula) for formula in _FORMULA.findall(text)
    )


def _formula(asked: Asked, candidate: Candidate, under: float) -> float:
    """How much a formula is the one of the asked thing, by what stands over it, ahead of it and in it."""
    text = candidate.text
    if not written_out(candidate) or (_DERIVED.search(text) and not _ASKS_DERIVED.search(asked.text)):
        return 0.0
    near = _spoken(asked, f"{candidate.section}\n{candidate.intro}\n{text}")
    return max(under, near) * (1.3 if text.startswith("$$") else 1.0)


def _step(item: Candidate, under: float) -> float:
    return under * (item.numbered + (OF_STEPS.search(item.section) is not None)) / 2


def _spoken(asked: Asked, text: str) -> float:
    """Share of the words of the asked thing that a text says, in the way of writing that it says most of."""
    lowered = text.lower()
    return max((sum(meets(term, lowered) for term in way) / len(way) for way in asked.subject), default=0.0)
