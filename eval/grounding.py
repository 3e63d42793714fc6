"""Does the answer stand on its passages, and was a refusal due.

Enters: an Answer. Leaves: citation recall and precision as ALCE defines them, the share of
supported sentences, and, over a whole run, the refusals' precision, recall, AUROC and risk-coverage
curve. ALCE asks an English entailment model whether passages support a sentence; here the house's
own check does (rag/grounding/citation.py), which is measured elsewhere and named in every report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.answers import without_markers
from eval.metrics import Scored, unscored
from rag.types import Answer, Passage, Sentence

NAMES = ("citation_recall", "citation_precision", "supported")

Supports = Callable[[str, Sequence[Passage]], bool]
"""(sentence without markers, passages) -> whether they together support the sentence."""


def supports(sentence: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages' text supports `sentence` in full, by the house's own check.

    As in ALCE, several passages are one text, and titles and headings count as context.
    """
    from rag.grounding.citation import check

    context = "\n".join(f"{passage.title} {passage.chunk.heading}" for passage in passages)
    return check(sentence, "\n".join(passage.text for passage in passages), context=context).support == "supported"


def score(answer: Answer, check: Supports = supports) -> Scored:
    """Citation recall, citation precision and supported share of one answer; null if it abstained."""
    if answer.abstained:
        return unscored(NAMES, "abstained: nothing is claimed")
    sentences = [sentence for sentence in answer.sentences if _words(answer, sentence)]
    if not sentences:
        return unscored(NAMES, "the answer holds no sentence")
    judged = [_citations(answer, sentence, check) for sentence in sentences]
    cited = sum(total for _, _, total in judged)
    held = [_held(answer, sentence, check) for sentence in sentences]
    return Scored(
        {
            "citation_recall": sum(recall for recall, _, _ in judged) / len(judged),
            # An answer that cites nothing has precision 0, as in ALCE's own evaluation.
            "citation_precision": sum(right for _, right, _ in judged) / cited if cited else 0.0,
            "supported": sum(held) / len(held),
        }
    )


def _words(answer: Answer, sentence: Sentence) -> str:
    return without_markers(answer.text[sentence.start : sentence.end], frozenset(sentence.markers))


def _held(answer: Answer, sentence: Sentence, check: Supports) -> bool:
    words = _words(answer, sentence)
    return any(check(words, [passage]) for passage in answer.passages)


def _citations(answer: Answer, sentence: Sentence, check: Supports) -> tuple[int, int, int]:
    """(recall, citations that count, citations) of one sentence.

    Source: Gao et al. 2023, Enabling LLMs to Generate Text with Citations, and its eval.py: a
    sentence whose markers point nowhere scores 0 and adds nothing to the citations.
    """
    cited = _cited(answer, sentence)
    if not cited:
        return 0, 0, 0
    words = _words(answer, sentence)
    if not check(words, cited):
        return 0, 0, len(cited)
    if len(cited) == 1:
        return 1, 1, 1
    needed = 0
    for position, passage in enumerate(cited):
        rest = [*cited[:position], *cited[position + 1 :]]
        needed += check(words, [passage]) or not check(words, rest)
    return 1, needed, len(cited)


def _cited(answer: Answer, sentence: Sentence) -> list[Passage]:
    """The passages behind a sentence's markers; empty if one of them points nowhere."""
    by_chunk = {passage.chunk.chunk_id: passage for passage in answer.passages}
    by_marker = {citation.marker: by_chunk.get(citation.chunk_id) for citation in answer.citations}
    found = [by_marker.get(marker) for marker in sentence.markers]
    return [passage for passage in found if passage] if all(found) else []


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Answering only the `coverage` questions with the highest score: `risk` of them go wrong."""

    coverage: float
    risk: float
    score: float


def risk_coverage(scores: Sequence[float], right: Sequence[bool], asked: int) -> list[CurvePoint]:
    """Risk over coverage as the bar for answering rises from where it stands.

    `scores` and `right` belong to the questions that were answered, out of `asked`; what an
    answer to a refused question would have been nobody knows, so the curve ends at the coverage of
    the run. Answering an unanswerable question is wrong. At most 200 points, the ends kept.

    Source: El-Yaniv and Wiener 2010, On the Foundations of Noise-free Selective Classification.
    """
    ranked = sorted(zip(scores, right, strict=True), key=lambda pair: -pair[0])
    points = []
    wrong = 0
    for taken, (value, is_right) in enumerate(ranked, 1):
        wrong += not is_right
        if taken == len(ranked) or ranked[taken][0] != value:
            points.append(CurvePoint(taken / asked, wrong / taken, value))
    if len(points) <= 200:
        return points
    return [points[round(step * (len(points) - 1) / 199)] for step in range(200)]


def answerable_score(answer: Any) -> float | None:
    """What the refusal rested on, higher for "can be answered"; None where the answer does not say."""
    value = getattr(answer, "answerable_score", None)
    return None if value is None else float(value)
