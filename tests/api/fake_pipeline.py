"""A small, complete pipeline: real records, real offsets, a real bounded queue, no model.

It answers from three notes by shared words. What it does besides is asked for by the question:
"막아" waits inside the generator until `hold` is set or the asker leaves, "고장" fails after two
tokens, "터짐" raises something nobody foresaw, "의심" is answered with doubtful support.
"""

# ruff: noqa: E501  (notes are written in long lines)

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

from rag import errors
from rag.types import (
    Answer,
    AnswerDone,
    Chunk,
    Citation,
    CitationFound,
    Document,
    DocumentSummary,
    Event,
    Passage,
    PassagesFound,
    Question,
    Readiness,
    Scope,
    SearchResult,
    Sentence,
    Timings,
    TokenWritten,
    Usage,
)

NOTES = {
    "05-attention.md": (
        "Attention 🧭",
        "# 05. Attention 🧭\n\n## 1. 출발점\n\nRNN encoder-decoder는 입력 문장 전체를 **고정 길이 벡터 하나**에 눌러 담는다. "
        "문장이 길어질수록 앞부분 정보가 사라진다.\n\n## 2. Scaled dot-product\n\n내적 $q\\cdot k$의 평균은 0, 분산은 $d_k$가 된다. "
        "그래서 점수를 $\\sqrt{d_k}$로 나누면 분산이 다시 1이 된다. 나누지 않으면 softmax가 포화되어 gradient가 거의 0이 된다.\n\n"
        "```python\nscores = q @ k.T / math.sqrt(d_k)  # (n, n)\nweights = scores.softmax(dim=-1)\n```\n\n"
        "## 3. Attention의 종류\n\n| 종류 | Q의 출처 | K, V의 출처 |\n|---|---|---|\n| self-attention | 같은 시퀀스 | 같은 시퀀스 |\n"
        "| cross-attention | decoder | encoder 출력 |\n\n- **Padding mask**: `[PAD]` 자리를 보지 못하게 한다.\n"
        "- **Causal mask**: 미래 토큰을 보지 못하게 한다. 하삼각 행렬만 허용.\n",
    ),
    "09-lora.md": (
        "LoRA와 PEFT",
        "# 09. LoRA와 PEFT\n\n## 1. 왜 LoRA인가\n\nLoRA는 원래 가중치를 얼려 두고 작은 저랭크 행렬 두 개만 학습한다. "
        "학습할 파라미터가 1% 아래로 줄어든다.\n\n## 2. 병합\n\n추론할 때는 $W + BA$로 병합하므로 느려지지 않는다.\n",
    ),
    "week1/rag.md": (
        "RAG",
        "# RAG\n\n## Retrieval\n\nBM25는 단어가 얼마나 겹치는지를 보고, dense retrieval은 의미를 본다. "
        "둘을 함께 쓰면 서로의 빈틈을 메운다.\n\n<script>alert('note')</script> <img src=x onerror=alert(1)>\n",
    ),
}


class FakeEngine:
    """Counts like the real queue and refuses beyond its size."""

    def __init__(self, queue_size: int) -> None:
        self.queue_size = queue_size
        self.waiting = 0
        self.running = 0
        self.closed_with: float | None = None
        self._changed = threading.Condition()

    @property
    def idle(self) -> int:
        return int(not self.running)

    def enter(self, cancel: threading.Event) -> None:
        with self._changed:
            if self.closed_with is not None:
                raise errors.ShuttingDown("The generator is being shut down.", 5.0)
            if self.running and self.waiting >= self.queue_size:
                raise errors.QueueFull(f"{self.queue_size} questions already wait.", 3.0)
            self.waiting += 1
            try:
                while self.running:
                    self._changed.wait(0.005)
                    if cancel.is_set():
                        raise errors.Cancelled("left while waiting")
                    if self.closed_with is not None:
                        raise errors.ShuttingDown("The generator is being shut down.", 5.0)
                self.running += 1
            finally:
                self.waiting -= 1

    def leave(self) -> None:
        with self._changed:
            self.running -= 1
            self._changed.notify_all()

    def close(self, timeout_s: float = 0.0) -> None:
        self.closed_with = timeout_s


class FakePipeline:
    def __init__(self, queue_size: int = 2, token_delay_s: float = 0.0, fallbacks: tuple[str, ...] = ()) -> None:
        self.engine = FakeEngine(queue_size)
        self.hold = threading.Event()
        self.search_hold: threading.Event | None = None
        self.searching = threading.Semaphore(0)
        self.generating = threading.Semaphore(0)
        self.cancelled = threading.Event()
        self.closed = False
        self.ready = True
        self.fallbacks = fallbacks
        self.questions: list[Question] = []
        self._delay = threading.Event()
        self._token_delay_s = token_delay_s
        self._documents = {f"d{i}": Document(f"d{i}", s, t, x, {}) for i, (s, (t, x)) in enumerate(NOTES.items())}

    def search(
        self, query: str, k: int | None = None, scope: Scope | None = None, *, explain: bool = False
    ) -> SearchResult:
        if not re.search(r"\w", query):
            raise errors.EmptyQuestion("The question holds no letter or digit. Write what you want to know.")
        if len(query) > 2000:
            raise errors.QuestionTooLong(f"The question has {len(query)} characters; at most 2000 are taken.")
        self.searching.release()
        if self.search_hold is not None:
            self.search_hold.wait(10)
        if "터짐" in query:
            raise RuntimeError("secret inside /home/somebody")
        words = {word for word in re.findall(r"[\w가-힣]{2,}", query.lower())}
        scored = []
        for document in self._documents.values():
            if scope and scope.sources and not any(document.source.startswith(source) for source in scope.sources):
                continue
            for heading, start, end in _sections(document.text):
                text = document.text[start:end]
                score = sum(word[:2] in text.lower() for word in words) / (1 + len(words))
                scored.append((score, document, heading, start, end))
        scored.sort(key=lambda found: -found[0])
        passages = tuple(
            Passage(
                Chunk(
                    f"c{document.doc_id}-{start}", document.doc_id, start, end, document.text[start:end], heading, 50
                ),
                rank,
                round(score, 4),
                start,
                end,
                document.text[start:end],
                document.source,
                document.title,
            )
            for rank, (score, document, heading, start, end) in enumerate(scored[: k or 5], 1)
        )
        return SearchResult(query, passages, "gen-000007", "intfloat/e5-small-v2")

    def stream(self, question: Question, cancel: threading.Event | None = None) -> Iterator[Event]:
        cancel = cancel or threading.Event()
        self.questions.append(question)
        passages = self.search(question.text, question.k, question.scope).passages
        yield PassagesFound(passages)
        try:
            self.engine.enter(cancel)
        except errors.Cancelled:
            self.cancelled.set()
            raise
        try:
            yield from self._generate(question, passages, cancel)
        finally:
            self.engine.leave()

    def _generate(self, question: Question, passages: tuple[Passage, ...], cancel: threading.Event) -> Iterator[Event]:
        abstained = "날씨" in question.text or "weather" in question.text
        text, sentences, citations = _answer(question.text, passages, self._documents, abstained)
        pieces = re.findall(r"\S+\s*", text)
        said = 0
        self.generating.release()
        for i, piece in enumerate(pieces):
            while "막아" in question.text and not self.hold.is_set():
                if cancel.wait(0.005):
                    self.cancelled.set()
                    raise errors.Cancelled("Nobody waits for this answer any more.")
            if self._token_delay_s:
                self._delay.wait(self._token_delay_s)
            if cancel.is_set():
                self.cancelled.set()
                raise errors.Cancelled("Nobody waits for this answer any more.")
            if "고장" in question.text and i == 2:
                raise errors.GenerationFailed("The generator gave up: out of memory. Ask again.")
            yield TokenWritten(piece)
            while said < len(citations) and f"[{citations[said].marker}]" in "".join(pieces[: i + 1]):
                yield CitationFound(citations[said])
                said += 1
        yield AnswerDone(
            Answer(
                text,
                sentences,
                citations,
                passages,
                abstained,
                "extractive",
                Usage(321, len(pieces)),
                Timings(12.5, None if abstained else 30.0, 99.0),
                question.text,
                "intfloat/e5-small-v2",
                "gen-000007",
            )
        )

    def ask(self, question: Question, cancel: threading.Event | None = None) -> Answer:
        for event in self.stream(question, cancel):
            if isinstance(event, AnswerDone):
                return event.answer
        raise AssertionError

    def document(self, doc_id: str) -> Document:
        if doc_id not in self._documents:
            raise errors.UnknownDocument(f"No document {doc_id!r} is in the index.")
        return self._documents[doc_id]

    def documents(self) -> list[DocumentSummary]:
        return [DocumentSummary(d.doc_id, d.source, d.title, len(d.text), 3) for d in self._documents.values()]

    def readiness(self) -> Readiness:
        return Readiness(self.ready, "gen-000007", "intfloat/e5-small-v2", "extractive", self.fallbacks, "extractive")

    def close(self, timeout_s: float = 0.0) -> None:
        self.closed = True


def _sections(text: str) -> list[tuple[str, int, int]]:
    starts = [match.start() for match in re.finditer(r"(?m)^#+ ", text)]
    title = text.split("\n", 1)[0].lstrip("# ")
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[start:end].rstrip()
        if "\n" in piece:
            found.append((f"{title} > {piece.splitlines()[0].lstrip('# ')}", start, start + len(piece)))
    return found


def _answer(
    question: str, passages: tuple[Passage, ...], documents: dict[str, Document], abstained: bool
) -> tuple[str, tuple[Sentence, ...], tuple[Citation, ...]]:
    if abstained or not passages:
        return "노트에는 이 질문의 답이 나오지 않아요.", (), ()
    said, sentences, citations = "", [], []
    for marker, passage in enumerate(passages[:2], 1):
        body = passage.text.split("\n\n", 1)[1]
        quote = re.split(r"(?<=[다요]\.)\s", body)[0].split("\n")[0]
        start = passage.start + passage.text.index(quote)
        document = documents[passage.chunk.doc_id]
        assert document.text[start : start + len(quote)] == quote
        support = "partly" if "의심" in question and marker == 2 else "supported"
        sentence = f"{quote} [{marker}]"
        sentences.append(Sentence(len(said), len(said) + len(sentence), support, (marker,)))
        said += sentence + " "
        citations.append(
            Citation(
                marker,
                passage.chunk.chunk_id,
                document.doc_id,
                document.source,
                start,
                start + len(quote),
                quote,
                support,
            )
        )
    if "의심" in question:
        extra = "따라서 항상 성능이 두 배가 됩니다."
        sentences.append(Sentence(len(said), len(said) + len(extra), "unsupported", ()))
        said += extra
    return said.rstrip(), tuple(sentences), tuple(citations)
