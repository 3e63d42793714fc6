"""A follow-up question -> what to look up: "그건 왜 그래?" means little without what was asked before.

By rule, no model: a question that points back, or that has next to no words of its own, is looked up
together with the question before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text import morphemes, nouns, typed
from rag.transliteration import foreign
from rag.types import Turn

_POINTS_BACK = re.compile(
    r"(?:^|\s)(?:그|이|저)(?:건|게|것|거|걸|런|럼|때|런데|중|외|렇|보다)|그럼|그러면|그래서|왜\s?그|둘\s?중|위에서|방금|앞에서|또\s?다른|더\s?자세"
    r"|\b(?:it|its|that|this|those|these|they|them|their|there|former|latter|instead|else|both)\b",
    re.IGNORECASE,
)
# "쿠버네티스가 뭐야?": few words, but one of them names what is asked about.
_DEFINES = re.compile(r"(?:이?란|은|는|이|가)\s*(?:뭐|무엇|뭔|머)|이?란[\s?？]*$")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_FEW_WORDS = 2


def look_up(question: str, history: Sequence[Turn]) -> str:
    """The query for a question, with the questions before it where it does not stand alone."""
    asked = [typed(turn.content) for turn in history if turn.role == "user"]
    query = typed(question)
    for earlier in reversed(asked[-2:]):
        if not _leans(query):
            break
        query = f"{earlier}\n{query}"
    return query


def _leans(question: str) -> bool:
    if _POINTS_BACK.search(question):
        return True
    return len(set(morphemes(question))) <= _FEW_WORDS and not _introduces(question)


def _introduces(question: str) -> bool:
    """Whether it asks what something is that it names itself: by a Latin word, or one taken over from English."""
    asks = _DEFINES.search(question)
    if asks is None:
        return False
    named = question[: asks.start()]
    return bool(_LATIN.search(named)) or any(foreign(noun.word) and len(noun.word) > 2 for noun in nouns(named))
