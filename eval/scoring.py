"""One question and what came back for it -> one line of results.jsonl.

Enters: the question, its gold, the passages of a search and the answer (or why there is none).
Leaves: a Result with every metric of a question and the place where it went wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval import answers, grounding, retrieval
from eval.dataset import EvalQuestion
from eval.metrics import ANSWERABLE_SCORE, CROSS_CHECKED, CROSS_DOUBTED, Scored, together, unscored
from eval.results import ANSWER, Failure, PassageText, Result
from eval.retrieval import Gold
from rag.types import Answer, Citation, Passage

_COST = ("first_token_ms", "total_ms", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: ranked `passages`, and an `answer` or the reason `why` there is none."""

    passages: tuple[Passage, ...]
    answer: Answer | None = None
    why: str | None = None


def score(
    question: EvalQuestion,
    gold: Gold,
    reply: Reply,
    k: int,
    judged: Scored | None = None,
    check: grounding.Supports = grounding.supports,
) -> Result:
    """Every metric of one question; `k` passages are what an answer would be written from."""
    answer = reply.answer
    prediction = None if answer is None else predicted(answer)
    # A generator that gave up is a missing prediction, and KLUE counts that 0; nothing asked is nothing scored.
    gave_up = answer is None and reply.why is not None
    refused = reply.why if reply.why and not reply.passages else None
    parts = [unscored(retrieval.NAMES, refused) if refused else retrieval.score(gold, reply.passages)]
    if answer is None and not gave_up:
        parts.append(unscored((*answers.NAMES, *grounding.NAMES, *_COST, ANSWERABLE_SCORE), "no answer was asked for"))
    else:
        parts.append(answers.score(prediction, question.answers, is_impossible=question.is_impossible))
        parts.append(_of_answer(answer, check) if answer else unscored((*grounding.NAMES, *_COST), reply.why or ""))
    if judged:
        parts.append(judged)
    scored = together(*parts)
    failure, why = where_it_went_wrong(question, gold, reply, k, scored.values)
    reasons = dict(scored.unscored) | ({"failure": why} if why else {}) | ({ANSWER: reply.why} if reply.why else {})
    return Result(
        id=question.id,
        question=question.question,
        answers=list(question.answers),
        is_impossible=question.is_impossible,
        answer=None if answer is None else answer.text,
        prediction=prediction,
        abstained=None if answer is None else answer.abstained,
        citations=[] if answer is None else [_citation(citation) for citation in answer.citations],
        passages=retrieval.as_json(reply.passages),
        scores={name: None if value is None else round(value, 6) for name, value in scored.values.items()},
        unscored=reasons,
        failure=failure,
        timings_ms={} if answer is None else _timings(answer),
    )


def predicted(answer: Answer) -> str:
    """What the answer metrics score: the answer without its markers, "" if it abstained."""
    if answer.abstained:
        return ""
    return answers.without_markers(answer.text, frozenset(citation.marker for citation in answer.citations))


def where_it_went_wrong(
    question: EvalQuestion, gold: Gold, reply: Reply, k: int, scores: Mapping[str, float | None]
) -> tuple[Failure | None, str | None]:
    """One of FAILURES, or None and why nobody can tell.

    Right is a refusal where the notes hold no answer, and otherwise an answer that contains a gold
    answer (`contains`) or equals one (`em_klue`). Retrieved means among the passages that the
    answer was written from, the first k where none was asked for. A question that was not
    retrieved counts as that, whether the answer then was a refusal or wrong.
    """
    answer = reply.answer
    if answer is None and reply.why:
        return None, reply.why
    if question.is_impossible:
        if answer is None:
            return None, "no answer was asked for"
        return ("right" if answer.abstained else "answered though unanswerable"), None
    if answer and question.answers and not answer.abstained and (scores["contains"] or scores["em_klue"]):
        return "right", None
    if gold.why:
        return None, gold.why
    if not gold.hits(answer.passages if answer else reply.passages[:k]):
        return "not retrieved", None
    if answer is None:
        return None, "no answer was asked for"
    if answer.abstained:
        return "retrieved, wrongly refused", None
    if not question.answers:
        return None, "the question has no gold answer"
    return "retrieved, wrong answer", None


def texts(reply: Reply) -> list[PassageText]:
    """The passages that were found or read, as passages.jsonl holds them."""
    read: Sequence[Passage] = reply.answer.passages if reply.answer else ()
    return [
        PassageText(
            chunk_id=passage.chunk.chunk_id,
            doc_id=passage.chunk.doc_id,
            source=passage.source,
            title=passage.title,
            heading=passage.chunk.heading,
            start=passage.start,
            end=passage.end,
            text=passage.text,
        )
        for passage in (*read, *reply.passages)
    ]


def _of_answer(answer: Answer, check: grounding.Supports) -> Scored:
    behind = grounding.answerable_score(answer)
    first = answer.timings_ms.first_token
    heard = [sentence for sentence in answer.sentences if sentence.model_yes is not None]
    doubted = sum(sentence.support != "supported" for sentence in heard)
    return together(
        grounding.score(answer, check),
        Scored({CROSS_CHECKED: float(len(heard)), CROSS_DOUBTED: float(doubted)} if heard else {}),
        Scored(
            {
                ANSWERABLE_SCORE: behind,
                "first_token_ms": first,
                "total_ms": answer.timings_ms.total,
                "prompt_tokens": float(answer.usage.prompt_tokens),
                "completion_tokens": float(answer.usage.completion_tokens),
            },
            ({} if behind is not None else {ANSWERABLE_SCORE: "the answer carries no score behind refusing"})
            | ({} if first is not None else {"first_token_ms": "nothing was generated"}),
        ),
    )


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "marker": citation.marker,
        "chunk_id": citation.chunk_id,
        "doc_id": citation.doc_id,
        "source": citation.source,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "support": citation.support,
    }


def _timings(answer: Answer) -> dict[str, float | None]:
    timings = answer.timings_ms
    return {
        "retrieve": round(timings.retrieve, 3),
        "first_token": None if timings.first_token is None else round(timings.first_token, 3),
        "total": round(timings.total, 3),
    }
