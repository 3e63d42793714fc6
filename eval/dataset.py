"""Questions with gold answers and gold evidence, and the rows that could not be read.

Rows of a file go in (loading.py and formats.py read them), a Dataset comes out. Knows no index: which
documents hold the evidence is settled in retrieval.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rag.text import language, normalise
from rag.types import Style

Kind = Literal["jsonl", "klue", "squad", "csv"]

_OURS = frozenset(["id", "question", "answers", "is_impossible", "evidence", "status"])
_SLICE_NAMES = {"lang": "language", "type": "question type", "question_type": "question type"}
_SPAN_WORDS = 6
_SPAN_CHARS = 40


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the notes that answer a question; `whole`: `text` is a document from end to end."""

    text: str
    doc_id: str | None = None
    source: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """One question; `slices` says to which groups of a report it belongs.

    `left_out` names the documents taken out of retrieval to make it unanswerable; `removed_answers`
    are the gold answers it had before.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    is_impossible: bool = False
    evidence: tuple[Evidence, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    removed_answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not asked, where it stands and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is asked; `name` carries no path, `style` is how answers are asked for."""

    name: str
    kind: Kind
    questions: tuple[EvalQuestion, ...]
    bad_rows: tuple[BadRow, ...] = ()
    style: Style = "sentence"

    @property
    def digest(self) -> str:
        """Sha256 over the questions as read, whatever file format they came in."""
        digest = hashlib.sha256()
        for question in self.questions:
            digest.update(json.dumps(as_json(question), ensure_ascii=False, sort_keys=True).encode())
            digest.update(b"\n")
        return digest.hexdigest()


def select(dataset: Dataset, *, limit: int | None = None, sample: int | None = None, seed: int = 0) -> Dataset:
    """The first `limit` questions of a seeded `sample`, in the data set's order; None takes all."""
    questions = dataset.questions
    if sample is not None and sample < len(questions):
        chosen = sorted(questions, key=lambda question: draw(seed, question.id))[:sample]
        keep = {question.id for question in chosen}
        questions = tuple(question for question in questions if question.id in keep)
    return replace(dataset, questions=questions if limit is None else questions[:limit])


def leave_out(dataset: Dataset, share: float, documents: Mapping[str, Sequence[str]], *, seed: int = 0) -> Dataset:
    """Make `share` of the answerable questions unanswerable by taking their documents out of retrieval.

    `documents` holds the gold documents by question id; a question without any is never taken. The
    choice hangs on seed and id alone, so a limit or a sample does not change it for the questions
    that stay.
    """
    candidates = [q for q in dataset.questions if not q.is_impossible and documents.get(q.id)]
    taken = {q.id for q in sorted(candidates, key=lambda q: draw(seed, q.id))[: round(share * len(candidates))]}
    return replace(
        dataset,
        questions=tuple(
            replace(
                question,
                is_impossible=True,
                answers=(),
                removed_answers=question.answers,
                left_out=tuple(documents[question.id]),
                slices={**question.slices, "answerable": "left out"},
            )
            if question.id in taken
            else question
            for question in dataset.questions
        ),
    )


def draw(seed: int, name: str) -> str:
    """A seeded lot for `name`, the same on every machine and in every order."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def finish(name: str, kind: Kind, rows: Iterator[EvalQuestion | BadRow], style: Style | None = None) -> Dataset:
    """A Dataset from rows as they were read: a repeated id is a bad row, common slices are added."""
    questions: dict[str, EvalQuestion] = {}
    bad: list[BadRow] = []
    for row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
        elif row.id in questions:
            bad.append(BadRow(row.id, "a question of that id came before"))
        else:
            questions[row.id] = replace(row, slices={**_common_slices(row), **row.slices})
    found = tuple(questions.values())
    return Dataset(name, kind, found, tuple(bad), style or ("short" if golds_are_spans(found) else "sentence"))


def _common_slices(question: EvalQuestion) -> dict[str, str]:
    slices = {"language": language(question.question), "answerable": "no" if question.is_impossible else "yes"}
    sources = [item.source for item in question.evidence if item.source]
    return {**slices, "source": sources[0].split("#")[0]} if sources else slices


def golds_are_spans(questions: Sequence[EvalQuestion]) -> bool:
    """Whether gold answers are spans of a few words: four in five have at most 6 words and 40 characters."""
    golds = [question.answers[0] for question in questions if question.answers]
    spans = sum(len(gold) <= _SPAN_CHARS and len(gold.split()) <= _SPAN_WORDS for gold in golds)
    return bool(golds) and spans >= 0.8 * len(golds)


def row_question(row: object, where: str) -> EvalQuestion | BadRow:
    """A question from one row of our format, or why it is none.

    `is_impossible` is trusted over `answers`: published copies of KLUE-MRC carry plausible answers
    in unanswerable rows. A row with a `status` counts only once it is accepted.
    """
    if not isinstance(row, Mapping):
        return BadRow(where, f"expected an object, found {type(row).__name__}")
    if (status := row.get("status", "accept")) not in ("accept", "accepted"):
        return BadRow(where, f"status is {status!r}, not 'accept'")
    question, impossible = row.get("question"), row.get("is_impossible", False)
    answers, evidence = row.get("answers", []), row.get("evidence", [])
    if not isinstance(question, str) or not any(character.isalnum() for character in question):
        return BadRow(where, "question is missing or empty")
    if not isinstance(impossible, bool):
        return BadRow(where, f"is_impossible is {impossible!r}, expected true or false")
    if not _texts(answers):
        return BadRow(where, "answers is not a list of texts")
    if (gold := _evidence(evidence)) is None:
        return BadRow(where, "evidence is not a list of {doc_id?, source?, text}")
    if not (impossible or answers or gold):
        return BadRow(where, "neither answers nor evidence: nothing to score it by")
    return EvalQuestion(
        id=str(row.get("id") or where.replace(" ", "-")),
        question=normalise(question).strip(),
        answers=() if impossible else tuple(normalise(text) for text in answers if text.strip()),
        is_impossible=impossible,
        evidence=gold,
        slices={
            _SLICE_NAMES.get(key, str(key)): str(value)
            for key, value in row.items()
            if key not in _OURS and isinstance(value, str | int | bool)
        },
    )


def as_json(question: EvalQuestion) -> dict[str, Any]:
    """A question as a line of our JSONL, its slices beside it; whole documents by id alone."""
    return {
        "id": question.id,
        "question": question.question,
        "answers": list(question.answers),
        "is_impossible": question.is_impossible,
        "evidence": [
            {"doc_id": item.doc_id, "source": item.source, "text": "" if item.whole and item.doc_id else item.text}
            for item in question.evidence
        ],
        "slices": dict(question.slices),
        "left_out": list(question.left_out),
        "removed_answers": list(question.removed_answers),
    }


def _texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _evidence(items: object) -> tuple[Evidence, ...] | None:
    found = []
    for item in items if isinstance(items, list) else [None]:
        if not isinstance(item, Mapping) or not (item.get("text") or item.get("doc_id")):
            return None
        if not all(isinstance(item.get(key) or "", str) for key in ("text", "doc_id", "source")):
            return None
        text = normalise(item.get("text") or "")
        found.append(Evidence(text, item.get("doc_id"), item.get("source"), whole=not text))
    return tuple(found)
