"""Is there an answer in these passages at all? Signals anyone can check, and a calibrated decision.

Takes a question and the passages retrieved for it; returns a probability and why. Also the words of
an honest refusal, and how to recognise a generator's own. Knows no index and no generator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.grounding.calibration import Calibration, Language
from rag.grounding.signals import signals
from rag.text import language, sentences
from rag.types import Meaning, Passage

_REFUSALS = {
    "ko": "노트에는 이 질문에 대한 답이 없습니다.",
    "en": "The notes don't say anything that answers this question.",
}
# Each wants the notes, the question or the answer as what is missing: "위치 정보가 없다" is an answer.
_REFUSES = re.compile(
    r"(?:노트|문서|자료|지문|본문|문맥|텍스트|제공된\s?(?:내용|정보)|주어진\s?(?:내용|정보)|위의?\s내용)(?:들)?"
    r"(?:에|에는|에서|에서는|로는|만으로는|으로는)\s(?!따르면|의하면)[^.\n]{0,60}"
    r"(?:없습니다|없다|없어요|없음|않습니다|않다|않는다|않아요|않았습니다|못했습니다|못합니다)[.!\s]*$"
    r"|(?:질문|답|답변|대답)(?:에|을|를|은|이|에 대해|에 대한|을 드릴|을 찾을)?[^.\n]{0,25}"
    r"(?:수(?:가)? 없(?:습니다|다|어요|음)|어렵습니다|못했습니다|없습니다)[.!\s]*$"
    r"|^(?:죄송|(?:정확히는?|잘|저는|현재)?\s?(?:알 수 없습니다|알 수 없음|모르겠습니다|모르겠어요|모릅니다)[.!\s]*$)"
    r"|\b(?:notes?|passages?|documents?|context|text|sources?|information)\b[^.!?\n]{0,30}"
    r"\b(?:do(?:es)?|did)(?:\s?n[o']t|\snot)\b\s(?:\w+ly\s)?"
    r"(?:say|contain|mention|provide|include|specify|state|have|answer|discuss|explain|give|cover|address|tell)"
    r"|^(?:I|We|Unfortunately,? I)\s(?:do\s?n[o']t|do not|cannot|can't|could not|couldn't|am unable to|was unable to)\s"
    r"(?:know|find|answer|determine|say|tell)\b"
    r"|\b(?:not|n't)\s(?:\w+ly\s)?(?:mentioned|stated|specified|provided|contained|included|found|discussed|answered)\s"
    r"(?:in|by|from)\s(?:the|your|these|any)\s(?:\w+\s)?(?:notes?|passages?|documents?|context|text|sources?)"
    r"|^(?:There is|There's|I found|I see)\sno\s(?:\w+\s)?(?:information|answer|mention)\b|^I(?:'m| am) sorry\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to answer, the probability (0..1) that the passages hold an answer, and why."""

    answerable: bool
    score: float
    why: str


def refusal(question: str) -> str:
    """The honest "the notes don't say", in the question's language."""
    return _REFUSALS[language(question)]


def is_refusal(text: str) -> bool:
    """Whether a generator's text says, in its first sentence, that it has no answer."""
    spans = sentences(text.strip())
    return bool(spans) and _REFUSES.search(text.strip()[: spans[0].end]) is not None


def answerable(
    question: str,
    passages: Sequence[Passage],
    *,
    idf: Callable[[str], float] | None = None,
    meaning: Meaning | None = None,
    calibration: Mapping[Language, Calibration] | None = None,
) -> Decision:
    """Decide whether `passages` can answer `question`.

    `idf` weighs a morpheme by how rare it is in the notes (any scale, 0 or more); without it names
    weigh more than nouns, nouns more than verbs. `meaning` is what vectors say (rag/meaning.py). `calibration` holds
    the user's own for a language (calibration_file.py); one that it lacks takes the one that ships with this module.
    """
    found = signals(question, passages, idf=idf, meaning=meaning)
    asked_in = language(question)
    model = (calibration or {}).get(asked_in) or (SHIPPED_WITHOUT_IDF if idf is None else SHIPPED[asked_in])
    probability = model.probability(found.values)
    threshold = model.thresholds[asked_in]
    if probability >= threshold:
        return Decision(True, probability, f"one place covers {found.values['place']:.0%} of the question's words")
    said = f"no passage speaks of {', '.join(found.missing[:3])}" if found.missing else "no place says it together"
    return Decision(False, probability, f"{said} (score {probability:.2f}, needed {threshold:.2f})")


# Weights and thresholds are those that `benchmarks/refusing.py --fit` prints. Korean weights are fitted on the even
# half of KLUE-MRC, of two courses and of short questions, with questions from elsewhere among them; English ones on
# what of it is English, drawn to the Korean ones. A threshold refuses at most 3 % of the answerable questions that it
# was set on; docs/grounding.md has the figures of the others. Vectors have no say in Korean: the encoder that comes
# with the package reads none.
SHIPPED: Mapping[Language, Calibration] = {
    "ko": Calibration(
        weights={
            "passage": 1.62,
            "place": 0.19,
            "names": -0.71,
            "bigrams": 0.79,
            "first": 0.05,
            "type": 0.56,
            "absent": -1.41,
            "unheard": 0.13,
            "likely": 1.55,
            "thin": -8.08,
            "meaning": 0.00,
            "ahead": 0.00,
        },
        bias=-1.38,
        thresholds={"ko": 0.07},
    ),
    "en": Calibration(
        weights={
            "passage": 1.23,
            "place": -1.01,
            "names": -0.10,
            "bigrams": -0.21,
            "first": -0.09,
            "type": 0.59,
            "absent": -1.79,
            "unheard": -0.11,
            "likely": 2.08,
            "thin": -7.39,
            "meaning": 0.85,
            "ahead": 3.54,
        },
        bias=-2.10,
        thresholds={"en": 0.14},
    ),
}
# Without rarities, for a caller that has no index: `--fit --without-idf`, half as many questions of KLUE-MRC alone. The
# threshold for English, of which KLUE has none, was set by hand.
SHIPPED_WITHOUT_IDF = Calibration(
    weights={
        "passage": 1.60,
        "place": 0.27,
        "names": -0.61,
        "bigrams": 1.31,
        "first": 1.07,
        "type": 0.02,
        "absent": -2.02,
        "unheard": 0.00,
        "likely": 0.00,
        "thin": -4.64,
        "meaning": 0.00,
        "ahead": 0.00,
    },
    bias=-1.02,
    thresholds={"ko": 0.20, "en": 0.08},
)
