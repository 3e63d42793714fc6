"""The questions of `benchmarks.refusing`: with an answer, with it taken away, and without one from the start.

Each is looked up as `ask` does and leaves its signals; what they are good for is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eval.calibrating import look_up_all
from eval.dataset import Dataset, EvalQuestion, Evidence, select
from eval.loading import load
from rag.grounding.calibration import Row

if TYPE_CHECKING:
    from rag.retrieval.retriever import NotesRetriever

ROOT = Path(__file__).resolve().parent.parent
COURSES = ("korean_notes", "mixed", "hf_course_en")
FRESH = tuple(f"{name}_fresh" for name in COURSES)
ELSEWHERE = 120


@dataclass(frozen=True, slots=True)
class Seen:
    """A question as it was looked up, the set (and kind) it belongs to, and whether its document's number is even."""

    name: str
    question: str
    row: Row
    found: bool
    even: bool
    kind: str = ""


def everything(data: str, retrievers: Sequence[NotesRetriever], limit: int, *, rarity: bool) -> Iterable[Seen]:
    """All sets; without `rarity` KLUE alone."""
    klue_index, notes, courses = retrievers
    klue = load(data)
    # KLUE's own unanswerable rows have their passage at hand and a plausible answer in it: another task.
    klue = replace(klue, questions=tuple(question for question in klue.questions if not question.is_impossible))
    klue_half = halves(klue.questions)
    yield from _looked_up("klue", klue_index, select(klue, sample=limit), 0.5, klue_half, rarity)
    if not rarity:
        return
    own = load(str(ROOT / "notes" / "questions.jsonl"))
    yield from _looked_up("notes", notes, own, 0.0, halves(own.questions), True)
    for name, files in (("courses", COURSES), ("fresh", FRESH)):
        about = [_wherever_said(file, courses) for file in files]
        half = halves([question for dataset in about for question in dataset.questions])
        for dataset in about:
            for share in (0.0, 1.0):
                yield from _looked_up(name, courses, dataset, share, half, True)
            if dataset.name.startswith("hf_"):
                yield from _looked_up("elsewhere-courses", courses, _of_the_course(dataset, courses), 1.0, half, True)
    for place, (name, retriever) in enumerate((("notes", notes), ("courses", courses))):
        chosen = select(klue, sample=ELSEWHERE, seed=1 + place)
        asked = replace(chosen, questions=tuple(replace(q, is_impossible=True, evidence=()) for q in chosen.questions))
        yield from _looked_up(f"elsewhere-{name}", retriever, asked, 0.0, klue_half, True)
        for short, file in (("short", "short_dev"), ("short-fresh", "short_fresh")):
            dataset = _wherever_said(file, retriever)
            for share in (0.0, 1.0):
                yield from _looked_up(short, retriever, dataset, share, halves(dataset.questions), True)
        for kind, file in (("off", "off_topic"), ("near", "near_topic")):
            nowhere = load(str(ROOT / "benchmarks" / "refusals" / f"{file}.jsonl"))
            yield from _looked_up(f"{kind}-{name}", retriever, nowhere, 0.0, halves(nowhere.questions), True)


def _looked_up(
    name: str, retriever: NotesRetriever, dataset: Dataset, share: float, even: dict[str, bool], rarity: bool
) -> Iterable[Seen]:
    found = look_up_all(retriever, dataset, share=share, k=retriever.k, rarity=rarity, told=lambda: None)
    for question, asked in zip(dataset.questions, found, strict=True):
        kind = question.slices.get("question type", "")
        yield Seen(name, question.question, asked.row, asked.found, even[question.id], kind)


def halves(questions: Iterable[EvalQuestion]) -> dict[str, bool]:
    """Whether the first document that a question names has an even number; one that names none is its own."""
    numbers: dict[str, int] = {}
    even = {}
    for question in questions:
        first = question.evidence[0] if question.evidence else None
        about = first.doc_id or chapter(first.source or "") if first else question.id
        even[question.id] = numbers.setdefault(about, len(numbers)) % 2 == 0
    return even


def chapter(source: str) -> str:
    """The end of a path that the translations of a chapter share."""
    return "/".join(source.split("/")[-2:])


def _wherever_said(name: str, retriever: NotesRetriever) -> Dataset:
    """The questions of a file about what is indexed; alternatives and translations are evidence too.

    Taken away, all of them must be.
    """
    path = ROOT / "benchmarks" / "retrieval" / f"{name}.jsonl"
    documents: dict[str, list[str]] = {}
    for document in retriever.index.documents():
        documents.setdefault(chapter(document.source), []).append(document.doc_id)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    sources = {row["id"]: [item["source"] for item in [*row["evidence"], *row.get("alternatives", [])]] for row in rows}
    dataset = load(str(path))
    questions = []
    for question in dataset.questions:
        names = dict.fromkeys(chapter(source) for source in sources[question.id])
        if not names.keys() <= documents.keys():
            continue
        others = tuple(Evidence("", doc_id, whole=True) for name in names for doc_id in documents[name])
        questions.append(replace(question, evidence=question.evidence + others))
    return replace(dataset, questions=tuple(questions))


def _of_the_course(dataset: Dataset, retriever: NotesRetriever) -> Dataset:
    """All chapters of the Hugging Face course as evidence: taken away, only the other course is left."""
    whole = tuple(
        Evidence("", document.doc_id, whole=True)
        for document in retriever.index.documents()
        if "chapters/" in document.source
    )
    questions = tuple(replace(question, evidence=question.evidence + whole) for question in dataset.questions)
    return replace(dataset, questions=questions)
