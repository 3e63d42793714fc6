"""A small pipeline that answers by rule, records made by hand, and a data set to ask."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from eval.dataset import Dataset, EvalQuestion, Evidence
from eval.results import Result
from rag.errors import QueueFull, UnknownDocument
from rag.text import bigrams, sentences
from rag.types import (
    Answer,
    Chunk,
    Citation,
    Document,
    DocumentSummary,
    Passage,
    Question,
    Readiness,
    Scope,
    SearchResult,
    Sentence,
    Timings,
    Usage,
)

TEXTS = {
    "한글.md": ("한글", "세종대왕은 1443년에 한글을 창제했다. 한글은 1446년에 반포되었다."),
    "lstm.md": ("LSTM", "LSTM은 게이트로 기울기 소실을 줄인다. 망각 게이트는 셀 상태를 지운다."),
    "lora.md": ("LoRA", "LoRA trains two low-rank matrices. The rank r is often 8."),
    "rag.md": ("RAG", "RAG는 검색한 구절을 프롬프트에 넣는다. 근거가 없으면 모른다고 답한다."),
    "bpe.md": ("BPE", "BPE는 가장 잦은 쌍을 합친다. 어휘 크기는 하이퍼파라미터다. 😀 이모지도 바이트로 쪼갠다."),
}


def document(source: str) -> Document:
    title, text = TEXTS[source]
    return Document("doc-" + source, source, title, text)


def passage(text: str, doc_id: str = "d", rank: int = 1, chunk_id: str | None = None, source: str = "d.md") -> Passage:
    chunk = Chunk(chunk_id or f"{doc_id}:{rank}", doc_id, 0, len(text), text, "", 9)
    return Passage(chunk, rank, 1.0 / rank, 0, len(text), text, source, source)


def answer(
    text: str,
    passages: tuple[Passage, ...],
    cited: list[tuple[int, ...]],
    *,
    abstained: bool = False,
    score: float | None = 0.5,
) -> Answer:
    """An answer of which sentence i carries the markers cited[i]; marker n quotes passage n's first words."""
    found = [
        Sentence(span.start, span.end, "supported", markers)
        for span, markers in zip(sentences(text), cited, strict=True)
    ]
    citations = tuple(
        Citation(n, p.chunk.chunk_id, p.chunk.doc_id, p.source, p.start, p.start + 10, p.text[:10], "supported")
        for n, p in enumerate(passages, 1)
        if any(n in markers for markers in cited)
    )
    made = Answer(text, tuple(found), citations, passages, abstained, "fake", Usage(100, 10), Timings(1.0, 2.0, 3.0))
    return replace(made, answerable_score=score)


class FakePipeline:
    """Finds by shared character bigrams, answers with the best passage's best sentence, counts its calls.

    `busy` first calls of ask meet a full queue; a question in `broken` makes the generator fail.
    """

    def __init__(self, busy: int = 0, broken: dict[str, Exception] | None = None) -> None:
        self.library = {found.doc_id: found for found in map(document, TEXTS)}
        self.asked: list[Question] = []
        self.reads = 0
        self._busy = busy
        self._broken = broken or {}
        self._lock = threading.Lock()

    def search(self, query: str, k: int | None = None, scope: Scope | None = None) -> SearchResult:
        wanted = set(bigrams(query))
        hidden = scope.exclude_doc_ids if scope else ()
        ranked = sorted(
            (found for found in self.library.values() if found.doc_id not in hidden),
            key=lambda found: (-len(wanted & set(bigrams(found.text))), found.doc_id),
        )
        passages = []
        for rank, found in enumerate(ranked[: k or 2], 1):
            chunk = Chunk("chunk-" + found.source, found.doc_id, 0, len(found.text), found.text, found.title, 9)
            passages.append(Passage(chunk, rank, 1 / rank, 0, len(found.text), found.text, found.source, found.title))
        return SearchResult(query, tuple(passages), "gen-000001", "fake-encoder")

    def ask(self, question: Question, cancel: threading.Event | None = None) -> Answer:
        with self._lock:
            self.asked.append(question)
            if self._busy:
                self._busy -= 1
                raise QueueFull("full", retry_after_s=0.0)
        if question.text in self._broken:
            raise self._broken[question.text]
        passages = self.search(question.text, question.k, question.scope).passages
        wanted = set(bigrams(question.text))
        best, span = max(
            ((found, span) for found in passages for span in sentences(found.text)),
            key=lambda pair: len(wanted & set(bigrams(pair[0].text[pair[1].start : pair[1].end]))),
        )
        quote = best.text[span.start : span.end]
        shared = len(wanted & set(bigrams(quote)))
        abstained = shared < 3
        common: dict[str, Any] = {
            "passages": passages, "abstained": abstained, "generator": "fake", "usage": Usage(50, 5),
            "timings_ms": Timings(1.0, None if abstained else 2.0, 3.0), "question": question.text,
            "embedder": "fake-encoder", "generation": "gen-000001", "answerable_score": float(shared),
        }  # fmt: skip
        if abstained:
            return Answer("노트에는 답이 없습니다.", (), (), **common)
        text = quote + " [1]"
        citation = Citation(
            1, best.chunk.chunk_id, best.chunk.doc_id, best.source, span.start, span.end, quote, "supported"
        )
        return Answer(text, (Sentence(0, len(text), "supported", (1,)),), (citation,), **common)

    def document(self, doc_id: str) -> Document:
        self.reads += 1
        try:
            return self.library[doc_id]
        except KeyError:
            raise UnknownDocument(doc_id) from None

    def documents(self) -> list[DocumentSummary]:
        return [DocumentSummary(d.doc_id, d.source, d.title, len(d.text), 1) for d in self.library.values()]

    def readiness(self) -> Readiness:
        return Readiness(True, "gen-000001", "fake-encoder", "fake", ("The fake stands in.",))

    def close(self, timeout_s: float = 0) -> None:
        raise AssertionError("a pipeline that was passed in is not the runner's to close")


QUESTIONS = (
    EvalQuestion("q1", "세종대왕은 언제 한글을 창제했나?", ("1443년",), False,
                 (Evidence("세종대왕은 1443년에 한글을 창제했다.", source="한글.md"),), {"language": "ko"}),
    EvalQuestion("q2", "What is the rank r in LoRA?", ("8",), False,
                 (Evidence("The rank r is often 8.", source="lora.md"),), {"language": "en"}),
    EvalQuestion("q3", "망각 게이트는 무엇을 지우나?", ("은닉 상태",), False,
                 (Evidence("망각 게이트는 셀 상태를 지운다.", doc_id="doc-lstm.md"),), {"language": "ko"}),
    EvalQuestion("q4", "RAG가 넣는 것은 무엇인가?", ("구절",), False,
                 (Evidence("노트에 없는 문장이다."),), {"language": "ko"}),
    EvalQuestion("q5", "오늘 저녁 날씨 어때?", (), True, (), {"language": "ko"}),
    EvalQuestion("q6", "한글은 1446년에 어디에서 반포되었나?", (), True, (), {"language": "ko"}),
)  # fmt: skip


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
def dataset() -> Dataset:
    return Dataset("small", "jsonl", QUESTIONS, (), "short")


def result(name: str, scores: dict[str, float | None], **fields: Any) -> Result:
    """A line of results.jsonl with what a test cares about."""
    made: dict[str, Any] = {
        "id": name, "question": "?", "answers": ["a"], "is_impossible": False, "answer": "a", "prediction": "a",
        "abstained": False, "citations": [], "passages": [], "scores": scores, "unscored": {}, "failure": None,
        "timings_ms": {},
    }  # fmt: skip
    return Result(**{**made, **fields})
