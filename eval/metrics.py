"""The table of metrics: name, family, unit and which direction is better; and what a score is.

A score is a number or null with a reason, never 0 for "could not be scored". This module knows no
formula: those stand in answers.py, retrieval.py and grounding.py, one function a metric.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Family = Literal["retrieval", "answers", "citations", "refusals", "judge", "cost"]
Unit = Literal["share", "ms", "tokens"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of a report; `published` ones compare with papers, the others are ours."""

    name: str
    family: Family
    english: str
    korean: str
    unit: Unit = "share"
    higher_is_better: bool = True
    published: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """Values by metric name (None: unscored) and, for each None, the reason."""

    values: Mapping[str, float | None] = field(default_factory=dict)
    unscored: Mapping[str, str] = field(default_factory=dict)


def unscored(names: tuple[str, ...], why: str) -> Scored:
    """Null for every name, all for the same reason."""
    return Scored(dict.fromkeys(names), dict.fromkeys(names, why))


def together(*parts: Scored) -> Scored:
    """The union of several scores; a later part wins on a shared name."""
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for part in parts:
        values.update(part.values)
        for name in part.values:
            reasons.pop(name, None)
        reasons.update(part.unscored)
    return Scored(values, reasons)


METRICS: tuple[Metric, ...] = (
    Metric("recall@1", "retrieval", "evidence at rank 1", "근거가 1위", published=True),
    Metric("recall@5", "retrieval", "evidence in the first 5", "근거가 5위 안", published=True),
    Metric("recall@10", "retrieval", "evidence in the first 10", "근거가 10위 안", published=True),
    Metric("recall@20", "retrieval", "evidence in the first 20", "근거가 20위 안", published=True),
    Metric("rr@10", "retrieval", "reciprocal rank, first 10", "역순위 (10위까지)", published=True),
    Metric("ndcg@10", "retrieval", "nDCG, first 10", "nDCG (10위까지)", published=True),
    Metric("em_klue", "answers", "exact match, KLUE", "정확 일치 (KLUE)", published=True),
    Metric(
        "rouge_w_klue",
        "answers",
        "longest shared run, KLUE “ROUGE-W”",
        "최장 공통 구간 (KLUE “ROUGE-W”)",
        published=True,
    ),
    Metric("em_korquad", "answers", "exact match, KorQuAD", "정확 일치 (KorQuAD)", published=True),
    Metric("f1_korquad", "answers", "character F1, KorQuAD", "글자 F1 (KorQuAD)", published=True),
    Metric("contains", "answers", "gold answer is in the answer", "답변에 정답이 들어 있음"),
    Metric(
        "citation_recall", "citations", "sentences their citations support", "인용이 뒷받침하는 문장", published=True
    ),
    Metric(
        "citation_precision", "citations", "citations that are needed and hold", "쓸모 있고 맞는 인용", published=True
    ),
    Metric("supported", "citations", "sentences some passage supports", "구절이 뒷받침하는 문장"),
    Metric("abstain_precision", "refusals", "refusals that were due", "거절 중 마땅한 것"),
    Metric("abstain_recall", "refusals", "unanswerable questions refused", "답 없는 질문 중 거절한 것"),
    Metric("abstain_auroc", "refusals", "how well the score tells them apart (AUROC)", "점수의 구별력 (AUROC)"),
    Metric("judge_support", "judge", "support, by the judge", "뒷받침 (심사 모델)"),
    Metric("judge_completeness", "judge", "completeness, by the judge", "완전함 (심사 모델)"),
    Metric(
        "first_token_ms", "cost", "until the first word, median", "첫 글자까지, 중앙값", "ms", higher_is_better=False
    ),
    Metric(
        "total_ms", "cost", "until the answer is whole, median", "답변 끝까지, 중앙값", "ms", higher_is_better=False
    ),
    Metric("prompt_tokens", "cost", "tokens read per question", "질문당 읽은 토큰", "tokens", higher_is_better=False),
    Metric(
        "completion_tokens", "cost", "tokens written per question", "질문당 쓴 토큰", "tokens", higher_is_better=False
    ),
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
FAMILIES: tuple[Family, ...] = ("retrieval", "answers", "citations", "refusals", "judge", "cost")

RUN_METRICS = ("abstain_precision", "abstain_recall", "abstain_auroc")
"""Metrics of a whole run: no single question has a value."""

ANSWERABLE_SCORE = "answerable_score"
"""Kept beside a question's scores: what the refusal rests on, higher for "can be answered"."""

CROSS_CHECKED, CROSS_DOUBTED = "cross_checked", "cross_doubted"
"""Kept beside a question's scores where `cross_check` was on: sentences the generator was asked about, and those of
them that are less than supported."""


def named(name: str) -> Metric:
    """The metric of that name, or a plain one for a name this version does not know."""
    return BY_NAME.get(name) or Metric(name, "answers", name, name)
